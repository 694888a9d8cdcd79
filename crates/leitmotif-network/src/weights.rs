//! A module's weights by the path of each parameter, such as `decoder.layers.0.norm`: out of the
//! module, and into it.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};
use leitmotif_model::{Array, ModelError, Weights};

/// All weights of a module by name.
pub(crate) fn weights_of<M: Module>(module: &M) -> Weights {
    let mut saver = Saver { weights: Weights::new(), path: Vec::new() };
    module.visit(&mut saver);
    saver.weights
}

struct Saver {
    weights: Weights,
    path: Vec<String>,
}

impl ModuleVisitor for Saver {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val().inner();
        let shape = value.dims();
        let data = value.into_data().iter::<f32>().collect();
        self.weights.insert(self.path.join("."), Array::new(shape, data));
    }
}

/// The module with these weights in the place of its own.
///
/// # Errors
/// [`ModelError::Weights`] if a weight is missing, has another shape, or is not the module's.
pub(crate) fn with_weights<M: Module>(module: M, weights: &Weights) -> Result<M, ModelError> {
    let mut loader = Loader { weights, path: Vec::new(), used: 0, error: None };
    let module = module.map(&mut loader);
    match loader.error {
        Some(error) => Err(error),
        None if loader.used != weights.len() => {
            let extra = weights.len() - loader.used;
            Err(ModelError::Weights(format!("{extra} of its {} arrays are not the model's", weights.len())))
        }
        None => Ok(module),
    }
}

struct Loader<'a> {
    weights: &'a Weights,
    path: Vec<String>,
    used: usize,
    error: Option<ModelError>,
}

impl ModuleMapper for Loader<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let old = param.val();
        let (shape, device) = (old.dims(), old.device());
        match self.weights.shaped(&self.path.join("."), &shape) {
            Ok(values) => {
                self.used += 1;
                Param::from_data(TensorData::new(values.to_vec(), shape), &device)
            }
            Err(error) => {
                self.error.get_or_insert(error);
                param
            }
        }
    }
}
