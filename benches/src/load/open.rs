//! Opens connections and logs in.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::link::Link;
use super::plan::{Mode, Plan};

/// Time limit for connecting, logging in and answering before the run.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens one connection and logs in.
///
/// # Errors
///
/// The OS error; [`io::ErrorKind::ConnectionRefused`] if the server closes.
pub fn open(plan: &Plan) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect_timeout(&plan.address, PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(plan.credentials.as_bytes())?;
    stream.write_all(&[kcodec::Capability::MAX.byte(), 0])?;
    let mut capability = [0];
    match stream.read_exact(&mut capability) {
        Ok(()) => Ok(stream),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(io::Error::new(io::ErrorKind::ConnectionRefused, "the server closed instead of accepting the login"))
        }
        Err(error) => Err(error),
    }
}

/// Raises the limit on open descriptors to `needed` plus a reserve, or to the hard limit.
pub fn allow_descriptors(needed: usize) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let wanted = (needed as u64).saturating_add(64).min(limit.maximum.unwrap_or(u64::MAX));
    if limit.current.is_some_and(|current| current < wanted) {
        // A failure shows when a connection cannot be opened.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum });
    }
}

/// Opens all connections of a plan and sends the messages that precede the run. A broadcast's publisher is first.
pub(super) fn links(plan: &Plan) -> io::Result<Vec<Link>> {
    let publishers = usize::from(plan.mode == Mode::Broadcast);
    let count = plan.connections + publishers;
    allow_descriptors(count);
    let mut streams = (0..count).map(|_| open(plan)).collect::<io::Result<Vec<_>>>()?;
    if let (Some(before), Some(first)) = (&plan.before, streams.first_mut()) {
        ask(first, before)?;
    }
    if plan.mode == Mode::Broadcast {
        streams.iter_mut().skip(publishers).try_for_each(|stream| ask(stream, &plan.subscribe))?;
    }
    streams.into_iter().map(link).collect()
}

fn link(stream: TcpStream) -> io::Result<Link> {
    stream.set_nonblocking(true)?;
    Ok(Link::new(mio::net::TcpStream::from_std(stream)))
}

/// Sends one request. Its response must not be an error.
fn ask(stream: &mut TcpStream, request: &[u8]) -> io::Result<()> {
    stream.write_all(request)?;
    let mut head = [0; kwire::Header::LEN];
    stream.read_exact(&mut head)?;
    let header = kwire::Header::parse(head).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let mut body = Vec::new();
    stream.take(header.length - head.len() as u64).read_to_end(&mut body)?;
    match kcodec::Value::decode(&body) {
        Ok(kcodec::Value::Error(text)) => Err(io::Error::other(format!("the server answered '{text}"))),
        _ => Ok(()),
    }
}
