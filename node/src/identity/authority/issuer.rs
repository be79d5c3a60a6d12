//! One key that signs: a root or a region's authority, in one generation.

use super::AuthorityError;
use super::files::{self, Readers};
use super::ledger::{Ground, Ledger, Record};
use super::template::{self, Template, Term};
use crate::clock;
use crate::entropy::Entropy;
use crate::identity::chain;
use crate::identity::material;
use crate::identity::profile::{Subject, TrustDomain};
use crate::identity::revocation::Serial;
use hotline_topology::Time;
use rcgen::{
    CertificateRevocationListParams, Issuer as Signer, KeyIdMethod, KeyPair, RevokedCertParams,
    SerialNumber,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// By when the next revocation list is promised.
const NEXT_LIST_WITHIN: Duration = Duration::from_secs(7 * 86_400);

const CERTIFICATE: &str = "ca.crt";
const KEY: &str = "ca.key";
const LIST: &str = "crl.pem";

/// A folder with `ca.crt` (its certificate, then those above up to, but without, the root; a root's
/// is itself), `ca.key`, `issued.toml` and `crl.pem`.
pub(super) struct Issuer {
    pub folder: PathBuf,
    certificate: CertificateDer<'static>,
    /// `ca.crt` as it stands.
    pub chain_pem: String,
    pub ledger: Ledger,
    pub term: Term,
    pub subject_name: Vec<u8>,
    is_root: bool,
}

/// A certificate with its key, as yet in memory.
pub(super) struct Signed {
    pub serial: Serial,
    pub term: Term,
    /// The new certificate, then its issuers up to, but without, the root, in PEM.
    pub chain_pem: String,
    pub key: KeyPair,
}

impl Issuer {
    /// Makes a root's folder.
    pub(super) fn create_root(
        folder: &Path,
        domain: &TrustDomain,
        common_name: String,
        term: Term,
        now: Time,
        entropy: &mut dyn Entropy,
    ) -> Result<Self, AuthorityError> {
        let serial = template::draw_serial(entropy)?;
        let key = template::draw_key(entropy)?;
        let template = Template {
            domain,
            subject: None,
            common_name,
            dns_name: None,
            serial: &serial,
            term,
        };
        let certificate = template.params()?.self_signed(&key)?.pem();
        Self::create(folder, &certificate, &key, now)
    }

    /// Puts an issuer's folder on the disk, with an empty revocation list.
    pub(super) fn create(
        folder: &Path,
        chain_pem: &str,
        key: &KeyPair,
        now: Time,
    ) -> Result<Self, AuthorityError> {
        write_pair(folder, CERTIFICATE, chain_pem, KEY, key)?;
        let mut issuer = Self::load(folder)?;
        issuer.sign_list(now)?;
        Ok(issuer)
    }

    pub(super) fn load(folder: &Path) -> Result<Self, AuthorityError> {
        let path = folder.join(CERTIFICATE);
        let certificate = material::read_certificates(&path)?.swap_remove(0);
        let facts = chain::facts(&certificate).map_err(|error| AuthorityError::Damaged {
            path: path.clone(),
            why: error.to_string(),
        })?;
        Ok(Self {
            folder: folder.to_owned(),
            ledger: Ledger::load(folder)?,
            term: Term {
                not_before: facts.not_before,
                not_after: facts.not_after,
            },
            is_root: facts.subject_name == facts.id.issuer,
            subject_name: facts.subject_name,
            chain_pem: fs::read_to_string(&path)
                .map_err(|source| AuthorityError::Files { path, source })?,
            certificate,
        })
    }

    /// When the first certificate from here up to, but without, the root ends: nobody believes the issuer longer.
    pub(super) fn chain_ends(&self) -> Result<Time, AuthorityError> {
        let damaged = |why: String| AuthorityError::Damaged {
            path: self.folder.join(CERTIFICATE),
            why,
        };
        let mut ends = self.term.not_after;
        for der in CertificateDer::pem_slice_iter(self.chain_pem.as_bytes()) {
            let der = der.map_err(|error| damaged(error.to_string()))?;
            let facts = chain::facts(&der).map_err(|error| damaged(error.to_string()))?;
            ends = ends.min(facts.not_after);
        }
        Ok(ends)
    }

    /// The signing key, read anew each time: it lives in memory no longer than a signature takes.
    fn signer(&self) -> Result<Signer<'static, KeyPair>, AuthorityError> {
        let PrivateKeyDer::Pkcs8(der) = material::read_key(&self.folder.join(KEY))? else {
            let path = self.folder.join(KEY);
            return Err(AuthorityError::Damaged {
                path,
                why: "不是 PKCS#8 私钥".to_owned(),
            });
        };
        let key = KeyPair::from_pkcs8_der_and_sign_algo(&der, &rcgen::PKCS_ED25519)?;
        Ok(Signer::from_ca_cert_der(&self.certificate, key)?)
    }

    /// Certifies a new key for `subject`. The record is on the disk before the signature exists.
    pub(super) fn certify(
        &mut self,
        domain: &TrustDomain,
        subject: &Subject,
        common_name: String,
        dns_name: Option<&str>,
        term: Term,
        entropy: &mut dyn Entropy,
    ) -> Result<Signed, AuthorityError> {
        let ends = self.term.not_after;
        if ends <= term.not_before {
            return Err(AuthorityError::IssuerExpired {
                folder: self.folder.clone(),
                ended: ends,
            });
        }
        // What outlived its issuer would be refused anyway, and show a date that is not true.
        let term = Term {
            not_after: term.not_after.min(ends),
            ..term
        };
        let signer = self.signer()?;
        let serial = template::draw_serial(entropy)?;
        let key = template::draw_key_for(subject, entropy)?;
        let template = Template {
            domain,
            subject: Some(subject),
            common_name,
            dns_name,
            serial: &serial,
            term,
        };
        let params = template.params()?;
        self.ledger.records.push(Record::new(
            &serial,
            domain.uri(subject),
            term.not_before,
            term.not_after,
        ));
        self.ledger.save(&self.folder)?;
        let mut chain_pem = params.signed_by(&key, &signer)?.pem();
        if !self.is_root {
            chain_pem.push_str(&self.chain_pem);
        }
        Ok(Signed {
            serial,
            term,
            chain_pem,
            key,
        })
    }

    /// Signs the next revocation list and puts it into the folder.
    pub(super) fn sign_list(&mut self, now: Time) -> Result<(), AuthorityError> {
        let signer = self.signer()?;
        let minutes = u64::try_from(now.0.div_euclid(60_000)).unwrap_or(0);
        self.ledger.list_number = minutes.max(self.ledger.list_number.saturating_add(1));
        self.ledger.save(&self.folder)?;
        let revoked = self.ledger.records.iter().filter_map(|record| {
            let revocation = record.revoked.as_ref()?;
            Some(RevokedCertParams {
                serial_number: template::serial_number(&Serial::from_hex(record.serial())?),
                revocation_time: clock::system_time(revocation.at()).into(),
                reason_code: Some(template::reason_code(revocation.reason)),
                invalidity_date: revocation
                    .stolen_since()
                    .map(|since| clock::system_time(since).into()),
            })
        });
        let list = CertificateRevocationListParams {
            this_update: clock::system_time(now).into(),
            next_update: clock::system_time(clock::after(now, NEXT_LIST_WITHIN)).into(),
            crl_number: SerialNumber::from(self.ledger.list_number),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let pem = list.signed_by(&signer)?.pem()?;
        let path = self.folder.join(LIST);
        files::write(&path, pem.as_bytes(), Readers::All)
            .map_err(|source| AuthorityError::Files { path, source })
    }

    /// The revocation list as it stands in the folder, in PEM.
    pub(super) fn list_pem(&self) -> Result<String, AuthorityError> {
        let path = self.folder.join(LIST);
        fs::read_to_string(&path).map_err(|source| AuthorityError::Files { path, source })
    }

    /// Notes a revocation and signs a new list; `false` when the serial number is not of this
    /// issuer.
    pub(super) fn revoke(
        &mut self,
        serial: &Serial,
        now: Time,
        ground: Ground,
    ) -> Result<bool, AuthorityError> {
        if !self.ledger.revoke(serial, now, ground) {
            return Ok(false);
        }
        self.sign_list(now)?;
        Ok(true)
    }
}

/// Writes a chain and its key into a folder; the key first, so that a certificate never stands
/// there without one.
pub(super) fn write_pair(
    folder: &Path,
    certificate_name: &str,
    chain_pem: &str,
    key_name: &str,
    key: &KeyPair,
) -> Result<(), AuthorityError> {
    let failed = |path: PathBuf| move |source| AuthorityError::Files { path, source };
    files::create_folder(folder).map_err(failed(folder.to_owned()))?;
    let key_pem = Zeroizing::new(key.serialize_pem());
    let path = folder.join(key_name);
    files::write(&path, key_pem.as_bytes(), Readers::Owner).map_err(failed(path))?;
    let path = folder.join(certificate_name);
    files::write(&path, chain_pem.as_bytes(), Readers::All).map_err(failed(path))
}
