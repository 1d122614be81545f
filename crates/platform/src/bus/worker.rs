use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::{Connection as _, PgConnection};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Bus, Consumer, HandleError, metrics, postgres::Delivery};
use crate::{
    db,
    outbox::Message,
    trace::{Span, TraceContext},
};

/// Looks at least this often: retries become due without anybody notifying.
const POLL: Duration = Duration::from_millis(500);

/// Runs one consumer.
#[derive(Clone)]
pub struct Worker {
    consumer: Arc<Consumer>,
    bus: Bus,
    wake: Arc<Notify>,
}

/// What became of a batch.
#[derive(Default)]
struct Outcome<'a> {
    done: Vec<i64>,
    failed: Vec<(&'a Delivery, HandleError)>,
    /// Streams with a failure: what comes after it waits.
    held: HashSet<(String, Uuid)>,
}

impl Worker {
    /// `wake` is notified when new messages may be there.
    pub fn new(consumer: Consumer, bus: Bus, wake: Arc<Notify>) -> Self {
        Self { consumer: Arc::new(consumer), bus, wake }
    }

    /// Works until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut failures = 0_u32;
        loop {
            let woken = self.wake.notified();
            tokio::pin!(woken);
            woken.as_mut().enable(); // a wake-up during the turn counts
            let pause = match self.turn().await {
                Ok(0) => POLL,
                Ok(_) => Duration::ZERO,
                Err(error) => {
                    failures += 1;
                    if failures.is_power_of_two() {
                        tracing::warn!(consumer = self.consumer.name(), failures, error = %crate::chain(&error), "consumer cannot reach its database");
                    }
                    Duration::from_secs(1)
                }
            };
            if pause <= POLL {
                failures = 0;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = woken, if pause == POLL => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Handles what is ready in every partition; returns how many messages it took.
    ///
    /// # Errors
    /// As the database says. Nothing is lost: the deliveries stay, and the inbox knows which had their effect.
    pub async fn turn(&self) -> Result<usize, sqlx::Error> {
        let mut taken = 0;
        for partition in self.bus.partitions(self.consumer.name()).await? {
            let mut queue = self.bus.pool().begin().await?;
            if !Bus::lock(&mut queue, self.consumer.name(), partition).await? {
                continue;
            }
            let deliveries = Bus::ready(&mut queue, self.consumer.name(), partition).await?;
            if deliveries.is_empty() {
                queue.rollback().await?; // now, not some time after the drop: the lock is needed by whoever comes next
                continue;
            }
            taken += deliveries.len();
            self.batch(&mut queue, &deliveries).await?;
            queue.commit().await?;
        }
        Ok(taken)
    }

    /// The effects commit before the queue does; a crash between the two is what the inbox is for.
    async fn batch(&self, queue: &mut PgConnection, deliveries: &[Delivery]) -> Result<(), sqlx::Error> {
        let (started, mut outcome) = (Instant::now(), Outcome::default());
        for some in deliveries.chunks(self.consumer.at_a_time) {
            let some: Vec<&Delivery> = some.iter().filter(|it| !outcome.held.contains(&it.message.stream())).collect();
            match self.together(&some).await {
                Ok(()) => outcome.done.extend(some.iter().map(|it| it.seq)),
                // The connection is gone, and the transaction with it: nothing of this has happened.
                Err(HandleError::Database(error)) if db::is_connection_lost(&error) => return Err(error),
                Err(_) => self.one_by_one(&some, &mut outcome).await?,
            }
        }
        self.consumer.outbox.wake();
        Bus::done(queue, &outcome.done).await?;
        metrics::handled(
            self.consumer.name(),
            deliveries,
            outcome.done.len(),
            started.elapsed(),
            self.consumer.outbox.now(),
        );
        for (delivery, error) in outcome.failed {
            let park = matches!(error, HandleError::Park(_));
            let text = crate::chain(&error).to_string();
            let parked = Bus::failed(queue, delivery, &text, park).await?;
            let (id, kind, attempts) = (delivery.message.id, &delivery.message.kind, delivery.attempts + 1);
            metrics::failed(self.consumer.name(), parked);
            if parked {
                tracing::error!(consumer = self.consumer.name(), message.id = %id, message.kind = %kind, attempts, error = text, "message parked");
            } else {
                tracing::warn!(consumer = self.consumer.name(), message.id = %id, message.kind = %kind, attempts, error = text, "message failed; will be tried again");
            }
        }
        Ok(())
    }

    /// The fast way, for batches in which nothing fails: one transaction, one statement for the whole inbox.
    async fn together(&self, deliveries: &[&Delivery]) -> Result<(), HandleError> {
        let mut role = self.consumer.pool.begin().await?;
        let ids: Vec<Uuid> = deliveries.iter().map(|it| it.message.id.0).collect();
        let fresh: HashSet<Uuid> = sqlx::query_scalar(
            "INSERT INTO inbox (consumer, message_id) SELECT $1, unnest($2::uuid[]) ON CONFLICT DO NOTHING
             RETURNING message_id",
        )
        .bind(self.consumer.name())
        .bind(&ids)
        .fetch_all(&mut *role)
        .await?
        .into_iter()
        .collect();
        let messages: Vec<&Message> =
            deliveries.iter().map(|it| &it.message).filter(|it| fresh.contains(&it.id.0)).collect();
        for part in self.consumer.parts(&messages) {
            // Dropping the transaction would end it some time later; until then it keeps its locks.
            if let Err(error) = self.traced(&mut role, part).await {
                role.rollback().await?;
                return Err(error);
            }
        }
        Ok(role.commit().await?)
    }

    /// The careful way: a savepoint for each message, so that a poisonous one does not fail its neighbours.
    async fn one_by_one<'a>(&self, deliveries: &[&'a Delivery], outcome: &mut Outcome<'a>) -> Result<(), sqlx::Error> {
        let mut role = self.consumer.pool.begin().await?;
        for delivery in deliveries {
            let stream = delivery.message.stream();
            if outcome.held.contains(&stream) {
                continue;
            }
            match self.effect(&mut role, delivery).await {
                Ok(()) => outcome.done.push(delivery.seq),
                Err(HandleError::Database(error)) if db::is_connection_lost(&error) => return Err(error),
                Err(error) => {
                    outcome.held.insert(stream);
                    outcome.failed.push((delivery, error));
                }
            }
        }
        role.commit().await
    }

