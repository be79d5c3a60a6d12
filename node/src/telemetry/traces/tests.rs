//! A collector that listens, and three nodes whose spans arrive there as one trace.

use crate::grpc::tests::fixture::{CITY, COUNTY, DISPATCHER, World, assign};
use hotline_topology::RegionKey;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

const TOWN: RegionKey = RegionKey::literal("140525100000");

/// What people of the fixture write and are called.
const PERSONAL: [&str; 5] = ["路灯", "小区门口", "话务员", "派单员", "职责分工"];

/// What came: spans with the node that they are of.
type Came = Arc<Mutex<Vec<(String, Span)>>>;

struct Collector(Came);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut came = self.0.lock().unwrap();
        for of in request.into_inner().resource_spans {
            let attributes = of.resource.unwrap_or_default().attributes;
            let node = attributes
                .iter()
                .find(|attribute| attribute.key == "service.instance.id")
                .and_then(|attribute| match attribute.value.clone()?.value? {
                    Value::StringValue(node) => Some(node),
                    _ => None,
                });
            for span in of.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                came.push((node.clone().unwrap(), span));
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

async fn collector() -> (String, Came) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let came = Came::default();
    let service = TraceServiceServer::new(Collector(Arc::clone(&came)));
    let server = tonic::transport::Server::builder().add_service(service);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    (address, came)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_matter_is_one_trace_through_three_nodes() {
    let (address, came) = collector().await;
    let mut world = World::of(&[CITY, COUNTY, TOWN]);
    world.more = format!("[log]\notlp = \"{address}\"");
    let city = world.node(CITY, None, true).await;
    let county = world
        .node(COUNTY, city.running.federation_address, true)
        .await;
    let taken = city.take_in().await;
    let number = taken.number.as_str();
    city.done(DISPATCHER, assign(number, COUNTY.as_str()), &[])
        .await;
    county.until(number, |detail| detail.ticket.is_some()).await;
    // The town is away: what it is to do waits on the county's disk.
    county
        .done(DISPATCHER, assign(number, TOWN.as_str()), &[])
        .await;
    let town = world
        .node(TOWN, county.running.federation_address, true)
        .await;
    town.until(number, |detail| detail.ticket.is_some()).await;
    for desk in [town, county, city] {
        desk.running.stop().await.unwrap();
    }

    let came = came.lock().unwrap();
    let matter: hotline_domain::id::MatterId = taken.matter.parse().unwrap();
    let ours: Vec<_> = came
        .iter()
        .filter(|(_, span)| span.trace_id == matter.0)
        .collect();
    let of = |node: RegionKey, name: &str| {
        let mut fits = ours
            .iter()
            .filter(|(at, span)| *at == node.as_str() && span.name == name);
        fits.next().unwrap_or_else(|| panic!("no {name} of {node}"))
    };
    for (node, names) in [
        (CITY, &["command", "commit", "send"][..]),
        (COUNTY, &["receive", "commit", "command", "send"]),
        (TOWN, &["receive", "commit", "send"]),
    ] {
        for name in names {
            assert_eq!(of(node, name).1.name, *name);
        }
    }
    // From the town's receipt of it back to the command that gave the matter to the county's town.
    let by_id: BTreeMap<_, _> = ours
        .iter()
        .filter(|(_, span)| span.name != "send")
        .map(|(node, span)| (span.span_id.clone(), (node, span)))
        .collect();
    let arrivals = ours
        .iter()
        .filter(|(node, span)| *node == TOWN.as_str() && span.name == "receive");
    let ways: Vec<Vec<String>> = arrivals
        .map(|(_, span)| {
            let (mut way, mut at) = (Vec::new(), span.parent_span_id.clone());
            while let Some((node, span)) = by_id.get(&at) {
                way.push(format!("{node} {}", span.name));
                at.clone_from(&span.parent_span_id);
            }
            way
        })
        .collect();
    let wanted = [format!("{COUNTY} commit"), format!("{COUNTY} command")];
    assert!(ways.contains(&wanted.to_vec()), "{ways:?}");
    // And the county's arrival is the child of the city's commit.
    let (_, arrival) = of(COUNTY, "receive");
    let (node, parent) = by_id[&arrival.parent_span_id];
    assert_eq!(
        (node.as_str(), parent.name.as_str()),
        (CITY.as_str(), "commit")
    );

    let everything = format!("{came:?}");
    for personal in PERSONAL {
        assert!(!everything.contains(personal), "{personal} in a span");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_away_holds_nobody_up() {
    let mut world = World::make();
    world.more = "[log]\notlp = \"http://127.0.0.1:9\"\ntraced_per_mille = 500".to_owned();
    let city = world.node(CITY, None, true).await;
    for _ in 0..20 {
        city.take_in().await;
    }
    city.running.stop().await.unwrap();
}
