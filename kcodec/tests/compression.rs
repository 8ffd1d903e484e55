//! Compression and inflation against the naive codec: assert_same bytes, assert_same errors, assert_same offsets.

mod naive;

use kcodec::{
    Compression, Decompressor, Error, ErrorKind, Threshold, Value, compress, decompress, decompress_into,
    decompress_to_slice,
};
use kcorpus::workload::{self, SplitMix64};
use naive::compression::{self, Plain, compare_compress};
use naive::stretch;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// A compressed message without its header, and the parameters of its inflation.
#[derive(Debug, Clone)]
struct Compressed {
    bytes: Vec<u8>,
    kind: Compression,
    big_endian: bool,
    limit: usize,
}

impl Compressed {
    /// The raw length `raw`, then the stream.
    fn new(raw: u64, stream: &[u8], (kind, big_endian): Form) -> Self {
        let mut head = raw.to_le_bytes()[..kind.head()].to_vec();
        if big_endian {
            head.reverse();
        }
        Self { bytes: [&head, stream].concat(), kind, big_endian, limit: 1 << 20 }
    }

    fn decompressor(&self, expected: usize) -> Decompressor {
        Decompressor::new(self.kind, self.big_endian, expected, self.limit)
    }

    /// The naive codec's output and result for the first `length` bytes of `expected`.
    fn naive(&self, length: usize, expected: usize) -> (Vec<u8>, Result<(), Error>) {
        compression::inflate(&self.bytes[..length], self.kind, self.big_endian, expected, self.limit)
    }

    /// Inflates by each function of the library: at once, appending to a buffer, into a slice, and in pieces whose
    /// lengths cycle through `pieces`. All results must equal the naive codec's, which is returned.
    fn compare(&self, pieces: &[usize]) -> Result<Vec<u8>, Error> {
        let (body, result) = self.naive(self.bytes.len(), self.bytes.len());
        let expected = result.map(|()| &body[..]);
        assert_same(self.at_most(usize::MAX), expected);
        for room in [0, body.len(), body.len() + 5000] {
            assert_same(self.appended(room), expected);
        }
        assert_same(self.to_slice(), self.at_most(SLICE).as_deref().map_err(|error| *error));
        assert_same(self.in_pieces(pieces, &body), expected);
        expected.map(<[u8]>::to_vec)
    }

    /// Inflates after 100 bytes of a buffer with a spare capacity of `room` dirty bytes.
    fn appended(&self, room: usize) -> Result<Vec<u8>, Error> {
        let mut out = vec![0xaa; 100 + room];
        out.truncate(100);
        let result = decompress_into(&self.bytes, self.kind, self.big_endian, self.limit, &mut out);
        assert_eq!(out[..100], [0xaa; 100]);
        let body = out.split_off(100);
        assert!(result.is_ok() || body.is_empty());
        result.map(|()| body)
    }

    fn at_most(&self, limit: usize) -> Result<Vec<u8>, Error> {
        decompress(&self.bytes, self.kind, self.big_endian, self.limit.min(limit))
    }

    /// Inflates into a dirty slice.
    fn to_slice(&self) -> Result<Vec<u8>, Error> {
        let mut out = vec![0xaa; self.limit.min(SLICE)];
        let length = decompress_to_slice(&self.bytes, self.kind, self.big_endian, &mut out)?;
        out.truncate(length);
        Ok(out)
    }

    /// Inflates in pieces. After each one, the new output must equal that part of `body`.
    fn in_pieces(&self, pieces: &[usize], body: &[u8]) -> Result<Vec<u8>, Error> {
        let mut inflated = self.decompressor(self.bytes.len());
        let mut rest = &self.bytes[..];
        let mut drained = 0;
        for &length in pieces.iter().chain([&1]).cycle() {
            let (piece, after) = rest.split_at(length.min(rest.len()));
            rest = after;
            if let Err(error) = inflated.push(piece) {
                assert_eq!(inflated.push(rest), Err(error));
                break;
            }
            assert_eq!(inflated.output()[drained..], body[drained..inflated.output().len()]);
            drained = inflated.output().len();
            if rest.is_empty() {
                break;
            }
        }
        assert!(body.starts_with(inflated.output()));
        inflated.finish()
    }

    /// Inflates byte by byte. After each one, output and result must equal the naive codec's.
    fn compare_byte_by_byte(&self) {
        let expected = self.bytes.len();
        let mut inflated = self.decompressor(expected);
        for length in 1..=expected {
            let pushed = inflated.push(&self.bytes[length - 1..length]);
            let (body, result) = self.naive(length, expected);
            assert_same(inflated.clone().finish(), result.map(|()| &body[..]));
            match pushed {
                Ok(()) => assert_eq!(inflated.output(), body),
                Err(error) => return assert_eq!(result, Err(error)),
            }
        }
    }
}

