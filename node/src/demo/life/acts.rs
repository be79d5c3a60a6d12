//! What people do with a matter, in the words of the stories.

use super::steps::{Given, Life, Step, text};
use crate::demo::world::{CALLER, CLERK, DISPATCHER, handler};
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_topology::{FieldName, RegionKey};

/// Most hand-overs down from one node; the tree is not that deep.
const DEPTH_MAX: usize = 6;

impl Life {
    /// 受理 at a node.
    ///
    /// # Errors
    /// As [`Life::say`].
    pub async fn take_in(&mut self, at: RegionKey) -> Step<()> {
        self.take_in_as(at, "normal", None).await
    }

    /// 受理 with an urgency and a place.
    ///
    /// # Errors
    /// As [`Life::say`].
    pub async fn take_in_as(
        &mut self,
        at: RegionKey,
        urgency: &str,
        place: Option<RegionKey>,
    ) -> Step<()> {
        const CHANNELS: [&str; 5] = ["phone", "web", "app", "wechat", "mail"];
        let channel = self.dice.pick(&CHANNELS).copied().unwrap_or("phone");
        let texts = vec![
            text(FieldName::Title, &self.message.title),
            text(FieldName::Content, &self.message.content),
            text(FieldName::PetitionerName, "某先生（演示）"),
        ];
        let verb = Verb::TakeIn(pb::TakeIn {
            channel: channel.to_owned(),
            kind: self.message.kind().as_str().to_owned(),
            category: self.message.category().to_owned(),
            urgency: urgency.to_owned(),
            place: place.map_or_else(String::new, |place| place.to_string()),
            happened_at_ms: 0,
        });
        self.origin = at;
        self.matter = self.say(at, CLERK, texts, verb).await?.matter;
        Ok(())
    }

    /// 转办 to units of the node (by name) or to children (by key); the legs in the same order.
    ///
    /// # Errors
    /// As [`Life::say`].
    pub async fn give(
        &mut self,
        at: RegionKey,
        takers: &[String],
        determination: &str,
    ) -> Step<Vec<Given>> {
        let verb = Verb::Assign(pb::Assign {
            matter: self.matter.clone(),
            takers: takers.to_vec(),
            basis: if takers.is_empty() { "" } else { "职责" }.to_owned(),
            determination: determination.to_owned(),
            ..pb::Assign::default()
        });
        let texts = vec![text(FieldName::Instruction, "请依法依规办理，按期反馈")];
        let done = self.say(at, DISPATCHER, texts, verb).await?;
        let mut legs = Vec::new();
        for id in done.legs {
            legs.push(self.named(at, id).await?);
        }
        Ok(legs)
    }

    /// 转办 to one taker.
    ///
    /// # Errors
    /// As [`Life::say`].
    pub async fn give_one(&mut self, at: RegionKey, taker: &str) -> Step<Given> {
        let legs = self.give(at, &[taker.to_owned()], "").await?;
        self.only(at, legs)
    }

    /// The only leg of an answer.
    ///
    /// # Errors
    /// There is none.
    pub fn only(&self, at: RegionKey, legs: Vec<Given>) -> Step<Given> {
        let last = legs.into_iter().next_back();
        last.ok_or_else(|| self.trouble(at, "转办", "回答中没有交办"))
    }

    /// A leg that the node gave, with its taker.
    ///
    /// # Errors
    /// As [`Life::until`].
    pub async fn named(&self, giver: RegionKey, id: String) -> Step<Given> {
        let mut given = Given {
            id,
            giver,
            node: giver,
            unit: None,
        };
        let taker = self
            .leg(giver, &given, "查看交办", |leg| Some(leg.taker.clone()))
            .await?;
        let (region, unit) = match taker.split_once('/') {
            Some((region, unit)) => (region, Some(unit.to_owned())),
            None => (taker.as_str(), None),
        };
        given.node = region
            .parse()
            .map_err(|_| self.trouble(giver, "查看交办", &format!("承办方“{taker}”看不懂")))?;
        given.unit = unit;
        Ok(given)
    }

    /// Who acts for the taker.
    #[must_use]
    pub fn taker(&self, leg: &Given) -> String {
        leg.unit
            .as_ref()
            .map_or_else(|| DISPATCHER.to_owned(), |unit| handler(unit))
    }

    /// 签收 by a person, unless the timer was faster.
    ///
    /// # Errors
    /// As [`Life::say`].
    pub async fn sign(&mut self, leg: &Given) -> Step<()> {
        self.arrived(leg).await?;
        let verb = Verb::Sign(pb::OnLeg {
            leg: leg.id.clone(),
        });
        let who = self.taker(leg);
        let rules = ["leg.sign.once"];
        self.say_unless(leg.node, &who, Vec::new(), verb, &rules)
            .await?;
        Ok(())
    }

