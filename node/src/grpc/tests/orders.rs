//! A superior supervises what it has no ticket of, by the same commands as a giver, and reads what was replied.

use super::fixture::{
    CITY, CLERK, COUNTY, DISPATCHER, Desk, HANDLER, OPERATOR, OTHER_HANDLER, World, assign,
};
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use std::time::Duration;
use tonic::Code;

fn supervise(leg: &str) -> Verb {
    Verb::Supervise(pb::Supervise {
        leg: leg.to_owned(),
        trigger: "other".to_owned(),
        reply_by_ms: 0,
    })
}

fn on_order(order: &str) -> pb::OnOrder {
    pb::OnOrder {
        order: order.to_owned(),
        leg: String::new(),
    }
}

fn rating(number: &str) -> Verb {
    Verb::CallBack(pb::CallBack {
        matter: number.to_owned(),
        rating: "unsatisfied".to_owned(),
    })
}

/// The unit handles it, the county accepts and closes, and the petitioner is not satisfied.
async fn badly_done(county: &Desk, number: &str, leg: &str) {
    let result = Verb::SubmitResult(pb::OnGround {
        leg: leg.to_owned(),
        ground: "solved".to_owned(),
    });
    county
        .done(HANDLER, result, &[("result_text", "已修")])
        .await;
    let accept = Verb::Rule(pb::Rule {
        leg: leg.to_owned(),
        request: 1,
        granted: true,
        basis: String::new(),
    });
    county.done(DISPATCHER, accept, &[]).await;
    let close = Verb::Close(pb::Close {
        matter: number.to_owned(),
        ground: "solved".to_owned(),
    });
    county.done(DISPATCHER, close, &[("answer", "已修")]).await;
    county.done(CLERK, rating(number), &[]).await;
}

async fn list(desk: &Desk, person: &str, about: &str, side: &str) -> Vec<pb::OrderHere> {
    let request = pb::ListOrdersRequest {
        about: about.to_owned(),
        side: side.to_owned(),
        ..pb::ListOrdersRequest::default()
    };
    desk.client
        .list_orders(Some(person), request)
        .await
        .unwrap()
        .orders
}

