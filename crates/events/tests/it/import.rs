use chrono::Duration;
use chrono_tz::Tz;
use contracts::{
    Category,
    events::{EventCancelled, EventChanged, EventPublished, Source, Venue},
};
use events::{IMPORTER, Outcome, import::ImportedEvent, upsert_imported};
use platform::identity::Role;
use serde_json::{Value, json};

use crate::world::{World, act, edit, show};

fn imported(uid: &str) -> ImportedEvent {
    ImportedEvent {
        source_key: "toronto".into(),
        uid: uid.into(),
        title: format!("Street festival {uid}"),
        description: "Music \\& food".into(),
        category: Category::Market,
        language: "en".into(),
        city: "Toronto".into(),
        venue: Venue { name: "Queen Street".into(), address: None, lat: Some(43.65), lon: Some(-79.38) },
        starts_at_local: "2026-08-01T10:00:00".parse().unwrap(),
        ends_at_local: "2026-08-02T22:00:00".parse().unwrap(),
        timezone: Tz::America__Toronto,
        all_day: false,
        price: None,
        is_free: None,
        external_url: Some("https://example.org/festival".into()),
        source: Source {
            name: "City of Toronto".into(),
            licence: "OGL".into(),
            attribution: "Contains information".into(),
            url: Some("https://example.org/data".into()),
        },
        cancelled: false,
    }
}

impl World {
    async fn import(&self, events: &[ImportedEvent]) -> Vec<Outcome> {
        upsert_imported(&self.pool, &self.outbox, &self.clock, "test", events).await.unwrap()
    }

    async fn id_of(&self, uid: &str) -> String {
        sqlx::query_scalar("SELECT id::text FROM events WHERE uid = $1").bind(uid).fetch_one(&self.pool).await.unwrap()
    }

    /// As it is shown to everybody.
    async fn shown(&self, uid: &str) -> Value {
        show(&self.anyone, &self.id_of(uid).await).await.expect(200).json
    }
}

#[tokio::test]
async fn an_imported_event_is_public_and_says_where_it_comes_from() {
    let world = World::new().await;
    assert_eq!(world.import(&[imported("1")]).await, [Outcome::Inserted]);
    let event = world.shown("1").await;
    assert_eq!((&event["status"], &event["version"]), (&json!("published"), &json!(1)));
    assert_eq!(event["organiser"], json!({ "id": IMPORTER, "display_name": "City of Toronto" }));
    assert_eq!(event["source"]["attribution"], "Contains information");
    assert_eq!((&event["is_free"], &event["capacity"]), (&Value::Null, &Value::Null));
    assert_eq!((&event["starts_at"], &event["summary"]), (&json!("2026-08-01T14:00:00Z"), &json!("Music & food")));
    let told = world.db.outbox_payloads::<EventPublished>("events").await.remove(0).event;
    assert_eq!((told.version, told.source.unwrap().name.as_str()), (1, "City of Toronto"));
    world.assert_sound().await;
}

#[tokio::test]
async fn a_second_import_changes_nothing() {
    let world = World::new().await;
    let events: Vec<_> = (0..450).map(|n| imported(&n.to_string())).collect();
    assert_eq!(world.import(&events).await, vec![Outcome::Inserted; 450]);
    let before = (world.count("events").await, world.count("history").await, world.count("outbox").await);
    assert_eq!(before, (450, 450, 450));
    world.later();
    assert_eq!(world.import(&events).await, vec![Outcome::Unchanged; 450]);
    assert_eq!((world.count("events").await, world.count("history").await, world.count("outbox").await), before);
    world.assert_sound().await;
}

#[tokio::test]
async fn a_changed_record_updates_its_event() {
    let world = World::new().await;
    world.import(&[imported("1"), imported("2")]).await;
    world.later();
    let mut moved = imported("1");
    moved.venue.name = "King Street".into();
    let mut renamed = imported("2");
    renamed.title = "Winter fair".into();
    let outcomes = world.import(&[moved, renamed, imported("3")]).await;
    assert_eq!(outcomes, [Outcome::Updated, Outcome::Updated, Outcome::Inserted]);
    let event = world.shown("1").await;
    assert_eq!((&event["venue"]["name"], &event["version"]), (&json!("King Street"), &json!(2)));
    assert_eq!(world.shown("2").await["slug"], "winter-fair");
    let told = world.db.outbox_payloads::<EventChanged>("events").await;
    assert_eq!(told.len(), 2);
    assert_eq!(told[0].before.as_ref().map(|it| it.venue.name.as_str()), Some("Queen Street"));
    assert!(told[1].before.is_none());
    world.assert_sound().await;
}

