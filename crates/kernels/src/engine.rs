//! The engine: an arena, threads, and programs that are ready to run.

mod machine;

use std::fmt;

use crate::isa::{Isa, Present};
use crate::program::{Precision, Program, Slot};
use machine::Machine;

/// How work is spread over threads. It never changes a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Threads {
    /// How many, at least one.
    pub count: usize,
    /// Operations of an instruction, about, below which one thread does it; 0 spreads everything.
    pub least: usize,
}

impl Threads {
    /// One thread.
    pub const ONE: Threads = Threads { count: 1, least: usize::MAX };
}

/// The most threads.
const MOST_THREADS: usize = 256;

/// Numbers of a column as they are stored.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// Bytes.
    U8(&'a [u8]),
    /// Single precision.
    F32(&'a [f32]),
    /// Double precision.
    F64(&'a [f64]),
}

impl Values<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Values::U8(all) => all.len(),
            Values::F32(all) => all.len(),
            Values::F64(all) => all.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A column of the data: rows of `width` numbers one after the other. What is gathered is
/// `scale raw + shift`, with a scale and a shift for each entry of a row, one for all, or none.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    /// Rows one after the other.
    pub values: Values<'a>,
    /// Numbers in a row.
    pub width: usize,
    /// Factors: as many as a row has numbers, one, or none.
    pub scale: &'a [f64],
    /// Terms: as many as a row has numbers, one, or none.
    pub shift: &'a [f64],
}

/// What one run of a program takes from outside.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The columns of the data, in the program's order; a program that gathers nothing ignores them.
    pub columns: &'a [Column<'a>],
    /// The rows to gather, as many as the program takes.
    pub rows: &'a [u32],
    /// The seed of the noises.
    pub seed: u64,
    /// The step of the noises.
    pub step: u64,
}

impl Run<'_> {
    /// A run that takes no data.
    pub const NOTHING: Run<'static> = Run { columns: &[], rows: &[], seed: 0, step: 0 };
}

/// A program that an engine has checked and prepared. It belongs to that engine.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Loaded(usize);

/// Why an engine does not do what it is asked to, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused(pub String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// How the numbers of an array are spread.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Range {
    /// The least number that is not NaN; infinity if there is none.
    pub least: f64,
    /// The greatest number that is not NaN; minus infinity if there is none.
    pub greatest: f64,
    /// How many are NaN.
    pub nan: usize,
    /// How many are infinite.
    pub infinite: usize,
}

/// Does the same with either number type.
macro_rules! either {
    ($machine:expr, $own:ident => $do:expr) => {
        match $machine {
            Inner::F32($own) => $do,
            Inner::F64($own) => $do,
        }
    };
}

enum Inner {
    F32(Machine<f32>),
    F64(Machine<f64>),
}

/// An arena and what runs on it.
///
/// ```
/// use chainrule_kernels::program::*;
/// use chainrule_kernels::{Engine, Run, Threads};
///
/// // y = x^2 for three numbers.
/// let slot = |at| Slot { at, len: 3 };
/// let access = |at| Access {
///     slot: slot(at),
///     at: Affine { constant: at as isize, strides: vec![1] },
///     guards: vec![],
///     label: None,
/// };
/// let square = Loop {
///     axes: vec![Axis { extent: 3, folded: false }],
///     reads: vec![access(0)],
///     steps: vec![Step::Read(0), Step::Binary(Function::Mul, 0, 0)],
///     writes: vec![Write { step: 1, fold: None, to: access(16) }],
/// };
/// let instruction = Instruction { name: "y".into(), origin: 0, work: Work::Loop(square) };
/// let program = Program {
///     precision: Precision::F64,
///     arena: 32,
///     rows: 0,
///     columns: vec![],
///     exact: true,
///     instructions: vec![instruction],
///     foreign: vec![],
/// };
/// let mut engine = Engine::new(Precision::F64, 32, Threads::ONE)?;
/// let program = engine.load(program)?;
/// engine.set(slot(0), &[1.0, 2.0, 3.0]);
/// engine.run(program, &Run::NOTHING)?;
/// assert_eq!(engine.get(slot(16)), [1.0, 4.0, 9.0]);
/// # Ok::<(), chainrule_kernels::Refused>(())
/// ```
pub struct Engine {
    inner: Inner,
    isa: Isa,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arena = either!(&self.inner, own => own.len());
        f.debug_struct("Engine")
            .field("precision", &self.precision())
            .field("arena", &arena)
            .field("isa", &self.isa)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine with an arena of so many entries, all 0, and the best instruction set there is.
    ///
    /// # Errors
    ///
    /// If the machine has no memory for the arena.
    pub fn new(precision: Precision, arena: usize, threads: Threads) -> Result<Engine, Refused> {
        Engine::with_isa(precision, arena, threads, None)
    }

    /// An engine that uses this instruction set.
    ///
    /// # Errors
    ///
    /// If the machine does not have it, or has no memory for the arena.
    pub fn with_isa(
        precision: Precision,
        arena: usize,
        threads: Threads,
        isa: Option<Isa>,
    ) -> Result<Engine, Refused> {
        let isa = isa.unwrap_or_else(Isa::best);
        let Some(present) = Present::new(isa) else {
            let all: Vec<String> = Isa::all().iter().map(|isa| format!("{isa:?}")).collect();
            let all = all.join(", ");
            return Err(Refused(format!("this machine has no {isa:?}; it has {all}")));
        };
        let threads = Threads { count: threads.count.clamp(1, MOST_THREADS), ..threads };
        let inner = match precision {
            Precision::F32 => Machine::new(arena, threads, present).map(Inner::F32),
            Precision::F64 => Machine::new(arena, threads, present).map(Inner::F64),
        };
        Ok(Engine { inner: inner?, isa })
    }

