//! W3C trace context (<https://www.w3.org/TR/trace-context/>): one `traceparent` goes from the browser through every role, into each
//! outbox row and on to the consumer, so that one id finds everything that one request caused.

use std::{fmt, future::Future};

use http::HeaderMap;
use rand::Rng as _;

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
    /// The start of a trace.
    pub fn root() -> Self {
        let mut rng = rand::rng();
        let trace_id = (u128::from(rng.next_u64()) << 64) | u128::from(rng.next_u64());
        Self { trace_id: trace_id.max(1), span_id: rng.next_u64().max(1), sampled: false }
    }

    /// A new span in the same trace.
    #[must_use]
    pub fn child(self) -> Self {
        Self { span_id: rand::rng().next_u64().max(1), ..self }
    }

    /// Continues the caller's trace, or starts one where the header is absent or malformed.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        headers
            .get("traceparent")
            .and_then(|value| value.to_str().ok())
            .and_then(Self::parse)
            .map_or_else(Self::root, Self::child)
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
        CURRENT.try_with(|context| *context).unwrap_or_else(|_| Self::root())
    }

    /// Runs `work` with this as the current context.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// 32 hexadecimal digits; what people quote and operators search for.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }
}

/// The header's value.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, u8::from(self.sampled))
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
