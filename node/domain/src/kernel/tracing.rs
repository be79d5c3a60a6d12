//! What of an event's trace goes along with the envelopes that it writes. Telemetry only: no rule reads it.

use crate::id::MatterId;
use crate::link::Trace;

/// How an event is traced: the shell's span for it, and what came with the envelope, where one came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tracing {
    /// The span under which the event's commit is told.
    pub span: [u8; 8],
    /// How many matters in a thousand are traced.
    pub per_mille: u16,
    /// The trace of the envelope that is the event.
    pub arrived: Option<Trace>,
}

impl Tracing {
    /// Whether a matter is among those traced; alike at every node with the same setting, since the id decides.
    #[must_use]
    pub fn samples(per_mille: u16, matter: MatterId) -> bool {
        let [high, low, ..] = matter.0;
        let part = u32::from(u16::from_be_bytes([high, low])) * 1000 / 0x1_0000;
        part < u32::from(per_mille)
    }

    /// The trace of an envelope about a matter: what came with the event goes on, whatever this node's own setting.
    #[must_use]
    pub fn of(&self, matter: Option<MatterId>) -> Option<Trace> {
        let (trace, sampled) = match (self.arrived, matter) {
            (Some(arrived), _) => (arrived.trace, arrived.sampled),
            (None, Some(matter)) => (matter.0, Self::samples(self.per_mille, matter)),
            (None, None) => return None,
        };
        Some(Trace {
            trace,
            span: self.span,
            sampled,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matter_is_traced_everywhere_or_nowhere() {
        let matter = |byte| MatterId([byte; 16]);
        let all = (0..=u8::MAX).filter(|byte| Tracing::samples(100, matter(*byte)));
        assert!((24..28).contains(&all.count()), "one in ten of 256");
        assert!((0..=u8::MAX).all(|byte| Tracing::samples(1000, matter(byte))));
        assert!(!(0..=u8::MAX).any(|byte| Tracing::samples(0, matter(byte))));
        let mut tracing = Tracing {
            span: [1; 8],
            per_mille: 0,
            arrived: None,
        };
        assert!(!tracing.of(Some(matter(7))).expect("a matter's").sampled);
        assert_eq!(tracing.of(None), None);
        tracing.arrived = Some(Trace {
            trace: [9; 16],
            span: [2; 8],
            sampled: true,
        });
        let on = tracing.of(Some(matter(7))).expect("the one that came");
        assert_eq!((on.trace, on.span, on.sampled), ([9; 16], [1; 8], true));
    }
}
