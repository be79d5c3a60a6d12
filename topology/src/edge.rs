//! Which fields of a leg may travel over an edge of the tree (a parent and its child).
//!
//! Case files stay where they were written; only what this table lets through crosses. The
//! sender strips the rest and the receiver refuses it. By default the petitioner's name and
//! contact cross no edge: the origin calls back.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use crate::region::RegionKey;

/// A free-text or personal field of a ticket or leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldName {
    /// 标题
    Title,
    /// 诉求内容
    Content,
    /// 事发地点
    Place,
    /// 诉求人姓名
    PetitionerName,
    /// 联系方式
    Contact,
    /// 交办意见
    Instruction,
    /// 办理结果
    ResultText,
    /// 理由（退单、延期、上报、收回……）
    Reason,
    /// 办理过程记录
    Note,
    /// 答复口径：可以告知诉求人的话
    Answer,
    /// 阶段性工作情况
    StageReport,
    /// 诉求人的评价意见
    RatingText,
    /// 附件：文件名和启封的密钥。放行它，附件才能随交办传送
    Attachment,
}

impl FieldName {
    /// All fields.
    pub const ALL: [FieldName; 13] = [
        FieldName::Title,
        FieldName::Content,
        FieldName::Place,
        FieldName::PetitionerName,
        FieldName::Contact,
        FieldName::Instruction,
        FieldName::ResultText,
        FieldName::Reason,
        FieldName::Note,
        FieldName::Answer,
        FieldName::StageReport,
        FieldName::RatingText,
        FieldName::Attachment,
    ];

    /// The word used in the federation file and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            FieldName::Title => "title",
            FieldName::Content => "content",
            FieldName::Place => "place",
            FieldName::PetitionerName => "petitioner_name",
            FieldName::Contact => "contact",
            FieldName::Instruction => "instruction",
            FieldName::ResultText => "result_text",
            FieldName::Reason => "reason",
            FieldName::Note => "note",
            FieldName::Answer => "answer",
            FieldName::StageReport => "stage_report",
            FieldName::RatingText => "rating_text",
            FieldName::Attachment => "attachment",
        }
    }

    /// The word that people read.
    pub const fn label(self) -> &'static str {
        match self {
            FieldName::Title => "标题",
            FieldName::Content => "内容",
            FieldName::Place => "地点",
            FieldName::PetitionerName => "诉求人",
            FieldName::Contact => "联系方式",
            FieldName::Instruction => "交办要求",
            FieldName::ResultText => "办理情况",
            FieldName::Reason => "理由",
            FieldName::Note => "备注",
            FieldName::Answer => "答复",
            FieldName::StageReport => "阶段情况",
            FieldName::RatingText => "评价意见",
            FieldName::Attachment => "附件",
        }
    }
}

impl FromStr for FieldName {
    type Err = String;

    fn from_str(text: &str) -> Result<FieldName, String> {
        FieldName::ALL
            .into_iter()
            .find(|field| field.as_str() == text)
            .ok_or_else(|| {
                let all: Vec<_> = FieldName::ALL.iter().map(|field| field.as_str()).collect();
                format!("“{text}”不是字段；应为 {} 之一", all.join("、"))
            })
    }
}

/// In which direction, and on which sort of leg, a field would cross an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// From giver to taker of a leg that the upper side gave.
    Down,
    /// From taker to giver of a leg that the upper side gave.
    Up,
    /// From giver to taker of an upward leg: an escalated own intake goes up.
    EscalationUp,
    /// From taker to giver of an upward leg: the superior's answer comes down.
    EscalationDown,
}

impl Way {
    /// All ways.
    pub const ALL: [Way; 4] = [Way::Down, Way::Up, Way::EscalationUp, Way::EscalationDown];

