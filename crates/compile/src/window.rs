//! Where the greatest entry of a small window stands, as one number a window.
//!
//! A selection writes 0 or 1 for every entry. If the groups are small, the loop that finds the
//! greatest entries keeps the number of the first of them too, and who read 0 or 1 compares that
//! number with its own. Both loops then go from window to window, with the entries of a window
//! written out: what is the same for a window is read and computed once.

use chainrule_kernels::program::{Affine, Axis, Fold, Function, Step};

use crate::body::renumber;
use crate::draft::{Draft, Job, Out, Place, Pointwise, Region};
use crate::refine::{Piece, common, cut, cut_place, digits, is_plain, refined};
use crate::unroll::{push, unrolled};

/// Entries of a window, and results of a loop that is written out, at most.
const MOST: usize = 9;
const MOST_WRITES: usize = 12;

/// A selection that can be replaced.
struct Window {
    /// The task of the selection.
    at: usize,
    fold: Fold,
    axes: Vec<Axis>,
    /// What is compared, and the array of 0 and 1.
    read: Place,
    to: Place,
    /// The loop that folds the same groups, with its axes cut, and which of its writes it is.
    host: (usize, Pointwise, usize),
    /// The pieces of the selection's axes that belong to the host's axes, the innermost first.
    pieces: Vec<Piece>,
    /// Strides by axis of the selection: of the number within a window, of the windows, of the
    /// greatest entries.
    number: Vec<isize>,
    windows: Vec<isize>,
    greatest: Vec<isize>,
}

/// Replaces selections.
pub(crate) fn windows(draft: &mut Draft) {
    let mut at = 0;
    while at < draft.tasks.len() {
        let done = Window::find(draft, at).is_some_and(|window| window.replace(draft));
        at += usize::from(!done);
    }
}

/// Row-major strides over some of the axes; 0 for the others.
fn strides(axes: &[Axis], folded: bool) -> Vec<isize> {
    let mut reach = 1;
    let mut out: Vec<isize> = Vec::with_capacity(axes.len());
    for axis in axes.iter().rev() {
        out.push(if axis.folded == folded { reach } else { 0 });
        reach *= if axis.folded == folded { axis.extent as isize } else { 1 };
    }
    out.reverse();
    out
}

/// Strides by axis, if those of the pieces (the innermost first) agree.
fn by_axis(pieces: &[Piece], strides: &[isize], count: usize) -> Option<Vec<isize>> {
    let mut out: Vec<Option<(isize, isize)>> = vec![None; count];
    for ((axis, extent), stride) in pieces.iter().zip(strides) {
        let (first, inner) = *out[*axis].get_or_insert((*stride, 1));
        if *stride != first * inner {
            return None;
        }
        out[*axis] = Some((first, inner * *extent as isize));
    }
    Some(out.into_iter().map(|known| known.map_or(0, |(stride, _)| stride)).collect())
}

impl Window {
    fn find(draft: &Draft, at: usize) -> Option<Window> {
        let Job::Select { fold, axes, read, to } = &draft.tasks[at].job else { return None };
        let folded = axes.iter().filter(|axis| axis.folded).map(|axis| axis.extent);
        let entries = folded.product::<usize>();
        let value = &draft.values[to.region.value];
        let named = draft.next.iter().any(|(a, b)| [*a, *b].contains(&to.region.value));
        if !(2..=MOST).contains(&entries) || value.kept || value.home.is_some() || named {
            return None;
        }
        let own = digits(axes, read)?;
        let (host, pieces, greatest) =
            draft.tasks[..at].iter().enumerate().rev().find_map(|(task, host)| {
                let Job::Loop(l) = &host.job else { return None };
                (0..l.writes.len()).find_map(|write| {
                    let (l, pieces, greatest) = folds(l, write, *fold, (axes, read, &own))?;
                    Some(((task, l, write), pieces, greatest))
                })
            })?;
        Some(Window {
            at,
            fold: *fold,
            axes: axes.clone(),
            read: read.clone(),
            to: to.clone(),
            host,
            pieces,
            number: strides(axes, true),
            windows: strides(axes, false),
            greatest,
        })
    }

    /// Whether the selection is gone.
    fn replace(self, draft: &mut Draft) -> bool {
        let value = self.to.region.value;
        let reads = |job: &Job| job.reads().iter().any(|region| region.value == value);
        let writes = |job: &Job| job.writes().iter().any(|region| region.value == value);
        let mut changed: Vec<(usize, Pointwise)> = Vec::new();
        let count: usize =
            self.axes.iter().filter(|axis| !axis.folded).map(|axis| axis.extent).product();
        let place = Region::whole(draft.values.len(), count);
        for (at, task) in draft.tasks.iter().enumerate() {
            if at != self.at && writes(&task.job) {
                return false;
            }
            if !reads(&task.job) {
                continue;
            }
            let Job::Loop(l) = &task.job else { return false };
            let Some(l) = self.reader(draft, l, place) else { return false };
            changed.push((at, l));
        }
        let Some(host) = self.finder(draft, place, &changed) else { return false };
        let name = draft.values[self.host.1.writes[self.host.2].to.region.value].name.clone();
        draft.value(&format!("where {name} stands"), count);
        draft.tasks[self.host.0].job = Job::Loop(host);
        for (at, l) in changed {
            draft.tasks[at].job = Job::Loop(l);
        }
        draft.tasks.remove(self.at);
        true
    }

