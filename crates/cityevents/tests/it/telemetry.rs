//! What the program tells of itself, asked of those that will ask it: a real Prometheus, a real receiver of traces, the dashboards.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};
use testkit::eventually;

use crate::support::{Api, Process, Server, TempDir, free_port_pair, run};

/// Ended with the test.
struct Helper(Child);

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

async fn metrics(ops: &str, openmetrics: bool) -> String {
    let accept = if openmetrics { "application/openmetrics-text" } else { "text/plain" };
    let request = reqwest::Client::new().get(format!("{ops}/metrics")).header("accept", accept);
    Api::send(request).await.expect(200).text
}

/// The value of the first line that begins with a name and has all of these labels.
fn value<'a>(text: &'a str, name: &str, labels: &[&str]) -> &'a str {
    let wanted = |line: &&str| line.starts_with(name) && labels.iter().all(|label| line.contains(label));
    let line = text.lines().find(wanted).unwrap_or_else(|| panic!("{name} {labels:?} in {text}"));
    line.rsplit(' ').next().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_tell_what_happened_and_never_to_whom() {
    let server = Server::start().await;
    let people = server.people(3).await;
    let event = people[0].publish(Some(1)).await;
    assert_eq!(people[1].join(&event, "in").await.expect(200).json["status"], "confirmed");
    people[1].join(&event, "in").await.expect(200);
    assert_eq!(people[2].join(&event, "in").await.expect(200).json["status"], "waitlisted");
    people[2].join(&event, "again").await.expect(409);
    people[1].leave(&event, "out").await.expect(200);
    let before = metrics(&server.ops, false).await;
    let join = ["role=\"bff\"", "http_route=\"/api/v1/events/{id}/join\"", "http_request_method=\"POST\""];
    let duration = "http_server_request_duration_seconds_count";
    assert_eq!(value(&before, duration, &[join[0], join[1], "\"2xx\""]), "3");
    assert_eq!(value(&before, duration, &[join[0], join[1], "\"4xx\""]), "1");
    assert_eq!(value(&before, duration, &["role=\"joins\"", join[1], join[2], "\"2xx\""]), "3");
    for (outcome, reason) in [("confirmed", ""), ("waitlisted", ""), ("replayed", ""), ("refused", "already_joined")] {
        let labels = ["wish=\"join\"", &format!("outcome=\"{outcome}\""), &format!("reason=\"{reason}\"")];
        assert_eq!(value(&before, "cityevents_joins_decisions_total", &labels), "1", "{outcome}");
    }
    assert_eq!(value(&before, "cityevents_joins_promotions_total", &[]), "1");
    assert_eq!(value(&before, "cityevents_dependency_up", &["dependency=\"database\""]), "1");
    value(&before, "db_client_operation_duration_seconds_count", &["\"INSERT joins\""]);

    // Whatever is asked for, and by whom: there are as many series as before.
    for n in 0..50 {
        let path = format!("/api/v1/events/{}", EventIds(n));
        server.nobody().get(&path).await.expect(404);
        server.nobody().get(&format!("/nowhere/{n}")).await;
        let method = format!("METHOD{n}");
        let odd = server.nobody().request(&method, "/api/v1/events").send().await.unwrap();
        assert!(!odd.status().is_success());
    }
    let after = metrics(&server.ops, false).await;
    let routes = |text: &str| -> BTreeSet<String> {
        text.lines()
            .filter(|line| line.starts_with(duration))
            .map(|line| line.split('}').next().unwrap().to_owned())
            .collect()
    };
    let new: Vec<_> = routes(&after).difference(&routes(&before)).cloned().collect();
    assert!(new.len() <= 6, "{new:?}");
    for secret in [event.as_str(), "METHOD", "nowhere/", "@", people[0].token.as_deref().unwrap()] {
        assert!(!after.contains(secret), "{secret}");
    }
    server.stop().await;
}

/// Ids that no event has.
struct EventIds(u32);

