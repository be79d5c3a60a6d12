//! `hotline ticket attach`, `attachments`, `fetch`: files of a ticket.

use super::readings::Purpose;
use crate::cli::client::CallError;
use crate::cli::door::{Caller, Send, Shown, Usage, drawn};
use crate::cli::json::Json as _;
use crate::cli::table::Listing;
use crate::cli::words::{time, word};
use anyhow::Context as _;
use clap::Args;
use futures::SinkExt as _;
use futures::channel::mpsc;
use hotline_proto::operator::v1 as pb;
use hotline_show::shown;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pb::attach_file_request::{Head, Part as Up};
use pb::fetch_attachment_response::Part as Down;
use serde_json::json;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use tokio::io::AsyncReadExt as _;

/// Bytes of a file in one message.
const DATA_BYTES: usize = 256 << 10;

/// 附加一个文件
#[derive(Debug, Args)]
pub struct Attach {
    /// 工单编号
    ticket: String,
    /// 文件
    file: PathBuf,
    /// 文件的类型，如 image/jpeg；不写则看后缀，没有后缀看内容
    #[arg(long, default_value = "", hide_default_value = true)]
    media: String,
    /// 以此为文件名；不写则用文件自己的名字
    #[arg(long)]
    name: Option<String>,
    /// 只存在本节点，不随交办传送
    #[arg(long)]
    local: bool,
    #[command(flatten)]
    send: Send,
}

/// 列出附件
#[derive(Debug, Args)]
pub struct List {
    /// 工单编号
    ticket: String,
}

/// 取出一份附件
#[derive(Debug, Args)]
pub struct Fetch {
    /// 工单编号
    ticket: String,
    /// 附件编号，或其前几位（至少 6 位）
    id: String,
    /// 存为哪个文件；已有的文件不覆盖
    #[arg(long, value_name = "文件")]
    out: PathBuf,
    #[command(flatten)]
    purpose: Purpose,
}

impl Attach {
    /// Sends the file.
    ///
    /// # Errors
    /// The file cannot be read; the node refuses or cannot be reached.
    pub async fn run(self, caller: &Caller) -> anyhow::Result<Shown> {
        let file = tokio::fs::File::open(&self.file)
            .await
            .with_context(|| format!("打不开文件 {}", self.file.display()))?;
        let size = file.metadata().await?.len();
        let own = self.file.file_name().unwrap_or_default().to_string_lossy();
        let key = match self.send.key {
            Some(key) => key,
            None => drawn()?,
        };
        let head = Head {
            key: key.clone(),
            seen: self.send.seen,
            ticket: self.ticket,
            name: self.name.unwrap_or_else(|| own.into_owned()),
            media: self.media,
            size,
            local: self.local,
        };
        let (parts, outgoing) = mpsc::channel(2);
        let sending = tokio::spawn(send(head, file, parts));
        let bar = bar(caller, size);
        let mut answers = caller.client.attach_file(caller.who(), outgoing).await?;
        let mut done = None;
        while let Some(answer) = answers
            .message()
            .await
            .map_err(|status| CallError::from(status).under(&key))?
        {
            bar.set_position(answer.taken);
            done = Some(answer);
        }
        bar.finish_and_clear();
        sending.await??;
        let done = done.filter(|answer| answer.done.is_some());
        let done = done.context("节点没有答复是否附上；请列出附件核对")?;
        let legs = done.done.as_ref().map_or(0, |done| done.legs.len());
        let text = match (done.id.as_str(), legs) {
            ("", _) => "以前已用同一幂等键附上".into(),
            (id, 0) => shown!("已附加 {id}"),
            (id, legs) => shown!("已附加 {id}，随 {legs} 件在办的交办送出"),
        };
        Ok(Shown {
            text,
            json: done.json(),
        })
    }
}

/// Sends head and bytes; ends early where the node has answered already.
async fn send(
    head: Head,
    mut file: tokio::fs::File,
    mut parts: mpsc::Sender<pb::AttachFileRequest>,
) -> anyhow::Result<()> {
    let mut next = Some(Up::Head(head));
    while let Some(part) = next.take() {
        let request = pb::AttachFileRequest { part: Some(part) };
        if parts.send(request).await.is_err() {
            return Ok(());
        }
        let mut data = vec![0; DATA_BYTES];
        let read = file.read(&mut data).await?;
        data.truncate(read);
        next = (read > 0).then_some(Up::Data(data));
    }
    Ok(())
}

