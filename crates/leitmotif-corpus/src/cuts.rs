//! Where the values of attributes are cut into classes.

use crate::{Corpus, Split};
use leitmotif_events::{Attribute, AttributeError, AttributeScale, attribute_values};
use serde::{Deserialize, Serialize};

/// The most songs that cuts are estimated from; of larger corpora, evenly spread ones.
const MAX_SONGS: usize = 4096;
/// Where attributes are cut into classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cuts {
    /// Where the training songs' bars fall into classes of equal size.
    #[default]
    Corpus,
    /// Where MuseMorphose cuts rhythm and polyphony, of all instruments or of some; other
    /// attributes by the corpus.
    Published,
}

/// Cuts each attribute by the training songs of a corpus into at most `classes` classes: into one
/// where they have no more than one value, or none (the register of drums).
///
/// # Errors
/// [`AttributeError::Bars`] for a representation without bars.
pub fn estimate_cuts(
    corpus: &Corpus,
    attributes: &[Attribute],
    cuts: Cuts,
    classes: usize,
) -> Result<Vec<AttributeScale>, AttributeError> {
    let representation = corpus.representation();
    let songs = corpus.split(Split::Train);
    let mut values = vec![Vec::new(); attributes.len()];
    for song in songs.iter().step_by(songs.len().div_ceil(MAX_SONGS).max(1)) {
        for bar in attribute_values(attributes, &*representation, &corpus.sequence(*song))? {
            values.iter_mut().zip(bar).for_each(|(values, value)| values.extend(value));
        }
    }
    let scale = |(attribute, values): (&Attribute, Vec<f32>)| {
        let published = attribute.published_cuts().filter(|_| cuts == Cuts::Published);
        let cuts = published.map_or_else(|| even_cuts(values, classes), <[f32]>::to_vec);
        AttributeScale { attribute: attribute.clone(), cuts }
    };
    Ok(attributes.iter().zip(values).map(scale).collect())
}

/// Cuts between values, as near as ties allow to where `classes` classes are equally large.
fn even_cuts(mut values: Vec<f32>, classes: usize) -> Vec<f32> {
    values.sort_by(f32::total_cmp);
    let mut cuts: Vec<f32> = Vec::new();
    for class in 1..classes {
        let wanted = values.len() * class / classes;
        let Some(&low) = values.get(wanted.max(1) - 1) else { break };
        let above = values.partition_point(|value| *value <= low);
        let Some(&high) = values.get(above) else { break };
        let cut = low + (high - low) / 2.0;
        if cuts.last().is_none_or(|last| cut > *last) && cut < high {
            cuts.push(cut);
        }
    }
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_equally_large_as_far_as_ties_allow() {
        let values: Vec<f32> = (0..80).map(|value| value as f32).collect();
        let cuts = even_cuts(values, 8);
        assert_eq!(cuts, [9.5, 19.5, 29.5, 39.5, 49.5, 59.5, 69.5]);
        assert_eq!(even_cuts(vec![0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0], 4), [0.5], "ties fall together");
        assert_eq!(even_cuts(vec![3.0; 9], 4), Vec::<f32>::new(), "one value is one class");
        assert_eq!(even_cuts(vec![1.0, 2.0], 8), [1.5]);
        assert_eq!(even_cuts(Vec::new(), 8), Vec::<f32>::new(), "no value is one class");
    }
}
