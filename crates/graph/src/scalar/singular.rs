//! The largest singular value by one-sided Jacobi rotations (Hestenes 1958), which is as accurate
//! as the matrix: the squares of `A^T A` are never formed.

use crate::elementary;

/// Sweeps converge quadratically; a dozen is usual.
const SWEEPS: usize = 60;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn rotate(a: &mut [f64], b: &mut [f64], c: f64, s: f64) {
    for (x, y) in a.iter_mut().zip(b) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
}

/// Makes every two columns orthogonal; `turned` takes the same rotations.
fn orthogonalize(columns: &mut [Vec<f64>], turned: &mut [Vec<f64>]) {
    for _ in 0..SWEEPS {
        let mut done = true;
        for j in 1..columns.len() {
            for i in 0..j {
                let (left, right) = columns.split_at_mut(j);
                let (a, b) = (&mut left[i], &mut right[0]);
                let (aa, bb, ab) = (dot(a, a), dot(b, b), dot(a, b));
                if ab.abs() <= f64::EPSILON * (aa * bb).sqrt() {
                    continue;
                }
                done = false;
                let zeta = (bb - aa) / (2.0 * ab);
                // The smaller of the two angles; zeta^2 may overflow to a rotation by nothing.
                let t = 1f64.copysign(zeta) / (zeta.abs() + zeta.mul_add(zeta, 1.0).sqrt());
                let c = 1.0 / t.mul_add(t, 1.0).sqrt();
                rotate(a, b, c, c * t);
                let (left, right) = turned.split_at_mut(j);
                rotate(&mut left[i], &mut right[0], c, c * t);
            }
        }
        if done {
            break;
        }
    }
}

fn unit_vector(n: usize, at: usize) -> Vec<f64> {
    (0..n).map(|i| if i == at { 1.0 } else { 0.0 }).collect()
}

/// `(u, sigma, v)` with `A v = sigma u`, `A^T u = sigma v` and the largest `sigma`.
///
/// The largest entry of `v`, the first of equals, is positive. For a matrix of zeros both vectors
/// are the first unit vector; with an entry that is not finite everything is NaN.
pub fn top_singular(rows: usize, cols: usize, a: &[f64]) -> (Vec<f64>, f64, Vec<f64>) {
    assert_eq!(a.len(), rows * cols, "{rows} rows of {cols} numbers");
    if !a.iter().all(|x| x.is_finite()) {
        return (vec![f64::NAN; rows], f64::NAN, vec![f64::NAN; cols]);
    }
    let largest = a.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    if largest == 0.0 {
        return (unit_vector(rows, 0), 0.0, unit_vector(cols, 0));
    }
    // Near 1 no square overflows.
    let exponent = elementary::split(largest).1;
    let at = |i: usize, j: usize| elementary::scale(a[i * cols + j], -exponent);
    let tall = rows >= cols;
    let (long, short) = if tall { (rows, cols) } else { (cols, rows) };
    let mut columns: Vec<Vec<f64>> = (0..short)
        .map(|j| (0..long).map(|i| if tall { at(i, j) } else { at(j, i) }).collect())
        .collect();
    let mut turned: Vec<Vec<f64>> = (0..short).map(|j| unit_vector(short, j)).collect();
    orthogonalize(&mut columns, &mut turned);
    let mut top = (0, 0.0);
    for (j, column) in columns.iter().enumerate() {
        let sigma = dot(column, column).sqrt();
        if sigma > top.1 {
            top = (j, sigma);
        }
    }
    let scaled: Vec<f64> = columns[top.0].iter().map(|x| x / top.1).collect();
    let other = turned.swap_remove(top.0);
    let (mut u, mut v) = if tall { (scaled, other) } else { (other, scaled) };
    let lead = v.iter().fold(0.0, |most: f64, x| if x.abs() > most.abs() { *x } else { most });
    if lead < 0.0 {
        u.iter_mut().chain(&mut v).for_each(|x| *x = -*x);
    }
    (u, elementary::scale(top.1, exponent), v)
}
