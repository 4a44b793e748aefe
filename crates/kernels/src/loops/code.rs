//! Steps become register code: what is the same for a whole tile is computed once, arrays that lie
//! as the tile does are read where they are, registers are given by when values are last used.
//!
//! What is the same for a whole tile is computed in f64, whatever the program's precision, and is
//! rounded where it meets entries or is compared: `1 - beta^t` loses no digits in between.

use crate::element::Element;
use crate::loops::OPERANDS;
use crate::program::{Function, Label, Loop, Step};
use crate::space::{Site, Space};
use crate::tree::{AHEAD, Found, find, own};

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
    /// A shape of `tree`, by its number, with its leaves; none is the reciprocal of the one before.
    Tree(usize, Vec<Option<Arg<T>>>),
}

/// Where the value of an action goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum To {
    /// A register.
    Register(usize),
    /// One number for the tile, in f64.
    Single(usize),
    /// The arena, at a form, as the tile lies.
    Memory(usize),
}

/// An action and where its value goes.
#[derive(Clone, Debug)]
pub(crate) struct Op<T> {
    pub(crate) action: Action<T>,
    pub(crate) to: To,
    /// Forms whose next tile is asked for meanwhile.
    pub(crate) ahead: Vec<usize>,
}

impl<T: Element> Op<T> {
    /// What it reads.
    fn args(&self) -> Vec<Arg<T>> {
        match &self.action {
            Action::Load(port) => port.label.iter().map(|label| label.1).collect(),
            Action::Index(_) => Vec::new(),
            Action::Unary(_, x) => vec![*x],
            Action::Binary(_, x, y) => vec![*x, *y],
            Action::Foreign(_, all) => all.clone(),
            Action::Tree(_, all) => all.iter().flatten().copied().collect(),
        }
    }

    fn reads(&self, form: usize) -> bool {
        let loads = matches!(&self.action, Action::Load(port) if port.site.at == form);
        loads || self.args().iter().any(|arg| matches!(arg, Arg::Memory(at) if *at == form))
    }

    /// Exchanges a register for a place in the arena.
    fn replace(&mut self, register: usize, form: usize) {
        let change = |arg: &mut Arg<T>| arg.replace(register, form);
        match &mut self.action {
            Action::Load(port) => port.label.iter_mut().for_each(|label| change(&mut label.1)),
            Action::Index(_) => {}
            Action::Unary(_, x) => change(x),
            Action::Binary(_, x, y) => [x, y].into_iter().for_each(change),
            Action::Foreign(_, all) => all.iter_mut().for_each(change),
            Action::Tree(_, all) => all.iter_mut().flatten().for_each(change),
        }
    }
}

impl<T: Element> Arg<T> {
    fn replace(&mut self, register: usize, form: usize) {
        if matches!(self, Arg::Register(at) if *at == register) {
            *self = Arg::Memory(form);
        }
    }
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

/// About how many operations the functions of a loop are.
fn weights(source: &Loop, last: &[usize], single: &[bool]) -> f64 {
    let steps = source.steps.iter().enumerate().filter(|(at, _)| last[*at] > 0 && !single[*at]);
    let own = |step: &Step| match step {
        Step::Unary(Function::Identity, _) => 0.0,
        Step::Unary(function, _) | Step::Binary(function, ..) => weight(*function),
        _ => 0.0,
    };
    steps.map(|(_, step)| own(step)).sum()
}

pub(crate) struct Compiler<'a, T> {
    source: &'a Loop,
    lay: Lay<'a>,
    /// The shape each step is computed by, if one is.
    trees: Vec<Option<Found>>,
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

/// The index after the last use of each step, 0 without one; the end for what is written.
fn lives(source: &Loop, trees: &[Option<Found>]) -> Vec<usize> {
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
            let all = match &trees[at] {
                Some(found) => found.leaves.iter().flatten().copied().collect(),
                None => operands(source, &source.steps[at]),
            };
            for operand in all {
                // An identity is another name: its operand lives as long as it does.
                let alias = matches!(source.steps[at], Step::Unary(Function::Identity, _));
                last[operand] = last[operand].max(if alias { last[at] } else { at + 1 });
            }
        }
    }
    last
}

/// Whether each step is the same for a whole tile.
fn singles(source: &Loop, sites: &Sites, lay: &Lay<'_>) -> Vec<bool> {
    let mut single: Vec<bool> = Vec::with_capacity(source.steps.len());
    for (at, step) in source.steps.iter().enumerate() {
        let own = match step {
            Step::Index(_) => lay.constant(sites.indices[at].unwrap_or_default()),
            Step::Read(read) => {
                let site = &sites.reads[*read];
                lay.uniform(site) && site.label.is_none_or(|label| single[label.step])
            }
            step => operands(source, step).iter().all(|&operand| single[operand]),
        };
        single.push(own);
    }
    single
}

