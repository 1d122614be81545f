use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use contracts::{
    Category, EventId, UserId,
    events::{EventPublished, EventSnapshot, EventStatus, Venue},
};
use platform::{Clock, bus::Consumer, role::Job};
use testkit::{Client, People, TestDb, noon};

pub struct Scene {
    pub db: TestDb,
    pub clock: Clock,
    pub client: Client,
    pub consumer: Consumer,
    jobs: Vec<Job>,
}

pub async fn scene() -> Scene {
    let db = TestDb::new(&[feed::SCHEMA]).await;
    let clock = Clock::fixed(noon());
    let mut running = feed::role(db.context("feed", &People::new(clock.clone()), &clock));
    Scene { db, clock, client: Client::new(running.router), consumer: running.consumers.remove(0), jobs: running.jobs }
}

/// An event in Berlin, so many hours from now.
pub fn event(title: &str, hours: i64) -> EventSnapshot {
    let starts_at: DateTime<Utc> = noon() + TimeDelta::hours(hours);
    let local = |at: DateTime<Utc>| -> NaiveDateTime { at.with_timezone(&chrono_tz::Europe::Berlin).naive_local() };
    let ends_at = starts_at + TimeDelta::hours(2);
    EventSnapshot {
        id: EventId::new(noon()),
        version: 1,
        organiser_id: UserId::new(noon()),
        organiser_name: "Kiezverein".to_owned(),
        status: EventStatus::Published,
        title: title.to_owned(),
        slug: "event".to_owned(),
        summary: String::new(),
        description: String::new(),
        category: Category::Community,
        language: "en".to_owned(),
        city: "Berlin".to_owned(),
        venue: Venue { name: "Hall".to_owned(), address: None, lat: Some(52.52), lon: Some(13.40) },
        starts_at,
        ends_at,
        starts_at_local: local(starts_at),
        ends_at_local: local(ends_at),
        timezone: "Europe/Berlin".to_owned(),
        all_day: false,
        capacity: Some(10),
        price: None,
        is_free: Some(true),
        external_url: None,
        source: None,
        registration: contracts::registration::Registration::default(),
    }
}

impl Scene {
    pub async fn clean_up(&self) {
        for job in &self.jobs {
            job.once(&self.db.pool("feed")).await.expect("the job works");
        }
    }

    pub async fn publish(&self, event: EventSnapshot) -> EventId {
        let id = event.id;
        self.db.deliver(&self.consumer, &EventPublished { event }).await;
        id
    }

    /// Titles found by words that were not corrected.
    pub async fn found_as_typed(&self, words: &str) -> Vec<String> {
        let answer = self.client.get(&format!("/api/v1/events?q={words}")).await.expect(200);
        assert_eq!(answer.json["corrected"], serde_json::Value::Null, "{words}");
        titles(&answer.json)
    }

    pub async fn titles(&self, query: &str) -> Vec<String> {
        let answer = self.client.get(&format!("/api/v1/events?{query}")).await.expect(200);
        titles(&answer.json)
    }
}

pub fn titles(list: &serde_json::Value) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|it| it["title"].as_str().unwrap().to_owned()).collect()
}
