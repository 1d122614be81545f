//! Whom the organiser does not want at an event.

use axum::extract::State as Extract;
use chrono::{DateTime, Utc};
use contracts::{EventId, UserId};
use platform::{
    http::{Json, Page, PageQuery, Path, Query},
    identity::Identity,
    problem::{Problem, ProblemDocument},
};
use serde::Serialize;

use super::managed_event;
use crate::{State, store};

/// Somebody whom the organiser does not want.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Banned {
    /// Who.
    user_id: UserId,
    /// As they are called; empty for the moment that it takes a new account's name to arrive.
    #[schema(example = "Ada")]
    display_name: String,
    /// Since when.
    banned_at: DateTime<Utc>,
}

/// Lists whom the organiser does not want, those of longest standing first.
#[utoipa::path(
    get,
    path = "/api/v1/events/{id}/bans",
    tag = "joins",
    operation_id = "list_bans",
    params(("id" = EventId, Path, description = "Which event."), PageQuery),
    responses(
        (status = 200, description = "A page of people who cannot join.", body = Page<Banned>),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not the organiser, nor a moderator.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A parameter needs another value.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("organiser"))),
)]
pub async fn list(
    Extract(state): Extract<State>,
    identity: Identity,
    Path(event_id): Path<EventId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Banned>>, Problem> {
    managed_event(&state, event_id, &identity).await?;
    let after = query.cursor.map(|cursor| cursor.key()).transpose()?;
    let rows = store::banned(&state.desk.pool, event_id, after, query.limit.rows()).await?;
    let page = Page::new(rows, query.limit, |row| (row.banned_at, row.user_id));
    Ok(Json(page.map(|row| Banned {
        user_id: row.user_id,
        display_name: row.display_name.unwrap_or_default(),
        banned_at: row.banned_at,
    })))
}
