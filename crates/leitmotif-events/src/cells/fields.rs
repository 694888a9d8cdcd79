//! The fields of an event and the blocks of values in them.
//!
//! | field | values after `NONE` | used by |
//! |---|---|---|
//! | kind | (no `NONE`) those of `events`, then close, rest, repeat, transposed, rhythm, window, write, hole, chords by quality, genres | all |
//! | place | grid steps since the bar began; bars back; bars ahead; parts before and after; bars of a window | note, tempo, chord; repeat, transposed, rhythm; window, write |
//! | instrument | as in `events` | all but start, end, genre, window |
//! | part | which of the parts with that instrument | as instrument |
//! | scale | the major scale that suits the bars around | note, pitched |
//! | bass | pitch class of the lowest note that sounds | note, pitched |
//! | tone, last tone | the next and the last pitch class above it that sound | note, pitched |
//! | pitch | as in `events`; intervals; roots of chords | note; transposed; chord |
//! | duration | as in `events` | note |
//! | velocity | as in `events` | note |
//! | bar | the number of the bar in the piece, from 1 to 32 and again | all from the first bar to the end |

use super::event::CellEvent;
use super::harmony::{OCTAVE, TONES};
use super::song::{CellNote, MAX_PARTS_OF_INSTRUMENT, PartId, Place};
use crate::event::{EventKind, EventVocabulary, NoteFields, TempoBin, step_of};
use crate::events::fields::{self as plain, Fields as PlainFields};
use crate::{FIRST_POSITION, Field, NONE, RepresentationError, Value};
use leitmotif_score::{Chord, ChordQuality};

pub(crate) const KIND: usize = 0;
pub(crate) const PLACE: usize = 1;
pub(crate) const INSTRUMENT: usize = 2;
pub(crate) const PART: usize = 3;
/// The scale of a note, and after it the tones that sound where it begins ([`super::harmony`]);
/// they are not predicted.
pub(crate) const SCALE: usize = 4;
/// The first field after the tones.
pub(crate) const PITCH: usize = SCALE + 1 + TONES;
pub(crate) const DURATION: usize = PITCH + 1;
pub(crate) const VELOCITY: usize = PITCH + 2;
/// The number of the bar, so that what is written finds what is given of it; not predicted.
pub(crate) const BAR: usize = PITCH + 3;
/// Fields of an event.
pub(crate) const FIELDS: usize = BAR + 1;

pub(crate) use plain::{BARS, END, NOTE, START, TEMPOS, WITH};

/// The longest window in bars.
pub const MAX_WINDOW: usize = 32;
/// The largest interval of a transposed cell in semitones.
pub(crate) const MAX_INTERVAL: i8 = 36;
/// The first interval among the pitches: [`MAX_INTERVAL`] down.
const INTERVALS: Value = plain::DRUM_SOUNDS + 128;
/// The first root among the pitches: C.
const ROOTS: Value = INTERVALS + 2 * MAX_INTERVAL as Value + 1;

/// What the values of the fields mean, for one grid and list of genres.
#[derive(Debug, Clone)]
pub(crate) struct CellFields {
    pub plain: PlainFields,
    /// Of each value of the kind.
    pub kinds: Vec<EventKind>,
    sizes: [usize; FIELDS],
    /// The first place, and the first window length, among the places.
    first_place: Value,
    first_window: Value,
    places: Vec<Place>,
    /// The kinds that follow the bars.
    pub close: Value,
}

impl CellFields {
    pub fn new(grid: u16, genres: &[String]) -> Result<Self, RepresentationError> {
        let plain = PlainFields::new(grid, genres)?;
        let close = plain.first_genre();
        let mut kinds = plain.vocabulary().kinds;
        let genres = kinds.split_off(usize::from(close));
        kinds.extend([
            EventKind::Close,
            EventKind::Rest,
            EventKind::Repeat,
            EventKind::Transposed,
            EventKind::Rhythm,
            EventKind::Window,
            EventKind::Write,
            EventKind::Hole,
        ]);
        kinds.extend(std::iter::once(None).chain(ChordQuality::ALL.map(Some)).map(EventKind::Chord));
        kinds.extend(genres);
        let places: Vec<Place> = Place::all().collect();
        let first_place = plain.positions() as Value + FIRST_POSITION;
        let first_window = first_place + places.len() as Value;
        let [_, _, instrument, _, duration, velocity] = plain.sizes();
        let sizes = [
            kinds.len(),
            usize::from(first_window) + MAX_WINDOW,
            instrument,
            usize::from(MAX_PARTS_OF_INSTRUMENT) + 1,
            usize::from(OCTAVE) + 1,
            usize::from(OCTAVE) + 1,
            usize::from(OCTAVE) + 1,
            usize::from(OCTAVE) + 1,
            usize::from(ROOTS) + 12,
            duration,
            velocity,
            MAX_WINDOW + 1,
        ];
        Ok(Self { plain, kinds, sizes, first_place, first_window, places, close })
    }

