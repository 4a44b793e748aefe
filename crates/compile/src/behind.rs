//! Loops right behind the contraction whose result they read: there the machine runs both rectangle
//! by rectangle (`kernels::then`).
//!
//! A loop over the bundle of all parameters, as an optimizer is, is cut: each part of the gradient
//! that a contraction makes gets its part of the loop behind it, and what is left is one loop for
//! each run of entries between.

use chainrule_kernels::program::{Axis, Lane};

use crate::draft::{Draft, Job, Out, Place, Pointwise, Product, Region, Task};
use crate::refine::{common, digits, is_plain, refined};

/// Results of fewer entries are left alone.
const LEAST: usize = 1 << 12;
/// Points of a loop whose folds are worth a loop of their own, at most.
const SPLIT: usize = 1 << 18;
/// Parts that a loop is cut in, at most.
const PARTS: usize = 64;

/// Brings loops to their contractions.
pub(crate) fn behind(draft: &mut Draft) {
    cut(draft);
    let mut reader = 0;
    while reader < draft.tasks.len() {
        if met(draft, reader).is_none() {
            reader += 1;
        }
    }
    let mut at = 0;
    while at < draft.tasks.len() {
        at += 1 + attached(draft, at).unwrap_or(0);
    }
}

/// Whether two regions may be the same entries: values with homes by their places.
fn meets(draft: &Draft, a: &Region, b: &Region) -> bool {
    match (draft.values[a.value].home, draft.values[b.value].home) {
        (Some(x), Some(y)) => {
            let (x, y) = (x + a.at, y + b.at);
            x < y + b.len && y < x + a.len
        }
        _ => a.meets(b),
    }
}

/// Whether the task `from` may be done right behind `to`, but for tasks that read nothing and can be
/// done before; these.
fn path(draft: &Draft, to: usize, from: usize, job: &Job) -> Option<Vec<usize>> {
    let (reads, writes) = (job.reads(), job.writes());
    let mut before = Vec::new();
    for at in to + 1..from {
        let other = &draft.tasks[at].job;
        let (theirs, made) = (other.reads(), other.writes());
        let touches = |own: &[Region], list: &[Region]| {
            list.iter().any(|a| own.iter().any(|b| meets(draft, a, b)))
        };
        if touches(&writes, &theirs) || touches(&writes, &made) {
            return None;
        }
        if touches(&reads, &made) {
            // What it reads was there before the program.
            let given = theirs.iter().all(|region| draft.values[region.value].given);
            if !given {
                return None;
            }
            before.push(at);
        }
    }
    Some(before)
}

/// Brings the first loop that reads the result of a contraction behind it; how many tasks came
/// before it.
fn attached(draft: &mut Draft, at: usize) -> Option<usize> {
    let Job::Contract(product) = &draft.tasks[at].job else { return None };
    let result = product.c.0;
    if result.len < LEAST {
        return None;
    }
    let reads = |task: &Task| task.job.reads().iter().any(|region| region.meets(&result));
    let from = at + 1 + draft.tasks[at + 1..].iter().position(reads)?;
    let Job::Loop(l) = &draft.tasks[from].job else { return None };
    let (own, rest) = split(l)?;
    if !over_result(draft, product, &own) {
        return None;
    }
    let job = Job::Loop(own);
    let before = path(draft, at, from, &job)?;
    let name = draft.tasks[from].name.clone();
    let span = draft.tasks[from].span;
    let task = Task { name: name.clone(), span, job };
    match rest {
        Some(rest) => draft.tasks[from].job = Job::Loop(rest),
        None => {
            draft.tasks.remove(from);
        }
    }
    let count = before.len();
    draft.tasks.insert(at + 1, task);
    for (done, other) in before.into_iter().enumerate() {
        let moved = draft.tasks.remove(other + 1);
        draft.tasks.insert(at + done, moved);
    }
    Some(count)
}

/// What a loop writes entry by entry, and a loop for its folds if it has any: these read what the
/// first one wrote.
fn split(l: &Pointwise) -> Option<(Pointwise, Option<Pointwise>)> {
    let mut own = l.clone();
    own.writes.retain(|write| write.fold.is_none());
    own.axes.iter_mut().for_each(|axis| axis.folded = false);
    if own.writes.is_empty() {
        return None;
    }
    if own.writes.len() == l.writes.len() {
        return Some((own, None));
    }
    if l.points() > SPLIT {
        return None;
    }
    let mut rest = Pointwise {
        axes: l.axes.clone(),
        reads: Vec::new(),
        steps: Vec::new(),
        writes: Vec::new(),
    };
    for write in l.writes.iter().filter(|write| write.fold.is_some()) {
        let source = own.writes.iter().find(|own| own.step == write.step)?;
        if !is_plain(&source.to) || !is_plain(&write.to) {
            return None;
        }
        let step = crate::fuse::read(&mut rest, source.to.clone());
        rest.writes.push(Out { step, ..write.clone() });
    }
    let mut roots: Vec<usize> = own.writes.iter().map(|write| write.step).collect();
    let labelled = own.writes.iter().any(|write| write.to.label.is_some());
    crate::body::compact(&mut own.steps, &mut own.reads, &mut roots);
    own.writes.iter_mut().zip(roots).for_each(|(write, step)| write.step = step);
    (!labelled).then_some((own, Some(rest)))
}

