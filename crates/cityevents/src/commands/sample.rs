//! The sample city: events, organisers and venues written for this project, and people who have joined. Everything happens through
//! the public door, as it would for real people.

use std::{collections::HashMap, fs, os::unix::fs::OpenOptionsExt as _, path::Path};

use anyhow::{Context as _, bail};
use axum::{Router, body::Body};
use chrono::{Datelike as _, Days, NaiveDateTime, NaiveTime, TimeDelta, Weekday};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use http_body_util::BodyExt as _;
use platform::{Clock, config::Config, identity::Role, lifecycle::Lifecycle, outbox::Outbox};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{app::App, database::Database};

const VENUES: &str = include_str!("../../sample/venues.json");
const ORGANISERS: &str = include_str!("../../sample/organisers.json");
const EVENTS: &[&str] = &[
    include_str!("../../sample/events-berlin.json"),
    include_str!("../../sample/events-hamburg.json"),
    include_str!("../../sample/events-leipzig.json"),
    include_str!("../../sample/events-london.json"),
    include_str!("../../sample/events-dublin.json"),
];
/// Where the sample sign-ins are kept, below the data directory; its presence says that the city has been filled.
const SIGN_INS: &str = "sample-sign-ins.txt";
/// People who have joined; their first names go round.
const NAMES: &[&str] = &[
    "Amara", "Ben", "Clara", "Deniz", "Elif", "Finn", "Greta", "Hassan", "Ines", "Jonas", "Kira", "Liam", "Mila",
    "Noah", "Olga", "Priya", "Quentin", "Rosa", "Samir", "Tilda", "Umut", "Vera", "Wim", "Xenia", "Yusuf", "Zoe",
    "Anouk", "Björn", "Chiara", "Dário", "Edda", "Farid", "Gwen", "Hugo", "Ida", "Jasper", "Katya", "Lorenz", "Marta",
    "Niklas",
];
const SURNAMES: &[&str] =
    &["Albrecht", "Byrne", "Çelik", "Doyle", "Ebert", "Fofana", "Grant", "Haddad", "Ivanova", "Jansen"];

#[derive(Deserialize)]
struct Venue {
    key: String,
    name: String,
    address: String,
    city: String,
    lat: f64,
    lon: f64,
    timezone: String,
}

#[derive(Deserialize)]
struct Organiser {
    key: String,
    display_name: String,
}

#[derive(Deserialize)]
struct SampleEvent {
    organiser: String,
    venue: String,
    title: String,
    category: String,
    language: String,
    description: String,
    schedule: Schedule,
    #[serde(default)]
    duration_minutes: i64,
    capacity: Option<i32>,
    price: Option<String>,
    is_free: Option<bool>,
    #[serde(default)]
    all_day: bool,
    #[serde(default)]
    days: i64,
}

/// Days counted from the day of filling.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Schedule {
    InDays {
        in_days: u64,
        #[serde(default)]
        at: Option<String>,
    },
    Weekday {
        weekday: String,
        at: String,
        week: u64,
    },
    Weekly {
        weekly: String,
        at: String,
        times: u64,
    },
}

/// Fills the city, once; prints the sign-ins every time.
pub async fn fill(config: &Config, database: &Database) -> anyhow::Result<()> {
    let sign_ins = config.data_dir.join(SIGN_INS);
    if !sign_ins.exists() {
        let text = fill_once(config, database).await?;
        write_private(&sign_ins, &text)?;
    }
    print!("{}", fs::read_to_string(&sign_ins).context("cannot read the sample sign-ins")?);
    Ok(())
}

async fn fill_once(config: &Config, database: &Database) -> anyhow::Result<String> {
    let mut config = config.clone();
    config.limits.enabled = false;
    config.http.listen.set_port(0);
    config.http.ops_listen.set_port(0);
    // Mails to people who do not exist would only bury the mailbox.
    let lifecycle = Lifecycle::new();
    let app = App::start(config, Clock::system(), &database.url, lifecycle).await?;
    let outcome = city(&app.door, database).await;
    app.stop().await;
    outcome
}

