use chrono::Duration;
use contracts::registration::Registration;
use serde_json::{Value, json};
use testkit::eventually;

use crate::world::{World, act, create, create_with, edit, etag, event, id, published, show};

#[tokio::test]
async fn a_draft_is_created_as_it_was_entered() {
    let world = World::new().await;
    let (ada, client) = world.person("Ada");
    let answer = client.post("/api/v1/events", event(json!({}))).await.expect(201);
    let id = id(&answer);
    assert_eq!(answer.headers["location"], format!("/api/v1/events/{id}"));
    assert_eq!(etag(&answer), "\"1\"");
    assert_eq!(
        answer.json,
        json!({
            "id": id,
            "slug": "open-air-cinema",
            "version": 1,
            "status": "draft",
            "title": "Open-air cinema",
            "summary": "Bring a blanket.",
            "description": "Bring a **blanket**.",
            "description_html": "<p>Bring a <strong>blanket</strong>.</p>\n",
            "category": "film",
            "language": "en",
            "city": "Berlin",
            "venue": { "name": "Kulturhaus Spreebogen", "address": "Uferstraße 12", "lat": 52.5, "lon": 13.4 },
            "venue_hidden": false,
            "starts_at": "2026-07-01T18:00:00Z",
            "ends_at": "2026-07-01T21:30:00Z",
            "starts_at_local": "2026-07-01T20:00:00",
            "ends_at_local": "2026-07-01T23:30:00",
            "timezone": "Europe/Berlin",
            "all_day": false,
            "capacity": 100,
            "registration": Registration::default(),
            "price": "5 €",
            "is_free": false,
            "organiser": { "id": ada.id, "display_name": "Ada" },
            "source": null,
            "cover": { "svg": format!("/media/covers/film/{id}.svg"), "png": format!("/media/covers/film/{id}.png") },
            "external_url": "https://example.org/cinema",
            "created_at": "2026-06-08T12:00:00Z",
            "updated_at": "2026-06-08T12:00:00Z",
            "published_at": null,
            "cancelled_at": null,
            "cancel_reason": null,
        })
    );
    assert_eq!(show(&client, &id).await.expect(200).json, answer.json);
    world.assert_sound().await;
}

#[tokio::test]
async fn only_the_necessary_is_necessary() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let bare = event(json!({ "capacity": null, "price": null, "external_url": null, "venue": { "name": "Park" } }));
    let answer = client.post("/api/v1/events", bare).await.expect(201);
    for field in ["capacity", "price", "external_url"] {
        assert_eq!(answer.json[field], Value::Null, "{field}");
    }
    assert_eq!(answer.json["venue"], json!({ "name": "Park", "address": null, "lat": null, "lon": null }));
    assert_eq!(answer.json["is_free"], true, "no price means free, unless the organiser says otherwise");
}

#[tokio::test]
async fn whether_it_is_free_follows_the_price_unless_said() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let id = create_with(&client, json!({ "price": "Free, donations welcome", "is_free": true })).await;
    assert_eq!(show(&client, &id).await.json["is_free"], true);
    let answer = edit(&client, &id, 1, json!({ "price": "7 €" })).await.expect(200);
    assert_eq!(answer.json["is_free"], false);
    let answer = edit(&client, &id, 2, json!({ "price": null })).await.expect(200);
    assert_eq!((&answer.json["price"], &answer.json["is_free"]), (&Value::Null, &json!(true)));
    let answer = edit(&client, &id, 3, json!({ "is_free": null })).await.expect(200);
    assert_eq!(answer.json["is_free"], Value::Null);
}

#[tokio::test]
async fn an_event_goes_through_its_life() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let id = create(&client).await;
    for (action, status, version) in [
        ("publish", "published", 2),
        ("unpublish", "draft", 3),
        ("publish", "published", 4),
        ("cancel", "cancelled", 5),
    ] {
        world.later();
        let answer = act(&client, &id, action).await.expect(200);
        assert_eq!((&answer.json["status"], &answer.json["version"]), (&json!(status), &json!(version)), "{action}");
        assert_eq!(etag(&answer), format!("\"{version}\""));
    }
    let event = show(&world.anyone, &id).await.expect(200).json;
    assert_eq!(event["published_at"], "2026-06-08T12:00:03Z", "when it last became public");
    assert_eq!(event["cancelled_at"], "2026-06-08T12:00:04Z");
    world.assert_sound().await;
}

#[tokio::test]
async fn a_step_that_the_state_does_not_allow_is_refused() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let id = create(&client).await;
    for (action, refused) in [
        ("", ["unpublish", "cancel"].as_slice()),
        ("publish", &["publish"]),
        ("unpublish", &["unpublish"]),
        ("cancel", &["publish", "unpublish", "cancel"]),
    ] {
        if !action.is_empty() {
            let _ = act(&client, &id, action).await.expect(200);
        }
        for step in refused {
            let answer = act(&client, &id, step).await.expect(409);
            assert_eq!(answer.code(), "wrong_state", "{step} after {action}");
        }
    }
    let answer = edit(&client, &id, 4, json!({ "title": "Too late" })).await.expect(409);
    assert_eq!(answer.code(), "wrong_state");
    assert_eq!(show(&client, &id).await.json["version"], 4);
}

