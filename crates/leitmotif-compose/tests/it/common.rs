//! A model with arbitrary logits: hashes of what it has read.

use leitmotif_compose::{ComposeError, Piece, Request, generate};
use leitmotif_events::{
    Ensemble as Players, EnsemblePart, OBSERVED_FORMAT, Observed, ObservedPart, Representation, RepresentationConfig,
    Tasks,
};
use leitmotif_model::{DecodingBatch, FieldDecoding, Model, ModelConfig, ModelDescription};
use leitmotif_score::{Instrument, Meter, Note, Part, Resolution, Score, Tempo, Ticks};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Every piece it writes is different, and none is music.
pub struct Hashing {
    description: ModelDescription,
    /// Higher is more decided.
    pub scale: f32,
}

impl Hashing {
    pub fn new(representation: &dyn Representation, scale: f32) -> Self {
        let sizes = representation.vocabulary().sizes();
        let config = ModelConfig { fields: FieldDecoding::Independent, ..ModelConfig::default() };
        Self { description: ModelDescription::new(config, sizes).unwrap(), scale }
    }
}

impl Model for Hashing {
    fn description(&self) -> &ModelDescription {
        &self.description
    }

    fn decoding_batch(&self, streams: usize) -> Box<dyn DecodingBatch + '_> {
        Box::new(HashingBatch { states: vec![1; streams], sizes: &self.description.sizes, scale: self.scale })
    }

    fn stream_bytes(&self) -> usize {
        size_of::<u64>()
    }
}

struct HashingBatch<'a> {
    /// A hash of each stream's piece.
    states: Vec<u64>,
    sizes: &'a [usize],
    scale: f32,
}

fn mix(state: u64, value: u64) -> u64 {
    let mut z = (state ^ value).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn mix_all(state: u64, values: &[u16]) -> u64 {
    values.iter().fold(state, |state, &value| mix(state, u64::from(value)))
}

impl DecodingBatch for HashingBatch<'_> {
    fn push(&mut self, streams: &[usize], events: &[u16]) {
        assert_eq!(events.len(), streams.len() * self.sizes.len());
        for (&stream, event) in streams.iter().zip(events.chunks_exact(self.sizes.len())) {
            self.states[stream] = mix_all(self.states[stream], event);
        }
    }

    fn logits(&mut self, streams: &[usize], earlier: &[u16], field: usize, logits: &mut [f32]) {
        assert_eq!((earlier.len(), logits.len()), (streams.len() * field, streams.len() * self.sizes[field]));
        for (row, (&stream, logits)) in streams.iter().zip(logits.chunks_exact_mut(self.sizes[field])).enumerate() {
            let state = mix_all(mix(self.states[stream], field as u64), &earlier[row * field..(row + 1) * field]);
            for (value, logit) in logits.iter_mut().enumerate() {
                *logit = (mix(state, value as u64) % 1000) as f32 / 1000.0 * self.scale;
            }
        }
    }

    fn copy(&mut self, from: usize, to: usize) {
        self.states[to] = self.states[from];
    }
}

pub fn events() -> Arc<dyn Representation> {
    let genres = vec!["metal".to_string(), "rock".to_string()];
    leitmotif_events::build(&RepresentationConfig::Events { grid: 12, genres }).unwrap()
}

pub fn notes() -> Arc<dyn Representation> {
    leitmotif_events::build(&RepresentationConfig::Notes).unwrap()
}

pub fn chorales() -> Arc<dyn Representation> {
    leitmotif_events::build(&RepresentationConfig::Chorales { grid: 4 }).unwrap()
}

pub fn frames() -> Arc<dyn Representation> {
    leitmotif_events::build(&RepresentationConfig::Frames { grid: 4 }).unwrap()
}

pub fn rolls() -> Arc<dyn Representation> {
    leitmotif_events::build(&RepresentationConfig::Rolls { grid: 4 }).unwrap()
}

pub fn compose(representation: &dyn Representation, scale: f32, request: &Request) -> Result<Piece, ComposeError> {
    let model = Hashing::new(representation, scale);
    generate(&model, representation, request, 0, &|_| {}, &AtomicBool::new(false))
}

/// Four bars of 3/4 at 97 quarters a minute, in a clock that no grid divides, with a note held
/// across every bar line.
pub fn prime() -> Score {
    let note = |onset, pitch, duration| Note { onset: Ticks(onset), pitch, duration: Ticks(duration), velocity: 77 };
    let melody = (0..12).map(|beat| note(beat * 101 + beat % 3, 60 + (beat * 5 % 13) as u8, 90)).collect();
    let held = (0..4).map(|bar| note(bar * 303 + 202, 40 + bar as u8, 250)).collect();
    let drums = (0..24).map(|half| note(half * 50 + 1, 36 + (half % 3) as u8, 11)).collect();
    let part = |name: &str, instrument, notes| Part { name: name.into(), instrument, notes };
    let mut score = Score {
        resolution: Resolution::new(101).unwrap(),
        title: Some("Prime".into()),
        parts: vec![
            part("Tune", Instrument::Program(73), melody),
            part("Low", Instrument::Program(33), held),
            part("Kit", Instrument::Drums(8), drums),
        ],
        tempos: vec![Tempo::from_quarters_per_minute(Ticks(0), 97.0)],
        meters: vec![Meter { at: Ticks(0), numerator: 3, denominator: 4 }],
        ..Score::default()
    };
    score.normalise();
    score
}

/// Instruments of the songs of [`observed`].
pub const PIANO: Instrument = Instrument::Program(0);
pub const BASS: Instrument = Instrument::Program(33);
pub const FLUTE: Instrument = Instrument::Program(73);
pub const DRUMS: Instrument = Instrument::Drums(0);

fn song(genre: &str, instruments: &[Instrument], tempo: f64, meter: (u8, u8)) -> Players {
    let part = |&instrument| EnsemblePart { instrument, enters: 0, plays: 16, rests: 1 };
    Players {
        genre: Some(genre.to_owned()),
        tempo,
        meter,
        bars: 16,
        repeats: 0,
        repeats_in_a_row: 0,
        half_empty: None,
        parts: instruments.iter().map(part).collect(),
    }
}

/// What two songs have, one of metal and one of rock.
pub fn observed() -> Observed {
    let part = |instrument, pitches: &[u8], widest, chord| ObservedPart {
        instrument,
        pitches: pitches.to_vec(),
        widest,
        chord,
    };
    let representation = events();
    let all = representation.vocabulary().sizes().into_iter().map(|size| (0..size as u16).collect());
    Observed {
        format: OBSERVED_FORMAT,
        values: all.collect(),
        parts: vec![
            part(PIANO, &[48, 84], 24, 3),
            part(BASS, &[28, 40], 12, 1),
            part(FLUTE, &[72, 90], 9, 1),
            part(DRUMS, &[36, 38, 42], 6, 2),
        ],
        ensembles: vec![
            song("metal", &[PIANO, BASS, DRUMS], 120.0, (4, 4)),
            song("rock", &[FLUTE, PIANO], 84.852_813_742_385_7, (3, 4)),
        ],
        tasks: Tasks::default(),
    }
}