impl std::fmt::Display for EventIds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "019ea6f2-7c00-7a44-8a43-{:012x}", self.0)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operations_listener_tells_how_it_stands_and_takes_another_level_of_logs() {
    let dir = TempDir::new();
    let db = testkit::TestDb::new(&cityevents::database::SCHEMAS).await;
    let port = free_port_pair();
    let server = Process::start(&dir.0, port, Some(db.url())).await;
    let get = async |path: &str| Api::send(reqwest::Client::new().get(format!("{}{path}", server.ops))).await;
    assert_eq!(get("/livez").await.expect(200).text, "ok\n");
    assert_eq!(get("/startupz").await.expect(200).text, "started\n");
    let ready = get("/readyz").await.expect(200).json;
    assert_eq!((&ready["status"], &ready["checks"]["database"]["ok"]), (&json!("ready"), &json!(true)));
    assert!(ready["checks"]["database"]["age_ms"].as_u64().is_some_and(|age| age < 10_000), "{ready}");
    let set = async |level: &str| {
        let request = reqwest::Client::new().put(format!("{}/log-level", server.ops)).body(level.to_owned());
        Api::send(request).await
    };
    let nobody = Api::new(&server.base, None);
    let lines = || std::fs::read_to_string(dir.0.join("server.log")).unwrap();
    nobody.get("/api/v1/events").await.expect(200);
    assert!(!lines().contains("/api/v1/events"), "only warnings so far");
    set("info").await.expect(204);
    let traced = nobody
        .request("GET", "/api/v1/events")
        .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    Api::send(traced).await.expect(200);
    let line: Value = eventually("the line of the request", async || {
        lines()
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .find(|line: &Value| line["http.route"] == "/api/v1/events")
    })
    .await;
    assert_eq!((&line["http.status"], &line["trace_id"]), (&json!(200), &json!("4bf92f3577b34da6a3ce929d0e0e4736")));
    assert_eq!(set("loud").await.expect(422).field(), "level");
    assert_eq!(get("/log-level").await.expect(200).text, "info\n");
}

/// Every name of a metric in a query, with the labels that are asked for there.
fn asked_for(query: &str) -> Vec<(String, Vec<String>)> {
    const FUNCTIONS: &[&str] = &[
        "sum",
        "rate",
        "by",
        "le",
        "max",
        "min",
        "avg",
        "count",
        "topk",
        "vector",
        "and",
        "or",
        "increase",
        "round",
        "histogram_quantile",
        "histogram",
        "up",
        "slo",
        "role",
        "ALERTS",
    ];
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut found = Vec::new();
    let mut rest = query;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic()) {
        rest = &rest[start..];
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        if let Some(list) = word.eq("by").then(|| after.trim_start()).filter(|it| it.starts_with('(')) {
            rest = list.split_once(')').map_or("", |(_, after)| after);
            continue;
        }
        // A value may have braces in it.
        let mut quoted = false;
        let closes = |c: char| {
            quoted ^= c == '"';
            c == '}' && !quoted
        };
        let labels = after.strip_prefix('{').and_then(|it| it.find(closes).map(|end| (&it[..end], &it[end + 1..])));
        if let Some((_, after)) = labels {
            rest = after;
        }
        if let Some(after) = rest.strip_prefix('[') {
            rest = after.split_once(']').map_or("", |(_, after)| after);
        }
        if FUNCTIONS.contains(&word) || word.starts_with("slo:") {
            continue;
        }
        let labels = labels.map_or("", |(labels, _)| labels);
        let names = labels.split('"').step_by(2).map(|it| it.trim_matches([',', '=', '!', '~']));
        found.push((word.to_owned(), names.filter(|it| !it.is_empty()).map(str::to_owned).collect()));
    }
    found
}

fn queries() -> Vec<(String, String)> {
    let folder = repository().join("deploy/observability");
    let mut queries = Vec::new();
    for entry in std::fs::read_dir(folder.join("dashboards")).unwrap() {
        let path = entry.unwrap().path();
        let board: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        for panel in board["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().unwrap() {
                let place = format!("{}: {}", path.file_name().unwrap().display(), panel["title"]);
                queries.push((place, target["expr"].as_str().unwrap().to_owned()));
            }
        }
    }
    for file in ["recording.yml", "alerts.yml"] {
        for line in std::fs::read_to_string(folder.join(file)).unwrap().lines() {
            if let Some(query) = line.trim().strip_prefix("expr: ") {
                queries.push((file.to_owned(), query.trim_matches('\'').to_owned()));
            }
        }
    }
    queries
}

