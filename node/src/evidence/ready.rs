//! Whether a node may seal what it gathered: a seal binds it by what it leaves out, so it must know its own past first.
//!
//! A disk that was put back in secret, or runs beside its original, looks to any judge like a liar's second log. The node
//! itself learns of it from its neighbours: from a hello that fits, or from the answers after a restore.

use crate::codec::commit;
use crate::store::StoreError;
use crate::store::log::LogReader;
use hotline_domain::fact::Fact;
use hotline_topology::RegionKey;
use std::collections::{BTreeMap, BTreeSet};

/// Why a file is not sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    /// No hello has fitted since the last start.
    #[error(
        "节点最近一次启动后还没有与任何相邻节点接通，不知道自己的日志是否最新；请让节点接通一个相邻节点后再导出"
    )]
    NobodyMet,
    /// A neighbour's hello says that this log went back.
    #[error(
        "与 {peer} 的链路因日志不一致而停用（{why}）；请先按 hotline link show {peer} 的提示核对、恢复链路"
    )]
    Blocked {
        /// Which neighbour.
        peer: RegionKey,
        /// Why.
        why: String,
    },
    /// After a restore nobody has told yet what was forgotten.
    #[error(
        "恢复之后还没有相邻节点答完本节点忘记了什么；请等 hotline store missing 不再列出等待的节点后再导出"
    )]
    Unanswered,
}

/// Looks through the log. A node without neighbours has nobody to ask, and nobody to tell anything to.
///
/// # Errors
/// The log cannot be read. The inner error says why the file must stay unsealed.
pub fn ready(reader: &LogReader) -> Result<Result<(), NotReady>, StoreError> {
    let mut seen = Seen::default();
    for record in reader.read_from(1)? {
        let record = record?;
        let Ok(told) = commit::decode(&record.lasting) else {
            continue;
        };
        told.facts.iter().for_each(|fact| seen.note(fact));
    }
    Ok(seen.verdict())
}

#[derive(Default)]
struct Seen {
    /// Since the last start.
    met: BTreeSet<RegionKey>,
    known: BTreeSet<RegionKey>,
    blocked: BTreeMap<RegionKey, String>,
    /// With whom an exchange goes on, and with whom one has ended since the last restore.
    asking: BTreeSet<RegionKey>,
    answered: bool,
}

impl Seen {
    fn note(&mut self, fact: &Fact) {
        match fact {
            Fact::Started { .. } => self.met.clear(),
            Fact::Restored(_) => {
                self.met.clear();
                self.answered = false;
            }
            Fact::LinkChanged {
                peer,
                failures,
                heard_at,
                blocked,
                ..
            } => {
                self.known.insert(*peer);
                match blocked {
                    Some(why) => drop(self.blocked.insert(*peer, why.clone())),
                    None => drop(self.blocked.remove(peer)),
                }
                if blocked.is_none() && *failures == 0 && heard_at.is_some() {
                    self.met.insert(*peer);
                }
            }
            Fact::Exchanged {
                peer,
                exchange: Some(_),
            } => drop(self.asking.insert(*peer)),
            Fact::Exchanged {
                peer,
                exchange: None,
            } => {
                self.answered |= self.asking.remove(peer);
            }
            _ => {}
        }
    }

    fn verdict(self) -> Result<(), NotReady> {
        if let Some((peer, why)) = self.blocked.into_iter().next() {
            return Err(NotReady::Blocked { peer, why });
        }
        if self.known.is_empty() {
            return Ok(());
        }
        if self.met.is_empty() {
            return Err(NotReady::NobodyMet);
        }
        match self.asking.is_empty() || self.answered {
            true => Ok(()),
            false => Err(NotReady::Unanswered),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotline_domain::exchange::Exchange;
    use hotline_topology::Time;

    const PEER: RegionKey = RegionKey::literal("210100000000");
    const OTHER: RegionKey = RegionKey::literal("210200000000");

    fn link(peer: RegionKey, failures: u32, blocked: Option<&str>) -> Fact {
        Fact::LinkChanged {
            peer,
            peer_epoch: 1,
            failures,
            heard_at: Some(Time(1)),
            blocked: blocked.map(str::to_owned),
            peer_wire: 2,
            restarting: false,
            shown: None,
        }
    }

    fn exchanged(peer: RegionKey, goes_on: bool) -> Fact {
        let exchange = goes_on.then_some(Exchange {
            peer,
            ask: 2,
            since: Time(1),
            urgent: false,
            ordinary: false,
        });
        Fact::Exchanged { peer, exchange }
    }

    fn judged(facts: &[Fact]) -> Result<(), NotReady> {
        let mut seen = Seen::default();
        facts.iter().for_each(|fact| seen.note(fact));
        seen.verdict()
    }

    #[test]
    fn a_node_seals_once_it_knows_its_own_past() {
        let started = Fact::Started { mark: [0; 4] };
        let met = || link(PEER, 0, None);
        assert_eq!(
            judged(std::slice::from_ref(&started)),
            Ok(()),
            "nobody to ask"
        );
        assert_eq!(judged(&[started.clone(), met()]), Ok(()));
        let again = [started.clone(), met(), started.clone()];
        assert_eq!(judged(&again), Err(NotReady::NobodyMet));
        let in_vain = [started.clone(), met(), started.clone(), link(PEER, 3, None)];
        assert_eq!(judged(&in_vain), Err(NotReady::NobodyMet));
        let blocked = [started.clone(), met(), link(OTHER, 0, Some("回退"))];
        assert!(matches!(judged(&blocked), Err(NotReady::Blocked { peer, .. }) if peer == OTHER));
        let reopened = [
            started,
            met(),
            link(OTHER, 0, Some("回退")),
            link(OTHER, 0, None),
        ];
        assert_eq!(judged(&reopened), Ok(()));
    }

    #[test]
    fn after_a_restore_one_neighbour_at_least_has_answered() {
        let asking = [
            link(PEER, 0, None),
            exchanged(PEER, true),
            exchanged(OTHER, true),
        ];
        assert_eq!(judged(&asking), Err(NotReady::Unanswered));
        let mut answered = asking.to_vec();
        answered.push(exchanged(PEER, false));
        assert_eq!(judged(&answered), Ok(()));
    }
}
