//! Date and time literals.

use super::number::{natural, signed};
use crate::calendar::{self, Day};
use crate::error::ErrorKind;
use crate::kind::Kind;

const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400;

/// The temporal kind of a token by its form; `None` for a number:
///
/// | form | kind |
/// |---|---|
/// | suffix `n`, `u`, `v` or `t` after a colon | that of the suffix |
/// | `D` with a dot before it | timestamp |
/// | `D` | timespan |
/// | `T` | datetime |
/// | two dots, no colon | date |
/// | one colon | minute |
/// | two colons: no decimals, up to 3, more | second, time, timespan |
pub(super) fn kind(unsigned: &[u8]) -> Option<Kind> {
    if let Some((letter, _)) = suffix(unsigned) {
        return Some(letter);
    }
    let count = |text: &[u8], wanted: u8| text.iter().filter(|&&byte| byte == wanted).count();
    if let Some((before, _)) = split(unsigned, b'D') {
        return Some(if before.contains(&b'.') { Kind::Timestamp } else { Kind::Timespan });
    }
    if unsigned.contains(&b'T') {
        return Some(Kind::Datetime);
    }
    let decimals = split(unsigned, b'.').map_or(0, |(_, fraction)| digits(fraction));
    match (count(unsigned, b':'), decimals) {
        (0, _) if count(unsigned, b'.') == 2 => Some(Kind::Date),
        (0, _) => None,
        (1, _) => Some(Kind::Minute),
        (_, 0) => Some(Kind::Second),
        (_, 1..=3) => Some(Kind::Time),
        _ => Some(Kind::Timespan),
    }
}

/// The kind of the suffix of a time of day, and the time without it: `12:30t`.
pub(super) fn suffix(unsigned: &[u8]) -> Option<(Kind, &[u8])> {
    let (&letter, time) = unsigned.split_last()?;
    let kind = match letter {
        b'n' => Kind::Timespan,
        b'u' => Kind::Minute,
        b'v' => Kind::Second,
        b't' => Kind::Time,
        _ => return None,
    };
    time.contains(&b':').then_some((kind, time))
}

/// The number of digits at the start of `text`.
fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// The text before and after the first `at`.
fn split(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let (before, rest) = text.split_at_checked(memchr::memchr(at, text)?)?;
    Some((before, rest.get(1..)?))
}

pub(super) fn month(text: &[u8], negative: bool) -> Result<i32, ErrorKind> {
    match *text {
        [ref year @ .., b'.', a, b] if year.len() == 4 && !negative => {
            let month = small(&[a, b])?;
            calendar::month_number(small(year)?, month).ok_or(ErrorKind::Range)
        }
        _ => Err(ErrorKind::Literal),
    }
}

pub(super) fn date(text: &[u8], negative: bool) -> Result<i32, ErrorKind> {
    match *text {
        [ref year @ .., b'.', a, b, b'.', c, d] if year.len() == 4 && !negative => {
            let day = Day { year: small(year)?, month: small(&[a, b])?, day: small(&[c, d])? };
            calendar::day_number(day).ok_or(ErrorKind::Range)
        }
        _ => Err(ErrorKind::Literal),
    }
}

pub(super) fn timestamp(text: &[u8], negative: bool) -> Result<i64, ErrorKind> {
    let (day, clock) = split(text, b'D').ok_or(ErrorKind::Literal)?;
    // In 128 bits: midnight of 1707.09.21 is out of range, although later times of that day are in range.
    let days = i128::from(date(day, negative)?);
    let of_day = Clock::read(clock)?;
    let seconds = days * i128::from(DAY) + i128::from(of_day.seconds);
    let nanoseconds = seconds * i128::from(SECOND) + i128::from(of_day.nanoseconds);
    match i64::try_from(nanoseconds) {
        Ok(i64::MIN) | Err(_) => Err(ErrorKind::Range),
        Ok(nanoseconds) => Ok(nanoseconds),
    }
}

/// Days since 2000.01.01 as kdb+ computes them: milliseconds divided by those of a day, so that the result is rounded
/// once.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of ten thousand years need 49 bits")]
pub(super) fn datetime(text: &[u8], negative: bool) -> Result<f64, ErrorKind> {
    let (day, clock) = split(text, b'T').ok_or(ErrorKind::Literal)?;
    let seconds = i64::from(date(day, negative)?) * DAY.cast_signed();
    let of_day: i64 = signed(Clock::read(clock)?.units(1000)?, false)?;
    Ok((seconds * 1000).saturating_add(of_day) as f64 / 86_400_000.0)
}

