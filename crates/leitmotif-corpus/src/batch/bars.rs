//! What a model with latents needs about a segment's bars, besides its events.

use super::{BatchError, SegmentBatch};
use leitmotif_events::{
    AttributeScale, MAX_GROUP_EVENTS, Representation, SegmentBars, Sequence, Value, attribute_values,
};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::ops::Range;

/// What batches are to hold about bars.
#[derive(Debug, Clone, PartialEq)]
pub struct LatentOptions {
    /// Consecutive bars that share a latent, counted from a piece's first bar.
    pub bars_per_latent: usize,
    /// The attributes whose classes the model is conditioned on.
    pub attributes: Vec<AttributeScale>,
    /// The probability that an attribute is left open in a whole song; in a single bar, half of it.
    pub attribute_dropout: f64,
}

impl LatentOptions {
    pub(super) fn check(&self, representation: &dyn Representation) -> Result<(), BatchError> {
        let wrong = |text: &str| Err(BatchError::Options(text.to_owned()));
        if self.bars_per_latent == 0 {
            return wrong("a latent is of at least one bar");
        }
        if !(0.0..=1.0).contains(&self.attribute_dropout) {
            return wrong("attribute_dropout is a probability, 0 to 1");
        }
        let empty = Sequence::new(representation.vocabulary().fields.len());
        if representation.bars(&empty).is_none() {
            return wrong(
                "latents are of bars, and this corpus's representation has none; prepare it with --representation events",
            );
        }
        Ok(())
    }
}

/// The bars of a song being read.
#[derive(Debug, Clone)]
pub(super) struct SongBars {
    bars: Vec<Range<usize>>,
    bars_per_latent: usize,
    attributes: usize,
    classes: Vec<u16>,
    /// Names the song and how it is read this time.
    key: u64,
}

impl SongBars {
    /// The bars of a song as it is read. Attributes are left open by `drops`, if it is given.
    pub fn of(
        options: &LatentOptions,
        representation: &dyn Representation,
        sequence: &Sequence,
        key: u64,
        drops: Option<&mut ChaCha8Rng>,
    ) -> Self {
        let attributes: Vec<_> = options.attributes.iter().map(|scale| scale.attribute.clone()).collect();
        let values = attribute_values(&attributes, representation, sequence).unwrap_or_default();
        let class = |(value, scale): (&Option<f32>, &AttributeScale)| scale.class(*value);
        let mut classes: Vec<u16> =
            values.iter().flat_map(|bar| bar.iter().zip(&options.attributes).map(class)).collect();
        if let Some(rng) = drops.filter(|_| options.attribute_dropout > 0.0 && !attributes.is_empty()) {
            let open: Vec<bool> = attributes.iter().map(|_| rng.random_bool(options.attribute_dropout)).collect();
            for (class, open) in classes.iter_mut().zip(open.iter().cycle()) {
                if rng.random_bool(options.attribute_dropout / 2.0) || *open {
                    *class = 0;
                }
            }
        }
        Self {
            bars: representation.bars(sequence).unwrap_or_default(),
            bars_per_latent: options.bars_per_latent,
            attributes: attributes.len(),
            classes,
            key,
        }
    }

    /// Adds to `batch` the bars that inputs `from..from + count` of the song lie in, which `stream`
    /// reads.
    pub fn write(&self, values: &[Value], batch: &mut SegmentBatch, stream: usize, from: usize, count: usize) {
        let (fields, segment, song) = (batch.fields, batch.segment, values.len() / batch.fields);
        let Some(known) = &mut batch.bars else { return };
        let read = from..from + count;
        let mut group = None;
        let first = self.bars.partition_point(|bar| bar.end <= read.start);
        for (number, bar) in self.bars.iter().enumerate().skip(first).take_while(|(_, bar)| bar.start < read.end) {
            if group != Some(number / self.bars_per_latent) {
                group = Some(number / self.bars_per_latent);
                self.write_group(number / self.bars_per_latent, values, fields, song, &read, known);
            }
            let index = known.group_of_bar.len() as i32;
            known.group_of_bar.push(known.keys.len() as i32 - 1);
            known.classes.extend_from_slice(&self.classes[number * self.attributes..(number + 1) * self.attributes]);
            let inside = bar.start.max(read.start) - from..bar.end.min(read.end) - from;
            known.of_input[stream * segment..(stream + 1) * segment][inside].fill(index);
        }
    }

    fn write_group(
        &self,
        group: usize,
        values: &[Value],
        fields: usize,
        song: usize,
        read: &Range<usize>,
        known: &mut SegmentBars,
    ) {
        let first = group * self.bars_per_latent;
        let bars = &self.bars[first..(first + self.bars_per_latent).min(self.bars.len())];
        let mut room = MAX_GROUP_EVENTS;
        for (place, bar) in bars.iter().enumerate() {
            let events = bar.len().min(room);
            room -= events;
            known.events.extend_from_slice(&values[bar.start * fields..(bar.start + events) * fields]);
            known.places.extend(std::iter::repeat_n(place as i32, events));
        }
        known.offsets.push(known.places.len());
        // The last event of a song is only ever a target.
        let whole = bars[0].start..bars[bars.len() - 1].end.min(song.saturating_sub(1));
        let here = whole.start.max(read.start)..whole.end.min(read.end);
        known.shares.push(here.len() as f32 / whole.len().max(1) as f32);
        known.keys.push(leitmotif_hash::number(self.key, group as u64));
    }
}
