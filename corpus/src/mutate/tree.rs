//! The positions of the objects in a body.
//!
//! Accepts any bytes: the walk stops at the first fault and keeps the objects found so far.

use std::ops::Range;

use kcodec::Kind;

pub(super) const SYMBOL: u8 = SYMBOLS.wrapping_neg();
pub(super) const SYMBOLS: u8 = Kind::Symbol.code();
pub(super) const TABLE: u8 = Kind::Table.code();
pub(super) const DICT: u8 = Kind::Dict.code();
pub(super) const SORTED_DICT: u8 = Kind::SortedDict.code();
pub(super) const LAMBDA: u8 = Kind::Lambda.code();
pub(super) const ERROR: u8 = Kind::Error.code();
/// The bit of an attribute byte that marks an 8-byte count.
pub(super) const WIDE: u8 = 0x80;

/// One object.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) code: u8,
    /// Whether the walk has reached its end. Otherwise its span extends to the end of the body, and its items may be
    /// truncated.
    pub(super) whole: bool,
    /// The object's range, its type byte included.
    pub(super) span: Range<usize>,
    /// Offset of the attribute byte.
    pub(super) attribute: Option<usize>,
    /// The range of the count, 4 or 8 bytes.
    pub(super) count: Option<Range<usize>>,
    /// Offset after type, attribute and count.
    pub(super) items: usize,
    /// Index of the containing object.
    pub(super) parent: Option<usize>,
}

/// Width in bytes of an item, by the vector's type; `None` if not fixed.
pub(super) const fn width(code: u8) -> Option<usize> {
    match Kind::from_code(code) {
        Some(kind) => kind.width(),
        None => None,
    }
}

impl Node {
    /// Width in bytes of an item, if the object is an atom or vector of fixed width.
    pub(super) const fn width(&self) -> Option<usize> {
        match self.code {
            1..=19 => width(self.code),
            _ => width(self.code.wrapping_neg()),
        }
    }
}

/// Most levels of nesting walked.
const DEPTH: usize = 128;
/// Most objects recorded. Later objects of a larger message are never changed.
const NODES: usize = 1 << 16;

/// The objects of a body in preorder.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    /// Whether the body is exactly one object and all of it is recorded.
    pub(super) whole: bool,
}

impl Tree {
    pub(super) fn new(body: &[u8], big: bool) -> Self {
        let mut walk = Walk { body, big, at: 0, nodes: Vec::new() };
        let valid = walk.object(None, DEPTH).is_some();
        Self { whole: valid && walk.at == body.len(), nodes: walk.nodes }
    }

    /// The parts of an object, in order.
    pub(super) fn parts(&self, parent: usize) -> impl Iterator<Item = (usize, &Node)> {
        self.nodes.iter().enumerate().filter(move |(_, node)| node.parent == Some(parent))
    }
}

struct Walk<'a> {
    body: &'a [u8],
    big: bool,
    at: usize,
    nodes: Vec<Node>,
}

impl Walk<'_> {
    /// Walks one object. `None` at the end of the bytes, at a fault, or at a limit.
    fn object(&mut self, parent: Option<usize>, depth: usize) -> Option<()> {
        let start = self.at;
        let code = self.u8()?;
        let index = self.nodes.len();
        if index == NODES || depth == 0 {
            return None;
        }
        let span = start..self.body.len();
        self.nodes.push(Node { code, whole: false, span, attribute: None, count: None, items: self.at, parent });
        self.rest(code, index, depth - 1)?;
        (self.nodes[index].whole, self.nodes[index].span.end) = (true, self.at);
        Some(())
    }

    /// Walks the rest of an object after its type byte.
    fn rest(&mut self, code: u8, index: usize, depth: usize) -> Option<()> {
        match code {
            0 => {
                let count = self.head(index, true)?;
                self.objects(count, index, depth)
            }
            SYMBOLS => {
                let count = self.head(index, true)?;
                self.texts(count)
            }
            1..=19 => {
                let count = self.head(index, true)?;
                self.take(usize::try_from(count).ok()?.checked_mul(width(code)?)?)
            }
            SYMBOL | ERROR => self.texts(1),
            0xed..=0xff => self.take(width(code.wrapping_neg())?),
            TABLE => {
                self.attribute(index)?;
                self.objects(1, index, depth)
            }
            DICT | SORTED_DICT => self.objects(2, index, depth),
            LAMBDA => {
                self.texts(1)?;
                self.objects(1, index, depth)
            }
            101..=103 => self.take(1),
            104 | 105 => {
                let count = self.head(index, false)?;
                self.objects(count, index, depth)
            }
            106..=111 => self.objects(1, index, depth),
            _ => None,
        }
    }

    /// Reads an optional attribute and the count.
    fn head(&mut self, index: usize, attribute: bool) -> Option<u64> {
        let mut bytes = 4;
        if attribute {
            bytes = if self.attribute(index)? & WIDE == 0 { 4 } else { 8 };
        }
        let at = self.at;
        self.take(bytes)?;
        let count = number(&self.body[at..self.at], self.big);
        (self.nodes[index].count, self.nodes[index].items) = (Some(at..self.at), self.at);
        Some(count)
    }

    fn attribute(&mut self, index: usize) -> Option<u8> {
        let attribute = self.u8()?;
        self.nodes[index].attribute = Some(self.at - 1);
        Some(attribute)
    }

    fn objects(&mut self, count: u64, parent: usize, depth: usize) -> Option<()> {
        (0..count).try_for_each(|_| self.object(Some(parent), depth))
    }

    fn texts(&mut self, count: u64) -> Option<()> {
        (0..count).try_for_each(|_| {
            let length = self.body[self.at..].iter().position(|&byte| byte == 0)?;
            self.take(length + 1)
        })
    }

    fn u8(&mut self) -> Option<u8> {
        let byte = *self.body.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn take(&mut self, bytes: usize) -> Option<()> {
        self.at = self.at.checked_add(bytes).filter(|&end| end <= self.body.len())?;
        Some(())
    }
}

/// Decodes a number of at most 8 bytes.
pub(super) fn number(bytes: &[u8], big: bool) -> u64 {
    let append = |number: u64, &byte: &u8| number << 8 | u64::from(byte);
    if big { bytes.iter().fold(0, append) } else { bytes.iter().rev().fold(0, append) }
}

/// Encodes the low `bytes` bytes, at most 8, of a number.
pub(super) fn encoded(number: u64, bytes: usize, big: bool) -> Vec<u8> {
    let mut encoded = number.to_le_bytes()[..bytes].to_vec();
    if big {
        encoded.reverse();
    }
    encoded
}
