//! A group: the events that share one commit. Within it each event sees the facts before it.

use super::context::{Now, World};
use super::draft::Draft;
use super::event::{Action, Commit, Event, Input, LinkNews};
use super::outcome::{Kept, Stop};
use super::tracing::Tracing;
use super::{
    attachments, conduct, dispatch, fold, keys, receive, reconcile, reopen, sealed, timers,
    witness, world,
};
use crate::command::Command;
use crate::evidence::Receipted;
use crate::fact::Fact;
use crate::id::Ids;
use crate::leg::Lane;
use crate::link::{Message, MessageKind};
use crate::refusal::Refusal;
use crate::row::{Done, Row, RowKey};
use crate::view::{Overlay, Rows, View, ViewFailed};
use hotline_topology::{RegionKey, Time};
use std::collections::{BTreeMap, BTreeSet};

/// One commit in the making.
pub struct Group<'a> {
    world: World<'a>,
    now: Time,
    overlay: Overlay<'a>,
    commit: Commit,
    pumps: BTreeSet<RegionKey>,
    receipts: BTreeMap<RegionKey, Vec<Receipted>>,
    /// Of the last event: what the group itself draws is made of them.
    bits: [u8; 16],
    /// How far each lane has come; one acknowledgement says it for the whole group.
    marks: BTreeMap<(RegionKey, Lane), (u64, [u8; 32])>,
    tracing: Option<Tracing>,
}

impl<'a> Group<'a> {
    /// An empty group over the view as of the last commit.
    ///
    /// # Errors
    /// The view failed: the store must be re-opened.
    pub fn new(view: &'a dyn View, world: World<'a>, now: Now) -> Result<Self, ViewFailed> {
        let at = now.time.max(view.node()?.time);
        let overlay = Overlay::new(view);
        Ok(Self {
            world,
            now: at,
            overlay,
            commit: Commit {
                at,
                ..Commit::default()
            },
            pumps: BTreeSet::new(),
            receipts: BTreeMap::new(),
            bits: [0; 16],
            marks: BTreeMap::new(),
            tracing: None,
        })
    }

    /// Takes one event in under a trace; otherwise as [`Group::step`].
    ///
    /// # Errors
    /// As [`Group::step`].
    pub fn step_traced(
        &mut self,
        event: Event,
        tracing: Option<Tracing>,
    ) -> Result<(), ViewFailed> {
        self.tracing = tracing;
        let stepped = self.step(event);
        self.tracing = None;
        stepped
    }

    /// Takes one event in.
    ///
    /// # Errors
    /// The view failed: the whole group's outcome is unknown, drop it and re-open the store.
    pub fn step(&mut self, event: Event) -> Result<(), ViewFailed> {
        let ids = Ids::new(event.bits);
        self.bits = event.bits;
        match event.input {
            Input::Command { ticket, command } => {
                let answer = self.command(ids, &command)?;
                self.commit.actions.push(Action::Answer { ticket, answer });
                Ok(())
            }
            Input::OfSession {
                peer,
                restarts,
                input,
            } => {
                if self.overlay.link(peer)?.restarts != restarts {
                    // The session finds the same with the next frame, and ends.
                    return Ok(());
                }
                self.step(Event {
                    bits: event.bits,
                    input: *input,
                })
            }
            Input::Envelope {
                peer,
                lane,
                seq,
                envelope,
            } => {
                let link = self.overlay.link(peer)?;
                if conduct::quarantined(link.conduct.as_deref(), self.now) {
                    // What was under way when the quarantine began comes again after it.
                    let why = "行为异常，链路已隔离".to_owned();
                    self.commit.actions.push(Action::Cut { peer, why });
                    return Ok(());
                }
                let mark = link.lanes[lane.index()].received;
                if seq > mark + 1 {
                    // The session lets no gap through: an earlier envelope was lost with a group whose outcome was
                    // unknown. The peer sends from the mark when it connects again.
                    let why = format!(
                        "第 {seq} 号之前的内容未能入账，须从第 {} 号起重发",
                        mark + 1
                    );
                    self.commit.actions.push(Action::Cut { peer, why });
                    return Ok(());
                }
                match self.attempt(ids, |draft| {
                    receive::consume(draft, peer, lane, seq, *envelope)
                })? {
                    Ok(consumed) => self.acknowledge(peer, lane, consumed),
                    // `consume` sets aside what rules refuse; a refusal of that itself leaves the mark where it stood.
                    Err(refusal) => {
                        self.commit.actions.push(Action::Alarm {
                            text: refusal.to_string(),
                        });
                        Ok(())
                    }
                }
            }
            input => self
                .attempt(ids, |draft| own_event(draft, input))
                .map(|_| ()),
        }
    }

