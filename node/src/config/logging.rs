//! `[log]`: structured logs and traces; never personal data.

use super::Check;
use serde::Deserialize;

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// `[log]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Logging {
    /// How a line looks.
    pub format: Format,
    /// What is logged, as `info` or `warn,hotline::link=debug`.
    pub filter: String,
    /// OTLP collector for traces, as `http://127.0.0.1:4317`; left out: none.
    pub otlp: Option<String>,
    /// How many matters in a thousand are traced.
    pub traced_per_mille: u16,
}

impl Default for Logging {
    fn default() -> Self {
        Self {
            format: Format::Text,
            filter: "info".to_owned(),
            otlp: None,
            traced_per_mille: 1000,
        }
    }
}

impl Logging {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        if self.filter.trim().is_empty() {
            check.fault("log.filter", "不能为空；请写 info");
        }
        if self.traced_per_mille > 1000 {
            check.fault("log.traced_per_mille", "应在 0 到 1000 之间");
        }
        if let Some(otlp) = &self.otlp
            && !otlp.starts_with("http://")
        {
            check.fault(
                "log.otlp",
                "应为 http:// 开头的地址，如 http://127.0.0.1:4317",
            );
        }
    }
}
