//! Random numbers: `n?x`, `rand`. kdb+'s generator is not documented, so the numbers differ from kdb+'s. Equal
//! seeds give equal numbers.

use super::fault::{Fault, R};
use super::noun::{Atom, Item, Lane, Noun, null_item, vector};
use super::verb::{Verb, unary};
use super::vm::Vm;
use kcodec::Kind;

pub(crate) static VERBS: &[Verb] = &[unary("rand", None, |vm, x| {
    let one = vm.roll(&Noun::long(1), &x)?;
    Ok(one.at(0))
})];

/// Number of letters in random symbols: one per value of a nibble.
const LETTERS: u64 = 16;
/// Length of the longest random symbol.
const LONGEST: usize = 8;

impl Vm<'_> {
    fn generator(&self) -> fastrand::Rng {
        fastrand::Rng::with_seed(self.q.settings.seed)
    }

    /// `n?x`: `n` random items; `-n?x`: `n` distinct ones; `0N?x`: a permutation.
    pub(crate) fn roll(&mut self, n: &Noun, x: &Noun) -> R {
        let count = n.as_long().ok_or(Fault::TYPE)?;
        if !matches!(n.kind(), Some(Kind::Boolean | Kind::Byte | Kind::Short | Kind::Int | Kind::Long)) {
            return Err(Fault::TYPE);
        }
        let mut random = self.generator();
        let done = match x {
            Noun::Vector(_) | Noun::List(_) | Noun::Table(_) => {
                let places = self.roll_places(&mut random, count, x.len())?;
                self.gather(x, &places)
            }
            Noun::Dict(dict) => {
                let places = self.roll_places(&mut random, count, x.len())?;
                self.gather(&dict.values, &places)
            }
            Noun::Atom(atom) if count < 0 => self.deal(&mut random, count, *atom),
            Noun::Atom(atom) => {
                let wanted = usize::try_from(count).map_err(|_| Fault::TYPE)?;
                self.roll_atom(&mut random, wanted, *atom)
            }
            _ => Err(Fault::TYPE),
        };
        self.q.settings.seed = random.get_seed();
        done
    }

    /// Random positions in a list, with or without repetition.
    fn roll_places(&mut self, random: &mut fastrand::Rng, count: i64, has: usize) -> R<Vec<usize>> {
        let wanted = usize::try_from(count.unsigned_abs()).map_err(|_| Fault::LENGTH)?;
        if count == i64::MIN {
            return self.shuffled(random, has, has);
        }
        if count < 0 {
            return if wanted > has { Err(Fault::LENGTH) } else { self.shuffled(random, has, wanted) };
        }
        self.charge(wanted.saturating_mul(4))?;
        let mut places = self.vec(wanted)?;
        if has == 0 {
            places.resize(wanted, usize::MAX);
        } else {
            places.extend((0..wanted).map(|_| random.usize(..has)));
        }
        Ok(places)
    }

    /// `wanted` distinct numbers below `has`, in random order.
    fn shuffled(&mut self, random: &mut fastrand::Rng, has: usize, wanted: usize) -> R<Vec<usize>> {
        if wanted < has / 64 {
            // Few of many: rejection sampling.
            let mut seen = rustc_hash::FxHashSet::default();
            let mut places = self.vec(wanted)?;
            while places.len() < wanted {
                self.charge(16)?;
                let place = random.usize(..has);
                if seen.insert(place) {
                    places.push(place);
                }
            }
            return Ok(places);
        }
        self.charge(has.saturating_mul(4))?;
        let mut places: Vec<usize> = self.vec(has)?;
        places.extend(0..has);
        for at in 0..wanted.min(has) {
            places.swap(at, random.usize(at..has));
        }
        places.truncate(wanted);
        Ok(places)
    }

    /// `-n?x` of an atom.
    fn deal(&mut self, random: &mut fastrand::Rng, count: i64, atom: Atom) -> R {
        let wanted = usize::try_from(count.unsigned_abs()).map_err(|_| Fault::LENGTH)?;
        match atom.item {
            _ if atom.kind == Kind::Char => Err(Fault::nyi("deal of chars")),
            Item::Guid(_) if count != i64::MIN => self.roll_atom(random, wanted, atom),
            Item::Sym(_) => self.deal_symbols(random, wanted, atom),
            _ => {
                let below = Noun::Atom(atom).as_long().filter(|&below| below >= 0).ok_or(Fault::TYPE)?;
                let has = usize::try_from(below).map_err(|_| Fault::LENGTH)?;
                let places = self.roll_places(random, count, has)?;
                match atom.item {
                    Item::I64(_) => self.numbers(atom.kind, &places, |place| i64::try_from(place).unwrap_or(i64::MAX)),
                    Item::I32(_) => self.numbers(atom.kind, &places, |place| i32::try_from(place).unwrap_or(i32::MAX)),
                    Item::I16(_) => self.numbers(atom.kind, &places, |place| i16::try_from(place).unwrap_or(i16::MAX)),
                    Item::U8(_) => self.numbers(atom.kind, &places, |place| u8::try_from(place).unwrap_or(u8::MAX)),
                    _ => Err(Fault::TYPE),
                }
            }
        }
    }

    fn numbers<T: Lane>(&mut self, kind: Kind, places: &[usize], make: impl Fn(usize) -> T) -> R {
        let mut out = self.vec(places.len())?;
        out.extend(places.iter().map(|&place| make(place)));
        Ok(vector(kind, out))
    }

    fn deal_symbols(&mut self, random: &mut fastrand::Rng, wanted: usize, atom: Atom) -> R {
        let length = self.symbol_length(atom)?;
        let has = 16_usize.saturating_pow(u32::try_from(length).unwrap_or(u32::MAX));
        if wanted > has {
            return Err(Fault::LENGTH);
        }
        let places = self.shuffled(random, has, wanted)?;
        let mut out = self.vec(wanted)?;
        for place in places {
            self.charge(64)?;
            out.push(self.random_symbol(place as u64, length));
        }
        Ok(Noun::syms(out))
    }

    fn symbol_length(&self, atom: Atom) -> R<usize> {
        let Item::Sym(sym) = atom.item else { return Err(Fault::TYPE) };
        let text = std::str::from_utf8(self.text(sym)).ok().and_then(|text| text.parse().ok());
        text.filter(|length| (1..=LONGEST).contains(length)).ok_or(Fault::TYPE)
    }

    fn random_symbol(&mut self, mut bits: u64, length: usize) -> super::symbols::Sym {
        let mut text = [b'a'; LONGEST];
        for byte in text.iter_mut().take(length) {
            *byte += u8::try_from(bits % LETTERS).unwrap_or(0);
            bits /= LETTERS;
        }
        self.intern(text.get(..length).unwrap_or_default())
    }

    fn roll_atom(&mut self, random: &mut fastrand::Rng, wanted: usize, atom: Atom) -> R {
        let kind = atom.kind;
        macro_rules! fill {
            ($make:expr) => {{
                let mut out = self.vec(wanted)?;
                for _ in 0..wanted {
                    self.charge(4)?;
                    out.push($make);
                }
                Ok(vector(kind, out))
            }};
        }
        // A zero means the full range of its kind.
        match (kind, atom.item) {
            (Kind::Boolean, Item::U8(_)) => fill!(u8::from(random.bool())),
            (Kind::Char, Item::U8(b' ')) => fill!(random.u8(b'a'..=b'z')),
            (Kind::Char, Item::U8(below)) => fill!(random.u8(..below.max(1))),
            (Kind::Byte, Item::U8(0)) => fill!(random.u8(..)),
            (Kind::Byte, Item::U8(below)) => fill!(random.u8(..below)),
            (_, Item::I16(0)) => fill!(random.i16(..)),
            (_, Item::I16(below)) if below > 0 => fill!(random.i16(0..below)),
            (_, Item::I32(0)) => fill!(random.i32(..)),
            (_, Item::I32(below)) if below > 0 => fill!(random.i32(0..below)),
            (_, Item::I64(0)) => fill!(random.i64(..)),
            (_, Item::I64(below)) if below > 0 => fill!(random.i64(0..below)),
            (_, Item::F32(below)) if below >= 0.0 => fill!(random.f32() * if below == 0.0 { 1.0 } else { below }),
            (_, Item::F64(below)) if below >= 0.0 => fill!(random.f64() * if below == 0.0 { 1.0 } else { below }),
            (_, Item::Guid(guid)) if Item::Guid(guid) == null_item(Kind::Guid) => fill!({
                let mut guid = random.u128(..).to_be_bytes();
                // The version and variant bits of RFC 4122, version 4.
                if let Some(byte) = guid.get_mut(6) {
                    *byte = (*byte & 0x0f) | 0x40;
                }
                if let Some(byte) = guid.get_mut(8) {
                    *byte = (*byte & 0x3f) | 0x80;
                }
                guid
            }),
            (_, Item::Sym(_)) => {
                let length = self.symbol_length(atom)?;
                let mut out = self.vec(wanted)?;
                for _ in 0..wanted {
                    self.charge(64)?;
                    let bits = random.u64(..);
                    out.push(self.random_symbol(bits, length));
                }
                Ok(Noun::syms(out))
            }
            _ => Err(Fault::TYPE),
        }
    }
}
