//! One session on one stream: moves frames between the transport and the session, inputs to the kernel, and the
//! kernel's wishes back. It never waits for a send or for the kernel, so it always hears, beats and obeys.

use super::fields::{SealFailed, check_all, open_all, seal_all, unsealed};
use super::outgoing::Outgoing;
use super::peer::{FRAME_BYTES_MAX, FRAME_INPUTS_MAX, Peer, Shared, Wire};
use super::port::NodePort;
use crate::codec::link::{WireField, decode, encode};
use crate::sealing::Opened;
use hotline_domain::kernel::{Input, LinkNews};
use hotline_domain::leg::Lane;
use hotline_domain::link::{
    ByeCode, Envelope, Frame, HelloFacts, Offence, Output, Session, SessionStage,
};
use hotline_domain::row::{Row, RowKey};
use hotline_domain::view::{Rows, View, ViewFailed};
use hotline_proto::link::v1 as pb;
use prost::Message as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tonic::Code;

/// How long the other side may take to end a stream after the farewell.
const LINGER: Duration = Duration::from_millis(500);

/// How a stream ended.
pub(super) struct Ended {
    /// Whether it led anywhere.
    pub went: Went,
    /// For the operator.
    pub why: String,
    /// The newer stream that took over.
    pub next: Option<Wire>,
}

/// Whether a stream led anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Went {
    /// The peer's hello fitted, or the two agreed to begin their lanes anew and to connect again.
    Well,
    /// The peer answered, and one of the two refused the other.
    Refused,
    /// Nobody answered.
    Nowhere,
}

struct Run<'a, P> {
    shared: &'a Shared<P>,
    peer: &'a Peer,
    session: Session,
    out: Outgoing,
    /// The outbox may hold more than went out.
    pumping: bool,
    met: bool,
    /// The peer said anything.
    heard: bool,
    /// It said that its lanes begin anew.
    restarted: bool,
}

/// The end of a stream: code, and words for the operator.
type End = (ByeCode, String);

/// Runs a session until its stream ends. `newer` brings streams that take over.
pub(super) async fn run<P: NodePort>(
    shared: &Arc<Shared<P>>,
    peer: &Peer,
    mut wire: Wire,
    newer: &mut mpsc::Receiver<Wire>,
) -> Ended {
    // Wishes about an older stream are void: what they were about is in the view that the hello states.
    drop(peer.take_inbox());
    let mut run = match Run::open(shared, peer) {
        Ok(run) => run,
        Err(error) => {
            let why = format!("本节点存储读取失败：{error}");
            return Ended {
                went: Went::Nowhere,
                why,
                next: None,
            };
        }
    };
    let (mut next, mut end) = (None, run.finished());
    let mut ticks = interval(tick_period(shared.limits.heartbeat_ms));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let end = loop {
        if let Some(end) = end.take() {
            break end;
        }
        run.report();
        if let Err(failed) = run.fill() {
            break run.close(ByeCode::Unwell, format!("本节点存储读取失败：{failed}"));
        }
        let room = peer.inputs.capacity() >= FRAME_INPUTS_MAX;
        tokio::select! {
            biased;
            () = shared.stop.cancelled() => end = Some(run.close(ByeCode::Shutdown, "节点停止运行".into())),
            Some(wire) = newer.recv() => {
                next = Some(wire);
                end = Some(run.close(ByeCode::Replaced, "同一节点建立了更新的连接".into()));
            }
            () = peer.wake.notified() => end = run.obey(),
            permit = wire.outgoing.reserve(), if !run.out.is_empty() => match permit {
                Ok(permit) => match run.next_out() {
                    Ok(Some(frame)) => permit.send(frame),
                    Ok(None) => {}
                    Err(why) => end = Some(run.close(ByeCode::Unwell, why)),
                },
                Err(_) => end = Some((ByeCode::Silent, "连接已断开".into())),
            },
            _ = ticks.tick() => end = run.tick(),
            // Waiting for room is a matter of the kernel's commits; the neighbour's credit bounds what piles up.
            _ = peer.inputs.reserve_many(FRAME_INPUTS_MAX), if !room => {}
            frame = wire.incoming.message(), if room => end = match frame {
                Ok(Some(frame)) => run.take(frame),
                Ok(None) => Some((ByeCode::Silent, "对方结束了连接".into())),
                Err(status) if is_garbage(&status) => run.garbage(super::dial::words(&status)),
                Err(status) => Some((ByeCode::Silent, super::dial::words(&status))),
            },
        }
    };
    run.farewell(&wire);
    let went = run.went(end.0);
    run.gone(&end);
    linger(shared, wire);
    Ended {
        went,
        why: end.1,
        next,
    }
}

