use axum::{
    body::Body,
    extract::{FromRequestParts, State as Extract},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use contracts::{
    EventId, JoinId,
    events::{EventStatus, TimeAndPlace, Venue},
    registration::Access,
};
use platform::{
    http::{Cursor, HeaderValue, Json, Limit, Line, Page, Path, Query, header},
    identity::Identity,
    problem::{Problem, ProblemDocument},
};
use serde::{Deserialize, Serialize};

use super::{known_event, manages};
use crate::{
    State,
    desk::{Answer, Done, Joined, Left, Request, Wish},
    domain::{Answers, DueFor, Given, IdempotencyKey, InvitationCode, JoinStatus, PartySize, Way},
    error,
    store::{self, When},
};

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let kind = if self.status.is_success() { "application/json" } else { "application/problem+json" };
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// The key, from `Idempotency-Key` or the older `X-Idempotency-Key`.
pub struct Key(pub IdempotencyKey);

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, _: &S) -> Result<Self, Problem> {
        let value = parts.headers.get(error::IDEMPOTENCY_KEY).or_else(|| parts.headers.get("x-idempotency-key"));
        let value = value.filter(|value| !value.is_empty()).ok_or_else(|| {
            Problem::new(error::IDEMPOTENCY_KEY_MISSING).field(error::IDEMPOTENCY_KEY, "missing", "is required here")
        })?;
        value
            .to_str()
            .ok()
            .and_then(IdempotencyKey::parse)
            .map(Self)
            .ok_or_else(|| Problem::invalid(error::IDEMPOTENCY_KEY, "must be 1 to 200 visible ASCII characters"))
    }
}

/// The key, where it makes no difference how often it is asked, but a client wants the same answer again.
pub struct MaybeKey(pub Option<IdempotencyKey>);

impl<S: Send + Sync> FromRequestParts<S> for MaybeKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &S) -> Result<Self, Problem> {
        match Key::from_request_parts(parts, state).await {
            Ok(Key(key)) => Ok(Self(Some(key))),
            Err(problem) if problem.code().name == error::IDEMPOTENCY_KEY_MISSING.name => Ok(Self(None)),
            Err(problem) => Err(problem),
        }
    }
}

/// Who comes, and what the organiser wants to know.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "party_size": 2 }))]
pub struct JoinRequest {
    /// The person and their guests; 1 if absent. A party has its places as a whole or waits as a whole, unless `at_least` says otherwise.
    #[serde(default)]
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 10, example = 1)]
    party_size: Option<PartySize>,
    /// The smallest part of the party that would come if there is no room for all: they take what there is. `party_size` if absent.
    #[serde(default)]
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 10, example = 1)]
    at_least: Option<PartySize>,
    /// What the guests are called, as far as they are named; the person is not among them.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 9, example = json!(["Grace"]))]
    guests: Vec<Line<100>>,
    /// Answers to the organiser's questions by their ids: texts, or `true` for a consent.
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>, example = json!({ "meal": "Vegan", "photos": true }))]
    answers: Answers,
    /// The code of an invitation.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
    invitation: Option<Line<64>>,
    /// Whether the lines of other events at the same time are left once this is a place.
    #[serde(default)]
    leave_other_lines: bool,
}

impl JoinRequest {
    fn given(self, identity: &Identity) -> Result<Given, Problem> {
        let party = self.party_size.unwrap_or_default();
        let at_least = self.at_least.unwrap_or(party);
        if at_least > party {
            return Err(Problem::invalid("at_least", "must not be more than the party"));
        }
        if i32::try_from(self.guests.len()).is_ok_and(|guests| guests >= party.get()) && !self.guests.is_empty() {
            return Err(Problem::invalid("guests", "must be fewer than the party"));
        }
        Ok(Given {
            user_id: identity.user_id,
            verified: identity.email_verified,
            party,
            at_least,
            guests: self.guests.into_iter().map(Line::into_inner).collect(),
            answers: self.answers,
            invitation: self.invitation.map(|code| InvitationCode(code.into_inner())),
            leave_other_lines: self.leave_other_lines,
        })
    }
}

/// Nothing to say.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeaveRequest {}

