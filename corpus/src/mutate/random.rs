//! The random numbers of a case.

use crate::workload::SplitMix64;

/// The random generator of one case.
#[derive(Debug)]
pub(super) struct Random(SplitMix64);

impl Random {
    pub(super) const fn new(seed: u64, case: u64) -> Self {
        let start = SplitMix64::seeded(seed).next_u64();
        // The multiplier is odd, so that different cases of a seed have different states.
        Self(SplitMix64::seeded(start ^ case.wrapping_mul(0xD1B5_4A32_D192_ED03)))
    }

    pub(super) const fn u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    #[expect(clippy::cast_possible_truncation, reason = "only the low byte is used")]
    pub(super) const fn u8(&mut self) -> u8 {
        self.u64() as u8
    }

    /// A number below `limit`; 0 if that is 0.
    #[expect(clippy::cast_possible_truncation, reason = "it is below a usize")]
    pub(super) const fn below(&mut self, limit: usize) -> usize {
        if limit == 0 { 0 } else { (self.u64() % limit as u64) as usize }
    }

    /// A number from `least` to `most`, both possible.
    pub(super) const fn between(&mut self, least: usize, most: usize) -> usize {
        least + self.below(most - least + 1)
    }

    pub(super) const fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    /// A random item.
    ///
    /// # Panics
    ///
    /// If there are no items.
    pub(super) fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// Offsets at which to split `length` bytes into writes: at each of the first bytes, or at a few random places.
    pub(super) fn cuts(&mut self, length: usize) -> Vec<usize> {
        if self.one_in(2) {
            return (1..length.min(16)).collect();
        }
        let mut cuts: Vec<_> = (0..4).map(|_| self.below(length)).filter(|&cut| cut > 0).collect();
        cuts.sort_unstable();
        cuts.dedup();
        cuts
    }
}
