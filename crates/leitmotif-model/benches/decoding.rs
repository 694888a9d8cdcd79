//! Events per second that a network writes on one thread: one piece early and late, and several
//! pieces side by side.
#![allow(clippy::print_stdout)]

#[path = "../tests/it/common.rs"]
mod common;

use leitmotif_model::{DecodingBatch, Model, ModelConfig};
use std::time::Instant;

/// Six fields an event.
const SONG: [usize; 6] = [146, 97, 130, 257, 65, 33];
/// One field an event.
const CHORD: [usize; 1] = [470];
/// Events of a measurement, over all pieces.
const EVENTS: usize = 4096;
/// Events before the early measurement and before the late one.
const EARLY: usize = 1000;
const LATE: usize = 100_000;
/// Pieces side by side.
const STREAMS: [usize; 3] = [1, 4, 16];
/// Measurements, of which the median counts.
const RUNS: usize = 5;

fn main() {
    let song = ModelConfig { segment: 128, memory: 128, compressed: 64, ..ModelConfig::default() };
    let wide = ModelConfig { d_model: 256, layers: 6, d_ff: 1024, d_field: 256, ..song.clone() };
    let cases: [(&str, ModelConfig, &[usize]); 5] = [
        (
            "64 wide, 6 layers, 8 heads, segment 64, memory 64, compressed 256 on layers 5 and 6, one field",
            ModelConfig {
                d_model: 64,
                layers: 6,
                heads: 8,
                d_ff: 256,
                segment: 64,
                memory: 64,
                compressed: 256,
                memory_layers: vec![5, 6],
                ..ModelConfig::default()
            },
            &CHORD,
        ),
        ("128 wide, 4 layers, 4 heads, segment 128, memory 128, compressed 64, six fields", song, &SONG),
        (
            "256 wide, 6 layers, 8 heads, segment 512, no memory, one field",
            ModelConfig { heads: 8, segment: 512, memory: 0, compressed: 0, ..wide.clone() },
            &CHORD,
        ),
        ("256 wide, 6 layers, 4 heads, segment 128, memory 128, compressed 64, six fields", wide.clone(), &SONG),
        ("the same with copy features", ModelConfig { copy_features: true, ..wide }, &SONG),
    ];
    for (name, config, sizes) in cases {
        println!("{name}");
        let model = common::network(config, sizes);
        for streams in STREAMS {
            let (early, late) = (measure(&model, sizes, streams, EARLY), streams == 1);
            print!("  {streams:2} pieces: {}", said(early));
            if late {
                print!("; from event {LATE} {}", said(measure(&model, sizes, streams, LATE)));
            }
            println!();
        }
    }
}

/// Events per second, and of the microseconds an event takes those that go into reading it.
fn said((events, reading): (f64, f64)) -> String {
    format!("{events:.0} events/s ({:.1} us an event, {reading:.1} of them reading)", 1e6 / events)
}

/// The median events per second over all pieces, from event `first` on, and the microseconds of
/// reading an event.
fn measure(model: &dyn Model, sizes: &[usize], streams: usize, first: usize) -> (f64, f64) {
    let mut batch = model.decoding_batch(streams);
    let named: Vec<usize> = (0..streams).collect();
    for time in 0..first {
        batch.push(&named, &events(sizes, streams, time));
    }
    let mut logits: Vec<Vec<f32>> = sizes.iter().map(|&size| vec![0.0; streams * size]).collect();
    let mut runs: Vec<(f64, f64)> = (0..RUNS)
        .map(|run| {
            let (mut reading, start) = (0.0, Instant::now());
            let steps = EVENTS / streams;
            for time in first + run * steps..first + (run + 1) * steps {
                reading += write(&mut *batch, &named, sizes, time, &mut logits);
            }
            let written = (steps * streams) as f64;
            (written / start.elapsed().as_secs_f64(), 1e6 * reading / written)
        })
        .collect();
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    runs[RUNS / 2]
}

/// Predicts every field of an event of each piece, then reads them; returns the seconds of reading.
fn write(
    batch: &mut dyn DecodingBatch,
    streams: &[usize],
    sizes: &[usize],
    time: usize,
    logits: &mut [Vec<f32>],
) -> f64 {
    let events = events(sizes, streams.len(), time);
    for (field, logits) in logits.iter_mut().enumerate() {
        let earlier: Vec<u16> = events.chunks_exact(sizes.len()).flat_map(|event| &event[..field]).copied().collect();
        batch.logits(streams, &earlier, field, logits);
        assert!(logits[0].is_finite());
    }
    let start = Instant::now();
    batch.push(streams, &events);
    start.elapsed().as_secs_f64()
}

fn events(sizes: &[usize], streams: usize, time: usize) -> Vec<u16> {
    (0..streams).flat_map(|stream| common::event(sizes, stream, time)).collect()
}
