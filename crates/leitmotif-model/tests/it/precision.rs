//! Weights in half precision: the same model but for the rounding of its linear maps.

use crate::common::{self, SIZES, small};
use leitmotif_model::{
    Array, Compression, Gating, Model, ModelConfig, ModelDescription, ModelKind, NetworkModel, Precision, Weights,
};

const EVENTS: usize = 40;

fn configs() -> Vec<ModelConfig> {
    let config = small();
    vec![
        ModelConfig { compression: Compression::Conv, ..config.clone() },
        ModelConfig { glu: true, gating: Gating::Gru, tied: true, copy_features: true, ..config.clone() },
        ModelConfig { kind: ModelKind::Lstm, ..config },
    ]
}

/// The logits of all fields of all events of a piece.
fn logits(model: &dyn Model) -> Vec<f32> {
    let mut batch = model.decoding_batch(1);
    let mut all = Vec::new();
    for time in 0..EVENTS {
        batch.push(&[0], &common::event(&SIZES, 0, time));
        let next = common::event(&SIZES, 0, time + 1);
        for (field, &size) in SIZES.iter().enumerate() {
            let mut logits = vec![f32::NAN; size];
            batch.logits(&[0], &next[..field], field, &mut logits);
            all.extend(logits);
        }
    }
    all
}

fn model(description: &ModelDescription, weights: &Weights, precision: Precision) -> NetworkModel {
    NetworkModel::new(description, &weights.clone().in_precision(precision)).unwrap()
}

/// The weights cut to the 11 significant bits of half precision; what is too small for that is
/// zero.
fn cut(weights: &Weights) -> Weights {
    let number = |&x: &f32| if x.abs() < 2f32.powi(-14) { 0.0 } else { f32::from_bits(x.to_bits() & !0x1FFF) };
    let array = |array: &Array| Array::new(array.shape.clone(), array.data.iter().map(number).collect());
    weights.iter().map(|(name, values)| (name.to_owned(), array(values))).collect()
}

#[test]
fn logits_in_half_precision_are_near_those_in_single() {
    for config in configs() {
        let description = ModelDescription::new(config, SIZES.to_vec()).unwrap();
        let weights = common::weights(&description);
        let [single, half] = [Precision::Single, Precision::Half].map(|p| model(&description, &weights, p));
        assert_eq!((single.precision(), half.precision()), (Precision::Single, Precision::Half));
        let (single, half) = (logits(&single), logits(&half));
        let largest = single.iter().zip(&half).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(largest > 0.0 && largest < 2e-3, "logits differ by up to {largest}");
    }
}

#[test]
fn weights_that_half_precision_holds_give_the_same_bits() {
    for config in configs() {
        let description = ModelDescription::new(config, SIZES.to_vec()).unwrap();
        let weights = cut(&common::weights(&description));
        let [single, half] = [Precision::Single, Precision::Half].map(|p| logits(&model(&description, &weights, p)));
        assert_eq!(single, half);
    }
}
