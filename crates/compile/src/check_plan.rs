//! The independent check of a program: memory is replayed on labels.
//!
//! Every entry of the arena bears a label, the value and the place in it that was written there last.
//! A read must find the labels of what the draft says it reads. Nothing here knows how places were
//! chosen.

use std::collections::BTreeMap;

use chainrule_kernels::program::{
    Access, Affine, Axis, Instruction, Loop, Program, Slot, Step, Work,
};

use crate::draft::{Draft, Job, Place, Pointwise, Region};

/// Labels of the arena: runs of entries of one value.
#[derive(Default)]
struct Memory {
    /// By begin: end, value, the entry of the value at the begin.
    runs: BTreeMap<usize, (usize, usize, usize)>,
}

impl Memory {
    fn write(&mut self, slot: Slot, region: Region) {
        let (from, to) = (slot.at, slot.at + slot.len);
        let first = self.runs.range(..from).next_back().map(|(at, _)| *at).unwrap_or(from);
        let touched: Vec<usize> = self.runs.range(first..to).map(|(at, _)| *at).collect();
        for at in touched {
            let (end, value, entry) = self.runs[&at];
            if end <= from {
                continue;
            }
            self.runs.remove(&at);
            if at < from {
                self.runs.insert(at, (from, value, entry));
            }
            if end > to {
                self.runs.insert(to, (end, value, entry + to - at));
            }
        }
        if slot.len > 0 {
            self.runs.insert(from, (to, region.value, region.at));
        }
    }

    /// Whether something was written there.
    fn touches(&self, slot: Slot) -> bool {
        let before = self.runs.range(..slot.at + slot.len).next_back();
        slot.len > 0 && before.is_some_and(|(_, (end, ..))| *end > slot.at)
    }

    /// What is there instead, if it is not `region`.
    fn read(&self, slot: Slot, region: Region) -> Result<(), Option<usize>> {
        let mut at = slot.at;
        while at < slot.at + slot.len {
            let Some((begin, (end, value, entry))) = self.runs.range(..=at).next_back() else {
                return Err(None);
            };
            if *end <= at {
                return Err(None);
            }
            if *value != region.value || entry + at - begin != region.at + at - slot.at {
                return Err(Some(*value));
            }
            at = *end;
        }
        Ok(())
    }
}

/// Checks that a program does what its draft says, wherever the plan put things.
///
/// # Errors
///
/// The first instruction that reads or writes what it must not, in words.
pub fn check(draft: &Draft, program: &Program) -> Result<(), String> {
    let mut memory = Memory::default();
    for (at, value) in draft.values.iter().enumerate() {
        if let (true, Some(home)) = (value.given, value.home) {
            memory.write(Slot { at: home, len: value.len }, Region::whole(at, value.len));
        }
    }
    if draft.tasks.len() != program.instructions.len() {
        return Err("the program has another number of instructions".into());
    }
    if program.rows != draft.rows || program.columns != draft.columns {
        return Err("the program takes other rows or columns".into());
    }
    for (task, instruction) in draft.tasks.iter().zip(&program.instructions) {
        step(&mut memory, draft, &task.job, instruction, program.arena)
            .map_err(|e| format!("`{}`: {e}", task.name))?;
    }
    let homes = draft.values.iter().enumerate().filter(|(_, v)| v.kept);
    for (at, value) in homes {
        let Some(home) = value.home else { continue };
        let slot = Slot { at: home, len: value.len };
        let found = memory.read(slot, Region::whole(at, value.len));
        found.map_err(|_| format!("`{}` is not there at the end", value.name))?;
    }
    Ok(())
}

/// What an instruction touches beside what its task says it touches.
#[derive(Default)]
struct Touched {
    reads: Vec<(Slot, Region)>,
    writes: Vec<(Slot, Region)>,
    /// Reads and writes that are made entry by entry at the same places, as numbers of the two lists.
    shared: Vec<(usize, usize)>,
    /// For writes of a part of their region, the runs of neighbours that are written.
    runs: BTreeMap<usize, Vec<Slot>>,
}

