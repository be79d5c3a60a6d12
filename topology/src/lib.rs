//! The world as data: the tree of hotlines, who handles what, the calendar and the rule packs.
//!
//! Everything here is pure: text in, values out. No clock, no randomness, no files. The
//! layers, each importing only those before it:
//!
//! ```text
//! time, region  ->  unit, edge, endpoint, calendar  ->  catalogue, standard  ->  tree  ->  policy
//!               ->  draft, check (reading)  ->  divisions, new  ->  write, draw
//! ```
//!
//! Levels differ by data only: [`Level`] is read from the federation file, never from the
//! digits of a key, and nothing here decides by it save the order check of the file.

pub mod calendar;
pub mod catalogue;
pub mod categories;
pub mod check;
pub mod divisions;
mod draft;
mod draw;
pub mod edge;
pub mod endpoint;
pub mod fault;
pub mod new;
pub mod policy;
mod read;
pub mod region;
pub mod standard;
pub mod time;
pub mod tree;
pub mod unit;
mod write;

pub use calendar::{Calendar, Due, Notice, WorkingDay};
pub use catalogue::{Catalogue, Dispatch, Target};
pub use categories::{Category, categories, category_name, near_categories};
pub use check::{check, check_pack};
pub use divisions::{Division, divisions};
pub use draw::Draw;
pub use edge::{EdgePolicies, EdgePolicy, FieldName, Way};
pub use endpoint::Endpoint;
pub use fault::Fault;
pub use new::{Select, Settings, generate};
pub use policy::{Kind, PolicyPack, Urgency};
pub use region::{Level, RegionKey};
pub use standard::{Rule, Standard};
pub use time::{Span, Time};
pub use tree::{Federation, Parts, Region};
pub use unit::{Handler, Unit, UnitKey, UnitKind};
