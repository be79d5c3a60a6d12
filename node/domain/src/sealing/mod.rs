//! Sealing payloads to far nodes: which keys there are, which of them may be used, and what must be sealed. The
//! cryptography is the shell's; here are the rules.
//!
//! ```text
//! owner   makes a key, signs it ──SealingKeys──▶ up to every superior, down to every node below; a revocation to all
//! author  knows the addressee's key ──▶ queued, sealed as it leaves       does not ──▶ waits, and asks (SealingAsk)
//! relay   stores and forwards ciphertext
//! owner   opens ──Arrived──▶ the author forgets its copy       has the key no longer ──Reseal──▶ sealed anew
//! ```
//!
//! A key's number is the minute it was made in, at least one above the last, so that a node that lost its disk still
//! makes a newer one than any that others know. Old private halves are kept for what is under way until a bound, then
//! destroyed, with a record ([`Destruction`]).

mod leaving;
mod own;

pub use leaving::{Leaving, leaving, nobody};
pub use own::{Habits, due, successor};

use crate::id::MatterId;
use crate::link::MessageKind;
use hotline_topology::{RegionKey, Time};

/// Kinds that are about sealing itself: they name envelopes and public keys only, and travel unsealed.
pub const OWN_KINDS: std::ops::Range<u32> = 20..30;
/// How far a key's number may lie ahead of the reader's clock, in minutes: more than any tolerated skew.
const AHEAD_MINUTES: i64 = 24 * 60;
/// How often one envelope is sealed anew before people must look.
pub const TRIES_MAX: u64 = 32;
/// Milliseconds of a minute.
const MINUTE_MS: i64 = 60_000;

/// A node's public key for sealing, as the node states it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SealingKey {
    /// Whose.
    pub region: RegionKey,
    /// Its number: rises with every key of the region.
    pub no: u32,
    /// X25519 public key (RFC 7748).
    pub public: [u8; 32],
    /// From when.
    pub not_before: Time,
    /// Until when others may seal to it.
    pub not_after: Time,
    /// The key before it; 0 for none.
    pub previous: u32,
    /// Keys up to this number are revoked: never to be sealed to again; 0 for none.
    pub revoked: u32,
}

impl SealingKey {
    /// The bytes that the owner signs.
    #[must_use]
    pub fn statement(&self) -> Vec<u8> {
        let Self {
            region,
            no,
            public,
            not_before,
            not_after,
            previous,
            revoked,
        } = self;
        let mut bytes = b"hotline sealing key 1".to_vec();
        bytes.extend(region.as_bytes());
        bytes.extend(no.to_be_bytes());
        bytes.extend(public);
        bytes.extend(not_before.0.to_be_bytes());
        bytes.extend(not_after.0.to_be_bytes());
        bytes.extend(previous.to_be_bytes());
        bytes.extend(revoked.to_be_bytes());
        bytes
    }

    /// Whether something written now may be sealed to it.
    #[must_use]
    pub fn serves(&self, now: Time) -> bool {
        now <= self.not_after && self.no > self.revoked
    }
}

/// A key with the owner's signature and what it is checked by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedKey {
    /// The key.
    pub key: SealingKey,
    /// The scheme's number in the TLS registry: 0x0807 is Ed25519.
    pub algorithm: u32,
    /// Over [`SealingKey::statement`]; 64 bytes with Ed25519.
    pub signature: Vec<u8>,
    /// The owner's certificate, then the authorities' up to, but without, the root (DER).
    pub chain: Vec<Vec<u8>>,
}

/// What a stated key is to a node that knows another of the region, or none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// To be taken: newer than what is known.
    Newer,
    /// Known already.
    Known,
    /// Older than what is known: no effect.
    Older,
    /// Same number, another key: somebody else holds the owner's identity, or its disk was cloned.
    Forked,
    /// Its number lies in the future.
    Ahead,
}

/// Where a stated key of another node's stands. `now`: by the reader's clock; `None` where that is in doubt itself, and says
/// nothing of what lies in the future.
#[must_use]
pub fn standing(known: Option<&SealingKey>, stated: &SealingKey, now: Option<Time>) -> Standing {
    let ahead = |now: Time| i64::from(stated.no) > minutes(now).saturating_add(AHEAD_MINUTES);
    if now.is_some_and(ahead) {
        return Standing::Ahead;
    }
    own_standing(known, stated)
}

/// Where a key stands of which others tell its owner. None is ahead of the owner's clock: what it signed it made, so there
/// was such a moment, and a clock that shows an earlier one now went back, perhaps with the disk.
#[must_use]
pub fn own_standing(known: Option<&SealingKey>, stated: &SealingKey) -> Standing {
    match known {
        Some(known) if known == stated => Standing::Known,
        Some(known) if known.no == stated.no => Standing::Forked,
        Some(known) if known.no > stated.no => Standing::Older,
        _ => Standing::Newer,
    }
}

/// Where a key stands that its owner has just made. Far above its last one it is ahead, by a clock that is wrong; the next
/// one above cannot be lower, whatever the clock says.
#[must_use]
pub fn made_standing(last: Option<&SealingKey>, made: &SealingKey, now: Time) -> Standing {
    match last {
        Some(last) if last.no.checked_add(1) == Some(made.no) => Standing::Newer,
        last => standing(last, made, Some(now)),
    }
}

/// The number of a key made now.
#[must_use]
pub fn number(last: u32, now: Time) -> u32 {
    u32::try_from(minutes(now))
        .unwrap_or(0)
        .max(last.saturating_add(1))
}

