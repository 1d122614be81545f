//! Statements of the door. They lock the one join that they are about, not the event: several gates let people in at once.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contracts::{EventId, JoinId, UserId};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::{domain::JoinStatus, tickets::Tickets};

/// Lets every process, and every phone at a door, verify what this key signs.
pub async fn publish_ticket_key(pool: &PgPool, tickets: &Tickets, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO ticket_keys (kid, public_key, created_at) VALUES ($1, $2, $3) ON CONFLICT (kid) DO NOTHING",
    )
    .bind(tickets.kid())
    .bind(tickets.public_key().as_slice())
    .bind(now)
    .execute(pool)
    .await
    .map(drop)
}

/// The public keys of tickets, by their names.
pub async fn ticket_keys(pool: &PgPool) -> Result<HashMap<String, Vec<u8>>, sqlx::Error> {
    let rows: Vec<(String, Vec<u8>)> =
        sqlx::query_as("SELECT kid, public_key FROM ticket_keys").fetch_all(pool).await?;
    Ok(rows.into_iter().collect())
}

/// A place as its owner shows it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Place {
    /// Which join.
    pub join_id: JoinId,
    /// Under which arrival it is found.
    pub line_no: i64,
    /// People.
    pub party_size: i32,
    /// The guests' names, as far as they were given.
    pub guests: Json<Vec<String>>,
    /// As the owner is called.
    pub display_name: Option<String>,
    /// When the first of the party was let in.
    pub arrived_at: Option<DateTime<Utc>>,
}

/// Somebody's place at an event, unless it has lapsed.
pub async fn place(
    pool: &PgPool,
    event_id: EventId,
    user_id: UserId,
    now: DateTime<Utc>,
) -> Result<Option<Place>, sqlx::Error> {
    sqlx::query_as(
        "SELECT j.id AS join_id, j.line_no, j.party_size, coalesce(j.guests, '[]') AS guests, p.display_name, j.arrived_at
         FROM joins j LEFT JOIN people p ON p.user_id = j.user_id
         WHERE j.user_id = $2 AND j.event_id = $1 AND j.status = 'confirmed' AND (j.due_at IS NULL OR j.due_at > $3)",
    )
    .bind(event_id)
    .bind(user_id)
    .bind(now)
    .fetch_optional(pool)
    .await
}

/// What the door knows of an event.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DoorEvent {
    /// As people read it.
    pub title: String,
    /// IANA name of the venue's zone.
    pub timezone: String,
}

/// What the door knows of an event.
pub async fn door_event(pool: &PgPool, event_id: EventId) -> Result<DoorEvent, sqlx::Error> {
    sqlx::query_as("SELECT title, timezone FROM events WHERE id = $1").bind(event_id).fetch_one(pool).await
}

/// Somebody with a place, as the door needs to know them; nothing more.
#[derive(Clone, Debug, Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct Guest {
    /// Which join.
    pub join_id: JoinId,
    /// Under which arrival it is found; the keyset of the list.
    pub line_no: i64,
    /// As they are called.
    pub display_name: String,
    /// The guests' names, as far as they were given.
    #[schema(value_type = Vec<String>)]
    pub guests: Json<Vec<String>>,
    /// The person and their guests.
    pub party_size: i32,
    /// How many of them are inside.
    pub inside: i32,
    /// When the first of them was let in.
    #[schema(required)]
    pub arrived_at: Option<DateTime<Utc>>,
}

/// Everybody who has a place, or is inside all the same, in order of arrival, after `after` (0 is the beginning).
pub async fn guests(
    pool: &PgPool,
    event_id: EventId,
    after: i64,
    rows: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Guest>, sqlx::Error> {
    sqlx::query_as(
        "SELECT j.id AS join_id, j.line_no, coalesce(p.display_name, '') AS display_name, coalesce(j.guests, '[]') AS guests,
                j.party_size, j.inside, j.arrived_at
         FROM joins j LEFT JOIN people p ON p.user_id = j.user_id
         WHERE j.event_id = $1 AND j.line_no > $2
           AND (j.inside > 0 OR (j.status = 'confirmed' AND (j.due_at IS NULL OR j.due_at > $4)))
         ORDER BY j.line_no LIMIT $3",
    )
    .bind(event_id)
    .bind(after)
    .bind(rows)
    .bind(now)
    .fetch_all(pool)
    .await
}

/// How many have come.
#[derive(Clone, Copy, Debug, Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct DoorCounts {
    /// People with a place.
    #[schema(example = 120)]
    pub expected: i64,
    /// People who have come; of a party that has left again, at least one is counted.
    #[schema(example = 64)]
    pub arrived: i64,
    /// People who are inside.
    #[schema(example = 60)]
    pub inside: i64,
    /// Scans that were refused.
    #[schema(example = 2)]
    pub refused: i64,
}

