//! People name things as they speak: codes by label, bodies by name, numbers by their end; refusals say what is near.

use super::fixture::{
    CITY, CLERK, COUNTY, DISPATCHER, Desk, HANDLER, OTHER_HANDLER, World, assign,
};
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;

async fn codes(desk: &Desk, vocabulary: &str, words: &str) -> Vec<pb::Code> {
    let request = pb::ListCodesRequest {
        vocabulary: vocabulary.to_owned(),
        words: words.to_owned(),
        limit: 0,
    };
    let answer = desk.client.list_codes(Some(CLERK), request).await;
    answer.unwrap().codes
}

async fn list(desk: &Desk, person: &str, request: pb::ListTicketsRequest) -> Vec<pb::Ticket> {
    let answer = desk.client.list_tickets(Some(person), request).await;
    answer.unwrap().tickets
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_list_of_codes_is_shown_and_found_by_words() {
    let world = World::make();
    let desk = world.node(CITY, None, true).await;
    for name in [
        "事项",
        "类型",
        "紧急程度",
        "渠道",
        "理由",
        "不予受理",
        "退单",
        "提级",
        "办结",
        "评价",
        "督办",
        "单位",
        "区划",
        "目的",
    ] {
        let all = codes(&desk, name, "").await;
        assert!(all.len() > 1, "{name}: {all:?}");
        let labelled = |code: &pb::Code| !code.code.is_empty() && !code.label.is_empty();
        assert!(all.iter().all(labelled), "{name}: {all:?}");
    }
    let found = codes(&desk, "事项", "供水").await;
    assert_eq!(
        (found[0].code.as_str(), found[0].label.as_str()),
        ("0201", "供水")
    );
    let found = codes(&desk, "区划", "泽州").await;
    assert_eq!(found[0].code, COUNTY.to_string());
    let near = codes(&desk, "督办", "领导批式").await;
    assert_eq!(near[0].code, "leader-instruction");
    let request = pb::ListCodesRequest {
        vocabulary: "天气".to_owned(),
        ..pb::ListCodesRequest::default()
    };
    let refused = desk
        .client
        .list_codes(Some(CLERK), request)
        .await
        .unwrap_err();
    assert!(refused.message.contains("事项"), "{refused}");
    desk.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn labels_and_names_are_taken_for_codes() {
    let world = World::make();
    let desk = world.node(CITY, None, true).await;
    let verb = |kind: &str, category: &str, place: &str| {
        Verb::TakeIn(pb::TakeIn {
            channel: "电话".to_owned(),
            kind: kind.to_owned(),
            category: category.to_owned(),
            urgency: "紧急".to_owned(),
            place: place.to_owned(),
            happened_at_ms: 0,
        })
    };
    let texts = [("title", "停水")];
    let made = desk
        .done(CLERK, verb("投诉", "供水", "泽州县"), &texts)
        .await;
    let shown = desk.show(DISPATCHER, &made.number).await.unwrap();
    let ticket = shown.ticket.unwrap();
    assert_eq!(
        [
            &ticket.channel,
            &ticket.kind,
            &ticket.category,
            &ticket.urgency,
            &ticket.place
        ],
        ["phone", "complaint", "0201", "urgent", COUNTY.as_str()]
    );
    let wrong = desk
        .ask(CLERK, "", verb("投拆", "供水", ""), &texts)
        .await
        .unwrap_err();
    assert!(wrong.message.contains("complaint（投诉）"), "{wrong}");
    let wrong = desk
        .ask(CLERK, "", verb("投诉", "供水", "泽洲"), &texts)
        .await
        .unwrap_err();
    assert!(
        wrong.message.contains("泽州县") && wrong.message.contains("hotline codes 区划"),
        "{wrong}"
    );

    // A unit by its full name; what is none is refused with what is near, and how to see all.
    let unit = &world.federation.region(CITY).unwrap().units[1];
    let wrong = desk
        .ask(DISPATCHER, "", assign(&made.number, "住健局"), &[])
        .await
        .unwrap_err();
    assert!(
        wrong.message.contains("hotline codes 单位") && wrong.message.contains("--to"),
        "{wrong}"
    );
    let given = desk
        .done(DISPATCHER, assign(&made.number, &unit.name), &[])
        .await;
    let close = |ground: &str| {
        Verb::Close(pb::Close {
            matter: made.number.clone(),
            ground: ground.to_owned(),
        })
    };
    let wrong = desk
        .ask(DISPATCHER, "", close("solvd"), &[("answer", "好")])
        .await
        .unwrap_err();
    assert!(
        wrong.message.contains("相近的有 solved") && wrong.message.contains("hotline codes 办结"),
        "{wrong}"
    );
    let wrong = desk
        .ask(DISPATCHER, "", close("解释说明"), &[("answer", "好")])
        .await
        .unwrap_err();
    assert_eq!(
        wrong.rule.as_deref(),
        Some("close.open-legs"),
        "the ground was found: {wrong}"
    );

    // The leg by the beginning of its id, the ticket by the end of its number.
    let leg = given.legs[0].clone();
    let sign = |leg: &str| {
        Verb::Sign(pb::OnLeg {
            leg: leg.to_owned(),
        })
    };
    desk.done(HANDLER, sign(&leg[..8]), &[]).await;
    let end = &made.number[made.number.len() - 6..];
    for name in [
        end,
        &end.replace('-', "").to_lowercase(),
        &leg[..8],
        &made.matter[..9],
    ] {
        let shown = desk.show(DISPATCHER, name).await.unwrap();
        assert_eq!(shown.ticket.unwrap().number, made.number, "{name}");
    }
    let other = desk.show(OTHER_HANDLER, end).await.unwrap_err();
    assert!(other.message.contains("没有编号以"), "{other}");
    for name in ["0", "ZZZZ", &"0".repeat(31)] {
        assert!(desk.show(DISPATCHER, name).await.is_err(), "{name}");
    }
    desk.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_shows_titles_and_finds_mine_what_waits_and_words() {
    let world = World::make();
    let desk = world.node(CITY, None, true).await;
    let first = desk.take_in().await;
    let [unit, _] = world.units(CITY);
    let given = desk
        .done(DISPATCHER, assign(&first.matter, &unit), &[])
        .await;
    let second = desk.take_in().await;
    let numbers = async |person: &str, request: pb::ListTicketsRequest| -> Vec<String> {
        let tickets = list(&desk, person, request).await;
        tickets.into_iter().map(|ticket| ticket.number).collect()
    };
    let search = |words: &str| pb::ListTicketsRequest {
        search: words.to_owned(),
        ..pb::ListTicketsRequest::default()
    };
    let waiting = || pb::ListTicketsRequest {
        waiting: true,
        ..pb::ListTicketsRequest::default()
    };
    let mine = || pb::ListTicketsRequest {
        mine: true,
        ..pb::ListTicketsRequest::default()
    };
    let lines = list(&desk, DISPATCHER, search("路灯")).await;
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].title, "路灯不亮");
    assert!(
        !lines[0].with.is_empty() && lines[1].with.is_empty(),
        "{lines:?}"
    );
    assert!(numbers(DISPATCHER, search("停水")).await.is_empty());
    let end = &second.number[second.number.len() - 6..];
    assert_eq!(
        numbers(DISPATCHER, search(end)).await,
        [second.number.as_str()]
    );

    assert_eq!(
        numbers(DISPATCHER, waiting()).await,
        [second.number.as_str()],
        "one to assign"
    );
    assert_eq!(
        numbers(HANDLER, waiting()).await,
        [first.number.as_str()],
        "one to sign for"
    );
    assert!(numbers(OTHER_HANDLER, waiting()).await.is_empty());
    assert_eq!(numbers(DISPATCHER, mine()).await, [first.number.as_str()]);
    assert_eq!(numbers(CLERK, mine()).await.len(), 2);
    assert_eq!(numbers(HANDLER, mine()).await, [first.number.as_str()]);

    let leg = given.legs[0].clone();
    desk.done(HANDLER, Verb::Sign(pb::OnLeg { leg: leg.clone() }), &[])
        .await;
    let result = Verb::SubmitResult(pb::OnGround {
        leg,
        ground: "solved".to_owned(),
    });
    desk.done(HANDLER, result, &[("result_text", "已修")]).await;
    assert!(
        numbers(HANDLER, waiting()).await.is_empty(),
        "it waits for the dispatcher"
    );
    assert_eq!(numbers(DISPATCHER, waiting()).await.len(), 2);
    desk.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_that_a_verb_has_no_use_for_is_refused() {
    let world = World::make();
    let desk = world.node(CITY, None, true).await;
    let made = desk.take_in().await;
    let note = Verb::Note(pb::OnMatter {
        matter: made.matter.clone(),
    });
    let texts = [("note", "记一笔"), ("rating_text", "好")];
    let refused = desk.ask(CLERK, "", note, &texts).await.unwrap_err();
    assert_eq!(refused.rule.as_deref(), Some("request.texts.field"));
    assert!(
        refused.message.contains("评价意见") && refused.message.contains("备注"),
        "{refused}"
    );
    desk.running.stop().await.unwrap();
}
