//! Other people's texts: characters, markup, length.

use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

use encoding_rs::WINDOWS_1252;
use unicode_normalization::UnicodeNormalization;

/// HTML's names for U+00A0 to U+00FF, in order.
const LATIN_1: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 \
    acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig \
    Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave \
    Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave \
    iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";

/// The others that are met in texts.
const NAMED: [(&str, char); 28] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("ndash", '–'),
    ("mdash", '—'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("sbquo", '‚'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("bdquo", '„'),
    ("lsaquo", '‹'),
    ("rsaquo", '›'),
    ("hellip", '…'),
    ("bull", '•'),
    ("euro", '€'),
    ("trade", '™'),
    ("OElig", 'Œ'),
    ("oelig", 'œ'),
    ("Scaron", 'Š'),
    ("scaron", 'š'),
    ("ensp", ' '),
    ("emsp", ' '),
    ("thinsp", ' '),
    ("rarr", '→'),
    ("minus", '−'),
];

static ENTITIES: LazyLock<HashMap<&str, char>> = LazyLock::new(|| {
    let latin_1 = LATIN_1.split_whitespace().zip('\u{a0}'..);
    latin_1.chain(NAMED).collect()
});

/// Tags that are taken for markup; anything else in angle brackets is text (`<3`, `<name@…>`).
const TAGS: [&str; 41] = [
    "a",
    "b",
    "i",
    "u",
    "s",
    "p",
    "br",
    "hr",
    "em",
    "strong",
    "span",
    "div",
    "font",
    "ul",
    "ol",
    "li",
    "table",
    "tbody",
    "thead",
    "tr",
    "td",
    "th",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "img",
    "small",
    "sub",
    "sup",
    "blockquote",
    "pre",
    "code",
    "html",
    "body",
    "head",
    "center",
    "section",
    "article",
];

/// One line: no markup, no control characters, single spaces.
pub(super) fn line(raw: &str) -> String {
    collapse(&paragraphs(raw).replace('\n', " "))
}

/// Plain text of one or more lines: no markup, no control characters, paragraphs apart by one empty line.
pub(super) fn paragraphs(raw: &str) -> String {
    let cleaned = clean(raw);
    // Entities may have brought in what was cleaned away.
    let text = clean(&plain(&cleaned));
    let mut result = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.split('\n') {
        let line = collapse(line);
        if line.is_empty() {
            empty += 1;
            continue;
        }
        if !result.is_empty() {
            result.push_str(if empty > 0 { "\n\n" } else { "\n" });
        }
        empty = 0;
        result.push_str(&line);
    }
    result.nfc().collect()
}

/// The text as Markdown that shows it as it is: what would be read as syntax is escaped, but for lists, which stay lists.
pub(super) fn markdown(text: &str) -> String {
    let mut result = String::with_capacity(text.len() + 16);
    let mut lines = text.split('\n').peekable();
    while let Some(line) = lines.next() {
        escape_line(line, &mut result);
        if let Some(next) = lines.peek() {
            // Two spaces: a line break within the paragraph.
            result.push_str(if line.is_empty() || next.is_empty() { "\n" } else { "  \n" });
        }
    }
    result
}

/// No longer than `max` characters, cut between words and marked with an ellipsis.
pub(super) fn cut(text: &str, max: usize) -> String {
    if text.chars().nth(max).is_none() {
        return text.to_owned();
    }
    let end = text.char_indices().nth(max.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
    let kept = &text[..end];
    let word = kept.rfind(char::is_whitespace).filter(|at| *at > end / 2).unwrap_or(end);
    format!(
        "{}…",
        kept[..word].trim_end_matches(|it: char| it.is_whitespace() || matches!(it, ',' | ';' | ':' | '–' | '-'))
    )
}

/// A record's name in a report.
pub(super) fn label(raw: &str) -> String {
    // Of a record without end only the beginning is looked at.
    let beginning = raw.char_indices().nth(1000).map_or(raw, |(at, _)| &raw[..at]);
    cut(&line(beginning), 80)
}

/// An `http` or `https` address, with the scheme added to `www.`; anything else is none.
pub(super) fn web_address(raw: &str) -> Option<String> {
    let url = clean(raw);
    let url = url.trim();
    let url = if url.get(..4).is_some_and(|it| it.eq_ignore_ascii_case("www.")) {
        Cow::Owned(format!("http://{url}"))
    } else {
        Cow::Borrowed(url)
    };
    let url = url.replace("&amp;", "&");
    let lower = url.to_ascii_lowercase();
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"))?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let sane = url.len() <= 2000
        && host.contains('.')
        && !host.contains('@')
        && !url
            .contains(|it: char| it.is_whitespace() || it.is_control() || matches!(it, '<' | '>' | '"' | '\\' | '`'));
    sane.then_some(url)
}

fn collapse(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !result.is_empty() {
            result.push(' ');
        }
        result.push_str(word);
    }
    result
}

/// Mends doubly encoded text and takes out characters that are invisible or reorder what is seen.
fn clean(raw: &str) -> String {
    let raw = mend(raw);
    let mut result = String::with_capacity(raw.len());
    let mut characters = raw.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' => {
                if characters.peek() != Some(&'\n') {
                    result.push('\n');
                }
            }
            '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => result.push('\n'),
            '\0'
            | '\u{ad}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
            | '\u{fdd0}'..='\u{fdef}' => {}
            _ if u32::from(character) & 0xFFFE == 0xFFFE => {}
            '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' => result.push(' '),
            _ if character.is_control() => result.push(' '),
            _ => result.push(character),
        }
    }
    result
}

