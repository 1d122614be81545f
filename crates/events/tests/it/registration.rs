use contracts::{
    events::{EventChanged, EventPublished},
    registration::{Access, Registration},
};
use platform::identity::Role;
use serde_json::{Value, json};

use crate::world::{World, act, create, create_with, edit, event, published, show};

/// As it is shown where nothing was decided.
fn default() -> Value {
    json!({
        "access": "open",
        "party_limit": 10,
        "opens_at_local": null,
        "opens_at": null,
        "closes_at_local": null,
        "closes_at": null,
        "passes": 3,
        "offer_hours": 24,
        "offer_minutes": 120,
        "reconfirm_hours": null,
        "questions": [],
    })
}

fn question(changes: Value) -> Value {
    let mut question = json!({
        "id": "meal", "kind": "choice", "label": "What will you eat?", "required": true, "options": ["Soup", "Bread"]
    });
    let Value::Object(changes) = changes else { panic!("{changes} is no object") };
    for (name, value) in changes {
        if value.is_null() {
            question.as_object_mut().unwrap().remove(&name);
        } else {
            question[name] = value;
        }
    }
    question
}

fn asks(questions: &[Value]) -> Value {
    json!({ "questions": questions })
}

#[tokio::test]
async fn every_rule_is_kept_as_it_was_entered() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let rules = json!({
        "access": "invitation",
        "party_limit": 4,
        "opens_at_local": "2026-06-10T10:00",
        "closes_at_local": "2026-07-01T20:00:00",
        "passes": 0,
        "offer_hours": 720,
        "offer_minutes": 5,
        "reconfirm_hours": 2,
        "questions": [
            question(json!({ "options": [" Soup ", "soup"] })),
            { "id": "0_a", "kind": "text", "label": "Anything else?" },
            { "id": "photos", "kind": "consent", "label": "Photos are fine.", "required": true, "options": [] },
        ],
    });
    let answer = client.post("/api/v1/events", event(json!({ "registration": rules }))).await.expect(201);
    let expected = json!({
        "access": "invitation",
        "party_limit": 4,
        "opens_at_local": "2026-06-10T10:00:00",
        "opens_at": "2026-06-10T08:00:00Z",
        "closes_at_local": "2026-07-01T20:00:00",
        "closes_at": "2026-07-01T18:00:00Z",
        "passes": 0,
        "offer_hours": 720,
        "offer_minutes": 5,
        "reconfirm_hours": 2,
        "questions": [
            { "id": "meal", "kind": "choice", "label": "What will you eat?", "required": true, "options": ["Soup", "soup"] },
            { "id": "0_a", "kind": "text", "label": "Anything else?", "required": false, "options": [] },
            { "id": "photos", "kind": "consent", "label": "Photos are fine.", "required": true, "options": [] },
        ],
    });
    assert_eq!(answer.json["registration"], expected);
    let id = answer.json["id"].as_str().unwrap();
    assert_eq!(show(&client, id).await.expect(200).json["registration"], expected);
    let answer = edit(&client, id, 1, json!({ "title": "Other" })).await.expect(200);
    assert_eq!(answer.json["registration"], expected, "what is absent stays");
    world.assert_sound().await;
}

#[tokio::test]
async fn who_decides_nothing_gets_the_default() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    for nothing in [json!({}), json!({ "registration": {} })] {
        let answer = client.post("/api/v1/events", event(nothing)).await.expect(201);
        assert_eq!(answer.json["registration"], default());
    }
    let mut null = event(json!({}));
    null["registration"] = Value::Null;
    let answer = client.post("/api/v1/events", null).await.expect(201);
    assert_eq!(answer.json["registration"], default());
}

#[tokio::test]
async fn an_event_from_before_there_were_rules_has_the_default() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let id = create(&client).await;
    sqlx::query("UPDATE events SET registration = DEFAULT").execute(&world.pool).await.unwrap();
    assert_eq!(show(&client, &id).await.expect(200).json["registration"], default());
    world.assert_sound().await;
}

