//! The view of a simulated node: rows in memory, readable by reference.

use hotline_domain::id::{LegId, MatterId, OrderId};
use hotline_domain::leg::Leg;
use hotline_domain::link::LinkState;
use hotline_domain::row::{Row, RowKey};
use hotline_domain::supervision::{IssuedOrder, Notice};
use hotline_domain::ticket::Ticket;
use hotline_domain::view::{View, ViewFailed};
use hotline_topology::{RegionKey, Time};
use std::collections::BTreeMap;

/// Rows in order of their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    rows: BTreeMap<RowKey, Row>,
}

impl Table {
    /// Applies puts and deletes.
    pub fn apply(&mut self, changes: impl IntoIterator<Item = (RowKey, Option<Row>)>) {
        for (key, row) in changes {
            match row {
                Some(row) => self.rows.insert(key, row),
                None => self.rows.remove(&key),
            };
        }
    }

    /// The row of that key.
    #[must_use]
    pub fn row(&self, key: &RowKey) -> Option<&Row> {
        self.rows.get(key)
    }

    /// Rows from one key to another, both included.
    pub fn range(&self, from: RowKey, to: RowKey) -> impl Iterator<Item = (&RowKey, &Row)> {
        self.rows.range(from..=to)
    }

    /// Exception notices, oldest first.
    pub fn notices(&self) -> impl Iterator<Item = &Notice> {
        let key = |at, byte| RowKey::Notice(at, MatterId([byte; 16]), LegId([byte; 16]), byte);
        let (from, to) = (key(Time(i64::MIN), 0), key(Time(i64::MAX), u8::MAX));
        self.range(from, to).filter_map(|(_, row)| match row {
            Row::Notice(notice) => Some(&**notice),
            _ => None,
        })
    }

    /// Orders of this node's own, by id.
    pub fn orders(&self) -> impl Iterator<Item = &IssuedOrder> {
        let [from, to] = [[0; 16], [0xff; 16]].map(|id| RowKey::Order(OrderId(id)));
        self.range(from, to).filter_map(|(_, row)| match row {
            Row::Order(issued) => Some(&**issued),
            _ => None,
        })
    }

    /// All rows.
    pub fn all(&self) -> impl Iterator<Item = (&RowKey, &Row)> {
        self.rows.iter()
    }

    /// The leg of that id.
    #[must_use]
    pub fn leg(&self, id: LegId) -> Option<&Leg> {
        match self.rows.get(&RowKey::Leg(id)) {
            Some(Row::Leg(leg)) => Some(leg),
            _ => None,
        }
    }

    /// The ticket of that matter.
    #[must_use]
    pub fn ticket(&self, matter: MatterId) -> Option<&Ticket> {
        match self.rows.get(&RowKey::Ticket(matter)) {
            Some(Row::Ticket(ticket)) => Some(ticket),
            _ => None,
        }
    }

    /// Every ticket.
    pub fn tickets(&self) -> impl Iterator<Item = &Ticket> {
        let ends = [[0; 16], [0xff; 16]].map(|id| RowKey::Ticket(MatterId(id)));
        let [from, to] = ends;
        self.range(from, to).filter_map(|(_, row)| match row {
            Row::Ticket(ticket) => Some(&**ticket),
            _ => None,
        })
    }

    /// Every leg.
    pub fn legs(&self) -> impl Iterator<Item = &Leg> {
        let ends = [[0; 16], [0xff; 16]].map(|id| RowKey::Leg(LegId(id)));
        let [from, to] = ends;
        self.range(from, to).filter_map(|(_, row)| match row {
            Row::Leg(leg) => Some(&**leg),
            _ => None,
        })
    }

    /// The link's state; a fresh one before its first use.
    #[must_use]
    pub fn link(&self, peer: RegionKey) -> LinkState {
        match self.rows.get(&RowKey::Link(peer)) {
            Some(Row::Link(link)) => (**link).clone(),
            _ => LinkState::new(peer),
        }
    }
}

impl View for Table {
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
        let found = self.rows.range(from.clone()..to.clone()).take(limit);
        Ok(found.map(|(key, row)| (key.clone(), row.clone())).collect())
    }
}