    /// The host, written out, with the number of the first extreme entry.
    fn finder(
        &self,
        draft: &Draft,
        place: Region,
        changed: &[(usize, Pointwise)],
    ) -> Option<Pointwise> {
        let (task, host, write) = &self.host;
        let mut host = host.clone();
        let step = host.writes[*write].step;
        // What only the selection and its readers read need not be there any more.
        let read = |value: usize| {
            let kept = draft.values[value].kept || draft.next.iter().any(|(_, new)| *new == value);
            kept || draft.tasks.iter().enumerate().any(|(at, other)| {
                let reads = |list: &[Region]| list.iter().any(|region| region.value == value);
                match changed.iter().find(|(of, _)| *of == at) {
                    Some((_, l)) => l.reads.iter().any(|r| r.region.value == value),
                    None => at != self.at && at != *task && reads(&other.job.reads()),
                }
            })
        };
        host.writes.retain(|w| w.fold.is_some() || read(w.to.region.value));
        let gone: Vec<usize> = (0..host.axes.len()).filter(|at| host.axes[*at].folded).collect();
        let mut made = unrolled(&host, &gone);
        if made.l.writes.len() > MOST_WRITES {
            return None;
        }
        // The axes of the host are the pieces from the outermost on.
        let number = cut(&Affine { constant: 0, strides: self.number.clone() }, &self.pieces);
        let mut order: Vec<(isize, usize)> = made
            .points
            .iter()
            .zip(&made.copies)
            .map(|(point, copy)| {
                let at =
                    gone.iter().zip(point).map(|(axis, i)| number.strides[*axis] * *i as isize);
                (at.sum(), copy[step])
            })
            .collect();
        let steps = &mut made.l.steps;
        let function = crate::unroll::function(self.fold);
        let all = made.copies.iter().map(|copy| copy[step]);
        let best = all.reduce(|x, y| push(steps, Step::Binary(function, x, y)))?;
        order.sort_unstable();
        let (mut passed, mut total): (Option<usize>, Option<usize>) = (None, None);
        for (_, entry) in &order[..order.len() - 1] {
            // NaN stands where the first NaN is.
            let other = push(steps, Step::Binary(Function::NotEqual, *entry, best));
            let real = push(steps, Step::Binary(Function::Equal, *entry, *entry));
            let here = push(steps, Step::Binary(Function::And, other, real));
            let so = passed.map_or(here, |so| push(steps, Step::Binary(Function::And, so, here)));
            let sum = total.map_or(so, |sum| push(steps, Step::Binary(Function::Add, sum, so)));
            (passed, total) = (Some(so), Some(sum));
        }
        let form = cut(&Affine { constant: 0, strides: self.windows.clone() }, &self.pieces);
        let kept = form.strides.iter().enumerate().filter(|(axis, _)| !gone.contains(axis));
        let at = Affine { constant: 0, strides: kept.map(|(_, stride)| *stride).collect() };
        let to = Place { region: place, at, guards: Vec::new(), label: None };
        made.l.writes.push(Out { step: total?, fold: None, to });
        Some(made.l)
    }

    /// A loop that read 0 and 1, with the number of the window's entry instead.
    fn reader(&self, draft: &Draft, l: &Pointwise, place: Region) -> Option<Pointwise> {
        let own = digits(&self.axes, &self.to)?;
        let read = l.reads.iter().find(|read| read.region == self.to.region)?;
        let (theirs, own) = common(&digits(&l.axes, read)?, &own)?;
        let zero = |strides: &[isize]| Affine { constant: 0, strides: strides.to_vec() };
        let over = |strides: &[isize]| cut(&zero(strides), &own);
        let l = refined(l, &theirs);
        let answers = cut_place(&self.to, &own);
        if l.reads.iter().any(|r| r.region.meets(&self.to.region) && *r != answers) {
            return None;
        }
        let mut out = Pointwise { steps: Vec::new(), ..l.clone() };
        let at = over(&self.windows);
        out.reads.push(Place { region: place, at, guards: Vec::new(), label: None });
        let mut number: Vec<usize> = Vec::with_capacity(l.steps.len());
        let mut answer = None;
        for step in &l.steps {
            number.push(match step {
                Step::Read(k) if l.reads[*k] == answers => {
                    let window = push(&mut out.steps, Step::Read(out.reads.len() - 1));
                    let entry = push(&mut out.steps, Step::Index(over(&self.number)));
                    let same = Step::Binary(Function::Equal, window, entry);
                    let same = push(&mut out.steps, same);
                    answer = Some(same);
                    same
                }
                other => {
                    let mut step = other.clone();
                    renumber(&mut step, &number);
                    push(&mut out.steps, step)
                }
            });
        }
        let label = |place: &mut Place| {
            if let Some(label) = &mut place.label {
                label.step = number[label.step];
            }
        };
        out.reads.iter_mut().for_each(label);
        for write in &mut out.writes {
            write.step = number[write.step];
            label(&mut write.to);
        }
        self.compared(draft, &mut out, answer?, &own);
        let gone: Vec<usize> = own
            .iter()
            .rev()
            .enumerate()
            .filter(|(_, piece)| self.axes[piece.0].folded)
            .map(|(at, _)| at)
            .collect();
        let roots = out.writes.len();
        let entries: usize = gone.iter().map(|axis| out.axes[*axis].extent).product();
        Some(if roots * entries <= MOST_WRITES { unrolled(&out, &gone).l } else { out })
    }

