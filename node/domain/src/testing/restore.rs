//! Hellos, and disks put back to an older state.

use super::fed::Fed;
use crate::evidence::Letters;
use crate::kernel::{Gather, Input, LinkNews, fold_commit};
use crate::link::{Hello, Verdict, WIRE_OLDEST, WIRE_VERSION, judge};
use crate::row::{Row, RowKey};
use crate::view::{MemoryView, Overlay, Rows, View};
use hotline_topology::{RegionKey, Time};

/// Hellos after which two neighbours must have met.
const ROUNDS_MAX: usize = 8;

impl Fed {
    /// What a node would say to its neighbour now.
    pub(crate) fn hello(&self, from: RegionKey, to: RegionKey) -> Hello {
        let view = &self.nodes[&from].view;
        let link = view.link(to).expect("memory");
        Hello {
            wire_version: WIRE_VERSION,
            wire_oldest: WIRE_OLDEST,
            region: from,
            epoch: view.node().expect("memory").epoch,
            peer_epoch: link.peer_epoch,
            topology_version: 1,
            time: Time(0),
            lanes: link.lanes,
            restarting: link.restarting,
            past: view.past().expect("memory"),
            shown: link.shown,
            refused: link.blocked.is_some(),
        }
    }

    /// What `me` makes of its neighbour's hello, and tells its kernel.
    pub(crate) fn meet(&mut self, me: RegionKey, peer: RegionKey) -> Verdict {
        let said = self.hello(peer, me);
        self.hear(me, &said)
    }

    /// What `me` makes of this hello, and tells its kernel.
    pub(crate) fn hear(&mut self, me: RegionKey, said: &Hello) -> Verdict {
        let peer = said.region;
        let view = &self.nodes[&me].view;
        let outbox = |lane, seq| match view.get(&RowKey::Outbox(peer, lane, seq)) {
            Ok(Some(Row::Outbox(_, hash))) => Some(hash),
            _ => None,
        };
        let link = view.link(peer).expect("memory");
        let (node, past) = (view.node().expect("memory"), view.past().expect("memory"));
        let verdict = judge(node.epoch, &past, &link, &outbox, said);
        let news = match verdict.clone() {
            Verdict::PeerRestarted => LinkNews::PeerRestarted { epoch: said.epoch },
            // A refused link hears nothing else.
            _ if link.blocked.is_some() => return verdict,
            Verdict::Fits | Verdict::PeerRolledBack(_) if said.refused => return verdict,
            Verdict::NotYet => return verdict,
            Verdict::Fits => LinkNews::Met {
                epoch: said.epoch,
                wire: WIRE_VERSION,
                shown: said.past.shown(),
            },
            Verdict::PeerRolledBack(why) => LinkNews::PeerRolledBack { why },
            Verdict::SelfRolledBack(why) => LinkNews::SelfRolledBack {
                why,
                seen_epoch: said.peer_epoch,
            },
            Verdict::WireVersion { .. } => panic!("one version"),
        };
        self.input(me, Input::Link { peer, news });
        verdict
    }

    /// Streams are opened until both hellos fit; each crosses the other's.
    pub(crate) fn connect(&mut self, one: RegionKey, other: RegionKey) {
        for _ in 0..ROUNDS_MAX {
            let (mine, theirs) = (self.hello(one, other), self.hello(other, one));
            let heard = [self.hear(one, &theirs), self.hear(other, &mine)];
            if heard == [Verdict::Fits, Verdict::Fits] {
                return;
            }
        }
        panic!("{one} and {other} do not meet");
    }

    /// The node's disk is put back to its first commits, in secret.
    pub(crate) fn roll_back(&mut self, region: RegionKey, commits: usize) {
        let node = self.nodes.get_mut(&region).expect("a node");
        node.log.truncate(commits);
        let mut view = MemoryView::default();
        for (at, facts) in &node.log {
            let mut overlay = Overlay::new(&view);
            fold_commit(&mut overlay, region, *at, facts).expect("memory");
            let changes = overlay.into_changes();
            view.apply(changes);
        }
        node.shadow = view.clone();
        node.view = view;
        node.alarms.clear();
    }

    /// The nodes' disks are put back on purpose to so many commits; they start and meet their neighbours.
    pub(crate) fn restore(&mut self, restores: &[(RegionKey, usize)]) {
        for (region, commits) in restores {
            self.roll_back(*region, *commits);
            let id = self.draw();
            self.input(*region, Input::Restored { id });
            self.input(*region, Input::Start);
        }
        for (region, _) in restores {
            for peer in self.neighbours(*region) {
                self.connect(*region, peer);
            }
        }
        self.settle();
    }

    /// Reads a node's log for letters, and tells its kernel what it found.
    pub(super) fn gather(&mut self, region: RegionKey, ask: &Gather) {
        let mut letters = Letters::of(&self.wire, &ask.legs, &ask.spoken);
        let facts = self.nodes[&region].log.iter().flat_map(|(_, facts)| facts);
        facts.cloned().for_each(|fact| letters.take(fact));
        let letters = letters.found();
        let ask = ask.clone();
        self.input(region, Input::Gathered { ask, letters });
    }

    pub(crate) fn neighbours(&self, region: RegionKey) -> Vec<RegionKey> {
        let tree = &self.nodes[&region].tree;
        let parent = tree.parent(region);
        let children = tree.children(region).iter().copied();
        parent.into_iter().chain(children).collect()
    }
}
