//! What an operation is: one closed enum, one static record per operation.
//!
//! [`Op`] is plain data; [`OpDef`] is what the passes need to know of it. A pass reads the record
//! and never matches on `Op`, except for leaves. A new op is one record in one file under `ops/` and
//! one row in the table below.

use std::sync::Arc;

use chainrule_syntax::ast::{BigOp, Comparison, NormKind};

use crate::axis::Axes;
use crate::index::{AxisId, SymbolId};
use crate::ops;
use crate::record::{Differential, Eval, KinkFn, Lowering, ReachFn, Sample, SpecFn};
use crate::size::{Size, Sizes};
use crate::types::{Kind, Type};

/// One position of an access.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Position {
    /// `:`
    All,
    /// An affine map of indices: `2p+i`, `u+i-1`, `0`.
    Affine(Affine),
    /// The label that is the access's next input: `p[y]`.
    Label,
}

/// `constant + sum of coefficient index`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Affine {
    /// Indices with their whole coefficients, sorted, none zero.
    pub terms: Vec<(AxisId, i64)>,
    /// The part without indices.
    pub constant: Size,
}

/// What a reduction runs over.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Over {
    /// All written axes.
    All,
    /// One written axis; the orientation is kept.
    Axis(usize),
    /// One written batch axis; it disappears.
    Batch(usize),
    /// Some written axes; they disappear.
    Dims(Vec<usize>),
    /// Named axes.
    Named(Vec<AxisId>),
}

/// The table of operations: variant, parameters, record.
macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident $({ $($field:ident: $ty:ty),* })? => $def:path;)*) => {
        /// An operation.
        #[derive(Clone, PartialEq, Eq, Hash, Debug)]
        #[allow(missing_docs)] // the fields are named by their types; the records hold the meaning
        pub enum Op {
            $($(#[$doc])* $variant $({ $($field: $ty),* })?,)*
            /// An operation from outside: its record is as good as ours.
            Custom(Custom),
        }

        impl Op {
            /// The record of this operation.
            pub fn def(&self) -> &'static OpDef {
                match self {
                    $(Op::$variant { .. } => &$def,)*
                    Op::Custom(custom) => custom.0,
                }
            }
        }

        /// Every record, for tests and documentation that run over the table.
        pub static ALL: &[&OpDef] = &[$(&$def),*];
    };
}

