//! What options may hold, beyond numbers and paths.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use leitmotif_corpus::Split;
use leitmotif_render::Theme;
use leitmotif_score::{Instrument, InstrumentSelection};

/// The program that stands for each family where a family is named and one player is wanted: the
/// one that most bands have.
const REPRESENTATIVES: [u8; 16] = [0, 11, 16, 27, 33, 40, 48, 61, 65, 73, 80, 89, 96, 104, 112, 120];

/// `train`, `valid` or `test`.
pub fn split() -> impl TypedValueParser<Value = Split> {
    PossibleValuesParser::new(Split::ALL.map(Split::name))
        .map(|name| Split::ALL.into_iter().find(|split| split.name() == name).unwrap_or(Split::Test))
}

/// `light`, `dark` or `auto`.
pub fn theme() -> impl TypedValueParser<Value = Theme> {
    PossibleValuesParser::new(["light", "dark", "auto"]).map(|name| match name.as_str() {
        "light" => Theme::Light,
        "dark" => Theme::Dark,
        _ => Theme::Auto,
    })
}

/// Instruments by number, name or family.
pub fn instruments(text: &str) -> Result<InstrumentSelection, String> {
    InstrumentSelection::parse(text).map_err(|error| error.to_string())
}

/// The one player that a selection stands for: itself where it names one, the usual one of a
/// family, else the first.
pub fn player(selection: &InstrumentSelection) -> Instrument {
    let all: Vec<Instrument> = selection.instruments().collect();
    let first = all.first().copied().unwrap_or(Instrument::Program(0));
    match first.family() {
        Some(family) if all.len() > 1 && all.iter().all(|it| it.family() == Some(family)) => {
            Instrument::Program(REPRESENTATIVES[usize::from(family)])
        }
        _ => first,
    }
}

/// A player for each of several selections. Those of a family are all different: where the usual
/// one is taken, the next of the family. An instrument that is named itself may come again.
///
/// # Errors
/// A family whose players are all taken.
pub fn players(selections: &[InstrumentSelection]) -> Result<Vec<Instrument>, String> {
    let is_one = |selection: &InstrumentSelection| selection.instruments().nth(1).is_none();
    let mut players: Vec<Option<Instrument>> =
        selections.iter().map(|selection| is_one(selection).then(|| player(selection))).collect();
    for at in 0..selections.len() {
        if players[at].is_none() {
            let mut choices = std::iter::once(player(&selections[at])).chain(selections[at].instruments());
            players[at] = choices.find(|choice| !players.contains(&Some(*choice)));
            if players[at].is_none() {
                return Err(format!("`{}` is named more often than it has instruments", selections[at].name()));
            }
        }
    }
    Ok(players.into_iter().flatten().collect())
}

/// An instrument that several of these players have.
pub fn named_twice(players: &[Instrument]) -> Option<Instrument> {
    players.iter().enumerate().find(|(at, player)| players[..*at].contains(player)).map(|(_, player)| *player)
}

/// A time signature such as `3/4`.
pub fn meter(text: &str) -> Result<(u8, u8), String> {
    let wrong = || format!("`{text}` is not a time signature; write one such as 4/4 or 6/8");
    let (beats, unit) = text.trim().split_once('/').ok_or_else(wrong)?;
    let (beats, unit): (u8, u8) = (beats.parse().map_err(|_| wrong())?, unit.parse().map_err(|_| wrong())?);
    if beats == 0 || !unit.is_power_of_two() { Err(wrong()) } else { Ok((beats, unit)) }
}

/// A pitch: a MIDI number, or a name such as `C4` (60), `F#2` or `Bb3`.
pub fn pitch(text: &str) -> Result<u8, String> {
    let text = text.trim();
    let wrong = || format!("`{text}` is not a pitch; write a MIDI number (0 to 127) or a name such as C4 (60) or F#2");
    if let Ok(number) = text.parse::<u8>() {
        return if number < 128 { Ok(number) } else { Err(wrong()) };
    }
    let mut letters = text.chars();
    let step = letters.next().and_then(|letter| "C_D_EF_G_A_B".find(letter.to_ascii_uppercase())).ok_or_else(wrong)?;
    let rest = letters.as_str();
    let octave_at = rest.find(|c: char| c.is_ascii_digit() || c == '-').ok_or_else(wrong)?;
    if text.starts_with('_') {
        return Err(wrong());
    }
    let mut pitch = step as i32;
    for sign in rest[..octave_at].chars() {
        pitch += match sign {
            '#' | '\u{266f}' => 1,
            'b' | '\u{266d}' => -1,
            _ => return Err(wrong()),
        };
    }
    let octave: i32 = rest[octave_at..].parse().map_err(|_| wrong())?;
    let pitch = octave.checked_add(1).and_then(|it| it.checked_mul(12)).and_then(|it| it.checked_add(pitch));
    pitch.and_then(|it| u8::try_from(it).ok()).filter(|it| *it < 128).ok_or_else(wrong)
}

/// A range of pitches, for some instruments or (`None`) for all but drums: `C3-C5`, `bass=28-55`.
#[derive(Debug, Clone)]
pub struct Range {
    /// For whom.
    pub instruments: Option<InstrumentSelection>,
    /// Lowest pitch.
    pub low: u8,
    /// Highest pitch.
    pub high: u8,
}

