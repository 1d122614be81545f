use std::fmt;

use email_address::EmailAddress;
use serde::{Deserialize, Deserializer, de};
use unicode_normalization::UnicodeNormalization as _;

/// Octets of an address that SMTP can carry (RFC 5321, section 4.5.3.1.3).
const MAX_OCTETS: usize = 254;

/// An e-mail address: well-formed, and comparable. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Email {
    address: String,
    key: String,
}

impl Email {
    /// Trims and checks the syntax (RFC 5321, with internationalised addresses of RFC 6531; no display name, no address literal).
    ///
    /// # Errors
    /// A sentence.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.len() > MAX_OCTETS {
            return Err("is too long for an e-mail address");
        }
        let options =
            email_address::Options::default().without_display_text().without_domain_literal().with_required_tld();
        if text.chars().any(char::is_control) || EmailAddress::parse_with_options(text, options).is_err() {
            return Err("is not an e-mail address");
        }
        // Local parts are case-sensitive on paper and nowhere else; two accounts that differ in case would be one person's mistake.
        let key = text.nfkc().flat_map(char::to_lowercase).collect();
        Ok(Self { address: text.to_owned(), key })
    }

    /// Where mail goes.
    pub fn as_str(&self) -> &str {
        &self.address
    }

    /// The same for all spellings of one address.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_recognised() {
        for good in [
            "ada@example.org",
            " ada@example.org ",
            "a.b+c@sub.example.co.uk",
            "jörg@müller.example",
            "o'neil@example.org",
        ] {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
        let long = format!("{}@example.org", "a".repeat(250));
        for bad in [
            "",
            "ada",
            "ada@",
            "@example.org",
            "ada@example",
            "a b@example.org",
            "Ada <ada@example.org>",
            "ada@[127.0.0.1]",
            "ada@example.org\r\nBcc: eve@example.org",
            "a\0@example.org",
            "a\u{202e}b@example.org",
            "a\u{feff}@example.org",
            "ada@example..org",
            "ada@-example.org",
            ".ada@example.org",
            "ada@example.org,eve@example.org",
            "ada\u{ff20}example.org",
            "ada@@example.org",
            &long,
        ] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn spellings_of_one_address_have_one_key() {
        let key = |text: &str| Email::parse(text).unwrap().key;
        assert_eq!(key("Ada@Example.ORG"), key("ada@example.org"));
        assert_eq!(key("ａda@example.org"), key("ada@example.org"));
        assert_ne!(key("ada@example.org"), key("ada+x@example.org"));
    }

    #[test]
    fn debug_hides_it() {
        assert!(!format!("{:?}", Email::parse("ada@example.org").unwrap()).contains("ada"));
    }
}
