//! Reads event files of other publishers: cities' open data and calendars.
//!
//! A file is never held whole. [`open`] looks through it once (encoding, format; for calendars also zones and overrides),
//! then the returned [`Import`] yields one [`Parsed`] after the other: an event that is fit to be stored, or a record that was
//! refused, with its line and a reason that a person can act on. Nothing in a file can end the run: a broken record costs
//! itself only.
//!
//! What is decided here, once, for all formats:
//!
//! - **Time.** An event is stored as wall time and IANA zone. An instant in UTC becomes wall time at the venue; a time whose
//!   zone cannot be told is refused rather than guessed. A wall time in a spring-forward gap is read with the offset before
//!   the gap, one that occurs twice means the first (RFC 5545, 3.3.5).
//! - **Ends.** A known start with no end lasts [`DEFAULT_DURATION`]. All-day events run from 00:00 of the first to 23:59 of the
//!   last day, so that the last day is shown whoever reads the two dates.
//! - **Texts.** Markup and entities become plain text, control characters go, and what Markdown would read as syntax is
//!   escaped. Nothing is replaced by `U+FFFD`: a record that cannot be decoded is refused.
//! - **Keys.** [`ImportedEvent::source_key`] and [`ImportedEvent::uid`] identify an event over repeated imports. Where a format
//!   has no identifier, the uid is a hash of title, start and place.

mod classify;
mod clock;
mod draft;
mod ics;
mod input;
mod json;
mod jsonld;
mod madrid;
mod madrid_files;
mod markets;
mod options;
mod source;
mod text;
mod zones;

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read, Seek},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use chrono::{Duration, NaiveDateTime};
use chrono_tz::Tz;
use contracts::{Category, events::Source, events::Venue};
use sha2::{Digest, Sha256};

pub use options::{Format, ImportOptions, UnknownFormat};

use draft::Draft;
use input::Input;

/// How long an event is taken to last when only its start is known.
pub const DEFAULT_DURATION: Duration = Duration::hours(2);

/// Characters in a title.
const MAX_TITLE: usize = 200;
/// Bytes of one record; a bigger one is skipped, and refused.
const MAX_RECORD: usize = 1 << 20;

/// An event as a file tells it, cleaned and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedEvent {
    /// Which data set. Together with `uid` it is the key of the event over repeated imports.
    pub source_key: String,
    /// The event in its data set. An occurrence of a series has `#` and its original start behind the series' uid.
    pub uid: String,
    /// 1 to 200 characters, one line.
    pub title: String,
    /// Markdown; may be empty.
    pub description: String,
    /// What kind of event.
    pub category: Category,
    /// Primary language subtag of the texts, `und` when it cannot be told.
    pub language: String,
    /// City name; never empty.
    pub city: String,
    /// Place; its name is never empty.
    pub venue: Venue,
    /// Wall time at the venue; exists in `timezone`.
    pub starts_at_local: NaiveDateTime,
    /// Wall time at the venue; after the start.
    pub ends_at_local: NaiveDateTime,
    /// Of the venue.
    pub timezone: Tz,
    /// Only the dates matter: the times are 00:00 and 23:59.
    pub all_day: bool,
    /// As the publisher words it, at most 200 characters.
    pub price: Option<String>,
    /// Unknown when the publisher does not say, or says both.
    pub is_free: Option<bool>,
    /// An `http` or `https` address.
    pub external_url: Option<String>,
    /// Where it comes from, and under which terms.
    pub source: Source,
    /// The publisher called it off.
    pub cancelled: bool,
}

impl ImportedEvent {
    /// Moves the event by whole weeks, keeping weekday and wall time. Dates outside of the calendar's range stay.
    pub fn shift_weeks(&mut self, weeks: i64) {
        let Some(by) = Duration::try_weeks(weeks) else { return };
        if let (Some(start), Some(end)) =
            (self.starts_at_local.checked_add_signed(by), self.ends_at_local.checked_add_signed(by))
        {
            self.starts_at_local = start;
            self.ends_at_local = end;
        }
    }

    /// SHA-256 over every field: equal exactly when nothing about the event changed.
    pub fn fingerprint(&self) -> [u8; 32] {
        let Self {
            source_key,
            uid,
            title,
            description,
            category,
            language,
            city,
            venue,
            starts_at_local,
            ends_at_local,
            timezone,
            all_day,
            price,
            is_free,
            external_url,
            source,
            cancelled,
        } = self;
        let mut hash = Sha256::new();
        // Length first, so that no two lists of fields run together into the same bytes.
        let mut field = |value: Option<&str>| {
            hash.update([u8::from(value.is_some())]);
            let bytes = value.unwrap_or_default().as_bytes();
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        let number = |value: Option<f64>| value.map(|it| it.to_bits().to_string());
        for text in [source_key, uid, title, description, language, city, &venue.name] {
            field(Some(text));
        }
        field(Some(category.as_str()));
        field(venue.address.as_deref());
        field(number(venue.lat).as_deref());
        field(number(venue.lon).as_deref());
        field(Some(&starts_at_local.to_string()));
        field(Some(&ends_at_local.to_string()));
        field(Some(timezone.name()));
        field(price.as_deref());
        field(is_free.map(|it| if it { "yes" } else { "no" }));
        field(external_url.as_deref());
        for text in [&source.name, &source.licence, &source.attribution] {
            field(Some(text));
        }
        field(source.url.as_deref());
        field(Some(match (all_day, cancelled) {
            (true, true) => "all-day, cancelled",
            (true, false) => "all-day",
            (false, true) => "cancelled",
            (false, false) => "",
        }));
        hash.finalize().into()
    }
}

/// A record that does not become an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Where the record starts in the file, counted from 1.
    pub line: u64,
    /// Its title or identifier, shortened.
    pub record: String,
    /// Why, for a person.
    pub reason: String,
}

