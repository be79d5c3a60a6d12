//! What can go wrong in the store, in words for the operator: what, where, what to do.
//!
//! Every error of a commit other than [`StoreError::TooLarge`] leaves the store closed to further commits; what
//! was acknowledged before it is safe, and nothing is acknowledged after it until the store was opened again.

use std::io;
use std::path::{Path, PathBuf};

use super::view::ViewError;
use super::{CommitNo, hex};

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the folder.
    #[error("数据目录 {} 正被另一个 hotline 进程使用，本进程不能打开。请先停止那个进程；同一目录只能由一个进程使用。", .dir.display())]
    Locked {
        /// The store's folder.
        dir: PathBuf,
    },
    /// No room left on the disk, or the quota is used up.
    #[error("磁盘已满：{doing} {} 时没有空间。已确认的记录都在，此后没有确认任何新记录。请腾出空间：运行中的节点随后自行恢复，不必重启；没有启动成的节点和其他命令请再试。", .path.display())]
    DiskFull {
        /// What the store was doing, as a verb phrase.
        doing: &'static str,
        /// The file concerned.
        path: PathBuf,
    },
    /// So little room is left that nothing is begun: what is there keeps the store sound.
    #[error("磁盘空间不足：{} 所在的文件系统只剩 {free_mib} MiB，至少要留 {reserve_mib} MiB。已确认的记录都在，没有接受新的。请腾出空间：节点随后自行恢复，不必重启。", .dir.display())]
    NoRoom {
        /// The store's folder.
        dir: PathBuf,
        /// What is left, in MiB, rounded down.
        free_mib: u64,
        /// What must be left, in MiB, rounded up.
        reserve_mib: u64,
    },
    /// The file system is mounted read-only: by hand, or by the system after it found damage.
    #[error("文件系统只读：{doing} {} 时不能写入。已确认的记录都在，此后没有确认任何新记录。请查明原因（系统日志里可能有磁盘错误），以可写方式重新挂载后重试。", .path.display())]
    ReadOnly {
        /// What the store was doing, as a verb phrase.
        doing: &'static str,
        /// The file or folder concerned.
        path: PathBuf,
    },
    /// A setting cannot be used.
    #[error("存储设置不成立：{what}")]
    BadSetting {
        /// What is wrong with which setting.
        what: String,
    },
    /// The operating system refused an operation, or the device failed.
    #[error("{doing} {} 失败：{source}。已确认的记录都在，此后没有确认任何新记录。请检查磁盘和权限：故障排除后运行中的节点自行恢复，不必重启；没有启动成的节点和其他命令请再试。", .path.display())]
    Io {
        /// What the store was doing, as a verb phrase.
        doing: &'static str,
        /// The file or folder concerned.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The file was written by a version that this one does not know.
    #[error("{} 的格式版本是 {found}，本程序只认识 {known}。请用写下它的版本（或更新的版本）打开，不要修改文件。", .file.display())]
    UnknownFormat {
        /// The file concerned.
        file: PathBuf,
        /// The version in the file.
        found: u32,
        /// The version that this program reads.
        known: u32,
    },
    /// The file belongs to another node.
    #[error("{} 属于节点 {found}，而本节点是 {expected}。请核对数据目录和配置中的 region。", .file.display())]
    WrongNode {
        /// The file concerned.
        file: PathBuf,
        /// The node key in the file.
        found: String,
        /// The node key in the configuration.
        expected: String,
    },
    /// Bytes that were durable are not what was written.
    #[error("{} 在第 {offset} 字节处损坏：{what}。{advice}", .file.display())]
    Damaged {
        /// The file concerned.
        file: PathBuf,
        /// Where in the file, bytes from its start.
        offset: u64,
        /// What is wrong.
        what: String,
        /// What to do.
        advice: &'static str,
    },
    /// The log was closed cleanly at a later commit than it now ends with.
    #[error("{} 记载上次正常关闭时日志止于第 {marked} 号、链值 {}，现在日志止于第 {found} 号、链值 {}：有已确认的记录丢失或被改动。请从备份恢复；确认接受损失后，删除该文件再启动。", .file.display(), hex(.marked_hash), hex(.found_hash))]
    TailLost {
        /// The mark's file.
        file: PathBuf,
        /// The last commit according to the mark.
        marked: CommitNo,
        /// The chain's value according to the mark.
        marked_hash: [u8; 32],
        /// The last commit in the log.
        found: CommitNo,
        /// The chain's value in the log.
        found_hash: [u8; 32],
    },
    /// A backup that cannot be used, or a folder that none can be written to.
    #[error("备份 {} 不可用：{what}。", .dir.display())]
    BadBackup {
        /// The backup's folder.
        dir: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A restore into this folder was interrupted.
    #[error("数据目录 {} 的恢复没有完成，里面的数据不完整。请清空该目录，重新执行 hotline store restore。", .dir.display())]
    HalfRestored {
        /// The folder.
        dir: PathBuf,
    },
    /// An earlier write or sync failed; the store must be opened again.
    #[error("此前的写入已失败（{cause}），本次打开期间不再接受写入。请重新打开存储。")]
    Poisoned {
        /// The first failure.
        cause: String,
    },
    /// A record is larger than the log accepts; nothing was written and the store goes on.
    #[error("一条记录有 {bytes} 字节，超过上限 {bytes_max} 字节，未写入。")]
    TooLarge {
        /// The record's size.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// The log has records but the key file is gone.
    #[error("密钥文件 {} 不存在，而日志已有 {commits} 条记录：个人信息将无法解开。请从备份恢复密钥文件，不要新建。", .file.display())]
    KeyFileMissing {
        /// Where the key file should be.
        file: PathBuf,
        /// How many commits the log holds.
        commits: CommitNo,
    },
    /// The key file has fewer slots than the log says were handed out.
    #[error("密钥文件 {} 只有 {found} 个密钥槽，而日志记载已用到 {presumed} 个：文件被截短，或是旧的。继续使用会把用过的编号再发一次，此后写下的内容将无法解开。请从备份恢复这个文件（hotline store verify-backup 可核对备份），不要新建，也不要用更旧的。", .file.display())]
    KeyFileShort {
        /// The key file.
        file: PathBuf,
        /// How many slots it has.
        found: u64,
        /// How many the log presumes.
        presumed: u64,
    },
    /// A segment that was begun is not there.
    #[error("日志段 {} 不存在，而数据目录记载日志写到了它：其中已确认的记录不在。请从备份恢复这个文件，不要删除其他文件；备份里也没有的，按恢复的步骤办（hotline store restore）。", .file.display())]
    SegmentMissing {
        /// The segment's file.
        file: PathBuf,
    },
    /// Others than the owner may read the key file.
    #[error("密钥文件 {} 的权限过宽，其他用户可以读取。请执行 chmod 600 后重新启动，并查明谁可能读过它。", .file.display())]
    KeyFileOpen {
        /// The key file.
        file: PathBuf,
    },
    /// The materialised view failed; the log is whole, and the view is rebuilt at the next opening.
    #[error("视图出错：{0}。日志完好，重新打开时自动补齐或重建视图。")]
    View(ViewError),
    /// A change is out of the view's bounds; nothing was written and the store goes on.
    #[error("{0}。未写入。")]
    OutOfBounds(ViewError),
    /// A record's lasting part could not be folded into the view.
    #[error(
        "第 {commit_no} 号记录无法归并：{reason}。记录本身完好；请用写下它的版本或更新的版本打开。"
    )]
    Fold {
        /// The record's number.
        commit_no: CommitNo,
        /// What the fold answered.
        reason: String,
    },
    /// The caller named a record that the log does not hold.
    #[error("日志中没有第 {commit_no} 号记录（现有第 {first} 号至第 {last} 号）。")]
    NoSuchCommit {
        /// The number asked for.
        commit_no: CommitNo,
        /// The first number in the log.
        first: CommitNo,
        /// The last number in the log.
        last: CommitNo,
    },
}

/// What to do about damage in a log file.
pub(crate) const RESTORE_LOG: &str = "后面还有完好的记录，所以不能截断。请停止使用该目录，从备份或导出件恢复这个文件，再执行 hotline store verify。";

impl From<ViewError> for StoreError {
    fn from(error: ViewError) -> Self {
        match error {
            ViewError::OutOfBounds { .. } => Self::OutOfBounds(error),
            other => Self::View(other),
        }
    }
}

impl StoreError {
    /// Whether the store goes on after this error; after any other it must be dropped and opened again.
    #[must_use]
    pub fn is_harmless(&self) -> bool {
        matches!(
            self,
            Self::TooLarge { .. } | Self::OutOfBounds(_) | Self::NoRoom { .. }
        )
    }

    /// Whether only another process can open the store.
    #[must_use]
    pub fn needs_restart(&self) -> bool {
        matches!(self, Self::View(ViewError::TooManyLost { .. }))
    }

    /// The error for a failed operation on a file; tells a full disk and a read-only one from other failures.
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { doing, path }
            }
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { doing, path },
            _ => Self::Io {
                doing,
                path,
                source,
            },
        }
    }
}
