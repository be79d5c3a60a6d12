//! People in the simulation: what they ask while it runs, and how they bring it to its end.

use super::{FINISH_MS, FINISH_ROUNDS, Happening, Sim};
use crate::sim::node::Node;
use crate::sim::places::{HOUR, MINUTE};
use hotline_domain::command::Command;
use hotline_domain::kernel::Input;
use hotline_domain::row::{Row, RowKey};
use hotline_topology::RegionKey;

impl Sim {
    pub(super) fn clerk(&mut self, me: RegionKey) {
        if self.quiet {
            return;
        }
        let wait = self
            .rng
            .between(self.shape.clerk_ms / 4, 2 * self.shape.clerk_ms);
        self.after(wait, Happening::Clerk(me));
        if self.nodes[&me].up() {
            let node = self.nodes.get_mut(&me).expect("a node of the federation");
            let commands = self.clerks.act(node);
            self.ask(me, commands);
        }
    }

    pub(super) fn intake(&mut self) {
        // Half of the matters come to townships, as most petitioners do.
        let nodes = &self.place.nodes;
        let at = if self.rng.percent(50) {
            *self.rng.pick(&nodes[nodes.len() / 2..])
        } else {
            *self.rng.pick(nodes)
        };
        if !self.nodes[&at].up() {
            self.after(HOUR, Happening::Intake);
            return;
        }
        self.taken_in += 1;
        let node = self.nodes.get_mut(&at).expect("a node of the federation");
        let command = self.clerks.take_in(node);
        self.ask(at, vec![command]);
    }

    pub(super) fn ask(&mut self, me: RegionKey, commands: Vec<(u64, Command)>) {
        for (ticket, command) in commands {
            let command = Box::new(command);
            self.push(me, Input::Command { ticket, command }, 40);
        }
    }

    /// Faults stop: links heal, nodes come back.
    pub(super) fn calm(&mut self) {
        self.quiet = true;
        self.net.parted.clear();
        self.net.slow.clear();
        self.strikes.clear();
        // A clone that still runs goes on as the node.
        self.originals.clear();
        for me in self.place.nodes.clone() {
            self.take_place(me);
            self.mend_edges(me);
            self.mend_disk(me);
            self.set_clock(me);
            if !self.nodes[&me].up() {
                self.after(MINUTE, Happening::Restart(me));
            }
        }
        self.after(HOUR, Happening::Finish(0));
    }

    pub(super) fn round(&mut self, round: u32) {
        let open = |node: &Node| {
            node.view.legs().any(|leg| leg.is_open()) || node.view.tickets().any(|t| t.is_open())
        };
        // What a node forgot may still be on its way back.
        let asking = |node: &Node| {
            let lowest = RowKey::Exchange(RegionKey::literal("000000000000"));
            let highest = RowKey::Exchange(RegionKey::literal("zzzzzzzzzzzz"));
            node.view.range(lowest, highest).next().is_some()
        };
        // What was sealed for a key that is lost comes anew, as soon as a new key holds by every clock.
        let shut = |node: &Node| {
            let rows = node.view.range(RowKey::Kept(0), RowKey::Kept(u64::MAX));
            rows.into_iter().any(|(_, row)| match row {
                Row::Kept(kept) => {
                    kept.until.is_some() && kept.envelope.key_id != 0 && kept.envelope.leg.is_some()
                }
                _ => false,
            })
        };
        let waits = |node: &Node| open(node) || asking(node) || shut(node);
        let done = !self.nodes.values().any(waits);
        // Two hours later, the last figures have come up.
        if (done && round.is_multiple_of(6))
            || round >= FINISH_ROUNDS
            || (self.unsettled && round > 12)
        {
            self.after(2 * HOUR, Happening::Finish(u32::MAX));
            if round == u32::MAX {
                self.end();
            }
            return;
        }
        for me in self.place.nodes.clone() {
            if self.nodes[&me].up() {
                let node = self.nodes.get_mut(&me).expect("a node of the federation");
                let mut commands = self.clerks.finish(node);
                commands.extend(self.reopens(me));
                self.ask(me, commands);
            }
        }
        self.after(FINISH_MS, Happening::Finish(round + 1));
    }

    /// A person at a node whose disk was set back in secret says that it lives on.
    fn reopens(&mut self, me: RegionKey) -> Vec<(u64, Command)> {
        if self.report.rolled != Some(me) || self.unsettled {
            return Vec::new();
        }
        let node = &self.nodes[&me];
        let mut peers = node.neighbours();
        peers.retain(|peer| node.view.link(*peer).blocked.is_some());
        let clerks = &mut self.clerks;
        let peers = peers.into_iter();
        peers.map(|peer| clerks.reopen(me, peer)).collect()
    }

    pub(super) fn end(&mut self) {
        self.ended = true;
        let rolled = self.report.rolled.filter(|_| self.unsettled);
        for of in 0..self.promises.len() {
            if let Err((me, words)) = self.promises[of].ended(&self.nodes, rolled) {
                self.check(me, of, Err(words));
            }
        }
    }
}
