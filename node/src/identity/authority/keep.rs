//! Finding one's way in the keeper's folder.

use super::files::{self, Readers};
use super::issuer::{self, Issuer};
use super::{Authority, AuthorityError, Issued, ROOT_DAYS, Signer, Subject, Term, TrustDomain};
use crate::entropy::Entropy;
use crate::identity::{chain, material, spent};
use hotline_topology::{RegionKey, Time};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

impl Authority {
    /// Writes the roots and the current revocation lists to `public/` and to every folder of a node
    /// or operator here.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn publish(&self) -> Result<(), AuthorityError> {
        let (mut roots, mut lists) = (String::new(), String::new());
        for root in self.generations_of(&self.folder.join("root"))? {
            roots.push_str(&root.chain_pem);
        }
        for issuer in self.issuers()? {
            lists.push_str(&issuer.list_pem()?);
        }
        let mut folders = vec![self.folder.join("public")];
        folders.extend(subfolders(&self.folder.join("nodes"))?);
        for region in subfolders(&self.folder.join("operators"))? {
            folders.extend(subfolders(&region)?);
        }
        for folder in folders {
            let failed = |source| AuthorityError::Files {
                path: folder.clone(),
                source,
            };
            files::create_folder(&folder).map_err(failed)?;
            // Most publishing changes nothing: a new node changes no list.
            for (file, text) in [("roots.crt", &roots), ("crl.pem", &lists)] {
                let path = folder.join(file);
                if fs::read(&path).is_ok_and(|old| old == text.as_bytes()) {
                    continue;
                }
                files::write(&path, text.as_bytes(), Readers::All).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Makes a root of the given generation.
    pub(super) fn create_root(
        &self,
        generation: usize,
        now: Time,
        entropy: &mut dyn Entropy,
    ) -> Result<Issuer, AuthorityError> {
        let folder = self.folder.join("root").join(generation.to_string());
        let common_name = format!("hotline root {}", tag(entropy)?);
        Issuer::create_root(
            &folder,
            &self.domain,
            common_name,
            Term::days(now, ROOT_DAYS),
            now,
            entropy,
        )
    }

    /// Signs and puts the result into its folder, without publishing.
    pub(super) fn certify(
        &self,
        subject: &Subject,
        by: Signer,
        dns_name: Option<&str>,
        term: Term,
        now: Time,
        entropy: &mut dyn Entropy,
    ) -> Result<Issued, AuthorityError> {
        let mut signer = self.issuer(by)?;
        let common_name = match subject {
            Subject::Authority(region) => format!("authority {region} {}", tag(entropy)?),
            Subject::Node(region) => format!("node {region}"),
            Subject::Operator { region, name } => format!("operator {region} {name}"),
            Subject::Door(region) => format!("door {region}"),
        };
        let signed = signer.certify(&self.domain, subject, common_name, dns_name, term, entropy)?;
        let folder = self.folder_of(subject);
        let folder = match subject {
            Subject::Authority(_) => {
                let next = generations(&folder)?.len() + 1;
                let folder = folder.join(next.to_string());
                Issuer::create(&folder, &signed.chain_pem, &signed.key, now)?;
                folder
            }
            Subject::Node(_) | Subject::Operator { .. } | Subject::Door(_) => {
                let stem = stem(subject);
                let (certificate, key) = (format!("{stem}.crt"), format!("{stem}.key"));
                issuer::write_pair(&folder, &certificate, &signed.chain_pem, &key, &signed.key)?;
                folder
            }
        };
        Ok(Issued {
            serial: signed.serial,
            term: signed.term,
            folder,
        })
    }

    /// The newest generation of a signer.
    fn issuer(&self, by: Signer) -> Result<Issuer, AuthorityError> {
        let folder = match by {
            Signer::Root => self.folder.join("root"),
            Signer::Region(region) => self.folder_of(&Subject::Authority(region)),
        };
        match generations(&folder)?.pop() {
            Some(newest) => Issuer::load(&newest),
            None => Err(AuthorityError::NoIssuer {
                signer: by.label(),
                path: folder,
            }),
        }
    }

    /// Who signed the first certificate of a file: found by name among the issuers here.
    pub(super) fn signer_of(&self, certificate: &Path) -> Result<Signer, AuthorityError> {
        let damaged = |why: String| AuthorityError::Damaged {
            path: certificate.to_owned(),
            why,
        };
        let first = material::read_certificates(certificate)?.swap_remove(0);
        let facts = chain::facts(&first).map_err(|error| damaged(error.to_string()))?;
        for root in self.generations_of(&self.folder.join("root"))? {
            if root.subject_name == facts.id.issuer {
                return Ok(Signer::Root);
            }
        }
        for (region, folder) in self.authority_folders()? {
            for authority in self.generations_of(&folder)? {
                if authority.subject_name == facts.id.issuer {
                    return Ok(Signer::Region(region));
                }
            }
        }
        Err(AuthorityError::NoIssuer {
            signer: "原".to_owned(),
            path: self.folder.join("authorities"),
        })
    }

    /// Every issuer here in every generation: roots first, then regions in the order of their keys.
    pub(super) fn issuers(&self) -> Result<Vec<Issuer>, AuthorityError> {
        let mut all = self.generations_of(&self.folder.join("root"))?;
        for (_, folder) in self.authority_folders()? {
            all.extend(self.generations_of(&folder)?);
        }
        Ok(all)
    }

    pub(super) fn generations_of(&self, folder: &Path) -> Result<Vec<Issuer>, AuthorityError> {
        generations(folder)?
            .iter()
            .map(|generation| Issuer::load(generation))
            .collect()
    }

    fn authority_folders(&self) -> Result<Vec<(RegionKey, PathBuf)>, AuthorityError> {
        let folders = subfolders(&self.folder.join("authorities"))?.into_iter();
        Ok(folders
            .filter_map(|folder| Some((name(&folder)?.parse().ok()?, folder)))
            .collect())
    }

    /// The same keeper writing another trust domain into its certificates: an example of what must
    /// be refused.
    pub(in crate::identity) fn speaking_for(&self, domain: TrustDomain) -> Self {
        Self {
            folder: self.folder.clone(),
            domain,
        }
    }

    /// A folder as people read it: from the keeper's folder on.
    pub(super) fn relative(&self, folder: &Path) -> String {
        folder
            .strip_prefix(&self.folder)
            .unwrap_or(folder)
            .display()
            .to_string()
    }
}

/// Under which names the certificate and key of a subject stand in its folder.
pub(super) fn stem(subject: &Subject) -> &'static str {
    match subject {
        Subject::Authority(_) => "ca",
        Subject::Node(_) => "node",
        Subject::Operator { .. } => "operator",
        Subject::Door(_) => "door",
    }
}

/// The generations in an issuer's folder, the oldest first.
pub(super) fn generations(folder: &Path) -> Result<Vec<PathBuf>, AuthorityError> {
    let numbered = |path: PathBuf| Some((name(&path)?.parse::<u32>().ok()?, path));
    let mut all: Vec<_> = subfolders(folder)?
        .into_iter()
        .filter_map(numbered)
        .collect();
    all.sort();
    Ok(all.into_iter().map(|(_, path)| path).collect())
}

/// The folders within a folder, by name; none when it does not exist.
pub(super) fn subfolders(folder: &Path) -> Result<Vec<PathBuf>, AuthorityError> {
    let failed = |source| AuthorityError::Files {
        path: folder.to_owned(),
        source,
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut all = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            all.push(path);
        }
    }
    all.sort();
    Ok(all)
}

