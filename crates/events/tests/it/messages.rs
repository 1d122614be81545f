use std::collections::BTreeSet;

use contracts::{
    auth::{Locale, UserChanged, UserDeleted},
    events::{EventCancelled, EventChanged, EventPublished, EventStatus, EventUnpublished},
};
use serde_json::json;

use crate::world::{World, act, create, create_with, edit, published, show};

#[tokio::test]
async fn a_draft_is_nobody_elses_business() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let id = create(&client).await;
    let _ = edit(&client, &id, 1, json!({ "city": "Hamburg" })).await.expect(200);
    assert_eq!(world.count("outbox").await, 0);
}

#[tokio::test]
async fn each_step_of_a_public_event_is_told() {
    let world = World::new().await;
    let (ada, client) = world.person("Ada");
    let id = published(&client).await;
    let _ = edit(&client, &id, 2, json!({ "title": "Other" })).await.expect(200);
    let _ = act(&client, &id, "unpublish").await.expect(200);
    let _ = act(&client, &id, "publish").await.expect(200);
    let _ = client.post(&format!("/api/v1/events/{id}/cancel"), json!({ "reason": "Storm" })).await.expect(200);
    assert_eq!(
        world.db.outbox_kinds("events").await,
        ["event.published", "event.changed", "event.unpublished", "event.published", "event.cancelled"]
    );
    let first = world.db.outbox_payloads::<EventPublished>("events").await.remove(0).event;
    assert_eq!((first.id.to_string(), first.version, first.status), (id, 2, EventStatus::Published));
    assert_eq!((first.organiser_id, first.organiser_name.as_str()), (ada.id, "Ada"));
    assert_eq!((first.slug.as_str(), first.summary.as_str()), ("open-air-cinema", "Bring a blanket."));
    assert_eq!(first.starts_at.to_rfc3339(), "2026-07-01T18:00:00+00:00");
    assert_eq!((first.timezone.as_str(), first.capacity, first.is_free), ("Europe/Berlin", Some(100), Some(false)));
    let withdrawn = world.db.outbox_payloads::<EventUnpublished>("events").await.remove(0).event;
    assert_eq!((withdrawn.version, withdrawn.status), (4, EventStatus::Draft));
    let cancelled = world.db.outbox_payloads::<EventCancelled>("events").await.remove(0);
    assert_eq!((cancelled.event.version, cancelled.event.status), (6, EventStatus::Cancelled));
    assert_eq!(cancelled.reason.as_deref(), Some("Storm"));
}

#[tokio::test]
async fn a_change_of_time_or_place_tells_what_it_was_before() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let id = published(&client).await;
    for (version, changes, told) in [
        (2, json!({ "title": "Other", "city": "Potsdam", "price": null }), false),
        (3, json!({ "starts_at_local": "2026-07-01T21:00" }), true),
        (4, json!({ "timezone": "Europe/London" }), true),
        (5, json!({ "venue": { "address": "Uferstraße 14" } }), true),
        (6, json!({ "capacity": 50 }), false),
    ] {
        let before = show(&client, &id).await.json;
        let after = edit(&client, &id, version, changes.clone()).await.expect(200).json;
        let message = world.db.outbox_payloads::<EventChanged>("events").await.pop().unwrap();
        assert_eq!(message.event.version, version + 1);
        assert_eq!(json!(message.event.venue), after["venue"]);
        assert_eq!(json!(message.event.starts_at_local), after["starts_at_local"]);
        assert_eq!(message.before.is_some(), told, "{changes}");
        if let Some(told) = message.before {
            for (value, field) in [
                (json!(told.starts_at_local), "starts_at_local"),
                (json!(told.ends_at_local), "ends_at_local"),
                (json!(told.timezone), "timezone"),
                (json!(told.venue), "venue"),
            ] {
                assert_eq!(value, before[field], "{changes}");
            }
        }
    }
}

#[tokio::test]
async fn overbooking_is_accepted_only_where_there_can_be_any() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let id = published(&client).await;
    for (version, changes, accepted) in [
        (2, json!({ "capacity": 50 }), false),
        (3, json!({ "capacity": 40, "accept_overbooking": true }), true),
        (4, json!({ "capacity": 60, "accept_overbooking": true }), false),
        (5, json!({ "title": "X", "accept_overbooking": true }), false),
        (6, json!({ "capacity": null, "accept_overbooking": true }), false),
        (7, json!({ "capacity": 5, "accept_overbooking": true }), true),
    ] {
        let _ = edit(&client, &id, version, changes.clone()).await.expect(200);
        let message = world.db.outbox_payloads::<EventChanged>("events").await.pop().unwrap();
        assert_eq!(message.overbooking_accepted, accepted, "{changes}");
    }
}

