//! The classifier: logistic regression on the figures that vary.

use super::Figures;
use crate::logistic::{Logistic, Scale};

/// A classifier that has been trained.
pub struct Classifier {
    columns: Vec<(usize, Scale)>,
    model: Logistic,
}

impl Classifier {
    /// Trains on pieces, each with whether it is of the first set. `None` where no figure varies or
    /// where the training fails.
    pub fn train(pieces: &[(&Figures, bool)]) -> Option<Self> {
        let width = pieces.iter().map(|(figures, _)| figures.len()).max()?;
        let column = |number: usize| Scale::of(pieces.iter().filter_map(move |(figures, _)| value(figures, number)));
        let columns: Vec<(usize, Scale)> = (0..width).filter_map(|number| Some((number, column(number)?))).collect();
        let rows: Vec<Vec<f64>> = pieces.iter().map(|(figures, _)| row(&columns, figures)).collect();
        let labels: Vec<bool> = pieces.iter().map(|(_, first)| *first).collect();
        let model = Logistic::train(&rows, &labels)?;
        Some(Self { columns, model })
    }

    /// Whether a piece is taken for one of the first set.
    pub fn is_first(&self, figures: &Figures) -> bool {
        self.model.log_odds(&row(&self.columns, figures)) > 0.0
    }
}

fn row(columns: &[(usize, Scale)], figures: &Figures) -> Vec<f64> {
    columns.iter().map(|(number, scale)| scale.apply(value(figures, *number))).collect()
}

fn value(figures: &Figures, number: usize) -> Option<f64> {
    figures.get(number).copied().flatten().filter(|value| value.is_finite())
}
