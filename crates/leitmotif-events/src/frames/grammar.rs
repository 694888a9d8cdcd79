//! `start (pitch* frame)* end`, the pitches of a frame strictly ascending. After
//! [`crate::roll::MAX_FRAMES`] frames the piece ends.

use super::token::{END, FRAME, PITCHES, START, Token};
use crate::roll::FrameState;
use crate::{Grammar, RepresentationError, Value};

#[derive(Debug, Clone)]
pub(crate) struct FramesGrammar {
    state: FrameState,
    accepted: usize,
    /// The pitches of the frame being written, and of the one before.
    now: Vec<u8>,
    last: Vec<u8>,
}

impl FramesGrammar {
    pub fn new(grid: u16) -> Self {
        Self { state: FrameState::new(grid), accepted: 0, now: Vec::new(), last: Vec::new() }
    }

    fn may_follow(&self, token: Token) -> bool {
        match token {
            Token::Start => !self.state.has_started(),
            Token::End => self.state.has_started() && !self.state.has_ended() && self.now.is_empty(),
            Token::Frame => self.state.may_go_on(),
            Token::Pitch(pitch) => self.state.may_go_on() && self.now.last().is_none_or(|last| pitch > *last),
        }
    }
}

impl Grammar for FramesGrammar {
    fn allowed(&self, _earlier: &[Value], _field: usize, allowed: &mut [bool]) {
        for (pitch, allowed) in allowed[usize::from(PITCHES)..].iter_mut().enumerate() {
            *allowed = self.may_follow(Token::Pitch(pitch as u8));
        }
        allowed[usize::from(START)] = self.may_follow(Token::Start);
        // Nothing follows the end; a mask still needs one value.
        allowed[usize::from(END)] = self.may_follow(Token::End) || self.state.has_ended();
        allowed[usize::from(FRAME)] = self.may_follow(Token::Frame);
    }

    fn accept(&mut self, event: &[Value]) -> Result<(), RepresentationError> {
        let fail = |reason: String| RepresentationError::Event { index: self.accepted, reason };
        let token = Token::parse(event).map_err(fail)?;
        if !self.may_follow(token) {
            return Err(fail(format!("{token:?} may not stand here")));
        }
        let followed = match token {
            Token::Start => self.state.start(),
            Token::End => self.state.end(),
            Token::Pitch(pitch) => {
                self.now.push(pitch);
                Ok(())
            }
            Token::Frame => {
                let begin = self.now.iter().filter(|pitch| !self.last.contains(pitch)).count();
                self.last = std::mem::take(&mut self.now);
                self.state.frame(begin)
            }
        };
        followed.map_err(|reason| fail(reason.to_owned()))?;
        self.accepted += 1;
        Ok(())
    }

    fn is_finished(&self) -> bool {
        self.state.has_ended()
    }

    fn bars(&self) -> usize {
        self.state.bars()
    }

    fn notes(&self) -> usize {
        let begun = self.now.iter().filter(|pitch| !self.last.contains(pitch)).count();
        self.state.notes() + begun
    }

    fn seconds(&self) -> f64 {
        self.state.seconds()
    }

    fn fork<'a>(&self) -> Box<dyn Grammar + 'a>
    where
        Self: 'a,
    {
        Box::new(self.clone())
    }
}
