//! `start frame* end`, the steps of the frames counting round the bar. After
//! [`crate::roll::MAX_FRAMES`] frames the piece ends.

use super::event::{self, END, Event, FIELDS, START, VOICES};
use crate::roll::FrameState;
use crate::{Grammar, NONE, RepresentationError, Value};

#[derive(Debug, Clone, Copy)]
pub(crate) struct ChoralesGrammar {
    state: FrameState,
    accepted: usize,
    last: [Option<u8>; VOICES],
}

impl ChoralesGrammar {
    pub fn new(grid: u16) -> Self {
        Self { state: FrameState::new(grid), accepted: 0, last: [None; VOICES] }
    }

    fn step(&self) -> u64 {
        self.state.frames() as u64 % self.state.steps()
    }

    fn follow(&mut self, event: &[Value]) -> Result<(), String> {
        match Event::parse(event, self.state.steps())? {
            Event::Start => self.state.start()?,
            Event::End => self.state.end()?,
            Event::Frame { step, .. } if u64::from(step) != self.step() => return Err("another step comes here".into()),
            Event::Frame { voices, .. } => {
                let begins = |(now, before): &(&Option<u8>, &Option<u8>)| now.is_some() && now != before;
                self.state.frame(voices.iter().zip(&self.last).filter(begins).count())?;
                self.last = voices;
            }
        }
        Ok(())
    }
}

impl Grammar for ChoralesGrammar {
    fn allowed(&self, earlier: &[Value], field: usize, allowed: &mut [bool]) {
        allowed.fill(false);
        match (field, earlier.first()) {
            (0, _) => {
                allowed[usize::from(START)] = !self.state.has_started();
                // Nothing follows the end; a mask still needs one value.
                allowed[usize::from(END)] = self.state.has_started();
                if self.state.may_go_on() {
                    allowed[event::step_value(self.step())] = true;
                }
            }
            (_, Some(&(START | END)) | None) => allowed[usize::from(NONE)] = true,
            _ => allowed[usize::from(NONE) + 1..].fill(true),
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
        Box::new(*self)
    }
}

const _: () = assert!(FIELDS == 5);