fn minutes(at: Time) -> i64 {
    at.0 / MINUTE_MS
}

/// Whether payloads of this kind are sealed when their addressee is not the next hop. Receipts hold ids and hashes alone.
#[must_use]
pub fn is_sealed(kind: u32) -> bool {
    !OWN_KINDS.contains(&kind) && kind != MessageKind::Receipts as u32
}

/// A key of this node's own whose private half it still has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnKey {
    /// Its number.
    pub no: u32,
    /// Slot of the key file that its private half is made of.
    pub slot: u64,
    /// When it was made.
    pub made_at: Time,
    /// Kept until then for what is under way, then destroyed; `None`: in use.
    pub retire_at: Option<Time>,
}

/// A key made by the shell, to be taken into use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewKey {
    /// The signed statement.
    pub signed: SignedKey,
    /// Slot of the key file that its private half is made of.
    pub slot: u64,
    /// Until when the keys before it are kept; now, where they are revoked.
    pub retire_at: Time,
}

/// What a destroyed key had sealed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Destroyed {
    /// The personal fields of a matter at this node.
    Matter(MatterId),
    /// What others had sealed to this node under the key of that number.
    SealingKey(u32),
}

/// The record that proves a deletion.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Destruction {
    /// Slots of the key file, overwritten after the commit.
    pub slots: Vec<u64>,
    /// What they had sealed.
    pub of: Destroyed,
    /// When, by this node's clock.
    pub at: Time,
    /// Who decided; `None`: a bound passed.
    pub actor: Option<String>,
    /// Why, in the words of whoever decided.
    pub reason: String,
    /// When the oldest backup was made that still opens it; `None`: no backup is on record.
    pub oldest_backup: Option<Time>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const CITY: RegionKey = RegionKey::literal("990100000000");
    const NOW: Time = Time(1_767_196_800_000);

    fn key(no: u32) -> SealingKey {
        SealingKey {
            region: CITY,
            no,
            public: [7; 32],
            not_before: NOW,
            not_after: Time(NOW.0 + 1),
            previous: 0,
            revoked: 0,
        }
    }

    #[test]
    fn numbers_rise_even_where_the_disk_was_lost() {
        let first = number(0, NOW);
        assert_eq!(i64::from(first), NOW.0 / 60_000);
        assert_eq!(number(first, NOW), first + 1);
        assert!(number(0, Time(NOW.0 + 60_000)) > first);
        assert_eq!(number(9, Time(-1)), 10);
    }

    #[test]
    fn a_stated_key_stands_against_what_is_known() {
        let of =
            |known: Option<&SealingKey>, stated: &SealingKey| standing(known, stated, Some(NOW));
        let (one, two) = (key(1), key(2));
        assert_eq!(of(None, &one), Standing::Newer);
        assert_eq!(of(Some(&one), &one), Standing::Known);
        assert_eq!(of(Some(&one), &two), Standing::Newer);
        assert_eq!(of(Some(&two), &one), Standing::Older);
        let other = SealingKey {
            public: [8; 32],
            ..one.clone()
        };
        assert_eq!(of(Some(&one), &other), Standing::Forked);
        assert_eq!(of(None, &key(u32::MAX)), Standing::Ahead);
        // A reader whose own clock is in doubt cannot say what is ahead.
        let doubtful = |stated: &SealingKey| standing(Some(&one), stated, None);
        assert_eq!(doubtful(&key(u32::MAX)), Standing::Newer);
        assert_eq!(doubtful(&key(0)), Standing::Older);
    }

    #[test]
    fn what_an_owner_is_told_of_is_never_ahead_and_what_it_makes_only_by_a_wrong_clock() {
        let (one, far) = (key(1), key(u32::MAX - 1));
        assert_eq!(own_standing(Some(&one), &far), Standing::Newer);
        assert_eq!(own_standing(Some(&far), &far), Standing::Known);
        assert_eq!(own_standing(Some(&far), &one), Standing::Older);
        let made = |last: Option<&SealingKey>, no| made_standing(last, &key(no), NOW);
        assert_eq!(made(Some(&one), u32::MAX), Standing::Ahead);
        assert_eq!(made(None, u32::MAX), Standing::Ahead);
        assert_eq!(made(Some(&far), u32::MAX), Standing::Newer);
        assert_eq!(made(Some(&far), 2), Standing::Older);
        assert_eq!(made(Some(&one), 2), Standing::Newer);
    }

    #[test]
    fn a_key_serves_until_it_ends_or_is_revoked() {
        assert!(key(3).serves(NOW));
        assert!(!key(3).serves(Time(NOW.0 + 2)));
        assert!(
            !SealingKey {
                revoked: 3,
                ..key(3)
            }
            .serves(NOW)
        );
    }

    #[test]
    fn every_part_of_a_key_is_in_its_statement() {
        let base = key(5);
        let changed = [
            SealingKey {
                region: RegionKey::literal("990101000000"),
                ..base.clone()
            },
            SealingKey {
                no: 6,
                ..base.clone()
            },
            SealingKey {
                public: [8; 32],
                ..base.clone()
            },
            SealingKey {
                not_before: Time(1),
                ..base.clone()
            },
            SealingKey {
                not_after: Time(1),
                ..base.clone()
            },
            SealingKey {
                previous: 1,
                ..base.clone()
            },
            SealingKey {
                revoked: 1,
                ..base.clone()
            },
        ];
        for other in changed {
            assert_ne!(base.statement(), other.statement(), "{other:?}");
        }
    }
}
