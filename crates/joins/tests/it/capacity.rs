use chrono::TimeDelta;
use contracts::{
    EventId, UserId,
    events::{EventCancelled, EventChanged},
    joins::JoinEnded,
};
use serde_json::json;
use testkit::Person;

use crate::support::{World, key, snapshot};

async fn full(world: &World, event: EventId, size: usize) -> Vec<Person> {
    let people = world.crowd(size);
    for person in &people {
        world.join(person, event).await.expect(200);
    }
    people
}

#[tokio::test]
async fn a_raised_capacity_promotes_at_once() {
    let world = World::new().await;
    let mut event = world.event(1).await;
    full(&world, event.id, 4).await;
    world.edit(&mut event, |it| it.capacity = Some(3)).await;
    assert_eq!(world.places(event.id).await, json!({ "capacity": 3, "confirmed": 3, "waitlisted": 1, "held": 0 }));
    let told = world.told(event.id).await;
    let kinds: Vec<_> = told[4..].iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["join.confirmed", "join.confirmed", "join.places_changed"]);
    assert_eq!(told[6].1["places"], json!({ "capacity": 3, "confirmed": 3, "waitlisted": 1, "held": 0 }));
    world.edit(&mut event, |it| it.capacity = None).await;
    assert_eq!(world.places(event.id).await, json!({ "capacity": null, "confirmed": 4, "waitlisted": 0, "held": 0 }));
    world.assert_sound().await;
}

#[tokio::test]
async fn nobody_loses_a_place_when_the_capacity_is_lowered_and_the_excess_shrinks_as_people_leave() {
    let world = World::new().await;
    let mut event = world.event(3).await;
    let people = full(&world, event.id, 4).await;
    world.edit(&mut event, |it| it.capacity = Some(1)).await;
    assert_eq!(world.places(event.id).await, json!({ "capacity": 1, "confirmed": 3, "waitlisted": 1, "held": 0 }));
    assert_eq!(world.kinds(event.id).await.last().unwrap(), "join.places_changed");
    let recorded: (i32, i32, bool) =
        sqlx::query_as("SELECT capacity, confirmed, accepted FROM overbookings").fetch_one(&world.pool).await.unwrap();
    assert_eq!(recorded, (1, 3, true));
    world.assert_sound().await;
    for (person, confirmed) in people.iter().zip([2, 1]) {
        let places = world.leave(person, event.id).await.expect(200).json["places"].clone();
        assert_eq!(places, json!({ "capacity": 1, "confirmed": confirmed, "waitlisted": 1, "held": 0 }));
        world.assert_sound().await;
    }
    let places = world.leave(&people[2], event.id).await.expect(200).json["places"].clone();
    assert_eq!(places, json!({ "capacity": 1, "confirmed": 1, "waitlisted": 0, "held": 0 }));
    world.assert_sound().await;
}

#[tokio::test]
async fn an_old_message_changes_nothing() {
    let world = World::new().await;
    let mut event = world.event(1).await;
    full(&world, event.id, 2).await;
    let mut old = event.clone();
    old.capacity = Some(50);
    world.edit(&mut event, |it| it.capacity = Some(1)).await;
    for message in [event.version, event.version - 1] {
        old.version = message;
        world.deliver(&EventChanged { event: old.clone(), before: None, overbooking_accepted: false }).await;
    }
    assert_eq!(world.places(event.id).await["capacity"], 1);
}

#[tokio::test]
async fn an_agreed_capacity_is_kept_free_until_the_change_arrives() {
    let world = World::new().await;
    let mut event = world.event(5).await;
    let people = full(&world, event.id, 2).await;
    let path = format!("/internal/joins/events/{}/capacity-hold", event.id);
    let refused = world.client().post(&path, json!({ "capacity": 1 })).await.expect(409);
    assert_eq!(refused.code(), "capacity_below_confirmed");
    assert!(refused.json["detail"].as_str().unwrap().contains('2'));
    world.client().post(&path, json!({ "capacity": -1 })).await.expect(422);
    world.client().post(&path, json!({ "capacity": 3 })).await.expect(204);
    let late = world.crowd(2);
    assert_eq!(world.join(&late[0], event.id).await.expect(200).json["status"], "confirmed");
    assert_eq!(world.join(&late[1], event.id).await.expect(200).json["status"], "waitlisted");
    // An edit of something else, made before, arrives only now: the hold is not about it.
    world.edit(&mut event, |it| it.title = "Lindy Hop in the Hall".to_owned()).await;
    assert_eq!(world.participation(&late[1], event.id).await["status"], "waitlisted");
    world.edit(&mut event, |it| it.capacity = Some(3)).await;
    assert_eq!(world.places(event.id).await, json!({ "capacity": 3, "confirmed": 3, "waitlisted": 1, "held": 0 }));
    world.assert_sound().await;
    world.edit(&mut event, |it| it.capacity = Some(5)).await;
    assert_eq!(world.participation(&late[1], event.id).await["status"], "confirmed", "the hold is over");
    world.leave(&people[0], event.id).await.expect(200);
    world.assert_sound().await;
}

