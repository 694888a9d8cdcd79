//! Composed pieces beside real ones: every figure with its interval, the features of Yang and
//! Lerch, and a two-sample test.
//!
//! [`MusicSet`] measures pieces once; [`MusicComparison`] sets one set beside another. Lengths
//! should not decide: cut real songs to the length of the pieces with [`opening`] first.
//!
//! The same pieces give the same numbers; intervals come from a fixed seed.

mod piece;

use crate::bootstrap::{Estimate, bootstrap_mean};
use crate::profile_distance;
use crate::texture::Texture;
use crate::two_sample::{self, TwoSample, two_sample};
use crate::yang_lerch::{self, FeatureComparison};
use leitmotif_score::Score;
use piece::MOST_LAG;
pub(crate) use piece::MeasuredPiece;
use serde::{Deserialize, Serialize};

/// Resamples behind every interval.
pub const RESAMPLES: usize = 2000;
/// The most pieces of a set that a classifier looks at; of more, as many evenly spaced ones.
pub const MOST_CLASSIFIED: usize = 256;
/// Fixed, so that the same pieces give the same intervals.
const SEED: u64 = 0x6D75_7369;
/// What the row of the bars' self-similarity is called.
const SELF_SIMILARITY: &str = "self-similarity, distance from the real mean profile";

/// The first `bars` bars of a score from the bar of its first note on; all of a shorter one.
pub fn opening(score: &Score, bars: usize) -> Score {
    let onsets = score.parts.iter().flat_map(|part| &part.notes).map(|note| note.onset);
    let first = onsets.min().unwrap_or_default();
    let mut cut = score.bars().skip_while(|bar| bar.end() <= first).take(bars);
    let Some(start) = cut.next() else { return score.clone() };
    let end = cut.last().unwrap_or(start).end();
    score.excerpt(start.start, end)
}

/// Pieces, measured.
#[derive(Debug, Clone, Default)]
pub struct MusicSet(Vec<MeasuredPiece>);

impl MusicSet {
    /// Measures pieces.
    pub fn of(scores: &[Score]) -> Self {
        Self(scores.iter().map(MeasuredPiece::of).collect())
    }

    /// How many pieces there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The pieces as numbers.
    pub(crate) fn pieces(&self) -> &[MeasuredPiece] {
        &self.0
    }

    /// The two-sample test of this set and another, by their texture; `None` of too few pieces.
    /// `paired` if piece n of both belong together.
    pub fn two_sample_test(&self, other: &Self, paired: bool) -> Option<TwoSample> {
        let options = two_sample::Options { paired, resamples: RESAMPLES, seed: SEED };
        let figures = |set: &Self| -> Vec<two_sample::Figures> {
            let count = set.len().min(MOST_CLASSIFIED);
            let piece = |index: usize| &set.0[index * set.len() / count].texture;
            (0..count).map(|index| piece(index).iter().map(|(_, value)| *value).collect()).collect()
        };
        let names = Texture::default().figures().map(|(name, _)| name);
        two_sample(&figures(self), &figures(other), &names, options)
    }
}

/// One figure of both sets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FigureRow {
    /// What it is called, with its unit where it has one.
    pub figure: String,
    /// Its mean over the composed pieces that have it, with its interval over pieces.
    pub composed: Option<Estimate>,
    /// The same of the real ones.
    pub real: Option<Estimate>,
    /// Whether the two intervals have no value in common.
    pub apart: bool,
}

/// One of the nine features of Yang and Lerch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureRow {
    /// What it is called.
    pub feature: String,
    /// The mean distance between composed pieces.
    pub intra_composed: Option<f64>,
    /// The mean distance between real ones.
    pub intra_real: Option<f64>,
    /// The mean distance from composed to real ones.
    pub inter: Option<f64>,
    /// The overlap of the densities of the distances within the composed pieces and to real ones, 0
    /// to 1.
    pub overlap: Option<f64>,
    /// Their divergence, nats.
    pub kl: Option<f64>,
}

/// Composed pieces beside real ones.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MusicComparison {
    /// Composed pieces.
    pub composed: usize,
    /// Real ones.
    pub real: usize,
    /// MusPy's measures, the figures of the texture, and how far the likeness of bars over their
    /// distance lies from the real pieces' mean.
    pub figures: Vec<FigureRow>,
    /// The nine features of Yang and Lerch.
    pub features: Vec<FeatureRow>,
    /// How certainly composed pieces are distinguished from real ones, and by what; `None` of too
    /// few.
    pub two_sample: Option<TwoSample>,
}

impl MusicComparison {
    /// Compares two sets; `paired` if piece n was composed after real piece n.
    pub fn of(composed: &MusicSet, real: &MusicSet, paired: bool) -> Self {
        Self {
            composed: composed.len(),
            real: real.len(),
            figures: figures(composed, real),
            features: features(composed, real),
            two_sample: composed.two_sample_test(real, paired),
        }
    }
}

