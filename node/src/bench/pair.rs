//! A county and a township in this process, linked as in life: mutual TLS over loopback, logs and views on disk.

use crate::app::{Asked, NodeHandle, Outcome, Prepared, Running};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::demo::world::{Pace, Place, World};
use anyhow::Context as _;
use hotline_domain::body::{Actor, Body, Role};
use hotline_domain::command::Verb;
use hotline_domain::id::{LegId, MatterId};
use hotline_domain::view::Rows;
use hotline_topology::{Federation, FieldName, Kind, Level, RegionKey, Urgency};
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Longest wait for the last receipt.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// The machine's monotonic time.
pub(super) struct Stopwatch(LazyLock<SystemClock>);

/// The one stopwatch of a run.
pub(super) static CLOCK: Stopwatch = Stopwatch(LazyLock::new(SystemClock::new));

impl Stopwatch {
    pub(super) fn monotonic_now(&self) -> Duration {
        self.0.monotonic()
    }
}

/// The two nodes.
pub(super) struct Pair {
    world: World,
    county: RegionKey,
    township: RegionKey,
    giver: Running,
    taker: Option<Running>,
}

impl Pair {
    pub(super) async fn start(folder: &Path) -> anyhow::Result<Self> {
        let world = World::make(folder)?;
        let county = *world.of_level(Level::County).first().context("没有县")?;
        let township = *world
            .federation
            .children(county)
            .first()
            .context("没有乡")?;
        let giver = start(&world, county, None).await?;
        let taker = start(&world, township, Some(county)).await?;
        Ok(Self {
            world,
            county,
            township,
            giver,
            taker: Some(taker),
        })
    }

    /// The federation and the node that the commands are for.
    pub(super) fn world(&self) -> (&Federation, RegionKey) {
        (&self.world.federation, self.county)
    }

    /// Takes so many matters in.
    pub(super) async fn take_in(
        &self,
        count: usize,
        in_flight: usize,
    ) -> anyhow::Result<(Vec<MatterId>, Duration)> {
        let begun = CLOCK.monotonic_now();
        let done = all(self.giver.handle(), count, in_flight, taking_in).await?;
        let spent = CLOCK.monotonic_now().saturating_sub(begun);
        Ok((
            done.into_iter().filter_map(|done| done.matter).collect(),
            spent,
        ))
    }

    /// Gives the matters to the township, until the county has every receipt.
    pub(super) async fn give(
        &self,
        matters: &[MatterId],
        in_flight: usize,
    ) -> anyhow::Result<Duration> {
        let begun = CLOCK.monotonic_now();
        let legs = self.assign(matters, in_flight).await?;
        self.until_delivered(&legs).await?;
        Ok(CLOCK.monotonic_now().saturating_sub(begun))
    }

    /// Gives the matters while the township is away, then lets it come: from its start to the last receipt.
    pub(super) async fn give_to_absent(
        &mut self,
        matters: &[MatterId],
        in_flight: usize,
    ) -> anyhow::Result<Duration> {
        if let Some(taker) = self.taker.take() {
            taker.stop().await?;
        }
        let legs = self.assign(matters, in_flight).await?;
        let begun = CLOCK.monotonic_now();
        self.taker = Some(start(&self.world, self.township, Some(self.county)).await?);
        self.until_delivered(&legs).await?;
        Ok(CLOCK.monotonic_now().saturating_sub(begun))
    }

    async fn assign(&self, matters: &[MatterId], in_flight: usize) -> anyhow::Result<Vec<LegId>> {
        let to = Body::Node(self.township);
        let done = all(self.giver.handle(), matters.len(), in_flight, |at| Asked {
            verb: Verb::Assign {
                matter: matters[at],
                takers: vec![to.clone()],
                lead: None,
                basis: "属地管理".to_owned(),
                due: None,
                determination: None,
            },
            matter: Some(matters[at]),
            texts: Vec::new(),
            ..taking_in(at)
        })
        .await?;
        Ok(done.into_iter().flat_map(|done| done.legs).collect())
    }

