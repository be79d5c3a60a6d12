//! The command line, one subcommand a file. Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 node not
//! reachable, 64 faulty configuration.

mod advice;
pub mod certs;
pub mod client;
pub mod clock;
pub mod codes;
pub mod door;
pub mod evidence;
pub mod figures;
pub mod init;
mod json;
pub mod keys;
pub mod leg;
pub mod link;
pub mod node;
pub mod notice;
pub mod order;
pub mod parser;
pub mod status;
pub mod store;
pub mod table;
pub mod text;
pub mod ticket;
pub mod topology;
pub mod words;
pub mod world;

use crate::causes::{chinese, in_one_line};
use crate::config::Faults;
use crate::out::{self, Unprinted};
use clap::{Parser, Subcommand};
use client::CallError;
use door::Usage;
use hotline_show::{Text, shown};
use std::process::ExitCode;

/// 12345 热线联动节点：省、市、县、乡同用一个程序
#[derive(Debug, Parser)]
#[command(name = "hotline", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 新节点启动之前：建好数据文件夹，列出建了什么；重复执行无妨
    Init(init::InitArgs),
    /// 运行节点
    Node(node::NodeArgs),
    /// 管理证书
    Certs(certs::CertsArgs),
    /// 新建、检查、查看联动拓扑
    Topology(topology::TopologyArgs),
    /// 校验、备份、恢复、重建、导出节点的数据
    Store(store::StoreArgs),
    /// 在本机演示：四级七个节点，从受理到办结，最后逐件核对
    Demo(crate::demo::DemoArgs),
    /// 工单：受理、转办、签收、审核、办结、查询
    Ticket(ticket::TicketArgs),
    /// 交办
    Leg(leg::LegArgs),
    /// 异常通报
    Notice(notice::NoticeArgs),
    /// 督办单：本节点签发的和收到的
    Order(order::OrderArgs),
    /// 与上级、下级节点的链路
    Link(link::LinkArgs),
    /// 封装密钥：更换、吊销、查看；已销毁的密钥
    Keys(keys::KeysArgs),
    /// 查代码：事项、理由、评价、督办、单位、区划……
    Codes(codes::CodesArgs),
    /// 统计
    Figures(figures::FiguresArgs),
    /// 节点状况
    Status(status::StatusArgs),
    /// 节点时钟
    Clock(clock::ClockArgs),
    /// 证据：导出、核验签名与回执
    Evidence(evidence::EvidenceArgs),
    /// 测量本机每秒能办多少
    Bench(crate::bench::BenchArgs),
}

impl Command {
    /// Whether it makes a node's data, or copies of them. What others make is often for others.
    fn makes_data(&self) -> bool {
        matches!(
            self,
            Self::Init(_) | Self::Node(_) | Self::Store(_) | Self::Demo(_) | Self::Bench(_)
        )
    }
}

/// The program: reads the command line and runs what it asks for.
#[must_use]
pub fn main() -> ExitCode {
    out::tame_panics();
    let told = match parser::parse(std::env::args_os()) {
        Ok(cli) => return cli.run(),
        Err(told) => told,
    };
    if told.code != 0 {
        out::tell(&told.text);
        return ExitCode::from(told.code);
    }
    match out::print(&told.text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(number(&error.into())),
    }
}

impl Cli {
    /// Runs the subcommand; errors go to standard error, the exit code tells their kind.
    #[must_use]
    pub fn run(self) -> ExitCode {
        if let Err(words) = crate::process::keep_memory() {
            out::tell(&shown!("{words}"));
        }
        if self.command.makes_data() {
            crate::process::keep_files();
        }
        let done = match self.command {
            Command::Init(args) => args.run(),
            Command::Node(args) => args.run(),
            Command::Certs(args) => args.run(),
            Command::Topology(args) => args.run(),
            Command::Store(args) => args.run(),
            Command::Demo(args) => args.run(),
            Command::Ticket(args) => args.run(),
            Command::Leg(args) => args.run(),
            Command::Notice(args) => args.run(),
            Command::Order(args) => args.run(),
            Command::Link(args) => args.run(),
            Command::Keys(args) => args.run(),
            Command::Codes(args) => args.run(),
            Command::Figures(args) => args.run(),
            Command::Status(args) => args.run(),
            Command::Clock(args) => args.run(),
            Command::Evidence(args) => args.run(),
            Command::Bench(args) => args.run(),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                out::tell(&told(&error));
                let call = error.downcast_ref::<CallError>();
                let rule =
                    call.and_then(|call| call.rule.as_deref().map(|rule| (rule, &call.message)));
                if let Some(advice) = rule.and_then(|(rule, words)| advice::of(rule, words)) {
                    out::tell(&shown!("下一步：{advice}"));
                }
                ExitCode::from(number(&error))
            }
        }
    }
}

/// An error of several lines, each of our own making.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.as_str())]
pub struct Told(pub Text);

/// The work was done and printed; the program ends with this code all the same, which says what came out.
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
pub struct Ends {
    /// The exit code.
    pub code: u8,
    /// What to look at.
    pub words: &'static str,
}

/// What is said of an error: its own lines, or one line. Nothing where the reader has gone.
fn told(error: &anyhow::Error) -> Text {
    if let Some(unprinted) = error.downcast_ref::<Unprinted>()
        && unprinted.is_closed()
    {
        return Text::new();
    }
    if let Some(Usage(text)) = error.downcast_ref() {
        return in_words(text);
    }
    if let Some(Told(text)) = error.downcast_ref() {
        return in_words(text);
    }
    if let Some(faults) = error.downcast_ref::<Faults>() {
        return in_words(&faults.text());
    }
    shown!("{}", in_one_line(String::new(), Some(error.as_ref())))
}

/// Our own lines; what the system and the libraries said in them is said in Chinese.
fn in_words(text: &Text) -> Text {
    let mut said = Text::new();
    for line in text.as_str().lines() {
        said.line(chinese(line).as_str());
    }
    said
}

/// The exit code of a program whose reader has gone, as a shell counts SIGPIPE.
const CLOSED: u8 = 141;

fn number(error: &anyhow::Error) -> u8 {
    if let Some(unprinted) = error.downcast_ref::<Unprinted>() {
        return if unprinted.is_closed() { CLOSED } else { 1 };
    }
    if error.is::<Faults>() {
        return 64;
    }
    if error.is::<Usage>() {
        return 2;
    }
    if let Some(ends) = error.downcast_ref::<Ends>() {
        return ends.code;
    }
    match error.downcast_ref::<CallError>() {
        Some(call) if !call.reached => 3,
        _ => 1,
    }
}

#[cfg(test)]
mod tests;
