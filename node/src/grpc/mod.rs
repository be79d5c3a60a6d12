//! The operator door: one gRPC service for every command and query, over a Unix socket with peer credentials or over
//! TCP with a client certificate.
//!
//! ```text
//! caller.rs    who calls → the person of the configuration → domain Actor
//! bounds.rs    how long keys, codes and words may be
//! codes/       the lists of codes: shown, resolved from labels, hinted at in refusals
//! name.rs      matters, legs, orders as people name them; short.rs in short, place.rs bodies and regions
//! texts.rs     which texts a verb takes
//! command.rs   request → verb, texts, content hash
//! orders.rs    the order, and the leg to supervise, that people name
//! refusal.rs   outcome → status with rich error
//! wire.rs      bytes that are no request → status in words
//! attachment/  files up, down, listed
//! reading.rs   a reading is on record before anything is opened
//! query/       tickets, lists, links, figures, status
//! ```
//!
//! To add a verb: its message in `proto/hotline/operator/v1`, its arm in `command.rs`. To add a query: its file in
//! `query/`, its method below, and its question in the domain's `policy/reading.rs`, which says who may read what.

mod attachment;
mod bounds;
pub mod caller;
mod codes;
mod command;
mod name;
mod orders;
mod place;
mod query;
mod reading;
mod refusal;
mod short;
pub(crate) mod texts;
mod wire;

use crate::app::{NodeHandle, Outcome};
use crate::attachment::Attachments;
use crate::config::Operator as OperatorConfig;
use crate::gate::{Gate, Patience, Source, Watch};
use crate::identity::{LocalIncoming, NodeTls, OperatorIdentity, incoming, patient_server};
use crate::link::Links;
use caller::Register;
use futures::stream::BoxStream;
use hotline_domain::command::Verb;
use hotline_proto::FILE_DESCRIPTOR_SET;
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::operator_server::{Operator, OperatorServer};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::Router;
use tonic::{Request, Response, Status, Streaming};
use tower::layer::util::{Identity, Stack};
use wire::InWords;

/// Largest request, in bytes: a document of the world, and what is around it.
const REQUEST_BYTES_MAX: usize = hotline_domain::world::DOCUMENT_BYTES_MAX + (1 << 20);

/// Most files that people send and take at once: each holds a descriptor and some memory.
const FILES_AT_ONCE: usize = 32;
/// Every other request is one message, which its caller has whole.
const PATIENCE: Patience = Patience::new(Duration::from_secs(30), &["/AttachFile"]);

/// The operator service of one node.
#[derive(Clone)]
pub struct Door {
    node: NodeHandle,
    links: Links<NodeHandle>,
    attachments: Attachments,
    people: Arc<Register>,
    /// Files under way, up or down.
    files: Arc<Semaphore>,
}

impl Door {
    /// A door for the people of the configuration.
    ///
    /// # Errors
    /// A person's role or unit is none.
    pub fn new(
        node: NodeHandle,
        links: Links<NodeHandle>,
        attachments: Attachments,
        people: &OperatorConfig,
    ) -> anyhow::Result<Self> {
        let people = Arc::new(Register::of(people).map_err(anyhow::Error::msg)?);
        Ok(Self {
            node,
            links,
            attachments,
            people,
            files: Arc::new(Semaphore::new(FILES_AT_ONCE)),
        })
    }

    /// Who may come in, for reading them anew.
    #[must_use]
    pub fn people(&self) -> Arc<Register> {
        Arc::clone(&self.people)
    }

    /// Serves people of this machine on a Unix socket until `stop`.
    ///
    /// # Errors
    /// The service's own description is damaged.
    pub fn serve_local(
        self,
        incoming: LocalIncoming,
        stop: CancellationToken,
    ) -> anyhow::Result<impl Future<Output = anyhow::Result<()>> + Send + use<>> {
        // Whoever is in the configuration finds room, however many others of this machine knock.
        self.people
            .uids()
            .into_iter()
            .for_each(|uid| incoming.gate().remember(Source::User(uid)));
        let router = self.router()?;
        Ok(async move {
            Ok(router
                .serve_with_incoming_shutdown(incoming, stop.cancelled_owned())
                .await?)
        })
    }

