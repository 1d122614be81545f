//! Messages that come early, late, twice, or again.

use chrono::TimeDelta;
use contracts::{
    UserId,
    auth::Locale,
    events::{EventSnapshot, EventStatus, EventUnpublished},
    joins::{EndReason, JoinConfirmed, JoinOffered, JoinWaitlisted},
};
use testkit::noon;

use crate::support::{
    Scene, cancelled, confirmed, ended, event, moved, offered, requested, scene, silent_scene, user, waitlisted,
};

#[tokio::test]
async fn a_place_waits_until_event_and_person_are_known() {
    let scene = scene(None).await;
    let (event, ada) = (event(), UserId::new(noon()));
    scene.deliver(&confirmed(event.id, ada)).await;
    assert_eq!(scene.statuses().await, []);
    scene.publish(&event).await;
    scene.deliver_what_waits().await;
    assert_eq!(scene.statuses().await, []);
    scene.deliver(&user(ada, "ada", Locale::En)).await;
    scene.deliver_what_waits().await;
    assert_eq!(scene.mails(1).await[0]["to"], "ada@example.org");
}

#[tokio::test]
async fn a_cancelled_place_waits_for_the_reason() {
    let scene = scene(None).await;
    let (event, ada) = (event(), scene.person("ada", Locale::En).await);
    scene.publish(&event).await;
    let place = confirmed(event.id, ada);
    scene.deliver(&place).await;
    scene.mails(1).await;
    scene.clock.advance(TimeDelta::seconds(1));
    // The news that the place has gone may overtake the news why.
    scene.deliver(&ended(&place, EndReason::EventCancelled)).await;
    assert_eq!(scene.number("SELECT count(*) FROM mails").await, 1);
    scene.deliver(&cancelled(&event, "Storm")).await;
    scene.deliver_what_waits().await;
    let mails = scene.mails(2).await;
    assert!(mails[1]["text"].as_str().unwrap().contains("Storm"));
    assert!(mails[1]["attachments"].to_string().contains("SEQUENCE:4"));
}

/// Hands the messages of an outbox over, and once more as after a crash of the relay or of the worker.
async fn deliver_twice<P: contracts::Payload>(scene: &Scene, payload: &P) {
    scene.sql("CREATE TABLE IF NOT EXISTS copies (LIKE outbox)").await;
    let mut conn = scene.pool.acquire().await.unwrap();
    let outbox = platform::outbox::Outbox::new(platform::Clock::system());
    outbox.publish(&mut conn, payload).await.unwrap();
    drop(conn);
    scene.sql("INSERT INTO copies SELECT * FROM outbox").await;
    scene.db.settle(&scene.consumer).await;
    let again = "INSERT INTO outbox (id, kind, version, aggregate, payload, traceparent, occurred_at)
                 SELECT id, kind, version, aggregate, payload, traceparent, occurred_at FROM copies";
    scene.sql(again).await;
    scene.db.settle(&scene.consumer).await;
    // Even without the inbox.
    scene.sql("DELETE FROM inbox").await;
    scene.sql(again).await;
    scene.db.settle(&scene.consumer).await;
    scene.sql("DELETE FROM copies").await;
    assert_eq!(scene.number("SELECT count(*) FROM bus.deliveries").await, 0, "nothing failed");
}

#[tokio::test]
async fn a_message_that_comes_again_makes_no_second_mail() {
    let scene = silent_scene(None).await;
    let (event, ada) = (event(), scene.person("ada", Locale::En).await);
    scene.publish(&event).await;
    let place = confirmed(event.id, ada);
    deliver_twice(&scene, &place).await;
    assert_eq!(scene.number("SELECT count(*) FROM mails WHERE kind = 'join_confirmed'").await, 1);
    deliver_twice(&scene, &moved(&event)).await;
    assert_eq!(scene.number("SELECT count(*) FROM mails WHERE kind = 'event_changed'").await, 1);
    scene.deliver(&cancelled(&moved(&event).event, "Storm")).await;
    deliver_twice(&scene, &ended(&place, EndReason::EventCancelled)).await;
    assert_eq!(scene.number("SELECT count(*) FROM mails WHERE kind = 'event_cancelled'").await, 1);
    assert_eq!(scene.number("SELECT count(*) FROM mails").await, 3);
}

/// Every order in which a few things can be done.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![vec![]];
    }
    let mut all = Vec::new();
    for order in orders(count - 1) {
        for at in 0..=order.len() {
            let mut order = order.clone();
            order.insert(at, count - 1);
            all.push(order);
        }
    }
    all
}

