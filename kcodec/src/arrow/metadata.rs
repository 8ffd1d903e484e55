//! What Arrow has no place for, as metadata of fields and schemas.

use arrow_schema::{DataType, Field, Metadata};

use super::Error;
use crate::kind::{Attribute, Kind};
use crate::table::Table;
use crate::wire::{DICT, SORTED_DICT};

/// Of a field: the name of its kind. Of a schema: q's type number.
const TYPE: &str = "kdb:type";
/// How many of the columns are keys.
const KEYS: &str = "kdb:keys";
/// The column's attribute.
const ATTRIBUTE: &str = "kdb:attribute";
/// The attribute of all vectors in a list.
const ITEMS: &str = "kdb:items";
/// The [`Half`] that is the table, or the values of a keyed one.
pub(super) const TABLE: &str = "kdb:table";
/// The [`Half`] that is the keys.
pub(super) const KEY: &str = "kdb:key";
/// Where Arrow has the name of an extension type.
const EXTENSION: &str = "ARROW:extension:name";

/// What a table's bytes say besides its names and columns.
#[derive(Clone, Copy, Default, PartialEq)]
pub(super) struct Half {
    /// The attribute of the table.
    pub(super) table: Attribute,
    /// The attribute of the names.
    pub(super) names: Attribute,
    /// The attribute of the list of columns.
    pub(super) columns: Attribute,
    /// Whether the dict inside is of type 127.
    pub(super) sorted: bool,
}

impl Half {
    fn new(table: Table<'_>) -> Self {
        Self {
            table: table.attribute(),
            names: table.names().attribute(),
            columns: table.list().attribute(),
            sorted: table.is_sorted(),
        }
    }
}

/// The metadata of a schema.
pub(super) fn of_table(code: i8, keys: Option<Table<'_>>, table: Table<'_>) -> Metadata {
    let mut metadata = Metadata::from([(TYPE, code.to_string())]);
    if let Some(keys) = keys {
        metadata.insert(KEYS, keys.width().to_string());
    }
    let halves = keys.map(|keys| (KEY, Half::new(keys))).into_iter().chain([(TABLE, Half::new(table))]);
    for (key, half) in halves.filter(|(_, half)| *half != Half::default()) {
        let [table, names, columns] = [half.table, half.names, half.columns].map(Attribute::code);
        metadata.insert(key, format!("{table}{names}{columns}{}", u8::from(half.sorted)));
    }
    metadata
}

/// The type byte of a keyed table and how many of its `columns` are keys; without keys, a table.
pub(super) fn to_shape(metadata: &Metadata, columns: usize) -> Result<(u8, Option<usize>), Error> {
    let Some(keys) = metadata.get(KEYS) else { return Ok((DICT, None)) };
    let count = keys.parse().ok().filter(|&count| count <= columns);
    let count = count.ok_or_else(|| Error::Metadata { key: KEYS, value: keys.clone() })?;
    let sorted = metadata.get(TYPE).is_some_and(|code| *code == SORTED_DICT.to_string());
    Ok((if sorted { SORTED_DICT } else { DICT }, Some(count)))
}

pub(super) fn to_half(metadata: &Metadata, key: &'static str) -> Result<Half, Error> {
    let Some(text) = metadata.get(key) else { return Ok(Half::default()) };
    let half = || {
        let &[table, names, columns, sorted] = text.as_bytes() else { return None };
        let attribute = |digit: u8| Attribute::from_code(digit.wrapping_sub(b'0'));
        let (table, names, columns) = (attribute(table)?, attribute(names)?, attribute(columns)?);
        matches!(sorted, b'0' | b'1').then_some(Half { table, names, columns, sorted: sorted == b'1' })
    };
    half().ok_or_else(|| Error::Metadata { key, value: text.clone() })
}

/// A field of the kind, with its attributes.
pub(super) fn field(name: &str, kind: Kind, data_type: DataType, attribute: Attribute, items: Attribute) -> Field {
    let nullable = !matches!(kind, Kind::Boolean | Kind::Byte | Kind::Char | Kind::List) || data_type.is_null();
    let mut metadata = Metadata::from([(TYPE, kind.name())]);
    for (key, attribute) in [(ATTRIBUTE, attribute), (ITEMS, items)] {
        if let Some(letter) = letter(attribute) {
            metadata.insert(key, letter.to_string());
        }
    }
    if kind == Kind::Guid {
        metadata.insert(EXTENSION, "arrow.uuid");
    }
    Field::new(name, data_type, nullable).with_metadata(metadata)
}

/// The kind that the field tells of.
pub(super) fn kind(field: &Field) -> Option<Kind> {
    field.metadata().get(TYPE).and_then(|name| Kind::from_name(name))
}

/// The attributes of the column and of the vectors in it.
pub(super) fn attributes(field: &Field) -> (Attribute, Attribute) {
    let attribute = |key| {
        let text = field.metadata().get(key).map(String::as_str).unwrap_or_default();
        let all = (1..=4).filter_map(Attribute::from_code);
        all.into_iter().find(|one| text.chars().eq(letter(*one))).unwrap_or_default()
    };
    (attribute(ATTRIBUTE), attribute(ITEMS))
}

/// The letter of q's prefix.
fn letter(attribute: Attribute) -> Option<char> {
    attribute.prefix().chars().nth(1)
}
