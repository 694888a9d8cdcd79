//! Seconds a training step takes, by part: `speed [study|study-memory|tiny|small]`.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use leitmotif_model::{ModelConfig, ModelDescription, Segment};
use leitmotif_network::{Network, device};
use std::time::Instant;

fn main() {
    let name = std::env::args().nth(1).unwrap_or_else(|| "tiny".into());
    let events_sizes = vec![146, 97, 130, 257, 65, 33];
    let (config, streams, sizes) = match name.as_str() {
        "study" => (
            ModelConfig {
                d_model: 64,
                layers: 6,
                heads: 8,
                d_ff: 256,
                segment: 64,
                memory: 0,
                compressed: 0,
                ..Default::default()
            },
            64,
            vec![840],
        ),
        "study-memory" => (
            ModelConfig {
                d_model: 64,
                layers: 6,
                heads: 8,
                d_ff: 256,
                segment: 64,
                memory: 64,
                compressed: 256,
                memory_layers: vec![5, 6],
                ..Default::default()
            },
            64,
            vec![840],
        ),
        "large" => (
            ModelConfig {
                d_model: 256,
                layers: 6,
                heads: 8,
                d_ff: 1024,
                segment: 512,
                memory: 0,
                compressed: 0,
                ..Default::default()
            },
            8,
            vec![512],
        ),
        "small" => (
            ModelConfig {
                d_model: 256,
                layers: 6,
                heads: 8,
                d_ff: 1024,
                d_field: 256,
                segment: 256,
                memory: 256,
                compressed: 128,
                ..Default::default()
            },
            8,
            events_sizes,
        ),
        "tiny-mean" => {
            (ModelConfig { compression: leitmotif_model::Compression::Mean, ..Default::default() }, 16, events_sizes)
        }
        "tiny-plain" => (ModelConfig { memory: 0, compressed: 0, ..Default::default() }, 16, events_sizes),
        _ => (ModelConfig::default(), 16, events_sizes),
    };
    let k = sizes.len();
    let description = ModelDescription::new(config.clone(), sizes.clone()).unwrap();
    let network = Network::new(&description, 1, &device("cpu").unwrap().autodiff()).unwrap();
    let events = streams * config.segment;
    let values: Vec<u16> = (0..(events + 1) * k).map(|i| ((i * 7919) % sizes[i % k].max(2)) as u16).collect();
    let segment = |starts: &'static [bool]| Segment {
        streams,
        segment: config.segment,
        inputs: &values[..events * k],
        targets: &values[k..],
        determined: &[],
        lengths: Box::leak(vec![config.segment; streams].into_boxed_slice()),
        starts: &starts[..streams],
        bars: None,
    };
    let mut carry = network.carry(streams);
    let (mut forwards, mut backwards) = (Vec::new(), Vec::new());
    for step in 0..16 {
        let start = Instant::now();
        let output = network.step(carry, &segment(&[false; 64]), step);
        let forward = start.elapsed().as_secs_f64();
        let _gradients = output.loss.backward();
        if step >= 6 {
            forwards.push(forward);
            backwards.push(start.elapsed().as_secs_f64() - forward);
        }
        carry = output.carry;
    }
    let median = |values: &mut Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let (f, b) = (median(&mut forwards), median(&mut backwards));
    println!(
        "{name}: {} values, forward {f:.3} s, backward {b:.3} s, {:.0} events/s",
        network.size(),
        events as f64 / (f + b)
    );
}
