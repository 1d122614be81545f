use serde_json::{Value, json};

use crate::world::{World, act, create, edit, event, published};

#[tokio::test]
async fn a_bad_field_is_named() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let long = |n: usize| "x".repeat(n);
    let venue = |changes: Value| {
        let mut venue = json!({ "name": "Park", "lat": 1, "lon": 1 });
        for (name, value) in changes.as_object().unwrap() {
            venue[name] = value.clone();
        }
        json!({ "venue": venue })
    };
    let cases = [
        (json!({ "title": "" }), "title"),
        (json!({ "title": "   " }), "title"),
        (json!({ "title": long(201) }), "title"),
        (json!({ "title": "a\nb" }), "title"),
        (json!({ "title": "a\u{0}b" }), "title"),
        (json!({ "title": "a\u{7}b" }), "title"),
        (json!({ "title": "a\u{202e}b" }), "title"),
        (json!({ "title": 5 }), "title"),
        (json!({ "title": ["x"] }), "title"),
        (json!({ "description": long(20_001) }), "description"),
        (json!({ "description": "a\u{0}" }), "description"),
        (json!({ "description": "\u{1b}[2J" }), "description"),
        (json!({ "category": "fun" }), "category"),
        (json!({ "category": "Music" }), "category"),
        (json!({ "language": "EN" }), "language"),
        (json!({ "language": "english" }), "language"),
        (json!({ "city": long(101) }), "city"),
        (json!({ "city": "" }), "city"),
        (json!({ "venue": "Park" }), "venue"),
        (json!({ "venue": {} }), "venue.name"),
        (venue(json!({ "name": "" })), "venue.name"),
        (venue(json!({ "address": long(301) })), "venue.address"),
        (venue(json!({ "address": "a\nb" })), "venue.address"),
        (venue(json!({ "lat": 91 })), "venue.lat"),
        (venue(json!({ "lat": "52" })), "venue.lat"),
        (venue(json!({ "lon": -180.1 })), "venue.lon"),
        (venue(json!({ "lat": null })), "venue.lat"),
        (venue(json!({ "lon": null })), "venue.lon"),
        (venue(json!({ "zip": "1" })), "venue.zip"),
        (json!({ "starts_at_local": "2026-07-01T20:00Z" }), "starts_at_local"),
        (json!({ "starts_at_local": "2026-07-01" }), "starts_at_local"),
        (json!({ "starts_at_local": "2026-02-30T20:00" }), "starts_at_local"),
        (json!({ "starts_at_local": 1_782_928_800 }), "starts_at_local"),
        (json!({ "starts_at_local": "1969-07-20T20:00" }), "starts_at_local"),
        (json!({ "ends_at_local": "2201-07-20T20:00" }), "ends_at_local"),
        (json!({ "ends_at_local": "2026-07-01T25:00" }), "ends_at_local"),
        (json!({ "ends_at_local": "2026-07-01T20:00" }), "ends_at_local"),
        (json!({ "ends_at_local": "2027-07-03T20:00" }), "ends_at_local"),
        (json!({ "timezone": "Mars/Olympus" }), "timezone"),
        (json!({ "timezone": "+02:00" }), "timezone"),
        (json!({ "all_day": "yes" }), "all_day"),
        (json!({ "capacity": -1 }), "capacity"),
        (json!({ "capacity": 1_000_001 }), "capacity"),
        (json!({ "capacity": 1.5 }), "capacity"),
        (json!({ "capacity": "100" }), "capacity"),
        (json!({ "capacity": 10_000_000_000_000_000_000_u64 }), "capacity"),
        (json!({ "price": long(101) }), "price"),
        (json!({ "price": "" }), "price"),
        (json!({ "is_free": "yes" }), "is_free"),
        (json!({ "external_url": "javascript:alert(1)" }), "external_url"),
        (json!({ "external_url": format!("https://example.org/{}", long(500)) }), "external_url"),
        (json!({ "status": "published" }), "status"),
        (json!({ "id": "01900000-0000-7000-8000-000000000000" }), "id"),
        (json!({ "organiser_id": "01900000-0000-7000-8000-000000000000" }), "organiser_id"),
    ];
    let id = create(&client).await;
    for (changes, field) in cases {
        let answer = client.post("/api/v1/events", event(changes.clone())).await.expect(422);
        assert_eq!((answer.code(), answer.field()), ("validation_failed", field), "{changes}");
        assert!(!answer.json["errors"][0]["detail"].as_str().unwrap().is_empty());
        // An edit of a venue may leave its name out.
        if changes != json!({ "venue": {} }) {
            let answer = edit(&client, &id, 1, changes.clone()).await.expect(422);
            assert_eq!(answer.field(), field, "edit {changes}");
        }
    }
    assert_eq!((world.count("events").await, world.count("history").await), (1, 1));
}

