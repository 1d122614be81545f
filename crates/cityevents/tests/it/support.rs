use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use cityevents::{app::App, database::SCHEMAS};
use platform::{Clock, config::Config, db, lifecycle::Lifecycle, outbox::Outbox};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sqlx::PgPool;
use testkit::{TestDb, eventually};

/// A directory that is gone when the test is.
pub struct TempDir(pub PathBuf);

impl TempDir {
    pub fn new() -> Self {
        let name = format!("cityevents-it-{}", contracts::MessageId::new(Clock::system().now()));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The whole server in this process.
pub struct Server {
    pub db: Arc<TestDb>,
    pub base: String,
    pub ops: String,
    pub data_dir: TempDir,
    app: Option<App>,
}

pub fn config(data_dir: &TempDir) -> Config {
    let mut config = Config::load(None).unwrap();
    config.data_dir.clone_from(&data_dir.0);
    config.http.listen.set_port(0);
    config.http.ops_listen.set_port(0);
    config.limits.enabled = false;
    "warn".clone_into(&mut config.log.level);
    config
}

impl Server {
    pub async fn start() -> Self {
        Self::with(Arc::new(TestDb::new(&SCHEMAS).await), |_| {}).await
    }

    /// One more replica on this one's database. Either may send a mail: both put them into one directory.
    pub async fn replica(&self) -> Self {
        let (data_dir, mails) = (TempDir::new(), self.data_dir.0.join("mail"));
        std::fs::create_dir_all(&mails).unwrap();
        std::os::unix::fs::symlink(mails, data_dir.0.join("mail")).unwrap();
        Self::within(data_dir, self.db.clone(), |_| {}).await
    }

    pub async fn with(db: Arc<TestDb>, change: impl FnOnce(&mut Config)) -> Self {
        Self::within(TempDir::new(), db, change).await
    }

    async fn within(data_dir: TempDir, db: Arc<TestDb>, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = config(&data_dir);
        change(&mut config);
        // Statements are measured by way of what is logged of them.
        let _ = platform::telemetry::init(&config.log, &config.telemetry);
        let app = App::start(config, Clock::system(), db.url(), Lifecycle::new()).await.unwrap();
        let (base, ops) = (format!("http://{}", app.public), format!("http://{}", app.ops));
        let server = Self { db, base, ops, data_dir, app: Some(app) };
        eventually("the server to be ready", async || {
            let ready = reqwest::get(format!("{}/readyz", server.ops)).await.ok()?;
            ready.status().is_success().then_some(())
        })
        .await;
        server
    }

    pub async fn stop(mut self) {
        if let Some(app) = self.app.take() {
            app.stop().await;
        }
    }

    pub fn pool(&self, schema: &str) -> PgPool {
        db::pool(self.db.url(), schema, 4).unwrap()
    }

    /// Verified people, as API clients.
    pub async fn people(&self, count: u32) -> Vec<Api> {
        let clock = Clock::system();
        let admin = auth::admin::Admin::new(self.pool("auth"), Outbox::new(clock.clone()), clock);
        let signer = auth::keys::load_or_create(&self.data_dir.0).unwrap();
        let tokens = admin.load_users(count, &signer).await.unwrap();
        tokens.iter().map(|token| Api::new(&self.base, Some(token.expose_secret()))).collect()
    }

    pub fn nobody(&self) -> Api {
        Api::new(&self.base, None)
    }

    /// Mails in the files, as text, that contain all of `needles`.
    pub async fn mail(&self, needles: &[&str]) -> String {
        let dir = self.data_dir.0.join("mail");
        eventually(&format!("a mail with {needles:?}"), async || {
            let entries = std::fs::read_dir(&dir).ok()?;
            entries
                .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok())
                .map(|text| text.replace("=\r\n", "").replace("=\n", "").replace("=3D", "="))
                .find(|text| needles.iter().all(|needle| text.contains(needle)))
        })
        .await
    }
}

/// Somebody who talks to a server.
#[derive(Clone)]
pub struct Api {
    pub client: reqwest::Client,
    pub base: String,
    pub token: Option<String>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
    pub json: Value,
}

impl Reply {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    pub fn field(&self) -> &str {
        self.json["errors"][0]["field"].as_str().unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Api {
    pub fn new(base: &str, token: Option<&str>) -> Self {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
        Self { client, base: base.to_owned(), token: token.map(str::to_owned) }
    }

    /// The same person at another replica.
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    pub async fn send(request: reqwest::RequestBuilder) -> Reply {
        Self::try_send(request).await.expect("an answer")
    }

    pub async fn try_send(request: reqwest::RequestBuilder) -> Result<Reply, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Reply { status, headers, text, json })
    }

