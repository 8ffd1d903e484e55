//! Encodes large answers without copying their columns.

use std::sync::Arc;

use bumpalo::Bump;
use bytes::Bytes;
use kcodec::Capability;

use super::fault::R;
use super::noun::{Items, Lane, Noun};
use super::symbols::Symbols;
use super::wire;

/// Values smaller than this many bytes are copied, which is cheaper than sending parts.
pub(crate) const LARGE: usize = 256 << 10;
/// Columns smaller than this many bytes are copied too.
const RUN: usize = 64 << 10;

/// The items of a vector as bytes. Shares ownership with the vector.
struct SharedItems<T>(Arc<Vec<T>>);

impl<T: Lane + bytemuck::NoUninit> AsRef<[u8]> for SharedItems<T> {
    fn as_ref(&self) -> &[u8] {
        bytemuck::cast_slice(&self.0)
    }
}

/// Encodes a value in parts: large columns of fixed width are shared, everything else is copied.
pub(crate) fn parts(noun: &Noun, symbols: &Symbols, capability: Capability) -> R<Vec<Bytes>> {
    let mut owners = Vec::new();
    share(noun, &mut owners);
    let bump = Bump::new();
    let gather = wire::view(noun, symbols, &bump)?.gather(capability)?;
    let mut owners = owners.into_iter().peekable();
    let mut parts: Vec<Bytes> = Vec::new();
    let mut copied: Vec<u8> = Vec::new();
    for part in gather.iter() {
        // Owners are in the order of encoding, so only the next one can match this part.
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

/// Collects the columns that are large enough to be shared, in the order of encoding.
fn share(noun: &Noun, owners: &mut Vec<Bytes>) {
    match noun {
        Noun::Vector(vector) => {
            let bytes = match &vector.items {
                Items::U8(items) => Bytes::from_owner(SharedItems(items.clone())),
                Items::I16(items) => Bytes::from_owner(SharedItems(items.clone())),
                Items::I32(items) => Bytes::from_owner(SharedItems(items.clone())),
                Items::I64(items) => Bytes::from_owner(SharedItems(items.clone())),
                Items::F32(items) => Bytes::from_owner(SharedItems(items.clone())),
                Items::F64(items) => Bytes::from_owner(SharedItems(items.clone())),
                Items::Guid(items) => Bytes::from_owner(SharedItems(items.clone())),
                Items::Sym(_) => return,
            };
            if bytes.len() >= RUN {
                owners.push(bytes);
            }
        }
        Noun::List(list) => list.items().iter().for_each(|item| share(item, owners)),
        Noun::Dict(dict) => {
            share(&dict.keys, owners);
            share(&dict.values, owners);
        }
        Noun::Table(table) => table.columns().iter().for_each(|column| share(column, owners)),
        _ => {}
    }
}