    async fn until_delivered(&self, legs: &[LegId]) -> anyhow::Result<()> {
        let begun = CLOCK.monotonic_now();
        for leg in legs {
            while self
                .giver
                .handle()
                .shared()
                .rows()
                .leg(*leg)?
                .is_none_or(|leg| leg.delivered_at.is_none())
            {
                anyhow::ensure!(
                    CLOCK.monotonic_now().saturating_sub(begun) < PATIENCE,
                    "移交没有全部送达"
                );
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        Ok(())
    }

    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(taker) = self.taker.take() {
            taker.stop().await?;
        }
        self.giver.stop().await
    }
}

/// A take-in as a clerk makes it.
pub(super) fn taking_in(at: usize) -> Asked {
    let content =
        "小区门口的路灯坏了三盏,晚上看不清路,老人孩子容易摔倒,已经反映过两次,请尽快派人来修。"
            .repeat(4);
    Asked {
        actor: Actor {
            name: "bench".to_owned(),
            roles: vec![Role::Clerk, Role::Dispatcher],
            unit: None,
        },
        key: None,
        digest: [0; 32],
        seen: None,
        verb: Verb::TakeIn {
            channel: "phone".to_owned(),
            kind: Kind::Help,
            category: "0201".to_owned(),
            urgency: Urgency::Normal,
            place: None,
            happened_at: None,
        },
        matter: None,
        texts: vec![
            (FieldName::Title, format!("路灯不亮 {at}")),
            (FieldName::Content, content),
        ],
    }
}

/// Asks for all of them, so many at a time.
async fn all(
    node: &NodeHandle,
    count: usize,
    in_flight: usize,
    ask: impl Fn(usize) -> Asked,
) -> anyhow::Result<Vec<hotline_domain::row::Done>> {
    let gate = Arc::new(Semaphore::new(in_flight));
    let mut asking = JoinSet::new();
    for at in 0..count {
        let permit = Arc::clone(&gate).acquire_owned().await?;
        let (node, asked) = (node.clone(), ask(at));
        asking.spawn(async move {
            let outcome = node.command(asked).await;
            drop(permit);
            (at, outcome)
        });
    }
    let mut done = Vec::with_capacity(count);
    while let Some(answered) = asking.join_next().await {
        match answered? {
            (at, Outcome::Decided(Ok(made))) => done.push((at, made)),
            (_, other) => anyhow::bail!("没有办成:{other:?}"),
        }
    }
    done.sort_by_key(|(at, _)| *at);
    Ok(done.into_iter().map(|(_, made)| made).collect())
}

fn pace() -> Pace {
    Pace {
        epoch_ms: SystemClock::new().now().0,
        rate: 1,
    }
}

fn configure(
    world: &World,
    region: RegionKey,
    parent: Option<RegionKey>,
) -> anyhow::Result<std::path::PathBuf> {
    let place: &Place = world.place(region)?;
    let parent = parent
        .map(|parent| world.place(parent).map(|place| place.links))
        .transpose()?;
    world.configure(place, parent, pace())
}

async fn start(
    world: &World,
    region: RegionKey,
    parent: Option<RegionKey>,
) -> anyhow::Result<Running> {
    let file = configure(world, region, parent)?;
    Prepared::read(Config::load(&file)?, &file)?.start().await
}

/// Resident memory of a node process that has nothing to do, in MiB.
pub(super) async fn idle_mib(folder: &Path) -> anyhow::Result<f64> {
    let world = World::make(folder)?;
    let region = *world.of_level(Level::Township).first().context("没有乡")?;
    let file = configure(&world, region, None)?;
    let mut node = tokio::process::Command::new(std::env::current_exe()?)
        .args(["node", "run", "--demo-clock", "--config"])
        .arg(file)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    anyhow::ensure!(node.try_wait()?.is_none(), "空闲节点没有起来");
    let pid = node.id().context("没有进程号")?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    node.kill().await?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .context("读不到内存")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
}
