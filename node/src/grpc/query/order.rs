//! One supervision order with all that was said of it: at whoever has the leg out of the timeline of its ticket, at an issuer
//! that is no end of it out of the order's own.

use super::{orders, readings, show};
use crate::app::NodeHandle;
use crate::grpc::caller::Caller;
use crate::grpc::orders::{Here, Named, each, may_see};
use crate::grpc::query::ticket::Reader;
use crate::grpc::reading as record;
use crate::grpc::refusal::{echo, invalid, unwell};
use hotline_domain::body::{Actor, Body};
use hotline_domain::fact::Fact;
use hotline_domain::field::SealedField;
use hotline_domain::id::OrderId;
use hotline_domain::leg::{Act, Leg, Party};
use hotline_domain::reading::Opened;
use hotline_domain::row::{Row, RowKey};
use hotline_domain::supervision::OrderStep;
use hotline_domain::view::{Rows, View};
use hotline_proto::operator::v1 as pb;
use tonic::Status;

/// Timeline rows read at a time.
const PAGE: usize = 256;

pub(in crate::grpc) async fn get(
    node: &NodeHandle,
    caller: &Caller,
    request: &pb::GetOrderRequest,
) -> Result<pb::OrderDetail, Status> {
    let actor = &caller.actor;
    let here = named(node, actor, &request.order)?;
    let mut reader = Reader::for_order(node, actor, &here, request.with_texts)?;
    if request.with_texts {
        let purpose = record::purpose(caller, reader.readable(), &request.purpose)?;
        let opened = Opened::Order(here.order.id);
        record::record(node, caller, here.matter, opened, purpose).await?;
    }
    let rows = node.shared().rows();
    let held = rows.leg(here.leg).map_err(unwell)?;
    let mut entries = Vec::new();
    if let Some(leg) = &held {
        on_leg(node, &mut reader, &*rows, leg, here.order.id, &mut entries)?;
    } else {
        for word in rows
            .order_words(here.matter, here.order.id)
            .map_err(unwell)?
        {
            let (by, at) = (Body::Node(word.by), word.at.0);
            entries.push(entry(
                node,
                &mut reader,
                word.step,
                &by,
                word.actor,
                at,
                &word.fields,
            )?);
        }
    }
    Ok(pb::OrderDetail {
        order: Some(orders::shown(node, &here)),
        entries,
        readings: readings::of_order(node, actor, here.matter, here.order.id)?,
    })
}

/// The order that a text names: one that runs before one that has ended.
fn named(node: &NodeHandle, actor: &Actor, text: &str) -> Result<Here, Status> {
    let named = Named::read(node, actor, text)?;
    let mut found: Vec<Here> = Vec::new();
    each(node, None, |here| {
        if may_see(node, actor, &here) && named.fits(&here) {
            found.push(here);
        }
        true
    })?;
    let running = |here: &&Here| here.order.ended_at.is_none();
    let open: Vec<_> = found.iter().filter(running).collect();
    match (&open[..], &found[..]) {
        ([here], _) => Ok((*here).clone()),
        ([], [here]) => Ok(here.clone()),
        (_, []) => Err(Status::not_found(format!(
            "没有与“{}”相符的督办单；可用 hotline order list 查看全部督办单",
            echo(text)
        ))),
        _ => {
            let lines: Vec<_> = (found.iter())
                .map(|here| format!("  {}  {}  {}", here.order.id, here.order.at, here.taker))
                .collect();
            let words = format!(
                "“{}”有 {} 份督办单，请写明督办单编号：\n{}",
                echo(text),
                found.len(),
                lines.join("\n")
            );
            Err(invalid("order", words))
        }
    }
}

/// What the leg's timeline holds of the order.
fn on_leg(
    node: &NodeHandle,
    reader: &mut Reader<'_>,
    rows: &dyn View,
    leg: &Leg,
    id: OrderId,
    entries: &mut Vec<pb::OrderEntry>,
) -> Result<(), Status> {
    let issuer = leg.order(id).map_or(leg.giver(), |order| order.issuer);
    let mut from = 0;
    loop {
        let key = |no| RowKey::Timeline(leg.matter(), no);
        let page = rows
            .scan(&key(from), &key(u32::MAX), PAGE)
            .map_err(unwell)?;
        let full = page.len() == PAGE;
        from += u32::try_from(page.len()).unwrap_or(u32::MAX);
        for (_, row) in page {
            let Row::Timeline(fact) = row else { continue };
            let Fact::Leg {
                leg: of,
                by,
                happened_at,
                actor,
                act,
                fields,
                ..
            } = *fact
            else {
                continue;
            };
            let Some(step) = step_of(&act, id).filter(|_| of == leg.id) else {
                continue;
            };
            let by = match by {
                Party::Giver => Body::Node(issuer),
                Party::Taker => leg.taker().clone(),
            };
            entries.push(entry(
                node,
                reader,
                step,
                &by,
                actor,
                happened_at.0,
                &fields,
            )?);
        }
        if !full {
            return Ok(());
        }
    }
}

fn step_of(act: &Act, id: OrderId) -> Option<OrderStep> {
    let (order, step) = match act {
        Act::Supervise { order, .. } => (order, OrderStep::Issued),
        Act::Remind { order } => (order, OrderStep::Reminded),
        Act::ReplyOrder { order } => (order, OrderStep::Replied),
        Act::EndOrder { order } => (order, OrderStep::Ended),
        _ => return None,
    };
    (*order == id).then_some(step)
}

fn entry(
    node: &NodeHandle,
    reader: &mut Reader<'_>,
    step: OrderStep,
    by: &Body,
    actor: Option<String>,
    at_ms: i64,
    fields: &[SealedField],
) -> Result<pb::OrderEntry, Status> {
    let known = node.shared().surroundings.known();
    Ok(pb::OrderEntry {
        step: step.as_str().to_owned(),
        by: by.to_string(),
        by_name: show::body_name(&known.federation, by),
        actor: actor.unwrap_or_default(),
        at_ms,
        texts: reader.texts(fields)?,
    })
}
