//! The parameters of a network: named arrays, which its blocks refer to by number.
//!
//! A block declares its parameters when it is made, each with its name, its shape and what fresh
//! values it begins with. The same declarations serve every back end: one keeps an array as a
//! packed matrix, another as a tensor that learns.

use crate::weights::fits;
use crate::{Array, ModelError, Weights};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;

/// A parameter, by its number among those of its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weight(usize);

impl Weight {
    /// Its place among [`ParameterBuilder::finish`].
    pub fn index(self) -> usize {
        self.0
    }
}

/// How a parameter is used, by which a back end may choose how to keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// `[d]`, added to rows or multiplied with them.
    Vector,
    /// `[values, d]`, rows that are looked up.
    Table,
    /// `[inputs, outputs]`, a linear map `x -> x W`.
    Map,
}

/// One parameter.
#[derive(Debug)]
pub struct Parameter<'a> {
    /// Its path, such as `decoder.blocks.0.attention.qkv`.
    pub name: String,
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// How it is used.
    pub used: Use,
    /// Row by row.
    pub values: Cow<'a, [f32]>,
}

/// The parameters of a network that is being made.
#[derive(Debug)]
pub struct ParameterBuilder<'a> {
    path: Vec<String>,
    list: Vec<Parameter<'a>>,
    source: Source<'a>,
    error: Option<ModelError>,
}

