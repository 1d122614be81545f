use std::{fs, os::unix::fs::PermissionsExt as _};

use auth::keys::load_or_create;
use serde_json::json;

use crate::support::{PASSWORD, directory, scene};

#[test]
fn the_key_is_made_once_and_readable_by_its_owner_only() {
    let dir = directory();
    let first = format!("{:?}", load_or_create(&dir).unwrap());
    assert_eq!(format!("{:?}", load_or_create(&dir).unwrap()), first);
    let file = dir.join("keys/access-token.pem");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(dir.join("keys")).unwrap().count(), 1, "no draft is left behind");
    fs::write(&file, "not a key").unwrap();
    let message = load_or_create(&dir).unwrap_err().to_string();
    assert!(message.contains("access-token.pem"), "{message}");
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn several_who_start_at_once_agree_on_one_key() {
    let dir = directory();
    let keys: Vec<String> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| format!("{:?}", load_or_create(&dir).unwrap()))).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    fs::remove_dir_all(dir).unwrap();
}

#[tokio::test]
async fn processes_with_keys_of_their_own_accept_each_others_tokens() {
    let here = scene().await;
    let there = here.beside().await;
    here.verified("ada@example.org").await;
    let body = json!({ "email": "ada@example.org", "password": PASSWORD });
    for (signed_by, shown_to) in [(&here, &there), (&there, &here)] {
        let tokens = signed_by.client.post("/api/v1/auth/token", body.clone()).await.expect(200);
        let access = tokens.json["access_token"].as_str().unwrap();
        assert!(shown_to.is_live(&shown_to.client, access).await, "looked up because its key was not known");
        let client = shown_to.client.header("authorization", &format!("Bearer {access}"));
        let _ = client.get("/api/v1/me").await.expect(200);
        let _ = client.post("/api/v1/auth/logout", serde_json::Value::Null).await.expect(204);
        assert!(!signed_by.is_live(&signed_by.client, access).await, "ended everywhere");
    }
}

#[tokio::test]
async fn public_keys_are_published_while_they_are_in_use() {
    let here = scene().await;
    let there = here.beside().await;
    let kids = async || {
        let set = here.client.get("/.well-known/jwks.json").await.expect(200).json;
        assert_eq!(here.client.get("/api/v1/auth/jwks").await.expect(200).json, set);
        set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(kids().await.len(), 2);
    let key = here.client.get("/api/v1/auth/jwks").await.json["keys"][0].clone();
    assert_eq!(
        (key["kty"].as_str(), key["crv"].as_str(), key["alg"].as_str()),
        (Some("OKP"), Some("Ed25519"), Some("EdDSA"))
    );
    assert!(key.get("d").is_none(), "the private half stays where it is");
    // One of the two processes goes away; the other's jobs go on.
    drop(there);
    for _ in 0..3 {
        here.clock.advance(chrono::Duration::days(1));
        here.run_jobs().await;
    }
    assert_eq!(kids().await.len(), 1);
    here.clock.advance(chrono::Duration::days(30));
    here.run_jobs().await;
    assert_eq!(here.count("public_keys").await, 1);
    here.verified("ada@example.org").await;
    let _ = here.tokens("ada@example.org").await;
}

#[tokio::test]
async fn made_up_tokens_are_not_live() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let body = json!({ "email": "ada@example.org", "password": PASSWORD });
    let tokens = scene.client.post("/api/v1/auth/token", body).await.expect(200);
    let good = tokens.json["access_token"].as_str().unwrap();
    let parts: Vec<&str> = good.split('.').collect();
    // {"alg":"none"}; a changed body; a cut signature.
    for bad in [
        format!("eyJhbGciOiJub25lIn0.{}.", parts[1]),
        format!("{}.{}.{}", parts[0], parts[1].replace('a', "b"), parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        String::new(),
        "x".repeat(100_000),
    ] {
        assert!(!scene.is_live(&scene.client, &bad).await);
    }
    assert!(scene.is_live(&scene.client, good).await);
}
