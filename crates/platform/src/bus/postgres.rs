//! The Postgres transport: its only SQL.

use chrono::{DateTime, Utc};
use contracts::MessageId;
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{MAX_ATTEMPTS, Subscription, backoff};
use crate::outbox::Message;

/// How many workers can read one consumer's messages side by side.
pub(crate) const PARTITIONS: i16 = 4;
/// How many messages a worker takes at a time.
const BATCH: i64 = 250;
/// `NOTIFY` channel that wakes workers in every process.
pub(crate) const CHANNEL: &str = "cityevents_bus";

/// The queue tables.
#[derive(Clone, Debug)]
pub struct Bus {
    pool: PgPool,
}

/// A message that failed for good and waits for an operator.
#[derive(Debug, sqlx::FromRow)]
pub struct ParkedMessage {
    /// Which message.
    pub id: MessageId,
    /// Whose effect is missing.
    pub consumer: String,
    /// Which fact.
    pub kind: String,
    /// Which shape of it.
    pub version: i16,
    /// What it is about.
    pub aggregate: Uuid,
    /// How often it was tried.
    pub attempts: i32,
    /// When it was parked.
    pub parked_at: DateTime<Utc>,
    /// What went wrong the last time.
    pub last_error: Option<String>,
    /// Finds everything that belongs to it.
    pub traceparent: String,
}

/// How far behind a consumer is.
#[derive(Debug, sqlx::FromRow)]
pub struct QueueStats {
    /// Which consumer.
    pub consumer: String,
    /// Messages that wait, parked ones not counted.
    pub waiting: i64,
    /// Messages that an operator has to look at.
    pub parked: i64,
    /// Age of the oldest that waits.
    pub oldest: Option<DateTime<Utc>>,
}

/// One row of the queue.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Delivery {
    pub seq: i64,
    pub attempts: i32,
    #[sqlx(flatten)]
    pub message: Message,
}