    fn first_chord(&self) -> Value {
        self.close + 8
    }

    /// The first genre among the kinds.
    pub fn first_genre(&self) -> Value {
        self.first_chord() + 1 + ChordQuality::ALL.len() as Value
    }

    /// The value of a place of the field [`PLACE`]; of a place out of range, any.
    pub fn place_value(&self, place: Place) -> Value {
        let back = Value::from(Place::MOST_BACK);
        let ahead = back + Value::from(Place::MOST_AHEAD);
        self.first_place
            + match place {
                Place::Back(bars) => Value::from(bars).saturating_sub(1),
                Place::Ahead(bars) => back + Value::from(bars).saturating_sub(1),
                Place::Part(by) => ahead + 2 * Value::from(by.unsigned_abs()).saturating_sub(1) + Value::from(by > 0),
            }
    }

    /// The place of a value; `None` of one that is a step or a window.
    pub fn place_of(&self, value: Value) -> Option<Place> {
        self.places.get(usize::from(value.checked_sub(self.first_place)?)).copied()
    }

    /// The number of bars, or the bar of a window, of a value.
    pub fn window_of(&self, value: Value) -> Option<usize> {
        let bars = usize::from(value.checked_sub(self.first_window)?) + 1;
        (bars <= MAX_WINDOW).then_some(bars)
    }

    fn step_value(step: u64) -> Value {
        (step as Value).wrapping_add(FIRST_POSITION)
    }

    /// The step of a value; `None` of one that is none.
    pub fn step_of(&self, value: Value) -> Option<u64> {
        step_of(value).filter(|_| value < self.first_place)
    }

    /// The values of an event.
    pub fn values(&self, event: CellEvent) -> [Value; FIELDS] {
        let mut values = [NONE; FIELDS];
        let plain = &self.plain;
        values[KIND] = match event {
            CellEvent::Start => START,
            CellEvent::End => END,
            CellEvent::With(_) => WITH,
            CellEvent::Note { .. } => NOTE,
            CellEvent::Tempo { tempo, .. } => TEMPOS + tempo.0,
            CellEvent::Bar { meter, .. } => {
                BARS + plain.meters.find(meter.numerator, meter.denominator).unwrap_or(0) as Value
            }
            CellEvent::Close { .. } => self.close,
            CellEvent::Rest { .. } => self.close + 1,
            CellEvent::Repeat { .. } => self.close + 2,
            CellEvent::Transposed { .. } => self.close + 3,
            CellEvent::Rhythm { .. } => self.close + 4,
            CellEvent::Window { .. } => self.close + 5,
            CellEvent::Write { .. } => self.close + 6,
            CellEvent::Hole { .. } => self.close + 7,
            CellEvent::Chord { chord, .. } => {
                let quality = chord.and_then(|it| ChordQuality::ALL.iter().position(|other| *other == it.quality));
                self.first_chord() + quality.map_or(0, |quality| quality as Value + 1)
            }
            CellEvent::Genre(number) => self.first_genre().wrapping_add(number as Value),
        };
        if let Some(part) = event.part() {
            values[INSTRUMENT] = plain::instrument_value(part.instrument);
            values[PART] = Value::from(part.number);
        }
        match event {
            CellEvent::Tempo { position, .. } => values[PLACE] = Self::step_value(position),
            CellEvent::Chord { position, chord, .. } => {
                values[PLACE] = Self::step_value(position);
                values[PITCH] = chord.map_or(NONE, |chord| ROOTS + Value::from(chord.root));
            }
            CellEvent::Note { part, note } => {
                values[PLACE] = Self::step_value(note.position);
                values[PITCH] = plain::pitch_value(part.instrument, note.pitch);
                values[DURATION] = plain.durations.value_of(note.duration);
                values[VELOCITY] = plain::velocity_value(note.velocity);
            }
            CellEvent::Repeat { place, .. } | CellEvent::Rhythm { place, .. } => {
                values[PLACE] = self.place_value(place);
            }
            CellEvent::Transposed { place, interval, .. } => {
                values[PLACE] = self.place_value(place);
                values[PITCH] = interval_value(interval);
            }
            CellEvent::Window { bars } | CellEvent::Write { bar: bars, .. } => {
                values[PLACE] = self.first_window.wrapping_add(bars as Value).wrapping_sub(1);
            }
            _ => {}
        }
        values
    }

