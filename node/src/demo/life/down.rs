//! Down to those who handle it, and the result back up.

use super::steps::{Life, Step};
use hotline_topology::Level;

/// 派单目录 names the taker at every level: by place down to the township, where a unit handles it.
pub async fn by_catalogue(life: &mut Life) -> Step<()> {
    let (at, place) = (life.anywhere(), life.any(Level::Township));
    let below = life.town.world.federation.is_below(place, at);
    life.take_in_as(at, "normal", below.then_some(place))
        .await?;
    let mut way = Vec::new();
    let mut giver = at;
    loop {
        let legs = life.give(giver, &[], "").await?;
        let leg = life.only(giver, legs)?;
        life.arrived(&leg).await?;
        if life.dice.percent(50) {
            life.sign(&leg).await?;
        }
        giver = leg.node;
        let at_unit = leg.unit.is_some();
        way.push(leg);
        if at_unit {
            break;
        }
    }
    while let Some(leg) = way.pop() {
        life.result(&leg).await?;
        life.accept(&leg).await?;
    }
    life.finish().await
}

/// Province, city, county, township, unit: each hands it to the next.
pub async fn level_by_level(life: &mut Life) -> Step<()> {
    let origin = life.town.world.federation.root();
    life.take_in(origin).await?;
    let mut way = Vec::new();
    let mut giver = origin;
    loop {
        let taker = match life.town.world.federation.children(giver).is_empty() {
            true => life.units(giver).into_iter().next().unwrap_or_default(),
            false => life.child(giver).to_string(),
        };
        let leg = life.give_one(giver, &taker).await?;
        life.sign(&leg).await?;
        giver = leg.node;
        let at_unit = leg.unit.is_some();
        way.push(leg);
        if at_unit {
            break;
        }
    }
    if let Some(last) = way.last().cloned() {
        life.progress(&last).await?;
    }
    while let Some(leg) = way.pop() {
        life.result(&leg).await?;
        life.accept(&leg).await?;
    }
    life.finish().await
}
