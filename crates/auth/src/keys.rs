//! Keys that sign access tokens: Ed25519 (RFC 8037). The private half is a file of this process; the public half of every process is
//! in the database, so that each replica accepts the others' tokens.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey as _};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::JwkSet};
use platform::{
    Clock,
    identity::{Claims, Keys},
    role::Context,
    signing::{self, KeyError},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::{PgPool, types::Json};
use tokio::sync::Mutex;

/// Below the data directory; readable by the owner only.
const FILE: &str = "keys/access-token.pem";
/// No access token is good for longer (those for load tests last a day), so that a key whose process has been gone for this long is not
/// needed any more.
const LONGEST_TOKEN: TimeDelta = TimeDelta::days(2);
/// Someone who sends tokens with made-up key ids must not make us ask the database each time.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Signs access tokens.
pub struct Signer {
    kid: String,
    key: EncodingKey,
    jwk: Value,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.kid)
    }
}

/// Reads the key in the data directory; makes one where there is none. Two processes that start at once agree on one.
///
/// # Errors
/// If the file cannot be read or written, or is something else.
pub fn load_or_create(data_dir: &Path) -> Result<Signer, KeyError> {
    let key = signing::load_or_create(&data_dir.join(FILE))?;
    Signer::new(&key).ok_or_else(|| KeyError::Malformed(FILE.to_owned()))
}

impl Signer {
    fn new(key: &SigningKey) -> Option<Self> {
        let x = URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes());
        // RFC 7638: the hash of the required members in this order.
        let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)));
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid, "x": x });
        let der = key.to_pkcs8_der().ok()?;
        Some(Self { kid, key: EncodingKey::from_ed_der(der.as_bytes()), jwk })
    }

    /// An access token.
    ///
    /// # Errors
    /// If the claims cannot be serialised, which they can.
    pub fn sign(&self, claims: &Claims) -> Result<String, jsonwebtoken::errors::Error> {
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, claims, &self.key)
    }

    /// Lets every process verify what this key signs. Said again while it is in use; half an hour is often enough.
    ///
    /// # Errors
    /// As the database says.
    pub async fn publish(&self, pool: &PgPool, clock: &Clock) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO public_keys AS k (kid, jwk, created_at, seen_at) VALUES ($1, $2, $3, $3)
             ON CONFLICT (kid) DO UPDATE SET seen_at = excluded.seen_at
                WHERE k.seen_at < excluded.seen_at - interval '30 minutes'",
        )
        .bind(&self.kid)
        .bind(Json(&self.jwk))
        .bind(clock.now())
        .execute(pool)
        .await
        .map(drop)
    }
}

/// The published keys, as this process knows them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Published {
    pool: PgPool,
    clock: Clock,
    keys: Keys,
    signer: Arc<Signer>,
    looked: Arc<Mutex<Option<Instant>>>,
}

impl Published {
    /// Knows this process's own key from the start.
    pub fn new(context: &Context, signer: Arc<Signer>) -> Self {
        if let Ok(set) = serde_json::from_value::<JwkSet>(json!({ "keys": [signer.jwk] })) {
            context.verifier.keys.replace(&set);
        }
        Self {
            pool: context.pool.clone(),
            clock: context.clock.clone(),
            keys: context.verifier.keys.clone(),
            signer,
            looked: Arc::default(),
        }
    }

    /// Publishes the own key and learns of the others'.
    pub async fn refresh(&self) -> Result<(), sqlx::Error> {
        self.signer.publish(&self.pool, &self.clock).await?;
        let set = self.set().await?;
        self.keys.replace(&set);
        Ok(())
    }

    /// The same because of a key id that is not known, at most once a second.
    pub async fn look_again(&self) -> Result<(), sqlx::Error> {
        // Whoever comes while somebody looks waits for what they find.
        let mut looked = self.looked.lock().await;
        if looked.is_none_or(|at| at.elapsed() >= LOOK_AGAIN) {
            // Noted before it succeeds: while the database is away, those in line must not each wait for it.
            *looked = Some(Instant::now());
            self.refresh().await?;
        }
        Ok(())
    }

    /// The public keys that tokens of today may be signed with, as a key set (RFC 7517).
    pub async fn set(&self) -> Result<JwkSet, sqlx::Error> {
        let keys: Vec<Json<Value>> =
            sqlx::query_scalar("SELECT jwk FROM public_keys WHERE seen_at > $1 ORDER BY created_at DESC, kid")
                .bind(self.clock.now() - LONGEST_TOKEN)
                .fetch_all(&self.pool)
                .await?;
        let keys = keys.into_iter().filter_map(|jwk| serde_json::from_value(jwk.0).ok()).collect();
        Ok(JwkSet { keys })
    }
}
