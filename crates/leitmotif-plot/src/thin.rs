//! Thinning long curves without changing how they look.
//!
//! A run logs far more points than a picture has columns. Of the points in one column only the
//! first, the lowest, the highest and the last can be seen (M4: Jugel et al., *VLDB* 2014).

/// Keeps, of every run of points that share a column `1 / columns_per_unit` wide, the first,
/// lowest, highest and last. Points must be in drawing order; their order is kept.
pub(crate) fn thin(points: &[(f64, f64)], columns_per_unit: f64) -> Vec<(f64, f64)> {
    let column = |point: &(f64, f64)| (point.0 * columns_per_unit).floor();
    let mut kept = Vec::new();
    for run in points.chunk_by(|a, b| column(a) == column(b)) {
        let by_height = |a: &usize, b: &usize| run[*a].1.total_cmp(&run[*b].1);
        let lowest = (0..run.len()).min_by(by_height).unwrap_or(0);
        let highest = (0..run.len()).max_by(by_height).unwrap_or(0);
        let mut chosen = [0, lowest, highest, run.len() - 1];
        chosen.sort_unstable();
        let mut last = None;
        for index in chosen {
            if last != Some(index) {
                kept.push(run[index]);
            }
            last = Some(index);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_curves_are_untouched() {
        let points = [(0.0, 1.0), (1.0, 2.0), (2.0, 0.5)];
        assert_eq!(thin(&points, 1.0), points);
    }

    #[test]
    fn long_curves_keep_their_extremes_and_ends() {
        let points: Vec<(f64, f64)> =
            (0..100_000).map(|k| (f64::from(k) / 100.0, f64::from(k * 7919 % 1009))).collect();
        let kept = thin(&points, 1.0);
        assert!(kept.len() <= 4 * 1000 && kept.len() > 1000);
        assert_eq!((kept[0], kept[kept.len() - 1]), (points[0], points[points.len() - 1]));
        assert!(kept.iter().any(|p| p.1 == 1008.0) && kept.iter().any(|p| p.1 == 0.0));
    }
}
