//! Floats as text, as C's `%.7g` and therefore q prints them.
//!
//! The plain algorithm, which is `exact` and the layout in `write`:
//!
//! ```text
//! digits, exponent = x rounded once to seven significant digits: Rust's {:.6e}
//! drop trailing zeros of the digits
//! exponent in -4..7: decimal notation, otherwise d.dddddde±xx
//! ```
//!
//! `{:.6e}` takes about 100 ns. Two fast paths return the same digits, most of them in a tenth of that time:
//!
//! - **Integers below 1e7** have at most seven digits, so they are converted to an integer and printed.
//! - **One multiplication** (`fast`), for 1e-4 ≤ x < 1e7: x times the power of ten that leaves seven digits before the
//!   point, rounded to an integer. The powers up to 1e10 are exact in a double and multiplication rounds correctly, so
//!   the product, which is below 2^24, is off by at most half a unit in its last place: 2^-30, about 1e-9. Rounding it
//!   to an integer is correct unless the exact product and the computed one lie on different sides of a half. `fast`
//!   therefore returns `None` within 1e-6 of a half, and also if rounding carries into an eighth digit; `exact` then
//!   decides.

use std::fmt::{self, Write};
use std::mem;

use super::ascii::Ascii;

/// Significant digits.
const DIGITS: usize = 7;

/// Significant digits that distinguish all doubles.
const ALL: usize = 17;

/// Seven ASCII digits, and the decimal exponent of the first.
type Decimal = ([u8; DIGITS], i32);

/// Writes a finite number. Returns whether the text has a fraction or an exponent: such a text needs no type letter.
pub(super) fn write(x: f64, out: &mut Ascii<'_, '_>) -> Result<bool, fmt::Error> {
    let magnitude = x.abs();
    if x.is_sign_negative() {
        out.byte(b'-')?;
    }
    if let Some(integer) = small_integer(magnitude).filter(|_| out.precision().is_none_or(|wanted| wanted == DIGITS)) {
        return out.number(integer, 1).map(|()| false);
    }
    if let Some(wanted) = out.precision().filter(|&wanted| wanted != DIGITS) {
        return precise(magnitude, if wanted == 0 { ALL } else { wanted.min(ALL) }, out);
    }
    let (digits, exponent) = fast(magnitude).or_else(|| exact(magnitude)).ok_or(fmt::Error)?;
    let used = digits.iter().rposition(|&digit| digit != b'0').map_or(1, |last| last + 1);
    let digits = digits.get(..used).unwrap_or_default();
    if (-4..7).contains(&exponent) { plain(digits, exponent, out) } else { with_exponent(digits, exponent, out) }
}

/// Writes `wanted` significant digits, at least one, as `\P` sets them, by the plain algorithm.
fn precise(magnitude: f64, wanted: usize, out: &mut Ascii<'_, '_>) -> Result<bool, fmt::Error> {
    let text = format!("{magnitude:.*e}", wanted - 1);
    let (mantissa, exponent) = text.split_once('e').ok_or(fmt::Error)?;
    let exponent: i32 = exponent.parse().map_err(|_| fmt::Error)?;
    let mut digits: Vec<u8> = mantissa.bytes().filter(|&byte| byte != b'.').collect();
    while digits.len() > 1 && digits.last() == Some(&b'0') {
        digits.pop();
    }
    let most = i32::try_from(wanted).unwrap_or(i32::MAX);
    if (-4..most).contains(&exponent) { plain(&digits, exponent, out) } else { with_exponent(&digits, exponent, out) }
}

/// The number as an integer, if it is one of at most seven digits.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an integer from 0 to 1e7")]
fn small_integer(magnitude: f64) -> Option<u64> {
    (magnitude < 1e7 && magnitude.trunc() == magnitude).then_some(magnitude as u64)
}

