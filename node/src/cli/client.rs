//! A caller of the operator door over its Unix socket; the command line, the demonstration and the tests call through it.

use crate::causes::chinese;
use crate::grpc::caller::{PERSON_HEADER, encode};
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::operator_client::OperatorClient;
use hyper_util::rt::TokioIo;
use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::UnixStream;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status, Streaming};
use tonic_types::StatusExt as _;

/// Longest wait for the socket.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Longest wait for an answer; past it the outcome of a command is unknown.
const CALL_MAX: Duration = Duration::from_secs(60);
/// Largest answer, in bytes: a page of 500 tickets, or a ticket with its whole timeline and texts.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// A connection to the door of one node; cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    inner: OperatorClient<Channel>,
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// The rule that refused, as `assign.reach`; `request.` and a field's name where the request itself is malformed.
    pub rule: Option<String>,
    /// The article that the pack cites for it.
    pub article: Option<String>,
    /// What, where, and what to do; Chinese.
    pub message: String,
    /// The status.
    pub code: Code,
    /// Whether the node was there to answer.
    pub reached: bool,
}

impl CallError {
    /// Whether a command that failed so may nevertheless have been carried out: then the same command is sent again under
    /// the same idempotency key.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        matches!(
            self.code,
            Code::Unknown | Code::DeadlineExceeded | Code::Cancelled | Code::Internal
        )
    }

    /// The same, with what to do where it may have been carried out: to send it again under its idempotency key.
    #[must_use]
    pub fn under(mut self, key: &str) -> Self {
        if self.is_outcome_unknown() {
            self.message = format!(
                "{}；是否办成还不知道：请加上 --key {key} 重试，不会办理两次",
                self.message
            );
        }
        self
    }

    fn unreachable(socket: &Path, why: &dyn std::fmt::Display) -> Self {
        Self {
            rule: None,
            article: None,
            message: format!(
                "连不上节点（{}）：{}；请确认节点正在运行，套接字路径正确，且当前用户有权访问",
                socket.display(),
                chinese(&why.to_string())
            ),
            code: Code::Unavailable,
            reached: false,
        }
    }
}

impl From<Status> for CallError {
    fn from(status: Status) -> Self {
        // A status that the node sent has no source; one that the transport made up names its fault.
        if let Some(source) = status.source() {
            return Self {
                rule: None,
                article: None,
                message: format!(
                    "与节点的连接中断：{}",
                    chinese(&deepest(source).to_string())
                ),
                code: Code::Unknown,
                reached: true,
            };
        }
        let details = status.get_error_details();
        let info = details.error_info();
        let field = details
            .bad_request()
            .and_then(|bad| bad.field_violations.first())
            .map(|violation| format!("request.{}", violation.field));
        Self {
            rule: info.map(|info| info.reason.clone()).or(field),
            article: info.and_then(|info| info.metadata.get("article").cloned()),
            message: chinese(status.message()),
            code: status.code(),
            reached: true,
        }
    }
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        match (&self.rule, &self.article) {
            (Some(rule), Some(article)) => write!(f, "（规则 {rule}，依据 {article}）"),
            (Some(rule), None) => write!(f, "（规则 {rule}）"),
            (None, Some(article)) => write!(f, "（依据 {article}）"),
            (None, None) => Ok(()),
        }
    }
}

impl std::error::Error for CallError {}

