//! The distribution of drawn events against the model's own, restricted to allowed events and
//! renormalised.
#![allow(clippy::unwrap_used)]

use super::{Draw, EventSampler, Rule};
use crate::attribute_mask::{AttributeMask, BarAttributes};
use crate::copies::Copies;
use crate::masks::Masks;
use crate::parts::PartLimits;
use crate::piece_state::{Counted, PieceState};
use crate::{AvoidCopies, Constraints, FieldSampling, Key, Length, PitchRange, Request, Sampling, Scale};
use leitmotif_events::{
    EventKind, EventVocabulary, Header, OBSERVED_FORMAT, Observed, ObservedPart, Representation, RepresentationConfig,
    Sequence, Tasks, Value,
};
use leitmotif_measures::OriginalityIndex;
use leitmotif_model::AttributeCuts;
use leitmotif_score::{Instrument, InstrumentSelection, Note, Part, Score, Ticks};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::sync::Arc;

const PIANO: Instrument = Instrument::Program(0);
const BASS: Instrument = Instrument::Program(33);
const DRAWS: usize = 30_000;

/// A model of a few values: its logits depend on all earlier fields.
struct Toy {
    values: [Vec<usize>; 6],
    sizes: Vec<usize>,
}

impl Toy {
    fn new(representation: &dyn Representation) -> Self {
        let kinds = &representation.vocabulary().fields[0].values;
        let kind = |name: &str| kinds.iter().position(|kind| kind == name).unwrap();
        let values = [
            vec![kind("note"), kind("bar 4/4"), kind("bar 3/4"), kind("end"), kind("tempo 120.0")],
            vec![1, 7, 13, 25],
            vec![1, 34, 129],
            vec![53, 61, 62, 63, 65, 129 + 36, 129 + 38],
            vec![3, 6, 12],
            vec![20, 25],
        ];
        Self { values, sizes: representation.vocabulary().sizes() }
    }

    fn logits(&self, earlier: &[Value], field: usize) -> Vec<f32> {
        let mut logits = vec![f32::NEG_INFINITY; self.sizes[field]];
        let prefix = earlier.iter().fold(field as u64 + 1, |hash, value| hash * 31 + u64::from(*value));
        for &value in &self.values[field] {
            let hash = (prefix * 131 + value as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            logits[value] = (hash % 1000) as f32 / 400.0;
        }
        logits
    }
}

fn events() -> Arc<dyn Representation> {
    leitmotif_events::build(&RepresentationConfig::Events { grid: 12, genres: Vec::new() }).unwrap()
}

/// A bar with three notes, the last of them a C4 of the piano on the second eighth.
fn opening(representation: &dyn Representation) -> Sequence {
    let note = |onset: u64, pitch| Note { onset: Ticks(onset), pitch, duration: Ticks(240), velocity: 80 };
    let part = |instrument, notes| Part { name: String::new(), instrument, notes };
    let mut score = Score {
        parts: vec![part(PIANO, vec![note(240, 57), note(240, 60)]), part(BASS, vec![note(0, 40)])],
        ..Score::default()
    };
    score.normalise();
    let (mut sequence, _) = representation.encode(&score, &Header::default());
    sequence.truncate(sequence.len() - 1);
    sequence
}

/// What stands before the event that is drawn, and the rules it is drawn under.
struct Scene {
    representation: Arc<dyn Representation>,
    events: EventVocabulary,
    masks: Masks,
    request: Request,
    state: PieceState,
    opening: Sequence,
    toy: Toy,
}

impl Scene {
    fn new(
        request: Request,
        prepare: impl FnOnce(&mut PieceState, &EventVocabulary, &Sequence, &dyn Representation),
    ) -> Self {
        let representation = events();
        let events = representation.events().clone();
        let must = request.header.instruments.clone();
        let masks = Masks::new(&events, representation.vocabulary(), &request, request.meter, &[], &must).unwrap();
        let opening = opening(&*representation);
        let mut grammar = representation.grammar();
        let mut state = PieceState::new(request.length, Counted::by(&*grammar));
        prepare(&mut state, &events, &opening, &*representation);
        for event in opening.events() {
            grammar.accept(event).unwrap();
            // The header is given, not drawn.
            if events.kind(event) != EventKind::With {
                state.follow(&events, event, &*grammar);
            }
        }
        let toy = Toy::new(&*representation);
        drop(grammar);
        Self { representation, events, masks, request, state, opening, toy }
    }

    fn sampler(&self, seed: u64) -> EventSampler<'_> {
        let rng = ChaCha8Rng::seed_from_u64(seed);
        EventSampler::new(&self.events, &self.masks, self.representation.vocabulary(), &self.request, rng)
    }

    fn draw(&self, sampler: &mut EventSampler<'_>) -> Vec<Value> {
        let mut grammar = self.representation.grammar();
        self.opening.events().for_each(|event| grammar.accept(event).unwrap());
        sampler.begin();
        loop {
            match sampler.draw(&mut *grammar, &self.state, &self.opening) {
                Draw::Asks(field) => {
                    let logits = self.toy.logits(sampler.event(), field);
                    sampler.take_logits(&logits);
                }
                Draw::Done => return sampler.event().to_vec(),
                Draw::Stuck => panic!("stuck"),
            }
        }
    }

