#![allow(clippy::unwrap_used)]
use super::*;

fn song(path: &str, nats: f64, notes: usize) -> SongLoss {
    let (id, path) = (path.to_owned(), path.to_owned());
    SongLoss {
        id,
        path,
        genre: None,
        nats,
        divergence: 0.0,
        events: notes * 2,
        notes,
        seconds: 1.0,
        fields: vec![],
        frames: None,
    }
}

fn loss(songs: Vec<SongLoss>) -> Loss {
    let ratio = |count: fn(&SongLoss) -> f64| {
        Estimate::of_ratio(&songs.iter().map(|song| (song.nats, count(song))).collect::<Vec<_>>())
    };
    let (per_event, per_note) = (ratio(|song| song.events as f64), ratio(|song| song.notes as f64));
    Loss { per_event, per_note, per_bar: per_note, per_second: per_note, per_frame: None, per_voice: None, songs }
}

#[test]
fn a_paired_difference_is_the_ratio_of_sums_over_common_songs() {
    let model = [song("a", 30.0, 10), song("b", 50.0, 10), song("only here", 9.0, 1)];
    let baseline = [song("b", 40.0, 10), song("a", 28.0, 10)];
    let it = paired_difference(&[Pairing { pair: 0, test: "t", model: &model, baseline: &baseline }]).unwrap();
    // (2 + 10) / (10 + 10)
    assert!((it.estimate.value - 0.6).abs() < 1e-12);
    assert_eq!((it.songs, it.pairs, it.verdict()), (2, 1, Verdict::Worse));
    // The resamples are of two songs: a a, a b, b b.
    assert!((it.estimate.low - 0.2).abs() < 1e-12 && (it.estimate.high - 1.0).abs() < 1e-12);
    let turned = paired_difference(&[Pairing { pair: 0, test: "t", model: &baseline, baseline: &model }]).unwrap();
    assert_eq!(turned.verdict(), Verdict::Better);
}

#[test]
fn seeds_are_averaged_song_by_song_and_their_range_is_kept() {
    let base = [song("a", 10.0, 10), song("b", 10.0, 10)];
    let (up, down) = ([song("a", 14.0, 10), song("b", 10.0, 10)], [song("a", 8.0, 10), song("b", 8.0, 10)]);
    let pairing = |pair, model| Pairing { pair, test: "t", model, baseline: &base };
    let it = paired_difference(&[pairing(0, &up), pairing(1, &down)]).unwrap();
    // Per song: (4 - 2) / 2 = 1 and (0 - 2) / 2 = -1; over both 0.
    assert_eq!((it.estimate.value, it.estimate.low, it.estimate.high), (0.0, -0.1, 0.1));
    // Pair by pair: 4 / 20 and -4 / 20.
    assert_eq!((it.range, it.pairs), ((-0.2, 0.2), 2));
    assert!(it.pairs_disagree() && it.verdict() == Verdict::NotDistinguishable);
}

#[test]
fn a_file_in_two_test_sets_is_one_song_of_the_bootstrap() {
    let (base, model) = ([song("a", 10.0, 10)], [song("a", 12.0, 10)]);
    let pairing = |test| Pairing { pair: 0, test, model: &model, baseline: &base };
    let it = paired_difference(&[pairing("drums"), pairing("bass")]).unwrap();
    assert_eq!((it.songs, it.verdict()), (1, Verdict::NoInterval));
    assert!((it.estimate.value - 0.2).abs() < 1e-12);
}

#[test]
fn nothing_in_common_is_no_difference() {
    let (a, b) = ([song("a", 1.0, 1)], [song("b", 1.0, 1)]);
    assert_eq!(paired_difference(&[Pairing { pair: 0, test: "t", model: &a, baseline: &b }]), None);
    assert_eq!(paired_difference(&[]), None);
    let (empty, bad) = ([song("a", 1.0, 0)], [song("a", f64::NAN, 1)]);
    assert_eq!(paired_difference(&[Pairing { pair: 0, test: "t", model: &empty, baseline: &empty }]), None);
    assert_eq!(paired_difference(&[Pairing { pair: 0, test: "t", model: &bad, baseline: &a }]), None);
}

#[test]
fn means_over_seeds_have_the_deviation_of_a_sample() {
    let it = over_seeds(&[1.0, 2.0, 4.0]).unwrap();
    assert!((it.mean - 7.0 / 3.0).abs() < 1e-12);
    // Squares: (16 + 1 + 25) / 9, over 2.
    assert!((it.deviation.unwrap() - (42.0f64 / 9.0 / 2.0).sqrt()).abs() < 1e-12);
    assert_eq!((it.least, it.most, it.runs), (1.0, 4.0, 3));
    assert_eq!(over_seeds(&[5.0]).unwrap().deviation, None);
    assert_eq!(over_seeds(&[]), None);
}

#[test]
fn a_mean_loss_is_that_of_the_seeds_with_an_interval_of_their_mean() {
    let (one, two) =
        (loss(vec![song("a", 20.0, 10), song("b", 40.0, 10)]), loss(vec![song("a", 24.0, 10), song("b", 44.0, 10)]));
    let it = mean_loss(&[&one, &two], Unit::Note).unwrap();
    assert!((it.value - 3.2).abs() < 1e-12 && (it.low - 2.2).abs() < 1e-12 && (it.high - 4.2).abs() < 1e-12);
    assert!((mean_loss(&[&one], Unit::Token).unwrap().value - 1.5).abs() < 1e-12);
    assert_eq!(mean_loss(&[], Unit::Note), None);
}

#[test]
fn test_sets_count_alike_whatever_their_size() {
    let small = loss(vec![song("a", 10.0, 10), song("b", 10.0, 10)]);
    let large = loss(vec![song("c", 3000.0, 1000), song("d", 3000.0, 1000)]);
    let it = mean_over_tests(&[vec![&small], vec![&large]], Unit::Note).unwrap();
    assert!((it.value - 2.0).abs() < 1e-12 && it.low <= 2.0 && it.high >= 2.0);
    assert_eq!(mean_over_tests(&[vec![&small], vec![]], Unit::Note), None);
}
