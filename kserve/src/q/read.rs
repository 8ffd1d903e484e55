//! `"J"$text`: parses text as an item of a kind. Invalid text gives a null.

use kcodec::calendar::{first_day, month_of};
use kcodec::{Guid, Kind};

use super::noun::{Atom, Item, Noun, null_item};
use super::temporal::DAY;

/// Nanoseconds of a second.
const SECOND: i64 = 1_000_000_000;
/// Days from 1970.01.01 to 2000.01.01.
const EPOCH: i64 = 10_957;

/// Parses a whole text as an atom of `kind`; as a char, the text itself. `day_first` selects the order
/// `31/12/2000`.
pub(crate) fn read(kind: Kind, text: &[u8], day_first: bool) -> Noun {
    if kind == Kind::Char {
        return Noun::text(text);
    }
    let text = text.trim_ascii();
    Noun::Atom(Atom { kind, item: item(kind, text, day_first).unwrap_or_else(|| null_item(kind)) })
}

fn item(kind: Kind, text: &[u8], day_first: bool) -> Option<Item> {
    if let Some(item) = special(kind, text) {
        return Some(item);
    }
    let int = |long: i64| i32::try_from(long).ok().filter(|&int| int != i32::MIN).map(Item::I32);
    match kind {
        Kind::Boolean => Some(Item::U8(u8::from(matches!(text, [b't' | b'x' | b'y' | b'T' | b'X' | b'Y' | b'1'])))),
        Kind::Byte => hex(text).map(Item::U8),
        Kind::Short => integer(text).and_then(|long| i16::try_from(long).ok()).map(Item::I16),
        Kind::Int => integer(text).or_else(|| address(text).map(i64::from)).and_then(int),
        Kind::Long => integer(text).map(Item::I64),
        Kind::Real => float(text).map(|float| Item::F32(float as f32)),
        Kind::Float => float(text).map(Item::F64),
        Kind::Guid => guid(text).map(Item::Guid),
        Kind::Date => date(text, day_first).filter(|(_, left)| ends_date(left)).and_then(|(days, _)| int(days)),
        Kind::Month => month(text).and_then(int),
        Kind::Timestamp => timestamp(text, day_first).map(Item::I64),
        Kind::Datetime => {
            let nanoseconds = timestamp(text, day_first)?;
            Some(Item::F64(nanoseconds.div_euclid(1_000_000) as f64 / 86_400_000.0))
        }
        Kind::Timespan => clock(text).map(Item::I64),
        Kind::Time => clock(text).and_then(|clock| int(clock / 1_000_000)),
        Kind::Second => clock(text).and_then(|clock| int(clock / SECOND)),
        Kind::Minute => clock(text).and_then(|clock| int(clock / (60 * SECOND))),
        _ => None,
    }
}

/// `0N`, `0W` and other nulls and infinities.
fn special(kind: Kind, text: &[u8]) -> Option<Item> {
    let (negative, text) = sign(text);
    let infinite = match text {
        [b'0', b'N' | b'n'] | [b'0', b'N' | b'n', _] => return Some(null_item(kind)),
        [b'0', b'W' | b'w'] | [b'0', b'W' | b'w', _] => true,
        _ => false,
    };
    let item = match null_item(kind) {
        Item::I16(_) => Item::I16(if negative { -i16::MAX } else { i16::MAX }),
        Item::I32(_) => Item::I32(if negative { -i32::MAX } else { i32::MAX }),
        Item::I64(_) => Item::I64(if negative { -i64::MAX } else { i64::MAX }),
        Item::F32(_) => Item::F32(if negative { f32::NEG_INFINITY } else { f32::INFINITY }),
        Item::F64(_) => Item::F64(if negative { f64::NEG_INFINITY } else { f64::INFINITY }),
        _ => return None,
    };
    infinite.then_some(item)
}

fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', left @ ..] => (true, left),
        [b'+', left @ ..] => (false, left),
        _ => (false, text),
    }
}

fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = sign(text);
    let number = natural(digits)?;
    Some(if negative { -number } else { number })
}

