//! What the whole engine promises, one behaviour a test.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    EventId,
    auth::UserDeleted,
    events::{EventChanged, EventSnapshot, TimeAndPlace},
    registration::{Access, Question, QuestionKind},
};
use futures::future::join_all;
use serde_json::{Value, json};
use testkit::{Answer, Person, noon};

use crate::support::{World, join, key, leave};

impl World {
    async fn act(&self, person: &Person, event: EventId, what: &str, body: Value) -> Answer {
        let client = self.client().as_person(person).header("idempotency-key", &key());
        client.post(&format!("/api/v1/events/{event}/{what}"), body).await
    }

    async fn organise(&self, event: EventId, about: &Person, what: &str, body: Value) -> Answer {
        self.act(&self.organiser, event, &format!("participants/{}/{what}", about.id), body).await
    }

    async fn status(&self, person: &Person, event: EventId) -> String {
        self.participation(person, event).await["status"].as_str().unwrap().to_owned()
    }

    /// An event that is full with the first of the people; the others wait.
    async fn full(&self, starts_at: DateTime<Utc>, people: &[Person]) -> EventSnapshot {
        let event = self.event_at(1, starts_at).await;
        for person in people {
            self.join(person, event.id).await.expect(200);
        }
        event
    }
}

fn question(required: bool) -> Question {
    let options = vec!["Meat".to_owned(), "Vegan".to_owned()];
    Question { id: "meal".to_owned(), kind: QuestionKind::Choice, label: "Meal?".to_owned(), required, options }
}

#[tokio::test]
async fn a_double_click_counts_once() {
    let world = World::new().await;
    let event = world.event(5).await.id;
    let ada = world.people.person("Ada");
    // One key: one answer. Two keys: the second is told that it is in already.
    let key = key();
    let clicks = join_all((0..2).map(|_| join(world.client(), &ada, event, &key, json!({})))).await;
    assert_eq!(clicks[0].body, clicks[1].body);
    assert_eq!(world.join(&ada, event).await.code(), "already_joined");
    assert_eq!(world.places(event).await["confirmed"], 1);
}

#[tokio::test]
async fn the_same_key_on_two_replicas_at_once_counts_once() {
    let world = World::new().await;
    let event = world.event(5).await.id;
    let other = world.replica();
    for person in &world.crowd(10) {
        let key = key();
        let (here, there) = tokio::join!(
            join(world.client(), person, event, &key, json!({})),
            join(&other, person, event, &key, json!({}))
        );
        assert_eq!((here.status, here.body), (there.status, there.body));
    }
    assert_eq!(world.places(event).await, json!({ "capacity": 5, "confirmed": 5, "waitlisted": 5, "held": 0 }));
    world.assert_sound().await;
}

#[tokio::test]
async fn a_last_place_that_is_raced_for_by_leave_and_join_has_one_owner() {
    let world = World::new().await;
    let other = world.replica();
    for _ in 0..10 {
        let event = world.event(1).await.id;
        let people = world.crowd(3);
        world.join(&people[0], event).await.expect(200);
        let (k1, k2, k3) = (key(), key(), key());
        tokio::join!(
            leave(world.client(), &people[0], event, &k1),
            join(&other, &people[1], event, &k2, json!({})),
            join(world.client(), &people[2], event, &k3, json!({}))
        );
        assert_eq!(world.places(event).await, json!({ "capacity": 1, "confirmed": 1, "waitlisted": 1, "held": 0 }));
        world.assert_sound().await;
    }
}

#[tokio::test]
async fn a_promotion_that_is_raced_by_a_cancellation_leaves_nobody_in() {
    let world = World::new().await;
    for _ in 0..5 {
        let people = world.crowd(4);
        let mut event = world.full(noon() + TimeDelta::days(9), &people).await;
        let (id, key) = (event.id, key());
        tokio::join!(leave(world.client(), &people[0], id, &key), world.cancel(&mut event));
        assert_eq!(world.places(id).await, json!({ "capacity": 1, "confirmed": 0, "waitlisted": 0, "held": 0 }));
        let ended: Vec<Value> = world
            .told(id)
            .await
            .into_iter()
            .filter(|(kind, _)| kind == "join.ended")
            .map(|(_, it)| it["user_id"].clone())
            .collect();
        assert_eq!(ended.len(), 4, "one end each: {ended:?}");
        world.assert_sound().await;
    }
}

#[tokio::test]
async fn an_offer_that_is_accepted_at_the_instant_at_which_it_lapses_is_too_late() {
    let world = World::new().await;
    let people = world.crowd(3);
    let event = world.full(noon() + TimeDelta::hours(20), &people).await.id;
    world.leave(&people[0], event).await.expect(200);
    let offered = world.participation(&people[1], event).await;
    assert_eq!((&offered["status"], &offered["due_for"]), (&json!("offered"), &json!("offer")));
    assert_eq!(offered["due_at"], json!(noon() + TimeDelta::hours(2)));
    assert_eq!(world.places(event).await, json!({ "capacity": 1, "confirmed": 0, "waitlisted": 1, "held": 1 }));
    world.clock.advance(TimeDelta::hours(2));
    let people: Vec<Person> = people.iter().map(|it| world.fresh(it)).collect();
    // Nobody came by to write it down, and yet it is over.
    assert_eq!(world.status(&people[1], event).await, "none");
    assert_eq!(world.act(&people[1], event, "claim", Value::Null).await.code(), "not_joined");
    assert_eq!(world.status(&people[2], event).await, "offered", "the place went on in the same transaction");
    let last_instant = TimeDelta::hours(2) - TimeDelta::microseconds(1);
    world.clock.advance(last_instant);
    let third = world.fresh(&people[2]);
    assert_eq!(world.act(&third, event, "claim", Value::Null).await.expect(200).json["status"], "confirmed");
    world.assert_sound().await;
}

