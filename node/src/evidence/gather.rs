//! From a node's log: everything signed on a leg or a matter, and what the log says beside it.

mod days;
mod tallies;

use super::accounts::{Restart, RestartKind};
use super::bundle::{Bundle, Contact, ContactKind, FORM, Letter, Standing, Way};
use crate::audit::LegTale;
use crate::codec::commit;
use crate::codec::payload::Codec;
use crate::store::StoreError;
use crate::store::log::{LogReader, Record};
use hotline_domain::evidence::{Effect, fingerprint};
use hotline_domain::fact::Fact;
use hotline_domain::id::{EnvelopeId, LegId, MatterId};
use hotline_domain::kernel::{FIRST_EPOCH, epoch_after};
use hotline_domain::leg::{Act, Lane, Offer};
use hotline_domain::link::{Consumption, Envelope, LogHead, Message, MessageKind, Wire as _};
use hotline_domain::supervision::Notice;
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

/// Gathers; with it comes where the log stands. An id that the log does not know makes an empty file: so an honest node can
/// say that such a thing never came. `further`: legs that it is whole for besides.
///
/// # Errors
/// See [`GatherError`].
pub fn gather(
    reader: &LogReader,
    asked: &str,
    further: &BTreeSet<LegId>,
) -> Result<(Bundle, LogHead), GatherError> {
    let node = reader.node();
    let me = node
        .parse()
        .map_err(|_| GatherError::Node(node.to_owned()))?;
    let subject = Subject::parse(asked);
    let mut meant = Meant::nothing();
    each(reader, |_, told| {
        told.facts
            .iter()
            .for_each(|fact| meant.note(&subject, fact));
    })?;
    let scope = match (meant, &subject) {
        (
            Meant {
                leg: Some(leg),
                matter,
            },
            _,
        ) => Scope::leg(leg, matter),
        (
            Meant {
                matter: Some(matter),
                ..
            },
            _,
        ) => {
            let mut legs = BTreeSet::new();
            each(reader, |_, told| {
                let of = told.facts.iter().filter_map(|fact| leg_of(fact, matter));
                legs.extend(of);
            })?;
            Scope::matter(matter, legs)
        }
        (_, Subject::Id(id)) => Scope::leg(LegId(*id), None),
        (_, Subject::Number(_)) => return Err(GatherError::Nothing(asked.to_owned())),
    };
    let mut scope = scope;
    scope.legs.extend(further);
    let mut gathering = Gathering::new(me, scope);
    each(reader, |record, told| gathering.take(record, told))?;
    let head = gathering.head;
    Ok((gathering.finish(), head))
}

/// Goes through the log.
fn each(
    reader: &LogReader,
    mut take: impl FnMut(&Record, commit::Lasting),
) -> Result<(), GatherError> {
    for record in reader.read_from(1)? {
        let record = record?;
        let told = commit::decode(&record.lasting).map_err(|why| GatherError::Malformed {
            commit: record.no,
            why: why.to_string(),
        })?;
        take(&record, told);
    }
    Ok(())
}

/// What the subject names in the log.
struct Meant {
    /// The leg alone was asked for.
    leg: Option<LegId>,
    matter: Option<MatterId>,
}

impl Meant {
    fn nothing() -> Self {
        Self {
            leg: None,
            matter: None,
        }
    }

    fn note(&mut self, subject: &Subject, fact: &Fact) {
        match fact {
            Fact::Ticket {
                matter,
                act: TicketAct::TakenIn { number, .. },
                ..
            } => self.named(subject, *matter, number),
            Fact::Ticket { matter, .. }
            | Fact::Noticed(Notice {
                matter, leg: None, ..
            }) => {
                self.named(subject, *matter, "");
            }
            Fact::Noticed(Notice {
                matter,
                leg: Some(leg),
                number,
                ..
            }) => {
                self.named(subject, *matter, number);
                self.is_leg(subject, *leg, Some(*matter));
            }
            Fact::Leg {
                leg, matter, act, ..
            } => {
                let number = match act {
                    Act::Offer(offer) => offer.number.as_str(),
                    _ => "",
                };
                self.named(subject, *matter, number);
                self.is_leg(subject, *leg, Some(*matter));
            }
            Fact::Queued { envelope, .. } | Fact::Received { envelope, .. } => {
                if let Some((leg, offer)) = offer_in(envelope) {
                    self.named(subject, offer.matter, &offer.number);
                    self.is_leg(subject, leg, Some(offer.matter));
                }
                envelope
                    .leg
                    .into_iter()
                    .for_each(|leg| self.is_leg(subject, leg, None));
            }
            _ => {}
        }
    }

