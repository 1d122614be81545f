//! Many people at many events, on two server processes of which one is killed again and again, with connections that die in the middle. What
//! was answered is put in order afterwards, by the revision that each answer carries, and has to be what the [`oracle`](testkit::oracle) says.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use cityevents::database::SCHEMAS;
use contracts::registration::Access;
use futures::future::join_all;
use platform::Clock;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};
use sqlx::PgPool;
use testkit::{
    TestDb,
    oracle::{Join, Oracle, Status},
};

use crate::support::{Api, Process, Reply, TempDir, binary, event_body, free_port_pair};

/// `CITYEVENTS_STRESS_OPS` makes it longer, `CITYEVENTS_STRESS_SEED` repeats what is asked for (not how it is interleaved).
const OPERATIONS: usize = 3_000;
const PEOPLE: usize = 120;
const EVENTS: usize = 8;
const CALLERS: usize = 48;

#[derive(Clone, Debug)]
enum Ask {
    Join { size: i32, at_least: i32 },
    Leave,
    Claim,
    Approve(usize),
    Reject(usize),
    Remove(usize),
    Ban(usize),
    Unban(usize),
    Pick(usize, bool),
}

/// A request and what it was answered.
struct Done {
    event: usize,
    who: usize,
    ask: Ask,
    answer: Value,
}

struct Event {
    id: String,
    starts_at: DateTime<Utc>,
    capacity: Option<i32>,
    access: Access,
    passes: i32,
}

