//! A node at work: events into groups, commit, actions; crash and recovery.

use super::{GROUP_MAX, Happening, SILENCE_MS, Sim};
use crate::faults::{Strike, forgery};
use crate::invariants::Seen;
use crate::sim::node::{Recovery, Trouble, encode, refold};
use crate::sim::places::{HOUR, MINUTE, SECOND};
use crate::sim::{notices, office};
use hotline_domain::fact::Fact;
use hotline_domain::kernel::{Action, Commit, Event, Input};
use hotline_domain::leg::Lane;
use hotline_domain::link::ByeCode;
use hotline_domain::row::{Row, RowKey};
use hotline_domain::view::Rows as _;
use hotline_topology::{RegionKey, Time};
use sha2::Digest as _;

/// Refused starts in a row that a passing fault explains: a sync that fails once more.
const STARTS: u32 = 2;

impl Sim {
    pub(super) fn push(&mut self, me: RegionKey, input: Input, wait_ms: i64) {
        let wait = wait_ms + self.rng.between(0, 20);
        let now = self.now;
        let node = self.node(me);
        if !node.up() {
            return;
        }
        if let Some((about, upto)) = acknowledged(&input) {
            let mut waiting = node.inbox.iter_mut();
            let known = waiting.find(|known| {
                acknowledged(known).is_some_and(|(of, least)| of == about && least <= upto)
            });
            if let Some(known) = known {
                *known = input;
                return;
            }
        }
        node.inbox.push_back(input);
        let at = now + wait;
        if node.wake_at.is_none_or(|due| due > at) {
            node.wake_at = Some(at);
            let boot = node.boot;
            self.after(wait, Happening::Wake(me, boot));
        }
    }

    pub(super) fn group(&mut self, me: RegionKey) {
        if self.nodes[&me].syncing {
            return;
        }
        let look = self.watch(me);
        let count = 1 + self.rng.below(GROUP_MAX);
        let mut events = Vec::new();
        while (events.len() as u64) < count
            && let Some(input) = self.node(me).inbox.pop_front()
        {
            if input == Input::Tick && !look.timers {
                continue;
            }
            let bits = self.rng.bits();
            events.push(Event { bits, input });
        }
        let noted = |event: &Event| matches!(event.input, Input::ClockDoubt { .. });
        if let Some(why) = look.doubt
            && !events.iter().any(noted)
        {
            let bits = self.rng.bits();
            let input = Input::ClockDoubt { why };
            events.insert(0, Event { bits, input });
        }
        self.broken.events(me, &mut events);
        let node = &self.nodes[&me];
        let commit = match node.group(self.now, look.time, events.clone()) {
            Ok(commit) => commit,
            Err(failed) => {
                self.check(me, 0, Err(failed.to_string()));
                return;
            }
        };
        self.settle(me, &events, commit);
        if !look.timers {
            let boot = self.nodes[&me].boot;
            self.after(SECOND, Happening::Look(me, boot));
        }
        self.go_on(me);
    }

    /// What waits is taken up, and the next timer is waited for.
    pub(super) fn go_on(&mut self, me: RegionKey) {
        let node = &self.nodes[&me];
        if node.up() {
            if !node.inbox.is_empty() && node.wake_at.is_none() {
                let (boot, wait) = (node.boot, self.rng.between(0, 5));
                self.node(me).wake_at = Some(self.now + wait);
                self.after(wait, Happening::Wake(me, boot));
            }
            self.arm(me);
        }
    }

    /// Commits a group and does what follows.
    pub(super) fn settle(&mut self, me: RegionKey, events: &[Event], mut commit: Commit) {
        if !commit.facts.is_empty() && self.forgers.contains(&me) {
            self.forge(me, &mut commit);
        }
        let node = &self.nodes[&me];
        if self.broken.commit(node, events, &mut commit) {
            refold(&node.view, me, &mut commit);
        }
        let signed = node.sign(&mut commit);
        self.check(me, 0, signed);
        let node = &self.nodes[&me];
        self.broken.rows(node, &mut commit);
        if commit.facts.is_empty() {
            self.perform(me, commit.actions);
            return;
        }
        let (lasting, redo) = encode(&commit, self.redoes);
        self.check_all(me, |promise, _| {
            promise
                .written(&lasting)
                .and_then(|()| promise.written(&redo))
        });
        let strike = self.strikes.remove(&me);
        if self.broken.hasty() {
            let (changes, actions) = (commit.changes.clone(), commit.actions.clone());
            self.node(me).view.apply(changes);
            self.perform(me, actions);
        }
        let node = self.node(me);
        let log = node.log.as_mut().expect("the node is up");
        let appended = log
            .append(&lasting, &redo)
            .map_err(|error| error.to_string());
        let kind = strike.map(|(kind, _)| kind);
        let synced = match kind {
            Some(Strike::BeforeSync) => Ok(false),
            Some(Strike::Torn | Strike::SyncFails) => {
                node.disk.fail_sync_in(1);
                Ok(log.sync().is_ok())
            }
            _ => log.sync().map(|_| true).map_err(|error| error.to_string()),
        };
        let hash = log.hash();
        match appended.and(synced) {
            // The outcome is unknown: the store is dropped, and opened again until that succeeds.
            Err(_) if self.nodes[&me].trouble == Some(Trouble::Full) => {
                return self.crash(me, Strike::SyncFails, 0);
            }
            Err(words) => self.check(me, 0, Err(words)),
            Ok(false) => {}
            Ok(true) if kind.is_none() && self.nodes[&me].trouble == Some(Trouble::Slow) => {
                let (boot, wait) = (self.nodes[&me].boot, self.rng.between(SECOND, 30 * SECOND));
                self.node(me).syncing = true;
                let done = Box::new((commit, hash));
                self.after(wait, Happening::Synced(me, boot, done));
            }
            Ok(true) => self.durable(me, kind, commit, hash),
        }
        if let Some((kind, down_ms)) = strike {
            self.crash(me, kind, down_ms);
        }
    }

