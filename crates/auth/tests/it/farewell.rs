use chrono::Duration;
use contracts::{
    EventId,
    auth::{UserChanged, UserDeleted},
};
use serde_json::{Value, json};
use testkit::noon;

use crate::support::{PASSWORD, Scene, scene};

const TABLES: [&str; 6] = ["users", "credentials", "sessions", "refresh_tokens", "one_time_tokens", "known_networks"];

async fn rows(scene: &Scene) -> Vec<i64> {
    let mut rows = Vec::new();
    for table in TABLES {
        rows.push(scene.count(table).await);
    }
    rows
}

#[tokio::test]
async fn a_deleted_account_leaves_nothing_and_nobody_signed_in() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let (here, refresh) = scene.tokens("ada@example.org").await;
    let cookie = scene.login("ada@example.org", PASSWORD).await.expect(200).headers["x-cityevents-session"].clone();
    let cookie = json!({ "cookie": cookie.to_str().unwrap() });
    let forgot = json!({ "email": "ada@example.org" });
    let _ = scene.client.post("/api/v1/auth/forgot-password", forgot).await.expect(202);
    assert!(rows(&scene).await.iter().all(|rows| *rows > 0), "something in each of {TABLES:?}");

    let gone = here.delete_with("/api/v1/me", json!({ "password": PASSWORD })).await.expect(204);
    assert_eq!(gone.headers["x-cityevents-session"], "", "the door clears the cookie");
    assert_eq!(rows(&scene).await, [0; 6]);
    let _ = scene.client.post("/internal/auth/session", cookie).await.expect(401);
    let _ = scene.client.post("/api/v1/auth/token", json!({ "refresh_token": refresh })).await.expect(401);
    let _ = here.get("/api/v1/me").await.expect(401);
    let _ = here.delete_with("/api/v1/me", json!({ "password": PASSWORD })).await.expect(401);
    assert_eq!(scene.login("ada@example.org", PASSWORD).await.expect(401).code(), "invalid_credentials");
}

#[tokio::test]
async fn the_others_are_told_of_a_deletion_once_and_the_address_is_free_for_another_account() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    scene.verified("ben@example.org").await;
    let (here, _) = scene.tokens("ada@example.org").await;
    let _ = here.delete_with("/api/v1/me", json!({ "password": PASSWORD })).await.expect(204);
    let told = scene.mailed::<UserDeleted>().await;
    let first = scene.mailed::<UserChanged>().await[0].user_id;
    assert_eq!(told.iter().map(|it| it.user_id).collect::<Vec<_>>(), [first]);
    assert_eq!(scene.db.outbox_kinds("auth").await.pop().as_deref(), Some("auth.user_deleted"), "and nothing after it");

    scene.verified("ada@example.org").await;
    let (again, _) = scene.tokens("ada@example.org").await;
    assert_ne!(again.get("/api/v1/me").await.expect(200).json["id"], json!(first));
    let _ = scene.login("ben@example.org", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn an_account_is_not_deleted_without_its_password() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let (here, _) = scene.tokens("ada@example.org").await;
    for (body, code) in [
        (json!({ "password": "a wrong guess 1" }), "wrong"),
        (json!({ "password": "" }), "wrong"),
        (json!({}), "missing"),
        (Value::Null, "missing"),
        (json!({ "password": 5 }), "invalid"),
    ] {
        let refused = here.delete_with("/api/v1/me", body.clone()).await.expect(422);
        assert_eq!((refused.field(), refused.json["errors"][0]["code"].as_str()), ("password", Some(code)), "{body}");
    }
    assert_eq!(here.delete_with("/api/v1/me", json!({ "force": true })).await.expect(422).field(), "force");
    let _ = scene.client.delete_with("/api/v1/me", json!({ "password": PASSWORD })).await.expect(401);
    let _ = here.get("/api/v1/me").await.expect(200);
    assert!(scene.mailed::<UserDeleted>().await.is_empty());
}

#[tokio::test]
async fn guesses_at_the_password_count_wherever_a_stolen_sign_in_makes_them() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let (here, _) = scene.tokens("ada@example.org").await;
    for _ in 0..5 {
        let _ = here.delete_with("/api/v1/me", json!({ "password": "a wrong guess 1" })).await.expect(422);
        let change = json!({ "current_password": "a wrong guess 1", "new_password": "another quiet harbour 7" });
        let _ = here.post("/api/v1/auth/change-password", change).await.expect(422);
    }
    let slowed = here.delete_with("/api/v1/me", json!({ "password": PASSWORD })).await.expect(429);
    assert_eq!(slowed.code(), "too_many_attempts");
    assert_eq!(scene.count("users").await, 1);
}

#[tokio::test]
async fn a_sign_in_that_has_ended_cannot_delete_the_account() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let (here, _) = scene.tokens("ada@example.org").await;
    let _ = here.post("/api/v1/auth/logout", Value::Null).await.expect(204);
    let _ = here.delete_with("/api/v1/me", json!({ "password": PASSWORD })).await.expect(401);
    assert_eq!(scene.count("users").await, 1);
}

#[tokio::test]
async fn an_account_without_a_password_is_deleted_soon_after_a_link_was_opened() {
    let scene = scene().await;
    let event = EventId::new(noon());
    let token = scene.quick_join("ada@example.org", event).await;
    let cookie = scene.signed_in_by_link(&token).await;
    let here = scene.browser(&cookie).await;
    let guess = here.delete_with("/api/v1/me", json!({ "password": PASSWORD })).await.expect(422);
    assert_eq!(guess.field(), "password", "nobody's password is never right");
    scene.clock.advance(Duration::minutes(15) + Duration::seconds(1));
    let here = scene.browser(&cookie).await;
    let late = here.delete_with("/api/v1/me", json!({})).await.expect(403);
    assert_eq!(late.code(), "sign_in_too_old");

    let token = scene.quick_join("ada@example.org", event).await;
    let here = scene.browser(&scene.signed_in_by_link(&token).await).await;
    let _ = here.delete_with("/api/v1/me", json!({})).await.expect(204);
    assert_eq!(rows(&scene).await, [0; 6]);
}

#[tokio::test]
async fn a_link_is_no_substitute_for_a_password_that_there_is() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let token = scene.quick_join("ada@example.org", EventId::new(noon())).await;
    let here = scene.browser(&scene.signed_in_by_link(&token).await).await;
    assert_eq!(here.delete_with("/api/v1/me", json!({})).await.expect(422).field(), "password");
    let change = json!({ "new_password": "another quiet harbour 7" });
    assert_eq!(here.post("/api/v1/auth/change-password", change).await.expect(422).field(), "current_password");
    let _ = scene.login("ada@example.org", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn only_a_link_stands_in_for_a_password_that_there_is_not() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let (here, _) = scene.tokens("ada@example.org").await;
    sqlx::query("DELETE FROM credentials").execute(&scene.db.pool("auth")).await.unwrap();
    assert_eq!(here.delete_with("/api/v1/me", json!({})).await.expect(403).code(), "sign_in_too_old");
    let change = json!({ "new_password": "another quiet harbour 7" });
    assert_eq!(here.post("/api/v1/auth/change-password", change).await.expect(403).code(), "sign_in_too_old");
}
