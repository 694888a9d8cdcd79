//! What a run writes down as it goes: `metrics.jsonl`, TensorBoard event files, learning curves.

mod crc32c;
pub(crate) mod curves;
pub(crate) mod metrics;
mod tensorboard;

pub use metrics::{LatentLine, MetricsLine, TrainLine, ValidationLine};
pub use tensorboard::EventWriter;
