//! Editing by latents, with a network of random weights: what must hold for any weights.

use crate::common;
use crate::networks;
use leitmotif_compose::latent::{
    Change, Interpolation, InterpolationPath, LatentEditor, MAX_CANDIDATES, MAX_DRAWS, MAX_STEPS, Restyle, Source,
    Step, Task, reconstruction, restyling, space, through, variation,
};
use leitmotif_compose::{
    ComposeError, Conditions, FieldSampling, Length, PriorKind, Request, Sampling, generate, generate_many,
};
use leitmotif_events::{Representation, attribute_values};
use leitmotif_measures::{bars, likeness};
use leitmotif_model::{AttributeCuts, LatentKind, Model, ModelConfig, ModelDescription, NetworkModel};
use leitmotif_score::{Instrument, Note, Score, Ticks};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

static NEVER: AtomicBool = AtomicBool::new(false);

/// A network with a latent for so many bars, and attributes.
fn model(representation: &dyn Representation, bars: usize) -> NetworkModel {
    let attributes = [("rhythm", vec![0.2, 0.4, 0.6]), ("polyphony", vec![1.0, 2.0, 4.0]), ("velocity", vec![64.0])];
    let cuts: Vec<AttributeCuts> =
        attributes.into_iter().map(|(name, cuts)| AttributeCuts { name: name.into(), cuts }).collect();
    let config = ModelConfig {
        d_model: 16,
        layers: 2,
        heads: 2,
        d_ff: 32,
        d_field: 16,
        segment: 16,
        memory: 16,
        compressed: 8,
        latent: if bars == 1 { LatentKind::Bar } else { LatentKind::Phrase },
        latent_bars: bars,
        d_latent: 6,
        encoder_layers: 1,
        attributes: cuts.iter().map(|cuts| cuts.name.clone()).collect(),
        d_attribute: 4,
        ..ModelConfig::default()
    };
    let sizes = representation.vocabulary().sizes();
    let description = ModelDescription::with_attributes(config, sizes, cuts).unwrap();
    let mut weights = networks::weights(&description);
    let mut bias = weights.get("fields.bias").unwrap().clone();
    bias.data[NOTE] += 12.0;
    weights.insert("fields.bias".to_owned(), bias);
    // With small weights a model gives nearly everything the same probability: here latents are to
    // make a difference.
    let reported = (0..2).map(|layer| (format!("latent.conditions.{layer}"), 8.0));
    let asked = (1..6).map(|field| (format!("fields.norms.{field}.gamma"), 20.0));
    for (name, times) in reported.chain(asked) {
        let mut louder = weights.get(&name).unwrap().clone();
        louder.data.iter_mut().for_each(|value| *value *= times);
        weights.insert(name, louder);
    }
    NetworkModel::new(&description, &weights).unwrap()
}

/// The kind of notes: an untrained model would hardly write any among all kinds of bars.
const NOTE: usize = 3;

/// At most so many notes a bar, so that an untrained model comes to an end.
fn request(seed: u64) -> Request {
    Request { seed, most_notes_in_bar: 400, ..Request::default() }
}

/// An editor that is not stopped.
fn editor<'a>(
    model: &'a NetworkModel,
    representation: &'a dyn Representation,
    request: &'a Request,
    candidates: usize,
) -> LatentEditor<'a> {
    LatentEditor { model, representation, request, candidates, cancel: &NEVER }
}

fn source(model: &NetworkModel, representation: &dyn Representation, score: &Score) -> Source {
    Source::of(space(model).unwrap(), representation, score, None).unwrap()
}

fn edit(
    model: &NetworkModel,
    representation: &dyn Representation,
    source: &Source,
    tasks: &[Task],
    seed: u64,
) -> Score {
    let request = request(seed);
    let editor = editor(model, representation, &request, 2);
    editor.edit(source, tasks, &[], &serde_json::Value::Null, &|_, _| ()).unwrap().score
}

/// Notes: onset in millionths of a quarter, pitch, velocity.
type Notes = Vec<(u64, u8, u8)>;

