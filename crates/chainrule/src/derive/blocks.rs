//! Lines in blocks: a layer each, outermost first.
//!
//! A layer ends with the value whose cotangent a parameter's line reads last; the lines of
//! parameters follow it at once. So every name is defined before it is read, and what belongs
//! together stands together.

use std::collections::BTreeSet;
use std::ops::Range;

use chainrule_graph::differentiate::Line;
use chainrule_graph::{Module, NodeId, Op, SymbolId};

/// The lines in the order of their blocks, and where the blocks are.
pub(super) fn blocks(
    module: &Module,
    lines: &[Line],
    wrt: &[SymbolId],
) -> (Vec<Line>, Vec<Range<usize>>) {
    let (params, between): (Vec<&Line>, Vec<&Line>) =
        lines.iter().partition(|l| wrt.contains(&l.of) && module.binding(l.of).is_none());
    let place = |symbol: SymbolId| between.iter().position(|l| l.symbol == symbol);
    let last = |line: &Line| reads(module, line.value).into_iter().filter_map(place).max();
    let lasts: Vec<Option<usize>> = params.iter().map(|l| last(l)).collect();
    let (mut ordered, mut ranges, mut start) = (Vec::new(), Vec::new(), 0);
    for (i, line) in between.iter().enumerate() {
        ordered.push((*line).clone());
        let own = params.iter().zip(&lasts).filter(|(_, last)| **last == Some(i));
        let before = ordered.len();
        ordered.extend(own.map(|(line, _)| (*line).clone()));
        if ordered.len() > before {
            ranges.push(start..ordered.len());
            start = ordered.len();
        }
    }
    // What reads no cotangent: a penalty alone.
    let free = params.iter().zip(&lasts).filter(|(_, last)| last.is_none());
    ordered.extend(free.map(|(line, _)| (*line).clone()));
    if ordered.len() > start {
        ranges.push(start..ordered.len());
    }
    (ordered, ranges)
}

/// The symbols that a term reads.
pub(super) fn reads(module: &Module, node: NodeId) -> BTreeSet<SymbolId> {
    let (mut seen, mut open, mut found) = (BTreeSet::new(), vec![node], BTreeSet::new());
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let node = module.graph.node(id);
        if let Op::Symbol { id, .. } = node.op {
            found.insert(id);
        }
        open.extend(&node.inputs);
    }
    found
}
