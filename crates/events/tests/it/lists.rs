use serde_json::{Value, json};

use crate::world::{World, act, create, create_with, edit, published};

fn titles(answer: &testkit::Answer) -> Vec<&str> {
    answer.json["items"].as_array().unwrap().iter().map(|it| it["title"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn my_events_come_newest_first_in_any_state() {
    let world = World::new().await;
    let (_, ada) = world.person("Ada");
    let (_, ben) = world.person("Ben");
    for n in 0..5 {
        let id = create_with(&ada, json!({ "title": format!("Event {n}") })).await;
        if n == 3 {
            let _ = act(&ada, &id, "publish").await.expect(200);
        }
        // Two were made at the same time: then the id decides.
        if n != 1 {
            world.later();
        }
    }
    create(&ben).await;
    let whole = ada.get("/api/v1/me/events").await.expect(200);
    assert_eq!(whole.json["next_cursor"], Value::Null);
    assert_eq!(titles(&whole).len(), 5);
    assert_eq!(
        (&whole.json["items"][1]["status"], &whole.json["items"][0]["status"]),
        (&json!("published"), &json!("draft"))
    );
    let mut seen = Vec::new();
    let mut path = "/api/v1/me/events?limit=2".to_owned();
    loop {
        let page = ada.get(&path).await.expect(200);
        seen.extend(titles(&page).into_iter().map(str::to_owned));
        // What is new does not push anything onto the next page.
        world.later();
        create_with(&ada, json!({ "title": "New" })).await;
        let Some(cursor) = page.json["next_cursor"].as_str() else { break };
        path = format!("/api/v1/me/events?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, titles(&whole));
    assert_eq!(titles(&ben.get("/api/v1/me/events").await.expect(200)), ["Open-air cinema"]);
}

#[tokio::test]
async fn a_bad_page_is_refused() {
    let world = World::new().await;
    let (_, ada) = world.person("Ada");
    let id = create(&ada).await;
    let far = platform::http::Cursor::new(&(i64::MIN, &id)).into_inner();
    let number = platform::http::Cursor::new(&"x").into_inner();
    for path in ["/api/v1/me/events", &format!("/api/v1/events/{id}/history")] {
        for (query, field) in [
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("limit=x", "limit"),
            ("cursor=!", "cursor"),
            ("cursor=", "cursor"),
            (&format!("cursor={far}"), "cursor"),
            (&format!("cursor={number}"), "cursor"),
            ("offset=3", "offset"),
        ] {
            let answer = ada.get(&format!("{path}?{query}")).await.expect(422);
            assert_eq!(answer.field(), field, "{path}?{query}");
        }
    }
}

#[tokio::test]
async fn the_history_says_who_did_what() {
    let world = World::new().await;
    let (ada_person, ada) = world.person("Ada");
    let moderator = world.people.with("Mo", platform::identity::Role::Moderator, true);
    let mo = world.anyone.as_person(&moderator);
    let id = published(&ada).await;
    world.later();
    let lower = json!({ "capacity": 10, "accept_overbooking": true, "title": "Small" });
    let _ = edit(&ada, &id, 2, lower).await.expect(200);
    let _ = edit(&ada, &id, 3, json!({ "capacity": 20, "accept_overbooking": true })).await.expect(200);
    let _ = mo.post(&format!("/api/v1/events/{id}/cancel"), json!({ "reason": "Fraud" })).await.expect(200);

    let first = ada.get(&format!("/api/v1/events/{id}/history?limit=3")).await.expect(200);
    let cursor = first.json["next_cursor"].as_str().unwrap();
    let second = ada.get(&format!("/api/v1/events/{id}/history?limit=3&cursor={cursor}")).await.expect(200);
    assert_eq!(second.json["next_cursor"], Value::Null);
    let entry = |version: i64, second: i64, actor: &testkit::Person, action: &str, details: Value| json!({ "version": version, "at": format!("2026-06-08T12:00:0{second}Z"), "actor_id": actor.id, "action": action, "details": details });
    assert_eq!(
        first.json["items"],
        json!([
            entry(5, 1, &moderator, "cancelled", json!({ "reason": "Fraud" })),
            entry(4, 1, &ada_person, "edited", json!({ "fields": ["capacity"], "capacity": { "from": 10, "to": 20 } })),
            entry(
                3,
                1,
                &ada_person,
                "edited",
                json!({ "fields": ["title", "capacity"], "capacity": { "from": 100, "to": 10 }, "overbooking_accepted": true })
            ),
        ])
    );
    assert_eq!(
        second.json["items"],
        json!([entry(2, 0, &ada_person, "published", json!({})), entry(1, 0, &ada_person, "created", json!({})),])
    );
}

#[tokio::test]
async fn history_is_only_ever_added_to() {
    let world = World::new().await;
    let (_, ada) = world.person("Ada");
    create(&ada).await;
    for statement in ["UPDATE history SET action = 'edited'", "DELETE FROM history"] {
        let error = sqlx::query(statement).execute(&world.pool).await.unwrap_err();
        assert!(error.to_string().contains("only ever added to"), "{error}");
    }
}