/// Joins an event: a place, or a place in the line.
///
/// The same key and request get the same answer, also while the first is still under way; after a 503 or a lost connection, repeat it.
#[utoipa::path(
    post,
    path = "/api/v1/events/{id}/join",
    tag = "joins",
    operation_id = "join_event",
    params(
        ("id" = EventId, Path, description = "Which event."),
        ("Idempotency-Key" = String, Header, description = "A new random value for each new request: 1 to 200 visible ASCII characters. `X-Idempotency-Key` is accepted as well.", example = "8e03978e-40d5-43dd-bc93-6894a57f9324"),
    ),
    request_body(content = JoinRequest, description = "May be empty."),
    responses(
        (status = 200, description = "You have a place, or stand in the line.", body = Joined, example = json!({
            "join_id": "019ea6f2-7c00-7d0c-9c5c-0f8b5b2c6a11", "event_id": "019ea6f2-7c00-7a44-8a43-5f0d6f3c1b02", "status": "waitlisted",
            "position": 3, "party_size": 1, "joined_at": "2026-06-08T12:00:00Z", "places": { "capacity": 40, "confirmed": 40, "waitlisted": 3 } })),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "`email_not_verified`, `banned` or `invitation_needed`.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "`already_joined`, `event_not_open`, `registration_not_open`, `registration_closed`, `party_above_limit`, `no_places`, `party_too_large` or `invitation_spent`.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "`idempotency_key_missing`, `idempotency_key_reused` or `validation_failed`; `answers.{id}` names a question whose answer is missing or will not do.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Too many at once, or the database is away: repeat it with the same key.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("user"))),
)]
pub async fn join(
    Extract(state): Extract<State>,
    identity: Identity,
    Path(event_id): Path<EventId>,
    Key(key): Key,
    Json(body): Json<JoinRequest>,
) -> Result<Answer, Problem> {
    let given = body.given(&identity)?;
    let request = Request { event_id, user_id: identity.user_id, key: Some(key) };
    state.lanes.ask(request, Wish::Join(Box::new(given))).await
}

/// Leaves an event: gives up a place, or a place in the line.
///
/// Always works for whoever is in. What becomes free goes to the line at once. Joining again means the end of the line.
#[utoipa::path(
    post,
    path = "/api/v1/events/{id}/leave",
    tag = "joins",
    operation_id = "leave_event",
    params(
        ("id" = EventId, Path, description = "Which event."),
        ("Idempotency-Key" = String, Header, description = "A new random value for each new request: 1 to 200 visible ASCII characters. `X-Idempotency-Key` is accepted as well.", example = "6f1c9f0e-2f2b-4c36-a1f4-3f4f0f4bb1a7"),
    ),
    request_body(content = Option<LeaveRequest>, description = "May be empty."),
    responses(
        (status = 200, description = "You are out.", body = Left, example = json!({
            "event_id": "019ea6f2-7c00-7a44-8a43-5f0d6f3c1b02", "status": "left", "left_at": "2026-06-08T12:00:00Z",
            "places": { "capacity": 40, "confirmed": 40, "waitlisted": 2 } })),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "`not_joined`.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "`idempotency_key_missing`, `idempotency_key_reused` or `validation_failed`.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Too many at once, or the database is away: repeat it with the same key.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("user"))),
)]
pub async fn leave(
    Extract(state): Extract<State>,
    identity: Identity,
    Path(event_id): Path<EventId>,
    Key(key): Key,
    Json(LeaveRequest {}): Json<LeaveRequest>,
) -> Result<Answer, Problem> {
    state.lanes.ask(Request { event_id, user_id: identity.user_id, key: Some(key) }, Wish::Leave).await
}

/// Takes a place that was offered; or, shortly before the start, one that is free.
#[utoipa::path(
    post,
    path = "/api/v1/events/{id}/claim",
    tag = "joins",
    operation_id = "claim_place",
    params(
        ("id" = EventId, Path, description = "Which event."),
        ("Idempotency-Key" = String, Header, description = "A new random value for each new request: 1 to 200 visible ASCII characters.", example = "6f1c9f0e-2f2b-4c36-a1f4-3f4f0f4bb1a7"),
    ),
    request_body(content = Option<LeaveRequest>, description = "May be empty."),
    responses(
        (status = 200, description = "You have a place.", body = Joined),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "`nothing_to_claim`, `not_joined`, `already_joined` or `event_not_open`.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "`idempotency_key_missing` or `idempotency_key_reused`.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Too many at once, or the database is away: repeat it with the same key.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("user"))),
)]
pub async fn claim(
    Extract(state): Extract<State>,
    identity: Identity,
    Path(event_id): Path<EventId>,
    Key(key): Key,
    Json(LeaveRequest {}): Json<LeaveRequest>,
) -> Result<Answer, Problem> {
    state.lanes.ask(Request { event_id, user_id: identity.user_id, key: Some(key) }, Wish::Claim).await
}

