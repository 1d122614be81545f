use axum::{
    body::{Body, Bytes},
    extract::State as Extract,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, SecondsFormat, Utc};
use contracts::{EventId, JoinId, UserId, registration::Question};
use futures::stream;
use platform::{
    http::{Cursor, Json, Limit, Line, Page, Path, Query, header},
    identity::Identity,
    problem::{Problem, ProblemDocument},
};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;

use super::managed_event;
use crate::{
    State,
    desk::LiveStatus,
    domain::{Answers, DueFor, JoinStatus, Way},
    store::{self, Filter, ParticipantRow},
};

/// Rows of the CSV that are in memory at a time.
const CSV_PAGE: i64 = 500;

/// Which participants, and the page of them.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ParticipantsQuery {
    /// Only those in this state.
    #[serde(default)]
    #[param(inline, value_type = Option<LiveStatus>)]
    status: Option<StatusFilter>,
    /// Only those whose name contains this.
    #[serde(default)]
    #[param(value_type = Option<String>, example = "ada")]
    name: Option<Line<100>>,
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
    Pending,
    Waitlisted,
    Offered,
    Confirmed,
}

impl From<StatusFilter> for JoinStatus {
    fn from(filter: StatusFilter) -> Self {
        match filter {
            StatusFilter::Pending => Self::Pending,
            StatusFilter::Waitlisted => Self::Waitlisted,
            StatusFilter::Offered => Self::Offered,
            StatusFilter::Confirmed => Self::Confirmed,
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
    /// A place, or what may become one.
    status: LiveStatus,
    /// How far from the head of the line, which is 1; `null` outside of it.
    #[schema(required, example = 3)]
    position: Option<i32>,
    /// The person and their guests.
    #[schema(example = 1)]
    party_size: i32,
    /// The party as it was asked for, where only a part of it got places.
    #[schema(required)]
    asked_size: Option<i32>,
    /// The guests' names, as far as they were given.
    guests: Vec<String>,
    /// To the organiser's questions.
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    answers: Answers,
    /// How the place came to be; `picked` is out of turn, by the organiser.
    #[schema(required)]
    way: Option<Way>,
    /// What they have to do by `due_at` to stay in.
    #[schema(required)]
    due_for: Option<DueFor>,
    /// When it is too late.
    #[schema(required)]
    due_at: Option<DateTime<Utc>>,
    /// When they came.
    joined_at: DateTime<Utc>,
    /// When the first of the party was let in at the door.
    #[schema(required)]
    arrived_at: Option<DateTime<Utc>>,
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
    let filter = store::Filter { status: query.status.map(JoinStatus::from), name: query.name.map(Line::into_inner) };
    let now = state.desk.clock.now();
    let rows = store::participants(&state.desk.pool, event_id, &filter, after, query.limit.rows(), now).await?;
    let page = Page::new(rows, query.limit, |row| row.line_no);
    Ok(Json(page.map(|row| Participant {
        join_id: row.join_id,
        user_id: row.user_id,
        display_name: row.display_name.unwrap_or_default(),
        status: row.status.into(),
        position: row.position,
        party_size: row.party_size,
        asked_size: row.asked_size,
        guests: row.guests.0,
        answers: row.answers.0,
        way: row.way,
        due_for: row.due_for,
        due_at: row.due_at,
        joined_at: row.joined_at,
        arrived_at: row.arrived_at,
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
    let event = managed_event(&state, event_id, &identity).await?;
    let (pool, now) = (state.desk.pool.clone(), state.desk.clock.now());
    // The first page is read before the answer begins: a database that is away is a 503, not a broken file.
    let first = store::participants(&pool, event_id, &Filter::default(), 0, CSV_PAGE, now).await?;
    let questions = event.registration.questions;
    let export = Export { pool, event_id, questions, now, next: Some(first), header: true };
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
    questions: Vec<Question>,
    now: DateTime<Utc>,
    /// What comes next, read already.
    next: Option<Vec<ParticipantRow>>,
    header: bool,
}

impl Export {
    async fn chunk(mut self) -> Result<Option<(Bytes, Self)>, std::io::Error> {
        let Some(rows) = self.next.take() else { return Ok(None) };
        let text = table(self.header, &self.questions, &rows)?;
        self.header = false;
        // A page that is not full was the last one.
        if let Some(last) = rows.last().filter(|_| i64::try_from(rows.len()) == Ok(CSV_PAGE)) {
            let all = Filter::default();
            let next = store::participants(&self.pool, self.event_id, &all, last.line_no, CSV_PAGE, self.now).await;
            self.next = Some(next.map_err(std::io::Error::other)?);
        }
        Ok(Some((text.into(), self)))
    }
}

fn table(header: bool, questions: &[Question], rows: &[ParticipantRow]) -> Result<Vec<u8>, std::io::Error> {
    let mut text = Vec::new();
    if header {
        text.extend_from_slice("\u{feff}".as_bytes()); // without it, Excel reads UTF-8 as Latin-1
    }
    // Each cell in quotes: programs that take `;` for the separator would cut one up otherwise, and its second half may be a formula.
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .quote_style(csv::QuoteStyle::Always)
        .from_writer(text);
    if header {
        let fixed = ["name", "status", "position", "party_size", "joined_at", "join_id", "guests", "arrived_at"];
        let asked = questions.iter().map(|question| harmless(&question.label));
        writer.write_record(fixed.map(str::to_owned).into_iter().chain(asked))?;
    }
    for row in rows {
        let time = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
        let fixed = [
            harmless(row.display_name.as_deref().unwrap_or_default()),
            status_name(row.status).to_owned(),
            row.position.map(|position| position.to_string()).unwrap_or_default(),
            row.party_size.to_string(),
            time(row.joined_at),
            row.join_id.to_string(),
            harmless(&row.guests.join(", ")),
            row.arrived_at.map(time).unwrap_or_default(),
        ];
        let answers = questions.iter().map(|question| harmless(&row.answers.shown(&question.id)));
        writer.write_record(fixed.into_iter().chain(answers))?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

fn status_name(status: JoinStatus) -> &'static str {
    match status {
        JoinStatus::Pending => "pending",
        JoinStatus::Waitlisted => "waitlisted",
        JoinStatus::Offered => "offered",
        JoinStatus::Confirmed => "confirmed",
        JoinStatus::Ended => "ended",
    }
}

/// What a spreadsheet would take for a formula is somebody else's program on the organiser's machine
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
fn harmless(cell: &str) -> String {
    if cell.trim_start_matches('\n').starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn a_cell_is_never_a_formula() {
        for evil in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"] {
            assert_eq!(harmless(evil), format!("'{evil}"));
        }
        assert_eq!(harmless("Zoë = x"), "Zoë = x");
    }
}
