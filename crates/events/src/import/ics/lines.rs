//! Content lines: unfolded, parted into name, parameters and value.

use super::{MAX_RECORD, Stream};

/// `DTSTART;TZID=Europe/Berlin:20250601T190000`
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Property {
    /// In upper case.
    pub(super) name: String,
    /// Names in upper case.
    parameters: Vec<(String, String)>,
    /// As written.
    pub(super) value: String,
}

impl Property {
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        // The colon that begins the value is the first one outside of quotes.
        let mut quoted = false;
        let colon = line.char_indices().find(|(_, it)| {
            quoted ^= *it == '"';
            *it == ':' && !quoted
        });
        // A quote that is never closed would swallow the colon.
        let colon = colon.map(|it| it.0).or_else(|| line.find(':'));
        let Some(colon) = colon else {
            return Err(format!("a line without a colon: {}", super::super::text::label(line)));
        };
        let (head, value) = (&line[..colon], &line[colon + 1..]);
        let mut parts = split_outside_quotes(head, ';').into_iter();
        let name = parts.next().unwrap_or_default().trim().to_ascii_uppercase();
        let parameters = parts
            .filter_map(|it| it.split_once('='))
            .map(|(name, value)| (name.trim().to_ascii_uppercase(), parameter_value(value)))
            .collect();
        Ok(Self { name, parameters, value: value.to_owned() })
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|it| it.0 == name).map(|it| it.1.as_str())
    }

    /// The value as TEXT (RFC 5545, 3.3.11).
    pub(super) fn text(&self) -> String {
        let mut text = String::with_capacity(self.value.len());
        let mut characters = self.value.chars();
        while let Some(character) = characters.next() {
            match character {
                '\\' => match characters.next() {
                    Some('n' | 'N') => text.push('\n'),
                    Some(other) => text.push(other),
                    None => {}
                },
                other => text.push(other),
            }
        }
        text
    }

    /// The value as a list of TEXT: commas that are not escaped part it.
    pub(super) fn texts(&self) -> Vec<String> {
        let mut texts = vec![String::new()];
        let mut escaped = false;
        for character in self.value.chars() {
            match character {
                ',' if !escaped => texts.push(String::new()),
                '\\' if !escaped => {
                    escaped = true;
                    continue;
                }
                other => {
                    if let Some(last) = texts.last_mut() {
                        last.push(other);
                    }
                }
            }
            escaped = false;
        }
        texts
    }
}

fn split_outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(|it: char| {
        quoted ^= it == '"';
        it == separator && !quoted
    })
    .collect()
}

/// Without quotes; `^n`, `^'` and `^^` as RFC 6868 has them.
fn parameter_value(raw: &str) -> String {
    raw.trim().trim_matches('"').replace("^n", "\n").replace("^'", "\"").replace("^^", "^")
}

/// The lines of a stream, for as long as it is kept.
pub(super) struct Lines(Stream);

impl Lines {
    pub(super) fn new(stream: Stream) -> Self {
        Self(stream)
    }

    /// The next property and the line on which it starts.
    pub(super) fn next(&mut self) -> Option<(u64, Result<Property, String>)> {
        next(&mut self.0)
    }

    pub(super) fn line(&self) -> u64 {
        self.0.line()
    }

    pub(super) fn take_error(&mut self) -> Option<std::io::Error> {
        self.0.take_error()
    }
}

/// Unfolds and parses the next line that is not empty.
pub(super) fn next(stream: &mut Stream) -> Option<(u64, Result<Property, String>)> {
    loop {
        let line = stream.line();
        let mut bytes = stream.read_line(MAX_RECORD)?;
        // A folded line goes on with a space or tab. Pictures are embedded in such lines: what is too long is cut off.
        while matches!(stream.peek(), Some(b' ' | b'\t')) {
            stream.bump();
            let more = stream.read_line(MAX_RECORD.saturating_sub(bytes.len())).unwrap_or_default();
            bytes.extend_from_slice(&more);
        }
        if bytes.iter().all(|it| it.is_ascii_whitespace() || it.is_ascii_control()) {
            continue;
        }
        let property = if bytes.len() >= MAX_RECORD {
            Err(format!("a line of more than {MAX_RECORD} bytes"))
        } else {
            stream.decode(&bytes).and_then(|text| Property::parse(&text))
        };
        return Some((line, property));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_parted_whatever_its_quotes() {
        let property = Property::parse("dtstart;;VALUE=DATE-TIME;tzid=\"A: B;C\":20140409T093000").unwrap();
        assert_eq!(property.name, "DTSTART");
        assert_eq!(property.parameter("TZID"), Some("A: B;C"));
        assert_eq!(property.value, "20140409T093000");
        let property = Property::parse("X;A=\"open:value").unwrap();
        assert_eq!(property.value, "value");
        assert!(Property::parse("no colon").is_err());
    }

    #[test]
    fn texts_are_unescaped() {
        let property = Property::parse(r"CATEGORIES:Meeting\, John,Work\; more\n,End\").unwrap();
        assert_eq!(property.texts(), ["Meeting, John", "Work; moren", "End"]);
        assert_eq!(Property::parse(r"S:a\nb\\c\,d\").unwrap().text(), "a\nb\\c,d");
    }
}
