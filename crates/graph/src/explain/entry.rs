//! The entry of a value, with sums: `(A x)[i] = sum[j] A[i,j] x[j]`, from the index maps of the ops.

use std::collections::BTreeMap;

use chainrule_syntax::ast::{BigOp, NormKind};

use super::{delta, is_taken};
use crate::differentiate::Refusal;
use crate::index::{AxisId, NodeId};
use crate::module::Module;
use crate::op::{Affine, Op, Over, Position};
use crate::record::Eval;
use crate::size::Size;
use crate::spec::{Ix, Map, Place, Slot, Spec};
use crate::terms::Terms;
use crate::types::Type;

/// Deepest formula that is written out; what is deeper stays as it is, with its indices behind it.
const DEEPEST: usize = 120;

/// Letters for indices, in the order they are used.
const LETTERS: [&str; 16] =
    ["i", "j", "k", "l", "m", "r", "s", "t", "u", "v", "p", "q", "w", "h", "g", "c"];

/// A new index that runs over a dim.
pub(super) fn fresh(module: &mut Module, extent: Size) -> AxisId {
    let free = LETTERS.into_iter().find(|l| !is_taken(module, l));
    let text = match free {
        Some(letter) => letter.to_string(),
        None => {
            let numbered = (1..10_000).map(|n| format!("i{n}"));
            numbered.into_iter().find(|n| !is_taken(module, n)).unwrap_or_default()
        }
    };
    Terms::of(module).fresh_axis(&text, extent)
}

/// New indices for the dims of a type.
pub(super) fn indices(module: &mut Module, dims: &[Size]) -> Vec<AxisId> {
    dims.iter().map(|d| fresh(module, d.clone())).collect()
}

/// An index as a position.
pub(super) fn plain(axis: AxisId) -> Affine {
    Affine { terms: vec![(axis, 1)], constant: Size::number(0) }
}

fn constant(value: i64) -> Affine {
    Affine { terms: Vec::new(), constant: Size::number(value) }
}

/// The entry of `node` at these places, one a dim.
pub(super) fn entry(module: &mut Module, node: NodeId, at: &[Affine]) -> Result<NodeId, Refusal> {
    let mut writer = Writer { module, done: BTreeMap::new() };
    writer.entry(node, at, 0)
}

/// A term and its places, as a key.
type Key = (NodeId, Vec<(Vec<(AxisId, i64)>, Size)>);

struct Writer<'m> {
    module: &'m mut Module,
    done: BTreeMap<Key, NodeId>,
}

