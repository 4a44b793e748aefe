//! A machine that runs programs entry by entry, in the plainest way: what tests compare with.
//!
//! Every number is kept in `f64` and rounded to the program's precision after each operation, which
//! for `f32` is the correctly rounded result. Memory starts as NaN, so that what is read before it is
//! written shows.

use chainrule_kernels::program::{
    Access, Affine, Axis, Call, Contract, Fold, Foreign, Frame, Function, Loop, Precision, Program,
    Scatter, Select, Slot, Step, Work,
};

use super::noise::draw;

pub(crate) struct Machine {
    pub(crate) memory: Vec<f64>,
    single: bool,
    /// Every product comes out larger by one part in `2^23`.
    pub(crate) fault: bool,
}

/// One column of the data: entries a row, row-major.
pub(crate) type Column = Vec<f64>;

impl Machine {
    pub(crate) fn new(precision: Precision, arena: usize) -> Machine {
        let single = precision == Precision::F32;
        Machine { memory: vec![f64::NAN; arena], single, fault: false }
    }

    pub(crate) fn get(&self, slot: Slot) -> Vec<f64> {
        self.memory[slot.at..slot.at + slot.len].to_vec()
    }

    pub(crate) fn set(&mut self, slot: Slot, values: &[f64]) {
        let arena = (slot.at + slot.len).max(self.memory.len());
        self.memory.resize(arena, f64::NAN);
        assert_eq!(slot.len, values.len(), "as many values as entries");
        for (at, value) in values.iter().enumerate() {
            self.memory[slot.at + at] = self.rounded(*value);
        }
    }

    fn rounded(&self, value: f64) -> f64 {
        if self.single { f64::from(value as f32) } else { value }
    }

    /// Runs a program on these rows of the columns.
    pub(crate) fn run(&mut self, program: &Program, columns: &[Column], rows: &[u32], step: u64) {
        let arena = program.arena.max(self.memory.len());
        self.memory.resize(arena, f64::NAN);
        for instruction in &program.instructions {
            match &instruction.work {
                Work::Gather(g) => {
                    for (r, row) in rows.iter().enumerate().take(program.rows) {
                        for e in 0..g.width {
                            let value = columns[g.column][*row as usize * g.width + e];
                            self.memory[g.out + e * program.rows + r] = self.rounded(value);
                        }
                    }
                }
                Work::Noise(n) => {
                    for row in 0..n.rows {
                        for e in 0..n.width {
                            let value = draw(n.law, n.stream, step, row, e);
                            self.memory[n.out + e * n.rows + row] = self.rounded(value);
                        }
                    }
                }
                Work::Loop(l) => self.looped(program, l, false),
                Work::Scatter(Scatter { from, .. }) => self.looped(program, from, true),
                Work::Contract(c) => self.contract(c),
                Work::Select(s) => self.select(s),
                Work::Call(c) => self.call(program, c),
            }
        }
    }

    /// The place of an access, `None` where it is left out, `Err` for a label outside.
    fn place(&self, access: &Access, point: &[usize], steps: &[f64]) -> Result<Option<usize>, ()> {
        for guard in &access.guards {
            let at = affine(&guard.at, point);
            if at < 0 || at >= guard.extent as isize {
                return Ok(None);
            }
        }
        let mut at = affine(&access.at, point);
        if let Some(label) = access.label {
            let value = steps[label.step];
            if !(value >= 0.0 && value < label.extent as f64) {
                return Err(());
            }
            at += value as isize * label.stride;
        }
        let at = usize::try_from(at).expect("a place in the arena");
        let slot = access.slot;
        assert!(slot.at <= at && at < slot.at + slot.len, "an access outside its slot");
        Ok(Some(at))
    }

    fn steps(&self, program: &Program, l: &Loop, point: &[usize], before: &[f64]) -> Vec<f64> {
        let mut steps: Vec<f64> = Vec::with_capacity(l.steps.len());
        for step in &l.steps {
            let value = match step {
                Step::Read(k) => match self.place(&l.reads[*k], point, &steps) {
                    Ok(Some(at)) => before[at],
                    Ok(None) => 0.0,
                    Err(()) => f64::NAN,
                },
                Step::Number(value) => *value,
                Step::Index(at) => affine(at, point) as f64,
                Step::Unary(f, x) => apply(*f, &[steps[*x]]),
                Step::Binary(f, x, y) => {
                    let value = apply(*f, &[steps[*x], steps[*y]]);
                    if self.fault && *f == Function::Mul {
                        value * (1.0 + f64::powi(2.0, -23))
                    } else {
                        value
                    }
                }
                Step::Foreign(f, inputs) => {
                    let inputs: Vec<f64> = inputs.iter().map(|i| steps[*i]).collect();
                    match &program.foreign[*f] {
                        Foreign::Entry(_, f) => f(&inputs),
                        Foreign::Whole(name, _) => panic!("`{name}` is no function of entries"),
                    }
                }
            };
            steps.push(self.rounded(value));
        }
        steps
    }

