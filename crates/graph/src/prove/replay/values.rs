//! Functions and names in the field: what the rules say of exponentials, logarithms and signs is
//! put in as they are used, everything else follows from arithmetic.

use std::collections::BTreeMap;

use super::field::{
    Got, Stop, add, hash, hash_text, inverse, is_positive, magnitude, negative, number, power,
    times,
};
use crate::index::{AxisId, SymbolId};
use crate::interpret::Numbers;
use crate::module::Module;
use crate::types::{Kind, Type};

/// A value with all its entries, axes first, row-major.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    pub(super) axes: Vec<AxisId>,
    pub(super) shape: Vec<usize>,
    pub(super) data: Vec<u64>,
}

impl Tensor {
    /// The entry at a point of the axes and a place among the dims.
    pub(super) fn at(&self, point: &BTreeMap<AxisId, usize>, place: &[usize]) -> u64 {
        let axes = self.axes.iter().map(|a| point.get(a).copied().unwrap_or(0));
        let index = axes.chain(place.iter().copied());
        self.data[index.zip(&self.shape).fold(0, |at, (i, n)| at * n + i)]
    }

    pub(super) fn dims(&self) -> &[usize] {
        &self.shape[self.axes.len()..]
    }
}

/// One draw.
pub(super) struct World<'m> {
    pub(super) module: &'m Module,
    pub(super) numbers: Numbers,
    pub(super) names: BTreeMap<SymbolId, Tensor>,
    exps: BTreeMap<u64, u64>,
    logs: BTreeMap<u64, u64>,
    signs: BTreeMap<u64, bool>,
    seed: u64,
}

