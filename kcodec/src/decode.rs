//! The checker: validates a body once, so that every view of it is infallible.
//!
//! The plain algorithm is one recursive function:
//!
//! ```text
//! object(depth): read the type
//!     vector of fixed width   read attribute and count, compare count * width with the bytes left, skip the items
//!     symbols, symbol         skip as many NUL-terminated texts as are counted, or one
//!     list                    read attribute and count, object(depth - 1) for each item
//!     dict                    two objects with equal counts
//!     table                   a dict of symbols and of columns with equal counts
//!     function                its id, or its parts as objects
//! ```
//!
//! Every count is compared with the bytes left before it is used, and `depth` bounds the recursion. `view` later reads
//! the same bytes without checks; what the checker accepts and a view cannot read is unreachable.
//!
//! Two fast paths come before the recursive function, and leave every fault to it. [`Plain`](crate::plain::Plain) is a
//! vector whose length follows from its head: type, attribute and count are read together and one comparison decides.
//! Lists are often long runs of items of one type: `run` skips them in a loop with the type as a constant.

use crate::error::{Error, ErrorKind};
use crate::kind::Kind;
use crate::limits::Limits;
use crate::plain::shift;
use crate::reader::Reader;
use crate::simd;
use crate::wire::{BOOLEAN, DICT, ERROR, LAST_ATTRIBUTE, SORTED_DICT, SYMBOL, SYMBOLS, TABLE, WIDE, width};

/// What the checker learned about a body.
pub(crate) struct Checked {
    /// Whether the body can be forwarded as it is: no count has 8 bytes that fits into 4.
    pub(crate) canonical: bool,
    /// For a table: the offset of the end of its names.
    pub(crate) names: Option<usize>,
}

/// Checks that a body is exactly one object.
pub(crate) fn check(body: &[u8], limits: Limits) -> Result<Checked, Error> {
    let mut checker = Checker::<false>::new(body);
    let mut names = None;
    match (body.first(), limits.depth.checked_sub(1)) {
        (Some(&ERROR), _) => {
            checker.reader.u8()?;
            checker.reader.text()?;
        }
        (Some(&TABLE), Some(inner)) => {
            checker.reader.u8()?;
            names = Some(checker.table(inner)?.0);
        }
        _ => {
            checker.object(limits.depth)?;
        }
    }
    if checker.reader.left().is_empty() {
        Ok(Checked { canonical: checker.canonical, names })
    } else {
        Err(checker.reader.error(ErrorKind::Trailing))
    }
}

/// The length of the first object of unchecked bytes, and whether it can be forwarded as it is. Others may follow it.
pub(crate) fn first_object(bytes: &[u8], limits: Limits) -> Result<(usize, bool), Error> {
    let mut checker = Checker::<false>::new(bytes);
    checker.object(limits.depth)?;
    Ok((checker.reader.at(), checker.canonical))
}

/// The length of the first object of checked bytes.
pub(crate) fn extent(bytes: &[u8]) -> usize {
    // Fast path: the length of an atom follows from its type.
    if let Some(&code) = bytes.first()
        && let Some(width) = width(code.wrapping_neg())
    {
        return width + 1;
    }
    if let [SYMBOL, text @ ..] = bytes {
        return simd::text_len(text).map_or(bytes.len(), |length| length + 2);
    }
    let mut checker = Checker::<true>::new(bytes);
    match checker.object(u8::MAX) {
        Ok(_) => checker.reader.at(),
        Err(_) => bytes.len(),
    }
}

/// Calls `ended` with the offset of the end of each of `count` checked objects.
pub(crate) fn extents(bytes: &[u8], count: usize, ended: impl FnMut(usize)) {
    let walked = Checker::<true>::new(bytes).objects(count as u64, u8::MAX, ended);
    debug_assert!(walked.is_ok(), "the caller passes checked bytes");
}

/// Walks objects. `TRUSTED`: the bytes were checked before, and only the ends of objects are needed.
struct Checker<'a, const TRUSTED: bool> {
    reader: Reader<'a>,
    canonical: bool,
}

/// Number of items of a list, rows of a table, keys of a dict; `None` for atoms and functions.
type Count = Option<u64>;

impl<'a, const TRUSTED: bool> Checker<'a, TRUSTED> {
    const fn new(bytes: &'a [u8]) -> Self {
        Self { reader: Reader::new(bytes), canonical: true }
    }

    /// Skips one object, which may nest `depth` levels, itself included.
    #[inline]
    fn object(&mut self, depth: u8) -> Result<Count, Error> {
        match self.reader.plain() {
            Some(vector) => Ok(Some(u64::from(vector.count))),
            None => self.any(depth),
        }
    }