#[tokio::test]
async fn who_has_a_place_hears_of_a_move_that_was_made_while_it_was_withdrawn() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let id = published(&client).await;
    let _ = act(&client, &id, "unpublish").await.expect(200);
    let _ =
        edit(&client, &id, 3, json!({ "starts_at_local": "2026-07-01T19:00", "title": "Earlier" })).await.expect(200);
    let answer = act(&client, &id, "publish").await.expect(200);
    assert_eq!(answer.json["version"], 6);
    assert_eq!(
        world.db.outbox_kinds("events").await,
        ["event.published", "event.unpublished", "event.published", "event.changed"]
    );
    let changed = world.db.outbox_payloads::<EventChanged>("events").await.remove(0);
    assert_eq!(changed.event.version, 6);
    assert_eq!(changed.before.unwrap().starts_at_local.to_string(), "2026-07-01 20:00:00");
    // And only once.
    let _ = act(&client, &id, "unpublish").await.expect(200);
    let _ = act(&client, &id, "publish").await.expect(200);
    assert_eq!(world.db.outbox_payloads::<EventChanged>("events").await.len(), 1);
    world.assert_sound().await;
}

#[tokio::test]
async fn a_refused_step_tells_nothing() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let id = published(&client).await;
    let _ = act(&client, &id, "publish").await.expect(409);
    let _ = edit(&client, &id, 1, json!({ "title": "X" })).await.expect(412);
    let _ = edit(&client, &id, 2, json!({ "starts_at_local": "2020-01-01T00:00" })).await.expect(422);
    assert_eq!((world.count("outbox").await, world.count("history").await), (1, 2));
}

#[tokio::test]
async fn a_renamed_organiser_is_renamed_on_their_events() {
    let world = World::new().await;
    let (ada, client) = world.person("Ada");
    let (_, ben) = world.person("Ben");
    let public = published(&client).await;
    let draft = create(&client).await;
    let over =
        create_with(&client, json!({ "starts_at_local": "2026-06-08T14:10", "ends_at_local": "2026-06-08T14:20" }))
            .await;
    let _ = act(&client, &over, "publish").await.expect(200);
    let others = published(&ben).await;
    world.clock.advance(chrono::Duration::minutes(30));

    let changed = UserChanged {
        user_id: ada.id,
        email: "ada@example.org".into(),
        display_name: "Ada L.".into(),
        locale: Locale::En,
        email_verified: true,
    };
    world.deliver(&changed).await;
    for (id, name) in [(&public, "Ada L."), (&draft, "Ada L."), (&over, "Ada L."), (&others, "Ben")] {
        let event = show(&world.anyone.as_person(&ada), id).await;
        let stored: String = sqlx::query_scalar("SELECT organiser_name FROM events WHERE id = $1::uuid")
            .bind(id)
            .fetch_one(&world.pool)
            .await
            .unwrap();
        assert_eq!(stored, name);
        if id == &public {
            assert_eq!(event.json["version"], 3);
        }
    }
    let told = world.db.outbox_payloads::<EventChanged>("events").await;
    assert_eq!(told.len(), 1, "of what is still to come");
    assert_eq!((told[0].event.organiser_name.as_str(), told[0].before.is_none()), ("Ada L.", true));
    // The same again changes nothing.
    world.deliver(&changed).await;
    assert_eq!(show(&world.anyone.as_person(&ada), &public).await.json["version"], 3);
    world.assert_sound().await;
}