impl Rejected {
    fn new(line: u64, record: &str, reason: impl Into<String>) -> Self {
        let record = text::label(record);
        Self { line, record: if record.is_empty() { "record".into() } else { record }, reason: reason.into() }
    }
}

/// What became of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Parsed {
    /// Fit to be stored.
    Event(Box<ImportedEvent>),
    /// Refused.
    Rejected(Rejected),
}

/// The file cannot be read as events at all.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The operating system says so.
    #[error("cannot read {name}: {error}")]
    Io {
        /// The file.
        name: String,
        /// What happened.
        error: io::Error,
    },
    /// Neither the content nor the file name's ending tells.
    #[error(
        "cannot tell the format of {name}; it can be given as one of: {}",
        Format::ALL.map(Format::as_str).join(", ")
    )]
    UnknownFormat {
        /// The file.
        name: String,
    },
    /// Of the Encoding Standard's labels.
    #[error("unknown encoding {label}; a label such as utf-8, windows-1252 or utf-16le is wanted")]
    UnknownEncoding {
        /// What was asked for.
        label: String,
    },
    /// A table lacks columns without which nothing can be told.
    #[error("{name} has no column {column}")]
    MissingColumn {
        /// The file.
        name: String,
        /// The first one missing.
        column: &'static str,
    },
}

/// How far the reading is.
#[derive(Clone, Debug)]
pub struct Progress {
    read: Arc<AtomicU64>,
    total: u64,
}

impl Progress {
    /// Bytes of the file read so far.
    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed).min(self.total)
    }

    /// Bytes of the file.
    pub fn bytes_total(&self) -> u64 {
        self.total
    }
}

/// What a format's reader hands on.
enum Outcome {
    Draft { line: u64, draft: Box<Draft> },
    Rejected(Rejected),
}

impl Outcome {
    fn draft(line: u64, draft: Draft) -> Self {
        Self::Draft { line, draft: Box::new(draft) }
    }

    fn rejected(line: u64, record: &str, reason: impl Into<String>) -> Self {
        Self::Rejected(Rejected::new(line, record, reason))
    }
}

/// The records of one file, in order.
pub struct Import {
    records: Box<dyn Iterator<Item = Outcome> + Send>,
    seen: HashMap<[u8; 16], u64>,
    format: Format,
    progress: Progress,
}

impl Import {
    /// As which format the file is read.
    pub fn format(&self) -> Format {
        self.format
    }

    /// To be kept beside the iteration, for a progress bar.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    fn accept(&mut self, line: u64, draft: Draft) -> Parsed {
        let title = if draft.title.trim().is_empty() { draft.uid.clone() } else { Some(draft.title.clone()) };
        let title = title.unwrap_or_default();
        let refused = |reason: String| Parsed::Rejected(Rejected::new(line, &title, reason));
        let event = match draft.finish() {
            Ok(event) => event,
            Err(reason) => return refused(reason),
        };
        // The first of two records with one key wins: if the last did, importing the same file again would change the
        // event twice each time.
        match self.seen.entry(draft::digest(&[&event.source_key, &event.uid])) {
            std::collections::hash_map::Entry::Occupied(first) => {
                refused(format!("duplicate of the record at line {}", first.get()))
            }
            std::collections::hash_map::Entry::Vacant(slot) => {
                slot.insert(line);
                Parsed::Event(Box::new(event))
            }
        }
    }
}

impl Iterator for Import {
    type Item = Parsed;

    fn next(&mut self) -> Option<Parsed> {
        Some(match self.records.next()? {
            Outcome::Draft { line, draft } => self.accept(line, *draft),
            Outcome::Rejected(rejected) => Parsed::Rejected(rejected),
        })
    }
}

/// Opens a file of events.
///
/// # Errors
/// When it cannot be read, or not be told what it is. Everything later is a [`Rejected`] record.
pub fn open(path: &Path, options: &ImportOptions) -> Result<Import, ImportError> {
    let name = path.file_name().map_or_else(|| path.display().to_string(), |it| it.to_string_lossy().into_owned());
    let file = File::open(path).map_err(|error| ImportError::Io { name: name.clone(), error })?;
    read(file, &name, options)
}

/// As [`open`], from anything that can be read twice. `name` is a file name; its ending helps to tell the format.
///
/// # Errors
/// As for [`open`].
pub fn read(
    reader: impl Read + Seek + Send + 'static,
    name: &str,
    options: &ImportOptions,
) -> Result<Import, ImportError> {
    let mut input = Input::examine(Box::new(reader), name, options)?;
    let format = match options.format {
        Some(format) => format,
        None => {
            Format::detect(&input.head, name).ok_or_else(|| ImportError::UnknownFormat { name: name.to_owned() })?
        }
    };
    let options = Arc::new(options.clone());
    let records: Box<dyn Iterator<Item = Outcome> + Send> = match format {
        Format::MadridCsv => Box::new(madrid_files::CsvRecords::new(&mut input, options)?),
        Format::MadridJson => Box::new(madrid_files::json_records(&mut input, options)?),
        Format::MadridXml => Box::new(madrid_files::XmlRecords::new(&mut input, options)?),
        Format::MarketJson => Box::new(markets::records(&mut input, options)?),
        Format::JsonLd => Box::new(jsonld::records(&mut input, options)?),
        Format::Ics => Box::new(ics::records(&mut input, options)?),
    };
    let progress = Progress { read: Arc::clone(&input.read), total: input.total };
    Ok(Import { records, seen: HashMap::new(), format, progress })
}
