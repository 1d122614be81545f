//! Requests, offers, tickets, and the ends of joins.

use chrono::TimeDelta;
use contracts::{
    UserId,
    auth::Locale,
    events::EventSnapshot,
    joins::{EndReason, JoinConfirmed, JoinEnded, JoinRequested, PlacesOpen, ReconfirmationAsked},
};
use testkit::{eventually, noon};

use crate::support::{
    by_approval, confirmed, ended, entry, event, moved, offered, promoted, requested, scene, silent_scene, text,
    waitlisted,
};

#[tokio::test]
async fn a_request_is_told_without_the_exact_address() {
    let scene = scene(None).await;
    let (event, ada) = (by_approval(), scene.person("ada", Locale::En).await);
    scene.publish(&event).await;
    let asks = requested(event.id, ada);
    scene.deliver(&asks).await;
    let mail = scene.mail(1, "We've asked the organiser: Lanterns").await;
    assert_eq!(mail["to"], "ada@example.org");
    assert!(text(&mail).contains("Kiezverein decides who comes to this event"), "{mail}");
    assert!(text(&mail).contains("Canal bridge, Berlin") && !mail.to_string().contains("Uferweg"), "{mail}");
    assert_eq!(entry(&mail), None);
    assert_eq!(scene.standing(event.id, ada).await, "pending");
    // With a place, it is told.
    scene.deliver(&JoinConfirmed { join_id: asks.join_id, ..confirmed(event.id, ada) }).await;
    let mail = scene.mail(2, "You're in: ").await;
    assert!(text(&mail).contains("Canal bridge, Uferweg 1, Berlin"), "{mail}");
    assert!(entry(&mail).unwrap().contains("LOCATION:Canal bridge\\, Uferweg 1\\, Berlin"), "{mail}");
}

#[tokio::test]
async fn who_waits_for_approval_is_not_told_the_exact_address_in_the_line_either() {
    let scene = scene(None).await;
    let (event, ada) = (by_approval(), scene.person("ada", Locale::En).await);
    scene.publish(&event).await;
    scene.deliver(&waitlisted(event.id, ada, 2)).await;
    let mail = scene.mail(1, "You're in line: ").await;
    assert!(text(&mail).contains("Canal bridge, Berlin") && !mail.to_string().contains("Uferweg"), "{mail}");
}

#[tokio::test]
async fn an_offer_says_until_when_and_leads_to_the_event() {
    let scene = scene(None).await;
    let (event, ada) = (event(), scene.person("ada", Locale::De).await);
    scene.publish(&event).await;
    scene.deliver(&offered(event.id, ada)).await;
    let mail = scene.mail(1, "Ein Platz gehört dir bis 18:40 Uhr: Lanterns").await;
    assert!(text(&mail).contains("Bis 18:40 Uhr (Europe/Berlin) halten wir einen Platz für dich frei"), "{mail}");
    let page = format!("http://localhost:8080/events/{}/lanterns", event.id);
    assert!(text(&mail).contains(&page), "{mail}");
    assert_eq!(entry(&mail), None);
    assert_eq!(scene.standing(event.id, ada).await, "offered");
}

#[tokio::test]
async fn an_offer_that_is_over_is_not_sent() {
    let scene = silent_scene(None).await;
    let (event, ada) = (event(), scene.person("ada", Locale::En).await);
    scene.publish(&event).await;
    scene.deliver(&offered(event.id, ada)).await;
    scene.clock.advance(TimeDelta::minutes(280));
    scene.send();
    scene.until("dropped", 0).await;
    assert_eq!(scene.files(), Vec::<String>::new());
}

