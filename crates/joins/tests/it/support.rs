use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    Category, EventId, Payload, UserId,
    events::{EventCancelled, EventChanged, EventPublished, EventSnapshot, EventStatus, EventUnpublished, Venue},
};
use joins::SCHEMA;
use platform::{
    Clock,
    bus::Consumer,
    role::{Job, Running},
};
use serde_json::{Value, json};
use sqlx::PgPool;
use testkit::{Answer, Client, People, Person, TestDb, noon};
use uuid::Uuid;

/// One database, one role, a clock that stands still.
pub struct World {
    pub db: TestDb,
    pub clock: Clock,
    pub people: People,
    pub pool: PgPool,
    pub organiser: Person,
    client: Client,
    consumers: Vec<Consumer>,
    jobs: Vec<Job>,
}

impl World {
    pub async fn new() -> Self {
        let db = TestDb::new(&[SCHEMA]).await;
        let clock = Clock::fixed(noon());
        let people = People::new(clock.clone());
        let Running { router, consumers, jobs, pool, .. } =
            joins::role(db.context("joins", &people, &clock), tickets());
        // Messages are gone once they have been delivered; this keeps what was told, in order.
        for statement in [
            "CREATE TABLE told (LIKE outbox)",
            "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO told SELECT NEW.*; RETURN NULL; END $$",
            "CREATE TRIGGER tell AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION tell()",
        ] {
            sqlx::query(statement).execute(&pool).await.unwrap();
        }
        let organiser = people.person("Olga");
        Self { db, clock, people, pool, organiser, client: Client::new(router), consumers, jobs }
    }

    /// The same role in another process, as it were: its own pool, its own lanes.
    pub fn replica(&self) -> Client {
        Client::new(joins::role(self.db.context("joins", &self.people, &self.clock), tickets()).router)
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    pub async fn job(&self, name: &str) {
        let job = self.jobs.iter().find(|job| job.name() == name).unwrap();
        job.once(&self.pool).await.unwrap();
    }

    pub async fn deliver<P: Payload>(&self, payload: &P) {
        let reads = |it: &&Consumer| it.subscription().kinds.contains(&(P::KIND, P::VERSION));
        self.db.deliver(self.consumers.iter().find(reads).unwrap(), payload).await;
    }

    /// An event that is published and known here.
    pub async fn event(&self, capacity: impl Into<Option<i32>>) -> EventSnapshot {
        let event = snapshot(self.organiser.id, capacity.into());
        self.deliver(&EventPublished { event: event.clone() }).await;
        event
    }

    /// The same, and it begins then.
    pub async fn event_at(&self, capacity: impl Into<Option<i32>>, starts_at: DateTime<Utc>) -> EventSnapshot {
        let mut event = snapshot(self.organiser.id, capacity.into());
        (event.starts_at, event.ends_at) = (starts_at, starts_at + TimeDelta::hours(2));
        self.deliver(&EventPublished { event: event.clone() }).await;
        event
    }

    /// The organiser's next edit.
    pub async fn edit(&self, event: &mut EventSnapshot, change: impl FnOnce(&mut EventSnapshot)) {
        change(event);
        event.version += 1;
        let message = EventChanged { event: event.clone(), before: None, overbooking_accepted: true };
        self.deliver(&message).await;
    }

    pub async fn cancel(&self, event: &mut EventSnapshot) {
        event.version += 1;
        event.status = EventStatus::Cancelled;
        self.deliver(&EventCancelled { event: event.clone(), reason: None }).await;
    }

    pub async fn unpublish(&self, event: &mut EventSnapshot) {
        event.version += 1;
        event.status = EventStatus::Draft;
        self.deliver(&EventUnpublished { event: event.clone() }).await;
    }

    pub async fn publish(&self, event: &mut EventSnapshot) {
        event.version += 1;
        event.status = EventStatus::Published;
        self.deliver(&EventPublished { event: event.clone() }).await;
    }

    pub async fn join(&self, person: &Person, event: EventId) -> Answer {
        self.join_with(person, event, json!({})).await
    }

    pub async fn join_with(&self, person: &Person, event: EventId, body: Value) -> Answer {
        join(&self.client, person, event, &key(), body).await
    }

    pub async fn leave(&self, person: &Person, event: EventId) -> Answer {
        leave(&self.client, person, event, &key()).await
    }

    pub async fn participation(&self, person: &Person, event: EventId) -> Value {
        self.client.as_person(person).get(&format!("/api/v1/events/{event}/participation")).await.expect(200).json
    }

    /// `{capacity, confirmed, waitlisted}`.
    pub async fn places(&self, event: EventId) -> Value {
        self.client.get(&format!("/internal/joins/events/{event}")).await.expect(200).json["places"].clone()
    }

    /// The same person with a token that is good now: time has gone by.
    pub fn fresh(&self, person: &Person) -> Person {
        self.people.again(person, platform::identity::Role::User, true)
    }

    /// As many people, named by numbers.
    pub fn crowd(&self, size: usize) -> Vec<Person> {
        (0..size).map(|n| self.people.person(&format!("Person {n}"))).collect()
    }

    /// Kind and payload of what was told about an event, in order.
    pub async fn told(&self, event: EventId) -> Vec<(String, Value)> {
        self.told_by(event.0, "join.%").await
    }

    /// The same of any aggregate, and of kinds like this.
    pub async fn told_by(&self, aggregate: Uuid, kinds: &str) -> Vec<(String, Value)> {
        sqlx::query_as("SELECT kind, payload FROM told WHERE aggregate = $1 AND kind LIKE $2 ORDER BY seq")
            .bind(aggregate)
            .bind(kinds)
            .fetch_all(&self.pool)
            .await
            .unwrap()
    }

    pub async fn kinds(&self, event: EventId) -> Vec<String> {
        self.told(event).await.into_iter().map(|(kind, _)| kind).collect()
    }

    /// Nothing is wrong in the database.
    pub async fn assert_sound(&self) {
        assert_eq!(joins::audit(&self.pool).await.unwrap(), []);
    }

    pub async fn sql(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.pool).await.unwrap();
    }
}

