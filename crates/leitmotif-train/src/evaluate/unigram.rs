//! The reference line: each field predicted from its overall frequencies, given only the kind of
//! event.

use crate::TrainError;
use leitmotif_corpus::Corpus;
use leitmotif_model::{FieldDecoding, ModelConfig, ModelDescription, Scorer, ScoringSession, Segment};

/// Frequencies of every field's values for each kind of event, with one added to every count.
#[derive(Debug)]
pub struct Unigram {
    description: ModelDescription,
    /// Cost in nats by field, kind and value: `nats[field][kind * size + value]`.
    nats: Vec<Vec<f32>>,
}

impl Unigram {
    /// Counts the events (but the first of each) of these songs.
    ///
    /// # Errors
    /// [`TrainError::Model`] if the corpus's vocabulary makes no model.
    pub fn count(corpus: &Corpus, songs: &[usize]) -> Result<Self, TrainError> {
        let sizes = corpus.vocabulary().sizes();
        // All that is taken from the settings: events of any number of fields, scored segment by
        // segment.
        let config = ModelConfig { fields: FieldDecoding::Independent, ..ModelConfig::default() };
        let description = ModelDescription::new(config, sizes)?.with_given(&corpus.representation().events().given)?;
        let sizes = &description.sizes;
        let kinds = sizes[0];
        let rows = |field: usize| if field == 0 { 1 } else { kinds };
        let mut counts: Vec<Vec<u64>> =
            sizes.iter().enumerate().map(|(field, size)| vec![0; rows(field) * size]).collect();
        for song in songs {
            for event in corpus.values(*song).chunks_exact(sizes.len()).skip(1) {
                for (field, value) in event.iter().enumerate() {
                    if field == 0 || *value != leitmotif_events::NONE {
                        let row = if field == 0 { 0 } else { usize::from(event[0]) };
                        counts[field][row * sizes[field] + usize::from(*value)] += 1;
                    }
                }
            }
        }
        let nats = counts.iter().zip(sizes).map(|(counts, size)| {
            let row = |row: &[u64]| {
                let total = (row.iter().sum::<u64>() + row.len() as u64) as f64;
                row.iter().map(|count| (total / (count + 1) as f64).ln() as f32).collect::<Vec<f32>>()
            };
            counts.chunks_exact(*size).flat_map(row).collect()
        });
        let nats = nats.collect();
        Ok(Self { nats, description })
    }
}

impl Scorer for Unigram {
    fn description(&self) -> &ModelDescription {
        &self.description
    }

    fn scoring_session(&self, _lanes: usize) -> Box<dyn ScoringSession + '_> {
        Box::new(Memoryless(self))
    }
}

struct Memoryless<'a>(&'a Unigram);

impl ScoringSession for Memoryless<'_> {
    fn nll(&mut self, segment: &Segment<'_>) -> Vec<f32> {
        let ModelDescription { sizes, given, .. } = &self.0.description;
        let k = sizes.len();
        let mut nats = vec![0.0; segment.targets.len()];
        for (stream, length) in segment.lengths.iter().enumerate() {
            for index in stream * segment.segment..stream * segment.segment + length {
                let event = &segment.targets[index * k..(index + 1) * k];
                for (field, value) in event.iter().enumerate() {
                    if field == 0 || *value != leitmotif_events::NONE && !given.contains(&field) {
                        let row = if field == 0 { 0 } else { usize::from(event[0]) };
                        nats[index * k + field] = self.0.nats[field][row * sizes[field] + usize::from(*value)];
                    }
                }
            }
        }
        nats
    }
}
