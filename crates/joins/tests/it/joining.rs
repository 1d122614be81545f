use chrono::TimeDelta;
use contracts::{EventId, joins::JoinConfirmed};
use platform::identity::Role;
use serde_json::{Value, json};
use testkit::noon;

use crate::support::{World, key};

#[tokio::test]
async fn whoever_comes_in_time_has_a_place_and_the_others_stand_in_line() {
    let world = World::new().await;
    let event = world.event(1).await.id;
    let people = world.crowd(3);
    let first = world.join(&people[0], event).await.expect(200).json;
    assert_eq!(first["status"], "confirmed");
    assert_eq!(first["position"], Value::Null);
    assert_eq!(first["party_size"], 1);
    assert_eq!(first["event_id"], json!(event));
    assert_eq!(first["joined_at"], "2026-06-08T12:00:00Z");
    assert_eq!(first["places"], json!({ "capacity": 1, "confirmed": 1, "waitlisted": 0, "held": 0 }));
    for (person, position) in people[1..].iter().zip(1..) {
        let answer = world.join(person, event).await.expect(200).json;
        assert_eq!((&answer["status"], &answer["position"]), (&json!("waitlisted"), &json!(position)));
        let standing = world.participation(person, event).await;
        assert_eq!((&standing["status"], &standing["position"]), (&json!("waitlisted"), &json!(position)));
    }
    let told = world.told(event).await;
    let kinds: Vec<_> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["join.confirmed", "join.waitlisted", "join.waitlisted"]);
    assert_eq!((&told[0].1["promoted"], &told[0].1["join_id"]), (&json!(false), &first["join_id"]));
    assert_eq!((&told[2].1["position"], &told[2].1["places"]["waitlisted"]), (&json!(2), &json!(2)));
    world.assert_sound().await;
}

