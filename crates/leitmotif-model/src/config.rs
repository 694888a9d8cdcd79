//! What a model is made of: everything needed to build it, besides its weights.

use crate::ModelError;
use serde::{Deserialize, Serialize};

/// Most events a segment, a memory or a compressed memory may hold.
pub const MAX_SPAN: usize = 1 << 16;
/// Widest hidden state.
pub const MAX_WIDTH: usize = 1 << 14;
/// Most layers.
pub const MAX_LAYERS: usize = 256;
/// Most fields an event may have.
pub const MAX_FIELDS: usize = 128;
/// Most fields that may be predicted one after another.
pub const MAX_CHAINED_FIELDS: usize = 32;
/// Most values a field may have: values travel as 16-bit numbers.
pub const MAX_VALUES: usize = 1 << 16;
/// Widest latent.
pub const MAX_LATENT: usize = 4096;
/// Most bars that share a latent.
pub const MAX_LATENT_BARS: usize = 64;
/// Most attributes of a bar.
pub const MAX_ATTRIBUTES: usize = 64;
/// Most classes of an attribute.
pub const MAX_CLASSES: usize = 256;

/// Which family of model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    /// Pre-norm decoder with relative attention, memory and compressed memory.
    #[default]
    Transformer,
    /// Long short-term memory, the recurrent baseline.
    Lstm,
    /// Interpolated back-off Markov chain, the counting baseline.
    Markov,
}

/// How evicted memory becomes compressed memory (Rae et al. 2020, section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// The mean of each group of `ratio` states.
    Mean,
    /// The element-wise maximum of each group.
    Max,
    /// A learnt 1-D convolution with kernel and stride `ratio`.
    #[default]
    Conv,
    /// A learnt 1-D convolution with `ratio` taps and stride `ratio` whose taps lie
    /// [`ModelConfig::dilation`] states apart.
    DilatedConv,
    /// The states that received most attention, kept as they are.
    MostUsed,
}

/// What teaches a learnt compression; its gradient reaches the compressor alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum CompressionLoss {
    /// Attention over the compressed states should give what attention over the evicted states
    /// gave.
    #[default]
    AttentionReconstruction,
    /// A linear decoder should recover the evicted states.
    AutoEncoding,
}

/// How a sub-layer's output joins the residual stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Gating {
    /// Addition.
    #[default]
    Residual,
    /// A gated recurrent unit (Parisotto et al. 2019, GTrXL).
    Gru,
}

/// How the rows of a sub-layer's input are normalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Normalisation {
    /// By mean and deviation, with scale and shift (Ba et al. 2016).
    #[default]
    Layer,
    /// By the root mean square alone, with scale (Zhang & Sennrich 2019).
    Rms,
}

/// How attention encodes the distance between events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Positions {
    /// By a learnt projection of the sinusoids of their distance (Transformer-XL, Dai et al. 2019).
    #[default]
    Relative,
    /// By rotating queries and keys by their places (Su et al. 2021).
    Rotary,
}

/// What each field of an event is predicted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum FieldDecoding {
    /// From what came before the event, and from the event's earlier fields.
    #[default]
    Chained,
    /// From what came before the event alone: all fields at once, independent of each other. Only
    /// the first determines whether another applies, so value 0 of the others is not predicted.
    Independent,
}

/// What a latent variable describes: the variational auto-encoder joined to the transformer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum LatentKind {
    /// There are no latents.
    #[default]
    None,
    /// One latent a bar (MuseMorphose, Wu & Yang 2021).
    Bar,
    /// One latent for every [`ModelConfig::latent_bars`] bars.
    Phrase,
}

