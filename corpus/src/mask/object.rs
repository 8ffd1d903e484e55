//! Masks a checked body in place.

use kcodec::{Attribute, Kind};

use super::permutation::Permutation;
use super::{Mask, Names, text};

/// The type byte of a symbol.
const SYMBOL: u8 = Kind::Symbol.code().wrapping_neg();
/// The bits of an attribute byte that hold the attribute.
const ATTRIBUTE: u8 = 0x7f;
/// The bit of an attribute byte that marks an 8-byte count.
const WIDE: u8 = 0x80;
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
        let Some(kind) = Kind::from_code(code) else { return self.atom(Kind::from_code(code.wrapping_neg())?, role) };
        match kind {
            Kind::List => self.list(role),
            Kind::Symbol => {
                let count = self.head(kind)?;
                (0..count).try_for_each(|_| self.symbol(role))
            }
            Kind::Char => {
                let length = usize::try_from(self.head(kind)?).ok()?;
                self.text(length, matches!(role, Role::Code | Role::Function))
            }
            Kind::Byte => {
                let length = usize::try_from(self.head(kind)?).ok()?;
                self.bytes(length)
            }
            Kind::Table => {
                self.attribute(kind)?;
                self.object(Role::Columns)
            }
            Kind::Dict | Kind::SortedDict => {
                // Masked keys are not sorted, so a sorted dict becomes a plain dict.
                *self.body.get_mut(start)? = Kind::Dict.code();
                self.object(if role == Role::Columns { Role::Name } else { Role::Data })?;
                self.object(Role::Data)
            }
            Kind::Lambda => {
                self.symbol(Role::Name)?;
                self.object(Role::Code)
            }
            Kind::Unary | Kind::Binary | Kind::Iterator => self.take(1).map(drop),
            Kind::Projection | Kind::Composition => {
                let count = self.count(4)?;
                (0..count).try_for_each(|_| self.object(Role::Data))
            }
            Kind::Each | Kind::Over | Kind::Scan | Kind::EachPrior | Kind::EachRight | Kind::EachLeft => {
                self.object(Role::Data)
            }
            Kind::Error => self.symbol(Role::Data),
            _ => {
                let count = self.head(kind)?;
                let number = Number::of(kind)?;
                (0..count).try_for_each(|_| self.number(&number))
            }
        }
    }

    fn atom(&mut self, kind: Kind, role: Role) -> Option<()> {
        match kind {
            Kind::Symbol => self.symbol(role),
            Kind::Char => self.text(1, false),
            _ => self.number(&Number::of(kind)?),
        }
    }

    fn list(&mut self, role: Role) -> Option<()> {
        let count = self.head(Kind::List)?;
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
        let kind = memchr::memchr(0, name).and_then(|end| Kind::from_code(*name.get(end + 1)?));
        matches!(kind, Some(Kind::List | Kind::Table))
    }

    /// Reads attribute and count of a vector or list.
    fn head(&mut self, kind: Kind) -> Option<u64> {
        let is_wide = self.attribute(kind)? & WIDE != 0;
        self.count(if is_wide { 8 } else { 4 })
    }

    /// Reads the attribute byte, and removes the attribute if masking makes it false.
    fn attribute(&mut self, kind: Kind) -> Option<u8> {
        let byte = self.take(1)?.first_mut()?;
        // Bytes and chars are not masked item by item, so no attribute survives.
        let is_block = matches!(kind, Kind::Byte | Kind::Char);
        if *byte & ATTRIBUTE == Attribute::Sorted.code() || is_block {
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
        let bytes = self.take(number.width)?;
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
    width: usize,
    bits: u32,
    /// A range that is permuted within itself: times of day, or dates from 1970 to 2100. May be empty.
    ordinary: std::ops::Range<i64>,
}

const DAY: i64 = 86_400;
/// Days from 2000 to 1970 and to 2100.
const DAYS: std::ops::Range<i64> = -10_957..36_525;
const NANOSECONDS: i64 = 1_000_000_000;

impl Number {
    /// `None` for kinds whose items have no fixed width.
    fn of(kind: Kind) -> Option<Self> {
        let ordinary = match kind {
            Kind::Timestamp => DAYS.start * DAY * NANOSECONDS..DAYS.end * DAY * NANOSECONDS,
            Kind::Month => -360..1200,
            Kind::Date => DAYS,
            Kind::Timespan => 0..DAY * NANOSECONDS,
            Kind::Minute => 0..DAY / 60,
            Kind::Second => 0..DAY,
            Kind::Time => 0..DAY * 1000,
            _ => 0..0,
        };
        let width = kind.width()?;
        Some(Self { kind, width, bits: u32::try_from(width * 8).ok()?, ordinary })
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
