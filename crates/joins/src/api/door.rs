//! The door: tickets, who is let in, and who may stand there.

use std::collections::HashMap;

use axum::{extract::State as Extract, response::Response};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use contracts::{EventId, UserId, events::EventStatus};
use platform::{
    http::{HeaderValue, Json, Line, Path, Query, StatusCode, Text, header},
    identity::Identity,
    problem::{self, Problem, ProblemDocument},
    random,
};
use qrcode::{EcLevel, QrCode, render::svg};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{known_event, managed_event, manages, organise::Nothing};
use crate::{
    State,
    desk::{Answer, Joined, Request, Wish},
    domain::{Event, JoinStatus},
    error,
    store::{self, DoorCounts, Guest, NewScan, Outcome, Scan, ScanKind, Steward},
    tickets::{Shown, Ticket},
};

/// Guests or scans a page.
const PAGE: i64 = 1_000;
/// Scans that one request may bring.
const SCANS: usize = 500;
/// How far from the truth a device's clock may be.
const LATEST: TimeDelta = TimeDelta::days(30);
/// How long after the end of an event its stewards may stand at the door.
const AFTERWARDS: TimeDelta = TimeDelta::days(1);
/// How long the link works by which one becomes a steward.
const LINK: TimeDelta = TimeDelta::days(7);

/// Whether somebody may stand at the door as a steward: until a day after the event, and not if they are banned.
pub async fn is_steward(state: &State, event: &Event, user_id: UserId) -> Result<bool, sqlx::Error> {
    if event.ends_at + AFTERWARDS <= state.desk.clock.now() {
        return Ok(false);
    }
    store::is_steward(&state.desk.pool, event.id, user_id).await
}

/// An event at whose door this person may stand.
async fn door(state: &State, id: EventId, identity: &Identity) -> Result<Event, Problem> {
    let event = known_event(state, id).await?;
    if manages(&event, identity) || is_steward(state, &event, identity.user_id).await? {
        Ok(event)
    } else if event.status == EventStatus::Draft {
        Err(Problem::not_found()) // nobody is told that it is there
    } else {
        Err(Problem::new(problem::FORBIDDEN).detail("Only the organiser and the stewards stand at the door."))
    }
}

/// A ticket, as its owner shows it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TicketView {
    /// What the QR code says.
    #[schema(example = "CE1.AAAA")]
    ticket: String,
    /// The QR code as a drawing; black on white, with its quiet zone.
    #[schema(example = "<svg/>")]
    qr_svg: String,
    /// As the owner is called.
    #[schema(example = "Ada")]
    display_name: String,
    /// The owner and their guests.
    #[schema(example = 2)]
    party_size: i32,
    /// The guests' names, as far as they were given.
    guests: Vec<String>,
    /// A number to read out where the code cannot be scanned.
    #[schema(example = 42)]
    number: i64,
    /// When the first of the party was let in.
    #[schema(required)]
    arrived_at: Option<DateTime<Utc>>,
}

/// Shows your ticket.
#[utoipa::path(
    get,
    path = "/api/v1/events/{id}/ticket",
    tag = "door",
    operation_id = "get_ticket",
    params(("id" = EventId, Path, description = "Which event.")),
    responses(
        (status = 200, description = "Your ticket.", body = TicketView),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "`not_joined`: you have no place.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("user"))),
)]
pub async fn ticket(
    Extract(state): Extract<State>,
    identity: Identity,
    Path(event_id): Path<EventId>,
) -> Result<Response, Problem> {
    known_event(&state, event_id).await?;
    let place = store::place(&state.desk.pool, event_id, identity.user_id, state.desk.clock.now()).await?;
    let place = place
        .ok_or_else(|| Problem::new(error::NOT_JOINED).detail("There is a ticket as soon as you have a place."))?;
    let content = Ticket { event_id, join_id: place.join_id, line_no: place.line_no, people: place.party_size };
    let ticket = state.desk.tickets.sign(&content);
    let view = TicketView {
        qr_svg: qr(&ticket)?,
        ticket,
        display_name: place.display_name.unwrap_or(identity.display_name),
        party_size: place.party_size,
        guests: place.guests.0,
        number: place.line_no,
        arrived_at: place.arrived_at,
    };
    Ok(private(Json(view)))
}