#[tokio::test]
async fn an_offer_can_be_declined_and_whoever_comes_back_stands_at_the_end() {
    let world = World::new().await;
    let people = world.crowd(4);
    let event = world.full(noon() + TimeDelta::hours(20), &people).await.id;
    world.leave(&people[0], event).await.expect(200);
    world.leave(&people[1], event).await.expect(200);
    assert_eq!(world.status(&people[2], event).await, "offered");
    assert_eq!(world.join(&people[1], event).await.expect(200).json["position"], 2);
    let told = world.told(event).await;
    assert!(told.iter().any(|(kind, it)| kind == "join.ended" && it["reason"] == "declined"));
    world.assert_sound().await;
}

#[tokio::test]
async fn shortly_before_the_start_a_free_place_is_for_whoever_claims_it_first() {
    let world = World::new().await;
    let people = world.crowd(4);
    let event = world.full(noon() + TimeDelta::minutes(90), &people[..3]).await.id;
    world.leave(&people[0], event).await.expect(200);
    assert_eq!(world.status(&people[1], event).await, "waitlisted");
    assert_eq!(world.act(&people[2], event, "claim", Value::Null).await.expect(200).json["status"], "confirmed");
    assert_eq!(world.act(&people[1], event, "claim", Value::Null).await.code(), "nothing_to_claim");
    world.leave(&people[2], event).await.expect(200);
    assert_eq!(world.join(&people[3], event).await.expect(200).json["status"], "confirmed");
    world.assert_sound().await;
}

#[tokio::test]
async fn those_in_the_line_are_told_once_an_hour_that_places_are_free() {
    let world = World::new().await;
    let people = world.crowd(3);
    let event = world.full(noon() + TimeDelta::minutes(100), &people).await.id;
    world.leave(&people[0], event).await.expect(200);
    for _ in 0..2 {
        world.job("joins.tell_open_places").await;
    }
    let told = async || world.kinds(event).await.into_iter().filter(|kind| kind == "join.places_open").count();
    assert_eq!(told().await, 1);
    world.clock.advance(TimeDelta::hours(1));
    world.job("joins.tell_open_places").await;
    assert_eq!(told().await, 2);
    let (_, last) = world.told(event).await.pop().unwrap();
    assert_eq!((&last["free"], &last["waiting"]), (&json!(1), &json!([people[1].id, people[2].id])));
}

#[tokio::test]
async fn a_full_event_can_be_left() {
    let world = World::new().await;
    let people = world.crowd(2);
    let event = world.full(noon() + TimeDelta::days(3), &people).await.id;
    world.leave(&people[1], event).await.expect(200);
    world.leave(&people[0], event).await.expect(200);
    assert_eq!(world.places(event).await["confirmed"], 0);
}

#[tokio::test]
async fn the_organisers_removal_promotes_and_says_why() {
    let world = World::new().await;
    let people = world.crowd(2);
    let event = world.full(noon() + TimeDelta::days(3), &people).await.id;
    world.organise(event, &people[0], "remove", json!({ "words": "It was a double booking." })).await.expect(200);
    assert_eq!(world.status(&people[1], event).await, "confirmed");
    let told = world.told(event).await;
    let (_, ended) = told.iter().find(|(kind, _)| kind == "join.ended").unwrap();
    assert_eq!((&ended["reason"], &ended["words"]), (&json!("removed"), &json!("It was a double booking.")));
    assert_eq!(world.organise(event, &people[0], "remove", json!({})).await.code(), "not_joined");
    world.assert_sound().await;
}

#[tokio::test]
async fn strangers_decide_nothing() {
    let world = World::new().await;
    let people = world.crowd(2);
    let event = world.full(noon() + TimeDelta::days(3), &people).await.id;
    for what in ["approve", "reject", "remove", "ban", "unban", "admit"] {
        let path = format!("participants/{}/{what}", people[0].id);
        world.act(&people[1], event, &path, json!({})).await.expect(403);
    }
    world.act(&people[1], event, "invitations", json!({ "label": "Me" })).await.expect(403);
    assert_eq!(world.status(&people[0], event).await, "confirmed");
}

#[tokio::test]
async fn a_ban_during_a_promotion_leaves_the_place_to_the_next() {
    let world = World::new().await;
    for _ in 0..5 {
        let people = world.crowd(3);
        let event = world.full(noon() + TimeDelta::days(3), &people).await.id;
        let key = key();
        tokio::join!(
            leave(world.client(), &people[0], event, &key),
            world.organise(event, &people[1], "ban", json!({}))
        );
        assert_eq!(world.status(&people[1], event).await, "none");
        assert_eq!(world.status(&people[2], event).await, "confirmed");
        assert_eq!(world.join(&people[1], event).await.expect(403).code(), "banned");
        world.organise(event, &people[1], "unban", json!({})).await.expect(200);
        assert_eq!(world.join(&people[1], event).await.expect(200).json["status"], "waitlisted");
        world.assert_sound().await;
    }
}

