use chrono::TimeDelta;
use contracts::EventId;
use serde_json::{Value, json};
use testkit::{Answer, Person, noon};

use crate::support::{World, key};

impl World {
    async fn at_door(&self, person: &Person, event: EventId, gate: &str, scans: Value) -> Answer {
        let client = self.client().as_person(person);
        let body = json!({ "gate": gate, "device": "phone", "scans": scans });
        client.post(&format!("/api/v1/events/{event}/door/scans"), body).await
    }

    async fn scan(&self, person: &Person, event: EventId, gate: &str, scan: Value) -> Value {
        self.at_door(person, event, gate, json!([scan])).await.expect(200).json["results"][0].clone()
    }

    async fn ticket(&self, person: &Person, event: EventId) -> String {
        let answer = self.client().as_person(person).get(&format!("/api/v1/events/{event}/ticket")).await.expect(200);
        assert!(answer.json["qr_svg"].as_str().unwrap().contains("<svg"));
        answer.json["ticket"].as_str().unwrap().to_owned()
    }
}

fn enter(ticket: &str) -> Value {
    json!({ "id": key(), "ticket": ticket, "kind": "in", "at": noon() })
}

#[tokio::test]
async fn a_ticket_lets_in_once_and_the_second_time_says_when_and_by_whom_the_first_was() {
    let world = World::new().await;
    let event = world.event(5).await.id;
    let ada = world.people.person("Ada");
    world.join(&ada, event).await.expect(200);
    let ticket = world.ticket(&ada, event).await;
    let first = world.scan(&world.organiser, event, "North", enter(&ticket)).await;
    assert_eq!((&first["outcome"], &first["inside"]), (&json!("accepted"), &json!(1)));
    world.clock.advance(TimeDelta::minutes(1));
    let second = world.scan(&world.organiser, event, "South", enter(&ticket)).await;
    assert_eq!(second["outcome"], "already_in");
    assert_eq!(
        (&second["first"]["gate"], &second["first"]["steward_id"]),
        (&json!("North"), &json!(world.organiser.id))
    );
    assert_eq!(second["first"]["scanned_at"], json!(noon()));
    world.assert_sound().await;
}

#[tokio::test]
async fn two_phones_without_a_network_let_the_same_ticket_in_and_hear_of_it_later() {
    let world = World::new().await;
    let event = world.event(5).await.id;
    let ada = world.people.person("Ada");
    world.join(&ada, event).await.expect(200);
    let ticket = world.ticket(&ada, event).await;
    let (north, south) = (json!([enter(&ticket)]), json!([enter(&ticket)]));
    let (a, b) = tokio::join!(
        world.at_door(&world.organiser, event, "North", north.clone()),
        world.at_door(&world.organiser, event, "South", south)
    );
    let mut outcomes: Vec<String> =
        [a, b].map(|it| it.expect(200).json["results"][0]["outcome"].as_str().unwrap().to_owned()).into();
    outcomes.sort();
    assert_eq!(outcomes, ["accepted", "already_in"]);
    // What is sent again, because the device is not sure, counts once and is answered in the same way.
    for _ in 0..2 {
        world.at_door(&world.organiser, event, "North", north.clone()).await.expect(200);
    }
    let client = world.client().as_person(&world.organiser);
    let all = client.get(&format!("/api/v1/events/{event}/door/scans")).await.expect(200).json;
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
    assert_eq!(all["counts"], json!({ "expected": 1, "arrived": 1, "inside": 1, "refused": 1 }));
    world.assert_sound().await;
}

