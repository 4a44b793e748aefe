//! One builder for each op of the table: entry-wise ops, products, matrices, shapes.

use chainrule_graph::record::Made;
use chainrule_graph::{Op, Size};
use chainrule_syntax::ast::{Comparison, NormKind};

use super::grow::Grower;

/// What a step may do.
pub(crate) type Build = fn(&mut Grower) -> Made;

/// An op of one argument, of any value.
macro_rules! of_any {
    ($($op:expr),*) => { &[$(|g| { let x = g.any(); g.op($op, &[x]) }),*] };
}

/// Smooth and not so smooth functions.
pub(crate) static FUNCTIONS: &[Build] = of_any![
    Op::Neg,
    Op::Sin,
    Op::Cos,
    Op::Tanh,
    Op::Tanh,
    Op::Sigmoid,
    Op::Softplus,
    Op::Relu,
    Op::Abs,
    Op::Sign
];

fn exp(g: &mut Grower) -> Made {
    let x = g.any();
    let small = if g.dice.chance(70) { g.op(Op::Tanh, &[x])? } else { x };
    g.op(Op::Exp, &[small])
}

fn tan(g: &mut Grower) -> Made {
    let x = g.any();
    let small = g.op(Op::Tanh, &[x])?;
    g.op(Op::Tan, &[small])
}

fn of_positive(g: &mut Grower, op: Op) -> Made {
    let dims = g.shape();
    let x = g.positive(&dims)?;
    g.op(op, &[x])
}

fn pair(g: &mut Grower, op: Op) -> Made {
    let x = g.any();
    let y = g.like(&g.dims(x));
    g.op(op, &[x, y])
}

fn quotient(g: &mut Grower) -> Made {
    let x = g.any();
    let y = g.positive(&g.dims(x))?;
    g.op(Op::HadamardQuotient, &[x, y])
}

fn by_number(g: &mut Grower) -> Made {
    let x = g.any();
    let s = g.positive(&[])?;
    g.op(Op::Quotient, &[x, s])
}

fn scale(g: &mut Grower) -> Made {
    let s = g.like(&[]);
    let x = g.any();
    g.op(Op::Scale, &[s, x])
}

fn power(g: &mut Grower) -> Made {
    if g.dice.chance(50) {
        let (a, b) = (g.positive(&[])?, g.like(&[]));
        return g.op(Op::Power, &[a, b]);
    }
    let a = g.like(&[]);
    let exponent = g.dice.of(&[2.0, 3.0, 1.0, -2.0]);
    let b = g.op(Op::number(exponent), &[])?;
    let a = if exponent < 0.0 { g.positive(&[])? } else { a };
    g.op(Op::Power, &[a, b])
}

fn dot_power(g: &mut Grower) -> Made {
    let x = g.any();
    let dims = g.dims(x);
    if g.dice.chance(50) {
        let a = g.positive(&dims)?;
        return g.op(Op::DotPower, &[a, x]);
    }
    let exponent = g.dice.of(&[2.0, 3.0]);
    let ty = g.ty(x);
    let mut t = g.t();
    let number = t.number(exponent)?;
    let number = t.lifted(number, &ty)?;
    t.op(Op::DotPower, &[x, number])
}

/// A number, a size or the circle number, times a value.
fn constant(g: &mut Grower) -> Made {
    let x = g.any();
    let number = match g.dice.below(4) {
        0 | 1 => Op::number(g.dice.number()),
        2 => Op::SizeNumber { size: g.size() },
        _ => Op::Pi,
    };
    let number = g.op(number, &[])?;
    if g.dice.chance(30) {
        return g.op(Op::Quotient, &[x, number]);
    }
    g.op(Op::Scale, &[number, x])
}

/// `x .* ones + zeros`
fn filled(g: &mut Grower) -> Made {
    let x = g.array();
    let dims = g.dims(x);
    let op = if g.dice.chance(50) { Op::Ones { dims } } else { Op::Zeros { dims } };
    let constant = g.op(op, &[])?;
    g.op(Op::Add, &[x, constant])
}

