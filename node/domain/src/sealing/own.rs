//! When a node makes itself a new key for sealing, and what it states of it.

use super::{SealingKey, SignedKey, number};
use hotline_topology::{RegionKey, Time};

/// How often a node changes its key, and how long it keeps old private halves for what is under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Habits {
    /// From one key to the next, milliseconds.
    pub rotate_ms: i64,
    /// From when a key is replaced until it is destroyed, milliseconds.
    pub keep_ms: i64,
}

/// Why a new key is due, in words for the record; `None` while the last one serves.
///
/// `known` is the node's own key as it stands among everybody's, `has_it` whether this disk has its private half, and
/// `certificate` what the node signs with now.
#[must_use]
pub fn due(
    known: Option<&SignedKey>,
    has_it: bool,
    certificate: Option<&[u8]>,
    habits: Habits,
    now: Time,
) -> Option<&'static str> {
    let Some(known) = known else {
        return Some("首次启用");
    };
    if !has_it {
        return Some("他处记得的密钥在本节点不存在");
    }
    if known.chain.first().map(Vec::as_slice) != certificate {
        return Some("证书已更换");
    }
    (now >= known.key.not_before.plus_millis(habits.rotate_ms)).then_some("到期更换")
}

/// What a node states of a key that it makes now after its key `last` (0: its first), and until when it keeps those
/// before it. Others may seal to it for half as long again as it is in use, so that a node that is late with the next
/// one can still be written to. `revoke`: those before it are never to be sealed to again, and destroyed at once.
#[must_use]
pub fn successor(
    region: RegionKey,
    last: u32,
    public: [u8; 32],
    habits: Habits,
    revoke: bool,
    now: Time,
) -> (SealingKey, Time) {
    let key = SealingKey {
        region,
        no: number(last, now),
        public,
        not_before: now,
        not_after: now.plus_millis(habits.rotate_ms.saturating_mul(3) / 2),
        previous: last,
        revoked: if revoke { last } else { 0 },
    };
    let keep_ms = if revoke { 0 } else { habits.keep_ms };
    (key, now.plus_millis(keep_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: RegionKey = RegionKey::literal("990100000000");
    const HABITS: Habits = Habits {
        rotate_ms: 100,
        keep_ms: 10,
    };
    const NOW: Time = Time(1_800_000_000_000);

    fn known(no: u32, since: Time) -> SignedKey {
        SignedKey {
            key: SealingKey {
                not_before: since,
                ..successor(ME, no - 1, [7; 32], HABITS, false, Time(0)).0
            },
            algorithm: 1,
            signature: Vec::new(),
            chain: vec![b"certificate".to_vec()],
        }
    }

    #[test]
    fn a_key_is_due_once_there_is_none_or_it_is_lost_or_of_another_certificate_or_old() {
        let (fresh, old) = (known(5, NOW), known(5, Time(NOW.0 - 100)));
        let own = Some(&b"certificate"[..]);
        let table = [
            (None, false, own, Some("首次启用")),
            (Some(&fresh), true, own, None),
            (
                Some(&fresh),
                false,
                own,
                Some("他处记得的密钥在本节点不存在"),
            ),
            (Some(&fresh), true, Some(&b"other"[..]), Some("证书已更换")),
            (Some(&fresh), true, None, Some("证书已更换")),
            (Some(&old), true, own, Some("到期更换")),
        ];
        for (known, has_it, certificate, wanted) in table {
            assert_eq!(due(known, has_it, certificate, HABITS, NOW), wanted);
        }
    }

    #[test]
    fn a_successor_is_newer_whatever_the_clock_says_and_revokes_only_when_asked() {
        let (key, retire) = successor(ME, 9, [7; 32], HABITS, false, Time(0));
        assert_eq!((key.no, key.previous, key.revoked), (10, 9, 0));
        assert_eq!((key.not_after, retire), (Time(150), Time(10)));
        let (key, retire) = successor(ME, 9, [7; 32], HABITS, true, NOW);
        assert!(key.no > 9 && key.revoked == 9 && retire == NOW);
    }
}
