use contracts::auth::{AccountNotice, Notice, PasswordResetRequested, UserChanged, VerificationRequested};
use futures::future::join_all;
use serde_json::json;

use crate::support::{PASSWORD, scene};

#[tokio::test]
async fn an_account_is_made_verified_and_signs_in() {
    let scene = scene().await;
    scene.register("Ada@Example.org", PASSWORD).await;
    let early = json!({ "email": "ada@example.org", "password": PASSWORD });
    let refused = scene.client.post("/api/v1/auth/login", early.clone()).await.expect(403);
    assert_eq!(refused.code(), "email_not_verified");
    scene.verify().await;
    let signed_in = scene.client.post("/api/v1/auth/login", early).await.expect(200);
    assert_eq!(signed_in.json["user"]["email"], "Ada@Example.org");
    assert!(signed_in.headers.contains_key("x-cityevents-session"));
    let changes = scene.mailed::<UserChanged>().await;
    assert_eq!(changes.iter().map(|it| it.email_verified).collect::<Vec<_>>(), [false, true]);
}

#[tokio::test]
async fn a_taken_address_gets_the_same_answer_and_its_owner_a_notice() {
    let scene = scene().await;
    let body = json!({ "email": "ada@example.org", "password": PASSWORD, "display_name": "Ada" });
    let first = scene.client.post("/api/v1/auth/register", body.clone()).await.expect(202);
    scene.verify().await;
    let second = scene.client.post("/api/v1/auth/register", body).await.expect(202);
    assert_eq!(first.body, second.body);
    assert_eq!(scene.mailed::<VerificationRequested>().await.len(), 1);
    assert_eq!(scene.mailed::<AccountNotice>().await[0].notice, Notice::RegistrationAttempted);
}

#[tokio::test]
async fn whoever_registers_a_strangers_address_does_not_choose_its_password() {
    let attackers = "the attackers own choice";
    for (order, opened) in
        [([attackers, PASSWORD], 0), ([attackers, PASSWORD], 1), ([PASSWORD, attackers], 0), ([PASSWORD, attackers], 1)]
    {
        let scene = scene().await;
        for password in order {
            scene.register("ada@example.org", password).await;
        }
        // Which of the two links is hers, Ada cannot tell.
        let links = scene.mailed::<VerificationRequested>().await;
        let open = async |link: &VerificationRequested| {
            scene.client.post("/api/v1/auth/verify-email", json!({ "token": link.token.0 })).await
        };
        let _ = open(&links[opened]).await.expect(204);
        assert_eq!(open(&links[1 - opened]).await.expect(422).code(), "token_invalid");
        for password in order {
            let _ = scene.login("ada@example.org", password).await.expect(401);
        }
        // A second mail came by itself; only who reads it chooses.
        let token =
            scene.mailed::<PasswordResetRequested>().await.pop().expect("a mail to choose a password by").token.0;
        let reset = json!({ "token": token, "password": "another quiet harbour 7" });
        let _ = scene.client.post("/api/v1/auth/reset-password", reset).await.expect(204);
        let _ = scene.login("ada@example.org", "another quiet harbour 7").await.expect(200);
    }
}

#[tokio::test]
async fn a_second_registration_without_a_mail_takes_the_password_away_too() {
    let scene = scene().await;
    for _ in 0..10 {
        scene.register("ada@example.org", "the attackers own choice").await;
    }
    let mailed = scene.mailed::<VerificationRequested>().await;
    assert!(mailed.len() < 10);
    scene.register("ada@example.org", PASSWORD).await;
    scene.verify().await;
    let _ = scene.login("ada@example.org", "the attackers own choice").await.expect(401);
    assert_eq!(scene.mailed::<PasswordResetRequested>().await.len(), 1);
}

#[tokio::test]
async fn an_address_that_was_registered_once_needs_no_second_mail() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    assert!(scene.mailed::<PasswordResetRequested>().await.is_empty());
    let _ = scene.login("ada@example.org", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn of_many_registrations_at_once_one_makes_the_account() {
    let scene = scene().await;
    join_all((0..8).map(|_| scene.register("ada@example.org", PASSWORD))).await;
    let users: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&scene.db.pool("auth")).await.unwrap();
    assert_eq!(users, 1);
    assert_eq!(scene.mailed::<UserChanged>().await.len(), 1);
}

#[tokio::test]
async fn a_link_works_once_even_when_opened_twice_at_once() {
    let scene = scene().await;
    scene.register("ada@example.org", PASSWORD).await;
    let token = scene.mailed::<VerificationRequested>().await[0].token.0.clone();
    let open = || scene.client.post("/api/v1/auth/verify-email", json!({ "token": token }));
    let (a, b) = tokio::join!(open(), open());
    let mut statuses = [a.status.as_u16(), b.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 422]);
}

