//! A critic: a classifier that has learnt to distinguish a model's pieces from songs, and so can
//! say which of several pieces is most like a song.
//!
//! It is a logistic regression on the figures of a piece ([`crate::texture`] and MusPy's measures)
//! and on their squares, since a figure may lie too high in one piece and too low in another. Of
//! several pieces the one with the highest log-odds is taken: rejection sampling from the model
//! towards the songs, as Azadi et al., *Discriminator rejection sampling* (ICLR 2019), do it with
//! the discriminator of an adversarial network.

use crate::bootstrap::Estimate;
use crate::comparison::{MeasuredPiece, MusicSet};
use crate::logistic::{Logistic, Scale};
use crate::two_sample::{self, LEAST_PIECES};
use leitmotif_score::Score;
use serde::{Deserialize, Serialize};

/// Resamples behind the interval of the accuracy.
const RESAMPLES: usize = 400;
/// Decides the folds and the interval.
const SEED: u64 = 0x6372_6974;

/// A critic that has been trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Critic {
    /// Songs of the training.
    pub songs: usize,
    /// Composed pieces of the training.
    pub pieces: usize,
    /// The log-odds of a piece all of whose figures are average.
    intercept: f64,
    figures: Vec<CriticFigure>,
}

/// What one figure says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CriticFigure {
    figure: String,
    mean: f64,
    deviation: f64,
    /// Log-odds a deviation.
    weight: f64,
    /// Log-odds a squared deviation.
    square: f64,
}

/// Why a critic cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CriticError {
    /// Not what this program writes.
    #[error("not a critic: {0}")]
    Json(#[from] serde_json::Error),
    /// Another version measures other figures.
    #[error("it knows the figure `{0}`, which this version does not measure")]
    Figure(String),
    /// Numbers that no training gives.
    #[error("the figure `{0}` has numbers that cannot have been learnt")]
    Numbers(String),
}

impl Critic {
    /// Trains on songs and composed pieces, at least [`LEAST_PIECES`] of each, and says how
    /// certainly it distinguishes pieces that it was not trained on (0.5 by chance). `None` of too
    /// few, or where they do not differ in any figure.
    pub fn train(songs: &MusicSet, pieces: &MusicSet) -> Option<(Self, Estimate)> {
        if songs.len().min(pieces.len()) < LEAST_PIECES {
            return None;
        }
        let all: Vec<&MeasuredPiece> = songs.pieces().iter().chain(pieces.pieces()).collect();
        let names: Vec<&'static str> = all.first()?.figures.iter().map(|(name, _)| *name).collect();
        let scale = |column: usize| Scale::of(all.iter().filter_map(move |piece| finite(piece.figures[column].1)));
        let columns: Vec<(usize, Scale)> = (0..names.len()).filter_map(|it| Some((it, scale(it)?))).collect();
        let row = |piece: &MeasuredPiece| -> Vec<f64> {
            let values = columns.iter().map(|(column, scale)| scale.apply(piece.figures[*column].1));
            values.flat_map(|value| [value, value * value]).collect()
        };
        let rows: Vec<Vec<f64>> = all.iter().map(|piece| row(piece)).collect();
        let labels: Vec<bool> = (0..rows.len()).map(|piece| piece < songs.len()).collect();
        let Logistic { weights, intercept } = Logistic::train(&rows, &labels)?;
        let figure = |(&(column, Scale { mean, deviation }), weights): (&(usize, Scale), &[f64])| CriticFigure {
            figure: names[column].to_owned(),
            mean,
            deviation,
            weight: weights[0],
            square: weights[1],
        };
        let figures = columns.iter().zip(weights.chunks_exact(2)).map(figure).collect();
        let accuracy = accuracy(&rows, songs.len())?;
        Some((Self { songs: songs.len(), pieces: pieces.len(), intercept, figures }, accuracy))
    }

    /// The log-odds of a piece's being a song: above 0 it is rather like the songs, below 0 rather
    /// like the composed pieces.
    pub fn log_odds(&self, score: &Score) -> f64 {
        let piece = MeasuredPiece::of(score);
        let one = |it: &CriticFigure| {
            let value = piece.figures.iter().find(|(name, _)| *name == it.figure).and_then(|(_, value)| *value);
            let value = Scale { mean: it.mean, deviation: it.deviation }.apply(value);
            it.weight * value + it.square * value * value
        };
        self.intercept + self.figures.iter().map(one).sum::<f64>()
    }

