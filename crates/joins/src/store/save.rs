//! What was decided, written down. Each statement speaks of a set of rows.

use chrono::{DateTime, Utc};
use contracts::{EventId, UserId};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    desk::Writes,
    domain::{Action, Decision, Event, Invitation, Join, NewInvitation},
};

/// Writes down what a batch decided; `false` if one of the keys is another request's. If that one has not committed yet, this waits for
/// its outcome.
pub async fn write(tx: &mut PgConnection, writes: &Writes, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    write_joins(tx, &writes.joins, now).await?;
    write_decisions(tx, &writes.decisions).await?;
    write_invitations(tx, &writes.invitations, &writes.made).await?;
    save_events(tx, &writes.events).await?;
    remember(tx, writes, now).await
}

/// Joins and the events that they are of.
pub async fn write_joins(
    tx: &mut PgConnection,
    joins: &[(EventId, Join)],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let (new, old): (Vec<_>, Vec<_>) = joins.iter().partition(|(_, it)| it.written_as.is_none());
    insert(tx, &new, now).await?;
    // What few joins have is not worth a column more in the hot statement.
    let more: Vec<_> = new.into_iter().filter(|(_, it)| has_more(it)).chain(old).collect();
    update(tx, &more).await
}

fn has_more(it: &Join) -> bool {
    it.passed > 0
        || it.leave_other_lines
        || it.invitation.is_some()
        || !it.answers.is_empty()
        || !it.guests.is_empty()
        || it.offered_at.is_some()
        || it.kept_at.is_some()
        || it.end.is_some_and(|end| end.by.is_some())
}

async fn insert(tx: &mut PgConnection, joins: &[&(EventId, Join)], now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    if joins.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO joins (id, event_id, user_id, line_no, status, party_size, at_least, asked_size, promoted, joined_at,
                            confirmed_at, confirmed_revision, given_revision, way, due_at, due_for, ended_at, end_reason)
         SELECT id, event_id, user_id, line_no, status, party_size, at_least, asked_size, promoted, $16,
                CASE WHEN confirmed_revision IS NOT NULL THEN $16 END, confirmed_revision, given_revision, way, due_at, due_for,
                CASE WHEN end_reason IS NOT NULL THEN $16 END, end_reason
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::integer[], $7::integer[], $8::integer[],
                     $9::boolean[], $10::bigint[], $11::bigint[], $12::text[], $13::timestamptz[], $14::text[], $15::text[])
              AS n (id, event_id, user_id, line_no, status, party_size, at_least, asked_size, promoted, confirmed_revision,
                    given_revision, way, due_at, due_for, end_reason)",
    )
    .bind(joins.iter().map(|(_, it)| it.id.0).collect::<Vec<Uuid>>())
    .bind(joins.iter().map(|(event, _)| event.0).collect::<Vec<Uuid>>())
    .bind(joins.iter().map(|(_, it)| it.user_id.0).collect::<Vec<Uuid>>())
    .bind(joins.iter().map(|(_, it)| it.line_no).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.status).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.size).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| (it.at_least < it.size).then_some(it.at_least)).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.asked_size).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.promoted).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.confirmed.map(|(_, revision)| revision)).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.given_revision).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.way).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.due.and_then(|due| due.at)).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.due.map(|due| due.what)).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.end.map(|end| end.reason)).collect::<Vec<_>>())
    .bind(now)
    .execute(tx)
    .await
    .map(drop)
}

