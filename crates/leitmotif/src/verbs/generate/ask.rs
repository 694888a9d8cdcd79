//! The options for what is to be composed, and the request they make.

use crate::failure::Refusal;
use crate::pedal::Pedal;
use crate::source_file::SourceFile;
use crate::values::{self, Range};
use crate::verbs::cells::chords::{self, ChordOptions};
use anyhow::Result;
use clap::{ArgGroup, Args};
use leitmotif_compose::{
    Conditions, Constraints, FieldSampling, FormRequest, Key, Length, MAX_BARS, PitchRange, Prime, PriorKind, Request,
    Sampling, Scale,
};
use leitmotif_events::Header;
use leitmotif_score::{Instrument, InstrumentSelection, family_names, read_midi_file};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The default length, in bars.
const DEFAULT_BARS: usize = 32;
/// The top-p of fields of which something else is asked.
const DEFAULT_TOP_P: f64 = 0.98;
/// The most that the model's own end may take, in bars.
const OPEN_BARS: usize = 1024;

/// What is to be composed.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("length").args(["bars", "seconds", "notes", "until_end"]))]
pub struct RequestOptions {
    /// Genre, one of those the model was trained on [default: the model chooses]
    #[arg(long, value_name = "NAME", help_heading = "What to compose")]
    genre: Option<String>,
    /// Use exactly these instruments: numbers, names or families, such as piano,bass,drums; models
    /// of cells, such as base, also take violin,violin
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = values::instruments,
        help_heading = "What to compose")]
    instruments: Vec<InstrumentSelection>,
    /// Tempo of the whole piece, in quarter notes per minute
    #[arg(long, value_name = "QPM", allow_negative_numbers = true, help_heading = "What to compose")]
    tempo: Option<f64>,
    /// Time signature of the whole piece, such as 3/4
    #[arg(long, value_name = "N/N", value_parser = values::meter, help_heading = "What to compose")]
    meter: Option<(u8, u8)>,
    /// Continue this MIDI file; its bars keep their controllers, pitch bends, lyrics and markers
    #[arg(long, value_name = "FILE", help_heading = "What to compose")]
    prime: Option<PathBuf>,
    /// Use only the first N bars of that file [default: all]
    #[arg(long, value_name = "N", requires = "prime", help_heading = "What to compose")]
    prime_bars: Option<usize>,
    /// How MIDI files are read.
    #[command(flatten)]
    pedal: Pedal,

    /// Number of new bars [default: 32]
    #[arg(long, value_name = "N", help_heading = "Length")]
    bars: Option<usize>,
    /// Length of the new music in seconds
    #[arg(long, value_name = "S", help_heading = "Length")]
    seconds: Option<f64>,
    /// Number of new notes
    #[arg(long, value_name = "N", help_heading = "Length")]
    notes: Option<usize>,
    /// Continue until the model ends the piece
    #[arg(long, help_heading = "Length")]
    until_end: bool,

    /// Sections that return: AABA repeats the first section as the second and the last. Each letter
    /// is a section, and all sections are equally long
    #[arg(long, value_name = "LETTERS", conflicts_with_all = ["seconds", "notes", "until_end"], help_heading = "Form")]
    form: Option<String>,
    /// Share of the bars of each part that are varied where a section returns, from 0 (repeated
    /// exactly) to 1 [default: 0]
    #[arg(long, value_name = "SHARE", requires = "form", help_heading = "Form")]
    variation: Option<f64>,

    /// Sample latents from the prior (the default for models with latents)
    #[arg(long, help_heading = "Latents")]
    from_latent: bool,
    /// Prior to sample latents from: `learnt` or `normal` (independent standard normals) [default:
    /// learnt, if the model has one]
    #[arg(long, value_name = "KIND", value_parser = prior, help_heading = "Latents")]
    prior: Option<PriorKind>,
    /// Latent sampling temperature: below 1 stays closer to the most likely latents
    #[arg(long, value_name = "T", default_value_t = 1.0, help_heading = "Latents")]
    latent_temperature: f64,
    /// Rhythmic density of each bar, as a class from 1 (sparse) upwards [default: the model
    /// chooses]
    #[arg(long, value_name = "CLASS", help_heading = "Latents")]
    rhythm: Option<u16>,
    /// Number of notes sounding at once, as a class from 1 (few) upwards [default: the model
    /// chooses]
    #[arg(long, value_name = "CLASS", help_heading = "Latents")]
    polyphony: Option<u16>,
    /// Class of another attribute of the model, such as velocity=5 (repeatable)
    #[arg(long, value_name = "NAME=CLASS", value_parser = attribute, help_heading = "Latents")]
    attribute: Vec<(String, u16)>,
    /// Do not enforce the requested rhythm, polyphony and density; the model may deviate from them
    #[arg(long, help_heading = "Latents")]
    loose: bool,

    /// Sampling temperature of all fields: higher is bolder, lower is safer, 0 always takes the
    /// most probable value [default: tuned for each field]
    #[arg(long, value_name = "T", help_heading = "Sampling")]
    temperature: Option<f64>,
    /// Sample only from the K most probable values; 0 for no limit
    #[arg(long, value_name = "K", help_heading = "Sampling")]
    top_k: Option<usize>,
    /// Sample only from the most probable values that together reach this probability
    #[arg(long, value_name = "P", help_heading = "Sampling")]
    top_p: Option<f64>,
    /// Sample only from values at least P times as probable as the most probable one
    #[arg(long, value_name = "P", help_heading = "Sampling")]
    min_p: Option<f64>,
    /// Set temperature, top-k, top-p or min-p for one event field, such as pitch.temperature=0.9
    /// (repeatable)
    #[arg(long, value_name = "FIELD.KEY=VALUE", value_parser = field, help_heading = "Sampling")]
    field: Vec<FieldSetting>,
    /// Sample without grammar checks, and count the invalid events
    #[arg(long, help_heading = "Sampling")]
    no_grammar: bool,

    /// Which chords it follows.
    #[command(flatten)]
    chords: ChordOptions,

    /// Key, such as "C", "F# minor" or "Bb dorian"; does not affect drums
    #[arg(long, value_name = "KEY", help_heading = "Constraints")]
    key: Option<String>,
    /// Scale on the tonic of --key, such as harmonic-minor or blues
    #[arg(long, value_name = "NAME", requires = "key", help_heading = "Constraints", value_parser = scale)]
    scale: Option<Scale>,
    /// Pitch range of all instruments but drums, or of one: C2-C6, bass=28-55 (repeatable)
    #[arg(long, value_name = "RANGE", value_parser = values::range, help_heading = "Constraints")]
    range: Vec<Range>,
    /// Allow only these instruments, such as piano,bass,drums
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = values::instruments,
        help_heading = "Constraints")]
    allow: Vec<InstrumentSelection>,
}

