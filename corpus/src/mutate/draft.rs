//! A message taken apart: what a change starts from.

use std::ops::Range;

use kwire::{Header, Limits};

use super::compressed;
use super::random::Random;
use super::tree::{ERROR, LAMBDA, Node, SYMBOL, SYMBOLS, Tree, spelled};

/// Bytes that a compressed message is inflated to; one of more is changed as it stands.
const INFLATED: u64 = 4 << 20;

/// A message whose body is inflated and whose objects are found. Any bytes make one.
#[derive(Debug)]
pub(super) struct Draft {
    /// The bytes as they came.
    pub(super) original: Vec<u8>,
    pub(super) big: bool,
    /// The message type.
    pub(super) kind: u8,
    /// What the message was compressed with: 0, 1 or 2.
    pub(super) compression: u8,
    /// The body, inflated, in the order that `big` says.
    pub(super) body: Vec<u8>,
    pub(super) tree: Tree,
    /// Another body, to take parts from.
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

    /// A message with this body, compressed as the original was, its header right.
    pub(super) fn message(&self, body: &[u8]) -> Vec<u8> {
        match self.compression {
            0 => frame(self.big, self.kind, 0, body),
            kind => compressed::message(self, body, kind == 2),
        }
    }

    /// The message with some bytes of its body replaced.
    pub(super) fn replace(&self, range: Range<usize>, with: &[u8]) -> Vec<u8> {
        self.message(&[&self.body[..range.start], with, &self.body[range.end..]].concat())
    }

    /// A number as this message spells it.
    pub(super) fn spelled(&self, number: u64, bytes: usize) -> Vec<u8> {
        spelled(number, bytes, self.big)
    }

    /// An object that the test takes, and its index.
    pub(super) fn any(&self, random: &mut Random, test: impl Fn(&Node) -> bool) -> Option<(usize, &Node)> {
        let many = self.tree.nodes.iter().filter(|node| test(node)).count();
        let mut nodes = self.tree.nodes.iter().enumerate().filter(|(_, node)| test(node));
        nodes.nth(random.below(many))
    }

    /// A symbol, error or context: its bytes without the NUL.
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

    /// An object of the other message.
    pub(super) fn other_object(&self, random: &mut Random) -> Option<&[u8]> {
        let nodes = &self.other_tree.nodes;
        let span = nodes.get(random.below(nodes.len()))?.span.clone();
        Some(&self.other[span])
    }
}

/// Byte order, compression and plain body of any bytes.
fn plain(message: &[u8]) -> (bool, u8, Vec<u8>) {
    let big = message.first() == Some(&0);
    let limits = Limits { inflated: INFLATED, ..Limits::default() };
    let inflated = match message.get(2) {
        Some(&kind @ (1 | 2)) => kwire::decompress(message, &limits).ok().map(|inflated| (kind, inflated)),
        _ => None,
    };
    match inflated {
        Some((kind, inflated)) => (big, kind, inflated[Header::LEN..].to_vec()),
        None => (big, 0, message.get(Header::LEN..).unwrap_or_default().to_vec()),
    }
}

/// A header that is right, and what follows it.
pub(super) fn frame(big: bool, kind: u8, compression: u8, rest: &[u8]) -> Vec<u8> {
    headed(big, kind, compression, (rest.len() + Header::LEN) as u64, rest)
}

/// A header that claims any 40-bit length, and what follows it.
pub(super) fn headed(big: bool, kind: u8, compression: u8, length: u64, rest: &[u8]) -> Vec<u8> {
    let low = spelled(length & 0xffff_ffff, 4, big);
    let high = length.to_le_bytes()[4];
    [&[u8::from(!big), kind, compression, high], &low[..], rest].concat()
}