#[tokio::test]
async fn a_missing_field_is_named() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    for field in [
        "title",
        "description",
        "category",
        "language",
        "city",
        "venue",
        "starts_at_local",
        "ends_at_local",
        "timezone",
    ] {
        let answer = client.post("/api/v1/events", event(json!({ field: null }))).await.expect(422);
        assert_eq!((answer.field(), &answer.json["errors"][0]["code"]), (field, &json!("missing")));
    }
}

#[tokio::test]
async fn all_that_is_wrong_with_place_and_time_is_said_at_once() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let bad = event(json!({ "venue": { "name": "Park", "lat": 1 }, "ends_at_local": "2026-07-01T19:00" }));
    let answer = client.post("/api/v1/events", bad).await.expect(422);
    let fields: Vec<_> = answer.json["errors"].as_array().unwrap().iter().map(|it| &it["field"]).collect();
    assert_eq!(fields, ["venue.lon", "ends_at_local"]);
}

#[tokio::test]
async fn too_much_is_refused_before_it_is_read() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    for size in [1_000_000, 10_000_000] {
        let answer = client.post("/api/v1/events", event(json!({ "title": "x".repeat(size) }))).await;
        let expected = if size > 2_000_000 { (413, "") } else { (422, "title") };
        assert_eq!((answer.status.as_u16(), answer.field()), expected);
        assert!(answer.body.len() < 2000, "it is not sent back");
    }
    assert_eq!(world.count("events").await, 0);
}

#[tokio::test]
async fn what_is_just_within_the_limits_is_taken() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let long = |n: usize| "ü".repeat(n);
    let answer = client
        .post(
            "/api/v1/events",
            event(json!({
                "title": long(200), "description": long(20_000), "city": long(100), "price": long(100),
                "venue": { "name": long(200), "address": long(300), "lat": -90, "lon": 180 }, "capacity": 1_000_000,
                "starts_at_local": "2199-12-31T20:00", "ends_at_local": "2200-12-31T20:00", "language": "gsw",
            })),
        )
        .await
        .expect(201);
    assert_eq!(answer.json["slug"], "u".repeat(60));
    let answer = edit(&client, answer.json["id"].as_str().unwrap(), 1, json!({ "capacity": 0 })).await.expect(200);
    assert_eq!(answer.json["capacity"], 0, "no places is not the same as unlimited");
    world.assert_sound().await;
}

#[tokio::test]
async fn steps_take_no_unknown_fields() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let id = published(&client).await;
    for (action, body, field) in [
        ("publish", json!({ "x": 1 }), "x"),
        ("unpublish", json!({ "x": 1 }), "x"),
        ("cancel", json!({ "x": 1 }), "x"),
        ("cancel", json!({ "reason": 1 }), "reason"),
        ("cancel", json!({ "reason": "x".repeat(1001) }), "reason"),
        ("cancel", json!({ "reason": "a\u{0}" }), "reason"),
    ] {
        let answer = client.post(&format!("/api/v1/events/{id}/{action}"), body).await.expect(422);
        assert_eq!(answer.field(), field, "{action}");
    }
    let _ = act(&client, &id, "cancel").await.expect(200);
}

#[tokio::test]
async fn a_script_in_the_description_is_shown_as_text() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let attack = "<script>alert(1)</script>\n\n[click](javascript:alert(1)) <img src=x onerror=alert(1)>";
    let answer = client.post("/api/v1/events", event(json!({ "description": attack }))).await.expect(201);
    assert_eq!(answer.json["description"], attack, "as it was written");
    let html = answer.json["description_html"].as_str().unwrap();
    assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("javascript"), "{html}");
}
