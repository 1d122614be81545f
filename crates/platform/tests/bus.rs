//! Outbox, relay, bus and inbox on a real Postgres.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use contracts::{
    EventId, JoinId, Payload as _, UserId,
    joins::{JoinEnded, Places, PlacesChanged},
};
use platform::{
    Clock,
    bus::{Bus, Consumer, Handle, HandleError, Relay, Subscription, Worker},
    db::Schema,
    outbox::{Message, Outbox},
    trace::TraceContext,
};
use sqlx::{PgConnection, PgPool};
use testkit::{TestDb, noon};

const SCHEMA: Schema = Schema { name: "reader", migrations: || sqlx::migrate!("./tests/migrations") };
const SUBSCRIPTIONS: &[Subscription] =
    &[Subscription { consumer: "reader", kinds: &[(PlacesChanged::KIND, PlacesChanged::VERSION)] }];

const MAX_FAILURES: usize = platform::bus::MAX_ATTEMPTS.unsigned_abs() as usize;

/// Notes what it was told; fails as often as it is told to.
#[derive(Default)]
struct Reader {
    failures: AtomicUsize,
    park: bool,
}

impl Reader {
    /// Each attempt asks twice: together with the batch, and then alone.
    fn failing(attempts: usize) -> Self {
        Self { failures: AtomicUsize::new(2 * attempts), park: false }
    }
}

impl Handle<PlacesChanged> for Reader {
    async fn handle(
        &self,
        tx: &mut PgConnection,
        message: &Message,
        payload: PlacesChanged,
    ) -> Result<(), HandleError> {
        sqlx::query("INSERT INTO effects (event_id, confirmed, trace_id) VALUES ($1, $2, $3)")
            .bind(payload.event_id)
            .bind(payload.places.confirmed)
            .bind(TraceContext::current().trace_id())
            .execute(tx)
            .await?;
        if message.traceparent.is_empty() {
            return Err(HandleError::Park("no trace".to_owned()));
        }
        // Only the event numbered 13 is trouble.
        if payload.places.confirmed == 13 {
            if self.park {
                return Err(HandleError::Park("will never work".to_owned()));
            }
            if self.failures.load(Ordering::SeqCst) > 0 {
                self.failures.fetch_sub(1, Ordering::SeqCst);
                return Err(HandleError::Retry("not yet".to_owned()));
            }
        }
        Ok(())
    }
}

struct Scene {
    db: TestDb,
    pool: PgPool,
    outbox: Outbox,
    bus: Bus,
    relay: Relay,
    worker: Worker,
}

async fn scene(reader: Reader) -> Scene {
    let db = TestDb::new(&[SCHEMA]).await;
    let pool = db.pool("reader");
    let outbox = Outbox::new(Clock::fixed(noon()));
    let bus = Bus::new(db.pool("bus"));
    let relay = Relay::new("reader", pool.clone(), outbox.clone(), bus.clone(), SUBSCRIPTIONS);
    let consumer =
        Consumer::new(SUBSCRIPTIONS[0], pool.clone(), outbox.clone()).on::<PlacesChanged, _>(Arc::new(reader));
    let worker = Worker::new(consumer, bus.clone(), Arc::default());
    Scene { db, pool, outbox, bus, relay, worker }
}

fn message(event_id: EventId, confirmed: i32) -> PlacesChanged {
    PlacesChanged { event_id, places: Places { capacity: None, confirmed, waitlisted: 0, held: 0 } }
}

impl Scene {
    async fn publish(&self, payload: &PlacesChanged) {
        let mut tx = self.pool.begin().await.unwrap();
        self.outbox.publish(&mut tx, payload).await.unwrap();
        self.outbox.commit(tx).await.unwrap();
    }

    async fn settle(&self) {
        while self.relay.turn().await.unwrap() + self.worker.turn().await.unwrap() > 0 {}
    }

    /// One replica's work. An idle turn may mean that another replica has the lock, so it goes on until the queues are empty.
    async fn work_until_empty(&self) {
        loop {
            let moved = self.relay.turn().await.unwrap() + self.worker.turn().await.unwrap();
            let waiting: i64 = self.bus.stats().await.unwrap().iter().map(|queue| queue.waiting).sum();
            if moved == 0 && waiting == 0 && self.db.outbox_kinds("reader").await.is_empty() {
                return;
            }
        }
    }

    async fn effects(&self, event_id: EventId) -> Vec<i32> {
        sqlx::query_scalar("SELECT confirmed FROM effects WHERE event_id = $1 ORDER BY n")
            .bind(event_id)
            .fetch_all(&self.pool)
            .await
            .unwrap()
    }

    /// The next attempt is due now, instead of after its backoff.
    async fn make_due(&self) {
        sqlx::query("UPDATE deliveries SET available_at = now()").execute(self.bus.pool()).await.unwrap();
    }
}

