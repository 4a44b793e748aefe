//! iris: J and its gradients.
//!
//! Written by chainrule from these equations:
//!
//! ```text
//! z1 = W0 x + b0
//! a1 = softplus(z1)
//! z2 = W1 a1 + b1
//! p = softmax(z2)
//! l = -log(p[y])
//! J = mean[N] l
//! ```
//!
//! The derivation:
//!
//! ```text
//! dJ/dz2 = 1/N (p - onehot(y))
//! dJ/da1 = W1^T dJ/dz2
//! dJ/dz1 = dJ/da1 .* sigmoid(z1)
//! dJ/dW0 = sum[N] dJ/dz1 x^T
//! dJ/db0 = sum[N] dJ/dz1
//! dJ/dW1 = sum[N] dJ/dz2 a1^T
//! dJ/db1 = sum[N] dJ/dz2
//! ```
//!
//! To be compiled by itself: `rustc --edition 2021 --crate-type lib FILE`.
//!
//! A value per sample is an array whose rows are the samples.
#![allow(non_snake_case)]

/// Numbers with dimensions, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    pub dims: Vec<usize>,
    pub data: Vec<f64>,
}

impl Array {
    /// An array of these dimensions.
    pub fn new(dims: &[usize], data: Vec<f64>) -> Array {
        assert_eq!(dims.iter().product::<usize>(), data.len(), "the entries do not fill {dims:?}");
        Array { dims: dims.to_vec(), data }
    }

    /// The entry at each index.
    fn from_fn(dims: &[usize], entry: impl Fn(&[usize]) -> f64) -> Array {
        let mut index = vec![0; dims.len()];
        let mut data = Vec::with_capacity(dims.iter().product());
        for _ in 0..dims.iter().product() {
            data.push(entry(&index));
            for axis in (0..dims.len()).rev() {
                index[axis] += 1;
                if index[axis] < dims[axis] {
                    break;
                }
                index[axis] = 0;
            }
        }
        Array { dims: dims.to_vec(), data }
    }

    /// The entry at an index.
    fn at(&self, index: &[usize]) -> f64 {
        let place = index.iter().zip(&self.dims).fold(0, |at, (i, n)| at * n + i);
        self.data[place]
    }

    /// A function of each entry.
    fn map(&self, f: impl Fn(f64) -> f64) -> Array {
        Array { dims: self.dims.clone(), data: self.data.iter().map(|v| f(*v)).collect() }
    }

    /// Copies along axes of length 1, and along new axes in front.
    fn broadcast(&self, dims: &[usize]) -> Array {
        let new = dims.len() - self.dims.len();
        Array::from_fn(dims, |i| {
            let own = i[new..].iter().zip(&self.dims);
            self.data[own.fold(0, |at, (i, n)| at * n + if *n == 1 { 0 } else { *i })]
        })
    }

    /// A function of two arrays, entry by entry; axes of length 1 repeat.
    fn zip(&self, other: &Array, f: impl Fn(f64, f64) -> f64) -> Array {
        if self.dims == other.dims {
            let pairs = self.data.iter().zip(&other.data);
            return Array { dims: self.dims.clone(), data: pairs.map(|(a, b)| f(*a, *b)).collect() };
        }
        let rank = self.dims.len().max(other.dims.len());
        let length = |x: &Array, axis: usize| {
            (axis + x.dims.len()).checked_sub(rank).map_or(1, |at| x.dims[at])
        };
        let longer = |axis| match length(self, axis) {
            1 => length(other, axis),
            n => n,
        };
        let dims: Vec<usize> = (0..rank).map(longer).collect();
        let (a, b) = (self.broadcast(&dims), other.broadcast(&dims));
        let pairs = a.data.iter().zip(&b.data);
        Array { data: pairs.map(|(a, b)| f(*a, *b)).collect(), dims }
    }

    /// The same entries with other dimensions.
    fn reshape(&self, dims: &[usize]) -> Array {
        assert_eq!(dims.iter().product::<usize>(), self.data.len(), "reshape to {dims:?}");
        Array { dims: dims.to_vec(), data: self.data.clone() }
    }

    /// The transpose of a matrix.
    fn t(&self) -> Array {
        Array::from_fn(&[self.dims[1], self.dims[0]], |i| self.at(&[i[1], i[0]]))
    }

