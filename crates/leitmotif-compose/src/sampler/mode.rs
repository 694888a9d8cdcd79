//! Which rules hold while an event is drawn: all of them, and fewer where they leave nothing.

use super::{Allowed, Rule};
use crate::masks::Masks;
use crate::piece_state::PieceState;
use leitmotif_events::{EventVocabulary, Grammar, NONE, Value};

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

    /// Whether masks choose value by value, because the model means next to nothing that is
    /// allowed.
    pub fn masks(self) -> bool {
        !matches!(self, Self::Free | Self::Exact)
    }
}

/// Everything that refuses values, in the order in which it is asked.
pub(super) struct Rules<'r> {
    pub events: &'r EventVocabulary,
    pub masks: &'r Masks,
    pub grammar: &'r dyn Grammar,
    pub state: &'r PieceState,
}

impl Rules<'_> {
    /// Refuses values of the field after the `earlier` ones.
    pub fn apply(&self, mode: Mode, earlier: &[Value], allowed: &mut Allowed) {
        let (Self { events, masks, state, .. }, field) = (self, earlier.len());
        allowed.apply(Rule::Grammar, |allowed| self.grammar(mode, earlier, allowed));
        if mode == Mode::Grammar {
            return;
        }
        allowed.apply(Rule::Ensemble, |allowed| {
            masks.ensemble(events, earlier, field, allowed);
            state.ensemble(events, earlier, field, allowed);
        });
        allowed.apply(Rule::Constraints, |allowed| masks.constraints(events, earlier, field, allowed));
        allowed.apply(Rule::Unseen, |allowed| masks.unseen(events, earlier, field, allowed));
        allowed.apply(Rule::Part, |allowed| state.parts.mask(events, earlier, field, allowed));
        match mode {
            Mode::Close if field == 0 => allowed.apply(Rule::Length, |allowed| state.close(events, allowed)),
            Mode::End if field == 0 => allowed.apply(Rule::Length, |allowed| state.end(events, allowed)),
            Mode::Close | Mode::End => {}
            _ => {
                let free = mode == Mode::Free;
                allowed.apply(Rule::Length, |allowed| state.mask(events, earlier, field, free, allowed));
                allowed.apply(Rule::Repeats, |allowed| state.repeats.mask(events, earlier, field, allowed));
                allowed.apply(Rule::Attributes, |allowed| state.attributes(events, earlier, field, allowed));
            }
        }
        if let Some(copies) = &state.copies {
            allowed.apply(Rule::Copies, |allowed| copies.mask(events, earlier, field, allowed));
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
