use platform::problem::{self, Problem};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};
use unicode_normalization::UnicodeNormalization as _;
use zxcvbn::{Score, matching::patterns::MatchPattern};

/// Fewest characters (NIST SP 800-63B, section 3.1.1.2).
const MIN: usize = 8;
/// Most characters; more helps nobody and costs hashing time.
const MAX: usize = 128;
/// What a guess may cost at least: "safely unguessable: moderate protection from offline slow-hash scenario" begins at 3, and our hash
/// is slow; 2 refuses what falls within 10^6 guesses.
const WEAKEST: Score = Score::Two;

/// A password as somebody typed it, normalised (NFKC, as SP 800-63B asks) so that it is the same from every keyboard.
#[derive(Clone, Debug)]
pub struct Password(SecretString);

/// Why a password cannot be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// Fewer than 8 characters.
    Short,
    /// More than 128 characters.
    Long,
    /// On the lists of passwords, names and words that are tried first, or what is known of the person.
    Common,
    /// Guessed within a million tries.
    Guessable,
}

impl Password {
    /// Takes any text; whether it may be chosen is another question, and one that is not asked of an existing password.
    pub fn new(text: &str) -> Self {
        // What is beyond every bound is cut, so that normalising ten megabytes costs nothing; it is refused as too long.
        Self(SecretString::from(text.nfkc().take(MAX * 4).collect::<String>()))
    }

    /// The normalised text.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether it has the right length; tells at once what need not be estimated.
    pub fn misfit(&self) -> Option<Weakness> {
        match self.expose().chars().count() {
            ..MIN => Some(Weakness::Short),
            MIN..=MAX => None,
            _ => Some(Weakness::Long),
        }
    }

    /// Whether it may be chosen by somebody of whom `known` is known (address, name). Takes milliseconds: not for async threads.
    ///
    /// The list of common passwords and the estimator are zxcvbn's (some 30,000 entries).
    pub fn weakness(&self, known: &[&str]) -> Option<Weakness> {
        if let Some(misfit) = self.misfit() {
            return Some(misfit);
        }
        let text = self.expose();
        let parts: Vec<&str> =
            known.iter().flat_map(|it| it.split(['@', '.', ' ', '-', '_', '+'])).chain(known.iter().copied()).collect();
        let estimate = zxcvbn::zxcvbn(text, &parts);
        let whole_is_common =
            matches!(estimate.sequence(), [only] if matches!(only.pattern, MatchPattern::Dictionary(_)));
        if whole_is_common && estimate.score() < Score::Three {
            return Some(Weakness::Common);
        }
        (estimate.score() < WEAKEST).then_some(Weakness::Guessable)
    }
}

impl Weakness {
    /// As a refusal that names `field`.
    pub fn problem(self, field: &str) -> Problem {
        let (code, detail) = match self {
            Self::Short => ("too_short", "must have at least 8 characters"),
            Self::Long => ("too_long", "must have at most 128 characters"),
            Self::Common => ("too_common", "is one of the passwords that everybody tries first"),
            Self::Guessable => ("too_weak", "is easily guessed: a few unrelated words are better"),
        };
        Problem::new(problem::VALIDATION_FAILED).field(field, code, detail)
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::new(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_are_refused_with_the_reason() {
        let weakness = |text: &str| Password::new(text).weakness(&["ada.lovelace@example.org", "Ada Lovelace"]);
        assert_eq!(weakness("short"), Some(Weakness::Short));
        assert_eq!(weakness(&"long enough, but far too much of it ".repeat(8)), Some(Weakness::Long));
        assert_eq!(weakness("password1"), Some(Weakness::Common));
        assert_eq!(weakness("iloveyou"), Some(Weakness::Common));
        assert_eq!(weakness("aaaaaaaaaaaa"), Some(Weakness::Guessable));
        assert_eq!(weakness("lovelace"), Some(Weakness::Common));
    }

    #[test]
    fn good_passwords_of_any_script_are_taken() {
        for good in ["quiet harbour lantern 42", "Приливный маяк шепчет", "静かな港の灯台が光る夜", "🦔🛶🪁🧭🥖🪗🎐🧩"]
        {
            assert_eq!(Password::new(good).weakness(&[]), None, "{good}");
        }
    }

    #[test]
    fn keyboards_that_compose_differently_mean_the_same() {
        assert_eq!(Password::new("caf\u{e9} am hafen").expose(), Password::new("cafe\u{301} am hafen").expose());
    }

    #[test]
    fn debug_hides_it() {
        assert!(!format!("{:?}", Password::new("hunter22")).contains("hunter"));
    }
}
