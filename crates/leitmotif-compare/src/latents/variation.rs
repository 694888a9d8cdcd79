//! Whether a larger amount of variation changes more, and nothing beyond the bars that are to
//! change.

use super::error::LatentsError;
use super::estimates::{correlation, mean};
use super::experiment::Experiment;
use super::songs::Song;
use leitmotif_compose::latent::{splice, variation};
use leitmotif_measures::{BarNotes, Estimate, bars, likeness};
use leitmotif_score::Score;
use serde::Serialize;
use std::ops::Range;

/// Names the section's chance.
const SECTION: u64 = 5;
/// How far latents are moved.
const AMOUNTS: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
/// The bars that are varied of a song that has them, from 0.
const BARS: Range<usize> = 8..16;

/// What varying did.
#[derive(Debug, Serialize)]
pub struct Variation {
    /// Bars that were varied in songs that have them, numbered from 1; of shorter songs the middle
    /// half was.
    pub bars: [usize; 2],
    /// By amount.
    pub amounts: Vec<Amount>,
    /// Spearman's correlation of amount and distance.
    pub correlation: Option<Estimate>,
    /// Songs in which all other bars stayed as they were, whatever the amount.
    pub untouched: usize,
    /// Songs that were varied.
    pub songs: usize,
}

/// What one amount did.
#[derive(Debug, Serialize)]
pub struct Amount {
    /// How far.
    pub amount: f64,
    /// How unlike the source the bars are, 0 to 1.
    pub distance: Option<Estimate>,
}

/// The distances of one song by amount, and whether its other bars stayed.
type Varied = (Vec<Option<f64>>, bool);

/// Varies all songs by all amounts.
pub fn measure(experiment: &Experiment<'_>) -> Result<Variation, LatentsError> {
    let jobs = experiment.songs.len() * AMOUNTS.len();
    let varied = experiment.each("variation", jobs, AMOUNTS.len() * experiment.bars(), |job, progress| {
        let (number, amount) = (job / AMOUNTS.len(), AMOUNTS[job % AMOUNTS.len()]);
        let song = &experiment.songs[number];
        let range = range(song.source.bars.len());
        // The same chance whatever the amount.
        let mut rng = experiment.rng(SECTION, number);
        let tasks = variation(&song.source, range.clone(), amount, rng.draw())?;
        let filled = experiment.fill(song, &tasks, rng.draw(), progress)?;
        let score = splice(experiment.subject.representation, &song.source, &filled)?;
        Ok((distance(song, &score, &range), is_untouched(&song.source.score, &score, &range)))
    })?;
    let songs: Vec<Varied> = varied
        .chunks(AMOUNTS.len())
        .map(|song| (song.iter().map(|it| it.0).collect(), song.iter().all(|it| it.1)))
        .collect();
    let amount = |(place, amount): (usize, f64)| {
        let distances: Vec<Option<f64>> = songs.iter().map(|song| song.0[place]).collect();
        Amount { amount, distance: mean(&distances, experiment.seed()) }
    };
    let observations = songs.iter().enumerate().flat_map(|(number, song)| {
        AMOUNTS.iter().zip(&song.0).filter_map(move |(&amount, distance)| Some((number, amount, (*distance)?)))
    });
    Ok(Variation {
        bars: [BARS.start + 1, BARS.end],
        amounts: AMOUNTS.into_iter().enumerate().map(amount).collect(),
        correlation: correlation(&observations.collect::<Vec<_>>(), experiment.seed()),
        untouched: songs.iter().filter(|song| song.1).count(),
        songs: songs.len(),
    })
}

/// The bars to vary of a piece that has so many.
fn range(bars: usize) -> Range<usize> {
    if bars >= BARS.end { BARS } else { bars / 4..(bars / 4 + bars.div_ceil(2)).min(bars) }
}

/// One less the likeness, in the bars of the range.
fn distance(song: &Song, varied: &Score, range: &Range<usize>) -> Option<f64> {
    let varied = bars(varied);
    let cut = |bars: &[BarNotes]| bars.get(range.start..range.end.min(bars.len())).unwrap_or(&[]).to_vec();
    let (before, after) = (cut(&song.bars), cut(&varied));
    likeness(&before, &after).map(|likeness| 1.0 - likeness)
}

/// Whether the notes that begin in bars beyond the range are the same.
fn is_untouched(before: &Score, after: &Score, range: &Range<usize>) -> bool {
    let beyond = |score: &Score| -> Vec<_> {
        let all = bars(score).into_iter().filter(|bar| !range.contains(&bar.bar.index));
        all.flat_map(|bar| bar.notes).collect()
    };
    beyond(&before.with_resolution(after.resolution)) == beyond(after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use leitmotif_score::{Instrument, Note, Part, Ticks};

    #[test]
    fn short_pieces_vary_in_their_middle() {
        assert_eq!([range(32), range(16), range(8), range(3), range(1)], [8..16, 8..16, 2..6, 0..2, 0..1]);
    }

    #[test]
    fn only_notes_beyond_the_range_must_stay() {
        let note = |bar: u64, pitch| Note { onset: Ticks(1920 * bar), duration: Ticks(480), pitch, velocity: 64 };
        let score = |pitches: [u8; 3]| {
            let notes = (0..).zip(pitches).map(|(bar, pitch)| note(bar, pitch)).collect();
            let part = Part { name: String::new(), instrument: Instrument::Program(0), notes };
            Score { parts: vec![part], ..Score::default() }
        };
        let before = score([60, 62, 64]);
        assert!(is_untouched(&before, &score([60, 99, 64]), &(1..2)));
        assert!(!is_untouched(&before, &score([60, 62, 65]), &(1..2)));
    }
}
