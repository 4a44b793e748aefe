//! Scatters turned into sums: `y[u+i] += a[u] b[i]` is `y[s] = sum[i] a[s-i] b[i]`, where `a` is 0
//! outside: the halo. So the data gradient of a convolution is a contraction over a padded view.

use super::Lowered;
use super::compose::{add_scaled, substitute, substitute_program};
use super::ir::{Loop, Map, Step, View, Work};
use crate::module::Module;
use crate::op::Op;
use crate::size::{Ratio, Size, TooLarge};

/// Solves every scatter that can be.
pub(super) fn solve(lowered: &mut Lowered, module: &Module) {
    for at in 0..lowered.nodes.len() {
        let Work::Loop(l) = &lowered.nodes[at].work else { continue };
        if let Some(solved) = solved(lowered, module, l, &lowered.nodes[at].dims) {
            lowered.nodes[at].work = Work::Loop(solved);
        }
    }
}

/// The loop with an index for each dim of its result; `None` if there is nothing to solve, or a dim
/// cannot be.
pub(super) fn solved(lowered: &Lowered, module: &Module, l: &Loop, dims: &[Size]) -> Option<Loop> {
    let write = l.write.clone()?;
    let mut out = l.clone();
    let mut result = Vec::new();
    for (at, dim) in dims.iter().enumerate() {
        let map = out.write.as_ref()?.maps.get(at)?.clone();
        if let Some(index) = map.as_index()
            && !result.contains(&index)
            && out.space[index] == *dim
        {
            result.push(index);
            continue;
        }
        if let Some(label) = map.label.filter(|_| map.terms.is_empty()) {
            result.push(choose(&mut out, label, at, dim));
            continue;
        }
        let gone = candidate(lowered, module, &out, &map, &result, at)?;
        replace(&mut out, lowered, &map, gone, dim).ok()?;
        result.push(gone);
    }
    if result.len() != write.maps.len() {
        return None;
    }
    out.write = None;
    let mut out = ordered(out, &result);
    if out.rank == out.space.len() {
        out.fold = None;
    }
    Some(out)
}

/// The index to give up for the dim's own: coefficient 1, in no other dim of the result, and read
/// plainly over its whole extent, so that zeros outside are zeros of the product. The longest one:
/// what is left is summed.
fn candidate(
    lowered: &Lowered,
    module: &Module,
    l: &Loop,
    map: &Map,
    taken: &[usize],
    dim: usize,
) -> Option<usize> {
    let factors = l.body.factors()?;
    let write = l.write.as_ref()?;
    let elsewhere = |at: usize| {
        let other = |(d, m): (usize, &Map)| d != dim && m.terms.iter().any(|(i, _)| *i == at);
        taken.contains(&at) || write.maps.iter().enumerate().any(other)
    };
    // A label outside its array is no zero.
    let chooses = |at: usize| {
        let other = |(k, v): (usize, &View)| {
            !factors.contains(&k) && v.maps.iter().any(|m| m.terms.iter().any(|(i, _)| *i == at))
        };
        l.reads.iter().enumerate().any(other)
    };
    let plain = |at: usize| {
        factors.iter().map(|k| &l.reads[*k]).any(|v| {
            let dims = &lowered.nodes[v.of].dims;
            let whole = |(m, d): (&Map, &Size)| m.as_index() == Some(at) && *d == l.space[at];
            v.maps.iter().zip(dims).any(whole)
        })
    };
    let fits =
        |(at, k): &&(usize, Size)| k.is_one() && !elsewhere(*at) && !chooses(*at) && plain(*at);
    let number = |at: usize| {
        let value = l.space[at].value(&module.sizes);
        value.and_then(Ratio::whole).unwrap_or(i128::MAX)
    };
    // With a stride most of the new sum would be zeros.
    if map.label.is_some() || map.terms.iter().any(|(_, k)| !k.is_one()) {
        return None;
    }
    // The first of the longest.
    let best = map.terms.iter().filter(fits).map(|(at, _)| *at);
    best.fold(None, |best: Option<usize>, at| match best {
        Some(old) if number(old) >= number(at) => Some(old),
        _ => Some(at),
    })
}

/// `gone` becomes the index of the result's dim: the old one is the dim less the other terms.
fn replace(
    l: &mut Loop,
    lowered: &Lowered,
    map: &Map,
    gone: usize,
    dim: &Size,
) -> Result<(), TooLarge> {
    let minus = Size::number(-1);
    let mut old = Map::index(gone);
    let mut rest = map.clone();
    rest.terms.retain(|(at, _)| *at != gone);
    add_scaled(&mut old, &rest, &minus)?;
    let by: Vec<Map> = (0..l.space.len())
        .map(|at| if at == gone { old.clone() } else { Map::index(at) })
        .collect();
    let mut reads = Vec::with_capacity(l.reads.len());
    for view in &l.reads {
        let touched = view.maps.iter().any(|m| m.terms.iter().any(|(at, _)| *at == gone));
        let maps = view.maps.iter().map(|m| substitute(m, &by)).collect::<Result<_, _>>()?;
        reads.push(View { of: view.of, maps, pad: view.pad || touched });
    }
    debug_assert!(reads.iter().all(|v| v.maps.len() == lowered.nodes[v.of].dims.len()));
    l.reads = reads;
    l.body = substitute_program(&l.body, &by)?;
    l.space[gone] = dim.clone();
    if let Some(write) = &mut l.write {
        for m in &mut write.maps {
            let own = *m == *map;
            *m = if own { Map::index(gone) } else { substitute(m, &by)? };
        }
    }
    Ok(())
}

/// A dim that a label chooses becomes an index of its own: the value where it is the label, else 0.
fn choose(l: &mut Loop, label: usize, dim: usize, size: &Size) -> usize {
    let index = l.space.len();
    l.space.push(size.clone());
    let value = l.body.steps.len() - 1;
    let equal = Op::Compare { op: chainrule_syntax::ast::Comparison::Equal };
    l.body.steps.extend([
        Step::Index(Map::index(index)),
        Step::Read(label),
        Step::Apply(equal, vec![value + 1, value + 2]),
        Step::Apply(Op::Scale, vec![value, value + 3]),
    ]);
    if let Some(write) = &mut l.write {
        write.maps[dim] = Map::index(index);
    }
    index
}

/// The indices of the result first, in its order.
pub(super) fn ordered(l: Loop, result: &[usize]) -> Loop {
    let mut order = result.to_vec();
    order.extend((0..l.space.len()).filter(|i| !result.contains(i)));
    let mut place = vec![0; order.len()];
    order.iter().enumerate().for_each(|(new, old)| place[*old] = new);
    let by: Vec<Map> = place.iter().map(|at| Map::index(*at)).collect();
    let moved = |m: &Map| substitute(m, &by).unwrap_or_else(|_| m.clone());
    let reads =
        l.reads.iter().map(|v| View { maps: v.maps.iter().map(moved).collect(), ..v.clone() });
    Loop {
        space: order.iter().map(|i| l.space[*i].clone()).collect(),
        rank: result.len(),
        reads: reads.collect(),
        body: substitute_program(&l.body, &by).unwrap_or_default(),
        ..l
    }
}
