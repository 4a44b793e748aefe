//! Sums of products of two reads: contractions over strided views.

use chainrule_graph::lower::{Fold, Loop, Step as LowerStep};
use chainrule_graph::record::Eval;
use chainrule_kernels::program::{Affine, Axis, Guard, Lane, Step};

use crate::bind::{add_scaled, range, strides};
use crate::draft::{Draft, Job, Out, Pointwise, Product, Region};
use crate::nodes::{Made, Nodes, Seen, based};
use crate::refused::{Refused, refused};

/// A factor of a product: its array, its first entry, its stride by index.
struct Factor {
    region: Region,
    at: usize,
    strides: Vec<isize>,
}

/// What an index does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Batch,
    M,
    N,
    K,
    /// It does not run.
    Still,
}

/// The contraction that a loop is, if rows, columns and summed indices all occur and the vector axis
/// belongs to one factor alone.
pub(crate) fn contracted(
    nodes: &mut Nodes<'_>,
    made: &Made<'_>,
    l: &Loop,
    extents: &[usize],
    seen: &[Option<Seen>],
) -> Result<Option<Job>, Refused> {
    let Made { at, out, .. } = *made;
    let Some([left, right]) = l.body.factors().and_then(|f| <[usize; 2]>::try_from(f).ok()) else {
        return Ok(None);
    };
    let (Some(a), Some(b)) = (&seen[left], &seen[right]) else { return Ok(None) };
    let labelled = a.read.label.is_some() || b.read.label.is_some();
    if left == right || l.fold != Some(Fold::Sum) || l.write.is_some() || labelled {
        return Ok(None);
    }
    let Some((roles, swap)) = roles(l.rank, extents, a, b) else { return Ok(None) };
    let Some(scale) = scale(nodes, l)? else { return Ok(None) };
    let (a, b) = if swap { (b, a) } else { (a, b) };
    let a = factor(nodes, made, a, extents)?;
    let b = factor(nodes, made, b, extents)?;
    let mut c = strides(&nodes.dims[at]);
    c.resize(extents.len(), 0);
    let flip = |role: Role| match role {
        Role::M if swap => Role::N,
        Role::N if swap => Role::M,
        other => other,
    };
    let roles: Vec<Role> = roles.into_iter().map(flip).collect();
    let lanes = |wanted: Role| {
        let of = |i: usize| Lane { extent: extents[i], a: a.strides[i], b: b.strides[i], c: c[i] };
        let own = (0..extents.len()).filter(|i| roles[*i] == wanted);
        own.map(of).collect()
    };
    Ok(Some(Job::Contract(Product {
        batch: lanes(Role::Batch),
        m: lanes(Role::M),
        n: lanes(Role::N),
        k: lanes(Role::K),
        scale,
        a: (a.region, a.at),
        b: (b.region, b.at),
        c: (out, out.at),
    })))
}

/// The roles of the indices, and whether the factors change sides so that the vector axis is a
/// column. Nothing if it is no product of matrices.
fn roles(rank: usize, extents: &[usize], a: &Seen, b: &Seen) -> Option<(Vec<Role>, bool)> {
    let moves = |seen: &Seen, i: usize| seen.maps.iter().any(|m| m.strides[i] != 0);
    let role = |i: usize| match (extents[i], i < rank, moves(a, i), moves(b, i)) {
        (1, ..) => Role::Still,
        (_, false, ..) => Role::K,
        (_, true, true, false) => Role::M,
        (_, true, false, true) => Role::N,
        (_, true, ..) => Role::Batch,
    };
    let roles: Vec<Role> = (0..extents.len()).map(role).collect();
    let shared = |i: usize| roles[i] == Role::K && moves(a, i) && moves(b, i);
    let full =
        roles.contains(&Role::M) && roles.contains(&Role::N) && (0..extents.len()).any(shared);
    let last = (0..rank).rev().find(|i| extents[*i] > 1)?;
    match roles[last] {
        Role::M if full => Some((roles, true)),
        Role::N if full => Some((roles, false)),
        _ => None,
    }
}

/// The body's value where both factors are 1.
fn scale(nodes: &Nodes<'_>, l: &Loop) -> Result<Option<f64>, Refused> {
    let mut values: Vec<f64> = Vec::with_capacity(l.body.steps.len());
    for step in &l.body.steps {
        values.push(match step {
            LowerStep::Read(_) => 1.0,
            LowerStep::Number(bits) => f64::from_bits(*bits),
            LowerStep::Size(size) => nodes.bound.real(size)?,
            LowerStep::Pi => std::f64::consts::PI,
            LowerStep::Index(_) => return Ok(None),
            LowerStep::Apply(op, inputs) => {
                let Eval::Entrywise(f) = &op.def().eval else { return Ok(None) };
                let inputs: Vec<f64> = inputs.iter().map(|i| values[*i]).collect();
                (f.real)(op, &inputs)
            }
        });
    }
    Ok(values.last().copied())
}

