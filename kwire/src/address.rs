//! Server addresses in the forms that `hopen` takes.

use std::path::PathBuf;

use dns_lookup::{AddrInfoHints, SockType, getaddrinfo};
use kcodec::Capability;

use crate::login::Login;

/// A server's address and the credentials to log in with.
///
/// ```
/// use kcodec::Capability;
/// use kwire::{Address, AddressError, Transport};
///
/// let address = Address::parse(":tcps://trade.example.com:5001:ann:secret")?;
/// assert_eq!(address.transport, Transport::Tcps { host: "trade.example.com".into(), port: 5001 });
/// assert_eq!(address.transport.tls_host(), Some("trade.example.com"));
/// assert_eq!(address.login(Capability::MAX).user, "ann");
/// assert_eq!(Address::parse("unix://5001")?.transport, Transport::Unix { port: 5001 });
/// assert_eq!(Address::parse("ftp://host:5001"), Err(AddressError::Scheme("ftp".into())));
/// # Ok::<(), AddressError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// The transport, with host and port or path.
    pub transport: Transport,
    /// User and password; `None` if the address has neither.
    pub credentials: Option<(String, String)>,
}

/// A transport to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// TCP to a host and port.
    Tcp {
        /// Name or address; an empty host parses as `localhost`.
        host: String,
        /// Port number.
        port: u16,
    },
    /// TLS over TCP: `tcps://`.
    Tcps {
        /// Name or address; the server's certificate must name it.
        host: String,
        /// Port number.
        port: u16,
    },
    /// The Unix socket of the server that listens on `port` on this machine: `unix://`.
    Unix {
        /// Port number.
        port: u16,
    },
    /// TLS over that socket: `unixs://`. The server's certificate must name `localhost`.
    Unixs {
        /// Port number.
        port: u16,
    },
    /// A named pipe, read-only: `fifo://`. [`Fifo`](crate::Fifo) opens it.
    Fifo {
        /// Path of the pipe.
        path: PathBuf,
    },
}

impl Transport {
    /// The host that the server's certificate must name; `None` without TLS.
    #[must_use]
    pub fn tls_host(&self) -> Option<&str> {
        match self {
            Self::Tcps { host, .. } => Some(host),
            Self::Unixs { .. } => Some("localhost"),
            Self::Tcp { .. } | Self::Unix { .. } | Self::Fifo { .. } => None,
        }
    }

    /// Checks that this build can open a connection over the transport.
    pub(crate) fn check(&self) -> Result<(), AddressError> {
        match self {
            Self::Fifo { .. } => Err(AddressError::Fifo),
            _ if self.tls_host().is_some() && !cfg!(feature = "tls") => Err(AddressError::NoTls),
            _ => Ok(()),
        }
    }
}

/// An address that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// The port is missing, or neither a number nor a known service name.
    #[error("no such port: {0:?}")]
    Port(String),
    /// The text in the port's position does not look like a port. It is not shown because it may be a password.
    #[error("no port where it should be, as in host:port:user:password")]
    User,
    /// `tcps` or `unixs` in a build without the feature `tls`.
    #[error("TLS is not part of this build: it needs the feature tls")]
    NoTls,
    /// `fifo` where a server is required.
    #[error("fifo:// leads to no server, and can only be read")]
    Fifo,
    /// A scheme that q does not have.
    #[error("no such scheme: {0}://")]
    Scheme(String),
}

