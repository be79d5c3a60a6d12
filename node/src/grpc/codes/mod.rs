//! The lists of codes that people choose from, in their words: one door for the command line's help, for programs, and for
//! every command that names a code.
//!
//! ```text
//! mod.rs      the lists: which there are, what stands in each
//! resolve.rs  a command's labels → codes
//! hint.rs     a refusal over a code → the nearest ones, and how to see all
//! ```
//!
//! To add a list: its variant, its line in `TABLE`, its arm in `choices`. Labels stand where their codes stand: in the
//! topology, in the packs, in `cli/words.rs`.

pub mod hint;
pub mod resolve;

use super::name;
use super::refusal::{echo, invalid};
use crate::app::{Known, NodeHandle};
use crate::cli::words;
use crate::input::choice::{Choice, search};
use hotline_domain::policy::purpose::Purpose;
use hotline_proto::operator::v1 as pb;
use hotline_topology::policy::Ground;
use hotline_topology::{Kind, PolicyPack, RegionKey, Urgency, categories};
use tonic::Status;

/// A list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vocabulary {
    /// 诉求事项分类
    Category,
    /// 诉求类型
    Kind,
    /// 紧急程度
    Urgency,
    /// 渠道
    Channel,
    /// 不予受理情形
    Refusal,
    /// 退单理由
    Return,
    /// 提级理由
    Escalation,
    /// 办结情形
    Closing,
    /// 评价等级
    Rating,
    /// 督办事由
    Trigger,
    /// 承办单位
    Unit,
    /// 行政区划
    Region,
    /// 查阅目的
    Purpose,
}

/// How a list is called by programs, by people, and by which option its codes are given.
const TABLE: [(Vocabulary, &str, &str, &str); 13] = [
    (Vocabulary::Category, "category", "事项", "--category"),
    (Vocabulary::Kind, "kind", "类型", "--kind"),
    (Vocabulary::Urgency, "urgency", "紧急程度", "--urgency"),
    (Vocabulary::Channel, "channel", "渠道", "--channel"),
    (Vocabulary::Refusal, "refusal", "不予受理", "--ground"),
    (Vocabulary::Return, "return", "退单", "--ground"),
    (Vocabulary::Escalation, "escalation", "提级", "--ground"),
    (Vocabulary::Closing, "closing", "办结", "--ground"),
    (Vocabulary::Rating, "rating", "评价", "--rating"),
    (Vocabulary::Trigger, "trigger", "督办", "--trigger"),
    (Vocabulary::Unit, "unit", "单位", "--to"),
    (Vocabulary::Region, "region", "区划", "--place"),
    (Vocabulary::Purpose, "purpose", "目的", "--purpose"),
];

/// What stands for several lists: all grounds together.
const GROUPS: [(&str, &[Vocabulary]); 2] = [("理由", &GROUNDS), ("ground", &GROUNDS)];
const GROUNDS: [Vocabulary; 4] = [
    Vocabulary::Refusal,
    Vocabulary::Return,
    Vocabulary::Escalation,
    Vocabulary::Closing,
];

/// Most codes in one answer.
const LISTED_MAX: usize = 500;

