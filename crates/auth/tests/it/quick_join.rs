use chrono::Duration;
use contracts::{
    EventId,
    auth::{PasswordResetRequested, QuickJoinRequested, UserChanged, UserDeleted, VerificationRequested},
};
use futures::future::join_all;
use serde_json::{Value, json};
use testkit::noon;

use crate::support::{PASSWORD, scene};

const ATTACKERS: &str = "the attackers own choice";

fn event() -> EventId {
    EventId::new(noon())
}

#[tokio::test]
async fn a_place_is_asked_for_by_address_and_the_mailed_link_signs_in() {
    let scene = scene().await;
    let event = event();
    let body = json!({
        "email": "Ada@Example.org", "display_name": "Ada", "event_id": event, "party_size": 3, "at_least": 2,
        "answers": { "meal": "Vegan", "photos": true }, "locale": "de",
    });
    let _ = scene.client.post("/api/v1/auth/quick-join", body).await.expect(202);
    let mail = scene.mailed::<QuickJoinRequested>().await.remove(0);
    assert_eq!((mail.email.as_str(), mail.display_name.as_str(), mail.event_id), ("Ada@Example.org", "Ada", event));
    assert_eq!(mail.expires_at, noon() + Duration::hours(2));
    let made = scene.mailed::<UserChanged>().await;
    assert_eq!((made.len(), made[0].email_verified), (1, false));

    let asked = json!({
        "event_id": event, "party_size": 3, "at_least": 2, "answers": { "meal": "Vegan", "photos": true },
    });
    for _ in 0..3 {
        let shown = scene.look(&mail.token.0).await.expect(200);
        let mut expected = asked.clone();
        expected["display_name"] = json!("Ada");
        expected["has_password"] = json!(false);
        assert_eq!(shown.json, expected);
        assert!(!shown.headers.contains_key("x-cityevents-session"));
    }
    assert_eq!(
        (scene.count("sessions").await, scene.mailed::<UserChanged>().await.len()),
        (0, 1),
        "looking does nothing"
    );

    let mut confirmed = scene.confirm(&mail.token.0).await.expect(200);
    let user = confirmed.json.as_object_mut().unwrap().remove("user").unwrap();
    assert_eq!(confirmed.json, asked);
    let cookie = json!({ "cookie": confirmed.headers["x-cityevents-session"].to_str().unwrap() });
    let me = scene.browser(&cookie).await.get("/api/v1/me").await.expect(200).json;
    assert_eq!(me, user);
    assert_eq!((&me["email_verified"], &me["has_password"]), (&json!(true), &json!(false)));
    assert_eq!(
        (&me["email"], &me["display_name"], &me["locale"]),
        (&json!("Ada@Example.org"), &json!("Ada"), &json!("de"))
    );
    assert!(scene.mailed::<UserChanged>().await[1].email_verified);
    for used in [scene.look(&mail.token.0).await, scene.confirm(&mail.token.0).await] {
        assert_eq!(used.expect(422).code(), "token_invalid");
    }
}

#[tokio::test]
async fn what_was_left_out_has_its_default() {
    let scene = scene().await;
    let token = scene.quick_join("ada@example.org", event()).await;
    let shown = scene.look(&token).await.expect(200).json;
    assert_eq!((&shown["party_size"], &shown["at_least"], &shown["answers"]), (&json!(1), &Value::Null, &json!({})));
}

#[tokio::test]
async fn an_account_that_is_there_gets_the_same_answer_and_stays_as_it_is() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    let ask = |email: &str| {
        let body = json!({ "email": email, "display_name": "Buy now", "event_id": event(), "locale": "de" });
        let client = scene.client.clone();
        async move { client.post("/api/v1/auth/quick-join", body).await.expect(202) }
    };
    let (known, unknown) = (ask("ADA@example.org").await, ask("eve@example.org").await);
    assert_eq!(known.body, unknown.body);
    assert_eq!(known.headers, unknown.headers);
    let mail = scene.mailed::<QuickJoinRequested>().await.remove(0);
    assert_eq!((mail.email.as_str(), mail.display_name.as_str()), ("ada@example.org", "Ada"));
    let shown = scene.look(&mail.token.0).await.expect(200).json;
    assert_eq!((&shown["display_name"], &shown["has_password"]), (&json!("Ada"), &json!(true)));
    let user = scene.confirm(&mail.token.0).await.expect(200).json["user"].clone();
    assert_eq!((&user["display_name"], &user["locale"]), (&json!("Ada"), &json!("en")));
    let _ = scene.login("ada@example.org", PASSWORD).await.expect(200);
    assert_eq!(scene.mailed::<UserChanged>().await.len(), 3, "made and verified, and the stranger's made");
}