impl Address {
    /// Parses an argument of q's `hopen`, symbol or string: `5010`, `:host:port`, `host:port:user:password`, `::5010`,
    /// `:tcps://host:port`, `:unix://5010`, `:unixs://5010`, `:fifo://path`. All but the last may end in
    /// `:user:password`. A port may be a service name. Colons after the one that ends the user belong to the password.
    /// An IPv6 host must be in brackets.
    ///
    /// # Errors
    ///
    /// [`AddressError`] with the part that is wrong; never with text that follows the port.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.strip_prefix('`').unwrap_or(text);
        let text = text.strip_prefix(':').unwrap_or(text);
        // A password may contain `://`. Text with a colon before `://` is not a scheme, so that `AddressError::Scheme`
        // never shows a password.
        if let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| !scheme.contains(':')) {
            return match scheme {
                "tcp" => Self::tcp(rest, |host, port| Transport::Tcp { host, port }),
                "tcps" => Self::tcp(rest, |host, port| Transport::Tcps { host, port }),
                "unix" => Self::unix(rest, |port| Transport::Unix { port }),
                "unixs" => Self::unix(rest, |port| Transport::Unixs { port }),
                "fifo" => Ok(Self { transport: Transport::Fifo { path: rest.into() }, credentials: None }),
                _ => Err(AddressError::Scheme(scheme.to_owned())),
            };
        }
        Self::tcp(text, |host, port| Transport::Tcp { host, port })
    }

    /// The login that a client sends first. Without credentials in the address, the user is the environment variable
    /// `USER` (a q process sends its own user name) and the password is empty.
    #[must_use]
    pub fn login(&self, capability: Capability) -> Login {
        let (user, password) = match &self.credentials {
            Some((user, password)) => (user.clone(), password.clone()),
            None => (std::env::var("USER").unwrap_or_default(), String::new()),
        };
        Login { user: user.into(), password: password.into(), capability }
    }

    fn tcp(text: &str, transport: impl FnOnce(String, u16) -> Transport) -> Result<Self, AddressError> {
        let (host, rest) = match text.strip_prefix('[').and_then(|text| text.split_once("]:")) {
            Some(split) => split,
            None => text.split_once(':').unwrap_or(("", text)),
        };
        let (port, credentials) = port_and_credentials(rest)?;
        let host = if host.is_empty() { "localhost" } else { host }.to_owned();
        Ok(Self { transport: transport(host, port), credentials })
    }

    fn unix(text: &str, transport: impl FnOnce(u16) -> Transport) -> Result<Self, AddressError> {
        let (port, credentials) = port_and_credentials(text)?;
        Ok(Self { transport: transport(port), credentials })
    }
}

impl std::str::FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse(text)
    }
}

/// Omits the password.
impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let user = self.credentials.as_ref().map(|(user, _)| user);
        f.debug_struct("Address").field("transport", &self.transport).field("user", &user).finish_non_exhaustive()
    }
}

type Credentials = Option<(String, String)>;

fn port_and_credentials(text: &str) -> Result<(u16, Credentials), AddressError> {
    let (port, credentials) = match text.split_once(':') {
        None => (text, None),
        Some((port, credentials)) => {
            let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
            (port, Some((user.to_owned(), password.to_owned())))
        }
    };
    // In `user:password` and `user:password@host` the port's position holds a password.
    let is_plain = !text.contains('@') && port.bytes().next().is_none_or(|byte| byte.is_ascii_digit());
    let number = crate::port(port)
        .ok_or_else(|| if is_plain { AddressError::Port(port.to_owned()) } else { AddressError::User })?;
    Ok((number, credentials))
}

/// Parses a port number, or looks up a TCP service name in the OS's database, `/etc/services`.
///
/// ```
/// assert_eq!((kwire::port("5001"), kwire::port("no such service")), (Some(5001), None));
/// ```
#[must_use]
pub fn port(text: &str) -> Option<u16> {
    text.parse().ok().or_else(|| service(text))
}

/// The port of a TCP service.
fn service(name: &str) -> Option<u16> {
    // The OS takes other texts for numbers, of which it truncates large ones.
    if !name.contains(|letter: char| letter.is_ascii_alphabetic()) {
        return None;
    }
    let hints = AddrInfoHints { socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
    let found = getaddrinfo(None, Some(name), Some(hints)).ok()?.next()?.ok()?;
    Some(found.sockaddr.port())
}
