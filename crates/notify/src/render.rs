//! Mails as subject, text and HTML. Each template says the same once, as blocks of plain text; two layouts make a mail of it.

use std::sync::LazyLock;

use contracts::{
    auth::Locale,
    events::{EventSnapshot, EventStatus, TimeAndPlace},
    registration::Access,
};
use minijinja::{AutoEscape, Environment, Value, context, value::Serde};
use serde::Serialize;

use crate::{
    calendar::{Entry, Method},
    domain::{Kind, KnownEvent, Letter, Standing, is_greetable},
    ticket,
    words::{self, When},
};

macro_rules! templates {
    ($($name:literal),+) => {
        &[$(
            (concat!("en/", $name), include_str!(concat!("../templates/en/", $name, ".txt"))),
            (concat!("de/", $name), include_str!(concat!("../templates/de/", $name, ".txt"))),
        )+]
    };
}

const TEMPLATES: &[(&str, &str)] = templates!(
    "verification",
    "password_reset",
    "password_changed",
    "registration_attempted",
    "quick_join",
    "join_requested",
    "join_offered",
    "join_confirmed",
    "join_promoted",
    "join_waitlisted",
    "offer_lapsed",
    "join_rejected",
    "join_removed",
    "not_reconfirmed",
    "answers_missing",
    "reconfirmation_asked",
    "places_open",
    "organiser_message",
    "event_changed",
    "event_cancelled"
);

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    // Only the HTML layout escapes: subjects and texts are plain.
    environment
        .set_auto_escape_callback(|name| if name == "layout.html" { AutoEscape::Html } else { AutoEscape::None });
    let all = TEMPLATES.iter().copied().chain([
        ("layout.html", include_str!("../templates/layout.html")),
        ("layout.txt", include_str!("../templates/layout.txt")),
    ]);
    for (name, source) in all {
        // A template that cannot be parsed shows when it is rendered; the tests render every one.
        let _ = environment.add_template(name, source);
    }
    environment
});

/// What is the same in all mails of one installation.
#[derive(Clone, Debug)]
pub struct Letterhead {
    /// The public address, without a slash at the end.
    pub links: String,
    /// The address that mails come from.
    pub sender: String,
}

/// What is sent.
#[derive(Debug)]
pub struct Rendered {
    pub subject: String,
    pub text: String,
    pub html: String,
    /// The calendar object and its method.
    pub calendar: Option<(String, Method)>,
    /// The ticket's code.
    pub picture: Option<Picture>,
}

/// A picture that the HTML shows.
#[derive(Debug)]
pub struct Picture {
    /// Names it within the mail, after `cid:`; the same nowhere else.
    pub id: String,
    pub png: Vec<u8>,
}

/// The event as templates see it.
#[derive(Serialize)]
struct EventWords<'a> {
    title: &'a str,
    when: String,
    date: String,
    hours: Option<String>,
    zone: Option<&'a str>,
    place: String,
    day: String,
    month: String,
    weekday: &'static str,
}

/// One line of what was changed.
#[derive(Serialize)]
struct Change {
    label: &'static str,
    before: String,
    after: String,
}

/// Renders a mail.
///
/// # Errors
/// If a template is broken, or needs an event that is not there.
pub fn render(letter: &Letter, head: &Letterhead) -> Result<Rendered, minijinja::Error> {
    let Letter { kind, locale, details, .. } = letter;
    let (locale, links) = (*locale, head.links.as_str());
    let event = letter.event.as_ref().map(|it| &it.snapshot);
    let page = event.map_or_else(|| links.to_owned(), |event| format!("{links}/events/{}/{}", event.id, event.slug));
    let language = if locale == Locale::De { "de" } else { "en" };
    let exact = letter.shows_address();
    let change = details.before.as_ref().zip(details.after.as_ref());
    let (time, place) = change.map(|(before, after)| changes(before, after, exact, locale)).unwrap_or_default();
    let event_words = event.map(|event| Value::from(Serde(event_words(event, exact, locale))));
    let picture = picture(letter);
    let template = ENVIRONMENT.get_template(&format!("{language}/{}", kind.as_str()))?;
    let (new_time, new_place) = (time.is_some(), place.is_some());
    let mut rendered = template.render_captured(context! {
        event => event_words.clone(), new_time, new_place, ticket => picture.is_some(), ..facts(letter)
    })?;
    let mut block = |name| rendered.with_state_mut(|state| state.render_block(name));
    // A title may be of any length and in any script; a subject is one line.
    let subject = block("subject")?.split_whitespace().collect::<Vec<_>>().join(" ");
    let heading = block("heading")?.split_whitespace().collect::<Vec<_>>().join(" ");
    let body = block("body")?;
    let (button, note, second) = (block("button")?, block("note")?, block("second")?);
    let paragraphs: Vec<String> =
        body.split("\n\n").map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect();
    let layout = context! {
        language, paragraphs, heading,
        subject => subject.as_str(),
        // What a person wrote greets by itself.
        hello => (*kind != Kind::OrganiserMessage).then(|| hello(&letter.to_name, locale)),
        button => button.trim(),
        note => note.trim(),
        second => second.trim(),
        changes => [time, place].into_iter().flatten().map(|it| Value::from(Serde(it))).collect::<Vec<_>>(),
        link => address(link(letter, links, &page)),
        second_link => address(format!("{links}/forgot-password")),
        ticket_link => event.filter(|_| details.ticket.is_some()).map(|event| address(format!("{links}/events/{}/ticket", event.id))),
        ticket_words => if locale == Locale::De { "Dein Ticket" } else { "Your ticket" },
        picture => picture.as_ref().map(|it| it.id.as_str()),
        links => address(links.to_owned()),
        event => event_words,
        cancelled => *kind == Kind::EventCancelled,
        or_copy => if locale == Locale::De { "Oder öffne diese Adresse:" } else { "Or open this address:" },
        why => why(letter),
    };
    Ok(Rendered {
        text: ENVIRONMENT.get_template("layout.txt")?.render(&layout)?,
        html: ENVIRONMENT.get_template("layout.html")?.render(&layout)?,
        calendar: calendar(letter, &page, &head.sender),
        picture,
        subject,
    })
}