/// How many have come.
pub async fn door_counts(pool: &PgPool, event_id: EventId) -> Result<DoorCounts, sqlx::Error> {
    sqlx::query_as(
        "SELECT coalesce(sum(party_size) FILTER (WHERE status = 'confirmed'), 0) AS expected,
                coalesce(sum(greatest(inside, CASE WHEN arrived_at IS NOT NULL THEN 1 ELSE 0 END)), 0) AS arrived,
                coalesce(sum(inside), 0) AS inside,
                (SELECT count(*) FROM scans WHERE event_id = $1 AND outcome <> 'accepted') AS refused
         FROM joins WHERE event_id = $1 AND (status = 'confirmed' OR inside > 0)",
    )
    .bind(event_id)
    .fetch_one(pool)
    .await
}

/// What a steward's device says happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum ScanKind {
    /// Somebody comes in.
    In,
    /// Somebody goes out, and may come in again.
    Out,
    /// The last accepted scan of this place was a mistake.
    Undo,
}

/// What came of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Outcome {
    /// As it should be.
    Accepted,
    /// All of the party are inside already; `first` says since when, and who let them in.
    AlreadyIn,
    /// Not so many of the party are inside.
    NotIn,
    /// The place was given up, taken back, or has lapsed.
    NoPlace,
    /// Nobody's ticket.
    Unknown,
    /// A ticket of another event.
    WrongEvent,
    /// Not signed by us.
    Forged,
    /// There is nothing to take back.
    NothingToUndo,
}

/// A scan that is written down.
#[derive(Clone, Debug, Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct Scan {
    /// Chosen by the device.
    pub id: Uuid,
    /// In the order in which scans became known; the keyset of the list.
    pub seq: i64,
    /// Whose place; `null` if it was nobody's ticket.
    #[schema(required)]
    pub line_no: Option<i64>,
    /// What was to happen.
    pub kind: ScanKind,
    /// How many people.
    pub people: i32,
    /// What came of it.
    pub outcome: Outcome,
    /// By the device's clock.
    pub scanned_at: DateTime<Utc>,
    /// When it became known.
    pub received_at: DateTime<Utc>,
    /// Which gate.
    pub gate: String,
    /// Which device.
    pub device: String,
    /// Which steward.
    pub steward_id: UserId,
    /// As the steward is called.
    pub steward_name: String,
    /// Whether it was taken back.
    pub undone: bool,
}

macro_rules! scan_columns {
    () => {
        "SELECT s.id, s.seq, s.line_no, s.kind, s.people, s.outcome, s.scanned_at, s.received_at, s.gate, s.device, s.steward_id,
                coalesce(p.display_name, '') AS steward_name, s.undone
         FROM scans s LEFT JOIN people p ON p.user_id = s.steward_id "
    };
}

/// Scans after `after`, in the order in which they became known.
pub async fn scans(pool: &PgPool, event_id: EventId, after: i64, rows: i64) -> Result<Vec<Scan>, sqlx::Error> {
    sqlx::query_as(concat!(scan_columns!(), "WHERE s.event_id = $1 AND s.seq > $2 ORDER BY s.seq LIMIT $3"))
        .bind(event_id)
        .bind(after)
        .bind(rows)
        .fetch_all(pool)
        .await
}

/// A scan that is known already.
pub async fn scan(tx: &mut PgConnection, event_id: EventId, id: Uuid) -> Result<Option<Scan>, sqlx::Error> {
    sqlx::query_as(concat!(scan_columns!(), "WHERE s.event_id = $1 AND s.id = $2"))
        .bind(event_id)
        .bind(id)
        .fetch_optional(tx)
        .await
}

