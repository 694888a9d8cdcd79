//! The suffix array of a text of numbers: all its suffixes in order, so that any passage is found
//! by bisection.
//!
//! Built in linear time by induced sorting (SA-IS; Nong, Zhang and Chan, *Two Efficient Algorithms
//! for Linear Time Suffix Array Construction*, IEEE Transactions on Computers 60(10), 2011). A
//! suffix is of type S if it is smaller than the next one, else of type L; an S after an L is a
//! leftmost S. The leftmost S, sorted, put all others in order in two passes; they themselves are
//! sorted by the same two passes, up to equal stretches between them, and where there are such by
//! the suffix array of the text of these stretches.

use std::ops::Range;

/// A place that is not filled yet.
const NOBODY: u32 = u32::MAX;
/// The symbol that ends every line; no query has it.
pub(super) const SEPARATOR: u32 = 0;

/// A text and the order of its suffixes. Less than `u32::MAX` symbols, each below their number or a
/// few thousands.
#[derive(Debug, Clone)]
pub(super) struct Suffixes {
    text: Vec<u32>,
    order: Vec<u32>,
}

impl Suffixes {
    /// Sorts the suffixes of `text`, whose symbols are at most `largest`, and whose last one is
    /// [`SEPARATOR`].
    pub fn new(text: Vec<u32>, largest: u32) -> Self {
        let order = sorted(&text, largest as usize);
        Self { text, order }
    }

    /// The places of all suffixes, in order.
    pub fn everywhere(&self) -> Range<usize> {
        0..self.order.len()
    }

    /// The length of the longest beginning of `query` that stands in the text.
    pub fn longest(&self, query: &[u32]) -> usize {
        // Suffixes before `low` are smaller, those from `high` on are not; what `query` has in
        // common with the two nearest to it, it has in common with all between them.
        let Range { start: mut low, end: mut high } = self.everywhere();
        let (mut with_low, mut with_high) = (0, 0);
        while low < high {
            let middle = low.midpoint(high);
            let suffix = &self.text[self.order[middle] as usize..];
            let known = with_low.min(with_high);
            let equal = query[known..].iter().zip(&suffix[known..]).take_while(|(a, b)| a == b).count();
            let common = known + equal;
            let smaller = match (query.get(common), suffix.get(common)) {
                (None, _) => true,
                (Some(query), Some(suffix)) => query < suffix,
                (Some(_), None) => false,
            };
            if smaller {
                (high, with_high) = (middle, common);
            } else {
                (low, with_low) = (middle + 1, common);
            }
        }
        with_low.max(with_high)
    }

    /// Of the suffixes at `places`, which share their first `depth` symbols, those that have
    /// `symbol` next.
    pub fn narrow(&self, places: Range<usize>, depth: usize, symbol: u32) -> Range<usize> {
        let next = |place: &u32| self.text.get(*place as usize + depth).copied().unwrap_or(SEPARATOR);
        let among = &self.order[places.clone()];
        let from = among.partition_point(|place| next(place) < symbol);
        let count = among[from..].partition_point(|place| next(place) == symbol);
        places.start + from..places.start + from + count
    }

    /// The places of the suffixes that begin with `query`.
    pub fn places(&self, query: &[u32]) -> Range<usize> {
        let mut places = self.everywhere();
        for (depth, &symbol) in query.iter().enumerate() {
            if places.is_empty() {
                break;
            }
            places = self.narrow(places, depth, symbol);
        }
        places
    }

    /// The first position of the text that is among `places`.
    pub fn first(&self, places: Range<usize>) -> Option<usize> {
        self.order[places].iter().min().map(|&position| position as usize)
    }
}

/// The positions of `text` in the order of their suffixes; a suffix stands before those that begin
/// with it.
fn sorted(text: &[u32], largest: usize) -> Vec<u32> {
    if text.len() < 2 {
        return (0..text.len() as u32).collect();
    }
    let sorting = Sorting::new(text, largest);
    let leftmost: Vec<u32> = (1..text.len()).filter(|&at| sorting.is_leftmost(at)).map(|at| at as u32).collect();
    let mut order = sorting.induce(&leftmost);
    if leftmost.len() < 2 {
        return order;
    }
    // Now the stretches that begin at each leftmost S are in order; equal ones get equal names.
    let by_stretch: Vec<u32> = order.iter().copied().filter(|&at| sorting.is_leftmost(at as usize)).collect();
    let mut names = vec![NOBODY; text.len() / 2 + 1];
    let mut name = 0;
    names[by_stretch[0] as usize / 2] = name;
    for pair in by_stretch.windows(2) {
        name += u32::from(!sorting.same_stretch(pair[0] as usize, pair[1] as usize));
        // No two of them are neighbours, so halving keeps them apart.
        names[pair[1] as usize / 2] = name;
    }
    names.retain(|&name| name != NOBODY);
    let in_order: Vec<u32> = if name as usize + 1 == names.len() {
        by_stretch
    } else {
        drop(by_stretch);
        sorted(&names, name as usize).into_iter().map(|number| leftmost[number as usize]).collect()
    };
    drop((names, leftmost));
    order = sorting.induce(&in_order);
    order
}