/// `1D`, `0D12:30:00.5` or `12:30:00.000000000`.
pub(super) fn timespan(text: &[u8], negative: bool) -> Result<i64, ErrorKind> {
    let (days, clock) = match split(text, b'D') {
        Some((days, clock)) => (natural(days)?, clock),
        None => (0, text),
    };
    let mut clock = Clock::read(clock)?;
    let seconds = days.checked_mul(DAY).and_then(|days| days.checked_add(clock.seconds));
    clock.seconds = seconds.ok_or(ErrorKind::Range)?;
    signed(clock.units(SECOND)?, negative)
}

pub(super) fn minute(text: &[u8], negative: bool) -> Result<i32, ErrorKind> {
    signed(Clock::read_time(text)?.seconds / 60, negative)
}

pub(super) fn second(text: &[u8], negative: bool) -> Result<i32, ErrorKind> {
    signed(Clock::read_time(text)?.seconds, negative)
}

pub(super) fn time(text: &[u8], negative: bool) -> Result<i32, ErrorKind> {
    signed(Clock::read_time(text)?.units(1000)?, negative)
}

/// A number of few digits: a year, month or day.
fn small(digits: &[u8]) -> Result<u32, ErrorKind> {
    u32::try_from(natural(digits)?).map_err(|_| ErrorKind::Range)
}

/// A time of day; hours may exceed a day.
#[derive(Default)]
struct Clock {
    /// The number of fields: hours, minutes, seconds.
    parts: usize,
    seconds: u64,
    nanoseconds: u64,
}

impl Clock {
    /// Reads `hh`, `hh:mm`, `hh:mm:ss`, `hh:mm:ss.f` or an empty text, which is midnight. Hours may have any number of
    /// digits.
    fn read(text: &[u8]) -> Result<Self, ErrorKind> {
        let mut clock = Self::default();
        if text.is_empty() {
            return Ok(clock);
        }
        let (text, fraction) = split(text, b'.').map_or((text, None), |(text, fraction)| (text, Some(fraction)));
        for part in text.split(|&byte| byte == b':') {
            clock.part(part)?;
        }
        for _ in clock.parts..3 {
            clock.seconds = clock.seconds.checked_mul(60).ok_or(ErrorKind::Range)?;
        }
        match fraction {
            Some(_) if clock.parts != 3 => Err(ErrorKind::Literal),
            Some(fraction) => clock.fraction(fraction),
            None => Ok(clock),
        }
    }

    /// Reads a time of day that has minutes at least. It may have fewer or more fields than its kind displays, because
    /// the suffix of the last item of a run determines the kind: `13:30 20:00t` are times.
    fn read_time(text: &[u8]) -> Result<Self, ErrorKind> {
        Self::read(text).and_then(|clock| if clock.parts >= 2 { Ok(clock) } else { Err(ErrorKind::Literal) })
    }

    /// Adds the next field: hours, minutes or seconds.
    fn part(&mut self, digits: &[u8]) -> Result<(), ErrorKind> {
        self.parts += 1;
        if self.parts > 3 || (self.parts > 1 && digits.len() != 2) {
            return Err(ErrorKind::Literal);
        }
        let number = natural(digits)?;
        if self.parts > 1 && number >= 60 {
            return Err(ErrorKind::Range);
        }
        let seconds = self.seconds.checked_mul(60).and_then(|larger| larger.checked_add(number));
        self.seconds = seconds.ok_or(ErrorKind::Range)?;
        Ok(())
    }

    /// Adds the digits after the point, at most nine.
    fn fraction(mut self, digits: &[u8]) -> Result<Self, ErrorKind> {
        let missing = 9_usize.checked_sub(digits.len()).ok_or(ErrorKind::Literal)?;
        let number = natural(digits)?;
        self.nanoseconds = (0..missing).fold(number, |number, _| number * 10);
        Ok(self)
    }

    /// The time in units of 1/`per_second` s, rounded down.
    fn units(&self, per_second: u64) -> Result<u64, ErrorKind> {
        let fraction = self.nanoseconds / (SECOND / per_second);
        let seconds = self.seconds.checked_mul(per_second);
        seconds.and_then(|seconds| seconds.checked_add(fraction)).ok_or(ErrorKind::Range)
    }
}
