//! Joins as rows.

use chrono::{DateTime, Utc};
use contracts::{EventId, JoinId, UserId, joins::EndReason};
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::{Answers, Due, DueFor, End, Join, JoinStatus, Way};

/// The columns of [`JoinRow`], of a table that is called `j`.
macro_rules! join_columns {
    () => {
        "j.event_id, j.id, j.user_id, j.line_no, j.status, j.party_size, j.at_least, j.asked_size, j.guests, j.answers, j.invitation_id,
         j.leave_other_lines, j.passed, j.due_at, j.due_for, j.joined_at, j.offered_at, j.confirmed_at, j.confirmed_revision,
         j.given_revision, j.way, j.promoted, j.kept_at, j.ended_at, j.end_reason, j.ended_by, j.inside"
    };
}
pub(super) use join_columns;

/// A join, whole.
#[derive(Debug, sqlx::FromRow)]
pub struct JoinRow {
    pub event_id: EventId,
    id: JoinId,
    user_id: UserId,
    line_no: i64,
    status: JoinStatus,
    party_size: i32,
    at_least: Option<i32>,
    asked_size: Option<i32>,
    guests: Option<Json<Vec<String>>>,
    answers: Option<Json<Answers>>,
    invitation_id: Option<Uuid>,
    leave_other_lines: bool,
    passed: i32,
    due_at: Option<DateTime<Utc>>,
    due_for: Option<DueFor>,
    joined_at: DateTime<Utc>,
    offered_at: Option<DateTime<Utc>>,
    confirmed_at: Option<DateTime<Utc>>,
    confirmed_revision: Option<i64>,
    given_revision: Option<i64>,
    way: Option<Way>,
    promoted: bool,
    kept_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    end_reason: Option<EndReason>,
    ended_by: Option<UserId>,
    inside: i32,
}

impl From<JoinRow> for Join {
    fn from(row: JoinRow) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            line_no: row.line_no,
            written_as: Some(row.line_no),
            status: row.status,
            size: row.party_size,
            at_least: row.at_least.unwrap_or(row.party_size),
            asked_size: row.asked_size,
            guests: row.guests.map(|it| it.0).unwrap_or_default(),
            answers: row.answers.map(|it| it.0).unwrap_or_default(),
            invitation: row.invitation_id,
            leave_other_lines: row.leave_other_lines,
            passed: row.passed,
            due: row.due_for.map(|what| Due { at: row.due_at, what }),
            joined_at: row.joined_at,
            offered_at: row.offered_at,
            confirmed: row.confirmed_at.zip(row.confirmed_revision),
            given_revision: row.given_revision,
            way: row.way,
            promoted: row.promoted,
            kept_at: row.kept_at,
            inside: row.inside,
            end: row.ended_at.zip(row.end_reason).map(|(at, reason)| End { at, reason, by: row.ended_by }),
        }
    }
}
