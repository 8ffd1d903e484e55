//! TLS for clients and servers, configured like kdb+: environment variables that name PEM files.
//!
//! [`Options::from_env`] reads the variables. [`Options::client`] and [`Options::server`] build rustls configurations.
//! Differences from kdb+, which uses OpenSSL: only TLS 1.2 and 1.3, expired certificates are rejected, and a server's
//! certificate must name the host.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kcodec::settings;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, SupportedProtocolVersion};

pub use rustls;
pub use rustls::{ClientConfig, ServerConfig};
pub use session::Session;
pub use stream::Stream;

mod ciphers;
mod env;
mod session;
mod stream;
mod verify;

settings! {
    /// TLS settings. Each field documents the environment variable that kdb+ reads it from; errors name it, too.
    ///
    /// ```
    /// use std::fs;
    ///
    /// use kwire::tls::{Options, Protocol, VerifyClient, VerifyServer};
    ///
    /// let own = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    /// let folder = tempfile::tempdir()?;
    /// let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    /// fs::write(&certificate, own.cert.pem())?;
    /// fs::write(&key, own.signing_key.serialize_pem())?;
    ///
    /// let server = Options::default()
    ///     .with_certificate(Some(certificate.clone()))
    ///     .with_key(Some(key))
    ///     .with_verify_client(VerifyClient::No)
    ///     .with_min_protocol(Protocol::Tls12)
    ///     .with_max_protocol(Some(Protocol::Tls13))
    ///     .with_cipher_list(Some("ECDHE-RSA-AES256-GCM-SHA384".into()))
    ///     .with_cipher_suites(Some("TLS_AES_256_GCM_SHA384".into()))
    ///     .server()?;
    /// let client = Options::from_env()?
    ///     .with_ca_file(Some(certificate))
    ///     .with_ca_path(None)
    ///     .with_verify_server(VerifyServer::Yes)
    ///     .client()?; // for `kwire::Options::with_tls`
    /// let settings = Options::default().settings(); // as (-26!)[]
    /// assert!(settings.iter().any(|(name, value)| *name == "SSL_VERIFY_SERVER" && value == "YES"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Debug, Clone)]
    #[non_exhaustive]
    pub struct Options {
        /// PEM file of this end's certificate and the intermediate certificates: `SSL_CERT_FILE`. Required for a
        /// server. A client presents it if the server requests one.
        pub certificate: Option<PathBuf> = None, with_certificate;
        /// PEM file of the certificate's private key, without passphrase: `SSL_KEY_FILE`. A client needs both key and
        /// certificate to present one.
        pub key: Option<PathBuf> = None, with_key;
        /// PEM file of trusted CAs: `SSL_CA_CERT_FILE`. If neither this nor `ca_path` is set, a client trusts the
        /// system's CAs.
        pub ca_file: Option<PathBuf> = None, with_ca_file;
        /// Folder of PEM files of further CAs, named by hash as by `openssl rehash`: `SSL_CA_CERT_PATH`.
        pub ca_path: Option<PathBuf> = None, with_ca_path;
        /// How a client verifies the server's certificate: `SSL_VERIFY_SERVER`.
        pub verify_server: VerifyServer = VerifyServer::Yes, with_verify_server;
        /// How a server verifies clients' certificates: `SSL_VERIFY_CLIENT`.
        pub verify_client: VerifyClient = VerifyClient::No, with_verify_client;
        /// The lowest protocol: `SSL_MINPROTOCOL`.
        pub min_protocol: Protocol = Protocol::Tls12, with_min_protocol;
        /// The highest protocol: `SSL_MAXPROTOCOL`.
        pub max_protocol: Option<Protocol> = None, with_max_protocol;
        /// Cipher suites of TLS 1.2: OpenSSL names separated by colons, `SSL_CIPHER_LIST`. `None` is all that rustls
        /// has. Classes such as `HIGH` and exclusions are errors.
        pub cipher_list: Option<String> = None, with_cipher_list;
        /// Cipher suites of TLS 1.3, in the same form: `SSL_CIPHERSUITES`.
        pub cipher_suites: Option<String> = None, with_cipher_suites;
    }
}

/// How a client verifies the server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VerifyServer {
    /// The certificate must be valid, issued by a trusted CA, and name the host: kdb+'s `YES` and `HOSTIP`, which are
    /// the same here.
    #[default]
    Yes,
    /// No verification: `NO`. A man in the middle can read and change the traffic.
    No,
}

/// How a server verifies a client's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VerifyClient {
    /// No certificate is requested: `NO`.
    #[default]
    No,
    /// A valid certificate, issued by a trusted CA, is required: `YES`.
    Yes,
    /// A certificate is optional; if sent, it must be valid and issued by a trusted CA: `IFPRESENT`.
    IfPresent,
    /// A certificate is optional and not verified: `REQUESTONLY`.
    RequestOnly,
}