#[tokio::test]
async fn a_raised_capacity_promotes_and_tells() {
    let world = World::new().await;
    let people = world.crowd(3);
    let mut event = world.full(noon() + TimeDelta::days(3), &people).await;
    world.edit(&mut event, |it| it.capacity = Some(2)).await;
    assert_eq!(world.status(&people[1], event.id).await, "confirmed");
    let told = world.told(event.id).await;
    assert!(
        told.iter().any(|(kind, it)| kind == "join.confirmed"
            && it["user_id"] == json!(people[1].id)
            && it["promoted"] == true)
    );
    assert_eq!(told.last().unwrap().0, "join.places_changed");
}

#[tokio::test]
async fn a_deleted_account_promotes_at_all_its_events_and_leaves_nothing_said() {
    let world = World::new().await;
    let people = world.crowd(2);
    let mut events = Vec::new();
    for _ in 0..3 {
        let mut event = world.event_at(1, noon() + TimeDelta::days(3)).await;
        world.edit(&mut event, |it| it.registration.questions = vec![question(false)]).await;
        for person in &people {
            world.join_with(person, event.id, json!({ "answers": { "meal": "Vegan" } })).await.expect(200);
        }
        events.push(event.id);
    }
    world.deliver(&UserDeleted { user_id: people[0].id }).await;
    for event in events {
        assert_eq!(world.status(&people[1], event).await, "confirmed");
    }
    let said: i64 = sqlx::query_scalar("SELECT count(*) FROM joins WHERE user_id = $1 AND answers IS NOT NULL")
        .bind(people[0].id)
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(said, 0);
    world.assert_sound().await;
}

#[tokio::test]
async fn a_party_that_is_larger_than_the_capacity_keeps_nobody_waiting() {
    let world = World::new().await;
    let people = world.crowd(3);
    let mut event = world.event_at(4, noon() + TimeDelta::days(3)).await;
    world.join(&people[0], event.id).await.expect(200);
    world.join_with(&people[1], event.id, json!({ "party_size": 4 })).await.expect(200);
    world.edit(&mut event, |it| it.capacity = Some(2)).await;
    assert_eq!(world.join(&people[2], event.id).await.expect(200).json["status"], "confirmed");
    assert_eq!(
        world.join_with(&world.people.person("Zoë"), event.id, json!({ "party_size": 3 })).await.code(),
        "party_too_large"
    );
    world.assert_sound().await;
}

/// In Berlin the clocks go back in the night to Sunday 25 October 2026: the day before the start has 25 hours on the clock. The cutoff is 24
/// hours that pass.
#[tokio::test]
async fn the_cutoff_is_hours_that_pass_also_where_the_clocks_change() {
    let world = World::new().await;
    let start: DateTime<Utc> = "2026-10-25T18:00:00Z".parse().unwrap(); // 19:00 in Berlin, winter time
    let cutoff: DateTime<Utc> = "2026-10-24T18:00:00Z".parse().unwrap(); // 20:00 in Berlin, summer time
    let people = world.crowd(3);
    let event = world.full(start, &people).await.id;
    world.clock.advance(cutoff - noon() - TimeDelta::seconds(1));
    let people: Vec<Person> = people.iter().map(|it| world.fresh(it)).collect();
    world.leave(&people[0], event).await.expect(200);
    assert_eq!(world.status(&people[1], event).await, "confirmed", "a second before the cutoff it is given");
    world.clock.advance(TimeDelta::seconds(1));
    world.leave(&people[1], event).await.expect(200);
    assert_eq!(world.status(&people[2], event).await, "offered", "at the cutoff it is offered");
}

#[tokio::test]
async fn registration_has_a_window_and_a_largest_party() {
    let world = World::new().await;
    let mut event = world.event_at(9, noon() + TimeDelta::days(3)).await;
    world
        .edit(&mut event, |it| {
            it.registration.party_limit = 2;
            it.registration.opens_at = Some(noon() + TimeDelta::hours(1));
            it.registration.closes_at = Some(noon() + TimeDelta::hours(2));
        })
        .await;
    let people = world.crowd(3);
    let refused = world.join(&people[0], event.id).await.expect(409);
    assert_eq!(refused.code(), "registration_not_open");
    world.clock.advance(TimeDelta::hours(1));
    let [ada, bob, eve] = [0, 1, 2].map(|n| world.fresh(&people[n]));
    world.join(&ada, event.id).await.expect(200);
    assert_eq!(world.join_with(&bob, event.id, json!({ "party_size": 3 })).await.code(), "party_above_limit");
    world.clock.advance(TimeDelta::hours(1));
    let (ada, eve) = (world.fresh(&ada), world.fresh(&eve));
    assert_eq!(world.join(&eve, event.id).await.code(), "registration_closed");
    world.leave(&ada, event.id).await.expect(200);
}

