//! Which message makes which mail.

use chrono::TimeDelta;
use contracts::{
    UserId,
    auth::{
        AccountNotice, Locale, MailedToken, Notice, PasswordResetRequested, QuickJoinRequested, VerificationRequested,
    },
    events::{EventSnapshot, EventStatus, EventUnpublished},
    joins::{EndReason, JoinOffered},
};
use testkit::{eventually, noon};

use crate::support::{
    by_approval, cancelled, confirmed, ended, entry, event, moved, offered, promoted, requested, scene, silent_scene,
    text, waitlisted,
};

#[tokio::test]
async fn a_link_is_mailed_in_the_persons_language_and_forgotten() {
    let scene = scene(None).await;
    for (name, address, locale) in [("ada", "ada@example.org", Locale::En), ("jörg", "joerg@example.org", Locale::De)]
    {
        let payload = VerificationRequested {
            user_id: UserId::new(noon()),
            email: address.to_owned(),
            display_name: name.to_owned(),
            locale,
            token: MailedToken("secret-token".to_owned()),
            expires_at: noon() + TimeDelta::hours(48),
        };
        scene.deliver(&payload).await;
    }
    let mails = scene.mails(2).await;
    let by = |to: &str| mails.iter().find(|mail| mail["to"] == to).unwrap();
    let ada = by("ada@example.org");
    assert_eq!(ada["subject"], "Confirm your address");
    let link = "http://localhost:8080/verify-email?token=secret-token";
    assert!(ada["text"].as_str().unwrap().contains(link));
    assert!(ada["html"].as_str().unwrap().contains(&format!("href=\"{link}\"")));
    assert_eq!(by("joerg@example.org")["subject"], "Bestätige deine Adresse");
    assert!(by("joerg@example.org")["text"].as_str().unwrap().contains("Hallo jörg,"));
    let left = scene.number("SELECT count(*) FROM mails WHERE data::text LIKE '%secret-token%'").await;
    assert_eq!(left, 0, "the token is forgotten once it is out");
}

#[tokio::test]
async fn accounts_are_told_of_resets_changes_and_attempts() {
    let scene = scene(None).await;
    let (user_id, email, locale) = (UserId::new(noon()), "ada@example.org".to_owned(), Locale::En);
    let reset = PasswordResetRequested {
        user_id,
        email: email.clone(),
        display_name: "Ada".to_owned(),
        locale,
        token: MailedToken("t".to_owned()),
        expires_at: noon() + TimeDelta::hours(1),
    };
    scene.deliver(&reset).await;
    for notice in [Notice::PasswordChanged, Notice::RegistrationAttempted] {
        scene.clock.advance(TimeDelta::seconds(1));
        let notice = AccountNotice { user_id, email: email.clone(), display_name: "Ada".to_owned(), locale, notice };
        scene.deliver(&notice).await;
    }
    let subjects: Vec<_> = scene.mails(3).await.into_iter().map(|mail| mail["subject"].clone()).collect();
    assert_eq!(subjects, ["Choose a new password", "Your password was changed", "You already have an account"]);
}

#[tokio::test]
async fn who_has_no_account_yet_confirms_a_place_by_a_link() {
    let scene = scene(None).await;
    let event = event();
    let asked = |locale, hours| QuickJoinRequested {
        user_id: UserId::new(noon()),
        email: "ada@example.org".to_owned(),
        display_name: "Ada".to_owned(),
        locale,
        token: MailedToken("secret-token".to_owned()),
        expires_at: noon() + TimeDelta::hours(hours),
        event_id: event.id,
    };
    scene.deliver(&asked(Locale::En, 1)).await;
    assert_eq!(scene.statuses().await, [], "it waits for the event");
    scene.publish(&event).await;
    scene.deliver_what_waits().await;
    let mail = scene.mail(1, "Confirm your place at Lanterns").await;
    assert_eq!(mail["to"], "ada@example.org");
    let link = "http://localhost:8080/quick-join?token=secret-token";
    assert!(text(&mail).contains(link) && text(&mail).contains("The link works once, for 1 hour."), "{mail}");
    assert!(mail["html"].as_str().unwrap().contains(&format!("href=\"{link}\"")), "{mail}");
    assert_eq!(entry(&mail), None);
    assert_eq!(scene.number("SELECT count(*) FROM mails WHERE data::text LIKE '%secret%'").await, 0);
    scene.deliver(&asked(Locale::De, 1)).await;
    assert!(
        text(&scene.mail(2, "Bestätige deinen Platz: Lanterns").await).contains("Der Link gilt einmal, 1 Stunde lang.")
    );
    // Late, or for what does not take place, it is of no use.
    scene.deliver(&asked(Locale::En, 0)).await;
    scene.deliver(&cancelled(&event, "Storm")).await;
    scene.deliver(&asked(Locale::En, 1)).await;
    eventually("the drops", async || (scene.count("dropped").await == 2).then_some(())).await;
    assert_eq!(scene.mails(2).await.len(), 2);
}

