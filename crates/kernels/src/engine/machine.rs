//! The engine for one number type.

use std::sync::Arc;

use super::{Column, Range, Refused, Run, Threads, no_memory};
use crate::arena::Arena;
use crate::call::Calls;
use crate::column::{self, Columns};
use crate::contract::Contracts;
use crate::element::Element;
use crate::gather::Gathers;
use crate::isa::Present;
use crate::kernel::{Env, Kernel, Needs, Scratch, part};
use crate::loops::Loops;
use crate::noise::Noises;
use crate::pool::Pool;
use crate::program::{Foreign, Loop, Program, Slot, Work};
use crate::scatter::Scatters;
use crate::select::Selects;
use crate::then::{self, Then};

/// Hands for each thread at most; phases with more shards have several in a hand.
const HANDS: usize = 16;
/// A run whose shared instructions are not so many times worth sharing stays on one thread.
const WAKE: f64 = 8.0;

/// A phase of an instruction.
#[derive(Clone, Copy)]
struct Phase {
    instruction: u32,
    phase: u32,
    shards: u32,
    /// Hands that share the shards; one if it is not worth more.
    hands: u32,
}

/// A program, ready to run.
struct Prepared<T> {
    /// The instructions, and behind them those that are done as one with the next.
    kernels: Vec<Box<dyn Kernel<T>>>,
    count: usize,
    /// The instruction of each kernel.
    instructions: Vec<usize>,
    /// Everything that is done one by one, in order; phases without shards are left out.
    each: Vec<Phase>,
    /// Everything that is done, in order.
    phases: Vec<Phase>,
    /// Pieces of the pool's walk: the phases of each, and how many hands share it. Neighbours that
    /// one thread does are one piece.
    pieces: Vec<std::ops::Range<usize>>,
    hands: Vec<u32>,
    foreign: Vec<Foreign>,
    rows: usize,
    columns: Vec<usize>,
}

pub(super) struct Machine<T> {
    arena: Arena<T>,
    shared: Arena<T>,
    scratch: Vec<Scratch<T>>,
    pool: Pool,
    least: f64,
    isa: Present,
    programs: Vec<Prepared<T>>,
}

/// The memory of all threads: each takes its own.
struct Own<T>(*mut Scratch<T>);

// SAFETY: the pool gives each thread a number of its own, and a thread uses only the memory with
// its number.
unsafe impl<T: Send> Sync for Own<T> {}

/// A run, as its threads see it.
struct Doing<'a, T> {
    env: Env<'a, T>,
    kernels: &'a [Box<dyn Kernel<T>>],
    own: Own<T>,
}

impl<T: Element> Doing<'_, T> {
    /// A hand's shards of a phase.
    ///
    /// # Safety
    ///
    /// The thread's number is below the count of the pool's threads, and no other thread has it.
    unsafe fn hand(&self, phase: &Phase, hand: usize, thread: usize) {
        // SAFETY: there is memory for each thread, and the caller holds the rest.
        let scratch = unsafe { &mut *self.own.0.add(thread) };
        let kernel = &*self.kernels[phase.instruction as usize];
        for shard in part(phase.shards as usize, phase.hands as usize, hand) {
            kernel.run(phase.phase as usize, shard, &self.env, scratch);
        }
    }
}