/// The length of the slice for inflation: longer than nearly all bodies of these tests.
const SLICE: usize = 1 << 17;

fn assert_same(found: Result<Vec<u8>, Error>, expected: Result<&[u8], Error>) {
    // The lengths first: bodies are too long for a readable message.
    assert_eq!(found.as_ref().map(Vec::len), expected.as_ref().map(|body| body.len()));
    assert_eq!(found.as_deref(), expected.as_deref());
}

type Form = (Compression, bool);

fn form() -> impl Strategy<Value = Form> {
    (select(vec![Compression::Short, Compression::Long]), any::<bool>())
}

/// Lengths of pieces: all of one byte, small ones or large ones, with empty ones among them.
fn pieces() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![Just(vec![]), vec(0..20_usize, 1..8), vec(0..3000_usize, 1..8)]
}

/// Up to 40,000 bytes, or close to the threshold of compression.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![1 => Just(40_000), 2 => 2000..40_000_usize, 1 => 1985..2015_usize];
    (vec(stretch(), 1..24), vec((any::<Index>(), any::<u8>()), 0..40), length, any::<bool>()).prop_map(
        |(stretches, changes, length, again)| {
            let mut body = stretches.concat();
            body.push(0);
            if again || length < 2015 {
                body = body.iter().copied().cycle().take(length).collect();
            }
            body.truncate(length);
            for (at, byte) in changes {
                *at.get_mut(&mut body) = byte;
            }
            body
        },
    )
}

/// The parameters of a random stream, which no compressor would write.
#[derive(Debug, Clone)]
struct Recipe {
    seed: u32,
    elements: usize,
    /// Average number of matches per 256 elements.
    matches: u64,
    /// The mask of literals.
    letters: u8,
    /// The maximum of a match's bytes after its pair.
    extra: u64,
    /// The element that is a match with an unset key.
    unseen: Option<Index>,
}

fn recipe() -> impl Strategy<Value = Recipe> {
    let letters = select(vec![0, 1, 3, 0x0f, 0x55, 0xff]);
    let extra = select(vec![0, 2, 5, 14, 40, 255]);
    (any::<u32>(), 1..1500_usize, 0..256_u64, letters, extra, prop::option::weighted(0.3, any::<Index>())).prop_map(
        |(seed, elements, matches, letters, extra, unseen)| Recipe { seed, elements, matches, letters, extra, unseen },
    )
}

/// The stream of a recipe, and the length of its body if it is valid.
fn stream(recipe: &Recipe) -> (Vec<u8>, usize) {
    let mut random = SplitMix64::case(u64::from(recipe.seed));
    let unseen = recipe.unseen.map(|at| at.index(recipe.elements));
    let mut plain = Plain::new();
    let (mut stream, mut flags_at) = (Vec::new(), 0);
    for element in 0..recipe.elements {
        if element % 8 == 0 {
            flags_at = stream.len();
            stream.push(0);
        }
        let wanted = unseen != Some(element);
        let keys: Vec<u8> = (0..=255).filter(|&key| plain.seen[usize::from(key)].is_some() == wanted).collect();
        if keys.is_empty() || (wanted && random.next_u64() % 256 >= recipe.matches) {
            let byte = random.next_u64() as u8 & recipe.letters;
            plain.literal(byte);
            stream.push(byte);
            continue;
        }
        let key = keys[(random.next_u64() % keys.len() as u64) as usize];
        let extra = (random.next_u64() % (recipe.extra + 1)) as u8;
        if let Some(from) = plain.seen[usize::from(key)] {
            plain.matched(from, extra);
        }
        stream[flags_at] |= 1 << (element % 8);
        stream.extend([key, extra]);
    }
    (stream, plain.body.len())
}

/// A fault of transmission.
#[derive(Debug, Clone)]
enum Fault {
    Cut(Index),
    Flip(Index, u8),
    Append(Vec<u8>),
}

fn faults() -> impl Strategy<Value = Vec<Fault>> {
    let fault = prop_oneof![
        any::<Index>().prop_map(Fault::Cut),
        (any::<Index>(), any::<u8>()).prop_map(|(at, bits)| Fault::Flip(at, bits)),
        vec(any::<u8>(), 1..30).prop_map(Fault::Append),
    ];
    vec(fault, 0..3)
}

