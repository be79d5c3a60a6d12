//! Starting: store, committer, links, doors, in that order; reloading; draining.

use super::committer::Committer;
use super::folder;
use super::gates::{Gates, NEIGHBOURS_PATIENCE, budget};
use super::handle::{INBOX_MAX, NodeHandle};
use super::keeper::{self, ByCertificates, Files, Keeper};
use super::keys::{self, KeyMaker};
use super::letters::Reading;
use super::listening::Listeners;
use super::parts::{business_clock, node_links, opener, parent, rules};
use super::prepare::{Prepared, Ready};
use super::rows::CommittedRows;
use super::shared::Shared;
use super::world::Surroundings;
use crate::attachment::{Attachments, Shelf};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::entropy::OsEntropy;
use crate::identity::{self, NodeNotary, NodeTls, PeerIdentity};
use crate::link::{self, Links};
use crate::store::Store;
use crate::store::disk::{RealDisk, Syncs};
use crate::telemetry::traces::Traces;
use crate::{gate, grpc, http, telemetry};
use anyhow::Context as _;
use hotline_domain::kernel::{Action, Input};
use hotline_domain::view::Rows as _;
use hotline_topology::RegionKey;
use opentelemetry::metrics::Meter;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often the certificates of open connections are judged again.
const SWEEP_EVERY: std::time::Duration = std::time::Duration::from_secs(60);

/// A running node.
pub struct Running {
    config: Config,
    handle: NodeHandle,
    links: Links<NodeHandle>,
    attachments: Attachments,
    tls: Arc<NodeTls>,
    keeper: Arc<Keeper>,
    stop: CancellationToken,
    tasks: TaskTracker,
    committer: std::thread::JoinHandle<anyhow::Result<()>>,
    /// Cancelled when the committer has ended, told to or not.
    ended: CancellationToken,
    syncs: Syncs,
    gates: Gates,
    /// Who may come in at the operator door.
    people: Option<Arc<grpc::caller::Register>>,
    /// Where children call, once bound.
    pub federation_address: Option<SocketAddr>,
    /// Where health and metrics are served, once bound.
    pub http_address: Option<SocketAddr>,
}

impl Ready {
    /// Opens the store, commits the start, and only then dials and answers.
    ///
    /// # Errors
    /// The store cannot be opened or written, a port was taken meanwhile; says which and what to do.
    pub async fn start(self) -> anyhow::Result<Running> {
        let Prepared {
            config,
            me,
            known,
            material,
        } = self.prepared;
        let configured = link::Place::of(&known.federation, me);
        // Before anything is opened: what the doors may take is bounded so that this is enough.
        let budget = budget(&config, configured.children.len() + 1)?;
        let (configured, gates) = (configured.parent, Gates::of(&budget));
        let listeners = self.ports.listen(gates.local.clone())?;
        if folder::close_to_others(&config.node.data)? {
            tracing::warn!(
                "数据文件夹 {} 原来对其他用户开放，已收回权限",
                config.node.data.display()
            );
        }
        let clock = business_clock(&config);
        let syncs = Syncs::default();
        let opener = opener(&config, me, &syncs);
        let (store, report) = opener()?;
        report
            .to_string()
            .lines()
            .for_each(|line| tracing::info!("{line}"));
        let shelf = Shelf::open(Arc::new(RealDisk), &config.node.data)
            .with_context(|| format!("附件文件夹不可用（{}）", config.node.data.display()))?;
        let files = Files { known, material };
        let (known, material) = keeper::compose(&files, &CommittedRows::new(store.view()), me)?;
        let surroundings = Arc::new(Surroundings::new(me, known));
        let shared = Arc::new(Shared::new(
            Arc::clone(&surroundings),
            Arc::clone(&clock),
            &store,
        ));
        shared.look_over(&report);
        let restored = take_up(&store, &shared)?;
        if let Some(collector) = &config.log.otlp {
            let per_mille = config.log.traced_per_mille;
            shared.trace(Traces::new(
                me.as_str(),
                collector,
                per_mille,
                Arc::clone(&clock),
            )?);
        }
        let (jobs, inbox) = tokio::sync::mpsc::channel(INBOX_MAX);
        let handle = NodeHandle {
            shared: Arc::clone(&shared),
            jobs,
        };
        let domain = keeper::domain(&files)?;
        // Certificates live in the machine's time, whatever a demonstration's clock shows.
        let tls = NodeTls::new(
            material,
            domain,
            rules(&handle),
            Arc::new(SystemClock::new()),
        )?;
        tls.clear_spent_keys();
        surroundings.trust(Arc::clone(&tls));
        let notary = Arc::new(NodeNotary::new(Arc::clone(&tls)));
        let committer = Committer::new(
            Arc::clone(&shared),
            inbox,
            opener,
            store,
            Box::new(OsEntropy),
            notary,
        );
        let (committer, ended) = begin(committer, restored, me).await?;
        let (settings, data) = (config.sealing.clone(), config.node.data.clone());
        shared.equip(KeyMaker::new(Arc::clone(&tls), settings, data));
        // Before any link: what is written from now on for far nodes is sealed.
        keys::renew(&handle).await;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let lists = Arc::clone(&tls);
        shared.watch_lists(Box::new(move || lists.list_ages()));
        surroundings.believe(Box::new(ByCertificates(Arc::clone(&tls))));
        let dial = parent(&config, &tls, &surroundings, configured);
        let links = node_links(&handle, Arc::clone(&dial));
        let attachments = Attachments::start(
            handle.clone(),
            shelf,
            config.attachments.clone(),
            Some(dial),
        );
        let watching = attachments.clone();
        shared.watch(Box::new(move |facts| watching.committed(facts)));
        let (performing, reading) = (links.clone(), Reading::new(handle.clone()));
        shared.connect(Box::new(move |action: &Action| match action {
            Action::Gather(ask) => reading.begin(ask),
            action => performing.perform(action),
        }));
        attachments.look_at_start().await;
        links.begin();
        let keeper = Arc::new(Keeper {
            node: handle.clone(),
            tls: Arc::clone(&tls),
            links: links.clone(),
            files: Mutex::new(files),
        });
        // Now that certificates are there: what hangs on them is looked at, and what came into force meanwhile.
        handle.shared().world_changed.notify_one();
        tasks.spawn(Arc::clone(&keeper).run(stop.clone()));
        let mut running = Running {
            config,
            handle,
            links,
            attachments,
            tls,
            keeper,
            stop,
            tasks,
            committer,
            ended,
            syncs,
            gates,
            people: None,
            federation_address: None,
            http_address: None,
        };
        running.open_doors(listeners)?;
        Ok(running)
    }
}
impl Running {
    /// A handle to the node.
    #[must_use]
    pub fn handle(&self) -> &NodeHandle {
        &self.handle
    }

