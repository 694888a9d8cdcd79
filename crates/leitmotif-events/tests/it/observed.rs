//! What songs have, counted from their events.

use leitmotif_events::{Header, RepresentationConfig, build};
use leitmotif_score::{Instrument, Note, Part, Score, Ticks};

fn note(onset: u64, pitch: u8, duration: u64) -> Note {
    Note { onset: Ticks(onset), pitch, duration: Ticks(duration), velocity: 100 }
}

fn part(instrument: Instrument, notes: Vec<Note>) -> Part {
    Part { name: String::new(), instrument, notes }
}

#[test]
fn what_songs_have_is_counted() {
    let events = build(&RepresentationConfig::Events { grid: 12, genres: vec!["metal".to_owned()] }).unwrap();
    let four = |pitch: u8| vec![note(0, pitch, 480), note(480, pitch + 3, 480), note(480, pitch + 7, 480)];
    let later = vec![note(1920, 40, 480), note(3 * 1920, 43, 480), note(4 * 1920, 43, 480), note(5 * 1920, 43, 480)];
    let mut score = Score {
        parts: vec![
            part(Instrument::Drums(8), vec![note(0, 36, 80), note(960, 38, 80)]),
            part(Instrument::Program(0), four(60)),
            part(Instrument::Program(33), later),
        ],
        ..Score::default()
    };
    score.meters = vec![leitmotif_score::Meter { at: Ticks(0), numerator: 4, denominator: 4 }];
    score.normalise();
    let header = Header { genre: Some("metal".to_owned()), instruments: Vec::new() };
    let (sequence, _) = events.encode(&score, &header);
    let observed = events.observe(&mut std::iter::once(sequence)).unwrap();
    let drums = observed.part(Instrument::Drums(0)).unwrap();
    assert_eq!((drums.pitches.as_slice(), drums.chord), ([36, 38].as_slice(), 1));
    let piano = observed.part(Instrument::Program(0)).unwrap();
    assert_eq!((piano.pitches.as_slice(), piano.widest, piano.chord), ([60, 63, 67].as_slice(), 7, 2));
    let ensemble = &observed.ensembles[0];
    assert_eq!((ensemble.meter, ensemble.bars, ensemble.tempo), ((4, 4), 6, 120.0));
    assert_eq!(ensemble.header().genre.as_deref(), Some("metal"));
    assert_eq!((ensemble.repeats, ensemble.repeats_in_a_row), (2, 2), "the last two bars are as the one before");
    assert_eq!(ensemble.half_empty, Some(4), "but the first and the last, all bars have a quarter or less");
    let bass = ensemble.parts.iter().find(|part| part.instrument == Instrument::Program(33)).unwrap();
    assert_eq!((bass.enters, bass.plays, bass.rests), (1, 4, 1));
    let kinds = &observed.values[0];
    let bars = kinds.iter().filter(|&&kind| events.vocabulary().fields[0].values[usize::from(kind)].starts_with("bar"));
    assert_eq!(bars.count(), 1, "one metre");
}
