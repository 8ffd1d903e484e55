//! Address resolution, restricted to loopback by default, and sending of mutations.

use std::error::Error;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::thread;
use std::time::Duration;

use clap::Args;
use kcorpus::mutate::Mutation;
use kwire::{Address, Transport};

/// Restriction to this machine.
#[derive(Debug, Args)]
pub(crate) struct Reach {
    /// Allow addresses other than loopback.
    #[arg(long)]
    beyond_loopback: bool,
}

impl Reach {
    /// The socket address of `PORT`, `HOST:PORT` or any of hopen's forms over TCP, and the address itself.
    pub(crate) fn resolve(&self, text: &str) -> Result<(SocketAddr, Address), Box<dyn Error>> {
        let address = Address::parse(text)?;
        let Transport::Tcp { host, port } = &address.transport else {
            return Err("only TCP: an address is PORT or HOST:PORT".into());
        };
        let host = if host.is_empty() { "localhost" } else { host };
        let found: Vec<_> = (host, *port).to_socket_addrs()?.collect();
        // Prefer IPv4 if a name has both families, because more servers listen on it.
        let chosen = found.iter().find(|found| found.is_ipv4()).or_else(|| found.first()).copied();
        let chosen = chosen.ok_or_else(|| format!("{host}: no address"))?;
        if !chosen.ip().is_loopback() && !self.beyond_loopback {
            return Err(format!("{chosen} is not on this machine: --beyond-loopback allows it").into());
        }
        Ok((chosen, address))
    }
}

/// Pause between two writes of a message, so that the peer reads them separately.
const PAUSE: Duration = Duration::from_millis(1);

/// Sends a mutation in its separate writes.
pub(crate) fn send(stream: &mut TcpStream, mutation: &Mutation) -> io::Result<()> {
    for (index, piece) in mutation.pieces().enumerate() {
        if index > 0 {
            thread::sleep(PAUSE);
        }
        stream.write_all(piece)?;
    }
    Ok(())
}
