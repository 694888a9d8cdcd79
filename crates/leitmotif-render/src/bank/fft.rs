//! A fast Fourier transform, no larger than it has to be: radix 2, in place, double precision.

use std::sync::OnceLock;

/// Turns `bins` (real and imaginary parts of the spectrum from 0 to below half of the sample rate;
/// the length must be a power of two) into the real signal of twice that length.
pub(crate) fn inverse_real(bins: &[(f64, f64)]) -> Vec<f64> {
    let n = bins.len() * 2;
    let mut re = vec![0.0; n];
    let mut im = vec![0.0; n];
    for (k, &(a, b)) in bins.iter().enumerate().skip(1) {
        (re[k], im[k]) = (a, b);
        (re[n - k], im[n - k]) = (a, -b);
    }
    transform(&mut re, &mut im);
    re
}

/// Sines and cosines of the stage that joins halves of length `half`, computed once.
fn stage(half: usize) -> &'static [(f64, f64)] {
    const STAGES: usize = 32;
    static TABLES: [OnceLock<Vec<(f64, f64)>>; STAGES] = [const { OnceLock::new() }; STAGES];
    TABLES[half.trailing_zeros() as usize % STAGES].get_or_init(|| {
        let turn = std::f64::consts::PI / half as f64;
        (0..half).map(|k| (turn * k as f64).sin_cos()).collect()
    })
}

/// The transform itself, without scaling. Lengths must be equal and a power of two.
pub(crate) fn transform(re: &mut [f64], im: &mut [f64]) {
    let n = re.len();
    let mut j = 0;
    for i in 1..n {
        let mut bit = n >> 1;
        while j & bit != 0 {
            j ^= bit;
            bit >>= 1;
        }
        j |= bit;
        if i < j {
            re.swap(i, j);
            im.swap(i, j);
        }
    }
    let mut size = 2;
    while size <= n {
        let half = size / 2;
        let turns = stage(half);
        for start in (0..n).step_by(size) {
            let (re_low, re_high) = re[start..start + size].split_at_mut(half);
            let (im_low, im_high) = im[start..start + size].split_at_mut(half);
            for (k, &(sin, cos)) in turns[..half].iter().enumerate() {
                let (a, b) = (re_high[k] * cos - im_high[k] * sin, re_high[k] * sin + im_high[k] * cos);
                (re_high[k], im_high[k]) = (re_low[k] - a, im_low[k] - b);
                re_low[k] += a;
                im_low[k] += b;
            }
        }
        size *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bin_is_one_cosine() {
        let mut bins = vec![(0.0, 0.0); 32];
        bins[3] = (0.5, 0.0);
        for (n, value) in inverse_real(&bins).into_iter().enumerate() {
            let wanted = (std::f64::consts::TAU * 3.0 * n as f64 / 64.0).cos();
            assert!((value - wanted).abs() < 1e-12, "{n}: {value} {wanted}");
        }
    }
}
