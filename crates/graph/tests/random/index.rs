//! Builders of reductions, index equations, labels and derivatives.

use chainrule_graph::index::{AxisId, NodeId, SymbolId};
use chainrule_graph::op::{Affine, Over, Position};
use chainrule_graph::record::Made;
use chainrule_graph::{Kind, Misfit, Op, Size, Type};
use chainrule_syntax::ast::{BigOp, Comparison};

use super::build::Build;
use super::grow::Grower;

fn word(g: &mut Grower) -> BigOp {
    g.dice.of(&[BigOp::Sum, BigOp::Mean, BigOp::Max, BigOp::Min, BigOp::Prod])
}

/// Over dims, or over N where there is one.
fn over(g: &mut Grower, x: NodeId) -> Over {
    let ty = g.ty(x);
    let n = ty.dims.len();
    match g.dice.below(5) {
        0 if !ty.axes.is_empty() => Over::Named(ty.axes),
        _ if n == 0 => Over::All,
        1 => Over::All,
        2 => Over::Batch(g.dice.below(n)),
        3 if n > 1 => {
            let out = g.dice.below(n);
            Over::Dims((0..n).filter(|at| *at != out).collect())
        }
        _ => Over::Axis(g.dice.below(n)),
    }
}

fn reduce(g: &mut Grower) -> Made {
    let (x, op) = (g.any(), word(g));
    let over = over(g, x);
    g.op(Op::Reduce { op, over }, &[x])
}

/// `x .* first(x)` or the product of all others.
fn selected(g: &mut Grower) -> Made {
    let x = g.any();
    let over = over(g, x);
    if g.dice.chance(50) {
        return g.op(Op::Others { over }, &[x]);
    }
    let op = g.dice.of(&[BigOp::Max, BigOp::Min]);
    let chosen = g.op(Op::First { op, over }, &[x])?;
    let y = g.like(&g.dims(x));
    g.op(Op::Hadamard, &[chosen, y])
}

fn plain(axis: AxisId) -> Position {
    Position::Affine(Affine { terms: vec![(axis, 1)], constant: Size::number(0) })
}