    /// 报送办理结果 of a leg.
    ///
    /// # Errors
    /// As [`Life::say`].
    pub async fn result(&mut self, leg: &Given) -> Step<()> {
        let texts = vec![
            text(
                FieldName::ResultText,
                "已到现场核实处理，情况属实，问题已解决",
            ),
            text(FieldName::Answer, "您反映的问题已处理完毕，感谢监督"),
        ];
        let verb = Verb::SubmitResult(pb::OnGround {
            leg: leg.id.clone(),
            ground: "solved".to_owned(),
        });
        let who = self.taker(leg);
        self.say(leg.node, &who, texts, verb).await?;
        Ok(())
    }

    /// Does a taker's work up to its result: a unit handles it; a node hands it on, down to the front line, or to its own.
    ///
    /// # Errors
    /// As [`Life::say`].
    pub async fn work(&mut self, leg: &Given) -> Step<()> {
        let mut way = vec![leg.clone()];
        loop {
            let Some(leg) = way.last().cloned() else {
                return Ok(());
            };
            self.arrived(&leg).await?;
            if self.dice.percent(60) {
                self.sign(&leg).await?;
            }
            if leg.unit.is_some() || way.len() >= DEPTH_MAX {
                break;
            }
            let taker = self.next_taker(leg.node);
            way.push(self.give_one(leg.node, &taker).await?);
        }
        if let Some(last) = way.last().cloned() {
            if self.dice.percent(50) {
                self.progress(&last).await?;
            }
            self.result(&last).await?;
        }
        while way.len() > 1 {
            let Some(below) = way.pop() else { break };
            self.accept(&below).await?;
            if let Some(above) = way.last().cloned() {
                self.result(&above).await?;
            }
        }
        Ok(())
    }

    /// Whom a node hands a matter to: a unit of its own, or now and then a child.
    fn next_taker(&mut self, at: RegionKey) -> String {
        let below = self.town.world.federation.children(at).to_vec();
        let units = self.units(at);
        let down = !below.is_empty() && (units.is_empty() || self.dice.percent(35));
        if down {
            return self.child(at).to_string();
        }
        units.into_iter().next().unwrap_or_default()
    }

    /// 进展 on a leg.
    ///
    /// # Errors
    /// As [`Life::say`].
    pub async fn progress(&mut self, leg: &Given) -> Step<()> {
        let texts = vec![text(FieldName::Note, "已联系诉求人，约定现场查看")];
        let verb = Verb::Progress(pb::Progress {
            leg: leg.id.clone(),
            stage: "现场核查".to_owned(),
        });
        let who = self.taker(leg);
        self.say(leg.node, &who, texts, verb).await?;
        Ok(())
    }

    /// Rules on the taker's open request of a kind.
    ///
    /// # Errors
    /// As [`Life::say`].
    pub async fn rule(&mut self, leg: &Given, asking: &str, granted: bool) -> Step<()> {
        let request = self.asked(leg, asking).await?;
        let verb = Verb::Rule(pb::Rule {
            leg: leg.id.clone(),
            request,
            granted,
            basis: if granted {
                "经审核，同意"
            } else {
                "属于你单位职责，请继续办理"
            }
            .to_owned(),
        });
        self.say(leg.giver, DISPATCHER, Vec::new(), verb).await?;
        Ok(())
    }

    /// Accepts the result of a leg.
    ///
    /// # Errors
    /// As [`Life::say`].
    pub async fn accept(&mut self, leg: &Given) -> Step<()> {
        self.rule(leg, "result", true).await
    }

    /// 办结 at the origin.
    ///
    /// # Errors
    /// As [`Life::say`].
    pub async fn close(&mut self) -> Step<()> {
        let texts = vec![text(FieldName::Answer, "您反映的事项已办结，结果已告知")];
        let verb = Verb::Close(pb::Close {
            matter: self.matter.clone(),
            ground: "solved".to_owned(),
        });
        self.say(self.origin, DISPATCHER, texts, verb).await?;
        Ok(())
    }

    /// 回访 by somebody who did not handle the matter.
    ///
    /// # Errors
    /// As [`Life::say`].
    pub async fn call_back(&mut self, rating: &str) -> Step<()> {
        let texts = vec![text(FieldName::RatingText, "（演示）评价意见")];
        let verb = Verb::CallBack(pb::CallBack {
            matter: self.matter.clone(),
            rating: rating.to_owned(),
        });
        self.say(self.origin, CALLER, texts, verb).await?;
        Ok(())
    }

    /// 办结, and mostly a good rating.
    ///
    /// # Errors
    /// As [`Life::say`].
    pub async fn finish(&mut self) -> Step<()> {
        self.close().await?;
        if self.dice.percent(70) {
            let rating = ["very-satisfied", "satisfied", "basically-satisfied"];
            let rating = self.dice.pick(&rating).copied().unwrap_or("satisfied");
            self.call_back(rating).await?;
        }
        Ok(())
    }
}
