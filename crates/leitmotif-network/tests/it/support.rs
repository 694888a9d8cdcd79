//! Small models and made-up events.

use burn::module::{ModuleMapper, Param};
use burn::tensor::{Gradients, Tensor, TensorData};
use leitmotif_model::{Compression, ModelConfig, ModelDescription, ModelKind};
use leitmotif_network::Network;

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

/// Pseudo-random events, `[count, fields]`, each value below its field's size; the first field is
/// never 0 when `sizes[0] > 1`.
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

/// Streams of consecutive events and the segments cut from them.
pub struct Music {
    pub streams: usize,
    pub length: usize,
    pub fields: usize,
    pub values: Vec<u16>,
}

/// One segment's arrays.
pub struct Cut {
    pub streams: usize,
    pub segment: usize,
    pub inputs: Vec<u16>,
    pub targets: Vec<u16>,
    pub lengths: Vec<usize>,
    pub starts: Vec<bool>,
}

impl Cut {
    pub fn segment(&self) -> leitmotif_model::Segment<'_> {
        leitmotif_model::Segment {
            streams: self.streams,
            segment: self.segment,
            inputs: &self.inputs,
            targets: &self.targets,
            determined: &[],
            lengths: &self.lengths,
            starts: &self.starts,
            bars: None,
        }
    }
}

impl Music {
    /// `length` events in each stream.
    pub fn random(streams: usize, length: usize, seed: u64) -> Self {
        Self { streams, length, fields: SIZES.len(), values: events(streams * length, &SIZES, seed) }
    }

    /// Events `start..start + segment` of every stream, and those after them.
    pub fn cut(&self, start: usize, segment: usize) -> Cut {
        let rows = |shift: usize| {
            let stream = |stream: usize| {
                let first = (stream * self.length + start + shift) * self.fields;
                &self.values[first..first + segment * self.fields]
            };
            (0..self.streams).flat_map(|l| stream(l).to_vec()).collect::<Vec<u16>>()
        };
        Cut {
            streams: self.streams,
            segment,
            inputs: rows(0),
            targets: rows(1),
            lengths: vec![segment; self.streams],
            starts: vec![start == 0; self.streams],
        }
    }
}

/// Adam (Kingma & Ba 2015), plain, for tests that train.
pub struct Adam {
    pub rate: f32,
    step: i32,
    moments: std::collections::BTreeMap<String, (Vec<f32>, Vec<f32>)>,
}

impl Adam {
    pub fn new(rate: f32) -> Self {
        Self { rate, step: 0, moments: std::collections::BTreeMap::new() }
    }

    /// Takes one step down the gradient of `loss`.
    pub fn update(&mut self, network: Network, loss: &Tensor<1>) -> Network {
        network.map_parameters(&mut self.step(&loss.backward()))
    }

    /// What takes one step down these gradients.
    pub fn step<'a>(&'a mut self, gradients: &'a Gradients) -> AdamStep<'a> {
        self.step += 1;
        AdamStep { adam: self, gradients, path: Vec::new() }
    }
}

pub struct AdamStep<'a> {
    adam: &'a mut Adam,
    gradients: &'a Gradients,
    path: Vec<String>,
}

impl ModuleMapper for AdamStep<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let value = param.val();
        let Some(gradient) = value.grad(self.gradients) else { return param };
        let gradient: Vec<f32> = gradient.into_data().iter::<f32>().collect();
        let (shape, device) = (value.dims(), value.device());
        let mut data: Vec<f32> = value.inner().into_data().iter::<f32>().collect();
        let zeros = || (vec![0.0; data.len()], vec![0.0; data.len()]);
        let (mean, square) = self.adam.moments.entry(self.path.join(".")).or_insert_with(zeros);
        let correct = |beta: f32| 1.0 - beta.powi(self.adam.step);
        let (of_mean, of_square) = (correct(0.9), correct(0.99));
        for (((p, g), m), v) in data.iter_mut().zip(&gradient).zip(mean).zip(square) {
            *m = 0.9 * *m + 0.1 * g;
            *v = 0.99 * *v + 0.01 * g * g;
            *p -= self.adam.rate * (*m / of_mean) / ((*v / of_square).sqrt() + 1e-8);
        }
        Param::from_data(TensorData::new(data, shape), &device)
    }
}
