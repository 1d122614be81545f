//! Logs: JSON for machines, text in a terminal; the same dotted field names everywhere, see `docs/telemetry.md`. And what the database's
//! driver tells of its statements, as metrics and spans.

mod json;
mod sql;

use std::{
    io::IsTerminal as _,
    sync::{Mutex, OnceLock},
};

use tracing_subscriber::{
    EnvFilter, Layer as _, Registry, filter::LevelFilter, layer::SubscriberExt as _, reload,
    util::SubscriberInitExt as _,
};

use crate::config::{Log, LogFormat, Telemetry};

static LEVEL: OnceLock<Level> = OnceLock::new();

struct Level {
    handle: reload::Handle<EnvFilter, Registry>,
    now: Mutex<String>,
}

/// Starts logging to standard error. Calling it twice is harmless.
///
/// # Errors
/// If the level's directives cannot be read.
pub fn init(log: &Log, telemetry: &Telemetry) -> Result<(), String> {
    let (filter, handle) = reload::Layer::new(filter(&log.level)?);
    let json = match log.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    let lines = if json {
        json::Lines.boxed()
    } else {
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false).boxed()
    };
    // Statements are measured whatever is logged of them.
    let statements = telemetry.metrics.then(|| sql::Statements::new().with_filter(sql::filter()));
    let started = tracing_subscriber::registry().with(lines.with_filter(filter)).with(statements).try_init();
    if started.is_ok() {
        let _ = LEVEL.set(Level { handle, now: Mutex::new(log.level.clone()) });
    }
    Ok(())
}

/// What is logged at the moment.
pub fn level() -> String {
    LEVEL.get().and_then(|it| it.now.lock().ok().map(|now| now.clone())).unwrap_or_default()
}

/// Logs more or less from now on, until the process ends.
///
/// # Errors
/// If the directives cannot be read, or nothing is logged at all.
pub fn set_level(directives: &str) -> Result<(), String> {
    let level = LEVEL.get().ok_or("logging has not begun")?;
    level.handle.reload(filter(directives)?).map_err(|error| error.to_string())?;
    if let Ok(mut now) = level.now.lock() {
        directives.clone_into(&mut now);
    }
    Ok(())
}

/// What is logged. A word that is no level would be taken for a target and silence all others.
pub(crate) fn filter(level: &str) -> Result<EnvFilter, String> {
    let mut depth = 0_i32;
    let directives = level.split(|c| {
        depth += i32::from(matches!(c, '[' | '{')) - i32::from(matches!(c, ']' | '}'));
        c == ',' && depth == 0
    });
    for directive in directives {
        let plain = !directive.contains(['=', '[']);
        if plain && (directive.is_empty() || directive.parse::<LevelFilter>().is_err()) {
            return Err(
                "must be off, error, warn, info, debug or trace, or directives as in info,joins=debug".to_owned()
            );
        }
    }
    EnvFilter::try_new(level).map_err(|error| error.to_string())
}
