use axum::{
    body::{Body, Bytes},
    extract::State as Extract,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, SecondsFormat, Utc};
use contracts::{EventId, JoinId, UserId};
use futures::stream;
use platform::{
    http::{Cursor, Json, Limit, Page, Path, Query, header},
    identity::Identity,
    problem::{Problem, ProblemDocument},
};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;

use super::{managed_event, place::live};
use crate::{
    State,
    desk::LiveStatus,
    domain::JoinStatus,
    store::{self, ParticipantRow},
};

/// Rows of the CSV that are in memory at a time.
const CSV_PAGE: i64 = 500;

/// Which participants, and the page of them.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ParticipantsQuery {
    /// Only those with a place, or only the line.
    #[serde(default)]
    #[param(inline, value_type = Option<LiveStatus>)]
    status: Option<StatusFilter>,
    /// Items a page, 1 to 100.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 100, example = 20)]
    limit: Limit,
    /// `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StatusFilter {
    Confirmed,
    Waitlisted,
}

impl From<StatusFilter> for JoinStatus {
    fn from(filter: StatusFilter) -> Self {
        match filter {
            StatusFilter::Confirmed => Self::Confirmed,
            StatusFilter::Waitlisted => Self::Waitlisted,
        }
    }
}

/// Somebody who is in, as the organiser sees them.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Participant {
    /// Which join.
    join_id: JoinId,
    /// Who.
    user_id: UserId,
    /// As they are called; empty for the moment that it takes a new account's name to arrive.
    #[schema(example = "Ada")]
    display_name: String,
    /// A place, or a place in the line.
    status: LiveStatus,
    /// How far from the head of the line, which is 1; `null` for a place.
    #[schema(required, example = 3)]
    position: Option<i32>,
    /// The person and their guests.
    #[schema(example = 1)]
    party_size: i32,
    /// When they came.
    joined_at: DateTime<Utc>,
}

/// Lists who is in, in order of arrival.
#[utoipa::path(
    get,
    path = "/api/v1/events/{id}/participants",
    tag = "joins",
    operation_id = "list_participants",
    params(("id" = EventId, Path, description = "Which event."), ParticipantsQuery),
    responses(
        (status = 200, description = "A page of participants.", body = Page<Participant>),
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
    Query(query): Query<ParticipantsQuery>,
) -> Result<Json<Page<Participant>>, Problem> {
    managed_event(&state, event_id, &identity).await?;
    let after = query.cursor.map(|cursor| cursor.key()).transpose()?.unwrap_or(0);
    let status = query.status.map(JoinStatus::from);
    let rows = store::participants(&state.desk.pool, event_id, status, after, query.limit.rows()).await?;
    let page = Page::new(rows, query.limit, |row| row.line_no);
    Ok(Json(page.map(|row| Participant {
        join_id: row.join_id,
        user_id: row.user_id,
        display_name: row.display_name.unwrap_or_default(),
        status: live(row.status),
        position: row.position,
        party_size: row.party_size,
        joined_at: row.joined_at,
    })))
}

/// The same as a table for a spreadsheet (RFC 4180, UTF-8 with a byte order mark).
#[utoipa::path(
    get,
    path = "/api/v1/events/{id}/participants.csv",
    tag = "joins",
    operation_id = "export_participants",
    params(("id" = EventId, Path, description = "Which event.")),
    responses(
        (status = 200, description = "Everybody who is in, in order of arrival. Cells that a spreadsheet would take for a formula begin with an apostrophe.", body = String, content_type = "text/csv"),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not the organiser, nor a moderator.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("organiser"))),
)]
pub async fn csv(
    Extract(state): Extract<State>,
    identity: Identity,
    Path(event_id): Path<EventId>,
) -> Result<Response, Problem> {
    managed_event(&state, event_id, &identity).await?;
    let pool = state.desk.pool.clone();
    // The first page is read before the answer begins: a database that is away is a 503, not a broken file.
    let first = store::participants(&pool, event_id, None, 0, CSV_PAGE).await?;
    let export = Export { pool, event_id, next: Some(first), header: true };
    let body = Body::from_stream(stream::try_unfold(export, Export::chunk));
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"participants-{event_id}.csv\"")),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    Ok((headers, body).into_response())
}

struct Export {
    pool: PgPool,
    event_id: EventId,
    /// What comes next, read already.
    next: Option<Vec<ParticipantRow>>,
    header: bool,
}

impl Export {
    async fn chunk(mut self) -> Result<Option<(Bytes, Self)>, std::io::Error> {
        let Some(rows) = self.next.take() else { return Ok(None) };
        let text = table(self.header, &rows)?;
        self.header = false;
        // A page that is not full was the last one.
        if let Some(last) = rows.last().filter(|_| i64::try_from(rows.len()) == Ok(CSV_PAGE)) {
            let next = store::participants(&self.pool, self.event_id, None, last.line_no, CSV_PAGE).await;
            self.next = Some(next.map_err(std::io::Error::other)?);
        }
        Ok(Some((text.into(), self)))
    }
}

fn table(header: bool, rows: &[ParticipantRow]) -> Result<Vec<u8>, std::io::Error> {
    let mut text = Vec::new();
    if header {
        text.extend_from_slice("\u{feff}".as_bytes()); // without it, Excel reads UTF-8 as Latin-1
    }
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(text);
    if header {
        writer.write_record(["name", "status", "position", "party_size", "joined_at", "join_id"])?;
    }
    for row in rows {
        writer.write_record([
            harmless(row.display_name.as_deref().unwrap_or_default()).as_str(),
            if row.status == JoinStatus::Confirmed { "confirmed" } else { "waitlisted" },
            &row.position.map(|position| position.to_string()).unwrap_or_default(),
            &row.party_size.to_string(),
            &row.joined_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            &row.join_id.to_string(),
        ])?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// What a spreadsheet would take for a formula is somebody else's program on the organiser's machine
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn a_cell_is_never_a_formula() {
        for evil in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(harmless(evil), format!("'{evil}"));
        }
        assert_eq!(harmless("Zoë = x"), "Zoë = x");
    }
}
