//! Rank correlation.

/// The rank of each value, from 1; values that are equal share the mean of their ranks.
/// Not-a-number ranks by `f64::total_cmp`.
pub fn mid_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = before as f64 + (tied.len() as f64 + 1.0) / 2.0;
        tied.iter().for_each(|&index| ranks[index] = rank);
        before += tied.len();
    }
    ranks
}

/// Spearman's rank correlation, -1 to 1: Pearson's correlation of the mid-ranks. `None` where the
/// two differ in length, have fewer than two values or one that is not finite, or where either does
/// not vary.
pub fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    let finite = x.iter().chain(y).all(|value| value.is_finite());
    if x.len() != y.len() || !finite {
        return None;
    }
    pearson(&mid_ranks(x), &mid_ranks(y))
}

/// Pearson's correlation; `None` where either does not vary.
fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    let count = x.len() as f64;
    let (mean_x, mean_y) = (x.iter().sum::<f64>() / count, y.iter().sum::<f64>() / count);
    let (mut product, mut square_x, mut square_y) = (0.0, 0.0, 0.0);
    for (dx, dy) in x.iter().map(|x| x - mean_x).zip(y.iter().map(|y| y - mean_y)) {
        product += dx * dy;
        square_x += dx * dx;
        square_y += dy * dy;
    }
    let scale = square_x.sqrt() * square_y.sqrt();
    (scale > 0.0).then(|| (product / scale).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranks_of_equal_values_are_shared() {
        assert_eq!(mid_ranks(&[30.0, 10.0, 20.0, 20.0]), [4.0, 1.0, 2.5, 2.5]);
        assert_eq!(mid_ranks(&[0.0, -0.0]), [1.5, 1.5]);
        assert!(mid_ranks(&[]).is_empty());
    }

    #[test]
    fn correlations_by_hand() {
        // Without ties: 1 - 6 Σd² / (n (n² - 1)) = 1 - 6 * 8 / 120.
        let rho = spearman(&[1.0, 2.0, 3.0, 4.0, 5.0], &[2.0, 1.0, 4.0, 5.0, 3.0]);
        assert!(rho.is_some_and(|it| (it - 0.6).abs() < 1e-12), "{rho:?}");
        // With ties: ranks 1, 2.5, 2.5, 4 and 1, 4, 2.5, 2.5.
        let rho = spearman(&[1.0, 2.0, 2.0, 3.0], &[1.0, 3.0, 2.0, 2.0]);
        assert!(rho.is_some_and(|it| (it - 0.5).abs() < 1e-12), "{rho:?}");
    }

    #[test]
    fn what_does_not_vary_has_no_correlation() {
        assert_eq!(spearman(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(spearman(&[1.0], &[1.0]), None);
        assert_eq!(spearman(&[], &[]), None);
        assert_eq!(spearman(&[1.0, 2.0], &[1.0, 2.0, 3.0]), None);
        assert_eq!(spearman(&[1.0, f64::NAN], &[1.0, 2.0]), None);
    }

    proptest! {
        #[test]
        fn monotone_changes_keep_it(values in prop::collection::vec((-30i8..30, -30i8..30), 2..40)) {
            let (x, y): (Vec<f64>, Vec<f64>) = values.iter().map(|&(x, y)| (f64::from(x), f64::from(y))).unzip();
            let rising: Vec<f64> = x.iter().map(|x| (x / 10.0).exp()).collect();
            let falling: Vec<f64> = x.iter().map(|x| -x.powi(3)).collect();
            if let Some(one) = spearman(&x, &rising) {
                prop_assert!((one - 1.0).abs() < 1e-12);
                prop_assert!((spearman(&x, &falling).unwrap_or(0.0) + 1.0).abs() < 1e-12);
            }
            let (rho, same) = (spearman(&x, &y), spearman(&rising, &y));
            prop_assert!(rho.unwrap_or(0.0) - same.unwrap_or(0.0) < 1e-12);
            prop_assert_eq!(rho.is_some(), same.is_some());
        }
    }
}
