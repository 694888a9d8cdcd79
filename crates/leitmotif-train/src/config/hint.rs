//! The known name that a misspelt one is nearest to.

/// ` (did you mean …?)` for the nearest known name, if one is near.
pub(super) fn hint<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let last = |text: &str| text.rsplit('.').next().unwrap_or_default().to_owned();
    let nearest = known
        .map(|candidate| {
            // A key given without, or under another, section counts as near.
            let whole = distance(name, candidate);
            let tail = distance(&last(name), &last(candidate)) + usize::from(candidate.contains('.'));
            (whole.min(tail), candidate)
        })
        .min();
    match nearest {
        Some((distance, candidate)) if distance <= 1 + name.len() / 4 => format!(" (did you mean `{candidate}`?)"),
        _ => String::new(),
    }
}

/// Edits between two words (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
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
    fn distances_are_levenshtein() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