#[tokio::test]
async fn a_request_holds_no_place_and_is_checked_again_when_it_is_approved() {
    let world = World::new().await;
    let mut event = world.event_at(1, noon() + TimeDelta::days(3)).await;
    event.venue.address = Some("Uferstraße 12".to_owned());
    world.edit(&mut event, |it| it.registration.access = Access::Approval).await;
    let people = world.crowd(4);
    for person in &people {
        assert_eq!(world.join(person, event.id).await.expect(200).json["status"], "pending");
    }
    assert_eq!(world.places(event.id).await, json!({ "capacity": 1, "confirmed": 0, "waitlisted": 0, "held": 0 }));
    assert_eq!(world.participation(&people[1], event.id).await["venue"], Value::Null);
    let second = world.organise(event.id, &people[1], "approve", json!({})).await.expect(200).json;
    assert_eq!(second["status"], "confirmed", "the order is that of the approvals");
    assert_eq!(world.participation(&people[1], event.id).await["venue"]["address"], "Uferstraße 12");
    let first = world.organise(event.id, &people[0], "approve", json!({})).await.expect(200).json;
    assert_eq!((&first["status"], &first["position"]), (&json!("waitlisted"), &json!(1)));
    assert_eq!(world.organise(event.id, &people[0], "approve", json!({})).await.code(), "not_pending");
    world.organise(event.id, &people[2], "reject", json!({ "words": "Next time." })).await.expect(200);
    assert_eq!(world.status(&people[2], event.id).await, "none");
    world.cancel(&mut event).await;
    assert_eq!(world.organise(event.id, &people[3], "approve", json!({})).await.code(), "not_joined");
    world.assert_sound().await;
}

#[tokio::test]
async fn places_are_kept_for_the_invited_until_the_invitation_expires() {
    let world = World::new().await;
    let mut event = world.event_at(3, noon() + TimeDelta::days(3)).await;
    let body = json!({ "label": "The band", "uses": 3, "reserved": 2, "expires_at": noon() + TimeDelta::hours(1) });
    let invitation = world.act(&world.organiser, event.id, "invitations", body).await.expect(201).json;
    assert_eq!(world.places(event.id).await["held"], 2);
    let too_many = world.act(&world.organiser, event.id, "invitations", json!({ "label": "x", "reserved": 2 })).await;
    assert_eq!(too_many.code(), "event_full");
    let people = world.crowd(4);
    world.join(&people[0], event.id).await.expect(200);
    assert_eq!(world.join(&people[1], event.id).await.expect(200).json["status"], "waitlisted");
    let invited = json!({ "invitation": invitation["code"] });
    assert_eq!(world.join_with(&people[2], event.id, invited.clone()).await.expect(200).json["status"], "confirmed");
    world.edit(&mut event, |it| it.registration.access = Access::Invitation).await;
    assert_eq!(world.join(&people[3], event.id).await.expect(403).code(), "invitation_needed");
    let unknown = json!({ "invitation": "unknown" });
    assert_eq!(world.join_with(&people[3], event.id, unknown).await.code(), "invitation_spent");
    world.clock.advance(TimeDelta::hours(1));
    let third = world.fresh(&people[3]);
    assert_eq!(world.join_with(&third, event.id, invited).await.code(), "invitation_spent");
    assert_eq!(world.status(&world.fresh(&people[1]), event.id).await, "confirmed", "what was kept went to the line");
    world.assert_sound().await;
}

#[tokio::test]
async fn required_answers_are_a_gate_and_whoever_came_before_the_question_has_a_deadline() {
    let world = World::new().await;
    let people = world.crowd(4);
    let mut event = world.full(noon() + TimeDelta::days(9), &people[..2]).await;
    world.edit(&mut event, |it| it.registration.questions = vec![question(true)]).await;
    let refused = world.join(&people[2], event.id).await.expect(422);
    assert_eq!(refused.field(), "answers.meal");
    let wrong = world.join_with(&people[2], event.id, json!({ "answers": { "meal": "Fish" } })).await.expect(422);
    assert_eq!(wrong.field(), "answers.meal");
    world.join_with(&people[2], event.id, json!({ "answers": { "meal": "Vegan" } })).await.expect(200);
    world.leave(&people[0], event.id).await.expect(200);
    let owes = world.participation(&people[1], event.id).await;
    assert_eq!((&owes["status"], &owes["due_for"]), (&json!("confirmed"), &json!("answers")));
    assert_eq!(owes["due_at"], json!(noon() + TimeDelta::hours(24)));
    let told = world.told(event.id).await;
    assert_eq!(told.last().unwrap().1["answers_due"], owes["due_at"]);
    world.clock.advance(TimeDelta::hours(24));
    world.job("joins.look_after").await;
    let [second, third] = [1, 2].map(|n| world.fresh(&people[n]));
    assert_eq!(world.status(&second, event.id).await, "none");
    let next = world.participation(&third, event.id).await;
    assert_eq!((&next["status"], &next["due_at"]), (&json!("confirmed"), &Value::Null), "has answered already");
    world.assert_sound().await;
}

