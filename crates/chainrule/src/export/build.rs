//! From the terms of a module to formulas on arrays.
//!
//! A node's array has one axis for each of the node's named axes (batch axes first, then indices)
//! and its dims. Copies are never made: an axis along which a value repeats is left out and aligned
//! where the value is used. Sums of products are collected before they are written (`contract.rs`).

use std::collections::{BTreeMap, BTreeSet};

use chainrule_graph::op::{Op, Over};
use chainrule_graph::record::Eval;
use chainrule_graph::{AxisId, Module, NodeId, Size, SymbolId, Type};
use chainrule_syntax::ast::BigOp;

use super::code::{Code, Fold, Form, Infix, Prim, Statement};
use super::contract::Bound;

/// An axis of the array of a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Label {
    /// A named axis.
    Axis(AxisId),
    /// A dim of the node's type.
    Dim(usize),
}

/// An array with the axes it has, in order; those that are missing repeat.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub code: Code,
    pub labels: Vec<Label>,
}

/// An index of a sum of products.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Ix {
    /// A named axis.
    Axis(AxisId),
    /// One that was made up.
    Local(usize),
}

/// What cannot be written, in a sentence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Unsupported(pub String);

pub(super) type Made<T> = Result<T, Unsupported>;

/// Writes values of one module.
pub(super) struct Builder<'m> {
    pub module: &'m Module,
    /// What the names of the module are called.
    pub names: &'m BTreeMap<SymbolId, String>,
    /// Values that have a name.
    pub known: BTreeMap<NodeId, SymbolId>,
    /// The value that is being defined: it is not its own name.
    pub own: Option<NodeId>,
    /// Values that get a variable of their own, and those that have one.
    pub shared: BTreeSet<NodeId>,
    pub variables: BTreeMap<NodeId, Value>,
    /// What was written.
    pub statements: Vec<Statement>,
    /// Length and name of each [`Ix::Local`].
    pub locals: Vec<(Size, String)>,
    /// Words that are in use.
    pub taken: BTreeSet<String>,
    /// The index arrays that are in force.
    pub grids: Vec<Vec<(String, Size)>>,
    /// Whether a scatter needs an index for every axis.
    pub all_indexed: bool,
    /// Whether gathered arrays stand in lines of their own, and those that do.
    pub places_apart: bool,
    pub gathers: Vec<(Code, Code)>,
}

