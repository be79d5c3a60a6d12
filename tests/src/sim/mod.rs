//! The simulation: four to fifteen nodes, days to months, one seed.
//!
//! ```text
//! queue ──event──► Sim ──inputs──► node: Group ► codec ► Log on SimDisk ► Table ► actions ► Session ──frames──► network
//!   ▲                                 │ durable commit                                                      │
//!   └──── wakes, ticks, arrivals ─────┴──────────────► invariants                                           │
//!   └───────────────────────────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! | file | what |
//! |---|---|
//! | places, shape | the federation; how large and long a run is |
//! | rng, sealer, notary, office, table, clock | chance, personal fields, signatures, sealing to far nodes, the view, time as a node sees it |
//! | node, upkeep | one node: inbox, group, commit, recovery; checkpoints |
//! | network, older | streams between neighbours: delay, cuts, partitions; a neighbour of the release before |
//! | clerk | people: random ones while it runs, finishers at the end |
//! | run | the queue and the loop |
//! | many | seeds on all cores, and their sum |

pub mod clerk;
pub mod clock;
pub mod many;
pub mod network;
pub mod node;
pub mod notary;
pub mod notices;
pub mod office;
pub mod older;
pub mod places;
pub mod rng;
pub mod run;
pub mod sealer;
pub mod shape;
pub mod table;
pub mod upkeep;
