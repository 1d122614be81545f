//! A drop: many people, few places, two replicas on one database, over HTTP.

use std::{collections::HashMap, sync::Arc};

use cityevents::database::SCHEMAS;
use futures::future::join_all;
use testkit::TestDb;

use crate::support::{Api, Reply, Server};

const PEOPLE: u32 = 500;
const PLACES: i32 = 50;

struct Drop {
    a: Server,
    b: Server,
    event: String,
    people: Vec<Api>,
}

async fn scene() -> Drop {
    let db = Arc::new(TestDb::new(&SCHEMAS).await);
    let a = Server::on(db.clone()).await;
    let b = Server::on(db).await;
    let organiser = a.people(1).await.remove(0);
    let event = organiser.publish(Some(PLACES)).await;
    let people = a.people(PEOPLE).await;
    let people = people
        .into_iter()
        .enumerate()
        .map(|(number, person)| if number % 2 == 0 { person } else { person.at(&b.base) })
        .collect();
    Drop { a, b, event, people }
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
            .fetch_all(&drop.a.pool("joins"))
            .await
            .unwrap();
    assert_eq!(rows.len(), PEOPLE as usize);
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
    assert!(joins::audit(&drop.a.pool("joins")).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_people_share_fifty_places() {
    let drop = scene().await;
    let replies = join_all(drop.people.iter().map(|person| person.join(&drop.event, "drop"))).await;
    check(&drop, &replies).await;
    drop.a.stop().await;
    drop.b.stop().await;
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
    drop.a.stop().await;
    drop.b.stop().await;
}
