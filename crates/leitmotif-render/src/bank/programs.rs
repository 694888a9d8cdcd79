//! The 128 programs of General MIDI, family by family.

use super::materials::*;
use super::timbre::{Held, Timbre};

/// The timbre of `program`, 0 to 127.
pub(crate) fn timbre(program: u8) -> Timbre {
    match program / 8 {
        0 => piano(program),
        1 => chromatic_percussion(program),
        2 => organ(program),
        3 => guitar(program),
        4 => bass(program),
        5 => strings(program),
        6 => ensemble(program),
        7 => brass(program),
        8 => reed(program),
        9 => pipe(program),
        10 => lead(program),
        11 => pad(program),
        12 => effect(program),
        13 => ethnic(program),
        14 => percussive(program),
        _ => sound_effect(program),
    }
}

fn piano(program: u8) -> Timbre {
    let grand =
        |tilt, hammer| Timbre::new(string(0.12, tilt, 0.00035, 4.5, knock(hammer, 0.05, 1800.0)), 0.001, 14.0, 0.45);
    match program {
        1 => grand(5.0, 0.35).level(0.5),
        2 => Timbre::new(string(0.12, 5.6, 0.0001, 5.0, knock(0.15, 0.03, 2000.0)), 0.001, 12.0, 0.4).sends(160, 120),
        3 => grand(5.6, 0.3).vibrato(0.6, 7, 0.0).sends(160, 450),
        4 => Timbre::new(bars(RHODES, knock(0.1, 0.02, 2500.0)), 0.001, 11.0, 0.35).tremolo(4.5, 1.2).sends(160, 150),
        5 => Timbre::new(bars(FM_PIANO, knock(0.06, 0.01, 4000.0)), 0.001, 11.0, 0.35).sends(180, 300),
        6 => Timbre::new(string(0.09, 2.8, 0.00005, 3.2, knock(0.5, 0.02, 5000.0)), 0.001, 7.0, 0.25).also(12.0, 0.4),
        7 => Timbre::new(CLAVINET, 0.001, 5.0, 0.12).sends(100, 60),
        _ => grand(6.2, 0.3),
    }
}

fn chromatic_percussion(program: u8) -> Timbre {
    let mallet = |partials, knock, decay| Timbre::new(bars(partials, knock), 0.001, decay, decay * 0.8).sends(260, 0);
    match program {
        8 => mallet(CELESTA, knock(0.06, 0.02, 4000.0), 5.0),
        9 => mallet(GLOCKENSPIEL, knock(0.08, 0.01, 8000.0), 5.5),
        10 => mallet(MUSIC_BOX, knock(0.1, 0.01, 6000.0), 4.5),
        11 => mallet(VIBRAPHONE, knock(0.05, 0.02, 2500.0), 9.0).tremolo(5.0, 2.0),
        12 => mallet(MARIMBA, knock(0.18, 0.02, 1500.0), 2.4),
        13 => mallet(XYLOPHONE, knock(0.3, 0.015, 5000.0), 1.4),
        14 => mallet(TUBULAR, knock(0.12, 0.03, 4000.0), 11.0),
        _ => Timbre::new(string(0.16, 4.5, 0.0002, 5.0, DULCIMER_KNOCK), 0.001, 7.0, 2.5).sends(260, 120),
    }
}

fn organ(program: u8) -> Timbre {
    let stops = |stops| Timbre::held(Held::new(0.0, 7000.0).stops(stops), 0.006, 0.12);
    match program {
        17 => stops(&[(1, 1.0), (2, 0.5), (3, 0.7), (4, 0.1)]).vibrato(6.2, 6, 0.0).sends(160, 250),
        18 => stops(ROCK_ORGAN).vibrato(6.6, 12, 0.0).tremolo(6.6, 1.5).sends(180, 350),
        19 => {
            Timbre::held(Held::new(0.0, 9000.0).stops(CHURCH_ORGAN).section(6.0).breath(0.05), 0.05, 0.7).sends(500, 0)
        }
        20 => Timbre::held(Held::new(5.0, 3500.0).formants(REED).section(5.0), 0.06, 0.2),
        21 => Timbre::held(Held::new(4.5, 4500.0).formants(REED).section(14.0), 0.04, 0.15),
        22 => Timbre::held(Held::new(5.0, 4200.0).formants(REED).hollow(0.25), 0.04, 0.15).vibrato(5.2, 14, 0.3),
        23 => Timbre::held(Held::new(4.0, 4000.0).formants(REED).section(9.0), 0.03, 0.15),
        _ => stops(JAZZ_ORGAN).vibrato(6.4, 8, 0.0).sends(160, 250),
    }
}