impl<T: Element> Prepared<T> {
    /// Cuts the instructions in pieces; those of less work than `limits.0` are one thread's; of
    /// others a hand has at least half of that. How many hands there are changes no result. `joint`
    /// are those that are done as one with the next.
    fn new(
        mut kernels: Vec<Box<dyn Kernel<T>>>,
        joint: Vec<(usize, Box<dyn Kernel<T>>)>,
        program: Program,
        limits: (f64, usize),
    ) -> Prepared<T> {
        // Waking the other threads costs as much as this: a run of less work is one thread's.
        let shared = kernels.iter().map(|kernel| kernel.work()).filter(|work| *work >= limits.0);
        let least = if shared.sum::<f64>() < WAKE * limits.0 { f64::INFINITY } else { limits.0 };
        let limits = (least, limits.1);
        let count = kernels.len();
        let mut instructions: Vec<usize> = (0..count).collect();
        let mut order = instructions.clone();
        for (instruction, kernel) in joint {
            order[instruction] = kernels.len();
            order[instruction + 1] = usize::MAX;
            instructions.push(instruction);
            kernels.push(kernel);
        }
        order.retain(|at| *at < kernels.len());
        let listed = |order: &[usize]| {
            let all = order.iter().flat_map(|&at| phases(at, &*kernels[at], limits));
            all.collect::<Vec<Phase>>()
        };
        let (each, phases) = (listed(&instructions[..count]), listed(&order));
        let alone = |a: &Phase, b: &Phase| a.hands == 1 && b.hands == 1;
        let (mut pieces, mut hands, mut at) = (Vec::new(), Vec::new(), 0);
        for piece in phases.chunk_by(alone) {
            pieces.push(at..at + piece.len());
            hands.push(piece[0].hands);
            at += piece.len();
        }
        let Program { foreign, rows, columns, .. } = program;
        Prepared {
            kernels,
            count,
            instructions,
            each,
            phases,
            pieces,
            hands,
            foreign,
            rows,
            columns,
        }
    }

    /// What the shards of a run use.
    fn env<'a>(
        &'a self,
        (arena, shared): (&'a mut Arena<T>, &'a mut Arena<T>),
        isa: Present,
        run: &Run<'a>,
    ) -> Env<'a, T> {
        Env {
            arena: arena.view(),
            shared: shared.view(),
            isa,
            columns: run.columns,
            rows: run.rows,
            seed: run.seed,
            step: run.step,
            foreign: &self.foreign,
        }
    }

    /// One of these phases panicked.
    fn panicked(&self, piece: &std::ops::Range<usize>) -> Refused {
        let number = |phase: &Phase| self.instructions[phase.instruction as usize];
        let numbers = self.phases[piece.clone()].iter().map(number);
        let (first, last) = (numbers.clone().min().unwrap_or(0), numbers.max().unwrap_or(0));
        Refused(if first == last {
            format!("instruction {first} panicked")
        } else {
            format!("one of the instructions {first} to {last} panicked")
        })
    }
}

/// The phases of a kernel that have shards.
fn phases<T: Element>(
    at: usize,
    kernel: &dyn Kernel<T>,
    (least, threads): (f64, usize),
) -> impl Iterator<Item = Phase> + '_ {
    let most = if threads == 1 || kernel.work() < least {
        1
    } else {
        (2.0 * kernel.work() / least).min((HANDS * threads) as f64) as usize
    };
    (0..kernel.phases()).filter_map(move |phase| {
        let shards = kernel.shards(phase);
        (shards > 0).then(|| Phase {
            instruction: at as u32,
            phase: phase as u32,
            shards: shards as u32,
            hands: shards.min(most.max(1)) as u32,
        })
    })
}

/// The kernels of a program, and those that do a contraction and the loop behind it.
#[allow(clippy::type_complexity)]
fn made<T: Element>(
    program: &Program,
    isa: Present,
) -> (Vec<Box<dyn Kernel<T>>>, Vec<(usize, Box<dyn Kernel<T>>)>) {
    let mut kernels: Vec<Box<dyn Kernel<T>>> = Vec::new();
    let mut joint: Vec<(usize, Box<dyn Kernel<T>>)> = Vec::new();
    for (at, instruction) in program.instructions.iter().enumerate() {
        let next = program.instructions.get(at + 1).map(|next| &next.work);
        let column = match &instruction.work {
            Work::Contract(contract) => Columns::of(contract),
            Work::Loop(own) => column::product(own).as_ref().and_then(Columns::of),
            _ => None,
        };
        if let Some(column) = column {
            kernels.push(Box::new(column));
            continue;
        }
        if let Work::Contract(contract) = &instruction.work
            && !program.exact
            && let Some(faster) = T::faster(contract, isa)
        {
            kernels.push(faster);
            continue;
        }
        match (&instruction.work, next) {
            (Work::Contract(contract), Some(Work::Loop(own))) => {
                let wide = joins(own).then(|| then::over(contract, own)).flatten();
                let wide = wide.and_then(|_| Contracts::wide(contract, isa));
                let first = Arc::new(wide.unwrap_or_else(|| Contracts::new(contract, isa)));
                if joins(own)
                    && let Some(both) = Then::new(contract, &first, own)
                {
                    joint.push((at, Box::new(both)));
                }
                kernels.push(Box::new(first));
            }
            (work, _) => kernels.push(kernel(work, program.rows, isa)),
        }
    }
    (kernels, joint)
}

