//! One simulated node, driven as the shell drives it: events in groups, commit, sync, view, actions.

use super::clock::SimClock;
use super::notary::{Seal, Seals};
use super::office::SimWire;
use super::places::{Place, packs};
use super::sealer::Sealer;
use super::table::Table;
use super::upkeep;
use hotline::codec::payload::Codec;
use hotline::codec::{commit as records, key, row};
use hotline::store::disk::SimDisk;
use hotline::store::log::{Log, LogSettings, Verify};
use hotline::store::view::{decode_redo, encode_redo};
use hotline_domain::evidence::{self, Letters};
use hotline_domain::fact::Fact;
use hotline_domain::kernel::{Commit, Event, Gather, Group, Input, Now, World, fold_commit};
use hotline_domain::link::{Envelope, Frame, Session};
use hotline_domain::view::{Overlay, Rows as _, ViewFailed};
use hotline_topology::{Federation, RegionKey, Time};
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

/// Bytes of a segment: small, so that logs of three weeks turn over.
const SEGMENT_BYTES_MAX: u64 = 96 << 10;

/// Where the log lies.
pub const LOG: &str = "/node/log";

/// One end of a stream.
pub struct Line {
    /// The stream.
    pub stream: u64,
    /// The session on it.
    pub session: Session,
    /// The last envelope that went out on it.
    pub last: Option<Frame>,
}

/// A node.
pub struct Node {
    /// Its region.
    pub region: RegionKey,
    /// The federation as it knows it.
    pub place: Arc<Place>,
    /// Earlier versions that it knows, oldest first.
    pub older: Vec<Federation>,
    /// Its disk; survives crashes.
    pub disk: SimDisk,
    /// The log, while the node is up.
    pub log: Option<Log>,
    /// The view as of the last durable commit that it applied.
    pub view: Table,
    /// What came in and was not taken into a group yet.
    pub inbox: VecDeque<Input>,
    /// Streams by neighbour.
    pub lines: BTreeMap<RegionKey, Line>,
    /// Keys for personal fields; slots are durable ahead of use.
    pub sealer: Sealer,
    /// Its clock, and the product's watch over it.
    pub clock: SimClock,
    /// What is wrong with its disk.
    pub trouble: Option<Trouble>,
    /// A sync is under way: no group is taken meanwhile.
    pub syncing: bool,
    /// Starts so far; events of an older one are void.
    pub boot: u64,
    /// Starts refused since the last one that went well.
    pub refused: u32,
    /// When the next group is due, if one is.
    pub wake_at: Option<i64>,
    /// When the next tick is due, if one is.
    pub tick_at: Option<i64>,
    /// Durable commits that the invariants have seen.
    pub seen: u64,
    /// The true time of the last of them.
    pub now: i64,
}

/// What is wrong with a disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// Syncs take seconds.
    Slow,
    /// Hardly anything fits.
    Full,
    /// It cannot be read.
    Unreadable,
}

/// How a node finds its view again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Recovery {
    /// By folding what its view does not show yet: as after a killed process.
    Rest,
    /// By folding the whole log.
    Whole,
    /// By folding the whole log, and by replaying changes beside it.
    Compare,
}

/// What a durable record said.
pub struct Record {
    /// Its number.
    pub no: u64,
    /// The node's time of it.
    pub at: Time,
    /// Its facts.
    pub facts: Vec<Fact>,
}

impl Node {
    /// A node with an empty disk, not started.
    #[must_use]
    pub fn new(region: RegionKey, place: Arc<Place>, key: u64, offset_ms: i64) -> Self {
        Self {
            region,
            place,
            older: Vec::new(),
            disk: SimDisk::new(),
            log: None,
            view: Table::default(),
            inbox: VecDeque::new(),
            lines: BTreeMap::new(),
            sealer: Sealer::new(key),
            clock: SimClock::new(offset_ms),
            trouble: None,
            syncing: false,
            boot: 0,
            refused: 0,
            wake_at: None,
            tick_at: None,
            seen: 0,
            now: 0,
        }
    }

    /// Whether it runs.
    #[must_use]
    pub fn up(&self) -> bool {
        self.log.is_some()
    }

    /// What its clock shows at a moment of the simulation.
    #[must_use]
    pub fn time(&self, now: i64) -> Time {
        self.clock.shows(now)
    }

