//! How each op changes the matrix of a linear map.

use chainrule_syntax::ast::BigOp;

use super::{Part, Path};
use crate::index::NodeId;
use crate::op::{Misfit, Op, Over, Position};
use crate::record::{At, Made};
use crate::size::Size;
use crate::terms::Terms;
use crate::types::Type;

/// What is made, or `None` where the form is not known.
type Maybe<T> = Result<Option<T>, Misfit>;

/// The dims of the variable.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    dims: Vec<Size>,
}

impl Shape {
    pub(super) fn of(ty: &Type) -> Shape {
        Shape { dims: ty.dims.clone() }
    }
}

/// Terms of a linear map of a variable of this shape.
pub(super) struct Linear<'a, 'm> {
    pub(super) t: &'a mut Terms<'m>,
    pub(super) shape: &'a Shape,
    /// `vec` by rows.
    pub(super) row: bool,
}

impl Linear<'_, '_> {
    /// The path behind `at`, if that is linear in input `k` in a known form.
    pub(super) fn through(&mut self, at: &At, k: usize, part: Part) -> Maybe<Part> {
        let from = self.t.ty(at.inputs[k]);
        let other = at.inputs.get(1 - k.min(1)).copied();
        match (&at.op, other) {
            (Op::Add, _) => self.copied(at, &from, part),
            (Op::Sub, _) if k == 0 => self.copied(at, &from, part),
            (Op::Sub | Op::Neg, _) => {
                let one = self.t.number(-1.0)?;
                self.scaled(part, one)
            }
            (Op::Scale, Some(s)) if k == 1 => self.scaled(part, s),
            (Op::Scale, Some(array)) => self.column(part, array),
            (Op::Quotient, Some(s)) if k == 0 => {
                let one = self.t.number(1.0)?;
                let share = self.t.quotient(one, s)?;
                self.scaled(part, share)
            }
            (Op::MatMul, Some(other)) if k == 0 => self.right(part, &from, other),
            (Op::MatMul, Some(other)) => self.left(part, &from, other),
            (Op::Transpose, _) => self.transposed(part, &from),
            (Op::Hadamard, Some(u)) => self.weighted(part, &from, u),
            (Op::HadamardQuotient, Some(u)) if k == 0 => {
                let ty = self.t.ty(u);
                let one = self.t.ones(&Type { axes: Vec::new(), ..ty })?;
                let share = self.t.divide(one, u)?;
                self.weighted(part, &from, share)
            }
            (Op::Inner, Some(b)) => self.inner(part, &from, b),
            (Op::Trace, _) => self.trace(part, &from),
            (Op::Reduce { op, over: Over::All }, _) => self.summed(part, &from, *op),
            (Op::Lift { .. }, _) => self.copied(at, &from, part),
            (Op::Access { positions, pad: false }, _) if k == 0 && from.dims.len() == 1 => {
                self.entry(at, part, &positions[0])
            }
            (Op::Scatter { positions, dims, over, .. }, _)
                if k == 0 && over.is_empty() && dims.len() == 1 && from.is_scalar() =>
            {
                match self.unit(at, &positions[0], &dims[0])? {
                    Some(unit) => self.column(part, unit),
                    None => Ok(None),
                }
            }
            (Op::Vec { row }, _) if *row == self.row || from.dims.len() < 2 => {
                self.matrix_part(part, from.dims.len())
            }
            (Op::Reshape { dims }, _) if flat(&from.dims) && flat(dims) => {
                self.matrix_part(part, from.dims.len())
            }
            _ => Ok(None),
        }
    }

    /// The same with a number in front.
    fn scaled(&mut self, part: Part, s: NodeId) -> Maybe<Part> {
        let factor = match part.factor {
            Some(factor) => self.t.scale(s, factor)?,
            None => s,
        };
        Ok(Some(Part { factor: Some(factor), ..part }))
    }

    /// A number copied into an array, or along axes that ride along.
    fn copied(&mut self, at: &At, from: &Type, part: Part) -> Maybe<Part> {
        let to = self.t.ty(at.node);
        if to.dims == from.dims {
            return Ok(Some(part));
        }
        if !from.is_scalar() || !matches!(at.op, Op::Lift { .. }) {
            return Ok(None);
        }
        let n = Size::product(&to.dims)?;
        let ones = self.t.op(Op::Ones { dims: vec![n] }, &[])?;
        self.column(part, ones)
    }

