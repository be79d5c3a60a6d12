//! Two nodes with the smallest kernel that keeps the promises: rows, marks, commits; and a stream that can be cut.

use super::super::*;
use crate::id::EnvelopeId;
use crate::link::LaneState;
use crate::link::extend;
use crate::view::{MemoryView, Rows};
use std::collections::VecDeque;

pub const PARENT: RegionKey = RegionKey::literal("210000000000");
pub const CHILD: RegionKey = RegionKey::literal("210100000000");
pub const SMALL: Credit = Credit {
    messages: 4,
    bytes: 2 << 20,
};

pub fn limits() -> Limits {
    Limits {
        window: SMALL,
        ..Limits::default()
    }
}

pub fn envelope(author: RegionKey, addressee: RegionKey, lane: Lane, text: u64) -> Envelope {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&text.to_be_bytes());
    id[8] = lane.index() as u8;
    Envelope {
        id: EnvelopeId(id),
        kind: 1,
        matter: None,
        leg: None,
        author,
        addressee,
        route: vec![author],
        lane,
        written_at: Time(0),
        topology: 1,
        key_id: 0,
        payload: text.to_be_bytes().to_vec(),
        fields: Vec::new(),
        sealed: None,
        proof: None,
        trace: None,
    }
}

/// One node: its disk, what it applied, what came in and is not committed, and its session.
pub struct Node {
    pub me: RegionKey,
    pub peer: RegionKey,
    pub view: MemoryView,
    pub applied: Vec<(Lane, Vec<u8>)>,
    pub pending: VecDeque<(Lane, u64, Envelope)>,
    pub session: Option<Session>,
    pub closed: Vec<(ByeCode, String)>,
    pub news: Vec<LinkNews>,
}

impl Node {
    pub fn new(me: RegionKey, peer: RegionKey) -> Self {
        Node {
            me,
            peer,
            view: MemoryView::default(),
            applied: Vec::new(),
            pending: VecDeque::new(),
            session: None,
            closed: Vec::new(),
            news: Vec::new(),
        }
    }

    pub fn link(&self) -> LinkState {
        self.view.link(self.peer).unwrap()
    }

    pub fn change(&mut self, lane: Lane, change: impl FnOnce(&mut LaneState)) {
        let mut link = self.link();
        change(&mut link.lanes[lane.index()]);
        self.put_link(link);
    }

    pub fn put_link(&mut self, link: LinkState) {
        let row = Row::Link(Box::new(link));
        self.view.apply([(RowKey::Link(self.peer), Some(row))]);
    }

    /// Queues the lane's next envelope; its text is its number.
    pub fn queue(&mut self, lane: Lane) {
        let state = self.link().lanes[lane.index()];
        let seq = state.sent + 1;
        let envelope = envelope(self.me, self.peer, lane, seq);
        let hash = extend(state.sent_hash, seq, envelope.digest());
        let key = RowKey::Outbox(self.peer, lane, seq);
        self.view
            .apply([(key, Some(Row::Outbox(Box::new(envelope), hash)))]);
        self.change(lane, |s| (s.sent, s.sent_hash) = (seq, hash));
    }

    pub fn open(&mut self) -> Vec<Frame> {
        let own = HelloFacts {
            region: self.me,
            epoch: 1,
            topology_version: 1,
            time: Time(7),
            past: Past::default(),
        };
        let (session, frames) = Session::open(&self.link(), own, limits(), 0);
        self.session = Some(session);
        frames
    }

    pub fn pump(&mut self) -> Vec<Frame> {
        match &mut self.session {
            Some(session) => session.pump(&self.view, 2).unwrap(),
            None => Vec::new(),
        }
    }

    /// Takes a frame of the peer; what goes back.
    pub fn take(&mut self, frame: Frame) -> Vec<Frame> {
        let Some(mut session) = self.session.take() else {
            return Vec::new();
        };
        let (view, peer) = (&self.view, self.peer);
        let outbox = |lane, seq| match view.get(&RowKey::Outbox(peer, lane, seq)).unwrap() {
            Some(Row::Outbox(_, hash)) => Some(hash),
            _ => None,
        };
        let outputs = session.on_frame(frame, &self.link(), &outbox, 0);
        self.session = (session.stage() != SessionStage::Closed).then_some(session);
        let mut frames = Vec::new();
        for output in outputs {
            match output {
                Output::Send(frame) => frames.push(frame),
                Output::Deliver {
                    lane,
                    seq,
                    envelope,
                } => self.pending.push_back((lane, seq, *envelope)),
                Output::Acked { lane, upto } => self.acked(lane, upto),
                Output::Introduced { .. } => {}
                Output::News(news) => self.news.push(news),
                Output::Beat { time, .. } => assert_eq!(time, Time(7)),
                Output::Close { code, text } => self.closed.push((code, text)),
            }
        }
        frames
    }

