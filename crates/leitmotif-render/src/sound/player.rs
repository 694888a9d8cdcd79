//! Driving the synthesisers from event to event.
//!
//! The synthesiser takes up events at the start of its next block, so blocks are as short as it
//! allows ([`BLOCK`] samples): an event sounds within half a block (a tenth of a millisecond) of
//! its sample, and no error adds up. The result is scaled so that its highest peak is at [`PEAK`]:
//! nothing clips, and soft pieces are not lost. Long pieces pass through a spool file instead of
//! memory.

use super::SoundError;
use super::audio::{Audio, peak};
use super::channel::{change, set_up};
use super::schedule::{Action, BLOCK, Place, Schedule, nearest_block};
use super::source::SoundBank;
use super::wav::{BitDepth, WavFile};
use leitmotif_score::{Automation, Score};
use rustysynth::{Synthesizer, SynthesizerSettings};
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

/// Samples a second of everything rendered.
pub const SAMPLE_RATE: u32 = 44_100;
/// Highest peak of a rendered piece: one decibel below full scale.
pub(super) const PEAK: f32 = 0.891_250_9;
/// Samples rendered at a time.
const CHUNK: usize = 8192;
/// A piece has rung out when nothing louder than this (80 dB below full scale) comes for
/// [`QUIET_CHUNKS`].
const SILENCE: f32 = 1e-4;
const QUIET_CHUNKS: u32 = 2;
/// A tail is cut (and faded) after so many seconds, should a SoundFont never fall silent.
const LONGEST_TAIL: f64 = 20.0;
/// The fade at the very end, in samples.
const FADE: usize = 441;
/// A silent or nearly silent piece is amplified by no more than this.
const MOST_GAIN: f32 = 30.0;
/// Voices a synthesiser plays at once.
const POLYPHONY: usize = 256;

/// How to render.
#[derive(Debug, Clone)]
pub struct RenderOptions {
    /// Whether there is a room around the instruments (reverb and chorus).
    pub room: bool,
    /// How volume, place, modulation and pitch of the score's parts move. Where it places no part,
    /// parts are spread a little between left and right.
    pub automation: Automation,
}

impl RenderOptions {
    /// The longest piece that is rendered to a file, in seconds: WAV files end at 4 GiB.
    pub const LONGEST: f64 = 3.0 * 3600.0;
    /// The longest piece that is rendered to memory, in seconds (1.3 GB).
    pub const LONGEST_IN_MEMORY: f64 = 3600.0;
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self { room: true, automation: Automation::default() }
    }
}

/// Renders a score to memory. Includes the whole release tail; the highest peak is at -1 dBFS.
///
/// # Errors
/// Where the piece is longer than [`RenderOptions::LONGEST_IN_MEMORY`] or the synthesiser cannot
/// start.
pub fn render(score: &Score, bank: &SoundBank, options: &RenderOptions) -> Result<Audio, SoundError> {
    let mut player = Player::new(score, bank, options, RenderOptions::LONGEST_IN_MEMORY)?;
    let mut audio = Audio { sample_rate: SAMPLE_RATE, ..Audio::default() };
    while let Some((left, right)) = player.next_chunk() {
        audio.left.extend_from_slice(left);
        audio.right.extend_from_slice(right);
    }
    let gain = gain(audio.peak());
    let length = audio.left.len();
    for side in [&mut audio.left, &mut audio.right] {
        for (index, value) in side.iter_mut().enumerate() {
            *value *= gain * fade(index, length);
        }
    }
    Ok(audio)
}

/// Renders a score to a WAV file, in memory that does not grow with the piece. The file appears
/// complete or not at all. Returns its length in seconds.
///
/// # Errors
/// As [`render`] (but up to [`RenderOptions::LONGEST`]), and where the file cannot be written.
pub fn render_to_wav(
    score: &Score,
    bank: &SoundBank,
    options: &RenderOptions,
    path: impl AsRef<Path>,
    depth: BitDepth,
) -> Result<f64, SoundError> {
    let path = path.as_ref();
    let mut player = Player::new(score, bank, options, RenderOptions::LONGEST)?;
    let file_error = |source| SoundError::File { path: path.to_owned(), source };
    let mut spool = tempfile::tempfile_in(super::wav::folder(path)).map_err(file_error)?;
    let (mut highest, mut length) = (0.0f32, 0usize);
    let mut writer = BufWriter::new(&mut spool);
    while let Some((left, right)) = player.next_chunk() {
        highest = highest.max(peak(left, right));
        length += left.len();
        for (l, r) in left.iter().zip(right) {
            writer.write_all(&l.to_le_bytes()).and_then(|()| writer.write_all(&r.to_le_bytes())).map_err(file_error)?;
        }
    }
    writer.flush().map_err(file_error)?;
    drop(writer);
    spool.rewind().map_err(file_error)?;
    let mut reader = BufReader::new(spool);
    let gain = gain(highest);
    let mut wav = WavFile::create(path, SAMPLE_RATE, length as u64, depth).map_err(file_error)?;
    for index in 0..length {
        let mut frame = [0u8; 8];
        reader.read_exact(&mut frame).map_err(file_error)?;
        let [a, b, c, d, e, f, g, h] = frame;
        let scale = gain * fade(index, length);
        let (left, right) = (f32::from_le_bytes([a, b, c, d]), f32::from_le_bytes([e, f, g, h]));
        wav.frame(left * scale, right * scale).map_err(file_error)?;
    }
    wav.finish().map_err(file_error)?;
    Ok(length as f64 / f64::from(SAMPLE_RATE))
}

