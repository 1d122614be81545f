use platform::identity::Role;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::support::{PASSWORD, scene};

#[tokio::test]
async fn an_operators_account_can_sign_in_at_once() {
    let scene = scene().await;
    let created = scene.admin().create_user("Root@example.org", None, "Root", Role::Admin).await.unwrap();
    let signed_in = scene.login("root@example.org", created.password.expose_secret()).await.expect(200);
    assert_eq!(signed_in.json["user"]["role"], "admin");
    assert_eq!(signed_in.json["user"]["email_verified"], true);
    let admin = scene.admin();
    let weak = admin.create_user("a@example.org", Some(SecretString::from("password1")), "A", Role::User).await;
    assert!(weak.unwrap_err().to_string().contains("refused"));
    assert!(admin.create_user("nobody", None, "A", Role::User).await.is_err());
    assert!(admin.create_user("a@example.org", None, " ", Role::User).await.is_err());
}

#[tokio::test]
async fn an_account_that_exists_stays_as_it_is() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let (_, refresh) = scene.tokens("ada@example.org").await;
    let refused = scene.admin().create_new_user("ADA@example.org", None, "Eve", Role::Admin).await.unwrap_err();
    assert!(matches!(refused, auth::admin::AdminError::Exists(_)), "{refused}");
    let _ = scene.client.post("/api/v1/auth/token", json!({ "refresh_token": refresh })).await.expect(200);
    let signed_in = scene.login("ada@example.org", PASSWORD).await.expect(200);
    assert_eq!(
        (&signed_in.json["user"]["display_name"], &signed_in.json["user"]["role"]),
        (&json!("Ada"), &json!("user"))
    );
    assert_eq!(scene.count("users").await, 1);
}

#[tokio::test]
async fn replacing_an_account_ends_its_sign_ins() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let (_, refresh) = scene.tokens("ada@example.org").await;
    let created = scene.admin().create_user("ada@example.org", None, "Ada", Role::Moderator).await.unwrap();
    let _ = scene.client.post("/api/v1/auth/token", json!({ "refresh_token": refresh })).await.expect(401);
    let _ = scene.login("ada@example.org", PASSWORD).await.expect(401);
    let signed_in = scene.login("ada@example.org", created.password.expose_secret()).await.expect(200);
    assert_eq!(signed_in.json["user"]["role"], "moderator");
    assert_eq!(scene.count("users").await, 1);
}

#[tokio::test]
async fn another_role_counts_at_once_and_leaves_the_rest_as_it_is() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let (here, _) = scene.tokens("ada@example.org").await;
    let _ = here.patch("/api/v1/me", json!({ "display_name": "Ada L." })).await.expect(200);
    let introspect = async |token: &str| {
        scene.client.post("/internal/auth/introspect", json!({ "access_token": token })).await.expect(200).json
    };
    let body = json!({ "email": "ada@example.org", "password": PASSWORD });
    let old = scene.client.post("/api/v1/auth/token", body.clone()).await.expect(200);
    assert!(scene.admin().set_role("ADA@example.org", Role::Moderator).await.unwrap());
    assert_eq!(introspect(old.json["access_token"].as_str().unwrap()).await, json!({ "active": false }));
    let new = scene.client.post("/api/v1/auth/token", body).await.expect(200);
    let told = introspect(new.json["access_token"].as_str().unwrap()).await;
    assert_eq!((told["active"].as_bool(), told["role"].as_str()), (Some(true), Some("moderator")));
    let me = scene.login("ada@example.org", PASSWORD).await.expect(200);
    assert_eq!(me.json["user"]["display_name"], "Ada L.");
    assert!(!scene.admin().set_role("nobody@example.org", Role::Admin).await.unwrap());
}

#[tokio::test]
async fn an_operator_ends_all_sign_ins_of_an_account() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let _ = scene.tokens("ada@example.org").await;
    let (_, refresh) = scene.tokens("ada@example.org").await;
    assert_eq!(scene.admin().revoke_sessions("ada@example.org").await.unwrap(), Some(2));
    assert_eq!(scene.admin().revoke_sessions("ada@example.org").await.unwrap(), Some(0));
    assert_eq!(scene.admin().revoke_sessions("nobody@example.org").await.unwrap(), None);
    let _ = scene.client.post("/api/v1/auth/token", json!({ "refresh_token": refresh })).await.expect(401);
}

#[tokio::test]
async fn people_for_load_tests_are_signed_in() {
    let scene = scene().await;
    let tokens = scene.admin().load_users(20, &scene.signer()).await.unwrap();
    assert_eq!(tokens.len(), 20);
    for token in [&tokens[0], &tokens[19]] {
        assert!(scene.is_live(&scene.client, token.expose_secret()).await);
        let here = scene.client.header("authorization", &format!("Bearer {}", token.expose_secret()));
        assert_eq!(here.get("/api/v1/me").await.expect(200).json["email_verified"], true);
    }
    assert_eq!(scene.db.outbox_kinds("auth").await.len(), 20);
    scene.clock.advance(chrono::Duration::hours(25));
    assert!(!scene.is_live(&scene.client, tokens[0].expose_secret()).await);
}
