//! What the rules may read: typed rows, read-only.

use crate::attachment::{Attached, AttachmentId};
use crate::id::{LegId, MatterId, OrderId};
use crate::leg::Leg;
use crate::link::LinkState;
use crate::row::{NodeRow, Row, RowKey};
use crate::supervision::IssuedOrder;
use crate::ticket::Ticket;
use crate::world::PeerWorld;
use hotline_topology::RegionKey;
use std::collections::BTreeMap;

/// The view could not be read: the whole group's outcome is unknown and the store must be re-opened.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("视图读取失败:{0}")]
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
    changes: BTreeMap<RowKey, Option<Row>>,
}

impl<'a> Overlay<'a> {
    /// Nothing changed yet.
    #[must_use]
    pub fn new(below: &'a dyn View) -> Self {
        Self {
            below,
            changes: BTreeMap::new(),
        }
    }

    /// Puts a row.
    pub fn put(&mut self, key: RowKey, row: Row) {
        self.changes.insert(key, Some(row));
    }

    /// Deletes a row.
    pub fn delete(&mut self, key: RowKey) {
        self.changes.insert(key, None);
    }

    /// The changes, ascending by key.
    #[must_use]
    pub fn into_changes(self) -> BTreeMap<RowKey, Option<Row>> {
        self.changes
    }

    /// Adds the changes of an overlay that lay over this one.
    pub fn absorb(&mut self, changes: BTreeMap<RowKey, Option<Row>>) {
        self.changes.extend(changes);
    }
}

impl View for Overlay<'_> {
    fn get(&self, key: &RowKey) -> Result<Option<Row>, ViewFailed> {
        match self.changes.get(key) {
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
        let changed = || self.changes.range(from.clone()..to.clone());
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
