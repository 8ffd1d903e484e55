//! `(types;widths)1: bytes`: records of fixed width as columns.

use super::fault::{Fault, R};
use super::noun::{Item, Lane, List, Noun, null_item, vector};
use super::vm::Vm;
use kcodec::Kind;

/// Bytes of records of equal length.
struct Records<'a> {
    bytes: &'a [u8],
    /// Bytes of one record.
    stride: usize,
    big_endian: bool,
}

impl Records<'_> {
    /// Reads the item at an offset of each record.
    fn column<const N: usize, T: Lane>(&self, vm: &mut Vm<'_>, kind: Kind, at: usize, make: fn([u8; N]) -> T) -> R {
        let mut items = vm.vec(self.bytes.len() / self.stride)?;
        for record in self.bytes.chunks_exact(self.stride) {
            let mut item = record.get(at..).and_then(<[u8]>::first_chunk).copied().ok_or(Fault::LENGTH)?;
            if self.big_endian {
                item.reverse();
            }
            items.push(make(item));
        }
        Ok(vector(kind, items))
    }

    /// Reads the text of `width` bytes at an offset of each record.
    fn texts(&self, vm: &mut Vm<'_>, at: usize, width: usize) -> R {
        let mut items = vm.vec(self.bytes.len() / self.stride)?;
        vm.room(self.bytes.len())?;
        for record in self.bytes.chunks_exact(self.stride) {
            vm.charge(64)?;
            items.push(Noun::text(record.get(at..).and_then(|rest| rest.get(..width)).ok_or(Fault::LENGTH)?));
        }
        List::raw(items)
    }
}

/// `(types;widths)` is little-endian, `(widths;types)` big-endian. The source is bytes, a text, a file or a part of
/// a file.
pub(crate) fn read(vm: &mut Vm<'_>, form: &Noun, y: &Noun) -> R {
    let Noun::List(list) = form else { return Err(Fault::TYPE) };
    let [first, second] = list.items() else { return Err(Fault::LENGTH) };
    let big_endian = first.as_text().is_none();
    let (types, widths) = if big_endian { (second, first) } else { (first, second) };
    let types = types.as_text().ok_or(Fault::TYPE)?;
    let width = |at| widths.at(at).as_long().and_then(|width| usize::try_from(width).ok()).ok_or(Fault::TYPE);
    if types.len() != widths.len() {
        return Err(Fault::LENGTH);
    }
    vm.charge(types.len())?;
    let mut stride = 0_usize;
    for at in 0..types.len() {
        stride = stride.checked_add(width(at)?).ok_or(Fault::LENGTH)?;
    }
    let read;
    let bytes = match (y.items::<u8>(), y.kind()) {
        (Some(bytes), Some(Kind::Byte | Kind::Char)) => bytes,
        (None, _) if y.as_sym().is_some() || matches!(y, Noun::List(_)) => {
            read = vm.file(y)?;
            &read
        }
        _ => return Err(Fault::TYPE),
    };
    if stride == 0 || bytes.len() % stride != 0 {
        return Err(Fault::nyi("1: of a part of a record"));
    }
    let records = Records { bytes, stride, big_endian };
    let (mut columns, mut at) = (vm.vec(types.len())?, 0_usize);
    for (number, &letter) in types.iter().enumerate() {
        let width = width(number)?;
        match letter {
            b' ' => {}
            b'*' => columns.push(records.texts(vm, at, width)?),
            _ => columns.push(column(vm, &records, letter, at, width)?),
        }
        at = at.saturating_add(width);
    }
    List::raw(columns)
}

/// Reads a column of a kind with fixed width.
fn column(vm: &mut Vm<'_>, records: &Records<'_>, letter: u8, at: usize, width: usize) -> R {
    let kind = Kind::from_letter(char::from(letter)).ok_or(Fault::TYPE)?;
    if kind.width() != Some(width) || (kind == Kind::Guid && records.big_endian) {
        return Err(Fault::nyi("1: of items of another width"));
    }
    let column = match null_item(kind) {
        Item::U8(_) => records.column(vm, kind, at, u8::from_le_bytes)?,
        Item::I16(_) => records.column(vm, kind, at, i16::from_le_bytes)?,
        Item::I32(_) => records.column(vm, kind, at, i32::from_le_bytes)?,
        Item::I64(_) => records.column(vm, kind, at, i64::from_le_bytes)?,
        Item::F32(_) => records.column(vm, kind, at, f32::from_le_bytes)?,
        Item::F64(_) => records.column(vm, kind, at, f64::from_le_bytes)?,
        Item::Guid(_) => records.column(vm, kind, at, |guid: [u8; 16]| guid)?,
        Item::Sym(_) => return Err(Fault::nyi("1: of symbols")),
    };
    let is_boolean = |byte: &u8| *byte <= 1;
    if kind == Kind::Boolean && !column.items::<u8>().unwrap_or_default().iter().all(is_boolean) {
        return Err(Fault::nyi("1: of booleans other than 0 and 1"));
    }
    Ok(column)
}
