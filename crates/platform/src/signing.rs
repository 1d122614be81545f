//! Private keys that sign: Ed25519 (RFC 8032), each a file of this process that only its owner can read.

use std::{fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use ed25519_dalek::{
    SigningKey,
    pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, spki::der::pem::LineEnding},
};
use rand::Rng as _;

/// Why there is no signing key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The file is no Ed25519 private key in PEM.
    #[error("{0} is no Ed25519 private key in PKCS#8 PEM; move it away, and a new one is made")]
    Malformed(String),
}

/// Reads the key in this file; makes one where there is none. Two processes that start at once agree on one.
///
/// # Errors
/// If the file cannot be read or written, or is something else.
pub fn load_or_create(path: &Path) -> Result<SigningKey, KeyError> {
    let at = |source| KeyError::File { path: path.display().to_string(), source };
    if !path.exists() {
        create(path).map_err(at)?;
    }
    let pem = fs::read_to_string(path).map_err(at)?;
    SigningKey::from_pkcs8_pem(&pem).map_err(|_| KeyError::Malformed(path.display().to_string()))
}

/// A key that nobody else has and that is kept nowhere.
pub fn random() -> SigningKey {
    let mut seed = [0_u8; 32];
    rand::rng().fill_bytes(&mut seed);
    SigningKey::from_bytes(&seed)
}

fn create(path: &Path) -> std::io::Result<()> {
    let pem = random().to_pkcs8_pem(LineEnding::LF).map_err(std::io::Error::other)?;
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    // A name of its own: two containers on one volume may have the same process id.
    let draft = path.with_extension(format!("{:016x}.tmp", rand::rng().next_u64()));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(pem.as_bytes())?;
    file.sync_all()?; // a power cut must not leave an empty key under the final name
    // A link fails where the name is taken: whoever comes second uses the first one's key.
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
