//! What instruments are made of: partials of bars, bells and skins, formants of bodies and voices,
//! stops of organs.

use super::timbre::Source;
use super::tone::{Knock, Partial};

pub(super) const NONE: Knock = Knock { level: 0.0, length: 0.01, cutoff: 1000.0 };

pub(super) const fn knock(level: f64, length: f64, cutoff: f64) -> Knock {
    Knock { level, length, cutoff }
}

pub(super) const fn partial(ratio: f64, level: f64, decay: f64) -> Partial {
    Partial { ratio, level, decay }
}

pub(super) const fn string(position: f64, tilt: f64, stiffness: f64, damping: f64, knock: Knock) -> Source {
    Source::Plucked { position, tilt, stiffness, damping, knock }
}

pub(super) const fn bars(partials: &'static [Partial], knock: Knock) -> Source {
    Source::Struck { partials, knock }
}

// Free bars tuned to 1 : 4 : 10 (marimba, vibraphone), to 1 : 3 : 6 (xylophone), untuned ones
// (glockenspiel); ratios after Fletcher and Rossing, *The Physics of Musical Instruments*, 1998.
pub(super) const MARIMBA: &[Partial] = &[partial(1.0, 1.0, 0.0), partial(3.98, 0.25, 60.0), partial(9.9, 0.12, 160.0)];
pub(super) const VIBRAPHONE: &[Partial] = &[partial(1.0, 1.0, 0.0), partial(4.0, 0.28, 14.0), partial(10.0, 0.1, 60.0)];
pub(super) const XYLOPHONE: &[Partial] =
    &[partial(1.0, 1.0, 0.0), partial(3.0, 0.5, 40.0), partial(6.1, 0.35, 90.0), partial(9.8, 0.2, 140.0)];
pub(super) const GLOCKENSPIEL: &[Partial] =
    &[partial(1.0, 1.0, 0.0), partial(2.76, 0.4, 10.0), partial(5.4, 0.25, 30.0), partial(8.93, 0.12, 60.0)];
pub(super) const CELESTA: &[Partial] =
    &[partial(1.0, 1.0, 0.0), partial(2.0, 0.15, 10.0), partial(4.0, 0.2, 25.0), partial(6.2, 0.06, 60.0)];
pub(super) const MUSIC_BOX: &[Partial] =
    &[partial(1.0, 1.0, 0.0), partial(2.0, 0.3, 8.0), partial(5.1, 0.3, 35.0), partial(6.27, 0.2, 45.0)];
// A church bell: the strike note is an octave above the hum, with a minor third.
pub(super) const TUBULAR: &[Partial] = &[
    partial(1.0, 0.9, 0.0),
    partial(0.5, 0.35, 0.0),
    partial(1.5, 0.35, 5.0),
    partial(2.0, 0.6, 4.0),
    partial(2.75, 0.45, 9.0),
    partial(3.76, 0.3, 14.0),
    partial(4.95, 0.2, 22.0),
    partial(6.3, 0.12, 30.0),
];
pub(super) const DULCIMER_KNOCK: Knock = knock(0.5, 0.05, 4000.0);
pub(super) const RHODES: &[Partial] = &[
    partial(1.0, 1.0, 0.0),
    partial(2.0, 0.32, 6.0),
    partial(3.0, 0.1, 12.0),
    partial(4.0, 0.05, 20.0),
    partial(7.1, 0.12, 45.0),
    partial(14.2, 0.04, 110.0),
];
pub(super) const FM_PIANO: &[Partial] = &[
    partial(1.0, 1.0, 0.0),
    partial(2.0, 0.28, 3.0),
    partial(3.0, 0.2, 8.0),
    partial(5.0, 0.1, 12.0),
    partial(13.0, 0.13, 40.0),
    partial(14.0, 0.2, 35.0),
    partial(15.0, 0.13, 40.0),
];
pub(super) const STEEL_DRUM: &[Partial] = &[
    partial(1.0, 1.0, 0.0),
    partial(2.0, 0.7, 10.0),
    partial(3.0, 0.35, 16.0),
    partial(4.04, 0.25, 24.0),
    partial(6.1, 0.12, 40.0),
];
pub(super) const AGOGO: &[Partial] =
    &[partial(1.0, 1.0, 0.0), partial(1.52, 0.7, 10.0), partial(3.42, 0.5, 30.0), partial(4.6, 0.3, 50.0)];
