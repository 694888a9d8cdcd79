//! A model as its folder describes it: settings, and the sizes of what it reads and writes.

use crate::config::{MAX_CHAINED_FIELDS, MAX_CLASSES, MAX_FIELDS, MAX_VALUES};
use crate::{FieldDecoding, LatentKind, ModelConfig, ModelError};
use serde::{Deserialize, Serialize};

/// A model as its folder describes it: `config.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelDescription {
    /// Version of this file's format.
    pub format: u32,
    /// The architecture.
    pub model: ModelConfig,
    /// The number of values of each field of an event.
    pub sizes: Vec<usize>,
    /// How each of the model's attributes is cut into classes, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeCuts>,
    /// Fields that are read but not predicted, ascending: what they hold follows from the events
    /// and the fields before them. They cost nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<usize>,
}

/// An attribute of a bar as a model reads it: its value in classes. Class 0 means that it is open
/// (or does not apply), class `c` that the value is above `cuts[c - 2]` and at most `cuts[c - 1]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeCuts {
    /// Its name.
    pub name: String,
    /// Where one class ends and the next begins, ascending.
    pub cuts: Vec<f32>,
}

impl AttributeCuts {
    /// The number of classes, the open one not counted.
    pub fn classes(&self) -> usize {
        self.cuts.len() + 1
    }

    /// The class of a value, from 1.
    pub fn class(&self, value: f32) -> u16 {
        self.cuts.iter().filter(|&&cut| value > cut).count() as u16 + 1
    }
}

impl ModelDescription {
    /// The format this version writes.
    pub const FORMAT: u32 = 1;

    /// Describes a model of events with these field sizes.
    ///
    /// # Errors
    /// [`ModelError::Config`] for settings or sizes outside their limits.
    pub fn new(model: ModelConfig, sizes: Vec<usize>) -> Result<Self, ModelError> {
        Self::with_attributes(model, sizes, Vec::new())
    }

    /// Describes a model whose attributes are cut like this.
    ///
    /// # Errors
    /// As [`Self::new`]; [`ModelError::Config`] also if the cuts are not those of the model's
    /// attributes.
    pub fn with_attributes(
        model: ModelConfig,
        sizes: Vec<usize>,
        attributes: Vec<AttributeCuts>,
    ) -> Result<Self, ModelError> {
        let description = Self { format: Self::FORMAT, model, sizes, attributes, given: Vec::new() };
        description.validate()?;
        Ok(description)
    }

    /// The same, with fields that are not predicted.
    ///
    /// # Errors
    /// [`ModelError::Config`] for fields that events do not have, the first field, and fields that
    /// do not ascend.
    pub fn with_given(self, given: &[usize]) -> Result<Self, ModelError> {
        let description = Self { given: given.to_vec(), ..self };
        description.validate()?;
        Ok(description)
    }

    /// Checks settings, sizes and format.
    ///
    /// # Errors
    /// [`ModelError::Config`] as [`Self::new`].
    pub fn validate(&self) -> Result<(), ModelError> {
        if self.format != Self::FORMAT {
            return Err(ModelError::Config(format!(
                "format {} is not one this version reads (it reads {})",
                self.format,
                Self::FORMAT
            )));
        }
        if self.sizes.is_empty() || self.sizes.len() > MAX_FIELDS {
            return Err(ModelError::Config(format!("an event has 1 to {MAX_FIELDS} fields, not {}", self.sizes.len())));
        }
        if self.sizes.len() > MAX_CHAINED_FIELDS && self.model.fields == FieldDecoding::Chained {
            return Err(ModelError::Config(format!(
                "an event of {} fields is more than the {MAX_CHAINED_FIELDS} that are predicted one after another: set fields = \
                 \"independent\" and copy_features = false, in a transformer or an LSTM",
                self.sizes.len()
            )));
        }
        if let Some(size) = self.sizes.iter().find(|&&size| size == 0 || size > MAX_VALUES) {
            return Err(ModelError::Config(format!("a field has 1 to {MAX_VALUES} values, not {size}")));
        }
        let ascends = self.given.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascends || self.given.iter().any(|field| *field == 0 || *field >= self.sizes.len()) {
            return Err(ModelError::Config("fields that are not predicted must ascend, from the second on".into()));
        }
        let names = self.attributes.iter().map(|attribute| &attribute.name);
        if !names.eq(&self.model.attributes) {
            return Err(ModelError::Config("the classes of the attributes are not those of the model".into()));
        }
        for AttributeCuts { name, cuts } in &self.attributes {
            let ascending = cuts.windows(2).all(|pair| pair[0] < pair[1]) && cuts.iter().all(|cut| cut.is_finite());
            if !ascending || cuts.len() >= MAX_CLASSES {
                let reason = format!("the cuts of {name} must be at most {} ascending numbers", MAX_CLASSES - 1);
                return Err(ModelError::Config(reason));
            }
        }
        self.model.validate()?;
        match self.model.latent {
            LatentKind::None => Ok(()),
            LatentKind::Bar | LatentKind::Phrase => self.validate_latents(),
        }
    }

