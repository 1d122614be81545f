use chrono::TimeDelta;
use serde_json::{Value, json};
use testkit::noon;

use crate::support::{World, key};

#[tokio::test]
async fn why_somebody_is_before_somebody_else_is_told_from_what_happened() {
    let world = World::new().await;
    let event = world.event_at(1, noon() + TimeDelta::days(5)).await.id;
    let people = world.crowd(3);
    for person in &people {
        world.join(person, event).await.expect(200);
    }
    let organiser = world.client().as_person(&world.organiser);
    let path = |what: &str| format!("/api/v1/events/{event}/{what}");
    world.clock.advance(TimeDelta::minutes(1));
    let admit = format!("participants/{}/admit", people[2].id);
    organiser.post(&path(&admit), json!({ "exceed_capacity": true })).await.expect(200);
    let timeline = organiser.get(&path(&format!("participants/{}/timeline", people[2].id))).await.expect(200).json;
    let what: Vec<&str> = timeline["items"].as_array().unwrap().iter().map(|it| it["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["arrived", "placed", "picked"]);
    assert_eq!(timeline["items"][1]["details"]["way"], "picked");
    let decisions = organiser.get(&path("decisions")).await.expect(200).json;
    assert_eq!(decisions["items"][0]["action"], "picked");
    assert_eq!(decisions["items"][0]["actor_id"], json!(world.organiser.id));
    organiser.get(&path(&format!("participants/{}/timeline", key()))).await.expect(404);
    world.client().as_person(&people[0]).get(&path(&admit.replace("admit", "timeline"))).await.expect(403);
}

#[tokio::test]
async fn an_organiser_writes_to_those_who_are_in_a_few_times_a_day() {
    let world = World::new().await;
    let event = world.event(1).await.id;
    let people = world.crowd(3);
    for person in &people {
        world.join(person, event).await.expect(200);
    }
    let path = format!("/api/v1/events/{event}/messages");
    let write = async |key: &str, to: &str| {
        let organiser = world.client().as_person(&world.organiser).header("idempotency-key", key);
        let body = json!({ "to": to, "subject": "Bring a jumper", "text": "It will be cool." });
        organiser.post(&path, body).await
    };
    let first = write("a", "waitlisted").await.expect(202);
    assert_eq!(first.json["recipients"], 2);
    assert_eq!(write("a", "waitlisted").await.expect(202).body, first.body, "sent again, it counts once");
    assert_eq!(write("a", "all").await.expect(422).code(), "idempotency_key_reused", "it would never be sent");
    let (_, told) = world.told(event).await.pop().unwrap();
    assert_eq!((&told["to"], &told["from_user"]), (&json!([people[1].id, people[2].id]), &json!(world.organiser.id)));
    assert_eq!(write("b", "pending").await.code(), "nobody_to_write_to");
    for key in ["c", "d", "e", "f"] {
        write(key, "all").await.expect(202);
    }
    assert_eq!(write("g", "all").await.code(), "too_many_messages");
    world.clock.advance(TimeDelta::hours(24));
    let organiser = world.client().as_person(&world.fresh(&world.organiser)).header("idempotency-key", "h");
    let empty = json!({ "to": "all", "subject": "x", "text": " " });
    assert_eq!(organiser.post(&path, empty).await.expect(422).field(), "text");
    organiser.post(&path, json!({ "to": "all", "subject": "x", "text": "y" })).await.expect(202);
    let sent = organiser.get(&path).await.expect(200).json;
    assert_eq!(sent["items"].as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn what_may_be_expected_is_measured_at_past_events() {
    let world = World::new().await;
    let organiser = world.client().as_person(&world.organiser);
    let mut went = Vec::new();
    for came in [8, 9, 6] {
        let event = world.event_at(10, noon() + TimeDelta::hours(1)).await.id;
        let people = world.crowd(10);
        for person in &people {
            world.join(person, event).await.expect(200);
        }
        went.push((event, people));
        let scans: Vec<Value> =
            (1..=came).map(|n| json!({ "id": key(), "line_no": n, "kind": "in", "at": noon() })).collect();
        organiser.post(&format!("/api/v1/events/{event}/door/scans"), json!({ "scans": scans })).await.expect(200);
    }
    world.clock.advance(TimeDelta::hours(10));
    world.job("joins.close_books").await;
    // What people do afterwards changes nothing about how many had come.
    for (event, people) in went {
        for person in &people[..7] {
            world.leave(&world.fresh(person), event).await.expect(200);
        }
    }
    let event = world.event_at(90, world.clock.now() + TimeDelta::days(5)).await.id;
    let organiser = world.client().as_person(&world.fresh(&world.organiser));
    let outlook = organiser.get(&format!("/api/v1/events/{event}/outlook")).await.expect(200).json;
    assert_eq!(
        outlook["no_shows"],
        json!({ "of_events": 3, "usual_percent": 20, "least_percent": 10, "suggested_extra": 10 })
    );
}

#[tokio::test]
async fn whoever_has_the_place_they_wanted_leaves_the_other_lines_at_that_time() {
    let world = World::new().await;
    let people = world.crowd(2);
    let start = noon() + TimeDelta::days(5);
    let (line, kept, wanted) = (
        world.event_at(1, start).await.id,
        world.event_at(1, start + TimeDelta::days(1)).await.id,
        world.event_at(1, start).await.id,
    );
    for event in [line, kept] {
        for person in &people {
            world.join(person, event).await.expect(200);
        }
    }
    world.join_with(&people[1], wanted, json!({ "leave_other_lines": true })).await.expect(200);
    let (_, told) = world.told_by(people[1].id.0, "join.place_preferred").await.pop().unwrap();
    world.deliver(&serde_json::from_value::<contracts::joins::PlacePreferred>(told).unwrap()).await;
    assert_eq!(world.participation(&people[1], line).await["status"], "none");
    assert_eq!(world.participation(&people[1], kept).await["status"], "waitlisted", "another day");
    assert_eq!(world.participation(&people[1], wanted).await["status"], "confirmed");
    world.assert_sound().await;
}

#[tokio::test]
async fn whoever_gave_the_wanted_place_up_at_once_keeps_the_other_lines() {
    let world = World::new().await;
    let people = world.crowd(2);
    let (line, wanted) = (world.event(1).await.id, world.event(1).await.id);
    for person in &people {
        world.join(person, line).await.expect(200);
    }
    world.join_with(&people[1], wanted, json!({ "leave_other_lines": true })).await.expect(200);
    world.leave(&people[1], wanted).await.expect(200);
    let (_, told) = world.told_by(people[1].id.0, "join.place_preferred").await.pop().unwrap();
    world.deliver(&serde_json::from_value::<contracts::joins::PlacePreferred>(told).unwrap()).await;
    assert_eq!(world.participation(&people[1], line).await["status"], "waitlisted");
}
