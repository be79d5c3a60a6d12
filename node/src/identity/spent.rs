//! Private keys that are in use no more. Whoever finds one years later signs with it under any date: so a node that was
//! renewed destroys the key of before, durably, and only once the new one is in use.
//!
//! The keeper of certificates destroys it in his folder as he renews. A node destroys what stands in the `previous/` of
//! its folder, where earlier releases of the keeper put it, and says where else an old key lies: what people copied they
//! remove themselves.

use super::material::Material;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Where the keeper puts what was in use before.
pub const PREVIOUS: &str = "previous";
/// No private key is longer.
const KEY_BYTES_MAX: u64 = 64 * 1024;

/// What became of the keys that are in use no more.
#[derive(Debug, Default)]
pub struct Spent {
    /// Those that were destroyed.
    pub destroyed: Vec<PathBuf>,
    /// Those that still lie there, and why, where the node would have destroyed them.
    pub lying: Vec<(PathBuf, Option<io::Error>)>,
}

impl Spent {
    /// Says in the log what was found.
    pub fn tell(&self) {
        for path in &self.destroyed {
            tracing::info!("新私钥已在使用，旧私钥已销毁：{}", path.display());
        }
        for (path, why) in &self.lying {
            let path = path.display();
            let why = why.as_ref();
            let why = why.map_or_else(String::new, |why| format!("（未能自动销毁：{why}）"));
            tracing::warn!(
                "证书文件夹里还有不再使用的私钥 {path}{why}：多年以后它仍能倒填日期签名，请执行 shred -u {path}"
            );
        }
    }
}

/// Looks through a node's folder for keys other than those in use; `good` says that the new ones are, and that peers
/// take them.
#[must_use]
pub fn clear(material: &Material, good: bool) -> Spent {
    let mut spent = Spent::default();
    let previous = material.folder.join(PREVIOUS);
    for folder in [&material.folder, &previous] {
        for path in keys_in(folder) {
            let Some(key) = key_at(&path) else { continue };
            if is_in_use(&key, material) {
                continue;
            }
            match (good && *folder == previous).then(|| destroy(&path)) {
                Some(Ok(())) => spent.destroyed.push(path),
                Some(Err(error)) => spent.lying.push((path, Some(error))),
                None => spent.lying.push((path, None)),
            }
        }
    }
    spent
}

fn is_in_use(key: &PrivateKeyDer<'_>, material: &Material) -> bool {
    let door = material.door.as_ref().map(|door| &door.key);
    let mut in_use = [Some(&material.key), door].into_iter().flatten();
    in_use.any(|one| one.secret_der() == key.secret_der())
}

/// Files that may hold keys of a node: not those of people, nor what stands elsewhere under a link.
fn keys_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut all: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    all.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let found = fs::symlink_metadata(path);
        !name.starts_with("operator.")
            && found.is_ok_and(|found| found.is_file() && found.len() <= KEY_BYTES_MAX)
    });
    all.sort();
    all
}

fn key_at(path: &Path) -> Option<PrivateKeyDer<'static>> {
    let text = Zeroizing::new(fs::read(path).ok()?);
    PrivateKeyDer::from_pem_slice(&text).ok()
}

/// Overwrites a file and removes it; both are on the disk when this returns.
///
/// # Errors
/// The file cannot be written or removed.
pub fn destroy(path: &Path) -> io::Result<()> {
    blank(&mut OpenOptions::new().write(true).open(path)?)?;
    fs::remove_file(path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Overwrites what a file holds, whatever name it has by now.
///
/// # Errors
/// It cannot be written.
pub fn blank(file: &mut File) -> io::Result<()> {
    let length = file.metadata()?.len().min(KEY_BYTES_MAX);
    file.rewind()?;
    let zeros = vec![0; usize::try_from(length).unwrap_or(0)];
    file.write_all(&zeros)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;
    use crate::identity::Subject;
    use crate::identity::authority::{Authority, LEAF_DAYS, Signer};
    use hotline_topology::{RegionKey, Time};

    const CITY: RegionKey = RegionKey::literal("210100000000");
    const NOW: Time = Time(1_767_196_800_000);

    /// A keeper whose city was renewed once; the folder of the city's node, and its key of before.
    fn renewed() -> (tempfile::TempDir, PathBuf, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let entropy = &mut SeededEntropy::new(5);
        let domain = "12345.example".parse().unwrap();
        let keeper = Authority::init(folder.path(), &domain, NOW, entropy).unwrap();
        keeper
            .issue_authority(CITY, Signer::Root, NOW, entropy)
            .unwrap();
        let node = Subject::Node(CITY);
        keeper.issue_node(CITY, CITY, NOW, entropy).unwrap();
        let certs = keeper.folder_of(&node);
        let old = fs::read(certs.join("node.key")).unwrap();
        keeper.renew(&node, LEAF_DAYS, NOW, entropy).unwrap();
        (folder, certs, old)
    }

    #[test]
    fn the_keeper_keeps_no_key_of_before() {
        let (folder, certs, old) = renewed();
        assert!(certs.join("previous/node.crt").exists());
        for stem in ["node", "door"] {
            assert!(!certs.join(format!("previous/{stem}.key")).exists());
        }
        let mut folders = vec![folder.path().to_owned()];
        while let Some(at) = folders.pop() {
            for entry in fs::read_dir(at).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => assert_ne!(fs::read(&path).unwrap(), old, "{}", path.display()),
                }
            }
        }
        let material = Material::load_node(&certs).unwrap();
        let spent = clear(&material, true);
        assert!(
            spent.destroyed.is_empty() && spent.lying.is_empty(),
            "{spent:?}"
        );
    }

    #[test]
    fn a_node_destroys_what_an_earlier_keeper_left_and_names_what_people_copied() {
        let (_folder, certs, old) = renewed();
        let (previous, copied) = (certs.join("previous/node.key"), certs.join("node.key.bak"));
        for path in [&previous, &copied] {
            fs::write(path, &old).unwrap();
        }
        fs::copy(certs.join("node.key"), certs.join("copy.key")).unwrap();
        let material = Material::load_node(&certs).unwrap();
        let found = clear(&material, false);
        assert_eq!(
            found.destroyed.len(),
            0,
            "peers do not take the new one yet"
        );
        assert_eq!(found.lying.len(), 2);
        let found = clear(&material, true);
        assert_eq!(found.destroyed, std::slice::from_ref(&previous));
        let lying: Vec<&PathBuf> = found.lying.iter().map(|(path, _)| path).collect();
        assert_eq!(lying, [&copied]);
        assert!(!previous.exists() && certs.join("node.key").exists());
        assert!(Material::load_node(&certs).is_ok());
    }

    #[test]
    fn what_is_destroyed_is_overwritten_under_whatever_name() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&path, b"secret").unwrap();
        fs::hard_link(&path, &other).unwrap();
        destroy(&path).unwrap();
        assert!(!path.exists());
        assert_eq!(fs::read(&other).unwrap(), [0; 6]);
    }
}
