//! Who reads what at the door: every query by every role, lists like single tickets.

use super::fixture::{
    CITY, CLERK, DISPATCHER, Desk, HANDLER, OPERATOR, OTHER_HANDLER, SUPERVISOR, World, assign,
    take_in,
};
use super::{CallError, city};
use hotline_proto::operator::v1 as pb;
use std::collections::BTreeSet;
use tonic::Code;

const PEOPLE: [&str; 5] = [CLERK, DISPATCHER, HANDLER, SUPERVISOR, OPERATOR];

/// A ticket with everything in it that somebody might not read.
async fn full(desk: &Desk) -> String {
    let texts = [
        ("title", "路灯不亮"),
        ("content", "小区门口路灯坏了"),
        ("petitioner_name", "张某某"),
        ("contact", "号码一二三"),
    ];
    desk.done(CLERK, take_in(), &texts).await.matter
}

/// What was asked, as a program hears it: nothing, or the rule that refuses.
fn rule<T: std::fmt::Debug>(answer: Result<T, CallError>) -> String {
    match answer {
        Ok(_) => String::new(),
        Err(error) => {
            assert_eq!(error.code, Code::PermissionDenied, "{error:?}");
            error.rule.unwrap_or_default()
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_query_answers_each_role_as_the_rule_says() {
    let (_world, desk) = city(true).await;
    full(&desk).await;
    let client = &desk.client;
    const SEEN: &str = "";
    const ROLE: &str = "reading.role";
    const UNIT: &str = "authority.unit";
    // Clerk, dispatcher, a unit's handler, supervisor, operator.
    let links = [ROLE, SEEN, UNIT, SEEN, SEEN];
    let keys = [ROLE, ROLE, UNIT, SEEN, SEEN];
    for (at, person) in PEOPLE.into_iter().enumerate() {
        let who = Some(person);
        let queue = pb::ListQueueRequest {
            region: CITY.to_string(),
            ..Default::default()
        };
        let said = [
            (
                rule(client.list_links(who, Default::default()).await),
                links,
            ),
            (rule(client.list_queue(who, queue).await), links),
            (
                rule(client.list_missing(who, Default::default()).await),
                links,
            ),
            (rule(client.get_world(who, Default::default()).await), links),
            (rule(client.list_keys(who, Default::default()).await), keys),
            (
                rule(client.get_figures(who, Default::default()).await),
                [SEEN, SEEN, UNIT, SEEN, SEEN],
            ),
            (
                rule(client.list_tickets(who, Default::default()).await),
                [SEEN; 5],
            ),
            (
                rule(client.list_legs(who, Default::default()).await),
                [SEEN; 5],
            ),
            (
                rule(client.list_notices(who, Default::default()).await),
                [SEEN; 5],
            ),
            (
                rule(client.get_status(who, Default::default()).await),
                [SEEN; 5],
            ),
        ];
        for (no, (said, expected)) in said.into_iter().enumerate() {
            assert_eq!(said, expected[at], "query {no} by {person}");
        }
    }
    desk.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supervisor_reads_the_case_but_not_who_brought_it_and_an_operator_reads_no_text() {
    let (_world, desk) = city(true).await;
    let matter = full(&desk).await;
    let read = desk.show(SUPERVISOR, &matter).await.unwrap();
    let fields: Vec<_> = read.texts.iter().map(|text| text.field.as_str()).collect();
    assert_eq!(fields, ["title", "content"]);
    assert_eq!(read.withheld, ["contact", "petitioner_name"]);
    let shown = format!("{read:?}");
    assert!(!shown.contains("张某某") && !shown.contains("一二三"));

    let refused = desk.show(OPERATOR, &matter).await.unwrap_err();
    assert_eq!(
        (refused.code, refused.rule.as_deref()),
        (Code::PermissionDenied, Some("reading.content"))
    );
    assert!(refused.article.is_some(), "{refused:?}");
    let request = pb::GetTicketRequest {
        ticket: matter.clone(),
        ..Default::default()
    };
    let head = desk.client.get_ticket(Some(OPERATOR), request).await;
    let head = head.unwrap();
    assert!(head.texts.is_empty() && head.withheld.is_empty());
    for person in [CLERK, DISPATCHER] {
        let read = desk.show(person, &matter).await.unwrap();
        assert_eq!((read.texts.len(), read.withheld.len()), (4, 0), "{person}");
    }
    desk.running.stop().await.unwrap();
}

/// All pages of a person's list; every page but the last is full.
async fn pages(desk: &Desk, person: &str, sort: &str, limit: u32) -> Vec<pb::Ticket> {
    let (mut tickets, mut cursor) = (Vec::new(), String::new());
    loop {
        let request = pb::ListTicketsRequest {
            sort: sort.to_owned(),
            limit,
            cursor,
            ..Default::default()
        };
        let page = desk
            .client
            .list_tickets(Some(person), request)
            .await
            .unwrap();
        cursor = page.cursor;
        let many = page.tickets.len();
        tickets.extend(page.tickets);
        if cursor.is_empty() {
            return tickets;
        }
        assert_eq!(
            many, limit as usize,
            "{sort}: a page that is not the last is full"
        );
        // A cursor names a ticket that was shown, or the place right behind it.
        let number = |text: &str| u128::from_str_radix(text, 16).unwrap();
        let (_, named) = cursor.split_once('.').unwrap();
        let behind = |one: &pb::Ticket| number(named).wrapping_sub(number(&one.matter)) <= 1;
        assert!(tickets.iter().any(behind), "{sort}: {cursor}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_units_lists_hold_what_is_the_units_and_tell_of_nothing_else() {
    let world = World::make();
    let desk = world.node(CITY, None, true).await;
    let [unit, other] = world.units(CITY);
    let mut own = BTreeSet::new();
    for no in 0..15 {
        let matter = full(&desk).await;
        // The last ones are the other's, and nobody's: no page may end with a word of them.
        if no % 3 == 0 && no < 12 {
            desk.done(DISPATCHER, assign(&matter, &unit), &[]).await;
            own.insert(matter);
        } else if no % 3 == 1 {
            desk.done(DISPATCHER, assign(&matter, &other), &[]).await;
        }
    }
    for sort in ["oldest", "newest", "due"] {
        let listed = pages(&desk, HANDLER, sort, 2).await;
        let seen: BTreeSet<_> = listed.iter().map(|one| one.matter.clone()).collect();
        assert_eq!((listed.len(), &seen), (own.len(), &own), "{sort}");
        assert_eq!(pages(&desk, CLERK, sort, 2).await.len(), 15, "{sort}");
        assert!(
            pages(&desk, OTHER_HANDLER, sort, 2)
                .await
                .iter()
                .all(|one| !own.contains(&one.matter))
        );
    }

    let legs = async |taker: &str| {
        let request = pb::ListLegsRequest {
            taker: taker.to_owned(),
            ..Default::default()
        };
        desk.client.list_legs(Some(HANDLER), request).await
    };
    for taker in ["", &unit] {
        let legs = legs(taker).await.unwrap().legs;
        let seen: BTreeSet<_> = legs.into_iter().map(|leg| leg.matter).collect();
        assert_eq!(seen, own, "{taker}");
    }
    assert_eq!(rule(legs(&other).await), "authority.unit");

    // Of a ticket that both have had, each sees its own leg and what was said on it.
    let matter = own.first().unwrap().clone();
    let shared = desk.show(DISPATCHER, &matter).await.unwrap();
    let recall = super::Verb::Recall(pb::OnLeg {
        leg: shared.legs[0].id.clone(),
    });
    desk.done(DISPATCHER, recall, &[("reason", "另行交办")])
        .await;
    desk.done(
        DISPATCHER,
        assign(&matter, &other),
        &[("instruction", "只给另一单位的话")],
    )
    .await;
    let before = desk.show(HANDLER, &matter).await.unwrap();
    assert_eq!(before.legs.len(), 1);
    assert!(!format!("{before:?}").contains("只给另一单位的话"));
    assert_eq!(
        before.withheld,
        ["contact", "petitioner_name"],
        "its leg is over"
    );
    let after = desk.show(OTHER_HANDLER, &matter).await.unwrap();
    assert!(format!("{after:?}").contains("只给另一单位的话"));
    assert!(after.withheld.is_empty() && after.texts.len() == 4);
    desk.running.stop().await.unwrap();
}

async fn read(
    desk: &Desk,
    person: &str,
    ticket: &str,
    purpose: &str,
) -> Result<pb::TicketDetail, CallError> {
    let request = pb::GetTicketRequest {
        ticket: ticket.to_owned(),
        with_texts: true,
        purpose: purpose.to_owned(),
    };
    desk.client.get_ticket(Some(person), request).await
}

async fn readings(desk: &Desk, person: &str, ticket: &str, limit: u32) -> Vec<pb::Reading> {
    let (mut readings, mut cursor) = (Vec::new(), String::new());
    loop {
        let request = pb::ListReadingsRequest {
            ticket: ticket.to_owned(),
            limit,
            cursor,
        };
        let page = desk
            .client
            .list_readings(Some(person), request)
            .await
            .unwrap();
        readings.extend(page.readings);
        cursor = page.cursor;
        if cursor.is_empty() {
            return readings;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_names_a_purpose_and_is_on_record_before_it_is_answered() {
    let world = World::make();
    let desk = world.node(CITY, None, true).await;
    let matter = full(&desk).await;
    let version = desk
        .look(CLERK, &matter)
        .await
        .unwrap()
        .ticket
        .unwrap()
        .version;
    let refused = async |person, purpose| {
        let error = read(&desk, person, &matter, purpose).await.unwrap_err();
        (error.code, error.rule.unwrap_or_default(), error.message)
    };
    let (code, rule, words) = refused(CLERK, "").await;
    assert_eq!(
        (code, rule.as_str()),
        (Code::InvalidArgument, "reading.purpose")
    );
    assert!(
        words.contains("--purpose") && words.contains("办理（handle）"),
        "{words}"
    );
    let (code, rule, words) = refused(CLERK, "好奇").await;
    assert_eq!(
        (code, rule.as_str()),
        (Code::InvalidArgument, "request.purpose")
    );
    assert!(words.contains("回访（call-back）"), "{words}");
    let (code, rule, _) = refused(SUPERVISOR, "handle").await;
    assert_eq!(
        (code, rule.as_str()),
        (Code::PermissionDenied, "reading.purpose-role")
    );
    assert_eq!(readings(&desk, DISPATCHER, &matter, 9).await, []);

    let said = |detail: &pb::TicketDetail| -> Vec<String> {
        let entries = detail.timeline.iter();
        let readings = entries.filter(|entry| entry.what.starts_with("reading."));
        readings
            .map(|entry| format!("{} {}", entry.actor, entry.words))
            .collect()
    };
    let shown = read(&desk, SUPERVISOR, &matter, "督办").await.unwrap();
    assert_eq!(
        said(&shown),
        ["督办员戊 查阅 标题、内容，目的：督办，前端系统"]
    );
    read(&desk, CLERK, &matter, "petitioner").await.unwrap();
    let [by_clerk, by_supervisor] = &readings(&desk, SUPERVISOR, &matter, 1).await[..] else {
        panic!("two readings")
    };
    assert_eq!(by_clerk.who, CLERK);
    assert_eq!(
        by_clerk.fields,
        ["title", "content", "petitioner_name", "contact"]
    );
    assert_eq!(
        (by_clerk.purpose.as_str(), by_clerk.entrance.as_str()),
        ("petitioner", "front-end")
    );
    assert_eq!(by_supervisor.fields, ["title", "content"]);
    // Everybody sees their own; who answers for it sees all.
    assert_eq!(readings(&desk, CLERK, &matter, 9).await.len(), 1);
    assert_eq!(readings(&desk, OPERATOR, &matter, 9).await.len(), 0);
    let look = desk.look(CLERK, &matter).await.unwrap();
    assert_eq!(said(&look).len(), 1);
    assert_eq!(
        look.ticket.unwrap().version,
        version,
        "whoever reads disturbs nobody"
    );

    // The people of the unit that has it in hand need not say that they handle it.
    let [unit, _] = world.units(CITY);
    let leg = desk
        .done(DISPATCHER, assign(&matter, &unit), &[])
        .await
        .legs[0]
        .clone();
    read(&desk, HANDLER, &matter, "").await.unwrap();
    let own = readings(&desk, HANDLER, &matter, 9).await;
    assert_eq!(
        (own.len(), own[0].purpose.as_str(), &own[0].unit),
        (1, "handle", &unit)
    );
    let recall = super::Verb::Recall(pb::OnLeg { leg });
    desk.done(DISPATCHER, recall, &[("reason", "另行交办")])
        .await;
    let (_, rule, _) = refused(HANDLER, "").await;
    assert_eq!(rule, "reading.purpose");
    desk.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_that_reads_for_ever_pushes_nothing_out_of_the_timeline() {
    let (_world, desk) = city(true).await;
    let matter = full(&desk).await;
    const TIMES: usize = 700;
    let reading = || async { read(&desk, CLERK, &matter, "办理").await.unwrap() };
    futures::future::join_all((0..TIMES).map(|_| reading())).await;
    let detail = read(&desk, DISPATCHER, &matter, "办理").await.unwrap();
    let whats: Vec<_> = detail
        .timeline
        .iter()
        .map(|entry| entry.what.as_str())
        .collect();
    assert_eq!(whats, ["ticket.taken-in", "reading.texts", "reading.texts"]);
    assert!(detail.timeline[1].words.contains("共 199 次"), "{detail:?}");
    assert!(detail.older_readings);
    let all = readings(&desk, SUPERVISOR, &matter, 500).await;
    assert_eq!(all.len(), TIMES + 1);
    assert!(all.iter().rev().map(|one| one.at_ms).is_sorted());
    desk.running.stop().await.unwrap();
}