#[tokio::test]
async fn events_of_a_deleted_account_that_are_to_come_are_called_off() {
    let world = World::new().await;
    let (ada, client) = world.person("Ada");
    let (_, ben) = world.person("Ben");
    let public = published(&client).await;
    let german = create_with(&client, json!({ "language": "de" })).await;
    let _ = act(&client, &german, "publish").await.expect(200);
    let withdrawn = published(&client).await;
    let _ = act(&client, &withdrawn, "unpublish").await.expect(200);
    let draft = create(&client).await;
    let _ = edit(&client, &draft, 1, json!({ "city": "Hamburg" })).await.expect(200);
    let others = published(&ben).await;

    world.deliver(&UserDeleted { user_id: ada.id }).await;
    let english = ("Deleted account", "The organiser's account was deleted.");
    for (id, (name, reason), version) in [
        (&public, english, 4),
        (&german, ("Gelöschtes Konto", "Das Konto der veranstaltenden Person wurde gelöscht."), 4),
        (&withdrawn, english, 5),
    ] {
        let event = show(&world.anyone, id).await.expect(200).json;
        assert_eq!(event["status"], "cancelled");
        assert_eq!((&event["organiser"]["display_name"], &event["cancel_reason"]), (&json!(name), &json!(reason)));
        assert_eq!(event["version"], version);
        let message = world.db.outbox_payloads::<EventCancelled>("events").await;
        let message = message.iter().find(|it| it.event.id.to_string() == *id).expect("it is told");
        assert_eq!((message.event.organiser_name.as_str(), message.reason.as_deref()), (name, Some(reason)));
        let actions: Vec<String> =
            sqlx::query_scalar("SELECT action FROM history WHERE event_id = $1::uuid ORDER BY version DESC LIMIT 2")
                .bind(id)
                .fetch_all(&world.pool)
                .await
                .unwrap();
        assert_eq!(actions, ["cancelled", "organiser_renamed"]);
    }
    let _ = show(&client, &draft).await.expect(404);
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM history WHERE event_id = $1::uuid")
        .bind(&draft)
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(left, 0, "the draft is gone, and its history");
    let bens = show(&ben, &others).await.json;
    assert_eq!((&bens["status"], &bens["organiser"]["display_name"]), (&json!("published"), &json!("Ben")));
    assert_eq!(world.count("outbox").await, 6, "two for each of the three, none of the draft");
    world.assert_sound().await;
}

#[tokio::test]
async fn what_is_over_stays_without_the_name_of_a_deleted_account_and_everybody_hears_of_it() {
    let world = World::new().await;
    let (ada, client) = world.person("Ada");
    let soon = json!({ "starts_at_local": "2026-06-08T14:10", "ends_at_local": "2026-06-08T14:20" });
    let [over, running, called_off, withdrawn] = [
        create_with(&client, soon.clone()).await,
        create_with(&client, json!({ "starts_at_local": "2026-06-08T14:10", "ends_at_local": "2026-06-08T20:00" }))
            .await,
        create_with(&client, soon.clone()).await,
        create_with(&client, soon).await,
    ];
    for id in [&over, &running, &called_off, &withdrawn] {
        let _ = act(&client, id, "publish").await.expect(200);
    }
    let _ = client.post(&format!("/api/v1/events/{called_off}/cancel"), json!({ "reason": "Storm" })).await.expect(200);
    let _ = act(&client, &withdrawn, "unpublish").await.expect(200);
    world.clock.advance(chrono::Duration::minutes(30));
    world.deliver(&UserDeleted { user_id: ada.id }).await;

    for (id, status) in
        [(&over, "published"), (&running, "published"), (&called_off, "cancelled"), (&withdrawn, "draft")]
    {
        let event: (String, String, Option<String>) =
            sqlx::query_as("SELECT status, organiser_name, cancel_reason FROM events WHERE id = $1::uuid")
                .bind(id)
                .fetch_one(&world.pool)
                .await
                .unwrap();
        let reason = (id == &called_off).then(|| "Storm".to_owned());
        assert_eq!(event, (status.to_owned(), "Deleted account".to_owned(), reason));
    }
    let changed = world.db.outbox_payloads::<EventChanged>("events").await;
    let told: BTreeSet<String> = changed.iter().map(|it| it.event.id.to_string()).collect();
    assert_eq!((changed.len(), told), (2, BTreeSet::from([over, running])));
    assert!(changed.iter().all(|it| it.before.is_none() && it.event.organiser_name == "Deleted account"));
    let again = world.db.outbox_payloads::<EventCancelled>("events").await.pop().unwrap();
    assert_eq!((again.event.id.to_string(), again.reason.as_deref()), (called_off, Some("Storm")));
    let again = world.db.outbox_payloads::<EventUnpublished>("events").await.pop().unwrap();
    assert_eq!((again.event.id.to_string(), again.event.organiser_name.as_str()), (withdrawn, "Deleted account"));
    world.assert_sound().await;
}

#[tokio::test]
async fn the_history_of_an_event_that_is_there_cannot_be_taken_away() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let _ = published(&client).await;
    for statement in ["DELETE FROM history", "UPDATE history SET action = 'edited'"] {
        let refused = sqlx::query(statement).execute(&world.pool).await.unwrap_err();
        assert!(refused.to_string().contains("only ever added to"), "{refused}");
    }
}
