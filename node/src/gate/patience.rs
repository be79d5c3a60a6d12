//! How long a door waits for the rest of a request, and for an answer to be taken.

use std::time::Duration;

/// Bytes of an answer that are handed to the transport at once.
pub(super) const PIECE_BYTES: usize = 64 << 10;
/// The same that are with the transport, unwritten, before it is handed more.
pub(super) const AHEAD_BYTES: usize = PIECE_BYTES;
/// How long a connection may hold anything that it does not take. An answer that its caller does not take is ended by
/// itself, much earlier ([`Patience::taken_within`]); this is for those that the transport asks for nothing more of:
/// everything is with it already, or there is not even room for the first byte.
pub(super) const UNTAKEN_MAX: Duration = Duration::from_secs(120);
/// Between two looks for such connections.
pub(super) const LOOK_FOR_UNTAKEN_EVERY: Duration = Duration::from_secs(10);
/// A look that comes so much too late was not put off by the caller, but by this node: the caller's time begins anew.
pub(super) const LOOK_LATE: Duration = Duration::from_secs(5);
/// Of one message in a stream: 8 MiB, the longest of a link, at one megabit a second, and four times the silence after
/// which a link is given up anyway. So no link that was good without this bound is broken by it.
const MESSAGE_WITHIN: Duration = Duration::from_secs(60);
/// Of an answer's next 64 KiB: nine kilobits a second are enough.
const TAKEN_WITHIN: Duration = Duration::from_secs(60);

/// How long a server waits.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a request that is one message: from its headers to its last byte.
    pub whole_within: Duration,
    /// Calls that are streams of requests, by the ends of their paths: they last as long as they like.
    pub streams: &'static [&'static str],
    /// For one message of such a stream: from its first byte to its last.
    pub message_within: Duration,
    /// For an answer's next piece to be taken.
    pub taken_within: Duration,
}

impl Patience {
    /// For calls that are one message, and the streams whose paths end so.
    #[must_use]
    pub const fn new(whole_within: Duration, streams: &'static [&'static str]) -> Self {
        Self {
            whole_within,
            streams,
            message_within: MESSAGE_WITHIN,
            taken_within: TAKEN_WITHIN,
        }
    }

    /// For calls of which nothing is known: each is taken for a stream.
    #[must_use]
    pub const fn with_streams() -> Self {
        // Every path ends with nothing.
        Self::new(MESSAGE_WITHIN, &[""])
    }

    /// Whether a call is a stream of requests.
    pub(super) fn is_stream(&self, path: &str) -> bool {
        self.streams.iter().any(|stream| path.ends_with(stream))
    }
}
