use serde_json::json;

use crate::world::{World, create_with, edit, event};

#[tokio::test]
async fn a_skipped_time_is_refused_and_the_right_one_proposed() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    for (timezone, local, instead) in [
        ("Europe/Berlin", "2027-03-28T02:30", "2027-03-28T03:30"),
        ("America/Toronto", "2027-03-14T02:30", "2027-03-14T03:30"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-04T02:45"),
        ("Pacific/Apia", "2011-12-30T10:00", "2011-12-31T10:00"),
    ] {
        let day_before = if timezone == "Pacific/Apia" { "2011-12-29T10:00" } else { "2026-09-01T10:00" };
        for (field, start, end) in
            [("starts_at_local", local, "2027-07-01T10:00"), ("ends_at_local", day_before, local)]
        {
            let bad = event(json!({ "timezone": timezone, "starts_at_local": start, "ends_at_local": end }));
            let answer = client.post("/api/v1/events", bad).await.expect(422);
            assert_eq!(answer.field(), field, "{timezone}");
            let detail = answer.json["errors"][0]["detail"].as_str().unwrap();
            assert!(detail.contains(instead), "{detail}");
        }
    }
    assert_eq!(world.count("events").await, 0);
}

#[tokio::test]
async fn instants_are_derived_from_the_wall_time() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    for (timezone, start, end, starts_at, ends_at) in [
        // The first of the two half past twos, and a night of seven hours.
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T06:00", "2026-10-25T00:30:00Z", "2026-10-25T05:00:00Z"),
        ("America/Toronto", "2026-11-01T01:30", "2026-11-01T03:00", "2026-11-01T05:30:00Z", "2026-11-01T08:00:00Z"),
        ("Australia/Lord_Howe", "2027-04-04T01:45", "2027-04-04T02:00", "2027-04-03T14:45:00Z", "2027-04-03T15:30:00Z"),
        ("Pacific/Apia", "2011-12-29T23:00", "2011-12-31T01:00", "2011-12-30T09:00:00Z", "2011-12-30T11:00:00Z"),
        ("Asia/Kathmandu", "2026-07-01T22:00", "2026-07-02T04:00", "2026-07-01T16:15:00Z", "2026-07-01T22:15:00Z"),
    ] {
        let good = event(json!({ "timezone": timezone, "starts_at_local": start, "ends_at_local": end }));
        let answer = client.post("/api/v1/events", good).await.expect(201);
        assert_eq!(
            (&answer.json["starts_at"], &answer.json["ends_at"]),
            (&json!(starts_at), &json!(ends_at)),
            "{timezone}"
        );
        assert_eq!(answer.json["starts_at_local"], format!("{start}:00"));
    }
    world.assert_sound().await;
}

#[tokio::test]
async fn another_zone_keeps_the_wall_time() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let id = create_with(&client, json!({})).await;
    let answer = edit(&client, &id, 1, json!({ "timezone": "America/Toronto" })).await.expect(200);
    assert_eq!(answer.json["starts_at_local"], "2026-07-01T20:00:00");
    assert_eq!(answer.json["starts_at"], "2026-07-02T00:00:00Z");
    let gap = json!({ "starts_at_local": "2027-03-14T02:30", "ends_at_local": "2027-03-14T09:00" });
    let answer = edit(&client, &id, 2, gap).await.expect(422);
    assert_eq!(answer.field(), "starts_at_local", "the zone that it has by now counts");
}

#[tokio::test]
async fn an_all_day_event_is_given_by_dates() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let dates = json!({ "all_day": true, "starts_at_local": "2026-07-03", "ends_at_local": "2026-07-05" });
    let answer = client.post("/api/v1/events", event(dates)).await.expect(201);
    assert_eq!(answer.json["starts_at_local"], "2026-07-03T00:00:00");
    assert_eq!(answer.json["ends_at_local"], "2026-07-06T00:00:00");
    assert_eq!(answer.json["ends_at"], "2026-07-05T22:00:00Z");
    world.assert_sound().await;
}

#[tokio::test]
async fn the_audit_finds_an_instant_that_is_not_its_wall_time() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let id = create_with(&client, json!({})).await;
    sqlx::query(
        "UPDATE events SET starts_at = starts_at - interval '1 hour', updated_at = updated_at - interval '1 day'",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    let violations = events::audit(&world.pool).await.unwrap();
    assert_eq!(violations.len(), 2, "{violations:?}");
    assert!(violations.iter().all(|it| it.event_id.to_string() == id));
    sqlx::query("UPDATE events SET version = 7, timezone = 'Mars/Olympus'").execute(&world.pool).await.unwrap();
    assert_eq!(events::audit(&world.pool).await.unwrap().len(), 4);
}

#[tokio::test]
async fn an_edit_of_something_else_does_not_move_the_event() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let id = create_with(&client, json!({})).await;
    // As if the zone's rules had been others when it was entered.
    sqlx::query("UPDATE events SET starts_at = starts_at - interval '1 hour'").execute(&world.pool).await.unwrap();
    let same = json!({ "title": "X", "timezone": "Europe/Berlin", "starts_at_local": "2026-07-01T20:00" });
    let answer = edit(&client, &id, 1, same).await.expect(200);
    assert_eq!(answer.json["starts_at"], "2026-07-01T17:00:00Z");
    let answer = edit(&client, &id, 2, json!({ "ends_at_local": "2026-07-01T23:00" })).await.expect(200);
    assert_eq!(answer.json["starts_at"], "2026-07-01T18:00:00Z");
}
