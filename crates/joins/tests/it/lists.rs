use contracts::{
    EventId,
    auth::{Locale, UserChanged},
};
use platform::identity::Role;
use serde_json::{Value, json};
use testkit::{Person, noon};

use crate::support::{World, key};

async fn named(world: &World, name: &str) -> Person {
    let person = world.people.person(name);
    tell_name(world, &person, name).await;
    person
}

async fn tell_name(world: &World, person: &Person, name: &str) {
    let message = UserChanged {
        user_id: person.id,
        email: "somebody@example.org".to_owned(),
        display_name: name.to_owned(),
        locale: Locale::En,
        email_verified: true,
    };
    world.deliver(&message).await;
}

fn field<'a>(page: &'a Value, name: &str) -> Vec<&'a Value> {
    page["items"].as_array().unwrap().iter().map(|item| &item[name]).collect()
}

#[tokio::test]
async fn the_organiser_sees_who_comes_page_by_page_in_order_of_arrival() {
    let world = World::new().await;
    let event = world.event(2).await.id;
    let mut people = Vec::new();
    for name in ["Ada", "Bob", "Cem", "Dora", "Edda"] {
        people.push(named(&world, name).await);
        world.join(people.last().unwrap(), event).await.expect(200);
    }
    let client = world.client().as_person(&world.organiser);
    let path = format!("/api/v1/events/{event}/participants");
    let first = client.get(&format!("{path}?limit=2")).await.expect(200).json;
    assert_eq!(field(&first, "display_name"), ["Ada", "Bob"]);
    assert_eq!(field(&first, "status"), ["confirmed", "confirmed"]);
    let next = |page: &Value| format!("{path}?limit=2&cursor={}", page["next_cursor"].as_str().unwrap());
    let second = client.get(&next(&first)).await.expect(200).json;
    assert_eq!(field(&second, "display_name"), ["Cem", "Dora"]);
    assert_eq!(field(&second, "position"), [&json!(1), &json!(2)]);
    // Rows come and go; the cursor stays valid, and nobody is seen twice or missed.
    world.leave(&people[0], event).await.expect(200);
    world.leave(&people[3], event).await.expect(200);
    let third = client.get(&next(&second)).await.expect(200).json;
    assert_eq!(field(&third, "display_name"), ["Edda"]);
    assert_eq!(field(&third, "position"), [&json!(1)]);
    assert_eq!(third["next_cursor"], Value::Null);
    let line = client.get(&format!("{path}?status=waitlisted")).await.expect(200).json;
    assert_eq!(field(&line, "display_name"), ["Edda"]);
    for person in &people[..2] {
        world.join(person, event).await; // Ada comes again; Bob has a place
    }
    world.join(&people[3], event).await.expect(200);
    let first = client.get(&format!("{path}?status=waitlisted&limit=1")).await.expect(200).json;
    let second = format!("{path}?status=waitlisted&limit=2&cursor={}", first["next_cursor"].as_str().unwrap());
    let second = client.get(&second).await.expect(200).json;
    assert_eq!(field(&second, "display_name"), ["Ada", "Dora"]);
    assert_eq!(field(&second, "position"), [&json!(2), &json!(3)]);
    let in_already = client.get(&format!("{path}?status=confirmed")).await.expect(200).json;
    assert_eq!(field(&in_already, "display_name"), ["Bob", "Cem"]);
    assert_eq!(field(&in_already, "position"), [&Value::Null, &Value::Null]);
    for (query, bad) in [("cursor=x", "cursor"), ("limit=0", "limit"), ("status=ended", "status"), ("page=2", "page")] {
        assert_eq!(client.get(&format!("{path}?{query}")).await.expect(422).field(), bad);
    }
}

#[tokio::test]
async fn nobody_else_sees_who_comes() {
    let world = World::new().await;
    let mut event = world.event(2).await;
    let stranger = world.people.person("Eve");
    let moderator = world.people.with("Mo", Role::Moderator, true);
    for path in ["participants", "participants.csv"].map(|it| format!("/api/v1/events/{}/{it}", event.id)) {
        world.client().get(&path).await.expect(401);
        assert_eq!(world.client().as_person(&stranger).get(&path).await.expect(403).code(), "forbidden");
        world.client().as_person(&moderator).get(&path).await.expect(200);
    }
    world.unpublish(&mut event).await;
    let path = format!("/api/v1/events/{}/participants", event.id);
    world.client().as_person(&stranger).get(&path).await.expect(404);
    world.client().as_person(&world.organiser).get(&path).await.expect(200);
    let nowhere = format!("/api/v1/events/{}/participants", key());
    world.client().as_person(&moderator).get(&nowhere).await.expect(404);
}