/// Each part's instrument and the notes that begin in bars for which `wanted` holds, in quarters.
fn notes(source: &Source, score: &Score, wanted: impl Fn(usize) -> bool) -> Vec<(Instrument, Notes)> {
    let quarters = |ticks: Ticks| score.resolution.quarters(ticks).0;
    let bar_of = |at: f64| source.lines.partition_point(|line| *line <= (at * 12.0 + 0.5).floor() / 12.0 + 1e-6) - 1;
    let chosen = |note: &&Note| wanted(bar_of(quarters(note.onset)));
    let reported = |note: &Note| ((quarters(note.onset) * 1e6).round() as u64, note.pitch, note.velocity);
    let parts =
        score.parts.iter().map(|part| (part.instrument, part.notes.iter().filter(chosen).map(reported).collect()));
    parts.filter(|(_, notes): &(_, Vec<_>)| !notes.is_empty()).collect()
}

#[test]
fn a_varied_piece_keeps_its_frame_and_all_other_bars() {
    let representation = common::events();
    let score = common::prime();
    for bars in [1, 3] {
        let model = model(&*representation, bars);
        let source = source(&model, &*representation, &score);
        assert_eq!(source.bars.len(), 4);
        let varied = |amount, seed| {
            edit(&model, &*representation, &source, &variation(&source, 1..3, amount, seed).unwrap(), seed)
        };
        let one = varied(0.5, 1);
        assert_eq!(
            notes(&source, &one, |bar| !(1..3).contains(&bar)),
            notes(&source, &score, |bar| !(1..3).contains(&bar))
        );
        assert_ne!(
            notes(&source, &one, |bar| (1..3).contains(&bar)),
            notes(&source, &score, |bar| (1..3).contains(&bar))
        );
        assert_eq!((one.title.as_deref(), one.meters.len(), one.tempos.len()), (Some("Prime"), 1, 1));
        assert_eq!(one.tempo_map().tempo_at(Ticks(0)), score.tempo_map().tempo_at(Ticks(0)));
        assert_eq!(one, varied(0.5, 1), "the same seed, the same piece");
        assert_ne!(one, varied(0.5, 2));
        assert_ne!(varied(0.0, 1), varied(1.0, 1));
        let mut tasks = reconstruction(&source);
        tasks[0] = Task::Keep;
        tasks[3] = Task::Keep;
        assert_eq!(
            varied(0.0, 1),
            edit(&model, &*representation, &source, &tasks, 1),
            "amount 0 is the reconstruction"
        );
        assert!(variation(&source, 1..5, 0.5, 1).is_err() && variation(&source, 2..2, 0.5, 1).is_err());
        assert!(variation(&source, 0..2, 1.5, 1).is_err());
    }
}

#[test]
fn every_bar_can_be_written_anew_and_is_read_back() {
    let representation = common::events();
    let model = model(&*representation, 1);
    let source = source(&model, &*representation, &common::prime());
    let score = edit(&model, &*representation, &source, &reconstruction(&source), 3);
    let players: Vec<Instrument> = source.score.instruments();
    assert!(score.instruments().iter().all(|player| players.contains(player)), "nobody else plays");
    let (sequence, _) = representation.encode(&score, &leitmotif_events::Header::default());
    let bars = representation.bars(&sequence).unwrap();
    assert!(bars.len() <= source.bars.len(), "no bar is added");
    assert!(score.texts.iter().any(|text| text.contains("\"composer\":\"leitmotif\"")));
}

