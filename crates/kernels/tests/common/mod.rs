//! A naive evaluator of programs, one entry after the other in f64, and random pieces of programs.

#![allow(dead_code)]

pub(crate) mod all;
pub(crate) mod build;
pub(crate) mod shape;

use chainrule_kernels::program::*;
use chainrule_kernels::{Column, Run, Values};

/// Values, and for each a magnitude that rounding errors are measured against.
pub(crate) struct Naive {
    pub(crate) arena: Vec<f64>,
    pub(crate) magnitude: Vec<f64>,
    single: bool,
}

fn at(form: &Affine, point: &[usize]) -> isize {
    form.constant + form.strides.iter().zip(point).map(|(s, &x)| s * x as isize).sum::<isize>()
}

fn points(extents: &[usize]) -> Vec<Vec<usize>> {
    let mut all = vec![vec![]];
    for &extent in extents {
        all = all
            .into_iter()
            .flat_map(|point| {
                (0..extent).map(move |x| [point.clone(), vec![x]].concat()).collect::<Vec<_>>()
            })
            .collect();
    }
    all
}

fn unary(function: Function, x: f64) -> f64 {
    match function {
        Function::Neg => -x,
        Function::Not => f64::from(x == 0.0),
        Function::Exp => x.exp(),
        Function::Log => x.ln(),
        Function::Sqrt => x.sqrt(),
        Function::Sin => x.sin(),
        Function::Cos => x.cos(),
        Function::Tan => x.tan(),
        Function::Tanh => x.tanh(),
        Function::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Function::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
        Function::Relu => x.max(0.0),
        Function::Abs => x.abs(),
        Function::Sign => f64::from(x > 0.0) - f64::from(x < 0.0),
        _ => x,
    }
}

fn binary(function: Function, x: f64, y: f64) -> f64 {
    match function {
        Function::Add => x + y,
        Function::Sub => x - y,
        Function::Mul => x * y,
        Function::Div => x / y,
        Function::Pow => x.powf(y),
        Function::Max => x.max(y),
        Function::Min => x.min(y),
        Function::Less => f64::from(x < y),
        Function::LessEqual => f64::from(x <= y),
        Function::Greater => f64::from(x > y),
        Function::GreaterEqual => f64::from(x >= y),
        Function::Equal => f64::from(x == y),
        Function::NotEqual => f64::from(x != y),
        Function::And => f64::from(x != 0.0 && y != 0.0),
        Function::Or => f64::from(x != 0.0 || y != 0.0),
        other => panic!("{other:?} of two values"),
    }
}

impl Naive {
    pub(crate) fn new(precision: Precision, arena: &[f64]) -> Naive {
        let single = precision == Precision::F32;
        let mut own = Naive { arena: arena.to_vec(), magnitude: vec![0.0; arena.len()], single };
        for value in &mut own.arena {
            *value = if single { f64::from(*value as f32) } else { *value };
        }
        own.magnitude = own.arena.iter().map(|value| value.abs()).collect();
        own
    }

    fn round(&self, value: f64) -> f64 {
        if self.single { f64::from(value as f32) } else { value }
    }

    fn place(&self, access: &Access, point: &[usize]) -> Option<isize> {
        let inside = |guard: &Guard| (0..guard.extent as isize).contains(&at(&guard.at, point));
        access.guards.iter().all(inside).then(|| at(&access.at, point))
    }

    fn moved(label: Option<Label>, values: &[f64]) -> Option<isize> {
        label.map_or(Some(0), |label| {
            let value = values[label.step];
            let inside = value >= 0.0 && value < label.extent as f64 && value.fract() == 0.0;
            inside.then(|| value as isize * label.stride)
        })
    }

    fn steps(&self, own: &Loop, foreign: &[Foreign], point: &[usize]) -> Vec<f64> {
        let mut values: Vec<f64> = Vec::new();
        for step in &own.steps {
            let value = match step {
                Step::Read(read) => {
                    let read = &own.reads[*read];
                    match (self.place(read, point), Naive::moved(read.label, &values)) {
                        (None, _) => 0.0,
                        (_, None) => f64::NAN,
                        (Some(place), Some(by)) => self.arena[(place + by) as usize],
                    }
                }
                Step::Number(value) => *value,
                Step::Index(form) => at(form, point) as f64,
                Step::Unary(function, x) => unary(*function, values[*x]),
                Step::Binary(function, x, y) => binary(*function, values[*x], values[*y]),
                Step::Foreign(function, all) => match &foreign[*function] {
                    Foreign::Entry(_, f) => f(&all.iter().map(|&x| values[x]).collect::<Vec<_>>()),
                    Foreign::Whole(..) => panic!("a whole function of entries"),
                },
            };
            values.push(self.round(value));
        }
        values
    }

