//! From events in time order to parts and their notes.
//!
//! A note-off ends the oldest sounding note of its pitch in the same track and channel. Each track,
//! port, channel and instrument makes one part, so that a program change in mid-track begins (or
//! resumes) another part.

use super::channel::{CHANNELS, Port, Sound};
use super::error::ReadError;
use super::event::{ALL_NOTES_OFF, ALL_SOUND_OFF, Event, Kind, RESET_CONTROLLERS, SOSTENUTO, SUSTAIN};
use super::limits::{MAX_NOTES, MAX_PARTS};
use super::pedals::{Moment, Pedals};
use super::read::ReadOptions;
use super::report::{ReadReport, What};
use crate::{Instrument, Note, Ticks};
use std::collections::{BTreeMap, VecDeque};

const PITCHES: usize = 128;

/// A note that sounds: its part, its number there, and its byte in the file.
pub(super) type Sounding = (u32, u32, u32);

/// A channel as one track uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub track: u16,
    pub port: u8,
    pub channel: u8,
}

/// How a note's key was let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Release {
    /// By the note-off at this byte.
    Off(u32),
    /// By all-notes-off or all-sound-off.
    Silenced,
    /// By the end of its track.
    Hung,
}

/// Where a note stands in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trace {
    /// The byte of its note-on.
    pub on: u32,
    pub release: Release,
    /// When its key was let go, which a pedal does not change.
    pub end: u64,
}

/// A part as it was played.
pub(super) struct Played {
    pub place: Place,
    pub instrument: Instrument,
    /// In the order of their note-ons.
    pub notes: Vec<Note>,
    /// Of each note.
    pub traces: Vec<Trace>,
    /// The sounds of its notes, each with the tick of the first note that has it.
    pub sounds: Vec<(u64, Sound)>,
}

/// What one track plays on one channel.
struct Lane {
    place: Place,
    /// The part that played last, with its instrument.
    part: Option<(Instrument, u32)>,
    open: Box<[VecDeque<Sounding>; PITCHES]>,
    sounding: usize,
}

/// The pedals of a channel, and the lanes that may have sounding notes on it.
#[derive(Default)]
struct Held {
    pedals: Pedals,
    lanes: Vec<u32>,
}

/// The parts played so far, and everything that sounds.
pub(super) struct Performance<'r> {
    report: &'r mut ReadReport,
    apply_sustain: bool,
    /// What begins here or later is left out, and what sounds ends here.
    limit: u64,
    ports: Vec<Port>,
    held: Vec<Held>,
    lanes: Vec<Lane>,
    /// The lanes of each track's first port by channel, and of its other ports.
    first_ports: Vec<[Option<u32>; CHANNELS]>,
    other_ports: BTreeMap<(u16, u8, u8), u32>,
    parts: Vec<Played>,
    part_numbers: BTreeMap<(u32, Instrument), u32>,
    notes: usize,
}

impl<'r> Performance<'r> {
    /// A piece that ends at `limit`.
    pub fn new(options: &ReadOptions, limit: Ticks, report: &'r mut ReadReport) -> Self {
        Self {
            report,
            apply_sustain: options.apply_sustain,
            limit: limit.0,
            ports: Vec::new(),
            held: Vec::new(),
            lanes: Vec::new(),
            first_ports: Vec::new(),
            other_ports: BTreeMap::new(),
            parts: Vec::new(),
            part_numbers: BTreeMap::new(),
            notes: 0,
        }
    }

    /// Plays one event; those that concern no channel are ignored.
    pub fn play(&mut self, event: &Event<'_>) -> Result<(), ReadError> {
        let port = usize::from(event.port);
        if self.ports.len() <= port {
            self.ports.resize_with(port + 1, Port::default);
            self.held.resize_with((port + 1) * CHANNELS, Held::default);
        }
        let channel = event.channel;
        let held = port * CHANNELS + usize::from(channel);
        match event.kind {
            Kind::NoteOn { pitch, velocity } => self.start(event, held, pitch, velocity)?,
            Kind::NoteOff { pitch } => self.stop(event, held, pitch),
            Kind::Control { controller: ALL_NOTES_OFF | ALL_SOUND_OFF, .. } => self.silence(event.tick, held),
            Kind::Control { controller: pedal @ (SUSTAIN | SOSTENUTO), value } => {
                self.pedal(event, held, pedal == SOSTENUTO, value);
            }
            Kind::Control { controller: RESET_CONTROLLERS, .. } => self.lift(event.tick, held),
            Kind::NewSequence => self.ports.fill(Port::default()),
            _ => self.ports[port].follow(event),
        }
        Ok(())
    }

