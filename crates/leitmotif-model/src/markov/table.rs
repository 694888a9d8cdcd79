//! Counts of what followed each context: collected by sorting, kept in sorted arrays.
//!
//! Sorting instead of hashing makes the result independent of everything but the set of what was
//! counted, and is already the form in which the table is stored.

use std::ops::Range;

/// Observations sorted at once.
const BATCH: usize = 1 << 21;
/// Keys per bucket of the index, about.
const KEYS_PER_BUCKET: usize = 2;

/// Counts while they grow: `(context, value)` in order, each with how often it was seen.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pending: Vec<(u64, u16)>,
    pairs: Vec<(u64, u16)>,
    counts: Vec<u32>,
}

impl Counts {
    /// Counts `value` once after `context`; `limit` bounds the pairs kept at any time, as
    /// [`Self::thin`] does.
    pub fn add(&mut self, context: u64, value: u16, limit: usize) {
        self.pending.push((context, value));
        if self.pending.len() >= BATCH {
            self.merge();
            self.thin(limit);
        }
    }

    fn merge(&mut self) {
        self.pending.sort_unstable();
        let mut pairs = Vec::with_capacity(self.pairs.len() + self.pending.len() / 2);
        let mut counts: Vec<u32> = Vec::with_capacity(pairs.capacity());
        let mut push = |pair: (u64, u16), count: u32| {
            if pairs.last() == Some(&pair) {
                if let Some(last) = counts.last_mut() {
                    *last = last.saturating_add(count);
                }
            } else {
                pairs.push(pair);
                counts.push(count);
            }
        };
        let mut old = 0;
        for &pair in &self.pending {
            while old < self.pairs.len() && self.pairs[old] <= pair {
                push(self.pairs[old], self.counts[old]);
                old += 1;
            }
            push(pair, 1);
        }
        for rest in old..self.pairs.len() {
            push(self.pairs[rest], self.counts[rest]);
        }
        self.pending.clear();
        (self.pairs, self.counts) = (pairs, counts);
    }

    /// Drops the rarest contexts (seen once; then twice; …) until at most `limit` pairs are left.
    fn thin(&mut self, limit: usize) {
        let mut rare = 1;
        while self.pairs.len() > limit {
            let (mut read, mut write) = (0, 0);
            while read < self.pairs.len() {
                let same = self.pairs[read..].iter().take_while(|pair| pair.0 == self.pairs[read].0).count();
                let total: u64 = self.counts[read..read + same].iter().map(|&count| u64::from(count)).sum();
                if total > rare {
                    self.pairs.copy_within(read..read + same, write);
                    self.counts.copy_within(read..read + same, write);
                    write += same;
                }
                read += same;
            }
            self.pairs.truncate(write);
            self.counts.truncate(write);
            rare *= 2;
        }
    }

    /// The table of what has been counted so far, of at most `limit` pairs.
    pub fn table(&mut self, limit: usize) -> Table {
        self.merge();
        self.thin(limit);
        let mut keys: Vec<u64> = Vec::new();
        let mut starts: Vec<u32> = Vec::new();
        for (place, &(key, _)) in self.pairs.iter().enumerate() {
            if keys.last() != Some(&key) {
                keys.push(key);
                starts.push(place as u32);
            }
        }
        starts.push(self.pairs.len() as u32);
        let values = self.pairs.iter().map(|pair| pair.1).collect();
        Table::index(keys, starts, values, self.counts.clone())
    }
}

/// What followed each context, and how often.
#[derive(Debug)]
pub(super) struct Table {
    /// The contexts, ascending.
    pub keys: Vec<u64>,
    /// Where each context's values begin; one more than there are contexts.
    pub starts: Vec<u32>,
    /// What followed, ascending within a context.
    pub values: Vec<u16>,
    /// How often.
    pub counts: Vec<u32>,
    /// Where the keys with each leading bits begin.
    buckets: Vec<u32>,
    shift: u32,
}

impl Table {
    /// A table of lists that already obey the invariants of the fields.
    pub fn index(keys: Vec<u64>, starts: Vec<u32>, values: Vec<u16>, counts: Vec<u32>) -> Self {
        let bits = (keys.len() / KEYS_PER_BUCKET).max(1).ilog2().max(1);
        let shift = u64::BITS - bits;
        let mut buckets = vec![0u32; (1 << bits) + 1];
        for &key in &keys {
            buckets[(key >> shift) as usize + 1] += 1;
        }
        for bucket in 1..buckets.len() {
            buckets[bucket] += buckets[bucket - 1];
        }
        Self { keys, starts, values, counts, buckets, shift }
    }

    /// Where the values of a context stand in [`Self::values`] and [`Self::counts`]; `None` if it
    /// was never seen.
    pub fn find(&self, key: u64) -> Option<Range<usize>> {
        let bucket = (key >> self.shift) as usize;
        let (low, high) = (self.buckets[bucket] as usize, self.buckets[bucket + 1] as usize);
        let place = low + self.keys[low..high].iter().position(|&other| other == key)?;
        Some(self.starts[place] as usize..self.starts[place + 1] as usize)
    }

    /// How often anything followed.
    pub fn total(&self, place: &Range<usize>) -> u64 {
        self.counts[place.clone()].iter().map(|&count| u64::from(count)).sum()
    }

    /// How often `value` followed.
    pub fn count(&self, place: &Range<usize>, value: u16) -> u32 {
        let found = self.values[place.clone()].binary_search(&value);
        found.map_or(0, |offset| self.counts[place.start + offset])
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::markov::context::mix;
    use std::collections::BTreeMap;

    #[test]
    fn counts_are_those_of_a_plain_map() {
        let mut counts = Counts::default();
        let mut plain: BTreeMap<(u64, u16), u32> = BTreeMap::new();
        for step in 0..20_000u64 {
            let (key, value) = (mix(1, step * step % 977), (step % 13) as u16);
            counts.add(key, value, usize::MAX);
            *plain.entry((key, value)).or_default() += 1;
            if step == 7_000 {
                counts.table(usize::MAX);
            }
        }
        let table = counts.table(usize::MAX);
        assert_eq!(table.values.len(), plain.len());
        for (&(key, value), &count) in &plain {
            assert_eq!(table.count(&table.find(key).unwrap(), value), count);
        }
        assert!(table.find(mix(2, 0)).is_none());
    }

    #[test]
    fn thinning_keeps_the_frequent_contexts_whole() {
        let mut counts = Counts::default();
        for step in 0..1000u64 {
            counts.add(mix(3, step), 1, usize::MAX);
            counts.add(mix(4, step % 10), (step % 7) as u16, usize::MAX);
        }
        let table = counts.table(100);
        assert_eq!(table.keys.len(), 10);
        let place = table.find(mix(4, 3)).unwrap();
        assert_eq!(table.total(&place), 100);
    }
}
