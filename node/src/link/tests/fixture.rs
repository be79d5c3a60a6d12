//! The smallest kernel that keeps the promises: groups that take a moment to commit, marks, an outbox, actions after
//! the commit.

use crate::clock::SystemClock;
use crate::entropy::SeededEntropy;
use crate::link::*;
use crate::sealing::KeyPair;
use hotline_domain::field::SealedField;
use hotline_domain::figures::Watermark;
use hotline_domain::id::{EnvelopeId, MatterId};
use hotline_domain::kernel::{Input, LinkNews};
use hotline_domain::leg::Lane;
use hotline_domain::link::{Credit, Envelope, LaneState, extend};
use hotline_domain::row::{Row, RowKey};
use hotline_domain::sealing::{OwnKey, SealingKey, SignedKey};
use hotline_domain::view::{MemoryView, View};
use hotline_topology::{FieldName, Time};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use zeroize::Zeroizing;

pub const CITY: RegionKey = RegionKey::literal("990100000000");
pub const COUNTY: RegionKey = RegionKey::literal("990101000000");
pub const PROVINCE: RegionKey = RegionKey::literal("990000000000");
/// Long enough for a loaded machine; nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(60);

/// Beats fast and gives up soon; small credit, so that it matters.
pub fn limits() -> Limits {
    Limits {
        window: Credit {
            messages: 8,
            bytes: 2 << 20,
        },
        heartbeat_ms: 100,
        silence_ms: 1_500,
    }
}

/// Sealing in earnest belongs to the store; here a key is a number that is mixed into every byte.
pub struct Mixer(pub u8);

impl Sealer for Mixer {
    fn open(&self, _: Option<MatterId>, field: &SealedField) -> Result<Opened, SealFailed> {
        if field.ciphertext.is_empty() {
            return Ok(Opened::Erased);
        }
        if field.slot != u64::from(self.0) {
            return Err(SealFailed(format!("密钥槽 {} 不存在", field.slot)));
        }
        let plain: Vec<u8> = field.ciphertext.iter().map(|byte| byte ^ self.0).collect();
        let (salt, value) = plain.split_at(16);
        let salt = salt.try_into().map_err(|_| SealFailed("短".into()))?;
        let value = Zeroizing::new(value.to_vec());
        Ok(Opened::Clear { salt, value })
    }

    fn seal(
        &self,
        _: Option<MatterId>,
        name: FieldName,
        salt: &[u8; 16],
        value: &[u8],
    ) -> Result<SealedField, SealFailed> {
        let plain = salt.iter().chain(value);
        Ok(SealedField {
            name,
            slot: self.0.into(),
            ciphertext: plain.map(|byte| byte ^ self.0).collect(),
            hash: salted_hash(salt, value),
        })
    }
}

#[derive(Default)]
pub struct State {
    pub view: Arc<MemoryView>,
    pub applied: Vec<(Lane, Envelope)>,
    pub heard: Vec<Time>,
    /// The link after each input of a session that opened on lanes which began again since.
    pub late: Vec<LinkState>,
}

impl State {
    pub fn link(&self, peer: RegionKey) -> LinkState {
        self.view.link(peer).unwrap()
    }

    pub fn put(&mut self, key: RowKey, row: Option<Row>) {
        Arc::make_mut(&mut self.view).apply([(key, row)]);
    }

    pub fn change(&mut self, peer: RegionKey, change: impl FnOnce(&mut LinkState)) {
        let mut link = self.link(peer);
        change(&mut link);
        self.put(RowKey::Link(peer), Some(Row::Link(Box::new(link))));
    }

    /// The lanes of a link begin again, as after a restore of this node or of its neighbour.
    pub fn begin_anew(&mut self, peer: RegionKey) {
        self.change(peer, |link| {
            link.lanes = Default::default();
            (link.restarting, link.shown) = (true, None);
            link.restarts += 1;
        });
    }

    fn lane(&mut self, peer: RegionKey, lane: Lane, change: impl FnOnce(&mut LaneState)) {
        self.change(peer, |link| change(&mut link.lanes[lane.index()]));
    }
}

fn secret(slot: u64) -> Zeroizing<[u8; 32]> {
    Zeroizing::new([slot as u8; 32])
}

/// A node as the links see it.
pub struct FakeNode {
    pub me: RegionKey,
    pub place: Mutex<Place>,
    pub sealer: Mixer,
    pub state: Mutex<State>,
    inputs: mpsc::Sender<Input>,
    links: OnceLock<Links<FakeNode>>,
    /// How many groups the store shall lose.
    pub lose: AtomicU64,
    /// Held, no group is committed.
    pub disk: tokio::sync::Mutex<()>,
    /// Inputs that the links handed over.
    pub handed: AtomicU64,
}

impl NodePort for FakeNode {
    async fn submit(&self, input: Input) -> Result<(), NodeStopped> {
        self.handed.fetch_add(1, Relaxed);
        self.inputs.send(input).await.map_err(|_| NodeStopped)
    }

