use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use auth::{admin::Admin, keys::Signer};
use contracts::{
    EventId, Payload,
    auth::{QuickJoinRequested, VerificationRequested},
};
use platform::{Clock, outbox::Outbox, role::Job};
use serde_json::{Value, json};
use testkit::{Answer, Client, People, TestDb, noon};

pub const PASSWORD: &str = "quiet harbour lantern 42";

pub struct Scene {
    pub db: Arc<TestDb>,
    pub clock: Clock,
    pub client: Client,
    pub jobs: Vec<Job>,
    dir: PathBuf,
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// A directory of a test's own.
pub fn directory() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("cityevents-auth-{}-{number}", std::process::id()))
}

pub async fn scene() -> Scene {
    Scene::on(Arc::new(TestDb::new(&[auth::SCHEMA]).await), Clock::fixed(noon())).await
}

impl Scene {
    /// A process with a data directory of its own on a database.
    pub async fn on(db: Arc<TestDb>, clock: Clock) -> Self {
        let dir = directory();
        let signer = auth::keys::load_or_create(&dir).unwrap();
        let context = db.context("auth", &People::new(clock.clone()), &clock);
        signer.publish(&context.pool, &clock).await.unwrap();
        let running = auth::role(context, signer);
        Self { db, clock, client: Client::new(running.router), jobs: running.jobs, dir }
    }

    /// Another process on the same database.
    pub async fn beside(&self) -> Self {
        Self::on(self.db.clone(), self.clock.clone()).await
    }

    pub fn admin(&self) -> Admin {
        Admin::new(self.db.pool("auth"), Outbox::new(self.clock.clone()), self.clock.clone())
    }

    pub fn signer(&self) -> Signer {
        auth::keys::load_or_create(&self.dir).unwrap()
    }

    pub async fn run_jobs(&self) {
        for job in &self.jobs {
            job.once(&self.db.pool("auth")).await.unwrap();
        }
    }

    pub async fn count(&self, table: &'static str) -> i64 {
        let query = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        sqlx::query_scalar(query).fetch_one(&self.db.pool("auth")).await.unwrap()
    }

    pub async fn login(&self, email: &str, password: &str) -> Answer {
        self.client.post("/api/v1/auth/login", json!({ "email": email, "password": password })).await
    }

    /// Somebody at another address of the network.
    pub fn from(&self, addr: &str) -> Client {
        self.client.header("x-cityevents-client-addr", addr)
    }

    pub async fn register(&self, email: &str, password: &str) {
        let body = json!({ "email": email, "password": password, "display_name": "Ada" });
        let _ = self.client.post("/api/v1/auth/register", body).await.expect(202);
    }

    /// The tokens that were mailed, oldest first.
    pub async fn mailed<P: Payload>(&self) -> Vec<P> {
        self.db.outbox_payloads::<P>("auth").await
    }

    pub async fn verify(&self) {
        let token = self.mailed::<VerificationRequested>().await.pop().unwrap().token.0;
        let _ = self.client.post("/api/v1/auth/verify-email", json!({ "token": token })).await.expect(204);
    }

    pub async fn verified(&self, email: &str) {
        self.register(email, PASSWORD).await;
        self.verify().await;
    }

    pub async fn tokens(&self, email: &str) -> (Client, String) {
        let body = json!({ "email": email, "password": PASSWORD });
        let answer = self.client.post("/api/v1/auth/token", body).await.expect(200);
        let access = answer.json["access_token"].as_str().unwrap();
        let client = self.client.header("authorization", &format!("Bearer {access}"));
        (client, answer.json["refresh_token"].as_str().unwrap().to_owned())
    }

    /// Asks for a place by address alone; the token that was mailed.
    pub async fn quick_join(&self, email: &str, event: EventId) -> String {
        let body = json!({ "email": email, "display_name": "Ada", "event_id": event });
        let _ = self.client.post("/api/v1/auth/quick-join", body).await.expect(202);
        self.mailed::<QuickJoinRequested>().await.pop().expect("a mailed link").token.0
    }

    pub async fn look(&self, token: &str) -> Answer {
        self.client.post("/api/v1/auth/quick-join/look", json!({ "token": token })).await
    }

    pub async fn confirm(&self, token: &str) -> Answer {
        self.client.post("/api/v1/auth/quick-join/confirm", json!({ "token": token })).await
    }

    /// Opens a mailed link to a place: the cookie that the browser is given.
    pub async fn signed_in_by_link(&self, token: &str) -> Value {
        let answer = self.confirm(token).await.expect(200);
        json!({ "cookie": answer.headers["x-cityevents-session"].to_str().unwrap() })
    }

    /// The browser with this cookie, as the public door passes it on.
    pub async fn browser(&self, cookie: &Value) -> Client {
        let resolved = self.client.post("/internal/auth/session", cookie.clone()).await.expect(200);
        self.client.header("authorization", &format!("Bearer {}", resolved.json["access_token"].as_str().unwrap()))
    }

    pub async fn is_live(&self, client: &Client, access: &str) -> bool {
        let answer = client.post("/internal/auth/introspect", json!({ "access_token": access })).await.expect(200);
        answer.json["active"] == true
    }
}
