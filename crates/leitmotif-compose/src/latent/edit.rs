//! What becomes of a piece's bars: reconstructed, varied, restyled.

use super::{BarCondition, FilledBars, LatentEditor, Source, Task, operations, splice};
use crate::ComposeError;
use crate::report::edited;
use leitmotif_model::{AttributeCuts, latent_noise};
use leitmotif_score::{Instrument, Score};
use std::collections::BTreeMap;
use std::ops::Range;

/// A piece edited.
#[derive(Debug, Clone)]
pub struct Edited {
    /// The music, with how it was made in [`Score::texts`].
    pub score: Score,
    /// Its events, and which bars are new.
    pub filled: FilledBars,
}

/// How an attribute is to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// To this class, from 1; 0 leaves it open.
    To(u16),
    /// By so many classes from the bar's own, as far as there are classes.
    By(i32),
}

/// How a piece is to be restyled.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Restyle {
    /// Of some attributes, by name.
    pub attributes: BTreeMap<String, Change>,
    /// Added to every latent.
    pub shift: Option<Vec<f32>>,
    /// Whether bars keep to their classes of rhythm, polyphony and density, those that are
    /// requested and the piece's own; else the model is only conditioned on them.
    pub keep: bool,
}

/// Attributes that measure nearly the same: where one is requested and the other is not, the other
/// is left open.
const COUPLED: [(&str, &str); 4] =
    [("rhythm", "density"), ("polyphony", "density"), ("density", "rhythm"), ("density", "polyphony")];

impl LatentEditor<'_> {
    /// Fills the piece's frame and puts what is new into its score; `made` describes how, for the
    /// text that the score carries.
    ///
    /// # Errors
    /// As [`LatentEditor::fill`].
    pub fn edit(
        &self,
        source: &Source,
        tasks: &[Task],
        instruments: &[Instrument],
        made: &serde_json::Value,
        progress: &dyn Fn(usize, usize),
    ) -> Result<Edited, ComposeError> {
        let filled = self.fill(source, tasks, instruments, 0, progress)?;
        let mut score = splice(self.representation, source, &filled)?;
        score.texts.push(edited(self.request, made)?);
        Ok(Edited { score, filled })
    }
}

/// Writes every bar from its own latent.
pub fn reconstruction(source: &Source) -> Vec<Task> {
    (0..source.bars.len()).map(|bar| Task::Write(source.condition(bar))).collect()
}

/// Writes the bars of `bars` from latents moved by `amount` (0 to 1) at random; keeps the others.
///
/// # Errors
/// [`ComposeError::Setting`] for an amount out of range, or bars that the piece does not have.
pub fn variation(source: &Source, bars: Range<usize>, amount: f64, seed: u64) -> Result<Vec<Task>, ComposeError> {
    check(source, &bars)?;
    let task = |bar: usize| {
        if !bars.contains(&bar) {
            return Ok(Task::Keep);
        }
        let BarCondition { latent, classes, kept } = source.condition(bar);
        let noise = latent_noise(seed.wrapping_add((bar / source.bars_per_latent) as u64 + 1), latent.len());
        Ok(Task::Write(BarCondition { latent: operations::vary(&latent, &noise, amount)?, classes, kept }))
    };
    (0..source.bars.len()).map(task).collect()
}

/// Writes the bars of `bars` in another style; keeps the others.
///
/// # Errors
/// [`ComposeError`] for attributes or classes that the model does not have, a shift of other
/// dimensions, or bars that the piece does not have.
pub fn restyling(
    source: &Source,
    attributes: &[AttributeCuts],
    bars: Range<usize>,
    restyle: &Restyle,
) -> Result<Vec<Task>, ComposeError> {
    check(source, &bars)?;
    let wanted = restyle.attributes.iter().map(|(name, change)| {
        let class = if let Change::To(class) = change { *class } else { 0 };
        (name.clone(), class)
    });
    super::asked(attributes, &wanted.collect())?;
    if let Some(shift) = restyle.shift.as_ref().filter(|shift| shift.len() != source.posteriors[0].mean.len()) {
        let (got, want) = (shift.len(), source.posteriors[0].mean.len());
        return Err(ComposeError::Request(format!(
            "the direction has {got} dimensions, the model's latents have {want}"
        )));
    }
    let task = |bar: usize| {
        if !bars.contains(&bar) {
            return Task::Keep;
        }
        let mut condition = source.condition(bar);
        for (attribute, class) in attributes.iter().zip(&mut condition.classes) {
            *class = changed(attribute, *class, &restyle.attributes);
        }
        condition.kept = vec![restyle.keep; attributes.len()];
        if let Some(shift) = &restyle.shift {
            condition.latent.iter_mut().zip(shift).for_each(|(latent, shift)| *latent += shift);
        }
        Task::Write(condition)
    };
    Ok((0..source.bars.len()).map(task).collect())
}

/// The class of an attribute whose own class is `class`.
fn changed(attribute: &AttributeCuts, class: u16, changes: &BTreeMap<String, Change>) -> u16 {
    let classes = attribute.classes() as i32;
    match changes.get(&attribute.name) {
        Some(Change::To(class)) => *class,
        Some(Change::By(_)) if class == 0 => 0,
        Some(Change::By(by)) => i32::from(class).saturating_add(*by).clamp(1, classes) as u16,
        None => {
            let coupled = |(asked, other): &(&str, &str)| *other == attribute.name && changes.contains_key(*asked);
            if COUPLED.iter().any(coupled) { 0 } else { class }
        }
    }
}

fn check(source: &Source, bars: &Range<usize>) -> Result<(), ComposeError> {
    let count = source.bars.len();
    if bars.start < bars.end && bars.end <= count {
        return Ok(());
    }
    let range = format!("{}-{}", bars.start + 1, bars.end);
    Err(ComposeError::setting("bars", range, &format!("two bars of 1 to {count}, the first one first")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_change_as_requested_and_coupled_ones_are_left_open() {
        let rhythm = AttributeCuts { name: "rhythm".into(), cuts: vec![0.1, 0.2, 0.3] };
        let density = AttributeCuts { name: "density".into(), ..rhythm.clone() };
        let register = AttributeCuts { name: "register".into(), ..rhythm.clone() };
        let by = |by| BTreeMap::from([("rhythm".to_owned(), Change::By(by))]);
        assert_eq!(changed(&rhythm, 2, &by(1)), 3);
        assert_eq!((changed(&rhythm, 2, &by(9)), changed(&rhythm, 2, &by(-9))), (4, 1), "as far as there are classes");
        assert_eq!(changed(&rhythm, 0, &by(1)), 0, "what does not apply stays open");
        assert_eq!((changed(&density, 2, &by(1)), changed(&register, 2, &by(1))), (0, 2));
        assert_eq!(changed(&rhythm, 2, &BTreeMap::from([("rhythm".to_owned(), Change::To(1))])), 1);
    }
}