/// Parses digits without a sign.
fn natural(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn float(text: &[u8]) -> Option<f64> {
    let known = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
    if !text.iter().all(known) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok().filter(|float: &f64| !float.is_nan())
}

fn hex(text: &[u8]) -> Option<u8> {
    let text = text.strip_prefix(b"0x").unwrap_or(text);
    if text.is_empty() || text.len() > 2 {
        return None;
    }
    let byte = text.iter().try_fold(0, |byte, &digit| Some(byte << 4 | char::from(digit).to_digit(16)?));
    u8::try_from(byte?).ok()
}

/// `192.168.1.34`
fn address(text: &[u8]) -> Option<i32> {
    let address: std::net::Ipv4Addr = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(u32::from(address).cast_signed())
}

/// A guid: 32 hex digits, with or without dashes, or an IP address.
fn guid(text: &[u8]) -> Option<[u8; 16]> {
    let text = std::str::from_utf8(text).ok()?;
    match text.parse() {
        Ok(std::net::IpAddr::V4(address)) => Some(address.to_ipv6_mapped().octets()),
        Ok(std::net::IpAddr::V6(address)) => Some(address.octets()),
        Err(_) => text.parse::<Guid>().ok().map(|guid| guid.0),
    }
}

/// Parses the first `digits` bytes as a number. Returns the rest.
fn take(text: &[u8], digits: usize) -> Option<(i64, &[u8])> {
    let (number, left) = text.split_at_checked(digits)?;
    Some((natural(number)?, left))
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

const MONTHS: [&[u8]; 12] =
    [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];

/// A month: one or two digits, or the first three letters of its name.
fn month_part(text: &[u8]) -> Option<(i64, &[u8])> {
    if let Some((name, left)) = text.split_at_checked(3)
        && let Some(at) = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name))
    {
        return Some((i64::try_from(at).ok()? + 1, left));
    }
    take(text, digits(text).min(2))
}

fn separator(text: &[u8]) -> Option<&[u8]> {
    match text {
        [b'.' | b'-' | b'/', left @ ..] => Some(left),
        _ => None,
    }
}

/// Expands a year of two digits: below 50 is 20xx, as in q.
const fn century(year: i64, digits: usize) -> i64 {
    match (digits, year) {
        (2, ..50) => year + 2000,
        (2, _) => year + 1900,
        _ => year,
    }
}

/// Days since 2000.01.01; `None` if there is no such date.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=9999).contains(&year) {
        return None;
    }
    let months = (year - 2000) * 12 + month - 1;
    let first = first_day(months);
    let date = first.checked_add(day)?.checked_sub(1)?;
    (day >= 1 && month_of(date) == months).then_some(date)
}

/// Parses a date at the start of the text: `2000.12.31`, `2000-12-31`, `20001231`, `001231`, `31dec2000`,
/// `12/31/2000`.
fn date(text: &[u8], day_first: bool) -> Option<(i64, &[u8])> {
    let count = digits(text);
    match count {
        8 => {
            let (year, left) = take(text, 4)?;
            let (month, left) = take(left, 2)?;
            let (day, left) = take(left, 2)?;
            Some((days(year, month, day)?, left))
        }
        6 => {
            let (year, left) = take(text, 2)?;
            let (month, left) = take(left, 2)?;
            let (day, left) = take(left, 2)?;
            Some((days(century(year, 2), month, day)?, left))
        }
        4 => {
            let (year, left) = take(text, 4)?;
            let (month, left) = month_part(separator(left)?)?;
            let left = separator(left)?;
            let (day, left) = take(left, digits(left).min(2))?;
            Some((days(year, month, day)?, left))
        }
        1 | 2 => {
            let (first, left) = take(text, count)?;
            let (month, day, left) = match separator(left) {
                Some(left) => {
                    let (second, left) = take(left, digits(left).min(2))?;
                    let (month, day) = if day_first { (second, first) } else { (first, second) };
                    (month, day, separator(left)?)
                }
                None => {
                    let (month, left) = month_part(left)?;
                    (month, first, separator(left).unwrap_or(left))
                }
            };
            let width = digits(left);
            let (year, left) = take(left, width).filter(|_| width == 2 || width == 4)?;
            Some((days(century(year, width), month, day)?, left))
        }
        _ => None,
    }
}

