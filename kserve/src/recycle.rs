//! Buffers that are used again, so that small messages take no memory from the allocator.

use bytes::BytesMut;

/// One buffer for each power of two. A small message is copied into the smallest that holds it; if
/// nobody has kept it by the next time, the same memory serves again. So a message that is kept
/// holds at most twice its own size.
#[derive(Debug)]
pub(crate) struct Recycle {
    classes: [BytesMut; CLASSES],
}

/// 64 bytes to 128 KiB.
const CLASSES: usize = 12;
const SMALLEST: usize = 64;

/// The largest message that is copied.
pub(crate) const LARGEST: usize = SMALLEST << (CLASSES - 1);

impl Recycle {
    pub(crate) fn new() -> Self {
        Self { classes: std::array::from_fn(|_| BytesMut::new()) }
    }

    /// A copy of `bytes` that owns its memory.
    pub(crate) fn copy(&mut self, bytes: &[u8]) -> BytesMut {
        let size = bytes.len().max(SMALLEST).next_power_of_two();
        let class = (size / SMALLEST).trailing_zeros() as usize;
        let Some(buffer) = self.classes.get_mut(class) else { return bytes.into() };
        if !buffer.try_reclaim(bytes.len()) {
            *buffer = BytesMut::with_capacity(size);
        }
        buffer.extend_from_slice(bytes);
        buffer.split()
    }
}

/// Buffers for what waits to be written. A connection has one only while something waits.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    buffers: Vec<Vec<u8>>,
}

/// Buffers kept, and the largest one that is.
const KEPT: usize = 64;
const KEPT_BYTES: usize = 64 * 1024;

impl Spare {
    pub(crate) fn take(&mut self) -> Vec<u8> {
        self.buffers.pop().unwrap_or_default()
    }

    pub(crate) fn give(&mut self, mut buffer: Vec<u8>) {
        if buffer.capacity() > 0 && buffer.capacity() <= KEPT_BYTES && self.buffers.len() < KEPT {
            buffer.clear();
            self.buffers.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_serves_again_unless_it_is_kept() {
        let mut recycle = Recycle::new();
        let first = recycle.copy(b"first").freeze();
        let place = first.as_ptr().addr();
        drop(first);
        // Within the same 64 bytes, over and over.
        let mut second = recycle.copy(b"second").freeze();
        for _ in 0..100 {
            assert!((place..place + 64).contains(&second.as_ptr().addr()));
            drop(second);
            second = recycle.copy(b"second").freeze();
        }
        let third = recycle.copy(b"third").freeze();
        assert_eq!((&second[..], &third[..]), (&b"second"[..], &b"third"[..]));
        assert_eq!(recycle.copy(&[7; LARGEST]).len(), LARGEST);
        assert_eq!(recycle.copy(&[7; LARGEST + 1]).len(), LARGEST + 1);
    }
}
