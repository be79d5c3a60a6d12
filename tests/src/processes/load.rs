//! Load for two linked nodes: matters taken in above and given on below, each command under its own key through every
//! death of the node, and what must be true of them in the end.

use super::{LOOK_EVERY, Town, until};
use crate::power::preload::{Preload, Switch};
use hotline::cli::client::{CallError, Client};
use hotline::demo::world::{CLERK, DISPATCHER};
use hotline_domain::id::MatterId;
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_topology::RegionKey;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Callers at once.
const WORKERS: usize = 4;
/// Between two matters of a caller: under a power cut syncs are only written down, and more matters would prove no more.
const PACE: Duration = Duration::from_millis(150);

/// By when an answer had come: in which boot of the node above, after how many of its deeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Stamp {
    /// The boot.
    pub boot: u64,
    /// Deeds of the process so far.
    pub deeds: u64,
}

impl Stamp {
    /// Now, or a little later than that: the boot is counted up before the deeds begin again, and is read after them.
    #[must_use]
    pub fn now(preload: Option<&Preload>, boots: &AtomicU64) -> Self {
        let deeds = preload.and_then(|preload| preload.get(Switch::Deeds).ok());
        Self {
            deeds: deeds.unwrap_or(0),
            boot: boots.load(Ordering::SeqCst),
        }
    }
}

/// Tells by when an answer had come.
pub type Clock = Arc<dyn Fn() -> Stamp + Send + Sync>;

type Confirmed = Mutex<Vec<(String, Stamp)>>;

/// Callers at work.
pub struct Load {
    stop: Arc<AtomicBool>,
    confirmed: Arc<Confirmed>,
    workers: Vec<JoinHandle<anyhow::Result<()>>>,
}

impl Load {
    /// Begins: matters are taken in by `above` and given to `below`.
    ///
    /// # Errors
    /// The node is none of this world.
    pub fn start(
        town: &Town,
        above: RegionKey,
        below: RegionKey,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let (stop, confirmed) = (Arc::<AtomicBool>::default(), Arc::<Confirmed>::default());
        let mut workers = Vec::new();
        for worker in 0..WORKERS {
            let socket = town.world.place(above)?.socket.clone();
            let (stop, confirmed) = (Arc::clone(&stop), Arc::clone(&confirmed));
            let clock = Arc::clone(&clock);
            workers.push(tokio::spawn(async move {
                let told = |matter: String| {
                    let stamp = clock();
                    lock(&confirmed).push((matter, stamp));
                };
                work(worker, socket, below, &stop, told).await
            }));
        }
        Ok(Self {
            stop,
            confirmed,
            workers,
        })
    }

    /// What was answered as taken in, so far, and by when.
    #[must_use]
    pub fn stamped(&self) -> Vec<(String, Stamp)> {
        lock(&self.confirmed).clone()
    }

    /// Stops and waits until every caller has its last answer; the matters confirmed.
    ///
    /// # Errors
    /// A command was refused.
    pub async fn finish(&mut self) -> anyhow::Result<Vec<String>> {
        self.stop.store(true, Ordering::SeqCst);
        for worker in self.workers.drain(..) {
            worker.await??;
        }
        let confirmed = lock(&self.confirmed);
        Ok(confirmed.iter().map(|(matter, _)| matter.clone()).collect())
    }
}

/// Waits until every matter is delivered below and the figures have come up.
///
/// # Errors
/// That does not happen in time.
pub async fn settled(
    town: &Town,
    above: RegionKey,
    below: RegionKey,
    matters: &[String],
) -> anyhow::Result<()> {
    let door = town.door(above).await?;
    for matter in matters {
        until("every confirmed matter is delivered", || {
            delivered(&door, matter)
        })
        .await?;
    }
    until("the queues are empty and the figures reported", || {
        quiet(town, above, below, matters.len())
    })
    .await
}

/// The ids that matters were confirmed under.
///
/// # Errors
/// One is no id.
pub fn ids(matters: &[String]) -> anyhow::Result<Vec<MatterId>> {
    let parsed = matters.iter().map(|matter| matter.parse());
    Ok(parsed.collect::<Result<Vec<MatterId>, _>>()?)
}

