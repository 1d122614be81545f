//! Words as they are compared.

use contracts::Category;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Shorter words say nothing about what was meant.
const SHORTEST: usize = 3;

/// The text search configurations, each of a language; `other` only folds.
pub const CONFIGURATIONS: [&str; 5] = ["en", "de", "es", "fr", "other"];

/// Which of them fits a language.
pub fn configuration(language: &str) -> &'static str {
    CONFIGURATIONS.into_iter().find(|it| *it == language).unwrap_or("other")
}

/// Only letters, digits and spaces, accents in one piece. Texts and questions alike are reduced to this before Postgres parses them, which
/// otherwise takes `Lesung/Konzert` for a path, `Kiez.Fest` for a host and `jazz-night` for another word than `jazz night`.
pub fn plain(text: &str) -> String {
    text.nfc().map(|c| if c.is_alphanumeric() || is_combining_mark(c) { c } else { ' ' }).collect()
}

/// Lower case, without accents; `ß` is `ss`.
pub fn fold(text: &str) -> String {
    text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect::<String>().replace('ß', "ss")
}

/// A word that a typo may have meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Known {
    /// Folded: what is compared.
    pub word: String,
    /// As it was written, in lower case.
    pub shown: String,
}

/// The words of some texts, sorted, each once; numbers and very short words left out.
pub fn known(texts: &[&str]) -> Vec<Known> {
    let mut known: Vec<Known> = texts
        .iter()
        .flat_map(|text| plain(text).split(' ').map(str::to_lowercase).collect::<Vec<_>>())
        .map(|shown| Known { word: fold(&shown), shown })
        .filter(|it| it.word.chars().count() >= SHORTEST && !it.word.chars().all(|c| c.is_ascii_digit()))
        .collect();
    known.sort_unstable();
    known.dedup_by(|a, b| a.word == b.word);
    known
}

/// Umlauts that were typed as two letters: `muenchen` may be `munchen`, which is what München folds to.
pub fn without_digraphs(word: &str) -> String {
    word.replace("ae", "a").replace("oe", "o").replace("ue", "u")
}

/// Umlauts as two letters, as some write them: `münchen` is `muenchen`; `None` for a word without.
pub fn with_digraphs(word: &str) -> Option<String> {
    let changed = word.to_lowercase().replace('ä', "ae").replace('ö', "oe").replace('ü', "ue");
    (changed != word.to_lowercase()).then_some(changed)
}

/// What people call the category in English, German, Spanish and French: found though no text says it.
pub fn of_category(category: Category) -> [(&'static str, &'static str); 4] {
    let [en, de, es, fr] = match category {
        Category::Music => ["music concert", "musik konzert", "música concierto", "musique concert"],
        Category::Sport => ["sport", "sport", "deporte", "sport"],
        Category::Art => ["art exhibition", "kunst ausstellung", "arte exposición", "art exposition"],
        Category::Theatre => ["theatre theater stage", "theater bühne", "teatro", "théâtre"],
        Category::Food => ["food", "essen", "comida gastronomía", "cuisine"],
        Category::Tech => ["tech technology", "technik", "tecnología", "technologie"],
        Category::Talks => ["talk lecture", "vortrag lesung", "conferencia charla", "conférence"],
        Category::Family => ["family children kids", "familie kinder", "familia niños", "famille enfants"],
        Category::Market => ["market fair", "markt", "mercado feria", "marché"],
        Category::Outdoors => ["outdoors nature", "natur draußen", "naturaleza", "nature"],
        Category::Community => ["community neighbourhood", "nachbarschaft", "comunidad barrio", "quartier"],
        Category::Film => ["film movie cinema", "film kino", "cine película", "film cinéma"],
        Category::Wellbeing => ["wellbeing health", "gesundheit", "bienestar salud", "bien être santé"],
        Category::Other => ["", "", "", ""],
    };
    [("en", en), ("de", de), ("es", es), ("fr", fr)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_letters_and_digits_stay() {
        assert_eq!(
            plain("Lesung/Konzert: Cafe\u{301}, 19.30!").split_whitespace().collect::<Vec<_>>().join(" "),
            "Lesung Konzert Café 19 30"
        );
    }

    #[test]
    fn known_words_are_folded_unique_and_worth_knowing() {
        let known = known(&["Café am Görlitzer Park", "CAFE, 2026! größer"]);
        let words: Vec<_> = known.iter().map(|it| it.word.as_str()).collect();
        assert_eq!(words, ["cafe", "gorlitzer", "grosser", "park"]);
        assert_eq!(known[1].shown, "görlitzer");
    }

    #[test]
    fn umlauts_may_be_two_letters() {
        assert_eq!(without_digraphs("muenchen"), "munchen");
        assert_eq!(with_digraphs("München").as_deref(), Some("muenchen"));
        assert_eq!(with_digraphs("Berlin"), None);
    }
}
