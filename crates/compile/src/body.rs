//! Pointwise programs: the steps of a lowered loop as those of the machine.

use std::sync::Arc;

use chainrule_graph::Op;
use chainrule_graph::lower;
use chainrule_graph::machine::Machine;
use chainrule_graph::record::{Eval, Lowering};
use chainrule_kernels::program::{Affine, Foreign, Function, Label, Step};

use crate::bind::Bound;
use crate::draft::Place;
use crate::refused::{Refused, refused};

/// The machine's function, if it has one.
fn function(machine: Machine) -> Option<Function> {
    Some(match machine {
        Machine::Neg => Function::Neg,
        Machine::Add => Function::Add,
        Machine::Sub => Function::Sub,
        Machine::Mul => Function::Mul,
        Machine::Div => Function::Div,
        Machine::Pow => Function::Pow,
        Machine::Max => Function::Max,
        Machine::Min => Function::Min,
        Machine::Less => Function::Less,
        Machine::LessEqual => Function::LessEqual,
        Machine::Greater => Function::Greater,
        Machine::GreaterEqual => Function::GreaterEqual,
        Machine::Equal => Function::Equal,
        Machine::NotEqual => Function::NotEqual,
        Machine::And => Function::And,
        Machine::Or => Function::Or,
        Machine::Not => Function::Not,
        Machine::Identity => Function::Identity,
        Machine::Exp => Function::Exp,
        Machine::Log => Function::Log,
        Machine::Sqrt => Function::Sqrt,
        Machine::Sin => Function::Sin,
        Machine::Cos => Function::Cos,
        Machine::Tan => Function::Tan,
        Machine::Tanh => Function::Tanh,
        Machine::Sigmoid => Function::Sigmoid,
        Machine::Softplus => Function::Softplus,
        Machine::Relu => Function::Relu,
        Machine::Abs => Function::Abs,
        Machine::Sign => Function::Sign,
        Machine::Own => return None,
    })
}

/// A function of entries of an op.
type Entry = fn(&Op, &[f64]) -> f64;

/// The record's own evaluation in double precision.
fn own(op: &Op) -> Result<Entry, Refused> {
    match &op.def().eval {
        Eval::Entrywise(f) => Ok(f.real),
        _ => refused(format!("`{}` does not go entry by entry", op.def().name)),
    }
}

/// A read of a lowered loop: where, and which other reads its labels come from.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) place: Place,
    /// The read that is a label, entries it moves by, the dim's length.
    pub(crate) label: Option<(usize, isize, usize)>,
}

/// Steps being written.
pub(crate) struct Body<'a> {
    bound: &'a Bound<'a>,
    foreign: &'a mut Vec<Foreign>,
    reads: &'a [Read],
    indices: usize,
    pub(crate) steps: Vec<Step>,
    /// The accesses that are used, in the order of [`Step::Read`].
    pub(crate) places: Vec<Place>,
    /// The step of each read of the loop.
    known: Vec<Option<usize>>,
}

