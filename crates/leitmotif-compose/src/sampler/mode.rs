//! Which rules hold while an event is drawn: all of them, and fewer where they leave nothing.

use super::Rule;
use crate::masks::Masks;
use crate::piece_state::PieceState;
use leitmotif_events::{EventVocabulary, Grammar, NONE, NoteFields, Value};

/// How an event is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// No grammar, but which fields apply.
    Free,
    /// All rules; an event that a rule refuses is drawn again.
    Exact,
    /// All rules, as masks field by field.
    Masked,
    /// Grammar and constraints as masks, and nothing but closing the bar or the piece.
    Close,
    /// Grammar and constraints as masks, and nothing but the end.
    End,
    /// The grammar alone, as masks.
    Grammar,
}

impl Mode {
    /// The mode that follows one in which nothing can be drawn.
    pub fn next(self) -> Option<Self> {
        match self {
            Self::Free => Some(Self::Exact),
            Self::Exact => Some(Self::Masked),
            Self::Masked => Some(Self::Close),
            Self::Close => Some(Self::End),
            Self::End => Some(Self::Grammar),
            Self::Grammar => None,
        }
    }

    /// Whether masks choose value by value, because the model gives next to no probability to what
    /// is allowed.
    pub fn masks(self) -> bool {
        !matches!(self, Self::Free | Self::Exact)
    }
}

/// Everything that refuses values, in the order of [`Rule::ALL`].
pub(super) struct Rules<'r> {
    pub events: &'r EventVocabulary,
    pub masks: &'r Masks,
    pub grammar: &'r dyn Grammar,
    pub state: &'r PieceState,
}

impl Rules<'_> {
    /// Writes to `allowed` which values of the field after the `earlier` ones all rules allow.
    pub fn apply(&self, mode: Mode, earlier: &[Value], allowed: &mut [bool]) {
        allowed.fill(true);
        Rule::ALL.into_iter().for_each(|rule| self.mask(rule, mode, earlier, allowed));
    }

    /// Whether the field after the `earlier` ones, of so many values, says whose cell it is or
    /// whose comes next, and the window or the form leave one value.
    pub fn determine(&self, earlier: &[Value], size: usize) -> bool {
        let names_part = |fields: NoteFields| earlier.len() == fields.instrument || Some(earlier.len()) == fields.part;
        if !self.events.has_cells() || !self.events.note_fields.is_some_and(names_part) {
            return false;
        }
        let mut allowed = vec![true; size];
        self.grammar.allowed(earlier, earlier.len(), &mut allowed);
        self.state.form.mask(self.events, earlier, &mut allowed);
        allowed.iter().filter(|allowed| **allowed).count() == 1
    }

    /// The first rule that refuses a value of the field after the `earlier` ones.
    pub fn refusing(&self, mode: Mode, earlier: &[Value], value: Value, size: usize) -> Option<Rule> {
        let mut allowed = vec![true; size];
        Rule::ALL.into_iter().find(|&rule| {
            self.mask(rule, mode, earlier, &mut allowed);
            !allowed[usize::from(value)]
        })
    }

    /// Takes out of `allowed` what one rule refuses.
    fn mask(&self, rule: Rule, mode: Mode, earlier: &[Value], allowed: &mut [bool]) {
        let (Self { events, masks, state, .. }, field) = (self, earlier.len());
        let closes = matches!(mode, Mode::Close | Mode::End);
        match rule {
            Rule::Grammar => self.grammar(mode, earlier, allowed),
            _ if mode == Mode::Grammar => {}
            Rule::Ensemble => {
                masks.ensemble(events, earlier, field, allowed);
                state.ensemble(events, earlier, field, allowed);
            }
            Rule::Constraints => {
                masks.constraints(events, earlier, field, allowed);
                state.kept.iter().for_each(|kept| kept.mask(events, earlier, field, allowed));
                state.harmony.mask(events, earlier, field, allowed);
                let may =
                    |note: &[Value]| masks.keeps_to_constraints(events, note) && state.harmony.allows(events, note);
                self.references(earlier, allowed, may);
            }
            Rule::Unseen => {
                masks.unseen(events, earlier, field, allowed);
                self.references(earlier, allowed, |note| masks.is_seen(events, note));
            }
            Rule::Part => {
                state.parts.mask(events, earlier, field, allowed);
                self.references(earlier, allowed, |note| state.parts.reaches(events, note));
            }
            Rule::Length if closes && field > 0 => {}
            Rule::Length if mode == Mode::Close => state.close(events, allowed),
            Rule::Length if mode == Mode::End => state.end(events, allowed),
            Rule::Length => state.mask(events, earlier, field, mode == Mode::Free, allowed),
            Rule::Repeats | Rule::Attributes if closes => {}
            // What returns may be as it was.
            Rule::Repeats if state.form.returns() => {}
            Rule::Repeats => {
                state.repeats.mask(events, earlier, field, allowed);
                state.half_empty.mask(events, field, allowed);
            }
            Rule::Attributes => state.attributes(events, earlier, field, allowed),
            Rule::Copies => state.copies.iter().for_each(|it| it.mask(events, earlier, field, allowed)),
        }
    }

    /// Takes out what would stand for notes that may not be, of an event that repeats others.
    fn references(&self, earlier: &[Value], allowed: &mut [bool], may: impl Fn(&[Value]) -> bool) {
        if self.events.reference_field(earlier) != Some(earlier.len()) {
            return;
        }
        let mut event = earlier.to_vec();
        for (value, allowed) in allowed.iter_mut().enumerate().filter(|(_, allowed)| **allowed) {
            event.truncate(earlier.len());
            event.push(value as Value);
            let notes = self.grammar.stands_for(&event);
            let mut values = notes.iter().filter_map(|note| self.events.note_values(note));
            *allowed = values.all(|note| may(&note));
        }
    }

    fn grammar(&self, mode: Mode, earlier: &[Value], allowed: &mut [bool]) {
        let (field, none) = (earlier.len(), usize::from(NONE));
        self.grammar.allowed(earlier, field, allowed);
        let applies = field == 0 || !allowed[none];
        if mode == Mode::Free && applies {
            allowed.fill(true);
            allowed[none] = field == 0;
        }
    }
}
