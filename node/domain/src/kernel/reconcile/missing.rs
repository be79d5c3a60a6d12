//! What cannot have come back: listed, with an alarm, never silently absent.

use super::{PAGE, acts};
use crate::exchange::{Missing, MissingKind, PastAct};
use crate::fact::Fact;
use crate::id::MatterId;
use crate::kernel::Draft;
use crate::kernel::outcome::Stop;
use crate::leg::{Act, Leg, Offer};
use crate::row::{IndexKey, Row, RowKey};
use crate::view::{Rows, View};
use hotline_topology::{RegionKey, Time};
use std::collections::{BTreeMap, BTreeSet};

fn put(
    draft: &mut Draft<'_>,
    kind: MissingKind,
    matter: Option<MatterId>,
    number: String,
    words: String,
) -> Result<(), Stop> {
    let no = draft.node()?.missing + 1;
    let at = draft.now();
    draft.record(Fact::Missing(Missing {
        no,
        at,
        kind,
        matter,
        number,
        words,
    }))
}

/// An own matter came back without what never left this node.
pub(super) fn petitioner(draft: &mut Draft<'_>, offer: &Offer) -> Result<(), Stop> {
    let number = offer.number.clone();
    let words = format!(
        "工单 {number} 由承办方的记录补回：诉求人、联系方式、受理渠道，以及没有送出或按字段规则不得送回的内容已丢失；请从电话录音或来件补录"
    );
    let (kind, matter) = (MissingKind::Petitioner, Some(offer.matter));
    put(draft, kind, matter, number, words)
}

/// A leg has two pasts; said once.
pub(super) fn forked(draft: &mut Draft<'_>, leg: &Leg) -> Result<(), Stop> {
    let (kind, matter) = (MissingKind::Forked, Some(leg.matter()));
    for no in 1..=draft.node()?.missing {
        if let Some(Row::Missing(known)) = draft.get(&RowKey::Missing(no))?
            && (known.kind, known.matter) == (kind, matter)
        {
            return Ok(());
        }
    }
    let number = leg.offer.number.clone();
    let other = acts::other_end(leg).map_or_else(String::new, |other| other.to_string());
    let words = format!(
        "工单 {number} 与 {other} 之间的交办有两份经过：数据被恢复到旧状态后，本节点又办了一次；两端的时限、裁定或结果可能不同，请与 {other} 逐项核对，以改期、撤回后重新交办等方式使两端一致"
    );
    draft.alarm(words.clone());
    put(draft, kind, matter, number, words)
}

/// Another node says that this one did something, and shows no signature of this one's. `why`: why it was not taken;
/// `None` where it was, since it does nobody harm.
pub(super) fn unproven(
    draft: &mut Draft<'_>,
    leg: Option<&Leg>,
    author: RegionKey,
    past: &PastAct,
    why: Option<&str>,
) -> Result<(), Stop> {
    let (id, at, act) = (past.leg, past.at, past.act.label());
    let offer = match (leg, &past.act) {
        (Some(leg), _) => Some(&leg.offer),
        (None, Act::Offer(offer)) => Some(&**offer),
        (None, _) => None,
    };
    let number = offer.map_or_else(String::new, |offer| offer.number.clone());
    let matter = offer.map(|offer| offer.matter);
    let claim = format!("{author} 称本节点曾于 {at} 就工单 {number} 的交办 {id} 办理「{act}」");
    let words = match why {
        Some(why) => format!(
            "{claim}，{why}；未采信，两端可能因此不一致。请向 {author} 索取该交办的证据文件（在对方节点执行 hotline evidence export {id}，在本节点用 hotline evidence verify 核验），并核对来件与录音：确有其事的，在本节点重新办理；查无此事的，请 {author} 更正并报告上级"
        ),
        None => format!(
            "{claim}，按其记录这份交办没有送到过本节点，没有本节点的签名可查；已照录。请与 {author} 核对"
        ),
    };
    draft.alarm(words.clone());
    put(draft, MissingKind::Unproven, matter, number, words)
}

/// A person gave up waiting for a peer.
pub(super) fn unasked(draft: &mut Draft<'_>, peer: RegionKey) -> Result<(), Stop> {
    let words = format!(
        "没有等到 {peer} 的核对答复就放弃了：它记得而本节点忘了的交办不会补回，直到与它再次核对"
    );
    put(draft, MissingKind::Unasked, None, String::new(), words)
}