/// With an account there is less to write; the floor hides it.
#[tokio::test]
async fn whether_there_is_an_account_does_not_show_in_the_time_that_an_answer_takes() {
    let scene = scene().await;
    scene.verified("ada@example.org").await;
    for email in ["ada@example.org", "eve@example.org"] {
        let started = tokio::time::Instant::now();
        let _ = scene.quick_join(email, event()).await;
        assert!(started.elapsed() >= std::time::Duration::from_millis(50), "{email}");
    }
}

#[tokio::test]
async fn the_password_of_a_strangers_registration_does_not_survive_a_quick_join() {
    for quick_join_first in [false, true] {
        for open_place in [true, false] {
            let scene = scene().await;
            if !quick_join_first {
                scene.register("ada@example.org", ATTACKERS).await;
            }
            let token = scene.quick_join("ada@example.org", event()).await;
            if quick_join_first {
                scene.register("ada@example.org", ATTACKERS).await;
            }
            if open_place {
                let user = scene.confirm(&token).await.expect(200).json["user"].clone();
                assert_eq!((&user["email_verified"], &user["has_password"]), (&json!(true), &json!(false)));
            } else {
                // She opens the link of the registration that was not hers, and is mailed another one to choose a password by.
                scene.verify().await;
                assert_eq!(scene.mailed::<PasswordResetRequested>().await.len(), 1);
            }
            let _ = scene.login("ada@example.org", ATTACKERS).await.expect(401);
        }
    }
}

#[tokio::test]
async fn the_account_is_called_what_was_asked_for_with_the_link_that_is_opened() {
    let scene = scene().await;
    let ask = async |name: &str| {
        let body = json!({ "email": "ada@example.org", "display_name": name, "event_id": EventId::new(noon()) });
        let _ = scene.client.post("/api/v1/auth/quick-join", body).await.expect(202);
        scene.mailed::<QuickJoinRequested>().await.pop().unwrap().token.0
    };
    let (strangers, hers) = (ask("Buy now").await, ask("Ada").await);
    assert_eq!(scene.look(&hers).await.expect(200).json["display_name"], "Ada");
    assert_eq!(scene.confirm(&hers).await.expect(200).json["user"]["display_name"], "Ada");
    assert_eq!(scene.look(&strangers).await.expect(200).json["display_name"], "Ada", "it has been proven");
    assert_eq!(scene.confirm(&strangers).await.expect(200).json["user"]["display_name"], "Ada");
}

#[tokio::test]
async fn a_later_request_for_the_same_event_makes_the_earlier_link_useless() {
    let scene = scene().await;
    let (one, other) = (event(), event());
    let first = scene.quick_join("ada@example.org", one).await;
    let elsewhere = scene.quick_join("ada@example.org", other).await;
    let second = scene.quick_join("ada@example.org", one).await;
    assert_eq!(scene.confirm(&first).await.expect(422).code(), "token_invalid");
    assert_eq!(scene.confirm(&second).await.expect(200).json["event_id"], json!(one));
    assert_eq!(
        scene.confirm(&elsewhere).await.expect(200).json["event_id"],
        json!(other),
        "using one leaves the other"
    );
}

#[tokio::test]
async fn a_link_to_a_place_works_for_two_hours_and_for_nothing_else() {
    let scene = scene().await;
    let token = scene.quick_join("ada@example.org", event()).await;
    scene.clock.advance(Duration::minutes(119));
    let _ = scene.look(&token).await.expect(200);
    let verify = scene.client.post("/api/v1/auth/verify-email", json!({ "token": token })).await.expect(422);
    assert_eq!(verify.code(), "token_invalid");
    let reset = json!({ "token": token, "password": PASSWORD });
    let _ = scene.client.post("/api/v1/auth/reset-password", reset).await.expect(422);
    scene.register("ben@example.org", PASSWORD).await;
    let others = scene.mailed::<VerificationRequested>().await[0].token.0.clone();
    for token in [&others, "made up", ""] {
        assert_eq!(scene.look(token).await.expect(422).code(), "token_invalid");
        assert_eq!(scene.confirm(token).await.expect(422).code(), "token_invalid");
    }
    scene.clock.advance(Duration::minutes(1));
    assert_eq!(scene.look(&token).await.expect(422).code(), "token_invalid");
    assert_eq!(scene.confirm(&token).await.expect(422).code(), "token_invalid");
}

