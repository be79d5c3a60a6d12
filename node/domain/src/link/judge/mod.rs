//! Does a neighbour's hello fit what this node remembers? One pure function, asked once a stream by either side.
//!
//! Between honest neighbours whose disks kept all that was ever acknowledged, on every lane and in both directions
//!
//! ```text
//! sender.acked <= receiver.received <= sender.sent      and equal numbers have equal running hashes
//! ```
//!
//! because a sender numbers durably before it sends, a receiver acknowledges only what is durable, and either side
//! ends its older stream before it states a new hello. Whatever breaks this proves that a disk was rolled back or that
//! two copies of a node are running. Who lost:
//!
//! | lane | what the hello says against what is remembered here | proof that | because |
//! | --- | --- | --- | --- |
//! | outgoing | `received` above our `sent` | **we** rolled back | it has what we do not remember sending |
//! | outgoing | `received` below our `acked` | the **peer** did | it forgot what it once acknowledged |
//! | outgoing | `received` with another hash than ours at that number | **we** did | what it has came from another past of ours |
//! | incoming | `sent` below our `received` | the **peer** did | we have what it does not remember sending |
//! | incoming | `acked` above our `received` | **we** did | we once acknowledged what we do not remember |
//! | incoming | `sent` or `acked` equal to our `received`, other hash | the **peer** did | what we have came from another past of it |
//! | incoming | `acked` above its own `sent` | the **peer** did | its records contradict each other |
//! | all | `epoch` below the one remembered | the **peer** did | an epoch only rises |
//! | all | `peer_epoch` above our own epoch | **we** did | it has met a later epoch of ours |
//! | all | its commits fewer than it once showed, now or as it next started | the **peer** did | a log only grows |
//! | all | its starts fewer than it once showed | the **peer** did | they are counted in its log |
//! | all | another mark of the start that it once showed | the **peer** did | its copies draw one each |
//! | all | what it keeps of us against our own past, likewise | **we** did | we once showed that |
//!
//! A number's owner is its sender, so another hash always speaks against the sender. All lanes are examined and every
//! finding is put into words. A node that was restored on purpose says so and comes with a higher epoch: that is no
//! finding, both sides start their lanes again from 1, and forget what the other showed before. A release that tells
//! nothing of its past, or a start further back than those that are told, speaks against nobody. A finding against this
//! node outweighs findings against the peer, because a node that lost records must stop sending to everybody; but a peer
//! that comes with an older epoch than it had comes from before the link was last re-opened, and what its numbers say
//! against this node is of a history that was given up. Any finding closes all lanes until operators re-open the link at
//! both ends: the lanes then start from number 1 again ([`crate::fact::Fact::LanesRestarted`]).

use crate::kernel::epoch_words;
use crate::leg::Lane;
use crate::link::frame::{Hello, WIRE_OLDEST, WIRE_VERSION};
use crate::link::past::{Loss, Past};
use crate::link::state::{LaneState, LinkState};

/// What a hello proves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Nothing speaks against it.
    Fits,
    /// No version that both speak.
    WireVersion {
        /// The newest that the peer speaks.
        theirs: u32,
        /// The newest that this program speaks.
        ours: u32,
    },
    /// The peer's lanes start again under an epoch that is new here, as it says itself: this node starts its own again.
    PeerRestarted,
    /// This node's lanes started again, and the peer's hello is from before it knew: it will come again.
    NotYet,
    /// The peer was rolled back or cloned; the words are for the operator.
    PeerRolledBack(String),
    /// This node was rolled back or cloned; the words are for the operator.
    SelfRolledBack(String),
}

/// Judges a hello against the link's lasting state, this node's epoch, and its past as its own hello told it. `hash_at`
/// gives the running hash of an outgoing lane at a number between the acknowledged one and the last sent, from the outbox.
#[must_use]
pub fn judge(
    epoch: u64,
    past: &Past,
    link: &LinkState,
    hash_at: &dyn Fn(Lane, u64) -> Option<[u8; 32]>,
    hello: &Hello,
) -> Verdict {
    if hello.wire_version < WIRE_OLDEST || hello.wire_oldest > WIRE_VERSION {
        return Verdict::WireVersion {
            theirs: hello.wire_version,
            ours: WIRE_VERSION,
        };
    }
    // What the numbers of a lane that starts again say is of a history that was given up.
    if hello.peer_epoch <= epoch && hello.epoch >= link.peer_epoch {
        if hello.restarting && hello.epoch > link.peer_epoch {
            return Verdict::PeerRestarted;
        }
        if link.restarting && hello.peer_epoch < epoch {
            return Verdict::NotYet;
        }
    }
    let mut findings = Findings::default();
    if hello.epoch < link.peer_epoch {
        findings.stale = hello.peer_epoch <= epoch;
        findings.peer(format!(
            "对方自称{}，而本节点记得它已是{}",
            epoch_words(hello.epoch),
            epoch_words(link.peer_epoch)
        ));
    }
    if hello.peer_epoch > epoch {
        findings.own(format!(
            "对方见过本节点的{}，而本节点只记得{}",
            epoch_words(hello.peer_epoch),
            epoch_words(epoch)
        ));
    }
    for loss in hello.past.losses(link.shown) {
        findings.peer(their_loss(loss));
    }
    for loss in past.losses(hello.shown) {
        findings.own(our_loss(loss));
    }
    for lane in Lane::ALL {
        let (ours, theirs) = (&link.lanes[lane.index()], &hello.lanes[lane.index()]);
        outgoing(&mut findings, lane, ours, theirs, hash_at);
        incoming(&mut findings, lane, ours, theirs);
    }
    findings.verdict(link)
}

