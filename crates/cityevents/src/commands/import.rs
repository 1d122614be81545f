use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use clap::Args;
use contracts::Category;
use events::{
    Outcome,
    import::{self, Format, ImportOptions, ImportedEvent, Parsed, Rejected},
};
use indicatif::{ProgressBar, ProgressStyle};
use platform::{Clock, config::Config, outbox::Outbox};
use serde_json::json;
use sqlx::PgPool;

/// Events that are stored in one transaction.
const BATCH: usize = 200;
/// Rejected rows that are printed for one file; all of them go into the report.
const SHOWN: usize = 10;
const NO_EVENTS: &str = "it holds no events";
/// A file that is longer has something in it.
const LONGEST_BLANK: u64 = 4096;

/// What to import.
#[derive(Args, Debug)]
pub struct Options {
    /// Files of events.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Format, where it cannot be told from the file.
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Character encoding, where it cannot be told from the file.
    #[arg(long, value_name = "LABEL")]
    encoding: Option<String>,
    /// Shown on each event's page as its source.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Under which licence the data may be shown.
    #[arg(long, value_name = "LICENCE")]
    licence: Option<String>,
    /// The sentence that the licence asks for.
    #[arg(long, value_name = "SENTENCE")]
    attribution: Option<String>,
    /// For times without a zone (IANA name).
    #[arg(long, value_name = "ZONE")]
    timezone: Option<Tz>,
    /// For events that name no city.
    #[arg(long, value_name = "CITY")]
    city: Option<String>,
    /// For texts that do not say their language, such as `de`.
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<String>,
    /// For events whose category cannot be told.
    #[arg(long, value_name = "CATEGORY")]
    category: Option<Category>,
    /// Write every rejected row with line and reason to this file, as JSON lines.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Move old data into the future by whole weeks (mode = "dev" only).
    #[arg(long)]
    shift_dates: bool,
}

#[derive(Debug, Default)]
struct Summary {
    inserted: usize,
    updated: usize,
    unchanged: usize,
    rejected: Vec<Rejected>,
}

impl Summary {
    fn is_empty(&self) -> bool {
        self.inserted + self.updated + self.unchanged + self.rejected.len() == 0
    }
}

/// Reads files of events; repeating it changes nothing.
pub async fn run(config: &Config, options: Options) -> anyhow::Result<()> {
    if options.shift_dates && !config.is_dev() {
        bail!("--shift-dates changes what the data says: it works only where mode = \"dev\"");
    }
    let database = super::open(config).await?;
    let pool = super::pool(&database, events::SCHEMA.name)?;
    let outcome = all(&pool, &options).await;
    pool.close().await;
    database.close().await?;
    outcome
}

async fn all(pool: &PgPool, options: &Options) -> anyhow::Result<()> {
    let clock = Clock::system();
    let mut failed = 0;
    let mut report = Vec::new();
    for path in &options.files {
        match file(pool, &clock, path, options).await {
            Ok(summary) => {
                print(path, &summary);
                report.extend(summary.rejected.into_iter().map(|rejected| (path.clone(), rejected)));
            }
            Err(error) => {
                failed += 1;
                println!("{}: {error:#}", path.display());
            }
        }
    }
    if let Some(target) = &options.report {
        let lines: Vec<String> = report
            .iter()
            .map(|(path, it)| {
                json!({ "file": path, "line": it.line, "record": it.record, "reason": it.reason }).to_string() + "\n"
            })
            .collect();
        std::fs::write(target, lines.concat()).with_context(|| format!("cannot write {}", target.display()))?;
    }
    if failed > 0 {
        bail!("{failed} of {} files could not be read", options.files.len());
    }
    Ok(())
}

