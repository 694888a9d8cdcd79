//! `restyle`: the same piece, busier or calmer, thicker or thinner, played by others.

use super::{Studio, Writing, chosen, direction};
use crate::console::Console;
use crate::failure::Refusal;
use crate::values;
use anyhow::Result;
use clap::Args;
use leitmotif_compose::latent::{Change, Restyle, restyling, space};
use leitmotif_score::InstrumentSelection;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Write a piece in another style.
///
/// Attributes have classes, and 1 is the lowest. Give a class, or +2 or -1 to change each bar's own
/// class; 0 leaves the attribute to the model. Attributes that are not given stay as in the piece.
/// --direction applies a difference learnt from two folders of examples. Needs a model with
/// latents, for instance from --preset tiny-vae; `leitmotif inspect MODEL` lists its attributes and
/// their classes.
#[derive(Debug, Args)]
pub struct Options {
    /// Run or model folder
    model: PathBuf,
    /// MIDI file to restyle
    #[arg(value_name = "IN.mid")]
    input: PathBuf,
    /// MIDI file to write
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Rhythmic density: a class such as 5, or +2 or -1 for denser or sparser
    #[arg(long, value_name = "CLASS", value_parser = change, allow_hyphen_values = true, help_heading = "Style")]
    rhythm: Option<Change>,
    /// Number of notes sounding at once: a class such as 3, or +1 or -2 for more or fewer
    #[arg(long, value_name = "CLASS", value_parser = change, allow_hyphen_values = true, help_heading = "Style")]
    polyphony: Option<Change>,
    /// Class of another attribute of the model, such as velocity=+2 or register=3 (repeatable)
    #[arg(long, value_name = "NAME=CLASS", value_parser = attribute, help_heading = "Style")]
    attribute: Vec<(String, Change)>,
    /// Do not enforce the requested rhythm, polyphony and density; uses one candidate per bar
    #[arg(long, help_heading = "Style")]
    loose: bool,
    /// Instruments, such as piano,bass,drums [default: those of the piece]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = values::instruments, help_heading = "Style")]
    instruments: Vec<InstrumentSelection>,
    /// Direction file written by `leitmotif direction`
    #[arg(long, value_name = "FILE", help_heading = "Style")]
    direction: Option<PathBuf>,
    /// Distance in that direction: 1 is the distance between the averages of the two folders
    #[arg(
        long,
        value_name = "X",
        default_value_t = 1.0,
        allow_negative_numbers = true,
        requires = "direction",
        help_heading = "Style"
    )]
    strength: f64,
    /// Change only these bars, such as 5-12, 5- or -8 [default: all]
    #[arg(long, value_name = "A-B", value_parser = values::bars, allow_hyphen_values = true)]
    bars: Option<(Option<usize>, Option<usize>)>,
    #[command(flatten)]
    writing: Writing,
}

/// A class, or a number of classes more or less.
pub fn change(text: &str) -> Result<Change, String> {
    let text = text.trim();
    let wrong = || format!("`{text}` is not a class; write one such as 3, or +2 or -1 for more or less");
    if text.starts_with(['+', '-']) {
        return text.parse().map(Change::By).map_err(|_| wrong());
    }
    text.parse().map(Change::To).map_err(|_| wrong())
}

/// An attribute and its class.
pub fn attribute(text: &str) -> Result<(String, Change), String> {
    let (name, class) =
        text.split_once('=').ok_or_else(|| format!("`{text}`: write an attribute and a class: velocity=+2"))?;
    Ok((name.trim().to_owned(), change(class)?))
}

/// Restyles and writes.
pub fn run(options: &Options, console: &Console) -> Result<()> {
    let mut attributes: BTreeMap<String, Change> = options.attribute.iter().cloned().collect();
    for (name, change) in [("rhythm", options.rhythm), ("polyphony", options.polyphony)] {
        attributes.extend(change.map(|change| (name.to_owned(), change)));
    }
    if attributes.is_empty() && options.instruments.is_empty() && options.direction.is_none() {
        let refusal = Refusal::usage("there is nothing to change");
        return Err(refusal
            .remedy("give a change, such as --rhythm +2, --polyphony 3 or --instruments piano,bass")
            .into());
    }
    let mut studio = Studio::open(&options.model, std::slice::from_ref(&options.output), &options.writing, console)?;
    if options.loose {
        // The latents describe the bars as they were, and of several candidates the one would be
        // kept that follows the requested attributes the least.
        studio.candidates = 1;
    }
    let (file, source) = studio.file(&options.input)?;
    let bars = chosen(options.bars, source.bars.len());
    let instruments: Vec<_> = options.instruments.iter().map(values::player).collect();
    let shift = match &options.direction {
        Some(path) => Some(direction::read(path, &studio.opened)?.scaled(options.strength)),
        None => None,
    };
    let restyle = Restyle { attributes, shift, keep: !options.loose };
    let known = space(&*studio.opened.model)?.attributes();
    let tasks = restyling(&source, known, bars.clone(), &restyle)?;
    let names: Vec<String> = instruments.iter().map(|instrument| instrument.name()).collect();
    let made = json!({
        "verb": "restyle", "attributes": restyle.attributes, "instruments": names,
        "shift": restyle.shift, "kept": restyle.keep, "bars": [bars.start + 1, bars.end],
    });
    studio.edit(&file, &source, &tasks, &instruments, &made, &options.output)
}
