//! A link's session: one stream between two neighbours, from hello to farewell. Pure: frames, commits and time come
//! in, frames and inputs for the kernel go out. The transport and the simulation drive the same code.
//!
//! ```text
//!   open ──► Greeting ──peer's hello fits──► Met ──► Closed
//!               │  does not fit, silence       │  gap, wrong hash, over credit, silence, farewell
//!               └──────────────────────────────┴──► Closed
//! ```
//!
//! Promises:
//! - Envelopes of a lane are delivered in order, each number once a session; what the log already has is acknowledged
//!   by number and not delivered. The kernel's mark makes it once for ever.
//! - Nothing is acknowledged but what [`Session::acknowledge`] was told, after the commit.
//! - No envelope leaves without credit; a sender that goes beyond its credit is cut off.
//! - A session lives only as long as its stream. Whoever opens a new one drops the older first and states its hello from
//!   the committed view: otherwise honest neighbours could look rolled back (see [`super::judge()`]).
//! - A session is of the lanes that it opened on. Once they began again, nothing goes out on it, what it brought changes
//!   nothing ([`Input::OfSession`]), and it ends with the next frame.
//!
//! To add a frame: [`super::Frame`], the match in [`Session::on_frame`] (`take.rs`), the shell's codec, the `.proto` file.

mod take;

use super::credit::{Grant, Spend};
use super::envelope::Envelope;
use super::frame::{ByeCode, Credit, Frame, Hello, WIRE_OLDEST, WIRE_VERSION, cost};
use super::idle::Idle;
use super::judge::lane_name;
use super::past::Past;
use super::state::LinkState;
use crate::figures::Watermark;
use crate::kernel::{Input, LinkNews};
use crate::leg::Lane;
use crate::row::{Row, RowKey};
use crate::view::{Rows as _, View, ViewFailed};
use hotline_topology::{RegionKey, Time};
use std::collections::BTreeSet;

/// Bounds of a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// What the peer may have sent but not yet seen committed, per lane. At least four envelopes and two of the largest
    /// charge, or the lane could stand still.
    pub window: Credit,
    /// Milliseconds between heartbeats.
    pub heartbeat_ms: u64,
    /// Milliseconds of silence after which the stream is given up.
    pub silence_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            window: Credit {
                messages: 256,
                bytes: 4 << 20,
            },
            heartbeat_ms: 5_000,
            silence_ms: 15_000,
        }
    }
}

/// What a node says of itself in a hello.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HelloFacts {
    /// Its region.
    pub region: RegionKey,
    /// Its epoch.
    pub epoch: u64,
    /// Topology version in force.
    pub topology_version: u32,
    /// Its time.
    pub time: Time,
    /// Its past.
    pub past: Past,
}

/// What the driver of a session has to do, in this order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Send a frame.
    Send(Frame),
    /// Give the envelope to the kernel; acknowledge only when told by it.
    Deliver {
        /// Lane.
        lane: Lane,
        /// Number.
        seq: u64,
        /// The envelope.
        envelope: Box<Envelope>,
    },
    /// Give the kernel the certificates of an author, before the envelope that they came with.
    Introduced {
        /// Whose.
        author: RegionKey,
        /// In DER, without the root.
        chain: Vec<Vec<u8>>,
    },
    /// Tell the kernel that the peer has everything up to a number.
    Acked {
        /// Lane.
        lane: Lane,
        /// Up to and with this number.
        upto: u64,
    },
    /// Tell the kernel.
    News(LinkNews),
    /// The peer stated its time, and perhaps up to where its figures are complete.
    Beat {
        /// The peer's time when it wrote.
        time: Time,
        /// The peer's watermark.
        watermark: Option<Watermark>,
        /// Number of the peer's last durable commit; 0 where it does not tell.
        log_no: u64,
    },
    /// End the stream; the session is over.
    Close {
        /// For programs.
        code: ByeCode,
        /// For the operator.
        text: String,
    },
}

/// Where a session stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SessionStage {
    /// Our hello went out, the peer's has not come.
    Greeting,
    /// The peer's hello fitted: envelopes flow.
    Met,
    /// Over.
    Closed,
}

/// One stream's state; volatile.
#[derive(Clone, Debug)]
pub struct Session {
    peer: RegionKey,
    epoch: u64,
    /// Of the link's state as the session opened.
    restarts: u64,
    past: Past,
    limits: Limits,
    stage: SessionStage,
    lanes: [LaneSession; 3],
    heard_ms: u64,
    beat_ms: u64,
    hello: Option<Hello>,
    idle: Idle,
}

