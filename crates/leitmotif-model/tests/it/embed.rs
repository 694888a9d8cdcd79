//! Pieces as vectors: means of states, the same bits for any number of threads and whatever is read
//! beside them.

use crate::common::{self, SIZES, small};
use leitmotif_model::{EmbedError, Gating, Model, ModelConfig, ModelKind, NetworkModel, embed, embed_each};

fn networks() -> [NetworkModel; 3] {
    let config = small();
    let others = [
        ModelConfig { glu: true, gating: Gating::Gru, copy_features: true, ..config.clone() },
        ModelConfig { kind: ModelKind::Lstm, ..config.clone() },
    ];
    [config].into_iter().chain(others).map(|it| common::network(it, &SIZES)).collect::<Vec<_>>().try_into().unwrap()
}

fn piece(number: usize, events: usize) -> Vec<u16> {
    (0..events).flat_map(|event| common::event(&SIZES, number, event)).collect()
}

fn bits(vectors: &[Vec<f32>]) -> Vec<u32> {
    vectors.iter().flatten().map(|it| it.to_bits()).collect()
}

#[test]
fn a_vector_is_the_mean_of_its_passages_states() {
    for model in networks() {
        let values = piece(3, 20);
        let mut session = model.decoding_session();
        assert_eq!(session.state(), Some(&[0.0; 36][..]));
        let states = values.chunks(SIZES.len()).map(|event| {
            session.push(event);
            session.state().unwrap().to_vec()
        });
        let states: Vec<Vec<f32>> = states.collect();
        let mean = |states: &[Vec<f32>], i: usize| {
            (states.iter().map(|it| f64::from(it[i])).sum::<f64>() / states.len() as f64) as f32
        };
        let found = embed(&model, &values, 8).unwrap();
        assert_eq!(found.len(), 3);
        for (vector, states) in found.iter().zip(states.chunks(8)) {
            assert_eq!(*vector, (0..36).map(|i| mean(states, i)).collect::<Vec<f32>>());
        }
        assert!(found[0] != found[1] && found.iter().flatten().all(|it| it.is_finite()));
    }
}

#[test]
fn short_ends_are_left_out_unless_they_are_all() {
    let [model, ..] = networks();
    let count = |events: usize, passage: usize| embed(&model, &piece(1, events), passage).unwrap().len();
    let counts = [(0, 8), (1, 8), (8, 8), (11, 8), (12, 8), (16, 8), (6, 5), (7, 5), (8, 5), (3, 1), (9, usize::MAX)];
    assert_eq!(counts.map(|(events, passage)| count(events, passage)), [0, 1, 1, 1, 2, 2, 1, 1, 2, 3, 1]);
}

#[test]
fn threads_and_neighbours_change_no_bit() {
    for model in networks() {
        let pieces: Vec<Vec<u16>> = (0..37).map(|number| piece(number, 5 + number * 13 % 40)).collect();
        let slices: Vec<&[u16]> = pieces.iter().map(Vec::as_slice).collect();
        let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let [one, many] = [1, 5].map(|threads| pool(threads).install(|| embed_each(&model, &slices, 8).unwrap()));
        assert_eq!(one.len(), 37);
        for ((one, many), values) in one.iter().zip(&many).zip(&pieces) {
            assert_eq!(bits(one), bits(many));
            assert_eq!(bits(one), bits(&embed(&model, values, 8).unwrap()));
        }
    }
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let [model, ..] = networks();
    assert_eq!(embed(&model, &piece(0, 4), 0), Err(EmbedError::EmptyPassage));
    let short = EmbedError::Ragged { piece: 1, values: 7, fields: 4 };
    assert_eq!(embed_each(&model, &[&piece(0, 4), &piece(0, 2)[..7]], 8), Err(short));
    let mut wrong = piece(0, 4);
    wrong[4 * 2 + 1] = 7;
    let error = EmbedError::Value { piece: 0, event: 2, field: 1, value: 7, size: 7 };
    assert_eq!(embed(&model, &wrong, 8), Err(error));
    assert_eq!(embed_each(&model, &[], 8), Ok(vec![]));
    let markov = ModelConfig { kind: ModelKind::Markov, ..ModelConfig::default() };
    let markov = leitmotif_model::ModelDescription::new(markov, SIZES.to_vec()).unwrap();
    let mut builder = leitmotif_model::MarkovBuilder::new(&markov);
    builder.add_piece(&piece(0, 30)).unwrap();
    assert_eq!(embed(&builder.finish(), &piece(0, 4), 8), Err(EmbedError::NoState));
}
