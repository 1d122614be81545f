//! Settings: a TOML file whose commented default (`cityevents.default.toml`) is the documentation, overridden by
//! `CITYEVENTS__SECTION__KEY`.

mod checks;

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::Duration,
};

use figment::{
    Figment,
    providers::{Env, Format as _, Toml},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, de};
use url::Url;

/// The documented defaults; also what `cityevents config` prints.
pub const DEFAULT_TOML: &str = include_str!("../cityevents.default.toml");

/// Everything that can be set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `dev` or `production`.
    pub mode: Mode,
    /// Private cluster, objects, mail, generated keys.
    pub data_dir: PathBuf,
    /// How many processes serve the same city; more than one forbids what lives in one process.
    pub replicas: u32,
    /// Listeners and limits of HTTP.
    pub http: Http,
    /// Postgres.
    pub database: Database,
    /// Accounts and sessions.
    pub auth: Auth,
    /// Places.
    pub joins: Joins,
    /// Mail.
    pub mail: Mail,
    /// SMTP.
    pub smtp: Smtp,
    /// Rate limits.
    pub limits: Limits,
    /// Logs.
    pub log: Log,
    /// Metrics and traces.
    pub telemetry: Telemetry,
}

/// What the settings are judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// For developers and for trying it out.
    Dev,
    /// Unsafe settings are refused at start.
    Production,
}

/// See `[http]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// The public door.
    pub listen: SocketAddr,
    /// Health and metrics, for operators only.
    pub ops_listen: SocketAddr,
    /// What people type; goes into mails and into the CSRF check.
    pub public_url: Url,
    /// Nobody has set `public_url`, and this is a developer's machine: it has the port of `listen`.
    #[serde(skip)]
    public_url_follows: bool,
    /// The longest that a request may take, in seconds.
    #[serde(deserialize_with = "seconds")]
    pub request_timeout: Duration,
    /// The largest body, in bytes.
    pub body_limit: usize,
    /// How long open requests may take to finish after the first signal, in seconds.
    #[serde(deserialize_with = "seconds")]
    pub drain_timeout: Duration,
    /// `Secure` and `__Host-` on the session cookie.
    pub secure_cookies: bool,
    /// Networks (addresses) whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
}

/// See `[database]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Absent: a private cluster in the data directory.
    pub url: Option<SecretRef>,
    /// Where the Postgres programs are, for the private cluster.
    pub bin_dir: Option<PathBuf>,
    /// Connections of one role in one process.
    pub max_connections: u32,
}

impl Database {
    /// Where the configured database is, if one is configured.
    ///
    /// # Errors
    /// If the reference leads nowhere, or to what is no Postgres URL.
    pub fn url(&self) -> Result<Option<SecretString>, ConfigError> {
        let Some(reference) = &self.url else { return Ok(None) };
        let invalid = |reason: &dyn std::fmt::Display| ConfigError::Invalid(format!("database.url: {reason}"));
        let url = reference.resolve().map_err(|error| invalid(&error))?;
        let fits = SecretRef(url.clone()).begins_with(&POSTGRES);
        if fits { Ok(Some(url)) } else { Err(invalid(&NO_POSTGRES_URL)) }
    }
}

/// See `[auth]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// How long an access token is good for, in seconds.
    #[serde(deserialize_with = "seconds")]
    pub access_token_lifetime: Duration,
    /// How long a sign-in lasts without being used, in seconds.
    #[serde(deserialize_with = "seconds")]
    pub session_idle_lifetime: Duration,
    /// Password hashes computed at the same time; each takes 19 MiB.
    pub hashing_slots: usize,
}

/// See `[joins]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Joins {
    /// Lines in which requests wait, each with one transaction in flight.
    pub lanes: NonZeroUsize,
    /// Requests that one transaction decides, 1 to 1000.
    #[serde(deserialize_with = "batch")]
    pub batch: usize,
}

/// See `[mail]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// `Name <address>`.
    pub from: String,
}

/// See `[smtp]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Absent: files under `DATA_DIR/mail`.
    pub url: Option<SecretRef>,
}

