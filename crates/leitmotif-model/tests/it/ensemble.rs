//! Lanes know nothing of each other: a piece is the same bits alone and among others.

use crate::common::{self, SIZES, small as config};
use leitmotif_kernels::Isa;
use leitmotif_kernels::gemm::{self, Packed};
use leitmotif_model::{
    Compression, Condition, Ensemble, FieldDecoding, Gating, LatentKind, Markov, MarkovBuilder, Model, ModelConfig,
    ModelKind,
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

/// The bits of all fields' logits for the event that follows event number `time`, field after field.
fn read(ensemble: &mut dyn Ensemble, lanes: &[usize], time: usize) -> Vec<Vec<u32>> {
    let mut bits = vec![Vec::new(); lanes.len()];
    for (field, &size) in SIZES.iter().enumerate() {
        let earlier: Vec<u16> =
            lanes.iter().flat_map(|&lane| common::event(&SIZES, lane, time + 1)[..field].to_vec()).collect();
        let mut logits = vec![f32::NAN; lanes.len() * size];
        ensemble.logits(lanes, &earlier, field, &mut logits);
        assert!(logits.iter().all(|logit| logit.is_finite()));
        let rows = bits.iter_mut().zip(logits.chunks_exact(size));
        rows.for_each(|(bits, logits)| bits.extend(logits.iter().map(|logit| logit.to_bits())));
    }
    bits
}

/// What each lane's piece gives alone, event after event.
fn alone(model: &dyn Model, lane: usize) -> Vec<Vec<u32>> {
    let mut ensemble = model.ensemble(lane + 1);
    let step = |time: usize| {
        ensemble.push(&[lane], &common::event(&SIZES, lane, time));
        read(&mut *ensemble, &[lane], time).remove(0)
    };
    (0..EVENTS).map(step).collect()
}

/// Runs `lanes` pieces of which lane `l` begins `3 l` rounds late and ends after `EVENTS - 2 l` events; every fourth lane
/// reads several events at once. Reads them together and compares with each alone.
fn compare(model: &dyn Model, lanes: usize) {
    let expected: Vec<_> = (0..lanes).map(|lane| alone(model, lane)).collect();
    let mut ensemble = model.ensemble(lanes);
    let mut times = vec![0; lanes];
    for round in 0..EVENTS + 3 * lanes {
        let running =
            (0..lanes).rev().filter(|&lane| round >= 3 * lane && times[lane] + 2 * lane < EVENTS).collect::<Vec<_>>();
        let (mut named, mut events) = (Vec::new(), Vec::new());
        for again in 0..3 {
            for &lane in running.iter().filter(|&&lane| again == 0 || lane % 4 == 3 && round % 5 == 0) {
                named.push(lane);
                events.extend(common::event(&SIZES, lane, times[lane].min(EVENTS - 1)));
                times[lane] += 1;
            }
        }
        ensemble.push(&named, &events);
        // Pieces stand at different places, so fields are asked for in groups that do.
        for &lane in &running {
            let time = times[lane] - 1;
            let same: Vec<usize> = running.iter().copied().filter(|&other| times[other] == times[lane]).collect();
            let found = read(&mut *ensemble, &same, time);
            for (&lane, found) in same.iter().zip(&found) {
                assert!(time >= EVENTS || found == &expected[lane][time], "lane {lane} of {lanes}, event {time}");
            }
        }
    }
}

#[test]
fn a_lane_is_the_same_bits_alone_and_among_others() {
    for isa in Isa::available() {
        isa.force(|| {
            for config in networks() {
                let model = common::network(config, &SIZES);
                [1, 2, 3, 5].into_iter().for_each(|lanes| compare(&model, lanes));
            }
        });
    }
}

/// The bits of all fields' logits for what follows piece number `piece`'s event number `time` in one lane.
fn hear(ensemble: &mut dyn Ensemble, lane: usize, piece: usize, time: usize) -> Vec<u32> {
    let next = common::event(&SIZES, piece, time + 1);
    let logits = |(field, &size): (usize, &usize)| {
        let mut logits = vec![f32::NAN; size];
        ensemble.logits(&[lane], &next[..field], field, &mut logits);
        logits.into_iter().map(f32::to_bits).collect::<Vec<u32>>()
    };
    SIZES.iter().enumerate().flat_map(logits).collect()
}

#[test]
fn a_copied_lane_goes_on_as_its_original_and_leaves_it_alone() {
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
            let mut ensemble = model.ensemble(3);
            ensemble.condition(0, condition(&[0.7; 15]));
            ensemble.condition(2, condition(&[-0.2; 15]));
            for time in 0..copied {
                ensemble.push(&[0, 2], &[common::event(&SIZES, 0, time), common::event(&SIZES, 2, time)].concat());
            }
            ensemble.copy(0, 2);
            ensemble.copy(0, 0);
            // The copy goes on as the original would; the original then does so all the same.
            let mut go_on = |lane: usize| {
                let step = |time: usize| {
                    ensemble.push(&[lane], &common::event(&SIZES, 0, time));
                    hear(&mut *ensemble, lane, 0, time)
                };
                (copied..copied + 20).map(step).collect::<Vec<_>>()
            };
            let (copy, original) = (go_on(2), go_on(0));
            assert!(copy == original, "model {number}, copied after {copied} events");
            let mut alone = model.ensemble(1);
            alone.condition(0, condition(&[0.7; 15]));
            (0..copied + 20).for_each(|time| alone.push(&[0], &common::event(&SIZES, 0, time)));
            assert!(hear(&mut *alone, 0, 0, copied + 19) == original[19], "model {number}, {copied} events");
        }
    }
}

#[test]
fn many_lanes_are_still_themselves() {
    compare(&common::network(ModelConfig { copy_features: true, ..config() }, &SIZES), 17);
    compare(&common::network(ModelConfig { kind: ModelKind::Lstm, ..config() }, &SIZES), 17);
    compare(&markov(), 5);
    // More rows than one product takes.
    let model = common::network(config(), &SIZES);
    let (mut together, mut alone) = (model.ensemble(150), model.stepper());
    let lanes: Vec<usize> = (0..150).collect();
    for time in 0..20 {
        let event = common::event(&SIZES, 0, time);
        together.push(&lanes, &event.repeat(150));
        alone.push(&event);
        let (mut all, mut one) = (vec![0.0; 150 * SIZES[0]], vec![0.0; SIZES[0]]);
        together.logits(&lanes, &[], 0, &mut all);
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
