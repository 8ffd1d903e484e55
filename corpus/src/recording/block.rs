//! Blocks: the units of compression, checksums and loss.

use bytemuck::{Pod, Zeroable};
use bytes::Bytes;
use kcodec::{Capability, Timestamp};
use kwire::{Header, MessageType};

use super::format::{BlockHead, is_sum};
use super::{Direction, Entry, Error, Kind, LARGEST, Meta, What};

/// Bytes of data at which a block is written. Large enough to compress well, small enough to be inflated in under a
/// millisecond.
pub(crate) const FULL: usize = 1 << 20;
/// Most entries of a block.
pub(crate) const ENTRIES: usize = 1 << 16;
/// Most bytes of a block's data: it is under [`FULL`] before its last entry.
const INFLATED: usize = FULL + LARGEST;
/// lz4's maximum expansion: 255 bytes per compressed byte.
const RATIO: usize = 255;

/// The metadata of an entry in the file.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Row {
    pub(crate) time: i64,
    pub(crate) connection: u32,
    /// End of the entry's bytes in the block's data. They begin at the end of the previous row's.
    pub(crate) end: u32,
    pub(crate) code: u8,
    pub(crate) direction: u8,
    /// Message type; 0 for other entries.
    pub(crate) kind: u8,
    pub(crate) zero: [u8; 5],
}

/// Codes of [`Kind`].
pub(crate) mod code {
    pub(crate) const OPEN: u8 = 0;
    pub(crate) const MESSAGE: u8 = 1;
    pub(crate) const CLOSE: u8 = 2;
    pub(crate) const MISSING: u8 = 3;
    pub(crate) const FOREIGN: u8 = 4;
}

impl Row {
    fn kind(&self) -> Option<Kind> {
        Some(match (self.code, self.kind) {
            (code::OPEN, _) => Kind::Open,
            (code::MESSAGE, 0) => Kind::Message(MessageType::Async),
            (code::MESSAGE, 1) => Kind::Message(MessageType::Sync),
            (code::MESSAGE, 2) => Kind::Message(MessageType::Response),
            (code::CLOSE, _) => Kind::Close,
            (code::MISSING, _) => Kind::Missing,
            (code::FOREIGN, _) => Kind::Foreign,
            _ => return None,
        })
    }

    const fn direction(&self) -> Direction {
        if self.direction == 0 { Direction::ToServer } else { Direction::ToClient }
    }
}

/// The rows of a block, checked.
#[derive(Debug)]
pub(crate) struct Rows {
    at: u64,
    first: u64,
    rows: Vec<Row>,
}

/// The head, compressed rows and compressed data of the block at `at`.
pub(crate) fn sections(file: &[u8], at: u64) -> Result<(BlockHead, &[u8], &[u8]), Error> {
    let fail = |reason| Error::Damaged { at, reason };
    let head = BlockHead::read(file, at).ok_or_else(|| fail("no block begins there"))?;
    let start = usize::try_from(at).unwrap_or(usize::MAX).saturating_add(BlockHead::LEN);
    let body = file.get(start..).unwrap_or_default();
    let (rows, data) = (head.rows as usize, head.data as usize);
    let Some(body) = body.get(..rows.saturating_add(data)) else { return Err(fail("the file ends in it")) };
    if !is_sum(head.body_checksum, crc32fast::hash(body)) {
        return Err(fail("its checksum is wrong"));
    }
    let (rows, data) = body.split_at_checked(rows).ok_or_else(|| fail("the file ends in it"))?;
    Ok((head, rows, data))
}

