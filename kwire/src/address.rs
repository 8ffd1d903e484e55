//! Addresses as `hopen` takes them.

use std::fs;
use std::path::PathBuf;

use kcodec::Capability;

use crate::login::Login;

/// Where a server listens, and who asks.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// How to get there.
    pub transport: Transport,
    /// User and password; `None` where the address names neither.
    pub credentials: Option<(String, String)>,
}

/// How to get to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// TCP to a host and port.
    Tcp {
        /// Name or address; an empty one in the text is `localhost`.
        host: String,
        /// Port number.
        port: u16,
    },
    /// TLS over TCP: `tcps://`.
    Tcps {
        /// Name or address, which the server's certificate must bear.
        host: String,
        /// Port number.
        port: u16,
    },
    /// The Unix socket of a server on this machine that listens on the port: `unix://`.
    Unix {
        /// Port number.
        port: u16,
    },
    /// TLS over that socket: `unixs://`. The server's certificate must bear the name `localhost`.
    Unixs {
        /// Port number.
        port: u16,
    },
    /// A named pipe, which can only be read: `fifo://`. [`Fifo`](crate::Fifo) opens it.
    Fifo {
        /// Where it is.
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

    /// Whether this build can hold a conversation that way.
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
    /// No port, or no number and no service of that name.
    #[error("no such port: {0:?}")]
    Port(String),
    /// No port in its place, and what stands there does not look like one: the text is not shown,
    /// because it may be a password.
    #[error("no port where it should be, as in host:port:user:password")]
    User,
    /// `tcps` or `unixs` in a build without the feature `tls`.
    #[error("TLS is not part of this build: it needs the feature tls")]
    NoTls,
    /// `fifo` where a server is asked for.
    #[error("fifo:// leads to no server, and can only be read")]
    Fifo,
    /// A scheme that q does not know either.
    #[error("no such scheme: {0}://")]
    Scheme(String),
}

impl Address {
    /// Parses what q's `hopen` takes, as a symbol or a string: `5010`, `:host:port`,
    /// `host:port:user:password`, `::5010`, `:tcps://host:port`, `:unix://5010`, `:unixs://5010`,
    /// `:fifo://path`, those but the last with `:user:password` as well. A port may be a service's name; colons
    /// after the user's belong to the password; an IPv6 host stands in brackets.
    ///
    /// # Errors
    ///
    /// [`AddressError`] with the part that is wrong, which is never what stands after the port.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.strip_prefix('`').unwrap_or(text);
        let text = text.strip_prefix(':').unwrap_or(text);
        // A password may hold what looks like the end of a scheme; what an error shows must not be one.
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

    /// The login that a client opens with. Without credentials in the address the user is the one that
    /// `USER` names, as a q process sends its own, and the password is empty.
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

/// Without the password.
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
    // In `user:password` and `user:password@host` a password stands in the port's place.
    let is_plain = !text.contains('@') && port.bytes().next().is_none_or(|byte| byte.is_ascii_digit());
    let number = crate::port(port)
        .ok_or_else(|| if is_plain { AddressError::Port(port.to_owned()) } else { AddressError::User })?;
    Ok((number, credentials))
}

/// The port of that number, or of the TCP service of that name in `/etc/services`.
#[must_use]
pub fn port(text: &str) -> Option<u16> {
    text.parse().ok().or_else(|| service(text))
}

/// The TCP port of a service that `/etc/services` names.
fn service(name: &str) -> Option<u16> {
    fs::read_to_string("/etc/services").ok()?.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let found = words.next()?;
        let port = words.next()?.strip_suffix("/tcp")?;
        (found == name || words.any(|alias| alias == name)).then(|| port.parse().ok())?
    })
}
