//! From logits to a choice.
//!
//! Masked values are out from the beginning. The rest pass, in this order: temperature; top-k (the
//! `k` most probable); top-p (Holtzman et al. 2020: the smallest set of the most probable whose
//! mass is at least `p`, so 0.9 keeps 90 %); min-p (Nguyen et al. 2024: those at least `p` times as
//! probable as the most probable). The most probable always stays. Each filter gets the
//! renormalised outcome of the one before. Equal probabilities are ordered by value.

use crate::ComposeError;
use leitmotif_kernels::step;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// The lowest logit below the highest: `e` to this power is nothing beside 1.
const LOWEST: f64 = -80.0;
/// Highest temperature.
const MAX_TEMPERATURE: f64 = 100.0;

thread_local! {
    /// Space for the exponentials of a field's logits.
    static WEIGHTS: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// How the values of one field are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FieldSampling {
    /// Divides the logits; 0 always takes the most probable value.
    pub temperature: f64,
    /// How many of the most probable values stay; 0 keeps all.
    pub top_k: usize,
    /// The mass that stays, above 0 to 1.
    pub top_p: f64,
    /// The least probability that stays, relative to the most probable value, 0 to 1.
    pub min_p: f64,
}

impl Default for FieldSampling {
    fn default() -> Self {
        Self { temperature: 1.0, top_k: 0, top_p: 1.0, min_p: 0.0 }
    }
}

/// How values are drawn: for all fields, and for some otherwise. The default is
/// [`FieldSampling::standard`] for each field.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sampling {
    /// For every field not named below; `None` for the standard of each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<FieldSampling>,
    /// By the field's name in the vocabulary.
    pub fields: BTreeMap<String, FieldSampling>,
}

impl FieldSampling {
    /// How a field of this name is drawn by default: chosen on validation songs, by how hard pieces
    /// are to distinguish from them (docs/benchmarks.md).
    pub fn standard(field: &str) -> Self {
        let (temperature, min_p) = match field {
            "pitch" => (1.0, 0.06),
            "position" => (1.0, 0.02),
            "kind" | "instrument" => (1.1, 0.0),
            _ => (1.0, 0.0),
        };
        Self { temperature, min_p, top_p: 0.98, ..Self::default() }
    }

    /// The same for models of cells, whose fields mean other things: whether a cell repeats is a
    /// kind, and which one it repeats a place.
    pub fn standard_of_cells(field: &str) -> Self {
        let (temperature, min_p) = match field {
            "pitch" => (0.85, 0.06),
            "place" => (0.95, 0.0),
            "instrument" => (1.1, 0.0),
            _ => (1.0, 0.0),
        };
        Self { temperature, min_p, top_p: 0.98, ..Self::default() }
    }

    /// How all fields are drawn by default where music is written into a piece: chosen by how much
    /// fills of validation songs resemble what stood there (docs/benchmarks.md).
    pub const WITHIN: Self = Self { temperature: 0.85, top_k: 0, top_p: 0.98, min_p: 0.0 };

    fn validate(&self, place: &str) -> Result<(), ComposeError> {
        let range = |key: &str, value: f64, good: bool, want: &str| {
            if good { Ok(()) } else { Err(ComposeError::setting(&format!("{place}{key}"), value, want)) }
        };
        let t = self.temperature;
        range("temperature", t, (0.0..=MAX_TEMPERATURE).contains(&t), "between 0 and 100")?;
        range("top_p", self.top_p, self.top_p > 0.0 && self.top_p <= 1.0, "above 0 and at most 1")?;
        range("min_p", self.min_p, (0.0..=1.0).contains(&self.min_p), "between 0 and 1")
    }

    /// The values that stay with their probabilities (which sum to 1), the most probable first
    /// unless no filter needed an order. Empty if nothing is allowed.
    pub fn distribution(&self, logits: &[f32], allowed: &[bool]) -> Vec<(usize, f64)> {
        let mut values = Vec::new();
        self.distribute(logits, allowed, &mut values);
        normalise(&mut values);
        values
    }

    /// Writes [`Self::distribution`] to `values`, space that is used again.
    pub(crate) fn distribute_normalised(&self, logits: &[f32], allowed: &[bool], values: &mut Vec<(usize, f64)>) {
        self.distribute(logits, allowed, values);
        normalise(values);
    }

