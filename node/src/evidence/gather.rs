//! From a node's log: everything signed on a leg or a matter, and what the log says beside it.

use super::bundle::{Bundle, Contact, ContactKind, Letter, Standing, Way};
use crate::audit::LegTale;
use crate::codec::commit;
use crate::codec::payload::Codec;
use crate::store::StoreError;
use crate::store::log::{LogReader, Record};
use hotline_domain::evidence::fingerprint;
use hotline_domain::fact::Fact;
use hotline_domain::id::{LegId, MatterId};
use hotline_domain::kernel::{FIRST_EPOCH, epoch_after};
use hotline_domain::leg::{Act, Lane};
use hotline_domain::link::{Envelope, LogHead, Message, MessageKind, Wire as _};
use hotline_domain::ticket::{TicketAct, folded_number};
use hotline_topology::{RegionKey, Time};
use std::collections::{BTreeMap, BTreeSet};

/// What evidence is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subject {
    /// Id of a leg or of a matter.
    Id([u8; 16]),
    /// A matter's number for people.
    Number(String),
}

impl Subject {
    /// An id where the text is one, else a number.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let plain = folded_number(text);
        match plain.parse::<LegId>() {
            Ok(LegId(id)) => Self::Id(id),
            Err(_) => Self::Number(plain),
        }
    }
}

/// Why nothing could be gathered.
#[derive(Debug, thiserror::Error)]
pub enum GatherError {
    /// The log cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record cannot be understood.
    #[error("第 {commit} 次提交无法解读：{why}")]
    Malformed {
        /// Which commit.
        commit: u64,
        /// Why.
        why: String,
    },
    /// The folder says no region.
    #[error("日志所属的节点「{0}」不是有效的行政区划代码")]
    Node(String),
    /// Nobody here knows what was asked for.
    #[error("日志中没有编号为「{0}」的工单、诉求或交办；请核对编号，或到其经办节点导出")]
    Nothing(String),
}

/// Gathers; with it comes where the log stands.
///
/// # Errors
/// See [`GatherError`].
pub fn gather(reader: &LogReader, asked: &str) -> Result<(Bundle, LogHead), GatherError> {
    let node = reader.node();
    let me = node
        .parse()
        .map_err(|_| GatherError::Node(node.to_owned()))?;
    let mut gathering = Gathering::new(me, Subject::parse(asked));
    for record in reader.read_from(1)? {
        gathering.take(&record?)?;
    }
    let head = gathering.head;
    gathering
        .finish()
        .map(|bundle| (bundle, head))
        .ok_or_else(|| GatherError::Nothing(asked.to_owned()))
}

struct Gathering {
    me: RegionKey,
    subject: Subject,
    matter: Option<MatterId>,
    /// The leg alone was asked for.
    one_leg: bool,
    legs: BTreeSet<LegId>,
    tales: BTreeMap<LegId, LegTale>,
    letters: Vec<Letter>,
    /// Letters that no next hop has acknowledged yet, by where they wait.
    waiting: BTreeMap<(RegionKey, Lane, u64), usize>,
    certificates: BTreeMap<[u8; 32], (RegionKey, Vec<Vec<u8>>)>,
    contacts: Vec<Contact>,
    failures: BTreeMap<RegionKey, u32>,
    at: Time,
    head: LogHead,
}

impl Gathering {
    fn new(me: RegionKey, subject: Subject) -> Self {
        Self {
            me,
            subject,
            matter: None,
            one_leg: false,
            legs: BTreeSet::new(),
            tales: BTreeMap::new(),
            letters: Vec::new(),
            waiting: BTreeMap::new(),
            certificates: BTreeMap::new(),
            contacts: Vec::new(),
            failures: BTreeMap::new(),
            at: Time(0),
            head: LogHead {
                epoch: FIRST_EPOCH,
                commit: 0,
                hash: [0; 32],
            },
        }
    }

    fn take(&mut self, record: &Record) -> Result<(), GatherError> {
        let lasting = commit::decode(&record.lasting).map_err(|why| GatherError::Malformed {
            commit: record.no,
            why: why.to_string(),
        })?;
        self.at = lasting.at;
        self.head.epoch = epoch_after(self.head.epoch, &lasting.facts);
        for fact in &lasting.facts {
            self.note_subject(fact);
        }
        for fact in lasting.facts {
            self.fact(record, fact);
        }
        (self.head.commit, self.head.hash) = (record.no, record.hash);
        Ok(())
    }

    /// Learns which matter and which legs are meant.
    fn note_subject(&mut self, fact: &Fact) {
        match fact {
            Fact::Ticket { matter, act, .. } => {
                let named = match (&self.subject, act) {
                    (Subject::Number(number), TicketAct::TakenIn { number: of, .. }) => {
                        number.eq_ignore_ascii_case(of)
                    }
                    (Subject::Id(id), _) => matter.0 == *id,
                    _ => false,
                };
                if named {
                    self.matter = Some(*matter);
                }
            }
            Fact::Leg {
                leg,
                act: Act::Offer(offer),
                ..
            } => {
                match &self.subject {
                    Subject::Id(id) if leg.0 == *id => {
                        self.one_leg = true;
                        self.matter = Some(offer.matter);
                    }
                    Subject::Id(id) if offer.matter.0 == *id => self.matter = Some(offer.matter),
                    Subject::Number(number) if number.eq_ignore_ascii_case(&offer.number) => {
                        self.matter = Some(offer.matter);
                    }
                    _ => {}
                }
                let asked = match &self.subject {
                    Subject::Id(id) if self.one_leg => leg.0 == *id,
                    _ => self.matter == Some(offer.matter),
                };
                if asked {
                    self.legs.insert(*leg);
                }
            }
            _ => {}
        }
    }