    fn start(&mut self, event: &Event<'_>, held: usize, pitch: u8, velocity: u8) -> Result<(), ReadError> {
        if self.notes >= MAX_NOTES {
            return Err(ReadError::TooMany { what: "notes", limit: MAX_NOTES, at: u64::from(event.byte) });
        }
        if event.tick >= self.limit {
            self.report.add(What::BeyondLongest, 1, Some(event.byte as usize));
            return Ok(());
        }
        self.notes += 1;
        for note in self.held[held].pedals.struck(pitch) {
            self.close(event.tick, note);
        }
        let lane = self.lane(event);
        let part = self.part(lane, event)?;
        let sound = self.ports[usize::from(event.port)].sound(event.track, event.channel);
        let played = &mut self.parts[part as usize];
        if played.sounds.last().is_none_or(|last| last.1 != sound) {
            played.sounds.push((event.tick, sound));
        }
        let sounding = (part, played.notes.len() as u32, event.byte);
        played.notes.push(Note { onset: Ticks(event.tick), pitch, duration: Ticks(0), velocity });
        played.traces.push(Trace { on: event.byte, release: Release::Hung, end: event.tick });
        let state = &mut self.lanes[lane as usize];
        if state.sounding == 0 {
            self.held[held].lanes.push(lane);
        }
        state.sounding += 1;
        let open = &mut state.open[usize::from(pitch)];
        self.report.add(What::NotesOverlapping, u64::from(!open.is_empty()), None);
        open.push_back(sounding);
        Ok(())
    }

    fn stop(&mut self, event: &Event<'_>, held: usize, pitch: u8) {
        let lane = self.find_lane(event).map(|lane| &mut self.lanes[lane as usize]);
        let note = lane.and_then(|lane| {
            let note = lane.open[usize::from(pitch)].pop_front()?;
            lane.sounding -= 1;
            Some(note)
        });
        let Some(note) = note else {
            // The note that it ends may be one that is left out.
            self.report.add(What::NoteOffWithoutNote, u64::from(event.tick < self.limit), Some(event.byte as usize));
            return;
        };
        self.let_go(event.tick, note, Release::Off(event.byte));
        let part = &self.parts[note.0 as usize];
        let struck = Moment { tick: part.notes[note.1 as usize].onset.0, track: event.track, byte: note.2 };
        // A drum's sound does not depend on when it is let go.
        if part.instrument.is_drums() || !self.held[held].pedals.hold(pitch, note, struck) {
            self.close(event.tick, note);
        }
    }

    /// Ends everything that sounds on a channel, whatever track it came from.
    fn silence(&mut self, tick: u64, held: usize) {
        self.lift(tick, held);
        for lane in std::mem::take(&mut self.held[held].lanes) {
            let lane = &mut self.lanes[lane as usize];
            if lane.sounding == 0 {
                continue;
            }
            lane.sounding = 0;
            let open: Vec<Sounding> = lane.open.iter_mut().flat_map(|open| open.drain(..)).collect();
            self.report.add(What::NotesEndedByController, open.len() as u64, None);
            for note in open {
                self.let_go(tick, note, Release::Silenced);
                self.close(tick, note);
            }
        }
    }

    fn let_go(&mut self, end: u64, (part, index, _): Sounding, release: Release) {
        let trace = &mut self.parts[part as usize].traces[index as usize];
        (trace.release, trace.end) = (release, end);
    }

    fn pedal(&mut self, event: &Event<'_>, held: usize, sostenuto: bool, value: u8) {
        if !self.apply_sustain {
            self.report.add(What::PedalNotApplied, 1, None);
            return;
        }
        let pedals = &mut self.held[held].pedals;
        let moment = Moment { tick: event.tick, track: event.track, byte: event.byte };
        let freed = if sostenuto { pedals.sostenuto(value, moment) } else { pedals.sustain(value) };
        freed.into_iter().for_each(|note| self.close(event.tick, note));
    }

