//! The login that opens a conversation: `user:password`, capability byte, NUL.

use bytes::Bytes;
use kcodec::Capability;

/// A client's login.
///
/// ```
/// use kcodec::Capability;
/// use kwire::Login;
///
/// let login = Login::parse("ann:secret\x03".into());
/// assert_eq!((&login.user[..], &login.password[..]), (&b"ann"[..], &b"secret"[..]));
/// assert_eq!(login.capability, Capability::GUID);
/// assert_eq!(login.to_bytes(), b"ann:secret\x03\0");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The user name; arbitrary bytes, by convention ASCII.
    pub user: Bytes,
    /// The password; empty if the client sent none.
    pub password: Bytes,
    /// The capability that the client offers.
    pub capability: Capability,
}

impl Login {
    /// Parses a login without its NUL.
    ///
    /// Clients of kdb+ before 2.6 send no capability byte. The last byte counts as one if it is a control character,
    /// because typed credentials never end with one; otherwise the capability is 0. KX's C library omits the colon if
    /// there is no password. Colons after the first belong to the password.
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

    /// The bytes that a client sends, NUL included.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.user[..], b":", &self.password, &[self.capability.byte(), 0]].concat()
    }
}

/// Omits the password.
impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("user", &self.user).field("capability", &self.capability).finish_non_exhaustive()
    }
}
