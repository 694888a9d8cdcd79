//! The known names that a misspelt one is nearest to.

/// Up to `most` of the known names that `name` may be meant as, the nearest first: capitals do not
/// count, and about a quarter of the letters may be wrong.
pub fn nearest_names<'a>(name: &str, known: impl IntoIterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    let name = name.to_lowercase();
    let allowed = 1 + name.chars().count() / 4;
    let near = known.into_iter().map(|candidate| (edits(&name, &candidate.to_lowercase()), candidate));
    let mut near: Vec<_> = near.filter(|(edits, _)| *edits <= allowed).collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(most).map(|(_, candidate)| candidate).collect()
}

/// Edits between two words (Levenshtein).
pub fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_levenshteins() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!((edits("", "abc"), edits("same", "same")), (3, 0));
    }

    #[test]
    fn near_names_come_first_and_far_ones_not_at_all() {
        let known = ["metal", "rock", "medal", "jazz"];
        assert_eq!(nearest_names("METAL", known, 3), ["metal", "medal"]);
        assert_eq!(nearest_names("rok", known, 3), ["rock"]);
        assert!(nearest_names("polka", known, 3).is_empty());
    }
}