#[tokio::test]
async fn a_link_stops_working() {
    let scene = scene().await;
    scene.register("ada@example.org", PASSWORD).await;
    scene.clock.advance(chrono::Duration::hours(49));
    let token = scene.mailed::<VerificationRequested>().await[0].token.0.clone();
    let late = scene.client.post("/api/v1/auth/verify-email", json!({ "token": token })).await.expect(422);
    assert_eq!(late.code(), "token_invalid");
    let _ =
        scene.client.post("/api/v1/auth/resend-verification", json!({ "email": "ada@example.org" })).await.expect(202);
    scene.verify().await;
}

#[tokio::test]
async fn bad_registrations_name_the_field() {
    let scene = scene().await;
    let good = json!({ "email": "ada@example.org", "password": PASSWORD, "display_name": "Ada" });
    for (field, value) in [
        ("email", json!("nobody")),
        ("email", json!("a@b.example\r\nBcc: c@d.example")),
        ("password", json!("short")),
        ("password", json!("password123")),
        ("password", json!("x".repeat(200_000))),
        ("password", json!(12_345_678)),
        ("display_name", json!("  ")),
        ("display_name", json!("a\u{0}b")),
        ("display_name", json!("x".repeat(61))),
        ("locale", json!("klingon")),
        ("role", json!("admin")),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let answer = scene.client.post("/api/v1/auth/register", body).await.expect(422);
        assert_eq!(answer.field(), field);
    }
    let users: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&scene.db.pool("auth")).await.unwrap();
    assert_eq!(users, 0);
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_mail_and_ends_every_sign_in() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let (client, refresh) = scene.tokens("ada@example.org").await;
    let known =
        scene.client.post("/api/v1/auth/forgot-password", json!({ "email": "ada@example.org" })).await.expect(202);
    let unknown =
        scene.client.post("/api/v1/auth/forgot-password", json!({ "email": "eve@example.org" })).await.expect(202);
    assert_eq!(known.body, unknown.body);
    let mails = scene.mailed::<PasswordResetRequested>().await;
    assert_eq!(mails.len(), 1);

    let weak = json!({ "token": mails[0].token.0, "password": "password123" });
    assert_eq!(scene.client.post("/api/v1/auth/reset-password", weak).await.expect(422).field(), "password");
    let body = json!({ "token": mails[0].token.0, "password": "another quiet harbour 7" });
    let _ = scene.client.post("/api/v1/auth/reset-password", body.clone()).await.expect(204);
    assert_eq!(scene.client.post("/api/v1/auth/reset-password", body).await.expect(422).code(), "token_invalid");
    let _ = client.post("/api/v1/auth/token", json!({ "refresh_token": refresh })).await.expect(401);
    let old = json!({ "email": "ada@example.org", "password": PASSWORD });
    let _ = scene.client.post("/api/v1/auth/login", old).await.expect(401);
    let new = json!({ "email": "ada@example.org", "password": "another quiet harbour 7" });
    let _ = scene.client.post("/api/v1/auth/login", new).await.expect(200);
    assert_eq!(scene.mailed::<AccountNotice>().await[0].notice, Notice::PasswordChanged);
}

#[tokio::test]
async fn mails_that_a_stranger_can_cause_are_few() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    for _ in 0..10 {
        let _ =
            scene.client.post("/api/v1/auth/forgot-password", json!({ "email": "ada@example.org" })).await.expect(202);
    }
    let sent = scene.mailed::<PasswordResetRequested>().await.len();
    assert_eq!(sent, 4);
}

#[tokio::test]
async fn notices_of_attempted_registrations_do_not_use_up_the_way_back_in() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    for _ in 0..10 {
        scene.register("ada@example.org", PASSWORD).await;
    }
    assert_eq!(scene.mailed::<AccountNotice>().await.len(), 4);
    let forgot = json!({ "email": "ada@example.org" });
    let _ = scene.client.post("/api/v1/auth/forgot-password", forgot).await.expect(202);
    assert_eq!(scene.mailed::<PasswordResetRequested>().await.len(), 1);
}

#[tokio::test]
async fn a_registered_again_address_has_no_password_until_one_is_chosen_by_mail() {
    let scene = scene().await;
    scene.register("ada@example.org", "the attackers own choice").await;
    scene.register("ada@example.org", PASSWORD).await;
    // Ada's mail got lost; she asks for the link again, and nobody knows whose registration that means.
    let again = json!({ "email": "ada@example.org" });
    let _ = scene.client.post("/api/v1/auth/resend-verification", again.clone()).await.expect(202);
    scene.verify().await;
    let _ = scene.login("ada@example.org", "the attackers own choice").await.expect(401);
    let _ = scene.login("ada@example.org", PASSWORD).await.expect(401);
    let _ = scene.client.post("/api/v1/auth/forgot-password", again).await.expect(202);
    let token = scene.mailed::<PasswordResetRequested>().await.pop().unwrap().token.0;
    let reset = json!({ "token": token, "password": "another quiet harbour 7" });
    let _ = scene.client.post("/api/v1/auth/reset-password", reset).await.expect(204);
    let _ = scene.login("ada@example.org", "another quiet harbour 7").await.expect(200);
}