fn guitar(program: u8) -> Timbre {
    let plucked = |position, tilt, damping, decay| {
        Timbre::new(string(position, tilt, 0.00006, damping, knock(0.25, 0.02, 3500.0)), 0.001, decay, 0.3)
    };
    match program {
        24 => plucked(0.22, 6.5, 9.0, 7.0).sends(220, 0),
        26 => plucked(0.32, 7.5, 6.0, 7.0).sends(200, 60),
        27 => plucked(0.24, 4.5, 4.5, 8.0).sends(180, 200),
        28 => plucked(0.12, 6.0, 30.0, 1.3).sends(120, 0),
        29 => {
            let held = Held::new(5.0, 3000.0).formants(GUITAR_BODY).section(3.0);
            Timbre::held(held, 0.004, 0.25).decay(16.0).filter(3800.0, 1200, 0.4).sends(180, 100)
        }
        30 => {
            let held = Held::new(3.0, 3600.0).formants(GUITAR_BODY).section(5.0).breath(0.06);
            Timbre::held(held, 0.004, 0.25).decay(26.0).filter(5200.0, 900, 0.4).also(12.0, 0.3).sends(180, 150)
        }
        31 => Timbre::new(bars(HARMONIC, knock(0.1, 0.02, 4000.0)), 0.001, 7.0, 0.8).sends(300, 200),
        _ => plucked(0.15, 4.2, 6.0, 8.0).sends(220, 0),
    }
}

fn bass(program: u8) -> Timbre {
    let plucked = |position, tilt, damping, decay, pick| {
        Timbre::new(string(position, tilt, 0.00008, damping, knock(pick, 0.03, 1800.0)), 0.001, decay, 0.16)
            .level(2.0)
            .sends(60, 0)
    };
    match program {
        32 => plucked(0.25, 8.0, 14.0, 6.0, 0.5),
        34 => plucked(0.1, 4.5, 9.0, 9.0, 0.6),
        35 => plucked(0.2, 5.5, 5.0, 9.0, 0.2).vibrato(5.0, 6, 0.4).sends(80, 200),
        36 => plucked(0.06, 2.8, 9.0, 6.0, 1.1),
        37 => plucked(0.05, 2.4, 14.0, 4.5, 0.9),
        38 => Timbre::held(Held::new(6.0, 6000.0), 0.003, 0.12)
            .decay(9.0)
            .filter(700.0, 3200, 0.35)
            .level(2.0)
            .sends(60, 0),
        39 => Timbre::held(Held::new(6.0, 5000.0).hollow(0.9), 0.003, 0.12)
            .decay(14.0)
            .filter(900.0, 2400, 0.2)
            .level(2.0)
            .sends(60, 0),
        _ => plucked(0.2, 6.5, 9.0, 8.0, 0.3),
    }
}

fn strings(program: u8) -> Timbre {
    let bowed = |formants| Held::new(5.0, 5200.0).formants(formants).breath(0.08);
    match program {
        41 => Timbre::held(bowed(&[(350.0, 120.0, 6.0), (900.0, 300.0, 5.0), (2200.0, 700.0, 4.0)]), 0.09, 0.25)
            .vibrato(5.4, 14, 0.25),
        42 => Timbre::held(bowed(CELLO), 0.1, 0.3).vibrato(5.0, 14, 0.3),
        43 => Timbre::held(Held::new(6.0, 3200.0).formants(CELLO).breath(0.1), 0.12, 0.35).vibrato(4.6, 10, 0.4),
        44 => Timbre::held(bowed(VIOLIN).section(25.0), 0.06, 0.3).tremolo(11.0, 4.0).sends(300, 0),
        45 => Timbre::new(PIZZICATO, 0.001, 1.6, 0.8).sends(300, 0),
        46 => Timbre::new(string(0.35, 6.5, 0.00003, 6.0, knock(0.1, 0.02, 2000.0)), 0.001, 8.0, 3.0).sends(320, 0),
        47 => Timbre::new(bars(TIMPANI, knock(0.5, 0.06, 900.0)), 0.001, 6.0, 4.0).sends(320, 0),
        _ => Timbre::held(bowed(VIOLIN), 0.07, 0.22).vibrato(5.8, 16, 0.2),
    }
}