/// What the end of a stream from this side says of the peer.
fn offence(code: ByeCode) -> Option<Offence> {
    match code {
        ByeCode::Gap | ByeCode::HashMismatch | ByeCode::Protocol => Some(Offence::Contradiction),
        ByeCode::OverCredit => Some(Offence::Flood),
        ByeCode::Shutdown
        | ByeCode::Replaced
        | ByeCode::WireVersion
        | ByeCode::YouRolledBack
        | ByeCode::IRolledBack
        | ByeCode::Blocked
        | ByeCode::NotNeighbour
        | ByeCode::Silent
        | ByeCode::Unwell => None,
    }
}

/// Whether a stream broke because a message was too long or no message; a broken transport has a cause of its own.
fn is_garbage(status: &tonic::Status) -> bool {
    matches!(status.code(), Code::OutOfRange | Code::Internal)
        && std::error::Error::source(status).is_none()
}

fn tick_period(heartbeat_ms: u64) -> Duration {
    Duration::from_millis((heartbeat_ms / 5).clamp(10, 1_000))
}

/// Lets the farewell arrive: the other side ends the stream when it has read it.
fn linger<P: NodePort>(shared: &Arc<Shared<P>>, wire: Wire) {
    shared.tasks.spawn(async move {
        let Wire {
            mut incoming,
            outgoing,
        } = wire;
        drop(outgoing);
        let drained = async { while let Ok(Some(_)) = incoming.message().await {} };
        // Whether it ended in time or not, the stream goes now.
        let _ = timeout(LINGER, drained).await;
    });
}

impl<'a, P: NodePort> Run<'a, P> {
    fn open(shared: &'a Shared<P>, peer: &'a Peer) -> Result<Self, ViewFailed> {
        let view = shared.port.view();
        let place = shared.port.place();
        let own = HelloFacts {
            region: place.me,
            epoch: view.node()?.epoch,
            topology_version: place.topology_version,
            time: shared.clock.now(),
            past: view.past()?,
        };
        let opened_at = own.time;
        let link = peer.state(&*view)?;
        let (session, frames) = Session::open(&link, own, shared.limits, shared.monotonic_ms());
        let mut out = Outgoing::default();
        frames.into_iter().for_each(|frame| out.push(frame));
        peer.update(|live| {
            (live.connected_since, live.next_try_at) = (Some(opened_at), None);
        });
        Ok(Self {
            shared,
            peer,
            session,
            out,
            pumping: false,
            met: false,
            heard: false,
            restarted: false,
        })
    }

    /// Where the stream led that ended with this code.
    fn went(&self, code: ByeCode) -> Went {
        let link = self.shared.port.view().link(self.peer.region);
        // Either end closes in order where lanes begin anew: the next hello says the same on both sides.
        let anew =
            code == ByeCode::Shutdown && (self.restarted || link.is_ok_and(|link| link.restarting));
        match self.heard {
            _ if self.met || anew => Went::Well,
            true => Went::Refused,
            false => Went::Nowhere,
        }
    }

    /// A session that was refused as it opened.
    fn finished(&self) -> Option<End> {
        (self.session.stage() == SessionStage::Closed).then(|| {
            (
                ByeCode::Blocked,
                "链路已停用或隔离，等待运维处理".to_owned(),
            )
        })
    }

    fn take(&mut self, proto: pb::Frame) -> Option<End> {
        self.heard = true;
        let (mut frame, fields) = match decode(proto) {
            Ok(decoded) => decoded,
            Err(error) => return self.garbage(error.to_string()),
        };
        if let Err(error) = check_all(&fields) {
            return self.garbage(error.to_string());
        }
        match &mut frame {
            Frame::Envelope { envelope, .. } => envelope.fields = unsealed(&fields),
            Frame::Credit(_) | Frame::Hello(_) => self.pumping = true,
            Frame::Ack { .. } | Frame::Heartbeat { .. } | Frame::Bye { .. } => {}
        }
        let farewell = matches!(frame, Frame::Bye { .. });
        let view = self.shared.port.view();
        let link = match self.peer.state(&*view) {
            Ok(link) => link,
            Err(error) => {
                return Some(self.close(ByeCode::Unwell, format!("本节点存储读取失败：{error}")));
            }
        };
        let outbox = |lane: Lane, seq: u64| outbox_hash(&*view, self.peer, lane, seq);
        let mono = self.shared.monotonic_ms();
        let outputs = self.session.on_frame(frame, &link, &outbox, mono);
        let now = self.shared.clock.now();
        self.peer.update(|live| live.heard_at = Some(now));
        let end = self.handle(outputs, &fields);
        if let Some((code, why)) = &end
            && let Some(offence) = offence(*code).filter(|_| !farewell)
        {
            self.charge(offence, why);
        }
        end
    }

