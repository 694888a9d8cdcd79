//! A piece's frame filled anew: its meters and tempos stay, each bar's notes are kept or drawn
//! under a condition.
//!
//! The model reads the frame as it reads any piece, event by event. Of a kept bar it is given the
//! events; of another the bar event and the tempo that begins it, and then notes are
//! sampled until it emits the next bar event.
//!
//! A bar is drawn by what came before it as well as by its latent, and where what came before was
//! drawn, its errors carry on. So each bar has several candidates, each of which the encoder reads,
//! and the one is kept under whose posterior the target latent is the most likely: the most likely
//! draw of `p(x | z)` as importance resampling (Rubin 1987) approaches it, where `p` is what the
//! decoder writes, weighed by `q(z | x)`.

use super::bar_filler::BarFiller;
use super::source::Source;
use super::task::{FilledBars, LatentEditor, MAX_CANDIDATES, Task};
use crate::ComposeError;
use crate::masks::Masks;
use leitmotif_score::Instrument;

/// Most bytes that a model may remember for the candidates of a bar.
const MOST_BYTES: usize = 1 << 30;

impl LatentEditor<'_> {
    /// Fills the frame of `source`, a task for each of its bars (bars beyond the last task are left
    /// out). `instruments` may play; if there are none, those of the source. `piece` chooses the
    /// stream of randomness. `progress` is called with bars done and bars to do. The same arguments
    /// give the same events.
    ///
    /// # Errors
    /// [`ComposeError`] if the model has no latents, for instruments or constraints that leave
    /// nothing, and [`ComposeError::Cancelled`] once `cancel` is set.
    pub fn fill(
        &self,
        source: &Source,
        tasks: &[Task],
        instruments: &[Instrument],
        piece: u64,
        progress: &dyn Fn(usize, usize),
    ) -> Result<FilledBars, ComposeError> {
        let Self { model, representation, request, candidates, .. } = *self;
        let vocabulary = representation.vocabulary();
        if model.description().sizes != vocabulary.sizes() {
            let model = model.description().sizes.clone();
            return Err(ComposeError::Mismatch { model, vocabulary: vocabulary.sizes() });
        }
        if !(1..=MAX_CANDIDATES).contains(&candidates) {
            return Err(ComposeError::setting("candidates", candidates, &format!("between 1 and {MAX_CANDIDATES}")));
        }
        let most = (MOST_BYTES / model.stream_bytes().max(1)).max(1);
        if candidates > most {
            let want = format!("at most {most}, since all candidates of a bar are written side by side in memory");
            return Err(ComposeError::setting("candidates", candidates, &want));
        }
        let names: Vec<&str> = vocabulary.fields.iter().map(|field| field.name.as_str()).collect();
        request.sampling.validate(&names)?;
        let events = self.representation.events();
        let playing = if instruments.is_empty() { source.score.instruments() } else { instruments.to_vec() };
        let masks = Masks::new(events, vocabulary, request, None, &playing, &[])?;
        let mut filler = BarFiller::new(self, (events, &masks), source, piece)?;
        filler.open(representation, instruments)?;
        let tasks = &tasks[..tasks.len().min(source.bars.len())];
        filler.fill(tasks, progress)
    }
}
