//! Minimizes a failing input by bounded delta debugging.

use std::io;
use std::time::{Duration, Instant};

/// Most runs of the decoder.
const RUNS: u32 = 2_000;
/// Length of a header in bytes.
const HEADER: usize = 8;

/// Finds a shorter input that fails in the same way; `None` if none is found within the budget.
///
/// Removes parts of the body, halving their size each round, and keeps a removal if `fails` returns `true`. If the
/// header's length is correct, it is kept correct.
///
/// # Errors
/// The errors of `fails`.
pub(super) fn shrink(
    input: &[u8],
    budget: Duration,
    mut fails: impl FnMut(&[u8]) -> io::Result<bool>,
) -> io::Result<Option<Vec<u8>>> {
    let end = Instant::now() + budget;
    let mut best = input.to_vec();
    let mut part = best.len().saturating_sub(HEADER) / 2;
    let mut runs = 0;
    while part > 0 {
        let mut start = HEADER;
        while start < best.len() {
            runs += 1;
            if runs > RUNS || Instant::now() >= end {
                return Ok((best.len() < input.len()).then_some(best));
            }
            let smaller = without(&best, start, part);
            if fails(&smaller)? { best = smaller } else { start += part }
        }
        part /= 2;
    }
    Ok((best.len() < input.len()).then_some(best))
}

fn without(input: &[u8], start: usize, part: usize) -> Vec<u8> {
    let end = (start + part).min(input.len());
    let mut smaller = [&input[..start], &input[end..]].concat();
    if let Some(length) = length(input).filter(|&length| length == input.len() as u64) {
        let length = (length - (end - start) as u64).to_le_bytes();
        let mut low = [length[0], length[1], length[2], length[3]];
        if input[0] == 0 {
            low.reverse();
        }
        smaller[4..HEADER].copy_from_slice(&low);
    }
    smaller
}

/// The length in a header; `None` from 4 GiB on and without a header.
fn length(input: &[u8]) -> Option<u64> {
    let &[order, _, _, 0, low @ ..] = input.first_chunk::<HEADER>()? else { return None };
    Some(u64::from(if order == 0 { u32::from_be_bytes(low) } else { u32::from_le_bytes(low) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn minimizes_and_keeps_the_header_correct() {
        let input = [&[1, 0, 0, 0, 108, 0, 0, 0][..], &[0; 57], &[7], &[0; 42]].concat();
        let smaller = shrink(&input, MINUTE, |bytes| Ok(bytes[HEADER..].contains(&7))).unwrap();
        assert_eq!(smaller, Some(vec![1, 0, 0, 0, 9, 0, 0, 0, 7]));
        let input = [&[0, 0, 0, 0, 0, 0, 0, 11][..], &[7, 8, 9]].concat();
        let smaller = shrink(&input, MINUTE, |bytes| Ok(bytes.contains(&8))).unwrap();
        assert_eq!(smaller, Some(vec![0, 0, 0, 0, 0, 0, 0, 9, 8]));
    }

    #[test]
    fn an_incorrect_length_is_kept() {
        let input = [&[1, 0, 0, 0, 1, 1, 0, 0][..], &[7, 8, 9]].concat();
        let smaller = shrink(&input, MINUTE, |_| Ok(true)).unwrap();
        assert_eq!(smaller, Some(vec![1, 0, 0, 0, 1, 1, 0, 0]));
    }

    #[test]
    fn runs_and_time_are_bounded() {
        let mut runs = 0;
        let count = |_: &[u8]| {
            runs += 1;
            Ok(false)
        };
        assert_eq!(shrink(&[1; 100_000], MINUTE, count).unwrap(), None);
        assert!(runs <= RUNS);
        assert_eq!(shrink(&[1; 100], Duration::ZERO, |_| panic!("no time")).unwrap(), None);
        assert_eq!(shrink(&[], MINUTE, |_| Ok(true)).unwrap(), None);
    }
}
