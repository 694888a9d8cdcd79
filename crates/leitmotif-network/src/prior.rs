//! Learning the prior over a piece's sequence of latents; what it is, [`leitmotif_model::Prior`]
//! says.

use crate::blocks::fan_in;
use crate::init::Init;
use crate::ops::lstm;
use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor, TensorData, activation};
use leitmotif_model::{
    PRIOR_COPIES, PRIOR_LAGS, PRIOR_LOG_DEVIATIONS, PRIOR_PERIODS, PRIOR_SCALES, Weights, prior_features,
};

/// The LSTM's parameters.
#[derive(Module, Debug)]
struct Recurrence {
    input: Param<Tensor<2>>,
    state: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

/// The trainable parameters of a prior.
#[derive(Module, Debug)]
pub struct PriorParameters {
    input: Param<Tensor<2>>,
    features: Param<Tensor<2>>,
    header: Param<Tensor<2>>,
    start: Param<Tensor<1>>,
    lstm: Recurrence,
    head: Param<Tensor<2>>,
    head_bias: Param<Tensor<1>>,
    lag_deviations: Param<Tensor<2>>,
}

/// A trainable prior.
#[derive(Debug, Clone)]
pub struct PriorNetwork {
    parameters: PriorParameters,
    d: usize,
    free: usize,
    device: Device,
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
    /// What is known of the piece's header, [`leitmotif_model::LatentSpace::header`].
    pub header: &'a [f32],
}

/// The logarithms of fresh deviations of copies: of exact and of near ones.
const COPY_DEVIATIONS: [f32; PRIOR_SCALES] = [-3.0, -0.5];
/// What hides the log-weight of a copy of something before the piece.
const HIDDEN: f32 = -1e9;

impl PriorNetwork {
    /// An untrained prior of latents of `d` dimensions, an LSTM of this `width` and so many `free`
    /// components, for headers of width `d_model`.
    pub fn new([d, d_model, width, free]: [usize; 4], seed: u64, device: &Device) -> Self {
        let mut init = Init::new(seed, device);
        let bias = (0..4 * width).map(|i| if (width..2 * width).contains(&i) { 1.0 } else { 0.0 }).collect();
        let (lags, outputs) = (PRIOR_LAGS.len(), PRIOR_COPIES + free * (1 + 2 * d));
        let deviations = COPY_DEVIATIONS.iter().flat_map(|&log| std::iter::repeat_n(log, lags * d)).collect();
        let parameters = PriorParameters {
            input: init.normal([d, width], 2.0 * fan_in(d)),
            features: init.normal([lags + 2 * PRIOR_PERIODS.len(), width], 0.3),
            header: init.normal([d_model, width], fan_in(d_model)),
            start: init.normal([width], 0.3),
            lstm: Recurrence {
                input: init.normal([width, 4 * width], 2.0 * fan_in(width)),
                state: init.normal([width, 4 * width], 2.0 * fan_in(width)),
                bias: init.given([4 * width], bias),
            },
            head: init.normal([width, outputs], fan_in(width)),
            head_bias: init.constant([outputs], 0.0),
            lag_deviations: init.given([PRIOR_COPIES, d], deviations),
        };
        Self { parameters, d, free, device: device.clone() }
    }

    /// The parameters, for visitors.
    pub fn parameters(&self) -> &PriorParameters {
        &self.parameters
    }

    /// The same prior with its parameters changed.
    pub fn map_parameters<M: ModuleMapper>(self, mapper: &mut M) -> Self {
        Self { parameters: self.parameters.map(mapper), ..self }
    }

    /// All weights by name, as [`leitmotif_model::Prior`] reads them.
    pub fn weights(&self) -> Weights {
        crate::weights::weights_of(&self.parameters)
    }

    /// The mean nats that the stretches' latents cost, each given those before it. All headers have
    /// one width.
    pub fn loss(&self, stretches: &[Stretch<'_>]) -> Tensor<1> {
        let (streams, length) = (stretches.len(), stretches.iter().map(|s| s.count).max().unwrap_or(0));
        let n = streams * length;
        let (d, device) = (self.d, &self.device);
        let parts = Parts::of(stretches, length, d).with_free(self.free);
        let matrix =
            |values: Vec<f32>, columns: usize| Tensor::<2>::from_data(TensorData::new(values, [n, columns]), device);
        let p = &self.parameters;
        let headers: Vec<f32> = stretches.iter().flat_map(|s| s.header.iter().copied()).collect();
        let width = headers.len() / streams.max(1);
        let header = Tensor::<2>::from_data(TensorData::new(headers, [streams, width]), device).matmul(p.header.val());
        let [_, w] = header.dims();
        let begins = matrix(parts.begins, 1);
        let x = matrix(parts.before, d).matmul(p.input.val())
            + begins.matmul(p.start.val().unsqueeze::<2>())
            + matrix(parts.features, PRIOR_LAGS.len() + 2 * PRIOR_PERIODS.len()).matmul(p.features.val());
        let x = x.reshape([streams, length, w]) + header.unsqueeze_dim::<3>(1);
        let state = Tensor::zeros([streams, 2, w], &device.clone().inner());
        let (h, _) = lstm(x, state, p.lstm.input.val(), p.lstm.state.val(), p.lstm.bias.val());
        let head = h.reshape([n, w]).matmul(p.head.val()) + p.head_bias.val().unsqueeze();

        let (copies, free) = (PRIOR_COPIES, self.free);
        let (low, high) = PRIOR_LOG_DEVIATIONS;
        let logits = head.clone().narrow(1, 0, copies + free) + matrix(parts.hidden, copies + free);
        let mut densities = Vec::with_capacity(copies + free);
        let deviations = p.lag_deviations.val().clamp(low, high);
        let squares: Vec<Tensor<2>> = parts.squares.into_iter().map(|squares| matrix(squares, d)).collect();
        for copy in 0..copies {
            let logs = deviations.clone().narrow(0, copy, 1);
            let precision = (logs.clone() * -2.0).exp().transpose();
            let squares = squares[copy % PRIOR_LAGS.len()].clone();
            densities.push(squares.matmul(precision) * -0.5 - logs.sum_dim(1));
        }
        let target = matrix(parts.targets, d);
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
        (log * matrix(parts.counted, 1)).sum() / -counted
    }
}

/// The arrays of stretches side by side, `[streams, length, ...]`, zeros where a stream has ended.
struct Parts {
    /// The latent before each, zeros before the first of a piece, `[n, d]`.
    before: Vec<f32>,
    /// 1 where a piece begins, `[n, 1]`.
    begins: Vec<f32>,
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
        let width = PRIOR_LAGS.len() + 2 * PRIOR_PERIODS.len();
        let mut parts = Self {
            before: vec![0.0; n * d],
            begins: vec![0.0; n],
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
                    None => parts.begins[row] = 1.0,
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
