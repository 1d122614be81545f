//! Cuts a JSON file into the objects of its list, one at a time.
//!
//! `serde_json` reads a document or nothing. Here the list's elements are found by their brackets and only then parsed, so
//! that memory is bounded by one record, a broken record costs itself only, and two faults that are common in published
//! files are mended on the way: raw control characters and unescaped quotes within strings.

use serde_json::Value;

use super::{MAX_RECORD, input::Stream};

/// An element of the list.
pub(super) struct Element {
    /// Where it starts.
    pub(super) line: u64,
    /// Always an object.
    pub(super) value: Result<Value, String>,
}

impl Element {
    fn broken(line: u64, reason: impl Into<String>) -> Self {
        Self { line, value: Err(reason.into()) }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Between top-level values.
    Root,
    /// In the list, which may be a member of the root object.
    List {
        in_object: bool,
    },
    /// In the root object.
    Object,
    End,
}

enum Cut {
    Whole,
    TooBig,
    Unfinished,
}

/// The objects of a top-level list, of the lists of given names in a top-level object, or of several top-level objects.
pub(super) struct Elements {
    stream: Stream,
    /// Names of members whose lists hold the records.
    lists: &'static [&'static str],
    state: State,
    /// The root object without those lists; it is a record itself if it has none.
    root: Vec<u8>,
    root_line: u64,
    root_has_list: bool,
}

impl Elements {
    pub(super) fn new(stream: Stream, lists: &'static [&'static str]) -> Self {
        Self { stream, lists, state: State::Root, root: Vec::new(), root_line: 1, root_has_list: false }
    }

    fn root(&mut self) -> Option<Element> {
        self.stream.skip_whitespace();
        let line = self.stream.line();
        match self.stream.peek()? {
            // Objects in a row may be parted by commas or, in JSON text sequences, by record separators.
            b',' | 0x1E => {
                self.stream.bump();
            }
            b'[' => {
                self.stream.bump();
                self.state = State::List { in_object: false };
            }
            b'{' => {
                self.stream.bump();
                self.state = State::Object;
                self.root = vec![b'{'];
                self.root_line = line;
                self.root_has_list = false;
            }
            _ => {
                self.stream.read_line(0);
                return Some(Element::broken(line, "not JSON: expected an object or a list"));
            }
        }
        None
    }

    fn list(&mut self, in_object: bool) -> Option<Element> {
        self.stream.skip_whitespace();
        let line = self.stream.line();
        match self.stream.peek() {
            None => {
                self.state = State::End;
                return Some(Element::broken(line, "the file ends within the list: it may be cut off"));
            }
            Some(b',') => {
                self.stream.bump();
            }
            Some(b']') => {
                self.stream.bump();
                self.state = if in_object { State::Object } else { State::Root };
            }
            Some(b'}' | b':') => {
                self.stream.bump();
                return Some(Element::broken(line, "not JSON: unexpected bracket or colon"));
            }
            Some(_) => {
                let mut bytes = Vec::new();
                let cut = self.cut(&mut bytes);
                return Some(self.element(line, &bytes, &cut));
            }
        }
        None
    }

    fn object(&mut self) -> Option<Element> {
        self.stream.skip_whitespace();
        let line = self.stream.line();
        match self.stream.peek() {
            None => {
                self.state = State::End;
                return Some(Element::broken(self.root_line, "the file ends within the object: it may be cut off"));
            }
            Some(b'}') => {
                self.stream.bump();
                self.state = State::Root;
                if !self.root_has_list {
                    let mut bytes = std::mem::take(&mut self.root);
                    bytes.push(b'}');
                    let cut = if bytes.len() > MAX_RECORD { Cut::TooBig } else { Cut::Whole };
                    return Some(self.element(self.root_line, &bytes, &cut));
                }
            }
            Some(b'"') => {
                let mut key = Vec::new();
                self.cut(&mut key);
                self.stream.skip_whitespace();
                if self.stream.peek() != Some(b':') {
                    return Some(Element::broken(line, "not JSON: a name without a value"));
                }
                self.stream.bump();
                self.stream.skip_whitespace();
                let name = String::from_utf8_lossy(&key);
                if self.stream.peek() == Some(b'[') && self.lists.contains(&name.trim_matches('"')) {
                    self.stream.bump();
                    self.root_has_list = true;
                    self.state = State::List { in_object: true };
                    return None;
                }
                let mut value = Vec::new();
                self.cut(&mut value);
                if self.root.len() <= MAX_RECORD {
                    if self.root.len() > 1 {
                        self.root.push(b',');
                    }
                    self.root.extend_from_slice(&key);
                    self.root.push(b':');
                    self.root.extend_from_slice(&value);
                }
            }
            Some(_) => {
                self.stream.bump();
            }
        }
        None
    }

    fn element(&self, line: u64, bytes: &[u8], cut: &Cut) -> Element {
        match cut {
            Cut::TooBig => return Element::broken(line, format!("larger than {MAX_RECORD} bytes")),
            Cut::Unfinished => return Element::broken(line, "the file ends within this record: it may be cut off"),
            Cut::Whole => {}
        }
        let value = self.stream.decode(bytes).and_then(|text| {
            // `serde_json` refuses more than 128 levels by itself.
            let value: Value = serde_json::from_str(&text).map_err(|error| format!("not JSON: {error}"))?;
            if value.is_object() { Ok(value) } else { Err("not an object".into()) }
        });
        Element { line, value }
    }

    /// Takes one value of any kind.
    fn cut(&mut self, out: &mut Vec<u8>) -> Cut {
        let mut depth = 0_u32;
        let mut big = false;
        loop {
            let Some(byte) = self.stream.peek() else {
                return if depth == 0 && !out.is_empty() { Cut::Whole } else { Cut::Unfinished };
            };
            // A number or word ends where something else begins, which is not part of it.
            if depth == 0
                && !out.is_empty()
                && (byte.is_ascii_whitespace() || matches!(byte, b',' | b']' | b'}' | b':'))
            {
                break;
            }
            self.stream.bump();
            match byte {
                b'"' => {
                    if !self.string(out, &mut big) {
                        return Cut::Unfinished;
                    }
                    if depth == 0 {
                        break;
                    }
                }
                b'{' | b'[' => {
                    depth = depth.saturating_add(1);
                    push(out, &mut big, &[byte]);
                }
                b'}' | b']' => {
                    push(out, &mut big, &[byte]);
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        break;
                    }
                }
                _ => push(out, &mut big, &[byte]),
            }
        }
        if big { Cut::TooBig } else { Cut::Whole }
    }

    /// Takes the rest of a string, whose opening quote is already taken. `false` if the file ends first.
    fn string(&mut self, out: &mut Vec<u8>, big: &mut bool) -> bool {
        push(out, big, b"\"");
        while let Some(byte) = self.stream.bump() {
            match byte {
                b'\\' => {
                    let Some(escaped) = self.stream.bump() else { return false };
                    push(out, big, &[byte, escaped]);
                }
                b'"' if self.closes() => {
                    push(out, big, b"\"");
                    return true;
                }
                b'"' => push(out, big, b"\\\""),
                b'\n' => push(out, big, b"\\n"),
                b'\r' => {}
                0..0x20 | 0x7F => push(out, big, b" "),
                _ => push(out, big, &[byte]),
            }
        }
        false
    }

    /// Whether the quote just taken ends a string: only a comma, colon or closing bracket may follow then.
    fn closes(&mut self) -> bool {
        let mut wanted = 16;
        loop {
            let ahead = self.stream.ahead(wanted);
            if let Some(next) = ahead.iter().find(|it| !it.is_ascii_whitespace()) {
                return matches!(next, b',' | b':' | b'}' | b']');
            }
            if ahead.len() < wanted || wanted > 4096 {
                return true;
            }
            wanted *= 4;
        }
    }
}

