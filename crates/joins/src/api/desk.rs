//! The organiser's desk: why things are as they are, what may be expected, and words to those who are in.

use axum::{
    extract::State as Extract,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use contracts::{EventId, UserId, joins::MessageToParticipants};
use platform::{
    http::{Cursor, Json, Limit, Line, Page, Path, Query, StatusCode, Text},
    identity::Identity,
    problem::{Problem, ProblemDocument},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{managed_event, place::Key};
use crate::{
    State,
    domain::{Join, JoinStatus},
    error,
    store::{self, DecisionRow, Forecast, SentMessage},
};

/// Messages to an event's people within a day.
const A_DAY: i64 = 5;
/// People whom one message on the bus concerns.
const PEOPLE: usize = 500;

/// A page of a list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    /// Items a page, 1 to 100.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 100, example = 20)]
    limit: Limit,
    /// `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// Lists what organisers, stewards and the clock decided at an event, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/events/{id}/decisions",
    tag = "joins",
    operation_id = "list_decisions",
    params(("id" = EventId, Path, description = "Which event."), Pages),
    responses(
        (status = 200, description = "A page of decisions.", body = Page<DecisionRow>),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not the organiser, nor a moderator.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A parameter needs another value.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("organiser"))),
)]
pub async fn decisions(
    Extract(state): Extract<State>,
    identity: Identity,
    Path(event_id): Path<EventId>,
    Query(query): Query<Pages>,
) -> Result<Json<Page<DecisionRow>>, Problem> {
    managed_event(&state, event_id, &identity).await?;
    let before = query.cursor.map(|cursor| cursor.key()).transpose()?.unwrap_or((i64::MAX, 0));
    let rows = store::decisions(&state.desk.pool, event_id, None, before, query.limit.rows()).await?;
    Ok(Json(Page::new(rows, query.limit, |row| (row.revision, row.n))))
}

/// Something that happened to somebody's place.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TimelineEntry {
    /// When.
    at: DateTime<Utc>,
    /// `arrived`, `offered`, `placed`, `kept`, `ended`, or a decision's action.
    #[schema(example = "placed")]
    what: String,
    /// Who did it; `null` is the person, or the rules.
    #[schema(required)]
    actor_name: Option<String>,
    /// More about it: `arrival` (the number in the order of arrival), `revision` (of the event; orders decisions exactly), `way`, `reason`.
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    details: Value,
}

/// Everything that happened to somebody's place.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Timeline {
    /// In the order in which it happened.
    items: Vec<TimelineEntry>,
}

/// Tells everything that happened to somebody's place: why they are where they are.
#[utoipa::path(
    get,
    path = "/api/v1/events/{id}/participants/{user_id}/timeline",
    tag = "joins",
    operation_id = "get_timeline",
    params(("id" = EventId, Path, description = "Which event."), ("user_id" = UserId, Path, description = "Whose.")),
    responses(
        (status = 200, description = "What happened.", body = Timeline),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not the organiser, nor a moderator.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event, or nobody who was ever in.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("organiser"))),
)]
pub async fn timeline(
    Extract(state): Extract<State>,
    identity: Identity,
    Path((event_id, user_id)): Path<(EventId, UserId)>,
) -> Result<Json<Timeline>, Problem> {
    managed_event(&state, event_id, &identity).await?;
    let pool = &state.desk.pool;
    let joins = store::joins_of(pool, event_id, user_id).await?;
    let decisions = store::decisions(pool, event_id, Some(user_id), (i64::MAX, 0), 200).await?;
    if joins.is_empty() && decisions.is_empty() {
        return Err(Problem::not_found());
    }
    let mut items: Vec<(DateTime<Utc>, i64, TimelineEntry)> = joins.iter().flat_map(entries).collect();
    items.extend(decisions.into_iter().map(|it| {
        let mut details = it.details.0;
        details["revision"] = json!(it.revision);
        let what = json!(it.action).as_str().unwrap_or_default().to_owned();
        (it.decided_at, it.revision, TimelineEntry { at: it.decided_at, what, actor_name: it.actor_name, details })
    }));
    items.sort_by_key(|(at, revision, _)| (*at, *revision));
    Ok(Json(Timeline { items: items.into_iter().map(|(.., entry)| entry).collect() }))
}