/// A text with the types of its suffixes and the places of each first symbol.
struct Sorting<'a> {
    text: &'a [u32],
    /// Whether the suffix is of type S.
    is_s: Vec<bool>,
    /// Where the suffixes that begin with each symbol begin in the order, and after the last symbol
    /// where all end.
    starts: Vec<u32>,
}

impl<'a> Sorting<'a> {
    fn new(text: &'a [u32], largest: usize) -> Self {
        // The end of the text is smaller than anything, so the last suffix is of type L.
        let mut is_s = vec![false; text.len()];
        for at in (0..text.len() - 1).rev() {
            is_s[at] = text[at] < text[at + 1] || text[at] == text[at + 1] && is_s[at + 1];
        }
        let mut starts = vec![0; largest + 2];
        text.iter().for_each(|&symbol| starts[symbol as usize + 1] += 1);
        for symbol in 0..=largest {
            starts[symbol + 1] += starts[symbol];
        }
        Self { text, is_s, starts }
    }

    fn is_leftmost(&self, at: usize) -> bool {
        at > 0 && self.is_s[at] && !self.is_s[at - 1]
    }

    /// The order that follows if the `leftmost` S are in order.
    fn induce(&self, leftmost: &[u32]) -> Vec<u32> {
        let symbol = |at: u32| self.text[at as usize] as usize;
        let mut order = vec![NOBODY; self.text.len()];
        // Suffixes of type S stand at the end of those of their first symbol.
        let mut ends = self.starts[1..].to_vec();
        for &at in leftmost.iter().rev() {
            let end = &mut ends[symbol(at)];
            *end -= 1;
            order[*end as usize] = at;
        }
        let mut starts = self.starts.clone();
        let mut put = |order: &mut [u32], at: u32| {
            let start = &mut starts[symbol(at)];
            order[*start as usize] = at;
            *start += 1;
        };
        put(&mut order, self.text.len() as u32 - 1);
        for place in 0..order.len() {
            let at = order[place];
            if at != NOBODY && at > 0 && !self.is_s[at as usize - 1] {
                put(&mut order, at - 1);
            }
        }
        ends.copy_from_slice(&self.starts[1..]);
        for place in (0..order.len()).rev() {
            let at = order[place];
            if at != NOBODY && at > 0 && self.is_s[at as usize - 1] {
                let end = &mut ends[symbol(at - 1)];
                *end -= 1;
                order[*end as usize] = at - 1;
            }
        }
        order
    }

    /// Whether the stretches from two leftmost S to the next ones after them are the same.
    fn same_stretch(&self, a: usize, b: usize) -> bool {
        for length in 0.. {
            let (a, b) = (a + length, b + length);
            if a >= self.text.len() || b >= self.text.len() || self.text[a] != self.text[b] {
                return false;
            }
            if length > 0 {
                match (self.is_leftmost(a), self.is_leftmost(b)) {
                    (true, true) => return true,
                    (false, false) => {}
                    _ => return false,
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive(text: &[u32]) -> Vec<u32> {
        let mut order: Vec<u32> = (0..text.len() as u32).collect();
        order.sort_by_key(|&at| &text[at as usize..]);
        order
    }

    #[test]
    fn short_and_repetitive_texts() {
        let texts: [&[u32]; 6] =
            [&[], &[0], &[1, 0], &[1, 1, 1, 1, 0], &[2, 1, 2, 1, 2, 1, 0], &[1, 2, 0, 1, 2, 0, 1, 2, 0]];
        for text in texts {
            assert_eq!(sorted(text, 2), naive(text), "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_order_is_that_of_the_suffixes(text in prop::collection::vec(0u32..4, 0..80), wide in prop::collection::vec(0u32..300, 0..40)) {
            prop_assert_eq!(sorted(&text, 3), naive(&text));
            prop_assert_eq!(sorted(&wide, 299), naive(&wide));
        }

        #[test]
        fn passages_are_found(text in prop::collection::vec(0u32..4, 0..60), query in prop::collection::vec(1u32..5, 0..8)) {
            let text: Vec<u32> = text.into_iter().chain([SEPARATOR]).collect();
            let stands = |query: &[u32]| (0..text.len()).filter(|&at| text[at..].starts_with(query)).collect::<Vec<_>>();
            let suffixes = Suffixes::new(text.clone(), 4);
            let longest = (0..=query.len()).rfind(|&length| !stands(&query[..length]).is_empty());
            prop_assert_eq!(Some(suffixes.longest(&query)), longest);
            let places = suffixes.places(&query);
            prop_assert_eq!(suffixes.first(places.clone()), stands(&query).first().copied());
            prop_assert_eq!(places.len(), stands(&query).len());
        }
    }
}
