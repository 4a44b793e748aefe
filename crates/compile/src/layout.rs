//! The persistent part of the arena: what stays from step to step, at the same places in every
//! program of a training.

use chainrule_graph::lower::layout_sizes;
use chainrule_graph::update::{Start, Update};
use chainrule_graph::{Module, SymbolId};
use chainrule_kernels::program::{Precision, Slot};

use crate::bind::Bound;
use crate::plan::aligned;
use crate::refused::{Refused, refused};

/// Where a training keeps what lasts.
#[derive(Clone, PartialEq, Debug)]
pub struct Layout {
    /// The number type.
    pub precision: Precision,
    /// The parameters, in the order they are declared.
    pub params: Vec<Home>,
    /// All of them, one after the other without gaps.
    pub bundle: Slot,
    /// What the optimizer keeps.
    pub states: Vec<StateHome>,
    /// Numbers that are set before every step.
    pub inputs: Vec<(String, Slot)>,
    /// The loss of the batch, at the point of the first gradient.
    pub loss: Slot,
    /// How many entries all this takes; workspaces lie behind.
    pub len: usize,
}

/// A parameter's place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Home {
    /// Its name.
    pub name: String,
    /// Its symbol.
    pub symbol: SymbolId,
    /// Its extents, row-major; dims of the literal size 1 are left out.
    pub dims: Vec<usize>,
    /// Its entries.
    pub slot: Slot,
}

/// A state's place.
#[derive(Clone, PartialEq, Debug)]
pub struct StateHome {
    /// Its name.
    pub name: String,
    /// Its entries.
    pub slot: Slot,
    /// Whether it is as long as the bundle.
    pub bundle: bool,
    /// How it starts.
    pub start: StateStart,
}

/// How a state starts.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum StateStart {
    /// Filled with a number.
    Number(f64),
    /// With the start values of the parameters.
    Parameters,
}

/// Runs of entries, one after the other.
struct Places(usize);

impl Places {
    fn next(&mut self, len: usize) -> Slot {
        let slot = Slot { at: self.0, len };
        self.0 += aligned(len);
        slot
    }
}

/// The parameters from 0 on.
pub(crate) fn params(module: &Module, bound: &Bound<'_>) -> Result<(Vec<Home>, usize), Refused> {
    let (mut homes, mut at) = (Vec::new(), 0_usize);
    for (symbol, declared) in module.params() {
        if declared.ty.axes.iter().any(|a| module.axes.is_batch(*a)) {
            return refused(format!("the parameter `{}` has a batch axis", declared.name));
        }
        let dims = bound.dims(&layout_sizes(module, &declared.ty)?)?;
        let len = dims.iter().product();
        let slot = Slot { at, len };
        at += len;
        homes.push(Home { name: declared.name.clone(), symbol, dims, slot });
    }
    if at > crate::bind::MOST_BYTES / crate::bind::bytes(bound.precision) {
        return refused(format!("{at} parameters do not fit into memory"));
    }
    Ok((homes, at))
}

/// The layout of a training. The bundle comes first.
pub(crate) fn layout(
    params: Vec<Home>,
    count: usize,
    update: &Update,
    precision: Precision,
) -> Layout {
    let mut places = Places(0);
    let bundle = places.next(count);
    let state = |s: &chainrule_graph::update::State| {
        let start = match s.start {
            Start::Number(value) => StateStart::Number(value),
            Start::Parameters => StateStart::Parameters,
        };
        (s.name.clone(), s.bundle, start)
    };
    let mut states = Vec::new();
    for (name, bundle, start) in update.states.iter().map(state) {
        let slot = places.next(if bundle { count } else { 1 });
        states.push(StateHome { name, slot, bundle, start });
    }
    let inputs = update.inputs.iter().map(|(name, _)| (name.clone(), places.next(1))).collect();
    let loss = places.next(1);
    Layout { precision, params, bundle, states, inputs, loss, len: places.0 }
}