#[tokio::test]
async fn a_party_comes_and_goes_in_parts_and_a_mistake_is_taken_back() {
    let world = World::new().await;
    let event = world.event(5).await.id;
    let ada = world.people.person("Ada");
    world.join_with(&ada, event, json!({ "party_size": 3 })).await.expect(200);
    let scan = async |kind: &str, people: Value| {
        let scan = json!({ "id": key(), "line_no": 1, "kind": kind, "people": people, "at": noon() });
        let result = world.scan(&world.organiser, event, "North", scan).await;
        (result["outcome"].as_str().unwrap().to_owned(), result["inside"].as_i64().unwrap())
    };
    assert_eq!(scan("out", json!(1)).await, ("not_in".to_owned(), 0));
    assert_eq!(scan("in", json!(2)).await, ("accepted".to_owned(), 2));
    assert_eq!(scan("in", json!(2)).await, ("already_in".to_owned(), 2));
    assert_eq!(scan("in", Value::Null).await, ("accepted".to_owned(), 3));
    assert_eq!(scan("out", Value::Null).await, ("accepted".to_owned(), 0));
    assert_eq!(scan("undo", Value::Null).await, ("accepted".to_owned(), 3));
    assert_eq!(scan("undo", Value::Null).await, ("accepted".to_owned(), 2));
    assert_eq!(scan("undo", Value::Null).await, ("accepted".to_owned(), 0));
    assert_eq!(scan("undo", Value::Null).await, ("nothing_to_undo".to_owned(), 0));
    let door =
        world.client().as_person(&world.organiser).get(&format!("/api/v1/events/{event}/door")).await.expect(200);
    assert_eq!(door.json["guests"][0]["arrived_at"], Value::Null, "nobody has come after all");
    world.assert_sound().await;
}

