//! A parsed message, the input of a change.

use std::ops::Range;

use kwire::{Header, Limits};

use super::compressed;
use super::random::Random;
use super::tree::{ERROR, LAMBDA, Node, SYMBOL, SYMBOLS, Tree, encoded};

/// Most bytes that a compressed message is inflated to. A larger one is changed in its compressed form.
const INFLATED: u64 = 4 << 20;

/// A message with its inflated body and the positions of its objects. Can be made from any bytes.
#[derive(Debug)]
pub(super) struct Draft {
    /// The original bytes.
    pub(super) original: Vec<u8>,
    pub(super) big: bool,
    /// The message type.
    pub(super) kind: u8,
    /// The compression of the original: 0, 1 or 2.
    pub(super) compression: u8,
    /// The inflated body, in the byte order `big`.
    pub(super) body: Vec<u8>,
    pub(super) tree: Tree,
    /// The body of another message, as a source of parts.
    pub(super) other: Vec<u8>,
    pub(super) other_tree: Tree,
}

impl Draft {
    pub(super) fn new(message: &[u8], other: &[u8]) -> Self {
        let original = message.to_vec();
        let (big, compression, body) = plain(message);
        let (other_big, _, other) = plain(other);
        let kind = message.get(1).copied().unwrap_or_default();
        let (tree, other_tree) = (Tree::new(&body, big), Tree::new(&other, other_big));
        Self { original, big, kind, compression, body, tree, other, other_tree }
    }

    /// A message with this body, a correct header and the original's compression.
    pub(super) fn message(&self, body: &[u8]) -> Vec<u8> {
        match self.compression {
            0 => frame(self.big, self.kind, 0, body),
            kind => compressed::message(self, body, kind == 2),
        }
    }

    /// The message with a range of its body replaced.
    pub(super) fn replace(&self, range: Range<usize>, with: &[u8]) -> Vec<u8> {
        self.message(&[&self.body[..range.start], with, &self.body[range.end..]].concat())
    }

    /// Encodes a number in the message's byte order.
    pub(super) fn encoded(&self, number: u64, bytes: usize) -> Vec<u8> {
        encoded(number, bytes, self.big)
    }

    /// A random object that satisfies `test`, with its index.
    pub(super) fn any(&self, random: &mut Random, test: impl Fn(&Node) -> bool) -> Option<(usize, &Node)> {
        let many = self.tree.nodes.iter().filter(|node| test(node)).count();
        let mut nodes = self.tree.nodes.iter().enumerate().filter(|(_, node)| test(node));
        nodes.nth(random.below(many))
    }

    /// The range of a random symbol, error or context, without its NUL.
    pub(super) fn text(&self, random: &mut Random) -> Option<Range<usize>> {
        let (_, node) = self.any(random, |node| matches!(node.code, SYMBOL | SYMBOLS | LAMBDA | ERROR))?;
        let texts = match node.code {
            SYMBOLS => node.items..node.span.end,
            _ => node.items..node.items + self.body[node.items..].iter().position(|&byte| byte == 0)? + 1,
        };
        let nuls: Vec<_> = texts.clone().filter(|&at| self.body[at] == 0).collect();
        let which = random.below(nuls.len());
        let &end = nuls.get(which)?;
        let start = which.checked_sub(1).map_or(texts.start, |before| nuls[before] + 1);
        Some(start..end)
    }

    /// A random object of the other message.
    pub(super) fn other_object(&self, random: &mut Random) -> Option<&[u8]> {
        let nodes = &self.other_tree.nodes;
        let span = nodes.get(random.below(nodes.len()))?.span.clone();
        Some(&self.other[span])
    }
}

/// Byte order (whether big-endian), compression and plain body of any bytes.
fn plain(message: &[u8]) -> (bool, u8, Vec<u8>) {
    let big = message.first() == Some(&0);
    let limits = Limits::default().with_inflated(INFLATED);
    let inflated = match message.get(2) {
        Some(&kind @ (1 | 2)) => kwire::decompress(message, &limits).ok().map(|inflated| (kind, inflated)),
        _ => None,
    };
    match inflated {
        Some((kind, inflated)) => (big, kind, inflated[Header::LEN..].to_vec()),
        None => (big, 0, message.get(Header::LEN..).unwrap_or_default().to_vec()),
    }
}

/// A correct header followed by `rest`.
pub(super) fn frame(big: bool, kind: u8, compression: u8, rest: &[u8]) -> Vec<u8> {
    headed(big, kind, compression, (rest.len() + Header::LEN) as u64, rest)
}

/// A header with any 40-bit length, followed by `rest`.
pub(super) fn headed(big: bool, kind: u8, compression: u8, length: u64, rest: &[u8]) -> Vec<u8> {
    let low = encoded(length & 0xffff_ffff, 4, big);
    let high = length.to_le_bytes()[4];
    [&[u8::from(!big), kind, compression, high], &low[..], rest].concat()
}