/// The architecture: one flat table of a configuration file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelConfig {
    /// Which family.
    pub kind: ModelKind,
    /// Width of the hidden states. A multiple of `2 * heads` for transformers.
    pub d_model: usize,
    /// Number of layers.
    pub layers: usize,
    /// Attention heads.
    pub heads: usize,
    /// Width inside the feed-forward sub-layers.
    pub d_ff: usize,
    /// Width inside the small feed-forward that decodes each field after the first.
    pub d_field: usize,
    /// What each field is predicted from.
    pub fields: FieldDecoding,
    /// Gated linear units in the feed-forward sub-layers.
    pub glu: bool,
    /// How sub-layers join the residual stream.
    pub gating: Gating,
    /// How rows are normalised.
    pub norm: Normalisation,
    /// How attention encodes the distance between events.
    pub positions: Positions,
    /// Output rows share the input embeddings.
    pub tied: bool,
    /// Adds copy features: the field's value at the last matching contexts
    /// ([`crate::copy_features`]).
    #[serde(alias = "echoes")]
    pub copy_features: bool,
    /// Events read at once; memory is carried from segment to segment.
    pub segment: usize,
    /// States of earlier segments kept as they are, per layer; 0 for a plain transformer.
    pub memory: usize,
    /// Compressed states kept beyond the memory; 0 for a Transformer-XL.
    pub compressed: usize,
    /// How many evicted states become one compressed state.
    pub ratio: usize,
    /// How they become one.
    pub compression: Compression,
    /// What teaches the compressor.
    pub compression_loss: CompressionLoss,
    /// Layers that have memory, counted from 1; empty means all.
    pub memory_layers: Vec<usize>,
    /// Dropout of attention probabilities, in training.
    pub attention_dropout: f32,
    /// Dropout inside the feed-forward sub-layers and between LSTM layers.
    pub ff_dropout: f32,
    /// Dropout of each sub-layer's output and of the embedded input.
    pub layer_dropout: f32,
    /// Events of context of the Markov model.
    pub order: usize,
    /// The Markov model also counts within the piece it evaluates or writes (a cache, Kuhn & De
    /// Mori 1990).
    pub cache: bool,
    /// What a latent describes; `none` for a plain transformer.
    pub latent: LatentKind,
    /// Bars that share a latent where `latent = "phrase"`.
    pub latent_bars: usize,
    /// Dimensions of a latent.
    pub d_latent: usize,
    /// Slots that a latent's dimensions are divided into, which events write to and fields read
    /// from by key; 0 for none.
    pub latent_slots: usize,
    /// Dimensions of a latent, for each field but the first, that say which values a bar's events
    /// have, in no order; 0 for none. The others are the slots'.
    pub latent_bag: usize,
    /// Layers of the encoder that turns a bar's events into its latent.
    pub encoder_layers: usize,
    /// The attributes of each bar that can be set or left open besides its latent, by name; the
    /// network depends only on how many classes they have.
    pub attributes: Vec<String>,
    /// Width of each attribute's embedding.
    pub d_attribute: usize,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            kind: ModelKind::Transformer,
            d_model: 128,
            layers: 4,
            heads: 4,
            d_ff: 512,
            d_field: 128,
            fields: FieldDecoding::Chained,
            glu: false,
            gating: Gating::Residual,
            norm: Normalisation::Layer,
            positions: Positions::Relative,
            tied: false,
            copy_features: false,
            segment: 256,
            memory: 256,
            compressed: 64,
            ratio: 4,
            compression: Compression::Conv,
            compression_loss: CompressionLoss::AttentionReconstruction,
            memory_layers: Vec::new(),
            attention_dropout: 0.0,
            ff_dropout: 0.1,
            layer_dropout: 0.1,
            order: 4,
            cache: false,
            latent: LatentKind::None,
            latent_bars: 4,
            d_latent: 64,
            latent_slots: 0,
            latent_bag: 0,
            encoder_layers: 2,
            attributes: Vec::new(),
            d_attribute: 16,
        }
    }
}