#[tokio::test]
async fn a_withdrawn_event_can_be_called_off() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let id = published(&client).await;
    let _ = act(&client, &id, "unpublish").await.expect(200);
    let answer = client.post(&format!("/api/v1/events/{id}/cancel"), json!({ "reason": " Rain. " })).await.expect(200);
    assert_eq!((&answer.json["status"], &answer.json["cancel_reason"]), (&json!("cancelled"), &json!("Rain.")));
    let _ = show(&world.anyone, &id).await.expect(200);
    world.assert_sound().await;
}

#[tokio::test]
async fn what_has_begun_is_not_published() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let past = json!({ "starts_at_local": "2026-06-08T14:00", "ends_at_local": "2026-06-08T16:00" });
    let id = create_with(&client, past).await;
    assert_eq!(
        act(&client, &id, "publish").await.expect(409).code(),
        "starts_in_the_past",
        "it starts this very moment"
    );
    let _ = edit(&client, &id, 1, json!({ "starts_at_local": "2026-06-08T14:01" })).await.expect(200);
    let _ = act(&client, &id, "publish").await.expect(200);
}

#[tokio::test]
async fn what_was_public_may_come_back_while_it_lasts() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let today = json!({ "starts_at_local": "2026-06-08T15:00", "ends_at_local": "2026-06-08T23:00" });
    let id = create_with(&client, today).await;
    let _ = act(&client, &id, "publish").await.expect(200);
    let _ = act(&client, &id, "unpublish").await.expect(200);
    world.clock.advance(Duration::minutes(50 + 3 * 60));
    let client = world.anyone.as_person(&world.people.with("Mo", platform::identity::Role::Moderator, true));
    let _ = act(&client, &id, "publish").await.expect(200);
    let _ = act(&client, &id, "unpublish").await.expect(200);
    world.clock.advance(Duration::hours(10));
    let client = world.anyone.as_person(&world.people.with("Mo", platform::identity::Role::Moderator, true));
    assert_eq!(act(&client, &id, "publish").await.expect(409).code(), "starts_in_the_past");
}

#[tokio::test]
async fn an_event_without_a_description_stays_a_draft() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let id = create_with(&client, json!({ "description": " \n " })).await;
    let answer = act(&client, &id, "publish").await.expect(422);
    assert_eq!((answer.field(), &answer.json["errors"][0]["code"]), ("description", &json!("missing")));
    let _ = edit(&client, &id, 1, json!({ "description": "Now." })).await.expect(200);
    let _ = act(&client, &id, "publish").await.expect(200);
    let answer = edit(&client, &id, 3, json!({ "description": "" })).await.expect(422);
    assert_eq!(answer.field(), "description");
}

#[tokio::test]
async fn a_public_event_is_not_moved_into_the_past() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let id = published(&client).await;
    let answer = edit(&client, &id, 2, json!({ "starts_at_local": "2026-06-08T13:59" })).await.expect(422);
    assert_eq!((answer.field(), &answer.json["errors"][0]["code"]), ("starts_at_local", &json!("starts_in_the_past")));
}

#[tokio::test]
async fn what_is_over_can_still_be_described() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let soon = json!({ "starts_at_local": "2026-06-08T14:10", "ends_at_local": "2026-06-08T14:20" });
    let id = create_with(&client, soon).await;
    let _ = act(&client, &id, "publish").await.expect(200);
    world.clock.advance(Duration::minutes(30));
    let _ = edit(&client, &id, 2, json!({ "description": "Thank you for coming!" })).await.expect(200);
}

#[tokio::test]
async fn an_edit_changes_what_it_names() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let before = client.post("/api/v1/events", event(json!({}))).await.expect(201).json;
    let id = before["id"].as_str().unwrap();
    world.later();
    let answer =
        edit(&client, id, 1, json!({ "title": "Kino für alle", "description": "# Neu\n\nSehr." })).await.expect(200);
    assert_eq!(etag(&answer), "\"2\"");
    let mut expected = before.clone();
    expected["version"] = json!(2);
    expected["title"] = json!("Kino für alle");
    expected["slug"] = json!("kino-fur-alle");
    expected["description"] = json!("# Neu\n\nSehr.");
    expected["description_html"] = json!("<h3>Neu</h3>\n<p>Sehr.</p>\n");
    expected["summary"] = json!("Neu Sehr.");
    expected["updated_at"] = json!("2026-06-08T12:00:01Z");
    assert_eq!(answer.json, expected);
    assert_eq!(show(&client, id).await.json, expected);
    world.assert_sound().await;
}