    /// Its attachments.
    #[must_use]
    pub fn attachments(&self) -> &Attachments {
        &self.attachments
    }

    /// Its links.
    #[must_use]
    pub fn links(&self) -> &Links<NodeHandle> {
        &self.links
    }

    /// Until its committer has ended: a node that is told to stop, or one that only another process can mend.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// How often its files were made durable.
    #[must_use]
    pub fn syncs(&self) -> &Syncs {
        &self.syncs
    }

    fn open_doors(&mut self, listeners: Listeners) -> anyhow::Result<()> {
        if let Some(listener) = listeners.federation {
            self.federation_address = Some(listener.local_addr()?);
            let incoming = identity::incoming::<_, PeerIdentity>(
                listener,
                Arc::clone(&self.tls),
                self.gates.federation.clone(),
                self.stop.clone(),
            );
            let server = identity::patient_server(NEIGHBOURS_PATIENCE)
                .add_service(self.links.service(link::certified))
                .add_service(self.attachments.service(link::certified))
                .serve_with_incoming_shutdown(incoming, self.stop.clone().cancelled_owned());
            self.tasks.spawn(log_end("联动端口", server));
        }
        let doors = grpc::Door::new(
            self.handle.clone(),
            self.links.clone(),
            self.attachments.clone(),
            &self.config.operator,
        )?;
        self.people = Some(doors.people());
        let local = doors
            .clone()
            .serve_local(listeners.local, self.stop.clone())?;
        self.tasks.spawn(log_end("本机操作口", local));
        if let Some(listener) = listeners.operator {
            let (tls, gate) = (Arc::clone(&self.tls), self.gates.operators.clone());
            let remote = doors.serve_tcp(listener, tls, gate, self.stop.clone());
            self.tasks.spawn(log_end("操作端口", remote));
        }
        if let Some(listener) = listeners.http {
            self.http_address = Some(listener.local_addr()?);
            let metrics = telemetry::Metrics::new(self.handle.shared().surroundings.me().as_str())?;
            self.register_metrics(&metrics.meter());
            let status = Arc::new(super::metrics::NodeStatus(self.handle.clone()));
            let router = http::router(status, metrics, Arc::new(SystemClock::new()));
            let gate = self.gates.monitors.clone();
            self.tasks.spawn(log_end(
                "监控端口",
                http::serve(listener, router, gate, self.stop.clone()),
            ));
        }
        self.tasks
            .spawn(sweep(Arc::clone(&self.tls), self.stop.clone()));
        self.tasks
            .spawn(keys::run(self.handle.clone(), self.stop.clone()));
        let store = &self.config.store;
        let pace = super::upkeep::Pace {
            every: std::time::Duration::from_secs(store.upkeep_seconds),
            scrub_every: std::time::Duration::from_secs(store.scrub_hours * 3_600),
        };
        self.tasks.spawn(super::upkeep::run(
            self.handle.clone(),
            self.attachments.clone(),
            pace,
            self.stop.clone(),
        ));
        Ok(())
    }