fn step(
    memory: &mut Memory,
    draft: &Draft,
    job: &Job,
    instruction: &Instruction,
    arena: usize,
) -> Result<(), String> {
    let touched = touched(job, &instruction.work)?;
    for (slot, region) in touched.reads.iter().chain(&touched.writes) {
        let end = slot.at.checked_add(slot.len).ok_or("a slot without end")?;
        if end > arena {
            return Err("a slot behind the arena".into());
        }
        if slot.len != region.len || region.at + region.len > draft.values[region.value].len {
            return Err("a slot of another length than its value".into());
        }
    }
    for (slot, region) in &touched.reads {
        memory.read(*slot, *region).map_err(|found| {
            let wanted = &draft.values[region.value].name;
            match found {
                Some(value) => {
                    format!("reads `{}` where `{wanted}` should be", draft.values[value].name)
                }
                None => format!("reads `{wanted}` where nothing was written"),
            }
        })?;
    }
    let mut written = Memory::default();
    let meet = |a: &Slot, b: &Slot| a.at < b.at + b.len && b.at < a.at + a.len;
    for (w, (slot, region)) in touched.writes.iter().enumerate() {
        for (r, (other, _)) in touched.reads.iter().enumerate() {
            if meet(slot, other) && !touched.shared.contains(&(r, w)) {
                return Err("writes over what it reads".into());
            }
        }
        let whole = vec![*slot];
        for run in touched.runs.get(&w).unwrap_or(&whole) {
            if run.at < slot.at || run.at + run.len > slot.at + slot.len {
                return Err("a write outside its slot".into());
            }
            if written.touches(*run) {
                return Err("two results in one place".into());
            }
            let part = Region { at: region.at + run.at - slot.at, len: run.len, ..*region };
            written.write(*run, part);
            memory.write(*run, part);
        }
    }
    Ok(())
}

/// Runs of one write that are looked at, at most.
const RUNS: usize = 1 << 20;

/// The runs of neighbours that a plain write goes through, if it leaves something of its slot out.
/// One that cannot be told in so many runs counts as whole.
fn runs(axes: &[Axis], folded: bool, to: &Access) -> Option<Vec<Slot>> {
    let kept = axes.iter().zip(&to.at.strides).filter(|(axis, _)| !(folded && axis.folded));
    let points = kept.clone().try_fold(1_usize, |n, (axis, _)| n.checked_mul(axis.extent))?;
    if points == to.slot.len || points == 0 || !to.guards.is_empty() || to.label.is_some() {
        return None;
    }
    let (mut len, mut outer) = (1_usize, Vec::new());
    for (axis, stride) in kept.rev() {
        if outer.is_empty() && *stride == len as isize {
            len *= axis.extent;
        } else if axis.extent > 1 {
            outer.push((axis.extent, *stride));
        }
    }
    let count = outer.iter().try_fold(1_usize, |n, (extent, _)| n.checked_mul(*extent))?;
    if count > RUNS {
        return None;
    }
    let mut begins = vec![to.at.constant];
    for (extent, stride) in outer {
        let next = |begin: isize| (0..extent as isize).map(move |i| begin + i * stride);
        begins = begins.into_iter().flat_map(next).collect();
    }
    begins.into_iter().map(|at| Some(Slot { at: usize::try_from(at).ok()?, len })).collect()
}

