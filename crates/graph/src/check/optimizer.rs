//! Optimizers: a few steps of the recurrence as written, with more digits, against the phases that
//! are run, and entry by entry where no line looks at several entries at once.

use std::collections::BTreeMap;

use super::{Settings, Stop, collect, verdict::worst};
use crate::index::{NodeId, SymbolId};
use crate::interpret::{Interpreter, Numbers, Tensor};
use crate::module::{Module, Optimizer, Role, Start};
use crate::op::Op;
use crate::random::Random;
use crate::record::{Eval, Reference};
use crate::scalar::{DoubleDouble, Scalar};
use crate::terms::Terms;
use crate::types::Kind;
use crate::update::BUNDLE;

/// Entries of the bundle.
const ENTRIES: usize = 5;
/// How many steps are taken.
const STEPS: u64 = 3;
/// The loss, and counts that the lines read.
const COUNT: f64 = 0.1;
/// Most difference of the two ways.
const EXACT: f64 = 1e-12;

/// What was found of one optimizer.
#[derive(Clone, PartialEq, Debug)]
pub struct Stepped {
    /// Its name.
    pub name: String,
    /// Its states and lines, as they are written.
    pub lines: Vec<String>,
    /// Where it is from: the comment above it.
    pub source: String,
    /// Whether it is one of the standard library.
    pub standard: bool,
    /// The largest relative difference of the two ways.
    pub error: f64,
    /// Whether they agree.
    pub passed: bool,
    /// Why it could not be run.
    pub message: Option<String>,
}

pub(super) fn checked(module: &Module, settings: &Settings) -> Vec<Stepped> {
    module.optimizers.iter().map(|o| stepped(module, o, settings)).collect()
}

fn stepped(module: &Module, optimizer: &Optimizer, settings: &Settings) -> Stepped {
    let written = optimizer.states.iter().chain(&optimizer.lines);
    let found = Stepped {
        name: optimizer.name.clone(),
        lines: written.map(|l| l.text.clone()).collect(),
        source: optimizer.source.clone(),
        standard: optimizer.standard,
        error: f64::NAN,
        passed: false,
        message: None,
    };
    match error(module, optimizer, settings) {
        Ok(error) => Stepped { error, passed: error <= EXACT, ..found },
        Err(stop) => Stepped { message: Some(stop.0), ..found },
    }
}

/// An optimizer whose gradients are those of `J = 1/2 inner(c, q .* q)`.
struct Recurrence<'m> {
    module: Module,
    optimizer: &'m Optimizer,
    curvature: SymbolId,
    /// States and parameters with the terms of their next values.
    lines: Vec<(SymbolId, NodeId)>,
}

fn recurrence<'m>(module: &Module, optimizer: &'m Optimizer) -> Result<Recurrence<'m>, Stop> {
    let mut module = module.clone();
    let ty = module.symbol(optimizer.p).ty.clone();
    let (curvature, _) = module.declare("the curvature", Role::Given(Start::None), &ty)?;
    let mut done = BTreeMap::new();
    let mut lines = Vec::new();
    for line in optimizer.lines.iter().filter(|l| l.next) {
        let node = with_gradient(&mut module, line.value, optimizer.loss, curvature, &mut done)?;
        let node = collect::without_operators(&mut module, node)?;
        let state = line.symbol.ok_or_else(|| Stop(format!("`{}` is no state", line.name)))?;
        lines.push((state, node));
    }
    Ok(Recurrence { module, optimizer, curvature, lines })
}

/// `c .* q` in place of `dJ/dq`.
fn with_gradient(
    module: &mut Module,
    root: NodeId,
    loss: SymbolId,
    curvature: SymbolId,
    done: &mut BTreeMap<NodeId, NodeId>,
) -> Result<NodeId, Stop> {
    let factor = collect::symbol_node(module, curvature)?;
    let loss = collect::symbol_node(module, loss)?;
    for id in collect::nodes(module, root) {
        if done.contains_key(&id) {
            continue;
        }
        let at = Terms::of(module).at(id);
        let inputs: Vec<NodeId> = at.inputs.iter().map(|i| done[i]).collect();
        let mut t = Terms::of(module);
        let now = match at.op {
            Op::Grad if at.inputs[0] == loss => t.op(Op::Hadamard, &[factor, inputs[1]])?,
            op => t.op(op, &inputs)?,
        };
        done.insert(id, now);
    }
    Ok(done[&root])
}

