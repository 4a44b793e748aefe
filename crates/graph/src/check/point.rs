//! A point that a check evaluates at: numbers for sizes and values for names.

use std::rc::Rc;

use crate::index::{NodeId, SymbolId};
use crate::interpret::{Failure, Interpreter, Numbers, Tensor};
use crate::module::{Module, Role, Start, Symbol};
use crate::random::{Random, stream_of};
use crate::record::Reference;
use crate::types::Kind;

/// How real values are drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Manner {
    /// Normal, scaled by the fan-in.
    Normal,
    /// The same, made positive.
    Positive,
    /// The same, made negative.
    Negative,
    /// Small whole numbers, for a counterexample that people can follow.
    Whole,
}

/// Numbers and values.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub(super) numbers: Numbers,
    /// Drawn values.
    pub(super) drawn: Vec<(SymbolId, Tensor<f64>)>,
    /// Values that an expression gives: `given I = ..`, `for A = I`.
    pub(super) fixed: Vec<(SymbolId, NodeId)>,
}

/// What a draw depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draw<'a> {
    pub(super) seed: u64,
    pub(super) draw: u64,
    pub(super) manner: Manner,
    /// `for A = I`.
    pub(super) replaced: &'a [(SymbolId, NodeId)],
    /// Whether constants that are 0 are drawn: what they multiply would stay unchecked.
    pub(super) constants: bool,
    /// What real values are multiplied by; positive ones then run over many magnitudes.
    pub(super) spread: f64,
}

impl Point {
    pub(super) fn draw(
        module: &Module,
        numbers: &Numbers,
        how: &Draw<'_>,
    ) -> Result<Point, Failure> {
        let it: Interpreter<'_, f64> = Interpreter::new(module, numbers.clone());
        let mut point = Point { numbers: numbers.clone(), drawn: Vec::new(), fixed: Vec::new() };
        for (at, symbol) in module.symbols.iter().enumerate() {
            let id = SymbolId::new(at);
            match &symbol.role {
                Role::Given(Start::Value(value)) => point.fixed.push((id, *value)),
                Role::Const(_) if how.constants && is_zero(module, symbol) => {
                    let random = Random::new(how.seed, stream_of(&symbol.name) ^ how.draw);
                    let value = 0.1 + 0.9 * random.uniform(0);
                    point.drawn.push((id, Tensor::number(value)));
                }
                Role::Data | Role::Param(_) | Role::Given(_) | Role::Noise(_) => {
                    point.drawn.push((id, value(module, &it, symbol, how)?));
                }
                _ => {}
            }
        }
        point.fixed.extend(how.replaced);
        Ok(point)
    }

    /// An interpreter at this point.
    pub(super) fn interpreter<'m, S: Reference>(
        &self,
        module: &'m Module,
    ) -> Result<Interpreter<'m, S>, Failure> {
        let mut it = Interpreter::new(module, self.numbers.clone());
        for (symbol, value) in &self.drawn {
            it.set(*symbol, value.map(S::from_f64));
        }
        for (symbol, node) in &self.fixed {
            // A copy computes it, so that nothing is remembered before every name has its value.
            let value = it.clone().value(*node)?;
            let ty = &module.symbol(*symbol).ty;
            it.set(*symbol, spread(&value, ty.axes.clone(), it.shape(ty)?));
        }
        Ok(it)
    }

    /// Another value for a name.
    pub(super) fn set(&mut self, symbol: SymbolId, value: Tensor<f64>) {
        self.fixed.retain(|(s, _)| *s != symbol);
        self.drawn.retain(|(s, _)| *s != symbol);
        self.drawn.push((symbol, value));
    }

    /// Values times a factor: real and positive ones, of which what is 0 becomes the factor; and whole
    /// ones if the factor is whole.
    pub(super) fn multiply(&mut self, module: &Module, factor: f64) {
        for (symbol, value) in &mut self.drawn {
            if matches!(module.symbol(*symbol).ty.kind, Kind::Real | Kind::Positive) {
                let other = |x: f64| if x == 0.0 { factor } else { x * factor };
                value.data.iter_mut().for_each(|x| *x = other(*x));
            } else if module.symbol(*symbol).ty.kind == Kind::Integer && factor.fract() == 0.0 {
                value.data.iter_mut().for_each(|x| *x *= factor);
            }
        }
    }

    /// One number for all entries of real values.
    pub(super) fn fill(&mut self, module: &Module, number: f64) {
        for (symbol, value) in &mut self.drawn {
            if module.symbol(*symbol).ty.kind == Kind::Real {
                value.data.fill(number);
            }
        }
    }

    pub(super) fn get(&self, symbol: SymbolId) -> Option<&Tensor<f64>> {
        self.drawn.iter().find(|(s, _)| *s == symbol).map(|(_, v)| v)
    }
}

/// A value that fills a larger shape: a number, or a value without the leading axes.
fn spread<S: Reference>(
    value: &Rc<Tensor<S>>,
    axes: Vec<crate::index::AxisId>,
    shape: Vec<usize>,
) -> Tensor<S> {
    let entries: usize = shape.iter().product();
    let own = value.data.len().max(1);
    let data = (0..entries).map(|i| value.data[i % own]).collect();
    Tensor { axes, shape, data }
}

fn is_zero(module: &Module, symbol: &Symbol) -> bool {
    let Role::Const(node) = symbol.role else { return false };
    let zero = crate::op::Op::number(0.0);
    module.graph.node(node).op == zero && symbol.ty.is_scalar()
}

/// The names of scalar constants that are 0.
pub(super) fn zero_constants(module: &Module) -> Vec<String> {
    let zero = module.symbols.iter().filter(|s| is_zero(module, s));
    zero.map(|s| s.name.clone()).collect()
}

