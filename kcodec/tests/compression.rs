//! Do the fast loops of compression do what the plain ones do?

mod naive;

use kcodec::{
    Compression, Decompressor, Error, ErrorKind, Threshold, Value, compress, decompress, decompress_into,
    decompress_to_slice,
};
use kcorpus::workload::{self, SplitMix64};
use naive::compression::{self, Plain, compress_alike};
use naive::stretch;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// A compressed message after its header, and what a reader is told of it.
#[derive(Debug, Clone)]
struct Compressed {
    bytes: Vec<u8>,
    kind: Compression,
    big_endian: bool,
    limit: usize,
}

impl Compressed {
    /// A stream behind the raw length `raw`.
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

    /// What the plain loops make of the first `length` bytes of `expected`.
    fn plain(&self, length: usize, expected: usize) -> (Vec<u8>, Result<(), Error>) {
        compression::inflate(&self.bytes[..length], self.kind, self.big_endian, expected, self.limit)
    }

    /// Inflates at once, into a buffer in use, into memory that is there and in pieces of these lengths
    /// in turn: all end as the plain loops do, and so does this.
    fn alike(&self, pieces: &[usize]) -> Result<Vec<u8>, Error> {
        let (body, result) = self.plain(self.bytes.len(), self.bytes.len());
        let expected = result.map(|()| &body[..]);
        same(self.at_most(usize::MAX), expected);
        for room in [0, body.len(), body.len() + 5000] {
            same(self.appended(room), expected);
        }
        same(self.in_place(), self.at_most(PLACE).as_deref().map_err(|error| *error));
        same(self.in_pieces(pieces, &body), expected);
        expected.map(<[u8]>::to_vec)
    }

    /// Inflates behind other bytes, into a buffer that has room for `room` more and has held others there.
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

    /// Inflates into memory that held other bytes.
    fn in_place(&self) -> Result<Vec<u8>, Error> {
        let mut out = vec![0xaa; self.limit.min(PLACE)];
        let length = decompress_to_slice(&self.bytes, self.kind, self.big_endian, &mut out)?;
        out.truncate(length);
        Ok(out)
    }

    /// Inflates in pieces, and looks at what comes out.
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

    /// After every byte, as much is inflated or refused as the plain loops do.
    fn alike_at_every_byte(&self) {
        let expected = self.bytes.len();
        let mut inflated = self.decompressor(expected);
        for length in 1..=expected {
            let pushed = inflated.push(&self.bytes[length - 1..length]);
            let (body, result) = self.plain(length, expected);
            same(inflated.clone().finish(), result.map(|()| &body[..]));
            match pushed {
                Ok(()) => assert_eq!(inflated.output(), body),
                Err(error) => return assert_eq!(result, Err(error)),
            }
        }
    }
}

/// Room for nearly every body here.
const PLACE: usize = 1 << 17;

fn same(found: Result<Vec<u8>, Error>, expected: Result<&[u8], Error>) {
    // Bodies are long: if they differ in length, the lengths say enough.
    assert_eq!(found.as_ref().map(Vec::len), expected.as_ref().map(|body| body.len()));
    assert_eq!(found.as_deref(), expected.as_deref());
}

type Form = (Compression, bool);

fn form() -> impl Strategy<Value = Form> {
    (select(vec![Compression::Short, Compression::Long]), any::<bool>())
}

/// Lengths of pieces: all of one byte, small ones, large ones, none at all in between.
fn pieces() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![Just(vec![]), vec(0..20_usize, 1..8), vec(0..3000_usize, 1..8)]
}

/// Up to 40,000 bytes, or about as many as a message must have to be compressed.
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

/// How to write a stream that no compressor wrote: elements drawn one by one.
#[derive(Debug, Clone)]
struct Recipe {
    seed: u32,
    elements: usize,
    /// Matches among 256 elements.
    matches: u64,
    /// The bits that literals may have.
    letters: u8,
    /// The most bytes of a match after its pair.
    extra: u64,
    /// The element that is a match of a key never seen.
    unseen: Option<Index>,
}

