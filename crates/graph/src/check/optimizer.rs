//! Optimizers: two steps of the recurrence as written, on the whole bundle with more digits, and
//! entry by entry where no line looks at several entries at once.

use std::collections::BTreeMap;

use super::{Settings, Stop, collect, verdict::worst};
use crate::index::{NodeId, SymbolId};
use crate::interpret::{Interpreter, Numbers, Tensor};
use crate::module::{Module, Optimizer, Role, Start, Symbol};
use crate::op::Op;
use crate::random::Random;
use crate::record::{Eval, Reference};
use crate::scalar::{DoubleDouble, Scalar};
use crate::terms::Terms;
use crate::types::Kind;

/// Entries of the bundle.
const ENTRIES: usize = 5;
/// How many steps are taken.
const STEPS: u64 = 2;
/// Most difference of the two ways.
const EXACT: f64 = 1e-12;

/// What was found of one optimizer.
#[derive(Clone, PartialEq, Debug)]
pub struct Stepped {
    /// Its name.
    pub name: String,
    /// Its lines, as they are read.
    pub lines: Vec<String>,
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
    let line = |l: &crate::module::OptimizerLine| {
        let prime = if l.next { "'" } else { "" };
        format!("{}{prime} = {}", l.name, crate::raise::text(module, l.value))
    };
    let lines = optimizer.lines.iter().map(line).collect();
    let name = optimizer.name.clone();
    match error(module, optimizer, settings) {
        Ok(error) => Stepped { name, lines, error, passed: error <= EXACT, message: None },
        Err(stop) => Stepped { name, lines, error: f64::NAN, passed: false, message: Some(stop.0) },
    }
}

/// An optimizer whose gradients are those of `J = 1/2 inner(c, q .* q)`.
struct Recurrence {
    module: Module,
    curvature: SymbolId,
    /// Name, whether it is the next value, term.
    lines: Vec<(String, bool, NodeId)>,
    states: Vec<(String, NodeId)>,
    names: BTreeMap<String, SymbolId>,
}

fn recurrence(module: &Module, optimizer: &Optimizer) -> Result<Recurrence, Stop> {
    let mut module = module.clone();
    let mut names = BTreeMap::new();
    let all = optimizer.lines.iter().chain(&optimizer.states);
    for symbol in all.flat_map(|l| collect::names(&module, l.value)) {
        let known = module.symbol(symbol);
        if known.role == Role::Local {
            names.insert(known.name.clone(), symbol);
        }
    }
    let Some(p) = names.get("p") else { return Err(Stop("no line reads `p`".into())) };
    let ty = module.symbol(*p).ty.clone();
    let span = chainrule_syntax::Span::default();
    let role = Role::Given(Start::None);
    module.symbols.push(Symbol { name: "the curvature".into(), role, ty, span, type_span: None });
    let curvature = SymbolId::new(module.symbols.len() - 1);
    let mut done = BTreeMap::new();
    let mut lines = Vec::new();
    for line in &optimizer.lines {
        let node = with_gradient(&mut module, line.value, curvature, &mut done)?;
        lines.push((line.name.clone(), line.next, node));
    }
    let states = optimizer.states.iter().map(|s| (s.name.clone(), s.value)).collect();
    Ok(Recurrence { module, curvature, lines, states, names })
}