impl<'m> Builder<'m> {
    pub(super) fn ty(&self, id: NodeId) -> &'m Type {
        self.module.graph.ty(id)
    }

    /// All axes of a type, in the order of the array.
    pub(super) fn labels(&self, ty: &Type) -> Vec<Label> {
        let batch = |wanted: bool| {
            let hit = move |a: &&AxisId| self.module.axes.is_batch(**a) == wanted;
            ty.axes.iter().filter(hit).map(|a| Label::Axis(*a))
        };
        let dims = (0..ty.dims.len()).map(Label::Dim);
        batch(true).chain(batch(false)).chain(dims).collect()
    }

    /// How far an axis of a value of this type runs.
    pub(super) fn length(&self, ty: &Type, label: Label) -> Size {
        match label {
            Label::Axis(axis) => self.extent(Ix::Axis(axis)),
            Label::Dim(at) => ty.dims[at].clone(),
        }
    }

    /// How far an index runs.
    pub(super) fn extent(&self, ix: Ix) -> Size {
        match ix {
            Ix::Axis(axis) => {
                let axis = self.module.axes.get(axis);
                let batch = || axis.batch.map(Size::name);
                axis.extent.clone().or_else(batch).unwrap_or_else(|| Size::number(1))
            }
            Ix::Local(at) => self.locals[at].0.clone(),
        }
    }

    /// A new index.
    pub(super) fn index(&mut self, length: &Size, hint: &str) -> Ix {
        self.locals.push((length.clone(), hint.into()));
        Ix::Local(self.locals.len() - 1)
    }

    /// New indices for all dims of a type.
    pub(super) fn indices(&mut self, dims: &[Size]) -> Vec<Ix> {
        dims.iter().map(|d| self.index(d, "")).collect()
    }

    /// The array with all axes of its type.
    pub(super) fn full(&mut self, id: NodeId) -> Made<Code> {
        let value = self.array(id)?;
        Ok(self.whole(value, self.ty(id)))
    }

    /// A value with all axes of `ty`: what repeats is copied.
    pub(super) fn whole(&self, value: Value, ty: &Type) -> Code {
        let all = self.labels(ty);
        if value.labels == all {
            return value.code;
        }
        let lengths: Vec<Size> = all.iter().map(|l| self.length(ty, *l)).collect();
        let missing = all.iter().zip(&lengths).filter(|(l, _)| !value.labels.contains(l));
        let ones = missing.clone().all(|(_, n)| n.is_one());
        match value.code.form {
            Form::Number(number) => {
                let (prim, args) = match number {
                    0.0 => (Prim::Zeros, Vec::new()),
                    1.0 => (Prim::Ones, Vec::new()),
                    _ => (Prim::Full, vec![Code::number(number)]),
                };
                return Code::sized(prim, args, lengths, all.len());
            }
            _ if value.labels.is_empty() && value.code.plain => {
                return Code::sized(Prim::Full, vec![value.code], lengths, all.len());
            }
            _ => {}
        }
        if ones {
            return Code::sized(Prim::Reshape, vec![value.code], lengths, all.len());
        }
        let own: Vec<bool> = all.iter().map(|l| value.labels.contains(l)).collect();
        let code = value.code.expanded(&own);
        Code::sized(Prim::Broadcast, vec![code], lengths, all.len())
    }

    /// A value's array, brought to axes of which it may lack some.
    pub(super) fn aligned(value: Value, to: &[Label]) -> Code {
        let own: Vec<bool> = to.iter().map(|l| value.labels.contains(l)).collect();
        value.code.expanded(&own)
    }

    /// The value of a node.
    pub(super) fn array(&mut self, id: NodeId) -> Made<Value> {
        if let Some(known) = self.known(id) {
            return Ok(known);
        }
        if self.shared.contains(&id) && self.own != Some(id) {
            return self.variable(id);
        }
        self.formula(id)
    }

    /// A value that has a name.
    pub(super) fn known(&self, id: NodeId) -> Option<Value> {
        if self.own == Some(id) {
            return None;
        }
        if let Some(value) = self.variables.get(&id) {
            return Some(value.clone());
        }
        let symbol = self.known.get(&id)?;
        Some(self.symbol(*symbol))
    }

    fn symbol(&self, symbol: SymbolId) -> Value {
        let labels = self.labels(&self.module.symbol(symbol).ty);
        let name = self.names.get(&symbol).map_or("", String::as_str);
        Value { code: Code::name(name, labels.len()), labels }
    }

    /// A value that is used more than once, or is too long for a line, in a variable of its own.
    fn variable(&mut self, id: NodeId) -> Made<Value> {
        let own = self.own.replace(id);
        let mut value = self.formula(id)?;
        self.own = own;
        if matches!(value.code.form, Form::Name(_) | Form::Number(_) | Form::Size(_)) {
            return Ok(value);
        }
        let name = self.free_name("t");
        let note = self.lengths(&value, self.ty(id));
        let variable = Code { form: Form::Name(name.clone()), ..value.code.clone() };
        self.statements.push(Statement::Let { name, code: value.code, note });
        value.code = variable;
        self.variables.insert(id, value.clone());
        Ok(value)
    }

    /// `(N, K)`: the axes of a value in the author's symbols.
    pub(super) fn lengths(&self, value: &Value, ty: &Type) -> String {
        let text = |l: &Label| self.module.sizes.text(&self.length(ty, *l));
        let all: Vec<String> = value.labels.iter().map(text).collect();
        match all.as_slice() {
            [] => String::new(),
            [one] => format!("({one},)"),
            more => format!("({})", more.join(", ")),
        }
    }

    /// `t1`, `t2`, ..: the next word that nothing else is called.
    pub(super) fn free_name(&mut self, stem: &str) -> String {
        let mut number = 1_usize;
        loop {
            let name = format!("{stem}{number}");
            if self.taken.insert(name.clone()) {
                return name;
            }
            number += 1;
        }
    }

    fn formula(&mut self, id: NodeId) -> Made<Value> {
        let node = self.module.graph.node(id);
        let number = |code: Code| Ok(Value { code, labels: Vec::new() });
        match &node.op {
            Op::Symbol { id, .. } => Ok(self.symbol(*id)),
            Op::Number { bits } => number(Code::number(f64::from_bits(*bits))),
            Op::SizeNumber { size } => number(Code::size(size)),
            Op::Pi => number(Code { plain: true, ..Code::new(Form::Pi, 0) }),
            Op::Ones { .. } => number(Code::number(1.0)),
            Op::Zeros { .. } => number(Code::number(0.0)),
            Op::Identity { n } => Ok(Value {
                code: Code::sized(Prim::Eye, Vec::new(), vec![n.clone()], 2),
                labels: self.labels(&node.ty),
            })
            .map(|v| if v.labels.len() == 2 { v } else { one_by_one() }),
            Op::IndexNumber { axis } => {
                let length = self.extent(Ix::Axis(*axis));
                let code = Code::sized(Prim::Arange, Vec::new(), vec![length], 1);
                Ok(Value { code, labels: vec![Label::Axis(*axis)] })
            }
            Op::Access { positions, .. } if !self.is_plain(id, positions) => self.gather(id),
            Op::Scatter { positions, .. } if !self.is_plain_scatter(positions) => self.scatter(id),
            Op::Transpose
            | Op::Lift { .. }
            | Op::Collect { .. }
            | Op::Access { .. }
            | Op::Scatter { .. }
            | Op::DiagVector
            | Op::MatMul
            | Op::Inner
            | Op::Trace
            | Op::Reduce { op: BigOp::Sum | BigOp::Mean, .. } => self.contract(id),
            Op::Reduce { op, over } => self.fold(id, *op, over),
            Op::Neg => {
                let value = self.array(node.inputs[0])?;
                Ok(Value { code: Code::neg(value.code), labels: value.labels })
            }
            _ => match infix(&node.op) {
                Some(op) => self.between(id, op),
                None if matches!(node.op.def().eval, Eval::Entrywise(_)) => self.pointwise(id),
                None => self.special(id),
            },
        }
    }

    /// Arrays aligned to the axes that any of them has.
    fn operands(&mut self, id: NodeId) -> Made<(Vec<Code>, Vec<Label>)> {
        let node = self.module.graph.node(id);
        let values: Vec<Value> = node.inputs.iter().map(|i| self.array(*i)).collect::<Made<_>>()?;
        let has = |l: &Label| values.iter().any(|v| v.labels.contains(l));
        let labels: Vec<Label> = self.labels(&node.ty).into_iter().filter(has).collect();
        let codes = values.into_iter().map(|v| Builder::aligned(v, &labels)).collect();
        Ok((codes, labels))
    }

    fn between(&mut self, id: NodeId, op: Infix) -> Made<Value> {
        let (mut codes, labels) = self.operands(id)?;
        let (b, a) = (codes.pop(), codes.pop());
        let (Some(a), Some(b)) = (a, b) else { return Err(self.unsupported(id)) };
        let code = match (&op, &a.form, &b.form) {
            (Infix::Mul, Form::Number(one), _) if *one == 1.0 && b.rank == labels.len() => b,
            _ => Code::infix(op, a, b),
        };
        Ok(Value { code: Code { rank: labels.len(), ..code }, labels })
    }

    fn pointwise(&mut self, id: NodeId) -> Made<Value> {
        let node = self.module.graph.node(id);
        let Some(prim) = Prim::of(&node.op) else { return Err(self.unsupported(id)) };
        let (codes, labels) = self.operands(id)?;
        let truth = prim == Prim::Not;
        let plain = codes.iter().all(|c| c.plain);
        let code = Code { truth, plain, ..Code::call(prim, codes, labels.len()) };
        Ok(Value { code, labels })
    }

    /// A maximum, minimum or product.
    fn fold(&mut self, id: NodeId, op: BigOp, over: &Over) -> Made<Value> {
        let input = self.module.graph.node(id).inputs[0];
        let ty = self.ty(input);
        let value = match self.module.graph.node(input).op {
            Op::Access { .. } if ty.dims.is_empty() && self.known(input).is_none() => {
                self.unordered(input)?
            }
            _ if op == BigOp::Prod => Value { code: self.full(input)?, labels: self.labels(ty) },
            _ => self.array(input)?,
        };
        let gone = over_labels(over, ty);
        let axes: Vec<usize> =
            (0..value.labels.len()).filter(|i| gone.contains(&value.labels[*i])).collect();
        let fold = match op {
            BigOp::Max => Fold::Max,
            BigOp::Min => Fold::Min,
            _ => Fold::Prod,
        };
        let kept: Vec<Label> = value.labels.iter().filter(|l| !gone.contains(l)).copied().collect();
        let labels = self.kept_dims(&kept, ty, &gone, self.ty(id));
        let code = value.code.folded(fold, axes);
        let value = self.without_ones(code, labels);
        Ok(self.sorted(value.code, &value.labels, self.ty(id)))
    }

    /// The entries of an access in the order they are read.
    fn unordered(&mut self, id: NodeId) -> Made<Value> {
        let product = self.factors_of(id, &[], &Bound::new())?;
        let label = |ix: &Ix| match ix {
            Ix::Axis(axis) => Some(Label::Axis(*axis)),
            Ix::Local(_) => None,
        };
        if let ([(code, own)], true) = (product.factors.as_slice(), product.scalars.is_empty()) {
            let labels: Option<Vec<Label>> = own.iter().map(label).collect();
            let once = (1..own.len()).all(|i| !own[..i].contains(&own[i]));
            if let Some(labels) = labels.filter(|_| once) {
                return Ok(Value { code: code.clone(), labels });
            }
        }
        Ok(Value { code: self.full(id)?, labels: self.labels(self.ty(id)) })
    }

    /// The dims that are left of `ty` as dims of the result; `None` for one that the result lacks.
    pub(super) fn kept_dims(
        &self,
        kept: &[Label],
        ty: &Type,
        gone: &[Label],
        out: &Type,
    ) -> Vec<Option<Label>> {
        let left: Vec<usize> =
            (0..ty.dims.len()).filter(|i| !gone.contains(&Label::Dim(*i))).collect();
        let rename = |l: &Label| match l {
            Label::Axis(_) => Some(*l),
            // A reduced dim that is kept has the length 1.
            Label::Dim(at) if left.len() < out.dims.len() => Some(Label::Dim(*at)),
            Label::Dim(at) => {
                let place = left.iter().position(|i| i == at)?;
                (place < out.dims.len()).then_some(Label::Dim(place))
            }
        };
        kept.iter().map(rename).collect()
    }

    /// Axes of length 1 that have no place in the result are dropped.
    pub(super) fn without_ones(&self, code: Code, labels: Vec<Option<Label>>) -> Value {
        let first = |l: &Option<Label>| l.is_none().then(|| Size::number(0));
        let picked = labels.iter().map(first).collect();
        Value { code: code.picked(picked), labels: labels.into_iter().flatten().collect() }
    }

    /// The words for an op that has no code.
    pub(super) fn unsupported(&self, id: NodeId) -> Unsupported {
        let name = self.module.graph.node(id).op.def().name;
        Unsupported(format!("`{name}` has no form in code"))
    }
}

/// The identity of size 1.
fn one_by_one() -> Value {
    Value { code: Code::number(1.0), labels: Vec::new() }
}

/// The axes that a reduction takes away.
pub(super) fn over_labels(over: &Over, ty: &Type) -> Vec<Label> {
    match over {
        Over::All => (0..ty.dims.len()).map(Label::Dim).collect(),
        Over::Axis(at) | Over::Batch(at) => vec![Label::Dim(*at)],
        Over::Dims(places) => places.iter().map(|at| Label::Dim(*at)).collect(),
        Over::Named(axes) => axes.iter().map(|a| Label::Axis(*a)).collect(),
    }
}

/// The operator an op is.
fn infix(op: &Op) -> Option<Infix> {
    Some(match op {
        Op::Add => Infix::Add,
        Op::Sub => Infix::Sub,
        Op::Hadamard | Op::Scale => Infix::Mul,
        Op::HadamardQuotient | Op::Quotient => Infix::Div,
        Op::Power | Op::DotPower => Infix::Power,
        Op::And => Infix::And,
        Op::Or => Infix::Or,
        Op::Compare { op } => Infix::Compare(*op),
        _ => return None,
    })
}
