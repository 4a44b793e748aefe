//! Reductions and what their derivatives need: which axes they run over, and copies back.

pub(crate) mod first;
mod groups;
pub(crate) mod others;
pub(crate) mod reduce;

use crate::axis::Axes;
use crate::index::NodeId;
use crate::op::{Context, Op, Over};
use crate::record::{Made, Reach};
use crate::size::Size;
use crate::spec::{Map, Place};
use crate::terms::Terms;
use crate::types::Type;

/// The dims that a reduction runs over.
fn dims_of(over: &Over, x: &Type) -> Vec<usize> {
    match over {
        Over::All => (0..x.dims.len()).collect(),
        Over::Axis(at) | Over::Batch(at) => vec![*at],
        Over::Dims(places) => places.clone(),
        Over::Named(_) => Vec::new(),
    }
}

/// What a reduction, or a derivative of one, runs over.
fn over(op: &Op) -> &Over {
    match op {
        Op::Reduce { over, .. } | Op::First { over, .. } | Op::Others { over } => over,
        _ => &Over::All,
    }
}

fn reach(op: &Op, inputs: &[&Type], _: &Context<'_>) -> Reach {
    match over(op) {
        Over::Named(axes) => Reach { axes: axes.clone(), places: (0..axes.len()).collect() },
        other => Reach { axes: Vec::new(), places: dims_of(other, inputs[0]) },
    }
}

/// The sizes of what a reduction runs over, if all are known.
fn extents(over: &Over, x: &Type, axes: &Axes) -> Option<Vec<Size>> {
    match over {
        Over::Named(named) => named.iter().map(|a| axes.get(*a).extent.clone()).collect(),
        _ => Some(dims_of(over, x).into_iter().map(|i| x.dims[i].clone()).collect()),
    }
}

/// The number of entries that a mean divides by.
fn count(t: &mut Terms<'_>, over: &Over, x: &Type) -> Made {
    let sizes = extents(over, x, t.axes).ok_or_else(|| Terms::bug("an axis without extent"))?;
    let size = Size::product(&sizes)?;
    t.size(&size)
}

/// Matrices keep the orientation: `sum(A, axis = 0)` is a row.
fn reduced(x: &Type, axis: usize, keep: bool) -> Vec<Size> {
    let mut dims = x.dims.clone();
    if dims.len() == 2 && (keep || axis == 0) {
        dims[axis] = Size::number(1);
        let scalar = dims.iter().all(Size::is_one);
        return if scalar { vec![Size::number(1)] } else { dims };
    }
    dims.remove(axis);
    dims
}

/// Where the entries that are left stand in the result: a dim that was reduced and is kept is 0.
fn kept_place(count: usize, places: &[usize], output: &Type) -> Place {
    let kept: Vec<usize> = (0..count).filter(|i| !places.contains(i)).collect();
    if kept.len() >= output.dims.len() {
        let kept: Vec<u32> = kept.iter().take(output.dims.len()).map(|i| *i as u32).collect();
        return Place::of(&kept);
    }
    let full = (0..count as u32)
        .map(|i| if places.contains(&(i as usize)) { Map::number(0) } else { Map::local(i) });
    Place::maps(full.take(output.dims.len()).collect())
}

/// The transpose of a sum: copies along what was summed.
pub(super) fn spread(t: &mut Terms<'_>, y: NodeId, over: &Over, x: &Type) -> Made {
    let from: Vec<usize> = match over {
        Over::Named(axes) => {
            if t.graph.node(y).op == Op::Neg {
                let plain = t.graph.node(y).inputs[0];
                let copies = spread(t, plain, over, x)?;
                return t.neg(copies);
            }
            let op = Op::Lift { axes: axes.clone(), dims: x.dims.clone(), from: all(x) };
            return t.op(op, &[y]);
        }
        _ => {
            let places = dims_of(over, x);
            (0..x.dims.len()).filter(|i| !places.contains(i)).collect()
        }
    };
    // `[n, 1]` is `[n]`, so of the dims that are left the last may be none of the sum's.
    let column = from.len() == 2 && x.dims[from[1]].is_one();
    let from = if column { vec![from[0]] } else { from };
    let kept: Vec<Size> = from.iter().map(|i| x.dims[*i].clone()).collect();
    // A sum of all dims leaves a number, and a number may be kept as one entry.
    let y = t.reshape(y, &kept)?;
    let node = t.graph.node(y).clone();
    if node.op == Op::Neg {
        let copies = spread(t, node.inputs[0], over, x)?;
        return t.neg(copies);
    }
    if let (Op::Lift { from, axes, .. }, false) = (&node.op, kept.is_empty())
        && from.is_empty()
        && axes.is_empty()
    {
        // Copies of copies of a number.
        let op = Op::Lift { axes: Vec::new(), dims: x.dims.clone(), from: Vec::new() };
        return t.op(op, &node.inputs);
    }
    t.op(Op::Lift { axes: Vec::new(), dims: x.dims.clone(), from }, &[y])
}

fn all(x: &Type) -> Vec<usize> {
    (0..x.dims.len()).collect()
}
