//! The verbs' arguments, one struct for all verbs of one shape.

use super::texts::{Instructed, Rated, Reasoned, Replied, Reported, Ruled, TakenIn, Urged};
use crate::cli::door::Send;
use clap::Args;
use hotline_topology::Time;

/// 受理.
#[derive(Debug, Args)]
pub struct TakeIn {
    /// 渠道，代码或名称：phone 电话、web 网站、wechat 微信……（hotline codes 渠道）
    #[arg(long, default_value = "phone")]
    pub channel: String,
    /// 类型，代码或名称：咨询、求助、投诉、举报、建议、其他（hotline codes 类型）
    #[arg(long)]
    pub kind: String,
    /// 事项分类，代码或名称，如 0201 或 供水（hotline codes 事项）
    #[arg(long)]
    pub category: String,
    /// 紧急程度，代码或名称：一般、紧急、突发
    #[arg(long, default_value = "normal")]
    pub urgency: String,
    /// 事发地的区划，代码或名称（hotline codes 区划）
    #[arg(long, default_value = "", hide_default_value = true)]
    pub place: String,
    /// 诉求提出的时间，如 2026-03-04 17:00；不写则为现在
    #[arg(long)]
    pub happened_at: Option<Time>,
    #[command(flatten)]
    pub texts: TakenIn,
    #[command(flatten)]
    pub send: Send,
}

/// Verbs without arguments of their own.
#[derive(Debug, Args)]
pub struct Plain<T: Args> {
    /// 工单编号，或工单、交办、督办单的编号
    #[arg(value_name = "工单或交办")]
    pub what: String,
    #[command(flatten)]
    pub texts: T,
    #[command(flatten)]
    pub send: Send,
}

/// 销毁.
#[derive(Debug, Args)]
pub struct Erase {
    /// 工单编号
    #[arg(value_name = "工单")]
    pub ticket: String,
    /// 事由，写入销毁记录；不要写个人信息
    #[arg(long)]
    pub reason: String,
    #[command(flatten)]
    pub send: Send,
}

/// Verbs with a ground of the pack.
#[derive(Debug, Args)]
pub struct OnGround<T: Args> {
    /// 工单编号，或工单、交办的编号
    #[arg(value_name = "工单或交办")]
    pub what: String,
    /// 规则包中的情形或理由，代码或名称（hotline codes 理由）
    #[arg(long)]
    pub ground: String,
    #[command(flatten)]
    pub texts: T,
    #[command(flatten)]
    pub send: Send,
}

/// Verbs with a ground of the pack and a basis.
#[derive(Debug, Args)]
pub struct OnBasis<T: Args> {
    /// 工单编号，或工单、交办的编号
    #[arg(value_name = "工单或交办")]
    pub what: String,
    /// 规则包中的情形或理由，代码或名称（hotline codes 理由）
    #[arg(long)]
    pub ground: String,
    /// 依据
    #[arg(long, default_value = "", hide_default_value = true)]
    pub basis: String,
    #[command(flatten)]
    pub texts: T,
    #[command(flatten)]
    pub send: Send,
}

/// 转办.
#[derive(Debug, Args)]
pub struct Assign {
    /// 工单编号
    #[arg(value_name = "工单")]
    pub ticket: String,
    /// 承办单位：本级单位的代号或名称，或下级的区划代码或名称；可写多个；不写则按派单目录
    #[arg(long = "to", value_delimiter = ',')]
    pub takers: Vec<String>,
    /// 指定其中哪个主办；不写则按规则包
    #[arg(long, default_value = "", hide_default_value = true)]
    pub lead: String,
    /// 依据
    #[arg(long, default_value = "", hide_default_value = true)]
    pub basis: String,
    /// 早于规则所定的期限，如 2026-03-04 17:00；只写日期的到当日 24 时
    #[arg(long, value_parser = Time::deadline)]
    pub due: Option<Time>,
    /// 指定承办：职责认定的依据，承办单位不得退回
    #[arg(long, default_value = "", hide_default_value = true)]
    pub determination: String,
    #[command(flatten)]
    pub texts: Instructed,
    #[command(flatten)]
    pub send: Send,
}

/// 进展.
#[derive(Debug, Args)]
pub struct Progress {
    /// 工单编号或交办编号
    #[arg(value_name = "工单或交办")]
    pub what: String,
    /// 进展到哪一步，如 contacted
    #[arg(long)]
    pub stage: String,
    #[command(flatten)]
    pub texts: Reported,
    #[command(flatten)]
    pub send: Send,
}