impl List {
    /// Shows what is attached.
    ///
    /// # Errors
    /// The node refuses or cannot be reached.
    pub async fn run(self, caller: &Caller) -> anyhow::Result<Shown> {
        let request = pb::ListAttachmentsRequest {
            ticket: self.ticket,
        };
        let answer = caller
            .client
            .list_attachments(caller.who(), request)
            .await?;
        let mut table =
            Listing::new(&["编号", "文件名", "种类", "来源", "时间", "在本节点", "KiB"])
                .numbers_from(6);
        for one in &answer.attachments {
            let source = match (one.source.as_str(), one.actor.as_str()) {
                ("", actor) => actor,
                (source, _) => source,
            };
            table.row([
                one.id.chars().take(12).collect::<String>(),
                match (one.erased, one.name_withheld) {
                    (true, _) => "（已清除）".to_owned(),
                    (false, true) => "（无权查看）".to_owned(),
                    (false, false) => one.name.clone(),
                },
                word("media-kind", &one.kind),
                source.to_owned(),
                time(one.at_ms),
                if one.here { "是" } else { "待取" }.to_owned(),
                one.size.div_ceil(1024).to_string(),
            ]);
        }
        Ok(Shown {
            text: table.or("没有附件"),
            json: answer.json(),
        })
    }
}

impl Fetch {
    /// Saves the file; nothing is left under its name unless it came whole.
    ///
    /// # Errors
    /// The file is there already or cannot be written; the node refuses or cannot be reached.
    pub async fn run(self, caller: &Caller) -> anyhow::Result<Shown> {
        if self.out.exists() {
            let words = shown!("{} 已经存在；请换一个文件名", self.out.display());
            return Err(Usage(words).into());
        }
        let request = pb::FetchAttachmentRequest {
            ticket: self.ticket,
            id: self.id,
            purpose: self.purpose.purpose,
        };
        let mut parts = caller
            .client
            .fetch_attachment(caller.who(), request)
            .await?;
        let folder = self
            .out
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let mut file = Saved::new(folder.unwrap_or(Path::new(".")), &self.out)?;
        let mut attachment = pb::Attachment::default();
        let bar = bar(caller, 0);
        while let Some(answer) = parts.message().await.map_err(CallError::from)? {
            match answer.part {
                Some(Down::Attachment(what)) => {
                    bar.set_length(what.size);
                    attachment = what;
                }
                Some(Down::Progress(progress)) => {
                    let waits = match progress.waits.as_str() {
                        "" => "从来源节点取".into(),
                        why => shown!("等候：{why}"),
                    };
                    let words = shown!("{waits} {}/{}", progress.have, progress.of);
                    bar.set_message(words.as_str().to_owned());
                    bar.tick();
                }
                Some(Down::Data(data)) => {
                    bar.set_message("");
                    bar.inc(data.len() as u64);
                    file.write(&data)?;
                }
                None => {}
            }
        }
        bar.finish_and_clear();
        anyhow::ensure!(
            file.written == attachment.size && !attachment.id.is_empty(),
            "附件没有传完（{} / {} 字节）；请重试，已取到的部分不会重传",
            file.written,
            attachment.size
        );
        file.keep(&self.out)?;
        Ok(Shown {
            text: shown!(
                "已存为 {}（原文件名 {}，{} 字节）",
                self.out.display(),
                attachment.name,
                attachment.size
            ),
            json: json!({ "attachment": attachment.json(), "out": self.out.display().to_string() }),
        })
    }
}

/// A file under another name until it is whole; removed when dropped before.
struct Saved {
    path: PathBuf,
    file: std::fs::File,
    written: u64,
    kept: bool,
}

impl Saved {
    fn new(folder: &Path, out: &Path) -> anyhow::Result<Self> {
        let name = out.file_name().context("没有写明文件名")?.to_string_lossy();
        let path = folder.join(format!(".{name}.{}.part", std::process::id()));
        let file = std::fs::File::create_new(&path)
            .with_context(|| format!("不能写 {}", path.display()))?;
        Ok(Self {
            path,
            file,
            written: 0,
            kept: false,
        })
    }

    fn write(&mut self, data: &[u8]) -> anyhow::Result<()> {
        self.file
            .write_all(data)
            .with_context(|| format!("不能写 {}", self.path.display()))?;
        self.written += data.len() as u64;
        Ok(())
    }

    fn keep(mut self, out: &Path) -> anyhow::Result<()> {
        self.file.sync_data()?;
        // Unlike a rename, a link never takes another file's place.
        std::fs::hard_link(&self.path, out)
            .with_context(|| format!("不能存为 {}", out.display()))?;
        self.kept = true;
        std::fs::remove_file(&self.path)?;
        Ok(())
    }
}

impl Drop for Saved {
    fn drop(&mut self) {
        if !self.kept {
            drop(std::fs::remove_file(&self.path));
        }
    }
}

/// Progress for people at a terminal; programs see none.
fn bar(caller: &Caller, size: u64) -> ProgressBar {
    let target = if caller.json {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr()
    };
    let bar = ProgressBar::with_draw_target(Some(size), target);
    let style =
        ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {msg}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}
