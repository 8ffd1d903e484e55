//! Deterministic benchmark data: one small generator gives the same values on every machine.
//!
//! Every function takes the number of rows; the constant of the same name is the size used for published figures.
//! `trade(n)` is a prefix of every longer `trade`; `trade_sorted(n)` is not.
//!
//! ```
//! use kcorpus::workload::{self, base26, floats, int_atoms, longs, longs_small, strings, symbols, symbols_unique};
//! use kcorpus::workload::{FLOATS, INT_ATOMS, LONGS, LONGS_SMALL, STRINGS, SYMBOLS, SYMBOLS_UNIQUE};
//!
//! let n = 100; // the constants are too long for an example
//! assert!([LONGS, FLOATS, SYMBOLS, SYMBOLS_UNIQUE, INT_ATOMS, STRINGS, LONGS_SMALL].iter().all(|&size| size > n));
//! assert_eq!((longs(n), floats(n).len(), int_atoms(n).len()), (workload::longs(n), n, n));
//! assert!(longs_small(n).iter().all(|long| (0..100).contains(long)));
//! assert!(symbols(n).iter().all(|symbol| workload::symtab().contains(symbol)) && symbols_unique(n)[0].len() == 8);
//! assert_eq!((strings(n)[0].len(), base26(27, 4)), (10, "BBAA".to_owned()));
//! ```

/// Rows of [`longs`].
pub const LONGS: usize = 10_000_000;
/// Rows of [`floats`].
pub const FLOATS: usize = 10_000_000;
/// Rows of [`symbols`].
pub const SYMBOLS: usize = 1_000_000;
/// Rows of [`symbols_unique`].
pub const SYMBOLS_UNIQUE: usize = 1_000_000;
/// Rows of [`trade`].
pub const TRADE: usize = 1_000_000;
/// Rows of [`trade`] in a small message: 376 bytes with its header.
pub const TRADE10: usize = 10;
/// Rows of [`int_atoms`].
pub const INT_ATOMS: usize = 1_000_000;
/// Rows of [`strings`].
pub const STRINGS: usize = 1_000_000;
/// Rows of [`trade_sorted`].
pub const TRADE_SORTED: usize = 1_000_000;
/// Rows of [`longs_small`].
pub const LONGS_SMALL: usize = 10_000_000;

const HALF_PAST_NINE: i64 = (9 * 60 + 30) * 60 * 1_000_000_000;

/// The generator of all workloads: one addition and two multiplications per number.
///
/// ```
/// use kcorpus::workload::SplitMix64;
///
/// let mut numbers = SplitMix64::seeded(1);
/// assert_eq!(numbers.next_u64(), SplitMix64::seeded(1).next_u64());
/// assert_ne!(SplitMix64::case(1).next_u64(), SplitMix64::case(2).next_u64());
/// ```
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// The generator of the workload with this number.
    pub const fn case(number: u64) -> Self {
        Self(0x0DB0_0000 + number)
    }

    /// A generator with any seed.
    pub const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = self.0;
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// The next number modulo `limit`.
    const fn below(&mut self, limit: u32) -> i64 {
        (self.next_u64() % limit as u64).cast_signed()
    }
}

/// `number` in base 26 with the digits `A` to `Z`, least significant digit first, padded to `letters` digits.
pub fn base26(mut number: u64, letters: usize) -> String {
    let mut text = String::with_capacity(letters);
    for _ in 0..letters {
        text.push(char::from(b'A' + (number % 26) as u8));
        number /= 26;
    }
    text
}

/// The 1,000 symbols of four letters from which [`symbols`] and the trades are drawn.
pub fn symtab() -> Vec<String> {
    (0..1000).map(|i| base26((i * 449 + 12345) % 26_u64.pow(4), 4)).collect()
}

/// Longs over the full range.
pub fn longs(n: usize) -> Vec<i64> {
    let mut random = SplitMix64::case(1);
    (0..n).map(|_| random.next_u64().cast_signed()).collect()
}

