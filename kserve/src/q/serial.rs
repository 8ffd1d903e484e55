//! Internal functions, `-8! -9! -18! -22! -3! 0N!` and others; `show`.

use kcodec::{Body, Capability, Compression, Console, Kind, Threshold, console};
use md5::{Digest, Md5};
use sha1::Sha1;

use super::fault::{Fault, R};
use super::noun::{Items, Noun, Vector, vector};
use super::search::long;
use super::verb::{Verb, unary};
use super::vm::Vm;

pub(crate) static VERBS: &[Verb] = &[unary("show", None, |vm, x| {
    let text = vm.console_text(&x)?;
    vm.host.print(1, &text);
    Ok(Noun::Null)
})];

/// Bytes of a message header.
const HEADER: usize = 8;

impl Vm<'_> {
    /// `n!x` for a negative `n`.
    pub(crate) fn bang_minus(&mut self, number: i64, x: Noun) -> R {
        // q defines some keywords by internal functions.
        let mut word = |name, x| super::verb::require(name)?.apply(self, vec![x]);
        match number {
            -1 => word("hsym", x),
            -2 => word("attr", x),
            -5 => word("parse", x),
            -6 => word("eval", x),
            -7 => word("hcount", x),
            -24 => word("reval", x),
            i64::MIN => self.debug_print(x),
            -3 => self.line_text(&x).map(Noun::text),
            -8 => self.serialize(&x, false),
            -9 => self.deserialize(&x),
            -11 => self.replay(&x),
            -15 => Ok(vector(Kind::Byte, Md5::digest(x.as_text().ok_or(Fault::TYPE)?).to_vec())),
            -18 => self.serialize(&x, true),
            -22 => {
                let length = self.with_view(&x, |value| Ok(value.encoded_len(Capability::MAX)?))?;
                Ok(Noun::long(long(length.saturating_add(HEADER))))
            }
            -27 => self.fixed(&x),
            -29 => self.read_json(&x),
            -31 => self.json_text(&x),
            -33 => Ok(vector(Kind::Byte, Sha1::digest(x.as_text().ok_or(Fault::TYPE)?).to_vec())),
            _ => Err(Fault::nyi_of(format!("{number}!").as_bytes())),
        }
    }

    /// `0N!x`: prints a value and returns it.
    pub(crate) fn debug_print(&mut self, x: Noun) -> R {
        let mut text = self.line_text(&x)?;
        text.push(b'\n');
        self.host.print(1, &text);
        Ok(x)
    }

    /// The one-line form of a value.
    pub(crate) fn line_text(&mut self, x: &Noun) -> R<Vec<u8>> {
        let text = self.with_form(x, false, |value| Ok(value.to_string().into_bytes()))?;
        self.room(text.len())?;
        Ok(text)
    }

    /// The console form of a value.
    pub(crate) fn console_text(&mut self, x: &Noun) -> R<Vec<u8>> {
        let (rows, columns) = self.q.settings.console;
        self.with_form(x, true, |value| Ok(console(value, Console::new(rows, columns)).into_bytes()))
    }

    /// Encodes a value as the bytes of a message.
    fn serialize(&mut self, x: &Noun, compressed: bool) -> R {
        let body = self.body(x)?;
        let bytes = body.as_bytes();
        let mut out = self.vec(bytes.len().saturating_add(HEADER))?;
        out.extend_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0]);
        let kind = if compressed { kcodec::compress(bytes, Threshold::Body, &mut out) } else { None };
        match kind {
            Some(Compression::Short) => set(&mut out, 2, 1),
            Some(_) => set(&mut out, 2, 2),
            None => out.extend_from_slice(bytes),
        }
        // The length: its low four bytes at offset 4, its fifth byte at offset 3.
        let length = (out.len() as u64).to_le_bytes();
        for (at, byte) in length.iter().take(4).enumerate() {
            set(&mut out, 4 + at, *byte);
        }
        set(&mut out, 3, length.get(4).copied().unwrap_or(0));
        Ok(vector(Kind::Byte, out))
    }

    /// Decodes the bytes of a message.
    fn deserialize(&mut self, x: &Noun) -> R {
        let Noun::Vector(Vector { kind: Kind::Byte, items: Items::U8(bytes), .. }) = x else {
            return Err(Fault::TYPE);
        };
        let bad = || Fault::new("badmsg");
        let (header, body) = bytes.split_at_checked(HEADER).ok_or_else(bad)?;
        let &[order, _, compression, high, a, b, c, d] = header else { return Err(bad()) };
        let big_endian = order == 0;
        let low = if big_endian { u32::from_be_bytes([a, b, c, d]) } else { u32::from_le_bytes([a, b, c, d]) };
        if order > 1 || u64::from(low) | u64::from(high) << 32 != bytes.len() as u64 {
            return Err(bad());
        }
        let kind = match compression {
            0 => None,
            1 => Some(Compression::Short),
            2 => Some(Compression::Long),
            _ => return Err(bad()),
        };
        self.room(body.len())?;
        let mut body = match kind {
            None => body.to_vec(),
            Some(kind) => {
                // Decompression grows a byte to at most 121 bytes.
                let limit = body.len().saturating_mul(121);
                self.room(limit)?;
                kcodec::decompress(body, kind, big_endian, limit).map_err(|_| bad())?
            }
        };
        if big_endian {
            kcodec::to_little_endian(&mut body, kcodec::Limits::default());
        }
        let body = Body::decode(body).map_err(|_| bad())?;
        self.noun(body.value())
    }

    /// `-27!(d;x)`: formats floats with `d` decimals.
    fn fixed(&mut self, x: &Noun) -> R {
        let Noun::List(list) = x else { return Err(Fault::TYPE) };
        let [decimals, value] = list.items() else { return Err(Fault::TYPE) };
        let Some(Kind::Int) = decimals.kind() else { return Err(Fault::TYPE) };
        let decimals = decimals.as_long().ok_or(Fault::TYPE)?;
        self.decimals(decimals, value)
    }

    /// Formats a float, or each float of a list, with this many decimals.
    pub(crate) fn decimals(&mut self, decimals: i64, x: &Noun) -> R {
        let places = usize::try_from(decimals).map_err(|_| Fault::DOMAIN)?.min(64);
        match x {
            Noun::Vector(_) | Noun::List(_) => self.recurse(|vm| vm.each(x, |vm, item| vm.decimals(decimals, &item))),
            Noun::Atom(atom) => {
                let value = match atom.item {
                    super::noun::Item::F64(value) => value,
                    super::noun::Item::F32(value) => f64::from(value),
                    _ => return Err(Fault::TYPE),
                };
                Ok(Noun::text(if value.is_finite() {
                    format!("{value:.places$}")
                } else {
                    match (value.is_nan(), value > 0.0) {
                        (true, _) => "0n".to_owned(),
                        (_, true) => "0w".to_owned(),
                        _ => "-0w".to_owned(),
                    }
                }))
            }
            _ => Err(Fault::TYPE),
        }
    }
}

fn set(bytes: &mut [u8], at: usize, byte: u8) {
    if let Some(place) = bytes.get_mut(at) {
        *place = byte;
    }
}
