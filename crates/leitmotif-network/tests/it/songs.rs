//! Made-up pieces with bars, laid side by side as batches lay them: what models with latents read.

use crate::support::{self, Cut, SIZES};
use leitmotif_events::SegmentBars;
use leitmotif_model::{AttributeCuts, LatentKind, ModelConfig, ModelDescription, Segment};
use std::ops::Range;

/// A small transformer with latents and two attributes, of three classes and of one.
pub fn config(latent: LatentKind) -> ModelConfig {
    ModelConfig {
        latent,
        latent_bars: 3,
        d_latent: 5,
        encoder_layers: 2,
        attributes: vec!["a".into(), "b".into()],
        d_attribute: 3,
        ..support::config()
    }
}

pub fn describe(config: ModelConfig) -> ModelDescription {
    let cuts = |name: &String| AttributeCuts {
        name: name.clone(),
        cuts: if name == "a" { vec![0.5, 1.5] } else { Vec::new() },
    };
    let attributes = config.attributes.iter().map(cuts).collect();
    ModelDescription::with_attributes(config, SIZES.to_vec(), attributes).unwrap()
}

/// A piece: a header of two events, bars of several lengths, an end that belongs to none.
struct Piece {
    number: usize,
    values: Vec<u16>,
    bars: Vec<Range<usize>>,
}

impl Piece {
    fn new(number: usize, bars: &[usize]) -> Self {
        let mut at = 2;
        let bars = bars.iter().map(|&length| {
            at += length;
            at - length..at
        });
        let bars: Vec<Range<usize>> = bars.collect();
        Self { number, values: support::events(at + 1, &SIZES, number as u64 + 70), bars }
    }
}

/// The pieces that each stream reads, one after another: bars of one event and of more than a
/// segment; streams that start anew, and that end before others.
fn streams() -> Vec<Vec<Piece>> {
    vec![
        vec![Piece::new(0, &[4, 1, 7, 3, 2, 5, 1]), Piece::new(1, &[3, 3, 9])],
        vec![Piece::new(2, &[15, 2, 6, 4, 8, 3])],
        vec![Piece::new(3, &[5]), Piece::new(4, &[1, 1, 1, 6])],
    ]
}

/// One segment's arrays, with those of its bars.
pub struct Lap {
    pub cut: Cut,
    pub bars: SegmentBars,
}

impl Lap {
    pub fn segment(&self) -> Segment<'_> {
        Segment { bars: Some(&self.bars), ..self.cut.segment() }
    }

    fn empty(streams: usize, segment: usize) -> Self {
        let zeros = || vec![0; streams * segment * SIZES.len()];
        let (lengths, starts) = (vec![0; streams], vec![false; streams]);
        Self {
            cut: Cut { streams, segment, inputs: zeros(), targets: zeros(), lengths, starts },
            bars: SegmentBars { of_input: vec![-1; streams * segment], offsets: vec![0], ..SegmentBars::default() },
        }
    }

    fn read(&mut self, stream: usize, piece: &Piece, from: usize, per: usize, attributes: usize) {
        let (k, segment) = (SIZES.len(), self.cut.segment);
        let count = segment.min(piece.values.len() / k - 1 - from);
        let at = stream * segment * k;
        self.cut.inputs[at..at + count * k].copy_from_slice(&piece.values[from * k..(from + count) * k]);
        self.cut.targets[at..at + count * k].copy_from_slice(&piece.values[(from + 1) * k..(from + count + 1) * k]);
        (self.cut.lengths[stream], self.cut.starts[stream]) = (count, from == 0);
        let inside = |bar: &Range<usize>| bar.start.max(from)..bar.end.min(from + count);
        for (group, bars) in piece.bars.chunks(per).enumerate() {
            let here: usize = bars.iter().map(|bar| inside(bar).len()).sum();
            if here == 0 {
                continue;
            }
            let whole = bars[0].start..bars[bars.len() - 1].end;
            for (place, bar) in bars.iter().enumerate() {
                self.bars.events.extend_from_slice(&piece.values[bar.start * k..bar.end * k]);
                self.bars.places.extend(vec![place as i32; bar.len()]);
                if inside(bar).is_empty() {
                    continue;
                }
                let number = group * per + place;
                let stream = stream * segment;
                let inputs = stream + inside(bar).start - from..stream + inside(bar).end - from;
                self.bars.of_input[inputs].fill(self.bars.group_of_bar.len() as i32);
                self.bars.group_of_bar.push(self.bars.keys.len() as i32);
                let classes = [(number + piece.number) % 4, number % 2];
                self.bars.classes.extend(classes.iter().take(attributes).map(|class| *class as u16));
            }
            self.bars.offsets.push(self.bars.places.len());
            self.bars.shares.push(here as f32 / whole.len() as f32);
            self.bars.keys.push((piece.number * 100 + group) as u64);
        }
    }
}

/// The pieces as a model of this configuration reads them, segment after segment.
pub fn laps(config: &ModelConfig) -> Vec<Lap> {
    let streams = streams();
    let (per, attributes) = (config.bars_per_latent().max(1), config.attributes.len());
    let mut laps = Vec::new();
    let mut states = vec![(0, 0); streams.len()];
    loop {
        let mut lap = Lap::empty(streams.len(), config.segment);
        for (stream, (pieces, (piece, position))) in streams.iter().zip(&mut states).enumerate() {
            let Some(reading) = pieces.get(*piece) else { continue };
            lap.read(stream, reading, *position, per, attributes);
            *position += lap.cut.lengths[stream];
            if *position + 1 == reading.values.len() / SIZES.len() {
                (*piece, *position) = (*piece + 1, 0);
            }
        }
        if lap.cut.lengths.iter().all(|&length| length == 0) {
            return laps;
        }
        laps.push(lap);
    }
}
