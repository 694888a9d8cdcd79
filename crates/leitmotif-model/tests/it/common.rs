//! Networks with reproducible small weights, for tests and benchmarks.
#![allow(clippy::unwrap_used, dead_code)]

use leitmotif_model::{
    Array, CopyFeatureLayout, Gating, LatentKind, ModelConfig, ModelDescription, ModelKind, NetworkModel, Weights,
};

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
    let mut maker = Maker { weights: Weights::new(), state: 1 };
    let (config, d) = (&description.model, description.model.d_model);
    maker.fields(description);
    for layer in 0..config.layers {
        if config.kind == ModelKind::Lstm {
            let prefix = format!("lstm.layers.{layer}");
            maker.add(&prefix, &[("input", &[d, 4 * d]), ("bias", &[4 * d]), ("state", &[d, 4 * d])]);
        } else {
            maker.block(config, layer);
        }
    }
    if config.latent != LatentKind::None {
        maker.latent(description);
    }
    maker.weights
}

struct Maker {
    weights: Weights,
    state: u32,
}

impl Maker {
    fn add(&mut self, prefix: &str, parts: &[(&str, &[usize])]) {
        for (part, shape) in parts {
            let scale = if let [inputs, _] = shape { 1.0 / (*inputs as f32).sqrt() } else { 0.1 };
            let mut next = || {
                self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                scale * ((self.state >> 8) as f32 / (1 << 23) as f32 - 1.0)
            };
            let data = (0..shape.iter().product()).map(|_| next()).collect();
            self.weights.insert(format!("{prefix}.{part}"), Array::new(*shape, data));
        }
    }

    fn fields(&mut self, description: &ModelDescription) {
        let (config, sizes) = (&description.model, &description.sizes);
        let (d, values) = (config.d_model, sizes.iter().sum::<usize>());
        self.add("fields", &[("embedding", &[values, d]), ("output", &[values, d]), ("bias", &[values])]);
        let plan = CopyFeatureLayout::new(sizes);
        for field in 0..sizes.len() {
            self.add(&format!("fields.norms.{field}"), &[("gamma", &[d]), ("beta", &[d])]);
            self.add("fields.gains", &[(&field.to_string(), &[plan.count(field), d])]);
            if field > 0 {
                self.feed_forward(&format!("fields.mixers.{}", field - 1), [d, config.d_field], false);
            }
        }
    }

    fn feed_forward(&mut self, prefix: &str, [d, f]: [usize; 2], glu: bool) {
        let wide = if glu { 2 * f } else { f };
        self.add(prefix, &[("gamma", &[d]), ("beta", &[d]), ("inner", &[d, wide]), ("inner_bias", &[wide])]);
        self.add(prefix, &[("outer", &[f, d]), ("outer_bias", &[d])]);
    }

    fn block(&mut self, config: &ModelConfig, layer: usize) {
        let (d, prefix) = (config.d_model, format!("decoder.blocks.{layer}"));
        let vectors: &[usize] = &[d];
        let attention = ["gamma", "beta", "content_bias", "position_bias", "output_bias"].map(|part| (part, vectors));
        self.add(&format!("{prefix}.attention"), &attention);
        let matrices: [(&str, &[usize]); 3] = [("qkv", &[d, 3 * d]), ("position", &[d, d]), ("output", &[d, d])];
        self.add(&format!("{prefix}.attention"), &matrices);
        self.feed_forward(&format!("{prefix}.feed_forward"), [d, config.d_ff], config.glu);
        if config.gating == Gating::Gru {
            for gate in ["attention_gate", "feed_forward_gate"] {
                let parts: [(&str, &[usize]); 4] =
                    [("input", &[d, 3 * d]), ("state", &[d, 2 * d]), ("candidate", &[d, d]), ("bias", &[d])];
                self.add(&format!("{prefix}.{gate}"), &parts);
            }
        }
        let compressor = format!("decoder.compressors.{layer}");
        self.add(&compressor, &[("kernel", &[config.ratio * d, d]), ("bias", &[d])]);
    }

    fn latent(&mut self, description: &ModelDescription) {
        let (config, d) = (&description.model, description.model.d_model);
        for layer in 0..config.encoder_layers {
            let prefix = format!("latent.layers.{layer}");
            let parts: [(&str, &[usize]); 5] =
                [("gamma", &[d]), ("beta", &[d]), ("qkv", &[d, 3 * d]), ("output", &[d, d]), ("output_bias", &[d])];
            self.add(&format!("{prefix}.attention"), &parts);
            self.feed_forward(&format!("{prefix}.feed_forward"), [d, config.d_ff], config.glu);
        }
        let both = 2 * config.d_latent;
        self.add("latent", &[("norm.gamma", &[d]), ("norm.beta", &[d]), ("posterior", &[d, both])]);
        self.add("latent", &[("posterior_bias", &[both]), ("places", &[config.bars_per_latent(), d])]);
        for (number, attribute) in description.attributes.iter().enumerate() {
            self.add("latent.attributes", &[(&number.to_string(), &[attribute.classes() + 1, config.d_attribute])]);
        }
        for layer in 0..config.layers {
            self.add("latent.conditions", &[(&layer.to_string(), &[config.d_condition(), d])]);
        }
        if config.latent_slots > 0 {
            self.slots(description);
        }
        if config.latent_bag > 0 {
            for field in 0..description.sizes.len() - 1 {
                self.add("latent.bags.writers", &[(&field.to_string(), &[d, config.latent_bag])]);
                self.add("latent.bags.readers", &[(&field.to_string(), &[config.latent_bag, d])]);
            }
        }
    }

    fn slots(&mut self, description: &ModelDescription) {
        let (config, sizes) = (&description.model, &description.sizes);
        let (d, values, width) = (config.d_model, sizes.iter().sum::<usize>(), config.slot_width(sizes.len()));
        let columns = (sizes.len() - 1) * 2 * width;
        self.add("latent.slots", &[("gamma", &[d]), ("beta", &[d]), ("writer", &[2 * d, columns])]);
        for field in 1..sizes.len() {
            let (name, earlier) = ((field - 1).to_string(), sizes[..field].iter().sum::<usize>());
            self.add("latent.slots.keys", &[(&name, &[earlier + values + 1, config.latent_slots])]);
            self.add("latent.slots.readers", &[(&name, &[width, d])]);
        }
    }
}
