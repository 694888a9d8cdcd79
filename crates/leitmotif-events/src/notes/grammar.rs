//! `start [tokens (part tokens)*] end`, where `tokens` is at least one note or chord.

use super::TOKENS_PER_QUARTER;
use super::tokens::{END, PART, START, Token};
use crate::settings::{QUARTERS_PER_BAR, SECONDS_PER_QUARTER};
use crate::{Grammar, RepresentationError, Value};

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct NotesGrammar {
    before: Option<Token>,
    accepted: usize,
    notes: usize,
}

impl NotesGrammar {
    fn may_follow(&self, token: Token) -> bool {
        match (self.before, token) {
            (None, token) => token == Token::Start,
            (Some(Token::End), _) | (_, Token::Start) => false,
            (Some(Token::Start), token) => token != Token::Part,
            (Some(Token::Part), token) => token.sounds(),
            (Some(Token::Note(_) | Token::Chord(_)), _) => true,
        }
    }
}

impl Grammar for NotesGrammar {
    fn allowed(&self, _earlier: &[Value], _field: usize, allowed: &mut [bool]) {
        allowed.fill(self.may_follow(Token::Note(0)));
        allowed[usize::from(START)] = self.may_follow(Token::Start);
        // Nothing follows the end; a mask still needs one value.
        allowed[usize::from(END)] = self.may_follow(Token::End) || self.is_finished();
        allowed[usize::from(PART)] = self.may_follow(Token::Part);
    }

    fn accept(&mut self, event: &[Value]) -> Result<(), RepresentationError> {
        let fail = |reason: String| RepresentationError::Event { index: self.accepted, reason };
        let token = Token::parse(event).map_err(fail)?;
        if !self.may_follow(token) {
            return Err(fail(format!("{token:?} may not stand here")));
        }
        self.before = Some(token);
        self.accepted += 1;
        self.notes += usize::from(token.sounds());
        Ok(())
    }

    fn is_finished(&self) -> bool {
        self.before == Some(Token::End)
    }

    fn bars(&self) -> usize {
        self.notes / (TOKENS_PER_QUARTER * QUARTERS_PER_BAR) as usize
    }

    fn notes(&self) -> usize {
        self.notes
    }

    fn seconds(&self) -> f64 {
        self.notes as f64 / TOKENS_PER_QUARTER as f64 * SECONDS_PER_QUARTER
    }

    fn fork<'a>(&self) -> Box<dyn Grammar + 'a>
    where
        Self: 'a,
    {
        Box::new(*self)
    }
}
