//! Sign-ins in numbers.

use std::sync::LazyLock;

use platform::{
    metrics::{self, Counter, Family, LabelSet},
    problem::Problem,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
struct SignIn {
    /// `password` or `refresh`.
    method: &'static str,
    /// `ok`, or the code of the refusal.
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
struct Policy {
    policy: &'static str,
}

static SIGN_INS: LazyLock<Family<SignIn, Counter>> =
    LazyLock::new(|| metrics::counter("cityevents_auth_sign_ins", "Attempts to sign in, by what came of them"));
static LOCKOUTS: LazyLock<Family<Policy, Counter>> = LazyLock::new(|| {
    metrics::counter("cityevents_auth_lockouts", "Attempts that were not looked at because too many had failed")
});

/// Shows everything from the beginning on.
pub fn start() {
    for method in ["password", "refresh"] {
        drop(SIGN_INS.get_or_create_owned(&SignIn { method, outcome: "ok" }));
    }
    LazyLock::force(&LOCKOUTS);
}

/// Counts an attempt, and passes its outcome on.
pub fn signed_in<T>(method: &'static str, outcome: Result<T, Problem>) -> Result<T, Problem> {
    let word = outcome.as_ref().map_or_else(|problem| problem.code().name, |_| "ok");
    SIGN_INS.get_or_create(&SignIn { method, outcome: word }).inc();
    outcome
}

pub fn locked_out(policy: &'static str) {
    LOCKOUTS.get_or_create(&Policy { policy }).inc();
}
