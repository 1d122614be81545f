//! The transactional outbox: a message exists if and only if the transaction that wrote it committed.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::{MessageId, Payload};
use serde_json::Value;
use sqlx::{PgConnection, PgTransaction, types::Json};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{Clock, trace::TraceContext};

/// A message as it travels.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Message {
    /// Also the key in every inbox.
    pub id: MessageId,
    /// Which fact, such as `event.published`.
    pub kind: String,
    /// Which shape of that fact.
    pub version: i16,
    /// Messages of one aggregate are handled in order.
    pub aggregate: Uuid,
    /// The body.
    pub payload: Json<Value>,
    /// The trace that caused it.
    pub traceparent: String,
    /// When it committed, give or take the transaction.
    pub occurred_at: DateTime<Utc>,
}

impl Message {
    /// Whose order counts: messages of one aggregate, from one role. Two roles may speak about the same event; what the one says must
    /// not wait for what the other has yet to say.
    pub fn stream(&self) -> (String, Uuid) {
        let role = self.kind.split('.').next().unwrap_or_default();
        (role.to_owned(), self.aggregate)
    }
}

/// A message that is about to be written.
#[derive(Clone, Debug)]
pub struct Draft {
    kind: &'static str,
    version: i16,
    aggregate: Uuid,
    payload: Value,
    traceparent: String,
}

impl Draft {
    /// `trace` is the one that caused it.
    ///
    /// # Errors
    /// If the payload cannot be written as JSON.
    pub fn new<P: Payload>(payload: &P, trace: TraceContext) -> Result<Self, serde_json::Error> {
        Ok(Self {
            kind: P::KIND,
            version: P::VERSION,
            aggregate: payload.aggregate(),
            payload: serde_json::to_value(payload)?,
            traceparent: trace.to_string(),
        })
    }
}

/// Writes messages, and wakes the relay once they have committed. One per role; cheap to clone.
#[derive(Clone, Debug)]
pub struct Outbox {
    clock: Clock,
    committed: Arc<Notify>,
}

impl Outbox {
    /// `clock` stamps the messages.
    pub fn new(clock: Clock) -> Self {
        Self { clock, committed: Arc::default() }
    }

    /// Adds a message to the transaction. The caller holds its aggregate's row lock (or has just inserted the row): that is what
    /// keeps an aggregate's messages in order.
    ///
    /// # Errors
    /// As the database says.
    pub async fn publish<P: Payload>(&self, tx: &mut PgConnection, payload: &P) -> Result<(), sqlx::Error> {
        let now = self.clock.now();
        sqlx::query(
            "INSERT INTO outbox (id, kind, version, aggregate, payload, traceparent, occurred_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(MessageId::new(now))
        .bind(P::KIND)
        .bind(P::VERSION)
        .bind(payload.aggregate())
        .bind(Json(payload))
        .bind(TraceContext::current().to_string())
        .bind(now)
        .execute(tx)
        .await
        .map(drop)
    }

    /// Adds many messages of one kind, in this order. As [`publish`](Self::publish), in one statement: what one change means for
    /// thousands must not take thousands of round trips.
    ///
    /// # Errors
    /// As the database says.
    pub async fn publish_all<P: Payload>(&self, tx: &mut PgConnection, payloads: &[P]) -> Result<(), sqlx::Error> {
        let trace = TraceContext::current();
        let drafts: Result<Vec<Draft>, _> = payloads.iter().map(|payload| Draft::new(payload, trace)).collect();
        self.publish_drafts(tx, &drafts.map_err(|error| sqlx::Error::Encode(error.into()))?).await
    }

    /// Adds messages of any kinds and causes, in this order, in one statement.
    ///
    /// # Errors
    /// As the database says.
    pub async fn publish_drafts(&self, tx: &mut PgConnection, drafts: &[Draft]) -> Result<(), sqlx::Error> {
        let now = self.clock.now();
        sqlx::query(
            "INSERT INTO outbox (id, kind, version, aggregate, payload, traceparent, occurred_at)
             SELECT id, kind, version, aggregate, payload, traceparent, $7
             FROM unnest($1::uuid[], $2::text[], $3::smallint[], $4::uuid[], $5::jsonb[], $6::text[])
                  WITH ORDINALITY AS m(id, kind, version, aggregate, payload, traceparent, n)
             ORDER BY n",
        )
        .bind(drafts.iter().map(|_| MessageId::new(now).0).collect::<Vec<_>>())
        .bind(drafts.iter().map(|it| it.kind).collect::<Vec<_>>())
        .bind(drafts.iter().map(|it| it.version).collect::<Vec<_>>())
        .bind(drafts.iter().map(|it| it.aggregate).collect::<Vec<_>>())
        .bind(drafts.iter().map(|it| &it.payload).collect::<Vec<_>>())
        .bind(drafts.iter().map(|it| it.traceparent.as_str()).collect::<Vec<_>>())
        .bind(now)
        .execute(tx)
        .await
        .map(drop)
    }

    /// Commits, and wakes the relay.
    ///
    /// # Errors
    /// As the database says; the outcome of a commit that failed on the connection is unknown.
    pub async fn commit(&self, tx: PgTransaction<'_>) -> Result<(), sqlx::Error> {
        tx.commit().await?;
        self.wake();
        Ok(())
    }

    /// Wakes the relay after a commit that was made elsewhere.
    pub fn wake(&self) {
        self.committed.notify_one();
    }

    /// The time, as messages are stamped with it.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Waits for the next commit; the relay's end of it.
    pub(crate) async fn woken(&self) {
        self.committed.notified().await;
    }
}