    /// Which fields an event of this kind has: always, or where a part follows.
    pub fn applies(&self, kind: Value, field: usize) -> Applies {
        let kind = self.kinds.get(usize::from(kind)).copied().unwrap_or(EventKind::Start);
        let yes = |yes: bool| if yes { Applies::Always } else { Applies::Never };
        match kind {
            EventKind::Start | EventKind::End | EventKind::Genre(_) => Applies::Never,
            EventKind::With | EventKind::Window if field == BAR => Applies::Never,
            _ if field == BAR => Applies::Maybe,
            EventKind::Note if (SCALE..PITCH).contains(&field) => Applies::Maybe,
            EventKind::Note => Applies::Always,
            EventKind::Window => yes(field == PLACE),
            EventKind::With => yes(field == INSTRUMENT || field == PART),
            _ if field == INSTRUMENT || field == PART => match kind {
                EventKind::Rhythm => Applies::Always,
                _ => Applies::Maybe,
            },
            EventKind::Tempo(_) | EventKind::Repeat | EventKind::Rhythm | EventKind::Write => yes(field == PLACE),
            EventKind::Transposed | EventKind::Chord(Some(_)) => yes(field == PLACE || field == PITCH),
            EventKind::Chord(None) => yes(field == PLACE),
            EventKind::Bar(_) | EventKind::Close | EventKind::Rest | EventKind::Hole => Applies::Never,
        }
    }

    /// The event that values stand for, whatever comes before it.
    ///
    /// # Errors
    /// What is wrong with values that stand for none.
    pub fn event(&self, values: &[Value]) -> Result<CellEvent, String> {
        if values.len() != FIELDS {
            return Err(format!("{} fields where an event has {FIELDS}", values.len()));
        }
        if let Some(field) = (0..FIELDS).find(|field| usize::from(values[*field]) >= self.sizes[*field]) {
            return Err(format!("value {} of field {field} is not in the vocabulary", values[field]));
        }
        for (field, &value) in values.iter().enumerate().skip(1) {
            match self.applies(values[KIND], field) {
                Applies::Always if value == NONE => return Err(format!("field {field} is missing")),
                Applies::Never if value != NONE => return Err(format!("field {field} does not apply to this kind")),
                _ => {}
            }
        }
        if (values[INSTRUMENT] == NONE) != (values[PART] == NONE) {
            return Err("an instrument and the number of its part come together".to_owned());
        }
        let next = (values[PART] != NONE)
            .then(|| PartId { instrument: plain::instrument_of(values[INSTRUMENT]), number: values[PART] as u8 });
        let part = || next.ok_or_else(|| "the part is missing".to_owned());
        let step = || self.step_of(values[PLACE]).ok_or_else(|| "the place is not a step of a bar".to_owned());
        let place = || self.place_of(values[PLACE]).ok_or_else(|| "the place is not that of a cell".to_owned());
        let bars = || self.window_of(values[PLACE]).ok_or_else(|| "the place is not a bar of a window".to_owned());
        Ok(match self.kinds[usize::from(values[KIND])] {
            EventKind::Start => CellEvent::Start,
            EventKind::End => CellEvent::End,
            EventKind::Genre(number) => CellEvent::Genre(number),
            EventKind::With => CellEvent::With(part()?),
            EventKind::Bar(meter) => CellEvent::Bar { meter, next },
            EventKind::Tempo(_) => CellEvent::Tempo { position: step()?, tempo: TempoBin(values[KIND] - TEMPOS), next },
            EventKind::Chord(quality) => {
                let root = values[PITCH].checked_sub(ROOTS).filter(|root| *root < 12);
                let chord = match (quality, root) {
                    (Some(quality), Some(root)) => Some(Chord::new(root as u8, quality)),
                    (Some(_), None) => return Err("the pitch is not the root of a chord".to_owned()),
                    (None, _) => None,
                };
                CellEvent::Chord { position: step()?, chord, next }
            }
            EventKind::Note => {
                let part = part()?;
                let Some(pitch) = plain::pitch_of(part.instrument, values[PITCH]) else {
                    return Err("drum sounds belong to drums, and pitches to the other instruments".to_owned());
                };
                let duration = self.plain.durations.of(values[DURATION]);
                let velocity = plain::velocity_of(values[VELOCITY]);
                CellEvent::Note { part, note: CellNote { position: step()?, pitch, duration, velocity } }
            }
            EventKind::Close => CellEvent::Close { next },
            EventKind::Rest => CellEvent::Rest { next },
            EventKind::Hole => CellEvent::Hole { next },
            EventKind::Repeat => CellEvent::Repeat { place: place()?, next },
            EventKind::Transposed => {
                let interval = interval_of(values[PITCH]).ok_or_else(|| "the pitch is not an interval".to_owned())?;
                CellEvent::Transposed { place: place()?, interval, next }
            }
            EventKind::Rhythm => CellEvent::Rhythm { place: place()?, part: part()? },
            EventKind::Window => CellEvent::Window { bars: bars()? },
            EventKind::Write => CellEvent::Write { bar: bars()?, next },
        })
    }

