use std::{fmt, ops::Deref};

use serde::{Deserialize, Deserializer, Serialize, de};

/// Why a text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// Longer than the field takes.
    #[error("must be at most {0} characters long")]
    TooLong(usize),
    /// A character that cannot be shown, or that changes the direction of the text around it.
    #[error("must not contain control characters")]
    Control,
}

/// One line of 1 to `MAX` characters, trimmed, without control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String)]
pub struct Line<const MAX: usize>(String);

/// Up to `MAX` characters over any number of lines, possibly none; tabs and line breaks are the only control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String)]
pub struct Text<const MAX: usize>(String);

/// Control characters, and the marks that reorder the text around them (Unicode UTS #55: "Trojan Source").
fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
}

impl<const MAX: usize> Line<MAX> {
    /// Trims and checks.
    ///
    /// # Errors
    /// If it is empty, too long, or has control characters.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        if text.chars().nth(MAX).is_some() {
            return Err(TextError::TooLong(MAX));
        }
        if text.chars().any(is_control) {
            return Err(TextError::Control);
        }
        Ok(Self(text.to_owned()))
    }
}

impl<const MAX: usize> Text<MAX> {
    /// Trims, unifies line ends and checks.
    ///
    /// # Errors
    /// If it is too long, or has control characters.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        if text.chars().nth(MAX).is_some() {
            return Err(TextError::TooLong(MAX));
        }
        let text = text.replace("\r\n", "\n");
        if text.chars().any(|c| is_control(c) && c != '\n' && c != '\t') {
            return Err(TextError::Control);
        }
        Ok(Self(text))
    }
}

macro_rules! text {
    ($name:ident) => {
        impl<const MAX: usize> $name<MAX> {
            /// The text itself.
            pub fn into_inner(self) -> String {
                self.0
            }
        }

        impl<const MAX: usize> Deref for $name<MAX> {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl<const MAX: usize> fmt::Display for $name<MAX> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de, const MAX: usize> Deserialize<'de> for $name<MAX> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(de::Error::custom)
            }
        }
    };
}
text!(Line);
text!(Text);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_and_checked() {
        assert_eq!(&*Line::<10>::parse("  Grüße ").unwrap(), "Grüße");
        assert_eq!(Line::<10>::parse(" \t "), Err(TextError::Empty));
        assert_eq!(Line::<3>::parse("abcd"), Err(TextError::TooLong(3)));
        for bad in ["a\nb", "a\0b", "a\u{202e}b", "a\u{85}b"] {
            assert_eq!(Line::<10>::parse(bad), Err(TextError::Control), "{bad:?}");
        }
    }

    #[test]
    fn a_text_keeps_its_lines() {
        assert_eq!(&*Text::<20>::parse("a\r\n\tb\n").unwrap(), "a\n\tb");
        assert_eq!(Text::<20>::parse("a\0b"), Err(TextError::Control));
    }
}