/// Reads a [`Range`].
pub fn range(text: &str) -> Result<Range, String> {
    let (who, pitches) = match text.split_once('=') {
        Some((who, pitches)) => (Some(instruments(who)?), pitches),
        None => (None, text),
    };
    // A hyphen may also be the sign of an octave, so every one is tried.
    let mut cuts = pitches.char_indices().filter(|(_, letter)| *letter == '-').map(|(at, _)| at);
    let found = cuts.find_map(|at| Some((pitch(&pitches[..at]).ok()?, pitch(&pitches[at + 1..]).ok()?)));
    let Some((low, high)) = found else {
        return Err(format!("`{pitches}` is not a range of pitches; write one such as C3-C5, 40-72 or bass=28-55"));
    };
    if low > high {
        return Err(format!("`{pitches}`: the lower pitch comes first"));
    }
    Ok(Range { instruments: who, low, high })
}

/// The shares of the three splits: `0.85,0.075,0.075`.
pub fn shares(text: &str) -> Result<[f64; 3], String> {
    let numbers: Vec<f64> = text.split(',').filter_map(|it| it.trim().parse().ok()).collect();
    let shares: [f64; 3] = numbers
        .try_into()
        .map_err(|_| format!("`{text}`: write three shares (train, valid, test), such as 0.85,0.075,0.075"))?;
    let is_share = |share: &f64| (0.0..=1.0).contains(share);
    if shares.iter().all(is_share) && (shares.iter().sum::<f64>() - 1.0).abs() < 1e-6 {
        Ok(shares)
    } else {
        Err(format!("`{text}`: the three shares must add up to 1"))
    }
}

/// Bars from one to another, counted from 1: `5-12`, `5-`, `-8`, `3`.
pub fn bars(text: &str) -> Result<(Option<usize>, Option<usize>), String> {
    let wrong = || format!("`{text}` is not a range of bars; write one such as 5-12, 5- or -8");
    let number = |text: &str| match text.trim() {
        "" => Ok(None),
        text => text.parse::<usize>().ok().filter(|it| *it > 0).map(Some).ok_or_else(wrong),
    };
    let (from, to) = match text.split_once('-') {
        Some((from, to)) => (number(from)?, number(to)?),
        None => (number(text)?, number(text)?),
    };
    match (from, to) {
        (None, None) => Err(wrong()),
        (Some(from), Some(to)) if from > to => Err(wrong()),
        range => Ok(range),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn pitches_by_number_and_name() {
        let good = [("60", 60), ("C4", 60), ("c4", 60), ("F#2", 42), ("Bb3", 58), ("C-1", 0), ("G9", 127)];
        for (text, value) in good {
            assert_eq!(pitch(text), Ok(value), "{text}");
        }
        for text in ["", "H4", "C", "G#9", "128", "_4", "C99999999999", "Cx4", "♯"] {
            assert!(pitch(text).is_err(), "{text}");
        }
    }

    #[test]
    fn ranges_meters_shares_and_bars() {
        let read = |text| range(text).map(|it| (it.instruments.map(|who| who.name().to_owned()), it.low, it.high));
        assert_eq!(read("C3-C5"), Ok((None, 48, 72)));
        assert_eq!(read("C-1-C5"), Ok((None, 0, 72)));
        assert_eq!(read("bass=28-55"), Ok((Some("bass".into()), 28, 55)));
        assert!(read("C5-C3").unwrap_err().contains("lower"));
        assert!(read("paino=1-2").unwrap_err().contains("piano"));
        assert!(read("C3").is_err());
        assert_eq!(meter("6/8"), Ok((6, 8)));
        assert!(["6", "0/4", "4/3", "a/b"].iter().all(|text| meter(text).is_err()));
        assert_eq!(shares("0.8, 0.1, 0.1"), Ok([0.8, 0.1, 0.1]));
        assert!(shares("0.8,0.1").is_err() && shares("0.8,0.1,0.2").is_err());
        assert_eq!(bars("5-12"), Ok((Some(5), Some(12))));
        assert_eq!(bars("5-"), Ok((Some(5), None)));
        assert_eq!(bars("3"), Ok((Some(3), Some(3))));
        assert!(["", "-", "0-3", "5-2"].iter().all(|text| bars(text).is_err()));
    }

    #[test]
    fn instruments_of_one_family_are_different_players() {
        let of = |names: &[&str]| {
            let selections: Vec<_> = names.iter().map(|name| InstrumentSelection::parse(name).unwrap()).collect();
            players(&selections)
        };
        let programs = |numbers: &[u8]| Ok(numbers.iter().map(|it| Instrument::Program(*it)).collect());
        assert_eq!(of(&["strings", "violin"]), programs(&[41, 40]), "the usual player of the strings is the violin");
        assert_eq!(of(&["violin", "strings"]), programs(&[40, 41]));
        assert_eq!(of(&["strings", "piano"]), programs(&[40, 0]));
        assert_eq!(of(&["violin", "violin"]), programs(&[40, 40]));
        assert_eq!(named_twice(&of(&["violin", "viola", "violin"]).unwrap()), Some(Instrument::Program(40)));
        assert_eq!(named_twice(&of(&["piano", "piano", "bass"]).unwrap()), None);
        assert_eq!(of(&["piano", "bass", "drums"]).map(|it| it.len()), Ok(3));
    }

    #[test]
    fn a_family_stands_for_its_usual_player() {
        let of = |text| player(&InstrumentSelection::parse(text).unwrap());
        assert_eq!(of("piano"), Instrument::Program(0));
        assert_eq!(of("bass"), Instrument::Program(33));
        assert_eq!(of("drums"), Instrument::Drums(0));
        assert_eq!(of("distortion-guitar"), Instrument::Program(30));
        for (family, program) in leitmotif_score::family_names().iter().zip(REPRESENTATIVES) {
            assert_eq!(of(family), Instrument::Program(program), "{family}");
        }
    }
}