/// What the templates are told, beside the event.
fn facts(letter: &Letter) -> Value {
    let Letter { details, locale, .. } = letter;
    let event = letter.event.as_ref().map(|it| &it.snapshot);
    let zone = event.map_or("UTC", |event| event.timezone.as_str());
    let deadline = |at| words::deadline(at, zone, letter.created_at, *locale);
    // An earlier version of the program said nothing of where somebody stands who has no place.
    let standing = details.standing.unwrap_or(match details.has_place {
        Some(true) => Standing::Confirmed,
        _ => Standing::Waitlisted,
    });
    let plain = |text: &Option<String>| text.as_ref().map(|it| it.replace("\r\n", "\n").trim().to_owned());
    context! {
        organiser => event.map(|event| event.organiser_name.as_str()),
        reason => letter.event.as_ref().and_then(|it| it.cancel_reason.as_deref()),
        words => plain(&details.words),
        about => plain(&details.subject),
        position => details.position,
        party_size => details.party_size.unwrap_or(1),
        free => details.free,
        has_place => details.has_place.unwrap_or(false),
        standing => standing.as_str(),
        offer_hours => event.map_or(0, |event| event.registration.offer_hours),
        needs_approval => event.is_some_and(|event| event.registration.access == Access::Approval),
        hides_address => event.is_some_and(|event| event.venue.address.is_some()) && !letter.shows_address(),
        span => letter.expires_at.and_then(|end| words::span(letter.created_at, end, *locale)),
        deadline => letter.expires_at.map(deadline),
        answers_due => details.answers_due.map(deadline),
        zone => words::zone_or_utc(zone).name(),
        on_day => event.map(|event| words::on_day(event.starts_at_local.date(), letter.created_at, zone, *locale)),
    }
}

/// Where the button leads. No link does anything by being opened: programs that look at mails open them, too.
fn link(letter: &Letter, links: &str, page: &str) -> String {
    let token = letter.details.token.as_ref().map_or("", |token| token.0.as_str());
    match letter.kind {
        Kind::Verification => format!("{links}/verify-email?token={token}"),
        Kind::PasswordReset => format!("{links}/reset-password?token={token}"),
        Kind::QuickJoin => format!("{links}/quick-join?token={token}"),
        Kind::PasswordChanged => format!("{links}/forgot-password"),
        Kind::RegistrationAttempted => format!("{links}/sign-in"),
        Kind::EventCancelled | Kind::JoinRejected | Kind::JoinRemoved => format!("{links}/"),
        Kind::JoinRequested
        | Kind::JoinOffered
        | Kind::JoinConfirmed
        | Kind::JoinPromoted
        | Kind::JoinWaitlisted
        | Kind::OfferLapsed
        | Kind::NotReconfirmed
        | Kind::AnswersMissing
        | Kind::ReconfirmationAsked
        | Kind::PlacesOpen
        | Kind::OrganiserMessage
        | Kind::EventChanged => page.to_owned(),
    }
}

