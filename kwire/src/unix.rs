//! kdb+'s Unix sockets: `kx.PORT` in a folder, as an abstract name or a file.

use std::io;
#[cfg(target_os = "linux")]
use std::os::linux::net::SocketAddrExt;
#[cfg(target_os = "linux")]
use std::os::unix::net::SocketAddr;
use std::os::unix::net::UnixStream;

/// The folder of kdb+'s sockets, unless `QUDSPATH` sets another.
pub const FOLDER: &str = "/tmp";

/// The value of `QUDSPATH`, which may be empty; `None` if it is not set.
#[must_use]
pub fn folder() -> Option<String> {
    std::env::var("QUDSPATH").ok()
}

/// The path of a port's socket, which is also its abstract name.
#[must_use]
pub fn path(folder: &str, port: u16) -> String {
    format!("{folder}/kx.{port}")
}

/// The abstract addresses of a path: without padding, and padded with NULs to the length of `sun_path`. kdb+ clients
/// try both, in this order.
///
/// ```
/// use std::os::linux::net::SocketAddrExt;
///
/// use kwire::unix;
///
/// let folder = unix::folder().filter(|folder| !folder.is_empty()).unwrap_or(unix::FOLDER.into());
/// assert!(unix::path(&folder, 5001).ends_with("/kx.5001"));
/// let [short, padded] = unix::abstract_addresses("/tmp/kx.5001")?;
/// assert_eq!(short.as_abstract_name(), Some(&b"/tmp/kx.5001"[..]));
/// assert_eq!(padded.as_abstract_name().map(<[u8]>::len), Some(107));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// The OS error for a path longer than `sun_path`.
#[cfg(target_os = "linux")]
pub fn abstract_addresses(path: &str) -> io::Result<[SocketAddr; 2]> {
    /// Length of an abstract name that fills `sun_path`: 108 bytes less the leading NUL that marks it as abstract.
    const FULL_LENGTH: usize = 107;
    let mut padded = path.as_bytes().to_vec();
    padded.resize(FULL_LENGTH.max(path.len()), 0);
    Ok([SocketAddr::from_abstract_name(path)?, SocketAddr::from_abstract_name(padded)?])
}

/// Connects to the server that listens on `port` on this machine.
///
/// Tries the names in the order of KX's C library: both abstract names, then the file. The folder is [`FOLDER`] if
/// `QUDSPATH` is unset or empty.
pub(crate) fn connect(port: u16) -> io::Result<UnixStream> {
    let folder = folder().filter(|folder| !folder.is_empty());
    let path = path(folder.as_deref().unwrap_or(FOLDER), port);
    connect_abstract(&path).or_else(|_| UnixStream::connect(&path))
}

#[cfg(target_os = "linux")]
fn connect_abstract(path: &str) -> io::Result<UnixStream> {
    let [short, padded] = abstract_addresses(path)?;
    UnixStream::connect_addr(&short).or_else(|_| UnixStream::connect_addr(&padded))
}

#[cfg(not(target_os = "linux"))]
fn connect_abstract(_path: &str) -> io::Result<UnixStream> {
    Err(io::ErrorKind::Unsupported.into())
}
