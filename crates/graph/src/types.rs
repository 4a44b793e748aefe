//! Types of values: named axes, element sizes, kind of number.

use crate::index::{AxisId, SizeId};
use crate::size::{Size, Sizes};

/// What the entries of a value are.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// `R`
    Real,
    /// `R+`: positive.
    Positive,
    /// `Z`
    Integer,
    /// `label[K]`: a class `0..K-1`.
    Label(Size),
    /// `prob[K]`: non-negative with sum 1.
    Prob,
    /// `mask[H]`: 0 or 1.
    Mask,
    /// `Sym[n]`: symmetric.
    Sym,
    /// `SPD[n]`: symmetric positive definite.
    Spd,
    /// A comparison: true or false. Only conditions have it.
    Truth,
}

/// The type of a value.
///
/// `x : R[d] per N` has the axis `N` and the dims `[d]`; `X : R[d, N]` has no axis and the dims
/// `[d, N]`. Ops see dims only; axes ride along. A free index of an index equation is an axis too.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Type {
    /// Named axes that ride along, sorted.
    pub axes: Vec<AxisId>,
    /// Element sizes. A column is `[n]`, a row `[1, n]`, a scalar `[]`.
    pub dims: Vec<Size>,
    /// What the entries are.
    pub kind: Kind,
}

impl Type {
    /// A real scalar.
    pub fn scalar() -> Type {
        Type::array(Vec::new())
    }

    /// A real array; `R[n, 1]` is `R[n]`.
    pub fn array(dims: Vec<Size>) -> Type {
        Type { axes: Vec::new(), dims: normalised(dims), kind: Kind::Real }
    }

    /// The same with other dims.
    #[must_use]
    pub fn with_dims(&self, dims: Vec<Size>) -> Type {
        Type { axes: self.axes.clone(), dims: normalised(dims), kind: Kind::Real }
    }

    /// The same with another kind.
    #[must_use]
    pub fn with_kind(&self, kind: Kind) -> Type {
        Type { kind, ..self.clone() }
    }

    /// Whether there are no dims.
    pub fn is_scalar(&self) -> bool {
        self.dims.is_empty()
    }

    /// Whether the entries are numbers one can compute with.
    pub fn is_number(&self) -> bool {
        !matches!(self.kind, Kind::Label(_) | Kind::Truth)
    }

    /// Rows and columns, if this is a scalar, vector or matrix.
    pub fn matrix(&self) -> Option<(Size, Size)> {
        match self.dims.as_slice() {
            [] => Some((Size::number(1), Size::number(1))),
            [n] => Some((n.clone(), Size::number(1))),
            [n, m] => Some((n.clone(), m.clone())),
            _ => None,
        }
    }

    /// The axes of both, sorted.
    pub fn union(&self, other: &Type) -> Vec<AxisId> {
        union(&self.axes, &other.axes)
    }

    /// The batch axes written among the dims, with their places.
    pub fn written_batches(&self, sizes: &Sizes) -> Vec<(usize, SizeId)> {
        let batch = |(at, dim)| sizes.batch_of(dim).map(|id| (at, id));
        self.dims.iter().enumerate().filter_map(batch).collect()
    }

    /// The places of the dims that are no batch axes.
    pub fn element_dims(&self, sizes: &Sizes) -> Vec<usize> {
        (0..self.dims.len()).filter(|&i| sizes.batch_of(&self.dims[i]).is_none()).collect()
    }
}

/// The sorted union of two sorted lists.
pub fn union(a: &[AxisId], b: &[AxisId]) -> Vec<AxisId> {
    let mut all: Vec<AxisId> = a.iter().chain(b).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// `R[n, 1]` is `R[n]`; three axes and more stay as they are.
fn normalised(mut dims: Vec<Size>) -> Vec<Size> {
    if dims.len() == 2 && dims[1].is_one() {
        dims.pop();
    }
    dims
}
