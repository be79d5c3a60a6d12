//! Starting: everything is checked before a port is bound; then store, committer, links, doors, in that order.

use super::committer::{Committer, Opener};
use super::handle::{INBOX_MAX, NodeHandle, Shared};
use super::port::watch_clock;
use super::world::{Known, Surroundings};
use crate::clock::{Clock, ScaledClock, SystemClock};
use crate::codec::folder::Folder;
use crate::config::{Config, Engine, Fault, Faults};
use crate::entropy::{Entropy, OsEntropy};
use crate::identity::profile::TrustDomain;
use crate::identity::{self, Material, NodeTls, PeerIdentity};
use crate::link::{self, Links};
use crate::net::TcpDialer;
use crate::store::disk::RealDisk;
use crate::store::view::{Engine as ViewEngine, MemEngine, SledEngine};
use crate::store::{self, OpenReport, Store, StoreSettings};
use crate::{grpc, http, telemetry};
use anyhow::Context as _;
use hotline_domain::kernel::{Action, Input};
use hotline_topology::{Federation, PolicyPack, RegionKey, Time};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A configuration whose files were read and found whole.
pub struct Prepared {
    config: Config,
    me: RegionKey,
    known: Known,
    material: Material,
}

/// A running node.
pub struct Running {
    config: Config,
    handle: NodeHandle,
    links: Links<NodeHandle>,
    tls: Arc<NodeTls>,
    stop: CancellationToken,
    tasks: TaskTracker,
    committer: std::thread::JoinHandle<anyhow::Result<()>>,
    /// Where children call, once bound.
    pub federation_address: Option<SocketAddr>,
    /// Where health and metrics are served, once bound.
    pub http_address: Option<SocketAddr>,
}

impl Prepared {
    /// Reads what the configuration names.
    ///
    /// # Errors
    /// All faults of topology, packs and certificates at once.
    pub fn read(config: Config, file: &Path) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        let known = read_known(&config, &mut faults);
        let material = Material::load_node(&config.node.certs)
            .map_err(|error| faults.push(fault("node.certs", error.to_string())));
        let me = config
            .node
            .key()
            .map_err(|error| faults.push(fault("node.region", error.to_string())));
        if let (Some(known), Ok(me)) = (&known, me) {
            check_place(known, me, &config, &mut faults);
        }
        match (known, material, me) {
            (Some(known), Ok(material), Ok(me)) if faults.is_empty() => Ok(Self {
                config,
                me,
                known,
                material,
            }),
            _ => Err(Faults {
                file: file.to_owned(),
                faults,
            }),
        }
    }

    /// Opens the store, binds the ports, starts the links.
    ///
    /// # Errors
    /// The store cannot be opened, a port not bound; says which and what to do.
    pub async fn start(self) -> anyhow::Result<Running> {
        let Self {
            config,
            me,
            known,
            material,
        } = self;
        let clock = business_clock(&config);
        let trust_domain = known.federation.trust_domain().to_owned();
        let surroundings = Arc::new(Surroundings::new(me, known));
        let opener = opener(&config, me);
        let (store, report) = opener()?;
        tracing::info!("{report}");
        let shared = Arc::new(Shared::new(
            Arc::clone(&surroundings),
            Arc::clone(&clock),
            &store,
        ));
        let (jobs, inbox) = tokio::sync::mpsc::channel(INBOX_MAX);
        let handle = NodeHandle {
            shared: Arc::clone(&shared),
            jobs,
        };
        let span = telemetry::node_span(me.as_str());
        let committer = Committer::new(
            Arc::clone(&shared),
            inbox,
            opener,
            store,
            Box::new(OsEntropy),
        );
        let committer = std::thread::Builder::new()
            .name("committer".to_owned())
            .spawn(move || span.in_scope(|| committer.run()))?;
        handle.submit(Input::Start).await;

        let domain: TrustDomain = trust_domain.parse()?;
        // Certificates live in the machine's time, whatever a demonstration's clock shows.
        let tls = NodeTls::new(
            material,
            domain,
            rules(&surroundings),
            Arc::new(SystemClock::new()),
        )?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let links = start_links(&config, &handle, &tls, &surroundings);
        let performing = links.clone();
        shared.connect(Box::new(move |action: &Action| performing.perform(action)));
        let mut running = Running {
            config,
            handle,
            links,
            tls,
            stop,
            tasks,
            committer,
            federation_address: None,
            http_address: None,
        };
        running.open_doors().await?;
        Ok(running)
    }
}

fn fault(key: &str, message: String) -> Fault {
    Fault {
        key: key.to_owned(),
        message,
    }
}

