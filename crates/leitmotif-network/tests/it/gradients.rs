//! Which parameters learn from which loss, and whether gradients are slopes.

use crate::support::{Cut, Music, config, describe, lstm};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor, TensorData};
use leitmotif_model::{
    Compression, CompressionLoss, FieldDecoding, Gating, ModelConfig, Normalisation, Positions, Segment,
};
use leitmotif_network::{Carry, Network, device};

/// The gradient of each parameter that received one, by name.
struct Collect<'a> {
    gradients: &'a Gradients,
    path: Vec<String>,
    found: Vec<(String, Vec<f32>)>,
    missing: Vec<String>,
}

impl ModuleVisitor for Collect<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = self.path.join(".");
        match param.val().grad(self.gradients).map(|g| g.into_data().iter::<f32>().collect::<Vec<f32>>()) {
            Some(values) if values.iter().any(|&value| value != 0.0) => self.found.push((name, values)),
            _ => self.missing.push(name),
        }
    }
}

fn collect(network: &Network, loss: &Tensor<1>) -> (Vec<(String, Vec<f32>)>, Vec<String>) {
    slopes(network.parameters(), loss)
}

/// The gradients that a loss has by a module's parameters, and the names of those that it does not
/// depend on.
pub fn slopes<M: Module>(parameters: &M, loss: &Tensor<1>) -> (Vec<(String, Vec<f32>)>, Vec<String>) {
    let gradients = loss.backward();
    let mut collect = Collect { gradients: &gradients, path: Vec::new(), found: Vec::new(), missing: Vec::new() };
    parameters.visit(&mut collect);
    (collect.found, collect.missing)
}

fn network(config: ModelConfig) -> Network {
    Network::new(&describe(config), 5, &device("cpu").unwrap().autodiff()).unwrap()
}

/// A carry whose memories are full, and the segment after it.
fn warmed(network: &Network) -> (Carry, Cut) {
    let music = Music::random(2, 40, 8);
    let mut carry = network.carry(2);
    for start in [0, 6, 12, 18] {
        carry = network.step(carry, &music.cut(start, 6).segment(), 0).carry;
    }
    (carry, music.cut(24, 6))
}

#[test]
fn the_music_loss_reaches_everything_but_the_compressors() {
    for config in [
        config(),
        ModelConfig { glu: true, gating: Gating::Gru, ..config() },
        ModelConfig { tied: true, ..config() },
        ModelConfig { fields: FieldDecoding::Independent, ..config() },
        ModelConfig { norm: Normalisation::Rms, positions: Positions::Rotary, ..config() },
        lstm(),
    ] {
        let network = network(ModelConfig { compression: Compression::Mean, ..config });
        let (carry, cut) = warmed(&network);
        let (_, missing) = collect(&network, &network.step(carry, &cut.segment(), 0).loss);
        assert_eq!(missing, Vec::<String>::new());
    }
}

#[test]
fn compression_losses_reach_the_compressors_alone() {
    for compression in [Compression::Conv, Compression::DilatedConv] {
        for compression_loss in [CompressionLoss::AttentionReconstruction, CompressionLoss::AutoEncoding] {
            let learnt = ModelConfig { compression, compression_loss, ..config() };
            let network = network(learnt);
            let (carry, cut) = warmed(&network);
            let step = network.step(carry, &cut.segment(), 0);
            assert!(step.compression > 0.0);
            let (found, _) = collect(&network, &step.compression_loss.clone().unwrap());
            assert!(found.iter().all(|(name, _)| name.contains("compressors")), "{:?}", names(&found));
            let decoders = usize::from(compression_loss == CompressionLoss::AutoEncoding);
            assert_eq!(found.len(), network.description().model.layers * (2 + 2 * decoders), "{:?}", names(&found));
            let (found, missing) = collect(&network, &step.music_loss);
            assert!(missing.iter().all(|name| name.contains("compressors")), "{missing:?}");
            assert!(found.iter().all(|(name, _)| !name.contains("compressors")), "{:?}", names(&found));
        }
    }
}

fn names(found: &[(String, Vec<f32>)]) -> Vec<&str> {
    found.iter().map(|(name, _)| name.as_str()).collect()
}

/// Adds `delta` to one value of one parameter.
pub struct Nudge<'a> {
    name: &'a str,
    index: usize,
    delta: f32,
    path: Vec<String>,
}

