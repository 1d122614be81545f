//! The process itself, read when somebody looks. The names are those that every Prometheus client uses.

use std::fs;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{
        counter::ConstCounter,
        family::Family,
        gauge::{ConstGauge, Gauge},
    },
    registry::Registry,
};

/// Ticks of the kernel's clock a second, as it tells user space on every Linux of today.
const TICKS: f64 = 100.0;
/// Bytes of a page of memory.
const PAGE: f64 = 4096.0;

pub(super) fn register(registry: &mut Registry) {
    registry.register_collector(Box::new(Process));
}

#[derive(Debug)]
struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let Some(read) = Read::now() else { return Ok(()) };
        let cpu = ConstCounter::new(read.cpu_seconds);
        cpu.encode(encoder.encode_descriptor(
            "process_cpu_seconds",
            "Processor time of this process",
            None,
            cpu.metric_type(),
        )?)?;
        for (name, help, value) in [
            ("process_resident_memory_bytes", "Memory that is in use", read.resident_bytes),
            ("process_virtual_memory_bytes", "Memory that was asked for", read.virtual_bytes),
            ("process_open_fds", "Open files and connections", read.open_files),
            ("process_max_fds", "How many there may be", read.max_files),
            ("process_threads", "Threads", read.threads),
            ("process_start_time_seconds", "When it began, in seconds since 1970", read.started),
        ] {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }
}

struct Read {
    cpu_seconds: f64,
    resident_bytes: f64,
    virtual_bytes: f64,
    open_files: f64,
    max_files: f64,
    threads: f64,
    started: f64,
}

impl Read {
    /// `None` where there is no `/proc`.
    fn now() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        // The name, in parentheses, may hold anything; after it there are numbers only. The first of them is field 3.
        let fields: Vec<f64> =
            stat.rsplit_once(')')?.1.split_whitespace().map(|field| field.parse().unwrap_or(0.0)).collect();
        let field = |number: usize| fields.get(number - 3).copied();
        let system = fs::read_to_string("/proc/stat").ok()?;
        let booted: f64 = system.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
        let limits = fs::read_to_string("/proc/self/limits").ok()?;
        let max_files = limits.lines().find(|line| line.starts_with("Max open files"))?.split_whitespace().nth(3)?;
        let open_files = fs::read_dir("/proc/self/fd").ok()?.count();
        Some(Self {
            cpu_seconds: (field(14)? + field(15)?) / TICKS,
            threads: field(20)?,
            started: booted + field(22)? / TICKS,
            virtual_bytes: field(23)?,
            resident_bytes: field(24)? * PAGE,
            open_files: u32::try_from(open_files).map_or(f64::MAX, f64::from),
            max_files: max_files.parse().unwrap_or(f64::INFINITY),
        })
    }
}

/// Says what this process is: `cityevents_build_info{version, revision}` is always 1.
pub fn build_info(version: &'static str, revision: &'static str) {
    #[derive(Clone, Debug, PartialEq, Eq, Hash, prometheus_client::encoding::EncodeLabelSet)]
    struct Build {
        version: &'static str,
        revision: &'static str,
    }
    let info: Family<Build, Gauge> = super::gauge("cityevents_build_info", "What is running; always 1");
    info.get_or_create(&Build { version, revision }).set(1);
}
