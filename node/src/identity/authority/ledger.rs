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
    /// 私钥失窃、泄露或可能泄露；自何时起用 --since 写明
    #[value(aliases = ["失窃", "密钥泄露", "私钥泄露"])]
    KeyCompromise,
    /// 已换发新证书
    #[value(alias = "已换发")]
    Superseded,
    /// 节点停用、撤并
    #[value(alias = "停用")]
    Cessation,
    /// 权限收回
    #[value(alias = "权限收回")]
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

/// Why a certificate is to be revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ground {
    /// The reason.
    pub reason: Reason,
    /// Of a compromised key, since when it may be somebody else's, where that is known: the invalidity date of RFC 5280,
    /// section 5.3.2. Other reasons have none.
    pub stolen_since: Option<Time>,
}

impl From<Reason> for Ground {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            stolen_since: None,
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
    /// The invalidity date, in milliseconds since 1970 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stolen_since_ms: Option<i64>,
}

impl Revocation {
    fn new(now: Time, ground: Ground) -> Self {
        let since = ground.stolen_since.filter(|since| {
            // A list without an invalidity date means the date of revocation.
            ground.reason == Reason::KeyCompromise && *since != now
        });
        Self {
            at_ms: now.0,
            reason: ground.reason,
            stolen_since_ms: since.map(|since| since.0),
        }
    }

    /// When the certificate was revoked.
    #[must_use]
    pub fn at(&self) -> Time {
        Time(self.at_ms)
    }

    /// Since when the key may be somebody else's, where somebody said so.
    #[must_use]
    pub fn stolen_since(&self) -> Option<Time> {
        self.stolen_since_ms.map(Time)
    }

    /// What a later report makes of the revocation: its date stays, a compromised key is never again anything less, and
    /// of several dates since when it was one the earliest counts.
    fn with(&self, later: Ground) -> Self {
        let later = Self::new(self.at(), later);
        let known = [self, &later].map(|one| match one.reason {
            Reason::KeyCompromise => Some(one.stolen_since_ms.unwrap_or(self.at_ms)),
            _ => None,
        });
        match known.into_iter().flatten().min() {
            None => self.clone(),
            Some(since) => {
                let ground = Ground {
                    reason: Reason::KeyCompromise,
                    stolen_since: Some(Time(since)),
                };
                Self::new(self.at(), ground)
            }
        }
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

    /// Whether a revocation on this ground would tell something new of the certificate.
    pub(super) fn learns(&self, ground: Ground) -> bool {
        let revoked = self.revoked.as_ref();
        revoked.is_none_or(|known| known.with(ground) != *known)
    }

    /// Until when somebody who has the key could pass for its owner, by what was known so far.
    pub(super) fn used_until(&self) -> Time {
        let revoked = self.revoked.as_ref().map(Revocation::at);
        revoked.map_or(self.not_after(), |at| at.min(self.not_after()))
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
    /// Number of the last revocation list that was signed; 0 before the first. It rises with the clock, so that a keeper
    /// that was put back from a backup does not number its lists below those which are out already.
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

    /// Notes a revocation, of a certificate that has run out too: the key may lie on a disk that is sold later. One that is
    /// revoked already keeps its date, and learns of a stolen key and of an earlier date since when it was that. `false`
    /// when this issuer never issued the serial number.
    pub(super) fn revoke(&mut self, serial: &Serial, now: Time, ground: Ground) -> bool {
        let serial = serial.to_string();
        let Some(record) = self
            .records
            .iter_mut()
            .find(|record| record.serial == serial)
        else {
            return false;
        };
        record.revoked = Some(match &record.revoked {
            None => Revocation::new(now, ground),
            Some(known) => known.with(ground),
        });
        true
    }
}
