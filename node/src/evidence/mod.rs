//! Evidence files: what a node can show of a leg or a matter, and what a third party makes of one file or several.
//!
//! ```text
//! log ──gather──▶ Bundle ──ready, write──▶ file ──▶ read ──▶ examine ─▶ witness ─▶ cross, delivery ─▶ words
//!                                                   whose     who else   who says    what arrived
//!                                                   is it     saw it     two things
//! ```
//!
//! | file | what |
//! | --- | --- |
//! | bundle | the file's form, its seal |
//! | accounts | what it says of days and epochs |
//! | gather | from a node's log |
//! | answer | what others' files show of a node that answers them |
//! | ready | whether a node may seal what it gathered |
//! | trust | roots, lists and trees from a folder; what a signature is by itself |
//! | trees | versions of the tree, and which of them a signature is judged by |
//! | mark | what a signature counts for: one table |
//! | examine | one file: whose are its seal and its signatures |
//! | witness | who else saw a signature, over all files |
//! | hold | what a sealed file holds, and what it claims to be whole for |
//! | cross | the rules that convict, each with what makes it fair |
//! | rules | which of them a judge applies |
//! | delivery | what became of each hand-over |
//! | verdict | classes of findings, and how the program ends |
//! | judge | all of that, over all files given |
//! | words | for people and programs |
//!
//! Nothing here needs a running node, a store's keys or a network.

pub mod accounts;
pub mod answer;
pub mod bundle;
mod cross;
mod delivery;
pub mod examine;
pub mod gather;
mod hold;
pub mod judge;
mod mark;
pub mod ready;
pub mod rules;
mod trees;
pub mod trust;
pub mod verdict;
mod witness;
pub mod words;

#[cfg(test)]
mod tests;
