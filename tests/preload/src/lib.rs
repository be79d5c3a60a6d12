//! What a power cut, a bad disk and a set clock do to a process: a library to preload (`LD_PRELOAD`) into the program
//! under test, on Linux with glibc.
//!
//! ```text
//! HOTLINE_PRELOAD_DIR      the folder that is watched, an absolute path
//! HOTLINE_PRELOAD_TRACE    where everything done to its files is written down (see `trace.rs`)
//! HOTLINE_PRELOAD_CONTROL  a file of numbers that a test changes while the program runs (see `control.rs`)
//! HOTLINE_PRELOAD_BOOT     what the program reads instead of the machine's boot id: a power cut is another boot
//! ```
//!
//! All three are optional. While a trace is written, syncs are only written down and not waited for: what would have
//! survived a power cut is worked out afterwards from the trace, by `hotline_tests::power`. One lock orders all that
//! the trace holds, and an entry follows the deed, so what the process never learned of never counts as durable.
//!
//! Not seen: writing through memory maps, io_uring, direct system calls. The program under test uses none of them.

mod control;
mod hooks;
mod real;
mod trace;
mod watch;
