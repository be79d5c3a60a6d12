//! Exactly one answers for each leg, by the giver's log; the one who answers knows it; once quiet, both logs agree.

use super::tale::{Answers, LegTale};
use super::{Case, Ledgers, Verdict, forgetful};
use hotline_domain::body::Body;
use hotline_domain::id::{LegId, MatterId};
use hotline_topology::RegionKey;
use std::collections::BTreeMap;

pub(super) fn judge(case: &Case<'_>, ledgers: &Ledgers, verdict: &mut Verdict) {
    let mut givers: BTreeMap<LegId, RegionKey> = BTreeMap::new();
    for (node, ledger) in ledgers {
        for (leg, tale) in &ledger.legs {
            if tale.giver() == *node {
                givers.insert(*leg, *node);
                verdict.legs += 1;
                given(case, ledgers, *leg, tale, verdict);
            } else {
                taken_from_nobody(ledgers, *node, *leg, tale, verdict);
            }
        }
        if case.quiet {
            one_incoming(*node, ledger.legs.values(), verdict);
        }
    }
}

/// A leg by its giver's log, held against the taker's.
fn given(case: &Case<'_>, ledgers: &Ledgers, leg: LegId, tale: &LegTale, verdict: &mut Verdict) {
    let (giver, taker) = (tale.giver(), tale.taker());
    let answers = tale.answers();
    if tale.is_open() {
        verdict.legs_open += 1;
        verdict.in_transit += u64::from(tale.delivered.is_none());
    }
    if giver == taker {
        return;
    }
    let Some(ledger) = ledgers.get(&taker) else {
        verdict.unseen += 1;
        return;
    };
    // Once everything has arrived, what a restored node forgot must have come back from the other side.
    let asked = |node| ledgers.get(node).is_some_and(|ledger| ledger.reconciled);
    let forgetful = [giver, taker]
        .iter()
        .any(|node| forgetful(verdict, &[*node]) && !(case.quiet && asked(node)));
    let excused = |difference: Difference| {
        let mut ends = [giver, taker]
            .into_iter()
            .filter_map(|node| ledgers.get(&node));
        ends.any(|end| {
            end.forked.contains(&tale.offer.matter) || (end.in_secret && difference.is_of_time)
        })
    };
    let mut say = |words: String, unanswered: bool, excused: bool| {
        if forgetful || excused {
            verdict.missing.push(words);
        } else {
            verdict.unanswered += u64::from(unanswered);
            verdict.disagreeing += u64::from(!unanswered);
            verdict.fault(words);
        }
    };
    match ledger.legs.get(&leg) {
        None if tale.delivered.is_some() => {
            let words =
                format!("交办 {leg}：{giver} 记有 {taker} 的送达回执，{taker} 却没有这份交办");
            say(words, answers == Answers::Taker, false);
        }
        None if tale.is_open() && case.quiet => {
            say(
                format!("交办 {leg}：{giver} 已交办，{taker} 始终没有收到"),
                true,
                false,
            );
        }
        None => {}
        Some(other) => {
            if other.offer != tale.offer {
                say(
                    format!("交办 {leg}：{giver} 与 {taker} 所存的交办书不同"),
                    false,
                    false,
                );
            }
            if answers == Answers::Taker && (other.answers() == Answers::Giver) {
                let words =
                    format!("交办 {leg}：{giver} 以为由 {taker} 负责，{taker} 不以为然，无人负责");
                say(words, true, false);
            }
            if !ledger.held.contains(&tale.offer.matter) {
                let words = format!("交办 {leg}：{taker} 收到交办而没有工单");
                say(words, true, false);
            }
            if case.quiet
                && let Some(found) = difference(tale, other)
            {
                let what = found.what;
                let words = format!("交办 {leg}：{giver} 与 {taker} 的{what}不一致");
                say(words, false, excused(found));
            }
        }
    }
}

/// What two logs say differently of one leg.
#[derive(Clone, Copy)]
struct Difference {
    what: &'static str,
    /// The same on both sides, at another time: done in two pasts, of which each end keeps its first.
    is_of_time: bool,
}

/// What two logs say differently of one leg, once every message has arrived.
fn difference(giver: &LegTale, taker: &LegTale) -> Option<Difference> {
    let how = |tale: &LegTale| tale.end.map(|(how, _)| how);
    let asked = |tale: &LegTale| tale.asked.map(|asked| asked.no);
    let (what, is_of_time) = if giver.end != taker.end {
        ("结办情况", how(giver) == how(taker))
    } else if giver.delivered != taker.delivered {
        (
            "送达时间",
            giver.delivered.is_some() == taker.delivered.is_some(),
        )
    } else if giver.signed != taker.signed {
        ("签收情况", false)
    } else if giver.due != taker.due {
        ("办理期限", false)
    } else if asked(giver) != asked(taker) {
        ("最后一次申请", false)
    } else if giver.is_open() && giver.lead != taker.lead {
        ("主办单位", false)
    } else {
        return None;
    };
    Some(Difference { what, is_of_time })
}

fn taken_from_nobody(
    ledgers: &Ledgers,
    node: RegionKey,
    leg: LegId,
    tale: &LegTale,
    verdict: &mut Verdict,
) {
    let giver = tale.giver();
    if ledgers
        .get(&giver)
        .is_none_or(|ledger| ledger.legs.contains_key(&leg))
    {
        return;
    }
    let words = format!("交办 {leg}：{node} 收到 {giver} 的交办，{giver} 却没有交办记录");
    if forgetful(verdict, &[giver]) {
        verdict.missing.push(words);
    } else {
        verdict.disagreeing += 1;
        verdict.fault(words);
    }
}

/// A ticket has at most one open incoming leg.
fn one_incoming<'a>(
    node: RegionKey,
    legs: impl Iterator<Item = &'a LegTale>,
    verdict: &mut Verdict,
) {
    let mut open: BTreeMap<MatterId, u32> = BTreeMap::new();
    for tale in legs {
        let incoming = tale.giver() != node && tale.offer.taker == Body::Node(node);
        if incoming && tale.is_open() {
            *open.entry(tale.offer.matter).or_default() += 1;
        }
    }
    for (matter, legs) in open {
        if legs > 1 {
            verdict.duplicated += 1;
            verdict.fault(format!(
                "诉求 {matter} 在 {node} 同时有 {legs} 份未结的上级交办"
            ));
        }
    }
}