#[tokio::test]
async fn a_place_comes_with_its_ticket() {
    let scene = scene(None).await;
    let (event, ada) = (event(), scene.person("ada", Locale::En).await);
    scene.publish(&event).await;
    let ticket = Some("the-signed-ticket".to_owned());
    scene.deliver(&JoinConfirmed { ticket, ..confirmed(event.id, ada) }).await;
    let mail = scene.mail(1, "You're in: ").await;
    let page = format!("http://localhost:8080/events/{}/ticket", event.id);
    assert!(text(&mail).contains(&format!("Your ticket:\n{page}\n")), "{mail}");
    let html = mail["html"].as_str().unwrap();
    let id = html.split("src=\"cid:").nth(1).unwrap().split('"').next().unwrap();
    assert!(html.contains(&format!("href=\"{page}\"")), "{html}");
    let attached: Vec<_> = mail["attachments"].as_array().unwrap().iter().map(|it| it["name"].clone()).collect();
    assert_eq!(attached, ["event.ics", "ticket.png"]);
    assert_eq!(mail["attachments"][1]["content_type"], "image/png");
    // The same picture twice: with the text, and as a file.
    let file = &scene.files()[0];
    let raw = std::fs::read_to_string(scene.mail_dir.join(format!("{file}.eml"))).unwrap();
    assert!(raw.contains(&format!("Content-ID: <{id}>\r\nContent-Disposition: inline")), "{raw}");
    let mut kinds = Vec::new();
    for line in raw.lines().filter(|line| line.starts_with("Content-Type:")) {
        kinds.push(line.split([' ', ';']).nth(1).unwrap());
    }
    assert_eq!(
        kinds,
        [
            "multipart/mixed",
            "multipart/alternative",
            "text/plain",
            "multipart/related",
            "text/html",
            "image/png",
            "text/calendar",
            "text/calendar",
            "image/png"
        ]
    );
    // PNG, in Base64.
    assert_eq!(raw.matches("\r\niVBORw0KGgo").count(), 2, "{raw}");
    // The mailbox shows it, and what the ticket says is forgotten once it is out.
    let shown = scene.client.get(&format!("/internal/notify/mails/{file}/html")).await.expect(200);
    assert!(String::from_utf8(shown.body).unwrap().contains("src=\"data:image/png;base64,iVBORw0KGgo"));
    assert_eq!(scene.number("SELECT count(*) FROM mails WHERE data::text LIKE '%signed%'").await, 0);
}

#[tokio::test]
async fn who_owes_answers_is_told_by_when() {
    let scene = scene(None).await;
    let (event, ada) = (event(), scene.person("ada", Locale::En).await);
    scene.publish(&event).await;
    let waits = waitlisted(event.id, ada, 1);
    scene.deliver(&waits).await;
    scene.mails(1).await;
    let answers_due = Some(noon() + TimeDelta::hours(24));
    scene.deliver(&JoinConfirmed { answers_due, ..promoted(&waits) }).await;
    let mail = scene.mail(2, "You're in: ").await;
    let words = "Kiezverein still needs answers from you: give them on the event's page by Tuesday, 9 June, 14:00 (Europe/Berlin).";
    assert!(text(&mail).contains(words), "{mail}");
    let page = format!("http://localhost:8080/events/{}/lanterns", event.id);
    assert!(text(&mail).contains(&format!("Answer the questions:\n{page}\n")), "{mail}");
}

/// The beginning of the subject, and a sentence.
type Notice = Option<(&'static str, &'static str)>;

/// Who, why, whether they had a place, and what they are told.
const ENDS: [(&str, EndReason, bool, Notice); 10] = [
    ("left", EndReason::Left, true, None),
    ("declined", EndReason::Declined, false, None),
    ("absent", EndReason::NoShow, true, None),
    ("gone", EndReason::AccountDeleted, true, None),
    ("late", EndReason::OfferLapsed, false, Some(("The offer has lapsed: ", "join again on the event's page"))),
    (
        "refused",
        EndReason::Rejected,
        false,
        Some(("No place for you this time: ", "The organiser could not give you a place.")),
    ),
    (
        "removed",
        EndReason::Removed,
        true,
        Some(("You are off the list: ", "The organiser has taken you off the list.")),
    ),
    ("banned", EndReason::Banned, true, Some(("You are off the list: ", "The organiser has taken you off the list."))),
    (
        "silent",
        EndReason::NotReconfirmed,
        true,
        Some(("Your place was released: ", "Your place was released, because we heard nothing.")),
    ),
    (
        "owing",
        EndReason::AnswersMissing,
        true,
        Some(("Your place was released: ", "Your place was released, because answers were missing.")),
    ),
];

