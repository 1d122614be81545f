//! From the queue to a file or a server: once, again, later, or not at all.

use std::{collections::HashSet, os::unix::fs::PermissionsExt as _};

use chrono::TimeDelta;
use contracts::{
    UserId,
    auth::{Locale, MailedToken, VerificationRequested},
    joins::EndReason,
};
use testkit::{eventually, noon};
use tokio::net::TcpListener;

use crate::support::{
    Scene, cancelled, confirmed, ended, event, moved, next, scene, serve_smtp, silent_scene, smtp_server, waitlisted,
};

async fn place(scene: &Scene) -> (contracts::events::EventSnapshot, contracts::joins::JoinConfirmed) {
    let (event, ada) = (event(), scene.person("ada", Locale::En).await);
    scene.publish(&event).await;
    let place = confirmed(event.id, ada);
    scene.deliver(&place).await;
    (event, place)
}

fn verification() -> VerificationRequested {
    VerificationRequested {
        user_id: UserId::new(noon()),
        email: "ada@example.org".to_owned(),
        display_name: "Ada".to_owned(),
        locale: Locale::En,
        token: MailedToken("secret-token".to_owned()),
        expires_at: noon() + TimeDelta::hours(48),
    }
}

#[tokio::test]
async fn a_crash_between_sending_and_marking_leaves_one_mail() {
    let scene = scene(None).await;
    place(&scene).await;
    scene.mails(1).await;
    let path = scene.mail_dir.join(format!("{}.eml", scene.files()[0]));
    let before = std::fs::read_to_string(&path).unwrap();
    scene
        .sql("UPDATE mails SET status = 'queued', sent_at = NULL, data = '{\"party_size\": 1, \"has_place\": true}'")
        .await;
    scene.until("sent", 2).await;
    assert_eq!(scene.mails(1).await.len(), 1);
    let headers = |text: &str| {
        let lines = text.lines().take_while(|line| !line.is_empty());
        lines.filter(|line| !line.contains("boundary")).map(str::to_owned).collect::<Vec<_>>()
    };
    let after = std::fs::read_to_string(&path).unwrap();
    assert_eq!(headers(&before), headers(&after));
    let id: String = sqlx::query_scalar("SELECT id::text FROM mails").fetch_one(&scene.pool).await.unwrap();
    assert!(after.contains(&format!("Message-ID: <{id}@cityevents.invalid>")), "{after}");
    assert!(after.contains("Auto-Submitted: auto-generated"), "{after}");
    assert!(after.contains("Date: Mon, 08 Jun 2026 12:00:00 +0000"), "{after}");
}

