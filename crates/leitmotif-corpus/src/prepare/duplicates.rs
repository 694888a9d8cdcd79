//! Which songs are copies of others.
//!
//! Songs are ranked: those with most notes first, then by path. In that order each is compared with
//! the songs kept so far that share its exact fingerprint or one of the bands of its sketch
//! (locality-sensitive hashing: Indyk and Motwani 1998), and kept unless one of them is similar
//! enough. So every copy is a copy of a song that is kept, the fullest version stays, and the
//! result does not depend on the order in which files were found.
//!
//! With [`BANDS`] bands of [`BAND_VALUES`] values, a pair of similarity 0.55 is compared with
//! probability 0.95, one of 0.65 with 0.998, one of 0.1 with 0.003: the work grows with the number
//! of near-duplicates, not with its square.

use super::fingerprint::{Fingerprint, SKETCH_VALUES};
use leitmotif_hash::{STEP, fold};
use rayon::prelude::*;
use std::collections::HashMap;

/// Bands of a sketch.
pub const BANDS: usize = 32;
/// Values in a band.
pub const BAND_VALUES: usize = SKETCH_VALUES / BANDS;
/// At most so many songs are compared for one band: collections of songs that are all alike stay
/// fast.
const MAX_COMPARED: usize = 256;

/// One song to compare.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) fingerprint: &'a Fingerprint,
    pub(super) notes: usize,
    pub(super) name: &'a str,
}

/// The song that another duplicates, and how alike they are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Duplicate {
    pub(super) of: usize,
    pub(super) similarity: f64,
}

/// For each song, which kept song it duplicates, if any. Names must differ.
pub(super) fn duplicates(songs: &[Entry<'_>], threshold: f64) -> Vec<Option<Duplicate>> {
    let mut ranked: Vec<usize> = (0..songs.len()).collect();
    ranked.sort_by(|a, b| songs[*b].notes.cmp(&songs[*a].notes).then_with(|| songs[*a].name.cmp(songs[*b].name)));
    let mut bands: Vec<Band> = (0..BANDS).into_par_iter().map(|band| Band::new(songs, &ranked, band)).collect();
    let mut found: Vec<Option<Duplicate>> = vec![None; songs.len()];
    let mut exact: HashMap<[u8; 16], usize> = HashMap::with_capacity(songs.len());
    for (rank, song) in ranked.iter().enumerate() {
        let fingerprint = songs[*song].fingerprint;
        let mut best = exact.get(&fingerprint.exact).map(|of| Duplicate { of: *of, similarity: 1.0 });
        if best.is_none() && threshold < 1.0 {
            best = bands
                .iter()
                .flat_map(|band| band.kept(rank))
                .map(|other| (fingerprint.similarity(songs[ranked[other]].fingerprint), other))
                .filter(|(similarity, _)| *similarity >= threshold)
                .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))
                .map(|(similarity, other)| Duplicate { of: ranked[other], similarity });
        }
        if best.is_none() {
            exact.insert(fingerprint.exact, *song);
            bands.iter_mut().for_each(|band| band.keep(rank));
        }
        found[*song] = best;
    }
    found
}

/// One band: its buckets, each a range of `slots` that fills up with the ranks of the songs that
/// are kept.
struct Band {
    /// Where each rank's bucket begins; [`NO_BUCKET`] for songs without a sketch.
    bucket: Vec<u32>,
    slots: Vec<u32>,
    /// How many slots are filled, by the bucket's beginning.
    filled: Vec<u32>,
}

const NO_BUCKET: u32 = u32::MAX;

