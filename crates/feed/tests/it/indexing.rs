use std::sync::Arc;

use contracts::events::{EventPublished, EventSnapshot};
use platform::{
    Clock,
    bus::{Bus, Relay, Worker},
    outbox::Outbox,
};

use crate::support::{event, scene};

/// Enough for several full batches in each of the bus's partitions.
const EVENTS: usize = 1200;
/// More than a batch brings, so that each brings words which the others bring at the same time.
const WORDS: usize = 4001;

/// Twenty of the words, other ones for each event.
fn words(event: usize) -> String {
    (0..20)
        .map(|n| format!("wort{}", (event * 1237 + n * n * 211 + event * n * 17) % WORDS))
        .collect::<Vec<_>>()
        .join(" ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_side_by_side_do_not_stand_in_each_others_way() {
    let scene = scene().await;
    let pool = scene.db.pool("feed");
    let outbox = Outbox::new(Clock::system());
    let mut tx = pool.begin().await.unwrap();
    for n in 0..EVENTS {
        let event = EventSnapshot { summary: words(n), ..event("Fest", 10) };
        outbox.publish(&mut tx, &EventPublished { event }).await.unwrap();
    }
    tx.commit().await.unwrap();
    let bus = Bus::new(scene.db.pool("bus"));
    let subscriptions: &'static [_] = Box::leak(Box::new([scene.consumer.subscription()]));
    let relay = Relay::new("feed", pool.clone(), outbox, bus.clone(), subscriptions);
    while relay.turn().await.unwrap() > 0 {}

    let workers: Vec<_> = (0..3)
        .map(|_| {
            let worker = Worker::new(scene.consumer.clone(), bus.clone(), Arc::default());
            tokio::spawn(async move { while worker.turn().await.unwrap() > 0 {} })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(sqlx::query_scalar::<_, i64>(deadlocks).fetch_one(&pool).await.unwrap(), 0);
    // A message that failed, if only to be tried again, would wait here.
    let waiting: i64 = bus.stats().await.unwrap().iter().map(|it| it.waiting).sum();
    assert_eq!(waiting, 0);
    let events: i64 = sqlx::query_scalar("SELECT count(*) FROM events").fetch_one(&pool).await.unwrap();
    assert_eq!(usize::try_from(events), Ok(EVENTS));
}

#[tokio::test]
async fn what_a_typo_meant_is_known_before_and_after_words_are_gathered() {
    let scene = scene().await;
    scene.publish(event("Größenwahn", 10)).await;
    scene.publish(event("Grossenwahn", 10)).await;
    for _ in 0..2 {
        let answer = scene.client.get("/api/v1/events?q=grosenwahn").await.expect(200);
        assert_eq!(answer.json["corrected"], "größenwahn");
        assert_eq!(answer.json["items"].as_array().unwrap().len(), 2);
        scene.clean_up().await;
    }
}
