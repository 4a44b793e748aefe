//! The sign of `x` read from `max(x, 0)`.
//!
//! `max(x, 0) > 0` where `x > 0`, NaN included, so a derivative of a rectifier needs its value and
//! not its operand, which is then often read by nothing.

use chainrule_kernels::program::{Function, Step};

use crate::draft::{Draft, Job, Place, Pointwise};
use crate::refine::is_plain;

/// Reads `max(x, 0)` where only the sign of `x` matters.
pub(crate) fn positive(draft: &mut Draft) {
    let mut known: Vec<(Place, Place)> = Vec::new();
    for task in &mut draft.tasks {
        let Job::Loop(l) = &mut task.job else { continue };
        for read in 0..l.reads.len() {
            let own = &l.reads[read];
            let found = known.iter().find(|(x, _)| x.region == own.region);
            if let Some((x, rectified)) = found
                && is_plain(own)
                && signs_only(l, read)
            {
                let moved = rectified.region.at as isize - x.region.at as isize;
                let mut place = l.reads[read].clone();
                place.region = rectified.region;
                place.at.constant += moved;
                l.reads[read] = place;
            }
        }
        remember(l, &mut known);
    }
}

/// The values that a loop writes together with their rectified ones.
fn remember(l: &Pointwise, known: &mut Vec<(Place, Place)>) {
    let plain = |at: usize| l.writes[at].fold.is_none() && is_plain(&l.writes[at].to);
    for x in (0..l.writes.len()).filter(|at| plain(*at)) {
        for y in (0..l.writes.len()).filter(|at| plain(*at)) {
            let (a, b) = (&l.writes[x].to, &l.writes[y].to);
            let begin = |p: &Place| p.at.constant - p.region.at as isize;
            let alike = a.region.len == b.region.len
                && a.at.strides == b.at.strides
                && begin(a) == begin(b);
            if alike && rectifies(l, l.writes[y].step, l.writes[x].step) {
                known.push((a.clone(), b.clone()));
            }
        }
    }
}

fn zero(l: &Pointwise, step: usize) -> bool {
    matches!(l.steps[step], Step::Number(x) if x == 0.0)
}

/// Whether a step is the greater of another one and 0.
fn rectifies(l: &Pointwise, step: usize, of: usize) -> bool {
    match &l.steps[step] {
        Step::Unary(Function::Relu, x) => *x == of,
        Step::Binary(Function::Max, x, y) => (*x == of && zero(l, *y)) || (*y == of && zero(l, *x)),
        _ => false,
    }
}

/// Whether a read is compared with 0 and nothing else.
fn signs_only(l: &Pointwise, read: usize) -> bool {
    use Function::{Greater, GreaterEqual, Less, LessEqual};
    let own: Vec<usize> =
        (0..l.steps.len()).filter(|at| l.steps[*at] == Step::Read(read)).collect();
    let is = |step: &usize| own.contains(step);
    let fine = |step: &Step| match step {
        Step::Binary(Greater | LessEqual, x, y) if is(x) => zero(l, *y),
        Step::Binary(Less | GreaterEqual, x, y) if is(y) => zero(l, *x),
        Step::Unary(_, x) => !is(x),
        Step::Binary(_, x, y) => !is(x) && !is(y),
        Step::Foreign(_, all) => !all.iter().any(is),
        Step::Read(_) | Step::Number(_) | Step::Index(_) => true,
    };
    let labels = l.reads.iter().chain(l.writes.iter().map(|w| &w.to)).filter_map(|p| p.label);
    !own.is_empty()
        && l.steps.iter().all(fine)
        && !l.writes.iter().any(|w| is(&w.step))
        && !labels.map(|label| label.step).any(|step| is(&step))
}
