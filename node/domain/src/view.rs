//! What the rules may read: typed rows, read-only.

use crate::attachment::{Attached, AttachmentId};
use crate::clock::{DueOf, Reckoned};
use crate::id::{LegId, MatterId, OrderId};
use crate::leg::Leg;
use crate::link::{LinkState, Past, Starts};
use crate::row::{NodeRow, Row, RowKey};
use crate::supervision::{IssuedOrder, OrderWord};
use crate::tally::{Account, Diary};
use crate::ticket::Ticket;
use crate::world::PeerWorld;
use hotline_topology::RegionKey;
use std::collections::{BTreeMap, BTreeSet};

/// The view could not be read: the whole group's outcome is unknown and the store must be re-opened.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("视图读取失败：{0}")]
pub struct ViewFailed(pub String);

/// Rows at one commit.
pub trait View {
    /// The row of that key.
    ///
    /// # Errors
    /// The engine failed or the row is damaged.
    fn get(&self, key: &RowKey) -> Result<Option<Row>, ViewFailed>;

    /// At most `limit` rows with keys in `from..to`, ascending.
    ///
    /// # Errors
    /// The engine failed or a row is damaged.
    fn scan(
        &self,
        from: &RowKey,
        to: &RowKey,
        limit: usize,
    ) -> Result<Vec<(RowKey, Row)>, ViewFailed>;
}

/// Typed reads over any view.
pub trait Rows: View {
    /// A ticket.
    ///
    /// # Errors
    /// As [`View::get`].
    fn ticket(&self, matter: MatterId) -> Result<Option<Ticket>, ViewFailed> {
        Ok(match self.get(&RowKey::Ticket(matter))? {
            Some(Row::Ticket(ticket)) => Some(*ticket),
            _ => None,
        })
    }

    /// A leg.
    ///
    /// # Errors
    /// As [`View::get`].
    fn leg(&self, leg: LegId) -> Result<Option<Leg>, ViewFailed> {
        Ok(match self.get(&RowKey::Leg(leg))? {
            Some(Row::Leg(leg)) => Some(*leg),
            _ => None,
        })
    }

    /// A supervision order issued here.
    ///
    /// # Errors
    /// As [`View::get`].
    fn order(&self, order: OrderId) -> Result<Option<IssuedOrder>, ViewFailed> {
        Ok(match self.get(&RowKey::Order(order))? {
            Some(Row::Order(order)) => Some(*order),
            _ => None,
        })
    }

    /// What was said of an order of this node's on a leg between others, oldest first.
    ///
    /// # Errors
    /// As [`View::get`].
    fn order_words(&self, matter: MatterId, order: OrderId) -> Result<Vec<OrderWord>, ViewFailed> {
        let key = |no| RowKey::OrderWord(matter, order, no);
        let rows = self.scan(&key(0), &key(u32::MAX), usize::MAX)?;
        let words = rows.into_iter().filter_map(|(_, row)| match row {
            Row::OrderWord(word) => Some(*word),
            _ => None,
        });
        Ok(words.collect())
    }

    /// An attachment of a ticket.
    ///
    /// # Errors
    /// As [`View::get`].
    fn attachment(
        &self,
        matter: MatterId,
        id: AttachmentId,
    ) -> Result<Option<Attached>, ViewFailed> {
        Ok(match self.get(&RowKey::Attachment(matter, id))? {
            Some(Row::Attachment(attached)) => Some(*attached),
            _ => None,
        })
    }

    /// All attachments of a ticket, by id; the rules bound their number.
    ///
    /// # Errors
    /// As [`View::scan`].
    fn attachments(&self, matter: MatterId) -> Result<Vec<Attached>, ViewFailed> {
        let key = |byte| RowKey::Attachment(matter, AttachmentId([byte; 32]));
        let rows = self.scan(&key(0), &key(u8::MAX), usize::MAX)?;
        let attached = rows.into_iter().filter_map(|(_, row)| match row {
            Row::Attachment(attached) => Some(*attached),
            _ => None,
        });
        Ok(attached.collect())
    }

    /// How a provisional date was reckoned; `None` where none is known.
    ///
    /// # Errors
    /// As [`View::get`].
    fn provisional(&self, of: DueOf) -> Result<Option<Reckoned>, ViewFailed> {
        Ok(match self.get(&RowKey::Provisional(of))? {
            Some(Row::Provisional(reckoned)) => Some(*reckoned),
            _ => None,
        })
    }

    /// How many readings of a ticket are on record.
    ///
    /// # Errors
    /// As [`View::get`].
    fn readings(&self, matter: MatterId) -> Result<u32, ViewFailed> {
        Ok(match self.get(&RowKey::Readings(matter))? {
            Some(Row::Count(count)) => count,
            _ => 0,
        })
    }

    /// A link's state; a fresh one before the first use.
    ///
    /// # Errors
    /// As [`View::get`].
    fn link(&self, peer: RegionKey) -> Result<LinkState, ViewFailed> {
        Ok(match self.get(&RowKey::Link(peer))? {
            Some(Row::Link(link)) => *link,
            _ => LinkState::new(peer),
        })
    }

