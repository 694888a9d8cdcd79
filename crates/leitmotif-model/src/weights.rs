//! Named arrays of numbers: a model's weights, an optimiser's state, a memory. Stored as
//! safetensors.

use crate::{ModelError, WeightsFile};
use safetensors::tensor::{Dtype, TensorView};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Largest weight of a model, the largest number of half precision: learnt weights are thousands of
/// times smaller.
pub const MAX_WEIGHT: f32 = 65_504.0;

/// A dense row-major array of 32-bit floats.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Length of each dimension; their product is the number of values.
    pub shape: Vec<usize>,
    /// The values, the last dimension running fastest.
    pub data: Vec<f32>,
}

impl Array {
    /// An array of this shape.
    ///
    /// # Panics
    /// If `data` does not hold as many values as `shape` requires.
    pub fn new(shape: impl Into<Vec<usize>>, data: Vec<f32>) -> Self {
        let shape = shape.into();
        assert_eq!(shape.iter().product::<usize>(), data.len(), "shape {shape:?} does not fit {} values", data.len());
        Self { shape, data }
    }
}

/// The precision of a model's linear maps while it writes. Sums are of single precision either way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// As trained: 32 bits a weight.
    #[default]
    Single,
    /// Rounded to 16 bits a weight (11 significant): half as many bytes to read for every event.
    Half,
}

/// Arrays by name, in the order of their names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Weights {
    arrays: BTreeMap<String, Array>,
    precision: Precision,
}

impl Weights {
    /// No arrays.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, of which a [`crate::NetworkModel`] keeps its linear maps in this precision.
    #[must_use]
    pub fn in_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// What a model keeps its linear maps in.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Adds or replaces an array.
    pub fn insert(&mut self, name: impl Into<String>, array: Array) {
        self.arrays.insert(name.into(), array);
    }

    /// Moves every value by `share` (0 to 1) of the way to that of `other`, which has the same
    /// arrays.
    ///
    /// # Panics
    /// If `other` has other names or shapes.
    pub fn mix(&mut self, other: &Self, share: f32) {
        assert!(self.arrays.keys().eq(other.arrays.keys()), "weights of different models cannot be mixed");
        for (mine, theirs) in self.arrays.values_mut().zip(other.arrays.values()) {
            assert_eq!(mine.shape, theirs.shape, "weights of different shapes cannot be mixed");
            for (value, other) in mine.data.iter_mut().zip(&theirs.data) {
                *value += share * (other - *value);
            }
        }
    }

    /// The array of this name.
    ///
    /// # Errors
    /// [`ModelError::Weights`] if there is none.
    pub fn get(&self, name: &str) -> Result<&Array, ModelError> {
        self.arrays.get(name).ok_or_else(|| ModelError::Weights(format!("no array named {name}")))
    }

    /// The values of the array of this name, which must have this shape.
    ///
    /// # Errors
    /// [`ModelError::Weights`] if it is missing or shaped otherwise.
    pub fn shaped(&self, name: &str, shape: &[usize]) -> Result<&[f32], ModelError> {
        let array = self.arrays.get(name);
        fits(name, array.map(|array| array.shape.as_slice()), shape)?;
        Ok(array.map_or(&[], |array| &array.data))
    }

    /// All arrays with their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Array)> {
        self.arrays.iter().map(|(name, array)| (name.as_str(), array))
    }

    /// The number of arrays.
    pub fn len(&self) -> usize {
        self.arrays.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.arrays.is_empty()
    }

    /// The number of values of all arrays together.
    pub fn values(&self) -> usize {
        self.arrays.values().map(|array| array.data.len()).sum()
    }

    /// A hash of names, shapes and values (BLAKE3, hexadecimal).
    pub fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for (name, array) in &self.arrays {
            hasher.update(&(name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes());
            hasher.update(&(array.shape.len() as u64).to_le_bytes());
            for &length in &array.shape {
                hasher.update(&(length as u64).to_le_bytes());
            }
            hasher.update(&bytes(&array.data));
        }
        hasher.finalize().to_hex().to_string()
    }

    /// Writes a safetensors file: to a temporary file beside it, synced, then renamed.
    ///
    /// # Errors
    /// [`ModelError::Io`] with the path; the file of that name is then what it was before.
    pub fn save(&self, path: &Path) -> Result<(), ModelError> {
        self.save_as(path, Precision::Single)
    }

    /// The same with values of this precision: half of it takes half of the bytes.
    ///
    /// # Errors
    /// As [`Self::save`].
    pub fn save_as(&self, path: &Path, precision: Precision) -> Result<(), ModelError> {
        let (dtype, is_half) = match precision {
            Precision::Single => (Dtype::F32, false),
            Precision::Half => (Dtype::F16, true),
        };
        let bytes = |array: &Array| if is_half { half_bytes(&array.data) } else { bytes(&array.data) };
        let data: Vec<(&str, &Array, Vec<u8>)> =
            self.arrays.iter().map(|(name, array)| (name.as_str(), array, bytes(array))).collect();
        let views = data.iter().map(|(name, array, bytes)| {
            TensorView::new(dtype, array.shape.clone(), bytes).map(|view| ((*name).to_owned(), view))
        });
        let views = views.collect::<Result<Vec<_>, _>>().map_err(|error| ModelError::Weights(error.to_string()))?;
        let file = safetensors::serialize(views, None).map_err(|error| ModelError::Weights(error.to_string()))?;
        leitmotif_files::write(path, &file).map_err(|source| ModelError::Io { path: path.into(), source })
    }

    /// Reads a safetensors file of 32-bit or 16-bit floats.
    ///
    /// # Errors
    /// [`ModelError::Io`] if it cannot be read, [`ModelError::File`] if it is not such a file.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        WeightsFile::open(path)?.read()
    }

    /// Refuses weights of a model that cannot have been learnt.
    ///
    /// # Errors
    /// [`ModelError::Weights`] for a value beyond [`MAX_WEIGHT`].
    pub fn check_range(&self) -> Result<(), ModelError> {
        let is_absurd = |array: &Array| array.data.iter().any(|value| value.is_nan() || value.abs() > MAX_WEIGHT);
        match self.arrays.iter().find(|(_, array)| is_absurd(array)) {
            None => Ok(()),
            Some((name, _)) => Err(ModelError::Weights(format!("{name} holds values beyond {MAX_WEIGHT}"))),
        }
    }
}

