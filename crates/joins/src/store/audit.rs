//! What must hold of the data, asked of the data itself. Each question reads one snapshot, so it can be asked while people join.

use contracts::EventId;
use sqlx::PgPool;

/// Rows that break a rule: a bug, or somebody's hand in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which rule.
    pub rule: &'static str,
    /// Where.
    pub event_id: EventId,
    /// What is wrong there.
    pub detail: String,
}

/// Offenders that are shown of each rule.
const MOST: i64 = 100;

/// Rule, and a query for those who break it: event and detail.
const RULES: &[(&str, &str)] = &[
    (
        "the counters agree with the joins",
        "SELECT e.id, format('counted %s/%s/%s, joins say %s/%s/%s (confirmed/waitlisted/line)',
                             e.confirmed, e.waitlisted, e.line_length, j.confirmed, j.waitlisted, j.line_length)
         FROM events e
         LEFT JOIN LATERAL (
             SELECT coalesce(sum(party_size) FILTER (WHERE status = 'confirmed'), 0) AS confirmed,
                    coalesce(sum(party_size) FILTER (WHERE status = 'waitlisted'), 0) AS waitlisted,
                    count(*) FILTER (WHERE status = 'waitlisted') AS line_length
             FROM joins WHERE event_id = e.id) j ON true
         WHERE (e.confirmed, e.waitlisted, e.line_length) IS DISTINCT FROM (j.confirmed, j.waitlisted, j.line_length)
         LIMIT $1",
    ),
    (
        "no event is oversold",
        "SELECT e.id, format('%s people have a place; capacity %s, overbooked %s', j.confirmed, e.capacity, e.overbooked)
         FROM events e
         JOIN (SELECT event_id, sum(party_size) AS confirmed FROM joins WHERE status = 'confirmed' GROUP BY event_id) j
           ON j.event_id = e.id
         WHERE j.confirmed > e.capacity + e.overbooked
         LIMIT $1",
    ),
    (
        "every overbooking has its record",
        "SELECT e.id, format('overbooked by %s', e.overbooked)
         FROM events e
         WHERE e.overbooked > 0
           AND NOT EXISTS (SELECT FROM overbookings o WHERE o.event_id = e.id AND o.confirmed - o.capacity >= e.overbooked)
         LIMIT $1",
    ),
    (
        "no place is free while the head of the line would fit",
        "SELECT e.id, format('%s of %s places taken, a party of %s waits', e.confirmed, coalesce(e.capacity::text, 'unlimited'), head.party_size)
         FROM events e
         JOIN LATERAL (SELECT party_size FROM joins
                       WHERE event_id = e.id AND status = 'waitlisted' AND (e.capacity IS NULL OR party_size <= e.capacity)
                       ORDER BY line_no LIMIT 1) head ON true
         WHERE e.status = 'published' AND e.starts_at > now() AND e.capacity_hold IS NULL
           AND (e.capacity IS NULL OR e.confirmed + head.party_size <= e.capacity)
         LIMIT $1",
    ),
    (
        "nobody is in twice",
        "SELECT event_id, format('%s has %s live joins', user_id, count(*))
         FROM joins WHERE status <> 'ended' GROUP BY event_id, user_id HAVING count(*) > 1
         LIMIT $1",
    ),
    (
        // Whoever got a place got it no later than everybody who arrived after them. (Backwards, because a frame that only grows
        // is summed up as it goes; one that shrinks is read again for each row.)
        "places were given in order of arrival",
        "SELECT event_id, format('arrival %s got its place after a later one', line_no)
         FROM (SELECT event_id, line_no, confirmed_revision,
                      min(confirmed_revision) OVER (PARTITION BY event_id ORDER BY line_no DESC
                                                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS later
               FROM joins WHERE confirmed_revision IS NOT NULL AND NOT passed_over) given
         WHERE confirmed_revision > later
         LIMIT $1",
    ),
    (
        "nobody waits behind whom they came before",
        "SELECT w.event_id, format('arrival %s waits, arrival %s has a place', w.line_no, c.line_no)
         FROM (SELECT event_id, min(line_no) AS line_no FROM joins WHERE status = 'waitlisted' AND NOT passed_over GROUP BY event_id) w
         JOIN (SELECT event_id, max(line_no) AS line_no FROM joins WHERE status = 'confirmed' GROUP BY event_id) c
           ON c.event_id = w.event_id AND c.line_no > w.line_no
         LIMIT $1",
    ),
    (
        "arrivals are numbered below the event's next number",
        "SELECT e.id, format('next is %s, %s was given', e.next_line_no, max(j.line_no))
         FROM events e JOIN joins j ON j.event_id = e.id
         GROUP BY e.id HAVING max(j.line_no) >= e.next_line_no
         LIMIT $1",
    ),
    (
        "a cancelled event has nobody in",
        "SELECT e.id, format('%s live joins', count(*))
         FROM events e JOIN joins j ON j.event_id = e.id AND j.status <> 'ended'
         WHERE e.status = 'cancelled' GROUP BY e.id
         LIMIT $1",
    ),
    (
        "a kept answer tells what happened",
        "SELECT k.event_id, format('%s was answered %s about join %s', k.user_id, k.answer ->> 'status', k.join_id)
         FROM (SELECT *, convert_from(body, 'UTF8')::jsonb AS answer FROM idempotency WHERE status = 200) k
         WHERE NOT EXISTS (
             SELECT FROM joins j
             WHERE j.id = k.join_id AND j.event_id = k.event_id AND j.user_id = k.user_id
               AND CASE k.answer ->> 'status' WHEN 'left' THEN j.ended_at IS NOT NULL
                                              WHEN 'confirmed' THEN j.confirmed_at IS NOT NULL AND NOT j.promoted
                                              ELSE j.confirmed_at IS NULL OR j.promoted END)
         LIMIT $1",
    ),
];

/// Asks every question; an empty list is what you want.
///
/// # Errors
/// As the database says.
pub async fn audit(pool: &PgPool) -> Result<Vec<Violation>, sqlx::Error> {
    // A snapshot a question, and as long as it takes: nobody waits for it.
    let mut tx = pool.begin_with("BEGIN READ ONLY; SET LOCAL statement_timeout = '10min'").await?;
    let mut violations = Vec::new();
    for (rule, query) in RULES.iter().copied() {
        let rows: Vec<(EventId, String)> = sqlx::query_as(query).bind(MOST).fetch_all(&mut *tx).await?;
        violations.extend(rows.into_iter().map(|(event_id, detail)| Violation { rule, event_id, detail }));
    }
    tx.commit().await?;
    Ok(violations)
}
