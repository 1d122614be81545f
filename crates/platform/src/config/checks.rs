//! Which values cannot work, whatever the mode.

use std::{fmt::Display, ops::RangeInclusive, time::Duration};

use super::Config;
use crate::telemetry;

/// One second to `days` days.
fn up_to(days: u64) -> RangeInclusive<Duration> {
    Duration::from_secs(1)..=Duration::from_secs(days * 24 * 60 * 60)
}

/// What is wrong, each with the setting's name first and without secrets.
pub fn problems(config: &Config) -> Vec<String> {
    let Config { http, database, auth, joins, limits, .. } = config;
    let mut found = Found(Vec::new());
    found.number("replicas", config.replicas, 1..=1000);
    found.time("http.request_timeout", http.request_timeout, Duration::from_millis(100)..=Duration::from_hours(1));
    found.time("http.drain_timeout", http.drain_timeout, Duration::ZERO..=Duration::from_hours(1));
    found.number("http.body_limit", http.body_limit, 1024..=1 << 30);
    // A periodic job holds its lock on one and works on another.
    found.number("database.max_connections", database.max_connections, 2..=1000);
    found.time("auth.access_token_lifetime", auth.access_token_lifetime, up_to(1));
    found.time("auth.session_idle_lifetime", auth.session_idle_lifetime, up_to(3650));
    found.number("auth.hashing_slots", auth.hashing_slots, 1..=1024);
    found.number("joins.lanes", joins.lanes.get(), 1..=1024);
    found.number("limits.requests_per_minute", limits.requests_per_minute, 1..=u32::MAX);
    found.number("limits.writes_per_minute", limits.writes_per_minute, 1..=u32::MAX);
    found.number("limits.auth_per_minute", limits.auth_per_minute, 1..=u32::MAX);
    found.unless(matches!(http.public_url.scheme(), "http" | "https"), "http.public_url", "must begin with https://");
    found.unless(is_address(&config.mail.from), "mail.from", "must be an address, or `Name <address>`");
    let url = |reference: &Option<super::SecretRef>, schemes: &[&str]| {
        reference.as_ref().is_none_or(|it| it.is_reference() || it.begins_with(schemes))
    };
    found.unless(url(&database.url, &super::POSTGRES), "database.url", super::NO_POSTGRES_URL);
    found.unless(url(&config.smtp.url, &super::SMTP), "smtp.url", super::NO_SMTP_URL);
    found.unless(
        (0.0..=1.0).contains(&config.telemetry.sample_ratio),
        "telemetry.sample_ratio",
        "must be a number from 0 to 1",
    );
    let reachable = config.telemetry.otlp_endpoint.as_ref().is_none_or(|url| url.scheme() == "http");
    found.unless(reachable, "telemetry.otlp_endpoint", "must begin with http://");
    if let Err(reason) = telemetry::filter(&config.log.level) {
        found.0.push(format!("log.level = \"{}\": {reason}", config.log.level));
    }
    found.0
}

struct Found(Vec<String>);

impl Found {
    fn unless(&mut self, fine: bool, name: &str, must: &str) {
        if !fine {
            self.0.push(format!("{name}: {must}"));
        }
    }

    fn number<T: Copy + PartialOrd + Display>(&mut self, name: &str, value: T, range: RangeInclusive<T>) {
        if !range.contains(&value) {
            self.0.push(format!("{name} = {value}: must be from {} to {}", range.start(), range.end()));
        }
    }

    fn time(&mut self, name: &str, value: Duration, range: RangeInclusive<Duration>) {
        if !range.contains(&value) {
            let [value, least, most] = [value, *range.start(), *range.end()].map(|it| it.as_secs_f64());
            self.0.push(format!("{name} = {value}: must be from {least} to {most} seconds"));
        }
    }
}

/// Whether mail can come from there; not the whole grammar, which the mail library knows.
fn is_address(text: &str) -> bool {
    let address = match text.trim().strip_suffix('>') {
        Some(text) => text.rsplit_once('<').map(|(_, address)| address),
        None => Some(text.trim()),
    };
    address.and_then(|it| it.rsplit_once('@')).is_some_and(|(local, domain)| {
        let fits = |it: &str| !it.is_empty() && !it.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>'));
        fits(local) && fits(domain)
    })
}
