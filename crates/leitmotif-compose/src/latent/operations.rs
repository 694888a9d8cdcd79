//! Moving latents: away from where they are, and from one to another.

use crate::ComposeError;

/// The way between two latents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InterpolationPath {
    /// Along the great circle between their directions, the length changing evenly: draws from a
    /// normal of many dimensions lie near a sphere, and so does every point of this way (Shoemake
    /// 1985; White 2016).
    #[default]
    Spherical,
    /// Straight.
    Linear,
}

/// How near to each other, or to opposite, two directions are before the great circle between them
/// is a line.
const PARALLEL: f64 = 1e-4;

/// The latent at `t` (0 to 1) of the way from `a` to `b`.
pub fn between(a: &[f32], b: &[f32], t: f64, path: InterpolationPath) -> Vec<f32> {
    let mix = |wa: f64, wb: f64| -> Vec<f32> {
        a.iter().zip(b).map(|(&a, &b)| (wa * f64::from(a) + wb * f64::from(b)) as f32).collect()
    };
    let norm = |x: &[f32]| x.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
    let (na, nb) = (norm(a), norm(b));
    let dot: f64 = a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
    let cosine = dot / (na * nb).max(f64::MIN_POSITIVE);
    if path == InterpolationPath::Linear || cosine.abs() > 1.0 - PARALLEL || na * nb < PARALLEL {
        return mix(1.0 - t, t);
    }
    let angle = cosine.acos();
    let length = (1.0 - t) * na + t * nb;
    let (wa, wb) = (((1.0 - t) * angle).sin() / angle.sin(), (t * angle).sin() / angle.sin());
    mix(wa * length / na, wb * length / nb)
}

/// The latent moved by `amount` (0 leaves it, 1 replaces it) towards standard normal `noise`:
/// `cos(amount pi / 2) latent + sin(amount pi / 2) noise`, which keeps a standard normal standard
/// normal.
///
/// # Errors
/// [`ComposeError::Setting`] for an amount outside 0 to 1.
pub fn vary(latent: &[f32], noise: &[f32], amount: f64) -> Result<Vec<f32>, ComposeError> {
    if !(0.0..=1.0).contains(&amount) {
        return Err(ComposeError::setting("amount", amount, "between 0 and 1"));
    }
    let (sine, cosine) = (amount * std::f64::consts::FRAC_PI_2).sin_cos();
    let moved = latent.iter().zip(noise).map(|(&z, &e)| (cosine * f64::from(z) + sine * f64::from(e)) as f32);
    Ok(if amount == 0.0 { latent.to_vec() } else { moved.collect() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn ways_begin_and_end_at_their_ends() {
        let (a, b) = ([3.0, 0.0, 1.0], [0.0, 2.0, -1.0]);
        for path in [InterpolationPath::Spherical, InterpolationPath::Linear] {
            for (t, end) in [(0.0, a), (1.0, b)] {
                let at = between(&a, &b, t, path);
                assert!(at.iter().zip(end).all(|(x, y)| (x - y).abs() < 1e-5), "{path:?} at {t}: {at:?}");
            }
        }
        let half = between(&[2.0, 0.0], &[0.0, 2.0], 0.5, InterpolationPath::Spherical);
        assert!(half.iter().all(|x| (x - 2f32.sqrt()).abs() < 1e-5), "on the circle: {half:?}");
        assert_eq!(between(&[2.0, 0.0], &[0.0, 2.0], 0.5, InterpolationPath::Linear), [1.0, 1.0]);
        assert_eq!(between(&[1.0, 0.0], &[-1.0, 0.0], 0.5, InterpolationPath::Spherical), [0.0, 0.0], "opposite ends");
        assert_eq!(between(&[0.0, 0.0], &[0.0, 4.0], 0.25, InterpolationPath::Spherical), [0.0, 1.0], "from nowhere");
    }

    #[test]
    fn varying_goes_from_the_latent_to_the_noise() {
        let (z, e) = ([1.0, -2.0], [0.5, 0.25]);
        assert_eq!(vary(&z, &e, 0.0).unwrap(), z);
        let whole = vary(&z, &e, 1.0).unwrap();
        assert!(whole.iter().zip(e).all(|(a, b)| (a - b).abs() < 1e-6));
        assert!(vary(&z, &e, 1.5).is_err() && vary(&z, &e, f64::NAN).is_err());
    }
}
