//! The graph: an append-only, hash-consed arena of nodes.
//!
//! Invariant: a node's inputs have smaller ids than the node, so id order is topological order and
//! every pass is one loop. A named value is a leaf ([`Op::Symbol`]); names live in bindings.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use chainrule_syntax::limits;

use crate::index::NodeId;
use crate::op::{Context, Misfit, Op};
use crate::types::Type;

/// An operation applied to nodes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// The operation.
    pub op: Op,
    /// What it is applied to.
    pub inputs: Vec<NodeId>,
    /// The type of the result; nodes of equal types share it.
    pub ty: Arc<Type>,
}

/// The arena.
#[derive(Clone, Default, Debug)]
pub struct Graph {
    nodes: Vec<Node>,
    /// From a node's hash to its id; equal hashes probe onwards. Looked up, never iterated.
    interned: HashMap<u32, NodeId, BuildHasherDefault<DefaultHasher>>,
    /// The types of nodes. Looked up, never iterated.
    types: HashSet<Arc<Type>, BuildHasherDefault<DefaultHasher>>,
}

impl Graph {
    /// Adds `op` applied to `inputs`, or returns the node that already is that.
    ///
    /// # Errors
    ///
    /// The op's shape rule, in words, when the inputs do not fit it; or the graph is full.
    pub fn add(
        &mut self,
        op: Op,
        inputs: &[NodeId],
        context: &Context<'_>,
    ) -> Result<NodeId, Misfit> {
        let key = match self.find(&op, inputs) {
            Ok(known) => return Ok(known),
            Err(free) => free,
        };
        let types: Vec<&Type> = inputs.iter().map(|&i| self.ty(i)).collect();
        let ty = (op.def().infer)(&op, &types, context)?;
        if ty.dims.len().max(ty.axes.len()) > limits::AXES {
            let message = format!("a value has more than {} axes", limits::AXES);
            return Err(Misfit::new("limit-axes", message));
        }
        if self.nodes.len() >= limits::NODES {
            let message = format!("the equations expand to more than {} terms", limits::NODES);
            return Err(Misfit::new("limit-nodes", message));
        }
        let ty = self.shared(ty);
        let id = NodeId::new(self.nodes.len());
        self.nodes.push(Node { op, inputs: inputs.to_vec(), ty });
        self.interned.insert(key, id);
        Ok(id)
    }

    /// The node of `op` applied to `inputs`, or the free key for it.
    fn find(&self, op: &Op, inputs: &[NodeId]) -> Result<NodeId, u32> {
        let mut key = BuildHasherDefault::<DefaultHasher>::default().hash_one((op, inputs)) as u32;
        while let Some(&id) = self.interned.get(&key) {
            let node = self.node(id);
            if node.op == *op && node.inputs == inputs {
                return Ok(id);
            }
            key = key.wrapping_add(1);
        }
        Err(key)
    }

    /// The one copy of `ty`.
    pub(crate) fn shared(&mut self, ty: Type) -> Arc<Type> {
        if let Some(known) = self.types.get(&ty) {
            return known.clone();
        }
        let ty = Arc::new(ty);
        self.types.insert(ty.clone());
        ty
    }

    /// The node behind `id`.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The type of `id`.
    pub fn ty(&self, id: NodeId) -> &Type {
        &self.node(id).ty
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Every id, in topological order.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (0..self.nodes.len()).map(NodeId::new)
    }

    /// Re-derives every type and checks the arena's invariant.
    ///
    /// # Errors
    ///
    /// What is broken, in words; only a bug of this crate can break it.
    pub fn verify(&self, context: &Context<'_>) -> Result<(), String> {
        for id in self.ids() {
            let node = self.node(id);
            if let Some(bad) = node.inputs.iter().find(|&&input| input >= id) {
                return Err(format!("{id:?} reads {bad:?}, which comes later"));
            }
            let types: Vec<&Type> = node.inputs.iter().map(|&i| self.ty(i)).collect();
            match (node.op.def().infer)(&node.op, &types, context) {
                Ok(ty) if ty == *node.ty => {}
                Ok(_) => return Err(format!("{id:?} carries a stale type")),
                Err(misfit) => return Err(format!("{id:?}: {}", misfit.message)),
            }
        }
        Ok(())
    }
}
