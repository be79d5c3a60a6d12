//! The data folder, looked at before anything is made: whether it is there, this region's, whole and the node's alone.

use crate::codec::folder::Folder as Folds;
use crate::config::Fault;
use crate::store::disk::{Disk, RealDisk};
use crate::store::{Folder, look};
use hotline_topology::RegionKey;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

/// What stands there.
///
/// # Errors
/// Each fault with what to do.
pub(super) fn found(data: &Path, me: RegionKey) -> Result<Folder, Vec<Fault>> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    look(&disk, data, me.as_str(), &Folds::new(me))
        .map_err(|found| found.iter().map(|error| fault(error.to_string())).collect())
}

/// Whether a node can run on it: a folder that is not there, or has nothing in it, is somebody's slip more often than a
/// new node's, and a second node under the same certificate makes its neighbours refuse the first.
pub(super) fn check(data: &Path, me: RegionKey, config: &Path, faults: &mut Vec<Fault>) {
    let nothing = match found(data, me) {
        Err(found) => return faults.extend(found),
        Ok(Folder::Begun(_) | Folder::Marked) => return,
        Ok(Folder::Missing) => "不存在".to_owned(),
        Ok(Folder::Empty(None)) => "是空的".to_owned(),
        Ok(Folder::Empty(Some(other))) => {
            format!("里面没有节点的数据（有别的东西，如 {other}）")
        }
    };
    faults.push(fault(format!(
        "数据文件夹 {} {nothing}：所在的盘可能没有挂载，或路径写错了；确是新节点、还没有初始化的，先执行 hotline init --config {}",
        data.display(),
        config.display()
    )));
}

pub(super) fn fault(message: String) -> Fault {
    Fault {
        key: "node.data".to_owned(),
        message,
    }
}

/// Takes away from a folder, and from all that is in it, what others than the owner may do there; says whether they could
/// do anything.
///
/// # Errors
/// What the system answers.
pub(super) fn close_to_others(data: &Path) -> io::Result<bool> {
    let open = std::fs::symlink_metadata(data)?.permissions().mode() & 0o077 != 0;
    if open {
        close(data)?;
    }
    Ok(open)
}

fn close(path: &Path) -> io::Result<()> {
    let found = std::fs::symlink_metadata(path)?;
    if found.is_symlink() {
        return Ok(());
    }
    let mode = found.permissions().mode() & 0o7700;
    std::fs::set_permissions(path, Permissions::from_mode(mode))?;
    if found.is_dir() {
        for entry in std::fs::read_dir(path)? {
            close(&entry?.path())?;
        }
    }
    Ok(())
}
