//! What the values of a vocabulary mean, read from their names.
//!
//! Of the `events` representation everything is known; of any other only the end.

use leitmotif_events::{RepresentationConfig, Value, Vocabulary};
use leitmotif_score::Instrument;

/// What a value of the first field does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Note,
    End,
    /// Quarters a minute.
    Tempo(f64),
    /// Numerator and denominator.
    Bar(u8, u8),
    /// An instrument of the header.
    With,
    /// Start and genre.
    Opening,
}

impl Kind {
    pub fn is_bar(self) -> bool {
        matches!(self, Self::Bar(..))
    }

    pub fn is_tempo(self) -> bool {
        matches!(self, Self::Tempo(_))
    }

    /// The length of a bar in quarters; 0 for everything else.
    pub fn quarters(self) -> f64 {
        match self {
            Self::Bar(numerator, denominator) => 4.0 * f64::from(numerator) / f64::from(denominator.max(1)),
            _ => 0.0,
        }
    }
}

/// The fields of the `events` representation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places {
    pub position: usize,
    pub instrument: usize,
    pub pitch: usize,
}

/// A vocabulary understood.
#[derive(Debug)]
pub(crate) struct Meaning {
    /// Of each value of the first field.
    pub kinds: Vec<Kind>,
    /// Where the fields of a note are; `None` if notes have no such fields.
    pub places: Option<Places>,
    /// Of each value of the instrument field.
    pub instruments: Vec<Option<Instrument>>,
    /// Of each value of the pitch field: MIDI pitch, and whether it is a drum sound.
    pub pitches: Vec<Option<(u8, bool)>>,
}

impl Meaning {
    pub fn of(vocabulary: &Vocabulary) -> Self {
        let names = &vocabulary.fields[0].values;
        let field = |name: &str| vocabulary.fields.iter().position(|field| field.name == name);
        let places = match (&vocabulary.settings, field("position"), field("instrument"), field("pitch")) {
            (RepresentationConfig::Events { .. }, Some(position), Some(instrument), Some(pitch)) => {
                Some(Places { position, instrument, pitch })
            }
            _ => None,
        };
        let Some(Places { instrument, pitch, .. }) = places else {
            let kinds = names.iter().map(|name| match name.as_str() {
                "end" => Kind::End,
                "start" => Kind::Opening,
                _ => Kind::Note,
            });
            return Self { kinds: kinds.collect(), places: None, instruments: Vec::new(), pitches: Vec::new() };
        };
        let programs: Vec<String> = (0..128).map(|program| Instrument::Program(program).name()).collect();
        let instruments = vocabulary.fields[instrument].values.iter().map(|name| match name.as_str() {
            "drums" => Some(Instrument::Drums(0)),
            name => {
                programs.iter().position(|program| program == name).map(|program| Instrument::Program(program as u8))
            }
        });
        // Pitches stand in ascending order after the value that means none.
        let mut next = 0;
        let pitches = vocabulary.fields[pitch].values.iter().enumerate().map(|(value, name)| {
            if let Some(sound) = name.strip_prefix("drum ") {
                return Some((sound.parse().ok()?, true));
            }
            let known = value > 0;
            next += u8::from(known);
            known.then(|| (next - 1, false))
        });
        Self {
            kinds: names.iter().map(|name| kind(name)).collect(),
            places,
            instruments: instruments.collect(),
            pitches: pitches.collect(),
        }
    }

    /// What an event is.
    pub fn kind(&self, event: &[Value]) -> Kind {
        event.first().and_then(|&value| self.kinds.get(usize::from(value))).copied().unwrap_or(Kind::Opening)
    }

    /// The kind of a bar of this time signature.
    pub fn bar(&self, meter: (u8, u8)) -> Option<usize> {
        self.kinds.iter().position(|&kind| kind == Kind::Bar(meter.0, meter.1))
    }

    /// The kind of the tempo nearest to `tempo` (as a ratio), and that tempo.
    pub fn tempo(&self, tempo: f64) -> Option<(usize, f64)> {
        let tempos = self.kinds.iter().enumerate().filter_map(|(value, kind)| match kind {
            Kind::Tempo(other) => Some((value, *other)),
            _ => None,
        });
        tempos.min_by(|a, b| (a.1 / tempo).ln().abs().total_cmp(&(b.1 / tempo).ln().abs()))
    }
}

fn kind(name: &str) -> Kind {
    let mut words = name.split(' ');
    match (words.next(), words.next()) {
        (Some("note"), None) => Kind::Note,
        (Some("end"), None) => Kind::End,
        (Some("with"), None) => Kind::With,
        (Some("tempo"), Some(tempo)) => tempo.parse().map_or(Kind::Opening, Kind::Tempo),
        (Some("bar"), Some(meter)) => {
            let meter = meter.split_once('/').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
            meter.map_or(Kind::Opening, |(numerator, denominator)| Kind::Bar(numerator, denominator))
        }
        _ => Kind::Opening,
    }
}
