//! Steps become register code: what is the same for a whole tile is computed once, arrays that lie
//! as the tile does are read where they are, registers are given by when values are last used.
//!
//! What is the same for a whole tile is computed in f64, whatever the program's precision, and is
//! rounded where it meets entries or is compared: `1 - beta^t` loses no digits in between.

use crate::element::Element;
use crate::loops::OPERANDS;
use crate::program::{Function, Label, Loop, Step};
use crate::space::{Site, Space};

/// Where a value is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Arg<T> {
    /// In the code.
    Number(T),
    /// One number for the tile: its place in the scratch doubles.
    Single(usize),
    /// A register: its place in the scratch numbers.
    Register(usize),
    /// In the arena, at a form, as the tile lies.
    Memory(usize),
}

/// An access with the value of its label.
#[derive(Clone, Debug)]
pub(crate) struct Port<T> {
    pub(crate) site: Site,
    pub(crate) label: Option<(Label, Arg<T>)>,
}

/// What is done for a tile.
#[derive(Clone, Debug)]
pub(crate) enum Action<T> {
    Load(Port<T>),
    Index(usize),
    Unary(Function, Arg<T>),
    Binary(Function, Arg<T>, Arg<T>),
    Foreign(usize, Vec<Arg<T>>),
}

/// An action and where its value goes.
#[derive(Clone, Debug)]
pub(crate) struct Op<T> {
    pub(crate) action: Action<T>,
    pub(crate) to: usize,
    /// One number for the tile, in f64.
    pub(crate) single: bool,
}

/// A write: the value, the place, and whether points meet there.
#[derive(Clone, Debug)]
pub(crate) struct Out<T> {
    pub(crate) value: Arg<T>,
    pub(crate) port: Port<T>,
}

/// The code of a loop.
#[derive(Clone, Debug)]
pub(crate) struct Code<T> {
    pub(crate) ops: Vec<Op<T>>,
    pub(crate) plain: Vec<Out<T>>,
    pub(crate) folds: Vec<(crate::program::Fold, Out<T>)>,
    /// Scratch numbers in use.
    pub(crate) numbers: usize,
    /// Scratch doubles in use: operands of functions from outside, then singles.
    pub(crate) doubles: usize,
    /// Operations a point, about.
    pub(crate) weight: f64,
}

/// How a tile lies: the strides of its rows and of the entries of a row, for each form, and the
/// length of a full row (0 if tiles have one row only).
pub(crate) struct Lay<'a> {
    pub(crate) rows: &'a [isize],
    pub(crate) entries: &'a [isize],
    pub(crate) full: usize,
}

impl Lay<'_> {
    fn constant(&self, form: usize) -> bool {
        self.rows[form] == 0 && self.entries[form] == 0
    }

    fn plain(&self, site: &Site) -> bool {
        let dense = self.full == 0 || self.rows[site.at] == self.full as isize;
        site.guards.is_empty() && site.label.is_none() && self.entries[site.at] == 1 && dense
    }

    fn uniform(&self, site: &Site) -> bool {
        self.constant(site.at) && site.guards.iter().all(|guard| self.constant(guard.0))
    }
}

/// About how many operations of a vector a function is.
fn weight(function: Function) -> f64 {
    match function {
        Function::Div | Function::Sqrt => 4.0,
        Function::Exp | Function::Log | Function::Sigmoid | Function::Tanh => 16.0,
        Function::Softplus | Function::Sin | Function::Cos | Function::Tan => 30.0,
        Function::Pow => 60.0,
        _ => 1.0,
    }
}

pub(crate) struct Compiler<'a, T> {
    source: &'a Loop,
    lay: Lay<'a>,
    /// The value of each step, once it is known.
    args: Vec<Option<Arg<T>>>,
    /// The index after the last use of each step; the end for what is written.
    last: Vec<usize>,
    code: Code<T>,
    /// Registers with the index after their last use, and those without a value.
    held: Vec<(usize, usize)>,
    free: Vec<usize>,
    registers: usize,
}

/// The sites of a loop's reads and writes, in order; made before the space is collapsed.
pub(crate) struct Sites {
    pub(crate) reads: Vec<Site>,
    pub(crate) writes: Vec<Site>,
    /// The form of each step that is an index.
    pub(crate) indices: Vec<Option<usize>>,
}

impl Sites {
    pub(crate) fn of(source: &Loop, space: &mut Space) -> Sites {
        let reads = source.reads.iter().map(|read| space.site(read)).collect();
        let writes = source.writes.iter().map(|write| space.site(&write.to)).collect();
        let index = |step: &Step| match step {
            Step::Index(form) => Some(space.form(form)),
            _ => None,
        };
        let indices = source.steps.iter().map(index).collect();
        Sites { reads, writes, indices }
    }
}

fn operands(source: &Loop, step: &Step) -> Vec<usize> {
    match step {
        Step::Read(read) => source.reads[*read].label.iter().map(|label| label.step).collect(),
        Step::Number(_) | Step::Index(_) => Vec::new(),
        Step::Unary(_, x) => vec![*x],
        Step::Binary(_, x, y) => vec![*x, *y],
        Step::Foreign(_, all) => all.clone(),
    }
}

