//! 受理: a matter is taken in at its origin. Everything that is told is taken in; what is out of scope is refused with
//! its basis afterwards, on record (`refuse.rs`).

use super::{TicketAct, number};
use crate::clock::{self, DueOf};
use crate::command::Command;
use crate::field::marks;
use crate::id::MatterId;
use crate::kernel::{Draft, Stop, reckon};
use crate::leg::RuleVersion;
use crate::refusal::{Class, Refusal};
use crate::row::{Done, TimerKey};
use hotline_topology::{Kind, RegionKey, Time, Urgency, near_categories, time::DAY_MS};

/// How long before it was recorded a matter may have been told (电话交办), in milliseconds.
const TOLD_BEFORE_MS: i64 = 3 * DAY_MS;

/// So much of an unknown code is shown again.
const CODE_SHOWN: usize = 32;

/// What the verb is given.
pub struct TakeIn<'a> {
    /// Channel code.
    pub channel: &'a str,
    /// Kind.
    pub kind: Kind,
    /// Category code.
    pub category: &'a str,
    /// Urgency.
    pub urgency: Urgency,
    /// The region below in whose area it lies.
    pub place: Option<RegionKey>,
    /// When it was told, where that was earlier.
    pub happened_at: Option<Time>,
}

/// Takes a matter in, also while the clock is in doubt: only business timers wait for a person then.
///
/// # Errors
/// Refuses as `intake.content`, `intake.category`, `intake.open-limit`, `intake.place`, `intake.time`.
pub fn take_in(draft: &mut Draft<'_>, command: &Command, asked: &TakeIn<'_>) -> Result<Done, Stop> {
    let node = draft.node()?;
    if command.fields.is_empty() || asked.channel.is_empty() || asked.category.is_empty() {
        let words = "受理须写明渠道、分类和诉求内容".to_owned();
        return Err(Refusal::new(Class::Invalid, "intake.content", words).into());
    }
    if !draft.world.federation.knows_category(asked.category) {
        return Err(unknown_category(asked.category));
    }
    if let Some(heir) = draft.world.federation.successor(draft.me(), asked.place) {
        let words = format!("本节点已并入 {heir}，不再受理；请转到 {heir} 受理");
        return Err(Refusal::new(Class::State, "world.dissolved", words).into());
    }
    if let Some(place) = asked.place
        && draft.world.federation.region(place).is_none()
    {
        let words = format!("事发区划 {place} 不在拓扑中");
        return Err(Refusal::new(Class::Invalid, "intake.place", words).into());
    }
    let happened_at = told_at(draft.now(), asked.happened_at)?;
    let pack = draft.pack();
    let limit = pack
        .handling(asked.kind, asked.urgency)
        .and_then(|rule| rule.limit)
        .ok_or_else(|| open_limit(draft, asked))?;
    let due = clock::due(&draft.world, happened_at, limit);
    let matter = MatterId(draft.draw());
    let number = number::issue(draft.me(), happened_at, node.mark, node.issued + 1);
    let act = TicketAct::TakenIn {
        number: number.clone(),
        channel: asked.channel.to_owned(),
        kind: asked.kind,
        category: asked.category.to_owned(),
        urgency: asked.urgency,
        place: asked.place,
        due: due.at,
        rules: RuleVersion {
            pack: pack.id.clone(),
            version: pack.version,
        },
        happened_at,
        content: marks(&command.fields),
    };
    draft.ticket_act(matter, Some(&command.actor), act, command.fields.clone())?;
    draft.set_timer(due.at, TimerKey::TicketDue(matter))?;
    reckon::note_span(draft, DueOf::Ticket(matter), due, happened_at, limit)?;
    let ticket = draft.ticket(matter)?;
    let assign_by = clock::assign_by(&draft.world, &ticket.rules, ticket.taken_in_at);
    if assign_by < due.at {
        draft.set_timer(assign_by, TimerKey::AssignDue(matter))?;
    }
    let version = draft.ticket(matter)?.version;
    Ok(Done {
        matter: Some(matter),
        number,
        version,
        ..Done::default()
    })
}

/// A label that nobody knows would stand in every superior's figures, and no catalogue sends it anywhere.
fn unknown_category(code: &str) -> Stop {
    let near: Vec<String> = near_categories(code)
        .iter()
        .map(|one| format!("{} {}", one.code, one.name))
        .collect();
    let code: String = code.chars().take(CODE_SHOWN).collect();
    let words = format!(
        "没有事项分类“{code}”；相近的有：{}。全部分类用 hotline codes 事项 查看",
        near.join("、")
    );
    Refusal::new(Class::Invalid, "intake.category", words).into()
}

/// Clocks start from when it happened, within a bound.
fn told_at(now: Time, told: Option<Time>) -> Result<Time, Stop> {
    let Some(told) = told else { return Ok(now) };
    if told > now || told.0 < now.0 - TOLD_BEFORE_MS {
        let words = format!("发生时间 {told} 须在此前三日之内，且不晚于现在 {now}");
        return Err(Refusal::new(Class::Invalid, "intake.time", words).into());
    }
    Ok(told)
}

/// A pack that leaves a limit open: the node does not take in that kind, and says whose decision is missing.
fn open_limit(draft: &Draft<'_>, asked: &TakeIn<'_>) -> Stop {
    let kind = asked.kind.label();
    let urgency = asked.urgency.label();
    let Some(rule) = draft.pack().handling(asked.kind, asked.urgency) else {
        let words = format!("规则包没有规定「{kind}」（{urgency}）的办理期限");
        return Refusal::new(Class::Policy, "intake.open-limit", words).into();
    };
    let whom = rule.left_to.as_deref().unwrap_or("本级主管部门");
    let words = format!("规则包未定「{kind}」（{urgency}）的办理期限，由{whom}确定后方可受理此类");
    Refusal::new(Class::Policy, "intake.open-limit", words)
        .citing(rule.article.clone())
        .into()
}