#[tokio::test]
async fn the_table_is_whole_and_harmless() {
    let world = World::new().await;
    let event = world.event(601).await.id;
    let evil = named(&world, "=HYPERLINK(\"http://evil\";\"Ada\")").await;
    world.join_with(&evil, event, json!({ "party_size": 2 })).await.expect(200);
    // More than a page of the export.
    world
        .sql(
            "INSERT INTO joins (event_id, line_no, id, user_id, status, party_size, joined_at, confirmed_at, confirmed_revision)
             SELECT e.id, n, gen_random_uuid(), gen_random_uuid(), 'confirmed', 1, now(), now(), n
             FROM events e, generate_series(2, 600) n",
        )
        .await;
    world.sql("UPDATE events SET confirmed = 601, next_line_no = 601, revision = 600").await;
    let last = named(&world, "Zoë, \"Z\"").await;
    world.join(&last, event).await.expect(200);
    let client = world.client().as_person(&world.organiser);
    let answer = client.get(&format!("/api/v1/events/{event}/participants.csv")).await.expect(200);
    assert_eq!(answer.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(answer.headers["content-disposition"], format!("attachment; filename=\"participants-{event}.csv\""));
    let text = String::from_utf8(answer.body).unwrap();
    let lines: Vec<&str> = text.trim_end().split("\r\n").collect();
    assert_eq!(lines.len(), 602);
    assert_eq!(
        lines[0],
        "\u{feff}\"name\",\"status\",\"position\",\"party_size\",\"joined_at\",\"join_id\",\"guests\",\"arrived_at\""
    );
    assert!(
        lines[1].starts_with(
            "\"'=HYPERLINK(\"\"http://evil\"\";\"\"Ada\"\")\",\"confirmed\",\"\",\"2\",\"2026-06-08T12:00:00Z\","
        ),
        "{}",
        lines[1]
    );
    assert!(lines[601].starts_with("\"Zoë, \"\"Z\"\"\",\"waitlisted\",\"1\",\"1\","), "{}", lines[601]);
    world.assert_sound().await;
}

#[tokio::test]
async fn the_latest_name_counts() {
    let world = World::new().await;
    let event = world.event(2).await.id;
    let ada = world.people.person("Ada");
    world.join(&ada, event).await.expect(200);
    let client = world.client().as_person(&world.organiser);
    let path = format!("/api/v1/events/{event}/participants");
    assert_eq!(field(&client.get(&path).await.json, "display_name"), [""]);
    for name in ["Ada", "Ada L."] {
        tell_name(&world, &ada, name).await;
        assert_eq!(field(&client.get(&path).await.json, "display_name"), [name]);
    }
}

#[tokio::test]
async fn my_places_come_by_date() {
    let world = World::new().await;
    let ada = world.people.person("Ada");
    let mut ids = Vec::new();
    for days in [3, 1, 2, -1, -3, -2] {
        let mut event = world.event(1).await;
        world.join(&ada, event.id).await.expect(200);
        world
            .edit(&mut event, |it| {
                it.starts_at = noon() + chrono::TimeDelta::days(days);
                it.ends_at = it.starts_at + chrono::TimeDelta::hours(1);
            })
            .await;
        ids.push(event.id);
    }
    let others = world.crowd(2);
    let waiting = world.event(1).await.id;
    world.join(&others[0], waiting).await.expect(200);
    world.join(&others[1], waiting).await.expect(200);
    world.join(&ada, waiting).await.expect(200);
    let gone = world.event(1).await.id;
    world.join(&ada, gone).await.expect(200);
    world.leave(&ada, gone).await.expect(200);

    let client = world.client().as_person(&ada);
    let pages = async |when: &str| {
        let (mut seen, mut cursor) = (Vec::<(EventId, Value)>::new(), String::new());
        loop {
            let page = client.get(&format!("/api/v1/me/joins?when={when}&limit=2{cursor}")).await.expect(200).json;
            for item in page["items"].as_array().unwrap() {
                seen.push((serde_json::from_value(item["event_id"].clone()).unwrap(), item["position"].clone()));
            }
            let Some(next) = page["next_cursor"].as_str() else { return seen };
            cursor = format!("&cursor={next}");
        }
    };
    let upcoming = [ids[1], ids[2], ids[0]].map(|id| (id, Value::Null));
    let (last, rest) = pages("upcoming").await.split_last().map(|(last, rest)| (last.clone(), rest.to_vec())).unwrap();
    assert_eq!(rest, upcoming);
    assert_eq!(last, (waiting, json!(2)));
    assert_eq!(pages("past").await, [ids[3], ids[5], ids[4]].map(|id| (id, Value::Null)));
    let default = client.get("/api/v1/me/joins").await.expect(200).json;
    assert_eq!(field(&default, "event_id")[0], &json!(ids[1]));
    assert_eq!(client.get("/api/v1/me/joins?when=never").await.expect(422).field(), "when");
    world.client().get("/api/v1/me/joins").await.expect(401);
}

#[tokio::test]
async fn the_event_page_learns_what_the_viewer_can_do() {
    let world = World::new().await;
    let mut event = world.event(1).await;
    let people = world.crowd(2);
    let path = format!("/internal/joins/events/{}/view", event.id);
    let view = async |person: &Person| world.client().as_person(person).get(&path).await.expect(200).json;
    let fresh = view(&people[0]).await;
    assert_eq!(fresh["places"], json!({ "capacity": 1, "confirmed": 0, "waitlisted": 0, "held": 0 }));
    assert_eq!(fresh["participation"]["status"], "none");
    assert_eq!(fresh["participation"]["joined_at"], Value::Null);
    let actions = |can_join: bool, can_leave: bool, reason: Value| json!({ "can_join": can_join, "can_leave": can_leave, "can_claim": false, "can_check_in": false, "reason": reason });
    assert_eq!(fresh["actions"], actions(true, false, Value::Null));
    assert_eq!((&fresh["line"]["phase"], &fresh["overlaps"]), (&json!("automatic"), &json!([])));
    for person in &people {
        world.join(person, event.id).await.expect(200);
    }
    let waiting = view(&people[1]).await;
    assert_eq!(waiting["participation"]["position"], 1);
    assert_eq!(waiting["actions"], actions(false, true, json!("already_joined")));
    let unverified = view(&world.people.with("Eve", Role::User, false)).await;
    assert_eq!(unverified["actions"]["reason"], "email_not_verified");
    let anonymous = world.client().get(&path).await.expect(200).json;
    assert_eq!(anonymous["participation"], Value::Null);
    assert_eq!(anonymous["actions"], actions(false, false, json!("unauthenticated")));
    world.cancel(&mut event).await;
    assert_eq!(view(&people[0]).await["actions"], actions(false, false, json!("event_not_open")));
    world.client().get(&format!("/internal/joins/events/{}/view", key())).await.expect(404);
}

#[tokio::test]
async fn places_of_many_events_at_once() {
    let world = World::new().await;
    let (one, two) = (world.event(1).await.id, world.event(None).await.id);
    let places =
        world.client().get(&format!("/internal/joins/places?ids={one},{},{two}", key())).await.expect(200).json;
    let free = |capacity: Value| json!({ "capacity": capacity, "confirmed": 0, "waitlisted": 0, "held": 0 });
    assert_eq!(places, json!({ one.to_string(): free(json!(1)), two.to_string(): free(Value::Null) }));
    assert_eq!(world.client().get("/internal/joins/places?ids=").await.expect(200).json, json!({}));
    assert_eq!(world.client().get("/internal/joins/places?ids=x").await.expect(422).field(), "ids");
    let many = vec![one.to_string(); 101].join(",");
    assert_eq!(world.client().get(&format!("/internal/joins/places?ids={many}")).await.expect(422).field(), "ids");
    let known = world.client().get(&format!("/internal/joins/events/{one}")).await.expect(200).json;
    assert_eq!((&known["version"], &known["revision"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn a_cancelled_event_stays_among_my_places_and_what_i_left_does_not() {
    let world = World::new().await;
    let (mut cancelled, left) = (world.event(1).await, world.event(1).await.id);
    let (ada, bob) = (world.people.person("Ada"), world.people.person("Bob"));
    for person in [&ada, &bob] {
        world.join(person, cancelled.id).await.expect(200);
        world.join(person, left).await.expect(200);
        world.leave(person, left).await.expect(200);
    }
    world.cancel(&mut cancelled).await;
    for person in [&ada, &bob] {
        let mine = world.client().as_person(person).get("/api/v1/me/joins").await.expect(200);
        let items = mine.json["items"].as_array().unwrap();
        assert_eq!(items.len(), 1, "{}", mine.json);
        assert_eq!((&items[0]["event_id"], &items[0]["status"]), (&json!(cancelled.id), &json!("cancelled")));
        assert_eq!(items[0]["position"], json!(null));
    }
}

#[tokio::test]
async fn the_organiser_sees_page_by_page_whom_they_do_not_want_until_they_want_them_again() {
    let world = World::new().await;
    let event = world.event(2).await.id;
    let client = world.client().as_person(&world.organiser);
    let mut people = Vec::new();
    for name in ["Ada", "Bob", "Cem"] {
        let person = named(&world, name).await;
        let path = format!("/api/v1/events/{event}/participants/{}/ban", person.id);
        client.post(&path, json!({})).await.expect(200);
        people.push(person);
    }
    let path = format!("/api/v1/events/{event}/bans");
    let all = client.get(&path).await.expect(200).json;
    assert_eq!(all["items"].as_array().unwrap().len(), 3);
    assert_eq!(all["next_cursor"], Value::Null);
    let first = client.get(&format!("{path}?limit=2")).await.expect(200).json;
    let next = format!("{path}?limit=2&cursor={}", first["next_cursor"].as_str().unwrap());
    let second = client.get(&next).await.expect(200).json;
    assert_eq!([field(&first, "user_id"), field(&second, "user_id")].concat(), field(&all, "user_id"));
    let unban = format!("/api/v1/events/{event}/participants/{}/unban", people[1].id);
    client.post(&unban, json!({})).await.expect(200);
    let mut left = field(&client.get(&path).await.expect(200).json, "display_name")
        .into_iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect::<Vec<_>>();
    left.sort();
    assert_eq!(left, ["Ada", "Cem"]);
    let stranger = world.people.person("Eve");
    world.client().as_person(&stranger).get(&path).await.expect(403);
}