#[tokio::test]
async fn the_organiser_picks_out_of_turn_and_exceeds_the_capacity_only_explicitly() {
    let world = World::new().await;
    let people = world.crowd(3);
    let event = world.full(noon() + TimeDelta::days(3), &people).await.id;
    let full = world.organise(event, &people[2], "admit", json!({})).await.expect(409);
    assert_eq!(full.code(), "event_full");
    world.organise(event, &people[2], "admit", json!({ "exceed_capacity": true })).await.expect(200);
    assert_eq!(world.places(event).await, json!({ "capacity": 1, "confirmed": 2, "waitlisted": 1, "held": 0 }));
    let organiser = world.client().as_person(&world.organiser);
    let list = organiser.get(&format!("/api/v1/events/{event}/participants")).await.expect(200).json;
    assert_eq!(list["items"][2]["way"], "picked");
    let (actor, details): (contracts::UserId, Value) =
        sqlx::query_as("SELECT actor_id, details FROM decisions WHERE event_id = $1 AND action = 'picked'")
            .bind(event)
            .fetch_one(&world.pool)
            .await
            .unwrap();
    assert_eq!((actor, details), (world.organiser.id, json!({ "exceeded": 1, "overbooked": 1 })));
    world.leave(&people[0], event).await.expect(200);
    assert_eq!(world.status(&people[1], event).await, "waitlisted", "what is above the capacity is not given on");
    world.assert_sound().await;
}

#[tokio::test]
async fn whoever_does_not_say_that_they_still_come_makes_room() {
    let world = World::new().await;
    let people = world.crowd(4);
    let mut event = world.event_at(2, noon() + TimeDelta::hours(100)).await;
    for person in &people {
        world.join(person, event.id).await.expect(200);
    }
    world.edit(&mut event, |it| it.registration.reconfirm_hours = Some(48)).await;
    world.job("joins.ask_to_reconfirm").await;
    assert_eq!(world.participation(&people[0], event.id).await["due_for"], Value::Null, "it is not time yet");
    world.clock.advance(TimeDelta::hours(52));
    for _ in 0..2 {
        world.job("joins.ask_to_reconfirm").await;
    }
    let people: Vec<Person> = people.iter().map(|it| world.fresh(it)).collect();
    let asked = world.participation(&people[0], event.id).await;
    assert_eq!(
        (&asked["due_for"], &asked["due_at"]),
        (&json!("reconfirmation"), &json!(noon() + TimeDelta::hours(76)))
    );
    let asked = world.kinds(event.id).await.into_iter().filter(|kind| kind == "join.reconfirmation_asked").count();
    assert_eq!(asked, 2, "everybody with a place, once");
    world.act(&people[0], event.id, "keep", Value::Null).await.expect(200);
    world.clock.advance(TimeDelta::hours(24));
    world.job("joins.look_after").await;
    let people: Vec<Person> = people.iter().map(|it| world.fresh(it)).collect();
    let now = join_all(people.iter().map(|it| world.status(it, event.id))).await;
    assert_eq!(now, ["confirmed", "none", "offered", "waitlisted"]);
    world.assert_sound().await;
}

#[tokio::test]
async fn whoever_has_a_place_is_asked_to_keep_it_when_the_event_moves() {
    let world = World::new().await;
    let people = world.crowd(1);
    let mut event = world.full(noon() + TimeDelta::days(3), &people).await;
    let before = TimeAndPlace {
        starts_at_local: event.starts_at_local,
        ends_at_local: event.ends_at_local,
        timezone: event.timezone.clone(),
        venue: event.venue.clone(),
    };
    world.clock.advance(TimeDelta::minutes(1));
    event.version += 1;
    event.starts_at += TimeDelta::hours(1);
    let moved = EventChanged { event: event.clone(), before: Some(before.clone()), overbooking_accepted: false };
    world.deliver(&moved).await;
    let asked = world.participation(&people[0], event.id).await;
    assert_eq!(asked["moved_from"], serde_json::to_value(&before).unwrap());
    world.clock.advance(TimeDelta::minutes(1));
    world.act(&people[0], event.id, "keep", Value::Null).await.expect(200);
    assert_eq!(world.participation(&people[0], event.id).await["moved_from"], Value::Null);
}

#[tokio::test]
async fn other_events_at_the_same_time_are_named_before_one_joins() {
    let world = World::new().await;
    let ada = world.people.person("Ada");
    let evening = world.full(noon() + TimeDelta::days(3), std::slice::from_ref(&ada)).await;
    let same_time = world.event_at(5, noon() + TimeDelta::days(3) + TimeDelta::hours(1)).await;
    let after = world.event_at(5, evening.ends_at).await;
    let view = async |event: EventId| {
        let client = world.client().as_person(&ada);
        client.get(&format!("/internal/joins/events/{event}/view")).await.expect(200).json
    };
    let overlaps = view(same_time.id).await["overlaps"].clone();
    assert_eq!((&overlaps[0]["event_id"], &overlaps[0]["status"]), (&json!(evening.id), &json!("confirmed")));
    assert_eq!(overlaps[0]["title"], "Lindy Hop in the Courtyard");
    assert_eq!(view(after.id).await["overlaps"], json!([]));
}

#[tokio::test]
async fn the_forecast_says_how_far_the_line_usually_moved() {
    let world = World::new().await;
    let people = world.crowd(6);
    for leaving in [1, 2, 3] {
        let event = world.event_at(3, noon() + TimeDelta::days(2)).await.id;
        for person in &people {
            world.join(person, event).await.expect(200);
        }
        for person in &people[..leaving] {
            world.leave(person, event).await.expect(200);
        }
    }
    world.clock.advance(TimeDelta::days(3));
    world.job("joins.close_books").await;
    let people: Vec<Person> = people.iter().map(|it| world.fresh(it)).collect();
    let event = world.full(noon() + TimeDelta::days(9), &people[..2]).await.id;
    let path = format!("/internal/joins/events/{event}/view");
    let view = world.client().as_person(&people[1]).get(&path).await.expect(200).json;
    assert_eq!(view["line"]["forecast"], json!({ "usually_reaches": 2, "of_events": 3 }));
}

