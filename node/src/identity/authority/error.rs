//! What can go wrong in keeping certificates.

use crate::identity::material::MaterialError;
use hotline_topology::Time;
use std::io;
use std::path::PathBuf;

/// Why the keeper cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A folder or file that cannot be read or written.
    #[error("读写 {path} 失败：{source}", path = path.display())]
    Files {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that does not hold what it should.
    #[error("{path} 的内容有误：{why}", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A key or certificate file that cannot be used.
    #[error(transparent)]
    Material(#[from] MaterialError),
    /// The certificate library refused.
    #[error("生成证书失败：{0}")]
    Certificate(#[from] rcgen::Error),
    /// No random numbers.
    #[error(transparent)]
    Entropy(io::Error),
    /// The folder is in use already.
    #[error("{} 已存在证书库，不能再次初始化；要新建请换一个目录", .0.display())]
    AlreadyInitialised(PathBuf),
    /// There is no keeper's folder.
    #[error("{} 不是证书库（缺少 domain.toml）；请先执行 hotline certs init", .0.display())]
    NotInitialised(PathBuf),
    /// A certificate of that subject stands there already.
    #[error("{0} 已签发过证书；要换新证书请用 hotline certs renew")]
    AlreadyIssued(String),
    /// There is nothing to renew.
    #[error("{0} 还没有证书；请先用 hotline certs issue 签发")]
    NotIssued(String),
    /// The signing issuer's folder is not here.
    #[error("这里没有{signer}的签发机构（缺少 {path}）；请先签发，或在保管它的机器上执行", path = path.display())]
    NoIssuer {
        /// Whose.
        signer: String,
        /// Where it should be.
        path: PathBuf,
    },
    /// The signing issuer has expired.
    #[error("签发机构 {folder} 的证书已于 {ended} 到期；请先为它续期", folder = folder.display())]
    IssuerExpired {
        /// Its folder.
        folder: PathBuf,
        /// When it ended.
        ended: Time,
    },
    /// No certificate of that subject can be revoked.
    #[error(
        "{0} 没有可吊销的有效证书；请用 hotline certs show 查对，已到期的加 --expired 或按 --serial 吊销"
    )]
    NothingValid(String),
    /// Nobody here issued that serial number.
    #[error("这里的签发机构没有签发过序列号 {0}；请用 hotline certs show 查对")]
    UnknownSerial(String),
}