/// UTF-8 that somebody once read as Windows-1252 and wrote as UTF-8 again (`CafÃ©`). Text that merely looks odd cannot
/// pass: every one of its characters beyond ASCII has to be part of a well-formed sequence.
fn mend(text: &str) -> Cow<'_, str> {
    if !text.contains(['Ã', 'Â', 'â', 'Å', 'Ä']) {
        return Cow::Borrowed(text);
    }
    let (bytes, _, unmappable) = WINDOWS_1252.encode(text);
    match std::str::from_utf8(&bytes) {
        Ok(mended) if !unmappable => Cow::Owned(mended.to_owned()),
        _ => Cow::Borrowed(text),
    }
}

/// Without tags and entities.
fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(['<', '&']) {
        return Cow::Borrowed(text);
    }
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    // The address of the link that is open.
    let mut link: Option<(String, usize)> = None;
    // A line feed within HTML is a space; whether it is HTML is known from a tag that ends lines.
    let html = ["<br", "<p>", "<p ", "</p>", "<div", "<li"].iter().any(|tag| find_ignoring_case(text, tag).is_some());
    while let Some(at) = rest.find(['<', '&', '\n']) {
        result.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with('\n') {
            result.push(if html { ' ' } else { '\n' });
            rest = &rest[1..];
        } else if let Some((character, length)) = entity(rest) {
            result.push(character);
            rest = &rest[length..];
        } else if let Some(tag) = Tag::at(rest) {
            rest = &rest[tag.length..];
            match (tag.name.as_str(), tag.closing) {
                ("br" | "hr" | "tr" | "table", _) => result.push('\n'),
                (
                    "p" | "div" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "ul" | "ol" | "blockquote" | "section"
                    | "article",
                    _,
                ) => {
                    result.push_str("\n\n");
                }
                ("li", false) => result.push_str("\n- "),
                ("td" | "th", true) => result.push(' '),
                ("a", false) => link = tag.href.and_then(|it| web_address(&it)).map(|url| (url, result.len())),
                ("a", true) => {
                    if let Some((url, start)) = link.take()
                        && let Some(shown) = result.get(start..)
                        && !shown.contains("http")
                        && !shown.contains("www.")
                    {
                        result.extend([" (", &url, ")"]);
                    }
                }
                ("script" | "style", false) => {
                    let end = find_ignoring_case(rest, &format!("</{}", tag.name)).unwrap_or(rest.len());
                    rest = &rest[end..];
                }
                _ => {}
            }
        } else if rest.starts_with("<!--") {
            rest = rest.find("-->").map_or("", |end| &rest[end + 3..]);
        } else {
            result.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    result.push_str(rest);
    Cow::Owned(result)
}

fn find_ignoring_case(text: &str, ascii: &str) -> Option<usize> {
    text.as_bytes().windows(ascii.len()).position(|window| window.eq_ignore_ascii_case(ascii.as_bytes()))
}

struct Tag {
    name: String,
    closing: bool,
    href: Option<String>,
    length: usize,
}

impl Tag {
    /// The tag that `text` starts with.
    fn at(text: &str) -> Option<Self> {
        let inner = text.strip_prefix('<')?;
        // Bounded, so that a text of many `<` and no `>` does not take quadratic time.
        let end = inner.bytes().take(2000).position(|it| matches!(it, b'>' | b'<'))?;
        if inner.as_bytes()[end] != b'>' {
            return None;
        }
        let inner = inner.get(..end)?;
        let length = end + 2;
        let closing = inner.starts_with('/');
        let inner = inner.trim_start_matches('/');
        let name_end = inner.find(|it: char| !it.is_ascii_alphanumeric()).unwrap_or(inner.len());
        let name = inner[..name_end].to_ascii_lowercase();
        let attributes = &inner[name_end..];
        if !attributes.is_empty() && !attributes.starts_with(|it: char| it.is_ascii_whitespace() || it == '/') {
            return None;
        }
        (TAGS.contains(&name.as_str()) || matches!(name.as_str(), "script" | "style")).then(|| Self {
            href: find_ignoring_case(attributes, "href=").and_then(|at| {
                let value = &attributes[at + 5..];
                let quote = value.chars().next().filter(|it| matches!(it, '"' | '\''))?;
                value[1..].split(quote).next().map(str::to_owned)
            }),
            name,
            closing,
            length,
        })
    }
}

/// The character reference that `text` starts with, and its length in bytes.
fn entity(text: &str) -> Option<(char, usize)> {
    let inner = text.strip_prefix('&')?;
    let end = inner.bytes().take(32).position(|it| it == b';')?;
    let name = inner.get(..end)?;
    // `&amp;eacute;` was encoded twice.
    if name == "amp"
        && let Some((character, length)) = named(&inner[end + 1..])
    {
        return Some((character, end + 1 + length + 1));
    }
    let (character, length) = named(inner)?;
    Some((character, length + 1))
}

/// The character of a reference without its ampersand, and the length in bytes.
fn named(inner: &str) -> Option<(char, usize)> {
    let end = inner.bytes().take(32).position(|it| it == b';')?;
    let name = inner.get(..end)?;
    let character = if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        match code {
            // As browsers do: numbers of the C1 block mean Windows-1252.
            0x80..=0x9F => {
                let byte = [u8::try_from(code).ok()?];
                WINDOWS_1252.decode_without_bom_handling(&byte).0.chars().next()?
            }
            _ => char::from_u32(code)?,
        }
    } else {
        *ENTITIES.get(name)?
    };
    Some((character, end + 1))
}

