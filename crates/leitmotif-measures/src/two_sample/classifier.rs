//! The classifier: logistic regression with a ridge penalty on standardised figures.

use super::Figures;
use crate::similarity::mean;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::linear::logistic_regression::{LogisticRegression, LogisticRegressionParameters};

/// The ridge penalty for each piece of the training: half of it times the squared weights.
const PENALTY: f64 = 0.1;
/// The farthest that a standardised figure may lie from the mean, so that no single outlier
/// decides.
const FARTHEST: f64 = 4.0;

/// A classifier that has been trained.
pub struct Classifier {
    columns: Vec<Column>,
    model: LogisticRegression<f64, i32, DenseMatrix<f64>, Vec<i32>>,
}

/// How a figure is standardised.
struct Column {
    number: usize,
    mean: f64,
    deviation: f64,
}

impl Classifier {
    /// Trains on pieces, each with whether it is of the first set. `None` where no figure varies or
    /// where the training fails.
    pub fn train(pieces: &[(&Figures, bool)]) -> Option<Self> {
        let width = pieces.iter().map(|(figures, _)| figures.len()).max()?;
        let columns: Vec<Column> = (0..width).filter_map(|number| Column::of(number, pieces)).collect();
        let rows: Vec<Vec<f64>> = pieces.iter().map(|(figures, _)| standardised(&columns, figures)).collect();
        let labels: Vec<i32> = pieces.iter().map(|(_, first)| i32::from(*first)).collect();
        let settings = LogisticRegressionParameters::default().with_alpha(PENALTY * pieces.len() as f64);
        let model = LogisticRegression::fit(&DenseMatrix::from_2d_vec(&rows).ok()?, &labels, settings).ok()?;
        Some(Self { columns, model })
    }

    /// Whether a piece is taken for one of the first set.
    pub fn is_first(&self, figures: &Figures) -> bool {
        let rows = vec![standardised(&self.columns, figures)];
        let label = DenseMatrix::from_2d_vec(&rows).and_then(|row| self.model.predict(&row));
        label.is_ok_and(|label| label.first() == Some(&1))
    }
}

impl Column {
    /// The mean and deviation of a figure; `None` where it does not vary.
    fn of(number: usize, pieces: &[(&Figures, bool)]) -> Option<Self> {
        let values = || pieces.iter().filter_map(|(figures, _)| value(figures, number));
        let middle = mean(values())?;
        let deviation = mean(values().map(|value| (value - middle).powi(2)))?.sqrt();
        (deviation > f64::EPSILON * middle.abs()).then_some(Self { number, mean: middle, deviation })
    }
}

/// The figures as the model takes them; what a piece does not have is the mean of the training.
fn standardised(columns: &[Column], figures: &Figures) -> Vec<f64> {
    let one = |Column { number, mean, deviation }: &Column| {
        value(figures, *number).map_or(0.0, |value| ((value - mean) / deviation).clamp(-FARTHEST, FARTHEST))
    };
    columns.iter().map(one).collect()
}

fn value(figures: &Figures, number: usize) -> Option<f64> {
    figures.get(number).copied().flatten().filter(|value| value.is_finite())
}
