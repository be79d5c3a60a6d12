//! The gates of a node's doors, and whether the process may open what they let in.

use crate::config::Config;
use crate::gate::{Budget, Doors, Gate, Patience, descriptors};
use std::time::Duration;

/// What a neighbour asks for in one message it has whole; links and files are streams, of which each message counts.
pub(super) const NEIGHBOURS_PATIENCE: Patience =
    Patience::new(Duration::from_secs(30), &["/Exchange", "/Give"]);

/// One gate for each door.
pub(super) struct Gates {
    pub federation: Gate,
    pub local: Gate,
    pub operators: Gate,
    pub monitors: Gate,
}

impl Gates {
    pub fn of(budget: &Budget) -> Self {
        Self {
            federation: Gate::new("federation", budget.federation),
            local: Gate::new("local", budget.local),
            operators: Gate::new("operators", budget.operators),
            monitors: Gate::new("monitors", budget.monitors),
        }
    }

    /// All of them, for metrics.
    pub fn all(&self) -> Vec<Gate> {
        [
            &self.federation,
            &self.local,
            &self.operators,
            &self.monitors,
        ]
        .map(Gate::clone)
        .to_vec()
    }
}

/// How a node with so many neighbours divides what the process may open.
///
/// # Errors
/// It may open too little; says what to do.
pub(super) fn budget(config: &Config, neighbours: usize) -> anyhow::Result<Budget> {
    let budget = Budget::of(neighbours);
    let doors = Doors {
        federation: config.links.listen.is_some(),
        operators: config.operator.listen.is_some(),
        monitors: config.http.listen.is_some(),
    };
    descriptors::ensure(budget.needed(doors)).map_err(anyhow::Error::msg)?;
    Ok(budget)
}
