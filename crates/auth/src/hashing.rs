//! Password hashing: Argon2id, off the async threads, and only so many at a time.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use platform::problem::{self, Problem};
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::{domain::Password, error};

/// OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes that may wait for a slot. Beyond it the answer is an honest 503: a login flood must not pile up.
const MAX_WAITING: usize = 64;

/// Hashes and verifies. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Hasher {
    slots: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

/// Whether a password was the right one, and whether its hash is of today's strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not this password.
    Wrong,
    /// This password.
    Right,
    /// This password, hashed with older parameters: hash it again.
    RightButOutdated,
}

impl Hasher {
    /// `slots` hashes at a time, each of which takes 19 MiB.
    pub fn new(slots: usize) -> Self {
        Self { slots: Arc::new(Semaphore::new(slots.max(1))), waiting: Arc::default() }
    }

    /// Hashes a password.
    pub async fn hash(&self, password: &Password) -> Result<String, Problem> {
        let password = password.clone();
        self.work(move || hash_now(password.expose())).await?.map_err(|()| Problem::new(problem::INTERNAL))
    }

    /// Hashes a new password, if it may be chosen by somebody of whom `known` is known; else the refusal names `field`. The estimator
    /// works in the same slot: it, too, has the time of others to waste.
    pub async fn choose(&self, password: &Password, field: &str, known: &[&str]) -> Result<String, Problem> {
        if let Some(misfit) = password.misfit() {
            return Err(misfit.problem(field));
        }
        let (password, known) = (password.clone(), known.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        let outcome = self
            .work(move || {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                password.weakness(&known).map_or_else(|| Ok(hash_now(password.expose())), Err)
            })
            .await?;
        outcome.map_err(|weakness| weakness.problem(field))?.map_err(|()| Problem::new(problem::INTERNAL))
    }

    /// Compares with a stored hash; with `None` it takes as long and is wrong.
    pub async fn verify(&self, password: &Password, hash: Option<String>) -> Result<Verdict, Problem> {
        let password = password.clone();
        self.work(move || {
            let Some(hash) = hash else {
                // The same work for nothing.
                let _ = hash_now(password.expose());
                return Verdict::Wrong;
            };
            let Ok(parsed) = PasswordHash::new(&hash) else { return Verdict::Wrong };
            let right = argon2().verify_password(password.expose().as_bytes(), &parsed).is_ok();
            match (right, is_current(&parsed)) {
                (false, _) => Verdict::Wrong,
                (true, true) => Verdict::Right,
                (true, false) => Verdict::RightButOutdated,
            }
        })
        .await
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let slot = if let Ok(slot) = self.slots.clone().try_acquire_owned() {
            slot
        } else {
            let _place = Place::take(&self.waiting).ok_or_else(|| Problem::new(error::BUSY).retry_after(2))?;
            self.slots.clone().acquire_owned().await.map_err(|_| Problem::unavailable())?
        };
        spawn_blocking(move || {
            let outcome = work();
            drop(slot);
            outcome
        })
        .await
        .map_err(|error| Problem::internal(&error))
    }
}

/// A place in the line for a slot; given back when the caller goes away, too.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(waiting: &Arc<AtomicUsize>) -> Option<Self> {
        if waiting.fetch_add(1, Ordering::SeqCst) >= MAX_WAITING {
            waiting.fetch_sub(1, Ordering::SeqCst);
            return None;
        }
        Some(Self(waiting.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hashes on this thread; also for the command line.
pub fn hash_now(password: &str) -> Result<String, ()> {
    argon2().hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(drop)
}

fn is_current(hash: &PasswordHash) -> bool {
    let params = Params::try_from(hash);
    hash.algorithm.as_str() == "argon2id"
        && params.is_ok_and(|it| it.m_cost() == MEMORY_KIB && it.t_cost() == PASSES && it.p_cost() == LANES)
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use super::*;

    #[tokio::test]
    async fn the_right_password_is_recognised() {
        let hasher = Hasher::new(2);
        let hash = hasher.hash(&Password::new("quiet harbour lantern")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let verdict = async |password: &str, hash| hasher.verify(&Password::new(password), hash).await.unwrap();
        assert_eq!(verdict("quiet harbour lantern", Some(hash.clone())).await, Verdict::Right);
        assert_eq!(verdict("another", Some(hash)).await, Verdict::Wrong);
        assert_eq!(verdict("quiet harbour lantern", None).await, Verdict::Wrong);
    }

    #[tokio::test]
    async fn an_older_hash_is_recognised_and_reported() {
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(1024, 1, 1, None).unwrap());
        let hash = weak.hash_password(b"quiet harbour lantern").unwrap().to_string();
        let verdict = Hasher::new(1).verify(&Password::new("quiet harbour lantern"), Some(hash)).await.unwrap();
        assert_eq!(verdict, Verdict::RightButOutdated);
    }

    #[tokio::test]
    async fn a_flood_is_told_to_come_back() {
        let hasher = Hasher::new(1);
        let password = Password::new("quiet harbour lantern");
        let outcomes = join_all((0..MAX_WAITING + 30).map(|_| hasher.hash(&password))).await;
        let busy = outcomes.iter().filter(|it| it.as_ref().is_err_and(|problem| problem.code().name == "busy")).count();
        assert!(busy >= 20, "{busy} were told to come back");
        assert!(outcomes.iter().any(Result::is_ok));
        assert!(hasher.hash(&password).await.is_ok(), "afterwards there is room again");
    }
}
