//! Measures the built binary in one run: database, server and load generator share this machine.
//!
//! `./dev bench` builds what is needed and runs this; `bench BINARY [SECONDS [ONLY]]`, where ONLY is a part of the names of the joins'
//! rows to be measured, such as `hot event, 512`, for whoever looks at one of them with a profiler. Each row is a closed loop of so many callers. The last
//! column compares with a row of the same run: reads with the floor, an answer that touches no database; joins with the same server told to
//! decide each request in a transaction of its own. The raw batch writes the same rows by pgbench, with no server in between.

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
/// Source of the imported events.
const MANY: &str = "bench";
/// The rows of 200 joins, in one transaction; each connection has its own event, as each lane mostly has.
const RAW_BATCH: &str = "
\\set first :client_id * 1000000000 + random(1, 900000000)
BEGIN;
SELECT * FROM raw.events WHERE id = lpad((:client_id + 1)::text, 32, '0')::uuid FOR UPDATE;
INSERT INTO raw.joins (id, event_id, user_id, line_no, status, party_size, joined_at, confirmed_at, confirmed_revision)
  SELECT gen_random_uuid(), lpad((:client_id + 1)::text, 32, '0')::uuid, gen_random_uuid(), :first::bigint * 1000 + n, 'confirmed', 1, now(), now(), 1
  FROM generate_series(1, 200) n;
UPDATE raw.events SET confirmed = confirmed + 200, revision = revision + 200 WHERE id = lpad((:client_id + 1)::text, 32, '0')::uuid;
INSERT INTO raw.idempotency (user_id, key, request_hash, status, body, event_id, join_id, created_at)
  SELECT gen_random_uuid(), 'bench', decode(repeat('ab', 32), 'hex'), 200, convert_to(repeat('x', 330), 'UTF8'), gen_random_uuid(),
         gen_random_uuid(), now() FROM generate_series(1, 200);
INSERT INTO raw.outbox (id, kind, version, aggregate, payload, traceparent, occurred_at)
  SELECT gen_random_uuid(), 'join.confirmed', 1, gen_random_uuid(), jsonb_build_object('text', repeat('x', 300)), repeat('0', 55), now()
  FROM generate_series(1, 200);
