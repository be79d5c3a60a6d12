//! Letters out of the node's own log, for nodes that forgot what they wrote: the log is read beside the commits, once for
//! all legs of a part of a question.

use super::handle::NodeHandle;
use super::shared::Shared;
use crate::codec::commit;
use crate::codec::payload::Codec;
use hotline_domain::evidence::Letters;
use hotline_domain::kernel::{Gather, Input};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What waits to be read, at most one of a node that asks: a newer question makes the older one moot.
#[derive(Default)]
struct Waiting {
    asks: VecDeque<Gather>,
    /// A thread is at it.
    busy: bool,
}

/// Reads for one question after the other.
#[derive(Clone)]
pub(super) struct Reading {
    node: NodeHandle,
    waiting: Arc<Mutex<Waiting>>,
}

impl Reading {
    /// For a node.
    pub(super) fn new(node: NodeHandle) -> Self {
        let waiting = Arc::default();
        Self { node, waiting }
    }

    /// Reads on a thread of its own and submits what it found; all that it found, where the log fails it.
    pub(super) fn begin(&self, ask: &Gather) {
        let mut waiting = self.waiting();
        waiting.put(ask.clone());
        if waiting.busy {
            return;
        }
        let (this, span) = (self.clone(), tracing::Span::current());
        let thread = std::thread::Builder::new().name("letters".to_owned());
        match thread.spawn(move || span.in_scope(|| this.work())) {
            Ok(_) => waiting.busy = true,
            // The question stays; the next start takes it up.
            Err(error) => tracing::error!("不能读日志答复核对，重启节点后再答：{error}"),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<Gather> {
        let mut waiting = self.waiting();
        let next = waiting.asks.pop_front();
        waiting.busy = next.is_some();
        next
    }

    fn work(&self) {
        while let Some(ask) = self.next() {
            let mut letters = Letters::of(&Codec, &ask.legs, &ask.spoken);
            if let Err(error) = read(self.node.shared(), &mut letters) {
                tracing::error!(
                    "不能从日志中找出 {} 签过的全部原件，只附已找到的：{error:#}",
                    ask.peer
                );
            }
            let letters = letters.found();
            let input = Input::Gathered { ask, letters };
            if !self.node.submit_blocking(input) {
                return;
            }
        }
    }
}

impl Waiting {
    fn put(&mut self, ask: Gather) {
        let mut asks = self.asks.iter_mut();
        match asks.find(|waits| waits.peer == ask.peer) {
            Some(waits) => *waits = ask,
            None => self.asks.push_back(ask),
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

#[cfg(test)]
mod tests {
    use super::*;
    use hotline_domain::id::LegId;
    use hotline_topology::RegionKey;

    const CITY: RegionKey = RegionKey::literal("990100000000");
    const COUNTY: RegionKey = RegionKey::literal("990101000000");

    fn ask(peer: RegionKey, no: u64) -> Gather {
        Gather {
            peer,
            no,
            from: LegId([0; 16]),
            legs: Vec::new(),
            spoken: Vec::new(),
        }
    }

    #[test]
    fn however_often_a_node_asks_one_reading_waits_for_it_in_its_turn() {
        let mut waiting = Waiting::default();
        waiting.put(ask(COUNTY, 1));
        waiting.put(ask(CITY, 1));
        (2..9).for_each(|no| waiting.put(ask(COUNTY, no)));
        assert_eq!(waiting.asks, [ask(COUNTY, 8), ask(CITY, 1)]);
    }
}