fn qr(text: &str) -> Result<String, Problem> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|error| Problem::internal(&error))?;
    Ok(code.render::<svg::Color<'_>>().min_dimensions(240, 240).build())
}

fn private(body: impl axum::response::IntoResponse) -> Response {
    let mut response = body.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}

/// A key that has signed tickets.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TicketKey {
    /// The first four bytes of a ticket, in hexadecimal digits.
    #[schema(example = "0a1b2c3d")]
    kid: String,
    /// Its Ed25519 public key, in URL-safe Base64 without padding.
    public_key: String,
}

/// Somebody in the line who may be let in when unused places go to those at the door.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Waiter {
    /// Who.
    user_id: UserId,
    /// As they are called.
    display_name: String,
    /// The person and their guests.
    party_size: i32,
}

/// What a device at the door needs, also without a network later.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Door {
    /// The event's title.
    title: String,
    /// RFC 3339, UTC.
    starts_at: DateTime<Utc>,
    /// RFC 3339, UTC.
    ends_at: DateTime<Utc>,
    /// IANA name of the venue's zone.
    timezone: String,
    /// From then on, unused places go to those at the door.
    walk_ins_from: DateTime<Utc>,
    /// How many have come.
    counts: DoorCounts,
    /// Keys by which tickets can be verified without a network.
    keys: Vec<TicketKey>,
    /// Everybody with a place, in order of arrival, a thousand a page.
    guests: Vec<Guest>,
    /// `after` of the next page; `null` after the last.
    #[schema(required)]
    next_after: Option<i64>,
    /// The first hundred of the line.
    waiting: Vec<Waiter>,
}

/// Where a list goes on.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct After {
    /// The last number that is known; 0 is the beginning.
    #[serde(default)]
    #[param(minimum = 0, example = 0)]
    after: i64,
}

/// Shows the door what it needs, and nothing else: names, parties, who is inside.
#[utoipa::path(
    get,
    path = "/api/v1/events/{id}/door",
    tag = "door",
    operation_id = "get_door",
    params(("id" = EventId, Path, description = "Which event."), After),
    responses(
        (status = 200, description = "What a device at the door needs.", body = Door),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Neither the organiser, nor a steward, nor a moderator.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("organiser"))),
)]
pub async fn show(
    Extract(state): Extract<State>,
    identity: Identity,
    Path(event_id): Path<EventId>,
    Query(After { after }): Query<After>,
) -> Result<Response, Problem> {
    let event = door(&state, event_id, &identity).await?;
    let (pool, now) = (&state.desk.pool, state.desk.clock.now());
    store::publish_ticket_key(pool, &state.desk.tickets, now).await?;
    let guests = store::guests(pool, event_id, after, PAGE, now).await?;
    let whole = i64::try_from(guests.len()).is_ok_and(|count| count < PAGE);
    let next_after = guests.last().map(|guest| guest.line_no).filter(|_| !whole);
    let about = store::door_event(pool, event_id).await?;
    let filter = store::Filter { status: Some(JoinStatus::Waitlisted), name: None };
    let waiting = store::participants(pool, event_id, &filter, 0, 100, now).await?;
    let waiter = |row: store::ParticipantRow| Waiter {
        user_id: row.user_id,
        display_name: row.display_name.unwrap_or_default(),
        party_size: row.party_size,
    };
    let key = |(kid, key): (String, Vec<u8>)| TicketKey { kid, public_key: URL_SAFE_NO_PAD.encode(key) };
    Ok(private(Json(Door {
        title: about.title,
        starts_at: event.starts_at,
        ends_at: event.ends_at,
        timezone: about.timezone,
        walk_ins_from: event.walk_ins_from(),
        counts: store::door_counts(pool, event_id).await?,
        keys: store::ticket_keys(pool).await?.into_iter().map(key).collect(),
        guests,
        next_after,
        waiting: waiting.into_iter().map(waiter).collect(),
    })))
}

/// What happened at other gates.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Scans {
    /// In the order in which they became known; at most a thousand. The last `seq` is the next `after`.
    items: Vec<Scan>,
    /// How many have come.
    counts: DoorCounts,
}