/// Topology and packs; faults are collected.
fn read_known(config: &Config, faults: &mut Vec<Fault>) -> Option<Known> {
    let mut read = |key: &str, path: &Path| {
        std::fs::read_to_string(path)
            .map_err(|error| faults.push(fault(key, format!("{} 读不了:{error}", path.display()))))
            .ok()
            .map(|text| (path.display().to_string(), text))
    };
    let topology = read("node.topology", &config.node.topology);
    let packs: Vec<_> = config
        .node
        .policy
        .iter()
        .map(|path| read("node.policy", path))
        .collect();
    let mut parsed = |found: Vec<hotline_topology::Fault>, key: &str| {
        faults.extend(found.into_iter().map(|found| fault(key, found.to_string())));
    };
    let federation = topology.and_then(|(file, text)| {
        Federation::parse(&file, &text)
            .map_err(|found| parsed(found, "node.topology"))
            .ok()
    });
    let mut known = Vec::new();
    for (file, text) in packs.into_iter().flatten() {
        match PolicyPack::parse(&file, &text) {
            Ok(pack) => known.push(pack),
            Err(found) => parsed(found, "node.policy"),
        }
    }
    if config.node.policy.is_empty() {
        known.push(PolicyPack::default_pack());
    }
    if known.is_empty() {
        return None;
    }
    federation.map(|federation| Known {
        federation,
        packs: known,
    })
}

fn check_place(known: &Known, me: RegionKey, config: &Config, faults: &mut Vec<Fault>) {
    let federation = &known.federation;
    match federation.region(me) {
        None => faults.push(fault("node.region", format!("拓扑文件中没有 {me}"))),
        Some(region) if !region.node => {
            faults.push(fault(
                "node.region",
                format!("拓扑文件说 {me}({})不设节点", region.name),
            ));
        }
        Some(_) => {}
    }
    for pack in &known.packs {
        if !pack.may_govern(federation, me) {
            faults.push(fault(
                "node.policy",
                format!("规则包 {} 不是 {me} 或其上级发布的", pack.id),
            ));
        }
    }
    let place = link::Place::of(federation, me);
    if !place.children.is_empty() && config.links.listen.is_none() {
        let message = format!(
            "有 {} 个下级节点,须写明监听地址,如 0.0.0.0:7443",
            place.children.len()
        );
        faults.push(fault("links.listen", message));
    }
    if let Some(parent) = place.parent
        && config.links.parent.is_none()
        && federation
            .region(parent)
            .is_some_and(|region| region.endpoint.is_none())
    {
        faults.push(fault(
            "links.parent",
            format!("拓扑文件没有上级 {parent} 的地址,须在此写明"),
        ));
    }
}

