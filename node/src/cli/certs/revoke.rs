//! `hotline certs revoke`.

use super::Library;
use crate::identity::authority::{Authority, Entry, Ground, Reason, Revocation, Which};
use crate::identity::profile::{OperatorName, Subject};
use crate::identity::revocation::Serial;
use clap::{Args, ValueEnum as _};
use hotline_show::{Text, shown};
use hotline_topology::{RegionKey, Time};

/// `hotline certs revoke`.
#[derive(Debug, Args)]
pub(super) struct Revoke {
    #[command(flatten)]
    library: Library,
    /// 序列号，见 hotline certs show；已到期的也能吊销；节点的证书连同随它签发的操作端口证书一起吊销
    #[arg(long, value_parser = serial, required_unless_present = "region", conflicts_with = "region")]
    serial: Option<Serial>,
    /// 行政区划代码，12 位：吊销其节点全部有效的证书；写了 --since 的，连同那时起用过的
    #[arg(long)]
    region: Option<RegionKey>,
    /// 同上，但吊销这个操作员的
    #[arg(long, requires = "region", conflicts_with = "authority")]
    name: Option<OperatorName>,
    /// 同上，但吊销其签发机构的；由它签发的证书随之失效
    #[arg(long, requires = "region")]
    authority: bool,
    /// 原因；已换发的只吊销旧证书，留下最新的一张
    #[arg(long, value_enum)]
    reason: Reason,
    /// 私钥自何时起可能在别人手里，如 2026-03-02 00:00；不写则自吊销之日起。已吊销的再写更早的时间即改早，不能改晚
    #[arg(long)]
    since: Option<Time>,
    /// 连同已到期的一起吊销：旧私钥所在的磁盘被卖、被盗时用
    #[arg(long, requires = "region")]
    expired: bool,
}

/// What the list says of a revocation beside its date, in words.
pub(super) fn words(revocation: &Revocation) -> Text {
    let reason = revocation.reason.label();
    match revocation.stolen_since() {
        Some(since) => shown!("{reason}，自 {since} 起"),
        None => shown!("{reason}"),
    }
}

fn serial(text: &str) -> Result<Serial, String> {
    Serial::from_hex(text).ok_or_else(|| format!("“{text}”不是序列号：应为偶数个十六进制数字"))
}

impl Revoke {
    /// Revokes and says what, by whom issued.
    ///
    /// # Errors
    /// Nobody here issued it.
    pub(super) fn run(self, now: Time) -> anyhow::Result<Text> {
        let stolen = self.reason == Reason::KeyCompromise;
        anyhow::ensure!(
            self.since.is_none() || stolen,
            "--since 只用于私钥失窃、泄露（--reason key-compromise）"
        );
        anyhow::ensure!(
            self.since.is_none_or(|since| since <= now),
            "--since 写的时间还没有到；请写私钥可能失窃的时间"
        );
        let ground = Ground {
            reason: self.reason,
            stolen_since: self.since,
        };
        let authority = Authority::open(&self.library.dir)?;
        let revoked = match (self.serial, self.region) {
            (Some(serial), _) => authority.revoke_with_port(&serial, now, ground)?,
            (None, Some(region)) => {
                let subject = match (self.name, self.authority) {
                    (Some(name), _) => Subject::Operator { region, name },
                    (None, true) => Subject::Authority(region),
                    (None, false) => Subject::Node(region),
                };
                let which = match self.expired {
                    true => Which::All,
                    false => Which::InUse,
                };
                authority.revoke_subject(&subject, now, ground, which)?
            }
            (None, None) => anyhow::bail!("请用 --serial 写明序列号，或用 --region 写明区划代码"),
        };
        let mut text = Text::new();
        for Entry { issuer, record } in &revoked {
            let (uri, serial) = (&record.uri, record.serial());
            let why = record.revoked.as_ref().map_or_else(Text::new, words);
            text += shown!("已吊销 {uri}（序列号 {serial}，{why}，签发者 {issuer}）。\n");
        }
        if let Some(Entry { record, .. }) = revoked.first()
            && let Some((region, standing)) = authority.standing(&record.uri, now, self.reason)?
        {
            let what = standing
                .iter()
                .map(|Entry { record, .. }| shown!("{}（序列号 {}）", record.uri, record.serial()));
            let what = what
                .reduce(|all, next| shown!("{all}、{next}"))
                .unwrap_or_default();
            let dir = self.library.dir.display();
            let reason = self.reason.to_possible_value();
            let reason = reason.as_ref().map_or("", |reason| reason.get_name());
            text += shown!(
                "{region} 的节点还有有效的证书：{what}。如也要吊销：\
                 hotline certs revoke --dir {dir} --region {region} --reason {reason}\n"
            );
        }
        let list = self.library.dir.join("public/crl.pem");
        text += shown!(
            "请把 {} 发给各节点，重新载入后生效；或签署下发：hotline certs publish lists。\n",
            list.display()
        );
        Ok(text)
    }
}
