//! A small federation of kernels without shells: rows in memory, links that deliver when told, logs that are kept.

use super::super::Logs;
use crate::codec::payload::Codec;
use crate::codec::testing::{Stamp, Stamps};
use hotline_domain::body::{Actor, Role};
use hotline_domain::command::{Command, Verb};
use hotline_domain::evidence;
use hotline_domain::field::SealedField;
use hotline_domain::id::Ids;
use hotline_domain::kernel::{Action, Event, Group, Input, LinkNews, Now, World};
use hotline_domain::leg::{Lane, Leg};
use hotline_domain::refusal::Refusal;
use hotline_domain::row::{Done, Row, RowKey};
use hotline_domain::ticket::Ticket;
use hotline_domain::view::{MemoryView, Rows, View};
use hotline_topology::{
    Calendar, Catalogue, EdgePolicies, Federation, FieldName, Level, Parts, PolicyPack, Region,
    RegionKey, Time, Unit, UnitKey, UnitKind,
};

pub(super) const PROVINCE: RegionKey = RegionKey::literal("210000000000");
pub(super) const CITY: RegionKey = RegionKey::literal("210100000000");
pub(super) const COUNTY: RegionKey = RegionKey::literal("210101000000");
pub(super) const OTHER_COUNTY: RegionKey = RegionKey::literal("210102000000");
pub(super) const TOWN: RegionKey = RegionKey::literal("210101001000");

/// Parents before children.
pub(super) const NODES: [(RegionKey, Level, Option<RegionKey>); 5] = [
    (PROVINCE, Level::Province, None),
    (CITY, Level::City, Some(PROVINCE)),
    (COUNTY, Level::County, Some(CITY)),
    (OTHER_COUNTY, Level::County, Some(CITY)),
    (TOWN, Level::Township, Some(COUNTY)),
];

fn federation() -> Federation {
    let unit = |key: &str, kind| Unit {
        key: UnitKey::new(key).unwrap(),
        name: format!("单位{key}"),
        kind,
        parent: None,
        responsibilities: Vec::new(),
        contact: String::new(),
        handlers: Vec::new(),
    };
    let region = |(key, level, parent): &(RegionKey, Level, Option<RegionKey>)| Region {
        key: *key,
        name: format!("区划{key}"),
        level: *level,
        parent: *parent,
        endpoint: format!("{}.example.org:7443", key.host_label())
            .parse()
            .ok(),
        node: true,
        standard: false,
        succeeds: Vec::new(),
        units: vec![
            unit("centre", UnitKind::Centre),
            unit("water", UnitKind::Department),
        ],
    };
    Federation::build(Parts {
        trust_domain: "hotline.example.org".into(),
        version: 1,
        effective_from: Time(0),
        standards: Vec::new(),
        regions: NODES.iter().map(region).collect(),
        catalogue: Catalogue::default(),
        edges: EdgePolicies::default(),
        calendar: Calendar::builtin(),
    })
    .unwrap()
}

pub(super) struct Net {
    pub tree: Federation,
    pub packs: Vec<PolicyPack>,
    pub now: Time,
    pub views: Vec<MemoryView>,
    pub logs: Logs,
    /// Matters whose intake was answered.
    pub confirmed: Vec<hotline_domain::id::MatterId>,
    /// What the verbs refused, by rule.
    pub refused: std::collections::BTreeMap<&'static str, u32>,
    drawn: Ids,
}

pub(super) fn node(key: RegionKey) -> usize {
    NODES.iter().position(|(other, ..)| *other == key).unwrap()
}

pub(super) fn field(name: FieldName) -> SealedField {
    SealedField {
        name,
        slot: 1,
        ciphertext: vec![1, 2, 3],
        hash: [7; 32],
    }
}

impl Net {
    pub fn new(seed: u8) -> Self {
        let mut net = Self {
            tree: federation(),
            packs: vec![PolicyPack::default_pack()],
            now: "2026-03-02 09:00".parse().unwrap(),
            views: vec![MemoryView::default(); NODES.len()],
            logs: NODES.iter().map(|(key, ..)| (*key, Vec::new())).collect(),
            confirmed: Vec::new(),
            refused: std::collections::BTreeMap::new(),
            drawn: Ids::new([seed; 16]),
        };
        for (at, (key, _, parent)) in NODES.iter().enumerate() {
            net.step(at, Input::Start);
            if let Some(parent) = parent {
                let met = |peer| Input::Link {
                    peer,
                    news: LinkNews::Met {
                        epoch: 1,
                        wire: hotline_domain::link::WIRE_VERSION,
                        shown: None,
                    },
                };
                net.step(at, met(*parent));
                net.step(node(*parent), met(*key));
            }
        }
        net
    }