    /// The number type.
    pub fn precision(&self) -> Precision {
        match self.inner {
            Inner::F32(_) => Precision::F32,
            Inner::F64(_) => Precision::F64,
        }
    }

    /// The instruction set in use.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Checks a program and takes all the memory its runs need. The arena grows if it must and
    /// keeps its contents.
    ///
    /// # Errors
    ///
    /// What is wrong with the program, or that there is no memory for it.
    pub fn load(&mut self, program: Program) -> Result<Loaded, Refused> {
        if program.precision != self.precision() {
            return Err(Refused(format!(
                "the program's numbers are {:?}, the engine's {:?}",
                program.precision,
                self.precision()
            )));
        }
        crate::validate::validate(&program)?;
        either!(&mut self.inner, own => own.load(program)).map(Loaded)
    }

    /// Runs a program. Nothing is allocated.
    ///
    /// # Errors
    ///
    /// If the data do not fit the program, or a function from outside panicked.
    pub fn run(&mut self, program: Loaded, run: &Run<'_>) -> Result<(), Refused> {
        either!(&mut self.inner, own => own.run(program.0, run))
    }

    /// Runs a program and stops after each instruction: `after` is called with its number, and says
    /// whether to go on.
    ///
    /// # Errors
    ///
    /// As [`Engine::run`].
    pub fn trace(
        &mut self,
        program: Loaded,
        run: &Run<'_>,
        after: &mut dyn FnMut(usize, &Engine) -> bool,
    ) -> Result<(), Refused> {
        let count = either!(&mut self.inner, own => own.check(program.0, run))?;
        for at in 0..count {
            either!(&mut self.inner, own => own.step(program.0, at, run))?;
            if !after(at, self) {
                break;
            }
        }
        Ok(())
    }

    /// Runs a program and calls `after` when an instruction is done, with its number, so that a
    /// caller with a clock sees where the time goes. What a run does as one, a product and what is
    /// done with its result, is told once, by the first of its instructions.
    ///
    /// # Errors
    ///
    /// As [`Engine::run`].
    pub fn timed(
        &mut self,
        program: Loaded,
        run: &Run<'_>,
        after: &mut dyn FnMut(usize),
    ) -> Result<(), Refused> {
        either!(&mut self.inner, own => own.timed(program.0, run, after))
    }

    /// How an instruction of a program is done, in words: tiles, what is packed. Empty where there
    /// is nothing to choose.
    pub fn picked(&self, program: Loaded, instruction: usize) -> String {
        either!(&self.inner, own => own.picked(program.0, instruction))
    }

    /// The numbers of an array.
    ///
    /// # Panics
    ///
    /// If the slot lies outside the arena, as all that take a slot.
    pub fn get(&self, slot: Slot) -> Vec<f64> {
        let mut values = vec![0.0; slot.len];
        self.get_into(slot, &mut values);
        values
    }

    /// Copies the numbers of an array.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    pub fn get_into(&self, slot: Slot, values: &mut [f64]) {
        either!(&self.inner, own => own.get(slot, values));
    }

    /// Writes an array, each number rounded once.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    pub fn set(&mut self, slot: Slot, values: &[f64]) {
        either!(&mut self.inner, own => own.set(slot, values));
    }

    /// Writes one number everywhere in an array.
    pub fn fill(&mut self, slot: Slot, value: f64) {
        either!(&mut self.inner, own => own.fill(slot, value));
    }

    /// Copies an array; the two may overlap.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    pub fn copy(&mut self, from: Slot, to: Slot) {
        assert_eq!(from.len, to.len, "arrays of different lengths");
        either!(&mut self.inner, own => own.copy(from, to));
    }

    /// The exact bits of an array, little endian.
    pub fn bytes(&self, slot: Slot) -> Vec<u8> {
        either!(&self.inner, own => own.bytes(slot))
    }

    /// Copies some rows of an array whose last axis, of length `stride`, runs over rows: row by row,
    /// as many as `values` has room for.
    ///
    /// # Panics
    ///
    /// If the array is no whole number of such axes, or has fewer rows.
    pub fn rows_into(&self, slot: Slot, stride: usize, values: &mut [f32]) {
        either!(&self.inner, own => own.rows_into(slot, stride, values));
    }

    /// Copies the exact bits of an array, little endian.
    ///
    /// # Panics
    ///
    /// If there are not as many bytes as the array has.
    pub fn bytes_into(&self, slot: Slot, bytes: &mut [u8]) {
        either!(&self.inner, own => own.bytes_into(slot, bytes));
    }

    /// Writes an array's exact bits.
    ///
    /// # Errors
    ///
    /// If there are not as many bytes as the array has.
    pub fn set_bytes(&mut self, slot: Slot, bytes: &[u8]) -> Result<(), Refused> {
        either!(&mut self.inner, own => own.set_bytes(slot, bytes))
    }

    /// Whether every number of an array is finite.
    pub fn finite(&self, slot: Slot) -> bool {
        either!(&self.inner, own => own.finite(slot))
    }

    /// How the numbers of an array are spread.
    pub fn range(&self, slot: Slot) -> Range {
        either!(&self.inner, own => own.range(slot))
    }
}

/// So many entries of type `T` could not be had.
fn no_memory<T>(entries: usize) -> Refused {
    let bytes = entries as u128 * size_of::<T>() as u128;
    let gigabytes = bytes as f64 / 1e9;
    Refused(format!("there is no memory for {entries} numbers: {bytes} bytes ({gigabytes:.2} GB)"))
}
