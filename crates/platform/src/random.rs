//! Secrets and their fingerprints.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::Rng as _;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};

/// 256 random bits from the operating system's generator, as 43 URL-safe characters.
pub fn token() -> SecretString {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    SecretString::from(URL_SAFE_NO_PAD.encode(bytes))
}

/// What is stored instead of a token: a high-entropy secret needs no slow hash.
pub fn fingerprint(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// A number in `0.0..1.0` for jitter; nothing secret.
pub fn jitter() -> f64 {
    f64::from(rand::rng().next_u32()) / (f64::from(u32::MAX) + 1.0)
}