/// Those that were above or below this node while it did what it forgot, and that the tree in force has no more: nobody can
/// ask them. `since`: up to when this node remembers.
pub(super) fn gone(draft: &mut Draft<'_>, since: Time) -> Result<(), Stop> {
    let (tree, me) = (draft.world.federation, draft.me());
    let mut until = tree.effective_from();
    let mut told = BTreeSet::new();
    for older in draft.world.older.iter().rev() {
        if until < since {
            break;
        }
        until = older.effective_from();
        for peer in super::related(older, me) {
            if tree.region(peer).is_none() && told.insert(peer) {
                let words = format!(
                    "{peer} 已不在现行拓扑中，无法与其核对：它记得而本节点忘了的交办不会补回；请查它的档案，或请承接其工作的单位查对"
                );
                put(draft, MissingKind::Unasked, None, String::new(), words)?;
            }
        }
    }
    Ok(())
}

/// The last exchange is over: what nobody could bring back.
pub(super) fn list(draft: &mut Draft<'_>) -> Result<(), Stop> {
    let Some(restore) = draft.node()?.restore else {
        return Ok(());
    };
    // A node that was rebuilt from nothing knows of no day before.
    let from = match restore.until {
        Time(0) => "启用以来".to_owned(),
        until => format!("{until} 起"),
    };
    let words = format!(
        "{from}，到 {} 为止，只在本节点写下的东西无从得知：没有交出去的受理、本级单位的办理、备注、回访、办结；请凭来件、录音和单位的记录补办",
        restore.at
    );
    put(draft, MissingKind::Span, None, String::new(), words)?;
    for (mark, gaps) in gaps(draft)? {
        for count in gaps {
            let number = format!("{mark}-{count:04}");
            let words = format!("编号 {number} 已发出，内容无人知道；请按来件核对后重新受理");
            put(draft, MissingKind::Number, None, number, words)?;
        }
    }
    for (matter, number) in without_giver(draft)? {
        let words =
            format!("工单 {number} 由下级的记录补回，交办它的上级没有记录；请与受理节点核对后处理");
        put(draft, MissingKind::Giver, Some(matter), number, words)?;
    }
    let found = draft.node()?.missing;
    draft.alarm(format!(
        "恢复后的核对已完成；共有 {found} 项不能补回，用 hotline store missing 查看，逐项处理"
    ));
    Ok(())
}

/// Every number that is known here, with its matter.
fn numbers(draft: &Draft<'_>) -> Result<Vec<(String, MatterId)>, Stop> {
    let mut all = Vec::new();
    let mut from = String::new();
    loop {
        let key = |text: &str| RowKey::Index(IndexKey::Number(text.to_owned()));
        let page = draft.scan(&key(&from), &key("\u{10ffff}"), PAGE)?;
        let full = page.len() == PAGE;
        for (key, row) in page {
            if let (RowKey::Index(IndexKey::Number(number)), Row::Matter(matter)) = (key, row) {
                from = format!("{number}\0");
                all.push((number, matter));
            }
        }
        if !full {
            return Ok(all);
        }
    }
}

/// Numbers of this node's own below the highest known of their start: each start counts from 1 without gaps.
fn gaps(draft: &Draft<'_>) -> Result<BTreeMap<String, Vec<u32>>, Stop> {
    let me = draft.me().to_string();
    let mut seen: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    for (number, _) in numbers(draft)? {
        // Region, day, mark of the start, count, check character.
        let parts: Vec<&str> = number.split('-').collect();
        if let [region, _, mark, count, _] = parts.as_slice()
            && *region == me
            && let Ok(count) = count.parse()
        {
            let start = format!("{region}-*-{mark}");
            seen.entry(start).or_default().insert(count);
        }
    }
    let holes = |counts: &BTreeSet<u32>| -> Vec<u32> {
        let highest = counts.last().copied().unwrap_or(0);
        (1..highest).filter(|no| !counts.contains(no)).collect()
    };
    Ok(seen
        .into_iter()
        .map(|(start, counts)| (start, holes(&counts)))
        .filter(|(_, holes)| !holes.is_empty())
        .collect())
}

/// Open tickets of others' matters that no incoming leg accounts for.
fn without_giver(draft: &Draft<'_>) -> Result<Vec<(MatterId, String)>, Stop> {
    let mut found = Vec::new();
    for (number, matter) in numbers(draft)? {
        if let Some(ticket) = Rows::ticket(draft, matter)?
            && !ticket.is_own(draft.me())
            && ticket.incoming_all.is_empty()
        {
            found.push((matter, number));
        }
    }
    Ok(found)
}
