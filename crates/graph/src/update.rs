//! The optimizer of a training as phases: lines over the bundle of all parameters, and gradients.
//!
//! An optimizer reads its gradient `dJ/dq` as a value. Here each such point becomes a phase of its
//! own: first the lines that make `q`, then the gradient at `q`, a name like any other, then the
//! lines that read it. What the lines compute is lowered like every other term; the gradient itself
//! is left to whoever knows the net. Everything that may change while training is an input.

mod clip;
mod reference;
mod rewrite;

use crate::differentiate::Refusal;
use crate::index::{NodeId, SymbolId};
use crate::interpret::{Interpreter, Numbers, Tensor};
use crate::lower::{self, Lowered};
use crate::module::{Module, Optimizer, OptimizerLine, Role, Training};
use crate::op::Op;
use crate::types::Type;
pub use reference::{Gradient, State as Reference, Values};
use rewrite::Rewrite;

/// The size that is the length of the bundle.
pub const BUNDLE: &str = "count(param)";

/// How a state of an optimizer starts.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Start {
    /// With this number, everywhere.
    Number(f64),
    /// As the parameters start.
    Parameters,
}

/// A state of an optimizer.
#[derive(Clone, PartialEq, Debug)]
pub struct State {
    /// Its name.
    pub name: String,
    /// The symbol that lines read.
    pub symbol: SymbolId,
    /// Whether it is one value a parameter entry, or one number.
    pub bundle: bool,
    /// How it starts.
    pub start: Start,
}

/// Where an output of [`Phase::Lines`] goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// A bundle that later phases of this step read.
    Local(SymbolId),
    /// The next value of a state or of the parameters. All of them are computed from the old ones.
    Next(SymbolId),
}

/// A part of a step, in order.
#[derive(Clone, Debug)]
pub enum Phase {
    /// Lines of the optimizer, lowered together.
    Lines {
        /// What is computed; each output has a target.
        lowered: Lowered,
        /// In the order of the outputs.
        targets: Vec<Target>,
    },
    /// The gradient of the loss at a point, and the loss there if a line reads it.
    Gradient {
        /// The parameters, or a local bundle that stands for them.
        at: SymbolId,
        /// The gradient: a local bundle.
        into: SymbolId,
        /// The number `J` of the lines, the loss at the parameters.
        loss: Option<SymbolId>,
    },
}

/// An optimizer of a training, ready to be compiled or run.
#[derive(Clone, Debug)]
pub struct Update {
    /// The training's module, with the names and terms that the phases need.
    pub module: Module,
    /// The bundle of all parameters: as long as the size called [`BUNDLE`].
    pub p: SymbolId,
    /// The training's loss in `module`.
    pub loss: NodeId,
    /// What the optimizer keeps from step to step.
    pub states: Vec<State>,
    /// Numbers that are set before every step: `step epoch steps epochs` (all counted from 0; one
    /// that a setting hides is none), every setting, and the number of `clip`.
    pub inputs: Vec<(String, SymbolId)>,
    /// What the training gives each input: its settings; counts are 0.
    pub given: Vec<f64>,
    /// The parts of a step.
    pub phases: Vec<Phase>,
}

/// The name of the input that `clip norm(c)` and `clip value(c)` read.
pub const CLIP: &str = "clip";

