//! The values tried for one event: a tree of prefixes with how much of each prefix's probability is
//! still allowed.
//!
//! An event is drawn field by field from the model's proposal, and begun again when it meets a
//! value that is not allowed: rejection sampling, which keeps the model's own proportions among
//! allowed events. The result of each rejection is kept. Every prefix whose logits are known has a
//! bound, the probability of the values after it that may still lead to an allowed event; a value
//! is drawn in proportion to its probability times the bound of what follows it. An event `x` is
//! then accepted with probability `p(x) / U`, where `U` is the bound of the empty prefix before the
//! try, so accepted events have the model's proportions whatever was tried before, and no prefix is
//! evaluated twice. (Dymetman, Bouchard and Carter, *The OS\* algorithm*, 2012; Park et al.,
//! *Grammar-aligned decoding*, 2024, who keep such bounds for language models.)

use leitmotif_events::Value;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// The prefix of no field.
pub(super) const ROOT: usize = 0;

/// A value after a prefix.
#[derive(Debug, Clone, Copy)]
struct Branch {
    value: Value,
    /// Its probability after the prefix.
    probability: f64,
    /// The share of events that begin so and may be allowed: 1 before anything was tried, 0 if none
    /// is.
    bound: f64,
    /// Whether a rule refuses the value.
    refused: bool,
    /// The node of what follows.
    child: Option<usize>,
}

/// A prefix whose next field is known.
#[derive(Debug, Default)]
struct Node {
    field: usize,
    parent: Option<(usize, usize)>,
    branches: Vec<Branch>,
    /// The sum of probabilities times bounds.
    bound: f64,
}

/// Where a value was drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drawn {
    /// The branch, as an index.
    pub branch: usize,
    /// Its value.
    pub value: Value,
    /// Its probability after the prefix.
    pub probability: f64,
    /// Whether a rule refuses it.
    pub refused: bool,
}

/// All prefixes tried for one event.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    used: usize,
}

impl Tree {
    /// Clears the tree, for the next event or other rules.
    pub fn clear(&mut self) {
        self.used = 0;
    }

    /// Whether the first field is known.
    pub fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// The field of a node.
    pub fn field(&self, node: usize) -> usize {
        self.nodes[node].field
    }

    /// The node that follows a branch, if its field is known.
    pub fn child(&self, node: usize, branch: usize) -> Option<usize> {
        self.nodes[node].branches[branch].child
    }

    /// Adds field number `field` after a branch (after nothing for the first one): `values` with
    /// their probabilities, which sum to 1, and which of them are allowed. Refused values can still
    /// be drawn once, by [`Self::draw_first`].
    pub fn add(
        &mut self,
        parent: Option<(usize, usize)>,
        field: usize,
        values: &[(usize, f64)],
        allowed: &[bool],
    ) -> usize {
        let index = self.used;
        if index == self.nodes.len() {
            self.nodes.push(Node::default());
        }
        self.used += 1;
        let node = &mut self.nodes[index];
        (node.parent, node.field) = (parent, field);
        node.branches.clear();
        node.branches.extend(values.iter().map(|&(value, probability)| Branch {
            value: value as Value,
            probability,
            bound: 1.0,
            refused: !allowed[value],
            child: None,
        }));
        node.bound = 1.0;
        if let Some((parent, branch)) = parent {
            self.nodes[parent].branches[branch].child = Some(index);
        }
        index
    }

    /// Draws a value of a node that was just added, refused ones included, which are then closed.
    pub fn draw_first(&mut self, node: usize, rng: &mut ChaCha8Rng) -> Option<Drawn> {
        let drawn = self.draw(node, rng);
        self.close_refused(node);
        drawn
    }

    /// Takes the refused values of a node out.
    pub fn close_refused(&mut self, node: usize) {
        let closed = self.nodes[node].branches.iter_mut().filter(|branch| branch.refused);
        closed.for_each(|branch| branch.bound = 0.0);
        self.update(node);
    }

    /// Draws a value in proportion to probability times bound; `None` if nothing is left.
    pub fn draw(&self, node: usize, rng: &mut ChaCha8Rng) -> Option<Drawn> {
        let node = &self.nodes[node];
        let weight = |branch: &Branch| branch.probability * branch.bound;
        let mut left = rng.random::<f64>() * node.branches.iter().map(weight).sum::<f64>();
        let last = node.branches.iter().rposition(|branch| weight(branch) > 0.0)?;
        let chosen = node.branches[..last].iter().position(|branch| {
            left -= weight(branch);
            left < 0.0
        });
        let branch = chosen.unwrap_or(last);
        let Branch { value, probability, refused, .. } = node.branches[branch];
        Some(Drawn { branch, value, probability, refused })
    }

    /// Takes a branch out that leads to nothing.
    pub fn close(&mut self, node: usize, branch: usize) {
        self.nodes[node].branches[branch].bound = 0.0;
        self.update(node);
    }

    /// Brings the bounds above a node up to date.
    fn update(&mut self, mut node: usize) {
        loop {
            let Node { parent, branches, .. } = &self.nodes[node];
            let (parent, bound) = (*parent, branches.iter().map(|it| it.probability * it.bound).sum::<f64>());
            self.nodes[node].bound = bound;
            let Some((above, branch)) = parent else { return };
            self.nodes[above].branches[branch].bound = bound;
            node = above;
        }
    }
}
