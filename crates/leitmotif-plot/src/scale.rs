//! From values to positions, and ticks that people can read.
//!
//! Linear ticks are 1, 2 or 5 times a power of ten (the usual "nice numbers" of Heckbert, *Graphics
//! Gems*, 1990); logarithmic ticks are the decades, with 2 and 5 between them where there is room.

/// How an axis spreads its values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences are equally long.
    #[default]
    Linear,
    /// Equal ratios are equally long; values that are not positive have no place.
    Log,
}

/// A scale fitted to data: where values lie, and which of them are labelled.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticks {
    scale: Scale,
    low: f64,
    high: f64,
    /// Labelled values, ascending.
    pub major: Vec<f64>,
}

/// No scale spans less than this part of its values' size: beyond it, neighbouring ticks coincide.
const LEAST_RELATIVE_SPAN: f64 = 1e-9;
/// Values beyond this size are treated as having no place: arithmetic on them would overflow.
const LARGEST: f64 = 1e300;
/// Differences below this size are treated as none: their ticks would have no digits left.
const SMALLEST: f64 = 1e-280;
/// No axis has more ticks.
const MOST_TICKS: usize = 1000;

impl Scale {
    /// Whether `value` has a place on this scale.
    pub fn holds(self, value: f64) -> bool {
        value.is_finite() && value.abs() < LARGEST && (self == Self::Linear || value > 1.0 / LARGEST)
    }

    fn forward(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log => value.log10(),
        }
    }
}

impl Ticks {
    /// A scale that shows every one of `values` that has a place on it, with about `wanted` ticks.
    /// `None` where no value has.
    pub fn fit(scale: Scale, values: impl IntoIterator<Item = f64>, wanted: usize) -> Option<Self> {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.into_iter().filter(|&value| scale.holds(value)) {
            low = low.min(value);
            high = high.max(value);
        }
        if low > high {
            return None;
        }
        Some(match scale {
            Scale::Linear => Self::linear(low, high, wanted),
            Scale::Log => Self::logarithmic(low, high, wanted),
        })
    }

    fn linear(mut low: f64, mut high: f64, wanted: usize) -> Self {
        let size = low.abs().max(high.abs());
        if high - low <= (size * LEAST_RELATIVE_SPAN).max(SMALLEST) {
            let margin = if size <= SMALLEST { 1.0 } else { size * 0.1 };
            (low, high) = (low - margin, high + margin);
        }
        let step = nice_step((high - low) / wanted.max(1) as f64);
        let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
        let major = (first..=last).take(MOST_TICKS).map(|k| k as f64 * step).collect();
        Self { scale: Scale::Linear, low, high, major }
    }

    fn logarithmic(mut low: f64, mut high: f64, wanted: usize) -> Self {
        if high / low <= 1.0 + LEAST_RELATIVE_SPAN {
            (low, high) = (low / 2.0, high * 2.0);
        }
        let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
        let inside = |value: &f64| *value >= low * (1.0 - 1e-9) && *value <= high * (1.0 + 1e-9);
        let decades: Vec<f64> = (first..=last).map(|e| 10f64.powi(e)).filter(inside).collect();
        let mut major = if decades.len() > wanted + wanted / 2 {
            let stride = decades.len().div_ceil(wanted.max(1));
            decades.into_iter().step_by(stride).collect()
        } else {
            let between = |factors: &[f64]| -> Vec<f64> {
                (first..=last).flat_map(|e| factors.iter().map(move |f| f * 10f64.powi(e))).filter(inside).collect()
            };
            let dense = between(&[1.0, 2.0, 5.0]);
            if dense.len() <= wanted + wanted / 2 { dense } else { decades }
        };
        if major.len() < 2 {
            major = Self::linear(low, high, wanted).major.into_iter().filter(|&tick| tick > 0.0).collect();
        }
        Self { scale: Scale::Log, low, high, major }
    }

    /// Widens the scale by `part` of its length at each end (in its own measure).
    pub fn padded(mut self, part: f64) -> Self {
        match self.scale {
            Scale::Linear => {
                let margin = (self.high - self.low) * part;
                (self.low, self.high) = (self.low - margin, self.high + margin);
            }
            Scale::Log => {
                let ratio = (self.high / self.low).powf(part);
                (self.low, self.high) = (self.low / ratio, self.high * ratio);
            }
        }
        self
    }

    /// Widens the scale so that it begins and ends on a tick.
    pub fn rounded_out(mut self) -> Self {
        if let (Scale::Linear, [first, second, ..]) = (self.scale, self.major.as_slice()) {
            let step = second - first;
            let (first, last) = ((self.low / step + 1e-9).floor() as i64, (self.high / step - 1e-9).ceil() as i64);
            self.major = (first..=last).map(|k| k as f64 * step).collect();
            (self.low, self.high) = (first as f64 * step, last as f64 * step);
        }
        self
    }

    /// Where `value` lies: 0 at the low end, 1 at the high end, beyond them outside; `None` where
    /// it has no place on this scale.
    pub fn place(&self, value: f64) -> Option<f64> {
        if !self.scale.holds(value) {
            return None;
        }
        let (low, high) = (self.scale.forward(self.low), self.scale.forward(self.high));
        Some((self.scale.forward(value) - low) / (high - low))
    }

