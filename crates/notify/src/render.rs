//! Mails as subject, text and HTML. Each template says the same once, as blocks of plain text; two layouts make a mail of it.

use std::sync::LazyLock;

use contracts::{
    auth::Locale,
    events::{EventSnapshot, EventStatus, TimeAndPlace},
};
use minijinja::{AutoEscape, Environment, Value, context, value::Serde};
use serde::Serialize;

use crate::{
    calendar::{Entry, Method},
    domain::{Kind, Letter, is_greetable},
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
    "join_confirmed",
    "join_promoted",
    "join_waitlisted",
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
    let token = details.token.as_ref().map_or("", |token| token.0.as_str());
    let link = match kind {
        Kind::Verification => format!("{links}/verify-email?token={token}"),
        Kind::PasswordReset => format!("{links}/reset-password?token={token}"),
        Kind::PasswordChanged => format!("{links}/forgot-password"),
        Kind::RegistrationAttempted => format!("{links}/sign-in"),
        Kind::EventCancelled => format!("{links}/"),
        Kind::JoinConfirmed | Kind::JoinPromoted | Kind::JoinWaitlisted | Kind::EventChanged => page.clone(),
    };
    let language = if locale == Locale::De { "de" } else { "en" };
    let change = details.before.as_ref().zip(details.after.as_ref());
    let (time, place) = change.map(|(before, after)| changes(before, after, locale)).unwrap_or_default();
    let event_words = event.map(|event| Value::from(Serde(event_words(event, locale))));
    let template = ENVIRONMENT.get_template(&format!("{language}/{}", kind.as_str()))?;
    let mut rendered = template.render_captured(context! {
        event => event_words.clone(),
        organiser => event.map(|event| event.organiser_name.as_str()),
        reason => letter.event.as_ref().and_then(|it| it.cancel_reason.as_deref()),
        position => details.position,
        party_size => details.party_size.unwrap_or(1),
        has_place => details.has_place.unwrap_or(false),
        new_time => time.is_some(),
        new_place => place.is_some(),
        span => letter.expires_at.and_then(|end| words::span(letter.created_at, end, locale)),
    })?;
    let mut block = |name| rendered.with_state_mut(|state| state.render_block(name));
    // A title may be of any length and in any script; a subject is one line.
    let subject = block("subject")?.split_whitespace().collect::<Vec<_>>().join(" ");
    let heading = block("heading")?.trim().to_owned();
    let body = block("body")?;
    let (button, note, second) = (block("button")?, block("note")?, block("second")?);
    let paragraphs: Vec<String> =
        body.split("\n\n").map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect();
    let layout = context! {
        language, paragraphs,
        subject => subject.as_str(),
        heading => heading,
        hello => hello(&letter.to_name, locale),
        button => button.trim(),
        note => note.trim(),
        second => second.trim(),
        changes => [time, place].into_iter().flatten().map(|it| Value::from(Serde(it))).collect::<Vec<_>>(),
        link => address(link),
        second_link => address(format!("{links}/forgot-password")),
        links => address(links.to_owned()),
        event => event_words,
        cancelled => *kind == Kind::EventCancelled,
        or_copy => if locale == Locale::De { "Oder öffne diese Adresse:" } else { "Or open this address:" },
        why => event.map(|_| match locale {
            Locale::En => "You get this mail because you joined this event.",
            Locale::De => "Du bekommst diese Mail, weil du dich für diese Veranstaltung eingetragen hast.",
        }),
    };
    let calendar = letter.event.as_ref().zip(method(letter)).map(|(event, method)| {
        let (event, changed_at) = (&event.snapshot, event.changed_at);
        (Entry { event, changed_at, method, link: &page, sender: &head.sender }.to_string(), method)
    });
    Ok(Rendered {
        text: ENVIRONMENT.get_template("layout.txt")?.render(&layout)?,
        html: ENVIRONMENT.get_template("layout.html")?.render(&layout)?,
        calendar,
        subject,
    })
}

/// Who has a place gets the entry; who only waits does not.
fn method(letter: &Letter) -> Option<Method> {
    let cancelled = letter.event.as_ref().is_some_and(|it| it.snapshot.status == EventStatus::Cancelled);
    match letter.kind {
        _ if letter.details.has_place != Some(true) => None,
        // Told late: the calendar must not take in what will not take place.
        Kind::JoinConfirmed | Kind::JoinPromoted | Kind::EventChanged if cancelled => Some(Method::Cancel),
        Kind::JoinConfirmed | Kind::JoinPromoted | Kind::EventChanged => Some(Method::Publish),
        Kind::EventCancelled => Some(Method::Cancel),
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

fn event_words(event: &EventSnapshot, locale: Locale) -> EventWords<'_> {
    let (day, month, weekday) = words::stub(event.starts_at_local.date(), locale);
    let when = When::of(event);
    let (date, hours) = when.parts(locale);
    EventWords {
        title: &event.title,
        when: when.words(locale),
        date,
        hours,
        zone: (!event.all_day).then_some(event.timezone.as_str()),
        place: words::place(event),
        day,
        month,
        weekday,
    }
}

/// What has changed of time, and of place, where people see a difference.
fn changes(before: &TimeAndPlace, after: &TimeAndPlace, locale: Locale) -> (Option<Change>, Option<Change>) {
    let (when, where_) = if locale == Locale::De { ("Wann", "Wo") } else { ("When", "Where") };
    let change = |label, before: String, after: String| (before != after).then_some(Change { label, before, after });
    (
        change(when, When::before(before).words(locale), When::before(after).words(locale)),
        change(where_, words::venue(&before.venue), words::venue(&after.venue)),
    )
}

#[cfg(test)]
mod tests;
