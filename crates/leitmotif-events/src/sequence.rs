//! A piece as a sequence of events, each a small tuple of categorical fields.

/// The index of a field's value in that field's vocabulary.
pub type Value = u16;

/// Events of `fields` values each, stored one after another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    fields: usize,
    values: Vec<Value>,
}

impl Sequence {
    /// An empty sequence of events with `fields` values each (at least one).
    pub fn new(fields: usize) -> Self {
        assert!(fields > 0, "an event has at least one field");
        Self { fields, values: Vec::new() }
    }

    /// Takes over `values`; `None` unless their number is a multiple of `fields`.
    pub fn from_values(fields: usize, values: Vec<Value>) -> Option<Self> {
        (fields > 0 && values.len().is_multiple_of(fields)).then_some(Self { fields, values })
    }

    /// Values per event.
    pub fn fields(&self) -> usize {
        self.fields
    }

    /// The number of events.
    pub fn len(&self) -> usize {
        self.values.len() / self.fields
    }

    /// Whether there is no event.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Event number `index`.
    pub fn event(&self, index: usize) -> &[Value] {
        &self.values[index * self.fields..(index + 1) * self.fields]
    }

    /// The events in order.
    pub fn events(&self) -> std::slice::ChunksExact<'_, Value> {
        self.values.chunks_exact(self.fields)
    }

    /// The events in order, open to change.
    pub fn events_mut(&mut self) -> std::slice::ChunksExactMut<'_, Value> {
        self.values.chunks_exact_mut(self.fields)
    }

    /// Appends one event of exactly [`Self::fields`] values.
    pub fn push(&mut self, event: &[Value]) {
        assert_eq!(event.len(), self.fields, "an event of this sequence has {} fields", self.fields);
        self.values.extend_from_slice(event);
    }

    /// Keeps the first `len` events.
    pub fn truncate(&mut self, len: usize) {
        self.values.truncate(len.saturating_mul(self.fields));
    }

    /// All values, event after event.
    pub fn values(&self) -> &[Value] {
        &self.values
    }
}
