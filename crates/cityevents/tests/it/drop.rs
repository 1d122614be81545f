//! A drop: many people, few places, two server processes on one database, over HTTP.

use std::{collections::HashMap, path::Path};

use cityevents::database::SCHEMAS;
use futures::future::join_all;
use testkit::TestDb;

use crate::support::{Api, Process, Reply, TempDir, binary, free_port_pair};

const PEOPLE: usize = 500;
const PLACES: i32 = 50;

struct Drop {
    db: TestDb,
    a: Process,
    b: Process,
    event: String,
    people: Vec<Api>,
    _dirs: [TempDir; 2],
}

async fn scene() -> Drop {
    let db = TestDb::new(&SCHEMAS).await;
    let dirs = [TempDir::new(), TempDir::new()];
    let a = Process::start(&dirs[0].0, free_port_pair(), Some(db.url())).await;
    let b = Process::start(&dirs[1].0, free_port_pair(), Some(db.url())).await;
    let people = load_users(&dirs[0].0, db.url(), PEOPLE + 1);
    let mut people = people.into_iter().enumerate().map(|(number, token)| {
        let base = if number % 2 == 0 { &a.base } else { &b.base };
        Api::new(base, Some(&token))
    });
    let event = people.next().unwrap().publish(Some(PLACES)).await;
    let people = people.collect();
    Drop { db, a, b, event, people, _dirs: dirs }
}

/// Access tokens of verified people.
fn load_users(data_dir: &Path, database: &str, count: usize) -> Vec<String> {
    let file = data_dir.join("tokens");
    let output = binary(data_dir)
        .env("CITYEVENTS__DATABASE__URL", database)
        .args(["dev", "load-users", "--count", &count.to_string(), "--out"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect()
}

/// Exactly the places are confirmed, and the line is 1, 2, 3, … in the order in which it stands in the database.
async fn check(drop: &Drop, replies: &[Reply]) {
    for reply in replies {
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    let status = |reply: &Reply| reply.json["status"].as_str().unwrap_or_default().to_owned();
    let confirmed = replies.iter().filter(|reply| status(reply) == "confirmed").count();
    assert_eq!(i32::try_from(confirmed).unwrap(), PLACES);

    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT id::text, status FROM joins WHERE event_id = $1::uuid ORDER BY line_no")
            .bind(&drop.event)
            .fetch_all(&drop.db.pool("joins"))
            .await
            .unwrap();
    assert_eq!(rows.len(), PEOPLE);
    let mut position = 0;
    let truth: HashMap<String, (String, Option<i64>)> = rows
        .into_iter()
        .map(|(id, status)| {
            let position = (status == "waitlisted").then(|| {
                position += 1;
                position
            });
            (id, (status, position))
        })
        .collect();
    for reply in replies {
        let (status, position) = &truth[reply.json["join_id"].as_str().unwrap()];
        assert_eq!(reply.json["status"], **status);
        assert_eq!(reply.json["position"].as_i64(), *position);
    }
    assert!(joins::audit(&drop.db.pool("joins")).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_people_share_fifty_places() {
    let drop = scene().await;
    let replies = join_all(drop.people.iter().map(|person| person.join(&drop.event, "drop"))).await;
    check(&drop, &replies).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_sent_twice_at_once_counts_once() {
    let drop = scene().await;
    let (a, b) = (drop.a.base.clone(), drop.b.base.clone());
    let pairs = join_all(drop.people.iter().map(async |person| {
        let (here, there) = (person.at(&a), person.at(&b));
        tokio::join!(here.join(&drop.event, "twice"), there.join(&drop.event, "twice"))
    }))
    .await;
    for (first, second) in &pairs {
        assert_eq!((first.status, &first.text), (second.status, &second.text), "a replay is the same byte for byte");
    }
    let replies: Vec<Reply> = pairs.into_iter().map(|(first, _)| first).collect();
    check(&drop, &replies).await;
}
