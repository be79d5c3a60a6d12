//! Revocation lists: what is revoked, and how old the knowledge is.
//!
//! A list stays in force until a newer one of the same issuer takes its place, however long ago it
//! should have been renewed: a federation must not stop because somebody forgot to publish a list,
//! but everyone must see its age. For the same reason a reload never goes back to an older list,
//! and never forgets an issuer.
//!
//! What any edition names stays revoked. An issuer whose keeper was put back from a backup signs lists that lack
//! something, and some issuers leave out what has run out; years later a letter is judged by all the editions there are.

use crate::clock;
use hotline_topology::Time;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::{CertificateRevocationList, RevokedCertificate};
use x509_parser::x509::ReasonCode;

/// A certificate's serial number: big-endian, without leading zeros.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial(Vec<u8>);

impl Serial {
    /// A serial number from its big-endian bytes; leading zeros do not matter.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(
            bytes
                .iter()
                .copied()
                .skip_while(|byte| *byte == 0)
                .collect(),
        )
    }

    /// A serial number from hexadecimal digits, as [`fmt::Display`] writes it; `None` for anything
    /// else.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let pairs = text.as_bytes().chunks(2).map(|pair| {
            let pair = std::str::from_utf8(pair)
                .ok()
                .filter(|pair| pair.len() == 2)?;
            u8::from_str_radix(pair, 16).ok()
        });
        let bytes: Vec<u8> = pairs.collect::<Option<_>>()?;
        (!bytes.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit()))
            .then(|| Self::new(&bytes))
    }

    /// The big-endian bytes without leading zeros.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Serial({self})")
    }
}

/// A certificate as a revocation list names it: by issuer and serial number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateId {
    /// The issuer's distinguished name in DER.
    pub issuer: Vec<u8>,
    /// The serial number that the issuer gave.
    pub serial: Serial,
}

impl CertificateId {
    /// The id of a parsed certificate.
    #[must_use]
    pub fn of(certificate: &X509Certificate<'_>) -> Self {
        Self {
            issuer: certificate.issuer().as_raw().to_vec(),
            serial: Serial::new(certificate.raw_serial()),
        }
    }

    /// The ids of a chain, for comparing a live connection with a new list.
    ///
    /// # Errors
    /// [`super::IdentityError::Unreadable`] when a certificate cannot be parsed.
    pub fn of_chain(chain: &[CertificateDer<'_>]) -> Result<Vec<Self>, super::IdentityError> {
        let read = |der: &CertificateDer<'_>| match X509Certificate::from_der(der) {
            Ok((_, certificate)) => Ok(Self::of(&certificate)),
            Err(error) => Err(super::IdentityError::Unreadable(error.to_string())),
        };
        chain.iter().map(read).collect()
    }
}

/// How current the knowledge about one issuer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListAge {
    /// The issuer's distinguished name, for people.
    pub issuer: String,
    /// When the list was signed.
    pub signed_at: Time,
    /// Time since then.
    pub age: Duration,
    /// By how much the promised renewal is late; `None` while it is not, or when none was promised.
    pub overdue: Option<Duration>,
}

/// A revocation list that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("吊销列表无法解析：{0}")]
pub struct BadList(pub String);

/// What a list says of a revoked certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    /// Since when it counts no more.
    pub since: Time,
    /// Since when its key may be somebody else's: the invalidity date where there is one (RFC 5280, 5.3.2), else the date
    /// of revocation. `None`: it was revoked for another reason than a stolen key. A list that gives no reason may mean
    /// that one.
    pub stolen_since: Option<Time>,
}

impl Revoked {
    /// Both together: the earliest of each date counts, and a stolen key is one whatever else is said.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            since: self.since.min(other.since),
            stolen_since: match (self.stolen_since, other.stolen_since) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            },
        }
    }

    fn of(entry: &RevokedCertificate<'_>) -> Self {
        let since = instant(entry.revocation_date);
        let harmless = [
            ReasonCode::AffiliationChanged,
            ReasonCode::Superseded,
            ReasonCode::CessationOfOperation,
            ReasonCode::CertificateHold,
            ReasonCode::PrivilegeWithdrawn,
        ];
        let reason = entry.reason_code().map(|(_, reason)| reason);
        let stolen = reason.is_none_or(|reason| !harmless.contains(&reason));
        let known_since = entry.invalidity_date().map(|(_, at)| instant(at));
        Self {
            since,
            stolen_since: stolen.then(|| known_since.unwrap_or(since)),
        }
    }
}

#[derive(Debug, Clone)]
struct List {
    der: CertificateRevocationListDer<'static>,
    issuer: String,
    /// Issue number and time, which order the lists of one issuer.
    edition: (Serial, Time),
    next_update: Option<Time>,
    /// What is revoked.
    revoked: BTreeMap<Serial, Revoked>,
}

