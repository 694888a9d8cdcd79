//! A safetensors file of 32-bit or 16-bit floats: its header first, so that names, shapes and sizes
//! are checked before memory is taken for any value.
//!
//! Layout: the length of the header (`u64`, little-endian), the header (JSON: of each array its
//! type, shape and place), the values (<https://github.com/huggingface/safetensors>).

use crate::{Array, ModelError, Weights};
use half::f16;
use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Largest file of weights that is read.
pub const MAX_WEIGHT_BYTES: u64 = 16 << 30;
/// Largest header of such a file that is read.
pub const MAX_HEADER_BYTES: u64 = 4 << 20;
/// Bytes of the header's length.
const LENGTH_BYTES: u64 = 8;
/// Values read at a time.
const CHUNK: usize = 1 << 16;

/// A file of weights whose header has been read and checked.
#[derive(Debug)]
pub struct WeightsFile {
    path: PathBuf,
    file: File,
    /// Where the values begin, in bytes.
    values_at: u64,
    /// Shape and place of each array by name.
    arrays: BTreeMap<String, TensorInfo>,
}

impl WeightsFile {
    /// Opens a file and checks that its header describes exactly the values that follow it.
    ///
    /// # Errors
    /// [`ModelError::Io`] if it cannot be read, [`ModelError::File`] if it is no such file or
    /// larger than [`MAX_WEIGHT_BYTES`].
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        let io = |source| ModelError::Io { path: path.into(), source };
        let wrong = |reason: String| ModelError::File { path: path.into(), reason };
        let mut file = leitmotif_files::open(path).map_err(io)?;
        let bytes = file.metadata().map_err(io)?.len();
        if bytes > MAX_WEIGHT_BYTES {
            return Err(wrong(format!("{bytes} bytes are more than the {MAX_WEIGHT_BYTES} that are read")));
        }
        let no_file = |reason: &dyn std::fmt::Display| wrong(format!("not a safetensors file: {reason}"));
        let cut_off = |error: std::io::Error| match error.kind() {
            ErrorKind::UnexpectedEof => no_file(&"it ends before its header does"),
            _ => io(error),
        };
        let mut length = [0; LENGTH_BYTES as usize];
        file.read_exact(&mut length).map_err(cut_off)?;
        let length = u64::from_le_bytes(length);
        if length > MAX_HEADER_BYTES.min(bytes - LENGTH_BYTES) {
            return Err(no_file(&format_args!("a header of {length} bytes")));
        }
        let mut header = vec![0; length as usize];
        file.read_exact(&mut header).map_err(cut_off)?;
        let header: Metadata = serde_json::from_slice(&header).map_err(|error| no_file(&error))?;
        let values_at = LENGTH_BYTES + length;
        let arrays = header.tensors().into_iter().map(|(name, info)| (name, info.clone())).collect();
        let found = Self { path: path.into(), file, values_at, arrays };
        found.check(bytes - values_at).map_err(wrong)?;
        Ok(found)
    }

    /// The arrays follow one another, fill the file, and are as long as their shapes say.
    fn check(&self, bytes: u64) -> Result<(), String> {
        let mut places: Vec<_> = self.arrays.iter().map(|(name, info)| (info.data_offsets, name, info)).collect();
        places.sort_by_key(|(offsets, ..)| *offsets);
        let mut end = 0;
        for ((from, to), name, info) in places {
            let Some(width) = width(info.dtype) else {
                return Err(format!("{name} holds {:?}, not floats of 32 or 16 bits", info.dtype));
            };
            let values = info.shape.iter().try_fold(1_usize, |all, length| all.checked_mul(*length));
            if from != end || values.and_then(|values| values.checked_mul(width)) != to.checked_sub(from) {
                return Err(format!("not a safetensors file: the place of {name} does not fit its shape"));
            }
            end = to;
        }
        match end as u64 == bytes {
            true => Ok(()),
            false => Err(format!("not a safetensors file: {bytes} bytes of values, where its header names {end}")),
        }
    }

    /// The arrays' shapes by name.
    pub fn shapes(&self) -> BTreeMap<String, Vec<usize>> {
        self.arrays.iter().map(|(name, info)| (name.clone(), info.shape.clone())).collect()
    }

    /// Bytes of all values.
    pub fn value_bytes(&self) -> u64 {
        self.arrays.values().map(|info| (info.data_offsets.1 - info.data_offsets.0) as u64).sum()
    }

    /// Reads the values.
    ///
    /// # Errors
    /// [`ModelError::Io`] if they cannot be read, [`ModelError::File`] if one is not finite.
    pub fn read(mut self) -> Result<Weights, ModelError> {
        let io = |source| ModelError::Io { path: self.path.clone(), source };
        let mut weights = Weights::new();
        let mut chunk = vec![0; 4 * CHUNK];
        for (name, TensorInfo { shape, data_offsets: (from, to), dtype }) in self.arrays {
            let width = width(dtype).unwrap_or(4);
            self.file.seek(SeekFrom::Start(self.values_at + from as u64)).map_err(io)?;
            let mut left = (to - from) / width;
            let mut data = Vec::with_capacity(left);
            while left > 0 {
                let bytes = &mut chunk[..width * left.min(CHUNK)];
                self.file.read_exact(bytes).map_err(io)?;
                match width {
                    4 => data.extend(bytes.as_chunks::<4>().0.iter().map(|word| f32::from_le_bytes(*word))),
                    _ => data.extend(bytes.as_chunks::<2>().0.iter().map(|word| f16::from_le_bytes(*word).to_f32())),
                }
                left -= bytes.len() / width;
            }
            if data.iter().any(|value| !value.is_finite()) {
                let reason = format!("{name} holds values that are not finite");
                return Err(ModelError::File { path: self.path, reason });
            }
            weights.insert(name, Array::new(shape, data));
        }
        Ok(weights)
    }
}

