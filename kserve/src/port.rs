//! Parses the argument of `-p` in kdb+'s forms.

use std::io;
use std::str::FromStr;

use crate::listen::{self, Bind, Listener};

/// Where to listen: a host and a range of ports, of which the first free one is used.
///
/// ```
/// use kserve::{Port, Server};
///
/// let port: Port = "rp,127.0.0.1:5001/5010".parse()?; // shared, the first of ten that is free
/// assert!("5010/5001".parse::<Port>().is_err());
/// let server = Server::bind_port(&"127.0.0.1:0".parse()?)?;
/// assert!(server.local_addr().is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Port {
    host: Option<String>,
    low: u16,
    high: u16,
    bind: Bind,
}

impl FromStr for Port {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut bind = Bind::default();
        let text = text.strip_prefix("rp,").inspect(|_| bind.reuse_port = true).unwrap_or(text);
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (Some(host.trim_matches(['[', ']'])).filter(|host| !host.is_empty()), port),
            None => (None, text),
        };
        if port.starts_with('-') {
            return Err("negative ports (multithreaded input) are not supported yet".to_owned());
        }
        let (low, high) = match port.split_once('/') {
            Some((low, high)) => (number(low)?, number(high)?),
            None => (number(port)?, number(port)?),
        };
        if low > high {
            return Err(format!("{low}/{high} is not a range: the first port must be the lower one"));
        }
        Ok(Self { host: host.map(str::to_owned), low, high, bind })
    }
}

fn number(text: &str) -> Result<u16, String> {
    match text {
        "0W" => Ok(0),
        _ => kwire::port(text).ok_or_else(|| format!("invalid port: {text:?}")),
    }
}

impl Port {
    /// Binds the first port that is free.
    pub(crate) fn bind(&self) -> io::Result<Listener> {
        let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for port in self.low..=self.high {
            match self.bind_one(port) {
                Ok(listener) => return Ok(listener),
                Err(error) => failure = io::Error::new(error.kind(), format!("{port}: {error}")),
            }
        }
        Err(failure)
    }

    fn bind_one(&self, port: u16) -> io::Result<Listener> {
        match &self.host {
            Some(host) => listen::first((host.as_str(), port), self.bind),
            None => listen::first(("::", port), self.bind).or_else(|_| listen::first(("0.0.0.0", port), self.bind)),
        }
    }
}
