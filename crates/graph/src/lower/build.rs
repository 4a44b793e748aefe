//! Terms to loops, a node at a time.

use std::collections::BTreeMap;

use super::Lowered;
use super::compose::look_through;
use super::ir::{Fold, Frame, Lane, Loop, Map, Node, Program, Step, View, Work};
use crate::differentiate::Refusal;
use crate::index::{AxisId, NodeId, SymbolId};
use crate::interpret::Tensor;
use crate::module::{Module, Role};
use crate::op::Op;
use crate::record::{Lowering, Reach};
use crate::size::Size;
use crate::terms::Terms;
use crate::types::Type;
use chainrule_syntax::ast::BigOp;

/// Where one index of an array comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Key {
    /// A named axis.
    Axis(AxisId),
    /// A written dim.
    Dim(usize),
}

/// The indices of a value in the order of the lowered array, with their extents: axes of index
/// equations, dims, batch axes; dims of the literal size 1 are none.
pub(super) fn layout(module: &Module, ty: &Type) -> Result<Vec<(Key, Size)>, Refusal> {
    let (mut axes, mut dims, mut batches) = (Vec::new(), Vec::new(), Vec::new());
    for axis in &ty.axes {
        let known = module.axes.get(*axis);
        let extent = known.extent.clone();
        let extent = extent.ok_or_else(|| Refusal("an index without range".into()))?;
        match known.batch {
            Some(size) => batches.push((size, (Key::Axis(*axis), extent))),
            None => axes.push((Key::Axis(*axis), extent)),
        }
    }
    for (at, dim) in ty.dims.iter().enumerate() {
        let entry = (Key::Dim(at), dim.clone());
        match module.sizes.batch_of(dim) {
            Some(size) if !batches.iter().any(|(known, _)| *known == size) => {
                batches.push((size, entry));
            }
            _ if dim.is_one() => {}
            _ => dims.push(entry),
        }
    }
    batches.sort_by_key(|(size, _)| *size);
    axes.extend(dims);
    axes.extend(batches.into_iter().map(|(_, entry)| entry));
    Ok(axes)
}

/// The dims of the lowered array of a value.
///
/// # Errors
///
/// An index has no range.
pub fn layout_sizes(module: &Module, ty: &Type) -> Result<Vec<Size>, Refusal> {
    Ok(layout(module, ty)?.into_iter().map(|(_, size)| size).collect())
}

/// A value as the interpreter has it, in the order of the lowered array.
///
/// # Errors
///
/// An index has no range.
pub fn arranged<S: crate::scalar::Scalar>(
    module: &Module,
    ty: &Type,
    value: &Tensor<S>,
) -> Result<Tensor<S>, Refusal> {
    let place = |key: &Key| match key {
        Key::Axis(axis) => value.axes.iter().position(|a| a == axis).unwrap_or(0),
        Key::Dim(at) => value.axes.len() + at,
    };
    let order: Vec<usize> = layout(module, ty)?.iter().map(|(key, _)| place(key)).collect();
    let steps = crate::interpret::strides(&value.shape);
    let shape: Vec<usize> = order.iter().map(|i| value.shape[*i]).collect();
    let mut index = vec![0; shape.len()];
    let mut data = Vec::with_capacity(value.data.len());
    for _ in 0..value.data.len() {
        let at: usize = index.iter().zip(&order).map(|(i, o)| i * steps[*o]).sum();
        data.push(value.data[at]);
        crate::interpret::advance(&mut index, &shape);
    }
    Ok(Tensor { axes: Vec::new(), shape, data })
}

pub(super) struct Build<'m> {
    pub(super) module: &'m mut Module,
    out: Lowered,
    /// The name whose formula a node belongs to.
    owners: BTreeMap<NodeId, SymbolId>,
    pub(super) known: BTreeMap<NodeId, usize>,
    /// Ops written in other ops.
    expanded: BTreeMap<NodeId, NodeId>,
}

pub(super) fn build(module: &mut Module, outputs: &[(String, NodeId)]) -> Result<Lowered, Refusal> {
    let mut build = Build {
        owners: owners(module),
        module,
        out: Lowered::default(),
        known: BTreeMap::new(),
        expanded: BTreeMap::new(),
    };
    for (name, node) in outputs {
        let at = build.node(*node)?;
        build.out.outputs.push((name.clone(), at));
    }
    Ok(build.out)
}

