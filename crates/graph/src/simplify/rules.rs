//! The identities of `std/identities.eqn`, matched and applied.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::elaborate;
use crate::index::{NodeId, SizeId, SymbolId};
use crate::module::{Module, Statement};
use crate::op::Op;
use crate::size::Size;
use crate::terms::Terms;
use crate::types::{Kind, Type};

use super::Simplifier;
use super::term::{self, Term, flatten};

/// The identities, as an equation file.
pub(crate) const IDENTITIES: &str = include_str!("../std/identities.eqn");

/// Names looked through one after the other, at most.
const ALIASES: usize = 8;

/// One identity: `left` may be replaced by `right`.
struct Identity {
    name: String,
    left: NodeId,
    right: NodeId,
}

struct Identities {
    module: Module,
    list: Vec<Identity>,
}

fn identities() -> &'static Identities {
    static READ: OnceLock<Identities> = OnceLock::new();
    READ.get_or_init(|| {
        let parsed = chainrule_syntax::parse(IDENTITIES);
        let blocks: Vec<_> = parsed.file.blocks.iter().collect();
        let (module, _) = elaborate::module_as_written(IDENTITIES, &blocks, &parsed.file.broken);
        let identity = |claim: &crate::module::Claim| match &claim.statement {
            Some(Statement::Links(left, sides)) => {
                Some(Identity { name: claim.name.clone(), left: *left, right: sides.first()?.1 })
            }
            _ => None,
        };
        let list = module.claims.iter().filter_map(identity).collect();
        Identities { module, list }
    })
}

/// What the names of a pattern stand for.
#[derive(Clone, Default)]
struct Match {
    values: BTreeMap<SymbolId, NodeId>,
    sizes: BTreeMap<SizeId, Size>,
}

impl Simplifier {
    /// The first identity that makes the node shorter.
    pub(super) fn rewritten(&mut self, m: &mut Module, node: NodeId) -> Option<(String, NodeId)> {
        let set = identities();
        let op = std::mem::discriminant(&m.graph.node(node).op);
        for identity in &set.list {
            if std::mem::discriminant(&set.module.graph.node(identity.left).op) != op {
                continue;
            }
            let mut found = Match::default();
            if !self.matches(set, identity.left, m, node, &mut found) {
                continue;
            }
            let Some(made) = self.made(set, identity.right, m, &found) else { continue };
            let made = self.again(m, made);
            let same = term::same_type(m.graph.ty(made), m.graph.ty(node));
            if same && made != node && self.length(m, made) <= self.length(m, node) {
                return Some((identity.name.clone(), made));
            }
        }
        None
    }

    /// A run of factors that a name or an identity makes shorter.
    pub(super) fn rewritten_run(
        &mut self,
        m: &mut Module,
        list: &[NodeId],
        numbers: &mut Term,
    ) -> Option<Vec<NodeId>> {
        if let Some(shorter) = self.names.run(list, numbers) {
            return Some(shorter);
        }
        if list.len() > 40 {
            return None;
        }
        for width in 2..=list.len().min(4) {
            for at in 0..=list.len() - width {
                if self.left == 0 {
                    return None;
                }
                let run = term::chain(m, &list[at..at + width])?;
                if m.graph.node(run).op != Op::MatMul {
                    continue;
                }
                let Some((rule, made)) = self.rewritten(m, run) else { continue };
                self.note(&rule, run, made);
                let mut out = list.to_vec();
                out.splice(at..at + width, [made]);
                return Some(out);
            }
        }
        None
    }

    fn matches(
        &mut self,
        set: &Identities,
        pattern: NodeId,
        m: &mut Module,
        target: NodeId,
        found: &mut Match,
    ) -> bool {
        let p = set.module.graph.node(pattern).clone();
        if let Op::Symbol { id, ty } = &p.op {
            if let Some(known) = found.values.get(id) {
                return *known == target;
            }
            let own = m.graph.ty(target).clone();
            if !unify_type(ty, &own, found) || !self.is_of_kind(m, target, &ty.kind) {
                return false;
            }
            found.values.insert(*id, target);
            return true;
        }
        let target = looked_through(m, target, &p.op);
        let t = m.graph.node(target).clone();
        if p.op == Op::MatMul && t.op == Op::MatMul {
            let (mut left, mut right) = (Vec::new(), Vec::new());
            for input in &p.inputs {
                flatten(&set.module, *input, &mut left);
            }
            for input in &t.inputs {
                flatten(m, *input, &mut right);
            }
            return self.matches_chain(set, &left, m, &right, found);
        }
        if !unify_op(&p.op, &t.op, found) || p.inputs.len() != t.inputs.len() {
            return false;
        }
        let commutes = matches!(p.op, Op::Add | Op::Hadamard | Op::Inner);
        let orders: &[[usize; 2]] = if commutes { &[[0, 1], [1, 0]] } else { &[[0, 1]] };
        for order in orders {
            let mut trial = found.clone();
            let mut fits = true;
            for (i, input) in p.inputs.iter().enumerate() {
                let at = if p.inputs.len() == 2 { order[i] } else { i };
                fits = fits && self.matches(set, *input, m, t.inputs[at], &mut trial);
            }
            if fits {
                *found = trial;
                return true;
            }
        }
        false
    }

