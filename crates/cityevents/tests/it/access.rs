//! Walks the API description and proves who is refused.

use cityevents::description;
use serde_json::{Value, json};

use crate::support::{Api, Server};

/// Operations that anybody may call. Everything else has to refuse a stranger; a new public operation is added here on purpose.
const PUBLIC: &[&str] = &[
    "GET /.well-known/jwks.json",
    "GET /api/v1/auth/jwks",
    "GET /api/v1/config",
    "GET /api/v1/events",
    "GET /api/v1/events/facets",
    "GET /api/v1/events/{id}",
    "GET /api/v1/events/{id}/calendar.ics",
    "GET /api/v1/events/{id}/live",
    "GET /api/v1/feed",
    "POST /api/v1/auth/forgot-password",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/quick-join",
    "POST /api/v1/auth/quick-join/confirm",
    "POST /api/v1/auth/quick-join/look",
    "POST /api/v1/auth/register",
    "POST /api/v1/auth/resend-verification",
    "POST /api/v1/auth/reset-password",
    "POST /api/v1/auth/token",
    "POST /api/v1/auth/verify-email",
];

struct Operation {
    method: String,
    path: String,
    access: String,
}

fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(&description::openapi_json()).unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let access = operation["x-access"].as_str().unwrap_or_else(|| panic!("{method} {path} says nobody"));
            all.push(Operation { method: method.to_uppercase(), path: path.clone(), access: access.to_owned() });
        }
    }
    all
}

impl Operation {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    async fn call(&self, who: &Api, id: &str) -> u16 {
        let path = self.path.replace("{id}", id);
        let mut request = who.request(&self.method, &path).header("idempotency-key", "access").header("if-match", "*");
        if self.method != "GET" {
            request = request.header("content-type", "application/json").body("{}");
        }
        Api::send(request).await.status
    }
}

#[test]
fn what_is_public_is_on_the_list() {
    let mut public: Vec<String> =
        operations().iter().filter(|operation| operation.access == "public").map(Operation::name).collect();
    public.sort();
    assert_eq!(public, PUBLIC);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_are_refused() {
    let server = Server::start().await;
    let event = server.people(1).await[0].publish(None).await;
    let nobody = server.nobody();
    let forged = Api::new(&server.base, Some("eyJhbGciOiJub25lIn0.e30."));
    for operation in operations().iter().filter(|operation| operation.access != "public") {
        assert_eq!(operation.call(&nobody, &event).await, 401, "{} without a sign-in", operation.name());
        assert_eq!(operation.call(&forged, &event).await, 401, "{} with a forged token", operation.name());
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_peoples_events_are_out_of_reach() {
    let server = Server::start().await;
    let people = server.people(2).await;
    let event = people[0].publish(None).await;
    for operation in
        operations().iter().filter(|operation| ["organiser", "moderator", "admin"].contains(&&*operation.access))
    {
        let status = operation.call(&people[1], &event).await;
        assert!(matches!(status, 403 | 404), "{} by another person: {status}", operation.name());
    }
    let untouched = people[0].get(&format!("/api/v1/events/{event}")).await.expect(200);
    assert_eq!(untouched.json["status"], "published");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ended_sign_in_is_refused_at_once_on_every_replica() {
    let a = Server::start().await;
    let b = a.replica().await;
    let person = a.people(1).await.remove(0);
    let there = person.at(&b.base);
    there.get("/api/v1/me").await.expect(200);
    person.post("/api/v1/auth/logout", json!(null)).await.expect(204);
    person.get("/api/v1/me").await.expect(401);
    testkit::eventually("the other replica to know", async || {
        (there.get("/api/v1/me").await.status == 401).then_some(())
    })
    .await;
    a.stop().await;
    b.stop().await;
}
