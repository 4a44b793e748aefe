//! A pointwise loop right behind a contraction, run on each rectangle of the result as soon as it is
//! there: what was just written is still in the cache, and no other thread waits for it.
//!
//! The two instructions stay two in the program. When it is loaded, the loop is seen to go over the
//! rows and columns of the result, to read and write the result nowhere but at its own place, and to
//! write nothing that is multiplied. Then no shard needs what another one does after the contraction,
//! and as each point of a loop is computed for itself, the bits are those of one after the other.

use std::sync::Arc;

use crate::contract::Contracts;
use crate::element::Element;
use crate::kernel::{Env, Kernel, Needs, Scratch};
use crate::loops::Loops;
use crate::program::{Access, Affine, Axis, Contract, Lane, Loop, Slot, Step};

/// A part of a lane: its group, its number among all lanes, the axis of the loop, how far it runs.
#[derive(Clone, Copy)]
struct Piece {
    group: usize,
    lane: usize,
    axis: usize,
    extent: usize,
    /// Entries of the axis that one step of the piece goes.
    inner: usize,
}

/// A contraction and a loop over its result.
pub(crate) struct Then<T: 'static> {
    contract: Arc<Contracts<T>>,
    /// For each shard of the last phase.
    loops: Vec<Loops<T>>,
}

fn meet(a: &Slot, b: &Slot) -> bool {
    a.at < b.at + b.len && b.at < a.at + a.len
}

fn plain(access: &Access) -> bool {
    access.guards.is_empty() && access.label.is_none()
}

/// The loop over three axes, the batch, the rows and the columns of the result; none if it does not
/// go over these, or may not run rectangle by rectangle.
pub(crate) fn over(contract: &Contract, own: &Loop) -> Option<Loop> {
    let result = contract.c.0;
    let writes = || own.writes.iter().map(|write| &write.to);
    let factors = [&contract.a.0, &contract.b.0];
    let entrywise = own.writes.iter().all(|write| write.fold.is_none())
        && writes().all(|to| !factors.iter().any(|factor| meet(&to.slot, factor)));
    if !entrywise || own.axes.iter().any(|axis| axis.folded) {
        return None;
    }
    let mut at_result = own.reads.iter().filter(|read| meet(&read.slot, &result));
    let read = at_result.next().filter(|read| plain(read))?;
    let others = own.reads.iter().chain(writes()).filter(|other| meet(&other.slot, &result));
    if others.into_iter().any(|other| !plain(other) || other.at != read.at) {
        return None;
    }
    let pieces = pieces(contract, own, read)?;
    let groups = [&contract.batch, &contract.m, &contract.n];
    let extent = |group: &Vec<Lane>| group.iter().map(|lane| lane.extent).product();
    let form = |form: &Affine| flat(form, &pieces);
    let access = |access: &Access| {
        let mut out = access.clone();
        out.at = form(&access.at)?;
        for guard in &mut out.guards {
            guard.at = form(&guard.at)?;
        }
        Some(out)
    };
    let step = |step: &Step| match step {
        Step::Index(index) => Some(Step::Index(form(index)?)),
        other => Some(other.clone()),
    };
    let mut out = Loop {
        axes: groups.map(|group| Axis { extent: extent(group), folded: false }).to_vec(),
        reads: own.reads.iter().map(access).collect::<Option<_>>()?,
        steps: own.steps.iter().map(step).collect::<Option<_>>()?,
        writes: own.writes.clone(),
    };
    for write in &mut out.writes {
        write.to = access(&write.to)?;
    }
    Some(out)
}

