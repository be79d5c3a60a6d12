//! Revoking what was issued here.

use super::{Authority, AuthorityError, Entry, Reason, Subject};
use crate::identity::revocation::Serial;
use hotline_topology::Time;

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