fn identity(g: &mut Grower) -> Made {
    let x = g.square();
    let n = g.dims(x)[0].clone();
    let unit = g.op(Op::Identity { n }, &[])?;
    if g.dice.chance(50) { g.op(Op::Sub, &[unit, x]) } else { g.op(Op::Hadamard, &[unit, x]) }
}

/// Along new dims, or along N.
fn lift(g: &mut Grower) -> Made {
    let x = g.any();
    let own = g.dims(x);
    let axes = g.batch.filter(|_| g.dice.chance(50)).into_iter().collect();
    if own.len() > 1 {
        let from = (0..own.len()).collect();
        return g.op(Op::Lift { axes, dims: own, from }, &[x]);
    }
    let new = g.size();
    let (dims, from) = match own.first() {
        None => (vec![new, g.size()], vec![]),
        // `[new, 1]` would be no normal form.
        Some(n) if n.is_one() || g.dice.chance(50) => (vec![n.clone(), new], vec![0]),
        Some(n) => (vec![new, n.clone()], vec![1]),
    };
    g.op(Op::Lift { axes, dims, from }, &[x])
}

/// Matrices, rows and columns.
fn matmul(g: &mut Grower) -> Made {
    let a = g.some(&[Size::number(1), g.sizes[0].clone()], |ty| ty.dims.len() == 2);
    let inner = g.dims(a)[1].clone();
    let dims = if g.dice.chance(50) { vec![inner] } else { vec![inner, g.size()] };
    let b = g.like(&dims);
    if g.dice.chance(70) {
        return g.op(Op::MatMul, &[a, b]);
    }
    let (a, b) = (g.op(Op::Transpose, &[a])?, g.op(Op::Transpose, &[b])?);
    g.op(Op::MatMul, &[b, a])
}

/// `x y^T`
fn outer(g: &mut Grower) -> Made {
    let (n, m) = (g.size(), g.size());
    let (x, y) = (g.like(&[n]), g.like(&[m]));
    let row = g.op(Op::Transpose, &[y])?;
    g.op(Op::MatMul, &[x, row])
}

fn transpose(g: &mut Grower) -> Made {
    let n = g.size();
    let x = g.some(&[n], |ty| matches!(ty.dims.len(), 1 | 2));
    g.op(Op::Transpose, &[x])
}

fn of_square(g: &mut Grower, op: Op) -> Made {
    let x = g.square();
    g.op(op, &[x])
}

fn of_regular(g: &mut Grower, op: Op) -> Made {
    let x = g.regular()?;
    g.op(op, &[x])
}

fn matrix_power(g: &mut Grower) -> Made {
    let x = g.square();
    let small = g.op(Op::Tanh, &[x])?;
    let power = g.dice.of(&[2, 3, 2, 0]);
    g.op(Op::MatrixPower { power }, &[small])
}

fn pinv(g: &mut Grower) -> Made {
    let x = g.matrix();
    g.op(Op::PseudoInverse, &[x])
}

fn norm(g: &mut Grower) -> Made {
    let x = g.any();
    let kind = match g.dims(x).as_slice() {
        [] | [_] => g.dice.of(&[NormKind::Plain, NormKind::Two, NormKind::One, NormKind::Infinity]),
        [_, _] => g.dice.of(&[NormKind::Frobenius, NormKind::One, NormKind::Infinity]),
        _ => NormKind::Frobenius,
    };
    g.op(Op::Norm { kind }, &[x])
}

/// The spectral norm has one derivative only; its direction none.
fn spectral(g: &mut Grower) -> Made {
    if g.dice.chance(10) {
        let x = g.matrix();
        return g.op(Op::Norm { kind: NormKind::Spectral }, &[x]);
    }
    let dims = [g.size(), g.size()];
    let x = g.data(&dims);
    g.op(Op::SpectralDirection, &[x])
}

fn direction(g: &mut Grower) -> Made {
    let x = g.array();
    g.op(Op::Direction, &[x])
}