fn value(
    module: &Module,
    it: &Interpreter<'_, f64>,
    symbol: &Symbol,
    how: &Draw<'_>,
) -> Result<Tensor<f64>, Failure> {
    let ty = &symbol.ty;
    let shape = it.shape(ty)?;
    let entries: usize = shape.iter().product();
    // The name, not its place, keys the stream: a line more in the file changes no other value.
    let stream = stream_of(&symbol.name).wrapping_add(how.draw.wrapping_mul(0x9e37_79b9));
    let random = Random::new(how.seed, stream);
    let scale = 1.0 / (fan_in(module, it, symbol)? as f64).sqrt();
    let classes = match &ty.kind {
        Kind::Label(k) => it.numbers().size(k)? as f64,
        _ => 0.0,
    };
    let start = match &symbol.role {
        Role::Noise(Start::Drawn(word, numbers)) | Role::Given(Start::Drawn(word, numbers)) => {
            Some((word.as_str(), numbers.as_slice()))
        }
        _ => None,
    };
    let spread = how.spread;
    let entry = |i: usize| {
        let i = i as u64;
        let real = match how.manner {
            Manner::Normal => spread * scale * random.normal(i),
            Manner::Positive => spread * (scale * random.normal(i).abs() + 1e-3),
            Manner::Negative => -spread * (scale * random.normal(i).abs() + 1e-3),
            Manner::Whole => (random.uniform(i) * 5.0).floor() - 2.0,
        };
        match (&ty.kind, start) {
            (Kind::Label(_), _) => (random.uniform(i) * classes).floor(),
            (_, Some(("bernoulli", [p, ..]))) => f64::from(u8::from(random.uniform(i) < *p)),
            (Kind::Mask, _) => f64::from(u8::from(random.uniform(i) < 0.5)),
            (_, Some(("uniform", [a, b, ..]))) => a + (b - a) * random.uniform(i),
            (_, Some(("normal", [mean, deviation, ..]))) => mean + deviation * random.normal(i),
            (Kind::Positive | Kind::Prob, _) if how.manner == Manner::Whole => {
                1.0 + (random.uniform(i) * 3.0).floor()
            }
            (Kind::Positive | Kind::Prob, _) if spread != 1.0 => {
                // 1e-3 to 1e3, evenly over the magnitudes; around the spread if that is beyond.
                let center = if (1e-3..=1e3).contains(&spread) { 1.0 } else { spread };
                center * 10_f64.powf(6.0 * random.uniform(i) - 3.0)
            }
            (Kind::Positive | Kind::Prob, _) => 0.5 + random.uniform(i),
            (Kind::Integer, _) => (random.uniform(i) * 7.0).floor() - 2.0,
            _ => real,
        }
    };
    let data: Vec<f64> = (0..entries).map(entry).collect();
    let mut value = Tensor { axes: ty.axes.clone(), shape, data };
    shaped(&mut value, &ty.kind);
    Ok(value)
}

/// The entries that one entry of a product sums over: all dims but the first, batch axes aside.
fn fan_in(module: &Module, it: &Interpreter<'_, f64>, symbol: &Symbol) -> Result<usize, Failure> {
    let dims = symbol.ty.dims.iter().skip(1);
    let inner = dims.filter(|d| module.sizes.batch_of(d).is_none());
    inner.map(|d| it.numbers().size(d)).product::<Result<usize, Failure>>().map(|n| n.max(1))
}

/// Symmetric, positive definite or of sum 1, where the kind says so.
fn shaped(value: &mut Tensor<f64>, kind: &Kind) {
    let dims = value.dims().to_vec();
    let block: usize = dims.iter().product::<usize>().max(1);
    let n = dims.first().copied().unwrap_or(1).max(1);
    for part in value.data.chunks_mut(block) {
        match kind {
            Kind::Sym | Kind::Spd => {
                let old = part.to_vec();
                let square = |i: usize, j: usize| {
                    let sum: f64 = (0..n).map(|k| old[i * n + k] * old[j * n + k]).sum();
                    sum + if i == j { 1.0 } else { 0.0 }
                };
                for (at, x) in part.iter_mut().enumerate() {
                    let (i, j) = (at / n, at % n);
                    *x = if *kind == Kind::Spd { square(i, j) } else { old[at] + old[j * n + i] };
                }
            }
            Kind::Prob => {
                let rest = block / n;
                for at in 0..rest {
                    let mut column: Vec<f64> = (0..n).map(|k| part[k * rest + at]).collect();
                    shares(&mut column);
                    (0..n).for_each(|k| part[k * rest + at] = column[k]);
                }
            }
            _ => {}
        }
    }
}

/// Positive numbers to shares whose sum is 1 exactly, in every number type: whole multiples of
/// `2^-40`, what rounding leaves over added to the largest.
fn shares(column: &mut [f64]) {
    const UNIT: f64 = (1_u64 << 40) as f64;
    let sum: f64 = column.iter().sum();
    for x in column.iter_mut() {
        *x = (*x / sum * UNIT).round().max(1.0);
    }
    let left = UNIT - column.iter().sum::<f64>();
    if let Some(largest) = column.iter_mut().max_by(|a, b| a.total_cmp(b)) {
        *largest += left;
    }
    column.iter_mut().for_each(|x| *x /= UNIT);
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn shares_sum_to_one_exactly() {
        for mut column in [vec![1.0, 2.0, 4.0], vec![1e-9, 3.0, 1e9], vec![0.1; 7], vec![5.0]] {
            shares(&mut column);
            assert!(column.iter().all(|x| *x > 0.0), "{column:?}");
            // Whole numbers of units add up without rounding.
            assert_eq!(column.iter().sum::<f64>().to_bits(), 1.0_f64.to_bits(), "{column:?}");
        }
    }
}