    fn named(&mut self, subject: &Subject, matter: MatterId, number: &str) {
        let is_it = match subject {
            Subject::Id(id) => matter.0 == *id,
            Subject::Number(asked) => !number.is_empty() && asked.eq_ignore_ascii_case(number),
        };
        if is_it {
            self.matter = Some(matter);
        }
    }

    fn is_leg(&mut self, subject: &Subject, leg: LegId, matter: Option<MatterId>) {
        if *subject == Subject::Id(leg.0) {
            self.leg = Some(leg);
            self.matter = self.matter.or(matter);
        }
    }
}

/// The offer in an envelope that lies open; also one that was refused.
fn offer_in(envelope: &Envelope) -> Option<(LegId, Box<Offer>)> {
    if envelope.kind != MessageKind::Leg as u32 || envelope.is_shut() {
        return None;
    }
    match Codec.decode(envelope.kind, &envelope.payload) {
        Ok(Message::Leg {
            leg,
            act: Act::Offer(offer),
            ..
        }) => Some((leg, offer)),
        _ => None,
    }
}

/// The leg of the matter that a fact speaks of: whatever the node signed or received on it belongs to the matter.
fn leg_of(fact: &Fact, of: MatterId) -> Option<LegId> {
    match fact {
        Fact::Leg { leg, matter, .. } if *matter == of => Some(*leg),
        Fact::Noticed(notice) if notice.matter == of => notice.leg,
        Fact::OrderIssued(issued) if issued.matter == of => Some(issued.leg),
        Fact::Queued { envelope, .. } | Fact::Received { envelope, .. } => offer_in(envelope)
            .filter(|(_, offer)| offer.matter == of)
            .map(|(leg, _)| leg),
        _ => None,
    }
}

/// What a file is whole for.
struct Scope {
    matter: Option<MatterId>,
    whole_matter: bool,
    legs: BTreeSet<LegId>,
}

impl Scope {
    fn leg(leg: LegId, matter: Option<MatterId>) -> Self {
        Self {
            matter,
            whole_matter: false,
            legs: BTreeSet::from([leg]),
        }
    }

    fn matter(matter: MatterId, legs: BTreeSet<LegId>) -> Self {
        Self {
            matter: Some(matter),
            whole_matter: true,
            legs,
        }
    }
}

struct Gathering {
    me: RegionKey,
    scope: Scope,
    tales: BTreeMap<LegId, LegTale>,
    letters: Vec<Letter>,
    /// Letters that no next hop has acknowledged yet, by where they wait.
    waiting: BTreeMap<(RegionKey, Lane, u64), usize>,
    certificates: BTreeMap<[u8; 32], (RegionKey, Vec<Vec<u8>>)>,
    contacts: Vec<Contact>,
    failures: BTreeMap<RegionKey, u32>,
    unopened: BTreeSet<EnvelopeId>,
    days: days::Days,
    restarts: Vec<Restart>,
    at: Time,
    head: LogHead,
}

impl Gathering {
    fn new(me: RegionKey, scope: Scope) -> Self {
        Self {
            me,
            scope,
            tales: BTreeMap::new(),
            letters: Vec::new(),
            waiting: BTreeMap::new(),
            certificates: BTreeMap::new(),
            contacts: Vec::new(),
            failures: BTreeMap::new(),
            unopened: BTreeSet::new(),
            days: days::Days::default(),
            restarts: Vec::new(),
            at: Time(0),
            head: LogHead {
                epoch: FIRST_EPOCH,
                commit: 0,
                hash: [0; 32],
            },
        }
    }