/// Each exported series by its name, with the labels that it has.
fn exported(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut series: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let labels = line.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}')).map_or("", |(labels, _)| labels);
        let known = series.entry(name.to_owned()).or_default();
        // Values may have commas and signs in them: a name is what stands before `="`.
        for part in labels.split("=\"") {
            known.insert(part.rsplit([',', '"']).next().unwrap_or_default().to_owned());
        }
    }
    series
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_panel_and_every_rule_asks_for_what_is_exported() {
    let server = Server::start().await;
    let people = server.people(2).await;
    let event = people[0].publish(Some(1)).await;
    people[1].join(&event, "in").await.expect(200);
    server.nobody().get("/api/v1/events?q=lantern").await.expect(200);
    let body = json!({ "email": "nobody@example.org", "password": "wrong wrong wrong" });
    server.nobody().post("/api/v1/auth/login", body).await.expect(401);
    server.mail(&["text/calendar"]).await;
    let text = eventually("what is counted now and then", async || {
        let text = metrics(&server.ops, false).await;
        let counted = ["cityevents_bus_lag_seconds{", "cityevents_mail_queue{", "cityevents_mail_delay_seconds_count"];
        counted.iter().all(|name| text.contains(name)).then_some(text)
    })
    .await;
    let series = exported(&text);
    // What nobody has done in this test is announced, and has no series yet.
    let names = platform::metrics::names();
    let announced = |name: &str| {
        let endings = ["", "_total", "_bucket", "_sum", "_count"];
        endings.iter().any(|ending| name.strip_suffix(ending).is_some_and(|base| names.iter().any(|it| it == base)))
    };
    assert!(queries().len() > 100);
    for (place, query) in queries() {
        for (name, labels) in asked_for(&query) {
            let Some(known) = series.get(&name) else {
                assert!(announced(&name), "{place} asks for {name}, which is not exported: {query}");
                continue;
            };
            for label in labels.iter().filter(|it| !matches!(it.as_str(), "job" | "instance")) {
                assert!(known.contains(label), "{place} asks for {label} of {name}, which has {known:?}");
            }
        }
    }
    server.stop().await;
}