    /// The node's operator adds what it has no right to send.
    fn forge(&mut self, me: RegionKey, commit: &mut Commit) {
        let node = self.nodes.get_mut(&me).expect("a node of the federation");
        if let Some((id, kind)) = forgery::forge(node, &mut self.rng, commit) {
            self.forgers.remove(&me);
            self.struck(kind);
            let promises = self.promises.iter_mut();
            promises.for_each(|promise| promise.forged(id));
        }
    }

    pub(super) fn durable(
        &mut self,
        me: RegionKey,
        strike: Option<Strike>,
        commit: Commit,
        hash: [u8; 32],
    ) {
        if strike == Some(Strike::AfterSync) {
            return;
        }
        let Commit {
            at,
            facts,
            changes,
            actions,
        } = commit;
        let changed: Vec<RowKey> = changes.iter().map(|(key, _)| key.clone()).collect();
        let hasty = self.broken.hasty();
        let node = self.node(me);
        if !hasty {
            node.view.apply(changes);
        }
        node.seen += 1;
        let no = node.seen;
        self.note(me, &hash);
        self.observe(me, no, at, &facts, &changed);
        if !hasty {
            self.perform(me, actions);
        }
    }

    pub(super) fn note(&mut self, me: RegionKey, hash: &[u8; 32]) {
        self.report.commits += 1;
        self.history.update(self.now.to_be_bytes());
        self.history.update(me.as_bytes());
        self.history.update(hash);
    }

    pub(super) fn observe(
        &mut self,
        me: RegionKey,
        no: u64,
        at: Time,
        facts: &[Fact],
        changed: &[RowKey],
    ) {
        if let Some(wanted) = &self.trace {
            let told = facts.iter().map(|fact| format!("{at} {me} #{no} {fact:?}"));
            told.filter(|told| told.contains(wanted.as_str()))
                .for_each(|told| println!("{told}"));
        }
        notices::count(&mut self.report.notices, &self.nodes, me, facts);
        let rolled = self.report.rolled;
        let now = self.now;
        self.node(me).now = now;
        self.check_all(me, |promise, nodes| {
            promise.committed(&Seen {
                nodes,
                me,
                no,
                at,
                facts,
                changed,
                rolled,
            })
        });
    }

