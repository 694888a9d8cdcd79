//! One model's predictions in several keys, averaged.
//!
//! What a model foretells of a piece and what it foretells of the same piece a tone higher are two opinions about the same
//! notes. Their mean is a probability too, and usually a better one, as that of several models is.

use leitmotif_events::Representation;
use leitmotif_model::{Evaluator, Judge, ModelDescription, Segment};

/// The farthest transposition, in semitones.
pub const MAX_TRANSPOSITIONS: u8 = 6;

/// Judges by the mean of what a model foretells in all keys up to so many semitones away.
///
/// For each field of each event, the mean of its probabilities in those keys that hold all of the piece so far. A key that
/// cannot hold the event itself gives it no probability, and is left out from there to the piece's end. So what comes
/// later in a piece has no part in how it is judged, and the probabilities of all values sum to at most 1.
pub struct TransposedJudge<'a> {
    judge: &'a dyn Judge,
    representation: &'a dyn Representation,
    most: i8,
}

impl<'a> TransposedJudge<'a> {
    /// A judge in `2 most + 1` keys; `most` is from 0 to [`MAX_TRANSPOSITIONS`] semitones. `None` for a model with latents, which
    /// are of one key.
    pub fn new(judge: &'a dyn Judge, representation: &'a dyn Representation, most: u8) -> Option<Self> {
        let has_latents = judge.description().model.bars_per_latent() > 0;
        let most = most.min(MAX_TRANSPOSITIONS) as i8;
        (!has_latents).then_some(Self { judge, representation, most })
    }
}

impl Judge for TransposedJudge<'_> {
    fn description(&self) -> &ModelDescription {
        self.judge.description()
    }

    fn evaluator(&self, lanes: usize) -> Box<dyn Evaluator + '_> {
        let key = |semitones| Key { semitones, evaluator: self.judge.evaluator(lanes), holds: vec![true; lanes] };
        let keys = (-self.most..=self.most).map(key).collect();
        Box::new(TransposedEvaluator { judge: self, keys })
    }
}

struct TransposedEvaluator<'a> {
    judge: &'a TransposedJudge<'a>,
    keys: Vec<Key<'a>>,
}

/// A model that hears the pieces in another key.
struct Key<'a> {
    semitones: i8,
    evaluator: Box<dyn Evaluator + 'a>,
    /// Whether it holds all of each lane's piece so far.
    holds: Vec<bool>,
}

impl Evaluator for TransposedEvaluator<'_> {
    fn nats(&mut self, segment: &Segment<'_>) -> Vec<f32> {
        let mut sum = vec![0.0f64; segment.targets.len()];
        // How many keys hold what comes before each target.
        let mut count = vec![0usize; segment.lanes * segment.segment];
        for key in &mut self.keys {
            key.add(self.judge.representation, segment, &mut sum, &mut count);
        }
        let fields = segment.targets.len() / count.len().max(1);
        let of_event = sum.chunks(fields.max(1)).zip(&count);
        of_event.flat_map(|(sums, &count)| sums.iter().map(move |&sum| mean_nats(sum, count))).collect()
    }
}

/// The cost of a value whose probabilities sum to `sum` over `count` keys; none where nothing was foretold.
fn mean_nats(sum: f64, count: usize) -> f32 {
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
        let (inputs, told) = (flat(&moved(segment.inputs), segment.inputs), flat(&targets, segment.targets));
        let nats = self.evaluator.nats(&Segment { inputs: &inputs, targets: &told, ..*segment });
        for lane in 0..segment.lanes {
            self.holds[lane] |= segment.starts[lane];
            for event in (lane * segment.segment..).take(segment.lengths[lane]) {
                if !self.holds[lane] {
                    break;
                }
                count[event] += 1;
                self.holds[lane] = targets[event].is_some();
                if self.holds[lane] {
                    let of_event = event * fields..(event + 1) * fields;
                    let nats = nats[of_event.clone()].iter().map(|nats| (-f64::from(*nats)).exp());
                    sum[of_event].iter_mut().zip(nats).for_each(|(sum, probability)| *sum += probability);
                }
            }
        }
    }
}
