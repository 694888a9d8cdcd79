//! Training the prior over a piece's sequence of latents; [`leitmotif_model::Prior`] describes it.

use crate::Parameters;
use crate::backend::rows;
use crate::ops::lstm;
use burn::module::{Module, ModuleMapper};
use burn::tensor::{Device, Tensor, activation};
use leitmotif_model::network::{self, Ops, PRIOR_FEATURES, PriorBlocks, PriorShape};
use leitmotif_model::{PRIOR_COPIES, PRIOR_LAGS, PRIOR_LOG_DEVIATIONS, PRIOR_SCALES, Weights, prior_features};

/// A trainable prior.
#[derive(Debug, Clone)]
pub struct PriorNetwork {
    blocks: PriorBlocks,
    parameters: Parameters,
}

/// A stretch of a piece's latents, to be predicted one after another.
#[derive(Debug, Clone, Copy)]
pub struct Stretch<'a> {
    /// The whole piece's latents.
    pub latents: &'a [Vec<f32>],
    /// The first to be predicted.
    pub from: usize,
    /// How many are.
    pub count: usize,
    /// The vector of the piece's header, [`leitmotif_model::LatentSpace::header`].
    pub header: &'a [f32],
}

/// What hides the log-weight of a copy of something before the piece.
const HIDDEN: f32 = -1e9;

impl PriorNetwork {
    /// An untrained prior of latents of `d` dimensions, an LSTM of this `width` and so many `free`
    /// components, for headers of width `d_model`.
    pub fn new([d, d_model, width, free]: [usize; 4], seed: u64, device: &Device) -> Self {
        let mut parameters = network::ParameterBuilder::fresh(seed);
        let blocks = PriorBlocks::new(PriorShape { d, d_model, width, free }, &mut parameters);
        let parameters = parameters.finish().expect("fresh parameters are complete");
        Self { blocks, parameters: Parameters::new(parameters, device) }
    }

    /// The parameters, for visitors.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The same prior with its parameters changed.
    pub fn map_parameters<M: ModuleMapper>(self, mapper: &mut M) -> Self {
        Self { parameters: self.parameters.map(mapper), ..self }
    }

    /// All weights by name, as [`leitmotif_model::Prior`] reads them.
    pub fn weights(&self) -> Weights {
        self.parameters.weights()
    }

