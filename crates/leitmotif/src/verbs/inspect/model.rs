//! What is in a model folder.

use super::corpus::FieldReport;
use super::pairs;
use crate::console::Console;
use crate::words::{bytes, count};
use anyhow::{Context, Result};
use leitmotif_events::RepresentationConfig;
use leitmotif_folder::ModelFolder;
use leitmotif_model::{AttributeCuts, FieldDecoding, LatentKind, ModelConfig, ModelKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// Longest header of a weights file that is read.
const MAX_HEADER_BYTES: u64 = 16 << 20;

#[derive(Serialize)]
struct Report {
    kind: &'static str,
    path: String,
    hash: String,
    model: ModelConfig,
    /// The attributes of bars that can be asked for, and where each is cut into classes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attributes: Vec<AttributeCuts>,
    /// Whether it has learnt a prior over its latents.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    prior: bool,
    /// Trainable values; for a Markov model, numbers in its tables.
    parameters: u64,
    weight_bytes: u64,
    representation: RepresentationConfig,
    fields: Vec<FieldReport>,
}

/// Shows it.
pub fn show(path: &Path, json: bool, console: &Console) -> Result<()> {
    let folder = ModelFolder::open(path)?;
    let (description, vocabulary) = (folder.description().clone(), folder.vocabulary());
    let (parameters, weight_bytes) = weights(&folder.weights_path())?;
    let report = Report {
        kind: "model",
        path: path.display().to_string(),
        hash: folder.fingerprint()?,
        model: description.model,
        attributes: description.attributes,
        prior: folder.has_prior(),
        parameters,
        weight_bytes,
        fields: FieldReport::of(vocabulary),
        representation: vocabulary.settings.clone(),
    };
    if json { console.json(&report) } else { console.out(report.describe()) }
}

/// Values and bytes of a safetensors file, by its header alone: an eight-byte length, then JSON.
fn weights(path: &Path) -> Result<(u64, u64)> {
    #[derive(Deserialize)]
    struct Tensor {
        #[serde(default)]
        shape: Vec<u64>,
    }
    let read = || -> Result<(u64, u64)> {
        let mut file = leitmotif_files::open(path)?;
        let bytes = file.metadata()?.len();
        let mut length = [0; 8];
        file.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        anyhow::ensure!(length <= MAX_HEADER_BYTES, "not a safetensors file");
        let mut header = Vec::new();
        file.take(length).read_to_end(&mut header)?;
        let tensors: BTreeMap<String, Tensor> = serde_json::from_slice(&header).context("not a safetensors file")?;
        let named = tensors.iter().filter(|(name, _)| *name != "__metadata__");
        Ok((named.map(|(_, tensor)| tensor.shape.iter().product::<u64>()).sum(), bytes))
    };
    read().with_context(|| path.display().to_string())
}

/// An architecture in one line.
pub fn architecture(model: &ModelConfig) -> String {
    let ModelConfig { d_model, layers, heads, segment, memory, compressed, ratio, order, .. } = model;
    let fields = match model.fields {
        FieldDecoding::Chained => "",
        FieldDecoding::Independent => ", independent fields",
    };
    match model.kind {
        ModelKind::Transformer => format!(
            "transformer: {layers} layers of {d_model}, {heads} heads, segment {segment}, memory {memory} + {compressed} compressed {ratio} to 1{fields}"
        ),
        ModelKind::Lstm => format!("LSTM: {layers} layers of {d_model}, segment {segment}{fields}"),
        ModelKind::Markov => format!("Markov: {order} events of context"),
    }
}

/// A model's latents in one line, if it has any.
fn latents(model: &ModelConfig, prior: bool) -> Option<String> {
    let of = match model.latent {
        LatentKind::None => return None,
        LatentKind::Bar => "each bar".to_owned(),
        LatentKind::Phrase => format!("every {} bars", model.latent_bars),
    };
    let prior = if prior { "with a learnt prior" } else { "without a learnt prior" };
    let divided = match (model.latent_slots, model.latent_bag) {
        (0, 0) => String::new(),
        (slots, 0) => format!(" in {slots} slots"),
        (0, bag) => format!(" with bags of {bag}"),
        (slots, bag) => format!(" in {slots} slots and bags of {bag}"),
    };
    Some(format!(
        "{} dimensions{divided} for {of}, {} layers of encoder, {prior}",
        model.d_latent, model.encoder_layers
    ))
}

/// An attribute's classes: `rhythm: 3 classes, 1 up to 0.25, 2 up to 0.5, 3 above`.
fn classes(attribute: &AttributeCuts) -> String {
    let cuts = attribute.cuts.iter().enumerate().map(|(class, cut)| format!("{} up to {cut:.3}", class + 1));
    let mut parts: Vec<String> = cuts.collect();
    parts.push(format!("{} above", attribute.classes()));
    format!("{}: {} classes: {}", attribute.name, attribute.classes(), parts.join(", "))
}

/// How music becomes events, in one line.
fn events(representation: &RepresentationConfig) -> (String, String) {
    (super::representation(representation), representation.genres().join(", "))
}

impl Report {
    fn describe(&self) -> String {
        let (representation, genres) = events(&self.representation);
        let values = if self.model.kind == ModelKind::Markov { "numbers" } else { "parameters" };
        let mut rows = vec![("model", self.path.clone()), ("architecture", architecture(&self.model))];
        rows.extend(latents(&self.model, self.prior).map(|latents| ("latents", latents)));
        for (number, attribute) in self.attributes.iter().enumerate() {
            rows.push((if number == 0 { "attributes" } else { "" }, classes(attribute)));
        }
        rows.extend([
            ("size", format!("{} {values}, {}", count(self.parameters as usize), bytes(self.weight_bytes))),
            ("events", format!("{representation}: {}", FieldReport::line(&self.fields))),
            ("genres", genres),
            ("hash", self.hash.clone()),
        ]);
        pairs(&rows)
    }
}