/// Whether a loop goes over the entries of a result, each at its place.
fn over_result(draft: &Draft, product: &Product, l: &Pointwise) -> bool {
    let result = product.c.0;
    let own: Vec<&Place> = l.reads.iter().filter(|read| read.region.meets(&result)).collect();
    let factors = [product.a.0, product.b.0];
    let writes = l.writes.iter().map(|write| write.to.region);
    let free = writes.clone().all(|write| factors.iter().all(|own| !meets(draft, own, &write)));
    let lanes: Vec<&Lane> = product.batch.iter().chain(&product.m).chain(&product.n).collect();
    let points: usize = lanes.iter().map(|lane| lane.extent).product();
    let [read] = own.as_slice() else { return false };
    let same = |axis: &Axis| !axis.folded;
    free && is_plain(read) && l.points() == points && l.axes.iter().all(same)
}

/// Cuts loops over the whole of a value that contractions make in parts.
fn cut(draft: &mut Draft) {
    let mut at = 0;
    while at < draft.tasks.len() {
        match pieces(draft, at) {
            Some(tasks) => {
                let count = tasks.len();
                draft.tasks.splice(at..=at, tasks);
                at += count;
            }
            None => at += 1,
        }
    }
}

/// What a contraction or a loop without folds makes, entry by entry.
fn entrywise(job: &Job) -> impl Iterator<Item = Region> {
    let made = match job {
        Job::Contract(_) => job.writes(),
        Job::Loop(l) if l.writes.iter().all(|write| write.fold.is_none()) => job.writes(),
        _ => Vec::new(),
    };
    made.into_iter()
}

/// Joins the loop at `reader` with the one that makes an array for it alone: the array is then no
/// longer stored.
fn met(draft: &mut Draft, reader: usize) -> Option<()> {
    let Job::Loop(l) = &draft.tasks[reader].job else { return None };
    for read in l.reads.iter().map(|read| read.region).filter(|region| region.len >= LEAST) {
        let makes = |task: &Task| task.job.writes().iter().any(|region| region.meets(&read));
        let Some(maker) = draft.tasks[..reader].iter().rposition(makes) else { continue };
        if let Some(joined) = alone(draft, maker, reader, read) {
            draft.tasks[reader].job = Job::Loop(joined);
            draft.tasks.remove(maker);
            return Some(());
        }
    }
    None
}

/// Both loops at the place of the second, if nothing between them is concerned and `read` is for
/// nobody else.
fn alone(draft: &Draft, maker: usize, reader: usize, read: Region) -> Option<Pointwise> {
    let (Job::Loop(first), Job::Loop(second)) = (&draft.tasks[maker].job, &draft.tasks[reader].job)
    else {
        return None;
    };
    let plain = |l: &Pointwise| l.writes.iter().all(|write| write.fold.is_none());
    let value = &draft.values[read.value];
    let [write] = first.writes.as_slice() else { return None };
    if !plain(first) || !plain(second) || write.to.region != read || value.kept || value.given {
        return None;
    }
    let others = draft.tasks.iter().enumerate().filter(|(at, _)| *at != maker && *at != reader);
    let elsewhere = |task: &Task| task.job.reads().iter().any(|region| region.meets(&read));
    if others.map(|(_, task)| task).any(elsewhere) {
        return None;
    }
    let reads = draft.tasks[maker].job.reads();
    let over = |task: &Task| {
        task.job.writes().iter().any(|own| reads.iter().any(|read| meets(draft, own, read)))
    };
    if draft.tasks[maker + 1..reader].iter().any(over) {
        return None;
    }
    let mut joined = crate::fuse::joined_any(first, second)?;
    joined.writes.retain(|write| write.to.region != read);
    let mut roots: Vec<usize> = joined.writes.iter().map(|write| write.step).collect();
    if joined.writes.iter().any(|write| write.to.label.is_some()) {
        return None;
    }
    crate::body::compact(&mut joined.steps, &mut joined.reads, &mut roots);
    joined.writes.iter_mut().zip(roots).for_each(|(write, step)| write.step = step);
    let unread = joined.reads.iter().all(|own| !own.region.meets(&read));
    (unread && in_place(draft, &joined)).then_some(joined)
}

