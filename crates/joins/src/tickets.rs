//! Tickets: what the QR code says. Signed, so that a phone at the door can tell a forged one without a network.
//!
//! `CE1.` and, in URL-safe Base64 without padding, 116 bytes: the key's id (4), the event's id (16), the join's id (16), its arrival (8, big
//! endian), the number of people (1), reserved (7, zero), and the Ed25519 signature of everything before it (64).

use std::{path::Path, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use contracts::{EventId, JoinId};
use ed25519_dalek::{Signature, Signer as _, SigningKey, Verifier as _, VerifyingKey};
use platform::signing::{self, KeyError};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Below the data directory; readable by the owner only.
const FILE: &str = "keys/ticket.pem";
const PREFIX: &str = "CE1.";
const CONTENT: usize = 52;

/// What a ticket says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// At which event.
    pub event_id: EventId,
    /// Which join.
    pub join_id: JoinId,
    /// Under which arrival it is found.
    pub line_no: i64,
    /// People.
    pub people: i32,
}

/// Signs tickets. Cheap to clone.
#[derive(Clone)]
pub struct Tickets {
    kid: [u8; 4],
    key: Arc<SigningKey>,
}

impl std::fmt::Debug for Tickets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tickets({})", self.kid())
    }
}

impl Tickets {
    /// Signs with the key in the data directory; makes one where there is none.
    ///
    /// # Errors
    /// If the file cannot be read or written, or is something else.
    pub fn load_or_create(data_dir: &Path) -> Result<Self, KeyError> {
        signing::load_or_create(&data_dir.join(FILE)).map(Self::new)
    }

    /// Signs with this key.
    pub fn new(key: SigningKey) -> Self {
        let hash = Sha256::digest(key.verifying_key().as_bytes());
        Self { kid: [hash[0], hash[1], hash[2], hash[3]], key: Arc::new(key) }
    }

    /// The name of the key.
    pub fn kid(&self) -> String {
        hex(&self.kid)
    }

    /// Its public half.
    pub fn public_key(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// What the QR code says.
    pub fn sign(&self, ticket: &Ticket) -> String {
        let mut bytes = Vec::with_capacity(CONTENT + Signature::BYTE_SIZE);
        bytes.extend_from_slice(&self.kid);
        bytes.extend_from_slice(ticket.event_id.0.as_bytes());
        bytes.extend_from_slice(ticket.join_id.0.as_bytes());
        bytes.extend_from_slice(&ticket.line_no.to_be_bytes());
        bytes.push(u8::try_from(ticket.people).unwrap_or(1));
        bytes.resize(CONTENT, 0);
        let signature = self.key.sign(&bytes);
        bytes.extend_from_slice(&signature.to_bytes());
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// A ticket as it was shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// What it says, which may be a lie.
    pub ticket: Ticket,
    /// Which key is said to have signed it.
    pub kid: String,
    signed: Vec<u8>,
    signature: Signature,
}

impl Shown {
    /// Reads what a QR code says; `None` if it is no ticket.
    pub fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim().strip_prefix(PREFIX)?).ok()?;
        let (signed, signature) = bytes.split_at_checked(CONTENT)?;
        let signature = Signature::from_slice(signature).ok()?;
        let uuid = |from: usize| Uuid::from_slice(&signed[from..from + 16]).ok();
        Some(Self {
            ticket: Ticket {
                event_id: EventId(uuid(4)?),
                join_id: JoinId(uuid(20)?),
                line_no: i64::from_be_bytes(signed[36..44].try_into().ok()?),
                people: i32::from(signed[44]),
            },
            kid: hex(&signed[..4]),
            signed: signed.to_vec(),
            signature,
        })
    }

    /// Whether this key has signed it.
    pub fn is_signed_by(&self, public_key: &[u8; 32]) -> bool {
        VerifyingKey::from_bytes(public_key).is_ok_and(|key| key.verify(&self.signed, &self.signature).is_ok())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket() -> Ticket {
        let (event_id, join_id) = (EventId(Uuid::from_u128(7)), JoinId(Uuid::from_u128(8)));
        Ticket { event_id, join_id, line_no: 123_456, people: 3 }
    }

    #[test]
    fn a_ticket_says_what_was_signed() {
        let tickets = Tickets::new(signing::random());
        let text = tickets.sign(&ticket());
        assert!(text.len() <= 160, "fits a QR code that a phone reads from a phone: {}", text.len());
        let shown = Shown::read(&text).unwrap();
        assert_eq!((shown.ticket, shown.kid.as_str()), (ticket(), tickets.kid().as_str()));
        assert!(shown.is_signed_by(&tickets.public_key()));
    }

    #[test]
    fn a_forged_ticket_is_told() {
        let (ours, theirs) = (Tickets::new(signing::random()), Tickets::new(signing::random()));
        assert!(!Shown::read(&theirs.sign(&ticket())).unwrap().is_signed_by(&ours.public_key()));
        let text = ours.sign(&ticket());
        let mut bytes = URL_SAFE_NO_PAD.decode(&text[4..]).unwrap();
        bytes[44] = 9;
        let changed = format!("CE1.{}", URL_SAFE_NO_PAD.encode(bytes));
        assert!(!Shown::read(&changed).unwrap().is_signed_by(&ours.public_key()));
        for bad in ["", "CE1.", "CE1.AAAA", "https://example.org", &text[..100], &text[4..]] {
            assert!(Shown::read(bad).is_none(), "{bad}");
        }
    }
}
