//! Chains of matrix products: identities and inverses cancel, powers of one matrix meet.

use crate::index::NodeId;
use crate::module::Module;
use crate::op::Op;
use crate::terms::Terms;

use super::Simplifier;
use super::term::{self, Term, flatten};

/// A matrix, perhaps transposed, to a whole power.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Power {
    base: NodeId,
    turned: bool,
    exponent: i64,
}

/// Most rounds over one chain.
const ROUNDS: usize = 64;

fn power_of(m: &Module, factor: NodeId) -> Power {
    let mut found = Power { base: factor, turned: false, exponent: 1 };
    loop {
        let node = m.graph.node(found.base);
        match node.op {
            Op::Transpose => found.turned = !found.turned,
            Op::Inverse => found.exponent = -found.exponent,
            Op::MatrixPower { power } if power > 0 => {
                let Some(all) = found.exponent.checked_mul(i64::from(power)) else {
                    return found;
                };
                found.exponent = all;
            }
            _ => return found,
        }
        found.base = node.inputs[0];
    }
}

fn is_square(m: &Module, node: NodeId) -> bool {
    matches!(m.graph.ty(node).dims.as_slice(), [n, k] if n == k)
}

impl Simplifier {
    /// `X^k`, transposed or not, in one form.
    fn power_node(&mut self, m: &mut Module, power: Power) -> Option<NodeId> {
        let mut out = power.base;
        let size = power.exponent.unsigned_abs();
        if size == 0 {
            let n = m.graph.ty(out).dims.first()?.clone();
            return Terms::of(m).op(Op::Identity { n }, &[]).ok();
        }
        if size > 1 {
            let power = u32::try_from(size).ok()?;
            out = Terms::of(m).op(Op::MatrixPower { power }, &[out]).ok()?;
        }
        if power.exponent < 0 {
            out = Terms::of(m).op(Op::Inverse, &[out]).ok()?;
        }
        if power.turned { self.turned(m, out) } else { Some(out) }
    }

    /// `X^T^2` as `(X^2)^T`, `(X^-1)^-1` as `X`.
    pub(super) fn one_power(&mut self, m: &mut Module, node: NodeId) -> Option<NodeId> {
        let power = power_of(m, node);
        if power.exponent == 1 || !is_square(m, power.base) {
            return Some(node);
        }
        self.power_node(m, power)
    }

    /// The factors of a chain in their shortest form; numbers go to the term.
    pub(super) fn chain(
        &mut self,
        m: &mut Module,
        factors: Vec<NodeId>,
        numbers: &mut Term,
    ) -> Option<Vec<NodeId>> {
        let mut list = self.open(m, factors, numbers)?;
        for _ in 0..ROUNDS {
            let before = list.clone();
            list = self.without_identities(m, list);
            if let Some(shorter) = self.powers(m, &list) {
                list = shorter;
            }
            if let Some(shorter) = self.cancelled(m, &list) {
                list = shorter;
            }
            if let Some(shorter) = self.rewritten_run(m, &list, numbers) {
                list = self.open(m, shorter, numbers)?;
            }
            if list == before {
                break;
            }
        }
        Some(list)
    }

    /// Numbers out, products of products flat.
    fn open(
        &mut self,
        m: &mut Module,
        factors: Vec<NodeId>,
        numbers: &mut Term,
    ) -> Option<Vec<NodeId>> {
        let mut out = Vec::new();
        for factor in factors {
            if m.graph.ty(factor).is_scalar() {
                let number = Term::of(m, factor);
                numbers.append(&number)?;
                continue;
            }
            let term = match self.common(m, factor) {
                Some(inner) => inner,
                None => Term::of(m, factor),
            };
            let plain =
                Term { coefficient: crate::Ratio::ONE, scalars: Vec::new(), ..term.clone() };
            if term == plain {
                flatten(m, factor, &mut out);
            } else {
                numbers.append(&Term { body: super::term::Body::Number, ..term })?;
                out.extend(plain.as_chain(m)?);
            }
        }
        Some(out)
    }

    fn without_identities(&mut self, m: &Module, list: Vec<NodeId>) -> Vec<NodeId> {
        let identity = |id: &NodeId| matches!(m.graph.node(*id).op, Op::Identity { .. });
        let kept: Vec<NodeId> = list.iter().filter(|f| !identity(f)).copied().collect();
        if kept.is_empty() { list.into_iter().take(1).collect() } else { kept }
    }

    /// `X^2 X = X^3`, `X^-1 X = I`
    fn powers(&mut self, m: &mut Module, list: &[NodeId]) -> Option<Vec<NodeId>> {
        for at in 1..list.len() {
            let (a, b) = (power_of(m, list[at - 1]), power_of(m, list[at]));
            let both = a.base == b.base && a.turned == b.turned && is_square(m, a.base);
            // `X X` is as short as `X^2`.
            if !both || a.exponent.abs() == 1 && a.exponent == b.exponent {
                continue;
            }
            let exponent = a.exponent.checked_add(b.exponent)?;
            let one = self.power_node(m, Power { exponent, ..a })?;
            let mut out = list.to_vec();
            out.splice(at - 1..=at, [one]);
            return Some(out);
        }
        None
    }

    /// `(A B)^-1 A = B^-1` and `B (A B)^-1 = A^-1` for square factors.
    fn cancelled(&mut self, m: &mut Module, list: &[NodeId]) -> Option<Vec<NodeId>> {
        for at in 0..list.len() {
            let power = power_of(m, list[at]);
            if power.exponent != -1 {
                continue;
            }
            let base = if power.turned { self.turned(m, power.base)? } else { power.base };
            let mut inner = Vec::new();
            flatten(m, base, &mut inner);
            if inner.len() < 2 || inner.iter().any(|f| !is_square(m, *f)) {
                continue;
            }
            let right = at + 1 < list.len() && list[at + 1] == inner[0];
            let left = at > 0 && Some(&list[at - 1]) == inner.last();
            let (range, rest) = match (left, right) {
                (_, true) => (at..=at + 1, inner[1..].to_vec()),
                (true, false) => (at - 1..=at, inner[..inner.len() - 1].to_vec()),
                _ => continue,
            };
            let rest = term::chain(m, &rest)?;
            let inverse = Terms::of(m).op(Op::Inverse, &[rest]).ok()?;
            let inverse = self.one_power(m, inverse)?;
            // A transpose inside goes outside again.
            let inverse = self.inverse_turned(m, inverse)?;
            let mut out = list.to_vec();
            out.splice(range, [inverse]);
            return Some(out);
        }
        None
    }

    /// `(M^T)^-1` as `(M^-1)^T`, for a chain of transposes too.
    pub(super) fn inverse_turned(&mut self, m: &mut Module, node: NodeId) -> Option<NodeId> {
        let n = m.graph.node(node).clone();
        if n.op != Op::Inverse {
            return Some(node);
        }
        let mut factors = Vec::new();
        flatten(m, n.inputs[0], &mut factors);
        let turned = |m: &Module, f: &NodeId| m.graph.node(*f).op == Op::Transpose;
        let back = self.turned(m, n.inputs[0])?;
        let many = factors.iter().filter(|f| turned(m, f)).count() * 2 > factors.len();
        if !many || back == n.inputs[0] {
            return Some(node);
        }
        let inverse = Terms::of(m).op(Op::Inverse, &[back]).ok()?;
        self.turned(m, inverse)
    }
}