    /// Skips an object of any kind.
    fn any(&mut self, depth: u8) -> Result<Count, Error> {
        let start = self.reader;
        let code = self.reader.u8()?;
        match code {
            BOOLEAN => self.booleans(),
            SYMBOLS => {
                let count = self.head(1)?;
                self.reader.texts(count).map(|_| Some(count as u64))
            }
            0 => {
                let inner = deeper(depth, start)?;
                let count = self.head(2)? as u64;
                self.objects(count, inner, |_| ()).map(|()| Some(count))
            }
            2..=19 => {
                let Some(width) = width(code) else { return Err(no_such_type(start, code)) };
                let count = self.head(width)?;
                self.reader.take(count * width).map(|_| Some(count as u64))
            }
            SYMBOL => self.reader.text().map(|_| None),
            0xed..=0xff => self.atom(start, code),
            TABLE => self.table(deeper(depth, start)?).map(|(_, rows)| rows),
            DICT | SORTED_DICT => self.dict(start, deeper(depth, start)?),
            100 => {
                let inner = deeper(depth, start)?;
                self.reader.text()?;
                self.object(inner).map(|_| None)
            }
            101..=103 => self.primitive(code),
            104 | 105 => {
                let inner = deeper(depth, start)?;
                let count = self.reader.u32()?;
                self.objects(u64::from(count), inner, |_| ()).map(|()| None)
            }
            106..=111 => self.object(deeper(depth, start)?).map(|_| None),
            ERROR => Err(start.error(ErrorKind::NestedError)),
            _ => Err(no_such_type(start, code)),
        }
    }

    /// Skips `count` objects and calls `ended` with the end of each. Runs of items of one type take the fast path of
    /// [`run`](Self::run); everything else, faults included, is left to [`object`](Self::object).
    fn objects(&mut self, count: u64, depth: u8, mut ended: impl FnMut(usize)) -> Result<(), Error> {
        let mut left = count;
        while left > 0 {
            let passed = self.run(left, &mut ended);
            left -= passed;
            if passed == 0 {
                self.object(depth)?;
                ended(self.reader.at());
                left -= 1;
            }
        }
        Ok(())
    }

    /// Skips atoms or plain vectors as long as they have the type of the next object. Returns their number, at most
    /// `most`.
    #[inline]
    fn run(&mut self, most: u64, ended: impl FnMut(usize)) -> u64 {
        let Some(&code) = self.reader.left().first() else { return 0 };
        if let Some(width) = width(code.wrapping_neg()).filter(|_| code != BOOLEAN.wrapping_neg()) {
            let size = width + 1;
            return self.alike(most, ended, |reader| reader.left().first() == Some(&code) && reader.take(size).is_ok());
        }
        // One loop for each width: with a constant shift, the next vector is found by its count alone.
        match shift(code) {
            Some(0) => self.alike(most, ended, |reader| reader.alike::<0>(code)),
            Some(1) => self.alike(most, ended, |reader| reader.alike::<1>(code)),
            Some(2) => self.alike(most, ended, |reader| reader.alike::<2>(code)),
            Some(3) => self.alike(most, ended, |reader| reader.alike::<3>(code)),
            Some(4) => self.alike(most, ended, |reader| reader.alike::<4>(code)),
            _ => 0,
        }
    }