/// Waits until a node lists so many orders that fit.
async fn until(desk: &Desk, about: &str, fits: impl Fn(&pb::SupervisionOrder) -> bool) {
    for _ in 0..3000 {
        let orders = list(desk, DISPATCHER, about, "").await;
        if orders
            .iter()
            .filter_map(|here| here.order.as_ref())
            .any(&fits)
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no such order of {about}");
}

async fn show(
    desk: &Desk,
    person: &str,
    order: &str,
    with_texts: bool,
) -> Result<pb::OrderDetail, crate::cli::client::CallError> {
    let request = pb::GetOrderRequest {
        order: order.to_owned(),
        with_texts,
        purpose: if with_texts { "supervise" } else { "" }.to_owned(),
    };
    desk.client.get_order(Some(person), request).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_superior_supervises_by_number_what_it_has_no_ticket_of() {
    let world = World::make();
    let city = world.node(CITY, None, true).await;
    let county = world
        .node(COUNTY, city.running.federation_address, true)
        .await;
    let [unit, _] = world.units(COUNTY);
    let taken = county.take_in().await;
    let number = taken.number.as_str();
    let unknown = city
        .ask(DISPATCHER, "", supervise(number), &[])
        .await
        .unwrap_err();
    assert_eq!(unknown.code, Code::NotFound, "{unknown:?}");
    let first = county
        .done(DISPATCHER, assign(number, &unit), &[])
        .await
        .legs[0]
        .clone();
    badly_done(&county, number, &first).await;
    let redo = Verb::Redo(pb::Redo {
        matter: number.to_owned(),
        taker: String::new(),
    });
    let again = county.done(DISPATCHER, redo, &[]).await.legs[0].clone();
    badly_done(&county, number, &again).await;

    // The notice of it comes to the city, which has no ticket.
    let text = [("instruction", "限三日重办")];
    let mut order = None;
    for _ in 0..3000 {
        if let Ok(done) = city.ask(DISPATCHER, "", supervise(number), &text).await {
            order = Some(done.order);
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let order = order.expect("supervised by the ticket's number");
    assert_eq!(list(&city, DISPATCHER, number, "given").await.len(), 1);
    assert!(list(&city, DISPATCHER, "", "received").await.is_empty());
    // By the beginning of the order's id, and of the leg's.
    city.done(
        DISPATCHER,
        Verb::Remind(on_order(&order[..8])),
        &[("instruction", "请抓紧")],
    )
    .await;
    city.done(
        DISPATCHER,
        Verb::Remind(on_order(&again[..8])),
        &[("instruction", "请抓紧")],
    )
    .await;
    until(&county, number, |order| order.reminders == 2).await;
    assert_eq!(list(&county, HANDLER, number, "received").await.len(), 1);
    assert!(list(&county, OTHER_HANDLER, number, "").await.is_empty());
    assert!(show(&county, OTHER_HANDLER, &order, false).await.is_err());

    let reply = Verb::ReplyOrder(on_order(number));
    county
        .done(HANDLER, reply, &[("result_text", "明日重修")])
        .await;
    until(&city, &order, |order| order.replied_at_ms > 0).await;
    let detail = show(&city, DISPATCHER, number, true).await.unwrap();
    let said: Vec<_> = (detail.entries.iter())
        .map(|entry| (entry.step.as_str(), entry.texts[0].value.as_str()))
        .collect();
    let expected = [
        ("issued", "限三日重办"),
        ("reminded", "请抓紧"),
        ("reminded", "请抓紧"),
        ("replied", "明日重修"),
    ];
    assert_eq!(said, expected);
    // What was opened is on record before it is shown, here without a ticket.
    let unnamed = pb::GetOrderRequest {
        order: order.clone(),
        with_texts: true,
        purpose: String::new(),
    };
    let refused = city
        .client
        .get_order(Some(DISPATCHER), unnamed)
        .await
        .unwrap_err();
    assert_eq!(refused.rule.as_deref(), Some("reading.purpose"));
    let [read] = &detail.readings[..] else {
        panic!("one reading: {:?}", detail.readings)
    };
    assert_eq!(
        (read.who.as_str(), read.purpose.as_str(), &read.order),
        (DISPATCHER, "supervise", &order)
    );
    // Closed texts stay closed, and are no affair of whoever only runs the machine.
    let shut = show(&city, DISPATCHER, number, false).await.unwrap();
    assert!(shut.entries.iter().all(|entry| entry.texts.is_empty()));
    assert_eq!(shut.readings.len(), 1, "{:?}", shut.readings);
    let refused = show(&city, OPERATOR, number, true).await.unwrap_err();
    assert_eq!(refused.code, Code::PermissionDenied);
    // At the other end, out of the ticket's timeline.
    let there = show(&county, DISPATCHER, &order, true).await.unwrap();
    assert_eq!(there.entries.len(), 4, "{there:?}");

    city.done(
        DISPATCHER,
        Verb::EndOrder(on_order(number)),
        &[("reason", "已落实")],
    )
    .await;
    until(&county, number, |order| order.ended_at_ms > 0).await;
    // A second try under another key is told that it has ended, not that there is none.
    let twice = city
        .ask(DISPATCHER, "", Verb::EndOrder(on_order(number)), &[])
        .await
        .unwrap_err();
    assert_eq!(twice.rule.as_deref(), Some("order.ended"));
    county.running.stop().await.unwrap();
    city.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_origin_supervises_what_it_sees_of_a_leg_between_others() {
    let world = World::make();
    let city = world.node(CITY, None, true).await;
    let county = world
        .node(COUNTY, city.running.federation_address, true)
        .await;
    let [unit, _] = world.units(COUNTY);
    let taken = city.take_in().await;
    let number = taken.number.as_str();
    city.done(DISPATCHER, assign(number, COUNTY.as_str()), &[])
        .await;
    county
        .until(&taken.matter, |detail| detail.ticket.is_some())
        .await;
    let below = county
        .done(DISPATCHER, assign(number, &unit), &[])
        .await
        .legs[0]
        .clone();
    city.until(number, |detail| {
        detail.legs.iter().any(|leg| leg.id == below)
    })
    .await;
    let text = [("instruction", "请说明进展")];
    let order = city.done(DISPATCHER, supervise(&below), &text).await.order;
    until(&county, &below, |there| there.id == order).await;
    // The number means the leg that the city gave itself.
    let own = city.done(DISPATCHER, supervise(number), &text).await;
    assert_ne!(own.legs, std::slice::from_ref(&below));
    // Now two orders run: which one is meant must be said.
    let several = city
        .ask(DISPATCHER, "", Verb::EndOrder(on_order(number)), &[])
        .await
        .unwrap_err();
    assert_eq!(several.code, Code::InvalidArgument);
    assert!(several.message.contains(&order) && several.message.contains(&own.order));
    city.done(
        DISPATCHER,
        Verb::EndOrder(on_order(&below)),
        &[("reason", "已落实")],
    )
    .await;
    county.running.stop().await.unwrap();
    city.running.stop().await.unwrap();
}