/// Keys that a renewal replaces.
pub(super) struct Replaced {
    /// The files as they were, whatever stands under their names by now.
    files: Vec<File>,
    /// The copies.
    copies: Vec<PathBuf>,
}

impl Replaced {
    /// Destroys them, once the new ones are on the disk.
    pub(super) fn destroy(self) -> Result<(), AuthorityError> {
        for mut file in self.files {
            // The file has no name any more; what cannot be overwritten is gone with its last reader.
            drop(spent::blank(&mut file));
        }
        for path in self.copies {
            spent::destroy(&path).map_err(|source| AuthorityError::Files { path, source })?;
        }
        Ok(())
    }
}

/// Copies certificate and key of a node or operator to `previous/`: should the renewal be cut off, the old pair stands
/// there whole.
pub(super) fn keep_previous(folder: &Path) -> Result<Replaced, AuthorityError> {
    let previous = folder.join(spent::PREVIOUS);
    let mut replaced = Replaced {
        files: Vec::new(),
        copies: Vec::new(),
    };
    let failed = |source| AuthorityError::Files {
        path: previous.clone(),
        source,
    };
    files::create_folder(&previous).map_err(failed)?;
    for stem in ["node", "operator", "door"] {
        for kind in ["crt", "key"] {
            let file = format!("{stem}.{kind}");
            let from = folder.join(&file);
            if from.exists() {
                // `copy` takes the permission bits along.
                let copy = previous.join(&file);
                fs::copy(&from, &copy).map_err(failed)?;
                if kind == "key" {
                    let opened = OpenOptions::new().write(true).open(&from);
                    replaced.files.extend(opened.ok());
                    replaced.copies.push(copy);
                }
            }
        }
    }
    Ok(replaced)
}

fn name(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
}

/// Eight random hexadecimal digits: they make an issuer's name unlike that of any other key.
fn tag(entropy: &mut dyn Entropy) -> Result<String, AuthorityError> {
    let mut bytes = [0u8; 4];
    entropy.fill(&mut bytes).map_err(AuthorityError::Entropy)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
