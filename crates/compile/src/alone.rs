//! A lowered graph by itself: inputs at places, outputs at places.

use std::collections::BTreeMap;

use chainrule_graph::lower::{Lowered, Work};
use chainrule_graph::{Module, SymbolId};
use chainrule_kernels::program::{Precision, Program, Slot};

use crate::bind::Bound;
use crate::draft::{Draft, Region};
use crate::nodes::{Names, Nodes};
use crate::plan::{Plan, aligned};
use crate::refused::Refused;
use crate::training::finished;

/// A program whose inputs are set by hand.
#[derive(Clone, Debug)]
pub struct Alone {
    /// What is done.
    pub program: Program,
    /// Where each input is, its entries in the order of the lowered array: the batch axis last.
    pub inputs: Vec<(SymbolId, Slot)>,
    /// Where each output is.
    pub outputs: Vec<Slot>,
    /// The tasks of the program.
    pub draft: Draft,
    /// Where the values are.
    pub plan: Plan,
}

/// Compiles a lowered graph at `rows` rows a batch; other sizes have their numbers in `module`.
///
/// # Errors
///
/// A size has no number or does not fit, an index would run outside, the memory is too much.
///
/// ```
/// use chainrule_kernels::program::{Precision, Work};
/// let text = "size n = 3, m = 2\ngiven\n  A : R[n, m]\n  B : R[m, n]\nnet\n  Y = A B\n";
/// let mut module = chainrule_graph::read(text).modules.remove(0);
/// let y = module.bindings[0].value;
/// let lowered = chainrule_graph::lower::lower(&mut module, &[("Y".into(), y)]).unwrap();
/// let made = chainrule_compile::alone(&module, &lowered, 1, Precision::F32).unwrap();
/// assert!(matches!(made.program.instructions[0].work, Work::Contract(_)));
/// assert_eq!(made.outputs[0].len, 9);
/// ```
pub fn alone(
    module: &Module,
    lowered: &Lowered,
    rows: u64,
    precision: Precision,
) -> Result<Alone, Refused> {
    let bound = Bound { module, rows, total: rows, precision };
    let mut draft = Draft::new(precision);
    let mut env: BTreeMap<SymbolId, Region> = BTreeMap::new();
    let mut inputs = Vec::new();
    let place = |draft: &mut Draft, name: &str, len: usize, given: bool| {
        let at = draft.floor;
        draft.floor += aligned(len);
        (draft.home(name, at, len, given), Slot { at, len })
    };
    for node in &lowered.nodes {
        if let Work::Input(symbol) = node.work {
            let len = bound.dims(&node.dims)?.iter().product();
            let (region, slot) = place(&mut draft, &node.name, len, true);
            env.insert(symbol, region);
            inputs.push((symbol, slot));
        }
    }
    let (mut wanted, mut outputs) = (Vec::new(), Vec::new());
    for (name, node) in &lowered.outputs {
        let len = bound.dims(&lowered.nodes[*node].dims)?.iter().product();
        let (region, slot) = place(&mut draft, name, len, false);
        wanted.push(region);
        outputs.push(slot);
    }
    let mut found = |_: &mut Draft, symbol: SymbolId| {
        env.get(&symbol).copied().ok_or_else(|| Refused("a name without a place".into()))
    };
    let mut names = Names { env: &mut found, span: &|_| None };
    let mut nodes = Nodes::new(bound, lowered, &mut draft)?;
    nodes.run(&vec![true; lowered.nodes.len()], &BTreeMap::new(), &mut names)?;
    let regions = nodes.regions;
    for ((name, node), region) in lowered.outputs.iter().zip(wanted) {
        match regions[*node] {
            Some(from) => draft.copy(name, None, from, region),
            None => return Err(Refused(format!("`{name}` is not there"))),
        }
    }
    let (draft, plan, program) = finished(draft)?;
    Ok(Alone { program, inputs, outputs, draft, plan })
}