    /// Has the kernel put a misconduct on record. Where there is no room for it, there is none for more of the peer.
    fn charge(&self, offence: Offence, what: &str) {
        let (peer, what) = (self.peer.region, what.to_owned());
        let input = self.session.brought(Input::Misconduct {
            peer,
            offence,
            what,
        });
        if self.peer.inputs.try_send(input).is_err() {
            tracing::warn!(%peer, ?offence, "行为异常未能入账");
        }
    }

    /// A frame that is none ends the stream.
    fn garbage(&mut self, why: String) -> Option<End> {
        self.charge(Offence::Garbage, &why);
        Some(self.close(ByeCode::Protocol, why))
    }

    fn handle(&mut self, outputs: Vec<Output>, fields: &[WireField]) -> Option<End> {
        let peer = self.peer.region;
        for output in outputs {
            let input = match output {
                Output::Send(frame) => {
                    self.out.push(frame);
                    continue;
                }
                Output::Beat {
                    time,
                    watermark,
                    log_no,
                } => {
                    if let Some(hello) = self.session.hello() {
                        self.peer.beat(hello, log_no);
                    }
                    self.shared.port.heard(peer, time, watermark);
                    continue;
                }
                Output::Close { code, text } => return Some((code, text)),
                Output::Introduced { author, chain } => Input::Introduced { author, chain },
                Output::Acked { lane, upto } => Input::Acked { peer, lane, upto },
                Output::News(news) => self.news(news),
                Output::Deliver {
                    lane,
                    seq,
                    envelope,
                } => match self.own(envelope, fields) {
                    Ok(envelope) => Input::Envelope {
                        peer,
                        lane,
                        seq,
                        envelope,
                    },
                    Err(error) => return Some(self.close(ByeCode::Unwell, error.to_string())),
                },
            };
            let input = self.session.brought(input);
            if self.peer.inputs.try_send(input).is_err() {
                return Some(self.close(ByeCode::Unwell, "节点已停止接收输入".into()));
            }
        }
        None
    }

    /// An envelope as this node keeps it: opened where it was sealed to this node, its fields under this node's keys.
    fn own(
        &self,
        envelope: Box<Envelope>,
        fields: &[WireField],
    ) -> Result<Box<Envelope>, SealFailed> {
        let for_us = envelope.key_id != 0 && envelope.addressee == self.shared.port.place().me;
        let (mut envelope, opened) = if for_us {
            match self.shared.office.open(envelope)? {
                Opened::Clear(envelope, fields) => (envelope, Some(fields)),
                Opened::Shut(envelope, why) => {
                    let (peer, id) = (self.peer.region, envelope.id);
                    tracing::warn!(%peer, envelope = %id, why, "封装的内容没有打开");
                    return Ok(envelope);
                }
            }
        } else {
            (envelope, None)
        };
        let fields = opened.as_deref().unwrap_or(fields);
        envelope.fields = seal_all(&*self.shared.sealer, envelope.matter, fields)?;
        Ok(envelope)
    }

    fn news(&mut self, news: LinkNews) -> Input {
        let peer = self.peer.region;
        match &news {
            LinkNews::Met { epoch, wire, .. } => {
                self.met = true;
                let topology = self.session.hello().map(|hello| hello.topology_version);
                let wire = *wire;
                self.peer.update(|live| {
                    (live.peer_topology, live.wire) = (topology, Some(wire));
                    (live.failures, live.last_error) = (Some(0), None);
                });
                tracing::info!(%peer, epoch, wire, "链路已接通");
            }
            LinkNews::PeerRolledBack { why } | LinkNews::SelfRolledBack { why, .. } => {
                tracing::error!(%peer, why, "链路停用");
            }
            LinkNews::PeerRestarted { epoch } => {
                self.restarted = true;
                tracing::warn!(%peer, epoch, "对方的数据恢复过，以更高的纪元重新开始");
            }
            LinkNews::DialFailed => {}
        }
        Input::Link { peer, news }
    }

