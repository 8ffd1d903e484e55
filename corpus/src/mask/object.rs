//! Masks a checked body in place.

use kcodec::Kind;

use super::permutation::Permutation;
use super::{Mask, Names, text};

const SYMBOL: u8 = 0xf5;
const ERROR: u8 = 0x80;
/// The bits of an attribute byte that hold the attribute.
const ATTRIBUTE: u8 = 0x7f;
/// The bit of an attribute byte that marks an 8-byte count.
const WIDE: u8 = 0x80;
const SORTED: u8 = 1;
/// Bytes of a byte vector that are permuted as one number.
const BLOCK: usize = 16;

/// Masks the values of a checked body. `is_code` is true if a top-level text is q code and a list a call. `None` if the
/// walk does not end at the end of the body.
pub(super) fn mask(mask: &Mask, body: &mut [u8], is_big: bool, is_code: bool) -> Option<()> {
    let mut walk = Walk { permutation: &mask.permutation, names: mask.names, is_big, body, at: 0 };
    walk.object(if is_code { Role::Code } else { Role::Data })?;
    (walk.at == walk.body.len()).then_some(())
}

/// The role of an object within its container.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Data,
    /// The body of a request: q code, or a call.
    Code,
    /// The function of a call: code or a name.
    Function,
    /// The name of a table, or of columns.
    Name,
    /// The dict of a table.
    Columns,
}

struct Walk<'a> {
    permutation: &'a Permutation,
    names: Names,
    is_big: bool,
    body: &'a mut [u8],
    at: usize,
}

impl Walk<'_> {
    fn object(&mut self, role: Role) -> Option<()> {
        let start = self.at;
        let code = *self.take(1)?.first()?;
        match code {
            0 => self.list(role),
            11 => {
                let count = self.head(code)?;
                (0..count).try_for_each(|_| self.symbol(role))
            }
            10 => {
                let length = usize::try_from(self.head(code)?).ok()?;
                self.text(length, matches!(role, Role::Code | Role::Function))
            }
            4 => {
                let length = usize::try_from(self.head(code)?).ok()?;
                self.bytes(length)
            }
            1..=19 => {
                let count = self.head(code)?;
                let number = Number::of(code)?;
                (0..count).try_for_each(|_| self.number(&number))
            }
            SYMBOL => self.symbol(role),
            ERROR => self.symbol(Role::Data),
            0xf6 => self.text(1, false),
            0xed..=0xff => self.number(&Number::of(code.wrapping_neg())?),
            98 => {
                self.attribute(code)?;
                self.object(Role::Columns)
            }
            99 | 127 => {
                // Masked keys are not sorted, so a sorted dict becomes a plain dict.
                *self.body.get_mut(start)? = 99;
                self.object(if role == Role::Columns { Role::Name } else { Role::Data })?;
                self.object(Role::Data)
            }
            100 => {
                self.symbol(Role::Name)?;
                self.object(Role::Code)
            }
            101..=103 => self.take(1).map(drop),
            104 | 105 => {
                let count = self.count(4)?;
                (0..count).try_for_each(|_| self.object(Role::Data))
            }
            106..=111 => self.object(Role::Data),
            _ => None,
        }
    }

    fn list(&mut self, role: Role) -> Option<()> {
        let count = self.head(0)?;
        for index in 0..count {
            let item = match (role, index) {
                (Role::Code, 0) => Role::Function,
                (Role::Code, 1) if count == 3 && self.is_update() => Role::Name,
                _ => Role::Data,
            };
            self.object(item)?;
        }
        Some(())
    }

    /// Whether a symbol is followed by a list or table, as in an update of a table.
    fn is_update(&self) -> bool {
        let Some([SYMBOL, name @ ..]) = self.body.get(self.at..) else { return false };
        let end = memchr::memchr(0, name);
        end.and_then(|end| name.get(end + 1)).is_some_and(|code| matches!(code, 0 | 98))
    }

    /// Reads attribute and count of a vector or list.
    fn head(&mut self, code: u8) -> Option<u64> {
        let is_wide = self.attribute(code)? & WIDE != 0;
        self.count(if is_wide { 8 } else { 4 })
    }

    /// Reads the attribute byte, and removes the attribute if masking makes it false.
    fn attribute(&mut self, code: u8) -> Option<u8> {
        let byte = self.take(1)?.first_mut()?;
        // Bytes and chars are not masked item by item, so no attribute survives.
        let is_block = matches!(code, 4 | 10);
        if *byte & ATTRIBUTE == SORTED || is_block {
            *byte &= WIDE;
        }
        Some(*byte)
    }

    fn count(&mut self, width: usize) -> Option<u64> {
        let is_big = self.is_big;
        u64::try_from(read(self.take(width)?, is_big)).ok()
    }

    fn symbol(&mut self, role: Role) -> Option<()> {
        let length = memchr::memchr(0, self.body.get(self.at..)?)?;
        let is_kept = self.names == Names::Keep && matches!(role, Role::Function | Role::Name);
        let permutation = self.permutation;
        let bytes = self.take(length)?;
        if !is_kept {
            text::mask(permutation, bytes);
        }
        self.take(1).map(drop)
    }

    fn text(&mut self, length: usize, is_code: bool) -> Option<()> {
        let (permutation, is_kept) = (self.permutation, self.names == Names::Keep);
        let bytes = self.take(length)?;
        if is_code && is_kept {
            text::mask_literals(permutation, bytes);
        } else {
            text::mask(permutation, bytes);
        }
        Some(())
    }

    fn bytes(&mut self, length: usize) -> Option<()> {
        let permutation = self.permutation;
        for block in self.take(length)?.chunks_mut(BLOCK) {
            let bits = u32::try_from(block.len() * 8).ok()?;
            let image = permutation.among(Kind::Byte as u64, bits, read(block, true), |_| true);
            write(block, true, image);
        }
        Some(())
    }

    fn number(&mut self, number: &Number) -> Option<()> {
        // A guid's bytes are in text order, independent of the byte order.
        let is_big = self.is_big || number.kind == Kind::Guid;
        let permutation = self.permutation;
        let bytes = self.take(number.width())?;
        write(bytes, is_big, number.image(permutation, read(bytes, is_big)));
        Some(())
    }

    fn take(&mut self, length: usize) -> Option<&mut [u8]> {
        let start = self.at;
        self.at = start.checked_add(length)?;
        self.body.get_mut(start..self.at)
    }
}

