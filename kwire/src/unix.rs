//! Unix sockets as kdb+ names them: `kx.PORT` in a folder, by preference an abstract one.

use std::io;
use std::os::unix::net::UnixStream;

/// Connects to the server that listens on `port` of this machine.
///
/// Tries the names in the order of KX's C library: the abstract name as long as its text, the one
/// padded with NULs to the whole of `sun_path`, the file. `QUDSPATH` changes the folder; empty, it
/// means `/tmp` as well.
pub(crate) fn connect(port: u16) -> io::Result<UnixStream> {
    let folder = std::env::var("QUDSPATH").ok().filter(|folder| !folder.is_empty());
    let path = format!("{}/kx.{port}", folder.as_deref().unwrap_or("/tmp"));
    connect_abstract(path.as_bytes()).or_else(|_| UnixStream::connect(&path))
}

#[cfg(target_os = "linux")]
fn connect_abstract(path: &[u8]) -> io::Result<UnixStream> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;

    /// Bytes of an abstract name that fills `sun_path`, whose first byte is the NUL that marks it.
    const WHOLE: usize = 107;
    let mut padded = path.to_vec();
    padded.resize(WHOLE.max(path.len()), 0);
    UnixStream::connect_addr(&SocketAddr::from_abstract_name(path)?)
        .or_else(|_| UnixStream::connect_addr(&SocketAddr::from_abstract_name(padded)?))
}

#[cfg(not(target_os = "linux"))]
fn connect_abstract(_path: &[u8]) -> io::Result<UnixStream> {
    Err(io::ErrorKind::Unsupported.into())
}