#[tokio::test]
async fn each_end_is_told_to_those_who_have_to_know() {
    let scene = scene(None).await;
    let event = event();
    scene.publish(&event).await;
    for (name, reason, had_place, _) in ENDS {
        let place = confirmed(event.id, scene.person(name, Locale::En).await);
        if had_place {
            scene.deliver(&place).await;
        } else {
            scene.deliver(&JoinRequested { join_id: place.join_id, ..requested(event.id, place.user_id) }).await;
        }
        let words = Some("Please <call> me.".to_owned());
        scene.deliver(&JoinEnded { was_confirmed: had_place, words, ..ended(&place, reason) }).await;
        assert_eq!(scene.standing(event.id, place.user_id).await, "ended");
    }
    let told = ENDS.iter().filter(|(.., notice)| notice.is_some()).count();
    let mails = scene.mails(ENDS.len() + told).await;
    for (name, reason, had_place, notice) in ENDS {
        let begins = |mail: &&serde_json::Value, with: &str| mail["subject"].as_str().unwrap().starts_with(with);
        let mut theirs: Vec<_> = mails.iter().filter(|it| it["to"] == format!("{name}@example.org")).collect();
        theirs.retain(|it| !begins(it, "You're in: ") && !begins(it, "We've asked"));
        let Some((subject, sentence)) = notice else {
            assert_eq!(theirs.len(), 0, "{name}");
            continue;
        };
        let mail = theirs.remove(0);
        assert!(begins(&mail, subject) && text(mail).contains(sentence), "{name}: {mail}");
        // What the organiser says is said by the organiser only.
        let speaks = matches!(reason, EndReason::Rejected | EndReason::Removed | EndReason::Banned);
        assert_eq!(text(mail).contains("Kiezverein writes: “Please <call> me.”"), speaks, "{mail}");
        assert_eq!(mail["html"].as_str().unwrap().contains("Please &lt;call&gt; me."), speaks, "{mail}");
        // The entry that came with the place is taken out of the calendar.
        let Some(entry) = entry(mail) else {
            assert!(!had_place, "{name} has the event in the calendar");
            continue;
        };
        assert!(had_place, "{name} had no entry");
        for line in ["METHOD:CANCEL", "STATUS:CANCELLED", "SEQUENCE:4", &format!("UID:{}@cityevents", event.id)] {
            assert!(entry.contains(&format!("{line}\r\n")), "{line} is missing in {entry}");
        }
    }
    // A ban is told in the same words as a removal.
    let of = |name: &str| {
        let to = format!("{name}@example.org");
        let mail = mails.iter().find(|it| it["to"] == to && it["subject"].as_str().unwrap().starts_with("You are off"));
        text(mail.unwrap()).replace(name, "x")
    };
    assert_eq!(of("banned"), of("removed"));
}

#[tokio::test]
async fn an_entry_that_is_given_again_is_newer_than_what_the_calendar_has() {
    let scene = scene(None).await;
    let (event, ada) = (event(), scene.person("ada", Locale::En).await);
    scene.publish(&event).await;
    let mut sent = 0;
    let mut sequence = async |subject: &str, method: &str| {
        sent += 1;
        let mails = scene.mails(sent).await;
        let mail = mails.last().unwrap();
        assert!(mail["subject"].as_str().unwrap().starts_with(subject), "{mail}");
        let entry = entry(mail).unwrap();
        assert!(entry.contains(&format!("METHOD:{method}\r\n")), "{entry}");
        scene.clock.advance(TimeDelta::seconds(1));
        let line = entry.lines().find(|line| line.starts_with("SEQUENCE:")).unwrap();
        line["SEQUENCE:".len()..].parse::<i64>().unwrap()
    };
    // The event's version is 3.
    let place = confirmed(event.id, ada);
    scene.deliver(&place).await;
    assert_eq!(sequence("You're in: ", "PUBLISH").await, 3);
    // Who leaves does so without a mail, and comes back to the same entry.
    scene.deliver(&ended(&place, EndReason::Left)).await;
    let place = confirmed(event.id, ada);
    scene.deliver(&place).await;
    assert_eq!(sequence("You're in: ", "PUBLISH").await, 3);
    scene.deliver(&ended(&place, EndReason::Removed)).await;
    assert_eq!(sequence("You are off", "CANCEL").await, 4);
    let place = confirmed(event.id, ada);
    scene.deliver(&place).await;
    assert_eq!(sequence("You're in: ", "PUBLISH").await, 5);
    scene.deliver(&moved(&event)).await;
    assert_eq!(sequence("New time", "PUBLISH").await, 6);
    scene.deliver(&ended(&place, EndReason::NotReconfirmed)).await;
    assert_eq!(sequence("Your place was released", "CANCEL").await, 7);
}

