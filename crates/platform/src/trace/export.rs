//! Where spans go: a collector, over OTLP/HTTP. What happens here never touches a request: spans wait in a bounded queue, an own thread
//! sends them, and what does not fit, or cannot be sent in time, is dropped and counted.

use std::{
    borrow::Cow,
    sync::{LazyLock, OnceLock},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use opentelemetry::{
    InstrumentationScope, KeyValue, SpanId,
    trace::{Link, SpanContext, SpanKind, Status},
};
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{
        BatchConfigBuilder, BatchSpanProcessor, SpanData, SpanEvents, SpanExporter as Export, SpanLinks,
        SpanProcessor as _,
    },
};
use rand::RngExt as _;
use tokio::runtime::Handle;

use crate::{
    config::Telemetry,
    metrics::{self, Counter, NoLabels},
};

/// Spans that may wait to be sent.
const QUEUE: usize = 8_192;
/// Spans of one request to the collector.
const BATCH: usize = 512;
/// The longest that a span waits for others.
const DELAY: Duration = Duration::from_secs(1);
/// The longest that the collector may take; also the longest that the end of the process waits for it.
const DEADLINE: Duration = Duration::from_secs(3);

static EXPORT: OnceLock<Exporting> = OnceLock::new();
static FAILED: LazyLock<Counter> = LazyLock::new(|| {
    let failed =
        metrics::counter::<NoLabels>("cityevents_trace_export_failures", "Batches of spans that no collector took");
    failed.get_or_create_owned(&NoLabels {})
});

struct Exporting {
    processor: BatchSpanProcessor,
    scope: InstrumentationScope,
    /// Of 2^64 traces, how many are kept.
    threshold: u64,
    slow: Duration,
}

/// A span that has ended.
pub struct Finished {
    /// Its ids.
    pub context: SpanContext,
    /// The span that led to it, and whether that is elsewhere.
    pub parent: Option<(SpanId, bool)>,
    /// Who asks whom.
    pub kind: SpanKind,
    /// What it is called.
    pub name: Cow<'static, str>,
    /// When it began.
    pub began: SystemTime,
    /// When it ended.
    pub ended: SystemTime,
    /// What is said about it.
    pub attributes: Vec<KeyValue>,
    /// What else it belongs to.
    pub links: Vec<Link>,
    /// Whether it went wrong.
    pub status: Status,
}

/// Shows from the beginning on that none was lost.
pub fn announce() {
    LazyLock::force(&FAILED);
}

/// Begins to send spans, if a collector is set. Needs a runtime, and is done once.
///
/// # Errors
/// If the collector's address cannot be used.
pub fn start(config: &Telemetry, version: &'static str) -> Result<(), String> {
    let Some(endpoint) = &config.otlp_endpoint else { return Ok(()) };
    let client = Client { http: http_client()?, runtime: Handle::current() };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint.as_str())
        .with_timeout(DEADLINE)
        .build()
        .map_err(|error| error.to_string())?;
    let batches = BatchConfigBuilder::default()
        .with_max_queue_size(QUEUE)
        .with_max_export_batch_size(BATCH)
        .with_scheduled_delay(DELAY)
        .build();
    let mut processor = BatchSpanProcessor::builder(Counted(exporter)).with_batch_config(batches).build();
    let resource = Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.name", "cityevents"),
            KeyValue::new("service.version", version),
            KeyValue::new("service.instance.id", super::TraceContext::root().trace_id()),
        ])
        .build();
    processor.set_resource(&resource);
    let exporting = Exporting {
        processor,
        scope: InstrumentationScope::builder("cityevents").with_version(version).build(),
        threshold: threshold(config.sample_ratio),
        slow: config.slow_request,
    };
    announce();
    let _ = EXPORT.set(exporting);
    Ok(())
}

/// Of 2^64 equally likely draws, the part below which a trace is kept.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 2^64, and saturating")]
#[expect(clippy::cast_precision_loss, reason = "a ratio need not be exact to 2^-64")]
fn threshold(ratio: f64) -> u64 {
    (ratio.clamp(0.0, 1.0) * u64::MAX as f64) as u64
}

fn http_client() -> Result<reqwest::Client, String> {
    reqwest::Client::builder().timeout(DEADLINE).no_proxy().build().map_err(|error| error.to_string())
}

/// Sends what still waits, and ends; within a few seconds, whatever the collector does.
pub async fn stop() {
    let ended =
        tokio::task::spawn_blocking(|| EXPORT.get().map(|it| it.processor.shutdown_with_timeout(DEADLINE))).await;
    if let Ok(Some(Err(error))) = ended {
        tracing::warn!(%error, "the last spans could not be sent");
    }
}

/// Whether spans are sent anywhere.
pub(super) fn is_on() -> bool {
    EXPORT.get().is_some()
}

/// Whether a trace that begins now is kept.
pub(super) fn draws() -> bool {
    EXPORT.get().is_some_and(|it| it.threshold > 0 && rand::rng().random::<u64>() <= it.threshold)
}

/// From how long on a request is worth to be written down in any case.
pub(super) fn slow() -> Duration {
    EXPORT.get().map_or(Duration::MAX, |it| it.slow)
}

/// Hands a span over. Never waits.
pub fn write(span: Finished) {
    let Some(it) = EXPORT.get() else { return };
    let (parent_span_id, parent_span_is_remote) = span.parent.unwrap_or((SpanId::INVALID, false));
    let mut links = SpanLinks::default();
    links.links = span.links;
    it.processor.on_end(SpanData {
        span_context: span.context,
        parent_span_id,
        parent_span_is_remote,
        span_kind: span.kind,
        name: span.name,
        start_time: span.began,
        end_time: span.ended,
        attributes: span.attributes,
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links,
        status: span.status,
        instrumentation_scope: it.scope.clone(),
    });
}

/// Counts what the collector did not take.
#[derive(Debug)]
struct Counted(SpanExporter);

impl Export for Counted {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let outcome = self.0.export(batch).await;
        if outcome.is_err() && FAILED.inc().is_power_of_two() {
            tracing::warn!("no collector takes the spans");
        }
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

/// The exporter works on a thread without a runtime; its requests are made on ours.
#[derive(Debug)]
struct Client {
    http: reqwest::Client,
    runtime: Handle,
}

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let http = self.http.clone();
        let sent = self.runtime.spawn(async move {
            let response = http.execute(request.try_into()?).await?;
            let status = response.status();
            let mut answer = Response::new(response.bytes().await?);
            *answer.status_mut() = status;
            Ok::<_, reqwest::Error>(answer)
        });
        Ok(sent.await??)
    }
}
