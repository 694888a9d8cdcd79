//! Which contexts predict a field, and the finite memory that they are read from.
//!
//! A *chain* is a list of features from the most general to the most specific; each prefix of it,
//! hashed to 64 bits, is one context, and a context is interpolated with the one before it. The
//! chains do not depend on what the fields mean:
//!
//! | chain | features after the event's kind (its first field) |
//! |---|---|
//! | [`Chain::Earlier`] | the event's earlier fields, nearest first |
//! | [`Chain::Whole`] | all earlier fields, then the previous event field by field, then the events before it whole |
//! | [`Chain::Same`] | the same field of the previous events, each with which of the earlier fields it agrees in |
//! | [`Chain::Distinct`] | the last different values of the same field, and how long the newest has lasted |
//! | [`Chain::Voice`] | like `Same`, among the events that agree with this one in a range of earlier fields |
//!
//! With [`crate::ModelConfig::cache`] two more are no contexts but caches (Kuhn & De Mori 1990),
//! because a piece repeats itself and keeps to few players: [`Chain::Recent`] is what the last
//! events of a voice had in this field, [`Chain::Piece`] what all events of the piece so far had.
//!
//! The voices are skip contexts (Guthrie et al. 2006; for music the viewpoints of Conklin & Witten
//! 1995): where a field names the player, one of them holds what the same player did last; where
//! two fields name place and player, what this player did last at this place.

use leitmotif_hash::STEP;

/// Events that a voice keeps of each of its keys.
const VOICE_DEPTH: usize = 8;
/// Of these, how many are contexts.
const VOICE_ORDER: usize = 3;
/// Keys that a voice keeps; a newer key displaces an older one in the same slot.
const VOICE_SLOTS: usize = 1 << 11;
/// Most voices that predict one field.
const MAX_VOICES: usize = 10;
/// What stands for an event that is not there (before the start, or never seen in this voice).
const ABSENT: u64 = u64::MAX;
/// States of a cache that are distinguished.
pub(super) const KINDS_OF_CACHE: usize = 33;
/// Longest run of a value that is distinguished from longer ones.
const MAX_RUN: u16 = 12;
/// The count at which those of a piece are halved.
const MAX_CACHED: u16 = 1 << 10;

/// One list of growing contexts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chain {
    Earlier,
    Whole,
    Same,
    Distinct,
    /// The number of the voice in [`ContextLayout::voices`].
    Voice(usize),
    /// The number of the voice in [`ContextLayout::voices`].
    Recent(usize),
    Piece,
}

/// The events that agree in kind and in fields `from..to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Voice {
    from: usize,
    to: usize,
}

impl Voice {
    fn key(self, event: &[u16]) -> u64 {
        event[self.from..self.to].iter().fold(mix(0, u64::from(event[0])), |key, &value| mix(key, u64::from(value)))
    }
}

/// The chains of every field.
#[derive(Debug, Clone)]
pub(super) struct ContextLayout {
    pub fields: usize,
    pub order: usize,
    pub sizes: Vec<usize>,
    pub voices: Vec<Voice>,
    pub chains: Vec<Vec<Chain>>,
}

impl ContextLayout {
    pub fn new(sizes: &[usize], order: usize, cache: bool) -> Self {
        let fields = sizes.len();
        let mut plan = Self { fields, order, sizes: sizes.to_vec(), voices: Vec::new(), chains: Vec::new() };
        for field in 0..fields {
            let mut chains = vec![Chain::Earlier];
            if order > 0 {
                chains.extend([Chain::Whole, Chain::Same, Chain::Distinct]);
                chains.extend(cache.then_some(Chain::Piece));
                for voice in ranges(field) {
                    let known = plan.voices.iter().position(|&other| other == voice);
                    let number = known.unwrap_or(plan.voices.len());
                    chains.push(Chain::Voice(number));
                    chains.extend(cache.then_some(Chain::Recent(number)));
                    if known.is_none() {
                        plan.voices.push(voice);
                    }
                }
            }
            plan.chains.push(chains);
        }
        plan
    }
}

/// The ranges of earlier fields that make a voice for `field`: the nearest fields alone first, then
/// pairs, and so on.
fn ranges(field: usize) -> Vec<Voice> {
    let kind = (field == 1).then_some(Voice { from: 1, to: 1 });
    let lengths = 1..field;
    let wider =
        lengths.flat_map(|length| (1..=field - length).rev().map(move |from| Voice { from, to: from + length }));
    kind.into_iter().chain(wider).take(MAX_VOICES).collect()
}

/// Mixes one more number into a hash.
pub(super) fn mix(hash: u64, number: u64) -> u64 {
    let sum = hash.rotate_left(23).wrapping_add(number.wrapping_mul(STEP));
    leitmotif_hash::mix(sum.wrapping_add(0x632B_E59B_D9B4_E019))
}

