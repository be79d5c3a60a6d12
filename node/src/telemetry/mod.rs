//! What a node tells about itself: log lines, spans and figures for its operator.
//!
//! Nothing is global but the subscriber, which belongs to the process and is installed once by
//! `main` ([`install`]). Metrics and traces belong to a node ([`Metrics::new`], [`traces`]): many
//! nodes in one process keep theirs apart.

mod lines;
pub mod traces;

pub use lines::LogFormat;

use crate::clock::Clock;
use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder};
use std::sync::Arc;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What is logged unless configured otherwise: our own doings, and of the libraries only trouble.
const USUAL_FILTER: &str = "info,h2=warn,hyper=warn,tonic=warn,opentelemetry=warn";

/// How the process logs.
#[derive(Debug, Clone, Default)]
pub struct LogOptions {
    /// The name on lines that belong to no node in particular; usually the region of the only one.
    pub node: String,
    /// Text or JSON.
    pub format: LogFormat,
    /// Which events, in the notation of `RUST_LOG`; `None` for the usual ones.
    pub filter: Option<String>,
}

/// Why nothing can be logged.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not in the notation of `RUST_LOG`.
    #[error("日志过滤条件“{filter}”写法不对：{why}")]
    Filter {
        /// As configured.
        filter: String,
        /// What is wrong.
        why: String,
    },
    /// The collector's address is not one.
    #[error("OTLP 地址“{endpoint}”不能使用：{why}")]
    Otlp {
        /// As configured.
        endpoint: String,
        /// What is wrong.
        why: String,
    },
    /// Somebody has installed a subscriber before.
    #[error("日志已经初始化过，一个进程只能有一个")]
    InstalledBefore,
    /// The registry of metrics refuses.
    #[error("指标不能登记：{0}")]
    Metrics(String),
}

/// Installs the process's subscriber: log lines to standard error. To be called once.
///
/// # Errors
/// When the options are wrong or a subscriber stands already.
pub fn install(options: &LogOptions, clock: Arc<dyn Clock>) -> Result<(), TelemetryError> {
    let filter = options.filter.as_deref().unwrap_or(USUAL_FILTER);
    let filter = EnvFilter::try_new(filter).map_err(|error| TelemetryError::Filter {
        filter: filter.to_owned(),
        why: error.to_string(),
    })?;
    let lines = lines::Lines {
        format: options.format,
        node: options.node.clone(),
        clock,
        writer: crate::out::log,
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .try_init()
        .map_err(|_| TelemetryError::InstalledBefore)
}

fn resource(node: &str) -> Resource {
    Resource::builder()
        .with_service_name("hotline")
        .with_attribute(opentelemetry::KeyValue::new(
            "service.instance.id",
            node.to_owned(),
        ))
        .build()
}

/// The span under which everything of one node runs: its name then stands on every line.
#[must_use]
pub fn node_span(name: &str) -> tracing::Span {
    // At the highest level, so that no filter on levels takes the name away.
    tracing::error_span!("node", node = name)
}

/// One node's metrics.
#[derive(Debug, Clone)]
pub struct Metrics {
    provider: SdkMeterProvider,
    registry: Registry,
}

impl Metrics {
    /// Metrics of the node of that name, none registered yet.
    ///
    /// # Errors
    /// When the exporter cannot be set up.
    pub fn new(node: &str) -> Result<Self, TelemetryError> {
        let registry = Registry::new();
        let reader = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .with_namespace("hotline")
            .without_target_info()
            .scope_info_enabled(false)
            .build()
            .map_err(|error| TelemetryError::Metrics(error.to_string()))?;
        let provider = SdkMeterProvider::builder()
            .with_resource(resource(node))
            .with_reader(reader)
            .build();
        Ok(Self { provider, registry })
    }

    /// The instrument maker. Names get the prefix `hotline_`, units and `_total` as Prometheus
    /// wants them.
    #[must_use]
    pub fn meter(&self) -> Meter {
        self.provider.meter("hotline")
    }

    /// All metrics in the text format of Prometheus.
    ///
    /// # Errors
    /// When one of them cannot be written.
    pub fn text(&self) -> Result<String, TelemetryError> {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .map_err(|error| TelemetryError::Metrics(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn nodes_keep_their_metrics_apart() {
        let [city, county] =
            ["990100000000", "990101000000"].map(|name| Metrics::new(name).unwrap());
        city.meter().u64_counter("matters").build().add(3, &[]);
        county.meter().u64_counter("matters").build().add(1, &[]);
        let value = |metrics: &Metrics| {
            let text = metrics.text().unwrap();
            text.lines()
                .find(|line| line.starts_with("hotline_matters_total"))
                .map(str::to_owned)
        };
        assert_eq!(value(&city).unwrap(), "hotline_matters_total 3");
        assert_eq!(value(&county).unwrap(), "hotline_matters_total 1");
    }

    #[test]
    fn a_filter_that_is_none_is_refused_in_words() {
        let options = LogOptions {
            filter: Some("hotline=loud".to_owned()),
            ..Default::default()
        };
        let error = install(&options, Arc::new(SystemClock::new())).unwrap_err();
        assert!(error.to_string().contains("hotline=loud"), "{error}");
    }
}
