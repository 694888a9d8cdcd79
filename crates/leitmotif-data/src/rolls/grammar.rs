//! `start frame* end`, every key of a frame silent or sounding. After [`MAX_FRAMES`] frames the piece ends.

use super::event::{END, Event, FRAME, START};
use crate::roll::{MAX_FRAMES, QUARTERS_PER_BAR, SECONDS_PER_QUARTER};
use crate::{Grammar, NONE, RepresentationError, Value};

#[derive(Debug, Clone)]
pub(crate) struct RollsGrammar {
    grid: u64,
    started: bool,
    ended: bool,
    frames: usize,
    notes: usize,
    /// The pitches of the last frame.
    last: Vec<u8>,
}

impl RollsGrammar {
    pub fn new(grid: u16) -> Self {
        Self { grid: u64::from(grid), started: false, ended: false, frames: 0, notes: 0, last: Vec::new() }
    }

    fn frame_allowed(&self) -> bool {
        self.started && !self.ended && self.frames < MAX_FRAMES
    }

    fn check(&self, event: &Event) -> Result<(), &'static str> {
        let (allowed, reason) = match event {
            Event::Start => (!self.started, "a start within the piece"),
            Event::End => (self.started && !self.ended, "a piece ends once, after its start"),
            Event::Frame(_) => (self.frame_allowed(), "no frame may stand here"),
        };
        if allowed { Ok(()) } else { Err(reason) }
    }
}

impl Grammar for RollsGrammar {
    fn allowed(&self, earlier: &[Value], field: usize, allowed: &mut [bool]) {
        allowed.fill(false);
        match (field, earlier.first()) {
            (0, _) => {
                allowed[usize::from(START)] = !self.started;
                // Nothing follows the end; a mask still needs one value.
                allowed[usize::from(END)] = self.started;
                allowed[usize::from(FRAME)] = self.frame_allowed();
            }
            (_, Some(&FRAME)) => allowed[usize::from(NONE) + 1..].fill(true),
            _ => allowed[usize::from(NONE)] = true,
        }
    }

    fn accept(&mut self, event: &[Value]) -> Result<(), RepresentationError> {
        let index = usize::from(self.started) + self.frames + usize::from(self.ended);
        let parsed = Event::parse(event);
        let event = parsed.and_then(|event| self.check(&event).map(|()| event).map_err(str::to_owned));
        match event.map_err(|reason| RepresentationError::Event { index, reason })? {
            Event::Start => self.started = true,
            Event::End => self.ended = true,
            Event::Frame(pitches) => {
                self.notes += pitches.iter().filter(|pitch| self.last.binary_search(pitch).is_err()).count();
                self.last = pitches;
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
