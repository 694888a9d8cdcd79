//! Rendering as a whole: timing, peak, tail, files.

use leitmotif_render::{BitDepth, RenderOptions, SAMPLE_RATE, SoundBank, SoundError, render, render_to_wav};
use leitmotif_score::{Instrument, Note, Part, Score, Tempo, Ticks};

fn note(onset: u64, pitch: u8, duration: u64) -> Note {
    Note { onset: Ticks(onset), pitch, duration: Ticks(duration), velocity: 100 }
}

fn clicks(tempos: Vec<Tempo>) -> Score {
    // Claves: short, with a sharp attack.
    let notes = (0..4).map(|k| note(k * 480, 75, 60)).collect();
    let part = Part { name: String::new(), instrument: Instrument::Drums(0), notes };
    Score { parts: vec![part], tempos, ..Score::default() }
}

#[test]
fn strokes_sound_where_the_tempo_map_puts_them() {
    let tempos = vec![
        Tempo { at: Ticks(0), micros_per_quarter: 500_000 },
        Tempo { at: Ticks(600), micros_per_quarter: 731_000 },
        Tempo { at: Ticks(1000), micros_per_quarter: 290_111 },
    ];
    let score = clicks(tempos);
    let audio =
        render(&score, &SoundBank::built_in(), &RenderOptions { room: false, ..RenderOptions::default() }).unwrap();
    let map = score.tempo_map();
    let places: Vec<f64> = (0..4).map(|k| map.seconds_at(Ticks(k * 480)).0 * f64::from(SAMPLE_RATE)).collect();
    let mut delays = Vec::new();
    for place in places {
        let from = place as usize;
        let start = from.saturating_sub(40);
        let first = audio.left[start..].iter().position(|value| value.abs() > 0.01).unwrap() + start;
        delays.push(first as f64 - place);
    }
    // All attacks are alike, so all delays are: within the synthesiser's shortest block.
    let (low, high) = delays.iter().fold((f64::MAX, f64::MIN), |(a, b), d| (a.min(*d), b.max(*d)));
    assert!(high - low <= 8.0, "{delays:?}");
    assert!((-8.0..=48.0).contains(&low), "{delays:?}");
}

#[test]
fn many_parts_are_mixed_without_clipping_and_ring_out() {
    let parts = (0..40)
        .map(|number| Part {
            name: String::new(),
            instrument: Instrument::Program(number * 3),
            notes: vec![note(0, 40 + number, 960), note(960, 41 + number, 960)],
        })
        .collect();
    let score = Score { parts, ..Score::default() };
    let audio = render(&score, &SoundBank::built_in(), &RenderOptions::default()).unwrap();
    assert!((audio.peak() - 0.891).abs() < 0.002, "{}", audio.peak());
    assert!(audio.seconds() > score.duration().0 + 0.3, "the tail is cut");
    let end = &audio.left[audio.left.len() - 100..];
    assert!(end.iter().all(|value| value.abs() < 1e-3), "the end is cut");
}

#[test]
fn a_file_holds_what_memory_holds_and_the_same_bytes_every_time() {
    let folder = tempfile::tempdir().unwrap();
    let (bank, options, score) = (SoundBank::built_in(), RenderOptions::default(), clicks(Vec::new()));
    let audio = render(&score, &bank, &options).unwrap();
    let paths = ["a.wav", "b.wav", "c.wav"].map(|name| folder.path().join(name));
    render_to_wav(&score, &bank, &options, &paths[0], BitDepth::Sixteen).unwrap();
    render_to_wav(&score, &bank, &options, &paths[1], BitDepth::Sixteen).unwrap();
    leitmotif_render::write_wav(&paths[2], &audio, BitDepth::Sixteen).unwrap();
    let files = paths.map(|path| std::fs::read(path).unwrap());
    assert!(files[0] == files[1] && files[0] == files[2]);
    assert_eq!(files[0].len(), 44 + audio.left.len() * 4);
}

#[test]
fn an_empty_score_is_silence_and_an_endless_one_an_error() {
    let bank = SoundBank::built_in();
    let empty = render(&Score::default(), &bank, &RenderOptions::default()).unwrap();
    assert_eq!(empty.left.len(), 0);
    let mut long = clicks(Vec::new());
    long.parts[0].notes.push(note(u64::MAX / 2, 75, 60));
    assert!(matches!(render(&long, &bank, &RenderOptions::default()), Err(SoundError::TooLong { .. })));
}

#[test]
fn a_file_that_is_no_soundfont_is_an_error_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.sf2");
    for bytes in [&b""[..], b"RIFF", b"RIFF\x10\0\0\0sfbkLIST\xff\xff\xff\x7fINFO", b"RIFF\x04\0\0\0sfbk"] {
        std::fs::write(&path, bytes).unwrap();
        let error = SoundBank::load(&path).unwrap_err();
        assert!(error.to_string().contains("broken.sf2"), "{error}");
    }
}