#[tokio::test]
async fn a_lapsed_place_does_not_count_even_before_anybody_has_written_it_down() {
    let world = World::new().await;
    let people = world.crowd(2);
    let event = world.full(noon() + TimeDelta::hours(20), &people).await.id;
    world.leave(&people[0], event).await.expect(200);
    world.clock.advance(TimeDelta::hours(3));
    let places = world.client().get(&format!("/internal/joins/places?ids={event}")).await.expect(200).json;
    assert_eq!(places[event.to_string()], json!({ "capacity": 1, "confirmed": 0, "waitlisted": 0, "held": 0 }));
    let path = format!("/internal/joins/events/{event}/view");
    let view = world.client().as_person(&world.fresh(&people[1])).get(&path).await.expect(200).json;
    assert_eq!((&view["participation"]["status"], &view["actions"]["can_join"]), (&json!("none"), &json!(true)));
}

/// It should never happen. If it does, it is mended and not made worse.
#[tokio::test]
async fn a_place_that_is_free_while_somebody_waits_is_given_by_whatever_comes_next() {
    let world = World::new().await;
    let people = world.crowd(4);
    let event = world.event(1).await.id; // far enough for the audit, which asks the database's clock
    for person in &people {
        world.join(person, event).await.expect(200);
    }
    world.sql("UPDATE events SET capacity = 2").await;
    assert_ne!(joins::audit(&world.pool).await.unwrap(), []);
    world.job("joins.look_after").await;
    assert_eq!(world.status(&people[1], event).await, "confirmed");
    world.assert_sound().await;
    world.sql("UPDATE events SET capacity = 3").await;
    let refused = world.act(&people[0], event, "claim", Value::Null).await;
    assert_eq!(refused.code(), "already_joined");
    assert_eq!(world.status(&people[2], event).await, "confirmed", "also by a request that is refused");
    world.assert_sound().await;
}

#[tokio::test]
async fn whoever_may_not_know_the_address_does_not_learn_it_from_a_change() {
    let world = World::new().await;
    let mut event = world.event_at(1, noon() + TimeDelta::days(3)).await;
    (event.venue.address, event.venue.lat) = (Some("Uferstraße 12".to_owned()), Some(52.51234));
    world.edit(&mut event, |it| it.registration.access = Access::Approval).await;
    let people = world.crowd(2);
    let (inside, outside) = (&people[0], &people[1]);
    for person in &people {
        world.join(person, event.id).await.expect(200);
    }
    world.organise(event.id, inside, "approve", json!({})).await.expect(200);
    world.clock.advance(TimeDelta::minutes(1));
    let before = TimeAndPlace {
        starts_at_local: event.starts_at_local,
        ends_at_local: event.ends_at_local,
        timezone: event.timezone.clone(),
        venue: event.venue.clone(),
    };
    event.version += 1;
    event.starts_at += TimeDelta::hours(1);
    world.deliver(&EventChanged { event: event.clone(), before: Some(before), overbooking_accepted: false }).await;
    let from = |it: &Value| it["moved_from"]["venue"].clone();
    let (known, hidden) = (world.participation(inside, event.id).await, world.participation(outside, event.id).await);
    assert_eq!((&from(&known)["address"], &from(&known)["lat"]), (&json!("Uferstraße 12"), &json!(52.51234)));
    assert_eq!((&from(&hidden)["address"], &from(&hidden)["lat"]), (&Value::Null, &Value::Null));
    assert_eq!(from(&hidden)["name"], from(&known)["name"], "that something changed is for everybody");
}

#[tokio::test]
async fn parties_without_hope_keep_nobody_waiting_however_many_they_are() {
    let world = World::new().await;
    let mut event = world.event(3).await;
    let people = world.crowd(122);
    let party = async |person, size| world.join_with(person, event.id, json!({ "party_size": size })).await.expect(200);
    party(&people[0], 3).await;
    for person in &people[1..121] {
        party(person, 2).await;
    }
    world.edit(&mut event, |it| it.capacity = Some(1)).await;
    assert_eq!(world.join(&people[121], event.id).await.expect(200).json["status"], "waitlisted");
    world.leave(&people[0], event.id).await.expect(200);
    assert_eq!(world.status(&people[121], event.id).await, "confirmed");
    world.assert_sound().await;
}

#[tokio::test]
async fn nothing_is_kept_for_the_invited_at_a_cancelled_event() {
    let world = World::new().await;
    let mut event = world.event(3).await;
    world.cancel(&mut event).await;
    let path = format!("/api/v1/events/{}/invitations", event.id);
    let body = json!({ "label": "Friends", "uses": 1, "reserved": 2 });
    assert_eq!(world.client().as_person(&world.organiser).post(&path, body).await.code(), "event_not_open");
}

