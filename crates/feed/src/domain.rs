//! Pure rules: words, languages, weights, parameters.

use chrono::{DateTime, Utc};
use contracts::Category;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Start of the scale of trending scores: 2026-01-01.
pub const EPOCH: i64 = 1_767_225_600;
/// Seconds after which a join counts half.
const HALF_LIFE: f64 = 86_400.0;
/// Shorter words say nothing about what was meant.
const SHORTEST_WORD: usize = 3;

/// The logarithm of a join's weight: doubles with each half-life.
pub fn join_weight(at: DateTime<Utc>) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "seconds since 2026 are far below 2^52")]
    let seconds = (at.timestamp() - EPOCH) as f64;
    // At least a little above 0, which means "no join yet".
    (seconds / HALF_LIFE * std::f64::consts::LN_2).max(0.001)
}

/// Which text search configuration fits a language.
pub fn configuration(language: &str) -> &'static str {
    match language {
        "en" => "en",
        "de" => "de",
        "es" => "es",
        "fr" => "fr",
        _ => "other",
    }
}

/// All of them: the language of a query is not known.
pub const CONFIGURATIONS: [&str; 5] = ["en", "de", "es", "fr", "other"];

/// Lower case, without accents; `ß` is `ss`.
pub fn fold(text: &str) -> String {
    text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect::<String>().replace('ß', "ss")
}

/// Folded words of some texts, sorted, each once.
pub fn words(texts: &[&str]) -> Vec<String> {
    let mut words: Vec<String> = texts.iter().flat_map(|text| split(text)).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Folded words of one text, in order; numbers and very short words left out.
pub fn split(text: &str) -> Vec<String> {
    fold(text)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() >= SHORTEST_WORD && !word.chars().all(|c| c.is_ascii_digit()))
        .map(str::to_owned)
        .collect()
}

/// Umlauts that were typed as two letters: `muenchen` may be `munchen`, which is what München folds to.
pub fn without_digraphs(word: &str) -> String {
    word.replace("ae", "a").replace("oe", "o").replace("ue", "u")
}

/// What people call the category, in English, German, Spanish and French: found though no text says it.
pub fn category_words(category: Category) -> &'static str {
    match category {
        Category::Music => "music concert musik konzert música concierto musique",
        Category::Sport => "sport sports deporte",
        Category::Art => "art exhibition kunst ausstellung arte exposición exposition",
        Category::Theatre => "theatre theater stage bühne teatro théâtre",
        Category::Food => "food essen comida cuisine",
        Category::Tech => "tech technology technik tecnología",
        Category::Talks => "talk lecture vortrag conferencia conférence",
        Category::Family => "family children kids familie kinder familia niños famille enfants",
        Category::Market => "market fair markt mercado marché",
        Category::Outdoors => "outdoors nature natur draußen naturaleza",
        Category::Community => "community neighbourhood nachbarschaft comunidad",
        Category::Film => "film cinema movie kino cine cinéma",
        Category::Wellbeing => "wellbeing health gesundheit bienestar",
        Category::Other => "",
    }
}

/// How many letters a typo may have wrong.
pub fn tolerance(word: &str) -> i32 {
    match word.chars().count() {
        0..=2 => 0,
        3..=5 => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_and_unique() {
        assert_eq!(words(&["Café am Görlitzer Park", "CAFE, 2026!"]), ["cafe", "gorlitzer", "park"]);
        assert_eq!(split("Straßenfest – größer"), ["strassenfest", "grosser"]);
        assert_eq!(without_digraphs("muenchen"), "munchen");
    }

    #[test]
    fn a_later_join_weighs_more() {
        let day = |n: i64| DateTime::from_timestamp(EPOCH + n * 86_400, 0).unwrap();
        assert!((join_weight(day(11)) - join_weight(day(10)) - std::f64::consts::LN_2).abs() < 1e-9);
        assert!(join_weight(day(-5)) > 0.0);
    }
}
