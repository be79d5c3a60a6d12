//! What the judge found, for a person and for a program.

use hotline_show::{Text, shown};
use hotline_topology::RegionKey;
use std::collections::BTreeSet;
use std::fmt;

/// What the check of one node's hash chain said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chain {
    /// The node.
    pub node: RegionKey,
    /// Commits checked, or the damage in words.
    pub outcome: Result<u64, String>,
}

/// Figures against a recount of the logs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FigureVerdict {
    /// The uppermost node among the logs.
    pub top: Option<RegionKey>,
    /// Matters taken in, as that node shows them.
    pub total: i64,
    /// Matters taken in, by the logs of its subtree.
    pub recount: i64,
    /// Whether every node of its subtree has reported in full.
    pub complete: bool,
    /// Own cells judged.
    pub cells: u64,
    /// Cells that differ from the recount, own or stored by a superior.
    pub wrong: u64,
}

/// Signatures and receipts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EvidenceVerdict {
    /// Envelopes that their authors' logs show signed.
    pub signed: u64,
    /// Of which they do not.
    pub unsigned: u64,
    /// Acts handed over to another node.
    pub handed_over: u64,
    /// Of these, receipted over what was signed.
    pub receipted: u64,
    /// What two logs say differently of one envelope.
    pub contradicting: u64,
}

/// What the judge found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Verdict {
    /// Logs read.
    pub nodes: u64,
    /// Judged as after faults have stopped and queues are empty.
    pub quiet: bool,
    /// Matters taken in.
    pub matters: u64,
    /// Of these, open at their origin.
    pub open: u64,
    /// Of these, closed at their origin.
    pub closed: u64,
    /// Confirmed or handled, and unknown at their origin.
    pub lost: u64,
    /// Taken in twice, numbered twice, or handed twice to one node.
    pub duplicated: u64,
    /// Legs, by their givers' logs.
    pub legs: u64,
    /// Of these, open.
    pub legs_open: u64,
    /// Of these, without a receipt yet: the giver answers.
    pub in_transit: u64,
    /// Legs that nobody answers for.
    pub unanswered: u64,
    /// Legs of which giver's and taker's logs tell different things.
    pub disagreeing: u64,
    /// Legs whose taker's log was not at hand.
    pub unseen: u64,
    /// Figures.
    pub figures: FigureVerdict,
    /// Signatures and receipts.
    pub evidence: EvidenceVerdict,
    /// Hash chains.
    pub chains: Vec<Chain>,
    /// Nodes whose disk went back to an older state: what only it knew is missing, not wrong.
    pub rolled_back: BTreeSet<RegionKey>,
    /// What is missing for that reason, in words.
    pub missing: Vec<String>,
    /// What is wrong, in words; empty for a clean verdict.
    pub faults: Vec<String>,
}

impl Verdict {
    /// True where no promise was broken.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    pub(super) fn fault(&mut self, words: String) {
        self.faults.push(words);
    }
}

/// Faults shown in full; the number of the others follows.
const FAULTS_SHOWN: usize = 20;

impl Verdict {
    /// What is told of it, of any number of lines.
    #[must_use]
    pub fn text(&self) -> Text {
        let mut text = Text::new();
        let when = if self.quiet { "静默后" } else { "运行中" };
        text += shown!("审计（{when}，{} 个节点的日志）\n", self.nodes);
        text += shown!(
            "  诉求：受理 {} 件，办结 {} 件，在办 {} 件；丢失 {} 件，重复 {} 件\n",
            self.matters,
            self.closed,
            self.open,
            self.lost,
            self.duplicated
        );
        text += shown!(
            "  交办：{} 份，未结 {} 份（在途 {} 份）；无人负责 {} 份，两方记录不一 {} 份",
            self.legs,
            self.legs_open,
            self.in_transit,
            self.unanswered,
            self.disagreeing
        );
        if self.unseen > 0 {
            text += shown!("；{} 份缺对方日志未比对", self.unseen);
        }
        text.say("\n");
        text += self.figures_line();
        let evidence = &self.evidence;
        text += shown!(
            "  证据：信封已签名 {} 件，未签名 {} 件；移交 {} 次，有回执 {} 次，说法矛盾 {} 处\n",
            evidence.signed,
            evidence.unsigned,
            evidence.handed_over,
            evidence.receipted,
            evidence.contradicting
        );
        if !self.chains.is_empty() {
            let sound = self.chains.iter().filter(|chain| chain.outcome.is_ok());
            let checked: u64 = sound
                .clone()
                .filter_map(|chain| chain.outcome.clone().ok())
                .sum();
            let (sound, all) = (sound.count(), self.chains.len());
            text += shown!("  日志链：{all} 条中 {sound} 条完好，共 {checked} 次提交\n");
        }
        for words in &self.missing {
            text += shown!("  缺失（节点数据曾回退）：{words}\n");
        }
        for words in self.faults.iter().take(FAULTS_SHOWN) {
            text += shown!("  问题：{words}\n");
        }
        if self.faults.len() > FAULTS_SHOWN {
            text += shown!("  ……另有 {} 个问题\n", self.faults.len() - FAULTS_SHOWN);
        }
        text += match self.faults.len() {
            0 => "结论：未发现问题".into(),
            n => shown!("结论：发现 {n} 个问题"),
        };
        text
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

impl Verdict {
    fn figures_line(&self) -> Text {
        let figures = &self.figures;
        let Some(top) = figures.top else {
            return Text::new();
        };
        shown!(
            "  统计：{top} 汇总受理 {} 件，日志重算 {} 件，{}；核对 {} 格，不符 {} 格\n",
            figures.total,
            figures.recount,
            if figures.complete {
                "已报全"
            } else {
                "未报全"
            },
            figures.cells,
            figures.wrong
        )
    }
}
