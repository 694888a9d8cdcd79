//! One model's predictions in several keys, averaged.
//!
//! A model's predictions of a piece and of the same piece a tone higher are two predictions of the
//! same notes. Their mean is a probability too, and usually a better one, as that of several models
//! is.

use leitmotif_events::Representation;
use leitmotif_model::{ModelDescription, Scorer, ScoringSession, Segment};

/// The farthest transposition, in semitones.
pub const MAX_TRANSPOSITIONS: u8 = 6;

/// Scores by the mean of what a model predicts in all keys up to so many semitones away.
///
/// For each field of each event, the mean of its probabilities in those keys that hold all of the
/// piece so far. A key that cannot hold the event itself gives it no probability, and is left out
/// from there to the piece's end. So what comes later in a piece does not affect how it is scored,
/// and the probabilities of all values sum to at most 1.
pub struct TransposedScorer<'a> {
    scorer: &'a dyn Scorer,
    representation: &'a dyn Representation,
    most: i8,
}

impl<'a> TransposedScorer<'a> {
    /// A scorer in `2 most + 1` keys; `most` is from 0 to [`MAX_TRANSPOSITIONS`] semitones. `None`
    /// for a model with latents, which are of one key.
    pub fn new(scorer: &'a dyn Scorer, representation: &'a dyn Representation, most: u8) -> Option<Self> {
        let has_latents = scorer.description().model.bars_per_latent() > 0;
        let most = most.min(MAX_TRANSPOSITIONS) as i8;
        (!has_latents).then_some(Self { scorer, representation, most })
    }
}

impl Scorer for TransposedScorer<'_> {
    fn description(&self) -> &ModelDescription {
        self.scorer.description()
    }

    fn scoring_session(&self, streams: usize) -> Box<dyn ScoringSession + '_> {
        let key =
            |semitones| Key { semitones, scoring: self.scorer.scoring_session(streams), holds: vec![true; streams] };
        let keys = (-self.most..=self.most).map(key).collect();
        Box::new(TransposedScoring { scorer: self, keys })
    }
}

struct TransposedScoring<'a> {
    scorer: &'a TransposedScorer<'a>,
    keys: Vec<Key<'a>>,
}

/// A model that scores the pieces in another key.
struct Key<'a> {
    semitones: i8,
    scoring: Box<dyn ScoringSession + 'a>,
    /// Whether it holds all of each stream's piece so far.
    holds: Vec<bool>,
}

impl ScoringSession for TransposedScoring<'_> {
    fn nll(&mut self, segment: &Segment<'_>) -> Vec<f32> {
        let mut sum = vec![0.0f64; segment.targets.len()];
        // How many keys hold what comes before each target.
        let mut count = vec![0usize; segment.streams * segment.segment];
        for key in &mut self.keys {
            key.add(self.scorer.representation, segment, &mut sum, &mut count);
        }
        let fields = segment.targets.len() / count.len().max(1);
        let of_event = sum.chunks(fields.max(1)).zip(&count);
        of_event.flat_map(|(sums, &count)| sums.iter().map(move |&sum| mean_nll(sum, count))).collect()
    }
}

/// The cost of a value whose probabilities sum to `sum` over `count` keys; none where nothing was
/// predicted.
fn mean_nll(sum: f64, count: usize) -> f32 {
    if count == 0 { 0.0 } else { -(sum / count as f64).ln() as f32 }
}

impl Key<'_> {
    /// Adds the probability of each field of each target in this key.
    fn add(
        &mut self,
        representation: &dyn Representation,
        segment: &Segment<'_>,
        sum: &mut [f64],
        count: &mut [usize],
    ) {
        let fields = segment.targets.len() / count.len().max(1);
        let moved = |events: &[u16]| -> Vec<Option<Vec<u16>>> {
            events.chunks(fields.max(1)).map(|event| representation.transposed(event, self.semitones)).collect()
        };
        let flat = |moved: &[Option<Vec<u16>>], events: &[u16]| -> Vec<u16> {
            let events = events.chunks(fields.max(1)).zip(moved);
            events.flat_map(|(event, moved)| moved.as_deref().unwrap_or(event).to_vec()).collect()
        };
        let targets = moved(segment.targets);
        let (inputs, known) = (flat(&moved(segment.inputs), segment.inputs), flat(&targets, segment.targets));
        let nats = self.scoring.nll(&Segment { inputs: &inputs, targets: &known, ..*segment });
        for stream in 0..segment.streams {
            self.holds[stream] |= segment.starts[stream];
            for event in (stream * segment.segment..).take(segment.lengths[stream]) {
                if !self.holds[stream] {
                    break;
                }
                count[event] += 1;
                self.holds[stream] = targets[event].is_some();
                if self.holds[stream] {
                    let of_event = event * fields..(event + 1) * fields;
                    let nats = nats[of_event.clone()].iter().map(|nats| (-f64::from(*nats)).exp());
                    sum[of_event].iter_mut().zip(nats).for_each(|(sum, probability)| *sum += probability);
                }
            }
        }
    }
}
