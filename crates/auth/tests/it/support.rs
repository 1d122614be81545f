use std::sync::atomic::{AtomicU32, Ordering};

use contracts::{Payload, auth::VerificationRequested};
use platform::Clock;
use serde_json::json;
use testkit::{Client, People, TestDb, noon};

pub const PASSWORD: &str = "quiet harbour lantern 42";

pub struct Scene {
    pub db: TestDb,
    pub clock: Clock,
    pub client: Client,
    dir: std::path::PathBuf,
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

pub async fn scene() -> Scene {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let db = TestDb::new(&[auth::SCHEMA]).await;
    let clock = Clock::fixed(noon());
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let dir = std::env::temp_dir().join(format!("cityevents-auth-{}-{number}", std::process::id()));
    let signer = auth::keys::load_or_create(&dir).unwrap();
    let running = auth::role(db.context("auth", &People::new(clock.clone()), &clock), signer);
    Scene { db, clock, client: Client::new(running.router), dir }
}

impl Scene {
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

    pub async fn is_live(&self, client: &Client, access: &str) -> bool {
        let answer = client.post("/internal/auth/introspect", json!({ "access_token": access })).await.expect(200);
        answer.json["active"] == true
    }
}
