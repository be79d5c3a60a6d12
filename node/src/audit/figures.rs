//! Figures: every table recounted from the acts in the logs, held against each node's own cells and, once quiet,
//! against what its superiors have stored of it.

use super::ledger::{Ledger, MatterState, MatterTale};
use super::tale::LegTale;
use super::{Case, Ledgers, Verdict, forgetful};
use hotline_domain::figures::{CellKey, Counts, Measure, Table};
use hotline_domain::leg::{Closure, RuleVersion};
use hotline_topology::{Federation, RegionKey, Time};
use std::collections::BTreeMap;

type Cells = BTreeMap<CellKey, Counts>;

pub(super) fn judge(case: &Case<'_>, ledgers: &Ledgers, verdict: &mut Verdict) {
    let recounts: BTreeMap<RegionKey, Cells> = ledgers
        .iter()
        .map(|(node, ledger)| (*node, recount(case.federation, *node, ledger)))
        .collect();
    for (node, ledger) in ledgers {
        let own = without_zeroes(ledger.cells.clone());
        let forgetful = forgetful(verdict, &[*node]);
        let wrong = compare(&own, &recounts[node], |words| {
            let words = format!("{node} 的统计数与日志重算不符：{words}");
            if forgetful {
                verdict.missing.push(words);
            } else {
                verdict.fault(words);
            }
        });
        verdict.figures.cells += own.len() as u64;
        verdict.figures.wrong += wrong;
    }
    for (node, ledger) in ledgers {
        let below: Vec<RegionKey> = ledgers
            .keys()
            .filter(|author| case.federation.is_below(**author, *node))
            .copied()
            .collect();
        if case.quiet {
            stored(*node, ledger, &below, &recounts, verdict);
        }
    }
    top(case, ledgers, &recounts, verdict);
}

/// What a superior stores of the nodes below it.
fn stored(
    node: RegionKey,
    ledger: &Ledger,
    below: &[RegionKey],
    recounts: &BTreeMap<RegionKey, Cells>,
    verdict: &mut Verdict,
) {
    for author in below {
        let cells = ledger.stored.get(author).map(|author| {
            let counts = |(key, (_, counts)): (&CellKey, &(u64, Counts))| (key.clone(), *counts);
            without_zeroes(author.cells.iter().map(counts).collect())
        });
        let wrong = compare(&cells.unwrap_or_default(), &recounts[author], |words| {
            verdict.fault(format!(
                "{node} 所存 {author} 的统计数与日志重算不符：{words}"
            ));
        });
        verdict.figures.wrong += wrong;
    }
}

/// The figure that people quote: matters taken in, as the uppermost node shows it and as the logs have it.
fn top(
    case: &Case<'_>,
    ledgers: &Ledgers,
    recounts: &BTreeMap<RegionKey, Cells>,
    verdict: &mut Verdict,
) {
    let uppermost = ledgers
        .iter()
        .min_by_key(|(node, _)| case.federation.depth(**node).unwrap_or(usize::MAX));
    let Some((node, ledger)) = uppermost else {
        return;
    };
    let subtree = case.federation.subtree(*node);
    let nodes = subtree.into_iter().filter(|key| {
        case.federation
            .region(*key)
            .is_some_and(|region| region.node)
    });
    let mut complete = true;
    for author in nodes {
        verdict.figures.recount += recounts.get(&author).map_or(0, taken_in);
        if author == *node {
            verdict.figures.total += taken_in(&ledger.cells);
            continue;
        }
        let known = ledger.stored.get(&author);
        complete &= known.is_some_and(|known| known.as_of.is_some());
        verdict.figures.total += known.map_or(0, |known| {
            let counts = known.cells.iter().map(|(key, (_, counts))| (key, counts));
            sum_taken_in(counts)
        });
    }
    verdict.figures.top = Some(*node);
    verdict.figures.complete = complete;
    if case.quiet && !complete {
        verdict.fault(format!("{node} 的统计数不完整：辖内有节点从未报全"));
    }
}

fn taken_in(cells: &Cells) -> i64 {
    sum_taken_in(cells.iter())
}

fn sum_taken_in<'a>(cells: impl Iterator<Item = (&'a CellKey, &'a Counts)>) -> i64 {
    cells
        .filter(|(key, _)| key.table == Table::MattersByKindChannel)
        .map(|(_, counts)| counts[Measure::TakenIn as usize])
        .sum()
}

fn without_zeroes(mut cells: Cells) -> Cells {
    cells.retain(|_, counts| counts.iter().any(|count| *count != 0));
    cells
}

