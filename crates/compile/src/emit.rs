//! Tasks at their places: the program.

use chainrule_kernels::program::{
    Access, Affine, Axis, Call, Contract, Frame, Gather, Instruction, Loop, Noise, Program,
    Scatter, Select, Slot, Step, Work, Write,
};

use crate::draft::{Draft, Framed, Job, Place, Pointwise, Region};
use crate::plan::Plan;
use crate::refused::{Refused, refused};

struct Emit<'a> {
    plan: &'a Plan,
}

/// The program of a planned draft.
pub(crate) fn emit(draft: &Draft, plan: &Plan) -> Result<Program, Refused> {
    let emit = Emit { plan };
    let mut instructions = Vec::with_capacity(draft.tasks.len());
    for (origin, task) in draft.tasks.iter().enumerate() {
        let work = emit.work(&task.job)?;
        instructions.push(Instruction { name: task.name.clone(), origin, work });
    }
    Ok(Program {
        exact: draft.exact,
        precision: draft.precision,
        arena: plan.arena,
        rows: draft.rows,
        columns: draft.columns.clone(),
        instructions,
        foreign: draft.foreign.clone(),
    })
}

impl Emit<'_> {
    fn base(&self, value: usize) -> Result<usize, Refused> {
        match self.plan.places.get(value) {
            Some(Some(at)) => Ok(*at),
            _ => refused("a value without a place"),
        }
    }

    fn slot(&self, region: Region) -> Result<Slot, Refused> {
        Ok(Slot { at: self.base(region.value)? + region.at, len: region.len })
    }

    fn access(&self, place: &Place) -> Result<Access, Refused> {
        let mut at = place.at.clone();
        at.constant += self.base(place.region.value)? as isize;
        let slot = self.slot(place.region)?;
        Ok(Access { slot, at, guards: place.guards.clone(), label: place.label })
    }

    fn frame(&self, framed: &Framed) -> Result<Frame, Refused> {
        let slot = self.slot(framed.region)?;
        Ok(Frame { slot, dims: framed.dims.clone(), riding: framed.riding.clone() })
    }

    fn looped(&self, l: &Pointwise) -> Result<Loop, Refused> {
        let reads = l.reads.iter().map(|r| self.access(r)).collect::<Result<_, _>>()?;
        let write = |w: &crate::draft::Out| {
            Ok(Write { step: w.step, fold: w.fold, to: self.access(&w.to)? })
        };
        let writes = l.writes.iter().map(write).collect::<Result<_, Refused>>()?;
        Ok(Loop { axes: l.axes.clone(), reads, steps: l.steps.clone(), writes })
    }

    fn work(&self, job: &Job) -> Result<Work, Refused> {
        Ok(match job {
            Job::Gather { column, width, out } => {
                let out = self.slot(*out)?.at;
                Work::Gather(Gather { column: *column, width: *width, out })
            }
            Job::Noise { law, stream, width, rows, out } => {
                let out = self.slot(*out)?.at;
                let (law, stream, width, rows) = (*law, *stream, *width, *rows);
                Work::Noise(Noise { law, stream, width, rows, out })
            }
            Job::Loop(l) => {
                let mut l = self.looped(l)?;
                collapse(&mut l);
                Work::Loop(l)
            }
            Job::Contract(p) => {
                let factor = |(region, at): (Region, usize)| {
                    Ok::<_, Refused>((self.slot(region)?, self.base(region.value)? + at))
                };
                Work::Contract(Contract {
                    batch: p.batch.clone(),
                    m: p.m.clone(),
                    n: p.n.clone(),
                    k: p.k.clone(),
                    scale: p.scale,
                    a: factor(p.a)?,
                    b: factor(p.b)?,
                    c: factor(p.c)?,
                })
            }
            Job::Scatter { from, apart } => {
                Work::Scatter(Scatter { from: self.looped(from)?, apart: apart.clone() })
            }
            Job::Select { fold, axes, read, to } => {
                let (read, to) = (self.access(read)?, self.access(to)?);
                Work::Select(Select { fold: *fold, axes: axes.clone(), read, to })
            }
            Job::Call { function, riding, inputs, output } => Work::Call(Call {
                function: *function,
                riding: riding.clone(),
                inputs: inputs.iter().map(|i| self.frame(i)).collect::<Result<_, _>>()?,
                output: self.frame(output)?,
            }),
        })
    }
}

/// Every affine function of a loop's indices.
fn affines(l: &mut Loop) -> Vec<&mut Affine> {
    let mut out: Vec<&mut Affine> = Vec::new();
    let Loop { reads, steps, writes, .. } = l;
    for access in reads.iter_mut().chain(writes.iter_mut().map(|w| &mut w.to)) {
        out.push(&mut access.at);
        out.extend(access.guards.iter_mut().map(|g| &mut g.at));
    }
    out.extend(steps.iter_mut().filter_map(|s| match s {
        Step::Index(at) => Some(at),
        _ => None,
    }));
    out
}

/// Axes of one entry go; neighbours that follow each other in every access become one. One axis
/// stays.
pub(crate) fn collapse(l: &mut Loop) {
    let mut at = 0;
    while at < l.axes.len() && l.axes.len() > 1 {
        if l.axes[at].extent == 1 {
            l.axes.remove(at);
            affines(l).into_iter().for_each(|a| {
                a.strides.remove(at);
            });
        } else {
            at += 1;
        }
    }
    if l.axes.is_empty() {
        l.axes.push(Axis { extent: 1, folded: false });
        affines(l).into_iter().for_each(|a| a.strides.push(0));
    }
    let folds = l.writes.iter().any(|w| w.fold.is_some());
    let mut at = 1;
    while at < l.axes.len() {
        let n = l.axes[at].extent as isize;
        let same = !folds || l.axes[at].folded == l.axes[at - 1].folded;
        let follows = |a: &mut &mut Affine| a.strides[at - 1] == a.strides[at] * n;
        if same && affines(l).iter_mut().all(follows) {
            l.axes[at].extent *= l.axes[at - 1].extent;
            l.axes.remove(at - 1);
            affines(l).into_iter().for_each(|a| {
                a.strides.remove(at - 1);
            });
        } else {
            at += 1;
        }
    }
    // Without folds no axis is folded.
    if !folds {
        l.axes.iter_mut().for_each(|a| a.folded = false);
    }
}
