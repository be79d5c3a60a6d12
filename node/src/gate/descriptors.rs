//! How many descriptors the system allows this process: asked, and raised as far as it may raise it itself.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Makes sure that the process may open so many files and connections; the soft limit is raised to the hard one.
///
/// # Errors
/// The limit is lower, in words that say what to do.
pub fn ensure(needed: usize) -> Result<(), String> {
    let needed = needed as u64;
    let limit = getrlimit(Resource::Nofile);
    let enough = |most: Option<u64>| most.is_none_or(|most| most >= needed);
    if let (Some(soft), hard) = (limit.current, limit.maximum)
        && hard.is_none_or(|hard| hard > soft)
    {
        let raised = Rlimit {
            current: hard,
            maximum: hard,
        };
        // Where the system does not let it be raised, the soft limit is what counts, and it is looked at next.
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::debug!(%error, "不能提高可打开文件数的上限");
        }
    }
    let current = getrlimit(Resource::Nofile).current;
    if enough(current) {
        return Ok(());
    }
    let current = current.unwrap_or_default();
    Err(format!(
        "系统只许本进程打开 {current} 个文件和连接，本节点需要 {needed} 个；请提高上限：systemd 单元写 \
         LimitNOFILE=65536，手工启动前执行 ulimit -n {needed}"
    ))
}
