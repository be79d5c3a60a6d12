//! The command line, one subcommand a file. Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 node not
//! reachable, 64 faulty configuration.

pub mod certs;
pub mod client;
pub mod node;
pub mod store;
pub mod topology;

use crate::config::Faults;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// 12345 热线联动节点:省、市、县、乡同用一个程序
#[derive(Debug, Parser)]
#[command(name = "hotline", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 运行节点
    Node(node::NodeArgs),
    /// 管理证书
    Certs(certs::CertsArgs),
    /// 新建、检查、查看联动拓扑
    Topology(topology::TopologyArgs),
    /// 校验、统计、重建、导出节点的数据
    Store(store::StoreArgs),
    /// 在本机演示:四级七个节点,从受理到办结,最后逐件核对
    Demo(crate::demo::DemoArgs),
}

impl Cli {
    /// Runs the subcommand; errors go to standard error, the exit code tells their kind.
    #[must_use]
    pub fn run(self) -> ExitCode {
        let done = match self.command {
            Command::Node(args) => args.run(),
            Command::Certs(args) => args.run(),
            Command::Topology(args) => args.run(),
            Command::Store(args) => args.run(),
            Command::Demo(args) => args.run(),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{}", chain(&error));
                code(&error)
            }
        }
    }
}

/// An error with its causes, outermost first; a cause that the line before already ends with is left out.
fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let words = cause.to_string();
        if text.is_empty() {
            text = words;
        } else if !text.ends_with(&words) {
            text = format!("{text}:{words}");
        }
    }
    text
}

fn code(error: &anyhow::Error) -> ExitCode {
    if error.is::<Faults>() {
        ExitCode::from(64)
    } else {
        ExitCode::from(1)
    }
}