    fn looped(&mut self, program: &Program, l: &Loop, scatter: bool) {
        let writes: Vec<_> = l.writes.iter().collect();
        let shared =
            |at: usize| l.reads.iter().any(|r| r.slot.at <= at && at < r.slot.at + r.slot.len);
        if scatter {
            let slot = writes[0].to.slot;
            assert!(!shared(slot.at), "a scatter reads where it adds");
            self.memory[slot.at..slot.at + slot.len].fill(0.0);
        }
        // Entry by entry in the machine's order: an access that is not the same shows as a wrong value.
        let mut seen: Vec<Vec<bool>> = writes.iter().map(|w| vec![false; w.to.slot.len]).collect();
        for point in Points::new(&l.axes) {
            let steps = self.steps(program, l, &point, &self.memory);
            for (k, write) in writes.iter().enumerate() {
                let Ok(Some(at)) = self.place(&write.to, &point, &steps) else { continue };
                let value = steps[write.step];
                let old = self.memory[at];
                let seen = &mut seen[k][at - write.to.slot.at];
                self.memory[at] = match write.fold {
                    _ if scatter => self.rounded(old + value),
                    None => {
                        assert!(!*seen, "two points in one entry without a fold");
                        value
                    }
                    Some(_) if !*seen => value,
                    Some(Fold::Sum) => self.rounded(old + value),
                    Some(Fold::Product) => self.rounded(old * value),
                    Some(Fold::Max) if value.is_nan() || value > old => value,
                    Some(Fold::Min) if value.is_nan() || value < old => value,
                    Some(_) => old,
                };
                *seen = true;
            }
        }
        // A part of an array is written where others write the rest: what nobody writes is NaN.
        for (write, seen) in writes.iter().zip(&seen) {
            let kept = l.axes.iter().filter(|axis| write.fold.is_none() || !axis.folded);
            let part = kept.map(|axis| axis.extent).product::<usize>() < write.to.slot.len;
            assert!(part || scatter || seen.iter().all(|s| *s), "an entry that no point writes");
        }
    }

    fn contract(&mut self, c: &Contract) {
        let lanes = |l: &[chainrule_kernels::program::Lane]| -> Vec<Axis> {
            l.iter().map(|l| Axis { extent: l.extent, folded: false }).collect()
        };
        let outer = [c.batch.as_slice(), &c.m, &c.n].concat();
        for point in Points::new(&lanes(&outer)) {
            let (mut a, mut b, mut to) = (c.a.1 as isize, c.b.1 as isize, c.c.1 as isize);
            for (i, lane) in point.iter().zip(&outer) {
                a += *i as isize * lane.a;
                b += *i as isize * lane.b;
                to += *i as isize * lane.c;
            }
            let mut sum = 0.0;
            for inner in Points::new(&lanes(&c.k)) {
                let (mut x, mut y) = (a, b);
                for (i, lane) in inner.iter().zip(&c.k) {
                    x += *i as isize * lane.a;
                    y += *i as isize * lane.b;
                }
                let mut term = self.memory[x as usize] * self.memory[y as usize];
                if self.fault {
                    term *= 1.0 + f64::powi(2.0, -23);
                }
                sum = self.rounded(sum + self.rounded(term));
            }
            self.memory[to as usize] = self.rounded(c.scale * sum);
        }
    }

    fn select(&mut self, s: &Select) {
        let mut best: std::collections::BTreeMap<Vec<usize>, (usize, f64)> =
            std::collections::BTreeMap::new();
        for point in Points::new(&s.axes) {
            let value = match self.place(&s.read, &point, &[]) {
                Ok(Some(at)) => self.memory[at],
                _ => 0.0,
            };
            let to = self.place(&s.to, &point, &[]).expect("no label").expect("no guard");
            self.memory[to] = 0.0;
            let group: Vec<usize> =
                point.iter().zip(&s.axes).filter(|(_, a)| !a.folded).map(|(i, _)| *i).collect();
            let better = match best.get(&group) {
                None => true,
                Some((_, old)) if s.fold == Fold::Max => value > *old,
                Some((_, old)) => value < *old,
            };
            if better {
                best.insert(group, (to, value));
            }
        }
        best.into_values().for_each(|(at, _)| self.memory[at] = 1.0);
    }

