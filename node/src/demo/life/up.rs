//! 提级上报: an own intake beyond one's powers goes up; the superior's answer comes down, and the origin tells the
//! petitioner.

use super::steps::{Given, Life, Step, text};
use crate::demo::world::DISPATCHER;
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_topology::{FieldName, Level, RegionKey};

/// Raises the matter from a node to the one above.
pub(super) async fn raise(life: &mut Life, at: RegionKey, ground: &str) -> Step<Given> {
    let texts = vec![text(FieldName::StageReport, "已核实情况，超出本级权限")];
    let verb = Verb::Escalate(pb::Close {
        matter: life.matter.clone(),
        ground: ground.to_owned(),
    });
    let done = life.say(at, DISPATCHER, texts, verb).await?;
    let Some(id) = done.legs.into_iter().next_back() else {
        return Err(life.trouble(at, "提级上报", "回答中没有交办"));
    };
    life.named(at, id).await
}

/// From a township to its county, whose unit handles it.
pub async fn raised(life: &mut Life) -> Step<()> {
    let town = life.any(Level::Township);
    life.take_in(town).await?;
    let up = raise(life, town, "beyond-authority").await?;
    handled_above(life, &up).await?;
    life.finish().await
}

/// The superior accepts, has it handled by a unit of its own, and answers.
async fn handled_above(life: &mut Life, up: &Given) -> Step<()> {
    life.sign(up).await?;
    let unit = life.units(up.node).into_iter().next().unwrap_or_default();
    let leg = life.give_one(up.node, &unit).await?;
    life.work(&leg).await?;
    life.accept(&leg).await?;
    life.result(up).await?;
    life.ended(up.giver, up, "done").await
}

/// From a township to its county, and from there to the city.
pub async fn raised_twice(life: &mut Life) -> Step<()> {
    let town = life.any(Level::Township);
    life.take_in(town).await?;
    let to_county = raise(life, town, "hard-to-solve").await?;
    life.sign(&to_county).await?;
    let to_city = raise(life, to_county.node, "hard-to-solve").await?;
    handled_above(life, &to_city).await?;
    life.result(&to_county).await?;
    life.ended(town, &to_county, "done").await?;
    life.finish().await
}

/// The superior declines; the county handles it itself.
pub async fn declined(life: &mut Life) -> Step<()> {
    let county = life.any(Level::County);
    life.take_in(county).await?;
    let up = raise(life, county, "hard-to-solve").await?;
    life.arrived(&up).await?;
    let texts = vec![text(FieldName::Reason, "属于县级权限，请自行办理")];
    let verb = Verb::AskReturn(pb::AskReturn {
        leg: up.id.clone(),
        ground: "not-our-duty".to_owned(),
        basis: "权责清单".to_owned(),
    });
    life.say(up.node, DISPATCHER, texts, verb).await?;
    life.ended(county, &up, "returned").await?;
    let unit = life.units(county).into_iter().next().unwrap_or_default();
    let leg = life.give_one(county, &unit).await?;
    life.work(&leg).await?;
    life.accept(&leg).await?;
    life.finish().await
}
