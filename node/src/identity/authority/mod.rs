//! The keeper of certificates: an offline root, an authority for each region that certifies, and
//! what they issued.
//!
//! ```text
//! domain.toml                      the trust domain
//! root/<generation>/               ca.crt  ca.key  issued.toml  crl.pem; keep it off the network
//! authorities/<key>/<generation>/  ca.crt (and those above)  ca.key  issued.toml  crl.pem
//! nodes/<key>/                     node.crt (and authorities)  node.key  roots.crt  crl.pem; door.crt  door.key
//! operators/<key>/<name>/          operator.crt (and authorities)  operator.key  and as above
//! public/                          roots.crt  crl.pem: what every node must have
//! ```
//!
//! All issuers may lie in one folder, as in a demonstration, or each region keeps only
//! `domain.toml` and its own authority. A generation is one key of an issuer: renewal makes the
//! next one, and the old keeps signing its revocation list while anything that it certified is
//! valid. Renewing never revokes: old and new overlap.
//!
//! Whether an authority may certify a region is judged by every peer, who knows the tree
//! ([`super::verify_chain`]): a stolen authority would not ask itself. People at the command line are
//! told before ([`Territory`]).

mod error;
mod files;
mod issuer;
mod keep;
mod ledger;
mod revoking;
mod scope;
mod sealing;
mod template;

#[cfg(test)]
mod tests;

pub use error::AuthorityError;
pub use ledger::{Ground, Reason, Record, Revocation};
pub use revoking::Which;
pub use scope::{Territory, TerritoryError};
pub use sealing::Lists;
pub use template::{BACKDATED_BY, Term};

use super::material;
use super::profile::{OperatorName, Subject, TrustDomain};
use super::revocation::{ListAge, Serial};
use crate::entropy::Entropy;
use files::Readers;
use hotline_topology::{RegionKey, Time};
use keep::{generations, keep_previous, stem};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Days for which a root is made.
pub const ROOT_DAYS: u32 = 3650;
/// Days for which an authority is certified.
pub const AUTHORITY_DAYS: u32 = 1095;
/// Days for which a node or an operator is certified.
pub const LEAF_DAYS: u32 = 90;

const DOMAIN_FILE: &str = "domain.toml";

/// Who signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    /// The root; for authorities only.
    Root,
    /// The authority of a region.
    Region(RegionKey),
}

impl Signer {
    fn label(self) -> String {
        match self {
            Self::Root => "根".to_owned(),
            Self::Region(region) => region.to_string(),
        }
    }
}

/// A certificate that was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Its serial number.
    pub serial: Serial,
    /// Its validity, which never goes beyond its issuer's.
    pub term: Term,
    /// The folder with certificate and key.
    pub folder: PathBuf,
}

/// One line of the list of certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The folder of the issuer, relative to the keeper's.
    pub issuer: String,
    /// What was issued.
    pub record: Record,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DomainFile {
    trust_domain: String,
}

/// A keeper's folder.
#[derive(Debug, Clone)]
pub struct Authority {
    folder: PathBuf,
    domain: TrustDomain,
}

impl Authority {
    /// Makes a keeper's folder with a root, and nothing issued yet.
    ///
    /// # Errors
    /// When there is one already, or a file cannot be written.
    pub fn init(
        folder: &Path,
        domain: &TrustDomain,
        now: Time,
        entropy: &mut dyn Entropy,
    ) -> Result<Self, AuthorityError> {
        let path = folder.join(DOMAIN_FILE);
        if path.exists() {
            return Err(AuthorityError::AlreadyInitialised(folder.to_owned()));
        }
        let authority = Self {
            folder: folder.to_owned(),
            domain: domain.clone(),
        };
        authority.create_root(1, now, entropy)?;
        let file = DomainFile {
            trust_domain: domain.to_string(),
        };
        let text = toml::to_string(&file).map_err(|error| AuthorityError::Damaged {
            path: path.clone(),
            why: error.to_string(),
        })?;
        files::write(&path, text.as_bytes(), Readers::All)
            .map_err(|source| AuthorityError::Files { path, source })?;
        authority.publish()?;
        Ok(authority)
    }

