//! Streams are independent of each other: a piece is the same bits alone and among others.

use crate::common::{self, SIZES, small as config};
use leitmotif_kernels::Isa;
use leitmotif_kernels::gemm::{self, Packed};
use leitmotif_model::{
    Compression, Condition, DecodingBatch, FieldDecoding, Gating, LatentKind, Markov, MarkovBuilder, Model,
    ModelConfig, ModelKind,
};

const EVENTS: usize = 50;

fn networks() -> Vec<ModelConfig> {
    let compressions =
        [Compression::Mean, Compression::Max, Compression::Conv, Compression::DilatedConv, Compression::MostUsed];
    let compressions = compressions.map(|compression| ModelConfig { compression, ..config() });
    let others = [
        ModelConfig { memory: 0, compressed: 0, ..config() },
        ModelConfig { memory: 9, compressed: 0, memory_layers: vec![2], ..config() },
        ModelConfig { glu: true, gating: Gating::Gru, tied: true, copy_features: true, ..config() },
        ModelConfig { kind: ModelKind::Lstm, copy_features: true, ..config() },
        ModelConfig { fields: FieldDecoding::Independent, ..config() },
        ModelConfig { d_model: 400, heads: 2, d_ff: 390, layers: 1, ..config() },
    ];
    compressions.into_iter().chain(others).collect()
}

fn markov() -> Markov {
    let description = leitmotif_model::ModelDescription::new(
        ModelConfig { kind: ModelKind::Markov, cache: true, ..ModelConfig::default() },
        SIZES.to_vec(),
    );
    let mut builder = MarkovBuilder::new(&description.unwrap());
    for piece in 0..6 {
        let events: Vec<u16> = (0..EVENTS).flat_map(|event| common::event(&SIZES, piece, event)).collect();
        builder.add_piece(&events).unwrap();
    }
    builder.finish()
}

/// The bits of all fields' logits for the event that follows event number `time`, field after
/// field.
fn read(batch: &mut dyn DecodingBatch, streams: &[usize], time: usize) -> Vec<Vec<u32>> {
    let mut bits = vec![Vec::new(); streams.len()];
    for (field, &size) in SIZES.iter().enumerate() {
        let earlier: Vec<u16> =
            streams.iter().flat_map(|&stream| common::event(&SIZES, stream, time + 1)[..field].to_vec()).collect();
        let mut logits = vec![f32::NAN; streams.len() * size];
        batch.logits(streams, &earlier, field, &mut logits);
        assert!(logits.iter().all(|logit| logit.is_finite()));
        let rows = bits.iter_mut().zip(logits.chunks_exact(size));
        rows.for_each(|(bits, logits)| bits.extend(logits.iter().map(|logit| logit.to_bits())));
    }
    bits
}

/// What each stream's piece gives alone, event after event.
fn alone(model: &dyn Model, stream: usize) -> Vec<Vec<u32>> {
    let mut batch = model.decoding_batch(stream + 1);
    let step = |time: usize| {
        batch.push(&[stream], &common::event(&SIZES, stream, time));
        read(&mut *batch, &[stream], time).remove(0)
    };
    (0..EVENTS).map(step).collect()
}

/// Runs `streams` pieces of which stream `l` begins `3 l` rounds late and ends after `EVENTS - 2 l`
/// events; every fourth stream reads several events at once. Reads them together and compares with
/// each alone.
fn compare(model: &dyn Model, streams: usize) {
    let expected: Vec<_> = (0..streams).map(|stream| alone(model, stream)).collect();
    let mut batch = model.decoding_batch(streams);
    let mut times = vec![0; streams];
    for round in 0..EVENTS + 3 * streams {
        let running = (0..streams)
            .rev()
            .filter(|&stream| round >= 3 * stream && times[stream] + 2 * stream < EVENTS)
            .collect::<Vec<_>>();
        let (mut named, mut events) = (Vec::new(), Vec::new());
        for again in 0..3 {
            for &stream in running.iter().filter(|&&stream| again == 0 || stream % 4 == 3 && round % 5 == 0) {
                named.push(stream);
                events.extend(common::event(&SIZES, stream, times[stream].min(EVENTS - 1)));
                times[stream] += 1;
            }
        }
        batch.push(&named, &events);
        // Pieces stand at different places, so fields are requested in groups that do not.
        for &stream in &running {
            let time = times[stream] - 1;
            let same: Vec<usize> = running.iter().copied().filter(|&other| times[other] == times[stream]).collect();
            let found = read(&mut *batch, &same, time);
            for (&stream, found) in same.iter().zip(&found) {
                assert!(
                    time >= EVENTS || found == &expected[stream][time],
                    "stream {stream} of {streams}, event {time}"
                );
            }
        }
    }
}

#[test]
fn a_stream_is_the_same_bits_alone_and_among_others() {
    for isa in Isa::available() {
        isa.force(|| {
            for config in networks() {
                let model = common::network(config, &SIZES);
                [1, 2, 3, 5].into_iter().for_each(|streams| compare(&model, streams));
            }
        });
    }
}