/// See `[limits]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Off only for load tests.
    pub enabled: bool,
    /// Requests a minute and account, or network for the anonymous.
    pub requests_per_minute: u32,
    /// Writes a minute and account.
    pub writes_per_minute: u32,
    /// Sign-in, registration and reset requests a minute and network.
    pub auth_per_minute: u32,
}

/// See `[log]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// `json`, `text`, or `auto`: text in a terminal.
    pub format: LogFormat,
    /// Directives as in `info,joins=debug`.
    pub level: String,
}

/// See `[telemetry]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// Whether requests and statements are measured.
    pub metrics: bool,
    /// Where spans go: OTLP over HTTP with binary bodies, such as `http://127.0.0.1:4318/v1/traces`. Absent: nowhere.
    pub otlp_endpoint: Option<Url>,
    /// Of the traces that begin here, how many are kept: 0 to 1.
    pub sample_ratio: f64,
    /// A request that takes longer is kept in any case, in seconds.
    #[serde(deserialize_with = "seconds")]
    pub slow_request: Duration,
}

/// See [`Log`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text in a terminal, JSON elsewhere.
    Auto,
    /// One object a line.
    Json,
    /// For people.
    Text,
}

/// Where a secret is: `env:NAME`, `file:PATH`, or, for a connection URL, the text itself.
#[derive(Clone, Debug)]
pub struct SecretRef(SecretString);

const POSTGRES: [&str; 2] = ["postgres://", "postgresql://"];
const NO_POSTGRES_URL: &str = "must begin with postgres:// or postgresql://, or be env:NAME or file:PATH";
const SMTP: [&str; 2] = ["smtp://", "smtps://"];
const NO_SMTP_URL: &str = "must begin with smtp:// or smtps://, or be env:NAME or file:PATH";

impl SecretRef {
    fn is_reference(&self) -> bool {
        self.begins_with(&["env:", "file:"])
    }

    fn begins_with(&self, beginnings: &[&str]) -> bool {
        beginnings.iter().any(|it| self.0.expose_secret().starts_with(it))
    }

    /// Wraps a plain value.
    pub fn plain(value: impl Into<String>) -> Self {
        Self(SecretString::from(value.into()))
    }

    /// Fetches the secret.
    ///
    /// # Errors
    /// A sentence that names the reference, if what it points to is not there.
    pub fn resolve(&self) -> Result<SecretString, ConfigError> {
        let reference = self.0.expose_secret();
        if let Some(name) = reference.strip_prefix("env:") {
            return std::env::var(name)
                .map(SecretString::from)
                .map_err(|_| ConfigError::Invalid(format!("the environment variable {name} is not set")));
        }
        if let Some(path) = reference.strip_prefix("file:") {
            return std::fs::read_to_string(path)
                .map(|text| SecretString::from(text.trim_end().to_owned()))
                .map_err(|error| ConfigError::Invalid(format!("cannot read the secret in {path}: {error}")));
        }
        Ok(self.0.clone())
    }
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::plain)
    }
}

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Unreadable, or a value of the wrong kind; names key and source.
    #[error("{0}")]
    Figment(#[from] Box<figment::Error>),
    /// A value that cannot work.
    #[error("{0}")]
    Invalid(String),
    /// Values that cannot work, each with its name.
    #[error("these settings cannot work:\n{}", list(.0))]
    Impossible(Vec<String>),
    /// Settings that production must not run with, each with the way to mend it.
    #[error("unsafe in production:\n{}", list(.0))]
    Unsafe(Vec<String>),
}

fn list(reasons: &[String]) -> String {
    reasons.iter().map(|it| format!("  - {it}")).collect::<Vec<_>>().join("\n")
}

