//! The index: where the blocks stand, and which entries they have.

use memchr::memmem;
use rkyv::rancor;
use rkyv::util::AlignedVec;

use super::block::{ENTRIES, sections};
use super::format::{BlockHead, Footer, HEAD, IndexHead, aligned};

/// The blocks of a recording, in order.
#[derive(Debug, Default, rkyv::Archive, rkyv::Serialize)]
#[rkyv(derive(Debug))]
pub(crate) struct Index {
    pub(crate) blocks: Vec<Block>,
}

/// Where a block stands, and which entries it has.
#[derive(Debug, Clone, Copy, rkyv::Archive, rkyv::Serialize)]
#[rkyv(derive(Debug))]
pub(crate) struct Block {
    /// Offset in the file.
    pub(crate) at: u64,
    /// Bytes, padding included.
    pub(crate) length: u64,
    /// Entries in the blocks before.
    pub(crate) first: u64,
    /// The earliest time of its entries.
    pub(crate) from: i64,
    /// The latest.
    pub(crate) to: i64,
    /// Entries.
    pub(crate) entries: u32,
    /// Connections opened in this block and those before it.
    pub(crate) connections: u32,
}

impl Block {
    pub(crate) fn new(at: u64, head: &BlockHead) -> Self {
        let BlockHead { first, from, to, entries, connections, .. } = *head;
        Self { at, length: head.length(), first, from, to, entries, connections }
    }
}

impl From<&ArchivedBlock> for Block {
    fn from(block: &ArchivedBlock) -> Self {
        Self {
            at: block.at.into(),
            length: block.length.into(),
            first: block.first.into(),
            from: block.from.into(),
            to: block.to.into(),
            entries: block.entries.into(),
            connections: block.connections.into(),
        }
    }
}

impl Index {
    pub(crate) fn to_bytes(&self) -> Result<AlignedVec, rancor::Error> {
        rkyv::to_bytes(self)
    }
}

/// The bytes of the index at the end of a file, if they are what was written.
pub(crate) fn find(file: &[u8]) -> Option<&[u8]> {
    let at = Footer::read(file)?.index;
    let head = IndexHead::read(file, at)?;
    (at.checked_add(head.section()?)? == file.len() as u64).then_some(())?;
    head.body(file)
}

/// The index in these bytes, in place.
pub(crate) fn access(bytes: &[u8]) -> Option<&ArchivedIndex> {
    let index = rkyv::access::<ArchivedIndex, rancor::Error>(bytes).ok()?;
    let (mut at, mut first) = (HEAD.len() as u64, 0);
    for block in index.blocks.iter().map(Block::from) {
        let in_order = block.at >= at && block.first >= first && (1..=ENTRIES as u32).contains(&block.entries);
        in_order.then_some(())?;
        at = block.at.checked_add(block.length)?;
        first = block.first.checked_add(block.entries.into())?;
    }
    Some(index)
}

/// What a walk from block to block finds.
#[derive(Debug)]
pub(crate) struct Walk {
    pub(crate) index: Index,
    /// Where the last whole block or index ends.
    pub(crate) end: u64,
    /// Bytes that are neither a block nor an index: what a killed recorder did not finish, or what is damaged.
    pub(crate) lost: u64,
}

/// Walks the blocks by their heads.
///
/// Where no block begins, the next one is searched for. The last block is dropped if its checksum is wrong: it was
/// being written when the machine stopped.
pub(crate) fn walk(file: &[u8]) -> Walk {
    let (mut index, mut lost, mut at) = (Index::default(), 0, HEAD.len() as u64);
    let (mut end, mut next) = (at, 0);
    while at < file.len() as u64 {
        if let Some(behind) = index_end(file, at) {
            at = behind;
            end = if at <= file.len() as u64 { at } else { end };
        } else if let Some(head) = BlockHead::read(file, at).filter(|head| fits(head, at, file) && head.first >= next) {
            index.blocks.push(Block::new(at, &head));
            next = head.first + u64::from(head.entries);
            at += head.length();
            end = at;
        } else {
            let found = search(file, at + 1);
            lost += found - at;
            at = found;
        }
    }
    if let Some(last) = index.blocks.pop_if(|last| sections(file, last.at).is_err()) {
        lost += last.length.min(file.len() as u64 - last.at);
        end = if end == last.at + last.length { last.at } else { end };
    }
    Walk { index, end, lost }
}

/// Where the index that stands at `at` ends, if one does.
fn index_end(file: &[u8], at: u64) -> Option<u64> {
    let head = IndexHead::read(file, at)?;
    head.body(file)?;
    at.checked_add(head.section()?)
}

/// Whether a block's head can be what was written there.
fn fits(head: &BlockHead, at: u64, file: &[u8]) -> bool {
    let body = u64::from(head.rows) + u64::from(head.data) + BlockHead::LEN as u64;
    let whole = at.checked_add(body).is_some_and(|end| end <= file.len() as u64);
    whole && (1..=ENTRIES as u32).contains(&head.entries) && head.first.checked_add(head.entries.into()).is_some()
}

/// The next place from `from` on where a block begins; the end of the file if none does.
fn search(file: &[u8], from: u64) -> u64 {
    let start = usize::try_from(from).unwrap_or(usize::MAX);
    let rest = file.get(start..).unwrap_or_default();
    memmem::find_iter(rest, &BlockHead::MAGIC)
        .map(|found| from + found as u64)
        .find(|&at| at == aligned(at) && BlockHead::read(file, at).is_some_and(|head| fits(&head, at, file)))
        .unwrap_or(file.len() as u64)
}
