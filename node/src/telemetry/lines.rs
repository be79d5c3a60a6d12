//! Log lines: one event a line, the node's name on every one.
//!
//! Many nodes may run in one process, so the name comes from the innermost surrounding span that
//! has a field `node` ([`super::node_span`]); outside of any, it is the process's own. Text is for
//! a person at a terminal, JSON for a collector; both say the same. Whatever a line tells goes through
//! the filter here: no value drives a terminal, turns the direction of what follows, or begins a line.

use crate::clock::Clock;
use hotline_show::json;
use serde_json::{Map, Value};
use std::fmt;
use std::io::Write;
use std::sync::Arc;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// The span's field that carries the node's name.
pub(super) const NODE: &str = "node";

/// How a line is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// 给人看的文本
    #[default]
    Text,
    /// 给日志系统收集的 JSON
    Json,
}

/// Writes events as lines.
pub(super) struct Lines<W> {
    pub(super) format: LogFormat,
    pub(super) node: String,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) writer: W,
}

/// A span's fields, kept with the span.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name().to_owned(), value.into());
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0
            .insert(field.name().to_owned(), format!("{value:?}").into());
    }
}

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut own = Fields::default();
        event.record(&mut own);
        let mut node = Value::from(self.node.as_str());
        let mut around = Map::new();
        for span in context
            .event_scope(event)
            .into_iter()
            .flat_map(|scope| scope.from_root())
        {
            if let Some(fields) = span.extensions().get::<Fields>() {
                // An inner span's field stands before an outer one's of the same name.
                around.extend(fields.0.clone());
            }
        }
        if let Some(named) = around.remove(NODE) {
            node = named;
        }
        let line = Line {
            event,
            node,
            own: own.0,
            around,
        };
        let time = self.clock.now();
        let text = match self.format {
            LogFormat::Text => line.text(&time),
            LogFormat::Json => line.json(&time),
        };
        // Where nobody reads the log there is nobody to tell.
        let _ = self.writer.make_writer().write_all(text.as_bytes());
    }
}

/// One event with everything around it.
struct Line<'a> {
    event: &'a Event<'a>,
    node: Value,
    own: Map<String, Value>,
    around: Map<String, Value>,
}

impl Line<'_> {
    fn json(mut self, time: &hotline_topology::Time) -> String {
        let metadata = self.event.metadata();
        let mut line = Map::new();
        line.insert("time".to_owned(), time.to_local().to_rfc3339().into());
        line.insert("level".to_owned(), metadata.level().as_str().into());
        line.insert(NODE.to_owned(), self.node);
        line.insert("target".to_owned(), metadata.target().into());
        line.insert(
            "message".to_owned(),
            self.own.remove("message").unwrap_or_default(),
        );
        if !self.own.is_empty() {
            line.insert("fields".to_owned(), self.own.into());
        }
        if !self.around.is_empty() {
            line.insert("context".to_owned(), self.around.into());
        }
        format!("{}\n", json(&Value::from(line).to_string()))
    }

    fn text(mut self, time: &hotline_topology::Time) -> String {
        use std::fmt::Write;
        let metadata = self.event.metadata();
        let node = plain(&self.node);
        let message = self.own.remove("message").unwrap_or_default();
        let mut line = format!(
            "{time} {:5} {node} {}",
            metadata.level().as_str(),
            plain(&message)
        );
        for (name, value) in self.own.iter().chain(&self.around) {
            let _ = write!(line, " {name}={}", plain(value));
        }
        let _ = write!(line, " [{}]", metadata.target());
        let mut line = hotline_show::line(&line);
        line.push('\n');
        line
    }
}

/// A value as people read it: text without quotes.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use hotline_topology::Time;
    use std::io;
    use std::sync::Mutex;
    use tracing_subscriber::layer::SubscriberExt;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(format: LogFormat, log: impl FnOnce()) -> Vec<String> {
        let paper = Paper::default();
        let page = paper.clone();
        let clock = Arc::new(ManualClock::new(Time(1_767_196_800_000)));
        let lines = Lines {
            format,
            node: "hotline".to_owned(),
            clock,
            writer: move || page.clone(),
        };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), log);
        let bytes = paper.0.lock().unwrap().clone();
        String::from_utf8(bytes)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    fn three_events() {
        tracing::info!("启动");
        let node = super::super::node_span("990100000000");
        node.in_scope(|| {
            tracing::info_span!("link", peer = "990000000000").in_scope(|| {
                tracing::warn!(tries = 3, "连不上\n上级");
            });
        });
        tracing::info!("停止");
    }

    #[test]
    fn every_line_of_text_names_its_node() {
        assert_eq!(
            written(LogFormat::Text, three_events),
            [
                "2026-01-01 00:00:00 INFO  hotline 启动 [hotline::telemetry::lines::tests]",
                "2026-01-01 00:00:00 WARN  990100000000 连不上␊上级 tries=3 peer=990000000000 \
                 [hotline::telemetry::lines::tests]",
                "2026-01-01 00:00:00 INFO  hotline 停止 [hotline::telemetry::lines::tests]",
            ]
        );
    }

    #[test]
    fn every_line_of_json_names_its_node_and_stays_one_line() {
        let lines = written(LogFormat::Json, three_events);
        let read: Vec<Value> = lines
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let nodes: Vec<_> = read
            .iter()
            .map(|line| line[NODE].as_str().unwrap())
            .collect();
        assert_eq!(nodes, ["hotline", "990100000000", "hotline"]);
        assert_eq!(read[1]["message"], "连不上\n上级");
        assert_eq!(read[1]["fields"]["tries"], 3);
        assert_eq!(read[1]["context"]["peer"], "990000000000");
        assert_eq!(read[1]["time"], "2026-01-01T00:00:00+08:00");
    }

    #[test]
    fn no_value_drives_a_terminal_or_begins_a_line() {
        let hostile = "\u{1b}[2J\u{202e}\r\n2026-01-01 00:00:00 INFO  9901 伪造\u{9b}";
        let log = || {
            let node = super::super::node_span(hostile);
            node.in_scope(|| tracing::warn!(what = hostile, shown = %hostile, "坏：{hostile}"));
        };
        for format in [LogFormat::Text, LogFormat::Json] {
            let lines = written(format, log);
            assert_eq!(lines.len(), 1, "{lines:?}");
            assert!(
                !lines[0].chars().any(hotline_show::is_hidden),
                "{:?}",
                lines[0]
            );
        }
        let lines = written(LogFormat::Json, log);
        let read: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(read["fields"]["what"], hostile);
    }
}