    fn call(&mut self, program: &Program, c: &Call) {
        let Foreign::Whole(_, f) = &program.foreign[c.function] else {
            panic!("no function of whole arrays")
        };
        let riding: Vec<Axis> =
            c.riding.iter().map(|e| Axis { extent: *e, folded: false }).collect();
        for point in Points::new(&riding) {
            let inputs: Vec<Vec<f64>> = c
                .inputs
                .iter()
                .map(|i| places(i, &point).into_iter().map(|at| self.memory[at]).collect())
                .collect();
            let parts: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
            let out = places(&c.output, &point);
            let mut values = vec![0.0; out.len()];
            if !f(&parts, &mut values) {
                values.fill(f64::NAN);
            }
            for (at, value) in out.into_iter().zip(values) {
                self.memory[at] = self.rounded(value);
            }
        }
    }
}

fn places(frame: &Frame, point: &[usize]) -> Vec<usize> {
    let ride: isize = point.iter().zip(&frame.riding).map(|(i, s)| *i as isize * s).sum();
    let axes: Vec<Axis> =
        frame.dims.iter().map(|(e, _)| Axis { extent: *e, folded: false }).collect();
    let place = |inner: Vec<usize>| {
        let own: isize = inner.iter().zip(&frame.dims).map(|(i, (_, s))| *i as isize * s).sum();
        (frame.slot.at as isize + ride + own) as usize
    };
    Points::new(&axes).map(place).collect()
}

fn affine(at: &Affine, point: &[usize]) -> isize {
    at.constant + at.strides.iter().zip(point).map(|(s, i)| s * *i as isize).sum::<isize>()
}

fn truth(is: bool) -> f64 {
    f64::from(u8::from(is))
}

fn apply(f: Function, x: &[f64]) -> f64 {
    let a = x[0];
    let b = x.get(1).copied().unwrap_or(0.0);
    match f {
        Function::Neg => -a,
        Function::Add => a + b,
        Function::Sub => a - b,
        Function::Mul => a * b,
        Function::Div => a / b,
        Function::Pow => a.powf(b),
        Function::Max => {
            if a.is_nan() || a >= b {
                a
            } else {
                b
            }
        }
        Function::Min => {
            if a.is_nan() || a <= b {
                a
            } else {
                b
            }
        }
        Function::Less => truth(a < b),
        Function::LessEqual => truth(a <= b),
        Function::Greater => truth(a > b),
        Function::GreaterEqual => truth(a >= b),
        Function::Equal => truth(a == b),
        Function::NotEqual => truth(a != b),
        Function::And => truth(a != 0.0 && b != 0.0),
        Function::Or => truth(a != 0.0 || b != 0.0),
        Function::Not => truth(a == 0.0),
        Function::Identity => a,
        Function::Exp => a.exp(),
        Function::Log => a.ln(),
        Function::Sqrt => a.sqrt(),
        Function::Sin => a.sin(),
        Function::Cos => a.cos(),
        Function::Tan => a.tan(),
        Function::Tanh => a.tanh(),
        Function::Sigmoid => 1.0 / (1.0 + (-a).exp()),
        Function::Softplus => a.max(0.0) + (-a.abs()).exp().ln_1p(),
        Function::Relu => {
            if a <= 0.0 {
                0.0
            } else {
                a
            }
        }
        Function::Abs => a.abs(),
        Function::Sign => {
            if a > 0.0 {
                1.0
            } else if a < 0.0 {
                -1.0
            } else {
                a
            }
        }
    }
}

/// All points of a space, the last axis fastest.
struct Points {
    extents: Vec<usize>,
    next: Option<Vec<usize>>,
}

impl Points {
    fn new(axes: &[Axis]) -> Points {
        let extents: Vec<usize> = axes.iter().map(|a| a.extent).collect();
        let next = (!extents.contains(&0)).then(|| vec![0; extents.len()]);
        Points { extents, next }
    }
}

impl Iterator for Points {
    type Item = Vec<usize>;

    fn next(&mut self) -> Option<Vec<usize>> {
        let now = self.next.take()?;
        let mut then = now.clone();
        for (i, extent) in then.iter_mut().zip(&self.extents).rev() {
            *i += 1;
            if *i < *extent {
                self.next = Some(then);
                break;
            }
            *i = 0;
        }
        Some(now)
    }
}
