//! A step of an update entry by entry: what compiled steps and recurrences are compared with.

use std::collections::BTreeMap;

use super::{BUNDLE, Phase, Start, Target, Update};
use crate::index::SymbolId;
use crate::interpret::{Failure, Numbers, Tensor};
use crate::lower::Work;
use crate::record::Reference;

/// The values of the names of an optimizer.
pub type Values<S> = BTreeMap<SymbolId, Vec<S>>;

/// The loss and its gradient at a point.
pub type Gradient<'a, S> = &'a mut dyn FnMut(&[S]) -> Result<(S, Vec<S>), Failure>;

/// Where a training stands: parameters, states, inputs.
#[derive(Clone, Debug)]
pub struct State<S> {
    /// Values by name: bundles, and numbers as one entry.
    pub values: Values<S>,
    entries: usize,
}

impl Update {
    /// The start: the parameters as given, the states as the optimizer says, the training's
    /// settings, counts of 0.
    pub fn begin<S: Reference>(&self, p: &[S]) -> State<S> {
        let mut values = Values::new();
        for state in &self.states {
            let value = match state.start {
                Start::Parameters => p.to_vec(),
                Start::Number(x) => vec![S::from_f64(x); if state.bundle { p.len() } else { 1 }],
            };
            values.insert(state.symbol, value);
        }
        for ((_, symbol), value) in self.inputs.iter().zip(&self.given) {
            values.insert(*symbol, vec![S::from_f64(*value)]);
        }
        values.insert(self.p, p.to_vec());
        State { values, entries: p.len() }
    }

    /// The symbol of an input.
    pub fn input(&self, name: &str) -> Option<SymbolId> {
        self.inputs.iter().find(|(known, _)| known == name).map(|(_, symbol)| *symbol)
    }

    /// One step: every phase in order, all next values put in place at the end. `gradient` gives
    /// the loss and its gradient at a point.
    ///
    /// # Errors
    ///
    /// `gradient` fails, or a value does not exist.
    ///
    /// ```
    /// let text = "param w : R = 1\nnet J = w^2\ntrain J by gd(step = 0.25) epochs 3\n";
    /// let module = chainrule_graph::read(text).modules.remove(0);
    /// let update = chainrule_graph::update::update(&module, &module.trainings[0]).unwrap();
    /// let mut state = update.begin(&[1.0]);
    /// update.step(&mut state, &mut |w| Ok((w[0] * w[0], vec![2.0 * w[0]]))).unwrap();
    /// assert_eq!(state.values[&update.p], [0.5]);
    /// ```
    pub fn step<S: Reference>(
        &self,
        state: &mut State<S>,
        gradient: Gradient<'_, S>,
    ) -> Result<(), Failure> {
        let mut next = Values::new();
        for phase in &self.phases {
            match phase {
                Phase::Gradient { at, into, loss } => {
                    let point = state.values.get(at);
                    let point = point.ok_or_else(|| Failure("a point without value".into()))?;
                    let (value, slope) = gradient(point)?;
                    state.values.insert(*into, slope);
                    if let Some(loss) = loss {
                        state.values.insert(*loss, vec![value]);
                    }
                }
                Phase::Lines { lowered, targets } => {
                    let made = self.lines(lowered, state)?;
                    for (target, value) in targets.iter().zip(made) {
                        match target {
                            Target::Local(symbol) => state.values.insert(*symbol, value),
                            Target::Next(symbol) => next.insert(*symbol, value),
                        };
                    }
                }
            }
        }
        state.values.extend(next);
        Ok(())
    }

    fn lines<S: Reference>(
        &self,
        lowered: &crate::lower::Lowered,
        state: &State<S>,
    ) -> Result<Vec<Vec<S>>, Failure> {
        let mut numbers = Numbers::of(&self.module, 1, 1);
        if let Some((id, _)) = self.module.sizes.base().find(|(_, def)| def.name == BUNDLE) {
            numbers.set(id, state.entries as u64);
        }
        let mut inputs: BTreeMap<SymbolId, Tensor<S>> = BTreeMap::new();
        for node in &lowered.nodes {
            if let Work::Input(symbol) = node.work
                && let Some(value) = state.values.get(&symbol)
            {
                let shape = if node.dims.is_empty() { Vec::new() } else { vec![value.len()] };
                inputs.insert(symbol, Tensor { axes: Vec::new(), shape, data: value.clone() });
            }
        }
        let made = lowered.evaluate(&numbers, &inputs)?;
        Ok(made.into_iter().map(|tensor| tensor.data).collect())
    }
}
