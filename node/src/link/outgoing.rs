//! What waits to go out on a stream, bounded by its making: of acknowledgements, credit and heartbeats only the newest
//! counts, and envelopes are taken from the outbox only while few wait.

use hotline_domain::leg::Lane;
use hotline_domain::link::Frame;
use std::collections::VecDeque;

/// How many envelopes may wait; small, so that an urgent one does not wait behind many.
pub(super) const ENVELOPES_MAX: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Outgoing {
    hello: Option<Frame>,
    acks: [Option<Frame>; 3],
    credit: Option<Frame>,
    heartbeat: Option<Frame>,
    envelopes: VecDeque<Frame>,
    bye: Option<Frame>,
}

impl Outgoing {
    pub(super) fn push(&mut self, frame: Frame) {
        match &frame {
            Frame::Hello(_) => self.hello = Some(frame),
            &Frame::Ack { lane, .. } => self.acks[lane.index()] = Some(frame),
            Frame::Credit(_) => self.credit = Some(frame),
            Frame::Heartbeat { .. } => self.heartbeat = Some(frame),
            Frame::Envelope { .. } => self.envelopes.push_back(frame),
            Frame::Bye { .. } => self.bye = Some(frame),
        }
    }

    /// The next frame: hello, then what costs no credit, then envelopes. A farewell drops what it overtakes but the
    /// acknowledgements: they spare the peer sending again.
    pub(super) fn pop(&mut self) -> Option<Frame> {
        if let Some(hello) = self.hello.take() {
            return Some(hello);
        }
        let ack = Lane::ALL
            .iter()
            .find_map(|lane| self.acks[lane.index()].take());
        if ack.is_some() {
            return ack;
        }
        if self.bye.is_some() {
            (self.credit, self.heartbeat) = (None, None);
            self.envelopes.clear();
            return self.bye.take();
        }
        self.credit
            .take()
            .or_else(|| self.heartbeat.take())
            .or_else(|| self.envelopes.pop_front())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.hello.is_none()
            && self.acks.iter().all(Option::is_none)
            && self.credit.is_none()
            && self.heartbeat.is_none()
            && self.envelopes.is_empty()
            && self.bye.is_none()
    }

    /// Room for more envelopes.
    pub(super) fn room(&self) -> usize {
        ENVELOPES_MAX.saturating_sub(self.envelopes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotline_domain::link::{ByeCode, Credit};
    use hotline_topology::Time;

    fn ack(upto: u64) -> Frame {
        Frame::Ack {
            lane: Lane::Bulk,
            upto,
            hash: [0; 32],
        }
    }

    #[test]
    fn only_the_newest_of_a_kind_waits() {
        let mut out = Outgoing::default();
        for upto in 1..100 {
            out.push(ack(upto));
            out.push(Frame::Credit(
                [Credit {
                    messages: upto,
                    bytes: 0,
                }; 3],
            ));
            out.push(Frame::Heartbeat {
                time: Time(0),
                watermark: None,
                log_no: 0,
            });
        }
        assert_eq!(out.pop(), Some(ack(99)));
        assert!(matches!(out.pop(), Some(Frame::Credit(lanes)) if lanes[0].messages == 99));
        assert!(matches!(out.pop(), Some(Frame::Heartbeat { .. })));
        assert!(out.pop().is_none() && out.is_empty());
    }

    #[test]
    fn a_farewell_comes_last_and_keeps_the_acknowledgements() {
        let mut out = Outgoing::default();
        out.push(Frame::Heartbeat {
            time: Time(0),
            watermark: None,
            log_no: 0,
        });
        out.push(Frame::Bye {
            code: ByeCode::Shutdown,
            text: String::new(),
        });
        out.push(ack(3));
        assert_eq!(out.pop(), Some(ack(3)));
        assert!(matches!(out.pop(), Some(Frame::Bye { .. })));
        assert!(out.is_empty());
    }
}
