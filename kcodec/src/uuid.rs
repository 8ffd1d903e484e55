//! Guids from and to those of crate `uuid`: the same 16 bytes.

use uuid::Uuid;

use crate::temporal::Guid;

impl From<Uuid> for Guid {
    fn from(uuid: Uuid) -> Self {
        Self(uuid.into_bytes())
    }
}

impl From<Guid> for Uuid {
    fn from(guid: Guid) -> Self {
        Self::from_bytes(guid.0)
    }
}
