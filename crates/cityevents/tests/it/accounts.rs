//! Accounts that begin with a place, and accounts that end.

use platform::{Clock, identity::Role, outbox::Outbox, random};
use reqwest::RequestBuilder;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use testkit::eventually;

use crate::support::{Api, Server};

/// Somebody with an account: as an API client, and the password.
async fn person(server: &Server, email: &str, name: &str) -> (Api, String) {
    let clock = Clock::system();
    let admin = auth::admin::Admin::new(server.pool("auth"), Outbox::new(clock.clone()), clock);
    let created = admin.create_user(email, None, name, Role::User).await.unwrap();
    let password = created.password.expose_secret().to_owned();
    let body = json!({ "email": email, "password": password });
    let tokens = server.nobody().post("/api/v1/auth/token", body).await.expect(200);
    (Api::new(&server.base, tokens.json["access_token"].as_str()), password)
}

/// What a browser sends that has a cookie and is on a page of `site`.
fn browser(server: &Server, site: &str, cookie: &str, method: &str, path: &str, body: &Value) -> RequestBuilder {
    let request = server.nobody().request(method, path).header("cookie", cookie).header("sec-fetch-site", site);
    if body.is_null() { request } else { request.header("content-type", "application/json").body(body.to_string()) }
}

const OWN: &str = "same-origin";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_account_is_signed_out_everywhere_and_its_events_are_called_off() {
    let a = Server::start().await;
    let b = a.replica().await;
    let (olga, password) = person(&a, "olga@example.org", "Olga").await;
    let (ben, _) = person(&a, "ben@example.org", "Ben").await;
    let event = olga.publish(Some(5)).await;
    ben.join(&event, "in").await.expect(200);
    a.mail(&["ben@example.org", "text/calendar"]).await;
    let sign_in = json!({ "email": "olga@example.org", "password": password });
    let login = a.nobody().post("/api/v1/auth/login", sign_in.clone()).await.expect(200);
    let cookie = login.header("set-cookie").split(';').next().unwrap().to_owned();
    let there = Api::new(&b.base, None);
    let me = async || Api::send(there.request("GET", "/api/v1/me").header("cookie", &cookie)).await;
    me().await.expect(200);
    olga.at(&b.base).get("/api/v1/me").await.expect(200);

    let farewell = json!({ "password": password });
    let leave = async |site| Api::send(browser(&a, site, &cookie, "DELETE", "/api/v1/me", &farewell)).await;
    assert_eq!(leave("cross-site").await.expect(403).code(), "cross_site_request");
    let gone = leave(OWN).await.expect(204);
    assert!(gone.header("set-cookie").contains("Max-Age=0"), "{}", gone.header("set-cookie"));
    eventually("every replica to know that the cookie's sign-in has ended", async || {
        (me().await.status == 401).then_some(())
    })
    .await;
    eventually("every replica to know that the API client's sign-in has ended", async || {
        (olga.get("/api/v1/me").await.status + olga.at(&b.base).get("/api/v1/me").await.status == 802).then_some(())
    })
    .await;
    a.nobody().post("/api/v1/auth/login", sign_in).await.expect(401);

    a.mail(&["ben@example.org", "METHOD:CANCEL", "account was deleted"]).await;
    let page = eventually("the event to be called off", async || {
        let page = ben.get(&format!("/api/v1/events/{event}")).await.expect(200).json;
        (page["status"] == "cancelled").then_some(page)
    })
    .await;
    assert_eq!(page["organiser"]["display_name"], "Deleted account");
    let cards = eventually("the lists to forget the name", async || {
        let mine = ben.get("/api/v1/me/joins?when=upcoming").await.expect(200).text;
        (!mine.contains("Olga")).then_some(mine)
    })
    .await;
    assert!(cards.contains(&event), "{cards}");
    a.stop().await;
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_by_address_alone_signs_the_browser_in_at_its_own_door_only() {
    let server = Server::start().await;
    let organiser = server.people(1).await.remove(0);
    let event = organiser.publish(Some(5)).await;
    let nobody = server.nobody();
    let wish = json!({ "email": "ada@example.org", "display_name": "Ada", "event_id": event, "party_size": 2 });
    nobody.post("/api/v1/auth/quick-join", wish).await.expect(202);
    // What the mail says is known to its reader alone: the test writes a link of its own.
    sqlx::query("UPDATE one_time_tokens SET fingerprint = $1 WHERE purpose = 'quick_join'")
        .bind(random::fingerprint("as mailed"))
        .execute(&server.pool("auth"))
        .await
        .unwrap();
    let token = json!({ "token": "as mailed" });
    let shown = nobody.post("/api/v1/auth/quick-join/look", token.clone()).await.expect(200);
    assert_eq!((&shown.json["display_name"], &shown.json["party_size"]), (&json!("Ada"), &json!(2)));
    assert_eq!(shown.header("set-cookie"), "");

    let confirm = || {
        let request = nobody.request("POST", "/api/v1/auth/quick-join/confirm");
        request.header("content-type", "application/json").body(token.to_string())
    };
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
        assert_eq!(Api::send(confirm().header(name, value)).await.expect(403).code(), "cross_site_request", "{name}");
    }
    let confirmed = Api::send(confirm().header("sec-fetch-site", "same-origin")).await.expect(200);
    let set = confirmed.header("set-cookie");
    for attribute in ["__Host-session=", "HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(set.contains(attribute), "{attribute} is missing in {set}");
    }
    assert_eq!(confirmed.header("x-cityevents-session"), "", "the token travels in the cookie only");
    assert_eq!((&confirmed.json["event_id"], &confirmed.json["party_size"]), (&json!(event), &json!(2)));

    let cookie = set.split(';').next().unwrap();
    let path = format!("/api/v1/events/{event}/join");
    let join = browser(&server, OWN, cookie, "POST", &path, &json!({ "party_size": 2 }));
    let joined = Api::send(join.header("idempotency-key", "quick")).await.expect(200);
    assert_eq!(joined.json["status"], "confirmed");
    let me = async || Api::send(browser(&server, OWN, cookie, "GET", "/api/v1/me", &Value::Null)).await;
    let account = me().await.expect(200).json;
    assert_eq!((&account["email_verified"], &account["has_password"]), (&json!(true), &json!(false)));
    Api::send(browser(&server, OWN, cookie, "DELETE", "/api/v1/me", &json!({}))).await.expect(204);
    me().await.expect(401);
    server.stop().await;
}
