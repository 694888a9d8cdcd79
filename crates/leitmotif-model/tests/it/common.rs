//! Networks with reproducible small weights, for tests and benchmarks.
#![allow(clippy::unwrap_used, dead_code)]

use leitmotif_model::network::{Blocks, ParameterBuilder};
use leitmotif_model::{ModelConfig, ModelDescription, NetworkModel, Weights};

/// The sizes of four fields.
pub const SIZES: [usize; 4] = [11, 7, 30, 5];

/// An odd, small architecture whose memory is soon full.
pub fn small() -> ModelConfig {
    ModelConfig {
        d_model: 36,
        layers: 2,
        heads: 3,
        d_ff: 50,
        d_field: 20,
        segment: 6,
        memory: 6,
        compressed: 4,
        ratio: 3,
        ..ModelConfig::default()
    }
}

/// A network of this architecture over fields of these sizes.
pub fn network(config: ModelConfig, sizes: &[usize]) -> NetworkModel {
    let description = ModelDescription::new(config, sizes.to_vec()).unwrap();
    NetworkModel::new(&description, &weights(&description)).unwrap()
}

/// Event number `event` of piece number `piece`: any values the fields have.
pub fn event(sizes: &[usize], piece: usize, event: usize) -> Vec<u16> {
    let mixed = |field: usize| (event * 7919 + piece * 104_729 + field * 31 + event * event / 7) % sizes[field];
    (0..sizes.len()).map(|field| mixed(field) as u16).collect()
}

/// Small weights under the network's names.
pub fn weights(description: &ModelDescription) -> Weights {
    let mut parameters = ParameterBuilder::fresh(1);
    Blocks::new(description, &mut parameters).unwrap();
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    let mut parameters = parameters.finish().unwrap();
    for parameter in &mut parameters {
        let scale = if let [inputs, _] = parameter.shape[..] { 1.0 / (inputs as f32).sqrt() } else { 0.1 };
        parameter.values.to_mut().iter_mut().for_each(|value| *value = scale * next());
    }
    parameters.into_iter().collect()
}