    pub(super) fn perform(&mut self, me: RegionKey, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Answer { ticket, answer } => {
                    let asked = self.clerks.answered(ticket, &answer);
                    if let (Ok(_), Some(asked)) = (&answer, asked) {
                        self.check_all(me, |promise, _| promise.opened(me, &asked.command));
                    }
                    if let Ok(done) = answer {
                        self.promises
                            .iter_mut()
                            .for_each(|promise| promise.told(me, &done));
                    }
                }
                Action::Acknowledge {
                    peer,
                    lane,
                    upto,
                    hash,
                } => {
                    if let Some(line) = self.node(me).lines.get_mut(&peer) {
                        let frames = line.session.acknowledge(lane, upto, hash);
                        frames
                            .into_iter()
                            .for_each(|frame| self.transmit(me, peer, frame));
                    }
                }
                Action::Pump { peer } => self.pump(me, peer),
                Action::Cut { peer, why } => {
                    if let Some(line) = self.node(me).lines.get_mut(&peer) {
                        let outputs = line.session.close(ByeCode::Blocked, why);
                        self.outputs(me, peer, outputs);
                    }
                }
                Action::DestroyKey { slot } => self.destroy(me, [slot]),
                Action::Gather(ask) => {
                    let letters = self.nodes[&me].letters(&ask);
                    self.push(me, Input::Gathered { ask, letters }, 0);
                }
                Action::Alarm { .. } | Action::WorldChanged => {}
            }
        }
    }

    /// Keys go once the record of it is durable, and again at every start.
    fn destroy(&mut self, me: RegionKey, slots: impl IntoIterator<Item = u64>) {
        if self.broken.keeps_keys() {
            return;
        }
        let sealer = &mut self.node(me).sealer;
        slots.into_iter().for_each(|slot| sealer.destroy(slot));
    }

    pub(super) fn crash(&mut self, me: RegionKey, strike: Strike, down_ms: i64) {
        self.struck(strike.name());
        let mut dice = self.rng.fork();
        let node = self.node(me);
        if strike != Strike::SyncFails {
            node.disk.crash(&mut || dice.draw());
        }
        let lines: Vec<(RegionKey, u64)> = node
            .lines
            .iter()
            .map(|(peer, line)| (*peer, line.stream))
            .collect();
        node.forget();
        for (peer, stream) in lines {
            let wait = self.rng.between(0, SILENCE_MS);
            self.after(
                wait,
                Happening::Lost {
                    at: peer,
                    peer: me,
                    stream,
                },
            );
        }
        let wait = match self.nodes[&me].trouble {
            Some(Trouble::Full) => self.rng.between(MINUTE, 20 * MINUTE),
            _ if strike == Strike::SyncFails => SECOND,
            _ => down_ms,
        };
        self.after(wait, Happening::Restart(me));
    }

    /// A power cut makes the view anew, a killed process does not; more seldom than in life, where runs are long.
    fn recovery(&mut self) -> Recovery {
        let whole = self.broken.hasty() || self.rng.percent(25);
        match (whole, self.redoes) {
            (false, _) => Recovery::Rest,
            (true, false) => Recovery::Whole,
            (true, true) => Recovery::Compare,
        }
    }

    /// The store could not be opened: it is tried again later. What is refused for good is gone.
    fn refused(&mut self, me: RegionKey, words: String) {
        let node = self.node(me);
        node.refused += 1;
        let broken = matches!(node.trouble, Some(Trouble::Unreadable | Trouble::Full));
        if broken {
            node.refused = 1;
        }
        if node.refused <= STARTS {
            self.after(10 * MINUTE, Happening::Restart(me));
        } else {
            self.check(me, 0, Err(words));
        }
    }

    /// The node makes itself a key for sealing where one is due, and looks again later.
    pub(super) fn keys(&mut self, me: RegionKey) {
        let boot = self.nodes[&me].boot;
        self.after(HOUR, Happening::Keys(me, boot));
        if self.older.contains(&me) {
            return;
        }
        let now = self.nodes[&me].time(self.now);
        if let Some((new, reason)) = office::due(self.node(me), now) {
            let (new, reason) = (Box::new(new), reason.to_owned());
            self.push(me, Input::SealingKey { new, reason }, 0);
        }
    }

    pub(super) fn restart(&mut self, me: RegionKey) {
        if self.nodes[&me].up() {
            return;
        }
        // A start that was refused may have left the view half made.
        let refused = self.nodes[&me].refused;
        let how = match self.recovery() {
            Recovery::Rest if refused > 0 => Recovery::Whole,
            how => how,
        };
        let seen = self.nodes[&me].seen;
        let found = match self.node(me).recover(how) {
            Ok(found) => found,
            Err(words) => return self.refused(me, words),
        };
        self.node(me).refused = 0;
        let rolled = self.report.rolled;
        for record in found.iter().filter(|record| record.no > seen) {
            self.node(me).seen = record.no;
            self.note(me, &[0; 32]);
            self.observe(me, record.no, record.at, &record.facts, &[]);
        }
        let node = self.nodes.get_mut(&me).expect("a node of the federation");
        self.broken.recovered(node);
        let records = node
            .view
            .range(RowKey::Destroyed(0), RowKey::Destroyed(u64::MAX));
        let slots = records.filter_map(|(_, row)| match row {
            Row::Destroyed(record) => Some(record.slots.clone()),
            _ => None,
        });
        let slots: Vec<u64> = slots.flatten().collect();
        self.destroy(me, slots);
        self.check_all(me, |promise, nodes| promise.recovered(nodes, me, rolled));
        let now = self.now;
        let node = self.node(me);
        let row = node.view.node().unwrap_or_default();
        let alone = node.neighbours().is_empty();
        node.clock
            .start(now, alone, row.clock_held.map(|_| row.time));
        if let Some(id) = self.restored.get(&me).copied() {
            // Taken up once, however often the mark is read.
            self.push(me, Input::Restored { id }, 0);
        }
        self.push(me, Input::Start, 0);
        self.keys(me);
        let boot = self.nodes[&me].boot;
        let wait = self.rng.between(0, SECOND);
        self.after(wait, Happening::Dial(me, boot));
        let again = self.clerks.ask_again(me);
        self.ask(me, again);
        self.arm(me);
    }
}

/// What an acknowledgement is about, and up to which number it goes.
fn acknowledged(input: &Input) -> Option<((RegionKey, Lane, u64), u64)> {
    let Input::OfSession {
        restarts, input, ..
    } = input
    else {
        return None;
    };
    match **input {
        Input::Acked { peer, lane, upto } => Some(((peer, lane, *restarts), upto)),
        _ => None,
    }
}
