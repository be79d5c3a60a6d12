//! The law of folding, over what two real nodes commit while a matter goes down and its result comes up.

use super::*;
use crate::codec::payload::Codec;
use crate::codec::testing::{Stamp, Stamps};
use crate::store::Tree;
use crate::store::view::{Direction, KeyRange, MemView, View as _};
use hotline_domain::body::{Actor, Body, Role};
use hotline_domain::command::{Command, Verb};
use hotline_domain::evidence;
use hotline_domain::field::SealedField;
use hotline_domain::kernel::{Action, Event, Group, Input, LinkNews, Now, World, next_timer};
use hotline_domain::leg::Lane;
use hotline_domain::row::{Done, Row, RowKey};
use hotline_domain::view::View as _;
use hotline_topology::{
    Calendar, Catalogue, EdgePolicies, Federation, FieldName, Kind, Level, Parts, PolicyPack,
    Region, Time, Unit, UnitKey, UnitKind, Urgency,
};
use std::ops::ControlFlow;

const CITY: RegionKey = RegionKey::literal("210100000000");
const COUNTY: RegionKey = RegionKey::literal("210101000000");

fn federation() -> Federation {
    let region = |key: RegionKey, level, parent| Region {
        key,
        name: format!("区划{key}"),
        level,
        parent,
        endpoint: format!("{}.example.org:7443", key.host_label())
            .parse()
            .ok(),
        node: true,
        standard: false,
        succeeds: Vec::new(),
        units: vec![Unit {
            key: UnitKey::new("centre").expect("a key"),
            name: "热线中心".into(),
            kind: UnitKind::Centre,
            parent: None,
            responsibilities: Vec::new(),
            contact: String::new(),
            handlers: Vec::new(),
        }],
    };
    Federation::build(Parts {
        trust_domain: "hotline.example.org".into(),
        version: 1,
        effective_from: Time(0),
        standards: Vec::new(),
        regions: vec![
            region(CITY, Level::City, None),
            region(COUNTY, Level::County, Some(CITY)),
        ],
        catalogue: Catalogue::default(),
        edges: EdgePolicies::default(),
        calendar: Calendar::builtin(),
    })
    .expect("a sound federation")
}

/// A node whose view is kept twice: by the changes that the kernel hands over, and by folding what its log says.
struct Node<'a> {
    world: World<'a>,
    live: MemView,
    folded: MemView,
    commits: CommitNo,
    bits: u8,
}

fn contents(view: &MemView) -> Vec<(Tree, Vec<u8>, Vec<u8>)> {
    let mut all = Vec::new();
    for tree in Tree::ALL {
        let mut visit = |key: &[u8], value: &[u8]| {
            all.push((tree, key.to_vec(), value.to_vec()));
            ControlFlow::Continue(())
        };
        view.scan(tree, KeyRange::ALL, Direction::Up, usize::MAX, &mut visit)
            .expect("in memory");
    }
    all
}

impl<'a> Node<'a> {
    fn new(me: RegionKey, federation: &'a Federation, packs: &'a [PolicyPack]) -> Self {
        let world = World {
            me,
            federation,
            packs,
            wire: &Codec,
            older: &[],
            examiner: &hotline_domain::world::NoDocuments,
            notary: &Stamps,
        };
        let mut node = Self {
            world,
            live: MemView::default(),
            folded: MemView::default(),
            commits: 0,
            bits: me.as_bytes()[5],
        };
        node.step(Time(0), Input::Start);
        node
    }

    /// One group of one event; the two views must agree after it.
    fn step(&mut self, at: Time, input: Input) -> Vec<Action> {
        let now = Now {
            time: at,
            monotonic_ms: 0,
        };
        let view = StoredView::new(&self.live);
        let mut group = Group::new(&view, self.world, now).expect("a view");
        self.bits = self.bits.wrapping_add(1);
        let bits = [self.bits; 16];
        group.step(Event { bits, input }).expect("a view");
        let mut commit = group.finish().expect("a view");
        let (me, head) = (self.world.me, (self.commits, [0; 32]));
        evidence::sign(&mut commit, me, &view, &Stamp(me), head).expect("a stamp");
        if !commit.facts.is_empty() {
            self.commits += 1;
            let ops = commit::ops(commit.changes.iter().map(|(at, row)| (at, row.as_ref())));
            self.live.apply(self.commits, &ops).expect("in memory");
            let lasting = commit::encode(commit.at, &commit.facts);
            let ops = Folder::new(self.world.me)
                .fold(&self.folded, self.commits, &lasting)
                .expect("own record");
            self.folded.apply(self.commits, &ops).expect("in memory");
            assert_eq!(contents(&self.live), contents(&self.folded), "{commit:#?}");
        }
        commit.actions
    }

    fn ask(&mut self, at: Time, verb: Verb) -> Done {
        let command = Command {
            actor: Actor {
                name: "dispatcher".into(),
                roles: vec![Role::Dispatcher],
                unit: None,
            },
            key: Some(format!("{verb:?}")),
            digest: [9; 32],
            seen: None,
            verb,
            fields: vec![SealedField {
                name: FieldName::Content,
                slot: 1,
                ciphertext: vec![1, 2, 3],
                hash: [8; 32],
            }],
        };
        let command = Box::new(command);
        for action in self.step(at, Input::Command { ticket: 1, command }) {
            if let Action::Answer { answer, .. } = action {
                return answer.expect("allowed");
            }
        }
        panic!("no answer")
    }