/// The first name whose formula holds a node.
fn owners(module: &Module) -> BTreeMap<NodeId, SymbolId> {
    let mut owners = BTreeMap::new();
    for binding in &module.bindings {
        let mut open = vec![binding.stable];
        while let Some(id) = open.pop() {
            if let std::collections::btree_map::Entry::Vacant(free) = owners.entry(id) {
                free.insert(binding.symbol);
                open.extend(&module.graph.node(id).inputs);
            }
        }
    }
    owners
}

/// Longest formula in a node's name.
const LONGEST: usize = 48;

impl Build<'_> {
    /// `z1: W0 x`: the name whose formula it belongs to, and the part of it.
    fn name(&self, id: NodeId) -> String {
        let text = crate::raise::brief(self.module, id, LONGEST / 2);
        let written =
            |t: &&str| t.len() <= LONGEST && !t.contains("scatter(") && !t.contains("first(");
        let part = text.as_deref().filter(written);
        match (self.owners.get(&id), part) {
            (Some(owner), Some(part)) => format!("{}: {part}", self.module.symbol(*owner).name),
            (Some(owner), None) => self.module.symbol(*owner).name.clone(),
            (None, Some(part)) => part.into(),
            (None, None) => self.module.graph.node(id).op.def().name.into(),
        }
    }

    fn node(&mut self, root: NodeId) -> Result<usize, Refusal> {
        let mut open = vec![root];
        while let Some(&id) = open.last() {
            if self.known.contains_key(&id) {
                open.pop();
                continue;
            }
            let missing: Vec<NodeId> =
                self.needs(id)?.into_iter().filter(|n| !self.known.contains_key(n)).collect();
            if missing.is_empty() {
                let at = self.lowered(id)?;
                self.known.insert(id, at);
                open.pop();
            } else {
                open.extend(missing);
            }
        }
        Ok(self.known[&root])
    }

    /// What must be lowered before `id`.
    fn needs(&mut self, id: NodeId) -> Result<Vec<NodeId>, Refusal> {
        let at = Terms::of(self.module).at(id);
        if let Op::Symbol { id: symbol, .. } = at.op {
            if let Some(binding) = self.module.binding(symbol) {
                return Ok(vec![binding.stable]);
            }
            return Ok(match self.module.symbol(symbol).role {
                Role::Const(value) => vec![value],
                _ => Vec::new(),
            });
        }
        if let Lowering::Expand(expand) = at.op.def().lowering {
            let written = match self.expanded.get(&id) {
                Some(written) => *written,
                None => {
                    let written = expand(&mut Terms::of(self.module), &at)?;
                    self.expanded.insert(id, written);
                    written
                }
            };
            if written != id {
                return Ok(vec![written]);
            }
        }
        Ok(at.inputs)
    }

    fn lowered(&mut self, id: NodeId) -> Result<usize, Refusal> {
        let node = self.module.graph.node(id).clone();
        if let Op::Symbol { id: symbol, .. } = node.op {
            if let Some(at) = self.behind(id)? {
                return Ok(at);
            }
            let name = self.module.symbol(symbol).name.clone();
            let ty = node.ty.clone();
            return self.push(name, &ty, Work::Input(symbol));
        }
        if let Some(written) = self.expanded.get(&id).filter(|w| **w != id) {
            return Ok(self.known[written]);
        }
        let types: Vec<Type> =
            node.inputs.iter().map(|i| self.module.graph.ty(*i).clone()).collect();
        let types: Vec<&Type> = types.iter().collect();
        let def = node.op.def();
        let name = self.name(id);
        if let Some(spec) = def.spec
            && let Some(spec) = spec(&node.op, &types, &node.ty, &self.module.context())
        {
            return self.multilinear(name, &spec, &node.inputs, &node.ty);
        }
        let work = match def.lowering {
            Lowering::Leaf => self.leaf(&node.op, &node.ty)?,
            Lowering::Entrywise(_) => self.entrywise(&node.op, &node.inputs, &node.ty)?,
            Lowering::Fold => return self.fold(id, name),
            Lowering::Select => self.select(id)?,
            _ => self.opaque(id)?,
        };
        self.push(name, &node.ty, work)
    }

    /// The array of a name that is computed.
    fn behind(&mut self, id: NodeId) -> Result<Option<usize>, Refusal> {
        Ok(self.needs(id)?.first().map(|value| self.known[value]))
    }

    pub(super) fn push(
        &mut self,
        name: String,
        ty: &Type,
        mut work: Work,
    ) -> Result<usize, Refusal> {
        let dims = layout(self.module, ty)?.into_iter().map(|(_, size)| size).collect();
        if let Work::Loop(l) = &mut work {
            look_through(&self.out, l);
            if let Some(same) = same_array(&self.out, l) {
                return Ok(same);
            }
        }
        self.out.nodes.push(Node { name, dims, work });
        Ok(self.out.nodes.len() - 1)
    }

    /// A read of `input` at the indices `at` of a result with the layout `like`: dims by place, axes
    /// by name; what the input lacks it is copied along.
    fn view(&self, input: NodeId, like: &[(Key, Size)]) -> Result<View, Refusal> {
        let own = layout(self.module, self.module.graph.ty(input))?;
        let place = |(key, _): &(Key, Size)| like.iter().position(|(k, _)| k == key);
        let maps = own.iter().map(|entry| match place(entry) {
            Some(at) => Ok(Map::index(at)),
            None => Err(Refusal("an index that the result lacks".into())),
        });
        let maps = maps.collect::<Result<_, _>>()?;
        Ok(View { of: self.known[&input], maps, pad: false })
    }

    fn leaf(&self, op: &Op, ty: &Type) -> Result<Work, Refusal> {
        let space: Vec<Size> = layout(self.module, ty)?.into_iter().map(|(_, s)| s).collect();
        let steps = match op {
            Op::Number { bits } => vec![Step::Number(*bits)],
            Op::SizeNumber { size } => vec![Step::Size(size.clone())],
            Op::Pi => vec![Step::Pi],
            Op::Ones { .. } => vec![Step::Number(1.0_f64.to_bits())],
            Op::Zeros { .. } => vec![Step::Number(0.0_f64.to_bits())],
            Op::IndexNumber { .. } => vec![Step::Index(Map::index(0))],
            _ if space.len() == 2 => {
                let equal = Op::Compare { op: chainrule_syntax::ast::Comparison::Equal };
                let index = |at| Step::Index(Map::index(at));
                vec![index(0), index(1), Step::Apply(equal, vec![0, 1])]
            }
            _ => vec![Step::Number(1.0_f64.to_bits())],
        };
        Ok(Work::Loop(plain(space, Vec::new(), Program { steps })))
    }

    fn entrywise(&self, op: &Op, inputs: &[NodeId], ty: &Type) -> Result<Work, Refusal> {
        let like = layout(self.module, ty)?;
        let reads: Vec<View> =
            inputs.iter().map(|i| self.view(*i, &like)).collect::<Result<_, _>>()?;
        let mut steps: Vec<Step> = (0..reads.len()).map(Step::Read).collect();
        steps.push(Step::Apply(op.clone(), (0..reads.len()).collect()));
        let space = like.into_iter().map(|(_, s)| s).collect();
        let mut l = plain(space, reads, Program { steps });
        super::compose::tidy_reads(&mut l);
        Ok(Work::Loop(l))
    }

    /// A maximum, minimum or product.
    fn fold(&mut self, id: NodeId, name: String) -> Result<usize, Refusal> {
        let node = self.module.graph.node(id).clone();
        let input = node.inputs[0];
        let reach = self.reach(id);
        let ty = self.module.graph.ty(input).clone();
        let own = layout(self.module, &ty)?;
        let gone = |key: &Key| reaches(&reach, key);
        let mut order: Vec<usize> = (0..own.len()).filter(|i| !gone(&own[*i].0)).collect();
        let rank = order.len();
        order.extend((0..own.len()).filter(|i| gone(&own[*i].0)));
        let space: Vec<Size> = order.iter().map(|i| own[*i].1.clone()).collect();
        let place = |i: usize| order.iter().position(|o| *o == i).unwrap_or(0);
        let maps = (0..own.len()).map(|i| Map::index(place(i))).collect();
        let read = View { of: self.known[&input], maps, pad: false };
        let useful = volume(&space)?;
        let Op::Reduce { op, .. } = node.op else {
            return Err(Refusal(format!("`{}` is no fold", node.op.def().name)));
        };
        let fold = Some(fold_of(op));
        let body = Program::read();
        let l = Loop { space, rank, reads: vec![read], body, fold, write: None, useful };
        self.push(name, &node.ty, Work::Loop(l))
    }

    /// A kernel of its own.
    fn opaque(&self, id: NodeId) -> Result<Work, Refusal> {
        let node = self.module.graph.node(id);
        let reach = self.reach(id);
        if !reach.axes.is_empty() {
            return Err(Refusal(format!("`{}` over an index is not lowered", node.op.def().name)));
        }
        self.framed(node.op.clone(), &node.inputs, &node.ty, reach.places)
    }

    pub(super) fn framed(
        &self,
        op: Op,
        inputs: &[NodeId],
        ty: &Type,
        places: Vec<usize>,
    ) -> Result<Work, Refusal> {
        let axes: Vec<(Key, Size)> = layout(self.module, ty)?
            .into_iter()
            .filter(|(key, _)| matches!(key, Key::Axis(_)))
            .collect();
        let types = inputs.iter().map(|i| self.module.graph.ty(*i)).chain([ty]);
        let mut frames = Vec::new();
        for ty in types {
            let lane = |(key, _): &(Key, Size)| match key {
                Key::Dim(at) => Ok(Lane::Dim(*at)),
                axis => axes
                    .iter()
                    .position(|(k, _)| k == axis)
                    .map(Lane::Riding)
                    .ok_or_else(|| Refusal("an index that the result lacks".into())),
            };
            let lanes = layout(self.module, ty)?.iter().map(lane).collect::<Result<_, _>>()?;
            frames.push(Frame { lanes, dims: ty.dims.clone() });
        }
        let inputs = inputs.iter().map(|i| self.known[i]).collect();
        let riding = axes.into_iter().map(|(_, size)| size).collect();
        Ok(Work::Opaque { op, inputs, frames, riding, places })
    }

    fn reach(&self, id: NodeId) -> Reach {
        let node = self.module.graph.node(id);
        let types: Vec<&Type> = node.inputs.iter().map(|i| self.module.graph.ty(*i)).collect();
        match node.op.def().reach {
            Some(reach) => reach(&node.op, &types, &self.module.context()),
            None => Reach::default(),
        }
    }

    fn select(&self, id: NodeId) -> Result<Work, Refusal> {
        let node = self.module.graph.node(id);
        let Op::First { op, .. } = &node.op else {
            return Err(Refusal(format!("`{}` is no selection", node.op.def().name)));
        };
        let reach = self.reach(id);
        let like = layout(self.module, &node.ty)?;
        let mut read = self.view(node.inputs[0], &like)?;
        // The selection reads a view of what it compares.
        let space = like.iter().map(|(_, s)| s.clone()).collect();
        let mut l = plain(space, vec![read.clone()], Program::read());
        look_through(&self.out, &mut l);
        if l.body.is_read() && l.reads.len() == 1 {
            read = l.reads.remove(0);
        }
        let over = like.iter().map(|(key, _)| reaches(&reach, key)).collect();
        Ok(Work::Select { fold: fold_of(*op), read, over })
    }
}