#[tokio::test]
async fn every_field_can_be_edited() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let id = create(&client).await;
    let changes = json!({
        "title": "A", "description": "B", "category": "music", "language": "de", "city": "Köln",
        "venue": { "name": "C", "address": "D", "lat": 1.5, "lon": -2.5 }, "starts_at_local": "2026-08-01T10:00:00",
        "ends_at_local": "2026-08-02T10:00:00", "timezone": "Europe/Vienna", "all_day": true, "capacity": 7, "price": "E",
        "is_free": true, "external_url": "https://example.org/f",
    });
    let answer = edit(&client, &id, 1, changes.clone()).await.expect(200);
    for (name, value) in changes.as_object().unwrap() {
        assert_eq!(&answer.json[name], value, "{name}");
    }
    assert_eq!(show(&client, &id).await.json, answer.json, "as it was stored");
}

#[tokio::test]
async fn null_clears_and_absent_keeps() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let id = create(&client).await;
    let answer = edit(&client, &id, 1, json!({ "capacity": null, "venue": { "address": null } })).await.expect(200);
    assert_eq!(answer.json["capacity"], Value::Null);
    assert_eq!(
        answer.json["venue"],
        json!({ "name": "Kulturhaus Spreebogen", "address": null, "lat": 52.5, "lon": 13.4 })
    );
    assert_eq!(answer.json["price"], "5 €");
    let answer = edit(&client, &id, 2, json!({ "external_url": null, "venue": { "lat": null, "lon": null } })).await;
    let answer = answer.expect(200);
    assert_eq!((&answer.json["external_url"], &answer.json["venue"]["lat"]), (&Value::Null, &Value::Null));
    for (changes, field) in [
        (json!({ "title": null }), "title"),
        (json!({ "venue": null }), "venue"),
        (json!({ "venue": { "name": null } }), "venue.name"),
        (json!({ "venue": { "lat": 5 } }), "venue.lon"),
        (json!({ "venue": { "lon": 5 } }), "venue.lat"),
        (json!({ "timezone": null }), "timezone"),
        (json!({ "status": "published" }), "status"),
        (json!({ "venue": { "city": "x" } }), "venue.city"),
    ] {
        let answer = edit(&client, &id, 3, changes).await.expect(422);
        assert_eq!(answer.field(), field);
    }
}

#[tokio::test]
async fn an_edit_that_changes_nothing_makes_no_version() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let id = published(&client).await;
    let messages = world.count("outbox").await;
    world.later();
    for changes in [
        json!({}),
        json!({ "title": " Open-air cinema " }),
        json!({ "venue": {} }),
        json!({ "starts_at_local": "2026-07-01T20:00:00" }),
        json!({ "price": "5 €", "accept_overbooking": true }),
    ] {
        let answer = edit(&client, &id, 2, changes.clone()).await.expect(200);
        assert_eq!((etag(&answer), &answer.json["version"]), ("\"2\"", &json!(2)), "{changes}");
        assert_eq!(answer.json["updated_at"], "2026-06-08T12:00:00Z");
    }
    assert_eq!(world.count("outbox").await, messages);
    world.assert_sound().await;
}

#[tokio::test]
async fn an_edit_says_which_version_it_is_of() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let id = create(&client).await;
    let path = format!("/api/v1/events/{id}");
    let answer = client.patch(&path, json!({ "title": "X" })).await.expect(428);
    assert_eq!((answer.code(), answer.field()), ("precondition_required", "If-Match"));
    for stale in ["\"0\"", "\"2\"", "nonsense", "\"abc\""] {
        let answer = client.header("if-match", stale).patch(&path, json!({ "title": "X" })).await.expect(412);
        assert_eq!(answer.code(), "precondition_failed", "{stale}");
    }
    let _ = client.header("if-match", "*").patch(&path, json!({ "title": "Y" })).await.expect(200);
    let stale = client.header("if-match", "\"1\"");
    assert_eq!(stale.post(&format!("{path}/publish"), Value::Null).await.expect(412).code(), "precondition_failed");
    let fresh = client.header("if-match", "\"2\"");
    let _ = fresh.post(&format!("{path}/publish"), Value::Null).await.expect(200);
}

#[tokio::test]
async fn of_several_edits_of_one_version_one_wins() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let id = create(&client).await;
    // All of them have to be under way before the first can go on.
    let mut holder = world.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM events FOR UPDATE").execute(&mut *holder).await.unwrap();
    let mut edits = tokio::task::JoinSet::new();
    for n in 0..5 {
        let (client, id) = (client.clone(), id.clone());
        edits.spawn(async move { edit(&client, &id, 1, json!({ "title": format!("Title {n}") })).await });
    }
    eventually("all edits to wait for the row", async || {
        let waiting: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        .fetch_one(&world.pool)
        .await
        .unwrap();
        (waiting == 5).then_some(())
    })
    .await;
    holder.rollback().await.unwrap();
    let answers = edits.join_all().await;
    let mut statuses: Vec<_> = answers.iter().map(|it| it.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412]);
    let winner = answers.iter().find(|it| it.status.is_success()).unwrap();
    assert_eq!(show(&client, &id).await.json, winner.json);
    assert_eq!(world.count("history").await, 2);
    world.assert_sound().await;
}