    /// Everything that waits for the peer, consumed there and acknowledged here; returns how much it was.
    fn deliver(&mut self, at: Time, to: &mut Node<'_>) -> usize {
        let (me, peer) = (self.world.me, to.world.me);
        let mut count = 0;
        for lane in Lane::ALL {
            let (first, last) = (
                RowKey::Outbox(peer, lane, 0),
                RowKey::Outbox(peer, lane, u64::MAX),
            );
            let waiting = StoredView::new(&self.live).scan(&first, &last, 99);
            for (key, row) in waiting.expect("in memory") {
                let (RowKey::Outbox(_, _, seq), Row::Outbox(envelope, _)) = (key, row) else {
                    panic!("an outbox holds envelopes")
                };
                let proof = envelope.proof.as_ref().expect("a stamp");
                let known = StoredView::new(&self.live)
                    .get(&RowKey::Certificate(proof.certificate))
                    .expect("in memory");
                if let Some(Row::Certificate(author, chain)) = known {
                    to.step(at, Input::Introduced { author, chain });
                }
                let input = Input::Envelope {
                    peer: me,
                    lane,
                    seq,
                    envelope,
                };
                to.step(at, input);
                self.step(
                    at,
                    Input::Acked {
                        peer,
                        lane,
                        upto: seq,
                    },
                );
                count += 1;
            }
        }
        count
    }
}

#[test]
fn folding_the_log_gives_the_view_that_the_kernel_made() {
    let (federation, packs) = (federation(), [PolicyPack::default_pack()]);
    let mut city = Node::new(CITY, &federation, &packs);
    let mut county = Node::new(COUNTY, &federation, &packs);
    let noon: Time = "2026-03-04 12:00:00".parse().expect("a time");
    let later = |minutes: i64| noon.plus_millis(minutes * 60_000);
    let met = LinkNews::Met {
        epoch: 1,
        wire: hotline_domain::link::WIRE_VERSION,
        shown: None,
    };
    city.step(
        noon,
        Input::Link {
            peer: COUNTY,
            news: met.clone(),
        },
    );
    county.step(
        noon,
        Input::Link {
            peer: CITY,
            news: met,
        },
    );

    let taken_in = city.ask(
        noon,
        Verb::TakeIn {
            channel: "phone".into(),
            kind: Kind::Help,
            category: "0201".into(),
            urgency: Urgency::Normal,
            place: None,
            happened_at: None,
        },
    );
    let matter = taken_in.matter.expect("a matter");
    let assigned = city.ask(
        later(1),
        Verb::Assign {
            matter,
            takers: vec![Body::Node(COUNTY)],
            lead: None,
            basis: "county's duty".into(),
            due: None,
            determination: None,
        },
    );
    let leg = assigned.legs[0];
    assert!(city.deliver(later(2), &mut county) > 0);
    assert!(county.deliver(later(3), &mut city) > 0);
    county.ask(later(4), Verb::Sign { leg });
    let inner = county.ask(
        later(5),
        Verb::Assign {
            matter,
            takers: vec![Body::Unit(COUNTY, UnitKey::new("centre").expect("a key"))],
            lead: None,
            basis: "own duty".into(),
            due: None,
            determination: None,
        },
    );
    let order = city.ask(
        later(6),
        Verb::Supervise {
            leg,
            trigger: "leader-instruction".into(),
            reply_by: Some(later(600)),
        },
    );
    assert!(order.order.is_some());
    city.deliver(later(7), &mut county);
    let ground = packs[0].closings[0].ground.code.clone();
    county.ask(
        later(8),
        Verb::SubmitResult {
            leg: inner.legs[0],
            ground: ground.clone(),
        },
    );
    county.ask(
        later(9),
        Verb::Rule {
            leg: inner.legs[0],
            request: 1,
            granted: true,
            basis: String::new(),
        },
    );
    county.ask(
        later(10),
        Verb::SubmitResult {
            leg,
            ground: ground.clone(),
        },
    );
    county.deliver(later(11), &mut city);
    city.ask(
        later(12),
        Verb::Rule {
            leg,
            request: 1,
            granted: true,
            basis: String::new(),
        },
    );
    city.ask(later(13), Verb::Close { matter, ground });
    city.deliver(later(14), &mut county);

    // Months later every timer has fired.
    let far: Time = "2026-12-01 12:00:00".parse().expect("a time");
    for node in [&mut city, &mut county] {
        for _ in 0..50 {
            let next = next_timer(&StoredView::new(&node.live)).expect("a view");
            if next.is_none_or(|at| at > far) {
                break;
            }
            node.step(far, Input::Tick);
        }
    }
    county.deliver(far, &mut city);
    assert!(
        city.commits > 12 && county.commits > 10,
        "{} {}",
        city.commits,
        county.commits
    );
}

#[test]
fn a_record_that_cannot_be_read_is_named() {
    let error = Folder::new(CITY).fold(&MemView::default(), 7, &[0xFF]);
    assert!(
        error
            .expect_err("no record")
            .starts_with("第 7 号提交的记录无法解读：Commit")
    );
}