operations! {
    /// A named value.
    Symbol { id: SymbolId, ty: Arc<Type> } => ops::leaf::SYMBOL;
    /// A number, as its bits.
    Number { bits: u64 } => ops::leaf::NUMBER;
    /// A size as a number: `N`, `H d`.
    SizeNumber { size: Size } => ops::leaf::SIZE;
    /// An index as a number.
    IndexNumber { axis: AxisId } => ops::leaf::INDEX;
    /// The circle number.
    Pi => ops::leaf::PI;
    /// The identity matrix.
    Identity { n: Size } => ops::leaf::IDENTITY;
    /// An array of ones.
    Ones { dims: Vec<Size> } => ops::leaf::ONES;
    /// An array of zeros.
    Zeros { dims: Vec<Size> } => ops::leaf::ZEROS;
    /// Copies along axes that the input lacks.
    Lift { axes: Vec<AxisId>, dims: Vec<Size>, from: Vec<usize> } => ops::lift::LIFT;
    Neg => ops::arith::neg::NEG;
    Add => ops::arith::add::ADD;
    Sub => ops::arith::sub::SUB;
    /// Element by element.
    Hadamard => ops::arith::hadamard::HADAMARD;
    /// Element by element.
    HadamardQuotient => ops::arith::hadamard_quotient::HADAMARD_QUOTIENT;
    /// A scalar times anything.
    Scale => ops::arith::scale::SCALE;
    /// Anything by a scalar.
    Quotient => ops::arith::quotient::QUOTIENT;
    /// `a^b` of scalars.
    Power => ops::arith::power::POWER;
    /// `a .^ b`, `b` a scalar or of the same shape.
    DotPower => ops::arith::dot_power::DOT_POWER;
    Maximum => ops::extremum::maximum::MAXIMUM;
    Minimum => ops::extremum::minimum::MINIMUM;
    MatMul => ops::matmul::MATMUL;
    Transpose => ops::transpose::TRANSPOSE;
    Inverse => ops::linalg::inverse::INVERSE;
    /// `A^k`, `k` a whole number of at least 0.
    MatrixPower { power: u32 } => ops::linalg::matrix_power::MATRIX_POWER;
    PseudoInverse => ops::linalg::pseudo_inverse::PSEUDO_INVERSE;
    Det => ops::linalg::det::DET;
    LogDet => ops::linalg::log_det::LOG_DET;
    Trace => ops::linalg::trace::TRACE;
    Inner => ops::inner::INNER;
    Reduce { op: BigOp, over: Over } => ops::fold::reduce::REDUCE;
    /// 1 where the first greatest (or least) entry stands, else 0.
    First { op: BigOp, over: Over } => ops::fold::first::FIRST;
    /// The product of all other entries.
    Others { over: Over } => ops::fold::others::OTHERS;
    Norm { kind: NormKind } => ops::norms::norm::NORM;
    /// `x / ||x||`, 0 at 0.
    Direction => ops::norms::direction::DIRECTION;
    /// `u v^T` of the greatest singular value: the gradient of the spectral norm.
    SpectralDirection => ops::norms::spectral_direction::SPECTRAL_DIRECTION;
    Softmax { axis: Option<usize> } => ops::soft::softmax::SOFTMAX;
    LogSoftmax { axis: Option<usize> } => ops::soft::log_softmax::LOG_SOFTMAX;
    LogSumExp { axis: Option<usize> } => ops::soft::log_sum_exp::LOG_SUM_EXP;
    CrossEntropy => ops::soft::cross_entropy::CROSS_ENTROPY;
    ArgMax => ops::label::arg_max::ARG_MAX;
    OneHot => ops::label::one_hot::ONE_HOT;
    /// `A[i,:]`, `p[y]`: the base, then one input per label position.
    Access { positions: Vec<Position>, pad: bool } => ops::index::access::ACCESS;
    /// Named axes become written ones: `Y[o,u] = ..`.
    Collect { axes: Vec<AxisId>, extents: Vec<Size> } => ops::index::collect::COLLECT;
    /// The transpose of an access: entries are added up where the access reads them. Labels stand
    /// behind the value, as in an access; the axes `over` are summed, others ride along.
    Scatter { positions: Vec<Position>, dims: Vec<Size>, over: Vec<AxisId>, pad: bool }
        => ops::index::scatter::SCATTER;
    Diag => ops::shape::diag::DIAG;
    DiagVector => ops::shape::diag_vector::DIAG_VECTOR;
    Kron => ops::shape::kron::KRON;
    /// Column-major, or row-major with `row`.
    Vec { row: bool } => ops::shape::vec::VEC;
    /// Row-major.
    Reshape { dims: Vec<Size> } => ops::shape::reshape::RESHAPE;
    Compare { op: Comparison } => ops::logic::compare::COMPARE;
    And => ops::logic::and::AND;
    Or => ops::logic::or::OR;
    Not => ops::logic::not::NOT;
    /// `1[..]`: a condition as 0 or 1.
    Indicator => ops::logic::indicator::INDICATOR;
    Exp => ops::pointwise::exp::EXP;
    Log => ops::pointwise::log::LOG;
    Sqrt => ops::pointwise::sqrt::SQRT;
    Sin => ops::pointwise::sin::SIN;
    Cos => ops::pointwise::cos::COS;
    Tan => ops::pointwise::tan::TAN;
    Tanh => ops::pointwise::tanh::TANH;
    Sigmoid => ops::pointwise::sigmoid::SIGMOID;
    Softplus => ops::pointwise::softplus::SOFTPLUS;
    Relu => ops::pointwise::relu::RELU;
    Abs => ops::pointwise::abs::ABS;
    Sign => ops::pointwise::sign::SIGN;
    /// `f'(x)`: the derivative of a function of one argument, entry by entry.
    /// Inputs: the argument, a name of its own, the function of that name.
    Prime { function: String, order: u32 } => ops::derivative::PRIME;
    /// `dJ/dX`: of the first input by the second, a symbol.
    Grad => ops::derivative::GRAD;
    /// Rows are outputs; column-major vec, or row-major with `row`.
    Jac { row: bool } => ops::derivative::JAC;
    Hess => ops::derivative::HESS;
    /// The Hessian of the first by the second, times the third.
    Hvp => ops::derivative::HVP;
}

impl Op {
    /// A number.
    pub fn number(value: f64) -> Op {
        Op::Number { bits: value.to_bits() }
    }

    /// The op without parameters whose record is called `name` and which is written as a call.
    pub fn pointwise(name: &str) -> Option<Op> {
        let all = [
            Op::Exp,
            Op::Log,
            Op::Sqrt,
            Op::Sin,
            Op::Cos,
            Op::Tan,
            Op::Tanh,
            Op::Sigmoid,
            Op::Softplus,
            Op::Relu,
            Op::Abs,
            Op::Sign,
        ];
        all.into_iter().find(|op| op.def().name == name)
    }
}