    /// The ends of the scale.
    pub fn range(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// The ticks with labels that tell them apart.
    pub fn labels(&self) -> Vec<(f64, String)> {
        let step = self.major.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
        let label = |tick: f64| match self.scale {
            Scale::Linear => format_value(tick, step),
            Scale::Log => format_value(tick, tick),
        };
        self.major.iter().map(|&tick| (tick, label(tick))).collect()
    }
}

/// The smallest of 1, 2, 5 times a power of ten that is at least `step`.
pub(crate) fn nice_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|f| f * power >= step * (1.0 - 1e-9)).unwrap_or(10.0);
    factor * power
}

/// `value` as a label precise enough to tell it from its neighbour `step` away: `0.25`, `1,200`,
/// `15k`, `2.5M`, `3e-7`. Not-a-number and infinities become a dash.
pub fn format_value(value: f64, step: f64) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    let step = if step.is_finite() && step != 0.0 { step.abs() } else { value.abs() };
    let size = value.abs().max(step);
    if value == 0.0 || value.abs() < step * 1e-6 {
        return "0".into();
    }
    if !(1e-4..1e15).contains(&size) {
        let shown = format!("{value:.2e}");
        return shown.replace(".00e", "e").replacen(
            "0e",
            "e",
            usize::from(shown.contains('.') && shown.contains("0e")),
        );
    }
    let (unit, suffix) = match size {
        s if s >= 1e9 => (1e9, "G"),
        s if s >= 1e6 => (1e6, "M"),
        s if s >= 1e4 => (1e3, "k"),
        _ => (1.0, ""),
    };
    let decimals = (0..=9).find(|&d| is_whole(step / unit * 10f64.powi(d))).unwrap_or(9).min(significant(step / unit));
    let shown = format!("{:.*}", decimals as usize, value / unit);
    format!("{}{suffix}", group_thousands(&shown))
}

fn is_whole(value: f64) -> bool {
    (value - value.round()).abs() < 1e-6 && value.round() != 0.0
}

/// Decimals that show three significant digits of `value`.
fn significant(value: f64) -> i32 {
    (2 - value.log10().floor() as i32).clamp(0, 9)
}

fn group_thousands(shown: &str) -> String {
    let (sign, digits) = shown.strip_prefix('-').map_or(("", shown), |rest| ("-", rest));
    let whole = digits.split('.').next().unwrap_or(digits);
    if whole.len() == 4 { format!("{sign}{},{}", &digits[..1], &digits[1..]) } else { shown.to_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn labels(scale: Scale, values: &[f64]) -> Vec<String> {
        Ticks::fit(scale, values.iter().copied(), 5).unwrap().labels().into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn linear_ticks_are_round_numbers() {
        assert_eq!(labels(Scale::Linear, &[0.0, 10.0]), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(labels(Scale::Linear, &[2.31, 3.17]), ["2.4", "2.6", "2.8", "3.0"]);
        assert_eq!(labels(Scale::Linear, &[0.0, 4_000.0]), ["0", "1,000", "2,000", "3,000", "4,000"]);
        assert_eq!(labels(Scale::Linear, &[-1e6, 1e6]), ["-1.0M", "-500k", "0", "500k", "1.0M"]);
    }

    #[test]
    fn logarithmic_ticks_are_decades_with_steps_between_where_there_is_room() {
        assert_eq!(labels(Scale::Log, &[1.0, 1e6]), ["1", "10", "100", "1,000", "10k", "100k", "1M"]);
        assert_eq!(labels(Scale::Log, &[1.0, 100.0]), ["1", "2", "5", "10", "20", "50", "100"]);
        assert_eq!(labels(Scale::Log, &[30.0, 70.0]), ["30", "40", "50", "60", "70"]);
    }

    #[test]
    fn values_without_a_place_are_left_out() {
        assert!(Ticks::fit(Scale::Log, [0.0, -3.0, f64::NAN], 5).is_none());
        assert!(Ticks::fit(Scale::Linear, [], 5).is_none());
        let ticks = Ticks::fit(Scale::Linear, [1.0, f64::INFINITY, 3.0, f64::NAN], 5).unwrap();
        assert_eq!(ticks.range(), (1.0, 3.0));
        assert_eq!(ticks.place(f64::NAN), None);
    }

    #[test]
    fn one_value_alone_stands_in_the_middle() {
        for value in [0.0, 5.0, -2e8, 1e-12] {
            let ticks = Ticks::fit(Scale::Linear, [value], 5).unwrap();
            assert!((ticks.place(value).unwrap() - 0.5).abs() < 1e-6, "{value}");
        }
    }

    proptest! {
        #[test]
        fn ticks_stay_few_ascending_inside_and_distinctly_labelled(a in -1e12..1e12f64, span in 1e-3..1e12f64, wanted in 2usize..12) {
            let ticks = Ticks::fit(Scale::Linear, [a, a + span], wanted).unwrap();
            prop_assert!(ticks.major.len() <= 3 * wanted + 3);
            prop_assert!(ticks.major.windows(2).all(|pair| pair[0] < pair[1]));
            for &tick in &ticks.major {
                let place = ticks.place(tick).unwrap();
                prop_assert!((-1e-6..=1.0 + 1e-6).contains(&place));
            }
            if span > a.abs() * 1e-3 {
                let labels: Vec<_> = ticks.labels().into_iter().map(|(_, label)| label).collect();
                let mut distinct = labels.clone();
                distinct.dedup();
                prop_assert_eq!(labels, distinct);
            }
        }

        #[test]
        fn labels_never_panic(value in any::<f64>(), step in any::<f64>()) {
            prop_assert!(!format_value(value, step).is_empty());
        }
    }
}
