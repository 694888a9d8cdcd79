//! Preset, file, single keys: later layers win. Unknown keys and wrong types are refused with a
//! hint.

use super::RunConfig;
use super::hint::hint;
use crate::TrainError;
use toml::{Table, Value};

/// Former names of keys. Configurations that use them still open.
const FORMER_KEYS: [(&str, &str); 5] = [
    ("model.echoes", "model.copy_features"),
    ("train.lanes", "train.batch_size"),
    ("train.header_drop", "train.header_dropout"),
    ("latent.echo_dropout", "latent.copy_dropout"),
    ("latent.attribute_drop", "latent.attribute_dropout"),
];

/// One key set from outside: `train.batch_size=32`.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    /// Dotted key.
    pub key: String,
    /// Its value.
    pub value: Value,
}

impl std::str::FromStr for Override {
    type Err = TrainError;

    /// Reads `key=value`. The value is TOML; what is not TOML is taken as a bare string.
    fn from_str(text: &str) -> Result<Self, TrainError> {
        let Some((key, value)) = text.split_once('=') else {
            return Err(TrainError::Config(format!(
                "`{text}` sets nothing: write key=value, such as train.batch_size=32"
            )));
        };
        let (key, value) = (key.trim(), value.trim());
        let parsed = format!("value = {value}").parse::<Table>().ok().filter(|table| table.len() == 1);
        let value = parsed.and_then(|mut table| table.remove("value")).unwrap_or_else(|| Value::String(value.into()));
        Ok(Self { key: key.into(), value })
    }
}

impl RunConfig {
    /// A configuration such as a preset's, with the keys of a TOML `file` (its name, for messages,
    /// and its text) and then `overrides` laid over it.
    ///
    /// # Errors
    /// [`TrainError::Config`] for an unknown key (with the nearest known ones), a value
    /// of the wrong type (with the type expected), or TOML that is none. Ranges are checked by
    /// [`RunConfig::validate`].
    pub fn layered(from: Self, file: Option<(&str, &str)>, overrides: &[Override]) -> Result<Self, TrainError> {
        let mut table = Table::try_from(from).expect("a configuration has only TOML types");
        if let Some((name, text)) = file {
            let layer: Table = text.parse().map_err(|error| TrainError::Config(format!("{name}: {error}")))?;
            let mut leaves = Vec::new();
            flatten("", layer, &mut leaves);
            for (key, value) in leaves {
                set(&mut table, &key, value).map_err(|reason| TrainError::Config(format!("{name}: {reason}")))?;
            }
        }
        for Override { key, value } in overrides {
            set(&mut table, key, value.clone()).map_err(TrainError::Config)?;
        }
        table.try_into().map_err(|error: toml::de::Error| TrainError::Config(error.message().to_owned()))
    }

    /// Every dotted key with its value in this configuration, in order.
    pub fn keys(&self) -> Vec<(String, Value)> {
        let mut leaves = Vec::new();
        flatten("", Table::try_from(self).expect("a configuration has only TOML types"), &mut leaves);
        leaves
    }
}

fn flatten(prefix: &str, table: Table, leaves: &mut Vec<(String, Value)>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        match value {
            Value::Table(inner) => flatten(&key, inner, leaves),
            value => leaves.push((key, value)),
        }
    }
}

/// Sets one key of a complete configuration; the reason if that cannot be.
fn set(table: &mut Table, key: &str, value: Value) -> Result<(), String> {
    let key = FORMER_KEYS.iter().find(|(former, _)| *former == key).map_or(key, |(_, name)| name);
    let mut leaves = Vec::new();
    flatten("", table.clone(), &mut leaves);
    let Some((_, old)) = leaves.iter().find(|(known, _)| known == key) else {
        return Err(unknown(key, leaves.iter().map(|(known, _)| known.as_str())));
    };
    let value = match (old, value) {
        (Value::Float(_), Value::Integer(whole)) => Value::Float(whole as f64),
        (_, value) => value,
    };
    if !old.same_type(&value) {
        let expected = expected(old);
        return Err(format!("{key} = {value}: this is {}, but it must be {expected} (now {old})", a(value.type_str())));
    }
    let (section, name) = key.split_once('.').ok_or_else(|| format!("{key} is a section, not a key"))?;
    let mut changed = table.clone();
    if let Some(Value::Table(inner)) = changed.get_mut(section) {
        inner.insert(name.into(), value.clone());
    }
    // Names out of a list, numbers too large, arrays of the wrong length: serde checks what the
    // type takes.
    changed
        .clone()
        .try_into::<RunConfig>()
        .map_err(|error| format!("{key} = {value}: {}", error.message().lines().next().unwrap_or("wrong value")))?;
    *table = changed;
    Ok(())
}

fn expected(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a name",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Array(_) => "a list in brackets",
        Value::Datetime(_) => "a date",
        Value::Table(_) => "a section",
    }
}

fn a(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
}

