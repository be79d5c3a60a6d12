//! Faults as they strike.

use super::{Happening, SILENCE_MS, Sim};
use crate::faults::clocks::ClockFault;
use crate::faults::malice::Malice;
use crate::faults::{Fault, Strike, Ways};
use crate::sim::node::{LOG, Recovery, Trouble};
use crate::sim::office;
use crate::sim::places::{HOUR, MINUTE, Reform, SECOND};
use crate::sim::upkeep;
use hotline::store::disk::{Disk as _, SimDisk};
use hotline_domain::kernel::Input;
use hotline_topology::RegionKey;
use std::path::Path;

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
            Fault::RollBack { node } => {
                if let Some(copy) = self.copies.remove(&node) {
                    self.struck("rolled-back disk");
                    self.unsettled |= self.had_older;
                    self.swap_disk(node, copy, None);
                }
            }
            Fault::Restore { node } => {
                if let Some(copy) = self.copies.remove(&node) {
                    self.struck("restored backup");
                    let id = self.rng.bits();
                    self.restored.insert(node, id);
                    self.swap_disk(node, copy, None);
                }
            }
            Fault::Clone { node, for_ms } => {
                if let Some(copy) = self.copies.remove(&node) {
                    self.struck("clone");
                    let original = self.swap_disk(node, copy, None);
                    self.originals.insert(node, original);
                    self.unsettled = true;
                    self.after(for_ms, Happening::Fault(Fault::CloneGone { node }));
                }
            }
            Fault::CloneGone { node } => {
                if let Some((original, seen)) = self.originals.remove(&node) {
                    self.swap_disk(node, original, Some(seen));
                }
            }
            Fault::SlowDisk { node } => self.trouble(node, Trouble::Slow, "slow disk"),
            Fault::FullDisk { node, room } => {
                self.trouble(node, Trouble::Full, "full disk");
                self.node(node).disk.set_room(Some(room));
            }
            Fault::UnreadableDisk { node } => {
                self.trouble(node, Trouble::Unreadable, "unreadable disk");
                let disk = &self.node(node).disk;
                let logs = disk.list(Path::new(LOG)).unwrap_or_default();
                let last = logs.last().map(|name| Path::new(LOG).join(name));
                disk.set_unreadable(last.as_deref());
                self.strikes
                    .insert(node, (Strike::AfterActions, 10 * SECOND));
            }
            Fault::MendDisk { node } => self.mend_disk(node),
            Fault::Reorganise { reform } => self.reorganise(reform),
            Fault::NarrowEdges { node } => {
                self.struck("altered edges");
                let node = self.node(node);
                node.place = node.place.narrowed();
            }
            Fault::MendEdges { node } => self.mend_edges(node),
            Fault::Older { node } => {
                self.struck("older release");
                self.had_older = true;
                self.older.insert(node);
            }
            Fault::Upgrade { node } => {
                if self.older.remove(&node) && self.nodes[&node].up() {
                    self.struck("upgrade");
                    self.crash(node, Strike::AfterActions, 30 * SECOND);
                }
            }
            Fault::Erase { node } => {
                let commands = self.clerks.erase(&self.nodes[&node]);
                if commands.is_some() {
                    self.struck("erasure");
                }
                self.ask(node, commands.into_iter().collect());
            }
            Fault::RotateKey { node, revoke } => self.rotate_key(node, revoke),
            Fault::Upkeep { node, room } => self.upkeep(node, room),
            Fault::Clock { node, fault } => {
                let now = self.now;
                let clock = &mut self.node(node).clock;
                let (kind, look) = match fault {
                    ClockFault::Freeze => {
                        clock.stand(now);
                        ("clock stands still", 2 * HOUR)
                    }
                    ClockFault::Jump(by) => {
                        clock.jump(by);
                        let ahead = by > 0;
                        let kind = if ahead { "clock ahead" } else { "clock behind" };
                        (kind, SECOND)
                    }
                };
                self.struck(kind);
                let boot = self.nodes[&node].boot;
                self.after(look, Happening::Look(node, boot));
            }
            Fault::SetClock { node } => self.set_clock(node),
            Fault::Malice { node, malice } => self.malice(node, malice),
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

    /// A newer tree is given out: every node has it within a day.
    fn reorganise(&mut self, reform: Reform) {
        let wished = self.place.reformed(reform).map(|place| (place, reform));
        let small = || Some((self.place.reformed(Reform::Upward)?, Reform::Upward));
        let Some((place, reform)) = wished.or_else(small) else {
            return;
        };
        self.struck(reform.name());
        let promises = self.promises.iter_mut();
        promises.for_each(|promise| promise.reorganised(&place));
        self.place = place;
        for me in self.place.nodes.clone() {
            let wait = self.rng.between(MINUTE, 24 * HOUR);
            self.after(wait, Happening::TakePlace(me));
        }
    }

    /// The node has its tree as it was given out, in the version that it knows.
    pub(super) fn mend_edges(&mut self, me: RegionKey) {
        let node = self.node(me);
        node.place = node.place.as_given_out();
    }

    /// The newer tree is in force at the node.
    pub(super) fn take_place(&mut self, me: RegionKey) {
        let place = self.place.clone();
        let node = self.node(me);
        if node.place.federation.version() == place.federation.version() {
            return;
        }
        let former = std::mem::replace(&mut node.place, place);
        let above = former.federation.parent(me);
        node.older.push(former.federation.clone());
        if !node.up() {
            return;
        }
        let (boot, parent) = (node.boot, node.place.federation.parent(me));
        self.push(me, Input::WorldChanged, 0);
        if above != parent {
            if let Some(above) = above {
                self.drop_line(me, above, false);
            }
            self.after(SECOND, Happening::Dial(me, boot));
        }
    }

    fn trouble(&mut self, me: RegionKey, trouble: Trouble, kind: &'static str) {
        self.mend_disk(me);
        self.struck(kind);
        self.node(me).trouble = Some(trouble);
    }

    pub(super) fn mend_disk(&mut self, me: RegionKey) {
        let node = self.node(me);
        node.trouble = None;
        node.disk.set_room(None);
        node.disk.set_unreadable(None);
    }

    fn upkeep(&mut self, me: RegionKey, room: Option<u64>) {
        let node = &self.nodes[&me];
        if !node.up() || node.syncing || node.trouble.is_some() {
            return;
        }
        node.disk.set_room(room);
        let done = upkeep::run(node);
        node.disk.set_room(None);
        match (done, room) {
            (Err(error), None) => self.check(me, 0, Err(error.to_string())),
            (_, None) => self.struck("checkpoint"),
            (_, Some(_)) => {
                self.struck("checkpoint cut short");
                self.crash(me, Strike::AfterActions, MINUTE);
            }
        }
    }

    fn rotate_key(&mut self, me: RegionKey, revoke: bool) {
        if !self.nodes[&me].up() || self.older.contains(&me) {
            return;
        }
        self.struck(if revoke { "revoked key" } else { "rotated key" });
        let now = self.nodes[&me].time(self.now);
        let new = office::make(self.node(me), revoke, now);
        let command = self.clerks.rotate_key(me, revoke, new);
        self.ask(me, vec![command]);
    }

    /// A person sets the clock right, and says so a while later where it was in doubt.
    pub(super) fn set_clock(&mut self, me: RegionKey) {
        self.node(me).clock.set_right();
        let boot = self.nodes[&me].boot;
        self.after(SECOND, Happening::Look(me, boot));
        let wait = self.rng.between(MINUTE, HOUR);
        self.after(wait, Happening::ConfirmClock(me));
    }

    fn malice(&mut self, me: RegionKey, malice: Malice) {
        let lines = self.nodes[&me].lines.iter();
        let used = lines.filter_map(|(peer, line)| Some((*peer, line.stream, line.last.clone()?)));
        let used: Vec<_> = used.collect();
        if used.is_empty() {
            return;
        }
        let (peer, stream, last) = self.rng.pick(&used).clone();
        let theirs = self.nodes[&peer].view.link(me);
        let frames = malice.frames(&last, &theirs, &mut self.rng);
        self.struck(malice.name());
        for frame in frames {
            self.put_on_wire(stream, me, frame);
        }
    }

    /// Another disk takes the place of the node's; the one that it had, and what the invariants have seen of it. `seen`:
    /// what they have seen of the other; `None`: it is an older state of the same.
    fn swap_disk(&mut self, me: RegionKey, disk: SimDisk, seen: Option<u64>) -> (SimDisk, u64) {
        if self.nodes[&me].up() {
            self.crash(me, Strike::AfterActions, HOUR);
        }
        self.mend_disk(me);
        for peer in self.nodes[&me].neighbours() {
            if let Some(line) = self.nodes[&peer].lines.get(&me) {
                let stream = line.stream;
                self.net.cut(stream);
            }
        }
        self.report.rolled = Some(me);
        let node = self.node(me);
        let mut had = (std::mem::replace(&mut node.disk, disk), node.seen);
        let found = match node.recover(Recovery::Whole) {
            Ok(found) => found,
            Err(words) => {
                self.check(me, 0, Err(words));
                return had;
            }
        };
        // Copied after a crash that came between a sync and all else, it has more.
        let seen = seen.unwrap_or(had.1);
        node.seen = seen.min(node.log.as_ref().map_or(0, |log| log.last_commit()));
        for of in 0..self.promises.len() {
            self.promises[of].rolled_back(&self.nodes, me);
        }
        for record in found.iter().filter(|record| record.no > seen) {
            self.node(me).seen = record.no;
            self.observe(me, record.no, record.at, &record.facts, &[]);
            had.1 = had.1.max(record.no);
        }
        self.node(me).log = None;
        had
    }
}