/// Lists scans, those of other devices included.
#[utoipa::path(
    get,
    path = "/api/v1/events/{id}/door/scans",
    tag = "door",
    operation_id = "list_scans",
    params(("id" = EventId, Path, description = "Which event."), After),
    responses(
        (status = 200, description = "What happened since.", body = Scans),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Neither the organiser, nor a steward, nor a moderator.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("organiser"))),
)]
pub async fn list(
    Extract(state): Extract<State>,
    identity: Identity,
    Path(event_id): Path<EventId>,
    Query(After { after }): Query<After>,
) -> Result<Response, Problem> {
    door(&state, event_id, &identity).await?;
    let pool = &state.desk.pool;
    let items = store::scans(pool, event_id, after, PAGE).await?;
    Ok(private(Json(Scans { items, counts: store::door_counts(pool, event_id).await? })))
}

/// What a device says happened at its gate.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScansRequest {
    /// How the gate is called; at most 50 characters.
    #[serde(default)]
    #[schema(value_type = String, max_length = 50, example = "North")]
    gate: Option<Text<50>>,
    /// How the device is called; at most 50 characters.
    #[serde(default)]
    #[schema(value_type = String, max_length = 50, example = "Olga's phone")]
    device: Option<Text<50>>,
    /// In the order in which it happened; at most 500.
    #[schema(max_items = 500)]
    scans: Vec<ScanRequest>,
}

/// One ticket that was scanned, or one name that was tapped.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanRequest {
    /// A new UUID for each scan; the same one when it is sent again.
    id: Uuid,
    /// What the QR code says; or else `line_no`.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500)]
    ticket: Option<Line<500>>,
    /// Whose place, when a name was tapped.
    #[serde(default)]
    line_no: Option<i64>,
    /// What happened.
    kind: ScanKind,
    /// How many people; all that are outside (or inside) if absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 10)]
    people: Option<i32>,
    /// When it happened, by the device's clock.
    at: DateTime<Utc>,
}

/// What came of a scan.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ScanResult {
    /// Of which scan.
    id: Uuid,
    /// What came of it.
    outcome: Outcome,
    /// Whose place.
    #[schema(required)]
    line_no: Option<i64>,
    /// How many of the party are inside now.
    #[schema(required)]
    inside: Option<i32>,
    /// How many they are.
    #[schema(required)]
    party_size: Option<i32>,
    /// The entry that counts, where this one came second: when it was, at which gate, and who let them in.
    #[schema(required)]
    first: Option<Scan>,
}

/// What came of the scans.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ScanResults {
    /// In the order of the request.
    results: Vec<ScanResult>,
    /// How many have come.
    counts: DoorCounts,
}

/// Takes what happened at a gate, at once or after a time without a network.
///
/// A scan that is sent again counts once. A ticket that was used at another gate meanwhile is `already_in`, and `first` says when and by whom.
#[utoipa::path(
    post,
    path = "/api/v1/events/{id}/door/scans",
    tag = "door",
    operation_id = "send_scans",
    params(("id" = EventId, Path, description = "Which event.")),
    request_body(content = ScansRequest),
    responses(
        (status = 200, description = "What came of them.", body = ScanResults),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Neither the organiser, nor a steward, nor a moderator.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A field needs another value.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("organiser"))),
)]
pub async fn send(
    Extract(state): Extract<State>,
    identity: Identity,
    Path(event_id): Path<EventId>,
    body: Result<Json<ScansRequest>, Problem>,
) -> Result<Response, Problem> {
    door(&state, event_id, &identity).await?;
    let Json(body) = body?;
    check(&body)?;
    let pool = &state.desk.pool;
    store::publish_ticket_key(pool, &state.desk.tickets, state.desk.clock.now()).await?;
    let keys = store::ticket_keys(pool).await?;
    let gate = body.gate.map(Text::into_inner).unwrap_or_default();
    let device = body.device.map(Text::into_inner).unwrap_or_default();
    let at = Gate { state: &state, event_id, keys: &keys, name: &gate, device: &device, steward_id: identity.user_id };
    let mut results = Vec::with_capacity(body.scans.len());
    for scan in body.scans {
        results.push(at.scan(scan).await?);
    }
    Ok(private(Json(ScanResults { results, counts: store::door_counts(pool, event_id).await? })))
}