fn ensemble(program: u8) -> Timbre {
    match program {
        49 => Timbre::held(Held::new(5.6, 4200.0).formants(VIOLIN).section(34.0), 0.28, 0.7).sends(350, 0),
        50 => Timbre::held(Held::new(5.2, 5500.0).section(28.0), 0.1, 0.5).sends(250, 250),
        51 => Timbre::held(Held::new(5.8, 4200.0).section(40.0), 0.18, 0.8).filter(2600.0, 900, 0.8).sends(280, 350),
        52 => Timbre::held(Held::new(5.0, 5000.0).formants(AHH).section(38.0).breath(0.12), 0.12, 0.5).sends(380, 0),
        53 => Timbre::held(Held::new(6.0, 3800.0).formants(OOH).section(24.0).breath(0.1), 0.08, 0.35).sends(320, 0),
        54 => Timbre::held(Held::new(5.5, 4500.0).formants(OOH).section(16.0), 0.06, 0.4)
            .vibrato(5.2, 12, 0.3)
            .sends(280, 250),
        55 => {
            let hit = Held::new(3.6, 6500.0).formants(VIOLIN).section(45.0).breath(0.5);
            Timbre::held(hit, 0.004, 0.7).decay(1.8).filter(7000.0, 0, 0.1).also(12.0, 0.6).sends(450, 0)
        }
        _ => Timbre::held(Held::new(4.8, 5200.0).formants(VIOLIN).section(30.0), 0.12, 0.5).sends(320, 0),
    }
}

fn brass(program: u8) -> Timbre {
    let blown = |tilt, corner| Held::new(tilt, corner).breath(0.03);
    let bright = |held, rest| Timbre::held(held, 0.035, 0.14).filter(rest, 1400, 0.35).sends(220, 0);
    match program {
        57 => bright(blown(3.4, 3200.0).formants(&[(550.0, 250.0, 5.0)]), 2200.0).vibrato(4.8, 8, 0.5),
        58 => bright(blown(5.0, 1500.0).formants(&[(260.0, 120.0, 5.0)]), 1300.0),
        59 => bright(blown(2.0, 5200.0).formants(&[(1600.0, 250.0, 15.0), (3200.0, 600.0, 8.0)]), 4200.0)
            .vibrato(5.4, 10, 0.3),
        60 => Timbre::held(blown(5.2, 1700.0).formants(&[(400.0, 160.0, 5.0)]), 0.06, 0.22)
            .filter(1700.0, 700, 0.5)
            .sends(320, 0),
        61 => bright(blown(3.0, 4500.0).section(16.0), 3200.0).sends(260, 80),
        62 => Timbre::held(Held::new(5.0, 7000.0).section(12.0), 0.03, 0.2).filter(1800.0, 2400, 0.4).sends(220, 250),
        63 => Timbre::held(Held::new(5.6, 5000.0).section(16.0), 0.06, 0.3).filter(1400.0, 1900, 0.6).sends(240, 300),
        _ => bright(blown(2.6, 4800.0).formants(&[(1200.0, 500.0, 6.0)]), 3200.0).vibrato(5.2, 9, 0.5),
    }
}

fn reed(program: u8) -> Timbre {
    let sax = |tilt, corner| {
        Timbre::held(Held::new(tilt, corner).formants(SAX).breath(0.14), 0.04, 0.12).vibrato(5.2, 13, 0.3)
    };
    match program {
        64 => sax(4.6, 5200.0),
        65 => sax(4.2, 4500.0),
        66 => sax(4.0, 3800.0),
        67 => sax(3.8, 3000.0),
        68 => Timbre::held(Held::new(3.2, 5200.0).formants(REED).breath(0.04), 0.04, 0.12).vibrato(5.4, 12, 0.3),
        69 => Timbre::held(Held::new(3.8, 4200.0).formants(&[(950.0, 280.0, 10.0)]).breath(0.04), 0.05, 0.14)
            .vibrato(5.2, 10, 0.3),
        70 => Timbre::held(Held::new(4.2, 3000.0).formants(BASSOON).breath(0.05), 0.05, 0.13),
        _ => Timbre::held(Held::new(4.6, 4200.0).hollow(0.92).breath(0.05), 0.045, 0.13),
    }
}

