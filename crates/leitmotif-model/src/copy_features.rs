//! Copy features: the values that a field had at the last matching contexts.
//!
//! A sum of fields per event makes short sequences, but a state that was computed before an event's
//! first fields were known cannot have looked up what belongs to them: which pitch this instrument
//! played at this place of the bar before, how hard, how long. Copy features are that look-up. For
//! each field they give the values it had
//!
//! - in the last event of the same kind that agrees in a range of the event's earlier fields (one
//!   copy feature for every range; skip contexts, or viewpoints in Conklin & Witten 1995), and
//! - in the event that followed when the last one, two or four events were last the same.
//!
//! Fields that are given and not predicted need not agree: they would multiply the ranges, and what
//! they say is in the state itself.
//!
//! A network adds the named values' embeddings, each copy feature with its own gains, to the state
//! a field is read from. Nothing here depends on what the fields mean. The state kept of a piece is
//! bounded: a table of 1024 places for each way of agreeing, where a newer event displaces an older
//! one.

use leitmotif_hash::{STEP, fold};

/// Places of each table.
const SLOTS: usize = 1 << 10;
/// How many last events must be the same for the copy features that continue a sequence.
const SEQUELS: [usize; 3] = [1, 2, 4];
/// Most earlier fields, counted back from a field, among which its ranges lie.
const REACH: usize = 5;
/// The index of a copy feature that has no value.
pub const NO_COPY: i32 = -1;

/// Which copy features the fields of a representation have.
#[derive(Debug, Clone)]
pub struct CopyFeatureLayout {
    sizes: Vec<usize>,
    /// Whether a field is given, and not predicted.
    given: Vec<bool>,
    /// `from..to` of the fields that must agree, but for given ones among them.
    ranges: Vec<(usize, usize)>,
}

/// The copy features' state for one piece.
#[derive(Debug, PartialEq, Eq)]
pub struct CopyFeatures {
    /// `[tables, SLOTS, 1 + fields]`: a check that distinguishes keys of one place (0 while empty),
    /// then the event.
    slots: Vec<u16>,
    /// The last events, newest last.
    recent: Vec<u16>,
}

impl CopyFeatureLayout {
    /// The copy features of events with these field sizes, of which the fields `given` are not
    /// predicted.
    pub fn new(sizes: &[usize], given: &[usize]) -> Self {
        let given: Vec<bool> = (0..sizes.len()).map(|field| given.contains(&field)).collect();
        let predicted: Vec<usize> = (1..sizes.len()).filter(|field| !given[*field]).collect();
        let pairs = (1..predicted.len()).flat_map(|to| (0..to).map(move |from| (from, to)));
        let near = pairs.filter(|(from, to)| to - from <= REACH);
        let ranges = near.map(|(from, to)| (predicted[from], predicted[to])).collect();
        Self { sizes: sizes.to_vec(), given, ranges }
    }

    /// The number of copy features of field number `field`.
    pub fn count(&self, field: usize) -> usize {
        self.ranges(field).count() + SEQUELS.len()
    }

    /// The ranges that predict `field`, with their table.
    fn ranges(&self, field: usize) -> impl Iterator<Item = (usize, (usize, usize))> {
        let reach = move |from: usize| self.given[from..field].iter().filter(|given| !**given).count();
        let near = move |(_, (from, to)): &(usize, (usize, usize))| *to <= field && reach(*from) <= REACH;
        self.ranges.iter().copied().enumerate().filter(near)
    }

    /// The key of an event's kind and of a range of its fields.
    fn range_key(&self, event: &[u16], (from, to): (usize, usize)) -> u64 {
        let fields = (from..to).filter(|field| !self.given[*field]);
        hash(event[..1].iter().chain(fields.map(|field| &event[field])))
    }

    /// The fields that are predicted, and their values, of an event or of its first fields.
    fn predicted<'a>(&'a self, event: &'a [u16]) -> impl Iterator<Item = (usize, &'a u16)> {
        event.iter().enumerate().filter(|(field, _)| !self.given[*field])
    }

    fn tables(&self) -> usize {
        self.ranges.len() + SEQUELS.len()
    }

    fn width(&self) -> usize {
        1 + self.sizes.len()
    }

    /// The length of [`CopyFeatures::state`].
    pub fn state_len(&self) -> usize {
        self.tables() * SLOTS * self.width() + 1 + self.recent_len()
    }

    fn recent_len(&self) -> usize {
        SEQUELS[SEQUELS.len() - 1] * self.sizes.len()
    }
}

impl Clone for CopyFeatures {
    fn clone(&self) -> Self {
        Self { slots: self.slots.clone(), recent: self.recent.clone() }
    }

