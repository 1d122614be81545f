use platform::identity::Role;
use serde_json::{Value, json};

use crate::world::{World, act, create, edit, event, published, show};

#[tokio::test]
async fn who_is_not_signed_in_changes_nothing() {
    let world = World::new().await;
    let (_, ada) = world.person("Ada");
    let id = published(&ada).await;
    for answer in [
        world.anyone.post("/api/v1/events", event(json!({}))).await,
        edit(&world.anyone, &id, 2, json!({ "title": "X" })).await,
        act(&world.anyone, &id, "publish").await,
        act(&world.anyone, &id, "unpublish").await,
        act(&world.anyone, &id, "cancel").await,
        world.anyone.get(&format!("/api/v1/events/{id}/history")).await,
        world.anyone.get("/api/v1/me/events").await,
    ] {
        assert_eq!(answer.expect(401).code(), "unauthenticated");
    }
    let forged = world.anyone.header("authorization", "Bearer abc");
    let _ = show(&forged, &id).await.expect(401);
}

#[tokio::test]
async fn a_draft_needs_a_proven_address() {
    let world = World::new().await;
    let client = world.anyone.as_person(&world.people.with("New", Role::User, false));
    assert_eq!(client.post("/api/v1/events", event(json!({}))).await.expect(403).code(), "email_not_verified");
    assert_eq!(world.count("events").await, 0);
}

#[tokio::test]
async fn others_may_look_at_what_is_public_and_no_more() {
    let world = World::new().await;
    let (_, ada) = world.person("Ada");
    let (_, ben) = world.person("Ben");
    let id = published(&ada).await;
    for client in [&ben, &world.anyone] {
        let _ = show(client, &id).await.expect(200);
    }
    for answer in [
        edit(&ben, &id, 2, json!({ "title": "X" })).await,
        act(&ben, &id, "unpublish").await,
        act(&ben, &id, "cancel").await,
        ben.get(&format!("/api/v1/events/{id}/history")).await,
    ] {
        assert_eq!(answer.expect(403).code(), "forbidden");
    }
    assert_eq!(show(&ada, &id).await.json["version"], 2);
}

#[tokio::test]
async fn a_draft_is_not_there_for_others() {
    let world = World::new().await;
    let (_, ada) = world.person("Ada");
    let (_, ben) = world.person("Ben");
    let id = create(&ada).await;
    let unknown = "01900000-0000-7000-8000-000000000000";
    for id in [id.as_str(), unknown, "nonsense"] {
        for answer in [
            show(&ben, id).await,
            show(&world.anyone, id).await,
            edit(&ben, id, 1, json!({ "title": "X" })).await,
            act(&ben, id, "publish").await,
            act(&ben, id, "cancel").await,
            ben.get(&format!("/api/v1/events/{id}/history")).await,
        ] {
            assert_eq!(answer.expect(404).code(), "not_found", "{id}");
        }
    }
    let _ = show(&ada, &id).await.expect(200);
}

#[tokio::test]
async fn moderators_may_do_what_the_organiser_may() {
    let world = World::new().await;
    let (_, ada) = world.person("Ada");
    for role in [Role::Moderator, Role::Admin] {
        let client = world.anyone.as_person(&world.people.with("Mo", role, true));
        let id = create(&ada).await;
        let _ = show(&client, &id).await.expect(200);
        let _ = edit(&client, &id, 1, json!({ "title": "Better" })).await.expect(200);
        let _ = act(&client, &id, "publish").await.expect(200);
        let _ = act(&client, &id, "unpublish").await.expect(200);
        let _ = act(&client, &id, "cancel").await.expect(200);
        let answer = show(&client, &id).await.expect(200);
        assert_eq!(answer.json["organiser"]["display_name"], "Ada", "it stays the organiser's");
    }
}

#[tokio::test]
async fn the_api_description_says_who_may() {
    let (_, document) = events::api().split_for_parts();
    let document: Value = serde_json::to_value(&document).unwrap();
    let mut access = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            access.push(format!("{method} {path} {}", operation["x-access"].as_str().unwrap()));
            assert!(operation["operationId"].is_string() && operation["responses"]["401"].is_object());
        }
    }
    access.sort();
    assert_eq!(
        access,
        [
            "get /api/v1/events/{id}/history organiser",
            "patch /api/v1/events/{id} organiser",
            "post /api/v1/events user",
            "post /api/v1/events/{id}/cancel organiser",
            "post /api/v1/events/{id}/publish organiser",
            "post /api/v1/events/{id}/unpublish organiser",
        ]
    );
    let schemas = &document["components"]["schemas"];
    let required = |name: &str| schemas[name]["required"].as_array().map_or(0, Vec::len);
    assert_eq!((required("NewEvent"), required("EventChanges")), (9, 0));
    assert_eq!(schemas["EventChanges"]["properties"]["title"]["type"], "string");
    assert_eq!(schemas["EventChanges"]["properties"]["capacity"]["type"], json!(["integer", "null"]));
    assert_eq!(required("Event"), schemas["Event"]["properties"].as_object().unwrap().len());
}
