//! Each optimizer entry by entry, as its paper writes it. Nothing here is read from the library.

/// The loss and its gradient at a point.
pub(crate) type Gradient<'a> = &'a dyn Fn(&[f64]) -> (f64, Vec<f64>);

/// Steps of a recurrence: the numbers it keeps are its own.
pub(crate) type Recurrence = fn(usize, &mut [f64], &mut Kept, Gradient<'_>);

/// Vectors and numbers that a recurrence keeps, all 0 at first.
#[derive(Default)]
pub(crate) struct Kept {
    a: Vec<f64>,
    b: Vec<f64>,
    t: f64,
}

/// The parameters after each step.
pub(crate) fn by_hand(
    recurrence: Recurrence,
    start: &[f64],
    gradient: Gradient<'_>,
    steps: usize,
) -> Vec<Vec<f64>> {
    let mut p = start.to_vec();
    let (a, b) = (vec![0.0; p.len()], vec![0.0; p.len()]);
    let mut kept = Kept { a, b, t: 0.0 };
    let step = |k| {
        recurrence(k, &mut p, &mut kept, gradient);
        p.clone()
    };
    (0..steps).map(step).collect()
}

/// How a training calls it, and what it must come to.
pub(crate) const CASES: &[(&str, Recurrence)] = &[
    ("gd(step = 0.05)", gd),
    ("sgd(step = 0.05, decay = 0.5)", sgd),
    ("momentum(step = 0.05, mu = 0.8)", momentum),
    ("nag(step = 0.05)", nag),
    ("nesterov(step = 0.05, mu = 0.8)", nesterov),
    ("adagrad(step = 0.3)", adagrad),
    ("rmsprop(step = 0.01, rho = 0.8)", rmsprop),
    ("adadelta()", adadelta),
    ("adam(step = 0.1)", adam),
    ("adamw(step = 0.1, decay = 0.2)", adamw),
];

fn gd(_: usize, p: &mut [f64], _: &mut Kept, gradient: Gradient<'_>) {
    let g = gradient(p).1;
    p.iter_mut().zip(g).for_each(|(p, g)| *p -= 0.05 * g);
}

/// Four steps are an epoch here.
fn sgd(k: usize, p: &mut [f64], _: &mut Kept, gradient: Gradient<'_>) {
    let step = 0.05 * 0.5_f64.powi((k / 4) as i32);
    let g = gradient(p).1;
    p.iter_mut().zip(g).for_each(|(p, g)| *p -= step * g);
}

/// Polyak: `x_{k+1} = x_k - step g(x_k) + mu (x_k - x_{k-1})`; `a` is `x_{k-1}`.
fn momentum(k: usize, p: &mut [f64], kept: &mut Kept, gradient: Gradient<'_>) {
    if k == 0 {
        kept.a = p.to_vec();
    }
    let g = gradient(p).1;
    let step = |i: usize| p[i] - 0.05 * g[i] + 0.8 * (p[i] - kept.a[i]);
    let next: Vec<f64> = (0..p.len()).map(step).collect();
    kept.a = p.to_vec();
    p.copy_from_slice(&next);
}

/// Nesterov 1983: `x_k = y_k - step g(y_k)`, `a_{k+1} = (1 + sqrt(4 a_k^2 + 1)) / 2`,
/// `y_{k+1} = x_k + (a_k - 1) (x_k - x_{k-1}) / a_{k+1}`. The factor in front of the first step is
/// 0, where `x_k = x_{k-1}` anyway, so that the second has the factor of `a = (1 + sqrt 5) / 2`.
/// Here `kept.b` is `x_{k-1}` and the point `y_k` is made at the beginning of a step.
fn nag(k: usize, p: &mut [f64], kept: &mut Kept, gradient: Gradient<'_>) {
    if k == 0 {
        kept.t = 1.0;
        kept.b = p.to_vec();
    }
    let t = (1.0 + (4.0 * kept.t * kept.t + 1.0).sqrt()) / 2.0;
    let beta = (kept.t - 1.0) / t;
    kept.t = t;
    let y: Vec<f64> = (0..p.len()).map(|i| p[i] + beta * (p[i] - kept.b[i])).collect();
    let g = gradient(&y).1;
    kept.b = p.to_vec();
    p.iter_mut().zip(y.iter().zip(&g)).for_each(|(p, (y, g))| *p = y - 0.05 * g);
}

/// Sutskever et al. 2013: `v' = mu v - step g(p + mu v)`, `p' = p + v'`; `a` is `v`.
fn nesterov(_: usize, p: &mut [f64], kept: &mut Kept, gradient: Gradient<'_>) {
    let ahead: Vec<f64> = p.iter().zip(&kept.a).map(|(p, v)| p + 0.8 * v).collect();
    let g = gradient(&ahead).1;
    for (i, slope) in g.iter().enumerate() {
        kept.a[i] = 0.8 * kept.a[i] - 0.05 * slope;
        p[i] += kept.a[i];
    }
}

fn adagrad(_: usize, p: &mut [f64], kept: &mut Kept, gradient: Gradient<'_>) {
    for (i, g) in gradient(p).1.into_iter().enumerate() {
        kept.a[i] += g * g;
        p[i] -= 0.3 * g / (kept.a[i].sqrt() + 1e-10);
    }
}

fn rmsprop(_: usize, p: &mut [f64], kept: &mut Kept, gradient: Gradient<'_>) {
    for (i, g) in gradient(p).1.into_iter().enumerate() {
        kept.a[i] = 0.8 * kept.a[i] + 0.2 * g * g;
        p[i] -= 0.01 * g / (kept.a[i].sqrt() + 1e-8);
    }
}

/// Zeiler 2012, algorithm 1: `a` is `E[g^2]`, `b` is `E[dx^2]`, `RMS[x] = sqrt(E[x^2] + eps)`.
fn adadelta(_: usize, p: &mut [f64], kept: &mut Kept, gradient: Gradient<'_>) {
    let (rho, eps) = (0.9, 1e-6);
    for (i, g) in gradient(p).1.into_iter().enumerate() {
        kept.a[i] = rho * kept.a[i] + (1.0 - rho) * g * g;
        let dx = -((kept.b[i] + eps).sqrt() / (kept.a[i] + eps).sqrt()) * g;
        kept.b[i] = rho * kept.b[i] + (1.0 - rho) * dx * dx;
        p[i] += dx;
    }
}

/// Kingma and Ba 2015, algorithm 1; the direction `m / (sqrt(v) + eps)` with the bias corrected.
fn moments(k: usize, i: usize, g: f64, kept: &mut Kept) -> f64 {
    let (beta1, beta2, t) = (0.9_f64, 0.999_f64, k as i32 + 1);
    kept.a[i] = beta1 * kept.a[i] + (1.0 - beta1) * g;
    kept.b[i] = beta2 * kept.b[i] + (1.0 - beta2) * g * g;
    let m = kept.a[i] / (1.0 - beta1.powi(t));
    let v = kept.b[i] / (1.0 - beta2.powi(t));
    m / (v.sqrt() + 1e-8)
}

fn adam(k: usize, p: &mut [f64], kept: &mut Kept, gradient: Gradient<'_>) {
    for (i, g) in gradient(p).1.into_iter().enumerate() {
        p[i] -= 0.1 * moments(k, i, g, kept);
    }
}

/// Loshchilov and Hutter 2019, algorithm 2, the decay times the step.
fn adamw(k: usize, p: &mut [f64], kept: &mut Kept, gradient: Gradient<'_>) {
    for (i, g) in gradient(p).1.into_iter().enumerate() {
        let direction = moments(k, i, g, kept);
        p[i] -= 0.1 * (direction + 0.2 * p[i]);
    }
}