#[tokio::test]
async fn what_is_no_good_ticket_is_told_apart() {
    let world = World::new().await;
    let (event, other) = (world.event(5).await.id, world.event(5).await.id);
    let ada = world.people.person("Ada");
    for id in [event, other] {
        world.join(&ada, id).await.expect(200);
    }
    let ticket = world.ticket(&ada, event).await;
    let outcome = async |ticket: &str| {
        world.scan(&world.organiser, event, "North", enter(ticket)).await["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(outcome("https://example.org").await, "unknown");
    assert_eq!(outcome(&world.ticket(&ada, other).await).await, "wrong_event");
    let mut changed = ticket.clone();
    changed.replace_range(60..61, if &ticket[60..61] == "A" { "B" } else { "A" });
    assert_eq!(outcome(&changed).await, "forged");
    world.leave(&ada, event).await.expect(200);
    assert_eq!(outcome(&ticket).await, "no_place");
    world.client().as_person(&ada).get(&format!("/api/v1/events/{event}/ticket")).await.expect(409);
}

#[tokio::test]
async fn a_steward_sees_what_the_door_needs_and_nothing_else() {
    let world = World::new().await;
    let event = world.event(5).await.id;
    let (ada, steward) = (world.people.person("Ada"), world.people.person("Stef"));
    world.join(&ada, event).await.expect(200);
    let as_steward = world.client().as_person(&steward);
    let path = |what: &str| format!("/api/v1/events/{event}/{what}");
    as_steward.get(&path("door")).await.expect(403);
    as_steward.post(&path("stewards"), json!({ "code": "guessed" })).await.expect(409);
    let organiser = world.client().as_person(&world.organiser);
    let link = organiser.post(&path("stewards/link"), Value::Null).await.expect(201).json;
    as_steward.post(&path("stewards"), json!({ "code": link["code"] })).await.expect(204);
    let door = as_steward.get(&path("door")).await.expect(200).json;
    let mut fields: Vec<&String> = door["guests"][0].as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(fields, ["arrived_at", "display_name", "guests", "inside", "join_id", "line_no", "party_size"]);
    let ticket = world.ticket(&ada, event).await;
    assert_eq!(world.scan(&steward, event, "North", enter(&ticket)).await["outcome"], "accepted");
    for what in ["participants", "participants.csv", "invitations", "stewards", "decisions", "messages", "outlook"] {
        as_steward.get(&path(what)).await.expect(403);
    }
    as_steward.post(&path(&format!("participants/{}/remove", ada.id)), Value::Null).await.expect(403);
    organiser.delete(&path(&format!("stewards/{}", steward.id))).await.expect(204);
    as_steward.get(&path("door")).await.expect(403);
    as_steward.post(&path("stewards"), json!({ "code": link["code"] })).await.expect(409);
}

#[tokio::test]
async fn a_quarter_of_an_hour_after_the_start_unused_places_go_to_those_at_the_door() {
    let world = World::new().await;
    let event = world.event_at(2, noon() + TimeDelta::hours(1)).await.id;
    let people = world.crowd(5);
    for person in &people {
        world.join(person, event).await.expect(200);
    }
    let scan = json!({ "id": key(), "line_no": 1, "kind": "in", "at": noon() });
    assert_eq!(world.scan(&world.organiser, event, "North", scan).await["outcome"], "accepted");
    let walk_in = async |who: &Person| {
        let organiser = world.client().as_person(&world.fresh(&world.organiser));
        organiser.post(&format!("/api/v1/events/{event}/door/walk-ins/{}", who.id), Value::Null).await
    };
    world.clock.advance(TimeDelta::minutes(74));
    assert_eq!(walk_in(&people[2]).await.code(), "walk_in_too_early");
    world.clock.advance(TimeDelta::minutes(1));
    assert_eq!(walk_in(&people[2]).await.expect(200).json["status"], "confirmed");
    let gone = world.participation(&world.fresh(&people[1]), event).await;
    assert_eq!(gone["status"], "none", "the one who did not come");
    assert_eq!(walk_in(&people[3]).await.code(), "event_full", "everybody is there, or came by the door");
    world.assert_sound().await;
}

#[tokio::test]
async fn whoever_is_inside_loses_the_place_at_no_deadline() {
    let world = World::new().await;
    let mut event = world.event_at(2, noon() + TimeDelta::hours(50)).await;
    let ada = world.people.person("Ada");
    world.join(&ada, event.id).await.expect(200);
    world.edit(&mut event, |it| it.registration.reconfirm_hours = Some(48)).await;
    world.clock.advance(TimeDelta::hours(3));
    world.job("joins.ask_to_reconfirm").await;
    let (ada, organiser) = (world.fresh(&ada), world.fresh(&world.organiser));
    assert_eq!(world.participation(&ada, event.id).await["due_for"], "reconfirmation");
    let ticket = world.ticket(&ada, event.id).await;
    assert_eq!(world.scan(&organiser, event.id, "North", enter(&ticket)).await["outcome"], "accepted");
    world.clock.advance(TimeDelta::hours(46));
    world.job("joins.look_after").await;
    let organiser = world.fresh(&world.organiser);
    let out = json!({ "id": key(), "ticket": ticket, "kind": "out", "at": noon() });
    assert_eq!(world.scan(&organiser, event.id, "North", out).await["outcome"], "accepted");
    world.assert_sound().await;
}

/// A scan refers to the event, a decision about it changes the place that is scanned: neither waits for the other's lock.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn scans_and_decisions_do_not_block_each_other() {
    let world = World::new().await;
    let event = world.event(40).await.id;
    let people = world.crowd(40);
    for person in &people {
        world.join(person, event).await.expect(200);
    }
    for (person, line_no) in people.iter().zip(1..) {
        let scan = json!([{ "id": key(), "line_no": line_no, "kind": "in", "at": noon() }]);
        let (path, key) = (format!("/api/v1/events/{event}/keep"), key());
        let keeps = world.client().as_person(person).header("idempotency-key", &key);
        let scans = world.at_door(&world.organiser, event, "North", scan);
        let (scanned, kept) = tokio::join!(scans, keeps.post(&path, Value::Null));
        assert_eq!(scanned.expect(200).json["results"][0]["outcome"], "accepted");
        kept.expect(200);
    }
    world.assert_sound().await;
}

#[tokio::test]
async fn a_clock_that_is_wrong_by_millennia_is_no_reason_to_refuse() {
    let world = World::new().await;
    let event = world.event(5).await.id;
    let ada = world.people.person("Ada");
    world.join(&ada, event).await.expect(200);
    let ticket = world.ticket(&ada, event).await;
    for (kind, at) in [("in", "-9999-01-01T00:00:00Z"), ("out", "+9999-01-01T00:00:00Z")] {
        let scan = json!({ "id": key(), "ticket": ticket, "kind": kind, "at": at });
        assert_eq!(world.scan(&world.organiser, event, "North", scan).await["outcome"], "accepted");
    }
}

#[tokio::test]
async fn the_place_of_whoever_is_inside_is_given_to_nobody_when_they_leave() {
    let world = World::new().await;
    let event = world.event_at(1, noon() + TimeDelta::hours(30)).await.id;
    let (ada, bob) = (world.people.person("Ada"), world.people.person("Bob"));
    world.join(&ada, event).await.expect(200);
    world.join(&bob, event).await.expect(200);
    let ticket = world.ticket(&ada, event).await;
    assert_eq!(world.scan(&world.organiser, event, "North", enter(&ticket)).await["outcome"], "accepted");
    let places = world.leave(&ada, event).await.expect(200).json["places"].clone();
    assert_eq!(places, json!({ "capacity": 1, "confirmed": 0, "waitlisted": 1, "held": 1 }));
    assert_eq!(world.participation(&bob, event).await["status"], "waitlisted", "there is nowhere to sit");
    world.assert_sound().await;
    // Whoever is inside can go out, but not in again.
    let organiser = world.client().as_person(&world.organiser);
    let door = organiser.get(&format!("/api/v1/events/{event}/door")).await.expect(200).json;
    assert_eq!(door["counts"], json!({ "expected": 0, "arrived": 1, "inside": 1, "refused": 0 }));
    assert_eq!(door["guests"][0]["inside"], 1);
    let out = json!({ "id": key(), "ticket": ticket, "kind": "out", "at": noon() });
    assert_eq!(world.scan(&world.organiser, event, "North", out).await["outcome"], "accepted");
    assert_eq!(world.scan(&world.organiser, event, "North", enter(&ticket)).await["outcome"], "no_place");
    world.assert_sound().await;
}

#[tokio::test]
async fn a_mistaken_scan_that_is_taken_back_frees_the_place_of_whoever_has_left() {
    let world = World::new().await;
    let event = world.event_at(1, noon() + TimeDelta::hours(30)).await.id;
    let (ada, bob) = (world.people.person("Ada"), world.people.person("Bob"));
    world.join(&ada, event).await.expect(200);
    world.join(&bob, event).await.expect(200);
    let ticket = world.ticket(&ada, event).await;
    assert_eq!(world.scan(&world.organiser, event, "North", enter(&ticket)).await["outcome"], "accepted");
    world.leave(&ada, event).await.expect(200);
    let undo = json!({ "id": key(), "ticket": ticket, "kind": "undo", "at": noon() });
    assert_eq!(world.scan(&world.organiser, event, "North", undo).await["outcome"], "accepted");
    assert_eq!(world.participation(&bob, event).await["status"], "confirmed");
    assert_eq!(world.places(event).await, json!({ "capacity": 1, "confirmed": 1, "waitlisted": 0, "held": 0 }));
    world.assert_sound().await;
}

#[tokio::test]
async fn what_is_kept_for_the_invited_is_free_once_the_event_has_started() {
    let world = World::new().await;
    let event = world.event_at(2, noon() + TimeDelta::hours(1)).await.id;
    let people = world.crowd(3);
    let path = format!("/api/v1/events/{event}/invitations");
    let organiser = world.client().as_person(&world.organiser);
    organiser.post(&path, json!({ "label": "Friends", "uses": 1, "reserved": 1 })).await.expect(201);
    world.join(&people[0], event).await.expect(200);
    let couple = json!({ "party_size": 2, "at_least": 1 });
    assert_eq!(world.join_with(&people[1], event, couple).await.expect(200).json["status"], "waitlisted");
    let scan = json!({ "id": key(), "line_no": 1, "kind": "in", "at": noon() });
    assert_eq!(world.scan(&world.organiser, event, "North", scan).await["outcome"], "accepted");
    world.clock.advance(TimeDelta::minutes(75));
    let organiser = world.client().as_person(&world.fresh(&world.organiser));
    let walk_in = format!("/api/v1/events/{event}/door/walk-ins/{}", people[1].id);
    let let_in = organiser.post(&walk_in, Value::Null).await.expect(200).json;
    assert_eq!(let_in["party_size"], 1, "one of the two has room, and would come alone");
    let late = json!({ "label": "Late", "uses": 1, "reserved": 1 });
    assert_eq!(organiser.post(&path, late).await.code(), "event_not_open");
    world.assert_sound().await;
}

#[tokio::test]
async fn a_walk_in_costs_the_smallest_absent_party_that_does() {
    let world = World::new().await;
    let event = world.event_at(9, noon() + TimeDelta::hours(1)).await.id;
    let people = world.crowd(5);
    for (person, size) in people.iter().zip([1, 3, 5, 1, 4]) {
        world.join_with(person, event, json!({ "party_size": size })).await.expect(200);
    }
    world.clock.advance(TimeDelta::minutes(75));
    let organiser = world.client().as_person(&world.fresh(&world.organiser));
    let walk_in = async |who: &Person| {
        organiser.post(&format!("/api/v1/events/{event}/door/walk-ins/{}", who.id), Value::Null).await
    };
    let states = async || {
        let mut states = Vec::new();
        for person in &people {
            states.push(world.participation(&world.fresh(person), event).await["status"].as_str().unwrap().to_owned());
        }
        states
    };
    walk_in(&people[3]).await.expect(200);
    assert_eq!(states().await, ["none", "confirmed", "confirmed", "confirmed", "waitlisted"]);
    walk_in(&people[4]).await.expect(200);
    assert_eq!(
        states().await,
        ["none", "confirmed", "none", "confirmed", "confirmed"],
        "four are missing: five go, not three"
    );
    world.assert_sound().await;
}

#[tokio::test]
async fn a_right_at_the_door_ends_a_day_after_the_event_and_with_a_ban() {
    let world = World::new().await;
    let event = world.event_at(1, noon() + TimeDelta::hours(1)).await.id;
    let (ada, steward) = (world.people.person("Ada"), world.people.person("Stef"));
    world.join(&ada, event).await.expect(200);
    world.join(&steward, event).await.expect(200);
    let path = |what: &str| format!("/api/v1/events/{event}/{what}");
    let organiser = world.client().as_person(&world.organiser);
    let link = organiser.post(&path("stewards/link"), Value::Null).await.expect(201).json;
    let become_one = async |who: &Person| {
        world.client().as_person(who).post(&path("stewards"), json!({ "code": link["code"] })).await
    };
    become_one(&steward).await.expect(204);
    let at_door = async |who: &Person| {
        let who = world.fresh(who);
        let door = world.client().as_person(&who).get(&path("door")).await.status.as_u16();
        let view = format!("/internal/joins/events/{event}/view");
        let view = world.client().as_person(&who).get(&view).await.expect(200).json;
        (door, view["actions"]["can_check_in"] == true)
    };
    assert_eq!(at_door(&steward).await, (200, true));
    assert_eq!(at_door(&ada).await, (403, false));
    world.clock.advance(TimeDelta::minutes(75));
    let as_steward = world.client().as_person(&world.fresh(&steward));
    let walk_in = as_steward.post(&path(&format!("door/walk-ins/{}", steward.id)), Value::Null).await;
    assert_eq!(walk_in.code(), "forbidden", "nobody lets themselves in");
    let organiser = world.client().as_person(&world.fresh(&world.organiser));
    organiser.post(&path(&format!("participants/{}/ban", steward.id)), json!({})).await.expect(200);
    assert_eq!(at_door(&steward).await, (403, false));
    assert_eq!(become_one(&world.fresh(&steward)).await.code(), "banned");
    organiser.post(&path(&format!("participants/{}/unban", steward.id)), json!({})).await.expect(200);
    assert_eq!(at_door(&steward).await, (200, true));
    world.clock.advance(TimeDelta::hours(30));
    assert_eq!(at_door(&steward).await, (403, false), "the event has been over for a day");
}

#[tokio::test]
async fn whoever_still_waits_for_an_approval_does_not_walk_in() {
    let world = World::new().await;
    let mut event = world.event_at(1, noon() + TimeDelta::hours(1)).await;
    world.edit(&mut event, |it| it.registration.access = contracts::registration::Access::Approval).await;
    let ada = world.people.person("Ada");
    world.join(&ada, event.id).await.expect(200);
    world.clock.advance(TimeDelta::minutes(75));
    let organiser = world.client().as_person(&world.fresh(&world.organiser));
    let path = format!("/api/v1/events/{}/door/walk-ins/{}", event.id, ada.id);
    assert_eq!(organiser.post(&path, Value::Null).await.code(), "not_approved");
}

#[tokio::test]
async fn a_scan_that_waits_too_long_for_another_is_to_be_sent_again() {
    let world = World::new().await;
    let event = world.event(1).await.id;
    let ada = world.people.person("Ada");
    world.join(&ada, event).await.expect(200);
    let ticket = world.ticket(&ada, event).await;
    let mut tx = world.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM joins WHERE event_id = $1 FOR UPDATE").bind(event).execute(&mut *tx).await.unwrap();
    let answer = world.at_door(&world.organiser, event, "North", json!([enter(&ticket)])).await.expect(503);
    assert!(answer.headers.contains_key("retry-after"));
    tx.rollback().await.unwrap();
    assert_eq!(world.scan(&world.organiser, event, "North", enter(&ticket)).await["outcome"], "accepted");
}

#[tokio::test]
async fn a_walk_in_takes_no_place_from_an_earlier_party_that_is_not_needed() {
    let world = World::new().await;
    let event = world.event_at(6, noon() + TimeDelta::hours(1)).await.id;
    let people = world.crowd(4);
    for (person, size) in people.iter().zip([4, 1, 1, 5]) {
        world.join_with(person, event, json!({ "party_size": size })).await.expect(200);
    }
    world.clock.advance(TimeDelta::minutes(75));
    let organiser = world.client().as_person(&world.fresh(&world.organiser));
    organiser.post(&format!("/api/v1/events/{event}/door/walk-ins/{}", people[3].id), Value::Null).await.expect(200);
    let mut states = Vec::new();
    for person in &people {
        states.push(world.participation(&world.fresh(person), event).await["status"].as_str().unwrap().to_owned());
    }
    assert_eq!(states, ["none", "confirmed", "none", "confirmed"], "of the two small ones, the first to arrive stays");
    world.assert_sound().await;
}

#[tokio::test]
async fn whoever_is_no_steward_cannot_be_removed_and_the_link_stays() {
    let world = World::new().await;
    let event = world.event(1).await.id;
    let (ada, steward) = (world.people.person("Ada"), world.people.person("Stef"));
    let organiser = world.client().as_person(&world.organiser);
    let path = format!("/api/v1/events/{event}/stewards");
    let link = organiser.post(&format!("{path}/link"), Value::Null).await.expect(201).json;
    organiser.delete(&format!("{path}/{}", ada.id)).await.expect(404);
    world.client().as_person(&steward).post(&path, json!({ "code": link["code"] })).await.expect(204);
    world.deliver(&contracts::auth::UserDeleted { user_id: steward.id }).await;
    assert_eq!(organiser.get(&path).await.expect(200).json["items"], json!([]));
}