#[tokio::test]
async fn an_edit_replaces_the_rules_as_a_whole() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let rules = json!({ "access": "approval", "party_limit": 2, "closes_at_local": "2026-06-30T18:00" });
    let id = create_with(&client, json!({ "registration": rules })).await;
    let answer = edit(&client, &id, 1, json!({ "registration": { "passes": 7 } })).await.expect(200);
    let mut expected = default();
    expected["passes"] = json!(7);
    assert_eq!(answer.json["registration"], expected);
    let answer = edit(&client, &id, 2, json!({ "registration": { "passes": 7, "offer_hours": 24 } })).await.expect(200);
    assert_eq!(answer.json["version"], 2, "the same in other words is no change");
    let answer = edit(&client, &id, 2, json!({ "registration": null })).await.expect(200);
    assert_eq!((&answer.json["registration"], &answer.json["version"]), (&default(), &json!(3)));
}

#[tokio::test]
async fn a_bad_rule_is_named() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let long = |n: usize| "x".repeat(n);
    let lines = |n: usize| (0..n).map(|n| n.to_string()).collect::<Vec<_>>();
    let many = |n: usize| (0..n).map(|n| question(json!({ "id": format!("q{n}") }))).collect::<Vec<_>>();
    let second = |changes: Value| asks(&[question(json!({ "id": "first" })), question(changes)]);
    let mut cases = vec![
        (json!([]), "registration"),
        (json!("open"), "registration"),
        (json!({ "x": 1 }), "registration.x"),
        (json!({ "access": "everybody" }), "registration.access"),
        (json!({ "access": null }), "registration.access"),
        (json!({ "opens_at": "2026-06-10T08:00:00Z" }), "registration.opens_at"),
        (json!({ "opens_at_local": "2026-06-10" }), "registration.opens_at_local"),
        (json!({ "opens_at_local": "2026-06-10T10:00Z" }), "registration.opens_at_local"),
        (json!({ "opens_at_local": 5 }), "registration.opens_at_local"),
        (json!({ "opens_at_local": "1969-06-10T10:00" }), "registration.opens_at_local"),
        (json!({ "opens_at_local": "2026-07-01T20:00" }), "registration.opens_at_local"),
        (json!({ "closes_at_local": "2026-06-31T10:00" }), "registration.closes_at_local"),
        (json!({ "closes_at_local": "2026-07-01T20:01" }), "registration.closes_at_local"),
        (
            json!({ "opens_at_local": "2026-06-10T10:00", "closes_at_local": "2026-06-10T10:00" }),
            "registration.closes_at_local",
        ),
        (asks(&many(11)), "registration.questions"),
        (json!({ "questions": null }), "registration.questions"),
        (json!({ "questions": { "a": 1 } }), "registration.questions"),
        (asks(&[json!("What?")]), "registration.questions[0]"),
        (asks(&[question(json!({ "x": 1 }))]), "registration.questions[0].x"),
        (second(json!({ "id": "first" })), "registration.questions[1].id"),
        (second(json!({ "id": null })), "registration.questions[1].id"),
        (second(json!({ "kind": null })), "registration.questions[1].kind"),
        (second(json!({ "kind": "number" })), "registration.questions[1].kind"),
        (second(json!({ "label": null })), "registration.questions[1].label"),
        (second(json!({ "required": "yes" })), "registration.questions[1].required"),
        (second(json!({ "options": null })), "registration.questions[1].options"),
        (second(json!({ "options": ["Soup"] })), "registration.questions[1].options"),
        (second(json!({ "options": lines(21) })), "registration.questions[1].options"),
        (second(json!({ "options": ["Soup", "Bread", "Soup "] })), "registration.questions[1].options"),
        (second(json!({ "options": ["Soup", long(101)] })), "registration.questions[1].options[1]"),
        (second(json!({ "options": ["Soup", "\u{200b}"] })), "registration.questions[1].options[1]"),
        (second(json!({ "options": ["Soup", "a\nb"] })), "registration.questions[1].options[1]"),
        (second(json!({ "kind": "text" })), "registration.questions[1].options"),
        (second(json!({ "kind": "consent" })), "registration.questions[1].options"),
    ];
    for (name, low, high) in [
        ("party_limit", 0, 11),
        ("passes", -1, 21),
        ("offer_hours", -1, 721),
        ("offer_minutes", 4, 2881),
        ("reconfirm_hours", 1, 721),
    ] {
        let field = format!("registration.{name}").leak();
        for bad in [json!(low), json!(high), json!(2.5), json!("5"), json!(10_000_000_000_000_000_000_u64)] {
            cases.push((json!({ name: bad }), field));
        }
        if name != "reconfirm_hours" {
            cases.push((json!({ name: null }), field));
        }
    }
    for bad in ["", "Meal", "me al", "m\u{e9}al", "meal-", &long(41)] {
        cases.push((second(json!({ "id": bad })), "registration.questions[1].id"));
    }
    for bad in ["", "  ", "a\nb", "\u{2060}", "a\u{202e}b", &long(301)] {
        cases.push((second(json!({ "label": bad })), "registration.questions[1].label"));
    }
    let id = create(&client).await;
    for (rules, field) in cases {
        let changes = json!({ "registration": rules });
        let answer = client.post("/api/v1/events", event(changes.clone())).await.expect(422);
        assert_eq!((answer.code(), answer.field()), ("validation_failed", field), "{rules}");
        assert!(!answer.json["errors"][0]["detail"].as_str().unwrap().is_empty());
        let answer = edit(&client, &id, 1, changes).await.expect(422);
        assert_eq!(answer.field(), field, "edit {rules}");
    }
    assert_eq!((world.count("events").await, world.count("history").await), (1, 1));
}