fn touched(job: &Job, work: &Work) -> Result<Touched, String> {
    let mut out = Touched::default();
    match (job, work) {
        (Job::Gather { width, out: to, column }, Work::Gather(g)) => {
            same(g.width == *width && g.column == *column)?;
            out.writes.push((Slot { at: g.out, len: to.len }, *to));
        }
        (Job::Noise { law, stream, width, rows, out: to }, Work::Noise(n)) => {
            same(n.law == *law && n.stream == *stream && n.width == *width && n.rows == *rows)?;
            out.writes.push((Slot { at: n.out, len: to.len }, *to));
        }
        (Job::Loop(l), Work::Loop(real)) => {
            looped(&mut out, l, real)?;
            out.shared = shared(real);
        }
        (Job::Scatter { from, apart }, Work::Scatter(s)) => {
            same(*apart == s.apart)?;
            looped(&mut out, from, &s.from)?;
            // What no point meets is 0.
            out.runs.clear();
        }
        (Job::Contract(p), Work::Contract(c)) => {
            same(p.m == c.m && p.n == c.n && p.k == c.k && p.batch == c.batch)?;
            same(p.scale.to_bits() == c.scale.to_bits())?;
            let lanes: Vec<&chainrule_kernels::program::Lane> =
                c.batch.iter().chain(&c.m).chain(&c.n).chain(&c.k).collect();
            let spans = [
                (p.a, c.a, lanes.iter().map(|l| (l.a, l.extent)).collect::<Vec<_>>()),
                (p.b, c.b, lanes.iter().map(|l| (l.b, l.extent)).collect()),
                (p.c, c.c, lanes.iter().map(|l| (l.c, l.extent)).collect()),
            ];
            for (k, ((region, first), (slot, place), strides)) in spans.into_iter().enumerate() {
                same(place.checked_sub(slot.at) == first.checked_sub(region.at))?;
                inside(slot, place as isize, strides.into_iter())?;
                if k < 2 { out.reads.push((slot, region)) } else { out.writes.push((slot, region)) }
            }
        }
        (Job::Select { fold, read, to, axes }, Work::Select(s)) => {
            same(*fold == s.fold && *axes == s.axes)?;
            out.reads.push((s.read.slot, read.region));
            out.writes.push((s.to.slot, to.region));
            let spaces = Spaces::new(axes, &s.axes, true)?;
            spaces.access(read, &s.read)?;
            spaces.access(to, &s.to)?;
        }
        (Job::Call { function, riding, inputs, output }, Work::Call(c)) => {
            same(*function == c.function && *riding == c.riding)?;
            same(inputs.len() == c.inputs.len())?;
            same(output.dims == c.output.dims && output.riding == c.output.riding)?;
            for (framed, frame) in inputs.iter().zip(&c.inputs) {
                same(framed.dims == frame.dims && framed.riding == frame.riding)?;
                out.reads.push((frame.slot, framed.region));
            }
            out.writes.push((c.output.slot, output.region));
        }
        _ => return Err("is another kind of work".into()),
    }
    Ok(out)
}

fn same(is: bool) -> Result<(), String> {
    if is { Ok(()) } else { Err("does something else".into()) }
}

fn looped(out: &mut Touched, l: &Pointwise, real: &Loop) -> Result<(), String> {
    same(l.reads.len() == real.reads.len() && l.writes.len() == real.writes.len())?;
    let folds = l.writes.iter().any(|w| w.fold.is_some());
    let spaces = Spaces::new(&l.axes, &real.axes, folds)?;
    same(l.steps.len() == real.steps.len())?;
    for (step, found) in l.steps.iter().zip(&real.steps) {
        match (step, found) {
            (Step::Index(form), Step::Index(found)) => spaces.equal(form, found, 0)?,
            (Step::Number(x), Step::Number(y)) => same(x.to_bits() == y.to_bits())?,
            _ => same(step == found)?,
        }
    }
    for (place, found) in l.reads.iter().zip(&real.reads) {
        spaces.access(place, found)?;
        out.reads.push((found.slot, place.region));
    }
    for (write, found) in l.writes.iter().zip(&real.writes) {
        same(write.step == found.step && write.fold == found.fold)?;
        spaces.access(&write.to, &found.to)?;
        let folded = write.fold.is_some();
        if let Some(runs) = runs(&real.axes, folded, &found.to) {
            out.runs.insert(out.writes.len(), runs);
        }
        out.writes.push((found.to.slot, write.to.region));
    }
    Ok(())
}

/// Reads and writes of a loop with equal accesses and no fold between.
fn shared(l: &Loop) -> Vec<(usize, usize)> {
    let plain = |a: &Access| a.guards.is_empty() && a.label.is_none();
    let mut out = Vec::new();
    for (w, write) in l.writes.iter().enumerate() {
        for (r, read) in l.reads.iter().enumerate() {
            if write.fold.is_none() && plain(read) && plain(&write.to) && *read == write.to {
                out.push((r, w));
            }
        }
    }
    out
}

/// The first entry of a slot and the one behind it.
fn ends(slot: Slot) -> Result<(isize, isize), String> {
    let end = slot.at.checked_add(slot.len).and_then(|end| isize::try_from(end).ok());
    end.map(|end| (slot.at as isize, end)).ok_or_else(|| "a slot without end".into())
}

