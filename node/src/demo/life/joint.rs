//! 会办: several bodies, one lead; the matter closes when every one has reported.

use super::steps::{Given, Life, Step};
use super::up::raise;
use hotline_proto::operator::v1 as pb;
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
    life.until(giver, "等待按最早回执确定主办", |detail| {
        let lead = &detail.ticket.as_ref()?.lead;
        (Some(lead) == earliest(detail, &legs)).then_some(())
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

/// The leg whose receipt is the earliest, once all receipts are in; ties by the order of giving.
fn earliest<'a>(detail: &pb::TicketDetail, legs: &'a [Given]) -> Option<&'a String> {
    let mut received = Vec::new();
    for leg in legs {
        let known = |known: &&pb::Leg| known.id == leg.id && known.side != "sight";
        let at = detail.legs.iter().find(known)?.delivered_at_ms;
        if at == 0 {
            return None;
        }
        received.push((at, &leg.id));
    }
    received
        .into_iter()
        .min_by_key(|(at, _)| *at)
        .map(|(_, id)| id)
}
