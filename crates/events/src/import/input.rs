//! Bytes of a file as UTF-8, counted and with line numbers.

use std::{
    io::{self, Read, Seek, SeekFrom},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::{ImportError, ImportOptions};

const CHUNK: usize = 64 * 1024;
/// How much of the start is looked at to tell the format.
const HEAD: usize = 64 * 1024;

pub(super) trait Source: Read + Seek + Send {}
impl<T: Read + Seek + Send> Source for T {}

/// A file that has been looked through once: length and encoding are known.
pub(super) struct Input {
    pub(super) name: String,
    /// The first part of the file.
    pub(super) head: String,
    pub(super) total: u64,
    /// Bytes of the file that the last stream has read.
    pub(super) read: Arc<AtomicU64>,
    reader: Option<Box<dyn Source>>,
    encoding: &'static Encoding,
    /// There is a line feed, so that a lone carriage return ends no line.
    line_feeds: bool,
}

impl Input {
    pub(super) fn examine(
        mut reader: Box<dyn Source>,
        name: &str,
        options: &ImportOptions,
    ) -> Result<Self, ImportError> {
        let io = |error| ImportError::Io { name: name.to_owned(), error };
        let survey = Survey::of(&mut reader).map_err(io)?;
        let encoding = match &options.encoding {
            Some(label) => Encoding::for_label(label.trim().as_bytes())
                .ok_or_else(|| ImportError::UnknownEncoding { label: label.clone() })?,
            None => survey.encoding(),
        };
        let (head, _, _) = encoding.decode(&survey.head);
        Ok(Self {
            name: name.to_owned(),
            head: head.into_owned(),
            total: survey.total,
            read: Arc::default(),
            reader: Some(reader),
            encoding,
            line_feeds: survey.line_feeds,
        })
    }

    /// From the start, for a look ahead; the next stream starts over.
    pub(super) fn look_ahead<T>(&mut self, look: impl FnOnce(&mut Stream) -> T) -> Result<T, ImportError> {
        let counter = Arc::default();
        let mut stream = self.start(counter)?;
        let result = look(&mut stream);
        self.reader = Some(stream.reader);
        Ok(result)
    }

    /// From the start, to keep.
    pub(super) fn stream(&mut self) -> Result<Stream, ImportError> {
        let counter = Arc::clone(&self.read);
        self.start(counter)
    }

    fn start(&mut self, counter: Arc<AtomicU64>) -> Result<Stream, ImportError> {
        let io = |error| ImportError::Io { name: self.name.clone(), error };
        let mut reader = self.reader.take().ok_or_else(|| io(io::Error::other("it is being read already")))?;
        reader.seek(SeekFrom::Start(0)).map_err(io)?;
        let mut stream = Stream {
            reader,
            counter,
            decoder: (self.encoding != UTF_8).then(|| self.encoding.new_decoder_with_bom_removal()),
            encoding: self.encoding,
            line_feeds: self.line_feeds,
            raw: Vec::new(),
            buffer: Vec::new(),
            at: 0,
            line: 1,
            ended: false,
            error: None,
        };
        if stream.ahead(3) == [0xEF, 0xBB, 0xBF] {
            stream.at += 3;
        }
        Ok(stream)
    }
}

/// What the whole file is like.
#[derive(Default)]
struct Survey {
    head: Vec<u8>,
    total: u64,
    line_feeds: bool,
    /// Sequences of several bytes that are UTF-8.
    multibyte: u64,
    /// Places where it is not UTF-8.
    invalid: u64,
}

impl Survey {
    fn of(reader: &mut Box<dyn Source>) -> io::Result<Self> {
        let mut survey = Self::default();
        let mut chunk = Vec::with_capacity(CHUNK + 4);
        reader.seek(SeekFrom::Start(0))?;
        loop {
            let carried = chunk.len();
            let got = reader.by_ref().take(CHUNK as u64).read_to_end(&mut chunk)?;
            let new = &chunk[carried..];
            survey.total += got as u64;
            survey.line_feeds |= new.contains(&b'\n');
            let wanted = HEAD.saturating_sub(survey.head.len());
            survey.head.extend_from_slice(&new[..new.len().min(wanted)]);
            let rest = survey.count(&chunk, got == 0);
            chunk.drain(..rest);
            if got == 0 {
                return Ok(survey);
            }
        }
    }

    /// Returns how many bytes are done with; an unfinished sequence at the end waits for the next chunk.
    fn count(&mut self, mut bytes: &[u8], last: bool) -> usize {
        let all = bytes.len();
        loop {
            let (valid, error) = match std::str::from_utf8(bytes) {
                Ok(text) => (text.as_bytes(), None),
                Err(error) => (&bytes[..error.valid_up_to()], Some(error)),
            };
            self.multibyte += valid.iter().filter(|byte| **byte >= 0xC2).count() as u64;
            let done = all - bytes.len() + valid.len();
            let Some(error) = error else { return done };
            match error.error_len() {
                None if !last => return done,
                None => {
                    self.invalid += 1;
                    return all;
                }
                Some(length) => {
                    self.invalid += 1;
                    bytes = &bytes[error.valid_up_to() + length..];
                }
            }
        }
    }

    fn encoding(&self) -> &'static Encoding {
        if let Some((encoding, _)) = Encoding::for_bom(&self.head) {
            return encoding;
        }
        match self.head.as_slice() {
            [a, 0, b, 0, ..] if *a != 0 && *b != 0 => return UTF_16LE,
            [0, a, 0, b, ..] if *a != 0 && *b != 0 => return UTF_16BE,
            _ => {}
        }
        // A file that is UTF-8 but for a few broken places would become mojibake all over if it were read as
        // Windows-1252; read as UTF-8 it loses the broken records only.
        if self.invalid == 0 || self.multibyte > self.invalid.saturating_mul(4) { UTF_8 } else { WINDOWS_1252 }
    }
}

