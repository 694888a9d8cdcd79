//! `start (pitch* frame)* end`, the pitches of a frame strictly ascending. After [`MAX_FRAMES`] frames the piece ends.

use super::token::{END, FRAME, PITCHES, START, Token};
use crate::roll::{MAX_FRAMES, QUARTERS_PER_BAR, SECONDS_PER_QUARTER};
use crate::{Grammar, RepresentationError, Value};

#[derive(Debug, Clone)]
pub(crate) struct FramesGrammar {
    grid: u64,
    accepted: usize,
    started: bool,
    ended: bool,
    frames: usize,
    notes: usize,
    /// The pitches of the frame being written, and of the one before.
    now: Vec<u8>,
    last: Vec<u8>,
}

impl FramesGrammar {
    pub fn new(grid: u16) -> Self {
        Self {
            grid: u64::from(grid),
            accepted: 0,
            started: false,
            ended: false,
            frames: 0,
            notes: 0,
            now: Vec::new(),
            last: Vec::new(),
        }
    }

    fn in_piece(&self) -> bool {
        self.started && !self.ended && self.frames < MAX_FRAMES
    }

    fn may_follow(&self, token: Token) -> bool {
        match token {
            Token::Start => !self.started,
            Token::End => self.started && !self.ended && self.now.is_empty(),
            Token::Frame => self.in_piece(),
            Token::Pitch(pitch) => self.in_piece() && self.now.last().is_none_or(|last| pitch > *last),
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
        allowed[usize::from(END)] = self.may_follow(Token::End) || self.ended;
        allowed[usize::from(FRAME)] = self.may_follow(Token::Frame);
    }

    fn accept(&mut self, event: &[Value]) -> Result<(), RepresentationError> {
        let fail = |reason: String| RepresentationError::Event { index: self.accepted, reason };
        let token = Token::parse(event).map_err(fail)?;
        if !self.may_follow(token) {
            return Err(fail(format!("{token:?} may not stand here")));
        }
        self.accepted += 1;
        match token {
            Token::Start => self.started = true,
            Token::End => self.ended = true,
            Token::Pitch(pitch) => {
                self.notes += usize::from(!self.last.contains(&pitch));
                self.now.push(pitch);
            }
            Token::Frame => {
                self.last = std::mem::take(&mut self.now);
                self.frames += 1;
            }
        }
        Ok(())
    }

    fn is_finished(&self) -> bool {
        self.ended
    }

    fn bars(&self) -> usize {
        self.frames / (QUARTERS_PER_BAR * self.grid) as usize
    }

    fn notes(&self) -> usize {
        self.notes
    }

    fn seconds(&self) -> f64 {
        self.frames as f64 / self.grid as f64 * SECONDS_PER_QUARTER
    }
}