struct Scene {
    people: Vec<Api>,
    ids: Vec<String>,
    events: Vec<Event>,
    /// Addresses of the processes.
    bases: [String; 2],
    /// What they write down.
    logs: [PathBuf; 2],
    left: AtomicUsize,
    done: Mutex<Vec<Done>>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_answered_under_stress_is_what_one_after_the_other_would_have_given() {
    let number = |name: &str| std::env::var(name).ok().and_then(|it| it.parse::<usize>().ok());
    let operations = number("CITYEVENTS_STRESS_OPS").unwrap_or(OPERATIONS);
    let seed = number("CITYEVENTS_STRESS_SEED")
        .unwrap_or_else(|| usize::try_from(Clock::system().now().timestamp_subsec_nanos()).unwrap());
    eprintln!("CITYEVENTS_STRESS_SEED={seed}, {operations} operations");
    let db = TestDb::new(&SCHEMAS).await;
    let dirs = [TempDir::new(), TempDir::new()];
    let a = Process::start(&dirs[0].0, free_port_pair(), Some(db.url())).await;
    let port = free_port_pair();
    let b = Process::start(&dirs[1].0, port, Some(db.url())).await;
    let (bases, logs) = ([a.base.clone(), b.base.clone()], [0, 1].map(|n: usize| dirs[n].0.join("server.log")));
    let scene = Arc::new(scene(&dirs[0].0, db.url(), bases, logs, operations).await);
    let callers: Vec<_> = (0..CALLERS)
        .map(|n| tokio::spawn(call(scene.clone(), StdRng::seed_from_u64((seed + n * 7919) as u64))))
        .collect();
    let b = trouble(&db, b, &dirs[1].0, port, &scene).await;
    for caller in callers {
        caller.await.unwrap();
    }
    let pool = db.pool("joins");
    let done = std::mem::take(&mut *scene.done.lock().unwrap());
    eprintln!("{} of the answers changed something", done.len());
    for (n, event) in scene.events.iter().enumerate() {
        check(&pool, &scene, event, done.iter().filter(|it| it.event == n).collect()).await;
    }
    assert_eq!(joins::audit(&pool).await.unwrap(), []);
    drop((a, b));
}

impl Scene {
    /// The last errors in the logs.
    fn errors(&self) -> String {
        let logs = self.logs.iter().filter_map(|log| std::fs::read_to_string(log).ok());
        let lines: Vec<String> = logs
            .flat_map(|log| {
                log.lines().rev().filter(|line| line.contains("ERROR")).take(5).map(str::to_owned).collect::<Vec<_>>()
            })
            .collect();
        format!("\n{}", lines.join("\n"))
    }
}

async fn scene(data_dir: &Path, database: &str, bases: [String; 2], logs: [PathBuf; 2], operations: usize) -> Scene {
    let file = data_dir.join("tokens");
    let output = binary(data_dir)
        .env("CITYEVENTS__DATABASE__URL", database)
        .args(["dev", "load-users", "--count", &PEOPLE.to_string(), "--out"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tokens = std::fs::read_to_string(file).unwrap();
    let people: Vec<Api> = tokens.lines().map(|token| Api::new(&bases[0], Some(token))).collect();
    let ids = join_all(
        people
            .iter()
            .map(async |person| person.get("/api/v1/me").await.expect(200).json["id"].as_str().unwrap().to_owned()),
    )
    .await;
    let mut events = Vec::new();
    for n in 0..EVENTS {
        let capacity = [Some(10), Some(1), Some(25), Some(4), None, Some(7), Some(10), Some(3)][n];
        // Half of them are so near that free places are offered.
        let hours = if n % 2 == 0 { 240 } else { 20 };
        let (access, passes) = (if n % 4 == 2 { "approval" } else { "open" }, [3, 0, 1, 5][n % 4]);
        let start = Clock::system().now() + TimeDelta::hours(hours);
        let mut body = event_body(capacity);
        body["timezone"] = json!("UTC");
        body["starts_at_local"] = json!(start.format("%Y-%m-%dT%H:%M").to_string());
        body["ends_at_local"] = json!((start + TimeDelta::hours(2)).format("%Y-%m-%dT%H:%M").to_string());
        body["registration"] = json!({ "access": access, "passes": passes });
        let event = people[0].post("/api/v1/events", body).await.expect(201).json;
        let id = event["id"].as_str().unwrap().to_owned();
        people[0].post(&format!("/api/v1/events/{id}/publish"), json!({})).await.expect(200);
        events.push(Event {
            id,
            starts_at: serde_json::from_value(event["starts_at"].clone()).unwrap(),
            capacity,
            access: if access == "approval" { Access::Approval } else { Access::Open },
            passes,
        });
    }
    Scene { people, ids, events, bases, logs, left: AtomicUsize::new(operations), done: Mutex::default() }
}

/// Kills and restarts one of the processes, and ends connections of both, as long as there is something to do.
async fn trouble(db: &TestDb, mut b: Process, dir: &Path, port: u16, scene: &Scene) -> Process {
    let admin = db.pool("joins");
    let mut round = 0;
    while scene.left.load(Ordering::SeqCst) > 0 {
        // How long it goes well is not what is tested.
        tokio::time::sleep(Duration::from_millis(400)).await;
        if round % 4 == 3 {
            b.kill();
            b = Process::start(dir, port, Some(db.url())).await;
        } else {
            sqlx::query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active' AND query ILIKE '%joins%'
                 ORDER BY random() LIMIT 2",
            )
            .execute(&admin)
            .await
            .unwrap();
        }
        round += 1;
    }
    b
}

/// Somebody who asks for one thing after the other, and sends each again, wherever somebody listens, until it is answered.
async fn call(scene: Arc<Scene>, mut rng: StdRng) {
    while scene.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
        let (event, who) = (rng.random_range(0..EVENTS), rng.random_range(1..PEOPLE));
        let other = rng.random_range(1..PEOPLE);
        let ask = match rng.random_range(0..100) {
            0..42 => {
                let size = rng.random_range(1..=3);
                Ask::Join { size, at_least: if rng.random_bool(0.2) { 1 } else { size } }
            }
            42..66 => Ask::Leave,
            66..76 => Ask::Claim,
            76..86 => Ask::Approve(other),
            86..88 => Ask::Reject(other),
            88..92 => Ask::Remove(other),
            92..94 => Ask::Ban(other),
            94..97 => Ask::Unban(other),
            _ => Ask::Pick(other, rng.random_bool(0.3)),
        };
        let key = contracts::MessageId::new(Clock::system().now()).to_string();
        let first = until_answered(&scene, event, who, &ask, &key, &mut rng).await;
        if rng.random_bool(0.1) && matches!(first.status, 200 | 409) {
            let again = until_answered(&scene, event, who, &ask, &key, &mut rng).await;
            assert_eq!((again.status, &again.text), (first.status, &first.text), "a replay is the same byte for byte");
        }
        if first.status == 200 {
            scene.done.lock().unwrap().push(Done { event, who, ask, answer: first.json });
        } else {
            assert!(matches!(first.status, 403 | 409), "{ask:?}: {}{}", first.text, scene.errors());
        }
    }
}

async fn until_answered(scene: &Scene, event: usize, who: usize, ask: &Ask, key: &str, rng: &mut StdRng) -> Reply {
    let id = &scene.events[event].id;
    let about = |other: &usize, what: &str| (0, format!("participants/{}/{what}", scene.ids[*other]));
    let (caller, what) = match ask {
        Ask::Join { .. } => (who, "join".to_owned()),
        Ask::Leave => (who, "leave".to_owned()),
        Ask::Claim => (who, "claim".to_owned()),
        Ask::Approve(other) => about(other, "approve"),
        Ask::Reject(other) => about(other, "reject"),
        Ask::Remove(other) => about(other, "remove"),
        Ask::Ban(other) => about(other, "ban"),
        Ask::Unban(other) => about(other, "unban"),
        Ask::Pick(other, _) => about(other, "admit"),
    };
    let body = match ask {
        Ask::Join { size, at_least } => json!({ "party_size": size, "at_least": at_least }),
        Ask::Pick(_, exceed) => json!({ "exceed_capacity": exceed }),
        _ => json!({}),
    };
    loop {
        let person = scene.people[caller].at(&scene.bases[rng.random_range(0..2)]);
        let request = person.keyed(&format!("/api/v1/events/{id}/{what}"), key);
        let request = request.header("content-type", "application/json").body(body.to_string());
        match Api::try_send(request).await {
            Ok(reply) if !matches!(reply.status, 503 | 504) => return reply,
            _ => tokio::time::sleep(Duration::from_millis(20)).await, // somebody is being restarted
        }
    }
}

/// Each revision of the event was one decision, and each decision was what the oracle says.
async fn check(pool: &PgPool, scene: &Scene, event: &Event, done: Vec<&Done>) {
    let mut oracle = Oracle::new(Clock::system().now(), event.capacity, event.starts_at);
    (oracle.access, oracle.passes) = (event.access, event.passes);
    let mut history: BTreeMap<i64, &Done> = BTreeMap::new();
    for it in done {
        let is_news = !matches!(it.ask, Ask::Ban(_) | Ask::Unban(_)) || is_decided(pool, scene, event, it).await;
        if is_news {
            let revision = it.answer["revision"].as_i64().unwrap();
            // Of two who ban the same person, one changes something; the other hears of the same state.
            let twin = history.insert(revision, it).map(|it| &it.ask);
            let same = twin.is_none_or(|twin| match (twin, &it.ask) {
                (Ask::Ban(a), Ask::Ban(b)) | (Ask::Unban(a), Ask::Unban(b)) => a == b,
                _ => false,
            });
            assert!(same, "two decisions made revision {revision}: {:?}, {twin:?}", it.ask);
        }
    }
    for (n, (revision, it)) in history.iter().enumerate() {
        assert_eq!(usize::try_from(*revision).unwrap(), n + 1, "a decision without an answer, before {:?}", it.ask);
        let decided = apply(&mut oracle, it);
        assert_eq!(decided, Ok(it.answer["status"].as_str().unwrap().to_owned()), "revision {revision}, {:?}", it.ask);
        assert_eq!(it.answer["places"], oracle.places(), "revision {revision}, {:?}", it.ask);
    }
    let rows: Vec<(String, i32, String, i32)> = sqlx::query_as(
        "SELECT user_id::text, party_size, status, passed FROM joins WHERE event_id = $1::uuid AND status <> 'ended' ORDER BY line_no",
    )
    .bind(&event.id)
    .fetch_all(pool)
    .await
    .unwrap();
    let expected: Vec<_> = oracle
        .members
        .iter()
        .map(|it| (scene.ids[it.who].clone(), it.size, it.status.name().to_owned(), it.passed))
        .collect();
    assert_eq!(rows, expected);
}

/// Whether a ban, or its end, changed anything: then it is on record.
async fn is_decided(pool: &PgPool, scene: &Scene, event: &Event, it: &Done) -> bool {
    let (action, about) = match it.ask {
        Ask::Ban(other) => ("banned", other),
        Ask::Unban(other) => ("unbanned", other),
        _ => unreachable!(),
    };
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM decisions WHERE event_id = $1::uuid AND revision = $2 AND action = $3 AND user_id = $4::uuid)",
    )
    .bind(&event.id)
    .bind(it.answer["revision"].as_i64())
    .bind(action)
    .bind(&scene.ids[about])
    .fetch_one(pool)
    .await
    .unwrap()
}

fn apply(oracle: &mut Oracle, it: &Done) -> Result<String, String> {
    let name = |decided: Result<Status, &str>| decided.map(|it| it.name().to_owned()).map_err(str::to_owned);
    let said = |decided: Result<(), &str>, what: &str| decided.map(|()| what.to_owned()).map_err(str::to_owned);
    match it.ask {
        Ask::Join { size, at_least } => {
            name(oracle.join(&Join { who: it.who, size, at_least, answered: false, invitation: None }))
        }
        Ask::Leave => said(oracle.leave(it.who), "left"),
        Ask::Claim => name(oracle.claim(it.who)),
        Ask::Approve(other) => name(oracle.approve(other)),
        Ask::Reject(other) => said(oracle.reject(other), "rejected"),
        Ask::Remove(other) => said(oracle.remove(other), "removed"),
        Ask::Ban(other) => {
            oracle.ban(other);
            Ok("banned".to_owned())
        }
        Ask::Unban(other) => {
            oracle.unban(other);
            Ok("unbanned".to_owned())
        }
        Ask::Pick(other, exceed) => name(oracle.pick(other, exceed)),
    }
}
