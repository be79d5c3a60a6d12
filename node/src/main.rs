//! `hotline`: one node of the federation, and the tools around it.

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    hotline::cli::Cli::parse().run()
}
