//! What is checked of a program before it runs: everything the kernels rely on.
//!
//! Nothing here runs twice: a program is checked when it is loaded.

mod arrays;
mod loops;
pub(crate) mod places;

use crate::engine::Refused;
use crate::program::{Access, Affine, Axis, Foreign, Instruction, Program, Slot, Work};

/// What an instruction is checked against.
pub(crate) struct Limits<'a> {
    arena: usize,
    rows: usize,
    columns: &'a [usize],
    foreign: &'a [Foreign],
}

/// A reason in words, for people who make programs.
type Checked = Result<(), String>;

/// The most points or entries that one list of extents may have.
const MOST: usize = 1 << 48;

/// Checks a program.
pub(crate) fn validate(program: &Program) -> Result<(), Refused> {
    let limits = Limits {
        arena: program.arena,
        rows: program.rows,
        columns: &program.columns,
        foreign: &program.foreign,
    };
    for (at, instruction) in program.instructions.iter().enumerate() {
        limits.instruction(instruction).map_err(|reason| {
            Refused(format!("instruction {at} ({}) is refused: {reason}", instruction.name))
        })?;
    }
    Ok(())
}

/// The product of extents; none fits if it is beyond all measure.
fn product(extents: impl IntoIterator<Item = usize>) -> Result<usize, String> {
    let mut all = 1usize;
    let mut empty = false;
    for extent in extents {
        empty |= extent == 0;
        all = all
            .checked_mul(extent.max(1))
            .filter(|&all| all <= MOST)
            .ok_or_else(|| "its extents have a product beyond 2^48".to_string())?;
    }
    Ok(if empty { 0 } else { all })
}

impl Limits<'_> {
    fn instruction(&self, instruction: &Instruction) -> Checked {
        match &instruction.work {
            Work::Gather(gather) => self.gather(gather),
            Work::Noise(noise) => self.noise(noise),
            Work::Loop(own) => self.pointwise(own),
            Work::Scatter(scatter) => self.scatter(scatter),
            Work::Contract(contract) => self.contract(contract),
            Work::Select(select) => self.select(select),
            Work::Call(call) => self.call(call),
        }
    }

    fn slot(&self, slot: Slot) -> Checked {
        match slot.at.checked_add(slot.len) {
            Some(end) if end <= self.arena => Ok(()),
            _ => Err(format!(
                "an array of {} entries from {} on lies outside the arena of {}",
                slot.len, slot.at, self.arena
            )),
        }
    }

    /// The number of points; every access is later checked over the same axes.
    fn axes(&self, axes: &[Axis]) -> Result<usize, String> {
        product(axes.iter().map(|axis| axis.extent))
    }

    fn form(&self, form: &Affine, axes: &[Axis]) -> Checked {
        if form.strides.len() != axes.len() {
            return Err(format!(
                "a place has {} strides, the space {} axes",
                form.strides.len(),
                axes.len()
            ));
        }
        let far = |value: isize| value.unsigned_abs() > MOST;
        if far(form.constant) || form.strides.iter().any(|&stride| far(stride)) {
            return Err("a place has a stride or a constant beyond 2^48".into());
        }
        // What kernels compute of strides and counts never overflows.
        let lanes = form.strides.iter().zip(axes);
        let far = lanes.fold(0u128, |far, (stride, axis)| {
            far.saturating_add(stride.unsigned_abs() as u128 * axis.extent as u128)
        });
        if far > 1 << 60 {
            return Err("a place moves by more than 2^60".into());
        }
        Ok(())
    }

    /// An access that stays inside its array.
    fn access(&self, access: &Access, axes: &[Axis], points: usize) -> Checked {
        self.slot(access.slot)?;
        self.form(&access.at, axes)?;
        for guard in &access.guards {
            self.form(&guard.at, axes)?;
            if guard.extent > MOST {
                return Err("a guard has an extent beyond 2^48".into());
            }
        }
        if access.label.is_some_and(|label| {
            label.extent > MOST || label.stride.unsigned_abs() > MOST || label.extent == 0
        }) {
            return Err("a label has an extent of 0 or one beyond 2^48".into());
        }
        if points > 0 && !places::Reach::new(access, axes).within(access.slot) {
            return Err(format!(
                "an access leaves its array of {} entries from {} on",
                access.slot.len, access.slot.at
            ));
        }
        Ok(())
    }
}

/// The smallest run of entries that holds both.
fn slots(list: impl IntoIterator<Item = Slot>) -> Vec<Slot> {
    let mut all: Vec<Slot> = Vec::new();
    for slot in list {
        if !all.contains(&slot) {
            all.push(slot);
        }
    }
    all
}

impl Instruction {
    /// The arrays it reads, each once.
    pub fn reads(&self) -> Vec<Slot> {
        match &self.work {
            Work::Gather(_) | Work::Noise(_) => Vec::new(),
            Work::Loop(own) => slots(own.reads.iter().map(|read| read.slot)),
            Work::Scatter(scatter) => slots(scatter.from.reads.iter().map(|read| read.slot)),
            Work::Contract(contract) => slots([contract.a.0, contract.b.0]),
            Work::Select(select) => slots([select.read.slot]),
            Work::Call(call) => slots(call.inputs.iter().map(|input| input.slot)),
        }
    }

    /// The arrays it writes, each once. A gather's is known by its width alone, as its number of
    /// rows is the program's: see [`Program::writes`].
    pub fn writes(&self) -> Vec<Slot> {
        self.writes_of(1)
    }

    fn writes_of(&self, rows: usize) -> Vec<Slot> {
        match &self.work {
            Work::Gather(gather) => {
                vec![Slot { at: gather.out, len: gather.width.saturating_mul(rows) }]
            }
            Work::Noise(noise) => {
                vec![Slot { at: noise.out, len: noise.width.saturating_mul(noise.rows) }]
            }
            Work::Loop(own) => slots(own.writes.iter().map(|write| write.to.slot)),
            Work::Scatter(scatter) => slots(scatter.from.writes.iter().map(|write| write.to.slot)),
            Work::Contract(contract) => slots([contract.c.0]),
            Work::Select(select) => slots([select.to.slot]),
            Work::Call(call) => slots([call.output.slot]),
        }
    }
}

impl Program {
    /// The arrays that an instruction writes, each once.
    ///
    /// # Panics
    ///
    /// If there is no such instruction.
    pub fn writes(&self, instruction: usize) -> Vec<Slot> {
        self.instructions[instruction].writes_of(self.rows)
    }
}
