//! People whose account was deleted.

use chrono::TimeDelta;
use contracts::{
    UserId,
    auth::{AccountNotice, Locale, MailedToken, Notice, QuickJoinRequested, UserDeleted, VerificationRequested},
    joins::{EndReason, MessageToParticipants, PlacesOpen, ReconfirmationAsked},
};
use testkit::{eventually, noon};

use crate::support::{Scene, confirmed, ended, event, moved, offered, requested, silent_scene, user, waitlisted};

const KNOWN: &str =
    "SELECT (SELECT count(*) FROM recipients) + (SELECT count(*) FROM attendances) + (SELECT count(*) FROM mails)";

async fn nothing_waits(scene: &Scene) {
    assert_eq!(scene.number("SELECT count(*) FROM bus.deliveries").await, 0, "nothing waits, nothing is parked");
}

#[tokio::test]
async fn who_deletes_their_account_is_forgotten_and_nobody_else_is() {
    let scene = silent_scene(None).await;
    let event = event();
    scene.publish(&event).await;
    let (ada, ben) = (scene.person("ada", Locale::En).await, scene.person("ben", Locale::En).await);
    let place = confirmed(event.id, ada);
    scene.deliver(&place).await;
    scene.deliver(&confirmed(event.id, ben)).await;
    scene.send();
    scene.mails(2).await;
    scene.sql("UPDATE mails SET last_error = 'the server said: ' || to_address").await;
    // One that waits, and one that an operator may try again.
    let far = "UPDATE mails SET next_attempt_at = next_attempt_at + interval '1 day' WHERE status = 'queued'";
    scene.deliver(&ended(&place, EndReason::Removed)).await;
    scene.sql(far).await;
    scene
        .sql(
            "INSERT INTO mails (kind, user_id, to_address, to_name, locale, data, dedupe_key, status, next_attempt_at, created_at)
             SELECT kind, user_id, to_address, to_name, locale, data, 'x', 'failed', next_attempt_at, created_at
             FROM mails WHERE to_name = 'ada' LIMIT 1",
        )
        .await;
    scene.deliver(&UserDeleted { user_id: ada }).await;
    nothing_waits(&scene).await;
    let left: Vec<(String, String, String, Option<String>)> =
        sqlx::query_as("SELECT status, to_address, to_name, last_error FROM mails ORDER BY to_address")
            .fetch_all(&scene.pool)
            .await
            .unwrap();
    let said = Some("the server said: ben@example.org".to_owned());
    let row = |address: &str, name: &str, error| ("sent".to_owned(), address.to_owned(), name.to_owned(), error);
    assert_eq!(left, [row("", "", None), row("ben@example.org", "ben", said)]);
    assert_eq!(scene.number("SELECT count(*) FROM recipients").await, 1);
    assert_eq!(scene.standing(event.id, ben).await, "confirmed");
    assert_eq!(scene.number("SELECT count(*) FROM attendances").await, 1);
}

#[tokio::test]
async fn what_is_said_of_somebody_later_does_nothing() {
    let scene = silent_scene(None).await;
    let event = event();
    scene.publish(&event).await;
    let ada = scene.person("ada", Locale::En).await;
    scene.deliver(&UserDeleted { user_id: ada }).await;
    assert_eq!(scene.number(KNOWN).await, 0);
    let (place, email) = (confirmed(event.id, ada), "ada@example.org".to_owned());
    let (token, display_name, locale) = (MailedToken("t".to_owned()), "ada".to_owned(), Locale::En);
    let expires_at = noon() + TimeDelta::hours(1);
    scene.deliver(&user(ada, "ada", Locale::En)).await;
    scene.deliver(&requested(event.id, ada)).await;
    scene.deliver(&waitlisted(event.id, ada, 1)).await;
    scene.deliver(&offered(event.id, ada)).await;
    scene.deliver(&place).await;
    let (join_id, event_id) = (place.join_id, event.id);
    scene.deliver(&ReconfirmationAsked { join_id, event_id, user_id: ada, answer_by: expires_at }).await;
    scene.deliver(&PlacesOpen { event_id, free: 1, waiting: vec![ada], decided_at: noon() }).await;
    let (subject, text) = ("Hello".to_owned(), "Hello".to_owned());
    let to = vec![ada];
    scene.deliver(&MessageToParticipants { event_id, from_user: ada, subject, text, to, decided_at: noon() }).await;
    scene.deliver(&moved(&event)).await;
    scene.deliver(&ended(&place, EndReason::Removed)).await;
    scene.deliver(&ended(&place, EndReason::AccountDeleted)).await;
    let verification = VerificationRequested {
        user_id: ada,
        email: email.clone(),
        display_name: display_name.clone(),
        locale,
        token: token.clone(),
        expires_at,
    };
    scene.deliver(&verification).await;
    let quick = QuickJoinRequested {
        user_id: ada,
        email: email.clone(),
        display_name: display_name.clone(),
        locale,
        token,
        expires_at,
        event_id,
    };
    scene.deliver(&quick).await;
    scene.deliver(&AccountNotice { user_id: ada, email, display_name, locale, notice: Notice::PasswordChanged }).await;
    nothing_waits(&scene).await;
    assert_eq!(scene.number(KNOWN).await, 0);
    // Nor does the same news.
    scene.deliver(&UserDeleted { user_id: ada }).await;
    nothing_waits(&scene).await;
}

#[tokio::test]
async fn what_waited_for_somebody_ends_when_they_are_deleted() {
    let scene = silent_scene(None).await;
    let (event, ada) = (event(), UserId::new(noon()));
    scene.publish(&event).await;
    scene.deliver(&confirmed(event.id, ada)).await;
    assert_eq!(scene.number("SELECT count(*) FROM bus.deliveries").await, 1, "the person is not known yet");
    scene.deliver(&UserDeleted { user_id: ada }).await;
    scene.deliver_what_waits().await;
    nothing_waits(&scene).await;
    assert_eq!(scene.number(KNOWN).await, 0);
}

#[tokio::test]
async fn what_was_being_written_meanwhile_is_not_sent_and_goes_with_the_clean_up() {
    let scene = silent_scene(None).await;
    let event = event();
    scene.publish(&event).await;
    let (ada, ben) = (scene.person("ada", Locale::En).await, scene.person("ben", Locale::En).await);
    scene.deliver(&confirmed(event.id, ada)).await;
    scene.deliver(&confirmed(event.id, ben)).await;
    sqlx::query("INSERT INTO forgotten (user_id, forgotten_at) VALUES ($1, $2)")
        .bind(ada)
        .bind(noon())
        .execute(&scene.pool)
        .await
        .unwrap();
    scene.send();
    eventually("the other one", async || (scene.count("sent").await == 1).then_some(())).await;
    scene.job("send").await;
    assert_eq!(scene.count("queued").await, 1);
    assert_eq!(scene.files().len(), 1);
    scene.job("clean-up").await;
    assert_eq!(scene.number(KNOWN).await, 3, "what is known of the other");
    assert_eq!(scene.number("SELECT count(*) FROM mails WHERE to_name = 'ada'").await, 0);
}