impl Band {
    fn new(songs: &[Entry<'_>], ranked: &[usize], band: usize) -> Self {
        let hash = |sketch: &[u32]| {
            let values = &sketch[band * BAND_VALUES..(band + 1) * BAND_VALUES];
            values.iter().fold(STEP, |hash, value| fold(hash, u64::from(*value)))
        };
        let sketches = ranked.iter().map(|song| &songs[*song].fingerprint.sketch).enumerate();
        let mut sorted: Vec<(u64, u32)> =
            sketches.filter(|(_, it)| !it.is_empty()).map(|(rank, it)| (hash(it), rank as u32)).collect();
        sorted.sort_unstable();
        let mut bucket = vec![NO_BUCKET; songs.len()];
        let mut begin = 0;
        for (index, (hash, rank)) in sorted.iter().enumerate() {
            if sorted[begin].0 != *hash {
                begin = index;
            }
            bucket[*rank as usize] = begin as u32;
        }
        Self { bucket, slots: vec![0; sorted.len()], filled: vec![0; sorted.len()] }
    }

    /// The ranks kept so far in the bucket of `rank`, the first [`MAX_COMPARED`].
    fn kept(&self, rank: usize) -> impl Iterator<Item = usize> + '_ {
        let begin = self.bucket[rank] as usize;
        let filled = self.filled.get(begin).map_or(0, |filled| *filled as usize);
        let slots = self.slots.get(begin..begin + filled).unwrap_or_default();
        slots.iter().take(MAX_COMPARED).map(|rank| *rank as usize)
    }

    fn keep(&mut self, rank: usize) {
        let begin = self.bucket[rank] as usize;
        if let Some(filled) = self.filled.get_mut(begin) {
            self.slots[begin + *filled as usize] = rank as u32;
            *filled += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sketch that agrees with the one numbered `base` in the first `shared` values.
    fn fingerprint(number: u32, base: u32, shared: usize) -> Fingerprint {
        let value =
            |index: usize| if index < shared { base * 1000 + index as u32 } else { number << 16 | index as u32 };
        let mut exact = [0; 16];
        exact[..4].copy_from_slice(&number.to_le_bytes());
        Fingerprint { exact, sketch: (0..SKETCH_VALUES).map(value).collect() }
    }

    fn verdicts(songs: &[(Fingerprint, usize, &str)], threshold: f64) -> Vec<Option<usize>> {
        let entries: Vec<_> =
            songs.iter().map(|(fingerprint, notes, name)| Entry { fingerprint, notes: *notes, name }).collect();
        duplicates(&entries, threshold).iter().map(|found| found.map(|found| found.of)).collect()
    }

    #[test]
    fn the_fullest_version_stays_and_order_does_not_matter() {
        let a = (fingerprint(1, 7, 128), 100, "a");
        let b = (fingerprint(2, 7, 96), 120, "b");
        let c = (fingerprint(3, 7, 80), 100, "c");
        let other = (fingerprint(4, 8, 128), 90, "d");
        assert_eq!(verdicts(&[a.clone(), b.clone(), c.clone(), other.clone()], 0.6), [Some(1), None, Some(1), None]);
        assert_eq!(verdicts(&[other, c, b, a], 0.6), [None, Some(2), None, Some(2)]);
    }

    #[test]
    fn a_copy_of_a_dropped_copy_is_compared_with_the_song_that_is_kept() {
        // b is like a, c like b but not like a: c stays.
        let a = fingerprint(1, 7, 128);
        let b = Fingerprint { exact: [2; 16], ..fingerprint(2, 7, 90) };
        let mut c = Fingerprint { exact: [3; 16], ..b.clone() };
        c.sketch[..60].iter_mut().for_each(|value| *value ^= 0x8000_0000);
        assert!(b.similarity(&c) > 0.5 && a.similarity(&c) < 0.5);
        assert_eq!(verdicts(&[(a, 30, "a"), (b, 20, "b"), (c, 10, "c")], 0.5), [None, Some(0), None]);
    }

    #[test]
    fn short_songs_are_copies_only_if_equal() {
        let short = |exact: u8| Fingerprint { exact: [exact; 16], sketch: Vec::new() };
        assert_eq!(verdicts(&[(short(1), 5, "a"), (short(2), 5, "b"), (short(1), 5, "c")], 0.1), [None, None, Some(0)]);
    }

    #[test]
    fn thousands_of_copies_are_no_trouble() {
        let songs: Vec<_> = (0..5000).map(|number| (fingerprint(number, 7, 120), number as usize, "")).collect();
        let kept = verdicts(&songs, 0.6).iter().filter(|verdict| verdict.is_none()).count();
        assert_eq!(kept, 1);
    }
}
