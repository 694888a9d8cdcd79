//! What a synthesiser's channel is told.

use super::schedule::{Channel, DRUM_CHANNEL};
use leitmotif_score::Control;
use rustysynth::Synthesizer;

const CONTROLLER: i32 = 0xb0;
const PROGRAM_CHANGE: i32 = 0xc0;
const BEND: i32 = 0xe0;
const DATA_ENTRY: i32 = 6;
const PAN: i32 = 10;
const PARAMETER_MSB: i32 = 101;
const PARAMETER_LSB: i32 = 100;
/// The registered parameters of a bend's range and of tuning in semitones.
const BEND_RANGE: i32 = 0;
const COARSE_TUNING: i32 = 2;
/// How far, in semitones, the synthesiser tunes.
const MOST_TUNING: f32 = 63.0;

/// Gives a channel its instrument and its place before anything sounds.
pub(super) fn set_up(synthesiser: &mut Synthesizer, channel: &Channel) {
    const REVERB: i32 = 91;
    const CHORUS: i32 = 93;
    let to = i32::from(channel.place.channel);
    let mut set = |controller, value| synthesiser.process_midi_message(to, CONTROLLER, controller, value);
    set(PAN, i32::from(channel.pan));
    set(REVERB, if channel.place.channel == DRUM_CHANNEL { 16 } else { 24 });
    set(CHORUS, 0);
    // A bend reaches one semitone; the rest of a pitch is tuning, which data entry then sets.
    set(PARAMETER_MSB, 0);
    set(PARAMETER_LSB, BEND_RANGE);
    set(DATA_ENTRY, 1);
    set(PARAMETER_LSB, COARSE_TUNING);
    synthesiser.process_midi_message(to, PROGRAM_CHANGE, i32::from(channel.program), 0);
}

/// Sets a control of a channel.
pub(super) fn change(synthesiser: &mut Synthesizer, channel: i32, control: Control) {
    const MODULATION: i32 = 1;
    const VOLUME: i32 = 7;
    const EXPRESSION: i32 = 11;
    let mut set = |controller, value| synthesiser.process_midi_message(channel, CONTROLLER, controller, value);
    match control {
        Control::Volume(value) => set(VOLUME, i32::from(value)),
        Control::Expression(value) => set(EXPRESSION, i32::from(value)),
        Control::Pan(value) => set(PAN, i32::from(value)),
        Control::Modulation(value) => set(MODULATION, i32::from(value)),
        Control::Pitch(semitones) => {
            let semitones = semitones.clamp(-MOST_TUNING, MOST_TUNING);
            let (tuning, centre) = (semitones.round(), 8192.0);
            let bend = (centre + (semitones - tuning) * centre).round() as i32;
            set(DATA_ENTRY, 64 + tuning as i32);
            synthesiser.process_midi_message(channel, BEND, bend & 0x7f, bend >> 7);
        }
    }
}
