//! Who may read what at a node (查阅权限). This is the one place that says so: the single ticket, every list, every
//! search and the attachments' door ask [`permit`], row by row, and show nothing that it refuses.
//!
//! | | clerk | dispatcher | handler of a unit | handler without a unit | supervisor | operator |
//! |---|---|---|---|---|---|---|
//! | heads of tickets, legs, notices, orders | x | x | own unit's | x | x | x |
//! | content: titles, texts, files | x | x | own unit's tickets, of legs its own | x | x | |
//! | the petitioner: name, contact | own intakes | x | while an own leg is open | while the ticket is open | | |
//! | readings on record | own | x | own | own | x | |
//! | figures | x | x | | x | x | x |
//! | links, queues, what a restore lacks, documents | | x | | | x | x |
//! | keys, deletions | | | | | x | x |
//!
//! Each column is what the work needs. A clerk speaks with the petitioner, and only the origin does. A dispatcher
//! assigns, reviews and may have to ask back at any time. A handler reaches the petitioner first (先行联系) and has no
//! business with the number once the leg is over. A supervisor judges dates, work and results, for which nobody's name
//! is needed. An operator keeps the node running: numbers and dates suffice to restore, to erase and to find what is
//! stuck. Whoever has several roles may read what any of them may. A unit's people see their unit's alone, whatever
//! else they are.
//!
//! A list's titles (the beginning of the content, where there is none) and an attachment's file name are content: they
//! are shown to those who may read the content, a row at a time. They are on no record: a list is looked at all day, and
//! what says who opened which case would drown in it.
//!
//! Confidential tickets, searches by person and roles from a file come later, and change this file only.

#[cfg(test)]
mod tests;

use crate::body::{Actor, Body, Role};
use crate::leg::Leg;
use crate::reading::Reading;
use crate::refusal::{Class, Refusal};
use crate::supervision::Notice;
use crate::ticket::Ticket;
use crate::view::{Rows, View, ViewFailed};
use hotline_topology::{FieldName, RegionKey, UnitKey};

/// What the law says of who may have access to personal data.
const ARTICLE: &str = "个人信息保护法第五十一条";

/// Roles that read content.
const CONTENT: &[Role] = &[
    Role::Clerk,
    Role::Dispatcher,
    Role::Handler,
    Role::Supervisor,
];

