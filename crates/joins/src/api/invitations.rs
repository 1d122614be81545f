//! Invitations: whoever knows the code may come, and places can be kept for them.

use axum::extract::State as Extract;
use chrono::{DateTime, Utc};
use contracts::EventId;
use platform::{
    http::{Json, Line, Path},
    identity::Identity,
    problem::{Problem, ProblemDocument},
    random,
};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{managed_event, place::MaybeKey};
use crate::{
    State,
    desk::{Answer, InvitationView, Request, Wish},
    domain::{InvitationCode, NewInvitation},
    store,
};

/// Invitations that one event may have.
const MOST: i64 = 1_000;

/// For whom, and what is kept for them.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationRequest {
    /// How you call it; only you see it. 1 to 100 characters.
    #[schema(value_type = String, min_length = 1, max_length = 100, example = "The band's guests")]
    label: Line<100>,
    /// How many parties may come by it, 1 to 10 000; 1 if absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 10_000, example = 5)]
    uses: Option<i32>,
    /// Places that are kept for them, out of those that are free now; 0 if absent.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 10_000, example = 5)]
    reserved: Option<i32>,
    /// From then on it is not good any more, and what was kept goes to the line.
    #[serde(default)]
    expires_at: Option<DateTime<Utc>>,
}

impl InvitationRequest {
    fn new_invitation(self, now: DateTime<Utc>) -> Result<NewInvitation, Problem> {
        let (uses, reserved) = (self.uses.unwrap_or(1), self.reserved.unwrap_or(0));
        if !(1..=10_000).contains(&uses) {
            return Err(Problem::invalid("uses", "must be a whole number from 1 to 10000"));
        }
        if !(0..=10_000).contains(&reserved) {
            return Err(Problem::invalid("reserved", "must be a whole number from 0 to 10000"));
        }
        let id = Uuid::new_v7(uuid::Timestamp::from_unix(
            uuid::NoContext,
            u64::try_from(now.timestamp()).unwrap_or(0),
            now.timestamp_subsec_nanos(),
        ));
        let label = self.label.into_inner();
        Ok(NewInvitation {
            id,
            code: InvitationCode(random::token().expose_secret().to_owned()),
            label,
            uses,
            reserved,
            expires_at: self.expires_at,
        })
    }
}

/// The invitations of an event.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Invitations {
    /// In the order in which they were made; at most a thousand.
    items: Vec<InvitationView>,
}

/// Lists the invitations of an event.
#[utoipa::path(
    get,
    path = "/api/v1/events/{id}/invitations",
    tag = "joins",
    operation_id = "list_invitations",
    params(("id" = EventId, Path, description = "Which event.")),
    responses(
        (status = 200, description = "The invitations.", body = Invitations),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not the organiser, nor a moderator.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("organiser"))),
)]
pub async fn list(
    Extract(state): Extract<State>,
    identity: Identity,
    Path(event_id): Path<EventId>,
) -> Result<Json<Invitations>, Problem> {
    managed_event(&state, event_id, &identity).await?;
    Ok(Json(Invitations { items: store::invitations_of(&state.desk.pool, event_id, MOST).await? }))
}

/// Makes an invitation, and keeps places for it.
///
/// Under the same key it is made once.
#[utoipa::path(
    post,
    path = "/api/v1/events/{id}/invitations",
    tag = "joins",
    operation_id = "create_invitation",
    params(
        ("id" = EventId, Path, description = "Which event."),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and request get the same answer."),
    ),
    request_body(content = InvitationRequest),
    responses(
        (status = 201, description = "The invitation.", body = InvitationView),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not the organiser, nor a moderator.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "`event_full`: fewer places are free; `event_not_open`: it is cancelled.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "`idempotency_key_reused` or `validation_failed`.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("organiser"))),
)]
pub async fn create(
    Extract(state): Extract<State>,
    identity: Identity,
    Path(event_id): Path<EventId>,
    key: Result<MaybeKey, Problem>,
    body: Result<Json<InvitationRequest>, Problem>,
) -> Result<Answer, Problem> {
    managed_event(&state, event_id, &identity).await?;
    let MaybeKey(key) = key?;
    let Json(body) = body?;
    if i64::try_from(store::invitations_of(&state.desk.pool, event_id, MOST).await?.len()) == Ok(MOST) {
        return Err(Problem::invalid("label", "one event has at most 1000 invitations"));
    }
    let wish = Wish::Invite(Box::new(body.new_invitation(state.desk.clock.now())?));
    state.lanes.ask(Request { event_id, user_id: identity.user_id, key }, wish).await
}

/// Takes an invitation back. What was kept goes to the line; whoever came by it stays.
#[utoipa::path(
    delete,
    path = "/api/v1/events/{id}/invitations/{invitation_id}",
    tag = "joins",
    operation_id = "revoke_invitation",
    params(("id" = EventId, Path, description = "Which event."), ("invitation_id" = Uuid, Path, description = "Which invitation.")),
    responses(
        (status = 200, description = "It is not good any more.", body = crate::desk::Done),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not the organiser, nor a moderator.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event or invitation.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("organiser"))),
)]
pub async fn revoke(
    Extract(state): Extract<State>,
    identity: Identity,
    Path((event_id, id)): Path<(EventId, Uuid)>,
) -> Result<Answer, Problem> {
    managed_event(&state, event_id, &identity).await?;
    let all = store::invitations_of(&state.desk.pool, event_id, MOST).await?;
    let code = all.into_iter().find(|it| it.id == id).ok_or_else(Problem::not_found)?.code;
    state.lanes.ask(Request { event_id, user_id: identity.user_id, key: None }, Wish::Revoke { code }).await
}
