//! What computes: for now the reference interpreter.

use chainrule_graph::interpret::{Failure, Interpreter, Numbers, Tensor as Value};
use chainrule_graph::module::{Role, Training};
use chainrule_graph::update::{Reference, Update, update};
use chainrule_graph::{Module, NodeId, SymbolId, differentiate};
use chainrule_kernels::program::Precision;

use super::curves::Curves;
use super::plan::Plan;
use super::{Tensor, TrainSettings};
use crate::Error;
use crate::data::Dataset;

#[derive(Debug)]
pub(super) struct Machine {
    update: Update,
    module: Module,
    loss: NodeId,
    params: Vec<SymbolId>,
    dims: Vec<Vec<usize>>,
    gradients: Vec<NodeId>,
    state: Reference<f64>,
    quantities: Vec<SymbolId>,
    counts: Vec<String>,
}

fn failed(failure: Failure) -> Error {
    Error::failed(failure.0)
}

impl Machine {
    pub(super) fn new(
        module: &Module,
        training: &Training,
        data: &Dataset,
        plan: &Plan,
        _part: usize,
        curves: &Curves,
        _settings: &TrainSettings,
    ) -> Result<Machine, Error> {
        let _ = data;
        let update = update(module, training).map_err(|r| Error::refused(r.0))?;
        let mut own = module.clone();
        let loss = own.read(training.loss).map_err(|m| Error::failed(m.message))?;
        let params: Vec<SymbolId> = own.params().map(|(id, _)| id).collect();
        let gradients =
            differentiate::gradients(&mut own, loss, &params).map_err(|r| Error::refused(r.0))?;
        let numbers = Numbers::of(&own, 1, 1);
        let start: Vec<Value<f64>> = chainrule_graph::start::values(&own, &numbers, plan.seed)
            .map_err(|r| Error::failed(r.0))?
            .into_iter()
            .map(|(_, t)| t)
            .collect();
        let p: Vec<f64> = start.iter().flat_map(|t| t.data.clone()).collect();
        let state = update.begin(&p);
        let counts = module.optimizers[training.recipe].inputs.iter().map(|(n, _)| n.clone());
        Ok(Machine {
            dims: start.iter().map(|t| t.shape.clone()).collect(),
            counts: counts.collect(),
            update,
            loss,
            params,
            gradients,
            state,
            quantities: curves.quantities.clone(),
            module: own,
        })
    }

    pub(super) fn len(&self) -> usize {
        let states = self.update.states.iter().map(|s| self.state.values[&s.symbol].len());
        self.state.values[&self.update.p].len() + states.sum::<usize>()
    }

    pub(super) fn precision(&self) -> Precision {
        Precision::F64
    }

    pub(super) fn threads(&self) -> usize {
        1
    }

    pub(super) fn is_finite(&self) -> bool {
        self.state.values.values().flatten().all(|v| v.is_finite())
    }

    pub(super) fn extent(&self) -> f64 {
        self.state.values[&self.update.p].iter().fold(0.0, |a, b| f64::max(a, b.abs()))
    }

    pub(super) fn fault(
        &mut self,
        _: &Dataset,
        _: usize,
        _: &[u32],
        _: u64,
    ) -> Option<super::trap::Fault> {
        None
    }

    pub(super) fn parameter_count(&self) -> usize {
        self.state.values[&self.update.p].len()
    }

    pub(super) fn count(&mut self, name: &str, value: f64) {
        if self.counts.iter().any(|n| n == name) {
            self.input(name, value);
        }
    }

    pub(super) fn input(&mut self, name: &str, value: f64) {
        if let Some(symbol) = self.update.input(name) {
            self.state.values.insert(symbol, vec![value]);
        }
    }

    pub(super) fn read_all(&self, into: &mut [f64]) {
        let mut all = self.state.values[&self.update.p].clone();
        for s in &self.update.states {
            all.extend(&self.state.values[&s.symbol]);
        }
        into.copy_from_slice(&all);
    }

    pub(super) fn write_all(&mut self, from: &[f64]) {
        let mut at = 0;
        let symbols: Vec<SymbolId> = std::iter::once(self.update.p)
            .chain(self.update.states.iter().map(|s| s.symbol))
            .collect();
        for symbol in symbols {
            if let Some(value) = self.state.values.get_mut(&symbol) {
                let len = value.len();
                value.copy_from_slice(&from[at..at + len]);
                at += len;
            }
        }
    }