    /// Skips objects as long as `pass` returns true. Returns their number, at most `most`.
    #[inline]
    fn alike(&mut self, most: u64, mut ended: impl FnMut(usize), pass: impl Fn(&mut Reader<'a>) -> bool) -> u64 {
        // A local copy stays in registers.
        let mut reader = self.reader;
        let mut passed = 0_u64;
        while passed < most && pass(&mut reader) {
            ended(reader.at());
            passed += 1;
        }
        self.reader = reader;
        passed
    }

    /// Reads an attribute and the count of items that take at least `least` bytes each. Returns the count.
    #[inline]
    fn head(&mut self, least: usize) -> Result<usize, Error> {
        match self.reader.count() {
            Some((count, left)) if count.saturating_mul(least) <= left.left().len() => {
                self.reader = left;
                Ok(count)
            }
            _ => self.any_head(least),
        }
    }

    /// Cold path of [`head`](Self::head): an 8-byte count, or a fault.
    #[cold]
    fn any_head(&mut self, least: usize) -> Result<usize, Error> {
        let wide = self.attribute()?;
        let at = self.reader;
        let count = if wide { self.reader.u64()? } else { u64::from(self.reader.u32()?) };
        self.canonical &= !wide || count > u64::from(u32::MAX);
        match usize::try_from(count) {
            Ok(items) if items.checked_mul(least).is_some_and(|bytes| bytes <= self.reader.left().len()) => Ok(items),
            _ => Err(at.error(ErrorKind::Count(count))),
        }
    }

    /// Reads an attribute byte. Returns whether the flag of an 8-byte count is set.
    #[inline]
    fn attribute(&mut self) -> Result<bool, Error> {
        let at = self.reader;
        let byte = self.reader.u8()?;
        if byte & !WIDE > LAST_ATTRIBUTE {
            return Err(at.error(ErrorKind::Attribute(byte)));
        }
        Ok(byte & WIDE != 0)
    }

    fn booleans(&mut self) -> Result<Count, Error> {
        let count = self.head(1)?;
        let mut items = self.reader;
        let bytes = self.reader.take(count)?;
        // Fast path: OR of all bytes, which the compiler vectorises. A fault is then located byte by byte.
        if !TRUSTED
            && bytes.iter().fold(0, |all, &byte| all | byte) > 1
            && let Some(index) = bytes.iter().position(|&byte| byte > 1)
        {
            items.take(index)?;
            let at = items;
            return Err(at.error(ErrorKind::Boolean(items.u8()?)));
        }
        Ok(Some(count as u64))
    }

    fn atom(&mut self, start: Reader<'_>, code: u8) -> Result<Count, Error> {
        let Some(width) = width(code.wrapping_neg()) else { return Err(no_such_type(start, code)) };
        let at = self.reader;
        let item = self.reader.take(width)?;
        match (code, item) {
            (0xff, &[byte]) if byte > 1 => Err(at.error(ErrorKind::Boolean(byte))),
            _ => Ok(None),
        }
    }

    /// Accepts the ids that KX's validator accepts. Later releases of kdb+ know at most those.
    fn primitive(&mut self, code: u8) -> Result<Count, Error> {
        let at = self.reader;
        let id = self.reader.u8()?;
        let known = match code {
            101 => id <= 44 || id == 255,
            102 => id <= 36,
            _ => id <= 5,
        };
        if known { Ok(None) } else { Err(at.error(ErrorKind::Primitive(id))) }
    }

    fn dict(&mut self, start: Reader<'_>, depth: u8) -> Result<Count, Error> {
        let keys = self.object(depth)?;
        let values = self.object(depth)?;
        match (keys, values) {
            (Some(keys), Some(values)) if keys == values => Ok(Some(keys)),
            (Some(keys), Some(values)) => Err(start.error(ErrorKind::DictCount { keys, values })),
            _ => Err(start.error(ErrorKind::DictItem)),
        }
    }

    /// Skips a table behind its type. Returns the end of its names and its number of rows.
    fn table(&mut self, depth: u8) -> Result<(usize, Count), Error> {
        if let Some(&[0..=LAST_ATTRIBUTE, DICT | SORTED_DICT, SYMBOLS]) = self.reader.left().first_chunk() {
            self.reader.take(3)?;
        } else {
            self.canonical &= !self.attribute()?;
            self.expect([DICT, SORTED_DICT], ErrorKind::TableDict)?;
            self.expect([SYMBOLS; 2], ErrorKind::TableNames)?;
        }
        let width = self.head(1)?;
        self.reader.texts(width)?;
        let at = self.reader;
        let mut rows = None;
        if self.expect([0, SYMBOL], ErrorKind::TableColumns)? == SYMBOL {
            self.reader.text()?;
        } else {
            let columns = self.head(2)?;
            if width != columns {
                return Err(at.error(ErrorKind::TableWidth { names: width as u64, columns: columns as u64 }));
            }
            rows = Some(self.columns(columns, depth)?);
        }
        Ok((at.at(), rows))
    }

    /// Skips columns, which must have one length. Returns that length.
    fn columns(&mut self, count: usize, depth: u8) -> Result<u64, Error> {
        let mut rows = None;
        // A local copy stays in registers while columns take the fast path.
        let mut reader = self.reader;
        for _ in 0..count {
            let at = reader;
            let found = match reader.plain().or_else(|| reader.symbols()) {
                Some(vector) => u64::from(vector.count),
                None => {
                    self.reader = reader;
                    let found = self.any(depth)?;
                    reader = self.reader;
                    match (at.left(), found) {
                        (&[code, ..], Some(found)) if Kind::from_code(code).is_some_and(Kind::is_column) => found,
                        _ => return Err(at.error(ErrorKind::TableColumns)),
                    }
                }
            };
            let expected = *rows.get_or_insert(found);
            if found != expected {
                return Err(at.error(ErrorKind::Ragged { expected, found }));
            }
        }
        self.reader = reader;
        Ok(rows.unwrap_or_default())
    }

    /// Reads a type byte, which must be one of two.
    #[inline]
    fn expect(&mut self, [one, other]: [u8; 2], otherwise: ErrorKind) -> Result<u8, Error> {
        let at = self.reader;
        let code = self.reader.u8()?;
        if code == one || code == other { Ok(code) } else { Err(at.error(otherwise)) }
    }
}

/// The depth of the parts of an object of `depth`; [`ErrorKind::Depth`] if there is none left.
fn deeper(depth: u8, start: Reader<'_>) -> Result<u8, Error> {
    depth.checked_sub(1).ok_or_else(|| start.error(ErrorKind::Depth))
}

fn no_such_type(start: Reader<'_>, code: u8) -> Error {
    start.error(ErrorKind::Type(code.cast_signed()))
}
