//! Queries: what a person of the node may see, read from the committed rows.

pub(super) mod figures;
pub(super) mod keys;
pub(super) mod legs;
pub(super) mod links;
pub(super) mod missing;
pub(super) mod notices;
mod show;
pub(super) mod status;
pub(super) mod ticket;
pub(super) mod tickets;
mod words;
pub(super) mod world;
