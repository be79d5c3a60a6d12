//! 督办 by the giver: an order on a leg, its reply, its end.

use super::steps::{Life, Step, text};
use crate::demo::world::SUPERVISOR;
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_topology::{FieldName, Level};

/// The city supervises what it gave to a county; the county replies; the city ends the order.
pub async fn supervised(life: &mut Life) -> Step<()> {
    let city = life.any(Level::City);
    life.take_in(city).await?;
    let child = life.child(city).to_string();
    let leg = life.give_one(city, &child).await?;
    let texts = vec![text(FieldName::Instruction, "领导批示，请限期办结")];
    let verb = Verb::Supervise(pb::Supervise {
        leg: leg.id.clone(),
        trigger: "leader-instruction".to_owned(),
        reply_by_ms: 0,
    });
    let order = life.say(city, SUPERVISOR, texts, verb).await?.order;
    let on_order = |order: &str| pb::OnOrder {
        order: order.to_owned(),
        leg: leg.id.clone(),
    };
    if life.dice.percent(50) {
        let texts = vec![text(FieldName::Instruction, "请抓紧回复")];
        let verb = Verb::Remind(on_order(&order));
        life.say(city, SUPERVISOR, texts, verb).await?;
    }
    life.arrived(&leg).await?;
    let texts = vec![text(FieldName::StageReport, "专人负责，三日内办结")];
    let who = life.taker(&leg);
    let verb = Verb::ReplyOrder(on_order(&order));
    life.say(leg.node, &who, texts, verb).await?;
    life.leg(city, &leg, "等待督办回复", |leg| {
        let replied = |known: &pb::SupervisionOrder| known.id == order && known.replied_at_ms > 0;
        leg.orders.iter().any(replied).then_some(())
    })
    .await?;
    let texts = vec![text(FieldName::Reason, "已落实")];
    let verb = Verb::EndOrder(on_order(&order));
    life.say(city, SUPERVISOR, texts, verb).await?;
    life.work(&leg).await?;
    life.accept(&leg).await?;
    life.finish().await
}