#[tokio::test]
async fn a_place_comes_with_a_calendar_entry() {
    let scene = scene(None).await;
    let (event, ada) = (event(), scene.person("ada", Locale::En).await);
    scene.publish(&event).await;
    scene.deliver(&confirmed(event.id, ada)).await;
    let mail = scene.mails(1).await.remove(0);
    assert_eq!(mail["subject"], format!("You're in: {}", event.title));
    assert!(!mail["html"].as_str().unwrap().contains("<script>"), "titles are escaped in HTML");
    let text = mail["text"].as_str().unwrap();
    assert!(text.contains("Saturday, 12 June 2027, 18:00–20:00 (Europe/Berlin)"), "{text}");
    assert!(text.contains("Canal bridge, Uferweg 1, Berlin"), "{text}");
    assert!(text.contains(&format!("http://localhost:8080/events/{}", event.id)), "{text}");
    let attachments = mail["attachments"].as_array().unwrap();
    assert_eq!(attachments.len(), 1);
    assert_eq!(attachments[0]["name"], "event.ics");
    assert_eq!(attachments[0]["content_type"], "text/calendar");
    let entry = attachments[0]["text"].as_str().unwrap().replace("\r\n ", "");
    assert!(entry.contains("METHOD:PUBLISH") && entry.contains(&format!("UID:{}@cityevents", event.id)), "{entry}");
}

#[tokio::test]
async fn the_line_promotion_change_and_cancellation_are_told() {
    let scene = scene(None).await;
    let (event, ada) = (event(), scene.person("ada", Locale::En).await);
    scene.publish(&event).await;
    let waiting = waitlisted(event.id, ada, 4);
    scene.deliver(&waiting).await;
    let first = scene.mails(1).await.remove(0);
    assert!(first["text"].as_str().unwrap().contains("number 4 in line"));
    assert_eq!(first["attachments"], serde_json::json!([]));

    scene.clock.advance(TimeDelta::seconds(1));
    let place = promoted(&waiting);
    scene.deliver(&place).await;
    assert!(scene.mails(2).await[1]["text"].as_str().unwrap().contains("A place came free."));

    scene.clock.advance(TimeDelta::seconds(1));
    let change = moved(&event);
    scene.deliver(&change).await;
    let mails = scene.mails(3).await;
    let text = mails[2]["text"].as_str().unwrap();
    assert!(text.contains("18:00–20:00") && text.contains("19:00–20:00"), "{text}");
    let page = format!("http://localhost:8080/events/{}/lanterns", event.id);
    assert!(text.contains(&format!("Keep your place or give it up:\n{page}\n")), "{text}");
    assert!(mails[2]["attachments"].to_string().contains("SEQUENCE:4"));

    scene.clock.advance(TimeDelta::seconds(1));
    scene.deliver(&cancelled(&change.event, "Storm")).await;
    scene.deliver(&ended(&place, EndReason::EventCancelled)).await;
    let mails = scene.mails(4).await;
    assert!(mails[3]["text"].as_str().unwrap().contains("Kiezverein writes: “Storm”"));
    let entry = mails[3]["attachments"].to_string();
    assert!(entry.contains("METHOD:CANCEL") && entry.contains("SEQUENCE:5"), "{entry}");
    assert!(entry.contains(&format!("UID:{}@cityevents", event.id)), "{entry}");
}

#[tokio::test]
async fn a_change_is_told_to_who_is_in_and_who_waits_but_not_to_who_has_left() {
    let scene = scene(None).await;
    let event = event();
    scene.publish(&event).await;
    let [ada, ben, eve] = ["ada", "ben", "eve"].map(|name| scene.person(name, Locale::En));
    let (ada, ben, eve) = (ada.await, ben.await, eve.await);
    let left = confirmed(event.id, eve);
    scene.deliver(&confirmed(event.id, ada)).await;
    scene.deliver(&waitlisted(event.id, ben, 1)).await;
    scene.deliver(&left).await;
    scene.deliver(&ended(&left, EndReason::Left)).await;
    scene.mails(3).await;
    scene.clock.advance(TimeDelta::seconds(1));
    scene.deliver(&moved(&event)).await;
    let mails = scene.mails(5).await;
    let told: Vec<_> = mails.iter().filter(|mail| mail["subject"].as_str().unwrap().starts_with("New time")).collect();
    let by = |to: &str| told.iter().find(|mail| mail["to"] == to).unwrap();
    assert_eq!(by("ada@example.org")["attachments"].as_array().unwrap().len(), 1);
    assert_eq!(by("ben@example.org")["attachments"], serde_json::json!([]), "who waits gets no entry");
    assert!(by("ben@example.org")["text"].as_str().unwrap().contains("You keep your place in line."));
}