    /// The matrix product: the last axis with the first of `other`.
    fn dot(&self, other: &Array) -> Array {
        let inner = other.dims[0];
        let columns: usize = other.dims[1..].iter().product();
        let (rows, last) = (self.data.len() / inner, self.dims.len() - 1);
        assert_eq!(self.dims[last], inner, "a product of {:?} and {:?}", self.dims, other.dims);
        let mut data = vec![0.0; rows * columns];
        for row in 0..rows {
            for k in 0..inner {
                let factor = self.data[row * inner + k];
                for column in 0..columns {
                    data[row * columns + column] += factor * other.data[k * columns + column];
                }
            }
        }
        Array { dims: [&self.dims[..last], &other.dims[1..]].concat(), data }
    }

    /// The mean of all entries.
    fn average(&self) -> f64 {
        self.data.iter().sum::<f64>() / self.data.len() as f64
    }

    /// All entries along some axes, which disappear, taken together.
    fn fold(&self, axes: &[usize], start: f64, f: impl Fn(f64, f64) -> f64) -> Array {
        let kept: Vec<usize> = (0..self.dims.len()).filter(|i| !axes.contains(i)).collect();
        let dims: Vec<usize> = kept.iter().map(|i| self.dims[*i]).collect();
        let mut data = vec![start; dims.iter().product()];
        let mut index = vec![0; self.dims.len()];
        for value in &self.data {
            let place = kept.iter().fold(0, |at, i| at * self.dims[*i] + index[*i]);
            data[place] = f(data[place], *value);
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                if index[axis] < self.dims[axis] {
                    break;
                }
                index[axis] = 0;
            }
        }
        Array { dims, data }
    }

    /// The sum over some axes, which disappear.
    fn sum(&self, axes: &[usize]) -> Array {
        self.fold(axes, 0.0, |a, b| a + b)
    }

    /// An array without an axis, with that axis of length 1 again.
    fn keep(&self, axis: usize) -> Array {
        let mut dims = self.dims.clone();
        dims.insert(axis, 1);
        self.reshape(&dims)
    }

    /// `log(sum(exp(z)))` along an axis, which disappears.
    fn logsumexp(&self, axis: usize) -> Array {
        let top = self.fold(&[axis], f64::NEG_INFINITY, f64::max);
        let powers = self.zip(&top.keep(axis), |z, top| (z - top).exp());
        powers.fold(&[axis], 0.0, |a, b| a + b).zip(&top, |sum, top| sum.ln() + top)
    }

    /// `z - logsumexp(z)` along an axis.
    fn log_softmax(&self, axis: usize) -> Array {
        self.zip(&self.logsumexp(axis).keep(axis), |z, total| z - total)
    }

    /// `exp(z) / sum(exp(z))` along an axis.
    fn softmax(&self, axis: usize) -> Array {
        self.zip(&self.logsumexp(axis).keep(axis), |z, total| (z - total).exp())
    }

    /// Each class as a unit vector, in a new last axis.
    fn one_hot(&self, classes: usize) -> Array {
        let dims = [&self.dims[..], &[classes]].concat();
        Array::from_fn(&dims, |i| {
            let (class, own) = i.split_last().expect("there is an axis");
            f64::from(self.at(own) == *class as f64)
        })
    }

    /// The entries at computed places.
    fn gather<const M: usize, const N: usize>(
        &self,
        dims: [usize; M],
        place: impl Fn([usize; M]) -> [usize; N],
    ) -> Array {
        Array::from_fn(&dims, |i| self.at(&place(i.try_into().expect("as many axes"))))
    }
}

/// `+ - * /` entry by entry, of arrays and numbers; axes of length 1 repeat.
macro_rules! operator {
    ($trait:ident, $method:ident, $op:tt) => {
        operator!($trait, $method, $op, Array, Array);
        operator!($trait, $method, $op, &Array, Array);
        operator!($trait, $method, $op, Array, &Array);
        operator!($trait, $method, $op, &Array, &Array);
        operator!(number $trait, $method, $op, Array);
        operator!(number $trait, $method, $op, &Array);
    };
    ($trait:ident, $method:ident, $op:tt, $left:ty, $right:ty) => {
        impl std::ops::$trait<$right> for $left {
            type Output = Array;
            fn $method(self, other: $right) -> Array {
                self.zip(&other, |a, b| a $op b)
            }
        }
    };
    (number $trait:ident, $method:ident, $op:tt, $array:ty) => {
        impl std::ops::$trait<f64> for $array {
            type Output = Array;
            fn $method(self, other: f64) -> Array {
                self.map(|v| v $op other)
            }
        }
        impl std::ops::$trait<$array> for f64 {
            type Output = Array;
            fn $method(self, other: $array) -> Array {
                other.map(|v| self $op v)
            }
        }
    };
}