    /// The mean nats that the stretches' latents cost, each given those before it. All headers have
    /// one width.
    pub fn loss(&self, stretches: &[Stretch<'_>]) -> Tensor<1> {
        let (streams, length) = (stretches.len(), stretches.iter().map(|s| s.count).max().unwrap_or(0));
        let (p, blocks, device) = (&self.parameters, &self.blocks, self.parameters.device());
        let PriorShape { d, d_model, width, free } = blocks.shape;
        let parts = Parts::of(stretches, length, d).with_free(free);
        let headers = stretches.iter().flat_map(|s| s.header.iter().copied()).collect();
        let of_stream = (0..streams as i32).flat_map(|stream| std::iter::repeat_n(stream, length));
        let header = blocks.header(p, &rows(headers, d_model, device));
        let header = p.pick(&header, of_stream, [streams * length, 1]);
        let (before, features) = (rows(parts.before, d, device), rows(parts.features, PRIOR_FEATURES, device));
        let x = blocks.input(p, &before, parts.begins, &features, &header);
        let state = Tensor::zeros([streams, 2, width], &device.clone().inner());
        let weights = (p.matrix(blocks.lstm.input), p.matrix(blocks.lstm.state), p.vector(blocks.lstm.bias));
        let (h, _) = lstm(x.reshape([streams, length, width]), state, weights.0, weights.1, weights.2);
        let head = blocks.head(p, &h.reshape([streams * length, width]));

        let copies = PRIOR_COPIES;
        let (low, high) = PRIOR_LOG_DEVIATIONS;
        let logits = head.clone().narrow(1, 0, copies + free) + rows(parts.hidden, copies + free, device);
        let mut densities = Vec::with_capacity(copies + free);
        let deviations = p.matrix(blocks.lag_deviations).clamp(low, high);
        let squares: Vec<Tensor<2>> = parts.squares.into_iter().map(|squares| rows(squares, d, device)).collect();
        for copy in 0..copies {
            let logs = deviations.clone().narrow(0, copy, 1);
            let precision = (logs.clone() * -2.0).exp().transpose();
            let squares = squares[copy % PRIOR_LAGS.len()].clone();
            densities.push(squares.matmul(precision) * -0.5 - logs.sum_dim(1));
        }
        let target = rows(parts.targets, d, device);
        for component in 0..free {
            let mean = head.clone().narrow(1, copies + free + component * d, d);
            let logs = head.clone().narrow(1, copies + free + (free + component) * d, d).clamp(low, high);
            let z = (target.clone() - mean) * (logs.clone() * -1.0).exp();
            densities.push((z.clone() * z).sum_dim(1) * -0.5 - logs.sum_dim(1));
        }
        let joint = activation::log_softmax(logits, 1) + Tensor::cat(densities, 1);
        let most = joint.clone().detach().max_dim(1);
        let log = (joint - most.clone()).exp().sum_dim(1).log() + most - 0.5 * std::f32::consts::TAU.ln() * d as f32;
        let counted = parts.counted.iter().sum::<f32>().max(1.0);
        (log * rows(parts.counted, 1, device)).sum() / -counted
    }
}

/// The arrays of stretches side by side, `[streams, length, ...]`, zeros where a stream has ended.
struct Parts {
    /// The latent before each, zeros before the first of a piece, `[n, d]`.
    before: Vec<f32>,
    /// Whether a piece begins, `[n]`.
    begins: Vec<bool>,
    features: Vec<f32>,
    targets: Vec<f32>,
    /// Of each lag, the squared difference of each dimension from the latent so far back, `[n, d]`.
    squares: Vec<Vec<f32>>,
    /// What hides copies of nothing, `[n, lags]`, and once each scale and the free components have
    /// room `[n, copies + free]`.
    hidden: Vec<f32>,
    counted: Vec<f32>,
}

impl Parts {
    fn of(stretches: &[Stretch<'_>], length: usize, d: usize) -> Self {
        let n = stretches.len() * length;
        let width = PRIOR_FEATURES;
        let mut parts = Self {
            before: vec![0.0; n * d],
            begins: vec![false; n],
            features: vec![0.0; n * width],
            targets: vec![0.0; n * d],
            squares: vec![vec![0.0; n * d]; PRIOR_LAGS.len()],
            hidden: Vec::new(),
            counted: vec![0.0; n],
        };
        let mut copies = vec![[HIDDEN; PRIOR_LAGS.len()]; n];
        for (stream, stretch) in stretches.iter().enumerate() {
            for step in 0..stretch.count {
                let (row, at) = (stream * length + step, stretch.from + step);
                let target = &stretch.latents[at];
                parts.counted[row] = 1.0;
                parts.targets[row * d..(row + 1) * d].copy_from_slice(target);
                match at.checked_sub(1) {
                    None => parts.begins[row] = true,
                    Some(last) => parts.before[row * d..(row + 1) * d].copy_from_slice(&stretch.latents[last]),
                }
                let features = prior_features(stretch.latents, at);
                parts.features[row * width..(row + 1) * width].copy_from_slice(&features);
                for (index, lag) in PRIOR_LAGS.into_iter().enumerate() {
                    let Some(from) = at.checked_sub(lag) else { continue };
                    copies[row][index] = 0.0;
                    let squares = &mut parts.squares[index][row * d..(row + 1) * d];
                    let pairs = target.iter().zip(&stretch.latents[from]);
                    squares.iter_mut().zip(pairs).for_each(|(square, (a, b))| *square = (a - b) * (a - b));
                }
            }
        }
        parts.hidden = copies.into_iter().flatten().collect();
        parts
    }

    /// What hides copies, for each scale of theirs, with room for the free components.
    fn with_free(mut self, free: usize) -> Self {
        let rows = self.hidden.chunks_exact(PRIOR_LAGS.len());
        let row = |row: &[f32]| row.repeat(PRIOR_SCALES).into_iter().chain(std::iter::repeat_n(0.0, free));
        self.hidden = rows.flat_map(row).collect();
        self
    }
}
