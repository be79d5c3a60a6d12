//! What a group tells of itself once it is durable: spans of commands, arrivals and commits.

use crate::telemetry::traces::{Told, Traces, about, span_id};
use hotline_domain::fact::Fact;
use hotline_domain::id::MatterId;
use hotline_domain::kernel::{Action, Commit, Input, Tracing};
use hotline_domain::leg::Lane;
use hotline_domain::link::Trace;
use hotline_topology::Time;
use opentelemetry::KeyValue;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::SystemTime;

/// The events of one group, to be told of together.
pub(super) struct GroupTrace {
    traces: Option<Arc<Traces>>,
    from: Option<SystemTime>,
    events: Vec<(Tracing, What)>,
}

/// What an event was, without anything personal.
enum What {
    Command {
        ticket: u64,
        verb: String,
    },
    Envelope {
        matter: Option<MatterId>,
        arrived: Option<Trace>,
        attributes: Vec<KeyValue>,
    },
    Own,
}

impl GroupTrace {
    /// A group that begins now.
    pub fn begin(traces: Option<Arc<Traces>>) -> Self {
        let from = traces.as_ref().map(|traces| traces.now());
        Self {
            traces,
            from,
            events: Vec::new(),
        }
    }

    /// How the next event is traced; `now` is the node's time.
    pub fn event(&mut self, input: &Input, now: Time) -> Option<Tracing> {
        let traces = self.traces.as_ref()?;
        let (arrived, what) = match input.bare() {
            Input::Command { ticket, command } => {
                let words = format!("{:?}", command.verb);
                let name = words.split(|c: char| !c.is_ascii_alphanumeric()).next();
                let verb = name.unwrap_or_default().to_owned();
                let ticket = *ticket;
                (None, What::Command { ticket, verb })
            }
            Input::Envelope {
                peer,
                lane,
                seq,
                envelope,
            } => {
                let mut attributes = about(envelope);
                attributes.extend([
                    KeyValue::new("hotline.peer", peer.to_string()),
                    KeyValue::new("hotline.lane", lane_word(*lane)),
                    KeyValue::new("hotline.seq", i64::try_from(*seq).unwrap_or(i64::MAX)),
                    KeyValue::new("hotline.waited_ms", now.0 - envelope.written_at.0),
                ]);
                let arrived = envelope.trace;
                let what = What::Envelope {
                    matter: envelope.matter,
                    arrived,
                    attributes,
                };
                (arrived, what)
            }
            _ => (None, What::Own),
        };
        let tracing = traces.tracing(arrived);
        self.events.push((tracing, what));
        Some(tracing)
    }

    /// The group is durable: its spans go out.
    pub fn tell(self, commit: &Commit) {
        let (Some(traces), Some(from)) = (self.traces, self.from) else {
            return;
        };
        let mut wrote: BTreeMap<[u8; 8], BTreeSet<[u8; 16]>> = BTreeMap::new();
        for fact in &commit.facts {
            if let Fact::Queued { envelope, .. } = fact
                && let Some(trace) = envelope.trace.filter(|trace| trace.sampled)
            {
                wrote.entry(trace.span).or_default().insert(trace.trace);
            }
        }
        let size = i64::try_from(self.events.len()).unwrap_or(i64::MAX);
        for (tracing, what) in self.events {
            let (own, before) = tell_cause(&traces, what, commit, from);
            let mut all = wrote.remove(&tracing.span).unwrap_or_default();
            all.extend(own);
            for trace in all {
                let told = Told {
                    name: "commit",
                    id: tracing.span,
                    parent: before.filter(|_| own == Some(trace)).map(|id| (id, false)),
                    from,
                    attributes: vec![KeyValue::new("hotline.group", size)],
                };
                traces.tell(trace, told);
            }
        }
    }
}

/// Tells of the command or the arrival; gives its trace and its span.
fn tell_cause(
    traces: &Traces,
    what: What,
    commit: &Commit,
    from: SystemTime,
) -> (Option<[u8; 16]>, Option<[u8; 8]>) {
    let (trace, name, parent, attributes) = match what {
        What::Own => return (None, None),
        What::Command { ticket, verb } => {
            let answer = commit.actions.iter().find_map(|action| match action {
                Action::Answer { ticket: of, answer } if *of == ticket => Some(answer),
                _ => None,
            });
            let Some(Ok(done)) = answer else {
                // Refused: nothing was committed, and of which matter is not known here.
                return (None, None);
            };
            let trace = done.matter.and_then(|matter| traces.of_matter(matter));
            let attributes = vec![KeyValue::new("hotline.verb", verb)];
            (trace, "command", None, attributes)
        }
        What::Envelope {
            matter,
            arrived,
            attributes,
        } => {
            let trace = match arrived {
                Some(arrived) => arrived.sampled.then_some(arrived.trace),
                None => matter.and_then(|matter| traces.of_matter(matter)),
            };
            let parent = arrived.map(|arrived| (arrived.span, true));
            (trace, "receive", parent, attributes)
        }
    };
    let Some(trace) = trace else {
        return (None, None);
    };
    let id = span_id();
    let told = Told {
        name,
        id,
        parent,
        from,
        attributes,
    };
    traces.tell(trace, told);
    (Some(trace), Some(id))
}

/// The lane's word in attributes.
pub(super) fn lane_word(lane: Lane) -> &'static str {
    match lane {
        Lane::Urgent => "urgent",
        Lane::Ordinary => "ordinary",
        Lane::Bulk => "bulk",
    }
}