    /// Writes [`Self::distribution`] to `values`, but for a common factor.
    fn distribute(&self, logits: &[f32], allowed: &[bool], values: &mut Vec<(usize, f64)>) {
        values.clear();
        let mut most = f64::NEG_INFINITY;
        for (value, (&logit, _)) in logits.iter().zip(allowed).enumerate().filter(|(_, (_, allowed))| **allowed) {
            let logit = if logit.is_nan() { f64::NEG_INFINITY } else { f64::from(logit) };
            most = if logit > most { logit } else { most };
            values.push((value, logit));
        }
        if values.is_empty() {
            return;
        }
        if self.temperature == 0.0 || most.is_infinite() {
            values.retain(|value| value.1 == most);
            values.truncate(if self.temperature == 0.0 { 1 } else { usize::MAX });
            values.iter_mut().for_each(|value| value.1 = 1.0);
        } else {
            // As exact as the logits are.
            WEIGHTS.with_borrow_mut(|weights| {
                weights.clear();
                weights.extend(values.iter().map(|value| ((value.1 - most) / self.temperature).max(LOWEST) as f32));
                step::softmax(weights);
                for (value, weight) in values.iter_mut().zip(weights) {
                    let reachable = (value.1 - most) / self.temperature > LOWEST;
                    value.1 = if reachable { f64::from(*weight) } else { 0.0 };
                }
            });
        }
        if self.top_k > 0 || self.top_p < 1.0 || self.min_p > 0.0 {
            normalise(values);
            self.drop_unreachable(values);
            values.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            if self.top_k > 0 {
                values.truncate(self.top_k);
                normalise(values);
            }
            if self.top_p < 1.0 {
                let mut mass = 0.0;
                let reached = values.iter().position(|value| {
                    mass += value.1;
                    mass >= self.top_p
                });
                values.truncate(reached.map_or(values.len(), |last| last + 1));
                normalise(values);
            }
            let least = self.min_p * values[0].1;
            values.retain(|value| value.1 >= least);
            normalise(values);
        }
    }

    /// Drops values that top-p leaves out whatever their order, so that few are sorted: all values
    /// below `(1 - top_p) / n` together have less than `1 - top_p`, so the others reach `top_p`
    /// without them. Half of that leaves room for rounding.
    fn drop_unreachable(&self, values: &mut Vec<(usize, f64)>) {
        if self.top_k == 0 && self.top_p < 1.0 {
            let least = 0.5 * (1.0 - self.top_p) / values.len() as f64;
            values.retain(|value| value.1 >= least);
        }
    }

    /// Draws one allowed value; `None` if nothing is allowed.
    pub fn draw(&self, logits: &[f32], allowed: &[bool], rng: &mut ChaCha8Rng) -> Option<usize> {
        let mut values = Vec::new();
        self.distribute(logits, allowed, &mut values);
        let mut left = rng.random::<f64>() * values.iter().map(|value| value.1).sum::<f64>();
        let last = values.iter().rposition(|value| value.1 > 0.0)?;
        let chosen = values[..last].iter().find(|(_, probability)| {
            left -= probability;
            left < 0.0
        });
        Some(chosen.unwrap_or(&values[last]).0)
    }
}

impl Sampling {
    /// The same temperature, top-k, top-p and min-p for every field.
    pub fn new(all: FieldSampling) -> Self {
        Self { all: Some(all), fields: BTreeMap::new() }
    }

    /// Checks the ranges, and that the named fields exist.
    ///
    /// # Errors
    /// [`ComposeError::Setting`] names the setting.
    pub fn validate(&self, names: &[&str]) -> Result<(), ComposeError> {
        self.all.iter().try_for_each(|all| all.validate(""))?;
        for (name, sampling) in &self.fields {
            if !names.contains(&name.as_str()) {
                return Err(ComposeError::setting("field", name, &format!("one of {}", names.join(", "))));
            }
            sampling.validate(&format!("{name}."))?;
        }
        Ok(())
    }

    /// How the field of this name is drawn.
    pub fn field(&self, name: &str) -> FieldSampling {
        self.fields.get(name).copied().or(self.all).unwrap_or_else(|| FieldSampling::standard(name))
    }

    /// The same with an explicit entry for every field of these names, which are those of `cells`
    /// or of another representation.
    pub fn spelt_out(&self, names: &[&str], cells: bool) -> Self {
        let standard = if cells { FieldSampling::standard_of_cells } else { FieldSampling::standard };
        let of = |name: &str| self.fields.get(name).copied().or(self.all).unwrap_or_else(|| standard(name));
        Self { all: None, fields: names.iter().map(|name| ((*name).to_owned(), of(name))).collect() }
    }
}