/// Whether a loop reads what it writes over at the same places only.
fn in_place(draft: &Draft, l: &Pointwise) -> bool {
    let same = |read: &Place, to: &Place| {
        let whole = (read.region.at, read.region.len) == (to.region.at, to.region.len);
        let home = draft.values[read.region.value].home == draft.values[to.region.value].home;
        is_plain(read) && is_plain(to) && whole && home && read.at == to.at
    };
    l.writes.iter().all(|write| {
        let mut over = l.reads.iter().filter(|read| meets(draft, &read.region, &write.to.region));
        over.all(|read| same(read, &write.to))
    })
}

/// The loop at `at` in parts: one for each part of a value that is made in parts and that only this
/// loop reads.
fn pieces(draft: &Draft, at: usize) -> Option<Vec<Task>> {
    let task = &draft.tasks[at];
    let Job::Loop(l) = &task.job else { return None };
    let l = &flat(l)?;
    let len = l.axes[0].extent;
    let own = |read: &&Place| {
        let value = read.region.value;
        let part = |other: &Task| {
            entrywise(&other.job).any(|region| region.value == value && region.len < len)
        };
        read.region.len == len && draft.tasks[..at].iter().any(part)
    };
    let gradient = l.reads.iter().find(own)?.region;
    let reads = |other: &Task| other.job.reads().iter().any(|r| r.value == gradient.value);
    if draft.tasks.iter().filter(|other| reads(other)).count() != 1 {
        return None;
    }
    let mut parts: Vec<(usize, usize)> = Vec::new();
    for other in &draft.tasks[..at] {
        for region in entrywise(&other.job) {
            let part = (region.at - gradient.at, region.len);
            if region.value == gradient.value && part.1 >= LEAST && !parts.contains(&part) {
                parts.push(part);
            }
        }
    }
    parts.sort_unstable();
    let mut bounds: Vec<(usize, usize)> = Vec::new();
    let mut begin = 0;
    for (part, len) in parts {
        if part > begin {
            bounds.push((begin, part - begin));
        }
        bounds.push((part, len));
        begin = part + len;
    }
    if begin < len {
        bounds.push((begin, len - begin));
    }
    if bounds.len() < 2 || bounds.len() > PARTS {
        return None;
    }
    let part = |(begin, len): (usize, usize)| {
        let job = Job::Loop(narrowed(l, begin, len)?);
        Some(Task { name: task.name.clone(), span: task.span, job })
    };
    bounds.into_iter().map(part).collect()
}

/// The loop over one axis, if it writes whole values entry by entry and has no labels.
fn flat(l: &Pointwise) -> Option<Pointwise> {
    let write = l.writes.first()?;
    let order = digits(&l.axes, &write.to)?;
    let points: usize = order.iter().map(|piece| piece.1).product();
    let (own, _) = common(&order, &order)?;
    let mut out = refined(l, &own);
    let whole = |place: &Place| {
        let still = place.at.strides.iter().all(|stride| *stride == 0);
        is_plain(place) && (still || digits(&out.axes, place).is_some_and(|d| d == digits_of(&out)))
    };
    let places = out.reads.iter().chain(out.writes.iter().map(|write| &write.to));
    let fine = places.clone().all(whole) && out.writes.iter().all(|write| write.fold.is_none());
    let index = |step: &chainrule_kernels::program::Step| {
        matches!(step, chainrule_kernels::program::Step::Index(_))
    };
    if !fine || out.steps.iter().any(index) {
        return None;
    }
    let moves = |place: &Place| place.at.strides.iter().any(|stride| *stride != 0);
    for place in out.reads.iter_mut().chain(out.writes.iter_mut().map(|write| &mut write.to)) {
        place.at.strides = vec![isize::from(moves(place))];
    }
    out.axes = vec![Axis { extent: points, folded: false }];
    Some(out)
}

/// The axes of a loop that goes through its arrays in their order.
fn digits_of(l: &Pointwise) -> Vec<(usize, usize)> {
    l.axes.iter().enumerate().rev().map(|(at, axis)| (at, axis.extent)).collect()
}

/// Some entries of a loop over one axis.
fn narrowed(l: &Pointwise, begin: usize, len: usize) -> Option<Pointwise> {
    let mut out = l.clone();
    out.axes = vec![Axis { extent: len, folded: false }];
    let writes = out.writes.iter_mut().map(|write| &mut write.to);
    for place in out.reads.iter_mut().chain(writes) {
        if place.at.strides[0] != 0 {
            place.at.constant += isize::try_from(begin).ok()?;
            place.region.at += begin;
            place.region.len = len;
        }
    }
    Some(out)
}