async fn file(pool: &PgPool, clock: &Clock, path: &Path, options: &Options) -> anyhow::Result<Summary> {
    if is_blank(path)? {
        bail!(NO_EVENTS);
    }
    let settings = settings(options, clock.now());
    let weeks = if options.shift_dates { weeks_to_shift(path, &settings, clock.now())? } else { 0 };
    let source = import::open(path, &settings)?;
    let progress = source.progress();
    let bar = bar(path, progress.bytes_total());
    let outbox = Outbox::new(clock.clone());
    let feed = path.canonicalize()?.display().to_string();
    let mut summary = Summary::default();
    let mut batch: Vec<ImportedEvent> = Vec::with_capacity(BATCH);
    for parsed in source {
        match parsed {
            Parsed::Rejected(rejected) => summary.rejected.push(rejected),
            Parsed::Event(mut event) => {
                event.shift_weeks(weeks);
                batch.push(*event);
            }
        }
        if batch.len() == BATCH {
            store(pool, &outbox, clock, &feed, &mut batch, &mut summary).await?;
            bar.set_position(progress.bytes_read());
        }
    }
    store(pool, &outbox, clock, &feed, &mut batch, &mut summary).await?;
    bar.finish_and_clear();
    if summary.is_empty() {
        bail!(NO_EVENTS);
    }
    Ok(summary)
}

async fn store(
    pool: &PgPool,
    outbox: &Outbox,
    clock: &Clock,
    feed: &str,
    batch: &mut Vec<ImportedEvent>,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    let outcomes = events::upsert_imported(pool, outbox, clock, feed, batch).await?;
    for (outcome, event) in outcomes.into_iter().zip(batch.iter()) {
        match outcome {
            Outcome::Inserted => summary.inserted += 1,
            Outcome::Updated => summary.updated += 1,
            Outcome::Unchanged => summary.unchanged += 1,
            Outcome::Refused(reason) => {
                // By now the line is behind us; the title finds it.
                summary.rejected.push(Rejected { line: 0, record: event.title.clone(), reason });
            }
        }
    }
    batch.clear();
    Ok(())
}

/// Nothing, or nothing but white space: no format can be told from it, and each would say something else.
fn is_blank(path: &Path) -> anyhow::Result<bool> {
    let read = || -> std::io::Result<bool> {
        Ok(path.metadata()?.len() <= LONGEST_BLANK && std::fs::read(path)?.trim_ascii().is_empty())
    };
    read().context("cannot read it")
}

fn settings(options: &Options, now: DateTime<Utc>) -> ImportOptions {
    ImportOptions {
        source_name: options.source.clone(),
        licence: options.licence.clone(),
        attribution: options.attribution.clone(),
        timezone: options.timezone,
        city: options.city.clone(),
        language: options.language.clone(),
        category: options.category,
        format: options.format,
        encoding: options.encoding.clone(),
        // Old data that is about to be shifted is expanded from its own beginning.
        from: (!options.shift_dates).then_some(now),
    }
}

/// Whole weeks after which all but the earliest twentieth of a file's events lie ahead: a data set keeps its shape, and a few
/// stragglers do not push the rest months away.
fn weeks_to_shift(path: &Path, settings: &ImportOptions, now: DateTime<Utc>) -> anyhow::Result<i64> {
    let mut starts: Vec<_> = import::open(path, settings)?
        .filter_map(|parsed| match parsed {
            Parsed::Event(event) => Some(event.starts_at_local.date()),
            Parsed::Rejected(_) => None,
        })
        .collect();
    starts.sort_unstable();
    let Some(first) = starts.get(starts.len() / 20) else { return Ok(0) };
    let days = (now.date_naive() - *first).num_days();
    Ok(if days > 0 { days / 7 + 1 } else { 0 })
}

fn bar(path: &Path, bytes: u64) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes} {eta}") {
        bar.set_style(style);
    }
    bar.set_message(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
    bar
}

fn print(path: &Path, summary: &Summary) {
    let Summary { inserted, updated, unchanged, rejected } = summary;
    println!(
        "{}: {inserted} imported, {updated} updated, {unchanged} unchanged, {} rejected",
        path.display(),
        rejected.len()
    );
    for it in rejected.iter().take(SHOWN) {
        println!("  line {}: {}: {}", it.line, it.record, it.reason);
    }
    if rejected.len() > SHOWN {
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for it in &rejected[SHOWN..] {
            *reasons.entry(&it.reason).or_default() += 1;
        }
        println!("  … and {} more (--report FILE has them all):", rejected.len() - SHOWN);
        for (reason, count) in reasons.iter().take(SHOWN) {
            println!("    {count} × {reason}");
        }
    }
}
