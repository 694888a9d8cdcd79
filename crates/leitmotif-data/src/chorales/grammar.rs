//! `start frame* end`, the steps of the frames counting round the bar. After [`MAX_FRAMES`] frames the piece ends.

use super::event::{self, END, Event, FIELDS, START, VOICES};
use crate::roll::{MAX_FRAMES, QUARTERS_PER_BAR, SECONDS_PER_QUARTER};
use crate::{Grammar, NONE, RepresentationError, Value};

#[derive(Debug, Clone, Copy)]
pub(crate) struct ChoralesGrammar {
    grid: u64,
    started: bool,
    ended: bool,
    frames: usize,
    last: [Option<u8>; VOICES],
    notes: usize,
}

impl ChoralesGrammar {
    pub fn new(grid: u16) -> Self {
        Self { grid: u64::from(grid), started: false, ended: false, frames: 0, last: [None; VOICES], notes: 0 }
    }

    fn steps(&self) -> u64 {
        QUARTERS_PER_BAR * self.grid
    }

    fn step(&self) -> u64 {
        self.frames as u64 % self.steps()
    }

    fn frame_allowed(&self) -> bool {
        self.started && !self.ended && self.frames < MAX_FRAMES
    }

    fn check(&self, event: &Event) -> Result<(), &'static str> {
        let (allowed, reason) = match event {
            Event::Start => (!self.started, "a start within the piece"),
            Event::End => (self.started && !self.ended, "a piece ends once, after its start"),
            Event::Frame { step, .. } => {
                (self.frame_allowed() && u64::from(*step) == self.step(), "another step comes here")
            }
        };
        if allowed { Ok(()) } else { Err(reason) }
    }
}

impl Grammar for ChoralesGrammar {
    fn allowed(&self, earlier: &[Value], field: usize, allowed: &mut [bool]) {
        allowed.fill(false);
        match (field, earlier.first()) {
            (0, _) => {
                allowed[usize::from(START)] = !self.started;
                // Nothing follows the end; a mask still needs one value.
                allowed[usize::from(END)] = self.started;
                if self.frame_allowed() {
                    allowed[event::step_value(self.step())] = true;
                }
            }
            (_, Some(&(START | END)) | None) => allowed[usize::from(NONE)] = true,
            _ => allowed[usize::from(NONE) + 1..].fill(true),
        }
    }

    fn accept(&mut self, event: &[Value]) -> Result<(), RepresentationError> {
        let index = usize::from(self.started) + self.frames + usize::from(self.ended);
        let parsed = Event::parse(event, self.steps());
        let event = parsed.and_then(|event| self.check(&event).map(|()| event).map_err(str::to_owned));
        match event.map_err(|reason| RepresentationError::Event { index, reason })? {
            Event::Start => self.started = true,
            Event::End => self.ended = true,
            Event::Frame { voices, .. } => {
                let begins = |(now, before): &(&Option<u8>, &Option<u8>)| now.is_some() && now != before;
                self.notes += voices.iter().zip(&self.last).filter(begins).count();
                self.last = voices;
                self.frames += 1;
            }
        }
        Ok(())
    }

    fn is_finished(&self) -> bool {
        self.ended
    }

    fn bars(&self) -> usize {
        self.frames / self.steps() as usize
    }

    fn notes(&self) -> usize {
        self.notes
    }

    fn seconds(&self) -> f64 {
        self.frames as f64 / self.grid as f64 * SECONDS_PER_QUARTER
    }
}

const _: () = assert!(FIELDS == 5);
