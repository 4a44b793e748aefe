//! Loops over the same space become one with several results; what nothing reads is dropped.

use chainrule_kernels::program::Step;

use crate::body::{compact, renumber};
use crate::draft::{Draft, Job, Out, Place, Pointwise};
use crate::refine::{aligned, is_plain};
use crate::unroll::push;

/// How far back a partner is looked for: fusing stays linear in the number of tasks.
const WINDOW: usize = 12;
/// Longest program, most reads and most results of one loop.
const MOST_STEPS: usize = 64;
const MOST_READS: usize = 16;
const MOST_WRITES: usize = 8;
/// Loops of fewer points are joined even if they share nothing.
const SMALL: usize = 1 << 12;

/// Joins loops.
pub(crate) fn fuse(draft: &mut Draft) {
    let tasks = std::mem::take(&mut draft.tasks);
    let mut out = Vec::with_capacity(tasks.len());
    for task in tasks {
        let Job::Loop(l) = &task.job else {
            out.push(task);
            continue;
        };
        match partner(&out, l) {
            Some((at, joined)) => {
                let at = hoisted(&mut out, at, l);
                let host: &mut crate::draft::Task = &mut out[at];
                if joined.points() > 0 && host.name != task.name {
                    host.name = joined_name(&host.name, &task.name);
                }
                host.span = host.span.or(task.span);
                host.job = Job::Loop(joined);
            }
            None => out.push(task),
        }
    }
    draft.tasks = out;
}

/// Longest name that lists its parts.
const LONGEST: usize = 72;

fn joined_name(first: &str, second: &str) -> String {
    if first.ends_with("; ..") || first.len() + second.len() + 2 > LONGEST {
        let plain = first.trim_end_matches("; ..");
        return format!("{plain}; ..");
    }
    format!("{first}; {second}")
}

/// Moves what reads nothing and is read by the loop to before its partner; where that is then.
fn hoisted(tasks: &mut Vec<crate::draft::Task>, mut at: usize, l: &Pointwise) -> usize {
    for other in at + 1..tasks.len() {
        let writes = tasks[other].job.writes();
        if l.reads.iter().any(|read| writes.iter().any(|own| own.meets(&read.region))) {
            let task = tasks.remove(other);
            tasks.insert(at, task);
            at += 1;
        }
    }
    at
}

/// The task that a loop joins, with both as one.
fn partner(tasks: &[crate::draft::Task], l: &Pointwise) -> Option<(usize, Pointwise)> {
    for (at, task) in tasks.iter().enumerate().rev().take(WINDOW) {
        if let Job::Loop(host) = &task.job
            && let Some(joined) = joined_any(host, l)
        {
            return Some((at, joined));
        }
        let reads = |region: &crate::draft::Region| l.reads.iter().any(|r| r.region.meets(region));
        if task.job.writes().iter().any(reads) && !task.job.reads().is_empty() {
            return None;
        }
    }
    None
}

/// What of `host` a read of the other loop is: `Ok(None)` if it is no result of it.
fn result(host: &Pointwise, read: &Place) -> Result<Option<usize>, ()> {
    for write in &host.writes {
        if !write.to.region.meets(&read.region) {
            continue;
        }
        let same = write.fold.is_none()
            && is_plain(&write.to)
            && is_plain(read)
            && write.to.at == read.at
            && write.to.region == read.region;
        return if same { Ok(Some(write.step)) } else { Err(()) };
    }
    Ok(None)
}

/// Both loops as one, perhaps with their axes cut so that they are the same.
pub(crate) fn joined_any(host: &Pointwise, l: &Pointwise) -> Option<Pointwise> {
    joined(host, l).or_else(|| {
        let (host, l) = aligned(host, l)?;
        joined(&host, &l)
    })
}

fn joined(host: &Pointwise, l: &Pointwise) -> Option<Pointwise> {
    let fits = host.steps.len() + l.steps.len() <= MOST_STEPS
        && host.reads.len() + l.reads.len() <= MOST_READS
        && host.writes.len() + l.writes.len() <= MOST_WRITES;
    let same = host.axes.len() == l.axes.len()
        && host.axes.iter().zip(&l.axes).all(|(a, b)| a.extent == b.extent);
    if !fits || !same {
        return None;
    }
    let folds = |l: &Pointwise| l.writes.iter().any(|w| w.fold.is_some());
    if folds(host) && folds(l) && host.axes != l.axes {
        return None;
    }
    let shares = |r: &Place| {
        host.reads.iter().any(|own| own.region.value == r.region.value)
            || host.writes.iter().any(|own| own.to.region.value == r.region.value)
    };
    if l.points() > SMALL && !l.reads.iter().any(shares) {
        return None;
    }
    let results: Vec<Option<usize>> =
        l.reads.iter().map(|r| result(host, r)).collect::<Result<_, ()>>().ok()?;
    let mut out = host.clone();
    if folds(l) {
        out.axes.clone_from(&l.axes);
    }
    let mut number = Vec::with_capacity(l.steps.len());
    for step in &l.steps {
        let at = match step {
            Step::Read(k) => match results[*k] {
                Some(step) => step,
                None => {
                    let mut place = l.reads[*k].clone();
                    if let Some(label) = &mut place.label {
                        label.step = number[label.step];
                    }
                    read(&mut out, place)
                }
            },
            other => {
                let mut step = other.clone();
                renumber(&mut step, &number);
                push(&mut out.steps, step)
            }
        };
        number.push(at);
    }
    for write in &l.writes {
        let mut to = write.to.clone();
        if let Some(label) = &mut to.label {
            label.step = number[label.step];
        }
        out.writes.push(Out { step: number[write.step], fold: write.fold, to });
    }
    Some(out)
}

/// The step of a read, new or there already.
pub(crate) fn read(l: &mut Pointwise, place: Place) -> usize {
    let at = match l.reads.iter().position(|r| *r == place) {
        Some(at) => at,
        None => {
            l.reads.push(place);
            l.reads.len() - 1
        }
    };
    push(&mut l.steps, Step::Read(at))
}

/// Drops results that nothing reads, and tasks without results.
pub(crate) fn drop_dead(draft: &mut Draft) {
    let mut read: Vec<bool> = draft.values.iter().map(|v| v.kept).collect();
    draft.next.iter().for_each(|(_, new)| read[*new] = true);
    let mut kept = Vec::with_capacity(draft.tasks.len());
    for mut task in std::mem::take(&mut draft.tasks).into_iter().rev() {
        if let Job::Loop(l) = &mut task.job {
            l.writes.retain(|w| read[w.to.region.value]);
            let mut roots: Vec<usize> = l.writes.iter().map(|w| w.step).collect();
            let labels = l.writes.iter().filter_map(|w| w.to.label).map(|label| label.step);
            roots.extend(labels);
            compact(&mut l.steps, &mut l.reads, &mut roots);
            let (steps, mut labels) = roots.split_at(l.writes.len());
            for (write, step) in l.writes.iter_mut().zip(steps) {
                write.step = *step;
                if let (Some(label), Some((first, rest))) =
                    (&mut write.to.label, labels.split_first())
                {
                    label.step = *first;
                    labels = rest;
                }
            }
        }
        if task.job.writes().iter().any(|w| read[w.value]) {
            task.job.reads().iter().for_each(|r| read[r.value] = true);
            kept.push(task);
        }
    }
    kept.reverse();
    draft.tasks = kept;
}