fn installed(program: &str) -> Command {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()));
    assert!(found, "{program} is not installed: `./dev test` does it, or install the package prometheus");
    Command::new(program)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_prometheus_answers_what_an_operator_asks() {
    let server = Server::start().await;
    let people = server.people(20).await;
    let event = people[0].publish(Some(10)).await;
    let dir = TempDir::new();
    let rules = repository().join("deploy/observability");
    let target = server.ops.strip_prefix("http://").unwrap();
    let config = json!({
        "global": { "scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms" },
        "rule_files": [rules.join("recording.yml"), rules.join("alerts.yml")],
        "scrape_configs": [{ "job_name": "cityevents", "static_configs": [{ "targets": [target] }] }],
    });
    std::fs::write(dir.0.join("prometheus.yml"), config.to_string()).unwrap();
    let port = free_port_pair();
    let arguments = [
        format!("--config.file={}", dir.0.join("prometheus.yml").display()),
        format!("--storage.tsdb.path={}", dir.0.join("data").display()),
        format!("--web.listen-address=127.0.0.1:{port}"),
    ];
    let log = std::fs::File::create(dir.0.join("prometheus.log")).unwrap();
    let _prometheus =
        Helper(installed("prometheus").args(arguments).stdout(Stdio::null()).stderr(log).spawn().expect("prometheus"));
    let ask = async |query: &str| -> Option<f64> {
        let url = format!("http://127.0.0.1:{port}/api/v1/query");
        let url = url::Url::parse_with_params(&url, [("query", query)]).unwrap();
        let answer = reqwest::Client::new().get(url).send().await.ok()?;
        let json: Value = serde_json::from_str(&answer.text().await.ok()?).ok()?;
        assert_ne!(json["status"], "error", "{query}: {json}");
        json["data"]["result"][0]["value"][1].as_str()?.parse().ok().filter(|it: &f64| !it.is_nan())
    };
    let join = r#"{role="bff",http_route="/api/v1/events/{id}/join"}"#;
    let by_role = |quantile: &str, role: &str| {
        format!(
            r#"histogram_quantile({quantile}, sum by (role, le) (rate(http_server_request_duration_seconds_bucket{{role="{role}",http_route="/api/v1/events/{{id}}/join"}}[30s])))"#
        )
    };
    eventually("the first scrape", async || ask(r#"up{job="cityevents"}"#).await.filter(|up| *up > 0.0)).await;
    // A rate is seen between two scrapes.
    people[1].join(&event, "first").await.expect(200);
    eventually("the first join", async || ask(&format!("http_server_request_duration_seconds_count{join}")).await)
        .await;
    for (n, person) in people[2..].iter().enumerate() {
        person.join(&event, &format!("key-{n}")).await.expect(200);
    }
    for (what, query) in [
        ("p50 at the door", by_role("0.5", "bff")),
        ("p99 at the door", by_role("0.99", "bff")),
        ("p99 at joins", by_role("0.99", "joins")),
        (
            "the share of failures",
            format!("(sum(rate(http_server_request_duration_seconds_count{join}[30s])) > 0) * 0"),
        ),
        ("the outbox", "max(cityevents_outbox_oldest_seconds) >= 0".to_owned()),
        (
            "the recorded p99",
            r#"role:http_server_request_duration_seconds:p99{role="joins",http_route="/api/v1/events/{id}/join"}"#
                .to_owned(),
        ),
        ("the recorded share of slow joins", r#"slo:bad_ratio:rate5m{slo="join",kind="latency"} >= 0"#.to_owned()),
        (
            "the recorded share of failed joins",
            r#"slo:bad_ratio:rate5m{slo="join",kind="availability"} >= 0"#.to_owned(),
        ),
    ] {
        eventually(what, async || ask(&query).await).await;
    }
    // Each alert can be asked, and none fires here.
    let url = format!("http://127.0.0.1:{port}/api/v1/rules?type=alert");
    let rules = Api::send(reqwest::Client::new().get(url)).await.expect(200).json;
    let alerts: Vec<&Value> =
        rules["data"]["groups"].as_array().unwrap().iter().flat_map(|it| it["rules"].as_array().unwrap()).collect();
    assert!(alerts.len() > 20);
    for alert in alerts {
        assert_eq!((&alert["health"], &alert["state"]), (&json!("ok"), &json!("inactive")), "{alert}");
        let page = repository().join(alert["annotations"]["runbook"].as_str().unwrap());
        assert!(page.is_file(), "{} has no runbook", alert["name"]);
    }
    server.stop().await;
}

/// A span as the receiver prints it.
#[derive(Debug)]
struct Span {
    name: String,
    trace: String,
    id: String,
    parent: String,
    whole: Value,
}

fn spans(text: &str) -> Vec<Span> {
    let word = |span: &Value, name: &str| span[name].as_str().unwrap_or_default().to_owned();
    text.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .map(|it| Span {
            name: word(&it, "name"),
            trace: word(&it, "traceId"),
            id: word(&it, "spanId"),
            parent: word(&it, "parentSpanId"),
            whole: it,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_goes_from_the_request_to_the_mail() {
    let receiver = std::env::var("CITYEVENTS_OTELTAP")
        .expect("CITYEVENTS_OTELTAP is not set: `./dev test` installs a receiver of traces and sets it");
    let dir = TempDir::new();
    let db = testkit::TestDb::new(&cityevents::database::SCHEMAS).await;
    let (port, otlp) = (free_port_pair(), free_port_pair());
    let heard = dir.0.join("spans");
    let _receiver = Helper(
        Command::new(receiver)
            .args(["--port", &otlp.to_string()])
            .env("PYTHONUNBUFFERED", "1")
            .stdout(std::fs::File::create(&heard).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .expect("the receiver"),
    );
    let telemetry = [
        ("CITYEVENTS__TELEMETRY__OTLP_ENDPOINT", format!("http://127.0.0.1:{otlp}/v1/traces")),
        // Nobody draws: the caller says that the trace is kept.
        ("CITYEVENTS__TELEMETRY__SAMPLE_RATIO", "0.0".to_owned()),
    ];
    let server = Process::start_with(&dir.0, port, Some(db.url()), &telemetry).await;
    let tokens = dir.0.join("tokens");
    let load = ["dev", "load-users", "--count", "2", "--out", tokens.to_str().unwrap()];
    run_on(&dir.0, db.url(), &load);
    let tokens = std::fs::read_to_string(tokens).unwrap();
    let people: Vec<Api> = tokens.lines().map(|token| Api::new(&server.base, Some(token))).collect();
    let event = people[0].publish(Some(5)).await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let join = people[1]
        .keyed(&format!("/api/v1/events/{event}/join"), "in")
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    Api::send(join).await.expect(200);
    let spans = eventually("the mail's span", async || {
        let spans = spans(&std::fs::read_to_string(&heard).ok()?);
        spans.iter().any(|it| it.name == "send mail").then_some(spans)
    })
    .await;
    assert!(spans.iter().all(|it| it.trace == trace), "what nobody keeps is not sent: {spans:#?}");
    let find = |name: &str| spans.iter().find(|it| it.name == name).unwrap_or_else(|| panic!("{name} in {spans:#?}"));
    let under =
        |child: &Span, parent: &Span| assert_eq!(child.parent, parent.id, "{} under {}", child.name, parent.name);
    let route = "POST /api/v1/events/{id}/join";
    let requests: Vec<&Span> = spans.iter().filter(|it| it.name == route).collect();
    let door = requests.iter().find(|it| it.parent == "00f067aa0ba902b7").expect("the caller's child");
    let (call, decide) = (find("POST joins"), find("decide"));
    under(call, door);
    let role = requests.iter().find(|it| it.parent == call.id).expect("the role's request under the call");
    under(decide, role);
    under(find("INSERT joins"), decide);
    under(find("SELECT events"), decide);
    let publish = find("publish join.confirmed");
    under(publish, role);
    let effects: Vec<&Span> = spans.iter().filter(|it| it.name == "process join.confirmed").collect();
    let consumers: BTreeSet<String> = effects.iter().map(|it| it.whole["attributes"].to_string()).collect();
    for consumer in ["feed", "notify"] {
        assert!(consumers.iter().any(|it| it.contains(&format!("\"{consumer}"))), "{consumer} in {consumers:?}");
    }
    for effect in &effects {
        under(effect, publish);
        assert!(effect.whole["links"].to_string().contains(&publish.id), "linked: {}", effect.whole);
        assert_eq!(effect.whole["kind"], 5, "a consumer's");
    }
    let mail = find("send mail");
    let queued = effects.iter().find(|it| it.id == mail.parent).expect("the mail under the message that queued it");
    assert!(spans.iter().any(|it| it.name == "WITH events" && it.parent == queued.id), "the statement that queued it");
}

/// A command on the server's database.
fn run_on(data_dir: &Path, database: &str, arguments: &[&str]) {
    let config = data_dir.join("command.toml");
    std::fs::write(&config, format!("[database]\nurl = \"{database}\"\n")).unwrap();
    let arguments = [&["--config", config.to_str().unwrap()], arguments].concat();
    run(data_dir, &arguments);
}

#[test]
fn names_and_labels_are_read_from_queries() {
    let query = r#"histogram_quantile(0.99, sum by (role, le) (rate(a_bucket{role=~"$role",x!="/y/{id}"}[5m]))) / sum(b) or vector(0)"#;
    let found = asked_for(query);
    assert_eq!(found[0], ("a_bucket".to_owned(), vec!["role".to_owned(), "x".to_owned()]));
    assert_eq!(found[1], ("b".to_owned(), vec![]));
    assert_eq!(found.len(), 2);
}
