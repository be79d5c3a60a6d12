//! A collector of traces that listens (OTLP over gRPC) and keeps what comes.

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

/// A span, and the node that it is of.
#[derive(Clone, Debug)]
pub struct Came {
    /// `service.instance.id` of the sender.
    pub node: String,
    /// As it came.
    pub span: Span,
}

/// A collector; gone when dropped.
#[derive(Debug)]
pub struct Collector {
    /// Where it listens, as a node's configuration wants it.
    pub address: String,
    came: Arc<Mutex<Vec<Came>>>,
    serving: JoinHandle<()>,
}

struct Keeps(Arc<Mutex<Vec<Came>>>);

impl Collector {
    /// Listens on a free port.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}", listener.local_addr()?);
        let came = Arc::default();
        let service = TraceServiceServer::new(Keeps(Arc::clone(&came)));
        let server = tonic::transport::Server::builder().add_service(service);
        let serving = tokio::spawn(async move {
            // Ends with the test; a port that fails shows as spans that never come.
            drop(
                server
                    .serve_with_incoming(TcpListenerStream::new(listener))
                    .await,
            );
        });
        Ok(Self {
            address,
            came,
            serving,
        })
    }

    /// Everything that came so far.
    #[must_use]
    pub fn came(&self) -> Vec<Came> {
        let came = self.came.lock().unwrap_or_else(PoisonError::into_inner);
        came.clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[tonic::async_trait]
impl TraceService for Keeps {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut came = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for of in request.into_inner().resource_spans {
            let attributes = of.resource.unwrap_or_default().attributes;
            let named = attributes
                .into_iter()
                .find(|attribute| attribute.key == "service.instance.id");
            let node = match named.and_then(|named| named.value?.value) {
                Some(Value::StringValue(node)) => node,
                _ => return Err(Status::invalid_argument("a span of no node")),
            };
            for span in of.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                let node = node.clone();
                came.push(Came { node, span });
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}