    /// Registers everything that this node measures of itself. To add an instrument: where it is counted, its call
    /// here, its line in the table of `deploy/OPERATIONS.md`.
    pub fn register_metrics(&self, meter: &Meter) {
        super::metrics::register(meter, &self.handle, &self.links, &self.syncs);
        super::metrics::register_attachments(meter, &self.attachments);
        identity::metrics::register(meter, &self.tls);
        gate::metrics::register(meter, self.gates.all());
    }

    /// Reads certificates, topology, packs and people anew. What is faulty is reported and the old stays in force.
    ///
    /// # Errors
    /// All faults at once.
    pub async fn reload(&self, file: &Path) -> anyhow::Result<()> {
        let config = Config::load(file)?;
        let operator = config.operator.clone();
        let Prepared {
            me,
            known,
            material,
            ..
        } = Prepared::read(config, file)?;
        anyhow::ensure!(
            me == self.handle.shared().surroundings.me(),
            "配置文件改了 node.region；换节点须重新启动"
        );
        self.keeper.replace(Files { known, material }).await?;
        if let Some(people) = &self.people {
            people.replace(&operator).map_err(anyhow::Error::msg)?;
        }
        self.tls.clear_spent_keys();
        keys::renew(&self.handle).await;
        tracing::info!("已重新读入证书、拓扑、规则包和操作人");
        Ok(())
    }

    /// Drains: doors close, links say farewell, the committer finishes, the store is closed in order.
    ///
    /// # Errors
    /// The store could not be closed in order; the next start mends it.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.links.stop().await;
        self.attachments.stop().await;
        self.tasks.close();
        self.tasks.wait().await;
        self.handle.stop().await;
        let committer = self.committer;
        let closed = tokio::task::spawn_blocking(move || committer.join()).await?;
        if let Some(traces) = self.handle.shared().traces() {
            tokio::task::spawn_blocking(move || traces.shut_down()).await?;
        }
        match closed {
            Ok(closed) => closed,
            Err(_) => anyhow::bail!("提交线程异常终止"),
        }
    }
}

/// The committer's thread, and what is cancelled when it has ended.
type Begun = (
    std::thread::JoinHandle<anyhow::Result<()>>,
    CancellationToken,
);

/// Starts the committer with the restore, if there was one, and the start. They are durable when it returns, before anybody
/// is dialled or heard: a stream states the epoch, and what it brings belongs to it.
async fn begin(
    committer: Committer,
    restored: Option<[u8; 16]>,
    me: RegionKey,
) -> anyhow::Result<Begun> {
    let (begun, beginning) = tokio::sync::oneshot::channel();
    let first = restored.map(|id| Input::Restored { id });
    let first: Vec<_> = first.into_iter().chain([Input::Start]).collect();
    let span = telemetry::node_span(me.as_str());
    let ended = CancellationToken::new();
    let ending = ended.clone().drop_guard();
    let committer = std::thread::Builder::new()
        .name("committer".to_owned())
        .spawn(move || {
            let _ending = ending;
            span.in_scope(|| committer.run(first, begun))
        })?;
    if beginning.await.is_ok() {
        return Ok((committer, ended));
    }
    let ended = tokio::task::spawn_blocking(move || committer.join()).await?;
    Err(ended.map_or_else(|_| anyhow::anyhow!("提交线程异常终止"), why_not_begun))
}

/// Why the committer ended before it began.
fn why_not_begun(ended: anyhow::Result<()>) -> anyhow::Error {
    ended
        .err()
        .unwrap_or_else(|| anyhow::anyhow!("提交线程没有开始工作"))
}

/// The restore that the folder's mark speaks of, unless the log says that it was taken up already.
fn take_up(store: &Store, shared: &Shared) -> anyhow::Result<Option<[u8; 16]>> {
    let Some(mark) = store.restored()? else {
        return Ok(None);
    };
    let known = shared.rows().node()?.restore;
    if known.is_some_and(|known| known.id == mark.id) {
        store.taken_up()?;
        return Ok(None);
    }
    Ok(Some(mark.id))
}

/// Connections whose certificates expired meanwhile end, too.
async fn sweep(tls: Arc<NodeTls>, stop: CancellationToken) {
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = tokio::time::sleep(SWEEP_EVERY) => {}
        }
        let cut = tls.sweep();
        if cut > 0 {
            tracing::warn!("断开 {cut} 条证书已失效的连接");
        }
    }
}

async fn log_end<E: std::fmt::Display>(
    what: &'static str,
    serving: impl Future<Output = Result<(), E>>,
) {
    match serving.await {
        Ok(()) => tracing::info!("{what}已关闭"),
        Err(error) => tracing::error!("{what}出错：{error}"),
    }
}
