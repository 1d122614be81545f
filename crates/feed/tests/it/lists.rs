use chrono::TimeDelta;
use contracts::{
    Category, EventId, JoinId, UserId,
    events::{EventChanged, EventSnapshot, EventStatus, EventUnpublished, Venue},
    joins::{JoinConfirmed, Places},
    registration::{Access, Registration},
};
use serde_json::json;
use sqlx::{PgPool, PgTransaction};
use testkit::{eventually, noon};

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
        places: Places { capacity: Some(1), confirmed: 1, waitlisted: 0, held: 0 },
        ticket: None,
        answers_due: None,
        leave_other_lines: false,
    };
    scene.db.deliver(&scene.consumer, &confirmed).await;
    scene.publish(event).await;
    let list = scene.client.get("/api/v1/events").await.expect(200);
    assert_eq!(list.json["items"][0]["places"], json!({ "capacity": 1, "confirmed": 1, "waitlisted": 0, "held": 0 }));
}

#[tokio::test]
async fn where_the_organiser_approves_the_position_is_known_to_a_kilometre_only() {
    let scene = scene().await;
    let venue = Venue { name: "At Ada's".to_owned(), address: None, lat: Some(52.520_449), lon: Some(-13.404_954) };
    let exact = EventSnapshot { venue, ..event("dinner", 5) };
    scene.publish(exact.clone()).await;
    let close = "near=52.520449,-13.404954&radius_km=0.1";
    assert_eq!(scene.titles(close).await, ["dinner"]);

    let registration = Registration { access: Access::Approval, ..Registration::default() };
    let vague = EventSnapshot { version: 2, registration, ..exact };
    scene.db.deliver(&scene.consumer, &EventChanged { event: vague, before: None, overbooking_accepted: false }).await;
    assert_eq!(scene.titles(close).await, Vec::<String>::new());
    assert_eq!(scene.titles("near=52.52,-13.40&radius_km=0.1").await, ["dinner"]);
    assert_eq!(scene.titles("near=52.520449,-13.404954&radius_km=1").await, ["dinner"], "it is still found nearby");
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
        ("from=-5000-01-01", "from"),
        ("from=%2B262142-12-31", "from"),
        ("to=%2B262142-12-31", "to"),
        ("to=10000-01-01", "to"),
        ("near=1,inf", "near"),
        ("near=1,1&radius_km=NaN", "radius_km"),
        ("city=%00", "city"),
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

/// A cursor of somebody who knows how ours are made.
fn forged(key: &serde_json::Value) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(key.to_string())
}

#[tokio::test]
async fn a_forged_cursor_is_named_and_does_no_harm() {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let scene = scene().await;
    for n in 0..3 {
        scene.publish(event(&format!("walk {n}"), 10 + n)).await;
    }
    for list in ["/api/v1/events?limit=1", "/api/v1/events?limit=1&q=walk", "/api/v1/feed?limit=1"] {
        let page = scene.client.get(list).await.expect(200);
        let cursor = page.json["next_cursor"].as_str().unwrap();
        let genuine: serde_json::Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap();
        let separator = if list.contains('?') { '&' } else { '?' };
        for time in ["+262142-12-31T00:00:00Z", "-262143-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "soon"] {
            for field in ["n", "time"] {
                let mut key = genuine.clone();
                match field {
                    "n" => key["n"] = json!(time),
                    _ => key["k"][1] = json!(time),
                }
                let answer = scene.client.get(&format!("{list}{separator}cursor={}", forged(&key))).await;
                assert_eq!(answer.status.as_u16(), 422, "{list} {key}");
                assert_eq!(answer.field(), "cursor", "{list} {key}");
            }
        }
        for rank in [json!(i64::MIN), json!(i64::MAX), json!(1e300), json!(null), json!("x")] {
            let mut key = genuine.clone();
            key["k"][0] = rank;
            let answer = scene.client.get(&format!("{list}{separator}cursor={}", forged(&key))).await;
            assert!(matches!(answer.status.as_u16(), 200 | 422), "{list} {key}: {}", answer.status);
        }
        for other in ["/api/v1/events?limit=1&sort=trending", "/api/v1/events?limit=1&q=walk&sort=soonest"] {
            let _ = scene.client.get(&format!("{other}&cursor={cursor}")).await.expect(422);
        }
    }
}

#[tokio::test]
async fn near_works_at_the_ends_of_the_map() {
    let scene = scene().await;
    let at = |title: &str, lat: f64, lon: f64| EventSnapshot {
        venue: Venue { name: "Place".to_owned(), address: None, lat: Some(lat), lon: Some(lon) },
        ..event(title, 10)
    };
    scene.publish(at("Taveuni", -16.8, 179.99)).await;
    scene.publish(at("Pole", 89.99, 90.0)).await;
    scene.publish(at("Nowhere", 0.0, 0.0)).await;
    scene.publish(at("Svalbard", 78.22, 15.65)).await;
    for (near, expected) in [
        ("-16.8,-179.99&radius_km=10", "Taveuni"),
        ("90,-90&radius_km=10", "Pole"),
        ("89.99,-90&radius_km=10", "Pole"),
        ("0,0.001&radius_km=0.2", "Nowhere"),
        // 199 km, most of it to the east, where degrees of longitude are short.
        ("78.3,24.4&radius_km=200", "Svalbard"),
        ("78.3,24.4&radius_km=190", ""),
    ] {
        let expected: &[&str] = if expected.is_empty() { &[] } else { &[expected] };
        assert_eq!(scene.titles(&format!("near={near}")).await, expected, "{near}");
    }
}