    /// Lifts the pedals of a channel.
    fn lift(&mut self, tick: u64, held: usize) {
        for note in self.held[held].pedals.lift() {
            self.close(tick, note);
        }
    }

    fn close(&mut self, tick: u64, (part, index, byte): Sounding) {
        let played = &mut self.parts[part as usize];
        let (note, trace) = (&mut played.notes[index as usize], &played.traces[index as usize]);
        note.duration = Ticks(tick.min(self.limit)) - note.onset;
        if tick > self.limit {
            self.report.add(What::CutAtLongest, 1, Some(byte as usize));
        }
        if matches!(trace.release, Release::Off(_)) && tick > trace.end {
            self.report.add(What::NoteHeldByPedal, 1, None);
        }
        if note.duration == Ticks(0) {
            note.duration = Ticks(1);
            self.report.add(What::NoteWithoutLength, 1, Some(byte as usize));
        }
    }

    /// The lane of an event, where it has sounded before.
    fn find_lane(&self, event: &Event<'_>) -> Option<u32> {
        if event.port == 0 {
            return self.first_ports.get(usize::from(event.track))?[usize::from(event.channel)];
        }
        self.other_ports.get(&(event.track, event.port, event.channel)).copied()
    }

    fn lane(&mut self, event: &Event<'_>) -> u32 {
        if let Some(lane) = self.find_lane(event) {
            return lane;
        }
        let (track, port, channel) = (event.track, event.port, event.channel);
        let open = Box::new(std::array::from_fn(|_| VecDeque::new()));
        self.lanes.push(Lane { place: Place { track, port, channel }, part: None, open, sounding: 0 });
        let lane = self.lanes.len() as u32 - 1;
        if port == 0 {
            let tracks = self.first_ports.len().max(usize::from(track) + 1);
            self.first_ports.resize(tracks, [None; CHANNELS]);
            self.first_ports[usize::from(track)][usize::from(channel)] = Some(lane);
        } else {
            self.other_ports.insert((track, port, channel), lane);
        }
        lane
    }

    /// The part that now plays in `lane`.
    fn part(&mut self, lane: u32, event: &Event<'_>) -> Result<u32, ReadError> {
        let instrument = self.ports[usize::from(event.port)].instrument(event.track, event.channel);
        if let Some((last, part)) = self.lanes[lane as usize].part
            && last == instrument
        {
            return Ok(part);
        }
        let part = match self.part_numbers.get(&(lane, instrument)) {
            Some(&part) => part,
            None if self.parts.len() >= MAX_PARTS => {
                return Err(ReadError::TooMany { what: "parts", limit: MAX_PARTS, at: u64::from(event.byte) });
            }
            None => {
                let place = self.lanes[lane as usize].place;
                let (notes, traces, sounds) = (Vec::new(), Vec::new(), Vec::new());
                self.parts.push(Played { place, instrument, notes, traces, sounds });
                let part = self.parts.len() as u32 - 1;
                self.part_numbers.insert((lane, instrument), part);
                part
            }
        };
        self.lanes[lane as usize].part = Some((instrument, part));
        Ok(part)
    }

    /// Ends what still sounds at the end of its track, and returns the parts in the order of
    /// tracks, ports and channels; those of one channel in the order of their first notes.
    pub fn finish(mut self, ends: &[u64]) -> Vec<Played> {
        for held in 0..self.held.len() {
            for note in self.held[held].pedals.lift() {
                let track = self.parts[note.0 as usize].place.track;
                self.close(ends[usize::from(track)], note);
            }
        }
        for lane in 0..self.lanes.len() {
            let end = ends[usize::from(self.lanes[lane].place.track)];
            let open: Vec<Sounding> = self.lanes[lane].open.iter_mut().flat_map(|open| open.drain(..)).collect();
            for note in open {
                self.report.add(What::NoteNeverEnded, 1, Some(note.2 as usize));
                self.let_go(end, note, Release::Hung);
                self.close(end, note);
            }
        }
        self.parts.sort_by_key(|part| part.place);
        self.parts
    }
}