    /// Place, world and rules.
    #[must_use]
    pub fn world(&self) -> World<'_> {
        World {
            me: self.region,
            federation: &self.place.federation,
            packs: packs(),
            wire: &SimWire,
            older: &self.older,
            examiner: &hotline_domain::world::NoDocuments,
            notary: &Seals,
        }
    }

    /// Every neighbour.
    #[must_use]
    pub fn neighbours(&self) -> Vec<RegionKey> {
        self.place.neighbours(self.region)
    }

    /// Whether it takes calls of that node: of a child, and of a former one that may not know yet that it moved.
    #[must_use]
    pub fn takes_calls_of(&self, child: RegionKey) -> bool {
        let mut trees = self.older.iter().chain([&self.place.federation]);
        trees.any(|tree| tree.parent(child) == Some(self.region))
    }

    /// Takes events into a group and finishes it.
    ///
    /// # Errors
    /// The view failed.
    pub fn group(&self, now: i64, time: Time, events: Vec<Event>) -> Result<Commit, ViewFailed> {
        let now = Now {
            time,
            monotonic_ms: u64::try_from(now).unwrap_or(0),
        };
        let mut group = Group::new(&self.view, self.world(), now)?;
        for event in events {
            group.step(event)?;
        }
        group.finish()
    }

    /// Signs what a commit sends in this node's name, as the shell does before it writes.
    ///
    /// # Errors
    /// The view failed, or the node is down; in words.
    pub fn sign(&self, commit: &mut Commit) -> Result<(), String> {
        let log = self.log.as_ref().ok_or("the node is down")?;
        let head = (log.last_commit(), log.hash());
        evidence::sign(commit, self.region, &self.view, &Seal(self.region), head)
            .map_err(|failed| failed.to_string())
    }

    /// What the log has of others' letters on some legs, as the shell reads it beside the commits.
    #[must_use]
    pub fn letters(&self, ask: &Gather) -> Vec<Envelope> {
        let mut letters = Letters::of(&Codec, &ask.legs, &ask.spoken);
        let records = self.log.iter().filter_map(|log| log.read_from(1).ok());
        for record in records.flatten().map_while(Result::ok) {
            let lasting = records::decode(&record.lasting).map(|lasting| lasting.facts);
            let facts = lasting.unwrap_or_default();
            facts.into_iter().for_each(|fact| letters.take(fact));
        }
        letters.found()
    }

    /// Opens the log and makes the view again from what is durable: by folding facts, or by replaying changes onto the
    /// newest checkpoint, which must come to the same.
    ///
    /// # Errors
    /// What the log refuses, or where folding and replay part, in words.
    pub fn recover(&mut self, how: Recovery) -> Result<Vec<Record>, String> {
        let compare = how == Recovery::Compare;
        let from = match how {
            Recovery::Rest => self.seen + 1,
            Recovery::Whole | Recovery::Compare => 1,
        };
        let settings = LogSettings {
            dir: PathBuf::from(LOG),
            node: self.region.to_string(),
            epoch: 1,
            segment_bytes_max: SEGMENT_BYTES_MAX,
            verify: Verify::From(from),
            closed_at: None,
        };
        let (log, _) =
            Log::open(Arc::new(self.disk.clone()), settings).map_err(|error| error.to_string())?;
        let checkpoint = match how {
            Recovery::Rest => None,
            _ => upkeep::newest(self, &log)?,
        };
        let mut view = match how {
            Recovery::Rest => std::mem::take(&mut self.view),
            _ => Table::default(),
        };
        let mut replayed = Table::default();
        let mut stripped = false;
        let mut found = Vec::new();
        for record in log.read_from(from).map_err(|error| error.to_string())? {
            let record = record.map_err(|error| error.to_string())?;
            let lasting = records::decode(&record.lasting).map_err(|error| error.to_string())?;
            let mut over = Overlay::new(&view);
            fold_commit(&mut over, self.region, lasting.at, &lasting.facts)
                .map_err(|error| error.to_string())?;
            let changes = over.into_changes();
            view.apply(changes);
            match &record.redo {
                Some(redo) if compare && !stripped => replay(&mut replayed, redo)?,
                Some(_) => {}
                None => stripped = true,
            }
            if let Some((no, table)) = &checkpoint
                && *no == record.no
            {
                if view != *table {
                    let differs = difference(&view, table);
                    return Err(format!("the checkpoint at {no}: {differs}"));
                }
                replayed.clone_from(table);
                stripped = false;
            }
            found.push(Record {
                no: record.no,
                at: lasting.at,
                facts: lasting.facts,
            });
        }
        if stripped && how != Recovery::Rest {
            return Err("changes were stripped that no checkpoint holds".to_owned());
        }
        let (counted, last) = (view.node().unwrap_or_default().log_no, log.last_commit());
        if counted != last {
            return Err(format!(
                "rows count {counted} commits, and the log has {last}"
            ));
        }
        if compare && view != replayed {
            return Err(difference(&view, &replayed));
        }
        self.view = view;
        self.log = Some(log);
        Ok(found)
    }

    /// Forgets all that a stop of the process takes.
    pub fn forget(&mut self) {
        self.log = None;
        self.inbox.clear();
        self.lines.clear();
        self.boot += 1;
        self.syncing = false;
        self.wake_at = None;
        self.tick_at = None;
    }
}

/// The bytes of a commit: lasting part and redo part; the latter without changes where the run does not compare.
#[must_use]
pub fn encode(commit: &Commit, redoes: bool) -> (Vec<u8>, Vec<u8>) {
    let kept = commit.changes.iter().filter(|_| redoes);
    let changes = kept.map(|(key, row)| (key, row.as_ref()));
    let redo = encode_redo(records::LAYOUT, &records::ops(changes));
    (records::encode(commit.at, &commit.facts), redo)
}

/// Makes the changes of a commit again from its facts, after the facts were edited.
///
/// # Panics
/// Never: a table in memory does not fail.
pub fn refold(view: &Table, me: RegionKey, commit: &mut Commit) {
    let mut over = Overlay::new(view);
    fold_commit(&mut over, me, commit.at, &commit.facts).expect("a table in memory");
    commit.changes = over.into_changes().into_iter().collect();
}

fn replay(view: &mut Table, redo: &[u8]) -> Result<(), String> {
    let (_, ops) = decode_redo(redo).map_err(|error| error.to_string())?;
    for op in ops {
        let key = key::decode(op.tree, &op.key).map_err(|error| error.to_string())?;
        let row = match op.value {
            Some(value) => Some(row::decode(&value).map_err(|error| error.to_string())?),
            None => None,
        };
        view.apply([(key, row)]);
    }
    Ok(())
}

fn difference(folded: &Table, replayed: &Table) -> String {
    let differs = folded
        .all()
        .find(|(key, row)| replayed.row(key) != Some(row))
        .map(|(key, row)| {
            format!(
                "{key:?} folded to {row:?}, replayed to {:?}",
                replayed.row(key)
            )
        });
    differs.unwrap_or_else(|| "replay leaves rows that folding does not".to_owned())
}
