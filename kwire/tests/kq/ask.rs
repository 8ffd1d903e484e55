//! Requests to a server.

use super::kq;

#[test]
fn asking_nobody_is_an_error_that_names_the_address() {
    // Port 1 of the loopback: nothing listens there.
    let output = kq(&["127.0.0.1:1:ann:secret", "2+2"], b"");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains("127.0.0.1:1:ann") && !error.contains("secret"), "{error}");
    assert_eq!(kq(&["tcps://localhost:1", "2+2"], b"").status.code(), Some(1));
    assert_eq!(kq(&[], b"").status.code(), Some(2));
}
