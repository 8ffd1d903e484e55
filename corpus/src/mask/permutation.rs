//! Keyed permutations of sets of numbers.
//!
//! A Feistel network over an even number of bits is a permutation for any round function; here it is SipHash. A subset
//! is permuted by cycle walking: the network is applied until the result is in the subset. This terminates, because
//! iterating a permutation returns to the start, which is in the subset. Different tweaks give independent
//! permutations.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

#[derive(Clone)]
pub(super) struct Permutation(SipHasher24);

/// The number of rounds of FF1 (NIST SP 800-38G, format-preserving encryption).
const ROUNDS: u8 = 10;

impl Permutation {
    pub(super) fn new(key: [u8; 16]) -> Self {
        Self(SipHasher24::new_with_key(&key))
    }

    /// Hashes a context to a tweak.
    pub(super) fn tweak(&self, parts: &[&[u8]]) -> u64 {
        let mut hasher = self.0;
        for part in parts {
            hasher.write_usize(part.len());
            hasher.write(part);
        }
        hasher.finish()
    }

    /// Permutes the numbers of at most `bits` bits that satisfy `is_in`. `value` must satisfy it; `bits` must be at
    /// most 128.
    pub(super) fn among(&self, tweak: u64, bits: u32, value: u128, is_in: impl Fn(u128) -> bool) -> u128 {
        debug_assert!(is_in(value), "the cycle walk ends at the latest at its start");
        self.walk(tweak, bits, value, is_in, false)
    }

    /// Permutes the numbers below `count` without fixed points, unless `count` is 1.
    ///
    /// Conjugates the successor function, which is one cycle of all numbers, with a permutation: the result is one
    /// cycle, too.
    pub(super) fn below(&self, tweak: u64, count: u128, value: u128) -> u128 {
        let bits = u128::BITS - (count - 1).leading_zeros();
        let is_in = |value| value < count;
        let image = self.walk(tweak, bits, value, is_in, false);
        let next = image.checked_add(1).filter(|&next| next < count).unwrap_or(0);
        self.walk(tweak, bits, next, is_in, true)
    }

    fn walk(&self, tweak: u64, bits: u32, value: u128, is_in: impl Fn(u128) -> bool, is_inverse: bool) -> u128 {
        let half = bits.div_ceil(2).max(1);
        let mut value = value;
        loop {
            value = if is_inverse { self.inverse(tweak, half, value) } else { self.forward(tweak, half, value) };
            if is_in(value) {
                return value;
            }
        }
    }

    fn forward(&self, tweak: u64, half: u32, value: u128) -> u128 {
        let (left, right) = split(value, half);
        let round = |(left, right), round| (right, left ^ self.round(tweak, half, round, right));
        join((0..ROUNDS).fold((left, right), round), half)
    }

    fn inverse(&self, tweak: u64, half: u32, value: u128) -> u128 {
        let (left, right) = split(value, half);
        let round = |(left, right), round| (right ^ self.round(tweak, half, round, left), left);
        join((0..ROUNDS).rev().fold((left, right), round), half)
    }

    fn round(&self, tweak: u64, half: u32, round: u8, value: u64) -> u64 {
        let mut hasher = self.0;
        hasher.write_u64(tweak);
        hasher.write_u64(value);
        hasher.write_u32(half);
        hasher.write_u8(round);
        hasher.finish() & mask(half)
    }
}

/// Splits a number into halves of `half` bits, at most 64.
#[expect(clippy::cast_possible_truncation, reason = "masked to `half` bits")]
const fn split(value: u128, half: u32) -> (u64, u64) {
    ((value >> half) as u64 & mask(half), value as u64 & mask(half))
}

fn join((left, right): (u64, u64), half: u32) -> u128 {
    u128::from(left) << half | u128::from(right)
}

const fn mask(half: u32) -> u64 {
    u64::MAX >> (64 - half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_permutes_without_fixed_points() {
        let permutation = Permutation::new(*b"a key of sixteen");
        for count in 2..300 {
            let mut images: Vec<_> = (0..count).map(|value| permutation.below(count as u64, count, value)).collect();
            assert!(images.iter().zip(0..).all(|(&image, value)| image != value), "{count}");
            images.sort_unstable();
            assert!(images.into_iter().eq(0..count), "{count}");
        }
        assert_eq!(permutation.below(1, 1, 0), 0);
    }

    #[test]
    fn among_permutes_a_subset() {
        let permutation = Permutation::new([7; 16]);
        let is_in = |value| value % 3 == 1;
        let mut images: Vec<_> =
            (0..256).filter(|&value| is_in(value)).map(|value| permutation.among(9, 8, value, is_in)).collect();
        images.sort_unstable();
        assert!(images.into_iter().eq((0..256).filter(|&value| is_in(value))));
    }

    #[test]
    fn all_bits_change() {
        let permutation = Permutation::new([7; 16]);
        let images = [0, 1, u128::MAX].map(|value| permutation.among(9, 128, value, |_| true));
        assert!(images.iter().all(|image| image >> 64 > 0 && image << 64 > 0));
        let (low, high) = (permutation.below(3, u128::MAX, 5), permutation.below(3, u128::MAX, 6));
        assert_ne!(low, high);
    }
}
