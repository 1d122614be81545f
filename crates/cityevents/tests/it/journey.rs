//! The main job over the API, with real mails.

use std::time::Duration;

use serde_json::json;
use testkit::eventually;
use tokio::time::timeout;

use crate::support::{Api, Server};

const PASSWORD: &str = "quiet harbour lantern 42";

/// Registers, opens the mailed link's token, and signs in.
async fn sign_up(server: &Server, email: &str, name: &str) -> Api {
    let nobody = server.nobody();
    let body = json!({ "email": email, "password": PASSWORD, "display_name": name });
    nobody.post("/api/v1/auth/register", body).await.expect(202);
    let mail = server.mail(&[email, "/verify-email?token="]).await;
    let token: String = mail
        .split("/verify-email?token=")
        .nth(1)
        .unwrap()
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .collect();
    nobody.post("/api/v1/auth/verify-email", json!({ "token": token })).await.expect(204);
    let tokens = nobody.post("/api/v1/auth/token", json!({ "email": email, "password": PASSWORD })).await.expect(200);
    Api::new(&server.base, tokens.json["access_token"].as_str())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_find_join_leave_and_the_line_moves() {
    let server = Server::start().await;
    let organiser = sign_up(&server, "olga@example.org", "Olga").await;
    let event = organiser.publish(Some(1)).await;

    // The list has it as soon as publishing was answered.
    let found = server.nobody().get("/api/v1/events?q=lantern").await.expect(200);
    assert_eq!(found.json["items"][0]["id"], *event);

    let ada = sign_up(&server, "ada@example.org", "Ada").await;
    let ben = sign_up(&server, "ben@example.org", "Ben").await;
    assert_eq!(ada.join(&event, "a").await.expect(200).json["status"], "confirmed");
    let line = ben.join(&event, "b").await.expect(200);
    assert_eq!((line.json["status"].as_str(), line.json["position"].as_i64()), (Some("waitlisted"), Some(1)));
    server.mail(&["ada@example.org", "text/calendar"]).await;

    let page = ben.get(&format!("/api/v1/events/{event}")).await.expect(200);
    assert_eq!(page.json["places"], json!({ "capacity": 1, "confirmed": 1, "waitlisted": 1, "held": 0 }));
    assert_eq!(page.json["participation"]["position"], 1);
    assert_eq!(page.json["actions"]["can_leave"], true);
    assert_eq!(page.json["degraded"], json!([]));

    assert_eq!(ada.leave(&event, "c").await.expect(200).json["status"], "left");
    let page = ben.get(&format!("/api/v1/events/{event}")).await.expect(200);
    assert_eq!(page.json["participation"]["status"], "confirmed", "the next in line is in");

    let participants = organiser.get(&format!("/api/v1/events/{event}/participants")).await.expect(200);
    assert_eq!(participants.json["items"][0]["display_name"], "Ben");
    let mine = ben.get("/api/v1/me/joins").await.expect(200);
    assert_eq!(mine.json["items"][0]["event"]["title"], "Evening of lanterns");

    organiser.post(&format!("/api/v1/events/{event}/cancel"), json!({ "reason": "Storm" })).await.expect(200);
    server.mail(&["ben@example.org", "METHOD:CANCEL"]).await;
    let gone = server.nobody().get("/api/v1/events?q=lantern").await.expect(200);
    assert_eq!(gone.json["items"], json!([]));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn capacity_below_the_confirmed_count_needs_consent() {
    let server = Server::start().await;
    let people = server.people(4).await;
    let organiser = &people[0];
    let event = organiser.publish(Some(3)).await;
    for person in &people[1..] {
        person.join(&event, "in").await.expect(200);
    }
    let path = format!("/api/v1/events/{event}");
    let version = organiser.get(&path).await.json["version"].as_i64().unwrap();
    let refused = organiser.patch(&path, version, json!({ "capacity": 2 })).await.expect(409);
    assert_eq!((refused.code(), refused.field()), ("capacity_below_confirmed", "capacity"));
    assert_eq!(refused.json["detail"], "3 places are taken already.");
    let small = organiser.publish(Some(2)).await;
    people[1].join(&small, "small").await.expect(200);
    let small = format!("/api/v1/events/{small}");
    let its_version = organiser.get(&small).await.json["version"].as_i64().unwrap();
    let refused = organiser.patch(&small, its_version, json!({ "capacity": 0 })).await.expect(409);
    assert_eq!(refused.json["errors"][0]["detail"], "One place is taken already.");
    let accepted = json!({ "capacity": 2, "accept_overbooking": true });
    organiser.patch(&path, version, accepted).await.expect(200);
    let places = eventually("the new capacity to arrive", async || {
        let places = organiser.get(&path).await.json["places"].clone();
        (places["capacity"] == 2).then_some(places)
    })
    .await;
    assert_eq!(places["confirmed"], 3, "nobody loses a place");
    assert!(joins::audit(&server.pool("joins")).await.unwrap().is_empty());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_edit_keeps_no_place_back() {
    let server = Server::start().await;
    let people = server.people(3).await;
    let organiser = &people[0];
    let event = organiser.publish(Some(2)).await;
    people[1].join(&event, "in").await.expect(200);
    let path = format!("/api/v1/events/{event}");
    let version = organiser.get(&path).await.json["version"].as_i64().unwrap();
    organiser.patch(&path, version, json!({ "capacity": 1, "title": "" })).await.expect(422);
    organiser.patch(&path, version + 7, json!({ "capacity": 1 })).await.expect(412);
    assert_eq!(people[2].join(&event, "in").await.expect(200).json["status"], "confirmed");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_of_an_event_that_is_not_public_are_nobodys_business() {
    let server = Server::start().await;
    let people = server.people(1).await;
    let event = people[0].publish(Some(2)).await;
    let path = format!("/api/v1/events/{event}");
    let watching = server.nobody().request("GET", &format!("{path}/live")).send().await.unwrap();
    people[0].post(&format!("{path}/unpublish"), json!({})).await.expect(200);
    // Whoever watched hears no more of it, and nobody else begins to.
    timeout(Duration::from_secs(20), watching.bytes()).await.expect("the stream ends").unwrap();
    server.nobody().get(&format!("{path}/live")).await.expect(404);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_raised_capacity_promotes_and_mails() {
    let server = Server::start().await;
    let organiser = sign_up(&server, "olga@example.org", "Olga").await;
    let event = organiser.publish(Some(1)).await;
    for (email, name, status) in [("ada@example.org", "Ada", "confirmed"), ("ben@example.org", "Ben", "waitlisted")] {
        let person = sign_up(&server, email, name).await;
        assert_eq!(person.join(&event, "in").await.expect(200).json["status"], status);
    }
    let path = format!("/api/v1/events/{event}");
    let version = organiser.get(&path).await.json["version"].as_i64().unwrap();
    organiser.patch(&path, version, json!({ "capacity": 2 })).await.expect(200);
    let mail = server.mail(&["ben@example.org", "You're in: Evening of lanterns"]).await;
    assert!(mail.contains("text/calendar") && mail.contains("image/png"), "with calendar entry and ticket: {mail}");
    let places = organiser.get(&path).await.json["places"].clone();
    assert_eq!(places, json!({ "capacity": 2, "confirmed": 2, "waitlisted": 0, "held": 0 }));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_does_not_replace_an_account_by_mistake() {
    let server = Server::start().await;
    let admin = |arguments: &[&str]| {
        let mut command = crate::support::binary(&server.data_dir.0);
        let output =
            command.env("CITYEVENTS__DATABASE__URL", server.db.url()).arg("admin").args(arguments).output().unwrap();
        let said = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap()).concat();
        (output.status.success(), said)
    };
    let (made, said) = admin(&["create-user", "ada@example.org", "--name", "Ada"]);
    assert!(made, "{said}");
    let password = said.trim().rsplit(' ').next().unwrap().to_owned();
    let (made, said) = admin(&["create-user", "ada@example.org", "--name", "Eve", "--role", "admin"]);
    assert!(!made && said.contains("admin set-role"), "{said}");
    let (set, said) = admin(&["set-role", "ada@example.org", "moderator"]);
    assert!(set && said.contains("Every sign-in of the account has ended"), "{said}");
    let sign_in = json!({ "email": "ada@example.org", "password": password });
    let user = server.nobody().post("/api/v1/auth/login", sign_in).await.expect(200).json["user"].clone();
    assert_eq!((&user["display_name"], &user["role"]), (&json!("Ada"), &json!("moderator")));
    server.stop().await;
}
