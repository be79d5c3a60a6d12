//! The verbs' arguments, one struct for all verbs of one shape.

use crate::cli::door::Send;
use crate::cli::text::{Words, texts};
use clap::Args;
use hotline_proto::operator::v1 as pb;
use hotline_topology::Time;

/// Texts that may go with any verb.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "文字(可写 @文件,或 - 取自标准输入)")]
pub struct Texts {
    /// 办理要求
    #[arg(long)]
    pub instruction: Option<Words>,
    /// 办理情况
    #[arg(long)]
    pub result: Option<Words>,
    /// 理由
    #[arg(long)]
    pub reason: Option<Words>,
    /// 备注
    #[arg(long)]
    pub note: Option<Words>,
    /// 答复
    #[arg(long)]
    pub answer: Option<Words>,
    /// 阶段性工作情况
    #[arg(long)]
    pub stage_report: Option<Words>,
    /// 评价意见
    #[arg(long)]
    pub rating_text: Option<Words>,
}

impl Texts {
    /// The texts that were given.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn read(&self) -> anyhow::Result<Vec<pb::Text>> {
        Ok(texts(&[
            ("instruction", &self.instruction),
            ("result_text", &self.result),
            ("reason", &self.reason),
            ("note", &self.note),
            ("answer", &self.answer),
            ("stage_report", &self.stage_report),
            ("rating_text", &self.rating_text),
        ])?)
    }
}

/// 受理.
#[derive(Debug, Args)]
pub struct TakeIn {
    /// 渠道:phone、web、app、wechat、mail……
    #[arg(long, default_value = "phone")]
    pub channel: String,
    /// 类型:consult、help、complaint、report、suggestion、other
    #[arg(long)]
    pub kind: String,
    /// 分类代码,如 0201
    #[arg(long)]
    pub category: String,
    /// 紧急程度:normal、urgent、emergency
    #[arg(long, default_value = "normal")]
    pub urgency: String,
    /// 事发地的区划代码
    #[arg(long, default_value = "", hide_default_value = true)]
    pub place: String,
    /// 诉求提出的时间,如 2026-03-04 17:00;不写则为现在
    #[arg(long)]
    pub happened_at: Option<Time>,
    /// 标题
    #[arg(long)]
    pub title: Option<Words>,
    /// 内容
    #[arg(long)]
    pub content: Option<Words>,
    /// 地点
    #[arg(long)]
    pub place_text: Option<Words>,
    /// 诉求人姓名
    #[arg(long)]
    pub name: Option<Words>,
    /// 诉求人联系方式
    #[arg(long)]
    pub contact: Option<Words>,
    #[command(flatten)]
    pub texts: Texts,
    #[command(flatten)]
    pub send: Send,
}

/// Verbs without arguments of their own.
#[derive(Debug, Args)]
pub struct Plain {
    /// 工单编号,或工单、交办、督办单的编号
    #[arg(value_name = "工单或交办")]
    pub what: String,
    #[command(flatten)]
    pub texts: Texts,
    #[command(flatten)]
    pub send: Send,
}

/// 销毁.
#[derive(Debug, Args)]
pub struct Erase {
    /// 工单编号
    #[arg(value_name = "工单")]
    pub ticket: String,
    /// 事由,写入销毁记录;不要写个人信息
    #[arg(long)]
    pub reason: String,
    #[command(flatten)]
    pub send: Send,
}

/// Verbs with a ground of the pack.
#[derive(Debug, Args)]
pub struct OnGround {
    /// 工单编号,或工单、交办的编号
    #[arg(value_name = "工单或交办")]
    pub what: String,
    /// 规则包中的情形或理由代码
    #[arg(long)]
    pub ground: String,
    #[command(flatten)]
    pub texts: Texts,
    #[command(flatten)]
    pub send: Send,
}

/// Verbs with a ground of the pack and a basis.
#[derive(Debug, Args)]
pub struct OnBasis {
    /// 工单编号,或工单、交办的编号
    #[arg(value_name = "工单或交办")]
    pub what: String,
    /// 规则包中的情形或理由代码
    #[arg(long)]
    pub ground: String,
    /// 依据
    #[arg(long, default_value = "", hide_default_value = true)]
    pub basis: String,
    #[command(flatten)]
    pub texts: Texts,
    #[command(flatten)]
    pub send: Send,
}

