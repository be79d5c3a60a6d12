//! The operator's port on the node's own machine: a Unix socket whose callers the kernel names.
//! Nobody needs a certificate there, and nobody gets in who may not open the file.

use crate::gate::{Came, Gate, Gated, LOOK_EVERY, Source};
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::Sleep;
use tokio_stream::Stream;
use tonic::transport::server::Connected;

/// Owner and group may connect.
const SOCKET_MODE: u32 = 0o660;
/// The opening words of HTTP/2, in bytes: whoever says them at all says them at once.
const OPENING_BYTES: usize = 24;
/// How long a caller may take to say them.
pub(crate) const OPENING_DEADLINE: Duration = Duration::from_secs(10);
/// After a failure to accept: a line in the log a second at most.
const PAUSE: Duration = Duration::from_secs(1);
/// Callers taken in before the server has its turn.
const TAKEN_AT_ONCE: usize = 64;
/// Longest path of a socket, in bytes.
const PATH_BYTES_MAX: usize = 107;
/// What the temporary name adds to it: a dot before, a dot and the process's number behind.
const TEMPORARY_BYTES: usize = 9;

/// The process on the other end, as the kernel names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalPeer {
    /// The user that it runs as.
    pub uid: u32,
    /// The group that it runs as.
    pub gid: u32,
    /// Its number, where the system tells.
    pub pid: Option<i32>,
}

