//! The one committer: a thread that takes inputs in groups, lets the kernel decide, makes the group durable, shows it in
//! the view, and only then lets anything leave.
//!
//! ```text
//! inputs ──drain ≤ 256──▶ kernel::Group ──▶ sign ──▶ store.append + sync ──▶ view ──▶ answers, acknowledgements, sends
//!                              any failure: the group's outcome is unknown ──▶ store dropped and opened again
//! ```

use super::handle::{Job, Outcome};
use super::rows::CommittedRows;
use super::shared::Shared;
use super::trace::GroupTrace;
use crate::clock::watch::{ClockWatch, Look, Reading, Word};
use crate::codec::commit;
use crate::entropy::Entropy;
use crate::identity::NodeNotary;
use crate::store::{OpenReport, Store, StoreError};
use anyhow::Context as _;
use hotline_domain::evidence::{self, NotSigned};
use hotline_domain::fact::Fact;
use hotline_domain::kernel::{Action, Commit, Event, Group, Input, Now, World, next_timer};
use hotline_domain::view::{Rows, ViewFailed};
use hotline_topology::Time;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Most inputs that share one commit.
pub const GROUP_MAX: usize = 256;
/// Longest sleep between looks at the clock: a clock that somebody sets is noticed by then.
const NAP_MAX: Duration = Duration::from_secs(1);

/// Opens the store; called at start and after every failure.
pub type Opener = Arc<dyn Fn() -> Result<(Store, OpenReport), StoreError> + Send + Sync>;

