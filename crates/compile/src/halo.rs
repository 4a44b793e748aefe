//! Arrays that are written where their halo is.
//!
//! A contraction over a padded view reads a copy that is larger at its edges. If the array is
//! written by the program and every access goes along its dims, it lives inside the larger one: its
//! edges are filled with 0, and nothing is copied.

use chainrule_kernels::program::{Affine, Axis, Lane, Step};

use crate::draft::{Draft, Job, Out, Place, Pointwise, Product, Region, Task};
use crate::refine::{digits, is_plain};

/// A dim of an array and of the larger one around it, from the outermost on.
#[derive(Clone, Copy, Debug)]
struct Dim {
    len: usize,
    stride: isize,
    /// How far it runs in the larger one, and where the array begins there.
    wide: usize,
    begin: usize,
    wide_stride: isize,
}

/// A copy with zeros around it.
struct Halo {
    task: usize,
    from: Region,
    to: Region,
    dims: Vec<Dim>,
}

/// Lets arrays live inside of those with their halos.
pub(crate) fn inside(draft: &mut Draft) {
    let mut at = 0;
    while at < draft.tasks.len() {
        let found = Halo::find(draft, at);
        let moved = found.and_then(|halo| Some((halo.moved(draft)?, halo)));
        let Some((tasks, halo)) = moved else {
            at += 1;
            continue;
        };
        let name = draft.tasks[at].name.clone();
        draft.tasks = tasks;
        draft.tasks.remove(at);
        let writes = |task: &Task| task.job.writes().iter().any(|r| r.value == halo.to.value);
        let first = draft.tasks.iter().position(writes).unwrap_or(0);
        let edges = halo.edges();
        at += edges.len();
        for job in edges.into_iter().rev() {
            let task = Task { name: format!("zeros: {name}"), span: None, job };
            draft.tasks.insert(first, task);
        }
    }
}

impl Halo {
    fn find(draft: &Draft, task: usize) -> Option<Halo> {
        let Job::Loop(l) = &draft.tasks[task].job else { return None };
        let ([read], [Step::Read(0)], [write]) =
            (l.reads.as_slice(), l.steps.as_slice(), l.writes.as_slice())
        else {
            return None;
        };
        let (from, to) = (read.region, write.to.region);
        let whole = |r: Region| r.at == 0 && r.len == draft.values[r.value].len;
        let free = |r: Region| {
            let value = &draft.values[r.value];
            let named = draft.next.iter().any(|(a, b)| *a == r.value || *b == r.value);
            value.home.is_none() && !value.given && !value.kept && !named
        };
        let fits = !read.guards.is_empty()
            && read.label.is_none()
            && write.fold.is_none()
            && [from, to].into_iter().all(|r| whole(r) && free(r));
        let order = digits(&l.axes, &write.to)?;
        let dims = fits.then(|| dims(l, read, &write.to, &order)).flatten()?;
        let len: usize = dims.iter().map(|dim| dim.len).product();
        (len == from.len).then_some(Halo { task, from, to, dims })
    }

    /// The tasks with every access moved; none if one of them cannot be.
    fn moved(&self, draft: &Draft) -> Option<Vec<Task>> {
        let mut tasks = draft.tasks.clone();
        for (at, task) in tasks.iter_mut().enumerate() {
            if at == self.task {
                continue;
            }
            let all = [task.job.reads(), task.job.writes()].concat();
            if all.iter().any(|region| region.value == self.to.value && at < self.task) {
                return None;
            }
            if !all.iter().any(|region| region.value == self.from.value) {
                continue;
            }
            match &mut task.job {
                Job::Loop(l) => {
                    let axes = l.axes.clone();
                    let writes = l.writes.iter_mut().map(|write| &mut write.to);
                    for place in l.reads.iter_mut().chain(writes) {
                        if place.region.value == self.from.value {
                            *place = self.place(place, &axes)?;
                        }
                    }
                }
                Job::Contract(p) => self.product(p)?,
                _ => return None,
            }
        }
        Some(tasks)
    }

    /// An access of the array as one of the larger one.
    fn place(&self, place: &Place, axes: &[Axis]) -> Option<Place> {
        if place.region != self.from || !is_plain(place) {
            return None;
        }
        let extents: Vec<usize> = axes.iter().map(|axis| axis.extent).collect();
        let at = self.form(&place.at, &extents)?;
        Some(Place { region: self.to, at, ..place.clone() })
    }

    fn product(&self, p: &mut Product) -> Option<()> {
        let (from, to) = (self.from, self.to);
        let mut side = |array: usize| -> Option<()> {
            let own = match array {
                0 => &mut p.a,
                1 => &mut p.b,
                _ => &mut p.c,
            };
            if own.0.value != from.value {
                return Some(());
            }
            if own.0 != from {
                return None;
            }
            let mut lanes: Vec<&mut Lane> =
                p.batch.iter_mut().chain(&mut p.m).chain(&mut p.n).chain(&mut p.k).collect();
            let get = |lane: &Lane| [lane.a, lane.b, lane.c][array];
            let form = Affine {
                constant: isize::try_from(own.1).ok()?,
                strides: lanes.iter().map(|lane| get(lane)).collect(),
            };
            let extents: Vec<usize> = lanes.iter().map(|lane| lane.extent).collect();
            let form = self.form(&form, &extents)?;
            for (lane, stride) in lanes.iter_mut().zip(&form.strides) {
                match array {
                    0 => lane.a = *stride,
                    1 => lane.b = *stride,
                    _ => lane.c = *stride,
                }
            }
            *own = (to, usize::try_from(form.constant).ok()?);
            Some(())
        };
        side(0)?;
        side(1)?;
        side(2)
    }

