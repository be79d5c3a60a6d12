//! What stopped nodes left: their logs judged, their bytes and texts searched.

use hotline::audit::{Case, Chain, Logs, Verdict, export, judge};
use hotline::link::{Opened, Sealer as _};
use hotline::store::disk::{Disk, RealDisk};
use hotline::store::keys::{KeySettings, Keys, key_path};
use hotline::store::log::{LogReader, verify_dir};
use hotline_domain::fact::Fact;
use hotline_domain::field::SealedField;
use hotline_domain::id::MatterId;
use hotline_domain::reading::Reading;
use hotline_topology::{Federation, RegionKey};
use std::path::Path;
use std::sync::Arc;

/// Judges the logs of stopped nodes by their data folders.
///
/// # Errors
/// A log cannot be read.
pub fn judged(
    nodes: &[(RegionKey, &Path)],
    federation: &Federation,
    confirmed: &[MatterId],
) -> anyhow::Result<Verdict> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let (mut logs, mut chains) = (Logs::new(), Vec::new());
    for (region, folder) in nodes {
        let dir = folder.join("data/log");
        let checked = verify_dir(&*disk, &dir, None);
        chains.push(Chain {
            node: *region,
            outcome: checked
                .map(|report| report.checked)
                .map_err(|error| error.to_string()),
        });
        logs.insert(*region, export(&LogReader::open(Arc::clone(&disk), &dir)?)?);
    }
    let case = Case {
        quiet: true,
        confirmed,
        chains: &chains,
        ..Case::new(&logs, federation)
    };
    Ok(judge(&case))
}

/// Every text that a stopped node can read with its own keys, from all facts of its log.
///
/// # Errors
/// Log or keys cannot be read.
pub fn opened_texts(region: RegionKey, folder: &Path) -> anyhow::Result<Vec<String>> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let log = export(&LogReader::open(
        Arc::clone(&disk),
        &folder.join("data/log"),
    )?)?;
    let settings = KeySettings {
        path: key_path(&folder.join("data")),
        node: region.to_string(),
        batch: 1,
    };
    let (keys, _) = Keys::open(
        disk,
        &settings,
        log.len() as u64,
        Box::new(|out| out.fill(0)),
    )?;
    let rows: hotline::app::RowsNow =
        Arc::new(|| Arc::new(hotline_domain::view::MemoryView::default()));
    let sealer = hotline::app::NodeSealer::new(Arc::new(keys), rows);
    let mut texts = Vec::new();
    for (_, _, facts) in &log {
        for field in facts.iter().flat_map(fields) {
            if let Opened::Clear { value, .. } = sealer.open(None, field)? {
                texts.push(String::from_utf8_lossy(&value).into_owned());
            }
        }
    }
    Ok(texts)
}

/// Every reading that a stopped node's log has on record, oldest first.
///
/// # Errors
/// The log cannot be read.
pub fn readings(folder: &Path) -> anyhow::Result<Vec<Reading>> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let log = export(&LogReader::open(disk, &folder.join("data/log"))?)?;
    let facts = log.into_iter().flat_map(|(_, _, facts)| facts);
    let readings = facts.filter_map(|fact| match fact {
        Fact::Read(reading) => Some(reading),
        _ => None,
    });
    Ok(readings.collect())
}

fn fields(fact: &Fact) -> &[SealedField] {
    match fact {
        Fact::Ticket { fields, .. } | Fact::Leg { fields, .. } => fields,
        Fact::Queued { envelope, .. }
        | Fact::Kept { envelope, .. }
        | Fact::KeyAwaited { envelope, .. } => &envelope.fields,
        _ => &[],
    }
}

/// Whether any file below a folder holds the bytes.
///
/// # Errors
/// A file cannot be read.
pub fn raw_bytes_hold(folder: &Path, needle: &[u8]) -> anyhow::Result<bool> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let found = if path.is_dir() {
            raw_bytes_hold(&path, needle)?
        } else if path.is_file() {
            let bytes = std::fs::read(&path)?;
            bytes.windows(needle.len()).any(|window| window == needle)
        } else {
            false
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}