    fn clone_from(&mut self, other: &Self) {
        self.slots.clone_from(&other.slots);
        self.recent.clone_from(&other.recent);
    }
}

impl CopyFeatures {
    /// The state before the first event: no copy feature has a value.
    pub fn new(plan: &CopyFeatureLayout) -> Self {
        Self { slots: vec![0; plan.tables() * SLOTS * plan.width()], recent: Vec::new() }
    }

    /// Resets the state for a new piece.
    pub fn clear(&mut self) {
        self.slots.fill(0);
        self.recent.clear();
    }

    /// Adds one event to the state.
    pub fn push(&mut self, plan: &CopyFeatureLayout, event: &[u16]) {
        let fields = event.len();
        for (index, events) in SEQUELS.into_iter().enumerate() {
            if let Some(key) = self.recent_key(plan, events) {
                self.put(plan, plan.ranges.len() + index, key, event);
            }
        }
        for (table, &range) in plan.ranges.iter().enumerate() {
            self.put(plan, table, plan.range_key(event, range), event);
        }
        if self.recent.len() == plan.recent_len() {
            self.recent.drain(..fields);
        }
        self.recent.extend_from_slice(event);
    }

    /// Appends to `rows` the copy features of field number `earlier.len()` of the next event: for
    /// each of them the row of the named value in a table that holds all fields' values one
    /// after another, or [`NO_COPY`].
    pub fn features(&self, plan: &CopyFeatureLayout, earlier: &[u16], rows: &mut Vec<i32>) {
        let field = earlier.len();
        let offset: usize = plan.sizes[..field].iter().sum();
        let row = |event: Option<&[u16]>| match event.map(|event| event[field]) {
            Some(value) if field == 0 || value > 0 => (offset + usize::from(value)) as i32,
            _ => NO_COPY,
        };
        for (table, range) in plan.ranges(field) {
            rows.push(row(self.get(plan, table, plan.range_key(earlier, range))));
        }
        for (index, events) in SEQUELS.into_iter().enumerate() {
            let key = self.recent_key(plan, events);
            let event = key.and_then(|key| self.get(plan, plan.ranges.len() + index, key));
            let agrees =
                |event: &&[u16]| plan.predicted(event).take_while(|it| it.0 < field).eq(plan.predicted(earlier));
            rows.push(row(event.filter(agrees)));
        }
    }

    /// The whole state, [`CopyFeatureLayout::state_len`] numbers.
    pub fn state(&self, plan: &CopyFeatureLayout) -> Vec<u16> {
        let mut state = self.slots.clone();
        state.push((self.recent.len() / plan.sizes.len()) as u16);
        state.extend_from_slice(&self.recent);
        state.resize(plan.state_len(), 0);
        state
    }

    /// What [`Self::state`] gave; `None` if it does not fit the plan.
    pub fn from_state(plan: &CopyFeatureLayout, state: &[u16]) -> Option<Self> {
        if state.len() != plan.state_len() {
            return None;
        }
        let (slots, rest) = state.split_at(plan.tables() * SLOTS * plan.width());
        let known = usize::from(rest[0]) * plan.sizes.len();
        let events = slots.chunks_exact(plan.width()).map(|slot| &slot[1..]);
        let recent = rest.get(1..1 + known)?;
        let fits = |event: &[u16]| event.iter().zip(&plan.sizes).all(|(&value, &size)| usize::from(value) < size);
        let valid = events.chain(recent.chunks_exact(plan.sizes.len())).all(fits);
        valid.then(|| Self { slots: slots.to_vec(), recent: recent.to_vec() })
    }

    /// The key of the last events; `None` where there are fewer.
    fn recent_key(&self, plan: &CopyFeatureLayout, events: usize) -> Option<u64> {
        let start = self.recent.len().checked_sub(events * plan.sizes.len())?;
        let recent = self.recent[start..].chunks_exact(plan.sizes.len());
        Some(hash(recent.flat_map(|event| plan.predicted(event).map(|(_, value)| value))))
    }

    fn slot(plan: &CopyFeatureLayout, table: usize, key: u64) -> (usize, u16) {
        let place = (key >> 16) as usize % SLOTS;
        ((table * SLOTS + place) * plan.width(), (key as u16).max(1))
    }

    fn put(&mut self, plan: &CopyFeatureLayout, table: usize, key: u64, event: &[u16]) {
        let (start, check) = Self::slot(plan, table, key);
        self.slots[start] = check;
        self.slots[start + 1..start + plan.width()].copy_from_slice(event);
    }

