//! The readable part of an event's address.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Longest slug, in characters.
const MAX: usize = 60;

/// The title in lower-case ASCII letters, digits and single hyphens; `event` where nothing of it is left.
pub fn slug(title: &str) -> String {
    let mut slug = String::new();
    for word in fold(title).split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let separator = usize::from(!slug.is_empty());
        if slug.len() + separator + word.len() > MAX {
            if slug.is_empty() {
                slug.extend(word.chars().take(MAX));
            }
            break;
        }
        if separator == 1 {
            slug.push('-');
        }
        slug.push_str(word);
    }
    if slug.is_empty() { "event".to_owned() } else { slug }
}

/// Lower case without accents, letters of Latin scripts that do not decompose spelt out, and apostrophes gone.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match c {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' | 'ð' => folded.push('d'),
            'ı' => folded.push('i'),
            'ħ' => folded.push('h'),
            '\'' | '’' => {}
            c => folded.push(c),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slugs_are_readable_ascii() {
        for (title, expected) in [
            ("Open-Air-Kino: »Der Himmel über Berlin«", "open-air-kino-der-himmel-uber-berlin"),
            ("Straßenfest", "strassenfest"),
            ("Smørrebrød & Łódź", "smorrebrod-lodz"),
            ("L’été à Paris – c'est ici", "lete-a-paris-cest-ici"),
            ("ＦＵＬＬ　ＷＩＤＴＨ ½", "full-width-1-2"),
            ("東京", "event"),
            ("— ! —", "event"),
        ] {
            assert_eq!(slug(title), expected);
        }
    }

    #[test]
    fn a_long_slug_ends_with_a_word() {
        assert_eq!(slug(&"wordy ".repeat(30)), ["wordy"; 10].join("-"));
        assert_eq!(slug(&"a".repeat(200)), "a".repeat(60));
    }

    proptest! {
        #[test]
        fn any_title_has_a_slug(title in "\\PC{0,200}") {
            let slug = slug(&title);
            prop_assert!((1..=60).contains(&slug.len()));
            let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9'));
            prop_assert!(slug.split('-').all(is_word));
        }
    }
}
