//! Terms of the graph as sums of products of entries.
//!
//! Each node becomes a formula for its entry at formal indices. Multilinear ops follow their index
//! maps; what is composite (`vec`, `kron`, `reshape`) gives an index that is made of several.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::Prover;
use super::ix::{Base, Ix, Var};
use super::places::Radix;
use super::term::{Atom, Head, Kind, Poly, Sign};
use crate::index::{AxisId, NodeId, SymbolId};
use crate::op::Op;
use crate::size::{Ratio, Size};
use crate::spec::{self, Map, Place, Slot, Spec};
use crate::types::{Kind as TypeKind, Type};

/// The entry of a term at formal indices; named axes are free variables.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The index of each dim.
    pub(crate) dims: Vec<Ix>,
    pub(crate) value: Value,
}

/// What an entry is.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Number(Poly),
    /// A label, or an index that may be compared with one; also as a number.
    Label(Ix),
}

impl Prover<'_> {
    /// The entry of a term.
    pub(crate) fn entry(&mut self, root: NodeId) -> Option<Rc<Entry>> {
        let mut open = vec![root];
        while let Some(&id) = open.last() {
            if self.entries.contains_key(&id) {
                open.pop();
                continue;
            }
            let node = self.module.graph.node(id);
            let mut needs: Vec<NodeId> = node.inputs.clone();
            if let Op::Symbol { id, .. } = node.op {
                needs.extend(self.inlined.get(&id));
            }
            needs.retain(|n| !self.entries.contains_key(n));
            if !needs.is_empty() {
                if open.len() > 1 << 16 {
                    return None;
                }
                open.extend(needs.into_iter().rev());
                continue;
            }
            let entry = self.node(id)?;
            self.entries.insert(id, Rc::new(entry));
        }
        self.entries.get(&root).cloned()
    }

    fn node(&mut self, id: NodeId) -> Option<Entry> {
        self.spend(4)?;
        let module = self.module;
        let node = module.graph.node(id);
        let (op, ty) = (node.op.clone(), node.ty.clone());
        let types: Vec<&Type> = node.inputs.iter().map(|i| module.graph.ty(*i)).collect();
        if let Op::Symbol { id, .. } = op {
            return self.symbol(id, &ty);
        }
        if let Some(spec) = op.def().spec.and_then(|s| s(&op, &types, &ty, &module.context())) {
            let made = self.multilinear(&spec, &node.inputs, &ty);
            return match made {
                // An op that speaks of named axes is no function of its input's dims alone.
                None if self.left() > 0 && !has_axes(&op) => self.opaque(id),
                made => made,
            };
        }
        if let Some(entry) = self.leaf(&op, &ty) {
            return entry;
        }
        self.function(id)
    }

    fn symbol(&mut self, id: SymbolId, ty: &Type) -> Option<Entry> {
        if let Some(value) = self.inlined.get(&id).copied() {
            let entry = self.entries.get(&value)?.clone();
            if entry.dims.len() == ty.dims.len() {
                return Some((*entry).clone());
            }
            // A number fills the shape.
            let dims = ty.dims.iter().map(|d| self.fresh_ix(d)).collect();
            return entry.dims.is_empty().then(|| Entry { dims, value: entry.value.clone() });
        }
        let dims: Vec<Ix> = ty.dims.iter().map(|d| self.fresh_ix(d)).collect();
        let mut args = Vec::new();
        for axis in &ty.axes {
            args.push(self.axis(*axis)?);
        }
        let axes = args.len();
        args.extend(dims.iter().cloned());
        let arity = args.len();
        let identity: Vec<usize> = (0..arity).collect();
        let symmetric = matches!(ty.kind, TypeKind::Sym | TypeKind::Spd) && ty.dims.len() == 2;
        let mut symmetries = vec![identity.clone()];
        if symmetric {
            let mut turned = identity;
            turned.swap(axes, axes + 1);
            symmetries.push(turned);
        }
        let sign = match ty.kind {
            TypeKind::Positive => Sign::Positive,
            TypeKind::Prob | TypeKind::Mask => Sign::NotNegative,
            _ => Sign::Unknown,
        };
        let classes = match &ty.kind {
            TypeKind::Label(k) => Some(k.clone()),
            _ => None,
        };
        let prob = (ty.kind == TypeKind::Prob && !ty.dims.is_empty()).then_some(axes);
        let bit = ty.kind == TypeKind::Mask;
        let head = self.intern(Kind::Symbol(id), Vec::new(), |kind, forms| Head {
            kind,
            forms,
            symmetries,
            sign,
            bit,
            prob,
            classes: classes.clone(),
            lead: None,
        });
        let atom = Atom { head, args };
        let value = match classes {
            Some(_) => Value::Label(Ix::One(Base::Label(Rc::new(atom)))),
            None => Value::Number(Poly::of(vec![(self.ordered(atom), Ratio::ONE)])),
        };
        Some(Entry { dims, value })
    }

    /// The entry of a term at given indices; axes that are two in one are split.
    pub(crate) fn at(&mut self, entry: &Entry, at: &[Ix]) -> Option<Value> {
        let mut map: BTreeMap<Var, Ix> = BTreeMap::new();
        for (own, ix) in entry.dims.iter().zip(at) {
            if let Some(var) = own.as_var() {
                map.insert(var, ix.clone());
                continue;
            }
            if own.constant().is_some() {
                continue;
            }
            let radices = self.composite(own)?;
            let strides: Vec<Radix> =
                radices.iter().map(|(s, r, _)| (s.clone(), r.clone())).collect();
            let digits = self.digits(ix, &strides, true)?;
            for ((_, _, part), digit) in radices.iter().zip(digits) {
                map.insert(part.as_var()?, digit);
            }
        }
        for ix in map.values_mut() {
            *ix = self.resolved(ix)?;
        }
        Some(match &entry.value {
            Value::Number(poly) => Value::Number(self.put(poly, &map)?),
            Value::Label(ix) => Value::Label(ix.put(&|v| map.get(&v).cloned())?),
        })
    }

    /// An entry as a number.
    pub(crate) fn number(&mut self, value: &Value) -> Option<Poly> {
        match value {
            Value::Number(poly) => Some(poly.clone()),
            Value::Label(ix) => {
                if let Some(size) = ix.constant() {
                    let size = size.clone();
                    return self.size(&size);
                }
                let atom = self.simple(Kind::Index, vec![ix.clone()]);
                let factors = vec![(atom, Ratio::ONE)];
                let open = super::close::Open { bounds: Vec::new(), factors };
                self.close(vec![(Ratio::ONE, open)])
            }
        }
    }

    /// The entry of an input at given indices, as a number.
    pub(crate) fn number_at(&mut self, node: NodeId, at: &[Ix]) -> Option<Poly> {
        let entry = self.entries.get(&node)?.clone();
        let value = self.at(&entry, at)?;
        self.number(&value)
    }

    fn map_ix(&mut self, map: &Map, locals: &[Ix]) -> Option<Ix> {
        let mut terms = Vec::new();
        let mut constant = map.constant.clone();
        for (ix, by) in &map.terms {
            let own = match ix {
                spec::Ix::Local(at) => locals[*at as usize].clone(),
                spec::Ix::Axis(axis) => self.axis(*axis)?,
            };
            let (more, plus) = own.parts();
            for (base, size) in more {
                terms.push((base, size.times(by).ok()?));
            }
            constant = constant.plus(&plus.times(by).ok()?).ok()?;
        }
        Ix::affine(terms, constant)
    }

    /// The places of an operand.
    fn slots(
        &mut self,
        place: &Place,
        dims: &[Size],
        locals: &[Ix],
        inputs: &[NodeId],
    ) -> Option<Vec<Ix>> {
        match place {
            Place::Flat(map) => {
                let flat = self.map_ix(map, locals)?;
                let mut radices: Vec<Radix> = Vec::new();
                let mut stride = Size::number(1);
                for dim in dims.iter().rev() {
                    radices.push((stride.clone(), dim.clone()));
                    stride = stride.times(dim).ok()?;
                }
                let mut digits = self.digits(&flat, &radices, true)?;
                digits.reverse();
                Some(digits)
            }
            Place::Dims(slots) => {
                let mut out = Vec::new();
                for slot in slots {
                    out.push(match slot {
                        Slot::Map(map) => self.map_ix(map, locals)?,
                        Slot::Label(input) => {
                            let entry = self.entries.get(inputs.get(*input)?)?.clone();
                            match &entry.value {
                                Value::Label(ix) if entry.dims.is_empty() => ix.clone(),
                                _ => return None,
                            }
                        }
                    });
                }
                Some(out)
            }
        }
    }

    fn multilinear(&mut self, spec: &Spec, inputs: &[NodeId], ty: &Type) -> Option<Entry> {
        if matches!(spec.output, Place::Flat(_)) {
            return self.reshaped(inputs[0], ty);
        }
        let locals: Vec<Ix> = spec.space.iter().map(|s| self.fresh_ix(s)).collect();
        let mut product = Poly::one();
        let mut deltas: Vec<(Ix, Ix)> = Vec::new();
        let mut summed: Vec<Var> = Vec::new();
        let mut reached: BTreeSet<AxisId> = BTreeSet::new();
        let mut factors = Vec::new();
        for (place, input) in spec.inputs.iter().zip(inputs) {
            let own = self.module.graph.ty(*input);
            reached.extend(&own.axes);
            let (dims, pad) = (own.dims.clone(), spec.pad);
            let mut at = self.slots(place, &dims, &locals, inputs)?;
            for (ix, dim) in at.iter_mut().zip(&dims) {
                if pad && !self.is_inside(ix, dim) {
                    // Zero outside: the place runs over the array and meets the index.
                    let inside = self.fresh_ix(dim);
                    inside.each_var(&mut |v| summed.push(v));
                    deltas.push((inside.clone(), ix.clone()));
                    *ix = inside;
                }
            }
            let entry = self.entries.get(input)?.clone();
            factors.push(self.at(&entry, &at)?);
        }
        for label in &inputs[spec.inputs.len()..] {
            reached.extend(&self.module.graph.ty(*label).axes);
        }
        if let ([Value::Label(ix)], true) = (factors.as_slice(), deltas.is_empty())
            && spec.divide.is_empty()
            && self.keeps_labels(spec, &self.module.graph.ty(inputs[0]).kind)
        {
            return self.moved_label(spec, ix, ty, &locals);
        }
        for value in &factors {
            let value = self.number(value)?;
            let value = self.settled(&value)?;
            product = self.times(&product, &value)?;
        }
        product = self.settled(&product)?;
        self.written(spec, product, deltas, summed, reached, &locals, inputs, ty)
    }

    /// Whether the entries only move: nothing is put where an index says.
    fn keeps_labels(&self, spec: &Spec, kind: &TypeKind) -> bool {
        let Place::Dims(slots) = &spec.output else { return false };
        let local = |slot: &Slot| match slot {
            Slot::Map(map) => matches!(map.as_index(), Some(spec::Ix::Local(_))),
            Slot::Label(_) => false,
        };
        matches!(kind, TypeKind::Label(_)) || slots.iter().all(local)
    }

    /// A label whose dims move.
    fn moved_label(&mut self, spec: &Spec, ix: &Ix, ty: &Type, locals: &[Ix]) -> Option<Entry> {
        let dims = self.slots(&spec.output, &ty.dims, locals, &[])?;
        let plain = dims.iter().all(|d| d.as_var().is_some() || d.constant().is_some());
        let mut distinct = dims.clone();
        distinct.sort();
        distinct.dedup();
        if !plain || distinct.len() != dims.len() {
            return None;
        }
        // An axis that becomes a dim gets a name of its own.
        let (mut map, mut own) = (BTreeMap::new(), Vec::new());
        for (dim, size) in dims.iter().zip(&ty.dims) {
            let Some(var) = dim.as_var() else {
                own.push(dim.clone());
                continue;
            };
            let fresh = self.fresh_ix(size);
            map.insert(var, fresh.clone());
            own.push(fresh);
        }
        let mut sums = false;
        ix.each_var(&mut |v| {
            sums |= locals.iter().any(|l| l.as_var() == Some(v)) && !map.contains_key(&v);
        });
        if sums {
            return None;
        }
        let ix = ix.put(&|v| map.get(&v).cloned())?;
        Some(Entry { dims: own, value: Value::Label(ix) })
    }

    #[allow(clippy::too_many_arguments)] // the parts of a spec, read
    fn written(
        &mut self,
        spec: &Spec,
        mut product: Poly,
        mut deltas: Vec<(Ix, Ix)>,
        mut summed: Vec<Var>,
        mut reached: BTreeSet<AxisId>,
        locals: &[Ix],
        inputs: &[NodeId],
        ty: &Type,
    ) -> Option<Entry> {
        let places = self.slots(&spec.output, &ty.dims, locals, inputs)?;
        for place in spec.inputs.iter().chain([&spec.output]) {
            if let Place::Dims(slots) = place {
                for slot in slots {
                    let Slot::Map(map) = slot else { continue };
                    for (ix, _) in &map.terms {
                        if let spec::Ix::Axis(axis) = ix {
                            reached.insert(*axis);
                        }
                    }
                }
            }
        }
        // Everything that the result does not keep is summed.
        for local in locals {
            if let Some(var) = local.as_var() {
                self.leaves(var, &mut summed)?;
            }
        }
        for axis in reached {
            if !ty.axes.contains(&axis)
                && let Some(var) = self.axis(axis)?.as_var()
            {
                self.leaves(var, &mut summed)?;
            }
        }
        let (dims, map) = self.formal(&places, &ty.dims, &summed, &mut deltas)?;
        summed.retain(|v| !map.contains_key(v));
        if !deltas.is_empty() {
            let mut factors = Vec::new();
            for (a, b) in deltas {
                let (a, b) = (self.resolved(&a)?, self.resolved(&b)?);
                factors.push((self.simple(Kind::Delta, vec![a, b]), Ratio::ONE));
            }
            product = self.with(&product, factors)?;
        }
        product = self.put(&product, &map)?;
        summed.sort_unstable();
        summed.dedup();
        product = self.summed(&product, &summed)?;
        for size in &spec.divide {
            let size = self.size(size)?;
            let share = self.power_of(&size, Ratio::whole_number(-1))?;
            product = self.times(&product, &share)?;
        }
        Some(Entry { dims, value: Value::Number(product) })
    }

    /// The formal indices of a result: an index that the place is made of, or a new one that meets it.
    fn formal(
        &mut self,
        places: &[Ix],
        sizes: &[Size],
        summed: &[Var],
        deltas: &mut Vec<(Ix, Ix)>,
    ) -> Option<(Vec<Ix>, BTreeMap<Var, Ix>)> {
        let mut dims = Vec::new();
        let mut map: BTreeMap<Var, Ix> = BTreeMap::new();
        for (place, dim) in places.iter().zip(sizes) {
            let place = self.resolved(place)?;
            let mut vars = Vec::new();
            place.each_var(&mut |v| vars.push(v));
            let own = vars.iter().all(|v| summed.contains(v) && !map.contains_key(v));
            let digits = self.composite(&place).filter(|_| own && !vars.is_empty());
            let full = digits.filter(|d| {
                let all = d.iter().map(|(_, r, _)| r);
                let parts = d.iter().all(|(_, _, ix)| ix.as_var().is_some());
                parts && Size::product(all).is_ok_and(|p| p == *dim)
            });
            if full.is_some() {
                for var in &vars {
                    let fresh = Ix::var(self.fresh(self.range(*var)));
                    map.insert(*var, fresh);
                }
                dims.push(place.put(&|v| map.get(&v).cloned())?);
            } else {
                let formal = self.fresh_ix(dim);
                if formal != place {
                    deltas.push((formal.clone(), place));
                }
                dims.push(formal);
            }
        }
        Some((dims, map))
    }

    /// The same entries in row-major order.
    fn reshaped(&mut self, input: NodeId, ty: &Type) -> Option<Entry> {
        let own = self.module.graph.ty(input).dims.clone();
        let formals: Vec<Ix> = ty.dims.iter().map(|d| self.fresh_ix(d)).collect();
        let (mut terms, mut stride) = (Vec::new(), Size::number(1));
        for (formal, dim) in formals.iter().zip(&ty.dims).rev() {
            for (base, _) in formal.parts().0 {
                terms.push((base, stride.clone()));
            }
            stride = stride.times(dim).ok()?;
        }
        let flat = Ix::affine(terms, Size::number(0))?;
        let mut radices: Vec<Radix> = Vec::new();
        let mut stride = Size::number(1);
        for dim in own.iter().rev() {
            radices.push((stride.clone(), dim.clone()));
            stride = stride.times(dim).ok()?;
        }
        let mut at = self.digits(&flat, &radices, true)?;
        at.reverse();
        let entry = self.entries.get(&input)?.clone();
        let value = self.at(&entry, &at)?;
        let value = match value {
            Value::Number(poly) => Value::Number(self.settled(&poly)?),
            Value::Label(ix) => Value::Label(self.resolved(&ix)?),
        };
        let dims = formals.iter().map(|f| self.resolved(f)).collect::<Option<_>>()?;
        Some(Entry { dims, value })
    }
}

/// Whether an op's parameters name axes.
fn has_axes(op: &Op) -> bool {
    matches!(
        op,
        Op::Access { .. }
            | Op::Scatter { .. }
            | Op::Collect { .. }
            | Op::Lift { .. }
            | Op::Reduce { .. }
    )
}