/// Floats from 0 to 1000, exclusive.
pub fn floats(n: usize) -> Vec<f64> {
    let mut random = SplitMix64::case(2);
    (0..n).map(|_| (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64 * 1000.0).collect()
}

/// Symbols of four letters, 1,000 distinct ones.
pub fn symbols(n: usize) -> Vec<String> {
    let mut random = SplitMix64::case(3);
    let table = symtab();
    (0..n).map(|_| table[random.below(1000) as usize].clone()).collect()
}

/// Symbols of eight letters, all distinct.
pub fn symbols_unique(n: usize) -> Vec<String> {
    (0..n as u64).map(|i| base26((i * 2_654_435_761 + 1) % 26_u64.pow(8), 8)).collect()
}

/// Columns of a table of trades, all of one length.
///
/// ```
/// use kcorpus::workload::{TRADE, TRADE_SORTED, TRADE10, Trade, trade, trade_sorted};
///
/// let small: Trade = trade(TRADE10);
/// let sorted = trade_sorted(2000); // `TRADE_SORTED` in published figures
/// assert_eq!((small.sym.len(), small.price.len(), small.size.len(), small.ex.len()), (10, 10, 10, 10));
/// assert!(small.time.is_sorted() && sorted.sym[0] == sorted.sym[1] && TRADE.max(TRADE_SORTED) > 1000);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trade {
    /// Timespan: nanoseconds since midnight.
    pub time: Vec<i64>,
    /// Four letters.
    pub sym: Vec<String>,
    /// Multiples of 0.01 in [`trade`], of 0.25 in [`trade_sorted`].
    pub price: Vec<f64>,
    /// Multiples of 100.
    pub size: Vec<i64>,
    /// Exchange: a char, one of eight.
    pub ex: Vec<u8>,
}

impl Trade {
    fn with_capacity(n: usize) -> Self {
        Self {
            time: Vec::with_capacity(n),
            sym: Vec::with_capacity(n),
            price: Vec::with_capacity(n),
            size: Vec::with_capacity(n),
            ex: Vec::with_capacity(n),
        }
    }

    fn push(&mut self, time: i64, sym: &str, price: f64, random: &mut SplitMix64) {
        self.time.push(time);
        self.sym.push(sym.to_owned());
        self.price.push(price);
        self.size.push(100 * (1 + random.below(50)));
        self.ex.push(b"NQAPZBDK"[random.below(8) as usize]);
    }
}

/// Trades ordered by time from 09:30; each symbol's price is a random walk.
pub fn trade(n: usize) -> Trade {
    let mut random = SplitMix64::case(5);
    let table = symtab();
    let mut cents: Vec<i64> = (0..1000).map(|i| 5000 + i * 37 % 45000).collect();
    let mut time = HALF_PAST_NINE;
    let mut trade = Trade::with_capacity(n);
    for _ in 0..n {
        time += random.below(46_800_000);
        let s = random.below(1000) as usize;
        cents[s] = (cents[s] + random.below(21) - 10).max(100);
        trade.push(time, &table[s], cents[s] as f64 / 100.0, &mut random);
    }
    trade
}

/// Trades ordered by symbol. kdb+'s compression shrinks the message to 40 %.
pub fn trade_sorted(n: usize) -> Trade {
    let mut random = SplitMix64::case(9);
    let table = symtab();
    let per_symbol = (n / 1000).max(1);
    let mut trade = Trade::with_capacity(n);
    for i in 0..n {
        let s = i * 1000 / n;
        let time = HALF_PAST_NINE + (i % per_symbol) as i64 * 23_400_000_000;
        let quarters = 400 + (s % 100) as i64 + random.below(8);
        trade.push(time, &table[s], quarters as f64 * 0.25, &mut random);
    }
    trade
}

/// Ints over the full range, for a general list of atoms.
pub fn int_atoms(n: usize) -> Vec<i32> {
    let mut random = SplitMix64::case(7);
    (0..n).map(|_| random.next_u64() as i32).collect()
}