/// The digits by one multiplication; `None` outside 1e-4..1e7 and where the rounding could differ from [`exact`].
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an integer from 1e6 to 1e7")]
fn fast(magnitude: f64) -> Option<Decimal> {
    /// For each decade: its exclusive end, the factor that scales it to 1e6..1e7, its decimal exponent.
    const DECADES: [(f64, f64, i32); 11] = [
        (1e-3, 1e10, -4),
        (1e-2, 1e9, -3),
        (1e-1, 1e8, -2),
        (1e0, 1e7, -1),
        (1e1, 1e6, 0),
        (1e2, 1e5, 1),
        (1e3, 1e4, 2),
        (1e4, 1e3, 3),
        (1e5, 1e2, 4),
        (1e6, 1e1, 5),
        (1e7, 1e0, 6),
    ];
    let &(_, factor, exponent) = DECADES.iter().find(|&&(end, ..)| magnitude < end)?;
    let scaled = magnitude * factor;
    let rounded = scaled.round();
    if magnitude < 1e-4 || (scaled - rounded).abs() > 0.5 - 1e-6 || rounded >= 1e7 {
        return None;
    }
    let mut left = rounded as u32;
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' | (left % 10) as u8;
        left /= 10;
    }
    Some((digits, exponent))
}

/// The digits as the standard library rounds them.
fn exact(magnitude: f64) -> Option<Decimal> {
    let mut scientific = Scientific::default();
    write!(scientific, "{magnitude:.6e}").ok()?;
    let text = scientific.bytes.get_mut(..scientific.len)?;
    let (mantissa, exponent) = text.split_first_chunk_mut::<8>()?;
    // `d.dddddd`: swapping the first digit with the point leaves the seven digits adjacent.
    let [first, digits @ ..] = mantissa;
    if let Some(point) = digits.first_mut() {
        mem::swap(first, point);
    }
    let exponent = str::from_utf8(exponent.strip_prefix(b"e")?).ok()?.parse().ok()?;
    Some((*digits, exponent))
}

fn plain(digits: &[u8], exponent: i32, out: &mut Ascii<'_, '_>) -> Result<bool, fmt::Error> {
    let Ok(exponent) = usize::try_from(exponent) else {
        out.text("0.")?;
        // The number of zeros after the point is one less than the negated exponent: none for 1e-1.
        (exponent..-1).try_for_each(|_| out.byte(b'0'))?;
        return out.bytes(digits).map(|()| true);
    };
    let whole = exponent + 1;
    let (before, after) = digits.split_at_checked(whole).unwrap_or((digits, &[]));
    out.bytes(before)?;
    (before.len()..whole).try_for_each(|_| out.byte(b'0'))?;
    fraction(after, out)?;
    Ok(!after.is_empty())
}

fn with_exponent(digits: &[u8], exponent: i32, out: &mut Ascii<'_, '_>) -> Result<bool, fmt::Error> {
    let (before, after) = digits.split_at_checked(1).unwrap_or((digits, &[]));
    out.bytes(before)?;
    fraction(after, out)?;
    out.text(if exponent < 0 { "e-" } else { "e+" })?;
    out.number(exponent.unsigned_abs().into(), 2).map(|()| true)
}

fn fraction(digits: &[u8], out: &mut Ascii<'_, '_>) -> fmt::Result {
    if digits.is_empty() { Ok(()) } else { out.byte(b'.').and_then(|()| out.bytes(digits)) }
}

/// A buffer for the output of `{:.6e}`, at most 13 bytes: `1.234568e-308`.
#[derive(Default)]
struct Scientific {
    bytes: [u8; 16],
    len: usize,
}

impl Write for Scientific {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fast_path_near_halves_and_powers_of_ten() {
        for x in [1e-4, 0.1, 0.3, 1.5, 2.5, 1234567.5, 999_999.95, 9_999_999.5, 0.000_123_456_75, 5e-5, 0.999_999_95] {
            for x in [f64::next_down(x), x, f64::next_up(x)] {
                assert!(fast(x).is_none_or(|digits| Some(digits) == exact(x)), "{x}");
            }
        }
        assert!(fast(1234567.5).is_none());
        assert!(fast(0.1).is_some());
    }

    proptest! {
        #[test]
        fn fast_path_equals_exact(x in 1e-5..1e7_f64, digits in 0..1_000_000_000_u32, scale in 0..12_i32) {
            for x in [x, f64::from(digits) / 10_f64.powi(scale)] {
                prop_assert!(fast(x).is_none_or(|digits| Some(digits) == exact(x)), "{}", x);
            }
        }
    }
}
