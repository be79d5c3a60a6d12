//! What a person may do: role, unit and level (invariant 8).
//!
//! | verb | clerk | dispatcher | handler | supervisor | operator |
//! |---|---|---|---|---|---|
//! | take in, refuse, answer directly, call back, withdraw | x | x | | | |
//! | assign, rule, recall, re-assign, due dates, close, redo, escalate, lead, release | | x | | | |
//! | sign, progress, requests, results, replies | | x | x, own unit | | |
//! | supervise, remind, end | | x | | x | |
//! | note, attach | x | x | x, own unit's tickets | x | |
//! | read texts and files | by [`super::reading`] | | | | |
//! | clock, links, keys, deletion of personal data, documents of the world | | | | | x |

#[cfg(test)]
mod tests;

use crate::body::{Actor, Body, Role};
use crate::command::Verb;
use crate::leg::Leg;
use crate::refusal::{Class, Refusal};

/// The roles that permit a verb.
#[must_use]
pub fn permitting(verb: &Verb) -> &'static [Role] {
    match verb {
        Verb::TakeIn { .. }
        | Verb::Refuse { .. }
        | Verb::AnswerDirectly { .. }
        | Verb::CallBack { .. }
        | Verb::Withdraw { .. } => &[Role::Clerk, Role::Dispatcher],
        Verb::Assign { .. }
        | Verb::Rule { .. }
        | Verb::Recall { .. }
        | Verb::Reassign { .. }
        | Verb::SetDue { .. }
        | Verb::Close { .. }
        | Verb::Redo { .. }
        | Verb::Escalate { .. }
        | Verb::NameLead { .. }
        | Verb::Release { .. } => &[Role::Dispatcher],
        Verb::Sign { .. }
        | Verb::Progress { .. }
        | Verb::AskReturn { .. }
        | Verb::AskExtension { .. }
        | Verb::AskEscalation { .. }
        | Verb::SubmitResult { .. }
        | Verb::WithdrawRequest { .. }
        | Verb::ReplyOrder { .. } => &[Role::Dispatcher, Role::Handler],
        Verb::Supervise { .. } | Verb::Remind { .. } | Verb::EndOrder { .. } => {
            &[Role::Supervisor, Role::Dispatcher]
        }
        Verb::Note { .. } | Verb::Attach { .. } => &[
            Role::Clerk,
            Role::Dispatcher,
            Role::Handler,
            Role::Supervisor,
        ],
        // Who may read what is a question of fields and of units, too: `reading` answers it whole.
        Verb::Read { .. } => &Role::ALL,
        Verb::ConfirmClock
        | Verb::ForgiveLink { .. }
        | Verb::ReopenLink { .. }
        | Verb::RotateKey { .. }
        | Verb::PublishDocument { .. }
        | Verb::Erase { .. } => &[Role::Operator],
    }
}

/// Refuses a verb that none of the actor's roles permits; a unit's people do what handlers do, whatever else they are.
///
/// # Errors
/// Refuses as `authority.role`, `authority.unit`.
pub fn permit(actor: &Actor, verb: &Verb) -> Result<(), Refusal> {
    let permitting = permitting(verb);
    if actor.roles.iter().any(|role| permitting.contains(role)) {
        return if permitting.contains(&Role::Handler) {
            Ok(())
        } else {
            permit_giver(actor)
        };
    }
    let needed: Vec<_> = permitting.iter().map(|role| role.as_str()).collect();
    let words = format!(
        "{} 没有办理此项的角色；需要其一：{}",
        actor.name,
        needed.join("、")
    );
    Err(Refusal::new(Class::Forbidden, "authority.role", words))
}

/// On a taker's side: the hotline's own staff for the node, handlers for their own unit only.
///
/// # Errors
/// Refuses as `authority.unit`.
pub fn permit_taker(actor: &Actor, leg: &Leg) -> Result<(), Refusal> {
    let own = match (&actor.unit, leg.taker()) {
        (None, _) => true,
        (Some(unit), Body::Unit(_, taker)) => unit == taker,
        (Some(_), Body::Node(_)) => false,
    };
    if own {
        return Ok(());
    }
    let words = format!(
        "这一交办由 {} 承办，{} 不属于该单位",
        leg.taker(),
        actor.name
    );
    Err(Refusal::new(Class::Forbidden, "authority.unit", words))
}

/// On a giver's side: only the hotline's own staff.
///
/// # Errors
/// Refuses as `authority.unit`.
pub fn permit_giver(actor: &Actor) -> Result<(), Refusal> {
    match &actor.unit {
        None => Ok(()),
        Some(unit) => {
            let words = format!("{} 是 {unit} 的人员，不能代热线作交办方的决定", actor.name);
            Err(Refusal::new(Class::Forbidden, "authority.unit", words))
        }
    }
}