/// A form at a point.
fn at(form: &Affine, point: &[usize]) -> i128 {
    let moved = form.strides.iter().zip(point).map(|(s, i)| *s as i128 * *i as i128);
    form.constant as i128 + moved.sum::<i128>()
}

/// Two spaces with the same points in the same order: the second one has neighbours of the first as
/// one, and may leave out axes that do not run.
struct Spaces<'a> {
    own: &'a [Axis],
    real: &'a [Axis],
}

impl Spaces<'_> {
    fn new<'a>(own: &'a [Axis], real: &'a [Axis], folds: bool) -> Result<Spaces<'a>, String> {
        let running = |axes: &'a [Axis]| axes.iter().filter(|a| a.extent != 1);
        let mut rest = running(own);
        for axis in running(real) {
            let mut extent = 1_usize;
            while extent != axis.extent {
                let next = rest.next().filter(|n| n.extent != 0 && axis.extent != 0);
                let next = next.filter(|n| !folds || n.folded == axis.folded);
                let product = next.and_then(|n| extent.checked_mul(n.extent));
                extent = product.filter(|e| *e <= axis.extent).ok_or("runs over another space")?;
            }
        }
        same(rest.next().is_none())?;
        Ok(Spaces { own, real })
    }

    /// Points that tell two affine functions apart: the first one, and along each axis the next one
    /// and the last one; in both spaces.
    fn probes(&self) -> impl Iterator<Item = (Vec<usize>, Vec<usize>)> {
        let ends = self.own.iter().enumerate().flat_map(|(i, a)| {
            let last = a.extent.saturating_sub(1);
            [(i, last.min(1)), (i, last)]
        });
        std::iter::once((0, 0)).chain(ends).map(|(axis, index)| {
            let mut point = vec![0; self.own.len()];
            if let Some(own) = point.get_mut(axis) {
                *own = index;
            }
            let place = self.own.iter().zip(&point).fold(0, |n, (a, i)| n * a.extent + i);
            let mut rest = place;
            let mut real = vec![0; self.real.len()];
            for (index, axis) in real.iter_mut().zip(self.real).rev() {
                *index = rest % axis.extent.max(1);
                rest /= axis.extent.max(1);
            }
            (point, real)
        })
    }

    /// Whether two functions are the same, the second one moved.
    fn equal(&self, form: &Affine, found: &Affine, moved: i128) -> Result<(), String> {
        same(form.strides.len() == self.own.len() && found.strides.len() == self.real.len())?;
        same(self.probes().all(|(own, real)| at(form, &own) + moved == at(found, &real)))
    }

    /// An access looks at the entries of its slot that the draft names.
    fn access(&self, place: &Place, found: &Access) -> Result<(), String> {
        same(place.label == found.label && place.guards.len() == found.guards.len())?;
        for (guard, real) in place.guards.iter().zip(&found.guards) {
            same(guard.extent == real.extent)?;
            self.equal(&guard.at, &real.at, 0)?;
        }
        let (begin, end) = ends(found.slot)?;
        self.equal(&place.at, &found.at, begin as i128 - place.region.at as i128)?;
        // What a guard leaves out is never touched.
        if !place.guards.is_empty() {
            return Ok(());
        }
        let lanes = found.at.strides.iter().zip(self.real);
        let lanes = lanes.map(|(stride, axis)| (*stride, axis.extent));
        let label = found.label.iter().map(|label| (label.stride, label.extent));
        let (low, high) = span(found.at.constant, lanes.chain(label));
        let fits = low >= begin as i128 && high < end as i128;
        if fits { Ok(()) } else { Err("an access outside its slot".into()) }
    }
}

/// Least and greatest place of strides with extents.
fn span(first: isize, lanes: impl Iterator<Item = (isize, usize)>) -> (i128, i128) {
    lanes.fold((first as i128, first as i128), |(low, high), (stride, extent)| {
        let last = stride as i128 * (extent as i128 - 1);
        (low + last.min(0), high + last.max(0))
    })
}

fn inside(
    slot: Slot,
    first: isize,
    strides: impl Iterator<Item = (isize, usize)>,
) -> Result<(), String> {
    let (low, high) = span(first, strides);
    let (begin, end) = ends(slot)?;
    let fits = low >= begin as i128 && high < end as i128;
    if fits { Ok(()) } else { Err("an access outside its slot".into()) }
}