/// The node that a loop only copies.
fn same_array(lowered: &Lowered, l: &Loop) -> Option<usize> {
    let view = l.reads.first().filter(|v| l.reads.len() == 1 && !v.pad)?;
    let plain = l.fold.is_none() && l.write.is_none() && l.body.is_read();
    let whole = lowered.nodes[view.of].dims == l.space;
    let identity = view.maps.iter().enumerate().all(|(at, m)| m.as_index() == Some(at));
    (plain && whole && identity).then_some(view.of)
}

pub(super) fn too_large(_: crate::size::TooLarge) -> Refusal {
    Refusal("a size expression is too large".into())
}

pub(super) fn volume(space: &[Size]) -> Result<Size, Refusal> {
    Size::product(space).map_err(too_large)
}

fn reaches(reach: &Reach, key: &Key) -> bool {
    match key {
        Key::Axis(axis) => reach.axes.contains(axis),
        // The places count the axes in front.
        Key::Dim(at) => reach.axes.is_empty() && reach.places.contains(at),
    }
}

fn fold_of(op: BigOp) -> Fold {
    match op {
        BigOp::Max => Fold::Max,
        BigOp::Min => Fold::Min,
        BigOp::Prod => Fold::Prod,
        BigOp::Sum | BigOp::Mean => Fold::Sum,
    }
}

/// A loop without sum over the indices of its result.
pub(super) fn plain(space: Vec<Size>, reads: Vec<View>, body: Program) -> Loop {
    let useful = Size::product(&space).unwrap_or_else(|_| Size::number(0));
    Loop { rank: space.len(), space, reads, body, fold: None, write: None, useful }
}