COMMIT;
";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let binary = PathBuf::from(arguments.next().context("usage: bench BINARY [SECONDS]")?);
    let seconds = arguments.next().map_or(Ok(5), |text| text.parse()).context("SECONDS is a number")?;
    let dir = std::env::temp_dir().join(format!("cityevents-bench-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let outcome =
        Bench { binary, dir: dir.clone(), span: Duration::from_secs(seconds), only: arguments.next() }.run().await;
    std::fs::remove_dir_all(&dir)?;
    outcome
}

struct Bench {
    binary: PathBuf,
    dir: PathBuf,
    span: Duration,
    only: Option<String>,
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
    max: Duration,
    errors: usize,
}

impl Bench {
    async fn run(&self) -> anyhow::Result<()> {
        self.command(&["dev", "sample"])?;
        let first = self.serve().await?.0;
        let tokens_file = self.dir.join("tokens");
        let count = 75_000;
        self.command(&["dev", "load-users", "--count", &count.to_string(), "--out", &tokens_file.to_string_lossy()])?;
        drop(first);
        let (server, started) = self.serve().await?;
        let tokens: Vec<String> = std::fs::read_to_string(tokens_file)?.lines().map(str::to_owned).collect();
        let client = new_client()?;
        let ids = event_ids(&client, &server.base).await?;
        let database = sqlx::PgPool::connect(self.output(&["doctor", "--print-database-url"])?.trim()).await?;
        settled(&database).await?;

        let mut people = People(tokens.iter());
        let organiser = people.next(1)?.remove(0);
        if self.only.is_some() {
            let rows = self.joins_rows(&client, &server, &database, &organiser, &mut people).await?;
            report(&rows, started, resident_mib(server.child.id())?);
            return Ok(());
        }

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

        let all = self.joins_rows(&client, &server, &database, &organiser, &mut people).await?;
        rows.extend(all);
        let memory = resident_mib(server.child.id())?;
        drop(server);
        let singly = self.serve_with(&[("CITYEVENTS__JOINS__BATCH", "1")]).await?.0;
        let client = new_client()?; // connections to the server before are of no use
        for callers in [1, 32, 128, 512] {
            settled(&database).await?;
            let events = self.events(&client, &singly, &organiser, 1, 4_000).await?;
            let name = "join, one hot event, a transaction each";
            rows.push(self.joins(&client, &singly, name, callers, &events, &people.next(callers.max(64) * 8)?).await);
        }
        settled(&database).await?;
        let many = many_events(&database).await?;
        let name = "join, 10,000 events, a transaction each";
        rows.push(self.joins(&client, &singly, name, 512, &many, &people.next(4_000)?).await);
        rows.push(self.raw_batch(&database).await?);
        report(&rows, started, memory);
        Ok(())
    }

    async fn joins_rows(
        &self,
        client: &reqwest::Client,
        server: &Server,
        database: &sqlx::PgPool,
        organiser: &str,
        people: &mut People<'_>,
    ) -> anyhow::Result<Vec<Row>> {
        let mut rows = Vec::new();
        for (name, callers, events, capacity, count) in [
            ("join, one hot event", 1, 1, 4_000, 500),
            ("join, one hot event", 32, 1, 8_000, 4_000),
            ("join, one hot event", 128, 1, 8_000, 8_000),
            ("join, one hot event", 512, 1, 10_000, 10_000),
            ("join, one hot event", 2_000, 1, 12_000, 12_000),
            ("join, one full event (the line)", 128, 1, 50, 4_000),
            ("join, 100 events", 128, 100, 4_000, 8_000),
            ("drop: 5,000 people at once, 500 places", 5_000, 1, 500, 5_000),
        ] {
            if self.only.as_ref().is_some_and(|only| !format!("{name}, {callers}").contains(only)) {
                continue;
            }
            let events = self.events(client, server, organiser, events, capacity).await?;
            settled(database).await?;
            rows.push(self.joins(client, server, name, callers, &events, &people.next(count)?).await);
            settled(database).await?;
        }
        if self.only.as_ref().is_some_and(|only| !"join, 10,000 events, 512".contains(only.as_str())) {
            return Ok(rows);
        }
        self.import_events(10_000)?;
        settled(database).await?;
        let many = many_events(database).await?;
        rows.push(self.joins(client, server, "join, 10,000 events", 512, &many, &people.next(10_000)?).await);
        settled(database).await?;
        Ok(rows)
    }

    /// Events with room for everybody, all from one file.
    fn import_events(&self, count: usize) -> anyhow::Result<()> {
        let day = platform::Clock::system().now().date_naive() + chrono::Days::new(30);
        let events: Vec<Value> = (0..count)
            .map(|number| {
                json!({
                    "@context": "https://schema.org", "@type": "Event", "@id": format!("bench-{number}"),
                    "name": format!("Evening {number}"), "startDate": format!("{day}T19:00:00"), "endDate": format!("{day}T21:00:00"),
                    "location": { "@type": "Place", "name": "Hall", "address": { "addressLocality": "Berlin" } },
                })
            })
            .collect();
        let file = self.dir.join("many.jsonld");
        std::fs::write(&file, serde_json::to_vec(&events)?)?;
        let file = file.to_string_lossy().into_owned();
        self.command(&["import", "--source", MANY, "--timezone", "Europe/Berlin", &file])
    }

    /// Batches of 200 joins as the server writes them, by pgbench on two connections.
    async fn raw_batch(&self, database: &sqlx::PgPool) -> anyhow::Result<Row> {
        for statement in [
            "DROP SCHEMA IF EXISTS raw CASCADE",
            "CREATE SCHEMA raw",
            "CREATE TABLE raw.events (LIKE joins.events INCLUDING ALL)",
            "CREATE TABLE raw.joins (LIKE joins.joins INCLUDING ALL)",
            "CREATE TABLE raw.idempotency (LIKE joins.idempotency INCLUDING ALL)",
            "CREATE TABLE raw.outbox (LIKE joins.outbox INCLUDING ALL)",
            "INSERT INTO raw.events (id, version, organiser_id, status, starts_at, ends_at)
             SELECT lpad(n::text, 32, '0')::uuid, 1, gen_random_uuid(), 'published', now() + '1 day', now() + '2 days'
             FROM generate_series(1, 2) n",
        ] {
            sqlx::query(statement).execute(database).await?;
        }
        let script = self.dir.join("batch.sql");
        std::fs::write(&script, RAW_BATCH)?;
        let url = self.output(&["doctor", "--print-database-url"])?;
        let seconds = self.span.as_secs().to_string();
        let output = Command::new(pgbench())
            .args(["-n", "-c", "2", "-j", "1", "-M", "prepared", "-T", &seconds, "-l", "--log-prefix"])
            .arg(self.dir.join("raw"))
            .arg("-f")
            .arg(&script)
            .arg(url.trim())
            .output()?;
        if !output.status.success() {
            bail!("pgbench: {}", String::from_utf8_lossy(&output.stderr));
        }
        let mut latencies: Vec<Duration> = Vec::new();
        for entry in std::fs::read_dir(&self.dir)? {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("raw.")) {
                let text = std::fs::read_to_string(path)?;
                let micros = text.lines().filter_map(|line| line.split(' ').nth(2)?.parse().ok());
                latencies.extend(micros.map(Duration::from_micros));
            }
        }
        let batches = latencies.len();
        let mut row = Row::of("raw batch of 200 by pgbench", 2, self.span, latencies, 0);
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let per_second = (batches * 200) as f64 / self.span.as_secs_f64();
        row.per_second = per_second;
        Ok(row)
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
        self.serve_with(&[]).await
    }

    async fn serve_with(&self, settings: &[(&str, &str)]) -> anyhow::Result<(Server, Duration)> {
        let started = Instant::now();
        let (listen, ops) = (format!("127.0.0.1:{PORT}"), format!("127.0.0.1:{}", PORT + 1));
        let child = self
            .binary()
            .envs(settings.iter().copied())
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
        eprintln!("{name}, {callers} callers");
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

fn new_client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder().pool_max_idle_per_host(1024).timeout(Duration::from_mins(1)).build()
}

/// Waits until every message has had its effect: what a row measures must not be the work that the row before left behind. Mails that
/// gave way in a rush are thrown away: to write them all takes minutes, and then they disturb nobody.
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
    sqlx::query("DELETE FROM notify.mails WHERE status = 'queued'").execute(database).await?;
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
    let good: Vec<Duration> = all.iter().copied().flatten().collect();
    let errors = all.len() - good.len();
    Row::of(name, callers, elapsed, good, errors)
}

