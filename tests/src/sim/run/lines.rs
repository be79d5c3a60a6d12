//! Lines: dialling, streams and what comes over them.

use super::{Happening, SILENCE_MS, Sim, WAIT_PERSON_MS};
use crate::sim::node::Line;
use crate::sim::office;
use crate::sim::older;
use crate::sim::places::SECOND;
use hotline_domain::kernel::{Input, LinkNews};
use hotline_domain::leg::Lane;
use hotline_domain::link::{
    Envelope, Frame, HelloFacts, Limits, Output, Session, SessionStage, backoff, extend,
};
use hotline_domain::row::{Row, RowKey};
use hotline_domain::view::Rows as _;
use hotline_topology::RegionKey;

impl Sim {
    pub(super) fn dial(&mut self, me: RegionKey) {
        let Some(parent) = self.parent(me) else {
            return;
        };
        let node = &self.nodes[&me];
        let link = node.view.link(parent);
        if node.lines.contains_key(&parent) {
            return;
        }
        if self.net.parted.contains_key(&me)
            || !self.nodes[&parent].up()
            || !self.nodes[&parent].takes_calls_of(me)
        {
            if link.failures < backoff::FAILURES_CAP {
                let news = LinkNews::DialFailed;
                self.push(me, Input::Link { peer: parent, news }, 0);
            }
            self.dial_later(me, link.failures + 1);
            return;
        }
        let stream = self.net.open(me, parent);
        for (at, peer) in [(me, parent), (parent, me)] {
            self.open(at, peer, stream);
        }
    }

    pub(super) fn dial_later(&mut self, me: RegionKey, failures: u32) {
        let bits = self.rng.draw();
        let wait = i64::try_from(backoff::delay_ms(failures, bits)).unwrap_or(0);
        let boot = self.nodes[&me].boot;
        self.after(wait, Happening::Dial(me, boot));
    }

    pub(super) fn open(&mut self, at: RegionKey, peer: RegionKey, stream: u64) {
        let now = self.now;
        let node = self.node(at);
        let row = node.view.node().unwrap_or_default();
        let own = HelloFacts {
            region: at,
            epoch: row.epoch,
            topology_version: node.place.federation.version(),
            time: node.time(now),
            past: node.view.past().unwrap_or_default(),
        };
        let link = node.view.link(peer);
        let mono = u64::try_from(now).unwrap_or(0);
        let (session, frames) = Session::open(&link, own, Limits::default(), mono);
        let over = session.stage() == SessionStage::Closed;
        let older = node.lines.insert(
            peer,
            Line {
                stream,
                session,
                last: None,
            },
        );
        if let Some(older) = older {
            self.net.cut(older.stream);
        }
        frames
            .into_iter()
            .for_each(|frame| self.transmit(at, peer, frame));
        if over {
            self.drop_line(at, peer, true);
        }
    }

    /// This side gives the stream up; the other side notices.
    pub(super) fn drop_line(&mut self, at: RegionKey, peer: RegionKey, person: bool) {
        let Some(line) = self.node(at).lines.remove(&peer) else {
            return;
        };
        let stream = line.stream;
        self.after(
            SILENCE_MS,
            Happening::Lost {
                at: peer,
                peer: at,
                stream,
            },
        );
        self.redial(at, peer, person);
    }

    pub(super) fn redial(&mut self, at: RegionKey, peer: RegionKey, person: bool) {
        if self.parent(at) != Some(peer) || !self.nodes[&at].up() {
            return;
        }
        if person {
            let boot = self.nodes[&at].boot;
            self.after(WAIT_PERSON_MS, Happening::Dial(at, boot));
        } else {
            let failures = self.nodes[&at].view.link(peer).failures;
            self.dial_later(at, failures);
        }
    }

    pub(super) fn lost(&mut self, at: RegionKey, peer: RegionKey, stream: u64) {
        self.net.cut(stream);
        let holds = self.nodes[&at]
            .lines
            .get(&peer)
            .is_some_and(|line| line.stream == stream);
        if holds {
            self.node(at).lines.remove(&peer);
            self.redial(at, peer, false);
        }
    }

    pub(super) fn transmit(&mut self, from: RegionKey, to: RegionKey, mut frame: Frame) {
        let node = self.nodes.get_mut(&from).expect("a node of the federation");
        let Some(stream) = node.lines.get(&to).map(|line| line.stream) else {
            return;
        };
        if let Frame::Envelope { envelope, .. } = &mut frame {
            // On the wire a field is salt and value, for the next hop to seal.
            for field in &mut envelope.fields {
                field.ciphertext = node.sealer.open(field);
                field.slot = 0;
            }
        }
        if let Frame::Envelope { envelope, .. } = &frame
            && !envelope.fields.is_empty()
        {
            self.check_all(from, |promise, _| promise.left(from, envelope));
        }
        if let Frame::Envelope { envelope, .. } = &mut frame {
            // The release before knows no sealing.
            if !self.older.contains(&from) && !self.broken.seals_nothing() {
                match office::seal(&self.nodes[&from], to, envelope) {
                    Some(sealed) => **envelope = sealed,
                    // The program closes the stream, and dials again.
                    None => return self.drop_line(from, to, false),
                }
            }
            if let Some(line) = self.node(from).lines.get_mut(&to) {
                line.last = Some(frame.clone());
            }
        }
        self.put_on_wire(stream, from, frame);
    }

