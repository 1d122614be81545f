//! What must hold of the stored events, checked on live data.

use chrono::{DateTime, NaiveDateTime, Utc};
use contracts::{EventId, registration::Registration};
use sqlx::{PgPool, types::Json};

use crate::domain::instant;

/// A row that breaks a rule: a bug, somebody's hand in the database, or a zone whose rules have changed since.
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
const MOST: usize = 100;
/// Rows that are read at a time.
const BATCH: i64 = 2000;

/// Rule, and a query for those who break it: event and detail. `$1` is the most that are shown.
const RULES: &[(&str, &str)] = &[
    (
        "an event's state agrees with its timestamps",
        "SELECT id, format('%s, published %s, cancelled %s', status, published_at, cancelled_at) FROM events
         WHERE (status = 'published' AND published_at IS NULL)
            OR (status = 'cancelled') <> (cancelled_at IS NOT NULL)
            OR (status <> 'cancelled' AND cancel_reason IS NOT NULL)
            OR updated_at < created_at OR published_at < created_at OR cancelled_at < created_at
         LIMIT $1",
    ),
    (
        "every version of an event is in its history",
        "SELECT e.id, format('version %s, %s entries, the last for version %s', e.version, count(h.version), max(h.version))
         FROM events e LEFT JOIN history h ON h.event_id = e.id
         GROUP BY e.id HAVING count(h.version) <> e.version OR max(h.version) IS DISTINCT FROM e.version
         LIMIT $1",
    ),
];

/// Every row that breaks a rule, at most 100 for each.
///
/// # Errors
/// As the database says.
pub async fn audit(pool: &PgPool) -> Result<Vec<Violation>, sqlx::Error> {
    let mut violations = instants(pool).await?;
    for (rule, query) in RULES.iter().copied() {
        let most = i64::try_from(MOST).unwrap_or(i64::MAX);
        let rows: Vec<(EventId, String)> = sqlx::query_as(query).bind(most).fetch_all(pool).await?;
        violations.extend(rows.into_iter().map(|(event_id, detail)| Violation { rule, event_id, detail }));
    }
    Ok(violations)
}

type Times = (EventId, NaiveDateTime, DateTime<Utc>, NaiveDateTime, DateTime<Utc>, String, Json<Registration>);

/// Computed here: Postgres reads a wall time that occurs twice as the second, and may know other rules of a zone.
async fn instants(pool: &PgPool) -> Result<Vec<Violation>, sqlx::Error> {
    let mut violations = Vec::new();
    let mut after = None;
    loop {
        let rows: Vec<Times> = sqlx::query_as(
            "SELECT id, starts_at_local, starts_at, ends_at_local, ends_at, timezone, registration FROM events
             WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT $2",
        )
        .bind(after)
        .bind(BATCH)
        .fetch_all(pool)
        .await?;
        let Some(last) = rows.last() else { return Ok(violations) };
        after = Some(last.0);
        for (event_id, starts_local, starts, ends_local, ends, timezone, Json(rules)) in rows {
            let zone = timezone.parse().ok();
            for (name, local, stored) in [
                ("starts_at", Some(starts_local), Some(starts)),
                ("ends_at", Some(ends_local), Some(ends)),
                ("registration.opens_at", rules.opens_at_local, rules.opens_at),
                ("registration.closes_at", rules.closes_at_local, rules.closes_at),
            ] {
                let derived = local.zip(zone).and_then(|(local, zone)| instant(local, zone));
                if derived != stored {
                    let shown =
                        |at: Option<DateTime<Utc>>| at.map_or_else(|| "nothing".to_owned(), |at| at.to_rfc3339());
                    let local = local.map_or_else(|| "no time".to_owned(), |local| local.to_string());
                    violations.push(Violation {
                        rule: "an instant is what its wall time means in its zone",
                        event_id,
                        detail: format!(
                            "{name} is {}, but {local} in {timezone} means {}",
                            shown(stored),
                            shown(derived)
                        ),
                    });
                }
            }
            if violations.len() >= MOST {
                return Ok(violations);
            }
        }
    }
}
