//! Test certificates, and a TLS client that uses rustls directly.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kwire::tls::rustls::{ClientConnection, StreamOwned};
use kwire::tls::{ClientConfig, Options, server_name};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

/// A CA and the certificates it has signed, in a temporary folder.
pub(crate) struct Ca {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Ca {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        // CAs need distinct names: otherwise one is mistaken for another, and the signature check fails.
        params.distinguished_name.push(DnType::CommonName, folder.path().display().to_string());
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Signs a certificate for `host`. Returns the paths of certificate and key.
    pub(crate) fn sign(&self, host: &str) -> (PathBuf, PathBuf) {
        self.sign_until(host, 4096)
    }

    /// Signs a certificate that has expired.
    pub(crate) fn sign_expired(&self, host: &str) -> (PathBuf, PathBuf) {
        self.sign_until(host, 2001)
    }

    fn sign_until(&self, host: &str, year: i32) -> (PathBuf, PathBuf) {
        let mut params = CertificateParams::new([host.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2000, 1, 1);
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let files = (
            self.folder.path().join(format!("{host}.{year}.crt")),
            self.folder.path().join(format!("{host}.{year}.key")),
        );
        std::fs::write(&files.0, certificate.pem()).unwrap();
        std::fs::write(&files.1, key.serialize_pem()).unwrap();
        files
    }

    /// Settings with a certificate for `host` and trust in this CA.
    pub(crate) fn options(&self, host: &str) -> Options {
        let (certificate, key) = self.sign(host);
        self.trust().with_certificate(Some(certificate)).with_key(Some(key))
    }

    /// Settings without a certificate, with trust in this CA.
    pub(crate) fn trust(&self) -> Options {
        Options::default().with_ca_file(Some(self.file()))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

pub(crate) type Tls = StreamOwned<ClientConnection, TcpStream>;

/// Connects and expects a certificate for `host`. The handshake runs with the first read or write.
pub(crate) fn connect(address: SocketAddr, config: &Arc<ClientConfig>, host: &str) -> Tls {
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket.set_nodelay(true).unwrap();
    StreamOwned::new(ClientConnection::new(Arc::clone(config), server_name(host).unwrap()).unwrap(), socket)
}

/// Copies certificate and key to other paths.
pub(crate) fn copy((certificate, key): &(PathBuf, PathBuf), to: (&Path, &Path)) {
    std::fs::copy(certificate, to.0).unwrap();
    std::fs::copy(key, to.1).unwrap();
}
