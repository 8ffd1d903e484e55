//! Logins with a password file, and reloads of the file.

use std::fs;
use std::path::PathBuf;

use rustix::process::Signal;

use crate::process::{Kserve, TIMEOUT, until};
use crate::raw::Raw;

/// A password file; removed on drop.
struct Users(PathBuf);

impl Users {
    fn new(name: &str, text: &[u8]) -> Self {
        let path =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("attack-users-{name}-{}", std::process::id()));
        fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Users {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn can_log_in(server: &Kserve, credentials: &str) -> bool {
    Raw::log_in(server.address, credentials.as_bytes()).is_ok()
}

/// MD5 and SHA-1 of `secret`.
const HASHES: [&str; 2] = ["5ebe2294ecd0e0f08eab7690d2a6ee69", "e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4"];

#[test]
fn a_stored_hash_is_not_accepted_as_password() {
    let [md5, sha1] = HASHES;
    let users = Users::new("hash", format!("plain:open\nmd:{md5}\nsha:{sha1}\n").as_bytes());
    for option in ["-u", "-U"] {
        let mut server = Kserve::start(&[option, users.path()]);
        for good in ["plain:open", "md:secret", "sha:secret"] {
            assert!(can_log_in(&server, good), "{good}");
        }
        let bad =
            [format!("md:{md5}"), format!("sha:{sha1}"), format!("md:{}", md5.to_uppercase()), "plain:".to_owned()];
        for bad in bad {
            assert!(!can_log_in(&server, &bad), "{bad}");
        }
        // `still_answers` cannot be used, because its user is not in the file.
        assert!(can_log_in(&server, "plain:open"));
        server.signal(Signal::TERM);
        assert!(server.end(TIMEOUT).success());
    }
}

#[test]
fn a_byte_order_mark_is_reported() {
    let users = Users::new("bom", b"\xef\xbb\xbfalice:secret\nbob:secret\n");
    let refused = Kserve::launch("", &["-p", "127.0.0.1:0", "-u", users.path()]).err();
    let said = refused.expect("a file with a byte order mark is refused");
    assert!(said.contains(":1:"), "the line is named: {said}");
}

#[test]
fn sighup_reloads_the_password_file() {
    let users = Users::new("hup", b"alice:secret\n");
    let mut server = Kserve::start(&["-u", users.path()]);
    let mut alice = Raw::log_in(server.address, b"alice:secret").unwrap();
    assert!(!can_log_in(&server, "bob:secret"));
    fs::write(users.path(), "bob:secret\n").unwrap();
    server.signal(Signal::HUP);
    assert!(until(TIMEOUT, || can_log_in(&server, "bob:secret").then_some(())).is_some(), "{}", server.log());
    assert!(!can_log_in(&server, "alice:secret"));

    // An invalid file leaves the old users in effect.
    fs::write(users.path(), "no colon\n").unwrap();
    server.signal(Signal::HUP);
    assert!(until(TIMEOUT, || server.log().contains(":1:").then_some(())).is_some(), "{}", server.log());
    assert!(can_log_in(&server, "bob:secret"));

    // Open connections stay open.
    alice.sync("2+2");
    assert_eq!(alice.answer().unwrap(), "4");
    server.signal(Signal::TERM);
    assert!(server.end(TIMEOUT).success());
}

/// Without a password file, SIGHUP must not end the process.
#[test]
fn sighup_without_a_password_file_is_harmless() {
    let mut server = Kserve::start(&[]);
    server.signal(Signal::HUP);
    server.still_answers();
}