fn scale(text: &str) -> Result<Scale, String> {
    text.parse()
}

fn prior(text: &str) -> Result<PriorKind, String> {
    match text {
        "learnt" => Ok(PriorKind::Learnt),
        "normal" => Ok(PriorKind::Normal),
        _ => Err(format!("`{text}` is neither learnt nor normal")),
    }
}

fn attribute(text: &str) -> Result<(String, u16), String> {
    let wrong = || format!("`{text}`: write an attribute and a class from 1: velocity=5");
    let (name, class) = text.split_once('=').ok_or_else(wrong)?;
    Ok((name.trim().to_owned(), class.trim().parse().map_err(|_| wrong())?))
}

/// One setting of the sampling of one field.
#[derive(Debug, Clone)]
struct FieldSetting {
    field: String,
    key: FieldKey,
}

#[derive(Debug, Clone, Copy)]
enum FieldKey {
    Temperature(f64),
    TopK(usize),
    TopP(f64),
    MinP(f64),
}

fn field(text: &str) -> Result<FieldSetting, String> {
    let wrong = || {
        format!("`{text}`: write a field, one of temperature, top-k, top-p, min-p, and a number: pitch.temperature=0.9")
    };
    let (name, value) = text.split_once('=').ok_or_else(wrong)?;
    let (field, key) = name.trim().split_once('.').ok_or_else(wrong)?;
    let value = value.trim();
    let number = || value.parse::<f64>().map_err(|_| wrong());
    let key = match key.replace('_', "-").as_str() {
        "temperature" => FieldKey::Temperature(number()?),
        "top-k" => FieldKey::TopK(value.parse().map_err(|_| wrong())?),
        "top-p" => FieldKey::TopP(number()?),
        "min-p" => FieldKey::MinP(number()?),
        _ => return Err(wrong()),
    };
    Ok(FieldSetting { field: field.to_owned(), key })
}

impl RequestOptions {
    /// The request.
    pub fn request(&self, seed: u64) -> Result<Request> {
        let instruments =
            values::players(&self.instruments).map_err(|reason| Refusal::usage(format!("--instruments: {reason}")))?;
        Ok(Request {
            header: Header { genre: self.genre.clone(), instruments },
            length: self.length(),
            prime: self.prime()?,
            tempo: self.tempo,
            meter: self.meter,
            chords: self.chords.request(chords::key(self.key.as_deref())?)?,
            form: self.form.clone().map(|sections| FormRequest { sections, variation: self.variation.unwrap_or(0.0) }),
            sampling: self.sampling(),
            constraints: self.constraints()?,
            conditions: self.conditions(),
            seed,
            grammar: !self.no_grammar,
            ..Request::default()
        })
    }

    /// What is asked of latents, if anything is.
    fn conditions(&self) -> Option<Conditions> {
        let mut attributes: BTreeMap<String, u16> = self.attribute.iter().cloned().collect();
        for (name, class) in [("rhythm", self.rhythm), ("polyphony", self.polyphony)] {
            attributes.extend(class.map(|class| (name.to_owned(), class)));
        }
        let conditions =
            Conditions { prior: self.prior, temperature: self.latent_temperature, attributes, keep: !self.loose };
        (self.from_latent || conditions != Conditions::default()).then_some(conditions)
    }

