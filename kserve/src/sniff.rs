//! Detects the protocol of a new connection from its first bytes: kdb+ login, HTTP or TLS.

/// The protocol that the first bytes show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sniffed {
    /// Credentials, or too few bytes to decide.
    Login,
    Http,
    Tls,
}

const METHODS: [&[u8]; 9] =
    [b"GET ", b"POST ", b"HEAD ", b"PUT ", b"OPTIONS ", b"PATCH ", b"DELETE ", b"CONNECT ", b"TRACE "];

/// Start of a TLS handshake record, major version 3. No credentials start with these bytes.
const CLIENT_HELLO: &[u8] = &[0x16, 3];

pub(crate) fn sniff(bytes: &[u8]) -> Sniffed {
    if METHODS.iter().any(|method| bytes.starts_with(method)) {
        Sniffed::Http
    } else if bytes.starts_with(CLIENT_HELLO) {
        Sniffed::Tls
    } else {
        Sniffed::Login
    }
}

/// Whether the request's headers are complete.
pub(crate) fn has_all_headers(request: &[u8]) -> bool {
    request.windows(4).any(|window| window == b"\r\n\r\n") || request.windows(2).any(|window| window == b"\n\n")
}
