//! `model.safetensors` of a Markov model: per field the sorted contexts, where their values begin,
//! the values, their counts, and the scores of the mixture.

use super::Markov;
use super::context::ContextLayout;
use super::gate::{BUCKETS, Gate};
use super::table::Table;
use crate::{ModelDescription, ModelError, WEIGHTS_FILE};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Largest file that is read.
pub const MAX_FILE_BYTES: u64 = 1 << 31;
/// What the file's metadata call this layout.
const LAYOUT: &str = "leitmotif-markov-1";

impl Markov {
    /// Writes `model.safetensors` into the folder `dir`. The same model gives the same bytes.
    ///
    /// # Errors
    /// [`ModelError::Io`] if the file cannot be written.
    pub fn save(&self, dir: &Path) -> Result<(), ModelError> {
        let path = dir.join(WEIGHTS_FILE);
        let mut parts: Vec<(String, Dtype, usize, Vec<u8>)> = Vec::new();
        for (field, (table, gate)) in self.tables.iter().zip(&self.gates).enumerate() {
            let mut part =
                |name: &str, dtype, length, bytes| parts.push((format!("{field}.{name}"), dtype, length, bytes));
            part("keys", Dtype::U64, table.keys.len(), bytes(&table.keys, u64::to_le_bytes));
            part("starts", Dtype::U32, table.starts.len(), bytes(&table.starts, u32::to_le_bytes));
            part("counts", Dtype::U32, table.counts.len(), bytes(&table.counts, u32::to_le_bytes));
            part("scores", Dtype::F32, gate.scores.len(), bytes(&gate.scores, f32::to_le_bytes));
            part("values", Dtype::U16, table.values.len(), bytes(&table.values, u16::to_le_bytes));
        }
        let wrong =
            |error: safetensors::SafeTensorError| ModelError::File { path: path.clone(), reason: error.to_string() };
        let mut views = Vec::new();
        for (name, dtype, length, bytes) in &parts {
            views.push((name.clone(), TensorView::new(*dtype, vec![*length], bytes).map_err(wrong)?));
        }
        let metadata = HashMap::from([("layout".to_string(), LAYOUT.to_string())]);
        let file = safetensors::serialize(views, Some(metadata)).map_err(wrong)?;
        leitmotif_files::write(&path, &file).map_err(|source| ModelError::Io { path, source })
    }

    /// Reads `model.safetensors` from the folder `dir`, for a model of this description.
    ///
    /// # Errors
    /// [`ModelError::Io`] if it cannot be read, [`ModelError::File`] if it is damaged or does not
    /// fit the description.
    pub fn load(dir: &Path, description: &ModelDescription) -> Result<Self, ModelError> {
        description.validate()?;
        let path = dir.join(WEIGHTS_FILE);
        let io = |source| ModelError::Io { path: path.clone(), source };
        let bytes = leitmotif_files::read(&path, MAX_FILE_BYTES).map_err(io)?;
        Self::parse(&bytes, description).map_err(|reason| ModelError::File { path: PathBuf::from(&path), reason })
    }

    fn parse(bytes: &[u8], description: &ModelDescription) -> Result<Self, String> {
        let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
        let plan = ContextLayout::new(&description.sizes, description.model.order, description.model.cache);
        let (mut tables, mut gates) = (Vec::new(), Vec::new());
        for (field, &size) in description.sizes.iter().enumerate() {
            let part = |name: &str, dtype| part(&file, &format!("{field}.{name}"), dtype);
            let keys = numbers(part("keys", Dtype::U64)?, u64::from_le_bytes);
            let starts = numbers(part("starts", Dtype::U32)?, u32::from_le_bytes);
            let values = numbers(part("values", Dtype::U16)?, u16::from_le_bytes);
            let counts = numbers(part("counts", Dtype::U32)?, u32::from_le_bytes);
            let scores = numbers(part("scores", Dtype::F32)?, f32::from_le_bytes);
            check(&keys, &starts, &values, &counts, size).map_err(|reason| format!("field {field}: {reason}"))?;
            if scores.len() != plan.chains[field].len() * BUCKETS || !scores.iter().all(|score| score.is_finite()) {
                return Err(format!("field {field}: the scores do not fit a model of order {}", plan.order));
            }
            tables.push(Table::index(keys, starts, values, counts));
            gates.push(Gate { scores });
        }
        Ok(Self { description: description.clone(), plan, tables, gates })
    }
}

/// Checks the invariants of a [`Table`] from an untrusted file.
fn check(keys: &[u64], starts: &[u32], values: &[u16], counts: &[u32], size: usize) -> Result<(), &'static str> {
    if !keys.is_sorted_by(|a, b| a < b) {
        return Err("the contexts are not in order");
    }
    let inside = starts.len() == keys.len() + 1
        && starts.is_sorted_by(|a, b| a < b)
        && starts.first() == Some(&0)
        && starts.last().is_some_and(|&end| end as usize == values.len())
        && counts.len() == values.len();
    if !inside {
        return Err("the lists have different lengths");
    }
    if counts.contains(&0) || values.iter().any(|&value| usize::from(value) >= size) {
        return Err("a count is zero or a value outside its field");
    }
    let ordered = starts.windows(2).all(|pair| values[pair[0] as usize..pair[1] as usize].is_sorted_by(|a, b| a < b));
    if ordered { Ok(()) } else { Err("the values of a context are not in order") }
}

fn part<'a>(file: &SafeTensors<'a>, name: &str, dtype: Dtype) -> Result<&'a [u8], String> {
    let tensor = file.tensor(name).map_err(|error| format!("{name}: {error}"))?;
    if tensor.dtype() == dtype && tensor.shape().len() == 1 {
        Ok(tensor.data())
    } else {
        Err(format!("{name}: {:?} {:?} where a list of {dtype:?} belongs", tensor.dtype(), tensor.shape()))
    }
}

fn bytes<T: Copy, const N: usize>(numbers: &[T], write: fn(T) -> [u8; N]) -> Vec<u8> {
    numbers.iter().flat_map(|&number| write(number)).collect()
}

fn numbers<T, const N: usize>(bytes: &[u8], read: fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|&chunk| read(chunk)).collect()
}
