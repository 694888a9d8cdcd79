//! AdamW with decoupled weight decay (Loshchilov & Hutter 2019), global-norm clipping and gradient
//! accumulation.
//!
//! Gradients are averaged over [`Adam::accumulate`] calls, then applied by [`Adam::apply`]. A
//! parameter that got no gradient since the last step stays as it is, moments and step count
//! included. Only weight matrices decay: embeddings, norms and biases do not. On the CPU everything
//! happens on slices ([`slices`]); elsewhere on tensors that stay on the device ([`tensors`]). Both
//! are the same function.

mod parameters;
mod slices;
mod tensors;

use crate::TrainError;
use burn::module::{Module, ModuleVisitor};
use burn::tensor::{Gradients, Tensor};
use leitmotif_kernels::adamw::AdamW;
use leitmotif_model::{Array, Weights};
use parameters::Path;
pub(crate) use parameters::Updater;
use slices::Slices;
use std::borrow::Cow;
use std::collections::BTreeMap;
use tensors::Tensors;

/// What does not change during a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct AdamSettings {
    pub betas: [f64; 2],
    pub epsilon: f64,
    pub weight_decay: f64,
    /// Largest global gradient norm; 0 for no clipping.
    pub clip: f64,
}

/// A parameter's gradient and running means, wherever they live.
trait Slot: Sized {
    /// No gradient, zero moments.
    fn new<const D: usize>(parameter: &Tensor<D>) -> Self;
    /// Adds a gradient.
    fn accumulate<const D: usize>(&mut self, gradient: Tensor<D>);
    /// The sums of squares of the gradients accumulated in these slots.
    fn squares(slots: &[&Self]) -> f64;
    /// The parameter after one update; clears the gradient.
    fn update<const D: usize>(&mut self, parameter: Tensor<D>, update: &AdamW) -> Tensor<D>;
    /// Whether there is a gradient.
    fn has_gradient(&self) -> bool;
    /// The gradient, if there is one.
    fn gradient(&self) -> Option<Cow<'_, [f32]>>;
    /// Puts another in its place.
    fn set_gradient(&mut self, gradient: &[f32]);
    /// Clears the gradient.
    fn clear(&mut self);
    /// First and second moments.
    fn moments(&self) -> [Vec<f32>; 2];
    /// Sets the moments.
    fn restore<const D: usize>(&mut self, parameter: &Tensor<D>, moments: [Vec<f32>; 2]);
}

#[derive(Debug)]
struct Entry<S> {
    shape: Vec<usize>,
    decays: bool,
    /// Updates so far.
    steps: u32,
    slot: S,
}

/// The optimiser's state for all parameters of a module, by the path of each.
#[derive(Debug)]
struct State<S> {
    entries: BTreeMap<String, Entry<S>>,
}

/// The optimiser of one network.
#[derive(Debug)]
pub(crate) struct Adam {
    settings: AdamSettings,
    accumulated: u32,
    state: Placed,
}

#[derive(Debug)]
enum Placed {
    Slices(State<Slices>),
    Tensors(State<Tensors>),
}

/// What became of one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Applied {
    /// Global norm of the averaged gradient before clipping.
    pub norm: f64,
    /// False if the norm was not finite; nothing was changed then.
    pub applied: bool,
}

impl Adam {
    /// An optimiser for this module's parameters; `on_slices` for a module on the CPU.
    pub(crate) fn new<M: Module>(module: &M, settings: AdamSettings, on_slices: bool) -> Self {
        let state = if on_slices { Placed::Slices(State::new(module)) } else { Placed::Tensors(State::new(module)) };
        Self { settings, accumulated: 0, state }
    }

    /// Adds the gradients of one segment.
    pub(crate) fn accumulate<M: Module>(&mut self, module: &M, gradients: &mut Gradients) {
        self.accumulated += 1;
        match &mut self.state {
            Placed::Slices(state) => state.accumulate(module, gradients),
            Placed::Tensors(state) => state.accumulate(module, gradients),
        }
    }

    /// Clears accumulated gradients.
    pub(crate) fn clear(&mut self) {
        self.accumulated = 0;
        match &mut self.state {
            Placed::Slices(state) => state.clear(),
            Placed::Tensors(state) => state.clear(),
        }
    }

    /// Shows all accumulated gradients to `sum`, which adds up over processes, and takes what it
    /// makes of them. A parameter has a gradient then if it had one in any of them.
    pub(crate) fn sum(&mut self, sum: &dyn Fn(&mut [f32])) {
        match &mut self.state {
            Placed::Slices(state) => state.sum(sum),
            Placed::Tensors(state) => state.sum(sum),
        }
    }

