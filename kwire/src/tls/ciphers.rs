//! The cipher suites under their OpenSSL names.

use rustls::crypto::ring::cipher_suite as suite;
use rustls::{CipherSuite, SupportedCipherSuite};

use super::{CIPHER_LIST, CIPHERSUITES, Error};

/// Suites of TLS 1.2 in order of preference.
static TLS12: [(&str, SupportedCipherSuite); 6] = [
    ("ECDHE-ECDSA-AES256-GCM-SHA384", suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
    ("ECDHE-ECDSA-AES128-GCM-SHA256", suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    ("ECDHE-ECDSA-CHACHA20-POLY1305", suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
    ("ECDHE-RSA-AES256-GCM-SHA384", suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
    ("ECDHE-RSA-AES128-GCM-SHA256", suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
    ("ECDHE-RSA-CHACHA20-POLY1305", suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
];

/// Suites of TLS 1.3 in order of preference.
static TLS13: [(&str, SupportedCipherSuite); 3] = [
    ("TLS_AES_256_GCM_SHA384", suite::TLS13_AES_256_GCM_SHA384),
    ("TLS_AES_128_GCM_SHA256", suite::TLS13_AES_128_GCM_SHA256),
    ("TLS_CHACHA20_POLY1305_SHA256", suite::TLS13_CHACHA20_POLY1305_SHA256),
];

/// The suites that the settings name, in the settings' order.
pub(super) fn chosen(list: Option<&str>, suites: Option<&str>) -> Result<Vec<SupportedCipherSuite>, Error> {
    let mut chosen = named(CIPHERSUITES, suites, &TLS13)?;
    chosen.extend(named(CIPHER_LIST, list, &TLS12)?);
    Ok(chosen)
}

/// The OpenSSL name of a suite.
pub(super) fn name(suite: CipherSuite) -> Option<&'static str> {
    TLS13.iter().chain(&TLS12).find(|(_, known)| known.suite() == suite).map(|(name, _)| *name)
}

/// Resolves a list of names. An unknown name is an error: ignoring it would change what the list means.
fn named(
    variable: &'static str,
    list: Option<&str>,
    known: &[(&str, SupportedCipherSuite)],
) -> Result<Vec<SupportedCipherSuite>, Error> {
    let Some(list) = list else { return Ok(known.iter().map(|(_, suite)| *suite).collect()) };
    let names = list.split([':', ',', ' ']).filter(|name| !name.is_empty());
    let find = |name: &str| known.iter().find(|(known, _)| *known == name).map(|(_, suite)| *suite);
    names
        .map(|name| {
            find(name).ok_or_else(|| {
                let all: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
                let why = format!("{name} is not supported; these are: {}", all.join(":"));
                Error::Value { variable, value: list.to_owned(), why }
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_select_and_order_suites() {
        let chosen = chosen(Some("ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"), None).unwrap();
        assert_eq!(chosen[..3], TLS13.map(|(_, suite)| suite));
        assert_eq!(chosen[3..], [TLS12[4].1, TLS12[0].1]);
    }

    #[test]
    fn unsupported_names_are_errors() {
        for (list, suites, at_fault) in
            [(Some("HIGH:!aNULL"), None, "HIGH"), (None, Some("TLS_AES_128_CCM_SHA256"), "TLS_AES_128_CCM_SHA256")]
        {
            let error = chosen(list, suites).unwrap_err().to_string();
            assert!(error.contains(&format!("{at_fault} is not supported")), "{error}");
        }
    }

    #[test]
    fn every_suite_of_rustls_has_a_name() {
        assert_eq!(chosen(None, None).unwrap().len(), rustls::crypto::ring::ALL_CIPHER_SUITES.len());
    }
}
