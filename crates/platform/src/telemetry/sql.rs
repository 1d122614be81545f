//! What the driver tells: each statement with its time, and how long somebody waited for a connection.

use std::{fmt, sync::LazyLock, time::Duration};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, histogram::Histogram},
};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
};
use tracing_subscriber::{
    Layer,
    filter::{FilterFn, filter_fn},
    layer::Context,
};

use crate::{
    metrics::{self, Buckets, NoLabels, SECONDS},
    trace::{Span, TraceContext},
};

const STATEMENT: &str = "sqlx::query";
const CONNECTION: &str = "sqlx::pool::acquire";

/// Only what is about statements and connections, however little else is wanted.
pub(super) fn filter() -> FilterFn<fn(&Metadata<'_>) -> bool> {
    let wanted: fn(&Metadata<'_>) -> bool = |about| matches!(about.target(), STATEMENT | CONNECTION);
    filter_fn(wanted).with_max_level_hint(LevelFilter::DEBUG)
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Statement {
    db_query_summary: String,
}

struct Metrics {
    duration: Family<Statement, Histogram, Buckets>,
    wait: Histogram,
}

static METRICS: LazyLock<Metrics> = LazyLock::new(|| Metrics {
    duration: metrics::histogram(
        "db_client_operation_duration_seconds",
        "From sending a statement to its last row",
        SECONDS,
    ),
    wait: metrics::histogram::<NoLabels>(
        "db_client_connection_wait_time_seconds",
        "How long somebody waited for a connection",
        SECONDS,
    )
    .get_or_create_owned(&NoLabels {}),
});

/// Turns what the driver tells into metrics, and into spans of the work at hand.
pub(super) struct Statements;

impl Statements {
    pub(super) fn new() -> Self {
        LazyLock::force(&METRICS);
        Self
    }
}

impl<S: Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut told = Told::default();
        event.record(&mut told);
        let Some(seconds) = told.seconds else { return };
        if event.metadata().target() == CONNECTION {
            METRICS.wait.observe(seconds);
            return;
        }
        let text = if told.statement.is_empty() { &told.summary } else { &told.statement };
        let summary = summary(text);
        if TraceContext::of_task().is_some_and(TraceContext::is_sampled) {
            let mut span = Span::client(summary.clone()).since(Duration::from_secs_f64(seconds));
            span.set("db.system.name", "postgresql");
            span.set("db.query.summary", summary.clone());
            // It is the program's own text: what people said is in parameters, which are not in it.
            span.set("db.query.text", text.trim().to_owned());
        }
        METRICS.duration.get_or_create(&Statement { db_query_summary: summary }).observe(seconds);
    }
}

#[derive(Default)]
struct Told {
    summary: String,
    statement: String,
    seconds: Option<f64>,
}

impl Visit for Told {
    fn record_f64(&mut self, field: &Field, value: f64) {
        // The second is how the driver spells it.
        if matches!(field.name(), "elapsed_secs" | "aquired_after_secs") {
            self.seconds = Some(value);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.statement),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// What a statement does, and to which table: `SELECT events`. There are as many as there are kinds of statements in the program.
fn summary(statement: &str) -> String {
    let plain = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric() && c != '_').to_owned();
    let mut words = statement.split_whitespace();
    let Some(first) = words.next().map(|word| plain(word).to_ascii_uppercase()) else { return "-".to_owned() };
    let is_before_table =
        |word: &str| matches!(word.to_ascii_uppercase().as_str(), "FROM" | "INTO" | "JOIN" | "LATERAL");
    let mut table = None;
    if first == "UPDATE" {
        table = words.next().map(plain);
    } else if matches!(first.as_str(), "SELECT" | "INSERT" | "DELETE" | "WITH" | "LOCK") {
        let mut before = false;
        for word in words {
            // Not a list of parameters that is read like a table, and not a question within the question.
            let is_name = !word.starts_with('(') && !word.contains('(');
            if before && is_name && !is_before_table(word) {
                table = Some(plain(word));
                break;
            }
            before = is_before_table(plain(word).as_str());
        }
    }
    match table.filter(|table| !table.is_empty()) {
        Some(table) => format!("{first} {table}"),
        None => first,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_named_by_what_it_does_to_which_table() {
        for (statement, name) in [
            ("SELECT * FROM events WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE", "SELECT events"),
            ("\n\nINSERT INTO joins (id, event_id)\n SELECT id FROM unnest($1) AS n (id)\n", "INSERT joins"),
            ("UPDATE joins j SET line_no = 1", "UPDATE joins"),
            ("DELETE FROM outbox WHERE seq = ANY($1)", "DELETE outbox"),
            (
                "SELECT k.key FROM unnest($1::uuid[]) AS asked (user_id) JOIN idempotency k ON true",
                "SELECT idempotency",
            ),
            ("BEGIN; SET LOCAL lock_timeout = '1500ms'", "BEGIN"),
            ("COMMIT", "COMMIT"),
            ("SELECT pg_try_advisory_xact_lock(hashtext('x'))", "SELECT"),
            ("SELECT EXISTS (SELECT FROM bans WHERE event_id = $1)", "SELECT bans"),
            ("", "-"),
        ] {
            assert_eq!(summary(statement), name, "{statement}");
        }
    }
}