/// Whether a loop may be faster on rectangles of the result before it: one with several results goes
/// through more memory than the result, and long runs of that are better.
fn joins(own: &Loop) -> bool {
    own.writes.len() == 1
}

fn kernel<T: Element>(work: &Work, rows: usize, isa: Present) -> Box<dyn Kernel<T>> {
    match work {
        Work::Gather(gather) => Box::new(Gathers::new(gather, rows)),
        Work::Noise(noise) => Box::new(Noises::new(noise)),
        Work::Loop(own) => Box::new(Loops::new(own)),
        Work::Contract(contract) => Box::new(Contracts::new(contract, isa)),
        Work::Scatter(scatter) => Box::new(Scatters::new(scatter)),
        Work::Select(select) => Box::new(Selects::new::<T>(select)),
        Work::Call(call) => Box::new(Calls::new(call)),
    }
}

impl<T: Element> Machine<T> {
    pub(super) fn new(arena: usize, threads: Threads, isa: Present) -> Result<Machine<T>, Refused> {
        Machine::made(arena, threads, isa).ok_or_else(|| no_memory::<T>(arena))
    }

    fn made(arena: usize, threads: Threads, isa: Present) -> Option<Machine<T>> {
        let pool = Pool::new(threads.count);
        let scratch = (0..pool.count()).map(|_| Scratch::new()).collect::<Option<_>>()?;
        Some(Machine {
            arena: Arena::new(arena)?,
            shared: Arena::new(0)?,
            scratch,
            pool,
            least: threads.least as f64,
            isa,
            programs: Vec::new(),
        })
    }

    pub(super) fn len(&self) -> usize {
        self.arena.all().len()
    }

    /// Prepares a program that was checked.
    pub(super) fn load(&mut self, program: Program) -> Result<usize, Refused> {
        let (kernels, joint) = made::<T>(&program, self.isa);
        let all = kernels.iter().chain(joint.iter().map(|(_, kernel)| kernel));
        let needs = all.fold(Needs::default(), |all, kernel| all.join(kernel.needs()));
        let grown = self.arena.grow(program.arena)
            && self.shared.grow(needs.shared)
            && self.scratch.iter_mut().all(|scratch| scratch.grow(&needs));
        if !grown {
            return Err(no_memory::<T>(program.arena.saturating_add(needs.shared)));
        }
        let limits = (self.least, self.pool.count());
        self.programs.push(Prepared::new(kernels, joint, program, limits));
        Ok(self.programs.len() - 1)
    }

    /// How an instruction is done.
    pub(super) fn picked(&self, program: usize, at: usize) -> String {
        let kernel = self.programs.get(program).and_then(|prepared| prepared.kernels.get(at));
        kernel.map_or_else(String::new, |kernel| kernel.picked())
    }