/// The last entry of a place that counts.
pub async fn last_entry(tx: &mut PgConnection, event_id: EventId, line_no: i64) -> Result<Option<Scan>, sqlx::Error> {
    sqlx::query_as(concat!(
        scan_columns!(),
        "WHERE s.event_id = $1 AND s.line_no = $2 AND s.kind = 'in' AND s.outcome = 'accepted' AND NOT s.undone
         ORDER BY s.seq DESC LIMIT 1"
    ))
    .bind(event_id)
    .bind(line_no)
    .fetch_optional(tx)
    .await
}

/// A place at the door, locked.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AtDoor {
    /// Which join.
    pub id: JoinId,
    /// Where the join is in its life.
    pub status: JoinStatus,
    /// People.
    pub party_size: i32,
    /// How many of them are inside.
    pub inside: i32,
    /// When it is over unless the person acts.
    pub due_at: Option<DateTime<Utc>>,
}

/// Locks a place.
pub async fn lock_place(tx: &mut PgConnection, event_id: EventId, line_no: i64) -> Result<Option<AtDoor>, sqlx::Error> {
    sqlx::query_as("SELECT id, status, party_size, inside, due_at FROM joins WHERE event_id = $1 AND line_no = $2 FOR NO KEY UPDATE")
        .bind(event_id)
        .bind(line_no)
        .fetch_optional(tx)
        .await
}

/// The same without a lock.
pub async fn look_at_place(
    conn: &mut PgConnection,
    event_id: EventId,
    line_no: i64,
) -> Result<Option<AtDoor>, sqlx::Error> {
    sqlx::query_as("SELECT id, status, party_size, inside, due_at FROM joins WHERE event_id = $1 AND line_no = $2")
        .bind(event_id)
        .bind(line_no)
        .fetch_optional(conn)
        .await
}

/// Writes down how many of a party are inside, and since when somebody has come.
pub async fn set_inside(
    tx: &mut PgConnection,
    event_id: EventId,
    line_no: i64,
    inside: i32,
    arrived_at: Option<DateTime<Utc>>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE joins SET inside = $3, arrived_at = coalesce(arrived_at, $4),
                due_at = CASE WHEN $4::timestamptz IS NULL THEN due_at END, due_for = CASE WHEN $4::timestamptz IS NULL THEN due_for END
         WHERE event_id = $1 AND line_no = $2",
    )
    .bind(event_id)
    .bind(line_no)
    .bind(inside)
    .bind(arrived_at)
    .execute(tx)
    .await
    .map(drop)
}

/// Nobody of a party has come after all.
pub async fn clear_arrival(tx: &mut PgConnection, event_id: EventId, line_no: i64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE joins SET arrived_at = NULL
         WHERE event_id = $1 AND line_no = $2 AND inside = 0
           AND NOT EXISTS (SELECT FROM scans WHERE event_id = $1 AND line_no = $2 AND kind = 'in' AND outcome = 'accepted' AND NOT undone)",
    )
    .bind(event_id)
    .bind(line_no)
    .execute(tx)
    .await
    .map(drop)
}

/// The last accepted scan of a place that was not taken back, now taken back.
pub async fn undo_last(
    tx: &mut PgConnection,
    event_id: EventId,
    line_no: i64,
) -> Result<Option<(ScanKind, i32)>, sqlx::Error> {
    sqlx::query_as(
        "UPDATE scans SET undone = true
         WHERE event_id = $1 AND seq = (SELECT seq FROM scans
                                        WHERE event_id = $1 AND line_no = $2 AND outcome = 'accepted' AND kind <> 'undo' AND NOT undone
                                        ORDER BY seq DESC LIMIT 1)
         RETURNING kind, people",
    )
    .bind(event_id)
    .bind(line_no)
    .fetch_optional(tx)
    .await
}