/// Whether the rest of the text may follow a date.
const fn ends_date(left: &[u8]) -> bool {
    matches!(left, [] | [b'D' | b'T' | b' ' | b'-', ..])
}

fn month(text: &[u8]) -> Option<i64> {
    let (year, left) = take(text, 4)?;
    let (month, left) = month_part(separator(left).unwrap_or(left))?;
    let whole = left.is_empty() || matches!(left, [b'm']) || separator(left).is_some();
    ((1..=12).contains(&month) && whole).then(|| (year - 2000) * 12 + month - 1)
}

/// Parses `hh:mm:ss.f`, `hhmmssf` or `1D12:00:00` to nanoseconds.
fn clock(text: &[u8]) -> Option<i64> {
    let (negative, text) = sign(text);
    let (day, text) = match text.iter().position(|&byte| byte == b'D') {
        Some(at) => (natural(text.get(..at)?)?, text.get(at + 1..)?),
        None => (0, text),
    };
    let count = digits(text);
    let nanoseconds = match (text.is_empty(), text.get(count)) {
        (true, _) => 0,
        (_, Some(b':')) => with_colons(text)?,
        _ if count == text.len() && count >= 3 => packed(text)?,
        (_, Some(b'.')) if count == 6 => packed(&[text.get(..6)?, text.get(7..)?].concat())?,
        _ if count == text.len() => natural(text)?.checked_mul(3600 * SECOND)?,
        _ => return None,
    };
    let all = day.checked_mul(DAY)?.checked_add(nanoseconds)?;
    Some(if negative { -all } else { all })
}

fn with_colons(text: &[u8]) -> Option<i64> {
    let (whole, fraction) = match text.iter().position(|&byte| byte == b'.' || byte == b',') {
        Some(at) => (text.get(..at)?, text.get(at + 1..)?),
        None => (text, &[][..]),
    };
    let mut parts = whole.split(|&byte| byte == b':');
    let hours = natural(parts.next()?)?;
    let minutes = natural(parts.next()?).filter(|&part| part < 60)?;
    let seconds = parts.next().map_or(Some(0), natural).filter(|&part| part < 60)?;
    let seconds = hours.checked_mul(3600)?.checked_add(minutes * 60 + seconds)?;
    if parts.next().is_some() {
        return None;
    }
    seconds.checked_mul(SECOND)?.checked_add(nanoseconds(fraction)?)
}

/// `hhmm` or `hhmmss`, with an optional fraction.
fn packed(text: &[u8]) -> Option<i64> {
    let (hours, left) = take(text, text.len().min(2))?;
    let (minutes, left) = take(left, left.len().min(2))?;
    let (seconds, left) = if left.is_empty() { (0, left) } else { take(left, left.len().min(2))? };
    if minutes >= 60 || seconds >= 60 {
        return None;
    }
    Some((hours * 3600 + minutes * 60 + seconds) * SECOND + nanoseconds(left)?)
}

/// Nanoseconds of a fraction of a second: its first nine digits.
fn nanoseconds(fraction: &[u8]) -> Option<i64> {
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digit = |at| fraction.get(at).map_or(0, |digit| i64::from(digit - b'0'));
    Some((0..9).fold(0, |sum, at| sum * 10 + digit(at)))
}

/// A date with an optional time. 9 to 11 digits are seconds since 1970.
fn timestamp(text: &[u8], day_first: bool) -> Option<i64> {
    let text = text.strip_suffix(b"Z").unwrap_or(text);
    let count = digits(text);
    if (9..=11).contains(&count) {
        let (seconds, left) = take(text, count)?;
        let fraction = match left {
            [] => 0,
            [b'.', fraction @ ..] => nanoseconds(fraction)?,
            _ => return None,
        };
        return (seconds - EPOCH * 86_400).checked_mul(SECOND)?.checked_add(fraction);
    }
    let (days, left) = date(text, day_first)?;
    let of_day = match left {
        [] => 0,
        [b'D' | b'T' | b' ' | b'-', time @ ..] => clock(time)?,
        _ => return None,
    };
    days.checked_mul(DAY)?.checked_add(of_day).filter(|&all| all != i64::MIN)
}