#[tokio::test]
async fn deadlines_follow_what_the_organiser_changes() {
    let world = World::new().await;
    let mut event = world.event_at(3, noon() + TimeDelta::hours(20)).await;
    let people = world.crowd(3);
    for person in &people {
        world.join(person, event.id).await.expect(200);
    }
    let id = event.id;
    let due = async |world: &World| world.participation(&people[0], id).await["due_at"].clone();
    world.edit(&mut event, |it| it.registration.reconfirm_hours = Some(48)).await;
    world.job("joins.ask_to_reconfirm").await;
    assert_eq!(due(&world).await, json!(noon() + TimeDelta::hours(10)));
    world.edit(&mut event, |it| it.starts_at += TimeDelta::days(60)).await;
    assert_eq!(due(&world).await, Value::Null, "asked again when it is time");
    world.edit(&mut event, |it| it.starts_at -= TimeDelta::days(60)).await;
    world.job("joins.ask_to_reconfirm").await;
    assert_eq!(due(&world).await, json!(noon() + TimeDelta::hours(10)));
    world.edit(&mut event, |it| it.registration.reconfirm_hours = None).await;
    assert_eq!(due(&world).await, Value::Null, "nobody is asked any more");
    world.assert_sound().await;
}

#[tokio::test]
async fn answers_to_a_question_that_is_gone_are_owed_by_nobody() {
    let world = World::new().await;
    let people = world.crowd(2);
    let mut event = world.full(noon() + TimeDelta::days(9), &people).await;
    world.edit(&mut event, |it| it.registration.questions = vec![question(true)]).await;
    world.leave(&people[0], event.id).await.expect(200);
    assert_eq!(world.participation(&people[1], event.id).await["due_for"], "answers");
    world.edit(&mut event, |it| it.registration.questions.clear()).await;
    world.clock.advance(TimeDelta::hours(25));
    world.job("joins.look_after").await;
    assert_eq!(world.status(&world.fresh(&people[1]), event.id).await, "confirmed");
    world.assert_sound().await;
}

#[tokio::test]
async fn what_the_last_of_the_invited_does_not_need_is_free() {
    let world = World::new().await;
    let event = world.event(5).await.id;
    let path = format!("/api/v1/events/{event}/invitations");
    let body = json!({ "label": "Friends", "uses": 1, "reserved": 5 });
    let code = world.client().as_person(&world.organiser).post(&path, body).await.expect(201).json["code"].clone();
    let people = world.crowd(2);
    let (guest, other) = (&people[0], &people[1]);
    assert_eq!(world.join(other, event).await.expect(200).json["status"], "waitlisted");
    world.join_with(guest, event, json!({ "invitation": code })).await.expect(200);
    assert_eq!(world.status(other, event).await, "confirmed");
    assert_eq!(world.places(event).await, json!({ "capacity": 5, "confirmed": 2, "waitlisted": 0, "held": 0 }));
    world.assert_sound().await;
}

#[tokio::test]
async fn an_invitation_under_the_same_key_is_made_once() {
    let world = World::new().await;
    let event = world.event(5).await.id;
    let organiser = world.client().as_person(&world.organiser).header("idempotency-key", &key());
    let path = format!("/api/v1/events/{event}/invitations");
    let body = json!({ "label": "Friends", "uses": 1, "reserved": 2 });
    let (one, two) = tokio::join!(organiser.post(&path, body.clone()), organiser.post(&path, body.clone()));
    assert_eq!((one.expect(201).body, two.status.as_u16()), (two.body, 201));
    assert_eq!(organiser.get(&path).await.expect(200).json["items"].as_array().unwrap().len(), 1);
    assert_eq!(world.places(event).await["held"], 2);
    let other = json!({ "label": "Others", "uses": 1, "reserved": 2 });
    assert_eq!(organiser.post(&path, other).await.code(), "idempotency_key_reused");
}

#[tokio::test]
async fn free_places_are_added_to_what_is_kept_unless_somebody_waits_for_them() {
    let world = World::new().await;
    for someone_waits in [false, true] {
        let event = world.event(6).await.id;
        let path = format!("/api/v1/events/{event}/invitations");
        let body = json!({ "label": "Friends", "uses": 1, "reserved": 2 });
        let code = world.client().as_person(&world.organiser).post(&path, body).await.expect(201).json["code"].clone();
        let people = world.crowd(3);
        world.join(&people[0], event).await.expect(200);
        if someone_waits {
            world.join_with(&people[1], event, json!({ "party_size": 5 })).await.expect(200);
        }
        let body = json!({ "party_size": 6, "at_least": 2, "invitation": code });
        let joined = world.join_with(&people[2], event, body).await.expect(200).json;
        assert_eq!(
            (&joined["status"], &joined["party_size"]),
            (&json!("confirmed"), &json!(if someone_waits { 2 } else { 5 }))
        );
        world.assert_sound().await;
    }
}

#[tokio::test]
async fn no_invitation_keeps_what_a_passed_party_waits_for() {
    let world = World::new().await;
    let event = world.event(3).await.id;
    let people = world.crowd(2);
    world.join(&people[0], event).await.expect(200);
    world.join_with(&people[1], event, json!({ "party_size": 3 })).await.expect(200);
    let path = format!("/api/v1/events/{event}/invitations");
    let organiser = world.client().as_person(&world.organiser);
    let body = json!({ "label": "Friends", "uses": 1, "reserved": 2 });
    assert_eq!(organiser.post(&path, body.clone()).await.code(), "event_full");
    world.leave(&people[1], event).await.expect(200);
    organiser.post(&path, body).await.expect(201);
}

