use contracts::auth::UserChanged;
use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::{PASSWORD, scene};

#[tokio::test]
async fn refresh_tokens_rotate() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let (_, first) = scene.tokens("ada@example.org").await;
    let second = scene.client.post("/api/v1/auth/token", json!({ "refresh_token": first })).await.expect(200);
    assert_eq!(second.json["token_type"], "Bearer");
    let third = json!({ "refresh_token": second.json["refresh_token"] });
    let _ = scene.client.post("/api/v1/auth/token", third).await.expect(200);
}

#[tokio::test]
async fn a_replayed_refresh_token_ends_the_whole_family() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let (client, first) = scene.tokens("ada@example.org").await;
    let second = scene.client.post("/api/v1/auth/token", json!({ "refresh_token": first })).await.expect(200);
    let replay = scene.client.post("/api/v1/auth/token", json!({ "refresh_token": first })).await.expect(401);
    assert_eq!(replay.code(), "refresh_token_reused");
    let newest = json!({ "refresh_token": second.json["refresh_token"] });
    let dead = scene.client.post("/api/v1/auth/token", newest).await.expect(401);
    assert_eq!(dead.code(), "refresh_token_invalid");
    let access = second.json["access_token"].as_str().unwrap();
    assert!(!scene.is_live(&client, access).await, "the access token ends with it");
}

#[tokio::test]
async fn of_two_refreshes_at_once_one_wins_and_the_family_ends() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let (_, token) = scene.tokens("ada@example.org").await;
    let answers =
        join_all((0..4).map(|_| scene.client.post("/api/v1/auth/token", json!({ "refresh_token": token })))).await;
    let winners: Vec<&Value> = answers.iter().filter(|it| it.status == 200).map(|it| &it.json).collect();
    assert_eq!(winners.len(), 1);
    let next = json!({ "refresh_token": winners[0]["refresh_token"] });
    let _ = scene.client.post("/api/v1/auth/token", next).await.expect(401);
}

#[tokio::test]
async fn sign_ins_are_listed_and_ended() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let (here, _) = scene.tokens("ada@example.org").await;
    let (there, refresh) = scene.tokens("ada@example.org").await;
    let list = here.get("/api/v1/me/sessions").await.expect(200);
    let items = list.json["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(items.iter().filter(|it| it["current"] == true).count(), 1);
    let page = here.get("/api/v1/me/sessions?limit=1").await.expect(200);
    let cursor = page.json["next_cursor"].as_str().unwrap();
    let rest = here.get(&format!("/api/v1/me/sessions?limit=1&cursor={cursor}")).await.expect(200);
    assert_ne!(rest.json["items"][0]["id"], page.json["items"][0]["id"]);

    let other = items.iter().find(|it| it["current"] == false).unwrap()["id"].as_str().unwrap();
    let _ = here.delete(&format!("/api/v1/me/sessions/{other}")).await.expect(204);
    let _ = here.delete(&format!("/api/v1/me/sessions/{other}")).await.expect(404);
    let _ = there.post("/api/v1/auth/token", json!({ "refresh_token": refresh })).await.expect(401);
}

