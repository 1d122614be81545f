//! Statements that only read. None of them waits for a lock.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contracts::{
    EventId, JoinId, UserId,
    events::{TimeAndPlace, Venue},
    joins::Places,
    registration::Access,
};
use serde::{Deserialize, Serialize};
use sqlx::{PgExecutor, PgPool, types::Json};

use crate::{
    desk::InvitationView,
    desk::LiveStatus,
    domain::{Answers, DueFor, Event, JoinStatus, Way},
};

/// An event as it is written down.
pub async fn event(executor: impl PgExecutor<'_>, id: EventId) -> Result<Option<Event>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM events WHERE id = $1").bind(id).fetch_optional(executor).await
}

/// How full these events are at this instant; those that are not known are missing. What has lapsed does not count, written down or not.
pub async fn places_of(
    pool: &PgPool,
    ids: &[EventId],
    now: DateTime<Utc>,
) -> Result<HashMap<EventId, Places>, sqlx::Error> {
    let rows: Vec<(EventId, Option<i32>, i32, i32, i32)> = sqlx::query_as(
        "SELECT e.id, e.capacity, e.confirmed - coalesce(lapsed.confirmed, 0)::integer, e.waitlisted,
                e.offered + e.reserved + e.used - coalesce(lapsed.held, 0)::integer
         FROM events e
         LEFT JOIN LATERAL (
             SELECT sum(party_size) FILTER (WHERE status = 'confirmed') AS confirmed,
                    coalesce(sum(party_size) FILTER (WHERE status = 'offered'), 0)
                    + (SELECT coalesce(sum(reserved), 0) FROM invitations WHERE event_id = e.id AND reserved > 0 AND expires_at <= $2) AS held
             FROM joins WHERE event_id = e.id AND due_at <= $2) lapsed ON e.due_at <= $2
         WHERE e.id = ANY($1)",
    )
    .bind(ids)
    .bind(now)
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(id, capacity, confirmed, waitlisted, held)| (id, Places { capacity, confirmed, waitlisted, held }))
        .collect())
}

/// Where somebody stands at an event.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Standing {
    /// Where the join is in its life; never ended.
    pub status: JoinStatus,
    /// How far from the head of the line, which is 1; `None` outside of it.
    pub position: Option<i32>,
    /// Together with their guests.
    pub party_size: i32,
    /// The smallest part of the party that would come.
    pub at_least: i32,
    /// The party as it was asked for, where only a part of it got places.
    pub asked_size: Option<i32>,
    /// When they arrived.
    pub joined_at: DateTime<Utc>,
    /// How the place came to be.
    pub way: Option<Way>,
    /// What they have to do to stay in.
    pub due_for: Option<DueFor>,
    /// When it is too late.
    pub due_at: Option<DateTime<Utc>>,
    /// To the organiser's questions.
    pub answers: Json<Answers>,
    /// Who may come to the event.
    #[sqlx(json)]
    pub access: Access,
    /// Where the event takes place.
    pub venue: Option<Json<Venue>>,
    /// Time and place before they changed, if the person has not said since that they come.
    pub moved_from: Option<Json<TimeAndPlace>>,
}

/// Where somebody stands at an event at this instant; `None` if they are not in, or what they had has lapsed.
pub async fn standing(
    pool: &PgPool,
    event_id: EventId,
    user_id: UserId,
    now: DateTime<Utc>,
) -> Result<Option<Standing>, sqlx::Error> {
    sqlx::query_as(
        "SELECT j.status, j.party_size, coalesce(j.at_least, j.party_size) AS at_least, j.asked_size, j.joined_at, j.way, j.due_for, j.due_at,
                coalesce(j.answers, '{}') AS answers, coalesce(e.registration -> 'access', '\"open\"') AS access, e.venue,
                CASE WHEN e.moved_at > coalesce(j.kept_at, j.joined_at) THEN e.moved_from END AS moved_from,
                CASE WHEN j.status = 'waitlisted' THEN
                    (SELECT count(*)::int FROM joins w
                     WHERE w.event_id = j.event_id AND w.status = 'waitlisted' AND w.line_no <= j.line_no)
                END AS position
         FROM joins j JOIN events e ON e.id = j.event_id
         WHERE j.user_id = $2 AND j.event_id = $1 AND j.status <> 'ended' AND (j.due_at IS NULL OR j.due_at > $3)",
    )
    .bind(event_id)
    .bind(user_id)
    .bind(now)
    .fetch_optional(pool)
    .await
}

/// Another event that takes place at the same time, at which somebody is in.
#[derive(Clone, Debug, Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct Overlap {
    /// Which event.
    pub event_id: EventId,
    /// Its title.
    pub title: String,
    /// The readable part of its address.
    pub slug: String,
    /// RFC 3339, UTC.
    pub starts_at: DateTime<Utc>,
    /// RFC 3339, UTC.
    pub ends_at: DateTime<Utc>,
    /// A place, a place in the line, an offer, or a request.
    #[schema(value_type = LiveStatus)]
    pub status: JoinStatus,
}

