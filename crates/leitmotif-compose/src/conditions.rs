//! The part of a request that concerns a model's latents and attributes.

use crate::ComposeError;
use leitmotif_model::{AttributeCuts, LatentSpace};
use serde::Serialize;
use std::collections::BTreeMap;

/// The highest temperature of latents.
pub const MAX_TEMPERATURE: f64 = 4.0;

/// What a piece's latents are drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PriorKind {
    /// The model's trained prior over the sequence of a song's latents.
    Learnt,
    /// The standard normal, each latent for itself.
    Normal,
}

/// What the bars of a piece from nothing are written under; of models with latents.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Conditions {
    /// What latents are drawn from; `None` for the trained prior where the model has one, else the
    /// standard normal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prior: Option<PriorKind>,
    /// The sampling temperature of latents, 0 to 4; 1 samples the prior as trained.
    pub temperature: f64,
    /// The requested class of some attributes, by name, from 1; the others are left open.
    pub attributes: BTreeMap<String, u16>,
    /// Whether rhythm, polyphony and density are enforced by masks where they are requested; else
    /// the model is only conditioned on them.
    pub keep: bool,
}

impl Default for Conditions {
    fn default() -> Self {
        Self { prior: None, temperature: 1.0, attributes: BTreeMap::new(), keep: true }
    }
}

impl Conditions {
    /// The class of each attribute of a model.
    ///
    /// # Errors
    /// [`ComposeError`] for an attribute or a class that the model does not have, a temperature out
    /// of range, or a trained prior where there is none.
    pub(crate) fn classes(&self, space: &LatentSpace) -> Result<Vec<u16>, ComposeError> {
        if !(0.0..=MAX_TEMPERATURE).contains(&self.temperature) {
            return Err(ComposeError::setting("latent_temperature", self.temperature, "between 0 and 4"));
        }
        if self.prior == Some(PriorKind::Learnt) && space.prior().is_none() {
            let reason =
                "this model has not learnt a prior over its latents; leave the choice open, or take the normal one";
            return Err(ComposeError::Request(reason.into()));
        }
        asked(space.attributes(), &self.attributes)
    }
}

/// The class of each attribute where some are requested by name; 0 leaves it open.
///
/// # Errors
/// [`ComposeError::Request`] for an attribute or a class that the model does not have.
pub fn asked(known: &[AttributeCuts], wanted: &BTreeMap<String, u16>) -> Result<Vec<u16>, ComposeError> {
    for (name, class) in wanted {
        let Some(attribute) = known.iter().find(|attribute| attribute.name == *name) else {
            let names: Vec<&str> = known.iter().map(|attribute| attribute.name.as_str()).collect();
            let knows =
                if names.is_empty() { "it knows none".into() } else { format!("it knows {}", names.join(", ")) };
            return Err(ComposeError::Request(format!("the model has no attribute {name:?}: {knows}")));
        };
        if usize::from(*class) > attribute.classes() {
            let want = format!("a class of 1 to {}, or 0 to leave it open", attribute.classes());
            return Err(ComposeError::setting("attribute", format!("{name}={class}"), &want));
        }
    }
    Ok(known.iter().map(|attribute| wanted.get(&attribute.name).copied().unwrap_or(0)).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn attributes_are_requested_by_name() {
        let known = [
            AttributeCuts { name: "rhythm".into(), cuts: vec![0.1, 0.2] },
            AttributeCuts { name: "register".into(), cuts: vec![60.0] },
        ];
        let wanted = |pairs: &[(&str, u16)]| pairs.iter().map(|(name, class)| ((*name).to_owned(), *class)).collect();
        assert_eq!(asked(&known, &wanted(&[("register", 2)])).unwrap(), [0, 2]);
        assert_eq!(asked(&known, &wanted(&[("rhythm", 3)])).unwrap(), [3, 0]);
        let unknown = asked(&known, &wanted(&[("swing", 1)])).unwrap_err().to_string();
        assert!(unknown.contains("swing") && unknown.contains("rhythm, register"), "{unknown}");
        let beyond = asked(&known, &wanted(&[("register", 3)])).unwrap_err().to_string();
        assert!(beyond.contains("register=3") && beyond.contains("1 to 2"), "{beyond}");
    }
}
