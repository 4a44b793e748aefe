//! cifar2: Jt and its gradients.
//!
//! Written by chainrule from these equations:
//!
//! ```text
//! Z2 = W1 X + b1
//! A2 = relu(Z2)
//! Z3 = W2 A2 + b2
//! Psi = softmax(Z3)
//! D = onehot(y)
//! J = -1/N sum(D .* log(Psi))
//! Jt = J + lambda (||W1||_F^2 + ||W2||_F^2)
//! ```
//!
//! The derivation:
//!
//! ```text
//! dJt/dZ3 = 1/N (Psi - D)
//! dJt/dA2 = W2^T dJt/dZ3
//! dJt/dZ2 = dJt/dA2 .* 1[Z2 > 0]
//! dJt/dW1 = dJt/dZ2 X^T + 2 lambda W1
//! dJt/db1 = dJt/dZ2 ones(N)
//! dJt/dW2 = dJt/dZ3 A2^T + 2 lambda W2
//! dJt/db2 = dJt/dZ3 ones(N)
//! ```
//!
//! To be compiled by itself: `rustc --edition 2021 --crate-type lib FILE`.
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

    /// New axes of length 1 at these places of the result.
    fn expand(&self, places: &[usize]) -> Array {
        let mut dims = self.dims.clone();
        places.iter().for_each(|at| dims.insert(*at, 1));
        self.reshape(&dims)
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

    /// The sum of all entries.
    fn total(&self) -> f64 {
        self.data.iter().sum()
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

/// What the gradients may be taken by.
pub struct Params {
    /// `R[H, d]`: (H, d)
    pub W1: Array,
    /// `R[H]`: (H)
    pub b1: Array,
    /// `R[K, H]`: (K, H)
    pub W2: Array,
    /// `R[K]`: (K)
    pub b2: Array,
}

/// What else the functions read.
pub struct Data {
    /// `R[d, N]`: (d, N)
    pub X: Array,
    /// `label[K][N]`: (N)
    pub y: Array,
    /// 0.25 in the equations
    pub lambda: f64,
}

/// The gradients.
pub struct Gradients {
    /// Of Jt by W1.
    pub dJt_dW1: Array,
    /// Of Jt by b1.
    pub dJt_db1: Array,
    /// Of Jt by W2.
    pub dJt_dW2: Array,
    /// Of Jt by b2.
    pub dJt_db2: Array,
}

/// Jt.
pub fn loss(params: &Params, data: &Data) -> f64 {
    let W1 = &params.W1;
    let b1 = &params.b1;
    let W2 = &params.W2;
    let b2 = &params.b2;
    let X = &data.X;
    let y = &data.y;
    let lambda = data.lambda;
    let K = W2.dims[0];
    let N = X.dims[1];
    let Z2 = &(W1.dot(X) + b1.expand(&[1]));                // (H, N)
    let A2 = &Z2.map(|z| z.max(0.0));                       // (H, N)
    let Z3 = &(W2.dot(A2) + b2.expand(&[1]));               // (K, N)
    let D = &y.one_hot(K).t();                              // (K, N)
    let J = -(1.0 / (N as f64) * (D * Z3.log_softmax(0)).total());
    let Jt = J + lambda * ((W1 * W1).total() + (W2 * W2).total());
    Jt
}

/// Jt and its gradients.
pub fn gradients(params: &Params, data: &Data) -> (f64, Gradients) {
    let W1 = &params.W1;
    let b1 = &params.b1;
    let W2 = &params.W2;
    let b2 = &params.b2;
    let X = &data.X;
    let y = &data.y;
    let lambda = data.lambda;
    let K = W2.dims[0];
    let N = X.dims[1];
    let Z2 = &(W1.dot(X) + b1.expand(&[1]));                // (H, N)
    let A2 = &Z2.map(|z| z.max(0.0));                       // (H, N)
    let Z3 = &(W2.dot(A2) + b2.expand(&[1]));               // (K, N)
    let Psi = &Z3.softmax(0);                               // (K, N)
    let D = &y.one_hot(K).t();                              // (K, N)
    let J = -(1.0 / (N as f64) * (D * Z3.log_softmax(0)).total());
    let Jt = J + lambda * ((W1 * W1).total() + (W2 * W2).total());

    let dJt_dZ3 = &(1.0 / (N as f64) * (Psi - D));          // (K, N)
    let dJt_dA2 = &W2.t().dot(dJt_dZ3);                     // (H, N)
    let dJt_dZ2 = &(dJt_dA2 * Z2.map(|z| f64::from(z > 0.0))); // (H, N)
    let dJt_dW1 = &(dJt_dZ2.dot(&X.t()) + 2.0 * lambda * W1); // (H, d)
    let dJt_db1 = &dJt_dZ2.sum(&[1]);                       // (H,)
    let dJt_dW2 = &(dJt_dZ3.dot(&A2.t()) + 2.0 * lambda * W2); // (K, H)
    let dJt_db2 = &dJt_dZ3.sum(&[1]);                       // (K,)

    let gradients = Gradients {
        dJt_dW1: dJt_dW1.clone(),
        dJt_db1: dJt_db1.clone(),
        dJt_dW2: dJt_dW2.clone(),
        dJt_db2: dJt_db2.clone(),
    };
    (Jt, gradients)
}
