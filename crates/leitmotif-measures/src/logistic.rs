//! Logistic regression with a ridge penalty on standardised figures: what the two-sample test and
//! the critic are made of.

use crate::similarity::mean;
use serde::{Deserialize, Serialize};
use smartcore::linalg::basic::arrays::Array;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::linear::logistic_regression::{LogisticRegression, LogisticRegressionParameters};

/// The ridge penalty for each row of the training: half of it times the squared weights.
const PENALTY: f64 = 0.1;
/// The farthest that a standardised figure may lie from the mean, so that no single outlier
/// decides.
const FARTHEST: f64 = 4.0;

/// The log-odds of the first class as a linear function of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Logistic {
    /// Of each column.
    pub weights: Vec<f64>,
    /// Of a row of zeros.
    pub intercept: f64,
}

impl Logistic {
    /// Trains on rows of one width, each with whether it is of the first class. `None` where the
    /// training fails.
    pub fn train(rows: &Vec<Vec<f64>>, is_first: &[bool]) -> Option<Self> {
        let labels: Vec<i32> = is_first.iter().map(|first| i32::from(*first)).collect();
        let settings = LogisticRegressionParameters::default().with_alpha(PENALTY * rows.len() as f64);
        let model = LogisticRegression::fit(&DenseMatrix::from_2d_vec(rows).ok()?, &labels, settings).ok()?;
        let weights: Vec<f64> = model.coefficients().iterator(0).copied().collect();
        let intercept = *model.intercept().iterator(0).next()?;
        weights.iter().all(|weight| weight.is_finite()).then_some(Self { weights, intercept })
    }

    /// The log-odds of a row's being of the first class.
    pub fn log_odds(&self, row: &[f64]) -> f64 {
        self.intercept + self.weights.iter().zip(row).map(|(weight, value)| weight * value).sum::<f64>()
    }
}

/// How a figure is standardised.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// The figure's mean over the training.
    pub mean: f64,
    /// Its standard deviation, above 0.
    pub deviation: f64,
}

impl Scale {
    /// The mean and deviation of values; `None` where they do not vary.
    pub fn of(values: impl Iterator<Item = f64> + Clone) -> Option<Self> {
        let middle = mean(values.clone())?;
        let deviation = mean(values.map(|value| (value - middle).powi(2)))?.sqrt();
        (deviation > f64::EPSILON * middle.abs()).then_some(Self { mean: middle, deviation })
    }

    /// A value in deviations from the mean; one that is absent is the mean.
    pub fn apply(&self, value: Option<f64>) -> f64 {
        let standardised = |value: f64| ((value - self.mean) / self.deviation).clamp(-FARTHEST, FARTHEST);
        value.filter(|value| value.is_finite()).map_or(0.0, standardised)
    }
}
