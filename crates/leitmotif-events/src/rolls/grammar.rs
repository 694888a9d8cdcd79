//! `start frame* end`, every key of a frame silent or sounding. After [`crate::roll::MAX_FRAMES`]
//! frames the piece ends.

use super::event::{END, Event, FRAME, START};
use crate::roll::FrameState;
use crate::{Grammar, NONE, RepresentationError, Value};

#[derive(Debug, Clone)]
pub(crate) struct RollsGrammar {
    state: FrameState,
    accepted: usize,
    /// The pitches of the last frame.
    last: Vec<u8>,
}

impl RollsGrammar {
    pub fn new(grid: u16) -> Self {
        Self { state: FrameState::new(grid), accepted: 0, last: Vec::new() }
    }

    fn follow(&mut self, event: &[Value]) -> Result<(), String> {
        match Event::parse(event)? {
            Event::Start => self.state.start()?,
            Event::End => self.state.end()?,
            Event::Frame(pitches) => {
                self.state.frame(pitches.iter().filter(|pitch| self.last.binary_search(pitch).is_err()).count())?;
                self.last = pitches;
            }
        }
        Ok(())
    }
}

impl Grammar for RollsGrammar {
    fn allowed(&self, earlier: &[Value], field: usize, allowed: &mut [bool]) {
        allowed.fill(false);
        match (field, earlier.first()) {
            (0, _) => {
                allowed[usize::from(START)] = !self.state.has_started();
                // Nothing follows the end; a mask still needs one value.
                allowed[usize::from(END)] = self.state.has_started();
                allowed[usize::from(FRAME)] = self.state.may_go_on();
            }
            (_, Some(&FRAME)) => allowed[usize::from(NONE) + 1..].fill(true),
            _ => allowed[usize::from(NONE)] = true,
        }
    }

    fn accept(&mut self, event: &[Value]) -> Result<(), RepresentationError> {
        self.follow(event).map_err(|reason| RepresentationError::Event { index: self.accepted, reason })?;
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
        self.state.notes()
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