    /// The commit: facts, changes, actions. Empty facts need no commit, but the actions are still due.
    ///
    /// # Errors
    /// The view failed.
    pub fn finish(mut self) -> Result<Commit, ViewFailed> {
        self.receipt()?;
        if !self.commit.facts.is_empty() {
            fold::note_commit(&mut self.overlay, self.now)?;
        }
        self.commit.changes = self.overlay.into_changes().into_iter().collect();
        let marks = self.marks.into_iter();
        self.commit.actions.extend(
            marks.map(|((peer, lane), (upto, hash))| Action::Acknowledge {
                peer,
                lane,
                upto,
                hash,
            }),
        );
        self.commit
            .actions
            .extend(self.pumps.into_iter().map(|peer| Action::Pump { peer }));
        Ok(self.commit)
    }

    /// One message of receipts to each author that something was received from.
    fn receipt(&mut self) -> Result<(), ViewFailed> {
        let ids = Ids::of_group(self.bits);
        let receipts = std::mem::take(&mut self.receipts);
        let sent = self.attempt(ids, |draft| {
            for (author, of) in receipts {
                // A neighbour of an older release would not know them; of nodes further away nothing is known.
                let wire = draft.link(author)?.peer_wire;
                if wire != 0 && wire < MessageKind::Receipts.since() {
                    continue;
                }
                draft.send(author, Lane::Ordinary, &Message::Receipts(of), Vec::new())?;
            }
            Ok(())
        })?;
        if let Err(refusal) = sent {
            let text = format!("回执未能送出：{refusal}");
            self.commit.actions.push(Action::Alarm { text });
        }
        Ok(())
    }

    /// A command, once for ever under its idempotency key.
    fn command(
        &mut self,
        ids: Ids,
        command: &Command,
    ) -> Result<Result<Done, Refusal>, ViewFailed> {
        if let Some(key) = &command.key
            && let Some(Row::Answer(digest, done)) = self
                .overlay
                .get(&RowKey::Answer(command.actor.name.clone(), key.clone()))?
        {
            return Ok(if digest == command.digest {
                Ok(*done)
            } else {
                Err(dispatch::key_reused(key))
            });
        }
        self.attempt(ids, |draft| {
            let done = dispatch::dispatch(draft, command)?;
            if let Some(key) = &command.key {
                draft.record(Fact::Answered {
                    operator: command.actor.name.clone(),
                    key: key.clone(),
                    digest: command.digest,
                    done: done.clone(),
                })?;
            }
            Ok(done)
        })
    }