    /// Checks how a latent's dimensions are divided.
    fn validate_latents(&self) -> Result<(), ModelError> {
        let ModelConfig { d_latent, latent_slots, latent_bag, .. } = self.model;
        let wrong = |key: &str, value: usize, want: String| {
            Err(ModelError::Config(format!("{key} = {value}: it must be {want}")))
        };
        for (key, value) in [("latent_slots", latent_slots), ("latent_bag", latent_bag)] {
            if value > 0 && self.sizes.len() < 2 {
                return wrong(key, value, "0 for events of a single field".into());
            }
        }
        let (fields, bags) = (self.sizes.len() - 1, self.model.bag_dimensions(self.sizes.len()));
        if bags > d_latent {
            return wrong("latent_bag", latent_bag, format!("at most d_latent / {fields} = {}", d_latent / fields));
        }
        let rest = d_latent - bags;
        if latent_slots > 0 && (rest < latent_slots || !rest.is_multiple_of(latent_slots)) {
            let of = match latent_bag {
                0 => format!("d_latent = {d_latent}"),
                _ => format!("d_latent - {fields} * latent_bag = {rest}"),
            };
            return wrong("latent_slots", latent_slots, format!("0 or a divisor of {of}"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::ModelKind;
    use crate::config::{MAX_LAYERS, MAX_SPAN, MAX_WIDTH};

    fn described(model: ModelConfig, fields: usize) -> Result<ModelDescription, String> {
        ModelDescription::new(model, vec![3; fields]).map_err(|error| error.to_string())
    }

    #[test]
    fn long_events_are_predicted_at_once_or_not_at_all() {
        let independent = ModelConfig { fields: FieldDecoding::Independent, ..ModelConfig::default() };
        assert!(described(ModelConfig::default(), MAX_CHAINED_FIELDS).is_ok());
        let refusal = described(ModelConfig::default(), 89).unwrap_err();
        assert!(refusal.contains("89 fields") && refusal.contains("independent"), "{refusal}");
        assert!(described(independent.clone(), 89).is_ok() && described(independent.clone(), MAX_FIELDS).is_ok());
        assert!(described(independent, MAX_FIELDS + 1).is_err());
    }

    #[test]
    fn independent_fields_have_no_copy_features_and_are_not_counted() {
        let independent = ModelConfig { fields: FieldDecoding::Independent, ..ModelConfig::default() };
        let refusal = described(ModelConfig { copy_features: true, ..independent.clone() }, 4).unwrap_err();
        assert!(refusal.contains("copy_features = true") && refusal.contains("independent"), "{refusal}");
        let refusal = described(ModelConfig { kind: ModelKind::Markov, ..independent.clone() }, 4).unwrap_err();
        assert!(refusal.contains("fields = independent") && refusal.contains("markov"), "{refusal}");
        assert!(described(ModelConfig { kind: ModelKind::Lstm, ..independent }, 4).is_ok());
    }

    #[test]
    fn models_of_older_versions_are_chained() {
        let json = r#"{"format": 1, "model": {"kind": "lstm", "d_model": 16}, "sizes": [5, 7]}"#;
        let description: ModelDescription = serde_json::from_str(json).unwrap();
        assert_eq!(description.model.fields, FieldDecoding::Chained);
        description.validate().unwrap();
    }

    #[test]
    fn settings_have_limits() {
        type Change = fn(&mut ModelConfig, usize);
        let model = |change: Change, size: usize| {
            let mut model = ModelConfig { heads: 2, ..ModelConfig::default() };
            change(&mut model, size);
            described(model, 3).is_ok()
        };
        let changes: [(Change, usize, usize); 5] = [
            (|model, size| model.segment = size, MAX_SPAN, 1),
            (|model, size| model.memory = size, MAX_SPAN, 1),
            (|model, size| model.compressed = size, MAX_SPAN, 1),
            (|model, size| model.d_model = size, MAX_WIDTH, 2),
            (|model, size| model.layers = size, MAX_LAYERS, 1),
        ];
        for (number, (change, most, more)) in changes.into_iter().enumerate() {
            assert!(model(change, most) && !model(change, most + more), "setting {number}");
        }
        let sized = |size: usize| ModelDescription::new(ModelConfig::default(), vec![3, size]);
        assert!(sized(MAX_VALUES).is_ok() && sized(MAX_VALUES + 1).is_err());
    }
}
