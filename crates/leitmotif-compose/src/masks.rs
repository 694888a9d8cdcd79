//! What stays the same throughout a piece: which instruments, pitches and time signatures are
//! allowed by the request and by what training songs have.

use crate::constraints::same;
use crate::{ComposeError, Request};
use leitmotif_events::{EventKind, EventVocabulary, Observed, PitchValue, Value, Vocabulary};
use leitmotif_score::Instrument;

/// A tempo that holds throughout.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FixedTempo {
    /// Its kind, where the representation has tempos.
    pub kind: Option<usize>,
    /// Quarters a minute that the representation plays.
    pub nearest: f64,
    /// The requested quarters a minute.
    pub exact: f64,
}

/// The constraints as masks over the vocabulary. Empty masks allow everything.
#[derive(Debug, Default)]
pub(crate) struct Masks {
    kinds: Vec<bool>,
    instruments: Vec<bool>,
    /// Of each instrument value.
    pitches: Vec<Vec<bool>>,
    /// The values of each field that no training song has are false; empty where the songs' values
    /// are not given.
    seen: Vec<Vec<bool>>,
    /// Of each instrument value, the same of its pitches; empty for an instrument that no song has.
    seen_pitches: Vec<Vec<bool>>,
    /// Instrument values that must play, ascending.
    pub required: Vec<Value>,
}

impl Masks {
    /// `meter` holds throughout; `playing` are the instruments of a prime, `must` those that have
    /// to play.
    pub fn new(
        events: &EventVocabulary,
        vocabulary: &Vocabulary,
        request: &Request,
        meter: Option<(u8, u8)>,
        playing: &[Instrument],
        must: &[Instrument],
    ) -> Result<Self, ComposeError> {
        let mut masks = Self::default();
        let constraints = &request.constraints;
        if events.note_fields.is_none() {
            let asked =
                [("key, ranges or allowed instruments", !constraints.is_empty()), ("a meter", request.meter.is_some())];
            if let Some((what, _)) = asked.into_iter().find(|asked| asked.1) {
                let reason =
                    format!("this model's representation has no bars and no instruments, so it cannot keep to {what}");
                return Err(ComposeError::Request(reason));
            }
            return Ok(masks);
        }
        if let Some(meter) = meter {
            let Some(wanted) = events.bar(meter) else {
                let known = events.time_signatures().map(|it| format!("{}/{}", it.numerator, it.denominator));
                let reason = format!(
                    "the model knows no meter {}/{}; it knows {}",
                    meter.0,
                    meter.1,
                    known.collect::<Vec<_>>().join(", ")
                );
                return Err(ComposeError::Request(reason));
            };
            let kinds = events.kinds.iter().enumerate();
            masks.kinds = kinds.map(|(value, kind)| !kind.is_bar() || value == wanted).collect();
        }
        let asked = &request.header.instruments;
        if let Some(barred) = must.iter().find(|instrument| !constraints.may_play(**instrument)) {
            let reason = format!("{} is asked for, but not among the allowed instruments", barred.name());
            return Err(ComposeError::Request(reason));
        }
        let among = |list: &[Instrument], instrument| list.iter().any(|other| same(*other, instrument));
        let may = |instrument: Instrument| match (asked.is_empty(), constraints.instruments.is_empty()) {
            (false, _) => among(asked, instrument),
            (true, false) => constraints.may_play(instrument),
            (true, true) => playing.is_empty() || among(playing, instrument),
        };
        if !constraints.is_empty() || !asked.is_empty() || !playing.is_empty() {
            masks.instruments = events.instruments.iter().map(|instrument| instrument.is_some_and(may)).collect();
        }
        if constraints.key.is_some() || !constraints.ranges.is_empty() {
            masks.pitches = events.instruments.iter().map(|&instrument| pitches(events, request, instrument)).collect();
            masks.drop_silent(events, must)?;
        }
        if let Some(observed) = &request.observed {
            masks.see(events, vocabulary, observed);
        }
        let required = events.instruments.iter().enumerate().filter(|(_, it)| it.is_some_and(|it| among(must, it)));
        masks.required = required.map(|(value, _)| value as Value).collect();
        Ok(masks)
    }

    /// The instruments that may play, where not all may; ascending.
    pub fn playing(&self) -> Vec<Value> {
        let may = self.instruments.iter().enumerate().filter(|(_, may)| **may);
        may.map(|(value, _)| value as Value).collect()
    }

    /// Whether drums may play.
    pub fn drums(&self, events: &EventVocabulary) -> bool {
        let mut drums = events.instruments.iter().enumerate().filter(|(_, it)| it.is_some_and(Instrument::is_drums));
        drums.any(|(value, _)| self.instruments.get(value).is_none_or(|may| *may))
    }

    /// Takes out the instruments that have no pitch left.
    fn drop_silent(&mut self, events: &EventVocabulary, asked: &[Instrument]) -> Result<(), ComposeError> {
        for (value, instrument) in events.instruments.iter().enumerate() {
            let Some(instrument) = instrument else { continue };
            if self.instruments[value] && !self.pitches[value].contains(&true) {
                if asked.iter().any(|other| same(*other, *instrument)) {
                    let reason = format!("scale and ranges leave no pitch for {}", instrument.name());
                    return Err(ComposeError::Request(reason));
                }
                self.instruments[value] = false;
            }
        }
        if self.instruments.contains(&true) {
            Ok(())
        } else {
            Err(ComposeError::Request("scale, ranges and allowed instruments leave no note to play".into()))
        }
    }