impl<'a> Body<'a> {
    pub(crate) fn new(
        bound: &'a Bound<'a>,
        foreign: &'a mut Vec<Foreign>,
        reads: &'a [Read],
        indices: usize,
    ) -> Body<'a> {
        let known = vec![None; reads.len()];
        Body { bound, foreign, reads, indices, steps: Vec::new(), places: Vec::new(), known }
    }

    pub(crate) fn push(&mut self, step: Step) -> usize {
        match self.steps.iter().position(|s| *s == step) {
            Some(at) => at,
            None => {
                self.steps.push(step);
                self.steps.len() - 1
            }
        }
    }

    /// The step of a read; that of its label comes before.
    pub(crate) fn read(&mut self, at: usize) -> usize {
        if let Some(step) = self.known[at] {
            return step;
        }
        let read = &self.reads[at];
        let label = read.label.map(|(of, stride, extent)| {
            let step = self.read(of);
            Label { step, stride, extent }
        });
        self.places.push(Place { label, ..read.place.clone() });
        let step = self.push(Step::Read(self.places.len() - 1));
        self.known[at] = Some(step);
        step
    }

    /// The steps of a program; the number of the last.
    pub(crate) fn program(&mut self, program: &lower::Program) -> Result<usize, Refused> {
        let mut place: Vec<usize> = Vec::with_capacity(program.steps.len());
        for step in &program.steps {
            let at = match step {
                lower::Step::Read(k) => self.read(*k),
                lower::Step::Number(bits) => self.push(Step::Number(f64::from_bits(*bits))),
                lower::Step::Pi => self.push(Step::Number(std::f64::consts::PI)),
                lower::Step::Size(size) => {
                    let value = self.bound.real(size)?;
                    self.push(Step::Number(value))
                }
                lower::Step::Index(map) => {
                    let at = self.bound.affine(map, self.indices)?;
                    let own = self.index(at);
                    match map.label {
                        None => own,
                        Some(label) => {
                            let label = self.read(label);
                            self.push(Step::Binary(Function::Add, own, label))
                        }
                    }
                }
                lower::Step::Apply(op, inputs) => {
                    let inputs: Vec<usize> = inputs.iter().map(|i| place[*i]).collect();
                    self.apply(op, inputs)?
                }
            };
            place.push(at);
        }
        match place.last() {
            Some(last) => Ok(*last),
            None => refused("nothing is computed"),
        }
    }

    fn index(&mut self, at: Affine) -> usize {
        if at.strides.iter().all(|s| *s == 0) {
            return self.push(Step::Number(at.constant as f64));
        }
        self.push(Step::Index(at))
    }

    fn number(&self, at: usize) -> Option<f64> {
        match self.steps[at] {
            Step::Number(value) => Some(value),
            _ => None,
        }
    }

    fn apply(&mut self, op: &Op, inputs: Vec<usize>) -> Result<usize, Refused> {
        let numbers: Option<Vec<f64>> = inputs.iter().map(|i| self.number(*i)).collect();
        if let Some(numbers) = numbers {
            let value = own(op)?(op, &numbers);
            return Ok(self.push(Step::Number(value)));
        }
        let Lowering::Entrywise(machine) = op.def().lowering else {
            return refused(format!("`{}` does not go entry by entry", op.def().name));
        };
        let step = match (function(machine(op)), inputs.as_slice()) {
            (Some(Function::Identity), [x]) => return Ok(*x),
            (Some(f), [x]) => Step::Unary(f, *x),
            (Some(f), [x, y]) => Step::Binary(f, *x, *y),
            _ => {
                let (f, op) = (own(op)?, op.clone());
                let name = op.def().name.to_string();
                let entry = move |x: &[f64]| f(&op, x);
                self.foreign.push(Foreign::Entry(name, Arc::new(entry)));
                Step::Foreign(self.foreign.len() - 1, inputs)
            }
        };
        Ok(self.push(step))
    }
}

/// Keeps the steps that something reads; `roots` become their new numbers.
pub(crate) fn compact(steps: &mut Vec<Step>, reads: &mut Vec<Place>, roots: &mut [usize]) {
    let mut used = vec![false; steps.len()];
    roots.iter().for_each(|at| used[*at] = true);
    for at in (0..steps.len()).rev() {
        if !used[at] {
            continue;
        }
        match &steps[at] {
            Step::Read(k) => {
                if let Some(label) = reads[*k].label {
                    used[label.step] = true;
                }
            }
            Step::Unary(_, x) => used[*x] = true,
            Step::Binary(_, x, y) => [x, y].into_iter().for_each(|i| used[*i] = true),
            Step::Foreign(_, inputs) => inputs.iter().for_each(|i| used[*i] = true),
            Step::Number(_) | Step::Index(_) => {}
        }
    }
    let mut number = vec![0; steps.len()];
    let (mut kept, mut places) = (Vec::new(), Vec::new());
    for (at, mut step) in std::mem::take(steps).into_iter().enumerate() {
        if !used[at] {
            continue;
        }
        match &mut step {
            Step::Read(k) => {
                let mut place = reads[*k].clone();
                if let Some(label) = &mut place.label {
                    label.step = number[label.step];
                }
                places.push(place);
                *k = places.len() - 1;
            }
            other => renumber(other, &number),
        }
        number[at] = kept.len();
        kept.push(step);
    }
    roots.iter_mut().for_each(|at| *at = number[*at]);
    *steps = kept;
    *reads = places;
}

/// Operands by their new numbers.
pub(crate) fn renumber(step: &mut Step, number: &[usize]) {
    match step {
        Step::Unary(_, x) => *x = number[*x],
        Step::Binary(_, x, y) => {
            *x = number[*x];
            *y = number[*y];
        }
        Step::Foreign(_, inputs) => inputs.iter_mut().for_each(|i| *i = number[*i]),
        Step::Read(_) | Step::Number(_) | Step::Index(_) => {}
    }
}