/// How often each value is used by steps that matter and by writes; identities are other names.
fn uses(source: &Loop, last: &[usize]) -> Vec<usize> {
    let mut uses = vec![0; source.steps.len()];
    let live = |at: &usize| {
        last[*at] > 0 && !matches!(source.steps[*at], Step::Unary(Function::Identity, _))
    };
    let read = (0..uses.len()).filter(live).flat_map(|at| operands(source, &source.steps[at]));
    let labels = source.writes.iter().flat_map(|write| write.to.label.map(|label| label.step));
    let written = source.writes.iter().map(|write| write.step);
    for step in read.chain(labels).chain(written) {
        uses[own(&source.steps, step)] += 1;
    }
    uses
}

/// The code of a loop over a tile that lies so. `direct` if what is written takes the place of what
/// was there.
pub(crate) fn compile<T: Element>(
    source: &Loop,
    sites: &Sites,
    lay: Lay<'_>,
    direct: bool,
) -> Code<T> {
    let count = source.steps.len();
    let single = singles(source, sites, &lay);
    let all = lives(source, &vec![None; count]);
    let trees = find(&source.steps, &single, &uses(source, &all));
    let last = lives(source, &trees);
    let code = Code {
        ops: Vec::new(),
        plain: Vec::new(),
        folds: Vec::new(),
        numbers: 0,
        doubles: OPERANDS,
        weight: 0.5 + weights(source, &all, &single),
    };
    let mut compiler = Compiler {
        source,
        lay,
        trees,
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
    if direct {
        compiler.straighten();
    }
    compiler.ask();
    let mut code = compiler.code;
    code.numbers = compiler.registers * T::TILE;
    code
}

impl<T: Element> Compiler<'_, T> {
    fn arg(&self, step: usize) -> Arg<T> {
        self.args[step].unwrap_or(Arg::Number(T::NAN))
    }

    fn emit(&mut self, action: Action<T>, single: bool) -> Arg<T> {
        let (to, arg) = if single {
            self.code.doubles += 1;
            let at = self.code.doubles - 1;
            (To::Single(at), Arg::Single(at))
        } else {
            let at = self.free.pop().unwrap_or_else(|| {
                self.registers += 1;
                (self.registers - 1) * T::TILE
            });
            (To::Register(at), Arg::Register(at))
        };
        self.code.ops.push(Op { action, to, ahead: Vec::new() });
        arg
    }

    fn step(&mut self, at: usize, sites: &Sites) {
        let one = |arg: Arg<T>| matches!(arg, Arg::Number(_) | Arg::Single(_));
        if let Some(found) = &self.trees[at] {
            let leaves = found.leaves.iter().map(|leaf| leaf.map(|step| self.arg(step))).collect();
            self.args[at] = Some(self.emit(Action::Tree(found.shape, leaves), false));
            return;
        }
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
                self.emit(Action::Unary(*function, x), one(x))
            }
            Step::Binary(function, x, y) => {
                let (x, y) = (self.arg(*x), self.arg(*y));
                let single = one(x) && one(y);
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

    /// Spreads what the next tile reads over the passes of this one, the longest first.
    fn ask(&mut self) {
        let mut forms = Vec::new();
        for arg in self.code.ops.iter().flat_map(Op::args) {
            if let Arg::Memory(form) = arg
                && !forms.contains(&form)
            {
                forms.push(form);
            }
        }
        let mut passes: Vec<(f64, &mut Op<T>)> = Vec::new();
        for op in &mut self.code.ops {
            if let Action::Tree(shape, _) = op.action {
                passes.push((crate::tree::work(shape, weight), op));
            }
        }
        passes.sort_by(|x, y| y.0.total_cmp(&x.0));
        for (forms, pass) in forms.chunks(AHEAD).zip(&mut passes) {
            pass.1.ahead = forms.to_vec();
        }
    }

    /// Lets actions write where their values are written to, if nobody reads what is there any more.
    fn straighten(&mut self) {
        let Code { ops, plain, folds, .. } = &mut self.code;
        let mut at = 0;
        while at < plain.len() {
            let site = &plain[at].port.site;
            let form = site.at;
            let register = match plain[at].value {
                Arg::Register(register) if self.lay.plain(site) => register,
                _ => {
                    at += 1;
                    continue;
                }
            };
            let made = ops.iter().rposition(|op| op.to == To::Register(register));
            let others = |arg: &Arg<T>| matches!(arg, Arg::Memory(other) if *other == form);
            let kept = plain.iter().chain(folds.iter().map(|fold| &fold.1));
            let needed = kept.flat_map(|out| {
                std::iter::once(&out.value).chain(out.port.label.iter().map(|label| &label.1))
            });
            let free = made.is_some_and(|made| {
                // Only trees may write where they read.
                let tree = matches!(ops[made].action, Action::Tree(..));
                let after = made + usize::from(tree);
                !ops[after..].iter().any(|op| op.reads(form))
            });
            if let (Some(made), true, false) = (made, free, { needed }.any(others)) {
                ops[made].to = To::Memory(form);
                ops[made + 1..].iter_mut().for_each(|op| op.replace(register, form));
                plain.remove(at);
                for out in plain.iter_mut().chain(folds.iter_mut().map(|fold| &mut fold.1)) {
                    out.value.replace(register, form);
                    out.port.label.iter_mut().for_each(|label| label.1.replace(register, form));
                }
            } else {
                at += 1;
            }
        }
    }
}