/// 转办.
#[derive(Debug, Args)]
pub struct Assign {
    /// 工单编号
    #[arg(value_name = "工单")]
    pub ticket: String,
    /// 承办单位:本级单位的代号,或下级的区划代码;可写多个;不写则按派单目录
    #[arg(long = "to", value_delimiter = ',')]
    pub takers: Vec<String>,
    /// 指定其中哪个主办;不写则按规则包
    #[arg(long, default_value = "", hide_default_value = true)]
    pub lead: String,
    /// 依据
    #[arg(long, default_value = "", hide_default_value = true)]
    pub basis: String,
    /// 早于规则所定的期限,如 2026-03-04 17:00;只写日期的到当日 24 时
    #[arg(long, value_parser = Time::deadline)]
    pub due: Option<Time>,
    /// 指定承办:职责认定的依据,承办单位不得退回
    #[arg(long, default_value = "", hide_default_value = true)]
    pub determination: String,
    #[command(flatten)]
    pub texts: Texts,
    #[command(flatten)]
    pub send: Send,
}

/// 进展.
#[derive(Debug, Args)]
pub struct Progress {
    /// 工单编号或交办编号
    #[arg(value_name = "工单或交办")]
    pub what: String,
    /// 进展到哪一步,如 contacted
    #[arg(long)]
    pub stage: String,
    #[command(flatten)]
    pub texts: Texts,
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
    pub texts: Texts,
    #[command(flatten)]
    pub send: Send,
}

/// Verbs about a request.
#[derive(Debug, Args)]
pub struct OnRequest {
    /// 工单编号或交办编号
    #[arg(value_name = "工单或交办")]
    pub what: String,
    /// 第几号申请;不写则为待审的那一号
    #[arg(long)]
    pub request: Option<u32>,
    #[command(flatten)]
    pub texts: Texts,
    #[command(flatten)]
    pub send: Send,
}

/// 审核.
#[derive(Debug, Args)]
pub struct Rule {
    #[command(flatten)]
    pub on: OnRequest,
    #[command(flatten)]
    pub ruling: Ruling,
    /// 同意退单时写职责认定,不同意时写理由
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
    pub texts: Texts,
    #[command(flatten)]
    pub send: Send,
}

/// A new due date.
#[derive(Debug, Args)]
pub struct Due {
    /// 工单编号或交办编号
    #[arg(value_name = "工单或交办")]
    pub what: String,
    /// 新的期限,如 2026-03-04 17:00;只写日期的到当日 24 时
    #[arg(long, value_parser = Time::deadline)]
    pub until: Time,
    #[command(flatten)]
    pub texts: Texts,
    #[command(flatten)]
    pub send: Send,
}

/// 回访.
#[derive(Debug, Args)]
pub struct CallBack {
    /// 工单编号
    #[arg(value_name = "工单")]
    pub ticket: String,
    /// 评价等级代码;不写表示未联系上
    #[arg(long, default_value = "", hide_default_value = true)]
    pub rating: String,
    #[command(flatten)]
    pub texts: Texts,
    #[command(flatten)]
    pub send: Send,
}

/// 重办.
#[derive(Debug, Args)]
pub struct Redo {
    /// 工单编号
    #[arg(value_name = "工单")]
    pub ticket: String,
    /// 由谁重办;不写则仍由原单位
    #[arg(long = "to", default_value = "", hide_default_value = true)]
    pub taker: String,
    #[command(flatten)]
    pub texts: Texts,
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
    pub texts: Texts,
    #[command(flatten)]
    pub send: Send,
}

/// 督办.
#[derive(Debug, Args)]
pub struct Supervise {
    /// 工单编号或交办编号
    #[arg(value_name = "工单或交办")]
    pub what: String,
    /// 规则包中的督办事由代码
    #[arg(long)]
    pub trigger: String,
    /// 何时以前回复,只写日期的到当日 24 时;不写则按规则包
    #[arg(long, value_parser = Time::deadline)]
    pub reply_by: Option<Time>,
    #[command(flatten)]
    pub texts: Texts,
    #[command(flatten)]
    pub send: Send,
}

/// A reply to an order.
#[derive(Debug, Args)]
pub struct Reply {
    /// 工单编号或交办编号
    #[arg(value_name = "工单或交办")]
    pub what: String,
    /// 督办单编号;不写则为唯一待复的那一份
    #[arg(long)]
    pub order: Option<String>,
    #[command(flatten)]
    pub texts: Texts,
    #[command(flatten)]
    pub send: Send,
}
