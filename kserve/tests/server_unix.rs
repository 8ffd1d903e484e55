//! Unix sockets are served under every name that kdb+'s clients try.

#![cfg(target_os = "linux")]

mod running;

use std::io::{ErrorKind, Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::PathBuf;

use kserve::{Context, Handler, Peer, Reply, Server};
use kwire::Message;
use kwire::blocking::Handle;

use running::Running;

struct Echo;

impl Handler for Echo {
    fn on_sync(&mut self, _cx: &mut Context<'_>, _peer: &Peer, message: &Message, reply: Reply<'_>) {
        reply.body(message.body());
    }
}

fn logs_in(mut stream: UnixStream) {
    stream.write_all(b"ann:\x06\0").unwrap();
    let mut byte = [0];
    stream.read_exact(&mut byte).unwrap();
    assert_eq!(byte, [6]);
}

#[test]
fn both_abstract_names_are_served() {
    let server = Running::with(Echo, |mut server| {
        server.listen_unix().unwrap();
        server
    });
    let name = format!("/tmp/kx.{}", server.address.port()).into_bytes();
    let mut padded = name.clone();
    padded.resize(107, 0);
    for name in [name, padded] {
        logs_in(UnixStream::connect_addr(&SocketAddr::from_abstract_name(name).unwrap()).unwrap());
    }
}

#[test]
fn a_file_is_served_and_removed() {
    let mut path = PathBuf::new();
    let server = Running::with(Echo, |mut server| {
        path = format!("/tmp/kx.{}", server.local_addr().unwrap().port()).into();
        // A stale socket file is replaced.
        drop(UnixListener::bind(&path).unwrap());
        server.listen_unix_file(&path).unwrap();
        server
    });
    logs_in(UnixStream::connect(&path).unwrap());
    // The client finds the file although there is no abstract name.
    let mut h = Handle::open(&format!("unix://{}", server.address.port())).unwrap();
    assert_eq!(h.sync("2+2").unwrap().value(), "2+2".into());
    let taken = Server::unbound().unwrap().listen_unix_file(&path).unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AddrInUse);
    drop(server);
    assert!(!path.exists());
}

#[test]
fn an_existing_regular_file_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    std::fs::write(&path, "data").unwrap();
    let taken = Server::unbound().unwrap().listen_unix_file(&path).unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AddrInUse);
    assert_eq!(std::fs::read(&path).unwrap(), b"data");
}
