//! Elementary functions on vectors.

use super::Simd;

/// `e^x` after Cephes: `x = n ln 2 + r`, a polynomial of degree 7 in `r`, and a shift of the
/// exponent.
#[inline(always)]
pub(super) fn exp<S: Simd>(s: S, x: S::V) -> S::V {
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    const COEFFICIENTS: [f32; 5] = [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_6e-1, 0.5];
    let least = if S::SCALES_TO_ZERO { -120.0 } else { -87.3 };
    let tiny = s.add(x, s.splat(-least));
    let x = s.min(s.max(x, s.splat(least)), s.splat(88.0));
    let n = s.round(s.mul(x, s.splat(std::f32::consts::LOG2_E)));
    let r = s.fma(n, s.splat(-LN2_HIGH), x);
    let r = s.fma(n, s.splat(-LN2_LOW), r);
    let mut p = s.splat(1.987_569_1e-4);
    for c in COEFFICIENTS {
        p = s.fma(p, r, s.splat(c));
    }
    let p = s.add(s.fma(p, s.mul(r, r), r), s.splat(1.0));
    let y = s.scale_by_power(p, n);
    if S::SCALES_TO_ZERO { y } else { s.if_negative(tiny, s.zero(), y) }
}

/// The natural logarithm of each positive, normal number, to two units in the last place of
/// `1 + |ln x|`: a guess from the exponent (its mantissa taken as linear, wrong by 0.06 at most),
/// and two of Halley's steps, each of which cubes the error.
#[inline(always)]
pub(super) fn ln<S: Simd>(s: S, x: &mut [f32]) {
    const PER_UNIT: f32 = std::f32::consts::LN_2 / (1 << 23) as f32;
    for x in x.chunks_mut(S::N) {
        let mut guess = [0.0; 16];
        guess
            .iter_mut()
            .zip(&*x)
            .for_each(|(y, x)| *y = (x.to_bits() as i32 - 1.0_f32.to_bits() as i32) as f32 * PER_UNIT);
        let (mut y, v) = (s.load(&guess), s.load_part(x));
        for _ in 0..2 {
            let e = s.exp(y);
            let step = s.div(s.sub(v, e), s.add(v, e));
            y = s.fma(s.splat(2.0), step, y);
        }
        s.store_part(x, y);
    }
}

/// `x Φ(x)` and its derivative `Φ(x) + x φ(x)`, with the normal distribution's Φ after Abramowitz
/// and Stegun, 7.1.26 (absolute error of erf below 1.5e-7). The exponential serves both.
#[inline(always)]
pub(super) fn gelu<S: Simd>(s: S, x: S::V) -> (S::V, S::V) {
    const P: f32 = 0.327_591_1 * std::f32::consts::FRAC_1_SQRT_2;
    const HALF_COEFFICIENTS: [f32; 4] = [0.5 * -1.453_152_1, 0.5 * 1.421_413_8, 0.5 * -0.284_496_72, 0.5 * 0.254_829_6];
    const INV_SQRT_TAU: f32 = 0.398_942_3;
    let one = s.splat(1.0);
    let e = s.exp(s.mul(s.mul(x, x), s.splat(-0.5)));
    let t = s.div(one, s.fma(s.abs(x), s.splat(P), one));
    let mut p = s.splat(0.5 * 1.061_405_4);
    for c in HALF_COEFFICIENTS {
        p = s.fma(p, t, s.splat(c));
    }
    let tail = s.mul(s.mul(p, t), e);
    let cdf = s.if_negative(x, tail, s.sub(one, tail));
    (s.mul(x, cdf), s.fma(s.mul(x, s.splat(INV_SQRT_TAU)), e, cdf))
}

#[cfg(test)]
mod tests {
    use super::super::dispatch;
    use super::*;
    use crate::Isa;
    use crate::testing::assert_close;

    #[inline(always)]
    fn map<S: Simd>(s: S, x: &[f32], exp: &mut [f32], gelu: &mut [f32], slope: &mut [f32]) {
        for i in (0..x.len()).step_by(S::N) {
            let end = (i + S::N).min(x.len());
            let v = s.load_part(&x[i..end]);
            s.store_part(&mut exp[i..end], s.exp(v));
            let (g, d) = s.gelu(v);
            s.store_part(&mut gelu[i..end], g);
            s.store_part(&mut slope[i..end], d);
        }
    }
    dispatch! { fn map_all(x: &[f32], exp: &mut [f32], gelu: &mut [f32], slope: &mut [f32]) = map; }

    /// Φ by Simpson's rule.
    fn normal(x: f64) -> f64 {
        let n = 2000;
        let h = x / f64::from(n);
        let f = |t: f64| (-t * t / 2.0).exp() / std::f64::consts::TAU.sqrt();
        let inner: f64 = (1..n).map(|i| f(f64::from(i) * h) * if i % 2 == 1 { 4.0 } else { 2.0 }).sum();
        0.5 + h / 3.0 * (f(0.0) + inner + f(x))
    }

    #[test]
    fn functions_agree_with_their_definitions() {
        let x: Vec<f32> = (-1201..=1201).map(|i| i as f32 / 150.0).collect();
        for isa in Isa::available() {
            let [mut e, mut g, mut d] = [(); 3].map(|()| vec![0.0; x.len()]);
            map_all(isa, &x, &mut e, &mut g, &mut d);
            for (i, &x) in x.iter().enumerate() {
                let x = f64::from(x);
                assert!((f64::from(e[i]) / x.exp() - 1.0).abs() < 4e-7, "{isa:?} exp({x}) = {}", e[i]);
                let (cdf, pdf) = (normal(x), (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt());
                assert!((f64::from(g[i]) - x * cdf).abs() < 1e-6, "{isa:?} gelu({x}) = {}", g[i]);
                assert!((f64::from(d[i]) - (cdf + x * pdf)).abs() < 1e-6, "{isa:?} gelu'({x}) = {}", d[i]);
            }
        }
    }

    #[test]
    fn extremes_stay_finite() {
        let x = [-1e30, -1000.0, -0.0, 1000.0, 1e15, f32::NEG_INFINITY];
        for isa in Isa::available() {
            let [mut e, mut g, mut d] = [(); 3].map(|()| vec![0.0; x.len()]);
            map_all(isa, &x, &mut e, &mut g, &mut d);
            assert!(e.iter().all(|e| e.is_finite()));
            assert!(e[0] == 0.0 && e[5] == 0.0);
            assert_eq!((g[3], d[3]), (1000.0, 1.0));
        }
    }

    dispatch! { fn logarithms(x: &mut [f32]) = ln; }

    #[test]
    fn ln_agrees_with_its_definition() {
        for isa in Isa::available() {
            for n in [1, 7, 16, 4001] {
                let x: Vec<f32> = (0..n).map(|i| 1.003_f32.powi(i) * if i % 3 == 0 { 1e-6 } else { 1.0 }).collect();
                let expected: Vec<f64> = x.iter().map(|&x| f64::from(x).ln()).collect();
                let mut found = x;
                logarithms(isa, &mut found);
                assert_close(&found, &expected, 4e-7);
            }
        }
    }
}
