//! Every mail in both languages. `UPDATE_GOLDEN=1 cargo nextest run -p notify` writes the expected texts anew, to be read before they
//! are committed.

use std::{fs, path::Path};

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{EventId, auth::MailedToken};
use uuid::Uuid;

use super::*;
use crate::domain::{Details, KnownEvent, Ticket, time_and_place};

fn made() -> DateTime<Utc> {
    "2027-05-01T10:00:00Z".parse().unwrap()
}

fn event() -> EventSnapshot {
    EventSnapshot {
        id: EventId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001)),
        version: 4,
        organiser_name: "Kiezverein Uferweg".to_owned(),
        title: "Lantern walk & songs by the canal".to_owned(),
        ..testkit::snapshot()
    }
}

fn letter(kind: Kind, locale: Locale) -> Letter {
    let about_a_place =
        !matches!(kind, Kind::Verification | Kind::PasswordReset | Kind::PasswordChanged | Kind::RegistrationAttempted);
    let mut snapshot = event();
    let mut details = Details::default();
    let mut expires_at = None;
    match kind {
        Kind::Verification | Kind::PasswordReset | Kind::QuickJoin => {
            details.token = Some(MailedToken("a-Token_1".to_owned()));
            expires_at = Some(made() + TimeDelta::hours(if kind == Kind::Verification { 48 } else { 1 }));
        }
        Kind::PasswordChanged | Kind::RegistrationAttempted => {}
        Kind::JoinConfirmed | Kind::JoinPromoted => {
            (details.party_size, details.has_place) = (Some(1), Some(true));
            details.ticket = Some(Ticket("a-Ticket_1".to_owned()));
            details.answers_due = (kind == Kind::JoinPromoted).then(|| made() + TimeDelta::hours(26));
        }
        Kind::JoinWaitlisted => (details.position, details.has_place) = (Some(4), Some(false)),
        Kind::JoinRequested => {
            details.has_place = Some(false);
            snapshot.registration.access = Access::Approval;
        }
        Kind::JoinOffered => {
            details.has_place = Some(false);
            expires_at = Some(made() + TimeDelta::minutes(400));
        }
        Kind::OfferLapsed => details.has_place = Some(false),
        Kind::JoinRejected => {
            (details.has_place, details.words) = (Some(false), Some("The boat is <small>.\r\n\r\nSorry!".to_owned()));
        }
        Kind::JoinRemoved | Kind::NotReconfirmed | Kind::AnswersMissing => {
            (details.has_place, details.revision) = (Some(true), 1);
            details.words = (kind == Kind::JoinRemoved).then(|| "You know why.".to_owned());
        }
        Kind::ReconfirmationAsked => {
            details.has_place = Some(true);
            expires_at = Some(made() + TimeDelta::days(41));
        }
        Kind::PlacesOpen => (details.free, details.has_place) = (Some(2), Some(false)),
        Kind::OrganiserMessage => {
            (details.has_place, details.standing) = (Some(true), Some(Standing::Confirmed));
            details.subject = Some("Bring a <torch>".to_owned());
            details.words = Some("Dear all,\r\n\r\nit gets <dark>.\nReally.\r\n\r\nOlga".to_owned());
        }
        Kind::EventChanged => {
            let mut before = time_and_place(&snapshot);
            before.starts_at_local -= TimeDelta::hours(1);
            before.venue.name = "Old harbour".to_owned();
            details = Details {
                before: Some(before),
                after: Some(time_and_place(&snapshot)),
                has_place: Some(true),
                ..Details::default()
            };
        }
        Kind::EventCancelled => {
            details.has_place = Some(true);
            snapshot.status = EventStatus::Cancelled;
        }
    }
    let cancel_reason = (kind == Kind::EventCancelled).then(|| "The canal is <dry>.\n\nSee you next year!".to_owned());
    Letter {
        id: Uuid::from_u128(7),
        kind,
        to_name: "Ada".to_owned(),
        locale,
        details,
        event: about_a_place.then_some(KnownEvent { snapshot, changed_at: made(), cancel_reason }),
        created_at: made(),
        expires_at,
        from_name: (kind == Kind::OrganiserMessage).then(|| "Olga".to_owned()),
    }
}