/// Strings of ten lower-case letters.
pub fn strings(n: usize) -> Vec<String> {
    let mut random = SplitMix64::case(8);
    (0..n).map(|_| (0..10).map(|_| char::from(b'a' + random.below(26) as u8)).collect()).collect()
}

/// Longs below 100.
pub fn longs_small(n: usize) -> Vec<i64> {
    let mut random = SplitMix64::case(11);
    (0..n).map(|_| random.below(100)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A polynomial hash. The expected sums were computed by an independent implementation of the generators.
    fn sum(values: impl IntoIterator<Item = u64>) -> u64 {
        values.into_iter().fold(0, |sum, value| sum.wrapping_mul(31).wrapping_add(value))
    }

    fn sum_longs(values: &[i64]) -> u64 {
        sum(values.iter().map(|value| value.cast_unsigned()))
    }

    fn sum_floats(values: &[f64]) -> u64 {
        sum(values.iter().map(|value| value.to_bits()))
    }

    fn sum_texts(values: &[String]) -> u64 {
        sum(values.iter().flat_map(|text| text.bytes().map(u64::from)))
    }

    fn sums(trade: &Trade) -> [u64; 5] {
        [
            sum_longs(&trade.time),
            sum_texts(&trade.sym),
            sum_floats(&trade.price),
            sum_longs(&trade.size),
            sum(trade.ex.iter().map(|&byte| byte.into())),
        ]
    }

    #[test]
    fn base26_is_least_significant_first() {
        assert_eq!(base26(0, 3), "AAA");
        assert_eq!(base26(27, 3), "BBA");
        assert_eq!((symtab()[0].as_str(), symtab()[999].as_str()), ("VGSA", "UUFA"));
    }

    #[test]
    fn vectors_match_an_independent_implementation() {
        assert_eq!(longs(1)[0], 6131950340741154241);
        assert_eq!(sum_longs(&longs(1000)), 17929008143059053092);
        assert_eq!(sum_floats(&floats(1000)), 3787679620607208017);
        assert_eq!(sum_texts(&symbols(1000)), 15566856020187667184);
        assert_eq!(sum_texts(&symbols_unique(1000)), 15671937078240382436);
        assert_eq!(sum(int_atoms(1000).into_iter().map(|int| i64::from(int).cast_unsigned())), 16784077899840234005);
        assert_eq!(sum_texts(&strings(1000)), 12593841695301036284);
        assert_eq!(sum_longs(&longs_small(1000)), 2643695200937062713);
    }

    #[test]
    fn trades_match_an_independent_implementation() {
        let expected = [
            2117834005472072139,
            10478327317705612544,
            13089624922747819854,
            9928825092520157216,
            16893771612126656713,
        ];
        assert_eq!(sums(&trade(100_000)), expected);
        let expected =
            [13470827284209008640, 873215358424325587, 14545676818360303616, 14453606667038059288, 2584518714198116164];
        assert_eq!(sums(&trade_sorted(3000)), expected);
    }

    #[test]
    fn a_short_trade_is_a_prefix_of_a_long_one() {
        let (short, long) = (trade(TRADE10), trade(1000));
        assert_eq!(short.time, long.time[..10]);
        assert_eq!(short.ex, long.ex[..10]);
    }

    #[test]
    fn ten_trades_make_376_bytes() {
        let trade = trade(TRADE10);
        let terminated = |texts: &[String]| texts.iter().map(|text| text.len() + 1).sum::<usize>();
        let names = ["time", "sym", "price", "size", "ex"].map(str::to_owned);
        let vector = |bytes| 6 + bytes;
        let columns = 3 * vector(8 * trade.time.len()) + vector(terminated(&trade.sym)) + vector(trade.ex.len());
        assert_eq!(8 + 2 + 1 + vector(terminated(&names)) + vector(columns), 376);
    }

    #[test]
    fn trade_sorted_works_below_1000_rows() {
        assert_eq!(trade_sorted(0), Trade::default());
        assert_eq!(trade_sorted(10).sym[9], symtab()[900]);
    }
}
