//! Ended at the desk: answered directly, or refused with its basis.

use super::steps::{Life, Step, text};
use crate::demo::world::CLERK;
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_topology::FieldName;

/// 直接答复 anywhere.
pub async fn answered(life: &mut Life) -> Step<()> {
    let at = life.anywhere();
    life.take_in(at).await?;
    let texts = vec![text(FieldName::Answer, "经查询，已向您说明办理条件和地点")];
    let verb = Verb::AnswerDirectly(pb::OnMatter {
        matter: life.matter.clone(),
    });
    life.say(at, CLERK, texts, verb).await?;
    Ok(())
}

/// 不予受理 anywhere.
pub async fn refused(life: &mut Life) -> Step<()> {
    let at = life.anywhere();
    life.take_in(at).await?;
    let texts = vec![text(FieldName::Answer, "已告知不予受理的理由和其他途径")];
    let verb = Verb::Refuse(pb::Refuse {
        matter: life.matter.clone(),
        ground: "legal-procedure".to_owned(),
        basis: "已进入行政复议程序".to_owned(),
    });
    life.say(at, CLERK, texts, verb).await?;
    Ok(())
}
