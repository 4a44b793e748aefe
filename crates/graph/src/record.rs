//! The parts of an operation's record beyond its shape: evaluation, differential, lowering, samples.
//!
//! A reference evaluation is written once, generic over [`Scalar`]; a record holds its instances, so
//! that no op is exempt from complex step or from more digits.

use crate::index::{AxisId, NodeId};
use crate::machine::MachineFn;
use crate::op::{Context, Misfit, Op};
use crate::scalar::{Complex, DoubleDouble, Frozen, Magnitude, Scalar};
use crate::spec::Spec;
use crate::terms::Terms;
use crate::types::Type;

/// One entry of the result from one entry of each input.
pub type EntryFn<S> = fn(&Op, &[S]) -> S;

/// The whole result from whole inputs, row-major; `None` where it does not exist (a singular
/// matrix has no inverse).
pub type WholeFn<S> = fn(&Whole<'_>, &[&[S]]) -> Option<Vec<S>>;

/// What a whole evaluation may look at besides the entries.
#[derive(Clone, Copy, Debug)]
pub struct Whole<'a> {
    /// The operation.
    pub op: &'a Op,
    /// The dims of the inputs; axes that the op consumes stand in front.
    pub inputs: &'a [Vec<usize>],
    /// The dims of the result, likewise.
    pub output: &'a [usize],
    /// The axis a softmax runs over, what a reduction keeps: places among the dims.
    pub places: &'a [usize],
}

macro_rules! instances {
    ($(#[$doc:meta])* $name:ident, $function:ident, $method:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name {
            /// Double precision.
            pub real: $function<f64>,
            /// For complex step.
            pub complex: $function<Complex>,
            /// For more digits.
            pub precise: $function<DoubleDouble>,
            /// With the branches of another point.
            pub frozen: $function<Frozen>,
            /// With what a rounding error is measured by.
            pub magnitude: $function<Magnitude>,
        }
    };
}

instances! {
    /// The instances of an entry-wise evaluation.
    Entrywise, EntryFn, entry
}
instances! {
    /// The instances of a whole evaluation.
    Wholes, WholeFn, whole
}

/// A scalar that records have instances for.
pub trait Reference: Scalar {
    /// The instance of an entry-wise evaluation.
    fn entry(of: &Entrywise) -> EntryFn<Self>;
    /// The instance of a whole evaluation.
    fn whole(of: &Wholes) -> WholeFn<Self>;
}

macro_rules! reference {
    ($ty:ty, $field:ident) => {
        impl Reference for $ty {
            fn entry(of: &Entrywise) -> EntryFn<Self> {
                of.$field
            }
            fn whole(of: &Wholes) -> WholeFn<Self> {
                of.$field
            }
        }
    };
}

reference!(f64, real);
reference!(Complex, complex);
reference!(DoubleDouble, precise);
reference!(Frozen, frozen);
reference!(Magnitude, magnitude);

/// The instances of a generic function `f<S: Scalar>`: `instances_of!(Entrywise, f)`.
#[macro_export]
macro_rules! instances_of {
    ($kind:ident, $function:path) => {
        $crate::record::$kind {
            real: $function,
            complex: $function,
            precise: $function,
            frozen: $function,
            magnitude: $function,
        }
    };
}

/// How an op is evaluated.
#[derive(Clone, Copy, Debug)]
pub enum Eval {
    /// Leaves: the interpreter knows their values.
    Leaf,
    /// Sums of products by index maps.
    Multilinear,
    /// Entry by entry.
    Entrywise(Entrywise),
    /// Everything at once, for each point of the axes that ride along.
    Whole(Wholes),
    /// Never: the op stands for what differentiation puts in its place.
    Resolved,
}

/// A node being differentiated or lowered: its op, itself and what it is applied to.
#[derive(Clone, Debug)]
pub struct At {
    /// The operation.
    pub op: Op,
    /// The node: the value of the op, for rules that use it (`tanh' = 1 - y .* y`).
    pub node: NodeId,
    /// The inputs.
    pub inputs: Vec<NodeId>,
    /// Axes of the value that is differentiated: a derivative within one sample, or one for each
    /// index of a claim. They ride along and are never summed.
    pub riding: Vec<AxisId>,
}

/// A term being built; it fails only when a limit is reached, or by a bug.
pub type Made = Result<NodeId, Misfit>;

/// The cotangent of input `k` from that of the result, in matrix notation.
pub type VjpFn = fn(&mut Terms<'_>, &At, NodeId, usize) -> Made;

/// The tangent of the result from those of the inputs; `None` for an input that does not move.
pub type JvpFn = fn(&mut Terms<'_>, &At, &[Option<NodeId>]) -> Made;

/// What kind of map an op is: both modes of differentiation follow from it.
#[derive(Clone, Copy, Debug)]
pub enum Differential {
    /// Piecewise constant, or of no real input.
    Zero,
    /// A sum with signs: `x + y`, `x - y`, `-x`.
    Additive(&'static [i8]),
    /// Linear in each of the first inputs, as many as there are names: the tangent is the op with
    /// that input replaced; the record states the transpose in matrix notation.
    Multilinear {
        /// How many inputs are real (labels come behind).
        inputs: usize,
        /// The transpose.
        vjp: VjpFn,
    },
    /// Entry by entry: the partial derivative by input `k`, `None` if it is 0.
    Pointwise(fn(&mut Terms<'_>, &At, usize) -> Result<Option<NodeId>, Misfit>),
    /// Both modes stated.
    Custom {
        /// Forward.
        jvp: JvpFn,
        /// Reverse.
        vjp: VjpFn,
    },
    /// Not differentiable here, with the sentence that says what to write instead.
    Refused(&'static str),
}

/// How an op becomes loops.
#[derive(Clone, Copy, Debug)]
pub enum Lowering {
    /// An input or a constant.
    Leaf,
    /// By its index maps: a view, a contraction, a sum.
    Multilinear,
    /// Entry by entry: which function of the machine it is.
    Entrywise(MachineFn),
    /// A maximum, minimum or product over axes.
    Fold,
    /// Where the first extreme entry of a fold stands.
    Select,
    /// Written in other ops first.
    Expand(fn(&mut Terms<'_>, &At) -> Made),
    /// A kernel of its own.
    Opaque,
}

/// The index maps of a multilinear op.
pub type SpecFn = fn(&Op, &[&Type], &Type, &Context<'_>) -> Option<Spec>;

/// Axes that an op does not leave alone, and the places it runs over.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reach {
    /// Named axes that become leading dims of the inputs (and of the result, if it has them).
    pub axes: Vec<AxisId>,
    /// Places among the dims of the first input, those axes counted in front.
    pub places: Vec<usize>,
}

/// Where an op reaches.
pub type ReachFn = fn(&Op, &[&Type], &Context<'_>) -> Reach;

/// The signed distance from a kink, from one entry of each input: it changes sign there.
pub type KinkFn = fn(&Op, &[f64]) -> f64;

/// An example of an op, for tests that run over the table: the declarations, then the expression.
///
/// `"A : R[n, m]; B : R[m, k]; A B"`
pub type Sample = &'static str;
