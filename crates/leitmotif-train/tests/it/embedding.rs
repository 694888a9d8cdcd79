//! A trained model's states distinguish music from music whose notes are at the wrong places.

use crate::common::{config, corpus, song};
use leitmotif_events::{Header, Representation};
use leitmotif_folder::ModelFolder;
use leitmotif_measures::frechet::{Passages, compare, distance};
use leitmotif_model::{Model, ModelKind, Precision, embed_each};
use leitmotif_score::Score;
use leitmotif_train::{AugmentConfig, TrainEvent, train};
use std::sync::atomic::AtomicBool;

/// The song with the pitches of each part dealt out anew: the same pitches, as often, in the same
/// rhythm.
fn shuffled(mut score: Score) -> Score {
    for part in &mut score.parts {
        let count = part.notes.len();
        for last in (1..count).rev() {
            let other = (last * 7919 + 31 * last * last) % (last + 1);
            let pitch = part.notes[last].pitch;
            part.notes[last].pitch = part.notes[other].pitch;
            part.notes[other].pitch = pitch;
        }
    }
    score.normalise();
    score
}

fn embedded(model: &dyn Model, representation: &dyn Representation, songs: &[Score]) -> Vec<Passages> {
    let sequences: Vec<_> = songs.iter().map(|song| representation.encode(song, &Header::default()).0).collect();
    let values: Vec<&[u16]> = sequences.iter().map(|it| it.values()).collect();
    embed_each(model, &values, 16).unwrap()
}

#[test]
fn shuffled_songs_are_farther_from_songs_than_other_songs_are() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    for kind in [ModelKind::Transformer, ModelKind::Lstm] {
        // As the test that a network of this kind learns these songs at all.
        let mut config = config(150);
        config.model.kind = kind;
        config.model.attention_dropout = 0.0;
        config.model.d_model = 32;
        config.train.accumulate = 1;
        config.train.batch_size = 6;
        config.train.learning_rate = 1e-2;
        config.augment = AugmentConfig { transpose: 0, tempo: 0.0, velocity: 0 };
        let dir = folder.path().join(format!("{kind:?}"));
        train(&corpus, &dir, &config, &|_: &TrainEvent<'_>| (), &AtomicBool::new(false)).unwrap();
        let model = ModelFolder::open(&dir).unwrap().model(Precision::Single).unwrap();
        let representation = corpus.representation();
        let embedded = |songs: &[Score]| embedded(model.as_ref(), representation.as_ref(), songs);
        // Songs of a kind differ in key and in where the progression begins.
        let songs: Vec<Score> = (0..24).map(song).collect();
        let (real, wrong) = (embedded(&songs), embedded(&songs.iter().cloned().map(shuffled).collect::<Vec<_>>()));
        let it = compare(&wrong, &real, 40, 1).unwrap();
        let (wrong, scale) = (it.generated_to_real.unwrap(), it.real_to_real.unwrap());
        assert!(wrong.low > 2.0 * scale.high, "{kind:?}: {wrong:?} against {scale:?}");
        let itself = distance(&real.concat(), &real.concat()).unwrap();
        assert!(itself.value < 1e-6 * it.distance.value, "{kind:?}: {itself:?}");
    }
}
