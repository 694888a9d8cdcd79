//! How like the source a reconstruction is, and how many of its notes it has.

use super::error::LatentsError;
use super::estimates::{by_song, difference, mean};
use super::experiment::Experiment;
use super::songs::Song;
use leitmotif_compose::latent::{reconstruction, splice};
use leitmotif_measures::{
    BarNotes, Estimate, Matching, NoteAccuracy, bars, chroma_similarity, groove_similarity, note_accuracy,
};
use leitmotif_score::Score;
use serde::Serialize;

/// Names the section's chance.
const SECTION: u64 = 2;
/// Names the choice of other songs.
const OTHERS: u64 = 3;

/// Reconstructions beside their sources.
#[derive(Debug, Serialize)]
pub struct Fidelity {
    /// By pitch classes.
    pub chroma: Compared,
    /// By onsets.
    pub groove: Compared,
}

/// How like the source it is, 0 to 1, bar by bar.
#[derive(Debug, Serialize)]
pub struct Compared {
    /// The reconstruction.
    pub reconstruction: Option<Estimate>,
    /// Other held-out songs: of each song the mean over all others.
    pub other_song: Option<Estimate>,
    /// The one less the other, song by song.
    pub difference: Option<Estimate>,
}

/// Notes of the source that are found again at their place, of all songs together.
#[derive(Debug, Serialize)]
pub struct Sampled {
    /// Notes of the sources.
    pub source_notes: usize,
    /// Notes of the reconstructions.
    pub reconstructed_notes: usize,
    /// The share of the reconstructions' notes that are the sources'.
    pub precision: Option<Estimate>,
    /// The share of the sources' notes that the reconstructions have.
    pub recall: Option<Estimate>,
    /// Their harmonic mean.
    pub f1: Option<Estimate>,
    /// The same of another held-out song in place of the reconstruction.
    pub other_song_f1: Option<Estimate>,
}

/// Every song written anew from its own latents.
pub fn reconstructions(experiment: &Experiment<'_>) -> Result<Vec<Score>, LatentsError> {
    experiment.each("reconstruction", experiment.songs.len(), experiment.bars(), |number, progress| {
        let song = &experiment.songs[number];
        let seed = experiment.rng(SECTION, number).draw();
        let filled = experiment.fill(song, &reconstruction(&song.source), seed, progress)?;
        Ok(splice(experiment.subject.representation, &song.source, &filled)?)
    })
}

/// Another song for each song, at random.
pub fn others<'b>(experiment: &Experiment<'b>) -> Vec<&'b Song> {
    let songs = experiment.songs;
    (0..songs.len()).map(|song| &songs[experiment.rng(OTHERS, song).other(song, songs.len())]).collect()
}

/// Compares bar by bar.
pub fn measure(experiment: &Experiment<'_>, reconstructions: &[Score]) -> Fidelity {
    let (songs, anew): (_, Vec<_>) = (experiment.songs, reconstructions.iter().map(bars).collect());
    let compared = |similarity: fn(&[BarNotes], &[BarNotes]) -> Option<f64>| {
        let own: Vec<_> = songs.iter().zip(&anew).map(|(song, anew)| similarity(&song.bars, anew)).collect();
        let to_others = |number: usize| {
            let others = songs.iter().enumerate().filter(|(other, _)| *other != number);
            let alike: Vec<f64> =
                others.filter_map(|(_, other)| similarity(&songs[number].bars, &other.bars)).collect();
            (!alike.is_empty()).then(|| alike.iter().sum::<f64>() / alike.len() as f64)
        };
        let other: Vec<_> = (0..songs.len()).map(to_others).collect();
        Compared {
            reconstruction: mean(&own, experiment.seed()),
            other_song: mean(&other, experiment.seed()),
            difference: difference(&own, &other, experiment.seed()),
        }
    };
    Fidelity { chroma: compared(chroma_similarity), groove: compared(groove_similarity) }
}

/// Counts the notes that are found again.
pub fn sampled(experiment: &Experiment<'_>, reconstructions: &[Score]) -> Sampled {
    let of = |song: &Song, other: &Score| note_accuracy(&song.source.score, other, Matching::default());
    let own: Vec<NoteAccuracy> =
        experiment.songs.iter().zip(reconstructions).map(|(song, anew)| of(song, anew)).collect();
    let others = others(experiment);
    let other: Vec<NoteAccuracy> = experiment.songs.iter().zip(&others).map(|(a, b)| of(a, &b.source.score)).collect();
    let all: NoteAccuracy = own.iter().copied().sum();
    let pooled = |songs: &[NoteAccuracy], of: fn(&NoteAccuracy) -> Option<f64>| {
        by_song(songs.len(), experiment.seed(), |chosen| of(&chosen.iter().map(|&song| songs[song]).sum()))
    };
    Sampled {
        source_notes: all.source,
        reconstructed_notes: all.reconstruction,
        precision: pooled(&own, NoteAccuracy::precision),
        recall: pooled(&own, NoteAccuracy::recall),
        f1: pooled(&own, NoteAccuracy::f1),
        other_song_f1: pooled(&other, NoteAccuracy::f1),
    }
}
