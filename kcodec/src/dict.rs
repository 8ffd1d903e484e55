//! Dicts and, as dicts of two tables, keyed tables.

use crate::error::{Error, ErrorKind};
use crate::table::Table;
use crate::value::{Object, Value};

/// Keys and values of equal count.
///
/// ```
/// use kcodec::{Dict, Value};
///
/// let (keys, values) = (Value::symbols(&["a", "b"]), Value::from(&[1_i64, 2]));
/// let dict = Dict::new(&keys, &values)?;
/// assert_eq!((dict.len(), dict.is_empty(), dict.keys(), dict.values()), (2, false, keys, values));
/// assert_eq!(Value::from(dict).to_string(), "`a`b!1 2");
/// let step = dict.with_sorted(true);
/// assert_eq!((step.is_sorted(), Value::from(step).type_code()), (true, 127));
///
/// let keyed = kcodec::parse("([h:1 2 3] m:4 5 6)")?;
/// let (keys, table) = keyed.value().as_dict()?.as_keyed_table().expect("a keyed table");
/// assert_eq!((keys.len(), table.get("m")?.as_long()?.sum()), (3, 15));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Dict<'a> {
    halves: Halves<'a>,
    sorted: bool,
}

#[derive(Debug, Clone, Copy)]
enum Halves<'a> {
    /// Checked: two objects, of which the first takes so many bytes.
    Wire {
        bytes: &'a [u8],
        keys: usize,
        canonical: bool,
    },
    Values(&'a Value<'a>, &'a Value<'a>),
}

impl<'a> Dict<'a> {
    /// Borrows keys and values.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::DictItem`] unless both are lists of some kind, [`ErrorKind::DictCount`] unless
    /// their counts are equal.
    pub fn new(keys: &'a Value<'a>, values: &'a Value<'a>) -> Result<Self, Error> {
        if !(keys.is_list() && values.is_list()) {
            return Err(Error::new(0, ErrorKind::DictItem));
        }
        let counts = (keys.count() as u64, values.count() as u64);
        if counts.0 != counts.1 {
            return Err(Error::new(0, ErrorKind::DictCount { keys: counts.0, values: counts.1 }));
        }
        Ok(Self { halves: Halves::Values(keys, values), sorted: false })
    }

    pub(crate) const fn from_wire(bytes: &'a [u8], keys: usize, canonical: bool, sorted: bool) -> Self {
        Self { halves: Halves::Wire { bytes, keys, canonical }, sorted }
    }

    /// The same dict as a sorted (step) dict, type 127; nothing is verified.
    #[must_use]
    pub const fn with_sorted(self, sorted: bool) -> Self {
        Self { sorted, ..self }
    }

    /// Whether this is a sorted (step) dict, `` `s#d ``.
    #[must_use]
    pub const fn is_sorted(self) -> bool {
        self.sorted
    }

    /// The keys: a vector, a list, a table or a dict.
    #[must_use]
    pub fn keys(self) -> Value<'a> {
        self.halves().0.value()
    }

    /// The values, as many as the keys.
    #[must_use]
    pub fn values(self) -> Value<'a> {
        self.halves().1.value()
    }

    /// The two halves of a keyed table, when this is one.
    #[must_use]
    pub fn as_keyed_table(self) -> Option<(Table<'a>, Table<'a>)> {
        match (self.keys(), self.values()) {
            (Value::Table(keys), Value::Table(values)) => Some((keys, values)),
            _ => None,
        }
    }

    /// Number of keys.
    #[must_use]
    pub fn len(self) -> usize {
        self.keys().count()
    }

    /// Whether there are no keys.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    pub(crate) fn halves(self) -> (Object<'a>, Object<'a>) {
        match self.halves {
            Halves::Wire { bytes, keys, canonical } => {
                let Some((keys, values)) = bytes.split_at_checked(keys) else { unreachable!("checked: the keys") };
                (Object::Wire { bytes: keys, canonical }, Object::Wire { bytes: values, canonical })
            }
            Halves::Values(keys, values) => (Object::Value(keys), Object::Value(values)),
        }
    }
}

/// q's `~`: equal keys and values in equal order.
impl PartialEq for Dict<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.sorted == other.sorted && self.halves() == other.halves()
    }
}