#[tokio::test]
async fn a_change_of_an_address_is_told_to_those_who_may_know_it() {
    let scene = scene(None).await;
    let event = by_approval();
    scene.publish(&event).await;
    let (ada, ben) = (scene.person("ada", Locale::En).await, scene.person("ben", Locale::En).await);
    scene.deliver(&confirmed(event.id, ada)).await;
    scene.deliver(&requested(event.id, ben)).await;
    scene.mails(2).await;
    let mut change = moved(&event);
    (change.event.starts_at, change.event.starts_at_local) = (event.starts_at, event.starts_at_local);
    change.event.venue.address = Some("Uferweg 99".to_owned());
    scene.deliver(&change).await;
    let mail = scene.mail(3, "New place: ").await;
    assert_eq!(mail["to"], "ada@example.org");
    assert!(text(&mail).contains("Where: Canal bridge, Uferweg 1\n→ Canal bridge, Uferweg 99\n"), "{mail}");
    // Of time, everybody is told, and of the place as much as they may know.
    let mut again = moved(&change.event);
    again.event.venue.name = "Old harbour".to_owned();
    scene.deliver(&again).await;
    let mails = scene.mails(5).await;
    let to_ben = mails.iter().find(|it| it["to"] == "ben@example.org" && text(it).contains("Old harbour")).unwrap();
    assert!(text(to_ben).contains("Where: Canal bridge\n→ Old harbour\n"), "{to_ben}");
    assert!(text(to_ben).contains("Your request stays with the organiser.") && !to_ben.to_string().contains("Uferweg"));
    assert_eq!(entry(to_ben), None);
}

#[tokio::test]
async fn a_change_that_matters_to_nobody_is_not_told() {
    let scene = silent_scene(None).await;
    let (event, ada) = (event(), scene.person("ada", Locale::En).await);
    scene.publish(&event).await;
    scene.deliver(&confirmed(event.id, ada)).await;
    let mut change = moved(&event);
    change.before = None;
    scene.deliver(&change).await;
    assert_eq!(scene.number("SELECT count(*) FROM mails").await, 1);
    assert_eq!(scene.number("SELECT version FROM events").await, 4);
}

#[tokio::test]
async fn ten_thousand_are_told_by_one_statement() {
    let scene = silent_scene(None).await;
    let event = event();
    scene.publish(&event).await;
    scene
        .sql(
            "INSERT INTO recipients (user_id, email, display_name, locale)
              SELECT gen_random_uuid(), n || '@example.org', 'No. ' || n, 'de' FROM generate_series(1, 10000) n",
        )
        .await;
    sqlx::query(
        "INSERT INTO attendances (event_id, user_id, join_id, status)
         SELECT $1, user_id, gen_random_uuid(), 'confirmed' FROM recipients",
    )
    .bind(event.id)
    .execute(&scene.pool)
    .await
    .unwrap();
    scene.deliver(&moved(&event)).await;
    assert_eq!(scene.number("SELECT count(DISTINCT user_id) FROM mails WHERE kind = 'event_changed'").await, 10_000);
    // All of one transaction: had there been one for each, their times would differ.
    assert_eq!(scene.number("SELECT count(DISTINCT xmin::text) FROM mails").await, 1);
}

/// Anybody can ask for a link to any event in anybody's name.
#[tokio::test]
async fn a_link_to_an_event_that_does_not_exist_holds_nobodys_mails_back() {
    let scene = scene(None).await;
    let (event, ada) = (event(), UserId::new(noon()));
    let asked = QuickJoinRequested {
        user_id: ada,
        email: "ada@example.org".to_owned(),
        display_name: "Ada".to_owned(),
        locale: Locale::En,
        token: MailedToken("secret-token".to_owned()),
        expires_at: noon() + TimeDelta::hours(1),
        event_id: event.id,
    };
    scene.deliver(&asked).await;
    assert_eq!(scene.number("SELECT count(*) FROM bus.deliveries").await, 1, "the event may be on its way");
    scene.sql("UPDATE bus.deliveries SET occurred_at = '2020-01-01'").await;
    scene.deliver_what_waits().await;
    assert_eq!(scene.number("SELECT count(*) FROM bus.deliveries").await, 0);
    // Nor does anybody hear of one that is not public any more.
    scene.publish(&event).await;
    let hidden = EventSnapshot { status: EventStatus::Draft, version: event.version + 1, ..event };
    scene.deliver(&EventUnpublished { event: hidden }).await;
    scene.deliver(&asked).await;
    assert_eq!(scene.number("SELECT count(*) FROM bus.deliveries").await, 0);
    assert_eq!(scene.number("SELECT count(*) FROM mails WHERE kind = 'quick_join'").await, 0);
}

#[tokio::test]
async fn an_offer_that_is_made_again_is_told_again() {
    let scene = scene(None).await;
    let (event, ada) = (event(), scene.person("ada", Locale::En).await);
    scene.publish(&event).await;
    let offer = offered(event.id, ada);
    scene.deliver(&offer).await;
    scene.deliver(&JoinOffered { offered_until: offer.offered_until + TimeDelta::hours(3), ..offer }).await;
    assert_eq!(scene.mails(2).await.len(), 2);
}
