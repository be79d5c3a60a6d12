//! What every story is made of: one thing a person does at a node, and waiting until it has arrived elsewhere.
//!
//! Each command carries an idempotency key made of seed, message and step. Where an answer is lost, the same command goes
//! again under the same key, so a killed node neither loses nor doubles it.

use super::words::{name_of, standing};
use crate::cli::client::{CallError, Client};
use crate::demo::dice::Dice;
use crate::demo::messages::Message;
use crate::demo::world::{DISPATCHER, World};
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_topology::{FieldName, Level, RegionKey};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tonic::Code;

/// How long a step waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);
/// First and longest pause between two looks.
const PAUSES: (Duration, Duration) = (Duration::from_millis(30), Duration::from_millis(400));

/// What all stories share.
pub struct Town {
    /// The nodes' places.
    pub world: World,
    /// Their doors.
    pub doors: BTreeMap<RegionKey, Client>,
    /// The seed of all choices.
    pub seed: u64,
    /// Stories that ended so far.
    pub finished: AtomicUsize,
    /// Times a command had to be sent again because a node did not answer.
    pub retried: AtomicU64,
}

impl Town {
    /// A town before the first message.
    #[must_use]
    pub fn new(world: World, doors: BTreeMap<RegionKey, Client>, seed: u64) -> Self {
        Self {
            world,
            doors,
            seed,
            finished: AtomicUsize::new(0),
            retried: AtomicU64::new(0),
        }
    }
}

/// A story that did not go as it must.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What was being done, where, and what was said.
    pub words: String,
}

/// A step's outcome.
pub type Step<T> = Result<T, Trouble>;

/// A leg as a story speaks of it.
#[derive(Debug, Clone)]
pub struct Given {
    /// Its id.
    pub id: String,
    /// Who gave it.
    pub giver: RegionKey,
    /// Who took it: a node's region.
    pub node: RegionKey,
    /// The unit of that node, where a unit took it.
    pub unit: Option<String>,
}

/// One matter's life.
pub struct Life {
    /// What all stories share.
    pub town: Arc<Town>,
    /// Which message it is.
    pub no: usize,
    /// What the citizen said.
    pub message: Message,
    /// Its choices.
    pub dice: Dice,
    /// Where it was taken in.
    pub origin: RegionKey,
    /// Its id once taken in.
    pub matter: String,
    step: u32,
}

/// A text that goes with a command.
#[must_use]
pub fn text(field: FieldName, value: &str) -> pb::Text {
    pb::Text {
        field: field.as_str().to_owned(),
        value: value.to_owned(),
        erased: false,
    }
}

impl Life {
    /// A life about to begin.
    #[must_use]
    pub fn new(town: Arc<Town>, no: usize, message: Message) -> Self {
        let dice = Dice::new(town.seed, no as u64);
        let origin = town.world.federation.root();
        Self {
            town,
            no,
            message,
            dice,
            origin,
            matter: String::new(),
            step: 0,
        }
    }

    /// One of the regions of a level.
    pub fn any(&mut self, level: Level) -> RegionKey {
        let all = self.town.world.of_level(level);
        self.dice.pick(&all).copied().unwrap_or(self.origin)
    }

    /// A region of any level.
    pub fn anywhere(&mut self) -> RegionKey {
        let level = self.dice.pick(&Level::ALL).copied();
        self.any(level.unwrap_or(Level::County))
    }

    /// A child of a region that runs a node.
    pub fn child(&mut self, region: RegionKey) -> RegionKey {
        let world = &self.town.world;
        let below = world.federation.children(region).to_vec();
        self.dice.pick(&below).copied().unwrap_or(region)
    }

    /// Units of a region, the catalogue's for this message first.
    #[must_use]
    pub fn units(&self, region: RegionKey) -> Vec<String> {
        self.town.world.units(region, self.message.category())
    }

    /// Something that went wrong here.
    #[must_use]
    pub fn trouble(&self, at: RegionKey, what: &str, why: &str) -> Trouble {
        let name = self.town.world.name(at);
        Trouble {
            words: format!("{name}({at})“{what}”（诉求 {}）：{why}", self.matter),
        }
    }

    /// Carries a command out; a refusal ends the story.
    ///
    /// # Errors
    /// The node refuses, or does not answer for too long.
    pub async fn say(
        &mut self,
        at: RegionKey,
        who: &str,
        texts: Vec<pb::Text>,
        verb: Verb,
    ) -> Step<pb::Done> {
        let what = name_of(&verb);
        let said = self.try_say(at, who, texts, verb).await;
        said.map_err(|error| self.trouble(at, what, &error.to_string()))
    }

    /// As [`Life::say`], where one of these rules may refuse: then `None`.
    ///
    /// # Errors
    /// Another refusal, or no answer for too long.
    pub async fn say_unless(
        &mut self,
        at: RegionKey,
        who: &str,
        texts: Vec<pb::Text>,
        verb: Verb,
        rules: &[&str],
    ) -> Step<Option<pb::Done>> {
        let what = name_of(&verb);
        match self.try_say(at, who, texts, verb).await {
            Ok(done) => Ok(Some(done)),
            Err(error)
                if error
                    .rule
                    .as_deref()
                    .is_some_and(|rule| rules.contains(&rule)) =>
            {
                Ok(None)
            }
            Err(error) => Err(self.trouble(at, what, &error.to_string())),
        }
    }

