use std::{fmt, ops::Deref};

use serde::{Deserialize, Deserializer, Serialize, de};

/// Why a text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space and characters that cannot be seen.
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

/// What leaves no mark of its own: white space, `Default_Ignorable_Code_Point` of the Unicode character database (joiners, variation
/// selectors, fillers of Hangul, tags), and the blank Braille pattern. Fine within a text (a family of emoji is joined by them), not as
/// all there is of it.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
                | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Whether there is nothing to be seen of it.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_invisible)
}

impl<const MAX: usize> Line<MAX> {
    /// Trims and checks.
    ///
    /// # Errors
    /// If it is empty, too long, or has control characters.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        if text.chars().nth(MAX).is_some() {
            return Err(TextError::TooLong(MAX));
        }
        if text.chars().any(is_control) {
            return Err(TextError::Control);
        }
        if is_blank(text) {
            return Err(TextError::Empty);
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
    fn what_cannot_be_seen_is_empty() {
        for blank in [
            "\u{200b}",
            "\u{ad}",
            "\u{2800}",
            "\u{3164} \u{3164}",
            "\u{ffa0}",
            "\u{e0041}",
            "\u{200d}\u{fe0f}",
            "\u{2060}",
        ] {
            assert_eq!(Line::<10>::parse(blank), Err(TextError::Empty), "{blank:?}");
        }
        for seen in ["a\u{ad}b", "\u{1f468}\u{200d}\u{1f469}", "\u{2764}\u{fe0f}"] {
            assert!(Line::<10>::parse(seen).is_ok(), "{seen:?}");
        }
    }

    #[test]
    fn a_text_keeps_its_lines() {
        assert_eq!(&*Text::<20>::parse("a\r\n\tb\n").unwrap(), "a\n\tb");
        assert_eq!(Text::<20>::parse("a\0b"), Err(TextError::Control));
    }
}
