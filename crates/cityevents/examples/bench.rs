//! Measures the built binary in one run: database, server and load generator share this machine.
//!
//! `./dev bench` builds what is needed and runs this; `bench BINARY [SECONDS]`. Each row is a closed loop of so many callers; the first
//! row is the floor, an answer that touches no database, and the last column compares with it.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

const PORT: u16 = 18_480;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let binary = PathBuf::from(arguments.next().context("usage: bench BINARY [SECONDS]")?);
    let seconds = arguments.next().map_or(Ok(5), |text| text.parse()).context("SECONDS is a number")?;
    let dir = std::env::temp_dir().join(format!("cityevents-bench-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let outcome = Bench { binary, dir: dir.clone(), span: Duration::from_secs(seconds) }.run().await;
    std::fs::remove_dir_all(&dir)?;
    outcome
}

struct Bench {
    binary: PathBuf,
    dir: PathBuf,
    span: Duration,
}

struct Server {
    child: Child,
    base: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGTERM, so that the cluster is stopped, too.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

struct Row {
    name: String,
    callers: usize,
    per_second: f64,
    p50: Duration,
    p99: Duration,
    errors: usize,
}

impl Bench {
    async fn run(&self) -> anyhow::Result<()> {
        self.command(&["dev", "sample"])?;
        let first = self.serve().await?.0;
        let tokens_file = self.dir.join("tokens");
        let count = 40_000;
        self.command(&["dev", "load-users", "--count", &count.to_string(), "--out", &tokens_file.to_string_lossy()])?;
        drop(first);
        let (server, started) = self.serve().await?;
        let tokens: Vec<String> = std::fs::read_to_string(tokens_file)?.lines().map(str::to_owned).collect();
        let client = reqwest::Client::builder().pool_max_idle_per_host(1024).timeout(Duration::from_mins(1)).build()?;
        let ids = event_ids(&client, &server.base).await?;
        let database = sqlx::PgPool::connect(self.output(&["doctor", "--print-database-url"])?.trim()).await?;
        settled(&database).await?;

        let mut rows = Vec::new();
        rows.push(self.reads(&client, &server, "floor: /livez", 32, |_| "/livez".to_owned()).await);
        rows.push(self.reads(&client, &server, "list page", 32, |_| "/api/v1/events?limit=20".to_owned()).await);
        let words = [
            "concert",
            "running",
            "Weihnachtsmarkt",
            "film",
            "baking",
            "jazz",
            "bibliothek",
            "garden",
            "konzert",
            "wehnachtsmarkt",
        ];
        let search = |n: usize| format!("/api/v1/events?q={}", words[n % words.len()]);
        rows.push(self.reads(&client, &server, "search", 32, search).await);
        let event = |n: usize| format!("/api/v1/events/{}", ids[n % ids.len()]);
        rows.push(self.reads(&client, &server, "event page, API", 32, event).await);
        let page = |n: usize| format!("/events/{}", ids[n % ids.len()]);
        rows.push(self.reads(&client, &server, "event page, HTML", 32, page).await);

        let mut people = tokens.chunks(4_000);
        for (name, callers, events, capacity) in [
            ("join, one caller", 1, 1, 4_000),
            ("join, one hot event with room", 32, 1, 4_000),
            ("join, one hot event with room", 128, 1, 4_000),
            ("join, one full event (the line)", 128, 1, 50),
            ("join, 100 events", 128, 100, 4_000),
        ] {
            let people = people.next().context("enough people")?;
            let events = self.events(&client, &server, &tokens[tokens.len() - 1], events, capacity).await?;
            settled(&database).await?;
            let people = if callers == 1 { &people[..500] } else { people };
            rows.push(self.joins(&client, &server, name, callers, &events, people).await);
        }
        let memory = resident_mib(server.child.id())?;
        report(&rows, started, memory);
        Ok(())
    }

    fn binary(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("--data-dir").arg(self.dir.join("data"));
        command.env("CITYEVENTS__LIMITS__ENABLED", "false").env("CITYEVENTS__LOG__LEVEL", "error");
        command
    }

    fn command(&self, arguments: &[&str]) -> anyhow::Result<()> {
        self.output(arguments).map(drop)
    }

    fn output(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.binary().args(arguments).output()?;
        if !output.status.success() {
            bail!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Starts the server; returns how long it took until it was ready.
    async fn serve(&self) -> anyhow::Result<(Server, Duration)> {
        let started = Instant::now();
        let (listen, ops) = (format!("127.0.0.1:{PORT}"), format!("127.0.0.1:{}", PORT + 1));
        let child = self
            .binary()
            .args(["serve", "--listen", &listen, "--ops-listen", &ops])
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()?;
        let server = Server { child, base: format!("http://{listen}") };
        while !reqwest::get(format!("http://{ops}/readyz")).await.is_ok_and(|it| it.status().is_success()) {
            if started.elapsed() > Duration::from_mins(1) {
                bail!("the server is not ready after a minute");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok((server, started.elapsed()))
    }

    async fn reads(
        &self,
        client: &reqwest::Client,
        server: &Server,
        name: &str,
        callers: usize,
        path: impl Fn(usize) -> String,
    ) -> Row {
        let next = Arc::new(AtomicUsize::new(0));
        let deadline = Instant::now() + self.span;
        let started = Instant::now();
        let paths: Arc<Vec<String>> = Arc::new((0..1000).map(|n| format!("{}{}", server.base, path(n))).collect());
        let tasks: Vec<_> = (0..callers)
            .map(|_| {
                let (client, next, paths) = (client.clone(), next.clone(), paths.clone());
                tokio::spawn(async move {
                    let mut measured = Vec::new();
                    while Instant::now() < deadline {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        let request = client.get(&paths[n % paths.len()]);
                        measured.push(timed(request).await);
                    }
                    measured
                })
            })
            .collect();
        row(name, callers, started, tasks).await
    }

    /// Each person joins once; `callers` at a time.
    async fn joins(
        &self,
        client: &reqwest::Client,
        server: &Server,
        name: &str,
        callers: usize,
        events: &[String],
        people: &[String],
    ) -> Row {
        let work: Arc<Vec<(String, String)>> = Arc::new(
            people
                .iter()
                .enumerate()
                .map(|(n, token)| {
                    (format!("{}/api/v1/events/{}/join", server.base, events[n % events.len()]), token.clone())
                })
                .collect(),
        );
        let next = Arc::new(AtomicUsize::new(0));
        let started = Instant::now();
        let tasks: Vec<_> = (0..callers)
            .map(|_| {
                let (client, next, work) = (client.clone(), next.clone(), work.clone());
                tokio::spawn(async move {
                    let mut measured = Vec::new();
                    while let Some((url, token)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let request = client.post(url).bearer_auth(token).header("idempotency-key", "bench");
                        measured.push(timed(request).await);
                    }
                    measured
                })
            })
            .collect();
        row(name, callers, started, tasks).await
    }

    async fn events(
        &self,
        client: &reqwest::Client,
        server: &Server,
        token: &str,
        count: usize,
        capacity: i32,
    ) -> anyhow::Result<Vec<String>> {
        let day = platform::Clock::system().now().date_naive() + chrono::Days::new(20);
        let body = json!({
            "title": "Drop", "description": "Bring a torch.", "category": "music", "city": "Berlin", "venue": { "name": "Hall" },
            "starts_at_local": format!("{day}T20:00:00"), "ends_at_local": format!("{day}T23:00:00"),
            "timezone": "Europe/Berlin", "capacity": capacity, "language": "en",
        });
        let mut ids = Vec::new();
        for _ in 0..count {
            let url = format!("{}/api/v1/events", server.base);
            let request = client.post(&url).bearer_auth(token).header("content-type", "application/json");
            let text = request.body(body.to_string()).send().await?.error_for_status()?.text().await?;
            let id = serde_json::from_str::<Value>(&text)?["id"].as_str().context("an id")?.to_owned();
            client.post(format!("{url}/{id}/publish")).bearer_auth(token).send().await?.error_for_status()?;
            ids.push(id);
        }
        Ok(ids)
    }
}

/// Waits until every message has had its effect: what a row measures must not be the work that the row before left behind.
async fn settled(database: &sqlx::PgPool) -> anyhow::Result<()> {
    let started = Instant::now();
    let waiting =
        "SELECT (SELECT count(*) FROM bus.deliveries WHERE parked_at IS NULL) + (SELECT count(*) FROM auth.outbox)
                        + (SELECT count(*) FROM events.outbox) + (SELECT count(*) FROM joins.outbox)";
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(database).await? > 0 {
        if started.elapsed() > Duration::from_mins(3) {
            bail!("messages still wait after three minutes");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

async fn event_ids(client: &reqwest::Client, base: &str) -> anyhow::Result<Vec<String>> {
    let text = client.get(format!("{base}/api/v1/events?limit=100")).send().await?.error_for_status()?.text().await?;
    let page: Value = serde_json::from_str(&text)?;
    let items = page["items"].as_array().context("a list")?;
    Ok(items.iter().filter_map(|item| item["id"].as_str().map(str::to_owned)).collect())
}

/// How long it took; `None` if it was refused or failed.
async fn timed(request: reqwest::RequestBuilder) -> Option<Duration> {
    let started = Instant::now();
    let response = request.send().await.ok()?;
    let ok = response.status().is_success();
    response.bytes().await.ok()?;
    ok.then(|| started.elapsed())
}

async fn row(
    name: &str,
    callers: usize,
    started: Instant,
    tasks: Vec<tokio::task::JoinHandle<Vec<Option<Duration>>>>,
) -> Row {
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap_or_default());
    }
    let elapsed = started.elapsed();
    let mut good: Vec<Duration> = all.iter().copied().flatten().collect();
    good.sort_unstable();
    let at = |part: usize| {
        good.get((good.len() * part / 100).min(good.len().saturating_sub(1))).copied().unwrap_or_default()
    };
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let per_second = good.len() as f64 / elapsed.as_secs_f64();
    Row { name: name.to_owned(), callers, per_second, p50: at(50), p99: at(99), errors: all.len() - good.len() }
}

fn resident_mib(pid: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("VmRSS")?;
    let kib: u64 = line.split_whitespace().nth(1).context("a number")?.parse()?;
    Ok(kib / 1024)
}

fn report(rows: &[Row], started: Duration, memory: u64) {
    let floor = rows.first().map_or(1.0, |row| row.per_second);
    println!(
        "| what | callers | per second | p50 ms | p99 ms | errors | of the floor |\n|---|---:|---:|---:|---:|---:|---:|"
    );
    for row in rows {
        println!(
            "| {} | {} | {:.0} | {:.1} | {:.1} | {} | {:.1} % |",
            row.name,
            row.callers,
            row.per_second,
            row.p50.as_secs_f64() * 1000.0,
            row.p99.as_secs_f64() * 1000.0,
            row.errors,
            row.per_second / floor * 100.0
        );
    }
    println!("\nstart to ready with an existing cluster: {:.2} s", started.as_secs_f64());
    println!("resident memory of the binary after the load: {memory} MiB");
}
