//! Taking calls of children: who is calling, and whether that one may.

use super::Links;
use super::peer::{FRAME_BYTES_MAX, STREAM_QUEUE, Wire};
use super::port::{NodePort, Side};
use crate::identity::PeerIdentity;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use hotline_proto::link::v1 as pb;
use hotline_proto::link::v1::link_server::{Link, LinkServer};
use hotline_topology::RegionKey;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Extensions, Request, Response, Status, Streaming};
use tonic_types::{ErrorDetails, StatusExt as _};

/// Who is calling, from what the connection proved; `None` if it proved nothing.
pub type Caller = fn(&Extensions) -> Option<RegionKey>;

/// The caller's region as its certificate names it.
#[must_use]
pub fn certified(extensions: &Extensions) -> Option<RegionKey> {
    extensions
        .get::<Arc<PeerIdentity>>()
        .map(|identity| identity.region)
}

/// The gRPC service that children dial.
pub struct LinkService<P> {
    links: Links<P>,
    caller: Caller,
}

impl<P: NodePort> LinkService<P> {
    pub(super) fn server(links: Links<P>, caller: Caller) -> LinkServer<Self> {
        LinkServer::new(Self { links, caller })
            .max_decoding_message_size(FRAME_BYTES_MAX)
            .max_encoding_message_size(FRAME_BYTES_MAX)
    }

    fn admit(&self, extensions: &Extensions) -> Result<RegionKey, Status> {
        let Some(region) = (self.caller)(extensions) else {
            return Err(Status::unauthenticated("没有出示节点证书"));
        };
        let place = self.links.place();
        let why = match place.side(region) {
            Some(Side::Child) => return self.unless_quarantined(region),
            Some(Side::Parent) => format!("{region} 是 {} 的上级，应由下级拨号", place.me),
            None => format!(
                "按第 {} 版拓扑，{region} 不是 {} 的直接下级",
                place.topology_version, place.me
            ),
        };
        tracing::warn!(%region, why, "拒绝接通链路");
        let mut details = ErrorDetails::new();
        details.set_error_info(
            "NOT_NEIGHBOUR",
            "hotline",
            [("region".to_owned(), region.to_string())],
        );
        Err(Status::with_error_details(
            Code::PermissionDenied,
            why,
            details,
        ))
    }

    /// A quarantined child costs no session.
    fn unless_quarantined(&self, region: RegionKey) -> Result<RegionKey, Status> {
        match self.links.quarantined_until(region) {
            None => Ok(region),
            Some(until) => Err(Status::permission_denied(format!(
                "{region} 行为异常，链路隔离至 {until}；由本节点运维查明后解除"
            ))),
        }
    }
}

#[tonic::async_trait]
impl<P: NodePort> Link for LinkService<P> {
    type ExchangeStream = BoxStream<'static, Result<pb::Frame, Status>>;

    async fn exchange(
        &self,
        request: Request<Streaming<pb::Frame>>,
    ) -> Result<Response<Self::ExchangeStream>, Status> {
        let region = self.admit(request.extensions())?;
        let (outgoing, frames) = mpsc::channel(STREAM_QUEUE);
        let wire = Wire {
            incoming: request.into_inner(),
            outgoing,
        };
        let stopping = || Status::unavailable("节点正在停止");
        let peer = self.links.child(region).ok_or_else(stopping)?;
        peer.streams.send(wire).await.map_err(|_| stopping())?;
        Ok(Response::new(ReceiverStream::new(frames).map(Ok).boxed()))
    }
}