/// The lanes of the result and the axes of the loop, cut at the same places; in the order of the
/// lanes, those of one lane from the outermost on.
fn pieces(contract: &Contract, own: &Loop, read: &Access) -> Option<Vec<Piece>> {
    if read.at.constant != contract.c.1 as isize {
        return None;
    }
    let groups = [&contract.batch, &contract.m, &contract.n];
    let all = groups
        .iter()
        .enumerate()
        .flat_map(|(group, lanes)| lanes.iter().map(move |lane| (group, lane.extent, lane.c)));
    let mut lanes: Vec<(isize, usize, usize, usize)> = all
        .enumerate()
        .filter(|(_, (_, extent, _))| *extent != 1)
        .map(|(at, (group, extent, stride))| (stride, extent, group, at))
        .collect();
    lanes.sort_unstable();
    let axes = own.axes.iter().zip(&read.at.strides).enumerate();
    let mut axes: Vec<(isize, usize, usize)> = axes
        .filter(|(_, (axis, _))| axis.extent != 1)
        .map(|(at, (axis, stride))| (*stride, axis.extent, at))
        .collect();
    axes.sort_unstable();
    let (mut lanes, mut axes) = (lanes.into_iter(), axes.into_iter());
    let (mut x, mut y) = (lanes.next(), axes.next());
    let mut out: Vec<Piece> = Vec::new();
    while let (Some((s, m, group, lane)), Some((t, n, axis))) = (x, y) {
        let extent = m.min(n);
        if s != t || s <= 0 || extent == 0 || m % extent != 0 || n % extent != 0 {
            return None;
        }
        let inner = out.iter().filter(|piece| piece.axis == axis).map(|piece| piece.extent);
        let inner = inner.product();
        out.push(Piece { group, lane, axis, extent, inner });
        let next = s.checked_mul(isize::try_from(extent).ok()?)?;
        x = if m == extent { lanes.next() } else { Some((next, m / extent, group, lane)) };
        y = if n == extent { axes.next() } else { Some((next, n / extent, axis)) };
    }
    if x.is_some() || y.is_some() {
        return None;
    }
    // Pieces of one lane were found from the innermost on.
    out.reverse();
    out.sort_by_key(|piece| piece.lane);
    Some(out)
}

/// A form over the batch, rows and columns; none if it does not go through a group as one.
fn flat(form: &Affine, pieces: &[Piece]) -> Option<Affine> {
    let mut strides = vec![0_isize; 3];
    for (group, out) in strides.iter_mut().enumerate() {
        let mut reach: Option<isize> = None;
        for piece in pieces.iter().rev().filter(|piece| piece.group == group) {
            let inner = isize::try_from(piece.inner).ok()?;
            let stride = form.strides[piece.axis].checked_mul(inner)?;
            match reach {
                None => *out = stride,
                Some(reach) if reach != stride => return None,
                Some(_) => {}
            }
            reach = Some(stride.checked_mul(isize::try_from(piece.extent).ok()?)?);
        }
    }
    Some(Affine { constant: form.constant, strides })
}

/// The loop on a rectangle.
fn boxed(own: &Loop, begins: [usize; 3], extents: [usize; 3]) -> Loop {
    let moved = |form: &mut Affine| {
        let by = form.strides.iter().zip(begins).map(|(stride, begin)| stride * begin as isize);
        form.constant += by.sum::<isize>();
    };
    let mut out = own.clone();
    out.axes = extents.map(|extent| Axis { extent, folded: false }).to_vec();
    let writes = out.writes.iter_mut().map(|write| &mut write.to);
    for access in out.reads.iter_mut().chain(writes) {
        moved(&mut access.at);
        access.guards.iter_mut().for_each(|guard| moved(&mut guard.at));
    }
    for step in &mut out.steps {
        if let Step::Index(form) = step {
            moved(form);
        }
    }
    out
}

impl<T: Element> Then<T> {
    /// The two as one, if they can be.
    pub(crate) fn new(
        source: &Contract,
        contract: &Arc<Contracts<T>>,
        own: &Loop,
    ) -> Option<Then<T>> {
        let own = over(source, own)?;
        let last = contract.phases() - 1;
        let rectangle = |shard: usize| {
            let (batch, rows, cols) = contract.finished(shard);
            let (m, n) = if contract.is_turned() { (cols, rows) } else { (rows, cols) };
            Loops::new(&boxed(&own, [batch, m.start, n.start], [1, m.len(), n.len()]))
        };
        let loops = (0..contract.shards(last)).map(rectangle).collect();
        Some(Then { contract: contract.clone(), loops })
    }
}

impl<T: Element> Kernel<T> for Then<T> {
    fn phases(&self) -> usize {
        self.contract.phases()
    }

    fn shards(&self, phase: usize) -> usize {
        self.contract.shards(phase)
    }

    fn work(&self) -> f64 {
        self.contract.work() + self.loops.iter().map(Kernel::work).sum::<f64>()
    }

    fn needs(&self) -> Needs {
        self.loops.iter().fold(self.contract.needs(), |needs, own| needs.join(own.needs()))
    }

    fn run(&self, phase: usize, shard: usize, env: &Env<'_, T>, scratch: &mut Scratch<T>) {
        self.contract.run(phase, shard, env, scratch);
        if phase + 1 == self.contract.phases() {
            let own = &self.loops[shard];
            for at in 0..own.shards(0) {
                own.run(0, at, env, scratch);
            }
        }
    }
}
