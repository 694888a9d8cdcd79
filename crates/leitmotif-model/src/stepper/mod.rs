//! Trained networks writing music event by event, without the machinery that trained them.
//!
//! Keys and values of segment, memory and compressed memory are cached, weights are packed once, and the memory rolls on
//! exactly as in training, every [`crate::ModelConfig::segment`] events. So the cost of an event does not grow with the
//! piece, and the logits are those of training, to rounding.

mod attention;
mod cache;
mod compress;
mod decoder;
mod dense;
mod fields;
mod lstm;

use crate::{EchoPlan, Echoes, Model, ModelDescription, ModelError, ModelKind, Stepper, Weights};
use decoder::{Decoder, DecoderState};
use fields::{FieldScratch, Fields};
use lstm::{Lstm, LstmState};

/// A trained transformer or LSTM, ready to write.
#[derive(Debug)]
pub struct NetworkModel {
    description: ModelDescription,
    fields: Fields,
    backbone: Backbone,
    echoes: Option<EchoPlan>,
}

#[derive(Debug)]
enum Backbone {
    Decoder(Decoder),
    Lstm(Lstm),
}

enum State {
    Decoder(DecoderState),
    Lstm(LstmState),
}

impl NetworkModel {
    /// Builds the model from its weights, named as the trainable network names them.
    ///
    /// # Errors
    /// [`ModelError::Weights`] if they do not fit, [`ModelError::Config`] if the description is invalid or of a Markov model.
    pub fn new(description: &ModelDescription, weights: &Weights) -> Result<Self, ModelError> {
        description.validate()?;
        let backbone = match description.model.kind {
            ModelKind::Transformer => Backbone::Decoder(Decoder::load(weights, &description.model)?),
            ModelKind::Lstm => Backbone::Lstm(Lstm::load(weights, &description.model)?),
            ModelKind::Markov => return Err(ModelError::Config("a Markov model is not a network".into())),
        };
        let fields = Fields::load(weights, description)?;
        let echoes = description.model.echoes.then(|| EchoPlan::new(&description.sizes));
        Ok(Self { description: description.clone(), fields, backbone, echoes })
    }
}

impl Model for NetworkModel {
    fn description(&self) -> &ModelDescription {
        &self.description
    }

    fn stepper(&self) -> Box<dyn Stepper + '_> {
        let state = match &self.backbone {
            Backbone::Decoder(decoder) => State::Decoder(decoder.start()),
            Backbone::Lstm(lstm) => State::Lstm(lstm.start()),
        };
        let output = vec![0.0; self.description.model.d_model];
        let echoes = self.echoes.as_ref().map(Echoes::new);
        Box::new(NetworkStepper {
            model: self,
            state,
            output,
            echoes,
            rows: Vec::new(),
            scratch: FieldScratch::default(),
        })
    }
}

struct NetworkStepper<'a> {
    model: &'a NetworkModel,
    state: State,
    /// The backbone's state after the last event.
    output: Vec<f32>,
    echoes: Option<Echoes>,
    /// What a field echoes.
    rows: Vec<i32>,
    scratch: FieldScratch,
}

impl Stepper for NetworkStepper<'_> {
    fn push(&mut self, event: &[u16]) {
        if let (Some(plan), Some(echoes)) = (&self.model.echoes, &mut self.echoes) {
            echoes.hear(plan, event);
        }
        self.model.fields.embed(event, &mut self.output);
        match (&self.model.backbone, &mut self.state) {
            (Backbone::Decoder(decoder), State::Decoder(state)) => decoder.step(&mut self.output, state),
            (Backbone::Lstm(lstm), State::Lstm(state)) => lstm.step(&mut self.output, state),
            _ => unreachable!("a stepper's state is of its model's kind"),
        }
    }

    fn logits(&mut self, earlier: &[u16], field: usize, logits: &mut [f32]) {
        let earlier = &earlier[..field];
        self.rows.clear();
        if let (Some(plan), Some(echoes)) = (&self.model.echoes, &self.echoes) {
            echoes.listen(plan, earlier, &mut self.rows);
        }
        self.model.fields.logits(&self.output, earlier, &self.rows, logits, &mut self.scratch);
    }
}