/// What a shape rule may look at besides the types of the inputs.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The size names.
    pub sizes: &'a Sizes,
    /// The axes.
    pub axes: &'a Axes,
}

impl Context<'_> {
    /// `H x d per N`: the shape of a type in a sentence.
    pub fn shape(&self, ty: &Type) -> String {
        let mut text = match (&ty.kind, ty.dims.as_slice()) {
            (Kind::Label(k), []) => format!("label[{}]", self.sizes.text(k)),
            (Kind::Label(k), dims) => {
                format!("label[{}]{}", self.sizes.text(k), self.sizes.list(dims))
            }
            (Kind::Truth, []) => "a condition".into(),
            (_, dims) => self.sizes.shape(dims),
        };
        let batches: Vec<&str> = ty
            .axes
            .iter()
            .filter(|a| self.axes.is_batch(**a))
            .map(|a| self.axes.get(*a).name.as_str())
            .collect();
        if !batches.is_empty() {
            text = format!("{text} per {}", batches.join(", "));
        }
        text
    }
}

/// Why inputs do not fit an op, in words, with a label per input that matters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Misfit {
    /// The diagnostic's code.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
    /// Which input, and what to say of it.
    pub operands: Vec<(usize, String)>,
    /// A further sentence.
    pub note: Option<String>,
}

impl Misfit {
    /// A misfit with a message alone.
    pub fn new(code: &'static str, message: impl Into<String>) -> Misfit {
        Misfit { code, message: message.into(), operands: Vec::new(), note: None }
    }

    /// Labels input `operand`.
    #[must_use]
    pub fn operand(mut self, operand: usize, text: impl Into<String>) -> Misfit {
        self.operands.push((operand, text.into()));
        self
    }

    /// Adds a sentence.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Misfit {
        self.note = Some(note.into());
        self
    }
}

impl From<crate::size::TooLarge> for Misfit {
    fn from(_: crate::size::TooLarge) -> Misfit {
        Misfit::new("limit-size", "a size expression is too large")
    }
}

/// A shape rule: the type of the result, or why the inputs do not fit.
pub type Infer = fn(&Op, &[&Type], &Context<'_>) -> Result<Type, Misfit>;

/// How an op is written; printers own spacing and parentheses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notation {
    /// Leaves and forms of their own, which the printer knows.
    Own,
    /// `f(a, b)` with the record's name.
    Call,
    /// Not written at all.
    Silent,
    /// `a + b`
    Plus,
    /// `a - b`
    Minus,
    /// `-a`
    Negative,
    /// `a b`
    Product,
    /// `a .* b`
    DotStar,
    /// `a ./ b`
    DotSlash,
    /// `a / b`
    Slash,
}

/// Floating-point operations of one evaluation, from the shapes. A multiplication with an addition
/// counts two; a function counts one an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cost {
    /// Nothing is computed.
    Free,
    /// So many an entry of the result.
    Output(i64),
    /// So many an entry of the first input.
    Input(i64),
    /// A multiplication and an addition for each entry of the result and each inner index.
    MatMul,
    /// `k n^3` of the first input, a square matrix.
    Cubic(i64),
}

/// Everything the rest of the system asks of an operation.
#[derive(Debug)]
pub struct OpDef {
    /// The name, which no other record of the table has; for calls the language's name too.
    pub name: &'static str,
    /// The shape rule.
    pub infer: Infer,
    /// How it is written.
    pub notation: Notation,
    /// What it costs.
    pub cost: Cost,
    /// Reference evaluation.
    pub eval: Eval,
    /// Index maps, if it is multilinear.
    pub spec: Option<SpecFn>,
    /// Axes and dims that it runs over, if it does not go entry by entry.
    pub reach: Option<ReachFn>,
    /// What kind of map it is.
    pub differential: Differential,
    /// How it becomes loops.
    pub lowering: Lowering,
    /// Where its branches meet.
    pub kink: Option<KinkFn>,
    /// Examples for tests that run over the table.
    pub samples: &'static [Sample],
}

/// A record from outside the table, compared by its place.
#[derive(Clone, Copy, Debug)]
pub struct Custom(pub &'static OpDef);

impl PartialEq for Custom {
    fn eq(&self, other: &Custom) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Custom {}

impl std::hash::Hash for Custom {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.name.hash(state);
    }
}
