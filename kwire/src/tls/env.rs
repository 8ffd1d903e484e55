//! TLS settings from kdb+'s environment variables.

use std::ffi::OsString;

use super::{
    CA_CERT_FILE, CA_CERT_PATH, CERT_FILE, CIPHER_LIST, CIPHERSUITES, Error, KEY_FILE, MAXPROTOCOL, MINPROTOCOL,
    Options, Protocol, VERIFY_CLIENT, VERIFY_SERVER, VerifyClient, VerifyServer,
};

pub(super) const SERVER: [(&str, VerifyServer); 3] =
    [("YES", VerifyServer::Yes), ("HOSTIP", VerifyServer::Yes), ("NO", VerifyServer::No)];
pub(super) const CLIENT: [(&str, VerifyClient); 4] = [
    ("NO", VerifyClient::No),
    ("YES", VerifyClient::Yes),
    ("IFPRESENT", VerifyClient::IfPresent),
    ("REQUESTONLY", VerifyClient::RequestOnly),
];
/// A minimum below TLS 1.2 permits older protocols but does not require them, so TLS 1.2 satisfies it.
const LOWEST: [(&str, Protocol); 4] = [
    ("TLSv1", Protocol::Tls12),
    ("TLSv1.1", Protocol::Tls12),
    ("TLSv1.2", Protocol::Tls12),
    ("TLSv1.3", Protocol::Tls13),
];
pub(super) const HIGHEST: [(&str, Protocol); 2] = [("TLSv1.2", Protocol::Tls12), ("TLSv1.3", Protocol::Tls13)];

/// Reads the settings through `get`, which is called for each name with and without the prefix `KX_`.
pub(super) fn read(get: &dyn Fn(&str) -> Option<OsString>) -> Result<Options, Error> {
    let value = |name: &str| {
        let set = |name: &str| get(name).filter(|value| !value.is_empty());
        set(&format!("KX_{name}")).or_else(|| set(name))
    };
    let text = |name| value(name).map(|value| value.to_string_lossy().into_owned());
    Ok(Options {
        certificate: value(CERT_FILE).map(Into::into),
        key: value(KEY_FILE).map(Into::into),
        ca_file: value(CA_CERT_FILE).map(Into::into),
        ca_path: value(CA_CERT_PATH).map(Into::into),
        verify_server: choice(VERIFY_SERVER, text(VERIFY_SERVER), &SERVER)?.unwrap_or_default(),
        verify_client: choice(VERIFY_CLIENT, text(VERIFY_CLIENT), &CLIENT)?.unwrap_or_default(),
        min_protocol: choice(MINPROTOCOL, text(MINPROTOCOL), &LOWEST)?.unwrap_or_default(),
        max_protocol: choice(MAXPROTOCOL, text(MAXPROTOCOL), &HIGHEST)?,
        cipher_list: text(CIPHER_LIST),
        cipher_suites: text(CIPHERSUITES),
    })
}

/// Looks a value up in a table of known values; `Ok(None)` if it is not set.
fn choice<T: Copy>(variable: &'static str, value: Option<String>, known: &[(&str, T)]) -> Result<Option<T>, Error> {
    let Some(value) = value else { return Ok(None) };
    match known.iter().find(|(name, _)| *name == value) {
        Some((_, meaning)) => Ok(Some(*meaning)),
        None => {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            Err(Error::Value { variable, value, why: format!("not one of {}", names.join(", ")) })
        }
    }
}

/// The first name of a value; every value of the enums is in its table.
pub(super) fn name_of<T: PartialEq>(value: T, known: &[(&str, T)]) -> String {
    known.iter().find(|(_, meaning)| *meaning == value).map_or_else(String::new, |(name, _)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<Options, Error> {
        read(&|name| variables.iter().find(|(set, _)| *set == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn prefixed_names_win_and_empty_values_count_as_unset() {
        let options =
            from(&[("SSL_CERT_FILE", "a"), ("KX_SSL_CERT_FILE", "b"), ("KX_SSL_KEY_FILE", ""), ("SSL_KEY_FILE", "c")]);
        let options = options.unwrap();
        assert_eq!((options.certificate, options.key), (Some("b".into()), Some("c".into())));
        assert_eq!((options.ca_file, options.verify_server), (None, VerifyServer::Yes));
    }

    #[test]
    fn an_unknown_value_names_its_variable() {
        for (name, value) in [("SSL_VERIFY_SERVER", "no"), ("SSL_VERIFY_CLIENT", "MAYBE"), ("SSL_MAXPROTOCOL", "TLSv1")]
        {
            let error = from(&[(name, value)]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{name}={value:?}: not one of ")), "{error}");
        }
    }
}