impl<'a> Nudge<'a> {
    pub fn new(name: &'a str, index: usize, delta: f32) -> Self {
        Self { name, index, delta, path: Vec::new() }
    }
}

impl ModuleMapper for Nudge<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.path.join(".") != self.name {
            return param;
        }
        let value = param.val();
        let (shape, device) = (value.dims(), value.device());
        let mut data: Vec<f32> = value.inner().into_data().iter::<f32>().collect();
        data[self.index] += self.delta;
        Param::from_data(TensorData::new(data, shape), &device)
    }
}

/// Central differences against backpropagation, on the steepest value of every parameter that has a
/// gradient.
fn check_slopes(config: ModelConfig) {
    const DELTA: f32 = 4e-3;
    let network = network(config);
    let (carry, cut) = warmed(&network);
    let losses = |network: &Network| {
        let step = network.step(carry.clone(), &cut.segment(), 9);
        let scalar = |loss: &Tensor<1>| f64::from(loss.clone().inner().into_scalar::<f32>());
        [scalar(&step.music_loss), step.compression_loss.as_ref().map_or(0.0, scalar)]
    };
    let step = network.step(carry.clone(), &cut.segment(), 9);
    for (which, loss) in [Some(step.music_loss), step.compression_loss].into_iter().enumerate() {
        let Some(loss) = loss else { continue };
        for (name, gradient) in collect(&network, &loss).0 {
            let (index, &steepest) =
                gradient.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).unwrap();
            let nudged =
                |delta: f32| losses(&network.clone().map_parameters(&mut Nudge::new(&name, index, delta)))[which];
            let slope = (nudged(DELTA) - nudged(-DELTA)) / f64::from(2.0 * DELTA);
            let error = (slope - f64::from(steepest)).abs();
            assert!(error < 2e-3 + 0.02 * slope.abs(), "{name}[{index}]: slope {slope}, gradient {steepest}");
        }
    }
}

#[test]
fn gradients_are_slopes_in_every_architecture() {
    check_slopes(ModelConfig { compression: Compression::Max, ..config() });
    check_slopes(ModelConfig { glu: true, gating: Gating::Gru, tied: true, ..config() });
    check_slopes(ModelConfig { attention_dropout: 0.2, ff_dropout: 0.2, layer_dropout: 0.2, ..config() });
    check_slopes(ModelConfig { copy_features: true, ..config() });
    check_slopes(ModelConfig { norm: Normalisation::Rms, positions: Positions::Rotary, ..config() });
    check_slopes(ModelConfig { fields: FieldDecoding::Independent, tied: true, ..config() });
    check_slopes(lstm());
}

#[test]
fn gradients_are_slopes_in_every_compressor() {
    for compression in [Compression::Conv, Compression::DilatedConv] {
        for compression_loss in [CompressionLoss::AttentionReconstruction, CompressionLoss::AutoEncoding] {
            check_slopes(ModelConfig { compression, compression_loss, ratio: 4, ..config() });
        }
    }
}

#[test]
fn what_is_given_costs_nothing_and_teaches_nothing() {
    for config in [config(), ModelConfig { fields: FieldDecoding::Independent, ..config() }] {
        let network = network(config);
        let (carry, cut) = warmed(&network);
        let fields = cut.targets.len() / (cut.streams * cut.segment);
        let nll =
            |determined: &[bool]| network.step(carry.clone(), &Segment { determined, ..cut.segment() }, 0).field_nll;
        let all = nll(&[]);
        let half = |odd: usize| (0..cut.targets.len()).map(move |it| it % fields == 1 && it / fields % 2 == odd);
        let [even, odd] = [0, 1].map(|it| nll(&half(it).collect::<Vec<bool>>()));
        assert!((even[1] + odd[1] - all[1]).abs() < 1e-3 && even[1] > 0.1 && odd[1] > 0.1, "{even:?}, {odd:?}");
        for field in (0..fields).filter(|field| *field != 1) {
            assert_eq!((even[field], odd[field]), (all[field], all[field]));
        }
        let everything = vec![true; cut.targets.len()];
        let output = network.step(carry.clone(), &Segment { determined: &everything, ..cut.segment() }, 0);
        assert_eq!(output.field_nll, vec![0.0; fields]);
    }
}
