//! A cut wire and a slow one: nothing is lost, and the link comes back by itself.

use hotline::cli::client::Client;
use hotline::demo::proxy::Wire;
use hotline::demo::world::{CLERK, DISPATCHER, OPERATOR};
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_tests::processes::{Town, until};
use hotline_topology::Level;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_and_a_slow_wire_delay_and_lose_nothing() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let plan = hotline::demo::world::federation()?;
    let city = *plan
        .regions()
        .iter()
        .find(|(_, region)| region.level == Level::City)
        .expect("a city")
        .0;
    let county = plan.children(city)[0];
    let mut town = Town::start(folder.path(), &[city, county]).await?;
    let (above, below) = (town.door(city).await?, town.door(county).await?);
    until("the link stands", || connected(&above, true)).await?;

    town.wire(county, Wire::Cut);
    until("the cut is noticed", || connected(&above, false)).await?;
    let matter = give(&above, &county.to_string()).await?;
    assert!(
        !arrived(&below, &matter).await?,
        "nothing passes a cut wire"
    );
    town.wire(county, Wire::Open);
    until("what waited arrives", || arrived(&below, &matter)).await?;

    town.wire(county, Wire::Slow(Duration::from_millis(150)));
    let slow = give(&above, &county.to_string()).await?;
    until("it arrives over the slow wire", || arrived(&below, &slow)).await?;
    until("its receipt comes back", || receipted(&above, &slow)).await?;
    town.stop().await
}

pub(crate) async fn connected(door: &Client, wanted: bool) -> anyhow::Result<bool> {
    let links = door
        .list_links(Some(OPERATOR), pb::ListLinksRequest {})
        .await?
        .links;
    Ok(links.iter().any(|link| link.connected) == wanted)
}

pub(crate) async fn give(door: &Client, to: &str) -> anyhow::Result<String> {
    let texts = vec![pb::Text {
        field: "content".into(),
        value: "路灯不亮".into(),
        erased: false,
    }];
    let take_in = pb::TakeIn {
        channel: "phone".into(),
        kind: "help".into(),
        category: "0201".into(),
        ..Default::default()
    };
    let command = pb::Command {
        texts,
        verb: Some(Verb::TakeIn(take_in)),
        ..Default::default()
    };
    let matter = door.execute(Some(CLERK), command).await?.matter;
    let assign = pb::Assign {
        matter: matter.clone(),
        takers: vec![to.into()],
        basis: "属地管理".into(),
        ..Default::default()
    };
    let command = pb::Command {
        verb: Some(Verb::Assign(assign)),
        ..Default::default()
    };
    door.execute(Some(DISPATCHER), command).await?;
    Ok(matter)
}

pub(crate) async fn arrived(door: &Client, matter: &str) -> anyhow::Result<bool> {
    let request = pb::GetTicketRequest {
        ticket: matter.into(),
        with_texts: false,
        purpose: String::new(),
    };
    match door.get_ticket(Some(DISPATCHER), request).await {
        Ok(_) => Ok(true),
        Err(error) if error.code == tonic::Code::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

pub(crate) async fn receipted(door: &Client, matter: &str) -> anyhow::Result<bool> {
    let request = pb::GetTicketRequest {
        ticket: matter.into(),
        with_texts: false,
        purpose: String::new(),
    };
    let detail = door.get_ticket(Some(DISPATCHER), request).await?;
    Ok(detail.legs.iter().any(|leg| leg.delivered_at_ms != 0))
}