#[tokio::test]
async fn all_that_is_wrong_with_the_questions_is_said_at_once() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let rules = asks(&[
        question(json!({})),
        question(json!({ "options": [] })),
        question(json!({ "id": "b", "kind": "text" })),
    ]);
    let bad = event(json!({ "registration": rules, "ends_at_local": "2026-07-01T19:00" }));
    let answer = client.post("/api/v1/events", bad).await.expect(422);
    let fields: Vec<_> = answer.json["errors"].as_array().unwrap().iter().map(|it| &it["field"]).collect();
    assert_eq!(
        fields,
        [
            "ends_at_local",
            "registration.questions[1].id",
            "registration.questions[1].options",
            "registration.questions[2].options"
        ]
    );
}

#[tokio::test]
async fn rules_just_within_their_limits_are_taken() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let line = |n: usize| "\u{fc}".repeat(n);
    let questions: Vec<_> = (0..10)
        .map(|n| {
            let options: Vec<_> = (0..20).map(|option| format!("{option:02}{}", line(98))).collect();
            question(json!({ "id": format!("{n}{}", "_".repeat(39)), "label": line(300), "options": options }))
        })
        .collect();
    for (party_limit, passes, hours, minutes, reconfirm) in [(1, 0, 0, 5, 2), (10, 20, 720, 2880, 720)] {
        let rules = json!({
            "party_limit": party_limit, "passes": passes, "offer_hours": hours, "offer_minutes": minutes,
            "reconfirm_hours": reconfirm, "questions": questions,
        });
        let answer = client.post("/api/v1/events", event(json!({ "registration": rules }))).await.expect(201);
        for (name, value) in rules.as_object().unwrap() {
            assert_eq!(&answer.json["registration"][name], value, "{name}");
        }
    }
}

