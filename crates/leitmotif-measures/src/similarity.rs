//! How alike two pieces are, bar by bar.
//!
//! Wu and Yang (*MuseMorphose*, 2021, section VI) compare bar i of a piece with bar i of its
//! reconstruction or its variation, and take the mean. Their numbers are in percent; these are
//! shares.

use crate::BarNotes;

/// The cosine of the angle between two vectors, -1 to 1; 0 to 1 where no coordinate is negative.
/// `None` where either is zero, has a value that is not finite, or where they differ in length.
pub fn cosine(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.len() != b.len() {
        return None;
    }
    // Scaled by the largest coordinate, so that no square overflows or vanishes.
    let (largest_a, largest_b) = (largest(a)?, largest(b)?);
    let (mut product, mut square_a, mut square_b) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().map(|x| x / largest_a).zip(b.iter().map(|y| y / largest_b)) {
        product += x * y;
        square_a += x * x;
        square_b += y * y;
    }
    Some((product / (square_a * square_b).sqrt()).clamp(-1.0, 1.0))
}

/// The largest magnitude of finite values that are not all zero.
fn largest(vector: &[f64]) -> Option<f64> {
    let finite = vector.iter().all(|value| value.is_finite());
    let largest = vector.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    (finite && largest > 0.0).then_some(largest)
}

/// The mean over bars of the cosine similarity of two pieces' chromas, 0 to 1: over the bars that
/// both have and in which both have a pitched note. `None` where there is no such bar.
pub fn chroma_similarity(a: &[BarNotes], b: &[BarNotes]) -> Option<f64> {
    mean(a.iter().zip(b).filter_map(|(a, b)| cosine(&a.chroma(), &b.chroma())))
}

/// The mean over bars of the cosine similarity of two pieces' grooves, 0 to 1: over the bars that
/// both have and in which both have a note. `None` where there is no such bar.
pub fn groove_similarity(a: &[BarNotes], b: &[BarNotes]) -> Option<f64> {
    mean(a.iter().zip(b).filter_map(|(a, b)| cosine(&a.groove(), &b.groove())))
}

/// How like two pieces are, 0 to 1: the mean of [`chroma_similarity`] and [`groove_similarity`], 0
/// for one of them where no bar can be compared though one piece has something to compare. Of
/// pieces without pitched notes it is the groove's alone; `None` where both are silent. A bar in
/// which either is silent does not count.
pub fn likeness(a: &[BarNotes], b: &[BarNotes]) -> Option<f64> {
    let sounds = |part: fn(&BarNotes) -> f64| a.iter().chain(b).any(|bar| part(bar) > 0.0);
    let chroma = sounds(|bar| bar.chroma().iter().sum()).then(|| chroma_similarity(a, b).unwrap_or(0.0));
    let groove = sounds(|bar| bar.groove().iter().sum()).then(|| groove_similarity(a, b).unwrap_or(0.0));
    mean([chroma, groove].into_iter().flatten())
}

/// The mean of `values`, `None` of none.
pub(crate) fn mean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.into_iter().fold((0u64, 0.0), |(count, sum), value| (count + 1, sum + value));
    (count > 0).then(|| sum / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bars;
    use crate::bars::tests::{note, part, piano, score};
    use leitmotif_score::Instrument;
    use proptest::prelude::*;

    #[test]
    fn cosines_by_hand() {
        assert_eq!(cosine(&[1.0, 0.0], &[0.0, 2.0]), Some(0.0));
        assert_eq!(cosine(&[1.0, 0.0], &[-2.0, 0.0]), Some(-1.0));
        assert!(cosine(&[3.0, 4.0], &[4.0, 3.0]).is_some_and(|it| (it - 0.96).abs() < 1e-12));
        assert!(cosine(&[1e300, 1e300], &[1e-300, 1e-300]).is_some_and(|it| (it - 1.0).abs() < 1e-12));
        for (a, b) in [([0.0, 0.0], [1.0, 0.0]), ([1.0, 0.0], [f64::NAN, 1.0]), ([1.0, 0.0], [f64::INFINITY, 0.0])] {
            assert_eq!(cosine(&a, &b), None);
        }
        assert_eq!(cosine(&[1.0], &[1.0, 1.0]), None);
        assert_eq!(cosine(&[], &[]), None);
    }

    #[test]
    fn bars_that_either_lacks_do_not_count() {
        // Bar 0 alike, bar 1 without common pitch classes, bar 2 silent in one of them, bar 3
        // missing in it.
        let a = bars(&piano(&[note(0, 60, 1), note(16, 60, 1), note(32, 60, 1), note(48, 60, 1)]));
        let b = bars(&piano(&[note(0, 72, 1), note(24, 61, 16)]));
        assert_eq!(chroma_similarity(&a, &b), Some(0.5));
        assert_eq!(groove_similarity(&a, &b), Some(0.5));
        let drums = bars(&score([part(Instrument::Drums(0), &[note(0, 36, 1)])]));
        assert_eq!((chroma_similarity(&a, &drums), groove_similarity(&a, &drums)), (None, Some(1.0)));
        assert_eq!(chroma_similarity(&a, &[]), None);
        let like =
            [likeness(&a, &b), likeness(&a, &drums), likeness(&drums, &drums), likeness(&a, &[]), likeness(&[], &[])];
        assert_eq!(like, [Some(0.5), Some(0.5), Some(1.0), Some(0.0), None]);
    }

    proptest! {
        #[test]
        fn cosines_of_counts_are_shares_and_symmetric(pairs in prop::collection::vec((0..50u8, 0..50u8), 1..20)) {
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().map(|&(a, b)| (f64::from(a), f64::from(b))).unzip();
            prop_assert_eq!(cosine(&a, &b), cosine(&b, &a));
            prop_assert!(cosine(&a, &b).is_none_or(|it| (0.0..=1.0).contains(&it)));
            prop_assert!(cosine(&a, &a).is_none_or(|it| (it - 1.0).abs() < 1e-12));
        }
    }
}
