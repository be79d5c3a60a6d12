//! Files at the people's door: up, down, and what there is. Whoever may see a ticket's content may do this with it.

mod download;
mod upload;

use super::{Door, name, query, refusal};
use crate::app::NodeHandle;
use crate::attachment::{Attachments, Cover};
use hotline_domain::attachment::Attached;
use hotline_domain::body::Actor;
use hotline_domain::id::MatterId;
use hotline_domain::policy::reading::Readable;
use hotline_domain::view::Rows as _;
use hotline_proto::operator::v1 as pb;
use hotline_topology::{FieldName, PolicyPack};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;

/// What the door needs for files.
#[derive(Clone)]
pub(super) struct Files {
    node: NodeHandle,
    attachments: Attachments,
    under_way: Arc<Semaphore>,
}

impl Files {
    pub fn of(door: &Door) -> Self {
        Self {
            node: door.node.clone(),
            attachments: door.attachments.clone(),
            under_way: Arc::clone(&door.files),
        }
    }

    /// A file may be under way until what comes back is dropped.
    fn begin(&self) -> Result<OwnedSemaphorePermit, Status> {
        let begun = Arc::clone(&self.under_way).try_acquire_owned();
        begun.map_err(|_| Status::resource_exhausted("正在传送的附件过多；请稍后再试"))
    }

    /// What is attached to a ticket, oldest first.
    pub fn list(
        &self,
        actor: &Actor,
        request: &pb::ListAttachmentsRequest,
    ) -> Result<pb::ListAttachmentsResponse, Status> {
        let (matter, readable) = self.ticket(actor, &request.ticket)?;
        let mut attached = self.attached(matter)?;
        attached.sort_by_key(|one| (one.at, one.attachment.id));
        let shown = attached.iter().map(|one| self.show(one, readable));
        Ok(pb::ListAttachmentsResponse {
            attachments: shown.collect::<Result<_, _>>()?,
        })
    }

    /// A ticket that the person may see, and what of it.
    fn ticket(&self, actor: &Actor, text: &str) -> Result<(MatterId, Readable), Status> {
        let matter = name::matter(&self.node, actor, text)?;
        let rows = self.node.shared().rows();
        let ticket = rows.ticket(matter).map_err(refusal::unwell)?;
        let ticket = ticket
            .ok_or_else(|| Status::not_found(format!("本节点没有工单 {}", refusal::echo(text))))?;
        let readable = query::ticket::permit(&self.node, actor, &ticket)?;
        Ok((matter, readable))
    }

    fn attached(&self, matter: MatterId) -> Result<Vec<Attached>, Status> {
        let rows = self.node.shared().rows();
        rows.attachments(matter).map_err(refusal::unwell)
    }

    /// Name and key; `None` once the key was destroyed.
    fn cover(&self, attached: &Attached) -> Result<Option<Cover>, Status> {
        let read = self.node.shared().sealer.read(&attached.cover);
        match read.map_err(|error| Status::unavailable(error.to_string()))? {
            None => Ok(None),
            Some(text) => match Cover::of_text(&text) {
                Some(cover) => Ok(Some(cover)),
                None => Err(Status::data_loss(
                    "附件的文件名和密钥不可读；请与来源节点联系",
                )),
            },
        }
    }

    fn show(&self, attached: &Attached, readable: Readable) -> Result<pb::Attachment, Status> {
        let Attached {
            attachment,
            at,
            actor,
            local,
            source,
            fetched_by,
            ..
        } = attached;
        let named = readable.field(FieldName::Attachment);
        let cover = self.cover(attached)?;
        let here = self.attachments.shelf().has(attachment.id);
        Ok(pb::Attachment {
            id: attachment.id.to_string(),
            erased: cover.is_none(),
            name_withheld: !named,
            name: cover
                .filter(|_| named)
                .map_or_else(String::new, |cover| cover.name),
            size: attachment.size,
            media: attachment.media.as_str().to_owned(),
            kind: attachment.media.kind().as_str().to_owned(),
            at_ms: at.0,
            actor: actor.clone().unwrap_or_default(),
            source: source.map_or_else(String::new, |source| source.to_string()),
            local: *local,
            here: here.map_err(|error| Status::unavailable(error.to_string()))?,
            fetched_by: fetched_by.iter().map(ToString::to_string).collect(),
        })
    }

    /// The pack in force.
    fn pack(&self) -> PolicyPack {
        let surroundings = &self.node.shared().surroundings;
        let known = surroundings.known();
        surroundings.world(&known).pack().clone()
    }
}
