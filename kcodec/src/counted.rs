//! A count and the items behind it, in checked bytes.

use crate::kind::Attribute;
use crate::simd;
use crate::wire::WIDE;

/// Checked bytes from the byte before a count on. That byte is an attribute, which may have the flag of an 8-byte
/// count, or the type of a function, which has not.
///
/// One slice instead of a count and a slice, so that views are small.
#[derive(Clone, Copy)]
pub(crate) struct Counted<'a>(&'a [u8]);

impl<'a> Counted<'a> {
    #[inline(always)]
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The count, and the bytes behind it.
    #[inline(always)]
    pub(crate) fn split(self) -> (usize, &'a [u8]) {
        match self.0 {
            [0..WIDE, bytes @ ..] => {
                let Some((count, rest)) = bytes.split_first_chunk() else { unreachable!("checked: a count") };
                (u32::from_le_bytes(*count) as usize, rest)
            }
            [_, bytes @ ..] => {
                let Some((count, rest)) = bytes.split_first_chunk() else { unreachable!("checked: a wide count") };
                let count = usize::try_from(u64::from_le_bytes(*count));
                (count.unwrap_or_else(|_| unreachable!("checked: a count of bytes in memory")), rest)
            }
            [] => unreachable!("checked: a count"),
        }
    }

    #[inline(always)]
    pub(crate) fn count(self) -> usize {
        self.split().0
    }

    #[inline(always)]
    pub(crate) fn rest(self) -> &'a [u8] {
        self.split().1
    }

    /// The attribute, if the byte before the count is one.
    #[inline(always)]
    pub(crate) fn attribute(self) -> Attribute {
        self.0.first().and_then(|byte| Attribute::from_code(byte & !WIDE)).unwrap_or_default()
    }

    /// The length in bytes of the attribute, the count and the terminated texts that it counts.
    pub(crate) fn texts_len(self) -> usize {
        let (count, texts) = self.split();
        let rest = texts.len() - simd::skip_texts(texts, count).unwrap_or_default();
        self.0.len() - rest
    }
}
