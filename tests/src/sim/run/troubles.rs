//! Faults as they strike.

use super::{Happening, SILENCE_MS, Sim};
use crate::faults::{Fault, Strike, Ways};
use crate::sim::places::HOUR;
use hotline_topology::RegionKey;

impl Sim {
    pub(super) fn fault(&mut self, fault: Fault) {
        if self.quiet {
            return;
        }
        match fault {
            Fault::Crash {
                node,
                strike,
                down_ms,
            } => {
                if self.nodes[&node].up() {
                    self.strikes.insert(node, (strike, down_ms));
                }
            }
            Fault::Cut => {
                let living = self.net.living();
                if !living.is_empty() {
                    self.struck("cut stream");
                    let stream = *self.rng.pick(&living);
                    self.cut(stream);
                }
            }
            Fault::Part { link, ways, for_ms } => {
                self.struck(match ways {
                    Ways::Both => "partition",
                    Ways::Up | Ways::Down => "one-way partition",
                });
                self.net.parted.insert(link, ways);
                for stream in self.net.of_link(link) {
                    if ways == Ways::Both {
                        self.cut(stream);
                    } else {
                        self.give_up(stream);
                    }
                }
                self.after(for_ms, Happening::Fault(Fault::Heal { link }));
            }
            Fault::Heal { link } => {
                self.net.parted.remove(&link);
            }
            Fault::Slow { link, factor } => {
                if factor > 1 {
                    self.struck("slow link");
                }
                self.net.slow.insert(link, factor);
            }
            Fault::Forge { node } => {
                self.forgers.insert(node);
            }
            Fault::Copy { node } => {
                let copy = self.nodes[&node].disk.copy();
                self.copies.insert(node, copy);
            }
            Fault::RollBack { node } => self.roll_back(node),
        }
    }

    /// Nothing gets through any more, whatever is under way included.
    pub(super) fn cut(&mut self, stream: u64) {
        self.give_up(stream);
        self.net.cut(stream);
    }

    /// Both ends notice within the bound of silence that the stream is of no use.
    fn give_up(&mut self, stream: u64) {
        let ends = self
            .net
            .stream(stream)
            .map(|ends| (ends.child, ends.parent));
        if let Some((child, parent)) = ends {
            for (at, peer) in [(child, parent), (parent, child)] {
                let wait = self.rng.between(0, SILENCE_MS);
                self.after(wait, Happening::Lost { at, peer, stream });
            }
        }
    }

    pub(super) fn roll_back(&mut self, me: RegionKey) {
        let Some(copy) = self.copies.remove(&me) else {
            return;
        };
        if self.nodes[&me].up() {
            self.crash(me, Strike::AfterActions, HOUR);
        }
        for peer in self.nodes[&me].neighbours() {
            if let Some(line) = self.nodes[&peer].lines.get(&me) {
                let stream = line.stream;
                self.net.cut(stream);
            }
        }
        self.struck("rolled-back disk");
        self.report.rolled = Some(me);
        let node = self.node(me);
        node.disk = copy;
        if let Err(words) = node.recover(false) {
            return self.check(me, 0, Err(words));
        }
        node.seen = node.log.as_ref().map_or(0, |log| log.last_commit());
        for of in 0..self.promises.len() {
            self.promises[of].rolled_back(&self.nodes, me);
        }
        self.node(me).log = None;
    }
}