    /// Sets what training songs have.
    fn see(&mut self, events: &EventVocabulary, vocabulary: &Vocabulary, observed: &Observed) {
        let seen = |(field, size): (usize, usize)| {
            let values = observed.values.get(field);
            (0..size).map(|value| values.is_none_or(|it| it.binary_search(&(value as Value)).is_ok())).collect()
        };
        self.seen = vocabulary.sizes().into_iter().enumerate().map(seen).collect();
        let pitches = |(value, instrument): (usize, &Option<Instrument>)| {
            let Some(part) = instrument.and_then(|it| observed.part(it)) else { return Vec::new() };
            let drums = part.instrument.is_drums();
            let (low, high) = (part.pitches.first().copied(), part.pitches.last().copied());
            // Songs are transposed in training: between its lowest and its highest an instrument
            // has every pitch.
            let has = |pitch: u8| match drums {
                true => part.pitches.binary_search(&pitch).is_ok(),
                false => low.is_some_and(|low| low <= pitch) && high.is_some_and(|high| pitch <= high),
            };
            let mask: Vec<bool> =
                events.pitches.iter().map(|it| it.is_some_and(|it| it.is_drum == drums && has(it.pitch))).collect();
            // What was requested takes precedence over what songs have.
            let asked = self.pitches.get(value);
            let left = mask.iter().enumerate().any(|(at, seen)| *seen && asked.is_none_or(|asked| asked[at]));
            if left { mask } else { Vec::new() }
        };
        self.seen_pitches = events.instruments.iter().enumerate().map(pitches).collect();
    }

    /// Takes out of `allowed` other instruments and meters than were requested.
    pub fn ensemble(&self, events: &EventVocabulary, earlier: &[Value], field: usize, allowed: &mut [bool]) {
        if field == 0 {
            return and(allowed, &self.kinds);
        }
        let is_note = events.kind(earlier) == EventKind::Note;
        if events.note_fields.is_some_and(|note| is_note && field == note.instrument) {
            and(allowed, &self.instruments);
        }
    }

    /// Takes out of `allowed` the pitches outside the key and ranges.
    pub fn constraints(&self, events: &EventVocabulary, earlier: &[Value], field: usize, allowed: &mut [bool]) {
        if field == 0 && !self.pitches.is_empty() {
            without_rhythm(events, allowed);
        }
        let Some(note) = events.note(earlier) else { return };
        if field == note.pitch
            && let Some(mask) = self.pitches.get(usize::from(earlier[note.instrument]))
        {
            and(allowed, mask);
        }
    }

    /// Whether a note is within the key and ranges.
    pub fn keeps_to_constraints(&self, events: &EventVocabulary, note: &[Value]) -> bool {
        has_pitch(events, &self.pitches, note)
    }

    /// Whether training songs play the note's pitch on its instrument.
    pub fn is_seen(&self, events: &EventVocabulary, note: &[Value]) -> bool {
        has_pitch(events, &self.seen_pitches, note)
    }

    /// Takes out of `allowed` what no training song has. Instruments, and a meter or tempo that was
    /// requested, are left.
    pub fn unseen(&self, events: &EventVocabulary, earlier: &[Value], field: usize, allowed: &mut [bool]) {
        let (Some(note), Some(seen)) = (events.note_fields, self.seen.get(field)) else { return };
        if field == 0 {
            let open = |kind: &EventKind| !kind.is_bar() || !self.kinds.is_empty();
            let kinds = allowed.iter_mut().zip(&events.kinds).zip(seen);
            kinds.for_each(|((allowed, kind), seen)| *allowed &= *seen || open(kind));
        } else if events.kind(earlier) != EventKind::Note || field == note.instrument {
            // Instruments are restricted by the ensemble, and a tempo that holds throughout is not
            // restricted by the songs.
        } else if field == note.pitch {
            let mask = self.seen_pitches.get(usize::from(earlier[note.instrument]));
            mask.into_iter().for_each(|mask| and(allowed, mask));
        } else {
            and(allowed, seen);
        }
    }
}

fn pitches(events: &EventVocabulary, request: &Request, instrument: Option<Instrument>) -> Vec<bool> {
    let may = |value: &Option<PitchValue>| match (instrument, value) {
        (Some(instrument), Some(PitchValue { pitch, is_drum })) => {
            instrument.is_drums() == *is_drum && request.constraints.allow(instrument, *pitch)
        }
        _ => false,
    };
    events.pitches.iter().map(may).collect()
}

/// Takes out of `allowed` the cells that take only their rhythm from others: the notes of a chord
/// that are still to come could find no pitch.
pub(crate) fn without_rhythm(events: &EventVocabulary, allowed: &mut [bool]) {
    let kinds = allowed.iter_mut().zip(&events.kinds);
    kinds.for_each(|(allowed, kind)| *allowed &= *kind != EventKind::Rhythm);
}

/// Whether the mask of a note's instrument, if there is one, has its pitch.
fn has_pitch(events: &EventVocabulary, masks: &[Vec<bool>], note: &[Value]) -> bool {
    let Some(fields) = events.note_fields else { return true };
    let mask = masks.get(usize::from(note[fields.instrument]));
    mask.and_then(|mask| mask.get(usize::from(note[fields.pitch]))).is_none_or(|may| *may)
}

fn and(allowed: &mut [bool], mask: &[bool]) {
    allowed.iter_mut().zip(mask).for_each(|(allowed, mask)| *allowed &= mask);
}