/// Positions in an array: `:`, indices, places, labels. The axes are new, one a dim at most.
fn positions(
    g: &mut Grower,
    dims: &[Size],
    pad: bool,
) -> (Vec<Position>, Vec<AxisId>, Vec<NodeId>) {
    let (mut out, mut axes, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    for dim in dims {
        let choice = if dim.constant().is_some() { 0 } else { g.dice.below(8) };
        match choice {
            0 | 1 => out.push(Position::All),
            2 => {
                labels.push(g.label(dim));
                out.push(Position::Label);
            }
            3 => {
                let constant = Size::number(g.dice.below(2) as i64);
                out.push(Position::Affine(Affine { terms: Vec::new(), constant }));
            }
            // `A[i,i]`
            4 if axes.iter().any(|a| g.module.axes.get(*a).extent.as_ref() == Some(dim)) => {
                let same = |a: &&AxisId| g.module.axes.get(**a).extent.as_ref() == Some(dim);
                let axis = *axes.iter().find(same).expect("an axis of this size");
                out.push(plain(axis));
            }
            _ => {
                let axis = g.t().fresh_axis("i", dim.clone());
                axes.push(axis);
                let (k, c) = if pad {
                    g.dice.of(&[(1, 1), (1, -1), (2, 0), (2, -1), (1, 0)])
                } else {
                    (1, 0)
                };
                let constant = Size::number(c);
                out.push(Position::Affine(Affine { terms: vec![(axis, k)], constant }));
            }
        }
    }
    (out, axes, labels)
}

/// Two indices in one place, as a convolution has them: `x[i+j-1]`.
fn window(g: &mut Grower) -> Made {
    let (n, m) = (g.size(), g.size());
    let x = g.like(std::slice::from_ref(&n));
    let (i, j) = (g.t().fresh_axis("i", n), g.t().fresh_axis("j", m.clone()));
    let map = Affine { terms: vec![(i, 1), (j, 1)], constant: Size::number(-1) };
    let entry = g.op(Op::Access { positions: vec![Position::Affine(map)], pad: true }, &[x])?;
    let kernel = g.like(&[m]);
    let weight = g.t().entry(kernel, &[j])?;
    let product = g.op(Op::Scale, &[entry, weight])?;
    let op = word(g);
    let op = if op == BigOp::Prod { BigOp::Sum } else { op };
    let sum = g.op(Op::Reduce { op, over: Over::Named(vec![j]) }, &[product])?;
    g.t().collect(sum, &[i])
}

/// Free indices are summed or collected.
fn closed(g: &mut Grower, x: NodeId, axes: &[AxisId]) -> Made {
    if axes.is_empty() {
        return Ok(x);
    }
    if g.ty(x).is_scalar() {
        if g.dice.chance(30) {
            let index = g.op(Op::IndexNumber { axis: axes[0] }, &[])?;
            let weighted = g.op(Op::Scale, &[index, x])?;
            return g.t().collect(weighted, axes);
        }
        let mut turned = axes.to_vec();
        turned.reverse();
        return g.t().collect(x, &turned);
    }
    let op = g.dice.of(&[BigOp::Sum, BigOp::Mean]);
    let mut axes = axes.to_vec();
    axes.sort_unstable();
    g.op(Op::Reduce { op, over: Over::Named(axes) }, &[x])
}

fn access(g: &mut Grower) -> Made {
    let (x, pad) = (g.array(), g.dice.chance(50));
    let dims = g.dims(x);
    let (positions, axes, labels) = positions(g, &dims, pad);
    let mut inputs = vec![x];
    inputs.extend(labels);
    let entry = g.op(Op::Access { positions, pad }, &inputs)?;
    closed(g, entry, &axes)
}

/// Entries of an array, or a number at each index, added up in another.
fn scatter(g: &mut Grower) -> Made {
    let dims: Vec<Size> = [g.size(), g.size()].into_iter().take(1 + g.dice.below(2)).collect();
    let pad = g.dice.chance(50);
    let (positions, axes, labels) = positions(g, &dims, pad);
    // What the access would leave: the dims at `:`.
    let base = g.data(&dims);
    let mut inputs = vec![base];
    inputs.extend(&labels);
    let read = g.op(Op::Access { positions: positions.clone(), pad }, &inputs)?;
    let left = g.dims(read);
    let mut value = g.like(&left);
    if left.is_empty() && !axes.is_empty() && g.dice.chance(70) {
        let extents: Option<Vec<Size>> =
            axes.iter().map(|a| g.module.axes.get(*a).extent.clone()).collect();
        let source = g.like(&extents.unwrap_or_default());
        value = g.t().entry(source, &axes)?;
    }
    let mut over = axes.clone();
    over.sort_unstable();
    if g.dice.chance(30) {
        over.clear();
    }
    let rest: Vec<AxisId> = axes.into_iter().filter(|a| !over.contains(a)).collect();
    inputs[0] = value;
    let sum = g.op(Op::Scatter { positions, dims, over, pad }, &inputs)?;
    closed(g, sum, &rest)
}

/// A label by its number or as the greatest entry, used in every way.
fn labels(g: &mut Grower) -> Made {
    let n = g.size();
    let z = g.like(std::slice::from_ref(&n));
    let y = if g.dice.chance(50) { g.op(Op::ArgMax, &[z])? } else { g.label(&n) };
    match g.dice.below(4) {
        0 => g.op(Op::CrossEntropy, &[z, y]),
        1 => {
            let one = g.op(Op::OneHot, &[y])?;
            let x = g.like(&[n]);
            g.op(Op::Hadamard, &[one, x])
        }
        2 => {
            let x = g.like(&[n, g.sizes[1].clone()]);
            let dims = g.dims(x);
            let positions = if dims.len() == 2 {
                vec![Position::Label, Position::All]
            } else {
                vec![Position::Label]
            };
            g.op(Op::Access { positions, pad: false }, &[x, y])
        }
        _ => {
            let other = g.label(&n);
            let truth = g.op(Op::Compare { op: Comparison::Equal }, &[y, other])?;
            let hit = g.op(Op::Indicator, &[truth])?;
            let x = g.any();
            g.op(Op::Scale, &[hit, x])
        }
    }
}

fn cross_entropy(g: &mut Grower) -> Made {
    let n = g.size();
    let z = g.like(std::slice::from_ref(&n));
    let y = g.label(&n);
    g.op(Op::CrossEntropy, &[z, y])
}

/// A name that values may read, and the node of it.
fn variable(g: &mut Grower, fits: impl Fn(&Type) -> bool) -> Result<(NodeId, Type), Misfit> {
    let fits = |id: &SymbolId| fits(&g.module.symbol(*id).ty);
    let fitting: Vec<SymbolId> = g.variables.iter().copied().filter(fits).collect();
    if g.derived || fitting.is_empty() {
        return Err(Misfit::new("grown", "one derivative is enough"));
    }
    let id = g.dice.of(&fitting);
    let ty = g.module.symbol(id).ty.clone();
    let own = Type::clone(&ty);
    Ok((g.op(Op::Symbol { id, ty }, &[])?, own))
}

fn vector(ty: &Type) -> bool {
    ty.dims.len() <= 1 && ty.axes.is_empty()
}

fn jac(g: &mut Grower) -> Made {
    let (x, _) = variable(g, vector)?;
    let f = g.pick(|ty| ty.dims.len() <= 1).filter(|f| g.plain(*f));
    let f = f.ok_or_else(|| Misfit::new("grown", "nothing small"))?;
    g.derived = true;
    let row = g.dice.chance(50);
    g.op(Op::Jac { row }, &[f, x])
}

/// A number that a value comes to: the mean over samples, or one number a sample.
fn objective(g: &mut Grower) -> Made {
    let f = g.any();
    if !g.plain(f) {
        return Err(Misfit::new("grown", "too large to differentiate"));
    }
    let bounded = g.op(Op::Sin, &[f])?;
    let square = g.op(Op::Inner, &[bounded, f])?;
    if g.dice.chance(20) { Ok(square) } else { g.over_axes(square, BigOp::Mean) }
}

fn grad(g: &mut Grower) -> Made {
    let (x, _) = variable(g, |_| true)?;
    let loss = objective(g)?;
    g.derived = true;
    g.op(Op::Grad, &[loss, x])
}

fn hess(g: &mut Grower) -> Made {
    let (x, _) = variable(g, vector)?;
    let loss = objective(g)?;
    g.derived = true;
    g.op(Op::Hess, &[loss, x])
}

fn hvp(g: &mut Grower) -> Made {
    let (x, ty) = variable(g, |_| true)?;
    let loss = objective(g)?;
    let along = g.data(&ty.dims);
    if g.ty(along).axes != ty.axes {
        return Err(Misfit::new("grown", "a direction of another type"));
    }
    g.derived = true;
    g.op(Op::Hvp, &[loss, x, along])
}

/// `f'(x)`
fn prime(g: &mut Grower) -> Made {
    let x = g.any();
    let ty = g.ty(x).with_kind(Kind::Real);
    let (_, local) = super::support::problem::free(&mut g.module, "t", &ty);
    let chainrule_graph::Op::Symbol { id, .. } = g.module.graph.node(local).op else {
        return Err(Misfit::new("grown", "a name"));
    };
    g.module.symbols[id.index()].role = chainrule_graph::module::Role::Local;
    let op = g.dice.of(&[Op::Tanh, Op::Sigmoid, Op::Sin, Op::Softplus]);
    let function = op.def().name.to_string();
    let value = g.op(op, &[local])?;
    let order = 1 + g.dice.below(2) as u32;
    g.op(Op::Prime { function, order }, &[x, local, value])
}

/// The builders of this file.
pub(crate) static ALL: &[Build] = &[
    reduce,
    reduce,
    reduce,
    reduce,
    selected,
    selected,
    window,
    access,
    access,
    access,
    scatter,
    scatter,
    labels,
    labels,
    cross_entropy,
    grad,
    jac,
    jac,
    hess,
    hess,
    hvp,
    hvp,
    prime,
];
