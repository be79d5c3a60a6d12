//! Disks that are lost, and put back by the manual.

use super::{Pair, open_log};
use crate::codec::commit;
use crate::codec::payload::Codec;
use crate::store::disk::RealDisk;
use crate::store::log::LogReader;
use hotline_domain::evidence::Letters;
use hotline_domain::kernel::{Gather, Input, LinkNews, fold_commit};
use hotline_domain::link::Envelope;
use hotline_domain::view::{MemoryView, Overlay, Rows as _};
use std::sync::Arc;

impl Pair {
    /// How many commits a node's log has: what a backup made now would hold.
    pub fn commits(&self, at: usize) -> u64 {
        self.nodes[at].log.last_commit()
    }

    /// The node's disk is replaced by its first commits, on purpose as by the manual: it starts, takes a higher epoch, and
    /// both compare.
    pub fn restore(&mut self, at: usize, commits: u64) {
        self.put_back(at, commits);
        let id = [at as u8 + 1; 16];
        self.step(at, Input::Restored { id });
        self.step(at, Input::Start);
        self.compare(at);
    }

    /// The node's disk is replaced by its first commits, and nobody says so.
    pub fn put_back(&mut self, at: usize, commits: u64) {
        let dir = self.log_dir(at);
        let kept: Vec<Vec<u8>> = {
            let reader = LogReader::open(Arc::new(RealDisk), &dir).unwrap();
            let records = reader.read_from(1).unwrap().map(|record| record.unwrap());
            let held = records.take_while(|record| record.no <= commits);
            held.map(|record| record.lasting).collect()
        };
        std::fs::remove_dir_all(&dir).unwrap();
        let node = &mut self.nodes[at];
        node.log = open_log(node.me, &dir);
        node.view = MemoryView::default();
        for lasting in kept {
            let told = commit::decode(&lasting).unwrap();
            let mut overlay = Overlay::new(&node.view);
            fold_commit(&mut overlay, node.me, told.at, &told.facts).unwrap();
            let changes = overlay.into_changes();
            node.view.apply(changes);
            node.log.append(&lasting, &[]).unwrap();
        }
        node.log.sync().unwrap();
        node.drawn += 1 << 32;
    }

    /// A node that took a higher epoch meets the other, and both compare.
    pub fn compare(&mut self, at: usize) {
        let (me, epoch) = (self.nodes[at].me, self.nodes[at].view.node().unwrap().epoch);
        let news = LinkNews::PeerRestarted { epoch };
        self.step(1 - at, Input::Link { peer: me, news });
        self.meet(at);
        self.meet(1 - at);
        self.deliver();
    }

    /// What a node that forgot wrote, out of the other's log.
    pub(super) fn letters(&self, at: usize, ask: &Gather) -> Vec<Envelope> {
        let reader = LogReader::open(Arc::new(RealDisk), &self.log_dir(at)).unwrap();
        let mut letters = Letters::of(&Codec, &ask.legs, &ask.spoken);
        for record in reader.read_from(1).unwrap() {
            let facts = commit::decode(&record.unwrap().lasting).unwrap().facts;
            facts.into_iter().for_each(|fact| letters.take(fact));
        }
        letters.found()
    }
}
