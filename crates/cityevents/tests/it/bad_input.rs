//! Whatever is sent, the answer is a refusal that names the field, and nothing is half written.

use serde_json::{Value, json};

use crate::support::{Api, Reply, Server, event_body};

async fn create(person: &Api, change: impl FnOnce(&mut Value)) -> Reply {
    let mut body = event_body(Some(5));
    change(&mut body);
    person.post("/api/v1/events", body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_fields_are_named() {
    let server = Server::start().await;
    let person = server.people(1).await.remove(0);
    let cases: &[(&str, Value)] = &[
        ("title", json!("")),
        ("title", json!("a\u{0}b")),
        ("title", json!("x".repeat(201))),
        ("title", json!(5)),
        ("title", json!("\u{202e}gnp.exe")),
        ("title", json!("\u{200b}\u{2800}")),
        ("city", json!("\u{3164}")),
        ("category", json!(null)),
        ("category", json!(5)),
        ("category", json!({})),
        ("venue", json!(["Hall", null, null, null])),
        ("capacity", json!(-1)),
        ("capacity", json!(1.5)),
        ("capacity", json!(99_999_999_999_i64)),
        ("capacity", json!("many")),
        ("category", json!("nonsense")),
        ("timezone", json!("Mars/Olympus")),
        ("language", json!("English")),
        ("starts_at_local", json!("2027-02-30T10:00:00")),
        ("starts_at_local", json!("2027-01-01T25:00:00")),
        ("starts_at_local", json!("2027-01-01T10:00:00Z")),
        ("starts_at_local", json!("yesterday")),
        ("ends_at_local", json!("2020-01-01T10:00:00")),
        ("external_url", json!("javascript:alert(1)")),
        ("unheard_of", json!(1)),
        ("city", json!(null)),
    ];
    for (field, value) in cases {
        let reply = create(&person, |body| body[*field] = value.clone()).await;
        assert_eq!(reply.status, 422, "{field} = {value}: {}", reply.text);
        assert_eq!(reply.field(), *field, "{field} = {value}: {}", reply.text);
    }
    for (field, value) in
        [("lat", json!(91)), ("lon", json!(-181)), ("lat", json!("north")), ("name", json!("")), ("x", json!(1))]
    {
        let reply = create(&person, |body| body["venue"][field] = value.clone()).await;
        assert_eq!((reply.status, reply.field()), (422, &*format!("venue.{field}")), "{}", reply.text);
    }
    let mine = person.get("/api/v1/me/events").await.expect(200);
    assert_eq!(mine.json["items"], json!([]), "nothing is half written");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_are_no_json_are_bad_requests() {
    let server = Server::start().await;
    let person = server.people(1).await.remove(0);
    let send = async |body: Vec<u8>, content_type: &str| {
        Api::send(person.request("POST", "/api/v1/events").header("content-type", content_type).body(body)).await
    };
    for body in [&b"{"[..], b"nonsense", b"\xff\xfe", b"{\"title\": \"a"] {
        let reply = send(body.to_vec(), "application/json").await;
        assert_eq!((reply.status, reply.code()), (400, "malformed_json"), "{}", reply.text);
    }
    send(b"title=x".to_vec(), "application/x-www-form-urlencoded").await.expect(415);
    let nested = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
    let reply = send(nested, "application/json").await;
    assert!((400..500).contains(&reply.status), "{}", reply.status);
    let huge = format!("{{\"title\":\"{}\"}}", "x".repeat(10 * 1024 * 1024)).into_bytes();
    // The server may close the connection before it has read ten megabytes; either way it refuses.
    let request = person.request("POST", "/api/v1/events").header("content-type", "application/json").body(huge);
    if let Ok(reply) = Api::try_send(request).await {
        assert_eq!(reply.code(), "payload_too_large", "{}", reply.text);
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_no_objects_and_nothing_is_said_twice() {
    let server = Server::start().await;
    let person = server.people(1).await.remove(0);
    let event = person.publish(Some(5)).await;
    let send = async |path: &str, body: &str| {
        let request = person.keyed(path, "k").header("content-type", "application/json");
        Api::send(request.body(body.to_owned())).await.expect(422)
    };
    let join = format!("/api/v1/events/{event}/join");
    for (path, body, field) in [
        ("/api/v1/auth/login", r#"["ada@example.org","quiet harbour lantern 42"]"#, "body"),
        ("/api/v1/auth/token", r#"["ada@example.org","quiet harbour lantern 42",null]"#, "body"),
        (&join, "[null,null]", "body"),
        (&join, "[]", "body"),
        (&join, r#"{"party_size":1,"party_size":2}"#, "party_size"),
    ] {
        let reply = send(path, body).await;
        assert_eq!(reply.field(), field, "{path} {body}: {}", reply.text);
    }
    let twice = person.get("/api/v1/events?limit=1&limit=2").await.expect(422);
    assert_eq!(twice.field(), "limit");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_above_the_limit_are_refused_by_every_write() {
    let server = Server::start().await;
    let person = server.people(1).await.remove(0);
    let event = person.publish(Some(5)).await;
    let limit = platform::config::Config::load(None).unwrap().http.body_limit;
    let body = |length: usize| format!("{{\"title\":\"{}\"}}", "x".repeat(length));
    let writes = [
        ("POST", "/api/v1/events".to_owned()),
        ("PATCH", format!("/api/v1/events/{event}")),
        ("POST", format!("/api/v1/events/{event}/publish")),
        ("POST", format!("/api/v1/events/{event}/join")),
        ("POST", "/api/v1/auth/login".to_owned()),
        ("POST", "/api/v1/auth/token".to_owned()),
        ("POST", "/api/v1/auth/logout".to_owned()),
        ("PATCH", "/api/v1/me".to_owned()),
    ];
    for (method, path) in &writes {
        let request = || {
            let request = person.request(method, path).header("if-match", "\"1\"").header("idempotency-key", "k");
            request.header("content-type", "application/json")
        };
        let reply = Api::send(request().body(body(limit))).await.expect(413);
        assert_eq!(reply.code(), "payload_too_large", "{method} {path}");
        if path.ends_with("logout") {
            continue; // does not read it, however long it turns out to be
        }
        let chunks = body(limit)
            .into_bytes()
            .chunks(16_384)
            .map(<[u8]>::to_vec)
            .map(Ok::<_, std::io::Error>)
            .collect::<Vec<_>>();
        let streamed = request().body(reqwest::Body::wrap_stream(futures::stream::iter(chunks)));
        let reply = Api::send(streamed).await.expect(413);
        assert_eq!(reply.code(), "payload_too_large", "{method} {path}, of unknown length");
    }
    let below = person.request("POST", "/api/v1/events").header("content-type", "application/json");
    assert_eq!(Api::send(below.body(body(limit - 100))).await.expect(422).code(), "validation_failed");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_queries_and_headers_are_named() {
    let server = Server::start().await;
    let person = server.people(1).await.remove(0);
    let event = person.publish(Some(5)).await;
    for (path, field) in [
        ("/api/v1/events?limit=0", "limit"),
        ("/api/v1/events?limit=101", "limit"),
        ("/api/v1/events?limit=many", "limit"),
        ("/api/v1/events?cursor=nonsense", "cursor"),
        ("/api/v1/events?cursor=%00", "cursor"),
        ("/api/v1/events?category=nonsense", "category"),
        ("/api/v1/events?from=2027-13-01", "from"),
        ("/api/v1/events?near=91,0", "near"),
        ("/api/v1/events?sort=best", "sort"),
        ("/api/v1/events?unheard=1", "unheard"),
        ("/api/v1/me/joins?cursor=nonsense", "cursor"),
        ("/api/v1/me/joins?when=never", "when"),
        ("/api/v1/me/events?cursor=nonsense", "cursor"),
    ] {
        let reply = person.get(path).await;
        assert_eq!((reply.status, reply.field()), (422, field), "{path}: {}", reply.text);
    }
    let path = format!("/api/v1/events/{event}/participants?status=nonsense");
    let reply = person.get(&path).await.expect(422);
    assert_eq!(reply.field(), "status");

    let join = format!("/api/v1/events/{event}/join");
    let missing = person.post(&join, json!({})).await.expect(422);
    assert_eq!((missing.code(), missing.field()), ("idempotency_key_missing", "Idempotency-Key"));
    let long = Api::send(person.keyed(&join, &"k".repeat(201))).await.expect(422);
    assert_eq!(long.field(), "Idempotency-Key");
    let older = Api::send(person.request("POST", &join).header("x-idempotency-key", "older")).await;
    older.expect(200);
    let no_match = Api::send(person.request("PATCH", &format!("/api/v1/events/{event}")).body("{}")).await;
    assert_eq!(no_match.expect(428).field(), "If-Match");
    for id in ["1", "not-an-id", "01900000-0000-7000-8000-000000000000", "%00", "..%2f..%2fetc"] {
        assert_eq!(person.get(&format!("/api/v1/events/{id}")).await.status, 404, "{id}");
    }
    server.stop().await;
}
