//! What is asked for: words, `"phrases"` and `-exclusions`.
//!
//! Nobody says in which language they ask, so every configuration reads every word, and a text matches if for each word one of the
//! readings fits: "runs konzerthalle" needs no single language. Words that are mere grammar in some language ("the", "und", "para") do
//! not have to be there, unless there are no others.

use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
};

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use super::words::{self, CONFIGURATIONS};

/// A last word shorter than this is not taken for the beginning of one.
const SHORTEST_BEGINNING: usize = 3;
/// Place of the folding configuration in [`CONFIGURATIONS`].
const OTHER: usize = CONFIGURATIONS.len() - 1;

/// The words that were typed.
#[derive(Clone, Debug)]
pub struct Question {
    text: String,
    terms: Vec<Term>,
}

#[derive(Clone, Debug)]
struct Term {
    words: Vec<Word>,
    /// One after the other, grammar and all.
    is_phrase: bool,
    is_excluded: bool,
}

#[derive(Clone, Debug)]
struct Word {
    text: String,
    /// Where in the question.
    at: Range<usize>,
}

/// How the configurations read one word.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Lexemes by configuration, in the order of [`CONFIGURATIONS`]; none where it is a stop word.
    pub lexemes: [Vec<String>; CONFIGURATIONS.len()],
    /// Whether it is a stop word somewhere.
    pub is_little: bool,
}

/// Readings of all the words of a question.
pub type Readings = HashMap<String, Reading>;

/// Text search queries, as Postgres writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What is found.
    pub matches: String,
    /// What of it is not, as a query on its own.
    pub without: Option<String>,
    /// How well it fits; `None` if there are exclusions only, and all that is left fits alike.
    pub fits: Option<Fits>,
}

/// Queries from the strictest to the loosest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fits {
    /// The question itself, folded: for an event of just that name.
    pub name: String,
    /// The title has the words in this order.
    pub sequence: String,
    /// The title has all words.
    pub title: String,
    /// Title, venue, city and organiser do.
    pub place: String,
    /// The whole text does (rather than all but the last word, which may be unfinished).
    pub all: String,
}

impl Question {
    /// Takes any text.
    pub fn parse(text: &str) -> Self {
        let text: String = text.nfc().collect();
        let mut terms = Vec::new();
        let mut rest = 0..text.len();
        while let Some(c) = text[rest.clone()].chars().next() {
            if c.is_whitespace() {
                rest.start += c.len_utf8();
                continue;
            }
            let dashes = text[rest.clone()].bytes().take_while(|byte| *byte == b'-').count();
            rest.start += dashes;
            let is_phrase = text[rest.clone()].starts_with('"');
            rest.start += usize::from(is_phrase);
            let is_end = |c: char| c == '"' || (!is_phrase && c.is_whitespace());
            let end = text[rest.clone()].find(is_end).map_or(rest.end, |n| rest.start + n);
            let words = words_of(&text, rest.start..end);
            rest.start = if is_phrase { (end + 1).min(rest.end) } else { end };
            let is_excluded = dashes > 0;
            if is_phrase || is_excluded {
                terms.push(Term { words, is_phrase: true, is_excluded });
            } else {
                let single = |word| Term { words: vec![word], is_phrase: false, is_excluded };
                terms.extend(words.into_iter().map(single));
            }
        }
        terms.retain(|term| !term.words.is_empty());
        Self { text, terms }
    }

    /// Every word and spelling that has to be read.
    pub fn spellings(&self) -> Vec<String> {
        let words = self.terms.iter().flat_map(|term| &term.words);
        let all: BTreeSet<String> =
            words.flat_map(|word| [Some(word.text.clone()), words::with_digraphs(&word.text)]).flatten().collect();
        all.into_iter().collect()
    }

