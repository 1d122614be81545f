//! Mails as subject, text and HTML. Each template says the same once, as blocks of plain text; two layouts make a mail of it.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use contracts::{
    auth::Locale,
    events::{EventSnapshot, TimeAndPlace},
};
use minijinja::{AutoEscape, Environment, Value as Template, context, value::Serde};
use serde::Serialize;
use serde_json::Value;

use crate::{
    calendar::{self, Method},
    store::{Kind, QueuedMail},
    words,
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
    venue: &'a str,
    address: Option<&'a str>,
    city: &'a str,
}

#[derive(Serialize)]
struct BeforeWords {
    when: String,
    venue: String,
}

/// Renders a mail; `links` is the public address without a slash at the end.
///
/// # Errors
/// If a template is broken, or the event is not known.
pub fn render(mail: &QueuedMail, links: &str, now: DateTime<Utc>) -> Result<Rendered, minijinja::Error> {
    let event = mail.snapshot.as_ref().map(|snapshot| &snapshot.0);
    let (name, locale) = (template(mail.kind), mail.locale);
    let link = link(mail, event, links);
    let language = if locale == Locale::De { "de" } else { "en" };
    let template = ENVIRONMENT.get_template(&format!("{language}/{name}"))?;
    let values = context! {
        name => mail.to_name.as_str(),
        event => event.map(|event| words_of(&event_words(event, locale))),
        before => before(&mail.data.0, locale).map(|it| words_of(&it)),
        reason => mail.cancel_reason.as_deref(),
        position => mail.data.0["position"].as_i64(),
        was_confirmed => mail.data.0["was_confirmed"].as_bool(),
    };
    let mut rendered = template.render_captured(values)?;
    let mut block = |name| rendered.with_state_mut(|state| state.render_block(name));
    let subject = block("subject")?.split_whitespace().collect::<Vec<_>>().join(" ");
    let body = block("body")?;
    let button = block("button")?.trim().to_owned();
    let paragraphs: Vec<String> =
        body.split("\n\n").map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect();
    let layout = context! {
        language, paragraphs, button, links,
        subject => subject.as_str(),
        link => link.as_str(),
        event => event.map(|event| words_of(&event_words(event, locale))),
    };
    Ok(Rendered {
        text: ENVIRONMENT.get_template("layout.txt")?.render(&layout)?,
        html: ENVIRONMENT.get_template("layout.html")?.render(&layout)?,
        calendar: event.zip(method(mail)).map(|(event, method)| (calendar::entry(event, method, &link, now), method)),
        subject,
    })
}

fn words_of(words: &impl Serialize) -> Template {
    Template::from(Serde(words))
}

fn template(kind: Kind) -> &'static str {
    match kind {
        Kind::Verification => "verification",
        Kind::PasswordReset => "password_reset",
        Kind::PasswordChanged => "password_changed",
        Kind::RegistrationAttempted => "registration_attempted",
        Kind::JoinConfirmed => "join_confirmed",
        Kind::JoinPromoted => "join_promoted",
        Kind::JoinWaitlisted => "join_waitlisted",
        Kind::EventChanged => "event_changed",
        Kind::EventCancelled => "event_cancelled",
    }
}

/// Who has a place gets the entry; who only waits does not.
fn method(mail: &QueuedMail) -> Option<Method> {
    match mail.kind {
        Kind::JoinConfirmed | Kind::JoinPromoted | Kind::EventChanged => Some(Method::Publish),
        Kind::EventCancelled if mail.data.0["was_confirmed"] == true => Some(Method::Cancel),
        _ => None,
    }
}

fn link(mail: &QueuedMail, event: Option<&EventSnapshot>, links: &str) -> String {
    let token = mail.data.0["token"].as_str().unwrap_or_default();
    match (mail.kind, event) {
        (Kind::Verification, _) => format!("{links}/verify-email?token={token}"),
        (Kind::PasswordReset, _) => format!("{links}/reset-password?token={token}"),
        (Kind::PasswordChanged | Kind::RegistrationAttempted, _) => format!("{links}/forgot-password"),
        (_, Some(event)) => format!("{links}/events/{}/{}", event.id, event.slug),
        (_, None) => links.to_owned(),
    }
}

fn event_words(event: &EventSnapshot, locale: Locale) -> EventWords<'_> {
    EventWords {
        title: &event.title,
        when: words::when(event.starts_at_local, event.ends_at_local, &event.timezone, event.all_day, locale),
        venue: &event.venue.name,
        address: event.venue.address.as_deref(),
        city: &event.city,
    }
}

fn before(data: &Value, locale: Locale) -> Option<BeforeWords> {
    let before: TimeAndPlace = serde_json::from_value(data.get("before")?.clone()).ok()?;
    Some(BeforeWords {
        when: words::when(before.starts_at_local, before.ends_at_local, &before.timezone, false, locale),
        venue: before.venue.name,
    })
}
