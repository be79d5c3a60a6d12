//! Attachments in backups: each file is checked by its own name, so the list of a backup's contents need not name it.
//!
//! They are copied after the log, and a reference never stands in the log before its file is whole: so a backup holds
//! every file that its log says was written at the node. What the node itself no longer keeps, because nobody refers to
//! it or its key was destroyed, leaves the backup with the next one.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::backup::copy_file;
use crate::attachment::{FOLDER, ShelfError, files, verify};
use crate::store::StoreError;
use crate::store::disk::{Access, Disk, TMP_SUFFIX};

/// Copies what is not there yet from one folder's attachments to another's, and removes what is not in the first;
/// answers how many bytes were copied.
///
/// # Errors
/// A damaged file; a full or failing disk.
pub(super) fn copy(disk: &Arc<dyn Disk>, from: &Path, to: &Path) -> Result<u64, StoreError> {
    let source = list(&**disk, from)?;
    let there = list(&**disk, to)?;
    let folder = to.join(FOLDER);
    if source.is_empty() && there.is_empty() {
        return Ok(0);
    }
    let failed = |e| StoreError::io("写附件副本", &folder, e);
    disk.create_dir(&folder).map_err(failed)?;
    let mut copied = 0;
    for name in source.difference(&there) {
        let tmp = folder.join(format!("{name}{TMP_SUFFIX}"));
        let path = from.join(FOLDER).join(name);
        if !disk.exists(&path).map_err(failed)? {
            // Its key was destroyed since the folder was listed.
            continue;
        }
        copied += copy_file(&**disk, &path, &tmp, None, Access::Private)?.0;
        let to = folder.join(name);
        disk.rename(&tmp, &to).map_err(failed)?;
        check(disk, &to)?;
    }
    for name in there.difference(&source) {
        disk.remove(&folder.join(name)).map_err(failed)?;
    }
    disk.sync_dir(&folder).map_err(failed)?;
    Ok(copied)
}

/// Checks every attachment of a folder.
///
/// # Errors
/// The first that is damaged; a failing disk.
pub(super) fn verify_all(disk: &Arc<dyn Disk>, dir: &Path) -> Result<(), StoreError> {
    for name in list(&**disk, dir)? {
        check(disk, &dir.join(FOLDER).join(name))?;
    }
    Ok(())
}

fn check(disk: &Arc<dyn Disk>, file: &Path) -> Result<(), StoreError> {
    match verify(disk, file) {
        Ok(_) => Ok(()),
        Err(ShelfError::Full) => {
            let full = std::io::ErrorKind::StorageFull.into();
            Err(StoreError::io("读取附件", file, full))
        }
        Err(ShelfError::Io(error)) => Err(StoreError::io("读取附件", file, error)),
        Err(error @ (ShelfError::Missing(_) | ShelfError::Damaged(_))) => {
            Err(StoreError::BadBackup {
                dir: file.parent().unwrap_or(file).to_path_buf(),
                what: error.to_string(),
            })
        }
    }
}

fn list(disk: &dyn Disk, dir: &Path) -> Result<BTreeSet<String>, StoreError> {
    let found = files(disk, dir).map_err(|e| StoreError::io("列出附件", dir, e))?;
    let names = found.iter().filter_map(|file| file.file_name());
    Ok(names
        .map(|name| name.to_string_lossy().into_owned())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attachment::Shelf;
    use crate::store::disk::SimDisk;
    use zeroize::Zeroizing;

    #[test]
    fn files_are_copied_once_checked_and_follow_their_source() {
        let sim = SimDisk::new();
        let disk: Arc<dyn Disk> = Arc::new(sim.clone());
        let (node, backup) = (Path::new("/node"), Path::new("/backup"));
        assert_eq!(copy(&disk, node, backup).unwrap(), 0);
        let shelf = Shelf::open(Arc::clone(&disk), node).unwrap();
        let put = |bytes: &[u8]| {
            let mut incoming = shelf.begin("up", &Zeroizing::new([5; 32])).unwrap();
            incoming.write(bytes).unwrap();
            incoming.finish().unwrap().0
        };
        let (one, two) = (put(b"one"), put(b"two"));
        assert!(copy(&disk, node, backup).unwrap() > 0);
        assert_eq!(copy(&disk, node, backup).unwrap(), 0, "they are there");
        shelf.remove(one).unwrap();
        copy(&disk, node, backup).unwrap();
        assert_eq!(
            list(&sim, backup).unwrap(),
            BTreeSet::from([two.to_string()])
        );
        verify_all(&disk, backup).unwrap();
        sim.flip(&backup.join(FOLDER).join(two.to_string()), 3, 1)
            .unwrap();
        assert!(matches!(
            verify_all(&disk, backup),
            Err(StoreError::BadBackup { .. })
        ));
    }
}