#[test]
fn of_several_candidates_the_one_nearest_to_its_latent_is_kept() {
    let representation = common::events();
    for bars in [1, 3] {
        let model = model(&*representation, bars);
        let source = source(&model, &*representation, &common::prime());
        let space = space(&model).unwrap();
        let filled = |candidates: usize, tasks: &[Task], seed: u64| {
            let request = request(seed);
            let editor = editor(&model, &*representation, &request, candidates);
            let reported = std::cell::RefCell::new(Vec::new());
            let filled = editor.fill(&source, tasks, &[], 0, &|done, of| reported.borrow_mut().push((done, of)));
            assert!(filled.is_err() || reported.into_inner() == [(1, 4), (2, 4), (3, 4), (4, 4)]);
            filled
        };
        let tasks = reconstruction(&source);
        // How dense the first latent is under what the first group of bars became: whatever is
        // written there follows the same opening.
        let density = |filled: &leitmotif_compose::latent::FilledBars| {
            let group = &filled.bars[..bars];
            let k = filled.sequence.fields();
            let events = &filled.sequence.values()[group[0].start * k..group[bars - 1].end * k];
            let places: Vec<i32> = (0..).zip(group).flat_map(|(place, bar)| vec![place; bar.len()]).collect();
            space.encode(events, &places).log_density(&source.posteriors[0].mean)
        };
        let mut gains = 0;
        for seed in 0..6 {
            let of = |candidates| filled(candidates, &tasks, seed).unwrap();
            let (one, three, nine) = (of(1), of(3), of(9));
            let [first, third, ninth] = [&one, &three, &nine].map(density);
            assert!(third >= first && ninth >= third, "seed {seed}: {first}, {third}, {ninth}");
            gains += usize::from(ninth > first);
            for filled in [&one, &three, &nine] {
                let mut grammar = representation.grammar();
                filled.sequence.events().for_each(|event| grammar.accept(event).unwrap());
                let notes = filled.sequence.events().filter(|event| event[0] == NOTE as u16).count();
                assert_eq!((filled.events, filled.written.as_slice()), (notes, &[true; 4][..]));
                let follow = filled.bars.windows(2).all(|pair| pair[0].end == pair[1].start);
                assert!(follow && filled.bars[3].end + 1 == filled.sequence.len());
            }
            assert_eq!(nine.sequence, of(9).sequence, "the same seed, the same piece");
        }
        assert!(gains >= 5, "{gains} of 6 seeds have a better candidate among nine than the first");
        let mut tasks = tasks;
        tasks[..3].fill(Task::Keep);
        let kept = filled(5, &tasks, 0).unwrap();
        let own = |bar: usize| source.bars[bar].clone().map(|event| source.sequence.event(event)).collect::<Vec<_>>();
        let is = |bar: usize| kept.bars[bar].clone().map(|event| kept.sequence.event(event)).collect::<Vec<_>>();
        assert!((0..3).all(|bar| own(bar) == is(bar)), "what is kept is not written again");
        for candidates in [0, MAX_CANDIDATES + 1] {
            let error = filled(candidates, &tasks, 0).unwrap_err().to_string();
            assert!(error.contains("candidates") && error.contains("between 1 and 64"), "{error}");
        }
    }
}

#[test]
fn requested_attributes_are_enforced() {
    let representation = common::events();
    let model = model(&*representation, 1);
    let source = source(&model, &*representation, &common::prime());
    let attributes = space(&model).unwrap().attributes();
    let request = request(5);
    let editor = editor(&model, &*representation, &request, 2);
    let named = ["rhythm".parse().unwrap(), "polyphony".parse().unwrap()];
    for (which, name) in ["rhythm", "polyphony"].into_iter().enumerate() {
        for class in 1..=4 {
            let restyle = Restyle {
                attributes: BTreeMap::from([(name.to_owned(), Change::To(class))]),
                keep: true,
                ..Restyle::default()
            };
            let tasks = restyling(&source, attributes, 0..4, &restyle).unwrap();
            let filled = editor.fill(&source, &tasks, &[], 0, &|_, _| ()).unwrap();
            let values = attribute_values(&named, &*representation, &filled.sequence).unwrap();
            for (bar, values) in values.iter().enumerate() {
                let got = attributes[which].class(values[which].unwrap_or(0.0));
                // An untrained model soon reaches the end of the bar, where not enough can sound
                // any more.
                let fits = got == class || name == "polyphony" && got < class;
                assert!(fits, "{name} of bar {bar}, class {class}: {values:?}");
            }
        }
    }
}