fn check(body: &ScansRequest) -> Result<(), Problem> {
    if body.scans.len() > SCANS {
        return Err(Problem::invalid("scans", format!("must be at most {SCANS}")));
    }
    for (n, scan) in body.scans.iter().enumerate() {
        if scan.people.is_some_and(|people| !(1..=10).contains(&people)) {
            return Err(Problem::invalid(format!("scans[{n}].people"), "must be a whole number from 1 to 10"));
        }
        if scan.ticket.is_some() == scan.line_no.is_some() {
            return Err(Problem::invalid(format!("scans[{n}].ticket"), "either a ticket or a line_no is needed"));
        }
    }
    Ok(())
}

/// Clocks of devices go wrong by years, and what is shown should not.
fn near(at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    at.clamp(now - LATEST, now + LATEST)
}

/// A device at a gate.
struct Gate<'a> {
    state: &'a State,
    event_id: EventId,
    keys: &'a HashMap<String, Vec<u8>>,
    name: &'a str,
    device: &'a str,
    steward_id: UserId,
}

impl Gate<'_> {
    async fn scan(&self, request: ScanRequest) -> Result<ScanResult, Problem> {
        let mut tx = store::begin(&self.state.desk.pool).await?;
        let identified = self.identify(&request);
        let line_no = identified.map_or_else(|outcome| (None, Some(outcome)), |(line_no, _)| (Some(line_no), None));
        let (line_no, refused) = line_no;
        let place = match line_no {
            Some(line_no) => store::lock_place(&mut tx, self.event_id, line_no).await?,
            None => None,
        };
        // After the lock: two devices may send the same scan at once.
        if let Some(known) = store::scan(&mut tx, self.event_id, request.id).await? {
            return self.result(&mut tx, request.id, known.outcome, known.line_no).await;
        }
        let now = self.state.desk.clock.now();
        let had_inside = place.as_ref().filter(|it| it.status == JoinStatus::Ended).map(|it| it.inside);
        let forged =
            identified.ok().and_then(|(_, join_id)| join_id).zip(place.as_ref()).is_some_and(|(id, at)| id != at.id);
        let (outcome, people) = match (refused, place) {
            (Some(outcome), _) => (outcome, 1),
            (None, None) => (Outcome::Unknown, 1),
            (None, Some(_)) if forged => (Outcome::Forged, 1),
            (None, Some(place)) => self.at_place(&mut tx, &request, line_no.unwrap_or_default(), &place, now).await?,
        };
        let line_no = line_no.filter(|_| !matches!(outcome, Outcome::Unknown | Outcome::Forged));
        let scan = NewScan {
            event_id: self.event_id,
            id: request.id,
            line_no,
            kind: request.kind,
            people,
            outcome,
            scanned_at: near(request.at, now),
            received_at: now,
            gate: self.name,
            device: self.device,
            steward_id: self.steward_id,
        };
        if !store::insert_scan(&mut tx, &scan).await? {
            // The same scan of nobody's ticket, sent twice at once.
            tx.rollback().await?;
            let mut conn = self.state.desk.pool.acquire().await?;
            return self.result(&mut conn, request.id, outcome, line_no).await;
        }
        let result = self.result(&mut tx, request.id, outcome, line_no).await?;
        tx.commit().await?;
        let fewer = had_inside.zip(result.inside).map_or(0, |(before, after)| before - after);
        if request.kind == ScanKind::Undo && fewer > 0 {
            // Whoever has given their place up had not come after all. If this is lost, the place stays used up: too few are let in rather
            // than too many.
            let request = Request { event_id: self.event_id, user_id: self.steward_id, key: None };
            self.state.lanes.ask(request, Wish::FreeUsed { people: fewer }).await?;
        }
        Ok(result)
    }

    /// Whose place a scan is about, and which join the ticket says it is.
    fn identify(&self, request: &ScanRequest) -> Result<(i64, Option<contracts::JoinId>), Outcome> {
        let Some(text) = &request.ticket else { return Ok((request.line_no.unwrap_or_default(), None)) };
        let shown = Shown::read(text).ok_or(Outcome::Unknown)?;
        let key = self.keys.get(&shown.kid).and_then(|key| <&[u8; 32]>::try_from(key.as_slice()).ok());
        if !key.is_some_and(|key| shown.is_signed_by(key)) {
            return Err(Outcome::Forged);
        }
        if shown.ticket.event_id != self.event_id {
            return Err(Outcome::WrongEvent);
        }
        Ok((shown.ticket.line_no, Some(shown.ticket.join_id)))
    }

    async fn at_place(
        &self,
        tx: &mut PgConnection,
        request: &ScanRequest,
        line_no: i64,
        place: &store::AtDoor,
        now: DateTime<Utc>,
    ) -> Result<(Outcome, i32), Problem> {
        let (inside, party_size) = (place.inside, place.party_size);
        let (has_place, goes) = (
            place.status == JoinStatus::Confirmed && place.due_at.is_none_or(|at| at > now),
            request.kind != ScanKind::In && inside > 0, // also after the place was given up
        );
        let stays = |outcome, people: i32| (outcome, people.clamp(1, 10));
        if !has_place && !goes {
            return Ok(stays(Outcome::NoPlace, request.people.unwrap_or(1)));
        }
        let (outside, arrived_at) = (party_size - inside, Some(near(request.at, now).min(now)));
        let (people, inside, arrived_at) = match request.kind {
            ScanKind::In => {
                let people = request.people.unwrap_or(outside);
                if people == 0 || people > outside {
                    return Ok(stays(Outcome::AlreadyIn, people));
                }
                (people, inside + people, arrived_at)
            }
            ScanKind::Out => {
                let people = request.people.unwrap_or(inside);
                if people == 0 || people > inside {
                    return Ok(stays(Outcome::NotIn, people));
                }
                (people, inside - people, None)
            }
            ScanKind::Undo => match store::undo_last(tx, self.event_id, line_no).await? {
                Some((ScanKind::In, people)) => (people, (inside - people).max(0), None),
                Some((_, people)) => (people, (inside + people).min(party_size), None),
                None => return Ok(stays(Outcome::NothingToUndo, 1)),
            },
        };
        store::set_inside(tx, self.event_id, line_no, inside, arrived_at).await?;
        if request.kind == ScanKind::Undo && has_place {
            store::clear_arrival(tx, self.event_id, line_no).await?;
        }
        Ok((Outcome::Accepted, people))
    }

    async fn result(
        &self,
        conn: &mut PgConnection,
        id: Uuid,
        outcome: Outcome,
        line_no: Option<i64>,
    ) -> Result<ScanResult, Problem> {
        let place = match line_no {
            Some(line_no) => store::look_at_place(conn, self.event_id, line_no).await?,
            None => None,
        };
        let first = match line_no.filter(|_| outcome == Outcome::AlreadyIn) {
            Some(line_no) => store::last_entry(conn, self.event_id, line_no).await?,
            None => None,
        };
        let (inside, party_size) = (place.as_ref().map(|it| it.inside), place.as_ref().map(|it| it.party_size));
        Ok(ScanResult { id, outcome, line_no, inside, party_size, first })
    }
}

