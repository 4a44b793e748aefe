//! Linear algebra on row-major slices, generic over the number type.
//!
//! A slice of the wrong length is a mistake of the caller and panics.

use super::Scalar;
pub use super::singular::top_singular;

/// `P A = L U` with partial pivoting by the magnitude of the real part.
#[derive(Clone, Debug)]
pub struct Lu<S> {
    n: usize,
    /// L below the diagonal, its diagonal of ones left out; U on and above.
    factors: Vec<S>,
    /// Which row of A each row is.
    rows: Vec<usize>,
    odd: bool,
}

fn zero<S: Scalar>() -> S {
    S::from_f64(0.0)
}

/// The row to pivot on. Where all real parts are 0, a number that is not 0 still counts: the
/// derivative of a determinant at a singular matrix depends on it.
fn pivot<S: Scalar>(n: usize, column: usize, a: &[S]) -> usize {
    let size = |row: usize| a[row * n + column].real().abs();
    let mut best = column;
    for row in column + 1..n {
        // A total order, so that NaN is not passed over.
        if size(row).total_cmp(&size(best)).is_gt() {
            best = row;
        }
    }
    if size(best) == 0.0 {
        return (column..n).find(|row| a[row * n + column] != zero()).unwrap_or(best);
    }
    best
}

/// Gaussian elimination; a column of zeros is left as it is.
fn eliminate<S: Scalar>(n: usize, a: &[S]) -> Lu<S> {
    assert_eq!(a.len(), n * n, "a square matrix of {n} rows");
    let mut factors = a.to_vec();
    let mut rows: Vec<usize> = (0..n).collect();
    let mut odd = false;
    for k in 0..n {
        let chosen = pivot(n, k, &factors);
        if chosen != k {
            rows.swap(k, chosen);
            odd = !odd;
            for j in 0..n {
                factors.swap(k * n + j, chosen * n + j);
            }
        }
        let (above, below) = factors.split_at_mut((k + 1) * n);
        let top = &above[k * n..];
        if top[k] == zero() {
            continue;
        }
        for row in below.chunks_exact_mut(n) {
            let factor = row[k] / top[k];
            row[k] = factor;
            for j in k + 1..n {
                row[j] = row[j] - factor * top[j];
            }
        }
    }
    Lu { n, factors, rows, odd }
}

/// `P A = L U`; `None` where the real part of a pivot is 0: the matrix is singular.
pub fn lu<S: Scalar>(n: usize, a: &[S]) -> Option<Lu<S>> {
    let lu = eliminate(n, a);
    let singular = lu.pivots().any(|p| p.real() == 0.0);
    (!singular).then_some(lu)
}

impl<S: Scalar> Lu<S> {
    fn pivots(&self) -> impl Iterator<Item = S> + '_ {
        (0..self.n).map(|i| self.factors[i * self.n + i])
    }

    /// The determinant: the product of the pivots, with the sign of the permutation.
    pub fn det(&self) -> S {
        let sign = S::from_f64(if self.odd { -1.0 } else { 1.0 });
        self.pivots().fold(sign, |product, p| product * p)
    }

    /// `ln |det A|`, analytic: a pivot with a negative real part counts as its opposite.
    pub fn log_abs_det(&self) -> S {
        self.pivots().fold(zero(), |sum, p| sum + p.abs().ln())
    }

    /// `A^-1 B` for a `B` of `m` columns.
    pub fn solve(&self, m: usize, b: &[S]) -> Vec<S> {
        let n = self.n;
        assert_eq!(b.len(), n * m, "{n} rows of {m} numbers");
        let mut x: Vec<S> =
            self.rows.iter().flat_map(|r| &b[r * m..(r + 1) * m]).copied().collect();
        for i in 0..n {
            for k in 0..i {
                subtract(&mut x, m, i, k, self.factors[i * n + k]);
            }
        }
        for i in (0..n).rev() {
            for k in i + 1..n {
                subtract(&mut x, m, i, k, self.factors[i * n + k]);
            }
            for value in &mut x[i * m..(i + 1) * m] {
                *value = *value / self.factors[i * n + i];
            }
        }
        x
    }

    /// `A^-1`
    pub fn inverse(&self) -> Vec<S> {
        self.solve(self.n, &identity(self.n))
    }
}