fn pipe(program: u8) -> Timbre {
    let air = |tilt, corner, breath| Held::new(tilt, corner).breath(breath);
    match program {
        72 => Timbre::held(air(8.0, 6500.0, 0.25), 0.035, 0.12).vibrato(5.6, 10, 0.3),
        74 => Timbre::held(air(11.0, 4000.0, 0.22).hollow(0.4), 0.03, 0.1),
        75 => Timbre::held(air(10.0, 4500.0, 0.75), 0.04, 0.18).vibrato(5.0, 10, 0.4).sends(320, 0),
        76 => Timbre::held(air(14.0, 3000.0, 1.1), 0.05, 0.2).sends(280, 0),
        77 => Timbre::held(air(8.0, 4500.0, 0.7).hollow(0.3), 0.06, 0.2).vibrato(4.6, 24, 0.4).sends(320, 0),
        78 => Timbre::held(air(22.0, 5000.0, 0.2), 0.03, 0.1).vibrato(5.4, 14, 0.3).sends(280, 0),
        79 => Timbre::held(air(16.0, 2800.0, 0.3), 0.04, 0.14).vibrato(4.8, 10, 0.4).sends(280, 0),
        _ => Timbre::held(air(8.5, 4500.0, 0.32), 0.045, 0.14).vibrato(5.2, 12, 0.3),
    }
}

fn lead(program: u8) -> Timbre {
    let synth = |held| Timbre::held(held, 0.005, 0.12).sends(180, 180);
    match program {
        80 => synth(Held::new(6.0, 7500.0).hollow(1.0)).vibrato(5.4, 7, 0.4),
        82 => synth(Held::new(8.0, 4000.0).breath(0.2)).vibrato(5.0, 8, 0.3),
        83 => synth(Held::new(4.5, 6000.0).breath(0.3)).filter(3000.0, 1500, 0.15),
        84 => synth(Held::new(3.5, 6000.0).section(4.0)).filter(3600.0, 1500, 0.25),
        85 => synth(Held::new(5.0, 4500.0).formants(AHH)).vibrato(5.2, 10, 0.3),
        86 => synth(Held::new(6.0, 6500.0).section(6.0)).also(7.0, 0.8).also(19.02, 0.7),
        87 => synth(Held::new(5.5, 6500.0).section(10.0)).filter(2200.0, 1800, 0.5).also(12.0, 0.5).level(0.5),
        _ => synth(Held::new(6.0, 8500.0).section(5.0)).vibrato(5.4, 6, 0.4),
    }
}

fn pad(program: u8) -> Timbre {
    let soft = |held, attack| Timbre::held(held, attack, 1.4).sends(380, 250);
    match program {
        89 => soft(Held::new(7.0, 2600.0).section(36.0), 0.35),
        90 => soft(Held::new(5.2, 6000.0).section(26.0), 0.06).filter(2400.0, 1600, 0.8),
        91 => soft(Held::new(6.0, 4500.0).formants(AHH).section(40.0).breath(0.15), 0.3),
        92 => soft(Held::new(7.5, 6000.0).section(18.0).breath(0.12), 0.35),
        93 => soft(Held::new(5.0, 6500.0).hollow(0.5).section(30.0), 0.4).filter(2500.0, 600, 1.5),
        94 => soft(Held::new(7.0, 5000.0).formants(OOH).section(44.0), 0.5),
        95 => soft(Held::new(5.0, 6500.0).section(34.0), 0.5).filter(1200.0, 2200, 2.5),
        _ => soft(Held::new(6.0, 5500.0).section(26.0), 0.04).also(12.0, 0.5),
    }
}