fn gain(peak: f32) -> f32 {
    if peak > 0.0 { (PEAK / peak).min(MOST_GAIN) } else { 1.0 }
}

fn fade(index: usize, length: usize) -> f32 {
    ((length - index) as f32 / FADE as f32).min(1.0)
}

/// Plays a schedule in chunks.
struct Player {
    synthesisers: Vec<Synthesizer>,
    schedule: Schedule,
    next_event: usize,
    position: u64,
    quiet: u32,
    left: Vec<f32>,
    right: Vec<f32>,
    mix: (Vec<f32>, Vec<f32>),
}

impl Player {
    fn new(score: &Score, bank: &SoundBank, options: &RenderOptions, limit: f64) -> Result<Self, SoundError> {
        let seconds = score.duration().0;
        if seconds.is_nan() || seconds > limit {
            return Err(SoundError::TooLong { seconds, limit });
        }
        let schedule = Schedule::of(score, &options.automation, SAMPLE_RATE);
        let mut settings = SynthesizerSettings::new(SAMPLE_RATE as i32);
        settings.block_size = BLOCK as usize;
        settings.maximum_polyphony = POLYPHONY;
        settings.enable_reverb_and_chorus = options.room;
        let mut synthesisers = (0..schedule.synthesisers)
            .map(|_| Synthesizer::new(&bank.font, &settings))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| SoundError::Synthesiser(error.to_string()))?;
        for channel in &schedule.channels {
            set_up(&mut synthesisers[usize::from(channel.place.synthesiser)], channel);
        }
        Ok(Self {
            synthesisers,
            schedule,
            next_event: 0,
            position: 0,
            quiet: 0,
            left: Vec::new(),
            right: Vec::new(),
            mix: (Vec::new(), Vec::new()),
        })
    }

    /// The next stretch of sound; `None` after the tail.
    fn next_chunk(&mut self) -> Option<(&[f32], &[f32])> {
        let cut = self.schedule.end + (LONGEST_TAIL * f64::from(SAMPLE_RATE)) as u64;
        let rung_out = self.position >= self.schedule.end && self.quiet >= QUIET_CHUNKS;
        if self.schedule.events.is_empty() || rung_out || self.position >= cut {
            return None;
        }
        self.left.clear();
        self.right.clear();
        while self.left.len() < CHUNK {
            self.play_due_events();
            let room = (CHUNK - self.left.len()) as u64;
            let until_next = match self.schedule.events.get(self.next_event) {
                Some(event) => nearest_block(event.at).saturating_sub(self.position).max(BLOCK),
                None => room,
            };
            self.render(room.min(until_next) as usize);
        }
        if peak(&self.left, &self.right) < SILENCE {
            self.quiet += 1
        } else {
            self.quiet = 0
        }
        Some((&self.left, &self.right))
    }

    fn play_due_events(&mut self) {
        while let Some(event) = self.schedule.events.get(self.next_event) {
            if nearest_block(event.at) > self.position {
                break;
            }
            let action = event.action;
            self.next_event += 1;
            self.play(action);
        }
    }

    fn play(&mut self, action: Action) {
        let at = |place: Place| (usize::from(place.synthesiser), i32::from(place.channel));
        match action {
            Action::Release { place, key } => {
                let (synthesiser, channel) = at(place);
                self.synthesisers[synthesiser].note_off(channel, i32::from(key));
            }
            Action::Strike { place, key, velocity } => {
                let (synthesiser, channel) = at(place);
                self.synthesisers[synthesiser].note_on(channel, i32::from(key), i32::from(velocity));
            }
            Action::Change { group, control } => {
                for &place in &self.schedule.groups[group] {
                    let (synthesiser, channel) = at(place);
                    change(&mut self.synthesisers[synthesiser], channel, control);
                }
            }
        }
    }

    fn render(&mut self, count: usize) {
        let start = self.left.len();
        self.left.resize(start + count, 0.0);
        self.right.resize(start + count, 0.0);
        let (left, right) = &mut self.mix;
        left.resize(count, 0.0);
        right.resize(count, 0.0);
        for synthesiser in &mut self.synthesisers {
            synthesiser.render(left, right);
            for (sum, value) in self.left[start..].iter_mut().zip(left.iter()) {
                *sum += value;
            }
            for (sum, value) in self.right[start..].iter_mut().zip(right.iter()) {
                *sum += value;
            }
        }
        self.position += count as u64;
    }
}
