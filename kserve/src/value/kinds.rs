//! One table of the kinds that vectors have, so that whatever treats them alike is written once.

/// Calls a macro with its arguments and the name of every kind of fixed width.
macro_rules! fixed_kinds {
    ($then:ident, $args:tt) => {
        $then! { $args Boolean Guid Byte Short Int Long Real Float Char Timestamp Month Date Datetime Timespan Minute
        Second Time }
    };
}

macro_rules! match_vector {
    ({ ($vector:expr) $items:ident ($fixed:expr) $symbols:ident ($text:expr) } $($kind:ident)*) => {
        match $vector {
            $(kcodec::Vector::$kind($items) => $fixed,)*
            kcodec::Vector::Symbol($symbols) => $text,
        }
    };
}

macro_rules! map_vector {
    ({ ($vector:expr) $items:ident ($fixed:expr) $symbols:ident ($text:expr) } $($kind:ident)*) => {
        match $vector {
            $(kcodec::Vector::$kind($items) => {
                let made = $fixed;
                $crate::value::items::encode(kcodec::Vector::$kind(kcodec::Slice::new(&made)))
            })*
            kcodec::Vector::Symbol($symbols) => $text,
        }
    };
}

/// Runs an expression over the [`Slice`] or the symbols of a vector.
macro_rules! with_items {
    ($vector:expr, $items:ident => $fixed:expr, $symbols:ident => $text:expr) => {{
        use $crate::value::kinds::{fixed_kinds, match_vector};
        fixed_kinds!(match_vector, { ($vector) $items ($fixed) $symbols ($text) })
    }};
}

/// Makes a body of the vector's kind from the `Vec` that an expression makes of its [`Slice`].
macro_rules! map_items {
    ($vector:expr, $items:ident => $fixed:expr, $symbols:ident => $text:expr) => {{
        use $crate::value::kinds::{fixed_kinds, map_vector};
        fixed_kinds!(map_vector, { ($vector) $items ($fixed) $symbols ($text) })
    }};
}

pub(crate) use {fixed_kinds, map_items, map_vector, match_vector, with_items};