/// Says that you still come: after a change of time or place, or when you are asked.
#[utoipa::path(
    post,
    path = "/api/v1/events/{id}/keep",
    tag = "joins",
    operation_id = "keep_place",
    params(("id" = EventId, Path, description = "Which event.")),
    request_body(content = Option<LeaveRequest>, description = "May be empty."),
    responses(
        (status = 200, description = "Noted.", body = Done),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "`not_joined`.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("user"))),
)]
pub async fn keep(
    Extract(state): Extract<State>,
    identity: Identity,
    Path(event_id): Path<EventId>,
    Json(LeaveRequest {}): Json<LeaveRequest>,
) -> Result<Answer, Problem> {
    state.lanes.ask(Request { event_id, user_id: identity.user_id, key: None }, Wish::Keep).await
}

/// What the organiser wants to know.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswersRequest {
    /// By the questions' ids: texts, or `true` for a consent.
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>, example = json!({ "meal": "Vegan", "photos": true }))]
    answers: Answers,
}

/// Answers the organiser's questions (again).
#[utoipa::path(
    put,
    path = "/api/v1/events/{id}/answers",
    tag = "joins",
    operation_id = "answer_questions",
    params(("id" = EventId, Path, description = "Which event.")),
    request_body(content = AnswersRequest),
    responses(
        (status = 200, description = "Noted.", body = Done),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "`not_joined`.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "An answer is missing, or will not do; `answers.{id}` says which.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("user"))),
)]
pub async fn answer(
    Extract(state): Extract<State>,
    identity: Identity,
    Path(event_id): Path<EventId>,
    Json(body): Json<AnswersRequest>,
) -> Result<Answer, Problem> {
    state.lanes.ask(Request { event_id, user_id: identity.user_id, key: None }, Wish::Answer(body.answers)).await
}

/// Where somebody stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StandingStatus {
    /// Neither in nor in the line.
    None,
    /// Waits for the organiser's approval.
    Pending,
    /// Stands in the line.
    Waitlisted,
    /// A place is kept for them for a while.
    Offered,
    /// Has a place.
    Confirmed,
}

/// Where somebody stands at an event.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Participation {
    /// Whether they are in.
    pub status: StandingStatus,
    /// How far from the head of the line, which is 1; `null` for those who do not stand in it.
    #[schema(required, example = 3)]
    pub position: Option<i32>,
    /// The person and their guests; `null` for those who are not in.
    #[schema(required, example = 1)]
    pub party_size: Option<i32>,
    /// The party as it was asked for, where only a part of it got places.
    #[schema(required)]
    pub asked_size: Option<i32>,
    /// When they came; `null` for those who are not in.
    #[schema(required)]
    pub joined_at: Option<DateTime<Utc>>,
    /// How the place came to be.
    #[schema(required)]
    pub way: Option<Way>,
    /// What they have to do by `due_at` to stay in.
    #[schema(required)]
    pub due_for: Option<DueFor>,
    /// When it is too late.
    #[schema(required)]
    pub due_at: Option<DateTime<Utc>>,
    /// Their answers to the organiser's questions.
    #[schema(required, value_type = std::collections::HashMap<String, serde_json::Value>)]
    pub answers: Answers,
    /// The exact place, where only those with a place are told it.
    #[schema(required)]
    pub venue: Option<Venue>,
    /// Time and place as they were when the person last said that they come, if one of them has changed since.
    #[schema(required)]
    pub moved_from: Option<TimeAndPlace>,
}

impl Participation {
    /// `None` is somebody who is not in.
    pub fn new(standing: Option<store::Standing>) -> Self {
        let Some(it) = standing else {
            return Self {
                status: StandingStatus::None,
                position: None,
                party_size: None,
                asked_size: None,
                joined_at: None,
                way: None,
                due_for: None,
                due_at: None,
                answers: Answers::default(),
                venue: None,
                moved_from: None,
            };
        };
        let (is_in, is_secret) = (it.status == JoinStatus::Confirmed, it.access == Access::Approval);
        Self {
            status: match it.status {
                JoinStatus::Pending => StandingStatus::Pending,
                JoinStatus::Waitlisted => StandingStatus::Waitlisted,
                JoinStatus::Offered => StandingStatus::Offered,
                JoinStatus::Confirmed => StandingStatus::Confirmed,
                JoinStatus::Ended => StandingStatus::None,
            },
            position: it.position,
            party_size: Some(it.party_size),
            asked_size: it.asked_size,
            joined_at: Some(it.joined_at),
            way: it.way,
            due_for: it.due_for,
            due_at: it.due_at,
            answers: it.answers.0,
            venue: it.venue.map(|it| it.0).filter(|_| is_in && is_secret),
            moved_from: it.moved_from.map(|it| {
                if is_in || !is_secret { it.0 } else { TimeAndPlace { venue: it.0.venue.without_address(), ..it.0 } }
            }),
        }
    }
}