/// What a join tells of itself.
fn entries(join: &Join) -> Vec<(DateTime<Utc>, i64, TimelineEntry)> {
    let entry = |at: DateTime<Utc>, order: i64, what: &str, details: Value| {
        (at, order, TimelineEntry { at, what: what.to_owned(), actor_name: None, details })
    };
    let mut entries = vec![entry(
        join.joined_at,
        -1,
        "arrived",
        json!({ "arrival": join.line_no, "party_size": join.asked_size.unwrap_or(join.size) }),
    )];
    if let Some((at, revision)) = join.confirmed {
        let details = json!({ "way": join.way, "revision": revision, "given_by_revision": join.given_revision, "party_size": join.size, "passed": join.passed });
        entries.push(entry(at, revision, "placed", details));
    }
    entries.extend(join.kept_at.map(|at| entry(at, i64::MAX - 1, "kept", json!({}))));
    entries.extend(join.end.map(|end| entry(end.at, i64::MAX, "ended", json!({ "reason": end.reason }))));
    entries
}

/// What may be expected of an event, from the organiser's past ones.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Outlook {
    /// How far the line usually moves; `null` if too little is known.
    #[schema(required)]
    line: Option<Forecast>,
    /// How many usually do not come; `null` if too little is known.
    #[schema(required)]
    no_shows: Option<NoShows>,
}

/// How many usually do not come.
#[derive(Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct NoShows {
    /// Of how many past events this is said; 3 to 10.
    #[schema(example = 5)]
    of_events: usize,
    /// Of a hundred with a place, so many did not come in half of the events.
    #[schema(example = 12)]
    usual_percent: i32,
    /// At each of these events, at least so many of a hundred did not come.
    #[schema(example = 6)]
    least_percent: i32,
    /// So many places more than there are could have been given at each of them without anybody too many at the door; 0 without a capacity.
    #[schema(example = 3)]
    suggested_extra: i32,
}

impl NoShows {
    /// `None` if fewer than three events tell.
    fn new(mut percents: Vec<i32>, capacity: Option<i32>) -> Option<Self> {
        if percents.len() < 3 {
            return None;
        }
        percents.sort_unstable();
        let (least_percent, usual_percent) = (percents[0], percents[percents.len() / 2]);
        let capacity = i64::from(capacity.unwrap_or(0));
        let extra = capacity * i64::from(least_percent) / i64::from(100 - least_percent.min(99));
        let suggested_extra = i32::try_from(extra).unwrap_or(0);
        Some(Self { of_events: percents.len(), usual_percent, least_percent, suggested_extra })
    }
}

/// Tells what may be expected of an event, measured at the organiser's past ones.
#[utoipa::path(
    get,
    path = "/api/v1/events/{id}/outlook",
    tag = "joins",
    operation_id = "get_outlook",
    params(("id" = EventId, Path, description = "Which event.")),
    responses(
        (status = 200, description = "What may be expected.", body = Outlook),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not the organiser, nor a moderator.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("organiser"))),
)]
pub async fn outlook(
    Extract(state): Extract<State>,
    identity: Identity,
    Path(event_id): Path<EventId>,
) -> Result<Json<Outlook>, Problem> {
    let event = managed_event(&state, event_id, &identity).await?;
    let pool = &state.desk.pool;
    let percents = store::no_show_percents(pool, event.organiser_id).await?;
    let line = store::forecast(pool, event.organiser_id).await?;
    Ok(Json(Outlook { line, no_shows: NoShows::new(percents, event.capacity) }))
}

/// To whom an organiser writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// Everybody who is in.
    All,
    /// Those with a place.
    Confirmed,
    /// The line.
    Waitlisted,
    /// Those who have an offer.
    Offered,
    /// Those who have asked.
    Pending,
}

impl Audience {
    fn status(self) -> Option<JoinStatus> {
        match self {
            Self::All => None,
            Self::Confirmed => Some(JoinStatus::Confirmed),
            Self::Waitlisted => Some(JoinStatus::Waitlisted),
            Self::Offered => Some(JoinStatus::Offered),
            Self::Pending => Some(JoinStatus::Pending),
        }
    }
}

/// What an organiser writes.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageRequest {
    /// To whom.
    to: Audience,
    /// One line, 1 to 150 characters.
    #[schema(value_type = String, min_length = 1, max_length = 150, example = "Bring a jumper")]
    subject: Line<150>,
    /// Plain text, 1 to 5000 characters.
    #[schema(value_type = String, min_length = 1, max_length = 5000, example = "It will be cool on the canal.")]
    text: Text<5000>,
}