#[derive(Clone, Debug)]
struct LaneSession {
    /// Highest outgoing number that the peer has or that went out in this session.
    cursor: u64,
    /// Highest outgoing number that the kernel was told the peer has.
    acked: u64,
    spend: Spend,
    /// Certificates that went out on the lane in this session, by their hash.
    shown: BTreeSet<[u8; 32]>,
    /// Highest incoming number that came in this session or is in the log.
    delivered: u64,
    delivered_hash: [u8; 32],
    grant: Grant,
}

impl LaneSession {
    /// The certificates to send beside an envelope: those of its signature, once a stream and lane, for lanes may
    /// overtake one another.
    fn show(&mut self, view: &dyn View, envelope: &Envelope) -> Result<Vec<Vec<u8>>, ViewFailed> {
        let Some(proof) = &envelope.proof else {
            return Ok(Vec::new());
        };
        if !self.shown.insert(proof.certificate) {
            return Ok(Vec::new());
        }
        Ok(match view.get(&RowKey::Certificate(proof.certificate))? {
            Some(Row::Certificate(_, chain)) => chain,
            _ => Vec::new(),
        })
    }
}

/// How a lane goes, for the operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LaneProgress {
    /// Highest number sent in this session or known to be with the peer.
    pub cursor: u64,
    /// Credit left for sending.
    pub credit: Credit,
    /// Highest number delivered to the kernel.
    pub delivered: u64,
}

impl Session {
    /// Opens a session on a new stream, from the committed state of the link; the frames go out first. A blocked link
    /// only says what it knows and why it is refused, and listens whether the peer was restarted.
    #[must_use]
    pub fn open(
        link: &LinkState,
        own: HelloFacts,
        limits: Limits,
        mono_ms: u64,
    ) -> (Session, Vec<Frame>) {
        let lane = |lane: Lane| {
            let state = &link.lanes[lane.index()];
            LaneSession {
                cursor: state.sent,
                acked: state.acked,
                spend: Spend::default(),
                shown: BTreeSet::new(),
                delivered: state.received,
                delivered_hash: state.received_hash,
                grant: Grant::new(limits.window),
            }
        };
        let mut session = Session {
            peer: link.peer,
            epoch: own.epoch,
            restarts: link.restarts,
            past: own.past.clone(),
            limits,
            stage: SessionStage::Greeting,
            lanes: Lane::ALL.map(lane),
            heard_ms: mono_ms,
            beat_ms: mono_ms,
            hello: None,
            idle: Idle::new(mono_ms),
        };
        let rests = link.conduct.as_ref().filter(|it| it.quarantined(own.time));
        let frames = match (&link.blocked, rests) {
            // The stream stays for the peer's hello: it may announce the restart that lifts the refusal.
            (Some(why), _) => vec![
                hello(link, own),
                Frame::Bye {
                    code: ByeCode::Blocked,
                    text: blocked_text(why),
                },
            ],
            (None, Some(conduct)) => {
                let until = conduct.until.unwrap_or(own.time);
                vec![session.bye(ByeCode::Blocked, format!("行为异常，链路隔离至 {until}"))]
            }
            (None, None) => vec![hello(link, own)],
        };
        (session, frames)
    }

    /// Envelopes of the outbox that have not gone out in this session and fit the peer's credit, urgent lane first, at
    /// most `room`. Call again until it gives none.
    ///
    /// # Errors
    /// The view could not be read, or an unacknowledged envelope is missing from it.
    pub fn pump(&mut self, view: &dyn View, room: usize) -> Result<Vec<Frame>, ViewFailed> {
        let mut frames = Vec::new();
        if self.stage != SessionStage::Met || view.link(self.peer)?.restarts != self.restarts {
            return Ok(frames);
        }
        for lane in Lane::ALL {
            let state = &mut self.lanes[lane.index()];
            let room = (room - frames.len())
                .min(usize::try_from(state.spend.left().messages).unwrap_or(usize::MAX));
            if room == 0 {
                continue;
            }
            let from = RowKey::Outbox(self.peer, lane, state.cursor + 1);
            let to = RowKey::Outbox(self.peer, lane, u64::MAX);
            for (key, row) in view.scan(&from, &to, room)? {
                let (RowKey::Outbox(_, _, seq), Row::Outbox(envelope, hash)) = (key, row) else {
                    return Err(ViewFailed(format!("{} 的待发区混入了别的记录", self.peer)));
                };
                if seq != state.cursor + 1 {
                    return Err(ViewFailed(format!(
                        "{} 的待发区{}缺第 {} 号",
                        self.peer,
                        lane_name(lane),
                        state.cursor + 1
                    )));
                }
                let Some(spent) = state.spend.take(cost(&envelope)) else {
                    break;
                };
                state.cursor = seq;
                let chain = state.show(view, &envelope)?;
                frames.push(Frame::Envelope {
                    lane,
                    seq,
                    hash,
                    spent,
                    envelope,
                    chain,
                });
            }
        }
        Ok(frames)
    }