/// The code of a loop over a tile that lies so.
pub(crate) fn compile<T: Element>(source: &Loop, sites: &Sites, lay: Lay<'_>) -> Code<T> {
    let count = source.steps.len();
    let mut last = vec![0; count];
    for write in &source.writes {
        last[write.step] = usize::MAX;
        if let Some(label) = &write.to.label {
            last[label.step] = usize::MAX;
        }
    }
    for at in (0..count).rev() {
        if last[at] > 0 {
            for operand in operands(source, &source.steps[at]) {
                // An identity is another name: its operand lives as long as it does.
                let alias = matches!(source.steps[at], Step::Unary(Function::Identity, _));
                last[operand] = last[operand].max(if alias { last[at] } else { at + 1 });
            }
        }
    }
    let code = Code {
        ops: Vec::new(),
        plain: Vec::new(),
        folds: Vec::new(),
        numbers: 0,
        doubles: OPERANDS,
        weight: 0.5,
    };
    let mut compiler = Compiler {
        source,
        lay,
        args: vec![None; count],
        last,
        code,
        held: Vec::new(),
        free: Vec::new(),
        registers: 0,
    };
    for at in 0..count {
        if compiler.last[at] > 0 {
            compiler.step(at, sites);
            compiler.release(at);
        }
    }
    for at in 0..source.writes.len() {
        compiler.write(at, sites);
    }
    let mut code = compiler.code;
    code.numbers = compiler.registers * T::TILE;
    code
}

impl<T: Element> Compiler<'_, T> {
    fn arg(&self, step: usize) -> Arg<T> {
        self.args[step].unwrap_or(Arg::Number(T::NAN))
    }

    fn emit(&mut self, action: Action<T>, single: bool) -> Arg<T> {
        let to = if single {
            self.code.doubles += 1;
            self.code.doubles - 1
        } else {
            self.free.pop().unwrap_or_else(|| {
                self.registers += 1;
                (self.registers - 1) * T::TILE
            })
        };
        self.code.ops.push(Op { action, to, single });
        if single { Arg::Single(to) } else { Arg::Register(to) }
    }

    fn step(&mut self, at: usize, sites: &Sites) {
        let one = |arg: Arg<T>| matches!(arg, Arg::Number(_) | Arg::Single(_));
        let arg = match &self.source.steps[at] {
            Step::Number(value) => Arg::Number(T::of(*value)),
            Step::Index(_) => {
                let form = sites.indices[at].unwrap_or_default();
                let single = self.lay.constant(form);
                self.emit(Action::Index(form), single)
            }
            Step::Read(read) => self.read(&sites.reads[*read]),
            Step::Unary(Function::Identity, x) => self.arg(*x),
            Step::Unary(function, x) => {
                let x = self.arg(*x);
                self.code.weight += if one(x) { 0.0 } else { weight(*function) };
                self.emit(Action::Unary(*function, x), one(x))
            }
            Step::Binary(function, x, y) => {
                let (x, y) = (self.arg(*x), self.arg(*y));
                let single = one(x) && one(y);
                self.code.weight += if single { 0.0 } else { weight(*function) };
                self.emit(Action::Binary(*function, x, y), single)
            }
            Step::Foreign(function, operands) => {
                let all: Vec<_> = operands.iter().map(|&operand| self.arg(operand)).collect();
                let single = all.iter().all(|&arg| one(arg));
                self.code.weight += 50.0;
                self.emit(Action::Foreign(*function, all), single)
            }
        };
        self.args[at] = Some(arg);
    }

    fn read(&mut self, site: &Site) -> Arg<T> {
        self.code.weight += 0.5;
        if self.lay.plain(site) {
            return Arg::Memory(site.at);
        }
        let port = self.port(site);
        let label_one = match &port.label {
            Some((_, arg)) => matches!(arg, Arg::Number(_) | Arg::Single(_)),
            None => true,
        };
        let single = self.lay.uniform(site) && label_one;
        self.emit(Action::Load(port), single)
    }

    fn port(&self, site: &Site) -> Port<T> {
        let label = site.label.map(|label| (label, self.arg(label.step)));
        Port { site: site.clone(), label }
    }

    /// Frees the registers whose value nobody reads after a step.
    fn release(&mut self, at: usize) {
        if let Some(Arg::Register(place)) = self.args[at]
            && !matches!(self.source.steps[at], Step::Unary(Function::Identity, _))
        {
            self.held.push((place, self.last[at]));
        }
        let free = &mut self.free;
        self.held.retain(|&(place, until)| {
            let live = until > at + 1;
            if !live {
                free.push(place);
            }
            live
        });
    }

    fn write(&mut self, at: usize, sites: &Sites) {
        let write = &self.source.writes[at];
        let mut value = self.arg(write.step);
        // A write may change the place that another one's value would be read from; a fold along a
        // vector takes registers only.
        let copied = match write.fold {
            None => matches!(value, Arg::Memory(_)),
            Some(_) => matches!(value, Arg::Number(_) | Arg::Single(_)),
        };
        if copied {
            value = self.emit(Action::Unary(Function::Identity, value), false);
        }
        let mut port = self.port(&sites.writes[at]);
        // So it is with a label: it is read before anything is written.
        if let Some((_, label @ Arg::Memory(_))) = &mut port.label {
            *label = self.emit(Action::Unary(Function::Identity, *label), false);
        }
        let out = Out { value, port };
        self.code.weight += 1.0;
        match write.fold {
            None => self.code.plain.push(out),
            Some(fold) => self.code.folds.push((fold, out)),
        }
    }
}