    /// Opens a keeper's folder.
    ///
    /// # Errors
    /// When it is none.
    pub fn open(folder: &Path) -> Result<Self, AuthorityError> {
        let path = folder.join(DOMAIN_FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(AuthorityError::NotInitialised(folder.to_owned()));
            }
            Err(source) => return Err(AuthorityError::Files { path, source }),
        };
        let damaged = |why: String| AuthorityError::Damaged {
            path: path.clone(),
            why,
        };
        let file: DomainFile =
            toml::from_str(&text).map_err(|error| damaged(error.message().to_owned()))?;
        let domain = file
            .trust_domain
            .parse::<TrustDomain>()
            .map_err(|error| damaged(error.to_string()))?;
        Ok(Self {
            folder: folder.to_owned(),
            domain,
        })
    }

    /// The federation's trust domain.
    #[must_use]
    pub fn domain(&self) -> &TrustDomain {
        &self.domain
    }

    /// The folder in which the certificates of `subject` stand.
    #[must_use]
    pub fn folder_of(&self, subject: &Subject) -> PathBuf {
        match subject {
            Subject::Node(region) | Subject::Door(region) => {
                self.folder.join("nodes").join(region.as_str())
            }
            Subject::Authority(region) => self.folder.join("authorities").join(region.as_str()),
            Subject::Operator { region, name } => self
                .folder
                .join("operators")
                .join(region.as_str())
                .join(name.as_str()),
        }
    }

    /// Certifies the authority of a region, by the root or by an authority above.
    ///
    /// # Errors
    /// When there is one already, or the signer is not here or has expired.
    pub fn issue_authority(
        &self,
        region: RegionKey,
        by: Signer,
        now: Time,
        entropy: &mut dyn Entropy,
    ) -> Result<Issued, AuthorityError> {
        self.issue(
            &Subject::Authority(region),
            by,
            Term::days(now, AUTHORITY_DAYS),
            now,
            entropy,
        )
    }

    /// Certifies the node of a region, by the authority of `by`.
    ///
    /// # Errors
    /// When it is certified already, or the signer is not here or has expired.
    pub fn issue_node(
        &self,
        region: RegionKey,
        by: RegionKey,
        now: Time,
        entropy: &mut dyn Entropy,
    ) -> Result<Issued, AuthorityError> {
        self.issue(
            &Subject::Node(region),
            Signer::Region(by),
            Term::days(now, LEAF_DAYS),
            now,
            entropy,
        )
    }

    /// Certifies an operator of a region's node, by the authority of `by`.
    ///
    /// # Errors
    /// As for a node.
    pub fn issue_operator(
        &self,
        region: RegionKey,
        name: OperatorName,
        by: RegionKey,
        now: Time,
        entropy: &mut dyn Entropy,
    ) -> Result<Issued, AuthorityError> {
        let subject = Subject::Operator { region, name };
        self.issue(
            &subject,
            Signer::Region(by),
            Term::days(now, LEAF_DAYS),
            now,
            entropy,
        )
    }

    /// Certifies any subject for any term.
    ///
    /// # Errors
    /// When it is certified already, or the signer is not here or has expired.
    pub fn issue(
        &self,
        subject: &Subject,
        by: Signer,
        term: Term,
        now: Time,
        entropy: &mut dyn Entropy,
    ) -> Result<Issued, AuthorityError> {
        self.issue_named(subject, by, None, term, now, entropy)
    }

    /// As [`Authority::issue`], with a DNS name other than the subject's: an example of what must
    /// be refused.
    pub(in crate::identity) fn issue_named(
        &self,
        subject: &Subject,
        by: Signer,
        dns_name: Option<&str>,
        term: Term,
        now: Time,
        entropy: &mut dyn Entropy,
    ) -> Result<Issued, AuthorityError> {
        if self.folder_of(subject).exists() {
            return Err(AuthorityError::AlreadyIssued(self.domain.uri(subject)));
        }
        let issued = self.certify(subject, by, dns_name, term, now, entropy)?;
        self.certify_door(subject, by, term, now, entropy)?;
        self.publish()?;
        Ok(issued)
    }

    /// With a node's certificate comes one for its operators' port, by the same signer and for the same term.
    fn certify_door(
        &self,
        subject: &Subject,
        by: Signer,
        term: Term,
        now: Time,
        entropy: &mut dyn Entropy,
    ) -> Result<(), AuthorityError> {
        if let Subject::Node(region) = subject {
            self.certify(&Subject::Door(*region), by, None, term, now, entropy)?;
        }
        Ok(())
    }

    /// Gives a subject a new key and a new certificate by the same signer. The old certificate
    /// stays valid to its end and stands in `previous/`; revoke it by its serial number where it
    /// should not. The old key of a node or operator is destroyed here; the node has its own copy. An authority's old key
    /// stays: it signs the list of what it certified.
    ///
    /// # Errors
    /// When there is nothing to renew, or the signer is not here or has expired.
    pub fn renew(
        &self,
        subject: &Subject,
        days: u32,
        now: Time,
        entropy: &mut dyn Entropy,
    ) -> Result<Issued, AuthorityError> {
        self.renew_by(subject, None, days, now, entropy)
    }

    /// The same by another signer, where one is named.
    ///
    /// # Errors
    /// As for [`Authority::renew`].
    pub fn renew_by(
        &self,
        subject: &Subject,
        by: Option<Signer>,
        days: u32,
        now: Time,
        entropy: &mut dyn Entropy,
    ) -> Result<Issued, AuthorityError> {
        let folder = self.folder_of(subject);
        let current = match subject {
            Subject::Authority(_) => generations(&folder)?.pop().map(|last| last.join("ca.crt")),
            Subject::Node(_) | Subject::Operator { .. } | Subject::Door(_) => {
                Some(folder.join(format!("{}.crt", stem(subject))))
            }
        };
        let current = current
            .filter(|path| path.exists())
            .ok_or_else(|| AuthorityError::NotIssued(self.domain.uri(subject)))?;
        let by = match by {
            Some(by) => by,
            None => self.signer_of(&current)?,
        };
        let replaced = match subject {
            Subject::Authority(_) => None,
            _ => Some(keep_previous(&folder)?),
        };
        let term = Term::days(now, days);
        let issued = self.certify(subject, by, None, term, now, entropy)?;
        self.certify_door(subject, by, term, now, entropy)?;
        if let Some(replaced) = replaced {
            replaced.destroy()?;
        }
        self.publish()?;
        Ok(issued)
    }

    /// Makes the next root. Certificates of the old one stay valid; give the new `public/roots.crt`
    /// to every node before anything that the new root certified is used.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn renew_root(
        &self,
        now: Time,
        entropy: &mut dyn Entropy,
    ) -> Result<PathBuf, AuthorityError> {
        let generation = generations(&self.folder.join("root"))?.len() + 1;
        let root = self.create_root(generation, now, entropy)?;
        self.publish()?;
        Ok(root.folder)
    }

    /// Signs every revocation list anew and publishes them: to be done before a week has passed.
    ///
    /// # Errors
    /// When an issuer's key cannot be used.
    pub fn refresh_lists(&self, now: Time) -> Result<(), AuthorityError> {
        for mut issuer in self.issuers()? {
            issuer.sign_list(now)?;
        }
        self.publish()
    }

    /// Everything that the issuers here have issued, by issuer and in the order of issue.
    ///
    /// # Errors
    /// When an issuer's folder cannot be read.
    pub fn list(&self) -> Result<Vec<Entry>, AuthorityError> {
        let mut all = Vec::new();
        for issuer in self.issuers()? {
            let label = self.relative(&issuer.folder);
            let entries = issuer.ledger.records.into_iter();
            all.extend(entries.map(|record| Entry {
                issuer: label.clone(),
                record,
            }));
        }
        Ok(all)
    }

    /// The age of each published revocation list, the oldest first.
    ///
    /// # Errors
    /// When the published lists cannot be read.
    pub fn list_ages(&self, now: Time) -> Result<Vec<ListAge>, AuthorityError> {
        Ok(material::read_lists(&self.folder.join("public/crl.pem"))?.ages(now))
    }
}
