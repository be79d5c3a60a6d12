//! 查阅: puts on record that a person opens texts or a file; the door opens them once that is durable.

#[cfg(test)]
mod tests;

use super::done;
use crate::body::{Actor, Body};
use crate::command::Command;
use crate::fact::Fact;
use crate::id::{MatterId, OrderId};
use crate::kernel::{Draft, Stop};
use crate::policy::purpose::{self, Purpose};
use crate::policy::reading;
use crate::reading::{Entrance, Opened, Reading};
use crate::refusal::{Class, Refusal};
use crate::row::Done;
use crate::view::Rows;
use hotline_topology::FieldName;

/// Records a reading. What is opened is named by the door; whether the person may read all of it is judged here again,
/// by the state of this commit.
///
/// # Errors
/// Refuses as the rules of [`reading`] and [`purpose`] do, and as `reading.petitioner`, `reading.nothing`,
/// `attachment.unknown`, `order.unknown`.
pub fn read(
    draft: &mut Draft<'_>,
    command: &Command,
    matter: MatterId,
    opened: &Opened,
    purpose: Purpose,
    entrance: Entrance,
) -> Result<Done, Stop> {
    let actor = &command.actor;
    if let Opened::Order(order) = opened {
        permit_order(draft, actor, matter, *order)?;
        purpose::permit(actor, purpose)?;
        record(draft, command, matter, opened.clone(), purpose, entrance)?;
        return Ok(Done {
            matter: Some(matter),
            order: Some(*order),
            ..Done::default()
        });
    }
    let ticket = draft.ticket(matter)?;
    let readable = reading::of_ticket(draft, actor, draft.me(), &ticket)??;
    reading::permit_content(actor, readable)?;
    purpose::permit(actor, purpose)?;
    let opened = match opened {
        Opened::Texts { fields } => Opened::Texts {
            fields: fields_of(fields, readable)?,
        },
        Opened::File(id) => {
            if Rows::attachment(draft, matter, *id)?.is_none() {
                let words = format!(
                    "工单 {} 没有附件 {id}；请用 hotline ticket attachments 核对编号",
                    ticket.number
                );
                return Err(Refusal::new(Class::NotFound, "attachment.unknown", words).into());
            }
            Opened::File(*id)
        }
        Opened::Order(_) => opened.clone(),
    };
    record(draft, command, matter, opened, purpose, entrance)?;
    done(draft, matter, Vec::new())
}

fn record(
    draft: &mut Draft<'_>,
    command: &Command,
    matter: MatterId,
    opened: Opened,
    purpose: Purpose,
    entrance: Entrance,
) -> Result<(), Stop> {
    let actor = &command.actor;
    draft.record(Fact::Read(Reading {
        matter,
        at: draft.now(),
        who: actor.name.clone(),
        unit: actor.unit.clone(),
        opened,
        purpose,
        entrance,
    }))
}

/// An order of this node's is read by whoever may see it; one on a leg here, by who may see the leg's taker.
fn permit_order(
    draft: &Draft<'_>,
    actor: &Actor,
    matter: MatterId,
    order: OrderId,
) -> Result<(), Stop> {
    let unknown = || {
        let words = format!("本节点没有这一事项的督办单 {order}；可用 hotline order list 查看");
        Refusal::new(Class::NotFound, "order.unknown", words)
    };
    let issued = Rows::order(draft, order)?.filter(|issued| issued.matter == matter);
    let taker = match issued {
        Some(issued) => issued.taker,
        None => taker_of(draft, matter, order)?.ok_or_else(unknown)?,
    };
    let readable = reading::permit(actor, draft.me(), reading::What::Order(&taker))?;
    Ok(reading::permit_content(actor, readable)?)
}

/// Whose answer an order on one of the ticket's legs waits for.
fn taker_of(draft: &Draft<'_>, matter: MatterId, order: OrderId) -> Result<Option<Body>, Stop> {
    let Some(ticket) = Rows::ticket(draft, matter)? else {
        return Ok(None);
    };
    for id in ticket.incoming.iter().chain(&ticket.outgoing) {
        if let Some(leg) = Rows::leg(draft, *id)?
            && leg.order(order).is_some()
        {
            return Ok(Some(leg.taker().clone()));
        }
    }
    Ok(None)
}

/// The fields, each once and in order.
fn fields_of(fields: &[FieldName], readable: reading::Readable) -> Result<Vec<FieldName>, Refusal> {
    if fields.is_empty() {
        let words = "没有写明查阅哪些内容";
        return Err(Refusal::new(Class::Invalid, "reading.nothing", words));
    }
    if !fields.iter().all(|name| readable.field(*name)) {
        // The door asks for what may be read; a leg may have ended since.
        let words = "交办刚刚变化，诉求人的姓名和联系方式不能再看；请重新查阅";
        return Err(Refusal::new(Class::Forbidden, "reading.petitioner", words));
    }
    let asked = |name: &FieldName| fields.contains(name);
    Ok(FieldName::ALL.into_iter().filter(asked).collect())
}
