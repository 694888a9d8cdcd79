//! What all pieces of a request have in common: the request understood and checked.

use crate::masks::{FixedTempo, Masks};
use crate::meaning::Meaning;
use crate::prime::Primed;
use crate::{ComposeError, Request};
use leitmotif_data::{Representation, Sequence, Vocabulary};
use leitmotif_model::ModelDescription;

/// The tempo of a representation without tempos, in quarters a minute.
const UNNAMED_TEMPO: f64 = 120.0;

/// A request to one model.
pub(crate) struct Plan<'a> {
    pub representation: &'a dyn Representation,
    pub request: &'a Request,
    pub meaning: Meaning,
    pub masks: Masks,
    pub primed: Option<Primed>,
    /// The one that holds throughout, if one does.
    pub tempo: Option<FixedTempo>,
    /// How every piece begins: the prime, or the header.
    pub opening: Sequence,
}

impl<'a> Plan<'a> {
    /// # Errors
    /// [`ComposeError`] for a request that contradicts itself or the vocabulary.
    pub fn new(
        model: &ModelDescription,
        representation: &'a dyn Representation,
        request: &'a Request,
    ) -> Result<Self, ComposeError> {
        let vocabulary = representation.vocabulary();
        if model.sizes != vocabulary.sizes() {
            return Err(ComposeError::Mismatch { model: model.sizes.clone(), vocabulary: vocabulary.sizes() });
        }
        request.validate()?;
        let names: Vec<&str> = vocabulary.fields.iter().map(|field| field.name.as_str()).collect();
        request.sampling.validate(&names)?;
        let meaning = Meaning::of(vocabulary);
        let opening = representation.opening(&request.header)?;
        let prime = request.prime.as_ref();
        let primed = prime.map(|prime| Primed::new(prime, &request.header, representation, &meaning)).transpose()?;

        let meter = request.meter.or_else(|| carried_meter(&meaning, primed.as_ref()));
        let playing = primed.as_ref().map_or_else(Vec::new, |primed| primed.score.instruments());
        let masks = Masks::new(&meaning, vocabulary, request, meter, &playing)?;
        let tempo = fixed_tempo(&meaning, request, primed.as_ref());
        let opening = primed.as_ref().map_or(opening, |primed| primed.sequence.clone());
        Ok(Self { representation, request, meaning, masks, primed, tempo, opening })
    }

    pub fn vocabulary(&self) -> &Vocabulary {
        self.representation.vocabulary()
    }
}

/// The time signature in which a prime ends, if the vocabulary has it.
fn carried_meter(meaning: &Meaning, primed: Option<&Primed>) -> Option<(u8, u8)> {
    let primed = primed?;
    let last = primed.score.meter_at(primed.cut - leitmotif_score::Ticks(1));
    let meter = (last.numerator, last.denominator);
    meaning.bar(meter).map(|_| meter)
}

/// The tempo that holds throughout: the one asked for, or the one in which a prime ends.
fn fixed_tempo(meaning: &Meaning, request: &Request, primed: Option<&Primed>) -> Option<FixedTempo> {
    let carried = || primed.map(|primed| primed.score.tempo_map().tempo_at(primed.cut).quarters_per_minute());
    let exact = request.tempo.or_else(carried)?;
    let nearest = meaning.tempo(exact);
    Some(FixedTempo { kind: nearest.map(|it| it.0), nearest: nearest.map_or(UNNAMED_TEMPO, |it| it.1), exact })
}