    /// The greatest entry of the window read in the place of the entry itself, where it only decides
    /// between 0 and 1 of a factor beside the answer: where the answer is 1 the two are the same, and
    /// where it is 0 the product is 0 either way.
    fn compared(&self, draft: &Draft, l: &mut Pointwise, answer: usize, own: &[Piece]) {
        let entry = cut_place(&self.read, own);
        let Some(read) = l.reads.iter().position(|read| *read == entry) else { return };
        let mut behind = vec![false; l.steps.len()];
        behind[answer] = true;
        for at in 0..l.steps.len() {
            if let Step::Binary(Function::Mul, x, y) = l.steps[at] {
                behind[at] = behind[x] || behind[y];
            }
        }
        let is_entry = |at: usize| l.steps[at] == Step::Read(read);
        let number = |at: usize| matches!(l.steps[at], Step::Number(_));
        let decides = |at: usize| match l.steps[at] {
            Step::Binary(function, x, y) => {
                compares(function) && (is_entry(x) && number(y) || number(x) && is_entry(y))
            }
            _ => false,
        };
        let fine = |at: usize| match &l.steps[at] {
            Step::Unary(_, x) => !is_entry(*x) && !decides(*x),
            Step::Binary(function, x, y) => {
                let factor = |x: usize, y: usize| {
                    !decides(x) || *function == Function::Mul && behind[y] && !decides(y)
                };
                decides(at) || !is_entry(*x) && !is_entry(*y) && factor(*x, *y) && factor(*y, *x)
            }
            Step::Foreign(_, all) => !all.iter().any(|x| is_entry(*x) || decides(*x)),
            Step::Read(_) | Step::Number(_) | Step::Index(_) => true,
        };
        let places = l.reads.iter().chain(l.writes.iter().map(|write| &write.to));
        let labels = places.filter_map(|place| place.label).map(|label| label.step);
        let mut roots = l.writes.iter().map(|write| write.step).chain(labels);
        if !(0..l.steps.len()).all(fine) || roots.any(|at| is_entry(at) || decides(at)) {
            return;
        }
        let region = self.host.1.writes[self.host.2].to.region;
        // The greatest entries are not overwritten before.
        if draft.values[region.value].home.is_some() {
            return;
        }
        let mut at = cut(&Affine { constant: 0, strides: self.greatest.clone() }, own);
        at.constant = self.host.1.writes[self.host.2].to.at.constant;
        l.reads[read] = Place { region, at, guards: Vec::new(), label: None };
    }
}

fn compares(function: Function) -> bool {
    use Function::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
    matches!(function, Less | LessEqual | Greater | GreaterEqual | Equal | NotEqual)
}

/// The loop with its axes cut, if one of its writes folds the groups of a selection: the pieces of
/// the selection's axes, and the strides of what is written by axis.
fn folds(
    l: &Pointwise,
    write: usize,
    fold: Fold,
    (axes, read, digits_of_read): (&[Axis], &Place, &[Piece]),
) -> Option<(Pointwise, Vec<Piece>, Vec<isize>)> {
    let own = &l.writes[write];
    if own.fold != Some(fold) || !is_plain(&own.to) {
        return None;
    }
    let reads = l.reads.iter().enumerate().filter(|(k, _)| l.steps[own.step] == Step::Read(*k));
    let writes = l.writes.iter().filter(|w| w.fold.is_none() && w.step == own.step);
    let places = reads.map(|(_, place)| place).chain(writes.map(|w| &w.to));
    let place = places.into_iter().find(|place| place.region == read.region)?;
    let (theirs, pieces) = common(&digits(&l.axes, place)?, digits_of_read)?;
    let same = |(a, b): (&Piece, &Piece)| l.axes[a.0].folded == axes[b.0].folded;
    if !theirs.iter().zip(&pieces).all(same) {
        return None;
    }
    let l = refined(l, &theirs);
    let strides: Vec<isize> = l.writes[write].to.at.strides.iter().rev().copied().collect();
    let greatest = by_axis(&pieces, &strides, axes.len())?;
    Some((l, pieces, greatest))
}
