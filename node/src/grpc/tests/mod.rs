//! The door of a running node, called as people's programs call it.

mod codes;
pub(crate) mod fixture;
mod garbage;
mod orders;
mod paging;
mod reading;
mod remote;
mod two_nodes;

use crate::cli::client::{CallError, Client};
use fixture::{CITY, CLERK, DISPATCHER, Desk, HANDLER, OTHER_HANDLER, World, assign, take_in};
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio_stream::StreamExt as _;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

async fn city(front_end: bool) -> (World, Desk) {
    let world = World::make();
    let desk = world.node(CITY, None, front_end).await;
    (world, desk)
}

fn what(result: Result<pb::Done, CallError>) -> (Code, String, Option<String>) {
    let error = result.unwrap_err();
    assert!(!error.message.is_empty() && error.reached, "{error:?}");
    (error.code, error.rule.unwrap_or_default(), error.article)
}

fn close(matter: &str, ground: &str) -> Verb {
    Verb::Close(pb::Close {
        matter: matter.to_owned(),
        ground: ground.to_owned(),
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_names_its_status_its_rule_and_its_article() {
    let (world, desk) = city(true).await;
    let matter = desk.take_in().await.matter;
    let refused = async |person: &str, verb| what(desk.ask(person, "", verb, &[]).await);

    let (code, rule, _) = refused(CLERK, take_in()).await;
    assert_eq!(
        (code, rule.as_str()),
        (Code::InvalidArgument, "intake.content")
    );
    let (code, rule, _) = refused(CLERK, assign(&matter, "140525000000")).await;
    assert_eq!(
        (code, rule.as_str()),
        (Code::PermissionDenied, "authority.role")
    );
    let (code, rule, _) = refused(DISPATCHER, assign(&matter, "990000000000")).await;
    assert_eq!(
        (code, rule.as_str()),
        (Code::InvalidArgument, "assign.reach")
    );
    let (code, rule, _) = refused(DISPATCHER, close(&matter, "no-such-ground")).await;
    assert_eq!(
        (code, rule.as_str()),
        (Code::FailedPrecondition, "close.ground")
    );
    let (code, ..) = refused(DISPATCHER, close(&"0".repeat(32), "solved")).await;
    assert_eq!(code, Code::NotFound);

    let [unit, _] = world.units(CITY);
    let leg = desk
        .done(DISPATCHER, assign(&matter, &unit), &[])
        .await
        .legs[0]
        .clone();
    let ask = Verb::AskReturn(pb::AskReturn {
        leg,
        ground: "no-such-ground".to_owned(),
        basis: "三定方案".to_owned(),
    });
    let (code, rule, article) = refused(HANDLER, ask).await;
    assert_eq!(
        (code, rule.as_str()),
        (Code::FailedPrecondition, "return.ground")
    );
    assert!(article.is_some_and(|article| article.contains("通化市办法第十五条")));

    let stale = pb::Command {
        seen: 1,
        verb: Some(Verb::Note(pb::OnMatter {
            matter: matter.clone(),
        })),
        texts: vec![pb::Text {
            field: "note".to_owned(),
            value: "记一笔".to_owned(),
            erased: false,
        }],
        ..pb::Command::default()
    };
    let (code, ..) = what(desk.client.execute(Some(CLERK), stale).await);
    assert_eq!(code, Code::Aborted);
    desk.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_does_it_once_and_is_refused_with_other_content() {
    let (_world, desk) = city(true).await;
    let texts = [("title", "路灯不亮")];
    let first = desk.ask(CLERK, "k1", take_in(), &texts).await.unwrap();
    let again = desk.ask(CLERK, "k1", take_in(), &texts).await.unwrap();
    assert_eq!(first, again);
    let other = what(
        desk.ask(CLERK, "k1", take_in(), &[("title", "井盖丢失")])
            .await,
    );
    assert_eq!(other.0, Code::InvalidArgument);
    assert_eq!(other.1, "command.key-reused");
    // A key belongs to its operator.
    let anothers = desk.ask(DISPATCHER, "k1", take_in(), &texts).await.unwrap();
    assert_ne!(first.matter, anothers.matter);
    desk.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_people_of_the_configuration_are_let_in() {
    let (_world, desk) = city(true).await;
    let unknown = what(
        desk.ask("不认识的人", "", take_in(), &[("title", "路灯")])
            .await,
    );
    assert_eq!(unknown.0, Code::Unauthenticated);
    let status = desk.client.get_status(None, pb::GetStatusRequest {}).await;
    assert_eq!(status.unwrap_err().code, Code::Unauthenticated);
    let status = desk
        .client
        .get_status(Some(CLERK), pb::GetStatusRequest {})
        .await;
    assert_eq!(status.unwrap().region, CITY.as_str());
    desk.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_no_front_end_cannot_speak_for_others() {
    let (_world, desk) = city(false).await;
    let refused = what(desk.ask(CLERK, "", take_in(), &[("title", "路灯")]).await);
    assert_eq!(refused.0, Code::Unauthenticated);
    desk.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slip_in_a_number_is_told_from_an_unknown_ticket() {
    let (_world, desk) = city(true).await;
    let number = desk.take_in().await.number;
    let known = desk.show(CLERK, &number.to_lowercase()).await.unwrap();
    assert_eq!(known.ticket.unwrap().number, number);
    assert_eq!(known.texts.len(), 2);
    // One digit misread.
    let at = number
        .rfind(|letter: char| letter.is_ascii_digit())
        .unwrap();
    let digit = if &number[at..=at] == "3" { "4" } else { "3" };
    let slip = format!("{}{digit}{}", &number[..at], &number[at + 1..]);
    let error = desk.show(CLERK, &slip).await.unwrap_err();
    assert_eq!(
        (error.code, error.rule.as_deref()),
        (Code::InvalidArgument, Some("request.ticket"))
    );
    let error = desk.show(CLERK, &"0".repeat(32)).await.unwrap_err();
    assert_eq!(error.code, Code::NotFound);
    desk.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_sees_and_handles_only_what_the_own_unit_has() {
    let (world, desk) = city(true).await;
    let [unit, _] = world.units(CITY);
    let matter = desk.take_in().await.matter;
    assert_eq!(
        desk.show(HANDLER, &matter).await.unwrap_err().code,
        Code::PermissionDenied
    );
    let leg = desk
        .done(DISPATCHER, assign(&matter, &unit), &[])
        .await
        .legs[0]
        .clone();
    let sign = Verb::Sign(pb::OnLeg { leg: leg.clone() });
    let (code, ..) = what(desk.ask(OTHER_HANDLER, "", sign.clone(), &[]).await);
    assert_eq!(code, Code::PermissionDenied);
    assert_eq!(
        desk.show(OTHER_HANDLER, &matter).await.unwrap_err().code,
        Code::PermissionDenied
    );
    desk.done(HANDLER, sign, &[]).await;
    // A ticket may be named by one of its legs.
    let detail = desk.show(HANDLER, &leg).await.unwrap();
    assert_eq!(detail.ticket.unwrap().matter, matter);
    assert_eq!(detail.legs[0].stage, "signed");
    desk.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_and_keys_are_bounded_at_the_door() {
    let (_world, desk) = city(true).await;
    let take_in_by = |channel: String| {
        Verb::TakeIn(pb::TakeIn {
            channel,
            kind: "help".to_owned(),
            category: "0201".to_owned(),
            ..pb::TakeIn::default()
        })
    };
    let long = what(
        desk.ask(CLERK, "", take_in_by("长".repeat(54)), &[("title", "一")])
            .await,
    );
    assert_eq!(
        (long.0, long.1.as_str()),
        (Code::InvalidArgument, "request.channel")
    );
    let control = desk.ask(
        CLERK,
        "",
        take_in_by("a\u{7}".to_owned()),
        &[("title", "一")],
    );
    assert_eq!(what(control.await).1, "request.channel");
    let key = what(
        desk.ask(CLERK, &"k".repeat(129), take_in(), &[("title", "一")])
            .await,
    );
    assert_eq!(
        (key.0, key.1.as_str()),
        (Code::InvalidArgument, "request.key")
    );
    let matter = desk.take_in().await.matter;
    let basis = Verb::Assign(pb::Assign {
        matter,
        basis: "据".repeat(6000),
        ..pb::Assign::default()
    });
    assert_eq!(
        what(desk.ask(DISPATCHER, "", basis, &[]).await).1,
        "request.basis"
    );
    desk.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_and_reflection_answer() {
    let (_world, desk) = city(true).await;
    let channel = channel(desk.socket.clone()).await;
    let health = HealthClient::new(channel.clone())
        .check(HealthCheckRequest::default())
        .await
        .unwrap();
    assert_eq!(health.into_inner().status, 1);
    let ask = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers = ServerReflectionClient::new(channel)
        .server_reflection_info(tokio_stream::once(ask))
        .await
        .unwrap()
        .into_inner();
    let answer = answers.next().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(services)) = answer.message_response else {
        panic!("{answer:?}");
    };
    let named = |name: &str| services.service.iter().any(|service| service.name == name);
    assert!(named("hotline.operator.v1.Operator"), "{services:?}");
    drop(answers);
    desk.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_node_is_not_reached() {
    let (_world, desk) = city(true).await;
    let socket = desk.socket.clone();
    desk.running.stop().await.unwrap();
    assert!(!Client::connect(&socket).await.unwrap_err().reached);
}

async fn channel(socket: std::path::PathBuf) -> Channel {
    let connector = tower::service_fn(move |_| {
        let socket = socket.clone();
        async move { UnixStream::connect(socket).await.map(TokioIo::new) }
    });
    Endpoint::from_static("http://operator.invalid")
        .connect_with_connector(connector)
        .await
        .unwrap()
}