#[tokio::test]
async fn what_is_long_over_is_put_aside_until_it_has_a_new_date() {
    let scene = scene().await;
    let walk = event("walk", 5);
    scene.publish(walk.clone()).await;
    scene.publish(event("later", 200)).await;
    scene.clock.advance(TimeDelta::days(3));
    scene.clean_up().await;
    let aside: Vec<String> =
        sqlx::query_scalar("SELECT title FROM events WHERE over").fetch_all(&scene.db.pool("feed")).await.unwrap();
    assert_eq!(aside, ["walk"]);
    assert_eq!(scene.titles("").await, ["later"]);
    let cards = scene.client.get(&format!("/internal/feed/cards?ids={}", walk.id)).await.expect(200);
    assert_eq!(cards.json["items"][0]["title"], "walk");
    let again = event("walk again", 100);
    let again = EventSnapshot { id: walk.id, version: 2, ..again };
    scene.db.deliver(&scene.consumer, &EventChanged { event: again, before: None, overbooking_accepted: false }).await;
    assert_eq!(scene.titles("").await, ["walk again", "later"]);
}

#[tokio::test]
async fn the_same_message_twice_changes_nothing() {
    let scene = scene().await;
    let walk = event("walk", 5);
    scene.publish(walk.clone()).await;
    scene.publish(walk.clone()).await;
    // The number was used already: whatever else came with it is not newer.
    scene.publish(EventSnapshot { title: "impostor".to_owned(), ..walk }).await;
    assert_eq!(scene.titles("").await, ["walk"]);
}

fn joined(event: EventId, days_ago: i64) -> JoinConfirmed {
    JoinConfirmed {
        join_id: JoinId::new(noon()),
        event_id: event,
        user_id: UserId::new(noon()),
        party_size: 1,
        promoted: false,
        decided_at: noon() - TimeDelta::days(days_ago),
        places: Places { capacity: None, confirmed: 1, waitlisted: 0, held: 0 },
        ticket: None,
        answers_due: None,
        leave_other_lines: false,
    }
}

#[tokio::test]
async fn joins_count_though_they_come_before_the_event() {
    let scene = scene().await;
    let (quiet, hot) = (event("quiet", 5), event("hot", 10));
    scene.db.deliver(&scene.consumer, &joined(hot.id, 0)).await;
    scene.publish(quiet).await;
    scene.publish(hot.clone()).await;
    assert_eq!(scene.titles("sort=trending").await, ["hot", "quiet"]);
    scene.publish(EventSnapshot { version: 2, ..hot }).await;
    assert_eq!(scene.titles("sort=trending").await, ["hot", "quiet"]);
}

/// A message about the event that is being handled: what it did is not committed yet.
async fn begun(pool: &PgPool, event: EventId, statement: &'static str) -> PgTransaction<'static> {
    let mut tx = pool.begin().await.unwrap();
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended('feed/' || $1::uuid::text, 0))";
    for statement in [lock, statement] {
        sqlx::query(statement).bind(event).execute(&mut *tx).await.unwrap();
    }
    tx
}

