//! What comes next in a piece's sequence of latents, so that a piece sampled from nothing has form.
//!
//! An LSTM walks along the latents; after each it predicts the next one as a mixture of Gaussians
//! (Bishop 1994). Music repeats itself, so some of the components are *copies*: their mean is the
//! latent of 1, 2, 3, 4, 6 ... groups ago ([`PRIOR_LAGS`]), with deviations of each dimension that
//! are learnt for each lag, at [`PRIOR_SCALES`]: an exact repetition is another thing than a
//! variation. The others are free: mean and deviation are read from the LSTM's state. The
//! components' probabilities are read from the state too. To encode the position within a piece's
//! form, the LSTM reads, besides the last latent, how far it lies from those of the lags before it,
//! and the number of the group as sines and cosines of [`PRIOR_PERIODS`].
//!
//! Its weights are those of [`PriorBlocks`].

use crate::eager::{Eager, Rows, advance};
use crate::network::{PRIOR_FEATURES, ParameterBuilder, PriorBlocks, PriorShape};
use crate::{ModelError, Precision, Weights, WeightsFile};
use std::path::Path;

/// The prior's file in a model folder.
pub const PRIOR_FILE: &str = "prior.safetensors";
/// Most bytes of values of a prior that are read.
pub const MAX_PRIOR_BYTES: u64 = 1 << 30;
/// How many groups back the copied latents lie.
pub const PRIOR_LAGS: [usize; 10] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32];
/// How far copies of a lag may be off: of exact and of near ones.
pub const PRIOR_SCALES: usize = 2;
/// The components of a prior that are copies.
pub const PRIOR_COPIES: usize = PRIOR_SCALES * PRIOR_LAGS.len();
/// The periods, in groups, of the sines and cosines that encode the position within a piece's form.
pub const PRIOR_PERIODS: [usize; 5] = [2, 4, 8, 16, 32];
/// The smallest and largest logarithm of a deviation.
pub const PRIOR_LOG_DEVIATIONS: (f32, f32) = (-5.0, 2.0);

/// A trained prior over sequences of latents.
#[derive(Debug)]
pub struct Prior {
    blocks: PriorBlocks,
    eager: Eager,
}

impl Prior {
    /// The prior of these weights.
    ///
    /// # Errors
    /// [`ModelError::Weights`] if arrays are missing or do not fit each other.
    pub fn new(weights: &Weights) -> Result<Self, ModelError> {
        let shape = |name: &str, dimension: usize| match weights.get(name)?.shape.get(dimension) {
            Some(&length) => Ok(length),
            None => Err(ModelError::Weights(format!("{name} has too few dimensions"))),
        };
        let (d, width, d_model) = (shape("input", 0)?, shape("input", 1)?, shape("header", 0)?);
        let outputs = shape("head", 1)?;
        let free = outputs.saturating_sub(PRIOR_COPIES) / (1 + 2 * d);
        let shape = PriorShape { d, d_model, width, free };
        if d == 0 || width == 0 || free == 0 || outputs != shape.outputs() {
            return Err(ModelError::Weights(
                "the prior's arrays do not fit each other; one of an earlier version is learnt again by train --resume"
                    .into(),
            ));
        }
        let mut parameters = ParameterBuilder::of(weights);
        let blocks = PriorBlocks::new(shape, &mut parameters);
        Ok(Self { blocks, eager: Eager::new(parameters.finish()?, Precision::Single) })
    }

    /// The prior of a model folder, if it has one.
    ///
    /// # Errors
    /// [`ModelError`] naming the file if there is one but it is no prior.
    pub fn of_folder(folder: &Path) -> Result<Option<Self>, ModelError> {
        let path = folder.join(PRIOR_FILE);
        if !path.exists() {
            return Ok(None);
        }
        let file = WeightsFile::open(&path)?;
        let wrong = |reason: String| ModelError::File { path: path.clone(), reason };
        if file.value_bytes() > MAX_PRIOR_BYTES {
            return Err(wrong(format!("{} bytes; at most {MAX_PRIOR_BYTES} are read", file.value_bytes())));
        }
        let weights = file.read()?;
        let prior = weights.check_range().and_then(|()| Self::new(&weights));
        prior.map(Some).map_err(|error| wrong(error.to_string()))
    }

    /// Width of what it goes by of a header.
    pub(crate) fn header_width(&self) -> usize {
        self.blocks.shape.d_model
    }

    /// Dimensions of a latent.
    pub fn dimensions(&self) -> usize {
        self.blocks.shape.d
    }

