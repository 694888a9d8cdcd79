//! Named arrays of numbers: a model's weights, an optimiser's state, a memory. Stored as
//! safetensors.

use crate::ModelError;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// Largest file of weights that is read.
pub const MAX_WEIGHT_BYTES: u64 = 16 << 30;

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
        let array = self.get(name)?;
        if array.shape == shape {
            Ok(&array.data)
        } else {
            Err(ModelError::Weights(format!("{name} has shape {:?}, the model needs {shape:?}", array.shape)))
        }
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
        let data: Vec<(&str, &Array, Vec<u8>)> =
            self.arrays.iter().map(|(name, array)| (name.as_str(), array, bytes(&array.data))).collect();
        let views = data.iter().map(|(name, array, bytes)| {
            TensorView::new(Dtype::F32, array.shape.clone(), bytes).map(|view| ((*name).to_owned(), view))
        });
        let views = views.collect::<Result<Vec<_>, _>>().map_err(|error| ModelError::Weights(error.to_string()))?;
        let file = safetensors::serialize(views, None).map_err(|error| ModelError::Weights(error.to_string()))?;
        replace_file(path, &file).map_err(|source| ModelError::Io { path: path.into(), source })
    }

    /// Reads a safetensors file of 32-bit floats.
    ///
    /// # Errors
    /// [`ModelError::Io`] if it cannot be read, [`ModelError::File`] if it is not such a file.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let io = |source| ModelError::Io { path: path.into(), source };
        let length = std::fs::metadata(path).map_err(io)?.len();
        let wrong = |reason: String| ModelError::File { path: path.into(), reason };
        if length > MAX_WEIGHT_BYTES {
            return Err(wrong(format!("{length} bytes are more than the {MAX_WEIGHT_BYTES} that are read")));
        }
        let file = std::fs::read(path).map_err(io)?;
        let tensors =
            SafeTensors::deserialize(&file).map_err(|error| wrong(format!("not a safetensors file: {error}")))?;
        let mut weights = Self::new();
        for (name, view) in tensors.tensors() {
            if view.dtype() != Dtype::F32 {
                return Err(wrong(format!("{name} holds {:?}, not 32-bit floats", view.dtype())));
            }
            let (words, _) = view.data().as_chunks::<4>();
            let data: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
            if data.iter().any(|value| !value.is_finite()) {
                return Err(wrong(format!("{name} holds values that are not finite")));
            }
            weights.insert(name, Array::new(view.shape(), data));
        }
        Ok(weights)
    }
}

impl FromIterator<(String, Array)> for Weights {
    fn from_iter<I: IntoIterator<Item = (String, Array)>>(arrays: I) -> Self {
        Self { arrays: arrays.into_iter().collect(), precision: Precision::default() }
    }
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Puts `bytes` in the place of `path` so that a reader sees the old file or the new one, never a
/// part of it.
///
/// # Errors
/// Whatever writing, syncing or renaming reports; the temporary file is then removed.
pub fn replace_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = path.file_name().map_or_else(|| "file".into(), std::ffi::OsStr::to_os_string);
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)?;
        match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            Some(parent) if cfg!(unix) => File::open(parent)?.sync_all(),
            _ => Ok(()),
        }
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written
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
    fn shapes_are_checked() {
        let weights = sample();
        assert_eq!(weights.shaped("b.weight", &[2, 3]).unwrap().len(), 6);
        assert!(weights.shaped("b.weight", &[3, 2]).unwrap_err().to_string().contains("[2, 3]"));
        assert!(weights.shaped("none", &[1]).is_err());
    }
}
