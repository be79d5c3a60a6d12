//! The judge (审计): reads exported logs, and nothing else, and says whether the promises were kept.
//!
//! ```text
//! logs of many nodes ── tale.rs, ledger.rs: each log is told again, fact by fact ──▶ matters.rs   nothing lost
//!                                                                                  ├▶ custody.rs  one answerable a leg
//!                                                                                  ├▶ figures.rs  figures = recount
//!                                                                                  ├▶ evidence.rs signed, receipted
//!                                                                                  └▶ days.rs     accounts as closed
//! ```
//!
//! It shares nouns with the rules and no judgement: neither how a leg is folded, nor how it is counted. So an error
//! in either shows here as a difference. Demo, `store verify` and the simulation all call [`judge`].
//!
//! To add a promise: a file here that takes the [`Ledger`]s and adds to the [`Verdict`].

mod custody;
mod days;
mod evidence;
mod figures;
mod ledger;
mod matters;
mod tale;
#[cfg(test)]
mod tests;
mod verdict;

use crate::codec;
use crate::store::log::LogReader;
use hotline_domain::evidence::Notary;
use hotline_domain::fact::Fact;
use hotline_domain::id::MatterId;
use hotline_topology::{Federation, RegionKey, Time};
use ledger::Ledger;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) use tale::LegTale;
pub use verdict::{Chain, EvidenceVerdict, FigureVerdict, Verdict};

/// One node's log.
pub type Log = Vec<Commit>;

/// A commit of a log: its number, the node's time, its facts.
pub type Commit = (u64, Time, Vec<Fact>);

/// The logs judged together, by node.
pub type Logs = BTreeMap<RegionKey, Log>;

/// What is judged, and what is known beside the logs.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// The logs; nodes that are missing are judged by what others say of them.
    pub logs: &'a Logs,
    /// The tree.
    pub federation: &'a Federation,
    /// True once faults have stopped and every queue is empty: then both sides of a leg must agree, and superiors
    /// have all figures.
    pub quiet: bool,
    /// Matters whose intake was confirmed to somebody outside: each must be in a log.
    pub confirmed: &'a [MatterId],
    /// What the check of the hash chains said, by node; see [`crate::store::log::verify_dir`].
    pub chains: &'a [Chain],
    /// Verifies signatures by a trust domain; without one only that they stand where they must.
    pub notary: Option<&'a dyn Notary>,
}

impl<'a> Case<'a> {
    /// Logs and their tree, in the middle of things, with nothing known beside them.
    #[must_use]
    pub fn new(logs: &'a Logs, federation: &'a Federation) -> Self {
        Self {
            logs,
            federation,
            quiet: false,
            confirmed: &[],
            chains: &[],
            notary: None,
        }
    }
}

/// Judges.
#[must_use]
pub fn judge(case: &Case<'_>) -> Verdict {
    let mut reading = Reading::default();
    for (node, log) in case.logs {
        let told = reading.of(*node);
        for (no, _, facts) in log {
            facts.iter().for_each(|fact| told.take(*no, fact));
        }
    }
    reading.judge(case)
}

/// Logs as they are read, record by record: of each only what is judged stays in memory, so that long logs can be judged.
#[derive(Default)]
pub struct Reading {
    told: BTreeMap<RegionKey, Told>,
}

/// What one log has told so far.
pub struct Told {
    node: RegionKey,
    ledger: Ledger,
    book: evidence::Book,
    days: days::Days,
}

impl Told {
    /// The next fact, with the number of its commit.
    pub fn take(&mut self, no: u64, fact: &Fact) {
        self.ledger.take(self.node, no, fact);
        self.book.take(self.node, fact);
        self.days.take(self.node, no, fact);
    }
}

impl Reading {
    /// What a node's log has told, to tell on; a node without a commit has told nothing, but is judged.
    pub fn of(&mut self, node: RegionKey) -> &mut Told {
        self.told.entry(node).or_insert_with(|| Told {
            node,
            ledger: Ledger::default(),
            book: evidence::Book::default(),
            days: days::Days::default(),
        })
    }

    /// Judges what was told; the logs of the case itself are not looked at.
    #[must_use]
    pub fn judge(self, case: &Case<'_>) -> Verdict {
        let (mut ledgers, mut books) = (Ledgers::new(), BTreeMap::new());
        let mut accounts = BTreeMap::new();
        for (node, told) in self.told {
            ledgers.insert(node, told.ledger);
            books.insert(node, told.book);
            accounts.insert(node, told.days);
        }
        let mut verdict = Verdict {
            nodes: ledgers.len() as u64,
            quiet: case.quiet,
            chains: case.chains.to_vec(),
            ..Verdict::default()
        };
        for chain in case.chains {
            if let Err(why) = &chain.outcome {
                verdict.fault(format!("{} 的日志链校验不通过：{why}", chain.node));
            }
        }
        for (node, ledger) in &ledgers {
            for oddity in &ledger.oddities {
                verdict.fault(format!("{node}：{oddity}"));
            }
            if ledger.epochs_raised > 0 {
                verdict.rolled_back.insert(*node);
            }
        }
        matters::judge(case, &ledgers, &mut verdict);
        custody::judge(case, &ledgers, &mut verdict);
        figures::judge(case, &ledgers, &mut verdict);
        evidence::judge(case, &books, &mut verdict);
        days::judge(&accounts, &mut verdict);
        verdict
    }
}

type Ledgers = BTreeMap<RegionKey, Ledger>;

/// The region keys among these that are not judged as usual: their disk went back, so what only it knew is missing.
fn forgetful(verdict: &Verdict, nodes: &[RegionKey]) -> bool {
    let rolled_back: &BTreeSet<RegionKey> = &verdict.rolled_back;
    nodes.iter().any(|node| rolled_back.contains(node))
}

/// Why a log could not be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The log cannot be read.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// A record cannot be understood.
    #[error("第 {commit_no} 次提交无法解读：{why}")]
    Malformed {
        /// Which commit.
        commit_no: u64,
        /// Why.
        why: String,
    },
}

/// A node's whole log, decoded.
///
/// # Errors
/// The log cannot be read, or a record not understood.
pub fn export(reader: &LogReader) -> Result<Log, ExportError> {
    records(reader)?.collect()
}

/// A node's log, decoded record by record.
///
/// # Errors
/// The log cannot be read; each record's own error says that it cannot be understood.
pub fn records(
    reader: &LogReader,
) -> Result<impl Iterator<Item = Result<Commit, ExportError>>, ExportError> {
    Ok(reader.read_from(1)?.map(|record| {
        let record = record?;
        let lasting =
            codec::commit::decode(&record.lasting).map_err(|malformed| ExportError::Malformed {
                commit_no: record.no,
                why: malformed.to_string(),
            })?;
        Ok((record.no, lasting.at, lasting.facts))
    }))
}
