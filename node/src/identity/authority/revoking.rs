//! Revoking what was issued here.

use super::{Authority, AuthorityError, Entry, Reason, Record, Subject};
use crate::identity::revocation::Serial;
use hotline_topology::{RegionKey, Time};

impl Authority {
    /// Revokes a certificate by its serial number and publishes the issuer's new list.
    ///
    /// # Errors
    /// When nobody here issued it.
    pub fn revoke(
        &self,
        serial: &Serial,
        now: Time,
        reason: Reason,
    ) -> Result<Entry, AuthorityError> {
        for mut issuer in self.issuers()? {
            if issuer.revoke(serial, now, reason)? {
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
        reason: Reason,
    ) -> Result<Vec<Entry>, AuthorityError> {
        let mut revoked = vec![self.revoke(serial, now, reason)?];
        let of_port = self.issuers()?.into_iter().find_map(|issuer| {
            let port = self.port_of(&issuer.ledger.records, serial)?;
            let standing = port.revoked.is_none() && now <= port.not_after();
            Serial::from_hex(port.serial()).filter(|_| standing)
        });
        if let Some(serial) = of_port {
            revoked.push(self.revoke(&serial, now, reason)?);
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
            standing.extend(self.superseded_or_all(&self.domain.uri(&subject), now, reason)?);
        }
        Ok(Some((region, standing)).filter(|(_, standing)| !standing.is_empty()))
    }

    /// Revokes every certificate of a subject that is still valid, of a node those of its operators' port too, and
    /// publishes the issuers' new lists. Superseded is all but the newest.
    ///
    /// # Errors
    /// When there is none.
    pub fn revoke_subject(
        &self,
        subject: &Subject,
        now: Time,
        reason: Reason,
    ) -> Result<Vec<Entry>, AuthorityError> {
        let uri = self.domain.uri(subject);
        let mut valid = self.superseded_or_all(&uri, now, reason)?;
        if let Subject::Node(region) = subject {
            let door = self.domain.uri(&Subject::Door(*region));
            valid.extend(self.superseded_or_all(&door, now, reason)?);
        }
        let mut revoked = Vec::new();
        for Entry { record, .. } in &valid {
            if let Some(serial) = Serial::from_hex(record.serial()) {
                revoked.push(self.revoke(&serial, now, reason)?);
            }
        }
        if revoked.is_empty() {
            return Err(AuthorityError::NothingValid(uri));
        }
        Ok(revoked)
    }

    /// What is still valid under a URI, oldest first; where it is superseded, without the newest.
    fn superseded_or_all(
        &self,
        uri: &str,
        now: Time,
        reason: Reason,
    ) -> Result<Vec<Entry>, AuthorityError> {
        let mut valid = self.list()?;
        valid.retain(|Entry { record, .. }| {
            record.uri == uri && record.revoked.is_none() && now <= record.not_after()
        });
        valid.sort_by_key(|entry| entry.record.not_before());
        if reason == Reason::Superseded {
            valid.pop();
        }
        Ok(valid)
    }
}
