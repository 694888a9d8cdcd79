//! Where tensors live on the CPU, kernels do the work: the way from tensors to slices and back.
//!
//! A kernel that training runs through becomes one node of the autodiff graph: its parents are the
//! op's inputs, its backward is the kernel's own ([`node`]).

mod attention;
mod copy_features;
mod embed;
mod feed_forward;
mod field_loss;
mod group_attention;
mod group_loss;
mod head;
mod join;
mod linear;
mod lstm;
mod reconstruction;

pub(super) use attention::{Use, attention};
pub(super) use copy_features::copy_features;
pub(super) use embed::embed;
pub(super) use feed_forward::feed_forward;
pub(super) use field_loss::{field_loss, field_nll};
pub(super) use group_attention::group_attention;
pub(super) use group_loss::{group_loss, group_nll};
pub(super) use join::join;
pub(super) use linear::linear;
pub(super) use lstm::lstm;
pub(super) use reconstruction::reconstruction_loss;

use super::Dropout;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::{FlexTensor, Layout};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, DType, Flex, TensorMetadata};
use burn::tensor::{Bytes, Shape, Tensor};
use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

/// The CPU backend with gradients.
type Training = Autodiff<Flex>;

thread_local! {
    static DEFINED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` with every operation that this thread starts computed by its definition in ordinary
/// Burn operations, as on a device without kernels: what the kernels are compared with.
pub fn by_definition<R>(work: impl FnOnce() -> R) -> R {
    as_defined(true, work)
}

/// Runs `work` on a thread of the pool, with kernels or by definition as on this one. Operations
/// divide their work among the pool's threads; from outside, each would have to wake one and wait.
pub fn in_pool<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    let defined = DEFINED.get();
    rayon::scope(|_| as_defined(defined, work))
}

fn as_defined<R>(defined: bool, work: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            DEFINED.set(self.0);
        }
    }
    let _restore = Restore(DEFINED.replace(defined));
    work()
}

/// A tensor on the CPU, in one piece, and its place in the autodiff graph if it has one.
pub(super) struct Input {
    graph: Option<FloatTensor<Training>>,
    data: FlexTensor,
}

impl Input {
    /// `None` if the tensor is not on the CPU, or its definition is requested.
    pub(super) fn new<const D: usize>(tensor: &Tensor<D>) -> Option<Self> {
        if DEFINED.get() {
            return None;
        }
        let graph = match tensor.is_autodiff() {
            true => Some(tensor.clone().try_into_primitive::<Training>().ok()?),
            false => None,
        };
        let data = tensor.clone().inner().try_into_primitive::<Flex>().ok()?;
        let data = if data.is_contiguous() { data } else { data.to_contiguous() };
        (data.dtype() == DType::F32).then_some(Self { graph, data })
    }

    pub(super) fn slice(&self) -> &[f32] {
        slice(&self.data)
    }

    pub(super) fn data(&self) -> FlexTensor {
        self.data.clone()
    }
}

/// The values of a contiguous tensor of 32-bit floats.
pub(super) fn slice(data: &FlexTensor) -> &[f32] {
    data.as_slice::<f32>().expect("inputs are contiguous 32-bit floats")
}

/// A tensor of these values.
fn primitive(values: Vec<f32>, shape: Shape) -> FlexTensor {
    FlexTensor::new(Bytes::from_elems(values), Layout::contiguous(shape), DType::F32)
}

/// A result without gradient.
pub(super) fn leaf<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> Tensor<D> {
    Tensor::from_primitive::<Flex>(primitive(values, Shape::from(shape)))
}

/// Whether any input takes part in a graph.
pub(super) fn is_tracked(inputs: &[&Input]) -> bool {
    inputs.iter().any(|input| input.graph.is_some())
}

/// A result with a backward: from the gradient of the result, the gradient of each input, in their
/// order.
pub(super) fn node<const D: usize, const N: usize>(
    values: Vec<f32>,
    shape: [usize; D],
    inputs: [&Input; N],
    backward: impl Fn(&[f32]) -> [Vec<f32>; N] + Send + Sync + 'static,
) -> Tensor<D> {
    let parents = inputs.map(|input| match &input.graph {
        Some(tensor) => tensor.node(),
        None => {
            let tensor: Tensor<1> = Tensor::from_primitive::<Flex>(primitive(Vec::new(), Shape::from([0])));
            let tensor = tensor.autodiff().try_into_primitive::<Training>();
            tensor.expect("a tensor on the CPU becomes an autodiff tensor on the CPU").node()
        }
    });
    let state = State { shapes: inputs.map(|input| input.data.shape()), backward: Arc::new(backward) };
    let output = primitive(values, Shape::from(shape));
    let output = match Kernel.prepare::<NoCheckpointing>(parents).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(state, output),
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    };
    Tensor::from_primitive::<Training>(output)
}

#[derive(Debug)]
struct Kernel;

type Gradient<const N: usize> = dyn Fn(&[f32]) -> [Vec<f32>; N] + Send + Sync;

#[derive(Clone)]
struct State<const N: usize> {
    shapes: [Shape; N],
    backward: Arc<Gradient<N>>,
}

impl<const N: usize> fmt::Debug for State<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("shapes", &self.shapes).finish_non_exhaustive()
    }
}

impl<const N: usize> Backward<Flex, N> for Kernel {
    type State = State<N>;

    fn backward(self, ops: Ops<State<N>, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let received = gradients.consume::<Flex>(&ops.node);
        let received = if received.is_contiguous() { received } else { received.to_contiguous() };
        let State { shapes, backward } = ops.state;
        let given = backward(slice(&received));
        for ((parent, values), shape) in ops.parents.iter().zip(given).zip(shapes) {
            if let Some(parent) = parent {
                gradients.register::<Flex>(parent.id, primitive(values, shape));
            }
        }
    }
}

/// A kernel's view of a dropout.
pub(super) fn kernel_dropout(dropout: Dropout) -> leitmotif_kernels::Dropout {
    leitmotif_kernels::Dropout { p: dropout.probability, seed: dropout.seed }
}
