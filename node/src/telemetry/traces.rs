//! Traces that follow one matter from node to node, through hours in an outbox.
//!
//! ```text
//! one node                                          the next node
//! command ──▶ commit ──▶ send  ┄┄ on disk, on the link ┄┄▶  receive ──▶ commit ──▶ send ┄┄▶ …
//! ```
//!
//! All spans of a matter share one trace, whose id is the matter's: whatever people and timers do about it, at whichever
//! node, finds its place there, and a setting that samples one matter in so many samples it at every node alike. An
//! envelope carries the span of the commit that wrote it ([`hotline_domain::link::Trace`]); what receives it is that
//! span's child, however much later. Spans carry ids, numbers, kinds and regions, and nothing that a person wrote or is
//! called; they are made here and nowhere else.

use super::{TelemetryError, resource};
use crate::clock::Clock;
use crate::entropy::{Entropy as _, OsEntropy};
use hotline_domain::id::MatterId;
use hotline_domain::kernel::Tracing;
use hotline_domain::link::{Envelope, Trace};
use hotline_topology::Time;
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::trace::{BatchSpanProcessor, SpanData, SpanProcessor as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// One node's traces.
pub struct Traces {
    processor: BatchSpanProcessor,
    per_mille: u16,
    clock: SpanClock,
}

/// What is told of a span.
#[derive(Debug, Clone)]
pub struct Told {
    /// `command`, `commit`, `send` or `receive`.
    pub name: &'static str,
    /// Its id.
    pub id: [u8; 8],
    /// The span that it follows from, and whether that is another node's.
    pub parent: Option<([u8; 8], bool)>,
    /// When it began.
    pub from: SystemTime,
    /// Ids, numbers, kinds, regions.
    pub attributes: Vec<KeyValue>,
}

impl Traces {
    /// Traces of the node of that name, sent to a collector over OTLP/gRPC. To be called within the runtime.
    ///
    /// # Errors
    /// When the collector's address is not one.
    pub fn new(
        node: &str,
        endpoint: &str,
        per_mille: u16,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, TelemetryError> {
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint)
            .build()
            .map_err(|error| TelemetryError::Otlp {
                endpoint: endpoint.to_owned(),
                why: error.to_string(),
            })?;
        let mut processor = BatchSpanProcessor::builder(exporter).build();
        processor.set_resource(&resource(node));
        Ok(Self {
            processor,
            per_mille,
            clock: SpanClock::new(clock),
        })
    }

    /// How the kernel shall trace an event: under a span of its own. `arrived` is the trace of the envelope that came.
    #[must_use]
    pub fn tracing(&self, arrived: Option<Trace>) -> Tracing {
        Tracing {
            span: span_id(),
            per_mille: self.per_mille,
            arrived,
        }
    }

    /// The trace of a matter; `None` where it is not sampled.
    #[must_use]
    pub fn of_matter(&self, matter: MatterId) -> Option<[u8; 16]> {
        Tracing::samples(self.per_mille, matter).then_some(matter.0)
    }

    /// The node's time, for spans.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.clock.now()
    }

    /// Hands a span over; it is sent in the background, and dropped where the collector is away for long.
    pub fn tell(&self, trace: [u8; 16], told: Told) {
        let context = |span| {
            SpanContext::new(
                TraceId::from_bytes(trace),
                SpanId::from_bytes(span),
                TraceFlags::SAMPLED,
                false,
                TraceState::NONE,
            )
        };
        let span_kind = match told.name {
            "command" => SpanKind::Server,
            "send" => SpanKind::Producer,
            "receive" => SpanKind::Consumer,
            _ => SpanKind::Internal,
        };
        let (parent, remote) = told.parent.unwrap_or(([0; 8], false));
        self.processor.on_end(SpanData {
            span_context: context(told.id),
            parent_span_id: SpanId::from_bytes(parent),
            parent_span_is_remote: remote,
            span_kind,
            name: told.name.into(),
            start_time: told.from,
            end_time: self.now(),
            attributes: told.attributes,
            dropped_attributes_count: 0,
            events: Default::default(),
            links: Default::default(),
            status: Status::Unset,
            instrumentation_scope: InstrumentationScope::builder("hotline").build(),
        });
    }

    /// An envelope left on the link to a neighbour.
    pub fn sent(
        &self,
        peer: &str,
        lane: &'static str,
        seq: u64,
        envelope: &Envelope,
        waited_ms: i64,
    ) {
        if let Some(trace) = envelope.trace.filter(|trace| trace.sampled) {
            let mut attributes = about(envelope);
            attributes.extend([
                KeyValue::new("hotline.peer", peer.to_owned()),
                KeyValue::new("hotline.lane", lane),
                KeyValue::new("hotline.seq", i64::try_from(seq).unwrap_or(i64::MAX)),
                KeyValue::new("hotline.waited_ms", waited_ms),
            ]);
            let told = Told {
                name: "send",
                id: span_id(),
                parent: Some((trace.span, false)),
                from: self.now(),
                attributes,
            };
            self.tell(trace.trace, told);
        }
    }

    /// Sends what waits. Blocks for as long as the exporter's own deadline allows.
    pub fn shut_down(&self) {
        if let Err(error) = self.processor.shutdown() {
            tracing::warn!(%error, "有跟踪数据没有送出");
        }
    }
}

/// The node's time, finer than its milliseconds: read once, then carried on by the monotonic clock while the two agree.
struct SpanClock {
    clock: Arc<dyn Clock>,
    read: Mutex<(Time, Duration)>,
}

/// How far the two may drift apart.
const DRIFT_MS: u64 = 20;

impl SpanClock {
    fn new(clock: Arc<dyn Clock>) -> Self {
        let read = Mutex::new((clock.now(), clock.monotonic()));
        Self { clock, read }
    }

    fn now(&self) -> SystemTime {
        let (time, mono) = (self.clock.now(), self.clock.monotonic());
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = mono
            .saturating_sub(read.1)
            .saturating_mul(self.clock.rate());
        let carried = crate::clock::after(read.0, passed);
        if carried.0.abs_diff(time.0) > DRIFT_MS * u64::from(self.clock.rate()) {
            *read = (time, mono);
            return at(time);
        }
        at(read.0) + passed
    }
}

fn at(time: Time) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(time.0).unwrap_or(0))
}

/// What may be told of an envelope.
#[must_use]
pub fn about(envelope: &Envelope) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new("hotline.kind", i64::from(envelope.kind)),
        KeyValue::new("hotline.author", envelope.author.to_string()),
        KeyValue::new("hotline.addressee", envelope.addressee.to_string()),
        KeyValue::new("hotline.envelope", envelope.id.to_string()),
    ];
    if let Some(leg) = envelope.leg {
        attributes.push(KeyValue::new("hotline.leg", leg.to_string()));
    }
    attributes
}

/// A span's id: eight random bytes, not all zero.
#[must_use]
pub fn span_id() -> [u8; 8] {
    let mut id = [0; 8];
    if OsEntropy.fill(&mut id).is_err() || id == [0; 8] {
        // Telemetry only: a span that cannot be told from another is better than a failed command.
        id[7] = 1;
    }
    id
}

#[cfg(test)]
mod tests;
