//! The file's fixed parts. Little-endian; each section begins at a multiple of 16 bytes.
//!
//! ```text
//! head │ block │ block │ … │ index │ footer │ (more blocks, index and footer, if it was appended to)
//! ```

use bytemuck::{Pod, Zeroable};

#[cfg(target_endian = "big")]
compile_error!("recordings are read and written in place: big-endian hosts are not supported");

/// The first bytes of a file: a name, a version, zeros.
pub(crate) const HEAD: [u8; 16] = *b"kcorpus\n\x01\0\0\0\0\0\0\0";
const NAME: &[u8] = b"kcorpus\n";
/// Sections begin at multiples of this: an index is read in place.
const ALIGNMENT: u64 = 16;

/// Before the two lz4 blocks of a block: its rows, and the bytes that they are about.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct BlockHead {
    pub(crate) magic: [u8; 4],
    /// Of the fields below.
    pub(crate) checksum: u32,
    /// Where in the file this stands: a block that a message holds is not mistaken for one of the file.
    pub(crate) at: u64,
    /// Entries in the blocks before: entries keep their numbers when a block before them is damaged.
    pub(crate) first: u64,
    /// The earliest time of its entries.
    pub(crate) from: i64,
    /// The latest.
    pub(crate) to: i64,
    /// Entries.
    pub(crate) entries: u32,
    /// Connections opened in this block and those before it.
    pub(crate) connections: u32,
    /// Bytes of the rows, compressed.
    pub(crate) rows: u32,
    /// Bytes of the data, compressed.
    pub(crate) data: u32,
    /// Bytes of the data.
    pub(crate) inflated: u32,
    /// Of rows and data, both compressed.
    pub(crate) body_checksum: u32,
}

impl BlockHead {
    pub(crate) const LEN: usize = size_of::<Self>();
    pub(crate) const MAGIC: [u8; 4] = *b"\xb1kcb";

    /// Fills in what only the place decides.
    pub(crate) fn sealed(mut self, at: u64) -> Self {
        (self.magic, self.at) = (Self::MAGIC, at);
        self.checksum = self.sum();
        self
    }

    /// The head of a block that stands at `at`; `None` if there is none.
    pub(crate) fn read(file: &[u8], at: u64) -> Option<Self> {
        let start = usize::try_from(at).ok()?;
        let bytes = file.get(start..start.checked_add(Self::LEN)?)?;
        let head: Self = bytemuck::try_pod_read_unaligned(bytes).ok()?;
        (head.magic == Self::MAGIC && head.at == at && is_sum(head.checksum, head.sum())).then_some(head)
    }

    /// Bytes of the block, padding included.
    pub(crate) fn length(&self) -> u64 {
        aligned(Self::LEN as u64 + u64::from(self.rows) + u64::from(self.data))
    }

    fn sum(&self) -> u32 {
        crc32fast::hash(bytemuck::bytes_of(self).get(8..).unwrap_or_default())
    }
}

/// Before an index.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct IndexHead {
    magic: [u8; 4],
    /// Of the fields below.
    checksum: u32,
    /// Where in the file this stands.
    at: u64,
    /// Bytes of the index, without padding.
    pub(crate) length: u64,
    /// Of the index.
    pub(crate) body_checksum: u32,
    zero: u32,
}

impl IndexHead {
    pub(crate) const LEN: usize = size_of::<Self>();
    const MAGIC: [u8; 4] = *b"\xb1kci";

    pub(crate) fn new(at: u64, index: &[u8]) -> Self {
        let (length, body_checksum) = (index.len() as u64, crc32fast::hash(index));
        let mut head = Self { magic: Self::MAGIC, checksum: 0, at, length, body_checksum, zero: 0 };
        head.checksum = head.sum();
        head
    }

    /// The head of an index that stands at `at`; `None` if there is none.
    pub(crate) fn read(file: &[u8], at: u64) -> Option<Self> {
        let start = usize::try_from(at).ok()?;
        let bytes = file.get(start..start.checked_add(Self::LEN)?)?;
        let head: Self = bytemuck::try_pod_read_unaligned(bytes).ok()?;
        (head.magic == Self::MAGIC && head.at == at && is_sum(head.checksum, head.sum())).then_some(head)
    }

    /// The index, if its checksum is right.
    pub(crate) fn body<'a>(&self, file: &'a [u8]) -> Option<&'a [u8]> {
        let start = usize::try_from(self.at).ok()?.checked_add(Self::LEN)?;
        let body = file.get(start..start.checked_add(usize::try_from(self.length).ok()?)?)?;
        is_sum(self.body_checksum, crc32fast::hash(body)).then_some(body)
    }

    /// Bytes of the section: padding and footer included. `None` for a length that no file has.
    pub(crate) fn section(&self) -> Option<u64> {
        let length = self.length.checked_add((Self::LEN + Footer::LEN) as u64)?;
        length.checked_next_multiple_of(ALIGNMENT)
    }

    fn sum(&self) -> u32 {
        crc32fast::hash(bytemuck::bytes_of(self).get(8..).unwrap_or_default())
    }
}

/// The last bytes of a file that was finished.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Footer {
    magic: [u8; 8],
    /// Where the index stands.
    pub(crate) index: u64,
}

impl Footer {
    pub(crate) const LEN: usize = size_of::<Self>();
    const MAGIC: [u8; 8] = *b"\xb1kcorpus";

    pub(crate) const fn new(index: u64) -> Self {
        Self { magic: Self::MAGIC, index }
    }

    /// The footer at the end of a file; `None` if it was not finished.
    pub(crate) fn read(file: &[u8]) -> Option<Self> {
        let footer: Self = bytemuck::try_pod_read_unaligned(file.last_chunk::<{ Self::LEN }>()?).ok()?;
        (footer.magic == Self::MAGIC).then_some(footer)
    }
}

/// What stands where a recording's head should.
pub(crate) enum Head {
    Recording,
    Version(u32),
    Foreign,
}

pub(crate) fn head(file: &[u8]) -> Head {
    let Some(head) = file.first_chunk::<{ HEAD.len() }>() else { return Head::Foreign };
    let [_, _, _, _, _, _, _, _, version @ .., _, _, _, _] = *head;
    match head {
        _ if *head == HEAD => Head::Recording,
        _ if head.starts_with(NAME) => Head::Version(u32::from_le_bytes(version)),
        _ => Head::Foreign,
    }
}

/// Whether a checksum is the one that was found. A fuzzer, which would hardly ever hit on one, need not.
pub(crate) const fn is_sum(checksum: u32, found: u32) -> bool {
    cfg!(fuzzing) || checksum == found
}

/// The next place where a section can begin.
pub(crate) const fn aligned(at: u64) -> u64 {
    at.next_multiple_of(ALIGNMENT)
}