impl Writer<'_> {
    fn entry(&mut self, node: NodeId, at: &[Affine], deep: usize) -> Result<NodeId, Refusal> {
        let key = (node, at.iter().map(|a| (a.terms.clone(), a.constant.clone())).collect());
        if let Some(known) = self.done.get(&key) {
            return Ok(*known);
        }
        let found = if deep < DEEPEST { self.rule(node, at, deep)? } else { None };
        let made = match found {
            Some(made) => made,
            None => self.access(node, at)?,
        };
        self.done.insert(key, made);
        Ok(made)
    }

    /// `(..)[i,j]` as it is.
    fn access(&mut self, node: NodeId, at: &[Affine]) -> Result<NodeId, Refusal> {
        if at.is_empty() {
            return Ok(node);
        }
        let positions = at.iter().cloned().map(Position::Affine).collect();
        Ok(Terms::of(self.module).op(Op::Access { positions, pad: false }, &[node])?)
    }

    fn rule(
        &mut self,
        node: NodeId,
        at: &[Affine],
        deep: usize,
    ) -> Result<Option<NodeId>, Refusal> {
        let n = self.module.graph.node(node).clone();
        if matches!(n.ty.kind, crate::types::Kind::Label(_)) {
            return Ok(None);
        }
        match &n.op {
            Op::Ones { .. } => Ok(Some(Terms::of(self.module).number(1.0)?)),
            Op::Zeros { .. } => Ok(Some(Terms::of(self.module).number(0.0)?)),
            Op::Identity { .. } => Ok(Some(delta::delta(self.module, &at[0], &at[1])?)),
            Op::Symbol { .. } => Ok(None),
            Op::Lift { axes, from, .. } => {
                let own: Vec<Affine> = from.iter().map(|i| at[*i].clone()).collect();
                let inner = self.entry(n.inputs[0], &own, deep + 1)?;
                let mut t = Terms::of(self.module);
                let axes = crate::types::union(&t.ty(inner).axes, axes);
                Ok(Some(t.lifted(inner, &Type { axes, ..Type::scalar() })?))
            }
            Op::Reduce { op, over } => self.reduce(*op, over, n.inputs[0], at, deep),
            Op::Access { positions, pad: false } if n.inputs.len() == 1 => {
                self.composed(positions, n.inputs[0], at, deep)
            }
            Op::Access { positions, pad: false } if at.is_empty() => {
                self.of_unit(positions, &n.inputs)
            }
            Op::OneHot => self.class(n.inputs[0], at),
            Op::Scatter { positions, over, .. } if n.inputs.len() == 1 => {
                let over = over.clone();
                self.scattered(positions, &over, n.inputs[0], at, deep)
            }
            Op::Direction if n.ty.dims.len() == at.len() && !at.is_empty() => {
                let above = self.entry(n.inputs[0], at, deep + 1)?;
                let kind = if at.len() > 1 { NormKind::Frobenius } else { NormKind::Plain };
                let mut t = Terms::of(self.module);
                let below = t.op(Op::Norm { kind }, &[n.inputs[0]])?;
                Ok(Some(t.quotient(above, below)?))
            }
            Op::Collect { axes, .. } if axes.len() == at.len() => {
                let moved: BTreeMap<AxisId, Affine> =
                    axes.iter().copied().zip(at.iter().cloned()).collect();
                let inner = self.entry(n.inputs[0], &[], deep + 1)?;
                delta::moved(self.module, inner, &moved)
            }
            op if matches!(op.def().eval, Eval::Entrywise(_)) => {
                self.entrywise(op, &n.inputs, at, deep).map(Some)
            }
            op => {
                let types: Vec<&Type> = n.inputs.iter().map(|i| self.module.graph.ty(*i)).collect();
                let spec = op.def().spec.and_then(|f| f(op, &types, &n.ty, &self.module.context()));
                match spec {
                    Some(spec) => self.multilinear(&spec, &n.inputs, at, deep),
                    None => Ok(None),
                }
            }
        }
    }

    fn entrywise(
        &mut self,
        op: &Op,
        inputs: &[NodeId],
        at: &[Affine],
        deep: usize,
    ) -> Result<NodeId, Refusal> {
        let mut now = Vec::new();
        for input in inputs {
            let scalar = self.module.graph.ty(*input).is_scalar();
            now.push(self.entry(*input, if scalar { &[] } else { at }, deep + 1)?);
        }
        let mut t = Terms::of(self.module);
        Ok(match op {
            Op::Scale | Op::Hadamard => t.scale(now[0], now[1])?,
            Op::HadamardQuotient | Op::Quotient => t.quotient(now[0], now[1])?,
            Op::DotPower => t.op(Op::Power, &now)?,
            Op::Add => t.add(now[0], now[1])?,
            Op::Sub => t.sub(now[0], now[1])?,
            Op::Neg => t.neg(now[0])?,
            op => t.op(op.clone(), &now)?,
        })
    }

    fn reduce(
        &mut self,
        op: BigOp,
        over: &Over,
        x: NodeId,
        at: &[Affine],
        deep: usize,
    ) -> Result<Option<NodeId>, Refusal> {
        if let Over::Named(axes) = over {
            let inner = self.entry(x, at, deep + 1)?;
            let own = self.module.graph.ty(inner).axes.clone();
            if axes.iter().any(|a| !own.contains(a)) {
                return Ok(None);
            }
            let op = Op::Reduce { op, over: over.clone() };
            return Ok(Some(Terms::of(self.module).op(op, &[inner])?));
        }
        let dims = self.module.graph.ty(x).dims.clone();
        let gone: Vec<usize> = match over {
            Over::All | Over::Named(_) => (0..dims.len()).collect(),
            Over::Axis(k) | Over::Batch(k) => vec![*k],
            Over::Dims(places) => places.clone(),
        };
        // A dim that is kept as one entry has an index too.
        let kept = dims.len() - gone.len();
        let mut left = if at.len() == dims.len() {
            (0..dims.len()).filter(|i| !gone.contains(i)).map(|i| at[i].clone()).collect::<Vec<_>>()
        } else if at.len() == kept {
            at.to_vec()
        } else if kept == 0 {
            Vec::new()
        } else {
            return Ok(None);
        }
        .into_iter();
        let (mut places, mut axes) = (Vec::new(), Vec::new());
        for (i, dim) in dims.iter().enumerate() {
            if gone.contains(&i) {
                let axis = fresh(self.module, dim.clone());
                axes.push(axis);
                places.push(plain(axis));
            } else if let Some(next) = left.next() {
                places.push(next);
            } else {
                return Ok(None);
            }
        }
        let inner = self.entry(x, &places, deep + 1)?;
        self.folded(op, inner, axes).map(Some)
    }

    /// A reduction over new indices; what does not depend on them is counted.
    fn folded(&mut self, op: BigOp, x: NodeId, axes: Vec<AxisId>) -> Result<NodeId, Refusal> {
        // A number alone is its sum.
        if axes.is_empty() {
            return Ok(x);
        }
        let own = self.module.graph.ty(x).axes.clone();
        let mut t = Terms::of(self.module);
        let missing = axes.iter().any(|a| !own.contains(a));
        let x = if missing {
            let axes = crate::types::union(&own, &axes);
            t.lifted(x, &Type { axes, ..Type::scalar() })?
        } else {
            x
        };
        let mut axes = axes;
        axes.sort_unstable();
        Ok(t.op(Op::Reduce { op, over: Over::Named(axes) }, &[x])?)
    }

    /// An access of an access.
    fn composed(
        &mut self,
        positions: &[Position],
        base: NodeId,
        at: &[Affine],
        deep: usize,
    ) -> Result<Option<NodeId>, Refusal> {
        let free = positions.iter().filter(|p| **p == Position::All).count();
        // A row has its literal 1 in front.
        let own = if free < at.len() { &at[at.len() - free..] } else { at };
        let mut own = own.iter();
        let mut places = Vec::new();
        for position in positions {
            places.push(match position {
                Position::All => match own.next() {
                    Some(next) => next.clone(),
                    None => return Ok(None),
                },
                Position::Affine(map) => map.clone(),
                Position::Label => return Ok(None),
            });
        }
        self.entry(base, &places, deep + 1).map(Some)
    }

    /// The entry of entries put elsewhere: a delta for each dim.
    fn scattered(
        &mut self,
        positions: &[Position],
        over: &[AxisId],
        value: NodeId,
        at: &[Affine],
        deep: usize,
    ) -> Result<Option<NodeId>, Refusal> {
        let plain = positions.iter().all(|p| matches!(p, Position::Affine(_)));
        if !plain || !self.module.graph.ty(value).is_scalar() || at.len() != positions.len() {
            return Ok(None);
        }
        let unit = Terms::of(self.module).constant(value) == Some(1.0);
        let mut product = if unit && over.is_empty() {
            // The deltas have its axes.
            Terms::of(self.module).number(1.0)?
        } else {
            self.entry(value, &[], deep + 1)?
        };
        for (position, place) in positions.iter().zip(at) {
            let Position::Affine(map) = position else { return Ok(None) };
            let one = delta::delta(self.module, place, map)?;
            product = Terms::of(self.module).scale(product, one)?;
        }
        if over.is_empty() {
            return Ok(Some(product));
        }
        self.folded(BigOp::Sum, product, over.to_vec()).map(Some)
    }

    /// `onehot(y)[k]` is `1[y == k]`.
    fn class(&mut self, label: NodeId, at: &[Affine]) -> Result<Option<NodeId>, Refusal> {
        let Some((first, rest)) = at.split_first() else { return Ok(None) };
        let label = self.access(label, rest)?;
        delta::is_class(self.module, label, first)
    }

    /// An entry, chosen by labels, of a unit array.
    fn of_unit(
        &mut self,
        positions: &[Position],
        inputs: &[NodeId],
    ) -> Result<Option<NodeId>, Refusal> {
        let base = self.module.graph.node(inputs[0]).clone();
        let Op::Scatter { positions: units, over, .. } = &base.op else { return Ok(None) };
        let one = Terms::of(self.module).constant(base.inputs[0]) == Some(1.0);
        if !over.is_empty() || base.inputs.len() != 1 || !one {
            return Ok(None);
        }
        let mut labels = inputs[1..].iter();
        let mut product = Terms::of(self.module).number(1.0)?;
        for (position, unit) in positions.iter().zip(units) {
            let Position::Affine(unit) = unit else { return Ok(None) };
            let factor = match position {
                Position::All => return Ok(None),
                Position::Affine(map) => delta::delta(self.module, map, unit)?,
                Position::Label => {
                    let Some(label) = labels.next() else { return Ok(None) };
                    match delta::is_class(self.module, *label, unit)? {
                        Some(found) => found,
                        None => return Ok(None),
                    }
                }
            };
            product = Terms::of(self.module).scale(product, factor)?;
        }
        Ok(Some(product))
    }

    /// A sum of products by index maps.
    fn multilinear(
        &mut self,
        spec: &Spec,
        inputs: &[NodeId],
        at: &[Affine],
        deep: usize,
    ) -> Result<Option<NodeId>, Refusal> {
        // Entries outside count as 0: no place says so.
        if spec.pad {
            return Ok(None);
        }
        let Place::Dims(output) = &spec.output else { return Ok(None) };
        let mut bound: BTreeMap<u32, Affine> = BTreeMap::new();
        let mut deltas = Vec::new();
        for (slot, place) in output.iter().zip(at) {
            let Slot::Map(map) = slot else { return Ok(None) };
            match map.as_index() {
                Some(Ix::Local(u)) => match bound.get(&u) {
                    Some(other) => deltas.push((other.clone(), place.clone())),
                    None => {
                        bound.insert(u, place.clone());
                    }
                },
                _ if map.terms.is_empty() => {}
                _ => return Ok(None),
            }
        }
        let mut summed = Vec::new();
        for (u, size) in spec.space.iter().enumerate() {
            if !bound.contains_key(&(u as u32)) {
                // One entry is no sum.
                if size.is_one() {
                    bound.insert(u as u32, constant(0));
                    continue;
                }
                let axis = fresh(self.module, size.clone());
                summed.push(axis);
                bound.insert(u as u32, plain(axis));
            }
        }
        let mut product = None;
        for (place, input) in spec.inputs.iter().zip(inputs) {
            let Some(places) = substituted(place, &bound) else { return Ok(None) };
            let factor = self.entry(*input, &places, deep + 1)?;
            product = Some(match product {
                Some(product) => Terms::of(self.module).scale(product, factor)?,
                None => factor,
            });
        }
        let Some(mut product) = product else { return Ok(None) };
        for (a, b) in deltas {
            let one = delta::delta(self.module, &a, &b)?;
            product = Terms::of(self.module).scale(product, one)?;
        }
        for size in &spec.divide {
            let mut t = Terms::of(self.module);
            let count = t.size(size)?;
            product = t.quotient(product, count)?;
        }
        if summed.is_empty() {
            return Ok(Some(product));
        }
        self.folded(BigOp::Sum, product, summed).map(Some)
    }
}

/// The places of an operand with the local indices put in.
fn substituted(place: &Place, bound: &BTreeMap<u32, Affine>) -> Option<Vec<Affine>> {
    let Place::Dims(slots) = place else { return None };
    let one = |slot: &Slot| match slot {
        Slot::Map(map) => affine(map, bound),
        Slot::Label(_) => None,
    };
    slots.iter().map(one).collect()
}

fn affine(map: &Map, bound: &BTreeMap<u32, Affine>) -> Option<Affine> {
    let mut out = Affine { terms: Vec::new(), constant: map.constant.clone() };
    for (ix, factor) in &map.terms {
        let whole = factor.constant().and_then(crate::size::Ratio::whole)?;
        let factor = i64::try_from(whole).ok()?;
        let inner = match ix {
            Ix::Axis(axis) => plain(*axis),
            Ix::Local(u) => bound.get(u)?.clone(),
        };
        out = delta::plus(&out, &inner, factor)?;
    }
    Some(out)
}
