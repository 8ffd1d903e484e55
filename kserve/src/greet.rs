//! What a fresh connection opens with: a login, an HTTP request, a TLS handshake.

/// What the first bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Greeting {
    /// Credentials, or too few bytes to tell.
    Login,
    Http,
    Tls,
}

const METHODS: [&[u8]; 9] =
    [b"GET ", b"POST ", b"HEAD ", b"PUT ", b"OPTIONS ", b"PATCH ", b"DELETE ", b"CONNECT ", b"TRACE "];

/// A TLS record of a handshake, major version 3. No credentials begin so.
const CLIENT_HELLO: &[u8] = &[0x16, 3];

pub(crate) fn greeting(bytes: &[u8]) -> Greeting {
    if METHODS.iter().any(|method| bytes.starts_with(method)) {
        Greeting::Http
    } else if bytes.starts_with(CLIENT_HELLO) {
        Greeting::Tls
    } else {
        Greeting::Login
    }
}

/// Whether the headers of an HTTP request are all here.
pub(crate) fn is_whole(request: &[u8]) -> bool {
    request.windows(4).any(|window| window == b"\r\n\r\n") || request.windows(2).any(|window| window == b"\n\n")
}