    /// The beginning of a piece. `header` is what the piece begins with before its first bar,
    /// [`crate::LatentSpace::header`].
    pub fn walk(&self, header: &[f32]) -> PriorWalk<'_> {
        let PriorShape { d_model, width, .. } = self.blocks.shape;
        let header = self.blocks.header(&self.eager, &Rows::of(header, d_model));
        PriorWalk { prior: self, header, state: [Rows::zeros(1, width), Rows::zeros(1, width)], past: Vec::new() }
    }
}

/// A piece's latents so far, and the prediction of the next.
#[derive(Debug, Clone)]
pub struct PriorWalk<'a> {
    prior: &'a Prior,
    header: Rows,
    /// Hidden state and cell.
    state: [Rows; 2],
    past: Vec<Vec<f32>>,
}

/// A mixture of Gaussians with independent dimensions.
#[derive(Debug, Clone)]
pub struct Mixture {
    /// Of each component; they sum to 1.
    pub weights: Vec<f32>,
    /// `[components][dimensions]`.
    pub means: Vec<Vec<f32>>,
    /// `[components][dimensions]`.
    pub deviations: Vec<Vec<f32>>,
}

impl PriorWalk<'_> {
    /// What the next latent may be. Called once before each [`Self::push`].
    pub fn predict(&mut self) -> Mixture {
        let Prior { blocks, eager } = self.prior;
        let d = blocks.shape.d;
        let before = self.past.last().map_or_else(|| Rows::zeros(1, d), |last| Rows::of(last, d));
        let features = Rows::of(&prior_features(&self.past, self.past.len()), PRIOR_FEATURES);
        let mut x = blocks.input(eager, &before, [self.past.is_empty()], &features, &self.header);
        let [hidden, cell] = &mut self.state;
        advance(eager, &blocks.lstm, &mut x, hidden, cell);
        self.mixture(&blocks.head(eager, &x))
    }

    /// Takes the next latent.
    pub fn push(&mut self, latent: &[f32]) {
        self.past.push(latent.to_vec());
    }

    fn mixture(&self, head: &[f32]) -> Mixture {
        let Prior { blocks, eager } = self.prior;
        let PriorShape { d, free, .. } = blocks.shape;
        let copies = PRIOR_COPIES;
        let (logits, rest) = head.split_at(copies + free);
        let (means, deviations) = rest.split_at(free * d);
        let deviation = |log: &f32| log.clamp(PRIOR_LOG_DEVIATIONS.0, PRIOR_LOG_DEVIATIONS.1).exp();
        let mut mixture = Mixture { weights: Vec::new(), means: Vec::new(), deviations: Vec::new() };
        for index in 0..copies {
            let lag = PRIOR_LAGS[index % PRIOR_LAGS.len()];
            let Some(from) = self.past.len().checked_sub(lag) else { continue };
            mixture.weights.push(logits[index]);
            mixture.means.push(self.past[from].clone());
            let deviations = &eager.values(blocks.lag_deviations)[index * d..(index + 1) * d];
            mixture.deviations.push(deviations.iter().map(deviation).collect());
        }
        for component in 0..free {
            let part = component * d..(component + 1) * d;
            mixture.weights.push(logits[copies + component]);
            mixture.means.push(means[part.clone()].to_vec());
            mixture.deviations.push(deviations[part].iter().map(deviation).collect());
        }
        let most = mixture.weights.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        mixture.weights.iter_mut().for_each(|weight| *weight = (*weight - most).exp());
        let sum: f32 = mixture.weights.iter().sum();
        mixture.weights.iter_mut().for_each(|weight| *weight /= sum);
        mixture
    }
}

/// What the LSTM reads of a piece's form before group number `at`, `[lags + 2 periods]`: for each
/// lag `exp(-distance)` of the last latent from the one that lies the lag before it (the root of
/// the mean squared difference; 0 where there is none), then sine and cosine of `at` for each
/// period.
pub fn prior_features(past: &[Vec<f32>], at: usize) -> Vec<f32> {
    let mut features = Vec::with_capacity(PRIOR_LAGS.len() + 2 * PRIOR_PERIODS.len());
    for lag in PRIOR_LAGS {
        let pair = at.checked_sub(1).and_then(|last| Some((&past[last], &past[last.checked_sub(lag)?])));
        features.push(pair.map_or(0.0, |(a, b)| {
            let squares: f32 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
            (-(squares / a.len().max(1) as f32).sqrt()).exp()
        }));
    }
    for period in PRIOR_PERIODS {
        let angle = std::f64::consts::TAU * (at % period) as f64 / period as f64;
        features.extend([angle.sin() as f32, angle.cos() as f32]);
    }
    features
}

