//! Equality of terms for all sizes and values.
//!
//! A term becomes the formula of its entry: a sum of products of entries, functions of entries and
//! deltas, under sums over indices. Matrix products, transposes, traces, `vec` and `kron` are index
//! maps and need no rules. Bound indices are named by structure, sums times their powers and
//! matrices times their inverses are reduced, exponentials and logarithms of sums are taken apart.
//! Two terms whose difference comes to 0 are equal at all sizes and values where both have one.
//!
//! Nothing here searches: a budget ends what grows, and what is not shown is not said.

mod atoms;
mod canon;
mod close;
mod component;
mod convert;
mod functions;
mod ix;
mod leaf;
mod matrix;
mod opaque;
mod ops;
mod places;
mod print;
mod replay;
mod rules;
mod state;
mod term;

use std::collections::{BTreeMap, BTreeSet};

use chainrule_syntax::ast::Expr;

use crate::index::{NodeId, SymbolId};
use crate::module::{Module, Role, Start};
use crate::op::Op;
use crate::size::Ratio;
pub use component::{Component, component};
use convert::Value;
use ix::Ix;
pub(crate) use state::Prover;
use term::{Kind, Poly};

/// How much work one attempt may take.
const STEPS: u64 = 30_000;
/// How often more names are looked through.
const ROUNDS: usize = 6;

/// The rules that proofs name, in the language: each is a claim whose name begins with the rule's.
pub const STATED: &str = include_str!("std/proof.eqn");

/// The names of all rules that a step of a proof can have.
pub const RULES: [&str; 10] = [
    "exp of a sum",
    "exp of a multiple",
    "log of a product",
    "logdet of a product",
    "indicator of a known sign",
    "indicator without positive factors",
    "sin^2 + cos^2 = 1",
    "a sum times its power",
    "a matrix times its inverse",
    "sum of a distribution",
];

/// A rule that a proof uses: what it replaces by what, as formulas of entries.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    /// The rule's name.
    pub rule: String,
    /// Before.
    pub from: Expr,
    /// After.
    pub to: Expr,
    /// Why the rule may be used here, or what it assumes.
    pub side: Option<String>,
}

/// A proof that two terms are equal.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Proof {
    /// The rules that were applied, innermost first, each once.
    pub steps: Vec<Step>,
    /// What must hold besides: `X invertible`, `p != 0`.
    pub assumptions: Vec<String>,
}

impl Proof {
    /// Adds the steps of another proof.
    pub(crate) fn join(&mut self, other: Proof) {
        let new = other.steps.into_iter().filter(|s| !self.steps.contains(s)).collect::<Vec<_>>();
        self.steps.extend(new);
        self.assumptions.extend(other.assumptions);
        self.assumptions.sort();
        self.assumptions.dedup();
    }

    /// `for X invertible and p != 0`, if something is assumed.
    pub fn conditions(&self) -> Option<String> {
        (!self.assumptions.is_empty()).then(|| format!("for {}", self.assumptions.join(" and ")))
    }
}

/// What is to be proved.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// One side, without derivative operators.
    pub left: NodeId,
    /// The other.
    pub right: NodeId,
    /// It need hold only where this does.
    pub condition: Option<NodeId>,
    /// Names that stand for other terms: `for A = I`.
    pub replaced: &'a [(SymbolId, NodeId)],
    /// Whether sizes stand for the numbers of the file.
    pub numbers: bool,
}

/// A proof that two terms without derivative operators are equal, for all sizes and values.
///
/// `None` says nothing: the terms may be equal or not.
///
/// ```
/// use chainrule_graph::{prove, read};
/// let text = "size n, m\ngiven\n  A : R[n, m]\n  B : R[m, n]\nclaim \"t\" tr(A B) = tr(B A)\n";
/// let reading = read(text);
/// let module = &reading.modules[0];
/// let chainrule_graph::module::Statement::Links(left, links) =
///     module.claims[0].statement.as_ref().unwrap()
/// else {
///     panic!()
/// };
/// assert!(prove::equal(module, *left, links[0].1).is_some());
/// assert!(prove::equal(module, *left, *left).is_some());
/// ```
pub fn equal(module: &Module, left: NodeId, right: NodeId) -> Option<Proof> {
    equal_where(module, &Question { left, right, condition: None, replaced: &[], numbers: false })
}

/// The same where a condition holds, with names replaced.
pub fn equal_where(module: &Module, question: &Question<'_>) -> Option<Proof> {
    let fixed: BTreeMap<SymbolId, NodeId> = question.replaced.iter().copied().collect();
    let mut inlined = fixed.clone();
    for round in 0..ROUNDS {
        if let Some(proof) = attempt(module, question, inlined.clone()) {
            return Some(proof);
        }
        let before = inlined.len();
        if round + 2 < ROUNDS {
            outermost(module, question, &mut inlined);
        } else {
            definitions(module, question, &mut inlined);
        }
        if inlined.len() == before {
            return None;
        }
    }
    None
}

fn attempt(
    module: &Module,
    question: &Question<'_>,
    inlined: BTreeMap<SymbolId, NodeId>,
) -> Option<Proof> {
    let mut prover = Prover::new(module, STEPS);
    prover.inlined = inlined;
    prover.numbers = question.numbers;
    let zero = prover.is_zero_gap(question);
    let zero = zero?;
    if !zero {
        return None;
    }
    // A proof that does not replay is none.
    replay::check(&prover, question).ok()?;
    Some(prover.proof())
}