/// What a person asks to read.
#[derive(Clone, Copy, Debug)]
pub enum What<'a> {
    /// A ticket, with those of its legs that this node holds.
    Ticket(&'a Ticket, &'a [Leg]),
    /// A leg that this node holds.
    Leg(&'a Leg),
    /// An exception notice.
    Notice(&'a Notice),
    /// A reading of a ticket that the person may see.
    Reading(&'a Reading),
    /// A supervision order to this body, and what was said of it.
    Order(&'a Body),
    /// The figures of the node's area.
    Figures,
    /// How links stand, and what waits on them.
    Links,
    /// What could not come back after a restore.
    Missing,
    /// The documents of the world, and how far the neighbours are with them.
    Documents,
    /// Keys for sealing, and what was destroyed.
    Keys,
}

/// What of it may be shown. Its head always may: numbers, codes, dates, bodies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Readable {
    /// Texts and files, but for the petitioner's person.
    pub content: bool,
    /// The petitioner's name and contact.
    pub petitioner: bool,
}

impl Readable {
    /// The head alone.
    const HEAD: Self = Self {
        content: false,
        petitioner: false,
    };

    /// Whether a field may be opened.
    #[must_use]
    pub fn field(self, name: FieldName) -> bool {
        match name {
            FieldName::PetitionerName | FieldName::Contact => self.petitioner,
            FieldName::Title
            | FieldName::Content
            | FieldName::Place
            | FieldName::Instruction
            | FieldName::ResultText
            | FieldName::Reason
            | FieldName::Note
            | FieldName::Answer
            | FieldName::StageReport
            | FieldName::RatingText
            | FieldName::Attachment => self.content,
        }
    }
}

/// Whether the person may read it at the node `me`, and what of it.
///
/// # Errors
/// Refuses as `authority.unit`, `reading.role`.
pub fn permit(actor: &Actor, me: RegionKey, what: What<'_>) -> Result<Readable, Refusal> {
    match what {
        What::Ticket(ticket, legs) => permit_ticket(actor, me, ticket, legs),
        What::Leg(leg) => {
            permit_taken(actor, me, leg.taker(), "这一交办")?;
            permit_role(actor, &Role::ALL, "交办")?;
            Ok(Readable::HEAD)
        }
        What::Notice(notice) => {
            permit_taken(actor, me, &notice.taker, "这一通报所涉事项")?;
            permit_role(actor, &Role::ALL, "通报")?;
            Ok(Readable::HEAD)
        }
        What::Reading(reading) => permit_reading(actor, reading),
        What::Order(taker) => {
            permit_taken(actor, me, taker, "这份督办")?;
            permit_role(actor, &Role::ALL, "督办")?;
            Ok(Readable {
                content: has(actor, CONTENT),
                petitioner: false,
            })
        }
        What::Figures => of_the_node(actor, &Role::ALL, "统计"),
        What::Links => of_the_node(actor, KEEPERS, "链路和队列"),
        What::Missing => of_the_node(actor, KEEPERS, "恢复后的缺失清单"),
        What::Documents => of_the_node(actor, KEEPERS, "签名文件"),
        What::Keys => of_the_node(actor, &[Role::Supervisor, Role::Operator], "密钥和销毁记录"),
    }
}

/// Roles that see to it that what is given away arrives.
const KEEPERS: &[Role] = &[Role::Dispatcher, Role::Supervisor, Role::Operator];

/// Roles that answer for who read what.
const OVERSEERS: &[Role] = &[Role::Dispatcher, Role::Supervisor];

/// As [`permit`] of a ticket, its legs read as far as the answer depends on them.
///
/// # Errors
/// The view failed.
pub fn of_ticket(
    rows: &(impl View + ?Sized),
    actor: &Actor,
    me: RegionKey,
    ticket: &Ticket,
) -> Result<Result<Readable, Refusal>, ViewFailed> {
    let mut legs = Vec::new();
    if actor.unit.is_some() {
        for id in &ticket.outgoing {
            legs.extend(rows.leg(*id)?);
        }
    }
    Ok(permit(actor, me, What::Ticket(ticket, &legs)))
}

/// The unit whose tickets, legs and notices are all that the person may see; `None`: the node's.
#[must_use]
pub fn bound(actor: &Actor) -> Option<&UnitKey> {
    actor.unit.as_ref()
}

/// A list was asked for of a body that is not the person's unit.
#[must_use]
pub fn not_the_persons(actor: &Actor, body: &Body) -> Refusal {
    let words = match bound(actor) {
        Some(unit) => format!(
            "{} 是 {unit} 的人员，只能列出本单位的交办，不能列出 {body} 的",
            actor.name
        ),
        None => format!("{} 不能列出 {body} 的交办", actor.name),
    };
    Refusal::new(Class::Forbidden, "authority.unit", words)
}

fn permit_ticket(
    actor: &Actor,
    me: RegionKey,
    ticket: &Ticket,
    legs: &[Leg],
) -> Result<Readable, Refusal> {
    permit_role(actor, &Role::ALL, "工单")?;
    let content = has(actor, CONTENT);
    let petitioner = match bound(actor) {
        Some(unit) => {
            let own = |leg: &&Leg| is_of(leg.taker(), me, unit);
            if !legs.iter().any(|leg| own(&leg)) {
                return Err(not_the_units("这张工单", unit));
            }
            has(actor, &[Role::Handler]) && legs.iter().filter(own).any(Leg::is_open)
        }
        None => {
            has(actor, &[Role::Dispatcher])
                || has(actor, &[Role::Clerk]) && ticket.is_own(me)
                || has(actor, &[Role::Handler]) && ticket.is_open()
        }
    };
    Ok(Readable {
        content,
        petitioner,
    })
}

/// A unit's people have to do only with what their unit has or had.
fn permit_taken(actor: &Actor, me: RegionKey, taker: &Body, what: &str) -> Result<(), Refusal> {
    match bound(actor) {
        Some(unit) if !is_of(taker, me, unit) => Err(not_the_units(what, unit)),
        _ => Ok(()),
    }
}

/// Who read what is for those who answer for it, and everybody sees their own.
fn permit_reading(actor: &Actor, reading: &Reading) -> Result<Readable, Refusal> {
    let oversees = bound(actor).is_none() && has(actor, OVERSEERS);
    if oversees || has(actor, CONTENT) && reading.who == actor.name {
        return Ok(Readable::HEAD);
    }
    let words = format!("{} 只能看本人的查阅记录", actor.name);
    Err(Refusal::new(Class::Forbidden, "reading.readings", words))
}

/// What belongs to the node as a whole: its own staff's, by role.
fn of_the_node(actor: &Actor, roles: &[Role], what: &str) -> Result<Readable, Refusal> {
    if let Some(unit) = bound(actor) {
        let words = format!(
            "{what}由热线人员查看，{} 是 {unit} 的人员；需要时请向本级热线索取",
            actor.name
        );
        return Err(Refusal::new(Class::Forbidden, "authority.unit", words));
    }
    permit_role(actor, roles, what)?;
    Ok(Readable::HEAD)
}

fn permit_role(actor: &Actor, roles: &[Role], what: &str) -> Result<(), Refusal> {
    if has(actor, roles) {
        return Ok(());
    }
    let words = format!(
        "{} 没有查看{what}的角色；需要其一：{}",
        actor.name,
        labels(roles)
    );
    Err(Refusal::new(Class::Forbidden, "reading.role", words))
}

/// Texts were asked for by somebody who may read none of them.
///
/// # Errors
/// Refuses as `reading.content`.
pub fn permit_content(actor: &Actor, readable: Readable) -> Result<(), Refusal> {
    if readable.content {
        return Ok(());
    }
    let words = format!(
        "{} 的角色不查阅诉求内容和附件，可以查看编号、状态和日期；需要其一：{}",
        actor.name,
        labels(CONTENT)
    );
    Err(Refusal::new(Class::Forbidden, "reading.content", words).citing(ARTICLE))
}

fn not_the_units(what: &str, unit: &UnitKey) -> Refusal {
    let words =
        format!("{what}没有交 {unit} 办理，不能查看或作记录；如应由该单位办理，请派单员交办");
    Refusal::new(Class::Forbidden, "authority.unit", words).citing(ARTICLE)
}

fn is_of(taker: &Body, me: RegionKey, unit: &UnitKey) -> bool {
    taker.region() == me && taker.unit() == Some(unit)
}

fn has(actor: &Actor, roles: &[Role]) -> bool {
    actor.roles.iter().any(|role| roles.contains(role))
}

fn labels(roles: &[Role]) -> String {
    let labels: Vec<_> = roles.iter().map(|role| role.label()).collect();
    labels.join("、")
}