    /// Reads what [`Self::to_json`] wrote.
    ///
    /// # Errors
    /// [`CriticError`] for anything else.
    pub fn from_json(bytes: &[u8]) -> Result<Self, CriticError> {
        let critic: Self = serde_json::from_slice(bytes)?;
        let known = MeasuredPiece::of(&Score::default()).figures;
        for CriticFigure { figure, mean, deviation, weight, square } in &critic.figures {
            if known.iter().all(|(name, _)| name != figure) {
                return Err(CriticError::Figure(figure.clone()));
            }
            let finite = [mean, deviation, weight, square, &critic.intercept].into_iter().all(|it| it.is_finite());
            if !finite || *deviation <= 0.0 {
                return Err(CriticError::Numbers(figure.clone()));
            }
        }
        Ok(critic)
    }

    /// It as a file.
    ///
    /// # Errors
    /// [`CriticError::Json`], which does not happen with numbers that were learnt.
    pub fn to_json(&self) -> Result<Vec<u8>, CriticError> {
        Ok(serde_json::to_vec_pretty(self)?)
    }
}

/// How certainly rows are distinguished, the first `songs` of them from the others.
fn accuracy(rows: &[Vec<f64>], songs: usize) -> Option<Estimate> {
    let figures: Vec<two_sample::Figures> =
        rows.iter().map(|row| row.iter().map(|value| Some(*value)).collect()).collect();
    let options = two_sample::Options { paired: false, resamples: RESAMPLES, seed: SEED };
    Some(two_sample::two_sample(&figures[..songs], &figures[songs..], &[""], options)?.accuracy)
}

fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::bars::tests::{note, piano};
    use crate::bootstrap::{below, stream};
    use leitmotif_score::Note;

    /// Pieces of eight bars of quarter notes, each within a range that is drawn among `ranges`.
    fn pieces(count: usize, ranges: &[usize], seed: u64) -> Vec<Score> {
        let mut stream = stream(seed);
        let mut piece = |_| {
            let range = ranges[below(&mut stream, ranges.len())];
            let mut any = |quarter: u64| note(4 * quarter, 60 + below(&mut stream, range) as u8, 4);
            piano(&(0..32).map(&mut any).collect::<Vec<Note>>())
        };
        (0..count).map(&mut piece).collect()
    }

    fn trained(songs: &[usize], composed: &[usize]) -> (Critic, Estimate) {
        let set = |ranges: &[usize], seed| MusicSet::of(&pieces(60, ranges, seed));
        Critic::train(&set(songs, 1), &set(composed, 2)).unwrap()
    }

    #[test]
    fn it_prefers_what_is_like_the_songs_on_both_sides() {
        // Songs have a range of an octave; composed pieces have less or more.
        let (critic, accuracy) = trained(&[12], &[4, 30]);
        assert!(accuracy.low > 0.8, "{accuracy:?}");
        let mean = |ranges: &[usize]| {
            let of = pieces(20, ranges, 3);
            of.iter().map(|piece| critic.log_odds(piece)).sum::<f64>() / 20.0
        };
        let (like, narrow, wide) = (mean(&[12]), mean(&[4]), mean(&[30]));
        assert!(like > 0.5 && narrow < -0.5 && wide < -0.5, "{like} {narrow} {wide}");
    }

    #[test]
    fn it_knows_nothing_where_there_is_nothing_to_know() {
        let (_, accuracy) = trained(&[12], &[12]);
        assert!(accuracy.low < 0.5 + 0.1 && accuracy.value < 0.65, "{accuracy:?}");
        assert!(Critic::train(&MusicSet::of(&pieces(3, &[12], 1)), &MusicSet::of(&pieces(9, &[5], 1))).is_none());
        let same = MusicSet::of(&vec![Score::default(); 9]);
        assert!(Critic::train(&same, &same).is_none());
    }

    #[test]
    fn what_is_written_is_read_and_what_is_damaged_refused() {
        let (critic, _) = trained(&[12], &[4]);
        let json = String::from_utf8(critic.to_json().unwrap()).unwrap();
        let read = Critic::from_json(json.as_bytes()).unwrap();
        let piece = &pieces(1, &[9], 5)[0];
        assert!((read.log_odds(piece) - critic.log_odds(piece)).abs() < 1e-9);
        assert!(critic.log_odds(&Score::default()).is_finite());
        let renamed = json.replacen("pitches used", "no such figure", 1);
        assert!(matches!(Critic::from_json(renamed.as_bytes()), Err(CriticError::Figure(_))));
        let figure = &critic.figures[0];
        let deviation = serde_json::to_string(&figure.deviation).unwrap();
        let flat = json.replacen(&format!("\"deviation\": {deviation}"), "\"deviation\": 0.0", 1);
        assert!(matches!(Critic::from_json(flat.as_bytes()), Err(CriticError::Numbers(_))), "{flat}");
        assert!(matches!(Critic::from_json(b"[]"), Err(CriticError::Json(_))));
    }
}