async fn update(tx: &mut PgConnection, joins: &[&(EventId, Join)]) -> Result<(), sqlx::Error> {
    if joins.is_empty() {
        return Ok(());
    }
    let done = sqlx::query(
        "UPDATE joins j
         SET line_no = n.line_no, status = n.status, party_size = n.party_size, at_least = n.at_least, asked_size = n.asked_size,
             guests = n.guests, answers = n.answers, invitation_id = n.invitation_id, leave_other_lines = n.leave_other_lines,
             passed = n.passed, due_at = n.due_at, due_for = n.due_for, offered_at = n.offered_at, confirmed_at = n.confirmed_at,
             confirmed_revision = n.confirmed_revision, given_revision = n.given_revision, way = n.way, promoted = n.promoted,
             kept_at = n.kept_at, ended_at = n.ended_at, end_reason = n.end_reason, ended_by = n.ended_by
         FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::integer[], $6::integer[], $7::integer[], $8::jsonb[],
                     $9::jsonb[], $10::uuid[], $11::boolean[], $12::integer[], $13::timestamptz[], $14::text[], $15::timestamptz[],
                     $16::timestamptz[], $17::bigint[], $18::bigint[], $19::text[], $20::boolean[], $21::timestamptz[],
                     $22::timestamptz[], $23::text[], $24::uuid[])
              AS n (event_id, written_as, line_no, status, party_size, at_least, asked_size, guests, answers, invitation_id,
                    leave_other_lines, passed, due_at, due_for, offered_at, confirmed_at, confirmed_revision, given_revision, way,
                    promoted, kept_at, ended_at, end_reason, ended_by)
         WHERE j.event_id = n.event_id AND j.line_no = n.written_as AND j.status <> 'ended'",
    )
    .bind(joins.iter().map(|(event, _)| event.0).collect::<Vec<Uuid>>())
    .bind(joins.iter().map(|(_, it)| it.written_as.unwrap_or(it.line_no)).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.line_no).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.status).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.size).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| (it.at_least < it.size).then_some(it.at_least)).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.asked_size).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| (!it.guests.is_empty()).then_some(Json(&it.guests))).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| (!it.answers.is_empty()).then_some(Json(&it.answers))).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.invitation).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.leave_other_lines).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.passed).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.due.and_then(|due| due.at)).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.due.map(|due| due.what)).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.offered_at).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.confirmed.map(|(at, _)| at)).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.confirmed.map(|(_, revision)| revision)).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.given_revision).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.way).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.promoted).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.kept_at).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.end.map(|end| end.at)).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.end.map(|end| end.reason)).collect::<Vec<_>>())
    .bind(joins.iter().map(|(_, it)| it.end.and_then(|end| end.by).map(|by| by.0)).collect::<Vec<Option<Uuid>>>())
    .execute(tx)
    .await?;
    as_many(done.rows_affected(), joins.len())
}

/// What a decision can change of an event.
pub async fn save_events(tx: &mut PgConnection, events: &[Event]) -> Result<(), sqlx::Error> {
    if events.is_empty() {
        return Ok(());
    }
    let done = sqlx::query(
        "UPDATE events e
         SET confirmed = n.confirmed, waitlisted = n.waitlisted, line_length = n.line_length, offered = n.offered,
             reserved = n.reserved, overbooked = n.overbooked, capacity_hold = n.capacity_hold, hold_until = n.hold_until,
             next_line_no = n.next_line_no, revision = n.revision, due_at = n.due_at, banned = n.banned, used = n.used,
             capacity_holds = n.capacity_holds
         FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::integer[], $5::integer[], $6::integer[], $7::integer[],
                     $8::integer[], $9::timestamptz[], $10::bigint[], $11::bigint[], $12::timestamptz[], $13::integer[], $14::integer[], $15::integer[])
              AS n (id, confirmed, waitlisted, line_length, offered, reserved, overbooked, capacity_hold, hold_until, next_line_no,
                    revision, due_at, banned, used, capacity_holds)
         WHERE e.id = n.id",
    )
    .bind(events.iter().map(|it| it.id.0).collect::<Vec<Uuid>>())
    .bind(events.iter().map(|it| it.confirmed).collect::<Vec<_>>())
    .bind(events.iter().map(|it| it.waitlisted).collect::<Vec<_>>())
    .bind(events.iter().map(|it| it.line_length).collect::<Vec<_>>())
    .bind(events.iter().map(|it| it.offered).collect::<Vec<_>>())
    .bind(events.iter().map(|it| it.reserved).collect::<Vec<_>>())
    .bind(events.iter().map(|it| it.overbooked).collect::<Vec<_>>())
    .bind(events.iter().map(|it| it.capacity_hold).collect::<Vec<_>>())
    .bind(events.iter().map(|it| it.hold_until).collect::<Vec<_>>())
    .bind(events.iter().map(|it| it.next_line_no).collect::<Vec<_>>())
    .bind(events.iter().map(|it| it.revision).collect::<Vec<_>>())
    .bind(events.iter().map(|it| it.due_at).collect::<Vec<_>>())
    .bind(events.iter().map(|it| it.banned).collect::<Vec<_>>())
    .bind(events.iter().map(|it| it.used).collect::<Vec<_>>())
    .bind(events.iter().map(|it| it.capacity_holds).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    as_many(done.rows_affected(), events.len())
}

/// What organisers and the clock decided.
pub async fn write_decisions(tx: &mut PgConnection, decisions: &[(EventId, i32, Decision)]) -> Result<(), sqlx::Error> {
    if decisions.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO decisions (event_id, revision, n, decided_at, actor_id, action, user_id, details)
         SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::integer[], $4::timestamptz[], $5::uuid[], $6::text[], $7::uuid[], $8::jsonb[])",
    )
    .bind(decisions.iter().map(|(event, ..)| event.0).collect::<Vec<Uuid>>())
    .bind(decisions.iter().map(|(.., it)| it.revision).collect::<Vec<_>>())
    .bind(decisions.iter().map(|(_, n, _)| *n).collect::<Vec<_>>())
    .bind(decisions.iter().map(|(.., it)| it.at).collect::<Vec<_>>())
    .bind(decisions.iter().map(|(.., it)| it.actor.map(|id| id.0)).collect::<Vec<Option<Uuid>>>())
    .bind(decisions.iter().map(|(.., it)| it.action).collect::<Vec<_>>())
    .bind(decisions.iter().map(|(.., it)| it.user_id.map(|id| id.0)).collect::<Vec<Option<Uuid>>>())
    .bind(decisions.iter().map(|(.., it)| Json(&it.details)).collect::<Vec<_>>())
    .execute(&mut *tx)
    .await?;
    for (event_id, _, it) in decisions {
        match (it.action, it.user_id, it.actor) {
            (Action::Banned, Some(user_id), Some(actor)) => ban(tx, *event_id, user_id, actor, it.at).await?,
            (Action::Unbanned, Some(user_id), _) => unban(tx, *event_id, user_id).await?,
            _ => {}
        }
    }
    Ok(())
}

