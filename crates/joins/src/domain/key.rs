use std::fmt;

use serde::{Deserialize, Serialize};

/// A person and their guests: 1 to 10 people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64")]
pub struct PartySize(i32);

impl PartySize {
    /// The largest party.
    pub const MAX: i32 = 10;

    /// People.
    pub fn get(self) -> i32 {
        self.0
    }
}

impl Default for PartySize {
    fn default() -> Self {
        Self(1)
    }
}

/// The number is not a party's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number from 1 to {max}", max = PartySize::MAX)]
pub struct NoPartySize;

impl TryFrom<i64> for PartySize {
    type Error = NoPartySize;

    fn try_from(people: i64) -> Result<Self, NoPartySize> {
        match i32::try_from(people) {
            Ok(people @ 1..=Self::MAX) => Ok(Self(people)),
            _ => Err(NoPartySize),
        }
    }
}

/// What the invited know and others do not. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct InvitationCode(pub String);

impl fmt::Debug for InvitationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationCode(…)")
    }
}

/// What the caller calls its request by, to be able to repeat it: 1 to 200 visible ASCII characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// `None` if the text is no key.
    pub fn parse(text: &str) -> Option<Self> {
        let whole = (1..=200).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        whole.then(|| Self(text.to_owned()))
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Keys are chosen by clients, who may put anything into them: logs do not show them.
impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_visible_ascii() {
        for good in ["k", "8e03978e-40d5-43dd-bc93-6894a57f9324", &"x".repeat(200)] {
            assert!(IdempotencyKey::parse(good).is_some(), "{good}");
        }
        for bad in ["", " ", "a b", "ä", "a\n", &"x".repeat(201)] {
            assert!(IdempotencyKey::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_party_has_one_to_ten_people() {
        for bad in [i64::MIN, -1, 0, 11, i64::MAX] {
            assert_eq!(PartySize::try_from(bad), Err(NoPartySize), "{bad}");
        }
    }
}
