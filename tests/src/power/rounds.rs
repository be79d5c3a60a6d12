//! Two linked nodes under load, killed or cut from the power again and again: what was answered is there, exactly once,
//! the chains are whole, and the links go on.

use super::model::Model;
use super::preload::{Preload, Switch};
use super::trace;
use crate::processes::load::{Load, Stamp, ids, settled};
use crate::processes::{Town, judged};
use crate::sim::rng::Rng;
use anyhow::Context as _;
use hotline::audit::export;
use hotline::codec::folder::Folder;
use hotline::store::disk::RealDisk;
use hotline::store::view::MemEngine;
use hotline::store::{Parts, Store, StoreSettings};
use hotline_domain::fact::Fact;
use hotline_topology::{Level, RegionKey};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::sleep;

/// Figures are reported after a minute of node time.
const RATE: u32 = 120;
/// Longest time under load before each harm, and longest wait for a cut that counts deeds.
const LOAD_MS: u64 = 500;
/// A cut comes at most so many deeds after it was ordered.
const DEEDS: u64 = 150;
/// The signal that a cut ends the process with.
const SIGKILL: i32 = 9;
/// Before so many of a hundred power cuts a sync fails.
const SYNC_FAILS: u64 = 30;
/// Of a hundred power cuts, so many are followed by another one while the node recovers.
const AGAIN: u64 = 50;

/// What is done to the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// SIGKILL: the process is gone, the system's memory of its files is not.
    Kill,
    /// The power goes: what was not synced is dropped, torn, or there.
    Power,
}

/// How often, and under which engine of the view.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is done.
    pub harm: Harm,
    /// How often.
    pub rounds: usize,
    /// All chance comes from it; real time adds its own.
    pub seed: u64,
    /// The view's engine, as in `store.engine`.
    pub engine: String,
}

/// What happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rounds done.
    pub rounds: usize,
    /// Starts of a process under watch.
    pub starts: usize,
    /// Of the power cuts, those while a node was recovering from one.
    pub in_recovery: usize,
    /// Matters answered as taken in; every one was found, once.
    pub matters: usize,
    /// Sectors that were not synced when the power went.
    pub unsynced: usize,
    /// Of these, gone or of an older state.
    pub dropped: usize,
    /// Changes of names that were not synced.
    pub unsynced_names: usize,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} rounds, {} more cuts in recovery; {} matters confirmed, none lost or doubled; {} sectors un-synced, {} of them dropped or older; {} un-synced names",
            self.rounds,
            self.in_recovery,
            self.matters,
            self.unsynced,
            self.dropped,
            self.unsynced_names
        )
    }
}

/// Runs a plan in an empty folder.
///
/// # Errors
/// Something was lost, doubled or damaged, a link did not go on, a node did not start: says what.
pub async fn run(plan: &Plan, folder: &Path) -> anyhow::Result<Outcome> {
    let federation = hotline::demo::world::federation()?;
    let county = *federation
        .regions()
        .iter()
        .find(|(_, region)| region.level == Level::County)
        .context("no county")?
        .0;
    let township = *federation.children(county).first().context("no township")?;
    let more = format!(
        "[store]\nengine = \"{}\"\nsegment_mib = 1\nupkeep_seconds = 1\n",
        plan.engine
    );
    let town = Town::laid_out(folder, &[county, township], RATE, &more).await?;
    let mut rounds = Rounds {
        town,
        rng: Rng::new(plan.seed),
        outcome: Outcome::default(),
        disks: BTreeMap::new(),
        above: county,
        boots: Arc::default(),
    };
    let mut preloads = Vec::new();
    for region in [county, township] {
        if plan.harm == Harm::Power {
            let preload = rounds.town.preload(region, true)?;
            rounds.ready(region, &preload)?;
            preloads.push(preload);
        }
        rounds.town.restart(region).await?;
    }
    let (boots, above) = (Arc::clone(&rounds.boots), preloads.first().cloned());
    let stamp = move || Stamp::now(above.as_ref(), &boots);
    let mut load = Load::start(&rounds.town, county, township, Arc::new(stamp))?;
    for round in 0..plan.rounds {
        let at = round % 2;
        let victim = [county, township][at];
        let busy = LOAD_MS / 2 + rounds.rng.below(LOAD_MS / 2);
        sleep(Duration::from_millis(busy)).await;
        let done = match preloads.get(at) {
            Some(preload) => {
                rounds
                    .cut(victim, preload, (at == 0).then_some(&load))
                    .await
            }
            None => rounds.kill(victim).await,
        };
        done.with_context(|| {
            let log = rounds.town.log(victim).unwrap_or_default();
            format!("round {round} of {plan:?}; the node's log:\n{}", tail(&log))
        })?;
        rounds.outcome.rounds += 1;
    }
    let matters = load.finish().await?;
    anyhow::ensure!(
        matters.len() > plan.rounds,
        "hardly any load: {}",
        matters.len()
    );
    settled(&rounds.town, county, township, &matters).await?;
    let Rounds {
        mut town,
        mut outcome,
        ..
    } = rounds;
    town.stop().await?;
    let nodes = [
        (county, town.folder(county)?),
        (township, town.folder(township)?),
    ];
    let verdict = judged(&nodes, &town.world.federation, &ids(&matters)?)?;
    anyhow::ensure!(verdict.is_clean(), "{verdict}");
    outcome.matters = matters.len();
    Ok(outcome)
}

