use std::sync::Arc;

use contracts::{EventId, events::EventChanged};
use platform::{
    broadcast::{Broadcast, News},
    bus::{Bus, Relay, Worker},
};
use serde_json::{Value, json};
use testkit::Client;
use tokio::sync::broadcast::Receiver;
use tokio_util::sync::CancellationToken;

use crate::support::{World, join, tickets};

async fn next(news: &mut Receiver<News>, event: EventId) -> Value {
    loop {
        let heard = tokio::time::timeout(std::time::Duration::from_secs(10), news.recv()).await;
        if let News::Topic { topic, data } = heard.expect("news within ten seconds").expect("not overrun") {
            assert_eq!(&*topic, format!("places/{event}"));
            return Value::clone(&data);
        }
    }
}

#[tokio::test]
async fn every_change_of_places_is_news_with_a_growing_revision() {
    let world = World::new().await;
    let mut event = world.event(1).await;
    let (broadcast, tasks) = Broadcast::new(world.pool.clone());
    let mut news = broadcast.subscribe();
    let stop = CancellationToken::new();
    tokio::spawn(tasks.run(stop.clone()));
    while !matches!(news.recv().await.unwrap(), News::Connected) {}
    let mut context = world.db.context("joins", &world.people, &world.clock);
    context.broadcast = broadcast;
    let role = joins::role(context, tickets());
    let client = Client::new(role.router);

    join(&client, &world.people.person("Ada"), event.id, "a", json!({})).await.expect(200);
    let first = next(&mut news, event.id).await;
    assert_eq!(
        first,
        json!({ "public": true, "capacity": 1, "confirmed": 1, "waitlisted": 0, "held": 0, "revision": 1 })
    );
    let refused = join(&client, &world.people.person("Bob"), event.id, "b", json!({ "party_size": 2 })).await;
    assert_eq!(refused.code(), "party_too_large", "which is no news");
    // What a consumer changed is told by another one, after the commit.
    (event.version, event.capacity) = (2, Some(3));
    let mut conn = world.pool.acquire().await.unwrap();
    let change = EventChanged { event: event.clone(), before: None, overbooking_accepted: false };
    role.outbox.publish(&mut conn, &change).await.unwrap();
    let bus = Bus::new(world.db.pool("bus"));
    let relay = Relay::new("joins", world.pool.clone(), role.outbox, bus.clone(), joins::SUBSCRIPTIONS);
    let workers: Vec<_> = role.consumers.into_iter().map(|it| Worker::new(it, bus.clone(), Arc::default())).collect();
    loop {
        let mut moved = relay.turn().await.unwrap();
        for worker in &workers {
            moved += worker.turn().await.unwrap();
        }
        if moved == 0 {
            break;
        }
    }
    let second = next(&mut news, event.id).await;
    assert_eq!(
        second,
        json!({ "public": true, "capacity": 3, "confirmed": 1, "waitlisted": 0, "held": 0, "revision": 2 })
    );
    stop.cancel();
}
