//! Loops, scatters and selections.

use super::places::Reach;
use super::{Checked, Limits};
use crate::loops::OPERANDS;
use crate::program::{Access, Axis, Fold, Foreign, Function, Loop, Scatter, Select, Step, Write};

/// How many values a function takes.
fn arity(function: Function) -> usize {
    use Function::{
        Add, And, Div, Equal, Greater, GreaterEqual, Less, LessEqual, Max, Min, Mul, NotEqual, Or,
        Pow, Sub,
    };
    match function {
        Add | Sub | Mul | Div | Pow | Max | Min | Less | LessEqual | Greater | GreaterEqual
        | Equal | NotEqual | And | Or => 2,
        _ => 1,
    }
}

/// The axes of which a write has one entry each: all, or the kept ones.
fn kept(write: &Write, axes: &[Axis]) -> Vec<Axis> {
    let bare = |axis: &Axis| if write.fold.is_some() && axis.folded { 1 } else { axis.extent };
    axes.iter().map(|axis| Axis { extent: bare(axis), ..*axis }).collect()
}

impl Limits<'_> {
    pub(super) fn pointwise(&self, own: &Loop) -> Checked {
        let points = self.parts(own)?;
        for write in &own.writes {
            self.fold(write, &own.axes)?;
        }
        if own.writes.is_empty() {
            return Err("it writes nothing".into());
        }
        if points == 0 {
            return self.empty(own);
        }
        for (at, write) in own.writes.iter().enumerate() {
            let own_axes = kept(write, &own.axes);
            let reach = Reach::new(&write.to, &own_axes);
            if !reach.injective() {
                return Err(format!("two points of write {at} have the same place"));
            }
            for (other, access) in own.writes[..at].iter().enumerate() {
                if !reach.apart(&Reach::new(&access.to, &kept(access, &own.axes))) {
                    return Err(format!("writes {other} and {at} overlap"));
                }
            }
            for (other, read) in own.reads.iter().enumerate() {
                let same = write.fold.is_none() && same(read, &write.to);
                if !same && !reach.apart(&Reach::new(read, &own.axes)) {
                    return Err(format!("write {at} overlaps read {other} and is not the same"));
                }
            }
        }
        Ok(())
    }

    /// A loop without points writes what its folds start from: only those places matter.
    fn empty(&self, own: &Loop) -> Checked {
        for (at, write) in own.writes.iter().enumerate() {
            let axes = kept(write, &own.axes);
            if write.fold.is_none() || axes.iter().any(|axis| axis.extent == 0) {
                continue;
            }
            // Writes with folds have the same kept axes.
            let folds = own.writes[..at].iter().enumerate().filter(|other| other.1.fold.is_some());
            let reach = Reach::new(&write.to, &axes);
            if !reach.within(write.to.slot) {
                return Err(format!("write {at} leaves its array"));
            }
            if !reach.injective() {
                return Err(format!("two points of write {at} have the same place"));
            }
            for (other, access) in folds {
                if !reach.apart(&Reach::new(&access.to, &axes)) {
                    return Err(format!("writes {other} and {at} overlap"));
                }
            }
        }
        Ok(())
    }

    /// Reads, steps and writes for themselves; the number of points.
    fn parts(&self, own: &Loop) -> Result<usize, String> {
        let points = self.axes(&own.axes)?;
        for (at, read) in own.reads.iter().enumerate() {
            let told = |reason| format!("read {at}: {reason}");
            self.access(read, &own.axes, points).map_err(told)?;
        }
        for at in 0..own.steps.len() {
            self.step(own, at).map_err(|reason| format!("step {at}: {reason}"))?;
        }
        for (at, write) in own.writes.iter().enumerate() {
            let told = |reason| format!("write {at}: {reason}");
            self.access(&write.to, &own.axes, points).map_err(told)?;
            let steps = std::iter::once(write.step).chain(write.to.label.map(|label| label.step));
            if steps.max().is_some_and(|step| step >= own.steps.len()) {
                return Err(format!("write {at}: it writes a step that is not there"));
            }
        }
        Ok(points)
    }

    fn fold(&self, write: &Write, axes: &[Axis]) -> Checked {
        if write.fold.is_none() {
            return Ok(());
        }
        if write.to.label.is_some() {
            return Err("a write with a fold has a label".into());
        }
        let forms =
            std::iter::once(&write.to.at).chain(write.to.guards.iter().map(|guard| &guard.at));
        for form in forms {
            let moves = |(axis, stride): (&Axis, &isize)| axis.folded && *stride != 0;
            if axes.iter().zip(&form.strides).any(moves) {
                return Err("a write with a fold moves along a folded axis".into());
            }
        }
        Ok(())
    }

    fn step(&self, own: &Loop, at: usize) -> Checked {
        let earlier = |operand: usize| {
            if operand < at {
                Ok(())
            } else {
                Err(format!("it needs step {operand}, which does not come before it"))
            }
        };
        match &own.steps[at] {
            Step::Read(read) => {
                let Some(access) = own.reads.get(*read) else {
                    return Err(format!("there is no read {read}"));
                };
                access.label.map_or(Ok(()), |label| earlier(label.step))
            }
            Step::Number(_) => Ok(()),
            Step::Index(form) => self.form(form, &own.axes),
            Step::Unary(function, x) => {
                takes(*function, 1)?;
                earlier(*x)
            }
            Step::Binary(function, x, y) => {
                takes(*function, 2)?;
                earlier(*x)?;
                earlier(*y)
            }
            Step::Foreign(function, operands) => {
                if !matches!(self.foreign.get(*function), Some(Foreign::Entry(..))) {
                    return Err(format!("there is no function {function} of entries"));
                }
                if operands.len() > OPERANDS {
                    return Err(format!("a function of entries has at most {OPERANDS} operands"));
                }
                operands.iter().try_for_each(|&operand| earlier(operand))
            }
        }
    }

    pub(super) fn scatter(&self, scatter: &Scatter) -> Checked {
        let from = &scatter.from;
        let points = self.parts(from)?;
        let [write] = from.writes.as_slice() else {
            return Err(format!("a scatter has one write, not {}", from.writes.len()));
        };
        if write.fold.is_some() {
            return Err("the write of a scatter has a fold".into());
        }
        if let Some(axis) = scatter.apart.iter().find(|&&axis| axis >= from.axes.len()) {
            return Err(format!("there is no axis {axis}"));
        }
        let whole = Reach::plain(write.to.slot.at, &[(write.to.slot.len, 1)]);
        for (at, read) in from.reads.iter().enumerate() {
            if points > 0 && write.to.slot.len > 0 && !whole.apart(&Reach::new(read, &from.axes)) {
                return Err(format!("the array that is written overlaps read {at}"));
            }
        }
        Ok(())
    }

    pub(super) fn select(&self, select: &Select) -> Checked {
        if !matches!(select.fold, Fold::Max | Fold::Min) {
            return Err("what is selected is a greatest or a least entry".into());
        }
        let points = self.axes(&select.axes)?;
        if select.read.label.is_some() || select.to.label.is_some() {
            return Err("a selection has no labels".into());
        }
        self.access(&select.read, &select.axes, points)?;
        self.access(&select.to, &select.axes, points)?;
        if points == 0 {
            return Ok(());
        }
        let to = Reach::new(&select.to, &select.axes);
        if !to.injective() {
            return Err("two points of the write have the same place".into());
        }
        if !to.apart(&Reach::new(&select.read, &select.axes)) {
            return Err("the write overlaps the read".into());
        }
        Ok(())
    }
}

fn takes(function: Function, count: usize) -> Checked {
    if arity(function) == count {
        Ok(())
    } else {
        Err(format!("{function:?} takes {} values, not {count}", arity(function)))
    }
}

/// Whether two accesses are the same at every point.
fn same(read: &Access, write: &Access) -> bool {
    let plain = read.label.is_none() && write.label.is_none();
    plain && read.at == write.at && read.guards == write.guards
}
