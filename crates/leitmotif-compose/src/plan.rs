//! The plan of a piece: the request parsed and checked, with what it leaves open drawn.

use crate::conditions::Conditions;
use crate::copies::Copies;
use crate::ensemble::{self, Resolved};
use crate::latent::{self, BarCondition};
use crate::masks::{FixedTempo, Masks};
use crate::prime::Primed;
use crate::{ComposeError, Request};
use leitmotif_events::{Ensemble, EventVocabulary, Representation, Sequence, UNNAMED_TEMPO, Vocabulary};
use leitmotif_model::{LatentSpace, Model, Precision};

/// A request to one model, for one piece or for several that have everything in common.
pub(crate) struct CompositionPlan<'a> {
    /// Of the model.
    pub precision: Precision,
    pub representation: &'a dyn Representation,
    pub request: Request,
    /// The song whose ensemble was drawn, or that is most like the request.
    pub song: Option<Ensemble>,
    pub events: &'a EventVocabulary,
    pub masks: Masks,
    pub primed: Option<Primed>,
    /// The one that holds throughout, if one does.
    pub tempo: Option<FixedTempo>,
    /// How the piece begins: the prime, or the header.
    pub opening: Sequence,
    /// Of a model with latents.
    pub latents: Option<Latents<'a>>,
    /// Where copies are to be avoided.
    pub copies: Option<Copies>,
}

/// What the bars of the piece are written under.
pub(crate) struct Latents<'a> {
    pub space: &'a LatentSpace,
    pub conditions: Conditions,
    /// The class of each attribute.
    pub classes: Vec<u16>,
    /// The bars of the opening.
    pub opening: Vec<BarCondition>,
    /// The events before the first bar.
    pub header: Vec<u16>,
}

impl<'a> CompositionPlan<'a> {
    /// # Errors
    /// [`ComposeError`] for a request that contradicts itself or the vocabulary.
    pub fn new(
        model: &'a dyn Model,
        representation: &'a dyn Representation,
        request: &Request,
        piece: u64,
    ) -> Result<Self, ComposeError> {
        let vocabulary = representation.vocabulary();
        let sizes = &model.description().sizes;
        if *sizes != vocabulary.sizes() {
            return Err(ComposeError::Mismatch { model: sizes.clone(), vocabulary: vocabulary.sizes() });
        }
        request.validate()?;
        let names: Vec<&str> = vocabulary.fields.iter().map(|field| field.name.as_str()).collect();
        request.sampling.validate(&names)?;
        let events = representation.events();
        let Resolved { mut request, required, song } = match events.note_fields {
            Some(_) => ensemble::resolve(request, events, vocabulary.settings.genres(), piece),
            None => Resolved { request: request.clone(), required: request.header.instruments.clone(), song: None },
        };
        request.sampling = request.sampling.spelt_out(&names, representation.cells().is_some());
        let opening = representation.opening(&request.header)?;
        let prime = request.prime.as_ref();
        let primed = prime.map(|prime| Primed::new(prime, &request.header, representation, events)).transpose()?;

        let meter = request.meter.or_else(|| carried_meter(events, primed.as_ref()));
        let playing = prime.map_or_else(Vec::new, |prime| prime.score.instruments());
        let masks = Masks::new(events, vocabulary, &request, meter, &playing, &required)?;
        let tempo = fixed_tempo(events, &request, primed.as_ref());
        let opening = primed.as_ref().map_or(opening, |primed| primed.sequence.clone());
        let latents = latents(model, representation, &request, &opening)?;
        let avoid = request.avoid.as_ref();
        let copies = avoid.map(|avoid| Copies::new(avoid, representation, &opening, primed.as_ref())).transpose()?;
        let precision = model.precision();
        Ok(Self { precision, representation, request, song, events, masks, primed, tempo, opening, latents, copies })
    }

    pub fn vocabulary(&self) -> &Vocabulary {
        self.representation.vocabulary()
    }
}

/// The part of the request that concerns a model's latents.
fn latents<'a>(
    model: &'a dyn Model,
    representation: &dyn Representation,
    request: &Request,
    opening: &Sequence,
) -> Result<Option<Latents<'a>>, ComposeError> {
    if model.latents().is_none() && request.conditions.is_none() {
        return Ok(None);
    }
    let space = latent::space(model)?;
    let conditions = request.conditions.clone().unwrap_or_default();
    let classes = conditions.classes(space)?;
    let first = representation.bars(opening).and_then(|bars| Some(bars.first()?.start)).unwrap_or(opening.len());
    let header = opening.values()[..first * opening.fields()].to_vec();
    let opening = latent::opening(space, representation, opening)?;
    Ok(Some(Latents { space, conditions, classes, opening, header }))
}

/// The time signature in which a prime ends, if the vocabulary has it.
fn carried_meter(events: &EventVocabulary, primed: Option<&Primed>) -> Option<(u8, u8)> {
    let primed = primed?;
    let last = primed.score.meter_at(primed.cut - leitmotif_score::Ticks(1));
    let meter = (last.numerator, last.denominator);
    events.bar(meter).map(|_| meter)
}

/// The tempo that holds throughout: the requested one, or the one in which a prime ends.
fn fixed_tempo(events: &EventVocabulary, request: &Request, primed: Option<&Primed>) -> Option<FixedTempo> {
    let carried = || primed.map(|primed| primed.score.tempo_map().tempo_at(primed.cut).quarters_per_minute());
    let exact = request.tempo.or_else(carried)?;
    let nearest = events.tempo(exact);
    Some(FixedTempo { kind: nearest.map(|it| it.0), nearest: nearest.map_or(UNNAMED_TEMPO, |it| it.1), exact })
}