    /// What the values of the fields stand for.
    pub fn vocabulary(&self) -> EventVocabulary {
        let mut vocabulary = self.plain.vocabulary();
        vocabulary.kinds.clone_from(&self.kinds);
        vocabulary.note_fields = Some(NoteFields {
            position: PLACE,
            instrument: INSTRUMENT,
            part: Some(PART),
            pitch: PITCH,
            duration: DURATION,
            velocity: VELOCITY,
        });
        vocabulary.pitches.resize(self.sizes[PITCH], None);
        vocabulary.given = (SCALE..PITCH).chain([BAR]).collect();
        vocabulary
    }

    /// The names of all values.
    pub fn named(&self) -> Vec<Field> {
        let mut fields = self.plain.named();
        let (close, genres) = (usize::from(self.close), usize::from(self.close) + self.plain.genres.len());
        debug_assert_eq!(fields[KIND].values.len(), genres);
        let genres = fields[KIND].values.split_off(close);
        let names = ["close", "rest", "repeat", "transposed", "rhythm", "window", "write", "hole", "no chord"];
        fields[KIND].values.extend(names.map(str::to_owned));
        let quality = |quality: ChordQuality| match quality {
            ChordQuality::Major => "chord major".to_owned(),
            quality => format!("chord {}", quality.symbol()),
        };
        fields[KIND].values.extend(ChordQuality::ALL.map(quality));
        fields[KIND].values.extend(genres);
        "place".clone_into(&mut fields[PLACE].name);
        let place = |place: &Place| match place {
            Place::Back(bars) => format!("{bars} bars back"),
            Place::Ahead(bars) => format!("{bars} bars ahead"),
            Place::Part(by) if *by < 0 => format!("{} parts before", -by),
            Place::Part(by) => format!("{by} parts after"),
        };
        fields[PLACE].values.extend(self.places.iter().map(place));
        fields[PLACE].values.extend((1..=MAX_WINDOW).map(|bar| format!("bar {bar}")));
        let numbers = std::iter::once("none".to_owned()).chain((1..=MAX_PARTS_OF_INSTRUMENT).map(|n| n.to_string()));
        fields.insert(PART, Field { name: "part".to_owned(), values: numbers.collect() });
        let none = || std::iter::once("none".to_owned());
        let tones = || (0..OCTAVE).map(|tone| Chord::new(tone, ChordQuality::Major).to_string());
        for (index, name) in ["scale", "bass", "tone", "last tone"].into_iter().enumerate() {
            fields.insert(SCALE + index, Field { name: name.to_owned(), values: none().chain(tones()).collect() });
        }
        let bars = none().chain((1..=MAX_WINDOW).map(|bar| format!("#{bar}")));
        fields.push(Field { name: "bar".to_owned(), values: bars.collect() });
        let intervals = (-MAX_INTERVAL..=MAX_INTERVAL).map(|interval| format!("{interval:+} semitones"));
        let roots = (0..12).map(|root| format!("root {}", Chord::new(root, ChordQuality::Major)));
        fields[PITCH].values.extend(intervals.chain(roots));
        fields
    }
}

/// Whether a field applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applies {
    Always,
    /// Where another cell of the bar follows.
    Maybe,
    Never,
}

pub(crate) fn interval_value(interval: i8) -> Value {
    INTERVALS + Value::from((interval + MAX_INTERVAL) as u8)
}

pub(crate) fn interval_of(value: Value) -> Option<i8> {
    let above = i8::try_from(value.checked_sub(INTERVALS)?).ok()?;
    Some(above - MAX_INTERVAL).filter(|interval| *interval <= MAX_INTERVAL)
}

/// Whether a pitch value is the root of a chord.
pub(crate) fn is_root(value: Value) -> bool {
    value >= ROOTS
}