    /// Checks the data of a run; the number of instructions.
    pub(super) fn check(&self, program: usize, run: &Run<'_>) -> Result<usize, Refused> {
        let Some(prepared) = self.programs.get(program) else {
            return Err(Refused("the program was loaded by another engine".into()));
        };
        let (count, rows) = (prepared.count, prepared.rows);
        if prepared.columns.is_empty() {
            return Ok(count);
        }
        if run.columns.len() != prepared.columns.len() {
            let (own, given) = (prepared.columns.len(), run.columns.len());
            return Err(Refused(format!("the program takes {own} columns, not {given}")));
        }
        if run.rows.len() != rows {
            let given = run.rows.len();
            return Err(Refused(format!("the program takes {rows} rows, not {given}")));
        }
        let last = run.rows.iter().max();
        for (at, (column, &width)) in run.columns.iter().zip(&prepared.columns).enumerate() {
            fits(column, width, last).map_err(|why| Refused(format!("column {at}: {why}")))?;
        }
        Ok(count)
    }

    /// Runs a program: all its instructions are one walk of the pool.
    pub(super) fn run(&mut self, program: usize, run: &Run<'_>) -> Result<(), Refused> {
        self.check(program, run)?;
        let prepared = &self.programs[program];
        let doing = Doing {
            env: prepared.env((&mut self.arena, &mut self.shared), self.isa, run),
            kernels: &prepared.kernels,
            own: Own(self.scratch.as_mut_ptr()),
        };
        let done = self.pool.run(&prepared.hands, &|piece, hand, thread| {
            let phases = &prepared.phases[prepared.pieces[piece].clone()];
            for phase in phases {
                // SAFETY: the pool's threads have different numbers, below its count.
                unsafe { doing.hand(phase, hand, thread) };
            }
        });
        done.map_err(|piece| prepared.panicked(&prepared.pieces[piece]))
    }

    /// Runs a program as `run` does, one kernel after the other: `after` hears of each when it is
    /// done, by its first instruction.
    pub(super) fn timed(
        &mut self,
        program: usize,
        run: &Run<'_>,
        after: &mut dyn FnMut(usize),
    ) -> Result<(), Refused> {
        self.check(program, run)?;
        let prepared = &self.programs[program];
        let doing = Doing {
            env: prepared.env((&mut self.arena, &mut self.shared), self.isa, run),
            kernels: &prepared.kernels,
            own: Own(self.scratch.as_mut_ptr()),
        };
        for phases in prepared.phases.chunk_by(|a, b| a.instruction == b.instruction) {
            let first = prepared.instructions[phases[0].instruction as usize];
            for phase in phases {
                let done = self.pool.run(&[phase.hands], &|_, hand, thread| {
                    // SAFETY: as in `run`.
                    unsafe { doing.hand(phase, hand, thread) };
                });
                done.map_err(|_| Refused(format!("instruction {first} panicked")))?;
            }
            after(first);
        }
        Ok(())
    }

    /// Runs one instruction of a program whose data were checked.
    pub(super) fn step(&mut self, program: usize, at: usize, run: &Run<'_>) -> Result<(), Refused> {
        let prepared = &self.programs[program];
        let doing = Doing {
            env: prepared.env((&mut self.arena, &mut self.shared), self.isa, run),
            kernels: &prepared.kernels,
            own: Own(self.scratch.as_mut_ptr()),
        };
        for phase in prepared.each.iter().filter(|phase| phase.instruction as usize == at) {
            let done = self.pool.run(&[phase.hands], &|_, hand, thread| {
                // SAFETY: as in `run`.
                unsafe { doing.hand(phase, hand, thread) };
            });
            done.map_err(|_| Refused(format!("instruction {at} panicked")))?;
        }
        Ok(())
    }

    fn slice(&self, slot: Slot) -> &[T] {
        &self.arena.all()[slot.at..][..slot.len]
    }

    fn slice_mut(&mut self, slot: Slot) -> &mut [T] {
        &mut self.arena.all_mut()[slot.at..][..slot.len]
    }

    pub(super) fn get(&self, slot: Slot, values: &mut [f64]) {
        assert_eq!(slot.len, values.len(), "arrays of different lengths");
        for (value, own) in values.iter_mut().zip(self.slice(slot)) {
            *value = own.to_f64();
        }
    }

