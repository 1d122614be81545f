//! What organisers decide about single people.

use axum::extract::State as Extract;
use contracts::{EventId, UserId};
use platform::{
    http::{Json, Path, Text},
    identity::Identity,
    problem::{Problem, ProblemDocument},
};
use serde::Deserialize;

use super::{managed_event, place::MaybeKey};
use crate::{
    State,
    desk::{Answer, Done, Joined, Request, Wish},
};

/// What the organiser says to the person.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Plain text, at most 500 characters; goes into the mail to the person.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500)]
    words: Option<Text<500>>,
}

impl Words {
    fn into_inner(self) -> Option<String> {
        self.words.map(Text::into_inner).filter(|words| !words.is_empty())
    }
}

/// Whether the capacity may be exceeded.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdmitRequest {
    /// Whether the person gets a place even if none is free. It is recorded who said so, and the page shows that the event is overbooked.
    #[serde(default)]
    exceed_capacity: bool,
}

async fn decide(
    state: &State,
    identity: &Identity,
    event_id: EventId,
    key: Result<MaybeKey, Problem>,
    wish: impl FnOnce() -> Result<Wish, Problem>,
) -> Result<Answer, Problem> {
    managed_event(state, event_id, identity).await?;
    let MaybeKey(key) = key?;
    state.lanes.ask(Request { event_id, user_id: identity.user_id, key }, wish()?).await
}

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident($operation:literal, $path:literal, $body:ty, $answer:ty, $refusals:literal) => |$user:ident, $it:ident| $wish:expr;)+) => {$(
        $(#[$doc])*
        #[utoipa::path(
            post,
            path = $path,
            tag = "joins",
            operation_id = $operation,
            params(
                ("id" = EventId, Path, description = "Which event."),
                ("user_id" = UserId, Path, description = "Whom."),
                ("Idempotency-Key" = Option<String>, Header, description = "To get the same answer again if the first one was lost."),
            ),
            request_body(content = Option<$body>, description = "May be empty."),
            responses(
                (status = 200, description = "Done.", body = $answer),
                (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
                (status = 403, description = "Not the organiser, nor a moderator.", body = ProblemDocument, content_type = "application/problem+json"),
                (status = 404, description = "No such event.", body = ProblemDocument, content_type = "application/problem+json"),
                (status = 409, description = $refusals, body = ProblemDocument, content_type = "application/problem+json"),
                (status = 422, description = "A field needs another value.", body = ProblemDocument, content_type = "application/problem+json"),
                (status = 503, description = "Too many at once, or the database is away: repeat it.", body = ProblemDocument, content_type = "application/problem+json"),
            ),
            security(("bearer" = []), ("session" = [])),
            extensions(("x-access" = json!("organiser"))),
        )]
        pub async fn $name(
            Extract(state): Extract<State>,
            identity: Identity,
            Path((event_id, $user)): Path<(EventId, UserId)>,
            key: Result<MaybeKey, Problem>,
            body: Result<Json<$body>, Problem>,
        ) -> Result<Answer, Problem> {
            decide(&state, &identity, event_id, key, || {
                let Json($it) = body?;
                Ok($wish)
            })
            .await
        }
    )+};
}

operations! {
    /// Approves somebody's request: a place, or the end of the line.
    approve("approve_participant", "/api/v1/events/{id}/participants/{user_id}/approve", Nothing, Joined, "`not_joined`, `not_pending`, `event_not_open` or `party_too_large`.")
        => |user_id, _it| Wish::Approve { user_id };
    /// Does not approve somebody's request.
    reject("reject_participant", "/api/v1/events/{id}/participants/{user_id}/reject", Words, Done, "`not_joined` or `not_pending`.")
        => |user_id, it| Wish::Reject { user_id, words: it.into_inner() };
    /// Takes somebody off the list. What they held goes to the line at once.
    remove("remove_participant", "/api/v1/events/{id}/participants/{user_id}/remove", Words, Done, "`not_joined`.")
        => |user_id, it| Wish::Remove { user_id, words: it.into_inner() };
    /// Takes somebody off the list, if they are on it, and does not let them join again. Doing it twice changes nothing.
    ban("ban_participant", "/api/v1/events/{id}/participants/{user_id}/ban", Words, Done, "Never.")
        => |user_id, it| Wish::Ban { user_id, words: it.into_inner() };
    /// Lets somebody join again.
    unban("unban_participant", "/api/v1/events/{id}/participants/{user_id}/unban", Nothing, Done, "Never.")
        => |user_id, _it| Wish::Unban { user_id };
    /// Gives somebody who waits, or has asked, a place out of turn. That it was out of turn is recorded and shown.
    admit("admit_participant", "/api/v1/events/{id}/participants/{user_id}/admit", AdmitRequest, Joined, "`event_full`, `not_joined`, `already_joined` or `event_not_open`.")
        => |user_id, it| Wish::Pick { user_id, exceed: it.exceed_capacity };
}

/// Nothing to say.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}
