//! `generate --trace`: one line of JSON for each event of a piece.

use anyhow::Result;
use leitmotif_compose::{Piece, Rule};
use leitmotif_events::Representation;
use serde::Serialize;
use std::collections::BTreeMap;

/// An event and how it was drawn.
#[derive(Serialize)]
struct Line<'a> {
    /// The piece's number, from 0.
    piece: u64,
    /// The event's place in the piece's sequence, from 0; the opening or prime comes before the
    /// first traced one.
    event: usize,
    /// The event in words.
    text: String,
    /// Its fields in the order in which they are drawn; those that do not apply are left out.
    fields: Vec<Field<'a>>,
    /// How often it was drawn: 1 if no rule refused it.
    draws: usize,
    /// Fields whose probabilities the model computed for it.
    evaluations: usize,
    /// How often each rule refused it.
    refused: &'a BTreeMap<Rule, usize>,
    /// Whether masks chose it field by field.
    masked: bool,
}

#[derive(Serialize)]
struct Field<'a> {
    field: &'a str,
    value: &'a str,
    /// Absent where no other value was possible.
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
}

/// The lines of a piece.
pub fn lines(piece: &Piece, representation: &dyn Representation) -> Result<String> {
    let first = piece.sequence.len() - piece.trace.len();
    let vocabulary = representation.vocabulary();
    let mut text = String::new();
    for (index, traced) in piece.trace.iter().enumerate() {
        let event: Vec<_> = traced.fields.iter().map(|field| field.value).collect();
        let named = vocabulary.fields.iter().zip(&traced.fields).enumerate();
        let applies = named.filter(|(at, (_, drawn))| *at == 0 || drawn.value != leitmotif_events::NONE);
        let fields = applies.map(|(_, (field, drawn))| Field {
            field: &field.name,
            value: field.values.get(usize::from(drawn.value)).map_or("", String::as_str),
            probability: drawn.probability,
        });
        let line = Line {
            piece: piece.report.piece,
            event: first + index,
            text: representation.describe(&event),
            fields: fields.collect(),
            draws: traced.draws,
            evaluations: traced.evaluations,
            refused: &traced.refused,
            masked: traced.masked,
        };
        text += &serde_json::to_string(&line)?;
        text.push('\n');
    }
    Ok(text)
}