fn unknown<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> String {
    format!(
        "there is no key `{key}`{}; docs/configuration.md and the config.toml of any run list them all",
        hint(key, known)
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Preset;

    fn layered(file: &str, sets: &[&str]) -> Result<RunConfig, String> {
        let sets: Vec<Override> = sets.iter().map(|set| set.parse().unwrap()).collect();
        RunConfig::layered(Preset::Tiny.config(), Some(("my.toml", file)), &sets).map_err(|error| error.to_string())
    }

    #[test]
    fn later_layers_win_and_the_rest_stays() {
        let config = layered(
            "[train]\nbatch_size = 8\nepochs = 3\n[model]\nmemory_layers = [1, 2]",
            &["train.batch_size=4", "model.gating=gru", "train.betas=[0.5, 0.75]", "model.glu = true"],
        )
        .unwrap();
        assert_eq!(config.train.batch_size, 4);
        assert_eq!(config.train.epochs, 3.0);
        assert_eq!(config.model.memory_layers, [1, 2]);
        assert_eq!(config.model.gating, leitmotif_model::Gating::Gru);
        assert_eq!(config.train.betas, [0.5, 0.75]);
        assert!(config.model.glu);
        assert_eq!(config.model.d_model, Preset::Tiny.config().model.d_model);
    }

    #[test]
    fn unknown_keys_are_refused_with_the_nearest() {
        let error = layered("[train]\nlearning_rat = 1.0", &[]).unwrap_err();
        assert!(error.starts_with("my.toml: there is no key `train.learning_rat`"), "{error}");
        assert!(error.contains("did you mean `train.learning_rate`") && !error.contains("augment.tempo"), "{error}");
        let error = layered("", &["batch_size=3"]).unwrap_err();
        assert!(error.contains("did you mean `train.batch_size`"), "{error}");
        let error = layered("", &["model.batch_size=3"]).unwrap_err();
        assert!(error.contains("did you mean `train.batch_size`"), "{error}");
        let error = layered("", &["zzzzzzzz=3"]).unwrap_err();
        assert!(!error.contains("did you mean"), "{error}");
        assert!(layered("", &["model=3"]).is_err());
        assert!("train.batch_size".parse::<Override>().is_err());
    }

    #[test]
    fn wrong_types_and_names_say_what_was_expected() {
        let error = layered("", &["train.batch_size=many"]).unwrap_err();
        assert!(error.contains("train.batch_size") && error.contains("a whole number"), "{error}");
        let error = layered("", &["train.batch_size=2.5"]).unwrap_err();
        assert!(error.contains("a whole number"), "{error}");
        let error = layered("", &["train.batch_size=-1"]).unwrap_err();
        assert!(error.contains("train.batch_size"), "{error}");
        let error = layered("", &["model.compression=zip"]).unwrap_err();
        assert!(error.contains("zip") && error.contains("dilated_conv"), "{error}");
        let error = layered("", &["train.betas=[0.9]"]).unwrap_err();
        assert!(error.contains("train.betas"), "{error}");
    }

    #[test]
    fn former_names_of_keys_still_work() {
        let (new, file) = (Preset::TinyVae.config(), Preset::TinyVae.config().to_toml());
        let old = FORMER_KEYS.iter().fold(file, |text, (former, name)| {
            let [former, name] = [former, name].map(|key| key.split('.').next_back().unwrap());
            assert!(text.contains(&format!("\n{name} = ")), "{name}");
            text.replace(&format!("\n{name} = "), &format!("\n{former} = "))
        });
        assert_eq!(toml::from_str::<RunConfig>(&old).unwrap(), new, "a run's config.toml");
        assert_eq!(RunConfig::layered(Preset::Tiny.config(), Some(("my.toml", &old)), &[]).unwrap(), new);
        assert_eq!(layered("", &["train.lanes=4"]).unwrap().train.batch_size, 4);
    }

    proptest::proptest! {
        #[test]
        fn no_text_of_a_key_or_value_breaks_anything(key in "(model|train|augment|x)?[.]?[a-z_]{0,12}", value in ".{0,30}") {
            if let Ok(set) = format!("{key}={value}").parse::<Override>() {
                let known = Preset::Study.config().keys().iter().any(|(name, _)| *name == set.key);
                let layered = RunConfig::layered(Preset::Study.config(), None, &[set]);
                proptest::prop_assert!(known || layered.is_err());
            }
            let _ = RunConfig::layered(Preset::Tiny.config(), Some(("any", &value)), &[]);
        }

        #[test]
        fn every_key_can_be_set_to_what_it_is(preset in 0..Preset::ALL.len()) {
            let config = Preset::ALL[preset].config();
            let sets: Vec<Override> = config.keys().into_iter().map(|(key, value)| Override { key, value }).collect();
            proptest::prop_assert_eq!(RunConfig::layered(Preset::Tiny.config(), None, &sets).unwrap(), config);
        }
    }
}
