//! Real processes: what the operator's machine does to them, and what strangers try.

#![expect(
    clippy::disallowed_macros,
    reason = "a program for developers: what it prints comes from tests"
)]

#[path = "processes/attachments.rs"]
mod attachments;
#[path = "processes/authority.rs"]
mod authority;
#[path = "processes/bench.rs"]
mod bench;
#[path = "processes/certificates.rs"]
mod certificates;
#[path = "processes/damage.rs"]
mod damage;
#[path = "processes/disk.rs"]
mod disk;
#[path = "processes/engines.rs"]
mod engines;
#[path = "processes/hostile.rs"]
mod hostile;
#[path = "processes/hostile_text.rs"]
mod hostile_text;
#[path = "processes/kills.rs"]
mod kills;
#[path = "processes/locality.rs"]
mod locality;
#[path = "processes/manual.rs"]
mod manual;
#[path = "processes/python.rs"]
mod python;
#[path = "processes/readings.rs"]
mod readings;
#[path = "processes/remote.rs"]
mod remote;
#[path = "processes/restores.rs"]
mod restores;
#[path = "processes/scanner.rs"]
mod scanner;
#[path = "processes/sealing.rs"]
mod sealing;
#[path = "processes/signals.rs"]
mod signals;
#[path = "processes/spoken.rs"]
mod spoken;
#[path = "processes/starting.rs"]
mod starting;
#[path = "processes/strangers.rs"]
mod strangers;
#[path = "processes/traces.rs"]
mod traces;
#[path = "processes/wires.rs"]
mod wires;
#[path = "processes/world.rs"]
mod world;
