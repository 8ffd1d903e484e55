//! The output of the encoder: a buffer ([`Room`]), or borrowed parts for a gathering write.

/// The output of the encoder.
pub(crate) trait Sink<'a> {
    /// Bytes written so far, or counted for lack of room.
    fn size(&self) -> usize;

    /// Appends bytes that live only for the call: types, counts, atoms.
    fn head<const N: usize>(&mut self, bytes: [u8; N]);

    /// Appends bytes that live as long as the value: the items of a vector. May keep the slice.
    fn run(&mut self, bytes: &'a [u8]);

    /// Appends the first `length` bytes of a word.
    fn short(&mut self, word: [u8; 8], length: usize);

    /// Appends zeros and lends them, to be written over. `None` if the caller must append piece by piece.
    fn room(&mut self, size: usize) -> Option<&mut [u8]>;
}

/// A buffer that never grows: what exceeds its capacity is only counted.
pub(crate) struct Room {
    out: Vec<u8>,
    /// Bytes in the buffer before the body.
    start: usize,
    /// Bytes for which there was no room. Saturates: parts of a value may borrow the same bytes many times.
    missing: usize,
}

impl Room {
    pub(crate) const fn new(out: Vec<u8>) -> Self {
        let start = out.len();
        Self { out, start, missing: 0 }
    }

    /// Whether there was room for everything.
    pub(crate) const fn is_whole(&self) -> bool {
        self.missing == 0
    }

    pub(crate) fn into_inner(self) -> Vec<u8> {
        self.out
    }

    #[inline(always)]
    const fn has_room(&self, count: usize) -> bool {
        count <= self.out.capacity() - self.out.len()
    }

    #[inline(always)]
    fn put(&mut self, bytes: &[u8]) {
        if self.has_room(bytes.len()) {
            self.out.extend_from_slice(bytes);
        } else {
            self.missing = self.missing.saturating_add(bytes.len());
        }
    }
}

impl Sink<'_> for Room {
    fn size(&self) -> usize {
        (self.out.len() - self.start).saturating_add(self.missing)
    }

    #[inline(always)]
    fn head<const N: usize>(&mut self, bytes: [u8; N]) {
        self.put(&bytes);
    }

    #[inline(always)]
    fn run(&mut self, bytes: &[u8]) {
        self.put(bytes);
    }

    #[inline(always)]
    fn short(&mut self, word: [u8; 8], length: usize) {
        // A whole word is one store; a copy of variable length is a call.
        if self.has_room(word.len()) {
            let end = self.out.len() + length;
            self.out.extend_from_slice(&word);
            self.out.truncate(end);
        } else {
            self.put(word.get(..length).unwrap_or_default());
        }
    }

    #[inline(always)]
    fn room(&mut self, size: usize) -> Option<&mut [u8]> {
        if !self.has_room(size) {
            return None;
        }
        let start = self.out.len();
        self.out.resize(start + size, 0);
        self.out.get_mut(start..)
    }
}

/// A buffer that grows as it must, for what is not a value.
#[cfg(feature = "arrow")]
impl Sink<'_> for Vec<u8> {
    fn size(&self) -> usize {
        self.len()
    }

    fn head<const N: usize>(&mut self, bytes: [u8; N]) {
        self.extend_from_slice(&bytes);
    }

    fn run(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn short(&mut self, word: [u8; 8], length: usize) {
        self.extend_from_slice(word.get(..length).unwrap_or_default());
    }

    fn room(&mut self, size: usize) -> Option<&mut [u8]> {
        let start = self.len();
        self.resize(start + size, 0);
        self.get_mut(start..)
    }
}
