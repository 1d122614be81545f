//! When something else goes wrong: a lock that is held, a database that is away, a connection that dies in mid-commit.

use std::{
    str::FromStr as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::future::join_all;
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use testkit::{Client, TestDb};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
};
use url::Url;

use crate::support::{World, join, tickets};

#[tokio::test]
async fn whoever_cannot_get_the_lock_in_time_is_told_to_come_again() {
    let world = World::new().await;
    let event = world.event(1).await.id;
    let ada = world.people.person("Ada");
    let mut holder = world.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM events WHERE id = $1 FOR UPDATE").bind(event).execute(&mut *holder).await.unwrap();
    let waiting = join(world.client(), &ada, event, "a", json!({}));
    // A request has ten seconds.
    let refused = tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("an answer").expect(503);
    assert_eq!(refused.code(), "unavailable");
    assert!(refused.headers.contains_key("retry-after"));
    holder.rollback().await.unwrap();
    let answer = join(world.client(), &ada, event, "a", json!({})).await.expect(200);
    assert_eq!(answer.json["status"], "confirmed");
}

#[tokio::test]
async fn a_database_that_is_away_is_a_503() {
    let world = World::new().await;
    let event = world.event(1).await.id;
    let ada = world.people.person("Ada");
    let mut context = world.db.context("joins", &world.people, &world.clock);
    context.pool = platform::db::pool("postgres://nobody@127.0.0.1:1/nothing", "joins", 2).unwrap();
    let client = Client::new(joins::role(context, tickets()).router);
    let refused = join(&client, &ada, event, "a", json!({})).await.expect(503);
    assert_eq!((refused.code(), &refused.headers["retry-after"]), ("unavailable", &"1".parse().unwrap()));
    client.as_person(&ada).get("/api/v1/me/joins").await.expect(503);
}

/// Stands between the role and its database. When armed, it lets the next commit through to the database, and swallows the
/// confirmation: the connection dies with the outcome unknown.
struct Proxy {
    armed: Arc<AtomicBool>,
    url: String,
}

impl Proxy {
    async fn new(db: &TestDb) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let armed = Arc::new(AtomicBool::new(false));
        let target = PgConnectOptions::from_str(db.url()).unwrap();
        let mut url = Url::parse(db.url()).unwrap();
        url.set_query(None);
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let proxy = Self { armed: armed.clone(), url: url.into() };
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let (armed, target) = (armed.clone(), target.clone());
                tokio::spawn(async move {
                    if let Some(directory) = target.get_socket() {
                        let path = directory.join(format!(".s.PGSQL.{}", target.get_port()));
                        carry(client, UnixStream::connect(path).await.unwrap(), &armed).await;
                    } else {
                        let server = TcpStream::connect((target.get_host(), target.get_port())).await.unwrap();
                        carry(client, server, &armed).await;
                    }
                });
            }
        });
        proxy
    }
}

async fn carry(client: TcpStream, server: impl AsyncRead + AsyncWrite, armed: &AtomicBool) {
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), tokio::io::split(server));
    let (mut up, mut down) = (vec![0_u8; 65_536], vec![0_u8; 65_536]);
    let mut swallow = false;
    loop {
        tokio::select! {
            read = from_client.read(&mut up) => {
                let Ok(size @ 1..) = read else { return };
                swallow = up[..size].windows(6).any(|text| text == b"COMMIT") && armed.swap(false, Ordering::SeqCst);
                if to_server.write_all(&up[..size]).await.is_err() { return }
            }
            read = from_server.read(&mut down) => {
                let Ok(size @ 1..) = read else { return };
                if swallow || to_client.write_all(&down[..size]).await.is_err() { return }
            }
        }
    }
}

#[tokio::test]
async fn after_a_lost_commit_the_same_key_tells_the_truth() {
    let world = World::new().await;
    let event = world.event(1).await.id;
    let (ada, bob) = (world.people.person("Ada"), world.people.person("Bob"));
    let proxy = Proxy::new(&world.db).await;
    let mut context = world.db.context("joins", &world.people, &world.clock);
    context.pool = platform::db::pool(&proxy.url, "joins", 2).unwrap();
    let client = Client::new(joins::role(context, tickets()).router);

    proxy.armed.store(true, Ordering::SeqCst);
    let lost = join(&client, &ada, event, "a", json!({})).await.expect(503);
    assert!(lost.json["detail"].as_str().unwrap().contains("same idempotency key"), "{}", lost.json);
    // It did go through, and somebody else has come in the meantime.
    assert_eq!(world.join(&bob, event).await.expect(200).json["position"], 1);
    let told = join(&client, &ada, event, "a", json!({})).await.expect(200);
    assert_eq!((&told.json["status"], &told.json["position"]), (&json!("confirmed"), &Value::Null));
    assert_eq!(world.kinds(event).await, ["join.confirmed", "join.waitlisted"]);
    world.assert_sound().await;

    // And when it did not: the connection dies before the commit.
    world
        .sql(
            "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$",
        )
        .await;
    world
        .sql(
            "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON idempotency DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION die()",
        )
        .await;
    let cem = world.people.person("Cem");
    join(&client, &cem, event, "c", json!({})).await.expect(503);
    world.sql("DROP TRIGGER die ON idempotency").await;
    assert_eq!(world.participation(&cem, event).await["status"], "none");
    assert_eq!(join(&client, &cem, event, "c", json!({})).await.expect(200).json["position"], 2);
    world.assert_sound().await;
}

#[tokio::test]
async fn a_poisonous_request_does_not_fail_its_neighbours() {
    let world = World::new().await;
    let (event, other) = (world.event(50).await.id, world.event(50).await.id);
    world
        .sql(
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN IF NEW.party_size = 7 THEN RAISE EXCEPTION 'poison'; END IF; RETURN NEW; END $$",
        )
        .await;
    world.sql("CREATE TRIGGER poison BEFORE INSERT ON joins FOR EACH ROW EXECUTE FUNCTION poison()").await;
    let people = world.crowd(20);
    // All are in the line before the first batch is taken: one thread, and the lane has not had its turn yet.
    let answers = join_all(people.iter().enumerate().map(|(number, person)| {
        let body = if number == 7 { json!({ "party_size": 7 }) } else { json!({}) };
        join(world.client(), person, if number % 2 == 0 { event } else { other }, "a", body)
    }))
    .await;
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(answer.status, if number == 7 { 500 } else { 200 }, "{number}: {}", answer.json);
    }
    assert_eq!(world.participation(&people[7], other).await["status"], "none");
    world.assert_sound().await;
}

#[tokio::test]
async fn a_locked_event_does_not_hold_up_the_others_for_long() {
    let world = World::new().await;
    let (locked, free) = (world.event(5).await.id, world.event(5).await.id);
    let people = world.crowd(6);
    let mut holder = world.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM events WHERE id = $1 FOR UPDATE").bind(locked).execute(&mut *holder).await.unwrap();
    let answers = join_all(
        people
            .iter()
            .enumerate()
            .map(|(number, it)| join(world.client(), it, if number % 2 == 0 { locked } else { free }, "a", json!({}))),
    )
    .await;
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(answer.status, if number % 2 == 0 { 503 } else { 200 }, "{number}: {}", answer.json);
    }
    holder.rollback().await.unwrap();
    world.assert_sound().await;
}