/// 延期.
#[derive(Debug, Args)]
pub struct Extend {
    /// 工单编号或交办编号
    #[arg(value_name = "工单或交办")]
    pub what: String,
    /// 延长几个工作日
    #[arg(long)]
    pub days: u32,
    #[command(flatten)]
    pub texts: Urged,
    #[command(flatten)]
    pub send: Send,
}

/// Verbs about a request.
#[derive(Debug, Args)]
pub struct OnRequest<T: Args> {
    /// 工单编号或交办编号
    #[arg(value_name = "工单或交办")]
    pub what: String,
    /// 第几号申请；不写则为待审的那一号
    #[arg(long)]
    pub request: Option<u32>,
    #[command(flatten)]
    pub texts: T,
    #[command(flatten)]
    pub send: Send,
}

/// 审核.
#[derive(Debug, Args)]
pub struct Rule {
    #[command(flatten)]
    pub on: OnRequest<Ruled>,
    #[command(flatten)]
    pub ruling: Ruling,
    /// 同意退单时写职责认定，不同意时写理由
    #[arg(long, default_value = "", hide_default_value = true)]
    pub basis: String,
}

/// Granted or denied: one of both.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Ruling {
    /// 同意
    #[arg(long)]
    pub grant: bool,
    /// 不同意
    #[arg(long)]
    pub deny: bool,
}

/// 改派.
#[derive(Debug, Args)]
pub struct Give {
    /// 工单编号或交办编号
    #[arg(value_name = "工单或交办")]
    pub what: String,
    /// 新的承办单位
    #[arg(long = "to")]
    pub taker: String,
    /// 依据
    #[arg(long, default_value = "", hide_default_value = true)]
    pub basis: String,
    #[command(flatten)]
    pub texts: Ruled,
    #[command(flatten)]
    pub send: Send,
}

/// A new due date.
#[derive(Debug, Args)]
pub struct Due {
    /// 工单编号或交办编号
    #[arg(value_name = "工单或交办")]
    pub what: String,
    /// 新的期限，如 2026-03-04 17:00；只写日期的到当日 24 时
    #[arg(long, value_parser = Time::deadline)]
    pub until: Time,
    #[command(flatten)]
    pub texts: Reasoned,
    #[command(flatten)]
    pub send: Send,
}

/// 回访.
#[derive(Debug, Args)]
pub struct CallBack {
    /// 工单编号
    #[arg(value_name = "工单")]
    pub ticket: String,
    /// 评价等级，代码或名称（hotline codes 评价）；不写表示未联系上
    #[arg(long, default_value = "", hide_default_value = true)]
    pub rating: String,
    #[command(flatten)]
    pub texts: Rated,
    #[command(flatten)]
    pub send: Send,
}

/// 重办.
#[derive(Debug, Args)]
pub struct Redo {
    /// 工单编号
    #[arg(value_name = "工单")]
    pub ticket: String,
    /// 由谁重办；不写则仍由原单位
    #[arg(long = "to", default_value = "", hide_default_value = true)]
    pub taker: String,
    #[command(flatten)]
    pub texts: Ruled,
    #[command(flatten)]
    pub send: Send,
}

/// 主办.
#[derive(Debug, Args)]
pub struct Lead {
    /// 工单编号
    #[arg(value_name = "工单")]
    pub ticket: String,
    /// 由哪一项交办主办
    #[arg(value_name = "交办")]
    pub leg: String,
    #[command(flatten)]
    pub texts: Ruled,
    #[command(flatten)]
    pub send: Send,
}

/// 督办.
#[derive(Debug, Args)]
pub struct Supervise {
    /// 工单编号或交办编号
    #[arg(value_name = "工单或交办")]
    pub what: String,
    /// 督办事由，代码或名称（hotline codes 督办）
    #[arg(long)]
    pub trigger: String,
    /// 何时以前回复，只写日期的到当日 24 时；不写则按规则包
    #[arg(long, value_parser = Time::deadline)]
    pub reply_by: Option<Time>,
    #[command(flatten)]
    pub texts: Ruled,
    #[command(flatten)]
    pub send: Send,
}

/// A reply to an order.
#[derive(Debug, Args)]
pub struct Reply {
    /// 工单编号或交办编号
    #[arg(value_name = "工单或交办")]
    pub what: String,
    /// 督办单编号；不写则为唯一待复的那一份
    #[arg(long)]
    pub order: Option<String>,
    #[command(flatten)]
    pub texts: Replied,
    #[command(flatten)]
    pub send: Send,
}