#[tokio::test]
async fn what_the_source_calls_off_is_called_off_for_good() {
    let world = World::new().await;
    let mut off = imported("1");
    off.cancelled = true;
    world.import(&[imported("1")]).await;
    world.later();
    assert_eq!(world.import(std::slice::from_ref(&off)).await, [Outcome::Updated]);
    assert_eq!(world.import(std::slice::from_ref(&off)).await, [Outcome::Unchanged]);
    assert_eq!(world.shown("1").await["cancelled_at"], "2026-06-08T12:00:01Z");
    assert_eq!(world.db.outbox_payloads::<EventCancelled>("events").await.len(), 1);
    assert_eq!(world.import(&[imported("1")]).await, [Outcome::Unchanged]);
    assert_eq!(world.shown("1").await["status"], "cancelled");

    let mut new = imported("2");
    new.cancelled = true;
    assert_eq!(world.import(&[new]).await, [Outcome::Inserted]);
    assert_eq!(world.shown("2").await["status"], "cancelled");
    world.assert_sound().await;
}

#[tokio::test]
async fn what_moderators_decided_stays() {
    let world = World::new().await;
    world.import(&[imported("1"), imported("2")]).await;
    let (withdrawn, limited) = (world.id_of("1").await, world.id_of("2").await);
    let mo = world.anyone.as_person(&world.people.with("Mo", Role::Moderator, true));
    let _ = act(&mo, &withdrawn, "unpublish").await.expect(200);
    let _ = edit(&mo, &limited, 1, json!({ "capacity": 30 })).await.expect(200);
    let messages = world.count("outbox").await;
    let changed = ["1", "2"].map(|uid| ImportedEvent { title: "New title".into(), ..imported(uid) });
    assert_eq!(world.import(&changed).await, [Outcome::Updated, Outcome::Updated]);
    let event = show(&mo, &withdrawn).await.expect(200).json;
    assert_eq!((&event["status"], &event["title"]), (&json!("draft"), &json!("New title")));
    assert_eq!(world.shown("2").await["capacity"], 30);
    assert_eq!(world.count("outbox").await, messages + 1, "only of the public one");
    let (_, stranger) = world.person("Ada");
    let _ = edit(&stranger, &limited, 3, json!({ "title": "X" })).await.expect(403);
    world.assert_sound().await;
}

#[tokio::test]
async fn rules_of_registration_stay_as_far_as_they_fit_the_new_time() {
    let world = World::new().await;
    world.import(&[imported("1")]).await;
    let id = world.id_of("1").await;
    let mo = world.anyone.as_person(&world.people.with("Mo", Role::Moderator, true));
    let rules = json!({
        "party_limit": 4, "opens_at_local": "2026-07-01T10:00", "closes_at_local": "2026-07-31T10:00"
    });
    let decided = edit(&mo, &id, 1, json!({ "registration": rules })).await.expect(200).json["registration"].clone();
    let renamed = ImportedEvent { title: "New title".into(), ..imported("1") };
    assert_eq!(world.import(&[renamed]).await, [Outcome::Updated]);
    assert_eq!(world.shown("1").await["registration"], decided);

    let mut expected = decided;
    for (start, zone, changed) in [
        ("2026-07-31T10:00:00", Tz::America__Toronto, json!({})),
        (
            "2026-07-31T10:00:00",
            Tz::America__Vancouver,
            json!({ "opens_at": "2026-07-01T17:00:00Z", "closes_at": "2026-07-31T17:00:00Z" }),
        ),
        ("2026-07-31T09:00:00", Tz::America__Vancouver, json!({ "closes_at_local": null, "closes_at": null })),
        ("2026-07-01T10:00:00", Tz::America__Vancouver, json!({ "opens_at_local": null, "opens_at": null })),
    ] {
        let moved = ImportedEvent { starts_at_local: start.parse().unwrap(), timezone: zone, ..imported("1") };
        assert_eq!(world.import(&[moved]).await, [Outcome::Updated]);
        expected.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        assert_eq!(world.shown("1").await["registration"], expected, "{start}");
    }
    world.assert_sound().await;
}

#[tokio::test]
async fn what_is_over_is_kept_too() {
    let world = World::new().await;
    let mut past = imported("1");
    past.starts_at_local -= Duration::days(400);
    past.ends_at_local -= Duration::days(400);
    assert_eq!(world.import(&[past]).await, [Outcome::Inserted]);
    assert_eq!(world.shown("1").await["status"], "published");
}