#[tokio::test]
async fn registration_opens_and_closes_by_the_clocks_at_the_venue() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    // The clocks are put forward in March, and back in October.
    let spring = json!({ "starts_at_local": "2027-07-01T20:00", "ends_at_local": "2027-07-01T23:00" });
    for field in ["opens_at_local", "closes_at_local"] {
        let mut bad = event(spring.clone());
        bad["registration"] = json!({ field: "2027-03-28T02:30" });
        let answer = client.post("/api/v1/events", bad).await.expect(422);
        assert_eq!(answer.field(), format!("registration.{field}"));
        let detail = answer.json["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains("2027-03-28T03:30") && detail.contains("Europe/Berlin"), "{detail}");
    }
    let mut twice = event(spring);
    twice["registration"] = json!({ "opens_at_local": "2026-10-25T02:30", "closes_at_local": "2026-10-25T03:00" });
    let rules = client.post("/api/v1/events", twice).await.expect(201).json["registration"].clone();
    assert_eq!(rules["opens_at"], "2026-10-25T00:30:00Z", "the first of the two");
    assert_eq!(rules["closes_at"], "2026-10-25T02:00:00Z");
    world.assert_sound().await;
}

#[tokio::test]
async fn another_zone_moves_the_instants_not_the_wall_time() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let rules = json!({ "opens_at_local": "2026-06-10T10:00", "closes_at_local": "2026-06-30T18:00" });
    let id = create_with(&client, json!({ "registration": rules })).await;
    let after = edit(&client, &id, 1, json!({ "timezone": "America/Toronto" })).await.expect(200).json;
    assert_eq!(after["registration"]["opens_at_local"], "2026-06-10T10:00:00");
    assert_eq!(after["registration"]["opens_at"], "2026-06-10T14:00:00Z");
    assert_eq!(after["registration"]["closes_at"], "2026-06-30T22:00:00Z");
    world.assert_sound().await;
    let gap = json!({ "registration": { "opens_at_local": "2026-03-08T02:30" } });
    let _ = edit(&client, &id, 2, gap.clone()).await.expect(422);
    let _ = edit(&client, &id, 2, json!({ "timezone": "Europe/Berlin" })).await.expect(200);
    let _ = edit(&client, &id, 3, gap).await.expect(200);
    let answer = edit(&client, &id, 4, json!({ "timezone": "America/Toronto" })).await.expect(422);
    assert_eq!(answer.field(), "registration.opens_at_local", "it does not exist there");
}

#[tokio::test]
async fn an_edit_of_something_else_does_not_move_the_opening() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let rules = json!({ "opens_at_local": "2026-06-10T10:00" });
    let id = create_with(&client, json!({ "registration": rules })).await;
    // As if the zone's rules had been others when it was entered.
    sqlx::query(r#"UPDATE events SET registration = registration || '{"opens_at": "2026-06-10T07:00:00Z"}'"#)
        .execute(&world.pool)
        .await
        .unwrap();
    let same = json!({ "title": "X", "timezone": "Europe/Berlin", "registration": rules });
    let answer = edit(&client, &id, 1, same).await.expect(200);
    assert_eq!(answer.json["registration"]["opens_at"], "2026-06-10T07:00:00Z");
    let violations = events::audit(&world.pool).await.unwrap();
    assert_eq!(violations.len(), 1, "{violations:?}");
    assert!(violations[0].detail.starts_with("registration.opens_at is 2026-06-10T07:00:00+00:00"), "{violations:?}");
}

#[tokio::test]
async fn a_start_that_leaves_no_time_to_register_is_refused() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let rules = json!({ "opens_at_local": "2026-06-10T10:00", "closes_at_local": "2026-06-30T18:00" });
    let id = create_with(&client, json!({ "registration": rules })).await;
    for (start, field) in
        [("2026-06-30T17:59", "registration.closes_at_local"), ("2026-06-10T10:00", "registration.opens_at_local")]
    {
        let answer = edit(&client, &id, 1, json!({ "starts_at_local": start })).await.expect(422);
        assert_eq!(answer.field(), field, "{start}");
    }
    let _ = edit(&client, &id, 1, json!({ "starts_at_local": "2026-06-30T18:00" })).await.expect(200);
    let earlier =
        json!({ "starts_at_local": "2026-06-30T12:00", "registration": { "closes_at_local": "2026-06-30T12:00" } });
    let _ = edit(&client, &id, 2, earlier).await.expect(200);
}