/// Bytes of a value; `None` of a type that is not read.
fn width(dtype: Dtype) -> Option<usize> {
    match dtype {
        Dtype::F32 => Some(4),
        Dtype::F16 => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn file(folder: &Path, header: &str, values: u64) -> PathBuf {
        let path = folder.join("model.safetensors");
        let bytes = [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat();
        std::fs::write(&path, &bytes).unwrap();
        // Sparse: no disk is used for what is not written.
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(bytes.len() as u64 + values).unwrap();
        path
    }

    #[test]
    fn shapes_are_known_before_any_value_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let giant = r#"{"a":{"dtype":"F32","shape":[1024,1024,1024],"data_offsets":[0,4294967296]}}"#;
        let opened = WeightsFile::open(&file(folder.path(), giant, 1 << 32)).unwrap();
        assert_eq!((opened.shapes()["a"].as_slice(), opened.value_bytes()), (&[1024; 3][..], 1 << 32));
    }

    #[test]
    fn headers_that_do_not_describe_the_values_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let of = |shape: &str, from: u64, to: u64| {
            format!(r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":[{from},{to}]}}}}"#)
        };
        let refused = |header: &str, values| {
            WeightsFile::open(&file(folder.path(), header, values)).map(|_| ()).unwrap_err().to_string()
        };
        assert!(WeightsFile::open(&file(folder.path(), &of("[2]", 0, 8), 8)).is_ok());
        for (header, values) in
            [(of("[2]", 0, 8), 12), (of("[3]", 0, 8), 8), (of("[2]", 4, 12), 12), (of("[2]", 8, 0), 8)]
        {
            assert!(refused(&header, values).contains("not a safetensors file"), "{header}");
        }
        assert!(refused(&of("[4294967296,4294967296]", 0, 8), 8).contains("shape"));
        assert!(refused(&of("[2]", 0, 4).replace("F32", "BF16"), 4).contains("BF16"));
        assert!(refused("", MAX_WEIGHT_BYTES).contains("more than"));
        let path = folder.path().join("model.safetensors");
        std::fs::write(&path, u64::MAX.to_le_bytes()).unwrap();
        assert!(WeightsFile::open(&path).unwrap_err().to_string().contains("header"));
    }
}
