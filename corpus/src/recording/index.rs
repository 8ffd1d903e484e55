//! The index: offsets and entry numbers of the blocks.

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

/// The offset and the entry numbers of a block.
#[derive(Debug, Clone, Copy, rkyv::Archive, rkyv::Serialize)]
#[rkyv(derive(Debug))]
pub(crate) struct Block {
    /// Offset in the file.
    pub(crate) at: u64,
    /// Length in bytes, padding included.
    pub(crate) length: u64,
    /// Number of entries in the blocks before.
    pub(crate) first: u64,
    /// Earliest time of the block's entries.
    pub(crate) from: i64,
    /// Latest time.
    pub(crate) to: i64,
    /// Number of entries.
    pub(crate) entries: u32,
    /// Connections opened in this and all earlier blocks.
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

/// The bytes of the index at the end of a file, if their checksum matches.
pub(crate) fn find(file: &[u8]) -> Option<&[u8]> {
    let at = Footer::read(file)?.index;
    let head = IndexHead::read(file, at)?;
    (at.checked_add(head.section()?)? == file.len() as u64).then_some(())?;
    head.body(file)
}

/// Validates the index in these bytes and accesses it in place.
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

/// The result of a walk from block to block.
#[derive(Debug)]
pub(crate) struct Walk {
    pub(crate) index: Index,
    /// End of the last complete block or index.
    pub(crate) end: u64,
    /// Bytes that belong to neither a block nor an index: unfinished by a killed recorder, or damaged.
    pub(crate) lost: u64,
}

/// Walks the file by the blocks' heads.
///
/// At an offset where no block begins, searches for the next one. Drops the last block if its checksum is wrong,
/// because a crash may have interrupted its write.
pub(crate) fn walk(file: &[u8]) -> Walk {
    let (mut index, mut lost, mut at) = (Index::default(), 0, HEAD.len() as u64);
    let (mut end, mut next) = (at, 0);
    while at < file.len() as u64 {
        if let Some(after) = index_end(file, at) {
            at = after;
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

/// The end of the index at `at`, if there is one.
fn index_end(file: &[u8], at: u64) -> Option<u64> {
    let head = IndexHead::read(file, at)?;
    head.body(file)?;
    at.checked_add(head.section()?)
}

/// Whether a block's head is plausible: it is within the file and its counts are in range.
fn fits(head: &BlockHead, at: u64, file: &[u8]) -> bool {
    let body = u64::from(head.rows) + u64::from(head.data) + BlockHead::LEN as u64;
    let whole = at.checked_add(body).is_some_and(|end| end <= file.len() as u64);
    whole && (1..=ENTRIES as u32).contains(&head.entries) && head.first.checked_add(head.entries.into()).is_some()
}

/// The offset of the next block from `from` on; the end of the file if there is none.
fn search(file: &[u8], from: u64) -> u64 {
    let start = usize::try_from(from).unwrap_or(usize::MAX);
    let rest = file.get(start..).unwrap_or_default();
    memmem::find_iter(rest, &BlockHead::MAGIC)
        .map(|found| from + found as u64)
        .find(|&at| at == aligned(at) && BlockHead::read(file, at).is_some_and(|head| fits(&head, at, file)))
        .unwrap_or(file.len() as u64)
}
