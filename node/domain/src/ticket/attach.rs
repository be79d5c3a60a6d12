//! 附件: attaching a file.

use super::done;
use crate::attachment::{Attachment, Held, permit};
use crate::command::Command;
use crate::id::{LegId, MatterId};
use crate::kernel::{Draft, Stop, attachments};
use crate::refusal::{Class, Refusal};
use crate::row::Done;
use crate::ticket::TicketAct;
use crate::view::Rows;
use hotline_topology::FieldName;

/// Attaches a file; unless it is local, it goes along every open leg with another node at once.
///
/// # Errors
/// Refuses as `attachment.cover`, `attachment.known`, and as [`permit`].
pub fn attach(
    draft: &mut Draft<'_>,
    command: &Command,
    matter: MatterId,
    attachment: Attachment,
    local: bool,
) -> Result<Done, Stop> {
    let ticket = draft.ticket(matter)?;
    super::concerns(draft, command, &ticket)?;
    draft.check_seen(command, &ticket)?;
    let [cover] = command.fields.as_slice() else {
        return Err(no_cover());
    };
    if cover.name != FieldName::Attachment {
        return Err(no_cover());
    }
    if Rows::attachment(draft, matter, attachment.id)?.is_some() {
        let words = format!("工单 {} 已有这份附件", ticket.number);
        return Err(Refusal::new(Class::State, "attachment.known", words).into());
    }
    let held = Held::of(&Rows::attachments(draft, matter)?);
    permit(
        &draft.pack().attachments,
        held,
        attachment.media,
        attachment.size,
    )?;
    draft.ticket_act(
        matter,
        Some(&command.actor),
        TicketAct::Attached { attachment, local },
        command.fields.clone(),
    )?;
    let legs: Vec<LegId> = ticket
        .incoming_all
        .into_iter()
        .chain(ticket.outgoing)
        .collect();
    let mut along = Vec::new();
    for leg in legs {
        if attachments::pass_one(draft, leg, attachment.id, Some(&command.actor))? {
            along.push(leg);
        }
    }
    done(draft, matter, along)
}

fn no_cover() -> Stop {
    let words = "附件须写明文件名；请重新上传";
    Refusal::new(Class::Invalid, "attachment.cover", words).into()
}