    /// One event, one commit.
    pub fn step(&mut self, at: usize, input: Input) -> Vec<Action> {
        let world = World {
            me: NODES[at].0,
            federation: &self.tree,
            packs: &self.packs,
            wire: &Codec,
            older: &[],
            examiner: &hotline_domain::world::NoDocuments,
            notary: &Stamps,
        };
        let now = Now {
            time: self.now,
            monotonic_ms: 0,
        };
        let bits = self.drawn.draw();
        let mut group = Group::new(&self.views[at], world, now).unwrap();
        group.step(Event { bits, input }).unwrap();
        let mut commit = group.finish().unwrap();
        let me = NODES[at].0;
        let head = (self.logs[&me].len() as u64, [0; 32]);
        evidence::sign(&mut commit, me, &self.views[at], &Stamp(me), head).unwrap();
        if !commit.facts.is_empty() {
            let log = self.logs.get_mut(&NODES[at].0).unwrap();
            log.push((log.len() as u64 + 1, commit.at, commit.facts));
            self.views[at].apply(commit.changes);
        }
        commit.actions
    }

    pub fn ask(
        &mut self,
        at: usize,
        who: &str,
        verb: Verb,
        fields: &[FieldName],
    ) -> Result<Done, Refusal> {
        let taking_in = matches!(verb, Verb::TakeIn { .. });
        let command = Command {
            actor: Actor {
                name: who.into(),
                roles: Role::ALL.to_vec(),
                unit: None,
            },
            key: None,
            digest: [0; 32],
            seen: None,
            verb,
            fields: fields.iter().map(|name| field(*name)).collect(),
        };
        let command = Box::new(command);
        let actions = self.step(at, Input::Command { ticket: 1, command });
        let answer = actions.into_iter().find_map(|action| match action {
            Action::Answer { answer, .. } => Some(answer),
            _ => None,
        });
        let answer = answer.unwrap();
        match &answer {
            Ok(done) if taking_in => self.confirmed.extend(done.matter),
            Ok(_) => {}
            Err(refusal) => *self.refused.entry(refusal.rule).or_default() += 1,
        }
        answer
    }

    /// Delivers the next message of a lane and acknowledges it; false when there is none.
    pub fn deliver(&mut self, from: usize, to: usize, lane: Lane) -> bool {
        let (sender, receiver) = (NODES[from].0, NODES[to].0);
        let seq = self.views[to].link(sender).unwrap().lanes[lane.index()].received + 1;
        let waiting = self.views[from]
            .get(&RowKey::Outbox(receiver, lane, seq))
            .unwrap();
        let Some(Row::Outbox(envelope, _)) = waiting else {
            return false;
        };
        if let Some(proof) = &envelope.proof
            && let Ok(Some(Row::Certificate(author, chain))) =
                self.views[from].get(&RowKey::Certificate(proof.certificate))
        {
            self.step(to, Input::Introduced { author, chain });
        }
        let arrives = Input::Envelope {
            peer: sender,
            lane,
            seq,
            envelope,
        };
        self.step(to, arrives);
        let acked = Input::Acked {
            peer: receiver,
            lane,
            upto: seq,
        };
        self.step(from, acked);
        true
    }

    /// Pairs of neighbours, both ways.
    pub fn links() -> Vec<(usize, usize)> {
        let edges = NODES.iter().enumerate().filter_map(|(at, (.., parent))| {
            let parent = node((*parent)?);
            Some([(at, parent), (parent, at)])
        });
        edges.flatten().collect()
    }

    pub fn deliver_all(&mut self) -> bool {
        let mut any = false;
        for (from, to) in Self::links() {
            for lane in Lane::ALL {
                while self.deliver(from, to, lane) {
                    any = true;
                }
            }
        }
        any
    }

    /// Time passes, and timers fire.
    pub fn wait(&mut self, millis: i64) {
        self.now = self.now.plus_millis(millis);
        for at in 0..NODES.len() {
            for _ in 0..8 {
                self.step(at, Input::Tick);
            }
        }
    }

    /// Faults have stopped: minutes pass and everything arrives, until nothing moves but watermarks.
    pub fn settle(&mut self) {
        for _ in 0..12 {
            self.deliver_all();
            self.wait(61_000);
        }
        while self.deliver_all() {}
    }

    pub fn tickets(&self, at: usize) -> Vec<Ticket> {
        let rows = self.views[at].rows();
        rows.filter_map(|(_, row)| match row {
            Row::Ticket(ticket) => Some((**ticket).clone()),
            _ => None,
        })
        .collect()
    }

    pub fn legs(&self, at: usize) -> Vec<Leg> {
        let rows = self.views[at].rows();
        rows.filter_map(|(_, row)| match row {
            Row::Leg(leg) => Some((**leg).clone()),
            _ => None,
        })
        .collect()
    }
}
