//! What is read once is computed where it is read: sums of products become one loop, and so do
//! chains of entry-wise steps.

use super::Lowered;
use super::compose::inline;
use super::ir::{Fold, Loop, Step, Work};
use super::{roles, solve};
use crate::module::Module;
use crate::op::Op;
use crate::size::Size;

/// Longest program that is made by joining: a chain is joined in time linear in its length.
const LONGEST: usize = 48;

/// How often each node is read, outputs included.
fn uses(lowered: &Lowered) -> Vec<usize> {
    let mut uses = vec![0; lowered.nodes.len()];
    for node in &lowered.nodes {
        node.work.reads().into_iter().for_each(|of| uses[of] += 1);
    }
    lowered.outputs.iter().for_each(|(_, at)| uses[*at] += 1);
    uses
}

/// A sum of what one other loop computes is one loop: no product is stored to be summed.
pub(super) fn merge_sums(lowered: &mut Lowered, module: &Module) {
    let uses = uses(lowered);
    for at in 0..lowered.nodes.len() {
        while let Work::Loop(l) = &lowered.nodes[at].work {
            let dims = &lowered.nodes[at].dims;
            let Some(merged) = merged(lowered, module, l, dims, &uses) else { break };
            lowered.nodes[at].work = Work::Loop(merged);
        }
    }
}

fn merged(
    lowered: &Lowered,
    module: &Module,
    l: &Loop,
    dims: &[Size],
    uses: &[usize],
) -> Option<Loop> {
    let sums = l.fold == Some(Fold::Sum) && l.body.is_read();
    let view = l.reads.first().filter(|_| sums)?;
    if view.pad || uses[view.of] != 1 || view.maps.iter().any(|m| m.label.is_some()) {
        return None;
    }
    let Work::Loop(inner) = &lowered.nodes[view.of].work else { return None };
    if inner.write.is_some() || !matches!(inner.fold, None | Some(Fold::Sum)) {
        return None;
    }
    let mut out = l.clone();
    if !inline(&mut out, 0, inner) {
        return None;
    }
    while let Some(at) =
        out.reads.iter().position(|v| !v.pad && uses[v.of] == 1 && expands(lowered, v.of))
    {
        let Work::Loop(outer) = &lowered.nodes[out.reads[at].of].work else { break };
        if !inline(&mut out, at, outer) {
            break;
        }
    }
    out.useful = Size::product(&out.space).ok()?;
    // A product of matrices that is summed further stays a product of matrices.
    let was = roles::contraction(inner).is_some();
    let is = || {
        let solved = solve::solved(lowered, module, &out, dims);
        roles::contraction(solved.as_ref().unwrap_or(&out)).is_some_and(|c| c.is_full())
    };
    (!was || is()).then_some(out)
}

/// Whether a loop has more points than anything it reads has entries: a product along new indices.
fn expands(lowered: &Lowered, at: usize) -> bool {
    let Work::Loop(l) = &lowered.nodes[at].work else { return false };
    let covers = |v: &super::ir::View| {
        (0..l.rank).all(|i| v.maps.iter().any(|m| m.terms.iter().any(|(at, _)| *at == i)))
    };
    l.fold.is_none() && l.write.is_none() && l.reads.len() > 1 && !l.reads.iter().any(covers)
}

/// Entry-wise steps that are read once, over the same points, join what reads them.
pub(super) fn fuse_pointwise(lowered: &mut Lowered) {
    let uses = uses(lowered);
    for at in 0..lowered.nodes.len() {
        while let Work::Loop(l) = &lowered.nodes[at].work {
            let Some(fused) = fused(lowered, l, &uses) else { break };
            lowered.nodes[at].work = Work::Loop(fused);
        }
    }
}

fn fused(lowered: &Lowered, l: &Loop, uses: &[usize]) -> Option<Loop> {
    if l.fold.is_some() || l.write.is_some() {
        return None;
    }
    let at = l.reads.iter().position(|view| {
        let Work::Loop(inner) = &lowered.nodes[view.of].work else { return false };
        let pointwise = inner.fold.is_none() && inner.write.is_none();
        let fits = l.body.steps.len() + inner.body.steps.len() <= LONGEST;
        pointwise && fits && !view.pad && uses[view.of] == 1 && same_points(l, view)
    })?;
    let Work::Loop(inner) = &lowered.nodes[l.reads[at].of].work else { return None };
    let mut out = l.clone();
    inline(&mut out, at, inner).then_some(out)
}

/// Whether a view runs over exactly the points of the loop.
fn same_points(l: &Loop, view: &super::ir::View) -> bool {
    let mut seen = vec![false; l.space.len()];
    for map in &view.maps {
        match map.as_index() {
            Some(at) if !seen[at] => seen[at] = true,
            _ => return false,
        }
    }
    seen.into_iter().all(|s| s)
}

/// Nodes that nothing reads are dropped, the rest numbered anew.
pub(super) fn drop_dead(lowered: &mut Lowered) {
    let mut alive = vec![false; lowered.nodes.len()];
    lowered.outputs.iter().for_each(|(_, at)| alive[*at] = true);
    for at in (0..lowered.nodes.len()).rev() {
        if alive[at] {
            lowered.nodes[at].work.reads().into_iter().for_each(|of| alive[of] = true);
        }
    }
    let mut number = vec![0; alive.len()];
    let mut next = 0;
    for (at, alive) in alive.iter().enumerate() {
        number[at] = next;
        next += usize::from(*alive);
    }
    let nodes = std::mem::take(&mut lowered.nodes);
    for (mut node, alive) in nodes.into_iter().zip(&alive) {
        if *alive {
            node.work.renumber(|of| number[of]);
            lowered.nodes.push(node);
        }
    }
    lowered.outputs.iter_mut().for_each(|(_, at)| *at = number[*at]);
}

/// Products of entry-wise loops in one order, whatever order they were written in.
pub(super) fn normalise(lowered: &mut Lowered) {
    for node in &mut lowered.nodes {
        if let Work::Loop(l) = &mut node.work
            && l.fold.is_none()
        {
            normalise_body(l);
        }
    }
}

fn normalise_body(l: &mut Loop) {
    let mut keys: Vec<(usize, usize)> = Vec::with_capacity(l.body.steps.len());
    for step in &mut l.body.steps {
        let key = match step {
            Step::Number(_) | Step::Size(_) | Step::Pi => (0, 0),
            Step::Index(_) => (1, 0),
            Step::Read(k) => (2, l.reads[*k].of),
            Step::Apply(op, inputs) => {
                if matches!(op, Op::Scale | Op::Hadamard) {
                    *op = Op::Scale;
                    inputs.sort_by_key(|i| keys[*i]);
                }
                inputs.iter().map(|i| keys[*i]).max().unwrap_or((0, 0))
            }
        };
        keys.push(key);
    }
}