    /// Serves callers with an operator certificate of this node until `stop`.
    ///
    /// # Errors
    /// The server failed.
    pub async fn serve_tcp(
        self,
        listener: TcpListener,
        tls: Arc<NodeTls>,
        gate: Gate,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let incoming = incoming::<_, OperatorIdentity>(listener, tls, gate, stop.clone());
        Ok(self
            .router()?
            .serve_with_incoming_shutdown(incoming, stop.cancelled_owned())
            .await?)
    }

    fn router(self) -> anyhow::Result<Router<Stack<InWords, Stack<Watch, Identity>>>> {
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
            .build_v1()?;
        let health = health(&self.node);
        Ok(patient_server(PATIENCE)
            .layer(InWords)
            .add_service(OperatorServer::new(self).max_decoding_message_size(REQUEST_BYTES_MAX))
            .add_service(health)
            .add_service(reflection))
    }

    /// The person behind a request; every command and query needs one.
    fn actor<T>(&self, request: &Request<T>) -> Result<hotline_domain::body::Actor, Status> {
        wire::reached(request.extensions());
        self.people.actor(request.extensions(), request.metadata())
    }

    /// As [`Door::actor`], with the way that the person came.
    fn caller<T>(&self, request: &Request<T>) -> Result<caller::Caller, Status> {
        wire::reached(request.extensions());
        self.people.caller(request.extensions(), request.metadata())
    }
}

/// Health of the service as a whole: serving while the process answers; `/readyz` tells more.
fn health(
    _: &NodeHandle,
) -> tonic_health::pb::health_server::HealthServer<impl tonic_health::pb::health_server::Health> {
    let (reporter, service) = tonic_health::server::health_reporter();
    tokio::spawn(async move { reporter.set_serving::<OperatorServer<Door>>().await });
    service
}

#[tonic::async_trait]
impl Operator for Door {
    async fn execute(&self, request: Request<pb::Command>) -> Result<Response<pb::Done>, Status> {
        let actor = self.actor(&request)?;
        let request = request.into_inner();
        let verb = request.verb.clone();
        let asked = command::read(&self.node, actor, request)?;
        let lifts = matches!(
            asked.verb,
            Verb::ReopenLink { .. } | Verb::ForgiveLink { .. }
        );
        match self.node.command(asked).await {
            Outcome::Decided(Ok(done)) => {
                if lifts {
                    // What was waited for is over.
                    self.links.retry_now();
                }
                Ok(Response::new(command::done(&done)))
            }
            Outcome::Decided(Err(refusal)) => {
                let refusal = codes::hint::with_hint(&self.node, verb, refusal);
                Err(refusal::refused(&refusal))
            }
            outcome => Err(refusal::status(outcome)),
        }
    }

    async fn get_ticket(
        &self,
        request: Request<pb::GetTicketRequest>,
    ) -> Result<Response<pb::TicketDetail>, Status> {
        let caller = self.caller(&request)?;
        let detail = query::ticket::get(&self.node, &caller, request.get_ref()).await;
        detail.map(Response::new)
    }

    async fn list_readings(
        &self,
        request: Request<pb::ListReadingsRequest>,
    ) -> Result<Response<pb::ListReadingsResponse>, Status> {
        let actor = self.actor(&request)?;
        query::readings::list(&self.node, &actor, request.get_ref()).map(Response::new)
    }

    async fn list_tickets(
        &self,
        request: Request<pb::ListTicketsRequest>,
    ) -> Result<Response<pb::ListTicketsResponse>, Status> {
        let actor = self.actor(&request)?;
        query::tickets::list(&self.node, &actor, request.get_ref()).map(Response::new)
    }

    async fn list_legs(
        &self,
        request: Request<pb::ListLegsRequest>,
    ) -> Result<Response<pb::ListLegsResponse>, Status> {
        let actor = self.actor(&request)?;
        query::legs::list(&self.node, &actor, request.get_ref()).map(Response::new)
    }

    async fn list_notices(
        &self,
        request: Request<pb::ListNoticesRequest>,
    ) -> Result<Response<pb::ListNoticesResponse>, Status> {
        let actor = self.actor(&request)?;
        query::notices::list(&self.node, &actor, request.get_ref()).map(Response::new)
    }

    async fn list_orders(
        &self,
        request: Request<pb::ListOrdersRequest>,
    ) -> Result<Response<pb::ListOrdersResponse>, Status> {
        let actor = self.actor(&request)?;
        query::orders::list(&self.node, &actor, request.get_ref()).map(Response::new)
    }

