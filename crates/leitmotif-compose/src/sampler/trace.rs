//! How each event was drawn, to find out why a piece has become what it is.

use super::Rule;
use leitmotif_events::Value;
use serde::Serialize;
use std::collections::BTreeMap;

/// A field of a traced event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TracedField {
    /// Its value, as a number.
    pub value: Value,
    /// The probability that the model gave it after the fields before it, as it was sampled
    /// (temperature and filters included); absent where no other value was possible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
}

/// How an event was drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TracedEvent {
    /// Its fields.
    pub fields: Vec<TracedField>,
    /// How often it was drawn: 1 if nothing was refused.
    pub draws: usize,
    /// Fields that the model evaluated.
    pub evaluations: usize,
    /// How often each rule refused it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<Rule, usize>,
    /// Whether masks took over, because the rules left next to nothing of the model's probability.
    pub masked: bool,
}

/// A trace being taken of one event; empty where none is requested.
#[derive(Debug, Default)]
pub(super) struct Trace {
    wanted: bool,
    probabilities: Vec<Option<f64>>,
    refused: BTreeMap<Rule, usize>,
}

impl Trace {
    pub fn new(wanted: bool) -> Self {
        Self { wanted, ..Self::default() }
    }

    pub fn clear(&mut self) {
        self.probabilities.clear();
        self.refused.clear();
    }

    /// The event begins again.
    pub fn restart(&mut self) {
        self.probabilities.clear();
    }

    /// The rule that `rule` finds has refused a value, if that is traced.
    pub fn refuse(&mut self, rule: impl FnOnce() -> Option<Rule>) {
        if let Some(rule) = self.wanted.then(rule).flatten() {
            *self.refused.entry(rule).or_default() += 1;
        }
    }

    pub fn take(&mut self, probability: Option<f64>) {
        if self.wanted {
            self.probabilities.push(probability);
        }
    }

    /// The trace of an event that is complete.
    pub fn event(&self, event: &[Value], masked: bool, evaluations: usize) -> Option<TracedEvent> {
        let field = |(&value, &probability): (&Value, &Option<f64>)| TracedField { value, probability };
        self.wanted.then(|| TracedEvent {
            fields: event.iter().zip(&self.probabilities).map(field).collect(),
            draws: 1 + self.refused.values().sum::<usize>(),
            evaluations,
            refused: self.refused.clone(),
            masked,
        })
    }
}
