//! What a frame of the peer does to a session.

use super::{Output, Session, SessionStage, blocked_text};
use crate::kernel::{LinkNews, epoch_words};
use crate::leg::Lane;
use crate::link::envelope::{Envelope, extend};
use crate::link::frame::{ByeCode, Credit, Frame, Hello, WIRE_OLDEST, cost_least, wire_spoken};
use crate::link::judge::{Verdict, judge, lane_name, remembered};
use crate::link::state::LinkState;

/// Whether a hello of a blocked peer announces a restart of its own under an epoch that is new here.
fn lifts(hello: &Hello, link: &LinkState, epoch: u64) -> bool {
    hello.region == link.peer
        && hello.restarting
        && hello.epoch > link.peer_epoch
        && hello.peer_epoch <= epoch
}

impl Session {
    /// Takes a frame of the peer. `link` is the link's committed state now; `outbox` the running hash of an unacknowledged
    /// outgoing envelope. After a [`Output::Close`] the session takes nothing more.
    pub fn on_frame(
        &mut self,
        frame: Frame,
        link: &LinkState,
        outbox: &dyn Fn(Lane, u64) -> Option<[u8; 32]>,
        mono_ms: u64,
    ) -> Vec<Output> {
        if self.stage == SessionStage::Closed {
            return Vec::new();
        }
        self.heard_ms = mono_ms;
        if link.restarts != self.restarts {
            let text = "本节点的链路已从头编号，须重新连接".to_owned();
            return self.close(ByeCode::Shutdown, text);
        }
        if let Some(why) = &link.blocked {
            return match &frame {
                // Whoever was blocked comes back by a restart that it announces, and by nothing else.
                Frame::Hello(hello) if lifts(hello, link, self.epoch) => self.restarted(hello),
                _ => self.close(ByeCode::Blocked, blocked_text(why)),
            };
        }
        if self.says_nothing(&frame, link) && !self.idle.take(mono_ms) {
            let text = format!("{} 不停地发来没有内容的帧", self.peer);
            return self.close(ByeCode::OverCredit, text);
        }
        match (self.stage, frame) {
            (_, Frame::Bye { code, text }) => self.on_bye(code, text),
            (SessionStage::Greeting, Frame::Hello(hello)) => self.on_hello(*hello, link, outbox),
            (SessionStage::Greeting, _) => {
                self.close(ByeCode::Protocol, "对方未先报到就发来内容".into())
            }
            (_, Frame::Hello(_)) => self.close(ByeCode::Protocol, "对方重复报到".into()),
            (
                _,
                Frame::Envelope {
                    lane,
                    seq,
                    hash,
                    spent,
                    envelope,
                    chain,
                },
            ) => {
                let author = envelope.author;
                let mut out = self.on_envelope(lane, seq, hash, spent, envelope, link);
                if !chain.is_empty() && self.stage != SessionStage::Closed {
                    // Even a duplicate's: later envelopes of the stream come without.
                    out.insert(0, Output::Introduced { author, chain });
                }
                out
            }
            (_, Frame::Ack { lane, upto, hash }) => self.on_ack(lane, upto, hash, link, outbox),
            (_, Frame::Credit(granted)) => {
                for (lane, granted) in self.lanes.iter_mut().zip(granted) {
                    lane.spend.raise(granted);
                }
                Vec::new()
            }
            (
                _,
                Frame::Heartbeat {
                    time,
                    watermark,
                    log_no,
                },
            ) => vec![Output::Beat {
                time,
                watermark,
                log_no,
            }],
        }
    }

    /// Whether a frame changes nothing. A heartbeat does say something, but not how often.
    fn says_nothing(&self, frame: &Frame, link: &LinkState) -> bool {
        match frame {
            Frame::Ack { lane, upto, .. } => *upto <= link.lanes[lane.index()].acked,
            Frame::Credit(granted) => {
                let raises = |lane: Lane| {
                    self.lanes[lane.index()]
                        .spend
                        .raised_by(granted[lane.index()])
                };
                !Lane::ALL.into_iter().any(raises)
            }
            Frame::Envelope { lane, seq, .. } => *seq <= self.lanes[lane.index()].delivered,
            Frame::Heartbeat { .. } => true,
            Frame::Hello(_) | Frame::Bye { .. } => false,
        }
    }

    fn on_hello(
        &mut self,
        hello: Hello,
        link: &LinkState,
        outbox: &dyn Fn(Lane, u64) -> Option<[u8; 32]>,
    ) -> Vec<Output> {
        if hello.region != self.peer {
            let text = format!("证书属于 {}，却自报为 {}", self.peer, hello.region);
            return self.close(ByeCode::Protocol, text);
        }
        let verdict = judge(self.epoch, &self.past, link, outbox, &hello);
        if hello.refused && !matches!(verdict, Verdict::SelfRolledBack(_)) {
            // Its farewell, with the reason, is the next frame.
            return Vec::new();
        }
        let (news, code, text) = match verdict {
            Verdict::Fits => return self.met(hello, link),
            Verdict::PeerRestarted => return self.restarted(&hello),
            Verdict::NotYet => return Vec::new(),
            Verdict::WireVersion { theirs, ours } => {
                let text = format!(
                    "与 {} 没有共同的链路协议版本：对方最高 {theirs}，本节点 {WIRE_OLDEST} 至 {ours}。请升级较旧的一方",
                    self.peer
                );
                return self.close(ByeCode::WireVersion, text);
            }
            Verdict::PeerRolledBack(why) => (
                LinkNews::PeerRolledBack { why: why.clone() },
                ByeCode::YouRolledBack,
                why,
            ),
            Verdict::SelfRolledBack(why) => (
                LinkNews::SelfRolledBack {
                    why: why.clone(),
                    seen_epoch: hello.peer_epoch,
                },
                // Restored on purpose, it only takes one epoch more: nothing for the peer's people.
                if link.restarting {
                    ByeCode::Shutdown
                } else {
                    ByeCode::IRolledBack
                },
                why,
            ),
        };
        let mut out = vec![Output::News(news)];
        out.extend(self.close(code, text));
        out
    }