/// Other events at the time of this one, at which somebody is in; the first ten.
pub async fn overlaps(
    pool: &PgPool,
    event: &Event,
    user_id: UserId,
    now: DateTime<Utc>,
) -> Result<Vec<Overlap>, sqlx::Error> {
    sqlx::query_as(
        "SELECT j.event_id, e.title, e.slug, e.starts_at, e.ends_at, j.status
         FROM joins j JOIN events e ON e.id = j.event_id
         WHERE j.user_id = $1 AND j.event_id <> $2 AND j.status <> 'ended' AND (j.due_at IS NULL OR j.due_at > $5)
           AND e.starts_at < $4 AND e.ends_at > $3
         ORDER BY e.starts_at, e.id LIMIT 10",
    )
    .bind(user_id)
    .bind(event.id)
    .bind(event.starts_at)
    .bind(event.ends_at)
    .bind(now)
    .fetch_all(pool)
    .await
}

/// What usually happens in the lines of an organiser's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct Forecast {
    /// In half of the events, the line moved at least as far.
    #[schema(example = 14)]
    pub usually_reaches: i32,
    /// Of how many past events this is said; at least 3, at most 10.
    #[schema(example = 5)]
    pub of_events: i32,
}

/// How far the line usually moves at this organiser's events, from the last ten that had one; `None` if there were fewer than three.
pub async fn forecast(pool: &PgPool, organiser_id: UserId) -> Result<Option<Forecast>, sqlx::Error> {
    let forecast: Option<Forecast> = sqlx::query_as(
        "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY line_reached DESC) AS usually_reaches, count(*)::integer AS of_events
         FROM (SELECT line_reached FROM events
               WHERE organiser_id = $1 AND line_reached IS NOT NULL AND line_longest > 0 AND status = 'published'
               ORDER BY ends_at DESC LIMIT 10) past
         HAVING count(*) >= 3",
    )
    .bind(organiser_id)
    .fetch_optional(pool)
    .await?;
    Ok(forecast)
}

/// The invitations of an event, in the order in which they were made.
pub async fn invitations_of(pool: &PgPool, event_id: EventId, most: i64) -> Result<Vec<InvitationView>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM invitations WHERE event_id = $1 ORDER BY created_at, id LIMIT $2")
        .bind(event_id)
        .bind(most)
        .fetch_all(pool)
        .await
}

/// Whether the organiser does not want somebody.
pub async fn is_banned(pool: &PgPool, event_id: EventId, user_id: UserId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM bans WHERE event_id = $1 AND user_id = $2)")
        .bind(event_id)
        .bind(user_id)
        .fetch_one(pool)
        .await
}

/// Somebody whom the organiser does not want.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct BannedRow {
    /// Who.
    pub user_id: UserId,
    /// As they are called; `None` until the account has told.
    pub display_name: Option<String>,
    /// Since when; with the person's id the keyset of the list.
    pub banned_at: DateTime<Utc>,
}

/// Whom the organiser does not want, those of longest standing first.
pub async fn banned(
    pool: &PgPool,
    event_id: EventId,
    after: Option<(DateTime<Utc>, UserId)>,
    rows: i64,
) -> Result<Vec<BannedRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT b.user_id, p.display_name, b.banned_at
         FROM bans b LEFT JOIN people p ON p.user_id = b.user_id
         WHERE b.event_id = $1 AND ($2::timestamptz IS NULL OR (b.banned_at, b.user_id) > ($2, $3))
         ORDER BY b.banned_at, b.user_id LIMIT $4",
    )
    .bind(event_id)
    .bind(after.map(|(at, _)| at))
    .bind(after.map(|(_, id)| id))
    .bind(rows)
    .fetch_all(pool)
    .await
}

/// Which of a person's joins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// Of events that have not ended, the next one first.
    #[default]
    Upcoming,
    /// Of events that have ended, the last one first.
    Past,
}

/// One of a person's joins.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct MyJoinRow {
    /// Which join.
    pub join_id: JoinId,
    /// At which event.
    pub event_id: EventId,
    /// Its beginning; with the event's id the keyset of the list.
    pub starts_at: DateTime<Utc>,
    /// Ended is one that the event's cancellation ended.
    pub status: JoinStatus,
    /// How far from the head of the line, which is 1; `None` for a place.
    pub position: Option<i32>,
    /// Together with their guests.
    pub party_size: i32,
    /// When they arrived.
    pub joined_at: DateTime<Utc>,
    /// What they have to do to stay in.
    pub due_for: Option<DueFor>,
    /// When it is too late.
    pub due_at: Option<DateTime<Utc>>,
}

