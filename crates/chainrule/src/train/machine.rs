//! What computes: the compiled programs of a training, and the engine that runs them.

use chainrule_compile::{Layout, Origin, Refused, StateStart, Training as Compiled};
use chainrule_graph::module::Training;
use chainrule_graph::{Module, SymbolId, start};
use chainrule_kernels::program::{Precision, Slot};
use chainrule_kernels::{Engine, Loaded, Threads};

use super::curves::Curves;
use super::feed::Feed;
use super::plan::Plan;
use super::trap::{Fault, Seen};
use super::whole::Whole;
use super::{Tensor, TrainSettings};
use crate::Error;
use crate::data::Dataset;

/// Least work of an instruction, in operations, that is worth sharing between threads.
pub(crate) const WORTH_SHARING: usize = 1 << 16;

/// A step for a number of rows.
#[derive(Debug)]
struct Step {
    rows: usize,
    loaded: Loaded,
    origins: Vec<Origin>,
    /// The origin of each instruction.
    order: Vec<usize>,
}

/// The programs of a training with their engine.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) compiled: Compiled,
    pub(super) engine: Engine,
    pub(super) feed: Feed,
    /// That of a full batch, and that of the short last one.
    steps: Vec<Step>,
    wholes: Vec<Whole>,
    quantities: Vec<SymbolId>,
    /// The counts that the optimizer reads: `step epoch steps epochs`.
    counts: Vec<(String, Slot)>,
    seed: u64,
    threads: usize,
    /// Entries of the arena that one row of a step takes.
    row_entries: usize,
}

/// A number of the engine in the file's words.
pub(super) fn refused(what: impl std::fmt::Display) -> Error {
    Error::failed(what.to_string())
}

/// An engine with the instruction set of this process.
pub(super) fn engine(
    precision: Precision,
    arena: usize,
    threads: Threads,
) -> Result<Engine, Error> {
    let isa = crate::isa::chosen()?;
    Engine::with_isa(precision, arena, threads, Some(isa)).map_err(|r| refused(r.0))
}

fn threads(settings: &TrainSettings) -> Threads {
    let all = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let count = if settings.threads == 0 { all() } else { settings.threads };
    let least = if settings.force_parallel { 0 } else { WORTH_SHARING };
    Threads { count, least }
}

impl Machine {
    /// Compiles the steps, takes the memory, sets the start values.
    pub(super) fn new(
        module: &Module,
        training: &Training,
        data: &Dataset,
        plan: &Plan,
        curves: &Curves,
        settings: &TrainSettings,
    ) -> Result<Machine, Error> {
        // The numbers of `with` are in the module already.
        let own = Training { with: Vec::new(), ..training.clone() };
        let mut compiled = Compiled::new(module, &own, &data.sizes, settings.precision)
            .map_err(|Refused(text)| Error::refused(text))?;
        compiled.exact = settings.exact;
        let threads = threads(settings);
        let count = threads.count;
        let mut engine = engine(settings.precision, compiled.layout.len, threads)?;
        let mut steps = Vec::new();
        let mut row_entries = 0;
        for rows in [plan.batch, plan.rest()] {
            if rows > 0 {
                let made = compiled.step(rows).map_err(|r| refused(r.0))?;
                let beyond = made.program.arena.saturating_sub(compiled.layout.len);
                row_entries = row_entries.max(beyond.div_ceil(rows as usize));
                let order = made.program.instructions.iter().map(|i| i.origin).collect();
                let loaded = engine.load(made.program).map_err(|r| refused(r.0))?;
                steps.push(Step { rows: rows as usize, loaded, origins: made.origins, order });
            }
        }
        let names = module.optimizers.get(training.recipe);
        let hidden = |name: &str| names.is_none_or(|o| o.inputs.iter().all(|(n, _)| n != name));
        let counts = compiled.layout.inputs.iter().filter(|(name, _)| !hidden(name));
        let counts = counts.cloned().collect();
        let mut machine = Machine {
            feed: Feed::new(compiled.columns(), module, data)?,
            quantities: curves.quantities.clone(),
            counts,
            seed: plan.seed,
            threads: count,
            wholes: Vec::new(),
            compiled,
            engine,
            steps,
            row_entries,
        };
        machine.begin(plan)?;
        Ok(machine)
    }