    /// The peer's lanes start again: this node's do, too, and the stream is opened anew after that commit.
    fn restarted(&mut self, hello: &Hello) -> Vec<Output> {
        let epoch = hello.epoch;
        let mut out = vec![Output::News(LinkNews::PeerRestarted { epoch })];
        let text = format!(
            "{} 以{}重新开始，双方从头编号后重新连接",
            self.peer,
            epoch_words(epoch)
        );
        out.extend(self.close(ByeCode::Shutdown, text));
        out
    }

    fn met(&mut self, hello: Hello, link: &LinkState) -> Vec<Output> {
        self.stage = SessionStage::Met;
        let mut out = vec![
            Output::News(LinkNews::Met {
                epoch: hello.epoch,
                wire: wire_spoken(&hello),
                shown: hello.past.shown(),
            }),
            Output::Beat {
                time: hello.time,
                watermark: None,
                log_no: hello.past.log_no,
            },
        ];
        for lane in Lane::ALL {
            let (state, ours) = (&mut self.lanes[lane.index()], &link.lanes[lane.index()]);
            let has = hello.lanes[lane.index()].received;
            state.cursor = has;
            if has > ours.acked {
                state.acked = has;
                out.push(Output::Acked { lane, upto: has });
            }
        }
        self.hello = Some(hello);
        out.extend(self.credit(true).map(Output::Send));
        out
    }

    fn on_bye(&mut self, code: ByeCode, text: String) -> Vec<Output> {
        self.stage = SessionStage::Closed;
        let mut out = Vec::new();
        if code == ByeCode::IRolledBack {
            // Only the sender of a lane can see that an old number carries another hash: this node learns it from the
            // peer's word. The reverse claim is not believed: what speaks against this node, its own judgement finds.
            let why = format!("{} 自报数据被恢复到旧状态：{text}", self.peer);
            out.push(Output::News(LinkNews::PeerRolledBack { why }));
        }
        out.push(Output::Close {
            code,
            text: format!("{} 关闭了链路：{text}", self.peer),
        });
        out
    }

    fn on_envelope(
        &mut self,
        lane: Lane,
        seq: u64,
        hash: [u8; 32],
        spent: Credit,
        envelope: Box<Envelope>,
        link: &LinkState,
    ) -> Vec<Output> {
        let (peer, name) = (self.peer, lane_name(lane));
        let mark = &link.lanes[lane.index()];
        let state = &mut self.lanes[lane.index()];
        let Some(fresh) = state.grant.charge(seq, spent, cost_least(&envelope)) else {
            let text = format!("{peer} 在{name}第 {seq} 号上超出了准许的数量");
            return self.close(ByeCode::OverCredit, text);
        };
        if seq <= state.delivered {
            return self.known(lane, seq, mark.received, mark.received_hash);
        }
        if !fresh {
            let text = format!("{peer} 在{name}第 {seq} 号上重用了已用过的额度");
            return self.close(ByeCode::Protocol, text);
        }
        if seq != state.delivered + 1 {
            let text = format!(
                "{peer} 的{name}缺号：应为第 {} 号，来的是第 {seq} 号",
                state.delivered + 1
            );
            return self.close(ByeCode::Gap, text);
        }
        let expected = extend(state.delivered_hash, seq, envelope.digest());
        let forked = seq == mark.received && hash != mark.received_hash;
        if expected != hash || forked {
            let text =
                format!("{peer} 的{name}第 {seq} 号与其累计校验值不符，内容在途中或在对方被改动");
            return self.close(ByeCode::HashMismatch, text);
        }
        (state.delivered, state.delivered_hash) = (seq, hash);
        if seq <= mark.received {
            return self.known(lane, seq, mark.received, mark.received_hash);
        }
        vec![Output::Deliver {
            lane,
            seq,
            envelope,
        }]
    }

    /// An envelope that came before: acknowledged by number if it is in the log, otherwise its commit will do that.
    fn known(&mut self, lane: Lane, seq: u64, mark: u64, mark_hash: [u8; 32]) -> Vec<Output> {
        if seq > mark {
            return Vec::new();
        }
        self.acknowledge(lane, mark, mark_hash)
            .into_iter()
            .map(Output::Send)
            .collect()
    }

    fn on_ack(
        &mut self,
        lane: Lane,
        upto: u64,
        hash: [u8; 32],
        link: &LinkState,
        outbox: &dyn Fn(Lane, u64) -> Option<[u8; 32]>,
    ) -> Vec<Output> {
        let ours = &link.lanes[lane.index()];
        if upto <= ours.acked {
            return Vec::new();
        }
        let known = remembered(lane, ours, upto, outbox);
        if upto > ours.sent || known.is_some_and(|known| known != hash) {
            let text = format!(
                "{} 在{}确认了第 {upto} 号，与本节点发出的不符（发出到第 {} 号）",
                self.peer,
                lane_name(lane),
                ours.sent
            );
            return self.close(ByeCode::Protocol, text);
        }
        let state = &mut self.lanes[lane.index()];
        if upto <= state.acked {
            return Vec::new();
        }
        state.acked = upto;
        state.cursor = state.cursor.max(upto);
        vec![Output::Acked { lane, upto }]
    }
}