    /// Factors against factors; a name may stand for a run of them.
    fn matches_chain(
        &mut self,
        set: &Identities,
        pattern: &[NodeId],
        m: &mut Module,
        target: &[NodeId],
        found: &mut Match,
    ) -> bool {
        let Some((first, rest)) = pattern.split_first() else { return target.is_empty() };
        if target.len() < pattern.len() {
            return false;
        }
        let name = matches!(set.module.graph.node(*first).op, Op::Symbol { .. });
        let most = if name { target.len() - rest.len() } else { 1 };
        for width in (1..=most).rev() {
            let Some(run) = term::chain(m, &target[..width]) else { continue };
            let mut trial = found.clone();
            if self.matches(set, *first, m, run, &mut trial)
                && self.matches_chain(set, rest, m, &target[width..], &mut trial)
            {
                *found = trial;
                return true;
            }
        }
        false
    }

    /// The side condition that a declared type is.
    fn is_of_kind(&mut self, m: &mut Module, node: NodeId, kind: &Kind) -> bool {
        match kind {
            Kind::Sym | Kind::Spd => self.is_symmetric(m, node),
            Kind::Prob => is_distribution(m, node),
            Kind::Positive => is_positive(m, node, 16),
            Kind::Real => m.graph.ty(node).is_number(),
            other => m.graph.ty(node).kind == *other,
        }
    }

    /// The right side with its names replaced.
    fn made(
        &mut self,
        set: &Identities,
        node: NodeId,
        m: &mut Module,
        found: &Match,
    ) -> Option<NodeId> {
        let n = set.module.graph.node(node).clone();
        if let Op::Symbol { id, .. } = &n.op {
            return found.values.get(id).copied();
        }
        let inputs: Option<Vec<NodeId>> =
            n.inputs.iter().map(|i| self.made(set, *i, m, found)).collect();
        let inputs = inputs?;
        let size = |s: &Size| put_in(s, found);
        let sizes = |list: &[Size]| list.iter().map(size).collect::<Option<Vec<Size>>>();
        let op = match &n.op {
            Op::Identity { n } => Op::Identity { n: size(n)? },
            Op::Ones { dims } => Op::Ones { dims: sizes(dims)? },
            Op::Zeros { dims } => Op::Zeros { dims: sizes(dims)? },
            Op::SizeNumber { size: s } => return Terms::of(m).size(&size(s)?).ok(),
            Op::Lift { axes, dims, from } if axes.is_empty() => {
                Op::Lift { axes: Vec::new(), dims: sizes(dims)?, from: from.clone() }
            }
            other => other.clone(),
        };
        Terms::of(m).op(op, &inputs).ok()
    }
}

/// A defined name is its formula where the pattern has one.
fn looked_through(m: &Module, target: NodeId, op: &Op) -> NodeId {
    let mut target = target;
    for _ in 0..ALIASES {
        let Op::Symbol { id, .. } = m.graph.node(target).op else { return target };
        let Some(binding) = m.binding(id) else { return target };
        if m.symbol(id).role != crate::module::Role::Defined {
            return target;
        }
        target = binding.value;
        if std::mem::discriminant(&m.graph.node(target).op) == std::mem::discriminant(op) {
            return target;
        }
    }
    target
}

fn unify_type(pattern: &Type, target: &Type, found: &mut Match) -> bool {
    let label = |kind: &Kind| matches!(kind, Kind::Label(_) | Kind::Truth);
    if label(&pattern.kind) != label(&target.kind) {
        return false;
    }
    match (pattern.dims.as_slice(), target.dims.as_slice()) {
        // A column is a matrix too.
        ([_, _], [n]) => unify_sizes(&pattern.dims, &[n.clone(), Size::number(1)], found),
        _ => unify_sizes(&pattern.dims, &target.dims, found),
    }
}

