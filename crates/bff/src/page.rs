//! The HTML frame of the web app. An event's page gets title, description, Open Graph and schema.org data, for those who read
//! without running scripts: search engines and messengers.

use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, FixedOffset, NaiveDateTime, SecondsFormat, Utc};
use contracts::EventId;
use platform::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::{State, call, web};

/// Where the built page wants its head.
const MARKER: &str = "<!--app-head-->";
/// The start page's head, for search engines and messengers.
const START: &str = "<meta name=\"description\" content=\"Find what happens in your city, and take a place.\">\n\
     <meta property=\"og:type\" content=\"website\">\n\
     <meta property=\"og:site_name\" content=\"CityEvents\">\n\
     <meta property=\"og:title\" content=\"CityEvents\">\n\
     <meta property=\"og:description\" content=\"Find what happens in your city, and take a place.\">";
/// First segments of paths that the web app has screens for.
const SCREENS: &[&str] = &[
    "",
    "events",
    "sign-up",
    "sign-in",
    "verify-email",
    "forgot-password",
    "reset-password",
    "quick-join",
    "me",
    "dev",
];

/// Renders the frame for a path. The status is 404 where there is nothing, and the web app says so in its own words. To whoever is
/// signed in there may be a draft of theirs.
pub async fn render(state: &State, path: &str, signed_in: bool) -> Response {
    let Some(index) = web::index() else { return web::not_built() };
    let mut segments = path.trim_matches('/').split('/');
    let screen = segments.next().unwrap_or_default();
    let mut status = if SCREENS.contains(&screen) { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let mut html = index;
    if screen.is_empty() {
        html = html.replacen(MARKER, START, 1);
    }
    if screen == "events"
        && let Some(segment) = segments.next()
        && segment != "new"
    {
        match event(state, segment).await {
            Ok(Some(event)) => html = with_head(&html, state, &event),
            Ok(None) if signed_in => {}
            Ok(None) => status = StatusCode::NOT_FOUND,
            Err(()) => {} // the screen itself says that it cannot be had
        }
    }
    let fields = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (status, fields, html).into_response()
}

/// The event as anybody may see it, without an address that is hidden from strangers. A draft is not found here, also for its organiser: the
/// screen asks with their sign-in.
async fn event(state: &State, segment: &str) -> Result<Option<Map<String, Value>>, ()> {
    let Ok(id) = segment.parse::<EventId>() else { return Ok(None) };
    let path = format!("/internal/events/{id}");
    let answer = call::get(state.role("events"), &path, &HeaderMap::new(), call::PART_DEADLINE).await.map_err(drop)?;
    match answer.status {
        StatusCode::OK => answer.json().map(Some).map_err(drop),
        StatusCode::NOT_FOUND => Ok(None),
        _ => Err(()),
    }
}

fn with_head(html: &str, state: &State, event: &Map<String, Value>) -> String {
    let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default();
    let base = state.config.http.public_url.as_str().trim_end_matches('/');
    let url = format!("{base}/events/{}/{}", text("id"), text("slug"));
    let image = event["cover"]["png"].as_str().map(|path| format!("{base}{path}")).unwrap_or_default();
    let title = format!("{} – {}", text("title"), text("city"));
    let description = text("summary");
    let data = json_ld(event, &url, &image);
    let head = format!(
        "<meta name=\"description\" content=\"{description}\">\n\
         <link rel=\"canonical\" href=\"{url}\">\n\
         <meta property=\"og:type\" content=\"website\">\n\
         <meta property=\"og:site_name\" content=\"CityEvents\">\n\
         <meta property=\"og:title\" content=\"{title}\">\n\
         <meta property=\"og:description\" content=\"{description}\">\n\
         <meta property=\"og:url\" content=\"{url}\">\n\
         <meta property=\"og:image\" content=\"{image}\">\n\
         <meta property=\"og:image:width\" content=\"1200\">\n\
         <meta property=\"og:image:height\" content=\"630\">\n\
         <meta name=\"twitter:card\" content=\"summary_large_image\">\n\
         <script type=\"application/ld+json\">{data}</script>",
        description = escape(description),
        url = escape(&url),
        title = escape(&title),
        image = escape(&image),
    );
    with_title(html, &format!("{title} · CityEvents")).replacen(MARKER, &head, 1)
}

fn with_title(html: &str, title: &str) -> String {
    match (html.find("<title>"), html.find("</title>")) {
        (Some(start), Some(end)) if start < end => {
            format!("{}<title>{}{}", &html[..start], escape(title), &html[end..])
        }
        _ => html.to_owned(),
    }
}

/// <https://schema.org/Event>, as data that no `<` can break out of.
fn json_ld(event: &Map<String, Value>, url: &str, image: &str) -> String {
    let status = if event["status"] == "cancelled" { "EventCancelled" } else { "EventScheduled" };
    let mut location = json!({
        "@type": "Place",
        "name": event["venue"]["name"],
        "address": {
            "@type": "PostalAddress",
            "streetAddress": event["venue"]["address"],
            "addressLocality": event["city"],
        },
    });
    if event["venue"]["lat"].is_number() {
        location["geo"] = json!({
            "@type": "GeoCoordinates",
            "latitude": event["venue"]["lat"],
            "longitude": event["venue"]["lon"],
        });
    }
    let document = json!({
        "@context": "https://schema.org",
        "@type": "Event",
        "name": event["title"],
        "description": event["summary"],
        "startDate": when(event, "starts_at", "starts_at_local"),
        "endDate": when(event, "ends_at", "ends_at_local"),
        "eventStatus": format!("https://schema.org/{status}"),
        "eventAttendanceMode": "https://schema.org/OfflineEventAttendanceMode",
        "inLanguage": event["language"],
        "isAccessibleForFree": event["is_free"],
        "maximumAttendeeCapacity": event["capacity"],
        "location": location,
        "image": [image],
        "url": url,
        "organizer": { "@type": "Organization", "name": event["organiser"]["display_name"] },
    });
    document.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// A time as schema.org wants it: the wall clock's, with its offset, since many readers show it as it is written; of all-day events the
/// date alone.
fn when(event: &Map<String, Value>, instant: &str, wall: &str) -> Option<String> {
    let wall = event.get(wall)?.as_str()?;
    if event.get("all_day").is_some_and(|it| it == true) {
        return wall.split('T').next().map(str::to_owned);
    }
    let (instant, wall) =
        (event.get(instant)?.as_str()?.parse::<DateTime<Utc>>().ok()?, wall.parse::<NaiveDateTime>().ok()?);
    let offset = FixedOffset::east_opt(i32::try_from((wall - instant.naive_utc()).num_seconds()).ok()?)?;
    Some(instant.with_timezone(&offset).to_rfc3339_opts(SecondsFormat::Secs, true))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(event: Value) -> Option<String> {
        let Value::Object(event) = event else { return None };
        when(&event, "starts_at", "starts_at_local")
    }

    #[test]
    fn a_place_whose_address_is_hidden_has_its_name_and_city_alone() {
        let located = |address: Value, lat: Value, lon: Value| -> Value {
            let venue = json!({ "name": "Canal bridge", "address": address, "lat": lat, "lon": lon });
            let mut event = Map::from_iter(
                ["title", "summary", "status", "language", "is_free", "capacity", "organiser"]
                    .map(|it| (it.to_owned(), Value::Null)),
            );
            event.extend([("venue".to_owned(), venue), ("city".to_owned(), json!("Berlin"))]);
            let document: Value = serde_json::from_str(&json_ld(&event, "", "")).unwrap();
            document["location"].clone()
        };
        let hidden = located(Value::Null, Value::Null, Value::Null);
        let address = json!({ "@type": "PostalAddress", "streetAddress": null, "addressLocality": "Berlin" });
        assert_eq!(hidden, json!({ "@type": "Place", "name": "Canal bridge", "address": address }));
        let shown = located(json!("Uferweg 1"), json!(52.49), json!(13.42));
        assert_eq!(
            (&shown["address"]["streetAddress"], &shown["geo"]["latitude"]),
            (&json!("Uferweg 1"), &json!(52.49))
        );
    }

    #[test]
    fn times_carry_their_offset_and_whole_days_none() {
        let summer =
            json!({ "starts_at": "2026-06-08T16:00:00Z", "starts_at_local": "2026-06-08T18:00:00", "all_day": false });
        assert_eq!(starts(summer).as_deref(), Some("2026-06-08T18:00:00+02:00"));
        let west =
            json!({ "starts_at": "2026-06-09T01:30:00Z", "starts_at_local": "2026-06-08T21:30:00", "all_day": false });
        assert_eq!(starts(west).as_deref(), Some("2026-06-08T21:30:00-04:00"));
        let day =
            json!({ "starts_at": "2026-06-07T22:00:00Z", "starts_at_local": "2026-06-08T00:00:00", "all_day": true });
        assert_eq!(starts(day).as_deref(), Some("2026-06-08"));
        assert_eq!(starts(json!({ "starts_at": "soon", "starts_at_local": "2026-06-08T18:00:00" })), None);
    }
}
