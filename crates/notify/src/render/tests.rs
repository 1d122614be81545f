//! Every mail in both languages. `UPDATE_GOLDEN=1 cargo nextest run -p notify` writes the expected texts anew, to be read before they
//! are committed.

use std::{fs, path::Path};

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{EventId, auth::MailedToken};
use uuid::Uuid;

use super::*;
use crate::domain::{Details, KnownEvent, time_and_place};

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
        Kind::Verification | Kind::PasswordReset => {
            details.token = Some(MailedToken("a-Token_1".to_owned()));
            expires_at = Some(made() + TimeDelta::hours(if kind == Kind::Verification { 48 } else { 1 }));
        }
        Kind::PasswordChanged | Kind::RegistrationAttempted => {}
        Kind::JoinConfirmed | Kind::JoinPromoted => (details.party_size, details.has_place) = (Some(1), Some(true)),
        Kind::JoinWaitlisted => (details.position, details.has_place) = (Some(4), Some(false)),
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
        kind,
        to_name: "Ada".to_owned(),
        locale,
        details,
        event: about_a_place.then_some(KnownEvent { snapshot, changed_at: made(), cancel_reason }),
        created_at: made(),
        expires_at,
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
            let Rendered { subject, text, calendar, .. } = rendered(&letter(*kind, locale));
            let calendar = calendar.map(|(text, _)| format!("\n==== event.ics ====\n{}", text.replace("\r\n", "\n")));
            let now = format!("Subject: {subject}\n\n{text}\n{}", calendar.unwrap_or_default());
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
            let html = rendered(&letter(*kind, locale)).html;
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
            let Rendered { subject, text, html, .. } = rendered(&letter);
            let name = kind.as_str();
            assert!(!html.contains("<script"), "{name}: the title is escaped");
            assert!(!html.contains("<dry>"), "{name}: the reason is escaped");
            for forbidden in ["src=", "url(", "@import", "<link", "<img", "javascript:"] {
                assert!(!html.contains(forbidden), "{name}: {forbidden}");
            }
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
