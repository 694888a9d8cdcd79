//! A piece compared with itself: which bars are alike, and how far apart alike bars stand.
//!
//! The self-similarity matrix of a piece's bars (Foote 1999; Müller, *Fundamentals of Music
//! Processing*, 2015, chapter 4) has the similarity of bars i and j in its cell (i, j); repeated
//! sections show as lines beside the main diagonal. Averaged along its diagonals it becomes the lag
//! profile: how alike bars a given number of bars apart are. Music of four-bar phrases has peaks at
//! 4, 8, 12.
//!
//! Similarity is the cosine of [`BarNotes::features`], 0 to 1; bars without notes are like nothing,
//! so their cells have no value.

use crate::similarity::mean;
use crate::{BarNotes, FEATURES, Features, cosine};

/// The most bars of a matrix; later bars are left out.
pub const MAX_MATRIX_BARS: usize = 4096;
/// The largest lag of a profile, in bars.
pub const MAX_LAG: usize = 512;

/// The similarity of every bar of a piece with every other.
#[derive(Debug, Clone, PartialEq)]
pub struct SelfSimilarity {
    bars: usize,
    /// `[bars, bars]`, not-a-number where there is none; single precision halves what a long piece
    /// takes.
    cells: Vec<f32>,
}

impl SelfSimilarity {
    /// The matrix of the first [`MAX_MATRIX_BARS`] bars.
    pub fn new(bars: &[BarNotes]) -> Self {
        let features: Vec<Features> = bars.iter().take(MAX_MATRIX_BARS).map(BarNotes::features).collect();
        let count = features.len();
        let mut cells = vec![f32::NAN; count * count];
        for (i, a) in features.iter().enumerate() {
            for (j, b) in features.iter().enumerate().skip(i) {
                if let Some(similarity) = cosine(a, b) {
                    cells[i * count + j] = similarity as f32;
                    cells[j * count + i] = similarity as f32;
                }
            }
        }
        Self { bars: count, cells }
    }

    /// How many bars it has, in rows and in columns.
    pub fn bars(&self) -> usize {
        self.bars
    }

    /// The similarity of bars `i` and `j`, 0 to 1; `None` where either is empty or beyond the
    /// matrix.
    pub fn get(&self, i: usize, j: usize) -> Option<f64> {
        let inside = i < self.bars && j < self.bars;
        inside.then(|| f64::from(self.cells[i * self.bars + j])).filter(|similarity| !similarity.is_nan())
    }

    /// The rows, for a heat map; cells without a value are not-a-number.
    pub fn rows(&self) -> Vec<Vec<f64>> {
        self.cells.chunks(self.bars.max(1)).map(|row| row.iter().map(|&cell| f64::from(cell)).collect()).collect()
    }
}

/// The mean similarity of bars that are 1, 2, and so on to `max_lag` (at most [`MAX_LAG`]) bars
/// apart; `None` for lags at which no two bars with notes stand.
pub fn lag_profile(bars: &[BarNotes], max_lag: usize) -> Vec<Option<f64>> {
    let features: Vec<Features> = bars.iter().map(BarNotes::features).collect();
    let sounding: Vec<bool> = features.iter().map(|it| it != &[0.0; FEATURES]).collect();
    let at = |lag: usize| {
        let pairs = (lag..features.len()).filter(|&late| sounding[late] && sounding[late - lag]);
        mean(pairs.filter_map(|late| cosine(&features[late - lag], &features[late])))
    };
    (1..=max_lag.min(MAX_LAG)).map(at).collect()
}

/// The mean absolute difference of two lag profiles, 0 to 1, over the lags at which both have a
/// value; `None` where there is none.
pub fn profile_distance(a: &[Option<f64>], b: &[Option<f64>]) -> Option<f64> {
    mean(a.iter().zip(b).filter_map(|(a, b)| Some((a.as_ref()? - b.as_ref()?).abs())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bars;
    use crate::bars::tests::{note, piano};

    /// Bars A B A B, then silence, then A.
    fn song() -> Vec<BarNotes> {
        let a = |bar: u64| [note(16 * bar, 60, 1), note(16 * bar + 8, 64, 1)];
        let b = |bar: u64| [note(16 * bar + 4, 61, 1), note(16 * bar + 12, 66, 1)];
        bars(&piano(&[a(0), b(1), a(2), b(3), a(5)].concat()))
    }

    #[test]
    fn the_matrix_of_a_song_by_hand() {
        let matrix = SelfSimilarity::new(&song());
        assert_eq!(matrix.bars(), 6);
        let near = |cell: Option<f64>, value: f64| cell.is_some_and(|it| (it - value).abs() < 1e-6);
        assert!(near(matrix.get(0, 2), 1.0) && near(matrix.get(1, 3), 1.0) && near(matrix.get(5, 0), 1.0));
        assert!(near(matrix.get(0, 1), 0.0) && near(matrix.get(3, 5), 0.0));
        assert_eq!((matrix.get(4, 4), matrix.get(0, 6)), (None, None));
        assert_eq!(matrix.rows().len(), 6);
        assert!(matrix.rows()[4][0].is_nan());
        assert!(SelfSimilarity::new(&[]).rows().is_empty());
    }

    #[test]
    fn the_profile_has_peaks_where_music_returns() {
        let profile = lag_profile(&song(), 6);
        let shown: Vec<Option<f64>> = profile.iter().map(|it| it.map(|it| (it * 1e6).round() / 1e6)).collect();
        // Lag 2: A-A, B-B, and B (bar 3) with A (bar 5).
        assert_eq!(shown, [Some(0.0), Some(0.666667), Some(0.5), Some(0.0), Some(1.0), None]);
        assert_eq!(lag_profile(&song(), usize::MAX).len(), MAX_LAG);
        assert!(lag_profile(&[], 3).iter().all(Option::is_none));
    }

    #[test]
    fn profiles_are_as_far_apart_as_their_lags_say() {
        let (a, b) = ([Some(0.5), None, Some(1.0)], [Some(0.25), Some(1.0), Some(0.5), Some(0.0)]);
        assert_eq!(profile_distance(&a, &b), Some(0.375));
        assert_eq!(profile_distance(&a, &a), Some(0.0));
        assert_eq!(profile_distance(&[None], &[Some(1.0)]), None);
    }

    #[test]
    fn the_profile_is_the_mean_of_the_matrix_along_its_diagonals() {
        let song = song();
        let matrix = SelfSimilarity::new(&song);
        for (lag, value) in (1..).zip(lag_profile(&song, 5)) {
            let diagonal = mean((lag..6).filter_map(|j| matrix.get(j - lag, j)));
            assert!((diagonal.unwrap_or(-1.0) - value.unwrap_or(-1.0)).abs() < 1e-6);
        }
    }

    #[test]
    fn a_matrix_has_at_most_so_many_bars() {
        let bar = song().swap_remove(0);
        assert_eq!(SelfSimilarity::new(&vec![bar; MAX_MATRIX_BARS + 3]).bars(), MAX_MATRIX_BARS);
    }
}
