//! W3C trace context (<https://www.w3.org/TR/trace-context/>), and the spans of a trace: one id goes from the browser through every role, its
//! SQL, each outbox row and on to the consumer and the mail, so that one id finds everything that one request caused.
//!
//! The ids are there whether or not anybody collects traces: problems, logs and messages carry them. A [`Span`] is written down only if
//! [`export`] was started and the trace is sampled. Whether it is, is decided where the trace begins, and every part follows
//! (parent-based); a request that fails or is slow is written down all the same, though without what went on inside it.

pub mod export;

use std::{
    borrow::Cow,
    fmt,
    future::Future,
    time::{Duration, Instant, SystemTime},
};

use http::HeaderMap;
use opentelemetry::{
    KeyValue, SpanId, TraceFlags, TraceId, Value,
    trace::{Link, SpanContext, SpanKind, Status, TraceState},
};
use rand::Rng as _;

use crate::Clock;

tokio::task_local! {
    static CURRENT: TraceContext;
}

/// The ids of the work at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    sampled: bool,
}

impl TraceContext {
    /// The start of a trace. Whether it is kept, is drawn here.
    pub fn root() -> Self {
        let mut rng = rand::rng();
        let trace_id = (u128::from(rng.next_u64()) << 64) | u128::from(rng.next_u64());
        Self { trace_id: trace_id.max(1), span_id: rng.next_u64().max(1), sampled: export::draws() }
    }

    /// A new span in the same trace.
    #[must_use]
    pub fn child(self) -> Self {
        Self { span_id: rand::rng().next_u64().max(1), ..self }
    }

    /// Reads a `traceparent`; `None` where it is not one.
    pub fn parse(header: &str) -> Option<Self> {
        let mut parts = header.trim().split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let hex =
            |s: &str, n: usize| s.len() == n && s.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if !hex(version, 2) || version == "ff" || !hex(trace, 32) || !hex(span, 16) || !hex(flags, 2) {
            return None;
        }
        if version == "00" && parts.next().is_some() {
            return None;
        }
        let trace_id = u128::from_str_radix(trace, 16).ok().filter(|id| *id != 0)?;
        let span_id = u64::from_str_radix(span, 16).ok().filter(|id| *id != 0)?;
        let sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
        Some(Self { trace_id, span_id, sampled })
    }

    /// The context of the running task; a new root outside of any.
    pub fn current() -> Self {
        Self::of_task().unwrap_or_else(Self::root)
    }

    /// The context of the running task, if there is one.
    pub fn of_task() -> Option<Self> {
        CURRENT.try_with(|context| *context).ok()
    }

    /// Whether somebody keeps this trace.
    pub fn is_sampled(self) -> bool {
        self.sampled
    }

    /// The same, kept or not.
    #[must_use]
    pub fn sampled(self, sampled: bool) -> Self {
        Self { sampled, ..self }
    }

    /// Runs `work` with this as the current context.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// 32 hexadecimal digits; what people quote and operators search for.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }

    /// 16 hexadecimal digits.
    pub fn span_id(&self) -> String {
        format!("{:016x}", self.span_id)
    }

    fn to_otel(self, is_remote: bool) -> SpanContext {
        let flags = if self.sampled { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
        let (trace, span) = (TraceId::from(self.trace_id), SpanId::from(self.span_id));
        SpanContext::new(trace, span, flags, is_remote, TraceState::NONE)
    }
}

/// The header's value.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, u8::from(self.sampled))
    }
}

/// One piece of work within a trace. It ends when it is dropped, and is then written down.
#[derive(Debug)]
pub struct Span {
    context: TraceContext,
    parent: Option<(TraceContext, bool)>,
    /// What is known of it, as long as somebody may want to know.
    record: Option<Box<Record>>,
}

#[derive(Debug)]
struct Record {
    kind: SpanKind,
    name: Cow<'static, str>,
    began: SystemTime,
    started: Instant,
    attributes: Vec<KeyValue>,
    links: Vec<Link>,
    failed: Option<Cow<'static, str>>,
    /// Written down although the trace is not sampled, if it fails or takes long.
    notable: bool,
}

impl Span {
    fn new(
        kind: SpanKind,
        name: impl Into<Cow<'static, str>>,
        parent: Option<(TraceContext, bool)>,
        notable: bool,
    ) -> Self {
        let context = parent.map_or_else(TraceContext::root, |(parent, _)| parent.child());
        let is_wanted = export::is_on() && (context.sampled || notable);
        let record = is_wanted.then(|| {
            Box::new(Record {
                kind,
                name: name.into(),
                began: now(),
                started: Instant::now(),
                attributes: Vec::new(),
                links: Vec::new(),
                failed: None,
                notable,
            })
        });
        Self { context, parent, record }
    }

