//! Signing documents of the world with the keys that are kept here.

use super::issuer::Issuer;
use super::{Authority, AuthorityError, Signer, Subject};
use crate::identity::material;
use crate::identity::seal::{SealKey, seal};
use hotline_domain::world::Header;
use hotline_topology::Time;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

/// Revocation lists to be handed on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lists {
    /// The lists and the certificates of their issuers, in PEM.
    pub pem: String,
    /// Which of the issuers have ended, by their folders, and when they did.
    pub ended: Vec<(String, Time)>,
}

impl Authority {
    /// Signs a document by every generation of the signer that is here: whoever trusts one of them believes it, those
    /// among them that do not know the newest root yet.
    ///
    /// # Errors
    /// The signer is not here, or a key cannot be used.
    pub fn seal(
        &self,
        by: Signer,
        header: &Header,
        content: Vec<u8>,
    ) -> Result<Vec<u8>, AuthorityError> {
        let mut keys = Vec::new();
        for issuer in self.signers(by)? {
            let damaged = |why: String| AuthorityError::Damaged {
                path: issuer.folder.clone(),
                why,
            };
            let chain = CertificateDer::pem_slice_iter(issuer.chain_pem.as_bytes())
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| damaged(error.to_string()))?;
            let key = material::read_key(&issuer.folder.join("ca.key"))?;
            keys.push(SealKey { chain, key });
        }
        seal(header, content, &keys).map_err(|error| AuthorityError::Damaged {
            path: self.folder.clone(),
            why: error.to_string(),
        })
    }

    /// The roots here, in PEM: the content of a trust document.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn roots_pem(&self) -> Result<String, AuthorityError> {
        let roots = self.generations_of(&self.folder.join("root"))?;
        Ok(roots.iter().map(|root| root.chain_pem.as_str()).collect())
    }

    /// The revocation lists that a signer speaks for: the root for all that are here, a region's authority for its own.
    /// An issuer that has ended is among them: what it certified signed letters that count for years, and a key may be
    /// found stolen long after.
    ///
    /// # Errors
    /// A file cannot be read, or every issuer has ended: nobody would believe the document.
    pub fn lists(&self, by: Signer, now: Time) -> Result<Lists, AuthorityError> {
        let issuers = match by {
            Signer::Root => self.issuers()?,
            Signer::Region(_) => self.signers(by)?,
        };
        let mut lists = Lists::default();
        for issuer in &issuers {
            let ended = issuer.chain_ends()?;
            if now > ended {
                lists.ended.push((self.relative(&issuer.folder), ended));
            }
            lists.pem.push_str(&issuer.list_pem()?);
            lists.pem.push_str(&issuer.chain_pem);
        }
        match (lists.ended.len() == issuers.len(), issuers.last()) {
            (true, Some(last)) => Err(AuthorityError::IssuerExpired {
                folder: last.folder.clone(),
                ended: last.chain_ends()?,
            }),
            _ => Ok(lists),
        }
    }

    fn signers(&self, by: Signer) -> Result<Vec<Issuer>, AuthorityError> {
        let folder = match by {
            Signer::Root => self.folder.join("root"),
            Signer::Region(region) => self.folder_of(&Subject::Authority(region)),
        };
        let all = self.generations_of(&folder)?;
        if all.is_empty() {
            return Err(AuthorityError::NoIssuer {
                signer: by.label(),
                path: folder,
            });
        }
        Ok(all)
    }
}
