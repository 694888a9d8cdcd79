//! The messages of added notes.
//!
//! The sounds of all channels are followed through the file and through what is inserted. Where a
//! channel has another instrument than an added note needs, its bank and program are selected
//! before the note, and what was selected comes back after it.

use super::super::channel::{Bank, GM2_MELODY, GM2_RHYTHM, Port, Sound, XG_DRUM_KIT};
use super::super::event::{BANK_LSB, BANK_MSB, CONTROL, Event, Kind};
use super::super::leaders::selects;
use super::super::perform::Place;
use super::super::read::Tracks;
use super::super::report::SpliceReport;
use super::super::write::RELEASE_VELOCITY;
use super::Added;
use super::voices::Voice;
use crate::Instrument;
use std::collections::{BTreeMap, BTreeSet};

const NOTE_OFF: u8 = 0x80;
pub(super) const NOTE_ON: u8 = 0x90;
const PROGRAM: u8 = 0xC0;
pub(super) const PRESSURE: u8 = 0xD0;
const META: u8 = 0xFF;

/// Where among the events of its tick a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Order {
    /// Before those of the file: the end of an added note, and what is set where a file is cut.
    Before,
    /// After those of the file: the end of a note that had none.
    Closing,
    /// Last: an added note, with what selects its sound.
    After,
}

/// A message to write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Insert {
    pub tick: u64,
    pub order: Order,
    /// Of a channel message.
    pub port: u8,
    /// Its bytes: the status of a channel message and its data, of which some have one byte; or of
    /// a meta event all bytes.
    pub message: [u8; LONGEST],
}

/// The bytes of the longest message: a time signature.
const LONGEST: usize = 7;

impl Insert {
    /// The end of a note.
    pub fn off(tick: u64, order: Order, place: Place, pitch: u8) -> Self {
        Self::channel(tick, order, place.port, [NOTE_OFF | place.channel, pitch, RELEASE_VELOCITY])
    }

    /// A channel message before all others of its tick.
    pub fn first(tick: u64, port: u8, message: [u8; 3]) -> Self {
        Self::channel(tick, Order::Before, port, message)
    }

    /// A meta event of at most four bytes of data, before all others of its tick.
    pub fn meta(tick: u64, kind: u8, data: &[u8]) -> Self {
        let mut message = [META, kind, data.len() as u8, 0, 0, 0, 0];
        message[3..].iter_mut().zip(data).for_each(|(byte, data)| *byte = *data);
        Self { tick, order: Order::Before, port: 0, message }
    }

    fn channel(tick: u64, order: Order, port: u8, [a, b, c]: [u8; 3]) -> Self {
        Self { tick, order, port, message: [a, b, c, 0, 0, 0, 0] }
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        let length = match self.message[0] & 0xF0 {
            PROGRAM | PRESSURE => 2,
            0xF0 => 3 + usize::from(self.message[2]),
            _ => 3,
        };
        &self.message[..length.min(LONGEST)]
    }
}

/// A moment at which a voice needs its sound: for a note, or at the start of a new part.
struct Moment<'a> {
    tick: u64,
    voice: &'a Voice<'a>,
    note: Option<&'a Added>,
}

impl Moment<'_> {
    fn place(&self) -> (u64, Place) {
        (self.tick, self.voice.place)
    }
}

