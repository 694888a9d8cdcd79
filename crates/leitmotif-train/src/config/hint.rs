//! The known keys that a misspelt one is nearest to.

use leitmotif_score::edits;

/// Most keys that are named.
const MOST: usize = 3;

/// `; did you mean …?` with the nearest known keys, if some are near.
pub(super) fn hint<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> String {
    let last = |text: &str| text.rsplit('.').next().unwrap_or_default().to_owned();
    let mut near: Vec<(usize, &str)> = known
        .map(|candidate| {
            // A key given without, or under another, section counts as near.
            let tail = edits(&last(key), &last(candidate)) + usize::from(candidate.contains('.'));
            (edits(key, candidate).min(tail), candidate)
        })
        .filter(|(edits, _)| *edits <= 1 + key.chars().count() / 4)
        .collect();
    near.sort_unstable();
    let near: Vec<String> = near.into_iter().take(MOST).map(|(_, candidate)| format!("`{candidate}`")).collect();
    match near.as_slice() {
        [] => String::new(),
        [one] => format!("; did you mean {one}?"),
        [rest @ .., last] => format!("; did you mean {} or {last}?", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_three_are_named() {
        let known = ["train.steps", "train.seed", "model.layers", "train.step", "latent.steps"];
        assert_eq!(hint("layers", known.into_iter()), "; did you mean `model.layers`?");
        let three = hint("train.stepz", known.into_iter());
        assert_eq!(three, "; did you mean `train.step`, `train.steps` or `latent.steps`?");
        assert_eq!(hint("zzzzzzzz", known.into_iter()), "");
    }
}