    /// Sends a frame as it is.
    pub(super) fn put_on_wire(&mut self, stream: u64, from: RegionKey, mut frame: Frame) {
        if !self.older.is_empty()
            && let Some(ends) = self.net.stream(stream)
        {
            let (child, parent) = (ends.child, ends.parent);
            let older = [child, parent]
                .into_iter()
                .find(|end| self.older.contains(end));
            if let Some(older) = older {
                match older::through(frame, older) {
                    Some(known) => frame = known,
                    None => {
                        let words = format!(
                            "{older} speaks wire 1, and a frame that it does not know is on its stream"
                        );
                        return self.check(from, 0, Err(words));
                    }
                }
            }
        }
        self.report.frames += 1;
        if let Some((at, to)) = self
            .net
            .route(stream, from, &frame, self.now, &mut self.rng)
        {
            let frame = Box::new(frame);
            let arrival = Happening::Arrive {
                stream,
                from,
                to,
                frame,
            };
            self.after(at - self.now, arrival);
        }
    }

    pub(super) fn arrive(&mut self, stream: u64, from: RegionKey, to: RegionKey, frame: Frame) {
        let mono = u64::try_from(self.now).unwrap_or(0);
        let link_of = match self.net.stream(stream) {
            Some(stream) => stream.child,
            None => return,
        };
        if self.net.stops(link_of, from) {
            return;
        }
        let node = self.nodes.get_mut(&to).expect("a node of the federation");
        let link = node.view.link(from);
        let Some(line) = node
            .lines
            .get_mut(&from)
            .filter(|line| line.stream == stream)
        else {
            return;
        };
        let view = &node.view;
        let outbox = |lane, seq| match view.row(&RowKey::Outbox(from, lane, seq)) {
            Some(Row::Outbox(_, hash)) => Some(*hash),
            _ => None,
        };
        let outputs = line.session.on_frame(frame, &link, &outbox, mono);
        self.outputs(to, from, outputs);
        self.pump(to, from);
    }

    pub(super) fn pump(&mut self, me: RegionKey, peer: RegionKey) {
        loop {
            let node = self.node(me);
            let Some(line) = node.lines.get_mut(&peer) else {
                return;
            };
            match line.session.pump(&node.view, 64) {
                Ok(frames) if frames.is_empty() => return,
                Ok(frames) => {
                    frames
                        .into_iter()
                        .for_each(|frame| self.transmit(me, peer, frame));
                }
                Err(failed) => return self.check(me, 0, Err(failed.to_string())),
            }
        }
    }

    pub(super) fn outputs(&mut self, me: RegionKey, peer: RegionKey, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Send(frame) => self.transmit(me, peer, frame),
                Output::Deliver {
                    lane,
                    seq,
                    envelope,
                } => self.deliver(me, peer, lane, seq, envelope),
                Output::Introduced { author, chain } => {
                    self.bring(me, peer, Input::Introduced { author, chain }, 5);
                }
                Output::Acked { lane, upto } => {
                    self.bring(me, peer, Input::Acked { peer, lane, upto }, 3 * SECOND)
                }
                Output::News(news) => self.bring(me, peer, Input::Link { peer, news }, 0),
                Output::Beat { .. } => {}
                Output::Close { code, .. } => self.drop_line(me, peer, code.needs_person()),
            }
        }
    }

    /// Opens what was sealed to this node, seals what came in the clear, and hands the envelope to the kernel.
    fn deliver(
        &mut self,
        me: RegionKey,
        peer: RegionKey,
        lane: Lane,
        seq: u64,
        mut envelope: Box<Envelope>,
    ) {
        let node = &self.nodes[&me];
        if envelope.key_id != 0
            && envelope.addressee == me
            && let Some(opened) = office::open(node, &envelope)
        {
            *envelope = opened;
        }
        self.check_all(me, |promise, _| promise.arrived(peer, me, &envelope));
        let node = self.node(me);
        for field in &mut envelope.fields {
            if let Some(sealed) = node.sealer.seal(field.name, &field.ciphertext) {
                *field = sealed;
            }
        }
        let mark = node.view.link(peer).lanes[lane.index()];
        if self.broken.acknowledges_unread() && mark.received + 1 == seq {
            let hash = extend(mark.received_hash, seq, envelope.digest());
            if let Some(line) = self.node(me).lines.get_mut(&peer) {
                let frames = line.session.acknowledge(lane, seq, hash);
                frames
                    .into_iter()
                    .for_each(|frame| self.transmit(me, peer, frame));
            }
        }
        let input = Input::Envelope {
            peer,
            lane,
            seq,
            envelope,
        };
        self.bring(me, peer, input, 5);
    }

    /// Hands the kernel what the session with a peer brought.
    fn bring(&mut self, me: RegionKey, peer: RegionKey, input: Input, wait_ms: i64) {
        let input = match self.nodes[&me].lines.get(&peer) {
            Some(line) => line.session.brought(input),
            None => input,
        };
        self.push(me, input, wait_ms);
    }
}