fn damage(bytes: &mut Vec<u8>, faults: Vec<Fault>) {
    for fault in faults {
        match fault {
            Fault::Cut(at) => bytes.truncate(at.index(bytes.len() + 1)),
            Fault::Flip(at, bits) if !bytes.is_empty() => *at.get_mut(bytes) ^= bits,
            Fault::Flip(..) => {}
            Fault::Append(more) => bytes.extend(more),
        }
    }
}

/// The correct raw length, or one close to it.
fn near(raw: usize) -> impl Strategy<Value = u64> {
    let raw = raw as u64;
    prop_oneof![8 => Just(raw), 1 => raw.saturating_sub(300)..raw + 300, 1 => Just(raw - 1), 1 => Just(raw + 1)]
}

/// 100 rows that differ only in a counter: 2900 bytes.
fn rows() -> Vec<u8> {
    (0..100_u16).flat_map(|row| [&b"a row that repeats itself, "[..], &(row * 7).to_le_bytes()].concat()).collect()
}

/// The library's compressed form of a compressible body.
fn compressed(body: &[u8]) -> Compressed {
    let mut bytes = Vec::new();
    assert_eq!(compress(body, Threshold::Body, &mut bytes), Some(Compression::Short));
    Compressed { bytes, kind: Compression::Short, big_endian: false, limit: body.len() }
}

proptest! {
    #[test]
    fn bodies_compress_as_by_the_naive_codec_and_round_trip(body in body(), form in form(), pieces in pieces()) {
        compare_compress(&body);
        if let Some(packed) = compression::compress(&body) {
            let packed = Compressed::new(body.len() as u64 + 8, &packed[4..], form);
            assert_same(packed.compare(&pieces), Ok(&body));
        }
    }

    #[test]
    fn damaged_messages_give_the_errors_of_the_naive_codec(body in body(), faults in faults(), pieces in pieces()) {
        if let Some(mut bytes) = compression::compress(&body) {
            damage(&mut bytes, faults);
            let packed = Compressed { bytes, kind: Compression::Short, big_endian: false, limit: 1 << 20 };
            let _ = packed.compare(&pieces);
        }
    }

    #[test]
    fn random_elements_inflate_as_by_the_naive_codec(
        (stream, raw) in recipe()
            .prop_map(|recipe| stream(&recipe))
            .prop_flat_map(|(stream, length)| (Just(stream), near(length + 8))),
        form in form(),
        faults in faults(),
        pieces in pieces(),
    ) {
        let mut packed = Compressed::new(raw, &stream, form);
        let _ = packed.compare(&pieces);
        damage(&mut packed.bytes, faults);
        let _ = packed.compare(&pieces);
    }

    #[test]
    fn random_bytes_inflate_as_by_the_naive_codec(
        raw in prop_oneof![8 => 10..5000_u64, 1 => any::<u64>()],
        // Groups of literals first, so that most keys are set.
        literals in vec(any::<[u8; 8]>(), 0..100),
        stream in vec(prop_oneof![any::<u8>(), 0..4_u8], 0..300),
        form in form(),
        pieces in pieces(),
    ) {
        let literals: Vec<u8> = literals.iter().flat_map(|group| [&[0], &group[..]].concat()).collect();
        let _ = Compressed::new(raw, &[literals, stream].concat(), form).compare(&pieces);
    }

    #[test]
    fn the_raw_length_is_checked_before_the_stream(
        length in 0..40_usize,
        raw in prop_oneof![0..20_u64, 900..1200_u64, any::<u64>(), any::<u32>().prop_map(u64::from)],
        limit in prop_oneof![0..20_usize, 900..1200_usize, Just(usize::MAX)],
        form in form(),
        pieces in pieces(),
    ) {
        for raw in [raw, 8 + 121 * length as u64, 9 + 121 * length as u64] {
            let mut packed = Compressed::new(raw, &vec![0; length], form);
            packed.limit = limit;
            let _ = packed.compare(&pieces);
        }
    }

    #[test]
    fn bytes_after_the_expected_length_are_trailing(
        recipe in recipe(), form in form(), expected_length: Index, more in vec(any::<u8>(), 1..20),
    ) {
        let (stream, length) = stream(&Recipe { elements: recipe.elements % 100 + 1, ..recipe });
        let packed = Compressed::new(length as u64 + 8, &stream, form);
        let expected_length = expected_length.index(packed.bytes.len() + 1);
        let mut inflated = packed.decompressor(expected_length);
        let pushed = inflated.push(&[&packed.bytes[..expected_length], &more].concat());
        let expected = match packed.naive(expected_length, expected_length) {
            (_, Ok(()) | Err(Error { kind: ErrorKind::Truncated, .. })) => {
                Error { at: expected_length, kind: ErrorKind::Trailing }
            }
            (_, Err(error)) => error,
        };
        prop_assert_eq!(pushed, Err(expected));
        prop_assert_eq!(inflated.finish(), Err(expected));
    }
}

