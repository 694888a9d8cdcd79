//! Which of several draws of each step to take, so that together they lead from one end to the
//! other.

/// The likeness of a draw to each end, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Likeness {
    pub to_first: f64,
    pub to_last: f64,
}

/// What a step back costs, beside the same distance from an even progression. Steps back are
/// avoided at almost any price.
const STEP_BACK: f64 = 1000.0;

impl Likeness {
    /// How far towards the last end.
    fn course(self) -> f64 {
        self.to_last - self.to_first
    }

    /// How far `after` goes back from here: how much more like the first end it is, and how much
    /// less like the last.
    fn back(self, after: Self) -> f64 {
        (after.to_first - self.to_first).max(0.0) + (self.to_last - after.to_last).max(0.0)
    }
}

/// The draw of each step, one of each of `draws` (none of which is empty), for which the way as a
/// whole costs least: [`STEP_BACK`] for what neighbours go back, and the distance of each step from
/// an even progression between the ends. The earliest of equals.
pub(crate) fn choose(draws: &[Vec<Likeness>]) -> Vec<usize> {
    let end = |end: Option<&Vec<Likeness>>| end.and_then(|draws| draws.first()).map_or(0.0, |like| like.course());
    let (begins, ends) = (end(draws.first()), end(draws.last()));
    let even = |step: usize| begins + (ends - begins) * step as f64 / (draws.len() - 1).max(1) as f64;
    // The cost of the cheapest way to each draw of the last step, and for every step which draw it
    // comes from.
    let mut costs: Vec<f64> =
        draws.first().map_or(0, Vec::len).checked_sub(1).map_or_else(Vec::new, |more| vec![0.0; more + 1]);
    let mut from: Vec<Vec<usize>> = Vec::new();
    for (step, pair) in draws.windows(2).enumerate() {
        let (before, after) = (&pair[0], &pair[1]);
        let way = |like: &Likeness| {
            let strays = (like.course() - even(step + 1)).abs();
            let reached =
                before.iter().zip(&costs).map(|(before, cost)| cost + STEP_BACK * before.back(*like) + strays);
            reached.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, f64::INFINITY))
        };
        let ways: Vec<(usize, f64)> = after.iter().map(way).collect();
        from.push(ways.iter().map(|way| way.0).collect());
        costs = ways.iter().map(|way| way.1).collect();
    }
    let last = costs.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(draw, _)| draw);
    let mut chosen = vec![last];
    for from in from.iter().rev() {
        chosen.push(from[chosen[chosen.len() - 1]]);
    }
    chosen.truncate(draws.len());
    chosen.reverse();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn likes(pairs: &[(f64, f64)]) -> Vec<Likeness> {
        pairs.iter().map(|&(to_first, to_last)| Likeness { to_first, to_last }).collect()
    }

    /// The cost of a choice, as [`choose`] defines it.
    fn cost(draws: &[Vec<Likeness>], chosen: &[usize]) -> f64 {
        let way: Vec<Likeness> = draws.iter().zip(chosen).map(|(draws, &draw)| draws[draw]).collect();
        let (begins, ends) = (draws[0][0].course(), draws[draws.len() - 1][0].course());
        let even = |step: usize| begins + (ends - begins) * step as f64 / (draws.len() - 1) as f64;
        let back: f64 = way.windows(2).map(|pair| pair[0].back(pair[1])).sum();
        back * STEP_BACK + (1..way.len()).map(|step| (way[step].course() - even(step)).abs()).sum::<f64>()
    }

    #[test]
    fn a_way_without_a_step_back_is_found_before_an_even_one() {
        // The first draw is nearer to an even progression, but the next step would go back from it.
        let back = [likes(&[(1.0, 0.2)]), likes(&[(0.5, 0.5), (0.9, 0.3)]), likes(&[(0.6, 0.6)]), likes(&[(0.2, 1.0)])];
        assert_eq!(choose(&back), [0, 1, 0, 0]);
        let free = [likes(&[(1.0, 0.2)]), likes(&[(0.5, 0.5), (0.9, 0.3)]), likes(&[(0.4, 0.6)]), likes(&[(0.2, 1.0)])];
        assert_eq!(choose(&free), [0, 0, 0, 0]);
        let even =
            [likes(&[(1.0, 0.0)]), likes(&[(0.9, 0.1), (0.5, 0.5), (0.5, 0.5), (0.2, 0.8)]), likes(&[(0.0, 1.0)])];
        assert_eq!(choose(&even), [0, 1, 0], "the earliest of the most even");
        assert_eq!(choose(&[likes(&[(1.0, 0.0)]), likes(&[(0.0, 1.0)])]), [0, 0]);
        assert!(choose(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn no_other_choice_costs_less(
            between in prop::collection::vec(prop::collection::vec((0.0..1.0f64, 0.0..1.0f64), 1..4), 1..4),
        ) {
            let mut draws = vec![likes(&[(1.0, 0.3)])];
            draws.extend(between.iter().map(|pairs| likes(pairs)));
            draws.push(likes(&[(0.3, 1.0)]));
            let least = cost(&draws, &choose(&draws));
            let count: usize = draws.iter().map(Vec::len).product();
            for mut number in 0..count {
                let choice: Vec<usize> = draws.iter().map(|draws| {
                    let draw = number % draws.len();
                    number /= draws.len();
                    draw
                }).collect();
                prop_assert!(least <= cost(&draws, &choice) + 1e-9);
            }
        }
    }
}