    /// Start values of parameters and states, and the numbers that stay.
    fn begin(&mut self, plan: &Plan) -> Result<(), Error> {
        let module = self.compiled.module();
        let numbers = chainrule_graph::interpret::Numbers::of(module, 1, 1);
        let values = start::values(module, &numbers, plan.seed).map_err(|r| refused(r.0))?;
        let layout = &self.compiled.layout;
        for home in &layout.params {
            let Some((_, value)) = values.iter().find(|(id, _)| *id == home.symbol) else {
                return Err(refused(format!("`{}` has no start value", home.name)));
            };
            self.engine.set(home.slot, &value.data);
        }
        for state in &layout.states {
            match state.start {
                StateStart::Number(value) => self.engine.fill(state.slot, value),
                StateStart::Parameters => self.engine.copy(layout.bundle, state.slot),
            }
        }
        for ((_, slot), value) in layout.inputs.iter().zip(self.compiled.given()) {
            self.engine.set(*slot, &[*value]);
        }
        self.count("epochs", plan.epochs.unwrap_or(0) as f64);
        self.count("steps", plan.total().unwrap_or(0) as f64);
        Ok(())
    }

    /// Sets a count, unless no line reads it.
    pub(super) fn count(&mut self, name: &str, value: f64) {
        if let Some((_, slot)) = self.counts.iter().find(|(known, _)| known == name) {
            self.engine.set(*slot, &[value]);
        }
    }

    /// Sets a setting of the optimizer.
    pub(super) fn set(&mut self, name: &str, value: f64) {
        let inputs = &self.compiled.layout.inputs;
        let own = |(known, slot): &&(String, Slot)| {
            known == name && !self.counts.iter().any(|(_, count)| count == slot)
        };
        if let Some((_, slot)) = inputs.iter().find(own) {
            self.engine.set(*slot, &[value]);
        }
    }

    /// Whether every sum of products is computed as it is written.
    pub(super) fn exact(&self) -> bool {
        self.compiled.exact
    }

    pub(super) fn precision(&self) -> Precision {
        self.compiled.layout.precision
    }

    pub(super) fn threads(&self) -> usize {
        self.threads
    }

    pub(super) fn parameter_count(&self) -> usize {
        self.compiled.layout.bundle.len
    }

    /// Bytes of parameters and states.
    pub(super) fn len(&self) -> usize {
        self.lasting().map(|slot| self.bytes_of(slot)).sum()
    }

    /// Bytes of an array.
    fn bytes_of(&self, slot: Slot) -> usize {
        let each = match self.precision() {
            Precision::F32 => size_of::<f32>(),
            Precision::F64 => size_of::<f64>(),
        };
        slot.len * each
    }