fn figures(composed: &MusicSet, real: &MusicSet) -> Vec<FigureRow> {
    let column = |set: &MusicSet, at: usize| estimate(set.0.iter().filter_map(|piece| piece.figures[at].1));
    let names = MeasuredPiece::of(&Score::default()).figures;
    let mut rows: Vec<FigureRow> =
        (0..).zip(&names).map(|(at, (name, _))| row(name, column(composed, at), column(real, at))).collect();
    let typical: Vec<Option<f64>> = (0..MOST_LAG)
        .map(|lag| crate::similarity::mean(real.0.iter().filter_map(|piece| piece.lags.get(lag).copied().flatten())))
        .collect();
    let away = |set: &MusicSet| estimate(set.0.iter().filter_map(|piece| profile_distance(&piece.lags, &typical)));
    rows.push(row(SELF_SIMILARITY, away(composed), away(real)));
    rows
}

fn row(figure: &str, composed: Option<Estimate>, real: Option<Estimate>) -> FigureRow {
    let apart = composed.zip(real).is_some_and(|(a, b)| a.high < b.low || b.high < a.low);
    FigureRow { figure: figure.to_owned(), composed, real, apart }
}

fn features(composed: &MusicSet, real: &MusicSet) -> Vec<FeatureRow> {
    let of = |set: &MusicSet| set.0.iter().map(|piece| piece.features.clone()).collect::<Vec<_>>();
    let row = |it: FeatureComparison| FeatureRow {
        feature: it.feature.title().to_owned(),
        intra_composed: it.intra_generated.map(|distances| distances.mean),
        intra_real: it.intra_real.map(|distances| distances.mean),
        inter: it.inter.map(|distances| distances.mean),
        overlap: it.generated_agreement.map(|agreement| agreement.overlap),
        kl: it.generated_agreement.map(|agreement| agreement.kl),
    };
    yang_lerch::compare(&of(composed), &of(real)).into_iter().map(row).collect()
}

fn estimate(values: impl Iterator<Item = f64>) -> Option<Estimate> {
    bootstrap_mean(&values.collect::<Vec<_>>(), RESAMPLES, SEED)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::bars::tests::{note, piano};
    use crate::bootstrap::{below, stream};
    use leitmotif_score::{Note, Ticks};

    /// Pieces of eight bars of quarter notes among so many pitches.
    fn set(pieces: usize, pitches: usize, seed: u64) -> Vec<Score> {
        let mut stream = stream(seed);
        let mut piece = |_| {
            let mut any = |quarter: u64| note(4 * quarter, 60 + below(&mut stream, pitches) as u8, 4);
            piano(&(0..32).map(&mut any).collect::<Vec<Note>>())
        };
        (0..pieces).map(&mut piece).collect()
    }

    fn compared(composed: &[Score], real: &[Score]) -> MusicComparison {
        MusicComparison::of(&MusicSet::of(composed), &MusicSet::of(real), false)
    }

    #[test]
    fn sets_of_two_kinds_are_apart_in_what_differs() {
        let it = compared(&set(12, 3, 1), &set(16, 24, 2));
        assert_eq!((it.composed, it.real, it.features.len()), (12, 16, 9));
        let row = |name: &str| it.figures.iter().find(|row| row.figure == name).unwrap();
        let range = row("range of a part (semitones)");
        assert!(range.apart && range.composed.unwrap().value == 2.0 && range.real.unwrap().value > 15.0, "{range:?}");
        let notes = row("notes a bar");
        assert!(!notes.apart && notes.real.unwrap().value == 4.0, "{notes:?}");
        assert_eq!(it.two_sample.as_ref().map(|it| it.accuracy.value), Some(1.0));
        assert_eq!(it.features[0].feature, "pitch count");
        assert_eq!(it, compared(&set(12, 3, 1), &set(16, 24, 2)));
    }

    #[test]
    fn every_row_has_its_own_name() {
        let it = compared(&set(2, 5, 1), &set(2, 5, 2));
        let mut names: Vec<&str> = it.figures.iter().map(|row| row.figure.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), it.figures.len());
        assert!(it.two_sample.is_none(), "too few pieces");
        assert!(compared(&[], &[]).figures.iter().all(|row| row.composed.is_none() && !row.apart));
    }

    #[test]
    fn an_opening_begins_at_the_bar_of_the_first_note() {
        let piece = piano(&[note(18, 60, 4), note(34, 62, 40), note(66, 64, 4)]);
        let cut = opening(&piece, 2);
        let notes: Vec<_> = cut.parts[0].notes.iter().map(|it| (it.onset, it.pitch, it.duration)).collect();
        assert_eq!(notes, [(Ticks(2), 60, Ticks(4)), (Ticks(18), 62, Ticks(14))]);
        assert_eq!(opening(&piece, 99).note_count(), 3);
        assert_eq!(opening(&Score::default(), 4), Score::default());
    }
}