#[test]
fn impossible_requests_are_refused_with_a_reason() {
    let representation = common::events();
    let model = model(&*representation, 1);
    let source = source(&model, &*representation, &common::prime());
    let attributes = space(&model).unwrap().attributes();
    let restyle =
        |name: &str, change| Restyle { attributes: BTreeMap::from([(name.to_owned(), change)]), ..Restyle::default() };
    let said = |restyle: &Restyle| restyling(&source, attributes, 0..4, restyle).unwrap_err().to_string();
    assert!(said(&restyle("swing", Change::By(1))).contains("rhythm, polyphony, velocity"));
    assert!(said(&restyle("rhythm", Change::To(9))).contains("1 to 4"));
    assert!(said(&Restyle { shift: Some(vec![0.0; 3]), ..Restyle::default() }).contains("6"));
    let plain = common::Hashing::new(&*representation, 1.0);
    assert!(space(&plain).unwrap_err().to_string().contains("tiny-vae"));
    let silent = Score::default();
    let error = Source::of(space(&model).unwrap(), &*representation, &silent, None).unwrap_err();
    assert!(error.to_string().contains("no notes"));
    let conditions = Some(Conditions { prior: Some(PriorKind::Learnt), ..Conditions::default() });
    let asked = Request { conditions: conditions.clone(), ..request(0) };
    let error = generate(&model, &*representation, &asked, 0, &|_| (), &NEVER).unwrap_err();
    assert!(error.to_string().contains("not learnt a prior"), "{error}");
    let error = generate(&plain, &*representation, &Request { conditions, ..request(0) }, 0, &|_| (), &NEVER);
    assert!(error.unwrap_err().to_string().contains("no latents"));
    let (request, cancel) = (request(0), AtomicBool::new(true));
    let stopped = LatentEditor { cancel: &cancel, ..editor(&model, &*representation, &request, 1) };
    let stopped = stopped.fill(&source, &reconstruction(&source), &[], 0, &|_, _| ());
    assert!(matches!(stopped, Err(ComposeError::Cancelled)));
}

/// Two parts of the prime, their pitches mirrored.
fn upside_down() -> Score {
    let mut score = common::prime();
    score.parts.truncate(2);
    score.parts.iter_mut().flat_map(|part| &mut part.notes).for_each(|note| note.pitch = 127 - note.pitch);
    score
}

#[test]
fn a_way_between_pieces_has_their_bars_and_ends_at_them() {
    let representation = common::events();
    let model = model(&*representation, 1);
    let (a, mut other) = (common::prime(), upside_down());
    other.tempos = vec![leitmotif_score::Tempo::from_quarters_per_minute(Ticks(0), 194.0)];
    let (a, b) = (source(&model, &*representation, &a), source(&model, &*representation, &other));
    let request = request(2);
    let editor = editor(&model, &*representation, &request, 2);
    let made = serde_json::json!({ "verb": "interpolate" });
    for path in [InterpolationPath::Spherical, InterpolationPath::Linear] {
        let steps = editor.interpolate(&a, &b, Interpolation { steps: 5, path, draws: 3 }, &made, &|_, _| ()).unwrap();
        assert_eq!(steps.iter().map(|step| step.at).collect::<Vec<_>>(), [0.0, 0.25, 0.5, 0.75, 1.0]);
        let tempos: Vec<f64> = steps.iter().map(|step| step.score.quarters_per_minute_at(Ticks(0))).collect();
        let expected = [97.0, 115.4, 137.2, 163.1, 194.0];
        assert!(tempos.iter().zip(expected).all(|(tempo, wanted)| (tempo / wanted - 1.0).abs() < 0.01), "{tempos:?}");
        for step in &steps {
            let lasts = step.score.resolution.quarters(step.score.end()).0;
            assert!(step.score.note_count() > 0 && lasts <= 12.0 + 1e-6, "four bars of three quarters: {lasts}");
        }
        let drums = |step: usize| steps[step].score.instruments().iter().any(|it| it.is_drums());
        assert!(!drums(4), "the second piece has no drums");
        let all = through(&steps);
        assert_eq!(all.note_count(), steps.iter().map(|step| step.score.note_count()).sum::<usize>());
        assert_eq!(all.markers.len(), 5);
        let at: Vec<f64> = all.markers.iter().map(|marker| all.resolution.quarters(marker.at).0).collect();
        assert_eq!(at, [0.0, 12.0, 24.0, 36.0, 48.0]);
    }
    let mut waltz = common::prime();
    waltz.meters[0].numerator = 4;
    let waltz = source(&model, &*representation, &waltz);
    let refused = editor.interpolate(&a, &waltz, Interpolation::default(), &made, &|_, _| ()).unwrap_err().to_string();
    assert!(refused.contains("bar 1") && refused.contains("time signature"), "{refused}");
    for (steps, draws, named) in
        [(1, 1, "steps"), (MAX_STEPS + 1, 1, "steps"), (5, 0, "draws"), (5, MAX_DRAWS + 1, "draws")]
    {
        let wrong = Interpolation { steps, draws, ..Interpolation::default() };
        let refused = editor.interpolate(&a, &b, wrong, &made, &|_, _| ()).unwrap_err().to_string();
        assert!(refused.contains(named), "{refused}");
    }
}