fn push(out: &mut Vec<u8>, big: &mut bool, bytes: &[u8]) {
    if out.len() + bytes.len() > MAX_RECORD {
        *big = true;
    } else if !*big {
        out.extend_from_slice(bytes);
    }
}

impl Iterator for Elements {
    type Item = Element;

    fn next(&mut self) -> Option<Element> {
        loop {
            let found = match self.state {
                State::Root => {
                    if self.stream.peek().is_none() {
                        self.state = State::End;
                        continue;
                    }
                    self.root()
                }
                State::List { in_object } => self.list(in_object),
                State::Object => self.object(),
                State::End => {
                    let error = self.stream.take_error()?;
                    let line = self.stream.line();
                    return Some(Element::broken(line, format!("cannot read further: {error}")));
                }
            };
            if found.is_some() {
                return found;
            }
        }
    }
}

/// The first of some members that is a text (or a number, as a text), trimmed.
pub(super) fn text<'a>(value: &'a Value, names: &[&str]) -> std::borrow::Cow<'a, str> {
    for name in names {
        match &value[*name] {
            Value::String(text) if !text.trim().is_empty() => return text.trim().into(),
            Value::Number(number) => return number.to_string().into(),
            _ => {}
        }
    }
    "".into()
}

/// A number, also if it is written as a text.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().replace(',', ".").parse().ok(),
        _ => None,
    }
    .filter(|it| it.is_finite())
}

/// `true`, `1`, `"1"`, `"true"`, and the same for `false`.
pub(super) fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => Some(number.as_f64()? != 0.0),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" => Some(true),
            "0" | "false" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    }
}
