//! The service that children call.

use super::holder::Attachments;
use super::part::{PIECE_BYTES_MAX, piece};
use super::peers::Given;
use crate::link::{Caller, Place, Side};
use futures::stream::BoxStream;
use futures::{StreamExt as _, stream};
use hotline_domain::view::Rows as _;
use hotline_proto::attachment::v1 as pb;
use hotline_proto::attachment::v1::attachments_server::{
    Attachments as Service, AttachmentsServer,
};
use hotline_topology::RegionKey;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Extensions, Request, Response, Status, Streaming};

/// How long a child may take to say which ask it answers.
const FIRST_DEADLINE: Duration = Duration::from_secs(10);

/// The gRPC service.
pub struct AttachmentService {
    attachments: Attachments,
    caller: Caller,
}

impl Attachments {
    /// The service to mount beside the link's.
    #[must_use]
    pub fn service(&self, caller: Caller) -> AttachmentsServer<AttachmentService> {
        AttachmentsServer::new(AttachmentService {
            attachments: self.clone(),
            caller,
        })
        .max_decoding_message_size(PIECE_BYTES_MAX)
    }
}

impl AttachmentService {
    fn admit(&self, extensions: &Extensions) -> Result<RegionKey, Status> {
        let Some(region) = (self.caller)(extensions) else {
            return Err(Status::unauthenticated("没有出示节点证书"));
        };
        let surroundings = &self.attachments.0.node.shared().surroundings;
        let known = surroundings.known();
        match Place::of(&known.federation, surroundings.me()).side(region) {
            Some(Side::Child) if self.quarantined(region) => {
                Err(Status::unavailable("行为异常，链路已隔离"))
            }
            Some(Side::Child) => Ok(region),
            _ => Err(Status::permission_denied(format!(
                "{region} 不是 {} 的直接下级",
                surroundings.me()
            ))),
        }
    }

    /// Whether nothing of the neighbour is taken now, here as on its link.
    fn quarantined(&self, region: RegionKey) -> bool {
        let shared = self.attachments.0.node.shared();
        let conduct = shared
            .rows()
            .link(region)
            .ok()
            .and_then(|link| link.conduct);
        conduct.is_some_and(|it| it.quarantined(shared.clock.now()))
    }
}

#[tonic::async_trait]
impl Service for AttachmentService {
    type FetchStream = BoxStream<'static, Result<pb::Piece, Status>>;
    type WantedStream = BoxStream<'static, Result<pb::Ask, Status>>;

    async fn fetch(
        &self,
        request: Request<pb::Ask>,
    ) -> Result<Response<Self::FetchStream>, Status> {
        let child = self.admit(request.extensions())?;
        let parts = match self.attachments.answer(child, request.into_inner()).await {
            Ok(parts) => parts,
            Err(refused) => stream::iter([Err(refused)]).boxed(),
        };
        Ok(Response::new(parts.map(|part| Ok(piece(part))).boxed()))
    }

    async fn wanted(
        &self,
        request: Request<pb::WantedRequest>,
    ) -> Result<Response<Self::WantedStream>, Status> {
        let child = self.admit(request.extensions())?;
        let asks = self.attachments.0.peers.child(child);
        self.attachments.0.retry.notify_waiters();
        let stop = self.attachments.0.stop.clone().cancelled_owned();
        let asks = ReceiverStream::new(asks).map(Ok).take_until(stop);
        Ok(Response::new(asks.boxed()))
    }

    async fn give(
        &self,
        request: Request<Streaming<pb::Piece>>,
    ) -> Result<Response<pb::GiveResponse>, Status> {
        let child = self.admit(request.extensions())?;
        let mut rest = request.into_inner();
        let first = timeout(FIRST_DEADLINE, rest.message()).await;
        let first = first.map_err(|_| Status::deadline_exceeded("附件数据迟迟不来"))??;
        let first = first.ok_or_else(|| Status::invalid_argument("附件数据是空的"))?;
        let waiting = self.attachments.0.peers.asked(child, first.no);
        let waiting = waiting.ok_or_else(|| Status::not_found("没有向下级要这份附件"))?;
        let (read, done) = oneshot::channel();
        let given = Given { first, rest, read };
        if waiting.send(given).is_ok() {
            tokio::select! {
                _ = done => {}
                () = self.attachments.0.stop.cancelled() => {}
            }
        }
        Ok(Response::new(pb::GiveResponse {}))
    }
}