/// Why a group did not become durable.
#[derive(Debug, thiserror::Error)]
pub(super) enum GroupFailed {
    #[error(transparent)]
    View(#[from] ViewFailed),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("操作系统不能提供随机数：{0}")]
    Entropy(#[from] std::io::Error),
    #[error(transparent)]
    NotSigned(#[from] NotSigned),
}

impl GroupFailed {
    /// Whether nothing happened and the store goes on.
    pub(super) fn is_harmless(&self) -> bool {
        match self {
            Self::View(_) => false,
            Self::Store(error) => error.is_harmless(),
            Self::Entropy(_) | Self::NotSigned(NotSigned::Key(_)) => true,
            Self::NotSigned(NotSigned::View(_)) => false,
        }
    }
}

/// The committer's own state.
pub struct Committer {
    pub(super) shared: Arc<Shared>,
    pub(super) jobs: mpsc::Receiver<Job>,
    pub(super) opener: Opener,
    entropy: Box<dyn Entropy>,
    notary: Arc<NodeNotary>,
    pub(super) store: Option<Store>,
    watch: ClockWatch,
    pub(super) answers: BTreeMap<u64, oneshot::Sender<Outcome>>,
    /// What the node said of itself at its start and could not be committed yet.
    pub(super) kept: Vec<Input>,
    next_ticket: u64,
}

impl Committer {
    /// Takes over an opened store.
    pub fn new(
        shared: Arc<Shared>,
        jobs: mpsc::Receiver<Job>,
        opener: Opener,
        store: Store,
        entropy: Box<dyn Entropy>,
        notary: Arc<NodeNotary>,
    ) -> Self {
        let watch = watch(&shared);
        Self {
            shared,
            jobs,
            opener,
            entropy,
            notary,
            store: Some(store),
            watch,
            answers: BTreeMap::new(),
            kept: Vec::new(),
            next_ticket: 1,
        }
    }

    /// Commits `first` in a group of its own, says so, then works until told to stop or until nobody can send any more;
    /// closes the store in order. Before `first` nothing is committed, not even a timer that is due: what the node
    /// decides belongs to the epoch that a restore brings.
    ///
    /// # Errors
    /// `first` did not become durable, which is said to whoever waits, too; no runtime for the timers; the store could
    /// not be closed in order.
    pub fn run(mut self, first: Vec<Input>, begun: oneshot::Sender<()>) -> anyhow::Result<()> {
        let time = self.look().time;
        self.shared
            .accepted
            .fetch_add(first.len() as u64, Ordering::Relaxed);
        let jobs: Vec<_> = first.into_iter().map(Job::Input).collect();
        let count = jobs.len() as u64;
        self.group(jobs, time)
            .context("节点的启动没有入账，没有接通任何链路，也没有开放任何端口")?;
        self.shared.applied.fetch_add(count, Ordering::Relaxed);
        // Who waits may have given up, which the inbox tells.
        let _ = begun.send(());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()?;
        let mut next = Some(Time(0));
        loop {
            // While the clock is in doubt no timer fires: there is none to wake up for.
            let timers = self.look().timers;
            let nap = match self.kept.is_empty() {
                true => self.nap(next.filter(|_| timers)),
                false => Duration::ZERO,
            };
            let first =
                runtime.block_on(async { tokio::time::timeout(nap, self.jobs.recv()).await });
            let kept = std::mem::take(&mut self.kept);
            let mut jobs: Vec<Job> = kept.into_iter().map(Job::Input).collect();
            let mut stop = match first {
                Ok(Some(job)) => self.drain(job, &mut jobs),
                Ok(None) => true,
                Err(_) => false,
            };
            let look = self.look();
            let doubt = look.doubt.map(|why| Input::ClockDoubt { why });
            let tick = look.timers && next.is_some_and(|due| due <= look.time);
            for input in doubt.into_iter().chain(tick.then_some(Input::Tick)) {
                self.shared.accepted.fetch_add(1, Ordering::Relaxed);
                jobs.push(Job::Input(input));
            }
            if !jobs.is_empty() {
                let count = jobs.len() as u64;
                stop |= !self.take(&runtime, jobs, look.time);
                self.shared.applied.fetch_add(count, Ordering::Relaxed);
            }
            next = self.next_due();
            if stop {
                return self.close();
            }
        }
    }

    /// How long to sleep, in real time: until the next timer, at most a second.
    fn nap(&self, due: Option<Time>) -> Duration {
        let Some(due) = due else { return NAP_MAX };
        let left = crate::clock::between(self.shared.clock.now(), due);
        (left / self.shared.clock.rate().max(1)).min(NAP_MAX)
    }

    fn look(&mut self) -> Look {
        let held = self.shared.rows().node();
        let held = held.is_ok_and(|row| row.clock_held.is_some());
        let words = self.shared.heard().into_iter().map(|(peer, heard)| Word {
            peer,
            time: heard.time,
            heard: heard.monotonic,
        });
        self.watch.look(reading(&self.shared), held, words)
    }

    fn next_due(&self) -> Option<Time> {
        let view = self.shared.rows();
        // A view that cannot be read shows it in the next group.
        next_timer(&*view).unwrap_or(Some(Time(0)))
    }

    /// Takes what is waiting already; true when one of them says stop.
    fn drain(&mut self, first: Job, jobs: &mut Vec<Job>) -> bool {
        let mut next = Some(first);
        while let Some(job) = next {
            if matches!(job, Job::Stop) {
                return true;
            }
            jobs.push(job);
            next = if jobs.len() < GROUP_MAX {
                self.jobs.try_recv().ok()
            } else {
                None
            };
        }
        false
    }

    /// Commits the jobs as a group, or sees to it that the store can commit again; false when told to stop meanwhile.
    fn take(&mut self, runtime: &tokio::runtime::Runtime, jobs: Vec<Job>, time: Time) -> bool {
        if let Some(Err(full)) = self.store.as_ref().map(Store::check_room) {
            return self.await_room(runtime, jobs, &full);
        }
        let said = jobs.iter().filter_map(said_at_start).collect();
        let Err(failed) = self.group(jobs, time) else {
            return true;
        };
        self.kept = said;
        self.reopen(runtime, &failed)
    }

    fn group(&mut self, jobs: Vec<Job>, time: Time) -> Result<(), GroupFailed> {
        let known = self.shared.surroundings.known();
        let world = World {
            notary: &*self.notary,
            ..self.shared.surroundings.world(&known)
        };
        let now = Now {
            time,
            monotonic_ms: u64::try_from(self.shared.clock.monotonic().as_millis())
                .unwrap_or(u64::MAX),
        };
        let Some(store) = self.store.as_mut() else {
            return Err(ViewFailed("存储未打开".to_owned()).into());
        };
        let cache = &self.shared.cache;
        let view = CommittedRows::of_committer(store.view(), Arc::clone(cache));
        let mut group = Group::new(&view, world, now)?;
        let mut told = GroupTrace::begin(self.shared.traces());
        for job in jobs {
            let input = match job {
                Job::Input(input) => input,
                Job::Command(command, answer) => {
                    let ticket = self.next_ticket;
                    self.next_ticket += 1;
                    self.answers.insert(ticket, answer);
                    Input::Command { ticket, command }
                }
                Job::Stop => continue,
            };
            let mut bits = [0; 16];
            self.entropy.fill(&mut bits)?;
            let tracing = told.event(&input, now.time);
            group.step_traced(Event { bits, input }, tracing)?;
        }
        let mut commit = group.finish()?;
        let head = (store.last_commit(), store.hash());
        evidence::sign(&mut commit, world.me, &view, &*self.notary, head)?;
        cache.forget(commit.changes.iter().map(|(key, _)| key));
        write(store, &commit)?;
        taken_up(store, &commit);
        told.tell(&commit);
        self.shared.committed(&commit.facts);
        cache.note(commit.changes);
        self.perform(commit.actions);
        Ok(())
    }

    /// Lets out what the durable group decided.
    fn perform(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Answer { ticket, answer } => {
                    if let Some(waiting) = self.answers.remove(&ticket) {
                        // Whoever asked may have gone; what was decided stands.
                        drop(waiting.send(Outcome::Decided(answer)));
                    }
                }
                Action::Alarm { text } => {
                    self.shared.alarms.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!(alarm = true, "{text}");
                }
                Action::DestroyKey { slot } => self.shared.destroy(slot),
                Action::WorldChanged => self.shared.world_changed.notify_one(),
                other => self.shared.perform(&other),
            }
        }
    }

    fn close(mut self) -> anyhow::Result<()> {
        match self.store.take() {
            Some(store) => {
                let last = store.close()?;
                tracing::info!("存储已正常关闭，最后一次提交 {last}");
                Ok(())
            }
            None => Err(anyhow::anyhow!("存储已失败，未能正常关闭")),
        }
    }
}

/// What the node says of itself once, at its start: it says it again where the store failed meanwhile.
pub(super) fn said_at_start(job: &Job) -> Option<Input> {
    match job {
        Job::Input(Input::Restored { id }) => Some(Input::Restored { id: *id }),
        Job::Input(Input::Start) => Some(Input::Start),
        _ => None,
    }
}

fn reading(shared: &Shared) -> Reading {
    Reading {
        time: shared.clock.now(),
        monotonic: shared.clock.monotonic(),
    }
}

/// The watch over the clock, as the node starts.
fn watch(shared: &Shared) -> ClockWatch {
    let (known, me) = (shared.surroundings.known(), shared.surroundings.me());
    let place = crate::link::Place::of(&known.federation, me);
    let alone = place.parent.is_none() && place.children.is_empty();
    let row = shared.rows().node().unwrap_or_default();
    let held = row.clock_held.map(|_| row.time);
    ClockWatch::new(reading(shared), shared.clock.rate(), alone, held)
}

/// The log says that a restore was taken up: the folder's mark goes, now or at the next start.
fn taken_up(store: &Store, commit: &Commit) {
    let restored = |fact: &Fact| matches!(fact, Fact::Restored(_));
    if commit.facts.iter().any(restored)
        && let Err(error) = store.taken_up()
    {
        tracing::warn!("不能删除恢复标记，下次启动再删：{error}");
    }
}

/// The group's facts and changes, durable and shown.
fn write(store: &mut Store, commit: &Commit) -> Result<(), StoreError> {
    if commit.facts.is_empty() {
        return Ok(());
    }
    let lasting = commit::encode_after(commit.at, &commit.facts, store.keys().handed_out());
    let ops = commit::ops(commit.changes.iter().map(|(key, row)| (key, row.as_ref())));
    store.commit(&lasting, ops).map(|_| ())
}