    /// Does what the kernel wants.
    fn obey(&mut self) -> Option<End> {
        let inbox = self.peer.take_inbox();
        if let Some((code, why)) = inbox.cut {
            let blocked = || match self.shared.port.view().link(self.peer.region) {
                Ok(link) if link.blocked.is_some() => ByeCode::Blocked,
                _ => ByeCode::Unwell,
            };
            let code = code.unwrap_or_else(blocked);
            return Some(self.close(code, why));
        }
        self.pumping |= inbox.pump;
        for lane in Lane::ALL {
            if let Some((upto, hash)) = inbox.acks[lane.index()] {
                let frames = self.session.acknowledge(lane, upto, hash);
                frames.into_iter().for_each(|frame| self.out.push(frame));
            }
        }
        None
    }

    fn tick(&mut self) -> Option<End> {
        let (mono, now) = (self.shared.monotonic_ms(), self.shared.clock.now());
        let watermark = self.shared.port.watermark();
        let log_no = match self.shared.port.view().node() {
            Ok(node) => node.log_no,
            Err(error) => {
                return Some(self.close(ByeCode::Unwell, format!("本节点存储读取失败：{error}")));
            }
        };
        let outputs = self.session.tick(mono, now, watermark, log_no);
        self.handle(outputs, &[])
    }

    /// Takes envelopes from the outbox while few wait.
    fn fill(&mut self) -> Result<(), ViewFailed> {
        while self.pumping && self.out.room() > 0 {
            let view = self.shared.port.view();
            let frames = self.session.pump(&*view, self.out.room())?;
            self.pumping = !frames.is_empty();
            frames.into_iter().for_each(|frame| self.out.push(frame));
        }
        Ok(())
    }

    /// The next frame as it goes out: its fields opened for the next hop, or sealed with the payload to a far addressee.
    /// The error is for the operator.
    fn next_out(&mut self) -> Result<Option<pb::Frame>, String> {
        let Some(mut frame) = self.out.pop() else {
            return Ok(None);
        };
        let mut fields = Vec::new();
        if let Frame::Envelope {
            lane,
            seq,
            envelope,
            ..
        } = &mut frame
        {
            self.shared
                .port
                .sent(self.peer.region, *lane, *seq, envelope);
            let words = |error: SealFailed| error.to_string();
            let (sealer, office) = (&*self.shared.sealer, &self.shared.office);
            let opened = open_all(sealer, envelope.matter, &envelope.fields).map_err(words)?;
            let leaving = office.seal(self.peer.region, (**envelope).clone(), opened);
            (**envelope, fields) = leaving.map_err(words)?;
        }
        let proto = encode(frame, fields);
        let bytes = proto.encoded_len();
        if bytes > FRAME_BYTES_MAX {
            return Err(format!(
                "待发内容有 {bytes} 字节，超过单条上限 {FRAME_BYTES_MAX} 字节"
            ));
        }
        Ok(Some(proto))
    }

    /// Ends the session from this side.
    fn close(&mut self, code: ByeCode, text: String) -> End {
        for output in self.session.close(code, text.clone()) {
            if let Output::Send(frame) = output {
                self.out.push(frame);
            }
        }
        (code, text)
    }

    /// Sends what is left, the farewell last, if there is room: a stream that is stuck gets none.
    fn farewell(&mut self, wire: &Wire) {
        while let Ok(permit) = wire.outgoing.try_reserve() {
            match self.next_out() {
                Ok(Some(frame)) => permit.send(frame),
                Ok(None) | Err(_) => return,
            }
        }
    }

    fn report(&self) {
        let (stage, progress) = (self.session.stage(), self.session.progress());
        self.peer.update(|live| {
            (live.stage, live.progress) = (Some(stage), Some(progress));
        });
    }

    fn gone(&self, (code, why): &End) {
        let peer = self.peer.region;
        if code.needs_person() {
            tracing::error!(%peer, ?code, why, "链路断开，需要人工处理");
        } else {
            tracing::info!(%peer, ?code, why, "链路断开");
        }
        self.peer.update(|live| {
            (live.stage, live.progress, live.connected_since) = (None, None, None);
            live.last_error = Some(why.clone());
        });
    }
}

/// The running hash of an envelope that waits for its acknowledgement. A row that cannot be read is found by whoever
/// sends it; it proves nothing about the neighbour.
fn outbox_hash(view: &dyn View, peer: &Peer, lane: Lane, seq: u64) -> Option<[u8; 32]> {
    match view.get(&RowKey::Outbox(peer.region, lane, seq)) {
        Ok(Some(Row::Outbox(_, hash))) => Some(hash),
        _ => None,
    }
}