/// Tells where you stand at an event.
#[utoipa::path(
    get,
    path = "/api/v1/events/{id}/participation",
    tag = "joins",
    operation_id = "get_participation",
    params(("id" = EventId, Path, description = "Which event.")),
    responses(
        (status = 200, description = "Where you stand.", body = Participation),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("user"))),
)]
pub async fn participation(
    Extract(state): Extract<State>,
    identity: Identity,
    Path(event_id): Path<EventId>,
) -> Result<Json<Participation>, Problem> {
    let event = known_event(&state, event_id).await?;
    let standing = store::standing(&state.desk.pool, event_id, identity.user_id, state.desk.clock.now()).await?;
    if event.status == EventStatus::Draft && standing.is_none() && !manages(&event, &identity) {
        return Err(Problem::not_found()); // nobody is told that it is there
    }
    Ok(Json(Participation::new(standing)))
}

/// Which of your joins, and the page of them.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct MyJoinsQuery {
    /// `upcoming` (of events that have not ended, the next one first) or `past` (the last one first).
    #[serde(default)]
    #[param(inline, value_type = Option<When>, example = "upcoming")]
    when: When,
    /// Items a page, 1 to 100.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 100, example = 20)]
    limit: Limit,
    /// `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// What became of one of your joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MyJoinStatus {
    /// You have a place.
    Confirmed,
    /// You stand in the line.
    Waitlisted,
    /// You wait for the organiser's approval.
    Pending,
    /// A place is kept for you for a while.
    Offered,
    /// The event was cancelled.
    Cancelled,
}

/// One of your joins.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MyJoin {
    /// Which join.
    join_id: JoinId,
    /// At which event.
    event_id: EventId,
    /// A place, a place in the line, or what the cancellation of the event left of them.
    status: MyJoinStatus,
    /// How far from the head of the line, which is 1; `null` outside of it.
    #[schema(required, example = 3)]
    position: Option<i32>,
    /// You and your guests.
    #[schema(example = 1)]
    party_size: i32,
    /// When you came.
    joined_at: DateTime<Utc>,
    /// What you have to do by `due_at` to stay in.
    #[schema(required)]
    due_for: Option<DueFor>,
    /// When it is too late.
    #[schema(required)]
    due_at: Option<DateTime<Utc>>,
}

/// Lists your places and places in lines, those of cancelled events included.
#[utoipa::path(
    get,
    path = "/api/v1/me/joins",
    tag = "joins",
    operation_id = "list_my_joins",
    params(MyJoinsQuery),
    responses(
        (status = 200, description = "A page of your joins.", body = Page<MyJoin>),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A parameter needs another value.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("user"))),
)]
pub async fn my_joins(
    Extract(state): Extract<State>,
    identity: Identity,
    Query(query): Query<MyJoinsQuery>,
) -> Result<Json<Page<MyJoin>>, Problem> {
    let after = query.cursor.map(|cursor| cursor.key()).transpose()?;
    let now = state.desk.clock.now();
    let rows = store::my_joins(&state.desk.pool, identity.user_id, query.when, now, after, query.limit.rows()).await?;
    let page = Page::new(rows, query.limit, |row| (row.starts_at, row.event_id));
    Ok(Json(page.map(|row| MyJoin {
        join_id: row.join_id,
        event_id: row.event_id,
        status: match row.status {
            JoinStatus::Confirmed => MyJoinStatus::Confirmed,
            JoinStatus::Waitlisted => MyJoinStatus::Waitlisted,
            JoinStatus::Pending => MyJoinStatus::Pending,
            JoinStatus::Offered => MyJoinStatus::Offered,
            JoinStatus::Ended => MyJoinStatus::Cancelled,
        },
        position: row.position,
        party_size: row.party_size,
        joined_at: row.joined_at,
        due_for: row.due_for,
        due_at: row.due_at,
    })))
}
