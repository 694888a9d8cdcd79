//! Which pieces a classifier is trained on, and which it is evaluated on.

use super::MOST_FOLDS;
use crate::bootstrap::{shuffled, stream};

/// One division of the pieces. Pieces of the first set are numbered from 0, those of the second
/// after them.
pub struct Fold {
    /// Pieces to train on, as many of one set as of the other.
    pub train: Vec<usize>,
    /// Pieces to evaluate on, none of which is among them.
    pub judge: Vec<usize>,
}

/// Divides two sets into folds that hold as many pieces of the one as of the other. Of the larger
/// set, so many are drawn as the smaller one has.
pub fn folds(firsts: usize, seconds: usize, paired: bool, seed: u64) -> Vec<Fold> {
    let mut stream = stream(seed);
    let mut first = shuffled(firsts, &mut stream);
    let mut second = if paired { first.clone() } else { shuffled(seconds, &mut stream) };
    let each = firsts.min(seconds);
    first.truncate(each);
    second.truncate(each);
    second.iter_mut().for_each(|piece| *piece += firsts);
    let count = each.min(MOST_FOLDS);
    let fold = |fold: usize| {
        let pieces = |inside: bool| {
            let places = (0..each).filter(move |place| (place % count == fold) == inside);
            places.flat_map(|place| [first[place], second[place]]).collect()
        };
        Fold { train: pieces(false), judge: pieces(true) }
    };
    (0..count).map(fold).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_is_evaluated_once_by_a_classifier_not_trained_on_it() {
        let all = folds(23, 23, true, 4);
        assert_eq!(all.len(), MOST_FOLDS);
        let mut judged: Vec<usize> = all.iter().flat_map(|fold| fold.judge.clone()).collect();
        judged.sort_unstable();
        assert_eq!(judged, (0..46).collect::<Vec<_>>());
        for fold in all {
            assert_eq!(fold.train.len() + fold.judge.len(), 46);
            assert!(fold.train.iter().all(|piece| !fold.judge.contains(piece)));
            assert!(fold.judge.iter().all(|piece| fold.judge.contains(&((piece + 23) % 46))), "pairs stay together");
        }
    }

    #[test]
    fn sets_of_two_sizes_are_balanced() {
        for Fold { train, judge } in folds(40, 7, false, 1) {
            for part in [train, judge] {
                assert_eq!(part.iter().filter(|&&piece| piece < 40).count() * 2, part.len());
                assert!(part.iter().all(|&piece| piece < 47));
            }
        }
    }
}
