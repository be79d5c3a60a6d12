//! Open legs by the body that takes them.

use super::show;
use crate::app::NodeHandle;
use crate::grpc::name;
use crate::grpc::refusal::{invalid, refused, unwell};
use hotline_domain::body::{Actor, Body};
use hotline_domain::id::LegId;
use hotline_domain::policy::reading::{self, What};
use hotline_domain::row::{IndexKey, RowKey};
use hotline_domain::view::Rows;
use hotline_proto::operator::v1 as pb;
use hotline_topology::{RegionKey, UnitKey};
use tonic::Status;

/// Index rows fetched at a time.
const FETCHED: usize = 256;
/// Most legs looked at for one page.
const LOOKED_AT_MAX: usize = 20_000;

pub(in crate::grpc) fn list(
    node: &NodeHandle,
    actor: &Actor,
    request: &pb::ListLegsRequest,
) -> Result<pb::ListLegsResponse, Status> {
    let asked = name::given(&request.taker)
        .map(|text| name::body(node, text))
        .transpose()?;
    let me = node.shared().surroundings.me();
    // Where a unit's legs are all that a person may see, its pages are made of them alone.
    let own = reading::bound(actor).map(|unit| Body::Unit(me, unit.clone()));
    let taker = match (asked, own) {
        (Some(asked), Some(own)) if asked != own => {
            return Err(refused(&reading::not_the_persons(actor, &asked)));
        }
        (asked, own) => own.or(asked),
    };
    let limit = name::page(request.limit);
    let rows = node.shared().rows();
    let mut from = match (cursor(&request.cursor)?, &taker) {
        (Some((body, leg)), _) => index(body, leg),
        (None, Some(taker)) => index(taker.clone(), LegId([0; 16])),
        (None, None) => index(first(), LegId([0; 16])),
    };
    let to = match &taker {
        Some(taker) => index(taker.clone(), LegId([0xff; 16])),
        None => index(last()?, LegId([0xff; 16])),
    };
    let (mut legs, mut looked_at, mut next) = (Vec::new(), 0, String::new());
    'pages: loop {
        let page = rows.scan(&from, &to, FETCHED).map_err(unwell)?;
        let ended = page.len() < FETCHED;
        for (key, _) in page {
            let RowKey::Index(IndexKey::OpenLeg(body, id)) = key else {
                continue;
            };
            if legs.len() >= limit || looked_at >= LOOKED_AT_MAX {
                next = format!("{body}.{id}");
                break 'pages;
            }
            looked_at += 1;
            let after = LegId(u128::from_be_bytes(id.0).wrapping_add(1).to_be_bytes());
            from = index(body, after);
            if let Some(leg) = rows.leg(id).map_err(unwell)?
                && reading::permit(actor, me, What::Leg(&leg)).is_ok()
                && (!request.overdue || leg.overdue().is_some())
            {
                legs.push(show::leg(node, &leg));
            }
        }
        if ended {
            break;
        }
    }
    Ok(pb::ListLegsResponse { legs, cursor: next })
}

fn index(body: Body, leg: LegId) -> RowKey {
    RowKey::Index(IndexKey::OpenLeg(body, leg))
}

fn first() -> Body {
    Body::Node(RegionKey::literal("000000000000"))
}

/// Above every body: no region's key orders after this one, and in it no unit is expected.
fn last() -> Result<Body, Status> {
    let unit = UnitKey::new("龥").map_err(|error| Status::internal(error.to_string()))?;
    Ok(Body::Unit(RegionKey::literal("zzzzzzzzzzzz"), unit))
}

fn cursor(text: &str) -> Result<Option<(Body, LegId)>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    let read = || {
        let (body, leg) = text.rsplit_once('.')?;
        let body = match body.split_once('/') {
            Some((region, unit)) => Body::Unit(region.parse().ok()?, unit.parse().ok()?),
            None => Body::Node(body.parse().ok()?),
        };
        Some((body, leg.parse().ok()?))
    };
    match read() {
        Some(cursor) => Ok(Some(cursor)),
        None => Err(invalid("cursor", "翻页标记不认识；请从头列起".to_owned())),
    }
}
