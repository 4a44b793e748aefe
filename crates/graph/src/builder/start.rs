//! Where parameters start, and how noise is drawn.

use chainrule_syntax::ast::{Applied, Arg, Expr as Tree, ExprKind, Initial};

use super::node::{self, Place};
use super::{Expr, Operand, Scope};

/// A distribution with its numbers: `normal(0, 0.1)`, `he`.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// let start: Distribution = normal(0.0, 0.1);
/// net.param("w", real([3]), start);
/// assert!(net.text().ends_with("w : R[3] ~ normal(0, 0.1)\n"));
/// ```
#[derive(Clone, Debug)]
pub struct Distribution<'s> {
    name: &'static str,
    args: Vec<Operand<'s>>,
}

/// Where a parameter starts: a [`Distribution`], a number that fills it, or a term.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// net.param("b", real([3]), 0.1);
/// net.param("A", real([3, 3]), identity());
/// assert!(net.text().ends_with("param\n  b : R[3] = 0.1\n  A : R[3, 3] = I\n"));
/// # net.finish().unwrap();
/// ```
#[derive(Clone, Debug)]
pub enum Start<'s> {
    /// `~ normal(0, 0.1)`
    Drawn(Distribution<'s>),
    /// `= 0`
    Value(Operand<'s>),
    /// `= I`
    Identity,
}

impl<'s> From<Distribution<'s>> for Start<'s> {
    fn from(drawn: Distribution<'s>) -> Self {
        Start::Drawn(drawn)
    }
}

macro_rules! values {
    ($($ty:ty),*) => {$(
        impl<'s> From<$ty> for Start<'s> {
            fn from(value: $ty) -> Self {
                Start::Value(value.into())
            }
        }
    )*};
}

values!(Expr<'s>, f64, i32);

impl Distribution<'_> {
    pub(super) fn tree(self, scope: &Scope, at: Place) -> Initial {
        let arg = |value| Arg { name: None, value: scope.slot(value, at) };
        let args: Vec<Arg> = self.args.into_iter().map(arg).collect();
        let args = (!args.is_empty()).then_some(args);
        Initial::Drawn(Applied { name: node::name(self.name), args })
    }
}

impl Start<'_> {
    pub(super) fn tree(self, scope: &Scope, at: Place) -> Initial {
        let value: Tree = match self {
            Start::Drawn(drawn) => return drawn.tree(scope, at),
            Start::Value(value) => scope.slot(value, at),
            Start::Identity => scope.leaf(ExprKind::Name("I".into())).slot(),
        };
        Initial::Value(value)
    }
}

/// `= 0`: the start of a parameter that is zero everywhere.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// net.param("b", real([3]), zeros());
/// assert!(net.text().ends_with("b : R[3] = 0\n"));
/// ```
#[must_use]
pub fn zeros<'s>() -> Start<'s> {
    Start::Value(Operand::Whole(0))
}

/// `= I`: the start of a square parameter at the identity.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// net.param("A", real([3, 3]), identity());
/// assert!(net.text().ends_with("A : R[3, 3] = I\n"));
/// ```
#[must_use]
pub fn identity<'s>() -> Start<'s> {
    Start::Identity
}

/// `normal(mean, sd)`: normally distributed with mean and standard deviation.
///
/// Errors: the numbers are not constant; the deviation is negative.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// net.param("W", real((3, 4)), normal(0, 1e-4));
/// assert!(net.text().ends_with("W : R[3, 4] ~ normal(0, 1e-4)\n"));
/// ```
#[must_use]
pub fn normal<'s>(
    mean: impl Into<Operand<'s>>,
    deviation: impl Into<Operand<'s>>,
) -> Distribution<'s> {
    Distribution { name: "normal", args: vec![mean.into(), deviation.into()] }
}

/// `uniform(least, most)`: evenly distributed between two numbers.
///
/// Errors: the numbers are not constant, or in the wrong order.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// net.param("W", real([3]), uniform(-0.5, 0.5));
/// assert!(net.text().ends_with("W : R[3] ~ uniform(-0.5, 0.5)\n"));
/// ```
#[must_use]
pub fn uniform<'s>(
    least: impl Into<Operand<'s>>,
    most: impl Into<Operand<'s>>,
) -> Distribution<'s> {
    Distribution { name: "uniform", args: vec![least.into(), most.into()] }
}

/// `bernoulli(p)`: 1 with probability `p`, else 0.
///
/// Errors: the number is not constant, or not between 0 and 1.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// net.noise("m", mask([3]).per(net.batch("N")), bernoulli(0.8));
/// assert!(net.text().ends_with("m : mask[3] per N ~ bernoulli(0.8)\n"));
/// ```
#[must_use]
pub fn bernoulli<'s>(probability: impl Into<Operand<'s>>) -> Distribution<'s> {
    Distribution { name: "bernoulli", args: vec![probability.into()] }
}

/// Distributions whose width follows from the parameter's fan-in (and fan-out).
macro_rules! initialisers {
    ($($name:ident $what:literal)*) => {$(
        #[doc = concat!("`", stringify!($name), "`: ", $what, ".")]
        ///
        /// The fan-in is the product of the sizes that are summed over where the parameter is used.
        ///
        /// ```
        /// # use chainrule_graph::builder::*;
        /// let net = Scope::new("example");
        #[doc = concat!("net.param(\"W\", real((3, 4)), ", stringify!($name), "());")]
        #[doc = concat!("assert!(net.text().ends_with(\"~ ", stringify!($name), "\\n\"));")]
        /// ```
        #[must_use]
        pub fn $name<'s>() -> Distribution<'s> {
            Distribution { name: stringify!($name), args: Vec::new() }
        }
    )*};
}

initialisers! {
    he "normal, variance 2 / fan-in"
    he_uniform "uniform, variance 2 / fan-in"
    glorot "normal, variance 2 / (fan-in + fan-out)"
    glorot_uniform "uniform, variance 2 / (fan-in + fan-out)"
    lecun "normal, variance 1 / fan-in"
    pytorch "uniform between plus and minus 1 / sqrt(fan-in)"
}