impl Bus {
    /// `pool` has the schema `bus` on its search path.
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// The pool, for those that listen.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Puts messages into the queue of each consumer that subscribes to them. Handing one over twice is harmless.
    pub(crate) async fn publish(
        &self,
        messages: &[Message],
        subscriptions: &[Subscription],
    ) -> Result<(), sqlx::Error> {
        let mut tx = self.pool.begin().await?;
        let rows: Vec<(&'static str, &Message)> = messages
            .iter()
            .flat_map(|message| {
                subscriptions
                    .iter()
                    .filter(|it| it.kinds.contains(&(message.kind.as_str(), message.version)))
                    .map(move |it| (it.consumer, message))
            })
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "INSERT INTO deliveries (consumer, partition, id, kind, version, aggregate, payload, traceparent, occurred_at)
             SELECT consumer, abs(hashtextextended(aggregate::text, 0) % $9)::smallint, id, kind, version, aggregate, payload,
                    traceparent, occurred_at
             FROM unnest($1::text[], $2::uuid[], $3::text[], $4::smallint[], $5::uuid[], $6::jsonb[], $7::text[], $8::timestamptz[])
                  WITH ORDINALITY AS m(consumer, id, kind, version, aggregate, payload, traceparent, occurred_at, n)
             ORDER BY n
             ON CONFLICT ON CONSTRAINT deliveries_once DO NOTHING",
        )
        .bind(rows.iter().map(|(consumer, _)| *consumer).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, m)| m.id).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, m)| m.kind.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, m)| m.version).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, m)| m.aggregate).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, m)| &m.payload.0).collect::<Vec<&Value>>())
        .bind(rows.iter().map(|(_, m)| m.traceparent.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, m)| m.occurred_at).collect::<Vec<_>>())
        .bind(i64::from(PARTITIONS))
        .execute(&mut *tx)
        .await?;
        sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(&mut *tx).await?;
        tx.commit().await
    }

    /// In which partitions something is ready; a look that locks nothing.
    pub(crate) async fn partitions(&self, consumer: &str) -> Result<Vec<i16>, sqlx::Error> {
        sqlx::query_scalar(
            "SELECT partition::smallint FROM generate_series(0, $2) partition
             WHERE EXISTS (SELECT FROM deliveries d WHERE d.consumer = $1 AND d.partition = partition::smallint
                           AND d.parked_at IS NULL AND d.available_at <= now())",
        )
        .bind(consumer)
        .bind(i32::from(PARTITIONS) - 1)
        .fetch_all(&self.pool)
        .await
    }

    /// Takes the partition for this transaction; `false` if another worker has it.
    pub(crate) async fn lock(tx: &mut PgConnection, consumer: &str, partition: i16) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar("SELECT pg_try_advisory_xact_lock(hashtext('deliveries/' || $1), $2::int)")
            .bind(consumer)
            .bind(i32::from(partition))
            .fetch_one(tx)
            .await
    }

    /// The next messages, oldest first; not those of a stream (see [`Message::stream`]) whose earlier message waits for its next attempt.
    /// (Only a message that was attempted waits: that is what its index holds.)
    pub(crate) async fn ready(
        tx: &mut PgConnection,
        consumer: &str,
        partition: i16,
    ) -> Result<Vec<Delivery>, sqlx::Error> {
        sqlx::query_as(
            "SELECT seq, attempts, id, kind, version, aggregate, payload, traceparent, occurred_at
             FROM deliveries d
             WHERE consumer = $1 AND partition = $2 AND parked_at IS NULL AND available_at <= now()
               AND NOT EXISTS (SELECT FROM deliveries e
                               WHERE e.consumer = d.consumer AND e.aggregate = d.aggregate AND e.seq < d.seq
                                 AND split_part(e.kind, '.', 1) = split_part(d.kind, '.', 1)
                                 AND e.attempts > 0 AND e.parked_at IS NULL AND e.available_at > now())
             ORDER BY seq LIMIT $3",
        )
        .bind(consumer)
        .bind(partition)
        .bind(BATCH)
        .fetch_all(tx)
        .await
    }

    pub(crate) async fn done(tx: &mut PgConnection, seqs: &[i64]) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM deliveries WHERE seq = ANY($1)").bind(seqs).execute(tx).await.map(drop)
    }

    /// Notes a failure: later again, or parked when it will not get better.
    pub(crate) async fn failed(
        tx: &mut PgConnection,
        delivery: &Delivery,
        error: &str,
        park: bool,
    ) -> Result<bool, sqlx::Error> {
        let attempts = delivery.attempts + 1;
        let parked = park || attempts >= MAX_ATTEMPTS;
        sqlx::query(
            "UPDATE deliveries SET attempts = $2, last_error = left($3, 2000), available_at = now() + make_interval(secs => $4),
                    parked_at = CASE WHEN $5 THEN now() END
             WHERE seq = $1",
        )
        .bind(delivery.seq)
        .bind(attempts)
        .bind(error)
        .bind(backoff(attempts).as_secs_f64())
        .bind(parked)
        .execute(tx)
        .await?;
        Ok(parked)
    }

    /// How far behind each consumer is.
    ///
    /// # Errors
    /// As the database says.
    pub async fn stats(&self) -> Result<Vec<QueueStats>, sqlx::Error> {
        sqlx::query_as(
            "SELECT consumer, count(*) FILTER (WHERE parked_at IS NULL) AS waiting,
                    count(*) FILTER (WHERE parked_at IS NOT NULL) AS parked,
                    min(occurred_at) FILTER (WHERE parked_at IS NULL) AS oldest
             FROM deliveries GROUP BY consumer ORDER BY consumer",
        )
        .fetch_all(&self.pool)
        .await
    }

    /// Parked messages, oldest first, at most `limit`.
    ///
    /// # Errors
    /// As the database says.
    pub async fn parked(&self, limit: i64) -> Result<Vec<ParkedMessage>, sqlx::Error> {
        sqlx::query_as(
            "SELECT id, consumer, kind, version, aggregate, attempts, parked_at, last_error, traceparent
             FROM deliveries WHERE parked_at IS NOT NULL ORDER BY seq LIMIT $1",
        )
        .bind(limit)
        .fetch_all(&self.pool)
        .await
    }

    /// Gives parked messages another life: all of a consumer's, or one. Returns how many.
    ///
    /// # Errors
    /// As the database says.
    pub async fn replay(&self, consumer: Option<&str>, id: Option<MessageId>) -> Result<u64, sqlx::Error> {
        let done = sqlx::query(
            "UPDATE deliveries SET parked_at = NULL, attempts = 0, available_at = now()
             WHERE parked_at IS NOT NULL AND ($1::text IS NULL OR consumer = $1) AND ($2::uuid IS NULL OR id = $2)",
        )
        .bind(consumer)
        .bind(id)
        .execute(&self.pool)
        .await?;
        sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(&self.pool).await?;
        Ok(done.rows_affected())
    }
}
