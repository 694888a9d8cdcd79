//! Principal components: the axes along which rows vary most.
//!
//! The eigenvectors of the rows' covariance (Jolliffe, *Principal Component Analysis*, 2002), in
//! double precision. An eigenvector's sign is a matter of taste: here the coordinate of the largest
//! magnitude is positive.

use crate::jacobi::eigenpairs;

/// The most columns; the decomposition takes time with their third power (seconds at this many).
pub const MAX_DIMENSIONS: usize = 512;

/// Why rows have no principal components.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PcaError {
    /// There are no rows, or the rows are empty.
    #[error("principal components need at least one row with at least one column")]
    Empty,
    /// A row is longer or shorter than the first.
    #[error("row {row} has {columns} columns, the first has {expected}")]
    Ragged {
        /// The row's number, from 0.
        row: usize,
        /// Its columns.
        columns: usize,
        /// The first row's columns.
        expected: usize,
    },
    /// A value is infinite or not a number.
    #[error("row {row} has a value that is not finite")]
    NotFinite {
        /// The row's number, from 0.
        row: usize,
    },
    /// The rows have more than [`MAX_DIMENSIONS`] columns.
    #[error("rows have {columns} columns (at most {MAX_DIMENSIONS})")]
    TooWide {
        /// Their columns.
        columns: usize,
    },
}

/// Principal components of rows of d columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Pca {
    /// The mean of the rows, `[d]`.
    pub mean: Vec<f64>,
    /// The components, `[components, d]`: orthogonal, of length 1, the largest variance first.
    pub components: Vec<Vec<f64>>,
    /// The share of the rows' variance along each component, 0 to 1, `[components]`; zeros where
    /// rows do not vary.
    pub explained: Vec<f64>,
}

impl Pca {
    /// The first `components` principal components (all d where there are fewer) of `rows`,
    /// `[n, d]`.
    ///
    /// # Errors
    /// Where rows are missing, empty, of unequal length, too wide, or hold a value that is not
    /// finite.
    pub fn fit(rows: &[Vec<f32>], components: usize) -> Result<Self, PcaError> {
        let columns = check(rows)?;
        let count = rows.len() as f64;
        let mut mean = vec![0.0; columns];
        for row in rows {
            mean.iter_mut().zip(row).for_each(|(mean, &value)| *mean += f64::from(value) / count);
        }
        let covariance = covariance(rows, &mean);
        let total: f64 = covariance.iter().enumerate().map(|(i, row)| row[i]).sum();
        let mut pairs = eigenpairs(covariance);
        pairs.truncate(components);
        let share = |value: f64| if total > 0.0 { (value / total).clamp(0.0, 1.0) } else { 0.0 };
        let explained = pairs.iter().map(|pair| share(pair.value)).collect();
        let components = pairs.into_iter().map(|pair| with_sign(pair.vector)).collect();
        Ok(Self { mean, components, explained })
    }

    /// Where `row` lies along the components, `[components]`, in the units of the columns; `None`
    /// where it has not d columns.
    pub fn project(&self, row: &[f32]) -> Option<Vec<f64>> {
        let along = |component: &Vec<f64>| {
            let centred = row.iter().zip(&self.mean).map(|(&value, mean)| f64::from(value) - mean);
            centred.zip(component).map(|(value, weight)| value * weight).sum()
        };
        (row.len() == self.mean.len()).then(|| self.components.iter().map(along).collect())
    }
}

/// The columns of rows that can be decomposed.
fn check(rows: &[Vec<f32>]) -> Result<usize, PcaError> {
    let expected = rows.first().map_or(0, Vec::len);
    if expected == 0 {
        return Err(PcaError::Empty);
    }
    if expected > MAX_DIMENSIONS {
        return Err(PcaError::TooWide { columns: expected });
    }
    for (number, row) in rows.iter().enumerate() {
        if row.len() != expected {
            return Err(PcaError::Ragged { row: number, columns: row.len(), expected });
        }
        if !row.iter().all(|value| value.is_finite()) {
            return Err(PcaError::NotFinite { row: number });
        }
    }
    Ok(expected)
}

/// The covariance `[d, d]` of rows around their mean.
fn covariance(rows: &[Vec<f32>], mean: &[f64]) -> Vec<Vec<f64>> {
    let columns = mean.len();
    let mut covariance = vec![vec![0.0; columns]; columns];
    let weight = 1.0 / rows.len().saturating_sub(1).max(1) as f64;
    for row in rows {
        let centred: Vec<f64> = row.iter().zip(mean).map(|(&value, mean)| f64::from(value) - mean).collect();
        for (i, sums) in covariance.iter_mut().enumerate() {
            let scaled = centred[i] * weight;
            sums[i..].iter_mut().zip(&centred[i..]).for_each(|(sum, value)| *sum += scaled * value);
        }
    }
    for i in 1..columns {
        let (above, below) = covariance.split_at_mut(i);
        above.iter().zip(&mut below[0]).for_each(|(row, cell)| *cell = row[i]);
    }
    covariance
}

