//! Functions of one argument, entry by entry.
//!
//! At a kink the value is fixed here: `relu'(0) = 0`, `abs'(0) = 0`, `sign(0) = 0`.

use chainrule_syntax::ast::Comparison;

use super::numbers;
use crate::index::NodeId;
use crate::instances_of;
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef};
use crate::record::{At, Differential, Entrywise, Eval, KinkFn, Lowering, Made, Sample};
use crate::scalar::Scalar;
use crate::terms::Terms;
use crate::types::{Kind, Type};

fn infer(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, &format!("`{}`", op.def().name))?;
    Ok(inputs[0].with_kind(Kind::Real))
}

type Partial = fn(&mut Terms<'_>, &At, usize) -> Result<Option<NodeId>, Misfit>;

const fn call(
    name: &'static str,
    eval: Entrywise,
    partial: Partial,
    samples: &'static [Sample],
) -> OpDef {
    OpDef {
        name,
        infer,
        notation: Notation::Call,
        cost: Cost::Output(1),
        eval: Eval::Entrywise(eval),
        spec: None,
        reach: None,
        differential: Differential::Pointwise(partial),
        lowering: Lowering::Entrywise,
        kink: None,
        samples,
    }
}

#[allow(clippy::needless_pass_by_value)] // a record is made of a record
const fn kinked(def: OpDef, kink: KinkFn) -> OpDef {
    OpDef { kink: Some(kink), ..def }
}

fn at_zero(_: &Op, x: &[f64]) -> f64 {
    x[0]
}

macro_rules! function {
    ($(#[$doc:meta])* $NAME:ident, $name:literal, $x:ident => $value:expr, $partial:expr, $samples:expr) => {
        $(#[$doc])*
        pub(crate) static $NAME: OpDef = {
            fn eval<S: Scalar>(_: &Op, input: &[S]) -> S {
                let $x = input[0];
                $value
            }
            call($name, instances_of!(Entrywise, eval), $partial, $samples)
        };
    };
}

/// `1 - y .* y` and the like: a constant of the type of `x`.
fn constant(t: &mut Terms<'_>, value: f64, x: NodeId) -> Made {
    let number = t.number(value)?;
    let ty = t.ty(x);
    t.lifted(number, &ty)
}

fn one_over(t: &mut Terms<'_>, x: NodeId) -> Made {
    let one = constant(t, 1.0, x)?;
    t.divide(one, x)
}

/// `1[x > 0]`
pub(crate) fn positive(t: &mut Terms<'_>, x: NodeId) -> Made {
    let zero = constant(t, 0.0, x)?;
    let truth = t.op(Op::Compare { op: Comparison::Greater }, &[x, zero])?;
    t.op(Op::Indicator, &[truth])
}

function!(/// `e^x`
    EXP, "exp", x => x.exp(), |_, at, _| Ok(Some(at.node)), &["x : R[n]; exp(x)"]);
function!(/// The natural logarithm.
    LOG, "log", x => x.ln(), |t, at, _| one_over(t, at.inputs[0]).map(Some), &["x : R+[n]; log(x)"]);
function!(/// The square root.
    SQRT, "sqrt", x => x.sqrt(), |t, at, _| {
        let two = t.number(2.0)?;
        let twice = t.scale(two, at.node)?;
        one_over(t, twice).map(Some)
    }, &["x : R+[n]; sqrt(x)"]);
function!(/// The sine.
    SIN, "sin", x => x.sin(), |t, at, _| t.op(Op::Cos, &[at.inputs[0]]).map(Some),
    &["x : R[n]; sin(x)"]);
function!(/// The cosine.
    COS, "cos", x => x.cos(), |t, at, _| {
        let sine = t.op(Op::Sin, &[at.inputs[0]])?;
        t.neg(sine).map(Some)
    }, &["x : R[n]; cos(x)"]);
function!(/// The tangent.
    TAN, "tan", x => x.tan(), |t, at, _| {
        let one = constant(t, 1.0, at.node)?;
        let square = t.times(at.node, at.node)?;
        t.add(one, square).map(Some)
    }, &["x : R[n]; tan(0.5 tanh(x))"]);
function!(/// The hyperbolic tangent.
    TANH, "tanh", x => x.tanh(), |t, at, _| {
        let one = constant(t, 1.0, at.node)?;
        let square = t.times(at.node, at.node)?;
        t.sub(one, square).map(Some)
    }, &["x : R[n]; tanh(x)"]);
function!(/// `1 / (1 + e^-x)`
    SIGMOID, "sigmoid", x => x.sigmoid(), |t, at, _| {
        let one = constant(t, 1.0, at.node)?;
        let rest = t.sub(one, at.node)?;
        t.times(at.node, rest).map(Some)
    }, &["x : R[n]; sigmoid(x)"]);
function!(/// `log(1 + e^x)`
    SOFTPLUS, "softplus", x => x.softplus(), |t, at, _| {
        t.op(Op::Sigmoid, &[at.inputs[0]]).map(Some)
    }, &["x : R[n]; softplus(x)"]);

fn relu<S: Scalar>(_: &Op, x: &[S]) -> S {
    if x[0].real() > 0.0 { x[0] } else { S::from_f64(0.0) }
}

/// `max(x, 0)`, derivative 0 at 0.
pub(crate) static RELU: OpDef = kinked(
    call(
        "relu",
        instances_of!(Entrywise, relu),
        |t, at, _| positive(t, at.inputs[0]).map(Some),
        &["x : R[n]; relu(x)"],
    ),
    at_zero,
);

fn abs<S: Scalar>(_: &Op, x: &[S]) -> S {
    x[0].abs()
}

/// `|x|`, derivative 0 at 0.
pub(crate) static ABS: OpDef = kinked(
    call(
        "abs",
        instances_of!(Entrywise, abs),
        |t, at, _| t.op(Op::Sign, &[at.inputs[0]]).map(Some),
        &["x : R[n]; abs(x)"],
    ),
    at_zero,
);

fn sign<S: Scalar>(_: &Op, x: &[S]) -> S {
    let x = x[0].real();
    S::from_f64(if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        x * 0.0
    })
}

/// -1, 0 or 1.
pub(crate) static SIGN: OpDef = kinked(
    OpDef {
        differential: Differential::Zero,
        ..call("sign", instances_of!(Entrywise, sign), |_, _, _| Ok(None), &["x : R[n]; sign(x)"])
    },
    at_zero,
);