#[tokio::test]
async fn a_place_that_frees_goes_to_the_head_of_the_line_at_once() {
    let world = World::new().await;
    let event = world.event(1).await.id;
    let people = world.crowd(3);
    for person in &people {
        world.join(person, event).await.expect(200);
    }
    let left = world.leave(&people[0], event).await.expect(200).json;
    assert_eq!(left["status"], "left");
    assert_eq!(left["places"], json!({ "capacity": 1, "confirmed": 1, "waitlisted": 1, "held": 0 }));
    assert_eq!(world.participation(&people[0], event).await["status"], "none");
    assert_eq!(world.participation(&people[1], event).await["status"], "confirmed");
    assert_eq!(world.participation(&people[2], event).await["position"], 1);
    let told = world.told(event).await;
    let [.., (ended, leaver), (confirmed, promoted)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((ended.as_str(), confirmed.as_str()), ("join.ended", "join.confirmed"));
    assert_eq!(leaver["was_confirmed"], true);
    assert_eq!(leaver["reason"], "left");
    assert_eq!(leaver["places"]["confirmed"], 0);
    let promoted: JoinConfirmed = serde_json::from_value(promoted.clone()).unwrap();
    assert!(promoted.promoted);
    assert_eq!((promoted.user_id, promoted.places.confirmed), (people[1].id, 1));
    world.assert_sound().await;
}

#[tokio::test]
async fn whoever_joins_again_stands_at_the_end_of_the_line() {
    let world = World::new().await;
    let event = world.event(1).await.id;
    let people = world.crowd(3);
    for person in &people {
        world.join(person, event).await.expect(200);
    }
    world.leave(&people[1], event).await.expect(200);
    assert_eq!(world.join(&people[1], event).await.expect(200).json["position"], 2);
    world.leave(&people[0], event).await.expect(200);
    assert_eq!(world.participation(&people[2], event).await["status"], "confirmed");
    world.assert_sound().await;
}

#[tokio::test]
async fn a_party_has_its_places_as_a_whole_and_is_passed_by_smaller_ones_a_few_times() {
    let world = World::new().await;
    let event = world.event(6).await.id;
    let people = world.crowd(10);
    world.join_with(&people[0], event, json!({ "party_size": 2 })).await.expect(200);
    let party = world.join_with(&people[1], event, json!({ "party_size": 5 })).await.expect(200).json;
    assert_eq!(party["places"], json!({ "capacity": 6, "confirmed": 2, "waitlisted": 5, "held": 0 }));
    for person in &people[2..5] {
        assert_eq!(world.join(person, event).await.expect(200).json["status"], "confirmed", "goes first");
    }
    let kept = world.join(&people[5], event).await.expect(200).json;
    assert_eq!((&kept["status"], &kept["position"]), (&json!("waitlisted"), &json!(2)), "three times is enough");
    for person in &people[2..5] {
        world.leave(person, event).await.expect(200);
    }
    assert_eq!(world.participation(&people[5], event).await["status"], "waitlisted", "the places are kept");
    world.leave(&people[0], event).await.expect(200);
    for person in [&people[1], &people[5]] {
        assert_eq!(world.participation(person, event).await["status"], "confirmed");
    }
    world.assert_sound().await;
}

#[tokio::test]
async fn whoever_comes_with_a_part_of_the_party_takes_what_there_is() {
    let world = World::new().await;
    let event = world.event(5).await.id;
    let people = world.crowd(3);
    world.join_with(&people[0], event, json!({ "party_size": 3 })).await.expect(200);
    let part = world.join_with(&people[1], event, json!({ "party_size": 4, "at_least": 2 })).await.expect(200).json;
    assert_eq!((&part["status"], &part["party_size"]), (&json!("confirmed"), &json!(2)));
    assert_eq!(world.participation(&people[1], event).await["asked_size"], 4);
    let waits = world.join_with(&people[2], event, json!({ "party_size": 4, "at_least": 1 })).await.expect(200).json;
    assert_eq!(waits["status"], "waitlisted");
    world.leave(&people[1], event).await.expect(200);
    assert_eq!(world.participation(&people[2], event).await["party_size"], 2, "the line is served in the same way");
    let refused = world.join_with(&people[1], event, json!({ "party_size": 2, "at_least": 3 })).await;
    assert_eq!(refused.expect(422).field(), "at_least");
    world.assert_sound().await;
}

#[tokio::test]
async fn guests_may_be_named_and_are_never_more_than_the_party() {
    let world = World::new().await;
    let event = world.event(9).await.id;
    let (ada, bob) = (world.people.person("Ada"), world.people.person("Bob"));
    world.join_with(&ada, event, json!({ "party_size": 3, "guests": ["Grace"] })).await.expect(200);
    let refused = world.join_with(&bob, event, json!({ "party_size": 2, "guests": ["Grace", "Alan"] })).await;
    assert_eq!(refused.expect(422).field(), "guests");
    let organiser = world.client().as_person(&world.organiser);
    let list = organiser.get(&format!("/api/v1/events/{event}/participants")).await.expect(200).json;
    assert_eq!(list["items"][0]["guests"], json!(["Grace"]));
}

#[tokio::test]
async fn when_a_party_that_held_up_the_line_leaves_it_the_next_ones_come_up() {
    let world = World::new().await;
    let event = world.event(3).await.id;
    let people = world.crowd(3);
    world.join_with(&people[0], event, json!({ "party_size": 2 })).await.expect(200);
    world.join_with(&people[1], event, json!({ "party_size": 3 })).await.expect(200);
    world.join(&people[2], event).await.expect(200);
    let left = world.leave(&people[1], event).await.expect(200).json;
    assert_eq!(left["places"], json!({ "capacity": 3, "confirmed": 3, "waitlisted": 0, "held": 0 }));
    let told = world.told(event).await;
    assert_eq!(told[3].1["was_confirmed"], false);
    world.assert_sound().await;
}

#[tokio::test]
async fn without_a_capacity_everybody_has_a_place() {
    let world = World::new().await;
    let event = world.event(None).await.id;
    for person in &world.crowd(3) {
        let body = json!({ "party_size": 10 });
        assert_eq!(world.join_with(person, event, body).await.expect(200).json["status"], "confirmed");
    }
    assert_eq!(world.places(event).await, json!({ "capacity": null, "confirmed": 30, "waitlisted": 0, "held": 0 }));
    world.assert_sound().await;
}

#[tokio::test]
async fn each_refusal_has_its_code_and_leaves_nothing_behind() {
    let world = World::new().await;
    let person = world.people.person("Ada");
    let mut event = world.event(2).await;
    let refused = world.join_with(&person, event.id, json!({ "party_size": 3 })).await.expect(409);
    assert_eq!(refused.code(), "party_too_large");
    assert_eq!(refused.headers["content-type"], "application/problem+json");
    assert_eq!(world.leave(&person, event.id).await.expect(409).code(), "not_joined");
    world.join(&person, event.id).await.expect(200);
    assert_eq!(world.join(&person, event.id).await.expect(409).code(), "already_joined");
    let other = world.people.person("Bob");
    world.unpublish(&mut event).await;
    assert_eq!(world.join(&other, event.id).await.expect(409).code(), "event_not_open");
    world.publish(&mut event).await;
    world.edit(&mut event, |it| it.starts_at = noon()).await;
    assert_eq!(world.join(&other, event.id).await.expect(409).code(), "event_not_open");
    world.cancel(&mut event).await;
    assert_eq!(world.join(&other, event.id).await.expect(409).code(), "event_not_open");
    let nowhere = EventId(key().parse().unwrap());
    assert_eq!(world.join(&other, nowhere).await.expect(404).code(), "not_found");
    assert_eq!(world.leave(&other, nowhere).await.expect(404).code(), "not_found");
    let none = world.event(0).await.id;
    assert_eq!(world.join(&other, none).await.expect(409).code(), "no_places");
    // Hidden and shown again: who watches the places hears of both.
    let places = "join.places_changed";
    assert_eq!(world.kinds(event.id).await, ["join.confirmed", places, places, "join.ended", places]);
    world.assert_sound().await;
}

#[tokio::test]
async fn an_unverified_address_gets_no_place() {
    let world = World::new().await;
    let event = world.event(2).await.id;
    let stranger = world.people.with("Eve", Role::User, false);
    assert_eq!(world.join(&stranger, event).await.expect(403).code(), "email_not_verified");
    assert_eq!(world.places(event).await["confirmed"], 0);
}

#[tokio::test]
async fn the_door_out_is_always_open() {
    let world = World::new().await;
    let mut event = world.event(1).await;
    let people = world.crowd(4);
    for person in &people {
        world.join(person, event.id).await.expect(200);
    }
    world.leave(&people[0], event.id).await.expect(200); // a full event, with a line
    world.unpublish(&mut event).await;
    world.leave(&people[1], event.id).await.expect(200);
    assert_eq!(world.participation(&people[2], event.id).await["status"], "waitlisted", "a draft gives no places");
    world.publish(&mut event).await;
    assert_eq!(world.participation(&people[2], event.id).await["status"], "confirmed");
    world.edit(&mut event, |it| it.starts_at = noon() - TimeDelta::minutes(1)).await;
    world.leave(&people[2], event.id).await.expect(200);
    assert_eq!(world.participation(&people[3], event.id).await["status"], "waitlisted", "it has started");
    world.leave(&people[3], event.id).await.expect(200);
    assert_eq!(world.places(event.id).await, json!({ "capacity": 1, "confirmed": 0, "waitlisted": 0, "held": 0 }));
    world.assert_sound().await;
}

#[tokio::test]
async fn bad_input_is_refused_by_field() {
    let world = World::new().await;
    let event = world.event(2).await.id;
    let person = world.people.person("Ada");
    for body in [
        json!({ "party_size": 0 }),
        json!({ "party_size": 11 }),
        json!({ "party_size": -1 }),
        json!({ "party_size": 1.5 }),
        json!({ "party_size": "2" }),
        json!({ "party_size": 9_223_372_036_854_775_807_i64 }),
    ] {
        let answer = world.join_with(&person, event, body.clone()).await.expect(422);
        assert_eq!((answer.code(), answer.field()), ("validation_failed", "party_size"), "{body}");
    }
    let answer = world.join_with(&person, event, json!({ "guests": 2 })).await.expect(422);
    assert_eq!(answer.field(), "guests");
    let client = world.client().as_person(&person).header("idempotency-key", "k");
    assert_eq!(client.post("/api/v1/events/nonsense/join", json!({})).await.expect(404).code(), "not_found");
    assert_eq!(world.places(event).await["confirmed"], 0);
    let anonymous = world.client().header("idempotency-key", "k");
    anonymous.post(&format!("/api/v1/events/{event}/join"), json!({})).await.expect(401);
}
