//! Does every program sound like its family? By numbers: level, brightness, pitch, envelope.

#![allow(clippy::unwrap_used)]

mod measure;

use leitmotif_render::{Audio, RenderOptions, SoundBank, render};
use leitmotif_score::{Instrument, Note, Part, Score, Ticks};
use measure::{centroid, cents_off, mono, offset, rms, window};

/// A note of two seconds (four quarters at 120), without a room around it.
fn play(instrument: Instrument, pitch: u8) -> Audio {
    let note = Note { onset: Ticks(0), pitch, duration: Ticks(1920), velocity: 100 };
    let part = Part { name: String::new(), instrument, notes: vec![note] };
    let score = Score { parts: vec![part], ..Score::default() };
    render(&score, &SoundBank::built_in(), &RenderOptions { room: false }).unwrap()
}

fn program(number: u8, pitch: u8) -> Vec<f64> {
    mono(&play(Instrument::Program(number), pitch))
}

#[test]
#[ignore = "prints the table that bounds are chosen from"]
fn table() {
    let mut lines = String::new();
    for number in 0..128u8 {
        let sound = program(number, 60);
        let early = window(&sound, 0.1, 0.5);
        let ratio = 20.0 * (rms(window(&sound, 1.5, 1.95)) / rms(window(&sound, 0.05, 0.35))).log10();
        let cents = [48u8, 60, 72].map(|p| cents_off(&window(&program(number, p), 0.15, 0.9), p));
        lines += &format!(
            "{number:3} {:24} rms {:6.1} dB centroid {:6.0} sustain {ratio:6.1} dB cents {:6.1?} dc {:.5} seconds {:.2}\n",
            leitmotif_score::PROGRAMS[usize::from(number)],
            20.0 * rms(early).log10(),
            centroid(early),
            cents,
            offset(&sound),
            sound.len() as f64 / 44_100.0
        );
    }
    for key in 35..=81u8 {
        let sound = mono(&play(Instrument::Drums(0), key));
        lines += &format!(
            "{key:3} {:24} rms {:6.1} dB centroid {:6.0} seconds {:.2} dc {:.5}\n",
            leitmotif_score::drum_key_name(key).unwrap(),
            20.0 * rms(window(&sound, 0.0, 0.15)).log10(),
            centroid(window(&sound, 0.0, 0.2)),
            sound.len() as f64 / 44_100.0,
            offset(&sound)
        );
    }
    std::fs::write(std::env::temp_dir().join("leitmotif-instruments.txt"), lines).unwrap();
}