fn deepest<'a>(error: &'a (dyn std::error::Error + 'static)) -> &'a dyn std::error::Error {
    let mut at = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at
}

macro_rules! queries {
    ($($(#[$doc:meta])* $name:ident($request:ty) -> $answer:ty;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// The node refuses or cannot be reached.
        pub async fn $name(
            &self,
            person: Option<&str>,
            request: $request,
        ) -> Result<$answer, CallError> {
            let answer = self.inner.clone().$name(asked(person, request)).await?;
            Ok(answer.into_inner())
        }
    )*};
}

impl Client {
    /// Connects to the node whose door is at `socket`.
    ///
    /// # Errors
    /// Nobody answers there; `reached` is false.
    pub async fn connect(socket: &Path) -> Result<Self, CallError> {
        let path: PathBuf = socket.to_owned();
        // The address is a form only: the connector goes to the socket.
        let channel = Endpoint::from_static("http://operator.invalid")
            .connect_timeout(CONNECT_MAX)
            .timeout(CALL_MAX)
            .connect_with_connector(tower::service_fn(move |_| {
                let path = path.clone();
                async move { UnixStream::connect(path).await.map(TokioIo::new) }
            }))
            .await
            .map_err(|error| CallError::unreachable(socket, deepest(&error)))?;
        Ok(Self {
            inner: OperatorClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX),
        })
    }

    queries! {
        /// Carries a command out, as `person` where the caller is a front end; answered once it is durable.
        execute(pb::Command) -> pb::Done;
        /// A ticket with its legs and its timeline.
        get_ticket(pb::GetTicketRequest) -> pb::TicketDetail;
        /// Who opened what of a ticket, newest first.
        list_readings(pb::ListReadingsRequest) -> pb::ListReadingsResponse;
        /// Tickets, a page at a time.
        list_tickets(pb::ListTicketsRequest) -> pb::ListTicketsResponse;
        /// Open legs, a page at a time.
        list_legs(pb::ListLegsRequest) -> pb::ListLegsResponse;
        /// Exception notices, newest first.
        list_notices(pb::ListNoticesRequest) -> pb::ListNoticesResponse;
        /// Supervision orders given here and received here, newest first.
        list_orders(pb::ListOrdersRequest) -> pb::ListOrdersResponse;
        /// One order with all that was said of it.
        get_order(pb::GetOrderRequest) -> pb::OrderDetail;
        /// How every link stands.
        list_links(pb::ListLinksRequest) -> pb::ListLinksResponse;
        /// Dials the parent now.
        dial_link(pb::DialLinkRequest) -> pb::DialLinkResponse;
        /// What waits on a link.
        list_queue(pb::ListQueueRequest) -> pb::ListQueueResponse;
        /// Keys for sealing, and what was destroyed.
        list_keys(pb::ListKeysRequest) -> pb::ListKeysResponse;
        /// Figures with their completeness.
        get_figures(pb::GetFiguresRequest) -> pb::Figures;
        /// What could not come back after a restore.
        list_missing(pb::ListMissingRequest) -> pb::ListMissingResponse;
        /// Who, where and how the node is.
        get_status(pb::GetStatusRequest) -> pb::NodeStatus;
        /// Signed documents, here and at the neighbours.
        get_world(pb::GetWorldRequest) -> pb::World;
        /// Codes that people choose from.
        list_codes(pb::ListCodesRequest) -> pb::ListCodesResponse;
        /// What is attached to a ticket.
        list_attachments(pb::ListAttachmentsRequest) -> pb::ListAttachmentsResponse;
        /// Takes an attachment out, part by part.
        fetch_attachment(pb::FetchAttachmentRequest) -> Streaming<pb::FetchAttachmentResponse>;
    }

    /// Attaches a file: a head, then its bytes.
    ///
    /// # Errors
    /// The node refuses or cannot be reached.
    pub async fn attach_file(
        &self,
        person: Option<&str>,
        parts: impl futures::Stream<Item = pb::AttachFileRequest> + Send + 'static,
    ) -> Result<Streaming<pb::AttachFileResponse>, CallError> {
        let answer = self.inner.clone().attach_file(asked(person, parts)).await?;
        Ok(answer.into_inner())
    }
}

fn asked<T>(person: Option<&str>, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let named = person
        .map(encode)
        .and_then(|name| MetadataValue::try_from(name).ok());
    if let Some(name) = named {
        request.metadata_mut().insert(PERSON_HEADER, name);
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_at_the_socket_is_said_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("operator.sock");
        let error = Client::connect(&socket).await.unwrap_err();
        assert!(
            !error.reached && error.message.contains("operator.sock"),
            "{error}"
        );
    }

    #[test]
    fn a_person_is_named_in_ascii() {
        let request = asked(Some("张三"), ());
        let named = request.metadata().get(PERSON_HEADER).unwrap();
        assert_eq!(named.to_str().unwrap(), "%E5%BC%A0%E4%B8%89");
        assert!(asked(None, ()).metadata().is_empty());
    }
}