    /// A place in the array as one in the larger one: each stride is a step along the dims, and no
    /// index carries from one dim into the next.
    fn form(&self, form: &Affine, extents: &[usize]) -> Option<Affine> {
        let split = |number: isize, dim: &Dim| -> isize {
            let count = number.unsigned_abs() / dim.stride.unsigned_abs();
            let outer = dim.stride == self.dims[0].stride;
            let digit = if outer { count } else { count % dim.len };
            digit as isize * number.signum()
        };
        let mut out = Affine { constant: 0, strides: vec![0; form.strides.len()] };
        for dim in &self.dims {
            let first = split(form.constant, dim);
            let (mut low, mut high) = (first, first);
            for (at, (stride, extent)) in form.strides.iter().zip(extents).enumerate() {
                if *extent <= 1 {
                    continue;
                }
                let digit = split(*stride, dim);
                let last = digit.checked_mul(*extent as isize - 1)?;
                low = low.checked_add(last.min(0))?;
                high = high.checked_add(last.max(0))?;
                out.strides[at] += digit * dim.wide_stride;
            }
            if low < 0 || high >= dim.len as isize {
                return None;
            }
            out.constant += (first + dim.begin as isize) * dim.wide_stride;
        }
        Some(out)
    }

    /// What fills the edges with 0: for each dim what is before and behind, inside of the dims that
    /// are further out.
    fn edges(&self) -> Vec<Job> {
        let mut jobs = Vec::new();
        for (at, dim) in self.dims.iter().enumerate() {
            let behind = dim.wide - dim.begin - dim.len;
            let slabs = [(0, dim.begin), (dim.begin + dim.len, behind)];
            let slabs = slabs.into_iter().filter(|(_, count)| *count > 0);
            let mut by_count: Vec<(usize, Vec<usize>)> = Vec::new();
            for (begin, count) in slabs {
                match by_count.iter_mut().find(|(known, _)| *known == count) {
                    Some((_, begins)) => begins.push(begin),
                    None => by_count.push((count, vec![begin])),
                }
            }
            jobs.extend(by_count.into_iter().map(|(count, begins)| self.slab(at, count, &begins)));
        }
        jobs
    }

    fn slab(&self, own: usize, count: usize, begins: &[usize]) -> Job {
        let extent = |(at, dim): (usize, &Dim)| match at.cmp(&own) {
            std::cmp::Ordering::Less => dim.len,
            std::cmp::Ordering::Equal => count,
            std::cmp::Ordering::Greater => dim.wide,
        };
        let axes = self.dims.iter().enumerate().map(extent);
        let outside = self.dims[..own].iter().map(|dim| dim.begin as isize * dim.wide_stride);
        let outside: isize = outside.sum();
        let write = |begin: &usize| {
            let constant = outside + *begin as isize * self.dims[own].wide_stride;
            let strides = self.dims.iter().map(|dim| dim.wide_stride).collect();
            let at = Affine { constant, strides };
            let to = Place { region: self.to, at, guards: Vec::new(), label: None };
            Out { step: 0, fold: None, to }
        };
        Job::Loop(Pointwise {
            axes: axes.map(|extent| Axis { extent, folded: false }).collect(),
            reads: Vec::new(),
            steps: vec![Step::Number(0.0)],
            writes: begins.iter().map(write).collect(),
        })
    }
}

/// The dims of both arrays from the outermost on, if the copy is the array with zeros around it.
fn dims(l: &Pointwise, read: &Place, to: &Place, order: &[(usize, usize)]) -> Option<Vec<Dim>> {
    let mut above = read.region.len as isize;
    let mut constant = read.region.at as isize;
    let mut out = Vec::with_capacity(order.len());
    for (axis, wide) in order.iter().rev() {
        let stride = read.at.strides[*axis];
        if stride <= 0 || above % stride != 0 {
            return None;
        }
        let len = usize::try_from(above / stride).ok()?;
        above = stride;
        let own = |form: &Affine| {
            form.strides.iter().enumerate().all(|(at, s)| *s == isize::from(at == *axis))
        };
        let mut guards = read.guards.iter().filter(|guard| guard.at.strides[*axis] != 0);
        let low = match (guards.next(), guards.next()) {
            (None, _) => 0,
            (Some(guard), None) if own(&guard.at) && guard.extent == len => guard.at.constant,
            _ => return None,
        };
        let begin = usize::try_from(-low).ok()?;
        if begin + len > *wide {
            return None;
        }
        constant += low * stride;
        let wide_stride = to.at.strides[*axis];
        out.push(Dim { len, stride, wide: *wide, begin, wide_stride });
    }
    let running = |axis: usize| l.axes[axis].extent != 1;
    let guarded = read.guards.iter().all(|guard| {
        guard.at.strides.iter().enumerate().all(|(at, stride)| *stride == 0 || running(at))
    });
    (above == 1 && constant == read.at.constant && guarded).then_some(out)
}
