//! Taken back: the petitioner withdraws, or the giver chose wrongly.

use super::steps::{Life, Step, text};
use crate::demo::world::{CLERK, DISPATCHER};
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_topology::{FieldName, Level};

/// 撤回诉求: the recall runs down from the city to the township's unit, and every level closes.
pub async fn withdrawn(life: &mut Life) -> Step<()> {
    let city = life.any(Level::City);
    life.take_in(city).await?;
    let county = life.child(city).to_string();
    let leg = life.give_one(city, &county).await?;
    life.arrived(&leg).await?;
    let town = life.child(leg.node).to_string();
    let below = life.give_one(leg.node, &town).await?;
    life.arrived(&below).await?;
    let texts = vec![text(FieldName::Reason, "诉求人表示问题已自行解决")];
    let verb = Verb::Withdraw(pb::OnMatter {
        matter: life.matter.clone(),
    });
    life.say(city, CLERK, texts, verb).await?;
    life.ended(leg.node, &leg, "withdrawn").await?;
    life.ended(below.node, &below, "withdrawn").await
}

/// 改派: taken back from one unit and given to another in one act.
pub async fn reassigned(life: &mut Life) -> Step<()> {
    let at = life.anywhere();
    life.take_in(at).await?;
    let units = life.units(at);
    let [first, second, ..] = units.as_slice() else {
        return Err(life.trouble(at, "选择单位", "少于两个承办单位"));
    };
    let leg = life.give_one(at, first).await?;
    let texts = vec![text(FieldName::Reason, "派单有误")];
    let verb = Verb::Reassign(pb::Reassign {
        leg: leg.id.clone(),
        taker: second.clone(),
        basis: "职责".to_owned(),
    });
    let done = life.say(at, DISPATCHER, texts, verb).await?;
    let Some(id) = done.legs.into_iter().next_back() else {
        return Err(life.trouble(at, "改派", "回答中没有交办"));
    };
    let leg = life.named(at, id).await?;
    life.work(&leg).await?;
    life.accept(&leg).await?;
    life.finish().await
}
