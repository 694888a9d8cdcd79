//! What is hidden from the decoder in training, so that it needs the latent: events (word dropout),
//! and copy features.

use burn::tensor::{Device, Tensor, TensorData};
use leitmotif_events::SegmentBars;
use leitmotif_model::NO_COPY;

/// The embedded events `[streams * segment, d]` as the decoder reads them in training: those that
/// open no bar are zeroed with the probability of word dropout (Bowman et al. 2016). The first
/// event of a segment is always kept, as if it opened its bar.
pub(crate) fn word_dropout(embedded: Tensor<2>, bars: &SegmentBars, probability: f32, seed: u64) -> Tensor<2> {
    if probability <= 0.0 {
        return embedded;
    }
    let [events, _] = embedded.dims();
    let keeps = leitmotif_kernels::dropout::mask(seed, events, probability);
    let before = std::iter::once(-1).chain(bars.of_input.iter().copied());
    let kept = bars.of_input.iter().zip(before).zip(keeps);
    let kept: Vec<f32> =
        kept.map(|((&bar, before), keep)| if bar != before || bar < 0 || keep > 0.0 { 1.0 } else { 0.0 }).collect();
    let device: Device = embedded.device();
    embedded * Tensor::<2>::from_data(TensorData::new(kept, [events, 1]), &device)
}

/// Drops the copy features (of each field, `[streams * segment, copies]`) of all events of some
/// bars, each bar of a segment with this probability: copy features repeat what was played before,
/// and what they predict need not be encoded in the latent.
pub(crate) fn copy_dropout(copies: &mut [Vec<i32>], bars: &SegmentBars, probability: f32, seed: u64) {
    let keeps = leitmotif_kernels::dropout::mask(seed, bars.group_of_bar.len(), probability);
    for rows in copies.iter_mut().filter(|rows| !rows.is_empty()) {
        let each = rows.len() / bars.of_input.len();
        for (bar, copies) in bars.of_input.iter().zip(rows.chunks_exact_mut(each)) {
            if usize::try_from(*bar).is_ok_and(|bar| keeps[bar] == 0.0) {
                copies.fill(NO_COPY);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Bars of which only their inputs and groups matter.
    fn bars(of_input: &[i32], group_of_bar: &[i32]) -> SegmentBars {
        SegmentBars { of_input: of_input.into(), group_of_bar: group_of_bar.into(), ..SegmentBars::default() }
    }

    #[test]
    fn word_dropout_zeroes_events_that_open_no_bar() {
        const STREAMS: usize = 40;
        const SEGMENT: usize = 50;
        const RATE: f32 = 0.3;
        // A header of three events, bars of six, padding at the end; every second stream begins
        // inside a bar.
        let bar = |stream: usize, place: usize| match (place + 6 * (stream % 2)).checked_sub(3) {
            Some(event) if place < 45 => (stream * 10 + event / 6) as i32,
            _ => -1,
        };
        let inputs = || (0..STREAMS).flat_map(|stream| (0..SEGMENT).map(move |place| (stream, place)));
        let of_input: Vec<i32> = inputs().map(|(stream, place)| bar(stream, place)).collect();
        let bars = bars(&of_input, &[]);
        let device = crate::device("cpu").unwrap();
        let embedded: Tensor<2> = Tensor::ones([STREAMS * SEGMENT, 2], &device) * 3.0;
        let after_dropout = |probability: f32, seed: u64| -> Vec<f32> {
            word_dropout(embedded.clone(), &bars, probability, seed).into_data().iter::<f32>().collect()
        };
        assert!(after_dropout(0.0, 1).iter().all(|&value| value == 3.0));
        let one = after_dropout(RATE, 1);
        assert_eq!(one, after_dropout(RATE, 1));
        assert_ne!(one, after_dropout(RATE, 2));
        let (mut silent, mut may_be) = (0, 0);
        for ((stream, place), event) in inputs().zip(one.chunks_exact(2)) {
            assert!(event == [3.0; 2] || event == [0.0; 2], "whole events, not scaled");
            let opens = place == 0 || bar(stream, place) != bar(stream, place - 1);
            if opens || bar(stream, place) < 0 {
                assert_eq!(event, [3.0; 2], "event {place} of stream {stream}");
            } else {
                (silent, may_be) = (silent + usize::from(event[0] == 0.0), may_be + 1);
            }
        }
        let rate = silent as f32 / may_be as f32;
        assert!((rate - RATE).abs() < 0.04, "{silent} of {may_be} events are dropped");
    }

    #[test]
    fn copy_features_are_dropped_bar_by_bar() {
        const BARS: usize = 400;
        let of_input: Vec<i32> = (0..BARS as i32).flat_map(|bar| [bar, bar, bar, -1]).collect();
        let groups: Vec<i32> = (0..BARS as i32).collect();
        let bars = bars(&of_input, &groups);
        let after_dropout = |probability: f32, seed: u64| {
            let mut copies = vec![vec![7; of_input.len()], vec![5; 2 * of_input.len()], Vec::new()];
            copy_dropout(&mut copies, &bars, probability, seed);
            copies
        };
        assert!(after_dropout(0.0, 1).iter().flatten().all(|&copy_features| copy_features != NO_COPY));
        let copies = after_dropout(0.3, 1);
        assert_eq!(copies, after_dropout(0.3, 1));
        assert_ne!(copies, after_dropout(0.3, 2));
        let mut muted = 0;
        for (one, two) in copies[0].chunks_exact(4).zip(copies[1].chunks_exact(8)) {
            assert!(one[3] == 7 && two[6..] == [5, 5], "outside of bars nothing is dropped");
            let silent = one[0] == NO_COPY;
            assert_eq!(
                (&one[..3], &two[..6]),
                if silent { (&[NO_COPY; 3][..], &[NO_COPY; 6][..]) } else { (&[7; 3][..], &[5; 6][..]) }
            );
            muted += usize::from(silent);
        }
        let rate = muted as f32 / BARS as f32;
        assert!((rate - 0.3).abs() < 0.06, "{muted} of {BARS} bars have no copy features");
    }
}
