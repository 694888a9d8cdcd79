//! What may come next in the state of a piece: masks of values, and shifts of logits.

use super::PieceState;
use crate::Length;
use leitmotif_events::{EventKind, EventVocabulary, FIRST_POSITION, NONE, Value};

impl PieceState {
    /// Takes out of `allowed` what may not come now. With `free`, openings are left to the grammar.
    pub fn mask(&self, events: &EventVocabulary, earlier: &[Value], field: usize, free: bool, allowed: &mut [bool]) {
        let Some(note) = events.note_fields else {
            if field == 0 {
                let (complete, may_end) = (self.complete(false), self.may_end(false));
                for (allowed, kind) in allowed.iter_mut().zip(&events.kinds) {
                    *allowed &= if *kind == EventKind::End { may_end } else { !complete };
                }
            }
            return;
        };
        if self.harmony.is_due() && self.tempo_known && self.tempo_due.is_none() {
            return self.harmony.mask_due(events, field, allowed);
        }
        if self.form.mask(events, earlier, allowed) {
            return;
        }
        let due = self.due();
        if field == 0 {
            return self.mask_kinds(events, due, free, allowed);
        }
        if self.has_cells && events.kind(earlier).names_next() {
            if field == note.instrument {
                self.mask_next(events.kind(earlier), allowed);
            }
        } else if field == note.position && events.kind(earlier).is_tempo() {
            if self.tempo_due.is_some() {
                only(allowed, FIRST_POSITION.into());
            }
        } else if due && !self.has_cells && events.kind(earlier) == EventKind::Note {
            if field == note.position && matches!(self.length, Length::Seconds(_)) {
                only(allowed, FIRST_POSITION.into());
            } else if field == note.instrument {
                only(allowed, usize::from(self.missing[0]));
            }
        }
    }

    /// Takes out of `allowed` what would leave the requested attributes.
    pub fn attributes(&self, events: &EventVocabulary, earlier: &[Value], field: usize, allowed: &mut [bool]) {
        if let Some(attribute_mask) = self.attribute_mask.as_ref().filter(|_| !self.due() && self.tempo_due.is_none()) {
            attribute_mask.mask(events, earlier, field, allowed);
        }
    }

    /// Takes out of `allowed` other meters than the piece's, and instruments that its own header
    /// does not name.
    pub fn ensemble(&self, events: &EventVocabulary, earlier: &[Value], field: usize, allowed: &mut [bool]) {
        let Some(note) = events.note_fields else { return };
        if let Some(meter) = self.meter.filter(|_| field == 0) {
            let other = |value: usize, kind: EventKind| kind.is_bar() && value != usize::from(meter);
            let kinds = allowed.iter_mut().zip(&events.kinds).enumerate();
            kinds.for_each(|(value, (allowed, kind))| *allowed &= !other(value, *kind));
        } else if field == note.instrument && !self.named.is_empty() && events.kind(earlier) == EventKind::Note {
            let values = allowed.iter_mut().enumerate();
            values.for_each(|(value, allowed)| *allowed &= self.named.contains(&(value as Value)));
        }
    }

    /// Takes out of `allowed` who may not come next in a bar of cells, or that nobody comes: a
    /// missing instrument is not passed over when it must play, and a bar is not silent where it
    /// may not be.
    fn mask_next(&self, kind: EventKind, allowed: &mut [bool]) {
        let begins = kind.is_bar();
        let bars = self.bars + usize::from(begins);
        let last = matches!(self.length, Length::Bars(most) if bars >= most);
        if begins && (last || self.silent >= self.most_silent_bars) {
            allowed[usize::from(NONE)] = false;
        }
        let missing = self.missing.iter().find(|value| allowed.get(usize::from(**value)) == Some(&true));
        if let Some(missing) = missing.filter(|_| self.due_in(bars)) {
            let others = allowed.iter_mut().enumerate();
            others.for_each(|(value, allowed)| *allowed &= value > 0 && value <= usize::from(*missing));
        }
    }

    fn mask_kinds(&self, events: &EventVocabulary, due: bool, free: bool, allowed: &mut [bool]) {
        if let Some(closing) = self.closing {
            for (value, (allowed, kind)) in allowed.iter_mut().zip(&events.kinds).enumerate() {
                let more = *kind == EventKind::Note && self.notes_in_bar < self.most_notes_in_bar;
                *allowed &= more || value == usize::from(closing);
            }
            return;
        }
        let (before_bars, complete) = (self.bars == 0, self.complete(true));
        // A bar of cells is written to its end.
        let within = !before_bars && (!complete || self.has_cells);
        let empty = self.notes_in_bar == 0;
        let may_close = before_bars
            || !(complete
                || self.tempo_due.is_some()
                || due && !matches!(self.length, Length::Notes(_)) && !self.has_cells
                || empty && self.silent > self.most_silent_bars);
        for (value, (allowed, kind)) in allowed.iter_mut().zip(&events.kinds).enumerate() {
            *allowed &= match kind {
                EventKind::Note | EventKind::Repeat | EventKind::Transposed | EventKind::Rhythm => {
                    within && self.tempo_due.is_none() && self.notes_in_bar < self.most_notes_in_bar
                }
                // Which cells are given is no choice of the model's, and what may come there is the
                // grammar's.
                EventKind::Close | EventKind::Write => within,
                EventKind::Rest => within && !self.no_rests,
                EventKind::Chord(_) | EventKind::Window | EventKind::Hole => false,
                EventKind::Tempo(_) => match self.tempo_due {
                    Some(wanted) => within && value == wanted,
                    None => within && !self.tempo_fixed && !(due && self.tempo_known),
                },
                EventKind::Bar(_) => may_close && self.bars < self.most_bars(),
                EventKind::End => !before_bars && self.may_end(true),
                EventKind::Start | EventKind::Genre(_) | EventKind::With => free || self.header_open && before_bars,
            };
        }
    }

