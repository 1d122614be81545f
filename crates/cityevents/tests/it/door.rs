//! The public door: cookies, CSRF, headers, live places, pages, problems.

use std::time::Duration;

use futures::StreamExt as _;
use serde_json::json;
use tokio::time::timeout;

use crate::support::{Api, Server};

async fn cookie(server: &Server) -> (String, Api) {
    let admin = auth::admin::Admin::new(
        server.pool("auth"),
        platform::outbox::Outbox::new(platform::Clock::system()),
        platform::Clock::system(),
    );
    let created = admin.create_user("kim@example.org", None, "Kim", platform::identity::Role::User).await.unwrap();
    let password = secrecy::ExposeSecret::expose_secret(&created.password).to_owned();
    let nobody = server.nobody();
    let body = json!({ "email": "kim@example.org", "password": password });
    let reply = nobody.post("/api/v1/auth/login", body).await.expect(200);
    let set = reply.header("set-cookie").to_owned();
    assert!(set.starts_with("__Host-session="), "{set}");
    for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(set.contains(attribute), "{attribute} is missing in {set}");
    }
    assert_eq!(reply.header("x-cityevents-session"), "", "the token travels in the cookie only");
    (set.split(';').next().unwrap().to_owned(), nobody)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cookie_signs_in_and_other_sites_cannot_use_it() {
    let server = Server::start().await;
    let (cookie, browser) = cookie(&server).await;
    let with = |request: reqwest::RequestBuilder| request.header("cookie", &cookie);
    assert_eq!(Api::send(with(browser.request("GET", "/api/v1/me"))).await.expect(200).json["display_name"], "Kim");

    let rename = |request: reqwest::RequestBuilder| {
        request.header("content-type", "application/json").body(r#"{"display_name":"Kim K"}"#)
    };
    for (name, value) in
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example")]
    {
        let request = rename(with(browser.request("PATCH", "/api/v1/me"))).header(name, value);
        assert_eq!(Api::send(request).await.expect(403).code(), "cross_site_request", "{name}: {value}");
    }
    let bare = rename(with(browser.request("PATCH", "/api/v1/me")));
    assert_eq!(Api::send(bare).await.expect(403).code(), "cross_site_request", "a cookie without any proof");
    let own = rename(with(browser.request("PATCH", "/api/v1/me"))).header("sec-fetch-site", "same-origin");
    Api::send(own).await.expect(200);
    let own = rename(with(browser.request("PATCH", "/api/v1/me"))).header("origin", &server.base);
    Api::send(own).await.expect(200);

    let out = with(browser.request("POST", "/api/v1/auth/logout")).header("sec-fetch-site", "same-origin");
    let out = Api::send(out).await.expect(204);
    assert!(out.header("set-cookie").contains("Max-Age=0"), "{}", out.header("set-cookie"));
    Api::send(with(browser.request("GET", "/api/v1/me"))).await.expect(401);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn internal_routes_and_headers_stay_inside() {
    let server = Server::start().await;
    let person = server.people(1).await.remove(0);
    for path in ["/internal/auth/introspect", "/internal/joins/places?ids=", "/api/v1/../../internal/auth/session"] {
        let status = person.get(path).await.status;
        assert_eq!(status, 404, "{path}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_says_which_request_it_was_and_protects_the_page() {
    let server = Server::start().await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let nobody = server.nobody();
    let reply =
        Api::send(nobody.request("GET", "/api/v1/events/nonsense").header("traceparent", trace)).await.expect(404);
    assert_eq!(reply.json["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(reply.header("x-request-id"), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(reply.header("content-type"), "application/problem+json");
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert!(reply.header("content-security-policy").contains("default-src 'none'"));
    nobody.get("/api/v1/nothing").await.expect(404);
    let wrong = Api::send(nobody.request("DELETE", "/api/v1/events")).await.expect(405);
    assert_eq!(wrong.code(), "method_not_allowed");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_has_not_changed_is_not_sent_again() {
    let server = Server::start().await;
    let people = server.people(2).await;
    let event = people[0].publish(Some(5)).await;
    let path = format!("/api/v1/events/{event}");
    let nobody = server.nobody();
    let etag = nobody.get(&path).await.expect(200).header("etag").to_owned();
    Api::send(nobody.request("GET", &path).header("if-none-match", &etag)).await.expect(304);
    people[1].join(&event, "k").await.expect(200);
    let changed = Api::send(nobody.request("GET", &path).header("if-none-match", &etag)).await.expect(200);
    // The page's tag is also what an edit takes.
    let edit = people[0].request("PATCH", &path).header("if-match", changed.header("etag"));
    Api::send(edit.header("content-type", "application/json").body(r#"{"title":"New"}"#)).await.expect(200);
    let lost = people[0].request("PATCH", &path).header("if-match", changed.header("etag"));
    let lost = Api::send(lost.header("content-type", "application/json").body(r#"{"title":"Newer"}"#)).await;
    assert_eq!(lost.expect(412).code(), "precondition_failed");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_address_of_an_event_that_takes_an_approval_is_not_public() {
    let server = Server::start().await;
    let people = server.people(2).await;
    let event = people[0].publish(Some(5)).await;
    let path = format!("/api/v1/events/{event}");
    assert!(server.nobody().get(&path).await.expect(200).text.contains("Uferweg 1"));
    let approval = json!({ "registration": { "access": "approval" } });
    people[0].patch(&path, 2, approval).await.expect(200);
    for stranger in [&server.nobody(), &people[1]] {
        let page = stranger.get(&path).await.expect(200);
        assert_eq!(page.json["venue"], json!({ "name": "Canal bridge", "address": null, "lat": null, "lon": null }));
        assert_eq!((&page.json["venue_hidden"], &page.json["degraded"]), (&json!(true), &json!([])));
        // The frame of the page is there only where the web app has been built.
        for path in [&path, "/api/v1/events", "/api/v1/events?q=lanterns", "/api/v1/feed", &format!("/events/{event}")]
        {
            let text = stranger.get(path).await.text;
            for secret in ["Uferweg", "52.49", "13.42"] {
                assert!(!text.contains(secret), "{path} says {secret}: {text}");
            }
        }
    }
    let own = people[0].get(&path).await.expect(200);
    assert_eq!((&own.json["venue"]["address"], &own.json["venue_hidden"]), (&json!("Uferweg 1"), &json!(false)));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_arrive_live_also_from_another_replica() {
    let a = Server::start().await;
    let b = a.replica().await;
    let people = a.people(2).await;
    let event = people[0].publish(Some(5)).await;
    let response = b.nobody().request("GET", &format!("/api/v1/events/{event}/live")).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut stream = response.bytes_stream();
    let mut next = async || {
        let chunk = timeout(Duration::from_secs(10), stream.next()).await.expect("news in time").unwrap().unwrap();
        String::from_utf8(chunk.to_vec()).unwrap()
    };
    let first = next().await;
    assert!(first.contains("event: places") && first.contains(r#""confirmed":0"#), "{first}");
    people[1].join(&event, "k").await.expect(200);
    let second = next().await;
    assert!(second.contains(r#""confirmed":1"#), "{second}");
    b.nobody().get("/api/v1/events/01900000-0000-7000-8000-000000000000/live").await.expect(404);
    a.stop().await;
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rate_limits_are_per_account_and_say_so() {
    let server =
        Server::with(std::sync::Arc::new(testkit::TestDb::new(&cityevents::database::SCHEMAS).await), |config| {
            config.limits.enabled = true;
            config.limits.requests_per_minute = 5;
        })
        .await;
    let people = server.people(2).await;
    for _ in 0..5 {
        let reply = people[0].get("/api/v1/me").await.expect(200);
        assert!(reply.header("ratelimit-policy").contains("q=5"), "{}", reply.header("ratelimit-policy"));
    }
    let refused = people[0].get("/api/v1/me").await.expect(429);
    assert_eq!(refused.code(), "rate_limited");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    people[1].get("/api/v1/me").await.expect(200);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_on_a_network_do_not_keep_signed_in_people_from_their_account() {
    let server =
        Server::with(std::sync::Arc::new(testkit::TestDb::new(&cityevents::database::SCHEMAS).await), |config| {
            config.limits.enabled = true;
            config.limits.auth_per_minute = 6;
        })
        .await;
    let nobody = server.nobody();
    let (cookie, browser) = cookie(&server).await;
    let tokens = json!({ "email": "kim@example.org", "password": "wrong all along" });
    let person = server.people(1).await.remove(0);
    let renewals = [renewable(&server).await, renewable(&server).await];
    let mut refused = 0;
    for _ in 0..8 {
        refused += u32::from(nobody.post("/api/v1/auth/token", tokens.clone()).await.code() == "rate_limited");
    }
    assert!(refused > 0, "strangers are counted by network");
    // Signed in, or about to go on: each is counted alone.
    for refresh_token in renewals {
        let renewed = nobody.post("/api/v1/auth/token", json!({ "refresh_token": refresh_token })).await.expect(200);
        assert!(renewed.json["access_token"].is_string());
    }
    let both = json!({ "refresh_token": "x", "email": "kim@example.org", "password": "wrong all along" });
    assert_eq!(nobody.post("/api/v1/auth/token", both).await.expect(429).code(), "rate_limited");
    let out = browser.request("POST", "/api/v1/auth/logout").header("cookie", &cookie);
    Api::send(out.header("sec-fetch-site", "same-origin")).await.expect(204);
    let wrong = json!({ "current_password": "wrong all along", "new_password": "quiet harbour lantern 42" });
    let answers = [person.post("/api/v1/auth/change-password", wrong.clone()).await.status];
    assert_eq!(answers, [422]);
    for _ in 0..5 {
        person.post("/api/v1/auth/change-password", wrong.clone()).await;
    }
    assert_eq!(person.post("/api/v1/auth/change-password", wrong).await.expect(429).code(), "rate_limited");
    server.stop().await;
}

/// A refresh token of somebody's.
async fn renewable(server: &Server) -> String {
    let clock = platform::Clock::system();
    let admin =
        auth::admin::Admin::new(server.pool("auth"), platform::outbox::Outbox::new(clock.clone()), clock.clone());
    let email = format!("{}@example.org", contracts::MessageId::new(clock.now()));
    let created = admin.create_user(&email, None, "Lee", platform::identity::Role::User).await.unwrap();
    let body = json!({ "email": email, "password": secrecy::ExposeSecret::expose_secret(&created.password) });
    let answer = server.nobody().post("/api/v1/auth/token", body).await.expect(200);
    answer.json["refresh_token"].as_str().unwrap().to_owned()
}

/// Sends the head of a request and, when asked to, its body in pieces; reads one answer.
struct Raw(tokio::net::TcpStream);

impl Raw {
    async fn open(server: &Server) -> Self {
        Self(tokio::net::TcpStream::connect(server.base.trim_start_matches("http://")).await.unwrap())
    }

    async fn write(&mut self, text: &str) {
        tokio::io::AsyncWriteExt::write_all(&mut self.0, text.as_bytes()).await.unwrap();
    }

    /// Head of the answer; its body is thrown away.
    async fn answer(&mut self) -> String {
        let mut read = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&read).to_lowercase();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
                if body.len() >= length.parse().unwrap() {
                    return head.to_owned();
                }
            }
            let more = timeout(Duration::from_secs(10), tokio::io::AsyncReadExt::read_buf(&mut self.0, &mut read));
            assert!(more.await.expect("an answer in time").unwrap() > 0, "cut off after {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_body_leaves_the_connection_in_order_or_ends_it_openly() {
    let server = Server::start().await;
    let head = |length: usize, more: &str| {
        format!(
            "POST /api/v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{more}content-length: {length}\r\n\r\n"
        )
    };
    // The body arrives after its refusal is known, in two pieces: the same connection takes the next request.
    for token in ["", "authorization: Bearer nonsense\r\n"] {
        let mut raw = Raw::open(&server).await;
        for _ in 0..2 {
            raw.write(&head(100_000, token)).await;
            for _ in 0..2 {
                tokio::time::sleep(Duration::from_millis(50)).await;
                raw.write(&"x".repeat(50_000)).await;
            }
            let answer = raw.answer().await;
            assert!(answer.starts_with("http/1.1 401"), "{answer}");
            assert!(!answer.contains("connection: close"), "{answer}");
        }
    }
    // One that is too long to be read, or that waits to be asked for, is not.
    for (length, more, status) in [(50_000_000, "", "413"), (1000, "expect: 100-continue\r\n", "401")] {
        let mut raw = Raw::open(&server).await;
        raw.write(&head(length, more)).await;
        let answer = raw.answer().await;
        assert!(answer.starts_with(&format!("http/1.1 {status}")), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_description_is_served() {
    let server = Server::start().await;
    let reply = server.nobody().get("/api/openapi.json").await.expect(200);
    assert!(reply.json["openapi"].as_str().unwrap().starts_with("3.1"));
    Api::send(server.nobody().request("GET", "/api/openapi.json").header("if-none-match", reply.header("etag")))
        .await
        .expect(304);
    server.stop().await;
}