/// Lets somebody of the line in, into a place that nobody has used.
///
/// From a quarter of an hour after the start. If nothing is free, those who have not come give up their places, whoever arrived last first, but
/// no large party where smaller ones do.
#[utoipa::path(
    post,
    path = "/api/v1/events/{id}/door/walk-ins/{user_id}",
    tag = "door",
    operation_id = "walk_in",
    params(("id" = EventId, Path, description = "Which event."), ("user_id" = UserId, Path, description = "Whom.")),
    request_body(content = Option<Nothing>, description = "May be empty."),
    responses(
        (status = 200, description = "They have a place.", body = Joined),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Neither the organiser, nor a steward, nor a moderator; or a steward who waits themselves.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "`walk_in_too_early`, `event_full`, `not_joined`, `not_approved`, `already_joined` or `event_not_open`.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("organiser"))),
)]
pub async fn walk_in(
    Extract(state): Extract<State>,
    identity: Identity,
    Path((event_id, user_id)): Path<(EventId, UserId)>,
) -> Result<Answer, Problem> {
    let event = door(&state, event_id, &identity).await?;
    if user_id == identity.user_id && !manages(&event, &identity) {
        let detail = "Nobody lets themselves in: ask the organiser or another steward.";
        return Err(Problem::new(problem::FORBIDDEN).detail(detail));
    }
    let request = Request { event_id, user_id: identity.user_id, key: None };
    state.lanes.ask(request, Wish::WalkIn { user_id }).await
}

/// Who may stand at the door.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Stewards {
    /// Since when they may, first ones first; at most 200.
    items: Vec<Steward>,
}

