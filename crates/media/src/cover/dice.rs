//! The series' only source of variation: a generator whose sequence depends on nothing but the cover's category and seed,
//! so the art of an event never changes between releases, machines or replicas.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// SplitMix64 over a SHA-256 of the seed. Written out because library generators reserve the right to change their
/// sequence between versions, which would redraw every poster in the world.
pub(super) struct Dice {
    state: u64,
}

impl Dice {
    pub(super) fn new(category: &str, seed: Uuid) -> Self {
        let digest = Sha256::new().chain_update(category).chain_update([0]).chain_update(seed.as_bytes()).finalize();
        Self { state: digest.iter().take(8).fold(0, |state, &byte| (state << 8) | u64::from(byte)) }
    }

    /// Where the sequence stands, to be taken up again by `resume`.
    pub(super) const fn state(&self) -> u64 {
        self.state
    }

    pub(super) const fn resume(state: u64) -> Self {
        Self { state }
    }

    /// A number that names this sequence among others.
    pub(super) fn id(&mut self) -> u32 {
        u32::try_from(self.next() >> 32).unwrap_or(0)
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A whole number in `low..=high`.
    pub(super) fn int(&mut self, low: u32, high: u32) -> u32 {
        let span = u64::from(high - low) + 1;
        // The top 32 bits scaled to the span: the remainder is far below anything an eye could count.
        let scaled = ((self.next() >> 32) * span) >> 32;
        low + u32::try_from(scaled).unwrap_or(0)
    }

    /// A length in `low..=high`, on a grid of 5 units: keeps the files short and edges crisp.
    pub(super) fn len(&mut self, low: f64, high: f64) -> f64 {
        let unit = f64::from(u32::try_from(self.next() >> 32).unwrap_or(0)) / f64::from(u32::MAX);
        ((low + (high - low) * unit) / 5.0).round() * 5.0
    }

    /// A proportion in `low..=high`, both in hundredths.
    pub(super) fn percent(&mut self, low: u32, high: u32) -> f64 {
        f64::from(self.int(low, high)) / 100.0
    }

    /// True in `percent` of a hundred throws.
    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.int(1, 100) <= percent
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let index = self.int(0, u32::try_from(from.len() - 1).unwrap_or(0));
        from[index as usize]
    }

    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            let other = self.int(0, u32::try_from(end).unwrap_or(0)) as usize;
            items.swap(end, other);
        }
    }
}
