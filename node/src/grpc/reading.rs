//! Readings at the door: before texts or a file are opened, it is durable who opens them, and what for. Readings that
//! come together share a commit, like commands.

use super::caller::Caller;
use super::refusal::{self, invalid};
use crate::app::{Asked, NodeHandle, Outcome};
use hotline_domain::command::Verb;
use hotline_domain::id::MatterId;
use hotline_domain::policy::purpose::{self, Purpose};
use hotline_domain::policy::reading::Readable;
use hotline_domain::reading::Opened;
use tonic::Status;

/// The purpose that the caller named, or that is certain without a word.
///
/// # Errors
/// None was named, it is none, or it is none of the person's work.
pub(super) fn purpose(caller: &Caller, readable: Readable, named: &str) -> Result<Purpose, Status> {
    let actor = &caller.actor;
    let purpose = match named.trim() {
        "" => purpose::presumed(actor, readable)
            .ok_or_else(|| refusal::refused(&purpose::owed(actor)))?,
        named => named.parse().map_err(|words| invalid("purpose", words))?,
    };
    purpose::permit(actor, purpose).map_err(|refused| refusal::refused(&refused))?;
    Ok(purpose)
}

/// Puts the reading on record. Whoever gets an error has opened nothing.
///
/// # Errors
/// Refused, or not known to be durable.
pub(super) async fn record(
    node: &NodeHandle,
    caller: &Caller,
    matter: MatterId,
    opened: Opened,
    purpose: Purpose,
) -> Result<(), Status> {
    let asked = Asked {
        actor: caller.actor.clone(),
        key: None,
        digest: [0; 32],
        seen: None,
        verb: Verb::Read {
            matter,
            opened,
            purpose,
            entrance: caller.entrance,
        },
        matter: Some(matter),
        texts: Vec::new(),
    };
    match node.command(asked).await {
        Outcome::Decided(Ok(_)) => Ok(()),
        outcome => Err(refusal::status(outcome)),
    }
}