impl Row {
    fn of(name: &str, callers: usize, elapsed: Duration, mut good: Vec<Duration>, errors: usize) -> Self {
        good.sort_unstable();
        let at = |part: usize| {
            good.get((good.len() * part / 100).min(good.len().saturating_sub(1))).copied().unwrap_or_default()
        };
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let per_second = good.len() as f64 / elapsed.as_secs_f64();
        let row = Self { name: name.to_owned(), callers, per_second, p50: at(50), p99: at(99), max: at(100), errors };
        eprintln!(
            "{name}, {callers} callers: {per_second:.0} per second, p50 {:?}, p99 {:?}, {errors} errors",
            row.p50, row.p99
        );
        row
    }
}

/// Access tokens of people who have joined nothing yet.
struct People<'a>(std::slice::Iter<'a, String>);

impl People<'_> {
    fn next(&mut self, count: usize) -> anyhow::Result<Vec<String>> {
        let some: Vec<String> = self.0.by_ref().take(count).cloned().collect();
        if some.len() < count {
            bail!("not enough people were made");
        }
        Ok(some)
    }
}

async fn many_events(database: &sqlx::PgPool) -> anyhow::Result<Vec<String>> {
    let query = "SELECT id::text FROM events.events WHERE source_name = $1";
    Ok(sqlx::query_scalar(query).bind(MANY).fetch_all(database).await?)
}

/// Beside the newest Postgres programs.
fn pgbench() -> PathBuf {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin/pgbench")))
        .filter(|path| path.exists())
        .collect();
    found.sort();
    found.pop().unwrap_or_else(|| PathBuf::from("pgbench"))
}

fn resident_mib(pid: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("VmRSS")?;
    let kib: u64 = line.split_whitespace().nth(1).context("a number")?.parse()?;
    Ok(kib / 1024)
}

fn report(rows: &[Row], started: Duration, memory: u64) {
    let floor = rows.first().map_or(1.0, |row| row.per_second);
    let singly = |row: &Row| {
        let like =
            rows.iter().find(|it| it.callers == row.callers && it.name == format!("{}, a transaction each", row.name));
        like.map(|it| format!("{:.1} × a transaction each", row.per_second / it.per_second))
    };
    println!(
        "| what | callers | per second | p50 ms | p99 ms | max ms | errors | compared |\n|---|---:|---:|---:|---:|---:|---:|---|"
    );
    for row in rows {
        println!(
            "| {} | {} | {:.0} | {:.1} | {:.1} | {:.1} | {} | {} |",
            row.name,
            row.callers,
            row.per_second,
            row.p50.as_secs_f64() * 1000.0,
            row.p99.as_secs_f64() * 1000.0,
            row.max.as_secs_f64() * 1000.0,
            row.errors,
            singly(row).unwrap_or_else(|| format!("{:.1} % of the floor", row.per_second / floor * 100.0)),
        );
    }
    println!("\nstart to ready with an existing cluster: {:.2} s", started.as_secs_f64());
    println!("resident memory of the binary after the load: {memory} MiB");
}