    /// Every allowed event with its probability under the model, by walking all prefixes.
    fn expected(&self) -> BTreeMap<Vec<Value>, f64> {
        let mut sampler = self.sampler(0);
        let mut grammar = self.representation.grammar();
        self.opening.events().for_each(|event| grammar.accept(event).unwrap());
        let mut open: Vec<(Vec<Value>, f64)> = vec![(Vec::new(), 1.0)];
        let mut complete = BTreeMap::new();
        while let Some((event, probability)) = open.pop() {
            let field = event.len();
            if field == self.toy.sizes.len() {
                complete.insert(event, probability);
                continue;
            }
            sampler.event.clone_from(&event);
            sampler.allow(&*grammar, &self.state);
            let allowed = sampler.allowed.clone();
            if field > 0 && allowed[0] {
                open.push(([event, vec![0]].concat(), probability));
                continue;
            }
            let mut logits = self.toy.logits(&event, field);
            self.state.shift(&self.events, &event, field, &mut logits);
            // The filters get the values that apply; of the first field those that are allowed,
            // which leaves the proportions as they are.
            let applies: Vec<bool> =
                if field == 0 { allowed.clone() } else { (0..allowed.len()).map(|value| value > 0).collect() };
            for (value, share) in sampler.sampling[field].distribution(&logits, &applies) {
                if allowed[value] && share > 0.0 {
                    open.push(([event.clone(), vec![value as Value]].concat(), probability * share));
                }
            }
        }
        let all: f64 = complete.values().sum();
        complete.values_mut().for_each(|probability| *probability /= all);
        complete
    }

    /// Pearson's statistic of many draws against the expected distribution, and its degrees of
    /// freedom; rare events count together.
    fn chi_square(&self) -> (f64, f64) {
        let expected = self.expected();
        let mut counts: BTreeMap<Vec<Value>, usize> = BTreeMap::new();
        let mut sampler = self.sampler(7);
        for _ in 0..DRAWS {
            *counts.entry(self.draw(&mut sampler)).or_default() += 1;
        }
        let stranger = counts.keys().find(|event| !expected.contains_key(*event));
        assert_eq!(stranger, None, "no rule allows it");
        assert_eq!(sampler.drawing.masked, 0);
        let (mut statistic, mut bins, mut rare) = (0.0, 0.0, (0.0, 0.0));
        for (event, probability) in &expected {
            let (seen, wanted) = (*counts.get(event).unwrap_or(&0) as f64, probability * DRAWS as f64);
            if wanted < 5.0 {
                rare = (rare.0 + seen, rare.1 + wanted);
            } else {
                statistic += (seen - wanted).powi(2) / wanted;
                bins += 1.0;
            }
        }
        if rare.1 >= 5.0 {
            statistic += (rare.0 - rare.1).powi(2) / rare.1;
            bins += 1.0;
        }
        (statistic, bins - 1.0)
    }

    fn holds(&self, name: &str) {
        let (statistic, freedom) = self.chi_square();
        // Five standard deviations of the statistic above its mean: never by chance, and a bend of
        // one part in ten fails.
        let bound = freedom + 5.0 * (2.0 * freedom).sqrt();
        assert!(freedom >= 3.0, "{name}: {freedom} degrees of freedom are too few to say anything");
        assert!(statistic < bound, "{name}: {statistic:.1} with {freedom} degrees of freedom");
    }
}

fn bars(request: Request) -> Request {
    Request { length: Length::Bars(4), ..request }
}

fn observed() -> Observed {
    let part = |instrument, pitches: &[u8], widest, chord| ObservedPart {
        instrument,
        pitches: pitches.to_vec(),
        widest,
        chord,
    };
    Observed {
        format: OBSERVED_FORMAT,
        values: vec![(0..200).collect(), vec![0, 1, 7, 13], vec![], vec![], vec![0, 3, 6], vec![0, 20, 25]],
        parts: vec![part(PIANO, &[57, 62], 5, 2), part(Instrument::Drums(0), &[38], 0, 1)],
        ensembles: Vec::new(),
        tasks: Tasks::default(),
    }
}

#[test]
fn events_have_the_models_proportions_under_the_grammar() {
    Scene::new(bars(Request::default()), |_, _, _, _| ()).holds("grammar");
}

#[test]
fn events_have_the_models_proportions_with_sampling_filters() {
    let all = FieldSampling { temperature: 0.7, min_p: 0.08, ..FieldSampling::default() };
    let sampling = Sampling::new(all);
    Scene::new(bars(Request { sampling, ..Request::default() }), |_, _, _, _| ()).holds("filters");
}