#[tokio::test]
async fn a_hold_whose_change_never_comes_lapses_and_the_line_gets_its_places() {
    let world = World::new().await;
    let event = world.event(2).await.id;
    let people = full(&world, event, 1).await;
    let path = format!("/internal/joins/events/{event}/capacity-hold");
    world.client().post(&path, json!({ "capacity": 1 })).await.expect(204);
    let waiting = world.people.person("Ada");
    world.join(&waiting, event).await.expect(200);
    world.job("joins.look_after").await;
    assert_eq!(world.participation(&waiting, event).await["status"], "waitlisted");
    world.clock.advance(TimeDelta::seconds(30));
    world.job("joins.look_after").await;
    assert_eq!(world.participation(&waiting, event).await["status"], "confirmed");
    world.assert_sound().await;
    // Or with the next request, before anything else is decided.
    world.client().post(&path, json!({ "capacity": 2 })).await.expect(204);
    world.leave(&people[0], event).await.expect(200);
    world.client().post(&path, json!({ "capacity": 1 })).await.expect(204);
    let (next, last) = (world.people.person("Bob"), world.people.person("Cem"));
    world.join(&next, event).await.expect(200);
    world.clock.advance(TimeDelta::seconds(30));
    assert_eq!(world.join(&last, event).await.expect(200).json["position"], 1);
    assert_eq!(world.participation(&next, event).await["status"], "confirmed");
    world.assert_sound().await;
}

#[tokio::test]
async fn what_was_never_published_has_no_place_to_hold() {
    let world = World::new().await;
    let path = format!("/internal/joins/events/{}/capacity-hold", key());
    world.client().post(&path, json!({ "capacity": 3 })).await.expect(204);
}

#[tokio::test]
async fn a_cancelled_event_ends_every_join_with_one_notice_each() {
    let world = World::new().await;
    let mut event = world.event(2).await;
    let people = full(&world, event.id, 3).await;
    world.cancel(&mut event).await;
    world.deliver(&EventCancelled { event: event.clone(), reason: None }).await;
    let ended: Vec<JoinEnded> = world
        .told(event.id)
        .await
        .into_iter()
        .filter(|(kind, _)| kind == "join.ended")
        .map(|(_, payload)| serde_json::from_value(payload).unwrap())
        .collect();
    let who: Vec<(UserId, bool)> = ended.iter().map(|it| (it.user_id, it.was_confirmed)).collect();
    assert_eq!(who, [(people[0].id, true), (people[1].id, true), (people[2].id, false)]);
    assert!(ended.iter().all(|it| it.places.confirmed == 0 && it.places.waitlisted == 0));
    assert_eq!(world.kinds(event.id).await.last().unwrap(), "join.places_changed");
    assert_eq!(world.leave(&people[0], event.id).await.expect(409).code(), "not_joined");
    world.assert_sound().await;
}

#[tokio::test]
async fn an_event_that_is_known_only_by_its_cancellation_takes_nobody() {
    let world = World::new().await;
    let mut event = snapshot(world.organiser.id, Some(3));
    world.cancel(&mut event).await;
    let refused = world.join(&world.people.person("Ada"), event.id).await.expect(409);
    assert_eq!(refused.code(), "event_not_open");
}

#[tokio::test]
async fn fifty_thousand_joins_end_with_their_event() {
    let world = World::new().await;
    let mut event = world.event(40_000).await;
    world.sql("DROP TRIGGER tell ON outbox").await;
    world
        .sql(
            "INSERT INTO joins (event_id, line_no, id, user_id, status, party_size, joined_at, confirmed_at, confirmed_revision)
             SELECT e.id, n, gen_random_uuid(), gen_random_uuid(), CASE WHEN n <= 40000 THEN 'confirmed' ELSE 'waitlisted' END, 1,
                    now(), CASE WHEN n <= 40000 THEN now() END, CASE WHEN n <= 40000 THEN n END
             FROM events e, generate_series(1, 50000) n",
        )
        .await;
    world
        .sql("UPDATE events SET confirmed = 40000, waitlisted = 10000, line_length = 10000, next_line_no = 50001, revision = 50000")
        .await;
    world.assert_sound().await;
    let started = std::time::Instant::now();
    // Includes carrying fifty thousand messages to the bus.
    world.cancel(&mut event).await;
    eprintln!("ended and told in {:?}", started.elapsed());
    let live: i64 =
        sqlx::query_scalar("SELECT count(*) FROM joins WHERE status <> 'ended'").fetch_one(&world.pool).await.unwrap();
    assert_eq!(live, 0);
    world.assert_sound().await;
}

