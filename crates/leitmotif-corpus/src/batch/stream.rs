//! One stream: a song and how far it has been read.

use super::SegmentBatch;
use super::bars::SongBars;
use leitmotif_events::Value;

/// A song being read. The values are those the model reads: augmented, in training.
#[derive(Debug, Clone)]
pub(super) struct Reading<V> {
    pub(super) song: usize,
    /// The next event to read.
    pub(super) position: usize,
    pub(super) values: V,
    /// Which values are not to be predicted; empty if all are.
    pub(super) determined: Vec<bool>,
    /// Where latents need them.
    pub(super) bars: Option<SongBars>,
}

/// The targets of a song of `events` events: each event but the first.
pub(super) fn targets_of(events: usize) -> usize {
    events.saturating_sub(1)
}

impl<V: AsRef<[Value]>> Reading<V> {
    /// Writes the next segment into `stream` of `batch`; returns whether the song is over.
    pub(super) fn write(&mut self, batch: &mut SegmentBatch, stream: usize) -> bool {
        let fields = batch.fields;
        let values = self.values.as_ref();
        let left = targets_of(values.len() / fields).saturating_sub(self.position);
        let count = left.min(batch.segment);
        let (from, width) = (self.position * fields, count * fields);
        let at = stream * batch.segment * fields;
        batch.inputs[at..at + width].copy_from_slice(&values[from..from + width]);
        batch.targets[at..at + width].copy_from_slice(&values[from + fields..from + fields + width]);
        if !self.determined.is_empty() {
            batch.determined.resize(batch.targets.len(), false);
            let determined = &self.determined[from + fields..from + fields + width];
            batch.determined[at..at + width].copy_from_slice(determined);
        }
        if let Some(bars) = &self.bars {
            bars.write(values, batch, stream, self.position, count);
        }
        batch.lengths[stream] = count;
        batch.starts[stream] = self.position == 0;
        batch.songs[stream] = Some(self.song);
        self.position += count;
        count == left
    }
}
