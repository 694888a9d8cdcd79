//! The built-in bank: a General MIDI SoundFont computed at first use.
//!
//! No recordings: every sample is synthesised (`tone` has the engines, `programs` the 128 timbres,
//! `drums` the kit), brought to a common loudness, and written as a real SoundFont 2 file in memory
//! (`sf2`), which is then loaded like any other. Deterministic: the bank is the same bytes on every
//! machine of one floating-point standard.

mod drums;
mod fft;
mod materials;
mod programs;
mod sf2;
mod timbre;
mod tone;

use leitmotif_score::PROGRAMS;
use sf2::{Program, Sample, Zone, generator as g};
use tone::{RATE, Tone};

/// The keys at which pitched programs are computed; each serves the keys nearest to it.
const ROOTS: [u8; 7] = [28, 40, 52, 64, 76, 88, 100];
/// Drum keys of General MIDI.
const DRUM_KEYS: std::ops::RangeInclusive<u8> = 35..=81;
/// The bank of percussion presets.
const PERCUSSION: u16 = 128;

/// The bytes of the built-in SoundFont.
pub(crate) fn built_in() -> Vec<u8> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from).clamp(1, 8);
    let mut parts: Vec<(u8, Vec<Sample>)> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..workers)
            .map(|worker| {
                let mine = (0..128u8).skip(worker).step_by(workers);
                scope.spawn(move || mine.map(|program| (program, pitched(program))).collect::<Vec<_>>())
            })
            .collect();
        handles.into_iter().filter_map(|handle| handle.join().ok()).flatten().collect()
    });
    // Threads finish in any order; the bank must not depend on it.
    parts.sort_by_key(|part| part.0);
    let mut samples = Vec::new();
    let mut presets = Vec::new();
    for (program, own) in parts {
        let generators = programs::timbre(program).generators();
        let zones = zones(&own, samples.len(), &generators);
        samples.extend(own);
        let name = PROGRAMS[usize::from(program)].to_owned();
        presets.push(Program { name, bank: 0, number: u16::from(program), zones });
    }
    presets.push(kit(&mut samples));
    sf2::write("Leitmotif built-in", &samples, &presets)
}

fn pitched(program: u8) -> Vec<Sample> {
    let timbre = programs::timbre(program);
    ROOTS
        .iter()
        .map(|&root| {
            let f0 = 440.0 * 2f64.powf((f64::from(root) - 69.0) / 12.0);
            let mut tone = timbre.tone(f0, u64::from(program) * 131 + u64::from(root));
            timbre::level(&mut tone, timbre.level);
            sample(&format!("{program} at {root}"), tone, root)
        })
        .collect()
}

fn sample(name: &str, tone: Tone, root: u8) -> Sample {
    Sample {
        name: name.to_owned(),
        data: tone.data.iter().map(|value| (value.clamp(-1.0, 1.0) * 32_767.0).round() as i16).collect(),
        rate: tone.rate.round() as u32,
        root,
        span: tone.span.map(|(from, to)| (from as u32, to as u32)),
    }
}

/// Every key from 0 to 127, each served by the root nearest to it.
fn zones(samples: &[Sample], first: usize, shared: &[sf2::Generator]) -> Vec<Zone> {
    let border = |index: usize| (ROOTS[index] + ROOTS[index + 1]) / 2;
    (0..samples.len())
        .map(|index| {
            let low = if index == 0 { 0 } else { border(index - 1) + 1 };
            let high = if index + 1 == samples.len() { 127 } else { border(index) };
            let mut generators = shared.to_vec();
            generators.push((g::SAMPLE_MODES, i16::from(samples[index].span.is_some())));
            Zone { keys: (low, high), generators, sample: first + index }
        })
        .collect()
}

fn kit(samples: &mut Vec<Sample>) -> Program {
    let zones = DRUM_KEYS
        .map(|key| {
            let stroke = drums::stroke(key);
            let mut tone = drums::tone(&stroke, 9_000 + u64::from(key));
            let (from, to) = (tone.data.len(), (0.35 * RATE) as usize);
            // Short strokes are measured over their own length: a click is not made as loud as a
            // cymbal.
            tone.data.resize(from.max(to), 0.0);
            timbre::level(&mut tone, stroke.level + 4.0);
            tone.data.truncate(from);
            samples.push(sample(&format!("drum {key}"), tone, key));
            let mut generators = vec![(g::PAN, stroke.pan), (g::REVERB, 140), (g::SCALE_TUNING, 0)];
            generators.push((g::ROOT_KEY, i16::from(key)));
            // A stroke rings on when its key is let go.
            generators.push((g::RELEASE, timbre::timecents(30.0)));
            if stroke.class > 0 {
                generators.push((g::EXCLUSIVE_CLASS, stroke.class));
            }
            Zone { keys: (key, key), generators, sample: samples.len() - 1 }
        })
        .collect();
    Program { name: "Standard Kit".to_owned(), bank: PERCUSSION, number: 0, zones }
}