/// The phases of a training's optimizer.
///
/// `q = p + mu v`, `p' = q - step dJ/dq` becomes: lines that make `q`; the gradient at `q`, called
/// `dJ/dq`; the lines that make `p'`. A clipping rule stands around every gradient.
///
/// # Errors
///
/// A line takes another derivative of the loss than its gradient by the bundle, a state starts with
/// something else than a number or `p`, or a limit is reached.
///
/// ```
/// use chainrule_graph::update::{self, Phase};
///
/// let text = "param w : R = 1\nnet J = w^2\ntrain J by nag(step = 0.1) epochs 3\n";
/// let module = chainrule_graph::read(text).modules.remove(0);
/// let update = update::update(&module, &module.trainings[0]).unwrap();
/// assert!(matches!(update.phases[0], Phase::Lines { .. }));
/// assert!(matches!(update.phases[1], Phase::Gradient { at, .. } if at != update.p));
/// assert!(matches!(update.phases[2], Phase::Lines { .. }));
/// ```
pub fn update(module: &Module, training: &Training) -> Result<Update, Refusal> {
    let missing = || Refusal(format!("the optimizer `{}` is not known", training.optimizer));
    let optimizer = module.optimizers.get(training.recipe).ok_or_else(missing)?;
    let rule = training.rules.iter().find(|(word, ..)| word == "clip");
    let clip = rule.map(|(_, name, numbers)| {
        (name.as_str(), numbers.first().copied().unwrap_or(f64::INFINITY))
    });
    let settings: Vec<f64> = training.settings.iter().map(|(_, value)| *value).collect();
    let mut module = module.clone();
    let loss = module.read(training.loss)?;
    phases(module, optimizer, &settings, clip, Some(loss))
}

/// The phases of an optimizer without a training; what it minimises is known to the caller alone.
pub(crate) fn alone(
    module: &Module,
    optimizer: &Optimizer,
    settings: &[f64],
) -> Result<Update, Refusal> {
    phases(module.clone(), optimizer, settings, None, None)
}

fn phases(
    mut module: Module,
    optimizer: &Optimizer,
    settings: &[f64],
    clip: Option<(&str, f64)>,
    loss: Option<NodeId>,
) -> Result<Update, Refusal> {
    let own = module.read(optimizer.loss)?;
    let mut inputs = optimizer.inputs.clone();
    let mut given = vec![0.0; inputs.len()];
    for (((name, _), symbol), value) in
        optimizer.params.iter().zip(&optimizer.settings).zip(settings)
    {
        inputs.push((name.clone(), *symbol));
        given.push(*value);
    }
    let clip = match clip {
        None => None,
        Some((name, limit)) => {
            let clip = module.clips.iter().find(|c| c.name == name).cloned();
            let clip = clip.ok_or_else(|| Refusal(format!("`clip {name}` is not known")))?;
            inputs.push((CLIP.into(), clip.limit));
            given.push(limit);
            Some(clip)
        }
    };
    let mut states = Vec::new();
    for line in &optimizer.states {
        states.push(state(&module, optimizer, line, settings)?);
    }
    let phases = Plan::new(&mut module, optimizer, clip).phases()?;
    let loss = loss.unwrap_or(own);
    Ok(Update { module, p: optimizer.p, loss, states, inputs, given, phases })
}

/// How a state starts.
fn state(
    module: &Module,
    optimizer: &Optimizer,
    line: &OptimizerLine,
    settings: &[f64],
) -> Result<State, Refusal> {
    let symbol = line.symbol.ok_or_else(|| Refusal(format!("`{}` is no state", line.name)))?;
    let (name, bundle) = (line.name.clone(), line.bundle);
    if module.graph.node(line.value).op == module.leaf(optimizer.p) {
        return Ok(State { name, symbol, bundle, start: Start::Parameters });
    }
    let mut numbers = Numbers::of(module, 1, 1);
    if let Some((id, _)) = module.sizes.base().find(|(_, def)| def.name == BUNDLE) {
        numbers.set(id, 1);
    }
    let mut it: Interpreter<'_, f64> = Interpreter::new(module, numbers);
    for (symbol, value) in optimizer.settings.iter().zip(settings) {
        it.set(*symbol, Tensor::number(*value));
    }
    let value = it.value(line.value).ok().and_then(|v| v.data.first().copied());
    let value = value.ok_or_else(|| {
        Refusal(format!("the state `{name}` starts with a number or with `p`, not `{}`", line.text))
    })?;
    Ok(State { name, symbol, bundle, start: Start::Number(value) })
}

