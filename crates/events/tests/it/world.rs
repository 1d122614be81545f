use std::sync::Arc;

use chrono::Duration;
use contracts::Payload;
use platform::{
    Clock,
    bus::{Bus, Consumer, Relay, Worker},
    outbox::Outbox,
    role::Running,
};
use serde_json::{Value, json};
use sqlx::PgPool;
use testkit::{Answer, Client, People, Person, TestDb, noon};

/// The role in this process, with a database of its own. It is noon of Monday, 8 June 2026, in UTC.
pub struct World {
    pub db: TestDb,
    pub clock: Clock,
    pub people: People,
    pub pool: PgPool,
    pub outbox: Outbox,
    pub consumer: Consumer,
    pub anyone: Client,
}

impl World {
    pub async fn new() -> Self {
        let db = TestDb::new(&[events::SCHEMA]).await;
        let clock = Clock::fixed(noon());
        let people = People::new(clock.clone());
        let Running { pool, outbox, router, mut consumers, .. } = events::role(db.context("events", &people, &clock));
        let consumer = consumers.pop().expect("one consumer");
        assert!(consumer.unhandled().is_empty() && consumers.is_empty());
        Self { db, clock, people, pool, outbox, consumer, anyone: Client::new(router) }
    }

    pub fn person(&self, name: &str) -> (Person, Client) {
        let person = self.people.person(name);
        let client = self.anyone.as_person(&person);
        (person, client)
    }

    /// Seconds pass, so that what happens next happens later.
    pub fn later(&self) {
        self.clock.advance(Duration::seconds(1));
    }

    pub async fn count(&self, table: &'static str) -> i64 {
        let query = match table {
            "events" => "SELECT count(*) FROM events",
            "history" => "SELECT count(*) FROM history",
            "outbox" => "SELECT count(*) FROM outbox",
            _ => panic!("no such table"),
        };
        sqlx::query_scalar(query).fetch_one(&self.pool).await.unwrap()
    }

    /// Hands a message of another role to this one. What that leads to stays in the outbox; what was there before is handed on.
    pub async fn deliver<P: Payload>(&self, payload: &P) {
        let bus = Bus::new(self.db.pool("bus"));
        let subscriptions = events::SUBSCRIPTIONS;
        let relay = Relay::new("events", self.pool.clone(), self.outbox.clone(), bus.clone(), subscriptions);
        self.outbox.publish(&mut self.pool.acquire().await.unwrap(), payload).await.unwrap();
        while relay.turn().await.unwrap() > 0 {}
        let worker = Worker::new(self.consumer.clone(), bus, Arc::default());
        assert_eq!(worker.turn().await.unwrap(), 1);
    }

    pub async fn assert_sound(&self) {
        assert_eq!(events::audit(&self.pool).await.unwrap(), []);
    }
}

/// A good request, with some fields replaced; `null` in `changes` leaves the field out.
pub fn event(changes: Value) -> Value {
    let mut event = json!({
        "title": "Open-air cinema",
        "description": "Bring a **blanket**.",
        "category": "film",
        "language": "en",
        "city": "Berlin",
        "venue": { "name": "Kulturhaus Spreebogen", "address": "Uferstraße 12", "lat": 52.5, "lon": 13.4 },
        "starts_at_local": "2026-07-01T20:00",
        "ends_at_local": "2026-07-01T23:30",
        "timezone": "Europe/Berlin",
        "capacity": 100,
        "price": "5 €",
        "external_url": "https://example.org/cinema",
    });
    let Value::Object(changes) = changes else { panic!("{changes} is no object") };
    for (name, value) in changes {
        if value.is_null() {
            event.as_object_mut().unwrap().remove(&name);
        } else {
            event[name] = value;
        }
    }
    event
}

pub async fn create(client: &Client) -> String {
    create_with(client, json!({})).await
}

pub async fn create_with(client: &Client, changes: Value) -> String {
    id(&client.post("/api/v1/events", event(changes)).await.expect(201))
}

/// Creates and publishes; the version is 2 then.
pub async fn published(client: &Client) -> String {
    let id = create(client).await;
    let _ = act(client, &id, "publish").await.expect(200);
    id
}

pub async fn act(client: &Client, id: &str, action: &str) -> Answer {
    client.post(&format!("/api/v1/events/{id}/{action}"), Value::Null).await
}

pub async fn edit(client: &Client, id: &str, version: i64, changes: Value) -> Answer {
    client.header("if-match", &format!("\"{version}\"")).patch(&format!("/api/v1/events/{id}"), changes).await
}

pub async fn show(client: &Client, id: &str) -> Answer {
    client.get(&format!("/internal/events/{id}")).await
}

pub fn id(answer: &Answer) -> String {
    answer.json["id"].as_str().expect("an id").to_owned()
}

pub fn etag(answer: &Answer) -> &str {
    answer.headers["etag"].to_str().unwrap()
}
