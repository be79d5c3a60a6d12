//! 会办: several bodies, one lead; the matter closes when every one has reported.

use super::steps::{Given, Life, Step};
use super::up::raise;
use hotline_topology::{Level, RegionKey};

/// Units of one county share a matter.
pub async fn in_a_county(life: &mut Life) -> Step<()> {
    let county = life.any(Level::County);
    life.take_in(county).await?;
    let mut takers: Vec<String> = life.units(county).into_iter().take(2).collect();
    if life.dice.percent(50) {
        takers.push(life.child(county).to_string());
    }
    let legs = life.give(county, &takers, "").await?;
    shared(life, county, legs).await?;
    life.finish().await
}

/// The city gives a matter to both counties; who receives first leads.
pub async fn two_counties(life: &mut Life) -> Step<()> {
    let city = life.any(Level::City);
    life.take_in(city).await?;
    let legs = to_all_children(life, city).await?;
    shared(life, city, legs).await?;
    life.finish().await
}

/// A county's matter concerns the other county too: it goes up, and the city has both handle it.
pub async fn asked_from_below(life: &mut Life) -> Step<()> {
    let county = life.any(Level::County);
    life.take_in(county).await?;
    let up = raise(life, county, "other-area").await?;
    life.sign(&up).await?;
    let legs = to_all_children(life, up.node).await?;
    for leg in &legs {
        life.arrived(leg).await?;
        if leg.node == county {
            // It holds the matter already and reports what it did itself.
            life.result(leg).await?;
        } else {
            life.work(leg).await?;
        }
    }
    for leg in &legs {
        life.accept(leg).await?;
    }
    life.result(&up).await?;
    life.ended(county, &up, "done").await?;
    life.finish().await
}

async fn to_all_children(life: &mut Life, at: RegionKey) -> Step<Vec<Given>> {
    let children = life.town.world.federation.children(at).to_vec();
    let takers: Vec<String> = children.iter().map(ToString::to_string).collect();
    life.give(at, &takers, "").await
}

/// All handle it; the giver looks that one leads, and rules on each result.
async fn shared(life: &mut Life, giver: RegionKey, legs: Vec<Given>) -> Step<()> {
    for leg in &legs {
        life.arrived(leg).await?;
    }
    let known: Vec<String> = legs.iter().map(|leg| leg.id.clone()).collect();
    life.until(giver, "等待主办确定", |detail| {
        let ticket = detail.ticket.as_ref()?;
        (ticket.term > 0 && known.contains(&ticket.lead)).then_some(())
    })
    .await?;
    for leg in &legs {
        life.work(leg).await?;
    }
    for leg in &legs {
        life.accept(leg).await?;
    }
    Ok(())
}
