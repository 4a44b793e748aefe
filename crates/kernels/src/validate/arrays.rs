//! Gathers, noises, contractions and calls.

use super::places::Reach;
use super::{Checked, Limits, product};
use crate::call::INPUTS;
use crate::program::{Call, Contract, Foreign, Frame, Gather, Lane, Law, Noise, Slot};

/// Entries of a table of places, at most.
const TABLE: usize = 1 << 26;

impl Limits<'_> {
    pub(super) fn gather(&self, gather: &Gather) -> Checked {
        let Some(&width) = self.columns.get(gather.column) else {
            return Err(format!("there is no column {}", gather.column));
        };
        if width != gather.width {
            return Err(format!(
                "column {} has width {width}, not {}",
                gather.column, gather.width
            ));
        }
        self.slot(Slot { at: gather.out, len: product([gather.width, self.rows])? })
    }

    pub(super) fn noise(&self, noise: &Noise) -> Checked {
        let fits = match noise.law {
            Law::Bernoulli(p) => (0.0..=1.0).contains(&p),
            Law::Normal(mean, sd) => mean.is_finite() && sd.is_finite() && sd >= 0.0,
            Law::Uniform(low, high) => low.is_finite() && high.is_finite() && low <= high,
        };
        if !fits {
            return Err(format!("there is no distribution {:?}", noise.law));
        }
        if noise.width > u32::MAX as usize || noise.rows > u32::MAX as usize {
            return Err("a noise has at most 2^32 rows and entries a row".into());
        }
        self.slot(Slot { at: noise.out, len: product([noise.width, noise.rows])? })
    }

    pub(super) fn contract(&self, contract: &Contract) -> Checked {
        let Contract { batch, m, n, k, .. } = contract;
        let mut counts = [0; 4];
        for (count, lanes) in counts.iter_mut().zip([batch, m, n, k]) {
            *count = product(lanes.iter().map(|lane| lane.extent))?;
            if *count > TABLE {
                return Err("an index group of a contraction has more than 2^26 points".into());
            }
        }
        product(counts)?;
        let none =
            |lanes: &[Lane], stride: fn(&Lane) -> isize| lanes.iter().all(|lane| stride(lane) == 0);
        if !(none(m, |lane| lane.b) && none(n, |lane| lane.a) && none(k, |lane| lane.c)) {
            return Err("an index of a contraction has a stride in an array that lacks it".into());
        }
        let pick = |groups: [&[Lane]; 3], stride: fn(&Lane) -> isize| -> Vec<(usize, isize)> {
            groups.concat().iter().map(|lane| (lane.extent, stride(lane))).collect()
        };
        let lanes = [
            pick([batch, m, k], |lane| lane.a),
            pick([batch, k, n], |lane| lane.b),
            pick([batch, m, n], |lane| lane.c),
        ];
        let mut reaches = Vec::new();
        for (lanes, (slot, start)) in lanes.iter().zip([contract.a, contract.b, contract.c]) {
            reaches.push(self.lanes(lanes, slot, start)?);
        }
        let Some(Some(result)) = reaches.pop() else { return Ok(()) };
        if !result.injective() {
            return Err("two entries of the result have the same place".into());
        }
        if reaches.iter().flatten().any(|read| !result.apart(read)) {
            return Err("the result overlaps what is multiplied".into());
        }
        Ok(())
    }

    /// The places of an array, all inside; none if it has no entries.
    fn lanes(
        &self,
        lanes: &[(usize, isize)],
        slot: Slot,
        start: usize,
    ) -> Result<Option<Reach>, String> {
        self.slot(slot)?;
        let far = |stride: isize| stride.unsigned_abs() > super::MOST;
        if start > super::MOST || lanes.iter().any(|lane| far(lane.1)) {
            return Err("a stride or a place is beyond 2^48".into());
        }
        if lanes.iter().any(|lane| lane.0 == 0) {
            return Ok(None);
        }
        let reach = Reach::plain(start, lanes);
        if reach.within(slot) {
            Ok(Some(reach))
        } else {
            Err(format!("an access leaves its array of {} entries from {} on", slot.len, slot.at))
        }
    }

    pub(super) fn call(&self, call: &Call) -> Checked {
        if !matches!(self.foreign.get(call.function), Some(Foreign::Whole(..))) {
            return Err(format!("there is no function {} of whole arrays", call.function));
        }
        if call.inputs.len() > INPUTS {
            return Err(format!("a function of whole arrays reads at most {INPUTS}"));
        }
        product(call.riding.iter().copied())?;
        let frame = |frame: &Frame| {
            if frame.riding.len() != call.riding.len() {
                return Err("an array has not one stride for each riding index".to_string());
            }
            product(frame.dims.iter().map(|dim| dim.0))?;
            let riding = call.riding.iter().copied().zip(frame.riding.iter().copied());
            let lanes: Vec<_> = riding.chain(frame.dims.iter().copied()).collect();
            self.lanes(&lanes, frame.slot, frame.slot.at)
        };
        let mut inputs = Vec::new();
        for input in &call.inputs {
            inputs.push(frame(input)?);
        }
        let Some(output) = frame(&call.output)? else { return Ok(()) };
        if !output.injective() {
            return Err("two entries of the output have the same place".into());
        }
        if inputs.iter().flatten().any(|input| !output.apart(input)) {
            return Err("the output overlaps an input".into());
        }
        Ok(())
    }
}
