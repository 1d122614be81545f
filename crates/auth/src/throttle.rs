//! Slows down guessing, for all replicas together.
//!
//! Failed sign-ins count three times: against the network, against the account from this network, and, unless the account's owner is
//! known to sign in from this network, against the account from all other networks together. So a stranger's guesses never lock the
//! owner out of where they usually are, nor does one network alone use up the common allowance (both refill at the same pace); and a
//! crowd of networks gets some 1,500 guesses a day at one account, where the weakest password allowed takes a million. An owner who is
//! somewhere new while a crowd is guessing gets in by a mailed link, which makes the new network a known one.

use std::{net::IpAddr, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use platform::{Clock, problem::Problem, random};
use sqlx::{PgConnection, PgExecutor, PgPool};

use crate::{domain::Email, error, metrics};

/// So many at once, and one more after each `refill`.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    name: &'static str,
    burst: u32,
    refill: Duration,
}

/// Failed sign-ins of one account from one network.
pub const ACCOUNT: Policy = Policy { name: "account", burst: 10, refill: Duration::from_mins(1) };
/// Failed sign-ins of one account from all networks that its owner is not known to use.
pub const ELSEWHERE: Policy = Policy { name: "elsewhere", burst: 60, refill: Duration::from_mins(1) };
/// Failed sign-ins from one network, whatever the account.
pub const NETWORK: Policy = Policy { name: "network", burst: 200, refill: Duration::from_secs(2) };

/// Mails to one address that a stranger can cause. Each kind has its own allowance: notices of attempted registrations must not use up
/// what lets the owner back in.
const fn mail(name: &'static str) -> Policy {
    Policy { name, burst: 4, refill: Duration::from_mins(15) }
}
/// Links of registrations.
pub const REGISTRATION_MAIL: Policy = mail("mail-registration");
/// Links that were asked for again.
pub const RESEND_MAIL: Policy = mail("mail-resend");
/// Links to a place.
pub const QUICK_JOIN_MAIL: Policy = mail("mail-quick-join");
/// Links to choose a new password.
pub const RESET_MAIL: Policy = mail("mail-reset");
/// Notices to the owner of a taken address.
pub const NOTICE_MAIL: Policy = mail("mail-notice");

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

    /// Takes one within a transaction; `false` if none is left.
    pub async fn take(&self, tx: &mut PgConnection, policy: Policy, key: &str) -> Result<bool, sqlx::Error> {
        self.take_by(tx, policy, key).await
    }

    async fn take_by(&self, db: impl PgExecutor<'_>, policy: Policy, key: &str) -> Result<bool, sqlx::Error> {
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
        .fetch_optional(db)
        .await?;
        Ok(taken.is_some())
    }

    /// Takes one at once, or refuses.
    pub async fn charge(&self, policy: Policy, key: &str) -> Result<(), Problem> {
        if self.take_by(&self.pool, policy, key).await? {
            return Ok(());
        }
        metrics::locked_out(policy.name);
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
    /// Addresses of people, also of such as have no account, are nothing to keep: a fingerprint does.
    fn key(self, key: &str) -> String {
        format!("{}/{}", self.name, URL_SAFE_NO_PAD.encode(random::fingerprint(key)))
    }
}

/// The key of [`ACCOUNT`]; the same whether or not the address has an account.
pub fn account_here(email: &Email, network: &str) -> String {
    format!("{}/{network}", email.key())
}

/// What one household, office or rented server has: an IPv4 address, or 48 bits of IPv6, the most that is given to one of them
/// (RFC 6177).
pub fn network(addr: IpAddr) -> String {
    match addr.to_canonical() {
        IpAddr::V4(addr) => addr.to_string(),
        IpAddr::V6(addr) => {
            let [a, b, c, ..] = addr.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}
