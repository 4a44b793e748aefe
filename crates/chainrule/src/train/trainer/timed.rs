//! A step that is looked at from inside.

use chainrule_compile::{Refused, Step};

use super::Trainer;
use crate::Error;

impl Trainer {
    /// One step, as [`Trainer::step`]; `after` is called when an instruction is done, with its place
    /// in [`Trainer::program`].
    pub(crate) fn step_timed(&mut self, after: &mut dyn FnMut(usize)) -> Result<(), Error> {
        self.close_if_over()?;
        self.check_open()?;
        let rows = self.inputs_and_rows();
        let taken = self.order.taken(self.at.position as usize, rows);
        self.loss = self.machine.timed(&self.data, self.part, taken, self.at.step, after)?;
        if !self.loss.is_finite() {
            return Err(self.trap(self.at.step));
        }
        self.at.step += 1;
        self.at.position += rows as u64;
        self.at.loss_sum += self.loss * rows as f64;
        Ok(())
    }

    /// The program of a full step with where its instructions come from.
    pub(crate) fn program(&self) -> Result<(Step, &chainrule_compile::Layout), Error> {
        let step = self.machine.compiled.step(self.plan.batch);
        let step = step.map_err(|Refused(text)| Error::refused(text))?;
        Ok((step, &self.machine.compiled.layout))
    }

    /// The instruction set that runs it.
    pub(crate) fn isa(&self) -> chainrule_kernels::Isa {
        self.machine.engine.isa()
    }
}
