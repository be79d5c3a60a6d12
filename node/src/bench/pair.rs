//! A county and a township in this process, linked as in life: mutual TLS over loopback, logs and views on disk.

use super::clock::{Begun, Spent};
use crate::app::init::init;
use crate::app::{Asked, NodeHandle, Outcome, Ready, Running};
use crate::clock::{Clock, SystemClock};
use crate::config::Store as StoreConfig;
use crate::demo::world::{Pace, Place, World};
use anyhow::Context as _;
use hotline_domain::body::{Actor, Body, Role};
use hotline_domain::command::Verb;
use hotline_domain::id::{LegId, MatterId};
use hotline_domain::link::lane_name;
use hotline_domain::view::Rows;
use hotline_topology::{Federation, FieldName, Kind, Level, RegionKey, Urgency};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Longest wait for the last receipt.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// The two nodes.
pub(super) struct Pair {
    world: World,
    county: RegionKey,
    township: RegionKey,
    settings: StoreConfig,
    giver: Running,
    taker: Option<Running>,
}

/// One hand-over while nothing else is under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Single {
    /// From the command to the giver's commit of the receipt, in milliseconds.
    pub delivered_ms: f64,
    /// Files made durable at both nodes until the last acknowledgement was on record.
    pub syncs: u64,
}

impl Pair {
    pub(super) async fn start(folder: &Path, settings: StoreConfig) -> anyhow::Result<Self> {
        let world = World::make(folder)?;
        let county = *world.of_level(Level::County).first().context("没有县")?;
        let township = *world
            .federation
            .children(county)
            .first()
            .context("没有乡")?;
        let giver = start(&world, county, None, &settings).await?;
        let taker = start(&world, township, Some(county), &settings).await?;
        Ok(Self {
            world,
            county,
            township,
            settings,
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
    ) -> anyhow::Result<(Vec<MatterId>, Spent)> {
        let begun = Begun::now();
        let done = all(self.giver.handle(), count, in_flight, taking_in).await?;
        let spent = begun.spent(count);
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
    ) -> anyhow::Result<Spent> {
        let begun = Begun::now();
        let legs = self.assign(matters, in_flight).await?;
        self.until_delivered(&legs).await?;
        Ok(begun.spent(matters.len()))
    }

    /// Gives the matters one at a time, each when the one before it is over on both sides.
    pub(super) async fn give_one_by_one(
        &self,
        matters: &[MatterId],
    ) -> anyhow::Result<Vec<Single>> {
        let mut singles = Vec::new();
        self.until_quiet().await?;
        for matter in matters {
            let (before, begun) = (self.syncs(), Begun::now());
            let legs = self.assign(std::slice::from_ref(matter), 1).await?;
            self.until_delivered(&legs).await?;
            let delivered_ms = begun.elapsed().as_secs_f64() * 1e3;
            self.until_quiet().await?;
            singles.push(Single {
                delivered_ms,
                syncs: self.syncs() - before,
            });
        }
        Ok(singles)
    }

    /// Files made durable at both nodes so far.
    pub(super) fn syncs(&self) -> u64 {
        let nodes = std::iter::once(&self.giver).chain(&self.taker);
        nodes.map(|node| node.syncs().count()).sum()
    }

    /// Waits until both sides know that the other has everything.
    async fn until_quiet(&self) -> anyhow::Result<()> {
        let begun = Begun::now();
        let taker = self.taker.as_ref().context("下级没有启动")?;
        let idle = |node: &Running, peer: RegionKey| -> anyhow::Result<bool> {
            let link = node.handle().shared().rows().link(peer)?;
            Ok(link.lanes.iter().all(|lane| lane.acked == lane.sent))
        };
        while !(idle(&self.giver, self.township)? && idle(taker, self.county)?) {
            anyhow::ensure!(
                begun.elapsed() < PATIENCE,
                "链路没有安静下来：县 {}，乡 {}",
                waiting(&self.giver)?,
                waiting(taker)?
            );
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Gives the matters while the township is away, then lets it come: from its start to the last receipt.
    pub(super) async fn give_to_absent(
        &mut self,
        matters: &[MatterId],
        in_flight: usize,
    ) -> anyhow::Result<Spent> {
        if let Some(taker) = self.taker.take() {
            taker.stop().await?;
        }
        let legs = self.assign(matters, in_flight).await?;
        let begun = Begun::now();
        let above = Some(self.county);
        self.taker = Some(start(&self.world, self.township, above, &self.settings).await?);
        self.until_delivered(&legs).await?;
        Ok(begun.spent(matters.len()))
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
        let begun = Begun::now();
        for leg in legs {
            while self
                .giver
                .handle()
                .shared()
                .rows()
                .leg(*leg)?
                .is_none_or(|leg| leg.delivered_at.is_none())
            {
                anyhow::ensure!(begun.elapsed() < PATIENCE, "移交没有全部送达");
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
        "小区门口的路灯坏了三盏，晚上看不清路，老人孩子容易摔倒，已经反映过两次，请尽快派人来修。"
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
pub(super) async fn all(
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
            (_, other) => anyhow::bail!("没有办成：{other:?}"),
        }
    }
    done.sort_by_key(|(at, _)| *at);
    Ok(done.into_iter().map(|(_, made)| made).collect())
}

/// What a node's links still wait for, for people.
fn waiting(node: &Running) -> anyhow::Result<String> {
    let links = node.links().status()?;
    let lanes = links.iter().flat_map(|link| {
        let waits = link.lanes.iter().filter(|lane| lane.acked < lane.sent);
        waits.map(|lane| {
            format!(
                "对 {} 的{}通道发出到第 {} 号，确认到第 {} 号",
                link.peer,
                lane_name(lane.lane),
                lane.sent,
                lane.acked
            )
        })
    });
    let lanes: Vec<_> = lanes.collect();
    Ok(if lanes.is_empty() {
        "没有待确认的".to_owned()
    } else {
        lanes.join("、")
    })
}

fn pace() -> Pace {
    Pace {
        epoch_ms: SystemClock::new().now().0,
        rate: 1,
    }
}

/// Writes a node's configuration with these settings for its store.
pub(super) fn configure(
    world: &World,
    region: RegionKey,
    parent: Option<RegionKey>,
    settings: &StoreConfig,
) -> anyhow::Result<std::path::PathBuf> {
    let place: &Place = world.place(region)?;
    let parent = parent
        .map(|parent| world.place(parent).map(|place| place.links))
        .transpose()?;
    let file = world.configure(place, parent, pace())?;
    let mut text = std::fs::read_to_string(&file)?;
    let (engine, cache_mib) = (settings.engine.of(0).name(), settings.cache_mib);
    text.push_str(&format!(
        "\n[store]\nengine = \"{engine}\"\ncache_mib = {cache_mib}\n"
    ));
    std::fs::write(&file, text)?;
    Ok(file)
}

pub(super) async fn start(
    world: &World,
    region: RegionKey,
    parent: Option<RegionKey>,
    settings: &StoreConfig,
) -> anyhow::Result<Running> {
    let file = configure(world, region, parent, settings)?;
    init(&file, |_| {})?;
    Ready::check(&file)?.start().await
}
