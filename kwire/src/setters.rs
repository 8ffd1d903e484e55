//! Setters of structs that are `#[non_exhaustive]`.

/// Adds a method for each field that sets it and returns the struct. Public for kserve alone.
#[doc(hidden)]
#[macro_export]
macro_rules! setters {
    ($ty:ident { $($(#[$attribute:meta])* $setter:ident $field:ident: $value:ty,)* }) => {
        impl $ty {
            $(
                $(#[$attribute])*
                #[doc = concat!("Sets [`", stringify!($field), "`](Self::", stringify!($field), ").")]
                #[must_use]
                pub fn $setter(mut self, $field: $value) -> Self {
                    self.$field = $field;
                    self
                }
            )*
        }
    };
}