fn business_clock(config: &Config) -> Arc<dyn Clock> {
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

/// Opens the store as often as it must be opened.
fn opener(config: &Config, me: RegionKey) -> Opener {
    let mut settings = StoreSettings::new(&config.node.data, me.as_str(), store::machine_boot_id());
    settings.segment_bytes_max = config.store.segment_mib << 20;
    settings.verify_whole_log = false;
    let engine: Arc<dyn ViewEngine> = match config.store.engine {
        Engine::Sled => Arc::new(SledEngine {
            cache_bytes: config.store.cache_mib << 20,
        }),
        Engine::Memory => Arc::new(MemEngine::new()),
    };
    Box::new(move || -> Result<(Store, OpenReport), store::StoreError> {
        let parts = store::Parts {
            disk: Arc::new(RealDisk),
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

/// Peers are neighbours by the topology in force; authorities certify their subtree.
fn rules(surroundings: &Arc<Surroundings>) -> identity::Rules {
    let (tree, place) = (Arc::clone(surroundings), Arc::clone(surroundings));
    identity::Rules {
        below: Arc::new(move |above, below| tree.known().federation.is_below(below, above)),
        admits: Arc::new(move |region| {
            link::Place::of(&place.known().federation, place.me())
                .side(region)
                .is_some()
        }),
    }
}

fn start_links(
    config: &Config,
    handle: &NodeHandle,
    tls: &Arc<NodeTls>,
    surroundings: &Arc<Surroundings>,
) -> Links<NodeHandle> {
    let (address, tls, place) = (
        config.links.parent.clone(),
        Arc::clone(tls),
        Arc::clone(surroundings),
    );
    // The endpoint is looked up for each dial: a reload may have moved the parent.
    let dial: link::Dial = Arc::new(move || {
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
            .or(endpoint.map(|endpoint| endpoint.to_string()))
            .ok_or_else(|| format!("没有上级 {parent} 的地址"))?;
        identity::channel(Arc::clone(&tls), TcpDialer, &address, parent)
            .map_err(|error| error.to_string())
    });
    Links::start(link::Parts {
        port: Arc::new(handle.clone()),
        sealer: Arc::new(SharedSealer(Arc::clone(handle.shared()))),
        clock: Arc::clone(&handle.shared().clock),
        entropy: Box::new(OsEntropy),
        limits: hotline_domain::link::Limits::default(),
        parent: Some(dial),
    })
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

impl Running {
    /// A handle to the node.
    #[must_use]
    pub fn handle(&self) -> &NodeHandle {
        &self.handle
    }

    /// Its links.
    #[must_use]
    pub fn links(&self) -> &Links<NodeHandle> {
        &self.links
    }

    async fn open_doors(&mut self) -> anyhow::Result<()> {
        if let Some(listen) = self.config.links.listen.clone() {
            let listener = TcpListener::bind(&listen)
                .await
                .with_context(|| format!("不能监听 {listen}(links.listen)"))?;
            self.federation_address = Some(listener.local_addr()?);
            let incoming = identity::incoming::<_, PeerIdentity>(
                listener,
                Arc::clone(&self.tls),
                self.stop.clone(),
            );
            let server = tonic::transport::Server::builder()
                .http2_keepalive_interval(Some(std::time::Duration::from_secs(10)))
                .http2_keepalive_timeout(Some(std::time::Duration::from_secs(5)))
                .add_service(self.links.service(link::certified))
                .serve_with_incoming_shutdown(incoming, self.stop.clone().cancelled_owned());
            self.tasks.spawn(log_end("联动端口", server));
        }
        let doors = grpc::Door::new(
            self.handle.clone(),
            self.links.clone(),
            &self.config.operator,
        )?;
        self.tasks.spawn(log_end(
            "本机操作口",
            doors
                .clone()
                .serve_local(&self.config.operator.socket, self.stop.clone())?,
        ));
        if let Some(listen) = self.config.operator.listen.clone() {
            let listener = TcpListener::bind(&listen)
                .await
                .with_context(|| format!("不能监听 {listen}(operator.listen)"))?;
            self.tasks.spawn(log_end(
                "操作端口",
                doors.serve_tcp(listener, Arc::clone(&self.tls), self.stop.clone()),
            ));
        }
        if let Some(listen) = self.config.http.listen.clone() {
            let listener = TcpListener::bind(&listen)
                .await
                .with_context(|| format!("不能监听 {listen}(http.listen)"))?;
            self.http_address = Some(listener.local_addr()?);
            let metrics = telemetry::Metrics::new(self.handle.shared().surroundings.me().as_str())?;
            super::metrics::register(&metrics.meter(), &self.handle, &self.links);
            identity::metrics::register(&metrics.meter(), &self.tls);
            let status = Arc::new(super::metrics::NodeStatus(self.handle.clone()));
            let router = http::router(status, metrics, Arc::new(SystemClock::new()));
            self.tasks.spawn(log_end(
                "监控端口",
                http::serve(listener, router, self.stop.clone()),
            ));
        }
        self.tasks
            .spawn(watch_clock(self.handle.clone(), self.stop.clone()));
        self.tasks
            .spawn(super::upkeep::run(self.handle.clone(), self.stop.clone()));
        Ok(())
    }

    /// Reads certificates, topology and packs anew. What is faulty is reported and the old stays in force.
    ///
    /// # Errors
    /// All faults at once.
    pub async fn reload(&self, file: &Path) -> anyhow::Result<()> {
        let config = Config::load(file)?;
        let Prepared {
            me,
            known,
            material,
            ..
        } = Prepared::read(config, file)?;
        anyhow::ensure!(
            me == self.handle.shared().surroundings.me(),
            "配置文件改了 node.region;换节点须重新启动"
        );
        let cut = self.tls.reload(material)?;
        self.handle.shared().surroundings.replace(known);
        let more = self
            .tls
            .set_rules(rules(&self.handle.shared().surroundings));
        self.links.place_changed();
        self.links.retry_now();
        self.handle.submit(Input::WorldChanged).await;
        tracing::info!(
            "已重新读入证书、拓扑和规则包,断开 {} 条不再许可的连接",
            cut + more
        );
        Ok(())
    }

    /// Drains: doors close, links say farewell, the committer finishes, the store is closed in order.
    ///
    /// # Errors
    /// The store could not be closed in order; the next start mends it.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.links.stop().await;
        self.tasks.close();
        self.tasks.wait().await;
        self.handle.stop().await;
        let committer = self.committer;
        match tokio::task::spawn_blocking(move || committer.join()).await? {
            Ok(closed) => closed,
            Err(_) => anyhow::bail!("提交线程异常终止"),
        }
    }
}

async fn log_end<E: std::fmt::Display>(
    what: &'static str,
    serving: impl Future<Output = Result<(), E>>,
) {
    match serving.await {
        Ok(()) => tracing::info!("{what}已关闭"),
        Err(error) => tracing::error!("{what}出错:{error}"),
    }
}
