//! Startup: ports, Unix sockets, and invalid options.

use std::net::{TcpListener, TcpStream};
use std::process::Command;

use crate::process::Kserve;

/// A port that was free just now.
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
fn a_unix_name_in_use_is_a_warning() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixListener};

    let mut guard = Kserve::start(&[]); // Serializes this test with the others.
    let port = free_port();
    let name = SocketAddr::from_abstract_name(format!("/tmp/kx.{port}")).unwrap();
    let _other = UnixListener::bind_addr(&name).unwrap();
    let mut server = Kserve::launch("", &["-p", &format!("127.0.0.1:{port}")]).expect("TCP serves");
    server.still_answers();
    assert!(server.log().contains("WARN"), "{}", server.log());
    guard.still_answers();
}

#[test]
fn two_servers_share_a_port() {
    let mut guard = Kserve::start(&[]);
    let port = format!("rp,127.0.0.1:{}", free_port());
    let mut first = Kserve::launch("", &["-p", &port]).expect("rp, is q's");
    let mut second = Kserve::launch("", &["-p", &port]).expect("a second server shares the port");
    for _ in 0..20 {
        // The OS chooses one of the two servers.
        first.still_answers();
    }
    second.still_answers();
    guard.still_answers();
}

#[test]
fn a_port_in_use_is_an_error() {
    let server = Kserve::start(&[]);
    let taken = server.address.to_string();
    let said = Kserve::launch("", &["-p", &taken]).err().expect("the port is taken");
    assert!(said.contains("exit status: 1"), "{said}");
    TcpStream::connect(server.address).unwrap();
}

/// Invalid values end with exit code 2 before anything is bound.
#[test]
fn invalid_values_are_usage_errors() {
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

/// Every option that sets a limit names its unit.
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