/// Writes to those who are in. Answers go to your own address. At most five messages a day.
#[utoipa::path(
    post,
    path = "/api/v1/events/{id}/messages",
    tag = "joins",
    operation_id = "send_message",
    params(
        ("id" = EventId, Path, description = "Which event."),
        ("Idempotency-Key" = String, Header, description = "A new random value for each new message: sent again under the same one, it counts once.", example = "8e03978e-40d5-43dd-bc93-6894a57f9324"),
    ),
    request_body(content = MessageRequest),
    responses(
        (status = 202, description = "It is on its way.", body = SentMessage),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not the organiser, nor a moderator.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "`too_many_messages` or `nobody_to_write_to`.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A field needs another value.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("organiser"))),
)]
pub async fn write(
    Extract(state): Extract<State>,
    identity: Identity,
    Path(event_id): Path<EventId>,
    key: Result<Key, Problem>,
    body: Result<Json<MessageRequest>, Problem>,
) -> Result<Response, Problem> {
    managed_event(&state, event_id, &identity).await?;
    let (Key(key), Json(body)) = (key?, body?);
    if body.text.is_empty() {
        return Err(Problem::invalid("text", "must not be empty"));
    }
    let desk = &state.desk;
    let mut tx = store::begin(&desk.pool).await?;
    // One message at a time, so that they can be counted.
    store::lock_event(&mut tx, event_id).await?;
    let now = desk.clock.now();
    let audience = json!(body.to).as_str().unwrap_or_default().to_owned();
    if let Some(sent) = store::message(&mut tx, event_id, key.as_str()).await? {
        let same =
            (&sent.audience, sent.subject.as_str(), sent.body.as_str()) == (&audience, &*body.subject, &*body.text);
        return if same { Ok((StatusCode::ACCEPTED, Json(sent)).into_response()) } else { Err(error::key_reused()) };
    }
    if store::messages_of_a_day(&mut tx, event_id, now).await? >= A_DAY {
        return Err(Problem::new(error::TOO_MANY_MESSAGES));
    }
    let people = store::audience(&mut tx, event_id, body.to.status(), now).await?;
    if people.is_empty() {
        return Err(Problem::new(error::NOBODY_TO_WRITE_TO));
    }
    let sent = SentMessage {
        sent_at: now,
        audience,
        subject: body.subject.into_inner(),
        body: body.text.into_inner(),
        recipients: i32::try_from(people.len()).unwrap_or(i32::MAX),
    };
    store::save_message(&mut tx, event_id, key.as_str(), identity.user_id, &sent).await?;
    let message = |to: &[UserId]| MessageToParticipants {
        event_id,
        from_user: identity.user_id,
        subject: sent.subject.clone(),
        text: sent.body.clone(),
        to: to.to_vec(),
        decided_at: now,
    };
    let messages: Vec<_> = people.chunks(PEOPLE).map(message).collect();
    desk.outbox.publish_all(&mut tx, &messages).await?;
    desk.outbox.commit(tx).await?;
    Ok((StatusCode::ACCEPTED, Json(sent)).into_response())
}

/// What was written to those who are in.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SentMessages {
    /// Newest first; the latest hundred.
    items: Vec<SentMessage>,
}

/// Lists what was written to those who are in.
#[utoipa::path(
    get,
    path = "/api/v1/events/{id}/messages",
    tag = "joins",
    operation_id = "list_messages",
    params(("id" = EventId, Path, description = "Which event.")),
    responses(
        (status = 200, description = "The messages.", body = SentMessages),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not the organiser, nor a moderator.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("organiser"))),
)]
pub async fn sent(
    Extract(state): Extract<State>,
    identity: Identity,
    Path(event_id): Path<EventId>,
) -> Result<Json<SentMessages>, Problem> {
    managed_event(&state, event_id, &identity).await?;
    Ok(Json(SentMessages { items: store::messages(&state.desk.pool, event_id).await? }))
}

#[cfg(test)]
mod tests {
    use super::NoShows;

    #[test]
    fn what_is_suggested_would_have_been_safe_at_each_of_the_events() {
        assert_eq!(NoShows::new(vec![10, 20], Some(100)), None, "two are too few");
        let it = NoShows::new(vec![30, 10, 20], Some(90)).unwrap();
        assert_eq!((it.of_events, it.usual_percent, it.least_percent), (3, 20, 10));
        // Of 90 + 10, at least ten of a hundred did not come: 90 are there.
        assert_eq!(it.suggested_extra, 10);
        assert_eq!(NoShows::new(vec![0, 50, 50], Some(90)).unwrap().suggested_extra, 0);
        assert_eq!(NoShows::new(vec![10, 10, 10], None).unwrap().suggested_extra, 0);
    }
}