    /// Where parameters and states are.
    fn lasting(&self) -> impl Iterator<Item = Slot> + '_ {
        let layout = &self.compiled.layout;
        std::iter::once(layout.bundle).chain(layout.states.iter().map(|s| s.slot))
    }

    /// Copies parameters and states out; takes no memory.
    pub(super) fn read_all(&self, into: &mut [u8]) {
        let mut rest = into;
        for slot in self.lasting() {
            let (own, next) = rest.split_at_mut(self.bytes_of(slot));
            self.engine.bytes_into(slot, own);
            rest = next;
        }
    }

    /// Copies them back.
    pub(super) fn write_all(&mut self, from: &[u8]) -> Result<(), Error> {
        let slots: Vec<Slot> = self.lasting().collect();
        let mut rest = from;
        for slot in slots {
            let (own, next) = rest.split_at(self.bytes_of(slot));
            self.engine.set_bytes(slot, own).map_err(|r| refused(r.0))?;
            rest = next;
        }
        Ok(())
    }

    /// Whether parameters and states are numbers.
    pub(super) fn is_finite(&self) -> bool {
        self.lasting().all(|slot| self.engine.finite(slot))
    }

    fn step_of(&self, rows: usize) -> Result<&Step, Error> {
        let found = self.steps.iter().find(|s| s.rows == rows);
        found.ok_or_else(|| refused(format!("no step takes {rows} rows")))
    }

    /// One step on these rows of a part; the loss where its gradient was taken.
    pub(super) fn step(
        &mut self,
        data: &Dataset,
        part: usize,
        rows: &[u32],
        step: u64,
    ) -> Result<f64, Error> {
        let loaded = self.step_of(rows.len())?.loaded;
        let (engine, seed) = (&mut self.engine, self.seed);
        self.feed
            .with(data, part, rows, (seed, step), |run| engine.run(loaded, run))
            .map_err(|r| refused(r.0))?;
        let mut loss = [0.0];
        self.engine.get_into(self.compiled.layout.loss, &mut loss);
        Ok(loss[0])
    }

    /// One step on these rows, as [`Machine::step`] does it; `after` hears of each instruction when
    /// it is done, see [`Engine::timed`].
    pub(super) fn timed(
        &mut self,
        data: &Dataset,
        part: usize,
        rows: &[u32],
        step: u64,
        after: &mut dyn FnMut(usize),
    ) -> Result<f64, Error> {
        let loaded = self.step_of(rows.len())?.loaded;
        let (engine, seed) = (&mut self.engine, self.seed);
        self.feed
            .with(data, part, rows, (seed, step), |run| engine.timed(loaded, run, after))
            .map_err(|r| refused(r.0))?;
        let mut loss = [0.0];
        self.engine.get_into(self.compiled.layout.loss, &mut loss);
        Ok(loss[0])
    }

    /// The first instruction of a step that makes something else than numbers.
    pub(super) fn fault(
        &mut self,
        data: &Dataset,
        part: usize,
        rows: &[u32],
        step: u64,
    ) -> Option<Fault> {
        let own = self.steps.iter().find(|s| s.rows == rows.len())?;
        let (engine, seed, layout) = (&mut self.engine, self.seed, &self.compiled.layout);
        let origin = |at: usize| own.order.get(at).and_then(|o| own.origins.get(*o));
        // What an instruction reads may be overwritten by what it writes: it is looked at before.
        let mut before = origin(0).map_or(Vec::new(), |o| reads(o, layout, engine));
        let mut fault = None;
        let mut after = |at: usize, engine: &Engine| {
            if let Some(now) = origin(at)
                && let Some(slot) = now.writes.iter().find(|slot| !engine.finite(**slot))
            {
                let reads = std::mem::take(&mut before);
                let wrote = seen(&now.name, *slot, engine);
                fault = Some(Fault { name: now.name.clone(), span: now.span, reads, wrote });
                return false;
            }
            before = origin(at + 1).map_or(Vec::new(), |o| reads(o, layout, engine));
            true
        };
        let traced = self
            .feed
            .with(data, part, rows, (seed, step), |run| engine.trace(own.loaded, run, &mut after));
        traced.ok().and(fault)
    }

    /// The greatest magnitude of a parameter.
    pub(super) fn extent(&self) -> f64 {
        let range = self.engine.range(self.compiled.layout.bundle);
        range.least.abs().max(range.greatest.abs())
    }

    /// The quantities on a part.
    pub(super) fn measure(&mut self, data: &Dataset, part: usize) -> Result<Vec<f64>, Error> {
        let at = match self.wholes.iter().position(|w| w.part == part) {
            Some(at) => at,
            None => {
                let rows = data.parts[part].rows.len();
                let (compiled, engine) = (&self.compiled, &mut self.engine);
                let made =
                    Whole::new(compiled, engine, &self.quantities, part, rows, self.row_entries)?;
                self.wholes.push(made);
                self.wholes.len() - 1
            }
        };
        self.wholes[at].run(&mut self.engine, &self.feed, data, self.seed)
    }

    /// The parameters, in the order they are declared.
    pub(super) fn parameters(&self) -> Vec<Tensor> {
        let layout = &self.compiled.layout;
        let one = |home: &chainrule_compile::Home| Tensor {
            name: home.name.clone(),
            precision: layout.precision,
            dims: home.dims.clone(),
            bytes: self.engine.bytes(home.slot),
        };
        layout.params.iter().map(one).collect()
    }

    /// The optimizer's states.
    pub(super) fn states(&self) -> Vec<Tensor> {
        let layout = &self.compiled.layout;
        let one = |state: &chainrule_compile::StateHome| Tensor {
            name: state.name.clone(),
            precision: layout.precision,
            dims: if state.bundle { vec![state.slot.len] } else { Vec::new() },
            bytes: self.engine.bytes(state.slot),
        };
        layout.states.iter().map(one).collect()
    }

    /// Puts parameters and states in place; they have been checked.
    pub(super) fn put(&mut self, parameters: &[Tensor], states: &[Tensor]) -> Result<(), Error> {
        let layout = &self.compiled.layout;
        let homes = layout.params.iter().map(|h| h.slot).zip(parameters);
        let slots: Vec<(Slot, &Tensor)> =
            homes.chain(layout.states.iter().map(|s| s.slot).zip(states)).collect();
        for (slot, tensor) in slots {
            self.engine.set_bytes(slot, &tensor.bytes).map_err(|r| refused(r.0))?;
        }
        Ok(())
    }
}

/// The arrays that an instruction reads.
fn reads(origin: &Origin, layout: &Layout, engine: &Engine) -> Vec<Seen> {
    let within =
        |part: Slot, whole: Slot| part.at >= whole.at && part.at + part.len <= whole.at + whole.len;
    let one = |(name, slot): &(String, Slot)| {
        let own = layout.params.iter().find(|home| within(*slot, home.slot));
        let name = match own {
            Some(home) => &home.name,
            None if within(*slot, layout.bundle) => "all parameters",
            None => name,
        };
        seen(name, *slot, engine)
    };
    origin.reads.iter().map(one).collect()
}

fn seen(name: &str, slot: Slot, engine: &Engine) -> Seen {
    let range = engine.range(slot);
    Seen {
        name: name.into(),
        entries: slot.len,
        least: range.least,
        greatest: range.greatest,
        nan: range.nan,
        infinite: range.infinite,
    }
}