/// Bytes that are UTF-8 (unless the file claims to be and is not), one after the other.
pub(super) struct Stream {
    reader: Box<dyn Source>,
    counter: Arc<AtomicU64>,
    decoder: Option<Decoder>,
    encoding: &'static Encoding,
    line_feeds: bool,
    raw: Vec<u8>,
    buffer: Vec<u8>,
    at: usize,
    line: u64,
    ended: bool,
    error: Option<io::Error>,
}

impl Stream {
    /// The line of the next byte, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// What the operating system said, if reading ended because of it.
    pub(super) fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    pub(super) fn peek(&mut self) -> Option<u8> {
        while self.at == self.buffer.len() && !self.ended {
            self.fill();
        }
        self.buffer.get(self.at).copied()
    }

    pub(super) fn bump(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        if byte == b'\n' || (byte == b'\r' && !self.line_feeds) {
            self.line += 1;
        }
        Some(byte)
    }

    /// The next `count` bytes (fewer at the end), without taking them.
    pub(super) fn ahead(&mut self, count: usize) -> &[u8] {
        while self.buffer.len() - self.at < count && !self.ended {
            self.fill();
        }
        &self.buffer[self.at..self.buffer.len().min(self.at + count)]
    }

    /// Takes `count` bytes that [`Self::ahead`] has shown.
    pub(super) fn take(&mut self, count: usize) {
        for _ in 0..count {
            self.bump();
        }
    }

    pub(super) fn skip_whitespace(&mut self) {
        while self.peek().is_some_and(|it| it.is_ascii_whitespace()) {
            self.bump();
        }
    }

    /// The rest of the line without its end, of which no more than `limit` bytes are kept. `None` at the end of the file.
    pub(super) fn read_line(&mut self, limit: usize) -> Option<Vec<u8>> {
        self.peek()?;
        let mut line = Vec::new();
        while let Some(byte) = self.bump() {
            match byte {
                b'\n' => break,
                b'\r' if !self.line_feeds => break,
                _ if line.len() < limit => line.push(byte),
                _ => {}
            }
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Some(line)
    }

    /// A record's text, or why it is not one.
    pub(super) fn decode(&self, bytes: &[u8]) -> Result<String, String> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
            format!("not valid UTF-8: byte 0x{byte:02X} (is the file in two encodings?)")
        })?;
        if self.encoding == WINDOWS_1252
            && let Some(undefined) =
                text.chars().find(|it| matches!(it, '\u{81}' | '\u{8d}' | '\u{8f}' | '\u{90}' | '\u{9d}'))
        {
            return Err(format!("byte 0x{:02X} means nothing in windows-1252; give the encoding", undefined as u32));
        }
        if self.decoder.is_some() && text.contains('\u{fffd}') {
            return Err(format!("not valid {}", self.encoding.name()));
        }
        Ok(text.to_owned())
    }

    fn fill(&mut self) {
        if self.ended {
            return;
        }
        self.buffer.drain(..self.at);
        self.at = 0;
        self.raw.clear();
        match self.reader.by_ref().take(CHUNK as u64).read_to_end(&mut self.raw) {
            Ok(0) => self.ended = true,
            Ok(got) => {
                self.counter.fetch_add(got as u64, Ordering::Relaxed);
            }
            Err(error) => {
                self.error = Some(error);
                self.ended = true;
            }
        }
        let Some(decoder) = &mut self.decoder else {
            self.buffer.extend_from_slice(&self.raw);
            return;
        };
        let mut rest = self.raw.as_slice();
        loop {
            let start = self.buffer.len();
            self.buffer.resize(start + rest.len().max(16) * 3, 0);
            let (result, taken, written, _) = decoder.decode_to_utf8(rest, &mut self.buffer[start..], self.ended);
            self.buffer.truncate(start + written);
            rest = &rest[taken..];
            if result == CoderResult::InputEmpty {
                return;
            }
        }
    }
}