    /// The words that have to be there, each with the queries that find it: as it is, and as the beginning of a word.
    pub fn wanted<'a>(&'a self, readings: &Readings) -> Vec<(&'a str, String)> {
        let beginning = self.beginning(readings);
        let mut wanted = Vec::new();
        for term in self.terms.iter().filter(|term| !term.is_excluded) {
            for word in &term.words {
                let mut ways = any(word, readings);
                if let Some((last, query)) = &beginning
                    && std::ptr::eq(*last, word)
                {
                    ways.push(query.clone());
                }
                if !ways.is_empty() {
                    wanted.push((word.text.as_str(), or(&ways)));
                }
            }
        }
        wanted
    }

    /// The question with some words replaced by others.
    pub fn with(&self, replaced: &HashMap<&str, String>) -> String {
        let mut text = self.text.clone();
        // From the end, so that the places of those before stay right.
        for word in self.terms.iter().filter(|term| !term.is_excluded).flat_map(|term| &term.words).rev() {
            if let Some(other) = replaced.get(word.text.as_str()) {
                text.replace_range(word.at.clone(), other);
            }
        }
        text
    }

    /// The queries; `None` if it has no words at all.
    pub fn plan(&self, readings: &Readings) -> Option<Plan> {
        let (excluded, wanted): (Vec<&Term>, Vec<&Term>) = self.terms.iter().partition(|term| term.is_excluded);
        let without: Vec<String> = excluded
            .into_iter()
            .filter_map(|term| phrase(&term.words, readings))
            .map(|it| format!("!({it})"))
            .collect();
        let without = (!without.is_empty()).then(|| without.join(" & "));
        let Some(all) = all(&wanted, readings) else {
            return without.map(|it| Plan { matches: it.clone(), without: Some(it), fits: None });
        };
        let words: Vec<Word> = wanted.iter().flat_map(|term| &term.words).cloned().collect();
        let complete: Vec<String> =
            (0..CONFIGURATIONS.len()).filter_map(|n| in_sequence(&words, readings, n, true)).collect();
        let unfinished = self.beginning(readings).map(|(_, query)| match self.terms.split_last() {
            Some((_, before)) if !before.is_empty() => {
                let before: Vec<&Term> = before.iter().filter(|term| !term.is_excluded).collect();
                significant(&before, readings, false)
                    .map_or_else(|| query.clone(), |before| format!("{before} & {query}"))
            }
            _ => query,
        });
        let either = unfinished.map_or_else(|| all.clone(), |unfinished| format!("({all}) | ({unfinished})"));
        let fits = Fits {
            name: words::fold(&self.text),
            sequence: weighted(&if complete.is_empty() { all.clone() } else { or(&complete) }, "A"),
            title: weighted(&all, "A"),
            place: weighted(&all, "AB"),
            all,
        };
        let matches = without.as_ref().map_or_else(|| either.clone(), |without| format!("({either}) & {without}"));
        Some(Plan { matches, without, fits: Some(fits) })
    }

    /// The last word, if it may still be in the making, with the query for words of title, venue, city or organiser that begin with it.
    fn beginning(&self, readings: &Readings) -> Option<(&Word, String)> {
        let last = self.terms.last().filter(|term| !term.is_phrase)?.words.last()?;
        let reading = readings.get(&last.text)?;
        match reading.lexemes[OTHER].as_slice() {
            [lexeme] if !reading.is_little && lexeme.chars().count() >= SHORTEST_BEGINNING => {
                Some((last, format!("{}:*AB", quoted(lexeme))))
            }
            _ => None,
        }
    }
}

fn words_of(text: &str, range: Range<usize>) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut end_of_last = None;
    for (n, c) in text[range.clone()].char_indices() {
        if !c.is_alphanumeric() && !is_combining_mark(c) {
            continue;
        }
        let at = range.start + n;
        match words.last_mut().filter(|_| end_of_last == Some(at)) {
            Some(word) => {
                word.text.push(c);
                word.at.end = at + c.len_utf8();
            }
            None => words.push(Word { text: c.into(), at: at..at + c.len_utf8() }),
        }
        end_of_last = Some(at + c.len_utf8());
    }
    words
}

/// All terms; `None` if there is nothing to look for.
fn all(terms: &[&Term], readings: &Readings) -> Option<String> {
    significant(terms, readings, false).or_else(|| significant(terms, readings, true))
}