/// Tells each cell that differs; how many do.
fn compare(shown: &Cells, recount: &Cells, mut tell: impl FnMut(String)) -> u64 {
    let mut wrong = 0;
    let keys = shown
        .keys()
        .chain(recount.keys().filter(|key| !shown.contains_key(*key)));
    for key in keys {
        let (have, want) = (shown.get(key), recount.get(key));
        if have != want {
            wrong += 1;
            let (have, want) = (
                have.copied().unwrap_or_default(),
                want.copied().unwrap_or_default(),
            );
            tell(format!(
                "{:?} 第 {} 日「{}」「{}」为 {have:?}，应为 {want:?}",
                key.table, key.day, key.first, key.second
            ));
        }
    }
    wrong
}

/// Every table of a node, from the ends of its tales.
fn recount(federation: &Federation, me: RegionKey, ledger: &Ledger) -> Cells {
    let mut cells = Cells::new();
    for tale in ledger.own.values() {
        let row = of_matter(tale);
        let mut book = book(&mut cells, me, tale.day_of, &tale.rules, row);
        book(
            Table::MattersByKindChannel,
            tale.kind.as_str(),
            &tale.channel,
        );
        book(Table::MattersByCategory, two_levels(&tale.category), "");
    }
    for tale in ledger.legs.values().filter(|tale| tale.taker() == me) {
        let Some(delivered) = tale.delivered else {
            continue;
        };
        let (offer, row) = (&tale.offer, of_leg(tale));
        let giver = federation.region(offer.giver);
        let level = giver.map_or("unknown", |giver| giver.level.as_str());
        let unit = offer.taker.unit().map_or("", |unit| unit.as_str());
        let mut book = book(&mut cells, me, delivered, &offer.rules, row);
        book(Table::LegsByKindGiver, offer.request_kind.as_str(), level);
        book(Table::LegsByCategory, two_levels(&offer.category), "");
        book(Table::LegsByUnit, unit, "");
    }
    without_zeroes(cells)
}

fn book<'a>(
    cells: &'a mut Cells,
    author: RegionKey,
    at: Time,
    rules: &'a RuleVersion,
    row: Vec<(Measure, i64)>,
) -> impl FnMut(Table, &str, &str) + 'a {
    let day = (at.date() - Time(0).date()).num_days() as i32;
    move |table, first, second| {
        let key = CellKey {
            author,
            table,
            day,
            first: first.to_owned(),
            second: second.to_owned(),
            rules: rules.clone(),
        };
        let counts = cells.entry(key).or_default();
        for (measure, count) in &row {
            counts[*measure as usize] += count;
        }
    }
}

/// The first four characters of a six-digit code.
fn two_levels(category: &str) -> &str {
    match category.char_indices().nth(4) {
        Some((end, _)) => &category[..end],
        None => category,
    }
}

fn of_matter(tale: &MatterTale) -> Vec<(Measure, i64)> {
    let mut row = vec![
        (Measure::TakenIn, 1),
        (Measure::Assigned, i64::from(tale.given_down)),
        (Measure::Escalated, tale.given_up),
        (Measure::Redone, tale.redos),
    ];
    let ended = |at| match at > tale.due {
        true => (Measure::ClosedLate, 1),
        false => (Measure::ClosedInTime, 1),
    };
    match tale.state {
        MatterState::Open => {
            row.push((Measure::OpenNow, 1));
            row.push((Measure::OverdueNow, i64::from(tale.overdue)));
        }
        MatterState::Refused => row.push((Measure::Refused, 1)),
        MatterState::Answered(at) => row.extend([(Measure::AnsweredDirectly, 1), ended(at)]),
        MatterState::Closed(at) => row.push(ended(at)),
    }
    row
}

fn of_leg(tale: &LegTale) -> Vec<(Measure, i64)> {
    let mut row = vec![
        (Measure::TakenIn, 1),
        (Measure::Supervised, tale.orders.len() as i64),
        (Measure::Redone, i64::from(tale.offer.redo)),
    ];
    match (tale.end, tale.done_at()) {
        (None, _) => {
            row.push((Measure::OpenNow, 1));
            row.push((Measure::OverdueNow, i64::from(tale.is_overdue())));
        }
        (Some(_), Some(done)) if done > tale.due.1 => row.push((Measure::ClosedLate, 1)),
        (Some(_), Some(_)) => row.push((Measure::ClosedInTime, 1)),
        (Some((Closure::Returned, _)), None) => row.push((Measure::Returned, 1)),
        (Some((Closure::Escalated, _)), None) => row.push((Measure::Escalated, 1)),
        (Some(_), None) => {}
    }
    row
}
