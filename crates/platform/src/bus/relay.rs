use std::time::Duration;

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::{Bus, Subscription, metrics};
use crate::{
    db,
    outbox::{Message, Outbox},
    trace::{Span, TraceContext},
};

/// Looks for messages at least this often, for those whose wake-up was lost (another process wrote them, or this one had just started).
const POLL: Duration = Duration::from_millis(500);
/// Messages a turn.
const BATCH: i64 = 500;

/// Moves one role's outbox to the bus, in order. Any number of replicas may run; one at a time works (advisory lock).
#[derive(Clone)]
pub struct Relay {
    role: &'static str,
    pool: PgPool,
    outbox: Outbox,
    bus: Bus,
    subscriptions: &'static [Subscription],
}

impl Relay {
    /// A relay for the role whose schema `pool` has on its search path.
    pub fn new(
        role: &'static str,
        pool: PgPool,
        outbox: Outbox,
        bus: Bus,
        subscriptions: &'static [Subscription],
    ) -> Self {
        Self { role, pool, outbox, bus, subscriptions }
    }

    /// Works until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut failures = 0_u32;
        loop {
            let pause = match self.turn().await {
                Ok(0) => POLL,
                Ok(_) => Duration::ZERO,
                Err(error) => {
                    metrics::relay_failed(self.role);
                    failures += 1;
                    if failures.is_power_of_two() {
                        tracing::warn!(role = self.role, failures, error = %crate::chain(&error), "relay cannot reach its database");
                    }
                    Duration::from_secs(1)
                }
            };
            if pause <= POLL {
                failures = 0;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.outbox.woken(), if pause == POLL => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Moves one batch; returns how many. A message that no consumer wants is just deleted.
    ///
    /// # Errors
    /// As the database says. Nothing is lost: what was handed over and not deleted is handed over again, and the inbox knows it.
    pub async fn turn(&self) -> Result<usize, sqlx::Error> {
        let mut tx = db::begin_repeatable(&self.pool).await?;
        let locked: bool =
            sqlx::query_scalar("SELECT pg_try_advisory_xact_lock(hashtext('outbox/' || current_schema()))")
                .fetch_one(&mut *tx)
                .await?;
        if !locked {
            return Ok(0);
        }
        let rows: Vec<(i64, Message)> = sqlx::query_as::<_, Row>(
            "SELECT seq, id, kind, version, aggregate, payload, traceparent, occurred_at FROM outbox ORDER BY seq LIMIT $1",
        )
        .bind(BATCH)
        .fetch_all(&mut *tx)
        .await?
        .into_iter()
        .map(|row| (row.seq, row.message))
        .collect();
        if rows.is_empty() {
            // A transaction that is only dropped ends some time later, and until then keeps the lock from whoever comes next.
            tx.rollback().await?;
            return Ok(0);
        }
        let (seqs, mut messages): (Vec<i64>, Vec<Message>) = rows.into_iter().unzip();
        // They end when the messages are handed over; the consumers' spans lie under them.
        let spans: Vec<Span> = messages.iter_mut().filter_map(|message| self.hand_over(message)).collect();
        self.bus.publish(&messages, self.subscriptions).await?;
        drop(spans);
        sqlx::query("DELETE FROM outbox WHERE seq = ANY($1)").bind(&seqs).execute(&mut *tx).await?;
        tx.commit().await?;
        metrics::published(self.role, seqs.len());
        Ok(seqs.len())
    }

    fn hand_over(&self, message: &mut Message) -> Option<Span> {
        let cause = TraceContext::parse(&message.traceparent).filter(|cause| cause.is_sampled())?;
        let mut span = Span::producer(format!("publish {}", message.kind), cause);
        span.set("cityevents.role", self.role);
        span.set("messaging.system", "cityevents");
        span.set("messaging.operation.type", "publish");
        span.set("messaging.message.id", message.id.to_string());
        message.traceparent = span.context().to_string();
        Some(span)
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    seq: i64,
    #[sqlx(flatten)]
    message: Message,
}
