//! The password file: one `user:password` per line; plain, MD5 or SHA-1.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use md5::{Digest, Md5};
use sha1::Sha1;
use subtle::ConstantTimeEq;

/// Users and passwords, as kdb+'s `-u` and `-U` read them from a file.
///
/// ```
/// use kserve::{Users, UsersError};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("users.txt");
/// std::fs::write(&path, "ann:secret\nbob:5ebe2294ecd0e0f08eab7690d2a6ee69\n")?; // plain or hashed
/// let users = Users::read(&path)?; // for `Server::with_users`
/// assert!(users.accept(b"ann", b"secret") && users.accept(b"bob", b"secret") && !users.accept(b"eve", b""));
/// std::fs::write(&path, "ann\n")?;
/// assert!(matches!(Users::read(&path), Err(UsersError::Line { line: 1, .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Users {
    passwords: HashMap<Vec<u8>, Vec<u8>>,
}

/// A password file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// The file cannot be read.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The OS error.
        error: io::Error,
    },
    /// The file starts with a byte order mark, which would become part of the first user name.
    #[error("{}:1: begins with a byte order mark: save it without", path.display())]
    ByteOrderMark {
        /// The file.
        path: PathBuf,
    },
    /// A line has no colon or no user.
    #[error("{}:{line}: not user:password", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
}

impl Users {
    /// Reads a password file. Empty lines are skipped; if a user has two lines, the last one counts.
    ///
    /// # Errors
    ///
    /// [`UsersError`] with the file and the line.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, UsersError> {
        let path = path.as_ref();
        let text = fs::read(path).map_err(|error| UsersError::Io { path: path.to_owned(), error })?;
        if text.starts_with(BYTE_ORDER_MARK) {
            return Err(UsersError::ByteOrderMark { path: path.to_owned() });
        }
        Self::parse(&text).map_err(|line| UsersError::Line { path: path.to_owned(), line })
    }

    /// Parses the text of a password file. On error returns the number of the invalid line, from 1.
    fn parse(text: &[u8]) -> Result<Self, usize> {
        let mut passwords = HashMap::new();
        for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                continue;
            }
            let mut parts = line.splitn(2, |&byte| byte == b':');
            match (parts.next(), parts.next()) {
                (Some(user), Some(password)) if !user.is_empty() => {
                    passwords.insert(user.to_vec(), password.to_vec());
                }
                _ => return Err(index + 1),
            }
        }
        Ok(Self { passwords })
    }

    /// Whether `password` is valid for `user`. An entry of 32 hex digits is compared with the password's MD5, one
    /// of 40 with its SHA-1, any other with the password itself. Never accepts a hash as password. Compares in
    /// constant time.
    #[must_use]
    pub fn accept(&self, user: &[u8], password: &[u8]) -> bool {
        let Some(stored) = self.passwords.get(user) else { return false };
        let right = match unhex(stored) {
            Some(hash) if hash.len() == 16 => hash.as_slice().ct_eq(&Md5::digest(password)),
            Some(hash) if hash.len() == 20 => hash.as_slice().ct_eq(&Sha1::digest(password)),
            _ => stored.as_slice().ct_eq(password),
        };
        right.into()
    }
}

/// UTF-8 byte order mark, which editors on Windows write.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Does not print passwords.
impl std::fmt::Debug for Users {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Users").field("count", &self.passwords.len()).finish_non_exhaustive()
    }
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_chunks::<2>() else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    pairs.iter().map(|&[high, low]| u8::try_from(digit(high)? << 4 | digit(low)?).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detects_plain_md5_and_sha1_passwords() {
        let text = b"ann:secret\nbob:5f4dcc3b5aa765d61d8327deb882cf99\r\n\n\
            cid:91dfd9ddb4198affc5c194cd8ce6d338fde470e2\ndee:a:b\neve:\n";
        let users = Users::parse(text).unwrap();
        assert!(users.accept(b"ann", b"secret"));
        assert!(users.accept(b"bob", b"password"));
        assert!(!users.accept(b"bob", b"5f4dcc3b5aa765d61d8327deb882cf99"), "a hash is not accepted as password");
        assert!(users.accept(b"cid", b"mypassword"));
        assert!(users.accept(b"dee", b"a:b"));
        assert!(users.accept(b"eve", b""));
        for (user, password) in [("ann", "Secret"), ("ann", ""), ("bob", "mypassword"), ("nobody", ""), ("", "")] {
            assert!(!users.accept(user.as_bytes(), password.as_bytes()), "{user}:{password}");
        }
    }

    #[test]
    fn parse_error_holds_the_line_number() {
        assert_eq!(Users::parse(b"a:b\nc\n").err(), Some(2));
        assert_eq!(Users::parse(b":b\n").err(), Some(1));
    }
}
