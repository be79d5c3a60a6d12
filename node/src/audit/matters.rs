//! No matter is lost, none is doubled: each that was taken in anywhere stands open or closed at its origin, and
//! everyone who holds it holds it from there.

use super::ledger::MatterState;
use super::{Case, Ledgers, Verdict, forgetful};
use hotline_domain::id::MatterId;
use hotline_topology::RegionKey;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn judge(case: &Case<'_>, ledgers: &Ledgers, verdict: &mut Verdict) {
    let mut origins: BTreeMap<MatterId, RegionKey> = BTreeMap::new();
    let mut numbers: BTreeMap<&str, MatterId> = BTreeMap::new();
    for (node, ledger) in ledgers {
        for (matter, tale) in &ledger.own {
            verdict.matters += 1;
            match tale.state {
                MatterState::Open => verdict.open += 1,
                _ => verdict.closed += 1,
            }
            if let Some(other) = origins.insert(*matter, *node) {
                verdict.duplicated += 1;
                verdict.fault(format!("诉求 {matter} 在 {other} 和 {node} 各受理一次"));
            }
            if let Some(other) = numbers.insert(&tale.number, *matter) {
                verdict.duplicated += 1;
                let number = &tale.number;
                verdict.fault(format!(
                    "工单编号 {number} 同时属于诉求 {other} 和 {matter}"
                ));
            }
        }
    }
    for matter in case.confirmed {
        if !origins.contains_key(matter) {
            verdict.lost += 1;
            verdict.fault(format!(
                "诉求 {matter} 已向诉求人确认受理，但没有节点留有记录"
            ));
        }
    }
    strays(ledgers, &origins, verdict);
    closed_too_early(case, ledgers, &origins, verdict);
}

/// Matters that somebody handles, and whose origin knows nothing of them.
fn strays(ledgers: &Ledgers, origins: &BTreeMap<MatterId, RegionKey>, verdict: &mut Verdict) {
    let mut strays: BTreeSet<(MatterId, RegionKey)> = BTreeSet::new();
    for tale in ledgers.values().flat_map(|ledger| ledger.legs.values()) {
        let origin = tale.offer.origin;
        if ledgers.contains_key(&origin) && origins.get(&tale.offer.matter) != Some(&origin) {
            strays.insert((tale.offer.matter, origin));
        }
    }
    for (matter, origin) in strays {
        let words = format!("诉求 {matter} 在流转，受理节点 {origin} 却没有受理记录");
        if forgetful(verdict, &[origin]) {
            verdict.missing.push(words);
        } else {
            verdict.lost += 1;
            verdict.fault(words);
        }
    }
}

/// A matter is closed at its origin only when nobody works on it any more.
fn closed_too_early(
    case: &Case<'_>,
    ledgers: &Ledgers,
    origins: &BTreeMap<MatterId, RegionKey>,
    verdict: &mut Verdict,
) {
    for (node, ledger) in ledgers {
        for (leg, tale) in &ledger.legs {
            let at_origin = tale.offer.origin == *node;
            if tale.giver() != *node || !tale.is_open() || !(case.quiet || at_origin) {
                continue;
            }
            let Some(origin) = origins.get(&tale.offer.matter) else {
                continue;
            };
            let own = ledgers
                .get(origin)
                .and_then(|of| of.own.get(&tale.offer.matter));
            if own.is_some_and(|own| own.state != MatterState::Open) {
                let matter = tale.offer.matter;
                verdict.fault(format!(
                    "诉求 {matter} 已在 {origin} 办结，{node} 的交办 {leg} 仍未结"
                ));
            }
        }
    }
}