    /// Says what this rule must refuse.
    ///
    /// # Errors
    /// It was done, or refused by another rule.
    pub async fn is_refused(
        &mut self,
        at: RegionKey,
        who: &str,
        texts: Vec<pb::Text>,
        verb: Verb,
        rule: &str,
    ) -> Step<()> {
        let what = name_of(&verb);
        match self.say_unless(at, who, texts, verb, &[rule]).await? {
            None => Ok(()),
            Some(_) => Err(self.trouble(at, what, &format!("本应按规则 {rule} 拒绝，却办成了"))),
        }
    }

    async fn try_say(
        &mut self,
        at: RegionKey,
        who: &str,
        texts: Vec<pb::Text>,
        verb: Verb,
    ) -> Result<pb::Done, CallError> {
        self.step += 1;
        let command = pb::Command {
            key: format!("demo-{}-{}-{}", self.town.seed, self.no, self.step),
            seen: 0,
            texts,
            verb: Some(verb),
        };
        let begun = Instant::now();
        let mut pause = PAUSES.0;
        loop {
            let Some(door) = self.town.doors.get(&at) else {
                return Err(no_node(at));
            };
            match door.execute(Some(who), command.clone()).await {
                Ok(done) => return Ok(done),
                // What is not there yet is on its way; what was not answered is asked again.
                Err(error) if may_come(&error) && begun.elapsed() < PATIENCE => {
                    if error.code != Code::NotFound {
                        self.town.retried.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Err(error) => return Err(error),
            }
            sleep(pause).await;
            pause = (pause * 3 / 2).min(PAUSES.1);
        }
    }

    /// Looks at the ticket at a node until `found` finds something.
    ///
    /// # Errors
    /// It does not come in time; tells how the ticket stood.
    pub async fn until<T>(
        &self,
        at: RegionKey,
        what: &str,
        found: impl Fn(&pb::TicketDetail) -> Option<T>,
    ) -> Step<T> {
        let begun = Instant::now();
        let mut pause = PAUSES.0;
        let mut last = String::from("本节点还没有这一工单");
        while begun.elapsed() < PATIENCE {
            let request = pb::GetTicketRequest {
                ticket: self.matter.clone(),
                with_texts: false,
                purpose: String::new(),
            };
            let Some(door) = self.town.doors.get(&at) else {
                break;
            };
            match door.get_ticket(Some(DISPATCHER), request).await {
                Ok(detail) => {
                    if let Some(found) = found(&detail) {
                        return Ok(found);
                    }
                    last = standing(&detail);
                }
                Err(error) if may_come(&error) => {}
                Err(error) => return Err(self.trouble(at, what, &error.to_string())),
            }
            sleep(pause).await;
            pause = (pause * 3 / 2).min(PAUSES.1);
        }
        let why = format!("{} 秒内没有等到；现况：{last}", PATIENCE.as_secs());
        Err(self.trouble(at, what, &why))
    }

    /// Looks at a leg at a node until `found` finds something.
    ///
    /// # Errors
    /// As [`Life::until`].
    pub async fn leg<T>(
        &self,
        at: RegionKey,
        leg: &Given,
        what: &str,
        found: impl Fn(&pb::Leg) -> Option<T>,
    ) -> Step<T> {
        self.until(at, what, |detail| {
            let held = |known: &&pb::Leg| known.id == leg.id && known.side != "sight";
            detail.legs.iter().find(held).and_then(&found)
        })
        .await
    }

    /// Waits until a node has the exception notice of a leg.
    ///
    /// # Errors
    /// It does not come in time.
    pub async fn noticed(&self, at: RegionKey, leg: &Given, reason: &str) -> Step<()> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let request = pb::ListNoticesRequest {
                limit: 500,
                cursor: String::new(),
            };
            let Some(door) = self.town.doors.get(&at) else {
                break;
            };
            let named = |notice: &pb::Notice| notice.leg == leg.id && notice.reason == reason;
            // A node that does not answer now is asked again.
            let page = door.list_notices(Some(DISPATCHER), request).await;
            if page.is_ok_and(|page| page.notices.iter().any(named)) {
                return Ok(());
            }
            sleep(PAUSES.1).await;
        }
        Err(self.trouble(at, "等待异常通报", &format!("没有等到“{reason}”")))
    }

    /// Waits until the leg stands on its taker's node.
    ///
    /// # Errors
    /// As [`Life::until`].
    pub async fn arrived(&self, leg: &Given) -> Step<()> {
        self.leg(leg.node, leg, "等待送达", |_| Some(())).await
    }

    /// Waits for the taker's request of this kind; its number.
    ///
    /// # Errors
    /// As [`Life::until`].
    pub async fn asked(&self, leg: &Given, asking: &str) -> Step<u32> {
        let what = format!("等待{asking}");
        self.leg(leg.giver, leg, &what, |leg| {
            (leg.asking == asking).then_some(leg.request)
        })
        .await
    }

    /// Waits until a node's side of the leg is closed so.
    ///
    /// # Errors
    /// As [`Life::until`].
    pub async fn ended(&self, at: RegionKey, leg: &Given, closure: &str) -> Step<()> {
        let what = format!("等待交办结束（{closure}）");
        self.leg(at, leg, &what, |leg| (leg.closure == closure).then_some(()))
            .await
    }
}

/// What may still come or be answered: asked again.
fn may_come(error: &CallError) -> bool {
    !error.reached
        || error.is_outcome_unknown()
        || matches!(error.code, Code::Unavailable | Code::NotFound)
}

fn no_node(at: RegionKey) -> CallError {
    CallError {
        rule: None,
        article: None,
        message: format!("演示中没有节点 {at}"),
        code: Code::InvalidArgument,
        reached: true,
    }
}
