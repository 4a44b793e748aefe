//! Programs: instructions over the places of one arena, as plain data.
//!
//! Places, strides and extents are numbers of entries (not bytes) of the program's precision. Every
//! array is where the plan put it; an instruction says where it reads and writes and nothing else.

use std::fmt;
use std::sync::Arc;

/// The number type of a program.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Precision {
    /// Single.
    F32,
    /// Double.
    F64,
}

/// A run of entries of the arena.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Slot {
    /// The first entry.
    pub at: usize,
    /// How many.
    pub len: usize,
}

/// Instructions in the order they run.
#[derive(Clone, Debug)]
pub struct Program {
    /// The number type.
    pub precision: Precision,
    /// How many entries the arena must have.
    pub arena: usize,
    /// How many rows of the data one run takes; 0 if it takes none.
    pub rows: usize,
    /// The width of each column of the data it gathers from, in the order of [`Gather::column`].
    pub columns: Vec<usize>,
    /// Whether every sum of products is computed as it is written. Else a correlation may be computed
    /// with fewer multiplications (`winograd`): other bits, and errors that are bounded by the
    /// magnitudes of a tile.
    pub exact: bool,
    /// What is done.
    pub instructions: Vec<Instruction>,
    /// Functions that are not the machine's own.
    pub foreign: Vec<Foreign>,
}

/// One instruction.
#[derive(Clone, Debug)]
pub struct Instruction {
    /// What it computes, in the author's terms.
    pub name: String,
    /// A number by which the compiler knows where it came from.
    pub origin: usize,
    /// What it does.
    pub work: Work,
}

/// What an instruction does.
#[derive(Clone, Debug)]
pub enum Work {
    /// Rows of the data become an array.
    Gather(Gather),
    /// Random numbers become an array.
    Noise(Noise),
    /// A pointwise program over a space, with folds.
    Loop(Loop),
    /// A sum of products.
    Contract(Contract),
    /// Values are added where the writes of a loop say; several points may meet.
    Scatter(Scatter),
    /// 1 where the first extreme entry of each group stands, else 0.
    Select(Select),
    /// A function of whole arrays.
    Call(Call),
}

/// `out[e, r] = scale[e] raw[row[r], e] + shift[e]`: the batch is the last axis. Scale and shift
/// belong to the column that is bound at the run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gather {
    /// Which column of the data.
    pub column: usize,
    /// Entries a row.
    pub width: usize,
    /// The array: `width` times the program's rows.
    pub out: usize,
}

/// How a noise is distributed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Law {
    /// 1 with this probability, else 0.
    Bernoulli(f64),
    /// Mean and standard deviation.
    Normal(f64, f64),
    /// Between two numbers.
    Uniform(f64, f64),
}

/// `out[e, r]`, drawn from the key (seed, step, stream, row in the batch, e): see
/// `noise`. The order of draws is no matter.
#[derive(Clone, PartialEq, Debug)]
pub struct Noise {
    /// The distribution.
    pub law: Law,
    /// The hash of the noise's name.
    pub stream: u32,
    /// Entries a row.
    pub width: usize,
    /// How many rows.
    pub rows: usize,
    /// The array.
    pub out: usize,
}

/// One index of a space.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Axis {
    /// How far it runs.
    pub extent: usize,
    /// Whether writes with a fold come together along it.
    pub folded: bool,
}

/// An affine function of the indices of a space, one coefficient each.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Affine {
    /// The part without indices.
    pub constant: isize,
    /// By index.
    pub strides: Vec<isize>,
}

/// Where an access is inside: `0 <= at < extent`; outside a read is 0 and a write is left out.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Guard {
    /// The place along one dim.
    pub at: Affine,
    /// The dim's length.
    pub extent: usize,
}

/// A value that moves an access: an entry chosen by a label.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Label {
    /// The step that gives it.
    pub step: usize,
    /// Entries it moves by.
    pub stride: isize,
    /// The dim's length. A label outside makes the value NaN.
    pub extent: usize,
}

/// A place in the arena for each point of a space.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Access {
    /// The array's entries: every place lies inside.
    pub slot: Slot,
    /// The place, counted from the arena's begin.
    pub at: Affine,
    /// Where it is inside its array; empty if it always is.
    pub guards: Vec<Guard>,
    /// A label, if one chooses.
    pub label: Option<Label>,
}

/// How the values of several points come together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fold {
    /// Their sum.
    Sum,
    /// The greatest; NaN if one is.
    Max,
    /// The least; NaN if one is.
    Min,
    /// Their product.
    Product,
}

/// A function of entries. Conditions are 0 or 1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Function {
    /// `-x`
    Neg,
    /// `x + y`
    Add,
    /// `x - y`
    Sub,
    /// `x y`
    Mul,
    /// `x / y`
    Div,
    /// `x^y`
    Pow,
    /// The greater; the first of equals.
    Max,
    /// The smaller; the first of equals.
    Min,
    /// `x < y`
    Less,
    /// `x <= y`
    LessEqual,
    /// `x > y`
    Greater,
    /// `x >= y`
    GreaterEqual,
    /// `x == y`
    Equal,
    /// `x != y`
    NotEqual,
    /// Both.
    And,
    /// One of them or both.
    Or,
    /// The other.
    Not,
    /// `x`
    Identity,
    /// `e^x`
    Exp,
    /// The natural logarithm.
    Log,
    /// The square root.
    Sqrt,
    /// The sine.
    Sin,
    /// The cosine.
    Cos,
    /// The tangent.
    Tan,
    /// The hyperbolic tangent.
    Tanh,
    /// `1 / (1 + e^-x)`
    Sigmoid,
    /// `log(1 + e^x)`
    Softplus,
    /// `max(x, 0)`; 0 at 0.
    Relu,
    /// The magnitude.
    Abs,
    /// -1, 0 or 1.
    Sign,
}

