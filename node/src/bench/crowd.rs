//! Many linked nodes without work in one process: a province, its cities, counties and as many townships as it takes, on
//! real TLS over loopback, each with its store on disk.

use super::clock::Begun;
use super::machine::{processor_time, resident_mib};
use super::pair::start;
use crate::app::Running;
use crate::config::Store as StoreConfig;
use crate::demo::world::World;
use hotline_domain::link::SessionStage;
use hotline_topology::divisions::divisions;
use hotline_topology::new::{Select, Settings, generate};
use hotline_topology::{Federation, RegionKey};
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::time::Duration;

/// 山西省
const PROVINCE: RegionKey = RegionKey::literal("140000000000");
const PATIENCE: Duration = Duration::from_secs(300);
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long they are watched when all are linked.
const WATCH: Duration = Duration::from_secs(10);

/// What was found.
#[derive(Debug, Clone)]
pub(super) struct Crowd {
    pub view: &'static str,
    pub nodes: usize,
    pub links: usize,
    pub linked_s: f64,
    pub rss_mib: f64,
    /// Processor time while idle, as percent of one processor.
    pub processor_percent: f64,
}

pub(super) async fn measure(
    folder: &Path,
    nodes: usize,
    stores: &[StoreConfig],
) -> anyhow::Result<Vec<Crowd>> {
    let mut found = Vec::new();
    for settings in stores {
        let view = settings.engine.of(0).name();
        found.push(one(&folder.join(view), nodes, settings).await?);
    }
    Ok(found)
}

async fn one(folder: &Path, nodes: usize, settings: &StoreConfig) -> anyhow::Result<Crowd> {
    let world = World::of(folder, tree(nodes)?)?;
    let begun = Begun::now();
    let mut running = Vec::new();
    for place in &world.places {
        running.push(start(&world, place.region, place.parent, settings).await?);
    }
    let wanted = running.len().saturating_sub(1);
    while links(&running)? < wanted {
        anyhow::ensure!(begun.elapsed() < PATIENCE, "节点没有全部接通");
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let linked_s = begun.elapsed().as_secs_f64();
    let before = processor_time();
    tokio::time::sleep(WATCH).await;
    let used = processor_time().saturating_sub(before);
    let crowd = Crowd {
        view: settings.engine.of(0).name(),
        nodes: running.len(),
        links: links(&running)?,
        linked_s,
        rss_mib: resident_mib(std::process::id())?,
        processor_percent: 100.0 * used.as_secs_f64() / WATCH.as_secs_f64(),
    };
    // Those below first: a parent waits for the streams of its children.
    for node in running.into_iter().rev() {
        node.stop().await?;
    }
    std::fs::remove_dir_all(folder)?;
    Ok(crowd)
}

/// The province and what lies below it, level by level, until there are so many.
fn tree(nodes: usize) -> anyhow::Result<Federation> {
    let mut below: BTreeMap<RegionKey, Vec<RegionKey>> = BTreeMap::new();
    for division in divisions() {
        if let Some(parent) = division.parent {
            below.entry(parent).or_default().push(division.key);
        }
    }
    let (mut chosen, mut next) = (Vec::new(), VecDeque::from([PROVINCE]));
    while let Some(region) = next.pop_front()
        && chosen.len() < nodes
    {
        chosen.push(region);
        next.extend(below.get(&region).into_iter().flatten());
    }
    anyhow::ensure!(
        chosen.len() == nodes,
        "区划数据只有 {} 个区划",
        chosen.len()
    );
    Ok(generate(&Select::Regions(chosen), &Settings::default())?)
}

/// Links that both neighbours count as met, seen from below.
fn links(running: &[Running]) -> anyhow::Result<usize> {
    let mut met = 0;
    for node in running {
        let status = node.links().status()?;
        met += status
            .iter()
            .filter(|link| link.side == crate::link::Side::Parent)
            .filter(|link| link.stage == Some(SessionStage::Met))
            .count();
    }
    Ok(met)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_of_as_many_nodes_as_asked_for() {
        let federation = tree(200).unwrap();
        let nodes = federation.regions().values().filter(|r| r.node).count();
        assert_eq!((nodes, federation.root()), (200, PROVINCE));
    }
}
