//! One JSON object a line.

use std::{fmt, io::Write as _};

use chrono::SecondsFormat;
use serde_json::{Map, Value, json};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context};

use crate::{Clock, trace::TraceContext};

/// Writes each event as a line. `trace_id` and `span_id` say which work it belongs to.
pub(super) struct Lines;

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = line(event);
        line.push(b'\n');
        // Where nobody can read it, nobody can be told that it was not written.
        let _ = std::io::stderr().lock().write_all(&line);
    }
}

fn line(event: &Event<'_>) -> Vec<u8> {
    let about = event.metadata();
    let mut fields = Fields(Map::new());
    fields.0.insert("timestamp".to_owned(), json!(Clock::system().now().to_rfc3339_opts(SecondsFormat::Micros, true)));
    fields.0.insert("level".to_owned(), json!(about.level().as_str()));
    event.record(&mut fields);
    fields.0.insert("target".to_owned(), json!(about.target()));
    if let Some(context) = TraceContext::of_task() {
        fields.0.insert("trace_id".to_owned(), json!(context.trace_id()));
        fields.0.insert("span_id".to_owned(), json!(context.span_id()));
    }
    serde_json::to_vec(&fields.0).unwrap_or_default()
}

struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<Value>>>);

    impl<S: Subscriber> Layer<S> for Kept {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            self.0.lock().unwrap().push(serde_json::from_slice(&line(event)).unwrap());
        }
    }

    #[tokio::test]
    async fn a_line_has_the_fields_by_their_dotted_names_and_the_ids_of_the_work() {
        let kept = Kept::default();
        let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(kept.clone()));
        let context = TraceContext::root();
        context
            .scope(async {
                tracing::info!(http.route = "/api/v1/events/{id}", http.status = 200, "request");
            })
            .await;
        let line = kept.0.lock().unwrap().pop().unwrap();
        assert_eq!(line["message"], "request");
        assert_eq!((&line["http.route"], &line["http.status"]), (&json!("/api/v1/events/{id}"), &json!(200)));
        assert_eq!((&line["trace_id"], &line["span_id"]), (&json!(context.trace_id()), &json!(context.span_id())));
        assert_eq!(line["level"], "INFO");
    }
}
