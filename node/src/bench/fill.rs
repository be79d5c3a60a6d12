//! One node with many tickets: how fast they come in, whether commands slow down, what the node then takes to start and
//! to hold. The tickets go the way of all others: sealed, decided, committed in groups.

use super::clock::{Begun, CLOCK, quantile};
use super::pair::{all, configure, start, taking_in};
use super::process::Started;
use super::{machine, process};
use crate::app::{Asked, NodeHandle, Outcome};
use crate::config::Store as StoreConfig;
use crate::demo::world::World;
use anyhow::Context as _;
use hotline_domain::body::Body;
use hotline_domain::command::Verb;
use hotline_domain::id::MatterId;
use hotline_topology::{Level, UnitKey};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// What the later delay is compared with.
const EARLY: usize = 10_000;
/// Taken in at a time, so that the answers need little memory.
const PORTION: usize = 10_000;
const FILL_IN_FLIGHT: usize = 256;
/// Commands that are under way together while their delay is measured.
const TIMED_IN_FLIGHT: usize = 16;

/// How a node with many tickets is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct How {
    /// Commands whose delay is measured.
    pub timed: usize,
    /// How long a node that is ready rests until its memory is looked at again.
    pub rest: Duration,
}

impl Default for How {
    fn default() -> Self {
        Self {
            timed: 4_000,
            rest: process::REST,
        }
    }
}

/// What was found.
#[derive(Debug, Clone)]
pub(super) struct Filled {
    pub view: &'static str,
    pub tickets: usize,
    pub fill_per_s: f64,
    /// Of commands with ten thousand tickets there, milliseconds.
    pub p99_early_ms: f64,
    /// With all of them there.
    pub p99_ms: f64,
    pub ready_s: f64,
    /// Just ready, MiB.
    pub rss_start_mib: f64,
    /// After a rest, MiB.
    pub rss_mib: f64,
    pub rebuild_s: f64,
    pub view_mib: f64,
    pub log_mib: f64,
    pub load_average: f64,
}

pub(super) async fn measure(
    folder: &Path,
    tickets: usize,
    settings: StoreConfig,
    how: How,
) -> anyhow::Result<Filled> {
    let view = settings.engine.of(0).name();
    let folder = folder.join(view);
    let world = World::make(&folder)?;
    let region = *world.of_level(Level::County).first().context("没有县")?;
    let unit = world
        .units(region, "0201")
        .first()
        .cloned()
        .context("没有单位")?;
    let node = start(&world, region, None, &settings).await?;
    let place = world.place(region)?;

    let mut crowd = Filling {
        node: node.handle().clone(),
        to: Body::Unit(region, UnitKey::new(&unit).context("单位名不成立")?),
        waiting: Vec::new(),
        made: 0,
        timed: how.timed,
    };
    let early = EARLY.min(tickets);
    crowd.fill_to(early.saturating_sub(how.timed / 2)).await?;
    let p99_early_ms = crowd.p99_ms().await?;
    let (before, begun) = (crowd.made, Begun::now());
    crowd.fill_to(tickets.saturating_sub(how.timed / 2)).await?;
    let fill_per_s = begun.spent(crowd.made - before).per_s;
    let p99_ms = crowd.p99_ms().await?;
    if let Some(upkeep) = node.handle().shared().upkeep() {
        tokio::task::spawn_blocking(move || upkeep.run()).await??;
    }
    let made = crowd.made;
    drop(crowd);
    node.stop().await?;

    let data = place.folder.join("data");
    let rebuild_s = process::rebuild(&data).await?;
    let file = configure(&world, region, None, &settings)?;
    let Started {
        ready_s,
        rss_start_mib,
        rss_mib,
    } = process::start(&file, place.http, how.rest).await?;
    let (view_mib, log_mib) = sizes(&data)?;
    std::fs::remove_dir_all(&folder)?;
    Ok(Filled {
        view,
        tickets: made,
        fill_per_s,
        p99_early_ms,
        p99_ms,
        ready_s,
        rss_start_mib,
        rss_mib,
        rebuild_s,
        view_mib,
        log_mib,
        load_average: machine::load_average(),
    })
}

struct Filling {
    node: NodeHandle,
    to: Body,
    /// Taken in and not assigned yet.
    waiting: Vec<MatterId>,
    made: usize,
    timed: usize,
}

impl Filling {
    async fn fill_to(&mut self, tickets: usize) -> anyhow::Result<()> {
        while self.made < tickets {
            let count = PORTION.min(tickets - self.made);
            let done = all(&self.node, count, FILL_IN_FLIGHT, taking_in).await?;
            self.waiting
                .extend(done.into_iter().filter_map(|done| done.matter));
            self.made += count;
        }
        Ok(())
    }

    /// The delay of commands, half of them take-ins and half assignments of older matters, spread over all that wait.
    async fn p99_ms(&mut self) -> anyhow::Result<f64> {
        let gate = Arc::new(Semaphore::new(TIMED_IN_FLIGHT));
        let mut asking = JoinSet::new();
        for at in 0..self.timed {
            let asked = if at % 2 == 0 || self.waiting.is_empty() {
                self.made += 1;
                taking_in(at)
            } else {
                let one = at.wrapping_mul(0x9E37_79B9) % self.waiting.len();
                assigning(self.waiting.swap_remove(one), self.to.clone())
            };
            let permit = Arc::clone(&gate).acquire_owned().await?;
            let node = self.node.clone();
            asking.spawn(async move {
                let begun = CLOCK.monotonic_now();
                let outcome = node.command(asked).await;
                drop(permit);
                (CLOCK.monotonic_now().saturating_sub(begun), outcome)
            });
        }
        let mut delays = Vec::with_capacity(self.timed);
        while let Some(answered) = asking.join_next().await {
            let (delay, outcome) = answered?;
            anyhow::ensure!(
                matches!(outcome, Outcome::Decided(Ok(_))),
                "没有办成：{outcome:?}"
            );
            delays.push(delay.as_secs_f64() * 1e3);
        }
        delays.sort_by(f64::total_cmp);
        Ok(quantile(&delays, 0.99))
    }
}

fn assigning(matter: MatterId, to: Body) -> Asked {
    Asked {
        verb: Verb::Assign {
            matter,
            takers: vec![to],
            lead: None,
            basis: "职责分工".to_owned(),
            due: None,
            determination: None,
        },
        matter: Some(matter),
        texts: Vec::new(),
        ..taking_in(0)
    }
}

/// MiB of the view, and of everything else.
fn sizes(data: &Path) -> anyhow::Result<(f64, f64)> {
    fn bytes(dir: &Path) -> std::io::Result<u64> {
        use std::os::unix::fs::MetadataExt as _;
        std::fs::read_dir(dir)?.try_fold(0, |sum, entry| {
            let entry = entry?;
            let meta = entry.metadata()?;
            let own = if meta.is_dir() {
                bytes(&entry.path())?
            } else {
                meta.blocks() * 512
            };
            Ok(sum + own)
        })
    }
    let (mut view, mut rest) = (0, 0);
    for entry in std::fs::read_dir(data)? {
        let entry = entry?;
        let is_dir = entry.file_type()?.is_dir();
        let size = if is_dir {
            bytes(&entry.path())?
        } else {
            entry.metadata()?.len()
        };
        if entry.file_name().to_string_lossy().starts_with("view-") {
            view += size;
        } else {
            rest += size;
        }
    }
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    Ok((mib(view), mib(rest)))
}
