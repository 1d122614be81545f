use chrono::TimeDelta;
use contracts::{
    Category, JoinId, UserId,
    events::{EventChanged, EventSnapshot, EventStatus, EventUnpublished, Venue},
    joins::{JoinConfirmed, Places},
};
use serde_json::json;
use testkit::noon;

use crate::support::{event, scene, titles};

#[tokio::test]
async fn only_what_is_public_and_not_over_is_listed_soonest_first() {
    let scene = scene().await;
    scene.publish(event("later", 50)).await;
    scene.publish(event("soon", 5)).await;
    scene.publish(event("over", -5)).await;
    scene.publish(EventSnapshot { status: EventStatus::Cancelled, ..event("cancelled", 5) }).await;
    let back = event("back to draft", 6);
    scene.publish(back.clone()).await;
    let unpublished = EventSnapshot { version: 2, status: EventStatus::Draft, ..back.clone() };
    scene.db.deliver(&scene.consumer, &EventUnpublished { event: unpublished }).await;
    assert_eq!(scene.titles("").await, ["soon", "later"]);
    let cards = scene.client.get(&format!("/internal/feed/cards?ids={}", back.id)).await.expect(200);
    assert_eq!(cards.json["items"][0]["status"], "draft");
    let version = scene.client.get(&format!("/internal/feed/events/{}", back.id)).await.expect(200);
    assert_eq!(version.json, json!({ "version": 2 }));
}

#[tokio::test]
async fn an_older_message_changes_nothing() {
    let scene = scene().await;
    let first = event("old title", 5);
    let second = EventSnapshot { version: 2, title: "new title".to_owned(), ..first.clone() };
    scene.publish(second).await;
    scene.db.deliver(&scene.consumer, &EventChanged { event: first, before: None, overbooking_accepted: false }).await;
    assert_eq!(scene.titles("").await, ["new title"]);
    assert_eq!(scene.titles("q=old").await, Vec::<String>::new());
}

#[tokio::test]
async fn places_may_come_before_the_event() {
    let scene = scene().await;
    let event = event("full house", 5);
    let confirmed = JoinConfirmed {
        join_id: JoinId::new(noon()),
        event_id: event.id,
        user_id: UserId::new(noon()),
        party_size: 1,
        promoted: false,
        decided_at: noon(),
        places: Places { capacity: Some(1), confirmed: 1, waitlisted: 0 },
    };
    scene.db.deliver(&scene.consumer, &confirmed).await;
    scene.publish(event).await;
    let list = scene.client.get("/api/v1/events").await.expect(200);
    assert_eq!(list.json["items"][0]["places"], json!({ "capacity": 1, "confirmed": 1, "waitlisted": 0 }));
}

#[tokio::test]
async fn filters_narrow_the_list() {
    let scene = scene().await;
    scene.publish(EventSnapshot { category: Category::Music, ..event("berlin music", 30) }).await;
    scene
        .publish(EventSnapshot {
            city: "Köln".to_owned(),
            is_free: Some(false),
            language: "de".to_owned(),
            venue: Venue { name: "Dom".to_owned(), address: None, lat: Some(50.94), lon: Some(6.96) },
            ..event("cologne", 60)
        })
        .await;
    let mut exhibition = event("exhibition", -100);
    exhibition.ends_at = noon() + TimeDelta::days(60);
    exhibition.ends_at_local += TimeDelta::days(64);
    scene.publish(exhibition).await;
    for (query, expected) in [
        ("category=music", &["berlin music"][..]),
        ("city=koln", &["cologne"]),
        ("city=K%C3%96LN", &["cologne"]),
        ("free=true", &["exhibition", "berlin music"]),
        ("language=de", &["cologne"]),
        ("near=50.9,7.0&radius_km=10", &["cologne"]),
        ("near=52.5,13.4", &["exhibition", "berlin music"]),
        ("near=52.5,13.4&radius_km=0.5", &[]),
        // Noon is 14:00 in Berlin; thirty hours later it is the evening of the next day.
        ("from=2026-06-09&to=2026-06-09", &["exhibition", "berlin music"]),
        ("from=2026-06-10", &["exhibition", "cologne"]),
        ("to=2026-06-08", &["exhibition"]),
        ("running=true", &["exhibition"]),
        ("running=false", &["berlin music", "cologne"]),
    ] {
        assert_eq!(scene.titles(query).await, expected, "{query}");
    }
    let facets = scene.client.get("/api/v1/events/facets").await.expect(200);
    assert_eq!(facets.json["cities"][0], json!({ "name": "Berlin", "count": 2 }));
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let scene = scene().await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("cursor=x", "cursor"),
        ("category=x", "category"),
        ("from=2026-02-30", "from"),
        ("from=2026-06-09&to=2026-06-08", "to"),
        ("near=1", "near"),
        ("near=91,1", "near"),
        ("near=NaN,1", "near"),
        ("radius_km=5", "near"),
        ("near=1,1&radius_km=1000", "radius_km"),
        ("sort=x", "sort"),
        ("free=perhaps", "free"),
        ("x=1", "x"),
    ] {
        let answer = scene.client.get(&format!("/api/v1/events?{query}")).await.expect(422);
        assert_eq!(answer.field(), field, "{query}");
    }
}