#[test]
fn events_have_the_models_proportions_under_instruments_and_meter() {
    let constraints = Constraints { instruments: vec![BASS, Instrument::Drums(0)], ..Constraints::default() };
    let request = Request { constraints, meter: Some((4, 4)), ..Request::default() };
    Scene::new(bars(request), |_, _, _, _| ()).holds("instruments");
}

#[test]
fn events_have_the_models_proportions_under_key_and_range() {
    let range = PitchRange { instruments: InstrumentSelection::parse("piano").unwrap(), low: 58, high: 62 };
    let key = Some(Key { tonic: 0, scale: Scale::MAJOR });
    let constraints = Constraints { key, ranges: vec![range], ..Constraints::default() };
    Scene::new(bars(Request { constraints, ..Request::default() }), |_, _, _, _| ()).holds("key and range");
}

#[test]
fn events_have_the_models_proportions_among_what_songs_have() {
    let request = Request { observed: Some(Arc::new(observed())), ..Request::default() };
    Scene::new(bars(request), |_, _, _, _| ()).holds("unseen");
}

#[test]
fn events_have_the_models_proportions_within_the_limits_of_parts() {
    let limits = |state: &mut PieceState, events: &EventVocabulary, _: &Sequence, _: &dyn Representation| {
        state.parts = PartLimits::new(events, &observed());
    };
    let scene = Scene::new(bars(Request::default()), limits);
    let drawn = scene.expected();
    let piano_at_seven = |event: &&Vec<Value>| event[1] == 7 && event[2] == 1;
    assert_eq!(drawn.keys().filter(piano_at_seven).count(), 0, "its chord of two is full");
    scene.holds("parts");
}

#[test]
fn events_have_the_models_proportions_when_an_instrument_must_play() {
    let header = Header { genre: None, instruments: vec![PIANO, Instrument::Drums(0)] };
    let request = Request { length: Length::Bars(1), header, ..Request::default() };
    let due =
        |state: &mut PieceState, _: &EventVocabulary, _: &Sequence, _: &dyn Representation| state.missing = vec![129];
    let scene = Scene::new(request, due);
    assert!(scene.expected().keys().all(|event| event[2] == 129), "only the one that is missing may play");
    scene.holds("length");
}

#[test]
fn events_have_the_models_proportions_under_attributes() {
    let cuts = [AttributeCuts { name: "density".into(), cuts: vec![0.5, 0.8, 3.0] }];
    let ask = |state: &mut PieceState, _: &EventVocabulary, _: &Sequence, representation: &dyn Representation| {
        state.attribute_mask = AttributeMask::new(&representation.vocabulary().settings, true);
    };
    let mut scene = Scene::new(bars(Request::default()), ask);
    let attribute_mask = scene.state.attribute_mask.as_mut().unwrap();
    attribute_mask.ask(&cuts, BarAttributes { classes: &[3], kept: &[true] }, std::iter::empty());
    assert!(scene.expected().keys().all(|event| event[0] == 3), "the bar has too few notes to close");
    scene.holds("attributes");
}

#[test]
fn events_have_the_models_proportions_where_copies_are_avoided() {
    let representation = events();
    let mut sequence = opening(&*representation);
    let note: [Value; 6] = [3, 7, 1, 63, 6, 20];
    sequence.push(&note);
    sequence.push(&[3, 13, 1, 62, 6, 20]);
    sequence.push(&[1, 0, 0, 0, 0, 0]);
    let song = representation.decode(&sequence).unwrap();
    let index = Arc::new(OriginalityIndex::build(vec![("a song".to_owned(), song)]).unwrap());
    let avoid = AvoidCopies { index, most: 2, corpus: None };
    let forbid = |state: &mut PieceState, _: &EventVocabulary, _: &Sequence, representation: &dyn Representation| {
        let start = Sequence::from_values(6, vec![0; 6]).unwrap();
        state.copies = Some(Copies::new(&avoid, representation, &start, None).unwrap());
    };
    let scene = Scene::new(bars(Request::default()), forbid);
    let all = Scene::new(bars(Request::default()), |_, _, _, _| ()).expected().len();
    assert!(scene.expected().len() < all, "the copy's next note is forbidden");
    scene.holds("copies");
}

#[test]
fn where_the_model_gives_allowed_values_no_probability_masks_choose() {
    let constraints = Constraints { instruments: vec![Instrument::Program(60)], ..Constraints::default() };
    let request = bars(Request { constraints, meter: Some((7, 8)), trace: true, ..Request::default() });
    let closed =
        |state: &mut PieceState, _: &EventVocabulary, _: &Sequence, _: &dyn Representation| state.missing = vec![61];
    let scene = Scene::new(Request { length: Length::Bars(1), ..request }, closed);
    let mut sampler = scene.sampler(3);
    let event = scene.draw(&mut sampler);
    assert_eq!((event[0], event[2]), (3, 61), "the horn plays though the toy model never means it");
    let traced = sampler.traced().unwrap();
    assert!(traced.masked && traced.refused.contains_key(&Rule::Ensemble), "{traced:?}");
    assert_eq!(sampler.drawing.masked, 1);
}
