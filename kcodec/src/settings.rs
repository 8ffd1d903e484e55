//! Structs of settings.

/// Defines a struct, its default and its setters from one list of `field: type = default, setter;`. Public for kwire
/// and kserve alone.
#[doc(hidden)]
#[macro_export]
macro_rules! settings {
    ($(#[$attribute:meta])* pub struct $name:ident {
        $($(#[doc = $doc:literal])* $(#[cfg($cfg:meta)])? pub $field:ident: $ty:ty = $default:expr, $setter:ident;)*
    }) => {
        $(#[$attribute])*
        pub struct $name {
            $(
                $(#[doc = $doc])*
                ///
                #[doc = concat!(" Default: `", stringify!($default), "`.")]
                $(#[cfg($cfg)])?
                pub $field: $ty,
            )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($(#[cfg($cfg)])? $field: $default,)* }
            }
        }

        impl $name {
            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](Self::", stringify!($field), ").")]
                $(#[cfg($cfg)])?
                #[must_use]
                pub fn $setter(mut self, $field: $ty) -> Self {
                    self.$field = $field;
                    self
                }
            )*
        }
    };
}
