//! Whether it is an account's owner who asks for what cannot be undone, or somebody at their unlocked screen.
//!
//! Who has a password shows it. Who has none — a quick join made the account — has nothing to show but the mailbox: then the sign-in has
//! to be one by a mailed link, and young.

use chrono::{DateTime, TimeDelta, Utc};
use platform::{
    identity::Identity,
    problem::{self, Problem},
};
use sqlx::PgConnection;

use crate::{
    State,
    domain::Password,
    error,
    hashing::Verdict,
    sessions::gone,
    store::{
        sessions,
        users::{self, User},
    },
    throttle,
};

/// How long a sign-in by a mailed link is as good as a password.
const LINK_COUNTS: TimeDelta = TimeDelta::minutes(15);

/// What somebody has shown, at leisure.
#[derive(Clone, Copy, Debug)]
pub enum Shown {
    /// The password that was chosen then.
    Password(DateTime<Utc>),
    /// That they read the account's mail; it has no password.
    Link,
}

fn wrong(field: &str) -> Problem {
    Problem::new(problem::VALIDATION_FAILED).field(field, "wrong", "is not your password")
}

fn missing(field: &str) -> Problem {
    Problem::new(problem::VALIDATION_FAILED).field(field, "missing", "is required: the account has a password")
}

impl State {
    /// Makes sure of the owner; a refusal about the password names `field`. Guesses are counted: a stolen sign-in must not find it out.
    pub async fn prove_owner(
        &self,
        identity: &Identity,
        password: Option<&Password>,
        field: &str,
    ) -> Result<(User, Shown), Problem> {
        let pool = &self.context.pool;
        let user = users::by_id(pool, identity.user_id).await?.ok_or_else(gone)?;
        let stored = users::password(pool, user.id).await?;
        let Some(password) = password else {
            if stored.is_some() {
                return Err(missing(field));
            }
            let since = self.context.clock.now() - LINK_COUNTS;
            let is_young = sessions::began_by_link(pool, identity.session_id, since).await?;
            return if is_young { Ok((user, Shown::Link)) } else { Err(Problem::new(error::SIGN_IN_TOO_OLD)) };
        };
        let account = user.id.to_string();
        self.throttle.charge(throttle::ACCOUNT, &account).await?;
        let (hash, chosen_at) = stored.unzip();
        if self.hasher.verify(password, hash).await? == Verdict::Wrong {
            return Err(wrong(field));
        }
        self.throttle.reset(throttle::ACCOUNT, &account).await?;
        let chosen_at = chosen_at.ok_or_else(|| wrong(field))?; // nobody's password is never right
        Ok((user, Shown::Password(chosen_at)))
    }

    /// The account, locked, if what was shown still counts. Somebody who is being thrown out at this moment must not have the last word.
    pub async fn lock_proven(
        &self,
        tx: &mut PgConnection,
        identity: &Identity,
        shown: Shown,
        field: &str,
    ) -> Result<User, Problem> {
        let user = users::lock_by_id(tx, identity.user_id).await?.ok_or_else(gone)?;
        if !sessions::is_live(&mut *tx, identity.session_id, self.context.clock.now()).await? {
            return Err(Problem::new(problem::UNAUTHENTICATED));
        }
        match (users::password(&mut *tx, user.id).await?, shown) {
            (None, Shown::Link) => Ok(user),
            (Some((_, now)), Shown::Password(then)) if now == then => Ok(user),
            (_, Shown::Password(_)) => Err(wrong(field)),
            (_, Shown::Link) => Err(missing(field)),
        }
    }
}