#[tokio::test]
async fn one_person_cannot_end_anothers_sign_in() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    scene.verified("ben@example.org").await;
    let (ada, _) = scene.tokens("ada@example.org").await;
    let (ben, _) = scene.tokens("ben@example.org").await;
    let id = ada.get("/api/v1/me/sessions").await.json["items"][0]["id"].as_str().unwrap().to_owned();
    let _ = ben.delete(&format!("/api/v1/me/sessions/{id}")).await.expect(404);
    assert_eq!(ada.get("/api/v1/me/sessions").await.json["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_cookie_becomes_an_access_token_until_it_is_signed_out_or_idle() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let login = async || {
        let body = json!({ "email": "ada@example.org", "password": PASSWORD });
        let answer = scene.client.post("/api/v1/auth/login", body).await.expect(200);
        answer.headers["x-cityevents-session"].to_str().unwrap().to_owned()
    };
    let resolve = async |cookie: &str| scene.client.post("/internal/auth/session", json!({ "cookie": cookie })).await;
    let cookie = login().await;
    let resolved = resolve(&cookie).await.expect(200);
    let access = resolved.json["access_token"].as_str().unwrap().to_owned();
    let signed_in = scene.client.header("authorization", &format!("Bearer {access}"));
    assert_eq!(signed_in.get("/api/v1/me").await.expect(200).json["display_name"], "Ada");
    assert!(scene.is_live(&scene.client, &access).await);
    let out = signed_in.post("/api/v1/auth/logout", Value::Null).await.expect(204);
    assert_eq!(out.headers["x-cityevents-session"], "");
    assert!(!scene.is_live(&scene.client, &access).await);
    let _ = resolve(&cookie).await.expect(401);

    let idle = login().await;
    for _ in 0..3 {
        scene.clock.advance(chrono::Duration::days(20));
        let _ = resolve(&idle).await.expect(200);
    }
    scene.clock.advance(chrono::Duration::days(31));
    let _ = resolve(&idle).await.expect(401);
    let _ = resolve("made up").await.expect(401);
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sign_ins_only() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let (here, here_refresh) = scene.tokens("ada@example.org").await;
    let (_, there_refresh) = scene.tokens("ada@example.org").await;
    let wrong = json!({ "current_password": "not this one 9", "new_password": "another quiet harbour 7" });
    assert_eq!(here.post("/api/v1/auth/change-password", wrong).await.expect(422).field(), "current_password");
    let body = json!({ "current_password": PASSWORD, "new_password": "another quiet harbour 7" });
    let _ = here.post("/api/v1/auth/change-password", body).await.expect(204);
    let _ = here.post("/api/v1/auth/token", json!({ "refresh_token": there_refresh })).await.expect(401);
    let _ = here.post("/api/v1/auth/token", json!({ "refresh_token": here_refresh })).await.expect(200);
}

#[tokio::test]
async fn a_sign_in_ends_after_half_a_year_however_much_it_is_used() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let cookie = scene.login("ada@example.org", PASSWORD).await.expect(200).headers["x-cityevents-session"].clone();
    let cookie = json!({ "cookie": cookie.to_str().unwrap() });
    let (_, mut refresh) = scene.tokens("ada@example.org").await;
    for _ in 0..8 {
        scene.clock.advance(chrono::Duration::days(20));
        let _ = scene.client.post("/internal/auth/session", cookie.clone()).await.expect(200);
        let next = scene.client.post("/api/v1/auth/token", json!({ "refresh_token": refresh })).await.expect(200);
        next.json["refresh_token"].as_str().unwrap().clone_into(&mut refresh);
    }
    scene.clock.advance(chrono::Duration::days(21));
    let _ = scene.client.post("/internal/auth/session", cookie).await.expect(401);
    let late = scene.client.post("/api/v1/auth/token", json!({ "refresh_token": refresh })).await.expect(401);
    assert_eq!(late.code(), "refresh_token_invalid");
}

/// The thief's sign-in has checked the stolen password and is about to begin when the owner replaces it.
#[tokio::test]
async fn a_sign_in_that_races_with_a_new_password_does_not_survive_it() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    scene.clock.advance(chrono::Duration::minutes(1));
    let pool = scene.db.pool("auth");
    let mut owner = pool.begin().await.unwrap();
    sqlx::query("SELECT FROM users FOR UPDATE").execute(&mut *owner).await.unwrap();
    let client = scene.client.clone();
    let thief = tokio::spawn(async move {
        client.post("/api/v1/auth/token", json!({ "email": "ada@example.org", "password": PASSWORD })).await
    });
    testkit::eventually("the sign-in waits for the account", async || {
        let waiting: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        waiting.then_some(())
    })
    .await;
    sqlx::query("UPDATE credentials SET changed_at = $1").bind(scene.clock.now()).execute(&mut *owner).await.unwrap();
    owner.commit().await.unwrap();
    assert_eq!(thief.await.unwrap().expect(401).code(), "invalid_credentials");
    assert_eq!(scene.count("sessions").await, 0);
}