    /// Applies the mean of the accumulated gradients to a module; `map` shows the mapper to its
    /// parameters.
    pub(crate) fn apply<M>(
        &mut self,
        module: M,
        rate: f64,
        map: impl FnOnce(M, &mut Updater<'_>) -> M,
    ) -> (M, Applied) {
        let count = f64::from(self.accumulated.max(1));
        let squares = match &self.state {
            Placed::Slices(state) => state.squares(),
            Placed::Tensors(state) => state.squares(),
        };
        let norm = squares.sqrt() / count;
        if !norm.is_finite() {
            self.clear();
            return (module, Applied { norm, applied: false });
        }
        let clip =
            if self.settings.clip > 0.0 { (self.settings.clip / norm.max(f64::MIN_POSITIVE)).min(1.0) } else { 1.0 };
        let plan = parameters::StepSettings { settings: self.settings, rate, scale: clip / count };
        self.accumulated = 0;
        let module = map(module, &mut Updater::new(plan, &mut self.state));
        (module, Applied { norm, applied: true })
    }

    /// Moments and step counts by name.
    pub(crate) fn weights(&self) -> Weights {
        match &self.state {
            Placed::Slices(state) => state.weights(),
            Placed::Tensors(state) => state.weights(),
        }
    }

    /// Takes over saved moments and step counts.
    ///
    /// # Errors
    /// [`TrainError::Model`] if they are not of this module.
    pub(crate) fn restore<M: Module>(&mut self, module: &M, weights: &Weights) -> Result<(), TrainError> {
        match &mut self.state {
            Placed::Slices(state) => state.restore(module, weights),
            Placed::Tensors(state) => state.restore(module, weights),
        }
    }
}

impl<S: Slot> State<S> {
    fn new<M: Module>(module: &M) -> Self {
        struct Builder<S>(Path, BTreeMap<String, Entry<S>>);
        impl<S: Slot> ModuleVisitor for Builder<S> {
            parameters::follow_path!();
            fn visit_float<const D: usize>(&mut self, param: &burn::module::Param<Tensor<D>>) {
                let path = self.0.name();
                let decays = D > 1 && !path.contains("embed") && !path.contains("norm");
                let tensor = param.val();
                let entry = Entry { shape: tensor.dims().to_vec(), decays, steps: 0, slot: S::new(&tensor) };
                self.1.insert(path, entry);
            }
        }
        let mut builder = Builder(Path::default(), BTreeMap::new());
        module.visit(&mut builder);
        Self { entries: builder.1 }
    }

    fn accumulate<M: Module>(&mut self, module: &M, gradients: &mut Gradients) {
        struct Collector<'a, S>(Path, &'a mut State<S>, &'a mut Gradients);
        impl<S: Slot> ModuleVisitor for Collector<'_, S> {
            parameters::follow_path!();
            fn visit_float<const D: usize>(&mut self, param: &burn::module::Param<Tensor<D>>) {
                let gradient = param.val().grad_remove(self.2);
                if let (Some(gradient), Some(entry)) = (gradient, self.1.entries.get_mut(&self.0.name())) {
                    entry.slot.accumulate(gradient);
                }
            }
        }
        module.visit(&mut Collector(Path::default(), self, gradients));
    }

    fn clear(&mut self) {
        self.entries.values_mut().for_each(|entry| entry.slot.clear());
    }

    fn sum(&mut self, sum: &dyn Fn(&mut [f32])) {
        // Before each gradient, how many processes have it.
        let mut values = Vec::new();
        for entry in self.entries.values() {
            let end = values.len() + 1 + entry.shape.iter().product::<usize>();
            let gradient = entry.slot.gradient();
            values.push(if gradient.is_some() { 1.0 } else { 0.0 });
            values.extend_from_slice(&gradient.unwrap_or_default());
            values.resize(end, 0.0);
        }
        sum(&mut values);
        let mut rest = &values[..];
        for entry in self.entries.values_mut() {
            let (gradient, others) = rest.split_at(1 + entry.shape.iter().product::<usize>());
            rest = others;
            if gradient[0] != 0.0 {
                entry.slot.set_gradient(&gradient[1..]);
            }
        }
    }

    fn squares(&self) -> f64 {
        let slots: Vec<&S> =
            self.entries.values().map(|entry| &entry.slot).filter(|slot| slot.has_gradient()).collect();
        if slots.is_empty() { 0.0 } else { S::squares(&slots) }
    }

    fn weights(&self) -> Weights {
        let mut weights = Weights::new();
        for (name, entry) in &self.entries {
            let [first, second] = entry.slot.moments();
            weights.insert(format!("{name}.first"), Array::new(entry.shape.clone(), first));
            weights.insert(format!("{name}.second"), Array::new(entry.shape.clone(), second));
            // A count stored as the bits of a float would be fragile; below 2^24 floats count
            // exactly, so two digits do.
            let digits = vec![(entry.steps >> 16) as f32, (entry.steps & 0xFFFF) as f32];
            weights.insert(format!("{name}.steps"), Array::new([2], digits));
        }
        weights
    }

    fn restore<M: Module>(&mut self, module: &M, weights: &Weights) -> Result<(), TrainError> {
        struct Restorer<'a, S>(Path, &'a mut State<S>, &'a Weights, Result<(), TrainError>);
        impl<S: Slot> Restorer<'_, S> {
            fn one<const D: usize>(&mut self, tensor: &Tensor<D>) -> Result<(), TrainError> {
                let name = self.0.name();
                let Some(entry) = self.1.entries.get_mut(&name) else { return Ok(()) };
                let first = self.2.shaped(&format!("{name}.first"), &entry.shape)?.to_vec();
                let second = self.2.shaped(&format!("{name}.second"), &entry.shape)?.to_vec();
                let digits = self.2.shaped(&format!("{name}.steps"), &[2])?;
                entry.steps = ((digits[0] as u32) << 16) | (digits[1] as u32 & 0xFFFF);
                entry.slot.restore(tensor, [first, second]);
                Ok(())
            }
        }
        impl<S: Slot> ModuleVisitor for Restorer<'_, S> {
            parameters::follow_path!();
            fn visit_float<const D: usize>(&mut self, param: &burn::module::Param<Tensor<D>>) {
                if self.3.is_ok() {
                    self.3 = self.one(&param.val());
                }
            }
        }
        let mut restorer = Restorer(Path::default(), self, weights, Ok(()));
        module.visit(&mut restorer);
        restorer.3
    }
}

#[cfg(test)]
mod tests;
