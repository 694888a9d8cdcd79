//! One model that serves several writers: pieces, or candidates of one, each in a stream of its
//! own.

use crate::ComposeError;
use leitmotif_events::Value;
use leitmotif_model::{DecodingBatch, Model};

/// What draws events one after another from a model's logits.
pub(crate) trait DrawEvents {
    /// Draws the next event as far as it can with the logits it has, and returns the field that it
    /// needs more logits of.
    fn draw(&mut self) -> Option<usize>;

    /// The fields of the next event that are drawn.
    fn event(&self) -> &[Value];

    /// Takes the logits of the field that [`Self::draw`] returned.
    fn take_logits(&mut self, logits: &[f32]);
}

/// A model's decoding batch, with what its streams read and need next.
pub(crate) struct Drive<'a> {
    /// Values of each field.
    sizes: &'a [usize],
    /// A stream for each writer, and those that keep earlier states.
    pub batch: Box<dyn DecodingBatch + 'a>,
    /// The writers that wait for logits, after the field that they wait for.
    asking: Vec<(usize, usize)>,
    /// What the decoding batch reads next: streams, and their values.
    streams: Vec<usize>,
    values: Vec<Value>,
    logits: Vec<f32>,
}

impl<'a> Drive<'a> {
    /// So many streams of a model.
    pub fn new(model: &'a dyn Model, streams: usize) -> Self {
        Self {
            sizes: &model.description().sizes,
            batch: model.decoding_batch(streams),
            asking: Vec::new(),
            streams: Vec::new(),
            values: Vec::new(),
            logits: Vec::new(),
        }
    }

    /// Draws the next event of each of the `running` writers, whose streams have their numbers: the
    /// model computes their logits of a field together.
    ///
    /// # Errors
    /// [`ComposeError::NotFinite`] where the model's numbers overflow.
    pub fn draw(&mut self, writers: &mut [impl DrawEvents], running: &[usize]) -> Result<(), ComposeError> {
        self.asking.clear();
        self.asking.extend(running.iter().map(|&stream| (0, stream)));
        loop {
            self.asking.retain_mut(|(field, stream)| match writers[*stream].draw() {
                Some(asked) => {
                    *field = asked;
                    true
                }
                None => false,
            });
            if self.asking.is_empty() {
                return Ok(());
            }
            self.asking.sort_unstable();
            self.answer(writers)?;
        }
    }

    /// Computes the logits that writers wait for, those of one field together.
    fn answer(&mut self, writers: &mut [impl DrawEvents]) -> Result<(), ComposeError> {
        for asking in self.asking.chunk_by(|a, b| a.0 == b.0) {
            let (field, size) = (asking[0].0, self.sizes[asking[0].0]);
            for &(_, stream) in asking {
                self.streams.push(stream);
                self.values.extend_from_slice(writers[stream].event());
            }
            self.logits.resize(asking.len() * size, 0.0);
            self.batch.logits(&self.streams, &self.values, field, &mut self.logits);
            if !all_finite(&self.logits) {
                return Err(ComposeError::NotFinite);
            }
            for (&stream, logits) in self.streams.iter().zip(self.logits.chunks_exact(size)) {
                writers[stream].take_logits(logits);
            }
            self.streams.clear();
            self.values.clear();
        }
        Ok(())
    }

    /// Queues an event for a stream, to be read by the next [`Self::read`].
    pub fn push(&mut self, stream: usize, event: &[Value]) {
        self.streams.push(stream);
        self.values.extend_from_slice(event);
    }

    /// How many events wait to be read.
    pub fn waiting(&self) -> usize {
        self.streams.len()
    }

    /// Lets the model read the queued events.
    pub fn read(&mut self) {
        self.batch.push(&self.streams, &self.values);
        self.streams.clear();
        self.values.clear();
    }
}

/// Whether no number is infinite or none at all. A finite number times 0 is 0, any other is not:
/// this is a sum that the compiler makes several at a time.
fn all_finite(numbers: &[f32]) -> bool {
    let mut sums = [0.0_f32; 8];
    let (chunks, rest) = numbers.as_chunks::<8>();
    for chunk in chunks {
        sums.iter_mut().zip(chunk).for_each(|(sum, number)| *sum += number * 0.0);
    }
    sums.iter().sum::<f32>() == 0.0 && rest.iter().all(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finite_is_found_wherever_it_stands() {
        for length in [1, 7, 8, 9, 40] {
            let numbers = vec![-1e9_f32; length];
            assert!(all_finite(&numbers));
            for at in 0..length {
                for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                    let mut numbers = numbers.clone();
                    numbers[at] = wrong;
                    assert!(!all_finite(&numbers), "{wrong} at {at} of {length}");
                }
            }
        }
    }
}
