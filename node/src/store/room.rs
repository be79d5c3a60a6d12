//! Room on the disk. A store that begins nothing once little room is left never has to find out in the middle of a write:
//! log, keys and view stay sound, and it goes on as soon as there is room.

use std::path::Path;

use super::StoreError;
use super::disk::{Access, Disk, Room};

/// The most that is kept free.
const RESERVE_BYTES_MAX: u64 = 64 << 20;
/// The least that is kept free.
const RESERVE_BYTES_MIN: u64 = 1 << 20;
/// This part of a small file system is kept free.
const RESERVE_PART: u64 = 8;
/// The file that a probe leaves behind if it fails.
const PROBE: &str = "PROBE.tmp";
/// So many bytes tell whether a disk takes any.
const PROBE_BYTES: usize = 64 << 10;

/// How much of a file system must be free before a group is begun.
fn reserve(room: Room) -> u64 {
    (room.total / RESERVE_PART).clamp(RESERVE_BYTES_MIN, RESERVE_BYTES_MAX)
}

/// Whether there is room for another group.
pub(super) fn check(disk: &dyn Disk, dir: &Path) -> Result<(), StoreError> {
    match disk.room(dir) {
        Ok(Some(room)) if room.free < reserve(room) => Err(no_room(room, dir)),
        // What the system does not tell shows itself in the write.
        _ => Ok(()),
    }
}

/// Whether there is room for more than what keeps the store sound.
#[must_use]
pub fn has_room(disk: &dyn Disk, dir: &Path) -> bool {
    check(disk, dir).is_ok()
}

/// Whether the disk takes and keeps a file, and has room for an engine's own opening: half of what a group needs, so
/// that a store which could not be closed in order for want of room can be opened again with less.
pub(super) fn probe(disk: &dyn Disk, dir: &Path) -> Result<(), StoreError> {
    if let Ok(Some(room)) = disk.room(dir)
        && room.free < reserve(room) / 2
    {
        return Err(no_room(room, dir));
    }
    let path = dir.join(PROBE);
    let written = disk
        .write_new(&path, &[0x5A; PROBE_BYTES], Access::Common)
        .and_then(|()| disk.sync_file(&path));
    // Whether it can be removed as well is part of the question, but what went wrong first is the answer.
    let removed = disk.remove(&path);
    written
        .and(removed)
        .map_err(|e| StoreError::io("试写", &path, e))
}

fn no_room(room: Room, dir: &Path) -> StoreError {
    StoreError::NoRoom {
        dir: dir.to_path_buf(),
        free_mib: room.free >> 20,
        reserve_mib: reserve(room).div_ceil(1 << 20),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::disk::{RealDisk, SimDisk};

    #[test]
    fn an_eighth_is_kept_free_of_a_small_disk_and_a_bound_of_a_large_one() {
        let reserve = |mib: u64| {
            let total = mib << 20;
            super::reserve(Room { total, free: 0 }) >> 20
        };
        assert_eq!([2, 8, 40, 512, 1 << 20].map(reserve), [1, 1, 5, 64, 64]);
    }

    #[test]
    fn a_good_disk_passes_and_nothing_of_the_probe_stays() {
        let folder = tempfile::tempdir().unwrap();
        probe(&RealDisk, folder.path()).unwrap();
        check(&RealDisk, folder.path()).unwrap();
        assert_eq!(RealDisk.list(folder.path()).unwrap(), [""; 0]);
    }

    #[test]
    fn a_disk_that_does_not_keep_what_it_takes_is_found_out() {
        let disk = SimDisk::new();
        let dir = Path::new("/node");
        disk.create_dir(dir).unwrap();
        disk.fail_sync_in(1);
        let told = probe(&disk, dir).unwrap_err().to_string();
        assert!(told.contains("试写"), "{told}");
        probe(&disk, dir).unwrap();
    }
}
