//! 查阅: puts on record that a person opens texts or a file; the door opens them once that is durable.

#[cfg(test)]
mod tests;

use super::done;
use crate::command::Command;
use crate::fact::Fact;
use crate::id::MatterId;
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
/// `attachment.unknown`.
pub fn read(
    draft: &mut Draft<'_>,
    command: &Command,
    matter: MatterId,
    opened: &Opened,
    purpose: Purpose,
    entrance: Entrance,
) -> Result<Done, Stop> {
    let (ticket, actor) = (draft.ticket(matter)?, &command.actor);
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
    };
    draft.record(Fact::Read(Reading {
        matter,
        at: draft.now(),
        who: actor.name.clone(),
        unit: actor.unit.clone(),
        opened,
        purpose,
        entrance,
    }))?;
    done(draft, matter, Vec::new())
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
