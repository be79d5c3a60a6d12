//! A city and a county of it as real nodes in this process: their certificates, their links over loopback, their doors.

use crate::app::init::init;
use crate::app::{Ready, Running};
use crate::cli::client::{CallError, Client};
use crate::clock::{Clock as _, SystemClock};
use crate::entropy::SeededEntropy;
use crate::identity::authority::{Authority, Signer};
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_topology::new::{Select, Settings, generate};
use hotline_topology::{Federation, RegionKey};
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::Duration;

pub const CITY: RegionKey = RegionKey::literal("140500000000");
pub const COUNTY: RegionKey = RegionKey::literal("140525000000");
/// Long enough for a loaded machine; nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(60);

/// Folder, tree and certificates of both.
pub struct World {
    pub folder: tempfile::TempDir,
    pub federation: Federation,
    pub keeper: Authority,
    /// More of every node's configuration.
    pub more: String,
}

impl World {
    pub fn make() -> Self {
        Self::of(&[CITY, COUNTY])
    }

    /// A world of these nodes.
    pub fn of(nodes: &[RegionKey]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let federation = generate(&Select::Regions(nodes.to_vec()), &Settings::default()).unwrap();
        std::fs::write(folder.path().join("federation.toml"), federation.to_toml()).unwrap();
        let (now, entropy) = (SystemClock::new().now(), &mut SeededEntropy::new(7));
        let domain = federation.trust_domain().parse().unwrap();
        let keeper = Authority::init(&folder.path().join("certs"), &domain, now, entropy).unwrap();
        let root = federation.root();
        keeper
            .issue_authority(root, Signer::Root, now, entropy)
            .unwrap();
        for node in nodes {
            keeper.issue_node(*node, root, now, entropy).unwrap();
        }
        Self {
            folder,
            federation,
            keeper,
            more: String::new(),
        }
    }

    /// The first two units of a region that handle tickets.
    pub fn units(&self, region: RegionKey) -> [String; 2] {
        let units = &self.federation.region(region).unwrap().units;
        [units[1].key.to_string(), units[2].key.to_string()]
    }

    /// A node with its people; `front_end` lets this process speak for them.
    pub async fn node(
        &self,
        region: RegionKey,
        parent: Option<SocketAddr>,
        front_end: bool,
    ) -> Desk {
        self.node_with(region, parent, front_end, None).await
    }

    /// A node that is also reached by operators with a certificate, at `remote`.
    pub async fn node_with(
        &self,
        region: RegionKey,
        parent: Option<SocketAddr>,
        front_end: bool,
        remote: Option<SocketAddr>,
    ) -> Desk {
        let own = self.folder.path().join(region.as_str());
        std::fs::create_dir_all(&own).unwrap();
        let uid = std::fs::metadata(&own).unwrap().uid();
        let front_ends = if front_end {
            uid.to_string()
        } else {
            String::new()
        };
        let parent = parent.map_or(String::new(), |parent| format!("parent = \"{parent}\""));
        let remote = remote.map_or(String::new(), |remote| format!("listen = \"{remote}\""));
        let [first, second] = self.units(region);
        let text = format!(
            r#"
[node]
region = "{region}"
data = "data"
topology = "../federation.toml"
certs = "../certs/nodes/{region}"
[links]
listen = "127.0.0.1:0"
{parent}
[operator]
socket = "door.sock"
{remote}
front_ends = [{front_ends}]
[[operator.person]]
name = "zhang"
roles = ["clerk"]
[[operator.person]]
name = "话务员甲"
roles = ["clerk"]
[[operator.person]]
name = "派单员乙"
roles = ["dispatcher"]
[[operator.person]]
name = "督办员戊"
roles = ["supervisor"]
[[operator.person]]
name = "运维员丁"
roles = ["operator"]
[[operator.person]]
name = "承办人丙"
roles = ["handler"]
unit = "{first}"
[[operator.person]]
name = "承办人丁"
roles = ["handler"]
unit = "{second}"
[store]
engine = "memory"
{}
"#,
            self.more
        );
        let file = own.join("node.toml");
        std::fs::write(&file, text).unwrap();
        init(&file, |_| {}).unwrap();
        let ready = Ready::check(&file).unwrap();
        let socket = ready.config().operator.socket.clone();
        let running = ready.start().await.unwrap();
        let client = Client::connect(&socket).await.unwrap();
        Desk {
            running,
            client,
            socket,
        }
    }
}

/// A running node and a caller at its door.
pub struct Desk {
    pub running: Running,
    pub client: Client,
    pub socket: PathBuf,
}

pub const CLERK: &str = "话务员甲";
pub const DISPATCHER: &str = "派单员乙";
pub const SUPERVISOR: &str = "督办员戊";
pub const OPERATOR: &str = "运维员丁";
pub const HANDLER: &str = "承办人丙";
pub const OTHER_HANDLER: &str = "承办人丁";

impl Desk {
    pub async fn ask(
        &self,
        person: &str,
        key: &str,
        verb: Verb,
        texts: &[(&str, &str)],
    ) -> Result<pb::Done, CallError> {
        let texts = texts.iter().map(|(field, value)| pb::Text {
            field: (*field).to_owned(),
            value: (*value).to_owned(),
            erased: false,
        });
        let command = pb::Command {
            key: key.to_owned(),
            seen: 0,
            texts: texts.collect(),
            verb: Some(verb),
        };
        self.client.execute(Some(person), command).await
    }

    pub async fn done(&self, person: &str, verb: Verb, texts: &[(&str, &str)]) -> pb::Done {
        self.ask(person, "", verb, texts).await.unwrap()
    }

    pub async fn take_in(&self) -> pb::Done {
        self.done(
            CLERK,
            take_in(),
            &[("title", "路灯不亮"), ("content", "小区门口路灯坏了")],
        )
        .await
    }

    pub async fn show(&self, person: &str, ticket: &str) -> Result<pb::TicketDetail, CallError> {
        let purpose = match person {
            SUPERVISOR => "supervise",
            _ => "办理",
        };
        let request = pb::GetTicketRequest {
            ticket: ticket.to_owned(),
            with_texts: true,
            purpose: purpose.to_owned(),
        };
        self.client.get_ticket(Some(person), request).await
    }

    /// A ticket without its texts, which is on no record.
    pub async fn look(&self, person: &str, ticket: &str) -> Result<pb::TicketDetail, CallError> {
        let request = pb::GetTicketRequest {
            ticket: ticket.to_owned(),
            ..Default::default()
        };
        self.client.get_ticket(Some(person), request).await
    }

    /// Waits until the ticket is as `wanted` says.
    pub async fn until(
        &self,
        ticket: &str,
        wanted: impl Fn(&pb::TicketDetail) -> bool,
    ) -> pb::TicketDetail {
        let mut last = None;
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                let detail = self.look(DISPATCHER, ticket).await;
                if let Ok(detail) = &detail
                    && wanted(detail)
                {
                    return detail.clone();
                }
                last = Some(detail);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        waited.unwrap_or_else(|_| panic!("still {last:?}"))
    }
}

pub fn take_in() -> Verb {
    Verb::TakeIn(pb::TakeIn {
        channel: "phone".to_owned(),
        kind: "help".to_owned(),
        category: "0201".to_owned(),
        ..pb::TakeIn::default()
    })
}

pub fn assign(matter: &str, taker: &str) -> Verb {
    Verb::Assign(pb::Assign {
        matter: matter.to_owned(),
        takers: vec![taker.to_owned()],
        basis: "职责分工".to_owned(),
        ..pb::Assign::default()
    })
}
