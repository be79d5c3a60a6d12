//! Letters out of the node's own log, for a node that forgot what it wrote: the log is read beside the commits, once for
//! all legs of a part of its question.

use super::handle::{NodeHandle, Shared};
use crate::codec::commit;
use crate::codec::payload::Codec;
use hotline_domain::evidence::Letters;
use hotline_domain::kernel::{Gather, Input};
use hotline_domain::link::Envelope;
use std::sync::{Arc, Mutex, PoisonError};

/// Reads for one question at a time.
#[derive(Clone)]
pub(super) struct Reading {
    node: NodeHandle,
    turn: Arc<Mutex<()>>,
}

impl Reading {
    /// For a node.
    pub(super) fn new(node: NodeHandle) -> Self {
        let turn = Arc::default();
        Self { node, turn }
    }

    /// Reads on a thread of its own and submits what it found; all that it found, where the log fails it.
    pub(super) fn begin(&self, ask: &Gather) {
        let (this, ask) = (self.clone(), ask.clone());
        let span = tracing::Span::current();
        let read = move || {
            span.in_scope(|| {
                let turn = this.turn.lock().unwrap_or_else(PoisonError::into_inner);
                let mut letters = Letters::of(&Codec, &ask.legs);
                if let Err(error) = read(this.node.shared(), &mut letters) {
                    tracing::error!(
                        "不能从日志中找出 {} 签过的全部原件,只附已找到的:{error:#}",
                        ask.peer
                    );
                }
                drop(turn);
                let letters: Vec<Envelope> = letters.found();
                this.node.submit_blocking(Input::Gathered { ask, letters });
            });
        };
        let thread = std::thread::Builder::new().name("letters".to_owned());
        if let Err(error) = thread.spawn(read) {
            // The question stays; the next start takes it up.
            tracing::error!("不能读日志答复核对,重启节点后再答:{error}");
        }
    }
}

fn read(shared: &Shared, letters: &mut Letters<'_>) -> anyhow::Result<()> {
    let upkeep = shared.upkeep();
    let upkeep = upkeep.ok_or_else(|| anyhow::anyhow!("存储未打开"))?;
    for record in upkeep.log().read_from(1)? {
        let lasting = commit::decode(&record?.lasting)?;
        lasting
            .facts
            .into_iter()
            .for_each(|fact| letters.take(fact));
    }
    Ok(())
}
