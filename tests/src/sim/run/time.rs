//! Time as a node sees it: what the watch over the clock says, and when timers fire.

use super::{Happening, Sim};
use crate::sim::clock::monotonic;
use crate::sim::places::{MINUTE, SECOND};
use hotline::clock::watch::{Look, Word};
use hotline_domain::kernel::{Input, next_timer};
use hotline_domain::link::SessionStage;
use hotline_domain::view::Rows as _;
use hotline_topology::RegionKey;

/// Between two looks at a clock that is not trusted.
const LOOK_MS: i64 = 15 * SECOND;

impl Sim {
    /// What the watch of the node says now.
    pub(super) fn watch(&mut self, me: RegionKey) -> Look {
        let now = self.now;
        let words = self.words(me);
        let trusts = self.broken.trusts_clock();
        let node = self.node(me);
        let held = node.view.node().is_ok_and(|row| row.clock_held.is_some());
        let look = node.clock.look(now, held, words);
        if trusts {
            return Look {
                time: node.clock.shows(now),
                timers: true,
                doubt: None,
            };
        }
        look
    }

    /// What the neighbours say of their time: heartbeats come every few seconds while a stream lives.
    fn words(&self, me: RegionKey) -> Vec<Word> {
        let met = |at: RegionKey, peer: RegionKey| {
            let line = self.nodes[&at].lines.get(&peer);
            let line = line.filter(|line| line.session.stage() == SessionStage::Met);
            line.map(|line| line.stream)
        };
        let lines = self.nodes[&me].lines.keys();
        lines
            .filter(|peer| {
                let (ours, theirs) = (met(me, **peer), met(**peer, me));
                ours.is_some() && ours == theirs && !self.silent(me, **peer)
            })
            .map(|peer| Word {
                peer: *peer,
                time: self.nodes[peer].time(self.now),
                heard: monotonic(self.now),
            })
            .collect()
    }

    /// Whether nothing comes from the neighbour.
    fn silent(&self, me: RegionKey, peer: RegionKey) -> bool {
        let child = if self.parent(me) == Some(peer) {
            me
        } else {
            peer
        };
        self.net.stops(child, peer)
    }

    /// The watch looks, outside of any group.
    pub(super) fn look(&mut self, me: RegionKey) {
        let look = self.watch(me);
        if let Some(why) = look.doubt {
            self.push(me, Input::ClockDoubt { why }, 0);
        } else if look.timers {
            self.arm(me);
        } else {
            self.look_again(me);
        }
    }

    /// Looks again soon, while no person is asked already.
    fn look_again(&mut self, me: RegionKey) {
        let node = &self.nodes[&me];
        if node.view.node().is_ok_and(|row| row.clock_held.is_none()) {
            let boot = node.boot;
            self.after(LOOK_MS, Happening::Look(me, boot));
        }
    }

    /// A timer may be due.
    pub(super) fn tick(&mut self, me: RegionKey) {
        let look = self.watch(me);
        if let Some(why) = look.doubt {
            return self.push(me, Input::ClockDoubt { why }, 0);
        }
        if !look.timers {
            return self.look_again(me);
        }
        match next_timer(&self.nodes[&me].view) {
            Ok(Some(due)) if due <= look.time => self.push(me, Input::Tick, 0),
            _ => self.arm(me),
        }
    }

    /// Wakes the node when its next timer is due by its clock.
    pub(super) fn arm(&mut self, me: RegionKey) {
        let (now, node) = (self.now, &self.nodes[&me]);
        let Ok(Some(due)) = next_timer(&node.view) else {
            return;
        };
        // A clock may be set meanwhile: the node looks at it now and then.
        let wait = (due.0 - node.time(now).0).clamp(0, 6 * 60 * MINUTE);
        let at = now + wait;
        if node.tick_at.is_none_or(|known| known > at) {
            let boot = node.boot;
            self.node(me).tick_at = Some(at);
            self.after(wait, Happening::Tick(me, boot));
        }
    }

    /// A person looked at the clock, and says that it is right.
    pub(super) fn confirm_clock(&mut self, me: RegionKey) {
        let node = &self.nodes[&me];
        let held = node.view.node().is_ok_and(|row| row.clock_held.is_some());
        if node.clock.is_wrong() || !held {
            return;
        }
        if node.up() {
            let command = self.clerks.confirm_clock(me);
            self.ask(me, vec![command]);
        }
        // In case it is lost with a group.
        self.after(20 * MINUTE, Happening::ConfirmClock(me));
    }
}
