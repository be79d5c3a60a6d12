//! A file is taken out: on record first, fetched where it is elsewhere, opened chunk by chunk.

use super::Files;
use crate::attachment::{ChunkCipher, Cover, Stored};
use crate::grpc::caller::Caller;
use crate::grpc::reading;
use crate::grpc::refusal::{self, echo, invalid};
use futures::channel::mpsc;
use futures::stream::BoxStream;
use futures::{SinkExt as _, StreamExt as _};
use hotline_domain::attachment::Attached;
use hotline_domain::id::MatterId;
use hotline_domain::policy::reading::permit_content;
use hotline_domain::reading::Opened;
use hotline_domain::refusal::{Class, Refusal};
use hotline_proto::operator::v1 as pb;
use pb::fetch_attachment_response::{Part, Progress};
use tonic::Status;

/// Fewest digits that may stand for an id.
const DIGITS_MIN: usize = 6;

type Tell = mpsc::Sender<Result<pb::FetchAttachmentResponse, Status>>;

impl Files {
    /// Takes an attachment out.
    pub async fn fetch(
        &self,
        caller: &Caller,
        request: pb::FetchAttachmentRequest,
    ) -> Result<BoxStream<'static, Result<pb::FetchAttachmentResponse, Status>>, Status> {
        let (matter, readable) = self.ticket(&caller.actor, &request.ticket)?;
        permit_content(&caller.actor, readable).map_err(|refusal| refusal::refused(&refusal))?;
        let purpose = reading::purpose(caller, readable, &request.purpose)?;
        let attached = self.find(matter, &request.id)?;
        let opened = Opened::File(attached.attachment.id);
        reading::record(&self.node, caller, matter, opened, purpose).await?;
        let Some(cover) = self.cover(&attached)? else {
            let words = "附件的密钥已经销毁，内容不能再取".to_owned();
            let refused = Refusal::new(Class::State, "attachment.erased", words);
            return Err(refusal::refused(&refused));
        };
        let first = Part::Attachment(self.show(&attached, readable)?);
        let (mut tell, told) = mpsc::channel(1);
        let files = self.clone();
        let under_way = self.begin()?;
        tokio::spawn(async move {
            let _under_way = under_way;
            if say(&mut tell, Ok(first)).await
                && let Err(status) = files.hand_over(matter, &attached, &cover, &mut tell).await
            {
                say(&mut tell, Err(status)).await;
            }
        });
        Ok(told.boxed())
    }

    /// The attachment whose id begins so.
    fn find(&self, matter: MatterId, digits: &str) -> Result<Attached, Status> {
        let digits = digits.trim().to_ascii_lowercase();
        if digits.len() < DIGITS_MIN {
            let words = format!("附件编号至少写 {DIGITS_MIN} 位");
            return Err(invalid("id", words));
        }
        let mut fitting = self.attached(matter)?.into_iter();
        let mut fits = || fitting.find(|one| one.attachment.id.to_string().starts_with(&digits));
        match (fits(), fits()) {
            (Some(one), None) => Ok(one),
            (Some(_), Some(_)) => Err(invalid(
                "id",
                format!("“{}”不止一份附件，请多写几位", echo(&digits)),
            )),
            (None, _) => {
                let words = format!("这张工单没有编号为 {} 的附件", echo(&digits));
                let refused = Refusal::new(Class::NotFound, "attachment.unknown", words);
                Err(refusal::refused(&refused))
            }
        }
    }

    async fn hand_over(
        &self,
        matter: MatterId,
        attached: &Attached,
        cover: &Cover,
        tell: &mut Tell,
    ) -> Result<(), Status> {
        let id = attached.attachment.id;
        let broken = |error: &dyn std::fmt::Display| Status::data_loss(error.to_string());
        let here = self.attachments.shelf().has(id);
        if !here.map_err(|error| broken(&error))? && !self.wait(matter, attached, tell).await? {
            return Ok(());
        }
        let shelf = self.attachments.shelf().clone();
        let read = tokio::task::spawn_blocking(move || shelf.read(id)).await;
        let mut stored = read
            .map_err(|error| broken(&error))?
            .map_err(|error| broken(&error))?;
        let cipher = ChunkCipher::new(&cover.key);
        let last = stored.manifest().chunks() - 1;
        for no in 0..=last {
            let (sealed, again) = chunk(stored, no).await?;
            stored = again;
            let data = cipher.open(no, no == last, &sealed);
            let data = data.map_err(|error| broken(&error))?;
            if !say(tell, Ok(Part::Data(data))).await {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Waits until the attachment was fetched from where it is. False where nobody listens any more: the fetch goes on.
    async fn wait(
        &self,
        matter: MatterId,
        attached: &Attached,
        tell: &mut Tell,
    ) -> Result<bool, Status> {
        let mut progress = self.attachments.fetch(matter, attached.attachment.id);
        loop {
            let now = progress.borrow_and_update().clone();
            match now.ended {
                Some(Ok(())) => return Ok(true),
                Some(Err(why)) => return Err(Status::failed_precondition(why)),
                None => {}
            }
            let part = Part::Progress(Progress {
                have: u32::try_from(now.have).unwrap_or(u32::MAX),
                of: u32::try_from(now.of).unwrap_or(u32::MAX),
                waits: now.waits.unwrap_or_default(),
            });
            if !say(tell, Ok(part)).await {
                return Ok(false);
            }
            if progress.changed().await.is_err() && progress.borrow().ended.is_none() {
                return Err(Status::unavailable("节点正在停止"));
            }
        }
    }
}

async fn chunk(stored: Stored, no: usize) -> Result<(Vec<u8>, Stored), Status> {
    let read = tokio::task::spawn_blocking(move || (stored.chunk(no), stored)).await;
    let (sealed, stored) = read.map_err(|_| Status::unavailable("节点正在停止"))?;
    let sealed = sealed.map_err(|error| Status::data_loss(error.to_string()))?;
    Ok((sealed, stored))
}

/// False where nobody listens any more.
async fn say(tell: &mut Tell, part: Result<Part, Status>) -> bool {
    let response = part.map(|part| pb::FetchAttachmentResponse { part: Some(part) });
    tell.send(response).await.is_ok()
}
