//! Queries: what a person of the node may see, read from the committed rows. Who may see what says the domain's
//! `policy/reading.rs`, and each query asks it.

pub(super) mod figures;
pub(super) mod keys;
pub(super) mod legs;
mod line;
pub(super) mod links;
pub(super) mod missing;
pub(super) mod notices;
pub(super) mod order;
pub(super) mod orders;
pub(super) mod readings;
mod show;
pub(super) mod status;
pub(super) mod ticket;
pub(super) mod tickets;
mod words;
pub(super) mod world;

use super::refusal::refused;
use crate::app::NodeHandle;
use hotline_domain::body::Actor;
use hotline_domain::policy::reading::{self, Readable, What};
use tonic::Status;

/// Whether the person may read it.
///
/// # Errors
/// The refusal, as a status.
fn permit(node: &NodeHandle, actor: &Actor, what: What<'_>) -> Result<Readable, Status> {
    let me = node.shared().surroundings.me();
    reading::permit(actor, me, what).map_err(|refusal| refused(&refusal))
}
