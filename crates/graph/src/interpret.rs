//! The interpreter: the value of every term at numbers for sizes and names, the oracle of all else.
//!
//! One generic evaluation runs on `f64`, complex numbers, double-double and frozen branches. Nodes
//! are evaluated once, without recursion; a named value is evaluated where it is first read.

mod kink;
mod multilinear;
mod tensor;
mod whole;

use std::rc::Rc;

use crate::index::{AxisId, NodeId, SizeId, SymbolId};
use crate::module::{Module, Role};
use crate::op::Op;
use crate::record::{Eval, Reference};
use crate::size::Size;
use crate::types::Type;
pub(crate) use kink::Ask;
pub use tensor::Tensor;
pub(crate) use tensor::{advance, strides};

/// Most entries of one value.
const MOST_ENTRIES: usize = 1 << 27;
/// What is said of a value with more.
pub(crate) const TOO_LARGE: &str = "a value has too many entries to be evaluated";

/// What is said of values that take too many operations.
pub(crate) const TOO_MUCH: &str = "its sides take too many operations to be evaluated";

/// Why a value does not exist, in a sentence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure(pub String);

impl Failure {
    fn new(text: impl Into<String>) -> Failure {
        Failure(text.into())
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// Numbers for the base sizes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Numbers(Vec<u64>);

impl Numbers {
    /// The numbers that the file fixes; `rows` for batch axes and `free` for the rest.
    pub fn of(module: &Module, rows: u64, free: u64) -> Numbers {
        let number =
            |def: &crate::size::SizeDef| def.number.unwrap_or(if def.batch { rows } else { free });
        Numbers(module.sizes.base().map(|(_, def)| number(def)).collect())
    }

    /// The number of a base size.
    pub fn get(&self, id: SizeId) -> Option<u64> {
        self.0.get(id.index()).copied()
    }

    /// Sets the number of a base size.
    pub fn set(&mut self, id: SizeId, number: u64) {
        if self.0.len() <= id.index() {
            self.0.resize(id.index() + 1, 0);
        }
        self.0[id.index()] = number;
    }

    /// The number of a size.
    ///
    /// # Errors
    ///
    /// It is no whole number of at least 0.
    pub fn size(&self, size: &Size) -> Result<usize, Failure> {
        let value = size.value_at(|id| self.get(id));
        let whole = value.and_then(crate::size::Ratio::whole);
        whole
            .and_then(|v| usize::try_from(v).ok())
            .ok_or_else(|| Failure::new("a size is no whole number of at least 0 here"))
    }
}

/// Values of one module at given numbers.
#[derive(Clone, Debug)]
pub struct Interpreter<'m, S> {
    module: &'m Module,
    numbers: Numbers,
    given: Vec<Option<Rc<Tensor<S>>>>,
    memo: Vec<Option<Rc<Tensor<S>>>>,
}

impl<'m, S: Reference> Interpreter<'m, S> {
    /// An interpreter without values.
    pub fn new(module: &'m Module, numbers: Numbers) -> Interpreter<'m, S> {
        Interpreter {
            module,
            numbers,
            given: vec![None; module.symbols.len()],
            memo: vec![None; module.graph.len()],
        }
    }

    /// The sizes.
    pub fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// Gives a name its value. What was computed from it is forgotten only by [`Self::vary`].
    pub fn set(&mut self, symbol: SymbolId, value: Tensor<S>) {
        self.given[symbol.index()] = Some(Rc::new(value));
    }

    /// The value given to a name.
    pub fn given(&self, symbol: SymbolId) -> Option<&Tensor<S>> {
        self.given[symbol.index()].as_deref()
    }

    /// The same with another value for one name; `depends` tells which nodes read it.
    #[must_use]
    pub fn vary(&self, symbol: SymbolId, value: Tensor<S>, depends: &[bool]) -> Self {
        let mut other = self.clone();
        for (memo, depends) in other.memo.iter_mut().zip(depends) {
            if *depends {
                *memo = None;
            }
        }
        other.set(symbol, value);
        other
    }

    /// The extents of a type: its axes in their order, then its dims.
    ///
    /// # Errors
    ///
    /// A size has no number.
    pub fn shape(&self, ty: &Type) -> Result<Vec<usize>, Failure> {
        let mut shape = Vec::with_capacity(ty.axes.len() + ty.dims.len());
        for axis in &ty.axes {
            shape.push(self.extent(*axis)?);
        }
        for dim in &ty.dims {
            shape.push(self.numbers.size(dim)?);
        }
        let entries = shape.iter().try_fold(1_usize, |n, d| n.checked_mul(*d));
        match entries {
            Some(n) if n <= MOST_ENTRIES => Ok(shape),
            _ => Err(Failure::new(TOO_LARGE)),
        }
    }

    fn extent(&self, axis: AxisId) -> Result<usize, Failure> {
        let axis = self.module.axes.get(axis);
        match &axis.extent {
            Some(extent) => self.numbers.size(extent),
            None => Err(Failure::new(format!("the index `{}` has no range", axis.name))),
        }
    }

    /// The value of a node.
    ///
    /// # Errors
    ///
    /// A name has no value, an index runs outside at these sizes, a matrix is singular.
    pub fn value(&mut self, root: NodeId) -> Result<Rc<Tensor<S>>, Failure> {
        let mut open = vec![root];
        while let Some(&id) = open.last() {
            if self.memo[id.index()].is_some() {
                open.pop();
                continue;
            }
            let before = open.len();
            let node = self.module.graph.node(id);
            let missing = |i: &&NodeId| self.memo[i.index()].is_none();
            open.extend(node.inputs.iter().filter(missing));
            if let Op::Symbol { id: symbol, .. } = node.op
                && self.given[symbol.index()].is_none()
                && let Some(behind) = self.behind(symbol)?
                && self.memo[behind.index()].is_none()
            {
                open.push(behind);
            }
            if open.len() == before {
                let value = self.node(id)?;
                self.memo[id.index()] = Some(Rc::new(value));
                open.pop();
            } else if open.len() > 4 * self.module.graph.len() + 16 {
                return Err(Failure::new("a name is defined by itself"));
            }
        }
        self.memo[root.index()].clone().ok_or_else(|| Failure::new("nothing was evaluated"))
    }

    /// What a name is computed from.
    fn behind(&self, symbol: SymbolId) -> Result<Option<NodeId>, Failure> {
        if let Some(binding) = self.module.binding(symbol) {
            return Ok(Some(binding.stable));
        }
        let known = self.module.symbol(symbol);
        match known.role {
            Role::Const(value) => Ok(Some(value)),
            _ => Err(Failure::new(format!("`{}` has no value", known.name))),
        }
    }

    fn input(&self, id: NodeId) -> Rc<Tensor<S>> {
        let nothing = || Tensor { axes: Vec::new(), shape: Vec::new(), data: Vec::new() };
        self.memo[id.index()].clone().unwrap_or_else(|| Rc::new(nothing()))
    }

    /// One node, its inputs known.
    fn node(&self, id: NodeId) -> Result<Tensor<S>, Failure> {
        let node = self.module.graph.node(id);
        let def = node.op.def();
        let inputs: Vec<Rc<Tensor<S>>> = node.inputs.iter().map(|i| self.input(*i)).collect();
        if let Some(spec) = def.spec {
            let types: Vec<&Type> = node.inputs.iter().map(|i| self.module.graph.ty(*i)).collect();
            if let Some(spec) = spec(&node.op, &types, &node.ty, &self.module.context()) {
                return self.contraction(&spec, &inputs, &node.ty);
            }
        }
        match &def.eval {
            Eval::Leaf => self.leaf(&node.op, &node.ty),
            Eval::Entrywise(f) => self.entrywise(&node.op, S::entry(f), &inputs, &node.ty),
            Eval::Whole(f) => self.whole(id, S::whole(f), &inputs),
            Eval::Multilinear => Err(Failure::new(format!("`{}` has no index maps", def.name))),
            Eval::Resolved => {
                Err(Failure::new("a derivative must be replaced by its formula first"))
            }
        }
    }

    fn leaf(&self, op: &Op, ty: &Type) -> Result<Tensor<S>, Failure> {
        let shape = self.shape(ty)?;
        let filled = |value: S| Tensor::filled(ty.axes.clone(), shape.clone(), value);
        Ok(match op {
            Op::Symbol { id, .. } => match &self.given[id.index()] {
                Some(given) => Tensor::clone(given),
                None => match self.behind(*id)? {
                    Some(node) => Tensor::clone(&self.input(node)),
                    None => return Err(Failure::new("a name without value")),
                },
            },
            Op::Number { bits } => filled(S::from_f64(f64::from_bits(*bits))),
            Op::SizeNumber { size } => {
                let value = size.value_at(|id| self.numbers.get(id));
                let value = value.ok_or_else(|| Failure::new("a size has no number"))?;
                filled(S::from_ratio(value.numerator(), value.denominator()))
            }
            Op::Pi => filled(S::pi()),
            Op::Ones { .. } => filled(S::from_f64(1.0)),
            Op::Zeros { .. } => filled(S::from_f64(0.0)),
            Op::IndexNumber { .. } => {
                let data = (0..shape[0]).map(|i| S::from_f64(i as f64)).collect();
                Tensor { axes: ty.axes.clone(), shape, data }
            }
            _ => {
                let n = shape.first().copied().unwrap_or(1);
                let unit = |at: usize| S::from_f64(f64::from(u8::from(at / n == at % n)));
                let data = (0..shape.iter().product()).map(unit).collect();
                Tensor { axes: ty.axes.clone(), shape, data }
            }
        })
    }
}
