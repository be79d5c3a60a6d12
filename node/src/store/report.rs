//! What opening found and did, for the operator.

use hotline_show::{Text, shown};
use std::fmt;

use super::keys::KeyReport;
use super::log::LogReport;
use super::{CommitNo, hex};

/// What opening found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenReport {
    /// Whether the store had been closed in order.
    pub clean: bool,
    /// Whether the folder was put back on purpose and this is its first opening since.
    pub restored: bool,
    /// The log; with the torn end that was cut, if there was one.
    pub log: LogReport,
    /// The key file.
    pub keys: KeyReport,
    /// How the view came about.
    pub view: ViewOutcome,
    /// The view had applied commits up to this one, which the log no longer has: acknowledged commits were lost
    /// (a rolled-back or failing disk). An alarm.
    pub view_was_ahead: Option<CommitNo>,
}

/// How the view came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViewOutcome {
    /// An empty store's first view.
    Begun,
    /// It was up to date.
    Kept,
    /// The redo of these commits was replayed.
    Replayed {
        /// The first.
        from: CommitNo,
        /// The last.
        upto: CommitNo,
    },
    /// It was made again by folding.
    Rebuilt {
        /// Why.
        reason: String,
        /// The commit of the checkpoint that it began with; 0 for none.
        from_checkpoint: CommitNo,
        /// How many commits were folded after it.
        folded: u64,
        /// Why checkpoints were passed over, a sentence each.
        refused: Vec<String>,
    },
}

impl ViewOutcome {
    /// What is told of it, of any number of lines.
    #[must_use]
    pub fn text(&self) -> Text {
        let mut text = Text::new();
        match self {
            Self::Begun => text.say("新建视图"),
            Self::Kept => text.say("视图完好"),
            Self::Replayed { from, upto } => {
                text += shown!("视图重放了第 {from} 至 {upto} 号记录");
            }
            Self::Rebuilt {
                reason,
                from_checkpoint,
                folded,
                refused,
            } => {
                text += shown!("视图已重建（原因：{reason}；");
                text += match from_checkpoint {
                    0 => "从日志开头".into(),
                    no => shown!("从第 {no} 号的检查点"),
                };
                text += shown!("归并 {folded} 条记录）");
                text.extend(
                    refused
                        .iter()
                        .map(|reason| shown!("\n  未用的检查点：{reason}")),
                );
            }
        }
        text
    }
}

impl fmt::Display for ViewOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

impl OpenReport {
    /// What is told of it, of any number of lines.
    #[must_use]
    pub fn text(&self) -> Text {
        let mut text = Text::new();
        let LogReport {
            last,
            segments,
            hash,
            torn,
            ..
        } = &self.log;
        let before = match self {
            Self { clean: true, .. } => "上次正常关闭",
            Self { restored: true, .. } => "由恢复建成的数据目录",
            Self {
                view: ViewOutcome::Begun,
                ..
            } if *last == 0 => "新建的数据目录",
            _ => "上次未正常关闭",
        };
        text += shown!(
            "{before}；日志 {segments} 段，止于第 {last} 号，链值 {}\n",
            hex(hash)
        );
        if let Some(torn) = torn {
            let file = torn.file.display();
            text += shown!(
                "  已截去 {file} 第 {} 字节起未写完的 {} 字节（{}）；它们从未被确认\n",
                torn.offset,
                torn.bytes,
                torn.what
            );
        }
        if let Some(commit_no) = self.view_was_ahead {
            text += shown!(
                "  警报：视图曾到第 {commit_no} 号，日志只到第 {last} 号：有已确认的记录丢失。磁盘可能被回滚或损坏，请从上下级的记录补回并检查磁盘\n"
            );
        }
        text += shown!("{}\n", self.keys);
        text += self.view.text();
        text
    }
}

impl fmt::Display for OpenReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}