    pub async fn get(&self, path: &str) -> Reply {
        Self::send(self.request("GET", path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        Self::send(self.request("POST", path).header("content-type", "application/json").body(body.to_string())).await
    }

    pub async fn patch(&self, path: &str, version: i64, body: Value) -> Reply {
        let request = self.request("PATCH", path).header("if-match", format!("\"{version}\""));
        Self::send(request.header("content-type", "application/json").body(body.to_string())).await
    }

    pub fn keyed(&self, path: &str, key: &str) -> reqwest::RequestBuilder {
        self.request("POST", path).header("idempotency-key", key)
    }

    pub async fn join(&self, event: &str, key: &str) -> Reply {
        Self::send(self.keyed(&format!("/api/v1/events/{event}/join"), key)).await
    }

    pub async fn leave(&self, event: &str, key: &str) -> Reply {
        Self::send(self.keyed(&format!("/api/v1/events/{event}/leave"), key)).await
    }

    /// A published event, by this person.
    pub async fn publish(&self, capacity: Option<i32>) -> String {
        let event = self.post("/api/v1/events", event_body(capacity)).await.expect(201);
        let id = event.json["id"].as_str().unwrap().to_owned();
        self.post(&format!("/api/v1/events/{id}/publish"), json!({})).await.expect(200);
        id
    }
}

pub fn event_body(capacity: Option<i32>) -> Value {
    let start = Clock::system().now().date_naive() + chrono::Days::new(10);
    json!({
        "title": "Evening of lanterns",
        "description": "We walk along the canal with **lanterns**.",
        "category": "community",
        "city": "Berlin",
        "venue": { "name": "Canal bridge", "address": "Uferweg 1", "lat": 52.49, "lon": 13.42 },
        "starts_at_local": format!("{start}T18:00:00"),
        "ends_at_local": format!("{start}T20:00:00"),
        "timezone": "Europe/Berlin",
        "capacity": capacity,
        "language": "en",
    })
}

/// The binary, in a process of its own.
pub struct Process {
    pub child: Child,
    pub base: String,
    pub ops: String,
}

impl Process {
    /// With a private cluster in `data_dir`, or as one more replica on a database by URL.
    pub async fn start(data_dir: &Path, port: u16, database: Option<&str>) -> Self {
        Self::start_with(data_dir, port, database, &[]).await
    }

    /// The same with other settings.
    pub async fn start_with(data_dir: &Path, port: u16, database: Option<&str>, settings: &[(&str, String)]) -> Self {
        let (base, ops) = (format!("127.0.0.1:{port}"), format!("127.0.0.1:{}", port + 1));
        let mut command = binary(data_dir);
        if let Some(url) = database {
            command.env("CITYEVENTS__DATABASE__URL", url);
        }
        let child = command
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .args(["serve", "--listen", &base, "--ops-listen", &ops])
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(data_dir.join("server.log")).unwrap())
            .spawn()
            .unwrap();
        let process = Self { child, base: format!("http://{base}"), ops: format!("http://{ops}") };
        let deadline = std::time::Instant::now() + Duration::from_mins(1);
        while !reqwest::get(format!("{}/readyz", process.ops)).await.is_ok_and(|it| it.status().is_success()) {
            let log = || std::fs::read_to_string(data_dir.join("server.log")).unwrap_or_default();
            assert!(std::time::Instant::now() < deadline, "the server is not ready: {}", log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        process
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn binary(data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cityevents"));
    command.arg("--data-dir").arg(data_dir);
    command.env("CITYEVENTS__LIMITS__ENABLED", "false").env("CITYEVENTS__LOG__LEVEL", "warn");
    command
}

pub fn run(data_dir: &Path, arguments: &[&str]) -> String {
    let output = binary(data_dir).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

pub fn free_port_pair() -> u16 {
    let seed = u16::try_from(Clock::system().now().timestamp_subsec_micros() % 10_000).unwrap();
    (0..10_000_u16)
        .map(|offset| 20_000 + (seed + offset * 2) % 10_000)
        .find(|port| [*port, port + 1].iter().all(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok()))
        .expect("two free ports")
}