/// Turned so that the first of the largest coordinates is positive.
fn with_sign(mut vector: Vec<f64>) -> Vec<f64> {
    let largest = vector.iter().fold(0.0f64, |a, &b| if b.abs() > a.abs() { b } else { a });
    if largest < 0.0 {
        vector.iter_mut().for_each(|value| *value = -*value);
    }
    vector
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Numbers from -0.5 to 0.5 that look drawn by chance.
    fn wobble(k: u32) -> f32 {
        let mixed = (k ^ k >> 15).wrapping_mul(0x85EB_CA6B);
        ((mixed ^ mixed >> 13).wrapping_mul(0xC2B2_AE35) >> 8) as f32 / (1 << 24) as f32 - 0.5
    }

    /// Rows that vary along `axis`, and a hundredth as much everywhere.
    fn planted(axis: &[f32], rows: u32) -> Vec<Vec<f32>> {
        let width = axis.len() as u32;
        let row = |r: u32| {
            let columns = axis.iter().zip(0..);
            columns.map(|(&it, c)| 5.0 + 4.0 * wobble(r + 1) * it + 0.01 * wobble(7919 + r * width + c)).collect()
        };
        (0..rows).map(row).collect()
    }

    #[test]
    fn a_planted_axis_is_found() {
        let axis = [-0.48, 0.64, 0.0, -0.6];
        let rows = planted(&axis, 300);
        let pca = Pca::fit(&rows, 2).unwrap();
        // The largest coordinate, the second, is positive.
        for (found, wanted) in pca.components[0].iter().zip(axis) {
            assert!((found - f64::from(wanted)).abs() < 0.01, "{:?}", pca.components[0]);
        }
        assert!(pca.explained[0] > 0.99 && pca.explained[1] < 0.01);
        let (low, high) = (pca.project(&rows[0]).unwrap()[0], pca.project(&rows[1]).unwrap()[0]);
        assert!((high - low - f64::from(4.0 * (wobble(2) - wobble(1)))).abs() < 0.02);
    }

    #[test]
    fn the_mean_is_the_origin_and_all_components_explain_everything() {
        let rows = planted(&[1.0, 1.0, 0.0], 50);
        let pca = Pca::fit(&rows, 99).unwrap();
        assert_eq!(pca.components.len(), 3);
        assert!((pca.explained.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let mean: Vec<f32> = pca.mean.iter().map(|&it| it as f32).collect();
        assert!(pca.project(&mean).unwrap().iter().all(|it| it.abs() < 1e-5));
        assert_eq!(pca.project(&[0.0]), None);
        assert_eq!(Pca::fit(&rows, 99).unwrap(), pca);
    }

    #[test]
    fn a_single_row_does_not_vary() {
        let pca = Pca::fit(&[vec![1.0, 2.0]], 2).unwrap();
        assert_eq!((pca.mean, pca.explained), (vec![1.0, 2.0], vec![0.0, 0.0]));
    }

    #[test]
    fn rows_that_cannot_be_decomposed_are_errors() {
        let fit = |rows: &[Vec<f32>]| Pca::fit(rows, 1).unwrap_err();
        assert_eq!(fit(&[]), PcaError::Empty);
        assert_eq!(fit(&[vec![]]), PcaError::Empty);
        assert_eq!(fit(&[vec![1.0], vec![]]), PcaError::Ragged { row: 1, columns: 0, expected: 1 });
        assert_eq!(fit(&[vec![1.0], vec![f32::NAN]]), PcaError::NotFinite { row: 1 });
        assert_eq!(fit(&[vec![0.0; MAX_DIMENSIONS + 1]]), PcaError::TooWide { columns: MAX_DIMENSIONS + 1 });
    }

    #[test]
    fn fewer_rows_than_columns_span_fewer_dimensions() {
        let rows: Vec<Vec<f32>> = (0..24u32).map(|r| (0..64).map(|c| wobble(r * 64 + c)).collect()).collect();
        let pca = Pca::fit(&rows, 64).unwrap();
        assert!(pca.explained.is_sorted_by(|a, b| a >= b));
        // 24 rows span 23 dimensions around their mean.
        assert!(pca.explained[22] > 1e-3 && pca.explained[23] < 1e-12);
    }
}
