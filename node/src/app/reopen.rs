//! What the committer does while its store cannot take anything: it answers, it stops when told to, and it goes on by
//! itself. It never waits for the disk: the failed store ends and the next one is opened on a thread of their own.

use super::committer::{Committer, GroupFailed, said_at_start};
use super::handle::{Job, Outcome};
use crate::store::{OpenReport, Store, StoreError};
use hotline_domain::evidence::NotSigned;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// Pause before a failed store is opened again.
const REOPEN_PAUSE: Duration = Duration::from_secs(1);
/// Between two looks whether there is room.
const ROOM_PAUSE: Duration = Duration::from_millis(250);

type Opened = Result<(Store, OpenReport), StoreError>;

impl Committer {
    /// The outcome of the group is unknown: nobody is answered as if it were known, the store is opened anew. False when
    /// told to stop meanwhile, or when only another process can open it.
    pub(super) fn reopen(&mut self, runtime: &Runtime, failed: &GroupFailed) -> bool {
        let why = &failed.to_string();
        if failed.is_harmless() {
            tracing::error!("本组没有写入，存储照常：{why}");
            self.answer_all(&Outcome::NotTaken(why.clone()));
            self.shared.cut_all(why);
            return true;
        }
        tracing::error!("存储失败，本组结果不明，重新打开：{why}");
        self.shared.cache.clear();
        self.shared.fail(Some(why.to_owned()));
        self.answer_all(&Outcome::Unknown(why.to_owned()));
        self.shared.cut_all(why);
        // A full or failing disk says nothing against the view; the store itself marks an engine that failed.
        if let (Some(store), GroupFailed::View(_) | GroupFailed::NotSigned(NotSigned::View(_))) =
            (&self.store, failed)
            && let Err(error) = store.distrust_view(why)
        {
            tracing::warn!("不能记下视图须重建：{error}");
        }
        loop {
            let opening = self.open_apart();
            let Some(opened) = self.refuse_until(runtime, opening) else {
                return false;
            };
            match opened {
                Ok(Ok((store, report))) => {
                    tracing::info!("存储已重新打开：{report}");
                    self.shared.opened(&store);
                    self.shared.look_over(&report);
                    self.store = Some(store);
                    self.work_again();
                    return true;
                }
                Ok(Err(error)) => {
                    tracing::error!("存储仍不能打开：{error}");
                    self.shared.fail(Some(error.to_string()));
                    if error.needs_restart() {
                        return false;
                    }
                }
                Err(_) => tracing::error!("打开存储的线程异常终止，稍后再试"),
            }
            let pause = async { tokio::time::sleep(REOPEN_PAUSE).await };
            if self.refuse_until(runtime, pause).is_none() {
                return false;
            }
        }
    }

    /// Ends the store, if there is one, and opens it again, on a thread of its own.
    fn open_apart(&mut self) -> oneshot::Receiver<Opened> {
        let (told, opening) = oneshot::channel();
        let (opener, gone) = (Arc::clone(&self.opener), self.store.take());
        let span = tracing::Span::current();
        let thread = std::thread::Builder::new().name("reopen".to_owned());
        let begun = thread.spawn(move || {
            let _entered = span.enter();
            drop(gone);
            // Nobody waits any more where the node was told to stop: the store is then dropped here.
            drop(told.send(opener()));
        });
        if let Err(error) = begun {
            tracing::error!("不能启动打开存储的线程：{error}");
        }
        opening
    }

    /// Nothing is begun for want of room; the store stays open and is read. False when told to stop meanwhile.
    pub(super) fn await_room(
        &mut self,
        runtime: &Runtime,
        jobs: Vec<Job>,
        full: &StoreError,
    ) -> bool {
        let why = &full.to_string();
        tracing::error!(alarm = true, "{why}");
        self.shared.alarms.fetch_add(1, Ordering::Relaxed);
        self.shared.fail(Some(why.to_owned()));
        self.shared.cut_all(why);
        // What came with them is counted by the caller.
        for job in jobs {
            self.refuse(job);
        }
        loop {
            let pause = async { tokio::time::sleep(ROOM_PAUSE).await };
            if self.refuse_until(runtime, pause).is_none() {
                return false;
            }
            if self.store.as_ref().is_none_or(|s| s.check_room().is_ok()) {
                tracing::info!("磁盘空间已够，恢复受理");
                self.work_again();
                return true;
            }
        }
    }

    fn work_again(&self) {
        // Streams that came up meanwhile count on what was refused: they begin anew.
        self.shared.cut_all("存储刚刚恢复");
        self.shared.fail(None);
        // What was begun beside the commits may have been lost with the group: it is begun again.
        self.shared.world_changed.notify_one();
    }

    fn answer_all(&mut self, outcome: &Outcome) {
        for (_, waiting) in std::mem::take(&mut self.answers) {
            drop(waiting.send(outcome.clone()));
        }
    }

    /// Commands that come before `done` are answered, peers' inputs dropped: they come again. `None` when told to stop.
    fn refuse_until<D: Future>(&mut self, runtime: &Runtime, done: D) -> Option<D::Output> {
        runtime.block_on(async {
            tokio::pin!(done);
            loop {
                tokio::select! {
                    biased;
                    output = &mut done => return Some(output),
                    job = self.jobs.recv() => match job {
                        None | Some(Job::Stop) => return None,
                        Some(job) => {
                            self.refuse(job);
                            self.shared.applied.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            }
        })
    }

    fn refuse(&mut self, job: Job) {
        self.kept.extend(said_at_start(&job));
        if let Job::Command(_, waiting) = job {
            let why = self.shared.failure();
            let why = why.unwrap_or_else(|| "存储暂不可用".to_owned());
            drop(waiting.send(Outcome::NotTaken(format!("{why}请稍后重试。"))));
        }
    }
}