#[tokio::test]
async fn a_file_is_whole_and_its_owners_only() {
    let scene = scene(None).await;
    place(&scene).await;
    scene.mails(1).await;
    let entries: Vec<_> = std::fs::read_dir(&scene.mail_dir).unwrap().map(|entry| entry.unwrap()).collect();
    assert_eq!(entries.len(), 1, "no drafts are left");
    assert_eq!(entries[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(&scene.mail_dir).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn a_server_that_refuses_for_now_gets_it_later() {
    let (url, mut received) = smtp_server(&["451 later"]).await;
    let scene = scene(Some(url)).await;
    place(&scene).await;
    scene.until("queued", 1).await;
    scene.clock.advance(TimeDelta::minutes(1));
    let mail = next(&mut received).await;
    assert!(mail.contains("Auto-Submitted: auto-generated"), "{mail}");
    assert!(mail.contains("To: ada <ada@example.org>"), "{mail}");
    scene.until("sent", 2).await;
}

#[tokio::test]
async fn what_is_refused_again_and_again_waits_for_an_operator() {
    let (url, mut received) = smtp_server(&["451 <ada@example.org> later"]).await;
    let scene = silent_scene(Some(url)).await;
    place(&scene).await;
    scene.sql("UPDATE mails SET attempts = 14").await;
    scene.send();
    scene.until("failed", 15).await;
    let failed = notify::failed_mails(&scene.pool, 10).await.unwrap();
    let text = failed[0].to_string();
    assert!(text.contains("join_confirmed") && text.contains("15 attempts") && text.contains("451"), "{text}");
    assert_eq!(notify::retry_failed(&scene.pool).await.unwrap(), 1);
    next(&mut received).await;
    scene.until("sent", 1).await;
    assert_eq!(notify::retry_failed(&scene.pool).await.unwrap(), 0);
}

#[tokio::test]
async fn an_address_that_does_not_exist_is_not_tried_again() {
    let (url, _received) = smtp_server(&["550 no such user"]).await;
    let scene = scene(Some(url)).await;
    place(&scene).await;
    scene.until("failed", 1).await;
}

#[tokio::test]
async fn a_server_that_does_not_know_us_is_not_held_against_the_mail() {
    let (url, _received) = smtp_server(&["530 sign in first"]).await;
    let scene = scene(Some(url)).await;
    place(&scene).await;
    scene.until("queued", 1).await;
}

#[tokio::test]
async fn mails_wait_for_a_server_that_is_away() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let scene = scene(Some(format!("smtp://{address}"))).await;
    place(&scene).await;
    scene.until("queued", 1).await;
    let mut received = serve_smtp(TcpListener::bind(address).await.unwrap(), &[]);
    scene.clock.advance(TimeDelta::minutes(1));
    next(&mut received).await;
    eventually("the mark", async || (scene.count("sent").await == 1).then_some(())).await;
}

#[tokio::test]
async fn mails_wait_for_a_directory_that_can_be_written() {
    let scene = silent_scene(None).await;
    let data_dir = scene.mail_dir.parent().unwrap();
    std::fs::create_dir_all(data_dir).unwrap();
    std::fs::write(&scene.mail_dir, "in the way").unwrap();
    place(&scene).await;
    scene.send();
    scene.until("queued", 1).await;
    std::fs::remove_file(&scene.mail_dir).unwrap();
    scene.clock.advance(TimeDelta::minutes(1));
    scene.mails(1).await;
    scene.until("sent", 2).await;
}

#[tokio::test]
async fn mails_wait_for_settings_that_allow_to_send() {
    let scene = scene(Some("file:/nowhere/smtp-url".to_owned())).await;
    place(&scene).await;
    scene.job("send").await;
    assert_eq!(scene.statuses().await, [("queued".to_owned(), 0)], "no try is lost");
    assert_eq!(scene.files(), Vec::<String>::new());
}

#[tokio::test]
async fn two_senders_send_each_mail_once() {
    const MAILS: usize = 60;
    let (url, mut received) = smtp_server(&[]).await;
    let scene = silent_scene(Some(url)).await;
    let (event, _) = place(&scene).await;
    for n in 1..MAILS {
        let user = scene.person(&format!("p{n}"), Locale::En).await;
        scene.deliver(&confirmed(event.id, user)).await;
    }
    scene.send();
    scene.send();
    eventually("the marks", async || (scene.count("sent").await == 60).then_some(())).await;
    let mut ids = HashSet::new();
    while let Ok(mail) = received.try_recv() {
        let id = mail.lines().find(|line| line.starts_with("Message-ID:")).unwrap().to_owned();
        assert!(ids.insert(id), "each once");
    }
    assert_eq!(ids.len(), MAILS);
}

#[tokio::test]
async fn a_late_mail_that_is_not_true_any_more_is_dropped() {
    let (url, mut received) = smtp_server(&["451 later"]).await;
    let scene = scene(Some(url)).await;
    let (_, place) = place(&scene).await;
    scene.until("queued", 1).await;
    scene.deliver(&ended(&place, EndReason::Left)).await;
    scene.clock.advance(TimeDelta::minutes(1));
    scene.until("dropped", 1).await;
    assert!(received.try_recv().is_err());
}

#[tokio::test]
async fn a_late_place_at_a_cancelled_event_gives_way_to_the_cancellation() {
    let (url, mut received) = smtp_server(&["451 later"]).await;
    let scene = scene(Some(url)).await;
    let (event, place) = place(&scene).await;
    scene.until("queued", 1).await;
    scene.deliver(&cancelled(&event, "Storm")).await;
    scene.deliver(&ended(&place, EndReason::EventCancelled)).await;
    assert!(next(&mut received).await.contains("Subject: Cancelled:"));
    scene.clock.advance(TimeDelta::minutes(1));
    eventually("both", async || (scene.count("dropped").await == 1 && scene.count("sent").await == 1).then_some(()))
        .await;
    assert!(received.try_recv().is_err());
}

#[tokio::test]
async fn a_late_change_gives_way_to_a_later_one() {
    let (url, mut received) = smtp_server(&["250 ok", "451 later"]).await;
    let scene = scene(Some(url)).await;
    let (event, _) = place(&scene).await;
    next(&mut received).await;
    scene.clock.advance(TimeDelta::seconds(1));
    let once = moved(&event);
    scene.deliver(&once).await;
    eventually("the refusal", async || {
        (scene.statuses().await == [("sent".to_owned(), 1), ("queued".to_owned(), 1)]).then_some(())
    })
    .await;
    scene.deliver(&moved(&once.event)).await;
    assert!(next(&mut received).await.contains("Subject: New time"));
    scene.clock.advance(TimeDelta::minutes(1));
    eventually("the drop", async || (scene.count("dropped").await == 1).then_some(())).await;
    assert!(received.try_recv().is_err());
}

#[tokio::test]
async fn a_late_mail_that_still_holds_goes_out() {
    let (url, mut received) = smtp_server(&["451 later"]).await;
    let scene = scene(Some(url)).await;
    let (event, ben) = (event(), scene.person("ben", Locale::En).await);
    scene.publish(&event).await;
    scene.deliver(&waitlisted(event.id, ben, 2)).await;
    scene.until("queued", 1).await;
    scene.clock.advance(TimeDelta::minutes(1));
    assert!(next(&mut received).await.contains("number 2 in line"));
}

#[tokio::test]
async fn a_link_that_has_stopped_working_is_not_sent_and_not_kept() {
    let (url, mut received) = smtp_server(&["451 later"]).await;
    let scene = scene(Some(url)).await;
    scene.deliver(&verification()).await;
    scene.until("queued", 1).await;
    scene.clock.advance(TimeDelta::hours(49));
    scene.until("dropped", 1).await;
    assert!(received.try_recv().is_err());
    assert_eq!(scene.number("SELECT count(*) FROM mails WHERE data::text LIKE '%secret%'").await, 0);
}

#[tokio::test]
async fn the_clean_up_forgets_links_old_mails_and_who_went_where() {
    let (url, _received) = smtp_server(&["550 no such user"]).await;
    let scene = scene(Some(url)).await;
    scene.deliver(&verification()).await;
    scene.until("failed", 1).await;
    scene.job("clean-up").await;
    scene.until("failed", 1).await;
    scene.clock.advance(TimeDelta::days(3));
    scene.job("clean-up").await;
    scene.until("dropped", 1).await;
    assert_eq!(scene.number("SELECT count(*) FROM mails WHERE data::text LIKE '%secret%'").await, 0);

    place(&scene).await;
    eventually("the place", async || (scene.count("sent").await == 1).then_some(())).await;
    scene.job("clean-up").await;
    assert_eq!(scene.number("SELECT count(*) FROM mails").await, 2);
    assert_eq!(scene.number("SELECT count(*) FROM attendances").await, 1);
    scene.clock.advance(TimeDelta::days(2 * 365));
    scene.job("clean-up").await;
    assert_eq!(scene.number("SELECT count(*) FROM mails").await, 0);
    assert_eq!(scene.number("SELECT count(*) FROM attendances").await, 0);
}

#[tokio::test]
async fn what_a_newer_version_queued_does_not_hold_the_others_up() {
    let scene = silent_scene(None).await;
    place(&scene).await;
    for data in [
        "INSERT INTO mails (kind, user_id, to_address, to_name, locale, data, dedupe_key, next_attempt_at, created_at)
         SELECT 'join_transferred', user_id, to_address, to_name, locale, data, 'a', next_attempt_at, created_at FROM mails LIMIT 1",
        "INSERT INTO mails (kind, user_id, to_address, to_name, locale, data, dedupe_key, next_attempt_at, created_at)
         SELECT kind, user_id, to_address, to_name, locale, '{\"party_size\": \"two\"}', 'b', next_attempt_at, created_at
         FROM mails WHERE kind = 'join_confirmed' LIMIT 1",
        "UPDATE mails SET locale = 'fr' WHERE length(dedupe_key) > 1",
    ] {
        scene.sql(data).await;
    }
    scene.send();
    eventually("the one that can be read", async || (scene.count("sent").await == 1).then_some(())).await;
    eventually("a try of the unreadable one", async || {
        let tried = "SELECT count(*) FROM mails WHERE dedupe_key = 'b' AND attempts = 1 AND status = 'queued'";
        (scene.number(tried).await == 1).then_some(())
    })
    .await;
    assert_eq!(
        scene.number("SELECT attempts::bigint FROM mails WHERE dedupe_key = 'a'").await,
        0,
        "left to who knows it"
    );
}

#[tokio::test]
async fn in_a_rush_what_the_screen_said_already_is_mailed_half_a_minute_later() {
    let scene = silent_scene(None).await;
    let _rush: Vec<_> = (0..64).map(|_| scene.rush.wait()).collect();
    place(&scene).await;
    scene.deliver(&verification()).await;
    scene.job("send").await;
    assert_eq!((scene.count("sent").await, scene.count("queued").await), (1, 1), "whoever waits for a link gets it");
    scene.clock.advance(TimeDelta::seconds(30));
    scene.job("send").await;
    scene.mail(2, "You're in").await;
}

#[tokio::test]
async fn whoever_waits_for_a_link_does_not_stand_behind_a_drop() {
    let scene = silent_scene(None).await;
    let (event, _) = place(&scene).await;
    for n in 0..30 {
        let person = scene.person(&format!("person{n}"), Locale::En).await;
        scene.deliver(&confirmed(event.id, person)).await;
    }
    scene.clock.advance(TimeDelta::seconds(1));
    scene.deliver(&verification()).await;
    scene.job("send").await;
    let sent: Vec<String> =
        sqlx::query_scalar("SELECT kind FROM mails WHERE status = 'sent' ORDER BY xmin::text::bigint, kind DESC")
            .fetch_all(&scene.pool)
            .await
            .unwrap();
    assert_eq!((sent.len(), sent[0].as_str()), (32, "verification"), "with the first few, though it came last");
}