impl Mixture {
    /// The standard normal, of the simplest prior.
    pub fn standard(dimensions: usize) -> Self {
        Self { weights: vec![1.0], means: vec![vec![0.0; dimensions]], deviations: vec![vec![1.0; dimensions]] }
    }

    /// A draw: `choice` (0 to 1) selects the component, standard normal `noise` the place in it,
    /// and `temperature` scales the noise.
    pub fn draw(&self, choice: f32, noise: &[f32], temperature: f32) -> Vec<f32> {
        let mut left = choice;
        let chosen = self.weights.iter().position(|weight| {
            left -= weight;
            left < 0.0
        });
        let chosen = chosen.unwrap_or(self.weights.len() - 1);
        let gaussians = self.means[chosen].iter().zip(&self.deviations[chosen]);
        gaussians.zip(noise).map(|((mean, deviation), noise)| mean + temperature * deviation * noise).collect()
    }

    /// The density of a latent, as its logarithm in nats.
    pub fn log_density(&self, latent: &[f32]) -> f64 {
        let terms: Vec<f64> = (self.weights.iter().zip(&self.means).zip(&self.deviations))
            .map(|((&weight, means), deviations)| {
                let gaussians = means.iter().zip(deviations).zip(latent);
                let log = |((&mean, &deviation), &x): ((&f32, &f32), &f32)| {
                    let z = f64::from(x - mean) / f64::from(deviation);
                    -0.5 * (z * z + std::f64::consts::TAU.ln()) - f64::from(deviation).ln()
                };
                f64::from(weight).ln() + gaussians.map(log).sum::<f64>()
            })
            .collect();
        let most = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if most.is_finite() { most + terms.iter().map(|term| (term - most).exp()).sum::<f64>().ln() } else { most }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn draws_follow_the_weights_and_the_noise() {
        let mixture =
            Mixture { weights: vec![0.25, 0.75], means: vec![vec![-1.0], vec![2.0]], deviations: vec![vec![0.5]; 2] };
        assert_eq!(mixture.draw(0.2, &[1.0], 1.0), [-0.5]);
        assert_eq!(mixture.draw(0.3, &[1.0], 0.0), [2.0]);
        assert_eq!(mixture.draw(1.0, &[0.0], 1.0), [2.0], "rounding never leaves the last component");
        let sum: f64 = (-400..600).map(|i| mixture.log_density(&[i as f32 / 100.0]).exp() / 100.0).sum();
        assert!((sum - 1.0).abs() < 1e-3, "a density sums to one, not {sum}");
        let standard = Mixture::standard(2).log_density(&[0.0, 0.0]);
        assert!((standard + std::f64::consts::TAU.ln()).abs() < 1e-6);
    }

    #[test]
    fn features_show_repetition() {
        let past: Vec<Vec<f32>> = (0..9).map(|group| vec![(group % 4) as f32; 3]).collect();
        let features = prior_features(&past, 9);
        for (feature, lag) in features.iter().zip(PRIOR_LAGS) {
            let expected = match lag {
                4 | 8 => 1.0,
                lag if lag > 8 => 0.0,
                lag => (-((4 - lag % 4) as f32).min(4.0)).exp(),
            };
            let near = (feature - expected).abs() < 1e-6 || lag % 4 != 0 && lag < 8;
            assert!(near && *feature <= 1.0, "lag {lag}: {feature}");
        }
        assert_eq!(prior_features(&past, 0)[..PRIOR_LAGS.len()], [0.0; PRIOR_LAGS.len()]);
    }

    #[test]
    fn a_prior_beyond_the_limit_is_refused_by_its_header() {
        let folder = tempfile::tempdir().unwrap();
        let values = MAX_PRIOR_BYTES / 4 + 1;
        let bytes = 4 * values;
        let header = format!(r#"{{"a":{{"dtype":"F32","shape":[{values}],"data_offsets":[0,{bytes}]}}}}"#);
        let path = folder.path().join(PRIOR_FILE);
        std::fs::write(&path, [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat()).unwrap();
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(8 + header.len() as u64 + bytes).unwrap();
        let error = Prior::of_folder(folder.path()).unwrap_err().to_string();
        assert!(error.contains("at most"), "{error}");
    }
}
