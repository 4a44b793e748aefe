//! The engine and the plain machine behind one face.

use chainrule_kernels::program::{Precision, Program, Slot};
use chainrule_kernels::{Column as Bound, Engine, Loaded, Run, Threads, Values};

use super::machine::{Column, Machine};
use super::noise::SEED;

pub(crate) enum Runner {
    Plain(Machine),
    Engine(Box<Engine>, Vec<(Program, Loaded)>),
}

impl Runner {
    pub(crate) fn plain(precision: Precision) -> Runner {
        Runner::Plain(Machine::new(precision, 0))
    }

    /// The engine, with all its threads at work on every instruction.
    pub(crate) fn engine(precision: Precision, arena: usize, threads: usize) -> Runner {
        let threads = Threads { count: threads, least: 0 };
        let engine = Engine::new(precision, arena, threads).expect("an engine");
        Runner::Engine(Box::new(engine), Vec::new())
    }

    pub(crate) fn run(&mut self, program: &Program, columns: &[Column], rows: &[u32], step: u64) {
        match self {
            Runner::Plain(machine) => machine.run(program, columns, rows, step),
            Runner::Engine(engine, loaded) => {
                let same = |(known, _): &&(Program, Loaded)| {
                    (known.rows, known.instructions.len())
                        == (program.rows, program.instructions.len())
                        && known.arena == program.arena
                };
                let known = loaded.iter().find(same).map(|(_, l)| *l);
                let known = known.unwrap_or_else(|| {
                    let found = engine.load(program.clone()).expect("a sound program");
                    loaded.push((program.clone(), found));
                    found
                });
                let columns: Vec<Bound<'_>> = columns
                    .iter()
                    .zip(&program.columns)
                    .map(|(c, width)| Bound {
                        values: Values::F64(c),
                        width: *width,
                        scale: &[],
                        shift: &[],
                    })
                    .collect();
                let run = Run { columns: &columns, rows, seed: SEED, step };
                engine.run(known, &run).expect("a run");
            }
        }
    }

    pub(crate) fn get(&self, slot: Slot) -> Vec<f64> {
        match self {
            Runner::Plain(machine) => machine.get(slot),
            Runner::Engine(engine, _) => engine.get(slot),
        }
    }

    pub(crate) fn set(&mut self, slot: Slot, values: &[f64]) {
        match self {
            Runner::Plain(machine) => machine.set(slot, values),
            Runner::Engine(engine, _) => engine.set(slot, values),
        }
    }
}
