//! How people name things: matters by id or number, legs, orders, bodies, regions, times.

use super::refusal::{echo, invalid, slip};
use crate::app::NodeHandle;
use hotline_domain::body::Body;
use hotline_domain::id::{LegId, MatterId, OrderId};
use hotline_domain::row::{IndexKey, Row, RowKey};
use hotline_domain::ticket::{folded_number, number_is_valid};
use hotline_topology::{RegionKey, Time, UnitKey};
use tonic::Status;

/// A matter by id or by number; a number's check character is checked first.
///
/// # Errors
/// `INVALID_ARGUMENT` for a slip of the pen, `NOT_FOUND` for a number this node does not know.
pub fn matter(node: &NodeHandle, text: &str) -> Result<MatterId, Status> {
    let number = folded_number(text);
    if let Ok(id) = number.parse() {
        return Ok(id);
    }
    // A region's key may hold small letters; whoever reads a number aloud does not say which.
    let upper = number.to_ascii_uppercase();
    let Some(number) = [number, upper]
        .into_iter()
        .find(|number| number_is_valid(number))
    else {
        return Err(invalid(
            "ticket",
            format!(
                "“{}”不是有效的工单编号：校验码不符，请核对有无抄错",
                echo(text)
            ),
        ));
    };
    let rows = node.shared().rows();
    match rows
        .get(&RowKey::Index(IndexKey::Number(number.clone())))
        .map_err(super::refusal::unwell)?
    {
        Some(Row::Matter(matter)) => Ok(matter),
        _ => Err(Status::not_found(format!(
            "本节点没有工单 {number}；请到受理节点查询"
        ))),
    }
}

/// A leg by id.
///
/// # Errors
/// `INVALID_ARGUMENT`.
pub fn leg(text: &str) -> Result<LegId, Status> {
    let folded = folded_number(text);
    folded.parse().map_err(|error| slip("leg", &folded, &error))
}

/// An order by id.
///
/// # Errors
/// `INVALID_ARGUMENT`.
pub fn order(text: &str) -> Result<OrderId, Status> {
    let folded = folded_number(text);
    folded
        .parse()
        .map_err(|error| slip("order", &folded, &error))
}

/// A body: `140525000000`, `140525000000/住建局`, or `住建局` for a unit of this node.
///
/// # Errors
/// `INVALID_ARGUMENT`.
pub fn body(node: &NodeHandle, text: &str) -> Result<Body, Status> {
    let unit = |text: &str| {
        text.parse::<UnitKey>()
            .map_err(|error| slip("body", text, &error))
    };
    if let Some((of, name)) = text.split_once('/') {
        return Ok(Body::Unit(region(of)?, unit(name)?));
    }
    match text.parse::<RegionKey>() {
        Ok(region) => Ok(Body::Node(region)),
        Err(_) => Ok(Body::Unit(node.shared().surroundings.me(), unit(text)?)),
    }
}

/// A region's key.
///
/// # Errors
/// `INVALID_ARGUMENT`.
pub fn region(text: &str) -> Result<RegionKey, Status> {
    text.parse()
        .map_err(|error: hotline_topology::region::RegionKeyError| slip("region", text, &error))
}

/// A time where 0 means none.
#[must_use]
pub fn time(ms: i64) -> Option<Time> {
    (ms != 0).then_some(Time(ms))
}

/// A text where empty means none.
#[must_use]
pub fn given(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// A page's size.
#[must_use]
pub fn page(limit: u32) -> usize {
    match limit {
        0 => 50,
        limit => usize::try_from(limit).unwrap_or(500).clamp(1, 500),
    }
}
