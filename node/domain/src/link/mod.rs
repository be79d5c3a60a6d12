//! Links: numbered lanes between neighbours, envelopes, payloads, and the session that carries them over a stream.
//!
//! ```text
//! kernel ──outbox rows──► session.pump ──frames──► neighbour's session ──Deliver──► its kernel
//!        ◄──Acked──────── session     ◄──Ack───────────── acknowledge ◄──commit────
//! ```
//!
//! | file | what |
//! | --- | --- |
//! | envelope, message | what travels, and the payloads inside |
//! | state | what a node keeps of a link for ever |
//! | frame | what is said on a stream |
//! | judge | whether a hello fits: the rollback and clone table |
//! | past | what a node says of its own log and starts, and what its neighbour keeps of that |
//! | credit, session | one stream from hello to farewell |
//! | conduct | what a neighbour did that no honest one does |
//! | idle | a bound for frames that say nothing |
//! | backoff | how long to wait before the next dial |

pub mod backoff;
mod conduct;
mod credit;
mod envelope;
mod frame;
mod idle;
mod judge;
mod message;
mod past;
mod session;
mod state;

pub use conduct::{BOUND as CONDUCT_BOUND, Conduct, Count, Offence};
pub use envelope::{Envelope, LogHead, Proof, Trace, extend};
pub use frame::{
    ByeCode, COST_MAX, Credit, Frame, Hello, WIRE_OLDEST, WIRE_VERSION, cost, cost_least,
    wire_spoken,
};
pub use judge::{Verdict, judge, lane_name};
pub use message::{Message, MessageKind, Unreadable, Wire};
pub use past::{Heard, Loss, Past, STARTS_MAX, Shown, Start, Starts};
pub use session::{HelloFacts, LaneProgress, Limits, Output, Session, SessionStage};
pub use state::{Consumption, LaneState, LinkState};