    pub(super) fn step(
        &mut self,
        data: &Dataset,
        part: usize,
        rows: &[u32],
        _step: u64,
    ) -> Result<f64, Error> {
        let mut loss = f64::NAN;
        let (module, params, dims) = (&self.module, &self.params, &self.dims);
        let (own, gradients) = (self.loss, &self.gradients);
        let mut at = |p: &[f64]| {
            let mut it = bound(module, params, dims, p, data, part, rows);
            let value = it.value(own)?.data[0];
            loss = value;
            let mut all = Vec::new();
            for g in gradients {
                all.extend(&it.value(*g)?.data);
            }
            Ok((value, all))
        };
        self.update.step(&mut self.state, &mut at).map_err(failed)?;
        Ok(loss)
    }

    pub(super) fn measure(
        &mut self,
        data: &Dataset,
        part: usize,
        _step: u64,
    ) -> Result<Vec<f64>, Error> {
        let p = &self.state.values[&self.update.p];
        let rows = &data.parts[part].rows;
        let mut it = bound(&self.module, &self.params, &self.dims, p, data, part, rows);
        let mut out = Vec::new();
        for q in &self.quantities {
            let value = self
                .module
                .binding(*q)
                .map(|b| b.stable)
                .ok_or(())
                .map_err(|()| Error::failed("no binding".into()))?;
            out.push(it.value(value).map_err(failed)?.data[0]);
        }
        Ok(out)
    }

    pub(super) fn parameters(&self) -> Vec<Tensor> {
        let p = &self.state.values[&self.update.p];
        let mut at = 0;
        let mut out = Vec::new();
        for (id, dims) in self.params.iter().zip(&self.dims) {
            let len: usize = dims.iter().product();
            let name = self.module.symbol(*id).name.clone();
            out.push(Tensor::new(name, Precision::F64, dims.clone(), &p[at..at + len]));
            at += len;
        }
        out
    }

    pub(super) fn states(&self) -> Vec<Tensor> {
        let of = |s: &chainrule_graph::update::State| {
            let value = &self.state.values[&s.symbol];
            let dims = if s.bundle { vec![value.len()] } else { Vec::new() };
            Tensor::new(s.name.clone(), Precision::F64, dims, value)
        };
        self.update.states.iter().map(of).collect()
    }

    pub(super) fn put(&mut self, parameters: &[Tensor], states: &[Tensor]) -> Result<(), Error> {
        let all: Vec<f64> = parameters.iter().chain(states).flat_map(Tensor::values).collect();
        self.write_all(&all);
        Ok(())
    }
}

fn bound<'m>(
    module: &'m Module,
    params: &[SymbolId],
    dims: &[Vec<usize>],
    p: &[f64],
    data: &Dataset,
    part: usize,
    rows: &[u32],
) -> Interpreter<'m, f64> {
    let mut it = Interpreter::new(module, Numbers::of(module, rows.len() as u64, 1));
    let mut at = 0;
    for (id, dims) in params.iter().zip(dims) {
        let len: usize = dims.iter().product();
        it.set(
            *id,
            Value { axes: Vec::new(), shape: dims.clone(), data: p[at..at + len].to_vec() },
        );
        at += len;
    }
    let table = &data.tables[data.parts[part].table];
    for (i, symbol) in module.symbols.iter().enumerate() {
        if symbol.role != Role::Data {
            continue;
        }
        let Some(column) = table.columns.iter().find(|c| c.name == symbol.name) else { continue };
        let mut values = Vec::new();
        for row in rows {
            for e in 0..column.width {
                let raw = column.values.get(*row as usize * column.width + e);
                let pick = |list: &[f64], none: f64| match list {
                    [] => none,
                    [one] => *one,
                    many => many[e],
                };
                values.push(pick(&column.scale, 1.0) * raw + pick(&column.shift, 0.0));
            }
        }
        let mut shape = vec![rows.len()];
        shape.extend(symbol.ty.dims.iter().map(|_| column.width));
        it.set(SymbolId::new(i), Value { axes: symbol.ty.axes.clone(), shape, data: values });
    }
    it
}
