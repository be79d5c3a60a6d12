//! The node's configuration: one TOML file, one section a file here, unknown keys refused, all faults reported together
//! before a port is bound.
//!
//! To add a setting: its field in the section's struct with a doc comment, its check in the section's `check`, its line
//! in `deploy/node.toml` (a test compares both).

mod attachments;
mod http;
mod links;
mod logging;
mod node;
mod operator;
mod sealing;
mod store;

pub use attachments::Attachments;
pub use http::Http;
pub use links::Links;
pub use logging::{Format, Logging};
pub use node::Node;
pub use operator::{Operator, Person};
pub use sealing::Sealing;
pub use store::{Engine, Store};

use crate::causes;
use hotline_show::{Text, shown};
use serde::Deserialize;
use std::fmt;
use std::path::{Path, PathBuf};

/// The whole file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who and where this node is.
    pub node: Node,
    /// Links to parent and children.
    pub links: Links,
    /// The operator door.
    pub operator: Operator,
    /// Health and metrics.
    #[serde(default)]
    pub http: Http,
    /// Log and view.
    #[serde(default)]
    pub store: Store,
    /// The key that far nodes seal to.
    #[serde(default)]
    pub sealing: Sealing,
    /// Files attached to tickets.
    #[serde(default)]
    pub attachments: Attachments,
    /// Structured logs and traces.
    #[serde(default)]
    pub log: Logging,
}

/// One fault: where, what, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The key, as `operator.person[2].roles`.
    pub key: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// All faults of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    /// The file.
    pub file: PathBuf,
    /// The faults, in the file's order.
    pub faults: Vec<Fault>,
}

impl Faults {
    /// All faults, one a line.
    #[must_use]
    pub fn text(&self) -> Text {
        let mut text = shown!(
            "配置文件 {} 有 {} 处问题，请改正后再试：",
            self.file.display(),
            self.faults.len()
        );
        for fault in &self.faults {
            text += shown!("\n  {}：{}", fault.key, fault.message);
        }
        text
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

impl std::error::Error for Faults {}

/// Collects faults of the sections.
pub(crate) struct Check<'a> {
    /// Relative paths are relative to the file's folder.
    pub base: &'a Path,
    faults: Vec<Fault>,
}

impl Check<'_> {
    /// Notes a fault.
    pub fn fault(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.faults.push(Fault {
            key: key.into(),
            message: message.into(),
        });
    }

    /// A path of the file, made absolute.
    pub fn resolve(&self, path: &mut PathBuf) {
        if path.is_relative() {
            *path = self.base.join(&*path);
        }
    }

    /// A file that must be there.
    pub fn file(&mut self, key: &str, path: &Path) {
        if !path.is_file() {
            self.fault(key, format!("找不到文件 {}", path.display()));
        }
    }
}

impl Config {
    /// Reads and checks a file; relative paths become absolute.
    ///
    /// # Errors
    /// All faults at once; a file that cannot be read or is not TOML is one fault.
    pub fn load(file: &Path) -> Result<Self, Faults> {
        let (config, faults) = Self::read(file)?;
        if faults.is_empty() {
            return Ok(config);
        }
        Err(Faults {
            file: file.to_owned(),
            faults,
        })
    }

    /// The same with the faults of its sections beside it, for whoever has more to check.
    ///
    /// # Errors
    /// A file that cannot be read, is not TOML, or has keys or values of another kind.
    pub fn read(file: &Path) -> Result<(Self, Vec<Fault>), Faults> {
        let one = |key: String, message: String| Faults {
            file: file.to_owned(),
            faults: vec![Fault { key, message }],
        };
        let text = std::fs::read_to_string(file).map_err(|error| {
            one(
                "（文件）".to_owned(),
                format!("读不了：{}", causes::chinese(&error.to_string())),
            )
        })?;
        let base = file
            .parent()
            .filter(|base| !base.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let base = base.canonicalize().unwrap_or_else(|_| base.to_owned());
        Self::parts(&text, &base).map_err(|faults| Faults {
            file: file.to_owned(),
            faults,
        })
    }

    /// Parses and checks a text whose relative paths are relative to `base`.
    ///
    /// # Errors
    /// All faults at once.
    pub fn parse(text: &str, base: &Path) -> Result<Self, Vec<Fault>> {
        let (config, faults) = Self::parts(text, base)?;
        if faults.is_empty() {
            Ok(config)
        } else {
            Err(faults)
        }
    }

    fn parts(text: &str, base: &Path) -> Result<(Self, Vec<Fault>), Vec<Fault>> {
        let fault = |key: String, message: String| vec![Fault { key, message }];
        let reader = toml::Deserializer::parse(text).map_err(|error| {
            fault(
                place(text, error.span()),
                format!("不是有效的 TOML：{}", causes::toml(error.message())),
            )
        })?;
        let mut config: Config = serde_path_to_error::deserialize(reader).map_err(|error| {
            let at = place(text, error.inner().span());
            fault(
                format!("{}({at})", error.path()),
                causes::toml(error.inner().message()),
            )
        })?;
        let mut check = Check {
            base,
            faults: Vec::new(),
        };
        config.node.check(&mut check);
        config.links.check(&mut check);
        config.operator.check(&mut check);
        config.http.check(&mut check);
        config.store.check(&mut check);
        config.sealing.check(&mut check);
        config.attachments.check(&mut check);
        config.log.check(&mut check);
        Ok((config, check.faults))
    }
}

/// Line of a byte span, for people.
fn place(text: &str, span: Option<std::ops::Range<usize>>) -> String {
    match span {
        Some(span) => {
            let line = text
                .bytes()
                .take(span.start)
                .filter(|byte| *byte == b'\n')
                .count()
                + 1;
            format!("第 {line} 行")
        }
        None => "（文件）".to_owned(),
    }
}

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
