//! One matter is one trace through processes that die and wires that are cut; what the collector gets names no person and
//! repeats nothing that anybody wrote.

use super::wires::{arrived, connected, receipted};
use anyhow::Context as _;
use hotline::demo::proxy::Wire;
use hotline::demo::world::{CLERK, DISPATCHER};
use hotline_domain::id::MatterId;
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_tests::processes::{Came, Collector, Town, until};
use hotline_topology::{Level, RegionKey};

const CANARY: &str = "金丝雀一三九零零零零五五五五";
const MANUAL: &str = include_str!("../../../deploy/OPERATIONS.md");

fn command(verb: Verb, fields: &[&str]) -> pb::Command {
    let text = |field: &&str| pb::Text {
        field: (*field).to_owned(),
        value: CANARY.to_owned(),
        erased: false,
    };
    pb::Command {
        texts: fields.iter().map(text).collect(),
        verb: Some(verb),
        ..Default::default()
    }
}

/// The spans of a name at a node, in a trace.
fn of(came: &[Came], trace: &MatterId, node: RegionKey, name: &str) -> Vec<Came> {
    let fits = |one: &&Came| {
        one.span.trace_id == trace.0 && one.node == node.as_str() && one.span.name == name
    };
    came.iter().filter(fits).cloned().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_outlives_a_kill_in_the_outbox_and_names_nobody() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let plan = hotline::demo::world::federation()?;
    let counties = plan.regions().values();
    let county = counties
        .clone()
        .find(|region| region.level == Level::County);
    let county = county.context("a county")?.key;
    let township = plan.children(county)[0];
    let collector = Collector::start().await?;
    let log = format!("[log]\notlp = \"{}\"\n", collector.address);
    let mut town = Town::configured(folder.path(), &[county, township], 1, &log).await?;
    let (above, below) = (town.door(county).await?, town.door(township).await?);
    until("the link stands", || connected(&above, true)).await?;

    town.wire(township, Wire::Cut);
    until("the cut is noticed", || connected(&above, false)).await?;
    let take_in = Verb::TakeIn(pb::TakeIn {
        channel: "phone".into(),
        kind: "help".into(),
        category: "0201".into(),
        ..Default::default()
    });
    let told = ["title", "content", "petitioner_name", "contact", "place"];
    let matter = above.execute(Some(CLERK), command(take_in, &told)).await?;
    let matter = matter.matter;
    let assign = Verb::Assign(pb::Assign {
        matter: matter.clone(),
        takers: vec![township.to_string()],
        basis: "属地管理".into(),
        ..Default::default()
    });
    let assign = command(assign, &["instruction"]);
    above.execute(Some(DISPATCHER), assign).await?;
    let trace: MatterId = matter.parse()?;
    until("the collector has the commit", || async {
        Ok(of(&collector.came(), &trace, county, "commit").len() >= 2)
    })
    .await?;
    // What waits on the disk is all that is left of the process that wrote it.
    town.kill(county).await?;
    town.restart(county).await?;
    town.wire(township, Wire::Open);
    until("it arrives", || arrived(&below, &matter)).await?;
    let above = town.door(county).await?;
    until("its receipt comes back", || receipted(&above, &matter)).await?;
    town.stop().await?;

    let came = collector.came();
    let commits = of(&came, &trace, county, "commit");
    let arrivals = of(&came, &trace, township, "receive");
    let from: Vec<_> = arrivals
        .iter()
        .map(|arrival| {
            commits
                .iter()
                .any(|commit| commit.span.span_id == arrival.span.parent_span_id)
        })
        .collect();
    assert!(
        !from.is_empty() && from.iter().all(|known| *known),
        "{arrivals:?}"
    );
    // And back: the receipt is the child of what the township committed.
    let receipts = of(&came, &trace, county, "receive");
    let back = of(&came, &trace, township, "commit");
    let child = |receipt: &Came| {
        back.iter()
            .any(|commit| commit.span.span_id == receipt.span.parent_span_id)
    };
    assert!(receipts.iter().any(child), "{receipts:?}");
    for (node, names) in [
        (county, &["command", "commit", "send", "receive"][..]),
        (township, &["receive", "commit", "send"]),
    ] {
        for name in names {
            assert!(!of(&came, &trace, node, name).is_empty(), "{node} {name}");
        }
    }
    let all = format!("{came:?}");
    assert!(all.contains(township.as_str()), "the control");
    for personal in ["金丝雀", CLERK, DISPATCHER, "属地管理"] {
        assert!(!all.contains(personal), "{personal} in a span");
    }
    for attribute in came.iter().flat_map(|one| &one.span.attributes) {
        let listed = MANUAL.contains(&format!("`{}`", attribute.key));
        assert!(listed, "{} is not in the manual", attribute.key);
    }
    Ok(())
}
