//! Tasks that can only be solved with memory: a key is shown once, distractors follow, and much
//! later the key is to be predicted.

use crate::support::{Adam, Cut};
use leitmotif_model::{Compression, CompressionLoss, ModelConfig, ModelDescription, Scorer};
use leitmotif_network::{Network, device};

const KEYS: u16 = 4;
const SEGMENT: usize = 8;
const STREAMS: usize = 32;
/// Keys are 1 to 4, distractors 5 to 8, and 9 asks for the key.
const ASK: u16 = 9;
const VALUES: usize = 10;
/// The highest learning rate; it rises to it for some pieces, then falls to nothing.
const RATE: f32 = 2.5e-3;
const WARM_UP: f32 = 100.0;

struct Rng(u64);

impl Rng {
    fn below(&mut self, bound: u16) -> u16 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 33) % u64::from(bound)) as u16
    }
}

/// One piece per stream, cut into segments; the answer is the last target of the last one.
fn pieces(segments: usize, rng: &mut Rng) -> Vec<Cut> {
    let length = segments * SEGMENT;
    let piece = |rng: &mut Rng| {
        let key = 1 + rng.below(KEYS);
        let mut events: Vec<u16> = (0..length as u16).map(|place| 5 + place % 4).collect();
        events[usize::from(rng.below(SEGMENT as u16))] = key;
        events[length - 1] = ASK;
        events.push(key);
        events
    };
    let streams: Vec<Vec<u16>> = (0..STREAMS).map(|_| piece(rng)).collect();
    let cut = |index: usize| {
        let range = |shift: usize| index * SEGMENT + shift..(index + 1) * SEGMENT + shift;
        Cut {
            streams: STREAMS,
            segment: SEGMENT,
            inputs: streams.iter().flat_map(|stream| stream[range(0)].to_vec()).collect(),
            targets: streams.iter().flat_map(|stream| stream[range(1)].to_vec()).collect(),
            lengths: vec![SEGMENT; STREAMS],
            starts: vec![index == 0; STREAMS],
        }
    };
    (0..segments).map(cut).collect()
}

/// Mean nats of the answer after training.
fn answer_nll(config: ModelConfig, segments: usize, pieces_seen: usize) -> f32 {
    let description = ModelDescription::new(config, vec![VALUES]).unwrap();
    let mut network = Network::new(&description, 2, &device("cpu").unwrap().autodiff()).unwrap();
    let mut adam = Adam::new(RATE);
    let mut rng = Rng(0x1234_5678_9abc_def1);
    let mut carry = network.carry(STREAMS);
    for seen in 0..pieces_seen {
        adam.rate = RATE * (seen as f32 / WARM_UP).min(1.0) * (1.0 - seen as f32 / pieces_seen as f32);
        for cut in pieces(segments, &mut rng) {
            let step = network.step(carry, &cut.segment(), 0);
            network = adam.update(network, &step.loss);
            carry = step.carry;
        }
    }
    let mut scoring = network.scoring_session(STREAMS);
    let mut sum = 0.0;
    const TRIALS: usize = 8;
    for _ in 0..TRIALS {
        let mut nats = Vec::new();
        for cut in pieces(segments, &mut rng) {
            nats = scoring.nll(&cut.segment());
        }
        sum += nats.chunks_exact(SEGMENT).map(|stream| stream[SEGMENT - 1]).sum::<f32>();
    }
    sum / (TRIALS * STREAMS) as f32
}

fn transformer(memory: usize, compressed: usize) -> ModelConfig {
    ModelConfig {
        d_model: 32,
        layers: 1,
        heads: 2,
        d_ff: 32,
        segment: SEGMENT,
        memory,
        compressed,
        ratio: 4,
        ff_dropout: 0.0,
        layer_dropout: 0.0,
        ..ModelConfig::default()
    }
}

/// Half of what guessing among the keys costs.
const SOLVED: f32 = 0.69;
/// Nearly what guessing costs, ln 4 = 1.386.
const GUESSED: f32 = 1.25;

#[test]
fn recall_from_beyond_the_segment_needs_memory() {
    let with = answer_nll(transformer(SEGMENT, 0), 2, 400);
    let without = answer_nll(transformer(0, 0), 2, 400);
    assert!(with < SOLVED && without > GUESSED, "with memory {with}, without {without}");
}

#[test]
fn recall_from_beyond_the_memory_needs_compressed_memory() {
    let without = answer_nll(transformer(SEGMENT, 0), 3, 1000);
    assert!(without > GUESSED, "memory alone: {without}");
    for compression in
        [Compression::Mean, Compression::Max, Compression::Conv, Compression::DilatedConv, Compression::MostUsed]
    {
        // Taps of a dilated group that lie before what was evicted read nothing, and miss some of
        // its states in exchange: what was there is found in their neighbours, once a layer below
        // has passed it on.
        let layers = if compression == Compression::DilatedConv { 2 } else { 1 };
        let config = ModelConfig { compression, layers, ..transformer(SEGMENT, 2 * SEGMENT / 4) };
        let with = answer_nll(config, 3, 1000);
        assert!(with < SOLVED, "{compression:?}: {with}");
    }
    let auto_encoding =
        ModelConfig { compression_loss: CompressionLoss::AutoEncoding, ..transformer(SEGMENT, 2 * SEGMENT / 4) };
    let with = answer_nll(auto_encoding, 3, 1000);
    assert!(with < SOLVED, "auto-encoding: {with}");
}
