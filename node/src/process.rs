//! What the program keeps to itself, whatever the system's settings are: what it holds in memory and what it writes.

use rustix::fs::Mode;
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit, umask,
};

/// No core of the process is written, and no other process of the same user may look into its memory: keys and what
/// petitioners said stand there in the clear.
///
/// # Errors
/// What the system refuses, in words; the process can work all the same.
pub fn keep_memory() -> Result<(), String> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // A service manager that has done it already may forbid the call.
    if getrlimit(Resource::Core) != none {
        setrlimit(Resource::Core, none)
            .map_err(|error| format!("不能关闭内存转储（RLIMIT_CORE）：{error}"))?;
    }
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|error| format!("不能关闭内存转储（PR_SET_DUMPABLE）：{error}"))
}

/// Files and folders that the process makes from now on are its user's alone, those of the view's engine included.
pub fn keep_files() {
    umask(Mode::RWXG | Mode::RWXO);
}
