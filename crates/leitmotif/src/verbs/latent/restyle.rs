//! `restyle`: the same piece, busier or calmer, thicker or thinner, played by others.

use super::{Desk, Writing, chosen, direction};
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
/// Attributes are asked for by class: 1 is least; +2 or -1 counts from each bar's own class, and 0 leaves the attribute open. What is not
/// asked for stays as in the piece. --direction adds what was learnt from two folders of examples. Only for models with latents, such as those of
/// --preset tiny-vae; `inspect MODEL` lists its attributes and their classes.
#[derive(Debug, Args)]
pub struct Options {
    /// A run or model folder
    model: PathBuf,
    /// The MIDI file to restyle
    #[arg(value_name = "IN.mid")]
    input: PathBuf,
    /// The MIDI file to write
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// How many of a bar's sixteenths have a note begin: a class such as 5, or +2 or -1
    #[arg(long, value_name = "CLASS", value_parser = change, allow_hyphen_values = true, help_heading = "Style")]
    rhythm: Option<Change>,
    /// How many notes sound at once: a class such as 3, or +1 or -2
    #[arg(long, value_name = "CLASS", value_parser = change, allow_hyphen_values = true, help_heading = "Style")]
    polyphony: Option<Change>,
    /// Another attribute of the model, as velocity=+2 or register=3 (may be given several times)
    #[arg(long, value_name = "NAME=CLASS", value_parser = attribute, help_heading = "Style")]
    attribute: Vec<(String, Change)>,
    /// Leave it to the model how well a bar keeps to the rhythm, polyphony and density that are asked for; of one draft
    #[arg(long, help_heading = "Style")]
    loose: bool,
    /// Who plays, as piano,bass,drums [default: those of the piece]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = values::instruments, help_heading = "Style")]
    instruments: Vec<InstrumentSelection>,
    /// A direction that `leitmotif direction` has learnt
    #[arg(long, value_name = "FILE", help_heading = "Style")]
    direction: Option<PathBuf>,
    /// How far in that direction: 1 is from the one folder's middle to the other's
    #[arg(
        long,
        value_name = "X",
        default_value_t = 1.0,
        allow_negative_numbers = true,
        requires = "direction",
        help_heading = "Style"
    )]
    strength: f64,
    /// Only these bars, as 5-12, 5- or -8 [default: all]
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
        return Err(refusal.remedy("say what, as with --rhythm +2, --polyphony 3 or --instruments piano,bass").into());
    }
    let mut desk = Desk::open(&options.model, std::slice::from_ref(&options.output), &options.writing, console)?;
    if options.loose {
        // The latents say what the bars were, and of several drafts the one would be kept that heeds what is asked for the least.
        desk.drafts = 1;
    }
    let source = desk.source(&options.input)?;
    let bars = chosen(options.bars, source.bars.len());
    let instruments: Vec<_> = options.instruments.iter().map(values::player).collect();
    let shift = match &options.direction {
        Some(path) => Some(direction::read(path, &desk.opened)?.scaled(options.strength)),
        None => None,
    };
    let restyle = Restyle { attributes, shift, keep: !options.loose };
    let known = space(&*desk.opened.model)?.attributes();
    let tasks = restyling(&source, known, bars.clone(), &restyle)?;
    let names: Vec<String> = instruments.iter().map(|instrument| instrument.name()).collect();
    let made = json!({
        "verb": "restyle", "attributes": restyle.attributes, "instruments": names,
        "shift": restyle.shift, "kept": restyle.keep, "bars": [bars.start + 1, bars.end],
    });
    desk.edit(&source, &tasks, &instruments, &made, &options.output)
}
