use chrono::TimeDelta;
use platform::identity::Role;
use serde_json::{Value, json};

use crate::support::{World, join, leave};

#[tokio::test]
async fn the_same_key_and_request_get_the_same_bytes() {
    let world = World::new().await;
    let event = world.event(1).await.id;
    let (ada, bob) = (world.people.person("Ada"), world.people.person("Bob"));
    let client = world.client();
    let first = join(client, &ada, event, "a", json!({})).await.expect(200);
    world.clock.advance(TimeDelta::minutes(1));
    join(client, &bob, event, "a", json!({})).await.expect(200); // keys are each person's own
    world.leave(&ada, event).await.expect(200);
    // The world has changed; the answer has not. An absent party is a party of one.
    let again = join(client, &ada, event, "a", json!({ "party_size": 1 })).await.expect(200);
    assert_eq!(again.body, first.body);
    assert_eq!(again.headers["content-type"], first.headers["content-type"]);
    assert_eq!(world.participation(&ada, event).await["status"], "none", "a repetition has no effect");
    world.assert_sound().await;
}

#[tokio::test]
async fn a_refusal_is_repeated_as_well() {
    let world = World::new().await;
    let mut event = world.event(1).await;
    let ada = world.people.person("Ada");
    let client = world.client();
    world.unpublish(&mut event).await;
    let refused = join(client, &ada, event.id, "a", json!({})).await.expect(409);
    world.publish(&mut event).await;
    let again = join(client, &ada, event.id, "a", json!({})).await.expect(409);
    assert_eq!(again.body, refused.body);
    assert_eq!(again.headers["content-type"], "application/problem+json");
    join(client, &ada, event.id, "b", json!({})).await.expect(200);
    let not_in = leave(client, &world.people.person("Bob"), event.id, "a").await.expect(409);
    assert_eq!(not_in.code(), "not_joined");
}

#[tokio::test]
async fn what_was_not_decided_is_not_kept() {
    let world = World::new().await;
    let event = world.event(1).await.id;
    let client = world.client();
    let ada = world.people.with("Ada", Role::User, false);
    join(client, &ada, event, "a", json!({})).await.expect(403);
    join(client, &ada, event, "a", json!({ "party_size": 0 })).await.expect(422);
    let ada = world.people.again(&ada, Role::User, true);
    join(client, &ada, event, "a", json!({})).await.expect(200);
}

#[tokio::test]
async fn the_same_key_with_another_request_is_refused() {
    let world = World::new().await;
    let (event, other) = (world.event(5).await.id, world.event(5).await.id);
    let ada = world.people.person("Ada");
    let client = world.client();
    join(client, &ada, event, "a", json!({})).await.expect(200);
    for answer in [
        join(client, &ada, event, "a", json!({ "party_size": 2 })).await,
        join(client, &ada, other, "a", json!({})).await,
        leave(client, &ada, event, "a").await,
    ] {
        let answer = answer.expect(422);
        assert_eq!((answer.code(), answer.field()), ("idempotency_key_reused", "Idempotency-Key"));
    }
    assert_eq!(world.participation(&ada, event).await["party_size"], 1);
    assert_eq!(world.participation(&ada, other).await["status"], "none");
}

#[tokio::test]
async fn a_key_is_required_and_may_come_by_its_older_name() {
    let world = World::new().await;
    let event = world.event(1).await.id;
    let ada = world.people.person("Ada");
    let client = world.client().as_person(&ada);
    for path in ["join", "leave"].map(|operation| format!("/api/v1/events/{event}/{operation}")) {
        for client in [client.clone(), client.header("idempotency-key", "")] {
            let answer = client.post(&path, Value::Null).await.expect(422);
            assert_eq!((answer.code(), answer.field()), ("idempotency_key_missing", "Idempotency-Key"));
        }
        for bad in ["a b", &"x".repeat(201)] {
            let answer = client.header("idempotency-key", bad).post(&path, Value::Null).await.expect(422);
            assert_eq!((answer.code(), answer.field()), ("validation_failed", "Idempotency-Key"), "{bad}");
        }
    }
    let first =
        client.header("x-idempotency-key", "old").post(&format!("/api/v1/events/{event}/join"), Value::Null).await;
    let again = join(world.client(), &ada, event, "old", json!({})).await;
    assert_eq!(again.body, first.expect(200).body);
}

#[tokio::test]
async fn answers_are_kept_for_a_day() {
    let world = World::new().await;
    let event = world.event(5).await.id;
    let people = world.crowd(2);
    world.join(&people[0], event).await.expect(200);
    world.clock.advance(TimeDelta::minutes(50));
    world.join(&people[1], event).await.expect(200);
    world.clock.advance(TimeDelta::hours(24) - TimeDelta::minutes(50));
    let kept = async || sqlx::query_scalar::<_, i64>("SELECT count(*) FROM idempotency").fetch_one(&world.pool).await;
    world.job("joins.forget_old_answers").await;
    assert_eq!(kept().await.unwrap(), 2);
    world.clock.advance(TimeDelta::minutes(1));
    world.job("joins.forget_old_answers").await;
    assert_eq!(kept().await.unwrap(), 1);
}