#[tokio::test]
async fn what_the_roles_say_may_come_in_any_order() {
    // Of one role and aggregate the order holds; between roles it does not.
    for order in orders(4) {
        let scene = silent_scene(None).await;
        let (event, ada) = (event(), UserId::new(noon()));
        let place = confirmed(event.id, ada);
        let mut place_said = false;
        for step in order {
            match step {
                0 => scene.publish(&event).await,
                1 => scene.deliver(&user(ada, "ada", Locale::De)).await,
                // Two steps of one role.
                _ if place_said => scene.deliver(&ended(&place, EndReason::EventCancelled)).await,
                _ => {
                    scene.deliver(&place).await;
                    place_said = true;
                }
            }
        }
        scene.deliver_what_waits().await;
        scene.deliver(&cancelled(&event, "Storm")).await;
        scene.deliver_what_waits().await;
        scene.deliver_what_waits().await;
        let kinds: Vec<String> =
            sqlx::query_scalar("SELECT kind FROM mails ORDER BY kind").fetch_all(&scene.pool).await.unwrap();
        assert_eq!(kinds, ["event_cancelled", "join_confirmed"]);
        assert_eq!(scene.number("SELECT count(*) FROM attendances WHERE status = 'ended'").await, 1);
    }
}

#[tokio::test]
async fn an_old_message_that_an_operator_replays_brings_nothing_back() {
    let scene = silent_scene(None).await;
    let (event, ada) = (event(), scene.person("ada", Locale::En).await);
    scene.publish(&event).await;
    let waiting = waitlisted(event.id, ada, 1);
    let place = JoinConfirmed { join_id: waiting.join_id, ..confirmed(event.id, ada) };
    scene.deliver(&place).await;
    scene.deliver(&waiting).await;
    assert_eq!(scene.standing(event.id, ada).await, "confirmed");
    scene.deliver(&ended(&place, EndReason::Left)).await;
    scene.deliver(&place).await;
    assert_eq!(scene.standing(event.id, ada).await, "ended");
    assert_eq!(scene.number("SELECT count(*) FROM mails").await, 1);
    // Joining again is another join, and news.
    let again = confirmed(event.id, ada);
    scene.deliver(&again).await;
    assert_eq!(scene.standing(event.id, ada).await, "confirmed");
    assert_eq!(scene.number("SELECT count(*) FROM mails").await, 2);
    // That the first one has ended says nothing about the second.
    scene.sql("UPDATE attendances SET join_id = 'ffffffff-ffff-7fff-bfff-ffffffffffff'").await;
    scene.deliver(&ended(&place, EndReason::Left)).await;
    assert_eq!(scene.standing(event.id, ada).await, "confirmed");
}

#[tokio::test]
async fn a_join_goes_one_way() {
    let scene = silent_scene(None).await;
    let (event, ada) = (event(), scene.person("ada", Locale::En).await);
    scene.publish(&event).await;
    let asks = requested(event.id, ada);
    let join_id = asks.join_id;
    let waits = JoinWaitlisted { join_id, ..waitlisted(event.id, ada, 1) };
    let offer = JoinOffered { join_id, ..offered(event.id, ada) };
    let place = JoinConfirmed { join_id, ..confirmed(event.id, ada) };
    for (at, expected) in ["pending", "waitlisted", "offered", "confirmed"].iter().enumerate() {
        // Each step, and all those before it once more.
        scene.deliver(&asks).await;
        if at >= 1 {
            scene.deliver(&waits).await;
            scene.deliver(&asks).await;
        }
        if at >= 2 {
            scene.deliver(&offer).await;
            scene.deliver(&waits).await;
        }
        if at >= 3 {
            scene.deliver(&place).await;
            scene.deliver(&offer).await;
        }
        assert_eq!(scene.standing(event.id, ada).await, *expected);
        assert_eq!(scene.number("SELECT count(*) FROM mails").await, i64::try_from(at).unwrap() + 1);
    }
    scene.deliver(&ended(&place, EndReason::Left)).await;
    scene.deliver(&place).await;
    assert_eq!(scene.standing(event.id, ada).await, "ended");
}

#[tokio::test]
async fn the_newest_state_of_event_and_person_wins() {
    let scene = silent_scene(None).await;
    let (event, ada) = (event(), scene.person("ada", Locale::En).await);
    scene.deliver(&moved(&event)).await;
    scene.publish(&event).await;
    assert_eq!(scene.number("SELECT version FROM events").await, 4);
    let draft = EventSnapshot { version: 9, status: EventStatus::Draft, ..event };
    scene.deliver(&EventUnpublished { event: draft }).await;
    assert_eq!(scene.number("SELECT version FROM events").await, 9);
    scene.deliver(&user(ada, "countess", Locale::De)).await;
    let known: (String, String) =
        sqlx::query_as("SELECT email, locale FROM recipients").fetch_one(&scene.pool).await.unwrap();
    assert_eq!(known, ("countess@example.org".to_owned(), "de".to_owned()));
    scene.sql("UPDATE recipients SET changed_at = now() + interval '1 day'").await;
    scene.deliver(&user(ada, "ada", Locale::En)).await;
    assert_eq!(scene.number("SELECT count(*) FROM recipients WHERE display_name = 'countess'").await, 1);
}