pub(super) const WOODBLOCK: &[Partial] = &[partial(1.0, 1.0, 0.0), partial(2.45, 0.4, 120.0), partial(4.1, 0.2, 200.0)];
pub(super) const TAIKO: &[Partial] =
    &[partial(1.0, 1.0, 0.0), partial(1.59, 0.5, 25.0), partial(2.14, 0.35, 40.0), partial(2.65, 0.2, 60.0)];
pub(super) const TOM: &[Partial] = &[partial(1.0, 1.0, 0.0), partial(1.59, 0.35, 30.0), partial(2.3, 0.2, 50.0)];
pub(super) const SYNTH_DRUM: &[Partial] = &[partial(1.0, 1.0, 0.0), partial(2.0, 0.3, 40.0), partial(3.0, 0.1, 60.0)];
pub(super) const TIMPANI: &[Partial] = &[
    partial(1.0, 1.0, 0.0),
    partial(1.5, 0.6, 8.0),
    partial(1.98, 0.4, 14.0),
    partial(2.44, 0.25, 20.0),
    partial(0.85, 0.2, 60.0),
];
pub(super) const KALIMBA: &[Partial] =
    &[partial(1.0, 1.0, 0.0), partial(2.0, 0.08, 20.0), partial(5.9, 0.18, 90.0), partial(6.27, 0.1, 90.0)];
pub(super) const CRYSTAL: &[Partial] = &[
    partial(1.0, 1.0, 0.0),
    partial(2.0, 0.5, 4.0),
    partial(3.01, 0.3, 8.0),
    partial(5.43, 0.3, 14.0),
    partial(8.2, 0.15, 26.0),
];
pub(super) const CLAVINET: Source = string(0.08, 3.5, 0.0001, 4.0, knock(0.3, 0.02, 3000.0));
pub(super) const PIZZICATO: Source = string(0.14, 7.0, 0.0001, 40.0, knock(0.5, 0.04, 1500.0));
// A string touched at its middle: the octave, with a little of the string below it.
pub(super) const HARMONIC: &[Partial] =
    &[partial(1.0, 1.0, 0.0), partial(2.0, 0.3, 2.0), partial(3.0, 0.15, 8.0), partial(4.0, 0.08, 14.0)];
pub(super) const GUITAR_BODY: &[(f64, f64, f64)] = &[(400.0, 200.0, 6.0), (2400.0, 900.0, 9.0)];
pub(super) const AHH: &[(f64, f64, f64)] = &[(750.0, 120.0, 18.0), (1150.0, 140.0, 14.0), (2700.0, 300.0, 8.0)];
pub(super) const OOH: &[(f64, f64, f64)] = &[(380.0, 110.0, 18.0), (800.0, 120.0, 10.0), (2500.0, 300.0, 3.0)];
pub(super) const VIOLIN: &[(f64, f64, f64)] = &[(480.0, 150.0, 5.0), (1100.0, 400.0, 4.0), (2800.0, 800.0, 6.0)];
pub(super) const CELLO: &[(f64, f64, f64)] = &[(240.0, 90.0, 5.0), (600.0, 250.0, 4.0), (1900.0, 700.0, 3.0)];
pub(super) const REED: &[(f64, f64, f64)] = &[(1200.0, 350.0, 11.0), (2900.0, 700.0, 7.0)];
pub(super) const BASSOON: &[(f64, f64, f64)] = &[(480.0, 120.0, 14.0), (1200.0, 300.0, 5.0)];
pub(super) const SAX: &[(f64, f64, f64)] = &[(650.0, 250.0, 7.0), (1700.0, 600.0, 6.0)];
pub(super) const JAZZ_ORGAN: &[(usize, f64)] = &[(1, 1.0), (2, 0.6), (3, 0.8), (4, 0.15), (6, 0.1), (8, 0.25)];
pub(super) const ROCK_ORGAN: &[(usize, f64)] =
    &[(1, 1.0), (2, 0.8), (3, 0.8), (4, 0.6), (5, 0.25), (6, 0.5), (8, 0.45), (10, 0.2), (12, 0.2)];
pub(super) const CHURCH_ORGAN: &[(usize, f64)] = &[
    (1, 1.0),
    (2, 0.8),
    (3, 0.35),
    (4, 0.65),
    (5, 0.2),
    (6, 0.3),
    (8, 0.45),
    (10, 0.15),
    (12, 0.2),
    (16, 0.22),
    (24, 0.08),
];