#[tokio::test]
async fn a_sign_in_that_has_ended_cannot_change_the_password() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let (here, _) = scene.tokens("ada@example.org").await;
    let _ = here.post("/api/v1/auth/logout", Value::Null).await.expect(204);
    let body = json!({ "current_password": PASSWORD, "new_password": "another quiet harbour 7" });
    let _ = here.post("/api/v1/auth/change-password", body).await.expect(401);
    let _ = scene.login("ada@example.org", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn all_other_sign_ins_are_ended_at_once() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    scene.verified("ben@example.org").await;
    let (here, _) = scene.tokens("ada@example.org").await;
    for _ in 0..3 {
        let _ = scene.tokens("ada@example.org").await;
    }
    let (ben, _) = scene.tokens("ben@example.org").await;
    let _ = here.delete("/api/v1/me/sessions").await.expect(204);
    let left = here.get("/api/v1/me/sessions").await.expect(200);
    assert_eq!(left.json["items"].as_array().unwrap().len(), 1);
    assert_eq!(left.json["items"][0]["current"], true);
    assert_eq!(ben.get("/api/v1/me/sessions").await.json["items"].as_array().unwrap().len(), 1);
    assert_eq!(here.get("/api/v1/me/sessions?cursor=nonsense").await.expect(422).field(), "cursor");
}

#[tokio::test]
async fn a_sign_in_tells_where_it_came_from() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let client = scene.from("2001:db8::7").header("user-agent", &"Mozilla ".repeat(100));
    let body = json!({ "email": "ada@example.org", "password": PASSWORD });
    let _ = client.post("/api/v1/auth/login", body).await.expect(200);
    let (here, _) = scene.tokens("ada@example.org").await;
    let list = here.get("/api/v1/me/sessions").await.expect(200);
    let browser = list.json["items"].as_array().unwrap().iter().find(|it| it["kind"] == "browser").unwrap();
    assert_eq!(browser["ip"], "2001:db8::7");
    assert_eq!(browser["user_agent"].as_str().unwrap().len(), 200);
}

#[tokio::test]
async fn being_used_is_noted_once_a_minute() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let cookie = scene.login("ada@example.org", PASSWORD).await.expect(200).headers["x-cityevents-session"].clone();
    let seen_after = async |seconds| {
        scene.clock.advance(chrono::Duration::seconds(seconds));
        let body = json!({ "cookie": cookie.to_str().unwrap() });
        let access = scene.client.post("/internal/auth/session", body).await.expect(200).json["access_token"].clone();
        let here = scene.client.header("authorization", &format!("Bearer {}", access.as_str().unwrap()));
        here.get("/api/v1/me/sessions").await.expect(200).json["items"][0]["last_seen_at"].clone()
    };
    let first = seen_after(0).await;
    assert_eq!(seen_after(59).await, first);
    assert_ne!(seen_after(2).await, first);
}

#[tokio::test]
async fn an_access_token_expires_and_a_foreign_one_is_refused() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let (here, _) = scene.tokens("ada@example.org").await;
    let _ = here.get("/api/v1/me").await.expect(200);
    scene.clock.advance(chrono::Duration::seconds(901));
    let _ = here.get("/api/v1/me").await.expect(401);
    let foreign = testkit::People::new(scene.clock.clone()).person("Eve");
    let _ = scene.client.as_person(&foreign).get("/api/v1/me").await.expect(401);
}

#[tokio::test]
async fn the_account_can_be_renamed() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let (here, _) = scene.tokens("ada@example.org").await;
    let renamed = here.patch("/api/v1/me", json!({ "display_name": "Ada L.", "locale": "de" })).await.expect(200);
    assert_eq!((renamed.json["display_name"].as_str(), renamed.json["locale"].as_str()), (Some("Ada L."), Some("de")));
    assert_eq!(here.patch("/api/v1/me", json!({ "role": "admin" })).await.expect(422).field(), "role");
    let _ = here.patch("/api/v1/me", json!({ "locale": "de" })).await.expect(200);
    let changes = scene.mailed::<UserChanged>().await;
    assert_eq!(changes.len(), 3, "made, verified, renamed; nothing the second time");
    assert_eq!(changes[2].display_name, "Ada L.");
}
