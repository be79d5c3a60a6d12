//! Evidence files: what a node can show of a leg, and what a third party makes of one file or several.
//!
//! ```text
//! log ──gather──▶ Bundle ──seal──▶ file ──────────▶ read ──▶ examine: every signature, by trust as of then
//!                                                          └▶ cross: files against each other ──▶ convictions by name
//! ```
//!
//! | file | what |
//! | --- | --- |
//! | bundle | the file's form, its seal |
//! | gather | from a node's log |
//! | trust | roots, lists and tree from a folder; certificates judged as of a moment |
//! | examine | one file: are its signatures good, did its hand-overs arrive |
//! | cross | several files: who says two things |
//! | words | for people and programs |
//!
//! Nothing here needs a running node, a store's keys or a network.

pub mod bundle;
pub mod cross;
pub mod examine;
pub mod gather;
pub mod trust;
pub mod words;

#[cfg(test)]
mod tests;