    /// What is known of a neighbour's documents.
    ///
    /// # Errors
    /// As [`View::get`].
    fn peer_world(&self, peer: RegionKey) -> Result<PeerWorld, ViewFailed> {
        Ok(match self.get(&RowKey::PeerWorld(peer))? {
            Some(Row::PeerWorld(known)) => *known,
            _ => PeerWorld::default(),
        })
    }

    /// The node's own accounts; `None` before they were opened.
    ///
    /// # Errors
    /// As [`View::get`].
    fn diary(&self) -> Result<Option<Diary>, ViewFailed> {
        Ok(match self.get(&RowKey::Diary)? {
            Some(Row::Diary(diary)) => Some(*diary),
            _ => None,
        })
    }

    /// What is known of a neighbour's accounts.
    ///
    /// # Errors
    /// As [`View::get`].
    fn account(&self, peer: RegionKey) -> Result<Account, ViewFailed> {
        Ok(match self.get(&RowKey::Account(peer))? {
            Some(Row::Account(account)) => *account,
            _ => Account::default(),
        })
    }

    /// The node's own row.
    ///
    /// # Errors
    /// As [`View::get`].
    fn node(&self) -> Result<NodeRow, ViewFailed> {
        Ok(match self.get(&RowKey::Node)? {
            Some(Row::Node(node)) => *node,
            _ => NodeRow::default(),
        })
    }

    /// The node's starts.
    ///
    /// # Errors
    /// As [`View::get`].
    fn starts(&self) -> Result<Starts, ViewFailed> {
        Ok(match self.get(&RowKey::Starts)? {
            Some(Row::Starts(starts)) => *starts,
            _ => Starts::default(),
        })
    }

    /// The node's past, as its hellos tell it.
    ///
    /// # Errors
    /// As [`View::get`].
    fn past(&self) -> Result<Past, ViewFailed> {
        Ok(Past {
            log_no: self.node()?.log_no,
            starts: self.starts()?,
        })
    }
}

impl<V: View + ?Sized> Rows for V {}

/// A view in memory: for the simulation and for tests of rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryView {
    rows: BTreeMap<RowKey, Row>,
}

impl MemoryView {
    /// Applies puts and deletes.
    pub fn apply(&mut self, changes: impl IntoIterator<Item = (RowKey, Option<Row>)>) {
        for (key, row) in changes {
            match row {
                Some(row) => self.rows.insert(key, row),
                None => self.rows.remove(&key),
            };
        }
    }

    /// All rows, ascending.
    pub fn rows(&self) -> impl Iterator<Item = (&RowKey, &Row)> {
        self.rows.iter()
    }
}

impl View for MemoryView {
    fn get(&self, key: &RowKey) -> Result<Option<Row>, ViewFailed> {
        Ok(self.rows.get(key).cloned())
    }

    fn scan(
        &self,
        from: &RowKey,
        to: &RowKey,
        limit: usize,
    ) -> Result<Vec<(RowKey, Row)>, ViewFailed> {
        if from >= to {
            return Ok(Vec::new());
        }
        Ok(self
            .rows
            .range(from.clone()..to.clone())
            .take(limit)
            .map(|(k, r)| (k.clone(), r.clone()))
            .collect())
    }
}

/// Uncommitted changes over a view: within a group a command sees the facts before it.
pub struct Overlay<'a> {
    below: &'a dyn View,
    layer: Layer,
}

/// The changes of an overlay, to be laid onto the one below it.
#[derive(Debug, Default)]
pub struct Layer {
    rows: BTreeMap<RowKey, Option<Row>>,
    /// Put under keys that have no row below: taking them back leaves no trace.
    born: BTreeSet<RowKey>,
}

impl Layer {
    fn put(&mut self, key: RowKey, row: Row) {
        self.rows.insert(key, Some(row));
    }

    fn put_new(&mut self, key: RowKey, row: Row) {
        // Where something was deleted here, something may be below.
        if !self.rows.contains_key(&key) {
            self.born.insert(key.clone());
        }
        self.put(key, row);
    }

    fn delete(&mut self, key: RowKey) {
        if self.born.remove(&key) {
            self.rows.remove(&key);
        } else {
            self.rows.insert(key, None);
        }
    }

    fn absorb(&mut self, mut upper: Layer) {
        for (key, row) in upper.rows {
            match row {
                Some(row) if upper.born.remove(&key) => self.put_new(key, row),
                Some(row) => self.put(key, row),
                None => self.delete(key),
            }
        }
    }
}

impl<'a> Overlay<'a> {
    /// Nothing changed yet.
    #[must_use]
    pub fn new(below: &'a dyn View) -> Self {
        Self {
            below,
            layer: Layer::default(),
        }
    }

    /// Puts a row.
    pub fn put(&mut self, key: RowKey, row: Row) {
        self.layer.put(key, row);
    }

    /// Puts a row under a key that no row below has ever had: deleted before the commit, it leaves no trace, not even a
    /// deletion that the engine would have to keep.
    pub fn put_new(&mut self, key: RowKey, row: Row) {
        self.layer.put_new(key, row);
    }

