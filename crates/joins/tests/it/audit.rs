//! The audit finds what is wrong: each rule with a corruption of its own, planted past the code and, where they would refuse it, past
//! the constraints.

use serde_json::json;

use crate::support::World;

/// A world with three events: two places and a line, an empty one, and a cancelled one.
async fn busy() -> World {
    let world = World::new().await;
    let event = world.event(2).await.id;
    for person in &world.crowd(4) {
        world.join(person, event).await.expect(200);
    }
    world.event(3).await;
    let mut cancelled = world.event(1).await;
    world.join(&world.people.person("Ada"), cancelled.id).await.expect(200);
    world.cancel(&mut cancelled).await;
    world.assert_sound().await;
    world
}

async fn finds(rule: &str, corruption: &[&'static str]) {
    let world = busy().await;
    for statement in corruption {
        world.sql(statement).await;
    }
    let found = joins::audit(&world.pool).await.unwrap();
    assert!(found.iter().any(|violation| violation.rule == rule), "{rule}: {found:?}");
}

#[tokio::test]
async fn finds_wrong_counters() {
    finds("the counters agree with the joins", &["UPDATE events SET confirmed = confirmed - 1 WHERE confirmed = 2"])
        .await;
    finds(
        "the counters agree with the joins",
        &["UPDATE joins SET status = 'ended', ended_at = now(), end_reason = 'left' WHERE status = 'waitlisted'"],
    )
    .await;
}

#[tokio::test]
async fn finds_an_oversold_event() {
    finds(
        "no event is oversold",
        &["UPDATE joins SET status = 'confirmed', confirmed_at = now(), confirmed_revision = 9, promoted = true WHERE status = 'waitlisted'"],
    )
    .await;
}

#[tokio::test]
async fn finds_an_overbooking_without_a_record() {
    finds("every overbooking has its record", &["UPDATE events SET capacity = 1, overbooked = 1 WHERE confirmed = 2"])
        .await;
}

#[tokio::test]
async fn finds_a_free_place_with_a_line() {
    finds(
        "no place is free while somebody waits whose turn it is",
        &["UPDATE events SET capacity = 3 WHERE confirmed = 2"],
    )
    .await;
    finds("no place is free while somebody waits whose turn it is", &["UPDATE events SET capacity = NULL"]).await;
}

#[tokio::test]
async fn finds_somebody_who_is_in_twice() {
    finds(
        "nobody is in twice",
        &["DROP INDEX joins_one_live", "UPDATE joins SET user_id = (SELECT user_id FROM joins LIMIT 1)"],
    )
    .await;
}

#[tokio::test]
async fn finds_a_place_given_out_of_order() {
    finds(
        "places were given in order of arrival",
        &["UPDATE joins SET given_revision = 100 WHERE line_no = 1 AND status = 'confirmed'"],
    )
    .await;
    finds(
        "places were given in order of arrival",
        &["UPDATE joins SET status = 'confirmed', confirmed_at = now(), confirmed_revision = 9, promoted = true WHERE line_no = 4"],
    )
    .await;
    finds(
        "nobody was passed more often than it is counted",
        &["UPDATE joins SET passed = 1 WHERE line_no = 3", "UPDATE joins SET line_no = line_no + 10 WHERE line_no < 3"],
    )
    .await;
    finds("nobody is passed more often than any rule allows", &["UPDATE joins SET passed = 21 WHERE line_no = 3"])
        .await;
}

#[tokio::test]
async fn finds_a_forgotten_deadline() {
    finds(
        "an event knows its first deadline",
        &["UPDATE joins SET due_at = now(), due_for = 'answers' WHERE line_no = 1 AND status = 'confirmed'"],
    )
    .await;
}

#[tokio::test]
async fn finds_a_banned_person_who_is_in_and_bans_that_are_not_counted() {
    let ban = "INSERT INTO bans SELECT event_id, user_id, user_id, now() FROM joins WHERE line_no = 1 AND status = 'confirmed'";
    finds("nobody who is banned is in", &[ban]).await;
    finds("the bans are counted", &[ban]).await;
}

#[tokio::test]
async fn finds_a_place_out_of_turn_that_nobody_gave() {
    finds(
        "whoever was picked out of turn was picked by somebody",
        &["UPDATE joins SET way = 'picked' WHERE line_no = 2 AND status = 'confirmed'"],
    )
    .await;
}

#[tokio::test]
async fn finds_somebody_inside_who_was_not_let_in() {
    finds(
        "the door agrees with what was scanned",
        &["INSERT INTO scans (event_id, id, line_no, kind, people, outcome, scanned_at, received_at, gate, device, steward_id)
           SELECT event_id, id, line_no, 'in', 1, 'accepted', now(), now(), '', '', user_id FROM joins WHERE line_no = 1 AND status = 'confirmed'"],
    )
    .await;
}

#[tokio::test]
async fn finds_reserved_places_that_are_not_counted() {
    let invitation = "INSERT INTO invitations (id, event_id, code, label, uses_left, reserved, created_by, created_at)
         SELECT id, id, 'a code long enough', 'x', 1, 2, id, now() FROM events WHERE capacity = 3";
    finds("the counters agree with the joins", &[invitation]).await;
    finds(
        "no event is oversold",
        &[
            "ALTER TABLE events DROP CONSTRAINT events_never_oversold",
            "UPDATE events SET reserved = 1 WHERE confirmed = 2",
        ],
    )
    .await;
}

#[tokio::test]
async fn finds_a_number_that_will_be_given_twice() {
    finds(
        "arrivals are numbered below the event's next number",
        &["UPDATE events SET next_line_no = 4 WHERE confirmed = 2"],
    )
    .await;
}

#[tokio::test]
async fn finds_somebody_in_a_cancelled_event() {
    finds(
        "a cancelled event has nobody in",
        &["UPDATE joins SET status = 'confirmed', ended_at = NULL, end_reason = NULL WHERE status = 'ended'"],
    )
    .await;
}

#[tokio::test]
async fn finds_an_answer_that_is_not_true() {
    let rule = "a kept answer tells what happened";
    finds(rule, &["DELETE FROM joins WHERE line_no = 4"]).await;
    finds(
        rule,
        &["UPDATE joins SET status = 'waitlisted', confirmed_at = NULL, confirmed_revision = NULL WHERE line_no = 2"],
    )
    .await;
    let world = busy().await;
    let person = world.people.person("Zoë");
    let event = world.event(1).await.id;
    world.join_with(&person, event, json!({})).await.expect(200);
    world.leave(&person, event).await.expect(200);
    world.assert_sound().await;
    world
        .sql("UPDATE joins SET status = 'confirmed', ended_at = NULL, end_reason = NULL WHERE end_reason = 'left'")
        .await;
    assert!(joins::audit(&world.pool).await.unwrap().iter().any(|it| it.rule == rule));
}

/// The database itself refuses what the code must never do.
#[tokio::test]
async fn the_constraints_refuse_overselling() {
    let world = busy().await;
    let mut refused = Vec::new();
    for statement in [
        "UPDATE events SET confirmed = confirmed + 1 WHERE confirmed = 2",
        "UPDATE events SET confirmed = confirmed + 1, overbooked = 5 WHERE confirmed = 2",
        "UPDATE events SET confirmed = -1 WHERE capacity = 3",
        "UPDATE events SET waitlisted = 0 WHERE confirmed = 2",
        "UPDATE events SET confirmed = 1 WHERE status = 'cancelled'",
        "INSERT INTO joins (event_id, line_no, id, user_id, status, party_size, joined_at)
         SELECT event_id, 99, gen_random_uuid(), user_id, 'waitlisted', 1, now() FROM joins WHERE line_no = 2",
    ] {
        let error = sqlx::query(statement).execute(&world.pool).await.unwrap_err();
        refused.push(platform::db::violated_constraint(&error).unwrap_or_default().to_owned());
    }
    assert_eq!(
        refused,
        [
            "events_never_oversold",
            "events_overbooked_is_the_excess",
            "events_confirmed_not_negative",
            "events_line_agrees",
            "events_cancelled_is_empty",
            "joins_one_live",
        ]
    );
}

#[tokio::test]
async fn finds_places_that_are_wrongly_used_up_or_not() {
    let rule = "places are used up by those who were inside when their joins ended";
    finds(rule, &["UPDATE events SET used = 1 WHERE confirmed = 0 AND capacity = 3"]).await;
    finds(
        rule,
        &["UPDATE joins SET status = 'ended', ended_at = now(), end_reason = 'left', arrived_at = now(), inside = 1 WHERE line_no = 2"],
    )
    .await;
}