#[tokio::test]
async fn a_party_that_a_lowered_capacity_leaves_no_hope_keeps_nobody_waiting() {
    let world = World::new().await;
    let mut event = world.event(5).await;
    let people = full(&world, event.id, 5).await;
    let (large, small) = (world.people.person("Large"), world.people.person("Small"));
    world.join_with(&large, event.id, json!({ "party_size": 4 })).await.expect(200);
    world.join(&small, event.id).await.expect(200);
    world.edit(&mut event, |it| it.capacity = Some(3)).await;
    for person in &people {
        world.leave(person, event.id).await.expect(200);
    }
    assert_eq!(world.participation(&small, event.id).await["status"], "confirmed");
    assert_eq!(world.participation(&large, event.id).await["position"], 1);
    assert_eq!(world.places(event.id).await, json!({ "capacity": 3, "confirmed": 1, "waitlisted": 4, "held": 0 }));
    // Whoever comes now does not wait behind them either, and the audit knows why.
    let newcomer = world.people.person("Newcomer");
    assert_eq!(world.join(&newcomer, event.id).await.expect(200).json["status"], "confirmed");
    world.assert_sound().await;
    // With room for them they are first again.
    world.edit(&mut event, |it| it.capacity = Some(6)).await;
    assert_eq!(world.participation(&large, event.id).await["status"], "confirmed");
    world.assert_sound().await;
}

#[tokio::test]
async fn a_hold_whose_change_is_refused_ends_at_once_and_the_whole_line_gets_its_places() {
    let world = World::new().await;
    let event = world.event(150).await.id;
    let first = world.people.person("Ada");
    world.join(&first, event).await.expect(200);
    let path = format!("/internal/joins/events/{event}/capacity-hold");
    world.client().post(&path, json!({ "capacity": 1 })).await.expect(204);
    full(&world, event, 149).await;
    assert_eq!(world.places(event).await["waitlisted"], 149);
    world.client().delete_with(&path, json!({ "capacity": 2 })).await.expect(204);
    assert_eq!(world.places(event).await["waitlisted"], 149, "that was another wish");
    world.client().delete_with(&path, json!({ "capacity": 1 })).await.expect(204);
    assert_eq!(world.places(event).await, json!({ "capacity": 150, "confirmed": 150, "waitlisted": 0, "held": 0 }));
    world.assert_sound().await;
}

#[tokio::test]
async fn a_revoked_invitation_gives_all_that_it_kept_at_once() {
    let world = World::new().await;
    let event = world.event(300).await.id;
    let path = format!("/api/v1/events/{event}/invitations");
    let organiser = world.client().as_person(&world.organiser);
    let body = json!({ "label": "Friends", "uses": 300, "reserved": 300 });
    let made = organiser.post(&path, body).await.expect(201).json;
    full(&world, event, 300).await;
    organiser.delete(&format!("{path}/{}", made["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(world.places(event).await, json!({ "capacity": 300, "confirmed": 300, "waitlisted": 0, "held": 0 }));
    world.assert_sound().await;
}

#[tokio::test]
async fn a_hold_that_stands_for_two_wishes_does_not_end_with_one_of_them() {
    let world = World::new().await;
    let mut event = world.event(10).await;
    full(&world, event.id, 3).await;
    let path = format!("/internal/joins/events/{}/capacity-hold", event.id);
    for _ in 0..2 {
        world.client().post(&path, json!({ "capacity": 3 })).await.expect(204);
    }
    world.client().delete_with(&path, json!({ "capacity": 3 })).await.expect(204);
    let late = world.people.person("Ada");
    assert_eq!(world.join(&late, event.id).await.expect(200).json["status"], "waitlisted");
    world.edit(&mut event, |it| it.capacity = Some(3)).await;
    assert_eq!(world.places(event.id).await, json!({ "capacity": 3, "confirmed": 3, "waitlisted": 1, "held": 0 }));
    world.assert_sound().await;
}