    fn attempt<T>(
        &mut self,
        ids: Ids,
        work: impl FnOnce(&mut Draft<'_>) -> Result<T, Stop>,
    ) -> Result<Result<T, Refusal>, ViewFailed> {
        let mut draft = Draft::new(self.world, self.now, &self.overlay, ids).traced(self.tracing);
        match work(&mut draft) {
            Ok(value) => {
                let kept = draft.into_kept();
                self.keep(kept);
                Ok(Ok(value))
            }
            Err(Stop::Refused(refusal)) => Ok(Err(refusal)),
            Err(Stop::Failed(failed)) => Err(failed),
        }
    }

    fn keep(&mut self, kept: Kept) {
        self.overlay.absorb(kept.layer);
        for fact in &kept.facts {
            if let Fact::LanesRestarted { peer } = fact {
                // What the lanes had taken in before has no number any more; it comes again.
                self.marks.retain(|(of, _), _| of != peer);
            }
            if let Fact::KeyDestroyed(destruction) = fact {
                let slots = destruction.slots.iter();
                let destroy = slots.map(|slot| Action::DestroyKey { slot: *slot });
                self.commit.actions.extend(destroy);
            }
        }
        self.commit.facts.extend(kept.facts);
        self.pumps.extend(kept.pumps);
        for (author, receipt) in kept.receipts {
            self.receipts.entry(author).or_default().push(receipt);
        }
        self.commit
            .actions
            .extend(kept.alarms.into_iter().map(|text| Action::Alarm { text }));
        self.commit.actions.extend(
            kept.cuts
                .into_iter()
                .map(|(peer, why)| Action::Cut { peer, why }),
        );
        self.commit
            .actions
            .extend(kept.gathers.into_iter().map(Action::Gather));
        if kept.world_changed {
            self.commit.actions.push(Action::WorldChanged);
        }
    }

    /// The mark after the envelope: moved, or where it stood for a duplicate.
    fn acknowledge(
        &mut self,
        peer: RegionKey,
        lane: Lane,
        consumed: Option<[u8; 32]>,
    ) -> Result<(), ViewFailed> {
        let state = self.overlay.link(peer)?.lanes[lane.index()];
        let hash = consumed.unwrap_or(state.received_hash);
        self.marks.insert((peer, lane), (state.received, hash));
        Ok(())
    }
}

/// Events of the node's own: start, acknowledgements, link news, time.
fn own_event(draft: &mut Draft<'_>, input: Input) -> Result<(), Stop> {
    match input {
        Input::Restored { id } => reconcile::restored(draft, id),
        Input::Start => {
            let drawn = draft.draw();
            draft.record(Fact::Started {
                mark: [drawn[0], drawn[1], drawn[2], drawn[3]],
            })?;
            timers::start(draft)?;
            world::take_due(draft)?;
            world::changed(draft)?;
            sealed::copy_unsealed(draft)?;
            reconcile::gather_again(draft)
        }
        Input::Acked { peer, lane, upto } => {
            let state = draft.link(peer)?.lanes[lane.index()];
            // An acknowledgement of something never sent is the session's to judge; here it moves nothing.
            let upto = upto.min(state.sent);
            if upto > state.acked {
                draft.record(Fact::Acked { peer, lane, upto })
            } else {
                Ok(())
            }
        }
        Input::Link { peer, news } => link_news(draft, peer, news),
        Input::Introduced { author, chain } => witness::introduced(draft, author, chain),
        Input::Misconduct {
            peer,
            offence,
            what,
        } => conduct::charge(draft, peer, offence, &what),
        Input::Tick => timers::tick(draft),
        Input::WorldChanged => {
            world::changed(draft)?;
            // The shell says so once at every start, when it can read the log beside the commits.
            reconcile::gather_again(draft)
        }
        Input::Gathered { ask, letters } => reconcile::gathered(draft, &ask, &letters),
        Input::SealingKey { new, reason } => keys::take_own(draft, &new, None, &reason),
        Input::AttachmentFetched {
            matter,
            id,
            leg,
            by,
        } => attachments::fetched(draft, matter, id, leg, by),
        Input::ClockDoubt { why } => {
            draft.alarm(format!(
                "节点时钟存疑，业务计时已停止，受理照常：{why}；核对时间后执行 hotline clock confirm"
            ));
            draft.record(Fact::ClockHeld { why })
        }
        Input::Command { .. } | Input::Envelope { .. } | Input::OfSession { .. } => Ok(()),
    }
}

fn link_news(draft: &mut Draft<'_>, peer: RegionKey, news: LinkNews) -> Result<(), Stop> {
    let link = draft.link(peer)?;
    let now = draft.now();
    let changed = |peer_epoch, failures, heard_at, blocked| Fact::LinkChanged {
        peer,
        peer_epoch,
        failures,
        heard_at,
        blocked,
        peer_wire: link.peer_wire,
        restarting: link.restarting,
        shown: link.shown,
    };
    match news {
        // A refusal is lifted by people or by the peer's restart, never by a hello that was heard before it.
        LinkNews::Met { .. } if link.blocked.is_some() => Ok(()),
        LinkNews::Met { epoch, wire, shown } => {
            draft.record(Fact::LinkChanged {
                peer,
                peer_epoch: epoch,
                failures: 0,
                heard_at: Some(now),
                blocked: None,
                peer_wire: wire,
                restarting: false,
                // A neighbour that went back a release tells nothing; what it showed stands.
                shown: shown.map(|now| now.and(link.shown)).or(link.shown),
            })?;
            if epoch != link.peer_epoch || wire != link.peer_wire {
                keys::introduce(draft, peer)?;
            }
            if epoch != link.peer_epoch {
                timers::figures_anew(draft, peer)?;
            }
            world::met(draft, peer)
        }
        LinkNews::PeerRestarted { epoch } => {
            if epoch <= link.peer_epoch {
                return Ok(());
            }
            draft.record(changed(epoch, 0, Some(now), None))?;
            draft.cut(
                peer,
                format!("{peer} 以{}重新开始", fold::epoch_words(epoch)),
            );
            reopen::restart(draft, peer)?;
            keys::introduce(draft, peer)?;
            timers::figures_anew(draft, peer)
        }
        LinkNews::DialFailed => draft.record(changed(
            link.peer_epoch,
            link.failures.saturating_add(1),
            link.heard_at,
            link.blocked,
        )),
        // A stream that was dialled before the refusal was committed brings the same finding again.
        LinkNews::PeerRolledBack { .. } | LinkNews::SelfRolledBack { .. }
            if link.blocked.is_some() =>
        {
            Ok(())
        }
        LinkNews::PeerRolledBack { why } => {
            draft.alarm(format!("与 {peer} 的链路已拒绝：{why}"));
            draft.cut(peer, why.clone());
            draft.record(changed(
                link.peer_epoch,
                link.failures,
                Some(now),
                Some(why),
            ))
        }
        // Restored on purpose, from a backup older than an epoch that the peer has met: one step further.
        LinkNews::SelfRolledBack { seen_epoch, .. } if link.restarting => {
            draft.cut(
                peer,
                format!("对方见过本节点的{}", fold::epoch_words(seen_epoch)),
            );
            reconcile::raise(draft, seen_epoch)
        }
        LinkNews::SelfRolledBack { why, seen_epoch } => {
            let known = draft.node()?.epoch.max(seen_epoch);
            let epoch = fold::next_epoch(known, now);
            draft.alarm(format!(
                "本节点的数据比 {peer} 所记的旧：{why}；链路停止发送，请核对备份后再开放"
            ));
            draft.cut(peer, why.clone());
            draft.record(Fact::EpochRaised { epoch })?;
            draft.record(changed(
                link.peer_epoch,
                link.failures,
                Some(now),
                Some(why),
            ))
        }
    }
}