impl List {
    fn parse(der: CertificateRevocationListDer<'static>) -> Result<(Vec<u8>, Self), BadList> {
        let (_, list) = CertificateRevocationList::from_der(&der)
            .map_err(|error| BadList(error.to_string()))?;
        let number = list
            .crl_number()
            .ok_or_else(|| BadList("没有编号".to_owned()))?;
        let signed_at = instant(list.last_update());
        let mut revoked = BTreeMap::new();
        for entry in list.iter_revoked_certificates() {
            note(
                &mut revoked,
                Serial::new(entry.raw_serial()),
                Revoked::of(entry),
            );
        }
        let parsed = Self {
            issuer: list.issuer().to_string(),
            edition: (Serial::new(&number.to_bytes_be()), signed_at),
            next_update: list.next_update().map(instant),
            revoked,
            der: der.clone(),
        };
        Ok((list.issuer().as_raw().to_vec(), parsed))
    }

    /// Whether this list is a later edition than `other`. Numbers have no leading zeros, so a
    /// longer one is greater.
    fn supersedes(&self, other: &Self) -> bool {
        let order = |list: &Self| (list.edition.0.0.len(), list.edition.clone());
        order(self) > order(other)
    }
}

fn note(all: &mut BTreeMap<Serial, Revoked>, serial: Serial, revoked: Revoked) {
    let known = all.entry(serial).or_insert(revoked);
    *known = known.and(revoked);
}

/// The lists in force: for each issuer the latest edition ever seen, with what the earlier ones named.
#[derive(Debug, Clone, Default)]
pub struct RevocationLists {
    by_issuer: BTreeMap<Vec<u8>, List>,
}

impl RevocationLists {
    /// Reads lists in any order; of several editions by one issuer the latest counts, and what any of them names.
    ///
    /// # Errors
    /// When one of them cannot be parsed or carries no number.
    pub fn parse(
        lists: impl IntoIterator<Item = CertificateRevocationListDer<'static>>,
    ) -> Result<Self, BadList> {
        let mut all = Self::default();
        for der in lists {
            let (issuer, list) = List::parse(der)?;
            all.put(issuer, list);
        }
        Ok(all)
    }

    fn put(&mut self, issuer: Vec<u8>, mut list: List) {
        let Some(known) = self.by_issuer.get_mut(&issuer) else {
            self.by_issuer.insert(issuer, list);
            return;
        };
        if list.supersedes(known) {
            std::mem::swap(known, &mut list);
        }
        for (serial, revoked) in list.revoked {
            note(&mut known.revoked, serial, revoked);
        }
    }

    /// Takes over every list of `newer` that is a later edition or of an issuer not known so far.
    /// What `newer` lacks stays in force, and so does each entry that an edition named.
    pub fn merge(&mut self, newer: &Self) {
        for (issuer, list) in &newer.by_issuer {
            self.put(issuer.clone(), list.clone());
        }
    }

    /// Whether the issuer's list names the certificate. `None` when there is no list of that
    /// issuer.
    #[must_use]
    pub fn is_revoked(&self, certificate: &CertificateId) -> Option<bool> {
        self.by_issuer
            .get(&certificate.issuer)
            .map(|list| list.revoked.contains_key(&certificate.serial))
    }

    /// What the issuer's list says of the certificate, where it is revoked.
    #[must_use]
    pub fn revoked(&self, certificate: &CertificateId) -> Option<Revoked> {
        let list = self.by_issuer.get(&certificate.issuer)?;
        list.revoked.get(&certificate.serial).copied()
    }

    /// Whether the issuer's list is within the time by which it promised the next one.
    #[must_use]
    pub fn is_current(&self, issuer: &[u8], now: Time) -> bool {
        let list = self.by_issuer.get(issuer);
        list.is_some_and(|list| list.next_update.is_none_or(|due| now <= due))
    }

    /// The lists without what was revoked after `time`, for judging what was done then.
    #[must_use]
    pub fn as_of(mut self, time: Time) -> Self {
        for list in self.by_issuer.values_mut() {
            list.revoked.retain(|_, revoked| revoked.since <= time);
        }
        self
    }

    /// Whether there is no list at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_issuer.is_empty()
    }

    /// The lists as the TLS library takes them.
    pub fn ders(&self) -> impl Iterator<Item = CertificateRevocationListDer<'static>> + '_ {
        self.by_issuer.values().map(|list| list.der.clone())
    }

    /// The age of each list, the oldest first.
    #[must_use]
    pub fn ages(&self, now: Time) -> Vec<ListAge> {
        let mut ages: Vec<ListAge> = self
            .by_issuer
            .values()
            .map(|list| ListAge {
                issuer: list.issuer.clone(),
                signed_at: list.edition.1,
                age: clock::between(list.edition.1, now),
                overdue: list
                    .next_update
                    .filter(|due| now > *due)
                    .map(|due| clock::between(due, now)),
            })
            .collect();
        ages.sort_by_key(|age| (age.signed_at, age.issuer.clone()));
        ages
    }
}

/// A time of a certificate or list, which count whole seconds.
pub(super) fn instant(at: x509_parser::time::ASN1Time) -> Time {
    Time(at.timestamp().saturating_mul(1000))
}
