//! Four nodes, the lines between them, and the people who use them.

use super::keys::Keeper;
use super::node::Node;
use super::place::{ALL, EDGES, START};
use super::truth::Truth;
use hotline::clock::Clock as _;
use hotline::codec::link::WireField;
use hotline::sealing::{open, seal_envelope};
use hotline_domain::body::{Actor, Role};
use hotline_domain::command::{Command, Verb};
use hotline_domain::evidence::fingerprint;
use hotline_domain::field::SealedField;
use hotline_domain::id::LegId;
use hotline_domain::kernel::{Action, Input, LinkNews};
use hotline_domain::leg::Lane;
use hotline_domain::link::{Envelope, WIRE_VERSION};
use hotline_domain::row::{Done, Row, RowKey};
use hotline_domain::sealing::{Leaving, leaving, nobody};
use hotline_domain::view::{Rows as _, View as _};
use hotline_topology::{FieldName, RegionKey, Time};
use std::collections::BTreeSet;
use std::time::Duration;
use zeroize::Zeroizing;

/// Envelopes that a line carries at most before it is held to go round in circles.
const ROUNDS_MAX: usize = 400;

/// The federation at work.
pub struct Fed {
    /// Who certifies.
    pub keeper: Keeper,
    /// What happened.
    pub truth: Truth,
    /// Who makes its key for sealing later.
    pub late: Option<RegionKey>,
    nodes: Vec<Node>,
    cut: BTreeSet<(RegionKey, RegionKey)>,
    words: u8,
}

impl Fed {
    /// Everybody starts, meets the neighbours and tells its key. `refuses`: whose tree was installed wrongly; `late`: who
    /// makes its key for sealing later.
    #[must_use]
    pub fn new(seed: u64, refuses: Option<RegionKey>, late: Option<RegionKey>) -> Self {
        let keeper = Keeper::new(seed);
        let mut truth = Truth::default();
        let nodes = ALL
            .map(|me| Node::new(me, &keeper, &mut truth, START, refuses == Some(me)))
            .into_iter()
            .collect();
        let mut fed = Self {
            keeper,
            truth,
            late,
            nodes,
            cut: BTreeSet::new(),
            words: 0,
        };
        for me in ALL {
            fed.step(me, Input::Start);
        }
        for (upper, lower) in EDGES {
            fed.meet(upper, lower);
        }
        fed.keys();
        fed.deliver();
        fed
    }

    /// A node.
    ///
    /// # Panics
    /// Never: every region has one.
    #[must_use]
    pub fn node(&self, of: RegionKey) -> &Node {
        self.nodes
            .iter()
            .find(|node| node.me == of)
            .expect("a region of the tree")
    }

    /// The same, to be changed.
    ///
    /// # Panics
    /// Never: every region has one.
    pub fn node_mut(&mut self, of: RegionKey) -> &mut Node {
        self.nodes
            .iter_mut()
            .find(|node| node.me == of)
            .expect("a region of the tree")
    }

    /// The time, by the city's clock.
    #[must_use]
    pub fn now(&self) -> Time {
        self.nodes[0].clock.now()
    }

    /// Time passes.
    pub fn minutes(&mut self, minutes: u64) {
        for node in &self.nodes {
            node.clock.advance(Duration::from_secs(minutes * 60));
        }
    }

    /// What is due by now is done: days end, and neighbours are told.
    pub fn tick(&mut self) {
        let all: Vec<RegionKey> = self.nodes.iter().map(|node| node.me).collect();
        for me in all {
            self.step(me, Input::Tick);
        }
    }

    /// Days pass.
    pub fn days(&mut self, days: u64) {
        self.minutes(days * 24 * 60);
    }

    /// One input of a node, and what follows from it there.
    pub fn step(&mut self, me: RegionKey, input: Input) -> Vec<Action> {
        let at = self
            .nodes
            .iter()
            .position(|node| node.me == me)
            .unwrap_or(0);
        let actions = self.nodes[at].step(input, &mut self.truth);
        for action in &actions {
            if let Action::Gather(ask) = action {
                let letters = self.nodes[at].letters(ask);
                let ask = ask.clone();
                self.step(me, Input::Gathered { ask, letters });
            }
        }
        actions
    }

    /// The line between two neighbours comes to stand.
    pub fn meet(&mut self, one: RegionKey, other: RegionKey) {
        for (me, peer) in [(one, other), (other, one)] {
            let epoch = self.epoch(peer);
            let news = LinkNews::Met {
                epoch,
                wire: WIRE_VERSION,
                shown: None,
            };
            self.step(me, Input::Link { peer, news });
        }
    }

    /// Under which epoch a node signs.
    ///
    /// # Panics
    /// Never: rows in memory.
    #[must_use]
    pub fn epoch(&self, of: RegionKey) -> u64 {
        self.node(of).view.node().expect("rows in memory").epoch
    }

    /// Whoever has no key for sealing makes one.
    pub fn keys(&mut self) {
        for me in ALL {
            if self.late == Some(me) {
                continue;
            }
            if let Some(input) = self.node(me).sealing_key() {
                self.step(me, input);
            }
        }
    }

    /// The line between two neighbours is cut, or mended.
    pub fn cut(&mut self, upper: RegionKey, lower: RegionKey, is_cut: bool) {
        match is_cut {
            true => self.cut.insert((upper, lower)),
            false => self.cut.remove(&(upper, lower)),
        };
    }

    /// Whom a node has as neighbours.
    #[must_use]
    pub fn neighbours(&self, of: RegionKey) -> Vec<RegionKey> {
        let ends = EDGES
            .iter()
            .flat_map(|(upper, lower)| [(*upper, *lower), (*lower, *upper)]);
        ends.filter(|(me, _)| *me == of)
            .map(|(_, peer)| peer)
            .collect()
    }