fn unify_sizes(pattern: &[Size], target: &[Size], found: &mut Match) -> bool {
    pattern.len() == target.len()
        && pattern.iter().zip(target).all(|(p, t)| unify_size(p, t, found))
}

fn unify_size(pattern: &Size, target: &Size, found: &mut Match) -> bool {
    match pattern.as_name() {
        Some(name) => *found.sizes.entry(name).or_insert_with(|| target.clone()) == *target,
        None if pattern.constant().is_some() => pattern == target,
        None => put_in(pattern, found).as_ref() == Some(target),
    }
}

/// A size of the pattern in sizes of the target.
fn put_in(size: &Size, found: &Match) -> Option<Size> {
    let mut total = Size::number(0);
    for (monomial, value) in size.terms() {
        let mut product = Size::number(1).scaled(*value).ok()?;
        for (name, power) in monomial {
            for _ in 0..*power {
                product = product.times(found.sizes.get(name)?).ok()?;
            }
        }
        total = total.plus(&product).ok()?;
    }
    Some(total)
}

/// Equal ops, sizes unified.
fn unify_op(pattern: &Op, target: &Op, found: &mut Match) -> bool {
    match (pattern, target) {
        (Op::Identity { n: a }, Op::Identity { n: b })
        | (Op::SizeNumber { size: a }, Op::SizeNumber { size: b }) => unify_size(a, b, found),
        (Op::Ones { dims: a }, Op::Ones { dims: b })
        | (Op::Zeros { dims: a }, Op::Zeros { dims: b }) => unify_sizes(a, b, found),
        (Op::Lift { axes: x, dims: a, from: f }, Op::Lift { axes: y, dims: b, from: g }) => {
            x.is_empty() && y.is_empty() && f == g && unify_sizes(a, b, found)
        }
        _ => pattern == target,
    }
}

/// Entries that add up to 1 by their making: softmax, one-hot, `prob`.
fn is_distribution(m: &Module, node: NodeId) -> bool {
    let mut node = node;
    for _ in 0..ALIASES {
        let n = m.graph.node(node);
        match &n.op {
            Op::Softmax { axis: None } | Op::OneHot => {
                return n.ty.dims.len() == 1 && m.sizes.batch_of(&n.ty.dims[0]).is_none();
            }
            Op::Symbol { id, .. } => match m.binding(*id) {
                Some(binding) => node = binding.value,
                None => return n.ty.kind == Kind::Prob,
            },
            _ => return false,
        }
    }
    false
}

/// How many columns a value has, if each adds up to 1: a softmax, a one-hot matrix.
pub(super) fn columns(m: &Module, node: NodeId) -> Option<Size> {
    let mut node = node;
    for _ in 0..ALIASES {
        let n = m.graph.node(node);
        let batch = |at: usize| n.ty.dims.get(at).is_some_and(|d| m.sizes.batch_of(d).is_some());
        match (&n.op, n.ty.dims.as_slice()) {
            (Op::OneHot, [_]) if !batch(0) => return Some(Size::number(1)),
            (Op::OneHot, [_, count]) => return Some(count.clone()),
            (Op::Softmax { axis: None }, [_]) if !batch(0) => return Some(Size::number(1)),
            (Op::Softmax { axis: None }, [_, count]) if batch(1) && !batch(0) => {
                return Some(count.clone());
            }
            (Op::Softmax { axis: Some(0) }, [_, count]) => return Some(count.clone()),
            (Op::Softmax { axis: Some(1) }, [count, _]) => return Some(count.clone()),
            (Op::Symbol { id, .. }, _) => node = m.binding(*id)?.value,
            _ => return None,
        }
    }
    None
}

/// Positive by type, or by what it is made of.
pub(super) fn is_positive(m: &Module, node: NodeId, depth: usize) -> bool {
    let n = m.graph.node(node);
    if depth == 0 {
        return false;
    }
    let all = || n.inputs.iter().all(|i| is_positive(m, *i, depth - 1));
    match &n.op {
        Op::Number { bits } => f64::from_bits(*bits) > 0.0,
        Op::SizeNumber { .. } | Op::Exp | Op::Sigmoid | Op::Softplus | Op::Pi | Op::Ones { .. } => {
            true
        }
        Op::Softmax { .. } => true,
        Op::Add
        | Op::Scale
        | Op::Quotient
        | Op::Hadamard
        | Op::HadamardQuotient
        | Op::Sqrt
        | Op::Power
        | Op::DotPower
        | Op::Lift { .. } => all(),
        _ => n.ty.kind == Kind::Positive,
    }
}