    fn looped(&mut self, own: &Loop, foreign: &[Foreign], scatter: bool) {
        let extents: Vec<usize> = own.axes.iter().map(|axis| axis.extent).collect();
        let mut all = Vec::new();
        for write in &own.writes {
            let neutral = match write.fold {
                Some(Fold::Max) => f64::NEG_INFINITY,
                Some(Fold::Min) => f64::INFINITY,
                Some(Fold::Product) => 1.0,
                _ => 0.0,
            };
            let kept = own
                .axes
                .iter()
                .map(|axis| if write.fold.is_some() && axis.folded { 1 } else { axis.extent });
            if write.fold.is_some() {
                for point in points(&kept.collect::<Vec<_>>()) {
                    if let Some(place) = self.place(&write.to, &point) {
                        all.push((place as usize, None, neutral));
                    }
                }
            }
        }
        for point in points(&extents) {
            let values = self.steps(own, foreign, &point);
            for write in &own.writes {
                let place = self.place(&write.to, &point);
                let by = Naive::moved(write.to.label, &values);
                if let (Some(place), Some(by)) = (place, by) {
                    let fold = if scatter { Some(Fold::Sum) } else { write.fold };
                    all.push(((place + by) as usize, fold, values[write.step]));
                }
            }
        }
        if scatter {
            let slot = own.writes[0].to.slot;
            self.arena[slot.at..slot.at + slot.len].fill(0.0);
            self.magnitude[slot.at..slot.at + slot.len].fill(0.0);
        }
        for (place, fold, value) in all {
            self.meet(place, fold, value);
        }
    }

    fn meet(&mut self, place: usize, fold: Option<Fold>, value: f64) {
        let (old, more) = (self.arena[place], &mut self.magnitude[place]);
        let none = old.is_nan() || value.is_nan();
        let size = if value.is_infinite() { 0.0 } else { value.abs() };
        self.arena[place] = match fold {
            None => {
                *more = size;
                value
            }
            Some(Fold::Sum) => {
                *more += size;
                old + value
            }
            Some(Fold::Product) => {
                *more = 10.0 * (old * value).abs();
                old * value
            }
            Some(Fold::Max) => {
                *more = more.max(size);
                if none { f64::NAN } else { old.max(value) }
            }
            Some(Fold::Min) => {
                *more = more.max(size);
                if none { f64::NAN } else { old.min(value) }
            }
        };
    }

    fn contract(&mut self, own: &Contract) {
        let extents = |lanes: &[Lane]| lanes.iter().map(|lane| lane.extent).collect::<Vec<_>>();
        let shift = |lanes: &[Lane], point: &[usize], stride: fn(&Lane) -> isize| {
            lanes.iter().zip(point).map(|(lane, &x)| stride(lane) * x as isize).sum::<isize>()
        };
        for b in points(&extents(&own.batch)) {
            for m in points(&extents(&own.m)) {
                for n in points(&extents(&own.n)) {
                    let base = |stride: fn(&Lane) -> isize| {
                        shift(&own.batch, &b, stride)
                            + shift(&own.m, &m, stride)
                            + shift(&own.n, &n, stride)
                    };
                    let (mut sum, mut size) = (0.0, 0.0);
                    for k in points(&extents(&own.k)) {
                        let a = own.a.1 as isize + base(|l| l.a) + shift(&own.k, &k, |l| l.a);
                        let b = own.b.1 as isize + base(|l| l.b) + shift(&own.k, &k, |l| l.b);
                        let term = self.arena[a as usize] * self.arena[b as usize];
                        sum += term;
                        size += term.abs();
                    }
                    let c = (own.c.1 as isize + base(|l| l.c)) as usize;
                    self.arena[c] = sum * own.scale;
                    self.magnitude[c] = size * own.scale.abs();
                }
            }
        }
    }

    fn select(&mut self, own: &Select) {
        let extents: Vec<usize> = own.axes.iter().map(|axis| axis.extent).collect();
        let mut best: Vec<(Vec<usize>, Vec<usize>, f64)> = Vec::new();
        for point in points(&extents) {
            let value = self.place(&own.read, &point).map_or(0.0, |at| self.arena[at as usize]);
            let kept = point.iter().zip(&own.axes);
            let group: Vec<usize> = kept.filter(|x| !x.1.folded).map(|x| *x.0).collect();
            let better = |old: f64| {
                let beyond = if own.fold == Fold::Max { value > old } else { value < old };
                beyond || (value.is_nan() && !old.is_nan())
            };
            match best.iter_mut().find(|entry| entry.0 == group) {
                None => best.push((group, point, value)),
                Some(entry) if better(entry.2) => *entry = (group, point, value),
                Some(_) => {}
            }
        }
        for point in points(&extents) {
            if let Some(place) = self.place(&own.to, &point) {
                self.arena[place as usize] = f64::from(best.iter().any(|entry| entry.1 == point));
            }
        }
    }

