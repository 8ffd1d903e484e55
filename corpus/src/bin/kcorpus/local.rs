//! Addresses: of this machine, unless an option says otherwise.

use std::error::Error;
use std::net::{SocketAddr, ToSocketAddrs};

use clap::Args;
use kwire::{Address, Transport};

/// Whether other machines may be spoken to.
#[derive(Debug, Args)]
pub(crate) struct Reach {
    /// Allow an address that is not this machine's loopback.
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
        // A name may have addresses of both families; servers listen on the older one more often.
        let chosen = found.iter().find(|found| found.is_ipv4()).or_else(|| found.first()).copied();
        let chosen = chosen.ok_or_else(|| format!("{host}: no address"))?;
        if !chosen.ip().is_loopback() && !self.beyond_loopback {
            return Err(format!("{chosen} is not on this machine: --beyond-loopback allows it").into());
        }
        Ok((chosen, address))
    }
}