    fn get(&self, plan: &CopyFeatureLayout, table: usize, key: u64) -> Option<&[u16]> {
        let (start, check) = Self::slot(plan, table, key);
        (self.slots[start] == check).then(|| &self.slots[start + 1..start + plan.width()])
    }
}

/// A key of values.
fn hash<'a>(values: impl Iterator<Item = &'a u16>) -> u64 {
    values.fold(STEP, |key, &value| fold(key, u64::from(value)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SIZES: [usize; 4] = [3, 9, 9, 9];

    fn features(copies: &CopyFeatures, plan: &CopyFeatureLayout, earlier: &[u16]) -> Vec<i32> {
        let mut rows = Vec::new();
        copies.features(plan, earlier, &mut rows);
        assert_eq!(rows.len(), plan.count(earlier.len()));
        rows
    }

    #[test]
    fn copy_features_come_from_the_last_event_that_agrees() {
        let plan = CopyFeatureLayout::new(&SIZES, &[]);
        let mut copies = CopyFeatures::new(&plan);
        assert_eq!(features(&copies, &plan, &[2, 1, 5]), [NO_COPY; 6]);
        copies.push(&plan, &[2, 1, 5, 7]);
        copies.push(&plan, &[2, 4, 5, 8]);
        copies.push(&plan, &[1, 1, 5, 3]);
        // Ranges: field 1 alone, field 1 and 2, field 2 alone; then what followed.
        let row = |value: i32| 21 + value;
        assert_eq!(features(&copies, &plan, &[2, 1, 5])[..3], [row(7), row(7), row(8)]);
        assert_eq!(features(&copies, &plan, &[2, 1, 6])[..3], [row(7), NO_COPY, NO_COPY]);
        assert_eq!(features(&copies, &plan, &[0, 1, 5])[..3], [NO_COPY; 3], "another kind");
    }

    #[test]
    fn sequences_continue_as_they_did() {
        let plan = CopyFeatureLayout::new(&SIZES, &[]);
        let mut copies = CopyFeatures::new(&plan);
        let (a, b, c) = ([1, 1, 1, 1], [1, 2, 2, 2], [2, 3, 3, 3]);
        for event in [a, b, c, a, b] {
            copies.push(&plan, &event);
        }
        assert_eq!(features(&copies, &plan, &[]), [2, 2, NO_COPY], "c followed b, and a and b");
        assert_eq!(features(&copies, &plan, &[2]), [3 + 3, 3 + 3, NO_COPY]);
        assert_eq!(features(&copies, &plan, &[1]), [NO_COPY; 3], "c is not of kind 1");
    }

    #[test]
    fn given_fields_need_not_come_again() {
        let plan = CopyFeatureLayout::new(&SIZES, &[1, 3]);
        assert_eq!(plan.count(2), SEQUELS.len(), "no field to agree but the kind");
        let mut copies = CopyFeatures::new(&plan);
        copies.push(&plan, &[1, 4, 5, 6]);
        copies.push(&plan, &[2, 4, 7, 6]);
        copies.push(&plan, &[1, 8, 5, 1]);
        assert_eq!(features(&copies, &plan, &[]), [2, NO_COPY, NO_COPY]);
        assert_eq!(features(&copies, &plan, &[2, 0])[0], 3 + 9 + 7);
        copies.push(&plan, &[1, 8, 2, 1]);
        assert_eq!(features(&copies, &plan, &[]), [NO_COPY; 3]);
        let plan = CopyFeatureLayout::new(&SIZES, &[2]);
        let mut copies = CopyFeatures::new(&plan);
        copies.push(&plan, &[1, 4, 5, 6]);
        assert_eq!(features(&copies, &plan, &[1, 4, 8])[0], 3 + 9 + 9 + 6);
        assert_eq!(features(&copies, &plan, &[1, 3, 5])[0], NO_COPY);
    }

    #[test]
    fn the_state_holds_everything() {
        let plan = CopyFeatureLayout::new(&SIZES, &[]);
        let mut copies = CopyFeatures::new(&plan);
        for i in 0..700u16 {
            copies.push(&plan, &[i % 3, i % 7, (i / 3) % 9, (i % 9) * (i % 5) % 9]);
            if i % 97 == 0 {
                assert_eq!(CopyFeatures::from_state(&plan, &copies.state(&plan)).unwrap(), copies);
            }
        }
        let mut state = copies.state(&plan);
        assert!(CopyFeatures::from_state(&plan, &state[1..]).is_none());
        let last = state.len() - 1;
        state[last] = 9;
        assert!(CopyFeatures::from_state(&plan, &state).is_none(), "no field has this value");
        copies.clear();
        assert_eq!(copies, CopyFeatures::new(&plan));
    }
}
