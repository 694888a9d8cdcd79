//! How often what the model holds most probable is what comes, note by note, given everything
//! before it: accuracy with the true notes fed back (teacher forcing).
//!
//! The same with another song's latents shows what the latents add to the context.

use super::error::LatentsError;
use super::estimates::{Count, share, share_difference};
use super::experiment::{Counter, Experiment};
use super::fidelity::others;
use super::songs::Song;
use leitmotif_events::{NONE, Value};
use leitmotif_measures::Estimate;
use leitmotif_model::{Condition, DecodingSession};
use serde::Serialize;

/// What is most probable against what comes.
#[derive(Debug, Serialize)]
pub struct Forced {
    /// Note events that were predicted.
    pub notes: usize,
    /// By field; at last all fields of a note together, as `all`.
    pub fields: Vec<FieldAccuracy>,
}

/// The accuracy of one field.
#[derive(Debug, Serialize)]
pub struct FieldAccuracy {
    /// Its name.
    pub field: String,
    /// Under the song's own latents.
    pub own: Option<Estimate>,
    /// Under the latents of another held-out song.
    pub other_song: Option<Estimate>,
    /// The one less the other.
    pub difference: Option<Estimate>,
}

/// Hits of one song: of each field, and at last of all together.
#[derive(Debug, Clone, PartialEq)]
struct Tally(Vec<Count>);

impl Tally {
    fn new(fields: usize) -> Self {
        Self(vec![(0, 0); fields + 1])
    }

    /// A note whose field was predicted right, wrong, or (`None`) does not apply.
    fn add(&mut self, right: &[Option<bool>]) {
        let all = right.iter().all(|right| *right != Some(false));
        for (count, right) in self.0.iter_mut().zip(right.iter().copied().chain([Some(all)])) {
            count.0 += usize::from(right == Some(true));
            count.1 += usize::from(right.is_some());
        }
    }
}

/// Predicts every song twice.
pub fn measure(experiment: &Experiment<'_>) -> Result<Forced, LatentsError> {
    let others = others(experiment);
    let tallies = experiment.each("accuracy", experiment.songs.len(), 2 * experiment.bars(), |number, progress| {
        let song = &experiment.songs[number];
        Ok((predict(experiment, song, song, progress)?, predict(experiment, song, others[number], progress)?))
    })?;
    let names = experiment.subject.representation.vocabulary().fields.iter().map(|field| field.name.clone());
    let fields = names.chain(["all".into()]).enumerate().map(|(field, name)| {
        let (own, other): (Vec<Count>, Vec<Count>) =
            tallies.iter().map(|(own, other)| (own.0[field], other.0[field])).unzip();
        FieldAccuracy {
            field: name,
            own: share(&own, experiment.seed()),
            other_song: share(&other, experiment.seed()),
            difference: share_difference(&own, &other, experiment.seed()),
        }
    });
    let fields = fields.collect();
    let notes = tallies.iter().filter_map(|(own, _)| Some(own.0.last()?.1)).sum();
    Ok(Forced { notes, fields })
}

/// Predicts the notes of `song` under its own classes and the latents of `understood`, an encoded
/// song.
fn predict(
    experiment: &Experiment<'_>,
    song: &Song,
    understood: &Song,
    progress: &Counter<'_>,
) -> Result<Tally, LatentsError> {
    let (source, representation) = (&song.source, experiment.subject.representation);
    let sizes = representation.vocabulary().sizes();
    let latents = &understood.source.posteriors;
    let mut session = experiment.subject.model.decoding_session();
    let (mut tally, mut bar) = (Tally::new(sizes.len()), 0);
    let mut room = vec![0.0; sizes.iter().copied().max().unwrap_or(0)];
    for (index, event) in source.sequence.events().enumerate() {
        if source.bars.get(bar).is_some_and(|bar| bar.start == index) {
            experiment.go_on()?;
            let latent = &latents[(bar / source.bars_per_latent) % latents.len()].mean;
            session.condition(Some(Condition { latent, classes: &source.classes[bar] }));
            progress.advance(1);
            bar += 1;
        } else if bar > 0 && representation.is_note(event) {
            tally.add(&right(&mut session, event, &sizes, &mut room));
        }
        session.push(event);
    }
    Ok(tally)
}

/// Whether each field that applies is what the model holds most probable, given the true fields
/// before it.
fn right(session: &mut DecodingSession<'_>, event: &[Value], sizes: &[usize], room: &mut [f32]) -> Vec<Option<bool>> {
    let field = |(field, &value): (usize, &Value)| {
        if field > 0 && value == NONE {
            return None;
        }
        let logits = &mut room[..sizes[field]];
        session.logits(&event[..field], field, logits);
        Some(most(logits) == usize::from(value))
    };
    event.iter().enumerate().map(field).collect()
}

/// The first of the largest.
fn most(logits: &[f32]) -> usize {
    (1..logits.len()).fold(0, |most, index| if logits[index] > logits[most] { index } else { most })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_largest_is_most_probable() {
        assert_eq!(most(&[0.0, 2.0, -1.0, 2.0]), 1);
        assert_eq!(most(&[0.0]), 0);
    }

    #[test]
    fn fields_are_tallied_each_and_together() {
        let mut tally = Tally::new(3);
        tally.add(&[Some(true), None, Some(true)]);
        tally.add(&[Some(true), Some(true), Some(false)]);
        assert_eq!(tally.0, [(2, 2), (1, 1), (1, 2), (1, 2)]);
    }
}
