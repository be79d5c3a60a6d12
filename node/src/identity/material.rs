//! What a node needs to prove who it is and to judge others, read from one folder:
//!
//! ```text
//! node.crt    its certificate, then the authorities' up to, but without, the root (PEM)
//! node.key    its private key, readable by its owner alone
//! door.crt    the same for the port where people's programs call from afar; where there is none,
//! door.key    that port shows the node's own, which programs that know no Ed25519 cannot read
//! roots.crt   the roots that it trusts
//! crl.pem     one revocation list for every issuer that it may meet
//! ```
//!
//! An operator's folder has `operator.crt` and `operator.key` instead of the first two.

use super::revocation::{BadList, RevocationLists};
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a folder's files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MaterialError {
    /// A file that cannot be read.
    #[error("读不到 {path}：{source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A key file that others than its owner can read.
    #[error(
        "私钥文件 {path} 可被其他用户访问（权限 {mode:04o}），拒绝使用。请执行：chmod 600 {path}；若它可能已被他人读过，请吊销并重新签发",
        path = path.display()
    )]
    KeyMode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file that is not what its name says.
    #[error("{path} 的内容不是有效的{wanted}：{why}", path = path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
        /// What is wrong.
        why: String,
    },
    /// A folder whose parts do not fit together, or that TLS refuses.
    #[error("{path} 中的证书材料不能使用：{why}", path = path.display())]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// A chain with its key, the roots and the revocation lists.
pub struct Material {
    /// Where it came from, for messages.
    pub folder: PathBuf,
    /// The own certificate first, then the authorities up to, but without, the root.
    pub chain: Vec<CertificateDer<'static>>,
    /// The private key of the first certificate.
    pub key: PrivateKeyDer<'static>,
    /// Chain and key of the operators' port, where it has its own.
    pub door: Option<Shown>,
    /// The roots that are trusted.
    pub roots: Vec<CertificateDer<'static>>,
    /// The revocation lists of all issuers.
    pub lists: RevocationLists,
}

impl Clone for Material {
    fn clone(&self) -> Self {
        Self {
            folder: self.folder.clone(),
            chain: self.chain.clone(),
            key: self.key.clone_key(),
            door: self.door.clone(),
            roots: self.roots.clone(),
            lists: self.lists.clone(),
        }
    }
}

/// A chain with its key, as one port shows it.
pub struct Shown {
    /// The port's certificate first, then the authorities up to, but without, the root.
    pub chain: Vec<CertificateDer<'static>>,
    /// The private key of the first certificate.
    pub key: PrivateKeyDer<'static>,
}

impl Clone for Shown {
    fn clone(&self) -> Self {
        Self {
            chain: self.chain.clone(),
            key: self.key.clone_key(),
        }
    }
}

impl fmt::Debug for Material {
    /// Everything but the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Material")
            .field("folder", &self.folder)
            .field("certificates", &self.chain.len())
            .field("roots", &self.roots.len())
            .finish_non_exhaustive()
    }
}

impl Material {
    /// Reads a node's folder.
    ///
    /// # Errors
    /// When a file is missing or not what it should be, or the key is readable by others.
    pub fn load_node(folder: &Path) -> Result<Self, MaterialError> {
        let mut material = Self::load(folder, "node")?;
        let certificate = folder.join("door.crt");
        if certificate.exists() {
            material.door = Some(Shown {
                chain: read_certificates(&certificate)?,
                key: read_key(&folder.join("door.key"))?,
            });
        }
        Ok(material)
    }

    /// Reads an operator's folder.
    ///
    /// # Errors
    /// As for [`Material::load_node`].
    pub fn load_operator(folder: &Path) -> Result<Self, MaterialError> {
        Self::load(folder, "operator")
    }

    fn load(folder: &Path, stem: &str) -> Result<Self, MaterialError> {
        let lists = folder.join("crl.pem");
        Ok(Self {
            folder: folder.to_owned(),
            chain: read_certificates(&folder.join(format!("{stem}.crt")))?,
            key: read_key(&folder.join(format!("{stem}.key")))?,
            door: None,
            roots: read_certificates(&folder.join("roots.crt"))?,
            lists: read_lists(&lists)?,
        })
    }
}

/// Reads a private key that only its owner can read.
///
/// # Errors
/// When the file is missing, readable by group or others, or holds no key.
pub fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, MaterialError> {
    let unreadable = |source| MaterialError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    // The mode is asked of the opened file, so that nobody can exchange the file in between.
    let mode = mode_of(&file).map_err(unreadable)?;
    if mode & 0o077 != 0 {
        return Err(MaterialError::KeyMode {
            path: path.to_owned(),
            mode: mode & 0o7777,
        });
    }
    PrivateKeyDer::from_pem_reader(file).map_err(|error| bad_pem(path, "私钥", error))
}

#[cfg(unix)]
fn mode_of(file: &std::fs::File) -> io::Result<u32> {
    use std::os::unix::fs::MetadataExt;
    Ok(file.metadata()?.mode())
}

/// Reads the certificates of a PEM file in their order, at least one.
///
/// # Errors
/// When the file is missing or holds none, or something that cannot be decoded.
pub fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, MaterialError> {
    read_all(path, "证书")
}

/// Reads the revocation lists of a PEM file, at least one.
///
/// # Errors
/// When the file is missing or holds none, or one that cannot be parsed.
pub fn read_lists(path: &Path) -> Result<RevocationLists, MaterialError> {
    let wanted = "吊销列表";
    let ders: Vec<CertificateRevocationListDer<'static>> = read_all(path, wanted)?;
    RevocationLists::parse(ders).map_err(|BadList(why)| MaterialError::Content {
        path: path.to_owned(),
        wanted,
        why,
    })
}

fn read_all<T: PemObject>(path: &Path, wanted: &'static str) -> Result<Vec<T>, MaterialError> {
    let bytes = std::fs::read(path).map_err(|source| MaterialError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let all: Vec<T> = T::pem_slice_iter(&bytes)
        .collect::<Result<_, _>>()
        .map_err(|error| bad_pem(path, wanted, error))?;
    if all.is_empty() {
        return Err(bad_pem(path, wanted, pem::Error::NoItemsFound));
    }
    Ok(all)
}

fn bad_pem(path: &Path, wanted: &'static str, error: pem::Error) -> MaterialError {
    let why = match error {
        pem::Error::NoItemsFound => "文件中没有".to_owned() + wanted,
        other => other.to_string(),
    };
    MaterialError::Content {
        path: path.to_owned(),
        wanted,
        why,
    }
}
