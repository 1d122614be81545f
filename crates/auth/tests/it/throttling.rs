use contracts::auth::PasswordResetRequested;
use futures::future::join_all;
use serde_json::json;

use crate::support::{PASSWORD, scene};

#[tokio::test]
async fn guessing_is_slowed_down_and_the_owner_is_not_locked_out() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let stranger = scene.from("198.51.100.9");
    let guess = json!({ "email": "ada@example.org", "password": "a wrong guess 1" });
    for _ in 0..10 {
        let _ = stranger.post("/api/v1/auth/login", guess.clone()).await.expect(401);
    }
    let slowed = stranger.post("/api/v1/auth/login", guess.clone()).await.expect(429);
    assert_eq!(slowed.code(), "too_many_attempts");
    assert!(slowed.headers.contains_key("retry-after"));
    let right = json!({ "email": "ada@example.org", "password": PASSWORD });
    let _ = stranger.post("/api/v1/auth/login", right.clone()).await.expect(429);
    let owner = scene.from("203.0.113.7");
    let _ = owner.post("/api/v1/auth/login", right).await.expect(200);
    scene.clock.advance(chrono::Duration::seconds(61));
    let _ = stranger.post("/api/v1/auth/login", guess).await.expect(401);
}

#[tokio::test]
async fn many_guesses_at_once_do_not_slip_through() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let guess = json!({ "email": "ada@example.org", "password": "a wrong guess 1" });
    let stranger = scene.from("198.51.100.9");
    let answers = join_all((0..40).map(|_| stranger.post("/api/v1/auth/login", guess.clone()))).await;
    let looked_at = answers.iter().filter(|it| it.status == 401).count();
    assert!(looked_at <= 10, "{looked_at} guesses were looked at");
}

#[tokio::test]
async fn an_account_that_does_not_exist_is_refused_in_the_same_words() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let wrong = json!({ "email": "ada@example.org", "password": "a wrong guess 1" });
    let unknown = json!({ "email": "eve@example.org", "password": "a wrong guess 1" });
    let a = scene.client.post("/api/v1/auth/login", wrong).await.expect(401);
    let b = scene.client.post("/api/v1/auth/login", unknown).await.expect(401);
    assert_eq!((a.code(), &a.json["detail"]), (b.code(), &b.json["detail"]));
}

#[tokio::test]
async fn a_whole_ipv6_network_counts_as_one() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let guess = json!({ "email": "ada@example.org", "password": "a wrong guess 1" });
    for net in 1..=10 {
        let _ =
            scene.from(&format!("2001:db8:1:{net:x}::1")).post("/api/v1/auth/login", guess.clone()).await.expect(401);
    }
    let _ = scene.from("2001:db8:1:ffff::1").post("/api/v1/auth/login", guess.clone()).await.expect(429);
    let _ = scene.from("2001:db8:2::1").post("/api/v1/auth/login", guess).await.expect(401);
}

#[tokio::test]
async fn a_crowd_of_networks_is_slowed_down_and_the_owner_gets_in_where_they_usually_are_or_by_mail() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let login = "/api/v1/auth/login";
    let right = json!({ "email": "ada@example.org", "password": PASSWORD });
    let home = scene.from("203.0.113.7");
    let _ = home.post(login, right.clone()).await.expect(200);
    let guess = json!({ "email": "ada@example.org", "password": "a wrong guess 1" });
    for host in 0..60 {
        let _ = scene.from(&format!("198.51.100.{host}")).post(login, guess.clone()).await.expect(401);
    }
    let _ = scene.from("198.51.100.100").post(login, guess.clone()).await.expect(429);
    let _ = home.post(login, right.clone()).await.expect(200);

    let train = scene.from("192.0.2.1");
    let _ = train.post(login, right).await.expect(429);
    let _ = train.post("/api/v1/auth/forgot-password", json!({ "email": "ada@example.org" })).await.expect(202);
    let token = scene.mailed::<PasswordResetRequested>().await[0].token.0.clone();
    let reset = json!({ "token": token, "password": "another quiet harbour 7" });
    let _ = train.post("/api/v1/auth/reset-password", reset).await.expect(204);
    let new = json!({ "email": "ada@example.org", "password": "another quiet harbour 7" });
    let _ = train.post(login, new).await.expect(200);
    let _ = scene.from("198.51.100.101").post(login, guess).await.expect(429);
}

#[tokio::test]
async fn one_stranger_alone_does_not_use_up_the_common_allowance() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let stranger = scene.from("198.51.100.9");
    let guess = json!({ "email": "ada@example.org", "password": "a wrong guess 1" });
    for _ in 0..80 {
        stranger.post("/api/v1/auth/login", guess.clone()).await;
        scene.clock.advance(chrono::Duration::seconds(40));
    }
    let right = json!({ "email": "ada@example.org", "password": PASSWORD });
    let _ = scene.from("192.0.2.1").post("/api/v1/auth/login", right).await.expect(200);
}

#[tokio::test]
async fn whoever_tried_in_vain_and_chose_a_new_password_can_use_it_at_once() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    for _ in 0..10 {
        let _ = scene.login("ada@example.org", "a wrong guess 1").await.expect(401);
    }
    let _ = scene.login("ada@example.org", PASSWORD).await.expect(429);
    let forgot = json!({ "email": "ada@example.org" });
    let _ = scene.client.post("/api/v1/auth/forgot-password", forgot).await.expect(202);
    let token = scene.mailed::<PasswordResetRequested>().await[0].token.0.clone();
    let reset = json!({ "token": token, "password": "another quiet harbour 7" });
    let _ = scene.client.post("/api/v1/auth/reset-password", reset).await.expect(204);
    let _ = scene.login("ada@example.org", "another quiet harbour 7").await.expect(200);
}

#[tokio::test]
async fn right_passwords_use_nothing_up() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let right = json!({ "email": "ada@example.org", "password": PASSWORD });
    for host in 0..15 {
        let client = scene.from(&format!("192.0.2.{}", host / 2));
        let _ = client.post("/api/v1/auth/login", right.clone()).await.expect(200);
    }
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM throttle WHERE tat > $1 AND key NOT LIKE 'mail%'")
        .bind(scene.clock.now())
        .fetch_one(&scene.db.pool("auth"))
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn what_is_counted_contains_no_address() {
    let scene = scene().await;
    let _ = scene.login("nobody@example.org", "a wrong guess 1").await.expect(401);
    let keys: Vec<String> =
        sqlx::query_scalar("SELECT key FROM throttle").fetch_all(&scene.db.pool("auth")).await.unwrap();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| !key.contains("nobody") && !key.contains('@')), "{keys:?}");
}

#[tokio::test]
async fn a_stolen_sign_in_cannot_guess_the_password() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let (here, _) = scene.tokens("ada@example.org").await;
    let body = json!({ "current_password": "a wrong guess 1", "new_password": "another quiet harbour 7" });
    for _ in 0..10 {
        let _ = here.post("/api/v1/auth/change-password", body.clone()).await.expect(422);
    }
    let _ = here.post("/api/v1/auth/change-password", body).await.expect(429);
}