/// One step of a pointwise program; operands are earlier steps.
#[derive(Clone, PartialEq, Debug)]
pub enum Step {
    /// The value of a read.
    Read(usize),
    /// A number.
    Number(f64),
    /// An affine function of the indices.
    Index(Affine),
    /// A function of one value.
    Unary(Function, usize),
    /// A function of two values.
    Binary(Function, usize, usize),
    /// A function of [`Program::foreign`].
    Foreign(usize, Vec<usize>),
}

/// A result of a loop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Write {
    /// The step whose value is written.
    pub step: usize,
    /// How the points of one entry come together; without a fold every point has its own entry.
    pub fold: Option<Fold>,
    /// Where: with a fold the strides of folded axes are 0. Two points of the kept axes never meet.
    pub to: Access,
}

/// At every point of a space: reads, a pointwise program, writes.
///
/// The last axis is the one vectors run along. A write may share its place with a read only if the
/// two accesses are the same, and no fold is between them.
#[derive(Clone, PartialEq, Debug)]
pub struct Loop {
    /// The space, outermost first.
    pub axes: Vec<Axis>,
    /// What is read.
    pub reads: Vec<Access>,
    /// What is computed.
    pub steps: Vec<Step>,
    /// What is kept.
    pub writes: Vec<Write>,
}

/// The strides of one index in the three arrays of a contraction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Lane {
    /// How far it runs.
    pub extent: usize,
    /// In the left array; 0 for an index of `n`.
    pub a: isize,
    /// In the right array; 0 for an index of `m`.
    pub b: isize,
    /// In the result; 0 for an index of `k`.
    pub c: isize,
}

/// `C[batch, m, n] = scale sum over k of A[batch, m, k] B[batch, k, n]`, each of the four a list of
/// indices, outermost first. Overlapping views are as good as any. `n` holds the vector axis.
#[derive(Clone, PartialEq, Debug)]
pub struct Contract {
    /// Indices of all three.
    pub batch: Vec<Lane>,
    /// Indices of the left array and the result.
    pub m: Vec<Lane>,
    /// Indices of the right array and the result.
    pub n: Vec<Lane>,
    /// Indices that are summed.
    pub k: Vec<Lane>,
    /// A factor.
    pub scale: f64,
    /// The left array and the place of its first entry.
    pub a: (Slot, usize),
    /// The right array.
    pub b: (Slot, usize),
    /// The result.
    pub c: (Slot, usize),
}

/// `out` is filled with 0, then the loop's values are added at its writes; points may meet. The loop
/// has one write, without a fold.
#[derive(Clone, PartialEq, Debug)]
pub struct Scatter {
    /// What is added where.
    pub from: Loop,
    /// The axes along which two points never meet: shards run along the first of them.
    pub apart: Vec<usize>,
}

/// 1 where the first extreme entry of each group stands, in the order of the axes, else 0.
#[derive(Clone, PartialEq, Debug)]
pub struct Select {
    /// [`Fold::Max`] or [`Fold::Min`].
    pub fold: Fold,
    /// The space; a group runs over its folded axes. The last axis is the vector's.
    pub axes: Vec<Axis>,
    /// What is compared.
    pub read: Access,
    /// Where the answer goes, one entry a point.
    pub to: Access,
}

/// An array as a function of whole arrays sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// The array.
    pub slot: Slot,
    /// Length and stride of each dim, row-major.
    pub dims: Vec<(usize, isize)>,
    /// The stride of each riding index.
    pub riding: Vec<isize>,
}

/// A function of whole arrays, once for each point of what rides along.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// The place in [`Program::foreign`].
    pub function: usize,
    /// How far the riding indices run.
    pub riding: Vec<usize>,
    /// What it reads.
    pub inputs: Vec<Frame>,
    /// What it writes.
    pub output: Frame,
}

/// A function of entries from outside.
pub type EntryFunction = Arc<dyn Fn(&[f64]) -> f64 + Send + Sync>;

/// A function of whole arrays from outside; false where it does not exist, which writes NaN.
pub type WholeFunction = Arc<dyn Fn(&[&[f64]], &mut [f64]) -> bool + Send + Sync>;

/// A function that is not the machine's own. It may take memory.
#[derive(Clone)]
pub enum Foreign {
    /// Of entries.
    Entry(String, EntryFunction),
    /// Of whole arrays.
    Whole(String, WholeFunction),
}

impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Foreign::Entry(name, _) => write!(f, "Entry({name})"),
            Foreign::Whole(name, _) => write!(f, "Whole({name})"),
        }
    }
}