/// The memory of one piece: a bounded amount, however long the piece is.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    fields: usize,
    order: usize,
    /// The last events, newest first; as many as `seen` says.
    events: Vec<u16>,
    seen: usize,
    /// Per field: the last different values, newest first.
    distinct: Vec<u64>,
    /// Per field: how often the newest has come in a row.
    runs: Vec<u16>,
    voices: Vec<VoiceMemory>,
    /// Per field: how often each value has come, halved when a count is full.
    piece: Vec<Vec<u16>>,
}

#[derive(Debug, Clone)]
struct VoiceMemory {
    tags: Vec<u64>,
    seen: Vec<u8>,
    events: Vec<u16>,
}

impl Memory {
    pub fn new(plan: &ContextLayout) -> Self {
        let voice = VoiceMemory {
            tags: vec![0; VOICE_SLOTS],
            seen: vec![0; VOICE_SLOTS],
            events: vec![0; VOICE_SLOTS * VOICE_DEPTH * plan.fields],
        };
        Self {
            fields: plan.fields,
            order: plan.order,
            events: vec![0; plan.order * plan.fields],
            seen: 0,
            distinct: vec![ABSENT; plan.order * plan.fields],
            runs: vec![0; plan.fields],
            voices: vec![voice; plan.voices.len()],
            piece: plan.sizes.iter().map(|&size| vec![0; if plan.order > 0 { size } else { 0 }]).collect(),
        }
    }

    /// Its size in bytes, the few numbers of a field left out.
    pub fn bytes(&self) -> usize {
        let voice = |voice: &VoiceMemory| 8 * voice.tags.len() + voice.seen.len() + 2 * voice.events.len();
        self.voices.iter().map(voice).sum::<usize>() + self.piece.iter().map(|counts| 2 * counts.len()).sum::<usize>()
    }

    pub fn clear(&mut self) {
        self.seen = 0;
        self.distinct.fill(ABSENT);
        self.runs.fill(0);
        for voice in &mut self.voices {
            voice.seen.fill(0);
        }
        self.piece.iter_mut().for_each(|counts| counts.fill(0));
    }

    pub fn push(&mut self, plan: &ContextLayout, event: &[u16]) {
        if self.order == 0 {
            return;
        }
        let k = self.fields;
        shift(&mut self.events, event);
        self.seen = (self.seen + 1).min(self.order);
        for (field, &value) in event.iter().enumerate() {
            if field > 0 && value == 0 {
                continue;
            }
            let counts = &mut self.piece[field];
            counts[usize::from(value)] += 1;
            if counts[usize::from(value)] >= MAX_CACHED {
                counts.iter_mut().for_each(|count| *count /= 2);
            }
            let values = &mut self.distinct[field * self.order..(field + 1) * self.order];
            if values[0] == u64::from(value) {
                self.runs[field] = (self.runs[field] + 1).min(MAX_RUN);
            } else {
                shift(values, &[u64::from(value)]);
                self.runs[field] = 1;
            }
        }
        for (memory, voice) in self.voices.iter_mut().zip(&plan.voices) {
            let tag = voice.key(event);
            let slot = tag as usize % VOICE_SLOTS;
            if memory.tags[slot] != tag {
                memory.tags[slot] = tag;
                memory.seen[slot] = 0;
            }
            shift(&mut memory.events[slot * VOICE_DEPTH * k..(slot + 1) * VOICE_DEPTH * k], event);
            memory.seen[slot] = (memory.seen[slot] + 1).min(VOICE_DEPTH as u8);
        }
    }

    /// Writes the contexts of one chain for field number `field`, the most general first.
    pub fn contexts(&self, plan: &ContextLayout, chain: usize, field: usize, earlier: &[u16], contexts: &mut Vec<u64>) {
        let k = self.fields;
        contexts.clear();
        let mut key = mix(field as u64, chain as u64);
        let mut feature = |number: u64| {
            key = mix(key, number);
            contexts.push(key);
        };
        feature(0);
        if field > 0 {
            feature(u64::from(earlier[0]));
        }
        match plan.chains[field][chain] {
            Chain::Earlier => earlier.iter().skip(1).rev().for_each(|&value| feature(u64::from(value))),
            Chain::Whole => {
                if field > 1 {
                    feature(hash(&earlier[1..]));
                }
                for (age, event) in self.events.chunks_exact(k).take(self.seen).enumerate() {
                    if age == 0 {
                        event.iter().for_each(|&value| feature(u64::from(value)));
                    } else {
                        feature(hash(event));
                    }
                }
            }
            Chain::Same => {
                if field > 1 {
                    feature(u64::from(earlier[field - 1]));
                }
                for event in self.events.chunks_exact(k).take(self.seen) {
                    feature(mix(agreement(earlier, event), u64::from(event[field])));
                }
            }
            Chain::Distinct => {
                if field > 1 {
                    feature(u64::from(earlier[field - 1]));
                }
                self.distinct[field * self.order..(field + 1) * self.order].iter().for_each(|&value| feature(value));
                feature(u64::from(self.runs[field]));
            }
            Chain::Voice(number) => {
                let (tag, events) = self.voice(plan, number, earlier);
                if events.is_empty() {
                    feature(ABSENT);
                    return;
                }
                feature(u64::from(events[field]));
                feature(agreement(earlier, &events[..k]));
                feature(tag);
                for event in events.chunks_exact(k).take(VOICE_ORDER).skip(1) {
                    feature(mix(agreement(earlier, event), u64::from(event[field])));
                }
            }
            Chain::Recent(_) | Chain::Piece => contexts.clear(),
        }
    }