/// Commits once another message waits for it.
async fn commit_when_awaited(pool: &PgPool, tx: PgTransaction<'static>) {
    eventually("another message to wait", async || {
        let waiting = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        sqlx::query(waiting).fetch_optional(pool).await.unwrap()
    })
    .await;
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn joins_count_though_they_come_at_the_same_moment_as_the_event() {
    let scene = scene().await;
    let pool = scene.db.pool("feed");
    scene.publish(event("quiet", 1)).await;
    let (early, late) = (event("join first", 10), event("event first", 11));

    let join = "INSERT INTO places (event_id, confirmed, waitlisted, interest) VALUES ($1, 1, 0, 500)";
    let join = begun(&pool, early.id, join).await;
    tokio::join!(commit_when_awaited(&pool, join), scene.publish(early));

    scene.publish(late.clone()).await;
    let change = begun(&pool, late.id, "UPDATE events SET version = 2 WHERE id = $1").await;
    let join = joined(late.id, 0);
    tokio::join!(commit_when_awaited(&pool, change), scene.db.deliver(&scene.consumer, &join));

    assert_eq!(scene.titles("sort=trending").await, ["join first", "event first", "quiet"]);
}

#[tokio::test]
async fn what_ends_while_somebody_reads_stays_on_their_next_page() {
    let scene = scene().await;
    for n in 0..3 {
        scene.publish(event(&format!("walk {n}"), n)).await;
    }
    for list in ["/api/v1/events?limit=1", "/api/v1/events?limit=1&q=walk"] {
        let first = scene.client.get(list).await.expect(200);
        let cursor = first.json["next_cursor"].as_str().unwrap();
        scene.clock.advance(TimeDelta::hours(9));
        let second = scene.client.get(&format!("{list}&cursor={cursor}")).await.expect(200);
        assert_eq!(titles(&second.json), ["walk 1"], "{list}");
        scene.clock.advance(TimeDelta::hours(-9));
    }
}

#[tokio::test]
async fn coming_up_from_the_line_is_not_a_second_join() {
    let scene = scene().await;
    let (twice, promoted) = (event("joined twice", 10), event("promoted twice", 10));
    for one in [&twice, &promoted] {
        scene.publish(one.clone()).await;
        scene.db.deliver(&scene.consumer, &joined(one.id, 0)).await;
    }
    scene.db.deliver(&scene.consumer, &joined(twice.id, 0)).await;
    for _ in 0..5 {
        scene.db.deliver(&scene.consumer, &JoinConfirmed { promoted: true, ..joined(promoted.id, 0) }).await;
    }
    assert_eq!(scene.titles("sort=trending").await, ["joined twice", "promoted twice"]);
}

#[tokio::test]
async fn of_two_that_are_joined_alike_the_sooner_trends() {
    let scene = scene().await;
    let (soon, far) = (event("soon", 24), event("far", 24 * 30));
    scene.publish(soon.clone()).await;
    scene.publish(far.clone()).await;
    scene.db.deliver(&scene.consumer, &joined(soon.id, 0)).await;
    for _ in 0..3 {
        scene.db.deliver(&scene.consumer, &joined(far.id, 0)).await;
    }
    assert_eq!(scene.titles("sort=trending").await, ["soon", "far"]);
    for _ in 0..30 {
        scene.db.deliver(&scene.consumer, &joined(far.id, 0)).await;
    }
    assert_eq!(scene.titles("sort=trending").await, ["far", "soon"]);
}

#[tokio::test]
async fn a_score_doubles_with_the_joins_and_overflows_never() {
    let scene = scene().await;
    let hot = event("hot", 10);
    scene.publish(hot.clone()).await;
    let pool = scene.db.pool("feed");
    let score = async |sql: &'static str| -> f64 { sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap() };
    let exact = "SELECT interest FROM places";
    let mut scores = Vec::new();
    for _ in 0..8 {
        scene.db.deliver(&scene.consumer, &joined(hot.id, 0)).await;
        scores.push(score(exact).await);
        let seen = score("SELECT score FROM events").await;
        assert!((seen - scores[scores.len() - 1]).abs() < 1.0 / 16.0, "{seen} {scores:?}");
    }
    for (one, twice) in [(0, 1), (1, 3), (3, 7)] {
        assert!((scores[twice] - scores[one] - 1.0).abs() < 1e-6, "{scores:?}");
    }
    // Of long ago, and of a clock that went wrong.
    scene.db.deliver(&scene.consumer, &joined(hot.id, 100_000)).await;
    assert!((score(exact).await - scores[7]).abs() < 1e-6);
    scene.clock.advance(TimeDelta::days(200_000));
    scene.db.deliver(&scene.consumer, &joined(hot.id, -200_000)).await;
    assert!(score(exact).await > 60_000.0);
}

#[tokio::test]
async fn trending_pages_neither_repeat_nor_miss() {
    let scene = scene().await;
    let mut expected = Vec::new();
    for n in 0..20 {
        let one = event(&format!("walk {n:02}"), 10 + n * 7);
        scene.publish(one.clone()).await;
        for m in 0..n % 4 {
            scene.db.deliver(&scene.consumer, &joined(one.id, m)).await;
        }
        expected.push(one.title);
    }
    for list in ["/api/v1/events?sort=trending&limit=3", "/api/v1/feed?limit=3"] {
        let mut seen = Vec::new();
        let mut path = list.to_owned();
        loop {
            let page = scene.client.get(&path).await.expect(200);
            seen.extend(titles(&page.json));
            let Some(cursor) = page.json["next_cursor"].as_str() else { break };
            path = format!("{list}&cursor={cursor}");
        }
        seen.sort();
        assert_eq!(seen, expected, "{list}");
    }
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
    for _ in 0..3 {
        scene.db.deliver(&scene.consumer, &joined(old.id, 9)).await;
    }
    scene.db.deliver(&scene.consumer, &joined(hot.id, 0)).await;
    let feed = scene.client.get("/api/v1/feed?limit=2").await.expect(200);
    assert_eq!(titles(&feed.json), ["joined today", "joined long ago"]);
    let cursor = feed.json["next_cursor"].as_str().unwrap();
    let rest = scene.client.get(&format!("/api/v1/feed?limit=2&cursor={cursor}")).await.expect(200);
    assert_eq!(titles(&rest.json), ["quiet"]);
    scene.clock.advance(TimeDelta::hours(23));
    assert_eq!(scene.titles("sort=trending").await, ["joined today", "joined long ago"]);
}