fn recipe() -> impl Strategy<Value = Recipe> {
    let letters = select(vec![0, 1, 3, 0x0f, 0x55, 0xff]);
    let extra = select(vec![0, 2, 5, 14, 40, 255]);
    (any::<u32>(), 1..1500_usize, 0..256_u64, letters, extra, prop::option::weighted(0.3, any::<Index>())).prop_map(
        |(seed, elements, matches, letters, extra, unseen)| Recipe { seed, elements, matches, letters, extra, unseen },
    )
}

/// The stream of a recipe, and the length of what it becomes, if nothing is wrong with it.
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

/// What happens to a message on its way.
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

/// A raw length near the right one.
fn near(raw: usize) -> impl Strategy<Value = u64> {
    let raw = raw as u64;
    prop_oneof![8 => Just(raw), 1 => raw.saturating_sub(300)..raw + 300, 1 => Just(raw - 1), 1 => Just(raw + 1)]
}

/// Rows that repeat but for a counter: 2900 bytes.
fn rows() -> Vec<u8> {
    (0..100_u16).flat_map(|row| [&b"a row that repeats itself, "[..], &(row * 7).to_le_bytes()].concat()).collect()
}

/// What the library makes of a body that compresses.
fn compressed(body: &[u8]) -> Compressed {
    let mut bytes = Vec::new();
    assert_eq!(compress(body, Threshold::Body, &mut bytes), Some(Compression::Short));
    Compressed { bytes, kind: Compression::Short, big_endian: false, limit: body.len() }
}

proptest! {
    #[test]
    fn a_body_is_compressed_as_the_plain_loop_does_and_inflates_again(body in body(), form in form(), pieces in pieces()) {
        compress_alike(&body);
        if let Some(packed) = compression::compress(&body) {
            let packed = Compressed::new(body.len() as u64 + 8, &packed[4..], form);
            same(packed.alike(&pieces), Ok(&body));
        }
    }

    #[test]
    fn a_damaged_message_is_refused_where_the_plain_loop_refuses_it(body in body(), faults in faults(), pieces in pieces()) {
        if let Some(mut bytes) = compression::compress(&body) {
            damage(&mut bytes, faults);
            let packed = Compressed { bytes, kind: Compression::Short, big_endian: false, limit: 1 << 20 };
            let _ = packed.alike(&pieces);
        }
    }

    #[test]
    fn any_elements_are_read_and_refused_as_the_plain_loop_does(
        (stream, raw) in recipe().prop_map(|recipe| stream(&recipe)).prop_flat_map(|(stream, length)| (Just(stream), near(length + 8))),
        form in form(),
        faults in faults(),
        pieces in pieces(),
    ) {
        let mut packed = Compressed::new(raw, &stream, form);
        let _ = packed.alike(&pieces);
        damage(&mut packed.bytes, faults);
        let _ = packed.alike(&pieces);
    }

    #[test]
    fn any_bytes_are_read_and_refused_as_the_plain_loop_does(
        raw in prop_oneof![8 => 10..5000_u64, 1 => any::<u64>()],
        // Groups of literals: behind them, most keys were seen.
        literals in vec(any::<[u8; 8]>(), 0..100),
        stream in vec(prop_oneof![any::<u8>(), 0..4_u8], 0..300),
        form in form(),
        pieces in pieces(),
    ) {
        let literals: Vec<u8> = literals.iter().flat_map(|group| [&[0], &group[..]].concat()).collect();
        let _ = Compressed::new(raw, &[literals, stream].concat(), form).alike(&pieces);
    }

    #[test]
    fn a_raw_length_is_refused_by_its_bounds_before_the_stream(
        length in 0..40_usize,
        raw in prop_oneof![0..20_u64, 900..1200_u64, any::<u64>(), any::<u32>().prop_map(u64::from)],
        limit in prop_oneof![0..20_usize, 900..1200_usize, Just(usize::MAX)],
        form in form(),
        pieces in pieces(),
    ) {
        for raw in [raw, 8 + 121 * length as u64, 9 + 121 * length as u64] {
            let mut packed = Compressed::new(raw, &vec![0; length], form);
            packed.limit = limit;
            let _ = packed.alike(&pieces);
        }
    }

    #[test]
    fn what_comes_after_the_announced_length_is_trailing(
        recipe in recipe(), form in form(), announced: Index, more in vec(any::<u8>(), 1..20),
    ) {
        let (stream, length) = stream(&Recipe { elements: recipe.elements % 100 + 1, ..recipe });
        let packed = Compressed::new(length as u64 + 8, &stream, form);
        let announced = announced.index(packed.bytes.len() + 1);
        let mut inflated = packed.decompressor(announced);
        let pushed = inflated.push(&[&packed.bytes[..announced], &more].concat());
        let expected = match packed.plain(announced, announced) {
            (_, Ok(()) | Err(Error { kind: ErrorKind::Truncated, .. })) => Error { at: announced, kind: ErrorKind::Trailing },
            (_, Err(error)) => error,
        };
        prop_assert_eq!(pushed, Err(expected));
        prop_assert_eq!(inflated.finish(), Err(expected));
    }
}