/// How the numbers of a type are masked.
#[derive(Debug)]
struct Number {
    kind: Kind,
    bits: u32,
    /// A range that is permuted within itself: times of day, or dates from 1970 to 2100. May be empty.
    ordinary: std::ops::Range<i64>,
}

const DAY: i64 = 86_400;
/// Days from 2000 to 1970 and to 2100.
const DAYS: std::ops::Range<i64> = -10_957..36_525;
const NANOSECONDS: i64 = 1_000_000_000;

impl Number {
    /// By the type code of a vector.
    fn of(code: u8) -> Option<Self> {
        let all = 0..0;
        let (kind, bits, ordinary) = match code {
            1 => (Kind::Boolean, 1, all),
            2 => (Kind::Guid, 128, all),
            4 => (Kind::Byte, 8, all),
            5 => (Kind::Short, 16, all),
            6 => (Kind::Int, 32, all),
            7 => (Kind::Long, 64, all),
            8 => (Kind::Real, 32, all),
            9 => (Kind::Float, 64, all),
            12 => (Kind::Timestamp, 64, DAYS.start * DAY * NANOSECONDS..DAYS.end * DAY * NANOSECONDS),
            13 => (Kind::Month, 32, -360..1200),
            14 => (Kind::Date, 32, DAYS),
            15 => (Kind::Datetime, 64, all),
            16 => (Kind::Timespan, 64, 0..DAY * NANOSECONDS),
            17 => (Kind::Minute, 32, 0..DAY / 60),
            18 => (Kind::Second, 32, 0..DAY),
            19 => (Kind::Time, 32, 0..DAY * 1000),
            _ => return None,
        };
        Some(Self { kind, bits, ordinary })
    }

    const fn width(&self) -> usize {
        self.bits.div_ceil(8) as usize
    }

    fn image(&self, permutation: &Permutation, value: u128) -> u128 {
        let tweak = self.kind as u64;
        if self.kind == Kind::Boolean {
            return value ^ u128::from(permutation.tweak(&[b"boolean"]) & 1);
        }
        if self.is_special(value) {
            return value;
        }
        let count = u128::from(self.ordinary.end.abs_diff(self.ordinary.start));
        match self.ordinary_index(value) {
            Some(index) => self.raw(permutation.below(tweak, count, index)),
            None => permutation.among(tweak, self.bits, value, |value| {
                !self.is_special(value) && self.ordinary_index(value).is_none()
            }),
        }
    }

    /// Whether a value is a null or an infinity, which are not masked.
    fn is_special(&self, value: u128) -> bool {
        match self.kind {
            Kind::Guid => value == 0,
            Kind::Byte => false,
            Kind::Real => value >> 23 & 0xff == 0xff,
            Kind::Float | Kind::Datetime => value >> 52 & 0x7ff == 0x7ff,
            _ => {
                let null = 1 << (self.bits - 1);
                (null - 1..=null + 1).contains(&value)
            }
        }
    }

    /// The index of a value in the ordinary range; `None` if it is outside.
    fn ordinary_index(&self, value: u128) -> Option<u128> {
        if self.ordinary.is_empty() {
            return None;
        }
        // Sign-extend from the type's width.
        let shift = u128::BITS - self.bits;
        let signed = i64::try_from((value << shift).cast_signed() >> shift).ok()?;
        self.ordinary.contains(&signed).then(|| u128::from(signed.abs_diff(self.ordinary.start)))
    }

    /// The bits of the value at an index of the ordinary range.
    fn raw(&self, index: u128) -> u128 {
        let value = i128::from(self.ordinary.start) + index.cast_signed();
        value.cast_unsigned() & (u128::MAX >> (u128::BITS - self.bits))
    }
}

fn read(bytes: &[u8], is_big: bool) -> u128 {
    let append = |number: u128, &byte: &u8| number << 8 | u128::from(byte);
    if is_big { bytes.iter().fold(0, append) } else { bytes.iter().rev().fold(0, append) }
}

fn write(bytes: &mut [u8], is_big: bool, number: u128) {
    let encoded = number.to_le_bytes();
    let width = bytes.len();
    bytes.copy_from_slice(encoded.get(..width).unwrap_or_default());
    if is_big {
        bytes.reverse();
    }
}