#[tokio::test]
async fn the_others_are_told_the_rules_and_each_change_of_them() {
    let world = World::new().await;
    let (_, client) = world.person("Ada");
    let rules = json!({ "access": "approval", "closes_at_local": "2026-06-30T18:00" });
    let id = create_with(&client, json!({ "registration": rules })).await;
    let _ = act(&client, &id, "publish").await.expect(200);
    let first = world.db.outbox_payloads::<EventPublished>("events").await.remove(0).event.registration;
    let expected = Registration {
        access: Access::Approval,
        closes_at_local: Some("2026-06-30T18:00:00".parse().unwrap()),
        closes_at: Some("2026-06-30T16:00:00Z".parse().unwrap()),
        ..Registration::default()
    };
    assert_eq!(first, expected);

    let _ = edit(&client, &id, 2, json!({ "registration": { "party_limit": 2 } })).await.expect(200);
    let told = world.db.outbox_payloads::<EventChanged>("events").await.remove(0);
    assert_eq!((told.event.version, told.event.registration.party_limit), (3, 2));
    assert!(told.before.is_none(), "neither time nor place have changed");
    let history = client.get(&format!("/api/v1/events/{id}/history")).await.expect(200);
    assert_eq!(
        history.json["items"][0]["details"],
        json!({
            "fields": ["registration"],
            "registration": {
                "from": {
                    "access": "approval", "party_limit": 10,
                    "closes_at_local": "2026-06-30T18:00:00", "closes_at": "2026-06-30T16:00:00Z",
                },
                "to": { "access": "open", "party_limit": 2, "closes_at_local": null, "closes_at": null },
            },
        })
    );
    world.assert_sound().await;
}

#[tokio::test]
async fn where_the_organiser_approves_strangers_see_no_address() {
    let world = World::new().await;
    let (_, ada) = world.person("Ada");
    let (_, ben) = world.person("Ben");
    let mo = world.anyone.as_person(&world.people.with("Mo", Role::Moderator, true));
    let id = create_with(&ada, json!({ "registration": { "access": "approval" } })).await;
    let _ = act(&ada, &id, "publish").await.expect(200);
    for client in [&ben, &world.anyone] {
        let answer = show(client, &id).await.expect(200);
        let vague = json!({ "name": "Kulturhaus Spreebogen", "address": null, "lat": null, "lon": null });
        assert_eq!((&answer.json["venue"], &answer.json["venue_hidden"]), (&vague, &json!(true)));
        assert!(!String::from_utf8_lossy(&answer.body).contains("Uferstra"), "nowhere else either");
    }
    let whole = json!({ "name": "Kulturhaus Spreebogen", "address": "Uferstraße 12", "lat": 52.5, "lon": 13.4 });
    for client in [&ada, &mo] {
        let answer = show(client, &id).await.expect(200);
        assert_eq!((&answer.json["venue"], &answer.json["venue_hidden"]), (&whole, &json!(false)));
    }
    let mine = ada.get("/api/v1/me/events").await.expect(200);
    assert_eq!(mine.json["items"][0]["venue"], whole);
    let answer = edit(&ada, &id, 2, json!({ "title": "X" })).await.expect(200);
    assert_eq!(answer.json["venue"], whole, "who edits it sees what there is to edit");
}

#[tokio::test]
async fn where_nobody_has_to_approve_everybody_sees_the_address() {
    let world = World::new().await;
    let (_, ada) = world.person("Ada");
    let id = published(&ada).await;
    for (version, access) in [(2, "open"), (3, "invitation")] {
        let _ = edit(&ada, &id, version, json!({ "title": access, "registration": { "access": access } }))
            .await
            .expect(200);
        let answer = show(&world.anyone, &id).await.expect(200);
        assert_eq!(
            (&answer.json["venue"]["address"], &answer.json["venue"]["lat"], &answer.json["venue_hidden"]),
            (&json!("Uferstraße 12"), &json!(52.5), &json!(false)),
            "{access}"
        );
    }
}
