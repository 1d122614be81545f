//! Requests, as they come in at a role, and as the public door makes them to the roles behind it.

use std::{sync::LazyLock, time::Instant};

use http::{Method, StatusCode};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{exemplar::HistogramWithExemplars, family::Family, gauge::Gauge, histogram::Histogram},
};

use super::{Buckets, Exemplar, SECONDS, gauge, histogram, histogram_with_exemplars};
use crate::trace::TraceContext;

/// Bytes, from a few words to the largest body that is taken.
const BYTES: &[f64] = &[256.0, 1024.0, 4096.0, 16_384.0, 65_536.0, 262_144.0, 1_048_576.0, 4_194_304.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
#[expect(clippy::struct_field_names, reason = "the names of the semantic conventions")]
struct Route {
    role: &'static str,
    http_route: String,
    http_request_method: &'static str,
    http_response_status_class: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Role {
    role: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    role: &'static str,
    server_role: &'static str,
    outcome: &'static str,
}

struct Metrics {
    duration: Family<Route, HistogramWithExemplars<Exemplar>, Buckets>,
    active: Family<Role, Gauge>,
    request_size: Family<Role, Histogram, Buckets>,
    response_size: Family<Role, Histogram, Buckets>,
    calls: Family<Call, Histogram, Buckets>,
}

static METRICS: LazyLock<Metrics> = LazyLock::new(|| Metrics {
    duration: histogram_with_exemplars(
        "http_server_request_duration_seconds",
        "From the head of the request to the head of the answer",
        SECONDS,
    ),
    active: gauge("http_server_active_requests", "Requests that are under way"),
    request_size: histogram(
        "http_server_request_body_size_bytes",
        "Size of bodies that came in, where it was said",
        BYTES,
    ),
    response_size: histogram(
        "http_server_response_body_size_bytes",
        "Size of bodies that went out, where it was known",
        BYTES,
    ),
    calls: histogram(
        "http_client_request_duration_seconds",
        "Calls of the public door to the roles behind it, by what came of them",
        SECONDS,
    ),
});

/// A request at a role; counted when it is dropped, as failed if nothing else was said.
#[derive(Debug)]
pub struct Server {
    role: &'static str,
    route: String,
    method: &'static str,
    started: Instant,
    status: StatusCode,
    trace: TraceContext,
}

impl Server {
    /// A request has come, in this trace. `route` is a template, never a path. `None` if nothing is measured.
    pub fn start(
        role: &'static str,
        method: &Method,
        route: &str,
        body: Option<u64>,
        trace: TraceContext,
    ) -> Option<Self> {
        if !super::is_on() {
            return None;
        }
        METRICS.active.get_or_create(&Role { role }).inc();
        observe_size(&METRICS.request_size, role, body);
        Some(Self {
            role,
            route: route.to_owned(),
            method: name(method),
            started: Instant::now(),
            status: StatusCode::from_u16(499).unwrap_or_default(),
            trace,
        })
    }

    /// It is answered.
    pub fn answered(mut self, status: StatusCode, body: Option<u64>) {
        self.status = status;
        observe_size(&METRICS.response_size, self.role, body);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        METRICS.active.get_or_create(&Role { role: self.role }).dec();
        let labels = Route {
            role: self.role,
            http_route: std::mem::take(&mut self.route),
            http_request_method: self.method,
            http_response_status_class: class(self.status),
        };
        let seconds = self.started.elapsed().as_secs_f64();
        METRICS.duration.get_or_create(&labels).observe(seconds, Exemplar::of(self.trace), None);
    }
}

fn observe_size(sizes: &Family<Role, Histogram, Buckets>, role: &'static str, bytes: Option<u64>) {
    if let Some(bytes) = bytes.and_then(|bytes| u32::try_from(bytes).ok()) {
        sizes.get_or_create(&Role { role }).observe(f64::from(bytes));
    }
}

/// A call to another role; without a word about its outcome it was given up.
#[derive(Debug)]
pub struct Peer {
    labels: Call,
    started: Instant,
}

impl Peer {
    /// `role` calls `server_role`.
    pub fn start(role: &'static str, server_role: &'static str) -> Self {
        let labels = Call { role, server_role, outcome: "given_up" };
        Self { labels, started: Instant::now() }
    }

    /// What came of it: `ok` (also a refusal), `timeout`, or `unavailable`.
    pub fn ended(mut self, outcome: &'static str) {
        self.labels.outcome = outcome;
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        METRICS.calls.get_or_create(&self.labels).observe(self.started.elapsed().as_secs_f64());
    }
}

/// Methods that are known, and one word for all others.
fn name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "_OTHER",
    }
}

/// 499 is a request whose caller went away.
fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        499 => "gone",
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}
