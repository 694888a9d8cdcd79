//! Eigenvalues and eigenvectors of symmetric matrices, by Jacobi's method.
//!
//! Cyclic sweeps of plane rotations, each of which zeroes one pair of off-diagonal elements (Golub
//! and Van Loan, *Matrix Computations*, section 8.5). Slower than the QR algorithm, but short,
//! accurate to the last digits, and the same everywhere: the order of the rotations is fixed.

/// Sweeps after which rotating stops; convergence is quadratic, and ten are enough for hundreds of
/// dimensions.
const MAX_SWEEPS: usize = 30;
/// Off-diagonal elements below this part of the matrix's size count as zero.
const TOLERANCE: f64 = 1e-14;

/// An eigenvalue with its eigenvector, of length 1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Eigenpair {
    pub value: f64,
    pub vector: Vec<f64>,
}

/// The eigenpairs of a symmetric matrix `[d, d]` of finite values, in rows, the largest eigenvalue
/// first.
pub(crate) fn eigenpairs(mut matrix: Vec<Vec<f64>>) -> Vec<Eigenpair> {
    let d = matrix.len();
    let mut vectors: Vec<Vec<f64>> = (0..d).map(|i| (0..d).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    let size = matrix.iter().flatten().map(|value| value * value).sum::<f64>().sqrt();
    for _ in 0..MAX_SWEEPS {
        let mut rotated = false;
        for p in 0..d {
            for q in p + 1..d {
                if matrix[p][q].abs() > TOLERANCE * size / d as f64 {
                    rotate(&mut matrix, &mut vectors, p, q);
                    rotated = true;
                }
            }
        }
        if !rotated {
            break;
        }
    }
    let values = matrix.iter().enumerate().map(|(i, row)| row[i]);
    let mut pairs: Vec<Eigenpair> = values.zip(vectors).map(|(value, vector)| Eigenpair { value, vector }).collect();
    pairs.sort_by(|a, b| b.value.total_cmp(&a.value));
    pairs
}

/// Zeroes element (p, q) of the matrix; the rows of `vectors` turn along.
fn rotate(matrix: &mut [Vec<f64>], vectors: &mut [Vec<f64>], p: usize, q: usize) {
    let (app, aqq, apq) = (matrix[p][p], matrix[q][q], matrix[p][q]);
    let theta = (aqq - app) / (2.0 * apq);
    let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    turn(matrix, p, q, cosine, sine);
    turn(vectors, p, q, cosine, sine);
    // Rows are turned; the columns follow by symmetry, but for the four elements where both meet.
    for k in (0..matrix.len()).filter(|&k| k != p && k != q) {
        matrix[k][p] = matrix[p][k];
        matrix[k][q] = matrix[q][k];
    }
    matrix[p][p] = app - tangent * apq;
    matrix[q][q] = aqq + tangent * apq;
    (matrix[p][q], matrix[q][p]) = (0.0, 0.0);
}

fn turn(rows: &mut [Vec<f64>], p: usize, q: usize, cosine: f64, sine: f64) {
    let (before, from_q) = rows.split_at_mut(q);
    for (a, b) in before[p].iter_mut().zip(&mut from_q[0]) {
        (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dot(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn a_matrix_by_hand() {
        let pairs = eigenpairs(vec![vec![2.0, 1.0], vec![1.0, 2.0]]);
        assert!((pairs[0].value - 3.0).abs() < 1e-14 && (pairs[1].value - 1.0).abs() < 1e-14);
        assert!((pairs[0].vector[0] - pairs[0].vector[1]).abs() < 1e-14);
        assert_eq!(eigenpairs(vec![]), []);
        assert_eq!(eigenpairs(vec![vec![0.0; 3]; 3]).len(), 3);
    }

    proptest! {
        #[test]
        fn eigenvectors_are_orthonormal_and_only_stretched(d in 1usize..9, values in prop::collection::vec(-9.0..9.0f64, 64)) {
            let element = |i: usize, j: usize| values[8 * i.min(j) + i.max(j)];
            let matrix: Vec<Vec<f64>> = (0..d).map(|i| (0..d).map(|j| element(i, j)).collect()).collect();
            let pairs = eigenpairs(matrix.clone());
            for (i, pair) in pairs.iter().enumerate() {
                for (j, other) in pairs.iter().enumerate() {
                    prop_assert!((dot(&pair.vector, &other.vector) - f64::from(u8::from(i == j))).abs() < 1e-12);
                }
                for (row, coordinate) in matrix.iter().zip(&pair.vector) {
                    prop_assert!((dot(row, &pair.vector) - pair.value * coordinate).abs() < 1e-11);
                }
            }
        }
    }
}