async fn ban(
    tx: &mut PgConnection,
    event_id: EventId,
    user_id: UserId,
    actor: UserId,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO bans (event_id, user_id, banned_by, banned_at) VALUES ($1, $2, $3, $4)")
        .bind(event_id)
        .bind(user_id)
        .bind(actor)
        .bind(now)
        .execute(tx)
        .await
        .map(drop)
}

async fn unban(tx: &mut PgConnection, event_id: EventId, user_id: UserId) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM bans WHERE event_id = $1 AND user_id = $2")
        .bind(event_id)
        .bind(user_id)
        .execute(tx)
        .await
        .map(drop)
}

/// Invitations that were made, and how much of others is left.
pub async fn write_invitations(
    tx: &mut PgConnection,
    invitations: &[Invitation],
    made: &[(EventId, NewInvitation, UserId, DateTime<Utc>)],
) -> Result<(), sqlx::Error> {
    for (event_id, it, created_by, now) in made {
        sqlx::query(
            "INSERT INTO invitations (id, event_id, code, label, uses_left, reserved, expires_at, created_by, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(it.id)
        .bind(event_id)
        .bind(&it.code)
        .bind(&it.label)
        .bind(it.uses)
        .bind(it.reserved)
        .bind(it.expires_at)
        .bind(created_by)
        .bind(now)
        .execute(&mut *tx)
        .await?;
    }
    if invitations.is_empty() {
        return Ok(());
    }
    let done = sqlx::query(
        "UPDATE invitations i SET uses_left = n.uses_left, reserved = n.reserved, revoked_at = n.revoked_at
         FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::timestamptz[]) AS n (id, uses_left, reserved, revoked_at)
         WHERE i.id = n.id",
    )
    .bind(invitations.iter().map(|it| it.id).collect::<Vec<_>>())
    .bind(invitations.iter().map(|it| it.uses_left).collect::<Vec<_>>())
    .bind(invitations.iter().map(|it| it.reserved).collect::<Vec<_>>())
    .bind(invitations.iter().map(|it| it.revoked_at).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    as_many(done.rows_affected(), invitations.len())
}

async fn remember(tx: &mut PgConnection, writes: &Writes, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let answers = &writes.answers;
    if answers.is_empty() {
        return Ok(true);
    }
    let kept = sqlx::query(
        "INSERT INTO idempotency (user_id, key, request_hash, status, body, event_id, join_id, created_at)
         SELECT user_id, key, request_hash, status, body, event_id, join_id, $8
         FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::smallint[], $5::bytea[], $6::uuid[], $7::uuid[])
              WITH ORDINALITY AS n (user_id, key, request_hash, status, body, event_id, join_id, ord)
         ORDER BY ord
         ON CONFLICT (user_id, key) DO NOTHING",
    )
    .bind(answers.iter().map(|it| it.user_id.0).collect::<Vec<Uuid>>())
    .bind(answers.iter().map(|it| it.key.as_str()).collect::<Vec<_>>())
    .bind(answers.iter().map(|it| it.known.request_hash.as_slice()).collect::<Vec<_>>())
    .bind(answers.iter().map(|it| i16::try_from(it.known.answer.status.as_u16()).unwrap_or(200)).collect::<Vec<_>>())
    .bind(answers.iter().map(|it| it.known.answer.body.as_slice()).collect::<Vec<_>>())
    .bind(answers.iter().map(|it| it.event_id.0).collect::<Vec<Uuid>>())
    .bind(answers.iter().map(|it| it.join_id.map(|id| id.0)).collect::<Vec<Option<Uuid>>>())
    .bind(now)
    .execute(tx)
    .await?;
    Ok(usize::try_from(kept.rows_affected()) == Ok(answers.len()))
}

/// The events' locks make sure that nobody else touches their joins. If a row is missing all the same, nothing must be committed.
fn as_many(rows: u64, expected: usize) -> Result<(), sqlx::Error> {
    if usize::try_from(rows) == Ok(expected) { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}
