//! The first bytes of a conversation: `user:password`, the capability, a NUL.

use bytes::Bytes;
use kcodec::Capability;

/// What a client opens with.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The user; bytes, by convention ASCII.
    pub user: Bytes,
    /// The password; empty where the client sent none.
    pub password: Bytes,
    /// What the client can read.
    pub capability: Capability,
}

impl Login {
    /// Reads a login, its NUL excluded.
    ///
    /// Clients of kdb+ before 2.6 send no capability byte. The last byte is taken for one if it is
    /// a control character, which no typed credential ends with; otherwise the capability is 0.
    /// KX's C library sends no colon when it has no password. Colons after the first belong to the
    /// password.
    #[must_use]
    pub fn parse(mut credentials: Bytes) -> Self {
        let capability = match credentials.last() {
            Some(&byte) if byte < b' ' => {
                credentials.truncate(credentials.len() - 1);
                Capability::new(byte)
            }
            _ => Capability::BASE,
        };
        let colon = memchr::memchr(b':', &credentials);
        let user = credentials.split_to(colon.unwrap_or(credentials.len()));
        let password = if credentials.is_empty() { credentials } else { credentials.slice(1..) };
        Self { user, password, capability }
    }

    /// The bytes a client opens with, NUL included.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.user[..], b":", &self.password, &[self.capability.byte(), 0]].concat()
    }
}

/// Without the password.
impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("user", &self.user).field("capability", &self.capability).finish_non_exhaustive()
    }
}
