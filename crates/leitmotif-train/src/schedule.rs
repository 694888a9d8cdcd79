//! How far a run has come, and the learning rate that goes with it.
//!
//! Progress runs from 0 to 1. Budgets in steps and epochs give it exactly. A budget in minutes
//! gives it only in hindsight, so the number of steps that fit is estimated, again and again, from
//! the pace so far ([`StepTime`]); between two estimates progress grows by equal parts each step.
//! Estimates are part of a checkpoint: a resumed run goes on with those it had.

use crate::config::{Schedule, TrainConfig};
use serde::{Deserialize, Serialize};

/// How many times a run with a budget in minutes is re-estimated.
const ESTIMATES: f64 = 50.0;
/// The share of the budget after which a trapezoidal schedule falls.
const PLATEAU: f64 = 0.8;
/// Before this many steps the pace is not known: the first ones warm caches up.
const FIRST_ESTIMATE: u64 = 5;

/// The estimate of progress through a budget of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepTime {
    /// Progress at the last step.
    progress: f64,
    /// Progress of one step, as last estimated.
    per_step: f64,
    /// Seconds and steps at the last estimate.
    seconds: f64,
    steps: u64,
}

impl StepTime {
    /// Takes one step into account, the `step`th, which ended `seconds` after the run began.
    pub(crate) fn step(&mut self, step: u64, seconds: f64, budget: f64) {
        self.progress = (self.progress + self.per_step).min(1.0);
        let known = step >= FIRST_ESTIMATE && (self.per_step == 0.0 || seconds - self.seconds >= budget / ESTIMATES);
        if !known {
            return;
        }
        let steps = (step - self.steps).max(1) as f64;
        let remaining = (budget - seconds).max(0.0) / ((seconds - self.seconds) / steps).max(1e-9);
        self.per_step = (1.0 - self.progress) / remaining.max(1.0);
        (self.seconds, self.steps) = (seconds, step);
    }
}

/// Where a run stands in each of its budgets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BudgetProgress {
    /// Optimiser steps done.
    pub step: u64,
    /// Epochs done, fractions included.
    pub epochs: f64,
    /// Seconds spent.
    pub seconds: f64,
    /// The pace of a run with a budget in minutes.
    pub pace: StepTime,
}

impl BudgetProgress {
    /// How much of the budget is used: the most of steps, epochs and minutes. 0 for a run without a
    /// budget.
    pub(crate) fn used(&self, config: &TrainConfig) -> f64 {
        let steps = if config.steps > 0 { self.step as f64 / config.steps as f64 } else { 0.0 };
        let epochs = if config.epochs > 0.0 { self.epochs / config.epochs } else { 0.0 };
        let minutes = if config.minutes > 0.0 { self.pace.progress } else { 0.0 };
        steps.max(epochs).max(minutes).min(1.0)
    }

    /// Whether a budget is used up.
    pub(crate) fn is_over(&self, config: &TrainConfig) -> bool {
        (config.steps > 0 && self.step >= config.steps)
            || (config.epochs > 0.0 && self.epochs >= config.epochs)
            || (config.minutes > 0.0 && self.seconds >= config.minutes * 60.0)
    }

    /// The learning rate of the next step.
    pub(crate) fn learning_rate(&self, config: &TrainConfig) -> f64 {
        let peak = config.learning_rate;
        if self.step < config.warmup_steps {
            return peak * (self.step + 1) as f64 / config.warmup_steps as f64;
        }
        let share = match config.schedule {
            Schedule::Constant => return peak,
            Schedule::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * self.used(config)).cos()),
            Schedule::Trapezoidal => ((1.0 - self.used(config)) / (1.0 - PLATEAU)).min(1.0),
        };
        peak * (config.min_ratio + (1.0 - config.min_ratio) * share)
    }

    /// Seconds until the budget is used up, at the pace so far.
    pub(crate) fn seconds_left(&self, config: &TrainConfig) -> Option<f64> {
        let by_time = (config.minutes > 0.0).then(|| (config.minutes * 60.0 - self.seconds).max(0.0));
        let other = TrainConfig { minutes: 0.0, ..config.clone() };
        let used = self.used(&other);
        let by_work = (used > 0.0).then(|| self.seconds * (1.0 - used) / used);
        match (by_time, by_work) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(step: u64) -> BudgetProgress {
        BudgetProgress { step, epochs: step as f64 / 10.0, seconds: step as f64, pace: StepTime::default() }
    }

    #[test]
    fn the_rate_rises_then_falls_to_its_floor() {
        let config = TrainConfig {
            steps: 110,
            warmup_steps: 10,
            learning_rate: 1.0,
            min_ratio: 0.1,
            schedule: Schedule::Cosine,
            ..TrainConfig::default()
        };
        assert!((at(0).learning_rate(&config) - 0.1).abs() < 1e-12);
        assert!((at(9).learning_rate(&config) - 1.0).abs() < 1e-12);
        let rates: Vec<f64> = (10..=110).map(|step| at(step).learning_rate(&config)).collect();
        assert!(rates.windows(2).all(|pair| pair[1] < pair[0]), "it falls");
        assert!((rates[100] - 0.1).abs() < 1e-9);
        assert!((at(55).learning_rate(&config) - 0.55).abs() < 1e-9, "half-way is the mean");
        let trapezoidal = TrainConfig { schedule: Schedule::Trapezoidal, ..config.clone() };
        assert!((at(87).learning_rate(&trapezoidal) - 1.0).abs() < 1e-12);
        assert!((at(99).learning_rate(&trapezoidal) - 0.55).abs() < 1e-9);
        assert!((at(110).learning_rate(&trapezoidal) - 0.1).abs() < 1e-9);
        let constant = TrainConfig { schedule: Schedule::Constant, ..config };
        assert!((at(100).learning_rate(&constant) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_first_budget_to_be_used_up_ends_the_run() {
        let config = TrainConfig { steps: 100, epochs: 2.0, ..TrainConfig::default() };
        assert!(!at(19).is_over(&config) && at(20).is_over(&config));
        assert!((at(10).used(&config) - 0.5).abs() < 1e-12);
        assert!(!at(1 << 30).is_over(&TrainConfig::default()), "no budget, no end");
    }

    #[test]
    fn a_budget_of_time_is_met_even_if_the_pace_changes() {
        let budget = 600.0;
        let config = TrainConfig { minutes: 10.0, ..TrainConfig::default() };
        let (mut pace, mut seconds, mut step, mut last) = (StepTime::default(), 0.0, 0, 0.0);
        while seconds < budget {
            step += 1;
            seconds += if seconds < 200.0 { 0.5 } else { 1.0 };
            pace.step(step, seconds, budget);
            let used = BudgetProgress { step, epochs: 0.0, seconds, pace }.used(&config);
            assert!(used >= last, "progress never goes back");
            last = used;
        }
        assert!(last > 0.97, "the schedule has come to its end with the time: {last}");
    }

    #[test]
    fn time_left_is_the_shortest_of_the_budgets() {
        let config = TrainConfig { steps: 100, minutes: 1.0, ..TrainConfig::default() };
        let left = at(20).seconds_left(&config).unwrap_or_default();
        assert!((left - 40.0).abs() < 1e-9, "{left}");
        assert_eq!(at(20).seconds_left(&TrainConfig::default()), None);
    }
}