/// All terms, with or without words that are mere grammar.
fn significant(terms: &[&Term], readings: &Readings, with_little: bool) -> Option<String> {
    let parts: Vec<String> = terms
        .iter()
        .filter_map(|term| match term.words.as_slice() {
            [word] if !term.is_phrase => {
                let is_little = readings.get(&word.text).is_some_and(|reading| reading.is_little);
                let ways = any(word, readings);
                ((with_little || !is_little) && !ways.is_empty()).then(|| or(&ways))
            }
            words => phrase(words, readings),
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join(" & "))
}

/// Each distinct reading of a word.
fn any(word: &Word, readings: &Readings) -> Vec<String> {
    let spellings = [Some(word.text.clone()), words::with_digraphs(&word.text)];
    let readings = spellings.into_iter().flatten().filter_map(|spelling| readings.get(&spelling));
    let ways: BTreeSet<String> = readings.flat_map(|reading| &reading.lexemes).filter_map(|it| and(it)).collect();
    ways.into_iter().collect()
}

/// The words one after the other, in one language or the other.
fn phrase(words: &[Word], readings: &Readings) -> Option<String> {
    let ways: BTreeSet<String> =
        (0..CONFIGURATIONS.len()).filter_map(|n| in_sequence(words, readings, n, false)).collect();
    (!ways.is_empty()).then(|| or(&ways.into_iter().collect::<Vec<_>>()))
}

/// The words one after the other, as one configuration reads them. Stop words leave a gap; a `complete` reading has none.
fn in_sequence(words: &[Word], readings: &Readings, configuration: usize, complete: bool) -> Option<String> {
    let mut query = String::new();
    let mut gap = 1;
    for word in words {
        match readings.get(&word.text).and_then(|reading| and(&reading.lexemes[configuration])) {
            Some(lexeme) if query.is_empty() => query = lexeme,
            Some(lexeme) => query = format!("{query} <{gap}> {lexeme}"),
            None if complete => return None,
            None => {
                gap += usize::from(!query.is_empty());
                continue;
            }
        }
        gap = 1;
    }
    (!query.is_empty()).then_some(query)
}

fn and(lexemes: &[String]) -> Option<String> {
    match lexemes {
        [] => None,
        [one] => Some(quoted(one)),
        many => Some(format!("({})", many.iter().map(|it| quoted(it)).collect::<Vec<_>>().join(" & "))),
    }
}

fn or(ways: &[String]) -> String {
    match ways {
        [one] => one.clone(),
        many => format!("({})", many.join(" | ")),
    }
}

fn quoted(lexeme: &str) -> String {
    format!("'{}'", lexeme.replace('\\', r"\\").replace('\'', "''"))
}

/// The same query, of words with one of these weights only.
fn weighted(query: &str, weights: &str) -> String {
    let mut weighted = String::with_capacity(query.len() * 2);
    let mut chars = query.chars().peekable();
    let mut is_inside = false;
    while let Some(c) = chars.next() {
        weighted.push(c);
        match c {
            '\\' if is_inside => weighted.extend(chars.next()),
            '\'' if is_inside && chars.peek() == Some(&'\'') => weighted.extend(chars.next()),
            '\'' if is_inside => {
                is_inside = false;
                weighted.push(':');
                weighted.push_str(weights);
            }
            '\'' => is_inside = true,
            _ => {}
        }
    }
    weighted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each configuration cuts off an `s`; "und" is a stop word in German, "the" in English.
    fn readings(question: &Question) -> Readings {
        let read = |word: &String| {
            let folded = words::fold(word);
            let stem = folded.trim_end_matches('s').to_owned();
            let mut lexemes = [(); 5].map(|()| vec![stem.clone()]);
            lexemes[OTHER] = vec![folded.clone()];
            match folded.as_str() {
                "the" => lexemes[0].clear(),
                "und" => lexemes[1].clear(),
                _ => {}
            }
            let is_little = lexemes.iter().any(Vec::is_empty);
            (word.clone(), Reading { lexemes, is_little })
        };
        question.spellings().iter().map(read).collect()
    }

    fn plan(text: &str) -> Option<Plan> {
        let question = Question::parse(text);
        question.plan(&readings(&question))
    }

    fn fits(text: &str) -> Fits {
        plan(text).unwrap().fits.unwrap()
    }

    fn matches(text: &str) -> String {
        plan(text).unwrap().matches
    }

    #[test]
    fn each_word_may_be_read_in_any_way() {
        assert_eq!(fits("runs").all, "('run' | 'runs')");
        assert_eq!(fits("run hof").all, "'run' & 'hof'");
        assert_eq!(fits("hip-hop").all, "'hip' & 'hop'");
        assert_eq!(fits("Grüße").all, "('gruesse' | 'grusse')");
    }

    #[test]
    fn grammar_does_not_count_unless_there_is_nothing_else() {
        assert_eq!(fits("the run").all, "'run'");
        assert_eq!(fits("the und").all, "'the' & 'und'");
        assert_eq!(
            fits("the run").sequence,
            "('the':A <1> 'run':A | 'the':A <1> 'run':A | 'the':A <1> 'run':A | 'the':A <1> 'run':A)"
        );
    }

    #[test]
    fn the_last_word_may_be_unfinished() {
        assert_eq!(matches("run ho"), "'run' & 'ho'");
        assert_eq!(matches("run hof"), "('run' & 'hof') | ('run' & 'hof':*AB)");
        assert_eq!(matches("the hof"), "('hof') | ('hof':*AB)");
        assert_eq!(matches("\"hof\""), "'hof'");
    }

    #[test]
    fn phrases_and_exclusions() {
        assert_eq!(matches("\"run und hof\""), "('run' <1> 'und' <1> 'hof' | 'run' <2> 'hof')");
        assert_eq!(matches("run -\"the hof\" -bier"), "('run') & !(('hof' | 'the' <1> 'hof')) & !('bier')");
        assert_eq!(matches("run -"), "('run') | ('run':*AB)");
        assert_eq!(matches("\"run"), "'run'");
        let exclusion = Some("!('hof')".to_owned());
        assert_eq!(plan("-hof"), Some(Plan { matches: "!('hof')".to_owned(), without: exclusion, fits: None }));
        assert_eq!(plan("- \" \" !?"), None);
    }

    #[test]
    fn words_are_replaced_where_they_stand() {
        let question = Question::parse("Jaz  \"hof, jaz\" -jaz Größe");
        let replaced = HashMap::from([("Jaz", "jazz".to_owned()), ("jaz", "Jazz".to_owned())]);
        assert_eq!(question.with(&replaced), "jazz  \"hof, Jazz\" -jaz Größe");
    }

    #[test]
    fn weights_go_behind_each_lexeme() {
        assert_eq!(
            weighted(r"'a' & ('it''s' | 'b\\' <2> 'c\\''')", "AB"),
            r"'a':AB & ('it''s':AB | 'b\\':AB <2> 'c\\''':AB)"
        );
    }
}