    async fn get_order(
        &self,
        request: Request<pb::GetOrderRequest>,
    ) -> Result<Response<pb::OrderDetail>, Status> {
        let caller = self.caller(&request)?;
        let detail = query::order::get(&self.node, &caller, request.get_ref()).await;
        detail.map(Response::new)
    }

    async fn list_links(
        &self,
        request: Request<pb::ListLinksRequest>,
    ) -> Result<Response<pb::ListLinksResponse>, Status> {
        let actor = self.actor(&request)?;
        query::links::list(&self.node, &actor, &self.links).map(Response::new)
    }

    async fn dial_link(
        &self,
        request: Request<pb::DialLinkRequest>,
    ) -> Result<Response<pb::DialLinkResponse>, Status> {
        let actor = self.actor(&request)?;
        query::links::dial(&self.node, &self.links, &actor, request.get_ref()).map(Response::new)
    }

    async fn list_queue(
        &self,
        request: Request<pb::ListQueueRequest>,
    ) -> Result<Response<pb::ListQueueResponse>, Status> {
        let actor = self.actor(&request)?;
        query::links::queue(&self.node, &actor, request.get_ref()).map(Response::new)
    }

    async fn list_keys(
        &self,
        request: Request<pb::ListKeysRequest>,
    ) -> Result<Response<pb::ListKeysResponse>, Status> {
        let actor = self.actor(&request)?;
        query::keys::list(&self.node, &actor, request.get_ref()).map(Response::new)
    }

    async fn get_figures(
        &self,
        request: Request<pb::GetFiguresRequest>,
    ) -> Result<Response<pb::Figures>, Status> {
        let actor = self.actor(&request)?;
        query::figures::get(&self.node, &actor, request.get_ref()).map(Response::new)
    }

    async fn list_missing(
        &self,
        request: Request<pb::ListMissingRequest>,
    ) -> Result<Response<pb::ListMissingResponse>, Status> {
        let actor = self.actor(&request)?;
        query::missing::list(&self.node, &actor, request.get_ref()).map(Response::new)
    }

    async fn get_status(
        &self,
        request: Request<pb::GetStatusRequest>,
    ) -> Result<Response<pb::NodeStatus>, Status> {
        let actor = self.actor(&request)?;
        query::status::get(&self.node, &actor, &self.links).map(Response::new)
    }

    async fn get_world(
        &self,
        request: Request<pb::GetWorldRequest>,
    ) -> Result<Response<pb::World>, Status> {
        let actor = self.actor(&request)?;
        query::world::get(&self.node, &actor).map(Response::new)
    }

    async fn list_codes(
        &self,
        request: Request<pb::ListCodesRequest>,
    ) -> Result<Response<pb::ListCodesResponse>, Status> {
        self.actor(&request)?;
        codes::list(&self.node, request.get_ref()).map(Response::new)
    }

    type AttachFileStream = BoxStream<'static, Result<pb::AttachFileResponse, Status>>;
    type FetchAttachmentStream = BoxStream<'static, Result<pb::FetchAttachmentResponse, Status>>;

    async fn attach_file(
        &self,
        request: Request<Streaming<pb::AttachFileRequest>>,
    ) -> Result<Response<Self::AttachFileStream>, Status> {
        let actor = self.actor(&request)?;
        let door = attachment::Files::of(self);
        Ok(Response::new(door.attach(actor, request.into_inner())))
    }

    async fn list_attachments(
        &self,
        request: Request<pb::ListAttachmentsRequest>,
    ) -> Result<Response<pb::ListAttachmentsResponse>, Status> {
        let actor = self.actor(&request)?;
        let door = attachment::Files::of(self);
        door.list(&actor, request.get_ref()).map(Response::new)
    }

    async fn fetch_attachment(
        &self,
        request: Request<pb::FetchAttachmentRequest>,
    ) -> Result<Response<Self::FetchAttachmentStream>, Status> {
        let caller = self.caller(&request)?;
        let door = attachment::Files::of(self);
        let parts = door.fetch(&caller, request.into_inner()).await?;
        Ok(Response::new(parts))
    }
}

#[cfg(test)]
pub(crate) mod tests;
