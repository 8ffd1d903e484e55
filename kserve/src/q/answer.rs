//! Answers that lend their columns: a large value goes out in parts that nobody copied.

use std::sync::Arc;

use bumpalo::Bump;
use bytes::Bytes;
use kcodec::Capability;

use super::fault::R;
use super::noun::{Items, Lane, Noun};
use super::symbols::Symbols;
use super::wire;

/// Values under so many bytes are copied: parts cost more.
pub(crate) const LARGE: usize = 256 << 10;
/// Columns under so many bytes are copied too.
const RUN: usize = 64 << 10;

/// Items as bytes, kept while somebody writes them.
struct Lent<T>(Arc<Vec<T>>);

impl<T: Lane + bytemuck::NoUninit> AsRef<[u8]> for Lent<T> {
    fn as_ref(&self) -> &[u8] {
        bytemuck::cast_slice(&self.0)
    }
}

/// The body of a value in parts: columns of fixed width as they stand, everything else encoded.
pub(crate) fn parts(noun: &Noun, symbols: &Symbols, capability: Capability) -> R<Vec<Bytes>> {
    let mut owners = Vec::new();
    lend(noun, &mut owners);
    let bump = Bump::new();
    let gather = wire::view(noun, symbols, &bump)?.gather(capability)?;
    let mut owners = owners.into_iter().peekable();
    let mut parts: Vec<Bytes> = Vec::new();
    let mut copied: Vec<u8> = Vec::new();
    for part in gather.iter() {
        // Runs come in the order of the columns, so that the next owner is the only one that can be meant.
        match owners.next_if(|owner| owner.as_ptr() == part.as_ptr() && owner.len() == part.len()) {
            Some(owner) => {
                if !copied.is_empty() {
                    parts.push(std::mem::take(&mut copied).into());
                }
                parts.push(owner);
            }
            None => copied.extend_from_slice(part),
        }
    }
    if !copied.is_empty() {
        parts.push(copied.into());
    }
    Ok(parts)
}

/// The columns that are large enough to be lent, in the order in which they are encoded.
fn lend(noun: &Noun, owners: &mut Vec<Bytes>) {
    match noun {
        Noun::Vector(vector) => {
            let bytes = match &vector.items {
                Items::U8(items) => Bytes::from_owner(Lent(items.clone())),
                Items::I16(items) => Bytes::from_owner(Lent(items.clone())),
                Items::I32(items) => Bytes::from_owner(Lent(items.clone())),
                Items::I64(items) => Bytes::from_owner(Lent(items.clone())),
                Items::F32(items) => Bytes::from_owner(Lent(items.clone())),
                Items::F64(items) => Bytes::from_owner(Lent(items.clone())),
                Items::Guid(items) => Bytes::from_owner(Lent(items.clone())),
                Items::Sym(_) => return,
            };
            if bytes.len() >= RUN {
                owners.push(bytes);
            }
        }
        Noun::List(list) => list.items().iter().for_each(|item| lend(item, owners)),
        Noun::Dict(dict) => {
            lend(&dict.keys, owners);
            lend(&dict.values, owners);
        }
        Noun::Table(table) => table.columns().iter().for_each(|column| lend(column, owners)),
        _ => {}
    }
}
