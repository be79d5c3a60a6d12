//! Lists in pages: nothing twice, nothing left out.

use super::fixture::{CITY, CLERK, DISPATCHER, World, assign};
use futures::future::join_all;
use hotline_proto::operator::v1 as pb;
use std::collections::BTreeSet;

const TICKETS: usize = 120;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_ticket_and_every_leg_stands_on_exactly_one_page() {
    let world = World::make();
    let desk = world.node(CITY, None, true).await;
    let taken_in = join_all((0..TICKETS).map(|_| desk.take_in())).await;
    let matters: BTreeSet<_> = taken_in.iter().map(|done| done.matter.clone()).collect();
    assert_eq!(matters.len(), TICKETS);
    for sort in ["oldest", "newest", "due"] {
        let pages = tickets(&desk.client, sort, 50).await;
        assert!(pages.iter().all(|page| page.len() <= 50), "{sort}");
        let all: Vec<_> = pages.concat();
        let seen: BTreeSet<_> = all.iter().map(|ticket| ticket.matter.clone()).collect();
        assert_eq!((all.len(), &seen), (TICKETS, &matters), "{sort}");
        let ages: Vec<_> = all.iter().map(|ticket| ticket.since_ms).collect();
        match sort {
            "oldest" => assert!(ages.is_sorted(), "{ages:?}"),
            "newest" => assert!(ages.iter().rev().is_sorted(), "{ages:?}"),
            _ => assert!(all.iter().map(|ticket| ticket.due_ms).is_sorted()),
        }
    }

    let [unit, other] = world.units(CITY);
    join_all(matters.iter().enumerate().map(async |(at, matter)| {
        let taker = if at % 3 == 0 { &other } else { &unit };
        desk.done(DISPATCHER, assign(matter, taker), &[]).await
    }))
    .await;
    let whole = legs(&desk.client, "").await;
    let ids: BTreeSet<_> = whole.iter().map(|leg| leg.id.clone()).collect();
    assert_eq!((whole.len(), ids.len()), (TICKETS, TICKETS));
    let of_unit = legs(&desk.client, &unit).await;
    assert_eq!(of_unit.len(), TICKETS - TICKETS.div_ceil(3));
    let body = format!("{CITY}/{unit}");
    assert!(of_unit.iter().all(|leg| leg.taker == body));
    desk.running.stop().await.unwrap();
}

async fn tickets(client: &super::Client, sort: &str, limit: u32) -> Vec<Vec<pb::Ticket>> {
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let request = pb::ListTicketsRequest {
            sort: sort.to_owned(),
            limit,
            cursor,
            ..pb::ListTicketsRequest::default()
        };
        let page = client.list_tickets(Some(CLERK), request).await.unwrap();
        pages.push(page.tickets);
        cursor = page.cursor;
        if cursor.is_empty() {
            return pages;
        }
        assert!(pages.len() < TICKETS, "pages without end");
    }
}

async fn legs(client: &super::Client, taker: &str) -> Vec<pb::Leg> {
    let (mut legs, mut cursor) = (Vec::new(), String::new());
    loop {
        let request = pb::ListLegsRequest {
            taker: taker.to_owned(),
            limit: 50,
            cursor,
            ..pb::ListLegsRequest::default()
        };
        let page = client.list_legs(Some(CLERK), request).await.unwrap();
        legs.extend(page.legs);
        cursor = page.cursor;
        if cursor.is_empty() {
            return legs;
        }
    }
}
