//! The nodes, their time, and the delivery between them.

use super::desk::Desk;
use super::law;
use super::places::{ALL, MONDAY, tree};
use super::stamp::{Stamp, Stamps};
use super::wire::TestWire;
use super::world::TestExaminer;
use crate::attachment::Attached;
use crate::evidence;
use crate::fact::Fact;
use crate::id::{LegId, MatterId};
use crate::kernel::{Action, Commit, Event, Group, Input, LinkNews, Now, World, next_timer};
use crate::leg::{Lane, Leg};
use crate::link::{Envelope, WIRE_VERSION, Wire};
use crate::row::{Row, RowKey};
use crate::supervision::Notice;
use crate::ticket::Ticket;
use crate::view::{MemoryView, Rows, View};
use hotline_topology::{Federation, PolicyPack, RegionKey, Time};
use std::collections::{BTreeMap, BTreeSet};

/// One node: its rows, its log, and what it told its operator.
#[derive(Clone)]
pub(crate) struct Node {
    pub view: MemoryView,
    pub log: Vec<(Time, Vec<Fact>)>,
    pub alarms: Vec<String>,
    pub tree: Federation,
    pub packs: Vec<PolicyPack>,
    /// Trees it knew before.
    pub older: Vec<Federation>,
    /// When the oldest revocation list it uses was signed.
    pub lists_at: Option<Time>,
    /// Rows folded from the log alone.
    pub(super) shadow: MemoryView,
}

/// A federation in one process.
#[derive(Clone)]
pub(crate) struct Fed {
    pub now: Time,
    pub nodes: BTreeMap<RegionKey, Node>,
    pub(super) wire: TestWire,
    cut: BTreeSet<(RegionKey, RegionKey)>,
    drawn: u128,
    /// Whether a command delivers everything at once.
    pub(crate) at_once: bool,
    /// Whether forbidden fields may travel: where a test tries the receiver.
    pub(crate) careless: bool,
    /// Whether nodes do not come to read their logs for letters.
    pub(crate) unread: bool,
}

impl Fed {
    /// Seven nodes on a Monday morning, all links up.
    pub(crate) fn new() -> Self {
        Self::with(|_, _| {})
    }

    /// As [`Fed::new`], with each node's pack changed first.
    pub(crate) fn with(change: impl Fn(RegionKey, &mut PolicyPack)) -> Self {
        let mut fed = Self {
            now: MONDAY,
            nodes: BTreeMap::new(),
            wire: TestWire::default(),
            cut: BTreeSet::new(),
            drawn: 0,
            at_once: true,
            careless: false,
            unread: false,
        };
        for region in ALL {
            let mut pack = PolicyPack::default_pack();
            change(region, &mut pack);
            let node = Node {
                view: MemoryView::default(),
                log: Vec::new(),
                alarms: Vec::new(),
                tree: tree(),
                packs: vec![pack],
                older: Vec::new(),
                lists_at: None,
                shadow: MemoryView::default(),
            };
            fed.nodes.insert(region, node);
            fed.input(region, Input::Start);
        }
        let pairs: Vec<_> = ALL
            .iter()
            .filter_map(|region| Some((*region, fed.nodes[region].tree.parent(*region)?)))
            .collect();
        for (child, parent) in pairs {
            fed.input(
                child,
                Input::Link {
                    peer: parent,
                    news: LinkNews::Met {
                        epoch: 1,
                        wire: WIRE_VERSION,
                        shown: None,
                    },
                },
            );
            fed.input(
                parent,
                Input::Link {
                    peer: child,
                    news: LinkNews::Met {
                        epoch: 1,
                        wire: WIRE_VERSION,
                        shown: None,
                    },
                },
            );
        }
        fed
    }

