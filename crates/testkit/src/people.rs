use chrono::{DateTime, Utc};
use contracts::{SessionId, UserId};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::JwkSet};
use platform::{
    Clock,
    identity::{Claims, ISSUER, Keys, Role, Verifier},
};
use serde_json::json;

/// An Ed25519 key pair for tests only.
const PRIVATE_KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEII0Anibj2A33m6iXNW6VI5JiSCeODuZ0gLJ287VnW158\n-----END PRIVATE KEY-----\n";
const PUBLIC_KEY: &str = "cI7DqwH0xAtlRRe8mT44J2_Oh2MTqNWe6aa1c2rBQI8";

/// Issues access tokens that [`People::verifier`] accepts, for tests of a role without `auth`.
#[derive(Clone)]
pub struct People {
    clock: Clock,
    keys: Keys,
}

/// A signed-in person.
#[derive(Clone, Debug)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// Display name.
    pub name: String,
    /// Access token, good for an hour.
    pub token: String,
}

impl People {
    /// Tokens are issued at the clock's time.
    pub fn new(clock: Clock) -> Self {
        let set: JwkSet = serde_json::from_value(json!({ "keys": [
            { "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "test", "x": PUBLIC_KEY }
        ]}))
        .expect("a key set");
        let keys = Keys::default();
        keys.replace(&set);
        Self { clock, keys }
    }

    /// For the role's state.
    pub fn verifier(&self) -> Verifier {
        Verifier { keys: self.keys.clone(), clock: self.clock.clone() }
    }

    /// A verified person without special rights.
    pub fn person(&self, name: &str) -> Person {
        self.with(name, Role::User, true)
    }

    /// A person with the given role.
    pub fn with(&self, name: &str, role: Role, verified: bool) -> Person {
        let id = UserId::new(self.clock.now());
        Person { id, name: name.to_owned(), token: sign(id, name, role, verified, self.clock.now()) }
    }

    /// The same person with a new token: other rights, a proven address, or just another hour.
    pub fn again(&self, person: &Person, role: Role, verified: bool) -> Person {
        Person { token: sign(person.id, &person.name, role, verified, self.clock.now()), ..person.clone() }
    }
}

fn sign(id: UserId, name: &str, role: Role, verified: bool, now: DateTime<Utc>) -> String {
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: ISSUER.to_owned(),
        sub: id,
        sid: SessionId::new(now),
        role,
        name: name.to_owned(),
        verified,
        iat: now.timestamp(),
        exp: now.timestamp() + 3600,
    };
    let header = Header { kid: Some("test".to_owned()), ..Header::new(Algorithm::EdDSA) };
    let key = EncodingKey::from_ed_pem(PRIVATE_KEY.as_bytes()).expect("a private key");
    jsonwebtoken::encode(&header, &claims, &key).expect("a token")
}