    fn fact(&mut self, record: &Record, fact: Fact) {
        match fact {
            Fact::Leg {
                leg,
                by,
                happened_at,
                act,
                ..
            } if self.legs.contains(&leg) => match (self.tales.get_mut(&leg), act) {
                (Some(tale), act) => drop(tale.go_on(by, happened_at, &act)),
                (None, Act::Offer(offer)) => {
                    self.tales.insert(leg, LegTale::begin(*offer));
                }
                (None, _) => {}
            },
            Fact::Queued {
                peer,
                seq,
                envelope,
                ..
            } if self.concerns(&envelope) => {
                let waits = (peer, envelope.lane, seq);
                self.waiting.insert(waits, self.letters.len());
                self.letter(record, Way::Sent(peer, None), envelope);
            }
            Fact::Received {
                envelope, effect, ..
            } if self.concerns(&envelope) => self.letter(record, Way::Received(effect), envelope),
            Fact::Acked { peer, lane, upto } => self.acked(peer, lane, upto),
            Fact::LanesRestarted { peer } => self.waiting.retain(|(of, ..), _| *of != peer),
            Fact::CertificateKnown { region, chain } => {
                let id = fingerprint(chain.first().map_or(&[], Vec::as_slice));
                self.certificates.insert(id, (region, chain));
            }
            Fact::Started { .. } => self.contact(ContactKind::Started, None),
            Fact::LinkChanged {
                peer,
                failures,
                heard_at,
                ..
            } => {
                let before = self.failures.insert(peer, failures).unwrap_or(0);
                if failures > before {
                    self.contact(ContactKind::DialFailed, Some(peer));
                } else if failures == 0 && heard_at.is_some() {
                    self.contact(ContactKind::Met, Some(peer));
                }
            }
            _ => {}
        }
    }

    /// Whether a letter is about what was asked for; receipts say so inside.
    fn concerns(&self, envelope: &Envelope) -> bool {
        if envelope.leg.is_some_and(|leg| self.legs.contains(&leg)) {
            return true;
        }
        if !self.one_leg && envelope.matter.is_some() && envelope.matter == self.matter {
            return true;
        }
        envelope.kind == MessageKind::Receipts as u32
            && match Codec.decode(envelope.kind, &envelope.payload) {
                Ok(Message::Receipts(of)) => of
                    .iter()
                    .any(|one| one.leg.is_some_and(|leg| self.legs.contains(&leg))),
                _ => false,
            }
    }

    fn letter(&mut self, record: &Record, way: Way, mut envelope: Envelope) {
        envelope.fields = envelope.fields.iter().map(|field| field.erased()).collect();
        envelope.trace = None;
        self.letters.push(Letter {
            commit: record.no,
            at: self.at,
            chain_before: record.prev_hash,
            way,
            envelope,
        });
    }

    fn acked(&mut self, peer: RegionKey, lane: Lane, upto: u64) {
        let first = (peer, lane, 0);
        let arrived: Vec<_> = self
            .waiting
            .range(first..=(peer, lane, upto))
            .map(|(key, at)| (*key, *at))
            .collect();
        for (key, at) in arrived {
            self.waiting.remove(&key);
            self.letters[at].way = Way::Sent(peer, Some(self.at));
        }
    }

    fn contact(&mut self, kind: ContactKind, peer: Option<RegionKey>) {
        self.contacts.push(Contact {
            kind,
            at: self.at,
            peer,
        });
    }

    fn finish(mut self) -> Option<Bundle> {
        if self.matter.is_none() && self.legs.is_empty() {
            return None;
        }
        let used: BTreeSet<[u8; 32]> = self
            .letters
            .iter()
            .filter_map(|letter| Some(letter.envelope.proof.as_ref()?.certificate))
            .collect();
        let hops: BTreeSet<RegionKey> = self
            .letters
            .iter()
            .filter_map(|letter| match letter.way {
                Way::Sent(to, _) => Some(to),
                Way::Received(_) => None,
            })
            .collect();
        let first = self.letters.first().map_or(self.at, |letter| letter.at);
        // The last contact before the first letter says how things stood then.
        let mut before: BTreeMap<Option<RegionKey>, Contact> = BTreeMap::new();
        let mut since = Vec::new();
        for contact in self.contacts {
            if contact.peer.is_some_and(|peer| !hops.contains(&peer)) {
                continue;
            }
            if contact.at < first {
                before.insert(contact.peer, contact);
            } else {
                since.push(contact);
            }
        }
        let contacts = before.into_values().chain(since).collect();
        self.certificates.retain(|id, _| used.contains(id));
        let standings = self.tales.iter().map(|(leg, tale)| Standing {
            leg: *leg,
            giver: tale.giver(),
            taker: tale.taker(),
            delivered_at: tale.delivered,
            closed_at: tale.end.map(|(_, at)| at),
        });
        Some(Bundle {
            node: self.me,
            made_at: self.at,
            legs: self.legs.iter().copied().collect(),
            matter: self.matter,
            whole_matter: !self.one_leg,
            standings: standings.collect(),
            letters: self.letters,
            certificates: self.certificates.into_values().collect(),
            contacts,
        })
    }
}
