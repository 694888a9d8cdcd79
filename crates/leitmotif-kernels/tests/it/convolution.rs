//! Learnt compression against its definition.

use crate::common::*;
use leitmotif_kernels::convolution::{Input, backward, forward};

/// `[slots, d, ratio, dilation]` and the filled counts of the sequences.
const CASES: [([usize; 4], &[usize]); 5] = [
    ([1, 1, 1, 1], &[1]),
    ([7, 5, 3, 1], &[7, 4, 0]),
    ([7, 6, 3, 2], &[7, 1, 5]),
    ([12, 20, 4, 3], &[12, 0, 9]),
    ([150, 3, 2, 1], &[150, 90]),
];

/// In double precision.
fn define(input: &Input<'_>, states: &[f64], kernel: &[f64], bias: &[f64]) -> Vec<f64> {
    let Input { slots, d, ratio, dilation, .. } = *input;
    let groups = slots.div_ceil(ratio);
    let mut y = vec![];
    for (b, &filled) in input.filled.iter().enumerate() {
        for group in 0..groups {
            y.extend((0..d).map(|column| {
                let taps = (0..ratio).map(|tap| {
                    let newer = (groups - 1 - group) * ratio + (ratio - 1 - tap) * dilation;
                    let real = newer < filled;
                    let value = |c: usize| if real { states[((b + 1) * slots - 1 - newer) * d + c] } else { 0.0 };
                    (0..d).map(|c| value(c) * kernel[(tap * d + c) * d + column]).sum::<f64>()
                });
                taps.sum::<f64>() + bias[column]
            }));
        }
    }
    y
}

#[test]
fn values_and_gradients_agree_with_the_definition() {
    for ([slots, d, ratio, dilation], filled) in CASES {
        let states = random(1, filled.len() * slots * d);
        let (kernel, bias) = (random(2, ratio * d * d), random(3, d));
        let input = Input { states: &states, filled, slots, d, ratio, dilation };
        let (wide_states, wide_kernel, wide_bias) = (wide(&states), wide(&kernel), wide(&bias));
        let expected = define(&input, &wide_states, &wide_kernel, &wide_bias);
        let dy = random(4, expected.len());
        each_isa(|isa| {
            let what = format!("{isa:?} {slots} {d} {ratio} {dilation}");
            assert_close(&what, &forward(&input, &kernel, &bias), &expected, 1e-5);
            let gradients = backward(&input, &dy);
            check_gradient(&format!("{what} kernel"), &kernel, &gradients.kernel, |kernel| {
                dot(&define(&input, &wide_states, kernel, &wide_bias), &dy)
            });
            check_gradient(&format!("{what} bias"), &bias, &gradients.bias, |bias| {
                dot(&define(&input, &wide_states, &wide_kernel, bias), &dy)
            });
        });
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let [slots, d, ratio] = [400, 12, 3];
    let filled = &[400, 13, 0, 200];
    let (states, kernel, bias) = (random(1, 4 * slots * d), random(2, ratio * d * d), random(3, d));
    let input = Input { states: &states, filled, slots, d, ratio, dilation: 1 };
    same_for_all_threads(|| {
        let y = forward(&input, &kernel, &bias);
        let gradients = backward(&input, &y);
        vec![y, gradients.kernel, gradients.bias]
    });
}