    async fn effect(&self, role: &mut PgConnection, delivery: &Delivery) -> Result<(), HandleError> {
        let mut savepoint = role.begin().await?;
        let fresh = sqlx::query("INSERT INTO inbox (consumer, message_id) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(self.consumer.name())
            .bind(delivery.message.id)
            .execute(&mut *savepoint)
            .await?
            .rows_affected();
        if fresh == 1 {
            self.traced(&mut savepoint, &[&delivery.message]).await?;
        }
        savepoint.commit().await?;
        Ok(())
    }

    /// The effect of one of the consumer's parts, as a part of the trace that its first message belongs to.
    async fn traced(&self, tx: &mut PgConnection, messages: &[&Message]) -> Result<(), HandleError> {
        let Some(first) = messages.first() else { return Ok(()) };
        let causes: Vec<TraceContext> =
            messages.iter().filter_map(|message| TraceContext::parse(&message.traceparent)).collect();
        // The trace that somebody keeps, if there is one among them; the others are linked.
        let cause = causes.iter().find(|cause| cause.is_sampled()).or(causes.first()).copied();
        let mut span = Span::consumer("process", cause);
        if span.is_recorded() {
            span.rename(format!("process {}", first.kind));
            span.set("messaging.system", "cityevents");
            span.set("messaging.operation.type", "process");
            span.set("messaging.consumer.group.name", self.consumer.name());
            span.set("messaging.message.id", first.id.to_string());
            span.set("messaging.batch.message_count", i64::try_from(messages.len()).unwrap_or(i64::MAX));
            for cause in &causes {
                span.link(*cause);
            }
        }
        let outcome = span.context().scope(self.consumer.handle(tx, messages)).await;
        if let Err(error) = &outcome {
            span.fail(error.word());
        }
        outcome
    }
}
