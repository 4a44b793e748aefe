//! Axes of a few entries written out: a loop over the other axes, with a copy of each step for
//! every point of them.

use chainrule_kernels::program::{Affine, Fold, Function, Step};

use crate::body::renumber;
use crate::draft::{Out, Place, Pointwise};

/// A loop without some of its axes.
pub(crate) struct Unrolled {
    pub(crate) l: Pointwise,
    /// For each point of the axes that are gone, the last one fastest, its indices.
    pub(crate) points: Vec<Vec<usize>>,
    /// For each of these points where each step of the loop is now.
    pub(crate) copies: Vec<Vec<usize>>,
}

/// The number of a step, new or there already.
pub(crate) fn push(steps: &mut Vec<Step>, step: Step) -> usize {
    match steps.iter().position(|s| *s == step) {
        Some(at) => at,
        None => {
            steps.push(step);
            steps.len() - 1
        }
    }
}

/// The function of two values that brings them together as a fold does.
pub(crate) fn function(fold: Fold) -> Function {
    match fold {
        Fold::Sum => Function::Add,
        Fold::Max => Function::Max,
        Fold::Min => Function::Min,
        Fold::Product => Function::Mul,
    }
}

/// A form at a point of the axes that go.
fn at(form: &Affine, gone: &[usize], point: &[usize]) -> Affine {
    let moved = gone.iter().zip(point).map(|(axis, i)| form.strides[*axis] * *i as isize);
    let kept = form.strides.iter().enumerate().filter(|(axis, _)| !gone.contains(axis));
    Affine {
        constant: form.constant + moved.sum::<isize>(),
        strides: kept.map(|(_, stride)| *stride).collect(),
    }
}

fn place(own: &Place, gone: &[usize], point: &[usize], number: &[usize]) -> Place {
    let mut place = own.clone();
    place.at = at(&own.at, gone, point);
    place.guards.iter_mut().for_each(|guard| guard.at = at(&guard.at, gone, point));
    if let Some(label) = &mut place.label {
        label.step = number[label.step];
    }
    place
}

/// Every point of some extents, the last one fastest.
fn points(extents: &[usize]) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for extent in extents {
        let next = |point: Vec<usize>| {
            (0..*extent).map(move |i| point.iter().copied().chain([i]).collect())
        };
        all = all.into_iter().flat_map(next).collect();
    }
    all
}

/// Writes out the axes `gone`, in their order.
pub(crate) fn unrolled(l: &Pointwise, gone: &[usize]) -> Unrolled {
    let extents: Vec<usize> = gone.iter().map(|axis| l.axes[*axis].extent).collect();
    let points = points(&extents);
    let kept = l.axes.iter().enumerate().filter(|(axis, _)| !gone.contains(axis));
    let mut out = Pointwise {
        axes: kept.map(|(_, axis)| *axis).collect(),
        reads: Vec::new(),
        steps: Vec::new(),
        writes: Vec::new(),
    };
    let mut copies: Vec<Vec<usize>> = Vec::with_capacity(points.len());
    for point in &points {
        let mut number: Vec<usize> = Vec::with_capacity(l.steps.len());
        for step in &l.steps {
            let step = match step {
                Step::Read(k) => {
                    let own = place(&l.reads[*k], gone, point, &number);
                    let known = out.reads.iter().position(|read| *read == own);
                    Step::Read(known.unwrap_or_else(|| {
                        out.reads.push(own);
                        out.reads.len() - 1
                    }))
                }
                Step::Index(form) => number_or_index(at(form, gone, point)),
                other => {
                    let mut step = other.clone();
                    renumber(&mut step, &number);
                    step
                }
            };
            number.push(push(&mut out.steps, step));
        }
        copies.push(number);
    }
    let folds = out.axes.iter().any(|axis| axis.folded);
    for write in &l.writes {
        let mut own: Vec<Out> = Vec::new();
        for (point, number) in points.iter().zip(&copies) {
            let to = place(&write.to, gone, point, number);
            let step = number[write.step];
            match (write.fold, own.iter_mut().find(|known| known.to == to)) {
                (Some(fold), Some(known)) => {
                    let both = Step::Binary(function(fold), known.step, step);
                    known.step = push(&mut out.steps, both);
                }
                _ => own.push(Out { step, fold: write.fold.filter(|_| folds), to }),
            }
        }
        out.writes.extend(own);
    }
    Unrolled { l: out, points, copies }
}

fn number_or_index(form: Affine) -> Step {
    if form.strides.iter().all(|stride| *stride == 0) {
        Step::Number(form.constant as f64)
    } else {
        Step::Index(form)
    }
}