impl Config {
    /// Defaults, then `file`, then the environment.
    ///
    /// # Errors
    /// If a value has the wrong kind or cannot work, or a key is unknown.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut own = Figment::new();
        if let Some(file) = file {
            own = own.merge(Toml::file_exact(file));
        }
        Self::read(own.merge(Env::prefixed("CITYEVENTS__").split("__")))
    }

    fn read(own: Figment) -> Result<Self, ConfigError> {
        let follows = own.find_value("http.public_url").is_err();
        let mut config: Self = Figment::from(Toml::string(DEFAULT_TOML)).merge(own).extract().map_err(Box::new)?;
        let problems = checks::problems(&config);
        if !problems.is_empty() {
            return Err(ConfigError::Impossible(problems));
        }
        config.http.public_url_follows = follows && config.is_dev();
        config.listen_on(config.http.listen);
        Ok(config)
    }

    /// Takes the public door's address. A developer's links lead there, unless `public_url` was set.
    pub fn listen_on(&mut self, listen: SocketAddr) {
        self.http.listen = listen;
        // Port 0 is any that is free.
        if self.http.public_url_follows && listen.port() != 0 {
            // It is http, so it can have a port.
            let _ = self.http.public_url.set_port(Some(listen.port()));
        }
    }

    /// Refuses what `mode = "production"` must not run with.
    ///
    /// # Errors
    /// [`ConfigError::Unsafe`] with everything that has to change.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.mode == Mode::Dev {
            return Ok(());
        }
        let mut reasons = Vec::new();
        if self.http.public_url.scheme() != "https" {
            reasons.push("http.public_url is not https: set the address that people type".to_owned());
        }
        if !self.http.secure_cookies {
            reasons.push("http.secure_cookies is off: switch it on".to_owned());
        }
        if self.replicas > 1 {
            reasons.push("replicas is above 1 and the rate limiter lives in each process: run one replica".to_owned());
        }
        if self.replicas > 1 && self.database.url.is_none() {
            reasons.push("replicas is above 1 and each would have a private database: set database.url".to_owned());
        }
        if self.smtp.url.is_none() {
            reasons.push("mail is written to files and reaches nobody: set smtp.url".to_owned());
        }
        if !self.limits.enabled {
            reasons.push("limits.enabled is off: switch it on".to_owned());
        }
        if reasons.is_empty() { Ok(()) } else { Err(ConfigError::Unsafe(reasons)) }
    }

    /// Whether this is a developer's machine.
    pub fn is_dev(&self) -> bool {
        self.mode == Mode::Dev
    }
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    Duration::try_from_secs_f64(seconds).map_err(de::Error::custom)
}