fn error(module: &Module, optimizer: &Optimizer, settings: &Settings) -> Result<f64, Stop> {
    let recurrence = recurrence(module, optimizer)?;
    let random = Random::new(settings.seed, crate::random::stream_of(&optimizer.name));
    let start: Vec<f64> = (0..ENTRIES as u64).map(|i| random.normal(i)).collect();
    let curved: Vec<f64> = (0..ENTRIES as u64).map(|i| 0.5 + random.uniform(100 + i)).collect();
    let settings: Vec<f64> = optimizer.params.iter().map(|p| p.1.unwrap_or(0.1)).collect();
    // First what is run: what it refuses is said in words.
    let run = by_phases(module, optimizer, &start, &curved, &settings)?;
    let exact = recurrence.run::<DoubleDouble>(&start, &curved, &settings)?;
    let mut error = 0.0_f64;
    let mut compare = |value: DoubleDouble, exact: DoubleDouble| {
        let apart = (value - exact).real().abs();
        error = worst(error, apart / exact.real().abs().max(1e-3));
    };
    run.iter().zip(&exact).for_each(|(run, exact)| compare(DoubleDouble::from_f64(*run), *exact));
    if !recurrence.mixes() {
        for i in 0..ENTRIES {
            let alone = recurrence.run::<DoubleDouble>(&start[i..=i], &curved[i..=i], &settings)?;
            compare(alone[0], exact[i]);
        }
    }
    Ok(error)
}

/// The parameters after a few steps of what is run.
fn by_phases(
    module: &Module,
    optimizer: &Optimizer,
    start: &[f64],
    curved: &[f64],
    settings: &[f64],
) -> Result<Vec<f64>, Stop> {
    let update = crate::update::alone(module, optimizer, settings)?;
    let mut state = update.begin(start);
    for (_, count) in &optimizer.inputs {
        state.values.insert(*count, vec![COUNT]);
    }
    let slope = |at: &[f64]| at.iter().zip(curved).map(|(q, c)| c * q).collect();
    for _ in 0..STEPS {
        update.step(&mut state, &mut |at| Ok((COUNT, slope(at))))?;
    }
    Ok(state.values.remove(&update.p).unwrap_or_default())
}

impl Recurrence<'_> {
    /// Whether an entry depends on another one: a norm, a sum.
    fn mixes(&self) -> bool {
        let graph = &self.module.graph;
        let lines = self.lines.iter().map(|(_, node)| *node);
        let all = lines.chain(self.optimizer.states.iter().map(|s| s.value));
        all.flat_map(|node| collect::nodes(&self.module, node)).any(|id| {
            let node = graph.node(id);
            let entrywise = matches!(node.op.def().eval, Eval::Leaf | Eval::Entrywise(_));
            let spreads = matches!(node.op, Op::Lift { .. } | Op::Hadamard | Op::Scale);
            let bundle = node.inputs.iter().any(|i| !graph.ty(*i).is_scalar());
            bundle && !entrywise && !spreads
        })
    }

    /// The parameters after a few steps, by the terms of the lines.
    fn run<S: Reference>(
        &self,
        start: &[f64],
        curved: &[f64],
        settings: &[f64],
    ) -> Result<Vec<S>, Stop> {
        let mut numbers = Numbers::of(&self.module, 2, start.len() as u64);
        if let Some((id, _)) = self.module.sizes.base().find(|(_, def)| def.name == BUNDLE) {
            numbers.set(id, start.len() as u64);
        }
        let bundle = |data: &[f64]| -> Tensor<S> {
            let data: Vec<S> = data.iter().map(|x| S::from_f64(*x)).collect();
            Tensor { axes: Vec::new(), shape: vec![data.len()], data }
        };
        let mut values: BTreeMap<SymbolId, Tensor<S>> = BTreeMap::new();
        let counts = self.optimizer.inputs.iter().map(|(_, id)| *id);
        for id in counts.chain([self.optimizer.loss]) {
            values.insert(id, Tensor::number(S::from_f64(COUNT)));
        }
        for (id, value) in self.optimizer.settings.iter().zip(settings) {
            values.insert(*id, Tensor::number(S::from_f64(*value)));
        }
        values.insert(self.optimizer.p, bundle(start));
        values.insert(self.curvature, bundle(curved));
        let evaluate = |values: &BTreeMap<SymbolId, Tensor<S>>, node: NodeId| {
            let mut it: Interpreter<'_, S> = Interpreter::new(&self.module, numbers.clone());
            for (id, value) in values {
                it.set(*id, self.filled(*id, value, start.len()));
            }
            it.value(node).map(|v| Tensor::clone(&*v))
        };
        for state in &self.optimizer.states {
            let value = evaluate(&values, state.value)?;
            values.extend(state.symbol.map(|id| (id, value)));
        }
        for _ in 0..STEPS {
            let mut next = values.clone();
            for (id, node) in &self.lines {
                next.insert(*id, evaluate(&values, *node)?);
            }
            values = next;
        }
        Ok(values.remove(&self.optimizer.p).map(|p| p.data).unwrap_or_default())
    }

    /// A number fills the bundle that a state is.
    fn filled<S: Scalar>(&self, symbol: SymbolId, value: &Tensor<S>, entries: usize) -> Tensor<S> {
        let ty = &self.module.symbol(symbol).ty;
        if ty.is_scalar()
            || ty.kind != Kind::Real
            || value.data.len() == entries && !value.shape.is_empty()
        {
            return value.clone();
        }
        Tensor { axes: Vec::new(), shape: vec![entries], data: vec![value.data[0]; entries] }
    }
}
