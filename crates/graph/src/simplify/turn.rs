//! Transposes: at the factors, and gone where a value is symmetric.

use crate::index::{NodeId, SymbolId};
use crate::module::Module;
use crate::op::{Op, Over};
use crate::terms::Terms;
use crate::types::Kind;

use super::Simplifier;
use super::sum;
use super::term::{Body, Term, build, flatten};

/// Deepest look at what a value is made of.
const DEPTH: usize = 24;

impl Simplifier {
    /// `x^T` of a simplified node, simplified.
    pub(super) fn turned(&mut self, m: &mut Module, x: NodeId) -> Option<NodeId> {
        self.turned_within(m, x, DEPTH)
    }

    fn turned_within(&mut self, m: &mut Module, x: NodeId, depth: usize) -> Option<NodeId> {
        let node = m.graph.node(x).clone();
        if node.ty.is_scalar() {
            return Some(x);
        }
        let plain = |m: &mut Module| Terms::of(m).op(Op::Transpose, &[x]).ok();
        if depth == 0 {
            return plain(m);
        }
        let depth = depth - 1;
        match &node.op {
            Op::Transpose => return Some(node.inputs[0]),
            Op::Symbol { .. } if matches!(node.ty.kind, Kind::Sym | Kind::Spd) => return Some(x),
            Op::Symbol { id, .. } => {
                let same = self.is_symmetric_name(m, *id, depth);
                return if same { Some(x) } else { plain(m) };
            }
            Op::Identity { .. } | Op::Diag => return Some(x),
            Op::Add | Op::Sub => {
                return self.turned_sum(m, x, depth).or_else(|| plain(m));
            }
            Op::Neg
            | Op::Scale
            | Op::Quotient
            | Op::MatMul
            | Op::Hadamard
            | Op::HadamardQuotient => {}
            Op::Lift { axes, dims, from } if dims.len() == 2 && axes.is_empty() => {
                let dims = vec![dims[1].clone(), dims[0].clone()];
                let from = from.iter().map(|at| 1 - at).collect();
                let lift = Op::Lift { axes: Vec::new(), dims, from };
                return Terms::of(m).op(lift, &node.inputs).ok().or_else(|| plain(m));
            }
            Op::Inverse | Op::MatrixPower { .. } => {
                let inner = self.turned_within(m, node.inputs[0], depth)?;
                return if inner == node.inputs[0] { Some(x) } else { plain(m) };
            }
            Op::Kron => {
                let a = self.turned_within(m, node.inputs[0], depth)?;
                let b = self.turned_within(m, node.inputs[1], depth)?;
                return Terms::of(m).op(Op::Kron, &[a, b]).ok();
            }
            Op::Reduce { over: Over::Named(_), .. } => {
                let inner = self.turned_within(m, node.inputs[0], depth)?;
                return Terms::of(m).op(node.op, &[inner]).ok();
            }
            _ => return plain(m),
        }
        self.turned_term(m, x, depth)
    }

    /// The transpose of a product: at its factors.
    fn turned_term(&mut self, m: &mut Module, x: NodeId, depth: usize) -> Option<NodeId> {
        let product = m.graph.node(x).op == Op::MatMul;
        let mut term = Term::of(m, x);
        term.body = match term.body {
            Body::Chain(mut factors) => {
                if factors.as_slice() == [x] && product {
                    return Terms::of(m).op(Op::Transpose, &[x]).ok();
                }
                factors.reverse();
                let turned: Option<Vec<NodeId>> =
                    factors.into_iter().map(|f| self.turned_within(m, f, depth)).collect();
                Body::Chain(turned?)
            }
            Body::Entries(list) => {
                let turned: Option<Vec<_>> = list
                    .iter()
                    .map(|(base, q)| Some((self.turned_within(m, *base, depth)?, *q)))
                    .collect();
                let turned = turned?;
                let is_turned = |id: NodeId| m.graph.node(id).op == Op::Transpose;
                if turned.iter().filter(|(base, _)| is_turned(*base)).count() * 2 > turned.len() {
                    let whole = super::entries::node(m, &list)?;
                    let whole = Terms::of(m).op(Op::Transpose, &[whole]).ok()?;
                    Body::Chain(vec![whole])
                } else {
                    Body::Entries(turned)
                }
            }
            Body::Ones(one) => Body::Ones(self.turned_within(m, one, depth)?),
            Body::Number => Body::Number,
        };
        build(m, &term)
    }

    /// A name of something symmetric.
    fn is_symmetric_name(&mut self, m: &mut Module, id: SymbolId, depth: usize) -> bool {
        let matrix = m.symbol(id).ty.dims.len() == 2;
        let Some(value) = m.binding(id).map(|b| b.value).filter(|_| matrix) else { return false };
        let value = self.done.get(&value).copied().unwrap_or(value);
        m.graph.node(value).op != Op::Transpose
            && self.turned_within(m, value, depth) == Some(value)
    }

    /// The transpose of a sum: itself, the sum of the transposes, or as a whole, what is shortest.
    fn turned_sum(&mut self, m: &mut Module, x: NodeId, depth: usize) -> Option<NodeId> {
        let ty = m.graph.ty(x).clone();
        let terms = sum::terms(m, x);
        if ty.dims.len() != 2 || terms.len() > 16 {
            return None;
        }
        let mut left: Vec<Term> = terms.clone();
        let mut all = Vec::new();
        for term in terms {
            let node = build(m, &term)?;
            let turned = self.turned_within(m, node, depth)?;
            let turned = Term::of(m, turned);
            let same = |t: &Term| t.coefficient == turned.coefficient && t.key() == turned.key();
            if let Some(at) = left.iter().position(same) {
                left.swap_remove(at);
            }
            all.push(turned);
        }
        if left.is_empty() {
            return Some(x);
        }
        let ty = ty.with_dims(vec![ty.dims[1].clone(), ty.dims[0].clone()]);
        let whole = Terms::of(m).op(Op::Transpose, &[x]).ok()?;
        let apart = sum::node(m, &all, &ty)?;
        // A sum stands in parentheses in either form.
        Some(if self.length(m, apart) + 2 < self.length(m, whole) { apart } else { whole })
    }

    /// Whether `x^T = x` follows from what `x` is made of.
    pub(super) fn is_symmetric(&mut self, m: &mut Module, x: NodeId) -> bool {
        let ty = m.graph.ty(x);
        ty.dims.len() == 2 && ty.dims[0] == ty.dims[1] && self.turned(m, x) == Some(x)
    }

    /// The node of a chain, with the run of rows and columns that is a number looked up in both
    /// orders: `x^T y` and `y^T x` are one number.
    pub(super) fn number_of(&mut self, m: &mut Module, node: NodeId) -> NodeId {
        let n = m.graph.node(node).clone();
        if n.op != Op::MatMul || !n.ty.is_scalar() {
            return node;
        }
        let mut factors = Vec::new();
        for input in &n.inputs {
            flatten(m, *input, &mut factors);
        }
        factors.reverse();
        let turned: Option<Vec<NodeId>> = factors.iter().map(|f| self.turned(m, *f)).collect();
        let other = turned.and_then(|t| super::term::chain(m, &t));
        match other {
            Some(other) if other < node && m.graph.ty(other).is_scalar() => other,
            _ => node,
        }
    }
}
