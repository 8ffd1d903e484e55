//! The one-line form, as q's `-3!` gives it.

use std::fmt;

use crate::value::Value;

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("")
    }
}