    /// The kernel committed everything of a lane up to a number: acknowledges it, and gives credit back.
    pub fn acknowledge(&mut self, lane: Lane, upto: u64, hash: [u8; 32]) -> Vec<Frame> {
        if self.stage == SessionStage::Closed {
            return Vec::new();
        }
        let state = &mut self.lanes[lane.index()];
        state.grant.release(upto);
        if upto > state.delivered {
            // Committed from an older stream after this one's hello was stated; the peer skips it on our word.
            (state.delivered, state.delivered_hash) = (upto, hash);
        }
        let mut frames = vec![Frame::Ack { lane, upto, hash }];
        frames.extend(self.credit(false));
        frames
    }

    /// Lets time pass: heartbeats, and the end of a silent stream. `log_no` is that of the last durable commit.
    pub fn tick(
        &mut self,
        mono_ms: u64,
        time: Time,
        watermark: Option<Watermark>,
        log_no: u64,
    ) -> Vec<Output> {
        if self.stage == SessionStage::Closed {
            return Vec::new();
        }
        let silent_ms = mono_ms.saturating_sub(self.heard_ms);
        if silent_ms >= self.limits.silence_ms {
            let text = format!("{} 已 {} 秒没有音讯", self.peer, silent_ms / 1000);
            return self.close(ByeCode::Silent, text);
        }
        let due = mono_ms.saturating_sub(self.beat_ms) >= self.limits.heartbeat_ms;
        if self.stage != SessionStage::Met || !due {
            return Vec::new();
        }
        self.beat_ms = mono_ms;
        vec![Output::Send(Frame::Heartbeat {
            time,
            watermark,
            log_no,
        })]
    }

    /// Ends the session from this side: a farewell and the end of the stream. Nothing if it is over already.
    pub fn close(&mut self, code: ByeCode, text: String) -> Vec<Output> {
        if self.stage == SessionStage::Closed {
            return Vec::new();
        }
        vec![
            Output::Send(self.bye(code, text.clone())),
            Output::Close { code, text },
        ]
    }

    /// What the session brought, as the kernel takes it: with the lanes that it is about.
    #[must_use]
    pub fn brought(&self, input: Input) -> Input {
        Input::OfSession {
            peer: self.peer,
            restarts: self.restarts,
            input: Box::new(input),
        }
    }

    /// Where the session stands.
    #[must_use]
    pub fn stage(&self) -> SessionStage {
        self.stage
    }

    /// What the peer said of itself, once met.
    #[must_use]
    pub fn hello(&self) -> Option<&Hello> {
        self.hello.as_ref()
    }

    /// Monotonic milliseconds when the peer was last heard.
    #[must_use]
    pub fn heard_ms(&self) -> u64 {
        self.heard_ms
    }

    /// How the lanes go, by position of [`Lane::ALL`].
    #[must_use]
    pub fn progress(&self) -> [LaneProgress; 3] {
        Lane::ALL.map(|lane| {
            let state = &self.lanes[lane.index()];
            LaneProgress {
                cursor: state.cursor,
                credit: state.spend.left(),
                delivered: state.delivered,
            }
        })
    }

    /// A credit frame, when `all` or when enough was given back to be worth one.
    fn credit(&mut self, all: bool) -> Option<Frame> {
        let worth = all || self.lanes.iter().any(|lane| lane.grant.worth_telling());
        (self.stage == SessionStage::Met && worth)
            .then(|| Frame::Credit(self.lanes.each_mut().map(|lane| lane.grant.tell())))
    }

    fn bye(&mut self, code: ByeCode, text: String) -> Frame {
        self.stage = SessionStage::Closed;
        Frame::Bye { code, text }
    }
}

fn hello(link: &LinkState, own: HelloFacts) -> Frame {
    Frame::Hello(Box::new(Hello {
        wire_version: WIRE_VERSION,
        wire_oldest: WIRE_OLDEST,
        region: own.region,
        epoch: own.epoch,
        peer_epoch: link.peer_epoch,
        topology_version: own.topology_version,
        time: own.time,
        lanes: link.lanes,
        restarting: link.restarting,
        past: own.past,
        shown: link.shown,
        refused: link.blocked.is_some(),
    }))
}

fn blocked_text(why: &str) -> String {
    format!("链路已停用，等待运维核对后重新开通：{why}")
}

#[cfg(test)]
mod tests;
