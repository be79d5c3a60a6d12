//! What the machine says of a process and of itself.

use crate::clock::{Clock as _, SystemClock};
use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use std::path::Path;
use std::time::Duration;

/// The kernel's clock ticks a second in `/proc`; the same on every Linux of the last decades.
const TICKS_PER_S: u64 = 100;

/// Resident memory of a process, in MiB.
pub(super) fn resident_mib(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .context("读不到内存")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
}

/// Processor time that this process has used, all threads together.
pub(super) fn processor_time() -> Duration {
    let used = || -> Option<u64> {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        // The name in brackets may hold spaces; user and system time are the 12th and 13th field behind it.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let (user, system): (u64, u64) =
            (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        Some(user + system)
    };
    Duration::from_millis(used().unwrap_or(0) * 1000 / TICKS_PER_S)
}

/// How many processes wanted a processor in the last minute.
pub(super) fn load_average() -> f64 {
    std::fs::read_to_string("/proc/loadavg")
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
        .unwrap_or(0.0)
}

/// What was measured, on what: program, machine and disk, a line each.
pub(super) fn provenance(folder: &Path) -> Vec<String> {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split_once(':'));
        value.map_or_else(|| "?".to_owned(), |(_, value)| value.trim().to_owned())
    };
    let cpus = read("/proc/cpuinfo");
    let count = cpus.lines().filter(|l| l.starts_with("processor")).count();
    let kib: u64 = field(&read("/proc/meminfo"), "MemTotal")
        .trim_end_matches("kB")
        .trim()
        .parse()
        .unwrap_or(0);
    let profile = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    let version = env!("CARGO_PKG_VERSION");
    vec![
        format!(
            "program: version {version}, commit {}, {profile} build, sha256 {}",
            commit().unwrap_or_else(|| "unknown".to_owned()),
            digest().unwrap_or_else(|| "unknown".to_owned())
        ),
        format!(
            "machine: {count} × {}, {:.0} GiB, Linux {}, {}",
            field(&cpus, "model name"),
            kib as f64 / f64::from(1 << 20),
            read("/proc/sys/kernel/osrelease").trim(),
            file_system(&folder, &read("/proc/self/mounts"))
        ),
        format!("day: {}", SystemClock::new().now()),
    ]
}

/// The commit of the sources around this program, marked where they were changed since.
fn commit() -> Option<String> {
    let program = std::env::current_exe().ok()?;
    let told = std::process::Command::new("git")
        .args(["-C".as_ref(), program.parent()?.as_os_str()])
        .args(["describe", "--always", "--dirty", "--abbrev=12"])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&told.stdout).trim().to_owned();
    (told.status.success() && !text.is_empty()).then_some(text)
}

/// Which program this is, beyond doubt.
fn digest() -> Option<String> {
    let bytes = std::fs::read(std::env::current_exe().ok()?).ok()?;
    let digest = Sha256::digest(bytes);
    Some(digest.iter().take(8).map(|b| format!("{b:02x}")).collect())
}

/// The kind of the file system that the folder will lie on, by the longest mount point above it.
fn file_system(folder: &Path, mounts: &str) -> String {
    let above = |at: &str| folder.starts_with(at);
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let (at, kind) = (words.next()?, words.next()?);
        above(at).then_some((at.len(), kind))
    });
    let (_, kind) = mounts.max_by_key(|(len, _)| *len).unwrap_or((0, "?"));
    kind.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_system_is_that_of_the_longest_mount_point() {
        let mounts =
            "/dev/a / ext4 rw 0 0\ntmpfs /data tmpfs rw 0 0\n/dev/b /data/12345 xfs rw 0 0\n";
        for (folder, kind) in [
            ("/x", "ext4"),
            ("/data/x", "tmpfs"),
            ("/data/12345/x", "xfs"),
        ] {
            assert_eq!(file_system(Path::new(folder), mounts), kind);
        }
        let told = provenance(Path::new("/tmp"));
        assert!(
            told[0].contains(env!("CARGO_PKG_VERSION")) && told.len() == 3,
            "{told:?}"
        );
    }

    #[test]
    fn this_process_has_memory_and_uses_the_processor() {
        assert!(resident_mib(std::process::id()).unwrap() > 1.0);
        let (before, mut sum) = (processor_time(), 0_u64);
        while processor_time() == before {
            sum = (0..100_000).fold(sum, |sum, n| sum.wrapping_mul(31).wrapping_add(n));
        }
        assert!(processor_time() > before && sum != 1);
    }
}
