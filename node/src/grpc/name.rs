//! How people name things: matters by id or number, legs, orders, bodies, regions, times.

use super::refusal::{echo, invalid};
use super::short;
use crate::app::NodeHandle;
use hotline_domain::body::Actor;
use hotline_domain::id::{LegId, MatterId};
use hotline_domain::row::{IndexKey, Row, RowKey};
use hotline_domain::ticket::{folded_number, number_is_valid};
use hotline_topology::Time;
use tonic::Status;

pub use super::place::{body, region};

/// Characters from which on a text is meant for a whole number.
const WHOLE_MIN: usize = 20;

/// A matter by id or by number, or by as much of either as tells it from others; a whole number's check character is
/// checked first.
///
/// # Errors
/// `INVALID_ARGUMENT` for a slip of the pen, `NOT_FOUND` for a number this node does not know.
pub fn matter(node: &NodeHandle, actor: &Actor, text: &str) -> Result<MatterId, Status> {
    let number = folded_number(text);
    if let Ok(id) = number.parse() {
        return Ok(id);
    }
    // A region's key may hold small letters; whoever reads a number aloud does not say which.
    let upper = number.to_ascii_uppercase();
    let Some(whole) = [&number, &upper]
        .into_iter()
        .find(|number| number.len() >= WHOLE_MIN && number_is_valid(number))
    else {
        let short = short::matter(node, actor, &number)?;
        return short.ok_or_else(|| not_a_number(text, &number));
    };
    let rows = node.shared().rows();
    match rows
        .get(&RowKey::Index(IndexKey::Number(whole.clone())))
        .map_err(super::refusal::unwell)?
    {
        Some(Row::Matter(matter)) => Ok(matter),
        _ => Err(Status::not_found(format!(
            "本节点没有工单 {whole}；请到受理节点查询"
        ))),
    }
}

/// A whole number has a slip in it; a short one fits nothing.
fn not_a_number(text: &str, number: &str) -> Status {
    let words = if number.len() >= WHOLE_MIN {
        format!(
            "“{}”不是有效的工单编号：校验码不符，请核对有无抄错",
            echo(text)
        )
    } else {
        format!(
            "近百日的工单中没有编号以“{}”结尾的；请写出整个编号，或用 hotline ticket list 查找",
            echo(text)
        )
    };
    invalid("ticket", words)
}

/// A leg by id, or by the first characters of it.
///
/// # Errors
/// `INVALID_ARGUMENT`.
pub fn leg(node: &NodeHandle, actor: &Actor, text: &str) -> Result<LegId, Status> {
    let id = folded_number(text).to_ascii_lowercase();
    if let Ok(id) = id.parse() {
        return Ok(id);
    }
    short::leg(node, actor, &id)?.ok_or_else(|| {
        let words = format!(
            "没有编号以“{}”开头的交办；用 hotline leg list 或 hotline ticket show 查看",
            echo(text)
        );
        invalid("leg", words)
    })
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
