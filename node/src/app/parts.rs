//! What a node is put together from: clock, store, links.

use super::committer::Opener;
use super::handle::NodeHandle;
use super::shared::Shared;
use super::world::Surroundings;
use crate::clock::{Clock, ScaledClock, SystemClock};
use crate::codec::folder::Folder;
use crate::config::Config;
use crate::entropy::{Entropy, OsEntropy};
use crate::identity::{self, NodeTls};
use crate::link::{self, Links, NodePort as _};
use crate::net::TcpDialer;
use crate::sealing::Office;
use crate::store::disk::{CountedDisk, Disk, RealDisk, Syncs};
use crate::store::{self, OpenReport, Store, StoreSettings};
use hotline_topology::{RegionKey, Time};
use std::sync::Arc;

pub(super) fn business_clock(config: &Config) -> Arc<dyn Clock> {
    let Some(demo) = &config.node.demo_clock else {
        return Arc::new(SystemClock::new());
    };
    let start = demo.start.parse().unwrap_or(Time(0));
    let passed = SystemClock::new().now().0.saturating_sub(demo.epoch_ms);
    let now = Time(
        start
            .0
            .saturating_add(passed.saturating_mul(i64::from(demo.rate))),
    );
    Arc::new(ScaledClock::new(now, demo.rate))
}

/// Opens the store as often as it must be opened; the disk's syncs are counted.
pub(super) fn opener(config: &Config, me: RegionKey, syncs: &Syncs) -> Opener {
    let mut settings = StoreSettings::new(&config.node.data, me.as_str(), store::machine_boot_id());
    settings.segment_bytes_max = config.store.segment_mib << 20;
    settings.verify_whole_log = false;
    settings.probe = true;
    let disk: Arc<dyn Disk> = Arc::new(CountedDisk::new(RealDisk, syncs.clone()));
    let engine = config.store.engine.of(config.store.cache_mib << 20);
    Arc::new(move || -> Result<(Store, OpenReport), store::StoreError> {
        let parts = store::Parts {
            disk: Arc::clone(&disk),
            engine: Arc::clone(&engine),
            fold: Arc::new(Folder::new(me)),
            random: Box::new(random),
        };
        Store::open(settings.clone(), parts)
    })
}

/// Key material from the operating system.
fn random(out: &mut [u8]) {
    if let Err(error) = OsEntropy.fill(out) {
        // Sealing with predictable keys would be worse than stopping.
        tracing::error!("{error}");
        std::process::abort();
    }
}

/// Peers are neighbours by the topology in force, former children among them until they know it; authorities certify
/// their subtree.
pub(super) fn rules(node: &NodeHandle) -> identity::Rules {
    let (tree, place) = (Arc::clone(&node.shared().surroundings), node.clone());
    identity::Rules {
        below: Arc::new(move |above, below| tree.known().federation.is_below(below, above)),
        admits: Arc::new(move |region| place.place().side(region).is_some()),
    }
}

/// How to reach the parent: the endpoint is looked up for each dial, since a reload may have moved it.
pub(super) fn parent(
    config: &Config,
    tls: &Arc<NodeTls>,
    surroundings: &Arc<Surroundings>,
    configured: Option<RegionKey>,
) -> link::Dial {
    let (address, tls, place) = (
        config.links.parent.clone(),
        Arc::clone(tls),
        Arc::clone(surroundings),
    );
    Arc::new(move || {
        let known = place.known();
        let parent = link::Place::of(&known.federation, place.me())
            .parent
            .ok_or("本节点没有上级")?;
        let endpoint = known
            .federation
            .region(parent)
            .and_then(|region| region.endpoint.clone());
        let address = address
            .clone()
            .filter(|_| configured == Some(parent))
            .or(endpoint.map(|endpoint| endpoint.to_string()))
            .ok_or_else(|| format!("没有上级 {parent} 的地址"))?;
        identity::channel(Arc::clone(&tls), TcpDialer, &address, parent)
            .map_err(|error| error.to_string())
    })
}

/// The node's links, which reach nobody yet.
pub(super) fn node_links(handle: &NodeHandle, dial: link::Dial) -> Links<NodeHandle> {
    Links::new(link::Parts {
        port: Arc::new(handle.clone()),
        sealer: Arc::new(SharedSealer(Arc::clone(handle.shared()))),
        office: office(handle.shared()),
        clock: Arc::clone(&handle.shared().clock),
        entropy: Box::new(OsEntropy),
        limits: hotline_domain::link::Limits::default(),
        parent: Some(dial),
    })
}

/// Seals to far nodes with the keys that the rows know, opens with those of the key file.
fn office(shared: &Arc<Shared>) -> Arc<Office> {
    let keys = Arc::clone(shared);
    Arc::new(Office::new(
        shared.rows_now(),
        Arc::new(move |slot| keys.sealer.secret(slot)),
        Box::new(OsEntropy),
    ))
}

/// The node's sealer, for the links.
struct SharedSealer(Arc<Shared>);

impl link::Sealer for SharedSealer {
    fn open(
        &self,
        matter: Option<hotline_domain::id::MatterId>,
        field: &hotline_domain::field::SealedField,
    ) -> Result<link::Opened, link::SealFailed> {
        self.0.sealer.open(matter, field)
    }

    fn seal(
        &self,
        matter: Option<hotline_domain::id::MatterId>,
        name: hotline_topology::FieldName,
        salt: &[u8; store::keys::SALT_BYTES],
        value: &[u8],
    ) -> Result<hotline_domain::field::SealedField, link::SealFailed> {
        self.0.sealer.seal(matter, name, salt, value)
    }
}
