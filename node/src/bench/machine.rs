//! What the machine says of a process and of itself.

use anyhow::Context as _;
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

#[cfg(test)]
mod tests {
    use super::*;

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