/// The lines of an optimizer being put into phases.
struct Plan<'m> {
    rewrite: Rewrite<'m>,
    optimizer: &'m Optimizer,
    clip: Option<crate::module::Clip>,
    phases: Vec<Phase>,
}

impl<'m> Plan<'m> {
    fn new(
        module: &'m mut Module,
        optimizer: &'m Optimizer,
        clip: Option<crate::module::Clip>,
    ) -> Plan<'m> {
        Plan { rewrite: Rewrite::new(module), optimizer, clip, phases: Vec::new() }
    }

    fn phases(mut self) -> Result<Vec<Phase>, Refusal> {
        let lines: Vec<&OptimizerLine> = self.optimizer.lines.iter().filter(|l| l.next).collect();
        let roots: Vec<NodeId> = lines.iter().map(|l| l.value).collect();
        let found = rewrite::gradients(self.rewrite.module, self.optimizer.loss, &roots)?;
        let p = self.rewrite.module.read(self.optimizer.p)?;
        let at_p = found.points.iter().find(|(_, point)| *point == p);
        if found.reads_loss {
            // The loss at p comes first, whether its gradient is read or not.
            let gradient = at_p.map(|(gradient, _)| *gradient);
            self.gradient(gradient, self.optimizer.p, "p", true)?;
        }
        for (gradient, point) in &found.points {
            if *point == p && found.reads_loss {
                continue;
            }
            let (at, name) =
                if *point == p { (self.optimizer.p, "p".to_string()) } else { self.point(*point)? };
            self.gradient(Some(*gradient), at, &name, false)?;
        }
        let mut outputs = Vec::new();
        let mut targets = Vec::new();
        for line in lines {
            let symbol = line.symbol;
            let state = symbol.ok_or_else(|| Refusal(format!("`{}` is no state", line.name)))?;
            outputs.push((format!("{}'", line.name), self.rewrite.node(line.value)?));
            targets.push(Target::Next(state));
        }
        self.lines(&outputs, targets)?;
        Ok(self.phases)
    }

    /// A point of the bundle gets a name: that of its line.
    fn point(&mut self, point: NodeId) -> Result<(SymbolId, String), Refusal> {
        let line = self.optimizer.lines.iter().find(|l| l.value == point);
        let name = match (line, &self.rewrite.module.graph.node(point).op) {
            (Some(line), _) => line.name.clone(),
            (None, Op::Symbol { id, .. }) => self.rewrite.module.symbol(*id).name.clone(),
            _ => "q".into(),
        };
        let value = self.rewrite.node(point)?;
        let (symbol, read) = self.local(&name)?;
        self.lines(&[(name.clone(), value)], vec![Target::Local(symbol)])?;
        self.rewrite.put(point, read);
        Ok((symbol, name))
    }

    /// A gradient phase; what reads the gradient reads its name from here on.
    fn gradient(
        &mut self,
        gradient: Option<NodeId>,
        at: SymbolId,
        name: &str,
        loss: bool,
    ) -> Result<(), Refusal> {
        let (into, read) = self.local(&format!("dJ/d{name}"))?;
        let loss = loss.then_some(self.optimizer.loss);
        self.phases.push(Phase::Gradient { at, into, loss });
        if let Some(gradient) = gradient {
            let within = match &self.clip {
                None => read,
                Some(clip) => clip::within(self.rewrite.module, clip, read)?,
            };
            self.rewrite.put(gradient, within);
        }
        Ok(())
    }

    fn local(&mut self, name: &str) -> Result<(SymbolId, NodeId), Refusal> {
        let ty: Type = (*self.rewrite.module.symbol(self.optimizer.p).ty).clone();
        Ok(self.rewrite.module.declare(name, Role::Local, &ty)?)
    }

    fn lines(&mut self, outputs: &[(String, NodeId)], targets: Vec<Target>) -> Result<(), Refusal> {
        let lowered = lower::lower(self.rewrite.module, outputs)?;
        self.phases.push(Phase::Lines { lowered, targets });
        Ok(())
    }
}