#[test]
fn what_people_send_is_compressed_as_the_plain_loop_does() {
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
        let [compresses, _] = compress_alike(&body);
        if compresses {
            same(compressed(&body).alike(&[1, 1448, 70_000]), Ok(&body));
        }
        compresses
    });
    assert!(compresses.contains(&true) && compresses.contains(&false));
}

#[test]
fn the_shortest_bodies_are_those_of_the_threshold() {
    for (length, expected) in [(1992, [false; 2]), (1993, [false, true]), (2000, [false, true]), (2001, [true; 2])] {
        assert_eq!(compress_alike(&vec![7; length]), expected);
    }
    for length in 0..2100 {
        compress_alike(&rows()[..length]);
    }
}

#[test]
fn bodies_that_hardly_halve_are_sent_as_the_plain_loop_sends_them() {
    let mut random = SplitMix64::case(1);
    let noise: Vec<u8> = (0..2500).map(|_| random.next_u64() as u8).collect();
    // The more noise, the less it halves; it is behind what does, or before.
    for noise_first in [false, true] {
        let kept = |length: usize| {
            let noise = &noise[..length];
            compress_alike(&if noise_first { [noise, &rows()].concat() } else { [&rows(), noise].concat() })
        };
        let kept: Vec<_> = (0..noise.len()).map(kept).collect();
        assert_eq!((kept.first(), kept.last()), (Some(&[true; 2]), Some(&[false; 2])));
    }
}

#[test]
fn a_body_may_end_in_any_way() {
    for letters in 0..1_u32 << 12 {
        let mut body = vec![7; 2000];
        body.extend((0..12).map(|at| b'a' + (letters >> at & 1) as u8));
        compress_alike(&body);
        let packed = compressed(&body);
        assert_eq!(decompress(&packed.bytes, packed.kind, false, body.len()), Ok(body));
    }
}

#[test]
fn matches_of_every_length_are_written_and_read() {
    for length in 0..600 {
        for distance in [2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64] {
            let pattern: Vec<u8> = (0..distance).map(|at: u8| at.wrapping_mul(37)).collect();
            let mut body: Vec<u8> = pattern.iter().copied().cycle().take(length).collect();
            body.push(0xfe);
            body.resize(2100 + length, 0xfe);
            compress_alike(&body);
            same(compressed(&body).alike(&[5000]), Ok(&body));
        }
    }
}

#[test]
fn a_message_cut_or_changed_anywhere_is_refused_alike() {
    let mut body = rows();
    body.extend([b'z'; 400]);
    let packed = compressed(&body);
    for at in 0..packed.bytes.len() {
        let mut cut = packed.clone();
        cut.bytes.truncate(at);
        let refused = cut.alike(&[7, 100]).map_err(|error| error.kind);
        assert!(matches!(refused, Err(ErrorKind::Truncated | ErrorKind::RawLength(_))), "{at}: {refused:?}");
        for bits in [1, 0x10, 0x80, 0xff] {
            let mut changed = packed.clone();
            changed.bytes[at] ^= bits;
            let _ = changed.alike(&[7, 100]);
        }
    }
}

#[test]
fn every_byte_is_inflated_or_refused_as_soon_as_it_comes() {
    let packed = compressed(&rows());
    packed.alike_at_every_byte();
    for at in 0..packed.bytes.len() / 16 {
        let mut changed = packed.clone();
        changed.bytes[at * 16] ^= 0x41;
        changed.alike_at_every_byte();
    }
    let mut longer = packed;
    longer.bytes.push(0);
    longer.alike_at_every_byte();
}