    /// Delivers everything until nothing moves.
    ///
    /// # Panics
    /// When it never comes to rest.
    pub fn deliver(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let mut any = false;
            for (upper, lower) in EDGES {
                if !self.cut.contains(&(upper, lower)) {
                    any |= self.pass(upper, lower) | self.pass(lower, upper);
                }
            }
            if !any {
                return;
            }
        }
        panic!("what is to be delivered never ends");
    }

    /// Delivers what one neighbour has for the other.
    ///
    /// # Panics
    /// Never: rows in memory.
    pub fn pass(&mut self, from: RegionKey, to: RegionKey) -> bool {
        let mut any = false;
        for lane in Lane::ALL {
            let (first, last) = (
                RowKey::Outbox(to, lane, 0),
                RowKey::Outbox(to, lane, u64::MAX),
            );
            let waiting = self
                .node(from)
                .view
                .scan(&first, &last, 999)
                .expect("rows in memory");
            for (key, row) in waiting {
                let (RowKey::Outbox(_, _, seq), Row::Outbox(envelope, _)) = (key, row) else {
                    continue;
                };
                let Some(envelope) = self.leave(from, to, *envelope) else {
                    break;
                };
                if let Some(proof) = &envelope.proof
                    && let Ok(Some(Row::Certificate(author, chain))) = self
                        .node(from)
                        .view
                        .get(&RowKey::Certificate(proof.certificate))
                {
                    self.step(to, Input::Introduced { author, chain });
                }
                let envelope = Box::new(self.arrive(to, envelope));
                let peer = from;
                self.step(
                    to,
                    Input::Envelope {
                        peer,
                        lane,
                        seq,
                        envelope,
                    },
                );
                self.step(
                    from,
                    Input::Acked {
                        peer: to,
                        lane,
                        upto: seq,
                    },
                );
                any = true;
            }
        }
        any
    }

    /// As it leaves for its next hop: sealed where that is not its addressee.
    fn leave(&self, from: RegionKey, to: RegionKey, envelope: Envelope) -> Option<Envelope> {
        let key = match leaving(&self.node(from).view, to, &envelope).ok()? {
            Leaving::AsItIs => return Some(envelope),
            Leaving::Sealed(key) => *key,
            Leaving::ToNobody => nobody(envelope.addressee, fingerprint(&envelope.id.0)),
            Leaving::NotYet => return None,
        };
        let fields = envelope.fields.iter().map(|field| WireField {
            name: field.name,
            hash: field.hash,
            content: None,
        });
        let fields = fields.collect();
        let fresh = Zeroizing::new(fingerprint(&envelope.id.0));
        seal_envelope(envelope, fields, &key, fresh).ok()
    }

    /// As its addressee takes it: opened where it was sealed to it.
    fn arrive(&self, to: RegionKey, envelope: Envelope) -> Envelope {
        if envelope.addressee != to || envelope.key_id == 0 {
            return envelope;
        }
        let opened = self
            .node(to)
            .pair(envelope.key_id)
            .map(|pair| open(envelope.clone(), &pair));
        match opened {
            Some(Ok((opened, _))) => opened,
            _ => envelope,
        }
    }

    /// What a person asks of a node.
    ///
    /// # Panics
    /// When it is refused: lives are written so that nothing is.
    pub fn ask(&mut self, me: RegionKey, verb: Verb) -> Done {
        let said = format!("{verb:?}");
        self.try_ask(me, verb)
            .unwrap_or_else(|why| panic!("{said} at {me}: {why}"))
    }

    /// The same, where it may be refused.
    ///
    /// # Errors
    /// The refusal, in words.
    pub fn try_ask(&mut self, me: RegionKey, verb: Verb) -> Result<Done, String> {
        self.words = self.words.wrapping_add(1);
        let name = match verb {
            Verb::TakeIn { .. } | Verb::Assign { .. } => FieldName::Content,
            Verb::SubmitResult { .. } => FieldName::ResultText,
            Verb::Escalate { .. } => FieldName::StageReport,
            _ => FieldName::Reason,
        };
        let field = SealedField {
            name,
            slot: 1,
            ciphertext: vec![1, 2, 3],
            hash: [self.words; 32],
        };
        let command = Command {
            actor: Actor {
                name: "值班员".into(),
                roles: Role::ALL.to_vec(),
                unit: None,
            },
            key: None,
            digest: [0; 32],
            seen: None,
            verb,
            fields: vec![field],
        };
        let command = Box::new(command);
        let actions = self.step(me, Input::Command { ticket: 1, command });
        let answer = actions.into_iter().find_map(|action| match action {
            Action::Answer { answer, .. } => Some(answer),
            _ => None,
        });
        match answer {
            Some(Ok(done)) => Ok(done),
            Some(Err(refusal)) => Err(refusal.to_string()),
            None => Err("no answer".to_owned()),
        }
    }

    /// The same at its node, then everything is delivered; a minute passes.
    pub fn go(&mut self, me: RegionKey, verb: Verb) -> Done {
        let done = self.ask(me, verb);
        self.deliver();
        self.minutes(7);
        done
    }

    /// The newest open request on a leg, as its node has it.
    #[must_use]
    pub fn request(&self, at: RegionKey, leg: LegId) -> Option<u32> {
        let known = self.node(at).view.leg(leg).ok()??;
        known.open_request().map(|request| request.no)
    }

    /// A new certificate.
    ///
    /// # Panics
    /// Never: the material is the keeper's.
    pub fn renew(&mut self, of: RegionKey) {
        let now = self.now();
        self.keeper.renew(of, now);
        let material = self.keeper.material(of);
        self.node(of)
            .tls
            .reload(material)
            .expect("material of the keeper");
    }
}
