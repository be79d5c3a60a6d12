//! What one issuer has issued and revoked: `issued.toml`. A certificate is entered before it is
//! signed, so that everything that may be in the world can be revoked.

use super::AuthorityError;
use super::files::{self, Readers};
use crate::identity::revocation::Serial;
use hotline_topology::Time;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::Path;

/// The file's name within an issuer's folder.
const FILE: &str = "issued.toml";

/// Why a certificate was revoked; a number of RFC 5280, section 5.3.1, stands behind each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// 私钥泄露或可能泄露
    KeyCompromise,
    /// 已换发新证书
    Superseded,
    /// 节点停用、撤并
    Cessation,
    /// 权限收回
    Withdrawn,
}

impl Reason {
    /// The reason for people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::KeyCompromise => "私钥泄露",
            Self::Superseded => "已换发",
            Self::Cessation => "停用",
            Self::Withdrawn => "权限收回",
        }
    }
}

/// A revocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// When, in milliseconds since 1970 UTC.
    at_ms: i64,
    /// Why.
    pub reason: Reason,
}

impl Revocation {
    /// When the certificate was revoked.
    #[must_use]
    pub fn at(&self) -> Time {
        Time(self.at_ms)
    }
}

/// One certificate that was issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    serial: String,
    /// The URI in the certificate.
    pub uri: String,
    not_before_ms: i64,
    not_after_ms: i64,
    /// Set once the certificate is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Revocation>,
}

impl Record {
    /// A fresh record, not revoked.
    pub(super) fn new(serial: &Serial, uri: String, not_before: Time, not_after: Time) -> Self {
        Self {
            serial: serial.to_string(),
            uri,
            not_before_ms: not_before.0,
            not_after_ms: not_after.0,
            revoked: None,
        }
    }

    /// The serial number in hexadecimal digits.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// The beginning of validity.
    #[must_use]
    pub fn not_before(&self) -> Time {
        Time(self.not_before_ms)
    }

    /// The end of validity.
    #[must_use]
    pub fn not_after(&self) -> Time {
        Time(self.not_after_ms)
    }
}

/// All records of one issuer, and the number of its last revocation list.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ledger {
    /// Number of the last revocation list that was signed; 0 before the first.
    pub list_number: u64,
    /// In the order of issue.
    #[serde(default, rename = "certificate")]
    pub records: Vec<Record>,
}

impl Ledger {
    pub(super) fn load(folder: &Path) -> Result<Self, AuthorityError> {
        let path = folder.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).map_err(|error| AuthorityError::Damaged {
                path,
                why: error.message().to_owned(),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(AuthorityError::Files { path, source }),
        }
    }

    pub(super) fn save(&self, folder: &Path) -> Result<(), AuthorityError> {
        let path = folder.join(FILE);
        let text = toml::to_string(self).map_err(|error| AuthorityError::Damaged {
            path: path.clone(),
            why: error.to_string(),
        })?;
        files::write(&path, text.as_bytes(), Readers::Owner)
            .map_err(|source| AuthorityError::Files { path, source })
    }

    /// Notes a revocation. A certificate that is revoked already keeps its first date and reason.
    /// `false` when this issuer never issued the serial number.
    pub(super) fn revoke(&mut self, serial: &Serial, now: Time, reason: Reason) -> bool {
        let serial = serial.to_string();
        let Some(record) = self
            .records
            .iter_mut()
            .find(|record| record.serial == serial)
        else {
            return false;
        };
        record.revoked.get_or_insert(Revocation {
            at_ms: now.0,
            reason,
        });
        true
    }
}
