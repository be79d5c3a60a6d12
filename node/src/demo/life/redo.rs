//! 重办: rated poorly, handled once more under a new leg, rated again.

use super::steps::{Life, Step, text};
use crate::demo::world::DISPATCHER;
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_topology::{FieldName, Level};

/// A county's matter, handled by a township or a unit, rated poorly, handled again, rated again.
pub async fn done_again(life: &mut Life) -> Step<()> {
    let county = life.any(Level::County);
    life.take_in(county).await?;
    let taker = if life.dice.percent(50) {
        life.child(county).to_string()
    } else {
        life.units(county).into_iter().next().unwrap_or_default()
    };
    let leg = life.give_one(county, &taker).await?;
    life.work(&leg).await?;
    life.accept(&leg).await?;
    life.close().await?;
    life.call_back("unsatisfied").await?;
    let texts = vec![text(FieldName::Instruction, "诉求人不满意，请重新办理")];
    let verb = Verb::Redo(pb::Redo {
        matter: life.matter.clone(),
        taker: String::new(),
    });
    let done = life.say(county, DISPATCHER, texts, verb).await?;
    let Some(id) = done.legs.into_iter().next_back() else {
        return Err(life.trouble(county, "重办", "回答中没有交办"));
    };
    let again = life.named(county, id).await?;
    life.work(&again).await?;
    life.accept(&again).await?;
    life.close().await?;
    if life.dice.percent(60) {
        return life.call_back("satisfied").await;
    }
    // Unsatisfactory a second time: every level above learns of it.
    life.call_back("very-unsatisfied").await?;
    let province = life.town.world.federation.root();
    life.noticed(province, &again, "unsatisfactory-again").await
}
