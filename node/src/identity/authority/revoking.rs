//! Revoking what was issued here.

use super::{Authority, AuthorityError, Entry, Ground, Reason, Record, Subject};
use crate::identity::revocation::Serial;
use hotline_topology::{RegionKey, Time};

/// Which certificates of a subject are to be revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that were in use since the key may be somebody else's; where no such date is given, those still valid.
    InUse,
    /// Those that have run out as well: their keys may lie on a disk that is sold or stolen later.
    All,
}

impl Authority {
    /// Revokes a certificate by its serial number, one that has run out too, and publishes the issuer's new list. One that
    /// is revoked already stays so, and learns of a stolen key and of an earlier date since when it was that.
    ///
    /// # Errors
    /// When nobody here issued it.
    pub fn revoke(
        &self,
        serial: &Serial,
        now: Time,
        ground: impl Into<Ground>,
    ) -> Result<Entry, AuthorityError> {
        let ground = ground.into();
        for mut issuer in self.issuers()? {
            if issuer.revoke(serial, now, ground)? {
                self.publish()?;
                let label = self.relative(&issuer.folder);
                let serial = serial.to_string();
                let record = issuer
                    .ledger
                    .records
                    .into_iter()
                    .find(|record| record.serial() == serial);
                return record
                    .map(|record| Entry {
                        issuer: label,
                        record,
                    })
                    .ok_or(AuthorityError::UnknownSerial(serial));
            }
        }
        Err(AuthorityError::UnknownSerial(serial.to_string()))
    }

    /// The same, and of a node's certificate the one of its operators' port that was certified with it, too: whoever has
    /// the one key has the machine where the other lies.
    ///
    /// # Errors
    /// When nobody here issued it.
    pub fn revoke_with_port(
        &self,
        serial: &Serial,
        now: Time,
        ground: impl Into<Ground>,
    ) -> Result<Vec<Entry>, AuthorityError> {
        let ground = ground.into();
        let mut revoked = vec![self.revoke(serial, now, ground)?];
        let of_port = self.issuers()?.into_iter().find_map(|issuer| {
            let port = self.port_of(&issuer.ledger.records, serial)?;
            Serial::from_hex(port.serial()).filter(|_| port.learns(ground))
        });
        if let Some(serial) = of_port {
            revoked.push(self.revoke(&serial, now, ground)?);
        }
        Ok(revoked)
    }

    /// The record of the port's certificate that was certified with a node's: it stands behind it, with the same term.
    fn port_of<'a>(&self, records: &'a [Record], serial: &Serial) -> Option<&'a Record> {
        let serial = serial.to_string();
        let (_, from_here) = records.split_at(records.iter().position(|it| it.serial() == serial)?);
        let (node, behind) = from_here.split_first()?;
        let Ok(Subject::Node(region)) = self.domain.subject(&node.uri) else {
            return None;
        };
        let door = self.domain.uri(&Subject::Door(region));
        behind
            .iter()
            .take_while(|it| it.uri != node.uri)
            .find(|it| it.uri == door && it.not_before() == node.not_before())
    }

    /// What [`Authority::revoke_subject`] would still revoke of the node that a URI is of, itself or its port.
    ///
    /// # Errors
    /// When the keeper's files cannot be read.
    pub fn standing(
        &self,
        uri: &str,
        now: Time,
        reason: Reason,
    ) -> Result<Option<(RegionKey, Vec<Entry>)>, AuthorityError> {
        let Ok(Subject::Node(region) | Subject::Door(region)) = self.domain.subject(uri) else {
            return Ok(None);
        };
        let subjects = [Subject::Node(region), Subject::Door(region)];
        let mut standing = Vec::new();
        for subject in subjects {
            let uri = self.domain.uri(&subject);
            standing.extend(self.superseded_or_all(&uri, now, reason.into(), Which::InUse)?);
        }
        Ok(Some((region, standing)).filter(|(_, standing)| !standing.is_empty()))
    }

    /// Revokes the certificates of a subject, of a node those of its operators' port too, and publishes the issuers' new
    /// lists. Superseded is all but the newest.
    ///
    /// # Errors
    /// When there is none.
    pub fn revoke_subject(
        &self,
        subject: &Subject,
        now: Time,
        ground: impl Into<Ground>,
        which: Which,
    ) -> Result<Vec<Entry>, AuthorityError> {
        let (uri, ground) = (self.domain.uri(subject), ground.into());
        let mut valid = self.superseded_or_all(&uri, now, ground, which)?;
        if let Subject::Node(region) = subject {
            let door = self.domain.uri(&Subject::Door(*region));
            valid.extend(self.superseded_or_all(&door, now, ground, which)?);
        }
        let mut revoked = Vec::new();
        for Entry { record, .. } in &valid {
            if let Some(serial) = Serial::from_hex(record.serial()) {
                revoked.push(self.revoke(&serial, now, ground)?);
            }
        }
        if revoked.is_empty() {
            return Err(AuthorityError::NothingValid(uri));
        }
        Ok(revoked)
    }

    /// What is to be revoked under a URI, oldest first; where it is superseded, without the newest. What is revoked already
    /// is among it only where the key is said to be stolen since before that.
    fn superseded_or_all(
        &self,
        uri: &str,
        now: Time,
        ground: Ground,
        which: Which,
    ) -> Result<Vec<Entry>, AuthorityError> {
        let mut valid = self.list()?;
        let since = ground.stolen_since.unwrap_or(now);
        valid.retain(|Entry { record, .. }| {
            let concerned = which == Which::All || since <= record.used_until();
            let open = record.revoked.is_none() || ground.stolen_since.is_some();
            record.uri == uri && concerned && open && record.learns(ground)
        });
        valid.sort_by_key(|entry| entry.record.not_before());
        if ground.reason == Reason::Superseded {
            valid.pop();
        }
        Ok(valid)
    }
}