pub async fn join(client: &Client, person: &Person, event: EventId, key: &str, body: Value) -> Answer {
    let client = client.as_person(person).header("idempotency-key", key);
    client.post(&format!("/api/v1/events/{event}/join"), body).await
}

pub async fn leave(client: &Client, person: &Person, event: EventId, key: &str) -> Answer {
    let client = client.as_person(person).header("idempotency-key", key);
    client.post(&format!("/api/v1/events/{event}/leave"), Value::Null).await
}

/// A key of tickets that nobody else has.
pub fn tickets() -> joins::Tickets {
    joins::Tickets::new(platform::signing::random())
}

/// A new one; the clock that stands still does not matter.
pub fn key() -> String {
    Uuid::new_v7(uuid::Timestamp::now(uuid::NoContext)).to_string()
}

pub fn snapshot(organiser_id: UserId, capacity: Option<i32>) -> EventSnapshot {
    // Ten years ahead, so that it is upcoming by the database's clock as well (which the audit asks).
    let starts_at: DateTime<Utc> = noon() + TimeDelta::days(3650);
    let ends_at = starts_at + TimeDelta::hours(2);
    EventSnapshot {
        id: EventId(key().parse().unwrap()),
        version: 1,
        organiser_id,
        organiser_name: "Olga".to_owned(),
        status: EventStatus::Published,
        title: "Lindy Hop in the Courtyard".to_owned(),
        slug: "lindy-hop-in-the-courtyard".to_owned(),
        summary: "Live band, no partner needed.".to_owned(),
        description: "Live band, no partner needed.".to_owned(),
        category: Category::Music,
        language: "en".to_owned(),
        city: "Berlin".to_owned(),
        venue: Venue { name: "Hof".to_owned(), address: None, lat: None, lon: None },
        starts_at,
        ends_at,
        starts_at_local: starts_at.naive_utc(),
        ends_at_local: ends_at.naive_utc(),
        timezone: "UTC".to_owned(),
        all_day: false,
        capacity,
        price: None,
        is_free: Some(true),
        external_url: None,
        source: None,
        registration: contracts::registration::Registration::default(),
    }
}
