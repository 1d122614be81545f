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
    for host in 1..=10 {
        let _ =
            scene.from(&format!("2001:db8:1:2::{host:x}")).post("/api/v1/auth/login", guess.clone()).await.expect(401);
    }
    let _ = scene.from("2001:db8:1:2:ffff::1").post("/api/v1/auth/login", guess.clone()).await.expect(429);
    let _ = scene.from("2001:db8:1:3::1").post("/api/v1/auth/login", guess).await.expect(401);
}
