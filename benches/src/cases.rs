//! The duels.

use crate::Case;

/// Every case; each asserts its answers while it is made.
pub const CASES: &[fn() -> Case] = &[];
