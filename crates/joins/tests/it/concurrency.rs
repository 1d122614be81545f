//! Real concurrency: two processes' worth of the role on one database.

use std::collections::HashMap;

use contracts::{EventId, UserId, joins::JoinEnded};
use serde_json::{Value, json};
use testkit::{Answer, Client, Person};
use tokio::task::JoinSet;

use crate::support::{World, join, key, leave};

/// Everybody at once, every other one at the other replica.
async fn rush(world: &World, people: &[Person], event: EventId, times: usize) -> HashMap<UserId, Vec<Answer>> {
    let replicas = [world.client().clone(), world.replica()];
    let mut tasks = JoinSet::new();
    for (n, person) in people.iter().enumerate() {
        let key = key();
        for time in 0..times {
            let (client, person, key) = (replicas[(n + time) % 2].clone(), person.clone(), key.clone());
            tasks.spawn(async move { (person.id, join(&client, &person, event, &key, json!({})).await) });
        }
    }
    let mut answers: HashMap<UserId, Vec<Answer>> = HashMap::new();
    for (person, answer) in tasks.join_all().await {
        answers.entry(person).or_default().push(answer.expect(200));
    }
    answers
}

/// What the database says of who is in, in order of arrival.
async fn in_order(world: &World, event: EventId) -> Vec<(UserId, String)> {
    sqlx::query_as("SELECT user_id, status FROM joins WHERE event_id = $1 AND status <> 'ended' ORDER BY line_no")
        .bind(event)
        .fetch_all(&world.pool)
        .await
        .unwrap()
}