    /// A request that came in, in its caller's trace.
    pub fn server(headers: &HeaderMap, name: impl Into<Cow<'static, str>>) -> Self {
        let parent = headers.get("traceparent").and_then(|value| value.to_str().ok()).and_then(TraceContext::parse);
        Self::new(SpanKind::Server, name, parent.map(|parent| (parent, true)), true)
    }

    /// A call to somebody else, from the work at hand.
    pub fn client(name: impl Into<Cow<'static, str>>) -> Self {
        Self::new(SpanKind::Client, name, TraceContext::of_task().map(|parent| (parent, false)), false)
    }

    /// A call to somebody else, `cause` being what led to it.
    pub fn client_for(name: impl Into<Cow<'static, str>>, cause: Option<TraceContext>) -> Self {
        Self::new(SpanKind::Client, name, cause.map(|cause| (cause, true)), false)
    }

    /// A step of work that `cause` led to.
    pub fn internal(name: impl Into<Cow<'static, str>>, cause: Option<TraceContext>) -> Self {
        Self::new(SpanKind::Internal, name, cause.map(|cause| (cause, false)), false)
    }

    /// A message that is handed over, `cause` being the work that wrote it.
    pub fn producer(name: impl Into<Cow<'static, str>>, cause: TraceContext) -> Self {
        Self::new(SpanKind::Producer, name, Some((cause, true)), false)
    }

    /// The effect of a message, `cause` being its handing over.
    pub fn consumer(name: impl Into<Cow<'static, str>>, cause: Option<TraceContext>) -> Self {
        Self::new(SpanKind::Consumer, name, cause.map(|cause| (cause, true)), false)
    }

    /// Calls it otherwise.
    pub fn rename(&mut self, name: impl Into<Cow<'static, str>>) {
        if let Some(record) = &mut self.record {
            record.name = name.into();
        }
    }

    /// Its ids, for those that it causes.
    pub fn context(&self) -> TraceContext {
        self.context
    }

    /// Whether anything about it is kept, so that it is worth while to say more.
    pub fn is_recorded(&self) -> bool {
        self.record.is_some()
    }

    /// Says something about it: an attribute of the OpenTelemetry semantic conventions, or one of `cityevents.*`.
    pub fn set(&mut self, key: &'static str, value: impl Into<Value>) {
        if let Some(record) = &mut self.record {
            record.attributes.push(KeyValue::new(key, value));
        }
    }

    /// Something else that it belongs to, in this trace or another.
    pub fn link(&mut self, other: TraceContext) {
        if let Some(record) = self.record.as_mut().filter(|_| other.sampled) {
            record.links.push(Link::with_context(other.to_otel(true)));
        }
    }

    /// It began earlier than it was made.
    #[must_use]
    pub fn since(mut self, ago: Duration) -> Self {
        if let Some(record) = &mut self.record {
            record.began = record.began.checked_sub(ago).unwrap_or(record.began);
        }
        self
    }

    /// It went wrong. `what` is a word or a code, never a text that may have people's data in it.
    pub fn fail(&mut self, what: impl Into<Cow<'static, str>>) {
        if let Some(record) = &mut self.record {
            record.failed = Some(what.into());
        }
    }

    /// Does the work as a part of this span, which ends with it.
    pub async fn run<F: Future>(self, work: F) -> F::Output {
        let outcome = self.context.scope(work).await;
        drop(self);
        outcome
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if let Some(record) = self.record.take() {
            record.write(self.context, self.parent);
        }
    }
}

/// Spans are put in order by the machine's clock, whatever a test makes of the time.
fn now() -> SystemTime {
    Clock::system().now().into()
}

impl Record {
    fn write(self, context: TraceContext, parent: Option<(TraceContext, bool)>) {
        let took = self.started.elapsed();
        let mut attributes = self.attributes;
        if !context.sampled {
            let reason = if self.failed.is_some() { "error" } else { "slow" };
            if !self.notable || (self.failed.is_none() && took < export::slow()) {
                return;
            }
            attributes.push(KeyValue::new("cityevents.sampled_because", reason));
        }
        export::write(export::Finished {
            context: context.sampled(true).to_otel(false),
            parent: parent.map(|(parent, is_remote)| (SpanId::from(parent.span_id), is_remote)),
            kind: self.kind,
            name: self.name,
            began: self.began,
            ended: now(),
            attributes,
            links: self.links,
            status: self.failed.map_or(Status::Unset, |what| Status::Error { description: what }),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_survives_the_round_trip() {
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(TraceContext::parse(header).unwrap().to_string(), header);
    }

    #[test]
    fn what_is_not_a_traceparent_starts_a_new_trace() {
        for bad in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
        ] {
            assert_eq!(TraceContext::parse(bad), None, "{bad}");
        }
    }

    #[tokio::test]
    async fn a_child_keeps_the_trace_and_changes_the_span() {
        let root = TraceContext::root();
        root.scope(async {
            let child = TraceContext::current().child();
            assert_eq!(child.trace_id(), root.trace_id());
            assert_ne!(child.to_string(), root.to_string());
        })
        .await;
    }
}
