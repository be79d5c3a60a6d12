//! Supervision orders given here and received here, newest first.

use super::show;
use crate::app::NodeHandle;
use crate::grpc::name;
use crate::grpc::orders::{Here, Named, each, may_see};
use crate::grpc::refusal::{echo, invalid};
use hotline_domain::body::Actor;
use hotline_proto::operator::v1 as pb;
use hotline_topology::Time;
use tonic::Status;

pub(in crate::grpc) fn list(
    node: &NodeHandle,
    actor: &Actor,
    request: &pb::ListOrdersRequest,
) -> Result<pb::ListOrdersResponse, Status> {
    let about = name::given(&request.about)
        .map(|text| Named::read(node, actor, text))
        .transpose()?;
    let given = match request.side.as_str() {
        "" => None,
        "given" => Some(true),
        "received" => Some(false),
        other => {
            let words = format!(
                "“{}”不是督办单的一方；应为 given（本节点签发）或 received（本节点收到）",
                echo(other)
            );
            return Err(invalid("side", words));
        }
    };
    let limit = name::page(request.limit);
    let before = cursor(&request.cursor)?;
    let (mut orders, mut next) = (Vec::new(), String::new());
    let mut last: Option<Time> = None;
    each(node, before, |here| {
        let wanted = may_see(node, actor, &here)
            && given.is_none_or(|given| given == here.given)
            && !(request.open && here.order.ended_at.is_some())
            && about.as_ref().is_none_or(|about| about.fits(&here));
        if !wanted {
            return true;
        }
        // A page ends between two moments, so that its cursor can be a moment.
        if let Some(at) = last.filter(|at| orders.len() >= limit && *at != here.order.at) {
            next = at.0.to_string();
            return false;
        }
        last = Some(here.order.at);
        orders.push(shown(node, &here));
        true
    })?;
    Ok(pb::ListOrdersResponse {
        orders,
        cursor: next,
    })
}

fn cursor(text: &str) -> Result<Option<Time>, Status> {
    let read = name::given(text).map(str::parse).transpose();
    let read = read.map_err(|_| invalid("cursor", "翻页标记不认识；请从头列起".to_owned()))?;
    Ok(read.map(Time))
}

/// An order with whose it is.
pub(super) fn shown(node: &NodeHandle, here: &Here) -> pb::OrderHere {
    let known = node.shared().surroundings.known();
    let tree = &known.federation;
    let issuer = hotline_domain::body::Body::Node(here.order.issuer);
    pb::OrderHere {
        order: Some(show::order(&here.order)),
        side: if here.given { "given" } else { "received" }.to_owned(),
        leg: here.leg.to_string(),
        matter: here.matter.to_string(),
        number: here.number.clone(),
        issuer_name: show::body_name(tree, &issuer),
        taker: here.taker.to_string(),
        taker_name: show::body_name(tree, &here.taker),
    }
}