fn escape_line(line: &str, result: &mut String) {
    let marker = line.starts_with(['#', '>', '+', '=', '|'])
        // A row of dashes under a line would make that line a heading.
        || (line.starts_with('-') && line.chars().all(|it| matches!(it, '-' | ' ')));
    if marker {
        result.push('\\');
    }
    let list = line.starts_with("* ").then_some(0);
    let characters: Vec<(usize, char)> = line.char_indices().collect();
    for (index, (at, character)) in characters.iter().copied().enumerate() {
        let before = index.checked_sub(1).map(|it| characters[it].1);
        let after = characters.get(index + 1).map(|it| it.1);
        let space = |it: Option<char>| it.is_none_or(char::is_whitespace);
        let word = |it: Option<char>| it.is_some_and(char::is_alphanumeric);
        let syntax = match character {
            '\\' => after.is_none_or(|it| it.is_ascii_punctuation()),
            '`' => true,
            '*' => list != Some(at) && !(space(before) && space(after)),
            '_' => !(word(before) && word(after) || space(before) && space(after)),
            '~' => before == Some('~') || after == Some('~'),
            '<' => after.is_some_and(|it| it.is_ascii_alphabetic() || matches!(it, '/' | '!' | '?')),
            '[' => line[at..].find(']').is_some_and(|end| line[at + end + 1..].starts_with(['(', '[', ':'])),
            '&' => entity(&line[at..]).is_some(),
            _ => false,
        };
        if syntax {
            result.push('\\');
        }
        result.push(character);
    }
}