/// Lists who may stand at the door.
#[utoipa::path(
    get,
    path = "/api/v1/events/{id}/stewards",
    tag = "door",
    operation_id = "list_stewards",
    params(("id" = EventId, Path, description = "Which event.")),
    responses(
        (status = 200, description = "The stewards.", body = Stewards),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not the organiser, nor a moderator.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("organiser"))),
)]
pub async fn stewards(
    Extract(state): Extract<State>,
    identity: Identity,
    Path(event_id): Path<EventId>,
) -> Result<Json<Stewards>, Problem> {
    managed_event(&state, event_id, &identity).await?;
    Ok(Json(Stewards { items: store::stewards(&state.desk.pool, event_id).await? }))
}

/// The link by which one becomes a steward.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct StewardLink {
    /// Goes into the link: `/events/{id}/door#steward={code}`. It is shown once.
    code: String,
    /// When the link stops working.
    expires_at: DateTime<Utc>,
}

/// Makes the link by which one becomes a steward; an older one stops working.
#[utoipa::path(
    post,
    path = "/api/v1/events/{id}/stewards/link",
    tag = "door",
    operation_id = "create_steward_link",
    params(("id" = EventId, Path, description = "Which event.")),
    request_body(content = Option<Nothing>, description = "May be empty."),
    responses(
        (status = 201, description = "The link.", body = StewardLink),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not the organiser, nor a moderator.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("organiser"))),
)]
pub async fn link(
    Extract(state): Extract<State>,
    identity: Identity,
    Path(event_id): Path<EventId>,
) -> Result<Response, Problem> {
    managed_event(&state, event_id, &identity).await?;
    let (code, expires_at) = (random::token(), state.desk.clock.now() + LINK);
    let fingerprint = random::fingerprint(code.expose_secret());
    store::set_steward_link(&state.desk.pool, event_id, &fingerprint, expires_at).await?;
    Ok(private((StatusCode::CREATED, Json(StewardLink { code: code.expose_secret().to_owned(), expires_at }))))
}

/// The code of a link.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StewardRequest {
    /// From the link.
    #[schema(value_type = String, min_length = 1, max_length = 100)]
    code: Line<100>,
}

/// Makes you a steward of an event, by the organiser's link.
#[utoipa::path(
    post,
    path = "/api/v1/events/{id}/stewards",
    tag = "door",
    operation_id = "become_steward",
    params(("id" = EventId, Path, description = "Which event.")),
    request_body(content = StewardRequest),
    responses(
        (status = 204, description = "You may stand at the door."),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "`banned`.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "`steward_link_spent`.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A field needs another value.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("user"))),
)]
pub async fn become_steward(
    Extract(state): Extract<State>,
    identity: Identity,
    Path(event_id): Path<EventId>,
    Json(body): Json<StewardRequest>,
) -> Result<StatusCode, Problem> {
    let event = known_event(&state, event_id).await?;
    if event.banned > 0 && store::is_banned(&state.desk.pool, event_id, identity.user_id).await? {
        return Err(Problem::new(error::BANNED));
    }
    let (fingerprint, now) = (random::fingerprint(&body.code), state.desk.clock.now());
    if !store::become_steward(&state.desk.pool, event_id, identity.user_id, &fingerprint, now).await? {
        return Err(Problem::new(error::STEWARD_LINK_SPENT));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a steward's right. The link stops working as well.
#[utoipa::path(
    delete,
    path = "/api/v1/events/{id}/stewards/{user_id}",
    tag = "door",
    operation_id = "remove_steward",
    params(("id" = EventId, Path, description = "Which event."), ("user_id" = UserId, Path, description = "Whose.")),
    responses(
        (status = 204, description = "They may not stand at the door any more."),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not the organiser, nor a moderator.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event or steward.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("organiser"))),
)]
pub async fn remove_steward(
    Extract(state): Extract<State>,
    identity: Identity,
    Path((event_id, user_id)): Path<(EventId, UserId)>,
) -> Result<StatusCode, Problem> {
    managed_event(&state, event_id, &identity).await?;
    if !store::remove_steward(&state.desk.pool, event_id, user_id).await? {
        return Err(Problem::not_found());
    }
    Ok(StatusCode::NO_CONTENT)
}
