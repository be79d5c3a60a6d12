//! A city and its county, each a whole node, over TLS: a matter goes down, is handled, and comes back.

use super::fixture::{CITY, CLERK, COUNTY, DISPATCHER, HANDLER, World, assign};
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;

fn on(leg: &str) -> pb::OnLeg {
    pb::OnLeg {
        leg: leg.to_owned(),
    }
}

fn result(leg: &str) -> Verb {
    Verb::SubmitResult(pb::OnGround {
        leg: leg.to_owned(),
        ground: "solved".to_owned(),
    })
}

fn accept(leg: &pb::Leg) -> Verb {
    Verb::Rule(pb::Rule {
        leg: leg.id.clone(),
        request: leg.request,
        granted: true,
        basis: String::new(),
    })
}

fn the<'a>(detail: &'a pb::TicketDetail, id: &str) -> Option<&'a pb::Leg> {
    detail.legs.iter().find(|leg| leg.id == id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_matter_goes_down_is_handled_and_is_closed_at_its_origin() {
    let world = World::make();
    let city = world.node(CITY, None, true).await;
    let county = world
        .node(COUNTY, city.running.federation_address, true)
        .await;
    let taken = city.take_in().await;
    let number = taken.number.as_str();

    let down = city
        .done(DISPATCHER, assign(number, COUNTY.as_str()), &[])
        .await
        .legs[0]
        .clone();
    county
        .until(&taken.matter, |detail| detail.ticket.is_some())
        .await;
    let texts = county.show(DISPATCHER, &taken.matter).await.unwrap().texts;
    assert!(
        texts.iter().any(|text| text.value == "小区门口路灯坏了"),
        "{texts:?}"
    );
    county.done(DISPATCHER, Verb::Sign(on(&down)), &[]).await;

    let [unit, _] = world.units(COUNTY);
    let below = county
        .done(DISPATCHER, assign(number, &unit), &[])
        .await
        .legs[0]
        .clone();
    county.done(HANDLER, Verb::Sign(on(&below)), &[]).await;
    let origin = city
        .until(number, |detail| {
            the(detail, &down).is_some_and(|leg| leg.signed_at_ms > 0)
                && the(detail, &below).is_some_and(|leg| leg.stage == "signed")
        })
        .await;
    let sight = the(&origin, &below).unwrap();
    assert_eq!((sight.side.as_str(), sight.days), ("sight", 0));
    assert!(
        sight.taker_name.starts_with("县级 泽州县 "),
        "{}",
        sight.taker_name
    );

    county
        .done(HANDLER, result(&below), &[("result_text", "已换灯泡")])
        .await;
    let detail = county.show(DISPATCHER, number).await.unwrap();
    county
        .done(DISPATCHER, accept(the(&detail, &below).unwrap()), &[])
        .await;
    county
        .done(DISPATCHER, result(&down), &[("result_text", "路灯已修复")])
        .await;
    let origin = city
        .until(number, |detail| {
            the(detail, &down).is_some_and(|leg| leg.request > 0)
        })
        .await;
    city.done(DISPATCHER, accept(the(&origin, &down).unwrap()), &[])
        .await;
    let close = Verb::Close(pb::Close {
        matter: number.to_owned(),
        ground: "solved".to_owned(),
    });
    city.done(DISPATCHER, close, &[("answer", "路灯已修复")])
        .await;

    let closed = city
        .until(number, |detail| {
            detail.legs.iter().all(|leg| !leg.closure.is_empty())
        })
        .await;
    let ticket = closed.ticket.unwrap();
    assert_eq!(
        (ticket.stage.as_str(), ticket.closed_ground.as_str()),
        ("closed", "solved")
    );
    let words: Vec<_> = closed
        .timeline
        .iter()
        .map(|entry| entry.what.as_str())
        .collect();
    assert!(
        words.contains(&"ticket.taken-in") && words.contains(&"leg.offer"),
        "{words:?}"
    );
    let rating = Verb::CallBack(pb::CallBack {
        matter: number.to_owned(),
        rating: "satisfied".to_owned(),
    });
    city.done(CLERK, rating, &[]).await;

    let links = city
        .client
        .list_links(Some(DISPATCHER), pb::ListLinksRequest {})
        .await
        .unwrap();
    assert!(
        links
            .links
            .iter()
            .any(|link| link.connected && link.side == "child"),
        "{links:?}"
    );
    county.running.stop().await.unwrap();
    city.running.stop().await.unwrap();
}