/// The messages of `added` notes and `others`, track by track, each in the order of its track.
pub(super) fn inserts(
    added: &[Added],
    voices: &[Voice<'_>],
    tracks: &Tracks<'_>,
    others: Vec<(u16, Insert)>,
    report: &mut SpliceReport,
) -> Vec<Vec<Insert>> {
    let starts = voices.iter().filter(|voice| voice.sounds() && voice.alone);
    let starts = starts.map(|voice| Moment { tick: 0, voice, note: None });
    let notes = added.iter().map(|note| Moment { tick: note.onset, voice: &voices[note.voice], note: Some(note) });
    let mut moments: Vec<Moment<'_>> = starts.chain(notes).collect();
    moments.sort_by_key(|it| (it.place(), it.voice.instrument, it.note.map(|note| note.pitch)));
    let (mut inserts, mut dropped) = messages(&moments, tracks, &Rivals::default());
    let rivals = Rivals::of(&inserts, &moments, tracks);
    if !rivals.0.is_empty() {
        (inserts, dropped) = messages(&moments, tracks, &rivals);
    }
    report.notes_added += added.len() - dropped;
    report.notes_dropped += dropped;
    for (track, insert) in others {
        let track = usize::from(track);
        inserts.resize_with(inserts.len().max(track + 1), Vec::new);
        inserts[track].push(insert);
    }
    inserts.iter_mut().for_each(|inserts| inserts.sort_by_key(|insert| (insert.tick, insert.order)));
    inserts
}

/// The tracks that play on a channel on which the file selects no program, and several of them now
/// do. All of them select one at their first note, so that it is known how their programs and banks
/// are read ([`super::super::leaders`]): those of the first track hold for the channel, those of
/// each other one for that track alone.
#[derive(Default)]
struct Rivals(BTreeMap<(u8, u8), BTreeSet<u16>>);

impl Rivals {
    fn of(inserts: &[Vec<Insert>], moments: &[Moment<'_>], tracks: &Tracks<'_>) -> Self {
        let mut selecting: BTreeMap<(u8, u8), BTreeSet<u16>> = BTreeMap::new();
        for (track, inserts) in (0u16..).zip(inserts) {
            for insert in inserts.iter().filter(|insert| insert.message[0] & 0xF0 == PROGRAM) {
                selecting.entry((insert.port, insert.message[0] & 0x0F)).or_default().insert(track);
            }
        }
        selecting.retain(|&(port, channel), rivals| rivals.len() > 1 && tracks.leaders.get(port, channel).is_none());
        for Place { track, port, channel } in moments.iter().map(|moment| moment.voice.place) {
            if let Some(rivals) = selecting.get_mut(&(port, channel)) {
                rivals.insert(track);
            }
        }
        Self(selecting)
    }

    fn include(&self, Place { track, port, channel }: Place) -> bool {
        self.0.get(&(port, channel)).is_some_and(|tracks| tracks.contains(&track))
    }

    /// Whether what a track selects concerns it alone.
    fn keeps_apart(&self, place: Place) -> bool {
        self.include(place) && self.0[&(place.port, place.channel)].first() != Some(&place.track)
    }
}

/// The messages of notes, track by track, and how many notes have no sound.
fn messages(moments: &[Moment<'_>], tracks: &Tracks<'_>, rivals: &Rivals) -> (Vec<Vec<Insert>>, usize) {
    let mut inserts: Vec<Vec<Insert>> = Vec::new();
    let mut ports: Vec<Port> = Vec::new();
    let mut events = tracks.events.iter().peekable();
    let (mut begun, mut dropped) = (BTreeSet::new(), 0);
    for group in moments.chunk_by(|a, b| a.place() == b.place()) {
        let (tick, place) = group[0].place();
        while let Some(event) = events.next_if(|event| (event.tick, event.track) <= (tick, place.track)) {
            let place = Place { track: event.track, port: event.port, channel: event.channel };
            let own = event.own || selects(&event.kind) && rivals.keeps_apart(place);
            port(&mut ports, event.port).follow(&Event { own, ..*event });
        }
        let track = usize::from(place.track);
        inserts.resize_with(inserts.len().max(track + 1), Vec::new);
        let leader = tracks.leaders.get(place.port, place.channel);
        let led = leader.is_some_and(|leader| leader != place.track);
        let port = port(&mut ports, place.port);
        let follows = led && track < tracks.ends.len() && !port.selects(place.track, place.channel);
        let own = led || rivals.keeps_apart(place);
        let mut desk = Desk { port, tick, place, own, follows, inserts: &mut inserts[track] };
        let before = (desk.sound(), desk.next_bank());
        if rivals.include(place) && begun.insert(place) {
            desk.set(before.0);
        }
        for moment in group {
            let selected = desk.select(moment.voice.instrument, moment.voice.sound_at(tick));
            let Some(note) = moment.note else { continue };
            if !selected {
                dropped += 1;
                continue;
            }
            desk.send([NOTE_ON | place.channel, note.pitch, note.velocity]);
            desk.inserts.push(Insert::off(note.end, Order::Before, place, note.pitch));
        }
        if !group[0].voice.alone {
            desk.restore(before);
        }
    }
    (inserts, dropped)
}

fn port(ports: &mut Vec<Port>, number: u8) -> &mut Port {
    let number = usize::from(number);
    ports.resize_with(ports.len().max(number + 1), Port::default);
    &mut ports[number]
}

/// Sends messages to one channel at one tick.
struct Desk<'a> {
    port: &'a mut Port,
    tick: u64,
    place: Place,
    /// Whether what the track selects concerns it alone.
    own: bool,
    /// Whether the track follows another one, which it would no longer do after a selection.
    follows: bool,
    inserts: &'a mut Vec<Insert>,
}

impl Desk<'_> {
    fn send(&mut self, message: [u8; 3]) {
        self.follow(message);
        self.inserts.push(Insert::channel(self.tick, Order::After, self.place.port, message));
    }

    /// Gives the channel an instrument, with `sound` where that makes it. False where none does,
    /// as a system exclusive has made drums of the channel, or the contrary, or the track follows
    /// another one.
    fn select(&mut self, instrument: Instrument, sound: Sound) -> bool {
        let Place { track, channel, .. } = self.place;
        if self.port.instrument(track, channel) == instrument {
            return true;
        }
        if self.follows {
            return false;
        }
        let general = if instrument.is_drums() { GM2_RHYTHM } else { GM2_MELODY };
        let banks = [sound.bank, [0, 0], [general, 0], [XG_DRUM_KIT, 0]];
        let makes = |bank: &Bank| {
            let mut trial = self.port.clone();
            let sound = Sound { bank: *bank, program: sound.program };
            self.selection(sound).into_iter().for_each(|message| follow(&mut trial, self.place, self.own, message));
            trial.instrument(track, channel) == instrument
        };
        let Some(&bank) = banks.iter().find(|bank| makes(bank)) else { return false };
        self.set(Sound { bank, program: sound.program });
        true
    }

    fn restore(&mut self, (sound, next_bank): (Sound, Bank)) {
        if self.sound() != sound {
            self.set(sound);
        }
        let messages = self.banks(next_bank);
        messages.into_iter().for_each(|message| self.send(message));
    }

    fn set(&mut self, sound: Sound) {
        let messages = self.selection(sound);
        messages.into_iter().for_each(|message| self.send(message));
    }

    fn sound(&self) -> Sound {
        self.port.sound(self.place.track, self.place.channel)
    }

    fn next_bank(&self) -> Bank {
        self.port.next_bank(self.place.track, self.place.channel, self.own)
    }

    fn follow(&mut self, message: [u8; 3]) {
        follow(self.port, self.place, self.own, message);
    }

    /// The messages that select `sound`, beyond what is selected.
    fn selection(&self, sound: Sound) -> Vec<[u8; 3]> {
        let mut messages = self.banks(sound.bank);
        messages.push([PROGRAM | self.place.channel, sound.program, 0]);
        messages
    }

    fn banks(&self, bank: Bank) -> Vec<[u8; 3]> {
        let controls = [BANK_MSB, BANK_LSB].into_iter().zip(bank).zip(self.next_bank());
        let changed = controls.filter(|((_, wanted), selected)| wanted != selected);
        changed.map(|((controller, value), _)| [CONTROL | self.place.channel, controller, value]).collect()
    }
}

/// Takes a message that this module makes into account.
fn follow(port: &mut Port, Place { track, port: number, channel }: Place, own: bool, [status, first, second]: [u8; 3]) {
    let kind = match status & 0xF0 {
        CONTROL => Kind::Control { controller: first, value: second },
        PROGRAM => Kind::Program(first),
        _ => return,
    };
    port.follow(&Event { tick: 0, byte: 0, track, port: number, channel, own, kind });
}
