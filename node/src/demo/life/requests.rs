//! What a taker asks and the giver rules: returns, extensions, escalations, results that are not good enough.

use super::steps::{Life, Step, text};
use crate::demo::world::DISPATCHER;
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_topology::{FieldName, Level};

fn return_of(leg: &super::steps::Given) -> (Vec<pb::Text>, Verb) {
    let verb = Verb::AskReturn(pb::AskReturn {
        leg: leg.id.clone(),
        ground: "not-our-duty".to_owned(),
        basis: "三定规定".to_owned(),
    });
    (vec![text(FieldName::Reason, "该事项由其他单位主管")], verb)
}

/// 退单 granted; the duty is determined anew, and another unit handles it.
pub async fn returned(life: &mut Life) -> Step<()> {
    let at = life.anywhere();
    life.take_in(at).await?;
    let units = life.units(at);
    let [first, second, ..] = units.as_slice() else {
        return Err(life.trouble(at, "选择单位", "少于两个承办单位"));
    };
    let leg = life.give_one(at, first).await?;
    let (texts, verb) = return_of(&leg);
    let who = life.taker(&leg);
    life.say(at, &who, texts, verb).await?;
    life.rule(&leg, "return", true).await?;
    let legs = life
        .give(
            at,
            std::slice::from_ref(second),
            "机构编制部门认定由该单位承办",
        )
        .await?;
    let leg = life.only(at, legs)?;
    life.work(&leg).await?;
    life.accept(&leg).await?;
    life.finish().await
}

/// A county returns to the city, which gives it to the other county.
pub async fn county_returns(life: &mut Life) -> Step<()> {
    let city = life.any(Level::City);
    life.take_in(city).await?;
    let counties = life.town.world.federation.children(city).to_vec();
    let first = life.dice.below(counties.len());
    let other = counties[(first + 1) % counties.len()].to_string();
    let leg = life.give_one(city, &counties[first].to_string()).await?;
    life.arrived(&leg).await?;
    let (texts, verb) = return_of(&leg);
    let who = life.taker(&leg);
    life.say(leg.node, &who, texts, verb).await?;
    life.rule(&leg, "return", true).await?;
    let leg = life.give_one(city, &other).await?;
    life.work(&leg).await?;
    life.accept(&leg).await?;
    life.finish().await
}

/// 退单 denied: the unit handles it after all.
pub async fn return_denied(life: &mut Life) -> Step<()> {
    let at = life.any(Level::City);
    life.take_in(at).await?;
    let child = life.child(at).to_string();
    let leg = life.give_one(at, &child).await?;
    life.arrived(&leg).await?;
    let (texts, verb) = return_of(&leg);
    let who = life.taker(&leg);
    life.say(leg.node, &who, texts, verb).await?;
    life.rule(&leg, "return", false).await?;
    life.leg(leg.node, &leg, "等待退单审核意见", |leg| {
        leg.asking.is_empty().then_some(())
    })
    .await?;
    life.work(&leg).await?;
    life.accept(&leg).await?;
    life.finish().await
}

/// 延期 granted, if it was asked for in time.
pub async fn extended(life: &mut Life) -> Step<()> {
    let at = life.anywhere();
    life.take_in(at).await?;
    let unit = life.units(at).into_iter().next().unwrap_or_default();
    let leg = life.give_one(at, &unit).await?;
    let texts = vec![text(FieldName::Reason, "配件采购需要时间")];
    let verb = Verb::AskExtension(pb::AskExtension {
        leg: leg.id.clone(),
        days: 3,
    });
    let who = life.taker(&leg);
    // On a busy machine the demonstration's days may have run out: then the rules refuse, and rightly.
    let asked = life
        .say_unless(at, &who, texts, verb, &["extension.late"])
        .await?;
    if asked.is_some() {
        life.rule(&leg, "extension", true).await?;
    }
    life.work(&leg).await?;
    life.accept(&leg).await?;
    life.finish().await
}

/// 提级 of an incoming leg: beyond the county's powers; the city takes it back and has it handled by its own unit.
pub async fn escalated(life: &mut Life) -> Step<()> {
    let city = life.any(Level::City);
    life.take_in(city).await?;
    let child = life.child(city).to_string();
    let leg = life.give_one(city, &child).await?;
    life.arrived(&leg).await?;
    let texts = vec![text(FieldName::StageReport, "已现场核查，需市级部门审批")];
    let verb = Verb::AskEscalation(pb::OnGround {
        leg: leg.id.clone(),
        ground: "beyond-authority".to_owned(),
    });
    let who = life.taker(&leg);
    life.say(leg.node, &who, texts, verb).await?;
    life.rule(&leg, "escalation", true).await?;
    let unit = life.units(city).into_iter().next().unwrap_or_default();
    let leg = life.give_one(city, &unit).await?;
    life.work(&leg).await?;
    life.accept(&leg).await?;
    life.finish().await
}

/// A result that does not answer the question is sent back, then made good.
pub async fn sent_back(life: &mut Life) -> Step<()> {
    let county = life.any(Level::County);
    life.take_in(county).await?;
    let town = life.child(county).to_string();
    let leg = life.give_one(county, &town).await?;
    life.work(&leg).await?;
    life.rule(&leg, "result", false).await?;
    life.leg(leg.node, &leg, "等待审核退回", |leg| {
        leg.asking.is_empty().then_some(())
    })
    .await?;
    life.result(&leg).await?;
    life.accept(&leg).await?;
    life.finish().await
}

/// 指定承办: three returns, and only a determination moves the matter on; whom it names may not return it.
pub async fn determined(life: &mut Life) -> Step<()> {
    let county = life.any(Level::County);
    life.take_in(county).await?;
    let units = life.units(county);
    let [first, second, third, fourth, ..] = units.as_slice() else {
        return Err(life.trouble(county, "选择单位", "少于四个承办单位"));
    };
    for unit in [first, second, third] {
        let leg = life.give_one(county, unit).await?;
        let (texts, verb) = return_of(&leg);
        let who = life.taker(&leg);
        life.say(county, &who, texts, verb).await?;
        life.rule(&leg, "return", true).await?;
    }
    let again = Verb::Assign(pb::Assign {
        matter: life.matter.clone(),
        takers: vec![fourth.clone()],
        basis: "职责".to_owned(),
        ..pb::Assign::default()
    });
    let rule = "assign.determination-due";
    life.is_refused(county, DISPATCHER, Vec::new(), again, rule)
        .await?;
    let legs = life
        .give(county, std::slice::from_ref(fourth), "县政府专题会议明确")
        .await?;
    let leg = life.only(county, legs)?;
    let (texts, verb) = return_of(&leg);
    let who = life.taker(&leg);
    life.is_refused(county, &who, texts, verb, "leg.return.determined")
        .await?;
    life.work(&leg).await?;
    life.accept(&leg).await?;
    life.finish().await
}
