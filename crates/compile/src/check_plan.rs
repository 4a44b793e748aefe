//! The independent check of a program: memory is replayed on labels.
//!
//! Every entry of the arena bears a label, the value and the place in it that was written there last.
//! A read must find the labels of what the draft says it reads. Nothing here knows how places were
//! chosen.

use std::collections::BTreeMap;

use chainrule_kernels::program::{Access, Affine, Axis, Instruction, Loop, Program, Slot, Work};

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
    let meet = |a: &Slot, b: &Slot| a.at < b.at + b.len && b.at < a.at + a.len;
    for (w, (slot, region)) in touched.writes.iter().enumerate() {
        for (r, (other, _)) in touched.reads.iter().enumerate() {
            if meet(slot, other) && !touched.shared.contains(&(r, w)) {
                return Err("writes over what it reads".into());
            }
        }
        if touched.writes[..w].iter().any(|(other, _)| meet(slot, other)) {
            return Err("two results in one place".into());
        }
        memory.write(*slot, *region);
    }
    Ok(())
}

fn touched(job: &Job, work: &Work) -> Result<Touched, String> {
    let mut out = Touched::default();
    match (job, work) {
        (Job::Gather { width, out: to, column }, Work::Gather(g)) => {
            same(g.width == *width && g.column == *column)?;
            out.writes.push((Slot { at: g.out, len: to.len }, *to));
        }
        (Job::Noise { width, rows, out: to, .. }, Work::Noise(n)) => {
            same(n.width == *width && n.rows == *rows)?;
            out.writes.push((Slot { at: n.out, len: to.len }, *to));
        }
        (Job::Loop(l), Work::Loop(real)) => {
            looped(&mut out, l, real)?;
            out.shared = shared(real);
        }
        (Job::Scatter { from, .. }, Work::Scatter(s)) => looped(&mut out, from, &s.from)?,
        (Job::Contract(p), Work::Contract(c)) => {
            same(p.m == c.m && p.n == c.n && p.k == c.k && p.batch == c.batch)?;
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
        (Job::Select { read, to, axes, .. }, Work::Select(s)) => {
            same(*axes == s.axes)?;
            out.reads.push((s.read.slot, read.region));
            out.writes.push((s.to.slot, to.region));
            access(read, axes, &s.read, &s.axes)?;
            access(to, axes, &s.to, &s.axes)?;
        }
        (Job::Call { inputs, output, .. }, Work::Call(c)) => {
            same(inputs.len() == c.inputs.len())?;
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
    let points = |axes: &[Axis]| axes.iter().map(|a| a.extent).product::<usize>();
    same(points(&l.axes) == points(&real.axes) && l.steps.len() == real.steps.len())?;
    same(l.reads.len() == real.reads.len() && l.writes.len() == real.writes.len())?;
    for (place, found) in l.reads.iter().zip(&real.reads) {
        access(place, &l.axes, found, &real.axes)?;
        out.reads.push((found.slot, place.region));
    }
    for (write, found) in l.writes.iter().zip(&real.writes) {
        same(write.step == found.step && write.fold == found.fold)?;
        access(&write.to, &l.axes, &found.to, &real.axes)?;
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

/// Least and greatest place over a space.
fn span(at: &Affine, axes: &[Axis]) -> (isize, isize) {
    let mut span = (at.constant, at.constant);
    for (stride, axis) in at.strides.iter().zip(axes) {
        let last = stride * (axis.extent as isize - 1);
        if last < 0 {
            span.0 += last;
        } else {
            span.1 += last;
        }
    }
    span
}

/// An access looks at the entries of its slot that the draft names.
fn access(place: &Place, own: &[Axis], found: &Access, axes: &[Axis]) -> Result<(), String> {
    same(found.at.strides.len() == axes.len() && place.label == found.label)?;
    same(place.guards.len() == found.guards.len())?;
    for (guard, real) in place.guards.iter().zip(&found.guards) {
        same(guard.extent == real.extent && span(&guard.at, own) == span(&real.at, axes))?;
    }
    let (low, high) = span(&place.at, own);
    let base = place.region.at as isize;
    let (least, greatest) = span(&found.at, axes);
    let (begin, end) = ends(found.slot)?;
    same(least - begin == low - base && greatest - begin == high - base)?;
    // What a guard leaves out is never touched.
    let free = place.guards.is_empty();
    if free && (least < begin || greatest >= end) {
        return Err("an access outside its slot".into());
    }
    Ok(())
}

fn inside(
    slot: Slot,
    first: isize,
    strides: impl Iterator<Item = (isize, usize)>,
) -> Result<(), String> {
    let (mut low, mut high) = (first, first);
    for (stride, extent) in strides {
        let last = stride * (extent as isize - 1);
        if last < 0 {
            low += last;
        } else {
            high += last;
        }
    }
    let (begin, end) = ends(slot)?;
    let fits = low >= begin && high < end;
    if fits { Ok(()) } else { Err("an access outside its slot".into()) }
}