impl Rows {
    /// Inflates and checks the rows of the block at `at`.
    pub(crate) fn read(file: &[u8], at: u64) -> Result<Self, Error> {
        let fail = |reason| Error::Damaged { at, reason };
        let (head, compressed, _) = sections(file, at)?;
        let entries = head.entries as usize;
        if entries == 0 || entries > ENTRIES || entries * size_of::<Row>() > compressed.len().saturating_mul(RATIO) {
            return Err(fail("its number of entries is out of range"));
        }
        let mut rows = vec![Row::zeroed(); entries];
        inflate(compressed, bytemuck::cast_slice_mut(&mut rows)).ok_or_else(|| fail("its rows do not inflate"))?;
        let mut end = 0;
        for row in &rows {
            if row.end < end || row.kind().is_none() || row.direction > 1 {
                return Err(fail("its rows are not in order"));
            }
            end = row.end;
        }
        if end != head.inflated {
            return Err(fail("its rows and its data disagree"));
        }
        Ok(Self { at, first: head.first, rows })
    }

    /// Inflates the data of the block.
    pub(crate) fn data(&self, file: &[u8]) -> Result<Bytes, Error> {
        let fail = |reason| Error::Damaged { at: self.at, reason };
        let (head, _, compressed) = sections(file, self.at)?;
        let inflated = head.inflated as usize;
        if inflated > INFLATED || inflated > compressed.len().saturating_mul(RATIO) {
            return Err(fail("its data cannot be so large"));
        }
        let mut data = vec![0; inflated];
        inflate(compressed, &mut data).ok_or_else(|| fail("its data do not inflate"))?;
        Ok(data.into())
    }

    pub(crate) const fn at(&self) -> u64 {
        self.at
    }

    pub(crate) fn meta(&self, number: u64) -> Option<Meta> {
        let (row, start) = self.row(number)?;
        Some(Meta {
            time: Timestamp(row.time),
            connection: row.connection,
            direction: row.direction(),
            kind: row.kind()?,
            size: row.end as usize - start,
        })
    }

    /// The entry, given the block's inflated data.
    pub(crate) fn entry(&self, number: u64, data: &Bytes) -> Result<Entry, Error> {
        let fail = |reason| Error::Damaged { at: self.at, reason };
        let meta = self.meta(number).ok_or(Error::NoEntry(number))?;
        let (row, start) = self.row(number).ok_or(Error::NoEntry(number))?;
        let bytes = data.slice(start..row.end as usize);
        let (what, bytes) = match meta.kind {
            Kind::Message(kind) => match message_type(&bytes) {
                Some(found) if found == kind => (What::Message, bytes),
                _ => return Err(fail("an entry is not a message")),
            },
            Kind::Open => {
                let Some((&capability, _)) = bytes.split_last() else { return Err(fail("a login is empty")) };
                let user = bytes.slice(..bytes.len() - 1);
                (What::Open { user, capability: Capability::new(capability) }, Bytes::new())
            }
            Kind::Close => (What::Close, Bytes::new()),
            Kind::Missing => {
                let count = bytes.as_ref().try_into().map_err(|_| fail("a count is not of 8 bytes"))?;
                (What::Missing(u64::from_le_bytes(count)), Bytes::new())
            }
            Kind::Foreign => (What::Foreign(String::from_utf8_lossy(&bytes).into_owned()), Bytes::new()),
        };
        Ok(Entry { time: meta.time, connection: meta.connection, direction: meta.direction, what, bytes })
    }

    /// A row, and the start of its bytes.
    fn row(&self, number: u64) -> Option<(&Row, usize)> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        let row = self.rows.get(index)?;
        let before = index.checked_sub(1).and_then(|before| self.rows.get(before));
        Some((row, before.map_or(0, |row| row.end as usize)))
    }
}

/// The type of a whole message; `None` if the bytes are not one.
pub(crate) fn message_type(bytes: &[u8]) -> Option<MessageType> {
    let header = Header::parse(*bytes.first_chunk()?).ok()?;
    (header.length == bytes.len() as u64).then_some(header.kind)
}

/// Inflates into `into`; `None` unless that fills it exactly.
fn inflate(compressed: &[u8], into: &mut [u8]) -> Option<()> {
    let length = lz4_flex::block::decompress_into(compressed, into).ok()?;
    (length == into.len()).then_some(())
}
