//! Logins, valid and malformed.

use super::random::Random;

/// Makes a login.
type Make = fn(&mut Random) -> Vec<u8>;

/// All logins.
pub(super) const LOGINS: &[(&str, Make)] = &[
    ("login", |_| b"user:pass\x03\0".to_vec()),
    ("login-capability", |random| [b"user:pass", &[random.u8(), 0][..]].concat()),
    ("login-no-capability", |_| b"user:pass\0".to_vec()),
    ("login-no-colon", |_| b"user\x03\0".to_vec()),
    ("login-no-user", |_| b"\x03\0".to_vec()),
    ("login-nul-alone", |_| b"\0".to_vec()),
    ("login-nuls", |random| vec![0; random.between(2, 64)]),
    ("login-colons", |random| [&b":".repeat(random.between(2, 300))[..], b"\x03\0"].concat()),
    ("login-not-utf8", |_| b"\xff\xfe:\xc0\x80\x03\0".to_vec()),
    ("login-control", |_| b"us\ner:\x1b[2J\r\x03\0".to_vec()),
    ("login-long", |random| [&vec![b'u'; *random.of(&[255, 256, 4_000, 5_000, 70_000])][..], b":p\x03\0"].concat()),
    ("login-endless", |random| vec![b'u'; *random.of(&[1, 100, 5_000, 1 << 20])]),
    ("login-empty", |_| Vec::new()),
    ("login-twice", |_| b"user:pass\x03\0user:pass\x03\0".to_vec()),
    ("login-and-message", |_| [&b"user:pass\x03\0"[..], &[1, 0, 0, 0, 10, 0, 0, 0, 101, 0]].concat()),
    ("login-and-garbage", |random| {
        let garbage: Vec<u8> = (0..64).map(|_| random.u8()).collect();
        [&b"user:pass\x03\0"[..], &garbage].concat()
    }),
    ("login-http", |_| b"GET /?2+2 HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec()),
    ("login-websocket", |_| {
        b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n".to_vec()
    }),
    ("login-tls", |_| b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03".to_vec()),
];