fn batch<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let size = usize::deserialize(deserializer)?;
    if (1..=1000).contains(&size) { Ok(size) } else { Err(de::Error::custom("must be from 1 to 1000")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_defaults_are_the_defaults() {
        let config: Config = Figment::from(Toml::string(DEFAULT_TOML)).extract().unwrap();
        assert_eq!(config.mode, Mode::Dev);
        assert!(config.database.url.is_none());
        config.check().unwrap();
    }

    #[test]
    fn production_names_everything_that_has_to_change() {
        let mut config: Config = Figment::from(Toml::string(DEFAULT_TOML)).extract().unwrap();
        config.mode = Mode::Production;
        config.replicas = 3;
        let text = config.check().unwrap_err().to_string();
        for key in ["http.public_url", "replicas", "database.url", "smtp.url"] {
            assert!(text.contains(key), "{key} is missing in: {text}");
        }
    }

    fn with(toml: &str) -> Result<Config, ConfigError> {
        Config::read(Figment::from(Toml::string(toml)))
    }

    #[test]
    fn what_cannot_work_is_refused_by_name() {
        for (name, values) in [
            ("replicas", &["0"][..]),
            ("http.public_url", &["'ftp://x'", "'mailto:x@y.example'", "'x'"]),
            ("http.request_timeout", &["0", "-1.0", "1e9", "nan"]),
            ("http.body_limit", &["0", "9000000000000"]),
            ("http.drain_timeout", &["-1", "1e300"]),
            ("database.max_connections", &["0", "1", "100000"]),
            ("database.url", &["'vault:x/y#z'", "'mysql://root:hunter2@host/db'", "''"]),
            ("auth.access_token_lifetime", &["0", "1e9"]),
            ("auth.session_idle_lifetime", &["0", "1e12"]),
            ("auth.hashing_slots", &["0", "100000"]),
            ("joins.lanes", &["0", "100000"]),
            ("joins.batch", &["0", "1001"]),
            ("mail.from", &["'x'", "''", "'Name <x>'", "'a b@c.example'", "'@c.example'"]),
            ("smtp.url", &["'http://x'", "'mail.example:465'"]),
            ("limits.requests_per_minute", &["0"]),
            ("limits.writes_per_minute", &["0"]),
            ("limits.auth_per_minute", &["0"]),
            ("log.level", &["'loud'", "''", "'info,joins=loud'", "'info,joins'"]),
        ] {
            for value in values {
                let Err(error) = with(&format!("{name} = {value}")) else { panic!("{name} = {value} is taken") };
                assert!(error.to_string().contains(name), "{name} = {value}: {error}");
                assert!(!error.to_string().contains("hunter2"));
            }
        }
    }

    #[test]
    fn what_can_work_is_taken() {
        for setting in [
            "http.public_url = 'https://city.example/'",
            "http.drain_timeout = 0",
            "database.url = 'postgres://user@host/db'",
            "database.url = 'postgresql:///db?host=/run'",
            "database.url = 'env:SOME_NAME'",
            "database.url = 'file:/run/secrets/database'",
            "mail.from = 'no-reply@city.example'",
            "mail.from = '\"Stadt, Land\" <no-reply@city.example>'",
            "smtp.url = 'smtp://user:password@host:25'",
            "smtp.url = 'env:SMTP_URL'",
            "log.level = 'warn,joins=debug,feed[message]=trace,sqlx=off'",
            "log.level = 'INFO'",
        ] {
            with(setting).unwrap_or_else(|error| panic!("{setting}: {error}"));
        }
    }

    #[test]
    fn a_referenced_database_url_is_judged_when_it_is_read() {
        let file = std::env::temp_dir().join(format!("cityevents-url-{}", std::process::id()));
        let url = |text: &str| {
            std::fs::write(&file, text).unwrap();
            let config = with(&format!("database.url = 'file:{}'", file.display())).unwrap();
            config.database.url()
        };
        let error = url("mysql://root:hunter2@host/db\n").unwrap_err().to_string();
        assert!(error.contains("database.url") && !error.contains("hunter2"), "{error}");
        assert_eq!(url("postgres://host/db\n").unwrap().unwrap().expose_secret(), "postgres://host/db");
        std::fs::remove_file(&file).unwrap();
        let config = with(&format!("database.url = 'file:{}'", file.display())).unwrap();
        assert!(config.database.url().unwrap_err().to_string().contains("database.url"));
    }

    #[test]
    fn a_developers_links_lead_to_where_it_listens() {
        let shown = |toml: &str, listen: Option<&str>| {
            let mut config = with(toml).unwrap();
            if let Some(listen) = listen {
                config.listen_on(listen.parse().unwrap());
            }
            config.http.public_url.to_string()
        };
        assert_eq!(shown("", None), "http://localhost:8080/");
        assert_eq!(shown("", Some("127.0.0.1:8123")), "http://localhost:8123/");
        assert_eq!(shown("", Some("0.0.0.0:8123")), "http://localhost:8123/");
        assert_eq!(shown("http.listen = '127.0.0.1:8124'", None), "http://localhost:8124/");
        assert_eq!(
            shown("http.public_url = 'http://localhost:8080'", Some("127.0.0.1:8123")),
            "http://localhost:8080/"
        );
        assert_eq!(
            shown("mode = 'production'\nhttp.public_url = 'https://city.example'", Some("0.0.0.0:80")),
            "https://city.example/"
        );
        assert_eq!(shown("mode = 'production'", Some("0.0.0.0:80")), "http://localhost:8080/");
    }

    #[test]
    fn a_secret_never_shows() {
        let secret = SecretRef::plain("postgres://user:hunter2@host/db");
        assert!(!format!("{secret:?}").contains("hunter2"));
    }
}
