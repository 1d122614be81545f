//! What organisers write.

use contracts::{
    EventId, UserId,
    auth::Locale,
    joins::{EndReason, MessageToParticipants},
};
use testkit::{eventually, noon};

use crate::support::{Scene, confirmed, ended, entry, event, requested, scene, silent_scene, text, user, waitlisted};

fn message(event_id: EventId, from_user: UserId, to: &[UserId]) -> MessageToParticipants {
    MessageToParticipants {
        event_id,
        from_user,
        subject: "Bring a torch\r\nBcc: all@example.org".to_owned(),
        text: "Dear all,\r\n\r\nit gets <b>dark</b>.\r\nReally.".to_owned(),
        to: to.to_vec(),
        decided_at: noon(),
    }
}

/// A mail as it was sent, whose lines are whole.
fn raw(scene: &Scene, subject: &str) -> String {
    let mut mails = scene.files().into_iter().map(|file| {
        let text = std::fs::read_to_string(scene.mail_dir.join(format!("{file}.eml"))).unwrap();
        text.replace("\r\n ", " ")
    });
    mails.find(|it| it.contains(&format!("Subject: {subject}"))).unwrap()
}

#[tokio::test]
async fn an_organisers_message_reaches_those_who_are_in_and_answers_reach_the_organiser() {
    let scene = scene(None).await;
    let (event, olga) = (event(), scene.person("olga", Locale::En).await);
    scene.publish(&event).await;
    let (ada, ben) = (scene.person("ada", Locale::En).await, scene.person("ben", Locale::En).await);
    let (cem, eve) = (scene.person("cem", Locale::En).await, scene.person("eve", Locale::De).await);
    let left = confirmed(event.id, cem);
    scene.deliver(&confirmed(event.id, ada)).await;
    scene.deliver(&waitlisted(event.id, ben, 1)).await;
    scene.deliver(&left).await;
    scene.deliver(&requested(event.id, eve)).await;
    scene.deliver(&ended(&left, EndReason::Left)).await;
    // Not to who has left, and not to who never was there.
    scene.deliver(&message(event.id, olga, &[ada, cem, olga, eve])).await;
    let mails = scene.mails(6).await;
    let subject = format!("[{}] Bring a torch Bcc: all@example.org", event.title);
    let mut theirs: Vec<_> = mails.iter().filter(|it| it["subject"] == subject).collect();
    theirs.sort_by_key(|it| it["to"].to_string());
    assert_eq!(
        theirs.iter().map(|it| it["to"].as_str().unwrap()).collect::<Vec<_>>(),
        ["ada@example.org", "eve@example.org"]
    );
    let (mail, german) = (theirs[0], theirs[1]);
    assert!(text(mail).contains("\n\nDear all,\n\nit gets <b>dark</b>.\nReally.\n\n"), "{mail}");
    let html = mail["html"].as_str().unwrap();
    assert!(html.contains("it gets &lt;b&gt;dark&lt;&#x2f;b&gt;.\nReally.") && !html.contains("<b>dark"), "{html}");
    let why = "olga wrote this. You get it because you have a place at this event. If you answer, olga gets it.";
    assert!(text(mail).contains(why), "{mail}");
    assert!(text(german).contains("weil du um einen Platz bei dieser Veranstaltung gebeten hast."), "{german}");
    assert_eq!(entry(mail), None);
    let raw = raw(&scene, "[");
    assert!(raw.contains("\r\nReply-To: olga <olga@example.org>\r\n"), "{raw}");
    assert!(!raw.contains("\r\nBcc:"), "{raw}");
    assert_eq!(scene.number("SELECT count(*) FROM mails WHERE data::text LIKE '%dark%'").await, 0, "it is forgotten");
}

#[tokio::test]
async fn an_organiser_who_is_not_known_has_no_address_for_answers() {
    let scene = silent_scene(None).await;
    let (event, olga) = (event(), UserId::new(noon()));
    scene.publish(&event).await;
    let ada = scene.person("ada", Locale::En).await;
    scene.deliver(&confirmed(event.id, ada)).await;
    scene.deliver(&message(event.id, olga, &[ada])).await;
    scene.send();
    scene.mails(2).await;
    let mail = raw(&scene, "[");
    assert!(!mail.contains("Reply-To"), "{mail}");
    assert!(mail.contains("Kiezverein wrote this. You get it because you have a place at this event."), "{mail}");
}

#[tokio::test]
async fn an_organisers_message_is_not_sent_to_who_has_left_by_then() {
    let scene = silent_scene(None).await;
    let (event, olga) = (event(), UserId::new(noon()));
    scene.publish(&event).await;
    scene.deliver(&user(olga, "olga", Locale::En)).await;
    let ada = scene.person("ada", Locale::En).await;
    let place = confirmed(event.id, ada);
    scene.deliver(&place).await;
    scene.deliver(&message(event.id, olga, &[ada])).await;
    scene.deliver(&ended(&place, EndReason::Left)).await;
    scene.send();
    eventually("the drop", async || (scene.count("dropped").await == 1).then_some(())).await;
    let mails = scene.mails(1).await;
    assert!(mails[0]["subject"].as_str().unwrap().starts_with("You're in: "));
}