/// A scan to be written down.
#[derive(Clone, Debug)]
pub struct NewScan<'a> {
    /// At which event.
    pub event_id: EventId,
    /// Chosen by the device.
    pub id: Uuid,
    /// Whose place.
    pub line_no: Option<i64>,
    /// What was to happen.
    pub kind: ScanKind,
    /// How many people.
    pub people: i32,
    /// What came of it.
    pub outcome: Outcome,
    /// By the device's clock.
    pub scanned_at: DateTime<Utc>,
    /// When it became known.
    pub received_at: DateTime<Utc>,
    /// Which gate.
    pub gate: &'a str,
    /// Which device.
    pub device: &'a str,
    /// Which steward.
    pub steward_id: UserId,
}

/// Writes a scan down; `false` if another request has just done so.
pub async fn insert_scan(tx: &mut PgConnection, scan: &NewScan<'_>) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query(
        "INSERT INTO scans (event_id, id, line_no, kind, people, outcome, scanned_at, received_at, gate, device, steward_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
    )
    .bind(scan.event_id)
    .bind(scan.id)
    .bind(scan.line_no)
    .bind(scan.kind)
    .bind(scan.people)
    .bind(scan.outcome)
    .bind(scan.scanned_at)
    .bind(scan.received_at)
    .bind(scan.gate)
    .bind(scan.device)
    .bind(scan.steward_id)
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Whether somebody was made a steward, and is not banned.
pub async fn is_steward(pool: &PgPool, event_id: EventId, user_id: UserId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM stewards WHERE event_id = $1 AND user_id = $2)
            AND NOT EXISTS (SELECT FROM bans WHERE event_id = $1 AND user_id = $2)",
    )
    .bind(event_id)
    .bind(user_id)
    .fetch_one(pool)
    .await
}

/// Somebody who may stand at the door.
#[derive(Clone, Debug, Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct Steward {
    /// Who.
    pub user_id: UserId,
    /// As they are called.
    pub display_name: String,
    /// Since when.
    pub added_at: DateTime<Utc>,
}

/// Who may stand at the door; at most 200.
pub async fn stewards(pool: &PgPool, event_id: EventId) -> Result<Vec<Steward>, sqlx::Error> {
    sqlx::query_as(
        "SELECT s.user_id, coalesce(p.display_name, '') AS display_name, s.added_at
         FROM stewards s LEFT JOIN people p ON p.user_id = s.user_id WHERE s.event_id = $1 ORDER BY s.added_at, s.user_id LIMIT 200",
    )
    .bind(event_id)
    .fetch_all(pool)
    .await
}

/// Replaces the link by which one becomes a steward.
pub async fn set_steward_link(
    pool: &PgPool,
    event_id: EventId,
    fingerprint: &[u8],
    expires_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO steward_links (event_id, fingerprint, expires_at) VALUES ($1, $2, $3)
         ON CONFLICT (event_id) DO UPDATE SET fingerprint = excluded.fingerprint, expires_at = excluded.expires_at",
    )
    .bind(event_id)
    .bind(fingerprint)
    .bind(expires_at)
    .execute(pool)
    .await
    .map(drop)
}

/// Makes somebody a steward by the link; `false` if it is not good.
pub async fn become_steward(
    pool: &PgPool,
    event_id: EventId,
    user_id: UserId,
    fingerprint: &[u8],
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let made: Option<bool> = sqlx::query_scalar(
        "WITH link AS (SELECT FROM steward_links WHERE event_id = $1 AND fingerprint = $3 AND expires_at > $4),
              made AS (INSERT INTO stewards (event_id, user_id, added_at) SELECT $1, $2, $4 FROM link ON CONFLICT DO NOTHING)
         SELECT true FROM link",
    )
    .bind(event_id)
    .bind(user_id)
    .bind(fingerprint)
    .bind(now)
    .fetch_optional(pool)
    .await?;
    Ok(made.is_some())
}

/// Ends a steward's right, and the link.
pub async fn remove_steward(pool: &PgPool, event_id: EventId, user_id: UserId) -> Result<bool, sqlx::Error> {
    let gone = sqlx::query(
        "WITH gone AS (DELETE FROM stewards WHERE event_id = $1 AND user_id = $2 RETURNING event_id),
              link AS (DELETE FROM steward_links WHERE event_id IN (SELECT event_id FROM gone))
         SELECT FROM gone",
    )
    .bind(event_id)
    .bind(user_id)
    .fetch_optional(pool)
    .await?;
    Ok(gone.is_some())
}