impl<'m> World<'m> {
    pub(super) fn new(module: &'m Module, numbers: Numbers, seed: u64) -> World<'m> {
        World {
            module,
            numbers,
            names: BTreeMap::new(),
            exps: BTreeMap::new(),
            logs: BTreeMap::new(),
            signs: BTreeMap::new(),
            seed,
        }
    }

    pub(super) fn extent(&self, axis: AxisId) -> Got<usize> {
        let extent = self.module.axes.get(axis).extent.as_ref();
        extent.and_then(|n| self.numbers.size(n).ok()).ok_or(Stop::Redraw)
    }

    pub(super) fn shape(&self, ty: &Type) -> Got<Vec<usize>> {
        let mut shape = Vec::new();
        for axis in &ty.axes {
            shape.push(self.extent(*axis)?);
        }
        for dim in &ty.dims {
            shape.push(self.numbers.size(dim).map_err(|_| Stop::Redraw)?);
        }
        Ok(shape)
    }

    /// The value of a name that is not looked through.
    pub(super) fn name(&mut self, id: SymbolId) -> Got<&Tensor> {
        if !self.names.contains_key(&id) {
            let drawn = self.drawn(id)?;
            self.names.insert(id, drawn);
        }
        Ok(&self.names[&id])
    }

    fn drawn(&self, id: SymbolId) -> Got<Tensor> {
        let symbol = self.module.symbol(id);
        let ty = &symbol.ty;
        let shape = self.shape(ty)?;
        let count: usize = shape.iter().product();
        if count > 1 << 16 {
            return Err(Stop::Redraw);
        }
        let key = hash([self.seed, hash_text(&symbol.name), id.index() as u64]);
        let random = |at: usize| hash([key, at as u64]);
        let classes = match &ty.kind {
            Kind::Label(k) => self.numbers.size(k).map_err(|_| Stop::Redraw)? as u64,
            _ => 1,
        };
        let entry = |at: usize| match &ty.kind {
            Kind::Positive => times(random(at), random(at)),
            Kind::Mask => random(at) % 2,
            Kind::Label(_) => random(at) % classes.max(1),
            Kind::Integer => random(at) % 97,
            _ => random(at),
        };
        let mut data: Vec<u64> = (0..count).map(entry).collect();
        let dims = shape[ty.axes.len()..].to_vec();
        let n = dims.first().copied().unwrap_or(1).max(1);
        let block: usize = dims.iter().product::<usize>().max(1);
        for part in data.chunks_mut(block) {
            let old = part.to_vec();
            match ty.kind {
                Kind::Sym => {
                    (0..block).for_each(|at| part[at] = add(old[at], old[at % n * n + at / n]));
                }
                Kind::Spd => {
                    let product = |at: usize| {
                        let (i, j) = (at / n, at % n);
                        let term = |k: usize| times(old[i * n + k], old[j * n + k]);
                        (0..n).map(term).fold(u64::from(i == j), add)
                    };
                    (0..block).for_each(|at| part[at] = product(at));
                }
                Kind::Prob => {
                    let rest = block / n;
                    for at in 0..rest {
                        let sum = (1..n).map(|k| old[k * rest + at]).fold(0, add);
                        part[at] = add(1, negative(sum));
                    }
                }
                _ => {}
            }
        }
        Ok(Tensor { axes: ty.axes.clone(), shape, data })
    }

    /// `e^v`: a positive number; `e^-v` is its inverse.
    pub(super) fn exp(&self, v: u64) -> Got<u64> {
        if v == 0 {
            return Ok(1);
        }
        if let Some(known) = self.exps.get(&v) {
            return Ok(*known);
        }
        let root = hash([11, magnitude(v)]);
        let value = power(root, 4);
        if is_positive(v) { Ok(value) } else { inverse(value) }
    }

    pub(super) fn log(&self, v: u64) -> Got<u64> {
        match v {
            0 => Err(Stop::Redraw),
            1 => Ok(0),
            _ => Ok(self.logs.get(&v).copied().unwrap_or_else(|| hash([13, v]))),
        }
    }

    /// 1 if `v` is positive, else 0.
    pub(super) fn positive(&self, v: u64) -> u64 {
        u64::from(self.signs.get(&v).copied().unwrap_or_else(|| is_positive(v)))
    }

    /// The point of the unit circle at the angle `v`.
    pub(super) fn circle(&self, v: u64) -> Got<(u64, u64)> {
        if v == 0 {
            return Ok((0, 1));
        }
        let t = hash([17, magnitude(v)]);
        let t = if is_positive(v) { t } else { negative(t) };
        let square = times(t, t);
        let by = inverse(add(1, square))?;
        Ok((times(add(t, t), by), times(add(1, negative(square)), by)))
    }

    pub(super) fn set_exp(&mut self, v: u64, value: u64) -> Got<()> {
        let known = if v == 0 { Some(1) } else { self.exps.get(&v).copied() };
        if known.is_some_and(|k| k != value) {
            return Err(Stop::Wrong("two exponentials of one number".into()));
        }
        let turned = inverse(value)?;
        self.exps.insert(v, value);
        self.exps.insert(negative(v), turned);
        Ok(())
    }

    pub(super) fn set_log(&mut self, v: u64, value: u64) -> Got<()> {
        let known = if v == 1 { Some(0) } else { self.logs.get(&v).copied() };
        if known.is_some_and(|k| k != value) {
            return Err(Stop::Wrong("two logarithms of one number".into()));
        }
        self.logs.insert(v, value);
        Ok(())
    }

    pub(super) fn set_sign(&mut self, v: u64, positive: bool) {
        self.signs.insert(v, positive);
    }

    /// The circle number: any number will do.
    pub(super) fn pi(&self) -> u64 {
        hash([self.seed, 314])
    }

    pub(super) fn size(&self, size: &crate::size::Size) -> Got<u64> {
        let value = size.value_at(|id| self.numbers.get(id)).ok_or(Stop::Redraw)?;
        super::field::ratio(value)
    }

    pub(super) fn whole(&self, size: &crate::size::Size) -> Got<i64> {
        let value = size.value_at(|id| self.numbers.get(id));
        let whole = value.and_then(crate::size::Ratio::whole);
        whole.and_then(|w| i64::try_from(w).ok()).ok_or(Stop::Redraw)
    }
}

/// A whole number in the field.
pub(super) fn of_index(value: i64) -> u64 {
    number(i128::from(value))
}