    /// A number times an array.
    fn column(&mut self, part: Part, array: NodeId) -> Maybe<Part> {
        let Some(row) = self.matrix(&part, 0)? else { return Ok(None) };
        let column = self.vec(array)?;
        let matrix = self.product(column, row)?;
        Ok(Some(Part { path: Path::Matrix(matrix), ..part }))
    }

    /// `y[j] = I[:,j]^T y`
    fn entry(&mut self, at: &At, part: Part, position: &Position) -> Maybe<Part> {
        let dims = self.t.ty(at.inputs[0]).dims;
        let Some(unit) = self.unit(at, position, &dims[0])? else { return Ok(None) };
        let Some(m) = self.matrix(&part, 1)? else { return Ok(None) };
        let row = self.t.transpose(unit)?;
        Ok(Some(Part { path: Path::Matrix(self.product(row, m)?), ..part }))
    }

    /// The unit vector of one place: `I(n)[:,2]`, `onehot(y)`.
    fn unit(&mut self, at: &At, position: &Position, n: &Size) -> Maybe<NodeId> {
        match position {
            Position::Label => self.t.op(Op::OneHot, &at.inputs[1..]).map(Some),
            Position::Affine(map) if map.terms.is_empty() => {
                let identity = self.t.op(Op::Identity { n: n.clone() }, &[])?;
                let positions = vec![Position::All, position.clone()];
                self.t.op(Op::Access { positions, pad: false }, &[identity]).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// `a Y`
    fn left(&mut self, part: Part, from: &Type, a: NodeId) -> Maybe<Part> {
        if self.t.ty(a).is_scalar() || from.is_scalar() {
            return Ok(None);
        }
        let path = match part.path {
            Path::Product { left, right, turned } => {
                let left = Some(self.times(a, left)?);
                Path::Product { left, right, turned }
            }
            Path::Matrix(m) => {
                let columns = from.matrix().map_or(Size::number(1), |m| m.1);
                let wide = self.kron_identity(a, &columns, true)?;
                Path::Matrix(self.product(wide, m)?)
            }
        };
        Ok(Some(Part { path, ..part }))
    }

    /// `Y b`
    fn right(&mut self, part: Part, from: &Type, b: NodeId) -> Maybe<Part> {
        if self.t.ty(b).is_scalar() || from.is_scalar() {
            return Ok(None);
        }
        let path = match part.path {
            Path::Product { left, right, turned } => {
                let right = Some(match right {
                    Some(right) => self.product(right, b)?,
                    None => b,
                });
                Path::Product { left, right, turned }
            }
            Path::Matrix(m) => {
                let rows = from.matrix().map_or(Size::number(1), |m| m.0);
                let b = self.t.transpose(b)?;
                let wide = self.kron_identity(b, &rows, false)?;
                Path::Matrix(self.product(wide, m)?)
            }
        };
        Ok(Some(Part { path, ..part }))
    }

    /// `kron(I(n), a)`, or `kron(a, I(n))` where the identity stands behind.
    fn kron_identity(&mut self, a: NodeId, n: &Size, before: bool) -> Made {
        if n.is_one() {
            return Ok(a);
        }
        let identity = self.t.op(Op::Identity { n: n.clone() }, &[])?;
        let pair = if before == self.row { [a, identity] } else { [identity, a] };
        self.t.op(Op::Kron, &pair)
    }

    fn transposed(&mut self, part: Part, from: &Type) -> Maybe<Part> {
        if flat(&from.dims) {
            // A column and a row have the same entries in the same order.
            return self.matrix_part(part, from.dims.len());
        }
        let Path::Product { left, right, turned } = part.path else { return Ok(None) };
        let turn = |t: &mut Terms<'_>, x: Option<NodeId>| x.map(|x| t.transpose(x)).transpose();
        let (left, right) = (turn(self.t, right)?, turn(self.t, left)?);
        Ok(Some(Part { path: Path::Product { left, right, turned: !turned }, ..part }))
    }

    /// `u .* Y`
    fn weighted(&mut self, part: Part, from: &Type, u: NodeId) -> Maybe<Part> {
        if from.is_scalar() {
            return self.scaled(part, u);
        }
        let column = self.vec(u)?;
        let diagonal = self.t.op(Op::Diag, &[column])?;
        let path = match part.path {
            Path::Product { left, right, turned } if from.dims.len() == 1 => {
                let left = Some(self.times(diagonal, left)?);
                Path::Product { left, right, turned }
            }
            _ => {
                let Some(m) = self.matrix(&part, from.dims.len())? else { return Ok(None) };
                Path::Matrix(self.product(diagonal, m)?)
            }
        };
        Ok(Some(Part { path, ..part }))
    }

    /// `sum(B .* Y)`
    fn inner(&mut self, part: Part, from: &Type, b: NodeId) -> Maybe<Part> {
        let matrix = match part.path {
            Path::Product { left, right, turned: false } if from.dims.len() == 2 => {
                // `<B, L X R> = <L^T B R^T, X>`
                let mut b = b;
                if let Some(left) = left {
                    let left = self.t.transpose(left)?;
                    b = self.product(left, b)?;
                }
                if let Some(right) = right {
                    let right = self.t.transpose(right)?;
                    b = self.product(b, right)?;
                }
                let column = self.vec(b)?;
                self.t.transpose(column)?
            }
            _ => {
                let Some(m) = self.matrix(&part, from.dims.len())? else { return Ok(None) };
                let column = self.vec(b)?;
                let row = self.t.transpose(column)?;
                self.product(row, m)?
            }
        };
        Ok(Some(Part { path: Path::Matrix(matrix), ..part }))
    }

    /// `tr(L X R) = <(R L)^T, X>`
    fn trace(&mut self, part: Part, from: &Type) -> Maybe<Part> {
        let Path::Product { left, right, turned } = part.path else { return Ok(None) };
        let Some((n, _)) = from.matrix().filter(|_| self.shape.dims.len() == 2) else {
            return Ok(None);
        };
        let both = match (right, left) {
            (Some(right), Some(left)) => self.product(right, left)?,
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => self.t.op(Op::Identity { n }, &[])?,
        };
        let both = if turned { both } else { self.t.transpose(both)? };
        let column = self.vec(both)?;
        let row = self.t.transpose(column)?;
        Ok(Some(Part { path: Path::Matrix(row), ..part }))
    }

    fn summed(&mut self, part: Part, from: &Type, op: BigOp) -> Maybe<Part> {
        let n = Size::product(&from.dims)?;
        let part = match op {
            BigOp::Sum => part,
            BigOp::Mean => {
                let (one, count) = (self.t.number(1.0)?, self.t.size(&n)?);
                let share = self.t.quotient(one, count)?;
                let Some(part) = self.scaled(part, share)? else { return Ok(None) };
                part
            }
            _ => return Ok(None),
        };
        let Some(m) = self.matrix(&part, from.dims.len())? else { return Ok(None) };
        let ones = self.t.op(Op::Ones { dims: vec![n] }, &[])?;
        let row = self.t.transpose(ones)?;
        Ok(Some(Part { path: Path::Matrix(self.product(row, m)?), ..part }))
    }

    fn matrix_part(&mut self, part: Part, dims: usize) -> Maybe<Part> {
        let matrix = self.matrix(&part, dims)?;
        Ok(matrix.map(|m| Part { path: Path::Matrix(m), ..part }))
    }

    /// The matrix of a path to a value of so many dims, without its factor.
    pub(super) fn matrix(&mut self, part: &Part, dims: usize) -> Maybe<NodeId> {
        let (left, right, turned) = match part.path {
            Path::Matrix(matrix) => return Ok(Some(matrix)),
            Path::Product { left, right, turned } => (left, right, turned),
        };
        let shape = self.shape.dims.clone();
        if left.is_none() && right.is_none() && !turned {
            return match shape.is_empty() {
                true => self.t.number(1.0).map(Some),
                false => self.t.op(Op::Identity { n: Size::product(&shape)? }, &[]).map(Some),
            };
        }
        let one = Size::number(1);
        let (n, m) = match shape.as_slice() {
            [n] => (n.clone(), one),
            [n, m] => (n.clone(), m.clone()),
            _ => return Ok(None),
        };
        let right = right.map(|right| self.t.transpose(right)).transpose()?;
        if turned {
            // `L X^T r` has the entries of `r^T X L^T`.
            let (Some(right), true) = (right, dims <= 1) else { return Ok(None) };
            let left = match left {
                Some(left) => left,
                None => self.t.op(Op::Identity { n: m }, &[])?,
            };
            return self.kron(left, right).map(Some);
        }
        match (left, right) {
            (Some(left), None) => self.kron_identity(left, &m, true).map(Some),
            (None, Some(right)) => self.kron_identity(right, &n, false).map(Some),
            (Some(left), Some(right)) => self.kron(right, left).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// `kron(R^T, L)`; by rows the other way round. A row and a column make an outer product.
    fn kron(&mut self, a: NodeId, b: NodeId) -> Made {
        let pair = if self.row { [b, a] } else { [a, b] };
        self.t.op(Op::Kron, &pair)
    }

    fn vec(&mut self, x: NodeId) -> Made {
        match self.t.ty(x).dims.as_slice() {
            [] | [_] => Ok(x),
            [n, _] if n.is_one() => self.t.transpose(x),
            _ => self.t.op(Op::Vec { row: self.row }, &[x]),
        }
    }

    fn times(&mut self, a: NodeId, b: Option<NodeId>) -> Made {
        match b {
            Some(b) => self.product(a, b),
            None => Ok(a),
        }
    }

    /// `a b` with what every textbook drops: `diag(u) diag(v)`, `1^T diag(u) = u^T`,
    /// `diag(u) 1 = u`.
    fn product(&mut self, a: NodeId, b: NodeId) -> Made {
        let (x, y) = (self.t.graph.node(a).clone(), self.t.graph.node(b).clone());
        let ones = |t: &Terms<'_>, id: NodeId| matches!(t.graph.node(id).op, Op::Ones { .. });
        match (&x.op, &y.op) {
            (Op::Diag, Op::Diag) => {
                let both = self.t.hadamard(x.inputs[0], y.inputs[0])?;
                self.t.op(Op::Diag, &[both])
            }
            (Op::Diag, Op::Ones { .. }) => Ok(x.inputs[0]),
            (Op::Diag, Op::MatMul) if ones(self.t, y.inputs[0]) => {
                self.t.matmul(x.inputs[0], y.inputs[1])
            }
            (Op::Transpose, Op::Diag) if ones(self.t, x.inputs[0]) => self.t.transpose(y.inputs[0]),
            (Op::Transpose, Op::Diag) => self.row_times_diagonal(a, b),
            (Op::Transpose, Op::MatMul) if self.t.graph.node(y.inputs[0]).op == Op::Diag => {
                let first = self.product(a, y.inputs[0])?;
                self.product(first, y.inputs[1])
            }
            (Op::MatMul, _) if self.t.ty(a).dims.len() == 2 && y.op != Op::MatMul => {
                // `(A B) b` as `A (B b)`: the chain stays open for what is dropped.
                let rest = self.product(x.inputs[1], b)?;
                self.t.matmul(x.inputs[0], rest)
            }
            _ => self.t.matmul(a, b),
        }
    }

    /// `v^T diag(u) = (v .* u)^T`
    fn row_times_diagonal(&mut self, a: NodeId, b: NodeId) -> Made {
        let (v, u) = (self.t.graph.node(a).inputs[0], self.t.graph.node(b).inputs[0]);
        if self.t.ty(v).dims.len() != 1 {
            return self.t.matmul(a, b);
        }
        let both = self.t.hadamard(v, u)?;
        self.t.transpose(both)
    }
}

/// A number, a column or a row.
fn flat(dims: &[Size]) -> bool {
    match dims {
        [] | [_] => true,
        [n, m] => n.is_one() || m.is_one(),
        _ => false,
    }
}
