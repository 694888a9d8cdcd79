//! Training: counting pieces, fitting the mixture on some that are kept out, then counting those
//! too.

use super::context::{ContextLayout, Memory};
use super::gate::{Gate, Trial};
use super::table::Counts;
use super::{Markov, Scratch};
use crate::{ModelDescription, ModelError};
use rayon::prelude::*;

/// Most pairs of a context and what followed it, over all fields: the bound of a stored model (up
/// to 18 bytes a pair). The rarest contexts are dropped first.
pub const MAX_PAIRS: usize = 6_000_000;
/// Pairs held while counting, for each pair that is kept in the end.
const WORKING: usize = 4;
/// Of how many pieces one is kept out of the counts while the mixture is fitted.
const KEPT_OUT: usize = 8;
/// Most events that are kept out.
pub const MAX_KEPT_OUT: usize = 60_000;
/// Events that are collected before they are counted, all fields at once.
const BATCH: usize = 1 << 17;

/// Collects the pieces of a Markov model. The model depends on the pieces and their order alone.
#[derive(Debug)]
pub struct MarkovBuilder {
    description: ModelDescription,
    plan: ContextLayout,
    counts: Vec<Counts>,
    pending: Vec<Vec<u16>>,
    waiting: usize,
    kept_out: Vec<Vec<u16>>,
    kept_out_events: usize,
    pieces: usize,
}

impl MarkovBuilder {
    /// An empty model of this description. Of the description only the sizes and `order` matter.
    pub fn new(description: &ModelDescription) -> Self {
        let fields = description.sizes.len();
        Self {
            description: description.clone(),
            plan: ContextLayout::new(&description.sizes, description.model.order, description.model.cache),
            counts: (0..fields).map(|_| Counts::default()).collect(),
            pending: Vec::new(),
            waiting: 0,
            kept_out: Vec::new(),
            kept_out_events: 0,
            pieces: 0,
        }
    }

    /// Adds a piece: its events from the start event to the end event, one after another. The first
    /// event is given, not counted.
    ///
    /// # Errors
    /// [`ModelError::Config`] if these are not whole events of the described fields.
    pub fn add_piece(&mut self, values: &[u16]) -> Result<(), ModelError> {
        let sizes = &self.description.sizes;
        let inside = values.chunks(sizes.len()).all(|event| {
            event.len() == sizes.len() && event.iter().zip(sizes).all(|(&value, &size)| usize::from(value) < size)
        });
        if !inside {
            return Err(ModelError::Config(format!(
                "piece {} does not consist of events of sizes {sizes:?}",
                self.pieces + 1
            )));
        }
        self.pieces += 1;
        let events = values.len() / sizes.len();
        if self.pieces.is_multiple_of(KEPT_OUT) && self.kept_out_events + events <= MAX_KEPT_OUT {
            self.kept_out_events += events;
            self.kept_out.push(values.to_vec());
        } else {
            self.waiting += events;
            self.pending.push(values.to_vec());
            if self.waiting >= BATCH {
                self.count();
            }
        }
        Ok(())
    }

    /// The model of all pieces.
    pub fn finish(mut self) -> Markov {
        let fields = self.plan.fields;
        let limit = MAX_PAIRS / fields;
        self.count();
        let tables = self.counts.par_iter_mut().map(|counts| counts.table(limit * WORKING)).collect();
        let gates = self.plan.chains.iter().map(|chains| Gate::new(chains.len())).collect();
        let mut model = Markov { description: self.description.clone(), plan: self.plan.clone(), tables, gates };
        if !self.kept_out.is_empty() {
            model.gates = (0..fields).into_par_iter().map(|field| fit(&model, field, &self.kept_out)).collect();
            self.pending = std::mem::take(&mut self.kept_out);
            self.count();
        }
        model.tables = self.counts.par_iter_mut().map(|counts| counts.table(limit)).collect();
        model
    }

    fn count(&mut self) {
        let (plan, pieces) = (&self.plan, std::mem::take(&mut self.pending));
        let limit = WORKING * MAX_PAIRS / plan.fields;
        self.waiting = 0;
        self.counts.par_iter_mut().enumerate().for_each(|(field, counts)| {
            let mut memory = Memory::new(plan);
            let mut contexts = Vec::new();
            for piece in &pieces {
                walk(plan, field, piece, &mut memory, |memory, event| {
                    for chain in 0..plan.chains[field].len() {
                        memory.contexts(plan, chain, field, &event[..field], &mut contexts);
                        contexts.iter().for_each(|&context| counts.add(context, event[field], limit));
                    }
                });
            }
        });
    }
}

/// Visits the events of a piece in which a field applies, the first event excepted, with the memory
/// before each.
fn walk(
    plan: &ContextLayout,
    field: usize,
    piece: &[u16],
    memory: &mut Memory,
    mut visit: impl FnMut(&Memory, &[u16]),
) {
    memory.clear();
    for (index, event) in piece.chunks_exact(plan.fields).enumerate() {
        if index > 0 && (field == 0 || event[field] != 0) {
            visit(memory, event);
        }
        memory.push(plan, event);
    }
}

fn fit(model: &Markov, field: usize, pieces: &[Vec<u16>]) -> Gate {
    let mut trials: Vec<Trial> = Vec::new();
    let mut scratch = Scratch::default();
    let mut memory = Memory::new(&model.plan);
    for piece in pieces {
        walk(&model.plan, field, piece, &mut memory, |memory, event| {
            model.trial(memory, field, &event[..field], event[field], &mut scratch);
            trials.push(scratch.trial.clone());
        });
    }
    let mut gate = model.gates[field].clone();
    gate.fit(&trials);
    gate
}