#[tokio::test]
async fn one_key_twice_in_a_batch_is_one_event() {
    let world = World::new().await;
    let other = ImportedEvent { city: "Ottawa".into(), ..imported("1") };
    assert_eq!(
        world.import(&[imported("1"), imported("1"), other]).await,
        [Outcome::Inserted, Outcome::Unchanged, Outcome::Updated]
    );
    let elsewhere = ImportedEvent { source_key: "ottawa".into(), ..imported("1") };
    assert_eq!(world.import(&[elsewhere]).await, [Outcome::Inserted], "another source has its own uids");
    world.assert_sound().await;
}

#[tokio::test]
async fn a_bad_event_does_not_take_its_batch_along() {
    let world = World::new().await;
    let mut bad = Vec::new();
    for n in 0..9 {
        let mut event = imported(&format!("bad {n}"));
        match n {
            0 => event.title = String::new(),
            1 => event.ends_at_local = event.starts_at_local,
            2 => event.ends_at_local += Duration::days(4 * 366),
            3 => event.uid = "x".repeat(2000),
            4 => event.venue.lon = None,
            5 => event.description = "a\0b".into(),
            6 => event.language = "english".into(),
            7 => event.price = Some("x".repeat(201)),
            _ => event.venue.lat = Some(f64::NAN),
        }
        bad.push(event);
    }
    bad.push(imported("good"));
    let outcomes = world.import(&bad).await;
    assert_eq!(outcomes.last(), Some(&Outcome::Inserted));
    for (n, outcome) in outcomes[..9].iter().enumerate() {
        assert!(matches!(outcome, Outcome::Refused(reason) if !reason.is_empty()), "{n}: {outcome:?}");
    }
    assert_eq!(world.count("events").await, 1);
}

#[tokio::test]
async fn a_link_that_is_none_is_left_out() {
    let world = World::new().await;
    let mut event = imported("1");
    event.external_url = Some("javascript:alert(1)".into());
    event.source.url = Some("not a url".into());
    assert_eq!(world.import(&[event]).await, [Outcome::Inserted]);
    let event = world.shown("1").await;
    assert_eq!((&event["external_url"], &event["source"]["url"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_shifted_event_may_land_where_the_clocks_change() {
    let world = World::new().await;
    let mut event = imported("1");
    event.starts_at_local = "2026-03-01T02:30:00".parse().unwrap();
    event.ends_at_local = "2026-03-01T05:00:00".parse().unwrap();
    event.shift_weeks(1);
    assert_eq!(world.import(&[event.clone()]).await, [Outcome::Inserted]);
    assert_eq!(world.shown("1").await["starts_at_local"], "2026-03-08T03:30:00");
    assert_eq!(world.import(&[event]).await, [Outcome::Unchanged]);
    world.assert_sound().await;
}

#[tokio::test]
async fn two_imports_at_once_take_turns() {
    let world = World::new().await;
    let events: Vec<_> = (0..50).map(|n| imported(&n.to_string())).collect();
    let mut imports = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (pool, outbox, clock, events) =
            (world.pool.clone(), world.outbox.clone(), world.clock.clone(), events.clone());
        imports.spawn(async move { upsert_imported(&pool, &outbox, &clock, "test", &events).await.unwrap() });
    }
    let inserted =
        imports.join_all().await.into_iter().flatten().filter(|outcome| *outcome == Outcome::Inserted).count();
    assert_eq!((inserted, world.count("events").await, world.count("outbox").await), (50, 50, 50));
}

#[tokio::test]
async fn two_feeds_with_different_states_do_not_undo_each_other() {
    let world = World::new().await;
    let older = imported("feeds");
    let newer = ImportedEvent { title: "The newer state".to_owned(), ..older.clone() };
    let read = async |feed: &'static str, event: &ImportedEvent| {
        let outcomes =
            upsert_imported(&world.pool, &world.outbox, &world.clock, feed, std::slice::from_ref(event)).await;
        outcomes.unwrap().remove(0)
    };
    assert_eq!(read("csv", &older).await, Outcome::Inserted);
    assert_eq!(read("copy", &older).await, Outcome::Unchanged);
    assert_eq!(read("json", &newer).await, Outcome::Updated);
    for feed in ["csv", "copy"] {
        assert_eq!(read(feed, &older).await, Outcome::Unchanged, "{feed} says what it said before");
    }
    assert_eq!(read("json", &newer).await, Outcome::Unchanged);
    assert_eq!(read("csv", &newer).await, Outcome::Unchanged, "it is stored like this");
    assert_eq!(read("csv", &older).await, Outcome::Updated, "now the feed says something new");
}