/// The running hash of an outgoing lane at `seq`, as this node remembers it.
pub(in crate::link) fn remembered(
    lane: Lane,
    ours: &LaneState,
    seq: u64,
    hash_at: &dyn Fn(Lane, u64) -> Option<[u8; 32]>,
) -> Option<[u8; 32]> {
    match seq {
        0 => Some([0; 32]),
        _ if seq == ours.sent => Some(ours.sent_hash),
        _ if seq == ours.acked => Some(ours.acked_hash),
        _ => hash_at(lane, seq),
    }
}

/// What this node sent on a lane, against what the peer says it received.
fn outgoing(
    findings: &mut Findings,
    lane: Lane,
    ours: &LaneState,
    theirs: &LaneState,
    hash_at: &dyn Fn(Lane, u64) -> Option<[u8; 32]>,
) {
    let name = lane_name(lane);
    if theirs.received > ours.sent {
        findings.own(format!(
            "{name}：对方已收到第 {} 号，而本节点只记得发出到第 {} 号",
            theirs.received, ours.sent
        ));
    } else if theirs.received < ours.acked {
        findings.peer(format!(
            "{name}：对方只记得收到第 {} 号，而它曾确认到第 {} 号",
            theirs.received, ours.acked
        ));
    } else if remembered(lane, ours, theirs.received, hash_at)
        .is_some_and(|hash| hash != theirs.received_hash)
    {
        findings.own(format!(
            "{name}：到第 {} 号为止，对方收到的与本节点记得发出的内容不同",
            theirs.received
        ));
    }
}

/// What this node received on a lane, against what the peer says it sent.
fn incoming(findings: &mut Findings, lane: Lane, ours: &LaneState, theirs: &LaneState) {
    let name = lane_name(lane);
    if theirs.acked > theirs.sent {
        findings.peer(format!(
            "{name}：对方的记录自相矛盾，发出到第 {} 号，却被确认到第 {} 号",
            theirs.sent, theirs.acked
        ));
        return;
    }
    if theirs.sent < ours.received {
        findings.peer(format!(
            "{name}：对方只记得发出到第 {} 号，而本节点已收到它的第 {} 号",
            theirs.sent, ours.received
        ));
        return;
    }
    if theirs.acked > ours.received {
        findings.own(format!(
            "{name}：本节点曾向对方确认到第 {} 号，而现在只记得收到第 {} 号",
            theirs.acked, ours.received
        ));
        return;
    }
    let differs = (theirs.sent == ours.received && theirs.sent_hash != ours.received_hash)
        || (theirs.acked == ours.received && theirs.acked_hash != ours.received_hash);
    if differs {
        findings.peer(format!(
            "{name}：到第 {} 号为止，对方记得发出的与本节点收到的内容不同",
            ours.received
        ));
    }
}

fn their_loss(loss: Loss) -> String {
    match loss {
        Loss::Commits { now, shown } => {
            format!("对方的日志只到第 {now} 次提交，而它曾报过第 {shown} 次")
        }
        Loss::CommitsBefore { start, now, shown } => {
            format!(
                "对方第 {start} 次启动时日志只到第 {now} 次提交，而它在那之前曾报过第 {shown} 次"
            )
        }
        Loss::Starts { now, shown } => {
            format!("对方只记得启动过 {now} 次，而它曾报过第 {shown} 次启动")
        }
        Loss::OtherStart(no) => format!("对方所记的第 {no} 次启动，不是它曾报过的那一次"),
    }
}

fn our_loss(loss: Loss) -> String {
    match loss {
        Loss::Commits { now, shown } => {
            format!("对方见过本节点的第 {shown} 次提交，而本节点的日志只到第 {now} 次")
        }
        Loss::CommitsBefore { start, now, shown } => format!(
            "本节点第 {start} 次启动时日志只到第 {now} 次提交，而对方在那之前见过第 {shown} 次"
        ),
        Loss::Starts { now, shown } => {
            format!("对方见过本节点的第 {shown} 次启动，而本节点只记得启动过 {now} 次")
        }
        Loss::OtherStart(no) => {
            format!("对方见过的本节点第 {no} 次启动，不是本节点所记的那一次")
        }
    }
}

/// The lane's name for people.
#[must_use]
pub fn lane_name(lane: Lane) -> &'static str {
    match lane {
        Lane::Urgent => "紧急通道",
        Lane::Ordinary => "普通通道",
        Lane::Bulk => "批量通道",
    }
}

/// Evidence gathered over all lanes.
#[derive(Default)]
struct Findings {
    own: Vec<String>,
    peer: Vec<String>,
    /// The peer's epoch is older than remembered, and this node's is not.
    stale: bool,
}

impl Findings {
    fn own(&mut self, words: String) {
        self.own.push(words);
    }

    fn peer(&mut self, words: String) {
        self.peer.push(words);
    }

    fn verdict(mut self, link: &LinkState) -> Verdict {
        let peer = link.peer;
        if self.stale {
            self.peer.append(&mut self.own);
        }
        if !self.own.is_empty() {
            self.own.append(&mut self.peer);
            return Verdict::SelfRolledBack(format!(
                "与 {peer} 核对失败，证据表明本节点的数据被恢复到了旧状态，或另有一份副本在运行：{}。\
                 请先停用副本，再按双方记录核对未办结的交办，然后在两端重新开通链路",
                self.own.join("；")
            ));
        }
        if !self.peer.is_empty() {
            return Verdict::PeerRolledBack(format!(
                "与 {peer} 核对失败，证据表明对方的数据被恢复到了旧状态，或另有一份副本在运行：{}。\
                 请联系对方运维停用副本，核对未办结的交办，然后在两端重新开通链路",
                self.peer.join("；")
            ));
        }
        Verdict::Fits
    }
}

#[cfg(test)]
mod tests;
