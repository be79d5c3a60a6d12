//! The shell of a node: everything that touches a disk, a socket, a clock or a person.

pub mod app;
pub mod attachment;
pub mod audit;
pub mod bench;
pub mod causes;
pub mod cli;
pub mod clock;
pub mod codec;
pub mod config;
pub mod demo;
pub mod entropy;
pub mod evidence;
pub mod gate;
pub mod grpc;
pub mod http;
pub mod identity;
pub mod input;
pub mod link;
pub mod net;
pub mod out;
pub mod process;
pub mod sealing;
pub mod store;
pub mod telemetry;
