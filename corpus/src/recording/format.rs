//! The fixed-size structures of the file. Little-endian; each section is aligned to 16 bytes.
//!
//! ```text
//! head │ block │ block │ … │ index │ footer │ (after an append: more blocks, index, footer)
//! ```

use bytemuck::{Pod, Zeroable};

#[cfg(target_endian = "big")]
compile_error!("recordings are read and written in place: big-endian hosts are not supported");

/// The first bytes of a file: name, version, zeros.
pub(crate) const HEAD: [u8; 16] = *b"kcorpus\n\x01\0\0\0\0\0\0\0";
const NAME: &[u8] = b"kcorpus\n";
/// Alignment of sections in bytes, because an index is read in place.
const ALIGNMENT: u64 = 16;

/// The head of a block. Two lz4 blocks follow: the rows and the data.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct BlockHead {
    pub(crate) magic: [u8; 4],
    /// CRC-32 of the fields below.
    pub(crate) checksum: u32,
    /// The offset of this head in the file, so that a copy of a block within a message is not mistaken for a block.
    pub(crate) at: u64,
    /// Number of entries in the blocks before, so that entries keep their numbers if an earlier block is damaged.
    pub(crate) first: u64,
    /// Earliest time of the block's entries.
    pub(crate) from: i64,
    /// Latest time.
    pub(crate) to: i64,
    /// Number of entries.
    pub(crate) entries: u32,
    /// Connections opened in this and all earlier blocks.
    pub(crate) connections: u32,
    /// Compressed bytes of the rows.
    pub(crate) rows: u32,
    /// Compressed bytes of the data.
    pub(crate) data: u32,
    /// Inflated bytes of the data.
    pub(crate) inflated: u32,
    /// CRC-32 of the compressed rows and data.
    pub(crate) body_checksum: u32,
}

impl BlockHead {
    pub(crate) const LEN: usize = size_of::<Self>();
    pub(crate) const MAGIC: [u8; 4] = *b"\xb1kcb";

    /// Sets the fields that depend on the offset: magic, offset and checksum.
    pub(crate) fn sealed(mut self, at: u64) -> Self {
        (self.magic, self.at) = (Self::MAGIC, at);
        self.checksum = self.sum();
        self
    }

    /// Reads the head of the block at `at`; `None` if there is no block.
    pub(crate) fn read(file: &[u8], at: u64) -> Option<Self> {
        let head: Self = read_at(file, at)?;
        (head.magic == Self::MAGIC && head.at == at && is_sum(head.checksum, head.sum())).then_some(head)
    }

    /// Length of the block in bytes, padding included.
    pub(crate) fn length(&self) -> u64 {
        aligned(Self::LEN as u64 + u64::from(self.rows) + u64::from(self.data))
    }

    fn sum(&self) -> u32 {
        crc32fast::hash(bytemuck::bytes_of(self).get(8..).unwrap_or_default())
    }
}

/// The head of an index.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct IndexHead {
    magic: [u8; 4],
    /// CRC-32 of the fields below.
    checksum: u32,
    /// The offset of this head in the file.
    at: u64,
    /// Length of the index in bytes, without padding.
    pub(crate) length: u64,
    /// CRC-32 of the index.
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

    /// Reads the head of the index at `at`; `None` if there is no index.
    pub(crate) fn read(file: &[u8], at: u64) -> Option<Self> {
        let head: Self = read_at(file, at)?;
        (head.magic == Self::MAGIC && head.at == at && is_sum(head.checksum, head.sum())).then_some(head)
    }

    /// The index's bytes, if the checksum matches.
    pub(crate) fn body<'a>(&self, file: &'a [u8]) -> Option<&'a [u8]> {
        let start = usize::try_from(self.at).ok()?.checked_add(Self::LEN)?;
        let body = file.get(start..start.checked_add(usize::try_from(self.length).ok()?)?)?;
        is_sum(self.body_checksum, crc32fast::hash(body)).then_some(body)
    }

    /// Length of the section in bytes, padding and footer included. `None` on overflow.
    pub(crate) fn section(&self) -> Option<u64> {
        let length = self.length.checked_add((Self::LEN + Footer::LEN) as u64)?;
        length.checked_next_multiple_of(ALIGNMENT)
    }

    fn sum(&self) -> u32 {
        crc32fast::hash(bytemuck::bytes_of(self).get(8..).unwrap_or_default())
    }
}

/// The last bytes of a finished file.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Footer {
    magic: [u8; 8],
    /// Offset of the index.
    pub(crate) index: u64,
}

impl Footer {
    pub(crate) const LEN: usize = size_of::<Self>();
    const MAGIC: [u8; 8] = *b"\xb1kcorpus";

    pub(crate) const fn new(index: u64) -> Self {
        Self { magic: Self::MAGIC, index }
    }

    /// Reads the footer at the end of a file; `None` if the file is not finished.
    pub(crate) fn read(file: &[u8]) -> Option<Self> {
        let footer: Self = bytemuck::try_pod_read_unaligned(file.last_chunk::<{ Self::LEN }>()?).ok()?;
        (footer.magic == Self::MAGIC).then_some(footer)
    }
}

/// The result of reading a file's head.
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

/// The structure at the offset; `None` past the end.
fn read_at<T: Pod>(file: &[u8], at: u64) -> Option<T> {
    let bytes = file.get(usize::try_from(at).ok()?..)?.get(..size_of::<T>())?;
    bytemuck::try_pod_read_unaligned(bytes).ok()
}

/// Compares checksums. Under a fuzzer every checksum passes, because a fuzzer could hardly generate a correct one.
pub(crate) const fn is_sum(checksum: u32, found: u32) -> bool {
    cfg!(fuzzing) || checksum == found
}

/// Rounds an offset up to the alignment of sections.
pub(crate) const fn aligned(at: u64) -> u64 {
    at.next_multiple_of(ALIGNMENT)
}
