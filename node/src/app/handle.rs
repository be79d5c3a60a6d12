//! The node as its doors and links hold it: a cheap handle to the committer's inbox and to what is shared.

use super::shared::Shared;
use hotline_domain::body::Actor;
use hotline_domain::command::{Command, Verb};
use hotline_domain::id::MatterId;
use hotline_domain::kernel::Input;
use hotline_domain::refusal::Refusal;
use hotline_domain::row::Done;
use hotline_topology::FieldName;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::{mpsc, oneshot};

/// Inputs that may wait for the committer.
pub const INBOX_MAX: usize = 1024;

/// What the committer takes.
#[derive(Debug)]
pub enum Job {
    /// From links, timers, the node itself.
    Input(Input),
    /// From a person.
    Command(Box<Command>, oneshot::Sender<Outcome>),
    /// Finish what waits before this, close the store, end.
    Stop,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Done, or refused by a rule.
    Decided(Result<Done, Refusal>),
    /// The store failed in the middle: it may or may not have been done; ask again with the same idempotency key.
    Unknown(String),
    /// It was not taken: nothing happened.
    NotTaken(String),
}

/// A command as a door brings it: texts in the clear.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Who.
    pub actor: Actor,
    /// Idempotency key.
    pub key: Option<String>,
    /// Hash of the request's content.
    pub digest: [u8; 32],
    /// Version of the ticket that the actor saw.
    pub seen: Option<u32>,
    /// What to do.
    pub verb: Verb,
    /// The matter it is about, where one exists already: its texts are sealed under the matter's slot.
    pub matter: Option<MatterId>,
    /// Texts and personal data.
    pub texts: Vec<(FieldName, String)>,
}

/// A cheap handle to a running node.
#[derive(Clone)]
pub struct NodeHandle {
    pub(super) shared: Arc<Shared>,
    pub(super) jobs: mpsc::Sender<Job>,
}

impl NodeHandle {
    /// What committer, doors and links share.
    #[must_use]
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Queues an input; false when the node stops.
    pub async fn submit(&self, input: Input) -> bool {
        self.shared.accepted.fetch_add(1, Ordering::Relaxed);
        self.jobs.send(Job::Input(input)).await.is_ok()
    }

    /// As [`NodeHandle::submit`], from a thread without a runtime.
    pub fn submit_blocking(&self, input: Input) -> bool {
        self.shared.accepted.fetch_add(1, Ordering::Relaxed);
        self.jobs.blocking_send(Job::Input(input)).is_ok()
    }

    /// Carries a command out and waits until its outcome is durable.
    pub async fn command(&self, asked: Asked) -> Outcome {
        let not_taken = || Outcome::NotTaken("节点正在停止，未接受此项；请稍后重试".to_owned());
        let seal = |shared: &Arc<Shared>, asked: Asked| {
            let fields = shared.sealer.seal_written(asked.matter, &asked.texts);
            let mut asked = asked;
            if let (Verb::RotateKey { revoke, new, .. }, Some(maker)) =
                (&mut asked.verb, shared.maker())
            {
                match maker.make(shared, *revoke) {
                    Ok(made) => *new = Some(Box::new(made)),
                    Err(error) => tracing::error!("不能做出新的封装密钥：{error:#}"),
                }
            }
            if let Verb::Erase {
                matter,
                oldest_backup,
                ..
            } = &mut asked.verb
            {
                *oldest_backup = shared.oldest_backup(*matter);
            }
            (asked, fields)
        };
        self.shared.sealer.make_ahead();
        let makes_keys = matches!(asked.verb, Verb::RotateKey { .. });
        let sealed = if self.shared.sealer.is_ready() && !makes_keys {
            seal(&self.shared, asked)
        } else {
            // New keys wait for the disk.
            let shared = Arc::clone(&self.shared);
            match tokio::task::spawn_blocking(move || seal(&shared, asked)).await {
                Ok(sealed) => sealed,
                Err(_) => return not_taken(),
            }
        };
        let (asked, fields) = match sealed {
            (asked, Ok(fields)) => (asked, fields),
            (_, Err(error)) => return Outcome::NotTaken(format!("密钥文件不可用：{error}")),
        };
        let command = Command {
            actor: asked.actor,
            key: asked.key,
            digest: asked.digest,
            seen: asked.seen,
            verb: asked.verb,
            fields,
        };
        let (answer, outcome) = oneshot::channel();
        self.shared.accepted.fetch_add(1, Ordering::Relaxed);
        if self
            .jobs
            .send(Job::Command(Box::new(command), answer))
            .await
            .is_err()
        {
            return not_taken();
        }
        outcome
            .await
            .unwrap_or_else(|_| Outcome::Unknown("节点在提交时停止".to_owned()))
    }

    /// Tells the committer to finish and close the store.
    pub async fn stop(&self) {
        // A committer that has ended already needs no telling.
        drop(self.jobs.send(Job::Stop).await);
    }
}