    /// The key used in the federation file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Way::Down => "down",
            Way::Up => "up",
            Way::EscalationUp => "escalation_up",
            Way::EscalationDown => "escalation_down",
        }
    }

    /// What crosses when the file says nothing.
    pub const fn default_fields(self) -> &'static [FieldName] {
        use FieldName::{
            Answer, Attachment, Content, Instruction, Place, Reason, ResultText, StageReport, Title,
        };
        match self {
            // Results come down too: a co-handler's goes to the lead through the giver.
            Way::Down => &[
                Title,
                Content,
                Place,
                Instruction,
                Reason,
                ResultText,
                Attachment,
            ],
            Way::Up => &[ResultText, Reason, Answer, StageReport, Attachment],
            Way::EscalationUp => &[Title, Content, Place, Reason, StageReport, Attachment],
            Way::EscalationDown => &[ResultText, Reason, Answer, Attachment],
        }
    }
}

/// What may cross one edge, per way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgePolicy {
    fields: BTreeMap<Way, BTreeSet<FieldName>>,
}

impl Default for EdgePolicy {
    fn default() -> EdgePolicy {
        let fields = Way::ALL.map(|way| (way, way.default_fields().iter().copied().collect()));
        EdgePolicy {
            fields: fields.into_iter().collect(),
        }
    }
}

impl EdgePolicy {
    /// Whether the field may cross this way.
    pub fn allows(&self, way: Way, field: FieldName) -> bool {
        self.fields
            .get(&way)
            .is_some_and(|fields| fields.contains(&field))
    }

    /// The fields that may cross this way, in the order of [`FieldName`].
    pub fn fields(&self, way: Way) -> impl Iterator<Item = FieldName> + '_ {
        self.fields.get(&way).into_iter().flatten().copied()
    }

    /// Replaces what may cross this way.
    pub fn set(&mut self, way: Way, fields: impl IntoIterator<Item = FieldName>) {
        self.fields.insert(way, fields.into_iter().collect());
    }
}

/// The field policies of all edges: a default, and overrides by (parent, child).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EdgePolicies {
    /// For every edge without an override.
    pub default: EdgePolicy,
    /// By parent and child.
    pub overrides: BTreeMap<(RegionKey, RegionKey), EdgePolicy>,
}

impl EdgePolicies {
    /// The policy of one edge.
    pub fn of(&self, parent: RegionKey, child: RegionKey) -> &EdgePolicy {
        self.overrides
            .get(&(parent, child))
            .unwrap_or(&self.default)
    }

    /// Whether the field may cross this one edge this way.
    pub fn allows(&self, parent: RegionKey, child: RegionKey, way: Way, field: FieldName) -> bool {
        self.of(parent, child).allows(way, field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_petitioner_crosses_no_edge_by_default() {
        let policies = EdgePolicies::default();
        let (parent, child) = (
            RegionKey::literal("210000000000"),
            RegionKey::literal("210100000000"),
        );
        for way in Way::ALL {
            for field in [
                FieldName::PetitionerName,
                FieldName::Contact,
                FieldName::Note,
            ] {
                assert!(!policies.allows(parent, child, way, field));
            }
        }
        assert!(policies.allows(parent, child, Way::Down, FieldName::Content));
        assert!(!policies.allows(parent, child, Way::Up, FieldName::Content));
        assert!(policies.allows(parent, child, Way::EscalationUp, FieldName::Content));
    }

    #[test]
    fn an_override_holds_for_its_edge_alone() {
        let mut policies = EdgePolicies::default();
        let (a, b, c) = (
            RegionKey::literal("210000000000"),
            RegionKey::literal("210100000000"),
            RegionKey::literal("210200000000"),
        );
        let mut open = EdgePolicy::default();
        open.set(Way::Down, [FieldName::Contact]);
        policies.overrides.insert((a, b), open);
        assert!(policies.allows(a, b, Way::Down, FieldName::Contact));
        assert!(!policies.allows(a, b, Way::Down, FieldName::Content));
        assert!(!policies.allows(a, c, Way::Down, FieldName::Contact));
        for field in FieldName::ALL {
            assert_eq!(field.as_str().parse(), Ok(field));
        }
    }
}