#[test]
fn of_more_draws_a_way_goes_back_less() {
    let representation = common::events();
    let model = model(&*representation, 1);
    let (a, other) = (common::prime(), upside_down());
    let (a, b) = (source(&model, &*representation, &a), source(&model, &*representation, &other));
    let goes_back = |seed: u64, draws: usize| {
        // Cooler than usual, so that the latents of an untrained model have more influence than
        // chance.
        let cool = FieldSampling { temperature: 0.3, ..FieldSampling::default() };
        let request = Request { sampling: Sampling::new(cool), ..request(seed) };
        let editor = editor(&model, &*representation, &request, 2);
        let passage = Interpolation { steps: 6, draws, ..Interpolation::default() };
        let go = || editor.interpolate(&a, &b, passage, &serde_json::Value::Null, &|_, _| ()).unwrap();
        let steps = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(go);
        let scores = |steps: &[Step]| steps.iter().map(|step| step.score.clone()).collect::<Vec<_>>();
        let threads = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        assert_eq!(scores(&steps), scores(&threads.install(go)), "whatever the number of threads");
        let music: Vec<_> = steps.iter().map(|step: &Step| bars(&step.score)).collect();
        let like = |end: &_| music.iter().map(|step| likeness(step, end).unwrap()).collect::<Vec<f64>>();
        let (to_first, to_last) = (like(&music[0]), like(&music[5]));
        let rises = to_first.windows(2).map(|pair| (pair[1] - pair[0]).max(0.0)).sum::<f64>();
        rises + to_last.windows(2).map(|pair| (pair[0] - pair[1]).max(0.0)).sum::<f64>()
    };
    let all: Vec<(f64, f64)> = (0..12).map(|seed| (goes_back(seed, 1), goes_back(seed, 8))).collect();
    // Among ways that go back as little, the most even is taken: a thousandth of evenness may be
    // paid for in steps back.
    assert!(all.iter().all(|(one, many)| *many <= one + 0.012), "{all:?}");
    assert!(all.iter().any(|(one, many)| *many < one - 0.012), "{all:?}");
}

#[test]
fn pieces_from_latents_are_the_same_alone_and_together() {
    let representation = common::events();
    for bars in [1, 2] {
        let model = model(&*representation, bars);
        let attributes = BTreeMap::from([("rhythm".to_owned(), 2)]);
        let conditions = Some(Conditions { attributes, ..Conditions::default() });
        let asked = Request { length: Length::Bars(5), meter: Some((4, 4)), conditions, ..request(4) };
        let together = generate_many(&model, &*representation, &asked, 3, &|_| (), &NEVER).unwrap();
        for (number, piece) in together.iter().enumerate() {
            let alone = generate(&model, &*representation, &asked, number as u64, &|_| (), &NEVER).unwrap();
            assert_eq!(alone.sequence, piece.sequence);
            let values = attribute_values(&["rhythm".parse().unwrap()], &*representation, &piece.sequence).unwrap();
            let classes = values.iter().map(|bar| space(&model).unwrap().attributes()[0].class(bar[0].unwrap()));
            assert_eq!(classes.collect::<Vec<_>>(), [2; 5], "the rhythm that was asked for");
        }
        let primed = Request {
            prime: Some(leitmotif_compose::Prime { score: common::prime(), bars: Some(3) }),
            ..asked.clone()
        };
        let piece = generate(&model, &*representation, &primed, 0, &|_| (), &NEVER).unwrap();
        assert_eq!((piece.report.prime_bars, piece.report.bars), (3, 8));
        assert!(model.latents().is_some());
    }
}
