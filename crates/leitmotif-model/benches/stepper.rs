//! Events per second that a network writes, alone on one thread: early in a piece and late.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use leitmotif_model::{Array, Model, ModelConfig, ModelDescription, NetworkModel, Stepper, Weights};
use std::time::Instant;

const SIZES: [usize; 6] = [146, 97, 130, 257, 65, 33];
/// Events of a measurement.
const EVENTS: usize = 1000;
/// Events before the late measurement.
const LATE: usize = 100_000;

fn main() {
    for (d, layers) in [(128, 4), (256, 6)] {
        let config = ModelConfig {
            d_model: d,
            layers,
            d_ff: 4 * d,
            d_field: d,
            segment: 128,
            memory: 128,
            compressed: 64,
            ..ModelConfig::default()
        };
        let description = ModelDescription::new(config, SIZES.to_vec()).unwrap();
        let model = NetworkModel::new(&description, &weights(&description)).unwrap();
        let mut stepper = model.stepper();
        let mut logits = SIZES.map(|size| vec![0.0; size]);
        let mut written = 0;
        let mut measure = |first: usize| {
            // Getting there needs the memory only.
            (written..first).for_each(|event| stepper.push(&values(event)));
            written = first + EVENTS;
            let start = Instant::now();
            (first..written).for_each(|event| write(&mut *stepper, event, &mut logits));
            EVENTS as f64 / start.elapsed().as_secs_f64()
        };
        let [early, late] = [EVENTS, LATE].map(&mut measure);
        println!("{d} wide, {layers} layers: {early:.0} events/s from event {EVENTS}, {late:.0} from event {LATE}");
    }
}

fn values(event: usize) -> [u16; 6] {
    SIZES.map(|size| (event * 7919 % size) as u16)
}

/// Asks for every field of an event, then reads it.
fn write(stepper: &mut dyn Stepper, event: usize, logits: &mut [Vec<f32>; 6]) {
    let values = values(event);
    for (field, logits) in logits.iter_mut().enumerate() {
        stepper.logits(&values[..field], field, logits);
        assert!(logits[0].is_finite());
    }
    stepper.push(&values);
}

/// Reproducible small weights under the network's names.
fn weights(description: &ModelDescription) -> Weights {
    let (config, sizes) = (&description.model, &description.sizes);
    let (d, values, ratio) = (config.d_model, sizes.iter().sum::<usize>(), config.ratio);
    let (mut weights, mut state) = (Weights::new(), 1_u32);
    let mut insert = |name: String, shape: &[usize]| {
        let scale = if let [inputs, _] = shape { 1.0 / (*inputs as f32).sqrt() } else { 0.1 };
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            scale * ((state >> 8) as f32 / (1 << 23) as f32 - 1.0)
        };
        let data = std::iter::repeat_with(next).take(shape.iter().product()).collect();
        weights.insert(name, Array::new(shape, data));
    };
    let feed_forward = |insert: &mut dyn FnMut(String, &[usize]), prefix: String, f: usize| {
        for (part, shape) in [("gamma", &[d][..]), ("beta", &[d]), ("inner", &[d, f]), ("inner_bias", &[f])] {
            insert(format!("{prefix}.{part}"), shape);
        }
        insert(format!("{prefix}.outer"), &[f, d]);
        insert(format!("{prefix}.outer_bias"), &[d]);
    };
    insert("fields.embedding".into(), &[values, d]);
    insert("fields.output".into(), &[values, d]);
    insert("fields.bias".into(), &[values]);
    for field in 0..sizes.len() {
        insert(format!("fields.norms.{field}.gamma"), &[d]);
        insert(format!("fields.norms.{field}.beta"), &[d]);
        if field > 0 {
            feed_forward(&mut insert, format!("fields.mixers.{}", field - 1), config.d_field);
        }
    }
    for layer in 0..config.layers {
        let prefix = format!("decoder.blocks.{layer}");
        for part in ["gamma", "beta", "content_bias", "position_bias", "output_bias"] {
            insert(format!("{prefix}.attention.{part}"), &[d]);
        }
        for (part, wide) in [("qkv", 3 * d), ("position", d), ("output", d)] {
            insert(format!("{prefix}.attention.{part}"), &[d, wide]);
        }
        feed_forward(&mut insert, format!("{prefix}.feed_forward"), config.d_ff);
        insert(format!("decoder.compressors.{layer}.kernel"), &[ratio * d, d]);
        insert(format!("decoder.compressors.{layer}.bias"), &[d]);
    }
    weights
}