/// Why there is no local port.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// Another process answers on the socket.
    #[error("{} 上已有进程在监听；同一个节点不能启动两次", .0.display())]
    InUse(PathBuf),
    /// Something that is no socket stands there.
    #[error("{} 已存在而且不是套接字；请在配置中换一个路径，或移走该文件", .0.display())]
    NotASocket(PathBuf),
    /// The system takes no such path for a socket.
    #[error("套接字路径 {path} 太长；至多 {max} 字节，请换一个较短的文件夹", path = path.display())]
    TooLong {
        /// The socket's path.
        path: PathBuf,
        /// How long it may be.
        max: usize,
    },
    /// The system refuses.
    #[error("不能在 {path} 上监听：{source}", path = path.display())]
    System {
        /// The socket's path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A stream of local connections, for a gRPC server. Handlers find a [`LocalPeer`] in the request's
/// extensions. The socket file is removed when this is dropped, unless another has taken its place.
#[derive(Debug)]
pub struct LocalIncoming {
    listener: UnixListener,
    gate: Gate,
    /// After a failure to accept, such as too many open files.
    pause: Option<Pin<Box<Sleep>>>,
    path: PathBuf,
    /// Device and number of the socket file that is ours.
    file: (u64, u64),
}

impl LocalIncoming {
    /// Whether [`LocalIncoming::bind`] would find the path free and its folder there; changes nothing.
    ///
    /// # Errors
    /// When somebody answers there, or something stands in the way.
    pub fn look(path: &Path) -> Result<(), LocalError> {
        let failed = |source| LocalError::System {
            path: path.to_owned(),
            source,
        };
        stale(path)?;
        let length = path.as_os_str().len() + TEMPORARY_BYTES;
        if length > PATH_BYTES_MAX {
            return Err(LocalError::TooLong {
                path: path.to_owned(),
                max: PATH_BYTES_MAX - TEMPORARY_BYTES,
            });
        }
        let folder = path.parent().unwrap_or(Path::new("/"));
        let found = fs::metadata(folder).map_err(failed)?;
        if !found.is_dir() {
            return Err(failed(io::ErrorKind::NotADirectory.into()));
        }
        Ok(())
    }

    /// The gate that callers pass.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Listens at `path`. A socket that a dead process left there is replaced; a living one is not.
    ///
    /// # Errors
    /// When somebody answers there, or the file cannot be made.
    pub fn bind(path: &Path, gate: Gate) -> Result<Self, LocalError> {
        let failed = |source| LocalError::System {
            path: path.to_owned(),
            source,
        };
        make_way(path)?;
        // Made under another name and moved: under its own name it never stands with other
        // permissions.
        let name = path
            .file_name()
            .ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
        let temporary = path.with_file_name(format!(
            ".{}.{}",
            name.to_string_lossy(),
            std::process::id()
        ));
        remove(&temporary).map_err(failed)?;
        let listener = UnixListener::bind(&temporary).map_err(failed)?;
        let finish = || {
            fs::set_permissions(&temporary, fs::Permissions::from_mode(SOCKET_MODE))?;
            let file = id_of(&temporary)?;
            fs::rename(&temporary, path)?;
            Ok(file)
        };
        match finish() {
            Ok(file) => Ok(Self {
                listener,
                gate,
                pause: None,
                path: path.to_owned(),
                file,
            }),
            Err(error) => {
                // The first error is the one to tell.
                let _ = fs::remove_file(&temporary);
                Err(failed(error))
            }
        }
    }
}

impl Drop for LocalIncoming {
    fn drop(&mut self) {
        if id_of(&self.path).is_ok_and(|file| file == self.file) {
            // Failing leaves a stale socket, which the next start replaces.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Stream for LocalIncoming {
    type Item = io::Result<LocalIo>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        for _ in 0..TAKEN_AT_ONCE {
            if let Some(pause) = &mut self.pause {
                std::task::ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            // Those who made room still hold their descriptors.
            if !self.gate.is_settled() {
                self.pause = Some(Box::pin(tokio::time::sleep(LOOK_EVERY)));
                continue;
            }
            match std::task::ready!(self.listener.poll_accept(cx)) {
                Ok((io, _)) => {
                    // Whoever is turned away is hung up on; whoever has gone already is nobody.
                    if let Some(io) = self.take(io) {
                        return Poll::Ready(Some(Ok(io)));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "本机操作口接受连接失败");
                    self.pause = Some(Box::pin(tokio::time::sleep(PAUSE)));
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl LocalIncoming {
    fn take(&self, io: UnixStream) -> Option<LocalIo> {
        let credentials = io.peer_cred().ok()?;
        let peer = LocalPeer {
            uid: credentials.uid(),
            gid: credentials.gid(),
            pid: credentials.pid(),
        };
        let place = self.gate.arrive(Source::User(peer.uid)).ok()?;
        let holder = format!("uid {}", peer.uid);
        let io = Gated::new(io, place).greeted(OPENING_BYTES, OPENING_DEADLINE, holder);
        Some(LocalIo { io, peer })
    }
}

/// Removes what a dead process left.
fn make_way(path: &Path) -> Result<(), LocalError> {
    if stale(path)? {
        tracing::info!(path = %path.display(), "移除上次运行遗留的套接字");
        remove(path).map_err(|source| LocalError::System {
            path: path.to_owned(),
            source,
        })?;
    }
    Ok(())
}

/// Whether a dead process left a socket there.
fn stale(path: &Path) -> Result<bool, LocalError> {
    let failed = |source| LocalError::System {
        path: path.to_owned(),
        source,
    };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(error)),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(LocalError::NotASocket(path.to_owned()));
        }
        Ok(_) => {}
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Err(LocalError::InUse(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(true),
        // It may be alive and not ours to judge, as when we may not open it.
        Err(error) => Err(failed(error)),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn id_of(path: &Path) -> io::Result<(u64, u64)> {
    let found = fs::symlink_metadata(path)?;
    Ok((found.dev(), found.ino()))
}

/// A local connection whose caller is known.
pub struct LocalIo {
    io: Gated<UnixStream>,
    peer: LocalPeer,
}

impl Connected for LocalIo {
    type ConnectInfo = Came;

    fn connect_info(&self) -> Came {
        Came::new(Arc::clone(self.io.place()), self.peer)
    }
}

impl AsyncRead for LocalIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for LocalIo {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Budget;
    use tokio_stream::StreamExt;

    fn gate() -> Gate {
        Gate::new("local", Budget::of(0).local)
    }

    #[tokio::test]
    async fn the_kernel_names_the_caller_and_the_file_is_for_owner_and_group() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("operator.sock");
        let mut incoming = LocalIncoming::bind(&path, gate()).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o660
        );
        let _client = UnixStream::connect(&path).await.unwrap();
        let io = incoming.next().await.unwrap().unwrap();
        let own = fs::metadata(folder.path()).unwrap();
        let pid = i32::try_from(std::process::id()).unwrap();
        let expected = LocalPeer {
            uid: own.uid(),
            gid: own.gid(),
            pid: Some(pid),
        };
        assert_eq!(io.peer, expected);
        drop(incoming);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_dead_socket_is_replaced_and_a_living_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("operator.sock");
        // The standard listener leaves its file behind, as a killed process does.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let living = LocalIncoming::bind(&path, gate()).unwrap();
        let second = LocalIncoming::bind(&path, gate()).unwrap_err();
        assert!(matches!(second, LocalError::InUse(_)), "{second}");
        assert!(path.exists(), "the living one keeps its file");
        drop(living);

        fs::write(&path, "not a socket").unwrap();
        let error = LocalIncoming::bind(&path, gate()).unwrap_err();
        assert!(matches!(error, LocalError::NotASocket(_)), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "not a socket");
    }
}