    fn length(&self) -> Length {
        match (self.bars, self.seconds, self.notes, self.until_end) {
            (Some(bars), ..) => Length::Bars(bars),
            (_, Some(seconds), ..) => Length::Seconds(seconds),
            (_, _, Some(notes), _) => Length::Notes(notes),
            (.., true) => Length::Open { most_bars: OPEN_BARS.min(MAX_BARS) },
            _ => Length::Bars(DEFAULT_BARS),
        }
    }

    /// The file to continue.
    pub fn source(&self) -> Result<Option<SourceFile>> {
        self.prime.as_deref().map(|path| SourceFile::open(path, self.pedal.read())).transpose()
    }

    fn prime(&self) -> Result<Option<Prime>> {
        let Some(path) = &self.prime else { return Ok(None) };
        let (score, _) = read_midi_file(path, &self.pedal.read())?;
        Ok(Some(Prime { score, bars: self.prime_bars }))
    }

    fn sampling(&self) -> Sampling {
        let Self { temperature, top_k, top_p, min_p, .. } = *self;
        let asked = temperature.is_some() || top_k.is_some() || top_p.is_some() || min_p.is_some();
        let all = asked.then(|| FieldSampling {
            temperature: temperature.unwrap_or(1.0),
            top_k: top_k.unwrap_or(0),
            top_p: top_p.unwrap_or(DEFAULT_TOP_P),
            min_p: min_p.unwrap_or(0.0),
        });
        let mut sampling = Sampling { all, ..Sampling::default() };
        for FieldSetting { field, key } in &self.field {
            let now = sampling.field(field);
            let one = sampling.fields.entry(field.clone()).or_insert(now);
            match *key {
                FieldKey::Temperature(value) => one.temperature = value,
                FieldKey::TopK(value) => one.top_k = value,
                FieldKey::TopP(value) => one.top_p = value,
                FieldKey::MinP(value) => one.min_p = value,
            }
        }
        sampling
    }

    fn constraints(&self) -> Result<Constraints> {
        let key = self.key.as_deref().map(|text| Key::parse(text, self.scale).map_err(Refusal::usage)).transpose()?;
        let mut ranges = Vec::new();
        for Range { instruments, low, high } in &self.range {
            let whom = match instruments {
                Some(selection) => vec![selection.clone()],
                None => everybody(),
            };
            ranges.extend(whom.into_iter().map(|instruments| PitchRange { instruments, low: *low, high: *high }));
        }
        let mut instruments: Vec<Instrument> = self.allow.iter().flat_map(InstrumentSelection::instruments).collect();
        instruments.sort_unstable();
        instruments.dedup();
        Ok(Constraints { key, ranges, instruments })
    }
}

/// All instruments but drums, family by family.
fn everybody() -> Vec<InstrumentSelection> {
    let families = family_names();
    let pitched = families.iter().filter(|name| *name != "drums");
    pitched.filter_map(|name| InstrumentSelection::parse(name).ok()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        ask: RequestOptions,
    }

    fn request(line: &[&str]) -> Result<Request, String> {
        let words = std::iter::once("test").chain(line.iter().copied());
        let only = Only::try_parse_from(words).map_err(|error| error.to_string())?;
        only.ask.request(1).map_err(|error| error.to_string())
    }

    #[test]
    fn fields_start_from_what_holds_for_all() {
        let made =
            request(&["--temperature", "0.8", "--field", "pitch.top-k=5", "--field", "pitch.min_p=0.1"]).unwrap();
        let pitch = made.sampling.field("pitch");
        assert_eq!((pitch.temperature, pitch.top_k, pitch.min_p), (0.8, 5, 0.1));
        assert_eq!(made.sampling.field("duration").top_k, 0);
        assert!(request(&["--field", "pitch=5"]).is_err());
        assert!(request(&["--field", "pitch.heat=5"]).is_err());
    }

    #[test]
    fn a_range_for_all_spares_only_the_drums() {
        let made = request(&["--range", "C2-C6", "--range", "bass=28-50"]).unwrap();
        let constraints = &made.constraints;
        assert!((0..128).all(|program| !constraints.allow(Instrument::Program(program), 90)));
        assert!(constraints.allow(Instrument::Drums(0), 30));
        assert!(!constraints.allow(Instrument::Program(33), 60) && constraints.allow(Instrument::Program(0), 60));
    }

    #[test]
    fn lengths_exclude_one_another_and_keys_are_checked() {
        assert_eq!(request(&[]).unwrap().length, Length::Bars(DEFAULT_BARS));
        assert_eq!(request(&["--notes", "7"]).unwrap().length, Length::Notes(7));
        assert!(request(&["--bars", "4", "--notes", "7"]).is_err());
        assert!(request(&["--key", "H"]).err().unwrap().contains("not a key"));
        assert!(request(&["--scale", "blues"]).is_err());
        let key = request(&["--key", "A", "--scale", "minor"]).unwrap().constraints.key;
        assert_eq!(key.map(|key| key.to_string()), Some("A minor".into()));
        let players = request(&["--instruments", "piano,bass,drums"]).unwrap().header.instruments;
        assert_eq!(players, [Instrument::Program(0), Instrument::Program(33), Instrument::Drums(0)]);
    }
}