/// A person's live joins, and those that the event's cancellation ended; by the events' beginning.
pub async fn my_joins(
    pool: &PgPool,
    user_id: UserId,
    when: When,
    now: DateTime<Utc>,
    after: Option<(DateTime<Utc>, EventId)>,
    rows: i64,
) -> Result<Vec<MyJoinRow>, sqlx::Error> {
    macro_rules! list {
        ($ended:literal, $after:literal, $direction:literal) => {
            concat!(
                "SELECT j.id AS join_id, j.event_id, e.starts_at, j.status, j.party_size, j.joined_at, j.due_for, j.due_at,
                        CASE WHEN j.status = 'waitlisted' THEN
                            (SELECT count(*)::int FROM joins w
                             WHERE w.event_id = j.event_id AND w.status = 'waitlisted' AND w.line_no <= j.line_no)
                        END AS position
                 FROM joins j JOIN events e ON e.id = j.event_id
                 WHERE j.user_id = $1 AND (j.status <> 'ended' OR j.end_reason = 'event_cancelled')
                   AND (j.due_at IS NULL OR j.due_at > $2) AND e.ends_at ", $ended, " $2
                   AND ($3::timestamptz IS NULL OR (e.starts_at, e.id) ", $after, " ($3, $4::uuid))
                 ORDER BY e.starts_at ", $direction, ", e.id ", $direction, " LIMIT $5"
            )
        };
    }
    let statement = match when {
        When::Upcoming => list!(">", ">", "ASC"),
        When::Past => list!("<=", "<", "DESC"),
    };
    sqlx::query_as(statement)
        .bind(user_id)
        .bind(now)
        .bind(after.map(|(starts_at, _)| starts_at))
        .bind(after.map(|(_, id)| id))
        .bind(rows)
        .fetch_all(pool)
        .await
}

/// Somebody who is in, as the organiser sees them.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ParticipantRow {
    /// Which join.
    pub join_id: JoinId,
    /// When they arrived; the keyset of the list.
    pub line_no: i64,
    /// Who.
    pub user_id: UserId,
    /// As they are called; `None` until the account has told.
    pub display_name: Option<String>,
    /// Where the join is in its life; never ended.
    pub status: JoinStatus,
    /// How far from the head of the line, which is 1; `None` outside of it.
    pub position: Option<i32>,
    /// Together with their guests.
    pub party_size: i32,
    /// The party as it was asked for, where only a part of it got places.
    pub asked_size: Option<i32>,
    /// The guests' names, as far as they were given.
    pub guests: Json<Vec<String>>,
    /// To the organiser's questions.
    pub answers: Json<Answers>,
    /// How the place came to be.
    pub way: Option<Way>,
    /// What they have to do to stay in.
    pub due_for: Option<DueFor>,
    /// When it is too late.
    pub due_at: Option<DateTime<Utc>>,
    /// When they arrived.
    pub joined_at: DateTime<Utc>,
    /// When the first of the party was let in.
    pub arrived_at: Option<DateTime<Utc>>,
}

/// Which participants.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those in this state.
    pub status: Option<JoinStatus>,
    /// Only those whose name contains this.
    pub name: Option<String>,
}

/// Who is in, in order of arrival, after `after` (0 is the beginning).
pub async fn participants(
    pool: &PgPool,
    event_id: EventId,
    filter: &Filter,
    after: i64,
    rows: i64,
    now: DateTime<Utc>,
) -> Result<Vec<ParticipantRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT page.*,
                CASE WHEN status <> 'waitlisted' THEN NULL
                     -- The page has everybody of its stretch of the line, so positions count on from those before it.
                     WHEN $5::text IS NULL THEN
                         (before.waiting + count(*) FILTER (WHERE status = 'waitlisted') OVER (ORDER BY line_no))::integer
                     ELSE (SELECT count(*)::integer FROM joins w
                           WHERE w.event_id = $1 AND w.status = 'waitlisted' AND w.line_no <= page.line_no) END AS position
         FROM (SELECT j.id AS join_id, j.line_no, j.user_id, p.display_name, j.status, j.party_size, j.asked_size,
                      coalesce(j.guests, '[]') AS guests, coalesce(j.answers, '{}') AS answers, j.way, j.due_for, j.due_at, j.joined_at,
                      j.arrived_at
               FROM joins j LEFT JOIN people p ON p.user_id = j.user_id
               WHERE j.event_id = $1 AND j.line_no > $2 AND j.status <> 'ended' AND (j.due_at IS NULL OR j.due_at > $6)
                 AND ($3::text IS NULL OR j.status = $3)
                 AND ($5::text IS NULL OR position(lower($5) IN lower(p.display_name)) > 0)
               ORDER BY j.line_no LIMIT $4) page,
              (SELECT count(*) AS waiting FROM joins
               WHERE event_id = $1 AND status = 'waitlisted' AND line_no <= $2) before
         ORDER BY line_no",
    )
    .bind(event_id)
    .bind(after)
    .bind(filter.status)
    .bind(rows)
    .bind(filter.name.as_deref())
    .bind(now)
    .fetch_all(pool)
    .await
}