#[derive(Debug)]
enum Source<'a> {
    Fresh(Draws),
    Loaded(&'a Weights),
    Shapes(&'a BTreeMap<String, Vec<usize>>),
}

/// Where fresh values come from: each draw is a pure function of the seed and of its number.
#[derive(Debug)]
pub struct Draws {
    seed: u64,
    drawn: u64,
}

impl Draws {
    /// `n` normally distributed values of this standard deviation (Box-Muller).
    pub fn normal(&mut self, n: usize, deviation: f32) -> Vec<f32> {
        self.drawn += 1;
        let stream = site(self.seed, 0, self.drawn);
        let uniform = |index: u64| (site(stream, 1, index) >> 11) as f64 / (1u64 << 53) as f64;
        let normal = |index: u64| {
            let radius = (-2.0 * (1.0 - uniform(2 * index)).ln()).sqrt();
            radius * (std::f64::consts::TAU * uniform(2 * index + 1)).cos()
        };
        (0..n as u64).map(|index| (normal(index) * f64::from(deviation)) as f32).collect()
    }
}

/// Fresh values that are all the same.
pub(super) fn constant(value: f32) -> impl FnOnce(&mut Draws, usize) -> Vec<f32> {
    move |_, n| vec![value; n]
}

/// Fresh values that are normally distributed.
pub(super) fn normal(deviation: f32) -> impl FnOnce(&mut Draws, usize) -> Vec<f32> {
    move |draws, n| draws.normal(n, deviation)
}

/// The standard deviation of fresh weights that read `inputs` values.
pub(super) fn fan_in(inputs: usize) -> f32 {
    0.5 / (inputs as f32).sqrt()
}

/// The seed of one place in a network: `layer` and `place` distinguish what shares a step's `seed`.
pub fn site(seed: u64, layer: usize, place: u64) -> u64 {
    let mut state =
        seed ^ (layer as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ place.wrapping_mul(0xD1B5_4A32_D192_ED03);
    state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ (state >> 31)
}

impl<'a> ParameterBuilder<'a> {
    /// Fresh parameters, drawn from a seed in the order in which they are declared.
    pub fn fresh(seed: u64) -> Self {
        Self::new(Source::Fresh(Draws { seed, drawn: 0 }))
    }

    /// Parameters with the values that `weights` has under their names.
    pub fn of(weights: &'a Weights) -> Self {
        Self::new(Source::Loaded(weights))
    }

    /// Parameters without values, whose names and shapes alone are to be compared with these.
    pub fn shaped(shapes: &'a BTreeMap<String, Vec<usize>>) -> Self {
        Self::new(Source::Shapes(shapes))
    }

    fn new(source: Source<'a>) -> Self {
        Self { path: Vec::new(), list: Vec::new(), source, error: None }
    }

    /// Everything that was declared, in this order.
    ///
    /// # Errors
    /// [`ModelError::Weights`] for the first that the weights do not have, or have in another
    /// shape, and if they have others.
    pub fn finish(self) -> Result<Vec<Parameter<'a>>, ModelError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let all = match self.source {
            Source::Fresh(_) => self.list.len(),
            Source::Loaded(weights) => weights.len(),
            Source::Shapes(shapes) => shapes.len(),
        };
        match all.checked_sub(self.list.len()) {
            Some(extra) if extra > 0 => {
                Err(ModelError::Weights(format!("{extra} of its {all} arrays are not the model's")))
            }
            _ => Ok(self.list),
        }
    }

    /// What is declared within a part of the network.
    pub(super) fn within<T>(&mut self, name: impl Display, declare: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(name.to_string());
        let declared = declare(self);
        self.path.pop();
        declared
    }

    /// As many parts of one name as `numbers` has, numbered from 0.
    pub(super) fn each<T>(
        &mut self,
        name: &str,
        numbers: impl IntoIterator<Item = usize>,
        mut declare: impl FnMut(&mut Self, usize) -> T,
    ) -> Vec<T> {
        self.within(name, |p| {
            let numbered = numbers.into_iter().enumerate();
            numbered.map(|(index, number)| p.within(index, |p| declare(p, number))).collect()
        })
    }

    /// A vector `[d]`.
    pub(super) fn vector(
        &mut self,
        name: impl Display,
        d: usize,
        start: impl FnOnce(&mut Draws, usize) -> Vec<f32>,
    ) -> Weight {
        self.declare(name, &[d], Use::Vector, start)
    }

    /// A table `[values, d]`.
    pub(super) fn table(
        &mut self,
        name: impl Display,
        shape: [usize; 2],
        start: impl FnOnce(&mut Draws, usize) -> Vec<f32>,
    ) -> Weight {
        self.declare(name, &shape, Use::Table, start)
    }

    /// A linear map `[inputs, outputs]`.
    pub(super) fn map(
        &mut self,
        name: impl Display,
        shape: [usize; 2],
        start: impl FnOnce(&mut Draws, usize) -> Vec<f32>,
    ) -> Weight {
        self.declare(name, &shape, Use::Map, start)
    }

    fn declare(
        &mut self,
        name: impl Display,
        shape: &[usize],
        used: Use,
        start: impl FnOnce(&mut Draws, usize) -> Vec<f32>,
    ) -> Weight {
        let own = name.to_string();
        let path = self.path.iter().map(String::as_str).chain((!own.is_empty()).then_some(&*own));
        let name = path.collect::<Vec<_>>().join(".");
        let values = match &mut self.source {
            Source::Fresh(draws) => Ok(Cow::Owned(start(draws, shape.iter().product()))),
            Source::Loaded(weights) => weights.shaped(&name, shape).map(Cow::Borrowed),
            Source::Shapes(shapes) => {
                let found = shapes.get(&name).map(Vec::as_slice);
                fits(&name, found, shape).map(|()| Cow::Borrowed(&[][..]))
            }
        };
        let values = values.unwrap_or_else(|error| {
            self.error.get_or_insert(error);
            Cow::Borrowed(&[][..])
        });
        self.list.push(Parameter { name, shape: shape.to_vec(), used, values });
        Weight(self.list.len() - 1)
    }
}

/// Parameters as named arrays.
impl<'a> FromIterator<Parameter<'a>> for Weights {
    fn from_iter<I: IntoIterator<Item = Parameter<'a>>>(parameters: I) -> Self {
        let mut weights = Self::new();
        for Parameter { name, shape, values, .. } in parameters {
            weights.insert(name, Array::new(shape, values.into_owned()));
        }
        weights
    }
}