async fn city(door: &Router, database: &Database) -> anyhow::Result<String> {
    let clock = Clock::system();
    let pool = super::pool(database, auth::SCHEMA.name)?;
    let people = People { admin: auth::admin::Admin::new(pool, Outbox::new(clock.clone()), clock.clone()), door };

    let organisers: Vec<Organiser> = serde_json::from_str(ORGANISERS)?;
    let mut tokens = HashMap::new();
    let mut sign_ins = String::new();
    for (number, organiser) in organisers.iter().enumerate() {
        let address = if number == 0 { "organiser".to_owned() } else { format!("organiser{}", number + 1) };
        let (token, password) = people.make(&address, &organiser.display_name, Role::User).await?;
        if number == 0 {
            sign_ins.push_str(&sign_in("organiser", &address, &password));
        }
        tokens.insert(organiser.key.clone(), token);
    }
    let (_, password) = people.make("visitor", "Robin Winter", Role::User).await?;
    sign_ins.push_str(&sign_in("visitor", "visitor", &password));
    let (_, password) = people.make("moderator", "Toni Marsh", Role::Moderator).await?;
    sign_ins.push_str(&sign_in("moderator", "moderator", &password));

    let events = publish_all(door, &tokens, clock.now().naive_utc()).await?;
    let guests: Vec<String> = stream::iter(NAMES.iter().enumerate())
        .map(async |(number, name)| {
            let full = format!("{name} {}", SURNAMES[number * 7 % SURNAMES.len()]);
            people.make(&format!("guest{}", number + 1), &full, Role::User).await.map(|(token, _)| token)
        })
        .buffered(4)
        .try_collect()
        .await?;
    join_some(door, &events, &guests).await?;
    Ok(sign_ins)
}

fn sign_in(who: &str, address: &str, password: &SecretString) -> String {
    format!("{who:<10} {address}@sample.invalid  {}\n", password.expose_secret())
}

struct People<'a> {
    admin: auth::admin::Admin,
    door: &'a Router,
}

impl People<'_> {
    /// A verified account, signed in; where it is there already (an interrupted filling), with a new password.
    async fn make(&self, address: &str, name: &str, role: Role) -> anyhow::Result<(String, SecretString)> {
        let email = format!("{address}@sample.invalid");
        let created = self.admin.create_user(&email, None, name, role).await?;
        let body = json!({ "email": email, "password": created.password.expose_secret() });
        let answer = call(self.door, "POST", "/api/v1/auth/token", None, &body).await?;
        let token = answer["access_token"].as_str().context("no access token")?.to_owned();
        Ok((token, created.password))
    }
}

/// What was published: id and capacity.
type Published = (String, Option<i32>);

async fn publish_all(
    door: &Router,
    tokens: &HashMap<String, String>,
    now: NaiveDateTime,
) -> anyhow::Result<Vec<Published>> {
    let venues: Vec<Venue> = serde_json::from_str(VENUES)?;
    let mut bodies = Vec::new();
    for file in EVENTS {
        for event in serde_json::from_str::<Vec<SampleEvent>>(file)? {
            let venue = venues.iter().find(|it| it.key == event.venue).context("unknown venue")?;
            let token = tokens.get(&event.organiser).context("unknown organiser")?;
            for start in event.schedule.starts(now)? {
                bodies.push((token.clone(), event.body(venue, start), event.capacity));
            }
        }
    }
    stream::iter(bodies)
        .map(async |(token, body, capacity)| {
            let event = call(door, "POST", "/api/v1/events", Some(&token), &body).await?;
            let id = event["id"].as_str().context("no id")?.to_owned();
            call(door, "POST", &format!("/api/v1/events/{id}/publish"), Some(&token), &Value::Null).await?;
            anyhow::Ok((id, capacity))
        })
        .buffered(8)
        .try_collect()
        .await
}