#[tokio::test]
async fn messages_of_an_aggregate_arrive_once_and_in_order() {
    let scene = scene(Reader::default()).await;
    let (a, b) = (EventId::new(noon()), EventId::new(noon()));
    for n in 0..250 {
        scene.publish(&message(if n % 2 == 0 { a } else { b }, n + 100)).await;
    }
    scene.settle().await;
    let expected = |parity: i32| (0..250).filter(|n| n % 2 == parity).map(|n| n + 100).collect::<Vec<_>>();
    assert_eq!(scene.effects(a).await, expected(0));
    assert_eq!(scene.effects(b).await, expected(1));
    assert_eq!(scene.db.outbox_kinds("reader").await, Vec::<String>::new());
    assert!(scene.bus.stats().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_transaction_that_rolls_back_says_nothing() {
    let scene = scene(Reader::default()).await;
    let event = EventId::new(noon());
    let mut tx = scene.pool.begin().await.unwrap();
    scene.outbox.publish(&mut tx, &message(event, 1)).await.unwrap();
    tx.rollback().await.unwrap();
    scene.settle().await;
    assert_eq!(scene.effects(event).await, Vec::<i32>::new());
}

#[tokio::test]
async fn a_message_handed_over_twice_has_its_effect_once() {
    let scene = scene(Reader::default()).await;
    let event = EventId::new(noon());
    scene.publish(&message(event, 1)).await;
    sqlx::query("CREATE TABLE copy AS SELECT * FROM outbox").execute(&scene.pool).await.unwrap();
    scene.settle().await;
    // The relay crashed after the hand-over: the same rows are in the outbox again.
    sqlx::query("INSERT INTO outbox OVERRIDING SYSTEM VALUE SELECT * FROM copy").execute(&scene.pool).await.unwrap();
    scene.settle().await;
    assert_eq!(scene.effects(event).await, [1]);
}

#[tokio::test]
async fn a_failing_message_holds_up_its_aggregate_only() {
    let scene = scene(Reader::failing(2)).await;
    let (trouble, fine) = (EventId::new(noon()), EventId::new(noon()));
    for payload in [message(trouble, 1), message(trouble, 13), message(trouble, 2), message(fine, 5)] {
        scene.publish(&payload).await;
    }
    scene.settle().await;
    assert_eq!(scene.effects(trouble).await, [1], "what comes after the failure waits");
    assert_eq!(scene.effects(fine).await, [5]);
    for _ in 0..2 {
        scene.make_due().await;
        scene.settle().await;
    }
    assert_eq!(scene.effects(trouble).await, [1, 13, 2], "a failed attempt leaves no effect behind");
}

#[tokio::test]
async fn what_one_role_says_does_not_wait_for_another_role() {
    let scene = scene(Reader::failing(1)).await;
    let event = EventId::new(noon());
    scene.publish(&message(event, 13)).await;
    scene.settle().await;
    // As if another role had spoken about the same event.
    sqlx::query("UPDATE deliveries SET kind = 'other.fact'").execute(scene.bus.pool()).await.unwrap();
    scene.publish(&message(event, 14)).await;
    scene.settle().await;
    assert_eq!(scene.effects(event).await, [14]);
}

#[tokio::test]
async fn what_keeps_failing_is_parked_and_can_be_replayed() {
    let scene = scene(Reader::failing(MAX_FAILURES)).await;
    let event = EventId::new(noon());
    scene.publish(&message(event, 13)).await;
    scene.publish(&message(event, 14)).await;
    for _ in 0..platform::bus::MAX_ATTEMPTS {
        scene.settle().await;
        scene.make_due().await;
    }
    scene.settle().await;
    let parked = scene.bus.parked(10).await.unwrap();
    assert_eq!(parked.len(), 1);
    assert_eq!(parked[0].attempts, platform::bus::MAX_ATTEMPTS);
    assert_eq!(parked[0].last_error.as_deref(), Some("not yet"));
    assert_eq!(scene.effects(event).await, [14], "a parked message does not hold up its aggregate");

    assert_eq!(scene.bus.replay(Some("reader"), Some(parked[0].id)).await.unwrap(), 1);
    scene.settle().await;
    assert_eq!(scene.effects(event).await, [14, 13]);
    assert!(scene.bus.parked(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_can_never_work_is_parked_at_once() {
    let scene = scene(Reader { park: true, ..Reader::default() }).await;
    scene.publish(&message(EventId::new(noon()), 13)).await;
    scene.settle().await;
    assert_eq!(scene.bus.parked(10).await.unwrap()[0].attempts, 1);
}

#[tokio::test]
async fn two_replicas_side_by_side_keep_order_and_count() {
    let scene = scene(Reader::default()).await;
    let events: Vec<EventId> = (0..8).map(|_| EventId::new(noon())).collect();
    for n in 0..400 {
        scene.publish(&message(events[n % 8], i32::try_from(n).unwrap() + 100)).await;
    }
    tokio::join!(scene.work_until_empty(), scene.work_until_empty(), scene.work_until_empty());
    for (index, event) in events.iter().enumerate() {
        let expected: Vec<i32> = (0..400).filter(|n| n % 8 == index).map(|n| i32::try_from(n).unwrap() + 100).collect();
        assert_eq!(scene.effects(*event).await, expected);
    }
}

#[tokio::test]
async fn the_trace_goes_along_with_the_message() {
    let scene = scene(Reader::default()).await;
    let event = EventId::new(noon());
    let context = TraceContext::root();
    context.scope(scene.publish(&message(event, 1))).await;
    scene.settle().await;
    let trace: String = sqlx::query_scalar("SELECT trace_id FROM effects").fetch_one(&scene.pool).await.unwrap();
    assert_eq!(trace, context.trace_id());
}

#[tokio::test]
async fn a_kind_that_nobody_reads_is_dropped() {
    let scene = scene(Reader::default()).await;
    let unread = JoinEnded {
        join_id: JoinId::new(noon()),
        event_id: EventId::new(noon()),
        user_id: UserId::new(noon()),
        was_confirmed: true,
        reason: contracts::joins::EndReason::Left,
        decided_at: noon(),
        places: Places { capacity: None, confirmed: 0, waitlisted: 0, held: 0 },
        words: None,
    };
    let mut conn = scene.pool.acquire().await.unwrap();
    scene.outbox.publish(&mut conn, &unread).await.unwrap();
    drop(conn);
    scene.settle().await;
    assert!(scene.db.outbox_kinds("reader").await.is_empty());
    assert!(scene.bus.stats().await.unwrap().is_empty());
}
