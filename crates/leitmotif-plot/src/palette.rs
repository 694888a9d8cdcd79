//! Colours that stay apart, for readers with and without a colour vision deficiency.
//!
//! The series colours start from Okabe and Ito's set (*Color Universal Design*, 2008) and were
//! moved apart in OKLab as seen with normal, protanopic and deuteranopic vision (Machado et al.,
//! 2009); a test keeps the distances. The ramp is cividis (Nuñez et al., *PLoS ONE* 2018): equal
//! steps look equal, with and without red-green vision, and in grey.

/// How many series have colours of their own.
pub const SERIES_COLOURS: usize = 12;

pub(crate) const SERIES_LIGHT: [&str; SERIES_COLOURS] = [
    "#0e6cc9", "#c14e00", "#008a6d", "#bf8eb3", "#e29800", "#18b0ff", "#612988", "#7d1605", "#5d5c6c", "#8ab279",
    "#02493c", "#ca579c",
];

pub(crate) const SERIES_DARK: [&str; SERIES_COLOURS] = [
    "#2d7ddc", "#ffa47b", "#5b8800", "#e180c3", "#f7db42", "#9cccff", "#9791ff", "#df5c5c", "#9b8290", "#b2b500",
    "#54e1c2", "#ff7d88",
];

/// Cividis at equal steps.
const RAMP: [[u8; 3]; 9] = [
    [0, 34, 78],
    [26, 56, 111],
    [67, 78, 108],
    [97, 101, 111],
    [125, 124, 120],
    [155, 149, 118],
    [188, 175, 109],
    [222, 202, 89],
    [254, 232, 56],
];

/// The colour of a value `part` of the way from the lowest (0) to the highest (1); the lowest's for
/// not-a-number.
pub fn ramp(part: f64) -> [u8; 3] {
    let part = if part.is_nan() { 0.0 } else { part.clamp(0.0, 1.0) };
    let position = part * (RAMP.len() - 1) as f64;
    let index = (position as usize).min(RAMP.len() - 2);
    let rest = position - index as f64;
    let mix = |channel: usize| {
        let (a, b) = (f64::from(RAMP[index][channel]), f64::from(RAMP[index + 1][channel]));
        (a + (b - a) * rest).round() as u8
    };
    [mix(0), mix(1), mix(2)]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::theme::Ink;

    type Rgb = [f64; 3];

    fn linear(hex: &str) -> Rgb {
        [1, 3, 5].map(|at| {
            let c = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        })
    }

    fn seen_through(matrix: [[f64; 3]; 3], rgb: Rgb) -> Rgb {
        matrix.map(|row| row.iter().zip(rgb).map(|(a, b)| a * b).sum::<f64>().clamp(0.0, 1.0))
    }

    fn oklab([r, g, b]: Rgb) -> Rgb {
        let l = (0.412_221 * r + 0.536_333 * g + 0.051_446 * b).cbrt();
        let m = (0.211_903 * r + 0.680_700 * g + 0.107_397 * b).cbrt();
        let s = (0.088_302 * r + 0.281_719 * g + 0.629_979 * b).cbrt();
        [
            0.210_454 * l + 0.793_618 * m - 0.004_072 * s,
            1.977_998 * l - 2.428_592 * m + 0.450_594 * s,
            0.025_904 * l + 0.782_772 * m - 0.808_676 * s,
        ]
    }

    const NORMAL: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    const PROTANOPIA: [[f64; 3]; 3] =
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]];
    const DEUTERANOPIA: [[f64; 3]; 3] =
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]];

    /// The least distance between two of the first `count` colours, over three kinds of vision.
    fn least_distance(colours: &[&str], count: usize) -> f64 {
        let mut least = f64::INFINITY;
        for vision in [NORMAL, PROTANOPIA, DEUTERANOPIA] {
            let seen: Vec<Rgb> = colours[..count].iter().map(|hex| oklab(seen_through(vision, linear(hex)))).collect();
            for (n, a) in seen.iter().enumerate() {
                for b in &seen[..n] {
                    least = least.min(a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt());
                }
            }
        }
        least
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let luminance = |hex: &str| {
            let [r, g, b] = linear(hex);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn series_stay_apart_for_every_kind_of_vision() {
        // 0.02 is about a just noticeable difference in OKLab.
        for colours in [&SERIES_LIGHT, &SERIES_DARK] {
            assert!(least_distance(colours, 6) > 0.09, "{}", least_distance(colours, 6));
            assert!(least_distance(colours, 8) > 0.08, "{}", least_distance(colours, 8));
            assert!(least_distance(colours, 12) > 0.055, "{}", least_distance(colours, 12));
        }
    }

    #[test]
    fn inks_stand_out_from_their_paper() {
        for dark in [false, true] {
            let paper = Ink::Paper.colour(dark);
            for n in 0..SERIES_COLOURS {
                let ratio = contrast(Ink::Series(n).colour(dark), paper);
                assert!(ratio > 2.2, "series {n}, dark {dark}: {ratio}");
            }
            // WCAG 2.1: 4.5 for text.
            assert!(contrast(Ink::Text.colour(dark), paper) > 10.0);
            assert!(contrast(Ink::Muted.colour(dark), paper) > 4.5);
        }
    }

    #[test]
    fn the_ramp_gets_steadily_lighter() {
        let lightness = |part: f64| {
            let [r, g, b] = ramp(part);
            oklab(linear(&format!("#{r:02x}{g:02x}{b:02x}")))[0]
        };
        for k in 0..50 {
            assert!(lightness(f64::from(k) / 50.0) < lightness(f64::from(k + 1) / 50.0));
        }
        assert_eq!(ramp(f64::NAN), ramp(0.0));
        assert_eq!(ramp(7.0), ramp(1.0));
    }
}