#[tokio::test]
async fn who_is_asked_whether_they_come_has_until_the_deadline() {
    let scene = scene(None).await;
    let (event, ada) = (event(), scene.person("ada", Locale::En).await);
    scene.publish(&event).await;
    let place = confirmed(event.id, ada);
    scene.deliver(&place).await;
    scene.clock.advance(TimeDelta::days(365));
    let asked = |place: &JoinConfirmed, answer_by: &str| ReconfirmationAsked {
        join_id: place.join_id,
        event_id: place.event_id,
        user_id: place.user_id,
        answer_by: answer_by.parse().unwrap(),
    };
    scene.deliver(&asked(&place, "2027-06-11T16:00:00Z")).await;
    let mail = scene.mail(2, "Still coming on Saturday? Lanterns").await;
    assert!(text(&mail).contains("on the event's page by Friday, 11 June, 18:00 (Europe/Berlin)"), "{mail}");
    let page = format!("http://localhost:8080/events/{}/lanterns", event.id);
    assert!(text(&mail).contains(&format!("Keep your place or give it up:\n{page}\n")), "{mail}");
    assert_eq!(entry(&mail), None);
    // Nobody is asked too late, or without a place.
    scene.deliver(&asked(&place, "2027-06-08T12:00:00Z")).await;
    scene.deliver(&asked(&confirmed(event.id, ada), "2027-06-11T16:00:00Z")).await;
    eventually("the drops", async || (scene.count("dropped").await == 2).then_some(())).await;
    scene.mails(2).await;
}

#[tokio::test]
async fn free_places_are_told_to_the_line_once_an_hour() {
    let scene = silent_scene(None).await;
    let (event, other) = (event(), event());
    scene.publish(&event).await;
    scene.publish(&other).await;
    let (ada, ben) = (scene.person("ada", Locale::En).await, scene.person("ben", Locale::En).await);
    let (cem, dora) = (scene.person("cem", Locale::En).await, scene.person("dora", Locale::En).await);
    scene.deliver(&waitlisted(event.id, ada, 1)).await;
    scene.deliver(&waitlisted(other.id, ada, 1)).await;
    scene.deliver(&waitlisted(event.id, ben, 2)).await;
    scene.deliver(&confirmed(event.id, cem)).await;
    scene.deliver(&offered(event.id, dora)).await;
    let open = |event: &EventSnapshot, waiting: &[UserId]| PlacesOpen {
        event_id: event.id,
        free: 2,
        waiting: waiting.to_vec(),
        decided_at: noon(),
    };
    let told = async || {
        let mut told = scene.queue().await;
        told.retain(|(kind, _)| kind == "places_open");
        told.into_iter().map(|(_, name)| name).collect::<Vec<_>>()
    };
    // Whoever has a place, or an offer, by now has no need of it; and nobody is told who was not named.
    scene.deliver(&open(&event, &[ada, cem, dora])).await;
    assert_eq!(told().await, ["ada"]);
    scene.clock.advance(TimeDelta::minutes(59));
    scene.deliver(&open(&event, &[ada, ben])).await;
    assert_eq!(told().await, ["ada", "ben"]);
    // Another event is another matter.
    scene.deliver(&open(&other, &[ada])).await;
    assert_eq!(told().await, ["ada", "ada", "ben"]);
    scene.clock.advance(TimeDelta::minutes(1));
    scene.deliver(&open(&event, &[ada, ben])).await;
    assert_eq!(told().await, ["ada", "ada", "ada", "ben"]);
    scene.send();
    let mails = scene.mails(9).await;
    let mail = mails.last().unwrap();
    assert!(mail["subject"].as_str().unwrap().starts_with("Places are free, first come, first served: "), "{mail}");
    assert!(text(mail).contains("2 places at this event are free as we write this"), "{mail}");
}

#[tokio::test]
async fn free_places_are_not_told_once_the_event_has_begun() {
    let scene = silent_scene(None).await;
    let (event, ada) = (event(), scene.person("ada", Locale::En).await);
    scene.publish(&event).await;
    scene.deliver(&waitlisted(event.id, ada, 1)).await;
    let waiting = vec![ada];
    scene.deliver(&PlacesOpen { event_id: event.id, free: 1, waiting, decided_at: noon() }).await;
    scene.clock.advance(event.starts_at - noon());
    scene.send();
    let mails = scene.mails(1).await;
    assert!(mails[0]["subject"].as_str().unwrap().starts_with("You're in line: "), "{mails:?}");
    assert_eq!(scene.count("dropped").await, 1);
}
