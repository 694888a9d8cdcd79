//! Walking a module's parameters by their paths, and updating them.

use super::{AdamSettings, Entry, Placed, Slot};
use burn::module::{ModuleMapper, Param};
use burn::tensor::Tensor;
use leitmotif_kernels::adamw::AdamW;

/// Where a walk through a module stands.
#[derive(Debug, Default)]
pub(super) struct Path(Vec<String>);

impl Path {
    pub(super) fn enter(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }

    pub(super) fn exit(&mut self) {
        self.0.pop();
    }

    /// `blocks.0.attention.qkv`.
    pub(super) fn name(&self) -> String {
        self.0.join(".")
    }
}

/// Keeps the path, the first field of a visitor, up to date.
macro_rules! follow_path {
    () => {
        fn enter_module(&mut self, name: &str, _container: &str) {
            self.0.enter(name);
        }

        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.0.exit();
        }
    };
}
pub(super) use follow_path;

/// One step for all parameters.
#[derive(Debug, Clone, Copy)]
pub(super) struct StepSettings {
    pub settings: AdamSettings,
    pub rate: f64,
    /// Averaging and clipping.
    pub scale: f64,
}

impl StepSettings {
    fn update(&self, decays: bool, steps: u32) -> AdamW {
        let AdamSettings { betas: [beta1, beta2], epsilon, weight_decay, .. } = self.settings;
        AdamW {
            rate: self.rate as f32,
            beta1: beta1 as f32,
            beta2: beta2 as f32,
            epsilon: epsilon as f32,
            weight_decay: if decays { weight_decay as f32 } else { 0.0 },
            step: u64::from(steps),
            gradient_scale: self.scale as f32,
        }
    }
}

/// Applies one step while it walks.
pub(crate) struct Updater<'a>(Path, StepSettings, &'a mut Placed);

impl<'a> Updater<'a> {
    pub(super) fn new(plan: StepSettings, state: &'a mut Placed) -> Self {
        Self(Path::default(), plan, state)
    }
}

impl ModuleMapper for Updater<'_> {
    follow_path!();

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.0.name();
        match self.2 {
            Placed::Slices(state) => update(&self.1, state.entries.get_mut(&name), param),
            Placed::Tensors(state) => update(&self.1, state.entries.get_mut(&name), param),
        }
    }
}

fn update<S: Slot, const D: usize>(
    plan: &StepSettings,
    entry: Option<&mut Entry<S>>,
    param: Param<Tensor<D>>,
) -> Param<Tensor<D>> {
    let Some(entry) = entry.filter(|entry| entry.slot.has_gradient()) else { return param };
    entry.steps = entry.steps.saturating_add(1);
    let update = plan.update(entry.decays, entry.steps);
    let (id, tensor, mapper) = param.consume();
    let learns = tensor.is_require_grad();
    let updated = Tensor::from_inner(entry.slot.update(tensor.inner(), &update));
    Param::from_mapped_value(id, if learns { updated.require_grad() } else { updated }, mapper)
}