    /// The hotline's desk at a node, with a person who may do everything there.
    pub(crate) fn at(&mut self, region: RegionKey) -> Desk<'_> {
        Desk::new(self, region)
    }

    /// One event in a group of its own; what the node wants done.
    pub(crate) fn input(&mut self, region: RegionKey, input: Input) -> Vec<Action> {
        self.inputs(region, [input])
    }

    /// Several events in one group; what the node wants done.
    pub(crate) fn inputs<const N: usize>(
        &mut self,
        region: RegionKey,
        inputs: [Input; N],
    ) -> Vec<Action> {
        let events = inputs.map(|input| Event {
            bits: self.draw(),
            input,
        });
        let node = self
            .nodes
            .get_mut(&region)
            .expect("a node of the federation");
        let examiner = TestExaminer {
            lists_at: node.lists_at,
        };
        let world = World {
            me: region,
            federation: &node.tree,
            packs: &node.packs,
            wire: &self.wire,
            older: &node.older,
            examiner: &examiner,
            notary: &Stamps,
        };
        let now = Now {
            time: self.now,
            monotonic_ms: 0,
        };
        let mut group = Group::new(&node.view, world, now).expect("memory");
        for event in events {
            group.step(event).expect("memory");
        }
        let mut commit = group.finish().expect("memory");
        let head = (node.log.len() as u64, [0; 32]);
        evidence::sign(&mut commit, region, &node.view, &Stamp(region), head).expect("a stamp");
        let Commit {
            at,
            facts,
            changes,
            actions,
        } = commit;
        for action in &actions {
            if let Action::Alarm { text } = action {
                node.alarms.push(text.clone());
            }
        }
        self.keep(region, at, facts, changes);
        if actions.contains(&Action::WorldChanged) {
            self.take_up(region);
        }
        for action in &actions {
            if let Action::Gather(ask) = action
                && !self.unread
            {
                self.gather(region, ask);
            }
        }
        actions
    }

    /// The wire of every node.
    pub(crate) fn wire(&self) -> &dyn Wire {
        &self.wire
    }

    /// Bits like those that the shell draws.
    pub(super) fn draw(&mut self) -> [u8; 16] {
        self.drawn += 1;
        self.drawn.to_be_bytes()
    }

    /// A commit reaches the node's log and rows.
    pub(super) fn keep(
        &mut self,
        region: RegionKey,
        at: Time,
        facts: Vec<Fact>,
        changes: Vec<(RowKey, Option<Row>)>,
    ) {
        let node = self
            .nodes
            .get_mut(&region)
            .expect("a node of the federation");
        law::folds_alike(region, &mut node.shadow, at, &facts);
        node.view.apply(changes);
        assert!(node.shadow == node.view, "{region}: log and view differ");
        law::signs_under_its_epoch(region, node.log.len(), &node.view, &facts);
        if !facts.is_empty() {
            node.log.push((at, facts));
        }
    }

    /// Rows as an older disk had them, in the view and in what is folded from the log alike.
    pub(crate) fn put_rows_back<const N: usize>(
        &mut self,
        region: RegionKey,
        rows: [(RowKey, Option<Row>); N],
    ) {
        let node = self
            .nodes
            .get_mut(&region)
            .expect("a node of the federation");
        node.view.apply(rows.clone());
        node.shadow.apply(rows);
    }

    /// Nothing passes between the two until [`Fed::mend`].
    pub(crate) fn cut(&mut self, one: RegionKey, other: RegionKey) {
        self.cut.extend([(one, other), (other, one)]);
    }

    /// Everything passes again.
    pub(crate) fn mend(&mut self) {
        self.cut.clear();
        self.settle();
    }

    /// The wires are whole again, but nobody has dialled yet.
    pub(crate) fn mend_nothing(&mut self) {
        self.cut.clear();
    }

    /// Everything passes again in one direction.
    pub(crate) fn mend_one_way(&mut self, from: RegionKey, to: RegionKey) {
        self.cut.remove(&(from, to));
        self.settle();
    }

    /// Delivers until nothing moves.
    pub(crate) fn settle(&mut self) {
        for round in 0.. {
            assert!(round < 10_000, "messages run in circles");
            let waiting = self.waiting();
            if waiting.is_empty() {
                return;
            }
            for (from, to, lane) in waiting {
                self.deliver(from, to, lane);
            }
        }
    }

    /// Lanes of links with something to deliver.
    pub(crate) fn waiting(&self) -> Vec<(RegionKey, RegionKey, Lane)> {
        let mut waiting = BTreeSet::new();
        for (from, node) in &self.nodes {
            for (key, _) in node.view.rows() {
                if let RowKey::Outbox(to, lane, _) = key
                    && !self.cut.contains(&(*from, *to))
                    && (self.dials(*from, *to) || self.dials(*to, *from))
                {
                    waiting.insert((*from, *to, *lane));
                }
            }
        }
        waiting.into_iter().collect()
    }

    /// Delivers the next envelope of a lane, as often as the peer did not take it before, and its acknowledgement.
    pub(crate) fn deliver(&mut self, from: RegionKey, to: RegionKey, lane: Lane) {
        let seq = self.nodes[&from].view.link(to).expect("memory").lanes[lane.index()].acked + 1;
        let Some(envelope) = self.outgoing(from, to, lane, seq) else {
            return;
        };
        if !self.careless {
            law::carries_no_person(&envelope);
        }
        if let Some(proof) = &envelope.proof
            && let Ok(Some(Row::Certificate(author, chain))) = self.nodes[&from]
                .view
                .get(&RowKey::Certificate(proof.certificate))
        {
            self.input(to, Input::Introduced { author, chain });
        }
        let actions = self.input(
            to,
            Input::Envelope {
                peer: from,
                lane,
                seq,
                envelope: Box::new(envelope),
            },
        );
        for action in actions {
            if let Action::Acknowledge { lane, upto, .. } = action {
                self.input(
                    from,
                    Input::Acked {
                        peer: to,
                        lane,
                        upto,
                    },
                );
            }
        }
    }

    /// An envelope on its way.
    pub(crate) fn outgoing(
        &self,
        from: RegionKey,
        to: RegionKey,
        lane: Lane,
        seq: u64,
    ) -> Option<Envelope> {
        match self.nodes[&from].view.get(&RowKey::Outbox(to, lane, seq)) {
            Ok(Some(Row::Outbox(envelope, _))) => Some(*envelope),
            _ => None,
        }
    }

    /// Lets time pass; every timer fires in its order, and everything is delivered as it comes.
    pub(crate) fn pass(&mut self, millis: i64) {
        let until = self.now.plus_millis(millis);
        self.until(until);
    }

    /// Lets time pass up to a moment.
    pub(crate) fn until(&mut self, until: Time) {
        loop {
            let next = self
                .nodes
                .iter()
                .filter_map(|(region, node)| {
                    let at = next_timer(&node.view).expect("memory")?;
                    Some((at, *region))
                })
                .min();
            match next {
                Some((at, region)) if at <= until => {
                    self.now = self.now.max(at);
                    self.input(region, Input::Tick);
                    if self.at_once {
                        self.settle();
                    }
                }
                _ => break,
            }
        }
        self.now = self.now.max(until);
    }

    pub(crate) fn ticket(&self, region: RegionKey, matter: MatterId) -> Ticket {
        let found = self.nodes[&region].view.ticket(matter).expect("memory");
        found.unwrap_or_else(|| panic!("{region} does not hold {matter}"))
    }

    pub(crate) fn leg(&self, region: RegionKey, leg: LegId) -> Leg {
        let found = self.nodes[&region].view.leg(leg).expect("memory");
        found.unwrap_or_else(|| panic!("{region} does not hold {leg}"))
    }

    /// What a node's ticket holds of attachments.
    pub(crate) fn attachments(&self, region: RegionKey, matter: MatterId) -> Vec<Attached> {
        self.nodes[&region]
            .view
            .attachments(matter)
            .expect("memory")
    }

    /// Every exception notice a node keeps, oldest first.
    pub(crate) fn notices(&self, region: RegionKey) -> Vec<Notice> {
        let rows = self.nodes[&region].view.rows();
        rows.filter_map(|(_, row)| match row {
            Row::Notice(notice) => Some((**notice).clone()),
            _ => None,
        })
        .collect()
    }
}