fn along(g: &mut Grower, op: fn(Option<usize>) -> Op) -> Made {
    let x = g.some(&[g.sizes[0].clone()], |ty| matches!(ty.dims.len(), 1 | 2));
    let dims = g.dims(x);
    // A row has one long axis; a batch axis among the dims is never meant.
    let free = g.ty(x).element_dims(&g.module.sizes).len();
    let plain = dims.len() == 1 || dims[0].is_one() || free == 1;
    let axis = (!plain || g.dice.chance(40)).then(|| g.dice.below(dims.len()));
    g.op(op(axis), &[x])
}

/// A condition between two values.
fn condition(g: &mut Grower, dims: &[Size]) -> Made {
    let (x, y) = (g.like(dims), g.like(dims));
    let op = g.dice.of(&[
        Comparison::Less,
        Comparison::LessEqual,
        Comparison::Greater,
        Comparison::GreaterEqual,
        Comparison::NotEqual,
    ]);
    g.op(Op::Compare { op }, &[x, y])
}

/// `x .* 1[a > b and not c < d]`
fn indicator(g: &mut Grower) -> Made {
    let x = g.any();
    let dims = g.dims(x);
    let mut truth = condition(g, &dims)?;
    match g.dice.below(5) {
        0 => truth = g.op(Op::Not, &[truth])?,
        at @ 1..=3 => {
            let other = condition(g, &dims)?;
            let op = if at == 1 || g.dice.chance(30) { Op::And } else { Op::Or };
            truth = g.op(op, &[truth, other])?;
        }
        _ => {}
    }
    let mask = g.op(Op::Indicator, &[truth])?;
    g.op(Op::Hadamard, &[x, mask])
}

fn kron(g: &mut Grower) -> Made {
    let n = g.size();
    let a = g.some(std::slice::from_ref(&n), |ty| ty.dims.len() <= 2);
    let dims = if g.dice.chance(50) { vec![n] } else { vec![n, g.size()] };
    let b = g.like(&dims);
    g.op(Op::Kron, &[a, b])
}

fn diag(g: &mut Grower) -> Made {
    let n = g.size();
    let x = g.some(&[n], |ty| ty.dims.len() == 1);
    g.op(Op::Diag, &[x])
}

fn vec(g: &mut Grower) -> Made {
    let x = g.array();
    let row = g.dice.chance(40);
    g.op(Op::Vec { row }, &[x])
}

/// Some of the dims become one, or change their order.
fn reshape(g: &mut Grower) -> Made {
    let x = g.array();
    let mut dims = g.dims(x);
    match g.dice.below(3) {
        0 => dims.reverse(),
        1 if dims.len() > 1 => {
            let last = dims.pop().expect("two dims");
            let before = dims.pop().expect("two dims");
            dims.push(before.times(&last)?);
        }
        _ => dims.insert(0, Size::number(1)),
    }
    g.op(Op::Reshape { dims }, &[x])
}

/// Everything else of this file.
pub(crate) static MORE: &[Build] = &[
    exp,
    tan,
    |g| of_positive(g, Op::Log),
    |g| of_positive(g, Op::Sqrt),
    |g| pair(g, Op::Add),
    |g| pair(g, Op::Add),
    |g| pair(g, Op::Sub),
    |g| pair(g, Op::Hadamard),
    |g| pair(g, Op::Hadamard),
    |g| pair(g, Op::Maximum),
    |g| pair(g, Op::Minimum),
    |g| pair(g, Op::Inner),
    quotient,
    by_number,
    scale,
    scale,
    power,
    dot_power,
    constant,
    constant,
    filled,
    identity,
    lift,
    matmul,
    matmul,
    outer,
    transpose,
    |g| of_regular(g, Op::Inverse),
    |g| of_regular(g, Op::Det),
    |g| of_regular(g, Op::LogDet),
    matrix_power,
    pinv,
    |g| of_square(g, Op::Trace),
    |g| of_square(g, Op::DiagVector),
    norm,
    spectral,
    direction,
    |g| along(g, |axis| Op::Softmax { axis }),
    |g| along(g, |axis| Op::LogSoftmax { axis }),
    |g| along(g, |axis| Op::LogSumExp { axis }),
    indicator,
    indicator,
    kron,
    diag,
    vec,
    reshape,
];