#[tokio::test]
async fn an_offer_waits_while_its_event_is_not_public() {
    let world = World::new().await;
    let people = world.crowd(2);
    let mut event = world.full(noon() + TimeDelta::hours(20), &people).await;
    world.leave(&people[0], event.id).await.expect(200);
    world.unpublish(&mut event).await;
    world.clock.advance(TimeDelta::hours(5));
    world.job("joins.look_after").await;
    let second = world.fresh(&people[1]);
    assert_eq!(world.status(&second, event.id).await, "offered");
    assert_eq!(world.act(&second, event.id, "claim", Value::Null).await.code(), "event_not_open");
    world.assert_sound().await;
    world.publish(&mut event).await;
    assert_eq!(world.participation(&second, event.id).await["due_at"], json!(noon() + TimeDelta::hours(7)));
    let told = world.told(event.id).await;
    assert_eq!(told.iter().filter(|(kind, _)| kind == "join.offered").count(), 2, "they hear of the new time");
    assert_eq!(world.act(&second, event.id, "claim", Value::Null).await.expect(200).json["status"], "confirmed");
    world.assert_sound().await;
}

#[tokio::test]
async fn where_places_are_without_limit_everybody_has_an_offer_at_once() {
    let world = World::new().await;
    let people = world.crowd(40);
    let mut event = world.full(noon() + TimeDelta::hours(20), &people).await;
    world.edit(&mut event, |it| it.capacity = None).await;
    assert_eq!(world.places(event.id).await, json!({ "capacity": null, "confirmed": 1, "waitlisted": 0, "held": 39 }));
    world.assert_sound().await;
}

#[tokio::test]
async fn an_event_that_is_not_public_is_not_there_for_strangers() {
    let world = World::new().await;
    let people = world.crowd(2);
    let mut event = world.full(noon() + TimeDelta::hours(20), &people[..1]).await;
    world.unpublish(&mut event).await;
    let path = format!("/api/v1/events/{}/participation", event.id);
    world.client().as_person(&people[1]).get(&path).await.expect(404);
    assert_eq!(world.status(&people[0], event.id).await, "confirmed");
    assert_eq!(world.status(&world.organiser, event.id).await, "none");
    let known = world.client().get(&format!("/internal/joins/events/{}", event.id)).await.expect(200).json;
    assert_eq!(known["public"], false);
}

#[tokio::test]
async fn nobody_is_too_late_for_an_event_that_is_not_public() {
    let world = World::new().await;
    let mut event = world.event_at(2, noon() + TimeDelta::hours(50)).await;
    let ada = world.people.person("Ada");
    world.join(&ada, event.id).await.expect(200);
    world.edit(&mut event, |it| it.registration.reconfirm_hours = Some(48)).await;
    world.clock.advance(TimeDelta::hours(2));
    world.job("joins.ask_to_reconfirm").await;
    world.unpublish(&mut event).await;
    world.clock.advance(TimeDelta::hours(28));
    let ada = world.fresh(&ada);
    let standing = world.participation(&ada, event.id).await;
    assert_eq!((&standing["due_for"], &standing["due_at"]), (&json!("reconfirmation"), &Value::Null));
    world.publish(&mut event).await;
    assert_eq!(world.participation(&ada, event.id).await["due_at"], json!(noon() + TimeDelta::hours(40)));
    world.assert_sound().await;
}

#[tokio::test]
async fn a_party_without_hope_keeps_no_free_place_from_the_invited() {
    let world = World::new().await;
    let mut event = world.event(3).await;
    let people = world.crowd(3);
    let path = format!("/api/v1/events/{}/invitations", event.id);
    let body = json!({ "label": "Friends", "uses": 1, "reserved": 1 });
    let code = world.client().as_person(&world.organiser).post(&path, body).await.expect(201).json["code"].clone();
    world.join(&people[0], event.id).await.expect(200);
    world.join_with(&people[1], event.id, json!({ "party_size": 3 })).await.expect(200);
    world.edit(&mut event, |it| it.capacity = Some(2)).await;
    world.leave(&people[0], event.id).await.expect(200);
    let couple = json!({ "party_size": 2, "invitation": code });
    assert_eq!(world.join_with(&people[2], event.id, couple).await.expect(200).json["status"], "confirmed");
    world.assert_sound().await;
}

#[tokio::test]
async fn an_invitation_is_replayed_also_after_it_has_expired() {
    let world = World::new().await;
    let event = world.event(5).await.id;
    let key = key();
    let path = format!("/api/v1/events/{event}/invitations");
    let body = json!({ "label": "Friends", "uses": 1, "expires_at": noon() + TimeDelta::minutes(1) });
    let make = async || {
        let organiser = world.client().as_person(&world.fresh(&world.organiser)).header("idempotency-key", &key);
        organiser.post(&path, body.clone()).await
    };
    let first = make().await.expect(201);
    world.clock.advance(TimeDelta::minutes(2));
    assert_eq!(make().await.expect(201).body, first.body);
    let organiser = world.client().as_person(&world.fresh(&world.organiser));
    assert_eq!(organiser.post(&path, body.clone()).await.expect(422).field(), "expires_at");
}
