//! Configuration keys as a study file gives them: tables become single keys.

use leitmotif_train::Override;
use std::collections::BTreeMap;
use toml::{Table, Value};

/// A level of a factor, as configuration keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// What it is called.
    pub name: String,
    /// What it sets.
    pub set: Vec<Override>,
}

impl Level {
    /// What it sets, as TOML.
    pub fn keys(&self) -> BTreeMap<String, String> {
        self.set.iter().map(|set| (set.key.clone(), set.value.to_string())).collect()
    }
}

/// A value as people write it: strings without quotes.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The leaves of a table as single keys, in order.
pub(crate) fn overrides(table: &Table) -> Vec<Override> {
    let mut leaves = Vec::new();
    flatten("", table, &mut leaves);
    leaves
}

fn flatten(prefix: &str, table: &Table, leaves: &mut Vec<Override>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            Value::Table(inner) => flatten(&key, inner, leaves),
            value => leaves.push(Override { key, value: value.clone() }),
        }
    }
}
