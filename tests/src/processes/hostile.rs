//! A caller with a valid certificate that says whatever it likes on a link.

use anyhow::Context as _;
use hotline::clock::SystemClock;
use hotline::codec::link::encode;
use hotline::identity::{Material, NodeTls, Rules, TrustDomain, channel};
use hotline::link::FRAME_BYTES_MAX;
use hotline::net::TcpDialer;
use hotline_domain::id::EnvelopeId;
use hotline_domain::leg::Lane;
use hotline_domain::link::{
    Credit, Envelope, Frame, Hello, LaneState, Past, WIRE_OLDEST, WIRE_VERSION, cost, extend,
};
use hotline_proto::link::v1 as pb;
use hotline_proto::link::v1::link_client::LinkClient;
use hotline_topology::{RegionKey, Time};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

/// Frames that wait for the transport.
const QUEUE: usize = 64;
/// Longest wait for the other side to end a stream.
const END_MAX: Duration = Duration::from_secs(20);

/// Who calls whom.
pub struct Hostile {
    tls: Arc<NodeTls>,
    address: String,
    /// Whose certificate it has.
    pub me: RegionKey,
    /// The node that it calls.
    pub parent: RegionKey,
}

impl Hostile {
    /// With the certificate in a folder, against the port of a node.
    ///
    /// # Errors
    /// The certificate cannot be read.
    pub fn new(
        certs: &Path,
        trust_domain: &str,
        me: RegionKey,
        parent: RegionKey,
        address: SocketAddr,
    ) -> anyhow::Result<Self> {
        let domain: TrustDomain = trust_domain.parse()?;
        let rules = Rules {
            below: Arc::new(|_, _| true),
            admits: Arc::new(|_| true),
        };
        let material = Material::load_node(certs)?;
        let tls = NodeTls::new(material, domain, rules, Arc::new(SystemClock::new()))?;
        Ok(Self {
            tls,
            address: address.to_string(),
            me,
            parent,
        })
    }

    /// Opens a stream.
    ///
    /// # Errors
    /// The node refuses it.
    pub async fn call(&self) -> Result<Stream, Status> {
        let dialled = channel(Arc::clone(&self.tls), TcpDialer, &self.address, self.parent);
        let dialled = dialled.map_err(|error| Status::unavailable(error.to_string()))?;
        let mut client = LinkClient::new(dialled).max_decoding_message_size(FRAME_BYTES_MAX);
        let (frames, taken) = mpsc::channel(QUEUE);
        let answer = client.exchange(ReceiverStream::new(taken)).await?;
        Ok(Stream {
            frames,
            answers: answer.into_inner(),
        })
    }

    /// An honest hello of a node that has nothing yet.
    #[must_use]
    pub fn hello(&self) -> Frame {
        Frame::Hello(Box::new(Hello {
            wire_version: WIRE_VERSION,
            wire_oldest: WIRE_OLDEST,
            region: self.me,
            epoch: 1,
            peer_epoch: 0,
            topology_version: 1,
            time: Time(0),
            lanes: [LaneState::default(); 3],
            restarting: false,
            past: Past::default(),
            shown: None,
            refused: false,
        }))
    }

    /// The first envelopes of a lane, honestly numbered, in another node's name.
    #[must_use]
    pub fn forged(&self, author: RegionKey, count: u64) -> Vec<Frame> {
        let (mut running, mut spent) = ([0; 32], Credit::default());
        (1..=count)
            .map(|seq| {
                let mut id = [0xEE; 16];
                id[..8].copy_from_slice(&seq.to_be_bytes());
                let envelope = Envelope {
                    id: EnvelopeId(id),
                    kind: 5,
                    matter: None,
                    leg: None,
                    author,
                    addressee: self.parent,
                    route: vec![author],
                    lane: Lane::Ordinary,
                    written_at: Time(0),
                    topology: 1,
                    key_id: 0,
                    payload: Vec::new(),
                    fields: Vec::new(),
                    sealed: None,
                    proof: None,
                    trace: None,
                };
                running = extend(running, seq, envelope.digest());
                spent = spent.plus(Credit {
                    messages: 1,
                    bytes: cost(&envelope),
                });
                Frame::Envelope {
                    lane: Lane::Ordinary,
                    seq,
                    hash: running,
                    spent,
                    envelope: Box::new(envelope),
                    chain: Vec::new(),
                }
            })
            .collect()
    }
}

/// An open stream.
pub struct Stream {
    frames: mpsc::Sender<pb::Frame>,
    answers: Streaming<pb::Frame>,
}

impl Stream {
    /// Says something; false when the node has hung up.
    pub async fn say(&self, frame: Frame) -> bool {
        self.say_raw(encode(frame, Vec::new())).await
    }

    /// Says what may be no frame at all.
    pub async fn say_raw(&self, frame: pb::Frame) -> bool {
        self.frames.send(frame).await.is_ok()
    }

    /// Reads until the node ends the stream; the words of its farewell, if it said one.
    ///
    /// # Errors
    /// It does not end it in time.
    pub async fn ended(mut self) -> anyhow::Result<Option<String>> {
        let end = async {
            let mut farewell = None;
            while let Ok(Some(frame)) = self.answers.message().await {
                if let Some(pb::frame::Frame::Bye(bye)) = frame.frame {
                    farewell = Some(bye.text);
                    break;
                }
            }
            farewell
        };
        tokio::time::timeout(END_MAX, end)
            .await
            .context("the node goes on listening")
    }
}