operator!(Add, add, +);
operator!(Sub, sub, -);
operator!(Mul, mul, *);
operator!(Div, div, /);

impl std::ops::Neg for Array {
    type Output = Array;
    fn neg(self) -> Array {
        self.map(|v| -v)
    }
}

impl std::ops::Neg for &Array {
    type Output = Array;
    fn neg(self) -> Array {
        self.map(|v| -v)
    }
}

/// `1 / (1 + exp(-z))`
fn sigmoid(z: f64) -> f64 {
    if z >= 0.0 { 1.0 / (1.0 + (-z).exp()) } else { z.exp() / (1.0 + z.exp()) }
}

/// `log(1 + exp(z))`
fn softplus(z: f64) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}

/// What the gradients may be taken by.
pub struct Params {
    /// `R[H, d]`: (H, d)
    pub W0: Array,
    /// `R[H]`: (H)
    pub b0: Array,
    /// `R[K, H]`: (K, H)
    pub W1: Array,
    /// `R[K]`: (K)
    pub b1: Array,
}

/// What else the functions read.
pub struct Data {
    /// `R[d] per N`: (N, d)
    pub x: Array,
    /// `label[K] per N`: (N)
    pub y: Array,
}

/// The gradients.
pub struct Gradients {
    /// Of J by W0.
    pub dJ_dW0: Array,
    /// Of J by b0.
    pub dJ_db0: Array,
    /// Of J by W1.
    pub dJ_dW1: Array,
    /// Of J by b1.
    pub dJ_db1: Array,
}

/// J.
pub fn loss(params: &Params, data: &Data) -> f64 {
    let W0 = &params.W0;
    let b0 = &params.b0;
    let W1 = &params.W1;
    let b1 = &params.b1;
    let x = &data.x;
    let y = &data.y;
    let N = x.dims[0];
    let z1 = &(x.dot(&W0.t()) + b0);                        // (N, H)
    let a1 = &z1.map(softplus);                             // (N, H)
    let z2 = &(a1.dot(&W1.t()) + b1);                       // (N, K)
    let t1 = &z2.log_softmax(1).gather([N], |[n]| [n, y.at(&[n]) as usize]); // (N,)
    let l = &(-t1);                                         // (N,)
    let J = l.average();
    J
}

/// J and its gradients.
pub fn gradients(params: &Params, data: &Data) -> (f64, Gradients) {
    let W0 = &params.W0;
    let b0 = &params.b0;
    let W1 = &params.W1;
    let b1 = &params.b1;
    let x = &data.x;
    let y = &data.y;
    let K = W1.dims[0];
    let N = x.dims[0];
    let z1 = &(x.dot(&W0.t()) + b0);                        // (N, H)
    let a1 = &z1.map(softplus);                             // (N, H)
    let z2 = &(a1.dot(&W1.t()) + b1);                       // (N, K)
    let p = &z2.softmax(1);                                 // (N, K)
    let t1 = &z2.log_softmax(1).gather([N], |[n]| [n, y.at(&[n]) as usize]); // (N,)
    let l = &(-t1);                                         // (N,)
    let J = l.average();

    let dJ_dz2 = &(1.0 / (N as f64) * (p - y.one_hot(K)));  // (N, K)
    let dJ_da1 = &dJ_dz2.dot(W1);                           // (N, H)
    let dJ_dz1 = &(dJ_da1 * z1.map(sigmoid));               // (N, H)
    let dJ_dW0 = &dJ_dz1.t().dot(x);                        // (H, d)
    let dJ_db0 = &dJ_dz1.sum(&[0]);                         // (H,)
    let dJ_dW1 = &dJ_dz2.t().dot(a1);                       // (K, H)
    let dJ_db1 = &dJ_dz2.sum(&[0]);                         // (K,)

    let gradients = Gradients {
        dJ_dW0: dJ_dW0.clone(),
        dJ_db0: dJ_db0.clone(),
        dJ_dW1: dJ_dW1.clone(),
        dJ_db1: dJ_db1.clone(),
    };
    (J, gradients)
}