impl ModelConfig {
    /// Checks ranges and divisibility.
    ///
    /// # Errors
    /// [`ModelError::Config`] names the key, its value and what it may be.
    pub fn validate(&self) -> Result<(), ModelError> {
        let wrong = |key: &str, value: String, want: String| {
            Err(ModelError::Config(format!("{key} = {value}: it must be {want}")))
        };
        let range = |key: &str, value: usize, low: usize, high: usize| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                wrong(key, value.to_string(), format!("between {low} and {high}"))
            }
        };
        range("segment", self.segment, 1, MAX_SPAN)?;
        range("order", self.order, 0, 16)?;
        if self.fields == FieldDecoding::Independent {
            let (independent, without) = ("independent".to_owned(), "false where fields = \"independent\"");
            match self.kind {
                ModelKind::Markov => return wrong("fields", independent, "chained where kind = \"markov\"".into()),
                _ if self.copy_features => return wrong("copy_features", "true".into(), without.into()),
                _ if self.latent != LatentKind::None && self.fields_read_latents() => {
                    let (key, value) = match self.latent_slots {
                        0 => ("latent_bag", self.latent_bag),
                        slots => ("latent_slots", slots),
                    };
                    return wrong(key, value.to_string(), "0 where fields = \"independent\"".to_owned());
                }
                _ => {}
            }
        }
        if self.kind == ModelKind::Markov {
            return Ok(());
        }
        range("d_model", self.d_model, 2, MAX_WIDTH)?;
        range("layers", self.layers, 1, MAX_LAYERS)?;
        range("d_ff", self.d_ff, 1, 4 * MAX_WIDTH)?;
        range("d_field", self.d_field, 1, 4 * MAX_WIDTH)?;
        range("memory", self.memory, 0, MAX_SPAN)?;
        range("compressed", self.compressed, 0, MAX_SPAN)?;
        range("ratio", self.ratio, 1, MAX_SPAN)?;
        for (key, value) in [
            ("attention_dropout", self.attention_dropout),
            ("ff_dropout", self.ff_dropout),
            ("layer_dropout", self.layer_dropout),
        ] {
            if !(0.0..1.0).contains(&value) {
                return wrong(key, value.to_string(), "at least 0 and below 1".into());
            }
        }
        if self.kind == ModelKind::Transformer {
            range("heads", self.heads, 1, self.d_model)?;
            if !self.d_model.is_multiple_of(2 * self.heads) {
                return wrong(
                    "d_model",
                    self.d_model.to_string(),
                    format!("a multiple of 2 * heads = {}", 2 * self.heads),
                );
            }
            for &layer in &self.memory_layers {
                range("memory_layers", layer, 1, self.layers)?;
            }
        }
        if self.latent == LatentKind::None {
            return match self.attributes.is_empty() {
                true => Ok(()),
                false => wrong("attributes", self.attributes.join(", "), "empty where latent = \"none\"".into()),
            };
        }
        if self.kind != ModelKind::Transformer {
            return wrong("latent", "bar or phrase".into(), "none unless kind = \"transformer\"".into());
        }
        range("latent_bars", self.latent_bars, 1, MAX_LATENT_BARS)?;
        range("d_latent", self.d_latent, 1, MAX_LATENT)?;
        range("latent_slots", self.latent_slots, 0, self.d_latent)?;
        range("latent_bag", self.latent_bag, 0, self.d_latent)?;
        range("encoder_layers", self.encoder_layers, 1, MAX_LAYERS)?;
        range("d_attribute", self.d_attribute, 1, MAX_WIDTH)?;
        range("the number of attributes", self.attributes.len(), 0, MAX_ATTRIBUTES)
    }

    /// Bars that share a latent; 0 for a model without latents.
    pub fn bars_per_latent(&self) -> usize {
        match self.latent {
            LatentKind::None => 0,
            LatentKind::Bar => 1,
            LatentKind::Phrase => self.latent_bars,
        }
    }

    /// The width of what each layer is conditioned on for a bar: its latent, and an embedding of
    /// each attribute.
    pub fn d_condition(&self) -> usize {
        self.d_latent + self.attributes.len() * self.d_attribute
    }

    /// Whether fields read from latents themselves, besides the conditioning of the layers.
    pub fn fields_read_latents(&self) -> bool {
        self.latent_slots > 0 || self.latent_bag > 0
    }

    /// The factor that conditions are multiplied by before they enter the layers: smaller at first
    /// for latents that fields also read from.
    pub fn condition_scale(&self) -> f32 {
        if self.fields_read_latents() { 0.05 } else { 1.0 }
    }

    /// Dimensions of a latent that the bags of events of `fields` fields take; they are its last.
    pub fn bag_dimensions(&self, fields: usize) -> usize {
        fields.saturating_sub(1) * self.latent_bag
    }

    /// Dimensions of a slot, where events have `fields` fields; 0 without slots.
    pub fn slot_width(&self, fields: usize) -> usize {
        self.d_latent.saturating_sub(self.bag_dimensions(fields)).checked_div(self.latent_slots).unwrap_or(0)
    }

    /// How many states lie between two taps of [`Compression::DilatedConv`]: the smallest number
    /// above 1 that shares no factor with the ratio, so that in an endless sequence every state is
    /// seen by exactly one tap.
    pub fn dilation(&self) -> usize {
        let common = |mut a: usize, mut b: usize| {
            while b > 0 {
                (a, b) = (b, a % b);
            }
            a
        };
        (2..).find(|&dilation| common(dilation, self.ratio) == 1).unwrap_or(1)
    }

    /// Whether layer number `layer` (from 0) has memory.
    pub fn has_memory(&self, layer: usize) -> bool {
        self.memory + self.compressed > 0
            && (self.memory_layers.is_empty() || self.memory_layers.contains(&(layer + 1)))
    }
}