/// A TLS version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Protocol {
    /// TLS 1.2.
    #[default]
    Tls12,
    /// TLS 1.3.
    Tls13,
}

/// An unusable TLS setting, or an error of the TLS protocol.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A required setting is missing.
    #[error("KX_{0} or {0} must be set")]
    Missing(&'static str),
    /// A value that is unknown or that rustls does not support.
    #[error("{variable}={value:?}: {why}")]
    Value {
        /// The environment variable, without `KX_`.
        variable: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        why: String,
    },
    /// A file that cannot be read or has the wrong contents.
    #[error("{variable}={}: {why}", path.display())]
    File {
        /// The environment variable, without `KX_`.
        variable: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The system has no trusted CAs.
    #[error("the system has no CA certificates; set KX_SSL_CA_CERT_FILE")]
    NoRoots,
    /// The rustls error.
    #[error(transparent)]
    Rustls(#[from] rustls::Error),
}

impl Options {
    /// Reads kdb+'s environment variables. A name with the prefix `KX_` takes precedence. An empty value counts as
    /// unset.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] if a variable has an unknown value. Files are not read yet.
    pub fn from_env() -> Result<Self, Error> {
        env::read(&|name| std::env::var_os(name))
    }

    /// Builds a client's configuration. Reads the files.
    ///
    /// # Errors
    ///
    /// [`Error`], naming the setting and the file.
    pub fn client(&self) -> Result<Arc<ClientConfig>, Error> {
        let provider = self.provider()?;
        let builder =
            ClientConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(&self.protocols()?)?;
        let builder = match self.verify_server {
            VerifyServer::Yes => builder.with_root_certificates(self.roots()?.map_or_else(|| self.system_roots(), Ok)?),
            VerifyServer::No => {
                builder.dangerous().with_custom_certificate_verifier(Arc::new(verify::AcceptAny::new(provider)))
            }
        };
        let config = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => builder
                .with_client_auth_cert(certificates(CERT_FILE, certificate)?, private_key(key)?)
                .map_err(|error| Error::file(KEY_FILE, key, error))?,
            _ => builder.with_no_client_auth(),
        };
        Ok(Arc::new(config))
    }

    /// Builds a server's configuration. Reads the files.
    ///
    /// # Errors
    ///
    /// [`Error`], naming the setting and the file. [`Error::Missing`] without certificate or key, or if clients'
    /// certificates are verified and no CA is set.
    pub fn server(&self) -> Result<Arc<ServerConfig>, Error> {
        let provider = self.provider()?;
        let builder =
            ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(&self.protocols()?)?;
        let builder = match self.verify_client {
            VerifyClient::No => builder.with_no_client_auth(),
            VerifyClient::RequestOnly => builder.with_client_cert_verifier(Arc::new(verify::AcceptAny::new(provider))),
            VerifyClient::Yes | VerifyClient::IfPresent => {
                let roots = self.roots()?.ok_or(Error::Missing(CA_CERT_FILE))?;
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                let verifier = match self.verify_client {
                    VerifyClient::Yes => verifier,
                    _ => verifier.allow_unauthenticated(),
                };
                let verifier = verifier.build().map_err(|error| rustls::Error::General(error.to_string()))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let certificate = self.certificate.as_ref().ok_or(Error::Missing(CERT_FILE))?;
        let key = self.key.as_ref().ok_or(Error::Missing(KEY_FILE))?;
        let config = builder
            .with_single_cert(certificates(CERT_FILE, certificate)?, private_key(key)?)
            .map_err(|error| Error::file(KEY_FILE, key, error))?;
        Ok(Arc::new(config))
    }

    /// Names and values of the settings as q's `(-26!)[]` shows them. An unset value is empty.
    #[must_use]
    pub fn settings(&self) -> [(&'static str, String); 10] {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        [
            (CERT_FILE, path(&self.certificate)),
            (CA_CERT_FILE, path(&self.ca_file)),
            (CA_CERT_PATH, path(&self.ca_path)),
            (KEY_FILE, path(&self.key)),
            (CIPHER_LIST, text(&self.cipher_list)),
            (CIPHERSUITES, text(&self.cipher_suites)),
            (VERIFY_CLIENT, env::name_of(self.verify_client, &env::CLIENT)),
            (VERIFY_SERVER, env::name_of(self.verify_server, &env::SERVER)),
            (MINPROTOCOL, env::name_of(self.min_protocol, &env::HIGHEST)),
            (MAXPROTOCOL, env::name_of(self.max_protocol.unwrap_or(Protocol::Tls13), &env::HIGHEST)),
        ]
    }

    /// The provider ring, restricted to the configured cipher suites.
    fn provider(&self) -> Result<Arc<CryptoProvider>, Error> {
        let mut provider = ring::default_provider();
        provider.cipher_suites = ciphers::chosen(self.cipher_list.as_deref(), self.cipher_suites.as_deref())?;
        Ok(Arc::new(provider))
    }

    fn protocols(&self) -> Result<Vec<&'static SupportedProtocolVersion>, Error> {
        let wanted = self.min_protocol..=self.max_protocol.unwrap_or(Protocol::Tls13);
        let all = [(Protocol::Tls13, &rustls::version::TLS13), (Protocol::Tls12, &rustls::version::TLS12)];
        let protocols: Vec<_> =
            all.into_iter().filter(|(protocol, _)| wanted.contains(protocol)).map(|(_, version)| version).collect();
        if protocols.is_empty() {
            let why = "the lowest protocol is above the highest".to_owned();
            return Err(Error::Value { variable: MINPROTOCOL, value: format!("{:?}", self.min_protocol), why });
        }
        Ok(protocols)
    }

    /// The configured CAs; `None` if none are configured.
    fn roots(&self) -> Result<Option<RootCertStore>, Error> {
        if self.ca_file.is_none() && self.ca_path.is_none() {
            return Ok(None);
        }
        let mut roots = RootCertStore::empty();
        if let Some(path) = &self.ca_file {
            for certificate in certificates(CA_CERT_FILE, path)? {
                roots.add(certificate).map_err(|error| Error::file(CA_CERT_FILE, path, error))?;
            }
        }
        if let Some(path) = &self.ca_path {
            let found = rustls_native_certs::load_certs_from_paths(None, Some(path));
            if let Some(error) = found.errors.first() {
                return Err(Error::file(CA_CERT_PATH, path, error));
            }
            if roots.add_parsable_certificates(found.certs).0 == 0 {
                return Err(Error::file(
                    CA_CERT_PATH,
                    path,
                    "no CA certificate under a name that openssl rehash gives",
                ));
            }
        }
        Ok(Some(roots))
    }

    /// The system's trusted CAs.
    fn system_roots(&self) -> Result<RootCertStore, Error> {
        // rustls-native-certs, like OpenSSL, reads CAs from the file in SSL_CERT_FILE. In kdb+ that file is this end's
        // own certificate, which must not become a trusted CA.
        let own = std::env::var_os(CERT_FILE).map(PathBuf::from).filter(|path| Some(path) == self.certificate.as_ref());
        if let (Some(path), Some(_)) = (own, &self.key) {
            return Err(Error::file(CERT_FILE, &path, "names a certificate: name the CA in KX_SSL_CA_CERT_FILE"));
        }
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if added == 0 { Err(Error::NoRoots) } else { Ok(roots) }
    }
}

const CERT_FILE: &str = "SSL_CERT_FILE";
const KEY_FILE: &str = "SSL_KEY_FILE";
const CA_CERT_FILE: &str = "SSL_CA_CERT_FILE";
const CA_CERT_PATH: &str = "SSL_CA_CERT_PATH";
const VERIFY_SERVER: &str = "SSL_VERIFY_SERVER";
const VERIFY_CLIENT: &str = "SSL_VERIFY_CLIENT";
const MINPROTOCOL: &str = "SSL_MINPROTOCOL";
const MAXPROTOCOL: &str = "SSL_MAXPROTOCOL";
const CIPHER_LIST: &str = "SSL_CIPHER_LIST";
const CIPHERSUITES: &str = "SSL_CIPHERSUITES";

/// The name that the certificate of the server at `host` must contain. A server on a Unix socket is `localhost`.
///
/// # Errors
///
/// [`Error::Rustls`] if `host` is neither a DNS name nor an IP address.
pub fn server_name(host: &str) -> Result<ServerName<'static>, Error> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let name = ServerName::try_from(bare.to_owned());
    name.map_err(|_| rustls::Error::General(format!("no certificate can name the host {host:?}")).into())
}

/// Reads all certificates of a PEM file.
fn certificates(variable: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let text = fs::read(path).map_err(|error| Error::file(variable, path, error))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if found.is_empty() => Err(Error::file(variable, path, "no certificate in PEM")),
        found => found.map_err(|error| Error::file(variable, path, error)),
    }
}

/// Reads the first private key of a PEM file.
fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    use rustls::pki_types::pem::Error as Pem;

    let text = fs::read(path).map_err(|error| Error::file(KEY_FILE, path, error))?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        Pem::NoItemsFound => Error::file(KEY_FILE, path, "no private key in PEM without passphrase"),
        error => Error::file(KEY_FILE, path, error),
    })
}

impl Error {
    fn file(variable: &'static str, path: &Path, why: impl ToString) -> Self {
        Self::File { variable, path: path.to_owned(), why: why.to_string() }
    }
}