async fn work(
    worker: usize,
    socket: PathBuf,
    below: RegionKey,
    stop: &AtomicBool,
    told: impl Fn(String),
) -> anyhow::Result<()> {
    for at in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let texts = vec![pb::Text {
            field: "content".into(),
            value: format!("路灯不亮 {worker}-{at}"),
            erased: false,
        }];
        let done = surely(
            &socket,
            CLERK,
            &format!("in-{worker}-{at}"),
            texts,
            take_in(),
        )
        .await?;
        told(done.matter.clone());
        let assign = assign(done.matter, below);
        let key = format!("give-{worker}-{at}");
        surely(&socket, DISPATCHER, &key, Vec::new(), assign).await?;
        sleep(PACE).await;
    }
    Ok(())
}

fn lock(confirmed: &Confirmed) -> MutexGuard<'_, Vec<(String, Stamp)>> {
    confirmed.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A matter by telephone.
#[must_use]
pub fn take_in() -> Verb {
    Verb::TakeIn(pb::TakeIn {
        channel: "phone".into(),
        kind: "help".into(),
        category: "0201".into(),
        ..pb::TakeIn::default()
    })
}

/// Giving it to a node below.
#[must_use]
pub fn assign(matter: String, below: RegionKey) -> Verb {
    Verb::Assign(pb::Assign {
        matter,
        takers: vec![below.to_string()],
        basis: "属地管理".into(),
        ..pb::Assign::default()
    })
}

/// Asks once.
///
/// # Errors
/// As the door answers.
pub async fn ask(
    socket: &Path,
    person: &str,
    key: &str,
    texts: Vec<pb::Text>,
    verb: Verb,
) -> Result<pb::Done, CallError> {
    let command = pb::Command {
        key: key.into(),
        seen: 0,
        texts,
        verb: Some(verb),
    };
    Client::connect(socket)
        .await?
        .execute(Some(person), command)
        .await
}

/// Asks under one key until there is an answer, whatever happens to the node meanwhile.
///
/// # Errors
/// A rule refuses.
pub async fn surely(
    socket: &Path,
    person: &str,
    key: &str,
    texts: Vec<pb::Text>,
    verb: Verb,
) -> anyhow::Result<pb::Done> {
    loop {
        match ask(socket, person, key, texts.clone(), verb.clone()).await {
            Ok(done) => return Ok(done),
            Err(error) if error.rule.is_some() => anyhow::bail!("refused: {error}"),
            Err(_) => sleep(LOOK_EVERY).await,
        }
    }
}

async fn delivered(door: &Client, matter: &str) -> anyhow::Result<bool> {
    let request = pb::GetTicketRequest {
        ticket: matter.into(),
        with_texts: false,
        purpose: String::new(),
    };
    let detail = door.get_ticket(Some(DISPATCHER), request).await?;
    Ok(detail.legs.iter().any(|leg| leg.delivered_at_ms != 0))
}

/// Nothing waits on the link, and the node above has the figures of the one below.
async fn quiet(
    town: &Town,
    above: RegionKey,
    below: RegionKey,
    matters: usize,
) -> anyhow::Result<bool> {
    for (at, peer) in [(above, below), (below, above)] {
        let request = pb::ListQueueRequest {
            region: peer.to_string(),
            limit: 1,
        };
        let door = town.door(at).await?;
        let waiting = door.list_queue(Some(DISPATCHER), request).await?;
        if !waiting.envelopes.is_empty() {
            return Ok(false);
        }
    }
    let request = pb::GetFiguresRequest {
        table: "legs".into(),
        ..Default::default()
    };
    let door = town.door(above).await?;
    let figures = door.get_figures(Some(DISPATCHER), request).await?;
    let at = figures.measures.iter().position(|name| name == "taken-in");
    let taken = at.and_then(|at| figures.total.as_ref()?.counts.get(at).copied());
    Ok(taken == i64::try_from(matters).ok())
}