/// A factor without a halo: what a padded view sees is copied, zeros and all.
fn factor(
    nodes: &mut Nodes<'_>,
    made: &Made<'_>,
    seen: &Seen,
    extents: &[usize],
) -> Result<Factor, Refused> {
    let Made { node, span, .. } = *made;
    let place = &seen.read.place;
    if !seen.pad || place.guards.is_empty() {
        let at = usize::try_from(place.at.constant);
        let at = at.map_err(|_| Refused(format!("`{}`: a place before its array", node.name)))?;
        // A corner that is not the least is reached through a negative stride.
        return Ok(Factor { region: place.region, at, strides: place.at.strides.clone() });
    }
    let far = || Refused(format!("`{}`: a halo is too large", node.name));
    let mut lows = Vec::with_capacity(seen.maps.len());
    let mut dims = Vec::with_capacity(seen.maps.len());
    for map in &seen.maps {
        let (low, high) = range(map, extents).ok_or_else(far)?;
        lows.push(low);
        dims.push(usize::try_from(high - low + 1).map_err(|_| far())?);
    }
    let len = dims.iter().try_fold(1_usize, |n, d| n.checked_mul(*d));
    let most = crate::bind::MOST_BYTES / crate::bind::bytes(nodes.bound.precision);
    let len = len.filter(|n| *n <= most).ok_or_else(far)?;
    let name = format!("{} with a halo of zeros", nodes.lowered.nodes[seen.of].name);
    let region = nodes.draft.value(&name, len);
    let job = halo(nodes, seen, &lows, &dims, region);
    nodes.draft.task(&name, span, job);
    let mut at = Affine { constant: 0, strides: vec![0; extents.len()] };
    for ((map, low), stride) in seen.maps.iter().zip(&lows).zip(strides(&dims)) {
        let moved = Affine { constant: map.constant - low, strides: map.strides.clone() };
        add_scaled(&mut at, &moved, stride).ok_or_else(far)?;
    }
    let Ok(first) = usize::try_from(at.constant) else { return refused("a halo before its array") };
    Ok(Factor { region, at: first, strides: at.strides })
}

/// The copy of an array into one that is larger at its edges.
fn halo(nodes: &Nodes<'_>, seen: &Seen, lows: &[isize], dims: &[usize], out: Region) -> Job {
    let own = &nodes.dims[seen.of];
    let steps = strides(own);
    let mut at = Affine { constant: 0, strides: steps.clone() };
    let mut guards = Vec::new();
    for (i, low) in lows.iter().enumerate() {
        at.constant += low * steps[i];
        let inside = *low >= 0 && low + dims[i] as isize <= own[i] as isize;
        if !inside {
            let mut strides = vec![0; dims.len()];
            strides[i] = 1;
            let guard = Affine { constant: *low, strides };
            guards.push(Guard { at: guard, extent: own[i] });
        }
    }
    let read = based(Region { ..seen.read.place.region }, at, guards);
    let to = based(out, Affine { constant: 0, strides: strides(dims) }, Vec::new());
    Job::Loop(Pointwise {
        axes: dims.iter().map(|extent| Axis { extent: *extent, folded: false }).collect(),
        reads: vec![read],
        steps: vec![Step::Read(0)],
        writes: vec![Out { step: 0, fold: None, to }],
    })
}

/// Joins the lanes of every contraction, as far as they go.
pub(crate) fn merge(draft: &mut Draft) {
    for task in &mut draft.tasks {
        if let Job::Contract(p) = &mut task.job {
            for lanes in [&mut p.batch, &mut p.m, &mut p.n, &mut p.k] {
                *lanes = merged(std::mem::take(lanes));
            }
        }
    }
}

/// Lanes from the outermost, those that follow each other in all arrays as one.
fn merged(mut lanes: Vec<Lane>) -> Vec<Lane> {
    let weight = |l: &Lane| (l.c.unsigned_abs(), l.a.unsigned_abs().max(l.b.unsigned_abs()));
    lanes.sort_by_key(|l| std::cmp::Reverse(weight(l)));
    let mut out: Vec<Lane> = Vec::with_capacity(lanes.len());
    for lane in lanes {
        let n = lane.extent as isize;
        match out.last_mut() {
            Some(last) if last.a == lane.a * n && last.b == lane.b * n && last.c == lane.c * n => {
                *last = Lane { extent: last.extent * lane.extent, ..lane };
            }
            _ => out.push(lane),
        }
    }
    out
}