impl Prover<'_> {
    /// Whether the sides differ by 0.
    fn is_zero_gap(&mut self, question: &Question<'_>) -> Option<bool> {
        let (left, right) = (self.entry(question.left)?, self.entry(question.right)?);
        let ty = self.module.graph.ty(question.left);
        if left.dims.len() != right.dims.len() {
            return Some(false);
        }
        let dims = ty.dims.clone();
        let formals: Vec<Ix> = dims.iter().map(|d| self.fresh_ix(d)).collect();
        let (a, b) = (self.at(&left, &formals)?, self.at(&right, &formals)?);
        if let (Value::Label(a), Value::Label(b)) = (&a, &b)
            && a == b
        {
            return Some(true);
        }
        let (a, b) = (self.number(&a)?, self.number(&b)?);
        let (a, b) = (self.settled(&a)?, self.settled(&b)?);
        let mut gap = a;
        gap.plus(&b, close::MINUS)?;
        if gap.is_zero() {
            return Some(true);
        }
        if self.vanishes(&gap)? {
            return Some(true);
        }
        let Some(condition) = question.condition else { return Some(false) };
        let condition = self.entry(condition)?;
        let at: Vec<Ix> = if condition.dims.len() == formals.len() {
            formals
        } else if condition.dims.is_empty() {
            Vec::new()
        } else {
            return Some(false);
        };
        let value = self.at(&condition, &at)?;
        let value = self.number(&value)?;
        let gap = self.times(&gap, &value)?;
        Some(gap.is_zero() || self.vanishes(&gap)?)
    }

    /// Whether a sum is 0 once it is multiplied by its denominators.
    fn vanishes(&mut self, gap: &Poly) -> Option<bool> {
        let mut gap = gap.clone();
        for _ in 0..8 {
            let mut least: BTreeMap<term::Atom, Ratio> = BTreeMap::new();
            for mono in gap.terms.keys() {
                for (atom, e) in &mono.plain {
                    let power = self.head(atom.head).kind == Kind::Pow;
                    if power && e.is_negative() {
                        let old = least.entry(atom.clone()).or_insert(*e);
                        if atoms::less(*e, *old) {
                            *old = *e;
                        }
                    }
                }
            }
            let Some((atom, e)) = least.into_iter().next() else { return Some(false) };
            let up = Ratio::whole_number(-e.numerator().div_euclid(e.denominator()));
            self.cancelled(&atom);
            gap = self.with(&gap, vec![(atom, up)])?;
            if gap.is_zero() {
                return Some(true);
            }
        }
        Some(false)
    }

    fn proof(&self) -> Proof {
        let mut printer = print::Printer::new(self);
        let none = BTreeMap::new();
        let step = |logged: &state::Logged| Step {
            rule: logged.rule.into(),
            from: printer.poly(&logged.from, &none, 0),
            to: printer.poly(&logged.to, &none, 0),
            side: logged.side.clone(),
        };
        let steps = self.log.iter().map(step).collect();
        Proof { steps, assumptions: self.assumed.iter().cloned().collect() }
    }
}

/// What a name stands for, if it is defined.
fn definition(module: &Module, symbol: SymbolId) -> Option<NodeId> {
    if let Some(binding) = module.binding(symbol) {
        return Some(binding.value);
    }
    match &module.symbol(symbol).role {
        Role::Const(value) | Role::Given(Start::Value(value)) => Some(*value),
        _ => None,
    }
}

/// The names that a term reads, through those of `inlined` only.
fn read_by(
    module: &Module,
    root: NodeId,
    inlined: &BTreeMap<SymbolId, NodeId>,
) -> BTreeSet<SymbolId> {
    let (mut seen, mut names, mut open) = (BTreeSet::new(), BTreeSet::new(), vec![root]);
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let node = module.graph.node(id);
        open.extend(&node.inputs);
        if let Op::Symbol { id, .. } = node.op {
            match inlined.get(&id) {
                Some(value) => open.push(*value),
                None => {
                    names.insert(id);
                }
            }
        }
    }
    names
}

fn roots(question: &Question<'_>) -> Vec<NodeId> {
    [question.left, question.right].into_iter().chain(question.condition).collect()
}

/// Defined names that no other name of the question is made of.
fn outermost(module: &Module, question: &Question<'_>, inlined: &mut BTreeMap<SymbolId, NodeId>) {
    let mut names = BTreeSet::new();
    for root in roots(question) {
        names.extend(read_by(module, root, inlined));
    }
    let defined: Vec<(SymbolId, NodeId)> =
        names.iter().filter_map(|s| definition(module, *s).map(|d| (*s, d))).collect();
    let mut inner = BTreeSet::new();
    for (_, value) in &defined {
        let mut open = read_by(module, *value, inlined);
        // What a name is made of, through other names.
        while let Some(next) = open.pop_first() {
            if inner.insert(next)
                && let Some(value) = definition(module, next)
            {
                open.extend(read_by(module, value, inlined));
            }
        }
    }
    inlined.extend(defined.into_iter().filter(|(s, _)| !inner.contains(s)));
}

/// All defined names.
fn definitions(module: &Module, question: &Question<'_>, inlined: &mut BTreeMap<SymbolId, NodeId>) {
    loop {
        let before = inlined.len();
        for root in roots(question) {
            for symbol in read_by(module, root, inlined) {
                inlined.extend(definition(module, symbol).map(|d| (symbol, d)));
            }
        }
        if inlined.len() == before {
            return;
        }
    }
}