/// Row `i` less `factor` times row `k`.
fn subtract<S: Scalar>(x: &mut [S], m: usize, i: usize, k: usize, factor: S) {
    for j in 0..m {
        x[i * m + j] = x[i * m + j] - factor * x[k * m + j];
    }
}

fn identity<S: Scalar>(n: usize) -> Vec<S> {
    let mut a = vec![zero(); n * n];
    a.iter_mut().step_by(n + 1).for_each(|x| *x = S::from_f64(1.0));
    a
}

/// `A^-1`; `None` for a singular matrix.
pub fn inverse<S: Scalar>(n: usize, a: &[S]) -> Option<Vec<S>> {
    Some(lu(n, a)?.inverse())
}

/// The determinant, 0 for a singular matrix. Over complex numbers its derivative is right there too.
pub fn det<S: Scalar>(n: usize, a: &[S]) -> S {
    eliminate(n, a).det()
}

/// `ln |det A|`; minus infinity for a singular matrix.
pub fn log_abs_det<S: Scalar>(n: usize, a: &[S]) -> S {
    lu(n, a).map_or(S::from_f64(f64::NEG_INFINITY), |lu| lu.log_abs_det())
}

/// `X` with `A X = B`, `B` of `m` columns; `None` for a singular matrix.
pub fn solve<S: Scalar>(n: usize, a: &[S], m: usize, b: &[S]) -> Option<Vec<S>> {
    Some(lu(n, a)?.solve(m, b))
}

fn transpose<S: Scalar>(rows: usize, cols: usize, a: &[S]) -> Vec<S> {
    (0..rows * cols).map(|i| a[i % rows * cols + i / rows]).collect()
}

/// `A A^T`
fn gram<S: Scalar>(rows: usize, cols: usize, a: &[S]) -> Vec<S> {
    let row = |i: usize| a[i * cols..(i + 1) * cols].iter();
    let dot = |i, j| row(i).zip(row(j)).fold(zero(), |sum: S, (x, y)| sum + *x * *y);
    (0..rows * rows).map(|at| dot(at / rows, at % rows)).collect()
}

/// The pseudo-inverse (Moore 1920, Penrose 1955) of a matrix of full rank: `(A^T A)^-1 A^T` for a
/// tall one, `A^T (A A^T)^-1` for a wide one; `None` for a lower rank. The transposes are plain, not
/// conjugate, so it is analytic.
pub fn pseudo_inverse<S: Scalar>(rows: usize, cols: usize, a: &[S]) -> Option<Vec<S>> {
    assert_eq!(a.len(), rows * cols, "{rows} rows of {cols} numbers");
    let t = transpose(rows, cols, a);
    if rows >= cols {
        return solve(cols, &gram(cols, rows, &t), rows, &t);
    }
    // A A^T is symmetric, so the transpose of (A A^T)^-1 A is wanted.
    let x = solve(rows, &gram(rows, cols, a), cols, a)?;
    Some(transpose(rows, cols, &x))
}

/// The largest sum of magnitudes in a column.
fn norm_1(n: usize, a: &[f64]) -> f64 {
    let column = |j: usize| a.iter().skip(j).step_by(n).map(|x| x.abs()).sum::<f64>();
    (0..n).map(column).fold(0.0, |most, x| if x <= most { most } else { x })
}

/// The condition number `|A|_1 |A^-1|_1`; infinity for a singular matrix.
pub fn condition(n: usize, a: &[f64]) -> f64 {
    inverse(n, a).map_or(f64::INFINITY, |inverse| norm_1(n, a) * norm_1(n, &inverse))
}
