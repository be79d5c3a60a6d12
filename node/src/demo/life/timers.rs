//! What no person does: the timers sign for, find overdue and tell every level above.

use super::steps::{Life, Step, text};
use crate::demo::world::{DISPATCHER, SUPERVISOR};
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_topology::{FieldName, Level};

/// 视为签收: nobody signs; when the window ends, the rules do.
pub async fn signed_by_the_timer(life: &mut Life) -> Step<()> {
    let at = life.any(Level::County);
    life.take_in(at).await?;
    let unit = life.units(at).into_iter().next().unwrap_or_default();
    let leg = life.give_one(at, &unit).await?;
    life.leg(at, &leg, "等待视为签收", |leg| {
        leg.deemed_signed.then_some(())
    })
    .await?;
    life.result(&leg).await?;
    life.accept(&leg).await?;
    life.finish().await
}

/// 逾期: an emergency is left lying until it is overdue; the province learns of it by the notice and supervises.
pub async fn overdue(life: &mut Life) -> Step<()> {
    let county = life.any(Level::County);
    life.take_in_as(county, "emergency", None).await?;
    let town = life.child(county).to_string();
    let leg = life.give_one(county, &town).await?;
    life.arrived(&leg).await?;
    life.leg(county, &leg, "等待逾期", |leg| {
        (leg.overdue_since_ms > 0).then_some(())
    })
    .await?;
    let province = life.town.world.federation.root();
    life.noticed(province, &leg, "overdue").await?;
    let texts = vec![text(FieldName::Instruction, "已逾期，请立即办理并说明原因")];
    let verb = Verb::Supervise(pb::Supervise {
        leg: leg.id.clone(),
        trigger: "overdue".to_owned(),
        reply_by_ms: 0,
    });
    let order = life.say(province, SUPERVISOR, texts, verb).await?.order;
    let texts = vec![text(FieldName::StageReport, "力量已到现场，今日办结")];
    let verb = Verb::ReplyOrder(pb::OnOrder {
        order: order.clone(),
        leg: leg.id.clone(),
    });
    life.say(leg.node, DISPATCHER, texts, verb).await?;
    life.work(&leg).await?;
    life.accept(&leg).await?;
    let texts = vec![text(FieldName::Reason, "已落实")];
    let verb = Verb::EndOrder(pb::OnOrder {
        order,
        leg: leg.id.clone(),
    });
    life.say(province, SUPERVISOR, texts, verb).await?;
    life.finish().await
}