async fn assert_answers_are_true(world: &World, event: EventId, answers: &HashMap<UserId, Vec<Answer>>, places: usize) {
    let rows = in_order(world, event).await;
    assert_eq!(rows.len(), answers.len());
    for (n, (person, status)) in rows.iter().enumerate() {
        let (expected, position) =
            if n < places { ("confirmed", Value::Null) } else { ("waitlisted", json!(n - places + 1)) };
        assert_eq!(status, expected);
        for answer in &answers[person] {
            assert_eq!((&answer.json["status"], &answer.json["position"]), (&json!(expected), &position));
        }
    }
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_people_and_twenty_places() {
    let world = World::new().await;
    let event = world.event(20).await.id;
    let people = world.crowd(200);
    let answers = rush(&world, &people, event, 1).await;
    assert_answers_are_true(&world, event, &answers, 20).await;
    assert_eq!(world.kinds(event).await.iter().filter(|kind| *kind == "join.confirmed").count(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_people_who_all_click_twice() {
    let world = World::new().await;
    let event = world.event(20).await.id;
    let people = world.crowd(200);
    let answers = rush(&world, &people, event, 2).await;
    for twins in answers.values() {
        assert_eq!(twins[0].body, twins[1].body);
    }
    assert_answers_are_true(&world, event, &answers, 20).await;
    assert_eq!(world.kinds(event).await.len(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_key_for_two_events_at_once_is_good_for_one_of_them() {
    let world = World::new().await;
    let events = [world.event(5).await.id, world.event(5).await.id];
    let replica = world.replica();
    for n in 0..20 {
        let (ada, key) = (world.people.person("Ada"), format!("key-{n}"));
        let (one, two) = tokio::join!(
            join(world.client(), &ada, events[0], &key, json!({ "party_size": 1 })),
            join(&replica, &ada, events[1], &key, json!({ "party_size": 1 })),
        );
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 422]);
    }
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_last_place_raced_by_leaving_and_joining_goes_to_whoever_came_first() {
    let world = World::new().await;
    let replica = world.replica();
    for _ in 0..10 {
        let event = world.event(1).await.id;
        let people = world.crowd(21);
        world.join(&people[0], event).await.expect(200);
        let mut tasks = JoinSet::new();
        for (n, person) in people.iter().cloned().enumerate() {
            let client = [world.client(), &replica][n % 2].clone();
            tasks.spawn(async move {
                let key = key();
                if n == 0 {
                    leave(&client, &person, event, &key).await.expect(200)
                } else {
                    join(&client, &person, event, &key, json!({})).await.expect(200)
                }
            });
        }
        tasks.join_all().await;
        let rows = in_order(&world, event).await;
        assert_eq!(rows.len(), 20);
        for (n, (_, status)) in rows.iter().enumerate() {
            assert_eq!(status, if n == 0 { "confirmed" } else { "waitlisted" });
        }
    }
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn promotion_raced_by_cancelling_ends_everybody_once() {
    let world = World::new().await;
    for _ in 0..5 {
        let mut event = world.event(5).await;
        let people = world.crowd(20);
        for person in &people {
            world.join(person, event.id).await.expect(200);
        }
        let leaving = async {
            let mut tasks = JoinSet::new();
            for person in &people[..5] {
                let (client, event, person) = (world.client().clone(), event.id, person.clone());
                tasks.spawn(async move { leave(&client, &person, event, &key()).await });
            }
            tasks.join_all().await
        };
        let mut cancelled = event.clone();
        let (answers, ()) = tokio::join!(leaving, world.cancel(&mut cancelled));
        event = cancelled;
        for answer in answers {
            assert!(matches!(answer.status.as_u16(), 200 | 409), "{answer:?}");
        }
        let mut ended: HashMap<UserId, usize> = HashMap::new();
        for (kind, payload) in world.told(event.id).await {
            if kind == "join.ended" {
                *ended.entry(serde_json::from_value::<JoinEnded>(payload).unwrap().user_id).or_default() += 1;
            } else if kind == "join.confirmed" {
                let person: UserId = serde_json::from_value(payload["user_id"].clone()).unwrap();
                assert!(!ended.contains_key(&person), "a place after the end");
            }
        }
        assert_eq!(ended.len(), 20);
        assert!(ended.values().all(|times| *times == 1), "{ended:?}");
    }
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_raised_capacity_raced_by_leaving_fills_every_place_in_order() {
    let world = World::new().await;
    for _ in 0..5 {
        let mut event = world.event(5).await;
        let people = world.crowd(30);
        for person in &people {
            world.join(person, event.id).await.expect(200);
        }
        let id = event.id;
        let leaving = async {
            let mut tasks = JoinSet::new();
            for person in &people[..10] {
                let (client, person): (Client, Person) = (world.client().clone(), person.clone());
                tasks.spawn(async move { leave(&client, &person, id, &key()).await.expect(200) });
            }
            tasks.join_all().await
        };
        tokio::join!(leaving, world.edit(&mut event, |it| it.capacity = Some(12)));
        let rows = in_order(&world, id).await;
        assert_eq!(rows.iter().filter(|(_, status)| status == "confirmed").count(), 12);
        assert_eq!(rows.len(), 20);
        world.assert_sound().await;
    }
}

/// Nobody who has been told "you are in" is put out, and nobody gets in behind the change, whenever it comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_capacity_lowered_during_a_drop_takes_nothing_back_and_gives_nothing_more() {
    let world = World::new().await;
    for lowered in [5, 20, 60] {
        let mut event = world.event(80).await;
        let people = world.crowd(120);
        for person in &people[..10] {
            world.join(person, event.id).await.expect(200);
        }
        let id = event.id;
        let (answers, ()) =
            tokio::join!(rush(&world, &people[10..], id, 1), world.edit(&mut event, |it| it.capacity = Some(lowered)));
        // As they were decided: each by the capacity of its moment, of which there are two.
        let mut answers: Vec<Value> = answers.into_values().flatten().map(|it| it.json).collect();
        answers.sort_by_key(|it| it["revision"].as_i64());
        assert!(answers.is_sorted_by_key(|it| it["places"]["capacity"] == lowered), "a capacity that came back");
        let mut confirmed = 10;
        for it in &answers {
            let has_room = confirmed < it["places"]["capacity"].as_i64().unwrap();
            assert_eq!(it["status"], if has_room { "confirmed" } else { "waitlisted" }, "{it}");
            confirmed += i64::from(has_room);
            assert_eq!(it["places"]["confirmed"], confirmed);
        }
        let rows = in_order(&world, id).await;
        assert_eq!(
            rows.iter().filter(|(_, status)| status == "confirmed").count(),
            usize::try_from(confirmed).unwrap()
        );
        world.assert_sound().await;
    }
}