    /// When nothing is left: another bar, or the end.
    pub fn close(&self, events: &EventVocabulary, allowed: &mut [bool]) {
        if let Some(closing) = self.closing {
            return only(allowed, usize::from(closing));
        }
        let more = events.note_fields.is_some() && self.bars < self.most_bars() && !self.complete(true);
        for (allowed, kind) in allowed.iter_mut().zip(&events.kinds) {
            let closes = if more { kind.is_bar() } else { *kind == EventKind::End };
            *allowed &= closes || *kind == EventKind::Close;
        }
    }

    /// When even that leaves nothing: the end, unless the frame of the piece is given.
    pub fn end(&self, events: &EventVocabulary, allowed: &mut [bool]) {
        let may_end = self.closing.is_none();
        allowed
            .iter_mut()
            .zip(&events.kinds)
            .for_each(|(allowed, kind)| *allowed &= may_end && *kind == EventKind::End);
    }

    /// How likely the model is to end where it closes the last bar, as a share of closing it at
    /// all, from 0 to 1; 0 elsewhere.
    pub fn ending(&self, events: &EventVocabulary, logits: &[f32]) -> f64 {
        if events.note_fields.is_none() || !self.is_last_bar() {
            return 0.0;
        }
        let closing = |kind: &EventKind| kind.is_bar() || *kind == EventKind::End;
        let most = logits.iter().zip(&events.kinds).filter(|(_, kind)| closing(kind));
        let most = most.fold(f32::NEG_INFINITY, |most, (logit, _)| most.max(*logit));
        let (mut end, mut all) = (0.0, 0.0);
        for (logit, kind) in logits.iter().zip(&events.kinds).filter(|(_, kind)| closing(kind)) {
            let weight = f64::from((logit - most).exp());
            all += weight;
            end += if *kind == EventKind::End { weight } else { 0.0 };
        }
        if all > 0.0 { end / all } else { 0.0 }
    }

    /// Shifts the model's logits: instruments that rest for long are favoured; in the last bar the
    /// probability of another bar moves to the end, and where the closing kind is given, that of
    /// every closing kind to it.
    pub fn shift(&self, events: &EventVocabulary, earlier: &[Value], field: usize, logits: &mut [f32]) {
        let Some(note) = events.note_fields else { return };
        if let Some(attribute_mask) = &self.attribute_mask {
            attribute_mask.shift(events, earlier, field, logits);
        }
        if field == 0 {
            let missing = self.favoured.map_or(0.0, |player| self.entries.missing(player, self.bars) as f32);
            let penalty = self.rest_penalty + missing;
            let rests = logits.iter_mut().zip(&events.kinds).filter(|(_, kind)| **kind == EventKind::Rest);
            rests.for_each(|(logit, _)| *logit -= penalty);
            let end = || events.end();
            let last = self.bars == self.most_bars();
            let wished = self.closing.map(usize::from).or_else(|| if last { end() } else { None });
            if let Some(wished) = wished {
                close_by(events, wished, logits);
            }
        } else if field == note.instrument {
            let kind = events.kind(earlier);
            match self.has_cells {
                true if kind.names_next() => self.entries.favour(self.bars + usize::from(kind.is_bar()), logits),
                false if kind == EventKind::Note => self.entries.favour(self.bars, logits),
                _ => {}
            }
        }
    }
}

/// Moves the probability of every closing kind to one kind.
fn close_by(events: &EventVocabulary, wished: usize, logits: &mut [f32]) {
    let closing = |kind: &EventKind| kind.is_bar() || *kind == EventKind::End;
    let wishes = || logits.iter().zip(&events.kinds).filter(|(_, kind)| closing(kind)).map(|(logit, _)| *logit);
    let most = wishes().fold(f32::NEG_INFINITY, f32::max);
    if most.is_finite() {
        let sum = most + wishes().map(|logit| (logit - most).exp()).sum::<f32>().ln();
        logits[wished] = sum;
    }
}

fn only(allowed: &mut [bool], value: usize) {
    allowed.iter_mut().enumerate().for_each(|(other, allowed)| *allowed &= other == value);
}