#[tokio::test]
async fn a_link_that_is_opened_many_times_at_once_signs_in_once() {
    let scene = scene().await;
    let token = scene.quick_join("ada@example.org", event()).await;
    let answers = join_all((0..6).map(|_| scene.confirm(&token))).await;
    assert_eq!(answers.iter().filter(|it| it.status == 200).count(), 1);
    assert_eq!((scene.count("sessions").await, scene.mailed::<UserChanged>().await.len()), (1, 2));
}

#[tokio::test]
async fn of_many_requests_at_once_one_makes_the_account_and_one_link_works() {
    let scene = scene().await;
    let body = json!({ "email": "ada@example.org", "display_name": "Ada", "event_id": event() });
    join_all((0..8).map(|_| scene.client.post("/api/v1/auth/quick-join", body.clone()))).await;
    assert_eq!((scene.count("users").await, scene.count("one_time_tokens").await), (1, 1));
    assert_eq!(scene.mailed::<UserChanged>().await.len(), 1);
}

#[tokio::test]
async fn mails_about_places_are_few_and_a_link_that_was_mailed_goes_on_working() {
    let scene = scene().await;
    let event = event();
    for _ in 0..10 {
        let _ = scene.quick_join("ada@example.org", event).await;
    }
    let mails = scene.mailed::<QuickJoinRequested>().await;
    assert_eq!(mails.len(), 4);
    let _ = scene.confirm(&mails[3].token.0).await.expect(200);
    // And they have not used up what lets people in otherwise.
    let forgot = json!({ "email": "ada@example.org" });
    let _ = scene.client.post("/api/v1/auth/forgot-password", forgot).await.expect(202);
    assert_eq!(scene.mailed::<PasswordResetRequested>().await.len(), 1);
}

#[tokio::test]
async fn bad_quick_joins_name_the_field() {
    let scene = scene().await;
    let good = json!({ "email": "ada@example.org", "display_name": "Ada", "event_id": event(), "party_size": 2 });
    let many: Value = (0..11).map(|n| (format!("q{n}"), json!(true))).collect::<serde_json::Map<_, _>>().into();
    let long: Value =
        (0..10).map(|n| (format!("q{n}"), json!("ü".repeat(450)))).collect::<serde_json::Map<_, _>>().into();
    for (field, value) in [
        ("email", json!("nobody")),
        ("email", json!("a@b.example\r\nBcc: c@d.example")),
        ("display_name", json!("\u{200b}\u{3164}")),
        ("display_name", json!("\u{202e}adA")),
        ("display_name", json!("x".repeat(61))),
        ("event_id", json!("nonsense")),
        ("event_id", Value::Null),
        ("party_size", json!(0)),
        ("party_size", json!(11)),
        ("party_size", json!(1.5)),
        ("at_least", json!(3)),
        ("at_least", json!(0)),
        ("answers", json!([])),
        ("answers", json!("Vegan")),
        ("answers", many),
        ("answers", long),
        ("answers", json!({ "Meal": "Vegan" })),
        ("answers.meal", json!({ "meal": "a\u{0}b" })),
        ("answers.meal", json!({ "meal": 5 })),
        ("answers.meal", json!({ "meal": null })),
        ("answers.meal", json!({ "meal": "x".repeat(501) })),
        ("locale", json!("klingon")),
        ("password", json!(PASSWORD)),
    ] {
        let mut body = good.clone();
        body[field.split('.').next().unwrap()] = value.clone();
        let answer = scene.client.post("/api/v1/auth/quick-join", body).await.expect(422);
        assert_eq!(answer.field(), field, "{value}");
    }
    assert_eq!(scene.count("users").await, 0);
}

