use chrono::Duration;
use serde_json::json;

use crate::support::{PASSWORD, scene};

#[tokio::test]
async fn what_has_no_meaning_any_more_is_removed_and_the_rest_stays() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    scene.register("new@example.org", PASSWORD).await;
    let (_, first) = scene.tokens("ada@example.org").await;
    let next = scene.client.post("/api/v1/auth/token", json!({ "refresh_token": first })).await.expect(200);
    let _ = scene.login("ada@example.org", "a wrong guess 1").await.expect(401);
    let rows = async || {
        [
            scene.count("one_time_tokens").await,
            scene.count("throttle").await,
            scene.count("refresh_tokens").await,
            scene.count("sessions").await,
            scene.count("known_networks").await,
        ]
    };
    scene.run_jobs().await;
    let [links, counted, ..] = rows().await;
    assert_eq!(links, 1);
    assert!(counted >= 3, "{counted}");
    assert_eq!(rows().await[2..], [2, 1, 1]);

    scene.clock.advance(Duration::days(20));
    let last = json!({ "refresh_token": next.json["refresh_token"] });
    let _ = scene.client.post("/api/v1/auth/token", last).await.expect(200);
    scene.run_jobs().await;
    assert_eq!(rows().await, [0, 0, 3, 1, 1]);

    // The first token was used 31 days ago, the second one 11.
    scene.clock.advance(Duration::days(11));
    scene.run_jobs().await;
    assert_eq!(rows().await, [0, 0, 2, 1, 1]);

    // The sign-in ended 30 days after its last use, and is shown for 30 more.
    scene.clock.advance(Duration::days(50));
    scene.run_jobs().await;
    assert_eq!(rows().await, [0, 0, 0, 0, 1]);
    scene.clock.advance(Duration::days(120));
    scene.run_jobs().await;
    assert_eq!(rows().await, [0, 0, 0, 0, 0]);
    assert_eq!(scene.count("users").await, 2);
}

#[tokio::test]
async fn a_password_that_was_hashed_with_less_effort_is_hashed_again_at_sign_in() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    // The password of all these tests, with a mebibyte and one pass.
    let weak = {
        use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
        let params = Params::new(1024, 1, 1, None).unwrap();
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password(PASSWORD.as_bytes()).unwrap().to_string()
    };
    let pool = scene.db.pool("auth");
    sqlx::query("UPDATE credentials SET password_hash = $1").bind(&weak).execute(&pool).await.unwrap();
    let _ = scene.login("ada@example.org", PASSWORD).await.expect(200);
    let stored: String = sqlx::query_scalar("SELECT password_hash FROM credentials").fetch_one(&pool).await.unwrap();
    assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
    let _ = scene.login("ada@example.org", PASSWORD).await.expect(200);
}