fn head() -> Letterhead {
    Letterhead { links: "https://city.example".to_owned(), sender: "no-reply@city.example".to_owned() }
}

fn rendered(letter: &Letter) -> Rendered {
    render(letter, &head()).unwrap()
}

#[test]
fn every_mail_reads_as_it_should() {
    let mut wrong = Vec::new();
    for (locale, language) in [(Locale::En, "en"), (Locale::De, "de")] {
        for kind in Kind::ALL {
            let Rendered { subject, text, calendar, picture, .. } = rendered(&letter(*kind, locale));
            let calendar = calendar.map(|(text, _)| format!("\n==== event.ics ====\n{}", text.replace("\r\n", "\n")));
            let picture = if picture.is_some() { "\n==== ticket.png ====\n" } else { "" };
            let now = format!("Subject: {subject}\n\n{text}\n{}{picture}", calendar.unwrap_or_default());
            let name = format!("{language}/{}.txt", kind.as_str());
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(&name);
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(&file, &now).unwrap();
            }
            let expected = fs::read_to_string(&file).unwrap_or_default();
            if now != expected {
                wrong.push(format!("{name} is\n{now}\nand should be\n{expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `MAIL_PREVIEW=/tmp/mails cargo nextest run -p notify previews` leaves the pages there, to be looked at in a browser.
#[test]
fn previews() {
    let Some(dir) = std::env::var_os("MAIL_PREVIEW") else { return };
    fs::create_dir_all(&dir).unwrap();
    for (locale, language) in [(Locale::En, "en"), (Locale::De, "de")] {
        for kind in Kind::ALL {
            let Rendered { mut html, picture, .. } = rendered(&letter(*kind, locale));
            if let Some(Picture { id, png }) = picture {
                html = html.replace(&format!("cid:{id}"), "ticket.png");
                fs::write(Path::new(&dir).join("ticket.png"), png).unwrap();
            }
            fs::write(Path::new(&dir).join(format!("{language}-{}.html", kind.as_str())), html).unwrap();
        }
    }
}

#[test]
fn html_says_what_the_text_says_and_loads_nothing() {
    for locale in [Locale::En, Locale::De] {
        for kind in Kind::ALL {
            let mut letter = letter(*kind, locale);
            if let Some(event) = &mut letter.event {
                event.snapshot.title.push_str(" <script>alert(1)</script>");
            }
            let Rendered { subject, text, html, picture, .. } = rendered(&letter);
            let name = kind.as_str();
            for raw in ["<script", "<dry>", "<small>", "<torch>", "<dark>"] {
                assert!(!html.contains(raw), "{name}: {raw} is escaped");
            }
            for forbidden in ["url(", "@import", "<link", "javascript:"] {
                assert!(!html.contains(forbidden), "{name}: {forbidden}");
            }
            // A picture comes with the mail, or not at all.
            let pictures = html.matches("<img").count();
            assert_eq!(pictures, usize::from(picture.is_some()), "{name}");
            assert_eq!(html.matches("src=").count(), pictures, "{name}");
            assert!(picture.is_none_or(|it| html.contains(&format!("<img src=\"cid:{}\"", it.id))), "{name}");
            assert_eq!(html.matches("class=\"button\"").count(), 1, "{name}: one button");
            let button = html.split("class=\"button\" href=\"").nth(1).unwrap();
            let link = button.split('"').next().unwrap();
            assert!(link.starts_with("https://city.example/"), "{name}: {link}");
            assert!(text.contains(link), "{name}: {link} is in the text, too");
            assert!(html.contains("<html lang=\""), "{name}");
            assert!(!subject.contains('\n') && !subject.is_empty(), "{name}");
            for broken in ["{{", "{%", "undefined", "none", "None"] {
                assert!(!text.contains(broken) && !subject.contains(broken), "{name}: {broken} in {text}");
            }
        }
    }
}

#[test]
fn a_party_is_told_how_many_places_it_has() {
    for (kind, locale, size, words) in [
        (Kind::JoinConfirmed, Locale::En, 2, "You have 2 places: one for you, and one for your guest."),
        (Kind::JoinConfirmed, Locale::En, 4, "You have 4 places: one for you, and 3 for your guests."),
        (Kind::JoinConfirmed, Locale::De, 4, "Du hast 4 Plätze: einen für dich und 3 für deine Begleitung."),
        (Kind::JoinPromoted, Locale::En, 3, "now you have 3 places"),
        (Kind::JoinWaitlisted, Locale::De, 3, "gehören 3 Plätze, für dich und deine Begleitung, sofort dir"),
    ] {
        let mut letter = letter(kind, locale);
        letter.details.party_size = Some(size);
        let text = rendered(&letter).text;
        assert!(text.contains(words), "{words} is missing in {text}");
    }
}

#[test]
fn a_change_names_what_has_changed_and_nothing_else() {
    let mut only_time = letter(Kind::EventChanged, Locale::En);
    only_time.details.before.as_mut().unwrap().venue = event().venue;
    let mail = rendered(&only_time);
    assert_eq!(mail.subject, "New time: Lantern walk & songs by the canal");
    assert!(mail.text.contains("When: Saturday, 12 June 2027, 17:00–20:00"), "{}", mail.text);
    assert!(!mail.text.contains("Where:"), "{}", mail.text);

    let mut only_address = letter(Kind::EventChanged, Locale::En);
    let before = only_address.details.before.as_mut().unwrap();
    *before = time_and_place(&event());
    before.venue.address = Some("Uferweg 7".to_owned());
    let mail = rendered(&only_address);
    assert!(mail.subject.starts_with("New place: "), "{}", mail.subject);
    assert!(mail.text.contains("Where: Canal bridge, Uferweg 7\n→ Canal bridge, Uferweg 1"), "{}", mail.text);

    let mut only_pin = letter(Kind::EventChanged, Locale::En);
    let before = only_pin.details.before.as_mut().unwrap();
    *before = time_and_place(&event());
    before.venue.lat = Some(52.6);
    let mail = rendered(&only_pin);
    assert!(mail.subject.starts_with("Changed: "), "{}", mail.subject);
    assert!(!mail.text.contains('→'), "{}", mail.text);
}

#[test]
fn a_change_says_what_becomes_of_each_ones_join() {
    for (standing, locale, words) in [
        (Standing::Confirmed, Locale::En, "You keep your place unless you give it up"),
        (Standing::Waitlisted, Locale::En, "You keep your place in line."),
        (Standing::Pending, Locale::En, "Your request stays with the organiser."),
        (Standing::Offered, Locale::En, "still yours to accept"),
        (Standing::Pending, Locale::De, "Deine Anfrage bleibt bei den Veranstaltern."),
        (Standing::Offered, Locale::De, "kannst du weiterhin annehmen"),
    ] {
        let mut change = letter(Kind::EventChanged, locale);
        let has_place = standing == Standing::Confirmed;
        (change.details.standing, change.details.has_place) = (Some(standing), Some(has_place));
        let mail = rendered(&change);
        assert!(mail.text.contains(words), "{words} is missing in {}", mail.text);
        assert_eq!(mail.calendar.is_some(), has_place);
        let button = if locale == Locale::En { "Keep your place or give it up" } else { "Platz behalten" };
        assert_eq!(mail.text.contains(button), has_place, "{}", mail.text);
    }
}

#[test]
fn the_exact_address_is_for_those_with_a_place_where_the_organiser_approves() {
    for kind in Kind::ALL {
        for has_place in [true, false] {
            let mut letter = letter(*kind, Locale::En);
            let Some(event) = &mut letter.event else { continue };
            event.snapshot.registration.access = Access::Approval;
            letter.details.has_place = Some(has_place);
            let Rendered { text, html, calendar, .. } = rendered(&letter);
            let said = format!("{text}{html}{}", calendar.map(|(it, _)| it).unwrap_or_default());
            let (exact, name) = (has_place && !kind.is_end(), kind.as_str());
            assert!(said.contains("Canal bridge"), "{name}");
            assert_eq!(said.contains("Uferweg 1"), exact, "{name}: {said}");
            assert_eq!(said.contains("52.5"), exact && said.contains("BEGIN:VEVENT"), "{name}: {said}");
        }
    }
}

#[test]
fn a_deadline_is_said_by_the_clocks_at_the_venue() {
    let offered = |until: &str, locale, size| {
        let mut offered = letter(Kind::JoinOffered, locale);
        (offered.expires_at, offered.details.party_size) = (Some(until.parse().unwrap()), Some(size));
        rendered(&offered)
    };
    let mail = offered("2027-05-01T16:40:00Z", Locale::En, 1);
    assert_eq!(mail.subject, "A place is yours until 18:40: Lantern walk & songs by the canal");
    assert!(mail.text.contains("We keep a place for you until 18:40 (Europe/Berlin)"), "{}", mail.text);
    let mail = offered("2027-05-01T22:10:00Z", Locale::En, 3);
    assert_eq!(mail.subject, "3 places are yours until Sunday, 2 May, 00:10: Lantern walk & songs by the canal");
    let mail = offered("2027-05-01T22:10:00Z", Locale::De, 1);
    assert_eq!(mail.subject, "Ein Platz gehört dir bis Sonntag, 2. Mai, 00:10 Uhr: Lantern walk & songs by the canal");
}

#[test]
fn who_loses_a_place_loses_the_entry_and_who_had_none_does_not() {
    for kind in [Kind::JoinRemoved, Kind::NotReconfirmed, Kind::AnswersMissing] {
        let (text, method) = rendered(&letter(kind, Locale::En)).calendar.unwrap();
        assert_eq!(method, Method::Cancel);
        // The event's version is 4, and the entry that it takes back was its.
        assert!(text.contains("SEQUENCE:5") && text.contains("STATUS:CANCELLED"), "{text}");
        let mut waited = letter(kind, Locale::En);
        waited.details.has_place = Some(false);
        let mail = rendered(&waited);
        assert!(mail.calendar.is_none() && !mail.text.contains("calendar"), "{}", mail.text);
    }
    for kind in [Kind::JoinRejected, Kind::OfferLapsed] {
        assert!(rendered(&letter(kind, Locale::En)).calendar.is_none());
    }
}

#[test]
fn an_entry_that_is_given_again_is_newer_than_the_one_that_was_taken_back() {
    let mut again = letter(Kind::JoinConfirmed, Locale::En);
    (again.details.revision, again.created_at) = (2, made() + TimeDelta::hours(1));
    let (text, _) = rendered(&again).calendar.unwrap();
    assert!(text.contains("SEQUENCE:6") && text.contains("DTSTAMP:20270501T110000Z"), "{text}");
}

#[test]
fn the_code_of_a_ticket_is_in_the_mail_and_its_words_are_not() {
    let mail = rendered(&letter(Kind::JoinConfirmed, Locale::En));
    let ticket = mail.picture.unwrap();
    assert_eq!(&ticket.png[1..4], b"PNG");
    assert!(
        mail.text.contains("Your ticket:\nhttps://city.example/events/01900000-0000-7000-8000-000000000001/ticket\n")
    );
    assert!(!mail.text.contains("a-Ticket_1") && !mail.html.contains("a-Ticket_1"));
    // One that is too long for a code has its page.
    let mut long = letter(Kind::JoinConfirmed, Locale::En);
    long.details.ticket = Some(Ticket("x".repeat(3000)));
    let mail = rendered(&long);
    assert!(mail.picture.is_none() && mail.html.contains("/ticket\"") && !mail.html.contains("<img"));
    assert!(!mail.text.contains("show its code"), "{}", mail.text);
    // And without one there is nothing.
    long.details.ticket = None;
    let mail = rendered(&long);
    assert!(!mail.text.contains("icket") && !mail.html.contains("/ticket"), "{}", mail.text);
}

#[test]
fn an_organisers_message_is_theirs() {
    let message = |change: &dyn Fn(&mut Letter)| {
        let mut message = letter(Kind::OrganiserMessage, Locale::En);
        change(&mut message);
        rendered(&message)
    };
    let mail = message(&|_| ());
    assert_eq!(mail.subject, "[Lantern walk & songs by the canal] Bring a <torch>");
    assert!(mail.text.contains("Dear all,\n\nit gets <dark>.\nReally.\n\nOlga\n"), "{}", mail.text);
    assert!(!mail.text.contains("Hello"), "{}", mail.text);
    assert!(mail.html.contains("it gets &lt;dark&gt;.\nReally."), "{}", mail.html);
    let waits = message(&|it| it.details.standing = Some(Standing::Waitlisted));
    assert!(waits.text.contains("because you stand in line for this event"), "{}", waits.text);
    let unknown = message(&|it| it.from_name = None);
    assert!(unknown.text.contains("Kiezverein Uferweg wrote this."), "{}", unknown.text);
    assert!(!unknown.text.contains("answer"), "{}", unknown.text);
    let advert = message(&|it| it.from_name = Some("cheap.example".to_owned()));
    assert!(!advert.text.contains("cheap.example"), "{}", advert.text);
    // What looks like a template is none.
    let sly = message(&|it| it.details.words = Some("{{ token }} {% raw %}".to_owned()));
    assert!(sly.text.contains("{{ token }} {% raw %}"), "{}", sly.text);
}

#[test]
fn who_only_waits_gets_no_calendar_entry() {
    let mut waiting = letter(Kind::EventChanged, Locale::En);
    waiting.details.has_place = Some(false);
    let mail = rendered(&waiting);
    assert!(mail.calendar.is_none());
    assert!(
        mail.text.contains("You keep your place in line.") && mail.text.contains("leave the line"),
        "{}",
        mail.text
    );
    let mut cancelled = letter(Kind::EventCancelled, Locale::En);
    cancelled.details.has_place = Some(false);
    let mail = rendered(&cancelled);
    assert!(mail.calendar.is_none());
    assert!(!mail.text.contains("calendar"), "{}", mail.text);
}

#[test]
fn a_name_that_advertises_is_not_carried_to_strangers() {
    let mut advert = letter(Kind::Verification, Locale::En);
    advert.to_name = "Free money at evil.example".to_owned();
    let mail = rendered(&advert);
    assert!(mail.text.contains("\nHello,\n"), "{}", mail.text);
    assert!(!mail.text.contains("evil") && !mail.html.contains("evil"));
}

#[test]
fn a_link_that_could_break_out_of_its_attribute_is_escaped() {
    let mut odd = letter(Kind::Verification, Locale::En);
    odd.details.token = Some(MailedToken("\"><b>".to_owned()));
    let html = rendered(&odd).html;
    assert!(!html.contains("\"><b>") && html.contains("token=&quot;&gt;&lt;b&gt;"), "{html}");
}

#[test]
fn a_title_in_lines_makes_a_subject_of_one() {
    let mut lines = letter(Kind::JoinConfirmed, Locale::En);
    lines.event.as_mut().unwrap().snapshot.title = "One\r\nBcc: all@example.org\n  two".to_owned();
    assert_eq!(rendered(&lines).subject, "You're in: One Bcc: all@example.org two");
}
