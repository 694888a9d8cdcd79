//! The parameters of a network as tensors that learn, by the names that they have in files.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor, TensorData};
use leitmotif_model::network::{Parameter, Weight};
use leitmotif_model::{Array, Weights};
use std::sync::Arc;

/// The trainable parameters of a network.
#[derive(Debug, Clone)]
pub struct Parameters {
    names: Arc<[String]>,
    values: Vec<Value>,
    device: Device,
}

#[derive(Debug, Clone)]
enum Value {
    Vector(Param<Tensor<1>>),
    Matrix(Param<Tensor<2>>),
}

impl Parameters {
    /// These parameters on a device.
    pub(crate) fn new(parameters: Vec<Parameter<'_>>, device: &Device) -> Self {
        let named = parameters.into_iter().map(|parameter| {
            let data = TensorData::new(parameter.values.into_owned(), parameter.shape.clone());
            let value = match parameter.shape.len() {
                1 => Value::Vector(Param::from_data(data, device)),
                _ => Value::Matrix(Param::from_data(data, device)),
            };
            (parameter.name, value)
        });
        let (names, values): (Vec<String>, Vec<Value>) = named.unzip();
        Self { names: names.into(), values, device: device.clone() }
    }

    /// Where they live.
    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    /// A parameter that is a vector.
    pub(crate) fn vector(&self, weight: Weight) -> Tensor<1> {
        match &self.values[weight.index()] {
            Value::Vector(param) => param.val(),
            Value::Matrix(_) => unreachable!("a table or linear map is no vector"),
        }
    }

    /// A parameter as rows; a vector is one row.
    pub(crate) fn matrix(&self, weight: Weight) -> Tensor<2> {
        match &self.values[weight.index()] {
            Value::Vector(param) => param.val().unsqueeze(),
            Value::Matrix(param) => param.val(),
        }
    }

    /// All values by name.
    pub(crate) fn weights(&self) -> Weights {
        let mut weights = Weights::new();
        for (name, value) in self.names.iter().zip(&self.values) {
            let (shape, data) = match value {
                Value::Vector(param) => (param.val().dims().to_vec(), param.val().inner().into_data()),
                Value::Matrix(param) => (param.val().dims().to_vec(), param.val().inner().into_data()),
            };
            let values = data.convert::<f32>().try_into_vec().expect("the values were just made 32-bit floats");
            weights.insert(name.clone(), Array::new(shape, values));
        }
        weights
    }

    fn each(self, change: impl Fn(Value) -> Value) -> Self {
        Self { values: self.values.into_iter().map(change).collect(), ..self }
    }
}

/// Applies the method of a parameter's module to it, whatever its dimensions.
macro_rules! of_param {
    ($value:expr, $param:ident => $work:expr) => {
        match $value {
            Value::Vector($param) => Value::Vector($work),
            Value::Matrix($param) => Value::Matrix($work),
        }
    };
}

/// Visitors see each parameter within a module of its whole name.
impl Module for Parameters {
    fn collect_devices(&self, devices: Vec<Device>) -> Vec<Device> {
        self.values.iter().fold(devices, |devices, value| match value {
            Value::Vector(param) => param.collect_devices(devices),
            Value::Matrix(param) => param.collect_devices(devices),
        })
    }

    fn fork(self, device: &Device) -> Self {
        let moved = self.each(|value| of_param!(value, param => param.fork(device)));
        Self { device: device.clone(), ..moved }
    }

    fn to_device(self, device: &Device) -> Self {
        let moved = self.each(|value| of_param!(value, param => param.to_device(device)));
        Self { device: device.clone(), ..moved }
    }

    fn train(self) -> Self {
        let device = self.device.clone().autodiff();
        Self { device, ..self.each(|value| of_param!(value, param => param.train())) }
    }

    fn valid(&self) -> Self {
        let valid = self.clone().each(|value| of_param!(value, param => param.valid()));
        Self { device: self.device.clone().inner(), ..valid }
    }

    fn materialize(self) -> Self {
        self.each(|value| of_param!(value, param => param.materialize()))
    }

    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        for (name, value) in self.names.iter().zip(&self.values) {
            visitor.enter_module(name, "Parameters");
            match value {
                Value::Vector(param) => param.visit(visitor),
                Value::Matrix(param) => param.visit(visitor),
            }
            visitor.exit_module(name, "Parameters");
        }
    }

    fn map<M: ModuleMapper>(self, mapper: &mut M) -> Self {
        let values = self.names.iter().zip(self.values).map(|(name, value)| {
            mapper.enter_module(name, "Parameters");
            let value = of_param!(value, param => Module::map(param, mapper));
            mapper.exit_module(name, "Parameters");
            value
        });
        Self { values: values.collect(), names: self.names.clone(), device: self.device }
    }
}
