//! `hotline`: one node of the federation, and the tools around it.

use std::process::ExitCode;

/// A commit is many small allocations made on one thread and often freed on another, where the system's allocator
/// spends a third of a hand-over; `hotline bench` shows it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    hotline::cli::main()
}