#[tokio::test]
async fn different_links_of_one_account_opened_at_once_do_not_get_in_each_others_way() {
    let scene = scene().await;
    scene.register("ada@example.org", PASSWORD).await;
    scene.register("ada@example.org", PASSWORD).await;
    scene.register("ada@example.org", PASSWORD).await;
    let links = scene.mailed::<VerificationRequested>().await;
    let open = |token: &str| {
        let (client, body) = (scene.client.clone(), json!({ "token": token }));
        async move { client.post("/api/v1/auth/verify-email", body).await.status.as_u16() }
    };
    let mut statuses = join_all(links.iter().map(|link| open(&link.token.0))).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 422, 422]);
    assert_eq!(scene.mailed::<UserChanged>().await.len(), 2, "made, verified");
}

#[tokio::test]
async fn a_new_link_to_choose_a_password_makes_the_older_one_useless() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    for _ in 0..2 {
        let forgot = json!({ "email": "ada@example.org" });
        let _ = scene.client.post("/api/v1/auth/forgot-password", forgot).await.expect(202);
    }
    let links = scene.mailed::<PasswordResetRequested>().await;
    let reset = |link: &PasswordResetRequested| json!({ "token": link.token.0, "password": "another quiet harbour 7" });
    let older = scene.client.post("/api/v1/auth/reset-password", reset(&links[0])).await.expect(422);
    assert_eq!(older.code(), "token_invalid");
    let _ = scene.client.post("/api/v1/auth/reset-password", reset(&links[1])).await.expect(204);
}

#[tokio::test]
async fn a_link_is_good_for_its_own_purpose_only() {
    let scene = scene().await;
    scene.register("ada@example.org", PASSWORD).await;
    let token = scene.mailed::<VerificationRequested>().await[0].token.0.clone();
    let reset = json!({ "token": token, "password": "another quiet harbour 7" });
    assert_eq!(scene.client.post("/api/v1/auth/reset-password", reset).await.expect(422).code(), "token_invalid");
    scene.verify().await;
}

#[tokio::test]
async fn a_new_password_may_not_be_made_of_what_is_known_of_its_owner() {
    let scene = scene().await;
    scene.verified("lovelace.harbour@example.org").await;
    let forgot = json!({ "email": "lovelace.harbour@example.org" });
    let _ = scene.client.post("/api/v1/auth/forgot-password", forgot).await.expect(202);
    let token = scene.mailed::<PasswordResetRequested>().await[0].token.0.clone();
    for (password, code) in [
        ("lovelaceharbour", "too_weak"),
        ("lovelace", "too_common"),
        ("password1", "too_common"),
        ("short", "too_short"),
    ] {
        let body = json!({ "token": token, "password": password });
        let refused = scene.client.post("/api/v1/auth/reset-password", body).await.expect(422);
        assert_eq!((refused.field(), refused.json["errors"][0]["code"].as_str()), ("password", Some(code)));
    }
}

#[tokio::test]
async fn asking_again_for_a_link_is_answered_in_the_same_words_whatever_the_address_is() {
    let scene = scene().await;
    scene.register("new@example.org", PASSWORD).await;
    scene.verified("ada@example.org").await;
    let before = scene.mailed::<VerificationRequested>().await.len();
    let mut answers = Vec::new();
    for email in ["new@example.org", "ada@example.org", "nobody@example.org"] {
        let body = json!({ "email": email });
        answers.push(scene.client.post("/api/v1/auth/resend-verification", body).await.expect(202).body);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(scene.mailed::<VerificationRequested>().await.len(), before + 1);
}

#[tokio::test]
async fn every_write_refuses_fields_that_it_does_not_know_and_bodies_that_are_none() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let (here, _) = scene.tokens("ada@example.org").await;
    for (path, body) in [
        ("verify-email", json!({ "token": "x" })),
        ("resend-verification", json!({ "email": "ada@example.org" })),
        ("login", json!({ "email": "ada@example.org", "password": PASSWORD })),
        ("token", json!({ "refresh_token": "x" })),
        ("forgot-password", json!({ "email": "ada@example.org" })),
        ("reset-password", json!({ "token": "x", "password": PASSWORD })),
        ("change-password", json!({ "current_password": PASSWORD, "new_password": PASSWORD })),
        ("quick-join/look", json!({ "token": "x" })),
        ("quick-join/confirm", json!({ "token": "x" })),
    ] {
        let path = format!("/api/v1/auth/{path}");
        let mut more = body.clone();
        more["admin"] = json!(true);
        assert_eq!(here.post(&path, more).await.expect(422).field(), "admin", "{path}");
        let _ = here.post(&path, json!([])).await.expect(422);
        for field in body.as_object().unwrap().keys() {
            let mut wrong = body.clone();
            wrong[field] = json!({ "x": 1 });
            assert_eq!(here.post(&path, wrong).await.expect(422).field(), field, "{path}");
        }
    }
    for (body, field) in [
        (json!({}), "email"),
        (json!({ "email": "ada@example.org" }), "password"),
        (json!({ "email": "ada@example.org", "password": PASSWORD, "refresh_token": "x" }), "body"),
    ] {
        assert_eq!(scene.client.post("/api/v1/auth/token", body).await.expect(422).field(), field);
    }
}
