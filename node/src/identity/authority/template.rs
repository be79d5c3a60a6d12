//! What stands in each kind of certificate, and nothing else decides it.

use super::AuthorityError;
use super::ledger::Reason;
use crate::clock;
use crate::entropy::Entropy;
use crate::identity::profile::{Subject, TrustDomain};
use crate::identity::revocation::Serial;
use hotline_topology::Time;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, RevocationReason, SanType, SerialNumber,
};
use rustls_pki_types::PrivatePkcs8KeyDer;
use std::time::Duration;
use zeroize::Zeroizing;

/// A new certificate is valid from a little before now, for peers whose clocks are behind.
pub const BACKDATED_BY: Duration = Duration::from_secs(5 * 60);

/// The time in which a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// The first instant.
    pub not_before: Time,
    /// The last instant.
    pub not_after: Time,
}

impl Term {
    /// From now, allowing for clocks that are behind, for so many days.
    #[must_use]
    pub fn days(now: Time, days: u32) -> Self {
        Self {
            not_before: clock::before(now, BACKDATED_BY),
            not_after: clock::after(now, Duration::from_secs(u64::from(days) * 86_400)),
        }
    }
}

/// What goes into a certificate beside its keys.
pub(super) struct Template<'a> {
    pub domain: &'a TrustDomain,
    /// Nobody for a root.
    pub subject: Option<&'a Subject>,
    /// Common name. Revocation lists find their issuer by it, so it is never used for two keys.
    pub common_name: String,
    /// In place of the name made from the key, for examples of what must be refused.
    pub dns_name: Option<&'a str>,
    pub serial: &'a Serial,
    pub term: Term,
}

impl Template<'_> {
    pub(super) fn params(&self) -> Result<CertificateParams, AuthorityError> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, self.common_name.as_str());
        params.serial_number = Some(serial_number(self.serial));
        params.not_before = clock::system_time(self.term.not_before).into();
        params.not_after = clock::system_time(self.term.not_after).into();
        params.use_authority_key_identifier_extension = self.subject.is_some();
        if let Some(subject) = self.subject {
            params
                .subject_alt_names
                .push(SanType::URI(self.domain.uri(subject).as_str().try_into()?));
        }
        match self.subject {
            None | Some(Subject::Authority(_)) => {
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
                params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            }
            Some(Subject::Node(region)) => {
                let own = self.domain.dns_name(*region);
                let dns_name = self.dns_name.unwrap_or(&own);
                params
                    .subject_alt_names
                    .push(SanType::DnsName(dns_name.try_into()?));
                params.is_ca = IsCa::ExplicitNoCa;
                params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
                params.extended_key_usages = vec![
                    ExtendedKeyUsagePurpose::ServerAuth,
                    ExtendedKeyUsagePurpose::ClientAuth,
                ];
            }
            Some(Subject::Door(region)) => {
                let own = self.domain.dns_name(*region);
                let name = own.as_str().try_into()?;
                params.subject_alt_names.push(SanType::DnsName(name));
                params.is_ca = IsCa::ExplicitNoCa;
                params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            }
            Some(Subject::Operator { .. }) => {
                params.is_ca = IsCa::ExplicitNoCa;
                params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            }
        }
        Ok(params)
    }
}

pub(super) fn serial_number(serial: &Serial) -> SerialNumber {
    SerialNumber::from_slice(serial.as_bytes())
}

/// A random serial number of 126 bits: never guessed, never negative, always of the same length.
pub(super) fn draw_serial(entropy: &mut dyn Entropy) -> Result<Serial, AuthorityError> {
    let mut bytes = [0u8; 16];
    entropy.fill(&mut bytes).map_err(AuthorityError::Entropy)?;
    bytes[0] = (bytes[0] & 0x3f) | 0x40;
    Ok(Serial::new(&bytes))
}

/// A new key of the kind that a subject has: P-256 where programs of people meet it, since some TLS libraries know no
/// Ed25519 (such a key the library draws from the system by itself); Ed25519 for whatever signs anything else.
pub(super) fn draw_key_for(
    subject: &Subject,
    entropy: &mut dyn Entropy,
) -> Result<KeyPair, AuthorityError> {
    match subject {
        Subject::Operator { .. } | Subject::Door(_) => {
            Ok(KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?)
        }
        Subject::Node(_) | Subject::Authority(_) => draw_key(entropy),
    }
}

/// A new Ed25519 key: its seed is 32 random bytes, wrapped as RFC 8410 says.
pub(super) fn draw_key(entropy: &mut dyn Entropy) -> Result<KeyPair, AuthorityError> {
    const WRAPPING: [u8; 16] = [
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ];
    let mut der = Zeroizing::new([0u8; 48]);
    der[..16].copy_from_slice(&WRAPPING);
    entropy
        .fill(&mut der[16..])
        .map_err(AuthorityError::Entropy)?;
    let key = PrivatePkcs8KeyDer::from(der.as_slice());
    Ok(KeyPair::from_pkcs8_der_and_sign_algo(
        &key,
        &rcgen::PKCS_ED25519,
    )?)
}

/// The reason as a revocation list writes it.
pub(super) fn reason_code(reason: Reason) -> RevocationReason {
    match reason {
        Reason::KeyCompromise => RevocationReason::KeyCompromise,
        Reason::Superseded => RevocationReason::Superseded,
        Reason::Cessation => RevocationReason::CessationOfOperation,
        Reason::Withdrawn => RevocationReason::PrivilegeWithdrawn,
    }
}