/// Why the recipient gets a mail about an event, at its end.
fn why(letter: &Letter) -> Option<String> {
    let event = letter.event.as_ref().map(|it| &it.snapshot)?;
    let german = letter.locale == Locale::De;
    Some(match letter.kind {
        Kind::QuickJoin if german => {
            "Du bekommst diese Mail, weil jemand mit dieser Adresse um einen Platz gebeten hat.".to_owned()
        }
        Kind::QuickJoin => "You get this mail because somebody asked for a place with this address.".to_owned(),
        Kind::JoinRequested | Kind::JoinRejected if german => {
            "Du bekommst diese Mail, weil du um einen Platz bei dieser Veranstaltung gebeten hast.".to_owned()
        }
        Kind::JoinRequested | Kind::JoinRejected => {
            "You get this mail because you asked for a place at this event.".to_owned()
        }
        Kind::OrganiserMessage => {
            let known = letter.from_name.as_deref();
            let from = known.filter(|name| is_greetable(name)).unwrap_or(&event.organiser_name);
            let because = match (letter.details.standing, german) {
                (Some(Standing::Pending), false) => "you asked for a place at this event",
                (Some(Standing::Pending), true) => "du um einen Platz bei dieser Veranstaltung gebeten hast",
                (Some(Standing::Waitlisted | Standing::Offered), false) => "you stand in line for this event",
                (Some(Standing::Waitlisted | Standing::Offered), true) => {
                    "du auf der Warteliste dieser Veranstaltung stehst"
                }
                (_, false) => "you have a place at this event",
                (_, true) => "du einen Platz bei dieser Veranstaltung hast",
            };
            match (known.is_some(), german) {
                (true, false) => {
                    format!("{from} wrote this. You get it because {because}. If you answer, {from} gets it.")
                }
                (false, false) => format!("{from} wrote this. You get it because {because}."),
                (true, true) => {
                    format!(
                        "{from} hat das geschrieben. Du bekommst es, weil {because}. Wenn du antwortest, bekommt es {from}."
                    )
                }
                (false, true) => format!("{from} hat das geschrieben. Du bekommst es, weil {because}."),
            }
        }
        _ if german => "Du bekommst diese Mail, weil du dich für diese Veranstaltung eingetragen hast.".to_owned(),
        _ => "You get this mail because you joined this event.".to_owned(),
    })
}

/// The code of the ticket. Without it, the mail still leads to the ticket's page.
fn picture(letter: &Letter) -> Option<Picture> {
    let ticket = letter.details.ticket.as_ref()?;
    let png = ticket::picture(&ticket.0)
        .inspect_err(|error| tracing::error!(mail.id = %letter.id, error = %error, "ticket sent without its picture"));
    Some(Picture { id: format!("ticket.{}@cityevents", letter.id), png: png.ok()? })
}

/// The calendar object and its method.
fn calendar(letter: &Letter, page: &str, sender: &str) -> Option<(String, Method)> {
    let KnownEvent { snapshot: event, changed_at, .. } = letter.event.as_ref()?;
    let (method, revision) = (method(letter)?, letter.details.revision);
    let entry = Entry {
        event,
        sequence: event.version + i64::from(revision),
        // Taken back or given again: newer than the event's version.
        changed_at: if revision > 0 { letter.created_at.max(*changed_at) } else { *changed_at },
        exact: letter.shows_address(),
        method,
        link: page,
        sender,
    };
    Some((entry.to_string(), method))
}

/// Who has a place gets the entry, and whose place is taken has it taken out; who only waits has none.
fn method(letter: &Letter) -> Option<Method> {
    let cancelled = letter.event.as_ref().is_some_and(|it| it.snapshot.status == EventStatus::Cancelled);
    match letter.kind {
        _ if letter.details.has_place != Some(true) => None,
        // Told late: the calendar must not take in what will not take place.
        Kind::JoinConfirmed | Kind::JoinPromoted | Kind::EventChanged if cancelled => Some(Method::Cancel),
        Kind::JoinConfirmed | Kind::JoinPromoted | Kind::EventChanged => Some(Method::Publish),
        kind if kind.withdraws() || kind == Kind::EventCancelled => Some(Method::Cancel),
        _ => None,
    }
}

fn hello(name: &str, locale: Locale) -> String {
    let hello = if locale == Locale::De { "Hallo" } else { "Hello" };
    if is_greetable(name) { format!("{hello} {name},") } else { format!("{hello},") }
}

/// A link that needs no escaping is not escaped: `&#x2f;` for every slash confuses programs that look for links, and saves nobody.
fn address(link: String) -> Value {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b":/.-_~?=%".contains(&byte);
    if link.bytes().all(harmless) { Value::from_safe_string(link) } else { Value::from(link) }
}

fn event_words(event: &EventSnapshot, exact: bool, locale: Locale) -> EventWords<'_> {
    let (day, month, weekday) = words::stub(event.starts_at_local.date(), locale);
    let when = When::of(event);
    let (date, hours) = when.parts(locale);
    EventWords {
        title: &event.title,
        when: when.words(locale),
        date,
        hours,
        zone: (!event.all_day).then_some(event.timezone.as_str()),
        place: words::place(event, exact),
        day,
        month,
        weekday,
    }
}

/// What has changed of time, and of place, where people see a difference.
fn changes(
    before: &TimeAndPlace,
    after: &TimeAndPlace,
    exact: bool,
    locale: Locale,
) -> (Option<Change>, Option<Change>) {
    let (when, where_) = if locale == Locale::De { ("Wann", "Wo") } else { ("When", "Where") };
    let change = |label, before: String, after: String| (before != after).then_some(Change { label, before, after });
    (
        change(when, When::before(before).words(locale), When::before(after).words(locale)),
        change(where_, words::venue(&before.venue, exact), words::venue(&after.venue, exact)),
    )
}

#[cfg(test)]
mod tests;
