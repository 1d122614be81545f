//! Which known word was meant.

use super::words;

/// A known word that looks like the one that was typed.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Folded.
    pub word: String,
    /// As it is written.
    pub shown: String,
    /// How many groups of three letters they share, 0 to 1.
    pub similarity: f32,
    /// Events that have it.
    pub events: i32,
}

/// The candidate with the fewest slips of the finger; among those the most similar one, then the most frequent.
pub fn closest(typed: &str, candidates: Vec<Candidate>) -> Option<Candidate> {
    let folded = words::without_digraphs(typed);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let slips = if candidate.word == folded { 0 } else { slips(typed, &candidate.word) };
            (slips <= tolerance(typed, &candidate.word)).then_some((slips, candidate))
        })
        .min_by(|(slips, a), (other, b)| {
            slips
                .cmp(other)
                .then(b.similarity.total_cmp(&a.similarity))
                .then(b.events.cmp(&a.events))
                .then(a.word.cmp(&b.word))
        })
        .map(|(_, candidate)| candidate)
}

/// How many slips still leave the word recognisable; the shorter one of the two decides, else "runing" were a "ring".
fn tolerance(typed: &str, meant: &str) -> usize {
    match typed.chars().count().min(meant.chars().count()) {
        0..=2 => 0,
        3..=5 => 1,
        _ => 2,
    }
}

/// Letters left out, added, changed, or swapped with their neighbour (optimal string alignment).
fn slips(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = changed.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

/// The word with two neighbours swapped, each way; and with umlauts that were typed as two letters. Short words that differ like this
/// share too few groups of letters to be found by similarity.
pub fn variants(typed: &str) -> Vec<String> {
    let letters: Vec<char> = typed.chars().collect();
    let mut variants: Vec<String> = (1..letters.len())
        .map(|n| {
            let mut swapped = letters.clone();
            swapped.swap(n - 1, n);
            swapped.into_iter().collect()
        })
        .collect();
    variants.push(words::without_digraphs(typed));
    variants
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_counted() {
        for (a, b, n) in [
            ("jazz", "jazz", 0),
            ("jaz", "jazz", 1),
            ("ajzz", "jazz", 1),
            ("konzret", "konzert", 1),
            ("wehnachtmarkt", "weihnachtsmarkt", 2),
            ("", "abc", 3),
            ("ca", "abc", 3),
            ("größe", "grösse", 2),
        ] {
            assert_eq!(slips(a, b), n, "{a} {b}");
            assert_eq!(slips(b, a), n, "{b} {a}");
        }
    }

    fn candidate(word: &str, similarity: f32, events: i32) -> Candidate {
        Candidate { word: word.to_owned(), shown: word.to_owned(), similarity, events }
    }

    #[test]
    fn fewest_slips_win_then_similarity_then_frequency() {
        let meant = |typed, candidates| closest(typed, candidates).map(|it| it.word);
        assert_eq!(
            meant("runing", vec![candidate("ring", 0.4, 90), candidate("running", 0.6, 1)]).as_deref(),
            Some("running")
        );
        assert_eq!(meant("runing", vec![candidate("ring", 0.4, 90)]), None);
        assert_eq!(meant("lane", vec![candidate("lake", 0.4, 1), candidate("line", 0.4, 2)]).as_deref(), Some("line"));
        assert_eq!(meant("lane", vec![candidate("lake", 0.5, 1), candidate("line", 0.4, 2)]).as_deref(), Some("lake"));
        assert_eq!(
            meant("muenchen", vec![candidate("menchen", 0.9, 9), candidate("munchen", 0.5, 1)]).as_deref(),
            Some("munchen")
        );
        assert_eq!(meant("is", vec![candidate("it", 0.9, 9)]), None);
    }

    #[test]
    fn neighbours_swap() {
        assert_eq!(variants("jaz"), ["ajz", "jza", "jaz"]);
        assert_eq!(variants(""), [""]);
    }
}
