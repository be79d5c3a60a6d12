//! A small federation in one process, for tests that read aloud: nodes are (view, world), links are outboxes.
//!
//! ```text
//! let mut fed = Fed::new();
//! let matter = fed.at(CITY).take_in();
//! let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
//! fed.at(ZEZHOU).ask_return(leg, "not-our-duty", "").fails("return.basis");
//! ```
//!
//! After each command everything is delivered, unless a link was cut; after each commit the facts folded from nothing
//! must give the same rows.

pub(crate) mod calendars;
mod desk;
mod fed;
mod forge;
mod law;
mod places;
mod restore;
mod stamp;
mod wire;
mod world;

pub(crate) use desk::{Desk, text};
pub(crate) use fed::Fed;
pub(crate) use places::*;
pub(crate) use stamp::prove;
pub(crate) use wire::GENUINE;
pub(crate) use world::{document, topology};