    fn take(&mut self, record: &Record, told: commit::Lasting) {
        self.at = told.at;
        // A commit that raises the epoch belongs to the new one.
        let before = self.head.epoch;
        self.head.epoch = epoch_after(before, &told.facts);
        if self.head.epoch != before {
            let restored = |fact: &Fact| matches!(fact, Fact::Restored(_));
            self.restarts.push(Restart {
                kind: match told.facts.iter().any(restored) {
                    true => RestartKind::Restored,
                    false => RestartKind::FoundOut,
                },
                ended: LogHead {
                    epoch: before,
                    commit: record.no - 1,
                    hash: record.prev_hash,
                },
                began: self.head.epoch,
                at: told.at,
            });
        }
        // What a rule refused was opened all the same, in the same commit.
        let opened = |fact: &Fact| match fact {
            Fact::Received { envelope, .. } => Some(envelope.id),
            _ => None,
        };
        let opened: Vec<EnvelopeId> = told.facts.iter().filter_map(opened).collect();
        for fact in told.facts {
            self.fact(record, fact);
        }
        self.unopened.retain(|id| !opened.contains(id));
        (self.head.commit, self.head.hash) = (record.no, record.hash);
    }

    fn fact(&mut self, record: &Record, fact: Fact) {
        let (entry, shown) = (self.days.enter(self.me, &fact), self.letters.len());
        self.tell(record, fact);
        if let Some(entry) = entry.filter(|_| self.letters.len() > shown) {
            self.days.show(shown, entry);
        }
    }

    fn tell(&mut self, record: &Record, fact: Fact) {
        match fact {
            Fact::DayClosed(day) => self.days.close(day, &mut self.letters),
            Fact::Leg {
                leg,
                by,
                happened_at,
                act,
                ..
            } if self.scope.legs.contains(&leg) => match (self.tales.get_mut(&leg), act) {
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
            } if self.concerns(&envelope) || tallies::is_tally(&envelope) => {
                self.letter(record, Way::Received(effect), envelope);
            }
            Fact::Consumed { id, outcome, .. } => match outcome {
                Consumption::Applied | Consumption::Relayed => {}
                Consumption::Refused { .. }
                | Consumption::Parked
                | Consumption::SetAside { .. } => {
                    self.unopened.insert(id);
                }
            },
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
        let scope = &self.scope;
        if envelope.leg.is_some_and(|leg| scope.legs.contains(&leg)) {
            return true;
        }
        if scope.whole_matter && envelope.matter.is_some() && envelope.matter == scope.matter {
            return true;
        }
        envelope.kind == MessageKind::Receipts as u32
            && match Codec.decode(envelope.kind, &envelope.payload) {
                Ok(Message::Receipts(of)) => of
                    .iter()
                    .any(|one| one.leg.is_some_and(|leg| scope.legs.contains(&leg))),
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
            place: None,
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

    fn finish(mut self) -> Bundle {
        tallies::thin_out(&mut self.letters);
        let accounts = std::mem::take(&mut self.days).finish(&self.letters);
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
        let mut concerned = self.letters.iter();
        let first = concerned.find(|letter| !tallies::is_tally(&letter.envelope));
        let first = first.map_or(self.at, |letter| letter.at);
        // The last contact before the first letter says how things stood then.
        let mut before: BTreeMap<Option<RegionKey>, Contact> = BTreeMap::new();
        let mut since = Vec::new();
        for contact in std::mem::take(&mut self.contacts) {
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
        let mut standings: Vec<Standing> = self
            .tales
            .iter()
            .map(|(leg, tale)| Standing {
                leg: *leg,
                giver: tale.giver(),
                taker: tale.taker(),
                delivered_at: tale.delivered,
                closed_at: tale.end.map(|(_, at)| at),
            })
            .collect();
        standings.extend(self.refused());
        Bundle {
            form: FORM,
            node: self.me,
            made_at: self.at,
            sealed_at: self.at,
            legs: self.scope.legs.into_iter().collect(),
            matter: self.scope.matter,
            whole_matter: self.scope.whole_matter,
            standings,
            letters: self.letters,
            certificates: self.certificates.into_values().collect(),
            contacts,
            unopened: self.unopened,
            accounts,
            restarts: self.restarts,
            answers: BTreeSet::new(),
        }
    }

    /// Legs that this node refused: it never had them, and says when it declined them.
    fn refused(&self) -> Vec<Standing> {
        let refused = self.letters.iter().filter_map(|letter| {
            let Way::Received(Effect::Refused) = letter.way else {
                return None;
            };
            let (leg, offer) = offer_in(&letter.envelope)?;
            (!self.tales.contains_key(&leg)).then(|| Standing {
                leg,
                giver: offer.giver,
                taker: offer.taker.region(),
                delivered_at: None,
                closed_at: Some(letter.at),
            })
        });
        let by_leg: BTreeMap<LegId, Standing> = refused.map(|one| (one.leg, one)).collect();
        by_leg.into_values().collect()
    }
}