impl FromIterator<(String, Array)> for Weights {
    fn from_iter<I: IntoIterator<Item = (String, Array)>>(arrays: I) -> Self {
        Self { arrays: arrays.into_iter().collect(), precision: Precision::default() }
    }
}

/// Whether an array of this name is there and has this shape.
pub(crate) fn fits(name: &str, found: Option<&[usize]>, wanted: &[usize]) -> Result<(), ModelError> {
    match found {
        None => Err(ModelError::Weights(format!("no array named {name}"))),
        Some(found) if found != wanted => {
            Err(ModelError::Weights(format!("{name} has shape {found:?}, the model needs {wanted:?}")))
        }
        Some(_) => Ok(()),
    }
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn half_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| half::f16::from_f32(*value).to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sample() -> Weights {
        let arrays = [("b.weight", vec![2, 3], 6), ("a", vec![1], 1), ("empty", vec![0, 4], 0)];
        let array = |shape: &Vec<usize>, n: i32| Array::new(shape.clone(), (0..n).map(|i| i as f32 * -0.37).collect());
        arrays.iter().map(|(name, shape, n)| ((*name).to_owned(), array(shape, *n))).collect()
    }

    #[test]
    fn what_is_saved_is_what_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        sample().save(&path).unwrap();
        sample().save(&path).unwrap();
        let loaded = Weights::load(&path).unwrap();
        assert_eq!(loaded, sample());
        assert_eq!(loaded.fingerprint(), sample().fingerprint());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays behind");
    }

    #[test]
    fn half_precision_takes_half_of_the_bytes_and_rounds() {
        let folder = tempfile::tempdir().unwrap();
        let [single, half] = ["single", "half"].map(|name| folder.path().join(name));
        let values: Vec<f32> = (0..100_000).map(|i| (i as f32 * 0.37).sin()).collect();
        let weights: Weights = [("a".to_owned(), Array::new([250, 400], values.clone()))].into_iter().collect();
        weights.save(&single).unwrap();
        weights.save_as(&half, Precision::Half).unwrap();
        let bytes = |path: &Path| path.metadata().unwrap().len();
        assert_eq!(bytes(&single) - bytes(&half), 200_000);
        let loaded = Weights::load(&half).unwrap();
        let rounded = &loaded.get("a").unwrap().data;
        assert_ne!(*rounded, values);
        let close = |(a, b): (&f32, &f32)| (a - b).abs() <= 2.0_f32.powi(-11) * b.abs().max(2.0_f32.powi(-14));
        assert!(rounded.iter().zip(&values).all(close));
        loaded.save_as(&single, Precision::Half).unwrap();
        assert_eq!(Weights::load(&single).unwrap(), loaded, "what is rounded stays");
    }

    #[test]
    fn the_fingerprint_depends_on_names_shapes_and_values() {
        let mut prints = vec![sample().fingerprint()];
        for (name, shape, value) in [("a", vec![1], 2.0), ("c", vec![1], 1.0), ("a", vec![1, 1], 0.0)] {
            let mut other = sample();
            other.insert(name, Array::new(shape, vec![value]));
            prints.push(other.fingerprint());
        }
        prints.sort();
        prints.dedup();
        assert_eq!(prints.len(), 4);
    }

    #[test]
    fn damaged_files_are_refused_with_their_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        sample().save(&path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for cut in [0, 4, 9, whole.len() - 1] {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let error = Weights::load(&path).unwrap_err().to_string();
            assert!(error.contains("model.safetensors"), "{error}");
        }
        let mut infinite = sample();
        infinite.insert("a", Array::new([1], vec![f32::NAN]));
        infinite.save(&path).unwrap();
        assert!(Weights::load(&path).unwrap_err().to_string().contains("not finite"));
    }

    #[test]
    fn weights_that_were_never_learnt_are_refused() {
        assert!(sample().check_range().is_ok());
        for value in [3e38, -7e4, f32::NAN] {
            let mut absurd = sample();
            absurd.insert("b.weight", Array::new([2], vec![0.5, value]));
            assert!(absurd.check_range().unwrap_err().to_string().contains("b.weight"));
        }
    }

    #[test]
    fn shapes_are_checked() {
        let weights = sample();
        assert_eq!(weights.shaped("b.weight", &[2, 3]).unwrap().len(), 6);
        assert!(weights.shaped("b.weight", &[3, 2]).unwrap_err().to_string().contains("[2, 3]"));
        assert!(weights.shaped("none", &[1]).is_err());
    }
}
