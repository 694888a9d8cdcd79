//! The model card: what a model is, what it was trained on and under which licences, and its
//! results.

use crate::config::RunConfig;
use crate::evaluate::Evaluation;
use leitmotif_corpus::{Corpus, SongRecord, Split};
use leitmotif_model::ModelKind;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Most kinds of licence, genre or instrument that a card lists one by one.
const MAX_ROWS: usize = 40;

/// The contents of a card.
pub(crate) struct Card<'a> {
    pub corpus: &'a Corpus,
    pub config: &'a RunConfig,
    /// Optimiser steps, or nothing for a model made by counting.
    pub steps: Option<u64>,
    pub epochs: f64,
    /// Weights, or contexts.
    pub parameters: usize,
    pub validation: Option<&'a Evaluation>,
}

impl Card<'_> {
    /// The card as Markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::new();
        let songs: Vec<&SongRecord> = self.corpus.songs().iter().filter(|song| song.split == Split::Train).collect();
        self.model(&mut text);
        self.data(&mut text, &songs);
        self.losses(&mut text);
        let _ = write!(text, "\n## Settings\n\n```toml\n{}```\n", self.config.to_toml());
        text
    }

    fn model(&self, text: &mut String) {
        let model = &self.config.model;
        let (name, parts) = match model.kind {
            ModelKind::Transformer => ("compressive transformer", "weights"),
            ModelKind::Lstm => ("LSTM", "weights"),
            ModelKind::Markov => ("interpolated Markov model", "contexts"),
        };
        let version = env!("CARGO_PKG_VERSION");
        let _ = writeln!(text, "# A {name} for music\n");
        let _ = writeln!(
            text,
            "Made by Leitmotif {version}: it writes music event by event, in the manner of the songs below."
        );
        let _ = writeln!(text, "{} {parts}.", grouped(self.parameters));
        if let Some(steps) = self.steps {
            let _ = writeln!(
                text,
                "Trained for {} steps ({:.1} passes over the songs).",
                grouped(steps as usize),
                self.epochs
            );
        }
        let kind = &self.corpus.vocabulary().settings;
        let settings = serde_json::to_string(kind).unwrap_or_default();
        let _ = writeln!(text, "\nEvents: `{settings}`\n");
    }

    fn data(&self, text: &mut String, songs: &[&SongRecord]) {
        let notes: usize = songs.iter().map(|song| song.notes).sum();
        let hours = songs.iter().map(|song| song.seconds).sum::<f64>() / 3600.0;
        let _ = writeln!(text, "## Training data\n");
        let (count, notes) = (grouped(songs.len()), grouped(notes));
        let _ = writeln!(text, "{count} songs, {notes} notes, {hours:.1} hours of music.");
        let artists: std::collections::BTreeSet<&str> =
            songs.iter().filter_map(|song| song.artist.as_deref()).collect();
        if !artists.is_empty() {
            let _ = writeln!(text, "By {} artists.", grouped(artists.len()));
        }
        let _ = writeln!(text, "Corpus fingerprint `{}`.\n", self.corpus.fingerprint());
        let licence = |song: &SongRecord| song.licence.clone().unwrap_or_else(|| "not stated".into());
        table(text, "Licence", songs, |song| vec![licence(song)]);
        table(text, "Genre", songs, |song| vec![song.genre.clone().unwrap_or_else(|| "none".into())]);
        let _ = writeln!(
            text,
            "What a model writes may resemble its training songs. Whoever publishes its music, or the\n\
             model itself, should heed the licences above; songs whose licence is not stated may be\n\
             protected.\n"
        );
    }

    fn losses(&self, text: &mut String) {
        let Some(validation) = self.validation else { return };
        let _ = writeln!(text, "## Validation\n\n{} songs that it did not learn from.\n", validation.songs.len());
        let _ = writeln!(text, "| loss | nats | 95 % interval over songs |\n|---|---|---|");
        let rows = [
            ("per note", validation.nats_per_note),
            ("per second of music", validation.nats_per_second),
            ("per event", validation.nats_per_event),
        ];
        for (name, estimate) in rows {
            let _ = writeln!(text, "| {name} | {:.4} | {:.4} to {:.4} |", estimate.value, estimate.low, estimate.high);
        }
    }
}

fn table(text: &mut String, title: &str, songs: &[&SongRecord], names: impl Fn(&SongRecord) -> Vec<String>) {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for song in songs {
        for name in names(song) {
            let (count, notes) = counts.entry(name).or_default();
            *count += 1;
            *notes += song.notes;
        }
    }
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by(|a, b| b.1.0.cmp(&a.1.0).then_with(|| a.0.cmp(&b.0)));
    let _ = writeln!(text, "| {title} | songs | notes |\n|---|---|---|");
    for (name, (count, notes)) in rows.iter().take(MAX_ROWS) {
        // A cell must stay a cell whatever a collection calls its genres.
        let name: String = name.chars().map(|c| if c == '|' || c.is_control() { ' ' } else { c }).collect();
        let _ = writeln!(text, "| {name} | {} | {} |", grouped(*count), grouped(*notes));
    }
    if rows.len() > MAX_ROWS {
        let _ = writeln!(text, "| {} more | | |", rows.len() - MAX_ROWS);
    }
    text.push('\n');
}

/// `12,345`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 1234567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