/// `c .* q` in place of `dJ/dq`.
fn with_gradient(
    module: &mut Module,
    root: NodeId,
    curvature: SymbolId,
    done: &mut BTreeMap<NodeId, NodeId>,
) -> Result<NodeId, Stop> {
    let factor = collect::symbol_node(module, curvature)?;
    for id in collect::nodes(module, root) {
        if done.contains_key(&id) {
            continue;
        }
        let at = Terms::of(module).at(id);
        let inputs: Vec<NodeId> = at.inputs.iter().map(|i| done[i]).collect();
        let mut t = Terms::of(module);
        let now = match at.op {
            Op::Grad => t.op(Op::Hadamard, &[factor, inputs[1]])?,
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
    let setting = |at: usize| optimizer.params[at].1.unwrap_or(0.1);
    let settings: Vec<(String, f64)> =
        optimizer.params.iter().enumerate().map(|(i, p)| (p.0.clone(), setting(i))).collect();
    let together = recurrence.run::<f64>(&start, &curved, &settings)?;
    let mut exact = recurrence.run::<DoubleDouble>(&start, &curved, &settings)?;
    let mut error = 0.0_f64;
    let mut compare = |i: usize, exact: DoubleDouble| {
        let apart = (DoubleDouble::from_f64(together[i]) - exact).real().abs();
        error = worst(error, apart / exact.real().abs().max(1e-3));
    };
    if !recurrence.mixes() {
        for i in 0..ENTRIES {
            let alone = recurrence.run::<DoubleDouble>(&start[i..=i], &curved[i..=i], &settings)?;
            compare(i, alone[0]);
        }
    }
    exact.drain(..).enumerate().for_each(|(i, exact)| compare(i, exact));
    Ok(error)
}

impl Recurrence {
    /// Whether an entry depends on another one: a norm, a sum.
    fn mixes(&self) -> bool {
        let graph = &self.module.graph;
        let lines = self.lines.iter().map(|(_, _, node)| *node);
        let all = lines.chain(self.states.iter().map(|(_, node)| *node));
        all.flat_map(|node| collect::nodes(&self.module, node)).any(|id| {
            let node = graph.node(id);
            let entrywise = matches!(node.op.def().eval, Eval::Leaf | Eval::Entrywise(_));
            let spreads = matches!(node.op, Op::Lift { .. } | Op::Hadamard | Op::Scale);
            let bundle = node.inputs.iter().any(|i| !graph.ty(*i).is_scalar());
            bundle && !entrywise && !spreads
        })
    }

    /// The parameters after a few steps.
    fn run<S: Reference>(
        &self,
        start: &[f64],
        curved: &[f64],
        settings: &[(String, f64)],
    ) -> Result<Vec<S>, Stop> {
        let mut numbers = Numbers::of(&self.module, 2, start.len() as u64);
        for (id, def) in self.module.sizes.base() {
            if def.name == "count(param)" {
                numbers.set(id, start.len() as u64);
            }
        }
        let bundle = |data: &[f64]| -> Tensor<S> {
            let data: Vec<S> = data.iter().map(|x| S::from_f64(*x)).collect();
            Tensor { axes: Vec::new(), shape: vec![data.len()], data }
        };
        let mut values: BTreeMap<&str, Tensor<S>> = BTreeMap::new();
        for input in ["J", "step", "epoch", "steps", "epochs"] {
            values.insert(input, Tensor::number(S::from_f64(0.1)));
        }
        for (name, value) in settings {
            values.insert(name, Tensor::number(S::from_f64(*value)));
        }
        values.insert("p", bundle(start));
        let evaluate = |values: &BTreeMap<&str, Tensor<S>>, node: NodeId| {
            let mut it: Interpreter<'_, S> = Interpreter::new(&self.module, numbers.clone());
            it.set(self.curvature, bundle(curved));
            for (name, value) in values {
                if let Some(symbol) = self.names.get(*name) {
                    it.set(*symbol, self.filled(*symbol, value, start.len()));
                }
            }
            it.value(node).map(|v| Tensor::clone(&*v))
        };
        for (name, node) in &self.states {
            let value = evaluate(&values, *node)?;
            values.insert(name, value);
        }
        for _ in 0..STEPS {
            let mut next = values.clone();
            for (name, _, node) in self.lines.iter().filter(|(_, next, _)| *next) {
                next.insert(name, evaluate(&values, *node)?);
            }
            values = next;
        }
        Ok(values.remove("p").map(|p| p.data).unwrap_or_default())
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
