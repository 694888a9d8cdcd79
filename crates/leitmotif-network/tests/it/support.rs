//! Small models and made-up events.


use leitmotif_model::{Compression, ModelConfig, ModelDescription, ModelKind};

/// Field sizes of the made-up events.
pub const SIZES: [usize; 3] = [5, 7, 4];

/// A small transformer with all its parts.
pub fn config() -> ModelConfig {
    ModelConfig {
        d_model: 16,
        layers: 2,
        heads: 2,
        d_ff: 24,
        d_field: 12,
        segment: 6,
        memory: 6,
        compressed: 4,
        ratio: 3,
        compression: Compression::Conv,
        attention_dropout: 0.0,
        ff_dropout: 0.0,
        layer_dropout: 0.0,
        ..ModelConfig::default()
    }
}

/// The same as an LSTM.
pub fn lstm() -> ModelConfig {
    ModelConfig { kind: ModelKind::Lstm, ..config() }
}

pub fn describe(config: ModelConfig) -> ModelDescription {
    ModelDescription::new(config, SIZES.to_vec()).unwrap()
}

/// Pseudo-random events, `[count, fields]`, each value below its field's size; the first field is never 0 when `sizes[0] > 1`.
pub fn events(count: usize, sizes: &[usize], seed: u64) -> Vec<u16> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut values = Vec::with_capacity(count * sizes.len());
    for _ in 0..count {
        for &size in sizes {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            values.push((state % size as u64) as u16);
        }
    }
    values
}

/// Lanes of consecutive events and the segments cut from them.
pub struct Music {
    pub lanes: usize,
    pub length: usize,
    pub fields: usize,
    pub values: Vec<u16>,
}

/// One segment's arrays.
pub struct Cut {
    pub lanes: usize,
    pub segment: usize,
    pub inputs: Vec<u16>,
    pub targets: Vec<u16>,
    pub lengths: Vec<usize>,
    pub starts: Vec<bool>,
}

impl Cut {
    pub fn segment(&self) -> leitmotif_model::Segment<'_> {
        leitmotif_model::Segment {
            lanes: self.lanes,
            segment: self.segment,
            inputs: &self.inputs,
            targets: &self.targets,
            lengths: &self.lengths,
            starts: &self.starts,
        }
    }
}

impl Music {
    /// `length` events in each lane.
    pub fn random(lanes: usize, length: usize, seed: u64) -> Self {
        Self { lanes, length, fields: SIZES.len(), values: events(lanes * length, &SIZES, seed) }
    }

    /// Events `start..start + segment` of every lane, and those after them.
    pub fn cut(&self, start: usize, segment: usize) -> Cut {
        let rows = |shift: usize| {
            let lane = |lane: usize| {
                let first = (lane * self.length + start + shift) * self.fields;
                &self.values[first..first + segment * self.fields]
            };
            (0..self.lanes).flat_map(|l| lane(l).to_vec()).collect::<Vec<u16>>()
        };
        Cut {
            lanes: self.lanes,
            segment,
            inputs: rows(0),
            targets: rows(1),
            lengths: vec![segment; self.lanes],
            starts: vec![start == 0; self.lanes],
        }
    }
}