    fn gather(&mut self, own: &Gather, run: &Run<'_>) {
        let Column { values, width, scale, shift } = run.columns[own.column];
        let each = |all: &[f64], e: usize, none| match all.len() {
            0 => none,
            1 => all[0],
            _ => all[e],
        };
        for e in 0..width {
            for (r, &row) in run.rows.iter().enumerate() {
                let at = row as usize * width + e;
                let raw = match values {
                    Values::U8(all) => f64::from(all[at]),
                    Values::F32(all) => f64::from(all[at]),
                    Values::F64(all) => all[at],
                };
                let value = raw * each(scale, e, 1.0) + each(shift, e, 0.0);
                self.arena[own.out + e * run.rows.len() + r] = self.round(value);
            }
        }
    }

    fn noise(&mut self, own: &Noise, run: &Run<'_>) {
        let step = 1.0 / (1u64 << 53) as f64;
        let bits = |low: u32, high: u32| ((u64::from(high) << 32 | u64::from(low)) >> 11) as f64;
        for e in 0..own.width {
            for r in 0..own.rows {
                let block =
                    |c: usize| philox(run.seed, [c as u32, r as u32, run.step as u32, own.stream]);
                let value = match own.law {
                    Law::Bernoulli(p) => {
                        f64::from(f64::from(block(e / 4)[e % 4]) < p * 4_294_967_296.0)
                    }
                    Law::Uniform(low, high) => {
                        let w = block(e);
                        low + (high - low) * (bits(w[0], w[1]) * step)
                    }
                    Law::Normal(mean, sd) => {
                        let w = block(e);
                        let (u, v) = ((bits(w[0], w[1]) + 1.0) * step, bits(w[2], w[3]) * step);
                        mean + sd * (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
                    }
                };
                self.arena[own.out + e * own.rows + r] = self.round(value);
            }
        }
    }

    fn call(&mut self, own: &Call, foreign: &[Foreign]) {
        let Foreign::Whole(_, function) = &foreign[own.function] else {
            panic!("no whole function")
        };
        for riding in points(&own.riding) {
            let places = |frame: &Frame| -> Vec<usize> {
                let dims: Vec<usize> = frame.dims.iter().map(|dim| dim.0).collect();
                let base =
                    frame.riding.iter().zip(&riding).map(|(s, &x)| s * x as isize).sum::<isize>();
                let shift = |p: &Vec<usize>| {
                    p.iter().zip(&frame.dims).map(|(&x, d)| x as isize * d.1).sum::<isize>()
                };
                points(&dims)
                    .iter()
                    .map(|p| (frame.slot.at as isize + base + shift(p)) as usize)
                    .collect()
            };
            let inputs: Vec<Vec<f64>> = own
                .inputs
                .iter()
                .map(|frame| places(frame).iter().map(|&at| self.arena[at]).collect())
                .collect();
            let inputs: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
            let out = places(&own.output);
            let mut values = vec![0.0; out.len()];
            if !function(&inputs, &mut values) {
                values.fill(f64::NAN);
            }
            for (at, value) in out.into_iter().zip(values) {
                self.arena[at] = self.round(value);
            }
        }
    }

    pub(crate) fn run(&mut self, program: &Program, run: &Run<'_>) {
        for instruction in &program.instructions {
            match &instruction.work {
                Work::Gather(own) => self.gather(own, run),
                Work::Noise(own) => self.noise(own, run),
                Work::Loop(own) => self.looped(own, &program.foreign, false),
                Work::Scatter(own) => self.looped(&own.from, &program.foreign, true),
                Work::Contract(own) => self.contract(own),
                Work::Select(own) => self.select(own),
                Work::Call(own) => self.call(own, &program.foreign),
            }
        }
    }
}

fn philox(seed: u64, mut c: [u32; 4]) -> [u32; 4] {
    let mut k = [seed as u32, (seed >> 32) as u32];
    for _ in 0..10 {
        let p = 0xd251_1f53_u64 * u64::from(c[0]);
        let q = 0xcd9e_8d57_u64 * u64::from(c[2]);
        c = [(q >> 32) as u32 ^ c[1] ^ k[0], q as u32, (p >> 32) as u32 ^ c[3] ^ k[1], p as u32];
        k = [k[0].wrapping_add(0x9e37_79b9), k[1].wrapping_add(0xbb67_ae85)];
    }
    c
}
