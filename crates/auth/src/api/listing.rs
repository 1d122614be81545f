use axum::extract::State as Extract;
use chrono::{DateTime, Utc};
use contracts::SessionId;
use platform::{
    http::{Json, Page, PageQuery, Path, Query, StatusCode},
    identity::Identity,
    problem::{Problem, ProblemDocument},
};
use serde::Serialize;

use crate::{
    State,
    store::sessions::{self, Kind},
};

/// One of the person's sign-ins.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// What holds it.
    pub kind: Kind,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// Where it began.
    #[schema(example = "203.0.113.7")]
    pub ip: String,
    /// As the browser or program named itself.
    pub user_agent: String,
    /// Whether this request came by it.
    pub current: bool,
}

/// Lists the person's sign-ins, newest first.
#[utoipa::path(
    get, path = "/api/v1/me/sessions", tag = "auth", operation_id = "list_sessions",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of sign-ins.", body = Page<Session>),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A parameter needs another value.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("user"))),
)]
pub async fn list_sessions(
    Extract(state): Extract<State>,
    identity: Identity,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Session>>, Problem> {
    let before: Option<SessionId> = query.cursor.map(|cursor| cursor.key()).transpose()?;
    let now = state.context.clock.now();
    let rows = sessions::list(&state.context.pool, identity.user_id, before, query.limit.rows(), now).await?;
    let page = Page::new(rows, query.limit, |row| row.id).map(|row| Session {
        current: row.id == identity.session_id,
        id: row.id,
        kind: row.kind,
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        ip: row.ip,
        user_agent: row.user_agent,
    });
    Ok(Json(page))
}

/// Ends one of the person's sign-ins, at once on every replica.
#[utoipa::path(
    delete, path = "/api/v1/me/sessions/{id}", tag = "auth", operation_id = "end_session",
    params(("id" = SessionId, Path, description = "Which.")),
    responses(
        (status = 204, description = "It has ended."),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such sign-in of yours.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("user"))),
)]
pub async fn end_session(
    Extract(state): Extract<State>,
    identity: Identity,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, Problem> {
    let mut tx = state.context.pool.begin().await?;
    if !sessions::belongs_to(&mut tx, id, identity.user_id).await? {
        return Err(Problem::not_found());
    }
    sessions::revoke(&mut tx, &[id], "ended by its owner", state.context.clock.now()).await?;
    tx.commit().await?;
    state.announce_end(&[id]);
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all of the person's other sign-ins.
#[utoipa::path(
    delete, path = "/api/v1/me/sessions", tag = "auth", operation_id = "end_other_sessions",
    responses(
        (status = 204, description = "They have ended."),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("user"))),
)]
pub async fn end_other_sessions(Extract(state): Extract<State>, identity: Identity) -> Result<StatusCode, Problem> {
    let mut tx = state.context.pool.begin().await?;
    let ended = sessions::others(&mut tx, identity.user_id, Some(identity.session_id)).await?;
    sessions::revoke(&mut tx, &ended, "ended by its owner", state.context.clock.now()).await?;
    tx.commit().await?;
    state.announce_end(&ended);
    Ok(StatusCode::NO_CONTENT)
}
