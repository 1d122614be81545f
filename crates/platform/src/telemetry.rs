//! Logs. JSON for machines, text in a terminal; the same dotted field names everywhere.

use std::io::IsTerminal as _;

use tracing_subscriber::{
    EnvFilter, Layer as _, filter::LevelFilter, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::config::{Log, LogFormat};

/// Starts logging to standard error. Calling it twice is harmless.
///
/// # Errors
/// If the level's directives cannot be read.
pub fn init(log: &Log) -> Result<(), String> {
    let filter = filter(&log.level)?;
    let json = match log.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let layer = if json {
        layer.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
    } else {
        layer.with_target(false).boxed()
    };
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
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