impl Schedule {
    /// Today counts where the hour is well ahead, wherever in Europe the venue is.
    fn starts(&self, now: NaiveDateTime) -> anyhow::Result<Vec<NaiveDateTime>> {
        let (today, soon) = (now.date(), now + TimeDelta::hours(3));
        let midnight = NaiveTime::MIN;
        let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").with_context(|| format!("{text} is no time"));
        let on = |name: &str, week: u64, at: NaiveTime| -> anyhow::Result<NaiveDateTime> {
            let weekday: Weekday = name.parse().map_err(|_| anyhow::anyhow!("{name} is no weekday"))?;
            let ahead = (7 + weekday.num_days_from_monday() - today.weekday().num_days_from_monday()) % 7;
            let first = (today + Days::new(u64::from(ahead))).and_time(at);
            let first = if first < soon { first + TimeDelta::weeks(1) } else { first };
            Ok(first + TimeDelta::days(7 * i64::try_from(week).unwrap_or(0)))
        };
        Ok(match self {
            Self::InDays { in_days, at } => {
                let time = at.as_deref().map_or(Ok(midnight), time)?;
                vec![(today + Days::new((*in_days).max(1))).and_time(time)]
            }
            Self::Weekday { weekday, at, week } => vec![on(weekday, *week, time(at)?)?],
            Self::Weekly { weekly, at, times } => {
                (0..*times).map(|week| on(weekly, week, time(at)?)).collect::<anyhow::Result<_>>()?
            }
        })
    }
}

impl SampleEvent {
    fn body(&self, venue: &Venue, start: NaiveDateTime) -> Value {
        let end = if self.all_day {
            start.date().and_time(NaiveTime::MIN) + TimeDelta::days(self.days.max(1))
        } else {
            start + TimeDelta::minutes(self.duration_minutes.max(30))
        };
        json!({
            "title": self.title,
            "description": self.description,
            "category": self.category,
            "language": self.language,
            "city": venue.city,
            "venue": { "name": venue.name, "address": venue.address, "lat": venue.lat, "lon": venue.lon },
            "starts_at_local": start.format("%Y-%m-%dT%H:%M:%S").to_string(),
            "ends_at_local": end.format("%Y-%m-%dT%H:%M:%S").to_string(),
            "timezone": venue.timezone,
            "all_day": self.all_day,
            "capacity": self.capacity,
            "price": self.price,
            "is_free": self.is_free,
        })
    }
}

/// Every event has some guests, a few are full with a line; the same ones each time.
async fn join_some(door: &Router, events: &[Published], guests: &[String]) -> anyhow::Result<()> {
    let mut joins = Vec::new();
    for (number, (id, capacity)) in events.iter().enumerate() {
        let appeal = (number * 37) % 100;
        let most = capacity.map_or(guests.len(), |it| usize::try_from(it).unwrap_or(0) + 4);
        let count = (guests.len() * appeal / 100).min(most);
        let first = number * 11;
        joins.extend((0..count).map(|guest| (id.clone(), guests[(first + guest) % guests.len()].clone())));
    }
    stream::iter(joins.into_iter().enumerate())
        .map(async |(number, (id, token))| {
            let path = format!("/api/v1/events/{id}/join");
            call_with_key(door, &path, &token, &format!("sample-{number}")).await
        })
        .buffer_unordered(4)
        .try_for_each(|()| std::future::ready(Ok(())))
        .await
}

async fn call_with_key(door: &Router, path: &str, token: &str, key: &str) -> anyhow::Result<()> {
    let request = axum::http::Request::post(path)
        .header("authorization", format!("Bearer {token}"))
        .header("idempotency-key", key)
        .body(Body::empty())?;
    let response = door.clone().oneshot(request).await?;
    // Somebody who joined before the filling was interrupted is in already.
    if response.status().is_success() || response.status() == axum::http::StatusCode::CONFLICT {
        return Ok(());
    }
    bail!("POST {path}: {}", response.status())
}

async fn call(door: &Router, method: &str, path: &str, token: Option<&str>, body: &Value) -> anyhow::Result<Value> {
    let mut request =
        axum::http::Request::builder().method(method).uri(path).header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let response = door.clone().oneshot(request.body(body)?).await?;
    let status = response.status();
    let bytes = response.into_body().collect().await?.to_bytes();
    if !status.is_success() {
        bail!("{method} {path}: {status}: {}", String::from_utf8_lossy(&bytes));
    }
    Ok(serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

/// Readable by the owner only.
fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(path);
    let mut file = file.with_context(|| format!("cannot write {}", path.display()))?;
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    Ok(())
}