#[tokio::test]
async fn who_came_by_a_link_keeps_the_account_by_choosing_a_password() {
    let scene = scene().await;
    let token = scene.quick_join("ada@example.org", event()).await;
    let cookie = scene.signed_in_by_link(&token).await;
    let here = scene.browser(&cookie).await;
    let weak = here.post("/api/v1/auth/change-password", json!({ "new_password": "password1" })).await.expect(422);
    assert_eq!(weak.field(), "new_password");
    let _ = here.post("/api/v1/auth/change-password", json!({ "new_password": PASSWORD })).await.expect(204);
    assert_eq!(here.get("/api/v1/me").await.expect(200).json["has_password"], true);
    let signed_in = scene.login("ada@example.org", PASSWORD).await.expect(200);
    assert_eq!(signed_in.json["user"]["has_password"], true);
    // From now on it takes the one to choose another.
    let another = json!({ "new_password": "another quiet harbour 7" });
    assert_eq!(here.post("/api/v1/auth/change-password", another).await.expect(422).field(), "current_password");
}

#[tokio::test]
async fn who_came_by_a_link_a_while_ago_chooses_a_password_by_mail() {
    let scene = scene().await;
    let token = scene.quick_join("ada@example.org", event()).await;
    let cookie = scene.signed_in_by_link(&token).await;
    scene.clock.advance(Duration::minutes(15) + Duration::seconds(1));
    let here = scene.browser(&cookie).await;
    let late = here.post("/api/v1/auth/change-password", json!({ "new_password": PASSWORD })).await.expect(403);
    assert_eq!(late.code(), "sign_in_too_old");
    let forgot = json!({ "email": "ada@example.org" });
    let _ = scene.client.post("/api/v1/auth/forgot-password", forgot).await.expect(202);
    let token = scene.mailed::<PasswordResetRequested>().await.pop().unwrap().token.0;
    let reset = json!({ "token": token, "password": PASSWORD });
    let _ = scene.client.post("/api/v1/auth/reset-password", reset).await.expect(204);
    let _ = scene.login("ada@example.org", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn accounts_that_nobody_has_come_for_are_removed_after_a_month() {
    let scene = scene().await;
    for email in ["forgotten@example.org", "again@example.org", "registered@example.org", "just-now@example.org"] {
        let _ = scene.quick_join(email, event()).await;
    }
    let opened = scene.quick_join("opened@example.org", event()).await;
    let _ = scene.confirm(&opened).await.expect(200);
    scene.register("never-opened@example.org", PASSWORD).await;

    scene.clock.advance(Duration::days(20));
    let _ = scene.quick_join("again@example.org", event()).await;
    // Registered before somebody asked for a place: no quick join made it.
    let _ = scene.quick_join("never-opened@example.org", event()).await;
    scene.clock.advance(Duration::days(10));
    scene.run_jobs().await;
    assert_eq!(scene.count("users").await, 6, "not a moment too soon");

    scene.clock.advance(Duration::seconds(1));
    scene.register("registered@example.org", PASSWORD).await;
    let _ = scene.quick_join("just-now@example.org", event()).await;
    scene.run_jobs().await;
    let pool = scene.db.pool("auth");
    let left = async || -> Vec<String> {
        sqlx::query_scalar("SELECT email FROM users ORDER BY email").fetch_all(&pool).await.unwrap()
    };
    assert_eq!(
        left().await,
        [
            "again@example.org",
            "just-now@example.org",
            "never-opened@example.org",
            "opened@example.org",
            "registered@example.org",
        ]
    );
    let first = scene.mailed::<UserChanged>().await[0].user_id;
    let told = scene.mailed::<UserDeleted>().await;
    assert_eq!(told.iter().map(|it| it.user_id).collect::<Vec<_>>(), [first]);
    // The registration's link still works.
    scene.clock.advance(Duration::hours(47));
    scene.run_jobs().await;
    let link = scene.mailed::<VerificationRequested>().await.pop().unwrap().token.0;
    let _ = scene.client.post("/api/v1/auth/verify-email", json!({ "token": link })).await.expect(204);
    scene.clock.advance(Duration::days(31));
    scene.run_jobs().await;
    assert_eq!(left().await, ["never-opened@example.org", "opened@example.org", "registered@example.org"]);
}
