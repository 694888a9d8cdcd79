//! The demo's new pieces: the request to the model, and the files to see and hear them by.

use crate::console::Console;
use crate::model::Opened;
use crate::progress::ProgressBar;
use crate::{files, interrupt};
use anyhow::{Context, Result};
use leitmotif_compose::{FieldSampling, Length, PieceReport, Request, Sampling, generate};
use leitmotif_corpus::{Corpus, Split};
use leitmotif_events::Header;
use leitmotif_practice::Style;
use leitmotif_render::{BitDepth, RenderOptions, RollOptions, SoundBank, Theme, piano_roll, render_to_wav, svg_to_png};
use leitmotif_score::{Instrument, Score, write_midi_file};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

/// The mass of values that stay: the least probable are where a young model errs.
const TOP_P: f64 = 0.95;
/// Width of a piano roll for narrow screens, in pixels.
const NARROW: f64 = 480.0;
/// Pixels of a PNG to one of the picture.
const PNG_SCALE: f32 = 1.5;

/// One piece that is to be composed.
pub struct Order {
    style: Style,
    number: u64,
    request: Request,
}

/// One piece that has been.
#[derive(Debug)]
pub struct Listening {
    /// Its style.
    pub style: Style,
    /// Its number within the style, from 1.
    pub number: u64,
    /// The name of its files, without folder and ending.
    pub name: String,
    /// The music.
    pub score: Score,
    /// It in numbers.
    pub report: PieceReport,
}

/// So many pieces in each style, for the bands that the training songs of the style have most
/// often.
pub fn orders(corpus: &Corpus, pieces: u64, bars: usize, seed: u64) -> Vec<Order> {
    let sampling = Sampling::new(FieldSampling { top_p: TOP_P, ..FieldSampling::default() });
    let order = |style: Style, number: u64| {
        let bands = bands(corpus, style);
        let band = bands.get((number as usize - 1) % bands.len().max(1)).cloned().unwrap_or_default();
        let request = Request {
            header: Header { genre: Some(style.folder().to_owned()), instruments: band },
            length: Length::Bars(bars),
            meter: Some((4, 4)),
            sampling: sampling.clone(),
            seed,
            ..Request::default()
        };
        Order { style, number, request }
    };
    Style::ALL
        .into_iter()
        .flat_map(|style| (1..=pieces).map(move |number| (style, number)))
        .map(|(style, number)| order(style, number))
        .collect()
}

/// The sets of instruments of a style's training songs, the most frequent first.
fn bands(corpus: &Corpus, style: Style) -> Vec<Vec<Instrument>> {
    let mut counts: BTreeMap<Vec<Instrument>, usize> = BTreeMap::new();
    for song in corpus.split(Split::Train).into_iter().map(|song| &corpus.songs()[song]) {
        if song.genre.as_deref() == Some(style.folder()) {
            *counts.entry(song.instruments.clone()).or_default() += 1;
        }
    }
    let mut bands: Vec<_> = counts.into_iter().collect();
    bands.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    bands.into_iter().map(|band| band.0).collect()
}

/// Composes the pieces, and writes MIDI, WAV and piano rolls of each.
pub fn write(
    orders: &[Order],
    opened: &Opened,
    bank: &SoundBank,
    folder: &Path,
    console: &Console,
) -> Result<Vec<Listening>> {
    files::make_folder(folder)?;
    let progress = ProgressBar::new(console, "composing and rendering", "pieces", orders.len() as u64);
    progress.set(0);
    let pieces = orders.par_iter().enumerate().map(|(index, order)| {
        let piece = compose(order, index as u64, opened, folder)?;
        render(&piece, bank, folder)?;
        progress.advance(1);
        Ok(piece)
    });
    pieces.collect()
}

fn compose(order: &Order, index: u64, opened: &Opened, folder: &Path) -> Result<Listening> {
    let Order { style, number, request } = order;
    let Request { model, observed, .. } = opened.request();
    let request = Request { model, observed, ..request.clone() };
    let (model, representation) = (&*opened.model, &*opened.representation);
    let made = generate(model, representation, &request, index, &|_| {}, interrupt::flag())?;
    let (mut score, mut report) = (made.score, made.report);
    score.title = Some(format!("{style} {number}"));
    let name = format!("{}-{number}", style.folder());
    let path = folder.join(format!("{name}.mid"));
    write_midi_file(&path, &score)?;
    // A channel holds one note of a pitch at a time, a player more: what is seen and heard is the
    // player.
    score.merge_parts_by_instrument();
    report.path = Some(path);
    Ok(Listening { style: *style, number: *number, name, score, report })
}

fn render(piece: &Listening, bank: &SoundBank, folder: &Path) -> Result<()> {
    let Listening { name, score, .. } = piece;
    let file = |ending: &str| folder.join(format!("{name}{ending}"));
    render_to_wav(score, bank, &RenderOptions::default(), file(".wav"), BitDepth::default())?;
    let wide = RollOptions { theme: Theme::Auto, ..RollOptions::default() };
    files::write(&file(".svg"), piano_roll(score, &wide).as_bytes())?;
    let narrow = RollOptions { width: NARROW, ..wide.clone() };
    files::write(&file("-narrow.svg"), piano_roll(score, &narrow).as_bytes())?;
    let light = RollOptions { theme: Theme::Light, ..wide };
    let png = svg_to_png(&piano_roll(score, &light), PNG_SCALE).with_context(|| format!("the picture of {name}"))?;
    files::write(&file(".png"), &png)
}