#[tokio::test]
async fn pages_neither_repeat_nor_miss_while_events_come_and_go() {
    for sort in ["soonest", "relevance"] {
        let scene = scene().await;
        let mut expected = Vec::new();
        let mut ids = Vec::new();
        for n in 0..30 {
            // Three start at the same moment each: the id decides.
            let one = event(&format!("walk {n:02}"), 10 + n / 3);
            ids.push(one.clone());
            expected.push(one.title.clone());
            scene.publish(one).await;
        }
        let mut seen = Vec::new();
        let mut path = format!("/api/v1/events?q=walk&sort={sort}&limit=7");
        loop {
            let page = scene.client.get(&path).await.expect(200);
            seen.extend(titles(&page.json));
            let Some(cursor) = page.json["next_cursor"].as_str() else { break };
            path = format!("/api/v1/events?q=walk&sort={sort}&limit=7&cursor={cursor}");
            // One comes in front of what was read, one that was read goes.
            scene.publish(event("walk early", 1)).await;
            let gone = EventSnapshot { version: 2, status: EventStatus::Draft, ..ids.remove(0) };
            scene.db.deliver(&scene.consumer, &EventUnpublished { event: gone }).await;
        }
        seen.retain(|title| title != "walk early");
        seen.sort();
        assert_eq!(seen, expected, "{sort}");
    }
}

#[tokio::test]
async fn a_cursor_belongs_to_its_list() {
    let scene = scene().await;
    for n in 0..3 {
        scene.publish(event(&format!("walk {n}"), 10 + n)).await;
    }
    let page = scene.client.get("/api/v1/events?limit=1&q=walk").await.expect(200);
    let cursor = page.json["next_cursor"].as_str().unwrap();
    let other = scene.client.get(&format!("/api/v1/events?limit=1&q=run&cursor={cursor}")).await.expect(422);
    assert_eq!(other.field(), "cursor");
    let _ = scene.client.get(&format!("/api/v1/events?limit=2&q=walk&cursor={cursor}")).await.expect(200);
}

#[tokio::test]
async fn what_is_joined_lately_trends() {
    let scene = scene().await;
    let quiet = event("quiet", 20);
    let old = event("joined long ago", 30);
    let hot = event("joined today", 40);
    for one in [&quiet, &old, &hot] {
        scene.publish(one.clone()).await;
    }
    let join = |id, days| JoinConfirmed {
        join_id: JoinId::new(noon()),
        event_id: id,
        user_id: UserId::new(noon()),
        party_size: 1,
        promoted: false,
        decided_at: noon() - TimeDelta::days(days),
        places: Places { capacity: None, confirmed: 1, waitlisted: 0 },
    };
    for _ in 0..3 {
        scene.db.deliver(&scene.consumer, &join(old.id, 5)).await;
    }
    scene.db.deliver(&scene.consumer, &join(hot.id, 0)).await;
    let feed = scene.client.get("/api/v1/feed?limit=2").await.expect(200);
    assert_eq!(titles(&feed.json), ["joined today", "joined long ago"]);
    let cursor = feed.json["next_cursor"].as_str().unwrap();
    let rest = scene.client.get(&format!("/api/v1/feed?limit=2&cursor={cursor}")).await.expect(200);
    assert_eq!(titles(&rest.json), ["quiet"]);
    scene.clock.advance(TimeDelta::hours(23));
    assert_eq!(scene.titles("sort=trending").await, ["joined today", "joined long ago"]);
}