    fn acked(&mut self, lane: Lane, upto: u64) {
        let from = self.link().lanes[lane.index()].acked;
        for seq in from + 1..=upto {
            let key = RowKey::Outbox(self.peer, lane, seq);
            let Some(Row::Outbox(_, hash)) = self.view.get(&key).unwrap() else {
                panic!("acknowledged what is not in the outbox");
            };
            self.view.apply([(key, None)]);
            self.change(lane, |s| (s.acked, s.acked_hash) = (seq, hash));
        }
    }

    /// Commits the oldest pending envelope as the kernel would: once by the mark, duplicates acknowledged by number.
    pub fn commit(&mut self) -> Vec<Frame> {
        let Some((lane, seq, envelope)) = self.pending.pop_front() else {
            return Vec::new();
        };
        let state = self.link().lanes[lane.index()];
        assert!(seq <= state.received + 1, "the session let a gap through");
        if seq == state.received + 1 {
            let hash = extend(state.received_hash, seq, envelope.digest());
            self.change(lane, |s| (s.received, s.received_hash) = (seq, hash));
            self.applied.push((lane, envelope.payload));
        }
        let state = self.link().lanes[lane.index()];
        match &mut self.session {
            Some(session) => session.acknowledge(lane, state.received, state.received_hash),
            None => Vec::new(),
        }
    }
}

/// Parent (0) and child (1) with the stream between them.
pub struct Pair {
    pub nodes: [Node; 2],
    /// Frames under way to each.
    pub wires: [VecDeque<Frame>; 2],
    pub queued: [[u64; 3]; 2],
}

impl Pair {
    pub fn new() -> Self {
        let mut pair = Pair {
            nodes: [Node::new(PARENT, CHILD), Node::new(CHILD, PARENT)],
            wires: Default::default(),
            queued: Default::default(),
        };
        pair.reconnect();
        pair
    }

    pub fn queue(&mut self, node: usize, lane: Lane) {
        self.nodes[node].queue(lane);
        self.queued[node][lane.index()] += 1;
    }

    fn say(&mut self, node: usize, frames: Vec<Frame>) {
        self.wires[1 - node].extend(frames);
        self.credit_holds();
    }

    pub fn pump(&mut self, node: usize) -> bool {
        let frames = self.nodes[node].pump();
        let some = !frames.is_empty();
        self.say(node, frames);
        some
    }

    /// Delivers one frame to a node.
    pub fn carry(&mut self, node: usize) -> bool {
        let Some(frame) = self.wires[node].pop_front() else {
            return false;
        };
        let frames = self.nodes[node].take(frame);
        self.say(node, frames);
        true
    }

    pub fn commit(&mut self, node: usize) -> bool {
        let some = !self.nodes[node].pending.is_empty();
        let frames = self.nodes[node].commit();
        self.say(node, frames);
        some
    }

    /// The stream breaks and a new one opens: what was under way is gone, commits in progress go on.
    pub fn reconnect(&mut self) {
        self.wires = Default::default();
        for node in 0..2 {
            let frames = self.nodes[node].open();
            self.say(node, frames);
        }
    }

    /// A node restarts: what it had not committed is gone too.
    pub fn restart(&mut self, node: usize) {
        self.nodes[node].pending.clear();
        self.reconnect();
    }

    /// In flight and delivered in this session, a lane never exceeds its window.
    fn credit_holds(&self) {
        for node in 0..2 {
            for lane in Lane::ALL {
                let flying = self.wires[node]
                    .iter()
                    .filter(|f| matches!(f, Frame::Envelope { lane: l, .. } if *l == lane))
                    .count();
                assert!(
                    flying as u64 <= SMALL.messages,
                    "{flying} envelopes in flight"
                );
            }
        }
    }

    /// Lets everything happen until nothing does.
    pub fn settle(&mut self) {
        loop {
            let mut moved = false;
            for node in 0..2 {
                moved |= self.pump(node) | self.carry(node) | self.commit(node);
            }
            if !moved {
                return;
            }
        }
    }

    /// Everything queued was applied at the other end, once and in its lane's order, and is acknowledged.
    pub fn check(&self) {
        for node in 0..2 {
            assert_eq!(self.nodes[node].closed, [], "a healthy pair never closes");
            let (sender, receiver) = (&self.nodes[node], &self.nodes[1 - node]);
            for lane in Lane::ALL {
                let expected: Vec<_> = (1..=self.queued[node][lane.index()])
                    .map(|seq| seq.to_be_bytes().to_vec())
                    .collect();
                let got: Vec<_> = receiver
                    .applied
                    .iter()
                    .filter(|(l, _)| *l == lane)
                    .map(|(_, text)| text.clone())
                    .collect();
                assert_eq!(got, expected, "{lane:?} from {}", sender.me);
                let state = sender.link().lanes[lane.index()];
                assert_eq!(
                    (state.acked, state.acked_hash),
                    (state.sent, state.sent_hash)
                );
            }
        }
    }
}
