//! Pools of buffers, so that small messages need no allocation.

use bytes::BytesMut;

/// One buffer per power of two. A small message is copied into the smallest class that holds it. If nobody keeps
/// the message, the next copy reuses its memory. A kept message therefore holds at most twice its size.
#[derive(Debug)]
pub(crate) struct MessagePool {
    classes: [BytesMut; CLASSES],
}

/// Size classes, from 64 bytes to 128 KiB.
const CLASSES: usize = 12;
const SMALLEST: usize = 64;

/// The largest message that is copied, in bytes.
pub(crate) const LARGEST: usize = SMALLEST << (CLASSES - 1);

impl MessagePool {
    pub(crate) fn new() -> Self {
        Self { classes: std::array::from_fn(|_| BytesMut::new()) }
    }

    /// Copies `bytes` into memory that the copy owns.
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

/// Pool of output buffers. A connection holds one only while small messages are queued.
#[derive(Debug, Default)]
pub(crate) struct BufferPool {
    buffers: Vec<Vec<u8>>,
}

/// Number of buffers kept, and the largest capacity in bytes of one that is kept.
const KEPT: usize = 64;
const KEPT_BYTES: usize = 64 * 1024;

impl BufferPool {
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
    fn copies_reuse_memory_unless_a_copy_is_kept() {
        let mut pool = MessagePool::new();
        let first = pool.copy(b"first").freeze();
        let place = first.as_ptr().addr();
        drop(first);
        // Each copy must reuse the same 64 bytes.
        let mut second = pool.copy(b"second").freeze();
        for _ in 0..100 {
            assert!((place..place + 64).contains(&second.as_ptr().addr()));
            drop(second);
            second = pool.copy(b"second").freeze();
        }
        let third = pool.copy(b"third").freeze();
        assert_eq!((&second[..], &third[..]), (&b"second"[..], &b"third"[..]));
        assert_eq!(pool.copy(&[7; LARGEST]).len(), LARGEST);
        assert_eq!(pool.copy(&[7; LARGEST + 1]).len(), LARGEST + 1);
    }
}
