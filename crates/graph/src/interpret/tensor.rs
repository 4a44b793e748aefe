//! Arrays of numbers.

use crate::index::AxisId;
use crate::scalar::Scalar;

/// A value: its axes in their order, then its dims, row-major.
#[derive(Clone, PartialEq, Debug)]
pub struct Tensor<S> {
    /// The named axes, sorted.
    pub axes: Vec<AxisId>,
    /// The extents of the axes, then of the dims.
    pub shape: Vec<usize>,
    /// The entries.
    pub data: Vec<S>,
}

impl<S: Scalar> Tensor<S> {
    /// One value everywhere.
    pub fn filled(axes: Vec<AxisId>, shape: Vec<usize>, value: S) -> Tensor<S> {
        let entries = shape.iter().product();
        Tensor { axes, shape, data: vec![value; entries] }
    }

    /// A number.
    pub fn number(value: S) -> Tensor<S> {
        Tensor { axes: Vec::new(), shape: Vec::new(), data: vec![value] }
    }

    /// The same entries as another kind of number.
    pub fn map<T: Scalar>(&self, f: impl Fn(S) -> T) -> Tensor<T> {
        let data = self.data.iter().map(|x| f(*x)).collect();
        Tensor { axes: self.axes.clone(), shape: self.shape.clone(), data }
    }

    /// The extents of the dims.
    pub fn dims(&self) -> &[usize] {
        &self.shape[self.axes.len()..]
    }

    /// The largest entry by its leading part.
    pub fn largest(&self) -> f64 {
        self.data.iter().map(|x| x.real().abs()).fold(0.0, f64::max)
    }
}

/// The step in the data of each dim, row-major.
pub(crate) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i] * shape[i];
    }
    strides
}

/// Counts through all indices of `shape`, the last one fastest; false when it is through.
pub(crate) fn advance(index: &mut [usize], shape: &[usize]) -> bool {
    for (i, n) in index.iter_mut().zip(shape).rev() {
        *i += 1;
        if *i < *n {
            return true;
        }
        *i = 0;
    }
    false
}