    /// Deletes a row.
    pub fn delete(&mut self, key: RowKey) {
        self.layer.delete(key);
    }

    /// Puts and deletes, ascending by key.
    #[must_use]
    pub fn into_changes(self) -> BTreeMap<RowKey, Option<Row>> {
        self.layer.rows
    }

    /// The changes, for the overlay below.
    #[must_use]
    pub fn into_layer(self) -> Layer {
        self.layer
    }

    /// Adds the changes of an overlay that lay over this one.
    pub fn absorb(&mut self, upper: Layer) {
        self.layer.absorb(upper);
    }
}

impl View for Overlay<'_> {
    fn get(&self, key: &RowKey) -> Result<Option<Row>, ViewFailed> {
        match self.layer.rows.get(key) {
            Some(row) => Ok(row.clone()),
            None => self.below.get(key),
        }
    }

    fn scan(
        &self,
        from: &RowKey,
        to: &RowKey,
        limit: usize,
    ) -> Result<Vec<(RowKey, Row)>, ViewFailed> {
        if from >= to || limit == 0 {
            return Ok(Vec::new());
        }
        let changed = || self.layer.rows.range(from.clone()..to.clone());
        let deleted = changed().filter(|(_, row)| row.is_none()).count();
        let mut merged: BTreeMap<RowKey, Row> = BTreeMap::new();
        // Deleted rows may hide as many rows below as there are deletions.
        for (key, row) in self.below.scan(from, to, limit.saturating_add(deleted))? {
            merged.insert(key, row);
        }
        for (key, row) in changed() {
            match row {
                Some(row) => merged.insert(key.clone(), row.clone()),
                None => merged.remove(key),
            };
        }
        Ok(merged.into_iter().take(limit).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Step {
        Put(u64),
        PutNew,
        Delete(u64),
        /// The next steps go to an overlay over this one, which ends with the one below going on.
        Up,
        Down,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (0..12_u64).prop_map(Step::Put),
            Just(Step::PutNew),
            (0..24_u64).prop_map(Step::Delete),
            Just(Step::Up),
            Just(Step::Down),
        ];
        proptest::collection::vec(step, 0..60)
    }

    fn key(no: u64) -> RowKey {
        RowKey::Kept(no)
    }

    /// Takes steps until the layer ends; the shadow is what a plain table would hold.
    fn play(
        over: &mut Overlay<'_>,
        steps: &mut std::slice::Iter<'_, Step>,
        fresh: &mut u64,
        shadow: &mut MemoryView,
    ) {
        while let Some(step) = steps.next() {
            let (key, row) = match step {
                Step::Put(no) => (key(*no), Some(Row::Mark)),
                Step::PutNew => {
                    *fresh += 1;
                    (key(*fresh), Some(Row::Mark))
                }
                // What is not there is not deleted.
                Step::Delete(no) if shadow.get(&key(*no)).unwrap().is_none() => continue,
                Step::Delete(no) => (key(*no), None),
                Step::Up => {
                    let mut upper = Overlay::new(over);
                    play(&mut upper, steps, fresh, shadow);
                    let layer = upper.into_layer();
                    over.absorb(layer);
                    continue;
                }
                Step::Down => return,
            };
            shadow.apply([(key.clone(), row.clone())]);
            match (step, row) {
                (Step::PutNew, Some(row)) => over.put_new(key, row),
                (_, Some(row)) => over.put(key, row),
                (_, None) => over.delete(key),
            }
            assert_eq!(
                over.scan(&self::key(0), &self::key(99), 99).unwrap().len(),
                { shadow.rows().count() }
            );
        }
    }

    proptest! {
        #[test]
        fn what_was_new_and_went_leaves_no_trace_and_nothing_else_changes(steps in steps()) {
            let mut below = MemoryView::default();
            below.apply((0..6).map(|no| (key(no), Some(Row::Mark))));
            let mut shadow = below.clone();
            let mut over = Overlay::new(&below);
            // New keys lie above all that are put or were ever below.
            let mut fresh = 12;
            let mut steps = steps.iter();
            while steps.len() > 0 {
                play(&mut over, &mut steps, &mut fresh, &mut shadow);
            }
            let changes = over.into_changes();
            // Keys from 13 on were new: whichever went left nothing.
            let left = |(key, row): (&RowKey, &Option<Row>)| row.is_some() || *key <= self::key(12);
            prop_assert!(changes.iter().all(left));
            let mut after = below.clone();
            after.apply(changes);
            prop_assert_eq!(after, shadow);
        }
    }

    #[test]
    fn a_deletion_of_what_lies_below_stays_and_one_of_what_is_new_does_not() {
        let mut below = MemoryView::default();
        below.apply([(key(1), Some(Row::Mark))]);
        let mut over = Overlay::new(&below);
        over.put_new(key(2), Row::Mark);
        let mut upper = Overlay::new(&over);
        upper.delete(key(1));
        upper.delete(key(2));
        upper.put_new(key(3), Row::Mark);
        let layer = upper.into_layer();
        over.absorb(layer);
        over.delete(key(3));
        assert_eq!(over.into_changes(), BTreeMap::from([(key(1), None)]));
    }
}