/// The bits of all fields' logits for what follows piece number `piece`'s event number `time` in
/// one stream.
fn push(batch: &mut dyn DecodingBatch, stream: usize, piece: usize, time: usize) -> Vec<u32> {
    let next = common::event(&SIZES, piece, time + 1);
    let logits = |(field, &size): (usize, &usize)| {
        let mut logits = vec![f32::NAN; size];
        batch.logits(&[stream], &next[..field], field, &mut logits);
        logits.into_iter().map(f32::to_bits).collect::<Vec<u32>>()
    };
    SIZES.iter().enumerate().flat_map(logits).collect()
}

#[test]
fn a_copied_stream_continues_as_its_original_and_leaves_it_unchanged() {
    let latents = ModelConfig {
        latent: LatentKind::Bar,
        d_latent: 15,
        latent_slots: 3,
        latent_bag: 3,
        copy_features: true,
        ..config()
    };
    let condition = |latent: &'static [f32]| Some(Condition { latent, classes: &[] });
    let networks = networks().into_iter().chain([latents]).map(|config| common::network(config, &SIZES));
    let models = networks.map(|network| Box::new(network) as Box<dyn Model>).chain([Box::new(markov()) as _]);
    for (number, model) in models.enumerate() {
        for copied in [0, 1, 5, 6, 23, 40] {
            let mut batch = model.decoding_batch(3);
            batch.condition(0, condition(&[0.7; 15]));
            batch.condition(2, condition(&[-0.2; 15]));
            for time in 0..copied {
                batch.push(&[0, 2], &[common::event(&SIZES, 0, time), common::event(&SIZES, 2, time)].concat());
            }
            batch.copy(0, 2);
            batch.copy(0, 0);
            // The copy goes on as the original would; the original then does so all the same.
            let mut go_on = |stream: usize| {
                let step = |time: usize| {
                    batch.push(&[stream], &common::event(&SIZES, 0, time));
                    push(&mut *batch, stream, 0, time)
                };
                (copied..copied + 20).map(step).collect::<Vec<_>>()
            };
            let (copy, original) = (go_on(2), go_on(0));
            assert!(copy == original, "model {number}, copied after {copied} events");
            let mut alone = model.decoding_batch(1);
            alone.condition(0, condition(&[0.7; 15]));
            (0..copied + 20).for_each(|time| alone.push(&[0], &common::event(&SIZES, 0, time)));
            assert!(push(&mut *alone, 0, 0, copied + 19) == original[19], "model {number}, {copied} events");
        }
    }
}

#[test]
fn many_streams_are_the_same_bits_as_each_alone() {
    compare(&common::network(ModelConfig { copy_features: true, ..config() }, &SIZES), 17);
    compare(&common::network(ModelConfig { kind: ModelKind::Lstm, ..config() }, &SIZES), 17);
    compare(&markov(), 5);
    // More rows than one product takes.
    let model = common::network(config(), &SIZES);
    let (mut together, mut alone) = (model.decoding_batch(150), model.decoding_session());
    let streams: Vec<usize> = (0..150).collect();
    for time in 0..20 {
        let event = common::event(&SIZES, 0, time);
        together.push(&streams, &event.repeat(150));
        alone.push(&event);
        let (mut all, mut one) = (vec![0.0; 150 * SIZES[0]], vec![0.0; SIZES[0]]);
        together.logits(&streams, &[], 0, &mut all);
        alone.logits(&[], 0, &mut one);
        assert!(all.chunks_exact(SIZES[0]).all(|logits| logits == one));
    }
}

#[test]
fn a_row_of_a_product_does_not_depend_on_the_others() {
    for isa in Isa::available() {
        isa.force(|| {
            for (k, n) in [(1, 1), (7, 5), (64, 192), (100, 49), (257, 130), (385, 48), (700, 31)] {
                let value = |i: usize| ((i * 7919 + 13) % 1009) as f32 / 500.0 - 1.0;
                let (weights, bias): (Vec<f32>, Vec<f32>) =
                    ((0..k * n).map(value).collect(), (0..n).map(value).collect());
                let packed = Packed::new(&weights, k, n);
                let rows: Vec<f32> = (0..33 * k).map(|i| value(i * 3 + 1)).collect();
                let product = |rows: &[f32]| gemm::with_packed(rows, &packed, Some(&bias), rows.len() / k);
                let alone: Vec<Vec<f32>> = rows.chunks_exact(k).map(product).collect();
                for m in 1..=33 {
                    for (row, together) in product(&rows[..m * k]).chunks_exact(n).enumerate() {
                        let same = together.iter().zip(&alone[row]).all(|(a, b)| a.to_bits() == b.to_bits());
                        assert!(same, "row {row} of {m}, {k} by {n}, {isa:?}");
                    }
                }
            }
        });
    }
}
