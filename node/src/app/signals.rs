//! What the system tells a running node: stop, or read the files anew.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that a node answers. From when it is made on, none of them ends the process by itself; what comes before
/// it is asked waits.
pub(super) struct Signals {
    term: Signal,
    int: Signal,
    hup: Signal,
}

/// What a signal asks for.
pub(super) enum Said {
    /// SIGTERM or SIGINT, by its name.
    Stop(&'static str),
    /// SIGHUP.
    Reload,
}

impl Signals {
    /// # Errors
    /// The system does not let signals be received.
    pub(super) fn take() -> anyhow::Result<Self> {
        let of = |kind| signal(kind).context("不能接收系统信号");
        Ok(Self {
            term: of(SignalKind::terminate())?,
            int: of(SignalKind::interrupt())?,
            hup: of(SignalKind::hangup())?,
        })
    }

    /// The next one; the end before anything else.
    pub(super) async fn next(&mut self) -> Said {
        tokio::select! {
            biased;
            _ = self.term.recv() => Said::Stop("SIGTERM"),
            _ = self.int.recv() => Said::Stop("SIGINT"),
            _ = self.hup.recv() => Said::Reload,
        }
    }
}