fn effect(program: u8) -> Timbre {
    let soft = |held, attack| Timbre::held(held, attack, 1.6).sends(420, 300);
    match program {
        97 => soft(Held::new(5.5, 5000.0).formants(AHH).section(40.0), 0.5).filter(2000.0, 1500, 2.0),
        98 => Timbre::new(bars(CRYSTAL, knock(0.05, 0.01, 6000.0)), 0.001, 9.0, 2.5).sends(420, 300),
        99 => Timbre::new(string(0.14, 4.2, 0.00006, 5.0, knock(0.15, 0.02, 3500.0)), 0.003, 12.0, 2.0).sends(420, 350),
        100 => Timbre::held(Held::new(4.0, 7500.0).section(20.0), 0.008, 1.2).decay(14.0).sends(420, 300),
        101 => soft(Held::new(6.5, 4000.0).section(50.0).breath(0.5), 0.5).vibrato(4.0, 18, 0.2),
        102 => soft(Held::new(6.0, 4500.0).section(22.0), 0.1).tremolo(3.0, 3.0),
        103 => soft(Held::new(5.0, 6500.0).section(24.0), 0.2).vibrato(6.0, 14, 0.1).also(12.0, 0.5),
        _ => Timbre::new(bars(CRYSTAL, NONE), 0.002, 7.0, 1.8).sends(420, 400),
    }
}

fn ethnic(program: u8) -> Timbre {
    let plucked = |position, tilt, damping, decay| {
        Timbre::new(string(position, tilt, 0.00008, damping, knock(0.3, 0.02, 3500.0)), 0.001, decay, 0.4)
    };
    match program {
        105 => plucked(0.08, 3.0, 14.0, 3.0),
        106 => plucked(0.1, 3.0, 16.0, 2.6),
        107 => plucked(0.16, 4.2, 9.0, 4.5).sends(260, 0),
        108 => Timbre::new(bars(KALIMBA, knock(0.2, 0.02, 2500.0)), 0.001, 3.4, 1.5).sends(240, 0),
        109 => Timbre::held(Held::new(2.8, 4200.0).formants(REED).section(4.0), 0.03, 0.12),
        110 => Timbre::held(Held::new(4.4, 6000.0).formants(VIOLIN).breath(0.14), 0.05, 0.2).vibrato(6.0, 12, 0.25),
        111 => Timbre::held(Held::new(2.6, 5200.0).formants(REED).breath(0.06), 0.035, 0.12).vibrato(5.6, 22, 0.25),
        _ => plucked(0.07, 2.6, 4.0, 8.0).sends(260, 120),
    }
}

fn percussive(program: u8) -> Timbre {
    let hit = |partials, knock, decay| Timbre::new(bars(partials, knock), 0.001, decay, decay).sends(220, 0);
    match program {
        112 => hit(GLOCKENSPIEL, knock(0.2, 0.01, 8000.0), 3.0),
        113 => hit(AGOGO, knock(0.15, 0.01, 5000.0), 1.6),
        114 => hit(STEEL_DRUM, knock(0.12, 0.02, 3000.0), 3.4),
        115 => hit(WOODBLOCK, knock(0.4, 0.01, 4000.0), 0.6),
        116 => hit(TAIKO, knock(0.8, 0.08, 700.0), 2.6).level(1.0),
        117 => hit(TOM, knock(0.4, 0.04, 1500.0), 1.8),
        118 => hit(SYNTH_DRUM, knock(0.2, 0.03, 3000.0), 1.8),
        // A reversed cymbal: noise that swells.
        _ => Timbre::held(Held::new(0.0, 12_000.0).section(300.0).breath(4.0), 1.6, 0.1).sends(220, 0).level(-3.0),
    }
}

fn sound_effect(program: u8) -> Timbre {
    let noise =
        |corner, attack, release| Timbre::held(Held::new(30.0, corner).breath(60.0), attack, release).level(-2.0);
    match program {
        120 => noise(5000.0, 0.01, 0.1).decay(0.5),
        121 => noise(2500.0, 0.05, 0.2).decay(1.5),
        122 => noise(1500.0, 1.2, 1.5).tremolo(0.25, 8.0),
        123 => Timbre::held(Held::new(0.0, 9000.0).stops(&[(11, 1.0), (22, 0.15)]), 0.01, 0.1)
            .vibrato(9.0, 250, 0.0)
            .tremolo(4.0, 9.0),
        124 => Timbre::held(Held::new(0.0, 6000.0).stops(&[(4, 1.0), (5, 0.9), (8, 0.3), (10, 0.25)]), 0.005, 0.05)
            .tremolo(14.0, 12.0),
        125 => noise(500.0, 0.05, 0.4).tremolo(11.0, 10.0),
        126 => noise(4500.0, 0.15, 0.6).tremolo(8.0, 2.0),
        _ => noise(2200.0, 0.002, 0.8).decay(1.4),
    }
}