#[test]
fn realistic_bodies_compress_as_by_the_naive_codec() {
    let trade = workload::trade_sorted(5000);
    let strings = workload::strings(3000);
    let symbols = workload::symbols(10_000);
    let strings: Vec<Value<'_>> = strings.iter().map(|text| Value::from(text.as_str())).collect();
    let bodies = [
        Value::from(&workload::longs_small(20_000)),
        Value::from(&workload::longs(2000)),
        Value::from(&workload::floats(2000)),
        Value::from(&trade.size),
        Value::symbols(&symbols.iter().map(String::as_str).collect::<Vec<_>>()),
        Value::from(&strings),
    ]
    .map(|value| {
        let mut body = Vec::new();
        value.encode(&mut body).unwrap();
        body
    });
    let compresses = bodies.map(|body| {
        let [compresses, _] = compare_compress(&body);
        if compresses {
            assert_same(compressed(&body).compare(&[1, 1448, 70_000]), Ok(&body));
        }
        compresses
    });
    assert!(compresses.contains(&true) && compresses.contains(&false));
}

#[test]
fn bodies_up_to_the_threshold_are_not_compressed() {
    for (length, expected) in [(1992, [false; 2]), (1993, [false, true]), (2000, [false, true]), (2001, [true; 2])] {
        assert_eq!(compare_compress(&vec![7; length]), expected);
    }
    for length in 0..2100 {
        compare_compress(&rows()[..length]);
    }
}

#[test]
fn bodies_that_compress_to_about_half_are_kept_as_by_the_naive_codec() {
    let mut random = SplitMix64::case(1);
    let noise: Vec<u8> = (0..2500).map(|_| random.next_u64() as u8).collect();
    // With more noise, before or after compressible rows, compression to half becomes impossible.
    for noise_first in [false, true] {
        let kept = |length: usize| {
            let noise = &noise[..length];
            compare_compress(&if noise_first { [noise, &rows()].concat() } else { [&rows(), noise].concat() })
        };
        let kept: Vec<_> = (0..noise.len()).map(kept).collect();
        assert_eq!((kept.first(), kept.last()), (Some(&[true; 2]), Some(&[false; 2])));
    }
}

#[test]
fn every_end_of_a_body_round_trips() {
    for letters in 0..1_u32 << 12 {
        let mut body = vec![7; 2000];
        body.extend((0..12).map(|at| b'a' + (letters >> at & 1) as u8));
        compare_compress(&body);
        let packed = compressed(&body);
        assert_eq!(decompress(&packed.bytes, packed.kind, false, body.len()), Ok(body));
    }
}

#[test]
fn matches_of_every_length_round_trip() {
    for length in 0..600 {
        for distance in [2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64] {
            let pattern: Vec<u8> = (0..distance).map(|at: u8| at.wrapping_mul(37)).collect();
            let mut body: Vec<u8> = pattern.iter().copied().cycle().take(length).collect();
            body.push(0xfe);
            body.resize(2100 + length, 0xfe);
            compare_compress(&body);
            assert_same(compressed(&body).compare(&[5000]), Ok(&body));
        }
    }
}

#[test]
fn truncated_or_changed_messages_give_the_errors_of_the_naive_codec() {
    let mut body = rows();
    body.extend([b'z'; 400]);
    let packed = compressed(&body);
    for at in 0..packed.bytes.len() {
        let mut cut = packed.clone();
        cut.bytes.truncate(at);
        let refused = cut.compare(&[7, 100]).map_err(|error| error.kind);
        assert!(matches!(refused, Err(ErrorKind::Truncated | ErrorKind::RawLength(_))), "{at}: {refused:?}");
        for bits in [1, 0x10, 0x80, 0xff] {
            let mut changed = packed.clone();
            changed.bytes[at] ^= bits;
            let _ = changed.compare(&[7, 100]);
        }
    }
}

#[test]
fn output_and_errors_are_available_after_each_byte() {
    let packed = compressed(&rows());
    packed.compare_byte_by_byte();
    for at in 0..packed.bytes.len() / 16 {
        let mut changed = packed.clone();
        changed.bytes[at * 16] ^= 0x41;
        changed.compare_byte_by_byte();
    }
    let mut longer = packed;
    longer.bytes.push(0);
    longer.compare_byte_by_byte();
}