    /// What a cache holds: calls `visit` with values and how often each is held (a value may come
    /// several times), and returns in which of [`KINDS_OF_CACHE`] states the cache is. `None` for
    /// chains of contexts.
    pub fn cache(
        &self,
        plan: &ContextLayout,
        chain: usize,
        field: usize,
        earlier: &[u16],
        mut visit: impl FnMut(u16, u32),
    ) -> Option<usize> {
        match plan.chains[field][chain] {
            Chain::Recent(number) => {
                let (_, events) = self.voice(plan, number, earlier);
                let held = events.chunks_exact(self.fields).map(|event| event[field]).filter(|&v| field == 0 || v != 0);
                held.for_each(|value| visit(value, 1));
                let newest = events.chunks_exact(self.fields).next();
                Some(newest.map_or(0, |event| 1 + agreement(earlier, event) as usize % (KINDS_OF_CACHE - 1)))
            }
            Chain::Piece => {
                let counts = self.piece[field].iter().enumerate().filter(|(_, count)| **count > 0);
                counts.for_each(|(value, &count)| visit(value as u16, u32::from(count)));
                Some(0)
            }
            _ => None,
        }
    }

    /// The last events, newest first, of the voice to which an event with these `earlier` fields
    /// belongs, and its key.
    fn voice(&self, plan: &ContextLayout, number: usize, earlier: &[u16]) -> (u64, &[u16]) {
        let memory = &self.voices[number];
        let tag = plan.voices[number].key(earlier);
        let slot = tag as usize % VOICE_SLOTS;
        let seen = if memory.tags[slot] == tag { usize::from(memory.seen[slot]) } else { 0 };
        (tag, &memory.events[slot * VOICE_DEPTH * self.fields..][..seen * self.fields])
    }
}

/// Which fields of `event` equal the `earlier` ones, as bits.
fn agreement(earlier: &[u16], event: &[u16]) -> u64 {
    earlier.iter().zip(event).fold(0, |bits, (a, b)| bits << 1 | u64::from(a == b))
}

fn hash(values: &[u16]) -> u64 {
    values.iter().fold(0, |key, &value| mix(key, u64::from(value)))
}

/// Puts `newest` at the front; the oldest fall off the end.
fn shift<T: Copy>(values: &mut [T], newest: &[T]) {
    let kept = values.len() - newest.len();
    values.copy_within(..kept, newest.len());
    values[..newest.len()].copy_from_slice(newest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voice_holds_the_last_event_that_agrees() {
        let plan = ContextLayout::new(&[9, 9, 60], 2, true);
        let mut memory = Memory::new(&plan);
        let chain = plan.chains[2].iter().position(|chain| *chain == Chain::Voice(1)).expect("a voice");
        let read = |memory: &Memory| {
            let mut contexts = Vec::new();
            memory.contexts(&plan, chain, 2, &[1, 5], &mut contexts);
            contexts
        };
        let nothing = read(&memory);
        memory.push(&plan, &[1, 5, 9]);
        let once = read(&memory);
        for value in 0..50 {
            memory.push(&plan, &[1, 6, value]);
        }
        assert_ne!(nothing, once);
        assert_eq!(once, read(&memory), "events of another voice change nothing");
        memory.clear();
        assert_eq!(nothing, read(&memory));
    }

    #[test]
    fn contexts_grow_from_general_to_specific_and_differ() {
        let plan = ContextLayout::new(&[9, 99, 9, 99, 9, 9], 4, true);
        let mut memory = Memory::new(&plan);
        for step in 0..9 {
            memory.push(&plan, &[1, step, 2, 60 + step, 4, 5]);
        }
        let mut all = Vec::new();
        let mut contexts = Vec::new();
        let earlier = [1, 8, 2, 61, 4];
        for field in 0..6 {
            for chain in 0..plan.chains[field].len() {
                memory.contexts(&plan, chain, field, &earlier[..field], &mut contexts);
                all.append(&mut contexts);
            }
        }
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