fn normalise(values: &mut [(usize, f64)]) {
    let sum: f64 = values.iter().map(|value| value.1).sum();
    let scale = 1.0 / sum;
    values.iter_mut().for_each(|value| value.1 *= scale);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;

    fn logits(probabilities: &[f32]) -> Vec<f32> {
        probabilities.iter().map(|p| p.ln()).collect()
    }

    fn kept(sampling: FieldSampling, probabilities: &[f32]) -> Vec<usize> {
        let values = sampling.distribution(&logits(probabilities), &vec![true; probabilities.len()]);
        values.into_iter().map(|value| value.0).collect()
    }

    #[test]
    fn top_p_keeps_the_mass_it_names() {
        let p = [0.05, 0.5, 0.3, 0.1, 0.05];
        let top_p = |top_p| kept(FieldSampling { top_p, ..FieldSampling::default() }, &p);
        assert_eq!(top_p(0.89), [1, 2, 3]);
        assert_eq!(top_p(0.5), [1]);
        assert_eq!(top_p(0.01), [1]);
        assert_eq!(top_p(0.92), [1, 2, 3, 0]);
        assert_eq!(top_p(1.0).len(), 5);
    }

    #[test]
    fn top_k_and_min_p() {
        let p = [0.1, 0.6, 0.29, 0.01];
        assert_eq!(kept(FieldSampling { top_k: 2, ..FieldSampling::default() }, &p), [1, 2]);
        assert_eq!(kept(FieldSampling { min_p: 0.15, ..FieldSampling::default() }, &p), [1, 2, 0]);
        assert_eq!(kept(FieldSampling { temperature: 0.0, ..FieldSampling::default() }, &[0.4, 0.4, 0.2]), [0]);
    }

    #[test]
    fn draws_follow_the_probabilities() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let sampling = FieldSampling::default();
        let mut counts = [0; 3];
        for _ in 0..20_000 {
            let logits = logits(&[0.2, 0.5, 0.3]);
            counts[sampling.draw(&logits, &[true, false, true], &mut rng).unwrap()] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((f64::from(counts[0]) / 20_000.0 - 0.4).abs() < 0.02, "{counts:?}");
    }

    #[test]
    fn impossible_values_have_no_probability() {
        let open = FieldSampling::default().distribution(&[0.0, f32::NAN, f32::NEG_INFINITY, -1e9, -90.0], &[true; 5]);
        assert_eq!(open, [(0, 1.0), (1, 0.0), (2, 0.0), (3, 0.0), (4, 0.0)]);
    }

    #[test]
    fn nothing_allowed_is_none_and_nonsense_logits_are_survived() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let sampling = FieldSampling { top_p: 0.5, ..FieldSampling::default() };
        assert_eq!(sampling.draw(&[0.0], &[false], &mut rng), None);
        assert_eq!(sampling.draw(&[f32::NAN, 0.0], &[true, true], &mut rng), Some(1));
        assert!(sampling.draw(&[f32::NAN, f32::NEG_INFINITY], &[true, true], &mut rng).is_some());
        assert_eq!(sampling.draw(&[f32::INFINITY, 0.0], &[true, true], &mut rng), Some(0));
    }

    proptest! {
        #[test]
        fn what_stays_is_the_smallest_sufficient_set(
            raw in prop::collection::vec(-8f32..8.0, 1..60), top_p in 0.01f64..1.0, temperature in 0.1f64..3.0,
        ) {
            let all = vec![true; raw.len()];
            let open = FieldSampling { temperature, ..FieldSampling::default() }.distribution(&raw, &all);
            let kept = FieldSampling { temperature, top_p, ..FieldSampling::default() }.distribution(&raw, &all);
            let mass: f64 = kept.iter().map(|(value, _)| open[*value].1).sum();
            let least = kept.last().map(|(value, _)| open[*value].1).unwrap();
            prop_assert!(mass >= top_p - 1e-9);
            prop_assert!(mass - least < top_p + 1e-9, "one fewer would do");
            prop_assert!((kept.iter().map(|value| value.1).sum::<f64>() - 1.0).abs() < 1e-9);
        }
    }
}