    pub(super) fn rows_into(&self, slot: Slot, stride: usize, values: &mut [f32]) {
        assert!(stride > 0 && slot.len.is_multiple_of(stride), "no whole number of axes");
        let width = slot.len / stride;
        assert!(width > 0 && values.len() <= slot.len, "fewer rows than are asked for");
        let own = self.slice(slot);
        for (row, values) in values.chunks_mut(width).enumerate() {
            for (value, entry) in values.iter_mut().zip(own.chunks_exact(stride)) {
                *value = entry[row].to_f64() as f32;
            }
        }
    }

    pub(super) fn set(&mut self, slot: Slot, values: &[f64]) {
        assert_eq!(slot.len, values.len(), "arrays of different lengths");
        for (own, &value) in self.slice_mut(slot).iter_mut().zip(values) {
            *own = T::of(value);
        }
    }

    pub(super) fn fill(&mut self, slot: Slot, value: f64) {
        self.slice_mut(slot).fill(T::of(value));
    }

    pub(super) fn copy(&mut self, from: Slot, to: Slot) {
        self.arena.all_mut().copy_within(from.at..from.at + from.len, to.at);
    }

    pub(super) fn bytes(&self, slot: Slot) -> Vec<u8> {
        let mut bytes = vec![0; slot.len * T::BYTES];
        self.bytes_into(slot, &mut bytes);
        bytes
    }

    pub(super) fn bytes_into(&self, slot: Slot, bytes: &mut [u8]) {
        assert_eq!(slot.len * T::BYTES, bytes.len(), "arrays of different lengths");
        for (bytes, own) in bytes.chunks_exact_mut(T::BYTES).zip(self.slice(slot)) {
            own.put(bytes);
        }
    }

    pub(super) fn set_bytes(&mut self, slot: Slot, bytes: &[u8]) -> Result<(), Refused> {
        if slot.len.checked_mul(T::BYTES) != Some(bytes.len()) {
            let (len, given) = (slot.len, bytes.len());
            return Err(Refused(format!(
                "{len} numbers of {} bytes are not {given} bytes",
                T::BYTES
            )));
        }
        for (own, bytes) in self.slice_mut(slot).iter_mut().zip(bytes.chunks_exact(T::BYTES)) {
            *own = T::take(bytes);
        }
        Ok(())
    }

    pub(super) fn finite(&self, slot: Slot) -> bool {
        self.slice(slot).iter().fold(true, |all, &x| all & (x.magnitude() < T::INFINITY))
    }

    pub(super) fn range(&self, slot: Slot) -> Range {
        let start = Range { least: f64::INFINITY, greatest: -f64::INFINITY, nan: 0, infinite: 0 };
        self.slice(slot).iter().fold(start, |range, value| {
            let value = value.to_f64();
            Range {
                least: range.least.min(value),
                greatest: range.greatest.max(value),
                nan: range.nan + usize::from(value.is_nan()),
                infinite: range.infinite + usize::from(value.is_infinite()),
            }
        })
    }
}

/// Whether a column has this width and all rows.
fn fits(column: &Column<'_>, width: usize, last: Option<&u32>) -> Result<(), String> {
    if column.width != width {
        return Err(format!("rows of {width} numbers are needed, not of {}", column.width));
    }
    let len = column.values.len();
    if width > 0 && !len.is_multiple_of(width) {
        return Err(format!("{len} numbers are no whole rows of {width}"));
    }
    let rows = len.checked_div(width).unwrap_or(usize::MAX);
    if let Some(&last) = last
        && last as usize >= rows
    {
        return Err(format!("row {last} is needed, but there are {rows}"));
    }
    for (name, count) in [("scale", column.scale.len()), ("shift", column.shift.len())] {
        if count > 1 && count != width {
            return Err(format!("{count} numbers of {name} do not fit rows of {width}"));
        }
    }
    Ok(())
}
