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
pub const RULES: &[(&str, &str)] = &[
    (
        "the counters agree with the joins",
        "SELECT e.id, format('counted %s/%s/%s/%s/%s, joins say %s/%s/%s/%s/%s (confirmed/waitlisted/line/offered/reserved)',
                             e.confirmed, e.waitlisted, e.line_length, e.offered, e.reserved,
                             j.confirmed, j.waitlisted, j.line_length, j.offered, i.reserved)
         FROM events e
         LEFT JOIN LATERAL (
             SELECT coalesce(sum(party_size) FILTER (WHERE status = 'confirmed'), 0) AS confirmed,
                    coalesce(sum(party_size) FILTER (WHERE status = 'waitlisted'), 0) AS waitlisted,
                    count(*) FILTER (WHERE status = 'waitlisted') AS line_length,
                    coalesce(sum(party_size) FILTER (WHERE status = 'offered'), 0) AS offered
             FROM joins WHERE event_id = e.id) j ON true
         LEFT JOIN LATERAL (SELECT coalesce(sum(reserved), 0) AS reserved FROM invitations WHERE event_id = e.id) i ON true
         WHERE (e.confirmed, e.waitlisted, e.line_length, e.offered, e.reserved)
               IS DISTINCT FROM (j.confirmed, j.waitlisted, j.line_length, j.offered, i.reserved)
         LIMIT $1",
    ),
    (
        "no event is oversold",
        "SELECT e.id, format('%s people have a place or an offer, %s are reserved, %s used up; capacity %s, overbooked %s', j.taken,
                             e.reserved, e.used, e.capacity, e.overbooked)
         FROM events e
         JOIN (SELECT event_id, sum(party_size) AS taken FROM joins WHERE status IN ('confirmed', 'offered') GROUP BY event_id) j
           ON j.event_id = e.id
         WHERE j.taken + e.reserved + e.used > e.capacity + e.overbooked
         LIMIT $1",
    ),
    (
        "every overbooking has its record",
        "SELECT e.id, format('overbooked by %s', e.overbooked)
         FROM events e
         WHERE e.overbooked > 0
           AND NOT EXISTS (SELECT FROM overbookings o WHERE o.event_id = e.id AND o.confirmed - o.capacity >= e.overbooked)
           AND NOT EXISTS (SELECT FROM decisions d
                           WHERE d.event_id = e.id AND d.action = 'picked' AND (d.details ->> 'overbooked')::integer >= e.overbooked)
         LIMIT $1",
    ),
    (
        // As long as places are given or offered by themselves; until what is due has been settled, nobody can tell.
        "no place is free while somebody waits whose turn it is",
        "SELECT e.id, format('%s of %s places taken, arrival %s waits (a party of %s)', e.confirmed + e.offered + e.reserved + e.used,
                             coalesce(e.capacity::text, 'unlimited'), next.line_no, next.party_size)
         FROM events e
         JOIN LATERAL (
             SELECT line_no, party_size
             FROM (SELECT line_no, party_size, fits,
                          coalesce(bool_or(NOT fits AND passed >= coalesce((e.registration ->> 'passes')::integer, 3))
                                   OVER (ORDER BY line_no ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), false) AS blocked
                   FROM (SELECT line_no, party_size, passed,
                                e.capacity IS NULL
                                OR coalesce(at_least, party_size) <= e.capacity - e.confirmed - e.offered - e.reserved - e.used AS fits
                         FROM joins
                         WHERE event_id = e.id AND status = 'waitlisted'
                           AND (e.capacity IS NULL OR coalesce(at_least, party_size) <= e.capacity)
                         ORDER BY line_no LIMIT 100) head) looked_at
             WHERE fits AND NOT blocked ORDER BY line_no LIMIT 1) next ON true
         WHERE e.status = 'published' AND e.capacity_hold IS NULL AND (e.due_at IS NULL OR e.due_at > now()) AND e.offered < 20
           AND e.line_length > 0 AND (e.capacity IS NULL OR e.confirmed + e.offered + e.reserved + e.used < e.capacity)
           AND now() < greatest(e.starts_at - make_interval(hours => coalesce((e.registration ->> 'offer_hours')::integer, 24)),
                                e.starts_at - make_interval(mins => coalesce((e.registration ->> 'offer_minutes')::integer, 120)))
         LIMIT $1",
    ),
    (
        "nobody is in twice",
        "SELECT event_id, format('%s has %s live joins', user_id, count(*))
         FROM joins WHERE status <> 'ended' GROUP BY event_id, user_id HAVING count(*) > 1
         LIMIT $1",
    ),
    (
        // Whoever waits, or has got a place, did so no later than everybody who arrived after them and whose turn came by order of arrival.
        // Backwards, because a frame that only grows is summed up as it goes; one that shrinks is read again for each row.
        "places were given in order of arrival",
        "SELECT event_id, format('arrival %s was overtaken by a later one', line_no)
         FROM (SELECT event_id, line_no, given, passed, passed_over,
                      min(given) FILTER (WHERE by_order)
                          OVER (PARTITION BY event_id ORDER BY line_no DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS later
               FROM (SELECT *, coalesce(given_revision, confirmed_revision) AS given,
                            coalesce(way IN ('direct', 'line', 'offer'), true) AS by_order
                     FROM joins) j
               WHERE given IS NOT NULL OR status = 'waitlisted') given
         WHERE passed = 0 AND NOT passed_over AND (given > later OR (given IS NULL AND later IS NOT NULL))
         LIMIT $1",
    ),
    (
        "nobody was passed more often than it is counted",
        "SELECT a.event_id, format('arrival %s was passed %s times, and %s are counted', a.line_no, b.passes, a.passed)
         FROM joins a
         JOIN LATERAL (SELECT count(*) AS passes FROM joins b
                       WHERE b.event_id = a.event_id AND b.line_no > a.line_no AND coalesce(b.way IN ('direct', 'line', 'offer'), true)
                         AND coalesce(b.given_revision, b.confirmed_revision)
                             < coalesce(a.given_revision, a.confirmed_revision, 9223372036854775807)) b ON true
         WHERE a.passed > 0 AND NOT a.passed_over AND (a.given_revision IS NOT NULL OR a.status = 'waitlisted') AND b.passes > a.passed
         LIMIT $1",
    ),
    (
        "nobody is passed more often than any rule allows",
        "SELECT event_id, format('arrival %s was passed %s times', line_no, passed) FROM joins WHERE passed > 20 LIMIT $1",
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
        "an event knows its first deadline",
        "SELECT e.id, format('knows %s, the first is %s', coalesce(e.due_at::text, 'none'), due.first)
         FROM events e
         JOIN LATERAL (SELECT least((SELECT min(due_at) FROM joins WHERE event_id = e.id AND due_at IS NOT NULL),
                                    (SELECT min(least(expires_at, e.starts_at)) FROM invitations WHERE event_id = e.id AND reserved > 0)) AS first) due ON true
         WHERE due.first IS NOT NULL AND (e.due_at IS NULL OR e.due_at > due.first)
         LIMIT $1",
    ),
    (
        "nobody who is banned is in",
        "SELECT b.event_id, format('%s is banned and %s', b.user_id, j.status)
         FROM bans b JOIN joins j ON j.event_id = b.event_id AND j.user_id = b.user_id AND j.status <> 'ended'
         LIMIT $1",
    ),
    (
        "the bans are counted",
        "SELECT e.id, format('counted %s, there are %s', e.banned, coalesce(b.count, 0))
         FROM events e LEFT JOIN (SELECT event_id, count(*) AS count FROM bans GROUP BY event_id) b ON b.event_id = e.id
         WHERE e.banned <> coalesce(b.count, 0)
         LIMIT $1",
    ),
    (
        "whoever was picked out of turn was picked by somebody",
        "SELECT j.event_id, format('%s has a place out of turn', j.user_id)
         FROM joins j
         WHERE j.way = 'picked'
           AND NOT EXISTS (SELECT FROM decisions d
                           WHERE d.event_id = j.event_id AND d.action = 'picked' AND d.user_id = j.user_id AND d.actor_id IS NOT NULL)
         LIMIT $1",
    ),
    (
        "the door agrees with what was scanned",
        "SELECT j.event_id, format('arrival %s: %s inside, scans say %s', j.line_no, j.inside, s.inside)
         FROM joins j
         JOIN (SELECT event_id, line_no, sum(CASE kind WHEN 'in' THEN people ELSE -people END) AS inside
               FROM scans WHERE outcome = 'accepted' AND kind <> 'undo' AND NOT undone GROUP BY event_id, line_no) s
           ON s.event_id = j.event_id AND s.line_no = j.line_no
         WHERE j.inside <> s.inside
         LIMIT $1",
    ),
    (
        "places are used up by those who were inside when their joins ended",
        "SELECT e.id, format('%s places are used up; of ended joins %s people are inside, and %s were', e.used,
                             coalesce(gone.inside, 0), coalesce(gone.came, 0))
         FROM events e
         LEFT JOIN (SELECT event_id, sum(inside) AS inside, sum(party_size) AS came
                    FROM joins WHERE status = 'ended' AND arrived_at IS NOT NULL GROUP BY event_id) gone ON gone.event_id = e.id
         WHERE e.status <> 'cancelled' AND e.used NOT BETWEEN coalesce(gone.inside, 0) AND coalesce(gone.came, 0)
         LIMIT $1",
    ),
    (
        "a kept answer tells what happened",
        "SELECT k.event_id, format('%s was answered %s about join %s', k.user_id, k.answer ->> 'status', k.join_id)
         FROM (SELECT *, convert_from(body, 'UTF8')::jsonb AS answer FROM idempotency WHERE status = 200 AND join_id IS NOT NULL) k
         WHERE NOT EXISTS (
             SELECT FROM joins j
             WHERE j.id = k.join_id AND j.event_id = k.event_id
               AND (j.user_id = k.user_id
                    OR EXISTS (SELECT FROM decisions d WHERE d.event_id = k.event_id AND d.actor_id = k.user_id AND d.user_id = j.user_id))
               AND CASE k.answer ->> 'status'
                       WHEN 'left' THEN j.ended_at IS NOT NULL
                       WHEN 'confirmed' THEN j.confirmed_at IS NOT NULL AND (NOT j.promoted OR j.way IN ('offer', 'claim', 'picked', 'door'))
                       WHEN 'pending' THEN true
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
