//! Whether all levels agree: for the tests here and for the fuzz target `simd`.

use super::{BLOCK, Kernel, Level, SLACK, SwapBytes, portable};

/// Runs every level that this processor supports and compares it with the portable one.
///
/// # Panics
///
/// If two levels disagree.
pub fn fuzz_simd(data: &[u8]) {
    let Some((&[start, count], bytes)) = data.split_first_chunk() else { return };
    // At every alignment.
    let bytes = bytes.get(usize::from(start % 64)..).unwrap_or(bytes);
    let index = |level: Level| {
        let mut ends = vec![u32::MAX; bytes.len() + SLACK];
        let found = level.index_texts(bytes, &mut ends);
        ends.truncate(found);
        ends
    };
    let ends = index(Level::Portable);
    let plain = bytes.iter().zip(0_u32..).filter(|&(&byte, _)| byte == 0).map(|(_, at)| at);
    assert_eq!(ends, plain.collect::<Vec<_>>());
    for level in Level::all() {
        assert_eq!(index(level), ends, "{level:?}");
        let around = (0..=3).filter_map(|less| (ends.len() + 1).checked_sub(less));
        for count in around.chain([0, 1, usize::from(count), usize::MAX]) {
            let end = match count.checked_sub(1) {
                Some(last) => ends.get(last).map(|&end| end as usize + 1),
                None => Some(0),
            };
            assert_eq!(level.skip_texts(bytes, count), end, "{level:?}, {count} of {}", ends.len());
        }
        for block in bytes.windows(BLOCK).filter_map(<[u8]>::first_chunk) {
            assert_eq!(level.mask(block), portable::mask(block), "{level:?}");
        }
        swap_alike::<2>(level, bytes);
        swap_alike::<4>(level, bytes);
        swap_alike::<8>(level, bytes);
    }
}

fn swap_alike<const N: usize>(level: Level, bytes: &[u8])
where
    for<'a> SwapBytes<'a, N>: Kernel<Output = ()>,
{
    let (mut plain, mut swapped) = (bytes.to_vec(), bytes.to_vec());
    plain.as_chunks_mut::<N>().0.iter_mut().for_each(|item| item.reverse());
    level.run(SwapBytes(swapped.as_chunks_mut::<N>().0));
    assert_eq!(swapped, plain, "{level:?}");
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::simd::{mask, text_len};

    /// Texts of up to `longest` bytes, at any alignment.
    fn texts(longest: usize) -> impl Strategy<Value = Vec<u8>> {
        (any::<[u8; 2]>(), vec((0..=longest).prop_map(|length| b"symbols of any length"[..length].to_vec()), 0..200))
            .prop_map(|(head, texts)| [head.to_vec(), texts.join(&0), vec![0; usize::from(head[0] % 3)]].concat())
    }

    proptest! {
        #[test]
        fn twins_agree_on_texts(data in prop_oneof![texts(0), texts(4), texts(20)]) {
            fuzz_simd(&data);
        }

        #[test]
        fn twins_agree_on_any_bytes(data in vec(prop_oneof![Just(0), Just(1), Just(0x80), any::<u8>()], 0..400)) {
            fuzz_simd(&data);
        }

        #[test]
        fn the_first_nul_is_found(bytes in vec(0..4_u8, 0..40)) {
            prop_assert_eq!(text_len(&bytes), bytes.iter().position(|&byte| byte == 0));
        }
    }

    #[test]
    fn a_nul_is_found_wherever_it_stands() {
        for length in 0..200 {
            for at in 0..length {
                let mut bytes = vec![0xff; length];
                bytes[at] = 0;
                for level in Level::all() {
                    assert_eq!(level.skip_texts(&bytes, 1), Some(at + 1), "{level:?}");
                    assert_eq!(level.skip_texts(&bytes, 2), None, "{level:?}");
                }
                assert_eq!(mask(&bytes), if at < BLOCK { 1 << at } else { 0 });
            }
        }
    }

    #[test]
    fn what_has_no_room_is_left_out() {
        let bytes = [0; 1000];
        for level in Level::all() {
            for room in 0..1000 + SLACK {
                let mut ends = vec![u32::MAX; room];
                let found = level.index_texts(&bytes, &mut ends);
                assert!(found <= room && ends.iter().zip(0..).take(found).all(|(&end, at)| end == at), "{level:?}");
            }
        }
    }

    #[test]
    fn more_texts_than_bytes_are_not_looked_for() {
        for level in Level::all() {
            assert_eq!(level.skip_texts(&[1; 100], usize::MAX), None);
            assert_eq!(level.skip_texts(&[0; 100], 101), None);
            assert_eq!(level.skip_texts(&[], 1), None);
            assert_eq!(level.skip_texts(&[], 0), Some(0));
        }
    }
}
