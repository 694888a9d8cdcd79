//! What a run composed, and how it compares with real music.

pub use leitmotif_measures::comparison::FeatureRow;
use leitmotif_train::Estimate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a run composed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Music {
    /// The pieces, by number.
    pub pieces: Vec<PieceFacts>,
    /// The test set whose songs are the real music.
    pub real: String,
    /// How many real songs (or passages of songs as long as the pieces) were measured.
    pub real_songs: usize,
    /// MusPy's measures, the figures of the texture and others that are one number a piece.
    pub measures: Vec<MeasureRow>,
    /// How certainly the pieces are distinguished from the real songs; `None` of too few, and in
    /// results of versions that did not test it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub two_sample: Option<TwoSample>,
    /// The nine features of Yang and Lerch.
    pub features: Vec<FeatureRow>,
    /// Fréchet distance of the pieces' embeddings from real ones, in the space of one of the
    /// study's own models.
    pub frechet: Option<FrechetFacts>,
    /// Originality.
    pub originality: Option<OriginalityFacts>,
}

/// One composed piece.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PieceFacts {
    /// Its number.
    pub number: u64,
    /// Its MIDI file, relative to the study's folder, with `/`.
    pub file: String,
    /// Notes.
    pub notes: usize,
    /// Seconds.
    pub seconds: f64,
}

/// One number a piece, composed beside real.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasureRow {
    /// Its name, such as `pitch-class entropy`.
    pub measure: String,
    /// Mean over the composed pieces that have it, with its interval over pieces.
    pub composed: Option<Estimate>,
    /// Mean over the real songs, with its interval over songs.
    pub real: Option<Estimate>,
}

/// How certainly a classifier distinguishes composed pieces from real songs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwoSample {
    /// The share of pieces and songs that it puts into the right set (0.5 by chance), with its
    /// interval over both.
    pub accuracy: Estimate,
    /// Every figure that varies, those by which the sets differ most first.
    pub figures: Vec<FigureShift>,
}

/// How one figure differs between composed pieces and real songs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FigureShift {
    /// Its name, as of a [`MeasureRow`].
    pub figure: String,
    /// The probability that a piece has more of it than a song (ties count half), with its
    /// interval: 0.5 where they do not differ.
    pub above: Estimate,
}

/// A Fréchet distance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrechetFacts {
    /// Whose embedding: the id of one of the study's runs.
    pub embedder: String,
    /// From composed to real passages.
    pub composed: f64,
    /// From one half of the real songs to the other: the scale.
    pub real: Option<f64>,
    /// Passages composed.
    pub composed_passages: usize,
    /// Real passages.
    pub real_passages: usize,
}

/// How much of what was composed stands in the training songs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OriginalityFacts {
    /// Longest run of notes in common with a training song, mean over pieces.
    pub longest_run: Option<Estimate>,
    /// The same for held-out human songs.
    pub human_longest_run: Option<Estimate>,
    /// Share of the n-grams that occur in training, by n; means over pieces.
    pub overlap: BTreeMap<usize, Estimate>,
    /// The same for held-out human songs.
    pub human_overlap: BTreeMap<usize, Estimate>,
    /// Piece by piece.
    pub pieces: Vec<PieceOriginality>,
}

/// One piece's nearest training passage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PieceOriginality {
    /// The piece's number.
    pub number: u64,
    /// Notes of the longest run in common.
    pub longest_run: usize,
    /// Share of held-out human songs whose longest run is shorter or as long, 0 to 100.
    pub percentile: Option<f64>,
    /// Where it stands: song, part and bar in words.
    pub nearest: Option<String>,
    /// Share of the n-grams that occur in training, by n.
    pub overlap: BTreeMap<usize, Option<f64>>,
}