fn tail(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

struct Rounds {
    town: Town,
    rng: Rng,
    outcome: Outcome,
    /// The disks of the nodes as they were when the processes started.
    disks: BTreeMap<RegionKey, Model>,
    /// The node that takes matters in, and how often it was started.
    above: RegionKey,
    boots: Arc<AtomicU64>,
}

impl Rounds {
    async fn kill(&mut self, victim: RegionKey) -> anyhow::Result<()> {
        self.town.kill(victim).await?;
        self.town.restart(victim).await
    }

    /// Makes everything ready for another start of a node on its folder as it is now.
    fn ready(&mut self, region: RegionKey, preload: &Preload) -> anyhow::Result<()> {
        self.outcome.starts += 1;
        preload.boot(self.outcome.starts as u64)?;
        // First the boot, then the count of deeds begins again: see `Stamp`.
        if region == self.above {
            self.boots.fetch_add(1, Ordering::SeqCst);
        }
        preload.begin()?;
        self.disks.insert(region, Model::of(&preload.root)?);
        Ok(())
    }

    /// Cuts a node's power, perhaps once more while it recovers, and starts it again.
    async fn cut(
        &mut self,
        victim: RegionKey,
        preload: &Preload,
        load: Option<&Load>,
    ) -> anyhow::Result<()> {
        if self.rng.percent(SYNC_FAILS) {
            // What is answered after that was written again, and must survive like all the rest.
            preload.set(Switch::SyncsFail, 1)?;
            sleep(Duration::from_millis(LOAD_MS / 2)).await;
        }
        let soon = preload.get(Switch::Deeds)? + 1 + self.rng.below(DEEDS);
        preload.set(Switch::CutAt, soon)?;
        self.power_goes(victim, preload, load).await?;
        while self.rng.percent(AGAIN) {
            self.ready(victim, preload)?;
            preload.set(Switch::CutAt, 1 + self.rng.below(DEEDS))?;
            self.town.launch(victim)?;
            self.power_goes(victim, preload, load).await?;
            self.outcome.in_recovery += 1;
        }
        self.ready(victim, preload)?;
        self.town.restart(victim).await
    }

    /// Waits for the ordered cut, or cuts now, and makes the folder what the cut leaves.
    async fn power_goes(
        &mut self,
        victim: RegionKey,
        preload: &Preload,
        load: Option<&Load>,
    ) -> anyhow::Result<()> {
        match self
            .town
            .ended(victim, Duration::from_millis(4 * LOAD_MS))
            .await?
        {
            Some(ended) => anyhow::ensure!(
                ended.signal() == Some(SIGKILL),
                "the node ended by itself, with {ended}"
            ),
            None => self.town.kill(victim).await?,
        }
        // What was answered before this line was answered by a process that is dead by now.
        let confirmed = load.map(Load::stamped).unwrap_or_default();
        let boot = self.boots.load(Ordering::SeqCst);
        let entries = trace::read(&preload.trace())?;
        let mut disk = self.disks.remove(&victim).context("no disk")?;
        let earlier = usize::try_from(self.rng.below(entries.len() as u64 + 1))?;
        for (at, (number, deed)) in entries.iter().enumerate() {
            if at == earlier {
                let by_then = |stamp: &Stamp| {
                    *stamp
                        < Stamp {
                            boot,
                            deeds: *number,
                        }
                };
                let matters = confirmed.iter().filter(|(_, stamp)| by_then(stamp));
                let aside = preload.root.with_extension("earlier");
                disk.cut(&mut self.rng).put(&preload.root, &aside)?;
                holds(victim, &aside, matters.map(|(matter, _)| matter))
                    .with_context(|| format!("cut before entry {earlier} of the trace"))?;
                std::fs::remove_dir_all(&aside)?;
            }
            disk.apply(deed)?;
        }
        let image = disk.cut(&mut self.rng);
        image.put(&preload.root, &preload.root)?;
        holds(
            victim,
            &preload.root,
            confirmed.iter().map(|(matter, _)| matter),
        )?;
        self.outcome.unsynced += image.unsynced;
        self.outcome.dropped += image.dropped;
        self.outcome.unsynced_names += image.unsynced_names;
        Ok(())
    }
}

/// Whether a folder's store opens, folds from its log, and knows every one of these matters. Works on a copy.
fn holds<'a>(
    region: RegionKey,
    folder: &Path,
    matters: impl Iterator<Item = &'a String>,
) -> anyhow::Result<()> {
    let copy = tempfile::tempdir()?;
    super::copy(folder, copy.path())?;
    let settings = StoreSettings::new(copy.path(), region.as_str(), None);
    let parts = Parts {
        disk: Arc::new(RealDisk),
        engine: Arc::new(MemEngine::new()),
        fold: Arc::new(Folder::new(region)),
        random: Box::new(|out| out.fill(1)),
    };
    let (store, _) = Store::open(settings, parts).context("the store does not open")?;
    let mut known = BTreeSet::new();
    for (_, _, facts) in export(&store.reader())? {
        for fact in facts {
            if let Fact::Ticket { matter, .. } = fact {
                known.insert(matter.to_string());
            }
        }
    }
    let lost: Vec<_> = matters.filter(|matter| !known.contains(*matter)).collect();
    anyhow::ensure!(lost.is_empty(), "answered and lost: {lost:?}");
    Ok(())
}