impl Vocabulary {
    fn line(self) -> &'static (Vocabulary, &'static str, &'static str, &'static str) {
        let found = TABLE.iter().find(|(vocabulary, ..)| *vocabulary == self);
        // Every variant stands in the table; a test holds it.
        found.unwrap_or(&TABLE[0])
    }

    /// Its name for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.line().1
    }

    /// Its name for people.
    #[must_use]
    pub fn label(self) -> &'static str {
        self.line().2
    }

    /// The command line's option that takes its codes.
    #[must_use]
    pub fn option(self) -> &'static str {
        self.line().3
    }

    /// The lists that a name stands for.
    fn named(text: &str) -> Result<Vec<Self>, Status> {
        let text = text.trim();
        let one = TABLE
            .iter()
            .find(|(_, code, label, _)| *code == text || *label == text)
            .map(|(vocabulary, ..)| vec![*vocabulary]);
        let group = GROUPS.iter().find(|(name, _)| *name == text);
        one.or_else(|| group.map(|(_, all)| all.to_vec()))
            .ok_or_else(|| {
                let all: Vec<_> = TABLE.iter().map(|(.., label, _)| *label).collect();
                let words = format!("没有代码表“{}”；有 理由、{}", echo(text), all.join("、"));
                invalid("vocabulary", words)
            })
    }

    /// Its codes at this node.
    #[must_use]
    pub fn choices(self, known: &Known, me: RegionKey) -> Vec<Choice> {
        match self {
            Vocabulary::Category => categories()
                .map(|category| Choice::new(category.code, category.name))
                .collect(),
            Vocabulary::Kind => Kind::ALL
                .iter()
                .map(|kind| Choice::new(kind.as_str(), kind.label()))
                .collect(),
            Vocabulary::Urgency => Urgency::ALL
                .iter()
                .map(|urgency| Choice::new(urgency.as_str(), urgency.label()))
                .collect(),
            Vocabulary::Channel => words::vocabulary("channel")
                .iter()
                .map(|(code, word)| Choice::new(*code, *word))
                .collect(),
            Vocabulary::Unit => units(known, me),
            Vocabulary::Region => regions(known, me),
            Vocabulary::Purpose => Purpose::ALL.iter().map(purpose).collect(),
            Vocabulary::Refusal
            | Vocabulary::Return
            | Vocabulary::Escalation
            | Vocabulary::Closing
            | Vocabulary::Rating
            | Vocabulary::Trigger => known
                .packs
                .last()
                .map(|pack| self.of_pack(pack))
                .unwrap_or_default(),
        }
    }

    fn of_pack(self, pack: &PolicyPack) -> Vec<Choice> {
        let ground = |ground: &Ground| Choice {
            code: ground.code.clone(),
            label: ground.text.clone(),
            note: ground.article.clone(),
        };
        match self {
            Vocabulary::Refusal => pack
                .refusals
                .iter()
                .map(|refusal| ground(&refusal.ground))
                .collect(),
            Vocabulary::Return => pack.returns.grounds.iter().map(ground).collect(),
            Vocabulary::Escalation => pack.escalation.grounds.iter().map(ground).collect(),
            Vocabulary::Closing => pack
                .closings
                .iter()
                .map(|closing| ground(&closing.ground))
                .collect(),
            Vocabulary::Trigger => pack
                .supervision
                .triggers
                .iter()
                .map(|trigger| ground(&trigger.ground))
                .collect(),
            Vocabulary::Rating => pack
                .callback
                .scale
                .iter()
                .map(|rating| Choice {
                    code: rating.code.clone(),
                    label: rating.text.clone(),
                    note: if rating.satisfied {
                        ""
                    } else {
                        "不满意，可重办"
                    }
                    .to_owned(),
                })
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// What a text is opened for, with who may name it.
fn purpose(purpose: &Purpose) -> Choice {
    let roles = purpose.roles().iter().map(|role| role.label());
    Choice {
        note: roles.collect::<Vec<_>>().join("、"),
        ..Choice::new(purpose.code(), purpose.label())
    }
}

/// The node's own units, with what each is responsible for.
fn units(known: &Known, of: RegionKey) -> Vec<Choice> {
    let region = known.federation.region(of);
    let units = region.map(|region| &region.units[..]).unwrap_or_default();
    units
        .iter()
        .map(|unit| Choice {
            code: unit.key.to_string(),
            label: unit.name.clone(),
            note: unit.responsibilities.join("、"),
        })
        .collect()
}

/// Regions, those of the node's own subtree first, with their level and where they lie.
fn regions(known: &Known, me: RegionKey) -> Vec<Choice> {
    let federation = &known.federation;
    let mut all: Vec<_> = federation.regions().iter().collect();
    all.sort_by_key(|(key, _)| (**key != me && !federation.is_below(**key, me), **key));
    all.into_iter()
        .map(|(key, region)| {
            let above = federation
                .parent(*key)
                .and_then(|parent| federation.region(parent));
            Choice {
                code: key.to_string(),
                label: region.name.clone(),
                note: match above {
                    Some(above) => format!("{}，属{}", region.level.label(), above.name),
                    None => region.level.label().to_owned(),
                },
            }
        })
        .collect()
}

pub(super) fn list(
    node: &NodeHandle,
    request: &pb::ListCodesRequest,
) -> Result<pb::ListCodesResponse, Status> {
    let known = node.shared().surroundings.known();
    let me = node.shared().surroundings.me();
    let limit = match request.limit {
        0 => LISTED_MAX,
        _ => name::page(request.limit),
    };
    let (mut codes, mut left_out) = (Vec::new(), 0u32);
    for vocabulary in Vocabulary::named(&request.vocabulary)? {
        let choices = vocabulary.choices(&known, me);
        for choice in search(&choices, &request.words) {
            if codes.len() == limit {
                left_out = left_out.saturating_add(1);
                continue;
            }
            codes.push(pb::Code {
                vocabulary: vocabulary.code().to_owned(),
                vocabulary_label: vocabulary.label().to_owned(),
                code: choice.code.clone(),
                label: choice.label.clone(),
                note: choice.note.clone(),
            });
        }
    }
    Ok(pb::ListCodesResponse { codes, left_out })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_stands_in_the_table_once() {
        for (vocabulary, code, label, option) in TABLE {
            assert_eq!(
                (vocabulary.code(), vocabulary.label(), vocabulary.option()),
                (code, label, option)
            );
            assert_eq!(Vocabulary::named(code).unwrap(), [vocabulary]);
            assert_eq!(Vocabulary::named(label).unwrap(), [vocabulary]);
        }
        assert_eq!(Vocabulary::named("理由").unwrap().len(), 4);
        let said = Vocabulary::named("天气").unwrap_err();
        assert!(said.message().contains("事项"), "{said}");
    }
}
