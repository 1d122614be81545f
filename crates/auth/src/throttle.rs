//! Slows down guessing, for all replicas together. A stranger's attempts count against the stranger: keys contain the network.

use std::{net::IpAddr, time::Duration};

use chrono::{DateTime, Utc};
use platform::{Clock, problem::Problem};
use sqlx::PgPool;

use crate::error;

/// So many at once, and one more after each `refill`.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    name: &'static str,
    burst: u32,
    refill: Duration,
}

/// Failed sign-ins of one account from one network.
pub const ACCOUNT: Policy = Policy { name: "account", burst: 10, refill: Duration::from_mins(1) };
/// Failed sign-ins from one network, whatever the account.
pub const NETWORK: Policy = Policy { name: "network", burst: 200, refill: Duration::from_secs(2) };
/// Mails to one address that a stranger can cause.
pub const MAIL: Policy = Policy { name: "mail", burst: 4, refill: Duration::from_mins(15) };

/// Counts in the database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Throttle {
    pool: PgPool,
    clock: Clock,
}

impl Throttle {
    pub fn new(pool: PgPool, clock: Clock) -> Self {
        Self { pool, clock }
    }

    /// Takes one; `false` if none is left.
    pub async fn take(&self, policy: Policy, key: &str) -> Result<bool, sqlx::Error> {
        let taken: Option<DateTime<Utc>> = sqlx::query_scalar(
            "INSERT INTO throttle AS t (key, tat) VALUES ($1, $2 + make_interval(secs => $3))
             ON CONFLICT (key) DO UPDATE SET tat = greatest(t.tat, $2) + make_interval(secs => $3)
                WHERE greatest(t.tat, $2) + make_interval(secs => $3) <= $2 + make_interval(secs => $3 * $4)
             RETURNING tat",
        )
        .bind(policy.key(key))
        .bind(self.clock.now())
        .bind(policy.refill.as_secs_f64())
        .bind(f64::from(policy.burst))
        .fetch_optional(&self.pool)
        .await?;
        Ok(taken.is_some())
    }

    /// The same as a refusal.
    pub async fn charge(&self, policy: Policy, key: &str) -> Result<(), Problem> {
        if self.take(policy, key).await? {
            return Ok(());
        }
        let seconds = u32::try_from(policy.refill.as_secs()).unwrap_or(u32::MAX).max(1);
        Err(Problem::new(error::TOO_MANY_ATTEMPTS).retry_after(seconds))
    }

    /// Gives one back: it was no failure.
    pub async fn refund(&self, policy: Policy, key: &str) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE throttle SET tat = tat - make_interval(secs => $2) WHERE key = $1")
            .bind(policy.key(key))
            .bind(policy.refill.as_secs_f64())
            .execute(&self.pool)
            .await
            .map(drop)
    }

    /// Forgets what was counted.
    pub async fn reset(&self, policy: Policy, key: &str) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM throttle WHERE key = $1").bind(policy.key(key)).execute(&self.pool).await.map(drop)
    }
}

impl Policy {
    fn key(self, key: &str) -> String {
        format!("{}/{key}", self.name)
    }
}

/// What one household or office has: an IPv4 address, or 64 bits of IPv6.
pub fn network(addr: IpAddr) -> String {
    match addr.to_canonical() {
        IpAddr::V4(addr) => addr.to_string(),
        IpAddr::V6(addr) => {
            let [a, b, c, d, ..] = addr.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}
