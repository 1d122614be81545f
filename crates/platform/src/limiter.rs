//! Rate limits: GCRA by key. In this process only; a limiter that all replicas share takes its place when more than one is declared.

use std::{
    num::NonZeroU32,
    sync::{Arc, LazyLock},
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
};

use crate::{
    metrics,
    problem::{self, Problem},
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Decision {
    policy: &'static str,
    decision: &'static str,
}

static DECISIONS: LazyLock<Family<Decision, Counter>> =
    LazyLock::new(|| metrics::counter("cityevents_rate_limit_decisions", "Requests that were counted against a limit"));

type Inner = RateLimiter<String, DashMapStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// So many requests a minute and key, which may also come all at once.
#[derive(Clone)]
pub struct Limiter {
    policy: &'static str,
    per_minute: NonZeroU32,
    inner: Option<Arc<Inner>>,
}

/// What to tell the caller in the `RateLimit` fields (draft-ietf-httpapi-ratelimit-headers).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    policy: &'static str,
    quota: u32,
    remaining: u32,
}

impl Limiter {
    /// A limiter named `policy`; `enabled = false` lets everything through.
    pub fn new(policy: &'static str, per_minute: u32, enabled: bool) -> Self {
        LazyLock::force(&DECISIONS);
        let per_minute = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
        let inner = enabled.then(|| {
            Arc::new(
                RateLimiter::dashmap(Quota::per_minute(per_minute)).with_middleware::<StateInformationMiddleware>(),
            )
        });
        Self { policy, per_minute, inner }
    }

    /// Counts one request.
    ///
    /// # Errors
    /// [`problem::RATE_LIMITED`] with the seconds to wait.
    pub fn check(&self, key: &str) -> Result<Option<Allowance>, Problem> {
        let Some(inner) = &self.inner else { return Ok(None) };
        let decided = |decision| {
            DECISIONS.get_or_create(&Decision { policy: self.policy, decision }).inc();
        };
        match inner.check_key(&key.to_owned()) {
            Ok(state) => {
                decided("allowed");
                Ok(Some(Allowance {
                    policy: self.policy,
                    quota: self.per_minute.get(),
                    remaining: state.remaining_burst_capacity(),
                }))
            }
            Err(not_until) => {
                decided("refused");
                let wait = not_until.wait_time_from(DefaultClock::default().now());
                Err(Problem::new(problem::RATE_LIMITED).retry_after(whole_seconds(wait)))
            }
        }
    }

    /// Forgets keys that are back at their full allowance; call it now and then.
    pub fn forget_idle(&self) {
        if let Some(inner) = &self.inner {
            inner.retain_recent();
            inner.shrink_to_fit();
        }
    }
}

impl std::fmt::Debug for Limiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Limiter({}: {}/min)", self.policy, self.per_minute)
    }
}

impl Allowance {
    /// Writes the `RateLimit` and `RateLimit-Policy` fields.
    pub fn write(self, headers: &mut HeaderMap) {
        let Self { policy, quota, remaining } = self;
        let fields = [
            ("ratelimit-policy", format!("\"{policy}\";q={quota};w=60")),
            ("ratelimit", format!("\"{policy}\";r={remaining}")),
        ];
        for (name, value) in fields {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

fn whole_seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_allowance_is_per_key_and_ends() {
        let limiter = Limiter::new("test", 3, true);
        for _ in 0..3 {
            limiter.check("a").unwrap();
        }
        assert_eq!(limiter.check("a").unwrap_err().code().name, "rate_limited");
        limiter.check("b").unwrap();
    }

    #[test]
    fn a_disabled_limiter_lets_everything_through() {
        let limiter = Limiter::new("test", 1, false);
        for _ in 0..100 {
            assert_eq!(limiter.check("a").unwrap(), None);
        }
    }
}