    fn view(&self) -> Arc<dyn View + Send + Sync> {
        lock(&self.state).view.clone()
    }

    fn place(&self) -> Place {
        lock(&self.place).clone()
    }

    fn watermark(&self) -> Option<Watermark> {
        None
    }

    fn heard(&self, _: RegionKey, time: Time, _: Option<Watermark>) {
        lock(&self.state).heard.push(time);
    }
}

impl FakeNode {
    pub fn start(
        me: RegionKey,
        key: u8,
        parent: Option<RegionKey>,
        children: &[RegionKey],
    ) -> Arc<Self> {
        let (inputs, mut waiting) = mpsc::channel(64);
        let place = Place {
            former: Vec::new(),
            me,
            topology_version: 3,
            parent,
            children: children.to_vec(),
        };
        let node = Arc::new(Self {
            me,
            place: Mutex::new(place),
            sealer: Mixer(key),
            state: Mutex::default(),
            inputs,
            links: OnceLock::new(),
            lose: AtomicU64::new(0),
            disk: tokio::sync::Mutex::default(),
            handed: AtomicU64::new(0),
        });
        let kernel = Arc::downgrade(&node);
        tokio::spawn(async move {
            let mut group = Vec::new();
            while waiting.recv_many(&mut group, 32).await > 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
                let Some(node) = kernel.upgrade() else { return };
                let _disk = node.disk.lock().await;
                let one_less = |left: u64| left.checked_sub(1);
                if node.lose.fetch_update(Relaxed, Relaxed, one_less).is_ok() {
                    // As a node does when a group's outcome is unknown: every stream starts anew from the log.
                    group.clear();
                    let place = node.place();
                    for peer in place.children.into_iter().chain(place.parent) {
                        let why = "本组结果不明".to_owned();
                        node.links().perform(&Action::Cut { peer, why });
                    }
                    continue;
                }
                let actions: Vec<_> = group.drain(..).flat_map(|input| node.step(input)).collect();
                if let Some(links) = node.links.get() {
                    actions.iter().for_each(|action| links.perform(action));
                }
            }
        });
        node
    }

    pub fn links(&self) -> &Links<FakeNode> {
        self.links.get().expect("started")
    }

    pub fn start_links(self: &Arc<Self>, parent: Option<Dial>) -> &Links<FakeNode> {
        let links = self.links.get_or_init(|| self.more_links(parent));
        links.begin();
        links
    }

    /// Links beside the node's own, as a second copy of the node would have.
    pub fn more_links(self: &Arc<Self>, parent: Option<Dial>) -> Links<FakeNode> {
        Links::new(Parts {
            port: Arc::clone(self),
            sealer: Arc::new(Mixer(self.sealer.0)),
            office: self.office(),
            clock: Arc::new(SystemClock::new()),
            entropy: Box::new(SeededEntropy::new(7)),
            limits: limits(),
            parent,
        })
    }

    /// Keys of the rows; the secret of a slot is its number.
    fn office(self: &Arc<Self>) -> Arc<Office> {
        let node = Arc::clone(self);
        let rows: crate::app::RowsNow = Arc::new(move || node.view());
        let secrets = |slot: u64| Ok(Some(secret(slot)));
        let entropy = Box::new(SeededEntropy::new(8));
        Arc::new(Office::new(rows, Arc::new(secrets), entropy))
    }

    /// This node knows the key that another's slot makes.
    pub fn know_key(&self, region: RegionKey, slot: u64) {
        let key = SealingKey {
            region,
            no: 7,
            public: KeyPair::derive(&secret(slot)).public,
            not_before: Time(0),
            not_after: Time(i64::MAX),
            previous: 0,
            revoked: 0,
        };
        let signed = SignedKey {
            key,
            algorithm: 0,
            signature: Vec::new(),
            chain: Vec::new(),
        };
        let row = Row::SealingKey(Box::new(signed));
        lock(&self.state).put(RowKey::SealingKey(region), Some(row));
    }

    /// This node has the key of that slot.
    pub fn own_key(&self, slot: u64) {
        let own = OwnKey {
            no: 7,
            slot,
            made_at: Time(0),
            retire_at: None,
        };
        lock(&self.state).put(RowKey::OwnKey(7), Some(Row::OwnKey(Box::new(own))));
    }

    /// Queues an envelope for this neighbour, whoever it is addressed to.
    pub fn forward(&self, peer: RegionKey, envelope: Envelope) {
        let mut state = lock(&self.state);
        let lane = envelope.lane;
        let last = state.link(peer).lanes[lane.index()];
        let (seq, hash) = (
            last.sent + 1,
            extend(last.sent_hash, last.sent + 1, envelope.digest()),
        );
        let row = Row::Outbox(Box::new(envelope), hash);
        state.put(RowKey::Outbox(peer, lane, seq), Some(row));
        state.lane(peer, lane, |s| (s.sent, s.sent_hash) = (seq, hash));
        drop(state);
        if let Some(links) = self.links.get() {
            links.perform(&Action::Pump { peer });
        }
    }

    /// Queues envelopes with a personal field each; the payload is the number.
    pub fn queue(&self, peer: RegionKey, lane: Lane, count: u64) {
        let mut state = lock(&self.state);
        for _ in 0..count {
            let last = state.link(peer).lanes[lane.index()];
            let seq = last.sent + 1;
            let envelope = self.envelope(peer, lane, seq);
            let hash = extend(last.sent_hash, seq, envelope.digest());
            let row = Row::Outbox(Box::new(envelope), hash);
            state.put(RowKey::Outbox(peer, lane, seq), Some(row));
            state.lane(peer, lane, |s| (s.sent, s.sent_hash) = (seq, hash));
        }
        drop(state);
        if let Some(links) = self.links.get() {
            links.perform(&Action::Pump { peer });
        }
    }

    pub fn envelope(&self, addressee: RegionKey, lane: Lane, seq: u64) -> Envelope {
        let salt = [seq as u8; 16];
        let mut note = self
            .sealer
            .seal(None, FieldName::Note, &salt, seq.to_string().as_bytes())
            .unwrap();
        if seq.is_multiple_of(10) {
            note.ciphertext.clear(); // erased
        }
        let mut id = [lane.index() as u8; 16];
        id[..8].copy_from_slice(&seq.to_be_bytes());
        Envelope {
            id: EnvelopeId(id),
            kind: 1,
            matter: None,
            leg: None,
            author: self.me,
            addressee,
            route: vec![self.me],
            lane,
            written_at: Time(seq as i64),
            topology: 3,
            key_id: 0,
            payload: seq.to_be_bytes().to_vec(),
            fields: vec![note],
            sealed: None,
            proof: None,
            trace: None,
        }
    }

    fn step(&self, input: Input) -> Vec<Action> {
        let mut state = lock(&self.state);
        match input {
            Input::OfSession {
                peer,
                restarts,
                input,
            } => {
                let link = state.link(peer);
                if link.restarts != restarts {
                    state.late.push(link);
                    return Vec::new();
                }
                drop(state);
                self.step(*input)
            }
            Input::Envelope {
                peer,
                lane,
                seq,
                envelope,
            } => {
                let last = state.link(peer).lanes[lane.index()];
                if seq > last.received + 1 {
                    let why = "之前的内容未能入账".to_owned();
                    return vec![Action::Cut { peer, why }];
                }
                if seq == last.received + 1 {
                    let hash = extend(last.received_hash, seq, envelope.digest());
                    state.lane(peer, lane, |s| (s.received, s.received_hash) = (seq, hash));
                    state.applied.push((lane, *envelope));
                }
                let now = state.link(peer).lanes[lane.index()];
                let (upto, hash) = (now.received, now.received_hash);
                vec![Action::Acknowledge {
                    peer,
                    lane,
                    upto,
                    hash,
                }]
            }
            Input::Acked { peer, lane, upto } => {
                for seq in state.link(peer).lanes[lane.index()].acked + 1..=upto {
                    let key = RowKey::Outbox(peer, lane, seq);
                    let Some(Row::Outbox(_, hash)) = state.view.get(&key).unwrap() else {
                        panic!("acknowledged what is not in the outbox");
                    };
                    state.put(key, None);
                    state.lane(peer, lane, |s| (s.acked, s.acked_hash) = (seq, hash));
                }
                Vec::new()
            }
            Input::Link { peer, news } => Self::news(&mut state, peer, news),
            other => panic!("not a link's: {other:?}"),
        }
    }

    fn news(state: &mut State, peer: RegionKey, news: LinkNews) -> Vec<Action> {
        match news {
            LinkNews::Met { epoch, .. } => {
                state.change(peer, |l| {
                    (l.peer_epoch, l.failures, l.restarting) = (epoch, 0, false);
                });
                Vec::new()
            }
            LinkNews::PeerRestarted { epoch } => {
                state.change(peer, |l| (l.peer_epoch, l.blocked) = (epoch, None));
                state.begin_anew(peer);
                let why = "以更高的纪元重新开始".to_owned();
                vec![Action::Cut { peer, why }]
            }
            LinkNews::DialFailed => {
                state.change(peer, |l| l.failures += 1);
                Vec::new()
            }
            LinkNews::PeerRolledBack { why } | LinkNews::SelfRolledBack { why, .. } => {
                state.change(peer, |l| l.blocked = Some(why.clone()));
                vec![Action::Cut { peer, why }]
            }
        }
    }
}

/// Waits until it holds.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !holds() {
        assert!(tokio::time::Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The status of a node's only link.
pub fn status(links: &Links<FakeNode>) -> LinkStatus {
    links.status().unwrap().remove(0)
}

pub fn is_met(links: &Links<FakeNode>) -> bool {
    status(links).stage == Some(hotline_domain::link::SessionStage::Met)
}
