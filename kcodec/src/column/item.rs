//! The Rust types of a column's items, and what columns are made of.

use std::borrow::Cow;

use super::{Column, ColumnBuf};
use crate::error::Error;
use crate::kind::Kind;
use crate::list::List;
use crate::null::Null;
use crate::slice::{Item, Slice};
use crate::symbol::{Symbol, Symbols};
use crate::temporal::{Date, Datetime, Guid, Minute, Month, Second, Time, Timespan, Timestamp};
use crate::value::Value;
use crate::view::fixed;

/// One item of a column: what the fields of a row are.
///
/// | Rust | column |
/// |---|---|
/// | `bool`, `u8`, `i16`, `i32`, `i64`, `f32`, `f64` | vector of that kind |
/// | [`Guid`], [`Date`] and the other temporal types | vector of that kind |
/// | `String`, `&str`, `Cow<str>`, [`Symbol`] | symbols |
/// | `Option` of these but `bool` and `u8` | the same, `None` as q's null |
/// | `Vec` of these, [`Value`] | general list |
///
/// ```
/// use kcodec::{ColumnBuf, Error, Kind, ToItem};
///
/// /// A price in cents, a float in q.
/// struct Cents(i32);
///
/// impl ToItem for Cents {
///     const KIND: Kind = Kind::Float;
///
///     fn append(&self, column: &mut ColumnBuf) -> Result<(), Error> {
///         (f64::from(self.0) / 100.0).append(column)
///     }
/// }
///
/// assert_eq!(Cents::column(&[Cents(150), Cents(225)])?.value().to_string(), "1.5 2.25");
/// # Ok::<(), kcodec::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the type of an item of a kdb+ column",
    note = "`Option<bool>` and `Option<u8>` are not either: booleans and bytes have no null"
)]
pub trait ToItem: Sized {
    /// The kind of the column.
    const KIND: Kind;

    /// Appends the item to a column of that kind.
    ///
    /// # Errors
    ///
    /// [`Nul`](crate::ErrorKind::Nul) for a symbol that holds a NUL byte,
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for a column of another kind;
    /// as [`Value::encode`] for nested items.
    fn append(&self, column: &mut ColumnBuf) -> Result<(), Error>;

    /// The column of many items.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append).
    fn column(items: &[Self]) -> Result<Column<'_>, Error> {
        Column::collect(Self::KIND, items, |column, item| item.append(column))
    }
}

macro_rules! fixed {
    ($($kind:ident $ty:ty,)*) => {$(
        impl ToItem for $ty {
            const KIND: Kind = Kind::$kind;

            #[inline]
            fn append(&self, column: &mut ColumnBuf) -> Result<(), Error> {
                column.push(Kind::$kind, *self)
            }

            fn column(items: &[Self]) -> Result<Column<'_>, Error> {
                Ok(Value::from(items).into())
            }
        }
    )*};
}
macro_rules! nullable {
    ($($kind:ident $ty:ty,)*) => {
        fixed! { $($kind $ty,)* }

        $(impl ToItem for Option<$ty> {
            const KIND: Kind = Kind::$kind;

            #[inline]
            fn append(&self, column: &mut ColumnBuf) -> Result<(), Error> {
                self.unwrap_or(<$ty as Null>::NULL).append(column)
            }
        })*
    };
}
fixed! { Boolean bool, Byte u8, }
nullable! {
    Guid Guid, Short i16, Int i32, Long i64, Real f32, Float f64, Timestamp Timestamp, Month Month, Date Date,
    Datetime Datetime, Timespan Timespan, Minute Minute, Second Second, Time Time,
}

macro_rules! texts {
    ($($ty:ty, $text:ident => $bytes:expr, $items:ident => $column:expr;)*) => {$(
        impl ToItem for $ty {
            const KIND: Kind = Kind::Symbol;

            #[inline]
            fn append(&self, column: &mut ColumnBuf) -> Result<(), Error> {
                let $text = self;
                column.push_symbol($bytes)
            }

            fn column($items: &[Self]) -> Result<Column<'_>, Error> {
                $column
            }
        }

        impl ToItem for Option<$ty> {
            const KIND: Kind = Kind::Symbol;

            #[inline]
            fn append(&self, column: &mut ColumnBuf) -> Result<(), Error> {
                column.push_symbol(self.as_ref().map_or(&[], |$text| $bytes))
            }
        }
    )*};
}
texts! {
    String, text => text.as_bytes(), items => Ok(Value::symbols(items).into());
    &str, text => text.as_bytes(), items => Ok(Value::symbols(items).into());
    Symbol<'_>, text => text.as_bytes(), items => Ok(Value::symbols(items).into());
    Cow<'_, str>, text => text.as_bytes(), items => Column::symbols(items.iter().map(AsRef::<str>::as_ref));
}

impl<T: ToItem> ToItem for Vec<T> {
    const KIND: Kind = Kind::List;

    fn append(&self, column: &mut ColumnBuf) -> Result<(), Error> {
        column.push_value(T::column(self)?.value())
    }
}

impl ToItem for Value<'_> {
    const KIND: Kind = Kind::List;

    fn append(&self, column: &mut ColumnBuf) -> Result<(), Error> {
        column.push_value(*self)
    }
}

/// What the fields of a struct of columns are: vectors and slices of items, and views of columns.
#[diagnostic::on_unimplemented(message = "`{Self}` is not the type of a kdb+ column")]
pub trait ToColumn {
    /// The column, lent if it need not be converted.
    ///
    /// # Errors
    ///
    /// As [`ToItem::append`].
    fn to_column(&self) -> Result<Column<'_>, Error>;
}

impl<T: ToItem> ToColumn for [T] {
    fn to_column(&self) -> Result<Column<'_>, Error> {
        T::column(self)
    }
}

impl<T: ToItem> ToColumn for Vec<T> {
    fn to_column(&self) -> Result<Column<'_>, Error> {
        T::column(self)
    }
}

impl<T: ToColumn + ?Sized> ToColumn for &T {
    fn to_column(&self) -> Result<Column<'_>, Error> {
        (**self).to_column()
    }
}

macro_rules! views {
    ($($ty:ty, $column:ident => $value:expr;)*) => {$(
        impl ToColumn for $ty {
            fn to_column(&self) -> Result<Column<'_>, Error> {
                let $column = *self;
                Ok(Column::from($value))
            }
        }
    )*};
}
views! {
    Symbols<'_>, column => Value::symbols(column);
    List<'_>, column => Value::List(column);
}

impl<T: Item + ToItem> ToColumn for Slice<'_, T> {
    fn to_column(&self) -> Result<Column<'_>, Error> {
        Ok(fixed(T::KIND.code(), self.as_bytes(), self.attribute()).into())
    }
}
