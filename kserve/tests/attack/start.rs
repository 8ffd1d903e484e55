//! Does the server start where it can, and refuse what makes no sense?

use std::net::{TcpListener, TcpStream};
use std::process::Command;

use crate::process::Kserve;

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn an_ipv6_port_beside_the_same_ipv4_port() {
    if TcpListener::bind("[::1]:0").is_err() {
        return; // This machine has no IPv6.
    }
    let mut first = Kserve::start(&[]);
    let port = first.address.port();
    let mut second = Kserve::launch("", &["-p", &format!("[::1]:{port}")]).expect("TCP serves without the Unix name");
    first.still_answers();
    second.still_answers();
    assert!(second.log().contains("WARN"), "the Unix name was taken: {}", second.log());
}

#[cfg(target_os = "linux")]
#[test]
fn a_squatted_unix_name_is_a_warning() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixListener};

    let mut guard = Kserve::start(&[]); // For its turn.
    let port = free_port();
    let name = SocketAddr::from_abstract_name(format!("/tmp/kx.{port}")).unwrap();
    let _squatter = UnixListener::bind_addr(&name).unwrap();
    let mut server = Kserve::launch("", &["-p", &format!("127.0.0.1:{port}")]).expect("TCP serves");
    server.still_answers();
    assert!(server.log().contains("WARN"), "{}", server.log());
    guard.still_answers();
}

#[test]
fn a_shared_port_is_shared() {
    let mut guard = Kserve::start(&[]);
    let port = format!("rp,127.0.0.1:{}", free_port());
    let mut first = Kserve::launch("", &["-p", &port]).expect("rp, is q's");
    let mut second = Kserve::launch("", &["-p", &port]).expect("a second server shares the port");
    for _ in 0..20 {
        // Whichever of the two the system chooses.
        first.still_answers();
    }
    second.still_answers();
    guard.still_answers();
}

#[test]
fn a_taken_port_is_an_error() {
    let server = Kserve::start(&[]);
    let taken = server.address.to_string();
    let said = Kserve::launch("", &["-p", &taken]).err().expect("the port is taken");
    assert!(said.contains("exit status: 1"), "{said}");
    TcpStream::connect(server.address).unwrap();
}

/// What makes no sense ends with exit code 2 before anything is bound.
#[test]
fn values_without_sense_are_usage_errors() {
    let mistakes: &[&[&str]] = &[
        &["--max-message", "0"],
        &["--max-message", "9"],
        &["--max-message", "many"],
        &["--max-queue", "0"],
        &["--max-queue", "-1"],
        &["--max-peers", "0"],
        &["--max-peers", "x"],
        &["--login-time", "0"],
        &["--login-time", "x"],
        &["--drain", "-1"],
        &["--drain", "x"],
        &["-T", "-1"],
        &["-T", "x"],
        &["-w", "-1"],
        &["-w", "x"],
        &["-p", "0/"],
        &["-p", "70000"],
        &["-p", "2/1"],
        &["--unknown"],
    ];
    for mistake in mistakes {
        let options = [&["-p", "127.0.0.1:0"], *mistake].concat();
        let said = Kserve::launch("", &options).err().unwrap_or_else(|| panic!("{mistake:?} is accepted"));
        assert!(said.contains("exit status: 2"), "{mistake:?}: {said}");
    }
}

/// Every option that bounds something says its unit and what it is for.
#[test]
fn help_names_units() {
    let output = Command::new(env!("CARGO_BIN_EXE_kserve")).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for option in ["-T", "-w", "--drain", "--max-message", "--max-queue", "--max-peers", "--login-time"] {
        assert!(help.contains(option), "{option}: {help}");
    }
    for unit in ["SECONDS", "MB", "BYTES"] {
        assert!(help.contains(unit), "{unit}: {help}");
    }
}
