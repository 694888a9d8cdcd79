//! The classes that attributes are cut into, over a small corpus.

use crate::common::{attributes, corpus};
use leitmotif_corpus::{Cuts, Split, estimate_cuts};
use leitmotif_events::{AttributeScale, attribute_values};
use std::collections::BTreeMap;

/// The values of an attribute in the training songs' bars.
fn values(scale: &AttributeScale) -> Vec<f32> {
    let (corpus, mut values) = (corpus(), Vec::new());
    for song in corpus.split(Split::Train) {
        let attribute = std::slice::from_ref(&scale.attribute);
        let bars = attribute_values(attribute, &*corpus.representation(), &corpus.sequence(song)).unwrap();
        values.extend(bars.into_iter().filter_map(|bar| bar[0]));
    }
    values
}

#[test]
fn estimated_classes_are_about_equally_large() {
    let names = ["rhythm", "polyphony", "density", "velocity", "register", "velocity:drums", "density:bass"];
    for classes in [2, 4, 8] {
        for scale in estimate_cuts(&corpus(), &attributes(&names), Cuts::Corpus, classes).unwrap() {
            let values = values(&scale);
            let (mut sizes, mut ties) = (vec![0_usize; scale.cuts.len() + 1], BTreeMap::<u32, usize>::new());
            for &value in &values {
                sizes[usize::from(scale.class(Some(value))) - 1] += 1;
                *ties.entry(value.to_bits()).or_default() += 1;
            }
            let (share, tie) = (values.len().div_ceil(classes), ties.values().copied().max().unwrap());
            assert!(scale.cuts.len() < classes && scale.cuts.is_sorted_by(|a, b| a < b), "{scale:?}");
            assert!(sizes.iter().all(|size| (1..=share + tie).contains(size)), "{} {sizes:?}", scale.attribute);
            if tie <= 3 {
                let even = sizes.iter().all(|size| size.abs_diff(share) <= 2 * tie);
                assert!(even && sizes.len() == classes, "{} {sizes:?}", scale.attribute);
            }
        }
    }
}

#[test]
fn published_cuts_are_the_published_ones() {
    let names = ["rhythm", "rhythm:drums", "polyphony", "velocity"];
    let published = estimate_cuts(&corpus(), &attributes(&names), Cuts::Published, 4).unwrap();
    let cuts: Vec<&[f32]> = published.iter().map(|scale| scale.cuts.as_slice()).collect();
    let rhythm = [0.20, 0.25, 0.32, 0.38, 0.44, 0.50, 0.63];
    assert_eq!(cuts[..2], [rhythm, rhythm]);
    assert_eq!(cuts[2], [2.63, 3.06, 3.50, 4.00, 4.63, 5.44, 6.44]);
    let estimated = estimate_cuts(&corpus(), &attributes(&names), Cuts::Corpus, 4).unwrap();
    assert_eq!(published[3], estimated[3], "others are cut by the corpus");
    assert_ne!(published[0], estimated[0]);
    for cuts in [Cuts::Published, Cuts::Corpus] {
        let absent = estimate_cuts(&corpus(), &attributes(&["velocity:flute"]), cuts, 4).unwrap();
        assert!(absent[0].cuts.is_empty(), "nobody plays the flute: one class, which no bar is in");
        assert_eq!(absent[0].class(None), 0);
    }
    assert!(estimate_cuts(&corpus(), &attributes(&["rhythm:flute"]), Cuts::Published, 4).is_ok());
}
